/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/reply.h"

#include "base/text.h"
#include "service/path/path.h"

#define PROBLEM_URN "urn:thingward:problem:"

static void drop_text(struct tw_reply *rp)
{
	if (rp->text_type)
		tw_buf_done(&rp->text);
	rp->text_type = NULL;
}

tw_err tw_reply_problem(struct tw_reply *rp, int status, const char *kind, const char *rule, const char *title, const char *next,
	const char *format, ...)
{
	va_list arguments;
	rp->status = status;
	snprintf(rp->problem, sizeof rp->problem, "%s", kind);
	snprintf(rp->rule, sizeof rp->rule, "%s", rule ? rule : "");
	snprintf(rp->title, sizeof rp->title, "%s", title ? title : "");
	snprintf(rp->next, sizeof rp->next, "%s", next ? next : "");
	va_start(arguments, format);
	vsnprintf(rp->detail, sizeof rp->detail, format, arguments);
	va_end(arguments);
	rp->see[0] = '\0';
	tw_utf8_mend(rp->detail); /* it may have been cut */
	json_decref(rp->body);    /* a handler may find out late */
	rp->body = NULL;
	rp->etag[0] = rp->location[0] = rp->session[0] = rp->client[0] = '\0';
	rp->script = false;
	drop_text(rp);
	return TW_OK;
}

struct tw_buf *tw_reply_text(struct tw_reply *rp, const struct tw_sys *sys, const char *type)
{
	drop_text(rp);
	tw_buf_init(&rp->text, sys, TW_REPLY_MAX);
	rp->text_type = type;
	return &rp->text;
}

void tw_reply_done(struct tw_reply *rp)
{
	json_decref(rp->body);
	rp->body = NULL;
	drop_text(rp);
	tw_wipe(rp->session, sizeof rp->session);
	tw_wipe(rp->client, sizeof rp->client);
	rp->later = tw_later_drop(rp->later);
}

bool tw_reply_refused(const struct tw_reply *rp)
{
	return rp->problem[0] != '\0';
}

static tw_err member(struct tw_buf *b, const char *key, const char *value)
{
	if (!value[0])
		return TW_OK;
	TW_TRY(tw_buf_format(b, ",\"%s\":", key));
	return tw_buf_json_string(b, tw_slice_of(value));
}

tw_err tw_reply_write_problem(const struct tw_reply *rp, uint64_t reference, struct tw_buf *b)
{
	TW_TRY(tw_buf_format(b, "{\"type\":\"" PROBLEM_URN "%s\",\"status\":%d", rp->problem, rp->status));
	TW_TRY(member(b, "title", rp->title));
	TW_TRY(member(b, "detail", rp->detail));
	TW_TRY(member(b, "rule", rp->rule));
	TW_TRY(member(b, "next", rp->next));
	TW_TRY(member(b, "see", rp->see));
	if (reference)
		TW_TRY(tw_buf_format(b, ",\"reference\":%llu", (unsigned long long)reference));
	return tw_buf_text(b, "}");
}
