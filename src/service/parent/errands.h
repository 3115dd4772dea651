/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles on demand: what is needed seldom runs only then, and costs nothing at rest.
 *
 * A fixed table says which there are, by which program and with which descriptors; core names a row by its number, and that is all
 * hands takes from it. Core gets the other end of the channel only after the role has said that its sandbox stands. One that
 * dies takes nobody along; what it was doing is core's to mourn.
 */
#ifndef TW_SERVICE_PARENT_ERRANDS_H
#define TW_SERVICE_PARENT_ERRANDS_H
#include "base/sys.h"
#include "service/wire.h"

#define TW_ERRAND_MORE 5

/* One of a side's roles on demand, in the order of enum tw_errand. All of it stays the side's. */
struct tw_errand_row {
	uid_t uid; /* 0: it has no line in roles.tab, or nothing to work on, and is never started */
	gid_t gid;
	const char *program; /* beside that of the roles; NULL: it is that one */
	const char *file;    /* opened anew at each start, since others replace it; what is missing is empty to the role */
	int dirs[2];         /* in place of the file: directories for reading */
	size_t dir_count;
	const char *more[TW_ERRAND_MORE]; /* behind the file, in the same way */
	size_t more_count;
	int listener; /* 0: none; else a socket that it accepts from, behind the files */
	bool writes; /* the file is a device by which things are changed: opened for that as well, and so that nobody waits for it */
};
struct tw_errand_run {
	pid_t pid;     /* 0: not running */
	bool unwanted; /* core has said that it shall end: its end is no death */
	tw_channel *channel;
	int core_end;        /* of the channel between the role and core; -1 once core has it, or nobody should */
	int64_t boxed_by_ms; /* when its sandbox must stand; 0: it does */
	int64_t minute_ms;   /* when the minute began in which starts are counted */
	unsigned starts;
};
struct tw_errands {
	const struct tw_sys *sys;
	const struct tw_errand_row *rows; /* NULL: the side has none */
	int null;
	const char *program; /* of the roles; others stand beside it */
	struct tw_errand_run of[TW_ERRANDS];
};
void tw_errands_init(const struct tw_sys *sys, const struct tw_errand_row rows[TW_ERRANDS], int null, const char *program,
	struct tw_errands *ret);
/* The reason why not, in ret_not; 0 when it has been started. */
void tw_errands_start(struct tw_errands *e, unsigned which, int64_t now_ms, enum tw_errand_not *ret_not);
/* Its first word: its sandbox stands. The descriptor for core is the caller's now; -1: it was said twice or by nobody. */
int tw_errands_boxed(struct tw_errands *e, unsigned which);
int tw_errands_find(const struct tw_errands *e, pid_t pid); /* -1: none of these */
bool tw_errands_gone(struct tw_errands *e, unsigned which); /* its process has been reaped; true: core still waits to hear of it */
void tw_errands_end(struct tw_errands *e, unsigned which);  /* at once: nothing it holds outlives it */
void tw_errands_end_all(struct tw_errands *e);
int64_t tw_errands_late(struct tw_errands *e, int64_t now_ms); /* ends those whose sandbox does not stand in time; when the next is due */
#endif
