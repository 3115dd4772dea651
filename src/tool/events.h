/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events (WHATWG HTML 9.2.6), as a device of ours sends them: bytes in, in any pieces; events out. Bounded. */
#ifndef TW_TOOL_EVENTS_H
#define TW_TOOL_EVENTS_H
#include "base/buf.h"

#define TW_EVENT_LINE_MAX (16 * 1024) /* a record is 4 KiB */
#define TW_EVENT_ID_MAX 20

struct tw_events {
	struct tw_buf line, data;
	char id[TW_EVENT_ID_MAX + 1];   /* of the last event given: where to go on */
	char next[TW_EVENT_ID_MAX + 1]; /* of the one that is coming: a cut line must not count as had */
	bool after_cr;
	tw_err (*event)(void *user, const char *id, struct tw_slice data); /* each that has data */
	void *user;
};
void tw_events_init(struct tw_events *e, const struct tw_sys *sys, tw_err (*event)(void *, const char *, struct tw_slice), void *user);
void tw_events_reset(struct tw_events *e); /* another connection: what was half there is forgotten, the id is kept */
void tw_events_done(struct tw_events *e);
/* LIMIT: a line or an event beyond its maximum. SYNTAX: an id that is no number, or goes back. */
tw_err tw_events_feed(struct tw_events *e, struct tw_slice bytes);
#endif
