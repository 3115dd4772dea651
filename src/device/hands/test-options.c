/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/options.h"

#include "base/mem.h"
#include "check.h"
#include "sys/real.h"

static tw_err parse(const char *const *words, struct tw_hands_options *o)
{
	int n = 0;

	while (words[n])
		n++;
	return tw_hands_options_parse(n, (char *const *)(uintptr_t)words, o);
}

static void test_defaults(void **state)
{
	const char *const words[] = { "thingward-device", NULL };
	struct tw_hands_options o;

	CHECK_OK(parse(words, &o));
	CHECK(!o.foreground && !o.check && !o.help && !o.console && !o.roles && !o.watchdog && !o.packages);
	CHECK_TEXT(o.state, "/var/lib/thingward");
	CHECK_TEXT(o.run, "/run/thingward");
	CHECK_TEXT(o.config, "/etc/thingward");
	CHECK_INT(o.listen_count, 1);
	CHECK_TEXT(o.listen[0], "[::]:8443");
}

static void test_takes_all(void **state)
{
	const char *const words[] = { "d", "-f", "-n", "--state", "s", "--run", "r", "--config", "c", "--roles", "t", "--console",
		"k", "--role-program", "p", "--watchdog", "w", "--keystore", "file", "--keystore-pin", "y", "--root-secret", "x",
		"--packages", "opkg:x", "--inventory-root", "/r", "--listen", "1", "--listen", "2", NULL };
	struct tw_hands_options o;

	CHECK_OK(parse(words, &o));
	CHECK(o.foreground && o.check);
	CHECK_TEXT(o.state, "s");
	CHECK_TEXT(o.roles, "t");
	CHECK_TEXT(o.console, "k");
	CHECK_TEXT(o.role_program, "p");
	CHECK_TEXT(o.watchdog, "w");
	CHECK_TEXT(o.keystore, "file");
	CHECK_TEXT(o.keystore_pin, "y");
	CHECK_TEXT(o.root_secret, "x");
	CHECK_TEXT(o.packages, "opkg:x");
	CHECK_TEXT(o.inventory_root, "/r");
	CHECK_INT(o.listen_count, 2);
	CHECK_TEXT(o.listen[1], "2");
}

static void test_refuses(void **state)
{
	static const char *const rows[][4] = {
		{ "d", "-x", NULL },
		{ "d", "--state", NULL },
		{ "d", "state", NULL },
		{ "d", "--state=s", NULL },
		{ "d", "-fn", NULL },
		{ "d", "", NULL },
	};
	const char *many[2 * (TW_LISTEN_MAX + 1) + 2] = { "d" };
	struct tw_hands_options o;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_ERR(parse(rows[i], &o), SYNTAX);
	for (size_t i = 0; i <= TW_LISTEN_MAX; i++) {
		many[1 + 2 * i] = "--listen";
		many[2 + 2 * i] = "[::]:1";
	}
	CHECK_ERR(parse(many, &o), SYNTAX);
}

static void test_help_names_every_option(void **state)
{
	static const char *const names[] = { "-f", "-n", "--help", "--state", "--run", "--config", "--roles", "--listen",
		"--console", "--role-program", "--watchdog", "--keystore", "--root-secret", "--keystore-pin" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 8192);
	CHECK_OK(tw_hands_options_help(&b));
	for (size_t i = 0; i < TW_COUNT(names); i++)
		CHECK(strstr(tw_buf_cstr(&b), names[i]) != NULL);
}

CHECK_MAIN(cmocka_unit_test(test_defaults), cmocka_unit_test(test_takes_all), cmocka_unit_test(test_refuses),
	cmocka_unit_test(test_help_names_every_option))
