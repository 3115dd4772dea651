/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: set, changed and removed, by whoever may. How they are kept: service/access/password-store.h. */

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/login.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

/* Whoever is logged in, as what he has computed counts: for his own account, or for another. */
static struct tw_login_who own_of(const struct tw_request *rq)
{
	struct tw_login_who who = { .known = false };

	(void)snprintf(who.source, sizeof who.source, "own:%.48s", tw_subject_key(&rq->subject));
	return who;
}

/* --- Set by whoever may reach the account --- */

tw_err tw_password_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	char id[TW_ACCOUNT_ID_MAX + 2];
	bool reached = false;

	TW_TRY(tw_account_wanted(c, rq, rq->parameter, rp, ret));
	if (rp->problem[0])
		return TW_OK;
	tw_account_id(ret->id, id);
	if (!strcmp(id, rq->subject.account))
		return tw_reply_problem(rp, 409, "own", "password.own", "This is your own account",
			"Change it as your own password, with the old one.", "Whoever sits at a session of yours is not you.");
	TW_TRY(tw_placed_reaches(c, &rq->subject, ret->id, &reached));
	if (reached)
		return tw_account_reached(c, rq, ret, rp);
	return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
		"This account may do more than you, and whoever knows the password may do what it may.");
}

static tw_err put_given(struct tw_account_work *w)
{
	return tw_password_put(w->c, &(struct tw_password_new){ w->account.id, w->text, w->hands, true });
}

static tw_err put_own(struct tw_account_work *w)
{
	return tw_password_put(w->c, &(struct tw_password_new){ w->account.id, w->text, w->hands, false });
}

static tw_err put_none(struct tw_account_work *w)
{
	return tw_password_drop(w->c, w->account.id);
}

/* Who asked may have lost his right while something was computed. */
static tw_err may_still(struct tw_context *c, struct tw_request *rq, struct tw_reply *rp)
{
	if (tw_login_still_may(c, rq))
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "gate.permission", "Not permitted", "Ask somebody who holds it.",
		"You do not hold the permission this operation needs any more.");
}

/* The account may be another's now, too. */
static void on_given(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	struct tw_context *c = &w->d->context;
	struct tw_request *rq = tw_later_request(w->later);
	struct tw_reply rp = { .status = 200 };
	struct tw_account_work work = { .c = c, .rq = rq, .rp = &rp, .act = put_given, .what = "given a password", .ends_sessions = true };
	char phc[TW_PHC_MAX];

	(void)snprintf(phc, sizeof phc, TW_SLICE_FMT, TW_SLICE_ARG(a->phc));
	work.text = phc;
	work.hands = w->by.hands;
	tw_err e = may_still(c, rq, &rp);
	if (!tw_failed(e) && !rp.problem[0])
		e = tw_password_wanted(c, rq, &rp, &work.account);
	if (!tw_failed(e) && !rp.problem[0])
		e = tw_account_do(&work);
	tw_login_finish(w, &rp, e);
}

tw_err tw_access_password_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_slice password = tw_slice_of(tw_json_text(rq->input, "password"));
	const struct tw_login_who who = own_of(rq);
	struct tw_login_work *w = NULL;
	struct tw_placer by;
	struct tw_account a;

	TW_TRY(tw_password_wanted(c, rq, rp, &a));
	if (!rp->problem[0] && a.kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	if (!rp->problem[0])
		TW_TRY(tw_password_check(c, &a, password, rp));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(tw_device_of(c), rq, a.id, rp, &by));
	if (!rp->problem[0])
		TW_TRY(tw_login_work(c, rq, rp, &(struct tw_login_want){ &who, 0 }, &w));
	if (rp->problem[0])
		return TW_OK;
	w->by = by;
	w->next = on_given;
	return tw_login_make(w, password, rp);
}

tw_err tw_access_password_clear(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = put_none, .what = "lost its password", .ends_sessions = true };

	struct tw_password_kept kept = { .is = false };

	TW_TRY(tw_password_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(tw_password_of(c, w.account.id, &kept));
	if (!rp->problem[0] && !kept.user[0]) /* what another server judges counts as no way in that is left */
		TW_TRY(tw_access_credential_last(c, &w.account, rp));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

/* --- Changed by whoever's it is --- */

/* Done with the account as it is now; n NULL: there is to be none. */
static tw_err change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_password_new *n)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = n ? put_own : put_none, .ends_sessions = true };

	(void)snprintf(w.what, sizeof w.what, "%s its password", n ? "changed" : "removed");
	w.text = n ? n->phc : NULL;
	w.hands = n ? n->hands : NULL;
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, &w.account));
	if (!rp->problem[0] && !n)
		TW_TRY(tw_access_credential_last(c, &w.account, rp));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

/*
 * What somebody else did to the account while this was computed stands: whoever knows a password that was taken from him could else keep a change
 * of it under way, and so undo its replacement.
 */
static tw_err change_what_began(struct tw_login_work *w, struct tw_reply *rp, const struct tw_password_new *n)
{
	struct tw_request *rq = tw_later_request(w->later);
	struct tw_password_kept kept;

	TW_TRY(may_still(&w->d->context, rq, rp));
	if (!rp->problem[0])
		TW_TRY(tw_password_of(&w->d->context, w->account, &kept));
	if (!rp->problem[0] && !tw_phc_same(&kept.hash, &w->began))
		TW_TRY(tw_reply_problem(rp, 409, "changed", "password.changed", "Your password is another one now",
			"Log in with that one, then change it.", "It was changed or removed while this was computed."));
	return rp->problem[0] ? TW_OK : change(&w->d->context, rq, rp, n);
}

static void on_own(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	struct tw_reply rp = { .status = 200 };
	char phc[TW_PHC_MAX];

	(void)snprintf(phc, sizeof phc, TW_SLICE_FMT, TW_SLICE_ARG(a->phc));
	tw_err e = change_what_began(w, &rp, &(struct tw_password_new){ .phc = phc, .hands = w->by.hands });
	tw_login_finish(w, &rp, e);
}

/* At a session that somebody left open there is no guessing either. */
static void on_old(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	struct tw_reply rp = { .status = 200 };
	tw_err e;

	if (a->outcome == TW_HASH_NO) {
		tw_throttle_failed(tw_access_throttle(&w->d->context), w->who.source, tw_time_boot_ms(&w->d->time));
		e = tw_reply_problem(&rp, 403, "login", "password.old", "This is not your password", "Look at it, then try again.",
			"To change it, or to remove it, the one that is there is needed.");
	} else if (w->fresh) {
		tw_login_then_make(w, on_own);
		return;
	} else {
		e = change_what_began(w, &rp, NULL);
	}
	tw_login_finish(w, &rp, e);
}

static tw_err look_at_old(struct tw_login_work *w, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_slice old = tw_slice_of(tw_json_text(rq->input, "old")), fresh = tw_slice_of(tw_json_text(rq->input, "password"));

	w->next = on_old;
	if (fresh.size) {
		tw_err e = tw_secret_new(w->d->context.sys, fresh.at, fresh.size, &w->fresh);
		if (tw_failed(e))
			return tw_login_cannot(w, e, rp);
	}
	return tw_login_verify(w, old, rp);
}

static tw_err check_change(struct tw_context *c, const struct tw_request *rq, const struct tw_account *a,
	const struct tw_password_kept *kept, struct tw_reply *rp)
{
	struct tw_slice fresh = tw_slice_of(tw_json_text(rq->input, "password"));
	struct tw_device *d = tw_device_of(c);
	const struct tw_login_who who = own_of(rq);

	int wait = tw_throttle_wait_s(tw_access_throttle(&d->context), who.source, tw_time_boot_ms(&d->time));
	if (wait)
		return tw_access_wait(rq, wait, rp);
	if (kept->user[0])
		return tw_reply_problem(rp, 409, "elsewhere", "password.server", "Your password is not this device's",
			"Change it where the organization keeps it.", "The organization's server judges it.");
	if (fresh.size)
		return tw_password_check(&d->context, a, fresh, rp);
	return kept->is ? TW_OK
			: tw_reply_problem(rp, 404, "not-found", "password.none", "There is no password to remove",
				  "Give one, and it is set.", "This account has none.");
}

/* One who has none yet has proven himself by something else. */
tw_err tw_access_password_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_login_who who = own_of(rq);
	struct tw_login_work *w = NULL;
	struct tw_password_kept kept;
	struct tw_placer by;
	struct tw_account a;

	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, &a));
	if (rp->problem[0])
		return TW_OK;
	if (a.kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	TW_TRY(tw_password_of(&d->context, a.id, &kept));
	TW_TRY(check_change(c, rq, &a, &kept, rp));
	if (!rp->problem[0] && kept.is && !*tw_json_text(rq->input, "old"))
		TW_TRY(tw_reply_problem(rp, 400, "input", "password.old", "The old password is needed",
			"Give the one that is there.", "To change it, or to remove it, the one that is there is needed."));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(d, rq, a.id, rp, &by));
	if (!rp->problem[0])
		TW_TRY(tw_login_work(c, rq, rp, &(struct tw_login_want){ &who, a.id }, &w));
	if (rp->problem[0])
		return TW_OK;
	w->by = by;
	if (kept.is)
		return look_at_old(w, rq, rp);
	w->began = kept.hash;
	w->next = on_own;
	return tw_login_make(w, tw_slice_of(tw_json_text(rq->input, "password")), rp);
}
