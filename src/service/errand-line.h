/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The asking side of roles on demand (core, app): asks the parent for one, gets its channel, and passes on what it says to whoever it works for.
 *
 * One user at a time for each role. When it lets go, the role stays for the next piece of work until it is idle too long. All calls
 * come from the loop; `gone` is said once for each begin that was not finished, and nothing follows it.
 */
#ifndef TW_SERVICE_ERRAND_LINE_H
#define TW_SERVICE_ERRAND_LINE_H
#include "service/path/path.h"
#include "service/wire.h"
#include "sys/channel.h"

#include <event2/event.h>

typedef struct tw_errands tw_errands;
/* Who asks. All of it stays his; loop and hands are there before the first is begun. */
struct tw_errands_side {
	const struct tw_sys *sys;
	struct event_base *loop;
	tw_channel *hands; /* to the parent */
	struct tw_context *context;
	void (*settle)(void *user); /* after anything that may have left a record */
	void *user;
};
struct tw_errand_user {
	void (*here)(void *user, tw_channel *line);                              /* its sandbox stands, and it waits for work */
	void (*heard)(void *user, tw_channel *line, const struct tw_message *m); /* the user may finish in it */
	void (*gone)(void *user, const char *why);                               /* a sentence */
	void *user;
};
tw_err tw_errands_new(const struct tw_errands_side *side, const char *listed /* the parent's word */, tw_errands **ret);
tw_errands *tw_errands_free(tw_errands *e); /* ends nobody's work: the parent does, with the asking side */
/* rows: what the role may say. STATE: somebody works with it. Else `here` or `gone` follows, never before this returns. */
tw_err tw_errand_begin(tw_errands *e, enum tw_errand which, const struct tw_channel_row *rows, const struct tw_errand_user *user);
/* The user is done with it. at_once: what it does is not wanted any more, so it is ended; it would go on with it otherwise. */
void tw_errand_finish(tw_errands *e, enum tw_errand which, bool at_once);
bool tw_errand_listed(const tw_errands *e, enum tw_errand which); /* there is a line for it in roles.tab */
void tw_errands_from_hands(tw_errands *e, struct tw_message *m);  /* ERRAND_IS and ERRAND_NOT */
struct timeval tw_errand_ms(int64_t ms);                          /* for a timer */
#endif
