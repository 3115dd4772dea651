/* SPDX-License-Identifier: Apache-2.0 */
/* @nist DP.CCS.1: what is strong enough stands here, and nothing else is used */
#include "crypto/selftest.h"

#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/hash.h"
#include "crypto/internal.h"

#define BLOCK 4096 /* what is hashed or sealed at a time while it is measured; in KiB it is BLOCK / 1024 */
#define TEXT_MAX 144
#define USES_MAX 256 /* in a window, also when the clock does not go on */
#define NS 1000000000ull

struct text {
	uint8_t at[TEXT_MAX];
	size_t size;
};
/* A row's example in bytes, and its key where the algorithm has one of its own kind. */
struct tw_algorithm_vector {
	struct text key, nonce, aad, data, wanted;
	tw_key *loaded;
};

static struct tw_slice slice(const struct text *t)
{
	return (struct tw_slice){ (const char *)t->at, t->size };
}

static tw_err hash(const struct tw_sys *sys, const char *name, struct tw_slice data, struct tw_buf *ret)
{
	uint8_t digest[TW_DIGEST_MAX];
	size_t size = 0;
	TW_TRY(tw_digest_of(sys, tw_slice_of(name), data, digest, &size));
	return tw_buf_add(ret, digest, size);
}

static tw_err work_sha256(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	return hash(sys, "sha-256", data, ret);
}

static tw_err work_sha384(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	return hash(sys, "sha-384", data, ret);
}

static tw_err work_sha512(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	return hash(sys, "sha-512", data, ret);
}

static tw_err work_hmac(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	uint8_t mac[TW_SHA256_SIZE];
	TW_TRY(tw_hmac_sha256(v->key.at, v->key.size, &data, 1, mac));
	return tw_buf_add(ret, mac, sizeof mac);
}

/* The data is what is derived from. */
static tw_err work_hkdf(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *from = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *out = NULL;
	TW_TRY(tw_secret_new(sys, data.at, data.size, &from));
	TW_TRY(tw_hkdf_sha256(from, NULL, NULL, 0, v->wanted.size, sys, &out));
	return tw_buf_add(ret, tw_secret_bytes(out), tw_secret_size(out));
}

static tw_err work_seal(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(tw_secret_new(sys, v->key.at, v->key.size, &key));
	return tw_aead_seal_with(key, v->nonce.at, slice(&v->aad), data, ret);
}

static tw_err work_sign(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	uint8_t signature[TW_SIGNATURE_SIZE];
	TW_TRY(tw_key_sign_digest(v->loaded, (const uint8_t *)data.at, signature));
	return tw_buf_add(ret, signature, sizeof signature);
}

/* The signature when it is good, and nothing when it is not. */
static tw_err work_verify(const struct tw_sys *sys, const struct tw_algorithm_vector *v, struct tw_slice data, struct tw_buf *ret)
{
	tw_err e = tw_key_verify_digest(v->loaded, (const uint8_t *)data.at, v->wanted.at);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return TW_OK;
	TW_TRY(e);
	return tw_buf_add(ret, v->wanted.at, v->wanted.size);
}

#define ABC_896                                                                                                                            \
	"61626364656667686263646566676869636465666768696a6465666768696a6b65666768696a6b6c666768696a6b6c6d6768696a6b6c6d6e68696a6b6c6d6e6f" \
	"696a6b6c6d6e6f706a6b6c6d6e6f70716b6c6d6e6f7071726c6d6e6f707172736d6e6f70717273746e6f707172737475"
#define SAMPLE "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
#define SAMPLE_POINT \
	"0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"

const struct tw_algorithm tw_algorithms[] = {
	{ "sha-256", "FIPS 180-4", TW_ALGORITHM_HASH, false, "", "", "",
		"6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", work_sha256 },
	{ "sha-384", "FIPS 180-4", TW_ALGORITHM_HASH, false, "", "", "", ABC_896,
		"09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039", work_sha384 },
	{ "sha-512", "FIPS 180-4", TW_ALGORITHM_HASH, false, "", "", "", ABC_896,
		"8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
		work_sha512 },
	{ "hmac-sha-256", "FIPS 198-1; RFC 4231, case 2", TW_ALGORITHM_DERIVE, false, "4a656665", "", "",
		"7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", work_hmac },
	{ "hkdf-sha-256", "SP 800-56C; RFC 5869, A.3", TW_ALGORITHM_DERIVE, true, "", "", "", "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
		"8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8", work_hkdf },
	{ "aes-256-gcm", "SP 800-38D; GCM specification, case 16", TW_ALGORITHM_SEAL, true,
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"cafebabefacedbaddecaf888522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e63"
		"93ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
		work_seal },
	{ "ecdsa-p256-sign", "FIPS 186-5; RFC 6979, A.2.5", TW_ALGORITHM_SIGN, true,
		"308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b"
		"120f6721a14403420004"
		"60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
		"", "", SAMPLE, SAMPLE_POINT, work_sign },
	{ "ecdsa-p256-verify", "FIPS 186-5; RFC 6979, A.2.5", TW_ALGORITHM_VERIFY, false, SAMPLE_POINT, "", "", SAMPLE,
		"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
		work_verify },
	{ .name = NULL },
};
_Static_assert(sizeof tw_algorithms == sizeof tw_algorithms[0] * (TW_ALGORITHMS + 1), "TW_ALGORITHMS says how many there are");

tw_err tw_algorithm_find(struct tw_slice name, const struct tw_algorithm **ret)
{
	for (const struct tw_algorithm *row = tw_algorithms; row->name; row++) {
		if (tw_slice_is(name, row->name)) {
			*ret = row;
			return TW_OK;
		}
	}
	return TW_RAISE(UNSUPPORTED, "this is not an approved algorithm");
}

static tw_err read_text(const char *hex, struct text *ret)
{
	ret->size = strlen(hex) / 2;
	if (ret->size > sizeof ret->at)
		return TW_RAISE(INTERNAL, "an example of %zu bytes", ret->size);
	return tw_parse_hex(tw_slice_of(hex), ret->at, ret->size);
}

static void vector_done(struct tw_algorithm_vector *v)
{
	(void)tw_key_free(v->loaded);
}

static tw_err read_vector(const struct tw_sys *sys, const struct tw_algorithm *row, struct tw_algorithm_vector *ret)
{
	TW_TRY(read_text(row->key, &ret->key));
	TW_TRY(read_text(row->nonce, &ret->nonce));
	TW_TRY(read_text(row->aad, &ret->aad));
	TW_TRY(read_text(row->data, &ret->data));
	TW_TRY(read_text(row->wanted, &ret->wanted));
	if (row->kind == TW_ALGORITHM_SIGN)
		return tw_key_load(sys, slice(&ret->key), &ret->loaded);
	return row->kind == TW_ALGORITHM_VERIFY ? tw_key_of_point(sys, ret->key.at, &ret->loaded) : TW_OK;
}

static tw_err wrong(const struct tw_algorithm *row, const char *how)
{
	return TW_RAISE(CRYPTO, "%s %s", row->name, how);
}

/* Another one each time, so there is none to compare with: the key has to be the published one's, and its signature to verify. */
static tw_err try_signing(const struct tw_algorithm *row, struct tw_algorithm_vector *v, const uint8_t signature[TW_SIGNATURE_SIZE])
{
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(tw_key_point(v->loaded, point));
	if (v->wanted.size != sizeof point || memcmp(point, v->wanted.at, sizeof point) != 0)
		return wrong(row, "has another public half than its standard says");
	tw_err e = tw_key_verify_digest(v->loaded, v->data.at, signature);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return wrong(row, "makes signatures that do not verify");
	TW_TRY(e);
	v->data.at[0] ^= 1;
	e = tw_key_verify_digest(v->loaded, v->data.at, signature);
	if (!tw_failed(e))
		return wrong(row, "makes signatures that verify for something else");
	return tw_is(e, TW_CODE_UNTRUSTED) ? TW_OK : e;
}

/* What is published opens, and nothing that differs from it by a bit. */
static tw_err try_opening(const struct tw_sys *sys, const struct tw_algorithm *row, struct tw_algorithm_vector *v)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;
	TW_TRY(tw_secret_new(sys, v->key.at, v->key.size, &key));
	TW_TRY(tw_aead_open(sys, key, slice(&v->aad), slice(&v->wanted), &plain));
	if (tw_secret_size(plain) != v->data.size || memcmp(tw_secret_bytes(plain), v->data.at, v->data.size) != 0)
		return wrong(row, "does not open what its standard says");
	plain = tw_secret_free(plain);
	v->wanted.at[v->wanted.size - 1] ^= 1;
	tw_err e = tw_aead_open(sys, key, slice(&v->aad), slice(&v->wanted), &plain);
	v->wanted.at[v->wanted.size - 1] ^= 1;
	if (!tw_failed(e))
		return wrong(row, "opens what was changed");
	return tw_is(e, TW_CODE_UNTRUSTED) ? TW_OK : e;
}

static bool as_wanted(const struct tw_algorithm_vector *v, const struct tw_buf *is)
{
	return is->size == v->wanted.size && memcmp(is->data, v->wanted.at, is->size) == 0;
}

static tw_err try_vector(const struct tw_sys *sys, const struct tw_algorithm *row, struct tw_algorithm_vector *v)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf first = { 0 }, second = { 0 };
	tw_buf_init(&first, sys, 2 * TEXT_MAX);
	tw_buf_init(&second, sys, 2 * TEXT_MAX);
	TW_TRY(row->work(sys, v, slice(&v->data), &first));
	if (row->kind == TW_ALGORITHM_SIGN)
		return try_signing(row, v, (const uint8_t *)first.data);
	if (!as_wanted(v, &first))
		return wrong(row, "does not give what its standard says");
	if (row->kind == TW_ALGORITHM_SEAL)
		TW_TRY(try_opening(sys, row, v));
	v->data.at[0] ^= 1;
	TW_TRY(row->work(sys, v, slice(&v->data), &second));
	return as_wanted(v, &second) ? wrong(row, "gives the same for something else") : TW_OK;
}

tw_err tw_algorithm_try(const struct tw_sys *sys, const struct tw_algorithm *row)
{
	TW_CLEANUP(vector_done) struct tw_algorithm_vector v = { .loaded = NULL };
	TW_TRY(read_vector(sys, row, &v));
	return try_vector(sys, row, &v);
}

static uint64_t now_ns(const struct tw_sys *sys)
{
	struct timespec t = { 0 };
	(void)sys->clock(sys, CLOCK_PROCESS_CPUTIME_ID, &t); /* a processor that does other things is no slow one */
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* Uses until the window is over, at least one; ret: so many of them a second. */
static tw_err measure(const struct tw_sys *sys, const struct tw_algorithm *row, const struct tw_algorithm_vector *v,
	struct tw_slice data, uint64_t *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf out = { 0 };
	const uint64_t begin = now_ns(sys);
	uint64_t count = 0, passed = 0;
	tw_buf_init(&out, sys, BLOCK + TEXT_MAX);
	do {
		out.size = 0;
		TW_TRY(row->work(sys, v, data, &out));
		count++;
		passed = now_ns(sys) - begin;
	} while (passed < TW_ALGORITHM_WINDOW_NS && count < USES_MAX);
	*ret = passed ? count * NS / passed : 0; /* a clock that stands says nothing */
	return TW_OK;
}

tw_err tw_algorithm_rate(const struct tw_sys *sys, const struct tw_algorithm *row, uint64_t *ret)
{
	static const char block[BLOCK];
	const bool bulk = row->kind == TW_ALGORITHM_HASH || row->kind == TW_ALGORITHM_SEAL;
	TW_CLEANUP(vector_done) struct tw_algorithm_vector v = { .loaded = NULL };
	uint64_t best = 0, again = 0;
	TW_TRY(read_vector(sys, row, &v));
	const struct tw_slice data = bulk ? (struct tw_slice){ block, sizeof block } : slice(&v.data);
	TW_TRY(measure(sys, row, &v, data, &best));
	TW_TRY(measure(sys, row, &v, data, &again));
	if (again > best)
		best = again;
	*ret = bulk ? best * (BLOCK / 1024) : best;
	return TW_OK;
}
