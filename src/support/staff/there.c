/* SPDX-License-Identifier: Apache-2.0 */
#include "support/staff/there.h"

#include "service/access/account.h"

#include <stdio.h>

struct looking {
	const char *const *roles;
	bool found;
};

static tw_err look(void *user, const struct tw_account *a)
{
	struct looking *l = user;

	for (const char *const *role = l->roles; *role; role++)
		l->found = l->found || (a->state == TW_ACCOUNT_ACTIVE && tw_account_has(a->roles, *role));
	return TW_OK;
}

tw_err tw_staff_there(
	struct tw_context *c, const char *const *roles, const char *provided, const char *nobody, struct tw_element_status *ret)
{
	struct looking l = { .roles = roles };

	TW_TRY(tw_account_each(c, 0, TW_ACCOUNTS_MAX, look, &l));
	ret->status = l.found ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", l.found ? provided : nobody);
	return TW_OK;
}
