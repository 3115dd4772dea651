/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the power is cut of: a unit is provisioned, started, taken over, read, changed, started again and again, and each promise
 * is written to MARK once it was made.
 *
 *   powercut-workload DIRECTORY MARK CHANGES [LEFT-OUT]
 *
 * LEFT-OUT plants a bug: the named call of the seam (fsync or fdatasync) says it worked and does nothing.
 */
#include "promises.h"
#include "unit.h"

#include "base/log.h"
#include "sys/real.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHANGES_PER_START 7

static int mark_fd;

static void must(bool good, const char *what)
{
	if (good)
		return;
	(void)fprintf(stderr, "powercut-workload: %s: %s (%s)\n", what, tw_err_detail(), tw_err_place());
	exit(1);
}

static void promise(unsigned n)
{
	char text[16];
	int size = snprintf(text, sizeof text, "%u", n);

	must(pwrite(mark_fd, text, (size_t)size, 0) == size, "writing the mark");
}

static int nothing(const struct tw_sys *s, int fd)
{
	return 0;
}

static void change(tw_unit *u, unsigned n)
{
	char version[16];

	(void)snprintf(version, sizeof version, "\"%u\"", n - 1);
	must(tw_unit_request(u, "PUT", SETTING, version, n % 2 ? "{\"value\":\"off\"}" : "{\"value\":\"on\"}") == 200,
		"changing the setting");
	promise(OWNED + n);
}

static void run(const struct tw_sys *sys, const char *path, unsigned changes)
{
	tw_unit *u = NULL;

	for (unsigned n = 0; n <= changes; n++) {
		if (n % CHANGES_PER_START == 0) {
			u = tw_unit_stop(u);
			must(!tw_failed(tw_unit_start(sys, path, &u)), "starting");
		}
		if (n == 0) {
			must(tw_unit_takeover(u, "alice") == 201, "taking over");
			promise(OWNED);
			continue;
		}
		change(u, n);
		(void)tw_unit_request(u, "GET", "/api/v1/identity", NULL, NULL);
		if (n % 3 == 0)
			must(!tw_failed(tw_unit_settle(u)), "settling");
	}
	(void)tw_unit_stop(u);
}

int main(int argc, char **argv)
{
	struct tw_sys sys = *tw_sys_real();
	char path[256];
	unsigned changes = 0;

	if (argc < 4)
		return 2;
	if (argc > 4 && strcmp(argv[4], "fsync") == 0)
		sys.fsync = nothing;
	if (argc > 4 && strcmp(argv[4], "fdatasync") == 0)
		sys.fdatasync = nothing;
	for (const char *c = argv[3]; *c >= '0' && *c <= '9'; c++)
		changes = changes * 10 + (unsigned)(*c - '0');
	tw_log_setup("powercut-workload", TW_LEVEL_ERROR);
	tw_unit_use(tw_sys_real());
	mark_fd = fcntl(open(argv[2], O_WRONLY | O_CLOEXEC), F_DUPFD_CLOEXEC, 32); /* above the unit's numbers */
	(void)snprintf(path, sizeof path, "%s/" UNIT, argv[1]);
	must(mark_fd >= 0 && mkdir(path, 0700) == 0, "beginning");
	must(!tw_failed(tw_unit_provision(path)), "provisioning");
	sync(); /* provisioning is not what is tested here */
	promise(PROVISIONED);
	run(&sys, path, changes);
	return 0;
}
