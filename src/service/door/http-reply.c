/* SPDX-License-Identifier: Apache-2.0 */
#include "service/door/http-reply.h"

static tw_err field(struct tw_buf *out, const char *name, const char *value)
{
	return value && *value ? tw_buf_format(out, "%s: %s\r\n", name, value) : TW_OK;
}

tw_err tw_http_reply_write(const struct tw_path_reply *r, struct tw_slice body, struct tw_buf *out)
{
	TW_TRY(tw_buf_format(out, "HTTP/1.1 %d %s\r\n", r->status, tw_http_reason(r->status)));
	TW_TRY(field(out, "Content-Type", body.size ? r->type : ""));
	if (r->status != 204)
		TW_TRY(tw_buf_format(out, "Content-Length: %zu\r\n", body.size));
	TW_TRY(field(out, "ETag", r->etag));
	TW_TRY(field(out, "Location", r->location));
	TW_TRY(field(out, "Allow", r->allow));
	if (r->retry_after_s)
		TW_TRY(tw_buf_format(out, "Retry-After: %d\r\n", r->retry_after_s));
	TW_TRY(field(out, "Connection", r->close ? "close" : ""));
	TW_TRY(tw_buf_text(out, "Cache-Control: no-store\r\n\r\n"));
	return tw_buf_add(out, body.at, body.size);
}

tw_err tw_http_reply_fault(int status, const char *rule, struct tw_buf *out)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };
	const struct tw_path_reply r = { .status = status, .type = "application/problem+json", .close = true };

	tw_buf_init(&body, out->sys, 2048);
	TW_TRY(tw_buf_text(&body, "{\"type\":\"urn:thingward:problem:http\",\"title\":\"Not a request we understand\",\"status\":"));
	TW_TRY(tw_buf_format(&body, "%d,\"rule\":", status));
	TW_TRY(tw_buf_json_string(&body, tw_slice_of(rule)));
	TW_TRY(tw_buf_text(&body, "}"));
	return tw_http_reply_write(&r, tw_buf_slice(&body), out);
}
