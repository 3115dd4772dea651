/* SPDX-License-Identifier: Apache-2.0 */
/* An authenticator as WebAuthn knows it, by OpenSSL and this page alone: it makes a key for a site, and signs for it, truthfully or not. */
#ifndef TW_TEST_TOKEN_H
#define TW_TEST_TOKEN_H
#include "check.h"
#include "crypto/hash.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

#define TOKEN_PRESENT 0x01
#define TOKEN_VERIFIED 0x04
#define TOKEN_MADE 0x40
#define TOKEN_DATA 37

struct token {
	EVP_PKEY *key;
	bool ed; /* Ed25519, not P-256 */
	uint8_t id[64];
	size_t id_size;
};
struct token_bytes {
	uint8_t at[1200];
	size_t size;
};

static inline void token_make(struct token *t, bool ed, uint8_t name)
{
	*t = (struct token){ .key = ed ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_EC_gen("P-256"), .ed = ed, .id_size = 48 };
	memset(t->id, name, t->id_size);
	CHECK(t->key != NULL);
}

static inline void token_done(struct token *t)
{
	EVP_PKEY_free(t->key);
	t->key = NULL;
}

static inline void token_put(struct token_bytes *b, const void *data, size_t size)
{
	CHECK(b->size + size <= sizeof b->at);
	memcpy(b->at + b->size, data, size);
	b->size += size;
}

/* The relying party's hash, flags, counter. */
static inline void token_head(struct token_bytes *b, const char *site, uint8_t flags, uint32_t counter)
{
	const uint8_t rest[] = { flags, (uint8_t)(counter >> 24), (uint8_t)(counter >> 16), (uint8_t)(counter >> 8), (uint8_t)counter };

	b->size = 32;
	CHECK_OK(tw_sha256(site, strlen(site), b->at));
	token_put(b, rest, sizeof rest);
}

/* COSE_Key (RFC 9052) of the algorithm. */
static inline void token_key(const struct token *t, struct token_bytes *b)
{
	static const uint8_t es[] = { 0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32 }, y[] = { 0x22, 0x58, 32 },
			     ed[] = { 0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32 };
	uint8_t point[65];
	size_t size = sizeof point;

	if (t->ed) {
		CHECK_INT(EVP_PKEY_get_raw_public_key(t->key, point, &size), 1);
		token_put(b, ed, sizeof ed);
		token_put(b, point, 32);
		return;
	}
	CHECK_INT(EVP_PKEY_get_octet_string_param(t->key, "encoded-pub-key", point, sizeof point, &size), 1);
	token_put(b, es, sizeof es);
	token_put(b, point + 1, 32);
	token_put(b, y, sizeof y);
	token_put(b, point + 33, 32);
}

/* What it says of a key that it has made for the site. */
static inline void token_made(const struct token *t, const char *site, uint8_t flags, uint32_t counter, struct token_bytes *ret)
{
	static const uint8_t aaguid[16];
	const uint8_t size[] = { (uint8_t)(t->id_size >> 8), (uint8_t)t->id_size };

	token_head(ret, site, flags, counter);
	token_put(ret, aaguid, sizeof aaguid);
	token_put(ret, size, sizeof size);
	token_put(ret, t->id, t->id_size);
	token_key(t, ret);
}

static inline void token_sign(const struct token *t, const struct token_bytes *data, const uint8_t client_hash[32], struct token_bytes *ret)
{
	struct token_bytes all = *data;
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	token_put(&all, client_hash, 32);
	ret->size = sizeof ret->at;
	CHECK_INT(EVP_DigestSignInit(c, NULL, t->ed ? NULL : EVP_sha256(), NULL, t->key), 1);
	CHECK_INT(EVP_DigestSign(c, ret->at, &ret->size, all.at, all.size), 1);
	EVP_MD_CTX_free(c);
}
#endif
