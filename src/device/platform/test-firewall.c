/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules come of settings that were judged with another manifest: flows that are gone, and flows that do not fit. */
#include "device/platform/core.h"
#include "device/platform/firewall-inside.h"
#include "sys/real.h"
#include "check.h"

#include <stdio.h>

#define MOST (TW_RULESET_FLOWS / (TW_MANIFEST_FLOW_PORTS * TW_MANIFEST_FLOW_NETWORKS))

static const struct tw_manifest_interface links[] = { { "lan", TW_MANIFEST_ETHERNET, "eth0", "It.", true } };
static struct tw_manifest_flow flows[MOST + 1];
static struct tw_manifest manifest;
static struct tw_core core;
static tw_firewall rules;

static void set(enum tw_firewall_key key, const char *value)
{
	(void)snprintf(rules.by[key].value, sizeof rules.by[key].value, "%s", value);
}

static int begin(void **state)
{
	for (size_t i = 0; i < TW_COUNT(flows); i++) {
		flows[i] = (struct tw_manifest_flow){
			.name = "f", .in = true, .port_count = TW_MANIFEST_FLOW_PORTS, .network_count = TW_MANIFEST_FLOW_NETWORKS
		};
		for (uint16_t p = 0; p < TW_MANIFEST_FLOW_PORTS; p++)
			flows[i].ports[p] = (struct tw_manifest_ports){ (uint16_t)(1 + p), (uint16_t)(1 + p) };
		for (uint8_t n = 0; n < TW_MANIFEST_FLOW_NETWORKS; n++)
			flows[i].networks[n] = (struct tw_network){ .family = 4, .bits = 32, .address = { 10, (uint8_t)i, 0, n } };
	}
	flows[MOST].name = "extra";
	flows[MOST].optional = true;
	manifest = (struct tw_manifest){ .interfaces = links, .interface_count = 1, .flows = flows, .flow_count = MOST };
	core.sys = tw_sys_real();
	core.device.manifest = &manifest;
	rules = (tw_firewall){ .core = &core };
	rules.listeners.ports[rules.listeners.port_count++] = 8443;
	set(TW_FIREWALL_MODE, "enforce");
	set(TW_FIREWALL_MANAGEMENT, "10.0.0.0/8");
	set(TW_FIREWALL_INGRESS, "enforce");
	set(TW_FIREWALL_EGRESS, "report");
	set(TW_FIREWALL_PERIOD, "60");
	return 0;
}

/* left: a word of why flows are not judged, NULL: they are. */
static void check_rules(size_t elements, const char *left)
{
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = { 0 };
	char why[TW_FIREWALL_WORDS_MAX] = "of before";

	CHECK_OK(tw_firewall_rules(&rules, &r, why));
	CHECK(r.enforce && r.port_count == 1 && r.network_count == 1);
	CHECK_INT(r.flow_count, elements);
	CHECK_INT(r.link_count, elements ? 1 : 0);
	CHECK_INT(r.in, left ? TW_RULES_OFF : TW_RULES_ENFORCE);
	CHECK_INT(r.out, left ? TW_RULES_OFF : TW_RULES_REPORT);
	if (!(left ? strstr(why, left) != NULL : why[0] == '\0'))
		fail_msg("'%s'", why);
}

static void test_flows_that_fit(void **state)
{
	check_rules(TW_RULESET_FLOWS, NULL);
	manifest.flow_count = MOST + 1;
	set(TW_FIREWALL_DECLINED, "extra");
	check_rules(TW_RULESET_FLOWS, NULL);
}

static void test_too_many(void **state)
{
	manifest.flow_count = MOST + 1;
	check_rules(0, "more than 2048");
}

static void test_too_many_sets(void **state)
{
	for (unsigned i = 0; i < MOST; i++) /* each overlaps all before, and is in none */
		for (unsigned n = 0; n < TW_MANIFEST_FLOW_PORTS; n++)
			flows[i].ports[n] = (struct tw_manifest_ports){ (uint16_t)(100 + i * 8 + n), (uint16_t)(1000 + i * 8 + n) };
	for (size_t i = 0; i < MOST; i++)
		for (size_t n = 0; n < TW_MANIFEST_FLOW_NETWORKS; n++)
			flows[i].networks[n] = flows[0].networks[0];
	check_rules(0, "sets");
}

static void test_none_declared(void **state)
{
	manifest.flow_count = 0;
	check_rules(0, "declares no flows");
	set(TW_FIREWALL_INGRESS, "off");
	set(TW_FIREWALL_EGRESS, "off");
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = { 0 };
	char why[TW_FIREWALL_WORDS_MAX];
	CHECK_OK(tw_firewall_rules(&rules, &r, why));
	CHECK_TEXT(why, ""); /* and nobody asked for it */
}

/* Ordinary broadcasts make a record each hour; after a silence the next one is told at once, and a minute later again. */
static void test_pauses_double(void **state)
{
	static const int64_t minutes[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	int64_t pause = 0;

	for (size_t i = 0; i < TW_COUNT(minutes); i++) {
		pause = tw_firewall_next_pause(pause, i ? pause : INT64_MAX);
		CHECK_INT(pause, minutes[i] * 60000);
	}
	CHECK_INT(tw_firewall_next_pause(pause, 2 * pause - 1), pause);
	CHECK_INT(tw_firewall_next_pause(pause, 2 * pause), 60000);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)
CHECK_MAIN(TEST(test_flows_that_fit), TEST(test_too_many), TEST(test_too_many_sets), TEST(test_none_declared), TEST(test_pauses_double))
