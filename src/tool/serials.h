/* SPDX-License-Identifier: Apache-2.0 */
/* The serial numbers of a batch: one to a line of a file, or counted up from the first. Each valid, none twice. */
#ifndef TW_TOOL_SERIALS_H
#define TW_TOOL_SERIALS_H
#include "formats/identifier.h"

#define TW_SERIALS_MAX 100000 /* one batch; a larger one is several */
#define TW_SERIALS_FILE_MAX (TW_SERIALS_MAX * (TW_SERIAL_MAX + 2))

struct tw_serials {
	char (*row)[TW_SERIAL_MAX + 1];
	size_t count;
};
void tw_serials_done(struct tw_serials *s);
/* SYNTAX and LIMIT name the line. Lines end in LF or CRLF; there is nothing else in the file. */
tw_err tw_serials_read(const struct tw_sys *sys, struct tw_slice text, struct tw_serials *ret);
/* "T-0099" and 2 give T-0099 and T-0100. SYNTAX: it ends in no digits; LIMIT: they are too few for so many. */
tw_err tw_serials_count(const struct tw_sys *sys, const char *first, uint64_t count, struct tw_serials *ret);
#endif
