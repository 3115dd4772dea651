/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/mail-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#define CODE_MAX 999

const struct tw_channel_row tw_rows_mail_from_app[] = {
	{ TW_MAIL_JOB, 0, 1 + 8 + 6 * 2, TW_MAIL_JOB_MAX, "job" },
	{ 0 },
};
const struct tw_channel_row tw_rows_app_from_mail[] = {
	{ TW_MAIL_DONE, 0, 3, 3 + TW_MAIL_WORDS_MAX, "done" },
	{ 0 },
};

_Static_assert(TW_MAIL_JOB_MAX <= TW_CHANNEL_MAX, "a job is one message of the channel");

/* u8 kind, u64 now, then the texts as block16. */
tw_err tw_mail_job_write(const struct tw_mail_job *j, struct tw_buf *b)
{
	const struct tw_slice *const texts[] = { &j->to, &j->subject, &j->id, &j->unsubscribe, &j->signature, &j->text };

	TW_TRY(tw_buf_u8(b, (uint8_t)j->kind));
	TW_TRY(tw_buf_u64(b, (uint64_t)j->now_ms));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		TW_TRY(tw_buf_block16(b, texts[i]->at, texts[i]->size));
	return TW_OK;
}

/* What becomes part of a line of a header or of a command must not end it. */
static tw_err read_line(struct tw_cursor *c, size_t max, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, max, ret));
	return tw_text_printable(*ret) ? TW_OK : TW_RAISE(SYNTAX, "a text that would break its line");
}

tw_err tw_mail_job_read(struct tw_slice payload, struct tw_mail_job *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_mail_job j = { 0 };
	uint8_t kind;
	uint64_t now;

	TW_TRY(tw_cursor_u8(&c, &kind));
	TW_TRY(tw_cursor_u64(&c, &now));
	TW_TRY(read_line(&c, TW_MAIL_URL_MAX, &j.to));
	TW_TRY(read_line(&c, TW_MAIL_SUBJECT_MAX, &j.subject));
	TW_TRY(read_line(&c, TW_MAIL_ID_MAX, &j.id));
	TW_TRY(read_line(&c, TW_MAIL_URL_MAX, &j.unsubscribe));
	TW_TRY(read_line(&c, TW_MAIL_SIGNATURE_MAX, &j.signature));
	TW_TRY(tw_cursor_block16(&c, TW_MAIL_TEXT_MAX, &j.text));
	TW_TRY(tw_cursor_end(&c));
	if (kind >= TW_MAIL_KINDS || now > TW_MAIL_DATE_MAX_MS)
		return TW_RAISE(SYNTAX, "a number of the job is out of its bounds");
	const bool sends = kind != TW_MAIL_CHECK;
	if ((j.to.size > 0) != sends || (j.id.size > 0) != sends || (j.text.size > 0) != sends ||
		(kind == TW_MAIL_HOOK) != (j.signature.size > 0))
		return TW_RAISE(SYNTAX, "a job without what it needs, or with what it does not");
	j.kind = kind;
	j.now_ms = (int64_t)now;
	*ret = j;
	return TW_OK;
}

tw_err tw_mail_done_write(const struct tw_mail_done *d, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)d->end));
	TW_TRY(tw_buf_u16(b, (uint16_t)d->code));
	return tw_buf_add(b, d->words.at, d->words.size);
}

tw_err tw_mail_done_read(struct tw_slice payload, struct tw_mail_done *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_slice words;
	uint8_t end;
	uint16_t code;

	TW_TRY(tw_cursor_u8(&c, &end));
	TW_TRY(tw_cursor_u16(&c, &code));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &words));
	if (end >= TW_MAIL_ENDS || code > CODE_MAX || words.size > TW_MAIL_WORDS_MAX || !tw_text_printable(words))
		return TW_RAISE(SYNTAX, "an answer that makes no sense");
	*ret = (struct tw_mail_done){ (enum tw_mail_end)end, code, words };
	return TW_OK;
}
