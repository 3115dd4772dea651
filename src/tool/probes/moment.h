/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings that a probe changes for a moment. While one is changed, what would end or stop the tool (Ctrl-C, Ctrl-Z, a closed terminal, a service
 * manager) is held back, and does it when all is as it was; only SIGKILL leaves a setting changed. What could not be set back the finding tells.
 */
#ifndef TW_TOOL_PROBES_MOMENT_H
#define TW_TOOL_PROBES_MOMENT_H
#include "tool/probes/probe.h"

#include <signal.h>

#define TW_MOMENT_MAX 4
#define TW_MOMENT_VALUE 512

struct tw_moment {
	struct tw_probe_context *c;
	struct tw_finding *f;
	size_t count;
	struct {
		const char *key;
		char before[TW_MOMENT_VALUE];
	} of[TW_MOMENT_MAX];
	void *kept;    /* the session that can log in anew: not while what ends the tool is held back */
	sigset_t mask; /* as it was */
};
/* Before it, whoever sits at the terminal is asked for a login where the session is too old. Failed, it has begun all the same, and is to be ended. */
tw_err tw_moment_begin(struct tw_moment *m, struct tw_probe_context *c, struct tw_finding *f);
tw_err tw_moment_read(struct tw_moment *m, const char *key, char ret_value[TW_MOMENT_VALUE]);
tw_err tw_moment_set(struct tw_moment *m, const char *key, const char *value); /* again: the first value is what it is set back to */
void tw_moment_back(struct tw_moment *m);
void tw_moment_end(struct tw_moment *m);                              /* whatever was held back may come */
void tw_probe_pause_ms(const struct tw_probe_context *c, int64_t ms); /* at least so long */
#endif
