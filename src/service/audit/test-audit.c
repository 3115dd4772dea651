/* SPDX-License-Identifier: Apache-2.0 */
/* The log's writer: what it records, what it refuses, and what a fault or a power cut at any moment leaves behind. */
#include "service/audit/test-audit.h"

#include <errno.h>

static void test_writes_what_verifies(void **state)
{
	struct bench b;
	struct tw_log_report r;
	uint64_t intent = 0;
	tw_audit *a = begin_log(&b);
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_OK(tw_audit_append(a, TW_LOG_INTENT, json_pack("{s:s}", "operation", "x"), &intent));
	CHECK(tw_audit_pending(a));
	CHECK_OK(tw_audit_commit(a));
	CHECK(!tw_audit_pending(a));
	CHECK_OK(tw_audit_append(a, TW_LOG_OUTCOME, json_pack("{s:I}", "intent", (json_int_t)intent), NULL));
	CHECK_OK(tw_audit_commit(a));
	CHECK_OK(tw_audit_checkpoint(a));
	uint64_t last = tw_audit_last(a);
	CHECK_OK(tw_audit_checkpoint(a)); /* nothing new: nothing written */
	CHECK_INT(tw_audit_last(a), last);
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.last_seq, last);
	CHECK_INT(r.proven_seq, last - 1);
	CHECK_INT(r.open_intents, 0);
	CHECK(r.keys_used);
}

static void test_goes_on_after_restart(void **state)
{
	struct bench b;
	struct tw_log_report r;
	bench_init(&b, tw_sys_real(), dir.fd);
	for (int i = 0; i < 3; i++) {
		tw_audit *a = open_log(&b, tw_sys_real());
		add(a, TW_LOG_INTENT, "{}");
		CHECK_OK(tw_audit_commit(a));
		CHECK_INT(tw_audit_epoch(a), i + 1);
		tw_audit_free(a);
	}
	verify(&dir, "", &r);
	CHECK_INT(r.open_intents, 1); /* the two before were closed as unknown */
	CHECK_INT(r.segments, 3);
	struct stat st;
	CHECK_INT(fstatat(dir.fd, "00000000000000000001.twlog", &st, 0), 0);
	CHECK(st.st_size < 4096); /* ended segments give their zeros back */
}

static void test_catches_up_with_the_keys_role(void **state)
{
	struct bench b;
	bench_init(&b, tw_sys_real(), dir.fd);
	static const uint64_t given[] = { 1, 2, 3, 4, 5, 8, 9, 1000, UINT64_C(1) << 40 };
	for (size_t i = 0; i < TW_COUNT(given); i++) {
		b.keys.handed_out = given[i];
		tw_audit *a = open_log(&b, tw_sys_real());
		CHECK_INT(tw_audit_epoch(a), given[i] + 1);
		tw_audit_free(a);
		test_dir_empty(&dir);
	}
	b.keys.handed_out = 0;
	tw_audit *a = open_log(&b, tw_sys_real());
	b.keys.handed_out = 7; /* ahead of a log that is there */
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	CHECK_INT(tw_audit_epoch(a), 8);
	tw_audit_free(a);
}

static void test_rotates(void **state)
{
	struct bench b;
	struct tw_log_report r;
	tw_audit *a = begin_log(&b);
	for (int i = 0; i < 8; i++) {
		add_many(a, 100, 1000);
		CHECK_OK(tw_audit_commit(a));
	}
	end_first_epoch(a);
	uint64_t last = tw_audit_last(a);
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.last_seq, last);
	CHECK(r.segments >= 5);
}

struct seen {
	uint64_t seqs[64];
	size_t count, stop;
};

static bool see(void *user, const struct tw_log_record *r)
{
	struct seen *s = user;
	s->seqs[s->count++] = r->seq;
	return s->count != s->stop;
}

static void test_shows_the_latest(void **state)
{
	struct bench b;
	tw_audit *a = begin_log(&b);
	add_many(a, 230, 1000); /* into a second segment */
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	add(a, TW_LOG_READ, "{}");
	struct seen s = { .stop = 50 };
	CHECK_OK(tw_audit_recent(a, 0, 40, see, &s));
	CHECK_INT(s.count, 40);
	for (size_t i = 0; i < s.count; i++)
		CHECK_INT(s.seqs[i], tw_audit_last(a) - i);
	s = (struct seen){ .stop = 3 };
	CHECK_OK(tw_audit_recent(a, 0, 40, see, &s));
	CHECK_INT(s.count, 3);
	CHECK_ERR(tw_audit_recent(a, 0, TW_AUDIT_RECENT_MAX + 1, see, &s), LIMIT);
	tw_audit_free(a);
}

static void test_sets_a_changed_log_aside(void **state)
{
	struct bench b;
	struct tw_log_report r;
	tw_audit *a = begin_log(&b);
	add_many(a, 4, 200);
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	write_at("00000000000000000001.twlog", 600, "!", 1); /* in the body of record 1 */
	a = open_log(&b, tw_sys_real());
	if (!strstr(tw_audit_fault(a), "record 1 "))
		fail_msg("fault: got \"%s\"", tw_audit_fault(a));
	CHECK_INT(tw_audit_epoch(a), 2);
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.first_seq, 1);
	a = open_log(&b, tw_sys_real()); /* and the new one is a log like any other */
	CHECK_TEXT(tw_audit_fault(a), "");
	tw_audit_free(a);
}

static void test_cuts_a_torn_end_and_keeps_it(void **state)
{
	struct bench b;
	struct tw_log_report r;
	tw_audit *a = begin_log(&b);
	add_many(a, 1, 1800);
	CHECK_OK(tw_audit_commit(a));
	uint64_t last = tw_audit_last(a);
	tw_audit_free(a);
	verify(&dir, "", &r);
	char zeros[512] = { 0 };
	write_at("00000000000000000001.twlog", (off_t)(r.tail - 1) / 512 * 512 - 512, zeros, sizeof zeros); /* one sector never arrived */
	a = open_log(&b, tw_sys_real());
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_INT(tw_audit_last(a), last + 1); /* the torn record's number is used again, by the opening; then its checkpoint */
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(faccessat(dir.fd, "00000000000000000001.twlog.cut", F_OK, 0), 0);
}

/* The chain does not cover the seal, so only its key can tell. */
static void test_cuts_a_record_whose_seal_alone_is_torn(void **state)
{
	struct bench b;
	struct tw_log_report r;
	tw_audit *a = begin_log(&b);
	verify(&dir, "", &r);
	size_t fixed = 112, lost = 16, size = 1024 - (r.tail + fixed) % 512 + lost; /* the last bytes of the seal are in the next sector */
	add_many(a, 1, size);
	CHECK_OK(tw_audit_commit(a));
	uint64_t last = tw_audit_last(a);
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.tail % 512, lost);
	write_at("00000000000000000001.twlog", (off_t)(r.tail - lost), (char[16]){ 0 }, lost);
	a = open_log(&b, tw_sys_real());
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_INT(tw_audit_last(a), last + 1);
	tw_audit_free(a);
	verify(&dir, "", &r);
}

static void test_refuses_reserved_types_and_long_bodies(void **state)
{
	struct bench b;
	static char body[TW_LOG_BODY_MAX + 1];
	tw_audit *a = begin_log(&b);
	memset(body, ' ', sizeof body);
	CHECK_ERR(tw_audit_append_text(a, TW_LOG_EVENT, (struct tw_slice){ body, sizeof body }, NULL), LIMIT);
	CHECK_ERR(tw_audit_append_text(a, TW_LOG_TYPE_USED, TW_SLICE("{}"), NULL), SYNTAX);
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	b.options.segment_size = 4096;
	CHECK_ERR(tw_audit_open(tw_sys_real(), &b.options, &a), LIMIT);
}

/* A flood of refusals is counted, not lost, and does not fill the log. */
static void test_rations_refusals(void **state)
{
	struct bench b;
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	tw_fake_clock(f, true, 1800000000000, 1000000);
	bench_init(&b, sys, dir.fd);
	tw_audit *a = open_log(&b, sys);
	uint64_t before = tw_audit_last(a);
	for (int i = 0; i < 1000; i++)
		CHECK_OK(tw_audit_refused(a, "192.0.2.1", TW_SLICE("{}")));
	CHECK_INT(tw_audit_last(a) - before, 10);
	CHECK_INT(tw_audit_refusals_due_ms(a), 1060000);
	for (int i = 0; i < 1000; i++) {
		char source[32];
		snprintf(source, sizeof source, "2001:db8::%x", i);
		CHECK_OK(tw_audit_refused(a, source, TW_SLICE("{}")));
	}
	CHECK_INT(tw_audit_last(a) - before, 60);
	tw_fake_clock(f, true, 1800000061000, 1061000);
	CHECK_OK(tw_audit_refusals_seal(a, false));
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	CHECK(tw_audit_last(a) - before <= 60 + 33);
	before = tw_audit_last(a);
	CHECK_OK(tw_audit_refused(a, "192.0.2.1", TW_SLICE("{}"))); /* a new minute */
	CHECK_INT(tw_audit_last(a) - before, 1);
	tw_audit_free(a);
	tw_fake_free(f);
}

struct sum {
	json_int_t count;
	size_t records;
};

static bool sum_up(void *user, const struct tw_log_record *r)
{
	struct sum *s = user;
	json_t *j = NULL;
	if (r->type == TW_LOG_REFUSALS) {
		CHECK_OK(tw_json_parse(r->body, TW_LOG_BODY_MAX, &j));
		s->count += tw_json_int(j, "count");
		json_decref(j);
	}
	s->records += r->type == TW_LOG_EVENT;
	return true;
}

static void test_counts_every_refusal(void **state)
{
	struct bench b;
	struct sum s = { 0 };
	tw_audit *a = begin_log(&b);
	for (int i = 0; i < 3000; i++) {
		char source[32];
		snprintf(source, sizeof source, "source %d", i % 97);
		CHECK_OK(tw_audit_refused(a, source, TW_SLICE("{}")));
	}
	CHECK_OK(tw_audit_refusals_seal(a, true));
	CHECK_OK(tw_audit_recent(a, 0, 1000, sum_up, &s));
	CHECK_INT(s.count + (json_int_t)s.records, 3000);
	tw_audit_free(a);
}

/* A disk that fills: every allocation of room fails from some moment on. */
static int no_room(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	errno = ENOSPC;
	return -1;
}

static void test_full_disk_refuses_changes_first(void **state)
{
	struct bench b;
	struct tw_log_report r;
	struct tw_sys sys = *tw_sys_real();
	bench_init(&b, &sys, dir.fd);
	tw_audit *a = open_log(&b, &sys);
	sys.allocate = no_room;
	uint64_t intent = 0;
	CHECK_OK(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), &intent)); /* there is still a spare */
	tw_err e = TW_OK;
	size_t reads = 0;
	for (; !tw_failed(e) && reads < 10000; reads++) {
		e = tw_audit_append_text(a, TW_LOG_READ, TW_SLICE("{\"operation\":\"identity.read\"}"), NULL);
		if (reads == 2000) {
			CHECK_ERR(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), NULL), LIMIT);
			CHECK(strstr(tw_err_detail(), "audit.space") != NULL);
		}
	}
	CHECK(tw_is(e, TW_CODE_LIMIT) && reads > 2000 && reads < 10000);
	CHECK_OK(tw_audit_append(a, TW_LOG_OUTCOME, json_pack("{s:I}", "intent", (json_int_t)intent), NULL)); /* from the reserve */
	CHECK_OK(tw_audit_checkpoint(a));
	CHECK_TEXT(tw_audit_broken(a), "");
	sys.allocate = tw_sys_real()->allocate;
	CHECK_OK(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), NULL)); /* room again, no restart needed */
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	verify(&dir, "", &r);
}

static int sync_once(const struct tw_sys *s, int fd)
{
	((struct tw_sys *)(uintptr_t)s)->fdatasync = tw_sys_real()->fdatasync;
	errno = EIO;
	return -1;
}

static void test_a_failed_sync_is_final(void **state)
{
	struct bench b;
	struct tw_sys sys = *tw_sys_real();
	bench_init(&b, &sys, dir.fd);
	tw_audit *a = open_log(&b, &sys);
	add(a, TW_LOG_READ, "{}");
	sys.fdatasync = sync_once;
	CHECK_ERR(tw_audit_commit(a), IO);
	CHECK(tw_audit_broken(a)[0]);
	CHECK_ERR(tw_audit_commit(a), IO); /* though the next sync would say OK */
	CHECK_ERR(tw_audit_append_text(a, TW_LOG_READ, TW_SLICE("{}"), NULL), IO);
	tw_audit_free(a);
	a = open_log(&b, &sys);
	CHECK_TEXT(tw_audit_fault(a), "");
	tw_audit_free(a);
}

static bool recording;

static void mark(tw_fake *f, uint64_t acked)
{
	if (recording)
		tw_fake_mark(f, acked);
}

/* One life: opens, changes, rotates, ends an epoch. acked: the last sequence number that was durable. */
static tw_err life(struct bench *b, const struct tw_sys *sys, tw_fake *f, uint64_t *acked)
{
	TW_CLEANUP(tw_audit_freep) tw_audit *a = NULL;
	char body[3000];
	memset(body, ' ', sizeof body);
	body[0] = '{';
	body[sizeof body - 1] = '}';
	TW_TRY(tw_audit_open(sys, &b->options, &a));
	for (int i = 0; i < 12; i++) {
		uint64_t intent = 0;
		TW_TRY(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{\"operation\":\"x\"}"), &intent));
		TW_TRY(tw_audit_commit(a));
		*acked = tw_audit_last(a);
		mark(f, *acked);
		for (int k = 0; k < 8; k++)
			TW_TRY(tw_audit_append_text(a, TW_LOG_READ, (struct tw_slice){ body, sizeof body }, NULL));
		TW_TRY(tw_audit_append(a, TW_LOG_OUTCOME, json_pack("{s:I}", "intent", (json_int_t)intent), NULL));
		TW_TRY(tw_audit_commit(a));
		*acked = tw_audit_last(a);
		mark(f, *acked);
	}
	TW_TRY(tw_audit_epoch_next(a, "test"));
	TW_TRY(tw_audit_checkpoint(a));
	*acked = tw_audit_last(a);
	mark(f, *acked);
	return TW_OK;
}

/* Opens what a fault or cut left, without faults: it must verify, and what was acknowledged must be in it. */
static void check_after(const struct test_dir *d, struct bench *b, uint64_t acked, const char *when)
{
	struct tw_log_report r;
	tw_audit *a = NULL;
	b->options.dir = d->fd;
	if (tw_failed(tw_audit_open(tw_sys_real(), &b->options, &a)))
		fail_msg("%s: does not open: %s", when, tw_err_detail());
	if (tw_audit_fault(a)[0])
		fail_msg("%s: taken for tampering: %s", when, tw_audit_fault(a));
	tw_audit_free(a);
	verify(d, "", &r);
	if (r.last_seq < acked || r.open_intents)
		fail_msg("%s: ends with record %llu, %llu was acknowledged; %llu open intents", when,
			(unsigned long long)r.last_seq, (unsigned long long)acked, (unsigned long long)r.open_intents);
}

static void one_fault(long nth, int error_number, bool sticky, bool *ret_done)
{
	struct bench b;
	uint64_t acked = 0;
	char when[96];
	int fds = test_open_fds();
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	bench_init(&b, sys, dir.fd);
	tw_fake_fail(f, nth, error_number, sticky);
	tw_err e = life(&b, sys, f, &acked);
	*ret_done = !tw_fake_fired(f);
	snprintf(when, sizeof when, "call %ld (%s) fails with %d%s", nth, *ret_done ? "none" : tw_fake_name(f, nth), error_number,
		sticky ? " for good" : "");
	if (*ret_done && tw_failed(e))
		fail_msg("%s: %s", when, tw_err_detail());
	tw_fake_fail(f, 0, 0, false);
	b.time.sys = tw_sys_real();
	check_after(&dir, &b, acked, when);
	tw_fake_free(f);
	if (test_open_fds() != fds)
		fail_msg("%s: lost a descriptor", when);
	test_dir_empty(&dir);
}

static void test_every_fault(void **state)
{
	static const struct {
		int error_number;
		bool sticky;
	} kinds[] = { { EIO, false }, { EIO, true }, { ENOSPC, true }, { EINTR, false } };
	for (size_t k = 0; k < TW_COUNT(kinds); k++) {
		bool done = false;
		for (long nth = 1; !done; nth += 1 + nth / 40) /* all of the start, then ever fewer of the same */
			one_fault(nth, kinds[k].error_number, kinds[k].sticky, &done);
	}
}

static void test_power_cuts(void **state)
{
	struct bench b;
	uint64_t acked = 0;
	struct test_dir after = test_dir_new();
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	bench_init(&b, sys, dir.fd);
	tw_fake_record(f, dir.path);
	recording = true;
	CHECK_OK(life(&b, sys, f, &acked));
	CHECK_OK(life(&b, sys, f, &acked)); /* a recovery is cut too */
	recording = false;
	size_t points = tw_fake_points(f), states = 0;
	b.time.sys = tw_sys_real();
	for (size_t point = 0; point < points; point += 1 + points / 90) {
		for (unsigned variant = 0; variant < 4; variant++, states++) {
			char when[64];
			snprintf(when, sizeof when, "cut at %zu, variant %u", point, variant);
			CHECK_OK(tw_fake_rebuild(f, point, variant, after.path));
			check_after(&after, &b, tw_fake_acked(f, point), when);
		}
	}
	print_message("# %zu states after power cuts\n", states);
	tw_fake_free(f);
	test_dir_done(&after);
}

/* The power goes again while the start after the first cut is mending what that left. */
static void cut_recovery(const struct test_dir *cut, const struct test_dir *again, uint64_t acked, const char *first, size_t *states)
{
	struct bench b;
	tw_audit *a = NULL;
	tw_fake *f = tw_fake_new();
	bench_init(&b, tw_fake_sys(f), cut->fd);
	b.keys.handed_out = 10;
	tw_fake_record(f, cut->path);
	CHECK_OK(tw_audit_open(tw_fake_sys(f), &b.options, &a));
	tw_audit_free(a);
	b.time.sys = tw_sys_real();
	for (size_t point = 0; point < tw_fake_points(f); point++) {
		for (unsigned variant = 0; variant < 2; variant++, ++*states) {
			char when[128];
			snprintf(when, sizeof when, "%s, and again at %zu, variant %u", first, point, variant);
			CHECK_OK(tw_fake_rebuild(f, point, variant, again->path));
			check_after(again, &b, acked, when);
		}
	}
	tw_fake_free(f);
}

static void test_power_cuts_during_recovery(void **state)
{
	struct bench b;
	uint64_t acked = 0;
	size_t states = 0, torn = 0;
	struct test_dir cut = test_dir_new(), again = test_dir_new();
	tw_fake *f = tw_fake_new();
	bench_init(&b, tw_fake_sys(f), dir.fd);
	tw_fake_record(f, dir.path);
	recording = true;
	CHECK_OK(life(&b, tw_fake_sys(f), f, &acked));
	recording = false;
	size_t points = tw_fake_points(f);
	for (size_t i = 0; i < 6 * points && torn < 5; i++) {
		char when[64];
		struct tw_log_report r;
		size_t point = points - 1 - i / 6;
		if (tw_fake_acked(f, point) < 20 || tw_fake_pending(f, point) == 0)
			continue;
		CHECK_OK(tw_fake_rebuild(f, point, 2 + (unsigned)(i % 6), cut.path));
		verify(&cut, NULL, &r);
		if (!r.torn) /* the interesting ones: there is an end to cut off */
			continue;
		torn++;
		snprintf(when, sizeof when, "cut at %zu", point);
		cut_recovery(&cut, &again, tw_fake_acked(f, point), when, &states);
	}
	print_message("# %zu states after a second power cut\n", states);
	CHECK_INT(torn, 5);
	tw_fake_free(f);
	test_dir_done(&cut);
	test_dir_done(&again);
}

/* Each segment as its file has it; the open one without what is written later, and neither can be changed through what is given. */
static void test_gives_segments_away(void **state)
{
	struct bench b;
	struct tw_audit_part parts[32];
	char bytes[64], name[40];
	uint64_t size = 0, again = 0;
	int fd = -1;
	tw_audit *a = begin_log(&b);
	add_many(a, 1000, 800);
	size_t n = tw_audit_parts(a, 0, TW_COUNT(parts), parts);
	CHECK(n >= 3);
	CHECK_INT(tw_audit_parts(a, parts[1].first_seq, 1, parts + n), 1);
	CHECK_INT(parts[n].first_seq, parts[1].first_seq);
	for (size_t i = 0; i < n; i++) {
		CHECK(parts[i].open == (i + 1 == n));
		CHECK_OK(tw_audit_part_file(a, parts[i].first_seq, &fd, &size));
		snprintf(name, sizeof name, "%020llu.twlog", (unsigned long long)parts[i].first_seq);
		struct tw_buf file, got;
		tw_buf_init(&file, tw_sys_real(), TW_AUDIT_SEGMENT_MAX);
		tw_buf_init(&got, tw_sys_real(), TW_AUDIT_SEGMENT_MAX);
		CHECK_OK(tw_durable_read(tw_sys_real(), dir.fd, name, TW_AUDIT_SEGMENT_MAX, &file));
		CHECK_OK(tw_buf_reserve(&got, (size_t)size));
		CHECK_INT(pread(fd, got.data, (size_t)size, 0), size);
		CHECK_BYTES(got.data, file.data, size);
		CHECK(parts[i].open || file.size == size);
		CHECK_INT(write(fd, "x", 1), -1);
		CHECK(tw_sys_real()->fixed(tw_sys_real(), fd, &again) == (parts[i].open ? TW_FIXED_SEALED : TW_FIXED_READ_ONLY));
		tw_buf_done(&file);
		tw_buf_done(&got);
		if (!parts[i].open)
			close(fd);
	}
	add(a, TW_LOG_READ, "{\"later\":1}");
	CHECK_OK(tw_audit_commit(a));
	CHECK_INT(pread(fd, bytes, sizeof bytes, (off_t)size), 0); /* the copy ends where it ended */
	close(fd);
	CHECK_OK(tw_audit_part_file(a, parts[n - 1].first_seq, &fd, &again));
	CHECK(again > size);
	close(fd);
	CHECK_ERR(tw_audit_part_file(a, parts[1].first_seq + 1, &fd, &size), NOTFOUND);
	tw_audit_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_writes_what_verifies), TEST(test_goes_on_after_restart), TEST(test_catches_up_with_the_keys_role),
	TEST(test_rotates), TEST(test_shows_the_latest), TEST(test_sets_a_changed_log_aside), TEST(test_cuts_a_torn_end_and_keeps_it),
	TEST(test_cuts_a_record_whose_seal_alone_is_torn), TEST(test_refuses_reserved_types_and_long_bodies), TEST(test_rations_refusals),
	TEST(test_counts_every_refusal), TEST(test_full_disk_refuses_changes_first), TEST(test_a_failed_sync_is_final),
	TEST(test_every_fault), TEST(test_gives_segments_away), TEST(test_power_cuts), TEST(test_power_cuts_during_recovery))
