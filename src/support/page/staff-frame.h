/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame that the staff's pages have: the head of every page, where its reader may go by what his role holds, who he is, and the way out. Every entry
 * and every form asks the gate whether it would let him, so that nobody is led to a refusal; what is refused is refused by the gate all the same.
 */
#ifndef TW_SUPPORT_PAGE_STAFF_FRAME_H
#define TW_SUPPORT_PAGE_STAFF_FRAME_H
#include "support/page/page.h"

struct tw_staff_frame {
	struct tw_context *c;
	const struct tw_request *rq;
	const char *here;  /* the path of this page, with its query: where the other language is */
	const char *title; /* of page and heading, in the reader's language */
};
/* Where one can go, in the order of the frame; ends with path NULL. key: by which a keyboard leads there (accesskey). */
struct tw_staff_place {
	const char *path, *permission, *key;
	enum tw_word word;
};
extern const struct tw_staff_place tw_staff_places[];
/* Up to and with the heading; tw_page_close ends the page. Never fails by itself: h keeps what failed. */
void tw_staff_frame_open(const struct tw_staff_frame *f, struct tw_html *h, struct tw_buf *out);
/* Whether the gate would let whoever asks do what has this permission; false also when it cannot be asked. */
bool tw_staff_may(struct tw_context *c, const struct tw_request *rq, const char *permission);
/* "analyst" in the reader's language; "" of somebody without a role of the staff's. */
const char *tw_staff_role(struct tw_context *c, const struct tw_request *rq, struct tw_look look);
const char *tw_staff_role_word(const char *roles, struct tw_look look); /* the same of an account's words */
#endif
