/* SPDX-License-Identifier: Apache-2.0 */
#include "support/cases/clocks.h"

#include "base/mem.h"

#include <stdio.h>

#define MINUTES INT64_C(60000)
#define HOURS (60 * MINUTES)
#define DAYS (24 * HOURS)
#define POINTS_MAX (TW_A14_POINTS - 1) /* before the deadline */

const char *const tw_a14_kinds[TW_A14_KINDS] = { "exploited-vulnerability", "severe-incident" };
const char *const tw_a14_steps[TW_A14_STEPS] = { "early-warning", "notification", "final-report" };
const char *const tw_clock_states[] = { "running", "waiting", "met", "met-late", "late", "not-reportable" };

/* What starts a clock. */
enum start { AWARE, MEASURE, NOTIFIED };
static const struct row {
	const char *rule;
	enum start start;
	int64_t ms; /* elapsed; 0: by the calendar */
	unsigned months, days;
	int64_t points[POINTS_MAX]; /* so long before the deadline somebody else has to look */
} rows[TW_A14_KINDS][TW_A14_STEPS] = {
	[TW_A14_EXPLOITED] = {
		{ "Art. 14(2)(a)", AWARE, 24 * HOURS, 0, 0, { 12 * HOURS, 4 * HOURS, 1 * HOURS } },
		{ "Art. 14(2)(b)", AWARE, 72 * HOURS, 0, 0, { 24 * HOURS, 8 * HOURS, 2 * HOURS } },
		{ "Art. 14(2)(c)", MEASURE, 0, 0, 14, { 5 * DAYS, 2 * DAYS, 1 * DAYS } },
	},
	[TW_A14_INCIDENT] = {
		{ "Art. 14(4)(a)", AWARE, 24 * HOURS, 0, 0, { 12 * HOURS, 4 * HOURS, 1 * HOURS } },
		{ "Art. 14(4)(b)", AWARE, 72 * HOURS, 0, 0, { 24 * HOURS, 8 * HOURS, 2 * HOURS } },
		{ "Art. 14(4)(c)", NOTIFIED, 0, 1, 0, { 7 * DAYS, 3 * DAYS, 1 * DAYS } },
	},
};

#define ANY_KIND ((1u << TW_A14_EXPLOITED) | (1u << TW_A14_INCIDENT))
#define EXPLOITED (1u << TW_A14_EXPLOITED)
#define ANY_STEP ((1u << TW_A14_WARNING) | (1u << TW_A14_NOTIFICATION) | (1u << TW_A14_FINAL))
const struct tw_a14_ground tw_a14_grounds[] = {
	{ "cybersecurity", "on justified cybersecurity-related grounds, for as long as is strictly necessary (Art. 16(2), first subparagraph)",
		ANY_KIND, ANY_STEP },
	{ "coordinated-disclosure",
		"the vulnerability is subject to a coordinated vulnerability disclosure procedure (Art. 16(2), first subparagraph)",
		EXPLOITED, ANY_STEP },
	{ "one-member-state",
		"exploited by a malicious actor and, as far as is known, in no other Member State than that of the CSIRT (Art. 16(2), second "
		"subparagraph, point (a))",
		EXPLOITED, 1u << TW_A14_NOTIFICATION },
	{ "essential-interests",
		"further dissemination would likely disclose what is contrary to the essential interests of that Member State (Art. 16(2), "
		"second subparagraph, point (b))",
		EXPLOITED, 1u << TW_A14_NOTIFICATION },
	{ "imminent-risk", "further dissemination would itself cause an imminent high cybersecurity risk (Art. 16(2), second subparagraph, point (c))",
		EXPLOITED, 1u << TW_A14_NOTIFICATION },
	{ .name = NULL },
};

bool tw_a14_kind_find(struct tw_slice name, enum tw_a14_kind *ret)
{
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		if (tw_slice_is(name, tw_a14_kinds[k])) {
			*ret = k;
			return true;
		}
	return false;
}

bool tw_a14_step_find(struct tw_slice name, enum tw_a14_step *ret)
{
	for (enum tw_a14_step s = TW_A14_WARNING; s < TW_A14_STEPS; s++)
		if (tw_slice_is(name, tw_a14_steps[s])) {
			*ret = s;
			return true;
		}
	return false;
}

const struct tw_a14_ground *tw_a14_ground_find(struct tw_slice name)
{
	for (const struct tw_a14_ground *g = tw_a14_grounds; g->name; g++)
		if (tw_slice_is(name, g->name))
			return g;
	return NULL;
}

void tw_a14_init(struct tw_a14 *a, enum tw_a14_kind kind, int64_t aware_ms, const struct tw_zone *zone)
{
	*a = (struct tw_a14){ .kind = kind, .aware_ms = aware_ms, .zone = zone, .measure_ms = TW_A14_NEVER, .not_reportable_ms = TW_A14_NEVER };
	for (size_t i = 0; i < TW_A14_STEPS; i++)
		a->submitted_ms[i] = TW_A14_NEVER;
}

static int64_t start_of(const struct tw_a14 *a, enum start s)
{
	if (s == AWARE)
		return a->aware_ms;
	return s == MEASURE ? a->measure_ms : a->submitted_ms[TW_A14_NOTIFICATION];
}

/* A measure from before anybody was aware starts its clock when they were. */
static int64_t from(const struct tw_a14 *a, enum start s)
{
	int64_t ms = start_of(a, s);

	return ms != TW_A14_NEVER && ms < a->aware_ms ? a->aware_ms : ms;
}

static int64_t due(const struct tw_a14 *a, const struct row *r, int64_t from_ms)
{
	if (r->ms)
		return from_ms + r->ms;
	int64_t utc = tw_zone_later(&tw_zones[0], from_ms, r->months, r->days),
		there = tw_zone_later(a->zone, from_ms, r->months, r->days);
	return utc < there ? utc : there;
}

static enum tw_clock_state state_of(const struct tw_a14 *a, const struct tw_clock *c, int64_t now_ms)
{
	int64_t submitted = a->submitted_ms[c->step];

	if (submitted != TW_A14_NEVER) /* a final report that came before anything asked for it is in time */
		return c->due_ms == TW_A14_NEVER || submitted <= c->due_ms ? TW_CLOCK_MET : TW_CLOCK_MET_LATE;
	if (a->not_reportable_ms != TW_A14_NEVER)
		return TW_CLOCK_OFF;
	if (c->due_ms == TW_A14_NEVER)
		return TW_CLOCK_WAITING;
	return now_ms <= c->due_ms ? TW_CLOCK_RUNNING : TW_CLOCK_LATE;
}

static void escalate(const struct row *r, int64_t now_ms, struct tw_clock *c)
{
	if (c->state == TW_CLOCK_LATE)
		c->escalation = POINTS_MAX;
	if (c->state != TW_CLOCK_RUNNING)
		return;
	while (c->escalation < POINTS_MAX && now_ms >= c->due_ms - r->points[c->escalation])
		c->escalation++;
	if (c->escalation < POINTS_MAX)
		c->escalates_ms = c->due_ms - r->points[c->escalation];
}

void tw_a14_clocks(const struct tw_a14 *a, int64_t now_ms, struct tw_clock ret[TW_A14_STEPS])
{
	for (enum tw_a14_step s = TW_A14_WARNING; s < TW_A14_STEPS; s++) {
		const struct row *r = &rows[a->kind][s];
		struct tw_clock *c = &ret[s];

		*c = (struct tw_clock){
			.step = s, .rule = r->rule, .from_ms = from(a, r->start), .due_ms = TW_A14_NEVER, .escalates_ms = TW_A14_NEVER
		};
		if (c->from_ms != TW_A14_NEVER)
			c->due_ms = due(a, r, c->from_ms);
		c->state = state_of(a, c, now_ms);
		escalate(r, now_ms, c);
	}
}

bool tw_a14_points(enum tw_a14_kind kind, const struct tw_clock *c, int64_t ret[TW_A14_POINTS])
{
	if (c->state != TW_CLOCK_RUNNING && c->state != TW_CLOCK_LATE)
		return false;
	for (size_t i = 0; i < POINTS_MAX; i++)
		ret[i] = c->due_ms - rows[kind][c->step].points[i];
	ret[POINTS_MAX] = c->due_ms;
	return true;
}

int64_t tw_a14_next(const struct tw_clock clocks[TW_A14_STEPS])
{
	int64_t next = TW_A14_NEVER;

	for (size_t i = 0; i < TW_A14_STEPS; i++)
		if ((clocks[i].state == TW_CLOCK_RUNNING || clocks[i].state == TW_CLOCK_LATE) &&
			(next == TW_A14_NEVER || clocks[i].due_ms < next))
			next = clocks[i].due_ms;
	return next;
}

void tw_clock_words(const struct tw_clock *c, int64_t now_ms, char ret[64])
{
	static const char *const without[] = {
		[TW_CLOCK_RUNNING] = "",
		[TW_CLOCK_WAITING] = "waits for what starts it",
		[TW_CLOCK_MET] = "submitted in time",
		[TW_CLOCK_MET_LATE] = "submitted late",
		[TW_CLOCK_LATE] = "",
		[TW_CLOCK_OFF] = "not reportable",
	};
	const char *end = c->state == TW_CLOCK_LATE ? "late" : "left";

	if (c->state != TW_CLOCK_RUNNING && c->state != TW_CLOCK_LATE) { /* there may be no time when it is due */
		(void)snprintf(ret, 64, "%s", without[c->state]);
		return;
	}
	const int64_t ms = now_ms > c->due_ms ? now_ms - c->due_ms : c->due_ms - now_ms;
	if (ms >= DAYS)
		(void)snprintf(ret, 64, "%lld d %lld h %s", (long long)(ms / DAYS), (long long)(ms % DAYS / HOURS), end);
	else
		(void)snprintf(ret, 64, "%lld h %lld min %s", (long long)(ms / HOURS), (long long)(ms % HOURS / MINUTES), end);
}
