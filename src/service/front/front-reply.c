/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of answers. Everything from core is fresh by definition and never stored; pages are revalidated by their ETag, and lie here in the one
 * coding they are sent in. The policy allows a page its own script, style and requests and nothing from anywhere else; data may load nothing at all.
 */
#include "service/front/front-reply.h"

#include <arpa/inet.h>
#include <string.h>

#define ALWAYS                                \
	"X-Content-Type-Options: nosniff\r\n" \
	"Referrer-Policy: no-referrer\r\n"    \
	"Cross-Origin-Resource-Policy: same-origin\r\n"
#define FOR_DATA                      \
	"Cache-Control: no-store\r\n" \
	"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n" ALWAYS
/* Pages that core makes: no script at all but where core says so, and there one of the program's own files, which puts no text into the page as
   markup; and forms that go nowhere else. A referrer of our own origin, because a browser that sends none calls a form's origin "null", and that we refuse. */
#define FOR_CORE_PAGES_WITH(script)                                                                                  \
	"Cache-Control: no-store\r\n"                                                                                \
	"Content-Security-Policy: default-src 'none'; " script "style-src 'self'; img-src 'self'; base-uri 'none'; " \
	"form-action 'self'; frame-ancestors 'none'\r\n"                                                             \
	"Cross-Origin-Opener-Policy: same-origin\r\n"                                                                \
	"X-Content-Type-Options: nosniff\r\n"                                                                        \
	"Referrer-Policy: same-origin\r\n"                                                                           \
	"Cross-Origin-Resource-Policy: same-origin\r\n"
#define FOR_CORE_PAGES FOR_CORE_PAGES_WITH("")
#define FOR_CORE_SCRIPTS FOR_CORE_PAGES_WITH("script-src 'self'; require-trusted-types-for 'script'; ")
/* Of a file that came from outside, and is kept by whoever asks: should something show it all the same, it is nobody's origin and may do nothing. */
#define FOR_KEEPING                   \
	"Cache-Control: no-store\r\n" \
	"Content-Security-Policy: sandbox; default-src 'none'; frame-ancestors 'none'\r\n" ALWAYS
#define FOR_PAGES                                                                                                                \
	"Cache-Control: no-cache\r\n"                                                                                            \
	"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " \
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'\r\n"                    \
	"Cross-Origin-Opener-Policy: same-origin\r\n" ALWAYS

#define PAGE_MAX 8192 /* of a refusal: it says a rule and what to do */

/* RFC 9110 5.6.7, made once a second at most. */
static void refresh_date(struct tw_front *f)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct timespec now = { 0 };
	struct tm t;

	if (f->sys->clock(f->sys, CLOCK_REALTIME, &now) != 0 || (now.tv_sec == f->date_s && f->date[0]))
		return;
	if (!gmtime_r(&now.tv_sec, &t))
		return;
	f->date_s = now.tv_sec;
	(void)snprintf(f->date, sizeof f->date, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * t.tm_wday, t.tm_mday % 100,
		months + 3 * t.tm_mon, (t.tm_year + 1900) % 10000, t.tm_hour % 100, t.tm_min % 100, t.tm_sec % 100);
}

static tw_err number(struct tw_buf *b, uint64_t v)
{
	char digits[24];
	size_t at = sizeof digits;

	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	return tw_buf_add(b, digits + at, sizeof digits - at);
}

static tw_err line(struct tw_buf *b, const char *name, struct tw_slice value)
{
	if (value.size == 0)
		return TW_OK;
	TW_TRY(tw_buf_text(b, name));
	TW_TRY(tw_buf_add(b, value.at, value.size));
	return tw_buf_add(b, "\r\n", 2);
}

static tw_err begin(struct tw_front *f, int status, bool close)
{
	struct tw_buf *b = &f->reply;

	tw_buf_clear(b);
	refresh_date(f);
	TW_TRY(tw_buf_add(b, "HTTP/1.1 ", 9));
	TW_TRY(number(b, (unsigned)status));
	TW_TRY(tw_buf_add(b, " ", 1));
	TW_TRY(tw_buf_text(b, tw_http_reason(status)));
	TW_TRY(tw_buf_add(b, "\r\n", 2));
	TW_TRY(line(b, "Date: ", tw_slice_of(f->date)));
	return close ? tw_buf_text(b, "Connection: close\r\n") : TW_OK;
}

static tw_err length(struct tw_buf *b, uint64_t size)
{
	TW_TRY(tw_buf_text(b, "Content-Length: "));
	TW_TRY(number(b, size));
	return tw_buf_add(b, "\r\n", 2);
}

static bool is_page(struct tw_slice type)
{
	static const char html[] = "text/html";

	return type.size >= sizeof html - 1 && memcmp(type.at, html, sizeof html - 1) == 0;
}

/* RFC 6266 and 8187; the first name is for who knows no other, with whatever is encoded as one sign. */
static tw_err disposition(struct tw_buf *b, struct tw_slice name)
{
	TW_TRY(tw_buf_text(b, "Content-Disposition: attachment; filename=\""));
	for (size_t i = 0; i < name.size; i++) {
		TW_TRY(tw_buf_u8(b, name.at[i] == '%' ? '_' : (uint8_t)name.at[i]));
		i += name.at[i] == '%' ? 2 : 0;
	}
	TW_TRY(tw_buf_text(b, "\"; filename*=UTF-8''"));
	TW_TRY(tw_buf_add(b, name.at, name.size));
	return tw_buf_text(b, "\r\n");
}

static const char *fixed_fields(const struct tw_wire_reply *r)
{
	if (r->name.size)
		return FOR_KEEPING "\r\n";
	if (!is_page(r->type))
		return FOR_DATA "\r\n";
	return r->script ? FOR_CORE_SCRIPTS "\r\n" : FOR_CORE_PAGES "\r\n";
}

tw_err tw_front_reply_core(struct tw_front *f, const struct tw_wire_reply *r, bool head_only, bool close)
{
	struct tw_buf *b = &f->reply;

	TW_TRY(begin(f, r->status, close));
	TW_TRY(line(b, "Content-Type: ", r->type));
	TW_TRY(line(b, "ETag: ", r->etag));
	TW_TRY(line(b, "Location: ", r->location));
	TW_TRY(line(b, "Allow: ", r->allow));
	TW_TRY(tw_cookies_write(&r->cookies, b));
	if (r->retry_after_s > 0) {
		TW_TRY(tw_buf_text(b, "Retry-After: "));
		TW_TRY(number(b, r->retry_after_s));
		TW_TRY(tw_buf_add(b, "\r\n", 2));
	}
	if (r->status == 401) /* RFC 9110 15.5.2 */
		TW_TRY(tw_buf_text(b, "WWW-Authenticate: Bearer\r\n"));
	if (r->stream)
		TW_TRY(tw_buf_text(b, "Transfer-Encoding: chunked\r\n"));
	else if (r->status != 204 && r->status != 304)
		TW_TRY(length(b, r->file ? r->file : r->body.size));
	if (r->name.size)
		TW_TRY(disposition(b, r->name));
	TW_TRY(tw_buf_text(b, fixed_fields(r)));
	return head_only ? TW_OK : tw_buf_add(b, r->body.at, r->body.size);
}

static tw_err problem_body(struct tw_buf *b, int status, const char *rule)
{
	const char *colon = strchr(rule, ':');
	struct tw_slice name = { rule, colon ? (size_t)(colon - rule) : strlen(rule) };

	TW_TRY(tw_buf_text(b, "{\"type\":\"urn:thingward:problem:http\",\"title\":"));
	TW_TRY(tw_buf_json_string(b, tw_slice_of(tw_http_reason(status))));
	TW_TRY(tw_buf_format(b, ",\"status\":%d,\"detail\":", status));
	TW_TRY(tw_buf_json_string(b, tw_slice_of(rule)));
	TW_TRY(tw_buf_text(b, ",\"rule\":"));
	TW_TRY(tw_buf_json_string(b, name));
	return tw_buf_text(b, ",\"next\":\"Send the request as the rule says.\"}");
}

static tw_err allowed(struct tw_buf *b, int status)
{
	return status == 405 ? tw_buf_text(b, "Allow: GET, HEAD\r\n") : TW_OK; /* RFC 9110 15.5.6 */
}

tw_err tw_front_reply_page(struct tw_front *f, int status, const char *rule, bool head_only, bool close)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf page = { 0 };
	struct tw_buf *b = &f->reply;

	tw_buf_init(&page, f->sys, PAGE_MAX);
	TW_TRY(f->page(status, rule, &page));
	TW_TRY(begin(f, status, close));
	TW_TRY(tw_buf_text(b, "Content-Type: text/html; charset=utf-8\r\n"));
	TW_TRY(allowed(b, status));
	TW_TRY(length(b, page.size));
	TW_TRY(tw_buf_text(b, FOR_CORE_PAGES "\r\n"));
	return head_only ? TW_OK : tw_buf_add(b, page.data, page.size);
}

tw_err tw_front_reply_problem(struct tw_front *f, int status, const char *rule, bool head_only, bool close)
{
	char bytes[1024];
	struct tw_buf *b = &f->reply, body;
	tw_err e;

	/* The body comes first, because the head states its size; both fit the scratch they are made in. */
	tw_buf_init(&body, f->sys, sizeof bytes);
	e = problem_body(&body, status, rule);
	if (!tw_failed(e))
		memcpy(bytes, tw_buf_cstr(&body), body.size);
	size_t size = body.size;
	tw_buf_done(&body);
	TW_TRY(e);
	TW_TRY(begin(f, status, close));
	TW_TRY(tw_buf_text(b, "Content-Type: application/problem+json\r\n"));
	TW_TRY(allowed(b, status));
	TW_TRY(length(b, size));
	TW_TRY(tw_buf_text(b, FOR_DATA "\r\n"));
	return head_only ? TW_OK : tw_buf_add(b, bytes, size);
}

const struct tw_asset *tw_front_asset(const struct tw_asset *assets, struct tw_slice path)
{
	for (const struct tw_asset *a = assets; a->path; a++)
		if (tw_slice_is(path, a->path))
			return a;
	return NULL;
}

/* RFC 9110 13.1.2: "*" or a list of entity tags, compared weakly. Anything else matches nothing. */
static bool none_match_hits(struct tw_slice value, const char *etag)
{
	size_t size = strlen(etag);

	if (tw_slice_is(value, "*"))
		return true;
	while (value.size > 0) {
		const char *comma = memchr(value.at, ',', value.size);
		size_t here = comma ? (size_t)(comma - value.at) : value.size;
		struct tw_slice one = { value.at, here };
		while (one.size > 0 && one.at[0] == ' ')
			one = (struct tw_slice){ one.at + 1, one.size - 1 };
		while (one.size > 0 && one.at[one.size - 1] == ' ')
			one.size--;
		if (one.size > 2 && one.at[0] == 'W' && one.at[1] == '/')
			one = (struct tw_slice){ one.at + 2, one.size - 2 };
		if (one.size == size && memcmp(one.at, etag, size) == 0)
			return true;
		if (!comma)
			break;
		value = (struct tw_slice){ comma + 1, value.size - here - 1 };
	}
	return false;
}

tw_err tw_front_reply_asset(struct tw_front *f, const struct tw_asset *a, const struct tw_http_head *h, bool close, struct tw_slice *ret_rest)
{
	const struct tw_http_field *none_match = tw_http_find(h, "if-none-match");
	bool same = none_match && none_match_hits(none_match->value, a->etag);
	struct tw_buf *b = &f->reply;

	TW_TRY(begin(f, same ? 304 : 200, close));
	if (!same) {
		TW_TRY(line(b, "Content-Type: ", tw_slice_of(a->type)));
		TW_TRY(length(b, a->size));
	}
	if (a->gzip && !same)
		TW_TRY(tw_buf_text(b, "Content-Encoding: gzip\r\n"));
	if (a->gzip)
		TW_TRY(tw_buf_text(b, "Vary: Accept-Encoding\r\n"));
	TW_TRY(line(b, "ETag: ", tw_slice_of(a->etag)));
	TW_TRY(tw_buf_add(b, FOR_PAGES "\r\n", sizeof FOR_PAGES "\r\n" - 1));
	*ret_rest = (struct tw_slice){ "", 0 };
	if (!same && !tw_slice_is(h->method, "HEAD"))
		*ret_rest = (struct tw_slice){ (const char *)a->data, a->size };
	return TW_OK;
}

bool tw_front_host_ours(const struct tw_dns_names *names, struct tw_slice host)
{
	char text[64];
	struct in6_addr six;
	struct in_addr four;
	const char *end = memchr(host.at, host.at[0] == '[' ? ']' : ':', host.size);
	size_t size = end ? (size_t)(end - host.at) : host.size;
	size_t skip = host.at[0] == '[';

	if (tw_slice_is_nocase((struct tw_slice){ host.at, size }, "localhost") ||
		tw_dns_names_have(names, (struct tw_slice){ host.at, size }))
		return true;
	if (size - skip >= sizeof text)
		return false;
	memcpy(text, host.at + skip, size - skip);
	text[size - skip] = '\0';
	return skip ? inet_pton(AF_INET6, text, &six) == 1 : inet_pton(AF_INET, text, &four) == 1;
}

static bool is_own_origin(struct tw_slice origin, struct tw_slice host)
{
	static const char scheme[] = "https://";
	const size_t size = sizeof scheme - 1;

	return origin.size == size + host.size && memcmp(origin.at, scheme, size) == 0 &&
		memcmp(origin.at + size, host.at, host.size) == 0;
}

bool tw_front_origin_ours(const struct tw_http_head *h)
{
	const struct tw_slice host = tw_http_find(h, "host")->value;

	for (size_t i = 0; i < h->field_count; i++) {
		const struct tw_http_field *f = &h->fields[i];

		if (tw_slice_is_nocase(f->name, "origin") && !is_own_origin(f->value, host))
			return false;
		if (tw_slice_is_nocase(f->name, "sec-fetch-site") && !tw_slice_is(f->value, "same-origin") && !tw_slice_is(f->value, "none"))
			return false;
	}
	return true;
}
