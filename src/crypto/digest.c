/* SPDX-License-Identifier: Apache-2.0 */
/* The examples are those of FIPS 180-4 with two blocks, as NIST publishes them beside the standard. */
#include "crypto/digest.h"

#include "base/mem.h"
#include "crypto/internal.h"

/* @nist DP.CCS.4: what may be asked for */
const struct tw_digest_row tw_digests[] = {
	{ "sha-256", 32, TW_SLICE("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		{ 0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4,
			0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1 } },
	{ "sha-384", 48, TW_SLICE("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
		{ 0x09, 0x33, 0x0c, 0x33, 0xf7, 0x11, 0x47, 0xe8, 0x3d, 0x19, 0x2f, 0xc7, 0x82, 0xcd, 0x1b, 0x47, 0x53, 0x11, 0x1b,
			0x17, 0x3b, 0x3b, 0x05, 0xd2, 0x2f, 0xa0, 0x80, 0x86, 0xe3, 0xb0, 0xf7, 0x12, 0xfc, 0xc7, 0xc7, 0x1a, 0x55,
			0x7e, 0x2d, 0xb9, 0x66, 0xc3, 0xe9, 0xfa, 0x91, 0x74, 0x60, 0x39 } },
	{ "sha-512", 64, TW_SLICE("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
		{ 0x8e, 0x95, 0x9b, 0x75, 0xda, 0xe3, 0x13, 0xda, 0x8c, 0xf4, 0xf7, 0x28, 0x14, 0xfc, 0x14, 0x3f, 0x8f, 0x77, 0x79,
			0xc6, 0xeb, 0x9f, 0x7f, 0xa1, 0x72, 0x99, 0xae, 0xad, 0xb6, 0x88, 0x90, 0x18, 0x50, 0x1d, 0x28, 0x9e, 0x49,
			0x00, 0xf7, 0xe4, 0x33, 0x1b, 0x99, 0xde, 0xc4, 0xb5, 0x43, 0x3a, 0xc7, 0xd3, 0x29, 0xee, 0xb6, 0xdd, 0x26,
			0x54, 0x5e, 0x96, 0xe5, 0x5b, 0x87, 0x4b, 0xe9, 0x09 } },
	{ .name = NULL },
};

struct tw_digest {
	EVP_MD_CTX *ctx;
	size_t size;
};

/* OpenSSL knows them by the same names. */
static tw_err begin(const struct tw_digest_row *row, EVP_MD_CTX **ret)
{
	tw_openssl_afresh();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_MD *md = ctx ? EVP_MD_fetch(NULL, row->name, NULL) : NULL;
	bool ok = md && EVP_DigestInit_ex2(ctx, md, NULL) == 1;
	EVP_MD_free(md);
	if (ok) {
		*ret = ctx;
		return TW_OK;
	}
	EVP_MD_CTX_free(ctx);
	return TW_RAISE_OPENSSL(row->name);
}

static tw_err finish(EVP_MD_CTX *ctx, size_t wanted, uint8_t ret[TW_DIGEST_MAX])
{
	unsigned size = 0;
	if (EVP_DigestFinal_ex(ctx, ret, &size) != 1 || size != wanted)
		return TW_RAISE_OPENSSL("a digest");
	return TW_OK;
}

tw_err tw_digest_try(const struct tw_digest_row *row)
{
	uint8_t is[TW_DIGEST_MAX];
	EVP_MD_CTX *ctx = NULL;
	TW_TRY(begin(row, &ctx));
	tw_err e = EVP_DigestUpdate(ctx, row->example.at, row->example.size) == 1 ? finish(ctx, row->size, is)
										  : TW_RAISE_OPENSSL(row->name);
	EVP_MD_CTX_free(ctx);
	TW_TRY(e);
	if (memcmp(is, row->wanted, row->size) != 0)
		return TW_RAISE(CRYPTO, "%s does not give what its standard says", row->name);
	return TW_OK;
}

/* Once per process and function. One that fails is tried again next time: it may have been memory. */
static tw_err tried(const struct tw_digest_row *row)
{
	static bool good[TW_COUNT(tw_digests)];
	const size_t i = (size_t)(row - tw_digests);
	if (good[i])
		return TW_OK;
	TW_TRY(tw_digest_try(row));
	good[i] = true;
	return TW_OK;
}

/* @nist DP.CCS.4: whatever is not approved is an error */
static tw_err find(struct tw_slice name, const struct tw_digest_row **ret)
{
	for (const struct tw_digest_row *row = tw_digests; row->name; row++) {
		if (tw_slice_is(name, row->name)) {
			*ret = row;
			return TW_OK;
		}
	}
	return TW_RAISE(UNSUPPORTED, "this is not an approved hash function; " TW_DIGEST_APPROVED " are (FIPS 180-4)");
}

tw_err tw_digest_begin(const struct tw_sys *sys, struct tw_slice name, tw_digest **ret)
{
	TW_CLEANUP(tw_digest_freep) tw_digest *d = NULL;
	const struct tw_digest_row *row = NULL;
	TW_TRY(find(name, &row));
	TW_TRY(tried(row));
	d = TW_NEW(sys, tw_digest);
	if (!d)
		return TW_RAISE(NOMEM, "a digest");
	d->size = row->size;
	TW_TRY(begin(row, &d->ctx));
	*ret = TW_STEAL(d);
	return TW_OK;
}

tw_err tw_digest_add(tw_digest *d, const void *data, size_t size)
{
	return EVP_DigestUpdate(d->ctx, data, size) == 1 ? TW_OK : TW_RAISE_OPENSSL("a digest");
}

tw_err tw_digest_end(tw_digest *d, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size)
{
	TW_TRY(finish(d->ctx, d->size, ret));
	*ret_size = d->size;
	return TW_OK;
}

tw_digest *tw_digest_free(tw_digest *d)
{
	if (d)
		EVP_MD_CTX_free(d->ctx);
	free(d);
	return NULL;
}

size_t tw_digest_size(const tw_digest *d)
{
	return d->size;
}

tw_err tw_digest_of(const struct tw_sys *sys, struct tw_slice name, struct tw_slice data, uint8_t ret[TW_DIGEST_MAX], size_t *ret_size)
{
	TW_CLEANUP(tw_digest_freep) tw_digest *d = NULL;
	TW_TRY(tw_digest_begin(sys, name, &d));
	TW_TRY(tw_digest_add(d, data.at, data.size));
	return tw_digest_end(d, ret, ret_size);
}
