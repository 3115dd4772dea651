/* SPDX-License-Identifier: Apache-2.0 */
/* What an open may pass over in a log that was closed whole, when it may not, and that the look afterwards finds what it passed over. */
#include "service/audit/test-audit.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST "00000000000000000001.twlog"
#define LONG 100000 /* ms: a look to its end */

/* The real system, which counts what is read of segments, and a file system that tells nothing of changes: as if bits had turned on the disk, or as if
   whoever changed them had set its clock. */
static struct {
	struct tw_sys sys;
	size_t read;
	bool silent;
} disk;

static ssize_t read_some(const struct tw_sys *s, int fd, void *buffer, size_t size)
{
	ssize_t n = tw_sys_real()->read(tw_sys_real(), fd, buffer, size);
	disk.read += n > 0 ? (size_t)n : 0;
	return n;
}

static int look_at(const struct tw_sys *s, int fd, struct stat *ret)
{
	int status = tw_sys_real()->fstat(tw_sys_real(), fd, ret);
	if (disk.silent) {
		ret->st_ino = 1;
		ret->st_mtim = ret->st_ctim = (struct timespec){ 0 };
	}
	return status;
}

static void disk_init(bool silent)
{
	disk.sys = *tw_sys_real();
	disk.sys.read = read_some;
	disk.sys.fstat = look_at;
	disk.read = 0;
	disk.silent = silent;
}

static void begin_bench(struct bench *b, const struct tw_sys *sys, int fd)
{
	bench_init(b, sys, fd);
	b->options.later = true;
}

/* As a process ends that was asked to. */
static tw_err close_whole(tw_audit **a)
{
	TW_TRY(tw_audit_checkpoint(*a));
	TW_TRY(tw_audit_close(*a));
	*a = tw_audit_free(*a);
	return TW_OK;
}

static bool there(const char *name)
{
	return faccessat(dir.fd, name, F_OK, 0) == 0;
}

static tw_err look(tw_audit *a)
{
	bool more = true;
	tw_err e = TW_OK;
	while (!tw_failed(e) && more)
		e = tw_audit_look(a, LONG, &more);
	return e;
}

/* Some segments of one start, one of which an intent stays open over, then those of another; closed whole. */
static uint64_t leave_two(struct bench *b)
{
	uint64_t intent = 0;
	tw_audit *a = open_log(b, b->time.sys);
	add(a, TW_LOG_INTENT, "{\"operation\":\"first\"}");
	add_many(a, 1000, 800);
	CHECK_OK(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), &intent));
	CHECK_OK(look(a));
	CHECK_OK(close_whole(&a));
	a = open_log(b, b->time.sys);
	CHECK_OK(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{}"), &intent));
	add_many(a, 100, 100);
	CHECK_OK(close_whole(&a));
	return intent;
}

static bool opened(void *user, const struct tw_log_record *r)
{
	if (r->type == TW_LOG_OPEN)
		*(json_t **)user = json_loadb(r->body.at, r->body.size, 0, NULL);
	return r->type != TW_LOG_OPEN;
}

static json_int_t opening(tw_audit *a, const char *member)
{
	json_t *body = NULL;
	CHECK_OK(tw_audit_recent(a, 0, 100, opened, (void *)&body));
	CHECK(body != NULL);
	json_int_t n = tw_json_int(body, member);
	json_decref(body);
	return n;
}

static void test_reads_what_was_written_since(void **state)
{
	struct bench b;
	struct tw_log_report r;
	disk_init(false);
	begin_bench(&b, &disk.sys, dir.fd);
	leave_two(&b);
	CHECK(there("closed"));
	verify(&dir, "", &r);
	CHECK(r.segments >= 5);
	disk.read = 0;
	tw_audit *a = open_log(&b, &disk.sys);
	CHECK(!there("closed") && tw_audit_owes(a));
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK(disk.read < 2 * SEGMENT); /* the last one, and the word */
	CHECK_INT(opening(a, "records_found"), r.records);
	CHECK_INT(opening(a, "open_intents"), 1);
	CHECK_INT(opening(a, "proven_to"), r.last_seq - 1);
	CHECK(opening(a, "read_from") > 1000);
	bool more = false;
	size_t turns = 0;
	do {
		CHECK_OK(tw_audit_look(a, 0, &more));
		turns++;
	} while (more);
	CHECK(turns > 50 && !tw_audit_owes(a)); /* whoever waits is answered between them */
	CHECK_OK(tw_audit_look(a, LONG, &more));
	CHECK(!more);
	add_many(a, 1000, 800); /* and it goes along with what ends */
	CHECK(tw_audit_owes(a));
	CHECK_OK(look(a));
	CHECK_OK(close_whole(&a));
	disk.read = 0;
	a = open_log(&b, &disk.sys);
	CHECK(disk.read < 2 * SEGMENT && opening(a, "read_from") > 1500);
	CHECK_OK(look(a));
	a = tw_audit_free(a); /* a kill */
	CHECK(!there("closed"));
	a = open_log(&b, &disk.sys);
	CHECK(!tw_audit_owes(a) && opening(a, "read_from") == 0);
	a = tw_audit_free(a);
	verify(&dir, "", &r);
}

/* It was asked to end before all was looked through: the next open owes it. */
static void test_owes_what_was_not_looked_through(void **state)
{
	struct bench b;
	struct tw_log_report r;
	begin_bench(&b, tw_sys_real(), dir.fd);
	leave_two(&b);
	for (int i = 0; i < 3; i++) {
		bool more = false;
		tw_audit *a = open_log(&b, tw_sys_real());
		CHECK(tw_audit_owes(a));
		CHECK_OK(tw_audit_look(a, 0, &more));
		CHECK(more);
		CHECK_OK(close_whole(&a));
		CHECK(there("closed"));
	}
	tw_audit *a = open_log(&b, tw_sys_real());
	CHECK_OK(look(a));
	tw_audit_free(a);
	verify(&dir, "", &r);
	b.options.later = false; /* who wants all of it read gets that */
	a = open_log(&b, tw_sys_real());
	CHECK(!tw_audit_owes(a) && opening(a, "read_from") == 0);
	CHECK_OK(tw_audit_close(a));
	tw_audit_free(a);
	CHECK(!there("closed"));
}

static void is_set_aside(struct bench *b, const char *where)
{
	struct tw_log_report r;
	tw_audit *a = open_log(b, b->time.sys);
	if (!strstr(tw_audit_fault(a), where))
		fail_msg("fault: got \"%s\", want \"%s\"", tw_audit_fault(a), where);
	CHECK_INT(opening(a, "read_from"), 0);
	CHECK(!tw_audit_owes(a));
	add_many(a, 1000, 800);
	CHECK_OK(look(a));
	CHECK_OK(close_whole(&a));
	verify(&dir, "", &r);
	CHECK_INT(r.first_seq, 1);
	a = open_log(b, b->time.sys); /* and the new one is a log like any other */
	CHECK(tw_audit_owes(a));
	CHECK_OK(look(a));
	a = tw_audit_free(a);
}

static void test_a_change_that_the_file_system_tells_of(void **state)
{
	struct bench b;
	begin_bench(&b, tw_sys_real(), dir.fd);
	leave_two(&b);
	write_at(FIRST, 600, "!", 1);
	is_set_aside(&b, "record 1 ");
}

/* Whatever is changed of an old segment, and however well that is hidden: the look finds it, and the next start what the look found. */
static void test_a_change_that_nobody_tells_of(void **state)
{
	static const struct {
		off_t at;
		const char *where;
	} rows[] = { { 600, "record 1 " }, { 100000, "record " }, { 60, "header" } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct bench b;
		disk_init(true);
		begin_bench(&b, &disk.sys, dir.fd);
		leave_two(&b);
		write_at(FIRST, rows[i].at, "!", 1);
		tw_audit *a = open_log(&b, &disk.sys);
		if (strcmp(rows[i].where, "header") != 0) { /* each header is looked at before the word is believed */
			CHECK_TEXT(tw_audit_fault(a), "");
			CHECK(tw_audit_owes(a));
			add(a, TW_LOG_READ, "{\"meanwhile\":1}");
			CHECK_ERR(look(a), UNTRUSTED);
			CHECK(strstr(tw_err_detail(), rows[i].where) != NULL);
			CHECK_OK(close_whole(&a));
			CHECK(!there("closed"));
			is_set_aside(&b, rows[i].where);
		} else {
			CHECK(strstr(tw_audit_fault(a), rows[i].where) != NULL);
		}
		a = tw_audit_free(a);
		test_dir_empty(&dir);
	}
}

static void test_a_segment_that_is_gone(void **state)
{
	struct bench b;
	disk_init(true);
	begin_bench(&b, &disk.sys, dir.fd);
	leave_two(&b);
	tw_audit *a = open_log(&b, &disk.sys);
	CHECK_INT(unlinkat(dir.fd, FIRST, 0), 0);
	CHECK_ERR(look(a), UNTRUSTED);
	CHECK_OK(close_whole(&a));
	CHECK(!there("closed"));
}

/* The last segment is read by every open, so what is wrong there never waits. */
static void test_a_changed_end(void **state)
{
	struct bench b;
	struct tw_log_report r;
	char last[40] = "";
	disk_init(true);
	begin_bench(&b, &disk.sys, dir.fd);
	leave_two(&b);
	verify(&dir, "", &r);
	DIR *list = opendir(dir.path);
	for (struct dirent *e = readdir(list); e; e = readdir(list))
		if (strlen(e->d_name) == 26 && strcmp(e->d_name, last) > 0)
			snprintf(last, sizeof last, "%.26s", e->d_name);
	closedir(list);
	write_at(last, 600, "!", 1);
	is_set_aside(&b, "record ");
	test_dir_empty(&dir);
	/* The last word of the keys is torn off, with the disk's word that nothing was: the log is read as after any cut. */
	begin_bench(&b, &disk.sys, dir.fd);
	leave_two(&b);
	write_at(last, (off_t)(r.tail - 1) / 512 * 512, (char[512]){ 0 }, 512);
	tw_audit *a = open_log(&b, &disk.sys);
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK(opening(a, "read_from") == 0 && opening(a, "cut_bytes") > 0);
	CHECK(tw_audit_owes(a)); /* the verifier that met a torn end does not go on behind it */
	CHECK_OK(look(a));
	CHECK_OK(close_whole(&a));
	CHECK(there("closed"));
}

/* What was not signed to its end, or did not end well, leaves no word; and without one all is read. */
static void test_leaves_no_word(void **state)
{
	struct bench b;
	begin_bench(&b, tw_sys_real(), dir.fd);
	leave_two(&b);
	tw_audit *a = open_log(&b, tw_sys_real());
	add(a, TW_LOG_READ, "{}");
	CHECK_OK(tw_audit_close(a));
	CHECK(!there("closed"));
	CHECK_OK(tw_audit_commit(a));
	CHECK_OK(tw_audit_close(a));
	CHECK(!there("closed"));
	CHECK_OK(tw_audit_checkpoint(a));
	CHECK_ERR(tw_audit_break(a, TW_RAISE(IO, "the disk")), IO);
	CHECK_OK(tw_audit_close(a));
	CHECK(!there("closed"));
	tw_audit_free(a);
}

static void put_word(const void *bytes, size_t size)
{
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, "closed", bytes, size, 0600));
}

/* A word that is cut, longer, another's, or damaged is none: all is read, and nothing is thought to be wrong. */
static void test_words_that_are_none(void **state)
{
	struct bench b;
	TW_CLEANUP(tw_buf_done) struct tw_buf word = { 0 };
	disk_init(true);
	begin_bench(&b, &disk.sys, dir.fd);
	leave_two(&b);
	tw_buf_init(&word, tw_sys_real(), 1 << 20);
	CHECK_OK(tw_durable_read(tw_sys_real(), dir.fd, "closed", 1 << 20, &word));
	tw_audit *a = NULL;
	for (size_t at = 0; at < word.size; at += 1 + at / 8) {
		for (int cut = 0; cut < 2; cut++) {
			test_dir_empty(&dir);
			begin_bench(&b, &disk.sys, dir.fd);
			leave_two(&b);
			tw_buf_clear(&word);
			CHECK_OK(tw_durable_read(tw_sys_real(), dir.fd, "closed", 1 << 20, &word));
			word.data[at] ^= (char)(cut ? 0 : 0x10);
			put_word(word.data, cut ? at : word.size);
			a = open_log(&b, &disk.sys);
			if (tw_audit_owes(a) || opening(a, "read_from") != 0 || tw_audit_fault(a)[0])
				fail_msg("a word %s at byte %zu was believed", cut ? "cut" : "changed", at);
			tw_audit_free(a);
		}
	}
	static char big[1 << 17];
	put_word(big, sizeof big);
	a = open_log(&b, &disk.sys);
	CHECK(!tw_audit_owes(a) && !there("closed"));
	tw_audit_free(a);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* As somebody would who can write here and knows the form. */
static void vouch(struct tw_buf *word)
{
	tw_audit a = { .sys = &disk.sys, .o = { .dir = dir.fd } };
	char names[16][32];
	size_t count = 0;
	DIR *list = opendir(dir.path);
	for (struct dirent *e = readdir(list); e; e = readdir(list))
		if (strlen(e->d_name) == 26 && count < TW_COUNT(names))
			snprintf(names[count++], sizeof names[0], "%.26s", e->d_name);
	closedir(list);
	qsort(names, count, sizeof names[0], by_name);
	for (size_t i = 0; i < count; i++) {
		uint64_t seq = 0;
		size_t zeros = strspn(names[i], "0");
		CHECK_OK(tw_parse_u64((struct tw_slice){ names[i] + zeros, 20 - zeros }, UINT64_MAX, &seq));
		CHECK_OK(tw_audit_segment_note(&a, seq, 0));
	}
	CHECK_OK(tw_audit_word_digest(&a, (struct tw_slice){ word->data + 32, word->size - 32 }, (uint8_t *)word->data));
	free(a.segments);
	put_word(word->data, word->size);
}

/* A forged word gains nothing that the log does not bear out; and the log is not taken for the forgery. */
static void test_a_forged_word(void **state)
{
	static const struct {
		size_t at;     /* 0: the last byte, of the last open intent */
		bool believed; /* until the look */
	} rows[] = { { 0, false }, { 32 + 1 + 6 * 8 + 7, true }, { 32 + 1 + 12 * 8, false } }; /* how many records; the chain */
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct bench b;
		TW_CLEANUP(tw_buf_done) struct tw_buf word = { 0 };
		disk_init(true);
		begin_bench(&b, &disk.sys, dir.fd);
		leave_two(&b);
		tw_buf_init(&word, tw_sys_real(), 1 << 20);
		CHECK_OK(tw_durable_read(tw_sys_real(), dir.fd, "closed", 1 << 20, &word));
		word.data[rows[i].at ? rows[i].at : word.size - 1] ^= 1;
		vouch(&word);
		tw_audit *a = open_log(&b, &disk.sys);
		CHECK_TEXT(tw_audit_fault(a), "");
		CHECK((opening(a, "read_from") > 0) == rows[i].believed);
		if (rows[i].believed) {
			CHECK_ERR(look(a), UNTRUSTED);
			CHECK(strstr(tw_err_detail(), "word") != NULL);
		}
		CHECK_OK(close_whole(&a));
		CHECK(there("closed") == !rows[i].believed);
		a = open_log(&b, &disk.sys);
		CHECK_TEXT(tw_audit_fault(a), "");
		CHECK_OK(look(a));
		a = tw_audit_free(a);
		test_dir_empty(&dir);
	}
}

/* --- Faults and cuts --- */

static bool recording;

static void mark(tw_fake *f, uint64_t acked)
{
	if (recording)
		tw_fake_mark(f, acked);
}

/* One life: opens, is looked through, changes, ends a segment, is looked through again, and is closed whole. */
static tw_err life(struct bench *b, const struct tw_sys *sys, tw_fake *f, uint64_t *acked)
{
	TW_CLEANUP(tw_audit_freep) tw_audit *a = NULL;
	static char body[4000];
	memset(body, ' ', sizeof body);
	body[0] = '{';
	body[sizeof body - 1] = '}';
	TW_TRY(tw_audit_open(sys, &b->options, &a));
	TW_TRY(look(a));
	for (int i = 0; i < 7; i++) {
		uint64_t intent = 0;
		TW_TRY(tw_audit_append_text(a, TW_LOG_INTENT, TW_SLICE("{\"operation\":\"x\"}"), &intent));
		for (int k = 0; k < 12; k++)
			TW_TRY(tw_audit_append_text(a, TW_LOG_READ, (struct tw_slice){ body, sizeof body }, NULL));
		TW_TRY(tw_audit_append(a, TW_LOG_OUTCOME, json_pack("{s:I}", "intent", (json_int_t)intent), NULL));
		TW_TRY(tw_audit_commit(a));
		*acked = tw_audit_last(a);
		mark(f, *acked);
	}
	TW_TRY(look(a));
	TW_TRY(tw_audit_checkpoint(a));
	*acked = tw_audit_last(a);
	mark(f, *acked);
	return tw_audit_close(a);
}

/* Opens what a fault or cut left, on a disk that tells of nothing: whatever word is there is believed, and has to be true. */
static void check_after(const struct test_dir *d, struct bench *b, uint64_t acked, const char *when)
{
	struct tw_log_report r;
	tw_audit *a = NULL;
	b->options.dir = d->fd;
	b->time.sys = &disk.sys;
	if (tw_failed(tw_audit_open(&disk.sys, &b->options, &a)))
		fail_msg("%s: does not open: %s", when, tw_err_detail());
	if (tw_audit_fault(a)[0])
		fail_msg("%s: taken for tampering: %s", when, tw_audit_fault(a));
	if (tw_failed(look(a)))
		fail_msg("%s: the look finds %s", when, tw_err_detail());
	a = tw_audit_free(a);
	verify(d, "", &r);
	if (r.last_seq < acked || r.open_intents)
		fail_msg("%s: ends with record %llu, %llu was acknowledged; %llu open intents", when,
			(unsigned long long)r.last_seq, (unsigned long long)acked, (unsigned long long)r.open_intents);
}

static const struct tw_sys *recorded;

static int look_at_recorded(const struct tw_sys *s, int fd, struct stat *ret)
{
	int status = recorded->fstat(recorded, fd, ret);
	ret->st_ino = 1;
	ret->st_mtim = ret->st_ctim = (struct timespec){ 0 };
	return status;
}

static void one_fault(long nth, int error_number, bool *ret_done)
{
	struct bench b;
	uint64_t acked = 0;
	char when[96];
	int fds = test_open_fds();
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	begin_bench(&b, tw_sys_real(), dir.fd);
	CHECK_OK(life(&b, tw_sys_real(), NULL, &acked)); /* there is a word to begin with */
	b.time.sys = sys;
	tw_fake_fail(f, nth, error_number, false);
	tw_err e = life(&b, sys, f, &acked);
	*ret_done = !tw_fake_fired(f);
	snprintf(when, sizeof when, "call %ld (%s) fails with %d", nth, *ret_done ? "none" : tw_fake_name(f, nth), error_number);
	if (*ret_done && tw_failed(e))
		fail_msg("%s: %s", when, tw_err_detail());
	tw_fake_fail(f, 0, 0, false);
	check_after(&dir, &b, acked, when);
	tw_fake_free(f);
	if (test_open_fds() != fds)
		fail_msg("%s: lost a descriptor", when);
	test_dir_empty(&dir);
}

static void test_every_fault(void **state)
{
	static const int kinds[] = { EIO, ENOSPC };
	disk_init(true);
	for (size_t k = 0; k < TW_COUNT(kinds); k++) {
		bool done = false;
		for (long nth = 1; !done; nth += 1 + nth / 60)
			one_fault(nth, kinds[k], &done);
	}
}

static void test_power_cuts(void **state)
{
	struct bench b;
	uint64_t acked = 0;
	struct test_dir after = test_dir_new();
	tw_fake *f = tw_fake_new();
	struct tw_sys sys = *tw_fake_sys(f);
	disk_init(true);
	recorded = tw_fake_sys(f);
	sys.fstat = look_at_recorded;
	begin_bench(&b, &sys, dir.fd);
	tw_fake_record(f, dir.path);
	recording = true;
	for (int lives = 0; lives < 3; lives++)
		CHECK_OK(life(&b, &sys, f, &acked));
	recording = false;
	size_t points = tw_fake_points(f), states = 0;
	for (size_t point = 0; point < points; point += 1 + points / 120) {
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_reads_what_was_written_since), TEST(test_owes_what_was_not_looked_through),
	TEST(test_a_change_that_the_file_system_tells_of), TEST(test_a_change_that_nobody_tells_of),
	TEST(test_a_segment_that_is_gone), TEST(test_a_changed_end), TEST(test_leaves_no_word), TEST(test_words_that_are_none),
	TEST(test_a_forged_word), TEST(test_every_fault), TEST(test_power_cuts))
