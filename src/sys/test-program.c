/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that are run to their end: what counts as one, and how long it may take. */
#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "sys/clock.h"
#include "sys/program.h"
#include "sys/real.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static struct tw_buf said;
static int status;
static int64_t took_ms;

static tw_err shell(const char *script, int wait_ms)
{
	char *const argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL };
	char *const envp[] = { (char *)(uintptr_t) "PATH=/usr/bin:/bin", NULL };
	const struct tw_program p = { "/bin/sh", argv, envp, -1, wait_ms };
	const int64_t from = tw_boot_ms(tw_sys_real());

	tw_buf_clear(&said);
	status = 4711;
	tw_err e = tw_program_run(tw_sys_real(), &p, &said, &status);
	took_ms = tw_boot_ms(tw_sys_real()) - from;
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD); /* none is left behind */
	return e;
}

static int begin(void **state)
{
	tw_buf_init(&said, tw_sys_real(), 8192);
	return 0;
}

static int end(void **state)
{
	tw_buf_done(&said);
	return 0;
}

static void test_ends(void **state)
{
	static const struct {
		const char *script, *said;
		int status;
	} rows[] = {
		{ "echo one; echo two >&2", "one\ntwo\n", 0 },
		{ "echo no; exit 3", "no\n", 3 },
		{ "kill -9 $$", "", -1 },
		{ "exec >&- 2>&-; sleep 0.2; exit 5", "", 5 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(shell(rows[i].script, 20000));
		CHECK_TEXT(tw_buf_cstr(&said), rows[i].said);
		CHECK_INT(status, rows[i].status);
	}
}

/* What it started holds its output, as a daemon does: it has ended, and all that it said is there. */
static void test_leaves_one_behind(void **state)
{
	CHECK_OK(shell("sleep 30 & echo $!; head -c 5000 /dev/zero | tr '\\0' x", 20000));
	CHECK(status == 0 && took_ms < 15000 && strlen(tw_buf_cstr(&said)) > 5000);
	const char *text = tw_buf_cstr(&said);
	uint64_t left = 0;

	CHECK_OK(tw_parse_u64((struct tw_slice){ text, strcspn(text, "\n") }, INT32_MAX, &left));
	CHECK(left > 1 && kill((pid_t)left, SIGKILL) == 0);
}

/* One that lives on is killed, whether it can still be heard or not. */
static void test_does_not_end(void **state)
{
	static const char *const scripts[] = { "exec sleep 30", "exec >&- 2>&-; exec sleep 30", "while :; do sleep 1; done" };

	for (size_t i = 0; i < TW_COUNT(scripts); i++) {
		CHECK_ERR(shell(scripts[i], 300), TIMEOUT);
		CHECK(status == -1 && took_ms >= 300 && took_ms < 15000);
	}
}

static void test_says_too_much(void **state)
{
	CHECK_ERR(shell("exec cat /dev/zero", 20000), LIMIT);
	CHECK_INT(status, -1);
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_ends, begin, end), cmocka_unit_test_setup_teardown(test_leaves_one_behind, begin, end),
	cmocka_unit_test_setup_teardown(test_does_not_end, begin, end), cmocka_unit_test_setup_teardown(test_says_too_much, begin, end))
