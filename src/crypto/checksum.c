/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/checksum.h"

#include "crypto/internal.h"

#include <openssl/evp.h>

const char *const tw_checksum_words[TW_CHECKSUMS] = { "none", "md5", "sha1", "sha256" };
const size_t tw_checksum_sizes[TW_CHECKSUMS] = { 0, 16, 20, 32 };
static const char *const names[TW_CHECKSUMS] = { NULL, "MD5", "SHA1", "SHA256" };

struct tw_checksum {
	EVP_MD_CTX *context;
	EVP_MD *of[TW_CHECKSUMS]; /* looked up once: that costs more than a small file */
	enum tw_checksum_kind how;
};

tw_err tw_checksum_new(const struct tw_sys *sys, tw_checksum **ret)
{
	TW_CLEANUP(tw_checksum_freep) tw_checksum *c = TW_NEW(sys, tw_checksum);

	if (!c)
		return TW_RAISE(NOMEM, "a digest");
	c->context = EVP_MD_CTX_new();
	if (!c->context)
		return TW_RAISE_OPENSSL("a hash context");
	*ret = TW_STEAL(c);
	return TW_OK;
}

tw_checksum *tw_checksum_free(tw_checksum *c)
{
	if (c) {
		EVP_MD_CTX_free(c->context);
		for (size_t i = 0; i < TW_CHECKSUMS; i++)
			EVP_MD_free(c->of[i]);
	}
	free(c);
	return NULL;
}

tw_err tw_checksum_begin(tw_checksum *c, enum tw_checksum_kind how)
{
	if (how == TW_CHECKSUM_NONE || how >= TW_CHECKSUMS)
		return TW_RAISE(INTERNAL, "no such digest");
	if (!c->of[how])
		c->of[how] = EVP_MD_fetch(NULL, names[how], NULL);
	if (!c->of[how] || EVP_DigestInit_ex2(c->context, c->of[how], NULL) != 1)
		return TW_RAISE_OPENSSL(names[how]);
	c->how = how;
	return TW_OK;
}

tw_err tw_checksum_add(tw_checksum *c, const void *data, size_t size)
{
	return EVP_DigestUpdate(c->context, data, size) == 1 ? TW_OK : TW_RAISE_OPENSSL(names[c->how]);
}

tw_err tw_checksum_end(tw_checksum *c, uint8_t ret[TW_CHECKSUM_MAX])
{
	return EVP_DigestFinal_ex(c->context, ret, NULL) == 1 ? TW_OK : TW_RAISE_OPENSSL(names[c->how]);
}
