/* SPDX-License-Identifier: Apache-2.0 */
/* What the elements of accounts and sessions are on this device now. */
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* Provided as long as there can be accounts at all, which is while there is an owner to make them. */
static tw_err say(struct tw_context *c, struct tw_element_status *ret, const char *sql, const char *what, const char *rest)
{
	int64_t count = 0;

	ret->status = TW_STATUS_PROVIDED;
	TW_TRY(tw_store_run(c->store, sql, NULL, 0, take_count, &count));
	(void)snprintf(ret->reason, sizeof ret->reason, "%s: %lld. %s", what, (long long)count, rest);
	return TW_OK;
}

/* @nist LA.RSM.1 */
tw_err tw_access_status_accounts(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_count, "Accounts", "No two have one name, whatever the case of its letters.");
}

/* @nist LA.RSM.2 */
tw_err tw_access_status_roles(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_role_count, "Roles given to accounts", "They count at the next request, and so does taking one away.");
}

/* @nist LA.RSM.3 */
tw_err tw_access_status_ids(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_count, "Accounts", "Each has an id that stays when it is renamed and is never given to another.");
}

/* @nist LA.RSM.4.2 */
tw_err tw_access_status_kept(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_idle_count, "Accounts that are suspended or disabled",
		"Whoever may can rename, suspend, resume and remove an account; the last owner stays.");
}

/* @nist LA.AC.1.3 */
tw_err tw_access_status_previous(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_login_count, "Accounts that have logged in",
		"Opening a session tells when, how and from where the one before was opened.");
}

/* @nist LA.AC.1.4.2 */
tw_err tw_access_status_ends(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_end_count, "Temporary, emergency and supporting accounts",
		"Each is removed when its time is up, and a role given for a time is taken away; while the time is not known after a start, neither counts.");
}

/* @nist LA.LDU.2 LA.LDU.2.1 LA.LDU.2.2 LA.LDU.2.3 LA.LDU.2.4 LA.LDU.2.5 */
tw_err tw_access_status_caps(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_cap_count, "Caps of sessions",
		"Each is for one account, for every account, a role, a group, a date, hours, a place or a parameter of the product, as session-caps set says.");
}

/* @nist LA.RSM.6.1 */
tw_err tw_access_status_conditions(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_end_count, "Accounts that expire by themselves",
		"Each has a time, and may have a number of logins, whatever roles it holds; it is removed when either is used up.");
}

/* @nist LA.RSM.6.4 LA.RSM.6.5 LA.RSM.6.6 */
tw_err tw_access_status_shared(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_shared_count, "Shared accounts with conditions",
		"A shared account is used by its members alone, each of whom has proven his own account, under its conditions; without any, by nobody.");
}

/* @nist LA.RSM.6.3 */
tw_err tw_access_status_administration(struct tw_context *c, struct tw_element_status *ret)
{
	return say(c, ret, tw_sql_account_change_count, "Changes of accounts in the report",
		"Accounts are administered by operations that scripts can use, and ended and disabled by the device itself; accounts changes lists all of it.");
}
