/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/probes/door.h"

#include "tool/files.h"

#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <unistd.h>

#define DAY_MS (86400 * INT64_C(1000))
#define PORTS 50
#define FIRST_PORT 20000
#define PORT_RANGE 40000

void tw_door_done(struct tw_door *d)
{
	SSL_CTX_free(d->ctx);
	(void)tw_cert_free(d->ca);
	(void)tw_cert_free(d->cert);
	(void)tw_key_free(d->ca_key);
	(void)tw_key_free(d->key);
	tw_closep(&d->fd);
	tw_closep(&d->guest);
}

tw_err tw_door_make(const struct tw_sys *sys, struct tw_door *d)
{
	d->sys = sys;
	int64_t now = tw_now_ms(sys);
	const struct tw_cert_want ca = { .common_name = "probe", .is_ca = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS };
	const struct tw_cert_want own = {
		.common_name = "probe", .dns = "localhost", .is_server = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS
	};

	TW_TRY(tw_key_generate(d->sys, &d->ca_key));
	TW_TRY(tw_key_generate(d->sys, &d->key));
	TW_TRY(tw_cert_make(d->sys, &ca, d->ca_key, NULL, d->ca_key, &d->ca));
	return tw_cert_make(d->sys, &own, d->key, d->ca, d->ca_key, &d->cert);
}

tw_err tw_door_listen(struct tw_door *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	uint16_t random;

	if (d->address.s_addr)
		a.sin_addr = d->address;
	d->fd = d->sys->socket(d->sys, AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	for (int i = 0; d->fd >= 0 && i < PORTS; i++) {
		if (d->sys->random(d->sys, &random, sizeof random) != 0)
			return TW_RAISE_ERRNO("randomness");
		d->port = FIRST_PORT + random % PORT_RANGE;
		a.sin_port = htons((uint16_t)d->port);
		if (d->sys->bind(d->sys, d->fd, (const struct sockaddr *)&a, sizeof a) == 0 && d->sys->listen(d->sys, d->fd, 4) == 0)
			return TW_OK;
	}
	return TW_RAISE_ERRNO("a door for the device to come to");
}

bool tw_door_wait(const struct tw_door *d, int fd, short what, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = what };
	int64_t left = until - tw_now_ms(d->sys);

	return left > 0 && d->sys->poll(d->sys, &p, 1, (int)left) == 1;
}

tw_err tw_door_shake(const struct tw_door *d, SSL *ssl, int64_t until)
{
	int r;

	while ((r = SSL_accept(ssl)) != 1) {
		int e = SSL_get_error(ssl, r);

		if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
			if (!tw_door_wait(d, d->guest, e == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, until))
				return TW_RAISE(CLOSED, "who came fell silent in the handshake");
			continue;
		}
		if (SSL_get_verify_result(ssl) != X509_V_OK)
			return TW_RAISE(UNTRUSTED, "who came has no certificate under the authority");
		if (ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
			return TW_RAISE(UNTRUSTED, "who came showed no certificate");
		return TW_RAISE(CLOSED, "who came broke off the handshake");
	}
	return TW_OK;
}

tw_err tw_door_take(struct tw_door *d, int64_t until)
{
	tw_closep(&d->guest);
	if (!tw_door_wait(d, d->fd, POLLIN, until))
		return TW_RAISE(TIMEOUT, "the device did not come");
	d->guest = d->sys->accept(d->sys, d->fd, NULL, NULL);
	return d->guest < 0 ? TW_RAISE_ERRNO("taking a connection") : TW_OK;
}
