/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.6: actions that the organization names, each for the roles it names and for nobody else
 * @nist LA.RSM.6.2: there as soon as they are put, gone as soon as they are removed
 * @nist LA.RSM.7.2: and judged by the one gate, with the rules that stand before them
 *
 * An action is one setting with one value: whoever holds one of its roles does just that, without the right to change settings. Whoever puts it
 * may make that change himself at any time, so that nobody hands on what he does not hold. It may also stand without a setting: then the
 * organization's own systems ask whether somebody may, and that it was asked stands in the log.
 */
#include "base/text.h"
#include "device/logical-access/placed.h"
#include "device/logical-access/rights.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/change.h"

/* --- Whether it may be put --- */

static tw_err bad(struct tw_reply *rp, const char *detail)
{
	return tw_reply_problem(
		rp, 400, "input", "rights.action", "This can be no action", "See /api/v1/openapi.json for the form.", "%s", detail);
}

/* What whoever puts it may do whatever the time is: an action has no conditions of its own. */
static tw_err may_himself(struct tw_context *c, const struct tw_request *rq, const char *permission, bool *ret)
{
	const struct tw_condition always = { .days = 0 };
	struct tw_subject firm = rq->subject;
	int64_t id = 0;

	if (firm.kind == TW_SUBJECT_ACCOUNT && tw_account_id_read(tw_slice_of(firm.account), &id))
		TW_TRY(tw_placed_roles(tw_device_of(c), c->gate, id, &always, &firm.roles));
	const struct tw_ask ask = { .subject = &firm, .permission = permission, .when = TW_WHEN_ALWAYS, .could = true };
	*ret = tw_gate_authorize(c->gate, &ask).verdict == TW_ALLOW;
	return TW_OK;
}

tw_err tw_action_check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *key = tw_json_text(rq->input, "setting"), *value = tw_json_text(rq->input, "value");
	const struct tw_setting_row *row = *key ? tw_setting_find(c, key) : NULL;
	bool changes = false, this = false;

	if (!*key)
		return *value ? bad(rp, "A value is a setting's.") : TW_OK;
	if (!row)
		return bad(rp, "There is no such setting.");
	tw_err e = tw_setting_check(row, value);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return bad(rp, tw_err_detail());
	TW_TRY(e);
	TW_TRY(may_himself(c, rq, "settings.change", &changes));
	TW_TRY(may_himself(c, rq, row->permission, &this));
	if (changes && this)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "rights.more", "Nobody gives what he does not hold",
		"Ask somebody who holds it.", "The action would change a setting that you may not change, or not at any time.");
}

/* --- Doing it --- */

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "rights.unknown", "There is no such action", "Ask whoever names the actions.",
		"The organization has put none of this name here.");
}

static tw_err forbidden(struct tw_reply *rp, const struct tw_decision *d)
{
	return tw_reply_problem(rp, 403, "forbidden", d->rule, "Not permitted", "Ask somebody who holds one of its roles.", "%s",
		d->verdict == TW_DENY_RULE ? "A rule of the organization does not permit this now."
					   : "This action is for other roles than yours.");
}

/* The right to change it stays with whoever put the action; a rule of access that stands before the change itself counts for its caller. */
static tw_err rules_let(struct tw_context *c, const struct tw_subject *s, const struct tw_setting_row *row, struct tw_decision *ret)
{
	*ret = (struct tw_decision){ .verdict = TW_ALLOW };
	if (c->within)
		TW_TRY(c->within(c, s, "settings.change", ret));
	if (c->within && ret->verdict == TW_ALLOW)
		TW_TRY(c->within(c, s, row->permission, ret));
	return ret->verdict == TW_ALLOW ? tw_change_decide_besides(c, s, row, ret) : TW_OK;
}

static tw_err set(struct tw_context *c, const struct tw_request *rq, const json_t *action, struct tw_reply *rp)
{
	struct tw_decision d;
	const char *name = tw_json_text(action, "name"), *key = tw_json_text(action, "setting"), *value = tw_json_text(action, "value");
	const struct tw_setting_row *row = tw_setting_find(c, key);

	(void)snprintf(rp->note, sizeof rp->note, "%.40s: %.60s %.60s", name, key, value);
	if (!*key)
		return TW_OK;
	if (!row)
		return tw_reply_problem(rp, 409, "refused", "rights.action", "This action changes nothing any more", "Remove it.",
			"Its setting is none of this release or product.");
	TW_TRY(rules_let(c, &rq->subject, row, &d));
	if (d.verdict != TW_ALLOW)
		return forbidden(rp, &d);
	bool fits = !tw_failed(tw_setting_check(row, value)); /* it did when the action was put, by the release or product of then */
	tw_err e = tw_change_setting(c, row, value, -1, &rq->subject);
	if (fits && !tw_is(e, TW_CODE_DENIED))
		return e;
	return tw_reply_problem(rp, 409, "refused", "setting.apply", "The device cannot take this value now", "See the detail.",
		"%s", tw_err_detail());
}

tw_err tw_access_action_call(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	const json_t *action = NULL;
	struct tw_decision d;
	json_t *one;
	size_t i;

	TW_TRY(tw_rights_read(tw_device_of(c), &document));
	json_array_foreach(json_object_get(document, "actions"), i, one)
		if (tw_slice_is(rq->parameter, tw_json_text(one, "name")))
			action = one;
	if (!action)
		return unknown(rp);
	TW_TRY(tw_path_decide(c, &rq->subject, tw_json_text(action, "permission"), TW_WHEN_ALWAYS, &d));
	if (d.verdict != TW_ALLOW)
		return forbidden(rp, &d);
	TW_TRY(set(c, rq, action, rp));
	if (rp->problem[0])
		return TW_OK;
	rp->body = json_pack("{s:s, s:s, s:s}", "action", tw_json_text(action, "name"), "setting", tw_json_text(action, "setting"),
		"value", tw_json_text(action, "value"));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}
