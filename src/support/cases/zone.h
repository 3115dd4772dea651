/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Local time of the zones whose authorities Article 14 speaks of: the Member States of the EU, and the EEA. Pure.
 *
 * Their clocks change together, at 01:00 UTC on the last Sundays of March and October (Directive 2000/84/EC), so that a zone is an offset and whether
 * it has summer time: no database of zones has to be read, and none can be out of date on the machine. Should that directive end, this ends.
 */
#ifndef TW_SUPPORT_CASES_ZONE_H
#define TW_SUPPORT_CASES_ZONE_H
#include "base/text.h"

struct tw_zone {
	const char *name; /* "Europe/Vienna", as the IANA database has it; NULL ends the list */
	int minutes;      /* of standard time, east of UTC */
	bool summer;
};
extern const struct tw_zone tw_zones[];                   /* the first is UTC */
const struct tw_zone *tw_zone_find(struct tw_slice name); /* NULL: none of these */
int tw_zone_minutes(const struct tw_zone *z, int64_t ms); /* east of UTC at that moment */
/* "2026-09-12T14:05:00+02:00" */
void tw_zone_text(const struct tw_zone *z, int64_t ms, char ret[TW_TIME_TEXT_MAX]);
/* The same time of day so many calendar months and days later there. A day that the month has not becomes its last (31 January: 28 or
   29 February). A time of day that is skipped is the moment of the change, one that comes twice the earlier. */
int64_t tw_zone_later(const struct tw_zone *z, int64_t ms, unsigned months, unsigned days);
#endif
