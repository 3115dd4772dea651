/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the product's flows to sets and rules: what was opened before goes on, what a host needs to be one passes, each group of flows is
 * one rule that looks into one set, and the last rule of a chain counts what none let pass, and drops it where that is enforced.
 */
#include "base/mem.h"
#include "service/firewall/ruleset-inside.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* --- Out of the manifest --- */

static tw_err link_of(struct tw_ruleset *r, const char *link, uint8_t *ret)
{
	for (size_t i = 0; i < r->link_count; i++)
		if (strcmp(r->links[i], link) == 0) {
			*ret = (uint8_t)i;
			return TW_OK;
		}
	if (r->link_count == TW_RULESET_LINKS)
		return TW_RAISE(LIMIT, "flows go by more than %d links", TW_RULESET_LINKS);
	(void)snprintf(r->links[r->link_count], sizeof r->links[0], "%s", link);
	*ret = (uint8_t)r->link_count++;
	return TW_OK;
}

/* The array grows by doubling: at each power of two it moves. Only for rulesets that are made here, not for one that was read. */
static tw_err grow(struct tw_ruleset *r, const struct tw_sys *sys, size_t more)
{
	size_t had = r->flow_count ? 1 : 0, size = 64;

	while (size < r->flow_count)
		size *= 2;
	const size_t before = size * had;
	while (size < r->flow_count + more)
		size *= 2;
	if (r->flow_count + more > TW_RULESET_FLOWS)
		return TW_RAISE(LIMIT, "more than %d networks and ranges of ports of flows", TW_RULESET_FLOWS);
	if (size == before)
		return TW_OK;
	struct tw_flow *flows = tw_alloc_array(sys, size, sizeof *flows);
	if (!flows)
		return TW_RAISE(NOMEM, "flows");
	if (r->flow_count)
		memcpy(flows, r->flows, r->flow_count * sizeof *flows);
	free(r->flows);
	r->flows = flows;
	return TW_OK;
}

tw_err tw_ruleset_flow(struct tw_ruleset *r, const struct tw_sys *sys, const struct tw_manifest_flow *f, const char *link)
{
	const bool in = f->in && r->in != TW_RULES_OFF, out = f->out && r->out != TW_RULES_OFF;
	uint8_t at = 0;

	if (!in && !out)
		return TW_OK;
	TW_TRY(link_of(r, link, &at));
	TW_TRY(grow(r, sys, f->port_count * f->network_count * (size_t)(in + out)));
	if (in)
		r->flow_count += tw_flow_spread(f, at, false, &r->flows[r->flow_count]);
	if (out)
		r->flow_count += tw_flow_spread(f, at, true, &r->flows[r->flow_count]);
	return TW_OK;
}

tw_err tw_ruleset_fits(const struct tw_ruleset *r, const struct tw_sys *sys)
{
	struct tw_flow_sets s = { .flows = r->flows, .flow_count = r->flow_count };
	tw_err e = tw_flow_sets_make(&s, sys);

	free(s.set);
	return e;
}

void tw_ruleset_leave_flows(struct tw_ruleset *r)
{
	free(r->flows);
	r->flows = NULL;
	r->flow_count = r->link_count = 0;
	memset(r->links, 0, sizeof r->links); /* as one that crossed */
	r->in = r->out = TW_RULES_OFF;
}

/* --- As nft has them; protocols are numbers, since what they are called is in a file of the system that it need not be able to read --- */

json_t *tw_rules_ports(const struct tw_manifest_ports *p)
{
	return p->from == p->to ? json_integer(p->from) : json_pack("{s:[i, i]}", "range", p->from, p->to);
}

static tw_err add_set(const struct tw_rules_groups *g, size_t group, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = json_array();
	char name[32];

	(void)snprintf(name, sizeof name, "flows%zu", group);
	for (size_t i = 0; i < g->of->flow_count; i++) {
		const struct tw_flow *f = &g->of->flows[i];

		if (g->sets.set[i] == group)
			TW_TRY(tw_json_append(elements,
				json_pack("{s:[i, o, o]}", "concat", f->udp ? IPPROTO_UDP : IPPROTO_TCP, tw_rules_ports(&f->ports),
					tw_rules_network(&f->network))));
	}
	return tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:[s, s, s], s:[s], s:O}}", "set", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE,
			"name", name, "type", "inet_proto", "inet_service",
			g->sets.of[group].family == 4 ? "ipv4_addr" : "ipv6_addr", "flags", "interval", "elem", elements));
}

tw_err tw_rules_sets(const struct tw_rules_groups *g, json_t *list)
{
	for (size_t i = 0; i < g->sets.count; i++)
		TW_TRY(add_set(g, i, list));
	return TW_OK;
}

static json_t *meta(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *accept_it(void)
{
	return json_pack("{s:n}", "accept");
}

static json_t *port_is(const char *field, int port)
{
	return tw_rules_match(tw_rules_field("udp", field), json_integer(port));
}

/* Between this link's own addresses alone: nobody further away speaks DHCPv6 with a host. */
static tw_err add_dhcp6(json_t *list, const char *chain, bool out)
{
	const struct tw_network near = { .family = 6, .bits = 10, .address = { 0xfe, 0x80 } };

	return tw_rules_add(list, chain,
		json_pack("[o, o, o, o]", tw_rules_match(tw_rules_field("ip6", "saddr"), tw_rules_network(&near)),
			port_is("sport", out ? 546 : 547), port_is("dport", out ? 547 : 546), accept_it()));
}

/* What a host needs of the network itself: ICMP that answers nothing tracked, neighbours, routers, groups (IGMP, MLD), and its address. */
static tw_err add_needs(json_t *list, bool out)
{
	json_t *types = out
		? json_pack("[s, s, s, s, s, s, s]", "packet-too-big", "mld-listener-report", "mld-listener-done",
			  "nd-router-solicit", "nd-neighbor-solicit", "nd-neighbor-advert", "mld2-listener-report")
		: json_pack("[s, s, s, s, s, s, s, s]", "destination-unreachable", "packet-too-big", "time-exceeded",
			  "parameter-problem", "mld-listener-query", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert");
	const char *chain = out ? "output" : "input";

	TW_TRY(tw_rules_add(list, chain,
		json_pack("[o, o]", tw_rules_match(tw_rules_field("icmpv6", "type"), json_pack("{s:o}", "set", types)), accept_it())));
	TW_TRY(tw_rules_add(list, chain,
		json_pack("[o, o]", tw_rules_match(tw_rules_field("ip", "protocol"), json_integer(IPPROTO_IGMP)), accept_it())));
	TW_TRY(tw_rules_add(list, chain,
		json_pack("[o, o, o]", port_is("sport", out ? 68 : 67), port_is("dport", out ? 67 : 68), accept_it())));
	return add_dhcp6(list, chain, out);
}

static json_t *key_of(bool out, uint8_t family)
{
	return json_pack("{s:[o, o, o]}", "concat", meta("l4proto"), tw_rules_field("th", "dport"),
		tw_rules_field(family == 4 ? "ip" : "ip6", out ? "daddr" : "saddr"));
}

static tw_err add_group(const struct tw_rules_groups *g, size_t group, json_t *list)
{
	const bool out = g->sets.of[group].out;
	const char *link = g->of->links[g->sets.of[group].link], *chain = out ? "output" : "input";
	char set[32];

	(void)snprintf(set, sizeof set, "@flows%zu", group);
	json_t *in_set = tw_rules_match(key_of(out, g->sets.of[group].family), json_string(set));
	if (strcmp(link, "*") == 0)
		return tw_rules_add(list, chain, json_pack("[o, o, o]", in_set, tw_rules_counter(), accept_it()));
	return tw_rules_add(list, chain,
		json_pack("[o, o, o, o]", tw_rules_match(meta(out ? "oifname" : "iifname"), json_string(link)), in_set,
			tw_rules_counter(), accept_it()));
}

tw_err tw_rules_flows(const struct tw_rules_groups *g, bool out, json_t *list)
{
	const enum tw_rules_mode mode = out ? g->of->out : g->of->in;
	const char *chain = out ? "output" : "input";

	if (mode == TW_RULES_OFF)
		return TW_OK;
	TW_TRY(tw_rules_add(list, chain,
		json_pack("[{s:{s:s, s:{s:{s:s}}, s:[s, s]}}, o]", "match", "op", "in", "left", "ct", "key", "state", "right",
			"established", "related", accept_it())));
	TW_TRY(add_needs(list, out));
	for (size_t i = 0; i < g->sets.count; i++)
		if (g->sets.of[i].out == out)
			TW_TRY(add_group(g, i, list));
	return tw_rules_add(list, chain,
		mode == TW_RULES_ENFORCE ? json_pack("[o, {s:n}]", tw_rules_counter(), "drop") : json_pack("[o]", tw_rules_counter()));
}
