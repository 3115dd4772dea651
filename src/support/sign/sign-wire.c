/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sign/sign-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define JOB_FIXED (1 + 4 + 3 * 2)
#define JOB_MAX (JOB_FIXED + TW_SIGN_FINGERPRINT_MAX + TW_SIGN_KEY_MAX + TW_SIGNATURE_MAX)

const struct tw_channel_row tw_rows_sign_from_app[] = {
	{ TW_SIGN_JOB, 0, JOB_FIXED, JOB_MAX, "job", 1 },
	{ 0 },
};
const struct tw_channel_row tw_rows_app_from_sign[] = {
	{ TW_SIGN_DONE, 0, 3, 3 + TW_SIGNATURE_MAX + TW_SIGN_WORDS_MAX, "done" },
	{ 0 },
};

_Static_assert(JOB_MAX <= TW_CHANNEL_MAX, "a job is one message of the channel");

bool tw_sign_fingerprint(struct tw_slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if (!strchr("0123456789ABCDEF", text.at[i]) || !text.at[i])
			return false;
	return text.size == 40 || text.size == 64;
}

static bool begins(struct tw_slice text, const char *with)
{
	const size_t size = strlen(with);

	return text.size >= size && memcmp(text.at, with, size) == 0;
}

/* Armor is ASCII in lines; what gpg would skip around it is not there, since it would be published with it. */
static bool armored(struct tw_slice text, const char *begin, const char *end)
{
	size_t tail = strlen(end), boundaries = 0;

	while (text.size && (text.at[text.size - 1] == '\n' || text.at[text.size - 1] == '\r'))
		text.size--;
	if (!begins(text, begin) || text.size < tail || memcmp(text.at + text.size - tail, end, tail) != 0)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const unsigned char c = (unsigned char)text.at[i];

		if (c >= 0x7f || (c < ' ' && c != '\n' && c != '\r'))
			return false;
		boundaries += begins((struct tw_slice){ text.at + i, text.size - i }, "-----");
	}
	return boundaries == 4;
}

bool tw_signature_armored(struct tw_slice text)
{
	return text.size <= TW_SIGNATURE_MAX && armored(text, "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----");
}

bool tw_public_key_armored(struct tw_slice text)
{
	return text.size <= TW_SIGN_KEY_MAX && armored(text, "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----");
}

tw_err tw_sign_job_write(const struct tw_sign_job *j, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)j->kind));
	TW_TRY(tw_buf_u32(b, j->size));
	TW_TRY(tw_buf_block16(b, j->fingerprint.at, j->fingerprint.size));
	TW_TRY(tw_buf_block16(b, j->key.at, j->key.size));
	return tw_buf_block16(b, j->signature.at, j->signature.size);
}

tw_err tw_sign_job_read(struct tw_slice payload, struct tw_sign_job *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_sign_job j = { 0 };
	uint8_t kind;

	TW_TRY(tw_cursor_u8(&c, &kind));
	TW_TRY(tw_cursor_u32(&c, &j.size));
	TW_TRY(tw_cursor_block16(&c, TW_SIGN_FINGERPRINT_MAX, &j.fingerprint));
	TW_TRY(tw_cursor_block16(&c, TW_SIGN_KEY_MAX, &j.key));
	TW_TRY(tw_cursor_block16(&c, TW_SIGNATURE_MAX, &j.signature));
	TW_TRY(tw_cursor_end(&c));
	if (kind >= TW_SIGN_KINDS || !tw_sign_fingerprint(j.fingerprint) || !tw_public_key_armored(j.key) || j.size == 0)
		return TW_RAISE(SYNTAX, "a job that makes no sense");
	if (kind == TW_SIGN_CHECK ? !tw_signature_armored(j.signature) : j.signature.size > 0)
		return TW_RAISE(SYNTAX, "a job without its signature, or with one to be made");
	j.kind = kind;
	*ret = j;
	return TW_OK;
}

tw_err tw_sign_done_write(const struct tw_sign_done *d, struct tw_buf *b)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)d->end));
	TW_TRY(tw_buf_block16(b, d->signature.at, d->signature.size));
	return tw_buf_add(b, d->words.at, d->words.size);
}

tw_err tw_sign_done_read(struct tw_slice payload, struct tw_sign_done *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_sign_done d = { 0 };
	uint8_t end;

	TW_TRY(tw_cursor_u8(&c, &end));
	TW_TRY(tw_cursor_block16(&c, TW_SIGNATURE_MAX, &d.signature));
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), &d.words));
	if (end >= TW_SIGN_ENDS || d.words.size > TW_SIGN_WORDS_MAX || !tw_text_printable(d.words) ||
		(end == TW_SIGN_GOOD ? !tw_signature_armored(d.signature) : d.signature.size > 0))
		return TW_RAISE(SYNTAX, "an answer that makes no sense");
	d.end = end;
	*ret = d;
	return TW_OK;
}
