/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request head parser.
 *
 * It reads whole lines, from the first byte on, and looks at nothing beyond TW_HTTP_HEAD_MAX: so the answer to a byte stream
 * never depends on how the network cut it into pieces. What a line says is judged when the line is complete; what the fields
 * say together (one Host, one length) is judged at the blank line. Each fault is a row with its status and its reason, and
 * ends the connection, because bytes after something unclear cannot be framed.
 *
 * Where we are stricter than a MUST or SHOULD of the RFCs, the row says "we": absolute-form, HTTP/1.0, chunk extensions.
 */
#include "service/http.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

struct fault_row {
	int status;
	enum tw_code code;
	const char *rule;
};

#define FAULT_LIST(X)                                                                                          \
	X(BARE_LF, 400, SYNTAX, "RFC 9112 2.2: a line ends with CR LF")                                        \
	X(BARE_CR, 400, SYNTAX, "RFC 9112 2.2: CR without LF")                                                 \
	X(REQUEST_LINE, 400, SYNTAX, "RFC 9112 3: method SP target SP version, single blanks")                 \
	X(METHOD_TOKEN, 400, SYNTAX, "RFC 9110 9.1: a method is a token")                                      \
	X(METHOD, 501, UNSUPPORTED, "RFC 9110 15.6.2: a method nothing here implements")                       \
	X(VERSION_FORM, 400, SYNTAX, "RFC 9112 2.3: HTTP/DIGIT.DIGIT")                                         \
	X(VERSION, 505, UNSUPPORTED, "RFC 9110 15.6.6: we speak HTTP/1.1 only")                                \
	X(TARGET_FORM, 400, SYNTAX, "RFC 9112 3.2.1: we take origin-form only")                                \
	X(TARGET_LONG, 414, LIMIT, "RFC 9110 15.5.15: target over 1024 bytes")                                 \
	X(TARGET_CHARACTER, 400, SYNTAX, "RFC 3986 3.3: a byte that no path or query holds")                   \
	X(TARGET_PERCENT, 400, SYNTAX, "RFC 3986 2.1: % and two hexadecimal digits")                           \
	X(TARGET_TEXT, 400, SYNTAX, "RFC 3629 3: decoded, a target is UTF-8 without control characters")       \
	X(PATH_EMPTY, 400, SYNTAX, "RFC 3986 3.3: we take no empty segment")                                   \
	X(PATH_DOTS, 400, SYNTAX, "RFC 3986 6.2.2.3: a client removes dot segments before it asks")            \
	X(PATH_ENCODED, 400, SYNTAX, "RFC 3986 2.2: we take no encoded slash, backslash or percent in a path") \
	X(FIELD_FOLD, 400, SYNTAX, "RFC 9112 5.2: no folding")                                                 \
	X(FIELD_COLON, 400, SYNTAX, "RFC 9112 5: a field line has a colon")                                    \
	X(FIELD_BLANK, 400, SYNTAX, "RFC 9112 5.1: blank before the colon")                                    \
	X(FIELD_NAME, 400, SYNTAX, "RFC 9110 5.1: a field name is a token")                                    \
	X(FIELD_VALUE, 400, SYNTAX, "RFC 9110 5.5: control character in a field value")                        \
	X(FIELD_COUNT, 431, LIMIT, "RFC 6585 5: over 64 fields")                                               \
	X(HEAD_LONG, 431, LIMIT, "RFC 6585 5: head over 8192 bytes")                                           \
	X(HOST_MISSING, 400, SYNTAX, "RFC 9112 3.2: Host is missing")                                          \
	X(HOST_TWICE, 400, SYNTAX, "RFC 9112 3.2: more than one Host")                                         \
	X(HOST_VALUE, 400, SYNTAX, "RFC 9110 7.2: Host is a name or address, and a port")                      \
	X(LENGTH_TWICE, 400, SYNTAX, "RFC 9112 6.3: more than one Content-Length")                             \
	X(LENGTH_VALUE, 400, SYNTAX, "RFC 9110 8.6: Content-Length is digits")                                 \
	X(LENGTH_RANGE, 413, LIMIT, "RFC 9110 15.5.14: longer than anything we take")                          \
	X(CODING_TWICE, 400, SYNTAX, "RFC 9112 6.1: we take one Transfer-Encoding")                            \
	X(CODING_AND_LENGTH, 400, SYNTAX, "RFC 9112 6.1: Transfer-Encoding beside Content-Length")             \
	X(CODING_LAST, 400, SYNTAX, "RFC 9112 6.3: chunked is not the last coding, or not the only chunked")   \
	X(CODING, 501, UNSUPPORTED, "RFC 9112 6.1: a transfer coding other than chunked")                      \
	X(CONTENT, 400, SYNTAX, "RFC 9110 9.3.1: we take no content with GET, HEAD, DELETE")                   \
	X(EXPECT, 417, UNSUPPORTED, "RFC 9110 10.1.1: only 100-continue can be expected")                      \
	X(CONNECTION, 400, SYNTAX, "RFC 9110 7.6.1: Connection is a list of tokens")                           \
	X(UPGRADE, 400, UNSUPPORTED, "RFC 9110 7.8: we offer nothing to upgrade to")                           \
	X(CHUNK_SIZE, 400, SYNTAX, "RFC 9112 7.1: chunk-size is hexadecimal digits, then CR LF")               \
	X(CHUNK_EXTENSION, 400, SYNTAX, "RFC 9112 7.1.1: our limit for chunk extensions is none")              \
	X(CHUNK_RANGE, 413, LIMIT, "RFC 9110 15.5.14: body over its limit")                                    \
	X(CHUNK_END, 400, SYNTAX, "RFC 9112 7.1: chunk-data ends with CR LF")                                  \
	X(CHUNK_TRAILER, 400, SYNTAX, "RFC 9112 7.1.2: we take no trailer fields")

enum fault {
#define FAULT_ENUM(name, status, code, rule) FAULT_##name,
	FAULT_LIST(FAULT_ENUM)
#undef FAULT_ENUM
};
static const struct fault_row faults[] = {
#define FAULT_ROW(name, status, code, rule) { status, TW_CODE_##code, rule },
	FAULT_LIST(FAULT_ROW)
#undef FAULT_ROW
};

/* What each byte may be part of. */
enum { TOKEN = 1, PCHAR = 2, VALUE = 4, HOST = 8 };
static const uint8_t class_of[256] = {
	['\t'] = VALUE,
	[' '] = VALUE,
	['!'] = TOKEN | PCHAR | VALUE,
	['"'] = VALUE,
	['#'] = TOKEN | VALUE,
	['$'] = TOKEN | PCHAR | VALUE,
	['%'] = TOKEN | PCHAR | VALUE,
	['&'] = TOKEN | PCHAR | VALUE,
	['\''] = TOKEN | PCHAR | VALUE,
	['('] = PCHAR | VALUE,
	[')'] = PCHAR | VALUE,
	['*'] = TOKEN | PCHAR | VALUE,
	['+'] = TOKEN | PCHAR | VALUE,
	[','] = PCHAR | VALUE,
	['-'] = TOKEN | PCHAR | VALUE | HOST,
	['.'] = TOKEN | PCHAR | VALUE | HOST,
	['/'] = PCHAR | VALUE,
	['0' ... '9'] = TOKEN | PCHAR | VALUE | HOST,
	[':'] = PCHAR | VALUE,
	[';'] = PCHAR | VALUE,
	['<'] = VALUE,
	['='] = PCHAR | VALUE,
	['>'] = VALUE,
	['?'] = VALUE,
	['@'] = PCHAR | VALUE,
	['A' ... 'Z'] = TOKEN | PCHAR | VALUE | HOST,
	['['] = VALUE,
	['\\'] = VALUE,
	[']'] = VALUE,
	['^'] = TOKEN | VALUE,
	['_'] = TOKEN | PCHAR | VALUE | HOST,
	['`'] = TOKEN | VALUE,
	['a' ... 'z'] = TOKEN | PCHAR | VALUE | HOST,
	['{'] = VALUE,
	['|'] = TOKEN | VALUE,
	['}'] = VALUE,
	['~'] = TOKEN | PCHAR | VALUE,
	[0x80 ... 0xff] = VALUE,
};

/* The head being read, and where its fault would be written. */
struct reading {
	struct tw_slice bytes;
	struct tw_http_head *head;
	struct tw_http_fault *fault;
};

static tw_err fault_at(struct tw_http_fault *ret, enum fault f, size_t offset)
{
	const struct fault_row *row = &faults[f];

	*ret = (struct tw_http_fault){ .status = row->status, .rule = row->rule, .offset = offset };
	return tw_raise(row->code, __func__, __LINE__, "byte %zu: %s", offset, row->rule);
}

static tw_err refuse(const struct reading *r, enum fault f, const char *at)
{
	return fault_at(r->fault, f, (size_t)(at - r->bytes.at));
}

/* The first byte of s outside the class, NULL when there is none. */
static const char *outside(struct tw_slice s, uint8_t class)
{
	for (size_t i = 0; i < s.size; i++)
		if (!(class_of[(uint8_t)s.at[i]] & class))
			return s.at + i;
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static struct tw_slice trim(struct tw_slice s)
{
	while (s.size > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	while (s.size > 0 && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
		s.size--;
	return s;
}

/* Takes the next element of a comma list, trimmed, off the front of rest; false when nothing is left. */
static bool next_element(struct tw_slice *rest, struct tw_slice *ret)
{
	if (!rest->at)
		return false;
	const char *comma = rest->size ? memchr(rest->at, ',', rest->size) : NULL;
	if (!comma) {
		*ret = trim(*rest);
		*rest = (struct tw_slice){ NULL, 0 };
		return true;
	}
	size_t size = (size_t)(comma - rest->at);
	*ret = trim((struct tw_slice){ rest->at, size });
	*rest = (struct tw_slice){ comma + 1, rest->size - size - 1 };
	return true;
}

/* Decodes one target part for judging only: what is handed on stays as sent. */
static tw_err decode(const struct reading *r, struct tw_slice s, bool is_path, char *ret, size_t *ret_size)
{
	size_t n = 0;

	for (size_t i = 0; i < s.size; i++) {
		if (s.at[i] != '%') {
			ret[n++] = s.at[i];
			continue;
		}
		int high = i + 2 < s.size ? hex_value(s.at[i + 1]) : -1;
		int low = i + 2 < s.size ? hex_value(s.at[i + 2]) : -1;
		if (high < 0 || low < 0)
			return refuse(r, FAULT_TARGET_PERCENT, s.at + i);
		char c = (char)(high * 16 + low);
		if (is_path && (c == '/' || c == '\\' || c == '%'))
			return refuse(r, FAULT_PATH_ENCODED, s.at + i);
		ret[n++] = c;
		i += 2;
	}
	*ret_size = n;
	return TW_OK;
}

/* Segments of the decoded path: none empty but the last, none "." or "..". */
static tw_err check_segments(const struct reading *r, struct tw_slice path)
{
	const char *end = path.at + path.size, *at = path.at + 1;

	for (;;) {
		const char *slash = at < end ? memchr(at, '/', (size_t)(end - at)) : NULL;
		const char *stop = slash ? slash : end;
		size_t n = (size_t)(stop - at);
		if (n == 0 && slash)
			return refuse(r, FAULT_PATH_EMPTY, r->head->target.at);
		if ((n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			return refuse(r, FAULT_PATH_DOTS, r->head->target.at);
		if (!slash)
			return TW_OK;
		at = slash + 1;
	}
}

static tw_err check_part(const struct reading *r, struct tw_slice part, bool is_path)
{
	char decoded[TW_HTTP_TARGET_MAX];
	size_t size = 0;

	for (size_t i = 0; i < part.size; i++)
		if (!(class_of[(uint8_t)part.at[i]] & PCHAR) && !(part.at[i] == '?' && !is_path))
			return refuse(r, FAULT_TARGET_CHARACTER, part.at + i);
	TW_TRY(decode(r, part, is_path, decoded, &size));
	struct tw_slice s = { decoded, size };
	if (!tw_text_printable(s))
		return refuse(r, FAULT_TARGET_TEXT, part.at);
	return is_path ? check_segments(r, s) : TW_OK;
}

static tw_err read_target(const struct reading *r)
{
	struct tw_http_head *h = r->head;

	if (h->target.size > TW_HTTP_TARGET_MAX)
		return refuse(r, FAULT_TARGET_LONG, h->target.at);
	if (h->target.at[0] != '/')
		return refuse(r, FAULT_TARGET_FORM, h->target.at);
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
	return s.size == 8 && memcmp(s.at, "HTTP/", 5) == 0 && is_digit(s.at[5]) && s.at[6] == '.' && is_digit(s.at[7]);
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
static tw_err read_request_line(const struct reading *r, struct tw_slice line)
{
	struct tw_http_head *h = r->head;
	const char *end = line.at + line.size;
	const char *first = line.size ? memchr(line.at, ' ', line.size) : NULL;
	const char *second = first ? memchr(first + 1, ' ', (size_t)(end - first) - 1) : NULL;

	if (!second || first == line.at || second == first + 1)
		return refuse(r, FAULT_REQUEST_LINE, line.at);
	h->method = (struct tw_slice){ line.at, (size_t)(first - line.at) };
	h->target = (struct tw_slice){ first + 1, (size_t)(second - first) - 1 };
	struct tw_slice version = { second + 1, (size_t)(end - second) - 1 };
	const char *bad = outside(h->method, TOKEN);
	if (bad)
		return refuse(r, FAULT_METHOD_TOKEN, bad);
	if (!is_version(version))
		return refuse(r, FAULT_VERSION_FORM, version.at);
	if (!tw_slice_is(version, "HTTP/1.1"))
		return refuse(r, FAULT_VERSION, version.at);
	if (!is_method(h->method))
		return refuse(r, FAULT_METHOD, line.at);
	return read_target(r);
}

static tw_err read_field(const struct reading *r, struct tw_slice line)
{
	struct tw_http_head *h = r->head;

	if (line.at[0] == ' ' || line.at[0] == '\t')
		return refuse(r, FAULT_FIELD_FOLD, line.at);
	const char *colon = memchr(line.at, ':', line.size);
	if (!colon)
		return refuse(r, FAULT_FIELD_COLON, line.at);
	struct tw_slice name = { line.at, (size_t)(colon - line.at) };
	if (name.size > 0 && (colon[-1] == ' ' || colon[-1] == '\t'))
		return refuse(r, FAULT_FIELD_BLANK, colon - 1);
	const char *bad = outside(name, TOKEN);
	if (bad || name.size == 0)
		return refuse(r, FAULT_FIELD_NAME, bad ? bad : line.at);
	struct tw_slice value = { colon + 1, line.size - name.size - 1 };
	bad = outside(value, VALUE);
	if (bad)
		return refuse(r, FAULT_FIELD_VALUE, bad);
	if (h->field_count == TW_HTTP_FIELDS_MAX)
		return refuse(r, FAULT_FIELD_COUNT, line.at);
	h->fields[h->field_count++] = (struct tw_http_field){ name, trim(value) };
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
			if (hex_value(*at) < 0 && *at != ':' && *at != '.')
				return false;
		at = close + 1;
	} else {
		while (at < end && (class_of[(uint8_t)*at] & HOST))
			at++;
		if (at == v.at)
			return false;
	}
	if (at == end)
		return true;
	unsigned port = 0;
	if (*at++ != ':' || at == end || end - at > 5)
		return false;
	for (; at < end; at++) {
		if (!is_digit(*at))
			return false;
		port = port * 10 + (unsigned)(*at - '0');
	}
	return port > 0 && port <= 65535;
}

static tw_err take_host(const struct reading *r, const struct tw_http_field *f)
{
	return host_valid(f->value) ? TW_OK : refuse(r, FAULT_HOST_VALUE, f->name.at);
}

static tw_err take_length(const struct reading *r, const struct tw_http_field *f)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f->value.size; i++)
		if (!is_digit(f->value.at[i]))
			return refuse(r, FAULT_LENGTH_VALUE, f->value.at + i);
	if (f->value.size == 0)
		return refuse(r, FAULT_LENGTH_VALUE, f->name.at);
	for (size_t i = 0; i < f->value.size; i++)
		if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(f->value.at[i] - '0'), &n))
			return refuse(r, FAULT_LENGTH_RANGE, f->value.at);
	r->head->content_length = n;
	return TW_OK;
}

static tw_err take_coding(const struct reading *r, const struct tw_http_field *f)
{
	struct tw_slice rest = f->value, element, last = { "", 0 };
	size_t count = 0, chunked = 0, empty = 0;

	while (next_element(&rest, &element)) {
		count++;
		chunked += tw_slice_is_nocase(element, "chunked");
		empty += element.size == 0;
		last = element;
	}
	if (!tw_slice_is_nocase(last, "chunked") || chunked > 1 || empty > 0)
		return refuse(r, FAULT_CODING_LAST, f->name.at);
	if (count > 1)
		return refuse(r, FAULT_CODING, f->name.at);
	r->head->chunked = true;
	return TW_OK;
}

static tw_err take_expect(const struct reading *r, const struct tw_http_field *f)
{
	if (!tw_slice_is_nocase(f->value, "100-continue"))
		return refuse(r, FAULT_EXPECT, f->name.at);
	r->head->expect_continue = true;
	return TW_OK;
}

static tw_err take_connection(const struct reading *r, const struct tw_http_field *f)
{
	struct tw_slice rest = f->value, element;

	while (next_element(&rest, &element)) {
		if (element.size == 0 || outside(element, TOKEN))
			return refuse(r, FAULT_CONNECTION, f->name.at);
		if (tw_slice_is_nocase(element, "close"))
			r->head->keep_alive = false;
	}
	return TW_OK;
}

static tw_err take_upgrade(const struct reading *r, const struct tw_http_field *f)
{
	return refuse(r, FAULT_UPGRADE, f->name.at);
}

/* The fields that decide about the message itself. once: the fault a second one is. */
static const struct {
	const char *name;
	bool once;
	enum fault twice;
	tw_err (*take)(const struct reading *r, const struct tw_http_field *f);
} framing[] = {
	{ "host", true, FAULT_HOST_TWICE, take_host },
	{ "content-length", true, FAULT_LENGTH_TWICE, take_length },
	{ "transfer-encoding", true, FAULT_CODING_TWICE, take_coding },
	{ "expect", false, FAULT_EXPECT, take_expect },
	{ "connection", false, FAULT_CONNECTION, take_connection },
	{ "upgrade", false, FAULT_UPGRADE, take_upgrade },
};
enum { AT_HOST, AT_LENGTH, AT_CODING, NOT_FRAMING = TW_COUNT(framing) };

static size_t framing_of(struct tw_slice name)
{
	for (size_t k = 0; k < TW_COUNT(framing); k++)
		if (tw_slice_is_nocase(name, framing[k].name))
			return k;
	return NOT_FRAMING;
}

/* How often each stands there comes before what any of them says. */
static tw_err count_fields(const struct reading *r)
{
	const struct tw_http_head *h = r->head;
	unsigned seen[TW_COUNT(framing) + 1] = { 0 };

	for (size_t i = 0; i < h->field_count; i++) {
		size_t k = framing_of(h->fields[i].name);
		if (++seen[k] > 1 && k < NOT_FRAMING && framing[k].once)
			return refuse(r, framing[k].twice, h->fields[i].name.at);
	}
	if (!seen[AT_HOST])
		return refuse(r, FAULT_HOST_MISSING, r->bytes.at);
	if (seen[AT_LENGTH] && seen[AT_CODING])
		return refuse(r, FAULT_CODING_AND_LENGTH, r->bytes.at);
	return TW_OK;
}

static tw_err judge_fields(const struct reading *r)
{
	struct tw_http_head *h = r->head;

	TW_TRY(count_fields(r));
	h->keep_alive = true;
	for (size_t i = 0; i < h->field_count; i++) {
		size_t k = framing_of(h->fields[i].name);
		if (k < NOT_FRAMING)
			TW_TRY(framing[k].take(r, &h->fields[i]));
	}
	bool takes_content = tw_slice_is(h->method, "POST") || tw_slice_is(h->method, "PUT");
	if (!takes_content && (h->chunked || h->content_length > 0))
		return refuse(r, FAULT_CONTENT, r->bytes.at);
	return TW_OK;
}

/* Gives the line that starts at offset, without its CR LF, and moves offset past it. NOTFOUND: it has no end yet. */
static tw_err next_line(const struct reading *r, size_t *offset, struct tw_slice *ret)
{
	const char *start = r->bytes.at + *offset;
	size_t left = r->bytes.size - *offset;
	const char *lf = left ? memchr(start, '\n', left) : NULL;

	if (!lf)
		return TW_RAISE(NOTFOUND, "the head is not complete");
	if (lf == start || lf[-1] != '\r')
		return refuse(r, FAULT_BARE_LF, lf);
	*ret = (struct tw_slice){ start, (size_t)(lf - start) - 1 };
	const char *cr = ret->size ? memchr(start, '\r', ret->size) : NULL;
	if (cr)
		return refuse(r, FAULT_BARE_CR, cr);
	*offset += ret->size + 2;
	return TW_OK;
}

static tw_err read_lines(const struct reading *r, size_t *offset)
{
	struct tw_slice line = { 0 };

	TW_TRY(next_line(r, offset, &line));
	if (line.size == 0) /* RFC 9112 2.2: one empty line before the request is let pass */
		TW_TRY(next_line(r, offset, &line));
	TW_TRY(read_request_line(r, line));
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
	struct reading r = { { bytes.at, cut ? TW_HTTP_HEAD_MAX : bytes.size }, ret, reterr_fault };
	size_t offset = 0;

	*ret = (struct tw_http_head){ .field_count = 0 };
	tw_err e = read_lines(&r, &offset);
	if (!tw_is(e, TW_CODE_NOTFOUND) || !cut)
		return e;
	return fault_at(reterr_fault, offset <= 2 ? FAULT_TARGET_LONG : FAULT_HEAD_LONG, TW_HTTP_HEAD_MAX);
}

const struct tw_http_field *tw_http_find(const struct tw_http_head *h, const char *name)
{
	for (size_t i = 0; i < h->field_count; i++)
		if (tw_slice_is_nocase(h->fields[i].name, name))
			return &h->fields[i];
	return NULL;
}

/* Chunked coding. left holds the size being read, then the data still to come; the digits are counted in the high half of state. */
enum { CHUNK_SIZE, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_DATA_CR, CHUNK_DATA_LF, CHUNK_LAST_CR, CHUNK_LAST_LF, CHUNK_DONE };
#define CHUNK_STATE 0xffu
#define CHUNK_DIGIT 0x100u
#define CHUNK_DIGITS_MAX 16 /* more are zeros without meaning, or an overflow */

static tw_err chunk_size_byte(struct tw_http_chunks *s, char c, enum fault *ret_fault)
{
	int v = hex_value(c);

	if (v >= 0 && s->state / CHUNK_DIGIT < CHUNK_DIGITS_MAX) {
		s->left = s->left * 16 + (unsigned)v;
		s->state += CHUNK_DIGIT;
		return TW_OK;
	}
	*ret_fault = FAULT_CHUNK_SIZE;
	if (s->state < CHUNK_DIGIT || v >= 0)
		return TW_RAISE(SYNTAX, "chunk-size");
	if (c == ';')
		*ret_fault = FAULT_CHUNK_EXTENSION;
	if (c != '\r')
		return TW_RAISE(SYNTAX, "chunk-size");
	s->state = CHUNK_SIZE_LF;
	return TW_OK;
}

/* One byte outside of chunk-data. A wrong byte names its fault. */
static tw_err chunk_byte(struct tw_http_chunks *s, char c, enum fault *ret_fault)
{
	static const struct {
		char want;
		unsigned next;
		enum fault fault;
	} steps[] = {
		[CHUNK_SIZE_LF] = { '\n', CHUNK_DATA, FAULT_CHUNK_SIZE },
		[CHUNK_DATA_CR] = { '\r', CHUNK_DATA_LF, FAULT_CHUNK_END },
		[CHUNK_DATA_LF] = { '\n', CHUNK_SIZE, FAULT_CHUNK_END },
		[CHUNK_LAST_CR] = { '\r', CHUNK_LAST_LF, FAULT_CHUNK_TRAILER },
		[CHUNK_LAST_LF] = { '\n', CHUNK_DONE, FAULT_CHUNK_TRAILER },
	};
	unsigned state = s->state & CHUNK_STATE;

	if (state == CHUNK_SIZE)
		return chunk_size_byte(s, c, ret_fault);
	*ret_fault = steps[state].fault;
	if (c != steps[state].want)
		return TW_RAISE(SYNTAX, "chunk");
	s->state = state == CHUNK_SIZE_LF && s->left == 0 ? CHUNK_LAST_CR : steps[state].next;
	return TW_OK;
}

static tw_err chunk_data(struct tw_http_chunks *s, struct tw_cursor *c, struct tw_buf *body)
{
	size_t here = tw_cursor_left(c);
	struct tw_slice data;

	if (here > s->left)
		here = (size_t)s->left;
	TW_TRY(tw_cursor_slice(c, here, &data));
	TW_TRY(tw_buf_add(body, data.at, data.size));
	s->left -= here;
	if (s->left == 0)
		s->state = CHUNK_DATA_CR;
	return TW_OK;
}

tw_err tw_http_chunk(struct tw_http_chunks *s, struct tw_cursor *c, struct tw_buf *body, bool *ret_done, struct tw_http_fault *reterr_fault)
{
	uint8_t byte;

	while (s->state != CHUNK_DONE && tw_cursor_left(c) > 0) {
		if (s->state == CHUNK_DATA) {
			TW_TRY(chunk_data(s, c, body));
			continue;
		}
		enum fault f = FAULT_CHUNK_SIZE;
		TW_TRY(tw_cursor_u8(c, &byte));
		if (tw_failed(chunk_byte(s, (char)byte, &f)))
			return fault_at(reterr_fault, f, tw_cursor_offset(c) - 1);
		if (s->state == CHUNK_DATA && s->left > body->max - body->size)
			return fault_at(reterr_fault, FAULT_CHUNK_RANGE, tw_cursor_offset(c) - 1);
	}
	*ret_done = s->state == CHUNK_DONE;
	return TW_OK;
}

const char *tw_http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} rows[] = {
		{ 100, "Continue" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 505, "HTTP Version Not Supported" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (rows[i].status == status)
			return rows[i].reason;
	return "Unknown";
}
