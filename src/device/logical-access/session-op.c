/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions as others see them: who has one, ending them, and how many there may be at a time. */
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/path/page.h"

#define ID_SIZE 8 /* of a session's hash: names it and opens nothing */
#define CAPS_MAX 64

/* --- Who has one --- */

static tw_err id_of(const struct tw_sys *sys, const struct tw_session *s, char ret[2 * ID_SIZE + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 2 * ID_SIZE);
	TW_TRY(tw_buf_hex(&text, s->hash, ID_SIZE));
	(void)snprintf(ret, 2 * ID_SIZE + 1, "%s", tw_buf_cstr(&text));
	return TW_OK;
}

static tw_err describe(struct tw_device *d, const struct tw_session *s, bool own, json_t **ret)
{
	int64_t now = tw_time_boot_ms(&d->time);
	char id[2 * ID_SIZE + 1], account[TW_ACCOUNT_ID_MAX + 2], opened[TW_TIME_TEXT_MAX];
	struct tw_account a;

	TW_TRY(tw_account_get(d, s->account, &a));
	TW_TRY(id_of(d->context.sys, s, id));
	tw_account_id(s->account, account);
	tw_time_text(s->opened_ms, opened);
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:b}", "session", id, "account", account, "name", a.name, "how",
		s->how, "source", s->source, "opened", opened, "idle_s", (json_int_t)((now - s->used_ms) / 1000), "ends_in_s",
		(json_int_t)((s->expires_ms - now) / 1000), "own", own);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a session");
}

tw_err tw_access_sessions(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_session *mine = tw_access_session_of(d, tw_access_bearer(rq));
	struct tw_page p;
	uint64_t after = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &after));
	if (rp->problem[0])
		return TW_OK;
	for (size_t i = after < TW_SESSIONS_MAX ? (size_t)after : TW_SESSIONS_MAX; i < TW_SESSIONS_MAX; i++) {
		const struct tw_session *s = &d->access->sessions[i];
		json_t *j = NULL;

		if (!s->used || !tw_access_session_lives(d, s))
			continue;
		if (!tw_page_takes(&p))
			break;
		TW_TRY(describe(d, s, s == mine, &j));
		TW_TRY(tw_page_add_at(&p, i + 1, j));
	}
	return tw_page_end(&p, rp);
}

/* --- Ending them --- */

static struct tw_session *find(struct tw_device *d, struct tw_slice id)
{
	uint8_t bytes[ID_SIZE];

	if (tw_failed(tw_parse_hex(id, bytes, sizeof bytes)))
		return NULL;
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &d->access->sessions[i];

		if (s->used && memcmp(s->hash, bytes, ID_SIZE) == 0 && tw_access_session_lives(d, s))
			return s;
	}
	return NULL;
}

tw_err tw_access_session_stop(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_session *s = find(d, rq->parameter);
	char account[TW_ACCOUNT_ID_MAX + 2];
	struct tw_account a;

	if (!s)
		return tw_reply_problem(rp, 404, "not-found", "session.unknown", "There is no such session",
			"List the sessions to see what there is.", "It is over, or never was.");
	tw_account_id(s->account, account);
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(account), rp, &a));
	if (!rp->problem[0])
		TW_TRY(tw_account_reached(c, rq, &a, rp));
	if (rp->problem[0])
		return TW_OK;
	rp->status = 204;
	return tw_access_session_drop(d, s);
}

static tw_err nothing(struct tw_account_work *w)
{
	return TW_OK;
}

/* And the codes that wait: whoever is to be out is out. */
tw_err tw_access_sessions_stop(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account_work w = { .c = c, .rq = rq, .rp = rp, .act = nothing, .what = "all sessions ended", .ends_sessions = true };

	TW_TRY(tw_account_wanted(c, rq, rq->parameter, rp, &w.account));
	return rp->problem[0] ? TW_OK : tw_account_do(&w);
}

/* --- How many there may be --- */

struct cap {
	char kind[16], name[TW_ACCOUNT_NAME_MAX];
	int64_t most;
	bool broken;
};

static tw_err take_cap(void *user, const tw_row *row)
{
	struct cap *cap = user;
	struct tw_slice kind = tw_row_bytes(row, 0), name = tw_row_bytes(row, 1);

	cap->broken = true;
	cap->most = tw_row_int(row, 2);
	(void)snprintf(cap->kind, sizeof cap->kind, TW_SLICE_FMT, TW_SLICE_ARG(kind));
	(void)snprintf(cap->name, sizeof cap->name, TW_SLICE_FMT, TW_SLICE_ARG(name));
	return TW_OK;
}

/* Counted are sessions that can be used: the others are swept away first. */
tw_err tw_access_caps_check(struct tw_device *d, int64_t account, struct tw_reply *rp)
{
	static const struct {
		const char *kind, *rule;
	} rules[] = { { "account", "LA.LDU.2.1" }, { "role", "LA.LDU.2.2" }, { "group", "LA.LDU.2.3" } };
	const struct tw_value v[] = { TW_V_INT(account) };
	struct cap cap = { .broken = false };

	TW_TRY(tw_access_sessions_sweep(d));
	TW_TRY(tw_store_run(d->context.store, tw_sql_cap_broken, v, TW_COUNT(v), take_cap, &cap));
	for (size_t i = 0; cap.broken && i < TW_COUNT(rules); i++)
		if (!strcmp(cap.kind, rules[i].kind))
			return tw_reply_problem(rp, 409, "sessions", rules[i].rule, "Too many sessions at a time",
				"End one of them, or wait.", "%lld may be open for %s %s.", (long long)cap.most, cap.kind, cap.name);
	return TW_OK;
}

static tw_err add_cap(void *user, const tw_row *row)
{
	struct tw_slice name = tw_row_bytes(row, 0);
	char text[TW_PAGE_AT_MAX + 1];

	(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(name));
	return tw_page_takes(user)
		? tw_page_add(user, text, json_pack("{s:s, s:I}", "cap", text, "most", (json_int_t)tw_row_int(row, 1)))
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

/* "account.a17", "account.each", "role.operator", "group.night-shift" */
static bool read_cap(struct tw_slice text, struct cap *ret)
{
	const char *dot = memchr(text.at, '.', text.size);
	size_t kind = dot ? (size_t)(dot - text.at) : 0;

	if (!dot || kind >= sizeof ret->kind || text.size - kind - 1 >= sizeof ret->name)
		return false;
	(void)snprintf(ret->kind, sizeof ret->kind, "%.*s", (int)kind, text.at);
	(void)snprintf(ret->name, sizeof ret->name, "%.*s", (int)(text.size - kind - 1), dot + 1);
	return true;
}

static bool cap_counts(struct tw_context *c, const struct cap *cap)
{
	int64_t id = 0;

	if (!strcmp(cap->kind, "account"))
		return !strcmp(cap->name, "each") || tw_account_id_read(tw_slice_of(cap->name), &id);
	if (!strcmp(cap->kind, "role"))
		return tw_gate_assignable(c->gate, tw_gate_role(c->gate, cap->name));
	return !strcmp(cap->kind, "group") && tw_account_word_valid(cap->name);
}

static tw_err refuse_cap(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 400, "input", "session.cap", "This is nothing that sessions are counted for",
		"See /api/v1/openapi.json for the form.", "It is account.ID, account.each, role.NAME of a role there is, or group.NAME.");
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_access_cap_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct cap cap;
	int64_t count = 0;

	if (!read_cap(rq->parameter, &cap) || !cap_counts(c, &cap))
		return refuse_cap(rp);
	TW_TRY(tw_store_run(c->store, tw_sql_cap_count, NULL, 0, count_row, &count));
	if (count >= CAPS_MAX)
		return tw_reply_problem(rp, 409, "full", "session.caps", "There are too many caps",
			"Remove one that is not needed any more.", "This device keeps %d.", CAPS_MAX);
	cap.most = tw_json_int(rq->input, "most");
	const struct tw_value v[] = { TW_V_TEXT(cap.kind), TW_V_TEXT(cap.name), TW_V_INT(cap.most) };
	(void)snprintf(rp->note, sizeof rp->note, "at most %lld for %s %s", (long long)cap.most, cap.kind, cap.name);
	rp->body = json_pack("{s:s%, s:I}", "cap", rq->parameter.at, rq->parameter.size, "most", (json_int_t)cap.most);
	if (!rp->body)
		return TW_RAISE(NOMEM, "a cap");
	return tw_store_run(c->store, tw_sql_cap_put, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_cap_clear(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct cap cap;

	if (!read_cap(rq->parameter, &cap))
		return refuse_cap(rp);
	const struct tw_value v[] = { TW_V_TEXT(cap.kind), TW_V_TEXT(cap.name) };
	rp->status = 204;
	return tw_store_run(c->store, tw_sql_cap_drop, v, TW_COUNT(v), NULL, NULL);
}
