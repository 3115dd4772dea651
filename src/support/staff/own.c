/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do with their own accounts: password, authenticator, sessions. And the proof that is asked for first: who changes an account, his own or
 * another, has logged in or shown password and code within the last minutes, so that a browser that was left alone changes none.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "service/access/password-store.h"
#include "service/sql-service.h"
#include "support/rows-staff.h"
#include "support/staff/staff.h"

#include <string.h>

/* By the id that it was let in by: a form of the desk asks in the name of an operation for programs, for which no cookie counts. */
struct tw_session *tw_staff_session(struct tw_context *c, const struct tw_subject *of)
{
	for (size_t i = 0; of->session[0] && i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &c->guard->sessions[i];
		char id[TW_SESSION_ID + 1];

		tw_session_id(s->hash, id);
		if (s->used && strcmp(id, of->session) == 0)
			return s;
	}
	return NULL;
}

tw_err tw_staff_self_account(struct tw_context *c, const struct tw_request *rq, struct tw_account *ret)
{
	int64_t id = 0;

	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &id))
		return TW_RAISE(INTERNAL, "whoever asks for himself has an account");
	return tw_account_get(c, id, ret);
}

/* --- Who he is, once more --- */

tw_err tw_staff_step_up(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const int64_t now = tw_time_boot_ms(c->time);
	const struct tw_session *s;

	if (rq->subject.kind != TW_SUBJECT_ACCOUNT)
		return TW_OK;
	s = tw_staff_session(c, &rq->subject);
	if (s && s->proven_ms && now - s->proven_ms < TW_STAFF_FRESH_MS)
		return TW_OK;
	return tw_reply_problem(rp, 403, "step-up", "staff.fresh", "Prove once more who you are",
		"Send password and code to /api/v1/staff-proofs, or show a passkey at /desk/prove/passkey, then this again.",
		"This is done within %d minutes of a login or a proof.", TW_STAFF_FRESH_MS / 60000);
}

tw_err tw_staff_session_ended(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 401, "unauthenticated", "path.authentication", "The session has ended", "Log in.",
		"It ended while this was looked at.");
}

tw_err tw_staff_proven(struct tw_staff_work *w, struct tw_reply *rp)
{
	struct tw_context *c = &w->app->context;
	struct tw_session *s = tw_access_session_by_hash(c, w->session);

	if (!s || !tw_access_session_lives(c, s) || s->account != w->account)
		return tw_staff_session_ended(rp);
	s->proven_ms = tw_time_boot_ms(c->time);
	tw_login_forgiven(c, &w->who);
	rp->status = 204;
	(void)snprintf(rp->note, sizeof rp->note, "a%lld proved who he is", (long long)w->account);
	if (w->page.is)
		tw_staff_page_on(&w->page, w->page.to[0] ? w->page.to : TW_STAFF_ME, rp);
	return TW_OK;
}

/* --- His password --- */

struct changing {
	struct tw_context *c;
	const struct tw_account *account;
	const char *phc, *what;
	const uint8_t *keep; /* the session that asks; the others end */
};

tw_err tw_staff_changed(struct tw_context *c, const struct tw_account *a, const char *what)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(a->id, id);
	TW_TRY(tw_account_note(c, &(struct tw_account_note){ .account = a->id, .name = a->name, .what = what, .who = a->name }));
	return tw_event(c, "account.changed",
		json_pack("{s:s, s:s, s:s, s:s}", "account", id, "name", a->name, "what", what, "by", a->name));
}

static tw_err end_others(struct tw_context *c, int64_t account, const uint8_t keep[32])
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &c->guard->sessions[i];

		if (s->used && s->account == account && !tw_equal_secret(s->hash, keep, sizeof s->hash))
			TW_TRY(tw_access_session_drop(c, s));
	}
	return TW_OK;
}

static tw_err change_password(tw_store *s, void *user)
{
	const struct changing *g = user;

	TW_TRY(tw_password_drop(g->c, g->account->id));
	TW_TRY(tw_password_put(g->c, &(struct tw_password_new){ .account = g->account->id, .phc = g->phc, .hands = "" }));
	TW_TRY(end_others(g->c, g->account->id, g->keep));
	return tw_staff_changed(g->c, g->account, g->what);
}

tw_err tw_staff_password_made(struct tw_staff_work *w, struct tw_slice made, struct tw_reply *rp)
{
	struct tw_context *c = &w->app->context;
	char phc[TW_PHC_MAX];
	const struct tw_session *s = tw_access_session_by_hash(c, w->session);
	struct tw_account a;

	if (!s || !tw_access_session_lives(c, s) || s->account != w->account)
		return tw_staff_session_ended(rp);
	(void)snprintf(phc, sizeof phc, TW_SLICE_FMT, TW_SLICE_ARG(made));
	TW_TRY(tw_account_get(c, w->account, &a));
	if (a.state != TW_ACCOUNT_ACTIVE)
		return tw_staff_session_ended(rp);
	tw_err e = tw_store_transaction(c->store, change_password, &(struct changing){ c, &a, phc, "changed the password", w->session });
	if (tw_failed(e)) {
		tw_ignore(tw_staff_sessions(c)); /* the cache may lack what the store took back */
		return e;
	}
	rp->status = 204;
	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s changed the password", (long long)a.id, a.name);
	if (w->page.is)
		tw_staff_page_on(&w->page, TW_STAFF_ME "?done=2", rp);
	return TW_OK;
}

tw_err tw_staff_own_work(struct tw_context *c, const struct tw_request *rq, struct tw_staff_work *ret)
{
	const struct tw_session *s = tw_staff_session(c, &rq->subject);
	struct tw_account a;

	TW_TRY(tw_staff_self_account(c, rq, &a));
	if (!s)
		return TW_RAISE(INTERNAL, "an account without a session asks");
	ret->account = a.id;
	memcpy(ret->session, s->hash, sizeof ret->session);
	return TW_OK;
}

/* --- His authenticator --- */

tw_err tw_staff_authenticator(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf uri = { 0 };
	struct tw_account a;

	TW_TRY(tw_staff_self_account(c, rq, &a));
	tw_buf_init(&uri, c->sys, TW_TOTP_URI_MAX);
	TW_TRY(tw_totp_enrol(c, a.id, "Product security", a.name, &uri));
	rp->status = 201;
	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s asked for a new authenticator", (long long)a.id, a.name);
	rp->body = json_pack("{s:s}", "uri", tw_buf_cstr(&uri));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static tw_err tell_totp(tw_store *s, void *user)
{
	const struct changing *g = user;

	return tw_staff_changed(g->c, g->account, g->what);
}

tw_err tw_staff_authenticator_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account a;

	TW_TRY(tw_staff_self_account(c, rq, &a));
	tw_err e = tw_totp_confirm(c, a.id, tw_slice_of(tw_json_text(rq->input, "code")));
	if (tw_is(e, TW_CODE_DENIED) || tw_is(e, TW_CODE_NOTFOUND))
		return tw_reply_problem(rp, 422, "code", "staff.code", "That is not the new authenticator's code",
			"Wait for its next code, or ask for a new secret.", "The authenticator before goes on to count.");
	if (tw_is(e, TW_CODE_STATE))
		return tw_reply_problem(rp, 503, "clock", "access.clock", "The service's clock cannot be trusted now",
			"Wait until the clock is set.", "Without the time no code can be judged.");
	TW_TRY(e);
	TW_TRY(tw_store_transaction(c->store, tell_totp, &(struct changing){ c, &a, NULL, "changed the authenticator", NULL }));
	rp->status = 204;
	return TW_OK;
}

/* --- His sessions --- */

static json_t *describe(const struct tw_session *s, bool current)
{
	char id[TW_SESSION_ID + 1], opened[TW_TIME_TEXT_MAX];

	tw_session_id(s->hash, id);
	tw_time_text(s->opened_ms, opened);
	return json_pack("{s:s, s:s, s:s, s:s, s:b}", "session", id, "opened", opened, "how", s->how, "from", s->source, "current", current);
}

tw_err tw_staff_sessions_own(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_session *mine = tw_staff_session(c, &rq->subject);
	json_t *list = json_array();
	struct tw_account a;

	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "sessions", list));
	TW_TRY(tw_staff_self_account(c, rq, &a));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &c->guard->sessions[i];

		if (s->used && s->account == a.id && tw_access_session_lives(c, s))
			TW_TRY(tw_json_append(list, describe(s, s == mine)));
	}
	return TW_OK;
}

/* "others": all but the one that asks. One of another person's is none of his. */
tw_err tw_staff_session_end(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_session *mine = tw_staff_session(c, &rq->subject);
	struct tw_account a;

	TW_TRY(tw_staff_self_account(c, rq, &a));
	rp->status = 204;
	if (mine && tw_slice_is(rq->parameter, "others"))
		return end_others(c, a.id, mine->hash);
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &c->guard->sessions[i];
		char id[TW_SESSION_ID + 1];

		tw_session_id(s->hash, id);
		if (s->used && s->account == a.id && tw_slice_is(rq->parameter, id))
			return tw_access_session_drop(c, s);
	}
	return tw_reply_problem(rp, 404, "not-found", "session.unknown", "There is no such session", "List yours: staff.sessions.",
		"It has ended, or is not yours.");
}
