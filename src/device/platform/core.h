/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core role: policy, state and audit, in one loop that sleeps until something is there.
 *
 * Four doors bring requests (front's channel, the local socket, the application's socket, the console), and each does the same:
 * says who stands there, lets the path walk, carries the answer back. Timers exist only while something is due: a batch of
 * reads to commit, a head of the log to sign, a deadline of a peer.
 */
#ifndef TW_DEVICE_PLATFORM_CORE_H
#define TW_DEVICE_PLATFORM_CORE_H
#include "device/platform/application.h"
#include "service/door/door-front.h"
#include "service/door/door-local.h"
#include "service/role.h"

#include <event2/event.h>

#define TW_COMMIT_MS 200       /* a read's record may be lost with this much of the last moment before a power cut */
#define TW_CHECKPOINT_MS 60000 /* after the first unsigned record */
#define TW_CONFIRM_MS 120000   /* an application that has not reported by then is said to be missing */
#define TW_JOBS_MAX 24

typedef struct tw_door_event tw_door_event;
typedef struct tw_door_console tw_door_console;

struct tw_job { /* one of the rows, and when it runs again */
	struct tw_core *core;
	const struct tw_job_row *row;
	struct event *timer;
	int64_t period_at_ms, at_ms; /* its period is over; its timer ends */
};
struct tw_core {
	const struct tw_sys *sys;
	struct tw_device device;
	struct event_base *loop;
	tw_channel *hands;
	tw_door_front *front;
	tw_door_local *local;
	tw_door_event *events;
	tw_door_console *console;
	struct event *hands_event, *commit_timer, *checkpoint_timer, *confirm_timer, *refusal_timer, *task_timer, *mend_timer;
	struct tw_job jobs[TW_JOBS_MAX];
	uint64_t signed_seq; /* the log is signed up to here */
	int64_t task_at_ms;  /* when its timer ends, while it is set */
	int64_t mend_ms;     /* the next pause before what is owed is tried again */
	bool front_ready, said_ready, confirmed, draining;
	bool marked;      /* the boot's mark is durable */
	bool keys_owed;   /* the keys could not be taken over into the keystore */
	bool format_owed; /* the store could not be brought to this release's format */
	int status;       /* of the process */
};

int tw_core_run(const struct tw_sys *sys, const struct tw_role_start *start); /* the row's run */

tw_err tw_core_open_front(struct tw_core *c, int fd);
/* For the doors. */
struct event *tw_core_watch(struct tw_core *c, int fd, short what, event_callback_fn call, void *user); /* NULL: NOMEM */
void tw_core_settle(struct tw_core *c); /* after anything that may have left a record: arms what is due */
void tw_core_fail(struct tw_core *c, const char *role, const char *what); /* a peer broke the rules: recorded, then all start again */
void tw_core_check_health(struct tw_core *c);
void tw_core_confirm(struct tw_core *c); /* asks hands for the boot's mark */
void tw_core_migrate(struct tw_core *c);
void tw_core_adopt(struct tw_core *c);

/* core-mend.c */
tw_err tw_core_mend_new(struct tw_core *c);
void tw_core_mend_due(struct tw_core *c); /* arms the timer when something is owed, disarms it when nothing is */
struct timeval tw_core_ms(int64_t ms);

/* core-jobs.c */
tw_err tw_core_jobs_start(struct tw_core *c);
void tw_core_jobs_arm(struct tw_core *c); /* those that are due sooner than their timers end */
void tw_core_jobs_end(struct tw_core *c);

tw_err tw_door_event_new(struct tw_core *c, int fd, tw_door_event **ret);
tw_door_event *tw_door_event_free(tw_door_event *d);
void tw_door_event_seal(tw_door_event *d); /* records what was refused beyond the budget and not yet counted */
tw_err tw_door_console_new(struct tw_core *c, int fd, tw_door_console **ret);
tw_door_console *tw_door_console_free(tw_door_console *d);
void tw_door_console_notice(tw_door_console *d); /* shows device.console_notice, once */
#endif
