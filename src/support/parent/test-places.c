/* SPDX-License-Identifier: Apache-2.0 */
/* What app, once taken over, may leave in its folder for the next start. As root with ids of its own, else as whoever runs it. */
#include "support/parent/places.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL "postgresql:///a?host=/nowhere&user=b\n"
#define NETWORK "postgresql://localhost/a?user=b\n"
#define APP 64501

static char dir[64], app[80];

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	TW_CLEANUP(tw_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK_INT(write(fd, text, strlen(text)), strlen(text));
	if (geteuid() == 0 && folder == app)
		CHECK_INT(fchown(fd, APP, APP), 0);
}

static int set_up(void **state)
{
	(void)snprintf(dir, sizeof dir, "/dev/shm/tw-places-XXXXXX");
	CHECK(mkdtemp(dir));
	(void)snprintf(app, sizeof app, "%s/app", dir);
	CHECK_INT(mkdir(app, 0700), 0);
	if (geteuid() == 0) {
		CHECK_INT(chown(app, APP, APP), 0);
		put(dir, "roles.tab", "app 64501 64501\nfront 64502 64502\nkeys 64503 64503\nhash 64504 64504\nstore 64509 64509\n");
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *where)
{
	return remove(path);
}

static int tear_down(void **state)
{
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static tw_err start(void)
{
	const struct tw_support_options o = { .dir = dir, .listen = "127.0.0.1:0" };
	TW_CLEANUP(tw_support_places_done) struct tw_support_places p;

	tw_support_places_init(&p);
	TW_TRY(tw_support_places_open(tw_sys_real(), &o, &p));
	CHECK_INT(p.line >= 0, p.where.network);
	return TW_OK;
}

/* 's': a socket, 'f': a file, 'd': a directory, 'l': a link, '-': nothing. */
static char kind_of(const char *folder, const char *name)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	if (lstat(path, &st))
		return '-';
	return S_ISSOCK(st.st_mode) ? 's' : S_ISREG(st.st_mode) ? 'f' : S_ISDIR(st.st_mode) ? 'd' : S_ISLNK(st.st_mode) ? 'l' : '?';
}

static void in_app(char path[256], const char *name)
{
	(void)snprintf(path, 256, "%s/%s", app, name);
}

static void an_address_of_apps_is_not_believed(void **state)
{
	char path[256];

	put(app, TW_PG_WHERE_FILE, LOCAL);
	CHECK_ERR(start(), DENIED); /* of an older release: a person looks at it and moves it */
	CHECK(strstr(tw_err_detail(), "install -m 600"));
	put(app, "support.db", "");
	CHECK_OK(start()); /* the store is in files: nobody has to copy what app says */
	CHECK_INT(kind_of(app, TW_PG_WHERE_FILE), 'f');
	in_app(path, TW_PG_WHERE_FILE);
	CHECK_INT(unlink(path), 0);
	CHECK_INT(symlink("/etc/passwd", path), 0);
	CHECK_OK(start());
	in_app(path, "support.db");
	CHECK_INT(unlink(path), 0);
	CHECK_ERR(start(), DENIED);
	CHECK(strstr(tw_err_detail(), "is no file") && !strstr(tw_err_detail(), "install"));
	put(dir, TW_PG_WHERE_FILE, LOCAL);
	CHECK_OK(start());
}

static void nothing_stands_in_the_sockets_place(void **state)
{
	char path[256], within[300], target[128];

	in_app(path, TW_PG_SOCKET);
	put(dir, TW_PG_WHERE_FILE, NETWORK);
	CHECK_OK(start());
	CHECK_OK(start()); /* one of ours that was left */
	CHECK_INT(kind_of(app, TW_PG_SOCKET), 's');
	CHECK_INT(unlink(path), 0);
	put(app, TW_PG_SOCKET, "in the way");
	CHECK_OK(start());
	CHECK_INT(kind_of(app, TW_PG_SOCKET), 's');
	CHECK_INT(unlink(path), 0);
	put(dir, "others", "kept");
	(void)snprintf(target, sizeof target, "%s/others", dir);
	CHECK_INT(symlink(target, path), 0);
	CHECK_INT(lchown(path, geteuid() ? geteuid() : APP, (gid_t)-1), 0);
	CHECK_OK(start());
	CHECK_INT(kind_of(app, TW_PG_SOCKET), 's');
	CHECK_INT(kind_of(dir, "others"), 'f');
	for (int full = 0; full < 2; full++) {
		CHECK_INT(unlink(path), 0);
		CHECK_INT(mkdir(path, 0700), 0);
		(void)snprintf(within, sizeof within, "%s/x", path);
		CHECK(!full || mkdir(within, 0700) == 0);
		CHECK_INT(lchown(path, geteuid() ? geteuid() : APP, (gid_t)-1), 0);
		CHECK_OK(start());
		CHECK_INT(kind_of(app, TW_PG_SOCKET), 's');
	}
}

/* What is not app's own is not removed: somebody else has been there. */
static void of_others_nothing_is_removed(void **state)
{
	char path[256];

	if (geteuid() != 0)
		skip();
	put(dir, TW_PG_WHERE_FILE, NETWORK);
	put(app, TW_PG_SOCKET, "root's");
	in_app(path, TW_PG_SOCKET);
	CHECK_INT(chown(path, 0, 0), 0);
	CHECK_ERR(start(), EXISTS);
	CHECK_INT(kind_of(app, TW_PG_SOCKET), 'f');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
CHECK_MAIN(TEST(an_address_of_apps_is_not_believed), TEST(nothing_stands_in_the_sockets_place), TEST(of_others_nothing_is_removed))
