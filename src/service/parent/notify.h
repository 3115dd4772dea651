/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager's notification protocol (sd_notify), in the lines it takes. Without $NOTIFY_SOCKET nothing is said.
 */
#ifndef TW_SERVICE_PARENT_NOTIFY_H
#define TW_SERVICE_PARENT_NOTIFY_H
#include "base/err.h"
#include "base/buf.h"
#include "base/sys.h"

struct tw_notify {
	const struct tw_sys *sys;
	int fd;              /* connected, so that it works when paths no longer do; -1: nobody listens */
	int64_t watchdog_ms; /* how often the manager wants to hear; 0: not at all */
};
/* address and watchdog_us: the environment's words, either may be NULL. */
tw_err tw_notify_open(const struct tw_sys *sys, const char *address, const char *watchdog_us, struct tw_notify *ret);
/* READY, with a status in the words of a role: whatever they hold, they stay one line. */
void tw_notify_ready(const struct tw_notify *n, struct tw_slice status);
void tw_notify_say(const struct tw_notify *n, const char *text); /* a lost message is the manager's to notice */
#endif
