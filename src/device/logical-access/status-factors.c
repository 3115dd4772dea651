/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of authentication are on this device now. Whether there is a gateway is told, and not which. */
#include "device/logical-access/message.h"
#include "device/logical-access/state.h"
#include "device/platform/fetch.h"
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
