/* SPDX-License-Identifier: Apache-2.0 */
/* A change that waits: kept when it is confirmed by its word, taken back in every other case, whatever fails and wherever the power goes. */
#include "service/path/change-inside.h"
#include "service/path/operations.h"
#include "service/path/test-one-context.h"

#include <errno.h>

#define WALL 1900000000000LL

static const char *unsettled_why;

static tw_err judge(struct tw_context *c, const char *value)
{
	return strcmp(value, "never") == 0 ? TW_RAISE(DENIED, "the device has no such rule") : TW_OK;
}

static const struct tw_setting_row settings[] = {
	{ "a.way", TW_SETTING_TEXT, NULL, 0, 511, NULL, "open", "open", "settings.change", judge, "a way in", NULL, true },
	{ "a.text", TW_SETTING_TEXT, NULL, 0, 8, NULL, "abc", "abc", "settings.change", NULL, "a text", NULL },
	{ .key = NULL },
};
static const struct tw_shape fields[] = { { "change", TW_JSON_TEXT, true }, { "setting", TW_JSON_TEXT, true },
	{ "by", TW_JSON_TEXT, true }, { "why", TW_JSON_TEXT, false }, { .key = NULL } };
static const struct tw_event_row events[] = {
	{ "change.held", TW_SEVERITY_NOTICE, fields, NULL, "held" },
	{ "change.confirmed", TW_SEVERITY_NOTICE, fields, NULL, "confirmed" },
	{ "change.reverted", TW_SEVERITY_WARNING, fields, NULL, "reverted" },
	{ .id = NULL },
};
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .settings = settings, .events = events };
static const struct tw_capability *const capabilities[] = { &capability, NULL };
static const struct tw_grant_row grants[] = { { "settings.change", 1u << TW_SUBJECT_OWNER }, { .permission = NULL } };

static const char *unsettled(struct tw_context *c, const char *key)
{
	return unsettled_why;
}

static int64_t within(struct tw_context *c)
{
	return 60;
}

static const struct tw_changes_side side = { unsettled, within };

static tw_err open_all(const struct tw_sys *sys, int fd)
{
	TW_TRY(test_context_open(&t, sys, fd, capabilities, grants));
	return tw_changes_start(&t.c, &side);
}

static void close_all(void)
{
	tw_changes_free(&t.c);
	test_context_close(&t);
}

static int set_up(void **state)
{
	dir = test_dir_new();
	fake = tw_fake_new();
	tw_fake_clock(fake, true, WALL, 1000);
	t = (struct test_context){ .owned = true };
	unsettled_why = NULL;
	return tw_failed(open_all(tw_fake_sys(fake), dir.fd)) ? -1 : 0;
}

static int tear_down(void **state)
{
	tw_changes_free(&t.c);
	return tear_down_context(state);
}

static void later(int64_t boot_ms)
{
	tw_fake_clock(fake, true, WALL + boot_ms, boot_ms);
}

static const char *source = "192.0.2.1";

static struct tw_subject by(enum tw_door door)
{
	struct tw_subject s = { .kind = TW_SUBJECT_OWNER, .door = door, .name = "owner:alice" };

	(void)snprintf(s.source, sizeof s.source, "%s", source);
	return s;
}

static tw_err begin(const char *value, enum tw_door door)
{
	const struct tw_subject who = by(door);

	return tw_change_begin(&t.c, &settings[0], value, -1, &who);
}

static bool is(const char *value)
{
	return tw_setting_is(&t.c, "a.way", value);
}

/* What change.read says now; the word, or "" when it shows none. */
static const char *read_word(char ret[TW_CHANGE_WORD], bool *ret_waiting)
{
	struct tw_request rq = { .subject = by(TW_DOOR_HTTPS) };
	struct tw_reply rp = { .status = 200 };

	CHECK_OK(tw_op_change_read(&t.c, &rq, &rp));
	*ret_waiting = tw_json_bool(rp.body, "waiting");
	(void)snprintf(ret, TW_CHANGE_WORD, "%s", tw_json_text(rp.body, "word"));
	CHECK(tw_json_bool(rp.body, "holds") == (ret[0] != '\0'));
	tw_reply_done(&rp);
	return ret;
}

static int ask(tw_err (*op)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp), const char *word,
	enum tw_door door, char rule[64])
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "word", word);
	struct tw_request rq = { .subject = by(door), .input = input };
	struct tw_reply rp = { .status = 200 };
	int status;

	CHECK_OK(op(&t.c, &rq, &rp));
	status = rp.status;
	(void)snprintf(rule, 64, "%s", rp.rule);
	tw_reply_done(&rp);
	return status;
}

static void test_confirmed(void **state)
{
	char word[TW_CHANGE_WORD], rule[64];
	bool waiting;
	int64_t left = 0;

	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	CHECK(is("closed"));
	CHECK(tw_change_waits(&t.c, "a.way", &left) && left == 60);
	CHECK(!tw_change_waits(&t.c, "a.text", &left));
	CHECK_INT(tw_change_due_ms(&t.c), 60000);
	CHECK_INT(ask(tw_op_change_confirm, "", TW_DOOR_HTTPS, rule), 409); /* nobody has been told a word yet */
	CHECK_TEXT(rule, "change.word");
	unsettled_why = "The rules do not stand yet.";
	CHECK_TEXT(read_word(word, &waiting), "");
	CHECK(waiting);
	unsettled_why = NULL;
	CHECK_INT(strlen(read_word(word, &waiting)), 32);
	CHECK_INT(ask(tw_op_change_confirm, "0123456789abcdef0123456789abcdef", TW_DOOR_HTTPS, rule), 409);
	CHECK_TEXT(rule, "change.word");
	CHECK_INT(ask(tw_op_change_confirm, word, TW_DOOR_LOCAL, rule), 409);
	CHECK_TEXT(rule, "change.door");
	for (size_t i = 0; i < 3; i++) { /* over the loopback, which shows nothing */
		source = (const char *[]){ "127.0.0.1", "127.8.7.6", "::1" }[i];
		CHECK_INT(ask(tw_op_change_confirm, word, TW_DOOR_HTTPS, rule), 409);
		CHECK_TEXT(rule, "change.door");
	}
	source = "::12";
	CHECK_INT(ask(tw_op_change_confirm, word, TW_DOOR_HTTPS, rule), 200);
	source = "192.0.2.1";
	later(100000);
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	CHECK_OK(tw_change_job(&t.c));
	CHECK(is("closed"));
	CHECK_INT(ask(tw_op_change_confirm, word, TW_DOOR_HTTPS, rule), 404);
	(void)read_word(word, &waiting);
	CHECK(!waiting);
	close_all();
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
	CHECK(is("closed"));
}

static void test_the_time_is_over(void **state)
{
	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	later(60999);
	CHECK_INT(tw_change_due_ms(&t.c), 1);
	CHECK_OK(tw_change_job(&t.c));
	CHECK(is("closed"));
	later(61000);
	CHECK_INT(tw_change_due_ms(&t.c), 0);
	CHECK_OK(tw_change_job(&t.c));
	CHECK(is("open"));
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	CHECK_OK(begin("closed", TW_DOOR_HTTPS)); /* and the next may be tried */
}

static void test_a_start_takes_it_back(void **state)
{
	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	close_all();
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
	CHECK(is("open"));
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	close_all();
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
	CHECK(is("open"));
}

static void test_one_at_a_time(void **state)
{
	char rule[64], word[TW_CHANGE_WORD];
	bool waiting;

	CHECK_OK(begin("closed", TW_DOOR_LOCAL));
	CHECK_ERR(begin("other", TW_DOOR_LOCAL), DENIED);
	CHECK(strstr(tw_err_detail(), "a change of a.way has to be confirmed or taken back first"));
	CHECK_INT(ask(tw_op_change_revert, "", TW_DOOR_HTTPS, rule), 200);
	CHECK(is("open"));
	CHECK_INT(ask(tw_op_change_revert, "", TW_DOOR_HTTPS, rule), 404);
	CHECK_OK(begin("other", TW_DOOR_LOCAL)); /* at the device, and confirmed there: nobody could be cut off */
	CHECK_INT(ask(tw_op_change_confirm, read_word(word, &waiting), TW_DOOR_LOCAL, rule), 200);
	CHECK(is("other"));
	source = "127.0.0.1";
	CHECK_OK(begin("third", TW_DOOR_HTTPS)); /* over its loopback: at the device, too */
	CHECK_INT(ask(tw_op_change_confirm, read_word(word, &waiting), TW_DOOR_HTTPS, rule), 200);
	source = "192.0.2.1";
}

static void test_what_is_refused_is_not_held(void **state)
{
	const struct tw_subject who = by(TW_DOOR_HTTPS);

	CHECK_ERR(begin("never", TW_DOOR_HTTPS), DENIED);
	CHECK_ERR(tw_change_begin(&t.c, &settings[0], "closed", 7, &who), STATE);
	CHECK(is("open"));
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	close_all();
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
	CHECK(is("open"));
}

/* The owner has gone, and his settings: what he left waiting is no longer anybody's. */
static void test_ownership_ends(void **state)
{
	int64_t count = 0;

	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	CHECK_OK(tw_settings_purge(&t.c, &count));
	CHECK_INT(count, 1);
	CHECK_OK(tw_settings_load(&t.c));
	later(61000);
	CHECK_OK(tw_change_job(&t.c));
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	CHECK_OK(tw_settings_purge(&t.c, &count));
	tw_settings_free(&t.c);
	tw_change_drop(&t.c);
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	CHECK_OK(begin("other", TW_DOOR_HTTPS)); /* the next owner's is not refused for the one before */
	CHECK_OK(tw_settings_purge(&t.c, &count));
	CHECK_OK(tw_settings_load(&t.c));
	tw_change_drop(&t.c);
	CHECK(is("open"));
	close_all();
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
	CHECK(is("open"));
}

/* An update waits for its start with a change in the air, and its rules for the setting are stricter. */
static void test_the_next_release_takes_the_old_value_no_more(void **state)
{
	static const struct tw_setting_row choice[] = {
		{ "a.way", TW_SETTING_CHOICE, NULL, 0, 0, "shut|closed", "closed", "shut", "settings.change", judge, "a way in", NULL, true },
		{ .key = NULL },
	};
	const struct tw_capability next = { .code = "T", .name = "Test", .folder = "test", .settings = choice, .events = events };
	const struct tw_capability *const all[] = { &next, NULL };

	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	close_all();
	CHECK_OK(test_context_open(&t, tw_fake_sys(fake), dir.fd, all, grants));
	CHECK_OK(tw_changes_start(&t.c, &side));
	CHECK_INT(tw_change_due_ms(&t.c), -1);
	CHECK(is("shut"));
	close_all();
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
}

/* The device lives by the old value at once, and the store is told as soon as it can be. */
static void test_a_store_that_fails_as_the_time_ends(void **state)
{
	bool fired = true;

	for (long nth = 1; fired; nth++) {
		close_all();
		test_dir_empty(&dir);
		t.epoch = 0;
		tw_fake_free(fake);
		fake = tw_fake_new();
		later(1000);
		CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
		CHECK(is("open"));
		CHECK_OK(begin("closed", TW_DOOR_HTTPS));
		later(61000);
		tw_fake_fail(fake, nth, EIO, true);
		tw_err e = tw_change_back(&t.c, "it was not confirmed in time");
		fired = tw_fake_fired(fake);
		CHECK(is("open"));
		CHECK(tw_failed(e) || !fired || tw_change_due_ms(&t.c) == -1);
		CHECK(tw_change_due_ms(&t.c) != 0); /* nor is it tried without pause */
		tw_fake_fail(fake, 0, 0, false);
		close_all();
		CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
		CHECK(is("open"));
	}
}

/* Each call of the seam fails once as a change begins: it is held or was not made; never made and not held. */
static void test_every_fault_as_it_begins(void **state)
{
	bool fired = true;

	for (long nth = 1; fired; nth++) {
		close_all();
		test_dir_empty(&dir);
		t.epoch = 0;
		tw_fake_free(fake);
		fake = tw_fake_new();
		later(1000);
		CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
		tw_fake_fail(fake, nth, EIO, false);
		tw_err e = begin("closed", TW_DOOR_HTTPS);
		fired = tw_fake_fired(fake);
		tw_fake_fail(fake, 0, 0, false);
		CHECK(is("closed") == (tw_change_due_ms(&t.c) >= 0));
		CHECK(is("closed") || tw_failed(e));
		close_all();
		CHECK_OK(open_all(tw_sys_real(), dir.fd));
		CHECK(is("open"));
	}
}

/* Marks: 1 begun, 2 confirmed. Before 2 every cut brings the old value back, after it the new one stays. */
static void test_power_cuts(void **state)
{
	struct test_dir after = test_dir_new();
	tw_fake *f = tw_fake_new();
	size_t states = 0;

	close_all();
	tw_fake_clock(f, true, WALL, 1000);
	tw_fake_record(f, dir.path);
	CHECK_OK(open_all(tw_fake_sys(f), dir.fd));
	CHECK_OK(begin("closed", TW_DOOR_HTTPS));
	tw_fake_mark(f, 1);
	CHECK_OK(tw_change_keep(&t.c));
	tw_fake_mark(f, 2);
	close_all();
	const size_t points = tw_fake_points(f);
	for (size_t point = 0; point < points; point += 1 + points / 150) {
		for (unsigned variant = 0; variant < 4; variant++, states++) {
			const uint64_t acked = tw_fake_acked(f, point);

			CHECK_OK(tw_fake_rebuild(f, point, variant, after.path));
			t.epoch = 0;
			CHECK_OK(open_all(tw_sys_real(), after.fd));
			CHECK(is("open") || is("closed"));
			CHECK(acked != 1 || is("open") || !t.c.changes->held.row); /* in the act of confirming either may be */
			CHECK(acked != 2 || is("closed"));
			CHECK(acked != 0 || is("open"));
			CHECK_INT(tw_change_due_ms(&t.c), -1);
			close_all();
		}
	}
	print_message("# %zu states after power cuts\n", states);
	test_dir_done(&after);
	tw_fake_free(f);
	CHECK_OK(open_all(tw_fake_sys(fake), dir.fd));
}

/* Written by somebody else, or by no release there was: refused, and core does not start on it. */
static void test_what_lies_there_is_no_change(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{}", "{\"id\":\"x\"}" };

	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		const struct tw_value v[] = { TW_V_TEXT("change.held"), TW_V_TEXT(texts[i]), TW_V_INT(1), TW_V_INT(0), TW_V_TEXT("") };

		CHECK_OK(tw_store_run(t.c.store, tw_sql_settings_put, v, TW_COUNT(v), NULL, NULL));
		tw_changes_free(&t.c);
		tw_err e = tw_changes_start(&t.c, &side);
		CHECK(i == 0 ? !tw_failed(e) : tw_is(e, TW_CODE_SYNTAX));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_confirmed), TEST(test_the_time_is_over), TEST(test_a_start_takes_it_back), TEST(test_one_at_a_time),
	TEST(test_what_is_refused_is_not_held), TEST(test_ownership_ends), TEST(test_the_next_release_takes_the_old_value_no_more),
	TEST(test_a_store_that_fails_as_the_time_ends), TEST(test_every_fault_as_it_begins), TEST(test_power_cuts),
	TEST(test_what_lies_there_is_no_change))
