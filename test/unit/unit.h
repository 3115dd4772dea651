/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device in one process, for harnesses: the code of core and keys as it ships, on a directory, over whatever instance of the
 * seam the harness gives. Doors and sandbox are left out; requests enter the one path as front would bring them.
 *
 * keys is served from inside core's own wait for its answer, so that everything happens in one order and every call of both
 * roles goes through the same seam.
 */
#ifndef TW_TEST_UNIT_H
#define TW_TEST_UNIT_H
#include "base/err.h"
#include "base/sys.h"

#include <stddef.h>

typedef struct tw_unit tw_unit;

void tw_unit_use(const struct tw_sys *sys); /* the libraries' allocators; once before, and again to take them back */
/* Fills an empty directory with what provisioning leaves: core, log, keys, config. By the real system. */
tw_err tw_unit_provision(const char *directory);
/* Starts on the directory. Descriptors 3 to 9 become the unit's. */
tw_err tw_unit_start(const struct tw_sys *sys, const char *directory, tw_unit **ret);
tw_unit *tw_unit_stop(tw_unit *u); /* as SIGKILL would: nothing is signed or written at the end */

/* Which boot the next starts belong to; 0: of this process, as at first. */
void tw_unit_boot(unsigned boot);
/* Called each time keys has given out the key of an epoch; NULL: nobody is. */
void tw_unit_on_epoch(void (*told)(void *user, uint64_t epoch), void *user);

/* One request by the owner's connection. Returns the status, 0 when the path did not get as far as one. */
int tw_unit_request(tw_unit *u, const char *method, const char *target, const char *if_match, const char *body);
/* The same without the owner's key: with a session's token, or NULL for nobody. */
int tw_unit_request_as(tw_unit *u, const char *token, const char *method, const char *target, const char *body);
void tw_unit_from(tw_unit *u, const char *source); /* where the next requests come from; NULL: as at first */
/* By what door the next requests that are not the owner's come, and with what client key; NULL: as at first, over HTTPS and without. */
struct tw_unit_way {
	bool local, has_key;
	uint8_t key[32];
	uint16_t suite, group; /* of TLS */
};
void tw_unit_by(tw_unit *u, const struct tw_unit_way *way);
void tw_unit_under(tw_unit *u, const char *host); /* by which name they come (Host); NULL: as at first */
/* 0 also: the answer comes later. What it is by now; 0: it has not come. */
int tw_unit_later(const tw_unit *u);
const char *tw_unit_body(const tw_unit *u); /* of the last reply */
struct tw_device *tw_unit_device(tw_unit *u);
int tw_unit_takeover(tw_unit *u, const char *name);
/* The same in its two steps, and by a browser in its three: what the device offers, what is done with it. */
struct tw_unit_offer {
	char challenge[48];
	char request[24], code[8]; /* of a browser that waits */
	bool wrong;                /* the proof is made with another secret than the label's */
};
int tw_unit_offer(tw_unit *u, struct tw_unit_offer *ret);
int tw_unit_take(tw_unit *u, const struct tw_unit_offer *o, const char *name);
int tw_unit_browser(tw_unit *u, struct tw_unit_offer *o, const char *name);
int tw_unit_confirm(tw_unit *u, const struct tw_unit_offer *o); /* at the console */
int tw_unit_claim(tw_unit *u, const struct tw_unit_offer *o);
/* Ends ownership as the console does. Returns the status; the new secret, as told to the person there. */
int tw_unit_recover(tw_unit *u, uint8_t ret_secret[16]);
/* A browser asks to end ownership, some seconds ago; what the console is told of it; and its button, held for so long until now. */
int tw_unit_ask_recovery(tw_unit *u);
int tw_unit_waiting(tw_unit *u);
int tw_unit_press(tw_unit *u, int64_t held_ms);
int tw_unit_decline(tw_unit *u, const char *code); /* at the console, which showed this one */
/* As when another device of that identifier calls, one with another key in its place, and then the first again. */
tw_err tw_unit_suspect(tw_unit *u, const char *identifier);
tw_err tw_unit_settle(tw_unit *u); /* commits reads, signs the head: what timers would do */
tw_err tw_unit_end(tw_unit *u);    /* what core does when hands lets it end; tw_unit_stop comes after it */
bool tw_unit_owned(const tw_unit *u);
const char *tw_unit_log_fault(const tw_unit *u);

/* The verifier's own judgement of the log of a unit just started, with the keys of all epochs before its own. UNTRUSTED with the fault. */
struct tw_unit_log {
	uint64_t records, checkpoints, open_intents;
	uint64_t earlier; /* records of the epochs before this start's */
	uint64_t done;    /* outcomes that say so */
};
tw_err tw_unit_verify_log(tw_unit *u, struct tw_unit_log *ret);
#endif
