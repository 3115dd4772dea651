/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS client inside the process, joined to an ordinary connection by a pair of memory buffers. */
#include "service/front/front-self.h"

#include "base/log.h"
#include "base/mem.h"
#include "service/front/front-tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <string.h>

#define ROUNDS 8 /* a handshake over a pair takes three turns */

struct tw_self {
	SSL *client;
	struct tw_conn *conn;
};

static void self_free(struct tw_self *s)
{
	SSL_free(s->client);
	free(s);
}

static void sslp(SSL **p)
{
	SSL_free(*p);
}

/* Joins both objects. On failure neither has a BIO. */
static tw_err join(SSL *server, SSL *client)
{
	BIO *a = NULL, *b = NULL;

	if (BIO_new_bio_pair(&a, 0, &b, 0) != 1)
		return TW_RAISE(NOMEM, "self-request");
	SSL_set_bio(server, a, a);
	SSL_set_bio(client, b, b);
	return TW_OK;
}

static tw_err make(struct tw_front *f)
{
	static const uint8_t loopback[16] = { [15] = 1 };
	TW_CLEANUP(sslp) SSL *server = NULL;
	TW_CLEANUP(sslp) SSL *client = NULL;
	TW_CLEANUP(tw_freep) struct tw_self *s = TW_NEW(f->sys, struct tw_self);

	if (!s)
		return TW_RAISE(NOMEM, "self-request");
	TW_TRY(tw_front_tls_accept(f->tls, NULL, &server));
	TW_TRY(tw_front_tls_connect(f->tls, &client));
	TW_TRY(join(server, client));
	TW_TRY(tw_conn_new(f, -1, loopback, &s->conn));
	s->conn->ssl = TW_STEAL(server);
	s->conn->tls = tw_front_tls_ref(f->tls);
	s->client = TW_STEAL(client);
	f->self = TW_STEAL(s);
	return TW_OK;
}

static tw_err shake(struct tw_front *f)
{
	for (int i = 0; i < ROUNDS && f->self && !SSL_is_init_finished(f->self->client); i++) {
		ERR_clear_error();
		(void)SSL_do_handshake(f->self->client); /* judged by how it ends */
		tw_conn_read(f->self->conn);
	}
	if (!f->self || !SSL_is_init_finished(f->self->client))
		return TW_RAISE(CRYPTO, "the self-request's handshake did not finish");
	return TW_OK;
}

tw_err tw_self_start(struct tw_front *f)
{
	static const char request[] = "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	size_t done;

	TW_TRY(make(f));
	TW_TRY(shake(f));
	if (f->ready) {
		tw_conn_end(f->self->conn); /* a later listener: that it shakes hands is all there is to know */
		return TW_OK;
	}
	if (SSL_write_ex(f->self->client, request, sizeof request - 1, &done) != 1)
		return TW_RAISE(CRYPTO, "the self-request could not be sent");
	tw_conn_read(f->self->conn);
	return TW_OK;
}

void tw_self_answered(struct tw_front *f)
{
	static const char want[] = "HTTP/1.1 200 ";
	char got[sizeof want - 1];
	size_t size = 0;

	if (!f->self)
		return;
	if (SSL_read_ex(f->self->client, got, sizeof got, &size) == 1 && size == sizeof got && memcmp(got, want, size) == 0)
		f->ready = !tw_failed(tw_channel_send(f->core, TW_WIRE_FRONT_READY, 0, NULL, 0, NULL, 0));
	tw_conn_end(f->self->conn);
}

void tw_self_ended(struct tw_front *f)
{
	struct tw_self *s = TW_STEAL(f->self);

	if (!s)
		return;
	if (!f->ready)
		tw_error("front: the request to ourselves was not answered with 200; core will not call this start healthy");
	self_free(s);
}
