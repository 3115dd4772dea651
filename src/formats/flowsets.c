/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/flowsets.h"

#include "base/mem.h"

#include <string.h>

size_t tw_flow_spread(const struct tw_manifest_flow *f, uint8_t link, bool out, struct tw_flow *ret)
{
	size_t count = 0;

	for (size_t p = 0; p < f->port_count; p++)
		for (size_t n = 0; n < f->network_count; n++)
			ret[count++] = (struct tw_flow){
				.out = out, .udp = f->udp, .link = link, .ports = f->ports[p], .network = f->networks[n]
			};
	return count;
}

/* --- Into sets --- */

static bool contains(const struct tw_flow *a, const struct tw_flow *b)
{
	return a->udp == b->udp && a->ports.from <= b->ports.from && b->ports.to <= a->ports.to &&
		tw_network_inside(&b->network, &a->network);
}

static bool overlap(const struct tw_flow *a, const struct tw_flow *b)
{
	return a->udp == b->udp && a->ports.from <= b->ports.to && b->ports.from <= a->ports.to &&
		(tw_network_inside(&b->network, &a->network) || tw_network_inside(&a->network, &b->network));
}

static bool is_kin(const struct tw_flow_sets *s, size_t set, const struct tw_flow *f)
{
	return s->of[set].out == f->out && s->of[set].link == f->link && s->of[set].family == f->network.family;
}

/* The sets that have no room for it, as bits; false: one of them allows all of it. */
static bool who_overlaps(const struct tw_flow_sets *s, size_t flow, uint64_t *ret)
{
	const struct tw_flow *f = &s->flows[flow];

	_Static_assert(TW_FLOW_SETS <= 64, "a bit for each");
	*ret = 0;
	for (size_t i = 0; i < flow; i++) {
		if (s->set[i] == TW_FLOW_NO_SET || !is_kin(s, s->set[i], f) || !overlap(&s->flows[i], f))
			continue;
		if (contains(&s->flows[i], f))
			return false;
		*ret |= UINT64_C(1) << s->set[i];
	}
	return true;
}

static tw_err place(struct tw_flow_sets *s, size_t flow)
{
	const struct tw_flow *f = &s->flows[flow];
	uint64_t taken = 0;
	size_t at = 0;

	s->set[flow] = TW_FLOW_NO_SET;
	if (!who_overlaps(s, flow, &taken))
		return TW_OK;
	while (at < s->count && (!is_kin(s, at, f) || taken >> at & 1))
		at++;
	if (at == TW_FLOW_SETS)
		return TW_RAISE(LIMIT, "flows of so many links, or that overlap so, that they take more than %d sets", TW_FLOW_SETS);
	if (at == s->count) {
		s->of[at].out = f->out;
		s->of[at].link = f->link;
		s->of[at].family = f->network.family;
		s->count++;
	}
	s->set[flow] = (uint8_t)at;
	return TW_OK;
}

tw_err tw_flow_sets_make(struct tw_flow_sets *s, const struct tw_sys *sys)
{
	if (!s->flow_count)
		return TW_OK;
	s->set = sys->alloc(sys, s->flow_count);
	if (!s->set)
		return TW_RAISE(NOMEM, "sets of flows");
	for (size_t i = 0; i < s->flow_count; i++)
		TW_TRY(place(s, i));
	return TW_OK;
}

/* --- Whether they fit --- */

/* Links by what the kernel calls them: two interfaces may have one pattern. */
static tw_err link_of(const char *kernel, const char *known[TW_FLOW_LINKS], size_t *count, uint8_t *ret)
{
	size_t at = 0;

	while (at < *count && strcmp(known[at], kernel) != 0)
		at++;
	if (at == TW_FLOW_LINKS)
		return TW_RAISE(LIMIT, "flows go by more than %d links", TW_FLOW_LINKS);
	known[at] = kernel;
	*count += at == *count;
	*ret = (uint8_t)at;
	return TW_OK;
}

static tw_err spread_all(const struct tw_manifest_interface *interfaces, const struct tw_manifest_flow *flows, size_t flow_count,
	struct tw_flow *ret)
{
	const char *known[TW_FLOW_LINKS];
	size_t links = 0, at = 0;

	for (size_t i = 0; i < flow_count; i++) {
		uint8_t link = 0;

		TW_TRY(link_of(interfaces[flows[i].interface].kernel, known, &links, &link));
		if (flows[i].in)
			at += tw_flow_spread(&flows[i], link, false, &ret[at]);
		if (flows[i].out)
			at += tw_flow_spread(&flows[i], link, true, &ret[at]);
	}
	return TW_OK;
}

tw_err tw_flows_fit(const struct tw_sys *sys, const struct tw_manifest_interface *interfaces, const struct tw_manifest_flow *flows,
	size_t flow_count)
{
	struct tw_flow_sets s = { 0 };

	for (size_t i = 0; i < flow_count; i++)
		s.flow_count += flows[i].port_count * flows[i].network_count * (size_t)(flows[i].in + flows[i].out);
	if (s.flow_count > TW_FLOW_ELEMENTS)
		return TW_RAISE(LIMIT, "flows of %zu elements (ports by networks by directions), and the packet filter takes %d",
			s.flow_count, TW_FLOW_ELEMENTS);
	if (!s.flow_count)
		return TW_OK;
	struct tw_flow *all = tw_alloc_array(sys, s.flow_count, sizeof *all);
	if (!all)
		return TW_RAISE(NOMEM, "flows");
	s.flows = all;
	tw_err e = spread_all(interfaces, flows, flow_count, all);
	if (!tw_failed(e))
		e = tw_flow_sets_make(&s, sys);
	free(s.set);
	free(all);
	return e;
}
