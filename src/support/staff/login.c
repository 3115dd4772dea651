/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in, and using an invitation up: what the hash role has to compute for either, and the answer that comes later. */
#include "base/log.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "service/access/password-store.h"
#include "service/access/throttle-store.h"
#include "service/sql-service.h"
#include "support/rows-staff.h"
#include "support/staff/login.h"
#include "support/staff/passkeys.h"
#include "sys/durable.h"

tw_err tw_staff_busy(struct tw_reply *rp)
{
	TW_TRY(tw_reply_problem(rp, 503, "busy", "staff.busy", "The service cannot look at passwords now", "Try again in a moment.",
		"One of yours is being looked at, or so many of others that there is no place, or the role that hashes is not there."));
	rp->retry_after_s = 1;
	return TW_OK;
}

static bool same(const struct tw_login_who *a, const struct tw_login_who *b)
{
	return !strcmp(a->source, b->source) || (!a->known && !b->known && *a->name && !strcmp(a->name, b->name));
}

/* A failure counts before the next try of the same source, or of strangers at the same account, begins. The last places are for who is known. */
static bool crowded(const struct tw_staff *s, const struct tw_login_who *who)
{
	size_t busy = 0;

	for (size_t i = 0; i < TW_STAFF_WORKS; i++) {
		busy += s->works[i].later != NULL;
		if (s->works[i].later && same(&s->works[i].who, who))
			return true;
	}
	return busy >= (who->known ? TW_STAFF_WORKS : TW_STAFF_WORKS - TW_STAFF_KEPT);
}

tw_err tw_staff_place(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_staff_work *want,
	struct tw_staff_work **ret)
{
	struct tw_staff *s = tw_app_of(c)->staff;

	*ret = NULL;
	for (size_t i = 0; i < TW_STAFF_WORKS && !*ret; i++)
		if (!s->works[i].later)
			*ret = &s->works[i];
	s->proven = true; /* that there is no room is no guess */
	if (!*ret || crowded(s, &want->who))
		return tw_staff_busy(rp);
	TW_TRY(tw_path_later(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	**ret = *want;
	(*ret)->later = rp->later;
	(*ret)->app = tw_app_of(c);
	return TW_OK;
}

static void empty(struct tw_staff_work *w)
{
	(void)tw_secret_free(w->password);
	tw_wipe(w, sizeof *w);
}

void tw_staff_finish(struct tw_staff_work *w, struct tw_reply *rp, tw_err e)
{
	struct tw_staff *s = w->app->staff;
	const struct tw_staff_page page = w->page;
	tw_later *later = w->later;

	empty(w);
	s->proven = true; /* what counts against somebody was counted here */
	s->shown = page.is ? &page : NULL;
	tw_path_finish(later, rp, e);
	s->shown = NULL;
	s->proven = false;
}

/* The path drops the answer. */
tw_err tw_staff_cannot(struct tw_staff_work *w, tw_err e, struct tw_reply *rp)
{
	empty(w);
	return tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE) ? tw_staff_busy(rp) : e;
}

/* --- Logging in --- */

struct opening {
	struct tw_context *c;
	struct tw_opening o;
	const struct tw_login_who *who;
	char token[TW_TOKEN_TEXT + 1], client[TW_TOKEN_TEXT + 1];
};

static tw_err open_session(tw_store *s, void *user)
{
	struct opening *g = user;

	TW_TRY(tw_client_came(g->c, g->o.account, g->who, g->o.rq->subject.source, g->client));
	return tw_access_login(g->c, &g->o, g->token);
}

static const char *how(const struct tw_staff_work *w)
{
	if (!w->passkey.id)
		return TW_HOW_PASSWORD_TOTP;
	return w->password || w->passkey.second ? TW_HOW_PASSWORD_PASSKEY : TW_HOW_PASSKEY;
}

/* Whose role wants a passkey that he has not yet, comes to where he gets one. */
static tw_err come_on(struct tw_staff_work *w, const struct tw_account *a, const struct opening *g, struct tw_reply *rp)
{
	if (!w->passkey.id && tw_staff_wants_passkey(&w->app->context, a->roles))
		(void)snprintf(w->page.to, sizeof w->page.to, "%s", TW_STAFF_PASSKEYS);
	return tw_staff_page_in(&w->page, g->token, g->client, rp);
}

static tw_err let_in(struct tw_staff_work *w, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_context *c = &w->app->context;
	struct opening g = { .c = c, .o = { .account = a->id, .how = how(w), .rq = tw_later_request(w->later) }, .who = &w->who };
	tw_err e = tw_store_transaction(c->store, open_session, &g);

	if (tw_failed(e)) { /* the cache may hold what the store took back */
		tw_ignore(tw_staff_sessions(c));
	} else {
		tw_login_forgiven(c, &w->who);
		rp->status = 201;
		(void)snprintf(rp->note, sizeof rp->note, "session of a%lld %s", (long long)a->id, a->name);
		e = w->page.is ? come_on(w, a, &g, rp) : tw_access_login_reply(c, a, g.token, rp);
	}
	if (!tw_failed(e) && g.client[0] && !w->page.is)
		e = tw_json_set(rp->body, "client", json_string(g.client));
	tw_wipe(g.token, sizeof g.token);
	tw_wipe(g.client, sizeof g.client);
	return e;
}

/* A code of the authenticator that counts; of an account that has only just joined, of the one that waits for its first. A passkey was shown before. */
static tw_err use_code(struct tw_staff_work *w)
{
	struct tw_context *c = &w->app->context;

	if (w->passkey.id)
		return TW_OK;
	tw_err e = tw_totp_use(c, w->account, tw_slice_of(w->code));

	return tw_is(e, TW_CODE_NOTFOUND) ? tw_totp_confirm(c, w->account, tw_slice_of(w->code)) : e;
}

static tw_err opens_nothing(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "login", "access.login", "These open nothing",
		"Look at the name and the password, wait for the authenticator's next code, then try again.",
		"There is no such account, it is not active, or the password or the code is not its own.");
}

tw_err tw_staff_shown_all(struct tw_staff_work *w, const struct tw_account *a, struct tw_reply *rp)
{
	bool without = false;

	if (!w->passkey.id)
		TW_TRY(tw_staff_lacks_passkey(&w->app->context, a, &without));
	if (without)
		return tw_staff_passkey_needed(rp);
	return w->why == TW_STAFF_PROVES ? tw_staff_proven(w, rp) : let_in(w, a, rp);
}

static tw_err judge(struct tw_staff_work *w, bool right, struct tw_reply *rp)
{
	struct tw_context *c = &w->app->context;
	struct tw_password_kept kept;
	struct tw_account a = { .id = 0 };
	bool asks = false;
	tw_err e = tw_account_get(c, w->account, &a);

	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	right = right && !tw_failed(e) && a.state == TW_ACCOUNT_ACTIVE;
	TW_TRY(tw_password_of(c, w->account, &kept));
	right = right && kept.is && tw_phc_same(&kept.hash, &w->began); /* it may have been another's since */
	if (right && w->why == TW_STAFF_LOGS_IN && !w->code[0] && w->page.is)
		TW_TRY(tw_staff_second(w, &a, rp, &asks));
	if (asks)
		return TW_OK;
	e = right ? use_code(w) : TW_RAISE(DENIED, "the password is not right");
	if (!tw_failed(e))
		return tw_staff_shown_all(w, &a, rp);
	if (tw_is(e, TW_CODE_STATE))
		return tw_reply_problem(rp, 503, "clock", "access.clock", "The service's clock cannot be trusted now",
			"Wait until the clock is set.", "Without the time no code can be judged.");
	if (!tw_is(e, TW_CODE_DENIED) && !tw_is(e, TW_CODE_NOTFOUND))
		return e;
	tw_login_failed(c, &w->who);
	return opens_nothing(rp);
}

static void on_verified(void *user, const struct tw_hash_answer *a)
{
	struct tw_staff_work *w = user;
	struct tw_reply rp = { .status = 200 };
	tw_err e = a->outcome == TW_HASH_REFUSED ? tw_staff_busy(&rp) : judge(w, a->outcome == TW_HASH_YES, &rp);

	tw_staff_finish(w, &rp, e);
}

tw_err tw_staff_and_password(struct tw_staff_work *w)
{
	const struct tw_slice password = { (const char *)tw_secret_bytes(w->password), tw_secret_size(w->password) };

	return tw_hash_verify(w->app->hashing, &w->began, password, on_verified, w);
}

tw_err tw_staff_login(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	char client[TW_COOKIE_TEXT + 1];
	const struct tw_login_typed typed = { tw_json_text(rq->input, "account"), client, rq->subject.source };
	const struct tw_slice password = tw_slice_of(tw_json_text(rq->input, "password"));
	struct tw_staff_work want = { .account = 0, .page = tw_staff_page_of(rq) }, *w = NULL;
	struct tw_password_kept kept;

	tw_staff_client(rq, client);
	if (password.size == 0) /* a form may have left it out; no account has such a one, and none is guessed by it */
		return opens_nothing(rp);
	TW_TRY(tw_login_who(c, &typed, &want.who, &want.account));
	TW_TRY(tw_password_of(c, want.account, &kept));
	want.began = kept.hash;
	(void)snprintf(want.code, sizeof want.code, "%s", tw_json_text(rq->input, "code"));
	TW_TRY(tw_staff_place(c, rq, rp, &want, &w));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_hash_verify(w->app->hashing, &w->began, password, on_verified, w);
	return tw_failed(e) ? tw_staff_cannot(w, e, rp) : TW_OK;
}

/* The same once more, of whoever is in. */
tw_err tw_staff_prove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *name = strchr(rq->subject.name, ':');
	char client[TW_COOKIE_TEXT + 1];
	struct tw_staff_work want = { .why = TW_STAFF_PROVES, .page = tw_staff_page_of(rq) }, *w = NULL;
	struct tw_password_kept kept;
	int64_t account = 0;
	int wait;

	tw_staff_client(rq, client);
	if (!*tw_json_text(rq->input, "password"))
		return opens_nothing(rp);
	TW_TRY(tw_login_who(c, &(struct tw_login_typed){ name ? name + 1 : "", client, rq->subject.source }, &want.who, &account));
	wait = tw_login_wait_s(c, &want.who); /* the path lets those wait who are not in yet, and whoever stole a session guesses too */
	if (wait)
		return tw_access_wait(rq, wait, rp);
	TW_TRY(tw_staff_own_work(c, rq, &want));
	TW_TRY(tw_password_of(c, want.account, &kept));
	want.began = kept.hash;
	(void)snprintf(want.code, sizeof want.code, "%s", tw_json_text(rq->input, "code"));
	TW_TRY(tw_staff_place(c, rq, rp, &want, &w));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_hash_verify(w->app->hashing, &w->began, tw_slice_of(tw_json_text(rq->input, "password")), on_verified, w);
	return tw_failed(e) ? tw_staff_cannot(w, e, rp) : TW_OK;
}

/* --- An invitation --- */

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* 0: it is none, or no longer. */
static tw_err invited(struct tw_context *c, const uint8_t hash[32], int64_t *ret)
{
	const struct tw_value v[] = { TW_V_BLOB(hash, 32), TW_V_BLOB(c->guard->boot_id, sizeof c->guard->boot_id),
		TW_V_INT(tw_time_boot_ms(c->time)) };

	*ret = 0;
	return tw_store_run(c->store, tw_sql_code_get, v, TW_COUNT(v), take_id, ret);
}

static tw_err no_invitation(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "invitation", "staff.invitation", "This is no invitation", "Ask an administrator for a new one.",
		"It was used, another took its place, or it is older than a day or than the machine's last start.");
}

struct joining {
	struct tw_context *c;
	const struct tw_staff_work *work;
	const char *phc;
	const struct tw_account *account;
};

static tw_err join(tw_store *s, void *user)
{
	struct joining *j = user;
	const struct tw_value code[] = { TW_V_BLOB(j->work->invitation, sizeof j->work->invitation) };
	const struct tw_account *a = j->account;

	TW_TRY(tw_store_run(s, tw_sql_code_drop, code, TW_COUNT(code), NULL, NULL));
	if (tw_store_changes(s) != 1)
		return TW_RAISE(NOTFOUND, "the invitation was used meanwhile");
	TW_TRY(tw_account_note(
		j->c, &(struct tw_account_note){ .account = a->id, .name = a->name, .what = "joined", .who = "by invitation" }));
	return tw_password_put(j->c, &(struct tw_password_new){ .account = a->id, .phc = j->phc, .hands = "" });
}

/* The secret first: as long as there is no password, it opens nothing. */
static tw_err let_join(struct tw_staff_work *w, struct tw_slice made, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf uri = { 0 };
	struct tw_context *c = &w->app->context;
	char phc[TW_PHC_MAX], id[TW_ACCOUNT_ID_MAX + 2];
	struct tw_account a;
	int64_t account = 0;

	(void)snprintf(phc, sizeof phc, TW_SLICE_FMT, TW_SLICE_ARG(made));
	TW_TRY(invited(c, w->invitation, &account));
	if (!account)
		return no_invitation(rp);
	TW_TRY(tw_account_get(c, account, &a));
	tw_buf_init(&uri, c->sys, TW_TOTP_URI_MAX);
	TW_TRY(tw_totp_enrol(c, a.id, "Product security", a.name, &uri));
	TW_TRY(tw_store_transaction(c->store, join, &(struct joining){ c, w, phc, &a }));
	tw_ignore(tw_durable_remove(c->sys, w->app->dir, TW_STAFF_SETUP)); /* it opens nothing any more */
	tw_account_id(a.id, id);
	rp->status = w->page.is ? 200 : 201;
	(void)snprintf(rp->note, sizeof rp->note, "%s %s joined", id, a.name);
	if (w->page.is)
		return tw_staff_page_joined(c, &w->page, a.name, tw_buf_cstr(&uri), rp);
	rp->body = json_pack("{s:s, s:s, s:s}", "account", id, "name", a.name, "uri", tw_buf_cstr(&uri));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static void on_made(void *user, const struct tw_hash_answer *a)
{
	struct tw_staff_work *w = user;
	struct tw_reply rp = { .status = 200 };
	tw_err e = a->outcome != TW_HASH_YES ? tw_staff_busy(&rp)
		: w->why == TW_STAFF_CHANGES ? tw_staff_password_made(w, a->phc, &rp)
					     : let_join(w, a->phc, &rp);

	tw_staff_finish(w, &rp, e);
}

tw_err tw_staff_join(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_hash_cost cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN };
	struct tw_slice code = tw_slice_of(tw_json_text(rq->input, "code")), password = tw_slice_of(tw_json_text(rq->input, "password"));
	struct tw_staff_work want = { .why = TW_STAFF_JOINS, .page = tw_staff_page_of(rq) }, *w = NULL;
	struct tw_account a;

	TW_TRY(tw_sha256(code.at, code.size, want.invitation));
	TW_TRY(invited(c, want.invitation, &want.account));
	if (!want.account)
		return no_invitation(rp);
	tw_app_of(c)->staff->proven = true;
	tw_throttle_source(rq->subject.source, want.who.source);
	TW_TRY(tw_account_get(c, want.account, &a));
	TW_TRY(tw_password_check(c, &a, password, rp));
	if (!rp->problem[0])
		TW_TRY(tw_staff_place(c, rq, rp, &want, &w));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_hash_make(w->app->hashing, cost, password, on_made, w);
	return tw_failed(e) ? tw_staff_cannot(w, e, rp) : TW_OK;
}

/* A new password of whoever is in, who has just proved that he is he. */
tw_err tw_staff_password(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_hash_cost cost = { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN };
	struct tw_slice password = tw_slice_of(tw_json_text(rq->input, "password"));
	struct tw_staff_work want = { .why = TW_STAFF_CHANGES, .page = tw_staff_page_of(rq) }, *w = NULL;
	struct tw_account a;

	TW_TRY(tw_staff_own_work(c, rq, &want));
	tw_throttle_source(rq->subject.source, want.who.source);
	want.who.known = true; /* he is in */
	TW_TRY(tw_account_get(c, want.account, &a));
	TW_TRY(tw_password_check(c, &a, password, rp));
	if (!rp->problem[0])
		TW_TRY(tw_staff_place(c, rq, rp, &want, &w));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_hash_make(w->app->hashing, cost, password, on_made, w);
	return tw_failed(e) ? tw_staff_cannot(w, e, rp) : TW_OK;
}
