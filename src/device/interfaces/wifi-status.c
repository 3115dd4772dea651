/* SPDX-License-Identifier: Apache-2.0 */
/* What may be promised of Wi-Fi now: by whether a link is there, wpa_supplicant answers, and the network is joined. */
#include "device/interfaces/wifi.h"

#include "device/rows-interfaces.h"

static bool has_link(const struct tw_device *d, const char *name)
{
	const struct tw_interfaces *f = d->interfaces;

	for (size_t n = 0; n < f->count; n++)
		if (f->of[n]->kind == TW_WATCH_LINK && f->of[n]->present && strcmp(f->of[n]->what, "wireless") == 0 &&
			strcmp(f->of[n]->name, name) == 0)
			return true;
	return false;
}

/* What is missing for either of the two: "" nothing. */
static tw_err say_missing(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_device *d = tw_device_of(c);
	struct tw_setting_state link;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_WIFI_LINK_SETTING), &link));
	(void)snprintf(ret->setting, sizeof ret->setting, TW_WIFI_SETTING);
	if (!tw_wifi_is_listed(d)) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason, "roles.tab has no line for wifi, whose user speaks with wpa_supplicant.");
	} else if (tw_interfaces_watched(d) && !has_link(d, link.value)) {
		ret->status = TW_STATUS_NEEDS_PART;
		(void)snprintf(ret->reason, sizeof ret->reason,
			"There is no Wi-Fi link %.15s (wifi.link), or its radio has no driver.", link.value);
	}
	return TW_OK;
}

static tw_err say_how(struct tw_context *c, struct tw_element_status *ret, const char *joined)
{
	struct tw_setting_state name;
	const char *why = tw_wifi_unsettled(c, TW_WIFI_SETTING);

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_WIFI_SETTING), &name));
	const bool off = tw_setting_is(c, TW_WIFI_SETTING, "");

	ret->status = off ? TW_STATUS_OFF : why ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (off && why)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"No network is to be joined (wifi.network), but one may still be: %.180s", why);
	else if (off)
		(void)snprintf(ret->reason, sizeof ret->reason, "No network is to be joined (wifi.network).");
	else if (why)
		(void)snprintf(ret->reason, sizeof ret->reason, "%.32s is not joined: %.200s", name.value, why);
	else
		(void)snprintf(ret->reason, sizeof ret->reason, "%s", joined);
	return TW_OK;
}

static tw_err say_since(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_setting_state state;

	if (ret->status != TW_STATUS_OFF)
		return TW_OK;
	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_WIFI_SETTING), &state));
	ret->since_ms = state.changed_ms;
	(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
	return TW_OK;
}

/* @nist LA.IC.14.1: by what wpa_supplicant says of the link now */
tw_err tw_wifi_status_link(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_setting_state link;
	char joined[sizeof ret->reason];

	TW_TRY(say_missing(c, ret));
	if (ret->reason[0])
		return TW_OK;
	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_WIFI_LINK_SETTING), &link));
	const struct tw_wifi_state *s = tw_wifi_joined(c, link.value);
	(void)snprintf(joined, sizeof joined, "%.15s has joined the network %.32s by %.23s, cipher %.15s, management frames %s.",
		link.value, tw_wifi_name(c), s ? s->authentication : "", s ? s->cipher : "",
		s && s->protects ? "protected" : "not protected");
	TW_TRY(say_how(c, ret, joined));
	return say_since(c, ret);
}

/* @nist LA.IC.15: the network that is joined is as the administrator has set it */
tw_err tw_wifi_status_settings(struct tw_context *c, struct tw_element_status *ret)
{
	TW_TRY(say_missing(c, ret));
	if (ret->reason[0])
		return TW_OK;
	TW_TRY(say_how(c, ret, "Networks with WPA2 and WPA3 passphrases, PEAP and EAP-TLS can be set; the one that is chosen is joined."));
	return say_since(c, ret);
}
