/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See support.h. A session ends in many ways: closed, ended by somebody, unused, over, with its account, with its role. None of them has to
 * know about this: beside the sessions stands which of them are supporting parties', and what stands there and lives no more has ended.
 * It stands in the store, from the transaction that opens the session until the event is durable; memory has it too, so that finding out
 * when the next one is over reads nothing.
 */
#include "device/logical-access/support.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

#define AGAIN_MS 60000
#define ENDED_OVER "its time was up"
#define ENDED_BY "it was ended"

static tw_err is_party(struct tw_device *d, int64_t account, bool *ret)
{
	struct tw_account a;
	tw_err e = tw_account_get(&d->context, account, &a);

	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	*ret = *ret || a.kind == TW_ACCOUNT_SUPPORTING || tw_account_has(a.roles, TW_ROLE_SUPPORTING);
	return TW_OK;
}

/* Of a shared account it is whoever uses it, or all that it is shared by. */
tw_err tw_support_judge(struct tw_device *d, struct tw_session *s)
{
	s->supports = false;
	TW_TRY(is_party(d, s->account, &s->supports));
	return s->member ? is_party(d, s->member, &s->supports) : TW_OK;
}

/* In memory, which may name too much: that an end is owed says the store. */
static void note(struct tw_device *d, const struct tw_session *s)
{
	struct tw_support *room = NULL;

	for (size_t i = 0; i < TW_SUPPORTS_MAX; i++) {
		struct tw_support *u = &d->access->supports[i];

		if (u->account && memcmp(u->hash, s->hash, sizeof u->hash) == 0)
			return;
		if (!room && !u->account)
			room = u;
	}
	if (!room)
		return; /* there are twice as many places as sessions, and those that ended are told of at once */
	room->account = s->account;
	memcpy(room->hash, s->hash, sizeof room->hash);
}

tw_err tw_support_began(struct tw_device *d, const struct tw_session *s)
{
	const struct tw_value v[] = { TW_V_BLOB(s->hash, sizeof s->hash), TW_V_INT(s->account), TW_V_INT(s->opened_ms) };
	char id[TW_SESSION_ID + 1], account[TW_ACCOUNT_ID_MAX + 2], until[TW_TIME_TEXT_MAX];
	struct tw_account a;

	if (!s->supports)
		return TW_OK;
	note(d, s);
	TW_TRY(tw_store_run(d->context.store, tw_sql_support_put, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_account_get(&d->context, s->account, &a));
	tw_session_id(s->hash, id);
	tw_account_id(s->account, account);
	tw_time_text(tw_time_wall_ms(&d->time) + s->expires_ms - tw_time_boot_ms(&d->time), until);
	return tw_event(&d->context, "support.began",
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "account", account, "name", a.name, "session", id, "how", s->how,
			"source", s->source, "until", until));
}

static tw_err tell_ended(struct tw_device *d, int64_t account, const uint8_t hash[32], const char *what)
{
	char id[TW_SESSION_ID + 1], text[TW_ACCOUNT_ID_MAX + 2];

	tw_session_id(hash, id);
	tw_account_id(account, text);
	return tw_event(&d->context, "support.ended", json_pack("{s:s, s:s, s:s}", "account", text, "session", id, "what", what));
}

/* --- While core runs --- */

static const struct tw_session *session_of(struct tw_device *d, const struct tw_support *u)
{
	return u->account ? tw_access_session_by_hash(&d->context, u->hash) : NULL;
}

/* The boot clock when the next one is over, as they stand; 0: one is; -1: there is none. */
static int64_t next(struct tw_device *d)
{
	int64_t first = -1;

	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (d->access->guard.sessions[i].supports)
			note(d, &d->access->guard.sessions[i]);
	for (size_t i = 0; i < TW_SUPPORTS_MAX; i++) {
		const struct tw_support *u = &d->access->supports[i];
		const struct tw_session *s = session_of(d, u);
		int64_t due = !s ? 0 : tw_access_session_lives(&d->context, s) ? tw_access_session_due(&d->context, s) : 0;

		if (u->account && (first < 0 || due < first))
			first = due;
	}
	return first;
}

int64_t tw_access_support_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const int64_t now = tw_time_boot_ms(c->time), at = next(d);
	int64_t left = at - now;

	if (at < 0)
		return -1;
	if (left < d->access->support_again_ms - now)
		left = d->access->support_again_ms - now; /* it could not be told a moment ago */
	return left > 0 ? left : 0;
}

static tw_err take_owed(void *user, const tw_row *row)
{
	*(bool *)user = true;
	return TW_OK;
}

/* The event is durable before the row goes: cut in between, it is told again. */
static tw_err end_one(struct tw_device *d, struct tw_support *u)
{
	const struct tw_value v[] = { TW_V_BLOB(u->hash, sizeof u->hash) };
	struct tw_session *s = tw_access_session_by_hash(&d->context, u->hash);
	bool owed = false;

	if (s && tw_access_session_lives(&d->context, s))
		return TW_OK;
	TW_TRY(tw_store_run(d->context.store, tw_sql_support_owed, v, TW_COUNT(v), take_owed, &owed));
	if (owed) {
		TW_TRY(tell_ended(d, u->account, u->hash, s ? ENDED_OVER : ENDED_BY));
		TW_TRY(tw_audit_commit(d->context.audit));
		TW_TRY(tw_store_run(d->context.store, tw_sql_support_drop, v, TW_COUNT(v), NULL, NULL));
	}
	if (s)
		TW_TRY(tw_access_session_drop(&d->context, s));
	*u = (struct tw_support){ .account = 0 };
	return TW_OK;
}

tw_err tw_access_job_support(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	tw_err e = TW_OK;

	(void)next(d);
	for (size_t i = 0; i < TW_SUPPORTS_MAX && !tw_failed(e); i++)
		if (d->access->supports[i].account)
			e = end_one(d, &d->access->supports[i]);
	d->access->support_again_ms = tw_failed(e) ? tw_time_boot_ms(c->time) + AGAIN_MS : 0;
	return e;
}

/* --- At the start --- */

static tw_err take_left(void *user, const tw_row *row)
{
	struct tw_slice hash = tw_row_bytes(row, 1);
	const char *what = tw_row_null(row, 2) ? ENDED_BY : tw_row_int(row, 2) ? ENDED_OVER : "the device was started";

	return hash.size == 32 ? tell_ended(user, tw_row_int(row, 0), (const uint8_t *)hash.at, what) : TW_OK;
}

tw_err tw_support_left(struct tw_device *d)
{
	const struct tw_value v[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time)) };

	TW_TRY(tw_store_run(d->context.store, tw_sql_support_left, v, TW_COUNT(v), take_left, d));
	TW_TRY(tw_audit_commit(d->context.audit));
	return tw_store_run(d->context.store, tw_sql_support_drop_left, v, TW_COUNT(v), NULL, NULL);
}
