/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/path-later.h"

tw_err tw_path_later(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (!rq->takes_later)
		return tw_reply_problem(rp, 406, "door", "path.door", "Not at this door", "Ask over HTTPS.",
			"This answer takes a moment, and this door carries none that does.");
	if (rq->operation->audit != TW_AUDIT_CHANGE || rq->parameter.size >= sizeof rp->later->parameter)
		return TW_RAISE(INTERNAL, "an answer that cannot come later");
	rp->later = TW_NEW(c->sys, struct tw_later);
	if (!rp->later)
		return TW_RAISE(NOMEM, "an answer that comes later");
	struct tw_later *l = rp->later;
	l->c = c;
	l->rq = *rq;
	l->rq.head = NULL;
	l->rq.input = NULL;
	l->rq.body = l->rq.certificate = (struct tw_slice){ "", 0 };
	l->rq.takes_file = l->rq.takes_stream = l->rq.takes_later = false;
	memcpy(l->parameter, rq->parameter.at, rq->parameter.size);
	l->rq.parameter = (struct tw_slice){ l->parameter, rq->parameter.size };
	return TW_OK;
}

struct tw_request *tw_later_request(tw_later *l)
{
	return &l->rq;
}

tw_later *tw_later_drop(tw_later *l)
{
	free(l);
	return NULL;
}

void tw_later_bind(tw_later *l, const struct tw_later_door *door)
{
	l->door = *door;
}
