/* SPDX-License-Identifier: Apache-2.0 */
/* Package URLs: see purl.h. What single types ask for is in purl-types.c. */
#include "formats/purl.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/purl-inside.h"

/* --- Where parts end --- */

struct tw_slice tw_purl_before(struct tw_slice *s, char sign)
{
	const char *found = s->size ? memchr(s->at, sign, s->size) : NULL;
	size_t size = found ? (size_t)(found - s->at) : s->size;
	struct tw_slice first = { s->at, size };

	*s = found ? (struct tw_slice){ found + 1, s->size - size - 1 } : (struct tw_slice){ 0 };
	return first;
}

void tw_purl_split(struct tw_slice text, struct tw_purl_parts *ret)
{
	struct tw_slice rest = text, path = tw_purl_before(&rest, '#');

	*ret = (struct tw_purl_parts){ .subpath = rest };
	rest = path;
	path = tw_purl_before(&rest, '?');
	ret->query = rest;
	ret->type = tw_purl_before(&path, '/');
	const char *at = path.size ? memrchr(path.at, '@', path.size) : NULL;
	if (at && at[-1] != '/') { /* a name may begin with it */
		ret->version = (struct tw_slice){ at + 1, (size_t)(path.at + path.size - at - 1) };
		path.size = (size_t)(at - path.at);
	}
	const char *slash = path.size ? memrchr(path.at, '/', path.size) : NULL;
	if (slash)
		ret->namespace = (struct tw_slice){ path.at, (size_t)(slash - path.at) };
	ret->name = slash ? (struct tw_slice){ slash + 1, (size_t)(path.at + path.size - slash - 1) } : path;
}

bool tw_purl_encoded(struct tw_slice s)
{
	return s.size > 2 && *s.at == '%' && tw_hex_value(s.at[1]) >= 0 && tw_hex_value(s.at[2]) >= 0;
}

/* --- Reading --- */

static bool is_small(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

struct reader {
	struct tw_slice text;
	struct tw_purl *p;
	struct tw_purl_parts parts;
	/* Where in own each text begins: own moves while it grows. */
	size_t type, namespace, name, version, subpath, qualifiers;
	struct {
		size_t key, size; /* in own: both texts with their NULs */
	} found[64];
	size_t count;
};

static size_t character(const struct reader *r, const char *at)
{
	return (size_t)(at - r->text.at) + 1;
}

static tw_err decode(struct reader *r, struct tw_slice part, const char *what)
{
	size_t start = r->p->own.size;

	for (size_t i = 0; i < part.size; i++) {
		struct tw_slice rest = { part.at + i, part.size - i };
		char c = part.at[i];

		if (c == '%' && !tw_purl_encoded(rest))
			return TW_RAISE(SYNTAX, "character %zu: a '%%' in the %s encodes nothing", character(r, rest.at), what);
		if (c == '%') {
			c = (char)(tw_hex_value(part.at[i + 1]) << 4 | tw_hex_value(part.at[i + 2]));
			i += 2;
		}
		TW_TRY(tw_buf_add(&r->p->own, &c, 1));
	}
	if (!tw_text_printable((struct tw_slice){ tw_buf_cstr(&r->p->own) + start, r->p->own.size - start }))
		return TW_RAISE(SYNTAX, "character %zu: the %s is not UTF-8, or has a control character", character(r, part.at), what);
	return TW_OK;
}

static tw_err end_text(struct reader *r)
{
	return tw_buf_add(&r->p->own, "", 1);
}

/* The segments of a path that count, each decoded, with '/' between them. */
static tw_err path(struct reader *r, struct tw_slice part, bool dots, const char *what)
{
	bool first = true;

	while (part.size) {
		struct tw_slice segment = tw_purl_before(&part, '/');
		size_t before = r->p->own.size;

		if (!first && segment.size)
			TW_TRY(tw_buf_text(&r->p->own, "/"));
		size_t start = r->p->own.size;
		TW_TRY(decode(r, segment, what));
		struct tw_slice text = { tw_buf_cstr(&r->p->own) + start, r->p->own.size - start };
		if (text.size && memchr(text.at, '/', text.size))
			return TW_RAISE(SYNTAX, "character %zu: a segment of the %s has a '/' in it", character(r, segment.at), what);
		bool counts = text.size && !(dots && (tw_slice_is(text, ".") || tw_slice_is(text, "..")));
		if (!counts)
			r->p->own.size = before;
		first = first && !counts;
	}
	return end_text(r);
}

static tw_err read_type(struct reader *r)
{
	struct tw_slice t = r->parts.type;

	for (size_t i = 0; i < t.size; i++) {
		char c = small(t.at[i]);

		if (!is_small(c) && !(i && is_digit(c)) && !(c && strchr(".+-", c)))
			return TW_RAISE(SYNTAX, "character %zu: a type has letters, digits, '.', '+' and '-', and begins with no digit",
				character(r, t.at + i));
		TW_TRY(tw_buf_add(&r->p->own, &c, 1));
	}
	if (!t.size)
		return TW_RAISE(SYNTAX, "character 5: no type");
	return end_text(r);
}

static tw_err read_name(struct reader *r)
{
	struct tw_slice name = r->parts.name;

	if (!name.size || *name.at == '@')
		return TW_RAISE(SYNTAX, "character %zu: no name", name.at ? character(r, name.at) : r->text.size + 1);
	TW_TRY(decode(r, name, "name"));
	return end_text(r);
}

static tw_err read_key(struct reader *r, struct tw_slice key)
{
	if (!key.size || is_digit(*key.at))
		return TW_RAISE(SYNTAX, "character %zu: a qualifier without a key, or one that begins with a digit", character(r, key.at));
	for (size_t i = 0; i < key.size; i++) {
		char c = small(key.at[i]);

		if (!is_small(c) && !is_digit(c) && !(c && strchr(".-_", c)))
			return TW_RAISE(SYNTAX, "character %zu: the key of a qualifier has letters, digits, '.', '-' and '_'",
				character(r, key.at + i));
		TW_TRY(tw_buf_add(&r->p->own, &c, 1));
	}
	return end_text(r);
}

/* Its place among those found before, so that they stay in order. */
static tw_err keep(struct reader *r, size_t start, struct tw_slice one)
{
	const char *own = tw_buf_cstr(&r->p->own);
	size_t i = r->count;

	for (; i && strcmp(own + r->found[i - 1].key, own + start) >= 0; i--) {
		if (!strcmp(own + r->found[i - 1].key, own + start))
			return TW_RAISE(SYNTAX, "character %zu: the qualifier '%.40s' stands there twice", character(r, one.at),
				own + start);
		r->found[i] = r->found[i - 1];
	}
	r->found[i].key = start;
	r->found[i].size = r->p->own.size - start;
	r->count++;
	return TW_OK;
}

static tw_err read_qualifier(struct reader *r, struct tw_slice one)
{
	struct tw_slice value = one, key = tw_purl_before(&value, '=');
	size_t start = r->p->own.size;

	TW_TRY(read_key(r, key));
	if (!value.size) {
		r->p->own.size = start;
		return TW_OK;
	}
	if (r->count == TW_COUNT(r->found))
		return TW_RAISE(LIMIT, "a package URL has at most %zu qualifiers", TW_COUNT(r->found));
	TW_TRY(decode(r, value, "value of a qualifier"));
	TW_TRY(end_text(r));
	return keep(r, start, one);
}

static tw_err read_qualifiers(struct reader *r)
{
	struct tw_slice rest = r->parts.query;

	while (rest.size) {
		struct tw_slice one = tw_purl_before(&rest, '&');

		if (one.size)
			TW_TRY(read_qualifier(r, one));
	}
	TW_TRY(tw_buf_reserve(&r->p->own, r->p->own.size + 1)); /* what is copied from it stays where it is */
	r->qualifiers = r->p->own.size;
	for (size_t i = 0; i < r->count; i++)
		TW_TRY(tw_buf_add(&r->p->own, tw_buf_cstr(&r->p->own) + r->found[i].key, r->found[i].size));
	return end_text(r);
}

static void borrow(struct reader *r)
{
	const char *own = tw_buf_cstr(&r->p->own);

	r->p->type = own + r->type;
	r->p->namespace = own + r->namespace;
	r->p->name = own + r->name;
	r->p->version = own + r->version;
	r->p->subpath = own + r->subpath;
	r->p->qualifiers = own + r->qualifiers;
}

static tw_err read_parts(struct reader *r)
{
	struct tw_buf *own = &r->p->own;

	r->type = own->size;
	TW_TRY(read_type(r));
	r->namespace = own->size;
	TW_TRY(path(r, r->parts.namespace, false, "namespace"));
	r->name = own->size;
	TW_TRY(read_name(r));
	r->version = own->size;
	TW_TRY(decode(r, r->parts.version, "version"));
	TW_TRY(end_text(r));
	r->subpath = own->size;
	TW_TRY(path(r, r->parts.subpath, true, "subpath"));
	return read_qualifiers(r);
}

static tw_err read_text(struct reader *r)
{
	struct tw_slice rest = r->text;

	if (rest.size > TW_PURL_MAX)
		return TW_RAISE(LIMIT, "a package URL has at most %d characters", TW_PURL_MAX);
	for (size_t i = 0; i < rest.size; i++)
		if ((unsigned char)rest.at[i] <= ' ' || rest.at[i] == 0x7f)
			return TW_RAISE(SYNTAX, "character %zu: a blank or a control character", i + 1);
	if (rest.size < 4 || !tw_slice_is_nocase((struct tw_slice){ rest.at, 4 }, "pkg:"))
		return TW_RAISE(SYNTAX, "character 1: a package URL begins with pkg:");
	rest = (struct tw_slice){ rest.at + 4, rest.size - 4 };
	while (rest.size && *rest.at == '/')
		rest = (struct tw_slice){ rest.at + 1, rest.size - 1 };
	tw_purl_split(rest, &r->parts);
	struct tw_slice *space = &r->parts.namespace, *name = &r->parts.name;
	while (!name->size && space->size) { /* slashes behind the name do not count */
		const char *slash = memrchr(space->at, '/', space->size);
		size_t size = slash ? (size_t)(slash - space->at) : 0;

		*name = slash ? (struct tw_slice){ slash + 1, space->size - size - 1 } : *space;
		space->size = size;
	}
	return read_parts(r);
}

tw_err tw_purl_parse(const struct tw_sys *sys, struct tw_slice text, struct tw_purl *ret)
{
	struct reader r = { .text = text, .p = ret };

	*ret = (struct tw_purl){ 0 };
	tw_buf_init(&ret->own, sys, 4 * TW_PURL_MAX); /* each text at most twice, and the NULs */
	tw_err e = read_text(&r);
	if (!tw_failed(e)) {
		borrow(&r);
		e = tw_purl_finish(ret);
	}
	if (tw_failed(e))
		tw_purl_done(ret);
	return e;
}

void tw_purl_done(struct tw_purl *p)
{
	tw_buf_done(&p->own);
	*p = (struct tw_purl){ 0 };
}

const char *tw_purl_qualifier(const struct tw_purl *p, const char *key)
{
	for (const char *at = p->qualifiers; at && *at;) {
		const char *value = at + strlen(at) + 1;

		if (!strcmp(at, key))
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}

bool tw_purl_same_package(const struct tw_purl *a, const struct tw_purl *b)
{
	return !strcmp(a->type, b->type) && !strcmp(a->namespace, b->namespace) && !strcmp(a->name, b->name);
}

/* --- Writing --- */

/* All that is not unreserved, ':' or one of `also`. */
static tw_err encode(struct tw_buf *b, const char *text, const char *also)
{
	while (*text) {
		size_t plain = 0;

		while (text[plain] && (text[plain] == ':' || strchr(also, text[plain])))
			plain++;
		TW_TRY(tw_buf_add(b, text, plain));
		text += plain;
		size_t other = 0;
		while (text[other] && text[other] != ':' && !strchr(also, text[other]))
			other++;
		TW_TRY(tw_buf_percent(b, (struct tw_slice){ text, other }));
		text += other;
	}
	return TW_OK;
}

static tw_err optional(struct tw_buf *b, const char *sign, const char *text, const char *also)
{
	if (!*text)
		return TW_OK;
	TW_TRY(tw_buf_text(b, sign));
	return encode(b, text, also);
}

tw_err tw_purl_write(const struct tw_purl *p, struct tw_buf *ret)
{
	const char *sign = "?";

	TW_TRY(tw_buf_format(ret, "pkg:%s", p->type));
	TW_TRY(optional(ret, "/", p->namespace, "/"));
	TW_TRY(optional(ret, "/", p->name, ""));
	TW_TRY(optional(ret, "@", p->version, ""));
	for (const char *key = p->qualifiers; *key; sign = "&") {
		const char *value = key + strlen(key) + 1;

		TW_TRY(tw_buf_format(ret, "%s%s=", sign, key));
		TW_TRY(encode(ret, value, ""));
		key = value + strlen(value) + 1;
	}
	return optional(ret, "#", p->subpath, "/");
}
