/* SPDX-License-Identifier: Apache-2.0 */
/* A reply as bytes: JSON, or a problem of RFC 9457. */
#ifndef TW_SERVICE_REPLY_H
#define TW_SERVICE_REPLY_H
#include "service/path/request.h"
bool tw_reply_refused(const struct tw_reply *rp);
/* reference: of a record in the log that says more, 0 when there is none. */
tw_err tw_reply_write_problem(const struct tw_reply *rp, uint64_t reference, struct tw_buf *b);
#endif
