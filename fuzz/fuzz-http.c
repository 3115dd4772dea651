/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request head parser and the chunked coding against slow readings of the same rules.
 *
 * The first byte chooses: odd is a chunked body, even a head. A head that is accepted must match one regular expression of the
 * grammar and have its framing fields once; a head of the simplest form must be accepted; and no prefix of the bytes may get another
 * verdict than the whole. A chunked body must come out the same whole and byte by byte.
 */
#include "base/mem.h"
#include "service/http/cookie.h"
#include "sys/real.h"

#include <regex.h>
#include <string.h>

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)
#define BODY_MAX 4096

#define TOKEN "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
#define PATH "[!$%&'()*+,./0-9:;=@A-Z_a-z~-]"
#define QUERY "[!$%&'()*+,./0-9:;=?@A-Z_a-z~-]"
static const char accepted[] = "^(\r\n)?(GET|HEAD|POST|PUT|DELETE) /" PATH "*([?]" QUERY "*)? HTTP/1[.]1\r\n"
			       "(" TOKEN ":[\t -~\x80-\xff]*\r\n)+\r\n";
static const char simple[] = "^(GET|HEAD|DELETE) (/[a-z]+)+ HTTP/1[.]1\r\nHost: [a-z]+\r\n(x-[a-z]+: [a-z]+\r\n){0,9}\r\n";

static bool matches(const char *pattern, const char *text)
{
	regex_t r;
	CHECK(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB) == 0);
	bool yes = regexec(&r, text, 0, NULL, 0) == 0;
	regfree(&r);
	return yes;
}

/* How often a line of text begins with name and a colon. */
static int lines_of(const char *text, const char *name)
{
	int n = 0;
	for (const char *at = text; (at = strstr(at, "\r\n")); at += 2)
		n += strncasecmp(at + 2, name, strlen(name)) == 0 && at[2 + strlen(name)] == ':';
	return n;
}

static void reference(const struct tw_http_head *h, const char *text)
{
	char target[TW_HTTP_TARGET_MAX + 1] = { 0 };
	CHECK(matches(accepted, text));
	CHECK(lines_of(text, "host") == 1);
	CHECK(lines_of(text, "content-length") + lines_of(text, "transfer-encoding") <= 1);
	CHECK(h->chunked == (lines_of(text, "transfer-encoding") == 1));
	CHECK(lines_of(text, "upgrade") == 0);
	CHECK(h->path.size + (h->query.size ? h->query.size + 1 : 0) <= h->target.size && h->target.size <= TW_HTTP_TARGET_MAX);
	memcpy(target, h->path.at, h->path.size);
	CHECK(!strstr(target, "//") && !strstr(target, "/../") && !strstr(target, "/./"));
	CHECK(!strcasestr(target, "%2f") && !strcasestr(target, "%5c") && !strstr(target, "%25") && !strstr(target, "%00"));
}

/* Who sends no Accept-Encoding takes everything; who sends one that names neither gzip nor "*" does not take gzip. */
static void takes_gzip(const struct tw_http_head *h, const char *text)
{
	bool takes = tw_http_takes_gzip(h);
	if (lines_of(text, "accept-encoding") == 0)
		CHECK(takes);
	else if (!strcasestr(text, "gzip") && !strchr(text, '*'))
		CHECK(!takes);
}

/* What is read of cookies is of one form, stood in a line of that name, and can be written back into no more than our own lines. */
static void cookies(const struct tw_http_head *h, const char *text)
{
	struct tw_cookies c;
	struct tw_buf b;

	tw_cookies_read(h, &c);
	CHECK(tw_cookies_valid(&c));
	CHECK(c.session.size == 0 || c.session.size == TW_COOKIE_TEXT);
	CHECK(c.client.size == 0 || c.client.size == TW_COOKIE_TEXT);
	CHECK((c.session.size == 0 && c.client.size == 0) || lines_of(text, "cookie") > 0);
	tw_buf_init(&b, tw_sys_real(), 1024);
	CHECK(!tw_failed(tw_cookies_write(&c, &b)));
	const char *written = tw_buf_cstr(&b);
	int ends = 0;
	for (size_t i = 0; i < b.size; i++)
		ends += written[i] == '\n';
	CHECK(ends == (c.session.size > 0) + (c.client.size > 0));
	tw_buf_done(&b);
}

static void head(const char *bytes, size_t size)
{
	struct tw_http_head h, again;
	struct tw_http_fault why = { 0 }, other = { 0 };
	tw_err e = tw_http_parse((struct tw_slice){ bytes, size }, &h, &why);
	for (size_t n = 0; n < size; n += 1 + size / 16) {
		tw_err cut = tw_http_parse((struct tw_slice){ bytes, n }, &again, &other);
		CHECK(tw_is(cut, TW_CODE_NOTFOUND) || cut.code == e.code);
		CHECK(tw_is(cut, TW_CODE_NOTFOUND) || !tw_failed(cut) || (other.status == why.status && other.offset == why.offset));
	}
	if (size > 20000)
		return; /* the regular expressions are slow */
	char *text = malloc(size + 1);
	CHECK(text);
	size_t used = tw_failed(e) ? size : h.size;
	memcpy(text, bytes, used);
	text[used] = '\0';
	if (!tw_failed(e)) {
		CHECK(h.size <= size && h.size <= TW_HTTP_HEAD_MAX && strlen(text) == h.size);
		reference(&h, text);
		takes_gzip(&h, text);
		cookies(&h, text);
	} else {
		CHECK(tw_is(e, TW_CODE_NOTFOUND) || (why.status >= 400 && why.rule && why.offset <= size));
		CHECK(size > 1000 || !matches(simple, text));
	}
	free(text);
}

static tw_err feed(
	const uint8_t *data, size_t size, size_t step, struct tw_buf *body, size_t *ret_used, struct tw_http_fault *why, bool *done)
{
	struct tw_http_chunks s = { 0 };
	size_t at = 0;
	tw_err e = TW_OK;
	while (at < size && !*done && !tw_failed(e)) {
		size_t n = step < size - at ? step : size - at;
		struct tw_cursor c = tw_cursor_of(data + at, n);
		e = tw_http_chunk(&s, &c, body, done, why);
		at += n - tw_cursor_left(&c);
	}
	*ret_used = at;
	return e;
}

static void chunks(const uint8_t *data, size_t size)
{
	struct tw_buf whole, pieces;
	struct tw_http_fault a = { 0 }, b = { 0 };
	bool done_a = false, done_b = false;
	size_t used_a, used_b;
	tw_buf_init(&whole, tw_sys_real(), BODY_MAX);
	tw_buf_init(&pieces, tw_sys_real(), BODY_MAX);
	tw_err ea = feed(data, size, size, &whole, &used_a, &a, &done_a);
	tw_err eb = feed(data, size, 1, &pieces, &used_b, &b, &done_b);
	CHECK(ea.code == eb.code && a.status == b.status && done_a == done_b && used_a == used_b);
	CHECK(whole.size == pieces.size && whole.size <= BODY_MAX);
	CHECK(whole.size == 0 || memcmp(whole.data, pieces.data, whole.size) == 0);
	tw_buf_done(&whole);
	tw_buf_done(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & 1)
		chunks(data + 1, size - 1);
	else
		head((const char *)data + 1, size - 1);
	return 0;
}
