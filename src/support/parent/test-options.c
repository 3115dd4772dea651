/* SPDX-License-Identifier: Apache-2.0 */
#include "support/parent/places.h"

#include "base/mem.h"
#include "check.h"

#include <string.h>

#define MAX 8
static tw_err parse(const char *const words[MAX], struct tw_support_options *ret)
{
	char *argv[MAX + 1] = { NULL };
	int argc = 0;

	while (argc < MAX && words[argc]) {
		argv[argc] = (char *)(uintptr_t)words[argc];
		argc++;
	}
	return tw_support_options_parse(argc, argv, ret);
}

static void test_accepts(void **state)
{
	struct tw_support_options o;

	CHECK_OK(parse((const char *const[MAX]){ "s", "serve", "--dir", "/d" }, &o));
	assert_string_equal(o.dir, "/d");
	assert_string_equal(o.listen, "[::]:8443");
	CHECK(!o.help && !o.check && !o.roles);
	CHECK_OK(parse((const char *const[MAX]){ "s", "serve", "-n", "--dir", "/d", "--listen", "127.0.0.1:0" }, &o));
	assert_string_equal(o.listen, "127.0.0.1:0");
	CHECK(o.check);
	CHECK_OK(parse((const char *const[MAX]){ "s", "--help" }, &o));
	CHECK(o.help);
}

static void test_refuses(void **state)
{
	static const char *const rows[][MAX] = {
		{ "s" },
		{ "s", "serve" },
		{ "s", "serve", "--dir" },
		{ "s", "serve", "--dir", "" },
		{ "s", "--dir", "/d" },
		{ "s", "sell", "--dir", "/d" },
		{ "s", "serve", "--dir", "/d", "--colour" },
		{ "s", "serve", "--dir", "/d", "serve" },
	};
	struct tw_support_options o;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(parse(rows[i], &o), SYNTAX);
}

CHECK_MAIN(cmocka_unit_test(test_accepts), cmocka_unit_test(test_refuses))
