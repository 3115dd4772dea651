/* SPDX-License-Identifier: Apache-2.0 */
/* The log's writer where something does not work: whatever fails is told, keys that do not answer stop it, and every bound is tried. */
#include "service/audit/test-audit.h"

#include "oom.h"

#include <errno.h>

/* --- Every failure is told --- */

static bool refuse_sign, refuse_old, refuse_next;

static tw_err sign_or_not(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return refuse_sign ? TW_RAISE(TIMEOUT, "keys do not answer") : sign(user, message, ret);
}

static tw_err old_key_or_not(void *user, uint64_t epoch, uint8_t ret[32])
{
	return refuse_old ? TW_RAISE(TIMEOUT, "keys do not answer") : old_key(user, epoch, ret);
}

static tw_err epoch_key_or_not(void *user, uint64_t epoch, uint8_t ret[32])
{
	return refuse_next ? TW_RAISE(TIMEOUT, "keys do not answer") : epoch_key(user, epoch, ret);
}

static void bench_that_refuses(struct bench *b, const struct tw_sys *sys)
{
	bench_init(b, sys, dir.fd);
	b->calls = (struct tw_audit_keys){ epoch_key_or_not, sign_or_not, &b->keys, old_key_or_not };
	refuse_sign = refuse_old = refuse_next = false;
}

/* A log without a spare refuses changes by itself; that is how a failure to make one is told. */
static tw_err has_spare(const tw_audit *a)
{
	return a->spare < 0 ? TW_RAISE(LIMIT, "no spare") : TW_OK;
}

static bool count_one(void *user, const struct tw_log_record *r)
{
	++*(size_t *)user;
	return true;
}

static tw_err follow_all(tw_audit *a)
{
	struct tw_audit_follow f;
	size_t seen = 0;
	TW_TRY(tw_audit_follow(a, 0, &f));
	for (int i = 0; tw_audit_follow_behind(a, &f) && i < 50; i++)
		TW_TRY(tw_audit_follow_step(a, &f, count_one, &seen));
	CHECK_INT(seen, tw_audit_durable(a));
	return TW_OK;
}

static tw_err read_back(tw_audit *a)
{
	size_t seen = 0;
	uint64_t size = 0, first = 0, written = 0;
	char name[32];
	int fd = -1;
	TW_TRY(follow_all(a));
	TW_TRY(tw_audit_recent(a, 0, 100, count_one, &seen));
	CHECK_INT(seen, tw_audit_last(a));
	for (size_t i = 0; tw_audit_segment(a, i, name, &first, &written); i++) {
		TW_TRY(tw_audit_part_file(a, first, &fd, &size));
		CHECK(fd >= 0 && size > 0);
		CHECK_INT(close(fd), 0);
		TW_TRY(tw_audit_segment_open(a, i, &fd));
		CHECK_INT(close(fd), 0);
	}
	return TW_OK;
}

/* What is left from a start that is over is there as files; each run begins over the same. */
static tw_err one_life(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_audit_freep) tw_audit *a = NULL;
	const struct tw_log_report *before = user;
	struct tw_log_report r;
	struct bench b;
	uint64_t intent = 0;
	bench_init(&b, sys, dir.fd);
	b.keys.handed_out = 3;
	tw_err e = tw_audit_open(sys, &b.options, &a);
	CHECK(tw_failed(e) == (a == NULL));
	TW_TRY(e);
	CHECK_TEXT(tw_audit_fault(a), "");
	TW_TRY(has_spare(a));
	TW_TRY(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), &intent));
	TW_TRY(tw_audit_commit(a));
	CHECK_INT(tw_audit_durable(a), intent);
	TW_TRY(tw_audit_refused(a, "192.0.2.1", TW_SLICE("{}")));
	TW_TRY(tw_audit_append(a, TW_LOG_OUTCOME, json_pack("{s:I}", "intent", (json_int_t)intent), NULL));
	TW_TRY(tw_audit_epoch_next(a, "test"));
	TW_TRY(has_spare(a));
	TW_TRY(tw_audit_checkpoint(a));
	if (!before)
		TW_TRY(read_back(a));
	uint64_t last = tw_audit_last(a);
	a = tw_audit_free(a);
	tw_json_use(tw_sys_real()); /* what follows looks, and nothing of it may fail */
	verify(&dir, "", &r);
	CHECK_INT(r.last_seq, last);
	CHECK_INT(r.proven_seq, last - 1);
	CHECK_INT(r.open_intents, 0);
	return TW_OK;
}

static tw_err life_in_an_empty_place(const struct tw_sys *sys, void *user)
{
	test_dir_empty(&dir);
	return one_life(sys, NULL);
}

struct left {
	char bytes[4096];
	size_t size;
	struct tw_log_report report;
};

static tw_err life_after_a_cut(const struct tw_sys *sys, void *user)
{
	const struct left *l = user;
	test_dir_empty(&dir);
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, "00000000000000000001.twlog", l->bytes, l->size, 0600));
	TW_TRY(one_life(sys, (void *)&l->report));
	CHECK_INT(faccessat(dir.fd, "00000000000000000001.twlog.cut", F_OK, 0), 0);
	return TW_OK;
}

static tw_err life_over_a_changed_log(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_audit_freep) tw_audit *a = NULL;
	const struct left *l = user;
	struct bench b;
	test_dir_empty(&dir);
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, "00000000000000000001.twlog", l->bytes, l->size, 0600));
	write_at("00000000000000000001.twlog", 600, "!", 1);
	bench_init(&b, sys, dir.fd);
	TW_TRY(tw_audit_open(sys, &b.options, &a));
	CHECK(tw_audit_fault(a)[0]);
	CHECK_INT(tw_audit_segments(a), 1);
	return has_spare(a);
}

static void test_every_failure_is_told(void **state)
{
	static const int errors[] = { ENOMEM, EIO };
	struct bench b;
	struct left l = { .size = 0 };
	tw_audit *a = begin_log(&b);
	add(a, TW_LOG_INTENT, "{}");
	add_many(a, 1, 1200);
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	verify(&dir, NULL, &l.report);
	int fd = openat(dir.fd, "00000000000000000001.twlog", O_RDONLY | O_CLOEXEC);
	l.size = (size_t)l.report.tail - 40; /* the last record's end never arrived */
	CHECK(l.size <= sizeof l.bytes);
	CHECK_INT(pread(fd, l.bytes, l.size, 0), l.size);
	close(fd);
	for (size_t i = 0; i < TW_COUNT(errors); i++) {
		CHECK(told_sweep(errors[i], life_in_an_empty_place, NULL, "close unlink pin clock open_beneath") > 60);
		CHECK(told_sweep(errors[i], life_after_a_cut, &l, "close unlink pin clock open_beneath") > 60);
		CHECK(told_sweep(errors[i], life_over_a_changed_log, &l, "close unlink pin clock open_beneath") > 40);
	}
}

/* Keys that do not answer are no reason to go on without them. */
static void test_keys_that_do_not_answer(void **state)
{
	struct bench b;
	tw_audit *a = NULL;
	bench_that_refuses(&b, tw_sys_real());
	refuse_next = true;
	CHECK_ERR(tw_audit_open(tw_sys_real(), &b.options, &a), TIMEOUT);
	CHECK(a == NULL);
	refuse_next = false;
	refuse_sign = true;
	CHECK_ERR(tw_audit_open(tw_sys_real(), &b.options, &a), TIMEOUT);
	CHECK(a == NULL);
	refuse_sign = false;
	a = open_log(&b, tw_sys_real());
	add(a, TW_LOG_READ, "{}");
	uint64_t last = tw_audit_last(a), epoch = tw_audit_epoch(a);
	refuse_sign = true;
	CHECK_ERR(tw_audit_checkpoint(a), TIMEOUT);
	CHECK_INT(tw_audit_last(a), last);
	CHECK_ERR(tw_audit_epoch_next(a, "test"), TIMEOUT);
	refuse_sign = false;
	refuse_next = true;
	CHECK_ERR(tw_audit_epoch_next(a, "test"), TIMEOUT);
	CHECK_INT(tw_audit_epoch(a), epoch);
	CHECK_TEXT(tw_audit_broken(a), "");
	refuse_next = false;
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	CHECK_INT(tw_audit_epoch(a), epoch + 1);
	uint8_t key[32];
	refuse_old = true;
	CHECK_ERR(tw_audit_closed_key(a, epoch, key), TIMEOUT);
	refuse_old = false;
	CHECK_OK(tw_audit_closed_key(a, epoch, key));
	CHECK_ERR(tw_audit_closed_key(a, epoch + 1, key), NOTFOUND); /* it is being written with */
	tw_audit_free(a);
	refuse_old = true; /* a log that is there is looked at with its key */
	CHECK_ERR(tw_audit_open(tw_sys_real(), &b.options, &a), TIMEOUT);
	refuse_old = false;
	b.keys.handed_out = 50;
	refuse_old = true; /* and how far the keys are ahead is asked of them */
	CHECK_ERR(tw_audit_open(tw_sys_real(), &b.options, &a), TIMEOUT);
	refuse_old = false;
	a = open_log(&b, tw_sys_real());
	CHECK_INT(tw_audit_epoch(a), 51);
	tw_audit_free(a);
}

static tw_err always_old(void *user, uint64_t epoch, uint8_t ret[32])
{
	memset(ret, 1, 32);
	return TW_OK;
}

static tw_err never_next(void *user, uint64_t epoch, uint8_t ret[32])
{
	return TW_RAISE(STATE, "epoch %llu is past", (unsigned long long)epoch);
}

/* Keys for which every epoch is past: the search for the first that is not comes to an end. */
static void test_keys_that_are_never_ahead(void **state)
{
	struct bench b;
	tw_audit *a = NULL;
	bench_init(&b, tw_sys_real(), dir.fd);
	b.calls = (struct tw_audit_keys){ never_next, sign, &b.keys, always_old };
	CHECK_ERR(tw_audit_open(tw_sys_real(), &b.options, &a), STATE);
	CHECK(a == NULL);
}

static bool keep_first(void *user, uint64_t intent)
{
	return intent == *(const uint64_t *)user;
}

/* An intent that somebody keeps is left open, the others are closed as unknown. */
static void test_keeps_what_outlives_a_restart(void **state)
{
	struct bench b;
	struct tw_log_report r;
	uint64_t first = 0, second = 0;
	tw_audit *a = begin_log(&b);
	CHECK_OK(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), &first));
	CHECK_OK(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), &second));
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	b.options.keeps = keep_first;
	b.options.keeps_user = &first;
	a = open_log(&b, tw_sys_real());
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.open_intents, 1);
	b.options.keeps = NULL;
	a = open_log(&b, tw_sys_real());
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.open_intents, 0);
}

/* A spare left by an earlier start serves only whole and blank; whatever else has the name is replaced. */
static void test_what_may_be_a_spare(void **state)
{
	static const struct {
		off_t size;
		off_t at; /* of a byte that is not zero; -1: none, -2: all */
	} rows[] = { { SEGMENT, -1 }, { SEGMENT, -2 }, { SEGMENT, 0 }, { SEGMENT, 1 }, { SEGMENT, SEGMENT - 1 },
		{ SEGMENT, 32 * 1024 }, { SEGMENT - 1, -1 }, { SEGMENT + 1, -1 }, { 0, -1 } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		static char all[SEGMENT];
		struct bench b;
		struct stat before, after;
		struct tw_log_report r;
		test_dir_empty(&dir);
		memset(all, 'x', sizeof all);
		int fd = openat(dir.fd, "spare", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		CHECK_INT(ftruncate(fd, rows[i].size), 0);
		if (rows[i].at == -2)
			CHECK_INT(pwrite(fd, all, sizeof all, 0), sizeof all);
		if (rows[i].at >= 0)
			CHECK_INT(pwrite(fd, "x", 1, rows[i].at), 1);
		CHECK_INT(fstat(fd, &before), 0);
		tw_audit *a = begin_log(&b);
		CHECK_INT(fstatat(dir.fd, "00000000000000000001.twlog", &after, 0), 0);
		CHECK((before.st_ino == after.st_ino) == (i == 0));
		CHECK_INT(after.st_size, SEGMENT);
		tw_audit_free(a);
		close(fd);
		verify(&dir, "", &r);
	}
}

static void test_a_followed_log(void **state)
{
	struct bench b;
	struct tw_audit_follow f;
	size_t seen = 0;
	tw_audit *a = begin_log(&b);
	uint64_t last = tw_audit_last(a);
	CHECK_OK(tw_audit_follow(a, last, &f));
	CHECK_ERR(tw_audit_follow(a, last + 1, &f), NOTFOUND);
	CHECK_OK(tw_audit_follow(a, 0, &f));
	CHECK(tw_audit_follow_behind(a, &f));
	add(a, TW_LOG_READ, "{}"); /* not durable: nobody hears of it */
	CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
	CHECK_INT(seen, last);
	CHECK(!tw_audit_follow_behind(a, &f));
	CHECK_OK(tw_audit_commit(a));
	CHECK(tw_audit_follow_behind(a, &f));
	CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
	CHECK_INT(seen, last + 1);
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	struct tw_audit_follow gone = f;
	gone.segment++;
	CHECK_ERR(tw_audit_follow_step(a, &gone, count_one, &seen), NOTFOUND);
	for (int i = 0; tw_audit_follow_behind(a, &f); i++) {
		CHECK(i < 10);
		CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
	}
	CHECK_INT(seen, tw_audit_last(a));
	tw_audit_free(a);
}

/* Somebody changes a closed segment while it is being followed or read. */
static void test_changed_under_us(void **state)
{
	struct bench b;
	struct tw_audit_follow f;
	size_t seen = 0;
	uint64_t size = 0;
	int fd = -1;
	tw_audit *a = begin_log(&b);
	add_many(a, 3, 200);
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	CHECK_OK(tw_audit_follow(a, 0, &f));
	write_at("00000000000000000001.twlog", 0, "X", 1);
	CHECK(tw_failed(tw_audit_follow_step(a, &f, count_one, &seen)));
	CHECK(tw_failed(tw_audit_recent(a, 0, 100, count_one, &seen)));
	int closed = openat(dir.fd, "00000000000000000001.twlog", O_RDWR | O_CLOEXEC);
	CHECK_INT(ftruncate(closed, 10), 0);
	CHECK_OK(tw_audit_follow(a, 0, &f));
	CHECK_ERR(tw_audit_follow_step(a, &f, count_one, &seen), IO);
	CHECK_INT(ftruncate(closed, 0), 0);
	close(closed);
	CHECK_ERR(tw_audit_part_file(a, 1, &fd, &size), IO);
	CHECK_INT(fd, -1);
	CHECK_INT(unlinkat(dir.fd, "00000000000000000001.twlog", 0), 0);
	CHECK_ERR(tw_audit_part_file(a, 1, &fd, &size), IO);
	CHECK_ERR(tw_audit_segment_open(a, 0, &fd), NOTFOUND);
	CHECK_INT(fd, -1);
	tw_audit_free(a);
}

/* Refusals to the last one that is recorded, in their minute and in the next, for one source and for all. */
static void test_rations_to_the_last(void **state)
{
	struct bench b;
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	char source[32];
	tw_fake_clock(f, true, 1800000000000, 1000000);
	bench_init(&b, sys, dir.fd);
	tw_audit *a = open_log(&b, sys);
	uint64_t before = tw_audit_last(a);
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	for (int i = 0; i < 10; i++)
		CHECK_OK(tw_audit_refused(a, "one", TW_SLICE("{}")));
	CHECK_INT(tw_audit_last(a) - before, 10);
	CHECK_INT(tw_audit_refusals_due_ms(a), -1); /* nothing was left out yet */
	CHECK_OK(tw_audit_refused(a, "one", TW_SLICE("{}")));
	CHECK_INT(tw_audit_last(a) - before, 10);
	CHECK_INT(tw_audit_refusals_due_ms(a), 1060000);
	tw_fake_clock(f, true, 1800000059999, 1059999);
	CHECK_OK(tw_audit_refusals_seal(a, false));
	CHECK_INT(tw_audit_last(a) - before, 10);
	CHECK_OK(tw_audit_refused(a, "one", TW_SLICE("{}"))); /* still its minute */
	CHECK_INT(tw_audit_last(a) - before, 10);
	tw_fake_clock(f, true, 1800000060000, 1060000);
	CHECK_OK(tw_audit_refusals_seal(a, false));
	CHECK_INT(tw_audit_last(a) - before, 11);
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	before = tw_audit_last(a);
	for (int i = 0; i < 32; i++) { /* two of each: 60 of all together */
		snprintf(source, sizeof source, "s%d", i);
		CHECK_OK(tw_audit_refused(a, source, TW_SLICE("{}")));
		CHECK_OK(tw_audit_refused(a, source, TW_SLICE("{}")));
	}
	CHECK_INT(tw_audit_last(a) - before, 60);
	tw_fake_clock(f, true, 1800000119999, 1119999);
	CHECK_OK(tw_audit_refused(a, "late", TW_SLICE("{}"))); /* all of this minute are gone */
	CHECK_INT(tw_audit_last(a) - before, 60);
	tw_fake_clock(f, true, 1800000120000, 1120000);
	CHECK_OK(tw_audit_refused(a, "later", TW_SLICE("{}")));
	CHECK_INT(a->total_recorded, 1);
	tw_audit_free(a);
	tw_fake_free(f);
}

static void test_sizes_of_segments(void **state)
{
	static const struct {
		uint32_t size;
		enum tw_code want;
	} rows[] = { { TW_AUDIT_SEGMENT_MIN - 1, TW_CODE_LIMIT }, { TW_AUDIT_SEGMENT_MIN, TW_CODE_OK },
		{ TW_AUDIT_SEGMENT_MIN + 1, TW_CODE_OK }, { TW_AUDIT_SEGMENT_MAX, TW_CODE_OK },
		{ TW_AUDIT_SEGMENT_MAX + 1, TW_CODE_LIMIT } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct bench b;
		struct stat st;
		tw_audit *a = NULL;
		static char body[TW_LOG_BODY_MAX];
		test_dir_empty(&dir);
		bench_init(&b, tw_sys_real(), dir.fd);
		b.options.segment_size = rows[i].size;
		CHECK_INT(tw_audit_open(tw_sys_real(), &b.options, &a).code, rows[i].want);
		CHECK((a == NULL) == (rows[i].want != TW_CODE_OK));
		if (!a)
			continue;
		CHECK_INT(fstatat(dir.fd, "spare", &st, 0), 0);
		CHECK_INT(st.st_size, rows[i].size);
		memset(body, ' ', sizeof body);
		body[0] = '{';
		body[sizeof body - 1] = '}';
		CHECK_OK(tw_audit_append_text(a, TW_LOG_EVENT, (struct tw_slice){ body, sizeof body }, NULL)); /* the longest */
		CHECK_OK(tw_audit_commit(a));
		tw_audit_free(a);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_every_failure_is_told), TEST(test_keys_that_do_not_answer), TEST(test_keys_that_are_never_ahead),
	TEST(test_keeps_what_outlives_a_restart), TEST(test_what_may_be_a_spare), TEST(test_a_followed_log),
	TEST(test_changed_under_us), TEST(test_rations_to_the_last), TEST(test_sizes_of_segments))
