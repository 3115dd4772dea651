/* SPDX-License-Identifier: Apache-2.0 */
#include "support/staff/passkeys.h"

#include "base/text.h"
#include "service/access/password-store.h"
#include "service/sql-service.h"
#include "support/rows-staff.h"
#include "support/sql-support.h"
#include "support/staff/login.h"

#include <inttypes.h>
#include <string.h>

/* --- Where --- */

bool tw_staff_site(struct tw_context *c, struct tw_staff_site *ret)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;

	_Static_assert(sizeof ret->name > sizeof d->site, "a site's name is shorter than a name may be");
	ret->origin = d->site;
	return tw_desk_site_name(d->site, ret->name);
}

static tw_err nowhere(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "site", "passkey.site", "There are no passkeys here",
		"Have whoever runs the service say its site in desk.json, as https:// and a name in small letters.",
		"A browser has passkeys for a DNS name, and this service does not know its own.");
}

void tw_staff_purpose(struct tw_staff_passkey *p, enum tw_staff_why why, const char *session, const char *second)
{
	const char *what = why == TW_STAFF_PROVES ? "prove" : why == TW_STAFF_CHANGES ? "new" : *second ? "second" : "login";

	p->second = why == TW_STAFF_LOGS_IN && *second;
	(void)snprintf(p->purpose, sizeof p->purpose, "%s %.24s", what, why == TW_STAFF_LOGS_IN ? second : session);
}

/* --- Whose roles want one --- */

bool tw_staff_by_passkey(const struct tw_session *s)
{
	return !strcmp(s->how, TW_HOW_PASSKEY) || !strcmp(s->how, TW_HOW_PASSWORD_PASSKEY);
}

bool tw_staff_wants_passkey(struct tw_context *c, const char *roles)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;
	bool wants = false;

	for (size_t i = 0; i < d->passkey_role_count; i++)
		wants = wants || tw_account_has(roles, d->passkey_roles[i]);
	return wants;
}

struct usable {
	struct tw_staff_site site;
	int count;
};

static tw_err count_usable(void *user, const struct tw_passkey *p)
{
	struct usable *u = user;

	u->count += strcmp(p->site, u->site.name) == 0;
	return TW_OK;
}

/* Where the site has moved, a browser shows none of those before. */
tw_err tw_staff_usable_passkeys(struct tw_context *c, int64_t account, int *ret)
{
	struct usable u = { .count = 0 };

	*ret = 0;
	if (!tw_staff_site(c, &u.site))
		return TW_OK;
	TW_TRY(tw_passkey_each(c, account, count_usable, &u));
	*ret = u.count;
	return TW_OK;
}

tw_err tw_staff_lacks_passkey(struct tw_context *c, const struct tw_account *a, bool *ret)
{
	int usable = 0;

	*ret = false;
	if (!tw_staff_wants_passkey(c, a->roles))
		return TW_OK;
	TW_TRY(tw_staff_usable_passkeys(c, a->id, &usable));
	*ret = usable > 0;
	return TW_OK;
}

tw_err tw_staff_passkey_needed(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "passkey-needed", "staff.passkey-needed", "This account comes in by its passkey",
		"Log in with it; whoever has lost it asks an administrator for a new invitation.",
		"desk.json wants a passkey of this role, and the account has one.");
}

/* --- Who has what --- */

struct each {
	tw_err (*take)(void *user, const struct tw_staff_factors *f);
	void *user;
};

static tw_err take_each(void *user, const tw_row *row)
{
	const struct each *e = user;

	return e->take(e->user, &(struct tw_staff_factors){ tw_row_int(row, 0), (int)tw_row_int(row, 1), (int)tw_row_int(row, 2) });
}

tw_err tw_staff_factors(struct tw_context *c, int64_t account, tw_err (*take)(void *user, const struct tw_staff_factors *f), void *user)
{
	return tw_store_run(c->store, tw_sql_staff_factors, &TW_V_INT(account), 1, take_each, &(struct each){ take, user });
}

static tw_err take_one(void *user, const struct tw_staff_factors *f)
{
	*(struct tw_staff_factors *)user = *f;
	return TW_OK;
}

tw_err tw_staff_factors_of(struct tw_context *c, int64_t account, struct tw_staff_factors *ret)
{
	*ret = (struct tw_staff_factors){ .account = account };
	return tw_staff_factors(c, account, take_one, ret);
}

/* --- Shown, at a login or as a proof --- */

static tw_err opens_nothing(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "passkey", "staff.passkey", "This passkey opens nothing here", "Begin again.",
		"It is of another account or site, has not signed this challenge, was copied, or has not seen who holds it and no password was typed with it.");
}

/* What came, as far as it can be judged without looking at the signature. NOTFOUND, DENIED, SYNTAX, LIMIT: it opens nothing. */
static tw_err look(struct tw_context *c, const struct tw_request *rq, const struct tw_staff_passkey *w,
	struct tw_passkey_shown *shown, struct tw_passkey *ret)
{
	struct tw_staff_site site;

	if (!tw_staff_site(c, &site))
		return TW_RAISE(DENIED, "there are none here");
	TW_TRY(tw_challenge_check(&tw_app_of(c)->staff->challenges, tw_time_boot_ms(c->time), w->purpose, w->challenge));
	TW_TRY(tw_passkey_shown_read(rq->input, shown));
	const struct tw_client_data_want want = { TW_CLIENT_GET, w->challenge, site.origin };
	TW_TRY(tw_passkey_shown_by(c, shown, &want, ret));
	if (!ret->id || strcmp(ret->site, site.name) != 0)
		return TW_RAISE(NOTFOUND, "no passkey of this site");
	if (!w->second && !*tw_json_text(rq->input, "password") && !tw_passkey_verified(&shown->data))
		return TW_RAISE(DENIED, "the authenticator has not seen who holds it, and there is no password");
	return TW_OK;
}

/* Whose it is: behind a password that account's, and of a proof whoever asks. */
static tw_err whose(struct tw_context *c, const struct tw_request *rq, struct tw_staff_work *w, struct tw_account *ret)
{
	char client[TW_COOKIE_TEXT + 1], id[TW_ACCOUNT_ID_MAX + 2];
	struct tw_account self;
	int64_t named = 0;

	TW_TRY(tw_account_get(c, w->account, ret));
	tw_staff_client(rq, client);
	TW_TRY(tw_login_who(c, &(struct tw_login_typed){ ret->name, client, rq->subject.source }, &w->who, &named));
	if (!*tw_json_text(rq->input, "password"))
		w->who.name[0] = '\0'; /* nothing of this account's is guessed */
	tw_account_id(ret->id, id);
	if (w->passkey.second && strcmp(id, tw_json_text(rq->input, "second")) != 0)
		return TW_RAISE(DENIED, "a passkey of another account");
	if (w->why == TW_STAFF_LOGS_IN)
		return TW_OK;
	TW_TRY(tw_staff_self_account(c, rq, &self));
	TW_TRY(tw_staff_own_work(c, rq, w));
	return self.id == ret->id ? TW_OK : TW_RAISE(DENIED, "a passkey of another account");
}

static tw_err fails(struct tw_staff_work *w, struct tw_reply *rp)
{
	tw_login_failed(&w->app->context, &w->who);
	return opens_nothing(rp);
}

static tw_err uses(struct tw_staff_work *w)
{
	const struct tw_challenge_used u = { w->account, w->passkey.purpose, w->passkey.challenge };

	return tw_challenge_use(&w->app->staff->challenges, tw_time_boot_ms(w->app->context.time), &u);
}

/* It counts from here on, and its challenge no more: durable before anybody is let in. DENIED: it opens nothing. */
static tw_err counts(struct tw_staff_work *w, const struct tw_passkey *p)
{
	struct tw_context *c = &w->app->context;
	const struct tw_value used[] = { TW_V_INT(p->id), TW_V_INT(tw_time_wall_ms(c->time)) };

	TW_TRY(uses(w));
	tw_err e = tw_passkey_counted(c, p, w->passkey.counter);
	if (tw_is(e, TW_CODE_DENIED)) {
		TW_TRY(tw_passkey_tell_counter(c, w->account, p->id));
		return TW_RAISE(DENIED, "its counter has not risen");
	}
	TW_TRY(e);
	return tw_store_run(c->store, tw_sql_staff_passkey_used, used, TW_COUNT(used), NULL, NULL);
}

/* *ret_waits: the password is judged now, and the answer comes when it is. */
static tw_err signed_well(struct tw_staff_work *w, struct tw_reply *rp, bool *ret_waits)
{
	struct tw_context *c = &w->app->context;
	struct tw_passkey p;
	struct tw_account a;

	TW_TRY(tw_passkey_by_id(c, w->passkey.id, &p)); /* it may have been removed since */
	tw_err e = p.id && p.account == w->account ? counts(w, &p) : TW_RAISE(DENIED, "it is gone");
	if (!tw_failed(e))
		e = tw_account_get(c, w->account, &a);
	if (!tw_failed(e) && a.state != TW_ACCOUNT_ACTIVE)
		e = TW_RAISE(DENIED, "the account is not active");
	if (tw_is(e, TW_CODE_DENIED) || tw_is(e, TW_CODE_NOTFOUND))
		return fails(w, rp);
	if (tw_is(e, TW_CODE_LIMIT))
		return tw_staff_busy(rp);
	TW_TRY(e);
	if (!w->password)
		return tw_staff_shown_all(w, &a, rp);
	e = tw_staff_and_password(w);
	*ret_waits = !tw_failed(e);
	return tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_STATE) ? tw_staff_busy(rp) : e;
}

static void on_shown(void *user, const struct tw_hash_answer *a)
{
	struct tw_staff_work *w = user;
	struct tw_reply rp = { .status = 200 };
	bool waits = false;
	tw_err e = a->outcome == TW_HASH_YES ? signed_well(w, &rp, &waits)
		: a->outcome == TW_HASH_NO   ? fails(w, &rp)
					     : tw_staff_busy(&rp);

	if (!waits)
		tw_staff_finish(w, &rp, e);
}

/* The signature, and then the password that was typed with it. */
static tw_err ask(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_staff_work *want,
	const struct tw_passkey_assert *q)
{
	const char *password = tw_json_text(rq->input, "password");
	struct tw_staff_work *w = NULL;
	struct tw_password_kept kept;

	TW_TRY(tw_password_of(c, want->account, &kept));
	want->began = kept.hash;
	TW_TRY(tw_staff_place(c, rq, rp, want, &w));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = *password ? tw_secret_new(c->sys, password, strlen(password), &w->password) : TW_OK;
	if (!tw_failed(e))
		e = tw_hash_assert(w->app->hashing, q, on_shown, w);
	return tw_failed(e) ? tw_staff_cannot(w, e, rp) : TW_OK;
}

static tw_err show(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, enum tw_staff_why why)
{
	struct tw_staff_work want = { .why = why, .page = tw_staff_page_of(rq) };
	struct tw_passkey p = { .id = 0 };
	struct tw_passkey_shown shown;
	struct tw_passkey_assert q;
	struct tw_account a;

	(void)snprintf(want.passkey.challenge, sizeof want.passkey.challenge, "%s", tw_json_text(rq->input, "challenge"));
	tw_staff_purpose(&want.passkey, why, rq->subject.session, tw_json_text(rq->input, "second"));
	tw_err e = look(c, rq, &want.passkey, &shown, &p);
	want.account = p.account;
	if (!tw_failed(e))
		e = whose(c, rq, &want, &a);
	if (tw_passkey_is_no(e))
		return opens_nothing(rp);
	TW_TRY(e);
	const int wait = tw_login_wait_s(c, &want.who);
	if (wait) {
		tw_app_of(c)->staff->proven = true; /* whoever waits has not failed */
		return tw_access_wait(rq, wait, rp);
	}
	want.passkey.id = p.id;
	want.passkey.counter = tw_passkey_counter(&shown.data);
	TW_TRY(tw_passkey_question(&p, &shown, &q));
	return ask(c, rq, rp, &want, &q);
}

tw_err tw_staff_passkey_login(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return show(c, rq, rp, TW_STAFF_LOGS_IN);
}

tw_err tw_staff_passkey_prove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return show(c, rq, rp, TW_STAFF_PROVES);
}

/* --- A new one --- */

static tw_err is_none(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 422, "passkey", "staff.passkey", "This is no new passkey for here", "Begin again.",
		"It was made for another page or another challenge, nobody touched it, or its kind of key is not taken (P-256 and Ed25519 are).");
}

struct putting {
	struct tw_context *c;
	const struct tw_account *account;
	struct tw_passkey passkey;
};

static tw_err put(tw_store *s, void *user)
{
	struct putting *g = user;
	char what[96];
	int64_t id = 0;

	TW_TRY(tw_passkey_put(g->c, &g->passkey, &id));
	(void)snprintf(what, sizeof what, "registered the passkey %s", g->passkey.label);
	return tw_staff_changed(g->c, g->account, what);
}

static tw_err check_room(struct tw_context *c, int64_t account, struct tw_reply *rp)
{
	struct tw_staff_factors f;

	TW_TRY(tw_staff_factors_of(c, account, &f));
	return f.passkeys < TW_PASSKEYS_OWN ? TW_OK
					    : tw_reply_problem(rp, 409, "full", "passkey.limit", "You have too many passkeys",
						      "Remove one first.", "An account has at most %d.", TW_PASSKEYS_OWN);
}

/* Whoever asked is in still, and has room; nobody has it yet. */
static tw_err enrol(struct tw_staff_work *w, const struct tw_passkey_enrolled *made, struct tw_reply *rp)
{
	struct tw_context *c = &w->app->context;
	const struct tw_session *s = tw_access_session_by_hash(c, w->session);
	struct putting g = { .c = c, .passkey = { .account = w->account, .counter = w->passkey.counter } };
	struct tw_staff_site site;
	struct tw_passkey other;
	struct tw_account a;

	if (!s || !tw_access_session_lives(c, s) || s->account != w->account)
		return tw_staff_session_ended(rp);
	TW_TRY(tw_account_get(c, w->account, &a));
	if (a.state != TW_ACCOUNT_ACTIVE)
		return tw_staff_session_ended(rp);
	TW_TRY(check_room(c, a.id, rp));
	if (rp->problem[0])
		return TW_OK;
	if (!tw_staff_site(c, &site))
		return nowhere(rp);
	TW_TRY(tw_passkey_by_handle(c, made->id, &other));
	if (other.id)
		return tw_reply_problem(rp, 409, "exists", "passkey.exists", "This passkey is registered already",
			"Use another authenticator.", "One passkey is one account's.");
	tw_err e = uses(w);
	if (tw_is(e, TW_CODE_DENIED))
		return is_none(rp);
	if (tw_is(e, TW_CODE_LIMIT))
		return tw_staff_busy(rp);
	TW_TRY(e);
	g.account = &a;
	tw_passkey_made(&g.passkey, made);
	(void)snprintf(g.passkey.label, sizeof g.passkey.label, "%s", w->passkey.label);
	(void)snprintf(g.passkey.site, sizeof g.passkey.site, "%s", site.name);
	TW_TRY(tw_store_transaction(c->store, put, &g));
	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s registered a passkey", (long long)a.id, a.name);
	tw_staff_page_on(&w->page, TW_STAFF_ME "?done=2", rp);
	return TW_OK;
}

static void on_made(void *user, const struct tw_hash_answer *a)
{
	struct tw_staff_work *w = user;
	struct tw_reply rp = { .status = 200 };
	tw_err e = a->outcome == TW_HASH_YES ? enrol(w, &a->enrolled, &rp)
		: a->outcome == TW_HASH_NO   ? is_none(&rp)
					     : tw_staff_busy(&rp);

	tw_staff_finish(w, &rp, e);
}

/* What the browser says it asked. DENIED, SYNTAX, LIMIT: it is none. */
static tw_err read_made(struct tw_context *c, const struct tw_request *rq, const struct tw_staff_work *w, struct tw_passkey_bytes *ret)
{
	struct tw_staff_site site;

	if (!tw_staff_site(c, &site))
		return TW_RAISE(DENIED, "there are none here");
	TW_TRY(tw_challenge_check(&tw_app_of(c)->staff->challenges, tw_time_boot_ms(c->time), w->passkey.purpose, w->passkey.challenge));
	const struct tw_client_data_want want = { TW_CLIENT_CREATE, w->passkey.challenge, site.origin };
	return tw_passkey_made_read(rq->input, &want, ret);
}

tw_err tw_staff_passkey_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *label = tw_json_text(rq->input, "label");
	struct tw_staff_work want = { .why = TW_STAFF_CHANGES, .page = tw_staff_page_of(rq) }, *w = NULL;
	struct tw_staff_site site;
	struct tw_passkey_bytes data;

	if (!tw_account_name_valid(label))
		return tw_reply_problem(rp, 422, "label", "credential.label", "This is no name for a passkey", "Choose another.",
			"It is 1 to 48 printable characters, without blanks at its ends.");
	if (!tw_staff_site(c, &site))
		return nowhere(rp);
	TW_TRY(tw_staff_own_work(c, rq, &want));
	TW_TRY(check_room(c, want.account, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_throttle_source(rq->subject.source, want.who.source);
	want.who.known = true; /* he is in */
	(void)snprintf(want.passkey.challenge, sizeof want.passkey.challenge, "%s", tw_json_text(rq->input, "challenge"));
	tw_staff_purpose(&want.passkey, TW_STAFF_CHANGES, rq->subject.session, "");
	(void)snprintf(want.passkey.label, sizeof want.passkey.label, "%s", label);
	tw_err e = read_made(c, rq, &want, &data);
	if (tw_passkey_is_no(e))
		return is_none(rp);
	TW_TRY(e);
	want.passkey.counter = tw_passkey_counter(&data);
	TW_TRY(tw_staff_place(c, rq, rp, &want, &w));
	if (rp->problem[0])
		return TW_OK;
	e = tw_hash_enrol(w->app->hashing,
		&(struct tw_passkey_enrol){ tw_slice_of(site.name), { (const char *)data.at, data.size } }, on_made, w);
	return tw_failed(e) ? tw_staff_cannot(w, e, rp) : TW_OK;
}

/* --- His own --- */

struct list {
	struct tw_context *c;
	json_t *to;
};

static tw_err take_time(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err add(void *user, const struct tw_passkey *p)
{
	struct list *l = user;
	char text[TW_TIME_TEXT_MAX];
	int64_t used = 0;
	json_t *one;

	TW_TRY(tw_store_run(l->c->store, tw_sql_staff_passkey_use, &TW_V_INT(p->id), 1, take_time, &used));
	tw_time_text(p->made_ms, text);
	one = json_pack("{s:o, s:s, s:s}", "credential", json_sprintf("c%" PRId64, p->id), "label", p->label, "made", text);
	TW_TRY(tw_json_append(l->to, one));
	tw_time_text(used, text);
	return used ? tw_json_set(one, "used", json_string(text)) : TW_OK;
}

tw_err tw_staff_passkeys(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { c, json_array() };
	struct tw_account a;

	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "passkeys", l.to));
	TW_TRY(tw_staff_self_account(c, rq, &a));
	return tw_passkey_each(c, a.id, add, &l);
}

struct removing {
	struct tw_context *c;
	const struct tw_account *account;
	const struct tw_passkey *passkey;
};

static tw_err drop(tw_store *s, void *user)
{
	const struct removing *g = user;
	char what[96];

	TW_TRY(tw_store_run(s, tw_sql_credential_drop, &TW_V_INT(g->passkey->id), 1, NULL, NULL));
	(void)snprintf(what, sizeof what, "removed the passkey %s", g->passkey->label);
	return tw_staff_changed(g->c, g->account, what);
}

tw_err tw_staff_passkey_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_passkey *ret)
{
	const struct tw_slice id = rq->parameter;
	struct tw_account a;
	uint64_t number = 0;

	ret->id = 0;
	TW_TRY(tw_staff_self_account(c, rq, &a));
	if (id.size > 1 && id.at[0] == 'c' && !tw_failed(tw_parse_u64((struct tw_slice){ id.at + 1, id.size - 1 }, INT64_MAX, &number)))
		TW_TRY(tw_passkey_by_id(c, (int64_t)number, ret));
	if (!ret->id || ret->account != a.id)
		return tw_reply_problem(rp, 404, "not-found", "passkey.unknown", "You have no such passkey",
			"List yours: staff.passkeys.", "None of yours has this id.");
	return TW_OK;
}

static bool is_of_here(struct tw_context *c, const struct tw_passkey *p)
{
	struct tw_staff_site site;

	return tw_staff_site(c, &site) && strcmp(p->site, site.name) == 0;
}

/* Where his role wants one, the last that opens anything stays: without it a password and a code would be enough again to put another in its place. */
tw_err tw_staff_passkey_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_passkey p;
	struct tw_account a;
	int usable = 0;

	TW_TRY(tw_staff_passkey_wanted(c, rq, rp, &p));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_staff_self_account(c, rq, &a));
	TW_TRY(tw_staff_usable_passkeys(c, a.id, &usable));
	if (usable == 1 && is_of_here(c, &p) && tw_staff_wants_passkey(c, a.roles))
		return tw_reply_problem(rp, 409, "last-passkey", "staff.passkey-last",
			"Your role comes in by a passkey, and this is your only one", "Register another first.",
			"desk.json wants a passkey of this role.");
	TW_TRY(tw_store_transaction(c->store, drop, &(struct removing){ c, &a, &p }));
	(void)snprintf(rp->note, sizeof rp->note, "a%lld %s removed a passkey", (long long)a.id, a.name);
	rp->status = 204;
	return TW_OK;
}
