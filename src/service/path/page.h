/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in pages. An operation whose row names a list takes ?limit= and ?cursor= (both from the row), and answers with `next` as
 * long as there is more.
 *
 * A cursor says after which entry to go on, never how many to skip: what is added or taken away in between moves nothing, so that no
 * entry comes twice and none that was there is missed. It carries a check over the operation, the device and the place, so that one
 * that was cut, typed wrong or taken from elsewhere is refused instead of answering something else. It is no authority: whoever
 * makes one up sees what the gate lets him see anyway.
 *
 * A page ends at its limit or at what one answer may carry, whichever comes first; an entry alone always goes through.
 */
#ifndef TW_SERVICE_PATH_PAGE_H
#define TW_SERVICE_PATH_PAGE_H
#include "service/path/path.h"

#define TW_PAGE_AT_MAX 111
#define TW_PAGE_BYTES_MAX (60 * 1024) /* of the list; what stands beside it must fit into the rest of a reply (79 KiB) */

struct tw_page {
	struct tw_context *c;
	const struct tw_operation_row *row;
	json_t *list; /* borrowed: the reply's body owns it */
	size_t limit, count, bytes;
	char after[TW_PAGE_AT_MAX + 1]; /* the last entry of the page before; "" on the first */
	char last[TW_PAGE_AT_MAX + 1];
	bool more; /* there is an entry that this page does not take: stop */
};
/* Puts the row's list into rp->body, which is made when there is none. A bad cursor: rp is a problem, and the handler returns. */
tw_err tw_page_begin(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_page *ret);
/* False, and more is set, when the page has as many as it may: asked before an entry is made. */
bool tw_page_takes(struct tw_page *p);
/* The entry (consumed) and its place: what a cursor after it will say. When its bytes do not fit any more, more is set instead. */
tw_err tw_page_add(struct tw_page *p, const char *at, json_t *entry);
tw_err tw_page_end(struct tw_page *p, struct tw_reply *rp);

/* Places that are numbers. tw_page_after is 0 on the first page; a cursor whose place is no number makes rp a problem. */
tw_err tw_page_after(const struct tw_page *p, struct tw_reply *rp, uint64_t *ret);
tw_err tw_page_add_at(struct tw_page *p, uint64_t at, json_t *entry);
tw_err tw_page_refuse(struct tw_reply *rp); /* the cursor names no place of this list */
#endif
