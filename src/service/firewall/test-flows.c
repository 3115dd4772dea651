/* SPDX-License-Identifier: Apache-2.0 */
/* From declared flows to what nft is told: each kind of flow, which set it goes into, what is counted, and what is too much. */
#include "service/firewall/ruleset.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <stdio.h>

static struct tw_manifest_flow flow(const char *ways, const char *ports, const char *network)
{
	struct tw_manifest_flow f = { .name = "f", .in = strchr(ways, 'i'), .out = strchr(ways, 'o'), .udp = strchr(ways, 'u') };

	CHECK_OK(tw_manifest_ports_read(ports, &f.ports[f.port_count++]));
	CHECK_OK(tw_network_read(network, &f.networks[f.network_count++]));
	return f;
}

static struct tw_ruleset both(void)
{
	return (struct tw_ruleset){ .enforce = true, .in = TW_RULES_ENFORCE, .out = TW_RULES_ENFORCE };
}

static tw_err commands(const struct tw_ruleset *r, struct tw_buf *b)
{
	tw_buf_init(b, tw_sys_real(), TW_RULESET_MAX);
	return tw_ruleset_commands(r, b);
}

/* A set's elements, or a rule's words, as they stand in what nft is told. */
static void check_says(const struct tw_ruleset *r, const char *want)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	CHECK_OK(commands(r, &b));
	if (!strstr(tw_buf_cstr(&b), want))
		fail_msg("%s\nis not in\n%s", want, tw_buf_cstr(&b));
}

static void test_each_kind(void **state)
{
	static const struct {
		const char *ways, *ports, *network, *link, *set, *rule;
	} rows[] = {
		{ "i", "443", "192.0.2.7", "eth0", "[{\"concat\":[6,443,\"192.0.2.7\"]}]",
			"{\"left\":{\"meta\":{\"key\":\"iifname\"}},\"op\":\"==\",\"right\":\"eth0\"}" },
		{ "iu", "5000-5010", "10.0.0.0/8", "eth*",
			"[{\"concat\":[17,{\"range\":[5000,5010]},{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}}]}]", "\"right\":\"eth*\"}" },
		{ "o", "443", "2001:db8::/32", "wan", "[{\"concat\":[6,443,{\"prefix\":{\"addr\":\"2001:db8::\",\"len\":32}}]}]",
			"{\"left\":{\"meta\":{\"key\":\"oifname\"}},\"op\":\"==\",\"right\":\"wan\"}" },
		{ "o", "1-65535", "::/0", "*", "[{\"concat\":[6,{\"range\":[1,65535]},{\"prefix\":{\"addr\":\"::\",\"len\":0}}]}]",
			"{\"payload\":{\"field\":\"daddr\",\"protocol\":\"ip6\"}}" },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = both();
		const struct tw_manifest_flow f = flow(rows[i].ways, rows[i].ports, rows[i].network);

		CHECK_OK(tw_ruleset_flow(&r, tw_sys_real(), &f, rows[i].link));
		check_says(&r, rows[i].set);
		check_says(&r, rows[i].rule);
		check_says(&r, "\"right\":\"@flows0\"");
	}
}

static size_t times(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

/* What a mode makes of the end of a chain, and whether there is one at all. */
static void test_modes(void **state)
{
	static const struct {
		enum tw_rules_mode in, out;
		size_t drops, counters, chains, established;
	} rows[] = { { TW_RULES_OFF, TW_RULES_OFF, 0, 0, 1, 0 }, { TW_RULES_REPORT, TW_RULES_OFF, 0, 2, 1, 1 },
		{ TW_RULES_ENFORCE, TW_RULES_OFF, 1, 2, 1, 1 }, { TW_RULES_OFF, TW_RULES_ENFORCE, 1, 2, 2, 1 },
		{ TW_RULES_ENFORCE, TW_RULES_REPORT, 1, 4, 2, 2 } };
	const struct tw_manifest_flow f = flow("io", "443", "192.0.2.7");

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = { .enforce = true, .in = rows[i].in, .out = rows[i].out };

		CHECK_OK(tw_ruleset_flow(&r, tw_sys_real(), &f, "eth0"));
		CHECK_OK(commands(&r, &b));
		const char *text = tw_buf_cstr(&b);
		if (times(text, "\"drop\"") != rows[i].drops || times(text, "\"counter\"") != rows[i].counters ||
			times(text, "\"hook\"") != rows[i].chains || times(text, "\"established\"") != rows[i].established)
			fail_msg("row %zu: %s", i, text);
	}
}

/* A host that may say nothing of its groups hears nothing of them. */
static void test_what_a_host_needs(void **state)
{
	static const char *const rows[] = {
		"\"expr\":[{\"match\":{\"left\":{\"payload\":{\"field\":\"protocol\",\"protocol\":\"ip\"}},\"op\":\"==\",\"right\":2}},{\"accept\":null}]",
		"\"field\":\"saddr\",\"protocol\":\"ip6\"}},\"op\":\"==\",\"right\":{\"prefix\":{\"addr\":\"fe80::\",\"len\":10}}",
		"\"mld-listener-report\",\"mld-listener-done\"",
	};
	for (int out = 0; out < 2; out++) {
		TW_CLEANUP(tw_ruleset_done)
		struct tw_ruleset r = { .enforce = true, .in = out ? TW_RULES_OFF : TW_RULES_ENFORCE, .out = out ? TW_RULES_ENFORCE : TW_RULES_OFF };

		for (size_t i = 0; i < (out ? TW_COUNT(rows) : TW_COUNT(rows) - 1); i++)
			check_says(&r, rows[i]);
	}
}

/* The kernel takes no two elements of a set that overlap. */
static void test_what_overlaps_goes_apart(void **state)
{
	static const struct {
		const char *ways, *ports, *network, *link;
		size_t sets, elements;
	} rows[] = {
		{ "i", "443", "10.0.0.0/8", "eth0", 1, 1 },
		{ "i", "443", "10.1.0.0/16", "eth0", 1, 1 },     /* inside the one before: nothing is added */
		{ "i", "443", "10.0.0.0/8", "eth0", 1, 1 },      /* the same */
		{ "iu", "443", "10.0.0.0/8", "eth0", 1, 2 },     /* another protocol */
		{ "i", "444", "10.0.0.0/8", "eth0", 1, 3 },      /* another port */
		{ "i", "400-443", "10.2.0.0/16", "eth0", 2, 4 }, /* a part of the first, and more */
		{ "i", "442-500", "10.2.3.0/24", "eth0", 3, 5 }, /* and of the second */
		{ "i", "443", "192.0.2.0/24", "eth0", 3, 6 },
		{ "i", "443", "fd00::/8", "eth0", 4, 7 }, /* another family */
		{ "i", "443", "10.0.0.0/8", "eth1", 5, 8 },
		{ "o", "443", "10.0.0.0/8", "eth0", 6, 9 },
	};
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = both();

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		const struct tw_manifest_flow f = flow(rows[i].ways, rows[i].ports, rows[i].network);

		CHECK_OK(tw_ruleset_flow(&r, tw_sys_real(), &f, rows[i].link));
		CHECK_OK(commands(&r, &b));
		const size_t sets = times(tw_buf_cstr(&b), "\"inet_proto\""), rules = times(tw_buf_cstr(&b), "\"right\":\"@flows");
		const size_t elements = times(tw_buf_cstr(&b), "\"concat\":[6,") + times(tw_buf_cstr(&b), "\"concat\":[17,");
		if (sets != rows[i].sets || rules != sets || elements != rows[i].elements)
			fail_msg("row %zu: %zu sets, %zu rules, %zu elements", i, sets, rules, elements);
	}
}

static void test_it_crosses(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf once = { 0 }, twice = { 0 };
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = both(), again = { 0 };
	struct tw_manifest_flow f = flow("io", "443", "10.0.0.0/8");
	char one[16];

	f.networks[f.network_count++] = (struct tw_network){ .family = 6, .bits = 8, .address = { 0xfd } };
	r.look_s = 17;
	for (unsigned i = 1; i <= 100; i++) { /* the array grows on the way */
		(void)snprintf(one, sizeof one, "%u", i * 7);
		CHECK_OK(tw_manifest_ports_read(one, &f.ports[0]));
		CHECK_OK(tw_ruleset_flow(&r, tw_sys_real(), &f, i % 2 ? "eth0" : "wl*"));
	}
	CHECK_INT(r.flow_count, 400);
	tw_buf_init(&once, tw_sys_real(), TW_RULESET_WIRE_MAX);
	tw_buf_init(&twice, tw_sys_real(), TW_RULESET_WIRE_MAX);
	CHECK_OK(tw_ruleset_write(&r, &once));
	CHECK_OK(tw_ruleset_read(tw_sys_real(), tw_buf_slice(&once), &again));
	CHECK_OK(tw_ruleset_write(&again, &twice));
	CHECK(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
	CHECK_INT(again.look_s, 17);
	CHECK_INT(again.flows[399].ports.from, 700);
}

/* Each count of the wire, one too high or against another, and what is no link. */
static void test_what_does_not_cross(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum tw_code code;
	} rows[] = {
#define BYTES(text) text, sizeof text - 1
#define ETH "\1\0\4eth0"
#define NET "\4\40\12\0\0\1\0\0\0" /* and no limits of rate, and no home */
		{ BYTES("\1\0\0\2\2\0\0" ETH "\0\1\0\0\0\1\0\2" NET), TW_CODE_OK },
		{ BYTES("\1\0\0\3\2\0\0" ETH "\0\1\0\0\0\1\0\2" NET), TW_CODE_SYNTAX },   /* a mode */
		{ BYTES("\1\0\0\0\2\0\0" ETH "\0\1\0\0\0\1\0\2" NET), TW_CODE_SYNTAX },   /* in, where that is off */
		{ BYTES("\1\0\0\2\0\0\0" ETH "\0\1\1\0\0\1\0\2" NET), TW_CODE_SYNTAX },   /* out */
		{ BYTES("\1\0\0\2\2\16\21" ETH "\0\1\0\0\0\1\0\2" NET), TW_CODE_SYNTAX }, /* 3601 s */
		{ BYTES("\1\0\0\2\2\0\0" ETH "\0\1\4\0\0\1\0\2" NET), TW_CODE_SYNTAX },   /* a bit that is none */
		{ BYTES("\1\0\0\2\2\0\0" ETH "\0\1\0\1\0\1\0\2" NET), TW_CODE_SYNTAX },   /* a link that is none */
		{ BYTES("\1\0\0\2\2\0\0" ETH "\0\1\0\0\0\0\0\2" NET), TW_CODE_SYNTAX },   /* port 0 */
		{ BYTES("\1\0\0\2\2\0\0" ETH "\0\1\0\0\0\2\0\1" NET), TW_CODE_SYNTAX },   /* backwards */
		{ BYTES("\1\0\0\2\2\0\0" ETH "\10\1"), TW_CODE_LIMIT },
		{ BYTES("\1\0\0\2\2\0\0\21"), TW_CODE_LIMIT },
		{ BYTES("\1\0\0\2\2\0\0\1\0\4et*0\0\0"), TW_CODE_SYNTAX },
		{ BYTES("\1\0\0\2\2\0\0\1\0\4et\"0\0\0"), TW_CODE_SYNTAX },
		{ BYTES("\1\0\0\2\2\0\0\1\0\4et\0000\0\0"), TW_CODE_SYNTAX },
		{ BYTES("\1\0\0\2\2\0\0\1\0\0\0\0"), TW_CODE_SYNTAX },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = { 0 };
		const tw_err e = tw_ruleset_read(tw_sys_real(), (struct tw_slice){ rows[i].bytes, rows[i].size }, &r);

		if (e.code != rows[i].code)
			fail_msg("row %zu: got %d, want %d: %s", i, e.code, rows[i].code, tw_err_detail());
	}
}

static void test_too_much(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = both(), links = both(), deep = both();
	struct tw_manifest_flow f = flow("i", "443", "10.0.0.0/8");
	char name[16];

	for (unsigned i = 0; i < TW_RULESET_FLOWS; i++)
		CHECK_OK(tw_ruleset_flow(&r, tw_sys_real(), &f, "eth0"));
	CHECK_ERR(tw_ruleset_flow(&r, tw_sys_real(), &f, "eth0"), LIMIT);
	for (unsigned i = 0; i < TW_RULESET_LINKS; i++) {
		(void)snprintf(name, sizeof name, "eth%u", i);
		CHECK_OK(tw_ruleset_flow(&links, tw_sys_real(), &f, name));
	}
	CHECK_ERR(tw_ruleset_flow(&links, tw_sys_real(), &f, "more"), LIMIT);
	for (uint16_t i = 0; i <= TW_RULESET_GROUPS; i++) { /* each overlaps all before, and is in none */
		f.ports[0] = (struct tw_manifest_ports){ (uint16_t)(100 + i), (uint16_t)(1000 + i) };
		CHECK_OK(tw_ruleset_flow(&deep, tw_sys_real(), &f, "eth0"));
	}
	CHECK_ERR(commands(&deep, &b), LIMIT);
}

static tw_err all_of_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf wire = { 0 }, text = { 0 };
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = both(), again = { 0 };
	const struct tw_manifest_flow f = flow("io", "5-9", "10.0.0.0/8"), g = flow("iu", "7-11", "fd00::/8");
	struct tw_ruleset_counts counts;
	bool holds;

	TW_TRY(tw_ruleset_flow(&r, sys, &f, "eth0"));
	TW_TRY(tw_ruleset_flow(&r, sys, &g, "*"));
	tw_buf_init(&wire, sys, TW_RULESET_WIRE_MAX);
	TW_TRY(tw_ruleset_write(&r, &wire));
	TW_TRY(tw_ruleset_read(sys, tw_buf_slice(&wire), &again));
	tw_buf_init(&text, sys, TW_RULESET_MAX);
	TW_TRY(tw_ruleset_commands(&again, &text));
	return tw_ruleset_holds(&again, sys, TW_SLICE("{\"nftables\":[]}"), &counts, &holds);
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(all_of_it, NULL) > 100);
}

CHECK_MAIN(cmocka_unit_test(test_each_kind), cmocka_unit_test(test_modes), cmocka_unit_test(test_what_a_host_needs),
	cmocka_unit_test(test_what_overlaps_goes_apart), cmocka_unit_test(test_it_crosses),
	cmocka_unit_test(test_what_does_not_cross), cmocka_unit_test(test_too_much), cmocka_unit_test(test_without_memory))
