/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line to PostgreSQL over the network, up to the point where the server has let us in: TCP, TLS whose name and authority are verified, a login by
 * SCRAM-SHA-256 bound to that TLS. There is no weaker way: each thing that a server or somebody between may leave out is refused, by a rule with a name.
 *
 *     store.tls       the server has no TLS, or its certificate does not hold by store-trust.pem
 *     store.name      its certificate is of another name
 *     store.binding   it does not ask for a login that is bound to the channel
 *     store.password  there is none, or not one that can be given; or the server does not know it itself
 *     store.client    store-client.pem is no certificate with its key
 */
#ifndef TW_SUPPORT_LINE_DIAL_H
#define TW_SUPPORT_LINE_DIAL_H
#include "service/fetch/resolve.h"
#include "service/store/postgresql/where.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>

/* From the addresses on. With TW_RESOLVE_MS before it that is all: app waits a second longer (TW_PG_CONNECT_FAR_MS). */
#define TW_LINE_DIAL_MS 4000
#define TW_LINE_MESSAGES_MAX 32 /* of the server, until it lets us in; four are enough */

/* Where the server was when it last let us in, for when nobody says where it is. Who is there now its certificate tells. */
struct tw_line_known {
	char host[254];
	char addresses[TW_ADDRESSES_MAX * INET6_ADDRSTRLEN];
};
struct tw_line_plan {
	const struct tw_sys *sys;
	struct tw_name_servers servers;
	struct tw_pg_where where;
	struct tw_slice password, trust, client; /* client: a certificate with its key, as PEM; empty: none */
	struct tw_line_known *known;             /* NULL: nothing is kept */
};
struct tw_line {
	int fd;
	SSL *ssl;
};
void tw_line_init(struct tw_line *l);
void tw_line_done(struct tw_line *l);
/* early: what the server said behind the word that lets us in, for whoever comes then. Blocks. */
tw_err tw_line_dial(const struct tw_line_plan *p, struct tw_line *ret, struct tw_buf *early);
#endif
