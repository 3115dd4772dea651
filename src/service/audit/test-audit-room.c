/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room: what a disk without any leaves to whom, to the byte; when a batch is written out and a segment ended; that a spare and an
 * end are synced before anybody counts on them; and how refusals are counted when neither rows nor room are left for them.
 */
#include "service/audit/test-audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define FIXED (TW_LOG_RECORD_MIN - 2)                       /* of a record, beside its body */
#define ENOUGH (TW_LOG_RECORD_MAX + TW_AUDIT_RESERVE)       /* what a read needs where no other segment can be made */
#define BATCH_FULL (TW_AUDIT_BATCH_MAX - TW_LOG_RECORD_MAX) /* past it a batch is written before another record */

/* The real system, but the disk may be full, a sync may fail, and all are counted. */
static struct {
	struct tw_sys sys;
	int allocate, sync, open, read, look, random; /* errno, 0: well */
	int lacks;                                    /* so many blocks are not to be had */
	int interrupts;                               /* so many reads are cut short before they begin */
	const void *kept;                             /* this block cannot grow */
	long syncs;
} disk;

static int allocate(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	errno = disk.allocate;
	return disk.allocate ? -1 : tw_sys_real()->allocate(tw_sys_real(), fd, offset, size);
}

static int sync_data(const struct tw_sys *s, int fd)
{
	disk.syncs++;
	errno = disk.sync;
	return disk.sync ? -1 : tw_sys_real()->fdatasync(tw_sys_real(), fd);
}

static int open_beneath(const struct tw_sys *s, int at, const char *path, int flags, mode_t mode)
{
	errno = disk.open;
	return disk.open ? -1 : tw_sys_real()->open_beneath(tw_sys_real(), at, path, flags, mode);
}

static void *alloc(const struct tw_sys *s, size_t size)
{
	return disk.lacks > 0 && disk.lacks-- ? NULL : tw_sys_real()->alloc(tw_sys_real(), size);
}

/* errno says of a read that went well what it said before. */
static ssize_t read_at(const struct tw_sys *s, int fd, void *buffer, size_t size, off_t offset)
{
	memset(buffer, 0, size);
	errno = disk.interrupts > 0 ? EINTR : disk.read;
	if (disk.interrupts > 0 && disk.interrupts--)
		return -1;
	if (disk.read)
		return -1;
	errno = EINTR;
	return tw_sys_real()->pread(tw_sys_real(), fd, buffer, size, offset);
}

static int look(const struct tw_sys *s, int fd, struct stat *ret)
{
	int r = tw_sys_real()->fstat(tw_sys_real(), fd, ret);
	errno = disk.look ? disk.look : errno;
	return disk.look ? -1 : r;
}

static int draw(const struct tw_sys *s, void *buffer, size_t size)
{
	errno = disk.random;
	return disk.random ? -1 : tw_sys_real()->random(tw_sys_real(), buffer, size);
}

static void *resize(const struct tw_sys *s, void *p, size_t size)
{
	if (p && p == disk.kept)
		return NULL;
	return disk.lacks > 0 && disk.lacks-- ? NULL : tw_sys_real()->resize(tw_sys_real(), p, size);
}

static struct bench bench;
static unsigned signatures;

static tw_err sign_and_count(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	signatures++;
	return sign(user, message, ret);
}

/* A new log in an empty folder, on a disk that is well; by the clocks of this seam. */
static tw_audit *begin_at(const struct tw_sys *clocks)
{
	test_dir_empty(&dir);
	memset(&disk, 0, sizeof disk);
	disk.sys = *tw_sys_real();
	disk.sys.allocate = allocate;
	disk.sys.fdatasync = sync_data;
	disk.sys.open_beneath = open_beneath;
	disk.sys.alloc = alloc;
	disk.sys.resize = resize;
	disk.sys.pread = read_at;
	disk.sys.fstat = look;
	disk.sys.random = draw;
	bench_init(&bench, clocks, dir.fd);
	bench.calls.sign = sign_and_count;
	signatures = 0;
	return open_log(&bench, &disk.sys);
}

static tw_audit *begin(void)
{
	return begin_at(tw_sys_real());
}

static void fill_disk(tw_audit *a)
{
	disk.allocate = ENOSPC;
	CHECK(a->spare >= 0);
	CHECK_INT(close(a->spare), 0);
	a->spare = -1;
	CHECK_INT(unlinkat(dir.fd, "spare", 0), 0);
}

static tw_err add_sized(tw_audit *a, enum tw_log_type type, size_t size)
{
	char body[TW_LOG_BODY_MAX];
	CHECK(size >= TW_LOG_RECORD_MIN && size - FIXED <= sizeof body);
	memset(body, ' ', sizeof body);
	body[0] = '{';
	body[size - FIXED - 1] = '}';
	return tw_audit_append_text(a, type, (struct tw_slice){ body, size - FIXED }, NULL);
}

static size_t left_of(const tw_audit *a)
{
	return a->o.segment_size - a->written - a->batch.size;
}

/* Writes until so many bytes of the segment are left. */
static void leave(tw_audit *a, size_t left)
{
	while (left_of(a) > left) {
		size_t more = left_of(a) - left;
		CHECK_OK(add_sized(a, TW_LOG_EVENT, more < 4000 ? more : more < 4200 ? 2000 : 4000));
		CHECK_OK(tw_audit_commit(a));
	}
	CHECK_INT(left_of(a), left);
}

/* --- Who gets the last of it --- */

static void test_to_the_last_byte(void **state)
{
	static const struct {
		enum tw_log_type type;
		size_t left;
		bool full;
		enum tw_code want;
		size_t segments; /* after it */
	} rows[] = {
		{ TW_LOG_READ, ENOUGH, true, TW_CODE_OK, 1 },
		{ TW_LOG_READ, ENOUGH - 1, true, TW_CODE_LIMIT, 1 },
		{ TW_LOG_REFUSALS, ENOUGH, true, TW_CODE_OK, 1 },
		{ TW_LOG_REFUSALS, ENOUGH - 1, true, TW_CODE_LIMIT, 1 },
		{ TW_LOG_EVENT, TW_LOG_RECORD_MAX, true, TW_CODE_OK, 1 },
		{ TW_LOG_EVENT, TW_LOG_RECORD_MAX - 1, true, TW_CODE_LIMIT, 1 },
		{ TW_LOG_OUTCOME, TW_LOG_RECORD_MAX, true, TW_CODE_OK, 1 },
		{ TW_LOG_OUTCOME, TW_LOG_RECORD_MAX - 1, true, TW_CODE_LIMIT, 1 },
		{ TW_LOG_INTENT, 2 * ENOUGH, true, TW_CODE_LIMIT, 1 },
		{ TW_LOG_INTENT, 2 * ENOUGH, false, TW_CODE_OK, 1 },
		{ TW_LOG_READ, TW_LOG_RECORD_MAX, false, TW_CODE_OK, 1 },
		{ TW_LOG_READ, TW_LOG_RECORD_MAX - 1, false, TW_CODE_OK, 2 },
		{ TW_LOG_REFUSALS, TW_LOG_RECORD_MAX, false, TW_CODE_OK, 1 },
		{ TW_LOG_INTENT, TW_LOG_RECORD_MAX - 1, false, TW_CODE_OK, 2 },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_log_report r;
		tw_audit *a = begin();
		leave(a, rows[i].left);
		if (rows[i].full)
			fill_disk(a);
		tw_err e = add_sized(a, rows[i].type, TW_LOG_RECORD_MIN);
		if (e.code != rows[i].want || tw_audit_segments(a) != rows[i].segments)
			fail_msg("row %zu: %s, %zu segments", i, tw_code_name(e.code), tw_audit_segments(a));
		CHECK(!tw_failed(e) || strstr(tw_err_detail(), "audit.space"));
		CHECK_OK(tw_audit_commit(a));
		tw_audit_free(a);
		verify(&dir, rows[i].type == TW_LOG_OUTCOME ? NULL : "", &r); /* these outcomes are of no intent */
	}
}

/* The disk is asked again only when the answer matters, and then the log goes on by itself. */
static void test_when_the_disk_is_asked_again(void **state)
{
	static const struct {
		enum tw_log_type type;
		bool asked;
		size_t left;
	} rows[] = { { TW_LOG_READ, false, ENOUGH }, { TW_LOG_READ, true, ENOUGH - 1 }, { TW_LOG_EVENT, false, ENOUGH },
		{ TW_LOG_EVENT, true, ENOUGH - 1 }, { TW_LOG_INTENT, true, 2 * ENOUGH } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_audit *a = begin();
		leave(a, rows[i].left);
		fill_disk(a);
		disk.allocate = 0;
		CHECK_OK(add_sized(a, rows[i].type, TW_LOG_RECORD_MIN));
		if ((a->spare >= 0) != rows[i].asked)
			fail_msg("row %zu: asked %d", i, a->spare >= 0);
		CHECK_INT(tw_audit_segments(a), 1);
		tw_audit_free(a);
	}
}

/* What has the spare's name is in use until it is synced, so the next one can be made only behind that. */
static void test_a_segment_that_has_just_begun(void **state)
{
	tw_audit *a = begin();
	leave(a, TW_LOG_RECORD_MAX - 1);
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
	CHECK(a->fresh && a->spare < 0);
	CHECK_OK(add_sized(a, TW_LOG_INTENT, TW_LOG_RECORD_MIN));
	CHECK(!a->fresh && a->spare >= 0);
	tw_audit_free(a);
	a = begin();
	leave(a, TW_LOG_RECORD_MAX - 1);
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
	disk.allocate = ENOSPC;
	CHECK_ERR(add_sized(a, TW_LOG_INTENT, TW_LOG_RECORD_MIN), LIMIT);
	CHECK_TEXT(tw_audit_broken(a), "");
	CHECK_INT(faccessat(dir.fd, "spare", F_OK, 0), -1); /* what could not be made gives its room back */
	tw_audit_free(a);
}

/* Not every file system can set room aside: there, writing zeros has to do. */
static void test_a_disk_that_sets_no_room_aside(void **state)
{
	static const struct {
		int number;
		bool spare;
	} rows[] = { { EOPNOTSUPP, true }, { EINVAL, true }, { ENOSPC, false }, { EIO, false } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_audit *a = begin();
		fill_disk(a);
		disk.allocate = rows[i].number;
		CHECK(tw_failed(tw_audit_spare_ready(a)) == !rows[i].spare);
		CHECK((a->spare >= 0) == rows[i].spare);
		tw_audit_free(a);
	}
}

/* A disk that is full at each start uses up no epoch; zeros that an end by SIGKILL left are given back first. */
static void test_a_start_on_a_full_disk(void **state)
{
	struct stat st;
	tw_audit *a = begin();
	CHECK_OK(add_sized(a, TW_LOG_EVENT, TW_LOG_RECORD_MIN));
	CHECK_OK(tw_audit_commit(a));
	fill_disk(a);
	CHECK_INT(bench.keys.handed_out, 1);
	CHECK_ERR(tw_audit_epoch_next(a, "test"), LIMIT);
	CHECK_INT(bench.keys.handed_out, 1);
	CHECK_TEXT(tw_audit_broken(a), "");
	tw_audit_free(a);
	CHECK_INT(fstatat(dir.fd, "00000000000000000001.twlog", &st, 0), 0);
	CHECK_INT(st.st_size, SEGMENT);
	a = NULL;
	CHECK_ERR(tw_audit_open(&disk.sys, &bench.options, &a), LIMIT);
	CHECK(!a);
	CHECK_INT(bench.keys.handed_out, 1);
	CHECK_INT(fstatat(dir.fd, "00000000000000000001.twlog", &st, 0), 0);
	CHECK(st.st_size < 4096);
	disk.allocate = 0;
	a = open_log(&bench, &disk.sys);
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_INT(tw_audit_epoch(a), 2);
	tw_audit_free(a);
}

/* --- Batches and syncs --- */

static void test_a_full_batch_is_written_first(void **state)
{
	tw_audit *a = begin();
	uint64_t before = tw_audit_durable(a);
	CHECK(!tw_audit_pending(a));
	while (a->batch.size < BATCH_FULL)
		CHECK_OK(add_sized(a, TW_LOG_READ, BATCH_FULL - a->batch.size < 4200 ? BATCH_FULL - a->batch.size : 4000));
	CHECK_INT(a->batch.size, BATCH_FULL);
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
	CHECK_INT(tw_audit_durable(a), before);
	uint64_t last = tw_audit_last(a);
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
	CHECK_INT(tw_audit_durable(a), last);
	tw_audit_free(a);
}

static void test_what_is_synced(void **state)
{
	tw_audit *a = begin();
	CHECK(!tw_audit_pending(a));
	long before = disk.syncs;
	CHECK_OK(tw_audit_commit(a)); /* nothing waits: nothing to sync */
	CHECK_INT(disk.syncs, before);
	fill_disk(a);
	disk.allocate = 0;
	disk.sync = EIO;
	CHECK_ERR(tw_audit_spare_ready(a), IO); /* its zeros are on the disk before anything is written over them */
	CHECK_INT(a->spare, -1);
	CHECK_ERR(tw_audit_segment_cut(a, 1, a->written), IO); /* and an end is there before the next beginning */
	CHECK_TEXT(tw_audit_broken(a), "");
	disk.sync = 0;
	CHECK_OK(tw_audit_spare_ready(a));
	CHECK_OK(add_sized(a, TW_LOG_EVENT, TW_LOG_RECORD_MIN));
	before = disk.syncs;
	CHECK_OK(tw_audit_commit(a));
	CHECK_INT(disk.syncs, before + 1);
	tw_audit_free(a);
}

/* A failed sync under an append that had to write first is the append's failure. Until a restart the log says what it has, and no more. */
static void test_a_sync_that_fails_under_an_append(void **state)
{
	static const bool rotates[] = { false, true };
	for (size_t i = 0; i < TW_COUNT(rotates); i++) {
		struct tw_audit_head head;
		char reason[TW_DETAIL_MAX];
		tw_audit *a = begin();
		if (rotates[i])
			leave(a, TW_LOG_RECORD_MAX + TW_LOG_RECORD_MIN - 1);
		while (!rotates[i] && a->batch.size <= BATCH_FULL)
			CHECK_OK(add_sized(a, TW_LOG_READ, 4000));
		if (rotates[i])
			CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
		CHECK(tw_audit_pending(a));
		disk.sync = EIO;
		uint64_t last = tw_audit_last(a), durable = tw_audit_durable(a);
		CHECK_ERR(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN), IO);
		disk.sync = 0;
		CHECK_INT(tw_audit_last(a), last);
		CHECK_INT(tw_audit_durable(a), durable);
		CHECK_INT(tw_audit_segments(a), 1);
		CHECK(tw_audit_broken(a)[0]);
		snprintf(reason, sizeof reason, "%s", tw_audit_broken(a));
		CHECK_ERR(tw_audit_head(a, &head), IO);
		CHECK_ERR(tw_audit_refused(a, "192.0.2.1", TW_SLICE("{}")), IO);
		CHECK_ERR(tw_audit_checkpoint(a), IO);
		CHECK_ERR(tw_audit_epoch_next(a, "test"), IO);
		CHECK_TEXT(tw_audit_broken(a), reason);
		tw_audit_free(a);
	}
}

static bool count_one(void *user, const struct tw_log_record *r)
{
	++*(size_t *)user;
	return true;
}

/* What was written and never synced is shown to nobody, while what is durable can still be read. */
static void test_reading_a_broken_log(void **state)
{
	size_t seen = 0;
	uint64_t size = 0, durable;
	int fd = -1;
	tw_audit *a = begin();
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	leave(a, TW_LOG_RECORD_MAX - 1);
	durable = tw_audit_durable(a);
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN)); /* begins the next segment */
	disk.sync = EIO;
	CHECK_ERR(tw_audit_commit(a), IO);
	disk.sync = 0;
	CHECK_INT(tw_audit_segments(a), 3);
	CHECK_OK(tw_audit_part_file(a, 1, &fd, &size));
	CHECK_INT(close(fd), 0);
	CHECK_ERR(tw_audit_part_file(a, durable + 1, &fd, &size), NOTFOUND);
	CHECK_OK(tw_audit_recent(a, durable + 1, 1000, count_one, &seen)); /* before the segment that never got its name */
	CHECK_INT(seen, durable);
	tw_audit_free(a);
	a = begin();
	durable = tw_audit_durable(a);
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
	disk.sync = EIO;
	CHECK_ERR(tw_audit_commit(a), IO);
	seen = 0;
	CHECK_OK(tw_audit_recent(a, 0, 1000, count_one, &seen));
	CHECK_INT(seen, durable);
	CHECK_OK(tw_audit_recent(a, 0, 0, count_one, &seen));
	CHECK_INT(seen, durable);
	CHECK_OK(tw_audit_part_file(a, 1, &fd, &size));
	CHECK_INT(size, a->written);
	CHECK_INT(close(fd), 0);
	tw_audit_free(a);
}

/* Newer segments are not even opened for what lies before them. */
static void test_reading_what_lies_before(void **state)
{
	size_t seen = 0;
	int fd = -1;
	tw_audit *a = begin();
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	uint64_t second = a->segments[1].first_seq;
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	char name[TW_AUDIT_NAME_SIZE];
	tw_audit_name(second, name);
	CHECK_INT(unlinkat(dir.fd, name, 0), 0);
	CHECK_OK(tw_audit_recent(a, second, 1000, count_one, &seen));
	CHECK_INT(seen, second - 1);
	seen = 0;
	CHECK_OK(tw_audit_recent(a, second, second - 2, count_one, &seen));
	CHECK_INT(seen, second - 2);
	CHECK(tw_failed(tw_audit_recent(a, second + 1, 1000, count_one, &seen)));
	CHECK_ERR(tw_audit_segment_open(a, 1, &fd), NOTFOUND);
	disk.open = EACCES;
	CHECK_ERR(tw_audit_segment_open(a, 0, &fd), IO); /* it is there, and this device cannot have it */
	disk.open = 0;
	CHECK_INT(fd, -1);
	tw_audit_free(a);
}

static bool stop_at_zero(void *user, const struct tw_log_record *r)
{
	return --*(size_t *)user > 0;
}

/* Nor older ones for what does not need them, and nothing is written for nothing. */
static void test_reading_no_more_than_asked(void **state)
{
	size_t seen = 0;
	tw_audit *a = begin();
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	size_t latest = (size_t)(tw_audit_last(a) + 1 - a->segments[1].first_seq), left = latest;
	CHECK_INT(unlinkat(dir.fd, "00000000000000000001.twlog", 0), 0);
	CHECK_OK(tw_audit_recent(a, 0, latest, count_one, &seen));
	CHECK_INT(seen, latest);
	CHECK_OK(tw_audit_recent(a, 0, 1000, stop_at_zero, &left));
	CHECK_INT(left, 0);
	CHECK(tw_failed(tw_audit_recent(a, 0, latest + 1, count_one, &seen)));
	CHECK_OK(add_sized(a, TW_LOG_READ, TW_LOG_RECORD_MIN));
	CHECK_OK(tw_audit_recent(a, 0, 0, count_one, &seen));
	CHECK(tw_audit_pending(a));
	tw_audit_free(a);
}

#define CHECK_DENIED(call)                                           \
	do {                                                         \
		CHECK_ERR(call, IO);                                 \
		CHECK(strstr(tw_err_detail(), "Permission denied")); \
	} while (0)

/* What cannot be opened or read is told by its own name, and an interruption is no end. */
static void test_segments_that_cannot_be_read(void **state)
{
	struct tw_audit_follow f;
	size_t seen = 0;
	uint64_t size = 0;
	int fd = -1;
	tw_audit *a = begin();
	CHECK_OK(tw_audit_epoch_next(a, "test"));
	uint64_t present = a->segments[1].first_seq;
	CHECK_OK(tw_audit_follow(a, 0, &f));
	disk.open = EACCES;
	CHECK_DENIED(tw_audit_part_file(a, 1, &fd, &size));
	CHECK_DENIED(tw_audit_segment_cut(a, 1, 1000));
	CHECK_DENIED(tw_audit_follow_step(a, &f, count_one, &seen));
	disk.open = 0;
	disk.lacks = 1;
	CHECK_ERR(tw_audit_part_file(a, present, &fd, &size), NOMEM);
	disk.read = EIO;
	CHECK_ERR(tw_audit_part_file(a, present, &fd, &size), IO);
	CHECK_ERR(tw_audit_follow_step(a, &f, count_one, &seen), IO);
	CHECK_INT(fd, -1);
	disk.read = 0;
	disk.interrupts = 2;
	CHECK_OK(tw_audit_part_file(a, present, &fd, &size));
	CHECK_INT(disk.interrupts, 0);
	CHECK_INT(close(fd), 0);
	disk.interrupts = 2;
	CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
	CHECK_INT(disk.interrupts, 0);
	CHECK(seen > 0);
	CHECK_INT(ftruncate(a->fd, (off_t)a->written - 1), 0); /* somebody else did that */
	CHECK_ERR(tw_audit_part_file(a, present, &fd, &size), IO);
	CHECK_ERR(tw_audit_recent(a, 0, 1, count_one, &seen), IO);
	tw_audit_free(a);
}

/* A closed segment that ends early is not followed for ever. */
static void test_following_what_was_cut(void **state)
{
	static const off_t sizes[] = { TW_LOG_HEADER_SIZE, 0 };
	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		struct tw_audit_follow f;
		size_t seen = 0;
		tw_audit *a = begin();
		CHECK_OK(tw_audit_epoch_next(a, "test"));
		CHECK_OK(tw_audit_follow(a, 0, &f));
		int fd = openat(dir.fd, "00000000000000000001.twlog", O_WRONLY | O_CLOEXEC);
		CHECK_INT(ftruncate(fd, sizes[i]), 0);
		CHECK_INT(close(fd), 0);
		if (sizes[i])
			CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
		CHECK_ERR(tw_audit_follow_step(a, &f, count_one, &seen), UNTRUSTED);
		CHECK_INT(seen, 0);
		tw_audit_free(a);
	}
}

/* Sixteen segments, and no memory for the next: the last one is closed, none is begun, and whoever has read all of it waits. */
static void test_no_memory_for_another_segment(void **state)
{
	struct tw_audit_follow f;
	size_t seen = 0;
	uint64_t size = 0;
	int fd = -1;
	tw_audit *a = begin();
	while (a->segment_count < a->segment_room)
		CHECK_OK(tw_audit_epoch_next(a, "test"));
	CHECK_OK(tw_audit_checkpoint(a));
	uint64_t last = a->segments[a->segment_count - 1].first_seq;
	CHECK_OK(tw_audit_follow(a, tw_audit_last(a), &f));
	CHECK_INT(f.segment, last);
	CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
	CHECK_INT(seen, 0);
	disk.kept = a->segments;
	CHECK_ERR(tw_audit_epoch_next(a, "test"), NOMEM);
	CHECK(tw_audit_broken(a)[0]);
	CHECK_OK(tw_audit_follow_step(a, &f, count_one, &seen));
	CHECK_ERR(tw_audit_part_file(a, last, &fd, &size), NOTFOUND);
	tw_audit_free(a);
}

/* --- Spares --- */

/* One that is ready stays; one that cannot be looked at is replaced. */
static void test_a_spare_that_cannot_be_looked_at(void **state)
{
	static const struct {
		int look, read, lacks;
	} rows[] = { { 0, 0, 0 }, { EIO, 0, 0 }, { 0, EIO, 0 }, { 0, 0, 1 } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct stat st;
		tw_audit *a = begin();
		int kept = a->spare;
		CHECK_OK(tw_audit_spare_ready(a));
		CHECK_INT(a->spare, kept);
		a->spare = -1;
		disk.look = rows[i].look;
		disk.read = rows[i].read;
		disk.lacks = rows[i].lacks;
		CHECK_OK(tw_audit_spare_ready(a));
		CHECK(a->spare >= 0);
		CHECK_INT(fstat(kept, &st), 0);
		CHECK_INT(st.st_nlink, i == 0);
		CHECK_INT(close(kept), 0);
		tw_audit_free(a);
	}
}

static void test_a_spare_that_cannot_be_made(void **state)
{
	tw_audit *a = begin();
	fill_disk(a);
	disk.allocate = 0;
	disk.open = ENOSPC;
	CHECK_ERR(tw_audit_spare_ready(a), LIMIT);
	disk.open = 0;
	disk.lacks = 1;
	CHECK_ERR(tw_audit_spare_ready(a), NOMEM);
	CHECK_OK(tw_audit_spare_ready(a));
	tw_audit_free(a);
}

/* --- Records --- */

static void test_a_record_of_nothing(void **state)
{
	tw_audit *a = begin();
	uint64_t last = tw_audit_last(a);
	CHECK_ERR(tw_audit_append(a, TW_LOG_EVENT, NULL, NULL), NOMEM);
	a->salts_left = 0;
	disk.random = EIO;
	CHECK_ERR(add_sized(a, TW_LOG_EVENT, TW_LOG_RECORD_MIN), IO); /* none without a salt that nobody can guess */
	disk.random = 0;
	CHECK_INT(tw_audit_last(a), last);
	tw_audit_free(a);
}

/* --- Signatures --- */

/* A checkpoint that needs a new segment signs what stands there then; one that has no room signs nothing. */
static void test_a_checkpoint_at_the_end(void **state)
{
	struct tw_log_report r;
	tw_audit *a = begin();
	leave(a, TW_LOG_RECORD_MAX - 1);
	CHECK_OK(tw_audit_checkpoint(a));
	CHECK_INT(tw_audit_segments(a), 2);
	CHECK(!tw_audit_pending(a));
	uint64_t last = tw_audit_last(a);
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.proven_seq, last - 1);
	a = begin();
	leave(a, TW_LOG_RECORD_MAX - 1);
	fill_disk(a);
	unsigned before = signatures;
	CHECK_ERR(tw_audit_checkpoint(a), LIMIT);
	CHECK_INT(signatures, before);
	CHECK_TEXT(tw_audit_broken(a), "");
	tw_audit_free(a);
}

/* --- Many segments --- */

static int no_list(const struct tw_sys *s, int at, bool (*visit)(void *user, const char *name), void *user)
{
	errno = EIO;
	return -1;
}

static void test_more_segments_than_fit_at_first(void **state)
{
	struct tw_log_report r;
	tw_audit *a = begin();
	for (int i = 1; i < 33; i++)
		CHECK_OK(tw_audit_epoch_next(a, "test"));
	CHECK_INT(tw_audit_segments(a), 33);
	for (uint64_t epoch = 0; epoch < 33; epoch++)
		CHECK_INT(tw_audit_epoch_after(a, epoch), epoch + 1);
	tw_audit_free(a);
	a = open_log(&bench, &disk.sys);
	CHECK_TEXT(tw_audit_fault(a), "");
	CHECK_INT(tw_audit_segments(a), 34);
	tw_audit_free(a);
	verify(&dir, "", &r);
	CHECK_INT(r.segments, 34);
	disk.sys.list = no_list;
	CHECK_ERR(tw_audit_open(&disk.sys, &bench.options, &a), IO); /* what cannot be listed is not a log without segments */
	CHECK_INT(bench.keys.handed_out, 34);
}

/* --- Refusals --- */

struct counted {
	const char *source;
	int64_t count, since;
	bool found;
};

static bool look_for(void *user, const struct tw_log_record *r)
{
	struct counted *c = user;
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	if (r->type != TW_LOG_REFUSALS)
		return true;
	CHECK_OK(tw_json_parse(r->body, TW_LOG_BODY_MAX, &j));
	if (strcmp(tw_json_text(j, "source"), c->source) != 0)
		return true;
	CHECK(!c->found);
	c->found = true;
	c->count = tw_json_int(j, "count");
	c->since = tw_json_int(j, "since_boot_ms");
	return true;
}

static struct counted counted(tw_audit *a, const char *source)
{
	struct counted c = { .source = source };
	CHECK_OK(tw_audit_recent(a, 0, 1000, look_for, &c));
	return c;
}

static void refuse(tw_audit *a, const char *source, int times)
{
	for (int i = 0; i < times; i++)
		CHECK_OK(tw_audit_refused(a, source, TW_SLICE("{}")));
}

/* The source whose minute began first gives its row up; what it had left out is counted among the others', from that moment. */
static void test_a_source_too_many(void **state)
{
	char source[32];
	tw_fake *f = tw_fake_new();
	tw_fake_clock(f, true, 1900000000000, 100000);
	tw_audit *a = begin_at(tw_fake_sys(f));
	refuse(a, "first", 10); /* all of them recorded: there is nothing to be counted on */
	tw_fake_clock(f, true, 1900000000000, 100001);
	refuse(a, "second", 13);
	for (int i = 2; i < TW_AUDIT_SOURCES; i++) {
		tw_fake_clock(f, true, 1900000000000, 100000 + i);
		snprintf(source, sizeof source, "s%d", i);
		refuse(a, source, 1);
	}
	tw_fake_clock(f, true, 1900000000000, 100100);
	refuse(a, "one more", 1);
	CHECK(!a->sources[TW_AUDIT_OTHERS].used);
	tw_fake_clock(f, true, 1900000000000, 100200);
	refuse(a, "and one more", 1);
	CHECK_INT(tw_audit_refusals_due_ms(a), 160200);
	refuse(a, "s2", 10); /* it has its row still; with the eighth, all have their sixty */
	CHECK_INT(a->sources[TW_AUDIT_OTHERS].suppressed, 3);
	CHECK_INT(tw_audit_refusals_due_ms(a), 160002); /* its minute began earlier */
	tw_fake_clock(f, true, 1900000000000, 100300);
	refuse(a, "the last", 1);
	CHECK_OK(tw_audit_refusals_seal(a, true));
	struct counted c = counted(a, "others");
	CHECK(c.found);
	CHECK_INT(c.count, 3 + 2);
	CHECK_INT(c.since, 100200);
	CHECK_INT(counted(a, "the last").count, 1);
	CHECK(!counted(a, "first").found && !counted(a, "second").found && !counted(a, "s2").found);
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	tw_audit_free(a);
	tw_fake_free(f);
}

/* A name is told apart by as much of it as is kept. */
static void test_long_names_of_sources(void **state)
{
	char one[80], other[80], kept[64];
	tw_audit *a = begin();
	memset(one, 'x', sizeof one);
	one[sizeof one - 1] = '\0';
	memcpy(other, one, sizeof other);
	other[70] = 'y';
	refuse(a, one, 10);
	refuse(a, other, 2);
	other[62] = 'y'; /* the last that is kept */
	refuse(a, other, 11);
	CHECK_OK(tw_audit_refusals_seal(a, true));
	snprintf(kept, sizeof kept, "%.63s", one);
	CHECK_INT(counted(a, kept).count, 2);
	kept[62] = 'y';
	CHECK_INT(counted(a, kept).count, 1);
	tw_audit_free(a);
}

/* On a full disk the reserve is not for strangers: their refusals are counted, and told when there is room. */
static void test_refusals_without_room(void **state)
{
	static const struct {
		size_t left;
		bool full, recorded;
	} rows[] = { { ENOUGH, true, true }, { ENOUGH - 1, true, false }, { ENOUGH - 1, false, true }, { TW_LOG_RECORD_MAX, false, true } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_audit *a = begin();
		leave(a, rows[i].left);
		if (rows[i].full)
			fill_disk(a);
		uint64_t before = tw_audit_last(a);
		refuse(a, "192.0.2.1", 1);
		if (tw_audit_last(a) - before != rows[i].recorded || (tw_audit_refusals_due_ms(a) < 0) != rows[i].recorded)
			fail_msg("row %zu: %llu records", i, (unsigned long long)(tw_audit_last(a) - before));
		disk.allocate = 0;
		CHECK_OK(tw_audit_refusals_seal(a, true));
		CHECK_INT(counted(a, "192.0.2.1").count, !rows[i].recorded);
		tw_audit_free(a);
	}
}

/* A count that cannot be recorded is kept until it can; a checkpoint records those that are due. */
static void test_counts_wait_for_room(void **state)
{
	tw_fake *f = tw_fake_new();
	tw_fake_clock(f, true, 1900000000000, 100000);
	tw_audit *a = begin_at(tw_fake_sys(f));
	refuse(a, "192.0.2.1", 12);
	CHECK_OK(tw_audit_checkpoint(a));
	CHECK(!counted(a, "192.0.2.1").found);
	tw_fake_clock(f, true, 1900000000000, 160000);
	add(a, TW_LOG_READ, "{}");
	uint64_t last = tw_audit_last(a);
	disk.lacks = 1;
	CHECK_ERR(tw_audit_refusals_seal(a, false), NOMEM);
	disk.lacks = 1;
	CHECK_ERR(tw_audit_refused(a, "192.0.2.2", TW_SLICE("{}")), NOMEM);
	disk.lacks = 1;
	CHECK_ERR(tw_audit_checkpoint(a), NOMEM);
	CHECK_INT(disk.lacks, 0);
	CHECK_INT(tw_audit_last(a), last);
	CHECK_TEXT(tw_audit_broken(a), "");
	CHECK_INT(tw_audit_refusals_due_ms(a), 160000);
	CHECK_OK(tw_audit_checkpoint(a));
	CHECK_INT(counted(a, "192.0.2.1").count, 2);
	CHECK_INT(tw_audit_refusals_due_ms(a), -1);
	tw_audit_free(a);
	tw_fake_free(f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(test_to_the_last_byte), TEST(test_when_the_disk_is_asked_again), TEST(test_a_segment_that_has_just_begun),
	TEST(test_a_disk_that_sets_no_room_aside), TEST(test_a_start_on_a_full_disk), TEST(test_a_full_batch_is_written_first),
	TEST(test_what_is_synced), TEST(test_a_sync_that_fails_under_an_append), TEST(test_reading_a_broken_log),
	TEST(test_reading_what_lies_before), TEST(test_reading_no_more_than_asked), TEST(test_segments_that_cannot_be_read),
	TEST(test_following_what_was_cut), TEST(test_no_memory_for_another_segment), TEST(test_a_spare_that_cannot_be_looked_at),
	TEST(test_a_spare_that_cannot_be_made), TEST(test_a_record_of_nothing), TEST(test_a_checkpoint_at_the_end),
	TEST(test_more_segments_than_fit_at_first), TEST(test_a_source_too_many), TEST(test_long_names_of_sources),
	TEST(test_refusals_without_room), TEST(test_counts_wait_for_room))
