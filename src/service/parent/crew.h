/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles as hands sees them: children with a channel each, started together and ended together.
 *
 * When one dies, all are restarted: what the others know of it (connections, generations of keys, half an exchange) is gone
 * with it, and one way to start is simpler to trust than four ways to mend. Ending goes front, core, keys, so that each can
 * still use the next: front finishes its replies through core, core signs its last checkpoint through keys.
 */
#ifndef TW_SERVICE_PARENT_CREW_H
#define TW_SERVICE_PARENT_CREW_H
#include "base/sys.h"
#include "service/wire.h"

#define TW_CREW_OWN_MAX 8 /* descriptors of a role's own: what a side has rows for, and as many listeners */
#define TW_CREW_WORDS_MAX 6

enum tw_crew_role { TW_CREW_FRONT, TW_CREW_CORE, TW_CREW_KEYS, TW_CREW_SIZE }; /* in the order of ending */
/* One role of a side: what its row in the role table expects at birth. All of it stays the side's. */
struct tw_crew_plan {
	const char *name; /* of the row; what a side calls its core is its own affair */
	uid_t uid;
	gid_t gid;
	int own[TW_CREW_OWN_MAX]; /* from TW_FD_OWN on */
	size_t own_count;
	const char *words[TW_CREW_WORDS_MAX]; /* KEY=VALUE; core's come behind boot_id= and died= */
	size_t word_count;
	const char *program; /* NULL: the one that the others have; else its name, beside theirs */
};
struct tw_crew_member {
	pid_t pid; /* 0: not running */
	tw_channel *channel;
};
struct tw_crew {
	const struct tw_sys *sys;
	const struct tw_crew_plan *plan; /* of each role */
	int null;                        /* a descriptor of /dev/null */
	const char *program;
	char boot_id[33];
	char died[TW_WIRE_ROLE_NAME_MAX]; /* told to the next core; "" when nothing died */
	struct tw_crew_member of[TW_CREW_SIZE];
};

tw_err tw_crew_init(
	const struct tw_sys *sys, const struct tw_crew_plan plan[TW_CREW_SIZE], int null, const char *program, struct tw_crew *ret);
tw_err tw_crew_start(struct tw_crew *c);              /* all of them; on failure those that run are the caller's to end */
int tw_crew_find(const struct tw_crew *c, pid_t pid); /* -1: none of ours */
void tw_crew_gone(struct tw_crew *c, int role);       /* its process has been reaped */
bool tw_crew_say(struct tw_crew *c, int role, uint16_t type, const void *payload, size_t size);
#endif
