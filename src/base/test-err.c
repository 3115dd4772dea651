/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/log.h"
#include "check.h"

#include <errno.h>
#include <unistd.h>

static tw_err refuse(const char *text)
{
	return TW_RAISE(LIMIT, "text '%s'", text);
}

static tw_err pass_on(const char *text)
{
	TW_TRY(refuse(text));
	return TW_OK;
}

static void test_raise_and_pass_on(void **state)
{
	CHECK_ERR(pass_on("x"), LIMIT);
	CHECK_TEXT(tw_err_detail(), "text 'x'");
	CHECK(strncmp(tw_err_place(), "refuse:", 7) == 0);
}

static void test_detail_is_cut_not_overrun(void **state)
{
	char long_text[3 * TW_DETAIL_MAX];

	memset(long_text, 'a', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	CHECK_ERR(refuse(long_text), LIMIT);
	CHECK_INT(strlen(tw_err_detail()), TW_DETAIL_MAX - 1);
}

static tw_err fail_errno(int number)
{
	errno = number;
	return TW_RAISE_ERRNO("opening");
}

static void test_errno_rows(void **state)
{
	static const struct {
		int number;
		enum tw_code code;
	} rows[] = {
		{ ENOMEM, TW_CODE_NOMEM },
		{ ENOSPC, TW_CODE_LIMIT },
		{ EDQUOT, TW_CODE_LIMIT },
		{ EMFILE, TW_CODE_LIMIT },
		{ ENFILE, TW_CODE_LIMIT },
		{ EIO, TW_CODE_IO },
		{ ENOENT, TW_CODE_IO },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_INT(fail_errno(rows[i].number).code, rows[i].code);
	CHECK_TEXT(tw_err_detail(), "opening: No such file or directory");
}

static void test_detail_may_quote_the_last_one(void **state)
{
	CHECK_ERR(refuse("x"), LIMIT);
	CHECK_ERR(TW_RAISE(STATE, "because: %s", tw_err_detail()), STATE);
	CHECK_TEXT(tw_err_detail(), "because: text 'x'");
}

static void test_names(void **state)
{
	CHECK_TEXT(tw_code_name(TW_CODE_OK), "OK");
	CHECK_TEXT(tw_code_name(TW_CODE_NOMEM), "NOMEM");
	CHECK_TEXT(tw_code_text(TW_CODE_INTERNAL), "a fault of ours");
	CHECK_TEXT(tw_code_name((enum tw_code)200), "INTERNAL");
}

/* What outside text can do to a terminal or a log reader ends here. */
static void test_log_shows_control_characters(void **state)
{
	char text[256];
	int ends[2], keep = dup(2);
	ssize_t n;

	CHECK(pipe(ends) == 0 && keep >= 0 && dup2(ends[1], 2) == 2);
	tw_log_setup("prog", TW_LEVEL_WARN);
	tw_warn("name '%s'", "a\033[2Jb\nc\xff");
	tw_info("not at this level");
	CHECK(dup2(keep, 2) == 2);
	n = read(ends[0], text, sizeof text - 1);
	CHECK(n > 0);
	text[n] = '\0';
	CHECK(strstr(text, "prog: name 'a?[2Jb?c?'\n") != NULL && !strstr(text, "not at"));
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(keep);
}

CHECK_MAIN(cmocka_unit_test(test_raise_and_pass_on), cmocka_unit_test(test_detail_is_cut_not_overrun),
	cmocka_unit_test(test_errno_rows), cmocka_unit_test(test_detail_may_quote_the_last_one), cmocka_unit_test(test_names),
	cmocka_unit_test(test_log_shows_control_characters))
