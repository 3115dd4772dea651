/* SPDX-License-Identifier: Apache-2.0 */
/* For targets behind a signature: one fixed key, a certificate for it, and a JWS over whatever the search comes up with. */
#ifndef TW_FUZZ_SIGNED_H
#define TW_FUZZ_SIGNED_H
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "formats/jws.h"
#include "sys/real.h"

#include <stdlib.h>

static tw_key *fuzz_key;
static tw_cert *fuzz_ca, *fuzz_cert;

static inline void fuzz_must(bool good)
{
	if (!good)
		abort();
}

static inline void fuzz_begin(void)
{
	/* RFC 6979 appendix A.2.5: nobody's secret. */
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
				  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgya+p2EW6dRZrXCFX\n"
				  "Z7HWk05Qw9s26JsSe4piKxIPZyGhRANCAARg/tS6JVqdMclh63TGNW1owEm4kjth\n"
				  "+mzmaWIuYPKftnkD/hAIuLyZpBrp6VYovGTy8bIMLX6fUXejwpTURiKZ\n"
				  "-----END PRIVATE KEY-----\n";
	const struct tw_cert_want ca = { .common_name = "CA", .is_ca = true, .not_before_ms = 1 };
	const struct tw_cert_want want = { .common_name = "T", .uri = "urn:dev:ops:32473-T-1", .not_before_ms = 1 };
	const struct tw_sys *sys = tw_sys_real();
	if (fuzz_key)
		return;
	tw_crypto_use(sys);
	tw_json_use(sys);
	fuzz_must(!tw_failed(tw_key_load(sys, TW_SLICE(pem), &fuzz_key)) &&
		!tw_failed(tw_cert_make(sys, &ca, fuzz_key, NULL, fuzz_key, &fuzz_ca)) &&
		!tw_failed(tw_cert_make(sys, &want, fuzz_key, fuzz_ca, fuzz_key, &fuzz_cert)));
}

/* The flattened JWS of these two texts. */
static inline void fuzz_sign(struct tw_slice header, struct tw_slice payload, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf h = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf p = { 0 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	tw_buf_init(&h, tw_sys_real(), SIZE_MAX);
	tw_buf_init(&p, tw_sys_real(), SIZE_MAX);
	fuzz_must(!tw_failed(tw_buf_base64url(&h, header.at, header.size)) && !tw_failed(tw_buf_base64url(&p, payload.at, payload.size)));
	const struct tw_slice parts[] = { tw_buf_slice(&h), TW_SLICE("."), tw_buf_slice(&p) };
	fuzz_must(!tw_failed(tw_key_sign(fuzz_key, parts, TW_COUNT(parts), signature)));
	fuzz_must(!tw_failed(
		tw_buf_format(ret, "{\"payload\":\"%s\",\"protected\":\"%s\",\"signature\":\"", tw_buf_cstr(&p), tw_buf_cstr(&h))));
	fuzz_must(!tw_failed(tw_buf_base64url(ret, signature, sizeof signature)) && !tw_failed(tw_buf_text(ret, "\"}")));
}

#endif
