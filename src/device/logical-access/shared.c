/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.6.6: shared accounts are used by their members, under their conditions, asked anew at each request
 *
 * See shared.h. What is asked is the same when a session is opened and at each request made in it; so a member who is one no more, an hour that is
 * over and a number of sessions that is reached all count at once.
 */
#include "device/logical-access/shared.h"

#include "base/text.h"
#include "device/sql-device.h"
#include "service/path/condition.h"

static tw_err take(void *user, const tw_row *row)
{
	struct tw_shared *s = user;
	struct tw_slice members = tw_row_bytes(row, 0), conditions = tw_row_bytes(row, 1), by = tw_row_bytes(row, 3);

	s->said = true;
	(void)snprintf(s->members, sizeof s->members, TW_SLICE_FMT, TW_SLICE_ARG(members));
	(void)snprintf(s->conditions, sizeof s->conditions, TW_SLICE_FMT, TW_SLICE_ARG(conditions));
	s->said_ms = tw_row_int(row, 2);
	(void)snprintf(s->said_by, sizeof s->said_by, TW_SLICE_FMT, TW_SLICE_ARG(by));
	return TW_OK;
}

tw_err tw_shared_get(struct tw_device *d, int64_t account, struct tw_shared *ret)
{
	const struct tw_value v[] = { TW_V_INT(account) };

	*ret = (struct tw_shared){ .said = false };
	return tw_store_run(d->context.store, tw_sql_shared_get, v, TW_COUNT(v), take, ret);
}

/* A member whose own account is suspended or gone is none. */
static tw_err judge_member(struct tw_device *d, const struct tw_shared *s, int64_t member, const char **ret_rule)
{
	char id[TW_ACCOUNT_ID_MAX + 2];
	struct tw_account a;

	tw_account_id(member, id);
	*ret_rule = "shared.members";
	if (!member || !tw_account_has(s->members, id))
		return TW_OK;
	tw_err e = tw_account_get(&d->context, member, &a);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	if (a.state == TW_ACCOUNT_ACTIVE)
		*ret_rule = NULL;
	return TW_OK;
}

tw_err tw_shared_judge(struct tw_device *d, const struct tw_proof *p, const struct tw_moment *now, const char **ret_rule)
{
	struct tw_shared s;
	struct tw_condition when;

	TW_TRY(tw_shared_get(d, p->account, &s));
	*ret_rule = "shared.conditions";
	if (!s.said)
		return TW_OK;
	TW_TRY(judge_member(d, &s, p->member, ret_rule));
	if (*ret_rule)
		return TW_OK;
	*ret_rule = "shared.conditions";
	tw_err e = tw_access_conditions_read(tw_slice_of(s.conditions), &when);
	if (tw_failed(e)) /* what cannot be read does not hold */
		return tw_is(e, TW_CODE_NOMEM) ? e : TW_OK;
	*ret_rule = tw_condition_fails(&when, now);
	return TW_OK;
}

tw_err tw_shared_admits(struct tw_device *d, const struct tw_proof *p, const struct tw_moment *now)
{
	const char *rule = NULL;

	TW_TRY(tw_shared_judge(d, p, now, &rule));
	d->access->refused = rule;
	return rule ? TW_RAISE(DENIED, "a shared account, and %s says no", rule) : TW_OK;
}

/* What lets somebody in, or makes somebody of him: it would go on when the session, the membership and the conditions are over. */
bool tw_shared_lasts(const char *permission)
{
	static const char *const lasting[] = { "accounts.change", "access.change", "session.code", "peers.change", "policies.change" };

	for (size_t i = 0; i < TW_COUNT(lasting); i++)
		if (!strcmp(permission, lasting[i]))
			return true;
	return false;
}

tw_err tw_shared_passes(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_setting_row *row = NULL;
	char key[128];

	if (!rq->subject.member[0])
		return TW_OK;
	(void)snprintf(key, sizeof key, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	if (!strcmp(rq->operation->name, "settings.change"))
		row = tw_setting_find(c, key);
	if (!tw_shared_lasts(rq->operation->permission) && !(row && tw_shared_lasts(row->permission)))
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "shared.session", "Not in a session of a shared account",
		"Use your own account.", "Who may come in, and what somebody may do, is said in one's own name alone.");
}

tw_err tw_shared_refuse_own(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "account-state", "shared.own-proof", "A shared account has no way in of its own",
		"Come in by your own account, and open a session of the shared one then.",
		"Its members prove who they are, each by his own account.");
}
