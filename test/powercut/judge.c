/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The oracle for states on a real disk. Reads "DIRECTORY ACKED CUT" lines; says "ok", or what is broken of the promise number ACKED
 * in the file PROMISES. With a CUT it starts the unit, ends itself at the CUTth write or sync, and says "cut".
 *
 *   powercut-judge PROMISES
 *
 * Each state is judged in a process of its own, so that nothing stays open on it.
 */
#include "oracle.h"
#include "unit.h"

#include "sys/real.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROMISES_MAX 256
#define WAS_CUT 77 /* a child's exit status */

static struct promise promises[PROMISES_MAX];
static size_t promise_count;
static unsigned long left; /* writes and syncs until the power goes */

static void count_down(void)
{
	if (--left == 0)
		_exit(WAS_CUT);
}

static int cut_fsync(const struct tw_sys *s, int fd)
{
	int r = tw_sys_real()->fsync(s, fd);

	count_down();
	return r;
}

static int cut_fdatasync(const struct tw_sys *s, int fd)
{
	int r = tw_sys_real()->fdatasync(s, fd);

	count_down();
	return r;
}

static ssize_t cut_write(const struct tw_sys *s, int fd, const void *data, size_t size)
{
	ssize_t n = tw_sys_real()->write(s, fd, data, size);

	count_down();
	return n;
}

static ssize_t cut_pwrite(const struct tw_sys *s, int fd, const void *data, size_t size, off_t offset)
{
	ssize_t n = tw_sys_real()->pwrite(s, fd, data, size, offset);

	count_down();
	return n;
}

static int cut_rename(const struct tw_sys *s, int from_dir, const char *from, int to_dir, const char *to)
{
	int r = tw_sys_real()->rename(s, from_dir, from, to_dir, to);

	count_down();
	return r;
}

static void start_until_cut(const char *path, unsigned long cut)
{
	struct tw_sys sys = *tw_sys_real();
	tw_unit *u = NULL;

	sys.fsync = cut_fsync;
	sys.fdatasync = cut_fdatasync;
	sys.write = cut_write;
	sys.pwrite = cut_pwrite;
	sys.rename = cut_rename;
	left = cut;
	tw_unit_boot(900);
	if (!tw_failed(tw_unit_start(&sys, path, &u)))
		_exit(WAS_CUT); /* right after the start */
	printf("does not start: %s\n", tw_err_detail());
	(void)fflush(stdout);
	_exit(0);
}

static void judge(const char *directory, unsigned long acked, unsigned long cut)
{
	const struct promise *p = acked > 0 && acked <= promise_count ? &promises[acked - 1] : NULL;
	const char *bad;
	char path[600];

	(void)snprintf(path, sizeof path, "%s/" STORY_UNIT, directory);
	if (cut && p)
		start_until_cut(path, cut);
	if (cut)
		_exit(WAS_CUT); /* nothing was promised yet, so nothing starts */
	bad = oracle_judge(path, p, p != NULL);
	printf("%s\n", bad ? bad : "ok");
	(void)fflush(stdout);
}

static void answer(const char *directory, unsigned long acked, unsigned long cut)
{
	int status = 0;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		judge(directory, acked, cut);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || (status != 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == WAS_CUT)))
		printf("the judge itself ended with %d\n", status);
	else if (status != 0)
		printf("cut\n"); /* said only now: nothing holds its files any more */
	(void)fflush(stdout);
}

static unsigned long number(const char **at)
{
	unsigned long n = 0;

	for (*at += **at == ' '; **at >= '0' && **at <= '9'; ++*at)
		n = n * 10 + (unsigned long)(**at - '0');
	return n;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

/* What libraries set up once costs more than a state: done here, the children have it. */
static bool warm_up(void)
{
	char directory[] = "/tmp/tw-judge-XXXXXX";
	tw_unit *u = NULL;
	bool good = mkdtemp(directory) && !tw_failed(tw_unit_provision(directory)) &&
		!tw_failed(tw_unit_start(tw_sys_real(), directory, &u)) && tw_unit_takeover(u, "alice") == 201;

	(void)tw_unit_stop(u);
	(void)nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
	return good;
}

static bool load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, promises, sizeof promises) : -1;

	promise_count = n > 0 ? (size_t)n / sizeof *promises : 0;
	return fd >= 0 && close(fd) == 0 && promise_count > 0 && promise_count < PROMISES_MAX;
}

int main(int argc, char **argv)
{
	char line[512];

	if (argc != 2 || !load(argv[1]))
		return 2;
	tw_unit_use(tw_sys_real());
	if (!freopen("/dev/null", "w", stderr) || !warm_up())
		return 1;
	while (fgets(line, sizeof line, stdin)) {
		const char *rest = line + strcspn(line, " ");
		unsigned long acked, cut;

		if (!*rest)
			return 1;
		line[rest - line] = '\0';
		rest++;
		acked = number(&rest);
		cut = number(&rest);
		answer(line, acked, cut);
	}
	return 0;
}
