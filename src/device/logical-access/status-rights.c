/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of roles, rights and who may read the log are on this device now. */
#include "device/logical-access/rights.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

static tw_err provided(struct tw_element_status *ret, const char *reason)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", reason);
	return TW_OK;
}

static size_t assignable(const struct tw_context *c)
{
	size_t n = 0;

	for (size_t i = 0; i < tw_gate_role_count(c->gate); i++)
		n += tw_gate_assignable(c->gate, (int)i);
	return n;
}

/* @nist LA.RSM.4 */
tw_err tw_access_status_ranks(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Accounts can be given %zu roles, each of which holds what those it inherits hold; console, local access and the application are roles "
		"of their own.",
		assignable(c));
	return TW_OK;
}

/* @nist LA.RSM.4.1 */
tw_err tw_access_status_drawn(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret, "An account may do what one of its roles holds, and without a role nothing but see that the device is well.");
}

/* @nist LA.RSM.4.3 */
tw_err tw_access_status_own_roles(struct tw_context *c, struct tw_element_status *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_rights_read(tw_device_of(c), &document));
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Roles of the organization: %zu. What is malformed, or holds what nobody may give, is rejected.",
		json_array_size(json_object_get(document, "roles")));
	return TW_OK;
}

/* @nist LA.RSM.5.1 */
tw_err tw_access_status_narrow(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"A service is given an account of its own with a role of one permission or more; the device's own software is divided "
		"into processes that may do one thing each.");
}

/* @nist LA.RSM.5.3 */
tw_err tw_access_status_reserved(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"Roles, rules, rules for devices and the settings that govern rights are read by admins, auditors and root on the device, and "
		"changed by admins.");
}

/* @nist LA.RSM.6.3.2 */
tw_err tw_access_status_log_readers(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"The log is read by who holds log.read or log.export: auditors, supporting parties in part, owners and root on the device. "
		"Every attempt is recorded.");
}

/* @nist LA.RSM.6.3.3 */
tw_err tw_access_status_log_names(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"Each reading of the log leaves a record with who asked: an account by its id, a process by its user, a device by its "
		"identifier, and by which door.");
}

/* @nist LA.RSM.7.1 */
tw_err tw_access_status_anew(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"A session remembers whose it is and never what that may do: each request is judged by the roles and rules of its moment.");
}

/* @nist LA.RSM.9 */
tw_err tw_access_status_guarded(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"What the device tells and does of its software, its keys and their hardware, its settings and its log needs a permission each, "
		"which roles hold; without a login none.");
}

/* @nist LA.AZ.1 */
tw_err tw_access_status_known(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"access explain gives the verdict about any account or kind of process and any operation; access list names everybody who can "
		"reach the device.");
}

/* @nist LA.AZ.2 */
tw_err tw_access_status_doors(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"At the device users are told apart by their user id, over the network by their certificate or session; the gate is the same.");
}

/* @nist LA.AC.2 */
tw_err tw_access_status_outside(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"Systems of others are known by a certificate of an authority that the owner trusts, people of others by an account for a time; "
		"both are checked at each request.");
}

/* @nist LA.EC.1: the front speaks TLS 1.3 and nothing else, and asks whoever is no account for a certificate */
tw_err tw_access_status_partners(struct tw_context *c, struct tw_element_status *ret)
{
	const bool on = tw_setting_is(c, "identification.peers", "on");

	(void)snprintf(ret->setting, sizeof ret->setting, "identification.peers");
	ret->status = on ? TW_STATUS_PROVIDED : TW_STATUS_OFF;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s",
		on ? "Systems of others are heard over TLS 1.3 alone, by a certificate of their own that the owner's list of devices and authorities "
		     "admits, and may what his policies name."
		   : "No system of others is heard.");
	return TW_OK;
}

/* @nist LA.AC.3 */
tw_err tw_access_status_withdrawn(struct tw_context *c, struct tw_element_status *ret)
{
	return provided(ret,
		"A certificate is revoked, an authority distrusted, an account suspended or removed: the next request is refused, and sessions end "
		"at once.");
}

/* What the kernel is asked for is only there when each kind of process was given a user of its own. */
static tw_err when_confined(struct tw_context *c, struct tw_element_status *ret, const char *reason)
{
	json_t *confined = NULL;

	TW_TRY(tw_fact(c, "roles.confined", &confined));
	bool is = json_is_true(confined);
	json_decref(confined);
	if (is)
		return provided(ret, reason);
	ret->status = TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "The parts of the software share one user here, or the kernel cannot confine them.");
	return TW_OK;
}

/* @nist LA.RSM.4.4 */
tw_err tw_access_status_levels(struct tw_context *c, struct tw_element_status *ret)
{
	return when_confined(c, ret,
		"People and services have roles of different levels; the kinds of the device's processes have users of their own, and processes "
		"of others are told apart by theirs.");
}

/* @nist LA.RSM.5 */
tw_err tw_access_status_least(struct tw_context *c, struct tw_element_status *ret)
{
	return when_confined(c, ret,
		"A new account may nothing. One process runs as root, to start and end the others, with the capabilities for that; the others "
		"have none.");
}

/* @nist LA.RSM.5.2 */
tw_err tw_access_status_confined(struct tw_context *c, struct tw_element_status *ret)
{
	return when_confined(c, ret,
		"Each process of the device has proven its sandbox: the user of its kind, no capabilities, no new privileges, and a list of "
		"system calls. A token's library shares the user of the keys.");
}

static size_t count_of(struct tw_context *c, const char *list)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	return tw_failed(tw_rights_read(tw_device_of(c), &document)) ? 0 : json_array_size(json_object_get(document, list));
}

/* @nist LA.RSM.6 LA.RSM.6.2 LA.RSM.7.2 */
tw_err tw_access_status_actions(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The organization has named %zu actions: each is for its roles alone, and the gate judges it with the rules before it.",
		count_of(c, "actions"));
	return TW_OK;
}

/* @nist LA.RSM.7 */
tw_err tw_access_status_dynamic(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Each request is judged by what is so then: the roles of now, their conditions, and %zu rules of the organization that read facts.",
		count_of(c, "rules"));
	return TW_OK;
}

/* @nist LA.RSM.6.3.1 */
tw_err tw_access_status_auditing(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->setting, sizeof ret->setting, "logical-access.unrecorded-reads");
	(void)snprintf(ret->reason, sizeof ret->reason,
		"What the log records of reading is changed by whoever holds audit.change: auditors, owners and roles that are given it, not admins.");
	return TW_OK;
}

/* @nist LA.EC.2: each kind of data for each recipient is a permission, and rules about facts stand before permissions */
tw_err tw_access_status_shared_when(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"Rules about the device's state can stand before each kind of data for each recipient (share.KIND.NAME); %zu recipients are listed. "
		"The device shares nothing by itself.",
		count_of(c, "recipients"));
	return TW_OK;
}

/* @nist LA.RSM.8 */
tw_err tw_access_status_sharing(struct tw_context *c, struct tw_element_status *ret)
{
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The organization lists %zu recipients and says for each which roles and kinds of accounts give him what; nobody else is given anything.",
		count_of(c, "recipients"));
	return TW_OK;
}
