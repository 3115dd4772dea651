/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A login, in one step or several: name and password; a second factor, where the account has one; a new password, where somebody else gave the old
 * one. Between steps the client holds a handle, which is good for five minutes and for what is still wanted.
 */
#include "device/logical-access/login.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/login-factor.h"
#include "device/logical-access/login-provider.h"
#include "device/logical-access/oidc.h"
#include "device/logical-access/radius.h"
#include "device/logical-access/state.h"
#include "service/access/throttle-store.h"
#include "device/rows-logical-access.h"

/* --- Who has to wait --- */

tw_err tw_login_step_find(struct tw_device *d, struct tw_slice handle, struct tw_login_step **ret)
{
	uint8_t hash[32];

	*ret = NULL;
	TW_TRY(tw_sha256(handle.at, handle.size, hash));
	for (size_t i = 0; i < TW_LOGIN_STEPS; i++) {
		struct tw_login_step *s = &d->access->steps[i];

		if (s->expires_ms > tw_time_boot_ms(&d->time) && tw_equal_secret(s->hash, hash, sizeof hash))
			*ret = s;
	}
	return TW_OK;
}

static bool goes_outside(struct tw_device *d, const struct tw_request *rq)
{
	return tw_json_bool(rq->input, "outside") || tw_oidc_is_begun(d, tw_slice_of(tw_json_text(rq->input, "login")));
}

/* Whose account it is the provider says later: what is typed beside it names none, and makes no client known. The name is one that no typed name folds to. */
static void who_is_outside(const struct tw_request *rq, struct tw_login_who *ret)
{
	*ret = (struct tw_login_who){ .known = false };
	tw_access_source(rq, ret->source);
	(void)snprintf(ret->name, sizeof ret->name, "OUTSIDE %.39s", ret->source);
}

/* Who tries, and which account that is; 0: none, which costs as much to find out. */
static tw_err who_is(struct tw_device *d, const struct tw_request *rq, struct tw_login_who *ret, int64_t *ret_account)
{
	if (goes_outside(d, rq)) {
		who_is_outside(rq, ret);
		return TW_OK;
	}
	return tw_login_who(&d->context,
		&(struct tw_login_typed){ tw_json_text(rq->input, "account"), tw_json_text(rq->input, "client"), tw_access_where(rq) },
		ret, ret_account);
}

bool tw_login_is(const struct tw_request *rq)
{
	return rq->operation && !strcmp(rq->operation->name, "login.open");
}

/*
 * One try at a time of an account's strangers, and of a source: a failure counts before the next begins. And the last places are for who is known.
 * What a provider is asked keeps nobody away: whoever comes meanwhile for the same account has to come as far as to end it (login-provider.c).
 */
static bool crowded(const struct tw_device *d, const struct tw_login_who *who)
{
	size_t busy = 0;
	bool same = false;

	for (size_t i = 0; i < TW_LOGIN_WORKS; i++) {
		const struct tw_login_work *w = &d->access->works[i];

		busy += w->later != NULL;
		same = same ||
			(w->later && !tw_login_asks_provider(w) &&
				(!strcmp(w->who.source, who->source) || (!who->known && !w->who.known && !strcmp(w->who.name, who->name))));
	}
	return same || busy >= (who->known ? TW_LOGIN_WORKS : TW_LOGIN_WORKS - TW_LOGIN_KEPT);
}

/*
 * Asked before anything is computed or written for it. The use notice comes first, at each step: whoever is refused for it learns nothing, and his code
 * stays good. Where the session opens it is asked for again, since it may have changed meanwhile.
 */
/* @nist LA.SUN.3: no password and no code is looked at without it */
tw_err tw_login_admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_login_step *step = NULL;
	struct tw_login_who who;
	int64_t account = 0;

	TW_TRY(tw_notice_wanted(d, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(who_is(d, rq, &who, &account));
	TW_TRY(tw_login_step_find(d, tw_slice_of(tw_json_text(rq->input, "login")), &step));
	if (step)
		who = step->who;
	int wait = tw_login_wait_s(&d->context, &who);
	if (!wait && crowded(d, &who))
		wait = 1;
	return wait ? tw_access_wait(rq, wait, rp) : TW_OK;
}

/* --- Name and password --- */

static tw_err no_login(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "login", "access.login", "These open nothing", "Look at the name and the password, then try again.",
		"There is no such account, it is not active, or this is not its password.");
}

static tw_err no_step(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "login", "access.login-step", "There is no such login",
		"Begin again with name and password.", "It was finished, or is older than five minutes.");
}

struct arrival {
	struct tw_device *d;
	const struct tw_login_who *who;
	int64_t account;
	const char *phc; /* of a new password; "": none */
	struct tw_placer by;
	char client[TW_TOKEN_TEXT + 1];
	const char *source;
};

static tw_err arrive(tw_store *s, void *user)
{
	struct arrival *v = user;

	if (*v->phc)
		TW_TRY(tw_password_put(&v->d->context, &(struct tw_password_new){ v->account, v->phc, v->by.hands, false }));
	return tw_client_came(&v->d->context, v->account, v->who, v->source, v->client);
}

/* Everything that was wanted has been shown. */
static tw_err let_in(struct tw_device *d, const struct tw_request *rq, const struct tw_account *a, struct arrival *v,
	const char *how, struct tw_reply *rp)
{
	const struct tw_entering e = { a, how, rq, v->by, arrive, v };

	v->source = rq->subject.source;
	TW_TRY(tw_access_enter(d, &e, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_login_forgiven(&d->context, v->who);
	tw_err done = v->client[0] ? tw_json_set(rp->body, "client", json_string(v->client)) : TW_OK;
	tw_wipe(v->client, sizeof v->client);
	return done;
}

static struct tw_login_step *step_place(struct tw_device *d, int64_t account)
{
	struct tw_places places = { .most = TW_LOGIN_STEPS_OWN };

	for (size_t i = 0; i < TW_LOGIN_STEPS; i++) {
		places.of[i].account = d->access->steps[i].account;
		places.of[i].expires_ms = d->access->steps[i].expires_ms;
	}
	return &d->access->steps[tw_places_pick(&places, account, tw_time_boot_ms(&d->time))];
}

/* What is still wanted, in words, under a handle. */
static tw_err say_wanted(const struct tw_login_step *s, const char *handle, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *asked = TW_STEAL(rp->body); /* what a passkey is asked, or nothing */

	rp->body = json_pack("{s:[], s:s, s:i}", "needed", "login", handle, "expires_in_s", TW_LOGIN_STEP_MS / 1000);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	if (asked)
		TW_TRY(tw_json_set(rp->body, "passkey", json_incref(asked)));
	json_t *needed = json_object_get(rp->body, "needed");
	return s->factors ? tw_factors_list(s->factors, needed) : tw_json_append(needed, json_string("new-password"));
}

static tw_err begin_step(struct tw_login_work *w, const struct tw_login_step *s, struct tw_reply *rp)
{
	struct tw_device *d = w->d;
	struct tw_login_step *place = step_place(d, s->account), fresh = *s;
	TW_CLEANUP(tw_token_done) struct tw_token t = { .text = "" };

	TW_TRY(tw_token_make(d->context.sys, &t));
	memcpy(fresh.hash, t.hash, sizeof fresh.hash);
	fresh.number = ++d->access->last_step;
	fresh.expires_ms = tw_time_boot_ms(&d->time) + TW_LOGIN_STEP_MS;
	TW_TRY(tw_factor_begin(&(struct tw_factor_step){ &d->context, tw_later_request(w->later), &fresh, rp }));
	if (!rp->problem[0])
		TW_TRY(say_wanted(s, t.text, rp));
	if (!rp->problem[0])
		*place = fresh;
	tw_wipe(&fresh, sizeof fresh);
	return TW_OK;
}

/* What a login is begun by: a password, or who it is at the organization's provider. */
static tw_err first_of(struct tw_device *d, int64_t account, bool outside, struct tw_password_kept *ret)
{
	return outside ? tw_oidc_first(d, account, ret) : tw_password_of(&d->context, account, ret);
}

/* The password is right, or the provider's word. */
static tw_err go_on(struct tw_login_work *w, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_login_step s = { .account = a->id, .who = w->who, .began = w->began, .outside = w->outside };
	struct tw_password_kept kept;

	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s", (long long)a->id, a->name);
	TW_TRY(tw_factors_of(w->d, a->id, &s.factors));
	TW_TRY(first_of(w->d, a->id, w->outside, &kept));
	if (!s.factors && tw_policy_second(w->d, a))
		return tw_reply_problem(rp, 403, "second-factor", "LA.AS.2.1", "A second factor is needed",
			"Enrol an authenticator in a session of another kind: by a client certificate, or by a code that somebody makes for you.",
			"The first factor is right, and for this account it does not suffice. It has no second one.");
	s.by = kept.by;
	s.wants_new = kept.must_change || w->too_short;
	s.how = w->outside ? TW_HOW_OUTSIDE : TW_HOW_PASSWORD;
	/* @nist LA.AS.2.1: the right password opens nothing where there is a second factor: it begins the step that asks for it */
	if (s.factors || s.wants_new)
		return begin_step(w, &s, rp);
	struct arrival v = { w->d, &w->who, a->id, "", kept.by, "" };
	return let_in(w->d, tw_later_request(w->later), a, &v, s.how, rp);
}

/*
 * The account, while it is active and has the password that the login began with: what was changed, removed or taken away since opens nothing.
 * NOTFOUND: it is not so. Of an account that is not there as much is looked up, and of one without a password the hash is nobody's.
 */
struct beginning {
	int64_t account;
	const struct tw_phc *first;
	bool outside;
};
static tw_err still(struct tw_device *d, const struct beginning *b, struct tw_account *ret)
{
	struct tw_password_kept kept;

	*ret = (struct tw_account){ .id = 0 };
	tw_err e = tw_account_get(&d->context, b->account, ret);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	TW_TRY(first_of(d, b->account, b->outside, &kept));
	if (tw_failed(e) || ret->state != TW_ACCOUNT_ACTIVE || !tw_phc_same(&kept.hash, b->first))
		return TW_RAISE(NOTFOUND, "no active account with this password");
	return TW_OK;
}

static tw_err judge(struct tw_login_work *w, bool right, struct tw_reply *rp)
{
	struct tw_account a;
	tw_err e = still(w->d, &(struct beginning){ w->account, &w->began, w->outside }, &a);

	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	if (right && !tw_failed(e))
		return go_on(w, &a, rp);
	tw_login_failed(&w->d->context, &w->who);
	if (a.id)
		(void)snprintf(rp->note, sizeof rp->note, "a%lld %s", (long long)a.id, a.name);
	return no_login(rp);
}

void tw_login_judged(struct tw_login_work *w, bool right)
{
	struct tw_reply rp = { .status = 200 };

	tw_err e = judge(w, right, &rp);
	tw_login_finish(w, &rp, e);
}

static void on_verified(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	tw_login_judged(w, a->outcome == TW_HASH_YES);
}

static tw_err begin(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_slice password = tw_slice_of(tw_json_text(rq->input, "password"));
	struct tw_device *d = tw_device_of(c);
	struct tw_login_work *w = NULL;
	struct tw_login_who who;
	int64_t account = 0;

	if (!*tw_json_text(rq->input, "account") || !password.size)
		return tw_reply_problem(rp, 400, "input", "access.login-form", "The request is not of the wanted form",
			"See /api/v1/openapi.json for the form.",
			"A login begins with account and password, and goes on with login and what is needed.");
	TW_TRY(who_is(d, rq, &who, &account));
	TW_TRY(tw_login_work(c, rq, rp, &(struct tw_login_want){ &who, account }, &w));
	if (rp->problem[0])
		return TW_OK;
	w->too_short = tw_password_short(&d->context, password);
	w->next = on_verified;
	tw_err e = tw_radius_takes(w, password);
	return tw_failed(e) ? tw_login_cannot(w, e, rp) : tw_login_verify(w, password, rp);
}

/* --- What else was wanted --- */

/* A password that is new, and no other's than the one it takes the place of. */
static struct tw_login_step *step_of(const struct tw_login_work *w)
{
	for (size_t i = 0; i < TW_LOGIN_STEPS; i++)
		if (w->d->access->steps[i].number == w->step && w->d->access->steps[i].expires_ms > tw_time_boot_ms(&w->d->time))
			return &w->d->access->steps[i];
	return NULL;
}

static void on_made(struct tw_login_work *w, const struct tw_hash_answer *made)
{
	struct tw_reply rp = { .status = 200 };
	struct tw_login_step *s = step_of(w);
	struct tw_account a;
	char phc[TW_PHC_MAX];

	(void)snprintf(phc, sizeof phc, TW_SLICE_FMT, TW_SLICE_ARG(made->phc));
	tw_err e = s ? still(w->d, &(struct beginning){ s->account, &s->began, s->outside }, &a) : TW_OK;
	if (!s || tw_is(e, TW_CODE_NOTFOUND)) {
		e = no_step(&rp);
	} else if (!tw_failed(e)) {
		struct arrival v = { w->d, &w->who, a.id, phc, w->by, "" };
		e = let_in(w->d, tw_later_request(w->later), &a, &v, w->how, &rp);
		if (!tw_failed(e) && !rp.problem[0])
			tw_wipe(s, sizeof *s);
	}
	tw_login_finish(w, &rp, e);
}

static void on_compared(struct tw_login_work *w, const struct tw_hash_answer *a)
{
	struct tw_reply rp = { .status = 200 };

	if (a->outcome == TW_HASH_YES) {
		tw_err e = tw_reply_problem(&rp, 400, "input", "password.same", "This is the password that was there",
			"Choose another.", "Whoever gave it to you knows it.");
		tw_login_finish(w, &rp, e);
		return;
	}
	tw_login_then_make(w, on_made);
}

static tw_err renew(struct tw_context *c, const struct tw_request *rq, const struct tw_login_step *s, const struct tw_account *a,
	struct tw_reply *rp)
{
	struct tw_slice password = tw_slice_of(tw_json_text(rq->input, "new_password"));
	struct tw_login_work *w = NULL;

	TW_TRY(tw_password_check(c, a, password, rp));
	if (!rp->problem[0])
		TW_TRY(tw_login_work(c, rq, rp, &(struct tw_login_want){ &s->who, s->account }, &w));
	if (rp->problem[0])
		return TW_OK;
	w->how = s->how;
	w->by = s->by;
	w->step = s->number;
	w->next = on_compared;
	tw_err e = tw_secret_new(c->sys, password.at, password.size, &w->fresh);
	return tw_failed(e) ? tw_login_cannot(w, e, rp) : tw_login_verify(w, password, rp);
}

/* After the password: a second factor, or a new password. */
static tw_err proceed(
	struct tw_context *c, const struct tw_request *rq, struct tw_login_step *s, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);

	if (s->factors)
		TW_TRY(tw_factor_answer(&(struct tw_factor_step){ c, rq, s, rp }));
	if (rp->problem[0] || rp->later)
		return TW_OK;
	if (!s->factors && s->wants_new && *tw_json_text(rq->input, "new_password"))
		return renew(c, rq, s, a, rp);
	if (s->factors || s->wants_new)
		return say_wanted(s, tw_json_text(rq->input, "login"), rp);
	struct arrival v = { d, &s->who, a->id, "", s->by, "" };
	TW_TRY(let_in(d, rq, a, &v, s->how, rp));
	if (!rp->problem[0])
		tw_wipe(s, sizeof *s);
	return TW_OK;
}

/* As proceed goes on, when a second factor was shown to somebody who says so later. */
tw_err tw_login_passed(struct tw_login_work *w, struct tw_reply *rp)
{
	struct tw_login_step *s = step_of(w);
	struct tw_account a;

	if (!s)
		return no_step(rp);
	tw_err e = still(w->d, &(struct beginning){ s->account, &s->began, s->outside }, &a);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return no_step(rp);
	TW_TRY(e);
	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s", (long long)a.id, a.name);
	s->factors = 0;
	s->how = s->outside ? w->factor->how_outside : w->factor->how;
	if (s->wants_new)
		return say_wanted(s, (const char *)tw_secret_bytes(w->fresh), rp);
	struct arrival v = { w->d, &s->who, a.id, "", s->by, "" };
	TW_TRY(let_in(w->d, tw_later_request(w->later), &a, &v, s->how, rp));
	if (!rp->problem[0])
		tw_wipe(s, sizeof *s);
	return TW_OK;
}

void tw_login_shown(struct tw_login_work *w)
{
	struct tw_reply rp = { .status = 200 };

	tw_err e = tw_login_passed(w, &rp);
	tw_login_finish(w, &rp, e);
}

static tw_err continue_login(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_login_step *s = NULL;
	struct tw_account a;

	TW_TRY(tw_login_step_find(d, tw_slice_of(tw_json_text(rq->input, "login")), &s));
	if (!s)
		return no_step(rp);
	d->access->proven = true; /* what counts was counted here, against whom it counts */
	tw_err e = still(d, &(struct beginning){ s->account, &s->began, s->outside }, &a);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		tw_wipe(s, sizeof *s);
		return no_step(rp);
	}
	TW_TRY(e);
	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s", (long long)a.id, a.name);
	return proceed(c, rq, s, &a, rp);
}

/* Counted here, against whom it counts. */
static tw_err by_provider(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_login_who who;

	who_is_outside(rq, &who);
	tw_device_of(c)->access->proven = true;
	return tw_oidc_login(c, rq, &who, rp);
}

tw_err tw_access_login_open(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (tw_policy_strength(tw_device_of(c)) == TW_STRENGTH_CERTIFICATE)
		return tw_policy_refuse(rp);
	if (goes_outside(tw_device_of(c), rq))
		return by_provider(c, rq, rp);
	return *tw_json_text(rq->input, "login") ? continue_login(c, rq, rp) : begin(c, rq, rp);
}
