/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approved cryptography for the owner: what the device itself relies on can be asked for and compared with one's own computing.
 *
 * Data comes in a request and is forgotten with it. Work is bounded by the request's size: a digest of the longest takes less than
 * a millisecond on any device that runs this.
 */
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/hash.h"
#include "crypto/verify.h"
#include "device/platform/device.h"
#include "device/rows-data-protection.h"

#include <string.h>

/* The bytes of a base64url text of the input. refused: rp says why. */
static tw_err read_bytes(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const char *key, struct tw_buf *ret)
{
	const struct tw_slice text = tw_slice_of(tw_json_text(rq->input, key));
	size_t size = 0;

	tw_buf_init(ret, c->sys, text.size + 1);
	TW_TRY(tw_buf_reserve(ret, text.size + 1));
	if (tw_failed(tw_parse_base64url(text, text.size, ret->data, &size)))
		return tw_reply_problem(rp, 400, "input", "crypto.form", "The data is not of the wanted form",
			"Send it in base64url, without padding.", "'%s' must be canonical base64url.", key);
	ret->size = size;
	return TW_OK;
}

/* @nist DP.CCS.4: a function that is not approved is refused by name of the rule, and nothing is computed */
static tw_err digest(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 };

	TW_TRY(read_bytes(c, rq, rp, "data", &data));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_digest_of(c->sys, tw_slice_of(tw_json_text(rq->input, "algorithm")), tw_buf_slice(&data), ret, ret_size);
	if (tw_is(e, TW_CODE_UNSUPPORTED))
		return tw_reply_problem(rp, 400, "algorithm", "crypto.approved", "This is not an approved algorithm",
			"Use " TW_DIGEST_APPROVED ".", "%s", tw_err_detail());
	return e;
}

tw_err tw_crypto_hash(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t is[TW_DIGEST_MAX];
	size_t size = 0;

	TW_TRY(digest(c, rq, rp, is, &size));
	if (rp->problem[0])
		return TW_OK;
	tw_buf_init(&hex, c->sys, (size_t)2 * TW_DIGEST_MAX);
	TW_TRY(tw_buf_hex(&hex, is, size));
	rp->body = json_pack("{s:s}", "digest", tw_buf_cstr(&hex));
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* @nist DP.CCS.6: hashed here, compared with the reference the caller brings */
tw_err tw_crypto_check(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_slice text = tw_slice_of(tw_json_text(rq->input, "digest"));
	uint8_t is[TW_DIGEST_MAX], reference[TW_DIGEST_MAX];
	size_t size = 0;

	TW_TRY(digest(c, rq, rp, is, &size));
	if (rp->problem[0])
		return TW_OK;
	if (text.size != 2 * size || tw_failed(tw_parse_hex(text, reference, size)))
		return tw_reply_problem(rp, 400, "input", "crypto.digest", "The digest is not of the wanted form",
			"Send all of it, in hexadecimal digits.", "A digest of this function has %zu hexadecimal digits.", 2 * size);
	rp->body = json_pack("{s:s}", "result", tw_equal_secret(is, reference, size) ? "match" : "mismatch");
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

static tw_err bad_signature(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 422, "signature", "crypto.signature", "The signature does not verify",
		"Do not use this data; ask whoever signed it.", "This key did not sign this data.");
}

/* A signature that is none in form fails as one that does not verify: there is nothing to be told apart. */
static tw_err verify(struct tw_context *c, const tw_key *key, struct tw_slice data, struct tw_slice signature, struct tw_reply *rp)
{
	uint8_t raw[TW_SIGNATURE_SIZE], digest[TW_SHA256_SIZE];

	if (tw_failed(tw_verify_signature(signature, raw)))
		return bad_signature(rp);
	TW_TRY(tw_sha256(data.at, data.size, digest));
	tw_err e = tw_verify_digest(c->sys, key, digest, raw);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return bad_signature(rp);
	TW_TRY(e);
	rp->body = json_pack("{s:s}", "result", "verified");
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* @nist DP.CCS.3: data whose signature fails is refused */
tw_err tw_crypto_verify(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf data = { 0 }, signature = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;

	TW_TRY(read_bytes(c, rq, rp, "data", &data));
	if (!rp->problem[0])
		TW_TRY(read_bytes(c, rq, rp, "signature", &signature));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_verify_key(c->sys, tw_slice_of(tw_json_text(rq->input, "key")), &key);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e))
		return tw_reply_problem(rp, 400, "input", "crypto.key", "This is no key to verify with",
			"Send a P-256 public key or a certificate in PEM.", "%s", tw_err_detail());
	return verify(c, key, tw_buf_slice(&data), tw_buf_slice(&signature), rp);
}

/* @nist DP.CCS.3 */
tw_err tw_protection_status_verify(struct tw_context *c, struct tw_element_status *ret)
{
	tw_err e = tw_verify_try(c->sys, &tw_verify_example);

	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	ret->status = tw_failed(e) ? TW_STATUS_NOT_PROVIDED : TW_STATUS_PROVIDED;
	if (tw_failed(e))
		(void)snprintf(ret->reason, sizeof ret->reason, "Verifying fails its own test: %.180s.", tw_err_detail());
	else
		(void)snprintf(ret->reason, sizeof ret->reason,
			"ECDSA signatures on P-256 with SHA-256 are verified; a published one was just now, and refused with one bit changed.");
	return TW_OK;
}

/* Each function gives what its standard says, tried now; the first that does not is in the reason. */
static tw_err status_of_digests(const char *provided, struct tw_element_status *ret)
{
	for (const struct tw_digest_row *row = tw_digests; row->name; row++) {
		tw_err e = tw_digest_try(row);

		if (tw_is(e, TW_CODE_NOMEM))
			return e;
		if (tw_failed(e)) {
			ret->status = TW_STATUS_NOT_PROVIDED;
			(void)snprintf(ret->reason, sizeof ret->reason, "A known answer does not come out: %.180s.", tw_err_detail());
			return TW_OK;
		}
	}
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", provided);
	return TW_OK;
}

/* @nist DP.CCS.4 */
tw_err tw_protection_status_hash(struct tw_context *c, struct tw_element_status *ret)
{
	return status_of_digests(
		"The product's software is offered " TW_DIGEST_APPROVED ", and no other; their known answers came out just now.", ret);
}

/* @nist DP.CCS.6 */
tw_err tw_protection_status_digest_check(struct tw_context *c, struct tw_element_status *ret)
{
	return status_of_digests(
		"Data is hashed by an approved function and compared with a reference; the functions' known answers came out just now.", ret);
}
