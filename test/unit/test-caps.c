/* SPDX-License-Identifier: Apache-2.0 */
/* Caps of sessions that count on a date, at hours, at a place and while a parameter of the product has a value; and those that are none. */
#include "lacking.h"

#include "device/logical-access/caps.h"
#include "device/platform/application.h"
#include "device/rows-logical-access.h"

#include <errno.h>

static void ask(const char *method, const char *target, const char *body, int want, const char *says)
{
	int status = tw_unit_request(w.unit, method, target, NULL, body);

	if (status != want || (says && !strstr(tw_unit_body(w.unit), says)))
		fail_msg("%s %s %s: %d, %s", method, target, body ? body : "", status, tw_unit_body(w.unit));
}

/* Whether one more may be opened; when not, by which rule. */
static bool opens(const char *rule)
{
	char body[64];

	world_code(&w, body);
	int status = world_open(&w, body);
	if (status == 201)
		return true;
	CHECK_INT(status, 409);
	CHECK(strstr(tw_unit_body(w.unit), rule));
	return false;
}

static void set(const char *key, const char *value)
{
	struct tw_context *c = &device()->context;

	CHECK_OK(tw_setting_set(c, tw_setting_find(c, key), value, -1, "test"));
}

static const struct row {
	const char *cap, *rule;
	bool counts; /* on 2030-03-17 at 17:46:40, in hall 3, with the mode eco and the level 50 */
} rows[] = {
	{ "date.2030-03-17", "LA.LDU.2.4", true },
	{ "date.2030-03-18", "LA.LDU.2.4", false },
	{ "date.2030-03-16", "LA.LDU.2.4", false },
	{ "date.2030-03-18%2B07:00", "LA.LDU.2.4", true },
	{ "date.2030-03-17%2B07:00", "LA.LDU.2.4", false },
	{ "date.2030-03-17-07:00", "LA.LDU.2.4", true },
	{ "hours.17:00-18:00", "LA.LDU.2.5", true },
	{ "hours.17:46-17:47", "LA.LDU.2.5", true },
	{ "hours.18:00-17:00", "LA.LDU.2.5", false },
	{ "hours.17:00-17:46", "LA.LDU.2.5", false },
	{ "hours.22:00-06:00", "LA.LDU.2.5", false },
	{ "hours.00:00-01:00%2B07:00", "LA.LDU.2.5", true },
	{ "hours.17:00-18:00%2B07:00", "LA.LDU.2.5", false },
	{ "place.hall%203", "LA.LDU.2.6", true },
	{ "place.hall%204", "LA.LDU.2.6", false },
	{ "parameter.application.mode=eco", "LA.LDU.2.7", true },
	{ "parameter.application.mode=comfort", "LA.LDU.2.7", false },
	{ "parameter.application.level=50", "LA.LDU.2.7", true },
	{ "parameter.application.level=49", "LA.LDU.2.7", false },
	{ "parameter.application.level%3C51", "LA.LDU.2.7", true },
	{ "parameter.application.level%3C50", "LA.LDU.2.7", false },
	{ "parameter.application.level%3E49", "LA.LDU.2.7", true },
	{ "parameter.application.level%3E50", "LA.LDU.2.7", false },
	{ "parameter.application.level%3E-1", "LA.LDU.2.7", true },
	{ "parameter.application.level%3C-1", "LA.LDU.2.7", false },
};

/* @nist LA.LDU.2.4 LA.LDU.2.5 LA.LDU.2.6 LA.LDU.2.7: the second is refused while the cap counts, three are opened while it does not */
static void test_when_they_count(void **state)
{
	char target[96];

	set("logical-access.place", "hall 3");
	set("application.mode", "eco");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", rows[i].cap);
		ask("PUT", target, "{\"most\":1}", 200, NULL);
		CHECK(opens(rows[i].rule));
		if (opens(rows[i].rule) == rows[i].counts || opens(rows[i].rule) == rows[i].counts)
			fail_msg("%s", rows[i].cap);
		CHECK_INT(world_log_says(&w, rows[i].rule), rows[i].counts || (i && !strcmp(rows[i - 1].rule, rows[i].rule)));
		ask("DELETE", "/api/v1/account-sessions/a1", NULL, 204, NULL);
		CHECK(opens(rows[i].rule)); /* an end makes room */
		ask("DELETE", "/api/v1/account-sessions/a1", NULL, 204, NULL);
		ask("DELETE", target, NULL, 204, NULL);
	}
	ask("GET", "/api/v1/session-caps", NULL, 200, "\"caps\":[]");
}

static bool second_at(int64_t wall)
{
	ask("DELETE", "/api/v1/account-sessions/a1", NULL, 204, NULL);
	world_at(&w, wall, WORLD_BOOT);
	CHECK(opens("LA.LDU.2.4"));
	return opens("LA.LDU.2.4");
}

/* A day has a first and a last moment; while nobody knows the time, any day might be it. */
static void test_moments(void **state)
{
	const int64_t midnight = INT64_C(1900022400000); /* 2030-03-18T00:00:00Z */

	ask("PUT", "/api/v1/session-caps/date.2030-03-18", "{\"most\":1}", 200, NULL);
	CHECK(second_at(midnight - 1));
	CHECK(!second_at(midnight));
	CHECK(!second_at(midnight + 86399999));
	CHECK(second_at(midnight + 86400000));
	CHECK(!second_at(0));
	ask("DELETE", "/api/v1/session-caps/date.2030-03-18", NULL, 204, NULL);
	CHECK(second_at(0));
}

/* Sessions that are over are not counted, and caps of either kind count beside each other. */
static void test_counting(void **state)
{
	ask("PUT", "/api/v1/session-caps/date.2030-03-17", "{\"most\":2}", 200, "\"most\":2");
	ask("PUT", "/api/v1/session-caps/account.each", "{\"most\":3}", 200, NULL);
	CHECK(opens("none") && opens("none") && !opens("LA.LDU.2.4"));
	later(31 * MINUTE);
	CHECK(opens("none") && opens("none") && !opens("LA.LDU.2.4"));
	ask("PUT", "/api/v1/session-caps/date.2030-03-17", "{\"most\":9}", 200, NULL);
	CHECK(opens("none") && !opens("LA.LDU.2.1"));
}

static void test_what_is_no_cap(void **state)
{
	static const char *const names[] = { "moon.full", "date", "date.", "date.2030-3-17", "date.2030-13-01", "date.2030-03-17Z",
		"date.2030-03-17%2B1", "date.2030-03-17%2B07:000", "date.2030-03-17.5000Z", "date.2030-03-17x07:00",
		"date.2030-03-17%2B07:99", "hours.", "hours.8-9", "hours.08:00-08:00", "hours.08:00-25:00", "hours.08:00-09:00%2B15:00",
		"hours.08:00-09:00%2B0100", "hours.08:00-09:00x01:00", "place.", "place.1234567890123456789012345678901234567890123456789",
		"parameter.", "parameter.application.mode", "parameter.application.mode=", "parameter.logical-access.mode=normal",
		"parameter.application.none=1", "parameter.application.mode%3C3", "parameter.application.level%3Cx",
		"date.1969-12-31", "date.1970-01-01", "date.1970-01-01%2B01:00", "parameter.application.mode=none",
		"parameter.application.level=050", "parameter.application.level=-0", "parameter.application.level=9999999",
		"parameter.application.level%3C-", "parameter.application.level%3C--1",
		"place.1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890" };
	char target[160];

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", names[i]);
		ask("PUT", target, "{\"most\":1}", 400, "session.cap");
	}
	ask("GET", "/api/v1/session-caps", NULL, 200, "\"caps\":[]");
}

/* One that another release or product left behind counts for nothing, and keeps nobody out. */
static void test_what_is_not_understood(void **state)
{
	CHECK_OK(tw_store_run(device()->context.store,
		"INSERT INTO session_cap VALUES ('parameter', 'application.gone=1', 1, 1), ('moon', 'full', 1, 1), ('date', 'tomorrow', 1, 1), "
		"('hours', '8-9', 1, 1), ('parameter', 'application.level<99999999999999999999', 1, 1), ('parameter', 'application.level', 1, 1)",
		NULL, 0, NULL, NULL));
	CHECK(opens("none") && opens("none"));
	ask("GET", "/api/v1/session-caps", NULL, 200, "moon.full");
	ask("DELETE", "/api/v1/session-caps/moon.full", NULL, 204, NULL);
}

/* Short of memory it fails, and says so: it never counts for nothing. */
static void test_memory(void **state)
{
	bool fired = true;
	long nth;

	set("logical-access.place", "hall 3");
	ask("PUT", "/api/v1/session-caps/place.hall%203", "{\"most\":1}", 200, NULL);
	ask("PUT", "/api/v1/session-caps/hours.22:00-06:00", "{\"most\":1}", 200, NULL);
	ask("PUT", "/api/v1/session-caps/parameter.application.level=50", "{\"most\":1}", 200, NULL);
	CHECK(opens("none"));
	for (nth = 1; fired && nth < 500; nth++) {
		struct tw_reply rp = { .status = 201 };

		tw_fake_fail(w.fake, nth, ENOMEM, false);
		tw_err e = tw_access_caps_check(device(), 1, &rp);
		fired = tw_fake_fired(w.fake);
		tw_fake_fail(w.fake, 0, 0, false);
		CHECK(tw_failed(e) || rp.problem[0]);
		tw_reply_done(&rp);
	}
	CHECK(nth > 3);
}

static int check(const void *what)
{
	struct tw_reply rp = { .status = 201 };
	tw_err e = tw_access_caps_check(device(), 1, &rp);
	int said = tw_failed(e) ? (int)e.code : rp.problem[0] ? TW_CODE_EXISTS : TW_CODE_OK;

	tw_reply_done(&rp);
	return said;
}

/* Each by itself, so that no other says in its place that it is enough. */
static void test_each_without_memory(void **state)
{
	static const char *const caps[] = { "date.2030-03-17", "hours.17:00-18:00%2B00:00", "place.hall%203",
		"parameter.application.level%3E49" };
	char target[96];

	set("logical-access.place", "hall 3");
	CHECK(opens("none"));
	for (size_t i = 0; i < TW_COUNT(caps); i++) {
		long nth = 0;

		(void)snprintf(target, sizeof target, "/api/v1/session-caps/%s", caps[i]);
		ask("PUT", target, "{\"most\":1}", 200, NULL);
		do {
			int said = ask_without(check, NULL, ++nth);

			if (said != (memory.fired ? TW_CODE_NOMEM : TW_CODE_EXISTS))
				fail_msg("%s, block %ld: %s", caps[i], nth, tw_code_name((enum tw_code)said));
		} while (memory.fired);
		ask("DELETE", target, NULL, 204, NULL);
	}
}

/* Whoever may see how the device is, does not learn the settings that are reserved. */
static void test_what_is_said_of_them(void **state)
{
	static const struct {
		tw_err (*status)(struct tw_context *c, struct tw_element_status *ret);
		const char *key, *value;
		enum tw_status without, with;
	} said[] = {
		{ tw_access_status_place_caps, "logical-access.place", "hall 31", TW_STATUS_OFF, TW_STATUS_PROVIDED },
		{ tw_access_status_unused, "logical-access.inactive", "4711", TW_STATUS_PROVIDED, TW_STATUS_PROVIDED },
		{ tw_access_status_idle, "logical-access.session-idle", "471", TW_STATUS_PROVIDED, TW_STATUS_PROVIDED },
		{ tw_access_status_searches, "logical-access.list-max", "171", TW_STATUS_PROVIDED, TW_STATUS_PROVIDED },
	};
	struct tw_element_status s = { .since_ms = 0 };

	for (size_t i = 0; i < TW_COUNT(said); i++) {
		CHECK_OK(said[i].status(&device()->context, &s));
		CHECK_INT(s.status, said[i].without);
		set(said[i].key, said[i].value);
		CHECK_OK(said[i].status(&device()->context, &s));
		CHECK_INT(s.status, said[i].with);
		CHECK(!strstr(s.reason, said[i].value));
		CHECK_TEXT(s.setting, said[i].key);
	}
}

/* What the kernel enforces is said to be so when each role has proven its sandbox, and not before. */
static void test_said_of_processes(void **state)
{
	static tw_err (*const said[])(struct tw_context * c, struct tw_element_status * ret) = { tw_access_status_levels,
		tw_access_status_least, tw_access_status_confined };
	struct tw_device *d = device();
	struct tw_element_status s = { .since_ms = 0 };

	for (size_t i = 0; i < TW_COUNT(said); i++) {
		CHECK_OK(said[i](&d->context, &s));
		CHECK_INT(s.status, TW_STATUS_NOT_PROVIDED);
	}
	for (size_t i = 0; i < TW_DEVICE_ROLES; i++) {
		(void)snprintf(d->boxed[i].role, sizeof d->boxed[i].role, "role");
		d->boxed[i].box.ids_dropped = d->boxed[i].box.seccomp = true;
		d->boxed[i].box.landlock_abi = 3;
	}
	for (size_t i = 0; i < TW_COUNT(said); i++) {
		CHECK_OK(said[i](&d->context, &s));
		CHECK_INT(s.status, TW_STATUS_PROVIDED);
	}
}

static void test_a_product_without_parameters(void **state)
{
	struct tw_context *c = &device()->context;
	tw_application_rows *a = device()->application;
	TW_CLEANUP(tw_application_freep) tw_application_rows *none = NULL;
	const struct tw_manifest manifest = { .product = "Bare" };
	struct tw_element_status s = { .since_ms = 0 };

	CHECK_OK(tw_access_status_parameter_caps(c, &s));
	CHECK_INT(s.status, TW_STATUS_PROVIDED);
	CHECK_OK(tw_application_new(tw_sys_real(), &manifest, &none));
	device()->application = none;
	CHECK_OK(tw_access_status_parameter_caps(c, &s));
	device()->application = a;
	CHECK_INT(s.status, TW_STATUS_NEEDS_PART);
}

/* A text that may be empty is no reason to leave the value away: nobody could tell it from one that was forgotten. */
static void test_a_text_without_a_value(void **state)
{
	static const struct tw_manifest_setting note = {
		.key = "application.note", .type = TW_MANIFEST_TEXT, .unit = "", .max = 8, .choices = "", .default_value = "", .baseline = "", .help = "a note"
	};
	const struct tw_manifest manifest = { .product = "Noted", .settings = &note, .setting_count = 1 };
	TW_CLEANUP(tw_application_freep) tw_application_rows *noted = NULL;
	tw_application_rows *a = device()->application;

	CHECK_OK(tw_application_new(tw_sys_real(), &manifest, &noted));
	device()->application = noted;
	bool empty = tw_cap_valid(&device()->context, &(struct tw_cap){ "parameter", "application.note=", 1, true });
	bool some = tw_cap_valid(&device()->context, &(struct tw_cap){ "parameter", "application.note=x", 1, true });
	device()->application = a;
	CHECK(some && !empty);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_when_they_count), TEST(test_moments), TEST(test_counting), TEST(test_what_is_no_cap),
	TEST(test_what_is_not_understood), TEST(test_memory), TEST(test_each_without_memory), TEST(test_what_is_said_of_them),
	TEST(test_said_of_processes), TEST(test_a_product_without_parameters), TEST(test_a_text_without_a_value))
