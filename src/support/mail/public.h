/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an address is one of the open internet. A webhook's address was given by somebody outside, and this machine stands where he does
 * not: no address that is only reached from inside is connected to, unless whoever runs the service names the network. That is known of IPv4. A
 * network's own machines have global IPv6 addresses, which a firewall may keep strangers from and not this machine: those are not told apart here. Pure.
 */
#ifndef TW_SUPPORT_MAIL_PUBLIC_H
#define TW_SUPPORT_MAIL_PUBLIC_H
#include "service/firewall/ruleset.h"

#include <stdbool.h>
#include <sys/socket.h>

/* IPv4 in IPv6 is judged as IPv4; of IPv6 only global unicast is public, and of that no block that carries IPv4 or belongs to nobody. */
bool tw_address_public(const struct sockaddr *a);
bool tw_address_loopback(const struct sockaddr *a);
bool tw_address_within(const struct sockaddr *a, const struct tw_network *networks, size_t count);
#endif
