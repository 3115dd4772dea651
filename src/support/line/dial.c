/* SPDX-License-Identifier: Apache-2.0 */
#include "support/line/dial.h"

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "support/line/greet.h"
#include "support/line/scram.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>

/* A dead peer is noticed within half a minute, before the kernel's two hours. */
#define KEEP_IDLE_S 10
#define KEEP_EVERY_S 5
#define KEEP_COUNT 3
#define UNACKNOWLEDGED_MS 15000

struct dial {
	const struct tw_line_plan *plan;
	struct tw_line *line;
	int64_t until;
};

void tw_line_init(struct tw_line *l)
{
	*l = (struct tw_line){ .fd = -1 };
}

void tw_line_done(struct tw_line *l)
{
	if (l->ssl)
		(void)SSL_shutdown(l->ssl);
	SSL_free(l->ssl);
	l->ssl = NULL;
	tw_closep(&l->fd);
}

static tw_err too_late(const struct dial *d)
{
	return TW_RAISE(TIMEOUT, "no answer of %s, port %s, in time", d->plan->where.host, d->plan->where.port);
}

static tw_err wait_for(const struct dial *d, short events)
{
	struct pollfd p = { .fd = d->line->fd, .events = events };
	int n;

	do {
		const int64_t left = d->until - tw_boot_ms(d->plan->sys);

		n = left > 0 ? d->plan->sys->poll(d->plan->sys, &p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return TW_RAISE_ERRNO("waiting for PostgreSQL");
	return n ? TW_OK : too_late(d);
}

/* --- Where it is --- */

static tw_err find(const struct dial *d, struct tw_buf *ret)
{
	const struct tw_line_known *known = d->plan->known;
	const char *host = d->plan->where.host;

	if (tw_host_is_number(host))
		return tw_buf_text(ret, host);
	const tw_err e = tw_resolve(d->plan->sys, &d->plan->servers, host, ret);
	if (!tw_failed(e) || !known || strcmp(known->host, host) != 0)
		return e;
	tw_warn("%s; the store is looked for where it was the last time", tw_err_detail());
	tw_buf_clear(ret);
	return tw_buf_text(ret, known->addresses);
}

static void keep(struct tw_line_known *known, const char *host, const struct tw_buf *addresses)
{
	if (!known)
		return;
	(void)snprintf(known->host, sizeof known->host, "%s", host);
	(void)snprintf(known->addresses, sizeof known->addresses, "%.*s", (int)addresses->size, addresses->data);
}

/* --- TCP --- */

static tw_err address_of(struct tw_slice host, const char *port, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	char text[INET6_ADDRSTRLEN];
	uint64_t number = 0;

	if (host.size >= sizeof text)
		return TW_RAISE(SYNTAX, "an address of %zu bytes", host.size);
	memcpy(text, host.at, host.size);
	text[host.size] = '\0';
	TW_TRY(tw_parse_u64(tw_slice_of(port), 65535, &number));
	v4.sin_port = v6.sin6_port = htons((uint16_t)number);
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
		memcpy(ret, &v4, sizeof v4);
		*ret_size = sizeof v4;
		return TW_OK;
	}
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
		return TW_RAISE(SYNTAX, "%s is no address", text);
	memcpy(ret, &v6, sizeof v6);
	*ret_size = sizeof v6;
	return TW_OK;
}

static tw_err keep_alive(int fd)
{
	const int on = 1, idle = KEEP_IDLE_S, every = KEEP_EVERY_S, count = KEEP_COUNT, late = UNACKNOWLEDGED_MS;

	if (setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on) || setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) ||
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof every) ||
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) ||
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &late, sizeof late) ||
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on))
		return TW_RAISE_ERRNO("options of the line to PostgreSQL");
	return TW_OK;
}

static tw_err connect_one(struct dial *d, struct tw_slice host)
{
	const struct tw_sys *sys = d->plan->sys;
	struct sockaddr_storage a;
	socklen_t size, width = sizeof(int);
	int failed = 0;

	TW_TRY(address_of(host, d->plan->where.port, &a, &size));
	d->line->fd = sys->socket(sys, a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->line->fd < 0)
		return TW_RAISE_ERRNO("a socket");
	TW_TRY(keep_alive(d->line->fd));
	if (sys->connect(sys, d->line->fd, (struct sockaddr *)&a, size) == 0)
		return TW_OK;
	if (errno != EINPROGRESS)
		return TW_RAISE_ERRNO("connecting");
	TW_TRY(wait_for(d, POLLOUT));
	if (getsockopt(d->line->fd, SOL_SOCKET, SO_ERROR, &failed, &width) || failed) {
		errno = failed ? failed : errno;
		return TW_RAISE_ERRNO("connecting");
	}
	return TW_OK;
}

/* Each address in turn; of several the first gets no more than its part of the time, so that one that is not there does not take it all. */
static tw_err connect_any(struct dial *d, struct tw_slice addresses)
{
	const int64_t until = d->until;
	tw_err e = TW_OK;

	for (struct tw_slice rest = addresses; rest.size;) {
		const char *comma = memchr(rest.at, ',', rest.size);
		const struct tw_slice one = { rest.at, comma ? (size_t)(comma - rest.at) : rest.size };

		rest = (struct tw_slice){ one.at + one.size + (comma ? 1 : 0), rest.size - one.size - (comma ? 1 : 0) };
		const int64_t now = tw_boot_ms(d->plan->sys);
		d->until = rest.size ? now + (until - now) / 2 : until;
		e = connect_one(d, one);
		if (!tw_failed(e))
			break;
		tw_closep(&d->line->fd);
	}
	d->until = until;
	return e;
}

/* --- TLS --- */

static void ssl_ctx_freep(SSL_CTX **c)
{
	SSL_CTX_free(*c);
}

static void bio_freep(BIO **b)
{
	BIO_free(*b);
}

static void x509_freep(X509 **x)
{
	X509_free(*x);
}

static void pkey_freep(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

/* OpenSSL would ask a terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *user)
{
	return -1;
}

static tw_err trust(SSL_CTX *c, struct tw_slice pem)
{
	TW_CLEANUP(bio_freep) BIO *b = BIO_new_mem_buf(pem.at, (int)pem.size);
	int count = 0;

	if (!b)
		return TW_RAISE(NOMEM, "authorities");
	for (;; count++) {
		TW_CLEANUP(x509_freep) X509 *x = PEM_read_bio_X509(b, NULL, no_passphrase, NULL);

		if (!x)
			break;
		if (X509_STORE_add_cert(SSL_CTX_get_cert_store(c), x) != 1)
			return TW_RAISE(NOMEM, "authorities");
	}
	ERR_clear_error();
	return count
		? TW_OK
		: TW_RAISE(NOTFOUND,
			  "store.tls: there is no authority to verify the server by: put its certificate, as PEM, into store-trust.pem");
}

static tw_err show_ourselves(SSL_CTX *c, struct tw_slice pem)
{
	TW_CLEANUP(bio_freep) BIO *certificates = BIO_new_mem_buf(pem.at, (int)pem.size);
	TW_CLEANUP(bio_freep) BIO *keys = BIO_new_mem_buf(pem.at, (int)pem.size);
	TW_CLEANUP(x509_freep) X509 *own = certificates ? PEM_read_bio_X509(certificates, NULL, no_passphrase, NULL) : NULL;
	TW_CLEANUP(pkey_freep) EVP_PKEY *key = keys ? PEM_read_bio_PrivateKey(keys, NULL, no_passphrase, NULL) : NULL;
	bool fits = own && key && SSL_CTX_use_certificate(c, own) == 1 && SSL_CTX_use_PrivateKey(c, key) == 1;

	for (X509 *between; fits && (between = PEM_read_bio_X509(certificates, NULL, no_passphrase, NULL));)
		if (SSL_CTX_add0_chain_cert(c, between) != 1) {
			X509_free(between);
			fits = false;
		}
	ERR_clear_error();
	return fits
		? TW_OK
		: TW_RAISE(SYNTAX, "store.client: store-client.pem has to hold a certificate, what vouches for it, and its key without a passphrase");
}

static tw_err new_session(const struct dial *d)
{
	TW_CLEANUP(ssl_ctx_freep) SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	const char *host = d->plan->where.host;

	if (!c || SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1)
		return TW_RAISE(NOMEM, "TLS");
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	(void)SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	TW_TRY(trust(c, d->plan->trust));
	if (d->plan->client.size)
		TW_TRY(show_ourselves(c, d->plan->client));
	SSL *s = d->line->ssl = SSL_new(c);
	if (!s || SSL_set_fd(s, d->line->fd) != 1)
		return TW_RAISE(NOMEM, "TLS");
	SSL_set_hostflags(s, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (tw_host_is_number(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(s), host) == 1 ? TW_OK : TW_RAISE(SYNTAX, "%s is no address", host);
	return SSL_set1_host(s, host) == 1 && SSL_set_tlsext_host_name(s, host) == 1 ? TW_OK : TW_RAISE(NOMEM, "TLS");
}

static tw_err judge_handshake(const struct dial *d)
{
	const long verdict = SSL_get_verify_result(d->line->ssl);
	const char *host = d->plan->where.host;

	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return TW_RAISE(UNTRUSTED, "store.name: the server at %s shows the certificate of another name", host);
	if (verdict != X509_V_OK)
		return TW_RAISE(UNTRUSTED, "store.tls: the certificate of %s does not hold by store-trust.pem: %s", host,
			X509_verify_cert_error_string(verdict));
	const char *why = ERR_reason_error_string(ERR_peek_error());
	return TW_RAISE(CLOSED, "store.tls: TLS with %s did not come about: %s", host, why ? why : "the connection was closed");
}

/* What one call of OpenSSL's waits for; it is done when n is positive. */
static tw_err go_on(const struct dial *d, int n, bool *ret_done)
{
	*ret_done = n > 0;
	if (n > 0)
		return TW_OK;
	switch (SSL_get_error(d->line->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(d, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(d, POLLOUT);
	default:
		return judge_handshake(d);
	}
}

/* One byte says whether there will be TLS; what came behind it in the clear would be read as the server's own words, so no more is taken than that. */
static tw_err ask_for_tls(struct dial *d)
{
	char answer = 0;
	struct iovec in = { &answer, 1 }, out = { (void *)(uintptr_t)TW_GREET_TLS, 8 };
	struct msghdr m = { .msg_iov = &out, .msg_iovlen = 1 };
	const struct tw_sys *sys = d->plan->sys;

	if (sys->sendmsg(sys, d->line->fd, &m, 0) != 8)
		return TW_RAISE_ERRNO("asking PostgreSQL for TLS");
	TW_TRY(wait_for(d, POLLIN));
	m.msg_iov = &in;
	if (sys->recvmsg(sys, d->line->fd, &m, 0) != 1)
		return TW_RAISE(CLOSED, "store.tls: %s closed the connection when it was asked for TLS", d->plan->where.host);
	if (answer != 'S')
		return TW_RAISE(UNTRUSTED, "store.tls: %s offers no TLS, and nothing is said to it without: set ssl = on there",
			d->plan->where.host);
	return TW_OK;
}

static tw_err begin_tls(struct dial *d)
{
	bool done = false;

	TW_TRY(ask_for_tls(d));
	TW_TRY(new_session(d));
	while (!done) {
		ERR_clear_error();
		TW_TRY(go_on(d, SSL_connect(d->line->ssl), &done));
	}
	return TW_OK;
}

/* RFC 5929 section 4.1: by the digest of the certificate's own signature, and SHA-256 in place of what is weaker. */
static tw_err binding_of(const struct dial *d, uint8_t ret[EVP_MAX_MD_SIZE], unsigned *ret_size)
{
	TW_CLEANUP(x509_freep) X509 *x = SSL_get1_peer_certificate(d->line->ssl);
	int digest = NID_undef;

	if (!x || X509_get_signature_info(x, &digest, NULL, NULL, NULL) != 1 || digest == NID_undef)
		return TW_RAISE(UNSUPPORTED,
			"store.binding: the certificate of %s is signed without a digest of its own, so no login can be bound to it",
			d->plan->where.host);
	if (digest == NID_md5 || digest == NID_sha1)
		digest = NID_sha256;
	const EVP_MD *md = EVP_get_digestbynid(digest);
	return md && X509_digest(x, md, ret, ret_size) == 1 ? TW_OK
							    : TW_RAISE(UNSUPPORTED, "store.binding: the digest of the certificate");
}

/* --- The login --- */

static tw_err say(const struct dial *d, const struct tw_buf *b)
{
	size_t sent = 0;

	while (sent < b->size) {
		bool done;

		ERR_clear_error();
		const int n = SSL_write(d->line->ssl, b->data + sent, (int)(b->size - sent));
		TW_TRY(go_on(d, n, &done));
		sent += done ? (size_t)n : 0;
	}
	return TW_OK;
}

/* The next message; what was read behind it stays in b. data of it is borrowed from kept. */
static tw_err hear(const struct dial *d, struct tw_buf *b, struct tw_buf *kept, struct tw_greet *ret)
{
	size_t size = 0;

	for (;;) {
		char piece[2048];
		bool done;

		TW_TRY(tw_greet_read(tw_buf_slice(b), ret, &size));
		if (size)
			break;
		if (tw_boot_ms(d->plan->sys) >= d->until) /* who sends without a pause is never waited for */
			return too_late(d);
		ERR_clear_error();
		const int n = SSL_read(d->line->ssl, piece, sizeof piece);
		TW_TRY(go_on(d, n, &done));
		if (done)
			TW_TRY(tw_buf_add(b, piece, (size_t)n));
	}
	tw_buf_clear(kept);
	TW_TRY(tw_buf_add(kept, b->data, size));
	memmove(b->data, b->data + size, b->size - size);
	b->size -= size;
	return tw_greet_read(tw_buf_slice(kept), ret, &size);
}

struct login {
	struct tw_scram scram;
	struct tw_slice password, binding;
	bool proven;
};

/* The server's next word, and what is said to it. */
static tw_err answer(const struct dial *d, struct login *l, const struct tw_greet *g, struct tw_buf *out)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->plan->sys, TW_SCRAM_MAX);
	switch (g->kind) {
	case TW_GREET_SASL:
		if (!g->bound)
			return TW_RAISE(UNTRUSTED, "store.binding: %s does not offer SCRAM-SHA-256-PLUS", d->plan->where.host);
		if (l->scram.nonce[0])
			return TW_RAISE(UNTRUSTED, "store.binding: %s asks for a second login", d->plan->where.host);
		TW_TRY(tw_scram_begin(d->plan->sys, &l->scram));
		TW_TRY(tw_scram_first(&l->scram, &text));
		return tw_greet_scram(tw_buf_slice(&text), out);
	case TW_GREET_CHALLENGE:
		if (!l->scram.nonce[0])
			return TW_RAISE(UNTRUSTED, "store.binding: a challenge that nobody asked for");
		if (l->scram.answered) /* each costs up to half a second of computing */
			return TW_RAISE(UNTRUSTED, "store.binding: %s puts a second challenge", d->plan->where.host);
		TW_TRY(tw_scram_answer(&l->scram, g->data, l->password, l->binding, &text));
		return tw_greet_answer(tw_buf_slice(&text), out);
	case TW_GREET_FINAL:
		TW_TRY(tw_scram_judge(&l->scram, g->data));
		l->proven = true;
		return TW_OK;
	case TW_GREET_IN:
		return l->proven ? TW_OK
				 : TW_RAISE(UNTRUSTED, "store.binding: %s lets us in without having shown that it knows the password",
					   d->plan->where.host);
	case TW_GREET_REFUSED:
		return TW_RAISE(DENIED, "%s", g->words);
	case TW_GREET_OTHER:
		break;
	}
	return TW_OK;
}

static tw_err log_in(struct dial *d, struct tw_buf *early)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf out = { 0 };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	struct login l = { .proven = false };
	struct tw_greet g = { .kind = TW_GREET_OTHER };

	tw_buf_init(&kept, d->plan->sys, TW_GREET_MAX + 1);
	tw_buf_init(&out, d->plan->sys, 2 * TW_SCRAM_MAX);
	if (tw_failed(tw_scram_password(d->plan->password, &l.password)))
		return TW_RAISE(SYNTAX, "store.password: store-password: %s", tw_err_detail());
	TW_TRY(binding_of(d, digest, &size));
	l.binding = (struct tw_slice){ (const char *)digest, size };
	TW_TRY(tw_greet_begin(d->plan->where.user, d->plan->where.database, &out));
	TW_TRY(say(d, &out));
	for (int i = 0; g.kind != TW_GREET_IN; i++) {
		if (i == TW_LINE_MESSAGES_MAX)
			return TW_RAISE(LIMIT, "PostgreSQL: %d messages and no word that lets us in", i);
		TW_TRY(hear(d, early, &kept, &g));
		tw_buf_clear(&out);
		TW_TRY(answer(d, &l, &g, &out));
		TW_TRY(say(d, &out));
	}
	return TW_OK;
}

tw_err tw_line_dial(const struct tw_line_plan *p, struct tw_line *ret, struct tw_buf *early)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf addresses = { 0 };
	struct dial d = { .plan = p, .line = ret };

	tw_buf_init(&addresses, p->sys, TW_ADDRESSES_MAX * INET6_ADDRSTRLEN);
	TW_TRY(find(&d, &addresses));
	d.until = tw_boot_ms(p->sys) + TW_LINE_DIAL_MS; /* silent name servers have taken none of it */
	TW_TRY(connect_any(&d, tw_buf_slice(&addresses)));
	TW_TRY(begin_tls(&d));
	TW_TRY(log_in(&d, early));
	keep(p->known, p->where.host, &addresses);
	return TW_OK;
}
