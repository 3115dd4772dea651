/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and passwords that everybody knows, tried where a port asks for both: by HTTP (Basic, RFC 7617) and by Telnet. The list is the one that
 * Mirai's published source tries.
 */
#ifndef TW_TOOL_OUTSIDE_LOGINS_H
#define TW_TOOL_OUTSIDE_LOGINS_H
#include "tool/outside/look.h"

struct tw_pair {
	const char *user, *password;
};
extern const struct tw_pair tw_known_pairs[];
extern const size_t tw_known_pairs_count;

struct tw_logins {
	bool tried;            /* false: it was not to be tried */
	size_t doors, refused; /* ports where pairs were tried; those where none opened */
	size_t unsure;         /* where trying had no clear answer */
	char opened[512];      /* "port 80 (admin), port 23 (no password asked)"; "" none */
	char unreached[256];   /* doors that ask for both and were not tried, with why */
};
tw_err tw_try_logins(const struct tw_sys *sys, struct tw_seen *s, void (*told)(void *user, int percent), void *user, struct tw_logins *ret);

/* Pure: what a Telnet door says at its end. */
enum tw_door { TW_DOOR_UNSURE, TW_DOOR_NAME, TW_DOOR_PASSWORD, TW_DOOR_OPEN, TW_DOOR_SHUT };
enum tw_door tw_door_of(struct tw_slice said);
#endif
