/* SPDX-License-Identifier: Apache-2.0 */
#include "service/scan/scan-wire.h"

#include "base/cursor.h"
#include "base/text.h"

#include <string.h>

#define WORD_MAX 15
#define WORDS_MAX 160 /* for people */
#define BEGIN_MAX (8 + WORD_MAX + 2 * TW_SCAN_WORDS_MAX + TW_SCAN_PLACE_MAX)
#define FOUND_PATH_MAX (2 * TW_FILELIST_PATH_MAX + 2) /* a folder's and what is in it */

const struct tw_channel_row tw_rows_scan_from_core[] = {
	{ TW_SCAN_BEGIN, 0, 8, BEGIN_MAX, "begin" },
	{ TW_SCAN_MORE, 0, 0, 0, "more" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_scan[] = {
	{ TW_SCAN_PIECE, 0, 1, TW_SCAN_PIECE_MAX, "piece" },
	{ TW_SCAN_FAILED, 0, 0, TW_DETAIL_MAX, "failed" },
	{ 0 },
};

static tw_err block(struct tw_buf *b, struct tw_slice s)
{
	return tw_buf_block16(b, s.at ? s.at : "", s.size);
}

tw_err tw_scan_begin_write(const struct tw_scan_order *o, struct tw_buf *ret)
{
	TW_TRY(block(ret, tw_slice_of(o->system->word)));
	TW_TRY(block(ret, o->folders));
	TW_TRY(block(ret, o->ignored));
	return block(ret, o->place);
}

tw_err tw_scan_begin_read(struct tw_slice payload, struct tw_scan_order *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_slice slice;
	char word[WORD_MAX + 1] = "";

	TW_TRY(tw_cursor_block16(&c, WORD_MAX, &slice));
	memcpy(word, slice.at, slice.size);
	ret->system = tw_package_system(word);
	if (!ret->system || strlen(word) != slice.size)
		return TW_RAISE(SYNTAX, "no such package system");
	TW_TRY(tw_cursor_block16(&c, TW_SCAN_WORDS_MAX, &ret->folders));
	TW_TRY(tw_cursor_block16(&c, TW_SCAN_WORDS_MAX, &ret->ignored));
	TW_TRY(tw_cursor_block16(&c, TW_SCAN_PLACE_MAX, &ret->place));
	return tw_cursor_end(&c);
}

tw_err tw_scan_piece_write(const struct tw_scan_piece *p, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, p->finished));
	TW_TRY(tw_buf_u64(ret, p->total));
	for (size_t i = 0; i < TW_SCAN_COUNTS; i++)
		TW_TRY(tw_buf_u64(ret, p->counts[i]));
	TW_TRY(block(ret, p->words));
	TW_TRY(block(ret, p->place));
	return block(ret, p->found);
}

tw_err tw_scan_finding_write(const struct tw_scan_finding *f, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u8(ret, (uint8_t)f->kind));
	TW_TRY(tw_buf_u8(ret, (uint8_t)f->how));
	return block(ret, tw_slice_of(f->path));
}

static tw_err read_finding(struct tw_cursor *c, uint8_t *kind, uint8_t *how, struct tw_slice *path)
{
	TW_TRY(tw_cursor_u8(c, kind));
	TW_TRY(tw_cursor_u8(c, how));
	TW_TRY(tw_cursor_block16(c, FOUND_PATH_MAX, path));
	if (*kind < TW_SCAN_CHANGED || *kind > TW_SCAN_UNKNOWN || *how >= TW_SCAN_HOWS || path->size == 0 ||
		memchr(path->at, '\0', path->size))
		return TW_RAISE(SYNTAX, "a finding is not of its form");
	return TW_OK;
}

static tw_err check_findings(struct tw_slice found)
{
	struct tw_cursor c = tw_cursor_of(found.at, found.size);
	uint8_t kind, how;
	struct tw_slice path;

	while (tw_cursor_left(&c))
		TW_TRY(read_finding(&c, &kind, &how, &path));
	return TW_OK;
}

tw_err tw_scan_piece_read(struct tw_slice payload, struct tw_scan_piece *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	uint8_t finished = 0;

	TW_TRY(tw_cursor_u8(&c, &finished));
	TW_TRY(tw_cursor_u64(&c, &ret->total));
	for (size_t i = 0; i < TW_SCAN_COUNTS; i++) {
		TW_TRY(tw_cursor_u64(&c, &ret->counts[i]));
		if (ret->counts[i] > INT64_MAX / 4)
			return TW_RAISE(SYNTAX, "a count that no disk has");
	}
	TW_TRY(tw_cursor_block16(&c, WORDS_MAX, &ret->words));
	TW_TRY(tw_cursor_block16(&c, TW_SCAN_PLACE_MAX, &ret->place));
	TW_TRY(tw_cursor_block16(&c, TW_SCAN_FOUND_MAX, &ret->found));
	TW_TRY(tw_cursor_end(&c));
	if (finished > 1 || ret->total > INT64_MAX)
		return TW_RAISE(SYNTAX, "a piece of a check is not of its form");
	ret->finished = finished;
	return check_findings(ret->found);
}

bool tw_scan_finding_next(struct tw_scan_piece *p, enum tw_scan_kind *ret_kind, enum tw_scan_how *ret_how, struct tw_slice *ret_path)
{
	struct tw_cursor c = tw_cursor_of(p->found.at, p->found.size);
	uint8_t kind = 0, how = 0;

	if (!tw_cursor_left(&c) || tw_failed(read_finding(&c, &kind, &how, ret_path)))
		return false;
	*ret_kind = (enum tw_scan_kind)kind;
	*ret_how = (enum tw_scan_how)how;
	p->found = (struct tw_slice){ p->found.at + tw_cursor_offset(&c), tw_cursor_left(&c) };
	return true;
}
