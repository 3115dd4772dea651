/* SPDX-License-Identifier: Apache-2.0 */
/* The clients that an account knows (service/access/login-who.h), shown to whoever has logged in to it, and forgotten. */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

static tw_err add_client(void *user, const tw_row *row)
{
	struct tw_slice hash = tw_row_bytes(row, 0), source = tw_row_bytes(row, 3);
	char id[TW_SESSION_ID + 1], used[TW_TIME_TEXT_MAX], known[TW_TIME_TEXT_MAX];

	if (hash.size != 32)
		return TW_OK;
	tw_session_id((const uint8_t *)hash.at, id);
	tw_time_text(tw_row_int(row, 1), used);
	tw_time_text(tw_row_int(row, 2), known);
	return tw_json_append(user,
		json_pack("{s:s, s:s%, s:s, s:s}", "client", id, "source", source.at, source.size, "used", used, "known", known));
}

static tw_err mine(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(rq->subject.account), rp, ret));
	return !rp->problem[0] && ret->kind == TW_ACCOUNT_SHARED ? tw_shared_refuse_own(rp) : TW_OK;
}

tw_err tw_access_clients(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account a;

	TW_TRY(mine(c, rq, rp, &a));
	if (rp->problem[0])
		return TW_OK;
	json_t *list = json_array();
	const struct tw_value v[] = { TW_V_INT(a.id) };
	rp->body = json_pack("{s:o}", "clients", list);
	return rp->body ? tw_store_run(c->store, tw_sql_client_all, v, TW_COUNT(v), add_client, list) : TW_RAISE(NOMEM, "reply");
}

static tw_err count(void *user, const tw_row *row)
{
	++*(int64_t *)user;
	return TW_OK;
}

static tw_err forgotten(int64_t n, const struct tw_account *a, struct tw_reply *rp)
{
	rp->status = 204;
	(void)snprintf(rp->note, sizeof rp->note, "%lld clients of a%lld %s are known no more", (long long)n, (long long)a->id, a->name);
	return TW_OK;
}

tw_err tw_access_client_forget(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	uint8_t id[TW_SESSION_ID / 2];
	struct tw_account a;
	int64_t n = 0;

	TW_TRY(mine(c, rq, rp, &a));
	if (rp->problem[0])
		return TW_OK;
	if (!tw_failed(tw_parse_hex(rq->parameter, id, sizeof id))) {
		const struct tw_value v[] = { TW_V_INT(a.id), TW_V_BLOB(id, sizeof id), TW_V_INT(sizeof id) };
		TW_TRY(tw_store_run(c->store, tw_sql_client_drop, v, TW_COUNT(v), count, &n));
	}
	return n ? forgotten(n, &a, rp)
		 : tw_reply_problem(rp, 404, "not-found", "client.unknown", "Your account knows no such client",
			   "List the known clients to see what there is.",
			   "It was forgotten already, made room for others, or never was.");
}

tw_err tw_access_clients_forget(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_account a;
	int64_t n = 0;

	TW_TRY(mine(c, rq, rp, &a));
	if (rp->problem[0])
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(a.id) };
	TW_TRY(tw_store_run(c->store, tw_sql_client_drop_all, v, TW_COUNT(v), count, &n));
	return forgotten(n, &a, rp);
}
