/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals cost the attacker nothing, so their records are rationed: so many a minute for one source, so many for all
 * together. Beyond that only a count is kept, and sealed as one record when the minute is over. A source that has to give up
 * its row, because an attacker has many addresses, is added to the common row; no refusal is ever left uncounted.
 */
#include "service/audit/audit-internal.h"

#define MINUTE_MS 60000
#define PER_SOURCE 10 /* enough to see what a person or a wrong program tried */
#define PER_MINUTE 60 /* all sources: with records of 300 bytes below 26 MB a day under constant attack */

static tw_err seal(tw_audit *a, struct tw_audit_source *s)
{
	if (s->suppressed == 0)
		return TW_OK;
	json_t *body = json_pack("{s:s, s:I, s:I}", "source", s->name, "count", (json_int_t)s->suppressed, "since_boot_ms",
		(json_int_t)s->window_ms);
	TW_TRY(tw_audit_append(a, TW_LOG_REFUSALS, body, NULL));
	s->suppressed = 0;
	return TW_OK;
}

static bool over(const struct tw_audit_source *s, int64_t now)
{
	return now - s->window_ms >= MINUTE_MS;
}

tw_err tw_audit_refusals_seal(tw_audit *a, bool all)
{
	int64_t now = tw_time_boot_ms(a->o.time);
	for (size_t i = 0; i < TW_COUNT(a->sources); i++) {
		struct tw_audit_source *s = &a->sources[i];
		if (!all && !over(s, now))
			continue;
		TW_TRY(seal(a, s));
		s->used = false;
	}
	return TW_OK;
}

int64_t tw_audit_refusals_due_ms(const tw_audit *a)
{
	const struct tw_audit_source *first = NULL;
	for (size_t i = 0; i < TW_COUNT(a->sources); i++) {
		const struct tw_audit_source *s = &a->sources[i];
		if (s->suppressed && (!first || s->window_ms < first->window_ms))
			first = s;
	}
	return first ? first->window_ms + MINUTE_MS : -1;
}

static struct tw_audit_source *begin_row(struct tw_audit_source *s, const char *name, int64_t now)
{
	*s = (struct tw_audit_source){ .used = true, .window_ms = now };
	snprintf(s->name, sizeof s->name, "%s", name);
	return s;
}

/* The source's row; a free one; or the oldest, whose count goes to the others. */
static struct tw_audit_source *row_of(tw_audit *a, const char *name, int64_t now)
{
	struct tw_audit_source *unused = NULL, *oldest = &a->sources[0], *others = &a->sources[TW_AUDIT_OTHERS];
	for (size_t i = 0; i < TW_AUDIT_SOURCES; i++) {
		struct tw_audit_source *s = &a->sources[i];
		if (s->used && strncmp(s->name, name, sizeof s->name - 1) == 0)
			return s;
		if (!s->used)
			unused = s;
		else if (s->window_ms < oldest->window_ms)
			oldest = s;
	}
	if (unused)
		return begin_row(unused, name, now);
	if (oldest->suppressed && !others->used)
		begin_row(others, "others", now);
	others->suppressed += oldest->suppressed;
	return begin_row(oldest, name, now);
}

tw_err tw_audit_refused(tw_audit *a, const char *source, struct tw_slice body)
{
	int64_t now = tw_time_boot_ms(a->o.time);
	TW_TRY(tw_audit_refusals_seal(a, false));
	if (now - a->total_window_ms >= MINUTE_MS) {
		a->total_window_ms = now;
		a->total_recorded = 0;
	}
	struct tw_audit_source *s = row_of(a, source, now);
	/* On a full disk the reserve is not for strangers. */
	bool scarce = a->spare < 0 && a->o.segment_size - a->written - a->batch.size < TW_AUDIT_RESERVE + TW_LOG_RECORD_MAX;
	if (scarce || s->recorded >= PER_SOURCE || a->total_recorded >= PER_MINUTE) {
		s->suppressed++;
		return TW_OK;
	}
	TW_TRY(tw_audit_append_text(a, TW_LOG_EVENT, body, NULL));
	s->recorded++;
	a->total_recorded++;
	return TW_OK;
}
