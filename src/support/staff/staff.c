/* SPDX-License-Identifier: Apache-2.0 */
/* Who comes in: from a session's token to a subject with the role of its account, found anew at each request. See staff.h. */
#include "support/staff/passkeys.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/access/password-store.h"
#include "service/access/throttle-store.h"
#include "service/sql-service.h"
#include "support/rows-staff.h"
#include "support/sql-support.h"
#include "sys/durable.h"

#include <string.h>

#define ACTIVE_MS 3600000 /* that an account is in use is written down this often at most */

/* --- Subjects --- */

static void note_use(struct tw_context *c, const struct tw_account *a)
{
	int64_t now = tw_time_wall_ms(c->time);
	const struct tw_value v[] = { TW_V_INT(a->id), TW_V_INT(now) };

	if (now - a->active_ms >= ACTIVE_MS)
		tw_ignore(tw_store_run(c->store, tw_sql_account_active, v, TW_COUNT(v), NULL, NULL)); /* the next request tries again */
}

static void take_roles(const struct tw_context *c, const char *words, struct tw_role_set *ret)
{
	*ret = (struct tw_role_set){ 0 };
	while (*words) {
		char role[TW_ROLE_NAME_MAX + 1];
		size_t size = strcspn(words, " ");

		if (size < sizeof role) {
			(void)snprintf(role, sizeof role, "%.*s", (int)size, words);
			tw_role_set_add(ret, tw_gate_role(c->gate, role));
		}
		words += size + (words[size] == ' ');
	}
}

/* Whose role wants a passkey is, in a session by less, nobody but himself: he can get one, and go. by NULL: of one that has ended since, of which
   nothing is known. */
static tw_err become(struct tw_context *c, struct tw_subject *s, int64_t account, const struct tw_session *by)
{
	struct tw_account a;
	tw_err e = tw_account_get(c, account, &a);

	if (tw_is(e, TW_CODE_NOTFOUND) || (!tw_failed(e) && a.state != TW_ACCOUNT_ACTIVE))
		return TW_RAISE(DENIED, "the account is not active, or gone");
	TW_TRY(e);
	tw_account_id(a.id, s->account);
	if ((by && tw_staff_by_passkey(by)) || !tw_staff_wants_passkey(c, a.roles))
		take_roles(c, a.roles, &s->roles);
	else
		s->roles = (struct tw_role_set){ 0 };
	s->given = s->roles;
	s->kind = TW_SUBJECT_ACCOUNT;
	(void)snprintf(s->name, sizeof s->name, "account:%s", a.name);
	note_use(c, &a);
	return TW_OK;
}

/* A cookie comes along with whatever a browser asks, so it counts for pages alone: of an operation under /api/ nobody but its caller can know that he
   meant it. What a page changes, front lets through only from our own origin. */
static bool is_page(const struct tw_request *rq)
{
	return rq->operation && strncmp(rq->operation->path, "/api/", 5) != 0;
}

static struct tw_slice cookie(const struct tw_request *rq)
{
	struct tw_cookies c = { TW_SLICE(""), TW_SLICE("") };

	if (rq->head && is_page(rq))
		tw_cookies_read(rq->head, &c);
	return c.session;
}

struct tw_slice tw_staff_token(const struct tw_request *rq)
{
	struct tw_slice token = tw_access_bearer(rq);

	return token.size ? token : cookie(rq);
}

void tw_staff_client(const struct tw_request *rq, char ret[TW_COOKIE_TEXT + 1])
{
	struct tw_cookies c = { TW_SLICE(""), TW_SLICE("") };

	if (rq->head && is_page(rq))
		tw_cookies_read(rq->head, &c);
	else
		c.client = tw_slice_of(tw_json_text(rq->input, "client"));
	(void)snprintf(ret, TW_COOKIE_TEXT + 1, TW_SLICE_FMT, TW_SLICE_ARG(c.client));
}

/* A cookie of a session that has ended is nobody's: the pages for everybody still answer, and the staff's say to log in. */
static tw_err authenticate(struct tw_context *c, struct tw_request *rq)
{
	struct tw_slice token = tw_staff_token(rq);
	struct tw_session *s;

	_Static_assert(TW_TOKEN_TEXT == TW_COOKIE_TEXT, "a token is a cookie's value");
	if (rq->subject.door != TW_DOOR_HTTPS || token.size == 0)
		return TW_OK;
	s = tw_access_session_of(c, token);
	if (!s || !tw_access_session_fits(s, rq))
		return tw_access_bearer(rq).size ? TW_RAISE(DENIED, "no such session, or no longer") : TW_OK;
	tw_session_id(s->hash, rq->subject.session);
	if (!rq->goes_on)
		s->used_ms = tw_time_boot_ms(c->time);
	TW_TRY(become(c, &rq->subject, s->account, s));
	(void)snprintf(rq->subject.how, sizeof rq->subject.how, "session");
	return TW_OK;
}

static bool known(struct tw_context *c, struct tw_subject *s)
{
	struct tw_subject now = *s;
	int64_t account = 0;

	if (s->kind != TW_SUBJECT_ACCOUNT)
		return true;
	s->roles = s->given = (struct tw_role_set){ 0 };
	if (!tw_account_id_read(tw_slice_of(s->account), &account) || tw_failed(become(c, &now, account, tw_staff_session(c, s))))
		return false;
	s->roles = s->given = now.roles;
	return true;
}

/* --- Who has to wait --- */

/* What strangers do to come in; whatever else they do has the allowance of its own. */
bool tw_staff_comes_in(const struct tw_request *rq, bool *ret_login)
{
	static const char *const names[] = { "login.open", "login.send", "login.passkey", "staff.join", "join.send" };
	size_t i = 0;

	while (i < TW_COUNT(names) && strcmp(rq->operation->name, names[i]) != 0)
		i++;
	*ret_login = i < 3;
	return i < TW_COUNT(names);
}

static tw_err admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	char source[64], client[TW_COOKIE_TEXT + 1];
	bool login;
	int wait;

	if (!tw_staff_comes_in(rq, &login))
		return tw_admit(c, rq, rp);
	tw_app_of(c)->staff->proven = false;
	if (login) {
		tw_staff_client(rq, client);
		const struct tw_login_typed typed = { tw_json_text(rq->input, "account"), client, rq->subject.source };
		struct tw_login_who who;
		int64_t account = 0;

		TW_TRY(tw_login_who(c, &typed, &who, &account));
		wait = tw_login_wait_s(c, &who);
	} else {
		tw_throttle_source(rq->subject.source, source);
		wait = tw_throttle_wait_s(tw_access_throttle(c), source, tw_time_boot_ms(c->time));
	}
	return wait ? tw_access_wait(rq, wait, rp) : TW_OK;
}

static void refused(struct tw_context *c, const struct tw_request *rq)
{
	struct tw_staff *s = tw_app_of(c)->staff;
	bool proven = s->proven, login;
	char source[64];

	s->proven = false;
	if (proven || !tw_staff_comes_in(rq, &login))
		return;
	tw_throttle_source(rq->subject.source, source);
	tw_throttle_failed(tw_access_throttle(c), source, tw_time_boot_ms(c->time));
}

/* --- Invitations, and the first of them --- */

tw_err tw_staff_invitation(struct tw_context *c, int64_t account, const struct tw_token *t)
{
	const struct tw_value v[] = { TW_V_BLOB(t->hash, sizeof t->hash), TW_V_INT(account),
		TW_V_BLOB(c->guard->boot_id, sizeof c->guard->boot_id), TW_V_INT(tw_time_boot_ms(c->time) + TW_STAFF_INVITED_MS),
		TW_V_TEXT(""), TW_V_INT(0) };
	const struct tw_value active[] = { TW_V_INT(account), TW_V_INT(tw_time_wall_ms(c->time)) };

	TW_TRY(tw_access_sessions_drop(c, account)); /* and the invitations before it */
	TW_TRY(tw_password_drop(c, account));
	TW_TRY(tw_totp_remove(c, account));
	TW_TRY(tw_passkey_drop_of(c, account));
	TW_TRY(tw_store_run(c->store, tw_sql_account_resume, active, TW_COUNT(active), NULL, NULL)); /* unused for too long, it is in use again */
	return tw_store_run(c->store, tw_sql_code_put, v, TW_COUNT(v), NULL, NULL);
}

struct first {
	struct tw_context *c;
	struct tw_token token;
};

static void first_done(struct first *f)
{
	tw_token_done(&f->token);
}

static tw_err invite_first(tw_store *s, void *user)
{
	struct first *f = user;
	const struct tw_new_account n = { .name = TW_ROLE_ADMINISTRATOR,
		.made_by = "the first start",
		.kind = TW_ACCOUNT_PERSON,
		.made_ms = tw_time_wall_ms(f->c->time) };
	int64_t id = 0;

	TW_TRY(tw_account_named(f->c, n.name, &id));
	if (!id)
		TW_TRY(tw_account_put(f->c, &n, &id));
	TW_TRY(tw_account_role_put(f->c, id, TW_ROLE_ADMINISTRATOR, NULL, n.made_by));
	return tw_staff_invitation(f->c, id, &f->token);
}

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* The file before the row: what is cut in between is a text that opens nothing, and the next start writes both anew. */
static tw_err begin(struct tw_context *c, int dir)
{
	TW_CLEANUP(first_done) struct first f = { .c = c };
	const struct tw_value nobody[] = { TW_V_INT(0) };
	int64_t count = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_staff_administrators, nobody, TW_COUNT(nobody), take_count, &count));
	if (count)
		return tw_durable_remove(c->sys, dir, TW_STAFF_SETUP);
	TW_TRY(tw_token_make(c->sys, &f.token));
	TW_TRY(tw_durable_replace(c->sys, dir, TW_STAFF_SETUP, f.token.text, TW_TOKEN_TEXT, 0600));
	TW_TRY(tw_store_transaction(c->store, invite_first, &f));
	tw_warn("no administrator can come in yet: app/" TW_STAFF_SETUP " holds the invitation for the account " TW_ROLE_ADMINISTRATOR
		", for staff.join; good for a day, the next start makes another");
	return TW_OK;
}

static bool spared(const struct tw_account *a)
{
	return tw_account_has(a->roles, TW_ROLE_ADMINISTRATOR);
}

tw_err tw_staff_sessions(struct tw_context *c)
{
	TW_CLEANUP(tw_freep) struct tw_guard *fresh = TW_NEW(c->sys, struct tw_guard);

	if (!fresh)
		return TW_RAISE(NOMEM, "sessions");
	TW_TRY(tw_access_limits_read(c, fresh));
	TW_TRY(tw_access_sessions_read(c, fresh));
	c->guard->idle_ms = fresh->idle_ms;
	c->guard->limit_ms = fresh->limit_ms;
	c->guard->inactive_ms = fresh->inactive_ms;
	c->list_max = fresh->list_max;
	memcpy(c->guard->sessions, fresh->sessions, sizeof fresh->sessions);
	return TW_OK;
}

static tw_err load(struct tw_context *c)
{
	const struct tw_value now[] = { TW_V_BLOB(c->guard->boot_id, sizeof c->guard->boot_id), TW_V_INT(tw_time_boot_ms(c->time)) };

	TW_TRY(tw_store_run(c->store, tw_sql_session_drop_old, now, TW_COUNT(now), NULL, NULL));
	TW_TRY(tw_store_run(c->store, tw_sql_code_drop_old, now, TW_COUNT(now), NULL, NULL));
	TW_TRY(tw_staff_sessions(c));
	return tw_throttle_load(c);
}

tw_err tw_staff_start(struct tw_app *a, int dir)
{
	static const struct tw_guard_side side = { .spared = spared };
	struct tw_context *c = &a->context;

	a->staff = TW_NEW(a->sys, struct tw_staff);
	if (!a->staff)
		return TW_RAISE(NOMEM, "staff accounts");
	c->guard = &a->staff->guard;
	c->guard->side = &side;
	c->guard->product = "thingward";
	c->guard->maker = "support";
	memcpy(c->guard->boot_id, a->boot_id, sizeof a->boot_id);
	c->authenticate = authenticate;
	c->known = known;
	c->admit = admit;
	c->refused = refused;
	c->step_up = tw_staff_step_up;
	TW_TRY(tw_challenges_begin(c->sys, &a->staff->challenges));
	TW_TRY(load(c));
	return begin(c, dir);
}

void tw_staff_stop(struct tw_app *a)
{
	for (size_t i = 0; a->staff && i < TW_STAFF_WORKS; i++) {
		tw_hash_cancel(a->hashing, &a->staff->works[i]);
		(void)tw_later_drop(a->staff->works[i].later);
		(void)tw_secret_free(a->staff->works[i].password);
	}
	if (a->staff)
		tw_wipe(a->staff, sizeof *a->staff);
	free(a->staff);
	a->staff = NULL;
	a->context.guard = NULL;
}
