/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL speaks into two memories, and pump() carries them over the socket. */
#include "tool/outside/line.h"

#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>

#define PIECE 4096
#define STEP_MS 3000 /* for what we send to be taken */

struct tw_line {
	const struct tw_sys *sys;
	int fd;
	SSL_CTX *context;
	SSL *ssl;      /* NULL: plain */
	BIO *in, *out; /* of ssl, which owns them */
	bool ended;    /* the other side has said all */
	bool alerted;  /* by the other side, in the handshake */
};

int64_t tw_mono_ms(const struct tw_sys *sys)
{
	struct timespec now = { 0 };

	(void)sys->clock(sys, CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

tw_err tw_host_parse(const char *text, struct tw_host *ret)
{
	static const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	if (strlen(text) >= sizeof ret->text || getaddrinfo(text, "0", &hints, &list) != 0 || !list)
		return TW_RAISE(SYNTAX, "'%.100s' is no numeric address, such as 192.0.2.7 or fe80::1%%eth0", text);
	*ret = (struct tw_host){ .size = list->ai_addrlen };
	memcpy(&ret->at, list->ai_addr, list->ai_addrlen);
	(void)snprintf(ret->text, sizeof ret->text, "%s", text);
	freeaddrinfo(list);
	return TW_OK;
}

struct tw_host tw_host_at(const struct tw_host *h, uint16_t port)
{
	struct tw_host r = *h;

	if (r.at.any.sa_family == AF_INET)
		r.at.v4.sin_port = htons(port);
	else
		r.at.v6.sin6_port = htons(port);
	return r;
}

tw_line *tw_line_free(tw_line *l)
{
	if (!l)
		return NULL;
	SSL_free(l->ssl);
	SSL_CTX_free(l->context);
	if (l->fd >= 0)
		(void)l->sys->close(l->sys, l->fd);
	free(l);
	return NULL;
}

/* False: not before the end. What went wrong shows at the next call. */
static bool await(const tw_line *l, short events, int64_t end)
{
	struct pollfd p = { .fd = l->fd, .events = events };
	int64_t left = end - tw_mono_ms(l->sys);

	while (left > 0) {
		int n = l->sys->poll(l->sys, &p, 1, (int)left);
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
		left = end - tw_mono_ms(l->sys);
	}
	return false;
}

static tw_err connect_to(tw_line *l, const struct tw_host *to, int64_t end)
{
	l->fd = l->sys->socket(l->sys, to->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return TW_RAISE_ERRNO("a socket");
	if (l->sys->connect(l->sys, l->fd, &to->at.any, to->size) == 0)
		return TW_OK;
	if (errno != EINPROGRESS)
		return TW_RAISE(CLOSED, "%s: %s", to->text, strerror(errno));
	if (!await(l, POLLOUT, end))
		return TW_RAISE(TIMEOUT, "%s does not answer", to->text);
	if (l->sys->connect(l->sys, l->fd, &to->at.any, to->size) != 0 && errno != EISCONN)
		return TW_RAISE(CLOSED, "%s: %s", to->text, strerror(errno));
	return TW_OK;
}

static tw_err put(tw_line *l, const char *data, size_t size)
{
	int64_t end = tw_mono_ms(l->sys) + STEP_MS;

	while (size) {
		struct iovec part = { (void *)data, size };
		struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
		ssize_t n = l->sys->sendmsg(l->sys, l->fd, &m, 0);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			if (!await(l, POLLOUT, end))
				return TW_RAISE(TIMEOUT, "what was sent is not taken");
		} else if (n == 0 || errno != EINTR) {
			return TW_RAISE(CLOSED, "the connection ended");
		}
	}
	return TW_OK;
}

/* How much came; 0 and ended: no more will. TIMEOUT: nothing before the end. */
static tw_err get(tw_line *l, char *ret, size_t size, int64_t end, size_t *ret_size)
{
	struct iovec part = { ret, size };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };

	*ret_size = 0;
	if (!await(l, POLLIN, end))
		return TW_RAISE(TIMEOUT, "nothing came");
	ssize_t n = l->sys->recvmsg(l->sys, l->fd, &m, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return TW_OK;
	l->ended = n <= 0;
	*ret_size = n > 0 ? (size_t)n : 0;
	return TW_OK;
}

static tw_err flush(tw_line *l)
{
	char piece[PIECE];
	int n;

	while ((n = BIO_read(l->out, piece, sizeof piece)) > 0)
		TW_TRY(put(l, piece, (size_t)n));
	return TW_OK;
}

/* Carries what OpenSSL has to say, and brings it more. */
static tw_err pump(tw_line *l, int64_t end)
{
	char piece[PIECE];
	size_t size;

	TW_TRY(flush(l));
	TW_TRY(get(l, piece, sizeof piece, end, &size));
	if (size && BIO_write(l->in, piece, (int)size) != (int)size)
		return TW_RAISE(NOMEM, "TLS");
	return TW_OK;
}

static void on_info(const SSL *ssl, int where, int value)
{
	tw_line *l = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		l->alerted = true;
}

/* Beyond its ServerHello the other side has agreed to the version; at it, it has chosen one that was not offered. */
static bool has_agreed(const tw_line *l)
{
	OSSL_HANDSHAKE_STATE at = l->ssl ? SSL_get_state(l->ssl) : TLS_ST_BEFORE;

	return at != TLS_ST_BEFORE && at != TLS_ST_CW_CLNT_HELLO && at != TLS_ST_CR_SRVR_HELLO;
}

static tw_err shaken_off(tw_line *l)
{
	if (has_agreed(l))
		return TW_RAISE(STATE, "it agreed, and ended the handshake later");
	if (l->alerted)
		return TW_RAISE(DENIED, "refused by an alert");
	if (SSL_get_state(l->ssl) == TLS_ST_CR_SRVR_HELLO)
		return TW_RAISE(DENIED, "another version was chosen");
	return TW_RAISE(CLOSED, "the connection ended in the handshake");
}

static tw_err shake(tw_line *l, int64_t end)
{
	for (;;) {
		int r = SSL_connect(l->ssl);
		if (r == 1)
			return flush(l);
		if (SSL_get_error(l->ssl, r) != SSL_ERROR_WANT_READ || l->ended) {
			tw_ignore(flush(l)); /* the alert */
			return shaken_off(l);
		}
		TW_TRY(pump(l, end));
	}
}

/* Whatever is weak has to be offered to see that it is refused: nothing here is an example of how to connect. */
static tw_err begin_tls(tw_line *l, const struct tw_offer *offer)
{
	l->context = SSL_CTX_new(TLS_client_method());
	if (!l->context || !SSL_CTX_set_min_proto_version(l->context, offer->version) ||
		!SSL_CTX_set_max_proto_version(l->context, offer->version))
		return TW_RAISE(UNSUPPORTED, "this OpenSSL does not offer it");
	SSL_CTX_set_security_level(l->context, 0);
	SSL_CTX_set_verify(l->context, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_options(l->context, SSL_OP_LEGACY_SERVER_CONNECT);
	if (!SSL_CTX_set_cipher_list(l->context, offer->ciphers ? offer->ciphers : "ALL:COMPLEMENTOFALL:@SECLEVEL=0"))
		return TW_RAISE(UNSUPPORTED, "this OpenSSL has none of %s", offer->ciphers ? offer->ciphers : "its ciphers");
	l->ssl = SSL_new(l->context);
	l->in = BIO_new(BIO_s_mem());
	l->out = BIO_new(BIO_s_mem());
	if (!l->ssl || !l->in || !l->out) {
		BIO_free(l->in);
		BIO_free(l->out);
		return TW_RAISE(NOMEM, "TLS");
	}
	SSL_set_bio(l->ssl, l->in, l->out);
	SSL_set_app_data(l->ssl, l);
	SSL_set_info_callback(l->ssl, on_info);
	return TW_OK;
}

tw_err tw_line_open(const struct tw_sys *sys, const struct tw_host *host, uint16_t port, const struct tw_offer *offer,
	int64_t within_ms, tw_line **ret)
{
	TW_CLEANUP(tw_line_freep) tw_line *l = TW_NEW(sys, tw_line);
	struct tw_host to = tw_host_at(host, port);
	int64_t end = tw_mono_ms(sys) + within_ms;

	if (!l)
		return TW_RAISE(NOMEM, "connection");
	*l = (struct tw_line){ .sys = sys, .fd = -1 };
	TW_TRY(connect_to(l, &to, end));
	if (offer->version)
		TW_TRY(begin_tls(l, offer));
	tw_err e = offer->version ? shake(l, end) : TW_OK;
	if (has_agreed(l) && tw_is(e, TW_CODE_TIMEOUT))
		e = shaken_off(l);
	if (!tw_failed(e) || tw_is(e, TW_CODE_STATE))
		*ret = TW_STEAL(l);
	return e;
}

tw_err tw_line_send(tw_line *l, struct tw_slice bytes)
{
	if (!l->ssl)
		return put(l, bytes.at, bytes.size);
	if (bytes.size && SSL_write(l->ssl, bytes.at, (int)bytes.size) != (int)bytes.size)
		return TW_RAISE(CLOSED, "the connection ended");
	return flush(l);
}

/* As much as there is room for: what does not fit is left, and that is an end too. */
static tw_err keep(struct tw_buf *b, const char *data, size_t size)
{
	size_t room = b->max - b->size;

	return tw_buf_add(b, data, size < room ? size : room);
}

/* What OpenSSL has ready. */
static tw_err drain(tw_line *l, struct tw_buf *ret)
{
	char piece[PIECE];
	int n;

	while (l->ssl && (n = SSL_read(l->ssl, piece, sizeof piece)) > 0)
		TW_TRY(keep(ret, piece, (size_t)n));
	if (l->ssl && (SSL_get_shutdown(l->ssl) & SSL_RECEIVED_SHUTDOWN))
		l->ended = true;
	return TW_OK;
}

tw_err tw_line_hear(tw_line *l, int64_t quiet_ms, int64_t within_ms, struct tw_buf *ret, bool *ret_ended)
{
	char piece[PIECE];
	size_t size = 0;

	int64_t last = tw_mono_ms(l->sys) + within_ms; /* however slowly it drips */
	TW_TRY(drain(l, ret));
	while (!l->ended && ret->size < ret->max) {
		int64_t end = tw_mono_ms(l->sys) + quiet_ms;
		tw_err e = l->ssl ? pump(l, end < last ? end : last) : get(l, piece, sizeof piece, end < last ? end : last, &size);
		if (tw_is(e, TW_CODE_TIMEOUT) || tw_is(e, TW_CODE_CLOSED))
			break;
		TW_TRY(e);
		TW_TRY(l->ssl ? drain(l, ret) : keep(ret, piece, size));
	}
	*ret_ended = l->ended;
	return TW_OK;
}

X509 *tw_line_certificate(const tw_line *l)
{
	return l->ssl ? SSL_get0_peer_certificate(l->ssl) : NULL;
}

const char *tw_line_cipher(const tw_line *l)
{
	const char *name = l->ssl ? SSL_get_cipher_name(l->ssl) : NULL;

	return name ? name : "";
}
