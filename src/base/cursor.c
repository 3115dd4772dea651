/* SPDX-License-Identifier: Apache-2.0 */
/* Every take goes through tw_cursor_slice, the one place that compares with the end. */
#include "base/cursor.h"

#include <string.h>

struct tw_cursor tw_cursor_of(const void *data, size_t size)
{
	const uint8_t *start = size ? data : (const uint8_t *)"";

	return (struct tw_cursor){ start, start, start + size };
}

size_t tw_cursor_left(const struct tw_cursor *c)
{
	return (size_t)(c->end - c->at);
}

size_t tw_cursor_offset(const struct tw_cursor *c)
{
	return (size_t)(c->at - c->start);
}

tw_err tw_cursor_slice(struct tw_cursor *c, size_t size, struct tw_slice *ret)
{
	if (size > tw_cursor_left(c))
		return TW_RAISE(SYNTAX, "ends too early: %zu bytes wanted at offset %zu, %zu left", size, tw_cursor_offset(c),
			tw_cursor_left(c));
	*ret = (struct tw_slice){ (const char *)c->at, size };
	c->at += size;
	return TW_OK;
}

tw_err tw_cursor_bytes(struct tw_cursor *c, void *ret, size_t size)
{
	struct tw_slice s;

	TW_TRY(tw_cursor_slice(c, size, &s));
	if (size)
		memcpy(ret, s.at, size);
	return TW_OK;
}

static tw_err take_number(struct tw_cursor *c, size_t size, uint64_t *ret)
{
	struct tw_slice s;
	uint64_t v = 0;

	TW_TRY(tw_cursor_slice(c, size, &s));
	for (size_t i = 0; i < size; i++)
		v = v << 8 | (uint8_t)s.at[i];
	*ret = v;
	return TW_OK;
}

tw_err tw_cursor_u8(struct tw_cursor *c, uint8_t *ret)
{
	uint64_t v;

	TW_TRY(take_number(c, 1, &v));
	*ret = (uint8_t)v;
	return TW_OK;
}

tw_err tw_cursor_u16(struct tw_cursor *c, uint16_t *ret)
{
	uint64_t v;

	TW_TRY(take_number(c, 2, &v));
	*ret = (uint16_t)v;
	return TW_OK;
}

tw_err tw_cursor_u32(struct tw_cursor *c, uint32_t *ret)
{
	uint64_t v;

	TW_TRY(take_number(c, 4, &v));
	*ret = (uint32_t)v;
	return TW_OK;
}

tw_err tw_cursor_u64(struct tw_cursor *c, uint64_t *ret)
{
	return take_number(c, 8, ret);
}

static tw_err take_block(struct tw_cursor *c, size_t length_size, size_t max, struct tw_slice *ret)
{
	struct tw_cursor at = *c; /* so that a refused block moves nothing */
	uint64_t size;

	TW_TRY(take_number(&at, length_size, &size));
	if (size > max)
		return TW_RAISE(LIMIT, "a block of %llu bytes at offset %zu, limit %zu", (unsigned long long)size,
			tw_cursor_offset(c), max);
	TW_TRY(tw_cursor_slice(&at, (size_t)size, ret));
	*c = at;
	return TW_OK;
}

tw_err tw_cursor_block16(struct tw_cursor *c, size_t max, struct tw_slice *ret)
{
	return take_block(c, 2, max, ret);
}

tw_err tw_cursor_block32(struct tw_cursor *c, size_t max, struct tw_slice *ret)
{
	return take_block(c, 4, max, ret);
}

tw_err tw_cursor_end(const struct tw_cursor *c)
{
	if (c->at != c->end)
		return TW_RAISE(SYNTAX, "%zu bytes too many at offset %zu", tw_cursor_left(c), tw_cursor_offset(c));
	return TW_OK;
}
