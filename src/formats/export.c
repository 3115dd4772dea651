/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The word for it is beside the content and over its digest, as an inventory's is (sbom.h): the device's key signs in another process, which sees that
 * it signs an export and nothing else. It names the key that it was sealed for, so that a recipient cannot pass it on as if it had been for another.
 */
#include "formats/export.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "formats/claim.h"

#include <string.h>

#define PROFILE "urn:thingward:export:1"
#define DIGEST_TEXT 64
#define PLAIN_MAX (3 * TW_EXPORT_CONTENT_MAX) /* the content as a JSON text in JSON, and its signature */
#define JWS_MAX (16 * 1024)

static tw_err hex_of(const struct tw_sys *sys, const uint8_t digest[32], char ret[DIGEST_TEXT + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	tw_buf_init(&hex, sys, DIGEST_TEXT);
	TW_TRY(tw_buf_hex(&hex, digest, 32));
	memcpy(ret, tw_buf_cstr(&hex), DIGEST_TEXT + 1);
	return TW_OK;
}

static tw_err digest_of(const struct tw_sys *sys, struct tw_slice text, char ret[DIGEST_TEXT + 1])
{
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_sha256(text.at, text.size, digest));
	return hex_of(sys, digest, ret);
}

static tw_err name_of(const struct tw_sys *sys, const tw_key *key, char ret[DIGEST_TEXT + 1])
{
	uint8_t fingerprint[32];
	TW_TRY(tw_key_fingerprint(key, fingerprint));
	return hex_of(sys, fingerprint, ret);
}

/* --- Sealing --- */

static tw_err make_claims(
	const struct tw_sys *sys, const struct tw_export *e, const tw_key *recipient, struct tw_slice content, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	char digest[DIGEST_TEXT + 1], name[DIGEST_TEXT + 1];
	TW_TRY(digest_of(sys, content, digest));
	TW_TRY(name_of(sys, recipient, name));
	TW_TRY(tw_json_set(o, "eat_profile", json_string(PROFILE)));
	TW_TRY(tw_json_set(o, "sub", json_string(e->identifier)));
	TW_TRY(tw_json_set(o, "aud", json_string(name)));
	TW_TRY(tw_json_set(o, "iat", json_integer(e->made_ms / 1000)));
	TW_TRY(tw_json_set(o, "thingward_time_trusted", json_boolean(e->time_trusted)));
	TW_TRY(tw_json_set(o, "export_recipient", json_string(e->recipient)));
	TW_TRY(tw_json_set(o, "export_data", json_string(e->data)));
	TW_TRY(tw_json_set(o, "export_by", json_string(e->by)));
	TW_TRY(tw_json_set(o, "export_sha256", json_string(digest)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err write_plain(const struct tw_sys *sys, const json_t *claims, struct tw_slice content,
	const struct tw_export_parties *parties, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	tw_buf_init(&jws, sys, JWS_MAX);
	TW_TRY(tw_jws_sign(sys, TW_JWS_EXPORT, parties->device, claims, parties->signer, &jws));
	TW_TRY(tw_buf_text(ret, "{\"content\":"));
	TW_TRY(tw_buf_json_string(ret, content));
	TW_TRY(tw_buf_text(ret, ",\"signature\":"));
	TW_TRY(tw_buf_add(ret, jws.data, jws.size));
	return tw_buf_text(ret, "}");
}

tw_err tw_export_seal(const struct tw_sys *sys, const struct tw_export *e, const json_t *content,
	const struct tw_export_parties *parties, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, plain = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	tw_buf_init(&text, sys, TW_EXPORT_CONTENT_MAX);
	tw_buf_init(&plain, sys, PLAIN_MAX);
	TW_TRY(tw_json_write(content, &text));
	TW_TRY(tw_cert_key(parties->recipient, &key));
	TW_TRY(make_claims(sys, e, key, tw_buf_slice(&text), &claims));
	TW_TRY(write_plain(sys, claims, tw_buf_slice(&text), parties, &plain));
	return tw_jwe_seal(sys, TW_EXPORT_CTY, key, tw_buf_slice(&plain), ret);
}

/* --- Opening --- */

static tw_err check_claims(const struct tw_sys *sys, const json_t *claims, const tw_key *own, struct tw_slice content)
{
	static const struct tw_shape shape[] = { { "eat_profile", TW_JSON_TEXT, true, 1, 64 },
		{ "sub", TW_JSON_TEXT, true, 1, TW_IDENTIFIER_MAX }, { "aud", TW_JSON_TEXT, true, DIGEST_TEXT, DIGEST_TEXT },
		{ "iat", TW_JSON_INT, true, 0, 253402300799 }, { "thingward_time_trusted", TW_JSON_BOOL, true, 0, 0 },
		{ "export_recipient", TW_JSON_TEXT, true, 1, TW_EXPORT_WORD_MAX },
		{ "export_data", TW_JSON_TEXT, true, 1, TW_EXPORT_WORD_MAX }, { "export_by", TW_JSON_TEXT, true, 1, TW_EXPORT_WORD_MAX },
		{ "export_sha256", TW_JSON_TEXT, true, DIGEST_TEXT, DIGEST_TEXT }, { 0 } };
	char digest[DIGEST_TEXT + 1], name[DIGEST_TEXT + 1];
	TW_TRY(tw_json_check(claims, shape));
	if (strcmp(tw_json_text(claims, "eat_profile"), PROFILE) != 0)
		return TW_RAISE(SYNTAX, "not an export of this profile");
	TW_TRY(name_of(sys, own, name));
	if (strcmp(tw_json_text(claims, "aud"), name) != 0)
		return TW_RAISE(UNTRUSTED, "the export was made for another recipient");
	TW_TRY(digest_of(sys, content, digest));
	return strcmp(tw_json_text(claims, "export_sha256"), digest) == 0
		? TW_OK
		: TW_RAISE(UNTRUSTED, "the content is not the one that was signed");
}

static tw_err read_claims(const json_t *claims, struct tw_export *ret)
{
	TW_TRY(tw_claim_text(tw_json_text(claims, "sub"), "sub", ret->identifier, sizeof ret->identifier));
	TW_TRY(tw_claim_text(tw_json_text(claims, "export_recipient"), "export_recipient", ret->recipient, sizeof ret->recipient));
	TW_TRY(tw_claim_text(tw_json_text(claims, "export_data"), "export_data", ret->data, sizeof ret->data));
	TW_TRY(tw_claim_text(tw_json_text(claims, "export_by"), "export_by", ret->by, sizeof ret->by));
	ret->made_ms = tw_json_int(claims, "iat") * 1000;
	ret->time_trusted = tw_json_bool(claims, "thingward_time_trusted");
	return TW_OK;
}

static tw_err read_plain(const struct tw_sys *sys, const json_t *plain, const struct tw_export_expect *expect, struct tw_export *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf jws = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	tw_buf_init(&jws, sys, JWS_MAX);
	TW_TRY(tw_json_write(tw_json_get(plain, "signature"), &jws));
	TW_TRY(tw_jws_verify(sys, TW_JWS_EXPORT, tw_buf_slice(&jws), &claims, &device));
	TW_TRY(tw_cert_verify(device, expect->anchor, expect->now_ms));
	TW_TRY(check_claims(sys, claims, expect->own, tw_slice_of(tw_json_text(plain, "content"))));
	TW_TRY(tw_claim_signer(sys, device, tw_json_text(claims, "sub"), "export"));
	return read_claims(claims, ret);
}

tw_err tw_export_open(const struct tw_sys *sys, struct tw_slice text, const struct tw_export_expect *expect, struct tw_export *ret,
	json_t **ret_content)
{
	static const struct tw_shape shape[] = { { "content", TW_JSON_TEXT, true, 1, TW_EXPORT_CONTENT_MAX },
		{ "signature", TW_JSON_OBJECT, true, 0, 0 }, { 0 } };
	TW_CLEANUP(tw_buf_done) struct tw_buf opened = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *plain = NULL;
	struct tw_export e;
	tw_buf_init(&opened, sys, PLAIN_MAX);
	TW_TRY(tw_jwe_open(sys, TW_EXPORT_CTY, expect->own, text, &opened));
	TW_TRY(tw_json_parse(tw_buf_slice(&opened), PLAIN_MAX, &plain));
	TW_TRY(tw_json_check(plain, shape));
	TW_TRY(read_plain(sys, plain, expect, &e));
	TW_TRY(tw_json_parse(tw_slice_of(tw_json_text(plain, "content")), TW_EXPORT_CONTENT_MAX, ret_content));
	*ret = e;
	return TW_OK;
}
