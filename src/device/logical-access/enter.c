/* SPDX-License-Identifier: Apache-2.0 */
/* Where every session begins that somebody logs in to: the use notice and caps are asked, what opened it is used up, and the answer says when it was
   before. */
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"

tw_err tw_access_may_open(struct tw_device *d, int64_t account, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_TRY(tw_notice_wanted(d, rq, rp));
	return rp->problem[0] ? TW_OK : tw_access_caps_check(d, account, rp);
}

struct entering {
	struct tw_device *d;
	const struct tw_entering *e;
	char token[TW_TOKEN_TEXT + 1];
};

static tw_err use_and_open(tw_store *s, void *user)
{
	struct entering *g = user;
	const struct tw_opening o = { .account = g->e->account->id,
		.how = g->e->how,
		.rq = g->e->rq,
		.by = g->e->by,
		.idle_ms = g->e->idle_ms,
		.member = g->e->member,
		.proven_ms = g->e->proven_ms,
		.in = g->e->in };

	if (g->e->use)
		TW_TRY(g->e->use(s, g->e->user));
	return tw_access_login(&g->d->context, &o, g->token);
}

tw_err tw_access_enter(struct tw_device *d, const struct tw_entering *e, struct tw_reply *rp)
{
	struct entering g = { .d = d, .e = e };

	if (e->account->kind == TW_ACCOUNT_SHARED && !e->member)
		return tw_shared_refuse_own(rp);
	TW_TRY(tw_access_may_open(d, e->account->id, e->rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err failed = tw_store_transaction(d->context.store, use_and_open, &g);
	if (tw_failed(failed)) {
		tw_ignore(tw_access_load(d)); /* the cache may hold what the store took back */
		tw_wipe(g.token, sizeof g.token);
		return failed;
	}
	rp->status = 201;
	(void)snprintf(rp->note, sizeof rp->note, "session of a%lld %s by %s", (long long)e->account->id, e->account->name, e->how);
	failed = tw_access_login_reply(&d->context, e->account, g.token, rp);
	tw_wipe(g.token, sizeof g.token);
	return failed;
}
