/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader that understands one spelling of each value, and a writer of exactly that one. README.md says why it is ours.
 *
 * The check keeps a small stack of what is open, in place of recursion: depth is the sender's to choose, the stack is not.
 */
#include "formats/cbor.h"

#include "base/text.h"

#include <string.h>

#define SIMPLE_FALSE 20
#define SIMPLE_TRUE 21
#define INFO_1_BYTE 24 /* 24, 25, 26, 27: the value follows in 1, 2, 4, 8 bytes */
#define INFO_8_BYTES 27

static tw_err malformed(const struct tw_cursor *c, const char *what)
{
	return TW_RAISE(SYNTAX, "CBOR at byte %zu: %s", tw_cursor_offset(c), what);
}

static tw_err follows(struct tw_cursor *c, unsigned info, uint64_t *ret)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < 1u << (info - INFO_1_BYTE); i++) {
		uint8_t byte;
		TW_TRY(tw_cursor_u8(c, &byte));
		v = v << 8 | byte;
	}
	const uint64_t shorter[] = { INFO_1_BYTE, 1ull << 8, 1ull << 16, 1ull << 32 };
	if (v < shorter[info - INFO_1_BYTE])
		return malformed(c, "not the shortest form");
	*ret = v;
	return TW_OK;
}

tw_err tw_cbor_head(struct tw_cursor *c, enum tw_cbor_major *ret_major, uint64_t *ret_value)
{
	struct tw_cursor at = *c;
	uint8_t first;
	TW_TRY(tw_cursor_u8(&at, &first));
	unsigned info = first & 31u;
	uint64_t value = info;
	*ret_major = (enum tw_cbor_major)(first >> 5);
	if (*ret_major == TW_CBOR_SIMPLE && info != SIMPLE_FALSE && info != SIMPLE_TRUE)
		return malformed(c, "neither true nor false");
	if (info > INFO_8_BYTES)
		return malformed(c, "no definite length");
	if (info >= INFO_1_BYTE)
		TW_TRY(follows(&at, info, &value));
	*ret_value = value;
	*c = at;
	return TW_OK;
}

static tw_err head_of(struct tw_cursor *c, enum tw_cbor_major major, const char *what, uint64_t *ret)
{
	struct tw_cursor at = *c;
	enum tw_cbor_major got;
	uint64_t value;
	TW_TRY(tw_cbor_head(&at, &got, &value));
	if (got != major)
		return malformed(c, what);
	*ret = value;
	*c = at;
	return TW_OK;
}

tw_err tw_cbor_array(struct tw_cursor *c, uint64_t *ret_count)
{
	return head_of(c, TW_CBOR_ARRAY, "no array", ret_count);
}

tw_err tw_cbor_map(struct tw_cursor *c, uint64_t *ret_count)
{
	return head_of(c, TW_CBOR_MAP, "no map", ret_count);
}

tw_err tw_cbor_tag(struct tw_cursor *c, uint64_t *ret_tag)
{
	return head_of(c, TW_CBOR_TAG, "no tag", ret_tag);
}

tw_err tw_cbor_int(struct tw_cursor *c, int64_t *ret)
{
	struct tw_cursor at = *c;
	enum tw_cbor_major major;
	uint64_t value;
	TW_TRY(tw_cbor_head(&at, &major, &value));
	if (major > TW_CBOR_NEGATIVE || value > INT64_MAX)
		return malformed(c, "no integer of 64 bits");
	*ret = major == TW_CBOR_UINT ? (int64_t)value : -1 - (int64_t)value;
	*c = at;
	return TW_OK;
}

static tw_err string(struct tw_cursor *c, enum tw_cbor_major major, const char *what, struct tw_slice *ret)
{
	struct tw_cursor at = *c;
	uint64_t size;
	TW_TRY(head_of(&at, major, what, &size));
	if (size > tw_cursor_left(&at))
		return malformed(c, "longer than what is left");
	TW_TRY(tw_cursor_slice(&at, (size_t)size, ret));
	*c = at;
	return TW_OK;
}

tw_err tw_cbor_bytes(struct tw_cursor *c, struct tw_slice *ret)
{
	return string(c, TW_CBOR_BYTES, "no byte string", ret);
}

tw_err tw_cbor_text(struct tw_cursor *c, struct tw_slice *ret)
{
	struct tw_cursor at = *c;
	struct tw_slice s;
	TW_TRY(string(&at, TW_CBOR_TEXT, "no text", &s));
	if (!tw_utf8_valid(s))
		return malformed(c, "not UTF-8");
	*ret = s;
	*c = at;
	return TW_OK;
}

tw_err tw_cbor_bool(struct tw_cursor *c, bool *ret)
{
	uint64_t value;
	TW_TRY(head_of(c, TW_CBOR_SIMPLE, "neither true nor false", &value));
	*ret = value == SIMPLE_TRUE;
	return TW_OK;
}

/* --- The whole document --- */

struct open {
	uint64_t left; /* items still to come */
	bool map;      /* then an even number of items is left where a key comes */
	struct tw_slice key;
};

/* RFC 8949 section 4.2.1: bytewise order of the encoded keys. No encoded item is the beginning of another. */
static bool rises(struct tw_slice a, struct tw_slice b)
{
	return memcmp(a.at, b.at, a.size < b.size ? a.size : b.size) < 0;
}

/* One item at c: the head, and the content of a string. Opens what has items inside. */
static tw_err item(struct tw_cursor *c, struct open *ret_inside, enum tw_cbor_major *ret_major)
{
	struct tw_cursor at = *c;
	struct tw_slice s;
	uint64_t value;
	TW_TRY(tw_cbor_head(&at, ret_major, &value));
	*ret_inside = (struct open){ 0 };
	switch (*ret_major) {
	case TW_CBOR_BYTES:
		return tw_cbor_bytes(c, &s);
	case TW_CBOR_TEXT:
		return tw_cbor_text(c, &s);
	case TW_CBOR_ARRAY:
	case TW_CBOR_TAG:
		ret_inside->left = *ret_major == TW_CBOR_TAG ? 1 : value;
		break;
	case TW_CBOR_MAP:
		if (value > UINT64_MAX / 2)
			return malformed(c, "longer than what is left");
		*ret_inside = (struct open){ .left = value * 2, .map = true };
		break;
	case TW_CBOR_UINT:
	case TW_CBOR_NEGATIVE:
	case TW_CBOR_SIMPLE:
		break;
	}
	if (ret_inside->left > tw_cursor_left(&at)) /* an item takes a byte at least */
		return malformed(c, "longer than what is left");
	*c = at;
	return TW_OK;
}

static tw_err key_check(struct open *in, const struct tw_cursor *before, const struct tw_cursor *after, enum tw_cbor_major major)
{
	struct tw_slice key = { (const char *)before->at, (size_t)(after->at - before->at) };
	if (major != TW_CBOR_UINT && major != TW_CBOR_NEGATIVE && major != TW_CBOR_TEXT)
		return malformed(before, "a key that is neither an integer nor a text");
	if (in->key.at && !rises(in->key, key))
		return malformed(before, "keys that do not rise, or one twice");
	in->key = key;
	return TW_OK;
}

tw_err tw_cbor_check(struct tw_slice data)
{
	struct tw_cursor c = tw_cursor_of(data.at, data.size);
	struct open stack[TW_CBOR_DEPTH + 1] = { { .left = 1 } };
	size_t depth = 0;
	for (;;) {
		while (depth > 0 && stack[depth].left == 0)
			depth--;
		if (stack[depth].left == 0)
			return tw_cursor_end(&c);
		struct tw_cursor before = c;
		struct open inside;
		enum tw_cbor_major major;
		bool key = stack[depth].map && stack[depth].left % 2 == 0;
		TW_TRY(item(&c, &inside, &major));
		if (key)
			TW_TRY(key_check(&stack[depth], &before, &c, major));
		stack[depth].left--;
		if (inside.left == 0)
			continue;
		if (depth == TW_CBOR_DEPTH)
			return TW_RAISE(LIMIT, "CBOR at byte %zu: nested deeper than %d", tw_cursor_offset(&c), TW_CBOR_DEPTH);
		stack[++depth] = inside;
	}
}

/* --- Writing --- */

tw_err tw_cbor_put_head(struct tw_buf *b, enum tw_cbor_major major, uint64_t value)
{
	uint8_t head[9];
	unsigned info = value < INFO_1_BYTE ? (unsigned)value
		: value < 1u << 8           ? INFO_1_BYTE
		: value < 1u << 16          ? INFO_1_BYTE + 1
		: value < 1ull << 32        ? INFO_1_BYTE + 2
					    : INFO_8_BYTES;
	size_t more = info < INFO_1_BYTE ? 0 : (size_t)1 << (info - INFO_1_BYTE);
	head[0] = (uint8_t)((unsigned)major << 5 | info);
	for (size_t i = 0; i < more; i++)
		head[1 + i] = (uint8_t)(value >> 8 * (more - 1 - i));
	return tw_buf_add(b, head, 1 + more);
}

tw_err tw_cbor_put_int(struct tw_buf *b, int64_t value)
{
	return value < 0 ? tw_cbor_put_head(b, TW_CBOR_NEGATIVE, (uint64_t)(-1 - value))
			 : tw_cbor_put_head(b, TW_CBOR_UINT, (uint64_t)value);
}

tw_err tw_cbor_put_bytes(struct tw_buf *b, const void *data, size_t size)
{
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_BYTES, size));
	return tw_buf_add(b, data, size);
}

tw_err tw_cbor_put_text(struct tw_buf *b, struct tw_slice text)
{
	TW_TRY(tw_cbor_put_head(b, TW_CBOR_TEXT, text.size));
	return tw_buf_add(b, text.at, text.size);
}

tw_err tw_cbor_put_bool(struct tw_buf *b, bool value)
{
	return tw_cbor_put_head(b, TW_CBOR_SIMPLE, value ? SIMPLE_TRUE : SIMPLE_FALSE);
}
