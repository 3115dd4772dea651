/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/ruleset.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

static void test_networks(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
		unsigned family, bits;
	} rows[] = {
		{ "10.0.0.0/8", TW_CODE_OK, 4, 8 },
		{ "192.0.2.7", TW_CODE_OK, 4, 32 },
		{ "192.0.2.7/32", TW_CODE_OK, 4, 32 },
		{ "0.0.0.0/0", TW_CODE_OK, 4, 0 },
		{ "::/0", TW_CODE_OK, 6, 0 },
		{ "2001:db8::/32", TW_CODE_OK, 6, 32 },
		{ "fe80::1", TW_CODE_OK, 6, 128 },
		{ "10.0.0.1/8", TW_CODE_SYNTAX, 0, 0 },
		{ "2001:db8::1/32", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0.0/33", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0.0/256", TW_CODE_SYNTAX, 0, 0 },
		{ "::/129", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0.0/08", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0.0/", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0.0/+8", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0/8", TW_CODE_SYNTAX, 0, 0 },
		{ "", TW_CODE_SYNTAX, 0, 0 },
		{ "/8", TW_CODE_SYNTAX, 0, 0 },
		{ "lan", TW_CODE_SYNTAX, 0, 0 },
		{ "fe80::1%eth0", TW_CODE_SYNTAX, 0, 0 },
		{ "10.0.0.0/8; flush ruleset", TW_CODE_SYNTAX, 0, 0 },
		{ "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111", TW_CODE_SYNTAX, 0, 0 },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_network n = { 0 };
		const tw_err e = tw_network_read(rows[i].text, &n);

		if (e.code != rows[i].code || n.family != rows[i].family || n.bits != rows[i].bits)
			fail_msg("'%s': code %d, family %u, %u bits", rows[i].text, e.code, n.family, n.bits);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
		size_t count;
	} rows[] = {
		{ "", TW_CODE_OK, 0 },
		{ "10.0.0.0/8", TW_CODE_OK, 1 },
		{ "10.0.0.0/8 fe80::/10", TW_CODE_OK, 2 },
		{ "10.0.0.0/8 10.1.0.0/16", TW_CODE_OK, 1 }, /* inside another */
		{ "10.1.0.0/16 10.2.0.0/16 192.0.2.1 10.0.0.0/8", TW_CODE_OK, 2 },
		{ "0.0.0.0/0 ::/0", TW_CODE_OK, 2 }, /* of one family only */
		{ "10.0.0.0/8 10.0.0.0/8", TW_CODE_OK, 1 },
		{ " 10.0.0.0/8", TW_CODE_SYNTAX, 0 },
		{ "10.0.0.0/8 ", TW_CODE_SYNTAX, 0 },
		{ "10.0.0.0/8  fe80::/10", TW_CODE_SYNTAX, 0 },
		{ "10.0.0.0/8,fe80::/10", TW_CODE_SYNTAX, 0 },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_ruleset r = { 0 };
		const tw_err e = tw_networks_read(rows[i].text, &r);

		if (e.code != rows[i].code || (rows[i].code == TW_CODE_OK && r.network_count != rows[i].count))
			fail_msg("'%s': code %d, %zu networks", rows[i].text, e.code, r.network_count);
	}
	struct tw_ruleset full = { 0 };
	char one[16];
	for (int i = 0; i < TW_RULESET_NETWORKS; i++) {
		(void)snprintf(one, sizeof one, "10.%d.0.0/16", i);
		CHECK_OK(tw_networks_read(one, &full));
	}
	CHECK_ERR(tw_networks_read("192.0.2.1", &full), LIMIT);
}

static struct tw_ruleset example(void)
{
	struct tw_ruleset r = { .enforce = true, .ports = { 8443, 443 }, .port_count = 2 };

	CHECK_OK(tw_networks_read("10.0.0.0/8 192.0.2.7 2001:db8::/32", &r));
	return r;
}

static tw_err pass(const struct tw_ruleset *r, struct tw_ruleset *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	TW_TRY(tw_ruleset_write(r, &b));
	return tw_ruleset_read(tw_sys_real(), tw_buf_slice(&b), ret);
}

static void test_what_is_everywhere(void **state)
{
	static const struct {
		const char *text;
		bool everywhere;
	} rows[] = {
		{ "", false },
		{ "10.0.0.0/8 fc00::/7", false },
		{ "0.0.0.0/0", true },
		{ "::/0", true },
		{ "0.0.0.0/1 128.0.0.0/1", true },
		{ "0.0.0.0/1 128.0.0.0/2 192.0.0.0/3", true },
		{ "0.0.0.0/1 128.0.0.0/2 192.0.0.0/4", false },
		{ "0.0.0.0/2 64.0.0.0/3 96.0.0.0/3 128.0.0.0/2 192.0.0.0/3", true },
		{ "0.0.0.0/1", false },
		{ "10.0.0.0/8 ::/1", true },
		{ "2000::/3", true },
		{ "2000::/4 3000::/5 3800::/5", true },
		{ "2000::/4 3000::/5 3800::/6", false },
		{ "2000::/4 3000::/5 3800::1", false },
		{ "0.0.0.0/1 8000::/1", false },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_ruleset r = { 0 };

		CHECK_OK(tw_networks_read(rows[i].text, &r));
		if (tw_networks_everywhere(&r) != rows[i].everywhere)
			fail_msg("%s", rows[i].text);
	}
}

static void test_it_crosses(void **state)
{
	const struct tw_ruleset r = example(), off = { 0 };
	struct tw_ruleset again;

	CHECK_OK(pass(&r, &again));
	assert_memory_equal(&again, &r, sizeof r);
	struct tw_ruleset fewer = { .enforce = true };
	CHECK_OK(tw_networks_read("10.1.0.0/16 10.2.0.0/16 10.0.0.0/8", &fewer)); /* one for two that were there */
	CHECK_OK(pass(&fewer, &again));
	assert_memory_equal(&again, &fewer, sizeof fewer);
	CHECK_OK(pass(&off, &again));
	assert_memory_equal(&again, &off, sizeof off);
}

static void test_what_does_not_cross(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum tw_code code;
	} rows[] = {
		{ "", 0, TW_CODE_SYNTAX },
		{ "\2\0\0", 3, TW_CODE_SYNTAX },
		{ "\1\0\0", 3, TW_CODE_SYNTAX },
		{ "\1\0\0\0\0\0\0\0\0\0\0\0\0", 13, TW_CODE_OK },
		{ "\1\0\0\0\0\0\0\0\0\0\0\0", 12, TW_CODE_SYNTAX },
		{ "\1\0\0\0\0\0\0\0\0\0\0\0\21", 13, TW_CODE_LIMIT }, /* home systems */
		{ "\1\0\0\0\0\0\0\0\0\0", 10, TW_CODE_SYNTAX },
		{ "\1\0\0\0\0\0\0\0\0\0\21\0", 12, TW_CODE_LIMIT },
		{ "\1\0\0\0\0\0\0\0\0\0\0\201", 12, TW_CODE_LIMIT },
		{ "\1\0\0\0\0\0\0\0\0\0\0\0\0\0", 14, TW_CODE_SYNTAX },
		{ "\1\12\0", 3, TW_CODE_LIMIT },
		{ "\1\1\0\0\0", 5, TW_CODE_SYNTAX },                      /* port 0 */
		{ "\0\1\0\1\0\0\0\0\0\0\0\0\0\0\0", 15, TW_CODE_SYNTAX }, /* rules without a table */
		{ "\0\0\0\0\0\0\1\0\0\0\0\0\0", 13, TW_CODE_SYNTAX },     /* nor a look */
		{ "\1\0\101", 3, TW_CODE_LIMIT },
		{ "\1\0\1\4\10\12\0\0\0\0\0\0\0\0\0\0\0\0\0", 19, TW_CODE_OK },
		{ "\1\0\1\4\10\12\0\0\1", 9, TW_CODE_SYNTAX }, /* behind its prefix */
		{ "\1\0\1\5\10\12\0\0\0", 9, TW_CODE_SYNTAX },
		{ "\1\0\1\4\41\12\0\0\0", 9, TW_CODE_SYNTAX },
		{ "\1\0\1\4\10\12\0\0", 8, TW_CODE_SYNTAX },
		{ "\1\0\2\4\10\12\0\0\0\4\20\12\1\0\0", 15, TW_CODE_SYNTAX }, /* one inside another */
		{ "\1\0\2\4\20\12\1\0\0\4\10\12\0\0\0", 15, TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_ruleset r;
		const tw_err e = tw_ruleset_read(tw_sys_real(), (struct tw_slice){ rows[i].bytes, rows[i].size }, &r);

		if (e.code != rows[i].code)
			fail_msg("row %zu: got %d, want %d: %s", i, e.code, rows[i].code, tw_err_detail());
	}
}

/* As nft 1.0.6 lists what these commands make; test/run/test_firewall.py holds it to the nft that is here. */
#define RULE(handle, expr) \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"thingward\",\"chain\":\"input\",\"handle\":" handle ",\"expr\":[" expr "]}}"
#define PORT "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":8443}},"
#define FROM(p, set) \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"" p "\",\"field\":\"saddr\"}},\"right\":\"" set "\"}},"
#define LISTING(elements, policy, last)                                                                                                                \
	"{\"nftables\":[{\"metainfo\":{\"version\":\"1.0.6\"}},{\"table\":{\"family\":\"inet\",\"name\":\"thingward\",\"handle\":3}},"                 \
	"{\"set\":{\"family\":\"inet\",\"name\":\"manage4\",\"table\":\"thingward\",\"type\":\"ipv4_addr\",\"handle\":1,\"flags\":[\"interval\"],"     \
	"\"elem\":[" elements "]}},"                                                                                                                   \
	"{\"set\":{\"family\":\"inet\",\"name\":\"manage6\",\"table\":\"thingward\",\"type\":\"ipv6_addr\",\"handle\":2,\"flags\":[\"interval\"]}},"   \
	"{\"chain\":{\"family\":\"inet\",\"table\":\"thingward\",\"name\":\"input\",\"handle\":4,\"type\":\"filter\",\"hook\":\"input\",\"prio\":-10," \
	"\"policy\":\"" policy "\"}}," RULE("5",                                                                                                       \
		"{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"iif\"}},\"right\":\"lo\"}},{\"accept\":null}") "," RULE("6",                  \
		PORT FROM("ip", "@manage4") "{\"accept\":null}") "," RULE("7", PORT FROM("ip6", "@manage6") "{\"accept\":null}") "," last "]}"
#define COUNTER "{\"counter\":{\"packets\":7,\"bytes\":99}},"
#define DROP RULE("8", PORT COUNTER "{\"drop\":null}")
#define NET "{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}}"

static void test_what_is_listed(void **state)
{
	static const struct {
		const char *listing;
		bool holds;
	} rows[] = {
		{ LISTING(NET ",\"192.0.2.7\"", "accept", DROP), true },
		{ LISTING("\"192.0.2.7\"," NET, "accept", DROP), true }, /* sets have no order */
		{ LISTING(NET, "accept", DROP), false },
		{ LISTING(NET "," NET, "accept", DROP), false },
		{ LISTING(NET ",\"192.0.2.8\"", "accept", DROP), false },
		{ LISTING(NET ",\"192.0.2.7\",\"0.0.0.0\"", "accept", DROP), false },
		{ LISTING(NET ",\"192.0.2.7\"", "drop", DROP), false },
		{ LISTING(NET ",\"192.0.2.7\"", "accept", RULE("8", PORT "{\"accept\":null}")), false },
		{ LISTING(NET ",\"192.0.2.7\"", "accept", DROP "," DROP), false },
		{ "{\"nftables\":[]}", false },
	};
	struct tw_ruleset r = { .enforce = true, .ports = { 8443 }, .port_count = 1 };
	struct tw_ruleset_counts counts;
	bool holds;

	CHECK_OK(tw_networks_read("10.0.0.0/8 192.0.2.7", &r));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		holds = !rows[i].holds;
		CHECK_OK(tw_ruleset_holds(&r, tw_sys_real(), tw_slice_of(rows[i].listing), &counts, &holds));
		if (holds != rows[i].holds || (holds && (counts.in != 7 || counts.out)))
			fail_msg("row %zu: %d, %llu in", i, holds, (unsigned long long)counts.in);
	}
	CHECK_ERR(tw_ruleset_holds(&r, tw_sys_real(), TW_SLICE("{}"), &counts, &holds), SYNTAX);
	CHECK_ERR(tw_ruleset_holds(&r, tw_sys_real(), TW_SLICE("table inet thingward {"), &counts, &holds), SYNTAX);
}

/* One transaction: the table is made anew, and no other is named. */
static void test_commands(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_ruleset r = example(), off = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_RULESET_MAX);
	CHECK_OK(tw_ruleset_commands(&off, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"{\"nftables\":[{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"thingward\"}}},"
		"{\"delete\":{\"table\":{\"family\":\"inet\",\"name\":\"thingward\"}}}]}");
	tw_buf_clear(&b);
	CHECK_OK(tw_ruleset_commands(&r, &b));
	CHECK(strstr(tw_buf_cstr(&b), "\"policy\":\"accept\"") && strstr(tw_buf_cstr(&b), "\"right\":443}") &&
		strstr(tw_buf_cstr(&b), "\"2001:db8::\""));
}

static tw_err all_of_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_ruleset r = example();
	struct tw_ruleset_counts counts;
	bool holds;

	tw_buf_init(&b, sys, TW_RULESET_MAX);
	TW_TRY(tw_ruleset_commands(&r, &b));
	return tw_ruleset_holds(&r, sys, TW_SLICE(LISTING(NET, "accept", DROP)), &counts, &holds);
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(all_of_it, NULL) > 10);
}

CHECK_MAIN(cmocka_unit_test(test_networks), cmocka_unit_test(test_lists), cmocka_unit_test(test_what_is_everywhere),
	cmocka_unit_test(test_it_crosses), cmocka_unit_test(test_what_does_not_cross), cmocka_unit_test(test_what_is_listed),
	cmocka_unit_test(test_commands), cmocka_unit_test(test_without_memory))
