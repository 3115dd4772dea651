/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/ruleset-inside.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>

#define PRIORITY (-10) /* before the filters that others make by default; what these drop stays dropped */

static tw_err add_network(struct tw_ruleset *r, const struct tw_network *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->network_count; i++)
		if (tw_network_inside(n, &r->networks[i]))
			return TW_OK;
	for (size_t i = 0; i < r->network_count; i++)
		if (!tw_network_inside(&r->networks[i], n))
			r->networks[kept++] = r->networks[i];
	memset(&r->networks[kept], 0, (r->network_count - kept) * sizeof r->networks[0]); /* as one that crossed */
	r->network_count = kept;
	if (kept == TW_RULESET_NETWORKS)
		return TW_RAISE(LIMIT, "more than %d networks", TW_RULESET_NETWORKS);
	r->networks[r->network_count++] = *n;
	return TW_OK;
}

tw_err tw_networks_read(const char *text, struct tw_ruleset *ret)
{
	while (*text) {
		const size_t size = strcspn(text, " ");
		struct tw_network n;
		char word[64];

		if (!size || size >= sizeof word)
			return TW_RAISE(SYNTAX, "networks, with one blank between each: not '%.60s'", text);
		memcpy(word, text, size);
		word[size] = '\0';
		TW_TRY(tw_network_read(word, &n));
		TW_TRY(add_network(ret, &n));
		text += size;
		if (*text && !*++text)
			return TW_RAISE(SYNTAX, "networks, with nothing behind the last");
	}
	return TW_OK;
}

/*
 * No two networks of a ruleset overlap, so what they cover adds up, as parts of 2^63: 64 networks that fill one have none among them that is
 * smaller.
 */
static bool covered(const struct tw_ruleset *r, const struct tw_network *whole)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < r->network_count; i++) {
		const struct tw_network *n = &r->networks[i];

		_Static_assert(TW_RULESET_NETWORKS <= 64, "a bit for each");
		if (tw_network_inside(whole, n))
			return true;
		if (tw_network_inside(n, whole) && n->bits - whole->bits <= 63)
			sum += UINT64_C(1) << (63 - (n->bits - whole->bits));
	}
	return sum == UINT64_C(1) << 63;
}

bool tw_networks_everywhere(const struct tw_ruleset *r)
{
	static const struct tw_network ip4[] = { { .family = 4, .bits = 1 }, { .family = 4, .bits = 2, .address = { 128 } },
		{ .family = 4, .bits = 3, .address = { 192 } } }; /* the rest are groups, and nobody's */
	static const struct tw_network ip6 = { .family = 6, .bits = 3, .address = { 0x20 } };

	return covered(r, &ip6) || (covered(r, &ip4[0]) && covered(r, &ip4[1]) && covered(r, &ip4[2]));
}

/* --- Between core and the role --- */

void tw_ruleset_done(struct tw_ruleset *r)
{
	free(r->flows);
	*r = (struct tw_ruleset){ 0 };
}

tw_err tw_rules_write_network(const struct tw_network *n, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, n->family));
	TW_TRY(tw_buf_u8(b, n->bits));
	return tw_buf_add(b, n->address, tw_network_size(n));
}

static tw_err write_flows(const struct tw_ruleset *r, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)r->in));
	TW_TRY(tw_buf_u8(b, (uint8_t)r->out));
	TW_TRY(tw_buf_u16(b, r->look_s));
	TW_TRY(tw_buf_u8(b, (uint8_t)r->link_count));
	for (size_t i = 0; i < r->link_count; i++)
		TW_TRY(tw_buf_block16(b, r->links[i], strlen(r->links[i])));
	TW_TRY(tw_buf_u16(b, (uint16_t)r->flow_count));
	for (size_t i = 0; i < r->flow_count; i++) {
		const struct tw_flow *f = &r->flows[i];

		TW_TRY(tw_buf_u8(b, (uint8_t)(f->out | f->udp << 1)));
		TW_TRY(tw_buf_u8(b, f->link));
		TW_TRY(tw_buf_u16(b, f->ports.from));
		TW_TRY(tw_buf_u16(b, f->ports.to));
		TW_TRY(tw_rules_write_network(&f->network, b));
	}
	return TW_OK;
}

tw_err tw_ruleset_write(const struct tw_ruleset *r, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, r->enforce));
	TW_TRY(tw_buf_u8(b, (uint8_t)r->port_count));
	for (size_t i = 0; i < r->port_count; i++)
		TW_TRY(tw_buf_u16(b, r->ports[i]));
	TW_TRY(tw_buf_u8(b, (uint8_t)r->network_count));
	for (size_t i = 0; i < r->network_count; i++)
		TW_TRY(tw_rules_write_network(&r->networks[i], b));
	TW_TRY(write_flows(r, b));
	TW_TRY(tw_rules_write_rates(r, b));
	return tw_rules_write_home(r, b);
}

static tw_err read_count(struct tw_cursor *c, size_t most, size_t *ret)
{
	uint8_t n = 0;

	TW_TRY(tw_cursor_u8(c, &n));
	*ret = n;
	return n <= most ? TW_OK : TW_RAISE(LIMIT, "a ruleset with %u of what it may have %zu of", n, most);
}

tw_err tw_rules_read_network(struct tw_cursor *c, struct tw_network *ret)
{
	struct tw_network n = { 0 };

	TW_TRY(tw_cursor_u8(c, &n.family));
	TW_TRY(tw_cursor_u8(c, &n.bits));
	if (n.family != 4 && n.family != 6)
		return TW_RAISE(SYNTAX, "a network of family %u", n.family);
	TW_TRY(tw_cursor_bytes(c, n.address, tw_network_size(&n)));
	if (!tw_network_valid(&n))
		return TW_RAISE(SYNTAX, "a network of %u bits with some behind them", n.bits);
	*ret = n;
	return TW_OK;
}

static tw_err read_management(struct tw_cursor *c, struct tw_ruleset *r)
{
	size_t networks = 0;

	TW_TRY(read_count(c, TW_RULESET_PORTS, &r->port_count));
	for (size_t i = 0; i < r->port_count; i++) {
		TW_TRY(tw_cursor_u16(c, &r->ports[i]));
		if (!r->ports[i])
			return TW_RAISE(SYNTAX, "port 0");
	}
	TW_TRY(read_count(c, TW_RULESET_NETWORKS, &networks));
	for (size_t i = 0; i < networks; i++) {
		struct tw_network n;

		TW_TRY(tw_rules_read_network(c, &n));
		TW_TRY(add_network(r, &n));
		if (r->network_count != i + 1)
			return TW_RAISE(SYNTAX, "a network inside another");
	}
	return TW_OK;
}

static tw_err read_mode(struct tw_cursor *c, enum tw_rules_mode *ret)
{
	uint8_t mode = 0;

	TW_TRY(tw_cursor_u8(c, &mode));
	*ret = (enum tw_rules_mode)mode;
	return mode <= TW_RULES_ENFORCE ? TW_OK : TW_RAISE(SYNTAX, "a ruleset of mode %u", mode);
}

bool tw_rules_is_link(const char *text)
{
	const size_t plain = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");

	return text[0] && (!text[plain] || (text[plain] == '*' && !text[plain + 1]));
}

static tw_err read_links(struct tw_cursor *c, struct tw_ruleset *r)
{
	TW_TRY(read_count(c, TW_RULESET_LINKS, &r->link_count));
	for (size_t i = 0; i < r->link_count; i++) {
		struct tw_slice name;

		TW_TRY(tw_cursor_block16(c, TW_MANIFEST_LINK_MAX, &name));
		memcpy(r->links[i], name.at, name.size);
		if (strlen(r->links[i]) != name.size || !tw_rules_is_link(r->links[i]))
			return TW_RAISE(SYNTAX, "a link that has no name of one");
	}
	return TW_OK;
}

static tw_err read_flow(struct tw_cursor *c, const struct tw_ruleset *r, struct tw_flow *f)
{
	uint8_t bits = 0;

	TW_TRY(tw_cursor_u8(c, &bits));
	TW_TRY(tw_cursor_u8(c, &f->link));
	TW_TRY(tw_cursor_u16(c, &f->ports.from));
	TW_TRY(tw_cursor_u16(c, &f->ports.to));
	f->out = bits & 1;
	f->udp = bits & 2;
	if (bits > 3 || f->link >= r->link_count || !f->ports.from || f->ports.to < f->ports.from)
		return TW_RAISE(SYNTAX, "a flow that is none");
	if ((f->out ? r->out : r->in) == TW_RULES_OFF)
		return TW_RAISE(SYNTAX, "a flow of a direction that is off");
	return tw_rules_read_network(c, &f->network);
}

static tw_err read_flows(const struct tw_sys *sys, struct tw_cursor *c, struct tw_ruleset *r)
{
	uint16_t count = 0;

	TW_TRY(read_mode(c, &r->in));
	TW_TRY(read_mode(c, &r->out));
	TW_TRY(tw_cursor_u16(c, &r->look_s));
	if (r->look_s > TW_RULESET_LOOK_MAX)
		return TW_RAISE(SYNTAX, "a look each %u s", r->look_s);
	TW_TRY(read_links(c, r));
	TW_TRY(tw_cursor_u16(c, &count));
	if (count > TW_RULESET_FLOWS)
		return TW_RAISE(LIMIT, "%u flows", count);
	if (count && !(r->flows = tw_alloc_array(sys, count, sizeof r->flows[0])))
		return TW_RAISE(NOMEM, "flows");
	for (size_t i = 0; i < count; i++)
		TW_TRY(read_flow(c, r, &r->flows[r->flow_count++]));
	return TW_OK;
}

tw_err tw_ruleset_read(const struct tw_sys *sys, struct tw_slice payload, struct tw_ruleset *ret)
{
	TW_CLEANUP(tw_ruleset_done) struct tw_ruleset r = { 0 };
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	uint8_t enforce = 0;

	TW_TRY(tw_cursor_u8(&c, &enforce));
	if (enforce > 1)
		return TW_RAISE(SYNTAX, "a ruleset of mode %u", enforce);
	r.enforce = enforce;
	TW_TRY(read_management(&c, &r));
	TW_TRY(read_flows(sys, &c, &r));
	TW_TRY(tw_rules_read_rates(&c, &r));
	TW_TRY(tw_rules_read_home(&c, &r));
	TW_TRY(tw_cursor_end(&c));
	if (!r.enforce && (r.rate_count || r.home.count || r.port_count || r.network_count || r.in || r.out || r.link_count || r.look_s))
		return TW_RAISE(SYNTAX, "rules where no table is to be");
	*ret = r;
	r.flows = NULL;
	return TW_OK;
}

/* --- The objects of the table, in the form and order in which nft lists them --- */

json_t *tw_rules_network(const struct tw_network *n)
{
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(n->family == 4 ? AF_INET : AF_INET6, n->address, text, sizeof text);
	if (n->bits == tw_network_size(n) * 8)
		return json_string(text);
	return json_pack("{s:{s:s, s:i}}", "prefix", "addr", text, "len", n->bits);
}

static tw_err add_set(json_t *list, const struct tw_ruleset *r, uint8_t family)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = json_array();
	TW_CLEANUP(tw_jsonp)
	json_t *set = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE, "name",
		family == 4 ? "manage4" : "manage6", "type", family == 4 ? "ipv4_addr" : "ipv6_addr", "flags", "interval");

	if (!elements || !set)
		return TW_RAISE(NOMEM, "a set");
	for (size_t i = 0; i < r->network_count; i++)
		if (r->networks[i].family == family)
			TW_TRY(tw_json_append(elements, tw_rules_network(&r->networks[i])));
	if (json_array_size(elements))
		TW_TRY(tw_json_set(set, "elem", TW_STEAL(elements)));
	return tw_json_append(list, json_pack("{s:O}", "set", set));
}

json_t *tw_rules_match(json_t *left, json_t *right)
{
	return json_pack("{s:{s:s, s:o, s:o}}", "match", "op", "==", "left", left, "right", right);
}

json_t *tw_rules_field(const char *protocol, const char *name)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol, "field", name);
}

/* expr: what is matched, then the verdict; it is taken. NULL: there was no memory for it. */
tw_err tw_rules_add(json_t *list, const char *chain, json_t *expr)
{
	return tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:o}}", "rule", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE, "chain", chain,
			"expr", expr));
}

json_t *tw_rules_counter(void)
{
	return json_pack("{s:{s:i, s:i}}", "counter", "packets", 0, "bytes", 0);
}

static json_t *to_port(uint16_t port)
{
	return tw_rules_match(tw_rules_field("tcp", "dport"), json_integer(port));
}

/*
 * @nist LA.IC.8: the port of the management answers the networks that are named, and is silent to all else.
 * Each packet to a port of ours is judged by where it comes from, also those of connections that were there before: who is shut out is
 * shut out now, and who confirms a change by a connection has passed the rules with it.
 */
static tw_err add_port(json_t *list, uint16_t port)
{
	TW_TRY(tw_rules_add(list, "input",
		json_pack("[o, o, {s:n}]", to_port(port), tw_rules_match(tw_rules_field("ip", "saddr"), json_string("@manage4")), "accept")));
	TW_TRY(tw_rules_add(list, "input",
		json_pack("[o, o, {s:n}]", to_port(port), tw_rules_match(tw_rules_field("ip6", "saddr"), json_string("@manage6")), "accept")));
	return tw_rules_add(list, "input", json_pack("[o, o, {s:n}]", to_port(port), tw_rules_counter(), "drop"));
}

static json_t *table(void)
{
	return json_pack("{s:{s:s, s:s}}", "table", "family", TW_RULES_FAMILY, "name", TW_RULES_TABLE);
}

static tw_err add_chain(json_t *list, const char *name)
{
	return tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:i, s:s}}", "chain", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE,
			"name", name, "type", "filter", "hook", name, "prio", PRIORITY, "policy", "accept"));
}

static tw_err add_loopback(json_t *list, const char *chain, const char *key)
{
	return tw_rules_add(list, chain,
		json_pack("[o, {s:n}]", tw_rules_match(json_pack("{s:{s:s}}", "meta", "key", key), json_string("lo")), "accept"));
}

static bool has_output(const struct tw_ruleset *r)
{
	return r->out != TW_RULES_OFF || r->home.count || tw_rules_limits(r, true);
}

static tw_err all_objects(const struct tw_rules_groups *g, json_t *list)
{
	const struct tw_ruleset *r = g->of;

	TW_TRY(tw_json_append(list, table()));
	TW_TRY(add_set(list, r, 4));
	TW_TRY(add_set(list, r, 6));
	TW_TRY(tw_rules_sets(g, list));
	TW_TRY(tw_rules_home_sets(r, list));
	TW_TRY(add_chain(list, "input"));
	if (has_output(r))
		TW_TRY(add_chain(list, "output"));
	if (r->home.count) /* of containers, too */
		TW_TRY(add_chain(list, "forward"));
	TW_TRY(tw_rules_rate_chains(r, list));
	TW_TRY(tw_rules_home_chain(r, list));
	TW_TRY(add_loopback(list, "input", "iif"));
	TW_TRY(tw_rules_rates(r, false, list));
	for (size_t i = 0; i < r->port_count; i++)
		TW_TRY(add_port(list, r->ports[i]));
	TW_TRY(tw_rules_flows(g, false, list));
	if (has_output(r))
		TW_TRY(add_loopback(list, "output", "oif"));
	TW_TRY(tw_rules_home(r, "output", list));
	TW_TRY(tw_rules_rates(r, true, list));
	TW_TRY(tw_rules_flows(g, true, list));
	TW_TRY(tw_rules_home(r, "forward", list));
	TW_TRY(tw_rules_rate_ends(r, list));
	return tw_rules_home_ends(r, list);
}

static tw_err objects(const struct tw_ruleset *r, const struct tw_sys *sys, json_t *list)
{
	struct tw_rules_groups g = { r, { .flows = r->flows, .flow_count = r->flow_count } };
	tw_err e = tw_flow_sets_make(&g.sets, sys);

	if (!tw_failed(e))
		e = all_objects(&g, list);
	free(g.sets.set);
	return e;
}

static tw_err command(json_t *list, const char *verb, json_t *object)
{
	return tw_json_append(list, json_pack("{s:o}", verb, object));
}

tw_err tw_ruleset_commands(const struct tw_ruleset *r, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp) json_t *all = json_array();
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	TW_CLEANUP(tw_jsonp) json_t *whole = NULL;
	json_t *one;
	size_t i;

	/* A table that is not there cannot be deleted, and one that is may be added again. */
	TW_TRY(command(list, "add", table()));
	TW_TRY(command(list, "delete", table()));
	if (r->enforce)
		TW_TRY(objects(r, b->sys, all));
	json_array_foreach(all, i, one)
		TW_TRY(command(list, "add", json_incref(one)));
	whole = json_pack("{s:O}", "nftables", list);
	return whole ? tw_json_write(whole, b) : TW_RAISE(NOMEM, "rules");
}

/* --- What nft lists --- */

/* Sets have no order; but nft keeps the one in which it was told, so that each is found where it was expected. */
static bool same_elements(const json_t *a, const json_t *b)
{
	const size_t count = json_array_size(a);

	if (count != json_array_size(b))
		return false;
	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t k = 0; k < count && !found; k++)
			found = json_equal(json_array_get(a, i), json_array_get(b, (i + k) % count));
		if (!found)
			return false;
	}
	return true;
}

/* What a rule has counted, out of it: what is compared is what it says. */
static uint64_t take_count(json_t *expr)
{
	json_int_t packets = 0;
	json_t *one;
	size_t i;

	json_array_foreach(expr, i, one) {
		json_t *counter = json_object_get(one, "counter"), *n = json_object_get(counter, "packets");

		if (!json_is_integer(n))
			continue;
		packets = json_integer_value(n);
		(void)json_integer_set(n, 0);
		(void)json_integer_set(json_object_get(counter, "bytes"), 0);
	}
	return packets > 0 ? (uint64_t)packets : 0;
}

/* A rule that lets nothing pass counts what it drops, or would. */
static void count(json_t *rule, struct tw_ruleset_counts *c)
{
	json_t *expr = json_object_get(rule, "expr");
	const uint64_t packets = take_count(expr);
	const char *chain = tw_json_text(rule, "chain");
	size_t rate = 0;

	if (json_object_get(json_array_get(expr, json_array_size(expr) - 1), "accept"))
		return;
	if (tw_rules_is_rate(chain, &rate))
		c->rates[rate] += packets;
	else if (strcmp(chain, "output") == 0 || tw_rules_is_home(chain))
		c->out += packets;
	else
		c->in += packets;
}

/* object: {"set": {...}} and the like. Both are used up: a copy that ran out of memory would be another object. */
static bool same_object(const json_t *want, const json_t *got)
{
	const char *kind = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)want));
	json_t *w = json_object_get(want, kind), *g = json_object_get(got, kind);

	(void)json_object_del(g, "handle");
	tw_rules_settle_lease(w, g);
	if (!json_is_object(g) || !same_elements(json_object_get(w, "elem"), json_object_get(g, "elem")))
		return false;
	(void)json_object_del(w, "elem");
	(void)json_object_del(g, "elem");
	return json_equal(w, g);
}

tw_err tw_ruleset_holds(const struct tw_ruleset *r, const struct tw_sys *sys, struct tw_slice listing,
	struct tw_ruleset_counts *ret_counts, bool *ret)
{
	struct tw_ruleset_counts counts = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *got = NULL;
	TW_CLEANUP(tw_jsonp) json_t *want = json_array();
	json_t *one;
	size_t i, at = 0;
	bool same = true;

	TW_TRY(tw_json_parse(listing, TW_RULESET_MAX, &got));
	if (!json_is_array(json_object_get(got, "nftables")))
		return TW_RAISE(SYNTAX, "nft lists something that is no table");
	TW_TRY(objects(r, sys, want));
	json_array_foreach(json_object_get(got, "nftables"), i, one) {
		if (json_object_get(one, "metainfo"))
			continue;
		count(json_object_get(one, "rule"), &counts);
		same = same && at < json_array_size(want) && same_object(json_array_get(want, at++), one);
	}
	*ret_counts = counts;
	*ret = same && at == json_array_size(want);
	return TW_OK;
}
