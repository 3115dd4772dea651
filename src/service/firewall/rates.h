/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of rate that the owner sets, as words: WHAT:UNIT=RATE/BURST, with one blank between. WHAT is link:NAME (what comes in by it), out:NAME
 * (what goes out by it), management (the device's own HTTPS, from where it is let in), flow:NAME (one that the product declares), tcp:PORT or
 * udp:PORT (what comes in for it). UNIT is packets or connections, of all together, or packets-each or connections-each: of each other host, or network of 64
 * bits of IPv6, by itself. A burst is what may come at once before the rate counts. Pure.
 */
#ifndef TW_SERVICE_RATES_H
#define TW_SERVICE_RATES_H
#include "base/err.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define TW_RATES_MAX 16
#define TW_RATE_MAX 1000000
#define TW_RATE_REMEMBERED_S 60 /* how long a host that is silent is remembered: a burst is whole again before */
#define TW_RATE_HOSTS 4096      /* that one limit tells apart, of each family */
/* Below these a session of an administrator who comes the same way would not survive. */
#define TW_RATE_FLOOR_PACKETS 100
#define TW_RATE_FLOOR_PACKETS_BURST 200
#define TW_RATE_FLOOR_CONNECTIONS 5
#define TW_RATE_FLOOR_CONNECTIONS_BURST 10

enum tw_rate_kind { TW_RATE_LINK, TW_RATE_OUT, TW_RATE_MANAGEMENT, TW_RATE_FLOW, TW_RATE_TCP, TW_RATE_UDP, TW_RATE_KINDS };
struct tw_rate {
	bool connections, each;
	uint32_t rate, burst; /* a second */
};
struct tw_rate_word {
	enum tw_rate_kind kind;
	struct tw_slice text; /* all of it */
	struct tw_slice what; /* "link:eth0:packets" */
	struct tw_slice name; /* "eth0" */
	uint16_t port;
	struct tw_rate rate;
};
struct tw_rates {
	size_t count;
	struct tw_rate_word words[TW_RATES_MAX]; /* which borrow from the text */
};
/* "": none. SYNTAX: what is wrong with which word; LIMIT: too many, or a number out of its range; DENIED: the loopback, and what is below its floor. */
tw_err tw_rates_read(struct tw_slice text, struct tw_rates *ret);
bool tw_rate_valid(const struct tw_rate *r); /* its numbers, and that they go together */
/* DENIED: too little for who administrates the device by the same way. */
tw_err tw_rate_floor(const struct tw_rate_word *w);
#endif
