/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed attempts, counted per source and per account; after some of them whoever fails has to wait, and with each more twice as long.
 *
 * Nobody is locked out for good. A source waits for its own failures; who shares an address, or an IPv6 network of 64 bits, is one source
 * with all others there. Failures at an account make those wait who are not known there: a client that has logged in to it before (what makes
 * it known is the caller's affair) waits for his own failures only, and the console for nothing. Only while as many sources (or accounts) wait
 * as there are places, all that have no place are one. Clients that are known have places of their own: no number of strangers takes them.
 *
 * All times are of the boot clock, so no clock that is set, back or forward, shortens or lengthens a wait. What is kept across a start is
 * how long somebody had to wait, and he waits for all of it again: a power cut shortens nothing.
 */
#ifndef TW_SERVICE_ACCESS_THROTTLE_H
#define TW_SERVICE_ACCESS_THROTTLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TW_THROTTLE_PLACES \
	64 /* of each kind; a new one drives out who failed least and does not wait, and counts on from his failures */
#define TW_THROTTLE_MEMORY_MS \
	3600000 /* who failed no more for so long begins anew: eleven guesses in the first hour by the usual settings, four in each behind it */

enum tw_throttle_kind {
	TW_THROTTLE_SOURCE,
	TW_THROTTLE_ACCOUNT,
	TW_THROTTLE_CLIENT,
	TW_THROTTLE_KINDS
}; /* as they are kept: add at the end */
struct tw_throttled {
	char who[64];
	int64_t last_ms, until_ms;
	unsigned failures; /* 0: a free place */
};
struct tw_throttle {
	bool off;
	unsigned limit;                                                    /* failures before anybody waits */
	int64_t first_ms, most_ms;                                         /* the first wait, and what it grows to */
	bool changed;                                                      /* who has to wait is not what was last kept */
	struct tw_throttled of[TW_THROTTLE_KINDS][TW_THROTTLE_PLACES + 1]; /* the last: all who have no place */
};
/* Whom failures are counted against: of an IPv6 address its /64, since whoever has one address there has them all. */
void tw_throttle_source(const char *address, char ret[64]);
/* Seconds the source has to wait before it may try again; 0: none. */
int tw_throttle_wait_s(const struct tw_throttle *t, const char *source, int64_t now_ms);
void tw_throttle_failed(struct tw_throttle *t, const char *source, int64_t now_ms);

/* A login: account as it was typed, in one case, whether there is one or not, so that nobody can tell. */
struct tw_throttle_try {
	const char *source, *account; /* source: of a known client, what names it */
	bool known;                   /* this client has logged in to it before */
};
int tw_throttle_login_wait_s(const struct tw_throttle *t, const struct tw_throttle_try *login, int64_t now_ms);
void tw_throttle_login_failed(struct tw_throttle *t, const struct tw_throttle_try *login, int64_t now_ms);
void tw_throttle_login_passed(struct tw_throttle *t, const struct tw_throttle_try *login); /* source and account begin anew */

/* Takes out what is kept and over, which makes a change; in how many milliseconds the next will be, -1: none is left. */
int64_t tw_throttle_forget(struct tw_throttle *t, int64_t now_ms);
/* For the store: the next who has to wait longer than before his limit, from *at on; NULL: no more. */
const struct tw_throttled *tw_throttle_next(const struct tw_throttle *t, enum tw_throttle_kind kind, size_t *at);
/* From the store, at a start. */
void tw_throttle_put(struct tw_throttle *t, enum tw_throttle_kind kind, const char *who, unsigned failures, int64_t wait_ms, int64_t now_ms);
#endif
