/* SPDX-License-Identifier: Apache-2.0 */
/* The task log.verify: a whole log, a broken one, one that is kept and taken up between segments, and every want of memory. */
#include "device/platform/log-verify.h"

#include "device/platform/device.h"
#include "service/path/test-one-context.h"

#include <errno.h>
#include <fcntl.h>

static struct tw_device device;
static const struct tw_event_row events[] = {
	{ "log.broken", TW_SEVERITY_CRITICAL,
		(const struct tw_shape[]){ { "fault", TW_JSON_TEXT, true, 0, TW_DETAIL_MAX }, { .key = NULL } }, NULL, "" },
	{ .id = NULL }
};
static const struct tw_capability capability = { .code = "T", .name = "Test", .folder = "test", .events = events };
static const struct tw_capability *const capabilities[] = { &capability, NULL };
static const struct tw_grant_row grants[] = { { .permission = NULL } };

static int set_up(void **state)
{
	const struct tw_cert_want want = { .organization = "Test", .common_name = "unit", .not_before_ms = 1700000000000 };
	dir = test_dir_new();
	fake = tw_fake_new();
	t = (struct test_context){ 0 };
	device = (struct tw_device){ 0 };
	if (tw_failed(test_context_open(&t, tw_fake_sys(fake), dir.fd, capabilities, grants)))
		return -1;
	CHECK_OK(tw_cert_make(tw_sys_real(), &want, t.key, NULL, t.key, &device.certificate));
	t.c.side = &device;
	add_long_records(1000); /* three segments and a bit */
	CHECK(tw_audit_segments(t.c.audit) >= 4);
	CHECK_OK(tw_audit_epoch_next(t.c.audit, "test"));
	add_long_records(10);
	CHECK_OK(tw_audit_checkpoint(t.c.audit));
	return 0;
}

static int tear_down(void **state)
{
	(void)tw_cert_free(device.certificate);
	return tear_down_context(state);
}

static void begin_task(struct tw_task *task)
{
	*task = (struct tw_task){ 0 };
	tw_buf_init(&task->saved, t.c.sys, TW_TASK_SAVED_MAX);
}

static void end_task(struct tw_task *task)
{
	tw_task_log_verify.end(&t.c, task);
	json_decref(task->result);
	tw_buf_done(&task->saved);
}

/* To the end, or to the first place that is kept. */
static tw_err go(struct tw_task *task, bool to_a_place, unsigned *ret_steps)
{
	bool finished = false;
	uint64_t before = task->done;
	TW_TRY(tw_task_log_verify.begin(&t.c, task));
	for (*ret_steps = 0; !finished && !(to_a_place && task->moved); ++*ret_steps) {
		CHECK(*ret_steps < 100000);
		TW_TRY(tw_task_log_verify.step(&t.c, task, &finished));
		CHECK(task->done >= before);
		before = task->done;
	}
	return TW_OK;
}

static int64_t told(const struct tw_task *task, const char *what)
{
	return tw_json_int(task->result, what);
}

static void test_whole(void **state)
{
	struct tw_task task;
	unsigned steps = 0;
	begin_task(&task);
	CHECK_OK(go(&task, false, &steps));
	CHECK_TEXT(tw_json_text(task.result, "verdict"), "whole");
	CHECK_TEXT(tw_json_text(task.result, "fault"), "");
	CHECK_INT(told(&task, "segments"), tw_audit_segments(t.c.audit));
	CHECK_INT(told(&task, "last"), tw_audit_last(t.c.audit));
	CHECK_INT(told(&task, "records"), told(&task, "last"));
	CHECK_INT(told(&task, "proven_to"), told(&task, "last") - 1);
	CHECK(told(&task, "sealed_to") >= 1000 && told(&task, "sealed_to") < told(&task, "last")); /* all but the present epoch's */
	CHECK(task.done == task.total && task.total > 3 * TW_AUDIT_SEGMENT_MIN / 2);
	CHECK(steps > 10);
	end_task(&task);
}

/* What is written while it goes on is not among what it goes through. */
static void test_ends_where_it_began(void **state)
{
	struct tw_task task;
	bool finished = false;
	uint64_t end = tw_audit_last(t.c.audit);
	begin_task(&task);
	CHECK_OK(tw_task_log_verify.begin(&t.c, &task));
	while (!finished) {
		if (tw_audit_last(t.c.audit) < end + 600)
			add_long_records(20);
		CHECK_OK(tw_task_log_verify.step(&t.c, &task, &finished));
	}
	CHECK_TEXT(tw_json_text(task.result, "verdict"), "whole");
	CHECK_INT(told(&task, "last"), end);
	end_task(&task);
}

/* A fresh process goes on from each kept place, reads none of the earlier segments and comes to the same answer. */
static void test_taken_up(void **state)
{
	struct tw_task whole, part;
	unsigned all = 0, first = 0, rest = 0, places = 0;
	begin_task(&whole);
	CHECK_OK(go(&whole, false, &all));
	begin_task(&part);
	CHECK_OK(go(&part, true, &first));
	while (part.moved) {
		TW_CLEANUP(tw_buf_done) struct tw_buf saved = part.saved;
		CHECK(++places < 20);
		part.saved = (struct tw_buf){ 0 };
		end_task(&part);
		begin_task(&part);
		CHECK_OK(tw_buf_add(&part.saved, saved.data, saved.size));
		CHECK_OK(go(&part, true, &rest));
		CHECK(rest < all);
	}
	CHECK_INT(places, tw_audit_segments(t.c.audit) - 1);
	CHECK(json_equal(part.result, whole.result));
	CHECK_INT(part.done, whole.done);
	end_task(&part);
	end_task(&whole);
}

static void test_skips_what_was_done(void **state)
{
	struct tw_task task;
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 };
	unsigned steps = 0;
	begin_task(&task);
	CHECK_OK(go(&task, true, &steps));
	saved = task.saved;
	task.saved = (struct tw_buf){ 0 };
	end_task(&task);
	int fd = openat(dir.fd, "00000000000000000001.twlog", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(pwrite(fd, "111", 3, 40000), 3); /* seen by a run from the beginning alone */
	(void)close(fd);
	for (unsigned k = 0; k < 2; k++) {
		begin_task(&task);
		if (k == 0)
			CHECK_OK(tw_buf_add(&task.saved, saved.data, saved.size));
		CHECK_OK(go(&task, false, &steps));
		CHECK_TEXT(tw_json_text(task.result, "verdict"), k == 0 ? "whole" : "broken");
		end_task(&task);
	}
}

static void check_broken(const char *fault)
{
	struct tw_task task;
	unsigned steps = 0;
	uint64_t before = tw_audit_last(t.c.audit);
	begin_task(&task);
	CHECK_OK(go(&task, false, &steps));
	CHECK_TEXT(tw_json_text(task.result, "verdict"), "broken");
	if (!strstr(tw_json_text(task.result, "fault"), fault))
		fail_msg("%s is not in: %s", fault, tw_json_text(task.result, "fault"));
	CHECK_INT(tw_audit_last(t.c.audit), before + 1); /* the event */
	end_task(&task);
}

static void test_broken(void **state)
{
	char second[40];
	uint64_t seq = 0, written = 0;
	CHECK(tw_audit_segment(t.c.audit, 1, second, &seq, &written));
	int fd = openat(dir.fd, second, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(pwrite(fd, "111", 3, 40000), 3);
	check_broken(second);
	CHECK_INT(ftruncate(fd, 50000), 0);
	check_broken(second);
	CHECK_INT(ftruncate(fd, TW_AUDIT_SEGMENT_MAX + 1), 0);
	check_broken("bytes");
	(void)close(fd);
	CHECK_INT(unlinkat(dir.fd, second, 0), 0);
	check_broken("gone");
}

/* The segment that is written to must be as long as what was written. */
static void test_a_cut_end(void **state)
{
	char last[40];
	uint64_t seq = 0, written = 0;
	struct tw_task task;
	bool finished = false;
	CHECK(tw_audit_segment(t.c.audit, tw_audit_segments(t.c.audit) - 1, last, &seq, &written));
	int fd = openat(dir.fd, last, O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0 && written > 1000);
	begin_task(&task);
	CHECK_OK(tw_task_log_verify.begin(&t.c, &task));
	CHECK_INT(ftruncate(fd, (off_t)written - 1), 0);
	(void)close(fd);
	while (!finished)
		CHECK_OK(tw_task_log_verify.step(&t.c, &task, &finished));
	CHECK_TEXT(tw_json_text(task.result, "verdict"), "broken");
	CHECK(strstr(tw_json_text(task.result, "fault"), "shorter than what was written"));
	end_task(&task);
}

static void test_kept_places_that_are_none(void **state)
{
	struct tw_task task;
	TW_CLEANUP(tw_buf_done) struct tw_buf saved = { 0 };
	unsigned steps = 0;
	begin_task(&task);
	CHECK_OK(go(&task, true, &steps));
	saved = task.saved;
	task.saved = (struct tw_buf){ 0 };
	end_task(&task);
	for (size_t size = 1; size < saved.size; size += size < 60 ? 1 : 37) {
		begin_task(&task);
		CHECK_OK(tw_buf_add(&task.saved, saved.data, size));
		CHECK(tw_failed(tw_task_log_verify.begin(&t.c, &task)));
		end_task(&task);
	}
	saved.data[0]++;
	begin_task(&task);
	CHECK_OK(tw_buf_add(&task.saved, saved.data, saved.size));
	CHECK_ERR(tw_task_log_verify.begin(&t.c, &task), SYNTAX);
	end_task(&task);
}

/* A call that fails is told as what it is: never that the log is broken, never that it is whole without having been read. */
static void test_every_fault(void **state)
{
	static const int numbers[] = { ENOMEM, EIO };
	int fds = test_open_fds();
	for (size_t k = 0; k < TW_COUNT(numbers); k++) {
		bool fired = true;
		unsigned refused = 0;
		for (long nth = 1; fired; nth++) {
			struct tw_task task;
			unsigned steps = 0;
			begin_task(&task);
			tw_fake_fail(fake, nth, numbers[k], false);
			tw_err e = go(&task, false, &steps);
			fired = tw_fake_fired(fake);
			tw_fake_fail(fake, 0, 0, false);
			if (tw_is(e, TW_CODE_UNTRUSTED) || (!fired && tw_failed(e)))
				fail_msg("call %ld: %s", nth, tw_err_detail());
			if (!tw_failed(e))
				CHECK_TEXT(tw_json_text(task.result, "verdict"), "whole");
			refused += tw_failed(e);
			end_task(&task);
		}
		CHECK(refused > 10);
	}
	CHECK_INT(test_open_fds(), fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_whole), TEST(test_ends_where_it_began), TEST(test_taken_up), TEST(test_skips_what_was_done), TEST(test_broken),
	TEST(test_a_cut_end), TEST(test_kept_places_that_are_none), TEST(test_every_fault))
