/* SPDX-License-Identifier: Apache-2.0 */
/*
 * @nist LA.RSM.6.3: the report of account administration
 *
 * Each change of an account leaves a line here in the transaction that makes it, whoever made it: a person, a script, or the device by
 * itself. The audit log holds the same for good; this is what somebody who may read accounts and not the log sees of it.
 */
#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/path/page.h"

static tw_err add(void *user, const tw_row *row)
{
	struct tw_slice name = tw_row_bytes(row, 3), what = tw_row_bytes(row, 4), who = tw_row_bytes(row, 5);
	char at[TW_TIME_TEXT_MAX], account[TW_ACCOUNT_ID_MAX + 2];

	if (!tw_page_takes(user))
		return TW_OK;
	tw_time_text(tw_row_int(row, 1), at);
	tw_account_id(tw_row_int(row, 2), account);
	return tw_page_add_at(user, (uint64_t)tw_row_int(row, 0),
		json_pack("{s:s, s:s, s:s%, s:s%, s:s%}", "at", at, "account", account, "name", name.at, name.size, "what", what.at,
			what.size, "by", who.at, who.size));
}

tw_err tw_access_account_changes(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	uint64_t before = 0;

	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &before));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(before ? (int64_t)before : INT64_MAX), TW_V_INT((int64_t)p.limit + 1) };
	TW_TRY(tw_store_run(c->store, tw_sql_account_change_page, v, TW_COUNT(v), add, &p));
	return tw_page_end(&p, rp);
}
