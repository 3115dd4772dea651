/* SPDX-License-Identifier: Apache-2.0 */
/* A reader that goes along with the log: each durable record once and in order, over segments, restarts, refusals and faults. */
#include "service/path/test-one-context.h"

#include <errno.h>
#include <fcntl.h>

#define RECORDS 900 /* three segments and a bit */

static const struct tw_capability *const none[] = { NULL };
static const struct tw_grant_row grants[] = { { .permission = NULL } };

struct reader {
	uint64_t last;      /* had */
	unsigned had, room; /* room: how many more it takes */
};

static int set_up(void **state)
{
	dir = test_dir_new();
	fake = tw_fake_new();
	t = (struct test_context){ 0 };
	return tw_failed(test_context_open(&t, tw_fake_sys(fake), dir.fd, none, grants)) ? -1 : 0;
}

static bool take(void *user, const struct tw_log_record *r)
{
	struct reader *to = user;
	if (to->room == 0)
		return false;
	CHECK_INT(r->seq, to->last + 1);
	CHECK(r->body.size > 0 && r->body.at[0] == '{');
	to->last = r->seq;
	to->had++;
	to->room--;
	return true;
}

static void read_on(struct tw_audit_follow *f, struct reader *r)
{
	for (int steps = 0; tw_audit_follow_behind(t.c.audit, f) && r->room > 0; steps++) {
		CHECK(steps < 10000);
		CHECK_OK(tw_audit_follow_step(t.c.audit, f, take, r));
	}
}

static struct reader from(uint64_t after, struct tw_audit_follow *f)
{
	CHECK_OK(tw_audit_follow(t.c.audit, after, f));
	return (struct reader){ .last = after, .room = UINT32_MAX };
}

static void test_each_once(void **state)
{
	struct tw_audit_follow f;
	add_long_records(RECORDS);
	CHECK(tw_audit_segments(t.c.audit) >= 3);
	uint64_t end = tw_audit_last(t.c.audit);
	for (uint64_t after = 0; after <= end; after += after < 3 || after + 3 > end ? 1 : 97) {
		struct reader r = from(after, &f);
		read_on(&f, &r);
		CHECK_INT(r.last, end);
		CHECK(!tw_audit_follow_behind(t.c.audit, &f) || after == end);
	}
	struct reader slow = from(0, &f);
	while (slow.last < end) { /* one at a time: what was not taken comes again */
		slow.room = 1;
		read_on(&f, &slow);
	}
	CHECK_INT(slow.had, end);
	add_long_records(1);
	slow.room = 9;
	read_on(&f, &slow);
	CHECK_INT(slow.last, end + 1);
}

static void test_only_what_is_durable(void **state)
{
	struct tw_audit_follow f;
	struct reader r = from(0, &f);
	read_on(&f, &r);
	uint64_t before = r.last;
	CHECK_INT(before, tw_audit_durable(t.c.audit));
	CHECK_OK(tw_audit_append_text(t.c.audit, TW_LOG_READ, TW_SLICE("{\"a\":1}"), NULL));
	CHECK(!tw_audit_follow_behind(t.c.audit, &f));
	CHECK_OK(tw_audit_follow_step(t.c.audit, &f, take, &r));
	CHECK_INT(r.last, before);
	CHECK_OK(tw_audit_commit(t.c.audit));
	CHECK(tw_audit_follow_behind(t.c.audit, &f));
	read_on(&f, &r);
	CHECK_INT(r.last, before + 1);
}

static void test_over_a_restart(void **state)
{
	struct tw_audit_follow f;
	add_long_records(5);
	struct reader r = from(0, &f);
	read_on(&f, &r);
	uint64_t before = r.last;
	test_context_close(&t);
	CHECK_OK(test_context_open(&t, tw_fake_sys(fake), dir.fd, none, grants));
	struct reader again = from(before, &f);
	read_on(&f, &again);
	CHECK(again.last > before && again.last == tw_audit_last(t.c.audit));
}

static void test_places_that_are_none(void **state)
{
	struct tw_audit_follow f;
	add_long_records(3);
	uint64_t last = tw_audit_last(t.c.audit);
	CHECK_OK(tw_audit_follow(t.c.audit, last, &f));
	CHECK_ERR(tw_audit_follow(t.c.audit, last + 1, &f), NOTFOUND);
	CHECK_ERR(tw_audit_follow(t.c.audit, UINT64_MAX, &f), NOTFOUND);
	struct reader r = from(0, &f);
	f.segment = 77; /* of the log that was set aside meanwhile */
	CHECK_ERR(tw_audit_follow_step(t.c.audit, &f, take, &r), NOTFOUND);
	CHECK_INT(r.had, 0);
}

static void spoil(size_t at, const void *bytes, size_t size)
{
	int fd = openat(dir.fd, "00000000000000000001.twlog", O_WRONLY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_INT(pwrite(fd, bytes, size, (off_t)at), size);
	(void)close(fd);
}

/* Whoever writes to the disk is noticed at the record, and nothing behind it is given. */
static void test_a_changed_log(void **state)
{
	struct tw_audit_follow f;
	tw_err e = TW_OK;
	add_long_records(RECORDS);
	struct reader r = from(0, &f);
	spoil(40000, "111", 3);
	for (int steps = 0; !tw_failed(e); steps++) {
		CHECK(steps < 100);
		e = tw_audit_follow_step(t.c.audit, &f, take, &r);
	}
	CHECK_ERR(e, UNTRUSTED);
	CHECK(r.last > 10 && r.last < 60);
	r = from(0, &f);
	spoil(0, "no header", 9);
	CHECK(tw_failed(tw_audit_follow_step(t.c.audit, &f, take, &r)));
	CHECK_INT(r.had, 0);
	CHECK_INT(unlinkat(dir.fd, "00000000000000000001.twlog", 0), 0);
	CHECK(tw_failed(tw_audit_follow_step(t.c.audit, &f, take, &r)));
}

/* False: there was no nth call. */
static bool fail_once(int error_number, long nth, uint64_t end)
{
	struct tw_audit_follow f;
	struct reader r = from(0, &f);
	unsigned refused = 0;
	tw_fake_fail(fake, nth, error_number, false);
	for (int steps = 0; tw_audit_follow_behind(t.c.audit, &f); steps++) {
		CHECK(steps < 1000);
		refused += tw_failed(tw_audit_follow_step(t.c.audit, &f, take, &r));
	}
	bool fired = tw_fake_fired(fake);
	const char *name = fired ? tw_fake_name(fake, nth) : "none";
	bool harmless = !fired || strcmp(name, "close") == 0 || (error_number == EINTR && strcmp(name, "pread") == 0);
	if (refused != !harmless || r.last != end)
		fail_msg("call %ld (%s) fails with %d: %u steps refused, %llu of %llu", nth, name, error_number, refused,
			(unsigned long long)r.last, (unsigned long long)end);
	tw_fake_fail(fake, 0, 0, false);
	return fired;
}

/* Each call of a whole reading fails once: the step says so, loses no descriptor, and the next one goes on as if nothing had been. */
static void test_every_fault(void **state)
{
	static const int numbers[] = { ENOMEM, EIO, EINTR };
	add_long_records(RECORDS);
	uint64_t end = tw_audit_last(t.c.audit);
	int fds = test_open_fds();
	for (size_t k = 0; k < TW_COUNT(numbers); k++) {
		bool fired = true;
		for (long nth = 1; fired; nth++)
			fired = fail_once(numbers[k], nth, end);
	}
	CHECK_INT(test_open_fds(), fds);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_context)
CHECK_MAIN(TEST(test_each_once), TEST(test_only_what_is_durable), TEST(test_over_a_restart), TEST(test_places_that_are_none),
	TEST(test_a_changed_log), TEST(test_every_fault))
