/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confirm or revert: changes that could cut off whoever makes them.
 *
 * A setting's row says that it is one (`confirm`). Such a change is written together with what it replaces and until when, in one
 * transaction, and only then does the device begin to live by it. It stays when somebody confirms it who has come through doors that
 * obey it; in every other case the old value comes back: when the time is over, when core starts again for whatever reason (its own end,
 * another role's, a power cut), or when somebody says so. One at a time: two could undo each other.
 *
 * That who confirms has passed the new rules is shown by a word. It is made when the change holds and not before, and only change.read
 * tells it; whoever sends it has therefore been answered, and has spoken, since then. A change made over the network is confirmed over
 * the network: whoever sits at the device is not who would be cut off, nor who comes by its loopback. Who connects from the device to
 * another of its own addresses is not told from a host.
 */
#ifndef TW_SERVICE_CHANGE_H
#define TW_SERVICE_CHANGE_H
#include "service/path/path.h"

#define TW_CHANGE_WITHIN_DEFAULT_S 120
#define TW_CHANGE_WORD 33 /* 16 random bytes in hex */

typedef struct tw_changes tw_changes;
struct tw_changes_side {
	/* Does the device live by what the setting says now? NULL: yes; else why not yet, as a sentence. */
	const char *(*unsettled)(struct tw_context *c, const char *key);
	/* How long whoever made it has, in seconds. */
	int64_t (*within_s)(struct tw_context *c);
};
/* Once, when settings are loaded and the log is open: what an earlier start left unconfirmed is taken back. A store that takes no writes
   is no hindrance: the device lives by the old value, and the store follows. */
tw_err tw_changes_start(struct tw_context *c, const struct tw_changes_side *side);
void tw_changes_free(struct tw_context *c);

/* Of a row that says so. STATE: another version; DENIED: another change waits, or the row's apply refused. */
tw_err tw_change_begin(
	struct tw_context *c, const struct tw_setting_row *row, const char *value, int64_t version, const struct tw_subject *by);
/* Somebody changes a setting: it waits where its row says so, and stays at once elsewhere. */
tw_err tw_change_setting(
	struct tw_context *c, const struct tw_setting_row *row, const char *value, int64_t version, const struct tw_subject *by);
/* May he change this setting now: all that it asks for? */
tw_err tw_change_decide(struct tw_context *c, const struct tw_subject *s, const struct tw_setting_row *row, struct tw_decision *ret);
/* That part of it which the row does not say (tw_context.besides). */
tw_err tw_change_decide_besides(
	struct tw_context *c, const struct tw_subject *s, const struct tw_setting_row *row, struct tw_decision *ret);
bool tw_change_waits(const struct tw_context *c, const char *key, int64_t *ret_left_s); /* for a confirmation, and how long still */
tw_err tw_change_forget(tw_store *s);      /* with all settings, as ownership ends; in the caller's transaction */
void tw_change_drop(struct tw_context *c); /* behind that transaction: nothing waits in memory either */

/* A job's row: it is due when the time of a change is over. */
tw_err tw_change_job(struct tw_context *c);
int64_t tw_change_due_ms(struct tw_context *c);

tw_err tw_op_change_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_change_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_change_revert(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
#endif
