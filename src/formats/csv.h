/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of comma-separated values, RFC 4180, as Python's csv writes them and Buildroot's shell does: lines end with LF or CRLF, a field may be quoted, and
 * then has commas, line ends and doubled quotes. A byte order mark in front is passed over, so are empty lines.
 *
 * What is ambiguous is refused with its line: a quote within a field without quotes, anything behind a closing one, a quote that nothing closes.
 */
#ifndef TW_FORMATS_CSV_H
#define TW_FORMATS_CSV_H
#include "base/buf.h"

#define TW_CSV_FIELDS_MAX 64        /* of a row */
#define TW_CSV_ROW_MAX (256 * 1024) /* bytes of a row: Buildroot names all that a package depends on in one */

struct tw_csv {
	struct tw_slice text;
	size_t at, line;     /* where the next row begins; the first is 1 */
	struct tw_buf bytes; /* of the row's fields, each with a NUL */
};
struct tw_csv_row {
	size_t line, count;
	const char *of[TW_CSV_FIELDS_MAX]; /* valid UTF-8; until the next row is read */
};
void tw_csv_init(struct tw_csv *c, const struct tw_sys *sys, struct tw_slice text);
void tw_csv_done(struct tw_csv *c); /* of a zeroed one too */
/* At the end the row has no fields. SYNTAX, LIMIT: "line 3: ...". */
tw_err tw_csv_next(struct tw_csv *c, struct tw_csv_row *ret);
#endif
