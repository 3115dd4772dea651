/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of interfaces are on this device now. */
#include "device/interfaces/interfaces.h"

#include "device/platform/firewall.h"
#include "service/errand-line.h"
#include "device/rows-interfaces.h"

/* Why nothing is known of any, or "". */
static tw_err away(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_setting_state state;

	ret->status = TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "interfaces.watch");
	TW_TRY(tw_setting_state(c, tw_setting_find(c, "interfaces.watch"), &state));
	if (!d->errands || !tw_errand_listed(d->errands, TW_ERRAND_WATCH)) {
		(void)snprintf(ret->reason, sizeof ret->reason, "roles.tab has no line for watch, the role that hears the kernel.");
	} else if (strcmp(state.value, "on") != 0) {
		ret->status = TW_STATUS_OFF;
		ret->since_ms = state.changed_ms;
		(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
		(void)snprintf(ret->reason, sizeof ret->reason, "Interfaces are not watched: interfaces.watch is off.");
	} else if (!tw_interfaces_watched(d)) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%s %.180s",
			d->interfaces->role == TW_INTERFACES_HERE ? "The role that hears the kernel has yet to say what there is."
								  : "The role that hears the kernel is not here.",
			d->interfaces->why);
	} else if (d->interfaces->missed & TW_WATCH_NO_LINKS) {
		(void)snprintf(ret->reason, sizeof ret->reason, "Not all links could be listed.");
	}
	return TW_OK;
}

static void say_declared(const struct tw_device *d, struct tw_element_status *ret)
{
	const size_t at = strlen(ret->reason);

	if (!tw_interfaces_declared(d))
		(void)snprintf(ret->reason + at, sizeof ret->reason - at, " The product does not declare its interfaces.");
	else
		(void)snprintf(ret->reason + at, sizeof ret->reason - at, " Not declared by the product: %zu.",
			tw_interfaces_undeclared(d));
}

/* @nist LA.IC.14.3 */
tw_err tw_interfaces_status_ethernet(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_interfaces *f = tw_device_of(c)->interfaces;
	size_t there = 0, up = 0;

	TW_TRY(away(c, ret));
	if (ret->reason[0])
		return TW_OK;
	for (size_t n = 0; n < f->count; n++) {
		const struct tw_interface *i = f->of[n];

		if (i->kind == TW_WATCH_LINK && i->present && strcmp(i->what, "ethernet") == 0) {
			there++;
			up += strcmp(i->state, "up") == 0;
		}
	}
	ret->status = there ? TW_STATUS_PROVIDED : TW_STATUS_NEEDS_PART;
	(void)snprintf(ret->reason, sizeof ret->reason,
		there ? "Ethernet links: %zu, of these up: %zu. What becomes of one is in the list at once, and an event."
		      : "There is no Ethernet link.",
		there, up);
	say_declared(tw_device_of(c), ret);
	return TW_OK;
}

/* @nist LA.IC.8: by what was last read back from the kernel */
tw_err tw_interfaces_status_management(struct tw_context *c, struct tw_element_status *ret)
{
	const bool on = tw_setting_is(c, "firewall.mode", "enforce");
	const char *why = tw_firewall_lets_in(c);
	struct tw_setting_state state;

	(void)snprintf(ret->setting, sizeof ret->setting, "firewall.mode");
	TW_TRY(tw_setting_state(c, tw_setting_find(c, "firewall.mode"), &state));
	ret->status = !why ? TW_STATUS_PROVIDED : on ? TW_STATUS_NOT_PROVIDED : TW_STATUS_OFF;
	if (!on) {
		ret->since_ms = state.changed_ms;
		(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
	}
	(void)snprintf(ret->reason, sizeof ret->reason, "%.250s",
		why ? why : "The kernel drops what comes to the management's port from elsewhere than the networks of firewall.management.");
	if (!why && tw_firewall_unjudged(c)[0])
		(void)snprintf(ret->reason + strlen(ret->reason), sizeof ret->reason - strlen(ret->reason),
			" No flow is judged: %.90s.", tw_firewall_unjudged(c));
	return TW_OK;
}
