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
/* One of a protocol, that hears of groups; its number must be this. */
tw_err tw_watch_line_open(const struct tw_sys *sys, int protocol, uint32_t groups, int number);
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
/* What changes something, and takes a right: the links role's (device/firewall). IO with the kernel's errno. */
tw_err tw_watch_order(const struct tw_sys *sys, int fd, const struct tw_watch_question *q);
tw_err tw_watch_line_hear(const struct tw_sys *sys, int fd, bool *ret); /* of links: whether anything was told meanwhile */
/* What has been told meanwhile: whether a look is worth it. */
tw_err tw_watch_lines_hear(const struct tw_sys *sys, const struct tw_watch_lines *l, bool *ret);
#endif
