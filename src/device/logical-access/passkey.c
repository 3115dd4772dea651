/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/passkey.h"

#include "device/logical-access/state.h"

bool tw_passkey_site(const struct tw_device *d, const struct tw_request *rq, struct tw_passkey_site *ret)
{
	const struct tw_http_field *host = rq->head ? tw_http_find(rq->head, "host") : NULL;
	const char *colon = host ? memchr(host->value.at, ':', host->value.size) : NULL;
	struct tw_slice name = host ? host->value : (struct tw_slice){ "", 0 };

	name.size = colon ? (size_t)(colon - name.at) : name.size;
	if (!host || host->value.size - name.size > sizeof ":65535" - 1)
		return false;
	for (size_t i = 0; i < d->names.count; i++)
		if (tw_slice_is_nocase(name, d->names.of[i])) {
			(void)snprintf(ret->name, sizeof ret->name, "%s", d->names.of[i]);
			(void)snprintf(ret->origin, sizeof ret->origin, "https://%s%.*s", ret->name,
				(int)(host->value.size - name.size), name.at + name.size);
			return true;
		}
	return false;
}

tw_err tw_passkey_elsewhere(const struct tw_device *d, struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "name", "passkey.name", "There are no passkeys under this address",
		d->names.count ? "Open the device's page under its name." : "Ask an owner to give the device a name (names.set).",
		"A browser has passkeys for a DNS name whose certificate it trusts, %s%s.",
		d->names.count ? "which here is https://" : "and this device has none", d->names.count ? d->names.of[0] : "");
}
