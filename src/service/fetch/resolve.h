/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses, for a process that opens no file: the C library's own questions to name servers, whose addresses come from
 * the resolver configuration that it was given as a descriptor.
 *
 * Only DNS is asked: /etc/hosts, mDNS and search lists are not. Numbers and localhost need nobody.
 */
#ifndef TW_SERVICE_FETCH_RESOLVE_H
#define TW_SERVICE_FETCH_RESOLVE_H
#include "base/buf.h"
#include "base/err.h"

#include <netinet/in.h>

#define TW_RESOLVE_CONFIG_MAX 4096
#define TW_NAME_SERVERS_MAX 3
#define TW_ADDRESSES_MAX 8
#define TW_RESOLVE_MS 5500 /* of all of it, whatever name servers do: two may be silent and the third has a second */
struct tw_name_servers {
	struct sockaddr_in6 of[TW_NAME_SERVERS_MAX]; /* sin6_family AF_INET: a struct sockaddr_in lies there */
	size_t count;
};
/* `nameserver` lines; all others are somebody else's, and a server that is no number is passed over. Pure. */
void tw_name_servers_parse(struct tw_slice text, struct tw_name_servers *ret);
bool tw_host_is_number(const char *host); /* then nobody has to be asked */
/* Addresses as text, separated by commas. NOTFOUND: nobody knows it, or nobody answers within TW_RESOLVE_MS; SYNTAX: no host name. */
tw_err tw_resolve(const struct tw_sys *sys, const struct tw_name_servers *servers, const char *host, struct tw_buf *ret);
#endif
