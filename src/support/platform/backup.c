/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a backup needs of the running service: a copy of the database in app's folder, made in steps between everybody's requests, and in the very turn in which
 * that copy is whole the end of the log's epoch. So the copy and the segments that are closed then are of one moment, and none of these files changes any
 * more. thingward-support-setup asks for step after step, and takes them away.
 */
#include "service/store/store.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

#define STEP_MS 50     /* of one request: others wait no longer for it */
#define STEP_PAGES 256 /* between two looks at the clock: 1 MiB */

static tw_err some_steps(struct tw_app *a, bool *ret_done)
{
	const int64_t until = tw_time_boot_ms(&a->time) + STEP_MS;

	do
		TW_TRY(tw_store_copy_step(a->backup, STEP_PAGES, ret_done));
	while (!*ret_done && tw_time_boot_ms(&a->time) < until);
	return TW_OK;
}

/* The first record that is not in the backup: its segment is the one that is open now. */
static tw_err end_epoch(struct tw_context *c, int64_t *ret_before)
{
	struct tw_audit_part last = { 0 };
	size_t count;
	uint64_t from = 0;

	TW_TRY(tw_audit_epoch_next(c->audit, "backup"));
	do {
		count = tw_audit_parts(c->audit, from, 1, &last);
		from = last.first_seq + 1;
	} while (count && !last.open);
	if (!last.open)
		return TW_RAISE(INTERNAL, "the log has no open segment");
	*ret_before = (int64_t)last.first_seq;
	return TW_OK;
}

static tw_err begin(struct tw_context *c, struct tw_app *a)
{
	a->backup = tw_store_copy_free(a->backup);
	return tw_store_copy_begin(c->store, TW_APP_BACKUP, &a->backup);
}

tw_err tw_backup_step(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_app *a = tw_app_of(c);
	const bool first = tw_json_bool(rq->input, "begin");
	int64_t before = 0;
	bool done = false;

	if (!first && !a->backup)
		return tw_reply_problem(rp, 409, "backup", "backup.none", "No backup is being made",
			"Begin one: thingward-support backup", "It was not begun, or the service started anew since.");
	tw_err e = first ? begin(c, a) : TW_OK;
	if (!tw_failed(e))
		e = some_steps(a, &done);
	if (!tw_failed(e) && done)
		e = end_epoch(c, &before);
	if (tw_failed(e) || done)
		a->backup = tw_store_copy_free(a->backup);
	if (tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(rp, 503, "storage-full", "backup.space", "There is no room for the copy of the database",
			"Free as much as DIR/app/support.db has.", "%s", tw_err_detail());
	TW_TRY(e);
	rp->body = json_pack("{s:b, s:I}", "done", done, "before", (json_int_t)before);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "a backup");
}
