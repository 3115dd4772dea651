/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parent opens before it gives its privileges up: DIR and what lies in it, the ids of the roles, the listener, the desk's
 * socket.
 *
 * What is missing in DIR is made. What is there with another owner, or open to others, is refused and not mended, since somebody has been
 * there; the message says what to do.
 */
#ifndef TW_SUPPORT_PARENT_PLACES_H
#define TW_SUPPORT_PARENT_PLACES_H
#include "service/parent/crew.h"
#include "service/parent/errands.h"
#include "service/store/postgresql/where.h"

#define TW_SUPPORT_MAIL_FILES 5
#define TW_SUPPORT_STORE_FILES 4
#define TW_SUPPORT_POSTGRESQL_PROGRAM \
	"thingward-support-role-postgresql" /* app's, beside that of the roles, where DIR/store.url is */

struct tw_support_options {
	const char *dir, *listen, *roles, *role_program;
	bool help, check;
};
struct tw_support_places {
	int dir, app, log, keys, sign, null, tcp, desk, lock, line; /* descriptors; line: by which app comes to the store role, -1: it does not */
	struct tw_crew_plan crew[TW_CREW_SIZE];
	struct tw_errand_row errands[TW_ERRANDS];
	char errand_names[64];                /* app's word: which of them there are */
	struct tw_pg_where where;             /* of a store in PostgreSQL; database "": it is in files */
	char store_word[TW_PG_WHERE_MAX + 8]; /* app's: the same as text */
	char store[TW_SUPPORT_STORE_FILES][4096]; /* what the store role is given: store.url, password, authorities, client's certificate */
	char mail[TW_SUPPORT_MAIL_FILES][4096]; /* what the roles for mail are given: mail.json, password, authorities, inmail.json, its password */
};
/* SYNTAX: what is wrong with the command line. */
tw_err tw_support_options_parse(int argc, char *const *argv, struct tw_support_options *ret);
extern const char tw_support_help[];
bool tw_support_sets_up(const char *word); /* a command of thingward-support-setup */

/* One server of a DIR at a time. STATE: there is one, and which. */
tw_err tw_support_lock(const struct tw_sys *sys, int dir, const char *name, int *ret);
void tw_support_places_init(struct tw_support_places *p);
void tw_support_places_done(struct tw_support_places *p);
/* DIR and its folders alone, and who may have them: for whoever sets the service up. */
tw_err tw_support_places_dirs(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p);
tw_err tw_support_places_open(const struct tw_sys *sys, const struct tw_support_options *o, struct tw_support_places *p);
#endif
