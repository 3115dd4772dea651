/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hash/passkey.h"

#include "base/mem.h"
#include "crypto/hash.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>

#define FLAG_PRESENT 0x01 /* somebody touched it */

static void free_cred(fido_cred_t **c)
{
	fido_cred_free(c);
}

static void free_assert(fido_assert_t **a)
{
	fido_assert_free(a);
}

static const unsigned char *bytes(struct tw_slice s)
{
	return (const unsigned char *)s.at;
}

static tw_err no(const char *what, int why)
{
	return why == FIDO_ERR_INTERNAL ? TW_RAISE(NOMEM, "%s", what) : TW_RAISE(DENIED, "%s: %s", what, fido_strerr(why));
}

/* --- A new one --- */

/* Without attestation there is no signature to verify, so libfido2 verifies nothing: these two are looked at here. */
static tw_err check_made(const struct tw_passkey_enrol *q)
{
	uint8_t site[32];

	TW_TRY(tw_sha256(q->site.at, q->site.size, site));
	if (memcmp(q->data.at, site, sizeof site) != 0)
		return TW_RAISE(DENIED, "a passkey of another site");
	return q->data.at[sizeof site] & FLAG_PRESENT ? TW_OK : TW_RAISE(DENIED, "nobody touched it");
}

/* A point that is on no curve would be found out at the first login, when it is too late. */
static bool is_key(enum tw_passkey_kind kind, const unsigned char *at, size_t size)
{
	EVP_PKEY *key = NULL;
	es256_pk_t *es = kind == TW_PASSKEY_ES256 ? es256_pk_new() : NULL;
	eddsa_pk_t *ed = kind == TW_PASSKEY_EDDSA ? eddsa_pk_new() : NULL;

	if (es && es256_pk_from_ptr(es, at, size) == FIDO_OK)
		key = es256_pk_to_EVP_PKEY(es);
	if (ed && eddsa_pk_from_ptr(ed, at, size) == FIDO_OK)
		key = eddsa_pk_to_EVP_PKEY(ed);
	es256_pk_free(&es);
	eddsa_pk_free(&ed);
	EVP_PKEY_free(key);
	return key != NULL;
}

/* Reads it as a key of this kind; DENIED: it is of another, or none. */
static tw_err read_as(const struct tw_passkey_enrol *q, enum tw_passkey_kind kind, struct tw_buf *ret)
{
	__attribute__((cleanup(free_cred))) fido_cred_t *c = fido_cred_new();

	if (!c)
		return TW_RAISE(NOMEM, "a passkey");
	int failed = fido_cred_set_type(c, kind == TW_PASSKEY_ES256 ? COSE_ES256 : COSE_EDDSA);
	if (failed == FIDO_OK)
		failed = fido_cred_set_authdata_raw(c, bytes(q->data), q->data.size);
	if (failed != FIDO_OK)
		return no("what the authenticator says of a new key", failed);
	const struct tw_passkey_enrolled a = { kind, { (const char *)fido_cred_pubkey_ptr(c), fido_cred_pubkey_len(c) },
		{ (const char *)fido_cred_id_ptr(c), fido_cred_id_len(c) } };
	if (!a.key.at || a.key.size != tw_passkey_key_size(kind) || !a.id.at || a.id.size == 0 || a.id.size > TW_PASSKEY_ID_MAX)
		return TW_RAISE(DENIED, "a key or an id that is none");
	if (!is_key(kind, bytes(a.key), a.key.size))
		return TW_RAISE(DENIED, "a key that is none");
	return tw_passkey_enrolled_write(&a, ret);
}

tw_err tw_passkey_enrol(const struct tw_passkey_enrol *q, struct tw_buf *ret)
{
	TW_TRY(check_made(q));
	tw_err e = read_as(q, TW_PASSKEY_ES256, ret);
	return tw_is(e, TW_CODE_DENIED) ? read_as(q, TW_PASSKEY_EDDSA, ret) : e;
}

/* --- One that has signed --- */

static int set(fido_assert_t *a, const struct tw_passkey_assert *q, const char *site)
{
	int failed = fido_assert_set_rp(a, site);

	if (failed == FIDO_OK)
		failed = fido_assert_set_clientdata_hash(a, q->client_hash, sizeof q->client_hash);
	if (failed == FIDO_OK)
		failed = fido_assert_set_count(a, 1);
	if (failed == FIDO_OK)
		failed = fido_assert_set_up(a, FIDO_OPT_TRUE);
	if (failed == FIDO_OK)
		failed = fido_assert_set_authdata_raw(a, 0, bytes(q->data), q->data.size);
	return failed == FIDO_OK ? fido_assert_set_sig(a, 0, bytes(q->signature), q->signature.size) : failed;
}

static int verify(const fido_assert_t *a, const struct tw_passkey_assert *q)
{
	es256_pk_t *es = q->kind == TW_PASSKEY_ES256 ? es256_pk_new() : NULL;
	eddsa_pk_t *ed = q->kind == TW_PASSKEY_EDDSA ? eddsa_pk_new() : NULL;
	int failed = FIDO_ERR_INTERNAL;

	if (es && (failed = es256_pk_from_ptr(es, q->key.at, q->key.size)) == FIDO_OK)
		failed = fido_assert_verify(a, 0, COSE_ES256, es);
	if (ed && (failed = eddsa_pk_from_ptr(ed, q->key.at, q->key.size)) == FIDO_OK)
		failed = fido_assert_verify(a, 0, COSE_EDDSA, ed);
	es256_pk_free(&es);
	eddsa_pk_free(&ed);
	return failed;
}

tw_err tw_passkey_assert(const struct tw_passkey_assert *q)
{
	__attribute__((cleanup(free_assert))) fido_assert_t *a = fido_assert_new();
	char site[TW_PASSKEY_SITE_MAX + 1];

	if (!a)
		return TW_RAISE(NOMEM, "a passkey");
	(void)snprintf(site, sizeof site, TW_SLICE_FMT, TW_SLICE_ARG(q->site));
	int failed = set(a, q, site);
	if (failed == FIDO_OK)
		failed = verify(a, q);
	return failed == FIDO_OK ? TW_OK : no("what the authenticator signed", failed);
}
