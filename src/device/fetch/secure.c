/* SPDX-License-Identifier: Apache-2.0 */
#include "device/fetch/secure.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/chain.h"
#include "crypto/hash.h"
#include "crypto/ocsp.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define CHAIN_MAX 4
#define WORDS_MAX 512

static bool add_chain(SSL_CTX *ctx, struct tw_slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.size);
	X509 *x;
	int n = 0;
	bool good = bio != NULL;

	while (good && n < CHAIN_MAX && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (n++ == 0)
			good = SSL_CTX_use_certificate(ctx, x) == 1;
		else
			good = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
	}
	ERR_clear_error(); /* the end of the text is one to OpenSSL */
	BIO_free(bio);
	return good && n > 0;
}

/* --- Whose key it is --- */

static bool digest_of(const X509 *x, int (*encode)(const X509 *x, uint8_t **out), uint8_t ret[TW_SECURE_DIGEST])
{
	uint8_t *der = NULL;
	const int size = x ? encode(x, &der) : 0;
	const bool good = size > 0 && !tw_failed(tw_sha256(der, (size_t)size, ret));

	OPENSSL_free(der);
	return good;
}

static int encode_certificate(const X509 *x, uint8_t **out)
{
	return i2d_X509(x, out);
}

static int encode_key(const X509 *x, uint8_t **out)
{
	return i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), out);
}

/* @nist LA.EC.4: one of the keys that are named is the server's own, or that of an authority above it; without any, every key will do */
static bool has_demanded_key(const struct tw_slice keys, const STACK_OF(X509) * chain)
{
	uint8_t digest[TW_SECURE_DIGEST];

	for (int i = 0; keys.size && i < sk_X509_num(chain); i++) {
		if (!digest_of(sk_X509_value(chain, i), encode_key, digest))
			return false;
		for (size_t at = 0; at < keys.size; at += TW_DEMAND_KEY_SIZE)
			if (!memcmp(keys.at + at, digest, sizeof digest))
				return true;
	}
	return keys.size == 0;
}

/* OpenSSL calls it behind the verdict over the chain, with an answer or without. 0 ends the handshake with bad_certificate_status_response. */
static int on_staple(SSL *ssl, void *user)
{
	struct tw_secured *s = user;
	const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	const uint8_t *der = NULL;
	const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &der);
	const struct tw_slice stapled = { (const char *)der, size > 0 ? (size_t)size : 0 };

	if (tw_failed(tw_ocsp_stapled(s->sys, sk_X509_value(chain, 0), sk_X509_value(chain, 1), stapled, s->job->now_ms, &s->against)) ||
		!digest_of(sk_X509_value(chain, 0), encode_certificate, s->certificate))
		return -1;
	s->has_other_key = !has_demanded_key(s->job->demand.keys, chain);
	s->is_another = s->is_attested && memcmp(s->attested, s->certificate, sizeof s->attested) != 0;
	return !s->against && !s->has_other_key && !s->is_another;
}

/* --- Version, suites and groups --- */

static bool is_demanded(const struct tw_fetch_demand *d, size_t i)
{
	return d->suites & (1u << i);
}

/* With a certificate TLS 1.3 alone: its signature says what it is for, one of TLS 1.2 does not. */
static unsigned least_of(const struct tw_fetch_job *job)
{
	unsigned least = job->certificate.size ? TW_DEMAND_TLS_1_3 : job->demand.tls;
	bool has_older = false;

	for (size_t i = 0; i < TW_DEMAND_SUITES; i++)
		has_older = has_older || (is_demanded(&job->demand, i) && tw_demand_suites[i].tls == TW_DEMAND_TLS_1_2);
	return has_older ? least : TW_DEMAND_TLS_1_3;
}

static bool has_newer(const struct tw_fetch_demand *d)
{
	for (size_t i = 0; i < TW_DEMAND_SUITES; i++)
		if (is_demanded(d, i) && tw_demand_suites[i].tls == TW_DEMAND_TLS_1_3)
			return true;
	return false;
}

bool tw_secure_can(const struct tw_fetch_job *job)
{
	return job->demand.groups && job->demand.suites && (has_newer(&job->demand) || least_of(job) == TW_DEMAND_TLS_1_2);
}

static void join(char words[WORDS_MAX], const char *more)
{
	const size_t at = strlen(words);

	(void)snprintf(words + at, WORDS_MAX - at, "%s%s", at ? ":" : "", more);
}

/* @nist LA.EC.4: what policy does not allow is not offered, so that no handshake comes of it */
static bool offer(const struct tw_fetch_job *job, SSL_CTX *ctx)
{
	char newer[WORDS_MAX] = "", older[WORDS_MAX] = "", groups[WORDS_MAX] = "";
	const bool is_newest_alone = least_of(job) == TW_DEMAND_TLS_1_3;

	for (size_t i = 0; i < TW_DEMAND_SUITES; i++)
		if (is_demanded(&job->demand, i))
			join(tw_demand_suites[i].tls == TW_DEMAND_TLS_1_3 ? newer : older, tw_demand_suites[i].openssl);
	for (size_t i = 0; i < TW_DEMAND_GROUPS; i++)
		if (job->demand.groups & (1u << i))
			join(groups, tw_demand_groups[i]);
	return SSL_CTX_set_min_proto_version(ctx, is_newest_alone ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
		SSL_CTX_set_max_proto_version(ctx, *newer ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
		(!*newer || SSL_CTX_set_ciphersuites(ctx, newer) == 1) &&
		(is_newest_alone || SSL_CTX_set_cipher_list(ctx, older) == 1) && SSL_CTX_set1_groups_list(ctx, groups) == 1;
}

/* --- Why there is no connection --- */

static void on_state(const SSL *ssl, int where, int value)
{
	struct tw_secured *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if ((where & SSL_CB_ALERT) && (value >> 8) == SSL3_AL_FATAL && !SSL_is_init_finished(ssl) && !s->alert)
		s->alert = value & 0xff;
}

/* In place of a chain: whoever holds that key is he, and what else his certificate says is nobody's word but his own. */
static int judge_key(X509_STORE_CTX *store, void *user)
{
	struct tw_secured *s = user;
	uint8_t digest[TW_SECURE_DIGEST];

	s->has_other_key = true;
	if (digest_of(X509_STORE_CTX_get0_cert(store), encode_key, digest))
		for (size_t at = 0; at < s->job->demand.keys.size; at += TW_DEMAND_KEY_SIZE)
			s->has_other_key = s->has_other_key && memcmp(s->job->demand.keys.at + at, digest, sizeof digest) != 0;
	X509_STORE_CTX_set_error(store, s->has_other_key ? X509_V_ERR_CERT_UNTRUSTED : X509_V_OK);
	return !s->has_other_key;
}

static int on_asked(SSL *ssl, void *user)
{
	((struct tw_secured *)user)->was_asked = true;
	return 1;
}

/* What stands for the chain and its stapled answer, or judges them. */
static bool trust(struct tw_secured *s, SSL_CTX *ctx)
{
	if (!s->job->by_key)
		return SSL_CTX_set_tlsext_status_type(ctx, TLSEXT_STATUSTYPE_ocsp) &&
			SSL_CTX_set_tlsext_status_cb(ctx, on_staple) && SSL_CTX_set_tlsext_status_arg(ctx, s);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, judge_key, s);
	return true;
}

bool tw_secure_begin(struct tw_secured *s, SSL_CTX *ctx)
{
	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ctx), (time_t)(s->job->now_ms / 1000));
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_info_callback(ctx, on_state);
	SSL_CTX_set_cert_cb(ctx, on_asked, s);
	s->alert = 0;
	s->was_asked = false;
	if (SSL_CTX_set_app_data(ctx, s) != 1 || !offer(s->job, ctx) || !trust(s, ctx))
		return false;
	return !s->key || (add_chain(ctx, s->job->certificate) && SSL_CTX_use_PrivateKey(ctx, tw_key_evp(s->key)) == 1);
}

enum tw_fetch_failure tw_secure_failure(const struct tw_secured *s, enum tw_fetch_failure otherwise, const char **ret_words)
{
	if (s->against) {
		*ret_words = tw_chain_text(s->against);
		return TW_FETCH_UNTRUSTED;
	}
	if (s->has_other_key) {
		*ret_words = "It has none of the keys that are named for it.";
		return TW_FETCH_KEY;
	}
	if (s->is_another) {
		*ret_words = "It is another server than the one that said what state it is in.";
		return TW_FETCH_POSTURE;
	}
	if (otherwise != TW_FETCH_TLS)
		return otherwise;
	switch (s->alert) {
	case SSL_AD_PROTOCOL_VERSION:
		*ret_words = "It speaks no version of TLS that is new enough.";
		return TW_FETCH_VERSION;
	case SSL_AD_HANDSHAKE_FAILURE:
	case SSL_AD_INSUFFICIENT_SECURITY:
	case SSL_AD_ILLEGAL_PARAMETER:
		*ret_words = "It speaks no suite and group that are allowed.";
		return TW_FETCH_SUITE;
	default:
		return otherwise;
	}
}
