/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One envelope, closed, as in jws.c: tag, four members, three protected headers, all required.
 *
 * The signature is checked before anything reads the payload's meaning. That the whole is deterministic CBOR is asked first: so
 * no envelope has a second spelling, although nothing but the payload and the protected header is signed.
 */
#include "formats/cose.h"

#include "formats/cbor.h"

#include <string.h>

#define LABEL_ALG 1
#define LABEL_TYP 16
#define LABEL_X5CHAIN 33
#define ALG_ES256 (-7)
#define PROTECTED_MAX 8192 /* a certificate of ours takes 900 bytes */

static const struct tw_slice context = { "Signature1", 10 };

static tw_err protected_write(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	tw_buf_init(&der, sys, PROTECTED_MAX);
	TW_TRY(tw_cert_der(cert, &der));
	TW_TRY(tw_cbor_put_head(ret, TW_CBOR_MAP, 3));
	TW_TRY(tw_cbor_put_int(ret, LABEL_ALG));
	TW_TRY(tw_cbor_put_int(ret, ALG_ES256));
	TW_TRY(tw_cbor_put_int(ret, LABEL_TYP));
	TW_TRY(tw_cbor_put_text(ret, tw_slice_of(typ)));
	TW_TRY(tw_cbor_put_int(ret, LABEL_X5CHAIN));
	return tw_cbor_put_bytes(ret, der.data, der.size);
}

/* RFC 9052 section 4.4, as far as the payload: context, protected header, no external data. */
static tw_err signed_head(struct tw_slice header, struct tw_buf *ret)
{
	TW_TRY(tw_cbor_put_head(ret, TW_CBOR_ARRAY, 4));
	TW_TRY(tw_cbor_put_text(ret, context));
	TW_TRY(tw_cbor_put_bytes(ret, header.at, header.size));
	return tw_cbor_put_bytes(ret, "", 0);
}

tw_err tw_cose_signed_head(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf header = { 0 };
	tw_buf_init(&header, sys, PROTECTED_MAX);
	TW_TRY(protected_write(sys, typ, cert, &header));
	return signed_head(tw_buf_slice(&header), ret);
}

static tw_err write_signed(struct tw_slice header, struct tw_slice payload, const uint8_t *signature, struct tw_buf *ret)
{
	TW_TRY(tw_cbor_put_head(ret, TW_CBOR_TAG, TW_COSE_TAG));
	TW_TRY(tw_cbor_put_head(ret, TW_CBOR_ARRAY, 4));
	TW_TRY(tw_cbor_put_bytes(ret, header.at, header.size));
	TW_TRY(tw_cbor_put_head(ret, TW_CBOR_MAP, 0));
	TW_TRY(tw_cbor_put_bytes(ret, payload.at, payload.size));
	return tw_cbor_put_bytes(ret, signature, TW_SIGNATURE_SIZE);
}

tw_err tw_cose_sign(const struct tw_sys *sys, const char *typ, const tw_cert *cert, struct tw_slice payload,
	const struct tw_signer *signer, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf header = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf input = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	tw_buf_init(&header, sys, PROTECTED_MAX);
	tw_buf_init(&input, sys, TW_COSE_MAX);
	TW_TRY(protected_write(sys, typ, cert, &header));
	TW_TRY(signed_head(tw_buf_slice(&header), &input));
	TW_TRY(tw_cbor_put_bytes(&input, payload.at, payload.size));
	TW_TRY(signer->sign(signer->user, tw_buf_slice(&input), signature));
	return write_signed(tw_buf_slice(&header), payload, signature, ret);
}

static tw_err label(struct tw_cursor *c, int64_t want, const char *what)
{
	int64_t got;
	TW_TRY(tw_cbor_int(c, &got));
	if (got != want)
		return TW_RAISE(SYNTAX, "the COSE header is not %s", what);
	return TW_OK;
}

static tw_err header_cert(const struct tw_sys *sys, struct tw_slice header, const char *typ, tw_cert **ret)
{
	struct tw_cursor c = tw_cursor_of(header.at, header.size);
	struct tw_slice said, der;
	uint64_t count;
	TW_TRY(tw_cbor_check(header));
	TW_TRY(tw_cbor_map(&c, &count));
	if (count != 3)
		return TW_RAISE(SYNTAX, "the COSE header is not of alg, typ and x5chain");
	TW_TRY(label(&c, LABEL_ALG, "of alg, typ and x5chain"));
	TW_TRY(label(&c, ALG_ES256, "for ES256"));
	TW_TRY(label(&c, LABEL_TYP, "of alg, typ and x5chain"));
	TW_TRY(tw_cbor_text(&c, &said));
	if (!tw_slice_is(said, typ))
		return TW_RAISE(SYNTAX, "the COSE message is not a \"%s\"", typ);
	TW_TRY(label(&c, LABEL_X5CHAIN, "of alg, typ and x5chain"));
	TW_TRY(tw_cbor_bytes(&c, &der));
	if (der.size == 0 || der.at[0] != 0x30)
		return TW_RAISE(SYNTAX, "the COSE certificate is not DER");
	return tw_cert_load(sys, der, ret);
}

static tw_err check_signature(
	const struct tw_sys *sys, struct tw_slice header, struct tw_slice payload, struct tw_slice signature, const tw_cert *cert)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf input = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	if (signature.size != TW_SIGNATURE_SIZE)
		return TW_RAISE(SYNTAX, "the COSE signature has %zu bytes, wanted %d", signature.size, TW_SIGNATURE_SIZE);
	tw_buf_init(&input, sys, TW_COSE_MAX + 64);
	TW_TRY(signed_head(header, &input));
	TW_TRY(tw_cbor_put_bytes(&input, payload.at, payload.size));
	TW_TRY(tw_cert_key(cert, &key));
	const struct tw_slice all = tw_buf_slice(&input);
	return tw_key_verify(key, &all, 1, (const uint8_t *)signature.at);
}

tw_err tw_cose_verify(const struct tw_sys *sys, const char *typ, struct tw_slice data, struct tw_slice *ret_payload, tw_cert **ret_cert)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	struct tw_cursor c = tw_cursor_of(data.at, data.size);
	struct tw_slice header, payload, signature;
	uint64_t tag, members, unprotected;
	if (data.size > TW_COSE_MAX)
		return TW_RAISE(LIMIT, "a COSE message of %zu bytes, limit %d", data.size, TW_COSE_MAX);
	TW_TRY(tw_cbor_check(data));
	TW_TRY(tw_cbor_tag(&c, &tag));
	TW_TRY(tw_cbor_array(&c, &members));
	if (tag != TW_COSE_TAG || members != 4)
		return TW_RAISE(SYNTAX, "not a COSE_Sign1");
	TW_TRY(tw_cbor_bytes(&c, &header));
	TW_TRY(tw_cbor_map(&c, &unprotected));
	if (unprotected != 0)
		return TW_RAISE(SYNTAX, "the COSE message has unprotected headers");
	TW_TRY(tw_cbor_bytes(&c, &payload));
	TW_TRY(tw_cbor_bytes(&c, &signature));
	TW_TRY(header_cert(sys, header, typ, &cert));
	TW_TRY(check_signature(sys, header, payload, signature, cert));
	TW_TRY(tw_cbor_check(payload));
	*ret_payload = payload;
	*ret_cert = TW_STEAL(cert);
	return TW_OK;
}
