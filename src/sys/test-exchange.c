/* SPDX-License-Identifier: Apache-2.0 */
/* Two whole directories change places at once, whatever fails or is cut; and what is not wanted any more goes, all of it and nothing else. */
#include "base/mem.h"
#include "sys/durable.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64], replay[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	return remove(path);
}

static void lay(void)
{
	(void)nftw(base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	CHECK(mkdir(base, 0755) == 0);
}

static void put(const char *folder, const char *text)
{
	TW_CLEANUP(tw_closep) int dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC), in = -1;

	CHECK(mkdirat(dir, folder, 0755) == 0);
	in = openat(dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_OK(tw_durable_replace(tw_sys_real(), in, "v", text, strlen(text), 0644));
}

static const char *at(const char *where, const char *path)
{
	static char text[16];
	char whole[128];

	(void)snprintf(whole, sizeof(whole), "%s/%s", where, path);
	TW_CLEANUP(tw_closep) int fd = open(whole, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void test_exchange_every_cut(void **state)
{
	tw_fake *f = tw_fake_new();

	lay();
	put("t", "old");
	put("t.new", "new");
	TW_CLEANUP(tw_closep) int dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	tw_fake_record(f, base);
	CHECK_OK(tw_durable_exchange(tw_fake_sys(f), dir, "t", "t.new"));
	tw_fake_mark(f, 1);
	CHECK_TEXT(at(base, "t/v"), "new");
	CHECK_TEXT(at(base, "t.new/v"), "old");
	bool both[2] = { false };
	for (size_t point = 0; point < tw_fake_points(f); point++)
		for (unsigned v = 0; v < 4; v++) {
			CHECK_OK(tw_fake_rebuild(f, point, v, replay));
			bool now = !strcmp(at(replay, "t/v"), "new");
			both[now] = true;
			CHECK_TEXT(at(replay, "t/v"), now ? "new" : "old");
			CHECK_TEXT(at(replay, "t.new/v"), now ? "old" : "new");
			CHECK(now || !tw_fake_acked(f, point));
		}
	CHECK(both[0] && both[1]);
	for (long n = 1; n <= 2; n++) {
		tw_fake_fail(f, n, n == 1 ? EINVAL : EIO, false);
		tw_err e = tw_durable_exchange(tw_fake_sys(f), dir, "t", "t.new");
		CHECK(tw_is(e, n == 1 ? TW_CODE_UNSUPPORTED : TW_CODE_IO) && tw_fake_fired(f));
	}
	tw_fake_free(f);
}

static void grow(void)
{
	TW_CLEANUP(tw_closep) int dir = -1;

	lay();
	put("kept", "kept");
	put("t", "1");
	put("t/a", "2");
	put("t/a/b", "3");
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(symlinkat("../kept", dir, "t/link") == 0);
}

static bool is_there(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	return access(path, F_OK) == 0;
}

static void test_remove_tree(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	for (long n = 1; fired; n++) {
		grow();
		TW_CLEANUP(tw_closep) int dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		tw_fake_fail(f, n, EIO, false);
		tw_err e = tw_durable_remove_tree(tw_fake_sys(f), dir, "t");
		fired = tw_fake_fired(f);
		if (fired && strcmp(tw_fake_name(f, n), "close") != 0)
			CHECK(tw_failed(e));
		else
			CHECK(!tw_failed(e) && !is_there("t"));
		tw_fake_fail(f, 0, 0, false);
		CHECK_OK(tw_durable_remove_tree(tw_fake_sys(f), dir, "t"));
		CHECK(!is_there("t"));
		CHECK_TEXT(at(base, "kept/v"), "kept");
	}
	tw_fake_free(f);
}

static void test_remove_tree_too_deep(void **state)
{
	char path[128] = "t";
	size_t used = 1;

	lay();
	for (int i = 0; i <= TW_DURABLE_DEPTH_MAX; i++) {
		put(path, "x");
		used += (size_t)snprintf(path + used, sizeof(path) - used, "/d");
	}
	TW_CLEANUP(tw_closep) int dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int next = dup(dir);
	CHECK_ERR(tw_durable_remove_tree(tw_sys_real(), dir, "t"), LIMIT);
	int after = dup(dir);
	CHECK_INT(after, next + 1); /* no descriptor was left open */
	(void)close(next);
	(void)close(after);
}

static int setup(void **state)
{
	(void)snprintf(base, sizeof(base), "/tmp/tw-exchange-XXXXXX");
	(void)snprintf(replay, sizeof(replay), "/tmp/tw-replay-XXXXXX");
	return mkdtemp(base) && mkdtemp(replay) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)nftw(base, remove_one, 32, FTW_DEPTH | FTW_PHYS);
	(void)nftw(replay, remove_one, 32, FTW_DEPTH | FTW_PHYS);
	return 0;
}

#define AT_PLACE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

CHECK_MAIN(AT_PLACE(test_exchange_every_cut), AT_PLACE(test_remove_tree), AT_PLACE(test_remove_tree_too_deep))
