/* SPDX-License-Identifier: Apache-2.0 */
/* The task that holds files against the inventory, with a role that says nothing any more. */
#include "device/identification/files.h"
#include "service/errand-line.h"
#include "device/rows-identification.h"
#include "service/scan/scan-wire.h"
#include "service/task/task.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <sys/socket.h>
#include <unistd.h>

#define LOOK_MS 2000

static struct tw_device device;
static struct tw_task task;
static tw_fake *fake;
static tw_channel *line;
static int scan; /* the other end of it */
static int64_t now_ms;
static struct tw_errand_user user;
static unsigned begun, ended_at_once, kept_count;
static json_int_t told_broken; /* by the event; 0: there was none */

/* Of errand.c: the role is this test. */
tw_err tw_errand_begin(tw_errands *e, enum tw_errand which, const struct tw_channel_row *rows, const struct tw_errand_user *u)
{
	begun++;
	user = *u;
	return TW_OK;
}

void tw_errand_finish(tw_errands *e, enum tw_errand which, bool at_once)
{
	ended_at_once += at_once;
}

bool tw_errand_listed(const tw_errands *e, enum tw_errand which)
{
	return true;
}

/* Of the store and the log. */
tw_err tw_device_keep(struct tw_device *d, const char *name, const char *value)
{
	kept_count++;
	return TW_OK;
}

tw_err tw_device_kept(struct tw_device *d, const char *name, struct tw_buf *ret)
{
	return TW_RAISE(NOTFOUND, "%s", name);
}

tw_err tw_device_forget(struct tw_device *d, const char *name)
{
	return TW_RAISE(INTERNAL, "nobody forgets %s here", name);
}

tw_err tw_event(struct tw_context *c, const char *id, json_t *fields)
{
	CHECK_TEXT(id, "inventory.incomplete");
	told_broken = tw_json_int(fields, "broken");
	json_decref(fields);
	return TW_OK;
}

tw_err tw_fact(struct tw_context *c, const char *name, json_t **ret)
{
	return TW_RAISE(INTERNAL, "nobody asks for %s here", name);
}

tw_err tw_fact_int(struct tw_context *c, const char *name, int64_t *ret)
{
	return TW_RAISE(INTERNAL, "nobody asks for %s here", name);
}

static void pass(int64_t ms)
{
	now_ms += ms;
	tw_fake_clock(fake, true, 1900000000000 + now_ms, now_ms);
}

/* What a check has kept that has just begun: no folders, nothing ignored, no place, no findings. */
static tw_err kept(struct tw_buf *to)
{
	TW_CLEANUP(tw_files_done) struct tw_files none = { 0 };

	TW_TRY(tw_files_new(tw_sys_real(), &none));
	TW_TRY(tw_buf_u8(to, 1));
	for (int i = 0; i < 3; i++)
		TW_TRY(tw_buf_block16(to, "", 0));
	return tw_files_write(&none, to);
}

static int set_up(void **state)
{
	int pair[2];

	fake = tw_fake_new();
	begun = ended_at_once = kept_count = 0;
	told_broken = 0;
	device = (struct tw_device){ .packages = "debian", .errands = (tw_errands *)&device };
	device.context = (struct tw_context){ .sys = tw_fake_sys(fake), .time = &device.time, .side = &device };
	pass(1000);
	tw_time_init(&device.time, device.context.sys, 0);
	task = (struct tw_task){ .state = TW_TASK_RUNNING };
	tw_buf_init(&task.saved, tw_sys_real(), TW_TASK_SAVED_MAX);
	CHECK_OK(kept(&task.saved));
	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	CHECK_OK(tw_channel_new(tw_sys_real(), pair[0], tw_rows_core_from_scan, &line));
	scan = pair[1];
	CHECK_OK(tw_task_inventory_check.begin(&device.context, &task));
	return 0;
}

static int tear_down(void **state)
{
	tw_task_inventory_check.end(&device.context, &task);
	tw_buf_done(&task.saved);
	line = tw_channel_free(line);
	fake = tw_fake_free(fake);
	return close(scan);
}

static tw_err look(void)
{
	bool finished = false;
	tw_err e = tw_task_inventory_check.step(&device.context, &task, &finished);

	CHECK(!finished);
	return e;
}

static void say(const struct tw_scan_piece *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	char taken[256];

	tw_buf_init(&bytes, tw_sys_real(), TW_SCAN_PIECE_MAX);
	CHECK_OK(tw_scan_piece_write(p, &bytes));
	const struct tw_message m = { .type = TW_SCAN_PIECE, .payload = tw_buf_slice(&bytes) };
	user.heard(user.user, line, &m);
	while (recv(scan, taken, sizeof taken, MSG_DONTWAIT) > 0)
		continue;
}

static void say_piece(void)
{
	const struct tw_scan_piece p = { .total = 10, .words = tw_slice_of("at work") };

	say(&p);
}

static void test_a_role_that_hangs_is_ended(void **state)
{
	CHECK_OK(look());
	CHECK_INT(begun, 1);
	user.here(user.user, line);
	for (int i = 0; i < 100; i++) {
		pass(LOOK_MS);
		if (i % 25 == 24) /* slow, but it answers */
			say_piece();
		CHECK_OK(look());
	}
	for (int i = 1; i < 60000 / LOOK_MS - 2; i++) {
		pass(LOOK_MS);
		CHECK_OK(look());
	}
	pass(3600 * 1000); /* the whole device slept */
	CHECK_OK(look());
	CHECK_INT(ended_at_once, 0);
	pass(LOOK_MS);
	CHECK_ERR(look(), IO);
	CHECK(strstr(task.why, "does not answer"));
	CHECK_INT(ended_at_once, 1);
}

/* Hands, too, may owe the answer. */
static void test_a_role_that_never_comes_is_not_waited_for(void **state)
{
	int looks = 0;

	while (!tw_failed(look()) && looks < 100) {
		pass(LOOK_MS);
		looks++;
	}
	CHECK_INT(looks, 60000 / LOOK_MS);
	CHECK_INT(ended_at_once, 1);
	CHECK_INT(begun, 1);
}

/* What a failing disk does not give is neither as it was installed nor another. */
static void test_verdicts(void **state)
{
	static const struct {
		unsigned changed, missing, unknown, unread, skipped, broken;
		const char *verdict;
	} rows[] = { { 0, 0, 0, 0, 0, 0, "as-installed" }, { 0, 0, 0, 3, 2, 0, "as-installed" }, { 0, 0, 0, 3, 2, 1, "incomplete" },
		{ 1, 0, 0, 0, 0, 0, "differs" }, { 0, 1, 0, 0, 0, 0, "differs" }, { 0, 0, 1, 1, 0, 1, "differs" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_scan_piece p = { .finished = true,
			.total = 10,
			.counts = { 10, 10, 4, rows[i].changed, rows[i].missing, rows[i].unknown, rows[i].unread, rows[i].skipped,
				rows[i].broken },
			.words = tw_slice_of("at work") };
		bool finished = false;

		if (i > 0) {
			tear_down(state);
			set_up(state);
		}
		CHECK_OK(look());
		user.here(user.user, line);
		say(&p);
		CHECK_OK(tw_task_inventory_check.step(&device.context, &task, &finished));
		CHECK(finished);
		CHECK_TEXT(tw_json_text(task.result, "verdict"), rows[i].verdict);
		CHECK_INT(tw_json_int(task.result, "broken"), rows[i].broken);
		CHECK_INT(told_broken, rows[i].broken);
		CHECK((strstr(task.words, "is the disk failing?") != NULL) == (rows[i].broken != 0));
		CHECK_INT(kept_count, 2);
		json_decref(task.result);
	}
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(EACH(test_a_role_that_hangs_is_ended), EACH(test_a_role_that_never_comes_is_not_waited_for), EACH(test_verdicts))
