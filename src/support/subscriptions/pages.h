/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages about products and subscriptions have in common. */
#ifndef TW_SUPPORT_SUBSCRIPTIONS_PAGES_H
#define TW_SUPPORT_SUBSCRIPTIONS_PAGES_H
#include "support/page/page.h"
#include "support/questions/questions.h"
#include "support/subscriptions/subscription.h"

/* --- Notices by hand --- */

extern const struct tw_question_kept tw_notice_draft_kept;
/* Whether it may be told so: a problem says what is missing. Of n it sets kind and severity. */
tw_err tw_notice_judge(struct tw_context *c, const json_t *in, struct tw_notice *n, struct tw_reply *rp);
tw_err tw_notice_said(const json_t *in, struct tw_buf *b); /* as its readers get it */
#define TW_NOTICE_OF_DRAFT "desk:"                         /* before the name of the draft that it was */
/* "Update, Severity: High, withdrawn", and when. */
void tw_notice_head(struct tw_html *h, struct tw_look look, const struct tw_notice_kept *n);
/* What was said last, of a product or, NULL, of all. */
tw_err tw_subs_said(struct tw_html *h, struct tw_look look, struct tw_context *c, const char *product);

struct tw_subscriptions tw_subscriptions_of(struct tw_context *c);
/* The feed of a product's advisories (advisories/feed.c), and those of all products, folded; nothing where there are none. */
void tw_subs_feed_link(struct tw_html *h, const char *product, const char *text);
void tw_subs_feeds(struct tw_html *h, struct tw_look look, const json_t *products);
/* A refused form comes back with what was typed. */
tw_err tw_subs_refused(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
/* Somebody who has a token that is good now needs no stranger's allowance: many leave by a few mail providers' networks. */
tw_err tw_subs_admit(struct tw_context *c, const struct tw_request *rq, bool *ret_known);
#endif
