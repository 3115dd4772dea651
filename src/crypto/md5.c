/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/md5.h"

#include "base/mem.h"
#include "crypto/internal.h"

#include <openssl/evp.h>

static void md_ctx_freep(EVP_MD_CTX **p)
{
	EVP_MD_CTX_free(*p);
	*p = NULL;
}

tw_err tw_md5_of(const struct tw_slice *parts, size_t count, uint8_t ret[TW_MD5_SIZE])
{
	TW_CLEANUP(md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned size = 0;

	if (!ctx || !EVP_DigestInit_ex(ctx, EVP_md5(), NULL))
		return TW_RAISE_OPENSSL("MD5");
	for (size_t i = 0; i < count; i++)
		if (!EVP_DigestUpdate(ctx, parts[i].at, parts[i].size))
			return TW_RAISE_OPENSSL("MD5");
	if (!EVP_DigestFinal_ex(ctx, ret, &size) || size != TW_MD5_SIZE)
		return TW_RAISE_OPENSSL("MD5");
	return TW_OK;
}

tw_err tw_hmac_md5(const void *key, size_t key_size, struct tw_slice data, uint8_t ret[TW_MD5_SIZE])
{
	size_t size = 0;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "MD5", NULL, key, key_size, (const uint8_t *)data.at, data.size, ret, TW_MD5_SIZE, &size) ||
		size != TW_MD5_SIZE)
		return TW_RAISE_OPENSSL("HMAC with MD5");
	return TW_OK;
}
