/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists that a device answers in pages: goes on after the first one, and makes one answer of all.
 *
 * A device that never comes to an end, or stands still, is not followed for ever.
 */
#ifndef TW_TOOL_PAGES_H
#define TW_TOOL_PAGES_H
#include "tool/client.h"
#include "tool/tool.h"

#define TW_PAGES_CURSOR_MAX 160
#define TW_PAGES_ENTRIES_MAX 1000000
struct tw_pages {
	const char *method, *path; /* without limit and cursor */
	const char *list;          /* the array in the answer */
	int64_t page;              /* entries asked for at once; 0: as many as the device likes */
	int64_t most;              /* entries in all; 0: to the end */
};
/* answer holds a first page. Its list takes the entries of the others; `next` stays when more exist than were wanted. */
tw_err tw_pages_rest(struct tw_tool *t, tw_client *c, const struct tw_pages *p, struct tw_answer *answer);
/* path with what is asked of one page; cursor may be "". LIMIT: too long. */
tw_err tw_pages_path(const struct tw_pages *p, int64_t have, const char *cursor, char *ret, size_t size);
#endif
