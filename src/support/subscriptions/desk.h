/* SPDX-License-Identifier: Apache-2.0 */
/* What the staff's pages of notices share with the forms that they lead to. */
#ifndef TW_SUPPORT_SUBSCRIPTIONS_DESK_H
#define TW_SUPPORT_SUBSCRIPTIONS_DESK_H
#include "support/desk/desk.h"

#define TW_DESK_NOTICES "/desk/notices"

extern const struct tw_choice tw_notice_words[]; /* each kind that the staff tells by hand; ends with value NULL */
extern const struct tw_choice tw_notice_severities[];
/* As its readers would get it. */
tw_err tw_notice_preview(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc);
/* A draft by its name with its hash, and one that was told by its number, with its title; a problem when there is none. */
tw_err tw_notice_drafted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret);
tw_err tw_notice_told(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, json_t **ret);
#endif
