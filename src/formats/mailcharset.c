/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/mailcharset.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define NO_CHARACTER 0xfffd

static const struct tw_mail_charset *find(struct tw_slice name)
{
	static const char *const same[][2] = { { "latin1", "iso-8859-1" }, { "iso8859-1", "iso-8859-1" }, { "iso_8859-1", "iso-8859-1" },
		{ "cp1252", "windows-1252" }, { "latin-9", "iso-8859-15" }, { "tis-620", "windows-874" } };

	for (size_t i = 0; i < TW_COUNT(same); i++)
		if (tw_slice_is_nocase(name, same[i][0]))
			name = tw_slice_of(same[i][1]);
	for (const struct tw_mail_charset *c = tw_mail_charsets; c->name; c++)
		if (tw_slice_is_nocase(name, c->name))
			return c;
	return NULL;
}

static tw_err put(struct tw_buf *b, uint32_t code, bool *cut)
{
	char c[3];
	size_t n = 0;

	if (code < 0x80) {
		c[n++] = (char)code;
	} else if (code < 0x800) {
		c[n++] = (char)(0xc0 | code >> 6);
		c[n++] = (char)(0x80 | (code & 0x3f));
	} else {
		c[n++] = (char)(0xe0 | code >> 12);
		c[n++] = (char)(0x80 | (code >> 6 & 0x3f));
		c[n++] = (char)(0x80 | (code & 0x3f));
	}
	*cut = *cut || b->size + n > b->max;
	return *cut ? TW_OK : tw_buf_add(b, c, n);
}

/* A character that UTF-8 itself has as a control character of the upper half is none either: U+0080 to U+009F are C2 80 to C2 9F. */
static size_t whole(struct tw_slice rest)
{
	const size_t size = tw_utf8_size(rest);

	return size == 2 && (uint8_t)rest.at[0] == 0xc2 && (uint8_t)rest.at[1] < 0xa0 ? 0 : size;
}

/* What stands at i that is beyond ASCII; *ret_size: of how many bytes it was made. */
static tw_err put_upper(const struct tw_mail_charset *set, struct tw_slice rest, struct tw_buf *b, bool *lossy, bool *cut, size_t *ret_size)
{
	const size_t size = set ? 0 : whole(rest);

	*ret_size = size ? size : 1;
	if (size) {
		*cut = *cut || b->size + size > b->max;
		return *cut ? TW_OK : tw_buf_add(b, rest.at, size);
	}
	const uint32_t code = set ? set->upper[(uint8_t)rest.at[0] - 0x80] : NO_CHARACTER;
	*lossy = *lossy || code == NO_CHARACTER;
	return put(b, code, cut);
}

/* A line ends in CRLF, LF or CR. */
static bool shown(struct tw_slice bytes, size_t i)
{
	const char c = bytes.at[i];

	if (c == '\r')
		return i + 1 == bytes.size || bytes.at[i + 1] != '\n';
	return c == '\n' || c == '\t' || ((unsigned char)c >= ' ' && c != 0x7f);
}

tw_err tw_mail_to_utf8(struct tw_slice charset, struct tw_slice bytes, struct tw_buf *ret, bool *lossy, bool *cut)
{
	const struct tw_mail_charset *set = find(charset);
	const bool utf8 = charset.size == 0 || tw_slice_is_nocase(charset, "utf-8") || tw_slice_is_nocase(charset, "us-ascii");
	size_t size = 1;

	for (size_t i = 0; i < bytes.size && !*cut; i += size) {
		size = 1;
		if ((uint8_t)bytes.at[i] < 0x80) {
			if (shown(bytes, i))
				TW_TRY(put(ret, bytes.at[i] == '\r' ? '\n' : (uint8_t)bytes.at[i], cut));
			continue;
		}
		const struct tw_slice rest = { bytes.at + i, set || utf8 ? bytes.size - i : 0 };
		if (rest.size) {
			TW_TRY(put_upper(set, rest, ret, lossy, cut, &size));
		} else {
			*lossy = true;
			TW_TRY(put(ret, NO_CHARACTER, cut));
		}
	}
	return TW_OK;
}
