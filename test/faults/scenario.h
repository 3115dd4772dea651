/* SPDX-License-Identifier: Apache-2.0 */
/* What a unit goes through while one call of its seam fails, and what must be so afterwards. */
#ifndef TW_TEST_SCENARIO_H
#define TW_TEST_SCENARIO_H
#include "unit.h"

#include <stdint.h>

struct scenario {
	const char *name, *begins; /* with a copy of which tree */
	bool fault_start;          /* the faults are in the start; else in the request */
	int (*request)(tw_unit *u);
	int good;                   /* its status when nothing fails */
	bool (*done)(tw_unit *u);   /* whether its effect is there; NULL: it has none */
	uint64_t outcomes;          /* "done" records that there are without it */
	bool (*before)(tw_unit *u); /* without faults, before the request */
	bool (*after)(tw_unit *u);  /* likewise, after it: how the same life goes on */
	bool fault_end;             /* the faults go on until the unit is gone */
	bool ends_owner;            /* afterwards it has its owner, or none */
};
/* Up to one without a name. */
extern const struct scenario scenarios_of_logins[], scenarios_of_credentials[];

/* An account that may do something, a2, and a code that it was made, as what opens its session. */
bool make_sue(tw_unit *u);
bool make_code(tw_unit *u);
int log_in(tw_unit *u);
bool is_logged_in(tw_unit *u);

/* The answer, also when it comes later: the role that hashes is played, says yes to all, and makes another hash than has_password has put. */
int settle(tw_unit *u, int status);
int ask(tw_unit *u, const char *method, const char *path, const char *body); /* the owner's */
void text_of(tw_unit *u, const char *key, char *ret, size_t size);           /* a member of the last answer; "": it has none */
bool has_password(tw_unit *u, int64_t account);
#endif
