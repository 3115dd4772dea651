/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions. Their tokens are stored as SHA-256 of their text, with the boot they belong to, and
 * end by boot time: a reader of the flash finds nothing to use, a clock that is set changes nothing, a restart ends them.
 *
 * How long one may be idle, and how long it may live, settings say. When it was last used stands in memory only: a core that was started
 * again in the same boot begins to count anew, within the session's whole life, and no request writes for it.
 */
#include "service/access/session.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "service/access/guard.h"
#include "service/sql-service.h"

#include <inttypes.h>
#include <string.h>

static int64_t milliseconds(const char *value)
{
	uint64_t seconds = 0;

	return tw_failed(tw_parse_u64(tw_slice_of(value), INT32_MAX, &seconds)) ? 0 : (int64_t)seconds * 1000;
}

tw_err tw_access_apply_idle(struct tw_context *c, const char *value)
{
	c->guard->idle_ms = milliseconds(value);
	return TW_OK;
}

tw_err tw_access_apply_limit(struct tw_context *c, const char *value)
{
	c->guard->limit_ms = milliseconds(value);
	return TW_OK;
}

tw_err tw_access_apply_list_max(struct tw_context *c, const char *value)
{
	c->list_max = (size_t)milliseconds(value) / 1000;
	return TW_OK;
}

tw_err tw_access_apply_inactive(struct tw_context *c, const char *value)
{
	c->guard->inactive_ms = milliseconds(value);
	return TW_OK;
}

static tw_err read_limit(struct tw_context *c, const char *key, int64_t *ret)
{
	struct tw_setting_state state;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, key), &state));
	*ret = milliseconds(state.value);
	return TW_OK;
}

void tw_access_limits_default(struct tw_context *c, struct tw_guard *ret)
{
	ret->idle_ms = milliseconds(tw_setting_find(c, "logical-access.session-idle")->default_value);
	ret->inactive_ms = milliseconds(tw_setting_find(c, "logical-access.inactive")->default_value);
	ret->limit_ms = milliseconds(tw_setting_find(c, "logical-access.session-limit")->default_value);
}

tw_err tw_access_limits_read(struct tw_context *c, struct tw_guard *ret)
{
	int64_t most = 0;

	TW_TRY(read_limit(c, "logical-access.session-idle", &ret->idle_ms));
	TW_TRY(read_limit(c, "logical-access.inactive", &ret->inactive_ms));
	TW_TRY(read_limit(c, "logical-access.list-max", &most));
	ret->list_max = (size_t)most / 1000;
	return read_limit(c, "logical-access.session-limit", &ret->limit_ms);
}

static int64_t idle_of(const struct tw_context *c, const struct tw_session *s)
{
	return s->idle_ms && s->idle_ms < c->guard->idle_ms ? s->idle_ms : c->guard->idle_ms;
}

static int64_t own_due(const struct tw_context *c, const struct tw_session *s)
{
	int64_t idle = s->used_ms + idle_of(c, s);

	return !s->used ? -1 : idle < s->expires_ms ? idle : s->expires_ms;
}

static int64_t parent_due(const struct tw_context *c, const struct tw_session *s)
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (memcmp(c->guard->sessions[i].hash, s->parent, sizeof s->parent) == 0)
			return own_due(c, &c->guard->sessions[i]);
	return -1;
}

/* When it ends, as it stands. A free place has ended before any, and so has what was opened in a session that is there no more. */
int64_t tw_access_session_due(const struct tw_context *c, const struct tw_session *s)
{
	int64_t due = own_due(c, s), parent = s->has_parent ? parent_due(c, s) : due;

	return parent < due ? parent : due;
}

/* @nist LA.AC.1.4.1: one that nobody used for too long is none */
bool tw_access_session_lives(const struct tw_context *c, const struct tw_session *s)
{
	return tw_access_session_due(c, s) > tw_time_boot_ms(c->time);
}

struct tw_session *tw_access_session_by_hash(struct tw_context *c, const uint8_t hash[32])
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &c->guard->sessions[i];

		if (s->used && tw_equal_secret(s->hash, hash, sizeof s->hash))
			return s;
	}
	return NULL;
}

struct tw_session *tw_access_session_of(struct tw_context *c, struct tw_slice token)
{
	uint8_t hash[32];
	struct tw_session *s;

	if (token.size != TW_TOKEN_TEXT || tw_failed(tw_sha256(token.at, token.size, hash)))
		return NULL;
	s = tw_access_session_by_hash(c, hash);
	return s && tw_access_session_lives(c, s) ? s : NULL;
}

tw_err tw_access_session_drop(struct tw_context *c, struct tw_session *s)
{
	const struct tw_value v[] = { TW_V_BLOB(s->hash, sizeof s->hash) };

	TW_TRY(tw_store_run(c->store, tw_sql_session_drop, v, TW_COUNT(v), NULL, NULL));
	memset(s, 0, sizeof *s);
	return TW_OK;
}

tw_err tw_access_sessions_sweep(struct tw_context *c)
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &c->guard->sessions[i];

		if (s->used && !tw_access_session_lives(c, s))
			TW_TRY(tw_access_session_drop(c, s));
	}
	return TW_OK;
}

tw_err tw_access_session_end(struct tw_context *c, const uint8_t hash[32])
{
	struct tw_session *s = tw_access_session_by_hash(c, hash);

	return s ? tw_access_session_drop(c, s) : TW_OK;
}

tw_err tw_access_session_told(struct tw_context *c, const struct tw_session *s)
{
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_account_id(s->account, id);
	return tw_event(c, "session.ended", json_pack("{s:s}", "account", id));
}

/* A place in the cache: that of the session which would end first, or has ended. */
static tw_err make_room(struct tw_context *c, struct tw_session **ret)
{
	struct tw_session *first = &c->guard->sessions[0];

	for (size_t i = 1; i < TW_SESSIONS_MAX; i++)
		if (tw_access_session_due(c, &c->guard->sessions[i]) < tw_access_session_due(c, first))
			first = &c->guard->sessions[i];
	if (first->used) {
		if (tw_access_session_lives(c, first))
			TW_TRY(tw_access_session_told(c, first));
		TW_TRY(tw_access_session_drop(c, first));
	}
	*ret = first;
	return TW_OK;
}

void tw_token_done(struct tw_token *t)
{
	tw_wipe(t, sizeof *t);
}

tw_err tw_token_make(const struct tw_sys *sys, struct tw_token *t)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, TW_TOKEN_TEXT);
	TW_TRY(tw_buf_reserve(&text, TW_TOKEN_TEXT));
	if (sys->random(sys, t->bytes, sizeof t->bytes))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, t->bytes, sizeof t->bytes));
	memcpy(t->text, text.data, TW_TOKEN_TEXT);
	return tw_sha256(t->text, TW_TOKEN_TEXT, t->hash);
}

bool tw_access_has_session(const struct tw_context *c, int64_t account)
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (c->guard->sessions[i].account == account && tw_access_session_lives(c, &c->guard->sessions[i]))
			return true;
	return false;
}

int64_t tw_placed_until(const struct tw_placer *p, int64_t account)
{
	char word[24];

	(void)snprintf(word, sizeof word, "%" PRId64, account);
	return tw_account_has(p->hands, word) ? p->ends_ms : 0;
}

static const char *const doors[] = {
	[TW_DOOR_HTTPS] = "https",
	[TW_DOOR_LOCAL] = "local",
	[TW_DOOR_CONSOLE] = "console",
	[TW_DOOR_EVENT] = "event",
	[TW_DOOR_INTERNAL] = "internal",
	[TW_DOOR_BUTTON] = "button",
};

static bool door_of(struct tw_slice word, enum tw_door *ret)
{
	for (size_t i = 0; i < TW_COUNT(doors); i++)
		if (tw_slice_is(word, doors[i])) {
			*ret = (enum tw_door)i;
			return true;
		}
	return false;
}

static tw_err take_session(void *user, const tw_row *row)
{
	struct tw_guard *a = user;
	struct tw_slice hash = tw_row_bytes(row, 0), how = tw_row_bytes(row, 3), source = tw_row_bytes(row, 4),
			key = tw_row_bytes(row, 5), hands = tw_row_bytes(row, 8), parent = tw_row_bytes(row, 12);
	struct tw_session s = { .used = true,
		.account = tw_row_int(row, 1),
		.opened_ms = tw_row_int(row, 6),
		.expires_ms = tw_row_int(row, 7),
		.by.ends_ms = tw_row_int(row, 9),
		.idle_ms = tw_row_int(row, 10),
		.member = tw_row_int(row, 11),
		.supports = tw_row_int(row, 13) != 0 };

	s.has_key = !tw_row_null(row, 5);
	s.has_parent = !tw_row_null(row, 12);
	if (hash.size != sizeof s.hash || (s.has_key && key.size != sizeof s.key) ||
		(s.has_parent && parent.size != sizeof s.parent) || !door_of(tw_row_bytes(row, 2), &s.door))
		return TW_OK;
	memcpy(s.hash, hash.at, hash.size);
	memcpy(s.key, key.at, key.size);
	memcpy(s.parent, parent.at, parent.size);
	(void)snprintf(s.how, sizeof s.how, TW_SLICE_FMT, TW_SLICE_ARG(how));
	(void)snprintf(s.source, sizeof s.source, TW_SLICE_FMT, TW_SLICE_ARG(source));
	(void)snprintf(s.by.hands, sizeof s.by.hands, TW_SLICE_FMT, TW_SLICE_ARG(hands));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (!a->sessions[i].used) {
			a->sessions[i] = s;
			break;
		}
	return TW_OK;
}

tw_err tw_access_sessions_read(struct tw_context *c, struct tw_guard *ret)
{
	int64_t now = tw_time_boot_ms(c->time);
	const struct tw_value v[] = { TW_V_BLOB(c->guard->boot_id, sizeof c->guard->boot_id), TW_V_INT(now) };

	TW_TRY(tw_store_run(c->store, tw_sql_session_all, v, TW_COUNT(v), take_session, ret));
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &ret->sessions[i];
		const struct tw_session *was = tw_access_session_by_hash(c, s->hash);

		s->used_ms = !s->used ? 0 : was ? was->used_ms : now;
		s->proven_ms = was ? was->proven_ms : 0;
	}
	return TW_OK;
}

void tw_session_id(const uint8_t hash[32], char ret[TW_SESSION_ID + 1])
{
	for (size_t i = 0; i < TW_SESSION_ID / 2; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

bool tw_access_session_fits(const struct tw_session *s, const struct tw_request *rq)
{
	return s->door == rq->subject.door &&
		(!s->has_key || (rq->has_client_key && tw_equal_secret(s->key, rq->client_key, sizeof s->key)));
}

static tw_err put_session(struct tw_context *c, const struct tw_session *s)
{
	const struct tw_value v[] = { TW_V_BLOB(s->hash, sizeof s->hash), TW_V_INT(s->account), TW_V_TEXT(doors[s->door]),
		TW_V_TEXT(s->how), TW_V_TEXT(s->source),
		s->has_key ? TW_V_BLOB(s->key, sizeof s->key) : (struct tw_value){ .kind = TW_VALUE_NULL }, TW_V_INT(s->opened_ms),
		TW_V_BLOB(c->guard->boot_id, sizeof c->guard->boot_id), TW_V_INT(s->expires_ms), TW_V_TEXT(s->by.hands),
		TW_V_INT(s->by.ends_ms), TW_V_INT(s->idle_ms), TW_V_INT(s->member),
		s->has_parent ? TW_V_BLOB(s->parent, sizeof s->parent) : (struct tw_value){ .kind = TW_VALUE_NULL },
		TW_V_INT(s->supports) };

	return tw_store_run(c->store, tw_sql_session_put, v, TW_COUNT(v), NULL, NULL);
}

tw_err tw_access_session(struct tw_context *c, const struct tw_opening *o, char ret_token[TW_TOKEN_TEXT + 1])
{
	const struct tw_guard_side *side = c->guard->side;
	int64_t now = tw_time_boot_ms(c->time);
	struct tw_session s = { .used = true, .account = o->account, .opened_ms = tw_time_wall_ms(c->time), .used_ms = now };
	struct tw_session *place = NULL;
	int64_t until = o->member ? o->by.ends_ms : tw_placed_until(&o->by, o->account);
	TW_CLEANUP(tw_token_done) struct tw_token token = { .text = "" };

	if (side->given && !side->given(c, o->rq))
		return TW_RAISE(DENIED, "a session is to be opened by somebody who was not asked to accept the notice");
	s.expires_ms = now + c->guard->limit_ms;
	s.idle_ms = o->idle_ms;
	s.by = o->by;
	s.member = o->member;
	s.has_parent = o->in != NULL;
	if (o->in)
		memcpy(s.parent, o->in->hash, sizeof s.parent);
	s.proven_ms = o->member ? o->proven_ms : until ? 0 : now; /* what a session asks for proves nothing new */
	if (until && until < s.expires_ms)
		s.expires_ms = until; /* nobody's session outlives its limit by a code that he asks for in it */
	(void)snprintf(s.how, sizeof s.how, "%s", o->how);
	(void)snprintf(s.source, sizeof s.source, "%s", o->rq->subject.source);
	s.door = o->rq->subject.door;
	s.has_key = o->rq->has_client_key;
	memcpy(s.key, o->rq->client_key, sizeof s.key);
	TW_TRY(tw_token_make(c->sys, &token));
	memcpy(s.hash, token.hash, sizeof s.hash);
	if (side->judge)
		TW_TRY(side->judge(c, &s));
	TW_TRY(make_room(c, &place));
	if (side->begins)
		TW_TRY(side->begins(c, o->member ? o->member : o->account, o->how));
	TW_TRY(put_session(c, &s));
	if (side->began)
		TW_TRY(side->began(c, &s));
	*place = s;
	memcpy(ret_token, token.text, sizeof token.text);
	return TW_OK;
}

tw_err tw_access_sessions_drop(struct tw_context *c, int64_t account)
{
	const struct tw_value v[] = { TW_V_INT(account) };

	TW_TRY(tw_store_run(c->store, tw_sql_session_drop_of, v, TW_COUNT(v), NULL, NULL));
	return tw_store_run(c->store, tw_sql_code_drop_of, v, TW_COUNT(v), NULL, NULL);
}

void tw_access_sessions_forget(struct tw_context *c, int64_t account)
{
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++) {
		struct tw_session *s = &c->guard->sessions[i];

		if (s->used && (s->account == account || s->member == account))
			tw_wipe(s, sizeof *s);
	}
}

tw_err tw_access_login(struct tw_context *c, const struct tw_opening *o, char ret_token[TW_TOKEN_TEXT + 1])
{
	const struct tw_value v[] = { TW_V_INT(o->account), TW_V_INT(tw_time_wall_ms(c->time)), TW_V_TEXT(o->how),
		TW_V_TEXT(o->rq->subject.source) };

	TW_TRY(tw_store_run(c->store, tw_sql_account_login, v, TW_COUNT(v), NULL, NULL));
	return tw_access_session(c, o, ret_token);
}

/* @nist LA.AC.1.3: with every session, when and from where the one before it was opened */
tw_err tw_access_login_reply(struct tw_context *c, const struct tw_account *before, const char *token, struct tw_reply *rp)
{
	char id[TW_ACCOUNT_ID_MAX + 2], previous[TW_TIME_TEXT_MAX];
	const struct tw_session *s = tw_access_session_of(c, tw_slice_of(token));
	int64_t idle = s ? idle_of(c, s) : 0; /* without one it has ended already */
	int64_t life = s ? s->expires_ms - s->used_ms : 0;

	tw_account_id(before->id, id);
	rp->body = json_pack("{s:s, s:s, s:s, s:I, s:I}", "token", token, "account", id, "name", before->name, "expires_in_s",
		(json_int_t)(life / 1000), "idle_s", (json_int_t)(idle / 1000));
	if (!rp->body)
		return TW_RAISE(NOMEM, "reply");
	if (!before->login_ms)
		return TW_OK;
	tw_time_text(before->login_ms, previous);
	TW_TRY(tw_json_set(rp->body, "previous", json_string(previous)));
	TW_TRY(tw_json_set(rp->body, "previous_how", json_string(before->login_how)));
	return tw_json_set(rp->body, "previous_from", json_string(before->login_from));
}

struct tw_slice tw_access_bearer(const struct tw_request *rq)
{
	const struct tw_http_field *f = rq->head ? tw_http_find(rq->head, "Authorization") : NULL;

	if (!f || f->value.size <= 7 || !tw_slice_is_nocase((struct tw_slice){ f->value.at, 7 }, "Bearer "))
		return TW_SLICE("");
	return (struct tw_slice){ f->value.at + 7, f->value.size - 7 };
}

tw_err tw_access_wait(const struct tw_request *rq, int seconds, struct tw_reply *rp)
{
	TW_TRY(tw_reply_problem(rp, 429, "throttled", "access.throttle", "Too many failed attempts", "Wait, then try again.",
		"Attempts from %s have to wait %d seconds.", rq->subject.source, seconds));
	rp->retry_after_s = seconds;
	return TW_OK;
}

tw_err tw_access_close(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_session *s = tw_access_session_of(c, tw_access_bearer(rq));

	if (!s)
		return tw_reply_problem(rp, 409, "no-session", "access.session", "There is no session to end",
			"A client certificate needs none.", "This request was not made with a session token.");
	TW_TRY(tw_access_session_drop(c, s));
	rp->status = 204;
	return TW_OK;
}
