/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of rate: which list holds in the mode that is on, what of it can be a rule of this product, and what was over one.
 */
#include "device/platform/core.h"
#include "device/platform/firewall-inside.h"
#include "device/platform/listening.h"
#include "device/rows-platform.h"

#include <string.h>

static tw_firewall *of(struct tw_context *c)
{
	return tw_device_of(c)->firewall;
}

static const struct tw_manifest_flow *flow_of(const struct tw_manifest *m, struct tw_slice name)
{
	for (size_t i = 0; m && i < m->flow_count; i++)
		if (tw_slice_is(name, m->flows[i].name))
			return &m->flows[i];
	return NULL;
}

const char *tw_firewall_rates_now(const tw_firewall *f)
{
	const char *mode = f->by[TW_FIREWALL_INTERFACES_MODE].value;

	if (strcmp(mode, "lockdown") == 0)
		return f->by[TW_FIREWALL_RATES_LOCKDOWN].value;
	return f->by[strcmp(mode, "maintenance") == 0 ? TW_FIREWALL_RATES_MAINTENANCE : TW_FIREWALL_RATES_NORMAL].value;
}

/* A later product may declare a flow no more: what is limited of nothing needs no rule. */
tw_err tw_firewall_add_rates(const tw_firewall *f, struct tw_ruleset *ret)
{
	const struct tw_manifest *m = f->core->device.manifest;
	struct tw_rates rates;

	TW_TRY(tw_rates_read(tw_slice_of(tw_firewall_rates_now(f)), &rates));
	for (size_t i = 0; i < rates.count; i++) {
		const struct tw_rate_word *w = &rates.words[i];
		const struct tw_manifest_flow *flow = w->kind == TW_RATE_FLOW ? flow_of(m, w->name) : NULL;

		if (flow || w->kind != TW_RATE_FLOW)
			TW_TRY(tw_ruleset_limit(ret, w, flow, flow ? m->interfaces[flow->interface].kernel : NULL));
	}
	return TW_OK;
}

/* --- What somebody wants --- */

static bool has_port(const struct tw_manifest_flow *f, uint16_t port)
{
	for (size_t i = 0; i < f->port_count; i++)
		if (f->ports[i].from <= port && port <= f->ports[i].to)
			return true;
	return false;
}

/* The administrator comes by it, whatever it is called. */
static bool carries_management(const tw_firewall *f, const struct tw_rate_word *w, const struct tw_manifest_flow *flow)
{
	uint16_t ports[TW_RULESET_PORTS];
	struct tw_setting_state moved;
	struct tw_context *c = f ? &f->core->device.context : NULL;

	if (!f || tw_failed(tw_setting_state(c, tw_setting_find(c, TW_LISTENING_PORT), &moved)))
		return false;
	const size_t count = tw_firewall_ports(f, moved.value, ports);
	for (size_t i = 0; i < count; i++) {
		const uint16_t port = ports[i];

		if ((w->kind == TW_RATE_TCP && w->port == port) || (flow && flow->in && !flow->udp && has_port(flow, port)))
			return true;
	}
	return false;
}

static tw_err judge(struct tw_context *c, const struct tw_rate_word *w, struct tw_ruleset *all)
{
	const struct tw_manifest *m = tw_device_of(c)->manifest;
	const struct tw_manifest_flow *flow = w->kind == TW_RATE_FLOW ? flow_of(m, w->name) : NULL;

	if (w->kind == TW_RATE_FLOW && !flow)
		return TW_RAISE(SYNTAX, "the product declares no flow that is '" TW_SLICE_FMT "'", TW_SLICE_ARG(w->name));
	if (carries_management(of(c), w, flow))
		TW_TRY(tw_rate_floor(w));
	return tw_ruleset_limit(all, w, flow, flow ? m->interfaces[flow->interface].kernel : NULL);
}

tw_err tw_firewall_apply_rates(struct tw_context *c, const char *value)
{
	struct tw_ruleset all = { 0 };
	struct tw_rates rates;

	TW_TRY(tw_rates_read(tw_slice_of(value), &rates));
	for (size_t i = 0; i < rates.count; i++)
		TW_TRY(judge(c, &rates.words[i], &all));
	return TW_OK;
}

/* --- What was over one --- */

/* In the order in which tw_firewall_add_rates takes them. */
static bool stands(const tw_firewall *f, const struct tw_rate_word *w)
{
	return w->kind != TW_RATE_FLOW || flow_of(f->core->device.manifest, w->name);
}

tw_err tw_firewall_say_rates(const tw_firewall *f, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	struct tw_rates rates;
	size_t n = 0;

	TW_TRY(tw_rates_read(tw_slice_of(f ? tw_firewall_rates_now(f) : ""), &rates));
	for (size_t i = 0; i < rates.count; i++) {
		const struct tw_rate_word *w = &rates.words[i];
		const bool is_rule = stands(f, w);

		TW_TRY(tw_json_append(list,
			json_pack("{s:s%, s:I, s:I, s:b, s:I}", "what", w->what.at, w->what.size, "rate", (json_int_t)w->rate.rate,
				"burst", (json_int_t)w->rate.burst, "declared", is_rule, "dropped",
				is_rule ? (json_int_t)f->dropped.rates[n] : 0)));
		n += is_rule;
	}
	return tw_json_set(body, "rates", TW_STEAL(list));
}

/* Which of them is the n-th rule. "": none; then a role that was taken over said so. */
static struct tw_slice what_of(const tw_firewall *f, const struct tw_rates *rates, size_t n)
{
	for (size_t i = 0; i < rates->count; i++)
		if (stands(f, &rates->words[i]) && n-- == 0)
			return rates->words[i].what;
	return (struct tw_slice){ "", 0 };
}

tw_err tw_firewall_tell_rates(tw_firewall *f, const uint64_t over[TW_RATES_MAX])
{
	struct tw_context *c = &f->core->device.context;
	struct tw_rates rates;

	TW_TRY(tw_rates_read(tw_slice_of(tw_firewall_rates_now(f)), &rates));
	for (size_t i = 0; i < TW_RATES_MAX; i++) {
		const struct tw_slice what = what_of(f, &rates, i);

		if (over[i] && what.size)
			TW_TRY(tw_event(c, "firewall.limited",
				json_pack("{s:s%, s:I}", "what", what.at, what.size, "count", (json_int_t)over[i])));
	}
	return tw_audit_commit(c->audit);
}
