/* SPDX-License-Identifier: Apache-2.0 */
/* What is drafted for each step, what is named as missing, and that nothing typed looks like a heading. */
#include "support/cases/draft.h"

#include "check.h"
#include "oom.h"

static const char full[] =
	"{\"id\":\"c7\",\"title\":\"Lamp opens a door\",\"drill\":false,\"manufacturer\":\"Example Ltd\",\"contact\":\"psirt@example.com\","
	"\"product\":\"Lamp 3\",\"versions\":\"1.0 to 1.4\",\"member_states\":\"AT, DE\",\"cve\":\"CVE-2026-1\",\"malicious\":\"yes\","
	"\"nature\":\"overflow\\nSTILL MISSING\",\"exploit\":\"one packet\",\"assessment\":\"bad\",\"measures_taken\":\"none yet\","
	"\"measures_users\":\"unplug\",\"sensitivity\":\"high\",\"description\":\"long\",\"impact\":\"much\",\"actor\":\"unknown\","
	"\"cvss\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\",\"remedy\":\"1.5\",\"threat\":\"worm\",\"mitigations\":\"rate limit\"}";

static void ask(enum tw_a14_kind kind, enum tw_a14_step step, const char *text, json_t **of, struct tw_a14_draft *ret)
{
	static struct tw_a14 a;
	static struct tw_clock clocks[TW_A14_STEPS];

	CHECK_OK(tw_json_parse(tw_slice_of(text), 8192, of));
	tw_a14_init(&a, kind, INT64_C(1789128900000), tw_zone_find(TW_SLICE("Europe/Vienna")));
	tw_a14_clocks(&a, a.aware_ms, clocks);
	*ret = (struct tw_a14_draft){ *of, &a, &clocks[step], "", "", false };
}

static void text_of(const struct tw_a14_draft *d, struct tw_buf *b)
{
	tw_buf_init(b, tw_sys_real(), TW_A14_DRAFT_MAX);
	CHECK_OK(tw_a14_draft_text(d, b));
}

static void test_full_drafts_miss_nothing(void **state)
{
	for (enum tw_a14_kind k = 0; k < TW_A14_KINDS; k++)
		for (enum tw_a14_step s = 0; s < TW_A14_STEPS; s++) {
			TW_CLEANUP(tw_jsonp) json_t *of = NULL, *j = NULL;
			TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
			struct tw_a14_draft d;

			ask(k, s, full, &of, &d);
			text_of(&d, &b);
			CHECK(!strstr(tw_buf_cstr(&b), "\nSTILL MISSING"));
			CHECK(strstr(tw_buf_cstr(&b), "\n  Example Ltd\n"));
			CHECK(strstr(tw_buf_cstr(&b), "Became aware: 2026-09-11T12:15:00Z (2026-09-11T14:15:00+02:00 Europe/Vienna)"));
			CHECK(!strstr(tw_buf_cstr(&b), "DRILL"));
			CHECK_OK(tw_a14_draft_json(&d, &j));
			CHECK_INT(json_array_size(tw_json_get(j, "missing")), 0);
			CHECK_TEXT(tw_json_text(j, "rule"), d.clock->rule);
			CHECK(json_array_size(tw_json_get(j, "fields")) > 4);
		}
}

/* What each step is for stands in it, and only there. */
static void test_what_stands_where(void **state)
{
	static const struct {
		enum tw_a14_kind kind;
		enum tw_a14_step step;
		const char *has, *has_not;
	} rows[] = {
		{ TW_A14_EXPLOITED, TW_A14_WARNING, "Member States", "General nature" },
		{ TW_A14_EXPLOITED, TW_A14_WARNING, "Art. 14(2)(a)", "unlawful" },
		{ TW_A14_EXPLOITED, TW_A14_NOTIFICATION, "\nGeneral nature of the exploit\n  one packet\n", "Malicious actor" },
		{ TW_A14_EXPLOITED, TW_A14_FINAL, "Malicious actor", "Initial assessment" },
		{ TW_A14_EXPLOITED, TW_A14_FINAL, "A:H, score 9.8 (3.1)", "threat" },
		{ TW_A14_INCIDENT, TW_A14_WARNING, "unlawful or malicious acts\n  yes\n", "exploit" },
		{ TW_A14_INCIDENT, TW_A14_NOTIFICATION, "Initial assessment", "Malicious actor" },
		{ TW_A14_INCIDENT, TW_A14_FINAL, "Art. 14(4)(c)", "Security update" },
		{ TW_A14_INCIDENT, TW_A14_FINAL, "root cause", "CVE-2026-1" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *of = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_a14_draft d;

		ask(rows[i].kind, rows[i].step, full, &of, &d);
		text_of(&d, &b);
		if (!strstr(tw_buf_cstr(&b), rows[i].has) || strstr(tw_buf_cstr(&b), rows[i].has_not))
			fail_msg("row %zu: %s", i, tw_buf_cstr(&b));
	}
}

static void test_missing_is_named(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *of = NULL, *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_a14_draft d;

	ask(TW_A14_EXPLOITED, TW_A14_FINAL, "{\"id\":\"c1\",\"title\":\"t\",\"drill\":true,\"product\":\"Lamp\"}", &of, &d);
	text_of(&d, &b);
	CHECK(strncmp(tw_buf_cstr(&b), "DRILL. THIS IS AN EXERCISE: DO NOT SUBMIT.\n", 43) == 0);
	CHECK(strstr(tw_buf_cstr(&b), "\nSTILL MISSING\n  Manufacturer\n"));
	CHECK(strstr(tw_buf_cstr(&b),
		"  Malicious actor that has exploited or is exploiting the vulnerability (where applicable, or as available)\n"));
	CHECK_OK(tw_a14_draft_json(&d, &j));
	CHECK(tw_json_bool(j, "drill"));
	CHECK_INT(json_array_size(tw_json_get(j, "fields")), 1);
	const json_t *first = json_array_get(tw_json_get(j, "missing"), 0);
	CHECK_TEXT(tw_json_text(first, "key"), "manufacturer");
	CHECK(tw_json_bool(first, "required"));
}

static void test_delay_stands_where_it_has_to_be_said(void **state)
{
	static const enum tw_a14_step steps[] = { TW_A14_WARNING, TW_A14_NOTIFICATION };

	for (size_t i = 0; i < TW_COUNT(steps); i++) {
		TW_CLEANUP(tw_jsonp) json_t *of = NULL;
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		struct tw_a14_draft d;

		ask(TW_A14_EXPLOITED, steps[i], full, &of, &d);
		d.ground = "imminent-risk";
		d.why = "no remedy\nyet";
		text_of(&d, &b);
		CHECK(!strstr(tw_buf_cstr(&b), "point (c))\n  no remedy\n  yet\n") == (steps[i] == TW_A14_WARNING));
	}
}

static void test_intermediate(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *of = NULL, *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_a14_draft d;

	ask(TW_A14_INCIDENT, TW_A14_NOTIFICATION, full, &of, &d);
	d.intermediate = true;
	text_of(&d, &b);
	CHECK(!strncmp(tw_buf_cstr(&b), "Intermediate report of a severe incident\nRegulation (EU) 2024/2847, Art. 14(6)\n", 79));
	CHECK(!strstr(tw_buf_cstr(&b), "To be submitted by"));
	CHECK_OK(tw_a14_draft_json(&d, &j));
	CHECK_TEXT(tw_json_text(j, "step"), "intermediate-report");
	CHECK(!tw_json_get(j, "due"));
}

static tw_err both(const struct tw_sys *sys, void *user)
{
	struct tw_a14_draft d = *(struct tw_a14_draft *)user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	d.ground = "imminent-risk";
	tw_buf_init(&b, sys, TW_A14_DRAFT_MAX);
	TW_TRY(tw_a14_draft_text(&d, &b));
	return tw_a14_draft_json(&d, &j);
}

static void test_without_memory(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *of = NULL;
	struct tw_a14_draft d;

	ask(TW_A14_EXPLOITED, TW_A14_FINAL, full, &of, &d);
	(void)oom_sweep(both, &d);
}

CHECK_MAIN(cmocka_unit_test(test_full_drafts_miss_nothing), cmocka_unit_test(test_what_stands_where),
	cmocka_unit_test(test_missing_is_named), cmocka_unit_test(test_delay_stands_where_it_has_to_be_said),
	cmocka_unit_test(test_intermediate), cmocka_unit_test(test_without_memory))
