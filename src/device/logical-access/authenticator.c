/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One's own authenticator: enrolled, confirmed by its first code, removed. Until it is confirmed nothing is asked of it, and one that was there before
 * goes on to count. While one is there, whoever enrols another or removes it shows a code of it: a session that somebody left open is not enough.
 */
#include "base/text.h"
#include "device/logical-access/login.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"
#include "service/access/totp.h"
#include "device/rows-logical-access.h"

static tw_err no_clock(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 503, "clock", "access.clock", "The device's clock cannot be trusted now",
		"Wait until the clock is set.", "Without the time no code can be judged.");
}

static tw_err wrong(struct tw_device *d, const struct tw_account *a, struct tw_reply *rp)
{
	char source[64];

	(void)snprintf(source, sizeof source, "own:a%lld", (long long)a->id);
	tw_throttle_failed(tw_access_throttle(&d->context), source, tw_time_boot_ms(&d->time));
	return tw_reply_problem(rp, 403, "login", "access.totp", "This is not the code of now",
		"Wait for the next code of the authenticator.", "It was mistyped, used, or is of another time.");
}

/* Whose, and whether he has to wait. */
static tw_err mine(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	struct tw_device *d = tw_device_of(c);
	char source[64];

	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, ret));
	(void)snprintf(source, sizeof source, "own:a%lld", (long long)ret->id);
	int wait = tw_throttle_wait_s(tw_access_throttle(&d->context), source, tw_time_boot_ms(&d->time));
	return !rp->problem[0] && wait ? tw_access_wait(rq, wait, rp) : TW_OK;
}

static tw_err none(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "access.totp-none", "There is no such authenticator", "Enrol one first.",
		"None is there, or it is confirmed already.");
}

/* A code of the one that is there, if one is. */
static tw_err show_present(struct tw_context *c, const struct tw_request *rq, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	bool there = false;

	TW_TRY(tw_totp_wanted(&d->context, a->id, &there));
	if (!there)
		return *tw_json_text(rq->input, "code") ? none(rp) : TW_OK;
	tw_err e = tw_totp_use(&d->context, a->id, tw_slice_of(tw_json_text(rq->input, "code")));
	if (tw_is(e, TW_CODE_STATE))
		return no_clock(rp);
	return tw_is(e, TW_CODE_DENIED) ? wrong(d, a, rp) : e;
}

tw_err tw_access_totp_enrol(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_buf_wipe) struct tw_buf uri = { 0 };
	struct tw_account a;

	TW_TRY(mine(c, rq, rp, &a));
	if (!rp->problem[0] && a.kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	if (!rp->problem[0])
		TW_TRY(show_present(c, rq, &a, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&uri, c->sys, TW_TOTP_URI_MAX);
	TW_TRY(tw_totp_enrol(&d->context, a.id, d->manifest->product, a.name, &uri));
	rp->status = 201;
	rp->body = json_pack("{s:s, s:s}", "name", a.name, "uri", tw_buf_cstr(&uri));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static tw_err nothing(struct tw_account_work *w)
{
	return TW_OK;
}

static tw_err drop(struct tw_account_work *w)
{
	return tw_totp_remove(w->c, w->account.id);
}

tw_err tw_access_totp_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = nothing, .what = "confirmed an authenticator" };
	struct tw_device *d = tw_device_of(c);

	TW_TRY(mine(c, rq, rp, &w.account));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_totp_confirm(&d->context, w.account.id, tw_slice_of(tw_json_text(rq->input, "code")));
	if (tw_is(e, TW_CODE_STATE))
		return no_clock(rp);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return none(rp);
	if (tw_is(e, TW_CODE_DENIED))
		return wrong(d, &w.account, rp);
	TW_TRY(e);
	return tw_account_do(&w);
}

tw_err tw_access_totp_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop, .what = "removed its authenticator" };

	TW_TRY(mine(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(show_present(c, rq, &w.account, rp));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}
