/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has to be so of another system before anything is said to it: the version of TLS, suites, groups, whose key, and what it says of its
 * own state. Here are the words that policy has for them, and the place that they are about.
 */
#ifndef TW_SERVICE_FETCH_DEMAND_H
#define TW_SERVICE_FETCH_DEMAND_H
#include "base/buf.h"
#include "base/err.h"
#include "formats/network.h"

#define TW_DEMAND_TLS_1_2 2
#define TW_DEMAND_TLS_1_3 3
#define TW_DEMAND_SUITES 9
#define TW_DEMAND_GROUPS 4
#define TW_DEMAND_ALL_SUITES ((1u << TW_DEMAND_SUITES) - 1)
#define TW_DEMAND_ALL_GROUPS ((1u << TW_DEMAND_GROUPS) - 1)
#define TW_DEMAND_KEY_SIZE 32
#define TW_DEMAND_KEYS_MAX 4
#define TW_DEMAND_PATH_MAX 128
#define TW_DEMAND_ATTESTER_SIZE 65
#define TW_DEMAND_CLAIMS_MAX 255
#define TW_DEMAND_PLACE_MAX 261 /* a host, a colon and a port */

/* What we speak, the strongest first: forward secrecy and authenticated encryption, nothing else. */
struct tw_demand_suite {
	const char *name;    /* IANA's: the word */
	const char *openssl; /* what OpenSSL calls it */
	uint8_t tls;
};
extern const struct tw_demand_suite tw_demand_suites[TW_DEMAND_SUITES];
extern const char *const tw_demand_groups[TW_DEMAND_GROUPS];

struct tw_fetch_demand {
	uint8_t tls;     /* that or later */
	uint16_t suites; /* a bit each, by the table */
	uint8_t groups;  /* likewise */
	struct tw_slice keys; /* SHA-256 of a SubjectPublicKeyInfo each: the server's own, or that of an authority above it; empty: any */
	struct tw_slice posture;  /* a path at which it says what state it is in; empty: it is not asked */
	struct tw_slice attester; /* whose signature that needs: a point of P-256 */
	struct tw_slice claims;   /* what it has to say, formats/posture.h */
	struct tw_slice home;     /* networks (demand.h), to which nothing is said but by mutual TLS */
};
/* Of home: each the family, the bits and 16 bytes of address. */
#define TW_DEMAND_HOME_MAX 16
#define TW_DEMAND_HOME_SIZE 18
tw_err tw_demand_home_add(struct tw_slice *home, char *room /* of TW_DEMAND_HOME_MAX */, const struct tw_network *n); /* LIMIT */
bool tw_demand_home_valid(struct tw_slice home);
bool tw_demand_is_home(struct tw_slice home, const struct tw_network *host);

/* What is demanded of everybody when no policy says more. */
#define TW_FETCH_DEMAND_LEAST                                                                            \
	{                                                                                                \
		.tls = TW_DEMAND_TLS_1_2, .suites = TW_DEMAND_ALL_SUITES, .groups = TW_DEMAND_ALL_GROUPS \
	}

/* Words with one blank between; "": all of them. SYNTAX names the word that is none of ours. */
tw_err tw_demand_suites_read(const char *words, uint16_t *ret);
tw_err tw_demand_groups_read(const char *words, uint8_t *ret);
/* Whom an address leads to, as "host:port" in small letters; false: it is no https address with a host. */
bool tw_demand_place(struct tw_slice url, char ret[TW_DEMAND_PLACE_MAX + 1]);
#endif
