/* SPDX-License-Identifier: Apache-2.0 */
/* What this service provides of the catalog, for whoever wants to hold that against what he sees. */
#include "service/path/elements.h"
#include "base/release.h"
#include "support/platform/app.h"
#include "support/rows-platform.h"

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
