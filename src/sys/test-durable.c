/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The promises of durable.h at every fault point and after every cut, and the proof that the harness would notice if they were
 * broken: a replace that forgets one of its three syncs is found out.
 */
#include "base/mem.h"
#include "sys/durable.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char work[64], replay[64];
	int dir;
};

static void empty_dir(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *e;

	while (d && (e = readdir(d)))
		(void)unlinkat(fd, e->d_name, 0);
	if (d)
		(void)closedir(d);
}

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	if (!p)
		return -1;
	(void)snprintf(p->work, sizeof p->work, "/tmp/tw-durable-XXXXXX");
	(void)snprintf(p->replay, sizeof p->replay, "/tmp/tw-replay-XXXXXX");
	if (!mkdtemp(p->work) || !mkdtemp(p->replay))
		return -1;
	p->dir = open(p->work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->dir < 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	(void)close(p->dir);
	empty_dir(p->work);
	empty_dir(p->replay);
	(void)rmdir(p->work);
	(void)rmdir(p->replay);
	free(p);
	return 0;
}

/* The content of NAME, by the real system; "" when it is not there. */
static const char *content(int dir, const char *name)
{
	static char text[64];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		(void)close(fd);
	return text;
}

static int open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_replace_and_read(void **state)
{
	const struct place *p = *state;
	const struct tw_sys *sys = tw_sys_real();
	struct tw_buf b;
	struct stat st;

	tw_buf_init(&b, sys, 100);
	CHECK_OK(tw_durable_replace(sys, p->dir, "f", "one", 3, 0600));
	CHECK_OK(tw_durable_replace(sys, p->dir, "f", "second", 6, 0600));
	CHECK(fstatat(p->dir, "f", &st, 0) == 0 && (st.st_mode & 0777) == 0600);
	CHECK_OK(tw_buf_text(&b, ">"));
	CHECK_OK(tw_durable_read(sys, p->dir, "f", 6, &b));
	CHECK_TEXT(tw_buf_cstr(&b), ">second");
	CHECK_ERR(tw_durable_read(sys, p->dir, "f", 5, &b), LIMIT);
	CHECK_ERR(tw_durable_read(sys, p->dir, "none", 5, &b), NOTFOUND);
	CHECK_ERR(tw_durable_read(sys, p->dir, "../etc/passwd", 5, &b), IO);
	CHECK_TEXT(tw_buf_cstr(&b), ">second");
	CHECK_OK(tw_durable_replace(sys, p->dir, "empty", "", 0, 0600));
	CHECK_OK(tw_durable_read(sys, p->dir, "empty", 0, &b));
	CHECK_OK(tw_durable_remove(sys, p->dir, "f"));
	CHECK_OK(tw_durable_remove(sys, p->dir, "f"));
	CHECK_ERR(tw_durable_read(sys, p->dir, "f", 5, &b), NOTFOUND);
	tw_buf_done(&b);
}

static void test_refuses_what_is_no_file(void **state)
{
	const struct place *p = *state;
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 100);
	CHECK(mkfifoat(p->dir, "pipe", 0600) == 0);
	CHECK_ERR(tw_durable_read(tw_sys_real(), p->dir, "pipe", 5, &b), STATE);
	CHECK(symlinkat("/etc/passwd", p->dir, "link") == 0);
	CHECK_ERR(tw_durable_read(tw_sys_real(), p->dir, "link", 5000, &b), IO);
	CHECK_ERR(tw_durable_replace(tw_sys_real(), p->dir, "a/b", "x", 1, 0600), IO);
	tw_buf_done(&b);
}

/* A leftover of another mode, or a link planted under the new name, must not shine through. */
static void test_leftover_is_removed(void **state)
{
	const struct place *p = *state;
	struct stat st;

	CHECK(symlinkat("elsewhere", p->dir, "f.new") == 0);
	CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", "x", 1, 0600));
	CHECK(fstatat(p->dir, "f", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
	CHECK(fstatat(p->dir, "elsewhere", &st, AT_SYMLINK_NOFOLLOW) != 0);
}

static const int numbers[] = { EIO, ENOSPC, EINTR, EMFILE, ENOMEM, EDQUOT, EROFS };

/* Old or new, whole; OK only with new; no descriptor left. */
static void test_every_fault_point(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	long points = 0;

	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		for (int sticky = 0; sticky < 2; sticky++)
			for (long k = 1;; k++) {
				int before = open_fds();
				tw_err e;

				CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", "old", 3, 0600));
				tw_fake_fail(f, k, numbers[i], sticky);
				e = tw_durable_replace(tw_fake_sys(f), p->dir, "f", "new!", 4, 0600);
				if (!tw_fake_fired(f))
					break;
				points++;
				CHECK_INT(open_fds(), before);
				if (!tw_failed(e))
					CHECK_TEXT(content(p->dir, "f"), "new!");
				else
					CHECK(strcmp(content(p->dir, "f"), "old") == 0 || strcmp(content(p->dir, "f"), "new!") == 0);
				if (numbers[i] == EINTR && strcmp(tw_fake_name(f, k), "unlink") != 0 &&
					strcmp(tw_fake_name(f, k), "rename") != 0)
					CHECK_OK(e); /* tried again */
				if (numbers[i] == ENOSPC && tw_failed(e))
					CHECK(tw_is(e, TW_CODE_LIMIT));
			}
	CHECK(points > 70);
	(void)tw_fake_free(f);
}

static void test_short_writes_and_reads(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	struct tw_buf b;
	int fd;

	tw_buf_init(&b, sys, 100);
	tw_fake_short(f, 1);
	CHECK_OK(tw_durable_replace(sys, p->dir, "f", "hello", 5, 0600));
	CHECK(tw_fake_fired(f));
	CHECK_TEXT(content(p->dir, "f"), "hello");
	tw_fake_short(f, 1);
	CHECK_OK(tw_durable_read(sys, p->dir, "f", 5, &b));
	CHECK_TEXT(tw_buf_cstr(&b), "hello");
	fd = sys->open_beneath(sys, p->dir, "f", O_RDWR, 0);
	tw_fake_short(f, 1);
	CHECK_OK(tw_durable_write_at(sys, fd, "HELP", 4, 1));
	CHECK(tw_fake_fired(f));
	CHECK_TEXT(content(p->dir, "f"), "hHELP");
	CHECK_OK(tw_durable_sync(sys, fd));
	tw_fake_fail(f, 1, EIO, false);
	CHECK_ERR(tw_durable_sync(sys, fd), IO);
	(void)close(fd);
	tw_buf_done(&b);
	(void)tw_fake_free(f);
}

static void test_read_every_fault_point(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	struct tw_buf b;
	int before = open_fds();

	CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", "content", 7, 0600));
	tw_buf_init(&b, tw_sys_real(), 100);
	for (long k = 1; k <= 4; k++) { /* open, fstat, read, read: none of them says that the file is too large */
		tw_fake_fail(f, k, EMFILE, false);
		CHECK_ERR(tw_durable_read(tw_fake_sys(f), p->dir, "f", 50, &b), IO);
	}
	tw_buf_done(&b);
	for (long k = 1;; k++) {
		tw_err e;

		tw_fake_fail(f, k, ENOMEM, false);
		tw_buf_init(&b, tw_fake_sys(f), 100);
		e = tw_durable_read(tw_fake_sys(f), p->dir, "f", 50, &b);
		CHECK_TEXT(tw_buf_cstr(&b), tw_failed(e) ? "" : "content");
		tw_buf_done(&b);
		CHECK_INT(open_fds(), before);
		if (!tw_fake_fired(f))
			break;
	}
	(void)tw_fake_free(f);
}

/* tw_durable_replace with one of its syncs left out: 1 the file's, 2 the directory's. */
static void replace_without(const struct tw_sys *sys, int dir, const char *name, const char *data, int left_out)
{
	int fd = sys->open_beneath(sys, dir, "f.new", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && sys->write(sys, fd, data, strlen(data)) == (ssize_t)strlen(data));
	if (left_out != 1)
		CHECK(sys->fsync(sys, fd) == 0);
	CHECK(sys->close(sys, fd) == 0 && sys->rename(sys, dir, "f.new", dir, name) == 0);
	if (left_out != 2)
		CHECK(sys->fsync(sys, dir) == 0);
}

/* How many of the states break the promise: the acknowledged version or the next one, whole. */
static long count_bad(tw_fake *f, const struct place *p, long *ret_states)
{
	long bad = 0, states = 0;

	for (size_t point = 0; point < tw_fake_points(f); point++) {
		unsigned variants = tw_fake_pending(f, point) ? 24 : 1;
		uint64_t acked = tw_fake_acked(f, point);

		for (unsigned v = 0; v < variants; v++) {
			char now[16], next[16];
			int dir;

			CHECK_OK(tw_fake_rebuild(f, point, v, p->replay));
			states++;
			(void)snprintf(now, sizeof now, "version %u", (unsigned)acked);
			(void)snprintf(next, sizeof next, "version %u", (unsigned)acked + 1);
			dir = open(p->replay, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			bad += strcmp(content(dir, "f"), now) != 0 && strcmp(content(dir, "f"), next) != 0;
			(void)close(dir);
		}
	}
	*ret_states = states;
	return bad;
}

static long run_cuts(const struct place *p, int left_out, long *ret_states)
{
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	long bad;

	CHECK_OK(tw_durable_replace(sys, p->dir, "f", "version 0", 9, 0600));
	tw_fake_record(f, p->work);
	for (unsigned i = 1; i <= 8; i++) {
		char text[16];

		(void)snprintf(text, sizeof text, "version %u", i);
		if (left_out)
			replace_without(sys, p->dir, "f", text, left_out);
		else
			CHECK_OK(tw_durable_replace(sys, p->dir, "f", text, strlen(text), 0600));
		tw_fake_mark(f, i);
	}
	bad = count_bad(f, p, ret_states);
	(void)tw_fake_free(f);
	return bad;
}

static void test_every_cut(void **state)
{
	long states;

	CHECK_INT(run_cuts(*state, 0, &states), 0);
	CHECK(states > 500);
}

static void test_a_forgotten_sync_is_found(void **state)
{
	long states;

	CHECK(run_cuts(*state, 1, &states) > 0);
	CHECK(run_cuts(*state, 2, &states) > 0);
}

/* The same faults planted in the journal of a program that has none: each is found, and taken back leaves nothing behind. */
static void test_a_planted_fault_is_found(void **state)
{
	static const char *const kinds[] = { "fsync f.new", "fsync ", "rename /f.new" };
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	long states;

	CHECK_OK(tw_durable_replace(tw_fake_sys(f), p->dir, "f", "version 0", 9, 0600));
	tw_fake_record(f, p->work);
	for (unsigned i = 1; i <= 4; i++) {
		char text[16];

		(void)snprintf(text, sizeof text, "version %u", i);
		CHECK_OK(tw_durable_replace(tw_fake_sys(f), p->dir, "f", text, strlen(text), 0600));
		tw_fake_mark(f, i);
	}
	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		CHECK_INT(tw_fake_spoil(f, kinds[i]), 4);
		CHECK(count_bad(f, p, &states) > 0);
	}
	CHECK_INT(tw_fake_spoil(f, "fsync of what is not there"), 0);
	CHECK_INT(count_bad(f, p, &states), 0);
	(void)tw_fake_free(f);
}

/* Equal states have one hash, whatever way led to them; others have others. */
static void test_states_are_told_apart(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	tw_state *s;
	uint64_t none, second, first;

	tw_fake_record(f, p->work);
	CHECK_OK(tw_durable_replace(tw_fake_sys(f), p->dir, "f", "old", 3, 0600));
	size_t middle = tw_fake_points(f) - 1;
	CHECK_OK(tw_durable_replace(tw_fake_sys(f), p->dir, "f", "new", 3, 0600));
	size_t last = tw_fake_points(f) - 1;
	s = tw_state_new(f);
	tw_state_make(s, 0, 0);
	none = tw_state_hash(s);
	tw_state_make(s, last, 0);
	second = tw_state_hash(s);
	tw_state_make(s, middle, 0); /* back */
	first = tw_state_hash(s);
	CHECK(none != second && second != first && none != first);
	tw_state_make(s, last - 1, 0); /* before the last sync, nothing lost */
	CHECK(tw_state_hash(s) == second);
	tw_state_make(s, last - 1, 1); /* all names lost */
	CHECK(tw_state_hash(s) == first);
	tw_state_make(s, last - 1, 3); /* the rename alone lost: the new file still has its first name */
	CHECK(tw_state_hash(s) != second && tw_state_hash(s) != first);
	(void)tw_state_free(s);
	(void)tw_fake_free(f);
}

/* Bytes that were never synced are no question any more once their file is gone for good. */
static void test_what_is_gone_is_not_pending(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);

	tw_fake_record(f, p->work);
	int fd = sys->open_beneath(sys, p->dir, "g", O_WRONLY | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && sys->write(sys, fd, "never synced", 12) == 12 && sys->close(sys, fd) == 0);
	CHECK_INT(tw_fake_pending(f, tw_fake_points(f) - 1), 2);
	CHECK(sys->unlink(sys, p->dir, "g") == 0);
	CHECK_INT(tw_fake_pending(f, tw_fake_points(f) - 1), 3); /* the name may be lost, and the removal */
	CHECK_OK(tw_durable_sync_dir(sys, p->dir));
	CHECK_INT(tw_fake_pending(f, tw_fake_points(f) - 1), 0);
	(void)tw_fake_free(f);
}

/* Removal is acknowledged only when it is on disk. */
static void test_remove_every_cut(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();

	CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", "there", 5, 0600));
	tw_fake_record(f, p->work);
	CHECK_OK(tw_durable_remove(tw_fake_sys(f), p->dir, "f"));
	tw_fake_mark(f, 1);
	for (size_t point = 0; point < tw_fake_points(f); point++)
		for (unsigned v = 0; v < 8; v++) {
			int dir;

			CHECK_OK(tw_fake_rebuild(f, point, v, p->replay));
			dir = open(p->replay, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (tw_fake_acked(f, point))
				CHECK_TEXT(content(dir, "f"), "");
			(void)close(dir);
		}
	(void)tw_fake_free(f);
}

/* A copy is whole once it has returned and its name is synced; a failing one leaves nothing under the name and no descriptor. */
static void test_copy(void **state)
{
	const struct place *p = *state;
	const struct tw_sys *real = tw_sys_real();
	int fds = open_fds();
	bool done = false;

	CHECK_OK(tw_durable_replace(real, p->dir, "f", "content", 7, 0600));
	CHECK_ERR(tw_durable_copy(real, p->dir, "none", "g", 0600), IO);
	for (long nth = 1; !done; nth++) {
		tw_fake *f = tw_fake_new();

		tw_fake_fail(f, nth, ENOSPC, false);
		tw_err e = tw_durable_copy(tw_fake_sys(f), p->dir, "f", "g", 0600);
		done = !tw_fake_fired(f);
		CHECK(tw_failed(e) ? faccessat(p->dir, "g", F_OK, 0) != 0 : strcmp(content(p->dir, "g"), "content") == 0);
		(void)tw_fake_free(f);
		CHECK_INT(open_fds(), fds);
		(void)unlinkat(p->dir, "g", 0);
	}
	tw_fake *f = tw_fake_new();
	tw_fake_record(f, p->work);
	CHECK_OK(tw_durable_copy(tw_fake_sys(f), p->dir, "f", "g", 0600));
	CHECK_OK(tw_durable_sync_dir(tw_fake_sys(f), p->dir));
	for (unsigned v = 0; v < 8; v++) {
		CHECK_OK(tw_fake_rebuild(f, tw_fake_points(f) - 1, v, p->replay));
		int dir = open(p->replay, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		CHECK_TEXT(content(dir, "g"), "content");
		(void)close(dir);
	}
	(void)tw_fake_free(f);
}

/* What stood there is no hindrance, an interrupted read goes on, and a failure says what was being done; then nothing is synced. */
static void test_copy_says_why(void **state)
{
	const struct place *p = *state;
	const struct tw_sys *real = tw_sys_real();
	tw_fake *f = tw_fake_new();
	long read_at = 0;

	CHECK_OK(tw_durable_replace(real, p->dir, "f", "content", 7, 0600));
	CHECK_OK(tw_durable_replace(real, p->dir, "g", "of another time", 15, 0600));
	tw_fake_fail(f, 0, 0, false);
	CHECK_OK(tw_durable_copy(tw_fake_sys(f), p->dir, "f", "g", 0600));
	CHECK_TEXT(content(p->dir, "g"), "content");
	for (long n = 1; n <= tw_fake_calls(f) && !read_at; n++)
		read_at = strcmp(tw_fake_name(f, n), "read") == 0 ? n : 0;
	tw_fake_fail(f, read_at, EINTR, false);
	CHECK_OK(tw_durable_copy(tw_fake_sys(f), p->dir, "f", "g", 0600));
	CHECK_TEXT(content(p->dir, "g"), "content");
	tw_fake_fail(f, read_at, EIO, false);
	CHECK_ERR(tw_durable_copy(tw_fake_sys(f), p->dir, "f", "g", 0600), IO);
	CHECK(strncmp(tw_err_detail(), "reading", 7) == 0);
	for (long n = 1; n <= tw_fake_calls(f); n++)
		CHECK(strcmp(tw_fake_name(f, n), "fsync") != 0);
	CHECK_ERR(tw_durable_copy(real, p->dir, "none", "g", 0600), IO);
	CHECK(strncmp(tw_err_detail(), "opening none", 12) == 0);
	CHECK(faccessat(p->dir, "g", F_OK, 0) != 0);
	(void)tw_fake_free(f);
}

static long nth_of(const tw_fake *f, const char *name)
{
	for (long n = 1; n <= tw_fake_calls(f); n++)
		if (strcmp(tw_fake_name(f, n), name) == 0)
			return n;
	return 0;
}

/* What is destroyed is overwritten, and that is on the disk, before its name goes: who held it open reads zeroes. */
static void test_destroy(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 10000 };
	static char bytes[10000], got[10001], zeros[10000];
	const struct place *p = *state;
	int fds = open_fds();
	tw_fake *f = tw_fake_new();

	memset(bytes, 's', sizeof bytes);
	for (size_t i = 0; i < TW_COUNT(sizes); i++) {
		CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", bytes, sizes[i], 0600));
		int held = openat(p->dir, "f", O_RDONLY | O_CLOEXEC);
		tw_fake_fail(f, 0, 0, false);
		CHECK_OK(tw_durable_destroy(tw_fake_sys(f), p->dir, "f"));
		CHECK(faccessat(p->dir, "f", F_OK, 0) != 0);
		CHECK_INT(read(held, got, sizeof got), sizes[i]);
		CHECK(memcmp(got, zeros, sizes[i]) == 0);
		CHECK(nth_of(f, "pwrite") < nth_of(f, "fdatasync") && nth_of(f, "fdatasync") < nth_of(f, "unlink"));
		CHECK(nth_of(f, "unlink") < nth_of(f, "fsync"));
		(void)close(held);
	}
	CHECK_OK(tw_durable_destroy(tw_fake_sys(f), p->dir, "none"));
	CHECK_INT(open_fds(), fds);
	(void)tw_fake_free(f);
}

/* Whatever of it fails is told, and as long as it was not overwritten durably the name stays. */
static void test_destroy_tells_every_failure(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	bool fired = true;

	for (long n = 1; fired; n++) {
		CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", "secret", 6, 0600));
		tw_fake_fail(f, n, EIO, false);
		tw_err e = tw_durable_destroy(tw_fake_sys(f), p->dir, "f");
		fired = tw_fake_fired(f);
		bool quiet = !fired || strcmp(tw_fake_name(f, n), "close") == 0;
		CHECK(tw_failed(e) == !quiet);
		if (!quiet)
			CHECK((faccessat(p->dir, "f", F_OK, 0) == 0) == (strcmp(tw_fake_name(f, n), "fsync") != 0));
		if (n == 1)
			CHECK(strncmp(tw_err_detail(), "opening f", 9) == 0);
	}
	(void)tw_fake_free(f);
}

/* A failure that is not passed on is a promise broken in silence: of every call but close and the clearing up after a failure. */
static void test_every_failure_is_told(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	long told = 0, syncs = 0;

	for (long k = 1;; k++) {
		tw_err e;

		tw_fake_fail(f, k, EIO, false);
		e = tw_durable_replace(sys, p->dir, "f", "new!", 4, 0600);
		if (!tw_fake_fired(f))
			break;
		if (strcmp(tw_fake_name(f, k), "close") == 0)
			continue;
		told++;
		CHECK(tw_is(e, TW_CODE_IO));
		CHECK(faccessat(p->dir, "f.new", F_OK, AT_SYMLINK_NOFOLLOW) != 0); /* nothing is left lying about */
		if (strcmp(tw_fake_name(f, k), "write") == 0)
			CHECK(strcmp(tw_fake_name(f, k + 1), "close") == 0); /* what is thrown away is not synced first */
		syncs += strcmp(tw_fake_name(f, k), "fsync") == 0;
	}
	CHECK_INT(told, 6); /* unlink, open, write, fsync, rename, fsync */
	CHECK_INT(syncs, 2);
	for (long k = 1; k <= 2; k++) {
		CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, "f", "x", 1, 0600));
		tw_fake_fail(f, k, EIO, false);
		CHECK_ERR(tw_durable_rename(sys, p->dir, "f", "g"), IO);
		CHECK(tw_fake_fired(f));
		tw_fake_fail(f, k, EIO, false);
		CHECK_ERR(tw_durable_remove(sys, p->dir, "g"), IO);
		CHECK(tw_fake_fired(f));
	}
	for (long k = 1;; k++) {
		tw_fake_fail(f, k, EIO, false);
		tw_err e = tw_durable_try(sys, p->dir);
		if (!tw_fake_fired(f)) {
			CHECK_OK(e);
			break;
		}
		CHECK(tw_failed(e) != (strcmp(tw_fake_name(f, k), "close") == 0));
		CHECK(faccessat(p->dir, "trial", F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
			faccessat(p->dir, "trial.new", F_OK, AT_SYMLINK_NOFOLLOW) != 0);
	}
	(void)tw_fake_free(f);
}

static void test_names_have_an_end(void **state)
{
	const struct place *p = *state;
	char longest[NAME_MAX + 1];

	memset(longest, 'n', sizeof longest);
	longest[NAME_MAX - strlen(".new")] = '\0'; /* with what is put behind it, the longest the kernel takes */
	CHECK_OK(tw_durable_replace(tw_sys_real(), p->dir, longest, "x", 1, 0600));
	CHECK_TEXT(content(p->dir, longest), "x");
	longest[NAME_MAX - strlen(".new")] = 'n';
	longest[NAME_MAX - strlen(".new") + 1] = '\0';
	CHECK_ERR(tw_durable_replace(tw_sys_real(), p->dir, longest, "x", 1, 0600), LIMIT);
}

static int errno_left;
static long nothing_calls;

/* A disk that takes nothing and names no reason. errno is whatever was there before. */
static ssize_t take_nothing(void)
{
	CHECK(nothing_calls++ < 9);
	errno = errno_left;
	return 0;
}

static ssize_t write_nothing(const struct tw_sys *s, int fd, const void *data, size_t size)
{
	return take_nothing();
}

static ssize_t pwrite_nothing(const struct tw_sys *s, int fd, const void *data, size_t size, off_t offset)
{
	return take_nothing();
}

static void test_a_disk_that_takes_nothing(void **state)
{
	const struct place *p = *state;
	struct tw_sys sys = *tw_sys_real();
	int fd = openat(p->dir, "at", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	sys.write = write_nothing;
	sys.pwrite = pwrite_nothing;
	for (size_t i = 0; i < TW_COUNT(numbers); i++) {
		errno_left = numbers[i];
		nothing_calls = 0;
		CHECK_ERR(tw_durable_replace(&sys, p->dir, "f", "x", 1, 0600), IO);
		CHECK_ERR(tw_durable_write_at(&sys, fd, "x", 1, 0), IO);
		CHECK_INT(nothing_calls, 2);
	}
	(void)close(fd);
}

/* What was interrupted is tried again, and a failure says what was being done. */
static void test_interrupted_and_refused(void **state)
{
	const struct place *p = *state;
	static const char *const doing[] = { "opening f", "looking at f", "reading f" };
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);
	int fd = openat(p->dir, "f", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), 100);
	tw_fake_fail(f, 1, EINTR, false);
	CHECK_OK(tw_durable_write_at(sys, fd, "word", 4, 0));
	CHECK(tw_fake_fired(f));
	tw_fake_fail(f, 1, EMFILE, false);
	CHECK_ERR(tw_durable_write_at(sys, fd, "word", 4, 0), LIMIT);
	for (long k = 1; k <= 3; k++) {
		tw_fake_fail(f, k, EINTR, false);
		CHECK((k == 2) == tw_failed(tw_durable_read(sys, p->dir, "f", 4, &b))); /* fstat cannot be interrupted */
		tw_fake_fail(f, k, EMFILE, false);
		CHECK_ERR(tw_durable_read(sys, p->dir, "f", 4, &b), IO);
		CHECK(strncmp(tw_err_detail(), doing[k - 1], strlen(doing[k - 1])) == 0);
		tw_fake_fail(f, k, ENOMEM, false);
		CHECK_ERR(tw_durable_read(sys, p->dir, "f", 4, &b), NOMEM);
	}
	CHECK_TEXT(tw_buf_cstr(&b), "wordword");
	tw_buf_done(&b);
	(void)close(fd);
	(void)tw_fake_free(f);
}

/* Files that are placed are durable with the whole file system, or it is said that they are not. */
static void test_all_at_once(void **state)
{
	const struct place *p = *state;
	tw_fake *f = tw_fake_new();
	const struct tw_sys *sys = tw_fake_sys(f);

	CHECK_OK(tw_durable_place(sys, p->dir, "f", "word", 4, 0600));
	CHECK_OK(tw_durable_sync_all(sys, p->dir));
	tw_fake_fail(f, 1, EIO, false);
	CHECK_ERR(tw_durable_sync_all(sys, p->dir), IO);
	CHECK_TEXT(tw_fake_name(f, 1), "syncfs");
	(void)tw_fake_free(f);
}

#define AT_PLACE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

CHECK_MAIN(AT_PLACE(test_replace_and_read), AT_PLACE(test_refuses_what_is_no_file), AT_PLACE(test_leftover_is_removed),
	AT_PLACE(test_every_fault_point), AT_PLACE(test_short_writes_and_reads), AT_PLACE(test_read_every_fault_point),
	AT_PLACE(test_every_cut), AT_PLACE(test_a_forgotten_sync_is_found), AT_PLACE(test_a_planted_fault_is_found),
	AT_PLACE(test_states_are_told_apart), AT_PLACE(test_what_is_gone_is_not_pending), AT_PLACE(test_remove_every_cut),
	AT_PLACE(test_copy), AT_PLACE(test_copy_says_why), AT_PLACE(test_destroy), AT_PLACE(test_destroy_tells_every_failure),
	AT_PLACE(test_every_failure_is_told), AT_PLACE(test_names_have_an_end), AT_PLACE(test_a_disk_that_takes_nothing),
	AT_PLACE(test_interrupted_and_refused), AT_PLACE(test_all_at_once))
