/* SPDX-License-Identifier: Apache-2.0 */
/* The frame every page of the portal has, for people with a keyboard, a phone or a screen reader, and without JavaScript. */
#ifndef TW_SUPPORT_PAGE_PAGE_H
#define TW_SUPPORT_PAGE_PAGE_H
#include "service/path/path.h"
#include "support/page/html.h"

#define TW_PAGE_TYPE "text/html; charset=utf-8"

void tw_page_open(struct tw_html *h, struct tw_buf *out, const char *title); /* up to and with its heading */
tw_err tw_page_close(struct tw_html *h);
/* The context's problem_page: what was refused, by which rule, and what to do now. */
tw_err tw_page_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
#endif
