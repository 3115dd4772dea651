/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caps of sessions as they are written, and those that do not always count: on a date, at hours of the day, at a place, while a parameter
 * of the product has a value. These count all sessions of the device. While the clock is not trusted, a cap of a date or of hours counts.
 */
#include "base/text.h"
#include "device/logical-access/caps.h"
#include "device/platform/application.h"
#include "service/path/condition.h"

#define DAY_MS (86400 * INT64_C(1000))
#define ZONE_SIZE 6 /* "+01:00" */

static tw_err no_form(const struct tw_cap *cap)
{
	return TW_RAISE(SYNTAX, "'%s' is no %s to cap sessions by", cap->name, cap->kind);
}

/* @nist LA.LDU.2.4: "2026-12-24", or with the offset of a place, "2026-12-24+01:00": a day there */
static tw_err read_day(const struct tw_cap *cap, struct tw_condition *ret)
{
	size_t size = strlen(cap->name);
	const char *zone = size > 10 ? cap->name + 10 : "Z";
	char text[TW_TIME_TEXT_MAX];

	if (size != 10 && (size != 10 + ZONE_SIZE || (*zone != '+' && *zone != '-')))
		return no_form(cap);
	(void)snprintf(text, sizeof text, "%.10sT00:00:00%s", cap->name, zone);
	TW_TRY(tw_parse_time(tw_slice_of(text), &ret->from_ms));
	if (ret->from_ms <= 0) /* 0 would read as no bound */
		return no_form(cap);
	ret->until_ms = ret->from_ms + DAY_MS;
	return TW_OK;
}

/* @nist LA.LDU.2.5: "22:00-06:00", or "22:00-06:00+01:00" */
static tw_err read_hours(const struct tw_cap *cap, struct tw_condition *ret)
{
	size_t size = strlen(cap->name), window = size > ZONE_SIZE && size != 11 ? size - ZONE_SIZE : size;
	TW_CLEANUP(tw_jsonp)
	json_t *j = json_pack("{s:[s%], s:s}", "hours", cap->name, window, "zone", window < size ? cap->name + window : "+00:00");

	return j ? tw_condition_read(j, ret) : TW_RAISE(NOMEM, "a cap");
}

/* @nist LA.LDU.2.6: the place, as logical-access.place names it */
static tw_err read_place(const struct tw_cap *cap, struct tw_condition *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_pack("{s:[s]}", "places", cap->name);

	return j ? tw_condition_read(j, ret) : TW_RAISE(NOMEM, "a cap");
}

/* "application.mode=eco", "application.battery<20": a setting of the product's, and the value it is compared with. */
struct parameter {
	char key[TW_CAP_NAME_MAX];
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

static tw_err read_parameter(struct tw_device *d, const struct tw_cap *cap, struct parameter *ret)
{
	size_t key = strcspn(cap->name, "=<>");
	const struct tw_setting_row *row = tw_application_setting(d->application, (struct tw_slice){ cap->name, key });

	if (!row || !cap->name[key] || !cap->name[key + 1])
		return no_form(cap);
	(void)snprintf(ret->key, sizeof ret->key, "%.*s", (int)key, cap->name);
	ret->sign = cap->name[key];
	ret->value = cap->name + key + 1;
	if (ret->sign == '=')
		return tw_setting_check(row, ret->value); /* one that it cannot have would never count */
	return row->type == TW_SETTING_INT ? read_number(ret->value, &ret->number) : no_form(cap);
}

/* @nist LA.LDU.2.7: the value that the parameter has now decides */
static tw_err parameter_fits(struct tw_device *d, const struct tw_cap *cap, bool *ret)
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
	tw_err (*read)(const struct tw_cap *cap, struct tw_condition *ret); /* NULL: a parameter */
} conditional[] = { { "date", read_day }, { "hours", read_hours }, { "place", read_place }, { "parameter", NULL } };

/* Its row above; -1: it is a cap for somebody. */
static int conditional_of(const struct tw_cap *cap)
{
	for (size_t i = 0; i < TW_COUNT(conditional); i++)
		if (!strcmp(cap->kind, conditional[i].kind))
			return (int)i;
	return -1;
}

bool tw_cap_conditional(const struct tw_cap *cap)
{
	return conditional_of(cap) >= 0;
}

/* While nobody knows the time, it might be the day or the hour. */
static tw_err counts_now(struct tw_device *d, const struct tw_cap *cap, bool *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 };
	struct tw_moment now = { .wall_ms = tw_time_wall_ms(&d->time), .time_trusted = tw_time_trusted(&d->time), .place = "" };
	struct tw_condition when = { .days = 0 };
	int row = conditional_of(cap);

	if (!conditional[row].read)
		return parameter_fits(d, cap, ret);
	tw_buf_init(&place, d->context.sys, 512);
	TW_TRY(tw_setting_get(&d->context, "logical-access.place", &place));
	now.place = tw_buf_cstr(&place);
	TW_TRY(conditional[row].read(cap, &when));
	const char *fails = tw_condition_fails(&when, &now);
	*ret = !fails || !strcmp(fails, "condition.time-untrusted");
	return TW_OK;
}

/* One that a release or product does not understand any more counts for nothing. */
tw_err tw_cap_counts_now(struct tw_device *d, const struct tw_cap *cap, bool *ret)
{
	*ret = false;
	tw_err e = counts_now(d, cap, ret);
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) ? TW_OK : e;
}

/* "account.a17", "account.each", "role.operator", "group.night-shift", "date.2026-12-24", "hours.08:00-17:30", "place.hall 3",
   "parameter.application.mode=eco" */
bool tw_cap_read(struct tw_slice text, struct tw_cap *ret)
{
	const char *dot = memchr(text.at, '.', text.size);
	size_t kind = dot ? (size_t)(dot - text.at) : 0;

	if (!dot || kind >= sizeof ret->kind || text.size - kind - 1 >= sizeof ret->name)
		return false;
	(void)snprintf(ret->kind, sizeof ret->kind, "%.*s", (int)kind, text.at);
	(void)snprintf(ret->name, sizeof ret->name, "%.*s", (int)(text.size - kind - 1), dot + 1);
	return true;
}

bool tw_cap_valid(struct tw_context *c, const struct tw_cap *cap)
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
