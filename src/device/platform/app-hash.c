/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/app-hash.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/verify.h"
#include "sys/application.h"

void tw_app_hash_done(struct tw_app_hash *h)
{
	(void)tw_digest_free(h->running);
	*h = (struct tw_app_hash){ .running = NULL };
}

/* @nist DP.CCS.4: device code gets approved functions, and a reason for any other */
tw_err tw_app_hash_begin(const struct tw_sys *sys, struct tw_app_hash *h, struct tw_slice payload)
{
	struct tw_slice name;

	tw_app_hash_done(h);
	TW_TRY(tw_app_read_hash(payload, &name));
	tw_err e = tw_digest_begin(sys, name, &h->running);
	if (tw_is(e, TW_CODE_UNSUPPORTED)) {
		h->rule = "crypto.approved";
		h->why = "this is not an approved hash function; " TW_DIGEST_APPROVED " are";
	} else if (tw_is(e, TW_CODE_CRYPTO)) {
		h->rule = "crypto.self-test";
		h->why = "this function does not give what its standard says";
	} else {
		return e;
	}
	return TW_OK;
}

tw_err tw_app_hash_add(struct tw_app_hash *h, struct tw_slice data)
{
	return h->running ? tw_digest_add(h->running, data.at, data.size) : TW_OK;
}

static tw_err deny(struct tw_app_hash *h, const char *rule, const char *why)
{
	h->rule = rule;
	h->why = why;
	return TW_RAISE(DENIED, "%s: %s", rule, why);
}

tw_err tw_app_hash_end(struct tw_app_hash *h, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size)
{
	if (!h->running)
		return h->rule ? TW_RAISE(DENIED, "%s: %s", h->rule, h->why) : deny(h, "application.hash", "no hash was begun");
	tw_err e = tw_digest_end(h->running, ret, ret_size);
	tw_app_hash_done(h);
	return e;
}

/* @nist DP.CCS.6 */
tw_err tw_app_hash_check(struct tw_app_hash *h, struct tw_slice reference, bool *ret_match)
{
	uint8_t is[TW_DIGEST_MAX];
	size_t size = 0;

	TW_TRY(tw_app_hash_end(h, is, &size));
	if (reference.size != size)
		return deny(h, "crypto.digest", "a digest of this function is of another length");
	*ret_match = tw_equal_secret(is, reference.at, size);
	return TW_OK;
}

/* @nist DP.CCS.3: for device code */
tw_err tw_app_hash_verify(const struct tw_sys *sys, struct tw_app_hash *h, struct tw_slice payload, bool *ret_verified)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t is[TW_DIGEST_MAX], raw[TW_SIGNATURE_SIZE];
	struct tw_slice text, signature;
	size_t size = 0;

	TW_TRY(tw_app_read_verify(payload, &text, &signature));
	TW_TRY(tw_app_hash_end(h, is, &size));
	if (size != TW_SHA256_SIZE)
		return deny(h, "crypto.approved", "signatures are verified over a sha-256 only");
	tw_err e = tw_verify_key(sys, text, &key);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e))
		return deny(h, "crypto.key", "this is no P-256 public key and no certificate with one");
	e = tw_verify_signature(signature, raw);
	if (!tw_failed(e))
		e = tw_verify_digest(sys, key, is, raw);
	*ret_verified = !tw_failed(e);
	return tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX) ? TW_OK : e;
}
