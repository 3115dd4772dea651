/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The owner's ways in beside the certificate, as the story gives them and the oracle finds them: a password, an authenticator, a passkey, a client
 * that is known; and who waits because he failed too often. The hash role is played: passwords by a hash that costs nothing, and whatever a passkey
 * signed is taken for signed, since what must last of it, the counter, is core's.
 */
#ifndef TW_TEST_WAYS_H
#define TW_TEST_WAYS_H
#include "unit.h"

#include <stdint.h>

#define WAYS_OWNER 1 /* his account */
#define WAYS_NAME "alice"
#define WAYS_FIRST "nine quiet herons wade"
#define WAYS_SECOND "seven loud geese march"
#define WAYS_GUESSER "198.51.100.7"
#define WAYS_OTHER "198.51.100.8"
#define WAYS_STRANGER "203.0.113.9" /* who did nothing yet */
#define WAYS_SHOWN_MAX 1200
#define WAYS_SECRET 20

enum { WAYS_OF_GUESSER, WAYS_OF_OTHER, WAYS_OF_ACCOUNT, WAYS_WAITS };

/* What lasts of them. */
struct ways {
	int password;          /* 1: WAYS_FIRST, 2: WAYS_SECOND, 0: there is none */
	bool known;            /* the client that was told a text */
	int64_t step;          /* of the authenticator: the last whose code was used; 0: there is none */
	uint32_t counter;      /* of the passkey; 0: there is none */
	int waits[WAYS_WAITS]; /* seconds */
};
/* What he was told, or has shown. */
struct ways_told {
	char client[64];
	uint8_t secret[WAYS_SECRET];
	char shown[WAYS_SHOWN_MAX]; /* by the passkey, and taken; "": nothing yet */
};
bool ways_kept(const struct ways *found, const struct ways *promised);

/* A real system whose wall clock runs from there. */
const struct tw_sys *ways_clock(int64_t wall_ms);

/* --- Requests; what they return is the status --- */

struct ways_login {
	const char *password, *client, *from; /* NULL: none, or as at first */
	char handle[64];                      /* set by a 200 */
	char fresh[64];                       /* likewise by a 201, for a client that was not known; "" */
};
int ways_ask(tw_unit *u, const char *method, const char *target, const char *body); /* the owner's, by his certificate */
int ways_begin(tw_unit *u, struct ways_login *l);
int ways_code(tw_unit *u, struct ways_login *l, const uint8_t secret[WAYS_SECRET], int64_t step);
int ways_enrol(tw_unit *u, uint32_t counter);
/* Signs what it is asked; shown is what goes to the device. */
int ways_passkey(tw_unit *u, struct ways_login *l, uint32_t counter, char ret_shown[WAYS_SHOWN_MAX]);
int ways_again(tw_unit *u, struct ways_login *l, const char *shown);         /* what was shown before, whatever is asked now */
int ways_guess(tw_unit *u, const char *from);                                /* a code for a session */
int64_t ways_step(tw_unit *u);                                               /* of authenticators, now */
const char *ways_code_text(const uint8_t secret[WAYS_SECRET], int64_t step); /* until the next call */
void ways_secret(const char *uri, uint8_t ret[WAYS_SECRET]);

/* --- What the oracle asks; NULL, or what is wrong --- */

const char *ways_read(tw_unit *u, const struct ways_told *told, struct ways *ret);
const char *ways_work(tw_unit *u, const struct ways_told *told, const struct ways *w);
#endif
