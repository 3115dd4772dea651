/* SPDX-License-Identifier: Apache-2.0 */
/* AES-256-GCM by OpenSSL, one message at a time. */
#include "crypto/aead.h"

#include "crypto/internal.h"

#include <limits.h>
#include <openssl/evp.h>

/* A context that has its cipher, key and nonce. */
static tw_err begin(bool seal, const tw_secret *key, const uint8_t nonce[TW_AEAD_NONCE], EVP_CIPHER_CTX **ret)
{
	if (tw_secret_size(key) != TW_AEAD_KEY)
		return TW_RAISE(INTERNAL, "a key of %zu bytes for AES-256", tw_secret_size(key));
	tw_openssl_afresh();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
	bool ok = ctx && EVP_CipherInit_ex2(ctx, cipher, tw_secret_bytes(key), nonce, seal, NULL) == 1;
	EVP_CIPHER_free(cipher);
	if (ok) {
		*ret = ctx;
		return TW_OK;
	}
	EVP_CIPHER_CTX_free(ctx);
	return TW_RAISE_OPENSSL("AES-256-GCM");
}

static bool work(EVP_CIPHER_CTX *ctx, struct tw_slice aad, struct tw_slice in, uint8_t *out)
{
	int n = 0;
	return (!aad.size || EVP_CipherUpdate(ctx, NULL, &n, (const uint8_t *)aad.at, (int)aad.size) == 1) &&
		(!in.size || EVP_CipherUpdate(ctx, out, &n, (const uint8_t *)in.at, (int)in.size) == 1);
}

static tw_err sizes(struct tw_slice aad, struct tw_slice text)
{
	return aad.size <= INT_MAX && text.size <= INT_MAX - TW_AEAD_OVERHEAD ? TW_OK
									      : TW_RAISE(LIMIT, "more than 2 GiB in one sealed text");
}

tw_err tw_aead_seal_with(
	const tw_secret *key, const uint8_t nonce[TW_AEAD_NONCE], struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret)
{
	uint8_t tag[TW_AEAD_TAG];
	EVP_CIPHER_CTX *ctx = NULL;
	int n = 0;
	TW_TRY(sizes(aad, plain));
	char *text = plain.size ? ret->sys->alloc(ret->sys, plain.size) : NULL;
	if (plain.size && !text)
		return TW_RAISE(NOMEM, "a sealed text");
	tw_err e = begin(true, key, nonce, &ctx);
	if (!tw_failed(e) &&
		!(work(ctx, aad, plain, (uint8_t *)text) && EVP_CipherFinal_ex(ctx, tag, &n) == 1 &&
			EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TW_AEAD_TAG, tag) == 1))
		e = TW_RAISE_OPENSSL("sealing");
	EVP_CIPHER_CTX_free(ctx);
	if (!tw_failed(e))
		e = tw_buf_reserve(ret, plain.size + TW_AEAD_OVERHEAD); /* so that the three that follow are all or nothing */
	if (!tw_failed(e))
		e = tw_buf_add(ret, nonce, TW_AEAD_NONCE);
	if (!tw_failed(e))
		e = tw_buf_add(ret, text, plain.size);
	if (!tw_failed(e))
		e = tw_buf_add(ret, tag, sizeof tag);
	free(text);
	return e;
}

tw_err tw_aead_seal(const tw_secret *key, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret)
{
	uint8_t nonce[TW_AEAD_NONCE];
	if (ret->sys->random(ret->sys, nonce, sizeof nonce) < 0)
		return TW_RAISE_ERRNO("a nonce");
	return tw_aead_seal_with(key, nonce, aad, plain, ret);
}

/* text: room for all but nonce and tag. */
static tw_err open_into(const tw_secret *key, struct tw_slice aad, struct tw_slice sealed, uint8_t *text)
{
	EVP_CIPHER_CTX *ctx = NULL;
	int n = 0;
	const size_t size = sealed.size - TW_AEAD_OVERHEAD;
	const struct tw_slice in = { sealed.at + TW_AEAD_NONCE, size };
	TW_TRY(begin(false, key, (const uint8_t *)sealed.at, &ctx));
	bool ready = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TW_AEAD_TAG, (void *)(in.at + size)) == 1 && work(ctx, aad, in, text);
	if (ready)
		tw_openssl_afresh();
	bool good = ready && EVP_CipherFinal_ex(ctx, text, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ready)
		return TW_RAISE_OPENSSL("opening a sealed text");
	return good ? TW_OK : TW_RAISE_REFUSED(UNTRUSTED, "the sealed text was changed, or is of another key or another use");
}

static tw_err sizes_open(struct tw_slice aad, struct tw_slice sealed)
{
	TW_TRY(sizes(aad, sealed));
	return sealed.size >= TW_AEAD_OVERHEAD ? TW_OK : TW_RAISE(SYNTAX, "%zu bytes are too few to be sealed", sealed.size);
}

tw_err tw_aead_open(const struct tw_sys *sys, const tw_secret *key, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;
	TW_TRY(sizes_open(aad, sealed));
	TW_TRY(tw_secret_new(sys, NULL, sealed.size - TW_AEAD_OVERHEAD, &plain));
	TW_TRY(open_into(key, aad, sealed, tw_secret_mutable(plain)));
	*ret = TW_STEAL(plain);
	return TW_OK;
}

tw_err tw_aead_open_long(const tw_secret *key, struct tw_slice aad, struct tw_slice sealed, struct tw_buf *ret)
{
	TW_TRY(sizes_open(aad, sealed));
	const size_t size = sealed.size - TW_AEAD_OVERHEAD;
	TW_CLEANUP(tw_freep) char *text = ret->sys->alloc(ret->sys, size + 1);
	if (!text)
		return TW_RAISE(NOMEM, "an opened text");
	TW_TRY(open_into(key, aad, sealed, (uint8_t *)text));
	return tw_buf_add(ret, text, size);
}
