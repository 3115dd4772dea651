/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life that power is cut out of, and what the device has promised at each moment of it: first start, take-over, changes of a
 * setting, a key, lists of revoked certificates, a suspicion that another device has a double, sessions, an account with what it is given
 * and loses, the owner's other ways in and guesses at them, codes by message, a password that a server judges, a shared account and its members, a use notice, a burst of events over the end of a segment, checkpoints, the store's next format, the next boot, recovery of ownership at the console, the next owner, an orderly end.
 */
#ifndef TW_TEST_STORY_H
#define TW_TEST_STORY_H
#include "base/err.h"
#include "base/sys.h"

#include "ways.h"

#define STORY_UNIT "unit" /* the unit's directory, beneath the one that the power is cut of */
#define STORY_SUSPECT "urn:dev:ops:32473-LAMP-1"
#define STORY_SETTING "/api/v1/settings/identification.remote-read"

/* Of the account that is not the owner's. */
#define STORY_NAME "sue"
enum { STORY_ACCOUNT = 1, STORY_ROLE = 2, STORY_SUSPENDED = 4, STORY_CAME = 8, STORY_ENDS = 16 /* its role does, by itself */ };
#define STORY_ENDED "lost the role operator, for its time was up"

/* By what codes are sent, where to, whose password a server judges and the secret shared with it, who uses a shared account, and the use notice. */
#define STORY_SHARED_NAME "night"
enum {
	STORY_GATEWAY = 1,
	STORY_DESTINATION = 2,
	STORY_SECRET = 4,
	STORY_DELEGATED = 8,
	STORY_SHARED = 16,
	STORY_MEMBERS = 32,
	STORY_NOTICE = 64
};

#define STORY_LISTS "/api/v1/certificates/crls"
#define STORY_SERVERS 2 /* whose certificates the list of number n judges: it takes back server n % 2 and no other */
#define STORY_CHECK_MAX 2048

struct side {
	bool owned;
	char owner[16];
	int64_t version; /* of the setting: odd is off, even is on */
	bool key;        /* the owner has made one in the keystore */
	int list; /* number of the list of revoked certificates that is kept; 0: none. It takes back one server of STORY_SERVERS */
	bool suspected;   /* another device */
	unsigned account; /* STORY_ACCOUNT and what it has; 0: there is none */
	int64_t ended;    /* roles whose time was up, as the report of account administration has it */
	unsigned said;    /* what the organization said of logging in */
	struct ways ways; /* the owner's */
};
/* What may be found after a cut: `now`, or with a step under way also what the step leads to. All bytes: it goes through a file. */
struct promise {
	bool provisioned, under_way;
	struct side now, next;
	uint64_t records; /* of the log, durable */
	uint64_t epoch;   /* the highest whose key was given out */
	int format;       /* of the store; 0: none was promised yet */
	bool migrating;   /* the next one may be there too */
	/* Told to somebody, and in force; not to be relied on while a change of ownership is under way. */
	uint8_t secret[16], listener[32];
	char token[64]; /* of a session: ends with the boot */
	struct ways_told ways;
	bool closely;    /* the owner's ways are tried, not only read: where something becomes of them */
	int64_t ends_ms; /* by the same clock: when the role ends that the account was given; 0: it was given none for a time */
	bool ending;     /* that is looked at: in the log, and by ending it now */
	int64_t wall_ms; /* by the story's clock, which a code depends on; 0: before the first start */
	char check[STORY_SERVERS][STORY_CHECK_MAX]; /* requests that ask for the verdict on each; "": there is none yet */
	char step[24];                              /* its name, for people */
};

struct story {
	struct promise now;
	void (*mark)(struct story *s);              /* the promise is s->now from here on */
	void (*ahead)(struct story *s, int64_t ms); /* both clocks of the system that it is told over are so far ahead of the real ones */
	void *user;
};
/* Takes a directory that provisioning has just filled. What the device refuses ends the process: there is nothing to test then. */
void story_run(struct story *s, const struct tw_sys *sys, const char *directory);
#endif
