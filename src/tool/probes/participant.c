/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of a device's local identity: this tool is the other device. It opens a door that takes only whom the owner's authority
 * names, has the device come there, and shows that a self-signed stand-in with the same names does not get in.
 *
 * The device comes by the name localhost, so it has to be on this machine; one that is elsewhere cannot come, and then the finding
 * says so.
 */
#include "tool/probes/door.h"
#include "tool/probes/probe.h"

#include "base/text.h"
#include "crypto/chain.h"
#include "tool/files.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#define HERE "/api/v1/local-identity"
#define DAY_MS (86400 * INT64_C(1000))
/* Who comes must have a certificate under the anchors; OpenSSL judges, as any peer would. */
static tw_err make_tls(struct tw_door *d, const char *anchors_pem)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs anchors = { 0 };

	TW_TRY(tw_certs_read(d->sys, tw_slice_of(anchors_pem), TW_ANCHORS_MAX, &anchors));
	d->ctx = SSL_CTX_new(TLS_server_method());
	bool good = d->ctx && SSL_CTX_set_min_proto_version(d->ctx, TLS1_3_VERSION) == 1 &&
		SSL_CTX_use_certificate(d->ctx, tw_cert_x509(d->cert)) == 1 && SSL_CTX_use_PrivateKey(d->ctx, tw_key_evp(d->key)) == 1;
	for (size_t i = 0; good && i < anchors.count; i++)
		good = X509_STORE_add_cert(SSL_CTX_get_cert_store(d->ctx), tw_cert_x509(anchors.of[i])) == 1;
	if (!good)
		return TW_RAISE(CRYPTO, "a TLS server");
	/* An anchor may be an issuing authority that is not self-signed. */
	if (X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(d->ctx), X509_V_FLAG_PARTIAL_CHAIN) != 1)
		return TW_RAISE(CRYPTO, "a TLS server's rules");
	SSL_CTX_set_verify(d->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_cache_mode(d->ctx, SSL_SESS_CACHE_OFF);
	return TW_OK;
}

static tw_err door_open(struct tw_probe_context *c, const char *anchors, struct tw_door *d)
{
	TW_TRY(tw_door_make(c->sys, d));
	TW_TRY(make_tls(d, anchors));
	return tw_door_listen(d);
}

/* --- The stand-in --- */

static tw_err stand_in_make(const struct tw_door *d, const char *identifier, tw_key **ret_key, tw_cert **ret)
{
	int64_t now = tw_now_ms(d->sys);
	const struct tw_cert_want want = {
		.common_name = "probe", .uri = identifier, .is_client = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS
	};

	TW_TRY(tw_key_generate(d->sys, ret_key));
	return tw_cert_make(d->sys, &want, *ret_key, NULL, *ret_key, ret);
}

/* In memory; 1: both ends are content. */
static int shake_hands_here(SSL *server, SSL *client)
{
	int r = 0;

	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < 10 && r != 1; i++) {
		(void)SSL_do_handshake(client);
		r = SSL_do_handshake(server);
	}
	return r;
}

/* Against the same door. CRYPTO: the certificate was not judged, which is no refusal. */
static tw_err lets_in(const struct tw_door *d, const tw_key *key, const tw_cert *cert, bool *ret)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *server = SSL_new(d->ctx), *client = ctx ? SSL_new(ctx) : NULL;
	BIO *to_client = NULL, *to_server = NULL;
	bool judged = false;

	*ret = false;
	if (server && client && SSL_use_certificate(client, tw_cert_x509(cert)) == 1 &&
		SSL_use_PrivateKey(client, tw_key_evp(key)) == 1 && BIO_new_bio_pair(&to_client, 0, &to_server, 0) == 1) {
		SSL_set_bio(server, to_client, to_client);
		SSL_set_bio(client, to_server, to_server);
		*ret = shake_hands_here(server, client) == 1;
		judged = *ret || SSL_get_verify_result(server) != X509_V_OK;
	}
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(ctx);
	return judged ? TW_OK : TW_RAISE(CRYPTO, "the stand-in's handshake ended before its certificate was looked at");
}

/* --- The device --- */

/* Answers whatever was asked, and keeps the certificate that came. */
static tw_err serve(struct tw_door *d, SSL *ssl, int64_t until, struct tw_buf *ret_der)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	char asked[4096];
	uint8_t *der = NULL;
	X509 *x = SSL_get0_peer_certificate(ssl);
	int size = x ? i2d_X509(x, &der) : 0;
	tw_err e = size > 0 ? tw_buf_add(ret_der, der, (size_t)size) : TW_RAISE(CRYPTO, "a peer's certificate");

	OPENSSL_free(der);
	TW_TRY(e);
	int r;
	while ((r = SSL_read(ssl, asked, sizeof asked)) <= 0)
		if (SSL_get_error(ssl, r) != SSL_ERROR_WANT_READ || !tw_door_wait(d, d->guest, POLLIN, until))
			return TW_OK;
	(void)SSL_write(ssl, answer, sizeof answer - 1);
	(void)SSL_shutdown(ssl);
	return TW_OK;
}

/* TIMEOUT: nobody came. Others: shake_hands. */
static tw_err take_guest(struct tw_door *d, struct tw_buf *ret_der)
{
	int64_t until = tw_now_ms(d->sys) + TW_DOOR_WAIT_MS;

	TW_TRY(tw_door_take(d, until));
	SSL *ssl = SSL_new(d->ctx);
	tw_err e = ssl && SSL_set_fd(ssl, d->guest) == 1 ? tw_door_shake(d, ssl, until) : TW_RAISE(CRYPTO, "a TLS connection");
	if (!tw_failed(e))
		e = serve(d, ssl, until, ret_der);
	SSL_free(ssl);
	return e;
}

static tw_err send_device(struct tw_probe_context *c, const struct tw_door *d)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char url[64];

	tw_buf_init(&pem, c->sys, 8192);
	TW_TRY(tw_cert_pem(d->ca, &pem));
	(void)snprintf(url, sizeof url, "https://localhost:%u/", d->port);
	return tw_order_with(c, "POST", HERE "/presentation", json_pack("{s:s, s:s}", "url", url, "anchors", tw_buf_cstr(&pem)), NULL);
}

/* Whether what came is the certificate that the device says it has. */
static tw_err same_certificate(struct tw_probe_context *c, const json_t *said, const struct tw_buf *der, bool *ret)
{
	TW_CLEANUP(tw_certs_done) struct tw_certs chain = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf its = { 0 };

	tw_buf_init(&its, c->sys, 8192);
	TW_TRY(tw_certs_read(c->sys, tw_slice_of(tw_json_text(said, "certificate")), TW_CHAIN_MAX, &chain));
	TW_TRY(tw_cert_der(chain.of[0], &its));
	*ret = its.size == der->size && memcmp(its.data, der->data, der->size) == 0;
	return TW_OK;
}

/* ret_good false: f has been told. */
static tw_err stand_in_is_refused(struct tw_probe_context *c, struct tw_door *d, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *stand_in = NULL;
	bool in = false;

	*ret_good = false;
	TW_TRY(stand_in_make(d, tw_json_text(c->target[0].identity.body, "identifier"), &key, &stand_in));
	tw_err e = lets_in(d, key, stand_in, &in);
	if (tw_failed(e))
		return tw_found_trouble(f, "Whether a stand-in is let in", e);
	if (in)
		return tw_found(f, TW_VERDICT_FAIL, "A self-signed stand-in passes under the authority that the device names.");
	*ret_good = true;
	return tw_saw(f, "stand-in", "refused");
}

static tw_err device_was_not_let_in(struct tw_finding *f, tw_err e)
{
	if (tw_is(e, TW_CODE_TIMEOUT))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device did not come to this desk; run the assessment on the machine it runs on.");
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return tw_found(f, TW_VERDICT_FAIL, "The device came, and could not show that it is one whom its authority names.");
	return tw_found_trouble(f, "The device's certificate at this desk", e);
}

static tw_err judge(struct tw_probe_context *c, struct tw_door *d, const json_t *said, struct tw_finding *f)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	bool good = false, same = false;

	tw_buf_init(&der, c->sys, 8192);
	TW_TRY(stand_in_is_refused(c, d, f, &good));
	if (!good)
		return TW_OK;
	tw_err e = send_device(c, d);
	if (tw_failed(e))
		return tw_found_trouble(f, "Having the device show its local identity", e);
	e = take_guest(d, &der);
	if (tw_failed(e))
		return device_was_not_let_in(f, e);
	TW_TRY(same_certificate(c, said, &der, &same));
	TW_TRY(tw_saw(f, "device", same ? "let in" : "let in with another certificate"));
	return same ? tw_found(f, TW_VERDICT_PASS,
			      "A peer under the owner's authority let the device in by its local identity, and refused a self-signed stand-in.")
		    : tw_found(f, TW_VERDICT_FAIL, "The device showed another certificate than the one it says it has.");
}

/* @nist DI.DAS.1: a peer accepts the device's certificate under its anchor, and rejects a self-signed stand-in. */
static tw_err authorized(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_door_done) struct tw_door d = { .fd = -1, .guest = -1 };

	tw_err e = tw_order(c, "GET", HERE, &answer);
	if (tw_failed(e))
		return tw_found_trouble(f, "Reading the local identity", e);
	if (!json_is_true(tw_json_get(answer.body, "enrolled")))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device has no local identity to show. Enrol it, and assess again.");
	if (!c->target[0].has_identity)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device did not say its identifier, which the stand-in would have to carry.");
	TW_TRY(door_open(c, tw_json_text(answer.body, "anchors"), &d));
	return judge(c, &d, answer.body, f);
}

const struct tw_probe tw_probes_participant[] = {
	{ "DI.DAS.1", "authorized-participant", TW_SOURCE_OUTSIDE,
		"Does a peer under the owner's authority take it, and no stand-in?", authorized },
	{},
};
