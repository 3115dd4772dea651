/* SPDX-License-Identifier: Apache-2.0 */
/* What the path writes into the audit log. Written as text, not built as objects: a read must stay cheap. */
#ifndef TW_SERVICE_PATH_RECORD_H
#define TW_SERVICE_PATH_RECORD_H
#include "service/path/path.h"

tw_err tw_record_intent(struct tw_context *c, const struct tw_request *rq, uint64_t *ret_seq); /* durable when OK */
tw_err tw_record_outcome(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, bool failed); /* likewise */
tw_err tw_record_read(struct tw_context *c, const struct tw_request *rq, int status); /* in the batch */
tw_err tw_record_refused(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp);
/* Where a failure of ours happened; the seq is the reference that the caller is given. */
tw_err tw_record_failure(struct tw_context *c, const struct tw_request *rq, tw_err e, uint64_t *ret_seq);
#endif
