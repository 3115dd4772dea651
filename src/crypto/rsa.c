/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/rsa.h"

#include "base/mem.h"
#include "crypto/internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#define EXPONENT_LEAST 65537

tw_err tw_rsa_check(const struct tw_rsa_key *k)
{
	uint64_t exponent = 0;

	if (k->modulus_size < TW_RSA_MIN || k->modulus_size > TW_RSA_MAX || !(k->modulus[0] & 0x80) ||
		!(k->modulus[k->modulus_size - 1] & 1))
		return TW_RAISE(UNSUPPORTED, "an RSA modulus that is not odd, of 2048 to 4096 bits in whole bytes");
	if (k->exponent_size > TW_RSA_EXPONENT_MAX)
		return TW_RAISE(UNSUPPORTED, "an RSA exponent of %zu bytes", k->exponent_size);
	for (size_t i = 0; i < k->exponent_size; i++)
		exponent = exponent << 8 | k->exponent[i];
	return exponent >= EXPONENT_LEAST && exponent & 1 ? TW_OK : TW_RAISE(UNSUPPORTED, "an RSA exponent that is even or too small");
}

static tw_err key_of(const struct tw_rsa_key *k, EVP_PKEY **ret)
{
	BIGNUM *n = BN_bin2bn(k->modulus, (int)k->modulus_size, NULL), *e = BN_bin2bn(k->exponent, (int)k->exponent_size, NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	const bool ready = n && e && build && ctx && EVP_PKEY_fromdata_init(ctx) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1;
	OSSL_PARAM *params = ready ? OSSL_PARAM_BLD_to_param(build) : NULL;
	const bool made = params && EVP_PKEY_fromdata(ctx, ret, EVP_PKEY_PUBLIC_KEY, params) == 1;

	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	BN_free(n);
	BN_free(e);
	return made ? TW_OK : TW_RAISE_OPENSSL("an RSA key");
}

static tw_err verify(EVP_PKEY *key, const struct tw_slice *parts, size_t count, struct tw_slice signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	bool fed = ctx && EVP_DigestVerifyInit(ctx, &how, EVP_sha256(), NULL, key) == 1 &&
		EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PADDING) == 1;

	for (size_t i = 0; i < count && fed; i++)
		fed = EVP_DigestVerifyUpdate(ctx, parts[i].at, parts[i].size) == 1;
	const bool good = fed && EVP_DigestVerifyFinal(ctx, (const uint8_t *)signature.at, signature.size) == 1;
	EVP_MD_CTX_free(ctx);
	if (!fed)
		return TW_RAISE_OPENSSL("verifying by RSA");
	return good ? TW_OK : TW_RAISE_REFUSED(UNTRUSTED, "the signature does not fit the data and the key");
}

tw_err tw_rsa_verify(const struct tw_rsa_key *k, const struct tw_slice *parts, size_t count, struct tw_slice signature)
{
	EVP_PKEY *key = NULL;

	TW_TRY(tw_rsa_check(k));
	if (signature.size != k->modulus_size)
		return TW_RAISE(UNTRUSTED, "a signature of %zu bytes by a key of %zu", signature.size, k->modulus_size);
	tw_openssl_afresh();
	TW_TRY(key_of(k, &key));
	tw_err e = verify(key, parts, count, signature);
	EVP_PKEY_free(key);
	return e;
}
