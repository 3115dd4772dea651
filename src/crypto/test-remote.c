/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/remote.h"

#include "crypto/cert.h"
#include "sys/real.h"
#include "check.h"
#include "oom.h"

#include <openssl/ssl.h>

static const struct tw_sys *sys;

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
	sys = tw_sys_real();
	tw_crypto_use(sys);
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

static tw_err make(const struct tw_sys *s, void *user)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct elsewhere *e = user;
	struct tw_remote remote = { sign, e };
	uint8_t point[TW_POINT_SIZE];
	TW_TRY(tw_key_point(e->key, point));
	return tw_remote_key(s, &remote, point, &key);
}

static void test_out_of_memory(void **state)
{
	struct elsewhere e = { 0 };
	CHECK_OK(tw_key_generate(sys, &e.key));
	(void)oom_sweep(make, &e);
	tw_key_free(e.key);
}

CHECK_MAIN(cmocka_unit_test(test_tls), cmocka_unit_test(test_refusals), cmocka_unit_test(test_out_of_memory))
