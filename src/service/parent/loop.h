/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What hands does once all is open: waits. It wakes for a signal, a message of a role, or a deadline, and has a deadline only
 * while something is due (a watchdog to feed, a role to end or to start again).
 */
#ifndef TW_SERVICE_PARENT_LOOP_H
#define TW_SERVICE_PARENT_LOOP_H
#include "service/parent/crew.h"
#include "service/parent/errands.h"
#include "service/parent/notify.h"

/* Where a side's front listens. What it cannot do leaves all as it was. */
struct tw_mover {
	tw_err (*to)(struct tw_mover *m, uint16_t port); /* as LISTEN has it; the crew's plan names the listeners from then on */
	uint16_t port;                                   /* where it was moved to; 0: nowhere */
};
struct tw_loop {
	const struct tw_sys *sys;
	struct tw_crew *crew;
	struct tw_errands *errands;
	const struct tw_notify *notify;
	int signals;
	int boot;        /* directory of the boot mark */
	int watchdog;    /* the hardware's, -1: none */
	const int *shut; /* listeners that are opened when core says that doors may answer */
	size_t shut_count;
	int ready_fd;           /* one byte when the doors answer; -1: nobody waits */
	struct tw_mover *mover; /* NULL: its front stays where it is */
};
tw_err tw_loop_run(const struct tw_loop *l); /* until SIGTERM and all roles have ended */
#endif
