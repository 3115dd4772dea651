/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ASN.1 and the scheme are OpenSSL's. Ours are the bounds on what a file may make us compute, and that the key inside is read by
 * tw_key_load in its one spelling, so that no decoder is loaded for what a wrong passphrase yields.
 */
#include "crypto/keyfile.h"

#include "crypto/internal.h"

#include <openssl/asn1t.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#define SALT_SIZE 16
#define IV_SIZE 16
#define FILE_MAX 4096 /* an encrypted key in PEM has some 380 bytes */
#define PLAIN_MAX 4096
#define WORK_MAX \
	(UINT64_C(1) << 24)     /* of scrypt, n * r * p: five seconds; it must not take n * r above the 32 MiB of OpenSSL either */
#define ITERATIONS_MAX 10000000 /* of PBKDF2: five seconds too */

static const char NAME[] = "ENCRYPTED PRIVATE KEY";
const struct tw_key_cost tw_key_cost = { 16384, 8, 4 };

static inline void sigp(X509_SIG **s)
{
	X509_SIG_free(*s);
}

static inline void pbe2p(PBE2PARAM **p)
{
	PBE2PARAM_free(*p);
}

bool tw_key_is_protected(struct tw_slice pem)
{
	return pem.size && memmem(pem.at, pem.size, "-----BEGIN ENCRYPTED PRIVATE KEY-----", 37) != NULL;
}

static tw_err plain_der(const tw_key *k, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf pem = { 0 };

	tw_buf_init(&pem, k->sys, PLAIN_MAX);
	TW_TRY(tw_buf_reserve(&pem, PLAIN_MAX));
	TW_TRY(tw_key_save(k, &pem));
	return tw_pem_or_der("PRIVATE KEY", tw_buf_slice(&pem), ret);
}

static tw_err scheme(const struct tw_sys *sys, const struct tw_key_cost *cost, X509_ALGOR **ret)
{
	uint8_t random[SALT_SIZE + IV_SIZE];

	if (sys->random(sys, random, sizeof random) < 0)
		return TW_RAISE_ERRNO("a salt");
	*ret = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), random, SALT_SIZE, random + SALT_SIZE, cost->n, cost->r, cost->p);
	return *ret ? TW_OK : TW_RAISE_OPENSSL("the scheme of an encrypted key");
}

static tw_err encrypt(X509_SIG *s, struct tw_slice passphrase, struct tw_slice plain)
{
	X509_ALGOR *algorithm = NULL;
	ASN1_OCTET_STRING *content = NULL;
	uint8_t *bytes = NULL;
	int size = 0;

	X509_SIG_getm(s, &algorithm, &content);
	if (!PKCS12_pbe_crypt(algorithm, passphrase.at, (int)passphrase.size, (const uint8_t *)plain.at, (int)plain.size, &bytes, &size, 1))
		return TW_RAISE_OPENSSL("encrypting a key");
	ASN1_STRING_set0(content, bytes, size);
	return TW_OK;
}

tw_err tw_key_protect(const tw_key *k, struct tw_slice passphrase, const struct tw_key_cost *cost, struct tw_buf *ret_pem)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf plain = { 0 };
	TW_CLEANUP(sigp) X509_SIG *s = X509_SIG_new();
	X509_ALGOR *algorithm = NULL, *made = NULL;
	uint8_t *der = NULL;

	if (!s)
		return TW_RAISE_OPENSSL("an encrypted key");
	tw_buf_init(&plain, k->sys, PLAIN_MAX);
	TW_TRY(tw_buf_reserve(&plain, PLAIN_MAX));
	TW_TRY(plain_der(k, &plain));
	TW_TRY(scheme(k->sys, cost, &made));
	X509_SIG_getm(s, &algorithm, NULL);
	bool taken = X509_ALGOR_copy(algorithm, made) == 1;
	X509_ALGOR_free(made);
	if (!taken)
		return TW_RAISE_OPENSSL("the scheme of an encrypted key");
	TW_TRY(encrypt(s, passphrase, tw_buf_slice(&plain)));
	int size = i2d_X509_SIG(s, &der);
	if (size <= 0)
		return TW_RAISE_OPENSSL("writing an encrypted key");
	tw_err e = tw_pem_write(NAME, (struct tw_slice){ (const char *)der, (size_t)size }, ret_pem);
	OPENSSL_free(der);
	return e;
}

static tw_err scrypt_bounded(const ASN1_TYPE *parameter)
{
	SCRYPT_PARAMS *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(SCRYPT_PARAMS), parameter);
	uint64_t n = 0, r = 0, parallel = 0, work = 0;
	bool good = p && ASN1_INTEGER_get_uint64(&n, p->costParameter) && ASN1_INTEGER_get_uint64(&r, p->blockSize) &&
		ASN1_INTEGER_get_uint64(&parallel, p->parallelizationParameter) && n && r && parallel;

	SCRYPT_PARAMS_free(p);
	if (!good)
		return TW_RAISE_REFUSED(SYNTAX, "the encrypted key's scrypt parameters are none");
	if (__builtin_mul_overflow(n, r, &work) || __builtin_mul_overflow(work, parallel, &work) || work > WORK_MAX)
		return TW_RAISE(LIMIT, "opening this key would take too long (scrypt %llu, %llu, %llu)", (unsigned long long)n,
			(unsigned long long)r, (unsigned long long)parallel);
	return TW_OK;
}

static tw_err pbkdf2_bounded(const ASN1_TYPE *parameter)
{
	PBKDF2PARAM *p = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), parameter);
	uint64_t iterations = 0;
	bool good = p && ASN1_INTEGER_get_uint64(&iterations, p->iter) && iterations;

	PBKDF2PARAM_free(p);
	if (!good)
		return TW_RAISE_REFUSED(SYNTAX, "the encrypted key's PBKDF2 parameters are none");
	if (iterations > ITERATIONS_MAX)
		return TW_RAISE(LIMIT, "opening this key would take too long (PBKDF2, %llu iterations)", (unsigned long long)iterations);
	return TW_OK;
}

/* What the file asks us to compute is looked at before it is computed. */
static tw_err bounded(const X509_ALGOR *algorithm)
{
	const ASN1_OBJECT *kind, *derivation;
	const void *value;
	int type;

	X509_ALGOR_get0(&kind, &type, &value, algorithm);
	if (OBJ_obj2nid(kind) != NID_pbes2 || type != V_ASN1_SEQUENCE)
		return TW_RAISE(UNSUPPORTED, "the key is encrypted by another scheme than PBES2; openssl pkcs8 -topk8 -scrypt writes one");
	TW_CLEANUP(pbe2p) PBE2PARAM *p = ASN1_item_unpack(value, ASN1_ITEM_rptr(PBE2PARAM));
	if (!p)
		return TW_RAISE_REFUSED(SYNTAX, "the encrypted key's scheme cannot be read");
	X509_ALGOR_get0(&derivation, NULL, NULL, p->keyfunc);
	if (OBJ_obj2nid(derivation) == NID_id_scrypt)
		return scrypt_bounded(p->keyfunc->parameter);
	if (OBJ_obj2nid(derivation) == NID_id_pbkdf2)
		return pbkdf2_bounded(p->keyfunc->parameter);
	return TW_RAISE(UNSUPPORTED, "the key of the encrypted key comes from neither scrypt nor PBKDF2");
}

static tw_err read_file(struct tw_slice der, X509_SIG **ret)
{
	const uint8_t *at = (const uint8_t *)der.at;
	X509_SIG *s = d2i_X509_SIG(NULL, &at, (long)der.size);

	if (s && at == (const uint8_t *)der.at + der.size) {
		*ret = s;
		return TW_OK;
	}
	X509_SIG_free(s);
	return TW_RAISE_REFUSED(SYNTAX, "this is no encrypted private key");
}

/* Padding that happens to fit leaves one wrong passphrase in 256 to be told by what came out: PKCS#8 of some hundred bytes, as a key has. */
static bool looks_like_a_key(const uint8_t *plain, size_t size)
{
	return size > 127 && plain[0] == 0x30 && plain[1] == 0x81 && plain[2] == size - 3;
}

static tw_err open_plain(const struct tw_sys *sys, const uint8_t *plain, size_t size, tw_key **ret)
{
	if (!looks_like_a_key(plain, size))
		return TW_RAISE(UNTRUSTED, "the passphrase does not open this key");
	return tw_key_load(sys, (struct tw_slice){ (const char *)plain, size }, ret);
}

tw_err tw_key_unprotect(const struct tw_sys *sys, struct tw_slice pem, struct tw_slice passphrase, tw_key **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	TW_CLEANUP(sigp) X509_SIG *s = NULL;
	const X509_ALGOR *algorithm = NULL;
	const ASN1_OCTET_STRING *content = NULL;
	uint8_t *plain = NULL;
	int size = 0;

	if (pem.size > FILE_MAX || passphrase.size > TW_PASSPHRASE_MAX)
		return TW_RAISE(LIMIT, "an encrypted key of %zu bytes, limit %d", pem.size, FILE_MAX);
	tw_buf_init(&der, sys, FILE_MAX);
	TW_TRY(tw_pem_or_der(NAME, pem, &der));
	TW_TRY(read_file(tw_buf_slice(&der), &s));
	X509_SIG_get0(s, &algorithm, &content);
	TW_TRY(bounded(algorithm));
	tw_openssl_afresh();
	if (!PKCS12_pbe_crypt(algorithm, passphrase.at, (int)passphrase.size, ASN1_STRING_get0_data(content),
		    ASN1_STRING_length(content), &plain, &size, 0))
		return TW_RAISE_REFUSED(UNTRUSTED, "the passphrase does not open this key");
	tw_err e = open_plain(sys, plain, (size_t)size, ret);
	OPENSSL_clear_free(plain, (size_t)size);
	return e;
}
