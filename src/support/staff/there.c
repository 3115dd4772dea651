/* SPDX-License-Identifier: Apache-2.0 */
#include "support/staff/there.h"

#include "service/access/account.h"
#include "support/sql-support.h"

#include <stdio.h>

struct looking {
	struct tw_context *c;
	const char *const *roles;
	bool found;
};

static tw_err take_count(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static tw_err look(void *user, const struct tw_account *a)
{
	struct looking *l = user;
	bool has = false;
	int64_t comes = 0;

	for (const char *const *role = l->roles; *role; role++)
		has = has || tw_account_has(a->roles, *role);
	if (l->found || !has || a->state != TW_ACCOUNT_ACTIVE)
		return TW_OK;
	TW_TRY(tw_store_run(l->c->store, tw_sql_staff_comes_in, &TW_V_INT(a->id), 1, take_count, &comes)); /* who was invited does not yet */
	l->found = comes != 0;
	return TW_OK;
}

tw_err tw_staff_there(
	struct tw_context *c, const char *const *roles, const char *provided, const char *nobody, struct tw_element_status *ret)
{
	struct looking l = { .c = c, .roles = roles };

	TW_TRY(tw_account_each(c, 0, TW_ACCOUNTS_MAX, look, &l));
	ret->status = l.found ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", l.found ? provided : nobody);
	return TW_OK;
}
