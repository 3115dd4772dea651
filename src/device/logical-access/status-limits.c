/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the elements of limits are on this device now: what is left unused, what a search may ask, and caps that do not always count.
 *
 * Whoever may see how the device is, may not see the settings that govern rights: a reason names the setting and never its value.
 */
#include "device/logical-access/state.h"
#include "device/platform/application.h"
#include "device/rows-logical-access.h"

/* @nist LA.AC.1.4 */
tw_err tw_access_status_unused(struct tw_context *c, struct tw_element_status *ret)
{
	bool is = tw_device_of(c)->access->guard.inactive_ms > 0;

	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.inactive");
	ret->status = is ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		is ? "An account that nobody used for as long as the setting says is disabled, owners apart."
		   : "Accounts are not disabled, however long nobody uses them.");
	return TW_OK;
}

/* @nist LA.AC.1.4.1 */
tw_err tw_access_status_idle(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.session-idle");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"A session that is not used for as long as the setting says is over; whoever opens one may ask for less.");
	return TW_OK;
}

/* @nist LA.RSM.5.4 */
tw_err tw_access_status_step_up(struct tw_context *c, struct tw_element_status *ret)
{
	bool is = !tw_setting_is(c, "logical-access.step-up", "off");

	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.step-up");
	ret->status = is ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		is ? "Whoever may reach privileged settings does so by a client certificate, or after a login of a moment ago, for each request anew; "
		     "accounts without a password are not asked."
		   : "Whoever may reach privileged settings reaches them from any session of his, however old.");
	return TW_OK;
}

/* @nist LA.LDU.1 */
tw_err tw_access_status_searches(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.list-max");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"A search takes the fields and the number of entries that its description names; one answer has no more than the setting says.");
	return TW_OK;
}

/* @nist LA.LDU.2.6 */
tw_err tw_access_status_place_caps(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 };

	tw_buf_init(&place, c->sys, 512);
	TW_TRY(tw_setting_get(c, "logical-access.place", &place));
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.place");
	ret->status = place.size ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		place.size ? "Caps of the place where the device is count, as session-caps set says; the organization names the place."
			   : "Caps of a place count while the device is there; the organization has not said where it is, so none counts.");
	return TW_OK;
}

/* @nist LA.LDU.2.7 */
tw_err tw_access_status_parameter_caps(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_capability *own = tw_application_capability(tw_device_of(c)->application);
	size_t n = 0;

	for (const struct tw_setting_row *r = own->settings; r && r->key; r++)
		n++;
	ret->status = n ? TW_STATUS_PROVIDED : TW_STATUS_NEEDS_PART;
	if (n)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The product has %zu parameters of its own whose values a cap of sessions can follow.", n);
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"A cap of sessions follows parameters of the product's own; the product installed here has none.");
	return TW_OK;
}
