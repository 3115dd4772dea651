/* SPDX-License-Identifier: Apache-2.0 */
/* Saying something else in texts, for whoever does not write CSAF: what a form asks for becomes the document. */
#include "support/advisories/advisories.h"
#include "support/advisories/describe.h"
#include "support/platform/app.h"
#include "support/rows-advisories.h"

#include <stdio.h>

static tw_err refuse(struct tw_reply *rp, tw_err e)
{
	char why[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_UNSUPPORTED))
		return tw_advisory_refuse_input(rp, e);
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return tw_advisory_refuse(rp, 409, "advisory.shape", "It says more than these texts can",
		"Change the document itself: advisory.change.", why);
}

tw_err tw_op_advisory_describe(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_advisory_row_done) struct tw_advisory_row row = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_advisory_to_change(c, rq, rp, &row));
	if (rp->problem[0])
		return TW_OK;
	const json_t *before = tw_json_get(row.content, "document");
	document = json_deep_copy(before);
	if (!json_equal(document, before)) /* it leaves members out when memory runs out */
		return TW_RAISE(NOMEM, "an advisory");
	tw_err e = tw_advisory_describe(c->sys, document, rq->input, tw_app_of(c)->products);
	return tw_failed(e) ? refuse(rp, e) : tw_advisory_changed(c, rq, rp, &row, document);
}
