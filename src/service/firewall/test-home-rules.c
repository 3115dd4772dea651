/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about home systems: what crosses, which rules come of it, what nft may list of them, and where memory ends. test/run/test_home.py has the kernel. */
#include "service/firewall/ruleset.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

static struct tw_ruleset example(bool open, const char *tunnel)
{
	struct tw_ruleset r = { .enforce = true, .ports = { 8443 }, .port_count = 1 };
	struct tw_home_rules *h = &r.home;

	h->systems[h->count++] = (struct tw_network){ .family = 4, .bits = 8, .address = { 10 } };
	h->systems[h->count++] = (struct tw_network){ .family = 6, .bits = 32, .address = { 0x20, 1, 0xd, 0xb8 } };
	(void)snprintf(h->link, sizeof h->link, "eth0");
	(void)snprintf(h->tunnel, sizeof h->tunnel, "%s", tunnel);
	h->witness = (struct tw_network){ .family = 4, .bits = 32, .address = { 10, 0, 0, 5 } };
	h->witness_port = 8443;
	h->fetch_uid = 905;
	h->open = open;
	h->lease_s = open ? 70 : 0;
	return r;
}

static tw_err pass(const struct tw_ruleset *r, struct tw_ruleset *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	TW_TRY(tw_ruleset_write(r, &b));
	return tw_ruleset_read(tw_sys_real(), tw_buf_slice(&b), ret);
}

static void test_it_crosses(void **state)
{
	struct tw_ruleset again;

	for (int i = 0; i < 4; i++) {
		const struct tw_ruleset r = example(i & 1, i & 2 ? "wg0" : "");

		CHECK_OK(pass(&r, &again));
		assert_memory_equal(&again, &r, sizeof r);
	}
}

#define REFUSED(change, code)                               \
	do {                                                \
		struct tw_ruleset r = example(true, ""), n; \
		struct tw_home_rules *h = &r.home;          \
		(void)h;                                    \
		change;                                     \
		CHECK_ERR(pass(&r, &n), code);              \
	} while (0)

static void test_what_does_not_cross(void **state)
{
	REFUSED(h->systems[0].bits = 33, SYNTAX);
	REFUSED(h->systems[0].family = 5, SYNTAX);
	REFUSED(h->systems[1] = h->systems[0], SYNTAX);
	REFUSED(h->systems[1] = ((struct tw_network){ .family = 4, .bits = 16, .address = { 10 } }), SYNTAX);
	REFUSED(memcpy(h->tunnel, "wg*", 4), SYNTAX);
	REFUSED(memcpy(h->tunnel, "w 0", 4), SYNTAX);
	REFUSED(memcpy(h->link, "e;0", 4), SYNTAX);
	REFUSED(h->link[0] = '\0', SYNTAX); /* open, and nobody proves it */
	REFUSED(h->witness.bits = 8, SYNTAX);
	REFUSED(h->witness_port = 0, SYNTAX);
	REFUSED(r.enforce = false, SYNTAX);
}

/* The commands as they are for nft, as text. */
static void commands(const struct tw_ruleset *r, struct tw_buf *ret)
{
	tw_buf_init(ret, tw_sys_real(), TW_RULESET_MAX);
	CHECK_OK(tw_ruleset_commands(r, ret));
}

#define BY(link) "{\"match\":{\"left\":{\"meta\":{\"key\":\"oifname\"}},\"op\":\"==\",\"right\":\"" link "\"}},{\"return\":null}"
#define OWN "{\"match\":{\"left\":{\"meta\":{\"key\":\"skuid\"}},\"op\":\"==\",\"right\":905}}"
#define NO_DNS "{\"match\":{\"left\":{\"payload\":{\"field\":\"dport\",\"protocol\":\"tcp\"}},\"op\":\"!=\",\"right\":53}}"

/* @nist LA.EC.5: each way out there is, and no other */
static void test_ways_out(void **state)
{
	static const struct {
		const char *tunnel;
		bool open, by_home, by_tunnel, by_mutual;
	} rows[] = {
		{ "", false, false, false, true },
		{ "", true, true, false, false },
		{ "wg0", false, false, true, false },
		{ "wg0", true, true, true, false },
	};
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
		TW_CLEANUP(tw_jsonp) json_t *all = NULL;
		const struct tw_ruleset r = example(rows[i].open, rows[i].tunnel);

		commands(&r, &text);
		CHECK_OK(tw_json_parse(tw_buf_slice(&text), TW_RULESET_MAX, &all));
		char *plain = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);
		CHECK(plain);
		CHECK_INT(strstr(plain, BY("@athome")) != NULL, rows[i].by_home);
		CHECK_INT(strstr(plain, "\"timeout\":70") != NULL, rows[i].by_home);
		CHECK_INT(strstr(plain, BY("wg0")) != NULL, rows[i].by_tunnel);
		CHECK_INT(strstr(plain, OWN "," NO_DNS ",{\"return\":null}") != NULL, rows[i].by_mutual);
		CHECK(strstr(plain, "\"chain\":\"forward\"") && strstr(plain, "\"@home4\"") && strstr(plain, "\"@home6\""));
		CHECK(strstr(plain,
			OWN ",{\"match\":{\"left\":{\"payload\":{\"field\":\"daddr\",\"protocol\":\"ip\"}},\"op\":\"==\",\"right\":\"10.0.0.5\"}}"));
		free(plain);
	}
}

/* What nft lists of it: the commands' own objects, with time that has passed. */
static json_t *listed(const struct tw_ruleset *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *all = NULL;
	json_t *list = json_array(), *one;
	size_t i;

	commands(r, &text);
	CHECK_OK(tw_json_parse(tw_buf_slice(&text), TW_RULESET_MAX, &all));
	json_array_foreach(json_object_get(all, "nftables"), i, one)
		if (i >= 2)
			CHECK(!json_array_append(list, json_object_get(one, "add")));
	return list;
}

static json_t *lease_in(json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (strcmp(tw_json_text(json_object_get(one, "set"), "name"), "athome") == 0)
			return json_object_get(one, "set");
	return NULL;
}

static bool holds(const struct tw_ruleset *r, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *whole = json_pack("{s:O}", "nftables", list);
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_ruleset_counts counts;
	bool same = false;

	tw_buf_init(&text, tw_sys_real(), TW_RULESET_MAX);
	CHECK_OK(tw_json_write(whole, &text));
	CHECK_OK(tw_ruleset_holds(r, tw_sys_real(), tw_buf_slice(&text), &counts, &same));
	return same;
}

/* It runs out by itself; nobody makes it longer, or about another link, unseen. */
static void test_time_that_has_passed_is_no_difference(void **state)
{
	const struct tw_ruleset r = example(true, "");
	TW_CLEANUP(tw_jsonp) json_t *list = listed(&r);
	json_t *lease = lease_in(list), *element = json_object_get(json_array_get(json_object_get(lease, "elem"), 0), "elem");

	CHECK(holds(&r, list));
	CHECK(!json_object_set_new(element, "expires", json_integer(3)));
	CHECK(holds(&r, list));
	CHECK(!json_object_set_new(element, "timeout", json_integer(7000)));
	CHECK(!holds(&r, list));
	CHECK(!json_object_set_new(element, "timeout", json_integer(70)) && !json_object_set_new(element, "val", json_string("eth1")));
	CHECK(!holds(&r, list));
	CHECK(!json_object_del(lease, "elem"));
	CHECK(holds(&r, list));
	const struct tw_ruleset closed = example(false, "");
	CHECK(!holds(&closed, list));
}

static tw_err renew(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_ruleset r = example(true, "wg0");

	tw_buf_init(&b, sys, TW_RULESET_MAX);
	TW_TRY(tw_ruleset_renewal(&r, &b));
	CHECK(strstr(tw_buf_cstr(&b), "\"flush\"") && strstr(tw_buf_cstr(&b), "\"eth0\"") && !strstr(tw_buf_cstr(&b), "\"delete\""));
	tw_buf_clear(&b);
	return tw_ruleset_commands(&r, &b);
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(renew, NULL) > 10);
}

CHECK_MAIN(cmocka_unit_test(test_it_crosses), cmocka_unit_test(test_what_does_not_cross), cmocka_unit_test(test_ways_out),
	cmocka_unit_test(test_time_that_has_passed_is_no_difference), cmocka_unit_test(test_without_memory))
