/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/login-who.h"

#include "crypto/hash.h"
#include "service/access/guard.h"
#include "service/access/throttle-store.h"
#include "service/sql-service.h"

#include <string.h>

static tw_err take_account(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_client_known(struct tw_context *c, int64_t account, const char *text, struct tw_login_who *ret)
{
	int64_t of = 0;

	TW_TRY(tw_sha256(text, strlen(text), ret->client));
	const struct tw_value v[] = { TW_V_BLOB(ret->client, sizeof ret->client) };
	TW_TRY(tw_store_run(c->store, tw_sql_client_of, v, TW_COUNT(v), take_account, &of));
	ret->known = account != 0 && of == account && strlen(text) == TW_TOKEN_TEXT;
	return TW_OK;
}

tw_err tw_client_came(struct tw_context *c, int64_t account, const struct tw_login_who *who, const char *source, char *ret_text)
{
	TW_CLEANUP(tw_token_done) struct tw_token t = { .text = "" };

	if (!who->known)
		TW_TRY(tw_token_make(c->sys, &t));
	if (!who->known)
		memcpy(ret_text, t.text, sizeof t.text);
	const struct tw_value v[] = { TW_V_BLOB(who->known ? who->client : t.hash, sizeof t.hash), TW_V_INT(account),
		TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(source) };
	const struct tw_value rest[] = { TW_V_INT(account), TW_V_INT(TW_LOGIN_CLIENTS) };
	TW_TRY(tw_store_run(c->store, tw_sql_client_put, v, TW_COUNT(v), NULL, NULL));
	return tw_store_run(c->store, tw_sql_client_trim, rest, TW_COUNT(rest), NULL, NULL);
}

tw_err tw_login_who(struct tw_context *c, const struct tw_login_typed *t, struct tw_login_who *ret, int64_t *ret_account)
{
	*ret = (struct tw_login_who){ .known = false };
	(void)snprintf(ret->name, sizeof ret->name, "%s", t->name);
	tw_account_name_fold(t->name, ret->name);
	TW_TRY(tw_account_named(c, t->name, ret_account));
	TW_TRY(tw_client_known(c, *ret_account, t->client, ret));
	if (ret->known)
		(void)snprintf(ret->source, sizeof ret->source, "client:%02x%02x%02x%02x%02x%02x%02x%02x", ret->client[0],
			ret->client[1], ret->client[2], ret->client[3], ret->client[4], ret->client[5], ret->client[6], ret->client[7]);
	else
		tw_throttle_source(t->source, ret->source);
	return TW_OK;
}

static struct tw_throttle_try try_of(const struct tw_login_who *w)
{
	return (struct tw_throttle_try){ .source = w->source, .account = w->name, .known = w->known };
}

void tw_login_failed(struct tw_context *c, const struct tw_login_who *w)
{
	const struct tw_throttle_try try = try_of(w);

	tw_throttle_login_failed(tw_access_throttle(c), &try, tw_time_boot_ms(c->time));
}

int tw_login_wait_s(struct tw_context *c, const struct tw_login_who *w)
{
	const struct tw_throttle_try try = try_of(w);

	return tw_throttle_login_wait_s(tw_access_throttle(c), &try, tw_time_boot_ms(c->time));
}

void tw_login_forgiven(struct tw_context *c, const struct tw_login_who *w)
{
	struct tw_throttle_try try = try_of(w);

	try.account = w->known ? "" : try.account;
	tw_throttle_login_passed(tw_access_throttle(c), &try);
}
