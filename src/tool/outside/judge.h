/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen from outside, held against elements of the catalog. Pure; what cannot be decided is inconclusive and says what would decide it. */
#ifndef TW_TOOL_OUTSIDE_JUDGE_H
#define TW_TOOL_OUTSIDE_JUDGE_H
#include "tool/outside/logins.h"
#include "tool/outside/look.h"
#include "tool/probes/probe.h"

#define TW_OWN_MAX 8
struct tw_outside {
	struct tw_seen seen;
	struct tw_logins logins;
	bool has_declared; /* the assessor has said which ports the product needs */
	struct tw_port_set declared;
	const char *own[TW_OWN_MAX]; /* what nobody may learn: serial number, address, as the assessor reads them off the unit */
	size_t own_count;
	int64_t now_s;
};
struct tw_outside_check {
	const char *element, *name, *title, *about; /* about: which lines of the log are its transcript; NULL: all */
	tw_err (*judge)(const struct tw_outside *o, struct tw_finding *ret);
	bool intrusive;
};
extern const struct tw_outside_check tw_outside_checks[]; /* ends with element NULL */
#endif
