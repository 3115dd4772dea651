/* SPDX-License-Identifier: Apache-2.0 */
#include "service/watch/watch-wire.h"

#include "base/cursor.h"

const struct tw_channel_row tw_rows_watch_from_core[] = {
	{ TW_WATCH_LOOK, 0, 4, 4, "look" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_watch[] = {
	{ TW_WATCH_SEEN, 0, 1, 1 + TW_WATCH_SEEN_MAX, "seen" },
	{ TW_WATCH_CHANGED, 0, 0, 0, "changed" },
	{ TW_WATCH_FAILED, 0, 0, TW_DETAIL_MAX, "failed" },
	{ 0 },
};
const char *const tw_watch_kinds[TW_WATCH_KINDS] = {
	"",
	[TW_WATCH_LINK] = "link",
	[TW_WATCH_SOCKET] = "socket",
	[TW_WATCH_RADIO] = "radio",
	[TW_WATCH_BLUETOOTH] = "bluetooth",
	[TW_WATCH_USB] = "usb",
	[TW_WATCH_SERIAL] = "serial",
	[TW_WATCH_CAMERA] = "camera",
	[TW_WATCH_MICROPHONE] = "microphone",
	[TW_WATCH_INPUT] = "input",
	[TW_WATCH_STORAGE] = "storage",
	[TW_WATCH_SERVICE] = "service",
};

static tw_err block(struct tw_buf *b, struct tw_slice s)
{
	return tw_buf_block16(b, s.at ? s.at : "", s.size);
}

tw_err tw_watch_item_write(const struct tw_watch_item *i, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, (uint8_t)i->kind));
	TW_TRY(block(ret, i->name));
	TW_TRY(block(ret, i->what));
	TW_TRY(block(ret, i->driver));
	TW_TRY(block(ret, i->address));
	return block(ret, i->state);
}

static tw_err words(struct tw_cursor *c, size_t max, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, max, ret));
	for (size_t i = 0; i < ret->size; i++)
		if (ret->at[i] < ' ' || ret->at[i] >= 127)
			return TW_RAISE(SYNTAX, "an interface has a text that is not plain");
	return TW_OK;
}

tw_err tw_watch_item_read(struct tw_slice *rest, struct tw_watch_item *ret)
{
	struct tw_cursor c = tw_cursor_of(rest->at, rest->size);
	struct tw_watch_item i = { 0 };
	uint8_t kind = 0;

	TW_TRY(tw_cursor_u8(&c, &kind));
	if (kind == 0 || kind >= TW_WATCH_KINDS)
		return TW_RAISE(SYNTAX, "an interface of kind %u", kind);
	i.kind = (enum tw_watch_kind)kind;
	TW_TRY(words(&c, TW_WATCH_NAME_MAX, &i.name));
	TW_TRY(words(&c, TW_WATCH_WORDS_MAX, &i.what));
	TW_TRY(words(&c, TW_WATCH_WORDS_MAX, &i.driver));
	TW_TRY(words(&c, TW_WATCH_WORDS_MAX, &i.address));
	TW_TRY(words(&c, TW_WATCH_WORDS_MAX, &i.state));
	if (i.name.size == 0)
		return TW_RAISE(SYNTAX, "an interface without a name");
	*rest = (struct tw_slice){ rest->at + tw_cursor_offset(&c), tw_cursor_left(&c) };
	*ret = i;
	return TW_OK;
}
