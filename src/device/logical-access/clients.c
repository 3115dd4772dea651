/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients that an account is known to: each has logged in to it, and was given a random text, whose SHA-256 is kept. It opens nothing. It says
 * that what strangers did to this account is not to be counted against whoever shows it.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/sql-device.h"

static tw_err take_account(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_client_known(struct tw_device *d, int64_t account, const char *text, struct tw_login_who *ret)
{
	int64_t of = 0;

	TW_TRY(tw_sha256(text, strlen(text), ret->client));
	const struct tw_value v[] = { TW_V_BLOB(ret->client, sizeof ret->client) };
	TW_TRY(tw_store_run(d->context.store, tw_sql_client_of, v, TW_COUNT(v), take_account, &of));
	ret->known = account != 0 && of == account && strlen(text) == TW_TOKEN_TEXT;
	return TW_OK;
}

tw_err tw_client_came(struct tw_device *d, int64_t account, const struct tw_login_who *who, char *ret_text)
{
	TW_CLEANUP(tw_token_done) struct tw_token t = { .text = "" };

	if (!who->known)
		TW_TRY(tw_token_make(d->context.sys, &t));
	if (!who->known)
		memcpy(ret_text, t.text, sizeof t.text);
	const struct tw_value v[] = { TW_V_BLOB(who->known ? who->client : t.hash, sizeof t.hash), TW_V_INT(account),
		TW_V_INT(tw_time_wall_ms(&d->time)) };
	const struct tw_value rest[] = { TW_V_INT(account), TW_V_INT(TW_LOGIN_CLIENTS) };
	TW_TRY(tw_store_run(d->context.store, tw_sql_client_put, v, TW_COUNT(v), NULL, NULL));
	return tw_store_run(d->context.store, tw_sql_client_trim, rest, TW_COUNT(rest), NULL, NULL);
}
