/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/ruleset.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

static void test_words(void **state)
{
	static const struct {
		const char *text;
		enum tw_code code;
		size_t count;
	} rows[] = {
		{ "", TW_CODE_OK, 0 }, { "link:eth0:packets=1000/2000", TW_CODE_OK, 1 },
		{ "link:eth0:packets-each=100/200 link:eth0:packets=1000/2000", TW_CODE_OK, 2 },
		{ "link:eth*:connections=5/10 link:*:packets=100/200", TW_CODE_OK, 2 },
		{ "link:eth0:1:packets=100/200", TW_CODE_OK, 1 }, /* another name of a link */
		{ "out:wlan0:connections-each=5/10", TW_CODE_OK, 1 },
		{ "management:connections-each=5/10 management:packets=100/200", TW_CODE_OK, 2 },
		{ "flow:panel:connections=1/1 tcp:80:packets=1/60 udp:65535:packets-each=1000000/1000000", TW_CODE_OK, 3 },
		{ "link:lo:packets=1000/2000", TW_CODE_DENIED, 0 }, { "out:lo:packets=1000/2000", TW_CODE_DENIED, 0 },
		{ "link:eth0:packets=99/200", TW_CODE_DENIED, 0 }, { "link:eth0:packets=100/199", TW_CODE_DENIED, 0 },
		{ "out:eth0:connections=4/10", TW_CODE_DENIED, 0 }, { "management:connections=5/9", TW_CODE_DENIED, 0 },
		{ "management:packets-each=5/10", TW_CODE_DENIED, 0 }, { "tcp:80:packets=0/1", TW_CODE_LIMIT, 0 },
		{ "tcp:80:packets=1/0", TW_CODE_LIMIT, 0 }, { "tcp:80:packets=1/61", TW_CODE_LIMIT, 0 }, /* more than a minute's */
		{ "tcp:80:packets=1000001/1", TW_CODE_LIMIT, 0 }, { "tcp:80:packets=1/1000001", TW_CODE_LIMIT, 0 },
		{ "tcp:80:packets=01/1", TW_CODE_LIMIT, 0 }, { "tcp:80:packets=1/+1", TW_CODE_LIMIT, 0 },
		{ "tcp:80:packets=1/", TW_CODE_LIMIT, 0 }, { "tcp:80:packets=99999999999999999999/1", TW_CODE_LIMIT, 0 },
		{ "tcp:80:packets=1", TW_CODE_SYNTAX, 0 }, { "tcp:80:packets", TW_CODE_SYNTAX, 0 }, { "tcp:80=1/1", TW_CODE_SYNTAX, 0 },
		{ "tcp:80:bytes=1/1", TW_CODE_SYNTAX, 0 }, { "tcp:0:packets=1/1", TW_CODE_SYNTAX, 0 },
		{ "tcp:65536:packets=1/1", TW_CODE_SYNTAX, 0 }, { "tcp:080:packets=1/1", TW_CODE_SYNTAX, 0 },
		{ "tcp::packets=1/1", TW_CODE_SYNTAX, 0 }, { "tcp:packets=1/1", TW_CODE_SYNTAX, 0 },
		{ "sctp:80:packets=1/1", TW_CODE_SYNTAX, 0 }, { "management:eth0:packets=100/200", TW_CODE_SYNTAX, 0 },
		{ "link:packets=100/200", TW_CODE_SYNTAX, 0 }, { "link:eth0 :packets=100/200", TW_CODE_SYNTAX, 0 },
		{ "link:e*h:packets=100/200", TW_CODE_SYNTAX, 0 }, { "link:0123456789abcdef:packets=100/200", TW_CODE_SYNTAX, 0 },
		{ "link:eth0\"}:packets=100/200", TW_CODE_SYNTAX, 0 }, { "flow:pan*:packets=1/1", TW_CODE_SYNTAX, 0 },
		{ "=1/1", TW_CODE_SYNTAX, 0 }, { ":=1/1", TW_CODE_SYNTAX, 0 }, { " tcp:80:packets=1/1", TW_CODE_SYNTAX, 0 },
		{ "tcp:80:packets=1/1 ", TW_CODE_SYNTAX, 0 }, { "tcp:80:packets=1/1  tcp:81:packets=1/1", TW_CODE_SYNTAX, 0 },
		{ "tcp:80:packets=1/1 tcp:80:packets=2/2", TW_CODE_SYNTAX, 0 }, /* which? */
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_rates r;
		const tw_err e = tw_rates_read(tw_slice_of(rows[i].text), &r);

		if (e.code != rows[i].code || (rows[i].code == TW_CODE_OK && r.count != rows[i].count))
			fail_msg("'%s': code %d, %zu limits: %s", rows[i].text, e.code, r.count, tw_err_detail());
	}
}

static void test_what_a_word_says(void **state)
{
	struct tw_rates r;

	CHECK_OK(tw_rates_read(TW_SLICE("udp:53:connections-each=7/9"), &r));
	const struct tw_rate_word *w = &r.words[0];
	CHECK(w->kind == TW_RATE_UDP && w->port == 53 && tw_slice_is(w->name, "53") && tw_slice_is(w->what, "udp:53:connections-each"));
	CHECK(w->rate.connections && w->rate.each && w->rate.rate == 7 && w->rate.burst == 9);
	CHECK_ERR(tw_rate_floor(w), DENIED);
}

static void test_too_many(void **state)
{
	char text[1024] = "";
	struct tw_rates r;

	for (int i = 1; i <= TW_RATES_MAX; i++)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%stcp:%d:packets=1/1", i > 1 ? " " : "", i);
	CHECK_OK(tw_rates_read(tw_slice_of(text), &r));
	(void)snprintf(text + strlen(text), sizeof text - strlen(text), " tcp:99:packets=1/1");
	CHECK_ERR(tw_rates_read(tw_slice_of(text), &r), LIMIT);
}

/* One that comes and goes, by two ranges of ports and two networks. */
static struct tw_manifest_flow example_flow(void)
{
	struct tw_manifest_flow f = { .name = "panel", .in = true, .out = true, .udp = true, .port_count = 2, .network_count = 2 };

	f.ports[0] = (struct tw_manifest_ports){ 5000, 5001 };
	f.ports[1] = (struct tw_manifest_ports){ 53, 53 };
	CHECK_OK(tw_network_read("10.77.0.0/16", &f.networks[0]));
	CHECK_OK(tw_network_read("fd00::/8", &f.networks[1]));
	return f;
}

static tw_err example(const char *words, struct tw_ruleset *ret)
{
	const struct tw_manifest_flow f = example_flow();
	const struct tw_manifest_flow readings = {
		.name = "readings", .out = true, .ports = { { 1024, 65535 } }, .port_count = 1, .networks = { f.networks[0] }, .network_count = 1
	};
	struct tw_rates rates;

	*ret = (struct tw_ruleset){ .enforce = true, .ports = { 8443, 443 }, .port_count = 2 };
	TW_TRY(tw_rates_read(tw_slice_of(words), &rates));
	for (size_t i = 0; i < rates.count; i++)
		TW_TRY(tw_ruleset_limit(ret, &rates.words[i], tw_slice_is(rates.words[i].name, "readings") ? &readings : &f, "eth0"));
	return TW_OK;
}

#define ALL                                                                                                                 \
	"link:eth*:packets-each=100/200 out:eth0:connections=5/10 management:connections-each=5/10 flow:panel:packets=7/7 " \
	"tcp:8080:connections=1/2 udp:53:packets=3/4 link:*:packets=1000/1000"

static tw_err cross(const struct tw_ruleset *r, struct tw_ruleset *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_RULESET_WIRE_MAX);
	TW_TRY(tw_ruleset_write(r, &b));
	return tw_ruleset_read(tw_sys_real(), tw_buf_slice(&b), ret);
}

static void test_they_cross(void **state)
{
	struct tw_ruleset r, again;

	CHECK_OK(example(ALL, &r));
	CHECK(r.rate_count == 7 && r.limited_count == 6 + 8);
	CHECK_OK(cross(&r, &again));
	assert_memory_equal(&again, &r, sizeof r);
}

static void test_what_does_not_cross(void **state)
{
	struct tw_ruleset r, again;

	CHECK_OK(example("tcp:80:packets=1/1", &r));
	r.rates[0].burst = 61;
	CHECK_ERR(cross(&r, &again), SYNTAX);
	CHECK_OK(example("tcp:80:packets=1/1", &r));
	r.limited[0].rate = 1;
	CHECK_ERR(cross(&r, &again), SYNTAX);
	CHECK_OK(example("tcp:80:packets=1/1", &r));
	r.limited[0].flow.ports = (struct tw_manifest_ports){ 0, 80 };
	CHECK_ERR(cross(&r, &again), SYNTAX);
	r.limited[0].flow.ports = (struct tw_manifest_ports){ 80, 79 };
	CHECK_ERR(cross(&r, &again), SYNTAX);
	CHECK_OK(example("management:packets=100/200", &r));
	r.limited[0].flow.out = true;
	CHECK_ERR(cross(&r, &again), SYNTAX);
	CHECK_OK(example("link:eth0:packets=100/200", &r));
	memcpy(r.limited[0].link, "e\"h0", 5);
	CHECK_ERR(cross(&r, &again), SYNTAX);
	CHECK_OK(example("tcp:80:packets=1/1", &r));
	r.enforce = false;
	r.port_count = 0;
	CHECK_ERR(cross(&r, &again), SYNTAX);
}

static void test_not_without_end(void **state)
{
	const struct tw_manifest_flow f = example_flow();
	struct tw_ruleset r = { .enforce = true };
	struct tw_rates rates;

	CHECK_OK(tw_rates_read(TW_SLICE("flow:panel:packets=1/1"), &rates));
	for (int i = 0; i < TW_RATES_MAX; i++)
		CHECK_OK(tw_ruleset_limit(&r, &rates.words[0], &f, "eth0"));
	CHECK(r.limited_count == TW_RULESET_LIMITED);
	CHECK_ERR(tw_ruleset_limit(&r, &rates.words[0], &f, "eth0"), LIMIT);
	r.rate_count = 1;
	CHECK_ERR(tw_ruleset_limit(&r, &rates.words[0], &f, "eth0"), LIMIT);
}

static json_t *rules_of(const char *words, const char *chain, size_t n)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *all = NULL;
	struct tw_ruleset r;
	json_t *one;
	size_t i;

	tw_buf_init(&b, tw_sys_real(), TW_RULESET_MAX);
	CHECK_OK(example(words, &r));
	CHECK_OK(tw_ruleset_commands(&r, &b));
	CHECK_OK(tw_json_parse(tw_buf_slice(&b), TW_RULESET_MAX, &all));
	json_array_foreach(json_object_get(all, "nftables"), i, one) {
		json_t *rule = json_object_get(json_object_get(one, "add"), "rule");

		if (rule && strcmp(tw_json_text(rule, "chain"), chain) == 0 && n-- == 0)
			return json_incref(json_object_get(rule, "expr"));
	}
	return NULL;
}

/* As nft 1.0.6 lists them; test/run/test_firewall.py holds the rules to the nft that is here. */
static void test_rules(void **state)
{
#define IS(left, right) "{\"match\":{\"op\":\"==\",\"left\":" left ",\"right\":" right "}}"
#define NOT(left, right) "{\"match\":{\"op\":\"!=\",\"left\":" left ",\"right\":" right "}}"
#define META(key) "{\"meta\":{\"key\":\"" key "\"}}"
#define FIELD(p, f) "{\"payload\":{\"protocol\":\"" p "\",\"field\":\"" f "\"}}"
#define NEW "{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":\"new\"}}"
#define JUMP(to) "{\"jump\":{\"target\":\"" to "\"}}"
#define OVER(rate, burst) "{\"limit\":{\"rate\":" rate ",\"burst\":" burst ",\"per\":\"second\",\"inv\":true}}"
#define END ",{\"counter\":{\"packets\":0,\"bytes\":0}},{\"drop\":null}"
#define METER(name, key, over) \
	"{\"meter\":{\"key\":{\"elem\":{\"val\":" key ",\"timeout\":60}},\"stmt\":" over ",\"size\":4096,\"name\":\"" name "\"}}"
	static const struct {
		const char *words, *chain;
		size_t n;
		const char *expr;
	} rows[] = {
		{ "link:eth*:packets=100/200", "input", 1, IS(META("iifname"), "\"eth*\"") "," JUMP("rate0") },
		{ "link:*:packets=100/200", "input", 1, JUMP("rate0") },
		{ "link:*:packets=100/200", "rate0", 0, OVER("100", "200") END },
		{ "out:eth0:connections=5/10", "output", 0, IS(META("oif"), "\"lo\"") ",{\"accept\":null}" },
		{ "out:eth0:connections=5/10", "output", 1, IS(META("oifname"), "\"eth0\"") "," NEW "," JUMP("rate0out") },
		{ "tcp:80:packets=1/1 udp:53:packets=1/2", "input", 2, IS(FIELD("udp", "dport"), "53") "," JUMP("rate1") },
		{ "tcp:80:packets=1/1 udp:53:packets=1/2", "rate1", 0, OVER("1", "2") END },
		{ "management:connections=5/10", "input", 1,
			IS(FIELD("tcp", "dport"), "8443") "," IS(FIELD("ip", "saddr"), "\"@manage4\"") "," NEW "," JUMP("rate0") },
		{ "management:connections=5/10", "input", 4,
			IS(FIELD("tcp", "dport"), "443") "," IS(FIELD("ip6", "saddr"), "\"@manage6\"") "," NEW "," JUMP("rate0") },
		{ "flow:panel:packets=7/7", "input", 1,
			IS(META("iifname"), "\"eth0\"") "," IS(FIELD("udp", "dport"), "{\"range\":[5000,5001]}") "," IS(
				FIELD("ip", "saddr"), "{\"prefix\":{\"addr\":\"10.77.0.0\",\"len\":16}}") "," JUMP("rate0") },
		{ "flow:panel:packets=7/7", "output", 4,
			IS(META("oifname"), "\"eth0\"") "," IS(FIELD("udp", "dport"), "53") "," IS(
				FIELD("ip6", "daddr"), "{\"prefix\":{\"addr\":\"fd00::\",\"len\":8}}") "," JUMP("rate0out") },
		{ "flow:readings:packets=1/1", "output", 1,
			IS(META("oifname"), "\"eth0\"") "," IS(FIELD("tcp", "dport"), "{\"range\":[1024,65535]}") "," NOT(
				FIELD("tcp", "sport"), "8443") "," NOT(FIELD("tcp", "sport"), "443") "," IS(FIELD("ip", "daddr"),
				"{\"prefix\":{\"addr\":\"10.77.0.0\",\"len\":16}}") "," JUMP("rate0out") },
		{ "tcp:80:packets-each=2/3", "rate0", 0, METER("rate0ip4", FIELD("ip", "saddr"), OVER("2", "3")) END },
		{ "tcp:80:packets-each=2/3", "rate0", 1,
			METER("rate0ip6", "{\"&\":[" FIELD("ip6", "saddr") ",\"ffff:ffff:ffff:ffff::\"]}", OVER("2", "3")) END },
		{ "out:eth0:packets-each=100/200", "rate0out", 0, METER("rate0outip4", FIELD("ip", "daddr"), OVER("100", "200")) END },
		{ "tcp:80:packets-each=2/3", "rate0", 2, NULL },
		{ "tcp:80:packets=2/3", "output", 0, NULL },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *got = rules_of(rows[i].words, rows[i].chain, rows[i].n);
		TW_CLEANUP(tw_jsonp) json_t *want = NULL;
		char text[2048];

		(void)snprintf(text, sizeof text, "[%s]", rows[i].expr ? rows[i].expr : "");
		CHECK_OK(tw_json_parse(tw_slice_of(text), sizeof text, &want));
		if (rows[i].expr ? !got || !json_equal(got, want) : got != NULL) {
			char *said = got ? json_dumps(got, JSON_COMPACT) : NULL;

			fail_msg("row %zu: %s", i, said ? said : "none");
		}
	}
}

/* What was counted in whose chain. */
static void test_counts(void **state)
{
#define RULE(chain, packets)                                                        \
	"{\"rule\":{\"family\":\"inet\",\"table\":\"thingward\",\"chain\":\"" chain \
	"\",\"handle\":9,\"expr\":[" OVER("1", "1") ","                             \
						    "{\"counter\":{\"packets\":" packets ",\"bytes\":1}},{\"drop\":null}]}}"
	struct tw_ruleset_counts counts;
	struct tw_ruleset r;
	bool holds = true;

	CHECK_OK(example("tcp:80:packets=1/1 tcp:81:packets-each=1/1", &r));
	CHECK_OK(tw_ruleset_holds(&r, tw_sys_real(),
		TW_SLICE("{\"nftables\":[" RULE("rate0", "3") "," RULE("rate1", "4") "," RULE("rate1", "5") "," RULE("rate1out",
			"1") "," RULE("rate16", "7") "," RULE("ratex", "7") "," RULE("eeee3", "7") "," RULE("output", "8") "]}"),
		&counts, &holds));
	CHECK(!holds && counts.rates[0] == 3 && counts.rates[1] == 10 && counts.in == 21 && counts.out == 8);
	for (size_t i = 2; i < TW_RATES_MAX; i++)
		CHECK(!counts.rates[i]);
}

static tw_err all_of_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_ruleset r;

	TW_TRY(example(ALL, &r));
	tw_buf_init(&b, sys, TW_RULESET_MAX);
	return tw_ruleset_commands(&r, &b);
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(all_of_it, NULL) > 10);
}

CHECK_MAIN(cmocka_unit_test(test_words), cmocka_unit_test(test_what_a_word_says), cmocka_unit_test(test_too_many),
	cmocka_unit_test(test_they_cross), cmocka_unit_test(test_what_does_not_cross), cmocka_unit_test(test_not_without_end),
	cmocka_unit_test(test_rules), cmocka_unit_test(test_counts), cmocka_unit_test(test_without_memory))
