/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the second store is, as whoever set it up said: postgresql:///DATABASE?host=/DIRECTORY&user=NAME[&port=5432][&schema=thingward]
 *
 * host is the directory of the server's Unix socket. The server knows by the kernel who connects (its method "peer"), so that there is no
 * password. An address of the network is refused: TLS and a password by file come with it, and neither is there yet.
 */
#ifndef TW_SERVICE_STORE_POSTGRESQL_WHERE_H
#define TW_SERVICE_STORE_POSTGRESQL_WHERE_H
#include "base/buf.h"

#define TW_PG_WHERE_FILE \
	"store.url" /* in the folder of whoever has the store; the parent starts the program for PostgreSQL when it is there */
#define TW_PG_WHERE_MAX 512
#define TW_PG_NAME_MAX 32 /* of a database, user or schema, so that a schema with a store's name behind it is one still */

struct tw_pg_where {
	char host[104]; /* as long as the name of a socket may be, and its own part */
	char port[6];
	char database[TW_PG_NAME_MAX + 1], user[TW_PG_NAME_MAX + 1], schema[TW_PG_NAME_MAX + 1];
};
/* One line. SYNTAX: what is wrong with it; UNSUPPORTED: an address of the network. Pure. */
tw_err tw_pg_where_parse(struct tw_slice line, struct tw_pg_where *ret);
#endif
