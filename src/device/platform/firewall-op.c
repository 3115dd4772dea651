/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules from the product's flows and the owner's settings, the judgement of those, and what may be read of both. A setting takes away from
 * what is declared; none adds to it.
 */
#include "device/platform/firewall-inside.h"
#include "device/platform/listening.h"

#include "base/text.h"
#include "device/platform/core.h"
#include "device/platform/home.h"
#include "device/rows-platform.h"
#include "service/errand-line.h"
#include "service/fetch/ask-wire.h"
#include "service/path/page.h"

#define PERIOD_MAX TW_RULESET_LOOK_MAX

static tw_firewall *of(struct tw_context *c)
{
	return tw_device_of(c)->firewall;
}

/* --- What is to stand --- */

static enum tw_rules_mode mode_of(const char *value)
{
	if (strcmp(value, "enforce") == 0)
		return TW_RULES_ENFORCE;
	return strcmp(value, "report") == 0 ? TW_RULES_REPORT : TW_RULES_OFF;
}

/* Names with one blank between. */
bool tw_firewall_declines(const char *declined, const char *flow)
{
	const size_t size = strlen(flow);

	for (const char *at = declined; *at; at += strspn(at, " ")) {
		const size_t word = strcspn(at, " ");

		if (word == size && memcmp(at, flow, size) == 0)
			return true;
		at += word;
	}
	return false;
}

static tw_err add_flows(const tw_firewall *f, struct tw_ruleset *ret)
{
	const struct tw_manifest *m = f->core->device.manifest;

	if (!m->flow_count)
		return TW_RAISE(NOTFOUND, "the product declares no flows");
	for (size_t i = 0; i < m->flow_count; i++) {
		const struct tw_manifest_flow *flow = &m->flows[i];

		if (flow->optional && tw_firewall_declines(f->by[TW_FIREWALL_DECLINED].value, flow->name))
			continue;
		TW_TRY(tw_ruleset_flow(ret, f->core->sys, flow, m->interfaces[flow->interface].kernel));
	}
	return tw_ruleset_fits(ret, f->core->sys);
}

/*
 * The settings were judged with the manifest of then; this start may have another one. Where it declares none, or more than the rules take,
 * those of the management stand alone: a device that drops everything else, or puts no rules and so lets nobody in, would be beyond mending.
 */
static tw_err judge_flows(const tw_firewall *f, struct tw_ruleset *ret, char ret_left[TW_FIREWALL_WORDS_MAX])
{
	if (ret->in == TW_RULES_OFF && ret->out == TW_RULES_OFF)
		return TW_OK;
	tw_err e = add_flows(f, ret);
	if (!tw_is(e, TW_CODE_NOTFOUND) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	(void)snprintf(ret_left, TW_FIREWALL_WORDS_MAX, "%.199s", tw_err_detail());
	tw_ruleset_leave_flows(ret);
	return TW_OK;
}

tw_err tw_firewall_rules(const tw_firewall *f, struct tw_ruleset *ret, char ret_left[TW_FIREWALL_WORDS_MAX])
{
	ret_left[0] = '\0';
	uint64_t period = 0;

	ret->enforce = strcmp(f->by[TW_FIREWALL_MODE].value, "enforce") == 0;
	if (!ret->enforce)
		return TW_OK;
	ret->port_count = tw_firewall_ports(f, f->by[TW_FIREWALL_HTTPS_PORT].value, ret->ports);
	TW_TRY(tw_networks_read(f->by[TW_FIREWALL_MANAGEMENT].value, ret));
	TW_TRY(tw_parse_u64(tw_slice_of(f->by[TW_FIREWALL_PERIOD].value), PERIOD_MAX, &period));
	ret->look_s = (uint16_t)period;
	ret->in = mode_of(f->by[TW_FIREWALL_INGRESS].value);
	ret->out = mode_of(f->by[TW_FIREWALL_EGRESS].value);
	TW_TRY(tw_home_rules(&f->core->device, f->by[TW_FIREWALL_HOME_SYSTEMS].value, f->by[TW_FIREWALL_HOME_TUNNEL].value,
		f->by[TW_FIREWALL_HOME_WITNESS].value, &ret->home));
	TW_TRY(tw_firewall_add_rates(f, ret));
	return judge_flows(f, ret, ret_left);
}

/* --- Its settings: apply judges, and the job does --- */

tw_err tw_firewall_apply_mode(struct tw_context *c, const char *value)
{
	const struct tw_device *d = tw_device_of(c);

	if (strcmp(value, "enforce") != 0)
		return TW_OK;
	if (d->own_uid == 0 || !d->errands || !tw_errand_listed(d->errands, TW_ERRAND_FIREWALL))
		return TW_RAISE(DENIED, "roles.tab has no line for firewall, so nobody could put the rules");
	return TW_OK;
}

tw_err tw_firewall_apply_management(struct tw_context *c, const char *value)
{
	struct tw_ruleset r = { 0 };

	return tw_networks_read(value, &r);
}

/* Without flows everything would be kept out that is not management: a device of such a product says so, and lets it be. That a later product
   declares none is seen when the rules are made (judge_flows). */
tw_err tw_firewall_apply_flows(struct tw_context *c, const char *value)
{
	const struct tw_device *d = tw_device_of(c);

	if (strcmp(value, "off") != 0 && !d->manifest->flow_count)
		return TW_RAISE(DENIED, "the product declares no flows, so nobody could say what may come and go");
	return TW_OK;
}

/* By a flow that goes out by UDP. */
static bool goes_to(const struct tw_manifest_flow *f, const struct tw_network *host, uint16_t port)
{
	bool is_port = false, is_network = false;

	for (size_t i = 0; i < f->port_count; i++)
		is_port = is_port || (f->ports[i].from <= port && port <= f->ports[i].to);
	for (size_t i = 0; i < f->network_count; i++)
		is_network = is_network || tw_network_inside(host, &f->networks[i]);
	return f->out && f->udp && is_port && is_network;
}

static tw_err check_server(struct tw_context *c, const char *server)
{
	const struct tw_manifest *m = tw_device_of(c)->manifest;
	TW_CLEANUP(tw_buf_done) struct tw_buf declined = { 0 };
	struct tw_place place;

	tw_buf_init(&declined, c->sys, 512);
	TW_TRY(tw_place_read(server, &place));
	TW_TRY(tw_setting_get(c, "firewall.declined", &declined));
	const struct tw_network host = tw_place_network(&place);
	for (size_t i = 0; i < m->flow_count; i++)
		if (goes_to(&m->flows[i], &host, place.port) &&
			!(m->flows[i].optional && tw_firewall_declines(tw_buf_cstr(&declined), m->flows[i].name)))
			return TW_OK;
	return TW_RAISE(DENIED,
		"no flow of the product goes to %s by UDP: the server of logical-access.radius-server could not be asked", server);
}

/* What core itself asks goes out as all else does. A RADIUS server is a number, and held against the flows; whom names stand for is not known here. */
tw_err tw_firewall_apply_egress(struct tw_context *c, const char *value)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf server = { 0 };

	TW_TRY(tw_firewall_apply_flows(c, value));
	if (strcmp(value, "enforce") != 0)
		return TW_OK;
	tw_buf_init(&server, c->sys, 64);
	TW_TRY(tw_setting_get(c, "logical-access.radius-server", &server));
	return server.size ? check_server(c, tw_buf_cstr(&server)) : TW_OK;
}

static const struct tw_manifest_flow *flow_named(const struct tw_manifest *m, struct tw_slice name)
{
	for (size_t i = 0; i < m->flow_count; i++)
		if (tw_slice_is(name, m->flows[i].name))
			return &m->flows[i];
	return NULL;
}

tw_err tw_firewall_apply_declined(struct tw_context *c, const char *value)
{
	const struct tw_manifest *m = tw_device_of(c)->manifest;

	for (const char *at = value; *at;) {
		const struct tw_slice name = { at, strcspn(at, " ") };
		const struct tw_manifest_flow *flow = flow_named(m, name);

		if (!flow)
			return TW_RAISE(SYNTAX, "flows with one blank between: the product declares none that is '%.40s'", at);
		if (!flow->optional)
			return TW_RAISE(DENIED, "the product does not do without %s", flow->name);
		at += name.size;
		if (*at && !*++at)
			return TW_RAISE(SYNTAX, "flows, with nothing behind the last");
	}
	return TW_OK;
}

tw_err tw_op_firewall_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	tw_firewall *f = of(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf networks = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *ports = json_array();
	const bool enforce = tw_setting_is(c, "firewall.mode", "enforce"), holds = f && tw_firewall_stands(f);
	uint16_t at[TW_RULESET_PORTS];
	struct tw_setting_state moved;

	tw_buf_init(&networks, c->sys, 512);
	TW_TRY(tw_setting_get(c, "firewall.management", &networks));
	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_LISTENING_PORT), &moved));
	const size_t count = f ? tw_firewall_ports(f, moved.value, at) : 0;
	for (size_t i = 0; i < count; i++)
		TW_TRY(tw_json_append(ports, json_integer(at[i])));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "mode", json_string(enforce ? "enforce" : "off")));
	TW_TRY(tw_json_set(rp->body, "holds", json_boolean(holds)));
	TW_TRY(tw_json_set(rp->body, "why", json_string(holds || !f ? "" : f->why)));
	TW_TRY(tw_json_set(rp->body, "unjudged", json_string(f ? f->left : "")));
	TW_TRY(tw_json_set(rp->body, "management", json_string(tw_buf_cstr(&networks))));
	TW_TRY(tw_json_set(rp->body, "ports", TW_STEAL(ports)));
	TW_TRY(tw_firewall_say_rates(enforce ? f : NULL, rp->body));
	TW_TRY(tw_json_set(rp->body, "dropped_in", json_integer(f ? (json_int_t)f->dropped.in : 0)));
	return tw_json_set(rp->body, "dropped_out", json_integer(f ? (json_int_t)f->dropped.out : 0));
}

/* Why no rules stand; NULL: they do. */
static const char *is_down(struct tw_context *c)
{
	const struct tw_device *d = tw_device_of(c);
	tw_firewall *f = of(c);

	if (!d->errands || !tw_errand_listed(d->errands, TW_ERRAND_FIREWALL))
		return "roles.tab has no line for firewall, the role that puts the rules.";
	if (!f || !tw_setting_is(c, "firewall.mode", "enforce"))
		return "The packet filter is off: firewall.mode.";
	if (!tw_firewall_stands(f))
		return f->why[0] ? f->why : "The rules of the packet filter are being put.";
	return NULL;
}

const char *tw_firewall_keeps_home(struct tw_context *c)
{
	return is_down(c);
}

const char *tw_firewall_lets_in(struct tw_context *c)
{
	static const char everywhere[] = "firewall.management names all networks there are, so that none is outside.";
	const char *why = is_down(c);
	struct tw_ruleset r = { 0 };

	if (why)
		return why;
	return tw_failed(tw_networks_read(of(c)->by[TW_FIREWALL_MANAGEMENT].value, &r)) || tw_networks_everywhere(&r) ? everywhere : NULL;
}

/* @nist LA.IC.12: by what was last read back from the kernel */
const char *tw_firewall_lets_out(struct tw_context *c)
{
	const char *why = is_down(c);

	if (why)
		return why;
	if (strcmp(of(c)->by[TW_FIREWALL_EGRESS].value, "enforce") != 0)
		return "What goes out is not held to the product's flows: firewall.egress.";
	return of(c)->left[0] ? of(c)->left : NULL;
}

const char *tw_firewall_unjudged(struct tw_context *c)
{
	const tw_firewall *f = of(c);

	return f ? f->left : "";
}

/* --- What the product declares --- */

static json_t *describe(const struct tw_manifest *m, const struct tw_manifest_flow *f, const char *declined)
{
	struct tw_manifest_flow_texts t;

	tw_manifest_flow_texts(f, &t);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "name", f->name, "purpose", f->purpose, "link",
		m->interfaces[f->interface].kernel, "direction",
		f->in && f->out ? "both"
			: f->in ? "in"
				: "out",
		"protocol", f->udp ? "udp" : "tcp", "ports", t.ports, "networks", t.networks, "optional", f->optional, "declined",
		f->optional && tw_firewall_declines(declined, f->name));
}

static tw_err add_described(const struct tw_manifest *m, const char *declined, struct tw_page *page, struct tw_reply *rp)
{
	uint64_t after = 0;

	TW_TRY(tw_page_after(page, rp, &after));
	for (size_t i = (size_t)after; !rp->problem[0] && i < m->flow_count; i++) {
		if (!tw_page_takes(page))
			return TW_OK;
		json_t *one = describe(m, &m->flows[i], declined);
		if (!one)
			return TW_RAISE(NOMEM, "a flow");
		TW_TRY(tw_page_add_at(page, i + 1, one));
	}
	return TW_OK;
}

tw_err tw_op_firewall_flows(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_manifest *m = tw_device_of(c)->manifest;
	TW_CLEANUP(tw_buf_done) struct tw_buf declined = { 0 };
	struct tw_page page;

	tw_buf_init(&declined, c->sys, 512);
	TW_TRY(tw_setting_get(c, "firewall.declined", &declined));
	rp->body = json_pack("{s:b, s:I}", "declared", m->flow_count > 0, "count", (json_int_t)m->flow_count);
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(add_described(m, tw_buf_cstr(&declined), &page, rp));
	return rp->problem[0] ? TW_OK : tw_page_end(&page, rp);
}
