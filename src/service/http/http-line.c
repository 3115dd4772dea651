/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request line: form of the whole first, then what we support of it, then the target, whose path and query are judged as they
 * read once decoded, and handed on as they were sent.
 */
#include "service/http/http-inside.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

/* Decodes one target part for judging only: what is handed on stays as sent. */
static tw_err decode(const struct tw_http_reading *r, struct tw_slice s, bool is_path, char *ret, size_t *ret_size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.size; i++) {
		if (s.at[i] != '%') {
			ret[n++] = s.at[i];
			continue;
		}
		char c = '\0';
		if (s.size - i < 3 || tw_failed(tw_parse_hex((struct tw_slice){ s.at + i + 1, 2 }, &c, 1)))
			return tw_http_refuse(r, TW_RULE_TARGET_PERCENT, s.at + i);
		if (is_path && (c == '/' || c == '\\' || c == '%'))
			return tw_http_refuse(r, TW_RULE_PATH_ENCODED, s.at + i);
		ret[n++] = c;
		i += 2;
	}
	*ret_size = n;
	return TW_OK;
}

/* Segments of the decoded path: none empty but the last, none "." or "..". */
static tw_err check_segments(const struct tw_http_reading *r, struct tw_slice path)
{
	const char *end = path.at + path.size, *at = path.at + 1;

	for (;;) {
		const char *slash = memchr(at, '/', (size_t)(end - at));
		const char *stop = slash ? slash : end;
		size_t n = (size_t)(stop - at);
		if (n == 0 && slash)
			return tw_http_refuse(r, TW_RULE_PATH_EMPTY, r->head->target.at);
		if ((n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return tw_http_refuse(r, TW_RULE_PATH_DOTS, r->head->target.at);
		if (!slash)
			return TW_OK;
		at = slash + 1;
	}
}

static tw_err check_part(const struct tw_http_reading *r, struct tw_slice part, bool is_path)
{
	char decoded[TW_HTTP_TARGET_MAX];
	size_t size = 0;

	for (size_t i = 0; i < part.size; i++)
		if (!(tw_http_class[(uint8_t)part.at[i]] & TW_BYTE_PCHAR) && part.at[i] != '?') /* the first ends the path */
			return tw_http_refuse(r, TW_RULE_TARGET_CHARACTER, part.at + i);
	TW_TRY(decode(r, part, is_path, decoded, &size));
	struct tw_slice s = { decoded, size };
	if (!tw_text_printable(s))
		return tw_http_refuse(r, TW_RULE_TARGET_TEXT, part.at);
	return is_path ? check_segments(r, s) : TW_OK;
}

static tw_err read_target(const struct tw_http_reading *r)
{
	struct tw_http_head *h = r->head;

	if (h->target.size > TW_HTTP_TARGET_MAX)
		return tw_http_refuse(r, TW_RULE_TARGET_LONG, h->target.at);
	if (h->target.at[0] != '/')
		return tw_http_refuse(r, TW_RULE_TARGET_FORM, h->target.at);
	const char *mark = memchr(h->target.at, '?', h->target.size);
	h->path = h->target;
	h->query = (struct tw_slice){ h->target.at + h->target.size, 0 };
	if (mark) {
		h->path.size = (size_t)(mark - h->target.at);
		h->query = (struct tw_slice){ mark + 1, h->target.size - h->path.size - 1 };
	}
	TW_TRY(check_part(r, h->path, true));
	return check_part(r, h->query, false);
}

static bool is_version(struct tw_slice s)
{
	return s.size == 8 && memcmp(s.at, "HTTP/", 5) == 0 && tw_http_digit(s.at[5]) && s.at[6] == '.' && tw_http_digit(s.at[7]);
}

static bool is_method(struct tw_slice s)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE" };

	for (size_t i = 0; i < TW_COUNT(methods); i++)
		if (tw_slice_is(s, methods[i]))
			return true;
	return false;
}

/* Form of the whole line first, then what we support of it: a strange client learns the most general reason. */
tw_err tw_http_request_line(const struct tw_http_reading *r, struct tw_slice line)
{
	struct tw_http_head *h = r->head;
	const char *end = line.at + line.size;
	const char *first = line.size ? memchr(line.at, ' ', line.size) : NULL;
	const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first) - 1) : NULL;

	if (!second || first == line.at || second == first + 1)
		return tw_http_refuse(r, TW_RULE_REQUEST_LINE, line.at);
	h->method = (struct tw_slice){ line.at, (size_t)(first - line.at) };
	h->target = (struct tw_slice){ first + 1, (size_t)(second - first) - 1 };
	struct tw_slice version = { second + 1, (size_t)(end - second) - 1 };
	const char *bad = tw_http_outside(h->method, TW_BYTE_TOKEN);
	if (bad)
		return tw_http_refuse(r, TW_RULE_METHOD_TOKEN, bad);
	if (!is_version(version))
		return tw_http_refuse(r, TW_RULE_VERSION_FORM, version.at);
	if (!tw_slice_is(version, "HTTP/1.1"))
		return tw_http_refuse(r, TW_RULE_VERSION, version.at);
	if (!is_method(h->method))
		return tw_http_refuse(r, TW_RULE_METHOD, line.at);
	return read_target(r);
}
