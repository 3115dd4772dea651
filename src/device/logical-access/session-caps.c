/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many sessions there may be at a time: for one account, for each, for a role, a group, on a date, at hours of the day, at a place.
 *
 * Caps for somebody count his sessions; caps for a date, for hours and for a place count all of the device while it is that date, hour
 * or place. A session that is open stays: caps are asked when one more is to be opened. While the clock is not trusted, a cap of
 * a date or of hours counts.
 */
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/platform/application.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/path/condition.h"
#include "service/path/page.h"

#define CAPS_MAX 64

#define NAME_MAX 88 /* with its kind a place in a page */
#define DAY_MS (86400 * INT64_C(1000))
#define ZONE_SIZE 6 /* "+01:00" */

struct cap {
	char kind[16], name[NAME_MAX];
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

/* --- Caps that do not always count --- */

static tw_err no_form(const struct cap *cap)
{
	return TW_RAISE(SYNTAX, "'%s' is no %s to cap sessions by", cap->name, cap->kind);
}

/* @nist LA.LDU.2.4: "2026-12-24", or with the offset of a place, "2026-12-24+01:00": a day there */
static tw_err read_day(const struct cap *cap, struct tw_condition *ret)
{
	size_t size = strlen(cap->name);
	const char *zone = size > 10 ? cap->name + 10 : "Z";
	char text[TW_TIME_TEXT_MAX];

	if (size != 10 && (size != 10 + ZONE_SIZE || (*zone != '+' && *zone != '-')))
		return no_form(cap);
	(void)snprintf(text, sizeof text, "%.10sT00:00:00%s", cap->name, zone);
	TW_TRY(tw_parse_time(tw_slice_of(text), &ret->from_ms));
	ret->until_ms = ret->from_ms + DAY_MS;
	return TW_OK;
}

/* @nist LA.LDU.2.5: "22:00-06:00", or "22:00-06:00+01:00" */
static tw_err read_hours(const struct cap *cap, struct tw_condition *ret)
{
	size_t size = strlen(cap->name), window = size > ZONE_SIZE && size != 11 ? size - ZONE_SIZE : size;
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:[s%], s:s}", "hours", cap->name, window, "zone", window < size ? cap->name + window : "+00:00");

	return j ? tw_condition_read(j, ret) : TW_RAISE(NOMEM, "a cap");
}

/* @nist LA.LDU.2.6: the place, as logical-access.place names it */
static tw_err read_place(const struct cap *cap, struct tw_condition *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_pack("{s:[s]}", "places", cap->name);

	return j ? tw_condition_read(j, ret) : TW_RAISE(NOMEM, "a cap");
}

/* "application.mode=eco", "application.battery<20": a setting of the product's, and the value it is compared with. */
struct parameter {
	char key[NAME_MAX];
	char sign;
	const char *value;
	int64_t number;
};

static tw_err read_number(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t n = 0;

	TW_TRY(tw_parse_u64(tw_slice_of(text + negative), INT64_MAX, &n));
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return TW_OK;
}

static tw_err read_parameter(struct tw_device *d, const struct cap *cap, struct parameter *ret)
{
	size_t key = strcspn(cap->name, "=<>");
	const struct tw_setting_row *row = tw_application_setting(d->application, (struct tw_slice){ cap->name, key });

	if (!row || !cap->name[key] || !cap->name[key + 1])
		return no_form(cap);
	(void)snprintf(ret->key, sizeof ret->key, "%.*s", (int)key, cap->name);
	ret->sign = cap->name[key];
	ret->value = cap->name + key + 1;
	if (ret->sign == '=')
		return TW_OK;
	return row->type == TW_SETTING_INT ? read_number(ret->value, &ret->number) : no_form(cap);
}

/* @nist LA.LDU.2.7: the value that the parameter has now decides */
static tw_err parameter_fits(struct tw_device *d, const struct cap *cap, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf value = { 0 };
	struct parameter p = { .number = 0 };
	int64_t now = 0;

	TW_TRY(read_parameter(d, cap, &p));
	tw_buf_init(&value, d->context.sys, 512);
	TW_TRY(tw_setting_get(&d->context, p.key, &value));
	*ret = !strcmp(tw_buf_cstr(&value), p.value);
	if (p.sign == '=')
		return TW_OK;
	TW_TRY(read_number(tw_buf_cstr(&value), &now));
	*ret = p.sign == '<' ? now < p.number : now > p.number;
	return TW_OK;
}

static const struct {
	const char *kind;
	tw_err (*read)(const struct cap *cap, struct tw_condition *ret); /* NULL: a parameter */
} conditional[] = { { "date", read_day }, { "hours", read_hours }, { "place", read_place }, { "parameter", NULL } };

/* Its row above; -1: it is a cap for somebody. */
static int conditional_of(const struct cap *cap)
{
	for (size_t i = 0; i < TW_COUNT(conditional); i++)
		if (!strcmp(cap->kind, conditional[i].kind))
			return (int)i;
	return -1;
}

struct looking {
	struct tw_device *device;
	struct tw_moment moment;
	struct cap broken;
};

/* While nobody knows the time, it might be the day or the hour. */
static tw_err counts_now(struct looking *l, const struct cap *cap, bool *ret)
{
	struct tw_condition when = { .days = 0 };
	int row = conditional_of(cap);

	*ret = false;
	if (row < 0)
		return TW_OK;
	if (!conditional[row].read)
		return parameter_fits(l->device, cap, ret);
	TW_TRY(conditional[row].read(cap, &when));
	const char *fails = tw_condition_fails(&when, &l->moment);
	*ret = !fails || !strcmp(fails, "condition.time-untrusted");
	return TW_OK;
}

/* One that a release or product does not understand any more counts for nothing. */
static tw_err look_at(void *user, const tw_row *row)
{
	struct looking *l = user;
	struct cap cap = { .broken = false };
	bool now = false;

	TW_TRY(take_cap(&cap, row));
	tw_err e = counts_now(l, &cap, &now);
	if (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	if (!tw_failed(e) && now && !l->broken.broken)
		l->broken = cap;
	return TW_OK;
}

static tw_err find_broken(struct tw_device *d, struct cap *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 };
	struct looking l = { .device = d,
		.moment = { .wall_ms = tw_time_wall_ms(&d->time), .time_trusted = tw_time_trusted(&d->time), .place = "" } };
	int64_t open = 0;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		open += tw_access_session_lives(d, &d->access->sessions[i]);
	tw_buf_init(&place, d->context.sys, 512);
	TW_TRY(tw_setting_get(&d->context, "logical-access.place", &place));
	l.moment.place = tw_buf_cstr(&place);
	const struct tw_value v[] = { TW_V_INT(open) };
	TW_TRY(tw_store_run(d->context.store, tw_sql_cap_reached, v, TW_COUNT(v), look_at, &l));
	*ret = l.broken;
	return TW_OK;
}

/* --- Asking --- */

/* @nist LA.RSM.6.1: whoever may log in so often does not log in once more while his last session is open */
static tw_err check_uses(struct tw_device *d, int64_t account, struct tw_reply *rp)
{
	struct tw_account a;

	TW_TRY(tw_account_get(d, account, &a));
	return a.counts_uses && a.uses_left <= 0
		? tw_reply_problem(rp, 409, "account-state", "account.uses", "This account has been used as often as it may",
			  "Ask for another account.", "Its last session is open; when that ends, the account has ended.")
		: TW_OK;
}

/* Counted are sessions that can be used: the others are swept away first. */
tw_err tw_access_caps_check(struct tw_device *d, int64_t account, struct tw_reply *rp)
{
	static const struct {
		const char *kind, *rule;
	} rules[] = { { "account", "LA.LDU.2.1" }, { "role", "LA.LDU.2.2" }, { "group", "LA.LDU.2.3" }, { "date", "LA.LDU.2.4" },
		{ "hours", "LA.LDU.2.5" }, { "place", "LA.LDU.2.6" }, { "parameter", "LA.LDU.2.7" } };
	const struct tw_value v[] = { TW_V_INT(account) };
	struct cap cap = { .broken = false };

	TW_TRY(check_uses(d, account, rp));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_access_sessions_sweep(d));
	TW_TRY(tw_store_run(d->context.store, tw_sql_cap_broken, v, TW_COUNT(v), take_cap, &cap));
	if (!cap.broken)
		TW_TRY(find_broken(d, &cap));
	for (size_t i = 0; cap.broken && i < TW_COUNT(rules); i++)
		if (!strcmp(cap.kind, rules[i].kind))
			return tw_reply_problem(rp, 409, "sessions", rules[i].rule, "Too many sessions at a time",
				"End one of them, or wait.", "%lld may be open for %s %s.", (long long)cap.most, cap.kind, cap.name);
	return TW_OK;
}

/* --- Keeping them --- */

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

/* "account.a17", "account.each", "role.operator", "group.night-shift", "date.2026-12-24", "hours.08:00-17:30", "place.hall 3",
   "parameter.application.mode=eco" */
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
	struct tw_condition when = { .days = 0 };
	struct parameter p;
	int row = conditional_of(cap);
	int64_t id = 0;

	if (row >= 0)
		return !tw_failed(conditional[row].read ? conditional[row].read(cap, &when) : read_parameter(tw_device_of(c), cap, &p));
	if (!strcmp(cap->kind, "account"))
		return !strcmp(cap->name, "each") || tw_account_id_read(tw_slice_of(cap->name), &id);
	if (!strcmp(cap->kind, "role"))
		return tw_gate_assignable(c->gate, tw_gate_role(c->gate, cap->name));
	return !strcmp(cap->kind, "group") && tw_account_word_valid(cap->name);
}

static tw_err refuse_cap(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 400, "input", "session.cap", "This is nothing that sessions are counted for",
		"See /api/v1/openapi.json for the form.",
		"It is account.ID, account.each, role.NAME of a role there is, group.NAME, date.2026-12-24, hours.08:00-17:30, place.NAME, or "
		"parameter.NAME=VALUE of a setting of the product's; dates and hours may end with an offset, as in +01:00.");
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_access_cap_set(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct cap cap = { .broken = false };
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
