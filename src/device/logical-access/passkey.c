/* SPDX-License-Identifier: Apache-2.0 */
#include "device/logical-access/passkey.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "device/logical-access/state.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

#include <inttypes.h>

#define KIND "passkey"
#define DATA_MAX 1280 /* counter, kind, site, key and id, with blanks between */
#define WORDS 5

/* --- Where --- */

bool tw_passkey_site(const struct tw_device *d, const struct tw_request *rq, struct tw_passkey_site *ret)
{
	const struct tw_http_field *host = rq->head ? tw_http_find(rq->head, "host") : NULL;
	const char *colon = host ? memchr(host->value.at, ':', host->value.size) : NULL;
	struct tw_slice name = host ? host->value : (struct tw_slice){ "", 0 };

	name.size = colon ? (size_t)(colon - name.at) : name.size;
	if (!host || host->value.size - name.size > sizeof ":65535" - 1)
		return false;
	for (size_t i = 0; i < d->names.count; i++)
		if (tw_slice_is_nocase(name, d->names.of[i])) {
			(void)snprintf(ret->name, sizeof ret->name, "%s", d->names.of[i]);
			(void)snprintf(ret->origin, sizeof ret->origin, "https://%s%.*s", ret->name,
				(int)(host->value.size - name.size), name.at + name.size);
			return true;
		}
	return false;
}

tw_err tw_passkey_elsewhere(const struct tw_device *d, struct tw_reply *rp)
{
	return tw_reply_problem(rp, 409, "name", "passkey.name", "There are no passkeys under this address",
		d->names.count ? "Open the device's page under its name." : "Ask an owner to give the device a name (names.set).",
		"A browser has passkeys for a DNS name whose certificate it trusts, %s%s.",
		d->names.count ? "which here is https://" : "and this device has none", d->names.count ? d->names.of[0] : "");
}

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

tw_err tw_passkey_by_handle(struct tw_device *d, struct tw_slice handle, struct tw_passkey *ret)
{
	uint8_t hash[32];

	ret->id = 0;
	TW_TRY(tw_sha256(handle.at, handle.size, hash));
	const struct tw_value v[] = { TW_V_BLOB(hash, sizeof hash) };
	return tw_store_run(d->context.store, tw_sql_passkey_of_key, v, TW_COUNT(v), take, ret);
}

tw_err tw_passkey_by_id(struct tw_device *d, int64_t id, struct tw_passkey *ret)
{
	const struct tw_value v[] = { TW_V_INT(id) };

	ret->id = 0;
	return tw_store_run(d->context.store, tw_sql_passkey_get, v, TW_COUNT(v), take, ret);
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

tw_err tw_passkey_each(struct tw_device *d, int64_t account, tw_err (*take_one)(void *user, const struct tw_passkey *p), void *user)
{
	const struct tw_value v[] = { TW_V_INT(account) };
	struct each e = { take_one, user };

	return tw_store_run(d->context.store, tw_sql_passkey_of, v, TW_COUNT(v), take_each, &e);
}

static tw_err take_id(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_passkey_put(struct tw_device *d, const struct tw_passkey *p, int64_t *ret_id)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 };
	uint8_t hash[32];

	tw_buf_init(&data, d->context.sys, DATA_MAX);
	TW_TRY(write_data(p, p->counter, &data));
	TW_TRY(tw_sha256(p->handle, p->handle_size, hash));
	const struct tw_value v[] = { TW_V_INT(p->account), TW_V_TEXT(KIND), TW_V_TEXT(p->label), TW_V_BLOB(hash, sizeof hash),
		TW_V_TEXT(tw_buf_cstr(&data)), TW_V_INT(tw_time_wall_ms(&d->time)) };
	return tw_store_run(d->context.store, tw_sql_credential_put, v, TW_COUNT(v), take_id, ret_id);
}

struct counting {
	int64_t id;
	const char *data, *before;
};

static tw_err do_count(tw_store *s, void *user)
{
	const struct counting *c = user;
	const struct tw_value v[] = { TW_V_INT(c->id), TW_V_TEXT(c->data), TW_V_TEXT(c->before) };

	TW_TRY(tw_store_run(s, tw_sql_credential_data, v, TW_COUNT(v), NULL, NULL));
	return tw_store_changes(s) == 1 ? TW_OK : TW_RAISE(DENIED, "another use of it came between");
}

/* Nothing but zero before: an authenticator that does not count, or has not yet (WebAuthn level 2, section 6.1.1). */
tw_err tw_passkey_counted(struct tw_device *d, const struct tw_passkey *p, uint32_t counter)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 }, before = { 0 };
	struct counting c = { .id = p->id };

	if (p->counter && counter <= p->counter)
		return TW_RAISE(DENIED, "a counter of %" PRIu32 " after %" PRIu32, counter, p->counter);
	tw_buf_init(&data, d->context.sys, DATA_MAX);
	tw_buf_init(&before, d->context.sys, DATA_MAX);
	TW_TRY(write_data(p, counter, &data));
	TW_TRY(write_data(p, p->counter, &before));
	c.data = tw_buf_cstr(&data);
	c.before = tw_buf_cstr(&before);
	return tw_store_transaction(d->context.store, do_count, &c);
}

struct handles {
	struct tw_device *d;
	const char *site;
	json_t *to;
};

static tw_err add_handle(void *user, const struct tw_passkey *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const struct handles *h = user;

	if (strcmp(p->site, h->site) != 0)
		return TW_OK;
	tw_buf_init(&text, h->d->context.sys, 2 * TW_PASSKEY_ID_MAX);
	TW_TRY(tw_buf_base64url(&text, p->handle, p->handle_size));
	return tw_json_append(h->to, json_string(tw_buf_cstr(&text)));
}

tw_err tw_passkey_handles(struct tw_device *d, int64_t account, const char *site, json_t *ret)
{
	struct handles h = { d, site, ret };

	return tw_passkey_each(d, account, add_handle, &h);
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
