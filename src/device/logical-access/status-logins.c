/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the elements of logging in are on this device now. A reason names the setting and never its value: whoever may see how the device is may not
 * see what it takes to guess.
 */
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

/* @nist LA.AC.1 */
tw_err tw_access_status_login_rules(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.password-min");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"How long a password is, who needs a second factor, and who waits for how many failures, are settings that the next login obeys.");
	return TW_OK;
}

/* @nist LA.AC.1.1 LA.AC.1.2 */
tw_err tw_access_status_lockout(struct tw_context *c, struct tw_element_status *ret)
{
	bool off = tw_setting_is(c, "logical-access.throttle", "off");

	ret->status = off ? TW_STATUS_OFF : TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "%s", off ? "logical-access.throttle" : "logical-access.attempts");
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		off ? "Nobody has to wait, however often he fails."
		    : "Who fails as often as the setting says waits as long as logical-access.attempts-wait says, and longer each time; the console and "
		      "known clients do not wait for strangers.");
	return TW_OK;
}

/* @nist LA.X.1: the switch is there in both of its places; which it is in LA.AC.1.1 tells */
tw_err tw_access_status_throttle(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.throttle");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Whether those who fail have to wait is a setting, which counts from the next try on; owners and admins change it.");
	return TW_OK;
}

/* @nist LA.AS.2 */
tw_err tw_access_status_methods(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.network-methods");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Over the network the setting says what is strong enough, at the login and at each request; at the local socket and to the application "
		"the kernel says who it is; at the console only presence counts, for what needs no more.");
	return TW_OK;
}

/* @nist LA.AS.3 */
tw_err tw_access_status_masked(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The page and the tool show no password and no code while it is typed, unless somebody presses for it; answers and log hold none.");
	return TW_OK;
}

/* @nist LA.AIM.1 */
tw_err tw_access_status_free(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.without-login");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Without login the device does what it takes to log in and to take it over, and what of health and status the setting lists; "
		"no list makes more of it.");
	return TW_OK;
}

/* @nist LA.IC.11: one step of the path holds each input against its published form, before anything is done (service/path/path.c) */
tw_err tw_access_status_input(struct tw_context *c, struct tw_element_status *ret)
{
	size_t count = 0;

	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++)
			count += o->input || o->query;
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"%zu operations take input, each of a published form: what does not fit gets an error that names the rule, and changes nothing. How "
		"often and in which range the product's own inputs are taken is its program's.",
		count);
	return TW_OK;
}

/* @nist LA.IC.5: who may see how the elements stand, the gate says, as of everything else */
tw_err tw_access_status_indicator(struct tw_context *c, struct tw_element_status *ret)
{
	bool open = tw_gate_role_may(c->gate, TW_SUBJECT_ANYONE, "status.read");

	ret->status = open ? TW_STATUS_OFF : TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.without-login");
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		open ? "Anybody is shown how the elements stand, without a login: the setting lists it."
		     : "How the elements stand is shown to roles that hold status.read, over the network and at the device; nothing tells it by itself.");
	return TW_OK;
}

/* @nist LA.AS.1 */
tw_err tw_access_status_demanded(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.without-login");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Every operation that is not permitted without login is refused to whoever has proven nothing; one gate stands before all of them.");
	return TW_OK;
}
