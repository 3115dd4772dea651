/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.6.3.1: what the log records of reading is said by whoever holds audit.change, and by no admin without it
 *
 * The rule names the operations whose reading leaves no record. Changes, refusals and reading the log itself leave theirs whatever it says: nobody
 * could otherwise tell what was done, or who looked at it.
 */
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/path-match.h"

#define KEY "logical-access.unrecorded-reads"

static bool may_be_unrecorded(const struct tw_operation_row *o)
{
	return o && o->audit == TW_AUDIT_READ && strncmp(o->name, "log.", 4) != 0 && strcmp(o->name, "audit-rules.read") != 0;
}

/* Also of settings.change, by an owner: what is no such operation would say what is not so. */
tw_err tw_access_apply_unrecorded(struct tw_context *c, const char *value)
{
	char words[512], *rest = NULL;

	(void)snprintf(words, sizeof words, "%s", value);
	for (char *at = strtok_r(words, " ", &rest); at; at = strtok_r(NULL, " ", &rest))
		if (!may_be_unrecorded(tw_operation_find(c->capabilities, tw_slice_of(at))))
			return TW_RAISE(DENIED, "%.64s is no operation that reads, or one of the log", at);
	return TW_OK;
}

bool tw_audit_unrecorded(struct tw_context *c, const struct tw_request *rq)
{
	struct tw_setting_state state = { .value = "" };

	return may_be_unrecorded(rq->operation) && !tw_failed(tw_setting_state(c, tw_setting_find(c, KEY), &state)) &&
		tw_account_has(state.value, rq->operation->name);
}

static tw_err show(struct tw_context *c, struct tw_reply *rp)
{
	struct tw_setting_state state;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, KEY), &state));
	rp->body = json_pack("{s:s}", "unrecorded", state.value);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

tw_err tw_access_audit_rules(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return show(c, rp);
}

tw_err tw_access_audit_rules_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *value = tw_json_text(rq->input, "unrecorded");

	tw_err e = tw_setting_set(c, tw_setting_find(c, KEY), value, -1, rq->subject.name);
	if (tw_is(e, TW_CODE_DENIED) || tw_is(e, TW_CODE_SYNTAX)) /* a limit is the disk's: the row of the operation knows how long a rule may be */
		return tw_reply_problem(rp, 400, "input", "audit.rule", "This can be no rule of the log",
			"See /api/v1/openapi.json for the operations.", "%s", tw_err_detail());
	TW_TRY(e);
	(void)snprintf(rp->note, sizeof rp->note, "reads without a record: %.120s", *value ? value : "none");
	return show(c, rp);
}
