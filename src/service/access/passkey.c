/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/passkey.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "service/sql-service.h"

#include <inttypes.h>
#include <string.h>

#define KIND "passkey"
#define DATA_MAX 1280 /* counter, kind, site, key and id, with blanks between */
#define WORDS 5

/* --- Kept --- */

static tw_err split(struct tw_slice text, struct tw_slice ret[WORDS])
{
	for (size_t i = 0; i < WORDS; i++) {
		const char *blank = i + 1 < WORDS ? memchr(text.at, ' ', text.size) : text.at + text.size;

		if (!blank)
			return TW_RAISE(SYNTAX, "a passkey that is not of its form");
		ret[i] = (struct tw_slice){ text.at, (size_t)(blank - text.at) };
		text.size -= ret[i].size + (i + 1 < WORDS);
		text.at = blank + (i + 1 < WORDS);
	}
	return TW_OK;
}

static tw_err read_data(struct tw_slice text, struct tw_passkey *ret)
{
	struct tw_slice word[WORDS];
	uint64_t counter = 0, kind = 0;
	size_t key_size = 0;

	TW_TRY(split(text, word));
	TW_TRY(tw_parse_u64(word[0], UINT32_MAX, &counter));
	TW_TRY(tw_parse_u64(word[1], TW_PASSKEY_KINDS - 1, &kind));
	TW_TRY(tw_parse_base64url(word[3], sizeof ret->key, ret->key, &key_size));
	TW_TRY(tw_parse_base64url(word[4], sizeof ret->handle, ret->handle, &ret->handle_size));
	if (word[2].size == 0 || word[2].size >= sizeof ret->site || key_size == 0 ||
		key_size != tw_passkey_key_size((enum tw_passkey_kind)kind))
		return TW_RAISE(SYNTAX, "a passkey that is not of its form");
	(void)snprintf(ret->site, sizeof ret->site, TW_SLICE_FMT, TW_SLICE_ARG(word[2]));
	ret->counter = (uint32_t)counter;
	ret->kind = (enum tw_passkey_kind)kind;
	return TW_OK;
}

static tw_err write_data(const struct tw_passkey *p, uint32_t counter, struct tw_buf *ret)
{
	TW_TRY(tw_buf_format(ret, "%" PRIu32 " %d %s ", counter, (int)p->kind, p->site));
	TW_TRY(tw_buf_base64url(ret, p->key, tw_passkey_key_size(p->kind)));
	TW_TRY(tw_buf_u8(ret, ' '));
	return tw_buf_base64url(ret, p->handle, p->handle_size);
}

static tw_err take(void *user, const tw_row *row)
{
	struct tw_passkey *p = user;

	TW_TRY(read_data(tw_row_bytes(row, 3), p));
	p->id = tw_row_int(row, 0);
	p->account = tw_row_int(row, 1);
	p->made_ms = tw_row_int(row, 4);
	(void)snprintf(p->label, sizeof p->label, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 2)));
	return TW_OK;
}

tw_err tw_passkey_by_handle(struct tw_context *c, struct tw_slice handle, struct tw_passkey *ret)
{
	uint8_t hash[32];

	ret->id = 0;
	TW_TRY(tw_sha256(handle.at, handle.size, hash));
	const struct tw_value v[] = { TW_V_BLOB(hash, sizeof hash) };
	return tw_store_run(c->store, tw_sql_passkey_of_key, v, TW_COUNT(v), take, ret);
}

tw_err tw_passkey_by_id(struct tw_context *c, int64_t id, struct tw_passkey *ret)
{
	const struct tw_value v[] = { TW_V_INT(id) };

	ret->id = 0;
	return tw_store_run(c->store, tw_sql_passkey_get, v, TW_COUNT(v), take, ret);
}

struct each {
	tw_err (*take)(void *user, const struct tw_passkey *p);
	void *user;
};

static tw_err take_each(void *user, const tw_row *row)
{
	struct each *e = user;
	struct tw_passkey p = { .id = 0 };

	TW_TRY(take(&p, row));
	return e->take(e->user, &p);
}

tw_err tw_passkey_each(struct tw_context *c, int64_t account, tw_err (*take_one)(void *user, const struct tw_passkey *p), void *user)
{
	const struct tw_value v[] = { TW_V_INT(account) };
	struct each e = { take_one, user };

	return tw_store_run(c->store, tw_sql_passkey_of, v, TW_COUNT(v), take_each, &e);
}

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_passkey_put(struct tw_context *c, const struct tw_passkey *p, int64_t *ret_id)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 };
	uint8_t hash[32];

	tw_buf_init(&data, c->sys, DATA_MAX);
	TW_TRY(write_data(p, p->counter, &data));
	TW_TRY(tw_sha256(p->handle, p->handle_size, hash));
	const struct tw_value v[] = { TW_V_INT(p->account), TW_V_TEXT(KIND), TW_V_TEXT(p->label), TW_V_BLOB(hash, sizeof hash),
		TW_V_TEXT(tw_buf_cstr(&data)), TW_V_INT(tw_time_wall_ms(c->time)) };
	return tw_store_run(c->store, tw_sql_credential_put, v, TW_COUNT(v), take_id, ret_id);
}

tw_err tw_passkey_drop_of(struct tw_context *c, int64_t account)
{
	return tw_store_run(c->store, tw_sql_passkey_drop_of, &TW_V_INT(account), 1, NULL, NULL);
}

struct counting {
	int64_t id;
	const char *data, *before;
};

static tw_err do_count(tw_store *s, void *user)
{
	const struct counting *g = user;
	const struct tw_value v[] = { TW_V_INT(g->id), TW_V_TEXT(g->data), TW_V_TEXT(g->before) };

	TW_TRY(tw_store_run(s, tw_sql_credential_data, v, TW_COUNT(v), NULL, NULL));
	return tw_store_changes(s) == 1 ? TW_OK : TW_RAISE(DENIED, "another use of it came between");
}

/* Nothing but zero before: an authenticator that does not count, or has not yet (WebAuthn level 2, section 6.1.1). */
tw_err tw_passkey_counted(struct tw_context *c, const struct tw_passkey *p, uint32_t counter)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 }, before = { 0 };
	struct counting g = { .id = p->id };

	if (p->counter && counter <= p->counter)
		return TW_RAISE(DENIED, "a counter of %" PRIu32 " after %" PRIu32, counter, p->counter);
	tw_buf_init(&data, c->sys, DATA_MAX);
	tw_buf_init(&before, c->sys, DATA_MAX);
	TW_TRY(write_data(p, counter, &data));
	TW_TRY(write_data(p, p->counter, &before));
	g.data = tw_buf_cstr(&data);
	g.before = tw_buf_cstr(&before);
	return tw_store_transaction(c->store, do_count, &g);
}

struct handles {
	struct tw_context *c;
	const char *site;
	json_t *to;
};

static tw_err add_handle(void *user, const struct tw_passkey *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const struct handles *h = user;

	if (strcmp(p->site, h->site) != 0)
		return TW_OK;
	tw_buf_init(&text, h->c->sys, 2 * TW_PASSKEY_ID_MAX);
	TW_TRY(tw_buf_base64url(&text, p->handle, p->handle_size));
	return tw_json_append(h->to, json_string(tw_buf_cstr(&text)));
}

tw_err tw_passkey_handles(struct tw_context *c, int64_t account, const char *site, json_t *ret)
{
	struct handles h = { c, site, ret };

	return tw_passkey_each(c, account, add_handle, &h);
}

/* --- What a browser sends --- */

tw_err tw_passkey_bytes(const json_t *from, const char *key, size_t max, struct tw_passkey_bytes *ret)
{
	return tw_parse_base64url(tw_slice_of(tw_json_text(from, key)), max, ret->at, &ret->size);
}

uint32_t tw_passkey_counter(const struct tw_passkey_bytes *data)
{
	const uint8_t *at = data->at + TW_PASSKEY_COUNTER_AT;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

bool tw_passkey_verified(const struct tw_passkey_bytes *data)
{
	return data->at[TW_PASSKEY_FLAGS_AT] & TW_PASSKEY_VERIFIED;
}

static struct tw_slice slice(const struct tw_passkey_bytes *b)
{
	return (struct tw_slice){ (const char *)b->at, b->size };
}

tw_err tw_passkey_made_read(const json_t *from, const struct tw_client_data_want *want, struct tw_passkey_bytes *ret_data)
{
	struct tw_passkey_bytes client;

	TW_TRY(tw_passkey_bytes(from, "client_data", TW_CLIENT_DATA_MAX, &client));
	TW_TRY(tw_client_data_check(slice(&client), want));
	TW_TRY(tw_passkey_bytes(from, "authenticator_data", TW_PASSKEY_DATA_MAX, ret_data));
	return ret_data->size >= TW_PASSKEY_DATA_MIN ? TW_OK : TW_RAISE(SYNTAX, "too short");
}

void tw_passkey_made(struct tw_passkey *p, const struct tw_passkey_enrolled *made)
{
	p->kind = made->kind;
	p->handle_size = made->id.size;
	memcpy(p->key, made->key.at, made->key.size);
	memcpy(p->handle, made->id.at, made->id.size);
}

tw_err tw_passkey_shown_read(const json_t *from, struct tw_passkey_shown *ret)
{
	TW_TRY(tw_passkey_bytes(from, "credential", TW_PASSKEY_ID_MAX, &ret->credential));
	TW_TRY(tw_passkey_bytes(from, "client_data", TW_CLIENT_DATA_MAX, &ret->client));
	TW_TRY(tw_passkey_bytes(from, "authenticator_data", TW_PASSKEY_DATA_MAX, &ret->data));
	TW_TRY(tw_passkey_bytes(from, "signature", TW_PASSKEY_SIGNATURE_MAX, &ret->signature));
	if (ret->credential.size == 0 || ret->signature.size == 0 || ret->data.size < TW_PASSKEY_DATA_MIN)
		return TW_RAISE(SYNTAX, "too short");
	return TW_OK;
}

tw_err tw_passkey_shown_by(
	struct tw_context *c, const struct tw_passkey_shown *s, const struct tw_client_data_want *want, struct tw_passkey *ret)
{
	ret->id = 0;
	TW_TRY(tw_client_data_check(slice(&s->client), want));
	return tw_passkey_by_handle(c, slice(&s->credential), ret);
}

tw_err tw_passkey_question(const struct tw_passkey *p, const struct tw_passkey_shown *s, struct tw_passkey_assert *ret)
{
	*ret = (struct tw_passkey_assert){ .site = tw_slice_of(p->site),
		.kind = p->kind,
		.key = { (const char *)p->key, tw_passkey_key_size(p->kind) },
		.data = slice(&s->data),
		.signature = slice(&s->signature) };
	return tw_sha256(s->client.at, s->client.size, ret->client_hash);
}

bool tw_passkey_is_no(tw_err e)
{
	return tw_is(e, TW_CODE_DENIED) || tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT);
}

tw_err tw_passkey_tell_counter(struct tw_context *c, int64_t account, int64_t credential)
{
	char id[TW_ACCOUNT_ID_MAX + 2], key[24];

	tw_account_id(account, id);
	(void)snprintf(key, sizeof key, "c%" PRId64, credential);
	return tw_event(c, "login.passkey-counter", json_pack("{s:s, s:s}", "account", id, "credential", key));
}
