/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One envelope, closed: three members outside, three in the protected header, all required, nothing else.
 *
 * The signature is checked before the payload is parsed; header and certificate have to be read first, and are bounded. The
 * payload is handed back only after the signature held: there is no other way to get at it.
 */
#include "formats/jws.h"

#include "base/text.h"

#include <string.h>

#define HEADER_MAX 8192 /* a certificate of ours takes 900 bytes as base64, twice encoded 1200 */
#define CERT_B64_MAX 6144

static const char SIGNATURE[] = "signature", PAYLOAD[] = "payload", PROTECTED[] = "protected";

static tw_err key_sign(void *user, struct tw_slice signing_input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_key_sign(user, &signing_input, 1, ret);
}

struct tw_signer tw_signer_of_key(const tw_key *k)
{
	return (struct tw_signer){ .sign = key_sign, .user = (void *)(uintptr_t)k };
}

/* RFC 7515 section 4.1.6 wants base64 with padding here, unlike everywhere else. */
static tw_err base64(struct tw_slice data, struct tw_buf *b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < data.size; i += 3) {
		size_t left = data.size - i;
		unsigned v = (unsigned)(uint8_t)data.at[i] << 16 | (left > 1 ? (unsigned)(uint8_t)data.at[i + 1] << 8 : 0u) |
			(left > 2 ? (unsigned)(uint8_t)data.at[i + 2] : 0u);
		char four[4] = { digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
			left > 2 ? digits[v & 63] : '=' };
		TW_TRY(tw_buf_add(b, four, sizeof four));
	}
	return TW_OK;
}

static tw_err header_text(const char *typ, const tw_cert *cert, struct tw_buf *der, struct tw_buf *ret)
{
	TW_TRY(tw_cert_der(cert, der));
	TW_TRY(tw_buf_format(ret, "{\"alg\":\"ES256\",\"typ\":\"%s\",\"x5c\":[\"", typ));
	TW_TRY(base64(tw_buf_slice(der), ret));
	return tw_buf_text(ret, "\"]}");
}

tw_err tw_jws_protected(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_buf *ret)
{
	struct tw_buf der, header;
	tw_buf_init(&der, sys, HEADER_MAX);
	tw_buf_init(&header, sys, HEADER_MAX);
	tw_err e = header_text(typ, cert, &der, &header);
	if (!tw_failed(e))
		e = tw_buf_base64url(ret, header.data, header.size);
	tw_buf_done(&der);
	tw_buf_done(&header);
	return e;
}

static tw_err write_signed(struct tw_slice input, const struct tw_signer *signer, struct tw_buf *ret)
{
	uint8_t signature[TW_SIGNATURE_SIZE];
	const char *dot = memchr(input.at, '.', input.size);
	int head = (int)(dot - input.at), tail = (int)(input.size - (size_t)head - 1);
	TW_TRY(signer->sign(signer->user, input, signature));
	TW_TRY(tw_buf_format(
		ret, "{\"%s\":\"%.*s\",\"%s\":\"%.*s\",\"%s\":\"", PAYLOAD, tail, dot + 1, PROTECTED, head, input.at, SIGNATURE));
	TW_TRY(tw_buf_base64url(ret, signature, sizeof signature));
	return tw_buf_text(ret, "\"}");
}

tw_err tw_jws_sign(const struct tw_sys *sys, const char *typ, const tw_cert *cert, const json_t *payload,
	const struct tw_signer *signer, struct tw_buf *ret)
{
	struct tw_buf json, input;
	tw_buf_init(&json, sys, TW_JWS_MAX);
	tw_buf_init(&input, sys, TW_JWS_MAX);
	tw_err e = tw_json_write(payload, &json);
	if (!tw_failed(e))
		e = tw_jws_protected(sys, typ, cert, &input);
	if (!tw_failed(e))
		e = tw_buf_u8(&input, '.');
	if (!tw_failed(e))
		e = tw_buf_base64url(&input, json.data, json.size);
	if (!tw_failed(e))
		e = write_signed(tw_buf_slice(&input), signer, ret);
	tw_buf_done(&json);
	tw_buf_done(&input);
	return e;
}

/* The encoded parts of a JWS: certificates are in plain base64, all else in base64url. */
struct part {
	const char *name;
	size_t max;
	bool url;
};
static const struct part part_header = { "header", HEADER_MAX * 4 / 3, true };
static const struct part part_payload = { "payload", TW_JWS_MAX, true };
static const struct part part_certificate = { "certificate", CERT_B64_MAX, false };

/* Decodes text into a new buffer of the seam. The caller frees. */
static tw_err decode(const struct tw_sys *sys, const struct part *part, struct tw_slice text, char **ret, size_t *ret_size)
{
	if (text.size == 0 || text.size > part->max)
		return TW_RAISE(SYNTAX, "the JWS %s has %zu characters, wanted 1 to %zu", part->name, text.size, part->max);
	TW_CLEANUP(tw_freep) char *data = sys->alloc(sys, text.size);
	if (!data)
		return TW_RAISE(NOMEM, "the JWS %s", part->name);
	TW_TRY(part->url ? tw_parse_base64url(text, text.size, data, ret_size) : tw_parse_base64(text, text.size, data, ret_size));
	*ret = TW_STEAL(data);
	return TW_OK;
}

static struct tw_slice text_of(const json_t *value)
{
	return (struct tw_slice){ json_string_value(value), json_string_length(value) };
}

static tw_err header_cert(const struct tw_sys *sys, const json_t *header, const char *typ, tw_cert **ret)
{
	static const struct tw_shape shape[] = { { "alg", TW_JSON_TEXT, true, 0, 16 }, { "typ", TW_JSON_TEXT, true, 0, 64 },
		{ "x5c", TW_JSON_ARRAY, true, 0, 0 }, { 0 } };
	TW_CLEANUP(tw_freep) char *der = NULL;
	size_t size;
	TW_TRY(tw_json_check(header, shape));
	if (strcmp(tw_json_text(header, "alg"), "ES256") != 0)
		return TW_RAISE(SYNTAX, "the JWS algorithm is not ES256");
	if (strcmp(tw_json_text(header, "typ"), typ) != 0)
		return TW_RAISE(SYNTAX, "the JWS is a \"%.64s\", wanted \"%s\"", tw_json_text(header, "typ"), typ);
	const json_t *chain = tw_json_get(header, "x5c");
	if (json_array_size(chain) != 1) /* what is no text decodes to nothing, and is refused below */
		return TW_RAISE(SYNTAX, "the JWS must carry exactly one certificate");
	TW_TRY(decode(sys, &part_certificate, text_of(json_array_get(chain, 0)), &der, &size));
	if (der[0] != 0x30)
		return TW_RAISE(SYNTAX, "the JWS certificate is not DER");
	return tw_cert_load(sys, (struct tw_slice){ der, size }, ret);
}

static tw_err read_header(const struct tw_sys *sys, struct tw_slice text, const char *typ, tw_cert **ret)
{
	TW_CLEANUP(tw_freep) char *bytes = NULL;
	TW_CLEANUP(tw_jsonp) json_t *header = NULL;
	size_t size;
	TW_TRY(decode(sys, &part_header, text, &bytes, &size));
	TW_TRY(tw_json_parse((struct tw_slice){ bytes, size }, HEADER_MAX, &header));
	return header_cert(sys, header, typ, ret);
}

static tw_err check_signature(const json_t *jws, const tw_cert *cert)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t signature[TW_SIGNATURE_SIZE];
	size_t size;
	const struct tw_slice input[] = { text_of(tw_json_get(jws, PROTECTED)), { ".", 1 }, text_of(tw_json_get(jws, PAYLOAD)) };
	TW_TRY(tw_parse_base64url(text_of(tw_json_get(jws, SIGNATURE)), sizeof signature, signature, &size));
	if (size != sizeof signature)
		return TW_RAISE(SYNTAX, "the JWS signature has %zu bytes, wanted %zu", size, sizeof signature);
	TW_TRY(tw_cert_key(cert, &key));
	return tw_key_verify(key, input, TW_COUNT(input), signature);
}

tw_err tw_jws_verify(const struct tw_sys *sys, const char *typ, struct tw_slice text, json_t **ret_payload, tw_cert **ret_cert)
{
	static const struct tw_shape shape[] = { { PAYLOAD, TW_JSON_TEXT, true, 1, TW_JWS_MAX },
		{ PROTECTED, TW_JSON_TEXT, true, 1, TW_JWS_MAX }, { SIGNATURE, TW_JSON_TEXT, true, 86, 86 }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *jws = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_freep) char *payload = NULL;
	size_t size;
	TW_TRY(tw_json_parse(text, TW_JWS_MAX, &jws));
	TW_TRY(tw_json_check(jws, shape));
	TW_TRY(read_header(sys, text_of(tw_json_get(jws, PROTECTED)), typ, &cert));
	TW_TRY(check_signature(jws, cert));
	TW_TRY(decode(sys, &part_payload, text_of(tw_json_get(jws, PAYLOAD)), &payload, &size));
	TW_TRY(tw_json_parse((struct tw_slice){ payload, size }, TW_JWS_MAX, ret_payload));
	*ret_cert = TW_STEAL(cert);
	return TW_OK;
}

tw_err tw_jws_desk(const struct tw_sys *sys, const tw_cert *signer, const tw_cert *anchor, int64_t now_ms)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };
	tw_buf_init(&uri, sys, TW_JWS_MAX);
	TW_TRY(tw_cert_verify(signer, anchor, now_ms));
	tw_err e = tw_cert_uri(signer, &uri);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	return tw_failed(e)
		? e
		: TW_RAISE(UNTRUSTED, "signed by the unit %.200s, which does not speak for its manufacturer", tw_buf_cstr(&uri));
}
