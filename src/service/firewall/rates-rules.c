/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From limits of rate to rules. Each limit is a chain of its own, to which everything it is about is sent, so that one bucket counts all of it:
 * what is over the rate is counted and dropped there, and all else goes on as if there were no limit. A limit of each host is a meter, whose
 * hosts nft does not list with the table: what is read back does not grow with who sends.
 */
#include "base/mem.h"
#include "base/cursor.h"
#include "base/text.h"
#include "service/firewall/ruleset-inside.h"

#include <stdio.h>
#include <string.h>

#define IP6_SITE "ffff:ffff:ffff:ffff::" /* one host may have all addresses of it */

/* --- Out of words --- */

static tw_err add(struct tw_ruleset *r, const struct tw_limited *l)
{
	if (r->limited_count == TW_RULESET_LIMITED)
		return TW_RAISE(LIMIT, "limits of rate about more than %d links, ports, and networks of flows", TW_RULESET_LIMITED);
	r->limited[r->limited_count++] = *l;
	return TW_OK;
}

static tw_err add_direction(struct tw_ruleset *r, struct tw_limited *l, const struct tw_manifest_flow *f, bool out)
{
	struct tw_flow all[TW_MANIFEST_FLOW_PORTS * TW_MANIFEST_FLOW_NETWORKS];
	const size_t count = tw_flow_spread(f, 0, out, all);

	for (size_t i = 0; i < count; i++) {
		l->flow = all[i];
		TW_TRY(add(r, l));
	}
	return TW_OK;
}

tw_err tw_ruleset_limit(struct tw_ruleset *r, const struct tw_rate_word *w, const struct tw_manifest_flow *f, const char *link)
{
	struct tw_limited l = { .rate = (uint8_t)r->rate_count, .management = w->kind == TW_RATE_MANAGEMENT, .link = "*" };

	if (r->rate_count == TW_RATES_MAX)
		return TW_RAISE(LIMIT, "more than %d limits of rate", TW_RATES_MAX);
	r->rates[r->rate_count++] = w->rate;
	if (w->kind == TW_RATE_LINK || w->kind == TW_RATE_OUT)
		(void)snprintf(l.link, sizeof l.link, TW_SLICE_FMT, TW_SLICE_ARG(w->name));
	l.flow = (struct tw_flow){ .out = w->kind == TW_RATE_OUT, .udp = w->kind == TW_RATE_UDP, .ports = { w->port, w->port } };
	if (w->kind != TW_RATE_FLOW)
		return add(r, &l);
	(void)snprintf(l.link, sizeof l.link, "%s", link);
	if (f->in)
		TW_TRY(add_direction(r, &l, f, false));
	return f->out ? add_direction(r, &l, f, true) : TW_OK;
}

/* --- Between core and the role --- */

static tw_err write_limited(const struct tw_limited *l, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, l->rate));
	TW_TRY(tw_buf_u8(b, (uint8_t)(l->flow.out | l->flow.udp << 1 | l->management << 2)));
	TW_TRY(tw_buf_block16(b, l->link, strlen(l->link)));
	TW_TRY(tw_buf_u16(b, l->flow.ports.from));
	TW_TRY(tw_buf_u16(b, l->flow.ports.to));
	return l->flow.network.family ? tw_rules_write_network(&l->flow.network, b) : tw_buf_u8(b, 0);
}

tw_err tw_rules_write_rates(const struct tw_ruleset *r, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)r->rate_count));
	for (size_t i = 0; i < r->rate_count; i++) {
		TW_TRY(tw_buf_u8(b, (uint8_t)(r->rates[i].connections | r->rates[i].each << 1)));
		TW_TRY(tw_buf_u32(b, r->rates[i].rate));
		TW_TRY(tw_buf_u32(b, r->rates[i].burst));
	}
	TW_TRY(tw_buf_u8(b, (uint8_t)r->limited_count));
	for (size_t i = 0; i < r->limited_count; i++)
		TW_TRY(write_limited(&r->limited[i], b));
	return TW_OK;
}

static tw_err read_rate(struct tw_cursor *c, struct tw_rate *ret)
{
	uint8_t bits = 0;

	TW_TRY(tw_cursor_u8(c, &bits));
	TW_TRY(tw_cursor_u32(c, &ret->rate));
	TW_TRY(tw_cursor_u32(c, &ret->burst));
	ret->connections = bits & 1;
	ret->each = bits & 2;
	return bits <= 3 && tw_rate_valid(ret) ? TW_OK : TW_RAISE(SYNTAX, "a rate that is none");
}

static tw_err read_limited(struct tw_cursor *c, const struct tw_ruleset *r, struct tw_limited *l)
{
	uint8_t bits = 0, family = 0;
	struct tw_slice link;

	TW_TRY(tw_cursor_u8(c, &l->rate));
	TW_TRY(tw_cursor_u8(c, &bits));
	TW_TRY(tw_cursor_block16(c, TW_MANIFEST_LINK_MAX, &link));
	TW_TRY(tw_cursor_u16(c, &l->flow.ports.from));
	TW_TRY(tw_cursor_u16(c, &l->flow.ports.to));
	l->flow.out = bits & 1;
	l->flow.udp = bits & 2;
	l->management = bits & 4;
	memcpy(l->link, link.at, link.size);
	if (bits > 7 || (l->management && bits != 4) || l->rate >= r->rate_count || l->flow.ports.to < l->flow.ports.from ||
		(l->flow.ports.to && !l->flow.ports.from))
		return TW_RAISE(SYNTAX, "what a rate is about is nothing");
	if (strlen(l->link) != link.size || !tw_rules_is_link(l->link))
		return TW_RAISE(SYNTAX, "a rate of a link that has no name of one");
	struct tw_cursor ahead = *c;
	TW_TRY(tw_cursor_u8(&ahead, &family));
	if (family)
		return tw_rules_read_network(c, &l->flow.network);
	*c = ahead;
	return TW_OK;
}

tw_err tw_rules_read_rates(struct tw_cursor *c, struct tw_ruleset *r)
{
	uint8_t count = 0, limited = 0;

	TW_TRY(tw_cursor_u8(c, &count));
	if (count > TW_RATES_MAX)
		return TW_RAISE(LIMIT, "%u limits of rate", count);
	for (; r->rate_count < count; r->rate_count++)
		TW_TRY(read_rate(c, &r->rates[r->rate_count]));
	TW_TRY(tw_cursor_u8(c, &limited));
	if (limited > TW_RULESET_LIMITED)
		return TW_RAISE(LIMIT, "%u of what has a limit of rate", limited);
	for (; r->limited_count < limited; r->limited_count++)
		TW_TRY(read_limited(c, r, &r->limited[r->limited_count]));
	return TW_OK;
}

/* --- As nft has them --- */

struct name {
	char text[32];
};

static struct name chain_name(size_t rate, bool out)
{
	struct name n;

	(void)snprintf(n.text, sizeof n.text, "rate%zu%s", rate, out ? "out" : "");
	return n;
}

static bool goes(const struct tw_ruleset *r, size_t rate, bool out)
{
	for (size_t i = 0; i < r->limited_count; i++)
		if (r->limited[i].rate == rate && r->limited[i].flow.out == out)
			return true;
	return false;
}

bool tw_rules_limits(const struct tw_ruleset *r, bool out)
{
	for (size_t i = 0; i < r->rate_count; i++)
		if (goes(r, i, out))
			return true;
	return false;
}

tw_err tw_rules_rate_chains(const struct tw_ruleset *r, json_t *list)
{
	for (size_t i = 0; i < 2 * r->rate_count; i++)
		if (goes(r, i / 2, i % 2))
			TW_TRY(tw_json_append(list,
				json_pack("{s:{s:s, s:s, s:s}}", "chain", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE,
					"name", chain_name(i / 2, i % 2).text)));
	return TW_OK;
}

/* expr: so far; what is added may be NULL for want of memory, which the list says. */
static tw_err add_rule(json_t *list, const struct tw_ruleset *r, const struct tw_limited *l, json_t *expr)
{
	TW_CLEANUP(tw_jsonp) json_t *taken = expr;

	if (r->rates[l->rate].connections)
		TW_TRY(tw_json_append(taken,
			json_pack("{s:{s:s, s:{s:{s:s}}, s:s}}", "match", "op", "in", "left", "ct", "key", "state", "right", "new")));
	TW_TRY(tw_json_append(taken, json_pack("{s:{s:s}}", "jump", "target", chain_name(l->rate, l->flow.out).text)));
	return tw_rules_add(list, l->flow.out ? "output" : "input", TW_STEAL(taken));
}

/* Only who is let in takes of it: strangers cannot use it up. */
static tw_err add_management(json_t *list, const struct tw_ruleset *r, const struct tw_limited *l)
{
	static const char *const families[][2] = { { "ip", "@manage4" }, { "ip6", "@manage6" } };

	for (size_t i = 0; i < 2 * r->port_count; i++)
		TW_TRY(add_rule(list, r, l,
			json_pack("[o, o]", tw_rules_match(tw_rules_field("tcp", "dport"), json_integer(r->ports[i / 2])),
				tw_rules_match(tw_rules_field(families[i % 2][0], "saddr"), json_string(families[i % 2][1])))));
	return TW_OK;
}

/*
 * What the device's own HTTPS answers is no flow's, whatever port it was asked from: who administrates would be cut off by a flow to those ports,
 * since limits stand before what lets answers through.
 */
static tw_err spare_answers(json_t *expr, const struct tw_ruleset *r)
{
	for (size_t i = 0; i < r->port_count; i++)
		TW_TRY(tw_json_append(expr,
			json_pack("{s:{s:s, s:o, s:i}}", "match", "op", "!=", "left", tw_rules_field("tcp", "sport"), "right",
				r->ports[i])));
	return TW_OK;
}

static tw_err add_limited(json_t *list, const struct tw_ruleset *r, const struct tw_limited *l)
{
	TW_CLEANUP(tw_jsonp) json_t *expr = json_array();
	const struct tw_network *n = &l->flow.network;

	if (strcmp(l->link, "*") != 0)
		TW_TRY(tw_json_append(expr,
			tw_rules_match(json_pack("{s:{s:s}}", "meta", "key", l->flow.out ? "oifname" : "iifname"), json_string(l->link))));
	if (l->flow.ports.from)
		TW_TRY(tw_json_append(expr,
			tw_rules_match(tw_rules_field(l->flow.udp ? "udp" : "tcp", "dport"), tw_rules_ports(&l->flow.ports))));
	if (l->flow.out && !l->flow.udp && l->flow.ports.from)
		TW_TRY(spare_answers(expr, r));
	if (n->family)
		TW_TRY(tw_json_append(expr,
			tw_rules_match(tw_rules_field(n->family == 4 ? "ip" : "ip6", l->flow.out ? "daddr" : "saddr"),
				tw_rules_network(n))));
	return add_rule(list, r, l, TW_STEAL(expr));
}

tw_err tw_rules_rates(const struct tw_ruleset *r, bool out, json_t *list)
{
	for (size_t i = 0; i < r->limited_count; i++)
		if (r->limited[i].flow.out == out)
			TW_TRY(r->limited[i].management ? add_management(list, r, &r->limited[i]) : add_limited(list, r, &r->limited[i]));
	return TW_OK;
}

static json_t *over(const struct tw_rate *r)
{
	return json_pack("{s:{s:I, s:I, s:s, s:b}}", "limit", "rate", (json_int_t)r->rate, "burst", (json_int_t)r->burst, "per",
		"second", "inv", 1);
}

static tw_err add_end(json_t *list, const char *chain, json_t *statement)
{
	return tw_rules_add(list, chain, json_pack("[o, o, {s:n}]", statement, tw_rules_counter(), "drop"));
}

static json_t *host(bool out, uint8_t family)
{
	json_t *address = tw_rules_field(family == 4 ? "ip" : "ip6", out ? "daddr" : "saddr");

	return family == 4 ? address : json_pack("{s:[o, s]}", "&", address, IP6_SITE);
}

static tw_err add_each(json_t *list, const struct tw_rate *r, const char *chain, bool out)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		char meter[40];

		(void)snprintf(meter, sizeof meter, "%sip%u", chain, family);
		TW_TRY(add_end(list, chain,
			json_pack("{s:{s:{s:{s:o, s:i}}, s:o, s:i, s:s}}", "meter", "key", "elem", "val", host(out, family),
				"timeout", TW_RATE_REMEMBERED_S, "stmt", over(r), "size", TW_RATE_HOSTS, "name", meter)));
	}
	return TW_OK;
}

tw_err tw_rules_rate_ends(const struct tw_ruleset *r, json_t *list)
{
	for (size_t i = 0; i < 2 * r->rate_count; i++) {
		const struct name chain = chain_name(i / 2, i % 2);

		if (!goes(r, i / 2, i % 2))
			continue;
		TW_TRY(r->rates[i / 2].each ? add_each(list, &r->rates[i / 2], chain.text, i % 2)
					    : add_end(list, chain.text, over(&r->rates[i / 2])));
	}
	return TW_OK;
}

bool tw_rules_is_rate(const char *chain, size_t *ret)
{
	const size_t size = strspn(chain, "rate") == 4 ? strspn(chain + 4, "0123456789") : 0;
	uint64_t rate = 0;

	if (!size || strncmp(chain, "rate", 4) != 0 ||
		tw_failed(tw_parse_u64((struct tw_slice){ chain + 4, size }, TW_RATES_MAX - 1, &rate)))
		return false;
	*ret = (size_t)rate;
	return true;
}
