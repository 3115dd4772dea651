/* SPDX-License-Identifier: Apache-2.0 */
/* The head parser by rows, by every split of the input, and the chunked coding. test/http holds the wide set of vectors. */
#include "service/http/http.h"
#include "sys/fake.h"

#include "check.h"
#include "lay.h"

struct row {
	const char *name, *bytes;
	int status; /* 0: accepted */
};
#define HOST "Host: 192.0.2.1\r\n"
#define END "\r\n"
static const struct row rows[] = {
	{ "plain", "GET / HTTP/1.1\r\n" HOST END, 0 },
	{ "query", "GET /a/b-c_d~e?x=%20y&z=1/2? HTTP/1.1\r\n" HOST END, 0 },
	{ "one empty line before", "\r\nGET / HTTP/1.1\r\n" HOST END, 0 },
	{ "two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST END, 400 },
	{ "IPv6 host", "GET / HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\n" END, 0 },
	{ "no host", "GET / HTTP/1.1\r\n" END, 400 },
	{ "two hosts", "GET / HTTP/1.1\r\n" HOST HOST END, 400 },
	{ "host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n" END, 400 },
	{ "host port 0", "GET / HTTP/1.1\r\nHost: a:0\r\n" END, 400 },
	{ "host port 65536", "GET / HTTP/1.1\r\nHost: a:65536\r\n" END, 400 },
	{ "host without name", "GET / HTTP/1.1\r\nHost: :80\r\n" END, 400 },
	{ "bare LF", "GET / HTTP/1.1\n" HOST END, 400 },
	{ "bare CR", "GET / HTTP/1.1\r\nA: b\rc\r\n" HOST END, 400 },
	{ "two blanks", "GET  / HTTP/1.1\r\n" HOST END, 400 },
	{ "no version", "GET /\r\n" HOST END, 400 },
	{ "lower case version", "GET / http/1.1\r\n" HOST END, 400 },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\n" HOST END, 505 },
	{ "HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505 },
	{ "method", "BREW / HTTP/1.1\r\n" HOST END, 501 },
	{ "lower case method", "get / HTTP/1.1\r\n" HOST END, 501 },
	{ "method no token", "G@T / HTTP/1.1\r\n" HOST END, 400 },
	{ "absolute form", "GET https://192.0.2.1/ HTTP/1.1\r\n" HOST END, 400 },
	{ "dots", "GET /a/../b HTTP/1.1\r\n" HOST END, 400 },
	{ "encoded dots", "GET /%2e%2E/b HTTP/1.1\r\n" HOST END, 400 },
	{ "dots at the end", "GET /a/.. HTTP/1.1\r\n" HOST END, 400 },
	{ "three dots", "GET /a/... HTTP/1.1\r\n" HOST END, 0 },
	{ "encoded slash", "GET /a%2fb HTTP/1.1\r\n" HOST END, 400 },
	{ "encoded percent", "GET /a%252fb HTTP/1.1\r\n" HOST END, 400 },
	{ "encoded NUL", "GET /a%00 HTTP/1.1\r\n" HOST END, 400 },
	{ "percent cut", "GET /a%2 HTTP/1.1\r\n" HOST END, 400 },
	{ "percent at the end", "GET /a% HTTP/1.1\r\n" HOST END, 400 },
	{ "percent wrong", "GET /a%zz HTTP/1.1\r\n" HOST END, 400 },
	{ "overlong", "GET /%c0%af HTTP/1.1\r\n" HOST END, 400 },
	{ "UTF-8", "GET /%c3%a9 HTTP/1.1\r\n" HOST END, 0 },
	{ "empty segment", "GET //a HTTP/1.1\r\n" HOST END, 400 },
	{ "fragment", "GET /a#b HTTP/1.1\r\n" HOST END, 400 },
	{ "fold", "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n" END, 400 },
	{ "no colon", "GET / HTTP/1.1\r\n" HOST "Abc\r\n" END, 400 },
	{ "blank before colon", "GET / HTTP/1.1\r\n" HOST "A : b\r\n" END, 400 },
	{ "empty name", "GET / HTTP/1.1\r\n" HOST ": b\r\n" END, 400 },
	{ "obs-text", "GET / HTTP/1.1\r\n" HOST "A: caf\xe9\r\n" END, 0 },
	{ "control", "GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n" END, 400 },
	{ "length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END, 0 },
	{ "length twice", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n" END, 400 },
	{ "length list", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n" END, 400 },
	{ "length +5", "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n" END, 400 },
	{ "length empty", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END, 400 },
	{ "length 2^64", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n" END, 413 },
	{ "length with GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n" END, 400 },
	{ "length 0 with GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END, 0 },
	{ "chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n" END, 0 },
	{ "chunked and length", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n" END, 400 },
	{ "chunked twice", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n" END, 400 },
	{ "chunked not last", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n" END, 400 },
	{ "gzip, chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n" END, 501 },
	{ "identity", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n" END, 400 },
	{ "expect", "POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n" END, 0 },
	{ "expect more", "POST / HTTP/1.1\r\n" HOST "Expect: magic\r\nContent-Length: 1\r\n" END, 417 },
	{ "upgrade", "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n" END, 400 },
	{ "dot", "GET /a/./b HTTP/1.1\r\n" HOST END, 400 },
	{ "dot at the end", "GET /. HTTP/1.1\r\n" HOST END, 400 },
	{ "one letter", "GET /a/x/b HTTP/1.1\r\n" HOST END, 0 },
	{ "dot and a letter", "GET /.x/x. HTTP/1.1\r\n" HOST END, 0 },
	{ "query may hold a question mark, a path may not", "GET /a?b?c HTTP/1.1\r\n" HOST END, 0 },
	{ "query with a quote", "GET /a?b\"c HTTP/1.1\r\n" HOST END, 400 },
	{ "query with a fragment", "GET /a?b#c HTTP/1.1\r\n" HOST END, 400 },
	{ "path with a caret", "GET /a^b HTTP/1.1\r\n" HOST END, 400 },
	{ "encoded blank and tilde", "GET /%20/%7e HTTP/1.1\r\n" HOST END, 0 },
	{ "one blank only", "GET /\r\n" HOST END, 400 },
	{ "connection with empty elements", "GET / HTTP/1.1\r\n" HOST "Connection: , close,\r\n" END, 0 },
	{ "connection of nothing", "GET / HTTP/1.1\r\n" HOST "Connection:\r\n" END, 0 },
	{ "connection twice", "GET / HTTP/1.1\r\n" HOST "Connection: a\r\nConnection: b\r\n" END, 0 },
	{ "expect twice", "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nExpect: 100-continue\r\n" END, 0 },
	{ "chunked and an empty element", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: ,chunked\r\n" END, 400 },
	{ "length of 20 nines", "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n" END, 413 },
	{ "length 2^64 - 1", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n" END, 0 },
	{ "length 1 with GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n" END, 400 },
	{ "version of letters", "GET / HTTP/1.x\r\n" HOST END, 400 },
	{ "version of letters before the point", "GET / HTTP/x.1\r\n" HOST END, 400 },
	{ "version without a point", "GET / HTTP/101\r\n" HOST END, 400 },
	{ "version too long", "GET / HTTP/1.10\r\n" HOST END, 400 },
	{ "method of two words", "GET POST / HTTP/1.1\r\n" HOST END, 400 },
	{ "blank line first", " / HTTP/1.1\r\n" HOST END, 400 },
	{ "tab before colon", "GET / HTTP/1.1\r\n" HOST "A\t: b\r\n" END, 400 },
	{ "empty value", "GET / HTTP/1.1\r\n" HOST "A:\r\nB: \t \r\n" END, 0 },
	{ "same name twice", "GET / HTTP/1.1\r\n" HOST "A: b\r\nA: b\r\n" END, 0 },
	{ "transfer coding twice", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END, 400 },
	{ "empty host", "GET / HTTP/1.1\r\nHost:\r\n" END, 400 },
	{ "IPv6 not closed", "GET / HTTP/1.1\r\nHost: [2001:db8::1\r\n" END, 400 },
	{ "IPv6 empty", "GET / HTTP/1.1\r\nHost: []\r\n" END, 400 },
	{ "IPv6 with a letter", "GET / HTTP/1.1\r\nHost: [2001:db8::g]\r\n" END, 400 },
	{ "IPv6 with an IPv4 in it", "GET / HTTP/1.1\r\nHost: [::ffff:192.0.2.1]:443\r\n" END, 0 },
	{ "IPv6 and more", "GET / HTTP/1.1\r\nHost: [2001:db8::1]8443\r\n" END, 400 },
	{ "host port of letters", "GET / HTTP/1.1\r\nHost: a:8x\r\n" END, 400 },
	{ "host port missing", "GET / HTTP/1.1\r\nHost: a:\r\n" END, 400 },
	{ "host port 1", "GET / HTTP/1.1\r\nHost: a:1\r\n" END, 0 },
	{ "host port 65535", "GET / HTTP/1.1\r\nHost: a:65535\r\n" END, 0 },
	{ "host port 65536 and a digit", "GET / HTTP/1.1\r\nHost: a:655350\r\n" END, 400 },
	{ "connection no token", "GET / HTTP/1.1\r\n" HOST "Connection: a b\r\n" END, 400 },
	{ "host port of six digits", "GET / HTTP/1.1\r\nHost: a:000080\r\n" END, 400 },
	{ "host port of 2^32 + 80", "GET / HTTP/1.1\r\nHost: a:4294967376\r\n" END, 400 },
	{ "chunked with GET", "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END, 400 },
	{ "encoded backslash", "GET /a%5cb HTTP/1.1\r\n" HOST END, 400 },
	{ "query with slash, backslash and percent encoded", "GET /a?b=%2f%5c%25 HTTP/1.1\r\n" HOST END, 0 },
};

static tw_err parse(const char *bytes, size_t size, struct tw_http_head *h, struct tw_http_fault *f)
{
	*f = (struct tw_http_fault){ 0 };
	return tw_http_parse((struct tw_slice){ bytes, size }, h, f);
}

static void test_rows(void **state)
{
	struct tw_http_head h;
	struct tw_http_fault f;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		tw_err e = parse(rows[i].bytes, strlen(rows[i].bytes), &h, &f);
		if (f.status != rows[i].status || tw_failed(e) != (rows[i].status != 0))
			fail_msg("%s: got %d (%s), want %d", rows[i].name, f.status, f.rule ? f.rule : "", rows[i].status);
	}
}

/* Of several things that could be said, the one that helps: which rule, and at which byte. */
static const struct {
	const char *bytes, *rule;
	size_t offset;
} reasons[] = {
	{ "GET / HTTP/1.1\n" HOST END, "RFC 9112 2.2: a line ends with CR LF", 14 },
	{ "\nGET / HTTP/1.1\r\n", "RFC 9112 2.2: a line ends with CR LF", 0 },
	{ "GET / HTTP/1.1\r\nA: b\rc\r\n", "RFC 9112 2.2: CR without LF", 20 },
	{ "GET /\r\n", "RFC 9112 3: method SP target SP version, single blanks", 0 },
	{ "GET\r\n", "RFC 9112 3: method SP target SP version, single blanks", 0 },
	{ "GET  / HTTP/1.1\r\n", "RFC 9112 3: method SP target SP version, single blanks", 0 },
	{ " / HTTP/1.1\r\n", "RFC 9112 3: method SP target SP version, single blanks", 0 },
	{ "GET a/b HTTP/1.1\r\n", "RFC 9112 3.2.1: we take origin-form only", 4 },
	{ "GET /%4 HTTP/1.1\r\n", "RFC 3986 2.1: % and two hexadecimal digits", 5 },
	{ "GET /%4g HTTP/1.1\r\n", "RFC 3986 2.1: % and two hexadecimal digits", 5 },
	{ "GET /%g4 HTTP/1.1\r\n", "RFC 3986 2.1: % and two hexadecimal digits", 5 },
	{ "GET / HTTP/1.1\r\n a: b\r\n", "RFC 9112 5.2: no folding", 16 },
	{ "GET / HTTP/1.1\r\n\ta: b\r\n", "RFC 9112 5.2: no folding", 16 },
	{ "GET / HTTP/1.1\r\nabc\r\n", "RFC 9112 5: a field line has a colon", 16 },
	{ "GET / HTTP/1.1\r\na : b\r\n", "RFC 9112 5.1: blank before the colon", 17 },
	{ "GET / HTTP/1.1\r\na\t: b\r\n", "RFC 9112 5.1: blank before the colon", 17 },
	{ "GET / HTTP/1.1\r\n: b\r\n", "RFC 9110 5.1: a field name is a token", 16 },
	{ "GET / HTTP/1.1\r\na(: b\r\n", "RFC 9110 5.1: a field name is a token", 17 },
};

static void test_reasons(void **state)
{
	struct tw_http_head h;
	struct tw_http_fault f;

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		CHECK(tw_failed(parse(reasons[i].bytes, strlen(reasons[i].bytes), &h, &f)));
		if (!f.rule || strcmp(f.rule, reasons[i].rule) != 0 || f.offset != reasons[i].offset)
			fail_msg("%s: got '%s' at %zu", reasons[i].bytes, f.rule ? f.rule : "", f.offset);
	}
}

static void test_values_are_trimmed(void **state)
{
	static const char *const fields[][2] = { { "", "" }, { " ", "" }, { "\t", "" }, { " \t \t", "" }, { "x", "x" },
		{ "x ", "x" }, { "x\t", "x" }, { " x", "x" }, { "\t x\t y \t", "x\t y" } };
	struct tw_http_head h;
	struct tw_http_fault f;
	char text[64];

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		(void)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "A:%s\r\n" END, fields[i][0]);
		CHECK_OK(parse(text, strlen(text), &h, &f));
		CHECK(tw_slice_is(tw_http_find(&h, "a")->value, fields[i][1]));
	}
}

/* Whatever the network cut off, the answer is "not complete" until it is the final one. */
static void test_prefixes(void **state)
{
	struct tw_http_head h;
	struct tw_http_fault f, last;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t size = strlen(rows[i].bytes);
		tw_err whole = parse(rows[i].bytes, size, &h, &last);
		for (size_t n = 0; n < size; n++) {
			tw_err e = parse(rows[i].bytes, n, &h, &f);
			if (!tw_is(e, TW_CODE_NOTFOUND) && (e.code != whole.code || f.status != last.status || f.offset != last.offset))
				fail_msg("%s: differs after %zu bytes", rows[i].name, n);
		}
	}
}

static void test_slices(void **state)
{
	struct tw_http_head h;
	struct tw_http_fault f;
	const char *bytes = "PUT /a%20b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length:\t7 \r\nConnection: keep-alive, Close\r\n\r\nnext";

	CHECK_OK(parse(bytes, strlen(bytes), &h, &f));
	CHECK(tw_slice_is(h.method, "PUT"));
	CHECK(tw_slice_is(h.path, "/a%20b"));
	CHECK(tw_slice_is(h.query, "c=d"));
	CHECK_INT(h.content_length, 7);
	CHECK_INT(h.size, strlen(bytes) - 4);
	CHECK(!h.keep_alive);
	CHECK(tw_slice_is(tw_http_find(&h, "CONTENT-length")->value, "7"));
	CHECK(!tw_http_find(&h, "Range"));
}

static void test_limits(void **state)
{
	static char big[3 * TW_HTTP_HEAD_MAX];
	struct tw_http_head h;
	struct tw_http_fault f;

	memset(big, 'a', sizeof big);
	CHECK_ERR(parse(big, sizeof big, &h, &f), LIMIT);
	CHECK_INT(f.status, 414);
	lay_text(big, "\r\n");
	CHECK_ERR(parse(big, sizeof big, &h, &f), LIMIT);
	CHECK_INT(f.status, 414);
	lay_text(big, "GET / HTTP/1.1\nA: b");
	CHECK_ERR(parse(big, sizeof big, &h, &f), SYNTAX); /* what is wrong with its beginning, however long it is */
	CHECK_INT(f.status, 400);
	lay_text(big, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	CHECK_OK(parse(big, sizeof big, &h, &f)); /* nor does it matter how much stands behind it */
	lay_text(big, "GET / HTTP/1.1\r\nA: aaaaaaaaa");
	CHECK_ERR(parse(big, TW_HTTP_HEAD_MAX - 1, &h, &f), NOTFOUND);
	CHECK_ERR(parse(big, TW_HTTP_HEAD_MAX, &h, &f), LIMIT);
	CHECK_INT(f.status, 431);
	size_t n = (size_t)snprintf(big, sizeof big, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < TW_HTTP_FIELDS_MAX; i++)
		n += (size_t)snprintf(big + n, sizeof big - n, "a:\r\n");
	n += (size_t)snprintf(big + n, sizeof big - n, "\r\n");
	CHECK_ERR(parse(big, n, &h, &f), LIMIT);
	CHECK_INT(f.status, 431);
	n = (size_t)snprintf(big, sizeof big, "GET /%0*d HTTP/1.1\r\n" HOST END, TW_HTTP_TARGET_MAX - 1, 0);
	CHECK_OK(parse(big, n, &h, &f));
	n = (size_t)snprintf(big, sizeof big, "GET /%0*d HTTP/1.1\r\n" HOST END, TW_HTTP_TARGET_MAX, 0);
	CHECK_ERR(parse(big, n, &h, &f), LIMIT);
	CHECK_INT(f.status, 414);
}

static void test_words_of_a_status(void **state)
{
	CHECK_TEXT(tw_http_reason(100), "Continue");
	CHECK_TEXT(tw_http_reason(204), "No Content");
	CHECK_TEXT(tw_http_reason(505), "HTTP Version Not Supported");
	CHECK_TEXT(tw_http_reason(299), "Unknown");
}

static const struct {
	const char *bytes, *body; /* body NULL: refused */
	int status;
	size_t left; /* bytes after the end */
} chunks[] = {
	{ "0\r\n\r\n", "", 0, 0 },
	{ "5\r\nhello\r\n0\r\n\r\nGET", "hello", 0, 3 },
	{ "0005\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", "hello0123456789", 0, 0 },
	{ "5;x=y\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "5 \r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "5;\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "5 \nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "\r\n", NULL, 400, 0 },
	{ "+5\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "0x5\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "5\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "5\r\nhelloX\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "5\r\nhello\n0\r\n\r\n", NULL, 400, 0 },
	{ "0\r\nA: b\r\n\r\n", NULL, 400, 0 },
	{ "10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef", 0, 0 },
	{ "11\r\n", NULL, 413, 0 },
	{ "8\r\n01234567\r\n9\r\n", NULL, 413, 0 },
	{ "ffffffffffffffff\r\n", NULL, 413, 0 },
	{ "00000000000000005\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
};

static void feed(size_t i, size_t step, struct tw_fake *fake)
{
	struct tw_http_chunks s = { 0 };
	struct tw_http_fault f = { 0 };
	struct tw_buf body;
	bool done = false;
	size_t at = 0, size = strlen(chunks[i].bytes);
	tw_err e = TW_OK;

	tw_buf_init(&body, tw_fake_sys(fake), 16);
	while (at < size && !done && !tw_failed(e)) {
		size_t n = step < size - at ? step : size - at;
		struct tw_cursor c = tw_cursor_of(chunks[i].bytes + at, n);
		e = tw_http_chunk(&s, &c, &body, &done, &f);
		at += n - tw_cursor_left(&c);
	}
	CHECK_INT(f.status, chunks[i].status);
	if (chunks[i].body) {
		CHECK(done);
		CHECK_TEXT(tw_buf_cstr(&body), chunks[i].body);
		CHECK_INT(size - at, chunks[i].left);
	} else {
		CHECK(tw_failed(e));
	}
	tw_buf_done(&body);
}

static void test_chunks(void **state)
{
	struct tw_fake *fake = tw_fake_new();

	for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++)
		for (size_t step = 1; step < 40; step++)
			feed(i, step, fake);
	tw_fake_free(fake);
}

/* The size is judged when its line is complete, and then at once. */
static void test_where_a_chunk_is_too_long(void **state)
{
	struct tw_http_chunks s = { 0 };
	struct tw_http_fault f = { 0 };
	struct tw_cursor c = tw_cursor_of("11\r\n0", 5);
	struct tw_buf body;
	bool done = false;

	tw_buf_init(&body, NULL, 16);
	CHECK_ERR(tw_http_chunk(&s, &c, &body, &done, &f), LIMIT);
	CHECK_INT(f.offset, 3);
	CHECK(!done);
}

static void test_chunks_without_memory(void **state)
{
	struct tw_fake *fake = tw_fake_new();
	struct tw_http_chunks s = { 0 };
	struct tw_http_fault f = { 0 };
	struct tw_buf body;
	bool done;
	struct tw_cursor c = tw_cursor_of("5\r\nhello\r\n0\r\n\r\n", 15);

	tw_buf_init(&body, tw_fake_sys(fake), 16);
	tw_fake_fail(fake, 1, 12, true);
	CHECK_ERR(tw_http_chunk(&s, &c, &body, &done, &f), NOMEM);
	tw_buf_done(&body);
	tw_fake_free(fake);
}

CHECK_MAIN(cmocka_unit_test(test_rows), cmocka_unit_test(test_prefixes), cmocka_unit_test(test_slices), cmocka_unit_test(test_reasons),
	cmocka_unit_test(test_values_are_trimmed), cmocka_unit_test(test_where_a_chunk_is_too_long), cmocka_unit_test(test_limits),
	cmocka_unit_test(test_words_of_a_status), cmocka_unit_test(test_chunks), cmocka_unit_test(test_chunks_without_memory))
