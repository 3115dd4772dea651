/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of files, over a small disk: what is changed, missing and of nobody is told, once each, and whoever goes on at any of its
 * places in another process tells the rest.
 *
 * @nist DI.ABI.3: a planted executable and a changed file are found
 */
#include "service/scan/scan-inside.h"

#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <unistd.h>

#define EMPTY_MD5 "d41d8cd98f00b204e9800998ecf8427e"
#define ABC_MD5 "900150983cd24fb0d6963f7d28e17f72"
#define ABC_SHA256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_SHA1 "Q1qZk+NkcGgWq6PiVxeFDCbJzQ2J0="
#define ELF "\177ELFxyz"

static char place[64];
static int root, database;

static void put(int dir, const char *path, const char *content, mode_t mode)
{
	char copy[2048];

	(void)snprintf(copy, sizeof copy, "%s", path);
	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdirat(dir, copy, 0755);
		*slash = '/';
	}
	int fd = openat(dir, path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content) && fchmod(fd, mode) == 0);
	(void)close(fd);
}

static int set_up(void **state)
{
	(void)snprintf(place, sizeof place, "/tmp/tw-scan-XXXXXX");
	if (!mkdtemp(place) || chmod(place, 0755))
		return -1;
	int top = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)mkdirat(top, "root", 0755);
	(void)mkdirat(top, "db", 0755);
	root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	database = openat(top, "db", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)close(top);
	return root < 0 || database < 0 ? -1 : 0;
}

static int take_away(const char *path, const struct stat *st, int type, struct FTW *where)
{
	return remove(path);
}

static int tear_down(void **state)
{
	(void)close(root);
	(void)close(database);
	return nftw(place, take_away, 8, FTW_DEPTH | FTW_PHYS);
}

/* A usr merged by links, two packages, and what can be wrong with them. */
static void make_debian(void)
{
	put(root, "usr/bin/good", ELF, 0755);
	put(root, "usr/bin/changed", "abd", 0755);
	put(root, "usr/bin/planted", ELF, 0755);
	put(root, "usr/bin/text", "only words", 0755);
	put(root, "usr/bin/passive", ELF, 0644);
	put(root, "usr/lib/deep/er/run.sh", "#!/bin/sh\n", 0744);
	put(root, "usr/share/doc/example", "#!/bin/sh\n", 0755);
	put(root, "usr/share/conf", "abc", 0644);
	put(root, "usr/share/was-file/x", "", 0644);
	put(root, "srv/u/tool", ELF, 0700);
	CHECK(symlinkat("usr/bin", root, "bin") == 0 && symlinkat("usr/lib", root, "lib") == 0 &&
		symlinkat("good", root, "usr/bin/link") == 0);
	CHECK(symlinkat("share", root, "usr/elsewhere") == 0);
	put(database, "info/a.list", "/.\n/bin\n/bin/good\n/usr\n/usr/bin/changed\n/usr/bin/gone\n/etc/a.conf\n", 0644);
	put(database, "info/a.md5sums", "ff02b2ab4d6e9b1dcc61ce40b3cd1ae0  usr/bin/../x\n", 0644);
	put(database, "info/a.md5sums", ABC_MD5 "  usr/bin/changed\n" ABC_MD5 "  usr/bin/gone\n", 0644);
	put(database, "info/b:x.list", "/usr/share/conf\n", 0644);
	put(database, "info/b:x.md5sums",
		ABC_MD5 "  usr/share/conf\n" EMPTY_MD5 "  usr/share/was-file\n" ABC_MD5 "  usr/elsewhere/conf\n", 0644);
	put(database, "info/b:x.postinst", "not a list\n", 0755);
}

#define DEBIAN_FOUND                                                                                                                 \
	"changed md5 usr/bin/changed\nmissing name usr/bin/gone\nchanged name usr/share/was-file\nchanged name usr/elsewhere/conf\n" \
	"unknown-executable elf usr/bin/planted\nunknown-executable script usr/lib/deep/er/run.sh\n"

struct run {
	const struct tw_sys *sys;
	const char *word, *folders, *ignored;
	struct tw_buf found; /* one line each */
	struct tw_slice from;
	struct tw_buf *left; /* where it was after so many steps; NULL: to the end */
	long steps;
	struct tw_scan_counts counts;
};

static tw_err found(void *user, const struct tw_scan_finding *f)
{
	struct run *r = user;

	return tw_buf_format(&r->found, "%s %s %s\n", tw_scan_kinds[f->kind], tw_scan_hows[f->how], f->path);
}

static tw_err scan(struct run *r)
{
	TW_CLEANUP(tw_scan_freep) tw_scan *s = NULL;
	const struct tw_scan_order order = { tw_package_system(r->word), tw_slice_of(r->folders), tw_slice_of(r->ignored), r->from };
	bool finished = false;

	if (!r->found.sys)
		tw_buf_init(&r->found, r->sys, 65536);
	TW_TRY(tw_scan_new(r->sys, root, database, &order, found, &s));
	tw_scan_user(s, r);
	for (long n = 0; !finished && (!r->left || n < r->steps); n++)
		TW_TRY(tw_scan_step(s, &finished));
	r->counts = tw_scan_counts(s);
	r->steps = finished ? -1 : r->steps;
	return r->left ? tw_scan_place(s, r->left) : TW_OK;
}

static void finds(const char *word, const char *folders, const char *ignored, const char *want)
{
	struct run r = { .sys = tw_sys_real(), .word = word, .folders = folders, .ignored = ignored };

	CHECK_OK(scan(&r));
	CHECK_TEXT(tw_buf_cstr(&r.found), want);
	tw_buf_done(&r.found);
}

static void test_debian(void **state)
{
	struct run r = { .sys = tw_sys_real(), .word = "debian", .folders = "/usr/bin /bin /usr/lib /nowhere /usr/bin/good", .ignored = "" };

	make_debian();
	CHECK_OK(scan(&r));
	CHECK_TEXT(tw_buf_cstr(&r.found), DEBIAN_FOUND);
	CHECK_INT(r.counts.changed, 3);
	CHECK_INT(r.counts.missing, 1);
	CHECK_INT(r.counts.unknown, 2);
	CHECK_INT(r.counts.checked, 5);
	CHECK_INT(r.counts.executables, 5);
	CHECK_INT(r.counts.skipped, 0);
	tw_buf_done(&r.found);
}

static void test_folders_and_ignored(void **state)
{
	make_debian();
	finds("debian", "", "/usr/share /usr/elsewhere", "changed md5 usr/bin/changed\nmissing name usr/bin/gone\n");
	finds("debian", "/usr", "/bin/changed /usr/bin/gone /usr/share /usr/elsewhere /lib/deep", "unknown-executable elf usr/bin/planted\n");
	finds("debian", "/usr", "/bin/changed /bin/planted /bin/gone /usr/share /usr/elsewhere /lib", "");
	finds("debian", "/usr", "/bin /usr/share /usr/elsewhere", "unknown-executable script usr/lib/deep/er/run.sh\n");
	finds("debian", "/usr", "/usr/bin/changed /usr/bin/gone /usr/share /usr/elsewhere /usr/lib/deep /usr/bin/pla",
		"unknown-executable elf usr/bin/planted\n");
	finds("debian", "/srv", "/usr", "unknown-executable elf srv/u/tool\n");
	finds("debian", "/usr /srv", "/usr /srv/u", "");
}

/* From every step's place to the end; a finding that was told before the place is not told behind it, and none is lost. */
static void goes_on_anywhere(const char *want, uint64_t skipped)
{
	for (long n = 0;; n++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf left = { 0 };
		struct run r = {
			.sys = tw_sys_real(), .word = "debian", .folders = "/usr/bin /usr/lib", .ignored = "", .left = &left, .steps = n
		};

		tw_buf_init(&left, r.sys, TW_SCAN_PLACE_MAX);
		CHECK_OK(scan(&r));
		bool over = r.steps < 0;
		uint64_t before = r.counts.skipped;
		r.left = NULL;
		r.from = tw_buf_slice(&left);
		CHECK_OK(scan(&r));
		if (strcmp(tw_buf_cstr(&r.found), want) != 0)
			fail_msg("left after %ld steps:\n%s", n, tw_buf_cstr(&r.found));
		CHECK_INT(before + r.counts.skipped, skipped);
		tw_buf_done(&r.found);
		if (over)
			return;
	}
}

static void test_goes_on_anywhere(void **state)
{
	make_debian();
	goes_on_anywhere(DEBIAN_FOUND, 0);
}

/* Behind what has too long a path there is no place: it is counted once, and what stands before it is not told again. */
static void test_goes_on_behind_long_names(void **state)
{
	static const char *const names[] = { "a", "z" };
	char folder[TW_WALK_PATH_MAX + 1] = "usr/lib/", path[sizeof folder + 256],
				       want[sizeof DEBIAN_FOUND + 3 * sizeof path] = DEBIAN_FOUND;

	make_debian();
	for (size_t i = strlen(folder); i < 900; i++)
		folder[i] = i % 200 == 0 ? '/' : 'z';
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		put(root, path, ELF, 0755);
		(void)snprintf(want + strlen(want), sizeof want - strlen(want), "unknown-executable elf %s\n", path);
	}
	(void)snprintf(path, sizeof path, "%s/%0250d", folder, 0);
	path[strlen(folder) + 1] = 'm';
	put(root, path, ELF, 0755);
	path[strlen(folder) + 1] = 'n';
	put(root, path, ELF, 0755);
	goes_on_anywhere(want, 2);
}

static void test_other_systems(void **state)
{
	put(root, "usr/bin/a", "abc", 0755);
	put(root, "usr/bin/b", "abd", 0755);
	put(root, "usr/bin/p", ELF, 0755);
	CHECK(symlinkat("a", root, "usr/bin/l") == 0);
	put(database, "installed",
		"P:x\nF:usr/bin\nR:a\nZ:" ABC_SHA1 "\nR:b\nZ:" ABC_SHA1 "\nR:l\nZ:" ABC_SHA1 "\nR:gone\nZ:" ABC_SHA1 "\nF:etc\n\n", 0644);
	finds("alpine", "/usr", "", "changed sha1 usr/bin/b\nmissing name usr/bin/gone\nunknown-executable elf usr/bin/p\n");
	put(database, "files.sha256", "# x\n" ABC_SHA256 "  ./usr/bin/a\n" ABC_SHA256 "  ./usr/bin/b\n" ABC_SHA256 "  usr/bin/gone", 0644);
	finds("image", "/usr", "", "changed sha256 usr/bin/b\nmissing name usr/bin/gone\nunknown-executable elf usr/bin/p\n");
	put(database, "info/x.list", "/usr/bin/a\n/usr/bin/gone\n/usr/bin/l\n", 0644);
	finds("opkg", "/usr", "", "missing name usr/bin/gone\nunknown-executable elf usr/bin/p\n");
}

/* More than one piece of a file and of a list, and a line over the edge of the window. */
static void test_long_files(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf list = { 0 }, sums = { 0 };
	char *content = calloc(1, 200001);

	CHECK(content);
	memset(content, 'x', 200000);
	put(root, "usr/long", content, 0644);
	free(content);
	tw_buf_init(&list, tw_sys_real(), 1 << 20);
	tw_buf_init(&sums, tw_sys_real(), 1 << 20);
	for (int i = 0; i < 6000; i++)
		CHECK_OK(tw_buf_format(&list, "/usr/share/some/folder/file-%d\n", i));
	CHECK_OK(tw_buf_text(&list, "/usr/last"));
	put(root, "usr/last", ELF, 0755);
	put(root, "usr/share/some/folder/file-5999", ELF, 0755);
	put(database, "info/a.list", tw_buf_cstr(&list), 0644);
	put(database, "info/a.md5sums", "c21ec6d3d1bf15f3cc3e7a5d4aad86ba  usr/long\n", 0644);
	finds("debian", "/usr", "", "changed md5 usr/long\n");
}

static void test_refused(void **state)
{
	static const char *const lists[] = { "usr/bin\n", "/usr/../etc\n", "/usr//a\n" };
	static const char *const orders[] = { "usr", "/", "/usr//bin", "/usr/..", "/usr  /opt", "/usr /usr", " /usr", "/usr " };
	static const char *const places[] = { "\1\0\0\0", "\7\0\0\0\0x", "\1\0\0\0\0../x", "\20\0\0\1\0x", "\1\0\0\0\0a//b" };
	static const size_t place_sizes[] = { 4, 6, 9, 6, 9 };
	struct run r = { .sys = tw_sys_real(), .word = "debian", .folders = "/usr", .ignored = "" };

	CHECK_ERR(scan(&r), IO);
	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		put(database, "info/a.list", lists[i], 0644);
		CHECK_ERR(scan(&r), SYNTAX);
		CHECK(strstr(tw_err_detail(), "a.list"));
	}
	put(database, "info/a.list", "/usr\n", 0644);
	CHECK_OK(scan(&r));
	for (size_t i = 0; i < TW_COUNT(orders); i++) {
		CHECK_ERR(tw_scan_paths_check(tw_slice_of(orders[i]), 2), SYNTAX);
		r.folders = orders[i];
		CHECK_ERR(scan(&r), SYNTAX);
	}
	CHECK_OK(tw_scan_paths_check(tw_slice_of(""), 2));
	CHECK_ERR(tw_scan_paths_check(tw_slice_of("/a /b /c"), 2), LIMIT);
	CHECK_ERR(tw_scan_paths_check((struct tw_slice){ "usr/bin", 3 }, 2), SYNTAX);
	CHECK(strstr(tw_err_detail(), "'usr'"));
	r.folders = "/usr";
	for (size_t i = 0; i < TW_COUNT(places); i++) {
		r.from = (struct tw_slice){ places[i], place_sizes[i] };
		CHECK_ERR(scan(&r), SYNTAX);
	}
	tw_buf_done(&r.found);
}

/* As nobody: a program that only root may read, and folders that are closed or give their names and no more, one where a walk begins. */
static void test_closed(void **state)
{
	if (geteuid() != 0)
		skip();
	put(root, "usr/secret", ELF, 0700);
	put(root, "usr/shut/x", ELF, 0755);
	put(root, "usr/private", "abc", 0600);
	put(database, "info/a.md5sums", ABC_MD5 "  usr/private\n", 0644);
	put(root, "usr/half/x", ELF, 0755);
	put(root, "opt/x", ELF, 0755);
	put(root, "srv/x", ELF, 0755);
	CHECK(fchmodat(root, "usr/shut", 0700, 0) == 0 && fchmodat(root, "usr/half", 0744, 0) == 0);
	CHECK(fchmodat(root, "opt", 0744, 0) == 0 && fchmodat(root, "srv", 0700, 0) == 0);
	struct run r = { .sys = tw_sys_real(), .word = "debian", .folders = "/opt /srv /usr", .ignored = "" };
	CHECK(seteuid(65534) == 0);
	tw_err e = scan(&r);
	CHECK(seteuid(0) == 0);
	CHECK_OK(e);
	CHECK_TEXT(tw_buf_cstr(&r.found), "unknown-executable closed usr/secret\n");
	CHECK_INT(r.counts.unread, 1);
	CHECK_INT(r.counts.skipped, 4);
	tw_buf_done(&r.found);
}

/* Whoever holds a lease for writing on a file of his keeps others from opening it, and nobody from checking the rest. */
static void test_leases(void **state)
{
	static const char *const leased[] = { "usr/bin/own", "usr/bin/changed" };
	struct run r = { .sys = tw_sys_real(), .word = "debian", .folders = "/usr", .ignored = "/usr/share /usr/elsewhere /usr/lib" };
	int fds[TW_COUNT(leased)];

	make_debian();
	put(root, leased[0], ELF, 0755);
	(void)signal(SIGIO, SIG_IGN); /* which says that somebody wants it */
	for (size_t i = 0; i < TW_COUNT(leased); i++) {
		fds[i] = openat(root, leased[i], O_RDWR | O_CLOEXEC);
		CHECK(fds[i] >= 0);
		if (fcntl(fds[i], F_SETLEASE, F_WRLCK))
			skip();
	}
	CHECK_OK(scan(&r));
	CHECK_TEXT(tw_buf_cstr(&r.found),
		"missing name usr/bin/gone\nunknown-executable closed usr/bin/own\nunknown-executable elf usr/bin/planted\n");
	CHECK_INT(r.counts.unread, 1);
	for (size_t i = 0; i < TW_COUNT(leased); i++)
		(void)close(fds[i]);
	tw_buf_done(&r.found);
}

static bool passed_over, broken; /* in the last sweep: something could not be read, and that is counted; closed by nobody */

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	struct run r = { .sys = sys, .word = "debian", .folders = "/usr/bin /usr/lib", .ignored = "/usr/share" };
	tw_err e = scan(&r);

	passed_over = r.counts.unread || r.counts.skipped || strstr(tw_buf_cstr(&r.found), " closed ");
	broken = r.counts.broken != 0;
	tw_buf_done(&r.found);
	return e;
}

/* Each call fails once, as by a broken disk or a closed file; in how many places that is counted. */
static long fail_each(int number)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	long counted = 0;

	for (long n = 1; fired; n++) {
		tw_fake_fail(f, n, number, false);
		tw_err e = sweep(tw_fake_sys(f), NULL);
		const char *name = tw_fake_name(f, n);

		fired = tw_fake_fired(f);
		if (number == EIO && fired && !tw_failed(e) && !passed_over && strcmp(name, "close") != 0)
			fail_msg("call %ld (%s) failed and was neither told nor counted", n, name);
		CHECK(fired || (!tw_failed(e) && !passed_over));
		if (!tw_failed(e) && broken != (passed_over && number == EIO))
			fail_msg("call %ld (%s) failed by %d, and the disk was %s", n, name, number, broken ? "blamed" : "praised");
		counted += fired && !tw_failed(e) && passed_over;
		tw_fake_fail(f, 0, 0, false);
	}
	tw_fake_free(f);
	return counted;
}

/*
 * A broken disk fails the check where it holds the lists, and is counted or told where it holds one file of many, and not for closed by
 * whoever owns that.
 */
static void test_failures(void **state)
{
	make_debian();
	oom_sweep(sweep, NULL);
	CHECK(fail_each(EIO) > 10);
	CHECK(fail_each(EACCES) > 10);
	CHECK(fail_each(EAGAIN) > 10);
}

#define ON_A_DISK(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
CHECK_MAIN(ON_A_DISK(test_debian), ON_A_DISK(test_folders_and_ignored), ON_A_DISK(test_goes_on_anywhere),
	ON_A_DISK(test_goes_on_behind_long_names), ON_A_DISK(test_other_systems), ON_A_DISK(test_long_files),
	ON_A_DISK(test_refused), ON_A_DISK(test_closed), ON_A_DISK(test_leases), ON_A_DISK(test_failures))
