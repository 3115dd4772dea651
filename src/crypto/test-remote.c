/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/remote.h"

#include "crypto/cert.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct tw_sys *sys;

static int set_up(void **state)
{
	sys = tw_sys_real();
	tw_crypto_use(sys);
	return 0;
}

struct elsewhere {
	tw_key *key;
	int asked;
	bool refuse;
};

static tw_err sign(void *user, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size)
{
	struct elsewhere *e = user;
	e->asked++;
	return e->refuse ? TW_RAISE(TIMEOUT, "no answer") : tw_key_sign_digest_der(e->key, digest, ret, max, ret_size);
}

static void pump(SSL *a, SSL *b, int *ret_a, int *ret_b)
{
	*ret_a = *ret_b = 0;
	for (int i = 0; i < 10 && (*ret_a != 1 || *ret_b != 1); i++) {
		*ret_a = SSL_do_handshake(a);
		*ret_b = SSL_do_handshake(b);
	}
}

/* A TLS 1.3 handshake in memory whose server key is the remote one. Returns whether both sides finished. */
static bool handshake(const tw_key *key, const tw_cert *cert)
{
	SSL_CTX *server = SSL_CTX_new(TLS_server_method()), *client = SSL_CTX_new(TLS_client_method());
	CHECK_INT(SSL_CTX_set_min_proto_version(server, TLS1_3_VERSION), 1);
	CHECK_INT(SSL_CTX_use_certificate(server, tw_cert_x509(cert)), 1);
	CHECK_INT(SSL_CTX_use_PrivateKey(server, tw_key_evp(key)), 1);
	CHECK_INT(SSL_CTX_check_private_key(server), 1);
	SSL *s = SSL_new(server), *c = SSL_new(client);
	BIO *to_client = NULL, *to_server = NULL;
	CHECK_INT(BIO_new_bio_pair(&to_client, 0, &to_server, 0), 1);
	SSL_set_bio(s, to_client, to_client);
	SSL_set_bio(c, to_server, to_server);
	SSL_set_accept_state(s);
	SSL_set_connect_state(c);
	int server_done, client_done;
	pump(c, s, &client_done, &server_done);
	SSL_free(s);
	SSL_free(c);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return server_done == 1 && client_done == 1;
}

static void test_tls(void **state)
{
	struct elsewhere e = { 0 };
	struct tw_remote remote = { sign, &e };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *local = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	const struct tw_cert_want want = { .common_name = "x", .is_server = true, .not_before_ms = 1 };
	uint8_t point[TW_POINT_SIZE];
	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_cert_make(sys, &want, e.key, NULL, e.key, &cert));
	CHECK_OK(tw_key_point(e.key, point));
	CHECK_OK(tw_remote_key(sys, &remote, point, &key));
	CHECK(handshake(key, cert));
	CHECK_INT(e.asked, 1);
	e.refuse = true;
	CHECK(!handshake(key, cert)); /* that one fails, and nothing else */
	e.refuse = false;
	CHECK(handshake(key, cert));
	CHECK_INT(e.asked, 3);
	/* Other people's keys still land in the default provider. */
	const struct tw_slice message = TW_SLICE("m");
	uint8_t signature[TW_SIGNATURE_SIZE];
	CHECK_OK(tw_key_generate(sys, &local));
	CHECK_OK(tw_key_sign(local, &message, 1, signature));
	CHECK_OK(tw_key_verify(local, &message, 1, signature));
	CHECK(handshake(e.key, cert));
	CHECK_INT(e.asked, 3);
	tw_key_free(e.key);
}

static void test_refusals(void **state)
{
	struct tw_remote remote = { sign, NULL };
	uint8_t point[TW_POINT_SIZE] = { 4, 1 };
	tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	CHECK_ERR(tw_remote_key(sys, &remote, point, &key), UNTRUSTED);
	struct elsewhere e = { 0 };
	remote.user = &e;
	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_key_point(e.key, point));
	CHECK_OK(tw_remote_key(sys, &remote, point, &key));
	tw_buf_init(&pem, sys, 4096);
	CHECK_ERR(tw_key_save(key, &pem), CRYPTO); /* there is no private half to save */
	CHECK_INT(e.asked, 0);
	tw_key_free(key);
	tw_key_free(e.key);
}

/* What OpenSSL asks of a key of ours, and what it is told. */
static void test_facts(void **state)
{
	struct elsewhere e = { 0 }, f = { 0 };
	struct tw_remote remote = { sign, &e };
	TW_CLEANUP(tw_key_freep) tw_key *one = NULL, *same = NULL, *other = NULL;
	uint8_t point[TW_POINT_SIZE], is[TW_POINT_SIZE + 1];
	char group[32] = "";
	size_t size = 0;
	OSSL_PARAM *params = NULL;

	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_key_generate(sys, &f.key));
	CHECK_OK(tw_key_point(f.key, point));
	CHECK_OK(tw_remote_key(sys, &remote, point, &other));
	CHECK_OK(tw_key_point(e.key, point));
	CHECK_OK(tw_remote_key(sys, &remote, point, &one));
	CHECK_OK(tw_remote_key(sys, &remote, point, &same));
	CHECK_INT(EVP_PKEY_get_bits(tw_key_evp(one)), 256);
	CHECK_INT(EVP_PKEY_get_security_bits(tw_key_evp(one)), 128);
	CHECK_INT(EVP_PKEY_get_size(tw_key_evp(one)), 72);
	CHECK_INT(EVP_PKEY_get_utf8_string_param(tw_key_evp(one), OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &size), 1);
	CHECK_TEXT(group, "prime256v1");
	CHECK_INT(EVP_PKEY_get_utf8_string_param(tw_key_evp(one), OSSL_PKEY_PARAM_GROUP_NAME, group, 3, &size), 0);
	OSSL_PARAM text[] = { OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_BITS, group, sizeof group), OSSL_PARAM_construct_end() };
	CHECK_INT(EVP_PKEY_get_params(tw_key_evp(one), text), 0); /* a number is no text */
	CHECK_INT(EVP_PKEY_missing_parameters(tw_key_evp(one)), 0);
	CHECK_INT(EVP_PKEY_eq(tw_key_evp(one), tw_key_evp(same)), 1);
	CHECK_INT(EVP_PKEY_eq(tw_key_evp(one), tw_key_evp(other)), 0);
	CHECK_INT(EVP_PKEY_todata(tw_key_evp(one), EVP_PKEY_KEYPAIR, &params), 0); /* no private half */
	CHECK_INT(EVP_PKEY_todata(tw_key_evp(one), EVP_PKEY_PUBLIC_KEY, &params), 1);
	const OSSL_PARAM *public = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
	void *to = is;
	CHECK(public && OSSL_PARAM_get_octet_string(public, &to, sizeof is, &size) == 1 && size == sizeof point);
	CHECK_BYTES(is, point, sizeof point);
	CHECK_INT(EVP_PKEY_eq(tw_key_evp(one), tw_key_evp(e.key)), 1); /* the same point, in another provider */
	OSSL_PARAM_free(params);
	tw_key_free(e.key);
	tw_key_free(f.key);
}

/* A key of the provider's, from these parameters alone. */
static EVP_PKEY *import(OSSL_PARAM *params)
{
	EVP_PKEY *evp = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", "provider=tw-remote");
	CHECK_INT(EVP_PKEY_fromdata_init(ctx), 1);
	(void)EVP_PKEY_fromdata(ctx, &evp, EVP_PKEY_KEYPAIR, params);
	EVP_PKEY_CTX_free(ctx);
	return evp;
}

static bool can_begin(EVP_PKEY *evp, const char *digest)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, "provider=tw-remote", evp, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

static void test_imports(void **state)
{
	struct elsewhere e = { 0 };
	struct tw_remote remote = { sign, &e };
	const struct tw_remote *at = &remote;
	uint8_t point[TW_POINT_SIZE + 1] = { 4 };
	OSSL_PARAM end = OSSL_PARAM_construct_end(), there = OSSL_PARAM_construct_octet_string("tw-remote", (void *)&at, sizeof at),
		   cut = OSSL_PARAM_construct_octet_string("tw-remote", (void *)&at, sizeof at - 1);
	TW_CLEANUP(tw_key_freep) tw_key *first = NULL;

	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_key_point(e.key, point));
	CHECK_OK(tw_remote_key(sys, &remote, point, &first));
	OSSL_PARAM good = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, TW_POINT_SIZE), long_one = good, text = good;
	long_one.data_size++;
	text.data_type = OSSL_PARAM_UTF8_STRING;
	CHECK(!import((OSSL_PARAM[]){ there, end }));
	CHECK(!import((OSSL_PARAM[]){ long_one, there, end }));
	CHECK(!import((OSSL_PARAM[]){ text, there, end }));
	EVP_PKEY *whole = import((OSSL_PARAM[]){ good, there, end }), *alone = import((OSSL_PARAM[]){ good, end }),
		 *half = import((OSSL_PARAM[]){ good, cut, end });
	CHECK(can_begin(whole, "SHA256"));
	CHECK(!can_begin(whole, "SHA384")); /* the other process signs SHA-256 and nothing else */
	CHECK(!can_begin(whole, NULL));
	CHECK(!can_begin(alone, "SHA256")); /* nobody who would sign */
	CHECK(!can_begin(half, "SHA256"));
	EVP_PKEY_free(whole);
	EVP_PKEY_free(alone);
	EVP_PKEY_free(half);
	tw_key_free(e.key);
}

static tw_err sign_nothing(void *user, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size)
{
	return TW_OK;
}

static tw_err sign_and_fail(void *user, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size)
{
	*ret_size = 8;
	return TW_RAISE(TIMEOUT, "no answer");
}

static bool can_sign(EVP_PKEY *evp)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t out[80];
	size_t size = sizeof out;
	CHECK_INT(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, evp, NULL), 1);
	bool ok = EVP_DigestSign(ctx, out, &size, (const uint8_t *)"m", 1) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}

/* Who signs may want to see what it is. */
static tw_err sign_text(void *user, struct tw_slice text, uint8_t *ret, size_t max, size_t *ret_size)
{
	struct elsewhere *e = user;
	uint8_t digest[32];
	CHECK(text.size == 1 && text.at[0] == 'm');
	e->asked++;
	TW_TRY(tw_sha256(text.at, text.size, digest));
	return tw_key_sign_digest_der(e->key, digest, ret, max, ret_size);
}

static void test_signers(void **state)
{
	struct elsewhere e = { 0 };
	struct tw_remote seeing = { .sign_text = sign_text, .user = &e }, failing = { sign_and_fail, NULL };
	TW_CLEANUP(tw_key_freep) tw_key *one = NULL, *other = NULL;
	uint8_t point[TW_POINT_SIZE];
	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_key_point(e.key, point));
	CHECK_OK(tw_remote_key(sys, &seeing, point, &one));
	CHECK_OK(tw_remote_key(sys, &failing, point, &other));
	CHECK(can_sign(tw_key_evp(one)));
	CHECK_INT(e.asked, 1);
	CHECK(!can_sign(tw_key_evp(other))); /* whatever it left as a size */
	tw_key_free(e.key);
}

/* An answer without bytes is no signature, and one that has no room is not handed out; both leave a reason. */
static void test_signatures(void **state)
{
	struct elsewhere e = { 0 };
	struct tw_remote remote = { sign, &e }, mute = { sign_nothing, NULL };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL, *silent = NULL;
	uint8_t point[TW_POINT_SIZE], out[80];
	size_t size = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *inner = NULL;
	OSSL_PARAM unknown[] = { OSSL_PARAM_construct_size_t("tw-unknown", &size), OSSL_PARAM_construct_end() };

	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_key_point(e.key, point));
	CHECK_OK(tw_remote_key(sys, &remote, point, &key));
	CHECK_OK(tw_remote_key(sys, &mute, point, &silent));
	CHECK_INT(EVP_DigestSignInit_ex(ctx, &inner, "SHA256", NULL, NULL, tw_key_evp(key), NULL), 1);
	CHECK_INT(EVP_PKEY_CTX_get_params(inner, unknown), 1); /* what is not known is left alone */
	CHECK_INT(EVP_DigestSign(ctx, NULL, &size, (const uint8_t *)"m", 1), 1);
	CHECK_INT(size, 72);
	CHECK_INT(e.asked, 0); /* asking for the size asks nobody */
	CHECK_INT(EVP_DigestSign(ctx, out, &size, (const uint8_t *)"m", 1), 1);
	CHECK(size >= 68 && size <= 72);
	uint8_t raw[TW_SIGNATURE_SIZE];
	CHECK_OK(tw_signature_of_der((struct tw_slice){ (char *)out, size }, raw));
	const struct tw_slice m = TW_SLICE("m");
	CHECK_OK(tw_key_verify(e.key, &m, 1, raw));
	ERR_clear_error();
	memset(out, 0xee, sizeof out);
	size = 8;
	CHECK_INT(EVP_DigestSign(ctx, out, &size, (const uint8_t *)"m", 1), 0);
	CHECK(out[0] == 0xee && ERR_get_error() != 0);
	EVP_MD_CTX_reset(ctx);
	CHECK_INT(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, tw_key_evp(silent), NULL), 1);
	size = sizeof out;
	CHECK_INT(EVP_DigestSign(ctx, out, &size, (const uint8_t *)"m", 1), 0);
	EVP_MD_CTX_free(ctx);
	tw_key_free(e.key);
}

static tw_err make(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct elsewhere *e = user;
	struct tw_remote remote = { sign, e };
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(tw_key_point(e->key, point));
	return tw_remote_key(s, &remote, point, &key);
}

struct making {
	const struct tw_remote *remote;
	uint8_t point[TW_POINT_SIZE];
	tw_key *key;
};

static tw_err make_to_keep(const struct tw_sys *s, void *user)
{
	struct making *m = user;
	return tw_remote_key(s, m->remote, m->point, &m->key);
}

static void judge_key(void *user)
{
	struct making *m = user;
	CHECK(can_begin(tw_key_evp(m->key), "SHA256")); /* never half a key */
	m->key = tw_key_free(m->key);
}

/* The provider is loaded at the first key: each call of that fails once, and what was left half done is finished by the next. */
static void test_first_use_without_memory(void **state)
{
	struct elsewhere e = { 0 };
	struct tw_remote remote = { sign, &e };
	struct making m = { .remote = &remote };

	CHECK_OK(tw_key_generate(sys, &e.key));
	CHECK_OK(tw_key_point(e.key, m.point));
	judged_sweep(make_to_keep, judge_key, &m);
	test_tls(state);
	tw_key_free(e.key);
}

/* In a process of its own, which has not loaded the provider yet: the nth allocation fails. 0: well; 1: there is no nth. */
static int first_remote_key(long n)
{
	struct tw_remote remote = { sign_nothing, NULL };
	tw_fake *f = tw_fake_new();
	tw_key *local = NULL, *key = NULL;
	uint8_t point[TW_POINT_SIZE];

	tw_crypto_use(tw_fake_sys(f));
	if (tw_failed(tw_key_generate(sys, &local)) || tw_failed(tw_key_point(local, point)))
		return 2;
	tw_fake_fail(f, n, ENOMEM, false);
	tw_err first = tw_remote_key(sys, &remote, point, &key);
	/* What it could not fetch once OpenSSL takes for what it has not. */
	bool lost = tw_failed(first) && strstr(tw_err_detail(), "a remote key");
	if (tw_failed(first) && !tw_is(first, TW_CODE_NOMEM))
		return 3;
	bool fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	key = tw_key_free(key);
	tw_err second = tw_remote_key(sys, &remote, point, &key);
	if (tw_failed(second) ? !lost || !tw_is(second, TW_CODE_CRYPTO) : !can_begin(tw_key_evp(key), "SHA256"))
		return 4;
	local = tw_key_free(local);
	if (tw_failed(tw_key_generate(sys, &local)) ||
		strcmp(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(tw_key_evp(local))), "default") != 0)
		return 5;
	return fired ? 0 : 1;
}

static void test_first_key_without_memory(void **state)
{
	int ended = 0;
	for (long n = 1; ended == 0; n++) {
		pid_t child = fork();
		if (child == 0)
			_exit(first_remote_key(n));
		CHECK(child > 0 && waitpid(child, &ended, 0) == child && WIFEXITED(ended));
		ended = WEXITSTATUS(ended);
		if (ended > 1)
			fail_msg("allocation %ld: step %d", n, ended);
	}
}

static void test_out_of_memory(void **state)
{
	struct elsewhere e = { 0 };
	CHECK_OK(tw_key_generate(sys, &e.key));
	(void)oom_sweep(make, &e);
	tw_key_free(e.key);
}

/* A certificate authority whose key is elsewhere. */
static void test_certificates(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *here = NULL, *key = NULL, *subject = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *root = NULL, *leaf = NULL;
	const struct tw_cert_want ca = { .common_name = "CA", .is_ca = true, .not_before_ms = 1000 },
				  want = { .common_name = "leaf", .not_before_ms = 1000 };
	uint8_t point[TW_POINT_SIZE];
	CHECK_OK(tw_key_generate(sys, &here));
	CHECK_OK(tw_key_generate(sys, &subject));
	CHECK_OK(tw_key_point(here, point));
	struct elsewhere e = { .key = here };
	const struct tw_remote remote = { .sign = sign, .user = &e };
	CHECK_OK(tw_remote_key(sys, &remote, point, &key));
	CHECK_OK(tw_cert_make(sys, &ca, here, NULL, key, &root));
	CHECK_OK(tw_cert_make(sys, &want, subject, root, key, &leaf));
	CHECK_INT(e.asked, 2);
	CHECK_OK(tw_cert_verify(leaf, root, 2000));
	e.refuse = true;
	leaf = tw_cert_free(leaf);
	CHECK_ERR(tw_cert_make(sys, &want, subject, root, key, &leaf), CRYPTO);
}

CHECK_MAIN(cmocka_unit_test_setup(test_first_key_without_memory, set_up), cmocka_unit_test_setup(test_first_use_without_memory, set_up),
	cmocka_unit_test_setup(test_tls, set_up), cmocka_unit_test_setup(test_refusals, set_up),
	cmocka_unit_test_setup(test_facts, set_up), cmocka_unit_test_setup(test_imports, set_up),
	cmocka_unit_test_setup(test_signatures, set_up), cmocka_unit_test_setup(test_signers, set_up),
	cmocka_unit_test_setup(test_certificates, set_up), cmocka_unit_test_setup(test_out_of_memory, set_up))
