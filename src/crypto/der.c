/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER, checked value by value with a stack of ends instead of recursion. Each check cites the clause of X.690 it stands for.
 */
#include "crypto/der.h"

#include "base/text.h"

enum {
	BOOLEAN = 0x01,
	INTEGER = 0x02,
	BIT_STRING = 0x03,
	OCTET_STRING = 0x04,
	NOTHING = 0x05,
	OBJECT = 0x06,
	ENUMERATED = 0x0a,
	UTF8 = 0x0c,
	SEQUENCE = 0x30,
	SET = 0x31,
	PRINTABLE = 0x13,
	TELETEX = 0x14,
	IA5 = 0x16,
	UTC_TIME = 0x17,
	GENERAL_TIME = 0x18,
	UNIVERSAL = 0x1c,
	BMP = 0x1e,
	CONSTRUCTED = 0x20,
};

#define LENGTH_BYTES_MAX 3 /* 16 MB: no reader here takes as much */

struct value {
	uint8_t tag;
	const uint8_t *start, *at, *end; /* head, content, end of content */
};

struct level {
	const uint8_t *end;
	bool is_set;
	struct value before; /* the element before, in a SET */
};

/* 8.1.3, 10.1: definite, and in as few bytes as possible. */
bool tw_der_length(const uint8_t **at, const uint8_t *end, size_t *ret)
{
	size_t count, n = 0;

	if (*at >= end)
		return false;
	uint8_t first = *(*at)++;
	if (first < 0x80) {
		*ret = first;
		return true;
	}
	count = first & 0x7f;
	if (count == 0 || count > LENGTH_BYTES_MAX || (size_t)(end - *at) < count || **at == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		n = n << 8 | *(*at)++;
	*ret = n;
	return n >= 0x80;
}

static bool read_value(const uint8_t *at, const uint8_t *end, struct value *ret)
{
	size_t size;

	if (at >= end || (*at & 0x1f) == 0x1f) /* tags beyond 30 */
		return false;
	ret->start = at;
	ret->tag = *at++;
	if (!tw_der_length(&at, end, &size) || (size_t)(end - at) < size)
		return false;
	ret->at = at;
	ret->end = at + size;
	return true;
}

/* 8.3.2: the first nine bits are neither all zero nor all one. */
static bool integer_good(const struct value *v)
{
	if (v->end == v->at)
		return false;
	return v->end - v->at == 1 || !((v->at[0] == 0 && !(v->at[1] & 0x80)) || (v->at[0] == 0xff && (v->at[1] & 0x80)));
}

/* 8.6.2, 11.2.1: unused bits are zero. */
static bool bits_good(const struct value *v)
{
	if (v->end == v->at || v->at[0] > 7)
		return false;
	return v->end - v->at == 1 ? v->at[0] == 0 : (v->end[-1] & ((1 << v->at[0]) - 1)) == 0;
}

/* 8.19.2: whole numbers, none beginning with a needless zero. */
static bool object_good(const struct value *v)
{
	bool begins = true;

	for (const uint8_t *p = v->at; p < v->end; p++) {
		if (begins && *p == 0x80)
			return false;
		begins = !(*p & 0x80);
	}
	return v->end > v->at && begins;
}

/* RFC 5280 section 4.1.2.5: YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ. Whether there is such a day, OpenSSL says. */
static bool time_good(const struct value *v, ptrdiff_t digits)
{
	if (v->end - v->at != digits + 1 || v->end[-1] != 'Z')
		return false;
	for (const uint8_t *p = v->at; p < v->end - 1; p++)
		if (*p < '0' || *p > '9')
			return false;
	return true;
}

static bool printable_good(const struct value *v)
{
	for (const uint8_t *p = v->at; p < v->end; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?", *p) || *p == 0)
			return false;
	return true;
}

static bool ascii_good(const struct value *v)
{
	for (const uint8_t *p = v->at; p < v->end; p++)
		if (*p >= 0x80 || *p == 0)
			return false;
	return true;
}

static bool text_good(const struct value *v)
{
	return tw_utf8_valid((struct tw_slice){ (const char *)v->at, (size_t)(v->end - v->at) });
}

static bool primitive_good(const struct value *v)
{
	switch (v->tag) {
	case BOOLEAN: /* 11.1, and 11.5: a default is not written */
		return v->end - v->at == 1 && v->at[0] == 0xff;
	case INTEGER:
	case ENUMERATED:
		return integer_good(v);
	case BIT_STRING:
		return bits_good(v);
	case NOTHING:
		return v->end == v->at;
	case OBJECT:
		return object_good(v);
	case UTF8:
		return text_good(v);
	case PRINTABLE:
		return printable_good(v);
	case IA5:
		return ascii_good(v);
	case UTC_TIME:
		return time_good(v, 12);
	case GENERAL_TIME:
		return time_good(v, 14);
	case BMP:
		return (v->end - v->at) % 2 == 0;
	case UNIVERSAL:
		return (v->end - v->at) % 4 == 0;
	case OCTET_STRING:
	case TELETEX:
		return true;
	default: /* of the universal class nothing else occurs in X.509, and not BER's end of contents; what a context tag holds, its type says */
		return (v->tag & 0xc0) != 0;
	}
}

/* 8.14: of the universal class, SEQUENCE and SET have parts and nothing else has (10.2: no strings in pieces). No SET of X.509 is empty. */
static bool has_parts(const struct value *v, bool *ret)
{
	*ret = v->tag & CONSTRUCTED;
	return !*ret || v->tag == SEQUENCE || (v->tag == SET && v->end > v->at) || (v->tag & 0xc0) != 0;
}

/* 11.6: the elements of a SET OF ascend; two alike are one too many. One that begins another says its length, so it is the same. */
static bool in_order(struct level *l, const struct value *v)
{
	if (!l->is_set)
		return true;
	if (l->before.start) {
		size_t a = (size_t)(l->before.end - l->before.start), b = (size_t)(v->end - v->start);

		if (memcmp(l->before.start, v->start, a < b ? a : b) >= 0)
			return false;
	}
	l->before = *v;
	return true;
}

static tw_err bad(struct tw_slice der, const uint8_t *at)
{
	return TW_RAISE(SYNTAX, "not DER at byte %zu", (size_t)(at - (const uint8_t *)der.at));
}

tw_err tw_der_exact(struct tw_slice der)
{
	struct level levels[TW_DER_DEPTH];
	const uint8_t *at = (const uint8_t *)der.at, *end = at + der.size;
	struct value v;
	size_t depth = 0;
	bool parts;

	do {
		const uint8_t *limit = depth ? levels[depth - 1].end : end;

		if (!read_value(at, limit, &v) || !has_parts(&v, &parts) || (!parts && !primitive_good(&v)))
			return bad(der, at);
		if (depth && !in_order(&levels[depth - 1], &v))
			return bad(der, at);
		if (parts && depth == TW_DER_DEPTH)
			return TW_RAISE(LIMIT, "nested deeper than %d", TW_DER_DEPTH);
		at = parts ? v.at : v.end;
		if (parts)
			levels[depth++] = (struct level){ .end = v.end, .is_set = v.tag == SET };
		while (depth && at == levels[depth - 1].end)
			depth--;
	} while (depth);
	return at == end ? TW_OK : bad(der, at);
}
