/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, hex, base64 and UTF-8. What two readers could take differently is refused: no sign, no blank, no leading zero, no
 * base64 whose unused bits are set, no overlong UTF-8. So a text has one value and a value has one text (hex apart, where both
 * cases are read and lower case is written).
 */
#include "base/text.h"

#include <stdint.h>

tw_err tw_parse_u64(struct tw_slice s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.size == 0)
		return TW_RAISE(SYNTAX, "a number is missing");
	if (s.size > 1 && s.at[0] == '0')
		return TW_RAISE(SYNTAX, "a number with a leading zero");
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] < '0' || s.at[i] > '9')
			return TW_RAISE(SYNTAX, "not a decimal number: byte %zu", i);
	for (size_t i = 0; i < s.size; i++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(s.at[i] - '0'), &v) || v > max)
			return TW_RAISE(LIMIT, "a number above %llu", (unsigned long long)max);
	*ret = v;
	return TW_OK;
}

int tw_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

tw_err tw_parse_hex(struct tw_slice s, void *ret, size_t size)
{
	uint8_t *bytes = ret;

	if (s.size % 2 != 0 || s.size / 2 != size)
		return TW_RAISE(SYNTAX, "%zu hex digits where %zu are wanted", s.size, size * 2);
	for (size_t i = 0; i < s.size; i++)
		if (tw_hex_value(s.at[i]) < 0)
			return TW_RAISE(SYNTAX, "not a hex digit: byte %zu", i);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(tw_hex_value(s.at[2 * i]) << 4 | tw_hex_value(s.at[2 * i + 1]));
	return TW_OK;
}

static int base64_value(char c, const char tail[2])
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == tail[0])
		return 62;
	return c == tail[1] ? 63 : -1;
}

/* s without padding. ret is written only when all of s is good. */
static tw_err parse_base64(struct tw_slice s, const char tail[2], size_t max, uint8_t *ret, size_t *ret_size)
{
	size_t size = s.size / 4 * 3 + (s.size % 4 ? s.size % 4 - 1 : 0), n = 0;
	uint32_t bits = 0;
	unsigned count = 0;

	if (s.size % 4 == 1)
		return TW_RAISE(SYNTAX, "base64 of an impossible length");
	if (size > max)
		return TW_RAISE(LIMIT, "base64 of %zu bytes, limit %zu", size, max);
	for (size_t i = 0; i < s.size; i++)
		if (base64_value(s.at[i], tail) < 0)
			return TW_RAISE(SYNTAX, "not a base64 character: byte %zu", i);
	if (s.size % 4 != 0 && base64_value(s.at[s.size - 1], tail) & (s.size % 4 == 2 ? 15 : 3))
		return TW_RAISE(SYNTAX, "base64 with unused bits set");
	for (size_t i = 0; i < s.size; i++) {
		bits = bits << 6 | (uint32_t)base64_value(s.at[i], tail);
		count += 6;
		if (count >= 8) {
			count -= 8;
			ret[n++] = (uint8_t)(bits >> count);
		}
	}
	*ret_size = n;
	return TW_OK;
}

tw_err tw_parse_base64url(struct tw_slice s, size_t max, void *ret, size_t *ret_size)
{
	return parse_base64(s, "-_", max, ret, ret_size);
}

tw_err tw_parse_base64(struct tw_slice s, size_t max, void *ret, size_t *ret_size)
{
	if (s.size % 4 != 0)
		return TW_RAISE(SYNTAX, "base64 without its padding");
	for (int i = 0; i < 2 && s.size && s.at[s.size - 1] == '='; i++)
		s.size--;
	return parse_base64(s, "+/", max, ret, ret_size);
}

/* RFC 3629: what a lead byte asks for, and the bounds of the byte after it, which exclude overlong forms and surrogates. */
static const struct {
	uint8_t lead_from, lead_to, next_from, next_to;
	size_t size;
} utf8_rows[] = {
	{ 0x01, 0x7f, 0, 0, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

size_t tw_utf8_size(struct tw_slice s)
{
	const uint8_t *b = (const uint8_t *)s.at;
	size_t row = 0;

	if (s.size == 0)
		return 0;
	while (row < sizeof utf8_rows / sizeof *utf8_rows && (b[0] < utf8_rows[row].lead_from || b[0] > utf8_rows[row].lead_to))
		row++;
	if (row == sizeof utf8_rows / sizeof *utf8_rows || s.size < utf8_rows[row].size)
		return 0;
	if (utf8_rows[row].size > 1 && (b[1] < utf8_rows[row].next_from || b[1] > utf8_rows[row].next_to))
		return 0;
	for (size_t i = 2; i < utf8_rows[row].size; i++)
		if (b[i] < 0x80 || b[i] > 0xbf)
			return 0;
	return utf8_rows[row].size;
}

/* How many bytes from here on are ASCII without NUL, eight at a time: the audit log's records are looked through at each start. */
static size_t plain_run(struct tw_slice s)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
	size_t at = 0;

	for (uint64_t eight; s.size - at >= sizeof eight; at += sizeof eight) {
		memcpy(&eight, s.at + at, sizeof eight);
		if ((eight | (eight - ones)) & tops) /* a top bit, or one borrowed by a NUL */
			break;
	}
	return at;
}

bool tw_utf8_valid(struct tw_slice s)
{
	for (size_t i = 0, size; i < s.size; i += size) {
		size = plain_run((struct tw_slice){ s.at + i, s.size - i });
		if (size > 0)
			continue;
		size = tw_utf8_size((struct tw_slice){ s.at + i, s.size - i });
		if (size == 0)
			return false;
	}
	return true;
}

void tw_utf8_mend(char *text)
{
	struct tw_slice left = tw_slice_of(text);

	while (left.size > 0) {
		size_t size = tw_utf8_size(left);

		if (size == 0)
			text[left.at - text] = '?';
		size += size == 0;
		left = (struct tw_slice){ left.at + size, left.size - size };
	}
}

/*
 * C0, DEL, C1 (in UTF-8: C2 80..C2 9F), and the characters that reorder or break a line of text: U+2028, U+2029, U+202A..U+202E,
 * U+2066..U+2069. A name holding those can show something else than it is.
 */
static bool is_control(const uint8_t *b, size_t size)
{
	if (size == 1)
		return b[0] < 0x20 || b[0] == 0x7f;
	if (size == 2)
		return b[0] == 0xc2 && b[1] <= 0x9f;
	if (size == 3 && b[0] == 0xe2 && b[1] == 0x80)
		return b[2] >= 0xa8 && b[2] <= 0xae;
	return size == 3 && b[0] == 0xe2 && b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9;
}

bool tw_text_printable(struct tw_slice s)
{
	for (size_t i = 0, size; i < s.size; i += size) {
		size = tw_utf8_size((struct tw_slice){ s.at + i, s.size - i });
		if (size == 0 || is_control((const uint8_t *)s.at + i, size))
			return false;
	}
	return true;
}

bool tw_text_mend(char *text, size_t size)
{
	bool found = false;

	for (size_t i = 0, used; i < size; i += used) {
		used = tw_utf8_size((struct tw_slice){ text + i, size - i });
		used += used == 0;
		if (tw_text_printable((struct tw_slice){ text + i, used }))
			continue;
		found = true;
		if (used == 3)
			memcpy(text + i, "\xef\xbf\xbd", 3);
		else
			memset(text + i, '?', used);
	}
	return found;
}

bool tw_equal_secret(const void *a, const void *b, size_t size)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference = (uint8_t)(difference | (x[i] ^ y[i]));
	return difference == 0;
}
