/* SPDX-License-Identifier: Apache-2.0 */
/* The payloads of the application's door: each form, and each way of not being it. */
#include "sys/application.h"

#include "base/mem.h"
#include "check.h"

#define S(literal) TW_SLICE(literal)

static void test_reads_each_form(void **state)
{
	struct tw_app_event e;
	struct tw_app_health h;
	struct tw_slice key;

	CHECK_OK(tw_app_read_event(S("\0\1a\0\2{}"), &e));
	CHECK(tw_slice_is(e.id, "a") && tw_slice_is(e.fields, "{}"));
	CHECK_OK(tw_app_read_health(S("\0\1s\1\0\2ok"), &h));
	CHECK(tw_slice_is(h.name, "s") && tw_slice_is(h.text, "ok") && h.well);
	CHECK_OK(tw_app_read_health(S("\0\1s\0\0\0"), &h));
	CHECK(!h.well);
	CHECK_OK(tw_app_read_setting(S("\0\3a.b"), &key));
	CHECK(tw_slice_is(key, "a.b"));
	enum tw_app_scope scope;
	CHECK_OK(tw_app_read_sealing(S("\1text"), &scope, &key));
	CHECK(scope == TW_APP_SCOPE_OWNERSHIP && tw_slice_is(key, "text"));
	CHECK_OK(tw_app_read_sealing(S("\0"), &scope, &key));
	CHECK(scope == TW_APP_SCOPE_UNIT && key.size == 0);
	CHECK_ERR(tw_app_read_sealing(S(""), &scope, &key), SYNTAX);
	CHECK_ERR(tw_app_read_sealing(S("\2text"), &scope, &key), SYNTAX);
}

static void test_reads_services(void **state)
{
	static const struct tw_slice bad[] = { S("ssh"), S("=running"), S("ssh="), S("ssh=on"), S("ssh=running "),
		S(" ssh=running"), S("s/h=off"), S("s\0h=off"), S("ssh=off=off") };
	struct tw_app_service s;
	struct tw_app_part part;
	struct tw_slice rest;

	CHECK_OK(tw_app_read_services(S("\1ssh=running getty@tty1=off"), &part));
	CHECK(part.first && !part.last && !part.more);
	rest = part.words;
	CHECK_OK(tw_app_next_service(&rest, &s));
	CHECK(tw_slice_is(s.name, "ssh") && tw_slice_is(s.state, "running") && tw_slice_is(rest, "getty@tty1=off"));
	CHECK_OK(tw_app_next_service(&rest, &s));
	CHECK(tw_slice_is(s.name, "getty@tty1") && tw_slice_is(s.state, "off") && !rest.size);
	CHECK_OK(tw_app_read_services(S("\7"), &part));
	CHECK(part.first && part.last && part.more && !part.words.size);
	CHECK_ERR(tw_app_read_services(S(""), &part), SYNTAX);
	CHECK_ERR(tw_app_read_services(S("\10a=off"), &part), SYNTAX);
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		rest = bad[i];
		CHECK_ERR(tw_app_next_service(&rest, &s), SYNTAX);
		CHECK_INT(rest.size, bad[i].size);
	}
}

static void test_reads_who_may_what(void **state)
{
	static const struct tw_slice bad[] = { S(""), S("\0"), S("\0\1a"), S("\0\1a\0"), S("\0\1a\0\1"), S("\0\0\0\0"),
		S("\0\0\0\1p"), S("\0\1a\0\1px"), S("\0\1\n\0\0"), S("\0\1a\0\1\n") };
	char pass[5 + TW_APP_PASS_MAX + 1] = { 0, 1, 'a', 0, TW_APP_PASS_MAX }, name[2 + TW_APP_NAME_MAX + 1 + 2] = { 0, TW_APP_NAME_MAX };
	struct tw_slice permission, shown;

	CHECK_OK(tw_app_read_authorize(S("\0\3a.b\0\4pass"), &permission, &shown));
	CHECK(tw_slice_is(permission, "a.b") && tw_slice_is(shown, "pass"));
	CHECK_OK(tw_app_read_authorize(S("\0\1a\0\0"), &permission, &shown));
	CHECK(tw_slice_is(permission, "a") && shown.size == 0);
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_app_read_authorize(bad[i], &permission, &shown), SYNTAX);
	memset(pass + 5, 'p', sizeof pass - 5);
	CHECK_OK(tw_app_read_authorize((struct tw_slice){ pass, sizeof pass - 1 }, &permission, &shown));
	pass[4]++;
	CHECK_ERR(tw_app_read_authorize((struct tw_slice){ pass, sizeof pass }, &permission, &shown), LIMIT);
	memset(name + 2, 'n', TW_APP_NAME_MAX);
	CHECK_OK(tw_app_read_authorize((struct tw_slice){ name, sizeof name - 1 }, &permission, &shown));
	name[1]++;
	name[2 + TW_APP_NAME_MAX] = 'n';
	CHECK_ERR(tw_app_read_authorize((struct tw_slice){ name, sizeof name }, &permission, &shown), LIMIT);
}

static void test_reads_providers(void **state)
{
	static const struct tw_slice bad[] = { S(""), S("\0"), S("\0\0\0"), S("\2\0\1a"), S("\0\0\2a"), S("\0\0\1ab"), S("\0\0\1\n") };
	char name[3 + TW_APP_PROVIDER_MAX + 1] = { 0, 0, TW_APP_PROVIDER_MAX }, verdict[TW_APP_CHALLENGE + 2] = "0123456789abcdef\1";
	struct tw_app_provide p;
	struct tw_slice challenge;
	enum tw_app_verdict said;

	CHECK_OK(tw_app_read_provide(S("\0\0\6reader"), &p));
	CHECK(!p.simulated && tw_slice_is(p.name, "reader"));
	CHECK_OK(tw_app_read_provide(S("\1\0\1r"), &p));
	CHECK(p.simulated && tw_slice_is(p.name, "r"));
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_app_read_provide(bad[i], &p), SYNTAX);
	memset(name + 3, 'n', TW_APP_PROVIDER_MAX + 1);
	CHECK_OK(tw_app_read_provide((struct tw_slice){ name, sizeof name - 1 }, &p));
	name[2]++;
	CHECK_ERR(tw_app_read_provide((struct tw_slice){ name, sizeof name }, &p), LIMIT);
	for (int i = TW_APP_NO; i < TW_APP_VERDICTS; i++) {
		verdict[TW_APP_CHALLENGE] = (char)i;
		CHECK_OK(tw_app_read_verdict((struct tw_slice){ verdict, TW_APP_CHALLENGE + 1 }, &challenge, &said));
		CHECK(said == (enum tw_app_verdict)i && tw_slice_is(challenge, "0123456789abcdef"));
	}
	CHECK_ERR(tw_app_read_verdict((struct tw_slice){ verdict, TW_APP_CHALLENGE }, &challenge, &said), SYNTAX);
	CHECK_ERR(tw_app_read_verdict((struct tw_slice){ verdict, TW_APP_CHALLENGE - 1 }, &challenge, &said), SYNTAX);
	CHECK_ERR(tw_app_read_verdict((struct tw_slice){ verdict, sizeof verdict }, &challenge, &said), SYNTAX);
	verdict[TW_APP_CHALLENGE] = TW_APP_VERDICTS;
	CHECK_ERR(tw_app_read_verdict((struct tw_slice){ verdict, TW_APP_CHALLENGE + 1 }, &challenge, &said), SYNTAX);
}

static void test_presses(void **state)
{
	struct tw_app_present p = { 0 };

	CHECK_OK(tw_app_read_present(S("\0\0\0\0\0\0\1\2\0\0\3\4"), &p));
	CHECK_INT(p.down_ms, 258);
	CHECK_INT(p.held_ms, 772);
	CHECK_OK(tw_app_read_present(S("\177\377\377\377\0\0\0\0\377\377\377\377"), &p));
	CHECK(p.down_ms == INT64_MAX - UINT32_MAX && p.held_ms == UINT32_MAX);
	CHECK_ERR(tw_app_read_present(S("\177\377\377\377\0\0\0\1\0\0\0\0"), &p), SYNTAX); /* their sum is no time */
	CHECK_ERR(tw_app_read_present(S("\0\0\0\0\0\0\1\2\0\0\3"), &p), SYNTAX);
	CHECK_ERR(tw_app_read_present(S("\0\0\0\0\0\0\1\2\0\0\3\4\5"), &p), SYNTAX);
	CHECK_ERR(tw_app_read_present(S(""), &p), SYNTAX);
	CHECK_INT(p.held_ms, UINT32_MAX); /* set on success only */
}

static void test_displays(void **state)
{
	char shows[TW_APP_NOTICE_ID + 2] = "0123456789abcdef0123456789abcdef\1";
	struct tw_app_screen screen = { 0, 0 };
	struct tw_app_shows s = { .accepted = false };

	CHECK_OK(tw_app_read_screen(S("\0\24\1\4"), &screen));
	CHECK(screen.columns == 20 && screen.lines == 260);
	CHECK_ERR(tw_app_read_screen(S("\0\1\0"), &screen), SYNTAX);
	CHECK_ERR(tw_app_read_screen(S("\0\1\0\1\0"), &screen), SYNTAX);
	CHECK_ERR(tw_app_read_screen(S(""), &screen), SYNTAX);
	CHECK_INT(screen.columns, 20); /* set on success only */
	CHECK_OK(tw_app_read_shows((struct tw_slice){ shows, TW_APP_NOTICE_ID + 1 }, &s));
	CHECK(s.accepted && tw_slice_is(s.notice, "0123456789abcdef0123456789abcdef"));
	CHECK_ERR(tw_app_read_shows((struct tw_slice){ shows, TW_APP_NOTICE_ID }, &s), SYNTAX);
	CHECK_ERR(tw_app_read_shows((struct tw_slice){ shows, TW_APP_NOTICE_ID - 1 }, &s), SYNTAX);
	CHECK_ERR(tw_app_read_shows((struct tw_slice){ shows, TW_APP_NOTICE_ID + 2 }, &s), SYNTAX);
	shows[TW_APP_NOTICE_ID] = 2;
	CHECK_ERR(tw_app_read_shows((struct tw_slice){ shows, TW_APP_NOTICE_ID + 1 }, &s), SYNTAX);
	CHECK(s.accepted);
	shows[TW_APP_NOTICE_ID] = 0;
	CHECK_OK(tw_app_read_shows((struct tw_slice){ shows, TW_APP_NOTICE_ID + 1 }, &s));
	CHECK(!s.accepted);
}

static void test_links(void **state)
{
	static const struct tw_slice bad[] = { S(""), S("\1"), S("\1\0\1a"), S("\1\0\0\0\1d"), S("\1\0\1a\0\0"), S("\3\0\1a\0\1d"),
		S("\1\0\1a\0\1dx"), S("\1\0\1\n\0\1d"), S("\1\0\1a\0\1\33"), S("\1\0\2\303\50\0\1d"), S("\1\0\5a\0\1d") };
	char longest[5 + TW_APP_TECHNOLOGY_MAX + TW_APP_DRIVER_MAX + 1] = { 0, 0, TW_APP_TECHNOLOGY_MAX };
	struct tw_app_link l = { .state = TW_APP_LINK_UP };

	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_app_read_link(bad[i], &l), SYNTAX);
	CHECK_INT(l.state, TW_APP_LINK_UP); /* set on success only */
	CHECK_OK(tw_app_read_link(S("\0\0\5sonar\0\6ping 1"), &l));
	CHECK(l.state == TW_APP_LINK_OFF && tw_slice_is(l.technology, "sonar") && tw_slice_is(l.driver, "ping 1"));
	memset(longest + 3, 'n', sizeof longest - 3);
	longest[3 + TW_APP_TECHNOLOGY_MAX] = 0;
	longest[4 + TW_APP_TECHNOLOGY_MAX] = TW_APP_DRIVER_MAX;
	CHECK_OK(tw_app_read_link((struct tw_slice){ longest, sizeof longest - 1 }, &l));
	CHECK_INT(l.driver.size, TW_APP_DRIVER_MAX);
	longest[4 + TW_APP_TECHNOLOGY_MAX]++;
	CHECK_ERR(tw_app_read_link((struct tw_slice){ longest, sizeof longest }, &l), LIMIT);
	longest[2]++;
	CHECK_ERR(tw_app_read_link((struct tw_slice){ longest, sizeof longest }, &l), LIMIT);
}

static void test_refuses(void **state)
{
	static const struct {
		struct tw_slice event, health, setting; /* each empty: not tried */
	} rows[] = {
		{ S(""), S(""), S("") },
		{ S("\0"), S("\0"), S("\0") },
		{ S("\0\1a"), S("\0\1a"), S("\0\2a") },
		{ S("\0\1a\0\2{"), S("\0\1s\2\0\0"), S("\0\1ab") },
		{ S("\0\1a\0\2{}x"), S("\0\1s\1\0\0x"), S("\0\0x") },
		{ S("\0\1a\0"), S("\0\1\n\1\0\0"), S("\377") },
		{ S("\0\1"), S("\0\1s\1\0\1\33"), S("\0\1") },
		{ S("\0\1a\0\1"), S("\0\1s\1\0\2\303\50"), S("\0") },
	};
	struct tw_app_event e;
	struct tw_app_health h;
	struct tw_slice key;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_ERR(tw_app_read_event(rows[i].event, &e), SYNTAX);
		CHECK_ERR(tw_app_read_health(rows[i].health, &h), SYNTAX);
		CHECK_ERR(tw_app_read_setting(rows[i].setting, &key), SYNTAX);
	}
	/* Longer than anybody may: 97 bytes of name. */
	char name[2 + TW_APP_NAME_MAX + 1] = { 0, TW_APP_NAME_MAX + 1 };
	CHECK_ERR(tw_app_read_setting((struct tw_slice){ name, sizeof name }, &key), LIMIT);
	CHECK_ERR(tw_app_read_event((struct tw_slice){ name, sizeof name }, &e), LIMIT);
}

CHECK_MAIN(cmocka_unit_test(test_reads_each_form), cmocka_unit_test(test_reads_providers),
	cmocka_unit_test(test_reads_who_may_what), cmocka_unit_test(test_presses), cmocka_unit_test(test_displays),
	cmocka_unit_test(test_links), cmocka_unit_test(test_reads_services), cmocka_unit_test(test_refuses))
