/* SPDX-License-Identifier: Apache-2.0 */
#include "service/hash/passkey-wire.h"

#include "base/cursor.h"

size_t tw_passkey_key_size(enum tw_passkey_kind kind)
{
	return kind == TW_PASSKEY_ES256 ? 64 : kind == TW_PASSKEY_EDDSA ? 32 : 0;
}

static tw_err read_site(struct tw_cursor *c, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, TW_PASSKEY_SITE_MAX, ret));
	return ret->size ? TW_OK : TW_RAISE(SYNTAX, "a passkey of no site");
}

static tw_err read_data(struct tw_cursor *c, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, TW_PASSKEY_DATA_MAX, ret));
	return ret->size >= TW_PASSKEY_DATA_MIN ? TW_OK : TW_RAISE(SYNTAX, "authenticator data of %zu bytes", ret->size);
}

static tw_err read_key(struct tw_cursor *c, enum tw_passkey_kind *ret_kind, struct tw_slice *ret)
{
	uint8_t kind = 0;

	TW_TRY(tw_cursor_u8(c, &kind));
	TW_TRY(tw_cursor_block16(c, TW_PASSKEY_KEY_MAX, ret));
	if (ret->size == 0 || ret->size != tw_passkey_key_size((enum tw_passkey_kind)kind))
		return TW_RAISE(SYNTAX, "a key of kind %u and %zu bytes", kind, ret->size);
	*ret_kind = (enum tw_passkey_kind)kind;
	return TW_OK;
}

tw_err tw_passkey_enrol_write(const struct tw_passkey_enrol *q, struct tw_buf *ret)
{
	TW_TRY(tw_buf_block16(ret, q->site.at, q->site.size));
	return tw_buf_block16(ret, q->data.at, q->data.size);
}

tw_err tw_passkey_enrol_read(struct tw_slice payload, struct tw_passkey_enrol *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);

	TW_TRY(read_site(&c, &ret->site));
	TW_TRY(read_data(&c, &ret->data));
	return tw_cursor_end(&c);
}

tw_err tw_passkey_assert_write(const struct tw_passkey_assert *q, struct tw_buf *ret)
{
	TW_TRY(tw_buf_block16(ret, q->site.at, q->site.size));
	TW_TRY(tw_buf_u8(ret, (uint8_t)q->kind));
	TW_TRY(tw_buf_block16(ret, q->key.at, q->key.size));
	TW_TRY(tw_buf_add(ret, q->client_hash, sizeof q->client_hash));
	TW_TRY(tw_buf_block16(ret, q->data.at, q->data.size));
	return tw_buf_block16(ret, q->signature.at, q->signature.size);
}

tw_err tw_passkey_assert_read(struct tw_slice payload, struct tw_passkey_assert *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);

	TW_TRY(read_site(&c, &ret->site));
	TW_TRY(read_key(&c, &ret->kind, &ret->key));
	TW_TRY(tw_cursor_bytes(&c, ret->client_hash, sizeof ret->client_hash));
	TW_TRY(read_data(&c, &ret->data));
	TW_TRY(tw_cursor_block16(&c, TW_PASSKEY_SIGNATURE_MAX, &ret->signature));
	if (ret->signature.size == 0)
		return TW_RAISE(SYNTAX, "no signature");
	return tw_cursor_end(&c);
}

tw_err tw_passkey_enrolled_write(const struct tw_passkey_enrolled *a, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, (uint8_t)a->kind));
	TW_TRY(tw_buf_block16(ret, a->key.at, a->key.size));
	return tw_buf_block16(ret, a->id.at, a->id.size);
}

tw_err tw_passkey_enrolled_read(struct tw_slice payload, struct tw_passkey_enrolled *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);

	TW_TRY(read_key(&c, &ret->kind, &ret->key));
	TW_TRY(tw_cursor_block16(&c, TW_PASSKEY_ID_MAX, &ret->id));
	if (ret->id.size == 0)
		return TW_RAISE(SYNTAX, "a passkey without an id");
	return tw_cursor_end(&c);
}
