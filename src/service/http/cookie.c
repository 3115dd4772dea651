/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/cookie.h"

#include "base/mem.h"

#include <string.h>

#define SESSION "__Host-session"
#define CLIENT "__Host-client"
#define ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"
#define FORGET "; Max-Age=0"
#define A_YEAR "; Max-Age=31536000" /* browsers keep none longer than some 400 days */

static bool is_value(struct tw_slice s)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (s.size != TW_COOKIE_TEXT)
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (!memchr(allowed, s.at[i], sizeof allowed - 1))
			return false;
	return true;
}

static bool same(struct tw_slice a, struct tw_slice b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

struct found {
	struct tw_slice value;
	bool one, two; /* two: whose is which, nobody can tell */
};

static void find(struct tw_slice pair, const char *name, struct found *f)
{
	size_t size = strlen(name);
	struct tw_slice value;

	if (pair.size <= size || pair.at[size] != '=' || memcmp(pair.at, name, size) != 0)
		return;
	value = (struct tw_slice){ pair.at + size + 1, pair.size - size - 1 };
	f->two |= f->one && !same(f->value, value);
	f->one = true;
	f->value = value;
}

static struct tw_slice result(const struct found *f)
{
	return f->two || !is_value(f->value) ? TW_SLICE("") : f->value;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void read_field(struct tw_slice rest, struct found *session, struct found *client)
{
	while (rest.size > 0) {
		const char *end = memchr(rest.at, ';', rest.size);
		struct tw_slice pair = { rest.at, end ? (size_t)(end - rest.at) : rest.size };
		size_t used = pair.size + (end != NULL);

		rest = (struct tw_slice){ rest.at + used, rest.size - used };
		while (pair.size > 0 && is_blank(pair.at[0]))
			pair = (struct tw_slice){ pair.at + 1, pair.size - 1 };
		while (pair.size > 0 && is_blank(pair.at[pair.size - 1]))
			pair.size--;
		find(pair, SESSION, session);
		find(pair, CLIENT, client);
	}
}

void tw_cookies_read(const struct tw_http_head *h, struct tw_cookies *ret)
{
	struct found session = { .value = TW_SLICE("") }, client = session;

	for (size_t i = 0; i < h->field_count; i++)
		if (tw_slice_is_nocase(h->fields[i].name, "cookie"))
			read_field(h->fields[i].value, &session, &client);
	*ret = (struct tw_cookies){ result(&session), result(&client) };
}

bool tw_cookies_valid(const struct tw_cookies *c)
{
	return (c->session.size == 0 || tw_slice_is(c->session, TW_COOKIE_END) || is_value(c->session)) &&
		(c->client.size == 0 || is_value(c->client));
}

static tw_err write_line(struct tw_buf *b, const char *name, struct tw_slice value, const char *age)
{
	if (value.size == 0)
		return TW_OK;
	TW_TRY(tw_buf_format(b, "Set-Cookie: %s=", name));
	if (!tw_slice_is(value, TW_COOKIE_END))
		TW_TRY(tw_buf_add(b, value.at, value.size));
	return tw_buf_format(b, "%s" ATTRIBUTES "\r\n", tw_slice_is(value, TW_COOKIE_END) ? FORGET : age);
}

/* The session's has no age: it goes with the browser, and ends here long before. */
tw_err tw_cookies_write(const struct tw_cookies *c, struct tw_buf *b)
{
	if (!tw_cookies_valid(c))
		return TW_RAISE(INTERNAL, "a cookie of another form");
	TW_TRY(write_line(b, SESSION, c->session, ""));
	return write_line(b, CLIENT, c->client, A_YEAR);
}
