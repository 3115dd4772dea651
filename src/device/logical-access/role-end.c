/* SPDX-License-Identifier: Apache-2.0 */
/* See role-end.h. The owner who would be the last that can come in keeps the role past its end, until there is another. */
#include "device/logical-access/role-end.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

#define AT_ONCE 32 /* more than there are owners who stay, so that each turn but the last takes some away */
_Static_assert(AT_ONCE > TW_OWNERS_MAX, "a turn that takes nothing away is the last");

#define ENDS 4 /* the first of the columns of role_of that say when it ends */

/* For when nobody else is there, and for whoever comes to help: neither is a way of working. */
static const struct {
	const char *role;
	enum tw_account_kind kind; /* whose accounts live no longer either */
} passing[] = { { "emergency", TW_ACCOUNT_EMERGENCY }, { TW_ROLE_SUPPORTING, TW_ACCOUNT_SUPPORTING } };

/* --- Giving --- */

static tw_err refuse(struct tw_reply *rp, const char *rule, const char *next, const char *detail)
{
	return tw_reply_problem(rp, 400, "input", rule, "For how long is this role given?", next, "%s", detail);
}

static struct tw_ending at(const struct tw_device *d, int64_t until_ms)
{
	struct tw_ending e = { .ends_ms = until_ms };

	e.this_boot = tw_time_trusted(&d->time);
	e.boot_ms = e.this_boot ? tw_time_boot_ms(&d->time) + until_ms - tw_time_wall_ms(&d->time) : 0;
	return e;
}

static tw_err check_passing(const struct tw_account_work *w, struct tw_reply *rp)
{
	const struct tw_ending e = tw_ending_first(w->end, (struct tw_ending){ .ends_ms = w->account.ends_ms });
	char detail[160];
	int64_t most = 0;

	for (size_t i = 0; i < TW_COUNT(passing); i++)
		if (!strcmp(w->word, passing[i].role))
			most = tw_account_most_ms(passing[i].kind);
	if (!most || (e.ends_ms && e.ends_ms - tw_time_wall_ms(w->c->time) <= most))
		return TW_OK;
	(void)snprintf(detail, sizeof detail, "The role %s is given for a time, of %lld days at most.", w->word,
		(long long)(most / 86400000));
	return refuse(rp, "account.role-end", "Give it with a lifetime, or until a time, or to an account that ends.", detail);
}

/* Is it one of those, or may it do as much? */
static bool is_privileged(const tw_gate *g, const char *word, const char *listed)
{
	char words[512] = "", *one, *save = NULL;
	struct tw_role_set held = { 0 };

	tw_role_set_add(&held, tw_gate_role(g, word));
	(void)snprintf(words, sizeof words, "%s", listed);
	for (one = strtok_r(words, " ", &save); one; one = strtok_r(NULL, " ", &save))
		if (tw_gate_covers(g, &held, tw_gate_role(g, one)))
			return true;
	return false;
}

static tw_err check_most(const struct tw_account_work *w, struct tw_reply *rp)
{
	struct tw_setting_state most = { .version = 0 }, roles = { .version = 0 };
	char next[160];
	uint64_t s = 0;

	TW_TRY(tw_setting_state(w->c, tw_setting_find(w->c, "logical-access.privileged-most"), &most));
	TW_TRY(tw_parse_u64(tw_slice_of(most.value), INT32_MAX, &s));
	TW_TRY(tw_setting_state(w->c, tw_setting_find(w->c, "logical-access.privileged-roles"), &roles));
	if (s == 0 || !is_privileged(w->c->gate, w->word, roles.value))
		return TW_OK;
	if (w->end.ends_ms && w->end.ends_ms - tw_time_wall_ms(w->c->time) <= (int64_t)s * 1000)
		return TW_OK;
	(void)snprintf(next, sizeof next, "Give it with a lifetime of %llu seconds at most.", (unsigned long long)s);
	return refuse(rp, "account.role-most", next,
		"The organization gives privileged roles for a time (logical-access.privileged-most, logical-access.privileged-roles).");
}

/* The owner for a time who asks; NULL: it is somebody else. */
static const struct tw_owner *owner_for_a_time(struct tw_context *c, const struct tw_request *rq)
{
	const struct tw_owner *self = NULL;
	int64_t id = 0;

	if (tw_account_id_read(tw_slice_of(rq->subject.account), &id))
		self = tw_access_owner(tw_device_of(c), id);
	return self && self->end.ends_ms ? self : NULL;
}

static tw_err refuse_owner(struct tw_reply *rp, const char *detail)
{
	return tw_reply_problem(
		rp, 403, "forbidden", "account.role-end", "Not permitted", "Ask an owner whose role does not end.", "%s", detail);
}

/* An owner for a time gives nothing that outlasts him. Who is one past his time, for there is no other, gives what an owner gives, but makes none. */
static tw_err check_own(const struct tw_account_work *w, struct tw_reply *rp)
{
	const struct tw_owner *self = owner_for_a_time(w->c, w->rq);

	if (!self || (w->end.ends_ms && w->end.ends_ms <= self->end.ends_ms))
		return TW_OK;
	if (tw_ending_counts(w->c, &self->end) && strcmp(w->word, TW_ROLE_OWNER) != 0)
		return TW_OK;
	return refuse_owner(rp, "You hold the role owner for a time, and give no role for longer, to yourself neither.");
}

struct owning {
	struct tw_device *device;
	bool is;
	int64_t ends_ms;
};

static tw_err take_owning(void *user, const tw_row *row)
{
	struct owning *o = user;

	if (!tw_slice_is(tw_row_bytes(row, 0), TW_ROLE_OWNER))
		return TW_OK;
	o->is = true;
	o->ends_ms = tw_ending_read(&o->device->context, row, ENDS).ends_ms;
	return TW_OK;
}

/* From the store: whoever is suspended is not among the owners in memory, and is one when he is resumed. Who is an owner past his time, for no other
   can come in, may let another in. */
tw_err tw_role_end_reach(struct tw_context *c, const struct tw_request *rq, int64_t account, struct tw_reply *rp)
{
	const struct tw_owner *self = owner_for_a_time(c, rq);
	struct owning o = { .device = tw_device_of(c) };
	const struct tw_value v[] = { TW_V_INT(account) };

	if (!self || tw_ending_counts(&o.device->context, &self->end))
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_role_of, v, TW_COUNT(v), take_owning, &o));
	if (!o.is || (o.ends_ms && o.ends_ms <= self->end.ends_ms))
		return TW_OK;
	return refuse_owner(rp, "You hold the role owner for a time, and this is the account of an owner who holds it for longer.");
}

tw_err tw_role_end_read(struct tw_account_work *w, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(w->c);
	struct tw_ending until = at(d, w->condition.until_ms);

	if (tw_ending_over(&d->context, &until))
		return refuse(rp, "account.role-end", "Choose a time to come, or leave until away.", "This until has passed already.");
	w->end = tw_ending_first(until, tw_ending_in(&d->context, tw_json_int(w->rq->input, "lifetime") * 1000));
	w->condition.until_ms = w->end.ends_ms;
	return TW_OK;
}

tw_err tw_role_end_check(const struct tw_account_work *w, struct tw_reply *rp)
{
	TW_TRY(check_passing(w, rp));
	if (!rp->problem[0])
		TW_TRY(check_own(w, rp));
	return rp->problem[0] ? TW_OK : check_most(w, rp);
}

tw_err tw_role_end_put(const struct tw_account_work *w)
{
	struct tw_value v[5] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word) };

	tw_ending_values(w->c, &w->end, &v[2]);
	return tw_store_run(w->c->store, w->end.ends_ms ? tw_sql_role_end_put : tw_sql_role_end_drop, v, w->end.ends_ms ? 5 : 2, NULL, NULL);
}

/* --- Reading --- */

bool tw_role_ended(const struct tw_device *d, const tw_row *row)
{
	struct tw_ending e = tw_ending_read(&d->context, row, ENDS);

	return tw_ending_counts(&d->context, &e);
}

tw_err tw_role_conditions(const struct tw_device *d, const tw_row *row, struct tw_condition *ret)
{
	struct tw_ending e = tw_ending_read(&d->context, row, ENDS);

	TW_TRY(tw_access_conditions_read(tw_row_bytes(row, 1), ret));
	e = tw_ending_first(e, (struct tw_ending){ .ends_ms = ret->until_ms });
	ret->until_ms = e.ends_ms;
	return TW_OK;
}

/* --- Ending --- */

struct found {
	struct tw_device *device;
	struct {
		int64_t account;
		char role[TW_ROLE_NAME_MAX + 1];
	} of[AT_ONCE];
	size_t count;
};

static tw_err find(void *user, const tw_row *row)
{
	struct found *f = user;
	struct tw_slice role = tw_row_bytes(row, 1);
	struct tw_ending e = tw_ending_read(&f->device->context, row, 2);

	if (f->count == AT_ONCE || role.size > TW_ROLE_NAME_MAX || !tw_ending_over(&f->device->context, &e))
		return TW_OK;
	f->of[f->count].account = tw_row_int(row, 0);
	(void)snprintf(f->of[f->count++].role, sizeof f->of[0].role, TW_SLICE_FMT, TW_SLICE_ARG(role));
	return TW_OK;
}

static tw_err take_away(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT(w->word) };

	return tw_store_run(w->c->store, tw_sql_role_drop, v, TW_COUNT(v), NULL, NULL);
}

static tw_err nothing(struct tw_account_work *w)
{
	return TW_OK;
}

static tw_err tell_kept(struct tw_account_work *w)
{
	struct tw_access *a = tw_device_of(w->c)->access;

	if (a->owner_kept == w->account.id)
		return TW_OK;
	w->act = nothing;
	(void)snprintf(w->what, sizeof w->what, "keeps the role owner past its end, for no other owner can come in");
	TW_TRY(tw_account_do(w));
	a->owner_kept = w->account.id; /* once, and not with each run */
	return tw_audit_commit(w->c->audit);
}

static tw_err end(struct tw_context *c, int64_t account, const char *role)
{
	struct tw_account_work w = { .c = c, .act = take_away, .word = role, .ends_sessions = true };
	struct tw_device *d = tw_device_of(c);

	TW_TRY(tw_account_get(&d->context, account, &w.account));
	if (!strcmp(role, TW_ROLE_OWNER) && tw_access_owner(d, account)) {
		w.ends_sessions = false;
		return tell_kept(&w);
	}
	(void)snprintf(w.what, sizeof w.what, "lost the role %s, for its time was up", role);
	TW_TRY(tw_account_do(&w));
	return tw_audit_commit(c->audit);
}

/* @nist LA.AC.1.4.2: what was given for a time is taken away, and not only passed over */
tw_err tw_roles_end(struct tw_context *c)
{
	TW_CLEANUP(tw_freep) struct found *f = TW_NEW(c->sys, struct found);

	if (!f)
		return TW_RAISE(NOMEM, "roles that end");
	f->device = tw_device_of(c);
	do {
		f->count = 0;
		TW_TRY(tw_store_run(c->store, tw_sql_role_end_all, NULL, 0, find, f));
		for (size_t i = 0; i < f->count; i++)
			TW_TRY(end(c, f->of[i].account, f->of[i].role));
	} while (f->count == AT_ONCE);
	return TW_OK;
}
