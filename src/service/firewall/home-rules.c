/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is sent to home systems passes a chain of its own, before all that lets something out: of a device that is not at home nothing leaves to them but by
 * the tunnel or as mutual TLS. That it is at home is an element that the kernel forgets by itself.
 */
#include "base/cursor.h"
#include "service/firewall/ruleset-inside.h"

#include <string.h>

#define CHAIN "home"
#define LEASE "athome"
#define DNS 53 /* by TCP it is no TLS, whoever asks */

/* --- Between core and the role --- */

tw_err tw_rules_write_home(const struct tw_ruleset *r, struct tw_buf *b)
{
	const struct tw_home_rules *h = &r->home;

	TW_TRY(tw_buf_u8(b, (uint8_t)h->count));
	for (size_t i = 0; i < h->count; i++)
		TW_TRY(tw_rules_write_network(&h->systems[i], b));
	if (!h->count)
		return TW_OK;
	TW_TRY(tw_buf_block16(b, h->tunnel, strlen(h->tunnel)));
	TW_TRY(tw_buf_block16(b, h->link, strlen(h->link)));
	TW_TRY(tw_buf_u32(b, h->fetch_uid));
	TW_TRY(tw_buf_u16(b, h->lease_s));
	if (!h->link[0])
		return TW_OK;
	TW_TRY(tw_rules_write_network(&h->witness, b));
	return tw_buf_u16(b, h->witness_port);
}

static tw_err read_link(struct tw_cursor *c, char ret[TW_MANIFEST_LINK_MAX + 1])
{
	struct tw_slice name;

	TW_TRY(tw_cursor_block16(c, TW_MANIFEST_LINK_MAX, &name));
	memcpy(ret, name.at, name.size);
	if (strlen(ret) != name.size || (name.size && (!tw_rules_is_link(ret) || strchr(ret, '*'))))
		return TW_RAISE(SYNTAX, "a link towards home that has no name of one");
	return TW_OK;
}

static tw_err read_systems(struct tw_cursor *c, struct tw_home_rules *h)
{
	uint8_t count = 0;

	TW_TRY(tw_cursor_u8(c, &count));
	if (count > TW_RULESET_HOME)
		return TW_RAISE(LIMIT, "%u networks of home systems", count);
	for (; h->count < count; h->count++) {
		struct tw_network *n = &h->systems[h->count];

		TW_TRY(tw_rules_read_network(c, n));
		for (size_t i = 0; i < h->count; i++)
			if (tw_network_inside(n, &h->systems[i]) || tw_network_inside(&h->systems[i], n))
				return TW_RAISE(SYNTAX, "a network of home systems inside another");
	}
	return TW_OK;
}

tw_err tw_rules_read_home(struct tw_cursor *c, struct tw_ruleset *r)
{
	struct tw_home_rules *h = &r->home;

	TW_TRY(read_systems(c, h));
	if (!h->count)
		return TW_OK;
	TW_TRY(read_link(c, h->tunnel));
	TW_TRY(read_link(c, h->link));
	TW_TRY(tw_cursor_u32(c, &h->fetch_uid));
	TW_TRY(tw_cursor_u16(c, &h->lease_s));
	h->open = h->lease_s;
	if (h->open && !h->link[0])
		return TW_RAISE(SYNTAX, "home that nobody can prove");
	if (!h->link[0])
		return TW_OK;
	TW_TRY(tw_rules_read_network(c, &h->witness));
	TW_TRY(tw_cursor_u16(c, &h->witness_port));
	if (h->witness.bits != 8 * tw_network_size(&h->witness) || !h->witness_port)
		return TW_RAISE(SYNTAX, "a witness of home that is no host");
	return TW_OK;
}

/* --- As nft has them --- */

static json_t *return_it(void)
{
	return json_pack("{s:n}", "return");
}

static bool has_family(const struct tw_home_rules *h, uint8_t family)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->systems[i].family == family)
			return true;
	return false;
}

static tw_err add_set(const struct tw_home_rules *h, uint8_t family, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *elements = json_array();

	for (size_t i = 0; i < h->count; i++)
		if (h->systems[i].family == family)
			TW_TRY(tw_json_append(elements, tw_rules_network(&h->systems[i])));
	return tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:s, s:[s], s:O}}", "set", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE, "name",
			family == 4 ? "home4" : "home6", "type", family == 4 ? "ipv4_addr" : "ipv6_addr", "flags", "interval",
			"elem", elements));
}

static json_t *lease(const struct tw_home_rules *h)
{
	return json_pack("[{s:{s:s, s:i}}]", "elem", "val", h->link, "timeout", h->lease_s);
}

tw_err tw_rules_home_sets(const struct tw_ruleset *r, json_t *list)
{
	const struct tw_home_rules *h = &r->home;

	for (uint8_t family = 4; family <= 6; family += 2)
		if (has_family(h, family))
			TW_TRY(add_set(h, family, list));
	if (!h->open)
		return TW_OK;
	return tw_json_append(list,
		json_pack("{s:{s:s, s:s, s:s, s:s, s:[s], s:o}}", "set", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE, "name",
			LEASE, "type", "ifname", "flags", "timeout", "elem", lease(h)));
}

tw_err tw_ruleset_renewal(const struct tw_ruleset *r, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp)
	json_t *whole = json_pack("{s:[{s:{s:{s:s, s:s, s:s}}}, {s:{s:{s:s, s:s, s:s, s:o}}}]}", "nftables", "flush", "set",
		"family", TW_RULES_FAMILY, "table", TW_RULES_TABLE, "name", LEASE, "add", "element", "family", TW_RULES_FAMILY,
		"table", TW_RULES_TABLE, "name", LEASE, "elem", lease(&r->home));

	return whole ? tw_json_write(whole, b) : TW_RAISE(NOMEM, "a renewal");
}

void tw_rules_settle_lease(json_t *want, json_t *got)
{
	json_t *one;
	size_t i;

	if (strcmp(tw_json_text(want, "name"), LEASE) != 0)
		return;
	json_array_foreach(json_object_get(got, "elem"), i, one)
		(void)json_object_del(json_object_get(one, "elem"), "expires");
	if (!json_object_get(got, "elem"))
		(void)json_object_del(want, "elem");
}

tw_err tw_rules_home_chain(const struct tw_ruleset *r, json_t *list)
{
	if (!r->home.count)
		return TW_OK;
	return tw_json_append(
		list, json_pack("{s:{s:s, s:s, s:s}}", "chain", "family", TW_RULES_FAMILY, "table", TW_RULES_TABLE, "name", CHAIN));
}

tw_err tw_rules_home(const struct tw_ruleset *r, const char *chain, json_t *list)
{
	for (uint8_t family = 4; family <= 6; family += 2)
		if (has_family(&r->home, family))
			TW_TRY(tw_rules_add(list, chain,
				json_pack("[o, {s:{s:s}}]",
					tw_rules_match(tw_rules_field(family == 4 ? "ip" : "ip6", "daddr"),
						json_string(family == 4 ? "@home4" : "@home6")),
					"jump", "target", CHAIN)));
	return TW_OK;
}

static json_t *by_link(const char *link)
{
	return tw_rules_match(json_pack("{s:{s:s}}", "meta", "key", "oifname"), json_string(link));
}

static json_t *by_fetch(const struct tw_home_rules *h)
{
	return tw_rules_match(json_pack("{s:{s:s}}", "meta", "key", "skuid"), json_integer(h->fetch_uid));
}

/* Who has to prove that this is home is asked from wherever this is, as mutual TLS. */
static tw_err add_witness(const struct tw_home_rules *h, json_t *list)
{
	if (!h->link[0] || !h->fetch_uid)
		return TW_OK;
	return tw_rules_add(list, CHAIN,
		json_pack("[o, o, o, o, o]", by_link(h->link), by_fetch(h),
			tw_rules_match(tw_rules_field(h->witness.family == 4 ? "ip" : "ip6", "daddr"), tw_rules_network(&h->witness)),
			tw_rules_match(tw_rules_field("tcp", "dport"), json_integer(h->witness_port)), return_it()));
}

/*
 * Without a tunnel the device's own connections to home are mutual TLS, which the role that makes them sees to while this is not home; a rule cannot tell.
 * So at home, where it does not, there is no such rule: what it says goes by the link that is home, or not at all.
 */
static tw_err add_mutual(const struct tw_home_rules *h, json_t *list)
{
	if (h->tunnel[0] || h->open || !h->fetch_uid)
		return TW_OK;
	return tw_rules_add(list, CHAIN,
		json_pack("[o, {s:{s:s, s:o, s:i}}, o]", by_fetch(h), "match", "op", "!=", "left", tw_rules_field("tcp", "dport"),
			"right", DNS, return_it()));
}

/* What the device's own HTTPS answers to whoever asked is under TLS, and who asks has to log in: shut, nobody there could mend anything. */
static tw_err add_answers(const struct tw_ruleset *r, json_t *list)
{
	for (size_t i = 0; i < r->port_count; i++)
		TW_TRY(tw_rules_add(list, CHAIN,
			json_pack("[{s:{s:s, s:{s:{s:s}}, s:s}}, o, o]", "match", "op", "==", "left", "ct", "key", "direction", "right",
				"reply", tw_rules_match(tw_rules_field("tcp", "sport"), json_integer(r->ports[i])), return_it())));
	return TW_OK;
}

/* Without these no neighbour of IPv6 is found; they say nothing but addresses of the link. */
static tw_err add_neighbours(const struct tw_home_rules *h, json_t *list)
{
	if (!has_family(h, 6))
		return TW_OK;
	return tw_rules_add(list, CHAIN,
		json_pack("[o, o]",
			tw_rules_match(tw_rules_field("icmpv6", "type"),
				json_pack("{s:[s, s]}", "set", "nd-neighbor-solicit", "nd-neighbor-advert")),
			return_it()));
}

/* @nist LA.EC.5: what is for home systems leaves by the tunnel or as mutual TLS, whichever program sends it; elsewhere it is dropped and counted */
tw_err tw_rules_home_ends(const struct tw_ruleset *r, json_t *list)
{
	const struct tw_home_rules *h = &r->home;

	if (!h->count)
		return TW_OK;
	if (h->open)
		TW_TRY(tw_rules_add(list, CHAIN, json_pack("[o, o]", by_link("@" LEASE), return_it())));
	if (h->tunnel[0])
		TW_TRY(tw_rules_add(list, CHAIN, json_pack("[o, o]", by_link(h->tunnel), return_it())));
	TW_TRY(add_witness(h, list));
	TW_TRY(add_mutual(h, list));
	TW_TRY(add_answers(r, list));
	TW_TRY(add_neighbours(h, list));
	return tw_rules_add(list, CHAIN, json_pack("[o, {s:n}]", tw_rules_counter(), "drop"));
}

bool tw_rules_is_home(const char *chain)
{
	return strcmp(chain, CHAIN) == 0;
}
