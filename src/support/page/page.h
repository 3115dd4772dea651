/* SPDX-License-Identifier: Apache-2.0 */
/* The frame every page of the portal has, for people with a keyboard, a phone or a screen reader, and without JavaScript. */
#ifndef TW_SUPPORT_PAGE_PAGE_H
#define TW_SUPPORT_PAGE_PAGE_H
#include "service/path/path.h"
#include "formats/html.h"
#include "support/page/words.h"
#include "service/path/request.h"

#define TW_PAGE_TYPE "text/html; charset=utf-8"

/* How a page is to be for whoever asked. */
struct tw_look {
	enum tw_language language;
	bool chosen; /* by the link that each page has: then addresses carry it, and the browser's wish does not count */
};
struct tw_look tw_look_of(const struct tw_request *rq);
/* Up to and with its heading. here: the path under which it is in the other language. */
void tw_page_open(struct tw_html *h, struct tw_buf *out, struct tw_look look, const char *here, enum tw_word title);
void tw_page_open_named(struct tw_html *h, struct tw_buf *out, struct tw_look look, const char *here, const char *title); /* a product's */
/* The same in two parts, with what a frame puts in between. class: of the body; "" none. */
struct tw_page_head {
	struct tw_look look;
	const char *here, *title, *class;
};
void tw_page_begin_head(struct tw_html *h, struct tw_buf *out, const struct tw_page_head *p);
void tw_page_begin_main(struct tw_html *h, const char *title);
/* Opens an element with a class. */
void tw_page_class(struct tw_html *h, enum tw_html_element e, const char *class);
/* A row's %d replaced by the number. */
void tw_page_counted(const char *row, int number, char *ret, size_t size);
void tw_page_link_text(struct tw_html *h, struct tw_look look, const char *path, const char *text);
/* The address with the language that was chosen in it; whatever does not fit into ret is left out. */
#define TW_PAGE_ADDRESS_MAX 1000 /* below what front takes */
void tw_page_address(struct tw_look look, const char *path, char ret[TW_PAGE_ADDRESS_MAX]);
void tw_page_put(struct tw_html *h, struct tw_look look, enum tw_html_element e, enum tw_word w);
void tw_page_link(struct tw_html *h, struct tw_look look, const char *path, enum tw_word w);
/* A line that leads to the form for what readers think of a document: a path of ours, or an address. */
void tw_page_feedback(struct tw_html *h, struct tw_look look, const char *document);
void tw_page_time(struct tw_html *h, int64_t ms);
/* The same, with these words where it is not certain whether it was done. */
void tw_page_why_as(struct tw_html *h, struct tw_look look, const struct tw_reply *rp, uint64_t reference, enum tw_word uncertain);
void tw_page_why(struct tw_html *h, struct tw_look look, const struct tw_reply *rp, uint64_t reference);
tw_err tw_page_close(struct tw_html *h);
/* The context's problem_page: what was refused, by which rule, and what to do now. */
tw_err tw_page_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
#endif
