/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of authentication are on this device now. Whether there is a gateway is told, and not which. */
#include "device/logical-access/message.h"
#include "device/logical-access/state.h"
#include "device/platform/fetch.h"
#include "device/platform/provider.h"
#include "device/rows-logical-access.h"

/* By policy nobody logs in by password, so nothing beside it is asked for. */
static bool is_off(struct tw_device *d, struct tw_element_status *ret)
{
	if (tw_policy_strength(d) != TW_STRENGTH_CERTIFICATE)
		return false;
	ret->status = TW_STATUS_OFF;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.network-methods");
	(void)snprintf(ret->reason, sizeof ret->reason, "Nobody logs in by password here, so no second factor is asked for.");
	return true;
}

/* @nist LA.AS.2.1 */
tw_err tw_access_status_second(struct tw_context *c, struct tw_element_status *ret)
{
	if (is_off(tw_device_of(c), ret))
		return TW_OK;
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.second-factor");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Where an account has a second factor, and for the roles that the setting names, the password alone opens nothing.");
	return TW_OK;
}

/* @nist LA.AS.2.1.1 */
tw_err tw_access_status_one_time(struct tw_context *c, struct tw_element_status *ret)
{
	if (is_off(tw_device_of(c), ret))
		return TW_OK;
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"An authenticator's code is good once and around its half minute; a code that is sent, once and for five minutes.");
	return TW_OK;
}

/* @nist LA.AS.2.1.4 */
tw_err tw_access_status_message(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_gateway g = { .url = "" };
	struct tw_device *d = tw_device_of(c);
	const char *missing = tw_fetch_missing(d);

	if (is_off(d, ret))
		return TW_OK;
	tw_err e = tw_gateway_read(d, &g);
	tw_gateway_done(&g);
	if (!tw_is(e, TW_CODE_NOTFOUND))
		TW_TRY(e);
	ret->status = missing || tw_failed(e) ? TW_STATUS_NEEDS_PART : TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		missing                ? missing
			: tw_failed(e) ? "Codes are sent by a gateway of the organization's; none was named."
				       : "The organization's gateway is sent codes of eight digits for the accounts that say where to.");
	return TW_OK;
}

/* --- Tokens --- */

/* Why no browser has a passkey here now; NULL: nothing stands before it. */
static const char *token_missing(const struct tw_device *d)
{
	if (!d->names.count)
		return "Browsers have tokens and passkeys for a DNS name that they trust alone; the device was given none.";
	if (d->named && tw_time_trusted(&d->time) && tw_failed(tw_cert_in_time(d->named, tw_time_wall_ms(&d->time))))
		return "Browsers have tokens and passkeys for a DNS name that they trust alone; the certificate of the device's own is beyond its dates.";
	return NULL;
}

/* @nist LA.AS.2.1.5 */
tw_err tw_access_status_token(struct tw_context *c, struct tw_element_status *ret)
{
	const char *missing = token_missing(tw_device_of(c));

	if (is_off(tw_device_of(c), ret))
		return TW_OK;
	ret->status = missing ? TW_STATUS_NEEDS_PART : TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		missing ? missing
			: "Each person may enrol tokens and passkeys under the device's name; a login then needs a signature over its own challenge.");
	return TW_OK;
}

/* --- Providers --- */

/* The first of that kind that is there and judges; else the first that is there; else the first. -1: the product has none. */
static int best_of(const struct tw_device *d, enum tw_manifest_provider_kind kind)
{
	int best = -1, rank = -1;

	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		const struct tw_provider_seat *s = &d->providers.of[i];
		const int own = !s->line ? 0 : s->simulated ? 1 : 2;

		if (d->manifest->providers[i].kind != kind || own <= rank)
			continue;
		best = (int)i;
		rank = own;
	}
	return best;
}

static tw_err status_of(struct tw_device *d, enum tw_manifest_provider_kind kind, const char *what, struct tw_element_status *ret)
{
	const int best = best_of(d, kind);

	if (is_off(d, ret))
		return TW_OK;
	ret->status = TW_STATUS_NEEDS_PART;
	if (best < 0) {
		(void)snprintf(ret->reason, sizeof ret->reason, "The product declares no %s.", what);
		return TW_OK;
	}
	const char *name = d->manifest->providers[best].name;
	const struct tw_provider_seat *s = &d->providers.of[best];
	if (!s->line) {
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The product's %s, %s, is not connected; whoever needs it is refused.", what, name);
	} else if (s->simulated) {
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The product's %s, %s, is simulated: it says that it only pretends to judge.", what, name);
	} else {
		ret->status = TW_STATUS_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The product's %s, %s, judges the logins of the accounts that use it; its yes alone lets anybody in.", what, name);
	}
	return TW_OK;
}

/* @nist LA.AS.2.1.3 */
tw_err tw_access_status_biometric(struct tw_context *c, struct tw_element_status *ret)
{
	return status_of(tw_device_of(c), TW_MANIFEST_BIOMETRIC, "reader of biometrics", ret);
}

/* @nist LA.AS.2.1.6 */
tw_err tw_access_status_plugin(struct tw_context *c, struct tw_element_status *ret)
{
	return status_of(tw_device_of(c), TW_MANIFEST_AUTH_PLUGIN, "method of its own", ret);
}
