/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages about products and subscriptions have in common. */
#ifndef TW_SUPPORT_SUBSCRIPTIONS_PAGES_H
#define TW_SUPPORT_SUBSCRIPTIONS_PAGES_H
#include "support/page/page.h"
#include "support/subscriptions/subscription.h"

struct tw_subscriptions tw_subscriptions_of(struct tw_context *c);
/* A refused form comes back with what was typed. */
tw_err tw_subs_refused(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body);
/* Somebody who has a token that is good now needs no stranger's allowance: many leave by a few mail providers' networks. */
tw_err tw_subs_admit(struct tw_context *c, const struct tw_request *rq, bool *ret_known);
#endif
