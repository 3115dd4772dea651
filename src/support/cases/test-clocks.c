/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines by tables of dates: leap days, ends of months, both changes of the clocks; and the states of a case. */
#include "support/cases/clocks.h"
#include "support/cases/states.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#define HOUR INT64_C(3600000)

static int64_t at(const char *text)
{
	int64_t ms = 0;

	CHECK_OK(tw_parse_time(tw_slice_of(text), &ms));
	return ms;
}

static const struct tw_zone *zone(const char *name)
{
	const struct tw_zone *z = tw_zone_find(tw_slice_of(name));

	CHECK(z != NULL);
	return z;
}

static void check_text(int64_t ms, const char *want)
{
	char text[TW_TIME_TEXT_MAX];

	tw_time_text(ms, text);
	CHECK_TEXT(text, want);
}

/* --- Zones --- */

static void test_local_time(void **state)
{
	static const struct {
		const char *zone, *utc, *want;
	} rows[] = {
		{ "UTC", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00+00:00" },
		{ "Europe/Vienna", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00" },
		{ "Europe/Vienna", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00" },
		{ "Europe/Vienna", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00" },
		{ "Europe/Vienna", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00" },
		{ "Europe/Vienna", "2024-03-31T01:00:00Z", "2024-03-31T03:00:00+02:00" }, /* the 31st is a Sunday itself */
		{ "Europe/Vienna", "2027-12-31T23:30:00Z", "2028-01-01T00:30:00+01:00" },
		{ "Europe/Dublin", "2026-07-01T00:00:00Z", "2026-07-01T01:00:00+01:00" },
		{ "Europe/Helsinki", "2026-10-25T00:59:59Z", "2026-10-25T03:59:59+03:00" },
		{ "Europe/Helsinki", "2026-10-25T01:00:00Z", "2026-10-25T03:00:00+02:00" },
		{ "Atlantic/Azores", "2026-01-01T00:30:00Z", "2025-12-31T23:30:00-01:00" },
		{ "Atlantic/Azores", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00+00:00" },
		{ "Atlantic/Reykjavik", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00+00:00" },
	};
	char text[TW_TIME_TEXT_MAX];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_zone_text(zone(rows[i].zone), at(rows[i].utc), text);
		CHECK_TEXT(text, rows[i].want);
	}
	CHECK(!tw_zone_find(TW_SLICE("Europe/London")) && !tw_zone_find(TW_SLICE("")) && !tw_zone_find(TW_SLICE("utc")));
}

static void test_later(void **state)
{
	static const struct {
		const char *zone, *from;
		unsigned months, days;
		const char *want;
	} rows[] = {
		{ "UTC", "2027-01-31T10:00:00Z", 1, 0, "2027-02-28T10:00:00.000Z" },
		{ "UTC", "2028-01-31T10:00:00Z", 1, 0, "2028-02-29T10:00:00.000Z" },
		{ "UTC", "2028-01-29T10:00:00Z", 1, 0, "2028-02-29T10:00:00.000Z" },
		{ "UTC", "2028-02-29T10:00:00Z", 1, 0, "2028-03-29T10:00:00.000Z" },
		{ "UTC", "2100-01-30T10:00:00Z", 1, 0, "2100-02-28T10:00:00.000Z" }, /* no leap year */
		{ "UTC", "2026-12-15T10:00:00Z", 1, 0, "2027-01-15T10:00:00.000Z" },
		{ "UTC", "2026-03-31T23:59:59.999Z", 1, 0, "2026-04-30T23:59:59.999Z" },
		{ "UTC", "2028-02-20T10:00:00Z", 0, 14, "2028-03-05T10:00:00.000Z" },
		{ "UTC", "2027-02-20T10:00:00Z", 0, 14, "2027-03-06T10:00:00.000Z" },
		/* across a change the same time of day is an hour more or less */
		{ "Europe/Vienna", "2026-03-20T10:00:00Z", 0, 14, "2026-04-03T09:00:00.000Z" },
		{ "Europe/Vienna", "2026-10-20T10:00:00Z", 0, 14, "2026-11-03T11:00:00.000Z" },
		{ "Europe/Vienna", "2026-03-10T10:00:00Z", 1, 0, "2026-04-10T09:00:00.000Z" },
		/* 02:30 is skipped on 2026-03-29 and comes twice on 2026-10-25 */
		{ "Europe/Vienna", "2026-03-15T01:30:00Z", 0, 14, "2026-03-29T01:00:00.000Z" },
		{ "Europe/Vienna", "2026-10-11T00:30:00Z", 0, 14, "2026-10-25T00:30:00.000Z" },
		{ "Europe/Helsinki", "2026-09-25T00:30:00Z", 1, 0, "2026-10-25T00:30:00.000Z" },
		{ "Atlantic/Azores", "2026-02-28T00:30:00Z", 1, 0, "2026-03-28T00:30:00.000Z" },
		{ "Atlantic/Azores", "2026-03-01T00:30:00Z", 1, 0, "2026-03-29T00:30:00.000Z" }, /* there it is still 28 February */
		/* the day there is another than in UTC */
		{ "Europe/Vienna", "2027-01-30T23:30:00Z", 1, 0, "2027-02-27T23:30:00.000Z" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_text(tw_zone_later(zone(rows[i].zone), at(rows[i].from), rows[i].months, rows[i].days), rows[i].want);
}

/* Every zone, every hour of a leap year: what was shown is found again, and a month later is not before what it was an hour ago, but for the days of
 * a month's end that the next month has not: its last day stands for each of them, hour by hour. */
static void test_there_and_back(void **state)
{
	for (const struct tw_zone *z = tw_zones; z->name; z++) {
		int64_t last = 0;

		for (int64_t ms = at("2027-12-31T00:10:00Z"); ms < at("2029-01-02T00:00:00Z"); ms += HOUR) {
			int64_t same = tw_zone_later(z, ms, 0, 0), next = tw_zone_later(z, ms, 1, 0);

			CHECK(same == ms || same == ms - HOUR); /* the second of two hours of the same name is taken for the first */
			CHECK(next - ms >= 27 * 24 * HOUR && next - ms <= 31 * 24 * HOUR + HOUR);
			CHECK(next >= last - 23 * HOUR);
			last = next;
		}
	}
}

/* --- Clocks --- */

#define N TW_A14_NEVER
static struct tw_a14 made(enum tw_a14_kind kind, const char *aware, const char *where)
{
	struct tw_a14 a;

	tw_a14_init(&a, kind, at(aware), zone(where));
	return a;
}

static void test_deadlines(void **state)
{
	static const struct {
		enum tw_a14_kind kind;
		const char *zone, *aware, *starts, *warning, *notification, *final;
	} rows[] = {
		{ TW_A14_EXPLOITED, "UTC", "2026-09-11T08:15:00Z", "2026-09-20T16:00:00Z", "2026-09-12T08:15:00.000Z",
			"2026-09-14T08:15:00.000Z", "2026-10-04T16:00:00.000Z" },
		/* elapsed hours: on a wall in Vienna the 24 hours end an hour later in spring, an hour earlier in autumn */
		{ TW_A14_EXPLOITED, "Europe/Vienna", "2026-03-28T12:00:00Z", "2026-03-28T12:00:00Z", "2026-03-29T12:00:00.000Z",
			"2026-03-31T12:00:00.000Z", "2026-04-11T11:00:00.000Z" },
		{ TW_A14_EXPLOITED, "Europe/Vienna", "2026-10-24T12:00:00Z", "2026-10-24T12:00:00Z", "2026-10-25T12:00:00.000Z",
			"2026-10-27T12:00:00.000Z", "2026-11-07T12:00:00.000Z" },
		{ TW_A14_EXPLOITED, "UTC", "2028-02-28T23:00:00Z", "2028-02-29T00:00:00Z", "2028-02-29T23:00:00.000Z",
			"2028-03-02T23:00:00.000Z", "2028-03-14T00:00:00.000Z" },
		/* the measure was there before anybody was aware */
		{ TW_A14_EXPLOITED, "UTC", "2026-09-11T08:15:00Z", "2026-09-01T00:00:00Z", "2026-09-12T08:15:00.000Z",
			"2026-09-14T08:15:00.000Z", "2026-09-25T08:15:00.000Z" },
		{ TW_A14_INCIDENT, "UTC", "2028-01-29T10:00:00Z", "2028-01-31T09:00:00Z", "2028-01-30T10:00:00.000Z",
			"2028-02-01T10:00:00.000Z", "2028-02-29T09:00:00.000Z" },
		{ TW_A14_INCIDENT, "UTC", "2027-01-29T10:00:00Z", "2027-01-31T09:00:00Z", "2027-01-30T10:00:00.000Z",
			"2027-02-01T10:00:00.000Z", "2027-02-28T09:00:00.000Z" },
		/* 31 January in UTC, 1 February in Vienna: the earlier end counts */
		{ TW_A14_INCIDENT, "Europe/Vienna", "2027-01-30T10:00:00Z", "2027-01-31T23:30:00Z", "2027-01-31T10:00:00.000Z",
			"2027-02-02T10:00:00.000Z", "2027-02-28T23:30:00.000Z" },
		{ TW_A14_INCIDENT, "Europe/Vienna", "2027-01-29T10:00:00Z", "2027-01-30T23:30:00Z", "2027-01-30T10:00:00.000Z",
			"2027-02-01T10:00:00.000Z", "2027-02-27T23:30:00.000Z" },
		{ TW_A14_INCIDENT, "Europe/Vienna", "2026-03-10T10:00:00Z", "2026-03-12T10:00:00Z", "2026-03-11T10:00:00.000Z",
			"2026-03-13T10:00:00.000Z", "2026-04-12T09:00:00.000Z" },
		{ TW_A14_INCIDENT, "Europe/Vienna", "2026-12-30T10:00:00Z", "2026-12-31T10:00:00Z", "2026-12-31T10:00:00.000Z",
			"2027-01-02T10:00:00.000Z", "2027-01-31T10:00:00.000Z" },
	};
	struct tw_clock c[TW_A14_STEPS];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_a14 a = made(rows[i].kind, rows[i].aware, rows[i].zone);

		*(rows[i].kind == TW_A14_EXPLOITED ? &a.measure_ms : &a.submitted_ms[TW_A14_NOTIFICATION]) = at(rows[i].starts);
		tw_a14_clocks(&a, a.aware_ms, c);
		check_text(c[TW_A14_WARNING].due_ms, rows[i].warning);
		check_text(c[TW_A14_NOTIFICATION].due_ms, rows[i].notification);
		check_text(c[TW_A14_FINAL].due_ms, rows[i].final);
	}
}

static void test_states_of_clocks(void **state)
{
	struct tw_a14 a = made(TW_A14_EXPLOITED, "2026-09-11T08:00:00Z", "UTC");
	struct tw_clock c[TW_A14_STEPS];
	int64_t aware = a.aware_ms;

	tw_a14_clocks(&a, aware, c);
	CHECK(c[0].state == TW_CLOCK_RUNNING && c[1].state == TW_CLOCK_RUNNING && c[2].state == TW_CLOCK_WAITING);
	CHECK(tw_a14_next(c) == c[0].due_ms && c[2].due_ms == N && c[2].escalates_ms == N);
	tw_a14_clocks(&a, aware + 24 * HOUR, c); /* the last moment is in time */
	CHECK(c[0].state == TW_CLOCK_RUNNING);
	tw_a14_clocks(&a, aware + 24 * HOUR + 1, c);
	CHECK(c[0].state == TW_CLOCK_LATE && c[0].escalation == 3 && tw_a14_next(c) == c[0].due_ms);
	a.submitted_ms[TW_A14_WARNING] = aware + 24 * HOUR;
	tw_a14_clocks(&a, aware + 80 * HOUR, c);
	CHECK(c[0].state == TW_CLOCK_MET && c[1].state == TW_CLOCK_LATE);
	a.submitted_ms[TW_A14_NOTIFICATION] = aware + 72 * HOUR + 1;
	tw_a14_clocks(&a, aware + 80 * HOUR, c);
	CHECK(c[1].state == TW_CLOCK_MET_LATE && tw_a14_next(c) == N);
	a.not_reportable_ms = aware + 90 * HOUR;
	tw_a14_clocks(&a, aware + 90 * HOUR, c); /* what was submitted stays so */
	CHECK(c[0].state == TW_CLOCK_MET && c[1].state == TW_CLOCK_MET_LATE && c[2].state == TW_CLOCK_OFF && tw_a14_next(c) == N);
	a.submitted_ms[TW_A14_FINAL] = aware + 91 * HOUR; /* before there is a measure: nothing was due */
	tw_a14_clocks(&a, aware + 1000 * HOUR, c);
	CHECK(c[2].state == TW_CLOCK_MET);
	a = made(TW_A14_INCIDENT, "2026-09-11T08:00:00Z", "UTC");
	tw_a14_clocks(&a, aware + 500 * HOUR, c);
	CHECK(c[0].state == TW_CLOCK_LATE && c[1].state == TW_CLOCK_LATE && c[2].state == TW_CLOCK_WAITING);
}

static void test_escalation(void **state)
{
	static const struct {
		int64_t hours;
		unsigned points;
		int64_t next; /* hours before the deadline; 0: none is left */
	} rows[] = { { 0, 0, 12 }, { 11, 0, 12 }, { 12, 1, 4 }, { 19, 1, 4 }, { 20, 2, 1 }, { 23, 3, 0 }, { 24, 3, 0 } };
	struct tw_a14 a = made(TW_A14_EXPLOITED, "2026-09-11T08:00:00Z", "Europe/Vienna");
	struct tw_clock c[TW_A14_STEPS];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_a14_clocks(&a, a.aware_ms + rows[i].hours * HOUR, c);
		CHECK_INT(c[0].escalation, rows[i].points);
		CHECK_INT(c[0].escalates_ms, rows[i].next ? c[0].due_ms - rows[i].next * HOUR : N);
	}
	a.submitted_ms[TW_A14_WARNING] = a.aware_ms;
	tw_a14_clocks(&a, a.aware_ms + 23 * HOUR, c);
	CHECK(c[0].escalation == 0 && c[0].escalates_ms == N);
}

static void test_words(void **state)
{
	static const struct {
		enum tw_clock_state state;
		int64_t minutes;
		const char *want;
	} rows[] = {
		{ TW_CLOCK_RUNNING, -200, "3 h 20 min left" },
		{ TW_CLOCK_RUNNING, -60 * 52, "2 d 4 h left" },
		{ TW_CLOCK_LATE, 61, "1 h 1 min late" },
		{ TW_CLOCK_LATE, 60 * 24, "1 d 0 h late" },
		{ TW_CLOCK_WAITING, 0, "waits for what starts it" },
		{ TW_CLOCK_MET, 0, "submitted in time" },
		{ TW_CLOCK_MET_LATE, 0, "submitted late" },
		{ TW_CLOCK_OFF, 0, "not reportable" },
	};
	char text[64];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		/* what does not run may have no time when it is due; the difference to that would overflow */
		const bool runs = rows[i].state == TW_CLOCK_RUNNING || rows[i].state == TW_CLOCK_LATE;
		const struct tw_clock c = { .state = rows[i].state, .due_ms = runs ? 0 : TW_A14_NEVER };

		tw_clock_words(&c, rows[i].minutes * 60000, text);
		CHECK_TEXT(text, rows[i].want);
	}
}

static void test_names(void **state)
{
	enum tw_a14_kind kind;
	enum tw_a14_step step;

	for (enum tw_a14_kind k = 0; k < TW_A14_KINDS; k++)
		CHECK(tw_a14_kind_find(tw_slice_of(tw_a14_kinds[k]), &kind) && kind == k);
	for (enum tw_a14_step s = 0; s < TW_A14_STEPS; s++)
		CHECK(tw_a14_step_find(tw_slice_of(tw_a14_steps[s]), &step) && step == s);
	CHECK(!tw_a14_kind_find(TW_SLICE("incident"), &kind) && !tw_a14_step_find(TW_SLICE(""), &step));
	for (const struct tw_a14_ground *g = tw_a14_grounds; g->name; g++)
		CHECK(tw_a14_ground_find(tw_slice_of(g->name)) == g && g->kinds && g->steps);
	CHECK(!tw_a14_ground_find(TW_SLICE("because")));
}

/* --- States --- */

static void test_moves(void **state)
{
	bool reached[TW_CASE_STATES] = { [TW_CASE_RECEIVED] = true };

	for (int round = 0; round < TW_CASE_STATES; round++)
		for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
			reached[m->to] |= reached[m->from];
	for (enum tw_case_state s = 0; s < TW_CASE_STATES; s++) {
		enum tw_case_state found;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 256);
		CHECK(reached[s]); /* every state can be come to, and left */
		CHECK_OK(tw_case_moves_text(s, &b));
		CHECK(b.size > 0);
		CHECK(tw_case_state_find(tw_slice_of(tw_case_states[s]), &found) && found == s);
		CHECK(!tw_case_move(s, s));
	}
	for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
		CHECK(tw_case_move(m->from, m->to) == m); /* none stands twice */
	CHECK(!tw_case_state_find(TW_SLICE("done"), &(enum tw_case_state){ 0 }));
}

static void test_moves_that_need_a_reason(void **state)
{
	static const struct {
		enum tw_case_state from, to;
		int reason; /* -1: not allowed */
		enum tw_case_by by;
	} rows[] = {
		{ TW_CASE_RECEIVED, TW_CASE_ACKNOWLEDGED, 0, TW_CASE_BY_ANY },
		{ TW_CASE_RECEIVED, TW_CASE_TRIAGE, -1, 0 }, /* an unanswered report is not looked into */
		{ TW_CASE_RECEIVED, TW_CASE_CLOSED, 1, TW_CASE_BY_ANY },
		{ TW_CASE_TRIAGE, TW_CASE_NOT_REPRODUCIBLE, 1, TW_CASE_BY_ASSIGNED },
		{ TW_CASE_TRIAGE, TW_CASE_CLOSED, -1, 0 }, /* without a verdict */
		{ TW_CASE_VERIFIED, TW_CASE_CLOSED, 1, TW_CASE_BY_ASSIGNED },
		{ TW_CASE_VERIFIED, TW_CASE_RELEASED, -1, 0 },
		{ TW_CASE_REMEDIATION, TW_CASE_CLOSED, -1, 0 },
		{ TW_CASE_RELEASED, TW_CASE_CLOSED, -1, 0 }, /* without its post-release */
		{ TW_CASE_POST_RELEASE, TW_CASE_CLOSED, 0, TW_CASE_BY_ASSIGNED },
		{ TW_CASE_CLOSED, TW_CASE_TRIAGE, 1, TW_CASE_BY_ASSIGNED },
		{ TW_CASE_CLOSED, TW_CASE_RECEIVED, -1, 0 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_case_move *m = tw_case_move(rows[i].from, rows[i].to);

		CHECK_INT(m ? m->reason : -1, rows[i].reason);
		CHECK(!m || m->by == rows[i].by);
	}
}

CHECK_MAIN(cmocka_unit_test(test_local_time), cmocka_unit_test(test_later), cmocka_unit_test(test_there_and_back),
	cmocka_unit_test(test_deadlines), cmocka_unit_test(test_states_of_clocks), cmocka_unit_test(test_escalation),
	cmocka_unit_test(test_words), cmocka_unit_test(test_names), cmocka_unit_test(test_moves),
	cmocka_unit_test(test_moves_that_need_a_reason))
