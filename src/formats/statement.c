/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device statement as JSON claims: see statement.h and doc/spec/statement.md.
 *
 * Verification is one function that asks everything: who wants to know whether a statement is good cannot forget the nonce,
 * the connection or the certificate.
 */
#include "formats/statement.h"

#include "base/text.h"
#include "formats/claim.h"
#include "formats/identifier.h"

#include <string.h>

#define PROFILE "urn:thingward:statement:1"
#define SWNAME "thingward-device"

static tw_err set_base64url(const struct tw_sys *sys, json_t *o, const char *key, const void *data, size_t size)
{
	struct tw_buf b;
	tw_buf_init(&b, sys, 256);
	tw_err e = tw_buf_base64url(&b, data, size);
	if (!tw_failed(e))
		e = tw_json_set(o, key, json_string(tw_buf_cstr(&b)));
	tw_buf_done(&b);
	return e;
}

static tw_err claims_of(const struct tw_sys *sys, const struct tw_statement *s, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_TRY(tw_json_set(o, "eat_profile", json_string(PROFILE)));
	TW_TRY(tw_json_set(o, "sub", json_string(s->identifier)));
	TW_TRY(set_base64url(sys, o, "eat_nonce", s->nonce, s->nonce_size));
	TW_TRY(tw_json_set(o, "iat", json_integer(s->issued_ms / 1000)));
	TW_TRY(tw_json_set(o, "thingward_time_trusted", json_boolean(s->time_trusted)));
	if (s->has_exporter)
		TW_TRY(set_base64url(sys, o, "thingward_exporter", s->exporter, sizeof s->exporter));
	TW_TRY(set_base64url(sys, o, "hwmodel", s->model, strlen(s->model)));
	TW_TRY(tw_json_set(o, "swname", json_string(SWNAME)));
	TW_TRY(tw_json_set(o, "swversion", json_pack("[s]", s->software)));
	TW_TRY(tw_json_set(o, "thingward_product_version", json_string(s->product_version)));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* @nist DI.IMS.2: identifier, caller's nonce and connection under one signature of the device key */
tw_err tw_statement_sign(const struct tw_sys *sys, const struct tw_statement *s, const tw_cert *device,
	const struct tw_signer *signer, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	if (s->nonce_size < TW_STATEMENT_NONCE_MIN || s->nonce_size > TW_STATEMENT_NONCE_MAX)
		return TW_RAISE(LIMIT, "a nonce of %zu bytes, wanted %d to %d", s->nonce_size, TW_STATEMENT_NONCE_MIN,
			TW_STATEMENT_NONCE_MAX);
	TW_TRY(claims_of(sys, s, &claims));
	return tw_jws_sign(sys, TW_JWS_STATEMENT, device, claims, signer, ret);
}

static tw_err claims_read(const json_t *o, struct tw_statement *s)
{
	static const struct tw_shape shape[] = { { "eat_profile", TW_JSON_TEXT, true, 1, 64 },
		{ "sub", TW_JSON_TEXT, true, 1, TW_IDENTIFIER_MAX }, { "eat_nonce", TW_JSON_TEXT, true, 22, 86 },
		{ "iat", TW_JSON_INT, true, 0, 253402300799 }, { "thingward_time_trusted", TW_JSON_BOOL, true, 0, 0 },
		{ "thingward_exporter", TW_JSON_TEXT, false, 43, 43 }, { "hwmodel", TW_JSON_TEXT, true, 1, 84 },
		{ "swname", TW_JSON_TEXT, true, 1, 64 }, { "swversion", TW_JSON_ARRAY, true, 0, 0 },
		{ "thingward_product_version", TW_JSON_TEXT, true, 1, 63 }, { 0 } };
	struct tw_identifier parts;
	char model[sizeof s->model] = "";
	size_t size;
	TW_TRY(tw_json_check(o, shape));
	if (strcmp(tw_json_text(o, "eat_profile"), PROFILE) != 0 || strcmp(tw_json_text(o, "swname"), SWNAME) != 0)
		return TW_RAISE(SYNTAX, "not a statement of this profile");
	TW_TRY(tw_claim_text(tw_json_text(o, "sub"), "sub", s->identifier, sizeof s->identifier));
	TW_TRY(tw_identifier_read(tw_slice_of(s->identifier), &parts));
	TW_TRY(tw_claim_bytes(o, "eat_nonce", TW_STATEMENT_NONCE_MIN, TW_STATEMENT_NONCE_MAX, s->nonce, &s->nonce_size));
	s->issued_ms = tw_json_int(o, "iat") * 1000;
	s->time_trusted = tw_json_bool(o, "thingward_time_trusted");
	s->has_exporter = tw_json_get(o, "thingward_exporter") != NULL;
	if (s->has_exporter)
		TW_TRY(tw_claim_bytes(o, "thingward_exporter", sizeof s->exporter, sizeof s->exporter, s->exporter, &size));
	TW_TRY(tw_claim_bytes(o, "hwmodel", 1, sizeof model - 1, model, &size));
	if (memchr(model, '\0', size))
		return TW_RAISE(SYNTAX, "'hwmodel' has a NUL inside");
	TW_TRY(tw_claim_text(model, "hwmodel", s->model, sizeof s->model));
	const json_t *versions = tw_json_get(o, "swversion"), *version = json_array_get(versions, 0);
	if (json_array_size(versions) != 1) /* what is no text is refused below */
		return TW_RAISE(SYNTAX, "'swversion' is not one text in an array");
	TW_TRY(tw_claim_text(json_string_value(version), "swversion", s->software, sizeof s->software));
	return tw_claim_text(tw_json_text(o, "thingward_product_version"), "thingward_product_version", s->product_version,
		sizeof s->product_version);
}

static tw_err meant_for(const struct tw_statement *s, const void *nonce, size_t nonce_size, const uint8_t *exporter)
{
	if (s->nonce_size != nonce_size || memcmp(s->nonce, nonce, nonce_size) != 0)
		return TW_RAISE(UNTRUSTED, "the statement answers another nonce");
	if (s->has_exporter != (exporter != NULL))
		return TW_RAISE(UNTRUSTED, "the statement is %s a TLS connection", s->has_exporter ? "bound to" : "not bound to");
	if (exporter && memcmp(s->exporter, exporter, sizeof s->exporter) != 0)
		return TW_RAISE(UNTRUSTED, "the statement was made for another TLS connection");
	return TW_OK;
}

/* @nist DI.IMS.2: proves the unit to whoever holds its maker's certificate */
tw_err tw_statement_verify(const struct tw_sys *sys, struct tw_slice text, const tw_cert *anchor, int64_t now_ms, const void *nonce,
	size_t nonce_size, const uint8_t *exporter, struct tw_statement *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	struct tw_statement s = { 0 };
	TW_TRY(tw_jws_verify(sys, TW_JWS_STATEMENT, text, &claims, &device));
	TW_TRY(tw_cert_verify(device, anchor, now_ms));
	TW_TRY(claims_read(claims, &s));
	TW_TRY(tw_claim_signer(sys, device, s.identifier, "statement"));
	TW_TRY(meant_for(&s, nonce, nonce_size, exporter));
	*ret = s;
	return TW_OK;
}
