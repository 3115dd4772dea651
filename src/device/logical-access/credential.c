/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials hang on accounts and go with them. */
#include "device/logical-access/accounts.h"
#include "device/sql-device.h"

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_credential_put(struct tw_device *d, const struct tw_new_credential *n, int64_t *ret_id)
{
	const struct tw_value v[] = { TW_V_INT(n->account), TW_V_TEXT("certificate"), TW_V_TEXT(n->label), TW_V_BLOB(n->key, 32),
		TW_V_TEXT(n->certificate), TW_V_INT(tw_time_wall_ms(&d->time)) };

	return tw_store_run(d->context.store, tw_sql_credential_put, v, TW_COUNT(v), take_id, ret_id);
}
