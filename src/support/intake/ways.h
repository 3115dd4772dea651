/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways by which reports come (mail, the form) and the alarms of each, and of both: what the service sends itself does not arrive, the room for files or
 * for reports is nearly used up, or strangers together have used up for an hour what they may send. An alarm is raised once, in the transaction of its cause:
 * a row that /desk/alarms shows, an event, and mail to whom desk.json names. It stays until what it is of is over, and says then what ended it.
 */
#ifndef TW_SUPPORT_INTAKE_WAYS_H
#define TW_SUPPORT_INTAKE_WAYS_H
#include "service/path/path.h"

#define TW_WAY_MAIL "mail"
#define TW_WAY_FORM "form"
#define TW_WAY_BOTH "both"
#define TW_WAY_CANARY "canary"
#define TW_WAY_ROOM "room"       /* for files */
#define TW_WAY_REPORTS "reports" /* the room for them */
#define TW_WAY_BUSY "busy"       /* what strangers may send together is used up */
#define TW_WAY_SEEN_MAX 250
#define TW_WAY_ALARMS_SHOWN 20

/* Who reads mail of alarms, by desk.json. */
struct tw_way_receivers {
	const char (*to)[201];
	size_t count;
};
struct tw_way_alarm {
	int64_t id, since_ms, raised_ms, over_ms;                                       /* over_ms 0: it is open */
	char channel[8], what[8], seen[TW_WAY_SEEN_MAX + 1], late[TW_WAY_SEEN_MAX + 1]; /* late: what came behind it, or "" */
};
/* The open one; id 0: there is none. */
tw_err tw_way_open(struct tw_store *s, const char *channel, const char *what, struct tw_way_alarm *ret);
/* a: channel, what, since_ms, raised_ms and seen. text: what the mail says, which ends with \n. Within the caller's transaction. */
tw_err tw_way_raise(struct tw_store *s, const struct tw_way_receivers *to, const struct tw_way_alarm *a, const char *text);
tw_err tw_way_late(struct tw_store *s, int64_t id, const char *late);
tw_err tw_way_seen(struct tw_store *s, int64_t id, const char *seen);
tw_err tw_way_over(struct tw_store *s, const struct tw_way_receivers *to, const struct tw_way_alarm *a, int64_t now_ms);
/* Open ones first, then those that are over, the newest first and so many at most. */
tw_err tw_way_list(struct tw_store *s, int most, tw_err (*visit)(void *user, const struct tw_way_alarm *a), void *user);
#endif
