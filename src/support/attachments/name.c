/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is called, and said to be, as it is kept: text that cannot do anything where it is shown or stored. */
#include "base/text.h"
#include "support/attachments/attachments.h"

#include <string.h>

#define NOTHING "file"
#define BYTES "application/octet-stream"

/* The code point of a whole valid character. */
static uint32_t point_of(const char *at, size_t size)
{
	static const uint8_t first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t c = (uint8_t)at[0] & first[size];

	for (size_t i = 1; i < size; i++)
		c = c << 6 | ((uint8_t)at[i] & 0x3f);
	return c;
}

/* Controls, what turns text round or joins it unseen, and what names drives, folders and streams or opens a quote. */
static bool shown(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} hidden[] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f },
		{ 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xfff0, 0xfffb },
		{ 0xe0000, 0x10ffff } };

	for (size_t i = 0; i < TW_COUNT(hidden); i++)
		if (c >= hidden[i].from && c <= hidden[i].to)
			return false;
	return c > 0x7f || !strchr("\"%*:<>?|;", (int)c);
}

static struct tw_slice last_segment(struct tw_slice s)
{
	for (size_t i = s.size; i > 0; i--)
		if (s.at[i - 1] == '/' || s.at[i - 1] == '\\')
			return (struct tw_slice){ s.at + i, s.size - i };
	return s;
}

void tw_attachment_name(struct tw_slice sent, char ret[TW_ATTACHMENT_NAME + 1])
{
	struct tw_slice s = last_segment(sent);
	size_t n = 0;

	while (s.size) {
		const size_t size = tw_utf8_size(s), step = size ? size : 1;
		const bool good = size && shown(point_of(s.at, size));
		const bool leading = n == 0 && (s.at[0] == '.' || s.at[0] == ' ' || s.at[0] == '-');

		if (n + step > TW_ATTACHMENT_NAME)
			break;
		if (good && !leading)
			memcpy(ret + n, s.at, size);
		else
			ret[n] = '_';
		n += good && !leading ? size : 1;
		s = (struct tw_slice){ s.at + step, s.size - step };
	}
	while (n && (ret[n - 1] == ' ' || ret[n - 1] == '.'))
		n--;
	ret[n] = '\0';
	if (!n)
		memcpy(ret, NOTHING, sizeof NOTHING);
}

static bool is_type(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789!#$&^_.+-";
	const size_t major = strspn(text, letters);

	if (!major || text[major] != '/')
		return false;
	const size_t minor = strspn(text + major + 1, letters);
	return minor && !text[major + 1 + minor];
}

void tw_attachment_type(struct tw_slice sent, char ret[TW_ATTACHMENT_TYPE + 1])
{
	const char *end = memchr(sent.size ? sent.at : "", ';', sent.size); /* parameters are nobody's here */
	size_t size = end ? (size_t)(end - sent.at) : sent.size;

	while (size && sent.at[size - 1] == ' ')
		size--;
	if (size <= TW_ATTACHMENT_TYPE) {
		for (size_t i = 0; i < size; i++)
			ret[i] = (char)(sent.at[i] >= 'A' && sent.at[i] <= 'Z' ? sent.at[i] - 'A' + 'a' : sent.at[i]);
		ret[size] = '\0';
	}
	if (size > TW_ATTACHMENT_TYPE || !is_type(ret))
		memcpy(ret, BYTES, sizeof BYTES);
}
