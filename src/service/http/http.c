/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request head parser.
 *
 * It reads whole lines, from the first byte on, and looks at nothing beyond TW_HTTP_HEAD_MAX: so the answer to a byte stream
 * never depends on how the network cut it into pieces. What a line says is judged when the line is complete; what the fields
 * say together (one Host, one length) is judged at the blank line. Each fault is a row with its status and its reason, and
 * ends the connection, because bytes after something unclear cannot be framed.
 */
#include "service/http/http-inside.h"

#include "base/text.h"

#include "base/mem.h"

#include <string.h>

struct tw_slice tw_http_trim(struct tw_slice s)
{
	while (s.size > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	while (s.size > 0 && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
		s.size--;
	return s;
}

bool tw_http_next_element(struct tw_slice *rest, struct tw_slice *ret)
{
	if (!rest->at)
		return false;
	const char *comma = rest->size ? memchr(rest->at, ',', rest->size) : NULL;
	if (!comma) {
		*ret = tw_http_trim(*rest);
		*rest = (struct tw_slice){ NULL, 0 };
		return true;
	}
	size_t size = (size_t)(comma - rest->at);
	*ret = tw_http_trim((struct tw_slice){ rest->at, size });
	*rest = (struct tw_slice){ comma + 1, rest->size - size - 1 };
	return true;
}

static tw_err read_field(const struct tw_http_reading *r, struct tw_slice line)
{
	struct tw_http_head *h = r->head;

	if (line.at[0] == ' ' || line.at[0] == '\t')
		return tw_http_refuse(r, TW_RULE_FIELD_FOLD, line.at);
	const char *colon = memchr(line.at, ':', line.size);
	if (!colon)
		return tw_http_refuse(r, TW_RULE_FIELD_COLON, line.at);
	if (colon == line.at)
		return tw_http_refuse(r, TW_RULE_FIELD_NAME, line.at);
	if (colon[-1] == ' ' || colon[-1] == '\t')
		return tw_http_refuse(r, TW_RULE_FIELD_BLANK, colon - 1);
	struct tw_slice name = { line.at, (size_t)(colon - line.at) };
	const char *bad = tw_http_outside(name, TW_BYTE_TOKEN);
	if (bad)
		return tw_http_refuse(r, TW_RULE_FIELD_NAME, bad);
	struct tw_slice value = { colon + 1, line.size - name.size - 1 };
	bad = tw_http_outside(value, TW_BYTE_VALUE);
	if (bad)
		return tw_http_refuse(r, TW_RULE_FIELD_VALUE, bad);
	if (h->field_count == TW_HTTP_FIELDS_MAX)
		return tw_http_refuse(r, TW_RULE_FIELD_COUNT, line.at);
	h->fields[h->field_count++] = (struct tw_http_field){ name, tw_http_trim(value) };
	return TW_OK;
}

static bool host_valid(struct tw_slice v)
{
	const char *end = v.at + v.size, *at = v.at;

	if (v.size > 0 && *at == '[') {
		const char *close = memchr(at, ']', v.size);
		if (!close || close == at + 1)
			return false;
		for (at++; at < close; at++)
			if (tw_hex_value(*at) < 0 && *at != ':' && *at != '.')
				return false;
		at = close + 1;
	} else {
		while (at < end && (tw_http_class[(uint8_t)*at] & TW_BYTE_HOST))
			at++;
		if (at == v.at)
			return false;
	}
	if (at == end)
		return true;
	unsigned port = 0;
	if (*at++ != ':' || end - at > 5)
		return false;
	for (; at < end; at++) {
		if (!tw_http_digit(*at))
			return false;
		port = port * 10 + (unsigned)(*at - '0');
	}
	return port > 0 && port <= 65535;
}

static tw_err take_host(const struct tw_http_reading *r, const struct tw_http_field *f)
{
	return host_valid(f->value) ? TW_OK : tw_http_refuse(r, TW_RULE_HOST_VALUE, f->name.at);
}

static tw_err take_length(const struct tw_http_reading *r, const struct tw_http_field *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->value.size; i++)
		if (!tw_http_digit(f->value.at[i]))
			return tw_http_refuse(r, TW_RULE_LENGTH_VALUE, f->value.at + i);
	if (f->value.size == 0)
		return tw_http_refuse(r, TW_RULE_LENGTH_VALUE, f->name.at);
	for (size_t i = 0; i < f->value.size; i++)
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(f->value.at[i] - '0'), &n))
			return tw_http_refuse(r, TW_RULE_LENGTH_RANGE, f->value.at);
	r->head->content_length = n;
	return TW_OK;
}

static tw_err take_coding(const struct tw_http_reading *r, const struct tw_http_field *f)
{
	struct tw_slice rest = f->value, element, last = { "", 0 };
	size_t count = 0, chunked = 0, empty = 0;

	while (tw_http_next_element(&rest, &element)) {
		count++;
		chunked += tw_slice_is_nocase(element, "chunked");
		empty += element.size == 0;
		last = element;
	}
	if (!tw_slice_is_nocase(last, "chunked") || chunked > 1 || empty > 0)
		return tw_http_refuse(r, TW_RULE_CODING_LAST, f->name.at);
	if (count > 1)
		return tw_http_refuse(r, TW_RULE_CODING, f->name.at);
	r->head->chunked = true;
	return TW_OK;
}

static tw_err take_expect(const struct tw_http_reading *r, const struct tw_http_field *f)
{
	if (!tw_slice_is_nocase(f->value, "100-continue"))
		return tw_http_refuse(r, TW_RULE_EXPECT, f->name.at);
	r->head->expect_continue = true;
	return TW_OK;
}

static tw_err take_connection(const struct tw_http_reading *r, const struct tw_http_field *f)
{
	struct tw_slice rest = f->value, element;

	while (tw_http_next_element(&rest, &element)) { /* RFC 9110 5.6.1: an empty one says nothing */
		if (tw_http_outside(element, TW_BYTE_TOKEN))
			return tw_http_refuse(r, TW_RULE_CONNECTION, f->name.at);
		if (tw_slice_is_nocase(element, "close"))
			r->head->keep_alive = false;
	}
	return TW_OK;
}

static tw_err take_upgrade(const struct tw_http_reading *r, const struct tw_http_field *f)
{
	return tw_http_refuse(r, TW_RULE_UPGRADE, f->name.at);
}

/* The fields that decide about the message itself. once: the fault a second one is. */
static const struct {
	const char *name;
	bool once;
	enum tw_http_rule twice;
	tw_err (*take)(const struct tw_http_reading *r, const struct tw_http_field *f);
} framing[] = {
	{ "host", true, TW_RULE_HOST_TWICE, take_host }, { "content-length", true, TW_RULE_LENGTH_TWICE, take_length },
	{ "transfer-encoding", true, TW_RULE_CODING_TWICE, take_coding }, { "expect", false, TW_RULE_EXPECT, take_expect },
	{ "connection", false, TW_RULE_CONNECTION, take_connection }, { "upgrade", false, TW_RULE_UPGRADE, take_upgrade },
	{ .name = NULL }, /* all others: any number, and nothing to take */
};
enum { AT_HOST, AT_LENGTH, AT_CODING };

static size_t framing_of(struct tw_slice name)
{
	size_t k = 0;

	while (framing[k].name && !tw_slice_is_nocase(name, framing[k].name))
		k++;
	return k;
}

/* How often each stands there comes before what any of them says. */
static tw_err count_fields(const struct tw_http_reading *r)
{
	const struct tw_http_head *h = r->head;
	unsigned seen[TW_COUNT(framing)] = { 0 };

	for (size_t i = 0; i < h->field_count; i++) {
		size_t k = framing_of(h->fields[i].name);
		if (++seen[k] > 1 && framing[k].once)
			return tw_http_refuse(r, framing[k].twice, h->fields[i].name.at);
	}
	if (!seen[AT_HOST])
		return tw_http_refuse(r, TW_RULE_HOST_MISSING, r->bytes.at);
	if (seen[AT_LENGTH] && seen[AT_CODING])
		return tw_http_refuse(r, TW_RULE_CODING_AND_LENGTH, r->bytes.at);
	return TW_OK;
}

static tw_err judge_fields(const struct tw_http_reading *r)
{
	struct tw_http_head *h = r->head;

	TW_TRY(count_fields(r));
	h->keep_alive = true;
	for (size_t i = 0; i < h->field_count; i++) {
		size_t k = framing_of(h->fields[i].name);
		if (framing[k].take)
			TW_TRY(framing[k].take(r, &h->fields[i]));
	}
	bool takes_content = tw_slice_is(h->method, "POST") || tw_slice_is(h->method, "PUT");
	if (!takes_content && (h->chunked || h->content_length > 0))
		return tw_http_refuse(r, TW_RULE_CONTENT, r->bytes.at);
	return TW_OK;
}

/* Gives the line that starts at offset, without its CR LF, and moves offset past it. NOTFOUND: it has no end yet. */
static tw_err next_line(const struct tw_http_reading *r, size_t *offset, struct tw_slice *ret)
{
	const char *start = r->bytes.at + *offset;
	size_t left = r->bytes.size - *offset;
	const char *lf = left ? memchr(start, '\n', left) : NULL;

	if (!lf)
		return TW_RAISE(NOTFOUND, "the head is not complete");
	if (lf == start || lf[-1] != '\r')
		return tw_http_refuse(r, TW_RULE_BARE_LF, lf);
	*ret = (struct tw_slice){ start, (size_t)(lf - start) - 1 };
	const char *cr = ret->size ? memchr(start, '\r', ret->size) : NULL;
	if (cr)
		return tw_http_refuse(r, TW_RULE_BARE_CR, cr);
	*offset += ret->size + 2;
	return TW_OK;
}

static tw_err read_lines(const struct tw_http_reading *r, size_t *offset)
{
	struct tw_slice line = { 0 };

	TW_TRY(next_line(r, offset, &line));
	if (line.size == 0) /* RFC 9112 2.2: one empty line before the request is let pass */
		TW_TRY(next_line(r, offset, &line));
	TW_TRY(tw_http_request_line(r, line));
	for (;;) {
		TW_TRY(next_line(r, offset, &line));
		if (line.size == 0)
			break;
		TW_TRY(read_field(r, line));
	}
	r->head->size = *offset;
	return judge_fields(r);
}

tw_err tw_http_parse(struct tw_slice bytes, struct tw_http_head *ret, struct tw_http_fault *reterr_fault)
{
	bool cut = bytes.size >= TW_HTTP_HEAD_MAX;
	struct tw_http_reading r = { { bytes.at, cut ? TW_HTTP_HEAD_MAX : bytes.size }, ret, reterr_fault };
	size_t offset = 0;

	*ret = (struct tw_http_head){ .field_count = 0 };
	tw_err e = read_lines(&r, &offset);
	if (!tw_is(e, TW_CODE_NOTFOUND) || !cut)
		return e;
	return tw_http_fault_at(reterr_fault, offset <= 2 ? TW_RULE_TARGET_LONG : TW_RULE_HEAD_LONG, TW_HTTP_HEAD_MAX);
}

const struct tw_http_field *tw_http_find(const struct tw_http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (tw_slice_is_nocase(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}
