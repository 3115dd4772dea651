/* SPDX-License-Identifier: Apache-2.0 */
/* Walks: every entry once and in order, gone on behind each of them, links not followed, what cannot be looked into is said. */
#include "sys/walk.h"

#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct tw_sys *sys;
static char place[64];
static int dir;

static const char *const files[] = { "a", "a-b", "a.b/c", "b/c/d/e", "b/c/f", "b/g", "b.c", "z" };
/* By name in each folder, which is not the order of whole paths: "a-b" stands before "a.b/c", "b/g" before "b.c". */
static const char want[] = "F a\nF a-b\nD a.b\nF a.b/c\nD b\nD b/c\nD b/c/d\nF b/c/d/e\nF b/c/f\nF b/g\nF b.c\nO link\nF z\n";

static void put(const char *path)
{
	char copy[128];

	(void)snprintf(copy, sizeof copy, "%s", path);
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdirat(dir, copy, 0755);
		*slash = '/';
	}
	int fd = openat(dir, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	CHECK(fd >= 0);
	(void)close(fd);
}

static int set_up(void **state)
{
	sys = tw_sys_real();
	(void)snprintf(place, sizeof place, "/tmp/tw-walk-XXXXXX");
	if (!mkdtemp(place))
		return -1;
	dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < TW_COUNT(files); i++)
		put(files[i]);
	return symlinkat("b", dir, "link");
}

static int tear_down(void **state)
{
	static const char *const folders[] = { "b/c/d", "b/c", "b", "a.b" };

	for (size_t i = 0; i < TW_COUNT(files); i++)
		(void)unlinkat(dir, files[i], 0);
	(void)unlinkat(dir, "link", 0);
	for (size_t i = 0; i < TW_COUNT(folders); i++)
		(void)unlinkat(dir, folders[i], AT_REMOVEDIR);
	(void)close(dir);
	return rmdir(place);
}

static tw_err walk(const struct tw_sys *s, const char *after, struct tw_buf *ret)
{
	TW_CLEANUP(tw_walk_freep) tw_walk *w = NULL;
	struct tw_walk_entry e = { .kind = TW_WALK_FILE };

	TW_TRY(tw_walk_new(s, dir, after, &w));
	while (e.kind != TW_WALK_END) {
		TW_TRY(tw_walk_next(w, &e));
		if (e.kind != TW_WALK_END)
			TW_TRY(tw_buf_format(ret, "%c %s\n", e.broken ? 'B' : "?FDOSL"[e.kind], e.path));
	}
	return TW_OK;
}

static void test_order(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };

	tw_buf_init(&got, sys, 4096);
	CHECK_OK(walk(sys, "", &got));
	CHECK_TEXT(tw_buf_cstr(&got), want);
}

/* Behind each entry comes exactly what stood behind it. */
static void test_goes_on(void **state)
{
	for (const char *line = want; *line;) {
		TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
		const char *end = strchr(line, '\n');
		char after[64];

		(void)snprintf(after, sizeof after, "%.*s", (int)(end - line - 2), line + 2);
		line = end + 1;
		tw_buf_init(&got, sys, 4096);
		CHECK_OK(walk(sys, after, &got));
		if (strcmp(tw_buf_cstr(&got), line) != 0)
			fail_msg("behind %s came:\n%s", after, tw_buf_cstr(&got));
	}
}

/* The place itself has gone, its folder too, or it has become something else. */
static void test_goes_on_behind_what_is_gone(void **state)
{
	static const struct {
		const char *after, *first;
	} rows[] = { { "b/c/e", "F b/c/f" }, { "b/d/x", "F b/g" }, { "c/d", "O link" }, { "a/x", "F a-b" }, { "zz", "" },
		{ "b/c/d/f", "F b/c/f" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };

		tw_buf_init(&got, sys, 4096);
		CHECK_OK(walk(sys, rows[i].after, &got));
		if (strncmp(tw_buf_cstr(&got), rows[i].first, strlen(rows[i].first)) != 0 || (!rows[i].first[0] && got.size))
			fail_msg("behind %s came:\n%s", rows[i].after, tw_buf_cstr(&got));
	}
}

static void test_too_deep_is_said(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
	char path[512] = "z.d";

	tw_buf_init(&got, sys, 65536);
	for (int i = 0; i < TW_WALK_DEPTH_MAX + 1; i++) {
		CHECK(mkdirat(dir, path, 0755) == 0);
		(void)snprintf(path + strlen(path), sizeof path - strlen(path), "/d");
	}
	tw_err e = walk(sys, "", &got);
	while (strlen(path) > 3) {
		path[strlen(path) - 2] = '\0';
		(void)unlinkat(dir, path, AT_REMOVEDIR);
	}
	CHECK_OK(e);
	CHECK(strstr(tw_buf_cstr(&got), "\nS z.d/d/d"));
}

/* What it is called cannot be said; that it is there can, once, and its neighbours are gone on behind as ever. */
static void test_too_long_is_said(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };
	char path[TW_WALK_PATH_MAX + 64] = "z.d", word[200], longer[sizeof path + 256], want_long[2 * sizeof path + 16], name[256];
	size_t sizes[8], depth = 0;

	memset(word, 'w', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	for (;; depth++) {
		CHECK(mkdirat(dir, path, 0755) == 0);
		sizes[depth] = strlen(path);
		if (strlen(path) + sizeof word > TW_WALK_PATH_MAX - 8)
			break;
		(void)snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", word);
	}
	(void)snprintf(longer, sizeof longer, "%s/%s", path, name);
	CHECK(mkdirat(dir, longer, 0755) == 0);
	(void)snprintf(want_long, sizeof want_long, "\nD %s\nL %s\n", path, path);
	tw_buf_init(&got, sys, 65536);
	tw_err e = walk(sys, "", &got);
	(void)unlinkat(dir, longer, AT_REMOVEDIR);
	for (size_t i = depth + 1; i-- > 0;) {
		path[sizes[i]] = '\0';
		(void)unlinkat(dir, path, AT_REMOVEDIR);
	}
	CHECK_OK(e);
	CHECK(strstr(tw_buf_cstr(&got), want_long));
}

static bool become(uid_t id)
{
	return seteuid(id) == 0;
}

/* As nobody, when we are root: the folder's mode is for others then. */
static tw_err walk_as_another(const char *after, struct tw_buf *ret)
{
	uid_t me = geteuid();

	tw_buf_init(ret, sys, 4096);
	CHECK(me != 0 || (fchmod(dir, 0755) == 0 && become(65534)));
	tw_err e = walk(sys, after, ret);
	CHECK(become(me));
	return e;
}

/* Closed, and one whose names may be read while what they name may not be looked at. */
static void test_closed_folder_is_said(void **state)
{
	static const mode_t modes[] = { 0, 0744, 0444 };

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < TW_COUNT(modes); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };

		put("b/shut/x");
		CHECK(fchmodat(dir, "b/shut", modes[i], 0) == 0);
		tw_err e = walk_as_another("", &got);
		(void)unlinkat(dir, "b/shut/x", 0);
		(void)unlinkat(dir, "b/shut", AT_REMOVEDIR);
		CHECK_OK(e);
		CHECK(strstr(tw_buf_cstr(&got), "\nS b/shut\nF b.c\n"));
	}
}

static void test_closed_start_is_refused(void **state)
{
	static const mode_t modes[] = { 0, 0744 };

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < TW_COUNT(modes); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };

		tw_buf_init(&got, sys, 4096);
		CHECK(fchmod(dir, modes[i]) == 0 && become(65534));
		tw_err e = walk(sys, "", &got);
		CHECK(become(0) && fchmod(dir, 0755) == 0);
		CHECK_ERR(e, DENIED);
	}
}

/* It has closed since the walk was left in it: that is said, once, and what stands beside it is not passed over with it. */
static void test_goes_on_where_it_has_closed(void **state)
{
	static const struct {
		const char *after, *want;
	} rows[] = { { "b/z/f", "S b\nF b.c\nO link\nF z\n" }, { "b", "F b.c\nO link\nF z\n" }, { "a-b", "D a.b\nF a.b/c\nS b\nF b.c\n" } };

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };

		CHECK(fchmodat(dir, "b", 0700, 0) == 0);
		tw_err e = walk_as_another(rows[i].after, &got);
		CHECK(fchmodat(dir, "b", 0755, 0) == 0);
		CHECK_OK(e);
		if (strncmp(tw_buf_cstr(&got), rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("behind %s came:\n%s", rows[i].after, tw_buf_cstr(&got));
	}
}

static bool skips(const char *got, char kind)
{
	const char mark[] = { '\n', kind, ' ', '\0' };

	return strncmp(got, mark + 1, 2) == 0 || strstr(got, mark);
}

static bool skipped, broken; /* in the last sweep */

static tw_err sweep(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf got = { 0 };

	tw_buf_init(&got, sys, 4096);
	skipped = broken = false;
	TW_TRY(walk(s, "", &got));
	skipped = skips(tw_buf_cstr(&got), 'S');
	broken = skips(tw_buf_cstr(&got), 'B');
	return skipped || broken || strcmp(tw_buf_cstr(&got), want) == 0
		? TW_OK
		: TW_RAISE(UNTRUSTED, "an entry is missing: %s", tw_buf_cstr(&got));
}

/*
 * Each call fails once: it is told, except that a file descriptor which does not close has closed, and a file that has gone is none.
 * What a broken disk does to one entry is said of that entry, and told from what whoever owns it may have done; that we lack memory or
 * descriptors ends the walk. At its start everything does, and the error says which of them it was.
 */
static void test_failures(void **state)
{
	static const struct {
		int number;
		bool skips, breaks;
		enum tw_code start;
	} rows[] = { { EIO, false, true, TW_CODE_IO }, { ESTALE, false, true, TW_CODE_IO }, { EACCES, true, false, TW_CODE_DENIED },
		{ EPERM, true, false, TW_CODE_DENIED }, { ENOMEM, false, false, TW_CODE_NOMEM }, { EMFILE, false, false, TW_CODE_LIMIT } };
	tw_fake *f = tw_fake_new();

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		bool fired = true;

		for (long n = 1; fired; n++) {
			tw_fake_fail(f, n, rows[i].number, false);
			tw_err e = sweep(tw_fake_sys(f), NULL);
			const char *name = tw_fake_name(f, n);

			enum tw_code wanted = strcmp(name, "alloc") == 0 || strcmp(name, "resize") == 0 ? TW_CODE_NOMEM : rows[i].start;

			fired = tw_fake_fired(f);
			if (fired && strcmp(name, "close") != 0 &&
				(tw_failed(e) ? !tw_is(e, wanted) : skipped != rows[i].skips || broken != rows[i].breaks))
				fail_msg("call %ld (%s) failed by %d and was not told as that", n, name, rows[i].number);
			CHECK(fired || !tw_failed(e));
			tw_fake_fail(f, 0, 0, false);
		}
	}
	tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_goes_on, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_goes_on_behind_what_is_gone, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_too_deep_is_said, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_too_long_is_said, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_closed_folder_is_said, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_closed_start_is_refused, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_goes_on_where_it_has_closed, set_up, tear_down),
	cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down))
