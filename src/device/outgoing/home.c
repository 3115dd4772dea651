/* SPDX-License-Identifier: Apache-2.0 */
/* Home systems and what protects what is sent to them, as it is set and read; what the element is now. */
#include "device/platform/home.h"

#include "base/text.h"
#include "device/platform/firewall.h"
#include "device/rows-outgoing.h"
#include "service/errand-line.h"

static tw_err denied(tw_err e)
{
	return tw_failed(e) ? TW_RAISE(DENIED, "%.150s", tw_err_detail()) : TW_OK;
}

/* Where nothing would keep to it, nobody is left to believe that something does. */
tw_err tw_home_apply_systems(struct tw_context *c, const char *value)
{
	const struct tw_device *d = tw_device_of(c);
	struct tw_home_rules h = { 0 };

	TW_TRY(denied(tw_home_systems_read(value, &h)));
	if (!h.count)
		return TW_OK;
	if (d->own_uid == 0 || !d->errands || !tw_errand_listed(d->errands, TW_ERRAND_FIREWALL))
		return TW_RAISE(DENIED, "roles.tab has no line for firewall, so nobody could keep anything from them");
	if (!tw_setting_is(c, "firewall.mode", "enforce"))
		return TW_RAISE(DENIED, "the packet filter is off, so nothing would keep to it: change firewall.mode first");
	return TW_OK;
}

tw_err tw_home_apply_tunnel(struct tw_context *c, const char *value)
{
	char link[TW_MANIFEST_LINK_MAX + 1];

	return *value ? denied(tw_home_link_read(value, link)) : TW_OK;
}

tw_err tw_home_apply_witness(struct tw_context *c, const char *value)
{
	struct tw_home_witness w;

	return denied(tw_home_witness_read(value, &w));
}

static tw_err add_setting(struct tw_context *c, const char *key, const char *name, json_t *body)
{
	struct tw_setting_state state;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, key), &state));
	return tw_json_set(body, name, json_string(state.value));
}

static const char *why_of(struct tw_context *c)
{
	const struct tw_home *h = &tw_device_of(c)->home;

	if (!tw_home_is_declared(c))
		return "No home systems are declared.";
	return h->why[0] ? h->why : "The witness was not asked yet.";
}

tw_err tw_outgoing_home(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_home *h = &tw_device_of(c)->home;
	const char *unheld = tw_firewall_keeps_home(c);
	char since[TW_TIME_TEXT_MAX];

	rp->body = json_pack("{s:s, s:s, s:b}", "at", tw_home_words[h->at], "why", why_of(c), "holds", !unheld && tw_home_is_declared(c));
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	TW_TRY(add_setting(c, TW_HOME_SYSTEMS, "systems", rp->body));
	TW_TRY(add_setting(c, TW_HOME_TUNNEL, "tunnel", rp->body));
	TW_TRY(add_setting(c, TW_HOME_WITNESS, "witness", rp->body));
	if (unheld)
		TW_TRY(tw_json_set(rp->body, "unheld", json_string(unheld)));
	if (!h->since_ms)
		return TW_OK;
	tw_time_text(h->since_ms, since);
	return tw_json_set(rp->body, "since", json_string(since));
}

/* @nist LA.EC.5: at home or abroad, by what is known now, and whether the kernel keeps to what follows from it */
tw_err tw_outgoing_status_home(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_home *h = &tw_device_of(c)->home;
	const char *unheld = tw_firewall_keeps_home(c);
	const bool has_tunnel = !tw_setting_is(c, TW_HOME_TUNNEL, "");

	(void)snprintf(ret->setting, sizeof ret->setting, TW_HOME_SYSTEMS);
	if (!tw_home_is_declared(c)) {
		ret->status = TW_STATUS_OFF;
		(void)snprintf(ret->reason, sizeof ret->reason, "No home systems are declared (home.systems).");
		return TW_OK;
	}
	ret->status = unheld ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (unheld)
		(void)snprintf(ret->reason, sizeof ret->reason, "Nothing keeps what is for home systems: %.200s", unheld);
	else if (h->at == TW_HOME_HERE)
		(void)snprintf(ret->reason, sizeof ret->reason, "This is home: %.120s Elsewhere what is for home systems goes %s.",
			h->why, has_tunnel ? "by the tunnel alone" : "as mutual TLS alone");
	else
		(void)snprintf(ret->reason, sizeof ret->reason, "%s: %.140s What is for home systems goes %s.",
			h->at == TW_HOME_ABROAD ? "This is not home" : "It is not known whether this is home", why_of(c),
			has_tunnel ? "by the tunnel alone" : "as mutual TLS alone");
	return TW_OK;
}
