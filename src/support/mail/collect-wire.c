/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/collect-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#define JOB_SIZE (8 + 4 + 4 + 1)
#define EVERY_MAX_S 86400
#define CANARY_MAX_H 168

const struct tw_channel_row tw_rows_mail_in_from_app[] = {
	{ TW_COLLECT, 0, JOB_SIZE, JOB_SIZE, "collect" },
	{ 0 },
};
const struct tw_channel_row tw_rows_app_from_mail_in[] = {
	{ TW_COLLECTED, 0, 1 + 4 + 4 + 4 + 2 + 1 + 1 + 4 + 4 + 5 * 2 + 4, TW_COLLECTED_MAX, "collected", 1 },
	{ 0 },
};

_Static_assert(TW_COLLECTED_MAX <= TW_CHANNEL_MAX, "what is told of a message is one message of the channel");

tw_err tw_collect_job_write(const struct tw_collect_job *j, struct tw_buf *b)
{
	TW_TRY(tw_buf_u64(b, (uint64_t)j->now_ms));
	TW_TRY(tw_buf_u32(b, j->validity));
	TW_TRY(tw_buf_u32(b, j->after));
	return tw_buf_u8(b, (uint8_t)((j->seen ? 1 : 0) | (j->unread ? 2 : 0)));
}

tw_err tw_collect_job_read(struct tw_slice payload, struct tw_collect_job *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_collect_job j = { 0 };
	uint64_t now;
	uint8_t flags;

	TW_TRY(tw_cursor_u64(&c, &now));
	TW_TRY(tw_cursor_u32(&c, &j.validity));
	TW_TRY(tw_cursor_u32(&c, &j.after));
	TW_TRY(tw_cursor_u8(&c, &flags));
	TW_TRY(tw_cursor_end(&c));
	if (now > TW_MAIL_DATE_MAX_MS || flags > 3)
		return TW_RAISE(SYNTAX, "a number of the job is out of its bounds");
	j.now_ms = (int64_t)now;
	j.seen = flags & 1;
	j.unread = flags & 2;
	*ret = j;
	return TW_OK;
}

tw_err tw_collected_write(const struct tw_collected *d, struct tw_buf *b)
{
	const struct tw_slice *const lines[] = { &d->words, &d->address, &d->from, &d->id, &d->subject };

	TW_TRY(tw_buf_u8(b, (uint8_t)d->end));
	TW_TRY(tw_buf_u32(b, d->validity));
	TW_TRY(tw_buf_u32(b, d->uid));
	TW_TRY(tw_buf_u32(b, d->every_s));
	TW_TRY(tw_buf_u16(b, (uint16_t)d->canary_h));
	TW_TRY(tw_buf_u8(b, (uint8_t)d->kind));
	TW_TRY(tw_buf_u8(b, (uint8_t)d->flags));
	TW_TRY(tw_buf_u32(b, d->files));
	TW_TRY(tw_buf_u32(b, d->size));
	for (size_t i = 0; i < TW_COUNT(lines); i++)
		TW_TRY(tw_buf_block16(b, lines[i]->at, lines[i]->size));
	return tw_buf_block32(b, d->text.at, d->text.size);
}

/* One line that can be shown and stored; an address is one, or nothing. */
static tw_err read_line(struct tw_cursor *c, size_t max, bool address, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, max, ret));
	if (ret->size && (address ? !tw_mail_address_valid(*ret) : !tw_text_printable(*ret)))
		return TW_RAISE(SYNTAX, "a text that is not one line, or no address");
	return TW_OK;
}

static bool text_valid(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if ((unsigned char)s.at[i] < ' ' && s.at[i] != '\n' && s.at[i] != '\t')
			return false;
	return tw_utf8_valid(s);
}

static tw_err read_numbers(struct tw_cursor *c, struct tw_collected *d)
{
	uint8_t end, kind, flags;
	uint32_t every, files;
	uint16_t canary;

	TW_TRY(tw_cursor_u8(c, &end));
	TW_TRY(tw_cursor_u32(c, &d->validity));
	TW_TRY(tw_cursor_u32(c, &d->uid));
	TW_TRY(tw_cursor_u32(c, &every));
	TW_TRY(tw_cursor_u16(c, &canary));
	TW_TRY(tw_cursor_u8(c, &kind));
	TW_TRY(tw_cursor_u8(c, &flags));
	TW_TRY(tw_cursor_u32(c, &files));
	TW_TRY(tw_cursor_u32(c, &d->size));
	if (end >= TW_COLLECT_ENDS || kind >= TW_MAILREAD_KINDS || flags > TW_COLLECT_FLAGS || every > EVERY_MAX_S ||
		canary > CANARY_MAX_H || files > TW_MAILREAD_PARTS || d->size > TW_MAILREAD_MAX)
		return TW_RAISE(SYNTAX, "a number of what was collected is out of its bounds");
	d->end = end;
	d->kind = kind;
	d->flags = flags;
	d->files = files;
	d->every_s = every;
	d->canary_h = canary;
	return TW_OK;
}

tw_err tw_collected_read(struct tw_slice payload, struct tw_collected *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_collected d = { 0 };

	TW_TRY(read_numbers(&c, &d));
	TW_TRY(read_line(&c, TW_COLLECT_WORDS_MAX, false, &d.words));
	TW_TRY(read_line(&c, TW_MAIL_ADDRESS_MAX, true, &d.address));
	TW_TRY(read_line(&c, TW_MAIL_ADDRESS_MAX, true, &d.from));
	TW_TRY(read_line(&c, TW_MAILREAD_ID_MAX, false, &d.id));
	TW_TRY(read_line(&c, TW_MAILREAD_SUBJECT_MAX, false, &d.subject));
	TW_TRY(tw_cursor_block32(&c, TW_MAILREAD_TEXT_MAX, &d.text));
	TW_TRY(tw_cursor_end(&c));
	if (!text_valid(d.text))
		return TW_RAISE(SYNTAX, "a text with what none has");
	if (d.end == TW_COLLECT_MESSAGE && (!d.validity || !d.uid))
		return TW_RAISE(SYNTAX, "a message without a name");
	*ret = d;
	return TW_OK;
}
