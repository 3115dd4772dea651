/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions, a row for each way to write one, to refuse one, and to meet or miss one. */
#include "service/path/condition.h"

#include "check.h"
#include "base/text.h"

static tw_err read_text(const char *text, struct tw_condition *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(tw_slice_of(text), 8192, &j));
	return tw_condition_read(j, ret);
}

static const struct {
	const char *text;
	enum tw_code code;
} forms[] = {
	{ "{}", TW_CODE_OK },
	{ "{\"modes\":[\"normal\",\"service\"]}", TW_CODE_OK },
	{ "{\"modes\":[\"1\",\"2\",\"3\",\"4\"]}", TW_CODE_OK },
	{ "{\"modes\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}", TW_CODE_LIMIT },
	{ "{\"modes\":[]}", TW_CODE_SYNTAX },
	{ "{\"modes\":[\"\"]}", TW_CODE_SYNTAX },
	{ "{\"modes\":[7]}", TW_CODE_SYNTAX },
	{ "{\"modes\":\"normal\"}", TW_CODE_SYNTAX },
	{ "{\"modes\":[\"a\\u0007\"]}", TW_CODE_SYNTAX },
	{ "{\"modes\":[\"12345678901234567890123456789012\"]}", TW_CODE_OK },
	{ "{\"modes\":[\"123456789012345678901234567890123\"]}", TW_CODE_SYNTAX },
	{ "{\"places\":[\"hall 3\"]}", TW_CODE_OK },
	{ "{\"places\":[null]}", TW_CODE_SYNTAX },
	{ "{\"days\":[\"mon\",\"sun\"]}", TW_CODE_OK },
	{ "{\"days\":[\"mon\",\"mon\"]}", TW_CODE_SYNTAX },
	{ "{\"days\":[\"Mon\"]}", TW_CODE_SYNTAX },
	{ "{\"days\":[]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"]}", TW_CODE_OK },
	{ "{\"hours\":[\"00:00-24:00\"]}", TW_CODE_OK },
	{ "{\"hours\":[\"22:00-06:00\"]}", TW_CODE_OK },
	{ "{\"hours\":[\"08:00-08:00\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"8:00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"24:00-01:00\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-24:01\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:60-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08.00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00+17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30 \"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17.30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"0a:00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-1b:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"1/:00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"0::00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"/9:00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\":0:00-17:30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\",\"09:00-17.30\"]}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"00:00-01:00\",\"01:00-02:00\",\"02:00-03:00\",\"03:00-04:00\",\"04:00-05:00\"]}", TW_CODE_LIMIT },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"+14:00\"}", TW_CODE_OK },
	{ "{\"days\":[\"mon\"],\"zone\":\"-03:30\"}", TW_CODE_OK },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"+14:01\"}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"01:00\"}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"+01:000\"}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"+01.00\"}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"+15:00\"}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"*01:00\"}", TW_CODE_SYNTAX },
	{ "{\"hours\":[\"08:00-17:30\"],\"zone\":\"+0100\"}", TW_CODE_SYNTAX },
	{ "{\"zone\":\"+01:00\"}", TW_CODE_SYNTAX }, /* of nothing */
	{ "{\"from\":\"2026-01-01T00:00:00Z\"}", TW_CODE_OK },
	{ "{\"from\":\"2026-01-01\"}", TW_CODE_SYNTAX },
	{ "{\"from\":\"1969-12-31T00:00:00Z\"}", TW_CODE_SYNTAX },
	{ "{\"from\":\"1970-01-01T00:00:00Z\"}", TW_CODE_SYNTAX }, /* 0 says that there is none */
	{ "{\"until\":\"\"}", TW_CODE_SYNTAX },
	{ "{\"until\":7}", TW_CODE_SYNTAX },
	{ "{\"from\":\"2026-01-01T00:00:00Z\",\"until\":\"2026-01-01T00:00:00Z\"}", TW_CODE_SYNTAX },
	{ "{\"from\":\"2026-01-01T00:00:00Z\",\"until\":\"2026-01-01T00:00:01Z\"}", TW_CODE_OK },
	{ "{\"networks\":[\"192.0.2.0/24\",\"2001:db8::/32\",\"10.0.0.1\",\"::1\"]}", TW_CODE_OK },
	{ "{\"networks\":[\"192.0.2.1/24\"]}", TW_CODE_SYNTAX },
	{ "{\"networks\":[]}", TW_CODE_SYNTAX },
	{ "{\"networks\":[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\",\"1.1.1.5\",\"1.1.1.6\",\"1.1.1.7\",\"1.1.1.8\"]}", TW_CODE_OK },
	{ "{\"networks\":[\"1.1.1.1\",\"1.1.1.2\",\"1.1.1.3\",\"1.1.1.4\",\"1.1.1.5\",\"1.1.1.6\",\"1.1.1.7\",\"1.1.1.8\",\"1.1.1.9\"]}",
		TW_CODE_LIMIT },
	{ "{\"doors\":[\"https\",\"local\",\"console\"]}", TW_CODE_OK },
	{ "{\"doors\":[\"event\"]}", TW_CODE_SYNTAX },
	{ "{\"doors\":[\"https\",\"https\"]}", TW_CODE_SYNTAX },
	{ "{\"methods\":[\"client-certificate\",\"password\",\"totp\",\"passkey\",\"code\",\"outside\",\"provider\"]}", TW_CODE_OK },
	{ "{\"methods\":[\"pin\"]}", TW_CODE_SYNTAX },
	{ "{\"factors\":1}", TW_CODE_OK },
	{ "{\"factors\":3}", TW_CODE_OK },
	{ "{\"factors\":0}", TW_CODE_SYNTAX },
	{ "{\"factors\":4}", TW_CODE_SYNTAX },
	{ "{\"factors\":\"2\"}", TW_CODE_SYNTAX },
	{ "{\"sessions\":1000}", TW_CODE_OK },
	{ "{\"sessions\":0}", TW_CODE_SYNTAX },
	{ "{\"sessions\":1001}", TW_CODE_SYNTAX },
	{ "{\"hour\":[\"08:00-17:30\"]}", TW_CODE_SYNTAX },
	{ "[]", TW_CODE_SYNTAX },
	{ "{\"days\":[\"mon\"],\"days\":[\"tue\"]}", TW_CODE_SYNTAX },
};

static void test_forms(void **state)
{
	struct tw_condition c;

	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		tw_err e = read_text(forms[i].text, &c);
		if (e.code != forms[i].code)
			fail_msg("%s: %s, wanted %s: %s", forms[i].text, tw_code_name(e.code), tw_code_name(forms[i].code),
				tw_err_detail());
	}
	CHECK_OK(tw_condition_read(NULL, &c));
	CHECK(!tw_condition_fails(&c, &(struct tw_moment){ .wall_ms = 0 }));
}

static const struct {
	const char *network, *address;
	bool has;
} networks[] = {
	{ "192.0.2.0/24", "192.0.2.0", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.0/24", "192.0.1.255", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.6", false },
	{ "0.0.0.0/0", "255.255.255.255", true },
	{ "0.0.0.0/0", "2001:db8::1", false }, /* every address of the one family */
	{ "::/0", "2001:db8::1", true },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::ffff:192.0.2.0/120", "192.0.2.9", true }, /* the same written otherwise */
	{ "fe80::/10", "febf::1", true },
	{ "fe80::/10", "fec0::1", false },
};
static const char *const no_networks[] = { "", "/", "/24", "192.0.2", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/-1",
	"192.0.2.0/24/24", "192.0.2.0/24 ", " 192.0.2.0/24", "192.0.2.1/24", "192.0.2.128/24", "2001:db8::/129", "2001:db8::1/32",
	"::/129", "::/", "::/x", "::/00", "2001:db8", "2001", "localhost", "fe80::1%eth0",
	"1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111", "*" };

static void test_networks(void **state)
{
	struct tw_net n, address;

	for (size_t i = 0; i < TW_COUNT(networks); i++) {
		CHECK_OK(tw_net_read(networks[i].network, &n));
		CHECK_OK(tw_net_read(networks[i].address, &address));
		if (tw_net_has(&n, &address) != networks[i].has)
			fail_msg("%s and %s", networks[i].network, networks[i].address);
	}
	for (size_t i = 0; i < TW_COUNT(no_networks); i++)
		CHECK_ERR(tw_net_read(no_networks[i], &n), SYNTAX);
}

/* A moment as a row: time, from where, mode, place, and then what the login was. */
static const struct moment_row {
	const char *time; /* NULL: the clock is not trusted */
	const char *source, *mode, *place;
	enum tw_door door;
	unsigned methods;
	int factors, sessions;
} plain = { "2026-11-23T10:00:00Z" /* a Monday */, "192.0.2.7", "normal", "hall 3", TW_DOOR_HTTPS, 1u << TW_METHOD_PASSWORD, 1, 1 };

static const struct {
	const char *condition;
	const char *time, *source;
	const char *fails;
} cases[] = {
	{ "{}", NULL, NULL, NULL },
	{ "{\"days\":[\"mon\"]}", "2026-11-23T00:00:00Z", "", NULL },
	{ "{\"days\":[\"mon\"]}", "2026-11-23T23:59:59.999Z", "", NULL },
	{ "{\"days\":[\"mon\"]}", "2026-11-24T00:00:00Z", "", "condition.hours" },
	{ "{\"days\":[\"sun\"]}", "2026-11-22T12:00:00Z", "", NULL },
	{ "{\"days\":[\"sun\"]}", "2026-11-21T12:00:00Z", "", "condition.hours" },
	{ "{\"days\":[\"thu\"]}", "1970-01-01T00:00:00Z", "", NULL },
	{ "{\"days\":[\"mon\"]}", NULL, "", "condition.time-untrusted" },
	{ "{\"days\":[\"mon\"],\"zone\":\"+01:00\"}", "2026-11-22T23:00:00Z", "", NULL },
	{ "{\"days\":[\"mon\"],\"zone\":\"+01:00\"}", "2026-11-22T22:59:59Z", "", "condition.hours" },
	{ "{\"days\":[\"mon\"],\"zone\":\"-01:00\"}", "2026-11-24T00:59:59Z", "", NULL },
	{ "{\"days\":[\"wed\"],\"zone\":\"-14:00\"}", "1970-01-01T00:00:00Z", "", NULL },
	{ "{\"hours\":[\"08:00-17:30\"]}", "2026-11-23T08:00:00Z", "", NULL },
	{ "{\"hours\":[\"08:00-17:30\"]}", "2026-11-23T07:59:59Z", "", "condition.hours" },
	{ "{\"hours\":[\"08:00-17:30\"]}", "2026-11-23T17:29:59Z", "", NULL },
	{ "{\"hours\":[\"08:00-17:30\"]}", "2026-11-23T17:30:00Z", "", "condition.hours" },
	{ "{\"hours\":[\"08:00-17:30\"]}", NULL, "", "condition.time-untrusted" },
	{ "{\"hours\":[\"08:00-09:00\",\"22:00-24:00\"]}", "2026-11-23T23:59:00Z", "", NULL },
	{ "{\"hours\":[\"08:00-09:00\",\"22:00-24:00\"]}", "2026-11-23T12:00:00Z", "", "condition.hours" },
	/* Over midnight, and the day is that of the evening. */
	{ "{\"hours\":[\"22:00-06:00\"],\"days\":[\"mon\"]}", "2026-11-23T22:00:00Z", "", NULL },
	{ "{\"hours\":[\"22:00-06:00\"],\"days\":[\"mon\"]}", "2026-11-24T05:59:59Z", "", NULL },
	{ "{\"hours\":[\"22:00-06:00\"],\"days\":[\"mon\"]}", "2026-11-24T06:00:00Z", "", "condition.hours" },
	{ "{\"hours\":[\"22:00-06:00\"],\"days\":[\"mon\"]}", "2026-11-23T05:00:00Z", "", "condition.hours" },
	{ "{\"hours\":[\"22:00-06:00\"],\"days\":[\"mon\"]}", "2026-11-24T22:00:00Z", "", "condition.hours" },
	{ "{\"hours\":[\"22:00-06:00\"],\"days\":[\"sun\"]}", "2026-11-23T05:00:00Z", "", NULL },
	{ "{\"hours\":[\"08:00-17:30\"],\"days\":[\"tue\"]}", "2026-11-23T12:00:00Z", "", "condition.hours" },
	{ "{\"hours\":[\"22:00-06:00\"]}", "2026-11-23T03:00:00Z", "", NULL },
	{ "{\"hours\":[\"00:00-06:00\"],\"zone\":\"+02:00\"}", "2026-11-22T22:00:00Z", "", NULL },
	{ "{\"from\":\"2026-11-23T10:00:00Z\"}", "2026-11-23T10:00:00Z", "", NULL },
	{ "{\"from\":\"2026-11-23T10:00:00Z\"}", "2026-11-23T09:59:59.999Z", "", "condition.from" },
	{ "{\"from\":\"2026-11-23T10:00:00Z\"}", NULL, "", "condition.time-untrusted" },
	{ "{\"until\":\"2026-11-23T10:00:00Z\"}", "2026-11-23T09:59:59.999Z", "", NULL },
	{ "{\"until\":\"2026-11-23T10:00:00Z\"}", "2026-11-23T10:00:00Z", "", "condition.until" },
	{ "{\"until\":\"2026-11-23T10:00:00Z\"}", NULL, "", "condition.time-untrusted" },
	{ "{\"networks\":[\"192.0.2.0/24\"]}", NULL, "192.0.2.7", NULL },
	{ "{\"networks\":[\"10.0.0.0/8\",\"192.0.2.0/24\"]}", NULL, "192.0.2.7", NULL },
	{ "{\"networks\":[\"192.0.2.0/24\"]}", NULL, "198.51.100.1", "condition.network" },
	{ "{\"networks\":[\"::/0\"]}", NULL, "", "condition.network" }, /* from no address at all */
	{ "{\"modes\":[\"service\",\"normal\"]}", NULL, "", NULL },
	{ "{\"modes\":[\"service\"]}", NULL, "", "condition.mode" },
	{ "{\"places\":[\"hall 3\"]}", NULL, "", NULL },
	{ "{\"places\":[\"hall\"]}", NULL, "", "condition.place" },
	{ "{\"doors\":[\"https\"]}", NULL, "", NULL },
	{ "{\"doors\":[\"local\"]}", NULL, "", "condition.door" },
	{ "{\"methods\":[\"passkey\",\"password\"]}", NULL, "", NULL },
	{ "{\"methods\":[\"passkey\"]}", NULL, "", "condition.method" },
	{ "{\"factors\":1}", NULL, "", NULL },
	{ "{\"factors\":2}", NULL, "", "condition.factors" },
	{ "{\"sessions\":1}", NULL, "", NULL },
};

static void make_moment(const struct moment_row *row, struct tw_moment *m)
{
	*m = (struct tw_moment){ .time_trusted = row->time != NULL,
		.mode = row->mode,
		.place = row->place,
		.door = row->door,
		.methods = row->methods,
		.factors = row->factors,
		.sessions = row->sessions };
	CHECK_OK(tw_parse_time(tw_slice_of(row->time ? row->time : plain.time), &m->wall_ms));
	if (row->source && row->source[0])
		CHECK_OK(tw_net_read(row->source, &m->source));
}

static void test_moments(void **state)
{
	for (size_t i = 0; i < TW_COUNT(cases); i++) {
		struct moment_row row = plain;
		struct tw_condition c;
		struct tw_moment m;

		row.time = cases[i].time;
		row.source = cases[i].source;
		make_moment(&row, &m);
		CHECK_OK(read_text(cases[i].condition, &c));
		const char *got = tw_condition_fails(&c, &m), *want = cases[i].fails;
		if (!got != !want || (got && strcmp(got, want) != 0))
			fail_msg("%s at %s from %s: %s", cases[i].condition, row.time ? row.time : "(?)", row.source, got ? got : "holds");
	}
}

/* What is not known at that moment does not hold, and one more session than may be is one too many. */
static void test_nothing_known(void **state)
{
	static const char *const texts[] = { "{\"modes\":[\"normal\"]}", "{\"places\":[\"hall 3\"]}",
		"{\"methods\":[\"password\"]}", "{\"factors\":1}" };
	const struct tw_moment nothing = { .time_trusted = true };
	struct tw_condition c;

	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		CHECK_OK(read_text(texts[i], &c));
		CHECK(tw_condition_fails(&c, &nothing));
	}
	CHECK_OK(read_text("{\"sessions\":3}", &c));
	CHECK(!tw_condition_fails(&c, &(struct tw_moment){ .sessions = 3 }));
	CHECK_TEXT(tw_condition_fails(&c, &(struct tw_moment){ .sessions = 4 }), "condition.sessions");
	CHECK_OK(read_text("{\"until\":\"2026-11-23T10:00:00Z\"}", &c));
	CHECK_INT(tw_condition_until(&c), INT64_C(1795428000000));
	/* A clock before 1970 is read as that day's beginning. */
	CHECK_OK(read_text("{\"days\":[\"thu\"],\"hours\":[\"00:00-00:01\"]}", &c));
	CHECK(!tw_condition_fails(&c, &(struct tw_moment){ .wall_ms = -1, .time_trusted = true }));
}

/* Nothing is set where reading failed. */
static void test_a_refusal_sets_nothing(void **state)
{
	struct tw_condition c = { .days = 99 };

	CHECK_ERR(read_text("{\"days\":[\"mon\"],\"hours\":[\"x\"]}", &c), SYNTAX);
	CHECK_INT(c.days, 99);
}

static const struct {
	const char *narrow, *wide;
	bool within;
} pairs[] = {
	{ "{\"hours\":[\"08:00-17:00\"],\"zone\":\"+01:00\"}", "{}", true },
	{ "{\"hours\":[\"22:00-06:00\"]}", "{}", true },
	{ "{\"networks\":[\"192.0.2.0/24\"]}", "{\"networks\":[\"192.0.2.0/25\"]}", false },
	{ "{\"networks\":[\"192.0.2.0/25\"]}", "{\"networks\":[\"192.0.2.0/24\"]}", true },
	{ "{}", "{}", true },
	{ "{\"factors\":2}", "{}", true },
	{ "{}", "{\"factors\":1}", false },
	{ "{\"factors\":1}", "{\"factors\":2}", false },
	{ "{\"factors\":2}", "{\"factors\":2}", true },
	{ "{}", "{\"sessions\":2}", false },
	{ "{\"sessions\":3}", "{\"sessions\":2}", false },
	{ "{\"sessions\":2}", "{\"sessions\":2}", true },
	{ "{}", "{\"doors\":[\"https\"]}", false },
	{ "{\"doors\":[\"https\",\"local\"]}", "{\"doors\":[\"https\"]}", false },
	{ "{\"doors\":[\"https\"]}", "{\"doors\":[\"local\",\"https\"]}", true },
	{ "{}", "{\"methods\":[\"totp\"]}", false },
	{ "{\"methods\":[\"totp\",\"code\"]}", "{\"methods\":[\"totp\"]}", false },
	{ "{\"methods\":[\"totp\"]}", "{\"methods\":[\"totp\"]}", true },
	{ "{}", "{\"modes\":[\"a\"]}", false },
	{ "{\"modes\":[\"a\",\"b\"]}", "{\"modes\":[\"a\"]}", false },
	{ "{\"modes\":[\"b\"]}", "{\"modes\":[\"a\",\"b\"]}", true },
	{ "{\"modes\":[\"b\"]}", "{}", true },
	{ "{}", "{\"places\":[\"a\"]}", false },
	{ "{\"places\":[\"c\"]}", "{\"places\":[\"a\",\"b\"]}", false },
	{ "{\"places\":[\"b\"]}", "{\"places\":[\"a\",\"b\"]}", true },
	{ "{}", "{\"networks\":[\"192.0.2.0/24\"]}", false },
	{ "{\"networks\":[\"192.0.0.0/16\"]}", "{\"networks\":[\"192.0.2.0/24\"]}", false },
	{ "{\"networks\":[\"192.0.2.128/25\",\"192.0.3.0/24\"]}", "{\"networks\":[\"192.0.2.0/24\"]}", false },
	{ "{\"networks\":[\"192.0.2.128/25\"]}", "{\"networks\":[\"2001:db8::/32\",\"192.0.2.0/24\"]}", true },
	{ "{\"networks\":[\"192.0.2.0/24\"]}", "{\"networks\":[\"192.0.2.0/24\"]}", true },
	{ "{\"networks\":[\"192.0.2.0/24\"]}", "{}", true },
	{ "{}", "{\"from\":\"2026-01-01T00:00:00Z\"}", false },
	{ "{\"from\":\"2025-01-01T00:00:00Z\"}", "{\"from\":\"2026-01-01T00:00:00Z\"}", false },
	{ "{\"from\":\"2026-01-01T00:00:00Z\"}", "{\"from\":\"2026-01-01T00:00:00Z\"}", true },
	{ "{}", "{\"until\":\"2026-01-01T00:00:00Z\"}", false },
	{ "{\"until\":\"2026-01-01T00:00:01Z\"}", "{\"until\":\"2026-01-01T00:00:00Z\"}", false },
	{ "{\"until\":\"2026-01-01T00:00:00Z\"}", "{\"until\":\"2026-01-01T00:00:00Z\"}", true },
	{ "{}", "{\"days\":[\"mon\"]}", false },
	{ "{\"days\":[\"mon\",\"tue\"]}", "{\"days\":[\"mon\"]}", false },
	{ "{\"days\":[\"mon\"]}", "{\"days\":[\"mon\",\"tue\"]}", true },
	{ "{\"days\":[\"mon\"],\"zone\":\"+01:00\"}", "{\"days\":[\"mon\"]}", false },
	{ "{\"days\":[\"mon\"],\"hours\":[\"08:00-09:00\"]}", "{\"days\":[\"mon\"]}", true },
	{ "{\"days\":[\"mon\"],\"hours\":[\"22:00-06:00\"]}", "{\"days\":[\"mon\"]}", false }, /* it reaches into Tuesday */
	{ "{\"days\":[\"mon\"]}", "{\"hours\":[\"08:00-17:00\"]}", false },
	{ "{\"hours\":[\"08:00-17:00\"]}", "{\"days\":[\"mon\"],\"hours\":[\"08:00-17:00\"]}", false },
	{ "{\"hours\":[\"08:00-17:00\"]}", "{\"hours\":[\"08:00-17:00\"]}", true },
	{ "{\"hours\":[\"07:59-17:00\"]}", "{\"hours\":[\"08:00-17:00\"]}", false },
	{ "{\"hours\":[\"08:00-17:01\"]}", "{\"hours\":[\"08:00-17:00\"]}", false },
	{ "{\"hours\":[\"08:00-09:00\",\"18:00-19:00\"]}", "{\"hours\":[\"08:00-17:00\"]}", false },
	{ "{\"hours\":[\"08:00-09:00\",\"18:00-19:00\"]}", "{\"hours\":[\"08:00-17:00\",\"18:00-20:00\"]}", true },
	{ "{\"hours\":[\"23:00-05:00\"]}", "{\"hours\":[\"22:00-06:00\"]}", true },
	{ "{\"hours\":[\"23:00-05:00\"]}", "{\"hours\":[\"00:01-23:59\"]}", false },
	{ "{\"hours\":[\"22:00-23:00\"]}", "{\"hours\":[\"22:00-06:00\"]}", false }, /* it is; that much is not looked for */
	{ "{\"hours\":[\"08:00-17:00\"],\"zone\":\"+01:00\"}", "{\"hours\":[\"08:00-17:00\"]}", false },
	{ "{\"hours\":[\"08:00-17:00\"]}", "{}", true },
};

static void test_what_is_within(void **state)
{
	for (size_t i = 0; i < TW_COUNT(pairs); i++) {
		struct tw_condition narrow, wide;

		CHECK_OK(read_text(pairs[i].narrow, &narrow));
		CHECK_OK(read_text(pairs[i].wide, &wide));
		if (tw_condition_within(&narrow, &wide) != pairs[i].within)
			fail_msg("%s within %s: %d", pairs[i].narrow, pairs[i].wide, !pairs[i].within);
	}
}

/* Whatever is said to be within, no moment of a fortnight tells otherwise. */
static void test_within_is_true_at_every_moment(void **state)
{
	for (size_t i = 0; i < TW_COUNT(pairs); i++) {
		struct tw_condition narrow, wide;
		struct tw_moment m = {
			.time_trusted = true, .mode = "b", .place = "b", .methods = 1u << TW_METHOD_TOTP, .factors = 2, .sessions = 2
		};

		CHECK_OK(read_text(pairs[i].narrow, &narrow));
		CHECK_OK(read_text(pairs[i].wide, &wide));
		CHECK_OK(tw_net_read("192.0.2.200", &m.source));
		for (int64_t minute = 0; pairs[i].within && minute < INT64_C(14) * 24 * 60; minute += 30) {
			m.wall_ms = INT64_C(1767225600000) - INT64_C(7) * 86400000 + minute * 60000; /* around the turn to 2026 */
			if (!tw_condition_fails(&narrow, &m) && tw_condition_fails(&wide, &m))
				fail_msg("%s holds, %s does not, at %lld", pairs[i].narrow, pairs[i].wide, (long long)m.wall_ms);
		}
	}
}

CHECK_MAIN(cmocka_unit_test(test_what_is_within), cmocka_unit_test(test_within_is_true_at_every_moment),
	cmocka_unit_test(test_forms), cmocka_unit_test(test_networks), cmocka_unit_test(test_moments),
	cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_a_refusal_sets_nothing))
