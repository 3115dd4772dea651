/* SPDX-License-Identifier: Apache-2.0 */
/* What the hash role computes for a login or for a password: places, questions and the answers that come later. */
#include "base/text.h"
#include "device/logical-access/login-provider.h"
#include "device/logical-access/oidc.h"
#include "device/logical-access/state.h"
#include "device/platform/ask.h"
#include "device/rows-logical-access.h"

static tw_err busy(struct tw_reply *rp, const char *why)
{
	TW_TRY(tw_reply_problem(
		rp, 503, "busy", "access.hash", "The device cannot look at passwords now", "Try again in a moment.", "%s", why));
	rp->retry_after_s = 1;
	return TW_OK;
}

/*
 * One thing at a time is computed for all known clients of one account, and one for whoever is logged in to it: nobody takes more than his share, and
 * a wrong password counts before the next is looked at. A provider's question computes nothing, and whoever comes meanwhile has to come as far as to
 * end it (login-provider.c), from the same address too.
 */
static bool has_his_share(const struct tw_device *d, const struct tw_login_want *want)
{
	for (size_t i = 0; i < TW_LOGIN_WORKS; i++) {
		const struct tw_login_work *w = &d->access->works[i];

		if (w->later && !tw_login_asks_provider(w) &&
			(!strcmp(w->who.source, want->who->source) || (want->who->known && w->who.known && w->account == want->account)))
			return true;
	}
	return false;
}

static tw_err one_at_a_time(struct tw_reply *rp)
{
	TW_TRY(tw_reply_problem(rp, 503, "busy", "access.one-at-a-time", "The device is computing something of yours already",
		"Wait for its answer, then try again.", "Of each account one password is looked at, at a time."));
	rp->retry_after_s = 1;
	return TW_OK;
}

tw_err tw_login_work(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_login_want *want,
	struct tw_login_work **ret)
{
	struct tw_device *d = tw_device_of(c);

	*ret = NULL;
	if (has_his_share(d, want))
		return one_at_a_time(rp);
	for (size_t i = 0; i < TW_LOGIN_WORKS && !*ret; i++)
		if (!d->access->works[i].later)
			*ret = &d->access->works[i];
	if (!*ret)
		return busy(rp, "So many passwords are being looked at.");
	TW_TRY(tw_path_later(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_notice_keep(rq, tw_later_request(rp->later));
	**ret = (struct tw_login_work){ .later = rp->later, .d = d, .account = want->account, .who = *want->who };
	return TW_OK;
}

static void release(struct tw_login_work *w)
{
	tw_secret_free(w->fresh);
	tw_wipe(w, sizeof *w);
}

/* The path drops the answer: it is refused now. */
tw_err tw_login_cannot(struct tw_login_work *w, tw_err e, struct tw_reply *rp)
{
	release(w);
	return tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE) ? busy(rp, tw_err_detail()) : e;
}

static void on_hash(void *user, const struct tw_hash_answer *a)
{
	struct tw_login_work *w = user;

	if (a->outcome == TW_HASH_REFUSED)
		tw_login_finish_busy(w, a->why);
	else
		w->next(w, a);
}

/*
 * @nist LA.AC.1.1: a crowd that guesses keeps nobody out. Whoever the device knows, by his client or for he is logged in, waits for what is being
 * computed, and never for strangers that wait.
 */
static void prefer(struct tw_login_work *w)
{
	if (w->who.known || !tw_login_is(tw_later_request(w->later)))
		tw_hash_prefer(w->d->hashing, w);
}

tw_err tw_login_verify(struct tw_login_work *w, struct tw_slice password, struct tw_reply *rp)
{
	struct tw_password_kept kept;
	tw_err e = tw_password_of(&w->d->context, w->account, &kept);

	w->began = kept.hash;
	if (!tw_failed(e))
		e = tw_hash_verify(w->d->hashing, &kept.hash, password, on_hash, w);
	if (!tw_failed(e))
		prefer(w);
	return tw_failed(e) ? tw_login_cannot(w, e, rp) : TW_OK;
}

tw_err tw_login_assert(struct tw_login_work *w, const struct tw_passkey_assert *q, struct tw_reply *rp)
{
	tw_err e = tw_hash_assert(w->d->hashing, q, on_hash, w);

	return tw_failed(e) ? tw_login_cannot(w, e, rp) : TW_OK;
}

tw_err tw_login_enrol(struct tw_login_work *w, const struct tw_passkey_enrol *q, struct tw_reply *rp)
{
	tw_err e = tw_hash_enrol(w->d->hashing, q, on_hash, w);

	return tw_failed(e) ? tw_login_cannot(w, e, rp) : TW_OK;
}

tw_err tw_login_make(struct tw_login_work *w, struct tw_slice password, struct tw_reply *rp)
{
	const struct tw_hash_cost cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN };
	tw_err e = tw_hash_make(w->d->hashing, cost, password, on_hash, w);

	if (!tw_failed(e))
		prefer(w);
	return tw_failed(e) ? tw_login_cannot(w, e, rp) : TW_OK;
}

void tw_login_then_make(struct tw_login_work *w, void (*next)(struct tw_login_work *w, const struct tw_hash_answer *a))
{
	const struct tw_slice fresh = { (const char *)tw_secret_bytes(w->fresh), tw_secret_size(w->fresh) };
	const struct tw_hash_cost cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN };
	struct tw_reply rp = { .status = 200 };

	w->next = next;
	tw_err e = tw_hash_make(w->d->hashing, cost, fresh, on_hash, w);
	w->fresh = tw_secret_free(w->fresh);
	if (!tw_failed(e))
		prefer(w);
	else if (tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE))
		tw_login_finish_busy(w, "So many passwords are being looked at.");
	else if (tw_failed(e))
		tw_login_finish(w, &rp, e);
}

void tw_login_finish(struct tw_login_work *w, struct tw_reply *rp, tw_err e)
{
	struct tw_device *d = w->d;
	tw_later *later = w->later;

	release(w);
	d->access->proven = true; /* what counts against somebody was counted here */
	tw_path_finish(later, rp, e);
	d->access->proven = false;
}

void tw_login_finish_busy(struct tw_login_work *w, const char *why)
{
	struct tw_reply rp = { .status = 200 };

	tw_login_finish(w, &rp, busy(&rp, why));
}

/* What has been proven stays so; a role that was taken away meanwhile, and an account that is none any more, count for nothing. */
bool tw_login_still_may(struct tw_context *c, struct tw_request *rq)
{
	struct tw_subject now = rq->subject;
	struct tw_decision decision = { .verdict = TW_DENY_PERMISSION };

	if (!tw_access_known(c, &now))
		return false;
	for (size_t i = 0; i < TW_COUNT(now.given.bits); i++)
		rq->subject.roles.bits[i] &= now.given.bits[i];
	rq->subject.given = now.given;
	return !tw_failed(tw_path_decide(c, &rq->subject, rq->operation->permission, rq->operation->when, &decision)) &&
		decision.verdict == TW_ALLOW;
}

void tw_login_stop(struct tw_device *d)
{
	tw_oidc_stop(d);
	for (size_t i = 0; i < TW_LOGIN_WORKS; i++) {
		struct tw_login_work *w = &d->access->works[i];

		tw_hash_cancel(d->hashing, w);
		tw_ask_cancel(d, w);
		tw_provider_cancel(d, w);
		(void)tw_later_drop(w->later);
		release(w);
	}
}
