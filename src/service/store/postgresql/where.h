/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the second store is, as whoever set it up said, in one of two forms:
 *
 *     postgresql:///DATABASE?host=/DIRECTORY&user=NAME[&port=5432][&schema=thingward]      a server of this machine
 *     postgresql://HOST[:5432]/DATABASE?user=NAME[&schema=thingward]                       one of the network
 *
 * /DIRECTORY is that of the server's Unix socket. That server knows by the kernel who connects (its method "peer"), so that there is no password. To one of
 * the network there is no other way than TLS by an authority that was named and SCRAM bound to it: there is nothing in an address to choose it by.
 */
#ifndef TW_SERVICE_STORE_POSTGRESQL_WHERE_H
#define TW_SERVICE_STORE_POSTGRESQL_WHERE_H
#include "base/buf.h"

#define TW_PG_WHERE_FILE "store.url" /* the parent starts the program for PostgreSQL when it is there */
#define TW_PG_WHERE_MAX 512
#define TW_PG_NAME_MAX 32 /* of a database, user or schema, so that a schema with a store's name behind it is one still */
#define TW_PG_SOCKET ".s.PGSQL.5432" /* in the store's folder: by which the role that holds the line of the network is spoken to */

struct tw_pg_where {
	bool network;
	char host[254]; /* of the network; else a directory as long as the name of a socket may be, and its own part */
	char port[6];
	char database[TW_PG_NAME_MAX + 1], user[TW_PG_NAME_MAX + 1], schema[TW_PG_NAME_MAX + 1];
};
/* One line. SYNTAX: what is wrong with it; UNSUPPORTED: what is not given up for the network, with the rule's name. Pure. */
tw_err tw_pg_where_parse(struct tw_slice line, struct tw_pg_where *ret);
#endif
