/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of access from afar are on this device now. A reason names the setting and never what a policy says. */
#include "device/logical-access/remote.h"
#include "device/rows-logical-access.h"

static tw_err off(struct tw_element_status *ret)
{
	ret->status = TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The organization has said no rules of access, so whoever may log in comes by every door that the packet filter leaves open.");
	return TW_OK;
}

static tw_err of_policy(
	struct tw_context *c, bool (*has)(const tw_remote *p), const char *is, const char *without, struct tw_element_status *ret)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_setting_state state;
	const tw_remote *p = NULL;
	bool lost = false;

	TW_TRY(tw_remote_policy(d, &p, &lost));
	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_REMOTE_KEY), &state));
	(void)snprintf(ret->setting, sizeof ret->setting, TW_REMOTE_KEY);
	ret->since_ms = state.changed_ms;
	(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
	if (lost) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The policy that the setting names cannot be read; nobody comes in over the network. At the console ownership can "
			"be ended and taken anew.");
		return TW_OK;
	}
	if (!p)
		return off(ret);
	ret->status = has(p) ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", has(p) ? is : without);
	return TW_OK;
}

static bool has_all(const tw_remote *p)
{
	return true;
}

static bool has_who(const tw_remote *p)
{
	return p->kinds[TW_REMOTE_WHO].count;
}

static bool has_session(const tw_remote *p)
{
	return p->kinds[TW_REMOTE_SESSION].count;
}

static bool has_connection(const tw_remote *p)
{
	return p->kinds[TW_REMOTE_CONNECTION].count;
}

/* @nist LA.IC.1 */
tw_err tw_access_status_remote(struct tw_context *c, struct tw_element_status *ret)
{
	return of_policy(c, has_all,
		"One policy says who comes by which door, when and for what, what a session is and how it is made.", "", ret);
}

/* @nist LA.IC.7 */
tw_err tw_access_status_enforced(struct tw_context *c, struct tw_element_status *ret)
{
	return of_policy(c, has_all,
		"Every request at every door, over the network and at the device, is held against the policy; a session that fits no more ends.",
		"", ret);
}

/* @nist LA.IC.1.1 */
tw_err tw_access_status_remote_who(struct tw_context *c, struct tw_element_status *ret)
{
	return of_policy(c, has_who, "The policy says which roles come over the network, when and for what; nobody else does.",
		"The policy names nobody.", ret);
}

/* @nist LA.IC.1.2 */
tw_err tw_access_status_remote_session(struct tw_context *c, struct tw_element_status *ret)
{
	return of_policy(c, has_session,
		"The policy says what a session over the network has to be: its TLS, a certificate, how somebody logged in.",
		"The policy asks nothing of a session.", ret);
}

/* @nist LA.IC.1.3 */
tw_err tw_access_status_remote_connection(struct tw_context *c, struct tw_element_status *ret)
{
	return of_policy(c, has_connection,
		"The policy says from which networks and under which names the device is reached; the rest is refused.",
		"The policy says nothing of how a connection is made.", ret);
}

/* @nist LA.IC.1.4 */
tw_err tw_access_status_remote_product(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_device *d = tw_device_of(c);
	const size_t count = json_array_size(d->manifest->remote);
	size_t counting = 0;
	const tw_remote *p = NULL;
	bool lost = false;

	TW_TRY(tw_remote_policy(d, &p, &lost));
	for (size_t i = 0; i < count; i++)
		counting += tw_remote_counts(d, p, i);
	ret->status = counting ? TW_STATUS_PROVIDED : count ? TW_STATUS_OFF : TW_STATUS_NEEDS_PART;
	if (count)
		(void)snprintf(ret->reason, sizeof ret->reason,
			"The signed manifest of the product has %zu rules of access, of which %zu count.", count, counting);
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"Rules of access of the manufacturer's stand in the product's signed manifest; that of the product here has none.");
	return TW_OK;
}
