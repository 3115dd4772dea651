/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers that the device and the support service have in common; their rows stand in each side's capability.yaml. */
#ifndef TW_SERVICE_OPERATIONS_H
#define TW_SERVICE_OPERATIONS_H
#include "service/path/path.h"

tw_err tw_op_health(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_settings_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_settings_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_settings_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* input: {value}, If-Match */
tw_err tw_op_log_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);        /* query: limit, cursor */
tw_err tw_op_log_record(const struct tw_log_record *r, json_t **ret); /* one record as log.read and the stream show it */
tw_err tw_op_log_keys(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_op_log_segments(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp); /* query: cursor, limit */
tw_err tw_op_log_segment(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);  /* a file */
tw_err tw_op_log_stream(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);   /* records as they are written */
#endif
