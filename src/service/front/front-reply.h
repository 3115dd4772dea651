/* SPDX-License-Identifier: Apache-2.0 */
/* What front writes: heads of answers, its own problem documents, and the embedded pages. */
#ifndef TW_SERVICE_FRONT_REPLY_H
#define TW_SERVICE_FRONT_REPLY_H
#include "service/front/front-conn.h"

/* Each puts one whole head (and body, where it has one) into front->reply, replacing what was there. */
tw_err tw_front_reply_core(struct tw_front *f, const struct tw_wire_reply *r, bool head_only, bool close);
tw_err tw_front_reply_problem(struct tw_front *f, int status, const char *rule, bool head_only, bool close);
tw_err tw_front_reply_page(struct tw_front *f, int status, const char *rule, bool head_only, bool close); /* the same, by f->page */

/* NULL: core's. */
const struct tw_asset *tw_front_asset(const struct tw_asset *assets, struct tw_slice path);
/* ret_rest: what follows the head, straight from the program's memory. */
tw_err tw_front_reply_asset(
	struct tw_front *f, const struct tw_asset *a, const struct tw_http_head *h, bool close, struct tw_slice *ret_rest);
/* Whether a browser may have been lured here under a foreign name (DNS rebinding): ours are addresses, localhost, and the names of the owner's certificate. */
bool tw_front_host_ours(const struct tw_dns_names *names, struct tw_slice host);
/*
 * Whether no page of another origin has made a browser send this (request forgery): a browser that holds a client certificate shows it to
 * us whatever page asks. Browsers say which page it was, in Origin with all that may change something, and in Sec-Fetch-Site with everything;
 * other programs say nothing.
 */
bool tw_front_origin_ours(const struct tw_http_head *h);
#endif
