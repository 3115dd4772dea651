/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of an account, or of a role that an account was given. In the boot it was set in the boot clock says when it has come, which nobody
 * sets, so that a clock set back lengthens nothing; in a later one only a clock that is trusted can, and until there is one it counts as come.
 */
#ifndef TW_SERVICE_ACCESS_ENDING_H
#define TW_SERVICE_ACCESS_ENDING_H
#include "service/path/path.h"

struct tw_ending {
	int64_t ends_ms; /* wall clock; 0: it has no end */
	int64_t boot_ms; /* boot clock, where it counts */
	bool this_boot;  /* it does */
};
struct tw_ending tw_ending_in(const struct tw_context *c, int64_t lifetime_ms); /* from now on; 0: no end */
/* The sooner of both. */
struct tw_ending tw_ending_first(struct tw_ending a, struct tw_ending b);
/* From three columns of a row: ends_ms, the boot's id, the boot clock. */
struct tw_ending tw_ending_read(const struct tw_context *c, const tw_row *row, int column);
void tw_ending_values(const struct tw_context *c, const struct tw_ending *e, struct tw_value ret[3]);
bool tw_ending_over(const struct tw_context *c, const struct tw_ending *e);   /* for certain: what has it may be removed */
bool tw_ending_counts(const struct tw_context *c, const struct tw_ending *e); /* it is over, or nobody can tell */
#endif
