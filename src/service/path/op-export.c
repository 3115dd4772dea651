/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log as it lies on the disk, segment by segment, for an owner who verifies it at home. */
#include "service/path/operations.h"

#include "base/text.h"
#include "service/path/page.h"

static json_t *part_of(const struct tw_audit_part *p)
{
	return json_pack("{s:I, s:I, s:b}", "first", (json_int_t)p->first_seq, "epoch", (json_int_t)p->epoch, "open", p->open);
}

tw_err tw_op_log_segments(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_audit_part part;
	struct tw_page p;
	uint64_t first = 0;
	TW_TRY(tw_page_begin(c, rq, rp, &p));
	TW_TRY(tw_page_after(&p, rp, &first));
	if (rp->problem[0])
		return TW_OK;
	while (tw_audit_parts(c->audit, first + 1, 1, &part) == 1 && tw_page_takes(&p)) {
		first = part.first_seq;
		TW_TRY(tw_page_add_at(&p, first, part_of(&part)));
	}
	return tw_page_end(&p, rp);
}

tw_err tw_op_log_segment(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	uint64_t first = 0;
	tw_err e = tw_parse_u64(rq->parameter, INT64_MAX, &first);
	if (!tw_failed(e))
		e = tw_audit_part_file(c->audit, first, &rp->file, &rp->file_size);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(rp, 404, "not-found", "log.segment", "There is no such segment",
			"See /api/v1/log/segments for those there are.", "No segment of the log begins with that record.");
	TW_TRY(e);
	rp->has_file = true;
	rp->file_type = "application/octet-stream";
	return TW_OK;
}
