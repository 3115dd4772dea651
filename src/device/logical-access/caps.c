/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many sessions there may be at a time: for an account, for each, for a role with all that inherit it, for a group; in all while
 * something is so. A cap for somebody that is set lower ends what is beyond it. One that counts at times leaves open what is open.
 *
 * Counted are sessions that can be used. Who comes by a client certificate has none: each of his connections proves itself, lasts as long
 * as front lets it and leaves nothing behind that another could go on with, so there is nothing to count; front bounds connections.
 * An owner holds every role by being one, and counts for role.owner alone; what others say of sessions does not bind him.
 */
#include "base/text.h"
#include "device/logical-access/caps.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"
#include "service/path/page.h"

#define CAPS_MAX 64
#define EACH "each"

struct holder {
	int64_t account;
	char roles[TW_ACCOUNT_WORDS_MAX], groups[TW_ACCOUNT_WORDS_MAX];
};
struct counting {
	struct tw_device *device;
	struct tw_cap caps[CAPS_MAX];
	bool now[CAPS_MAX]; /* of a conditional one: it counts */
	size_t cap_count, holder_count;
	struct holder holders[TW_SESSIONS_MAX + 1]; /* whoever has a session, and whoever is asked about */
};

static tw_err take_cap(void *user, const tw_row *row)
{
	struct counting *g = user;
	struct tw_cap *cap = &g->caps[g->cap_count];
	struct tw_slice kind = tw_row_bytes(row, 0), name = tw_row_bytes(row, 1);

	if (g->cap_count == CAPS_MAX)
		return TW_OK;
	(void)snprintf(cap->kind, sizeof cap->kind, TW_SLICE_FMT, TW_SLICE_ARG(kind));
	(void)snprintf(cap->name, sizeof cap->name, TW_SLICE_FMT, TW_SLICE_ARG(name));
	cap->most = tw_row_int(row, 2);
	cap->by_owner = tw_row_int(row, 3) != 0;
	g->cap_count++;
	return TW_OK;
}

static const struct holder *holder_of(const struct counting *g, int64_t account)
{
	for (size_t i = 0; i < g->holder_count; i++)
		if (g->holders[i].account == account)
			return &g->holders[i];
	return NULL;
}

static tw_err add_holder(struct counting *g, int64_t account)
{
	struct holder *h = &g->holders[g->holder_count];
	struct tw_account a;

	if (holder_of(g, account))
		return TW_OK;
	TW_TRY(tw_account_get(&g->device->context, account, &a));
	h->account = account;
	memcpy(h->roles, a.roles, sizeof h->roles);
	memcpy(h->groups, a.groups, sizeof h->groups);
	g->holder_count++;
	return TW_OK;
}

/* Nothing is looked up while there is no cap. */
static tw_err begin(struct tw_device *d, int64_t account, struct counting *ret)
{
	ret->device = d;
	TW_TRY(tw_store_run(d->context.store, tw_sql_cap_all, NULL, 0, take_cap, ret));
	if (ret->cap_count == 0)
		return TW_OK;
	for (size_t i = 0; i < ret->cap_count; i++)
		if (tw_cap_conditional(&ret->caps[i]))
			TW_TRY(tw_cap_counts_now(d, &ret->caps[i], &ret->now[i]));
	if (account)
		TW_TRY(add_holder(ret, account));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (tw_access_session_lives(&d->context, &d->access->guard.sessions[i]))
			TW_TRY(add_holder(ret, d->access->guard.sessions[i].account));
	return TW_OK;
}

static bool binds(const struct tw_cap *cap, const struct holder *h)
{
	return cap->by_owner || !tw_account_has(h->roles, TW_ROLE_OWNER);
}

static bool is_for(const struct tw_cap *cap, const char *kind, const char *name)
{
	return !strcmp(cap->kind, kind) && !strcmp(cap->name, name);
}

static bool has_own(const struct counting *g, const struct holder *h)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(h->account, id);
	for (size_t i = 0; i < g->cap_count; i++)
		if (is_for(&g->caps[i], "account", id) && binds(&g->caps[i], h))
			return true;
	return false;
}

static bool has_role(const struct counting *g, const struct tw_cap *cap, const struct holder *h)
{
	const tw_gate *gate = g->device->context.gate;
	char words[TW_ACCOUNT_WORDS_MAX], *rest = NULL;
	bool found = false;

	if (tw_account_has(h->roles, TW_ROLE_OWNER))
		return !strcmp(cap->name, TW_ROLE_OWNER);
	memcpy(words, h->roles, sizeof words);
	for (char *role = strtok_r(words, " ", &rest); role; role = strtok_r(NULL, " ", &rest))
		found |= tw_gate_role_within(gate, tw_gate_role(gate, role), tw_gate_role(gate, cap->name));
	return found;
}

/* Do the sessions of this account count for that cap? */
static bool concerns(const struct counting *g, const struct tw_cap *cap, const struct holder *h)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	if (!h || !binds(cap, h))
		return false;
	if (tw_cap_conditional(cap))
		return g->now[cap - g->caps];
	tw_account_id(h->account, id);
	if (!strcmp(cap->kind, "account"))
		return !strcmp(cap->name, id) || (!strcmp(cap->name, EACH) && !has_own(g, h));
	return !strcmp(cap->kind, "role") ? has_role(g, cap, h) : !strcmp(cap->kind, "group") && tw_account_has(h->groups, cap->name);
}

/* Is this session one of those that are counted together with the account's? */
static bool counts(const struct counting *g, const struct tw_cap *cap, const struct tw_session *s, int64_t account)
{
	return tw_access_session_lives(&g->device->context, s) && (strcmp(cap->kind, "account") != 0 || s->account == account) &&
		concerns(g, cap, holder_of(g, s->account));
}

static int64_t count(const struct counting *g, const struct tw_cap *cap, int64_t account)
{
	int64_t n = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		n += counts(g, cap, &g->device->access->guard.sessions[i], account);
	return n;
}

/* The cap that so many more sessions of the account would break, if there is one. */
static const struct tw_cap *broken(const struct counting *g, int64_t account, int64_t more)
{
	const struct tw_cap *found = NULL;

	for (size_t i = 0; i < g->cap_count; i++) {
		const struct tw_cap *cap = &g->caps[i];

		if (concerns(g, cap, holder_of(g, account)) && count(g, cap, account) + more > cap->most &&
			(!found || tw_cap_conditional(found)))
			found = cap; /* rather one for somebody */
	}
	return found;
}

/* @nist LA.RSM.6.1: whoever may log in so often does not log in once more while his last session is open */
static tw_err check_uses(struct tw_device *d, int64_t account, struct tw_reply *rp)
{
	struct tw_account a;

	TW_TRY(tw_account_get(&d->context, account, &a));
	return a.counts_uses && a.uses_left <= 0
		? tw_reply_problem(rp, 409, "account-state", "account.uses", "This account has been used as often as it may",
			  "Ask for another account.", "Its last session is open; when that ends, the account has ended.")
		: TW_OK;
}

/*
 * @nist LA.LDU.2: asked before a session is opened, whatever opens it; one more than a cap is refused, by that cap's rule
 * @nist LA.LDU.2.1: of an account, its own or each one's
 * @nist LA.LDU.2.2: of a role, with all that inherit it
 * @nist LA.LDU.2.3: of a group
 */
tw_err tw_access_caps_check(struct tw_device *d, int64_t account, struct tw_reply *rp)
{
	static const struct {
		const char *kind, *rule;
	} rules[] = { { "account", "LA.LDU.2.1" }, { "role", "LA.LDU.2.2" }, { "group", "LA.LDU.2.3" }, { "date", "LA.LDU.2.4" },
		{ "hours", "LA.LDU.2.5" }, { "place", "LA.LDU.2.6" }, { "parameter", "LA.LDU.2.7" } };
	TW_CLEANUP(tw_freep) struct counting *g = TW_NEW(d->context.sys, struct counting);

	if (!g)
		return TW_RAISE(NOMEM, "caps");
	TW_TRY(check_uses(d, account, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_access_sessions_sweep(&d->context));
	TW_TRY(begin(d, account, g));
	const struct tw_cap *cap = broken(g, account, 1);
	for (size_t i = 0; cap && i < TW_COUNT(rules); i++)
		if (!strcmp(cap->kind, rules[i].kind))
			return tw_reply_problem(rp, 409, "sessions", rules[i].rule, "Too many sessions at a time",
				"End one of them, or wait.", "%lld may be open for %s %s.", (long long)cap->most, cap->kind, cap->name);
	return TW_OK;
}

tw_err tw_access_caps_exceeded(struct tw_device *d, int64_t account, bool *ret)
{
	TW_CLEANUP(tw_freep) struct counting *g = TW_NEW(d->context.sys, struct counting);

	if (!g)
		return TW_RAISE(NOMEM, "caps");
	TW_TRY(begin(d, account, g));
	const struct tw_cap *cap = broken(g, account, 0);
	*ret = cap && !tw_cap_conditional(cap);
	return TW_OK;
}

/* --- Reading and setting --- */

static tw_err add_cap(void *user, const tw_row *row)
{
	struct tw_slice name = tw_row_bytes(row, 0);
	char text[TW_PAGE_AT_MAX + 1];

	(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(name));
	return tw_page_takes(user) ? tw_page_add(user, text,
					     json_pack("{s:s, s:I, s:b}", "cap", text, "most", (json_int_t)tw_row_int(row, 1),
						     "owners", tw_row_int(row, 2) != 0))
				   : TW_OK;
}

tw_err tw_access_caps(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_TEXT(p.after), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_cap_page, v, TW_COUNT(v), add_cap, &p));
	return tw_page_end(&p, rp);
}

static tw_err refuse_cap(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 400, "input", "session.cap", "This is nothing that sessions are counted for",
		"See /api/v1/openapi.json for the form.",
		"It is account.ID, account.each, role.NAME of a role there is, group.NAME, date.2026-12-24, hours.08:00-17:30, place.NAME, or "
		"parameter.NAME=VALUE of a setting of the product's; dates and hours may end with an offset, as in +01:00.");
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* An owner's cap is an owner's matter, and so is how many sessions owners have. */
static tw_err check_owners(struct tw_context *c, const struct tw_request *rq, const struct tw_cap *cap, struct tw_reply *rp)
{
	const struct tw_value v[] = { TW_V_TEXT(cap->kind), TW_V_TEXT(cap->name) };
	int64_t by_owner = 0, id = 0;

	if (rq->subject.kind == TW_SUBJECT_OWNER)
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_cap_by_owner, v, TW_COUNT(v), take_int, &by_owner));
	bool of_owner = is_for(cap, "role", TW_ROLE_OWNER) ||
		(!strcmp(cap->kind, "account") && tw_account_id_read(tw_slice_of(cap->name), &id) && tw_access_owner(tw_device_of(c), id));
	if (!by_owner && !of_owner)
		return TW_OK;
	return tw_reply_problem(rp, 403, "forbidden", "session.cap-owner", "Not permitted", "Ask an owner.", "%s",
		by_owner ? "An owner has set this cap; only an owner changes it." : "Only an owner says how many sessions an owner has.");
}

struct setting {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	const struct tw_cap *cap;
	struct counting *g;
	bool ends[TW_SESSIONS_MAX];
};

static bool may_end(const struct setting *s, const struct tw_session *one)
{
	const struct holder *h = holder_of(s->g, one->account);

	return one != tw_access_session_of(s->c, tw_access_bearer(s->rq)) &&
		(s->rq->subject.kind == TW_SUBJECT_OWNER ||
			(!tw_account_has(h->roles, TW_ROLE_OWNER) && tw_account_covered(s->c, &s->rq->subject, h->roles)));
}

/* One of the account's (or of all that are counted together) too many: the one that would end first, of those that this subject may end. */
static tw_err end_one(struct setting *s, const struct tw_cap *cap, int64_t account, bool *ret_ended)
{
	struct tw_device *d = tw_device_of(s->c);
	const struct tw_session *all = d->access->guard.sessions, *first = NULL;
	int64_t left = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		if (s->ends[i] || !counts(s->g, cap, &all[i], account))
			continue;
		left++;
		if (may_end(s, &all[i]) &&
			(!first || tw_access_session_due(&d->context, &all[i]) < tw_access_session_due(&d->context, first)))
			first = &all[i];
	}
	*ret_ended = first && left > cap->most;
	if (!*ret_ended)
		return TW_OK;
	const struct tw_value v[] = { TW_V_BLOB(first->hash, sizeof first->hash) };
	s->ends[first - all] = true;
	TW_TRY(tw_store_run(s->c->store, tw_sql_session_drop, v, TW_COUNT(v), NULL, NULL));
	return tw_access_session_told(&d->context, first);
}

/* With the cap go the sessions beyond it: else it would say what is not so. */
static tw_err set(tw_store *store, void *user)
{
	struct setting *s = user;
	const struct tw_value v[] = { TW_V_TEXT(s->cap->kind), TW_V_TEXT(s->cap->name), TW_V_INT(s->cap->most), TW_V_INT(s->cap->by_owner) };
	const struct tw_cap *cap = NULL;

	TW_TRY(tw_store_run(store, tw_sql_cap_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(begin(tw_device_of(s->c), 0, s->g));
	for (size_t i = 0; i < s->g->cap_count; i++)
		if (is_for(&s->g->caps[i], s->cap->kind, s->cap->name))
			cap = &s->g->caps[i];
	for (size_t i = 0; cap && !tw_cap_conditional(cap) && i < s->g->holder_count; i++) {
		bool ended = concerns(s->g, cap, &s->g->holders[i]);

		while (ended)
			TW_TRY(end_one(s, cap, s->g->holders[i].account, &ended));
	}
	return TW_OK;
}

static tw_err put(struct setting *s)
{
	struct tw_device *d = tw_device_of(s->c);

	s->rp->body = json_pack("{s:s%, s:I, s:b}", "cap", s->rq->parameter.at, s->rq->parameter.size, "most",
		(json_int_t)s->cap->most, "owners", s->cap->by_owner);
	if (!s->rp->body)
		return TW_RAISE(NOMEM, "a cap");
	TW_TRY(tw_access_sessions_sweep(&d->context));
	TW_TRY(tw_store_transaction(s->c->store, set, s));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (s->ends[i])
			tw_wipe(&d->access->guard.sessions[i], sizeof d->access->guard.sessions[i]);
	return TW_OK;
}

tw_err tw_access_cap_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_freep) struct counting *g = TW_NEW(c->sys, struct counting);
	struct tw_cap cap = { .by_owner = rq->subject.kind == TW_SUBJECT_OWNER };
	struct setting s = { .c = c, .rq = rq, .rp = rp, .cap = &cap, .g = g };
	int64_t others = 0;

	if (!g)
		return TW_RAISE(NOMEM, "caps");
	if (!tw_cap_read(rq->parameter, &cap) || !tw_cap_valid(c, &cap))
		return refuse_cap(rp);
	TW_TRY(check_owners(c, rq, &cap, rp));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_TEXT(cap.kind), TW_V_TEXT(cap.name) };
	TW_TRY(tw_store_run(c->store, tw_sql_cap_count_others, v, TW_COUNT(v), take_int, &others));
	if (others >= CAPS_MAX)
		return tw_reply_problem(rp, 409, "full", "session.caps", "There are too many caps",
			"Remove one that is not needed any more.", "This device keeps %d.", CAPS_MAX);
	cap.most = tw_json_int(rq->input, "most");
	(void)snprintf(rp->note, sizeof rp->note, "at most %lld for %s %s", (long long)cap.most, cap.kind, cap.name);
	return put(&s);
}

tw_err tw_access_cap_clear(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_cap cap = { .by_owner = false };

	if (!tw_cap_read(rq->parameter, &cap))
		return refuse_cap(rp);
	TW_TRY(check_owners(c, rq, &cap, rp));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_TEXT(cap.kind), TW_V_TEXT(cap.name) };
	rp->status = 204;
	return tw_store_run(c->store, tw_sql_cap_drop, v, TW_COUNT(v), NULL, NULL);
}
