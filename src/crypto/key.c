/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P-256 keys.
 *
 * The public half is kept beside OpenSSL's object as its 65 bytes: fingerprints, SubjectPublicKeyInfo and comparisons then need no
 * encoder, and work alike for a key whose private half is in another process. Keys are accepted in their one DER spelling only
 * (named curve, uncompressed point), so that a fingerprint names a key and not a way to write it, and no decoder has to be loaded.
 */
#include "crypto/key.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "crypto/internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

/* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING, no unused bits */
const uint8_t tw_spki_prefix[TW_SPKI_PREFIX] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
	0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };
/* PKCS#8 (RFC 5958) around ECPrivateKey (RFC 5915) with the public point: what stands before the scalar, and before the point. */
static const uint8_t pkcs8_head[] = { 0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
	0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20 };
static const uint8_t pkcs8_middle[] = { 0xa1, 0x44, 0x03, 0x42, 0x00 };
#define SCALAR_SIZE 32
#define PKCS8_SIZE (sizeof pkcs8_head + SCALAR_SIZE + sizeof pkcs8_middle + TW_POINT_SIZE)
/* Order of the group: r and s lie in 1..n-1 (FIPS 186-5 section 6.4.2). */
static const uint8_t order[SCALAR_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
#define KEY_PEM_LINES 72  /* first and last line, padding and the ends of the others */
#define KEY_FILE_MAX 4096 /* a key in PEM has 241 bytes; people put comments before it */

bool tw_crypto_lock_keys(void)
{
	/* 16 KiB hold some twenty keys with what OpenSSL computes on them; 1 says locked, 2 only guarded. */
	return CRYPTO_secure_malloc_init((size_t)16 * 1024, 16) == 1;
}

tw_err tw_key_of_evp(const struct tw_sys *sys, EVP_PKEY *evp, const uint8_t point[TW_POINT_SIZE], bool is_private, tw_key **ret)
{
	tw_key *k = TW_NEW(sys, tw_key);
	if (!k) {
		EVP_PKEY_free(evp);
		return TW_RAISE(NOMEM, "a key");
	}
	k->sys = sys;
	k->evp = evp;
	k->is_private = is_private;
	memcpy(k->point, point, TW_POINT_SIZE);
	*ret = k;
	return TW_OK;
}

tw_err tw_key_generate(const struct tw_sys *sys, tw_key **ret)
{
	uint8_t point[TW_POINT_SIZE];
	size_t size = 0;
	EVP_PKEY *evp = EVP_EC_gen("P-256");
	if (!evp || EVP_PKEY_get_octet_string_param(evp, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size) != 1 || size != TW_POINT_SIZE) {
		EVP_PKEY_free(evp);
		return TW_RAISE_OPENSSL("making a key");
	}
	return tw_key_of_evp(sys, evp, point, true, ret);
}

/* The lines of a PEM block, without their ends. */
static tw_err pem_lines(const char *name, struct tw_slice text, struct tw_buf *ret)
{
	char begin[64], end[64];
	int begin_size = snprintf(begin, sizeof begin, "-----BEGIN %s-----\n", name);
	(void)snprintf(end, sizeof end, "-----END %s-----", name);
	const char *from = text.size ? memmem(text.at, text.size, begin, (size_t)begin_size) : NULL;
	if (!from)
		return TW_RAISE(SYNTAX, "no PEM block \"%s\"", name);
	from += begin_size;
	const char *to = memmem(from, text.size - (size_t)(from - text.at), end, strlen(end));
	if (!to)
		return TW_RAISE(SYNTAX, "PEM block \"%s\" has no end", name);
	for (const char *p = to + strlen(end); p < text.at + text.size; p++) {
		if (*p != '\n' && *p != '\r')
			return TW_RAISE(SYNTAX, "something follows PEM block \"%s\"", name);
	}
	for (const char *p = from; p < to; p++) {
		if (*p != '\n' && *p != '\r')
			TW_TRY(tw_buf_u8(ret, (uint8_t)*p));
	}
	return TW_OK;
}

tw_err tw_pem_or_der(const char *name, struct tw_slice text, struct tw_buf *ret_der)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf lines = { 0 }, der = { 0 }; /* wiped: it may be a private key */
	size_t size = 0;
	tw_buf_init(&lines, ret_der->sys, text.size + 1);
	tw_buf_init(&der, ret_der->sys, text.size + 1);
	if (text.size > 0 && text.at[0] == 0x30)
		return tw_buf_add(ret_der, text.at, text.size);
	TW_TRY(tw_buf_reserve(&lines, text.size));
	TW_TRY(pem_lines(name, text, &lines));
	TW_TRY(tw_buf_reserve(&der, text.size));
	der.size = text.size;
	TW_TRY(tw_parse_base64(tw_buf_slice(&lines), text.size, (uint8_t *)der.data, &size));
	return tw_buf_add(ret_der, der.data, size);
}

tw_err tw_pem_write(const char *name, struct tw_slice der, struct tw_buf *ret)
{
	const size_t step = 48; /* bytes to a line */
	tw_err e = tw_buf_format(ret, "-----BEGIN %s-----\n", name);
	for (size_t i = 0; i < der.size && !tw_failed(e); i += step) {
		char line[65];
		int size = EVP_EncodeBlock((uint8_t *)line, (const uint8_t *)der.at + i, (int)(der.size - i < step ? der.size - i : step));
		line[size] = '\n';
		e = tw_buf_add(ret, line, (size_t)size + 1);
		tw_wipe(line, sizeof line); /* it may be a private key */
	}
	TW_TRY(e);
	return tw_buf_format(ret, "-----END %s-----\n", name);
}

/* A key from its two halves. OpenSSL takes the scalar as a number; it goes through its locked memory where there is some. */
static tw_err key_of_halves(const struct tw_sys *sys, const uint8_t scalar[SCALAR_SIZE], const uint8_t point[TW_POINT_SIZE], tw_key **ret)
{
	tw_openssl_afresh();
	EVP_PKEY *evp = NULL;
	BIGNUM *d = BN_secure_new();
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	bool ready = d && build && ctx && BN_bin2bn(scalar, SCALAR_SIZE, d) && EVP_PKEY_fromdata_init(ctx) == 1 &&
		OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
		OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, TW_POINT_SIZE) == 1 &&
		OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY, d, SCALAR_SIZE) == 1;
	OSSL_PARAM *params = ready ? OSSL_PARAM_BLD_to_param(build) : NULL;
	bool made = params && EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_KEYPAIR, params) == 1;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_clear_free(d);
	if (!made)
		return TW_RAISE_REFUSED(UNTRUSTED, "the private key is none of P-256");
	return tw_key_of_evp(sys, evp, point, true, ret);
}

static bool in_range(const uint8_t v[SCALAR_SIZE])
{
	static const uint8_t zero[SCALAR_SIZE];
	return memcmp(v, zero, SCALAR_SIZE) != 0 && memcmp(v, order, SCALAR_SIZE) < 0;
}

/* The one spelling that OpenSSL, everybody's genpkey and tw_key_save write: no decoder needs to be loaded for it. */
static tw_err load_der(const struct tw_sys *sys, struct tw_slice der, tw_key **ret)
{
	const uint8_t *scalar = (const uint8_t *)der.at + sizeof pkcs8_head, *middle = scalar + SCALAR_SIZE,
		      *point = middle + sizeof pkcs8_middle;
	if (der.size != PKCS8_SIZE || memcmp(der.at, pkcs8_head, sizeof pkcs8_head) != 0 ||
		memcmp(middle, pkcs8_middle, sizeof pkcs8_middle) != 0 || point[0] != POINT_CONVERSION_UNCOMPRESSED || !in_range(scalar))
		return TW_RAISE(UNSUPPORTED, "not a P-256 private key in PKCS#8 with its public point");
	return key_of_halves(sys, scalar, point, ret);
}

/* A private half that does not fit its public one would sign, and nobody could verify. */
static tw_err halves_fit(const tw_key *k)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->evp, NULL);
	int fit = ctx ? EVP_PKEY_pairwise_check(ctx) : -1;
	EVP_PKEY_CTX_free(ctx);
	if (fit == 1)
		return TW_OK;
	return TW_RAISE_REFUSED(UNTRUSTED, "the private half of the key does not fit the public one");
}

tw_err tw_key_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_key **ret)
{
	TW_CLEANUP(tw_key_freep) tw_key *k = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf der = { 0 };
	tw_buf_init(&der, sys, KEY_FILE_MAX);
	if (pem_or_der.size > KEY_FILE_MAX)
		return TW_RAISE(LIMIT, "a private key of %zu bytes, limit %d", pem_or_der.size, KEY_FILE_MAX);
	TW_TRY(tw_buf_reserve(&der, pem_or_der.size));
	TW_TRY(tw_pem_or_der("PRIVATE KEY", pem_or_der, &der));
	TW_TRY(load_der(sys, tw_buf_slice(&der), &k));
	TW_TRY(halves_fit(k));
	*ret = TW_STEAL(k);
	return TW_OK;
}

tw_err tw_key_of_point(const struct tw_sys *sys, const uint8_t point[TW_POINT_SIZE], tw_key **ret)
{
	tw_openssl_afresh();
	EVP_PKEY *evp = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){ "prime256v1" }, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, TW_POINT_SIZE), OSSL_PARAM_construct_end() };
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return TW_RAISE_OPENSSL("a public key");
	}
	int made = EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_PUBLIC_KEY, params); /* also checks that the point is on the curve */
	EVP_PKEY_CTX_free(ctx);
	if (made != 1)
		return TW_RAISE_REFUSED(UNTRUSTED, "the public key is not a point of P-256");
	return tw_key_of_evp(sys, evp, point, false, ret);
}

tw_err tw_key_load_public(const struct tw_sys *sys, struct tw_slice spki_der, tw_key **ret)
{
	const uint8_t *at = (const uint8_t *)spki_der.at;
	if (spki_der.size != TW_SPKI_SIZE || memcmp(at, tw_spki_prefix, TW_SPKI_PREFIX) != 0 ||
		at[TW_SPKI_PREFIX] != POINT_CONVERSION_UNCOMPRESSED)
		return TW_RAISE(UNSUPPORTED, "not the SubjectPublicKeyInfo of a P-256 key with an uncompressed point");
	return tw_key_of_point(sys, at + TW_SPKI_PREFIX, ret);
}

static tw_err private_scalar(const tw_key *k, uint8_t ret[SCALAR_SIZE])
{
	BIGNUM *d = NULL;
	tw_openssl_afresh();
	if (!k->is_private || EVP_PKEY_get_bn_param(k->evp, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1)
		return TW_RAISE_OPENSSL("reading the private half of a key");
	int n = BN_bn2binpad(d, ret, SCALAR_SIZE);
	BN_clear_free(d);
	return n == SCALAR_SIZE ? TW_OK : TW_RAISE_OPENSSL("writing the private half of a key");
}

tw_err tw_key_scalar(const tw_key *k, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
	TW_TRY(tw_secret_new(k->sys, NULL, SCALAR_SIZE, &s));
	TW_TRY(private_scalar(k, tw_secret_mutable(s)));
	*ret = TW_STEAL(s);
	return TW_OK;
}

tw_err tw_key_save(const tw_key *k, struct tw_buf *ret_pem)
{
	uint8_t der[PKCS8_SIZE], *at = der;
	memcpy(at, pkcs8_head, sizeof pkcs8_head);
	at += sizeof pkcs8_head;
	TW_TRY(private_scalar(k, at));
	at += SCALAR_SIZE;
	memcpy(at, pkcs8_middle, sizeof pkcs8_middle);
	at += sizeof pkcs8_middle;
	memcpy(at, k->point, TW_POINT_SIZE);
	tw_err e = tw_buf_reserve(ret_pem, sizeof der * 4 / 3 + KEY_PEM_LINES);
	if (!tw_failed(e))
		e = tw_pem_write("PRIVATE KEY", (struct tw_slice){ (const char *)der, sizeof der }, ret_pem);
	tw_wipe(der, sizeof der);
	return e;
}

tw_key *tw_key_free(tw_key *k)
{
	if (k)
		EVP_PKEY_free(k->evp);
	free(k);
	return NULL;
}

tw_err tw_key_spki(const tw_key *k, struct tw_buf *ret_der)
{
	TW_TRY(tw_buf_add(ret_der, tw_spki_prefix, TW_SPKI_PREFIX));
	return tw_buf_add(ret_der, k->point, TW_POINT_SIZE);
}

tw_err tw_key_fingerprint(const tw_key *k, uint8_t ret[32])
{
	struct tw_slice parts[] = { { (const char *)tw_spki_prefix, TW_SPKI_PREFIX }, { (const char *)k->point, TW_POINT_SIZE } };
	return tw_sha256_of(parts, TW_COUNT(parts), ret);
}

tw_err tw_key_point(const tw_key *k, uint8_t ret[TW_POINT_SIZE])
{
	memcpy(ret, k->point, TW_POINT_SIZE);
	return TW_OK;
}

EVP_PKEY *tw_key_evp(const tw_key *k)
{
	return k->evp;
}

tw_err tw_key_sign_digest_der(const tw_key *k, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size)
{
	uint8_t der[TW_SIGNATURE_DER_MAX];
	size_t size = sizeof der;
	tw_openssl_afresh();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->evp, NULL);
	/* Without memory OpenSSL 3.0 says that it has signed, and a size of 2^32 - 1. */
	bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 && EVP_PKEY_sign(ctx, der, &size, digest, TW_SHA256_SIZE) == 1 && size <= sizeof der;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return TW_RAISE_OPENSSL("signing");
	if (size > max)
		return TW_RAISE(LIMIT, "a signature of %zu bytes, room for %zu", size, max);
	memcpy(ret, der, size);
	*ret_size = size;
	return TW_OK;
}

static tw_err raw_of_der(const uint8_t *der, size_t size, uint8_t ret[TW_SIGNATURE_SIZE])
{
	tw_openssl_afresh();
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);
	bool ok = sig && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, SCALAR_SIZE) == SCALAR_SIZE &&
		BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + SCALAR_SIZE, SCALAR_SIZE) == SCALAR_SIZE;
	ECDSA_SIG_free(sig);
	return ok ? TW_OK : TW_RAISE_OPENSSL("a signature");
}

/* A positive INTEGER of DER: no needless zero in front, one where the top bit is set. */
static size_t der_integer(const uint8_t raw[SCALAR_SIZE], uint8_t *out)
{
	size_t skip = 0;
	while (skip < SCALAR_SIZE - 1 && raw[skip] == 0)
		skip++;
	size_t pad = raw[skip] & 0x80 ? 1 : 0, size = SCALAR_SIZE - skip;
	out[0] = 0x02;
	out[1] = (uint8_t)(size + pad);
	out[2] = 0;
	memcpy(out + 2 + pad, raw + skip, size);
	return 2 + pad + size;
}

size_t tw_signature_to_der(const uint8_t raw[TW_SIGNATURE_SIZE], uint8_t ret[TW_SIGNATURE_DER_MAX])
{
	size_t n = der_integer(raw, ret + 2);
	n += der_integer(raw + SCALAR_SIZE, ret + 2 + n);
	ret[0] = 0x30;
	ret[1] = (uint8_t)n;
	return n + 2;
}

tw_err tw_key_sign_digest(const tw_key *k, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE])
{
	uint8_t der[TW_SIGNATURE_DER_MAX];
	size_t size;
	TW_TRY(tw_key_sign_digest_der(k, digest, der, sizeof der, &size));
	return raw_of_der(der, size, ret);
}

tw_err tw_key_sign(const tw_key *k, const struct tw_slice *parts, size_t count, uint8_t ret[TW_SIGNATURE_SIZE])
{
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_sha256_of(parts, count, digest));
	return tw_key_sign_digest(k, digest, ret);
}

/* What is read is written again and compared: BER, needless zeroes and what follows are other spellings. */
tw_err tw_signature_of_der(struct tw_slice der, uint8_t ret[TW_SIGNATURE_SIZE])
{
	uint8_t raw[TW_SIGNATURE_SIZE], again[TW_SIGNATURE_DER_MAX];
	if (der.size > TW_SIGNATURE_DER_MAX)
		return TW_RAISE(SYNTAX, "%zu bytes are too many for a signature in DER", der.size);
	tw_err e = raw_of_der((const uint8_t *)der.at, der.size, raw);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	if (tw_failed(e) || tw_signature_to_der(raw, again) != der.size || memcmp(der.at, again, der.size) != 0)
		return TW_RAISE(SYNTAX, "this is no signature in DER");
	memcpy(ret, raw, sizeof raw);
	return TW_OK;
}

tw_err tw_key_verify_digest(const tw_key *k, const uint8_t digest[32], const uint8_t signature[TW_SIGNATURE_SIZE])
{
	uint8_t der[TW_SIGNATURE_DER_MAX];
	/* OpenSSL asks the same; a provider of somebody else's might not (CVE-2022-21449 was this check left out). */
	if (!in_range(signature) || !in_range(signature + SCALAR_SIZE))
		return TW_RAISE(UNTRUSTED, "a signature whose numbers are out of range");
	tw_openssl_afresh();
	size_t size = tw_signature_to_der(signature, der);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->evp, NULL);
	bool ready = ctx && EVP_PKEY_verify_init(ctx) == 1;
	int good = ready ? EVP_PKEY_verify(ctx, der, size, digest, TW_SHA256_SIZE) : -1;
	EVP_PKEY_CTX_free(ctx);
	if (good == 1)
		return TW_OK;
	return ready ? TW_RAISE_REFUSED(UNTRUSTED, "the signature does not verify") : TW_RAISE_OPENSSL("verifying a signature");
}

tw_err tw_key_verify(const tw_key *k, const struct tw_slice *parts, size_t count, const uint8_t signature[TW_SIGNATURE_SIZE])
{
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_sha256_of(parts, count, digest));
	return tw_key_verify_digest(k, digest, signature);
}
