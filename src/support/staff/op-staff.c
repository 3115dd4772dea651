/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators do with accounts of the staff. An administrator who can come in stays: the last is neither removed nor given another role. */
#include "base/log.h"
#include "base/text.h"
#include "service/path/page.h"
#include "service/sql-service.h"
#include "support/rows-staff.h"
#include "support/sql-support.h"
#include "support/staff/passkeys.h"
#include "support/staff/staff-mail.h"

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "account.unknown", "There is no such account",
		"List the accounts to see what there is.", "No account has this id. An id that was removed is not given again.");
}

tw_err tw_staff_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	int64_t id = 0;

	if (!tw_account_id_read(rq->parameter, &id))
		return unknown(rp);
	tw_err e = tw_account_get(c, id, ret);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return unknown(rp);
	if (!tw_failed(e))
		(void)snprintf(rp->note, sizeof rp->note, TW_SLICE_FMT " %s", TW_SLICE_ARG(rq->parameter), ret->name);
	return e;
}

static tw_err check_role(const char *role, struct tw_reply *rp)
{
	static const char *const roles[] = { "analyst", "manager", "publisher", TW_ROLE_ADMINISTRATOR };

	for (size_t i = 0; i < TW_COUNT(roles); i++)
		if (!strcmp(role, roles[i]))
			return TW_OK;
	return tw_reply_problem(rp, 400, "input", "staff.role", "There is no such role", "Choose one of those.",
		"The roles are analyst, manager, publisher and administrator.");
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err check_last(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp)
{
	const struct tw_value v[] = { TW_V_INT(a->id) };
	int64_t others = 0;

	if (!tw_account_has(a->roles, TW_ROLE_ADMINISTRATOR))
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_staff_administrators, v, TW_COUNT(v), take_number, &others));
	return others ? TW_OK
		      : tw_reply_problem(rp, 409, "last-administrator", "staff.last", "This is the only administrator who can come in",
				"Make another, and see that he joins and logs in, first.",
				"The last administrator is neither removed nor invited anew, and keeps the role.");
}

/* Who goes, or may read no cases from now on. */
static tw_err check_on_call(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp)
{
	bool last = false;

	TW_TRY(tw_staff_mail_last(c, a->id, &last));
	return last ? tw_staff_mail_last_problem(rp) : TW_OK;
}

/* --- Reading --- */

static tw_err add(void *user, const struct tw_account *a)
{
	const struct tw_page *page = user;
	struct tw_staff_factors f;
	json_t *j = NULL;

	if (!tw_page_takes(user))
		return TW_OK;
	TW_TRY(tw_staff_factors_of(page->c, a->id, &f));
	TW_TRY(tw_account_json(a, &j));
	tw_err e = tw_json_set(j, "codes", json_boolean(f.codes > 0));
	if (!tw_failed(e))
		e = tw_json_set(j, "passkeys", json_integer(f.passkeys));
	if (tw_failed(e)) {
		json_decref(j);
		return e;
	}
	return tw_page_add_at(user, (uint64_t)a->id, j);
}

tw_err tw_staff_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_account_each(c, (int64_t)after, (int64_t)p.limit + 1, add, &p));
	return tw_page_end(&p, rp);
}

tw_err tw_staff_self(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account a;
	int64_t id = 0;

	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &id))
		return unknown(rp);
	TW_TRY(tw_account_get(c, id, &a));
	return tw_account_json(&a, &rp->body);
}

/* --- Changing: the rows, and the event and the line that tell of it, are one transaction --- */

struct work {
	struct tw_context *c;
	const struct tw_request *rq;
	const char *role, *what;
	struct tw_account account;
	struct tw_token token;
	tw_err (*act)(struct work *w);
};

static void work_done(struct work *w)
{
	tw_token_done(&w->token);
}

static tw_err act_and_tell(tw_store *s, void *user)
{
	struct work *w = user;
	const char *who = w->rq->subject.name;
	char id[TW_ACCOUNT_ID_MAX + 2];

	TW_TRY(w->act(w));
	TW_TRY(tw_account_note(
		w->c, &(struct tw_account_note){ .account = w->account.id, .name = w->account.name, .what = w->what, .who = who }));
	tw_account_id(w->account.id, id);
	return tw_event(w->c, "account.changed",
		json_pack("{s:s, s:s, s:s, s:s}", "account", id, "name", w->account.name, "what", w->what, "by", who));
}

static tw_err run(struct work *w)
{
	TW_TRY(tw_store_transaction(w->c->store, act_and_tell, w));
	tw_access_sessions_forget(w->c, w->account.id);
	return TW_OK;
}

/* The answer to who invited; the text is told here and never again. */
static tw_err tell_code(const struct work *w, struct tw_reply *rp)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(w->account.id, id);
	rp->status = 201;
	(void)snprintf(rp->note, sizeof rp->note, "%s %s %s", id, w->account.name, w->what);
	rp->body = json_pack("{s:s, s:s, s:i}", "account", id, "code", w->token.text, "expires_in_s", TW_STAFF_INVITED_MS / 1000);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static tw_err make(struct work *w)
{
	const struct tw_new_account n = {
		.name = w->account.name, .made_by = w->rq->subject.name, .kind = TW_ACCOUNT_PERSON, .made_ms = tw_time_wall_ms(w->c->time)
	};

	TW_TRY(tw_account_put(w->c, &n, &w->account.id));
	TW_TRY(tw_account_role_put(w->c, w->account.id, w->role, NULL, n.made_by));
	return tw_staff_invitation(w->c, w->account.id, &w->token);
}

static tw_err check_new(struct tw_context *c, const char *name, struct tw_reply *rp)
{
	int64_t count = 0, other = 0;

	if (!tw_account_name_valid(name))
		return tw_reply_problem(rp, 400, "input", "account.name", "This can be no name", "Choose another.",
			"A name is 1 to 48 printable characters that can be told apart, without blanks at its ends.");
	TW_TRY(tw_account_named(c, name, &other));
	if (other)
		return tw_reply_problem(rp, 409, "exists", "account.exists", "There is such an account already",
			"Choose another name.", "Names differ by more than the case of their letters.");
	TW_TRY(tw_store_run(c->store, tw_sql_account_count, NULL, 0, take_number, &count));
	return count < TW_ACCOUNTS_MAX
		? TW_OK
		: tw_reply_problem(rp, 409, "full", "account.limit", "There are too many accounts",
			  "Remove one that is not needed any more.", "The service keeps %d accounts.", TW_ACCOUNTS_MAX);
}

tw_err tw_staff_make(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(work_done)
	struct work w = { .c = c, .rq = rq, .role = tw_json_text(rq->input, "role"), .what = "made and invited", .act = make };
	const char *name = tw_json_text(rq->input, "name");

	TW_TRY(check_role(w.role, rp));
	if (!rp->problem[0])
		TW_TRY(check_new(c, name, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(w.account.name, sizeof w.account.name, "%s", name);
	TW_TRY(tw_token_make(c->sys, &w.token));
	TW_TRY(run(&w));
	return tell_code(&w, rp);
}

static tw_err invite(struct work *w)
{
	return tw_staff_invitation(w->c, w->account.id, &w->token);
}

tw_err tw_staff_invite(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(work_done) struct work w = { .c = c, .rq = rq, .what = "invited anew", .act = invite };

	TW_TRY(tw_staff_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(check_last(c, &w.account, rp));
	if (rp->problem[0])
		return TW_OK;
	if (w.account.stored == TW_ACCOUNT_SUSPENDED) /* an invitation lets in, and locked means that nobody comes in by it */
		return tw_reply_problem(rp, 409, "state", "staff.locked", "Somebody has locked this account",
			"Unlock it first, if whoever it is for may come in again.", "A locked account is not invited anew.");
	TW_TRY(tw_token_make(c->sys, &w.token));
	TW_TRY(run(&w));
	return tell_code(&w, rp);
}

static tw_err change(struct work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	TW_TRY(tw_store_run(w->c->store, tw_sql_staff_roles_drop, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_account_role_put(w->c, w->account.id, w->role, NULL, w->rq->subject.name));
	return tw_access_sessions_drop(w->c, w->account.id);
}

tw_err tw_staff_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct work w = { .c = c, .rq = rq, .role = tw_json_text(rq->input, "role"), .act = change };
	char what[64];

	TW_TRY(check_role(w.role, rp));
	if (!rp->problem[0])
		TW_TRY(tw_staff_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0] && strcmp(w.role, TW_ROLE_ADMINISTRATOR) != 0)
		TW_TRY(check_last(c, &w.account, rp));
	if (!rp->problem[0] && !tw_staff_reads_cases(c, w.role))
		TW_TRY(check_on_call(c, &w.account, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(what, sizeof what, "given the role %s", w.role);
	w.what = what;
	TW_TRY(run(&w));
	rp->status = 204;
	return TW_OK;
}

/* --- Locking --- */

static tw_err set_state(struct work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->role ? "suspended" : "active") };

	TW_TRY(tw_store_run(w->c->store, tw_sql_account_state, v, TW_COUNT(v), NULL, NULL));
	return tw_access_sessions_drop(w->c, w->account.id);
}

/* Whoever has to be kept out is, even the last on call: the log and /desk/alarms then say that alarms reach nobody. */
tw_err tw_staff_lock(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct work w = { .c = c, .rq = rq, .role = "", .what = "locked", .act = set_state };
	bool last = false;

	TW_TRY(tw_staff_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(check_last(c, &w.account, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_staff_mail_last(c, w.account.id, &last));
	TW_TRY(run(&w));
	if (last)
		tw_warn("account a%lld was locked, the last on call: alarms of Article 14 reach nobody by mail",
			(long long)w.account.id);
	rp->status = 204;
	return TW_OK;
}

/* Only what somebody has locked: what was not used for too long is invited anew. */
tw_err tw_staff_unlock(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct work w = { .c = c, .rq = rq, .what = "unlocked", .act = set_state };

	TW_TRY(tw_staff_wanted(c, rq, rp, &w.account));
	if (rp->problem[0])
		return TW_OK;
	if (w.account.stored != TW_ACCOUNT_SUSPENDED)
		return tw_reply_problem(rp, 409, "state", "staff.not-locked", "Nobody has locked this account",
			"Invite anew whoever did not come for too long.", "It is active, or disabled for want of use.");
	TW_TRY(run(&w));
	rp->status = 204;
	return TW_OK;
}

static tw_err drop(struct work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	return tw_store_run(w->c->store, tw_sql_account_drop, v, TW_COUNT(v), NULL, NULL); /* and with it whatever hangs on it */
}

tw_err tw_staff_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct work w = { .c = c, .rq = rq, .what = "removed", .act = drop };

	TW_TRY(tw_staff_wanted(c, rq, rp, &w.account));
	if (!rp->problem[0])
		TW_TRY(check_last(c, &w.account, rp));
	if (!rp->problem[0])
		TW_TRY(check_on_call(c, &w.account, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(run(&w));
	rp->status = 204;
	return TW_OK;
}
