/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One-use codes that open a session, for typing into a browser: for the account that asks, or for another, by somebody who may. Stored as
 * SHA-256 of their text, with the boot they belong to.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/role-end.h"
#include "device/logical-access/shared.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* Made here, told by whoever asked for it to the one it is for, good once */
static tw_err make_code(struct tw_device *d, int64_t account, const struct tw_placer *by, char ret[TW_CODE_SIZE + 1])
{
	uint8_t bytes[TW_CODE_SIZE], hash[32];

	if (d->context.sys->random(d->context.sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("randomness");
	for (size_t i = 0; i < sizeof bytes; i++)
		ret[i] = alphabet[bytes[i] % 32];
	ret[TW_CODE_SIZE] = '\0';
	TW_TRY(tw_sha256(ret, TW_CODE_SIZE, hash));
	const struct tw_value v[] = { TW_V_BLOB(hash, sizeof hash), TW_V_INT(account), TW_V_BLOB(d->boot_id, sizeof d->boot_id),
		TW_V_INT(tw_time_boot_ms(&d->time) + TW_CODE_MS), TW_V_TEXT(by->hands), TW_V_INT(by->ends_ms) };
	return tw_store_run(d->context.store, tw_sql_code_put, v, TW_COUNT(v), NULL, NULL);
}

/* For whom: whoever asks, or the account he names, which is then his to ask for. */
static tw_err whose(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret)
{
	const char *id = rq->input ? tw_json_text(rq->input, "account") : "";
	bool reached = true;

	TW_TRY(tw_account_wanted(c, rq, tw_slice_of(*id ? id : rq->subject.account), rp, ret));
	if (!rp->problem[0] && *id)
		TW_TRY(tw_placed_reaches(c, &rq->subject, ret->id, &reached));
	if (!reached)
		return tw_reply_problem(rp, 403, "forbidden", "account.cover", "Not permitted", "Ask an owner.",
			"This account may do more than you, and whoever has the code may do what it may.");
	if (!rp->problem[0])
		TW_TRY(tw_role_end_reach(c, rq, ret->id, rp));
	if (!rp->problem[0] && ret->kind == TW_ACCOUNT_SHARED)
		return tw_shared_refuse_own(rp);
	if (rp->problem[0] || ret->state == TW_ACCOUNT_ACTIVE)
		return TW_OK;
	return tw_reply_problem(rp, 409, "account-state", "account.state", "This account is not active",
		"Resume it first, or make another.", "It is suspended, disabled or expired.");
}

tw_err tw_access_code(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	char code[TW_CODE_SIZE + 1] = "", shown[TW_CODE_SIZE + 2];
	int64_t count = 0;
	const struct tw_value old[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time)) };
	struct tw_placer by;
	struct tw_account a;

	TW_TRY(whose(c, rq, rp, &a));
	if (!rp->problem[0])
		TW_TRY(tw_placed_by(d, rq, a.id, rp, &by));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_store_run(c->store, tw_sql_code_drop_old, old, TW_COUNT(old), NULL, NULL));
	TW_TRY(tw_store_run(c->store, tw_sql_code_count, NULL, 0, count_row, &count));
	if (count >= TW_CODES_MAX)
		return tw_reply_problem(rp, 409, "codes", "access.codes", "Too many codes wait to be used",
			"Use one of them, or wait five minutes.", "%d codes may wait at a time.", TW_CODES_MAX);
	TW_TRY(make_code(d, a.id, &by, code));
	(void)snprintf(shown, sizeof shown, "%.5s-%.5s", code, code + 5);
	rp->status = 201;
	rp->body = json_pack("{s:s, s:i, s:s}", "code", shown, "expires_in_s", TW_CODE_MS / 1000, "name", a.name);
	tw_wipe(code, sizeof code);
	tw_wipe(shown, sizeof shown);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* As people type it: small letters, a hyphen or none, O for 0, I and L for 1. */
static bool read_code(const char *typed, char ret[TW_CODE_SIZE + 1])
{
	size_t n = 0;

	for (; *typed; typed++) {
		char ch = *typed >= 'a' && *typed <= 'z' ? (char)(*typed - 'a' + 'A') : *typed;

		if (ch == '-')
			continue;
		ch = ch == 'O' ? '0' : ch == 'I' || ch == 'L' ? '1' : ch;
		if (n == TW_CODE_SIZE || !strchr(alphabet, ch))
			return false;
		ret[n++] = ch;
	}
	ret[n] = '\0';
	return n == TW_CODE_SIZE;
}

struct login {
	uint8_t hash[32];
	int64_t account; /* 0: the code opens nothing */
	struct tw_placer by;
};

static tw_err take_code(void *user, const tw_row *row)
{
	struct login *l = user;
	struct tw_slice hands = tw_row_bytes(row, 1);

	l->account = tw_row_int(row, 0);
	l->by.ends_ms = tw_row_int(row, 2);
	(void)snprintf(l->by.hands, sizeof l->by.hands, TW_SLICE_FMT, TW_SLICE_ARG(hands));
	return TW_OK;
}

/* The code goes and the session comes, or neither. */
static tw_err use_code(tw_store *s, void *user)
{
	const struct login *l = user;
	const struct tw_value code[] = { TW_V_BLOB(l->hash, sizeof l->hash) };

	return tw_store_run(s, tw_sql_code_drop, code, TW_COUNT(code), NULL, NULL);
}

static tw_err find_code(struct tw_device *d, const char *typed, struct login *l)
{
	char code[TW_CODE_SIZE + 1];

	if (!read_code(typed, code))
		return TW_OK;
	TW_TRY(tw_sha256(code, TW_CODE_SIZE, l->hash));
	const struct tw_value v[] = { TW_V_BLOB(l->hash, sizeof l->hash), TW_V_BLOB(d->boot_id, sizeof d->boot_id),
		TW_V_INT(tw_time_boot_ms(&d->time)) };
	return tw_store_run(d->context.store, tw_sql_code_get, v, TW_COUNT(v), take_code, l);
}

static tw_err no_code(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "code", "access.code", "This code opens nothing",
		"Ask for a new one with the command line: thingward device session code.",
		"It was mistyped, used, or is older than five minutes.");
}

tw_err tw_access_open(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct login l = { .account = 0 };
	struct tw_account a;

	if (!tw_policy_takes(d, TW_HOW_CODE))
		return tw_policy_refuse(rp);
	TW_TRY(find_code(d, tw_json_text(rq->input, "code"), &l));
	if (!l.account)
		return no_code(rp);
	TW_TRY(tw_account_get(&d->context, l.account, &a));
	if (a.state != TW_ACCOUNT_ACTIVE)
		return no_code(rp); /* what became of the account is nobody's business here */
	d->access->proven = true;
	const struct tw_entering e = {
		.account = &a, .how = TW_HOW_CODE, .rq = rq, .by = l.by, .use = use_code, .user = &l, .idle_ms = tw_json_int(rq->input, "idle") * 1000
	};
	return tw_access_enter(d, &e, rp);
}
