/* SPDX-License-Identifier: Apache-2.0 */
/* Everything is made by the tables of WebAuthn level 2, section 6.1, and RFC 9052, section 7: no library that a device may use is asked. */
#include "tool/probes/webauthn.h"

#include "crypto/hash.h"
#include "formats/cbor.h"

#define PRESENT 0x01 /* somebody touched it */
#define MADE 0x40    /* there is a new key in it */
#define AAGUID 16

tw_err tw_played_token_make(const struct tw_sys *sys, struct tw_played_token *ret)
{
	*ret = (struct tw_played_token){ .sys = sys };
	if (sys->random(sys, ret->id, sizeof ret->id) != 0)
		return TW_RAISE_ERRNO("randomness");
	return tw_key_generate(sys, &ret->key);
}

void tw_played_token_done(struct tw_played_token *t)
{
	t->key = tw_key_free(t->key);
}

/* The site's hash, flags, counter. */
static tw_err put_head(const char *site, uint8_t flags, uint32_t counter, struct tw_buf *b)
{
	uint8_t hash[32];

	TW_TRY(tw_sha256(site, strlen(site), hash));
	TW_TRY(tw_buf_add(b, hash, sizeof hash));
	TW_TRY(tw_buf_u8(b, flags));
	return tw_buf_u32(b, counter);
}

/* COSE_Key: of kind EC2 (1: 2), for ES256 (3: -7), on P-256 (-1: 1), at x (-2) and y (-3). */
static tw_err put_key(const tw_key *key, struct tw_buf *b)
{
	static const int64_t words[][2] = { { 1, 2 }, { 3, -7 }, { -1, 1 } };
	uint8_t point[TW_POINT_SIZE];
	const size_t half = (sizeof point - 1) / 2;

	TW_TRY(tw_key_point(key, point));
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_MAP, TW_COUNT(words) + 2));
	for (size_t i = 0; i < TW_COUNT(words); i++) {
		TW_TRY(tw_cbor_put_int(b, words[i][0]));
		TW_TRY(tw_cbor_put_int(b, words[i][1]));
	}
	TW_TRY(tw_cbor_put_int(b, -2));
	TW_TRY(tw_cbor_put_bytes(b, point + 1, half));
	TW_TRY(tw_cbor_put_int(b, -3));
	return tw_cbor_put_bytes(b, point + 1 + half, half);
}

static tw_err put_made(const struct tw_played_token *t, struct tw_buf *b)
{
	static const uint8_t nobody[AAGUID]; /* of no maker */

	TW_TRY(tw_buf_add(b, nobody, sizeof nobody));
	TW_TRY(tw_buf_u16(b, sizeof t->id));
	TW_TRY(tw_buf_add(b, t->id, sizeof t->id));
	return put_key(t->key, b);
}

static tw_err put_client(const char *type, const struct tw_played_page *page, struct tw_buf *b)
{
	TW_CLEANUP(tw_jsonp)
	json_t *said = json_pack(
		"{s:s, s:s, s:s, s:b}", "type", type, "challenge", page->challenge, "origin", page->origin, "crossOrigin", 0);

	return said ? tw_json_write(said, b) : TW_RAISE(NOMEM, "client data");
}

static tw_err set(json_t *o, const struct tw_sys *sys, const char *key, struct tw_slice bytes)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 2 * TW_PLAYED_CLIENT_MAX);
	TW_TRY(tw_buf_base64url(&text, bytes.at, bytes.size));
	return tw_json_set(o, key, json_string(tw_buf_cstr(&text)));
}

tw_err tw_played_made(const struct tw_played_token *t, const struct tw_played_page *page, uint32_t counter, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf client = { 0 }, data = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	tw_buf_init(&client, t->sys, TW_PLAYED_CLIENT_MAX);
	tw_buf_init(&data, t->sys, TW_PLAYED_DATA_MAX);
	if (!o)
		return TW_RAISE(NOMEM, "a passkey");
	TW_TRY(put_client("webauthn.create", page, &client));
	TW_TRY(put_head(page->site, PRESENT | MADE, counter, &data));
	TW_TRY(put_made(t, &data));
	TW_TRY(set(o, t->sys, "client_data", tw_buf_slice(&client)));
	TW_TRY(set(o, t->sys, "authenticator_data", tw_buf_slice(&data)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* Over the data and the hash of what the browser says, in DER. */
static tw_err sign(const tw_key *by, const struct tw_buf *data, const struct tw_buf *client, struct tw_buf *ret)
{
	uint8_t hash[32], raw[TW_SIGNATURE_SIZE], der[TW_SIGNATURE_DER_MAX];

	TW_TRY(tw_sha256(client->data, client->size, hash));
	const struct tw_slice parts[] = { tw_buf_slice(data), { (const char *)hash, sizeof hash } };
	TW_TRY(tw_key_sign(by, parts, TW_COUNT(parts), raw));
	return tw_buf_add(ret, der, tw_signature_to_der(raw, der));
}

tw_err tw_played_signs(const struct tw_played_token *t, const tw_key *by, const struct tw_played_page *page, uint32_t counter, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf client = { 0 }, data = { 0 }, signature = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();

	tw_buf_init(&client, t->sys, TW_PLAYED_CLIENT_MAX);
	tw_buf_init(&data, t->sys, TW_PLAYED_DATA_MAX);
	tw_buf_init(&signature, t->sys, TW_SIGNATURE_DER_MAX);
	if (!o)
		return TW_RAISE(NOMEM, "a passkey");
	TW_TRY(put_client("webauthn.get", page, &client));
	TW_TRY(put_head(page->site, PRESENT, counter, &data));
	TW_TRY(sign(by, &data, &client, &signature));
	TW_TRY(set(o, t->sys, "credential", (struct tw_slice){ (const char *)t->id, sizeof t->id }));
	TW_TRY(set(o, t->sys, "client_data", tw_buf_slice(&client)));
	TW_TRY(set(o, t->sys, "authenticator_data", tw_buf_slice(&data)));
	TW_TRY(set(o, t->sys, "signature", tw_buf_slice(&signature)));
	*ret = TW_STEAL(o);
	return TW_OK;
}
