/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/ruleset.h"

#include "base/cursor.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <string.h>

#define FAMILY "inet"
#define TABLE "thingward"
#define PRIORITY (-10) /* before the filters that others make by default; what these drop stays dropped */

static size_t size_of(const struct tw_network *n)
{
	return n->family == 4 ? 4 : 16;
}

/* --- Networks --- */

/* Bits of an address behind its prefix. */
static bool has_more(const struct tw_network *n)
{
	for (size_t i = 0; i < size_of(n) * 8; i++)
		if (i >= n->bits && n->address[i / 8] & (0x80u >> (i % 8)))
			return true;
	return false;
}

static bool is_inside(const struct tw_network *inner, const struct tw_network *outer)
{
	if (inner->family != outer->family || inner->bits < outer->bits)
		return false;
	for (size_t i = 0; i < outer->bits; i++)
		if ((inner->address[i / 8] ^ outer->address[i / 8]) & (0x80u >> (i % 8)))
			return false;
	return true;
}

static bool read_bits(const char *text, size_t most, uint8_t *ret)
{
	unsigned n = 0;

	if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = n * 10 + (unsigned)(*text - '0');
	}
	*ret = (uint8_t)n;
	return n <= most;
}

tw_err tw_network_read(const char *text, struct tw_network *ret)
{
	struct tw_network n = { .family = strchr(text, ':') ? 6 : 4 };
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	const size_t size = slash ? (size_t)(slash - text) : strlen(text);

	if (size >= sizeof address)
		return TW_RAISE(SYNTAX, "'%.60s' is no network", text);
	memcpy(address, text, size);
	address[size] = '\0';
	n.bits = (uint8_t)(size_of(&n) * 8);
	if (inet_pton(n.family == 4 ? AF_INET : AF_INET6, address, n.address) != 1 || (slash && !read_bits(slash + 1, n.bits, &n.bits)))
		return TW_RAISE(SYNTAX, "'%.60s' is no network, as 192.0.2.0/24 or 2001:db8::/32 are", text);
	if (has_more(&n))
		return TW_RAISE(SYNTAX, "'%.60s' names a host and not a network: behind the prefix everything is 0", text);
	*ret = n;
	return TW_OK;
}

static tw_err add_network(struct tw_ruleset *r, const struct tw_network *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->network_count; i++)
		if (is_inside(n, &r->networks[i]))
			return TW_OK;
	for (size_t i = 0; i < r->network_count; i++)
		if (!is_inside(&r->networks[i], n))
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

/* --- Between core and the role --- */

tw_err tw_ruleset_write(const struct tw_ruleset *r, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, r->enforce));
	TW_TRY(tw_buf_u8(b, (uint8_t)r->port_count));
	for (size_t i = 0; i < r->port_count; i++)
		TW_TRY(tw_buf_u16(b, r->ports[i]));
	TW_TRY(tw_buf_u8(b, (uint8_t)r->network_count));
	for (size_t i = 0; i < r->network_count; i++) {
		const struct tw_network *n = &r->networks[i];

		TW_TRY(tw_buf_u8(b, n->family));
		TW_TRY(tw_buf_u8(b, n->bits));
		TW_TRY(tw_buf_add(b, n->address, size_of(n)));
	}
	return TW_OK;
}

static tw_err read_count(struct tw_cursor *c, size_t most, size_t *ret)
{
	uint8_t n = 0;

	TW_TRY(tw_cursor_u8(c, &n));
	*ret = n;
	return n <= most ? TW_OK : TW_RAISE(LIMIT, "a ruleset with %u of what it may have %zu of", n, most);
}

static tw_err read_network(struct tw_cursor *c, struct tw_ruleset *r)
{
	struct tw_network n = { 0 };
	const size_t before = r->network_count;

	TW_TRY(tw_cursor_u8(c, &n.family));
	TW_TRY(tw_cursor_u8(c, &n.bits));
	if ((n.family != 4 && n.family != 6) || n.bits > size_of(&n) * 8)
		return TW_RAISE(SYNTAX, "a network of family %u with %u bits", n.family, n.bits);
	TW_TRY(tw_cursor_bytes(c, n.address, size_of(&n)));
	if (has_more(&n))
		return TW_RAISE(SYNTAX, "a network with bits behind its prefix");
	TW_TRY(add_network(r, &n));
	return r->network_count == before + 1 ? TW_OK : TW_RAISE(SYNTAX, "a network inside another");
}

tw_err tw_ruleset_read(struct tw_slice payload, struct tw_ruleset *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_ruleset r = { 0 };
	uint8_t enforce = 0;
	size_t networks = 0;

	TW_TRY(tw_cursor_u8(&c, &enforce));
	if (enforce > 1)
		return TW_RAISE(SYNTAX, "a ruleset of mode %u", enforce);
	r.enforce = enforce;
	TW_TRY(read_count(&c, TW_RULESET_PORTS, &r.port_count));
	for (size_t i = 0; i < r.port_count; i++) {
		TW_TRY(tw_cursor_u16(&c, &r.ports[i]));
		if (!r.ports[i])
			return TW_RAISE(SYNTAX, "port 0");
	}
	TW_TRY(read_count(&c, TW_RULESET_NETWORKS, &networks));
	for (size_t i = 0; i < networks; i++)
		TW_TRY(read_network(&c, &r));
	TW_TRY(tw_cursor_end(&c));
	if (!r.enforce && (r.port_count || r.network_count))
		return TW_RAISE(SYNTAX, "rules where no table is to be");
	*ret = r;
	return TW_OK;
}

/* --- The objects of the table, in the form and order in which nft lists them --- */

static json_t *element(const struct tw_network *n)
{
	char text[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(n->family == 4 ? AF_INET : AF_INET6, n->address, text, sizeof text);
	if (n->bits == size_of(n) * 8)
		return json_string(text);
	return json_pack("{s:{s:s, s:i}}", "prefix", "addr", text, "len", n->bits);
}

static tw_err add_set(json_t *list, const struct tw_ruleset *r, uint8_t family)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = json_array();
	TW_CLEANUP(tw_jsonp)
	json_t *set = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "family", FAMILY, "table", TABLE, "name",
		family == 4 ? "manage4" : "manage6", "type", family == 4 ? "ipv4_addr" : "ipv6_addr", "flags", "interval");

	if (!elements || !set)
		return TW_RAISE(NOMEM, "a set");
	for (size_t i = 0; i < r->network_count; i++)
		if (r->networks[i].family == family)
			TW_TRY(tw_json_append(elements, element(&r->networks[i])));
	if (json_array_size(elements))
		TW_TRY(tw_json_set(set, "elem", TW_STEAL(elements)));
	return tw_json_append(list, json_pack("{s:O}", "set", set));
}

static json_t *match(json_t *left, json_t *right)
{
	return json_pack("{s:{s:s, s:o, s:o}}", "match", "op", "==", "left", left, "right", right);
}

static json_t *field(const char *protocol, const char *name)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol, "field", name);
}

/* expr: what is matched, then the verdict; it is taken. NULL: there was no memory for it. */
static tw_err add_rule(json_t *list, json_t *expr)
{
	return tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:o}}", "rule", "family", FAMILY, "table", TABLE, "chain", "input", "expr", expr));
}

static json_t *to_port(uint16_t port)
{
	return match(field("tcp", "dport"), json_integer(port));
}

/*
 * Each packet to a port of ours is judged by where it comes from, also those of connections that were there before: who is shut out is
 * shut out now, and who confirms a change by a connection has passed the rules with it.
 */
static tw_err add_port(json_t *list, uint16_t port)
{
	TW_TRY(add_rule(list, json_pack("[o, o, {s:n}]", to_port(port), match(field("ip", "saddr"), json_string("@manage4")), "accept")));
	TW_TRY(add_rule(list, json_pack("[o, o, {s:n}]", to_port(port), match(field("ip6", "saddr"), json_string("@manage6")), "accept")));
	return add_rule(list, json_pack("[o, {s:n}]", to_port(port), "drop"));
}

static json_t *table(void)
{
	return json_pack("{s:{s:s, s:s}}", "table", "family", FAMILY, "name", TABLE);
}

static tw_err objects(const struct tw_ruleset *r, json_t *list)
{
	TW_TRY(tw_json_append(list, table()));
	TW_TRY(add_set(list, r, 4));
	TW_TRY(add_set(list, r, 6));
	TW_TRY(tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:i, s:s}}", "chain", "family", FAMILY, "table", TABLE, "name", "input",
			"type", "filter", "hook", "input", "prio", PRIORITY, "policy", "accept")));
	TW_TRY(add_rule(list, json_pack("[o, {s:n}]", match(json_pack("{s:{s:s}}", "meta", "key", "iif"), json_string("lo")), "accept")));
	for (size_t i = 0; i < r->port_count; i++)
		TW_TRY(add_port(list, r->ports[i]));
	return TW_OK;
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
		TW_TRY(objects(r, all));
	json_array_foreach(all, i, one)
		TW_TRY(command(list, "add", json_incref(one)));
	whole = json_pack("{s:O}", "nftables", list);
	return whole ? tw_json_write(whole, b) : TW_RAISE(NOMEM, "rules");
}

/* --- What nft lists --- */

/* Sets have no order. */
static bool same_elements(const json_t *a, const json_t *b)
{
	const json_t *x, *y;
	size_t i, k;

	if (json_array_size(a) != json_array_size(b))
		return false;
	json_array_foreach((json_t *)(uintptr_t)a, i, x) {
		bool found = false;

		json_array_foreach((json_t *)(uintptr_t)b, k, y)
			found = found || json_equal(x, y);
		if (!found)
			return false;
	}
	return true;
}

/* object: {"set": {...}} and the like. Both are used up: a copy that ran out of memory would be another object. */
static bool same_object(const json_t *want, const json_t *got)
{
	const char *kind = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)want));
	json_t *w = json_object_get(want, kind), *g = json_object_get(got, kind);

	(void)json_object_del(g, "handle");
	if (!json_is_object(g) || !same_elements(json_object_get(w, "elem"), json_object_get(g, "elem")))
		return false;
	(void)json_object_del(w, "elem");
	(void)json_object_del(g, "elem");
	return json_equal(w, g);
}

tw_err tw_ruleset_holds(const struct tw_ruleset *r, struct tw_slice listing, bool *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *got = NULL;
	TW_CLEANUP(tw_jsonp) json_t *want = json_array();
	json_t *one;
	size_t i, at = 0;
	bool same = true;

	TW_TRY(tw_json_parse(listing, TW_RULESET_MAX, &got));
	if (!json_is_array(json_object_get(got, "nftables")))
		return TW_RAISE(SYNTAX, "nft lists something that is no table");
	TW_TRY(objects(r, want));
	json_array_foreach(json_object_get(got, "nftables"), i, one) {
		if (json_object_get(one, "metainfo"))
			continue;
		same = same && at < json_array_size(want) && same_object(json_array_get(want, at++), one);
	}
	*ret = same && at == json_array_size(want);
	return TW_OK;
}
