/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of interfaces are on this device now. */
#include "device/interfaces/interfaces.h"

#include "device/platform/firewall.h"
#include "device/platform/link.h"
#include "device/platform/listening.h"
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

static bool is_link(const struct tw_interface *i)
{
	return i->kind == TW_WATCH_LINK && i->present && strcmp(i->what, "loopback") != 0;
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

/* The links of each technology, with blanks between; ret_bare: how many are there whose driver is not known. */
static size_t count_technologies(const struct tw_interfaces *f, char *ret, size_t size, size_t *ret_bare)
{
	size_t there = 0, used = 0;

	ret[0] = '\0';
	*ret_bare = 0;
	for (size_t n = 0; n < f->count; n++) {
		const struct tw_interface *one = f->of[n];
		size_t same = 0;
		bool before = false;

		if (!is_link(one))
			continue;
		there++;
		*ret_bare += !one->driver[0];
		for (size_t m = 0; m < f->count; m++) {
			const bool alike = is_link(f->of[m]) && strcmp(f->of[m]->what, one->what) == 0;

			same += alike;
			before = before || (alike && m < n);
		}
		if (!before && used < size)
			used += (size_t)snprintf(ret + used, size - used, "%s%s %zu", used ? ", " : "", one->what, same);
	}
	return there;
}

/* @nist LA.IC.14: each link with its technology, its driver and its state */
tw_err tw_interfaces_status_links(struct tw_context *c, struct tw_element_status *ret)
{
	char technologies[160];
	size_t bare = 0;

	TW_TRY(away(c, ret));
	if (ret->reason[0])
		return TW_OK;
	const size_t there = count_technologies(tw_device_of(c)->interfaces, technologies, sizeof technologies, &bare);
	ret->status = !there ? TW_STATUS_NEEDS_PART : bare ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (!there)
		(void)snprintf(ret->reason, sizeof ret->reason, "There is no link but the loopback.");
	else if (bare)
		(void)snprintf(ret->reason, sizeof ret->reason, "Of links that the kernel names no driver of there are %zu: %s.",
			bare, technologies);
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Links by technology: %s. Each is listed with its driver and state.", technologies);
	return TW_OK;
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

/* What one role is for the rest of this file: "" when it can be had, else why not. */
static void say_control(struct tw_context *c, enum tw_control_of which, struct tw_element_status *ret)
{
	const char *why = tw_control_unsettled_role(c, which);

	(void)snprintf(ret->setting, sizeof ret->setting, "interfaces.mode");
	if (which == TW_CONTROL_SERVICES && !tw_control_is_listed(c, which))
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The product has no provider of kind services, so that nobody speaks to the system's service manager.");
	else if (!tw_control_is_listed(c, which))
		(void)snprintf(ret->reason, sizeof ret->reason, "roles.tab has no line for %s, whose user switches interfaces off.",
			which == TW_CONTROL_LINKS ? "firewall" : "parts");
	else if (why)
		(void)snprintf(ret->reason, sizeof ret->reason, "What is to be off is not: %.200s", why);
	if (ret->reason[0])
		ret->status = TW_STATUS_NOT_PROVIDED;
}

struct counted {
	size_t there, off;
};

/* Of kinds (a bit each): those that are there, and those of them that the list has off. */
static struct counted count(struct tw_context *c, unsigned kinds)
{
	const struct tw_interfaces *f = tw_device_of(c)->interfaces;
	struct counted n = { 0, 0 };

	for (size_t i = 0; i < f->count; i++) {
		const struct tw_interface *one = f->of[i];

		if (!one->present || !(kinds & 1u << one->kind) || (one->kind == TW_WATCH_LINK && strcmp(one->what, "loopback") == 0))
			continue;
		n.there++;
		n.off += tw_control_has_off(c, one);
	}
	return n;
}

/* What is off by its driver being taken away is not there any more under its name. */
static size_t count_taken(struct tw_context *c)
{
	const struct tw_buf *taken = &tw_device_of(c)->interfaces->control[TW_CONTROL_PARTS].taken;
	size_t n = taken->size > 0;

	for (size_t i = 0; i < taken->size; i++)
		n += taken->data[i] == ' ';
	return n;
}

static tw_err status_of(struct tw_context *c, unsigned kinds, const char *words, struct tw_element_status *ret)
{
	const struct counted n = count(c, kinds);
	const size_t taken = count_taken(c);

	ret->status = n.there || taken ? TW_STATUS_PROVIDED : TW_STATUS_NEEDS_PART;
	if (ret->status == TW_STATUS_NEEDS_PART)
		(void)snprintf(ret->reason, sizeof ret->reason, "There is none of %s.", words);
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Of %s there are %zu, of these off by the list of the mode: %zu. Drivers taken away besides: %zu. "
			"Off is what the kernel says to be so, also when it is attached later and after a start.",
			words, n.there, n.off, taken);
	return TW_OK;
}

/* @nist LA.IC.2: USB, cameras, microphones and serial lines are off by the mode's list, as the kernel says */
tw_err tw_interfaces_status_parts(struct tw_context *c, struct tw_element_status *ret)
{
	TW_TRY(away(c, ret));
	if (!ret->reason[0])
		say_control(c, TW_CONTROL_PARTS, ret);
	return ret->reason[0]
		? TW_OK
		: status_of(c, 1u << TW_WATCH_USB | 1u << TW_WATCH_CAMERA | 1u << TW_WATCH_MICROPHONE | 1u << TW_WATCH_SERIAL,
			  "USB devices, cameras, microphones and serial lines", ret);
}

/* @nist LA.IC.3: links, radios, USB and serial lines that are not needed are off by the mode's list, which administrators set */
tw_err tw_interfaces_status_unneeded(struct tw_context *c, struct tw_element_status *ret)
{
	TW_TRY(away(c, ret));
	for (enum tw_control_of i = TW_CONTROL_LINKS; !ret->reason[0] && i <= TW_CONTROL_PARTS; i++)
		say_control(c, i, ret);
	return ret->reason[0] ? TW_OK
			      : status_of(c, 1u << TW_WATCH_LINK | 1u << TW_WATCH_RADIO | 1u << TW_WATCH_USB | 1u << TW_WATCH_SERIAL,
					"network links, radios, USB devices and serial lines", ret);
}

/* Who may use them: the flows that the product declares and the owner has not declined, by the packet filter. */
static void say_who(struct tw_context *c, struct tw_element_status *ret)
{
	const size_t at = strlen(ret->reason);
	const bool judged = tw_setting_is(c, "firewall.mode", "enforce") && tw_setting_is(c, "firewall.ingress", "enforce");

	(void)snprintf(ret->reason + at, sizeof ret->reason - at, " Who may reach one's port: %s",
		judged ? "by the flows that the product declares (firewall.ingress)." : "anybody; firewall.ingress does not judge.");
}

/* @nist LA.IC.6: which services run, and which are off by the mode's list; their ports are the packet filter's */
tw_err tw_interfaces_status_services(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_interfaces *f = tw_device_of(c)->interfaces;
	const struct counted n = count(c, 1u << TW_WATCH_SERVICE);

	ret->status = TW_STATUS_NOT_PROVIDED;
	say_control(c, TW_CONTROL_SERVICES, ret);
	if (!ret->reason[0] && (!f->control[TW_CONTROL_SERVICES].line || !f->services_ever))
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The product's provider of services is not there, or has yet to say what there is.");
	if (ret->reason[0])
		return TW_OK;
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Services: %zu, of these off by the list of the mode: %zu, also after a start and when somebody starts them.",
		n.there, n.off);
	say_who(c, ret);
	return TW_OK;
}

/* @nist LA.IC.9: administrators switch interfaces and limit their rate by settings, logged in at the local socket as by HTTPS */
tw_err tw_interfaces_status_control(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_setting_state state;

	TW_TRY(away(c, ret));
	if (!ret->reason[0])
		say_control(c, TW_CONTROL_LINKS, ret);
	if (ret->reason[0])
		return TW_OK;
	const bool on = tw_setting_is(c, "firewall.mode", "enforce");
	const char *why = tw_firewall_lets_in(c);

	(void)snprintf(ret->setting, sizeof ret->setting, "firewall.mode");
	ret->status = on && !why ? TW_STATUS_PROVIDED : on ? TW_STATUS_NOT_PROVIDED : TW_STATUS_OFF;
	if (!on) {
		TW_TRY(tw_setting_state(c, tw_setting_find(c, "firewall.mode"), &state));
		ret->since_ms = state.changed_ms;
		(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
	}
	if (ret->status == TW_STATUS_PROVIDED)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Interfaces are switched by interfaces.off-* and limited in rate by firewall.rates-*, which hold; by HTTPS, "
			"and by whoever is logged in at the local socket.");
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Interfaces are switched by interfaces.off-*; no rate is limited: %.160s", on ? why : "firewall.mode is off.");
	return TW_OK;
}

/* @nist LA.IC.10: HTTPS is offered at the port that the administrator says, and at no other */
tw_err tw_interfaces_status_moved(struct tw_context *c, struct tw_element_status *ret)
{
	const char *why = NULL;
	uint16_t port = 0;
	const bool so = tw_listening_at(c, &port, &why);

	(void)snprintf(ret->setting, sizeof ret->setting, TW_LISTENING_PORT);
	ret->status = so ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	if (!so)
		(void)snprintf(ret->reason, sizeof ret->reason, "HTTPS is not where interfaces.https-port says: %.200s", why);
	else if (port)
		(void)snprintf(ret->reason, sizeof ret->reason, "HTTPS is offered at port %u, and at no other.", port);
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"HTTPS is offered where the manufacturer has it; interfaces.https-port moves it to another port.");
	return TW_OK;
}

/* @nist LA.IC.13: each type of radio that the kernel has, with its state, switched off and on by the mode's list */
tw_err tw_interfaces_status_radios(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_interfaces *f = tw_device_of(c)->interfaces;
	size_t there = 0, off = 0;

	TW_TRY(away(c, ret));
	if (!ret->reason[0])
		say_control(c, TW_CONTROL_LINKS, ret);
	if (ret->reason[0])
		return TW_OK;
	for (size_t n = 0; n < f->count; n++) {
		const struct tw_interface *i = f->of[n];

		if (i->kind == TW_WATCH_RADIO && i->present) {
			there++;
			off += strcmp(i->state, "on") != 0;
		}
	}
	ret->status = there ? TW_STATUS_PROVIDED : TW_STATUS_NEEDS_PART;
	(void)snprintf(ret->reason, sizeof ret->reason,
		there ? "Radios: %zu, of these off: %zu. Each is listed with its type, and off when the list of the mode says so."
		      : "The kernel knows no radio.",
		there, off);
	return TW_OK;
}

/* Of links that the product declares and that the kernel knows, and of those that a program of the product's drives. */
struct own_counted {
	size_t there, off, programs, here, simulated;
};

static struct own_counted count_own(struct tw_context *c)
{
	const struct tw_device *d = tw_device_of(c);
	struct own_counted n = { 0, 0, 0, 0, 0 };

	for (size_t i = 0; i < d->interfaces->count; i++) {
		const struct tw_interface *one = d->interfaces->of[i];

		if (one->kind == TW_WATCH_LINK && one->present && one->declared) {
			n.there++;
			n.off += tw_control_has_off(c, one);
		}
	}
	for (size_t i = 0; d->manifest && i < d->manifest->provider_count; i++) {
		if (!tw_link_is(d, i))
			continue;
		n.programs++;
		n.here += tw_link_here(d, i);
		n.simulated += tw_link_here(d, i) && d->providers.of[i].simulated;
		n.off += tw_link_here(d, i) && tw_own_has_off(c, i);
	}
	return n;
}

/* @nist LA.IC.14.4: a link of the manufacturer's own, the kernel's by the name that the product declares or one that its program drives,
   is listed and goes off by the mode's list */
tw_err tw_interfaces_status_own_link(struct tw_context *c, struct tw_element_status *ret)
{
	TW_TRY(away(c, ret));
	if (!ret->reason[0])
		say_control(c, TW_CONTROL_LINKS, ret);
	if (ret->reason[0])
		return TW_OK;
	const struct own_counted n = count_own(c);
	const char *why = tw_own_unsettled(c);

	ret->status = why ? TW_STATUS_NOT_PROVIDED : n.there + n.here > n.simulated ? TW_STATUS_PROVIDED : TW_STATUS_NEEDS_PART;
	if (why)
		(void)snprintf(ret->reason, sizeof ret->reason, "What is to be off is not: %.200s", why);
	else if (n.there + n.programs == 0)
		(void)snprintf(ret->reason, sizeof ret->reason, "There is no link that the product declares.");
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Links that the product declares and that are there: %zu. "
			"Links that a program of the product's drives: %zu, of these programs here: %zu, of these simulated: %zu. "
			"Off by the list of the mode: %zu.",
			n.there, n.programs, n.here, n.simulated, n.off);
	return TW_OK;
}
