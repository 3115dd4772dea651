/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, HMAC and HKDF by OpenSSL.
 *
 * Looking an algorithm up costs more than hashing a log record with it, and its first use fills caches that stay anyway. So the
 * two algorithms, and one context each, are fetched once per process and kept: OpenSSL's own state is process-wide, and a
 * process of ours has one thread. HKDF is written out over HMAC (RFC 5869 is two lines), which saves a third algorithm.
 */
#include "crypto/hash.h"

#include "crypto/internal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rand.h>

static struct {
	const struct tw_sys *sys; /* for OpenSSL's allocator, which has no argument for it */
	size_t most;              /* of one block; 0: any. What is refused so is the peer's fault, not a lack of memory */
	bool no_memory;           /* it failed since the last error: OpenSSL's own report of that is not always left in the queue */
	EVP_MD *sha256;
	EVP_MD_CTX *hash;
	EVP_MAC *hmac;
	EVP_MAC_CTX *mac;
} process;

/* Not zeroed: OpenSSL does that where it wants it, and most of a connection's 16 KiB buffers is never touched. */
static void *ssl_alloc(size_t size, const char *file, int line)
{
	if (process.most && size > process.most)
		return NULL;
	void *p = size ? process.sys->resize(process.sys, NULL, size) : NULL;
	process.no_memory |= size && !p;
	return p;
}

static void *ssl_resize(void *p, size_t size, const char *file, int line)
{
	if (size == 0) {
		free(p);
		return NULL;
	}
	if (process.most && size > process.most)
		return NULL;
	void *moved = process.sys->resize(process.sys, p, size);
	process.no_memory |= !moved;
	return moved;
}

static void ssl_free(void *p, const char *file, int line)
{
	free(p);
}

/*
 * OpenSSL's random generator is by default one over AES, and to find AES it looks up every cipher it has: 160 KB in a process that
 * encrypts nothing. One over SHA-256 (SP 800-90A, Hash_DRBG) is as strong, and the digests are there already. If it cannot be
 * chosen, the default stays, which costs memory and nothing else.
 */
static void choose_generator(void)
{
	static bool chosen;

	if (!chosen && RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA256") != 1)
		ERR_clear_error();
	chosen = true;
}

void tw_crypto_use(const struct tw_sys *sys)
{
	process.sys = sys;
	/* Refused once OpenSSL has allocated anything: then it keeps its own allocator, or has ours already. */
	(void)CRYPTO_set_mem_functions(ssl_alloc, ssl_resize, ssl_free);
	/* No configuration file (it could load modules), no table of error words, no ciphers by their old names. The digests' old
	   names must stay: verifying a certificate looks them up. */
	(void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS, NULL);
	choose_generator();
}

void tw_crypto_most(size_t size)
{
	process.most = size;
}

tw_err tw_raise_openssl(const char *function, int line, const char *what)
{
	unsigned long first = ERR_get_error();
	bool no_memory = process.no_memory || ERR_GET_REASON(first) == ERR_R_MALLOC_FAILURE;
	ERR_clear_error();
	process.no_memory = false;
	if (no_memory)
		return tw_raise(TW_CODE_NOMEM, function, line, "%s: out of memory in OpenSSL", what);
	return tw_raise(TW_CODE_CRYPTO, function, line, "%s: OpenSSL error %08lX", what, first);
}

void tw_openssl_afresh(void)
{
	process.no_memory = false;
	ERR_clear_error();
}

tw_err tw_raise_refused(enum tw_code code, const char *function, int line, const char *what)
{
	tw_err e = tw_raise_openssl(function, line, what);
	return tw_is(e, TW_CODE_NOMEM) ? e : tw_raise(code, function, line, "%s", what);
}

static tw_err hash_ready(void)
{
	if (!process.sha256)
		process.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!process.sha256)
		return TW_RAISE_OPENSSL("fetching SHA-256");
	if (!process.hash)
		process.hash = EVP_MD_CTX_new();
	return process.hash ? TW_OK : TW_RAISE_OPENSSL("a hash context");
}

tw_err tw_sha256_of(const struct tw_slice *parts, size_t count, uint8_t ret[TW_SHA256_SIZE])
{
	TW_TRY(hash_ready());
	if (EVP_DigestInit_ex2(process.hash, process.sha256, NULL) != 1)
		return TW_RAISE_OPENSSL("SHA-256");
	for (size_t i = 0; i < count; i++) {
		if (parts[i].size && EVP_DigestUpdate(process.hash, parts[i].at, parts[i].size) != 1)
			return TW_RAISE_OPENSSL("SHA-256");
	}
	return EVP_DigestFinal_ex(process.hash, ret, NULL) == 1 ? TW_OK : TW_RAISE_OPENSSL("SHA-256");
}

tw_err tw_sha256(const void *data, size_t size, uint8_t ret[TW_SHA256_SIZE])
{
	return tw_sha256_of(&(struct tw_slice){ data, size }, 1, ret);
}

static tw_err hmac_ready(void)
{
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end() };
	if (process.mac)
		return TW_OK;
	if (!process.hmac)
		process.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	if (!process.hmac)
		return TW_RAISE_OPENSSL("fetching HMAC");
	EVP_MAC_CTX *mac = EVP_MAC_CTX_new(process.hmac);
	if (!mac)
		return TW_RAISE_OPENSSL("an HMAC context");
	if (EVP_MAC_CTX_set_params(mac, params) != 1) {
		EVP_MAC_CTX_free(mac);
		return TW_RAISE_OPENSSL("HMAC with SHA-256");
	}
	process.mac = mac;
	return TW_OK;
}

tw_err tw_hmac_sha256(const void *key, size_t key_size, const struct tw_slice *parts, size_t count, uint8_t ret[TW_SHA256_SIZE])
{
	static const uint8_t no_key[TW_SHA256_SIZE];
	size_t size;
	TW_TRY(hmac_ready());
	/* Without bytes OpenSSL would go on with the key of the call before. Zeroes are what RFC 2104 pads an empty key with. */
	bool ok = EVP_MAC_init(process.mac, key_size ? key : no_key, key_size ? key_size : sizeof no_key, NULL) == 1;
	for (size_t i = 0; ok && i < count; i++)
		ok = !parts[i].size || EVP_MAC_update(process.mac, (const uint8_t *)parts[i].at, parts[i].size) == 1;
	ok = ok && EVP_MAC_final(process.mac, ret, &size, TW_SHA256_SIZE) == 1 && size == TW_SHA256_SIZE;
	tw_err e = ok ? TW_OK : TW_RAISE_OPENSSL("HMAC");
	/* The context must not keep a key past its use: the log's keys are forgotten with every record. */
	(void)EVP_MAC_init(process.mac, no_key, sizeof no_key, NULL);
	return e;
}

/* T(i) = HMAC(PRK, T(i-1) || info || i), RFC 5869 section 2.3. */
static tw_err expand(const uint8_t prk[TW_SHA256_SIZE], struct tw_slice label, struct tw_slice context, uint8_t *out, size_t size)
{
	uint8_t block[TW_SHA256_SIZE];
	uint8_t counter = 1;
	tw_err e = TW_OK;
	for (size_t done = 0; done < size && !tw_failed(e); counter++) {
		struct tw_slice parts[] = { { (const char *)block, counter > 1 ? sizeof block : 0 }, label, context,
			{ (const char *)&counter, 1 } };
		size_t n = size - done < sizeof block ? size - done : sizeof block;
		e = tw_hmac_sha256(prk, TW_SHA256_SIZE, parts, TW_COUNT(parts), block);
		memcpy(out + done, block, n);
		done += n;
	}
	tw_wipe(block, sizeof block);
	return e;
}

tw_err tw_hkdf_sha256(const tw_secret *from, const char *label, const void *context, size_t context_size, size_t size,
	const struct tw_sys *sys, tw_secret **ret)
{
	static const uint8_t salt[TW_SHA256_SIZE];
	TW_CLEANUP(tw_secret_freep) tw_secret *out = NULL;
	uint8_t prk[TW_SHA256_SIZE];
	struct tw_slice key = { (const char *)tw_secret_bytes(from), tw_secret_size(from) };
	if (size == 0 || size > 255 * TW_SHA256_SIZE)
		return TW_RAISE(LIMIT, "HKDF gives 1 to %d bytes, not %zu", 255 * TW_SHA256_SIZE, size);
	TW_TRY(tw_secret_new(sys, NULL, size, &out));
	TW_TRY(tw_hmac_sha256(salt, sizeof salt, &key, 1, prk));
	/* info = label, its NUL, context: the NUL keeps a label from being the beginning of another. */
	tw_err e = expand(prk, (struct tw_slice){ label, label ? strlen(label) + 1 : 0 },
		(struct tw_slice){ context, context_size }, tw_secret_mutable(out), size);
	tw_wipe(prk, sizeof prk);
	TW_TRY(e);
	*ret = TW_STEAL(out);
	return TW_OK;
}
