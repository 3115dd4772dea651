/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watch role's lines to the kernel: two that tell of changes, two that are asked.
 *
 * Opened before the sandbox, in which no socket can be made any more. They were opened by root, and that helps nobody: to change
 * anything by them the kernel wants a capability of whoever writes, too, and tw_watch_lines_prove tries it.
 */
#ifndef TW_DEVICE_WATCH_LINES_H
#define TW_DEVICE_WATCH_LINES_H
#include "sys/netlink.h"

struct tw_watch_lines {
	int uevents; /* of devices */
	int changes; /* of links and their addresses */
	int links, sockets;
};
#define TW_WATCH_LINES 4
/* Their numbers follow one another from first on. */
tw_err tw_watch_lines_open(const struct tw_sys *sys, int first, struct tw_watch_lines *ret);
struct tw_watch_lines tw_watch_lines_at(int first); /* those that were opened */
/* INTERNAL: the kernel let a link be made by one of them. */
tw_err tw_watch_lines_prove(const struct tw_sys *sys, const struct tw_watch_lines *l);

struct tw_watch_question {
	uint16_t type;
	const void *body;
	size_t size; /* at most TW_WATCH_QUESTION_MAX */
};
#define TW_WATCH_QUESTION_MAX 64
typedef tw_err tw_watch_each(void *user, const struct tw_netlink_message *m);
/* All that the kernel answers to one question. IO, TIMEOUT, SYNTAX, or what each says; STATE: it changed meanwhile, and may be half of either. */
tw_err tw_watch_ask(const struct tw_sys *sys, int fd, const struct tw_watch_question *q, tw_watch_each *each, void *user);
/* What has been told meanwhile: whether a look is worth it. */
tw_err tw_watch_lines_hear(const struct tw_sys *sys, const struct tw_watch_lines *l, bool *ret);
#endif
