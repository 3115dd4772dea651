/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/page.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <inttypes.h>

#define CHECK_SIZE 8
#define PREFIX "thingward-cursor-1"

static tw_err check_of(const struct tw_page *p, const char *at, uint8_t ret[CHECK_SIZE])
{
	const struct tw_slice parts[] = { { PREFIX, sizeof PREFIX }, { (const char *)tw_audit_device(p->c->audit), 32 },
		{ p->row->name, strlen(p->row->name) + 1 }, tw_slice_of(at) };
	uint8_t digest[TW_SHA256_SIZE];
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), digest));
	memcpy(ret, digest, CHECK_SIZE);
	return TW_OK;
}

tw_err tw_page_refuse(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 400, "cursor", "page.cursor", "This is no place in this list", "Begin again without a cursor.",
		"A cursor is what `next` said in an answer of the same operation of the same device.");
}

static tw_err read_cursor(struct tw_page *p, const char *text, struct tw_reply *rp)
{
	uint8_t bytes[CHECK_SIZE + TW_PAGE_AT_MAX], check[CHECK_SIZE];
	size_t size = 0;
	tw_err e = tw_parse_base64url(tw_slice_of(text), sizeof bytes, bytes, &size);
	if (tw_failed(e) || size <= CHECK_SIZE)
		return tw_page_refuse(rp);
	memcpy(p->after, bytes + CHECK_SIZE, size - CHECK_SIZE);
	p->after[size - CHECK_SIZE] = '\0';
	TW_TRY(check_of(p, p->after, check));
	return memcmp(check, bytes, CHECK_SIZE) == 0 ? TW_OK : tw_page_refuse(rp);
}

tw_err tw_page_begin(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_page *ret)
{
	const struct tw_operation_row *row = rq->operation;
	int64_t limit = rq->input ? tw_json_int(rq->input, "limit") : 0;
	const char *cursor = rq->input ? tw_json_text(rq->input, "cursor") : "";

	*ret = (struct tw_page){ .c = c, .row = row, .limit = (size_t)(limit > 0 ? limit : row->page) };
	if (c->list_max && ret->limit > c->list_max) /* @nist LA.LDU.1: cut short; more than its row admits was refused before */
		ret->limit = c->list_max;
	if (*cursor)
		TW_TRY(read_cursor(ret, cursor, rp));
	if (rp->problem[0])
		return TW_OK;
	if (!rp->body)
		rp->body = json_object();
	ret->list = json_array();
	return tw_json_set(rp->body, row->list, ret->list);
}

bool tw_page_takes(struct tw_page *p)
{
	p->more = p->more || p->count == p->limit;
	return !p->more;
}

tw_err tw_page_add(struct tw_page *p, const char *at, json_t *entry)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = entry;
	struct tw_buf text;

	if (!owned)
		return TW_RAISE(NOMEM, "an entry of a list");
	tw_buf_init(&text, p->c->sys, SIZE_MAX / 2);
	tw_err e = tw_json_write(owned, &text);
	size_t size = text.size + 1;
	tw_buf_done(&text);
	TW_TRY(e);
	if (p->count > 0 && p->bytes + size > TW_PAGE_BYTES_MAX) {
		p->more = true;
		return TW_OK;
	}
	TW_TRY(tw_json_append(p->list, TW_STEAL(owned)));
	p->bytes += size;
	p->count++;
	snprintf(p->last, sizeof p->last, "%s", at);
	return TW_OK;
}

tw_err tw_page_end(struct tw_page *p, struct tw_reply *rp)
{
	uint8_t check[CHECK_SIZE];
	struct tw_buf bytes, text;

	if (!p->more)
		return TW_OK;
	TW_TRY(check_of(p, p->last, check));
	tw_buf_init(&bytes, p->c->sys, CHECK_SIZE + TW_PAGE_AT_MAX);
	tw_buf_init(&text, p->c->sys, 2 * (CHECK_SIZE + TW_PAGE_AT_MAX));
	tw_err e = tw_buf_add(&bytes, check, sizeof check);
	if (!tw_failed(e))
		e = tw_buf_text(&bytes, p->last);
	if (!tw_failed(e))
		e = tw_buf_base64url(&text, bytes.data, bytes.size);
	if (!tw_failed(e))
		e = tw_json_set(rp->body, "next", json_string(tw_buf_cstr(&text)));
	tw_buf_done(&bytes);
	tw_buf_done(&text);
	return e;
}

tw_err tw_page_after(const struct tw_page *p, struct tw_reply *rp, uint64_t *ret)
{
	*ret = 0;
	if (p->after[0] && tw_failed(tw_parse_u64(tw_slice_of(p->after), UINT64_MAX, ret)))
		return tw_page_refuse(rp);
	return TW_OK;
}

tw_err tw_page_add_at(struct tw_page *p, uint64_t at, json_t *entry)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, at);
	return tw_page_add(p, text, entry);
}
