/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of itself: the record that opens an epoch, what was cut or set aside, what its head and its headers name. */
#include "service/audit/test-audit.h"

#include "crypto/hash.h"

#include "spill.h"

#define FIRST "00000000000000000001.twlog"

struct wanted {
	enum tw_log_type type;
	size_t skip;
	char body[1024];
	uint8_t salt[TW_LOG_SALT], chain[32];
	bool found;
};

static bool look_for(void *user, const struct tw_log_record *r)
{
	struct wanted *w = user;
	if (r->type != w->type || w->skip-- > 0)
		return true;
	snprintf(w->body, sizeof w->body, TW_SLICE_FMT, TW_SLICE_ARG(r->body));
	memcpy(w->salt, r->salt, sizeof w->salt);
	memcpy(w->chain, r->chain, sizeof w->chain);
	w->found = true;
	return false;
}

/* The latest of this type, behind so many of it. */
static struct wanted latest(tw_audit *a, enum tw_log_type type, size_t skip)
{
	struct wanted w = { .type = type, .skip = skip };
	CHECK_OK(tw_audit_recent(a, 0, 200, look_for, &w));
	CHECK(w.found);
	return w;
}

static void test_what_a_start_says(void **state)
{
	struct bench b;
	tw_audit *a = begin_log(&b);
	CHECK_TEXT(latest(a, TW_LOG_OPEN, 0).body,
		"{\"boot_count\":1,\"epoch\":1,\"open_intents\":0,\"proven_to\":0,\"records_found\":0,\"why\":\"start\"}");
	add(a, TW_LOG_INTENT, "{}");
	CHECK_OK(tw_audit_commit(a)); /* records 1 and 2 are from the start, 3 is this one */
	tw_audit_free(a);
	b.options.boot_count = 7;
	memset(b.options.boot_id, 7, sizeof b.options.boot_id);
	a = open_log(&b, tw_sys_real());
	CHECK_TEXT(latest(a, TW_LOG_OPEN, 0).body,
		"{\"boot_count\":7,\"epoch\":2,\"open_intents\":1,\"proven_to\":1,\"records_found\":3,\"why\":\"start\"}");
	CHECK_TEXT(latest(a, TW_LOG_OUTCOME, 0).body,
		"{\"detail\":\"the process ended before the outcome was recorded\",\"intent\":3,\"result\":\"unknown\"}");
	CHECK_OK(tw_audit_epoch_next(a, "because"));
	CHECK_TEXT(latest(a, TW_LOG_OPEN, 0).body, "{\"after\":2,\"epoch\":3,\"why\":\"because\"}");
	tw_audit_free(a);
}

static void read_file(const char *name, struct tw_buf *b)
{
	tw_buf_init(b, tw_sys_real(), 1 << 20);
	CHECK_OK(tw_durable_read(tw_sys_real(), dir.fd, name, 1 << 20, b));
}

/* All that was cut off is kept, and its digest is in the log: nobody can say later that it was something else. */
static void test_what_is_said_of_a_cut(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf before = { 0 }, cut = { 0 };
	struct bench b;
	struct tw_log_report r;
	uint8_t digest[32];
	char want[300], hex[65];
	tw_audit *a = begin_log(&b);
	add_many(a, 1, 1800);
	CHECK_OK(tw_audit_commit(a));
	uint64_t last = tw_audit_last(a);
	tw_audit_free(a);
	verify(&dir, "", &r);
	size_t end = r.tail;
	char zeros[512] = { 0 };
	write_at(FIRST, (off_t)(end - 1) / 512 * 512 - 512, zeros, sizeof zeros);
	read_file(FIRST, &before);
	a = open_log(&b, tw_sys_real());
	read_file(FIRST ".cut", &cut);
	while (before.data[end - 1] == 0) /* one record in 256 ends with a zero, which looks like what was never written */
		end--;
	CHECK(cut.size > 1000 && cut.size < 2000);
	CHECK_BYTES(cut.data, before.data + end - cut.size, cut.size);
	CHECK_OK(tw_sha256(cut.data, cut.size, digest));
	for (size_t i = 0; i < sizeof digest; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	snprintf(want, sizeof want,
		"{\"boot_count\":1,\"cut_after\":%llu,\"cut_bytes\":%zu,\"cut_sha256\":\"%s\",\"epoch\":2,\"open_intents\":0,\"proven_to\":1,"
		"\"records_found\":%llu,\"why\":\"start\"}",
		(unsigned long long)last - 1, cut.size, hex, (unsigned long long)last - 1);
	CHECK_TEXT(latest(a, TW_LOG_OPEN, 0).body, want);
	tw_audit_free(a);
}

static size_t count_named(const char *part)
{
	size_t n = 0;
	DIR *list = opendir(dir.path);
	for (struct dirent *e = readdir(list); e; e = readdir(list))
		n += strstr(e->d_name, part) != NULL;
	closedir(list);
	return n;
}

/* A log that was changed is kept as it was found, under other names, every segment of it; the new one says why. */
static void test_what_is_said_of_a_changed_log(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf before = { 0 }, after = { 0 };
	struct bench b;
	char aside[300] = "";
	tw_audit *a = begin_log(&b);
	CHECK_OK(tw_audit_epoch_next(a, "another segment"));
	char second[TW_AUDIT_NAME_SIZE];
	struct stat st;
	tw_audit_name(a->segments[1].first_seq, second);
	tw_audit_free(a);
	write_at(FIRST, 600, "!", 1);
	read_file(FIRST, &before);
	int fd = openat(dir.fd, second, O_RDONLY | O_CLOEXEC);
	a = open_log(&b, tw_sys_real());
	CHECK_INT(count_named(".aside-"), 2);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(st.st_size, SEGMENT); /* not a byte of it is cut */
	close(fd);
	CHECK(strstr(latest(a, TW_LOG_OPEN, 0).body, "\"fault\":\"segment " FIRST ", record 1 at byte 512"));
	CHECK(strstr(tw_audit_fault(a), "record 1 at byte 512"));
	DIR *list = opendir(dir.path);
	for (struct dirent *e = readdir(list); e; e = readdir(list))
		if (strncmp(e->d_name, FIRST ".aside-", strlen(FIRST) + 7) == 0)
			snprintf(aside, sizeof aside, "%s", e->d_name);
	closedir(list);
	read_file(aside, &after);
	CHECK_INT(after.size, before.size);
	CHECK_BYTES(after.data, before.data, before.size);
	tw_audit_free(a);
}

static void check_set_aside(struct bench *b, const char *fault, size_t count)
{
	tw_audit *a = open_log(b, tw_sys_real());
	if (!strstr(tw_audit_fault(a), fault))
		fail_msg("got '%s', want '%s'", tw_audit_fault(a), fault);
	CHECK_INT(count_named(".aside-"), count);
	CHECK_INT(count_named(".cut"), 0);
	tw_audit_free(a);
}

/* Behind an end that is torn there is nothing; where the log went on, somebody took away what was there. */
static void test_an_end_that_is_torn_and_went_on(void **state)
{
	static const char zeros[512];
	struct bench b;
	tw_audit *a = begin_log(&b);
	add_many(a, 1, 1800);
	CHECK_OK(tw_audit_commit(a));
	off_t end = (off_t)a->written;
	CHECK_OK(tw_audit_epoch_next(a, "another segment"));
	tw_audit_free(a);
	write_at(FIRST, (end - 1) / 512 * 512 - 512, zeros, sizeof zeros);
	check_set_aside(&b, "is unfinished at record", 2);
}

/* Nor does a power cut leave a segment without its first record: the name comes after it. */
static void test_a_segment_without_a_record(void **state)
{
	static const off_t sizes[] = { TW_LOG_HEADER_SIZE, TW_LOG_HEADER_SIZE + 90 };
	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		struct bench b;
		test_dir_empty(&dir);
		tw_audit_free(begin_log(&b));
		int fd = openat(dir.fd, FIRST, O_WRONLY | O_CLOEXEC);
		CHECK_INT(ftruncate(fd, sizes[i]), 0);
		close(fd);
		check_set_aside(&b, FIRST " has no whole record", 1);
	}
}

/* What has a segment's name and is none is set aside like one that was changed. */
static void test_what_is_no_segment(void **state)
{
	struct bench b;
	tw_audit_free(begin_log(&b));
	int fd = openat(dir.fd, FIRST, O_WRONLY | O_CLOEXEC);
	CHECK_INT(ftruncate(fd, TW_AUDIT_SEGMENT_MAX + 1), 0);
	close(fd);
	check_set_aside(&b, "more than 16777216 bytes", 1);
	test_dir_empty(&dir);
	CHECK_INT(mkfifoat(dir.fd, FIRST, 0600), 0);
	check_set_aside(&b, "is not a file", 1);
}

/* The chain does not cover seals, so one that was changed is found with its epoch's key only. */
static void test_a_seal_that_was_changed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	struct bench b;
	tw_audit *a = begin_log(&b);
	add_many(a, 3, 200);
	CHECK_OK(tw_audit_commit(a));
	tw_audit_free(a);
	read_file(FIRST, &bytes);
	const uint8_t *size = (const uint8_t *)bytes.data + TW_LOG_HEADER_SIZE;
	size_t end = TW_LOG_HEADER_SIZE + (size_t)(size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3]);
	write_at(FIRST, (off_t)end - 1, (char[]){ (char)(bytes.data[end - 1] ^ 1) }, 1);
	check_set_aside(&b, "record 1 at byte 512", 1);
}

/* Somebody who removes the oldest segments leaves a log that goes on; nobody is told that it begins where it does not. */
static void test_a_log_without_its_beginning(void **state)
{
	struct bench b;
	struct tw_audit_follow f;
	tw_audit *a = begin_log(&b);
	CHECK_OK(tw_audit_epoch_next(a, "another segment"));
	uint64_t first = a->segments[1].first_seq;
	tw_audit_free(a);
	CHECK_INT(unlinkat(dir.fd, FIRST, 0), 0);
	a = open_log(&b, tw_sys_real());
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_ERR(tw_audit_follow(a, 0, &f), NOTFOUND);
	CHECK_ERR(tw_audit_follow(a, first - 2, &f), NOTFOUND);
	CHECK_OK(tw_audit_follow(a, first - 1, &f));
	CHECK_INT(f.segment, first);
	tw_audit_free(a);
}

/* A segment under another's name is none of this log. */
static void test_a_segment_under_another_name(void **state)
{
	struct bench b;
	bench_init(&b, tw_sys_real(), dir.fd);
	tw_audit_free(open_log(&b, tw_sys_real()));
	CHECK_INT(renameat(dir.fd, FIRST, dir.fd, "00000000000000000002.twlog"), 0);
	tw_audit *a = open_log(&b, tw_sys_real());
	CHECK_TEXT(tw_audit_fault(a), "00000000000000000002.twlog begins with record 1");
	CHECK_INT(tw_audit_last(a), 2);
	tw_audit_free(a);
}

/* As a folder tells its names: each in memory of its own. */
static int list_a_short_one_first(const struct tw_sys *s, int at, bool (*visit)(void *user, const char *name), void *user)
{
	char *name = strdup("1");
	assert_non_null(name);
	bool more = visit(user, name);
	free(name);
	return more ? tw_sys_real()->list(tw_sys_real(), at, visit, user) : 0;
}

/* What is no segment by its name is left alone, whatever is in it. */
static void test_other_names_in_the_folder(void **state)
{
	static const char *const names[] = { "00000000000000000000.twlog", "0000000000000000000x.twlog", "00000000000000000001.twlox",
		"000000000000000000001.twlog", "0000000000000000001.twlog", "99999999999999999999.twlog", "notes" };
	struct bench b;
	bench_init(&b, tw_sys_real(), dir.fd);
	for (size_t i = 0; i < TW_COUNT(names); i++)
		close(openat(dir.fd, names[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	tw_audit_free(open_log(&b, tw_sys_real()));
	struct tw_sys sys = *tw_sys_real();
	sys.list = list_a_short_one_first;
	tw_audit *a = open_log(&b, &sys);
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_INT(tw_audit_segments(a), 2);
	for (size_t i = 0; i < TW_COUNT(names); i++)
		CHECK_INT(faccessat(dir.fd, names[i], F_OK, 0), 0);
	tw_audit_free(a);
}

static void test_the_head(void **state)
{
	struct bench b;
	struct tw_audit_head h;
	struct tw_log_report r;
	tw_audit *a = begin_log(&b);
	CHECK_OK(tw_audit_checkpoint(a));
	uint64_t checkpoint = tw_audit_last(a);
	add(a, TW_LOG_READ, "{}");
	CHECK(tw_audit_pending(a));
	CHECK_OK(tw_audit_head(a, &h));
	CHECK(!tw_audit_pending(a)); /* what is said of the end is on the disk */
	CHECK_INT(h.seq, checkpoint + 1);
	CHECK_INT(h.checkpoint, checkpoint);
	CHECK_INT(h.epoch, 1);
	verify(&dir, "", &r);
	CHECK_BYTES(h.chain, r.chain, 32);
	CHECK_OK(tw_audit_checkpoint(a));
	CHECK_OK(tw_audit_checkpoint(a)); /* nothing new: nothing to sign */
	CHECK_INT(tw_audit_last(a), checkpoint + 2);
	tw_audit_free(a);
}

/* A salt hides what an erased body was: each record has one of its own, also over many. */
static void test_salts(void **state)
{
	static const uint8_t none[TW_LOG_SALT];
	struct bench b;
	struct wanted one, two;
	tw_audit *a = begin_log(&b);
	for (int i = 0; i < 70; i++)
		add(a, TW_LOG_READ, "{}");
	for (size_t i = 0; i < 69; i++) {
		one = latest(a, TW_LOG_READ, i);
		two = latest(a, TW_LOG_READ, i + 1);
		CHECK(memcmp(one.salt, two.salt, sizeof one.salt) != 0);
		CHECK(memcmp(one.salt, none, sizeof one.salt) != 0);
	}
	tw_audit_free(a);
}

static void test_headers_name_the_boot(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf bytes = { 0 };
	struct bench b;
	struct tw_log_header h;
	bench_init(&b, tw_sys_real(), dir.fd);
	b.options.boot_count = 9;
	memset(b.options.boot_id, 0xb0, sizeof b.options.boot_id);
	tw_audit_free(open_log(&b, tw_sys_real()));
	read_file(FIRST, &bytes);
	CHECK_OK(tw_log_header_read(tw_buf_slice(&bytes), &h));
	CHECK_BYTES(h.boot_id, b.options.boot_id, 16);
	CHECK_BYTES(h.device, b.options.device, 32);
	CHECK_INT(h.boot_count, 9);
	CHECK_INT(h.segment_size, SEGMENT);
	CHECK_INT(h.epoch, 1);
	CHECK(h.created_ms > 1700000000000);
}

/* The timer for counts of refusals is armed for the first that is due, of all sources that have one. */
static void test_when_counts_are_due(void **state)
{
	tw_fake *f = tw_fake_new();
	struct bench b;
	tw_fake_clock(f, true, 1900000000000, 100000);
	bench_init(&b, tw_fake_sys(f), dir.fd);
	tw_audit *a = open_log(&b, tw_fake_sys(f));
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	for (int i = 0; i < 10; i++)
		CHECK_OK(tw_audit_refused(a, "192.0.2.1", TW_SLICE("{}")));
	CHECK_INT(tw_audit_refusals_due_ms(a), -1); /* all are recorded: nothing waits */
	tw_fake_clock(f, true, 1900000000000, 130000);
	for (int i = 0; i < 11; i++)
		CHECK_OK(tw_audit_refused(a, "192.0.2.2", TW_SLICE("{}")));
	CHECK_INT(tw_audit_refusals_due_ms(a), 190000);
	CHECK_OK(tw_audit_refused(a, "192.0.2.1", TW_SLICE("{}")));
	CHECK_INT(tw_audit_refusals_due_ms(a), 160000); /* the earlier, which came later */
	tw_fake_clock(f, true, 1900000000000, 160000);
	CHECK_OK(tw_audit_refusals_seal(a, false));
	CHECK_TEXT(latest(a, TW_LOG_REFUSALS, 0).body, "{\"count\":1,\"since_boot_ms\":100000,\"source\":\"192.0.2.1\"}");
	CHECK_INT(tw_audit_refusals_due_ms(a), 190000);
	CHECK_OK(tw_audit_refusals_seal(a, true));
	CHECK_TEXT(latest(a, TW_LOG_REFUSALS, 0).body, "{\"count\":1,\"since_boot_ms\":130000,\"source\":\"192.0.2.2\"}");
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	tw_audit_free(a);
	tw_fake_free(f);
}

/* An epoch ends signed: who is given its key can forge nothing before that signature. */
static void test_an_epoch_ends_signed(void **state)
{
	struct bench b;
	struct tw_log_report r;
	tw_audit *a = begin_log(&b);
	add(a, TW_LOG_READ, "{}");
	uint64_t last = tw_audit_last(a);
	end_first_epoch(a);
	CHECK(!tw_audit_pending(a));
	char want[60];
	snprintf(want, sizeof want, "\"seq\":%llu,", (unsigned long long)last);
	CHECK(strstr(latest(a, TW_LOG_CHECKPOINT, 0).body, want));
	verify(&dir, "", &r);
	CHECK_INT(r.proven_seq, last);
	tw_audit_free(a);
}

/* Keys of the log go forward only: the one it ends with is not in what it gives back. */
static void test_what_keys_leave_behind(void **state)
{
	uint8_t present[32];
	struct bench b;
	bench_init(&b, tw_sys_real(), dir.fd);
	tw_audit *a = open_log(&b, tw_sys_real());
	memcpy(present, a->state.key, sizeof present);
	spill_watch(present, sizeof present);
	tw_audit_free(a);
	CHECK_INT(spill_seen(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_what_a_start_says), TEST(test_what_is_said_of_a_cut), TEST(test_what_is_said_of_a_changed_log),
	TEST(test_an_end_that_is_torn_and_went_on), TEST(test_a_segment_without_a_record), TEST(test_what_is_no_segment),
	TEST(test_a_seal_that_was_changed), TEST(test_a_log_without_its_beginning), TEST(test_a_segment_under_another_name),
	TEST(test_other_names_in_the_folder), TEST(test_the_head), TEST(test_salts), TEST(test_headers_name_the_boot),
	TEST(test_when_counts_are_due), TEST(test_an_epoch_ends_signed), TEST(test_what_keys_leave_behind))
