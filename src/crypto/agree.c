/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/agree.h"

#include "crypto/hash.h"
#include "crypto/internal.h"

#define SHARED_SIZE 32

/* That the other point is on the curve was asked when it became a key (tw_key_of_point), and OpenSSL asks again. */
static tw_err shared_of(const tw_key *own, const tw_key *other, tw_secret *ret)
{
	size_t size = SHARED_SIZE;
	tw_openssl_afresh();
	EVP_PKEY_CTX *ctx = own->is_private ? EVP_PKEY_CTX_new_from_pkey(NULL, own->evp, NULL) : NULL;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_derive_set_peer(ctx, other->evp) == 1 &&
		EVP_PKEY_derive(ctx, tw_secret_mutable(ret), &size) == 1 && size == SHARED_SIZE;
	EVP_PKEY_CTX_free(ctx);
	return ok ? TW_OK : TW_RAISE_OPENSSL("agreeing on a key");
}

tw_err tw_key_agree(const tw_key *own, const tw_key *other, tw_secret **ret)
{
	/* Concatenation KDF (SP 800-56A section 5.8.1): a round's number, the secret, the algorithm's name with its length, two parties without
	   names, and the bits wanted. One round of SHA-256 is the whole of an AES-256 key. */
	static const char round[] = { 0, 0, 0, 1 },
			  use[] = { 0, 0, 0, 7, 'A', '2', '5', '6', 'G', 'C', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 };
	TW_CLEANUP(tw_secret_freep) tw_secret *shared = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(tw_secret_new(own->sys, NULL, SHARED_SIZE, &shared));
	TW_TRY(tw_secret_new(own->sys, NULL, TW_SHA256_SIZE, &key));
	TW_TRY(shared_of(own, other, shared));
	const struct tw_slice parts[] = { { round, sizeof round }, { (const char *)tw_secret_bytes(shared), SHARED_SIZE },
		{ use, sizeof use } };
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), tw_secret_mutable(key)));
	*ret = TW_STEAL(key);
	return TW_OK;
}
