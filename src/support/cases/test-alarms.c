/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms: each point once and for good, whatever fails or ends in between, and an event of the log for each. */
#include "support/cases/alarms.h"

#include "base/text.h"
#include "support/cases/test-world.h"

#define HOURS INT64_C(3600000)
#define CALLS_MAX 30000

/* 2030-03-10T12:00Z, later than any build of this. */
#define AWARE INT64_C(1899374400000)

static void at(int64_t ms)
{
	tw_fake_clock(world.fake, true, ms, ms - AWARE + 1000);
}

static void start_clock(const char *name)
{
	at(AWARE);
	CHECK_TEXT(rule_of(&root, "case.create", "", "{\"title\":\"t\"}"), "");
	CHECK_TEXT(rule_of(&root, "article14.start", name, "{\"kind\":\"severe-incident\"}"), "");
}

static tw_err raise_all(void)
{
	bool left = true;

	TW_TRY(tw_alarms_raise(&world.t.c, tw_time_wall_ms(&world.t.time), NULL));
	TW_TRY(tw_alarms_reconcile(&world.t.c));
	while (left)
		TW_TRY(tw_alarms_log(&world.t.c, &left));
	return TW_OK;
}

static size_t raised(const struct tw_subject *s, const char *input)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer(s, "alarms.list", "", input);

	return json_array_size(tw_json_get(j, "alarms"));
}

static bool count_event(void *user, const struct tw_log_record *r)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	int *counts = user;

	if (r->type == TW_LOG_EVENT && !tw_failed(tw_json_parse(r->body, TW_LOG_BODY_MAX, &j)) &&
		!strcmp(tw_json_text(j, "event"), "alarm.raised")) {
		counts[tw_json_int(tw_json_get(j, "fields"), "alarm")]++;
		counts[0]++;
	}
	return true;
}

/* As many events as alarms, each once. Their numbers may have gaps: a store may give none again that was given in what was undone. */
static void logged(int want)
{
	int counts[1024] = { 0 };

	CHECK_OK(tw_audit_recent(world.t.c.audit, 0, TW_AUDIT_RECENT_MAX, count_event, counts));
	CHECK_INT(counts[0], want);
	for (size_t i = 1; i < TW_COUNT(counts); i++)
		CHECK(counts[i] <= 1);
}

static int64_t next(void)
{
	int64_t ms = 0;

	CHECK_OK(tw_alarms_next(&world.t.c, &ms));
	return ms;
}

/* Of 24 and 72 hours: 12, 4 and 1 before the one, 24, 8 and 2 before the other, and both ends; the third clock has not begun. */
static void test_each_point_once(void **state)
{
	static const struct {
		int64_t hours;
		size_t raised;
		int64_t next;
	} rows[] = { { 0, 0, 12 }, { 11, 0, 12 }, { 12, 1, 20 }, { 12, 1, 20 }, { 20, 2, 23 }, { 23, 3, 24 }, { 24, 4, 48 },
		{ 48, 5, 64 }, { 64, 6, 70 }, { 70, 7, 72 }, { 72, 8, -1 }, { 900, 8, -1 } };

	start_clock("c1");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		at(AWARE + rows[i].hours * HOURS);
		CHECK_OK(raise_all());
		if (raised(&root, "{}") != rows[i].raised)
			fail_msg("row %zu: %zu", i, raised(&root, "{}"));
		CHECK_INT(next(), rows[i].next < 0 ? TW_ALARM_NONE : AWARE + rows[i].next * HOURS);
		reopen();
	}
	logged(8);
	at(AWARE); /* a clock that was set back tells nothing twice */
	CHECK_OK(raise_all());
	CHECK_INT(raised(&root, "{}"), 8);
}

static void test_what_was_missed_is_told(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const json_t *newest;

	start_clock("c1");
	at(AWARE + 25 * HOURS);
	CHECK_OK(raise_all());
	j = answer(&root, "alarms.list", "", "{}");
	CHECK_INT(json_array_size(tw_json_get(j, "alarms")), 4);
	newest = json_array_get(tw_json_get(j, "alarms"), 0);
	CHECK(tw_json_bool(newest, "missed") && !tw_json_bool(newest, "drill"));
	CHECK_INT(tw_json_int(newest, "point"), 4);
	CHECK_INT(tw_json_int(newest, "before_s"), 0);
	CHECK_TEXT(tw_json_text(newest, "step"), "early-warning");
	CHECK_TEXT(tw_json_text(newest, "due"), "2030-03-11T12:00:00.000Z");
	CHECK_INT(tw_json_int(json_array_get(tw_json_get(j, "alarms"), 3), "before_s"), 12 * 3600);
}

static void test_what_is_met_or_found_not_reportable_raises_no_more(void **state)
{
	start_clock("c1");
	at(AWARE + 13 * HOURS);
	CHECK_OK(raise_all());
	CHECK_TEXT(rule_of(&root, "article14.submit", "c1", "{\"step\":\"early-warning\"}"), "");
	CHECK_INT(next(), AWARE + 48 * HOURS);
	CHECK_TEXT(rule_of(&root, "article14.not-reportable", "c1", "{\"reason\":\"a test of ours\"}"), "");
	CHECK_INT(next(), TW_ALARM_NONE);
	at(AWARE + 50 * HOURS);
	CHECK_OK(raise_all());
	CHECK_INT(raised(&root, "{}"), 1);
	CHECK_TEXT(rule_of(&root, "article14.start", "c1", "{\"kind\":\"severe-incident\"}"), ""); /* it is taken back */
	CHECK_OK(raise_all());
	CHECK_INT(raised(&root, "{}"), 2);
	CHECK_INT(next(), AWARE + 64 * HOURS);
}

static void test_many_cases_in_their_turn(void **state)
{
	char name[8];
	bool left = true;

	for (int i = 1; i <= TW_ALARM_BATCH + 3; i++) {
		(void)snprintf(name, sizeof name, "c%d", i);
		start_clock(name);
	}
	at(AWARE + 12 * HOURS);
	CHECK_OK(tw_alarms_raise(&world.t.c, tw_time_wall_ms(&world.t.time), NULL));
	CHECK_INT(raised(&root, "{\"limit\":100}"), TW_ALARM_BATCH);
	CHECK_OK(tw_alarms_raise(&world.t.c, tw_time_wall_ms(&world.t.time), NULL));
	CHECK_INT(raised(&root, "{\"limit\":100}"), TW_ALARM_BATCH + 3);
	CHECK_OK(tw_alarms_log(&world.t.c, &left));
	CHECK(left);
	CHECK_OK(tw_alarms_log(&world.t.c, &left));
	CHECK(!left);
	logged(TW_ALARM_BATCH + 3);
}

static void test_seen_as_the_case_is_and_acknowledged_once(void **state)
{
	static const struct {
		const struct tw_subject *who;
		const char *parameter, *input, *rule;
	} rows[] = { { &bob, "1", "{}", "alarm.unknown" }, { &ann, "2", "{}", "alarm.unknown" }, { &ann, "0", "{}", "alarm.unknown" },
		{ &ann, "x", "{}", "alarm.unknown" }, { &ann, "9223372036854775807", "{}", "alarm.unknown" },
		{ &ann, "1", "{\"note\":\"the draft is being written\"}", "" }, { &root, "1", "{}", "alarm.acknowledged" } };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	start_clock("c1");
	CHECK_TEXT(rule_of(&root, "case.embargo", "c1", "{\"until\":\"2999-01-01T00:00:00Z\",\"access\":\"a1\"}"), "");
	at(AWARE + 12 * HOURS);
	CHECK_OK(raise_all());
	CHECK_INT(raised(&ann, "{}"), 1);
	CHECK_INT(raised(&bob, "{}"), 0);
	CHECK_TEXT(rule_of(&ann, "alarms.list", "", "{\"state\":\"old\"}"), "alarm.state");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_TEXT(rule_of(rows[i].who, "alarm.acknowledge", rows[i].parameter, rows[i].input), rows[i].rule);
	CHECK_INT(raised(&ann, "{\"state\":\"open\"}"), 0);
	j = answer(&ann, "alarms.list", "", "{\"state\":\"acknowledged\"}");
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(j, "alarms"), 0), "acknowledged_by"), "a1");
	CHECK_TEXT(tw_json_text(json_array_get(tw_json_get(j, "alarms"), 0), "note"), "the draft is being written");
}

struct told {
	int count, fail_at;
	int64_t due_ms;
	char title[8];
};

static tw_err hear(struct tw_context *c, const struct tw_alarm *a, void *user)
{
	struct told *t = user;

	if (++t->count == t->fail_at)
		return TW_RAISE(IO, "no room");
	t->due_ms = a->due_ms;
	(void)snprintf(t->title, sizeof t->title, "%s", tw_json_text(a->doc, "title"));
	CHECK(a->case_id == 1 && a->point >= 1 && a->point <= TW_A14_POINTS && a->at_ms <= a->raised_ms);
	return TW_OK;
}

/* Once of each; what could not be told is not raised, and comes again. */
static void test_who_is_told_is_told_with_it(void **state)
{
	struct told t = { .fail_at = 2 };
	const struct tw_alarm_teller teller = { hear, &t };

	start_clock("c1");
	at(AWARE + 21 * HOURS);
	CHECK_ERR(tw_alarms_raise(&world.t.c, AWARE + 21 * HOURS, &teller), IO);
	CHECK_INT(raised(&root, "{}"), 0);
	t = (struct told){ .count = 0 };
	CHECK_OK(tw_alarms_raise(&world.t.c, AWARE + 21 * HOURS, &teller));
	CHECK_OK(tw_alarms_raise(&world.t.c, AWARE + 21 * HOURS, &teller));
	CHECK(t.count == 2 && t.due_ms == AWARE + 24 * HOURS);
	CHECK_TEXT(t.title, "t");
	CHECK_INT(raised(&root, "{}"), 2);
}

static void restart(void)
{
	tw_fake_fail(world.fake, 0, 0, false);
	test_context_close(&world.t);
	open_world();
}

/* Whatever call fails, and the service then ends: the next start has each alarm and each event once. The later calls read a log that grows with each round. */
static void test_every_failure_then_a_restart(void **state)
{
	int want = 0, failed = 0;
	bool fired = true;

	for (long n = 1; fired && n < CALLS_MAX; n += 1 + n / 8) {
		at(AWARE);
		CHECK_TEXT(rule_of(&root, "article14.drill", "", "{}"), ""); /* two clocks come to their first point together */
		at(AWARE + 12 * HOURS);
		tw_json_use(tw_fake_sys(world.fake));
		tw_fake_fail(world.fake, n, EIO, false);
		failed += tw_failed(raise_all());
		fired = tw_fake_fired(world.fake);
		tw_json_use(tw_sys_real());
		restart();
		CHECK_OK(raise_all());
		want += 2;
		CHECK_INT(raised(&root, "{\"limit\":200}"), want);
		logged(want);
	}
	CHECK(!fired && failed > 10);
}

CHECK_MAIN(TEST(test_each_point_once), TEST(test_what_was_missed_is_told), TEST(test_what_is_met_or_found_not_reportable_raises_no_more),
	TEST(test_many_cases_in_their_turn), TEST(test_seen_as_the_case_is_and_acknowledged_once),
	TEST(test_who_is_told_is_told_with_it), TEST(test_every_failure_then_a_restart))
