/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done with accounts. Each change is one transaction of the store; what memory holds of owners and sessions follows it by steps
 * that cannot fail, so that a right taken away is gone with the answer.
 *
 * Two things nobody can do: take the last owner away, and, without being an owner, touch an owner's account.
 */
#include "device/logical-access/accounts.h"

#include "base/text.h"
#include "device/logical-access/role-end.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"
#include "service/path/page.h"

#include <inttypes.h>

#define S 1000LL
#define DAY (86400 * S)
#define KINDS "The kind is person, service, shared, temporary, emergency or supporting."

/* How long accounts of a kind may live; 0: they have no end, and none may be given. */
static const struct {
	int64_t most_ms;
} lives[TW_ACCOUNT_KINDS] = {
	[TW_ACCOUNT_TEMPORARY] = { 366 * DAY }, /* a year abroad */
	[TW_ACCOUNT_EMERGENCY] = { 7 * DAY },   /* an emergency of a week is a way of working */
	[TW_ACCOUNT_SUPPORTING] = { 31 * DAY }, /* a month of repairs; then the owner says so again */
};

int64_t tw_account_most_ms(enum tw_account_kind kind)
{
	return lives[kind].most_ms;
}

static tw_err unknown(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "account.unknown", "There is no such account",
		"List the accounts to see what there is.", "No account has this id. An id that was removed is not given again.");
}

tw_err tw_account_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_slice id, struct tw_reply *rp, struct tw_account *ret)
{
	int64_t number = 0;

	if (!tw_account_id_read(id, &number))
		return unknown(rp);
	tw_err e = tw_account_get(c, number, ret);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return unknown(rp);
	TW_TRY(e);
	(void)snprintf(rp->note, sizeof rp->note, TW_SLICE_FMT " %s", TW_SLICE_ARG(id), ret->name);
	if (tw_account_owns(ret) && rq->subject.kind != TW_SUBJECT_OWNER)
		return tw_reply_problem(rp, 403, "forbidden", "account.owner", "Not permitted", "Ask an owner.",
			"This account holds the role owner; only an owner may change it.");
	return TW_OK;
}

bool tw_account_covered(struct tw_context *c, const struct tw_subject *s, const char *roles)
{
	const struct tw_role_set held = tw_subject_roles(s);
	bool covered = true;

	while (*roles && s->kind != TW_SUBJECT_OWNER) {
		char role[TW_ACCOUNT_WORDS_MAX];
		size_t size = strcspn(roles, " ");

		(void)snprintf(role, sizeof role, "%.*s", (int)size, roles);
		covered = covered && tw_gate_covers(c->gate, &held, tw_gate_role(c->gate, role));
		roles += size + (roles[size] == ' ');
	}
	return covered;
}

/* An owner who is active, and can come in, stays: else there were the console alone, which ends the ownership */
tw_err tw_account_last_owner(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);

	if (!tw_access_owner(d, a->id) || tw_access_other_owner(d, a->id))
		return TW_OK;
	return tw_reply_problem(rp, 409, "last-owner", "account.last-owner", "This is the only owner who can come in",
		"Give another person's account the role owner, and see that he comes in, first.",
		"The last owner with a credential or a session can be neither removed nor suspended, nor lose the role.");
}

/* --- Reading --- */

static tw_err add_to_page(void *user, const struct tw_account *a)
{
	struct tw_page *p = user;
	json_t *j = NULL;

	if (!tw_page_takes(p))
		return TW_OK;
	TW_TRY(tw_account_json(a, &j));
	return tw_page_add_at(p, (uint64_t)a->id, j);
}

static enum tw_account_kind kind_of(const char *word)
{
	size_t i = 0;

	while (i < TW_ACCOUNT_KINDS && strcmp(word, tw_account_kinds[i]) != 0)
		i++;
	return (enum tw_account_kind)i;
}

static tw_err bad(struct tw_reply *rp, const char *rule, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "The request is not of the wanted form",
		"See /api/v1/openapi.json for the form.", "%s", detail);
}

tw_err tw_access_accounts(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_account_search s = { (int64_t)after, (int64_t)p.limit + 1, tw_json_text(rq->input, "name"),
		tw_json_text(rq->input, "kind") };
	if (*s.kind && kind_of(s.kind) == TW_ACCOUNT_KINDS)
		return bad(rp, "account.kind", KINDS);
	TW_TRY(tw_account_find(c, &s, add_to_page, &p));
	return tw_page_end(&p, rp);
}

static tw_err add_role(void *user, const tw_row *row)
{
	TW_CLEANUP(tw_jsonp) json_t *conditions = NULL;
	struct tw_slice role = tw_row_bytes(row, 0), text = tw_row_bytes(row, 1), by = tw_row_bytes(row, 3);
	char given[TW_TIME_TEXT_MAX];

	tw_time_text(tw_row_int(row, 2), given);
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:s%, s:s, s:s%}", "role", role.at, role.size, "given", given, "by", by.at, by.size);
	if (!j)
		return TW_RAISE(NOMEM, "a role");
	if (tw_row_int(row, 4)) {
		tw_time_text(tw_row_int(row, 4), given);
		TW_TRY(tw_json_set(j, "ends", json_string(given)));
	}
	if (text.size) {
		TW_TRY(tw_json_parse(text, TW_CONDITIONS_MAX, &conditions));
		TW_TRY(tw_json_set(j, "conditions", TW_STEAL(conditions)));
	}
	return tw_json_append(user, TW_STEAL(j));
}

static tw_err show(struct tw_context *c, int64_t id, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *roles = json_array();
	const struct tw_value v[] = { TW_V_INT(id) };
	struct tw_account a;

	TW_TRY(tw_account_get(c, id, &a));
	TW_TRY(tw_account_json(&a, &rp->body));
	if (!roles)
		return TW_RAISE(NOMEM, "roles");
	TW_TRY(tw_store_run(c->store, tw_sql_role_of, v, TW_COUNT(v), add_role, roles));
	return tw_json_set(rp->body, "assignments", TW_STEAL(roles));
}

tw_err tw_access_account(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	int64_t id = 0;

	if (!tw_account_id_read(rq->parameter, &id))
		return unknown(rp);
	tw_err e = show(c, id, rp);
	return tw_is(e, TW_CODE_NOTFOUND) ? unknown(rp) : e;
}

/* --- One change --- */

struct doing {
	struct tw_account_work *work;
	struct tw_owners owners; /* as they are after it */
	bool too_many;
	int64_t next_end_ms;
};

static tw_err tell(const struct tw_account_work *w)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	const struct tw_account_note note = {
		.account = w->account.id, .name = w->account.name, .what = w->what, .who = w->rq ? w->rq->subject.name : "the device"
	};

	TW_TRY(tw_account_note(w->c, &note));
	tw_account_id(w->account.id, id);
	return tw_event(w->c, "account.changed",
		json_pack("{s:s, s:s, s:s, s:s}", "account", id, "name", note.name, "what", note.what, "by", note.who));
}

static tw_err act_and_tell(tw_store *s, void *user)
{
	struct doing *g = user;
	struct tw_account_work *w = g->work;
	struct tw_device *d = tw_device_of(w->c);

	TW_TRY(w->act(w));
	if (w->ends_sessions)
		TW_TRY(tw_access_sessions_drop(&d->context, w->account.id));
	tw_err e = tw_access_owners_read(d, &g->owners);
	g->too_many = tw_is(e, TW_CODE_LIMIT);
	TW_TRY(e);
	TW_TRY(tw_access_next_end(d, &g->next_end_ms));
	if (w->shows)
		TW_TRY(show(w->c, w->account.id, w->rp));
	TW_TRY(tell(w));
	return w->rq ? TW_OK : tw_audit_commit(w->c->audit); /* what the device does by itself has no intent that would tell of it, cut short */
}

tw_err tw_account_reached(struct tw_context *c, const struct tw_request *rq, const struct tw_account *a, struct tw_reply *rp)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(a->id, id);
	if (!strcmp(rq->subject.account, id) || tw_account_covered(c, &rq->subject, a->roles))
		return tw_role_end_reach(c, rq, a->id, rp);
	return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
		"This account may do more than you; only who may do all that it may changes it.");
}

/* @nist LA.RSM.4.2: each change by whoever may reach the account, with its event in one transaction; then what has to end with it has ended */
tw_err tw_account_do(struct tw_account_work *w)
{
	struct tw_device *d = tw_device_of(w->c);
	struct doing g = { .work = w };

	if (w->rq)
		TW_TRY(tw_account_reached(w->c, w->rq, &w->account, w->rp));
	if (w->rp && w->rp->problem[0])
		return TW_OK;
	tw_err e = tw_store_transaction(w->c->store, act_and_tell, &g);
	if (g.too_many && w->rp)
		return tw_reply_problem(w->rp, 409, "full", "account.owners", "There are too many owners",
			"Suspend another owner first.", "A device has at most %d owners at a time.", TW_OWNERS_MAX);
	TW_TRY(e);
	d->access->owners = g.owners;
	d->access->next_end_ms = g.next_end_ms;
	if (w->ends_sessions)
		tw_access_sessions_forget(&d->context, w->account.id);
	if (w->placed)
		tw_placed_forget(d, w->placed);
	if (w->rp && !w->rp->body)
		w->rp->status = 204;
	return TW_OK;
}

/* The account of the path's parameter, and then the change. */
static tw_err change_wanted(struct tw_account_work *w, bool keeps_an_owner)
{
	TW_TRY(tw_account_wanted(w->c, w->rq, w->rq->parameter, w->rp, &w->account));
	if (!w->rp->problem[0] && !keeps_an_owner)
		TW_TRY(tw_account_last_owner(w->c, &w->account, w->rp));
	return w->rp->problem[0] ? TW_OK : tw_account_do(w);
}

/* --- Making and changing --- */

/* @nist LA.RSM.1: one name, one account, whatever the case of its letters */
static tw_err check_name(struct tw_context *c, const char *name, int64_t self, struct tw_reply *rp)
{
	int64_t other = 0;

	if (!tw_account_name_valid(name))
		return bad(rp, "account.name", "A name is 1 to 48 printable characters that can be told apart, without blanks at its ends.");
	TW_TRY(tw_account_named(c, name, &other));
	if (other == 0 || other == self)
		return TW_OK;
	return tw_reply_problem(rp, 409, "exists", "account.exists", "There is such an account already", "Choose another name.",
		"Names differ by more than the case of their letters.");
}

static tw_err check_life(enum tw_account_kind kind, int64_t lifetime_s, struct tw_reply *rp)
{
	if (lives[kind].most_ms == 0 && lifetime_s)
		return bad(rp, "account.lifetime", "An account of this kind has no end; make a temporary one.");
	if (lives[kind].most_ms && (lifetime_s == 0 || lifetime_s > lives[kind].most_ms / S))
		return tw_reply_problem(rp, 400, "input", "account.lifetime", "How long is this account to live?",
			"Give a lifetime in seconds.", "An account of kind %s ends by itself, after at most %lld days.",
			tw_account_kinds[kind], (long long)(lives[kind].most_ms / DAY));
	return TW_OK;
}

static tw_err check_uses(enum tw_account_kind kind, int64_t uses, struct tw_reply *rp)
{
	return uses && lives[kind].most_ms == 0
		? bad(rp, "account.uses", "Only an account that ends by itself ends after so many uses: temporary, emergency or supporting.")
		: TW_OK;
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err check_room(struct tw_context *c, struct tw_reply *rp)
{
	int64_t count = 0;

	TW_TRY(tw_store_run(c->store, tw_sql_account_count, NULL, 0, count_row, &count));
	return count < TW_ACCOUNTS_MAX
		? TW_OK
		: tw_reply_problem(rp, 409, "full", "account.limit", "There are too many accounts",
			  "Remove one that is not needed any more.", "This device keeps %d accounts.", TW_ACCOUNTS_MAX);
}

/*
 * With an answer that is the account, it is known only inside what its id is.
 * @nist LA.RSM.3: the store gives the id (AUTOINCREMENT), which was nobody's before; a name is not what an account is told apart by
 */
static tw_err make(struct tw_account_work *w)
{
	const struct tw_new_account n = { .name = w->account.name,
		.made_by = w->rq->subject.name,
		.kind = w->account.kind,
		.made_ms = w->account.made_ms,
		.lifetime_ms = w->number,
		.uses = w->uses };

	TW_TRY(tw_account_put(w->c, &n, &w->account.id));
	(void)snprintf(w->rp->note, sizeof w->rp->note, "a%" PRId64 " %s, %s", w->account.id, n.name, tw_account_kinds[n.kind]);
	(void)snprintf(w->rp->location, sizeof w->rp->location, "/api/v1/accounts/a%" PRId64, w->account.id);
	return TW_OK;
}

tw_err tw_access_account_make(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *name = tw_json_text(rq->input, "name");
	int64_t lifetime_s = tw_json_int(rq->input, "lifetime");
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = make, .what = "made", .shows = true, .number = lifetime_s * S };

	w.account.kind = kind_of(tw_json_text(rq->input, "kind"));
	w.account.made_ms = tw_time_wall_ms(c->time);
	if (w.account.kind == TW_ACCOUNT_KINDS)
		return bad(rp, "account.kind", KINDS);
	w.uses = tw_json_int(rq->input, "uses");
	TW_TRY(check_life(w.account.kind, lifetime_s, rp));
	if (!rp->problem[0])
		TW_TRY(check_uses(w.account.kind, w.uses, rp));
	if (!rp->problem[0])
		TW_TRY(check_name(c, name, 0, rp));
	if (!rp->problem[0])
		TW_TRY(check_room(c, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(w.account.name, sizeof w.account.name, "%s", name);
	rp->status = 201;
	return tw_account_do(&w);
}

static tw_err change(struct tw_account_work *w)
{
	struct tw_device *d = tw_device_of(w->c);

	if (w->word) {
		char folded[TW_ACCOUNT_NAME_MAX + 1];

		tw_account_name_fold(w->word, folded);
		const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word), TW_V_TEXT(folded) };
		TW_TRY(tw_store_run(w->c->store, tw_sql_account_rename, v, TW_COUNT(v), NULL, NULL));
	}
	if (w->number == 0)
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_INT(tw_time_wall_ms(&d->time) + w->number),
		TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time) + w->number) };
	return tw_store_run(w->c->store, tw_sql_account_extend, v, TW_COUNT(v), NULL, NULL);
}

/* That a supporting party comes is an owner's to say, and so is that it stays */
static tw_err check_supporting(const struct tw_account_work *w, struct tw_reply *rp)
{
	if (w->rq->subject.kind == TW_SUBJECT_OWNER ||
		(w->account.kind != TW_ACCOUNT_SUPPORTING && !tw_account_has(w->account.roles, TW_ROLE_SUPPORTING)))
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "account.supporting", "Not permitted", "Ask an owner.",
		"Only an owner gives a supporting party more time.");
}

/* What an account is called has no part in what it is: its id, roles and sessions stay. */
tw_err tw_access_account_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = {
		.c = c, .rq = rq, .rp = rp, .act = change, .shows = true, .number = tw_json_int(rq->input, "lifetime") * S
	};
	const char *name = tw_json_text(rq->input, "name");
	char id[TW_ACCOUNT_ID_MAX + 2];

	w.word = *name ? name : NULL;
	TW_TRY(tw_account_wanted(c, rq, rq->parameter, rp, &w.account));
	tw_account_id(w.account.id, id);
	if (!rp->problem[0] && w.account.over)
		return unknown(rp); /* it only waits to be removed */
	if (!rp->problem[0] && w.number && rq->subject.kind != TW_SUBJECT_OWNER && !strcmp(rq->subject.account, id))
		return tw_reply_problem(rp, 403, "forbidden", "account.self", "Not permitted",
			"Ask somebody else who may change accounts.", "Nobody gives himself more time.");
	if (!rp->problem[0] && w.number)
		TW_TRY(check_supporting(&w, rp));
	if (!rp->problem[0] && w.number)
		TW_TRY(check_life(w.account.kind, w.number / S, rp));
	if (!rp->problem[0] && w.word)
		TW_TRY(check_name(c, w.word, w.account.id, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(w.what, sizeof w.what, "%s%s%s%s", w.word ? "renamed to " : "", w.word ? w.word : "",
		w.word && w.number ? ", " : "", w.number ? "given more time" : "");
	return tw_account_do(&w);
}

/* --- Suspending, resuming, removing --- */

static tw_err set_state(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->what) };

	return tw_store_run(w->c->store, tw_sql_account_state, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_account_suspend(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = set_state, .what = "suspended", .ends_sessions = true };

	return change_wanted(&w, false);
}

static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	return tw_store_run(w->c->store, tw_sql_account_drop, v, TW_COUNT(v), NULL, NULL); /* and with it whatever hangs on it */
}

tw_err tw_access_account_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = drop, .what = "removed", .ends_sessions = true };

	return change_wanted(&w, false);
}

static tw_err resume(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_INT(tw_time_wall_ms(w->c->time)) };

	return tw_store_run(w->c->store, tw_sql_account_resume, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_account_resume(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = resume, .what = "resumed" };

	return change_wanted(&w, true);
}
