/* SPDX-License-Identifier: Apache-2.0 */
/* How the service is, and what it provides of the catalog, for whoever wants to hold that against what he sees. */
#include "service/path/elements.h"
#include "base/release.h"
#include "service/path/operations.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

/* The store is asked, so that what is back is found without anybody's request failing first. Where it is, is for those of the house. */
tw_err tw_support_health(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const bool stranger = rq->subject.kind == TW_SUBJECT_ANYONE;

	if (!tw_failed(tw_store_try(c->store)))
		return tw_op_health(c, rq, rp);
	rp->retry_after_s = TW_STORE_RETRY_S;
	return tw_reply_problem(rp, 503, "storage-broken", "store.broken", "The store cannot be reached",
		"The service tries again by itself.", "%s", stranger ? "PostgreSQL does not answer." : tw_store_why(c->store));
}

tw_err tw_support_elements(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page page;

	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_json_set(rp->body, "service", json_string("thingward-support")));
	TW_TRY(tw_json_set(rp->body, "software", json_string(TW_VERSION)));
	TW_TRY(tw_json_set(rp->body, "name", json_string(tw_app_of(c)->desk.name)));
	return tw_elements_list(c, tw_supporting_find, &page, rp);
}
