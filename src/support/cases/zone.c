/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/zone.h"

#include <stdio.h>

#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_DAY (INT64_C(24) * 60 * MS_PER_MINUTE)
#define TEXT_MONTH 5 /* where it stands in "2026-11-21T09:30:00.123Z" */
#define TEXT_DAY 8

const struct tw_zone tw_zones[] = {
	{ "UTC", 0, false },
	{ "Atlantic/Azores", -60, true },
	{ "Atlantic/Canary", 0, true },
	{ "Atlantic/Madeira", 0, true },
	{ "Atlantic/Reykjavik", 0, false },
	{ "Europe/Dublin", 0, true },
	{ "Europe/Lisbon", 0, true },
	{ "Europe/Amsterdam", 60, true },
	{ "Europe/Berlin", 60, true },
	{ "Europe/Bratislava", 60, true },
	{ "Europe/Brussels", 60, true },
	{ "Europe/Budapest", 60, true },
	{ "Europe/Copenhagen", 60, true },
	{ "Europe/Ljubljana", 60, true },
	{ "Europe/Luxembourg", 60, true },
	{ "Europe/Madrid", 60, true },
	{ "Europe/Malta", 60, true },
	{ "Europe/Oslo", 60, true },
	{ "Europe/Paris", 60, true },
	{ "Europe/Prague", 60, true },
	{ "Europe/Rome", 60, true },
	{ "Europe/Stockholm", 60, true },
	{ "Europe/Vaduz", 60, true },
	{ "Europe/Vienna", 60, true },
	{ "Europe/Warsaw", 60, true },
	{ "Europe/Zagreb", 60, true },
	{ "Asia/Nicosia", 120, true },
	{ "Europe/Athens", 120, true },
	{ "Europe/Bucharest", 120, true },
	{ "Europe/Helsinki", 120, true },
	{ "Europe/Riga", 120, true },
	{ "Europe/Sofia", 120, true },
	{ "Europe/Tallinn", 120, true },
	{ "Europe/Vilnius", 120, true },
	{ .name = NULL },
};

const struct tw_zone *tw_zone_find(struct tw_slice name)
{
	for (const struct tw_zone *z = tw_zones; z->name; z++)
		if (tw_slice_is(name, z->name))
			return z;
	return NULL;
}

static unsigned digits(const char *text, unsigned count)
{
	unsigned v = 0;

	while (count--)
		v = v * 10 + (unsigned)(*text++ - '0');
	return v;
}

/* 01:00 UTC on the last Sunday of a month of 31 days. */
static int64_t change(unsigned year, unsigned month)
{
	char text[TW_TIME_TEXT_MAX];
	int64_t ms = 0;

	(void)snprintf(text, sizeof text, "%04u-%02u-31T01:00:00Z", year % 10000, month % 100);
	tw_ignore(tw_parse_time(tw_slice_of(text), &ms));
	int64_t days = (ms >= 0 ? ms : ms - MS_PER_DAY + 1) / MS_PER_DAY,
		weekday = ((days + 4) % 7 + 7) % 7; /* 1970 began on a Thursday; Sunday is 0 */
	return ms - weekday * MS_PER_DAY;
}

int tw_zone_minutes(const struct tw_zone *z, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX];

	if (!z->summer)
		return z->minutes;
	tw_time_text(ms, text);
	unsigned year = digits(text, 4);
	return z->minutes + (ms >= change(year, 3) && ms < change(year, 10) ? 60 : 0);
}

void tw_zone_text(const struct tw_zone *z, int64_t ms, char ret[TW_TIME_TEXT_MAX])
{
	int east = tw_zone_minutes(z, ms);
	unsigned size = (unsigned)(east < 0 ? -east : east);
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms + east * MS_PER_MINUTE, text);
	(void)snprintf(ret, TW_TIME_TEXT_MAX, "%.19s%c%02u:%02u", text, east < 0 ? '-' : '+', size / 60 % 100, size % 60);
}

/* Of a time of day there: the earlier moment when it comes twice, the moment of the change when it is skipped. */
static int64_t moment(const struct tw_zone *z, int64_t local)
{
	int64_t standard = local - z->minutes * MS_PER_MINUTE, summer = standard - 60 * MS_PER_MINUTE;
	bool in_summer = tw_zone_minutes(z, summer) != z->minutes, in_standard = tw_zone_minutes(z, standard) == z->minutes;

	if (!z->summer || (in_standard && !in_summer))
		return standard;
	if (in_summer)
		return summer;
	return standard - standard % (60 * MS_PER_MINUTE); /* clocks change at a full hour of UTC */
}

int64_t tw_zone_later(const struct tw_zone *z, int64_t ms, unsigned months, unsigned days)
{
	char text[TW_TIME_TEXT_MAX], later[TW_TIME_TEXT_MAX];
	int64_t local = ms + tw_zone_minutes(z, ms) * MS_PER_MINUTE, result = local;

	tw_time_text(local, text);
	unsigned month = digits(text, 4) * 12 + digits(text + TEXT_MONTH, 2) - 1 + months;
	for (unsigned day = digits(text + TEXT_DAY, 2); months && day > 0; day--) {
		(void)snprintf(later, sizeof later, "%04u-%02u-%02u%.14s", month / 12 % 10000, month % 12 + 1, day % 100,
			text + TEXT_DAY + 2);
		if (!tw_failed(tw_parse_time(tw_slice_of(later), &result)))
			break;
	}
	return moment(z, result + days * MS_PER_DAY);
}
