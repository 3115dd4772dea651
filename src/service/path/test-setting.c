/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/test-one-context.h"

#include <errno.h>

static char applied[64];
static size_t applied_times;

static tw_err apply(struct tw_context *c, const char *value)
{
	if (strcmp(value, "13") == 0)
		return TW_RAISE(DENIED, "no hotel has it");
	snprintf(applied, sizeof applied, "%s", value);
	applied_times++;
	return TW_OK;
}

static const struct tw_setting_row settings[] = {
	{ "a.switch", TW_SETTING_BOOL, NULL, 0, 0, NULL, "on", "off", "settings.change", NULL, "a switch", NULL },
	{ "a.number", TW_SETTING_INT, "s", -5, 100, NULL, "10", "10", "settings.change", apply, "a number", NULL },
	{ "a.text", TW_SETTING_TEXT, NULL, 1, 8, NULL, "abc", "abc", "settings.change", NULL, "a text", NULL },
	{ "a.choice", TW_SETTING_CHOICE, NULL, 0, 0, "red|green|blue", "red", "blue", "settings.change", NULL, "a choice", NULL },
	{ "a.long", TW_SETTING_TEXT, NULL, 0, 4000, NULL, "", "", "settings.change", NULL, "a long text", NULL },
	{ "a.count", TW_SETTING_INT, NULL, 0, 9, NULL, "1", "1", "settings.change", NULL, "a count", NULL },
	{ .key = NULL },
};
static const struct tw_setting_row narrower[] = {
	{ "a.number", TW_SETTING_INT, "s", 0, 20, NULL, "10", "7", "settings.change", NULL, "a number", NULL },
	{ .key = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .settings = settings };
static const struct tw_capability later = { .code = "T", .name = "Test", .folder = "test", .settings = narrower };
static const struct tw_capability *const capabilities[] = { &capability, NULL };
static const struct tw_capability *const later_capabilities[] = { &later, NULL };
static const struct tw_grant_row grants[] = { { .permission = NULL } };

static int set_up(void **state)
{
	dir = test_dir_new();
	t = (struct test_context){ 0 };
	applied[0] = '\0';
	applied_times = 0;
	return tw_failed(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants)) ? -1 : 0;
}

static tw_err set(const char *key, const char *value, int64_t version)
{
	const struct tw_setting_row *row = tw_setting_find(&t.c, key);
	CHECK(row != NULL);
	return tw_setting_set(&t.c, row, value, version, "owner:alice");
}

static void test_values(void **state)
{
	static const struct {
		const char *key, *value;
		enum tw_code code;
	} rows[] = {
		{ "a.switch", "on", TW_CODE_OK },
		{ "a.switch", "off", TW_CODE_OK },
		{ "a.switch", "ON", TW_CODE_SYNTAX },
		{ "a.switch", "", TW_CODE_SYNTAX },
		{ "a.switch", "on|off", TW_CODE_SYNTAX },
		{ "a.switch", "o", TW_CODE_SYNTAX },
		{ "a.number", "0", TW_CODE_OK },
		{ "a.number", "-5", TW_CODE_OK },
		{ "a.number", "100", TW_CODE_OK },
		{ "a.number", "101", TW_CODE_LIMIT },
		{ "a.number", "-6", TW_CODE_LIMIT },
		{ "a.number", "-0", TW_CODE_SYNTAX },
		{ "a.number", "007", TW_CODE_SYNTAX },
		{ "a.number", "+1", TW_CODE_SYNTAX },
		{ "a.number", " 1", TW_CODE_SYNTAX },
		{ "a.number", "1 ", TW_CODE_SYNTAX },
		{ "a.number", "", TW_CODE_SYNTAX },
		{ "a.number", "-", TW_CODE_SYNTAX },
		{ "a.number", "9223372036854775808", TW_CODE_SYNTAX },
		{ "a.number", "1e1", TW_CODE_SYNTAX },
		{ "a.text", "a", TW_CODE_OK },
		{ "a.text", "12345678", TW_CODE_OK },
		{ "a.text", "", TW_CODE_LIMIT },
		{ "a.text", "123456789", TW_CODE_LIMIT },
		{ "a.text", "a\nb", TW_CODE_SYNTAX },
		{ "a.text", "\xc0\x80", TW_CODE_SYNTAX },
		{ "a.choice", "green", TW_CODE_OK },
		{ "a.choice", "gree", TW_CODE_SYNTAX },
		{ "a.choice", "", TW_CODE_SYNTAX },
		{ "a.choice", "red|green", TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_err e = set(rows[i].key, rows[i].value, -1);
		if (e.code != rows[i].code)
			fail_msg("%s=\"%s\": got %d, want %d", rows[i].key, rows[i].value, e.code, rows[i].code);
		if (tw_is(e, TW_CODE_OK))
			CHECK(tw_setting_is(&t.c, rows[i].key, rows[i].value));
	}
}

static void test_versions_and_history(void **state)
{
	struct tw_setting_state s;
	const struct tw_setting_row *row = tw_setting_find(&t.c, "a.switch");
	CHECK_OK(tw_setting_state(&t.c, row, &s));
	CHECK_INT(s.version, 0);
	CHECK_TEXT(s.value, "on");
	CHECK_ERR(set("a.switch", "off", 1), STATE);
	CHECK_OK(set("a.switch", "off", 0));
	CHECK_ERR(set("a.switch", "on", 0), STATE);
	CHECK_OK(set("a.switch", "on", 1));
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants));
	CHECK_OK(tw_setting_state(&t.c, row, &s));
	CHECK_INT(s.version, 2);
	CHECK_TEXT(s.value, "on");
	CHECK_TEXT(s.changed_by, "owner:alice");
	CHECK(s.changed_ms > 0);
	CHECK(!tw_setting_is(&t.c, "a.unknown", "on"));
	CHECK(tw_setting_find(&t.c, "a.unknown") == NULL);
}

static void test_apply_may_refuse(void **state)
{
	CHECK_OK(set("a.number", "12", -1));
	CHECK_TEXT(applied, "12");
	CHECK_ERR(set("a.number", "13", -1), DENIED);
	CHECK(tw_setting_is(&t.c, "a.number", "12"));
	CHECK_TEXT(applied, "12");
}

static int no_write(const struct tw_sys *s, int fd)
{
	errno = EIO;
	return -1;
}

static void test_apply_is_taken_back_when_the_disk_fails(void **state)
{
	static struct tw_sys sys; /* outlives the test: the teardown closes by it */
	if (test_dir_store_elsewhere())
		skip();
	sys = *tw_sys_real();
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, &sys, dir.fd, capabilities, grants));
	CHECK_OK(set("a.number", "20", -1));
	sys.fdatasync = no_write;
	CHECK_ERR(set("a.number", "21", -1), IO);
	CHECK_TEXT(applied, "20");
	CHECK(tw_setting_is(&t.c, "a.number", "20"));
	sys = *tw_sys_real();
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, &sys, dir.fd, capabilities, grants));
	struct tw_setting_state s;
	CHECK_OK(tw_setting_state(&t.c, tw_setting_find(&t.c, "a.number"), &s));
	CHECK_TEXT(s.value, "20");
}

static void test_a_value_no_longer_allowed_is_the_baseline(void **state)
{
	CHECK_OK(set("a.number", "90", -1));
	CHECK_OK(set("a.text", "gone", -1));
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, tw_sys_real(), dir.fd, later_capabilities, grants));
	CHECK(tw_setting_is(&t.c, "a.number", "7"));
}

/* As much as there is room for, whatever the row says; and what was too long is not shortened. */
static void test_the_longest_value(void **state)
{
	char value[513], by[100];
	struct tw_setting_state s;
	memset(value, 'v', sizeof value);
	memset(by, 'b', sizeof by);
	value[512] = by[sizeof by - 1] = '\0';
	const struct tw_setting_row *row = tw_setting_find(&t.c, "a.long");
	CHECK_ERR(tw_setting_set(&t.c, row, value, -1, by), LIMIT);
	CHECK(strstr(tw_err_detail(), "a.long is 0 to 511 bytes long"));
	value[511] = '\0';
	CHECK_OK(tw_setting_set(&t.c, row, value, -1, by));
	for (int again = 0; again < 2; again++) {
		CHECK_OK(tw_setting_state(&t.c, row, &s));
		CHECK_TEXT(s.value, value);
		CHECK_INT(strlen(s.changed_by), sizeof s.changed_by - 1); /* a name is */
		CHECK_OK(tw_settings_load(&t.c));
	}
}

static void test_words_of_refusals(void **state)
{
	CHECK_ERR(set("a.number", "101", -1), LIMIT);
	CHECK_TEXT(tw_err_detail(), "a.number is -5 to 100 s");
	CHECK_ERR(set("a.count", "10", -1), LIMIT);
	CHECK_TEXT(tw_err_detail(), "a.count is 0 to 9");
	CHECK(tw_setting_is(&t.c, "a.switch", "on") && !tw_setting_is(&t.c, "a.switch", "off") && !tw_setting_is(&t.c, "a.none", "on"));
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t history(void)
{
	int64_t n = -1;
	CHECK_OK(tw_store_run(t.c.store, "SELECT count(*) FROM setting_history", NULL, 0, count_row, &n));
	return n;
}

/* Read when first asked for; a store that cannot be read leaves what was known, or nothing, but never a default in place of it. */
static void test_a_store_that_cannot_be_read(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf value = { 0 };
	tw_buf_init(&value, tw_sys_real(), 600);
	CHECK_OK(set("a.text", "kept", -1));
	CHECK_OK(tw_store_run(t.c.store, "ALTER TABLE setting RENAME TO hidden", NULL, 0, NULL, NULL));
	CHECK(tw_failed(tw_settings_load(&t.c)));
	CHECK(tw_setting_is(&t.c, "a.text", "kept"));
	tw_settings_free(&t.c);
	tw_err e = tw_setting_get(&t.c, "a.text", &value);
	CHECK(tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND));
	CHECK_INT(value.size, 0);
	CHECK(!tw_setting_is(&t.c, "a.text", "abc"));
	CHECK_OK(tw_store_run(t.c.store, "ALTER TABLE hidden RENAME TO setting", NULL, 0, NULL, NULL));
	CHECK(tw_setting_is(&t.c, "a.text", "kept"));
}

static void test_settings_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	CHECK_OK(set("a.text", "kept", -1));
	t.c.sys = tw_fake_sys(f);
	tw_fake_fail(f, 1, ENOMEM, false);
	CHECK_ERR(tw_settings_load(&t.c), NOMEM);
	CHECK(tw_setting_is(&t.c, "a.text", "kept"));
	t.c.sys = tw_sys_real();
	tw_fake_free(f);
}

static void test_history_is_kept_and_purged(void **state)
{
	int64_t count;
	CHECK_OK(set("a.text", "one", -1));
	CHECK_OK(set("a.text", "two", -1));
	CHECK_INT(history(), 2);
	CHECK_OK(tw_settings_purge(&t.c, &count));
	CHECK_INT(history(), 0);
}

static void test_purge(void **state)
{
	int64_t count = 0;
	CHECK_OK(set("a.number", "90", -1));
	CHECK_OK(set("a.text", "gone", -1));
	CHECK_OK(tw_settings_purge(&t.c, &count));
	CHECK_INT(count, 2);
	CHECK_OK(tw_settings_load(&t.c));
	CHECK(tw_setting_is(&t.c, "a.number", "10"));
}

/* With every call failing once: a change is there as a whole or not at all, and memory and store say the same. */
static void test_every_fault(void **state)
{
	bool fired = true;
	for (long nth = 1; fired; nth++) {
		tw_fake *f = tw_fake_new();
		test_context_close(&t);
		CHECK_OK(test_context_open(&t, tw_fake_sys(f), dir.fd, capabilities, grants));
		const char *before = tw_setting_is(&t.c, "a.text", "one") ? "one"
			: tw_setting_is(&t.c, "a.text", "two")            ? "two"
									  : "abc";
		const char *after = strcmp(before, "one") == 0 ? "two" : "one";
		tw_fake_fail(f, nth, EIO, false);
		tw_err e = set("a.text", after, -1);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		CHECK(tw_setting_is(&t.c, "a.text", tw_failed(e) ? before : after));
		test_context_close(&t);
		CHECK_OK(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants));
		CHECK(tw_setting_is(&t.c, "a.text", after) || (tw_failed(e) && tw_setting_is(&t.c, "a.text", before)));
		tw_fake_free(f);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_context)
CHECK_MAIN(TEST(test_values), TEST(test_versions_and_history), TEST(test_apply_may_refuse),
	TEST(test_apply_is_taken_back_when_the_disk_fails), TEST(test_a_value_no_longer_allowed_is_the_baseline), TEST(test_purge),
	TEST(test_the_longest_value), TEST(test_words_of_refusals), TEST(test_a_store_that_cannot_be_read),
	TEST(test_settings_without_memory), TEST(test_history_is_kept_and_purged), TEST(test_every_fault))
