/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story on a real disk: each promise goes into the file PROMISES, and its number to MARK once it was made.
 *
 *   powercut-workload DIRECTORY MARK PROMISES [LEFT-OUT]
 *
 * LEFT-OUT plants a bug: the named call of the seam (fsync or fdatasync) says it worked and does nothing.
 */
#include "story.h"
#include "unit.h"

#include "base/log.h"
#include "sys/real.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct pens {
	int mark, promises;
	unsigned count;
} pens;

static void must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "powercut-workload: %s: %s (%s)\n", what, tw_err_detail(), tw_err_place());
	exit(1);
}

static void mark(struct story *s)
{
	char text[16];
	int size = snprintf(text, sizeof text, "%u", ++pens.count);

	must(write(pens.promises, &s->now, sizeof s->now) == (ssize_t)sizeof s->now, "writing the promise");
	must(pwrite(pens.mark, text, (size_t)size, 0) == size, "writing the mark");
}

static int nothing(const struct tw_sys *s, int fd)
{
	return 0;
}

static int64_t ahead_ms;

static void ahead(struct story *s, int64_t ms)
{
	ahead_ms = ms;
}

static int clock_ahead(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	int r = clock_gettime(id, ret);
	int64_t ms = (int64_t)ret->tv_sec * 1000 + ret->tv_nsec / 1000000 + ahead_ms;

	ret->tv_sec = (time_t)(ms / 1000);
	ret->tv_nsec = (long)(ms % 1000) * 1000000;
	return r;
}

/* Above the unit's own numbers. */
static int open_pen(const char *path, int flags)
{
	int low = open(path, flags | O_WRONLY | O_CLOEXEC, 0600), high = fcntl(low, F_DUPFD_CLOEXEC, 32);

	must(high >= 0 && close(low) == 0, path);
	return high;
}

int main(int argc, char **argv)
{
	struct story s = { .mark = mark, .ahead = ahead };
	struct tw_sys sys = *tw_sys_real();
	char path[256];

	if (argc < 4)
		return 2;
	sys.clock = clock_ahead;
	if (argc > 4 && strcmp(argv[4], "fsync") == 0)
		sys.fsync = nothing;
	if (argc > 4 && strcmp(argv[4], "fdatasync") == 0)
		sys.fdatasync = nothing;
	tw_log_setup("powercut-workload", TW_LEVEL_ERROR);
	tw_unit_use(tw_sys_real());
	pens.mark = open_pen(argv[2], 0);
	pens.promises = open_pen(argv[3], O_CREAT | O_TRUNC);
	(void)snprintf(path, sizeof path, "%s/" STORY_UNIT, argv[1]);
	must(mkdir(path, 0700) == 0, "beginning");
	must(!tw_failed(tw_unit_provision(path)), "provisioning");
	sync(); /* provisioning is not what is tested here */
	story_run(&s, &sys, path);
	return 0;
}
