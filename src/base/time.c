/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3339 times, read and written without the C library's time zones and locales. Years 0001 to 9999; a leap second (":60") is
 * refused, since milliseconds since 1970 cannot tell it from the second after.
 */
#include "base/text.h"

#include <stdio.h>

#define MS_PER_DAY (INT64_C(24) * 60 * 60 * 1000)
#define TIME_MIN_MS (-INT64_C(62135596800000)) /* 0001-01-01T00:00:00Z */
#define TIME_MAX_MS INT64_C(253402300799999)   /* 9999-12-31T23:59:59.999Z */

/* Days since 1970-01-01 of a Gregorian date, with years that begin in March so that the leap day comes last. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
	int64_t y = month <= 2 ? year - 1 : year, era, day_of_year, year_of_era;

	era = (y >= 0 ? y : y - 399) / 400;
	year_of_era = y - era * 400;
	day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + (int64_t)day - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void date_of(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, day_of_era = z - era * 146097;
	int64_t year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100), month = (5 * day_of_year + 2) / 153;

	*ret_day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1);
	*ret_month = (unsigned)(month < 10 ? month + 3 : month - 9);
	*ret_year = year + era * 400 + (*ret_month <= 2 ? 1 : 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* One row per field of "2026-11-21T09:30:00": how many digits, the byte before them, and the bounds. */
static const struct {
	char before;
	unsigned digits, min, max;
} fields[] = {
	{ 0, 4, 1, 9999 },
	{ '-', 2, 1, 12 },
	{ '-', 2, 1, 31 },
	{ 'T', 2, 0, 23 },
	{ ':', 2, 0, 59 },
	{ ':', 2, 0, 59 },
};
enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, FIELDS };

static bool take_byte(struct tw_slice *s, char c)
{
	if (s->size == 0 || s->at[0] != c)
		return false;
	s->at++;
	s->size--;
	return true;
}

static bool take_digits(struct tw_slice *s, unsigned digits, unsigned min, unsigned max, unsigned *ret)
{
	unsigned v = 0;

	if (s->size < digits)
		return false;
	for (unsigned i = 0; i < digits; i++) {
		if (s->at[i] < '0' || s->at[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s->at[i] - '0');
	}
	s->at += digits;
	s->size -= digits;
	*ret = v;
	return v >= min && v <= max;
}

/* ".123": one to nine digits, of which milliseconds are kept. */
static bool take_fraction(struct tw_slice *s, unsigned *ret_ms)
{
	unsigned digit, scale = 100, count = 0;

	*ret_ms = 0;
	if (!take_byte(s, '.'))
		return true;
	while (count < 9 && take_digits(s, 1, 0, 9, &digit)) {
		*ret_ms += digit * scale;
		scale /= 10;
		count++;
	}
	return count > 0;
}

static bool take_offset(struct tw_slice *s, int64_t *ret_minutes)
{
	unsigned hours, minutes;
	bool minus;

	*ret_minutes = 0;
	if (take_byte(s, 'Z'))
		return true;
	minus = take_byte(s, '-');
	if (!minus && !take_byte(s, '+'))
		return false;
	if (!take_digits(s, 2, 0, 23, &hours) || !take_byte(s, ':') || !take_digits(s, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = (int64_t)(hours * 60 + minutes) * (minus ? -1 : 1);
	return !minus || *ret_minutes != 0; /* "-00:00" says that the zone is unknown (RFC 3339 4.3) */
}

tw_err tw_parse_time(struct tw_slice s, int64_t *ret_ms)
{
	unsigned v[FIELDS], ms = 0;
	int64_t offset = 0, result;
	bool good = true;

	for (size_t i = 0; good && i < FIELDS; i++)
		good = (fields[i].before == 0 || take_byte(&s, fields[i].before)) &&
			take_digits(&s, fields[i].digits, fields[i].min, fields[i].max, &v[i]);
	if (!good || !take_fraction(&s, &ms) || !take_offset(&s, &offset) || s.size != 0)
		return TW_RAISE(SYNTAX, "not a time as in 2026-11-21T09:30:00Z");
	if (v[DAY] > month_days(v[YEAR], v[MONTH]))
		return TW_RAISE(SYNTAX, "no such day: %04u-%02u-%02u", v[YEAR], v[MONTH], v[DAY]);
	result = days_of((int64_t)v[YEAR], v[MONTH], v[DAY]) * MS_PER_DAY;
	result += ((int64_t)v[HOUR] * 60 + v[MINUTE] - offset) * 60000 + (int64_t)v[SECOND] * 1000 + ms;
	if (result < TIME_MIN_MS || result > TIME_MAX_MS)
		return TW_RAISE(SYNTAX, "a time outside the years 0001 to 9999");
	*ret_ms = result;
	return TW_OK;
}

void tw_time_text(int64_t ms, char ret[TW_TIME_TEXT_MAX])
{
	int64_t at = ms < TIME_MIN_MS ? TIME_MIN_MS : ms > TIME_MAX_MS ? TIME_MAX_MS : ms, days, rest, year;
	unsigned month, day;

	days = (at >= 0 ? at : at - (MS_PER_DAY - 1)) / MS_PER_DAY;
	rest = at - days * MS_PER_DAY;
	date_of(days, &year, &month, &day);
	(void)snprintf(ret, TW_TIME_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)year % 10000, month, day,
		(unsigned)(rest / 3600000) % 24, (unsigned)(rest / 60000 % 60), (unsigned)(rest / 1000 % 60), (unsigned)(rest % 1000));
}
