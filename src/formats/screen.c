/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/screen.h"

#include "base/text.h"

struct tw_slice tw_screen_cut(struct tw_slice *s)
{
	const char *end = memchr(s->at, '\n', s->size);
	struct tw_slice line = { s->at, end ? (size_t)(end - s->at) : s->size };
	size_t taken = line.size + (end != NULL);

	*s = (struct tw_slice){ s->at + taken, s->size - taken };
	return line;
}

/* How many bytes of it a line has room for. */
static tw_err fit(struct tw_slice line, size_t columns, size_t *ret)
{
	size_t at = 0, size;

	for (size_t wide = 0; at < line.size; at += size) {
		size = tw_utf8_size((struct tw_slice){ line.at + at, line.size - at });
		if (size == 0)
			return TW_RAISE(SYNTAX, "byte %zu of a line is not UTF-8", at);
		wide += size >= TW_SCREEN_WIDE_FROM ? 2 : 1;
		if (wide > columns)
			break;
	}
	*ret = at;
	return TW_OK;
}

/* The part of it for one line; the rest is left in s. */
static tw_err part(struct tw_slice *s, size_t columns, struct tw_slice *ret)
{
	size_t size = 0, taken;

	TW_TRY(fit(*s, columns, &size));
	taken = size;
	for (size_t at = size; size < s->size && at > 0; at--)
		if (s->at[at] == ' ') {
			size = at;
			taken = at + 1;
			break;
		}
	*ret = (struct tw_slice){ s->at, size };
	*s = (struct tw_slice){ s->at + taken, s->size - taken };
	return TW_OK;
}

tw_err tw_screen_wrap(struct tw_slice text, const struct tw_screen *screen, struct tw_buf *ret, size_t *ret_pages)
{
	size_t count = 0;

	while (text.size > 0) {
		struct tw_slice line = tw_screen_cut(&text), one;

		do {
			TW_TRY(part(&line, screen->columns, &one));
			if (count)
				TW_TRY(tw_buf_u8(ret, count % screen->lines ? '\n' : '\f'));
			TW_TRY(tw_buf_add(ret, one.at, one.size));
			count++;
		} while (line.size > 0);
	}
	*ret_pages = (count + screen->lines - 1) / screen->lines;
	return TW_OK;
}
