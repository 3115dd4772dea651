/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the scan role say to one another. Core asks for each piece, so that it is never told more than it has asked for, and
 * leaves the work by asking no more. Integers big-endian, blocks length-prefixed.
 *
 * core -> scan  BEGIN, which drops what was begun before; MORE, one piece each. After the last piece there is nothing begun.
 * scan -> core  PIECE for each MORE; FAILED instead when it cannot go on.
 */
#ifndef TW_SERVICE_SCAN_WIRE_H
#define TW_SERVICE_SCAN_WIRE_H
#include "service/role.h"
#include "service/scan/scan.h"

enum tw_scan_wire {
	TW_SCAN_BEGIN = 0x0801, /* block16 word of the package system, block16 folders, block16 ignored, block16 place */
	TW_SCAN_MORE,
	TW_SCAN_PIECE = 0x0811,
	TW_SCAN_FAILED, /* words */
};
#define TW_SCAN_FOUND_MAX (32 * 1024) /* of findings in one piece */
#define TW_SCAN_PIECE_MAX (TW_SCAN_FOUND_MAX + 4 * 1024)
extern const struct tw_channel_row tw_rows_scan_from_core[], tw_rows_core_from_scan[];

tw_err tw_scan_begin_write(const struct tw_scan_order *o, struct tw_buf *ret);
/* The order borrows from the payload. SYNTAX. */
tw_err tw_scan_begin_read(struct tw_slice payload, struct tw_scan_order *ret);

struct tw_scan_piece {
	bool finished;
	uint64_t total;
	uint64_t counts[TW_SCAN_COUNTS]; /* struct tw_scan_counts since BEGIN, in its order */
	struct tw_slice words, place, found;
};
tw_err tw_scan_piece_write(const struct tw_scan_piece *p, struct tw_buf *ret);
/* As if the other side were hostile: every finding is looked at, too. SYNTAX. */
tw_err tw_scan_piece_read(struct tw_slice payload, struct tw_scan_piece *ret);
tw_err tw_scan_finding_write(const struct tw_scan_finding *f, struct tw_buf *ret);
/* The next of p->found, which it moves on: false at the end. */
bool tw_scan_finding_next(struct tw_scan_piece *p, enum tw_scan_kind *ret_kind, enum tw_scan_how *ret_how, struct tw_slice *ret_path);

int tw_scan_run(const struct tw_sys *sys, const struct tw_role_start *start); /* the row's run */
#endif
