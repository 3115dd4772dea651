/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of limits are on this device now: what is left unused, what a search may ask, and caps that do not always count. */
#include "device/logical-access/state.h"
#include "device/platform/application.h"
#include "device/rows-logical-access.h"

/* @nist LA.AC.1.4 */
tw_err tw_access_status_unused(struct tw_context *c, struct tw_element_status *ret)
{
	int64_t inactive_s = tw_device_of(c)->access->inactive_ms / 1000;

	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.inactive");
	ret->status = inactive_s ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	if (inactive_s)
		(void)snprintf(ret->reason, sizeof ret->reason, "An account that nobody used for %lld s is disabled, owners apart.",
			(long long)inactive_s);
	else
		(void)snprintf(ret->reason, sizeof ret->reason, "Accounts are not disabled, however long nobody uses them.");
	return TW_OK;
}

/* @nist LA.AC.1.4.1 */
tw_err tw_access_status_idle(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.session-idle");
	(void)snprintf(ret->reason, sizeof ret->reason, "A session that is not used for %lld s is over; whoever opens one may ask for less.",
		(long long)(tw_device_of(c)->access->idle_ms / 1000));
	return TW_OK;
}

/* @nist LA.LDU.1 */
tw_err tw_access_status_searches(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.list-max");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"A search takes the fields and the number of entries that its description names, and %zu entries of one answer are the most.",
		c->list_max);
	return TW_OK;
}

/* @nist LA.LDU.2.6 */
tw_err tw_access_status_place_caps(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 };

	tw_buf_init(&place, c->sys, 512);
	TW_TRY(tw_setting_get(c, "logical-access.place", &place));
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.place");
	ret->status = TW_STATUS_PROVIDED;
	if (place.size)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Caps of the place '%s' count, as session-caps set says; the organization names the place.", tw_buf_cstr(&place));
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Caps of a place count while the device is there; the organization has not said where it is, so none counts now.");
	return TW_OK;
}

/* @nist LA.LDU.2.7 */
tw_err tw_access_status_parameter_caps(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_capability *own = tw_application_capability(tw_device_of(c)->application);
	size_t n = 0;

	for (const struct tw_setting_row *r = own->settings; r && r->key; r++)
		n++;
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The product has %zu parameters of its own whose values a cap of sessions can follow.", n);
	return TW_OK;
}
