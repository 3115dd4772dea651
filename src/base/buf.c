/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Growth by doubling up to the maximum, and the few encodings that everything here writes. Every append either adds all of its
 * bytes or leaves the buffer as it was: the ones made of several steps go back to where they began.
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIRST_CAPACITY 64

struct tw_slice tw_slice_of(const char *text)
{
	return text ? (struct tw_slice){ text, strlen(text) } : (struct tw_slice){ "", 0 };
}

bool tw_slice_is(struct tw_slice s, const char *text)
{
	size_t length = strlen(text);

	return s.size == length && (length == 0 || memcmp(s.at, text, length) == 0);
}

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool tw_slice_is_nocase(struct tw_slice s, const char *text)
{
	if (s.size != strlen(text))
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (lower(s.at[i]) != lower(text[i]))
			return false;
	return true;
}

void tw_buf_init(struct tw_buf *b, const struct tw_sys *sys, size_t max)
{
	*b = (struct tw_buf){ .sys = sys, .max = max };
}

void tw_buf_done(struct tw_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->size = b->capacity = 0;
}

void tw_buf_wipe(struct tw_buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	tw_buf_done(b);
}

void tw_buf_clear(struct tw_buf *b)
{
	b->size = 0;
	if (b->data)
		b->data[0] = '\0';
}

/* Room for size more bytes and the NUL after them. */
tw_err tw_buf_reserve(struct tw_buf *b, size_t size)
{
	size_t wanted, capacity = b->capacity ? b->capacity : FIRST_CAPACITY;
	char *data;

	if (__builtin_add_overflow(b->size, size, &wanted) || wanted > b->max || wanted == SIZE_MAX)
		return TW_RAISE(LIMIT, "more than %zu bytes", b->max);
	if (wanted < b->capacity)
		return TW_OK;
	while (capacity <= wanted)
		capacity = capacity > SIZE_MAX / 2 ? SIZE_MAX : capacity * 2;
	if (capacity > b->max && b->max < SIZE_MAX)
		capacity = b->max + 1;
	data = b->sys->resize(b->sys, b->data, capacity);
	if (!data)
		return TW_RAISE(NOMEM, "buffer of %zu bytes", capacity);
	b->data = data;
	b->capacity = capacity;
	b->data[b->size] = '\0';
	return TW_OK;
}

tw_err tw_buf_add(struct tw_buf *b, const void *data, size_t size)
{
	if (size == 0)
		return TW_OK;
	TW_TRY(tw_buf_reserve(b, size));
	memcpy(b->data + b->size, data, size);
	b->size += size;
	b->data[b->size] = '\0';
	return TW_OK;
}

tw_err tw_buf_text(struct tw_buf *b, const char *text)
{
	return tw_buf_add(b, text, strlen(text));
}

tw_err tw_buf_format(struct tw_buf *b, const char *format, ...)
{
	va_list args;
	int size;

	va_start(args, format);
	size = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (size < 0)
		return TW_RAISE(INTERNAL, "format '%s'", format);
	if (size == 0)
		return TW_OK;
	TW_TRY(tw_buf_reserve(b, (size_t)size));
	va_start(args, format);
	(void)vsnprintf(b->data + b->size, (size_t)size + 1, format, args);
	va_end(args);
	b->size += (size_t)size;
	return TW_OK;
}

/* The low `size` bytes of v, the highest first. */
static tw_err add_number(struct tw_buf *b, uint64_t v, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(v >> (8 * (size - 1 - i)));
	return tw_buf_add(b, bytes, size);
}

tw_err tw_buf_u8(struct tw_buf *b, uint8_t v)
{
	return add_number(b, v, 1);
}

tw_err tw_buf_u16(struct tw_buf *b, uint16_t v)
{
	return add_number(b, v, 2);
}

tw_err tw_buf_u32(struct tw_buf *b, uint32_t v)
{
	return add_number(b, v, 4);
}

tw_err tw_buf_u64(struct tw_buf *b, uint64_t v)
{
	return add_number(b, v, 8);
}

static tw_err add_block(struct tw_buf *b, const void *data, size_t size, size_t length_size, size_t limit)
{
	size_t total;

	if (size > limit || __builtin_add_overflow(size, length_size, &total))
		return TW_RAISE(LIMIT, "a block of %zu bytes, limit %zu", size, limit);
	TW_TRY(tw_buf_reserve(b, total));
	TW_TRY(add_number(b, size, length_size));
	return tw_buf_add(b, data, size);
}

tw_err tw_buf_block16(struct tw_buf *b, const void *data, size_t size)
{
	return add_block(b, data, size, 2, UINT16_MAX);
}

tw_err tw_buf_block32(struct tw_buf *b, const void *data, size_t size)
{
	return add_block(b, data, size, 4, UINT32_MAX);
}

tw_err tw_buf_hex(struct tw_buf *b, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	size_t total;

	if (__builtin_mul_overflow(size, 2, &total))
		return TW_RAISE(LIMIT, "more than %zu bytes", b->max);
	TW_TRY(tw_buf_reserve(b, total));
	if (size == 0)
		return TW_OK;
	for (size_t i = 0; i < size; i++) {
		b->data[b->size++] = digits[bytes[i] >> 4];
		b->data[b->size++] = digits[bytes[i] & 15];
	}
	b->data[b->size] = '\0';
	return TW_OK;
}

static tw_err add_base64(struct tw_buf *b, const void *data, size_t size, const char digits[65])
{
	const uint8_t *bytes = data;
	uint32_t bits = 0;
	unsigned count = 0;

	if (size > SIZE_MAX / 2)
		return TW_RAISE(LIMIT, "more than %zu bytes", b->max);
	TW_TRY(tw_buf_reserve(b, size / 3 * 4 + (size % 3 ? size % 3 + 1 : 0)));
	if (size == 0)
		return TW_OK;
	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 6; count -= 6)
			b->data[b->size++] = digits[bits >> (count - 6) & 63];
	}
	if (count)
		b->data[b->size++] = digits[bits << (6 - count) & 63];
	b->data[b->size] = '\0';
	return TW_OK;
}

tw_err tw_buf_base64url(struct tw_buf *b, const void *data, size_t size)
{
	return add_base64(b, data, size, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
}

tw_err tw_buf_base64(struct tw_buf *b, const void *data, size_t size)
{
	TW_TRY(add_base64(b, data, size, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));
	return size % 3 ? tw_buf_text(b, size % 3 == 1 ? "==" : "=") : TW_OK;
}

const char *tw_buf_cstr(const struct tw_buf *b)
{
	return b->data ? b->data : "";
}

char *tw_buf_take(struct tw_buf *b)
{
	char *data = b->size ? b->data : NULL;

	if (!data)
		free(b->data);
	b->data = NULL;
	b->size = b->capacity = 0;
	return data;
}

struct tw_slice tw_buf_slice(const struct tw_buf *b)
{
	return (struct tw_slice){ tw_buf_cstr(b), b->size };
}
