/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/verify.h"

#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/internal.h"

const struct tw_verify_row tw_verify_example = {
	{ 0x04, 0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6, 0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8,
		0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69, 0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8,
		0xbc, 0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c, 0x2d, 0x7e, 0x9f, 0x51, 0x77,
		0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99 },
	{ 0xaf, 0x2b, 0xdb, 0xe1, 0xaa, 0x9b, 0x6e, 0xc1, 0xe2, 0xad, 0xe1, 0xd6, 0x94, 0xf4, 0x1f, 0xc7, 0x1a, 0x83, 0x1d, 0x02,
		0x68, 0xe9, 0x89, 0x15, 0x62, 0x11, 0x3d, 0x8a, 0x62, 0xad, 0xd1, 0xbf },
	{ 0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87, 0x7b,
		0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16, 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c,
		0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4,
		0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8 },
};

static bool begins(struct tw_slice text, const char *with)
{
	return text.size >= strlen(with) && memcmp(text.at, with, strlen(with)) == 0;
}

static tw_err public_key(const struct tw_sys *sys, struct tw_slice text, tw_key **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	tw_buf_init(&der, sys, TW_VERIFY_KEY_MAX);
	TW_TRY(tw_pem_or_der("PUBLIC KEY", text, &der));
	return tw_key_load_public(sys, tw_buf_slice(&der), ret);
}

tw_err tw_verify_key(const struct tw_sys *sys, struct tw_slice text, tw_key **ret)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	if (text.size > TW_VERIFY_KEY_MAX)
		return TW_RAISE(LIMIT, "a key of %zu bytes, limit %d", text.size, TW_VERIFY_KEY_MAX);
	/* Every SubjectPublicKeyInfo of P-256 has one size; a certificate holds one and more. */
	if (begins(text, "-----BEGIN PUBLIC KEY-----") || text.size <= TW_SPKI_SIZE)
		return public_key(sys, text, ret);
	TW_TRY(tw_cert_load(sys, text, &cert));
	return tw_cert_key(cert, ret);
}

tw_err tw_verify_signature(struct tw_slice bytes, uint8_t ret[TW_SIGNATURE_SIZE])
{
	if (bytes.size != TW_SIGNATURE_SIZE)
		return tw_signature_of_der(bytes, ret);
	memcpy(ret, bytes.at, TW_SIGNATURE_SIZE);
	return TW_OK;
}

tw_err tw_verify_try(const struct tw_sys *sys, const struct tw_verify_row *row)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_key_of_point(sys, row->point, &key));
	memcpy(digest, row->digest, sizeof digest);
	tw_err good = tw_key_verify_digest(key, digest, row->signature);
	if (tw_is(good, TW_CODE_UNTRUSTED))
		return TW_RAISE(CRYPTO, "ECDSA does not verify a published signature");
	TW_TRY(good);
	digest[0] ^= 1;
	tw_err altered = tw_key_verify_digest(key, digest, row->signature);
	if (!tw_failed(altered))
		return TW_RAISE(CRYPTO, "ECDSA verifies a signature over something else");
	return tw_is(altered, TW_CODE_UNTRUSTED) ? TW_OK : altered;
}

/* @nist DP.CCS.3: one place where the answer is made */
tw_err tw_verify_digest(const struct tw_sys *sys, const tw_key *key, const uint8_t digest[32], const uint8_t signature[TW_SIGNATURE_SIZE])
{
	static bool tried;
	if (!tried)
		TW_TRY(tw_verify_try(sys, &tw_verify_example));
	tried = true;
	return tw_key_verify_digest(key, digest, signature);
}
