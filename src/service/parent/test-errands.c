/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles on demand, as hands starts them: real processes of a small script that says it is boxed, says nothing, or ends at once.
 */
#include "service/parent/errands.h"

#include "base/fd.h"
#include "base/mem.h"
#include "check.h"
#include "service/parent/os.h"
#include "sys/real.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MINUTE 60000

static char folder[32], program[64], role_program[64];
static struct tw_errand_row rows[TW_ERRANDS];
static int null = -1;
static struct tw_errands all;

/* thingward-fetch is a script there, and the roles' program a name only. */
static void set_up(const char *script)
{
	int fd;

	(void)snprintf(folder, sizeof folder, "/tmp/tw-errands-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	(void)snprintf(program, sizeof program, "%s/thingward-fetch", folder);
	(void)snprintf(role_program, sizeof role_program, "%s/thingward-role", folder);
	if (script) {
		fd = open(program, O_WRONLY | O_CREAT | O_EXCL, 0700);
		CHECK(fd >= 0 && write(fd, script, strlen(script)) == (ssize_t)strlen(script) && close(fd) == 0);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	rows[TW_ERRAND_FETCH] = (struct tw_errand_row){ .uid = 4711, .gid = 4712, .program = "thingward-fetch" };
	tw_errands_init(tw_sys_real(), rows, null, role_program, &all);
}

static void tear_down(void)
{
	int status;

	tw_errands_end_all(&all);
	if (all.of[0].pid)
		(void)waitpid(all.of[0].pid, &status, 0);
	(void)tw_errands_gone(&all, 0);
	tw_closep(&null);
	(void)unlink(program);
	(void)rmdir(folder);
}

static enum tw_errand_not start(int64_t now_ms)
{
	enum tw_errand_not why;

	tw_errands_start(&all, TW_ERRAND_FETCH, now_ms, &why);
	return why;
}

static bool reap(int *ret_status)
{
	pid_t pid = all.of[0].pid;

	CHECK_INT(waitpid(pid, ret_status, 0), pid);
	CHECK_INT(tw_errands_find(&all, pid), TW_ERRAND_FETCH);
	return tw_errands_gone(&all, TW_ERRAND_FETCH);
}

static bool hears_boxed(void)
{
	struct pollfd p = { .fd = tw_channel_fd(all.of[0].channel), .events = POLLIN };
	struct tw_message m;

	return poll(&p, 1, 5000) == 1 && !tw_failed(tw_channel_receive(all.of[0].channel, &m)) && m.type == TW_WIRE_HANDS_BOXED;
}

/* BOXED, as bytes. */
#define BOXED "#!/bin/sh\nprintf '\\005\\007\\000\\000\\000\\000\\000\\000\\000\\000\\000\\002\\002\\007' >&3\nexec sleep 100\n"

static void test_core_gets_a_line_once_it_is_boxed(void **state)
{
	TW_CLEANUP(tw_closep) int fd = -1;
	int status;

	set_up(BOXED);
	CHECK_INT(start(1000), 0);
	CHECK(tw_errands_late(&all, 1000) > 1000);
	CHECK_INT(start(1001), TW_ERRAND_RUNS);
	CHECK(hears_boxed());
	fd = tw_errands_boxed(&all, 0);
	CHECK(fd >= 0);
	CHECK_INT(tw_errands_boxed(&all, 0), -1);
	CHECK(tw_errands_late(&all, 1000000) == INT64_MAX);
	tw_errands_end(&all, 0);
	CHECK(!reap(&status)); /* core has its line, and sees there what happens */
	CHECK_INT(all.of[0].pid, 0);
	tear_down();
}

static void test_one_without_a_box_is_ended(void **state)
{
	int status;

	set_up("#!/bin/sh\nexec sleep 100\n");
	CHECK_INT(start(1000), 0);
	CHECK_INT(tw_errands_late(&all, 2999), 3000);
	CHECK(all.of[0].pid != 0);
	(void)tw_errands_late(&all, 3000);
	CHECK(reap(&status)); /* core still waited */
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK_INT(start(4000), 0);
	tear_down();
}

static void test_budget_of_a_minute(void **state)
{
	int status;

	set_up("#!/bin/sh\nexit 3\n");
	for (int i = 0; i < TW_ERRAND_BUDGET_MAX; i++) {
		CHECK_INT(start(1000 + i), 0);
		CHECK(reap(&status));
		CHECK_INT(WEXITSTATUS(status), 3);
	}
	CHECK_INT(start(1000 + MINUTE - 1), TW_ERRAND_BUDGET);
	CHECK_INT(start(1000 + MINUTE), 0);
	tear_down();
}

static void test_refusals(void **state)
{
	set_up(NULL);
	CHECK_INT(start(1000), TW_ERRAND_FAILED); /* its program is not installed */
	CHECK(all.of[0].pid == 0 && !all.of[0].channel && all.of[0].core_end == -1);
	rows[TW_ERRAND_FETCH].uid = 0;
	CHECK_INT(start(1000), TW_ERRAND_NO_LINE);
	CHECK_INT(tw_errands_find(&all, 1), -1);
	tear_down();
}

CHECK_MAIN(cmocka_unit_test(test_core_gets_a_line_once_it_is_boxed), cmocka_unit_test(test_one_without_a_box_is_ended),
	cmocka_unit_test(test_budget_of_a_minute), cmocka_unit_test(test_refusals))
