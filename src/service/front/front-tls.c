/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS 1.3 and nothing older, no resumption (with OpenSSL 3.0 a ticket saves the server nothing), http/1.1 as the one protocol.
 *
 * A client certificate is asked for and any single one is taken: the handshake proves that the client holds its key, and core
 * knows keys, not issuers. Only P-256 and Ed25519 are taken, so that an unknown peer cannot make us verify with huge keys, and
 * its chain is bounded to the size of one certificate.
 */
#include "service/front/front-tls.h"

#include "base/mem.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "crypto/remote.h"
#include "crypto/sitechain.h"
#include "service/keys/keys.h"
#include "service/wire.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/uio.h>

#define CHAIN_MAX 4096  /* a client certificate with a P-256 key is under 1 KiB; what OpenSSL buffers for it before it is read */
#define RECORD_MAX 4096 /* of what we send in one record: bounds OpenSSL's write buffer */

struct tw_front_tls {
	const struct tw_sys *sys;
	unsigned refs;
	tw_channel *keys;
	struct tw_remote remote;
	tw_key *key;
	uint8_t fingerprint[32]; /* of the key */
	X509 *certificate;
	struct tw_site_chain chain;
	tw_cert *named; /* NULL: none */
	struct tw_dns_names names;
	SSL_CTX *server;
	BIO_METHOD *method;
};

static tw_err raise_ssl(const char *what)
{
	unsigned long e = ERR_get_error();

	ERR_clear_error();
	return e && ERR_GET_REASON(e) != ERR_R_MALLOC_FAILURE ? TW_RAISE(CRYPTO, "%s: OpenSSL %lx", what, e) : TW_RAISE(NOMEM, "%s", what);
}

static tw_err sign(void *user, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size)
{
	struct tw_front_tls *t = user;
	struct tw_message m;
	uint8_t ask[64];

	memcpy(ask, digest, 32);
	memcpy(ask + 32, t->fingerprint, 32);
	TW_TRY(tw_channel_call(t->keys, TW_WIRE_TLS_SIGN, ask, sizeof ask, TW_WIRE_TLS_SIGNED, TW_KEYS_TIMEOUT_MS, &m));
	if (m.payload.size == 0 || m.payload.size > max)
		return TW_RAISE(DENIED, "keys refused to sign a handshake");
	memcpy(ret, m.payload.at, m.payload.size);
	*ret_size = m.payload.size;
	return TW_OK;
}

/*
 * --- OpenSSL's bytes, the seam as the BIO's data, the line as the application's. ---
 *
 * A turn's bytes are counted here and nowhere above, because OpenSSL works through records that carry no data (key updates, empty
 * ones) within one call, for as long as there are any.
 */

static struct tw_front_line *line_of(BIO *b)
{
	return BIO_get_app_data(b);
}

static int retry_or_fail(BIO *b, int retry_flags)
{
	if (errno == EAGAIN || errno == EINTR)
		BIO_set_flags(b, retry_flags | BIO_FLAGS_SHOULD_RETRY);
	return -1;
}

static int bio_read(BIO *b, char *to, int size)
{
	const struct tw_front_tls *t = BIO_get_data(b);
	struct tw_front_line *line = line_of(b);
	size_t most = (size_t)size < line->turn ? (size_t)size : line->turn;
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (most == 0) {
		BIO_set_retry_read(b); /* the socket stays readable: the loop comes back after the others */
		return -1;
	}
	do
		n = t->sys->read(t->sys, line->fd, to, most);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		line->turn -= (size_t)n;
	return n < 0 ? retry_or_fail(b, BIO_FLAGS_READ) : (int)n;
}

static int bio_write(BIO *b, const char *from, int size)
{
	const struct tw_front_tls *t = BIO_get_data(b);
	struct iovec part = { (void *)(uintptr_t)from, (size_t)size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	const struct tw_front_line *line = line_of(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	do
		n = t->sys->sendmsg(t->sys, line->fd, &m, line->more ? MSG_MORE : 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? retry_or_fail(b, BIO_FLAGS_WRITE) : (int)n;
}

static long bio_ctrl(BIO *b, int what, long number, void *p)
{
	return what == BIO_CTRL_FLUSH;
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static tw_err make_method(struct tw_front_tls *t)
{
	t->method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tw-seam");
	if (!t->method || !BIO_meth_set_read(t->method, bio_read) || !BIO_meth_set_write(t->method, bio_write) ||
		!BIO_meth_set_ctrl(t->method, bio_ctrl) || !BIO_meth_set_create(t->method, bio_create))
		return raise_ssl("BIO method");
	return TW_OK;
}

/* --- The server's context --- */

static int take_any_certificate(X509_STORE_CTX *store, void *user)
{
	/* Nothing is decided here: core decides, by the key that the handshake proves. */
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_untrusted(store);

	if (!chain || sk_X509_num(chain) == 1)
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_CHAIN_TOO_LONG);
	return 0;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *size, const unsigned char *in, unsigned in_size, void *user)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	if (SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A name that is none of these gets what everybody gets. */
static int choose_certificate(SSL *ssl, void *user)
{
	const tw_front_tls *t = user;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	return !t->named || !name || !tw_dns_names_have(&t->names, tw_slice_of(name)) ||
		SSL_use_certificate(ssl, tw_cert_x509(t->named)) == 1;
}

static bool is_pair(BIO *b)
{
	return BIO_method_type(b) == BIO_TYPE_BIO; /* the self-request's */
}

/*
 * A key update costs us two derivations and its sender nothing, so they are counted; no client has a reason for many. OpenSSL
 * leaves the state in which all is settled for each of them, and for no other message of a client.
 */
static void count_key_updates(const SSL *ssl, int where, int value)
{
	BIO *b = SSL_get_rbio(ssl);

	if (where & SSL_CB_LOOP && SSL_get_state(ssl) == TLS_ST_OK && !is_pair(b))
		line_of(b)->rekeys++;
}

static bool set_offer(SSL_CTX *c)
{
	/* AES-128 and SHA-256 first: the cheapest where the processor has both, and no weaker for what we carry. */
	return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) &&
		SSL_CTX_set_ciphersuites(c, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") &&
		SSL_CTX_set1_groups_list(c, "X25519:P-256") && SSL_CTX_set1_sigalgs_list(c, "ECDSA+SHA256") &&
		SSL_CTX_set1_client_sigalgs_list(c, "ECDSA+SHA256:ed25519") && SSL_CTX_set_num_tickets(c, 0);
}

/* What vouches for the certificate; OpenSSL looks at the strength of each. */
static tw_err add_between(struct tw_front_tls *t)
{
	struct tw_slice rest = tw_buf_slice(&t->chain.between);

	while (rest.size) {
		const unsigned char *at = (const unsigned char *)rest.at;
		X509 *x = d2i_X509(NULL, &at, (long)rest.size);

		if (!x || !SSL_CTX_add0_chain_cert(t->server, x)) {
			X509_free(x);
			return raise_ssl("what vouches for the listener's certificate");
		}
		rest.size -= (size_t)((const char *)at - rest.at);
		rest.at = (const char *)at;
	}
	return TW_OK;
}

static tw_err make_server(struct tw_front_tls *t)
{
	/* Errors are logged by number, so the table of TLS's error words is not made. */
	(void)OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_SSL_STRINGS, NULL);
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	if (!c)
		return raise_ssl("TLS context");
	t->server = c;
	if (!set_offer(c))
		return raise_ssl("TLS parameters");
	SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c, 1);
	SSL_CTX_set_max_send_fragment(c, RECORD_MAX);
	SSL_CTX_set_max_cert_list(c, CHAIN_MAX);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c, take_any_certificate, NULL);
	SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
	SSL_CTX_set_info_callback(c, count_key_updates);
	SSL_CTX_set_cert_cb(c, choose_certificate, t);
	if (!SSL_CTX_use_certificate(c, t->certificate) || !SSL_CTX_use_PrivateKey(c, tw_key_evp(t->key)))
		return raise_ssl("listener certificate");
	return add_between(t);
}

static tw_err load_key(struct tw_front_tls *t, struct tw_slice der)
{
	TW_CLEANUP(tw_key_freep) tw_key *public_key = NULL;
	uint8_t point[TW_POINT_SIZE];
	const unsigned char *at = (const unsigned char *)der.at;

	TW_TRY(tw_site_chain_der(t->sys, der, &t->chain));
	TW_TRY(tw_cert_key(t->chain.leaf, &public_key));
	TW_TRY(tw_key_point(public_key, point));
	TW_TRY(tw_cert_fingerprint(t->chain.leaf, t->fingerprint));
	TW_TRY(tw_remote_key(t->sys, &t->remote, point, &t->key));
	t->certificate = d2i_X509(NULL, &at, (long)der.size);
	return t->certificate ? TW_OK : raise_ssl("listener certificate");
}

tw_err tw_front_tls_new(const struct tw_sys *sys, tw_channel *keys, struct tw_slice certificate_der, tw_front_tls **ret)
{
	TW_CLEANUP(tw_front_tls_unrefp) tw_front_tls *t = TW_NEW(sys, tw_front_tls);

	if (!t)
		return TW_RAISE(NOMEM, "TLS");
	t->refs = 1;
	t->sys = sys;
	t->keys = keys;
	t->remote = (struct tw_remote){ sign, t };
	TW_TRY(load_key(t, certificate_der));
	TW_TRY(make_method(t));
	TW_TRY(make_server(t));
	*ret = TW_STEAL(t);
	return TW_OK;
}

tw_err tw_front_tls_named(tw_front_tls *t, struct tw_slice certificate_der)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct tw_dns_names names = { .count = 0 };
	uint8_t point[TW_POINT_SIZE], ours[TW_POINT_SIZE];

	if (certificate_der.size) {
		TW_TRY(tw_cert_load(t->sys, certificate_der, &cert));
		TW_TRY(tw_cert_key(cert, &key));
		TW_TRY(tw_key_point(key, point));
		TW_TRY(tw_key_point(t->key, ours));
		if (memcmp(point, ours, sizeof ours) != 0)
			return TW_RAISE(UNTRUSTED, "the owner's certificate is of another key");
		TW_TRY(tw_cert_dns_names(cert, &names));
	}
	(void)tw_cert_free(t->named);
	t->named = TW_STEAL(cert);
	t->names = names;
	return TW_OK;
}

void tw_front_tls_site(tw_front_tls *t)
{
	if (tw_failed(tw_cert_dns_names(t->chain.leaf, &t->names)))
		t->names.count = 0; /* it answers to its address then */
}

const struct tw_dns_names *tw_front_tls_names(const tw_front_tls *t)
{
	return &t->names;
}

tw_front_tls *tw_front_tls_ref(tw_front_tls *t)
{
	t->refs++;
	return t;
}

tw_front_tls *tw_front_tls_unref(tw_front_tls *t)
{
	if (!t || --t->refs > 0)
		return NULL;
	SSL_CTX_free(t->server);
	X509_free(t->certificate);
	tw_site_chain_done(&t->chain);
	(void)tw_cert_free(t->named);
	(void)tw_key_free(t->key);
	BIO_meth_free(t->method);
	free(t);
	return NULL;
}

tw_err tw_front_tls_accept(const tw_front_tls *t, struct tw_front_line *line, SSL **ret)
{
	SSL *ssl = SSL_new(t->server);

	if (!ssl)
		return raise_ssl("TLS connection");
	SSL_set_accept_state(ssl);
	if (line) {
		BIO *b = BIO_new(t->method);
		if (!b) {
			SSL_free(ssl);
			return raise_ssl("TLS connection");
		}
		BIO_set_data(b, (void *)(uintptr_t)t);
		BIO_set_app_data(b, line);
		SSL_set_bio(ssl, b, b);
	}
	*ret = ssl;
	return TW_OK;
}

void tw_front_tls_more(SSL *ssl, bool follows)
{
	BIO *b = SSL_get_wbio(ssl);

	if (!is_pair(b))
		line_of(b)->more = follows;
}

static int trust_listener(X509_STORE_CTX *store, void *user)
{
	const struct tw_front_tls *t = user;
	X509 *shown = X509_STORE_CTX_get0_cert(store);

	return shown && X509_cmp(shown, t->certificate) == 0;
}

tw_err tw_front_tls_connect(const tw_front_tls *t, SSL **ret)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	if (c && SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION)) {
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
		SSL_CTX_set_cert_verify_callback(c, trust_listener, (void *)(uintptr_t)t);
		ssl = SSL_new(c);
	}
	SSL_CTX_free(c); /* the connection holds its own reference */
	if (!ssl)
		return raise_ssl("TLS client");
	SSL_set_connect_state(ssl);
	*ret = ssl;
	return TW_OK;
}

tw_err tw_front_tls_client_key(SSL *ssl, uint8_t ret[32])
{
	X509 *x = SSL_get0_peer_certificate(ssl);
	unsigned char *der = NULL;

	if (!x)
		return TW_RAISE(NOTFOUND, "no client certificate");
	int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	if (size <= 0)
		return raise_ssl("client key");
	tw_err e = tw_sha256(der, (size_t)size, ret);
	OPENSSL_free(der);
	return e;
}

tw_err tw_front_tls_client_certificate(SSL *ssl, struct tw_buf *ret)
{
	X509 *x = SSL_get0_peer_certificate(ssl);
	unsigned char *der = NULL;

	if (!x)
		return TW_RAISE(NOTFOUND, "no client certificate");
	int size = i2d_X509(x, &der);
	if (size <= 0)
		return raise_ssl("client certificate");
	tw_err e = tw_buf_add(ret, der, (size_t)size);
	OPENSSL_free(der);
	return e;
}

void tw_front_tls_negotiated(SSL *ssl, uint16_t *ret_suite, uint16_t *ret_group)
{
	const SSL_CIPHER *suite = SSL_get_current_cipher(ssl);
	const int nid = (int)SSL_get_negotiated_group(ssl);

	*ret_suite = suite ? SSL_CIPHER_get_protocol_id(suite) : 0;
	*ret_group = nid == NID_X25519 ? TW_TLS_X25519 : nid == NID_X9_62_prime256v1 ? TW_TLS_P256 : 0;
}

tw_err tw_front_tls_exporter(SSL *ssl, uint8_t ret[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (SSL_export_keying_material(ssl, ret, 32, label, sizeof label - 1, (const unsigned char *)"", 0, 1) != 1)
		return raise_ssl("TLS exporter");
	return TW_OK;
}
