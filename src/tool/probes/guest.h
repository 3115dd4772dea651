/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody whom a probe makes up and who logs in by a password: an owner gives it, he chooses his own, and logs in with it; so his client is known, and
 * the tool without what that was given is a stranger. Settings that are changed for him are changed for a moment (moment.h).
 */
#ifndef TW_TOOL_PROBES_GUEST_H
#define TW_TOOL_PROBES_GUEST_H
#include "tool/probes/moment.h"
#include "tool/probes/people.h"

#define TW_GUEST_SECRET 72 /* hex digits, more than any length that may be asked for */

struct tw_guest {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_moment m;
	struct tw_person p;
	char password[TW_GUEST_SECRET + 1], client[TW_PERSON_TOKEN_MAX];
	const char *host; /* the name and port under which he asks; NULL: the address */
};
/* Run with a guest of whom nothing is made yet. Account, role and settings are taken back whatever happened. */
tw_err tw_guest_with(struct tw_probe_context *c, struct tw_finding *f, tw_err (*ask)(struct tw_guest *g));

/* The device has to be one where a password alone opens a session: nothing is loosened to make it one. false: the finding says so. */
tw_err tw_guest_opens(struct tw_guest *g, bool *ret);
tw_err tw_guest_waits(struct tw_guest *g, bool *ret); /* and where who fails has to wait */
/* With a password of his own of so many characters, and a client that is known. The device's own words when it lets him in nowhere. */
tw_err tw_guest_enrol(struct tw_guest *g, size_t size);
tw_err tw_guest_secret(const struct tw_sys *sys, size_t size, char ret[TW_GUEST_SECRET + 1]);

/* One step of a login, with the use notice accepted where there is one; body is consumed. Any status is an answer. */
tw_err tw_guest_send(struct tw_guest *g, json_t *body, struct tw_answer *ret);
/* Name and password; client: as the known one, or NULL. */
tw_err tw_guest_try(struct tw_guest *g, const char *password, const char *client, struct tw_answer *ret);
bool tw_guest_wants(const struct tw_answer *a, const char *what); /* that was asked for behind the password */
tw_err tw_guest_chooses(struct tw_guest *g, const struct tw_answer *begun, const char *password, struct tw_answer *ret);

/* lockout.c: a lockout after so many failures is seen: it begins, holds and ends, and who is known waits for nobody. A finding when it is not good. */
tw_err tw_guest_locked_out(struct tw_guest *g, int times, bool *ret_good);
#endif
