/* SPDX-License-Identifier: Apache-2.0 */
/* Version range specifiers: vers:SCHEME/CONSTRAINT|CONSTRAINT..., read from left to right with the constraint before in mind. */
#include "formats/range.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/range-inside.h"

enum sign { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL };
static const struct {
	const char *text;
	enum sign sign;
} signs[] = { { "<=", LESS_EQUAL }, { ">=", GREATER_EQUAL }, { "!=", NOT_EQUAL }, { "<", LESS }, { ">", GREATER }, { "=", EQUAL } };

struct reader {
	struct tw_slice text, rest;
	enum tw_version_scheme scheme;
	const char *version;
	struct tw_buf now, before; /* versions of this constraint and the one before it */
	/* What has come so far. */
	bool any, only_not, equal, excluded, within, open, bounded, upper;
};

static size_t character(const struct reader *r, const char *at)
{
	return (size_t)(at - r->text.at) + 1;
}

static enum sign take_sign(struct tw_slice *s)
{
	for (size_t i = 0; i < TW_COUNT(signs); i++) {
		size_t size = strlen(signs[i].text);

		if (s->size >= size && !memcmp(s->at, signs[i].text, size)) {
			*s = (struct tw_slice){ s->at + size, s->size - size };
			return signs[i].sign;
		}
	}
	return EQUAL;
}

static tw_err decode(struct reader *r, struct tw_slice s)
{
	tw_buf_clear(&r->now);
	for (size_t i = 0; i < s.size; i++) {
		char c = s.at[i];

		if (c == '%') {
			if (s.size - i < 3 || tw_hex_value(s.at[i + 1]) < 0 || tw_hex_value(s.at[i + 2]) < 0)
				return TW_RAISE(SYNTAX, "character %zu: a '%%' that encodes nothing", character(r, s.at + i));
			c = (char)(tw_hex_value(s.at[i + 1]) << 4 | tw_hex_value(s.at[i + 2]));
			i += 2;
		}
		if (!c)
			return TW_RAISE(SYNTAX, "character %zu: a NUL in a version", character(r, s.at + i));
		TW_TRY(tw_buf_add(&r->now, &c, 1));
	}
	if (!s.size)
		return TW_RAISE(SYNTAX, "character %zu: no version", character(r, s.at));
	return TW_OK;
}

/* Constraints stand in the order of their versions, and none twice. */
static tw_err check_order(struct reader *r, const char *at)
{
	int c;

	if (r->any) {
		TW_TRY(tw_version_compare(r->scheme, tw_buf_cstr(&r->before), tw_buf_cstr(&r->now), &c));
		if (c >= 0)
			return TW_RAISE(SYNTAX, "character %zu: '%.40s' does not come after '%.40s'", character(r, at),
				tw_buf_cstr(&r->now), tw_buf_cstr(&r->before));
	}
	tw_buf_clear(&r->before);
	return tw_buf_add(&r->before, r->now.data, r->now.size);
}

/* open: a '>' stands before that no '<' has closed, and the version is above it. bounded: any '<' or '>' has come. */
static tw_err bound(struct reader *r, enum sign sign, int c, const char *at)
{
	bool upper = sign == LESS || sign == LESS_EQUAL;

	if (r->bounded && upper == r->upper)
		return TW_RAISE(SYNTAX, "character %zu: after a '%c' comes a '%c', with versions between them only",
			character(r, at), upper ? '<' : '>', upper ? '>' : '<');
	if (upper)
		r->within = r->within || ((!r->bounded || r->open) && c < 0);
	r->open = !upper && c > 0;
	r->bounded = true;
	r->upper = upper;
	return TW_OK;
}

/* Where the type has an order of its own its check says what is no version; the generic one has a place for any text, so words are told from versions here. */
static tw_err check_words(const struct reader *r)
{
	if (r->scheme != TW_VERSION_GENERIC)
		return TW_OK;
	TW_TRY(tw_range_plain(r->version));
	TW_TRY(tw_range_plain(tw_buf_cstr(&r->now)));
	return tw_range_same_kind(r->version, tw_buf_cstr(&r->now));
}

static tw_err take_constraint(struct reader *r, struct tw_slice s)
{
	const char *at = s.at;
	enum sign sign = take_sign(&s);
	int c;

	TW_TRY(decode(r, s));
	TW_TRY(check_words(r));
	TW_TRY(check_order(r, at));
	TW_TRY(tw_version_decide(r->scheme, r->version, tw_buf_cstr(&r->now), &c));
	r->only_not = (r->only_not || !r->any) && sign == NOT_EQUAL;
	r->any = true;
	r->equal = r->equal || (c == 0 && (sign == EQUAL || sign == LESS_EQUAL || sign == GREATER_EQUAL));
	r->excluded = r->excluded || (c == 0 && sign == NOT_EQUAL);
	if (sign == EQUAL && c)
		return tw_range_apart(r->scheme, r->version, tw_buf_cstr(&r->now));
	return sign == EQUAL || sign == NOT_EQUAL ? TW_OK : bound(r, sign, c, at);
}

static struct tw_slice before(struct tw_slice *s, char sign)
{
	const char *found = s->size ? memchr(s->at, sign, s->size) : NULL;
	struct tw_slice first = { s->at, found ? (size_t)(found - s->at) : s->size };

	*s = (struct tw_slice){ s->at + first.size + !!found, s->size - first.size - !!found };
	return first;
}

static tw_err take_scheme(struct reader *r)
{
	struct tw_slice name;
	char text[32];

	if (r->text.size > TW_RANGE_VERS_MAX)
		return TW_RAISE(LIMIT, "a vers string has at most %d characters", TW_RANGE_VERS_MAX);
	for (size_t i = 0; i < r->text.size; i++)
		if ((unsigned char)r->text.at[i] <= ' ' || (unsigned char)r->text.at[i] > '~')
			return TW_RAISE(SYNTAX, "character %zu: a blank, or no character of ASCII", i + 1);
	if (r->text.size < 5 || memcmp(r->text.at, "vers:", 5) != 0)
		return TW_RAISE(SYNTAX, "character 1: a range begins with vers:");
	r->rest = (struct tw_slice){ r->text.at + 5, r->text.size - 5 };
	name = before(&r->rest, '/');
	if (!name.size || name.size >= sizeof text || !r->rest.size)
		return TW_RAISE(SYNTAX, "character 6: no scheme with '/', or no versions behind it");
	(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(name));
	r->scheme = TW_VERSION_GENERIC;
	(void)tw_version_scheme_named(text, &r->scheme);
	return TW_OK;
}

static tw_err read_range(struct reader *r, bool *ret)
{
	TW_TRY(take_scheme(r));
	if (tw_slice_is(r->rest, "*")) {
		*ret = true;
		return tw_version_check(r->scheme, r->version);
	}
	bool more = true;
	while (more) {
		const char *end = r->rest.at + r->rest.size;
		struct tw_slice one = before(&r->rest, '|');

		more = one.at + one.size < end;
		TW_TRY(take_constraint(r, one));
	}
	*ret = r->equal || (!r->excluded && (r->within || r->open || r->only_not));
	return TW_OK;
}

tw_err tw_range_vers(const struct tw_sys *sys, struct tw_slice vers, const char *version, bool *ret)
{
	struct reader r = { .text = vers, .version = version };

	tw_buf_init(&r.now, sys, TW_RANGE_VERS_MAX);
	tw_buf_init(&r.before, sys, TW_RANGE_VERS_MAX);
	tw_err e = read_range(&r, ret);
	tw_buf_done(&r.now);
	tw_buf_done(&r.before);
	return e;
}
