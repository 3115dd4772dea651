/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict HTTP/1.1 request head parser (RFC 9112), pure and bounded: bytes in, slices into them out.
 *
 * It accepts what our clients send and refuses whatever two implementations could read differently: no folding, no bare LF,
 * no blank before a colon, one Host, one Content-Length of plain digits or none, Transfer-Encoding only as exactly "chunked"
 * and never beside a length, no trailers, no upgrade, origin-form targets only, no dot segments or encoded slashes in a path.
 * The same parser serves TLS connections in front and the local door in core.
 */
#ifndef TW_SERVICE_HTTP_H
#define TW_SERVICE_HTTP_H
#include "base/buf.h"
#include "base/cursor.h"
#include "base/err.h"

#define TW_HTTP_HEAD_MAX 8192 /* a browser's requests to us are under 1 KiB; TRUST T-HTTP */
#define TW_HTTP_FIELDS_MAX 64
#define TW_HTTP_TARGET_MAX 1024

struct tw_http_field {
	struct tw_slice name, value; /* value trimmed */
};
struct tw_http_head {
	struct tw_slice method, target, path, query; /* path as sent (validated), query without "?" */
	struct tw_http_field fields[TW_HTTP_FIELDS_MAX];
	size_t field_count;
	uint64_t content_length;
	bool chunked, keep_alive, expect_continue;
	size_t size; /* bytes of the head, blank line included */
};
/* What is wrong, and the status that says so. Rows in http.c; every vector of test/http names its row. */
struct tw_http_fault {
	int status;       /* 400, 405?, 413, 414, 417, 431, 501, 505 */
	const char *rule; /* "RFC 9112 5.1: blank before colon" */
	size_t offset;
};
/* NOTFOUND: the head is not complete yet (ask again with more bytes). SYNTAX/LIMIT/UNSUPPORTED: ret_fault says what and where;
   the connection is closed after the answer, always, since what follows cannot be framed. */
tw_err tw_http_parse(struct tw_slice bytes, struct tw_http_head *ret, struct tw_http_fault *reterr_fault);
const struct tw_http_field *tw_http_find(const struct tw_http_head *h, const char *name); /* NULL when absent */
/* Whether an answer in gzip may be sent (RFC 9110 12.5.3): by every Accept-Encoding line together; who sends none takes any coding. */
bool tw_http_takes_gzip(const struct tw_http_head *h);
/* Chunked bodies (RFC 9112 section 7.1) without extensions or trailers: feeds bytes, appends data to body (whose max bounds it). */
struct tw_http_chunks {
	unsigned state;
	uint64_t left;
	uint64_t most, taken; /* most not 0: bounds all chunks together, whatever is taken out of body meanwhile */
};
/* Consumes from c. OK with *ret_done false: wants more. */
tw_err tw_http_chunk(struct tw_http_chunks *s, struct tw_cursor *c, struct tw_buf *body, bool *ret_done, struct tw_http_fault *reterr_fault);
const char *tw_http_reason(int status);
#endif
