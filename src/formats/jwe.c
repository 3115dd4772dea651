/* SPDX-License-Identifier: Apache-2.0 */
/* Five parts with dots between: header, no wrapped key, nonce, what is sealed, its tag. See jwe.h. */
#include "formats/jwe.h"

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/agree.h"

#include <string.h>

#define HEADER_MAX 512 /* its text: ours has under 300 bytes */
#define COORDINATE 32
#define COORDINATE_TEXT 43
#define NAME_TEXT 64 /* a key's fingerprint, in hex */
#define CTY_MAX 64

enum part { HEADER, WRAPPED, NONCE, SEALED, TAG, PARTS };

/* --- Sealing --- */

static tw_err name_of(const tw_key *key, struct tw_buf *ret)
{
	uint8_t fingerprint[32];
	TW_TRY(tw_key_fingerprint(key, fingerprint));
	return tw_buf_hex(ret, fingerprint, sizeof fingerprint);
}

/* Keys in their order and no blanks, so that there is one way to write it. */
static tw_err write_header(const char *cty, const tw_key *recipient, const tw_key *once, struct tw_buf *ret)
{
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(tw_key_point(once, point));
	TW_TRY(tw_buf_format(ret,
		"{\"alg\":\"ECDH-ES\",\"cty\":\"%s\",\"enc\":\"A256GCM\",\"epk\":{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"", cty));
	TW_TRY(tw_buf_base64url(ret, point + 1, COORDINATE));
	TW_TRY(tw_buf_text(ret, "\",\"y\":\""));
	TW_TRY(tw_buf_base64url(ret, point + 1 + COORDINATE, COORDINATE));
	TW_TRY(tw_buf_text(ret, "\"},\"kid\":\""));
	TW_TRY(name_of(recipient, ret));
	return tw_buf_text(ret, "\"}");
}

static tw_err add_part(struct tw_buf *to, const char *data, size_t size)
{
	TW_TRY(tw_buf_u8(to, '.'));
	return tw_buf_base64url(to, data, size);
}

static tw_err write_parts(struct tw_slice header, const struct tw_buf *sealed, struct tw_buf *ret)
{
	const char *at = sealed->data;
	size_t text = sealed->size - TW_AEAD_OVERHEAD;
	TW_TRY(tw_buf_add(ret, header.at, header.size));
	TW_TRY(add_part(ret, "", 0));
	TW_TRY(add_part(ret, at, TW_AEAD_NONCE));
	TW_TRY(add_part(ret, at + TW_AEAD_NONCE, text));
	return add_part(ret, at + TW_AEAD_NONCE + text, TW_AEAD_TAG);
}

tw_err tw_jwe_seal(const struct tw_sys *sys, const char *cty, const tw_key *recipient, struct tw_slice plain, struct tw_buf *ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *once = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf header = { 0 }, encoded = { 0 }, sealed = { 0 };
	tw_buf_init(&header, sys, HEADER_MAX);
	tw_buf_init(&encoded, sys, 2 * HEADER_MAX);
	tw_buf_init(&sealed, sys, TW_JWE_MAX);
	TW_TRY(tw_key_generate(sys, &once));
	TW_TRY(tw_key_agree(once, recipient, &key));
	TW_TRY(write_header(cty, recipient, once, &header));
	TW_TRY(tw_buf_base64url(&encoded, header.data, header.size));
	TW_TRY(tw_aead_seal(key, tw_buf_slice(&encoded), plain, &sealed));
	return write_parts(tw_buf_slice(&encoded), &sealed, ret);
}

/* --- Opening --- */

static tw_err cut(struct tw_slice text, struct tw_slice ret[PARTS])
{
	size_t n = 0, from = 0;
	if (text.size > TW_JWE_MAX)
		return TW_RAISE(LIMIT, "a JWE of %zu characters, limit %d", text.size, TW_JWE_MAX);
	for (size_t i = 0; i <= text.size; i++) {
		if (i < text.size && text.at[i] != '.')
			continue;
		if (n == PARTS)
			return TW_RAISE(SYNTAX, "a JWE of more than five parts");
		ret[n++] = (struct tw_slice){ text.at + from, i - from };
		from = i + 1;
	}
	return n == PARTS && ret[WRAPPED].size == 0 ? TW_OK : TW_RAISE(SYNTAX, "not the five parts of a JWE, the second of them empty");
}

static tw_err read_once(const struct tw_sys *sys, const json_t *epk, tw_key **ret)
{
	static const struct tw_shape shape[] = { { "crv", TW_JSON_TEXT, true, 5, 5 }, { "kty", TW_JSON_TEXT, true, 2, 2 },
		{ "x", TW_JSON_TEXT, true, COORDINATE_TEXT, COORDINATE_TEXT },
		{ "y", TW_JSON_TEXT, true, COORDINATE_TEXT, COORDINATE_TEXT }, { 0 } };
	uint8_t point[TW_POINT_SIZE] = { 4 };
	size_t x = 0, y = 0;
	TW_TRY(tw_json_check(epk, shape));
	if (strcmp(tw_json_text(epk, "crv"), "P-256") != 0 || strcmp(tw_json_text(epk, "kty"), "EC") != 0)
		return TW_RAISE(SYNTAX, "the key in a JWE is not of P-256");
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(epk, "x")), COORDINATE, point + 1, &x));
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(epk, "y")), COORDINATE, point + 1 + COORDINATE, &y));
	return tw_key_of_point(sys, point, ret);
}

/* @nist LA.RSM.8: the key that it names is the one that can open it */
static tw_err check_name(const struct tw_sys *sys, const json_t *header, const tw_key *own)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 };
	tw_buf_init(&name, sys, NAME_TEXT);
	TW_TRY(name_of(own, &name));
	return strcmp(tw_json_text(header, "kid"), tw_buf_cstr(&name)) == 0 ? TW_OK : TW_RAISE(UNTRUSTED, "the JWE is for another key");
}

static tw_err read_header(const struct tw_sys *sys, const char *cty, const tw_key *own, struct tw_slice text, tw_key **ret_once)
{
	static const struct tw_shape shape[] = { { "alg", TW_JSON_TEXT, true, 1, 16 }, { "cty", TW_JSON_TEXT, true, 1, CTY_MAX },
		{ "enc", TW_JSON_TEXT, true, 1, 16 }, { "epk", TW_JSON_OBJECT, true, 0, 0 },
		{ "kid", TW_JSON_TEXT, true, NAME_TEXT, NAME_TEXT }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *header = NULL;
	char bytes[HEADER_MAX];
	size_t size = 0;
	TW_TRY(tw_parse_base64url(text, sizeof bytes, bytes, &size));
	TW_TRY(tw_json_parse((struct tw_slice){ bytes, size }, HEADER_MAX, &header));
	TW_TRY(tw_json_check(header, shape));
	if (strcmp(tw_json_text(header, "alg"), "ECDH-ES") != 0 || strcmp(tw_json_text(header, "enc"), "A256GCM") != 0)
		return TW_RAISE(SYNTAX, "the JWE is not of ECDH-ES and A256GCM");
	if (strcmp(tw_json_text(header, "cty"), cty) != 0)
		return TW_RAISE(SYNTAX, "there is a \"%.64s\" in the JWE, wanted \"%s\"", tw_json_text(header, "cty"), cty);
	TW_TRY(check_name(sys, header, own));
	return read_once(sys, tw_json_get(header, "epk"), ret_once);
}

/* Decodes one part behind what is there already; its size must be this, SIZE_MAX: any. */
static tw_err join(struct tw_slice part, size_t wanted, char *at, size_t *size)
{
	size_t got = 0;
	TW_TRY(tw_parse_base64url(part, part.size, at + *size, &got));
	if (wanted != SIZE_MAX && got != wanted)
		return TW_RAISE(SYNTAX, "a part of a JWE has %zu bytes, wanted %zu", got, wanted);
	*size += got;
	return TW_OK;
}

tw_err tw_jwe_open(const struct tw_sys *sys, const char *cty, const tw_key *own, struct tw_slice text, struct tw_buf *ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *once = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_CLEANUP(tw_freep) char *sealed = NULL;
	struct tw_slice parts[PARTS] = { { 0 } };
	size_t size = 0;
	TW_TRY(cut(text, parts));
	TW_TRY(read_header(sys, cty, own, parts[HEADER], &once));
	sealed = sys->alloc(sys, text.size); /* what is decoded is never longer than its text */
	if (!sealed)
		return TW_RAISE(NOMEM, "a JWE");
	TW_TRY(join(parts[NONCE], TW_AEAD_NONCE, sealed, &size));
	TW_TRY(join(parts[SEALED], SIZE_MAX, sealed, &size));
	TW_TRY(join(parts[TAG], TW_AEAD_TAG, sealed, &size));
	TW_TRY(tw_key_agree(own, once, &key));
	return tw_aead_open_long(key, parts[HEADER], (struct tw_slice){ sealed, size }, ret);
}
