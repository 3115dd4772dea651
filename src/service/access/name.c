/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/name.h"

#include "base/text.h"

#define WORD_MAX 32

/* Characters that do not show, or change how those beside them look: two names of different bytes could look the same. */
static const struct range {
	uint32_t from, to;
} unseen[] = { { 0xa0, 0xa0 }, { 0xad, 0xad }, { 0x300, 0x36f }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 },
	{ 0x180b, 0x180f }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x2000, 0x200f }, { 0x2028, 0x202f }, { 0x205f, 0x206f },
	{ 0x20d0, 0x20ff }, { 0x3000, 0x3000 }, { 0x3164, 0x3164 }, { 0xe000, 0xf8ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
	{ 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xffff }, { 0xe0000, 0x10ffff } };

/* Capital letters and how far away the small one is. step 2: only every second is a capital, beginning with the first. */
static const struct fold {
	uint32_t from, to;
	int32_t by;
	uint32_t step;
} folds[] = { { 0x41, 0x5a, 32, 1 }, { 0xc0, 0xd6, 32, 1 }, { 0xd8, 0xde, 32, 1 }, { 0x100, 0x12e, 1, 2 },
	{ 0x130, 0x130, -199, 1 }, { 0x132, 0x136, 1, 2 }, { 0x139, 0x147, 1, 2 }, { 0x14a, 0x176, 1, 2 },
	{ 0x178, 0x178, -121, 1 }, { 0x179, 0x17d, 1, 2 }, { 0x18f, 0x18f, 202, 1 }, { 0x1a0, 0x1a4, 1, 2 }, { 0x1af, 0x1af, 1, 1 },
	{ 0x1cd, 0x1db, 1, 2 }, { 0x1de, 0x1ee, 1, 2 }, { 0x1f8, 0x21e, 1, 2 }, { 0x222, 0x232, 1, 2 }, { 0x386, 0x386, 38, 1 },
	{ 0x388, 0x38a, 37, 1 }, { 0x38c, 0x38c, 64, 1 }, { 0x38e, 0x38f, 63, 1 }, { 0x391, 0x3a1, 32, 1 }, { 0x3a3, 0x3ab, 32, 1 },
	{ 0x3c2, 0x3c2, 1, 1 }, { 0x400, 0x40f, 80, 1 }, { 0x410, 0x42f, 32, 1 }, { 0x460, 0x480, 1, 2 }, { 0x48a, 0x4be, 1, 2 },
	{ 0x4c1, 0x4cd, 1, 2 }, { 0x4d0, 0x52e, 1, 2 }, { 0x531, 0x556, 48, 1 }, { 0x1e00, 0x1e94, 1, 2 },
	{ 0x1e9e, 0x1e9e, -7615, 1 }, { 0x1ea0, 0x1efe, 1, 2 }, { 0xff21, 0xff3a, 32, 1 } };

/* Of valid text only. Returns the bytes it took. */
static size_t take(const char *at, uint32_t *ret)
{
	size_t size = tw_utf8_size(tw_slice_of(at));
	uint32_t c = (uint8_t)at[0];

	if (size > 1)
		c &= 0x7fU >> size;
	for (size_t i = 1; i < size; i++)
		c = c << 6 | ((uint8_t)at[i] & 0x3fU);
	*ret = c;
	return size;
}

static char *put(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c >= 0x10000)
		*to++ = (char)(0xf0 | c >> 18);
	if (c >= 0x800)
		*to++ = (char)(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12);
	*to++ = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
	*to++ = (char)(0x80 | (c & 0x3f));
	return to;
}

static bool shows(uint32_t c)
{
	for (size_t i = 0; i < TW_COUNT(unseen); i++)
		if (c >= unseen[i].from && c <= unseen[i].to)
			return false;
	return true;
}

bool tw_account_name_valid(const char *name)
{
	size_t size = strlen(name);
	uint32_t c = 0;

	if (size == 0 || size > TW_ACCOUNT_NAME_MAX || !tw_text_printable(tw_slice_of(name)) || name[0] == ' ' || name[size - 1] == ' ')
		return false;
	while (*name) {
		name += take(name, &c);
		if (!shows(c))
			return false;
	}
	return true;
}

static uint32_t fold(uint32_t c)
{
	for (size_t i = 0; i < TW_COUNT(folds); i++) {
		const struct fold *f = &folds[i];

		if (c >= f->from && c <= f->to)
			return (c - f->from) % f->step == 0 ? (uint32_t)((int32_t)c + f->by) : c;
	}
	return c;
}

void tw_account_name_fold(const char *name, char ret[TW_ACCOUNT_NAME_MAX + 1])
{
	uint32_t c = 0;

	while (*name) {
		name += take(name, &c);
		ret = put(ret, fold(c));
	}
	*ret = '\0';
}

bool tw_account_word_valid(const char *word)
{
	size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n <= WORD_MAX && word[n] == '\0' && word[0] >= 'a'; /* of those characters only letters are as large; the NUL is not */
}
