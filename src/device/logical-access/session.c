/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions and the one-use codes that open them. Both are stored as SHA-256 of their text, with the boot they belong to, and
 * end by boot time: a reader of the flash finds nothing to use, a clock that is set changes nothing, a restart ends them.
 */
#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford: no I, L, O, U */

struct tw_session *tw_access_session_of(struct tw_device *d, struct tw_slice token)
{
	uint8_t hash[32];
	int64_t now = tw_time_boot_ms(&d->time);

	if (token.size != TW_TOKEN_TEXT || tw_failed(tw_sha256(token.at, token.size, hash)))
		return NULL;
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &d->access->sessions[i];

		if (s->used && s->expires_ms > now && tw_equal_secret(s->hash, hash, sizeof hash))
			return s;
	}
	return NULL;
}

static tw_err drop_session(struct tw_device *d, struct tw_session *s)
{
	const struct tw_value v[] = { TW_V_BLOB(s->hash, sizeof s->hash) };

	TW_TRY(tw_store_run(d->context.store, tw_sql_session_drop, v, TW_COUNT(v), NULL, NULL));
	memset(s, 0, sizeof *s);
	return TW_OK;
}

tw_err tw_access_session_end(struct tw_device *d, const uint8_t hash[32])
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &d->access->sessions[i];

		if (s->used && tw_equal_secret(s->hash, hash, sizeof s->hash))
			return drop_session(d, s);
	}
	return TW_OK;
}

/* A place in the cache: that of the session which would end first, or has ended. A free one is before any. */
static tw_err make_room(struct tw_device *d, struct tw_session **ret)
{
	struct tw_session *first = &d->access->sessions[0];

	for (size_t i = 1; i < TW_SESSIONS_MAX; i++)
		if (d->access->sessions[i].expires_ms < first->expires_ms)
			first = &d->access->sessions[i];
	if (first->used) {
		if (first->expires_ms > tw_time_boot_ms(&d->time))
			TW_TRY(tw_event(&d->context, "session.ended", json_pack("{s:s}", "owner", first->owner)));
		TW_TRY(drop_session(d, first));
	}
	*ret = first;
	return TW_OK;
}

static tw_err make_token(const struct tw_sys *sys, char ret[TW_TOKEN_TEXT + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t bytes[32];

	tw_buf_init(&text, sys, TW_TOKEN_TEXT);
	if (sys->random(sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, bytes, sizeof bytes));
	memcpy(ret, text.data, TW_TOKEN_TEXT);
	ret[TW_TOKEN_TEXT] = '\0';
	tw_wipe(bytes, sizeof bytes);
	tw_wipe(text.data, text.size);
	return TW_OK;
}

tw_err tw_access_session(struct tw_device *d, const char *owner, char ret_token[TW_TOKEN_TEXT + 1])
{
	struct tw_session s = { .used = true, .expires_ms = tw_time_boot_ms(&d->time) + TW_SESSION_MS };
	struct tw_session *place = NULL;
	char token[TW_TOKEN_TEXT + 1];

	TW_TRY(make_token(d->context.sys, token));
	TW_TRY(tw_sha256(token, TW_TOKEN_TEXT, s.hash));
	(void)snprintf(s.owner, sizeof s.owner, "%s", owner);
	TW_TRY(make_room(d, &place));
	const struct tw_value v[] = { TW_V_BLOB(s.hash, sizeof s.hash), TW_V_TEXT(s.owner),
		TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(s.expires_ms) };
	TW_TRY(tw_store_run(d->context.store, tw_sql_session_put, v, TW_COUNT(v), NULL, NULL));
	*place = s;
	memcpy(ret_token, token, sizeof token);
	tw_wipe(token, sizeof token);
	return TW_OK;
}

static tw_err count_row(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_access_code(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	const char *owner = rq->subject.name + strlen("owner:");
	uint8_t bytes[TW_CODE_SIZE], hash[32];
	char code[TW_CODE_SIZE + 1] = "", shown[TW_CODE_SIZE + 2];
	int64_t now = tw_time_boot_ms(&d->time), count = 0;
	const struct tw_value old[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(now) };

	TW_TRY(tw_store_run(c->store, tw_sql_code_drop_old, old, TW_COUNT(old), NULL, NULL));
	TW_TRY(tw_store_run(c->store, tw_sql_code_count, NULL, 0, count_row, &count));
	if (count >= TW_CODES_MAX)
		return tw_reply_problem(rp, 409, "codes", "access.codes", "Too many codes wait to be used",
			"Use one of them, or wait five minutes.", "%d codes may wait at a time.", TW_CODES_MAX);
	if (c->sys->random(c->sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("randomness");
	for (size_t i = 0; i < sizeof bytes; i++)
		code[i] = alphabet[bytes[i] % 32];
	TW_TRY(tw_sha256(code, TW_CODE_SIZE, hash));
	const struct tw_value v[] = { TW_V_BLOB(hash, sizeof hash), TW_V_TEXT(owner), TW_V_BLOB(d->boot_id, sizeof d->boot_id),
		TW_V_INT(now + TW_CODE_MS) };
	TW_TRY(tw_store_run(c->store, tw_sql_code_put, v, TW_COUNT(v), NULL, NULL));
	(void)snprintf(shown, sizeof shown, "%.5s-%.5s", code, code + 5);
	rp->status = 201;
	rp->body = json_pack("{s:s, s:i}", "code", shown, "expires_in_s", TW_CODE_MS / 1000);
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

struct opening {
	struct tw_device *device;
	uint8_t hash[32];
	char owner[TW_OWNER_NAME_MAX + 1];
	char token[TW_TOKEN_TEXT + 1];
};

static tw_err take_code(void *user, const tw_row *row)
{
	struct opening *o = user;
	struct tw_slice owner = tw_row_bytes(row, 0);

	(void)snprintf(o->owner, sizeof o->owner, TW_SLICE_FMT, TW_SLICE_ARG(owner));
	return TW_OK;
}

/* The code goes and the session comes, or neither. */
static tw_err swap(tw_store *s, void *user)
{
	struct opening *o = user;
	const struct tw_value code[] = { TW_V_BLOB(o->hash, sizeof o->hash) };

	TW_TRY(tw_store_run(s, tw_sql_code_drop, code, TW_COUNT(code), NULL, NULL));
	return tw_access_session(o->device, o->owner, o->token);
}

static tw_err find_code(struct tw_device *d, const char *typed, struct opening *o)
{
	char code[TW_CODE_SIZE + 1];

	if (!read_code(typed, code))
		return TW_OK;
	TW_TRY(tw_sha256(code, TW_CODE_SIZE, o->hash));
	const struct tw_value v[] = { TW_V_BLOB(o->hash, sizeof o->hash), TW_V_BLOB(d->boot_id, sizeof d->boot_id),
		TW_V_INT(tw_time_boot_ms(&d->time)) };
	return tw_store_run(d->context.store, tw_sql_code_get, v, TW_COUNT(v), take_code, o);
}

tw_err tw_access_open(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct opening o = { .device = d };

	TW_TRY(find_code(d, tw_json_text(rq->input, "code"), &o));
	if (!o.owner[0])
		return tw_reply_problem(rp, 403, "code", "access.code", "This code opens nothing",
			"Ask for a new one with the command line: thingward device session code.",
			"It was mistyped, used, or is older than five minutes.");
	tw_err e = tw_store_transaction(c->store, swap, &o);
	if (tw_failed(e)) {
		tw_ignore(tw_access_load(d)); /* the cache may hold what the store took back */
		return e;
	}
	(void)snprintf(rp->note, sizeof rp->note, "session of %s", o.owner);
	rp->status = 201;
	rp->body = json_pack("{s:s, s:i}", "token", o.token, "expires_in_s", TW_SESSION_MS / 1000);
	tw_wipe(o.token, sizeof o.token);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

tw_err tw_access_close(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_session *s = tw_access_session_of(d, tw_access_bearer(rq));

	if (!s)
		return tw_reply_problem(rp, 409, "no-session", "access.session", "There is no session to end",
			"A client certificate needs none.", "This request was not made with a session token.");
	TW_TRY(drop_session(d, s));
	rp->status = 204;
	return TW_OK;
}
