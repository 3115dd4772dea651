/* SPDX-License-Identifier: Apache-2.0 */
/* CPE names: see cpe.h. Both bindings are read character by character, so that nothing has to be rewritten before it is compared. */
#include "formats/cpe.h"

#include "base/mem.h"
#include "base/text.h"

#define SPECIAL "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~" /* what a formatted string has only behind '\' (7695, figure 6-3) */

static const char *const names[TW_CPE_ATTRIBUTES] = { "part", "vendor", "product", "version", "update", "edition", "language",
	"sw_edition", "target_sw", "target_hw", "other" };

const char *tw_cpe_attribute_name(enum tw_cpe_attribute a)
{
	return names[a];
}

/* A character of a value. wild: '*' or '?' that stands for others. */
struct sign {
	char c;
	bool wild;
};

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._", c));
}

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool next_encoded(struct tw_slice *s, struct sign *ret)
{
	char c = *s->at;
	size_t size = 1;

	*ret = (struct sign){ small(c), false };
	if (c == '%') {
		if (s->size < 3 || tw_hex_value(s->at[1]) < 0 || tw_hex_value(s->at[2]) < 0)
			return false;
		c = (char)(tw_hex_value(s->at[1]) << 4 | tw_hex_value(s->at[2]));
		*ret = c == 1 ? (struct sign){ '?', true } : c == 2 ? (struct sign){ '*', true } : (struct sign){ small(c), false };
		if (!ret->wild && (c <= ' ' || c > '~' || is_plain(c)))
			return false;
		size = 3;
	} else if (!is_plain(c) && c != '~') {
		return false;
	}
	*s = (struct tw_slice){ s->at + size, s->size - size };
	return true;
}

static bool next_quoted(struct tw_slice *s, struct sign *ret)
{
	char c = *s->at;
	bool quoted = c == '\\';

	if (quoted && (s->size < 2 || !s->at[1] || !strchr(SPECIAL, s->at[1])))
		return false;
	if (!quoted && !is_plain(c) && c != '*' && c != '?')
		return false;
	*ret = quoted ? (struct sign){ s->at[1], false } : (struct sign){ small(c), c == '*' || c == '?' };
	*s = (struct tw_slice){ s->at + 1 + quoted, s->size - 1 - quoted };
	return true;
}

/* False: nothing that may stand there; then s has not moved. s is not empty. */
static bool next_sign(struct tw_slice *s, bool uri, struct sign *ret)
{
	return uri ? next_encoded(s, ret) : next_quoted(s, ret);
}

enum tw_cpe_kind tw_cpe_kind(const struct tw_cpe *c, enum tw_cpe_attribute a)
{
	struct tw_slice s = c->of[a];
	struct sign sign;

	if (!s.size || tw_slice_is(s, c->uri ? "%02" : "*"))
		return TW_CPE_ANY;
	if (tw_slice_is(s, "-"))
		return TW_CPE_NA;
	while (s.size && next_sign(&s, c->uri, &sign))
		if (sign.wild)
			return TW_CPE_WILD;
	return TW_CPE_TEXT;
}

/* --- Reading --- */

static size_t character(struct tw_slice text, struct tw_slice rest)
{
	return (size_t)(rest.at - text.at) + 1;
}

/*
 * Wildcards stand at the beginning and at the end: one '*' or any number of '?'. The value is characters, then wildcards, where what
 * comes after those is the end. `stage`: 0 wildcards of the beginning, 1 characters, 2 wildcards of the end.
 */
static tw_err check_value(struct tw_slice text, const struct tw_cpe *c, enum tw_cpe_attribute a)
{
	struct tw_slice s = c->of[a];
	struct sign sign, last = { 0 };
	int stage = 0;

	while (s.size) {
		struct tw_slice at = s;

		if (!next_sign(&s, c->uri, &sign))
			return TW_RAISE(SYNTAX, "character %zu: the %s has a character there that may not stand so",
				character(text, at), names[a]);
		if (sign.wild && stage == 1)
			stage = 2;
		else if (sign.wild ? last.wild && (last.c == '*' || sign.c == '*') : stage == 2)
			return TW_RAISE(SYNTAX, "character %zu: wildcards stand at the ends of a value, one '*' or some '?'",
				character(text, at));
		else if (!sign.wild)
			stage = 1;
		last = sign;
	}
	return TW_OK;
}

static tw_err check(struct tw_slice text, const struct tw_cpe *c)
{
	for (size_t a = 0; a < TW_CPE_ATTRIBUTES; a++)
		TW_TRY(check_value(text, c, (enum tw_cpe_attribute)a));
	struct tw_slice part = c->of[TW_CPE_PART];
	if (tw_cpe_kind(c, TW_CPE_PART) == TW_CPE_WILD ||
		(tw_cpe_kind(c, TW_CPE_PART) == TW_CPE_TEXT && (part.size != 1 || !strchr("aho", small(*part.at)))))
		return TW_RAISE(SYNTAX, "character %zu: the part is a, h or o", character(text, part));
	return TW_OK;
}

/* Up to the next sign that is not behind a '\'. */
static struct tw_slice before(struct tw_slice *s, char sign, bool uri)
{
	size_t size = 0;

	while (size < s->size && s->at[size] != sign)
		size += !uri && s->at[size] == '\\' && size + 1 < s->size ? 2 : 1;
	struct tw_slice first = { s->at, size };
	bool found = size < s->size;
	*s = found ? (struct tw_slice){ s->at + size + 1, s->size - size - 1 } : (struct tw_slice){ s->at + size, 0 };
	return first;
}

static tw_err read_formatted(struct tw_slice text, struct tw_cpe *ret)
{
	struct tw_slice rest = { text.at + 8, text.size - 8 };

	for (size_t a = 0; a < TW_CPE_ATTRIBUTES; a++) {
		bool more = rest.size > 0;

		ret->of[a] = before(&rest, ':', false);
		if (!more || !ret->of[a].size)
			return TW_RAISE(SYNTAX, "character %zu: no %s; a name has eleven values, '*' for any",
				character(text, ret->of[a]), names[a]);
	}
	/* The last value ends the text, and no ':' stands behind it. */
	if (ret->of[TW_CPE_OTHER].at + ret->of[TW_CPE_OTHER].size != text.at + text.size)
		return TW_RAISE(SYNTAX, "character %zu: more than eleven values", character(text, rest));
	return check(text, ret);
}

/* 6.1.3.2: five values in the place of one, each behind a '~'. */
static tw_err unpack(struct tw_slice text, struct tw_cpe *ret)
{
	static const enum tw_cpe_attribute packed[] = { TW_CPE_EDITION, TW_CPE_SW_EDITION, TW_CPE_TARGET_SW, TW_CPE_TARGET_HW, TW_CPE_OTHER };
	struct tw_slice rest = ret->of[TW_CPE_EDITION];

	if (!rest.size || *rest.at != '~')
		return TW_OK;
	rest = (struct tw_slice){ rest.at + 1, rest.size - 1 };
	for (size_t i = 0; i < TW_COUNT(packed); i++)
		ret->of[packed[i]] = i + 1 < TW_COUNT(packed) ? before(&rest, '~', true) : rest;
	if (rest.size && memchr(rest.at, '~', rest.size))
		return TW_RAISE(SYNTAX, "character %zu: more than five values in the edition", character(text, rest));
	return TW_OK;
}

static tw_err read_uri(struct tw_slice text, struct tw_cpe *ret)
{
	struct tw_slice rest = { text.at + 5, text.size - 5 };

	ret->uri = true;
	for (size_t a = 0; a <= TW_CPE_LANGUAGE; a++)
		ret->of[a] = before(&rest, ':', true);
	if (rest.size || (text.at[text.size - 1] == ':' && ret->of[TW_CPE_LANGUAGE].at != text.at + text.size))
		return TW_RAISE(SYNTAX, "character %zu: more than seven values", character(text, rest));
	TW_TRY(unpack(text, ret));
	return check(text, ret);
}

tw_err tw_cpe_parse(struct tw_slice text, struct tw_cpe *ret)
{
	*ret = (struct tw_cpe){ 0 };
	if (text.size > TW_CPE_MAX)
		return TW_RAISE(LIMIT, "a CPE name has at most %d characters", TW_CPE_MAX);
	if (text.size >= 8 && tw_slice_is_nocase((struct tw_slice){ text.at, 8 }, "cpe:2.3:"))
		return read_formatted(text, ret);
	if (text.size >= 5 && tw_slice_is_nocase((struct tw_slice){ text.at, 5 }, "cpe:/"))
		return read_uri(text, ret);
	return TW_RAISE(SYNTAX, "character 1: a CPE name begins with cpe:2.3: or cpe:/");
}

/* --- Writing --- */

static tw_err write_value(const struct tw_cpe *c, enum tw_cpe_attribute a, struct tw_buf *ret)
{
	struct tw_slice s = c->of[a];
	struct sign sign;

	if (tw_cpe_kind(c, a) == TW_CPE_ANY)
		return tw_buf_text(ret, "*");
	while (s.size && next_sign(&s, c->uri, &sign)) {
		if (!sign.wild && !is_plain(sign.c))
			TW_TRY(tw_buf_text(ret, "\\"));
		TW_TRY(tw_buf_add(ret, &sign.c, 1));
	}
	return TW_OK;
}

tw_err tw_cpe_write(const struct tw_cpe *c, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "cpe:2.3"));
	for (size_t a = 0; a < TW_CPE_ATTRIBUTES; a++) {
		TW_TRY(tw_buf_text(ret, ":"));
		TW_TRY(write_value(c, (enum tw_cpe_attribute)a, ret));
	}
	return TW_OK;
}

tw_err tw_cpe_value(const struct tw_cpe *c, enum tw_cpe_attribute a, struct tw_buf *ret)
{
	struct tw_slice s = c->of[a];
	struct sign sign;

	if (tw_cpe_kind(c, a) != TW_CPE_TEXT)
		return TW_OK;
	while (s.size && next_sign(&s, c->uri, &sign))
		TW_TRY(tw_buf_add(ret, &sign.c, 1));
	return TW_OK;
}

/* --- Comparing --- */

/* A value taken apart: what stands before and after its characters. */
struct value {
	char text[TW_CPE_MAX];
	size_t size, before, after; /* characters; those that may be before and after them: SIZE_MAX, any number */
};

static void take_apart(const struct tw_cpe *c, enum tw_cpe_attribute a, struct value *ret)
{
	struct tw_slice s = c->of[a];
	struct sign sign;

	ret->size = ret->before = ret->after = 0;
	while (s.size && next_sign(&s, c->uri, &sign)) {
		size_t *wild = ret->size ? &ret->after : &ret->before;

		if (!sign.wild)
			ret->text[ret->size++] = sign.c;
		else
			*wild = sign.c == '*' ? SIZE_MAX : *wild + 1;
	}
}

static bool includes(const struct value *pattern, const struct value *target)
{
	for (size_t i = 0; i + pattern->size <= target->size && i <= pattern->before; i++)
		if (!memcmp(target->text + i, pattern->text, pattern->size) && target->size - i - pattern->size <= pattern->after)
			return true;
	return false;
}

static enum tw_cpe_relation compare_texts(const struct tw_cpe *source, const struct tw_cpe *target, enum tw_cpe_attribute a)
{
	struct value s, t;

	take_apart(source, a, &s);
	take_apart(target, a, &t);
	if (!includes(&s, &t))
		return TW_CPE_DISJOINT;
	return tw_cpe_kind(source, a) == TW_CPE_WILD ? TW_CPE_SUPERSET : TW_CPE_EQUAL;
}

enum tw_cpe_relation tw_cpe_compare_attribute(const struct tw_cpe *source, const struct tw_cpe *target, enum tw_cpe_attribute a)
{
	/* 7696, table 6-2; TEXT and WILD against TEXT are looked at. */
	static const enum tw_cpe_relation relations[4][4] = {
		[TW_CPE_ANY] = { TW_CPE_EQUAL, TW_CPE_SUPERSET, TW_CPE_SUPERSET, TW_CPE_UNDEFINED },
		[TW_CPE_NA] = { TW_CPE_SUBSET, TW_CPE_EQUAL, TW_CPE_DISJOINT, TW_CPE_UNDEFINED },
		[TW_CPE_TEXT] = { TW_CPE_SUBSET, TW_CPE_DISJOINT, TW_CPE_EQUAL, TW_CPE_UNDEFINED },
		[TW_CPE_WILD] = { TW_CPE_SUBSET, TW_CPE_DISJOINT, TW_CPE_SUPERSET, TW_CPE_UNDEFINED },
	};
	enum tw_cpe_kind s = tw_cpe_kind(source, a), t = tw_cpe_kind(target, a);

	if (t == TW_CPE_TEXT && (s == TW_CPE_TEXT || s == TW_CPE_WILD))
		return compare_texts(source, target, a);
	return relations[s][t];
}

enum tw_cpe_relation tw_cpe_compare(const struct tw_cpe *source, const struct tw_cpe *target)
{
	bool seen[TW_CPE_UNDEFINED + 1] = { false };

	for (size_t a = 0; a < TW_CPE_ATTRIBUTES; a++)
		seen[tw_cpe_compare_attribute(source, target, (enum tw_cpe_attribute)a)] = true;
	if (seen[TW_CPE_DISJOINT])
		return TW_CPE_DISJOINT;
	if (seen[TW_CPE_UNDEFINED] || (seen[TW_CPE_SUBSET] && seen[TW_CPE_SUPERSET]))
		return TW_CPE_UNDEFINED;
	return seen[TW_CPE_SUBSET] ? TW_CPE_SUBSET : seen[TW_CPE_SUPERSET] ? TW_CPE_SUPERSET : TW_CPE_EQUAL;
}
