/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of the path as HTTP/1.1, for the local door; front writes its own, which also has pages to serve. */
#ifndef TW_SERVICE_DOOR_HTTP_REPLY_H
#define TW_SERVICE_DOOR_HTTP_REPLY_H
#include "service/path/path.h"

tw_err tw_http_reply_write(const struct tw_path_reply *r, struct tw_slice body, struct tw_buf *out);
tw_err tw_http_reply_fault(int status, const char *rule, struct tw_buf *out); /* of the parser; the connection ends with it */
#endif
