/* SPDX-License-Identifier: Apache-2.0 */
#include "support/platform/desk.h"

#include "check.h"
#include "oom.h"
#include "service/test-dir.h"
#include "sys/durable.h"

#define DESK(name, site, contacts, expires) \
	"{\"name\":\"" name "\",\"site\":\"" site "\",\"contacts\":[" contacts "],\"expires\":\"" expires "\"}"
#define GOOD DESK("Example Works", "https://security.example.com", "\"mailto:psirt@example.com\"", "2027-01-01T00:00:00Z")
#define MORE(more) \
	"{\"name\":\"a\",\"site\":\"https://example.com\",\"contacts\":[\"mailto:a@b\"],\"expires\":\"2027-01-01T00:00:00Z\"," more "}"
#define PASSKEYS(site) DESK("a", site, "\"mailto:a@b\"], \"passkeys\":[\"publisher\"", "2027-01-01T00:00:00Z")
#define TERMS(days) "\"terms\":{\"answer_days\":" days ",\"decide_days\":14,\"fix_days\":90,\"status_days\":30}"

#define NEWS(when) "\"news\":{\"when\":\"" when "\",\"from\":\"us\"}"
#define TWICE "\"mailto:duty@example.com\", \"mailto:duty@example.com\""
#define ALARMS(list) DESK("a", "https://example.com", "\"mailto:a@b\"],\"alarms\":[" list, "2027-01-01T00:00:00Z")

static const struct {
	const char *text;
	enum tw_code code;
} rows[] = {
	{ GOOD, TW_CODE_OK },
	{ "", TW_CODE_SYNTAX },
	{ "{}", TW_CODE_SYNTAX },
	{ DESK("a\\nb", "https://a", "\"mailto:a@b\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "http://example.com", "\"mailto:a@b\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com/", "\"mailto:a@b\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https:///example", "\"mailto:a@b\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://a\\r\\nX: y", "\"mailto:a@b\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com", "", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com", "1", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com", "\"javascript:alert(1)\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com", "\"mailto:a@b\\nX\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com", "\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\",\"mailto:a@b\"",
		  "2027-01-01T00:00:00Z"),
		TW_CODE_LIMIT },
	{ DESK("a", "https://example.com", "\"mailto:a@b\"", "next year"), TW_CODE_SYNTAX },
	{ ALARMS("\"mailto:duty@example.com\""), TW_CODE_OK },
	{ ALARMS(""), TW_CODE_OK },
	{ ALARMS("\"duty@example.com\""), TW_CODE_SYNTAX },
	{ ALARMS("\"mailto:duty\""), TW_CODE_SYNTAX },
	{ ALARMS("\"mailto:duty@example.com?subject=x\""), TW_CODE_SYNTAX },
	{ ALARMS("\"https://example.com\""), TW_CODE_SYNTAX },
	{ ALARMS("1"), TW_CODE_SYNTAX },
	{ ALARMS(TWICE ", " TWICE ", " TWICE), TW_CODE_LIMIT },
	{ DESK("a", "https://example.com", "\"tel:+49-30-123\"", "2027-01-01T00:00:00Z"), TW_CODE_OK },
	{ DESK("a", "https://example.com", "\"tel:\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ DESK("a", "https://example.com", "\"tel:12;phone-context=x\"", "2027-01-01T00:00:00Z"), TW_CODE_SYNTAX },
	{ MORE("\"passkeys\":[\"publisher\",\"administrator\"]"), TW_CODE_OK },
	{ MORE("\"passkeys\":[]"), TW_CODE_OK },
	{ PASSKEYS("https://security.example.com:8443"), TW_CODE_OK },
	{ PASSKEYS("https://localhost"), TW_CODE_OK },
	{ PASSKEYS("https://192.0.2.7"), TW_CODE_SYNTAX },
	{ PASSKEYS("https://[2001:db8::1]:8443"), TW_CODE_SYNTAX },
	{ PASSKEYS("https://Security.example.com"), TW_CODE_SYNTAX },
	{ MORE("\"passkeys\":[\"publisher\",\"publisher\"]"), TW_CODE_SYNTAX },
	{ MORE("\"passkeys\":[\"owner\"]"), TW_CODE_SYNTAX },
	{ MORE("\"passkeys\":[1]"), TW_CODE_SYNTAX },
	{ MORE("\"passkeys\":\"publisher\""), TW_CODE_SYNTAX },
	{ MORE("\"hours\":\"Monday to Friday\""), TW_CODE_OK },
	{ MORE("\"hours\":\"\""), TW_CODE_SYNTAX },
	{ MORE("\"hours\":\"a\\nb\""), TW_CODE_SYNTAX },
	{ MORE(TERMS("3")), TW_CODE_OK },
	{ MORE(TERMS("0")), TW_CODE_SYNTAX },
	{ MORE(TERMS("366")), TW_CODE_SYNTAX },
	{ MORE(TERMS("\"3\"")), TW_CODE_SYNTAX },
	{ MORE("\"terms\":{\"answer_days\":3}"), TW_CODE_SYNTAX },
	{ MORE("\"terms\":{}"), TW_CODE_SYNTAX },
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_desk d;
		tw_err e = tw_desk_parse(tw_slice_of(rows[i].text), &d);

		if (e.code != rows[i].code)
			fail_msg("row %zu: %s, %s", i, tw_code_name(e.code), tw_failed(e) ? tw_err_detail() : "");
	}
}

static void test_read_from_its_folder(void **state)
{
	struct test_dir dir = test_dir_new();
	struct tw_desk d;

	CHECK_OK(tw_desk_read(tw_sys_real(), dir.fd, &d));
	CHECK_INT(d.contact_count, 0);
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, TW_DESK_FILE, GOOD, sizeof GOOD - 1, 0600));
	CHECK_OK(tw_desk_read(tw_sys_real(), dir.fd, &d));
	CHECK_TEXT(d.contacts[0], "mailto:psirt@example.com");
	CHECK_TEXT(d.name, "Example Works");
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, TW_DESK_FILE, "{", 1, 0600));
	CHECK_ERR(tw_desk_read(tw_sys_real(), dir.fd, &d), SYNTAX);
	test_dir_done(&dir);
}

static void test_terms_and_hours(void **state)
{
	struct tw_desk d;

	CHECK_OK(tw_desk_parse(TW_SLICE(MORE(TERMS("3") ",\"hours\":\"9 to 5\"")), &d));
	CHECK_INT(d.terms.answer, 3);
	CHECK_INT(d.terms.decide, 14);
	CHECK_INT(d.terms.fix, 90);
	CHECK_INT(d.terms.status, 30);
	CHECK_TEXT(d.hours, "9 to 5");
	CHECK_OK(tw_desk_parse(TW_SLICE(GOOD), &d));
	CHECK(d.terms.answer == 0 && !d.hours[0] && !d.news.when[0] && !d.updates.fix_tests[0]);
	CHECK_OK(tw_desk_parse(
		TW_SLICE(MORE(NEWS("at once\\nor later") ",\"updates\":{\"fix-tests\":\"try\",\"security-tests\":\"look\"}")), &d));
	CHECK_TEXT(d.news.when, "at once\nor later");
	CHECK_TEXT(d.news.from, "us");
	CHECK_TEXT(d.updates.security_tests, "look");
	CHECK_ERR(tw_desk_parse(TW_SLICE(MORE(NEWS(" \\n"))), &d), SYNTAX);
	CHECK_ERR(tw_desk_parse(TW_SLICE(MORE(NEWS("a\\u0007b"))), &d), SYNTAX);
	CHECK_ERR(tw_desk_parse(TW_SLICE(MORE("\"news\":{\"when\":\"x\"}")), &d), SYNTAX);
	CHECK_ERR(tw_desk_parse(TW_SLICE(MORE("\"updates\":{\"fix-tests\":\"x\"}")), &d), SYNTAX);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	struct tw_desk d;

	TW_TRY(tw_desk_read(sys, *(int *)user, &d));
	return d.contact_count == 1 ? TW_OK : TW_RAISE(INTERNAL, "nothing was read, and nobody was told");
}

static void test_every_call_fails(void **state)
{
	struct test_dir dir = test_dir_new();

	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, TW_DESK_FILE, GOOD, sizeof GOOD - 1, 0600));
	oom_sweep_with(EIO, sweep, &dir.fd);
	test_dir_done(&dir);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_read_from_its_folder), cmocka_unit_test(test_terms_and_hours),
	cmocka_unit_test(test_every_call_fails))
