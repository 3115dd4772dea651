/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/mailmessage.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>
#include <time.h>

#define LOCAL_MAX 64 /* RFC 5321 section 4.5.3.1.1 */
#define LABEL_MAX 63
#define FOLD_MAX 78 /* RFC 5322 section 2.1.1 */
#define WORD_BYTES \
	39 /* of one encoded word: 52 letters of base64, 12 around them and "Subject: " before, of the 76 that RFC 2047 section 2 allows */
#define CODED_LINE_MAX 76 /* RFC 2045 section 6.7 */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Runs of the characters that `also` and letters and digits make, with single dots between them. */
static bool dotted(struct tw_slice s, const char *also, size_t run_max)
{
	size_t run = 0;

	for (size_t i = 0; i < s.size; i++) {
		const char c = s.at[i];

		if (c == '.' && run == 0)
			return false;
		if (c != '.' && !is_alnum(c) && (c == '\0' || !strchr(also, c)))
			return false;
		run = c == '.' ? 0 : run + 1;
		if (run > run_max)
			return false;
	}
	return run > 0;
}

static bool host_valid(struct tw_slice host)
{
	bool letter = false, dot = false;

	if (!dotted(host, "-", LABEL_MAX))
		return false;
	for (size_t i = 0; i < host.size; i++) {
		const bool first = i == 0 || host.at[i - 1] == '.', last = i + 1 == host.size || host.at[i + 1] == '.';

		if (host.at[i] == '-' && (first || last))
			return false;
		dot = dot || host.at[i] == '.';
		letter = host.at[i] == '.' ? false : letter || host.at[i] < '0' || host.at[i] > '9';
	}
	return dot && letter; /* the last label is no number: "user@192.0.2.1" is no name */
}

bool tw_mail_address_valid(struct tw_slice address)
{
	const char *at = address.size ? memchr(address.at, '@', address.size) : NULL;

	if (!at || address.size > TW_MAIL_ADDRESS_MAX)
		return false;
	const struct tw_slice local = { address.at, (size_t)(at - address.at) };
	const struct tw_slice host = { at + 1, address.size - local.size - 1 };
	return local.size <= LOCAL_MAX && dotted(local, "!#$%&'*+-/=?^_`{|}~", LOCAL_MAX) && host_valid(host);
}

struct tw_slice tw_mail_address_host(struct tw_slice address)
{
	const char *at = address.size ? memchr(address.at, '@', address.size) : NULL;

	return at ? (struct tw_slice){ at + 1, (size_t)(address.at + address.size - at) - 1 } : TW_SLICE("");
}

/* --- What may stand in a field --- */

/* Lines and tabs are all that a text may have of control characters. */
static bool text_valid(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (((unsigned char)s.at[i] < ' ' && s.at[i] != '\n' && s.at[i] != '\t') || s.at[i] == 0x7f)
			return false;
	return s.size > 0 && s.size <= TW_MAIL_TEXT_MAX && tw_utf8_valid(s);
}

static bool url_valid(struct tw_slice s)
{
	static const char scheme[] = "https://";

	if (s.size < sizeof scheme || s.size > TW_MAIL_URL_MAX || memcmp(s.at, scheme, sizeof scheme - 1) != 0)
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~' || strchr("\"<>\\^`{|}", s.at[i]))
			return false;
	return true;
}

static tw_err check(const struct tw_mailmessage *m)
{
	const struct {
		bool good;
		const char *field;
	} rows[] = {
		{ tw_mail_address_valid(m->from), "sender" },
		{ tw_mail_address_valid(m->to), "recipient" },
		{ m->name.size <= TW_MAIL_NAME_MAX && tw_text_printable(m->name), "sender's name" },
		{ m->subject.size > 0 && m->subject.size <= TW_MAIL_SUBJECT_MAX && tw_text_printable(m->subject), "subject" },
		{ text_valid(m->text), "text" },
		{ m->id.size <= TW_MAIL_ID_MAX && dotted(m->id, "-_", TW_MAIL_ID_MAX), "message's id" },
		{ m->unsubscribe.size == 0 || url_valid(m->unsubscribe), "way to unsubscribe" },
		{ m->date_ms >= 0 && m->date_ms <= TW_MAIL_DATE_MAX_MS, "date" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (!rows[i].good)
			return TW_RAISE(SYNTAX, "mail: the %s is none that a message may have", rows[i].field);
	return TW_OK;
}

/* --- Headers --- */

/* As it stands it says what it means: ASCII, no blank that a reader would drop, nothing that looks like an encoded word, and it fits. */
static bool plain(struct tw_slice s, size_t before)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] < ' ' || s.at[i] > '~' || (s.at[i] == '=' && i + 1 < s.size && s.at[i + 1] == '?'))
			return false;
	return before + s.size <= FOLD_MAX && s.at[0] != ' ' && s.at[s.size - 1] != ' ';
}

/* Encoded words, each of whole characters and on a line of its own behind the first: a reader joins them without a blank. */
static tw_err encoded(struct tw_buf *b, struct tw_slice s)
{
	while (s.size) {
		size_t take = 0, next = tw_utf8_size(s);

		while (next && take + next <= WORD_BYTES) {
			take += next;
			next = tw_utf8_size((struct tw_slice){ s.at + take, s.size - take });
		}
		TW_TRY(tw_buf_text(b, "=?UTF-8?B?"));
		TW_TRY(tw_buf_base64(b, s.at, take));
		TW_TRY(tw_buf_text(b, "?="));
		s.at += take;
		s.size -= take;
		if (s.size)
			TW_TRY(tw_buf_text(b, "\r\n "));
	}
	return TW_OK;
}

static tw_err quoted(struct tw_buf *b, struct tw_slice s)
{
	TW_TRY(tw_buf_text(b, "\""));
	for (size_t i = 0; i < s.size; i++) {
		if (s.at[i] == '"' || s.at[i] == '\\')
			TW_TRY(tw_buf_text(b, "\\"));
		TW_TRY(tw_buf_add(b, s.at + i, 1));
	}
	return tw_buf_text(b, "\"");
}

static tw_err from(const struct tw_mailmessage *m, struct tw_buf *b)
{
	TW_TRY(tw_buf_text(b, "From: "));
	if (m->name.size) {
		TW_TRY(plain(m->name, FOLD_MAX / 2) ? quoted(b, m->name) : encoded(b, m->name));
		TW_TRY(tw_buf_text(b, "\r\n "));
	}
	return tw_buf_format(b, "<" TW_SLICE_FMT ">\r\n", TW_SLICE_ARG(m->from));
}

static tw_err subject(const struct tw_mailmessage *m, struct tw_buf *b)
{
	static const char name[] = "Subject: ";

	TW_TRY(tw_buf_text(b, name));
	TW_TRY(plain(m->subject, sizeof name) ? tw_buf_add(b, m->subject.at, m->subject.size) : encoded(b, m->subject));
	return tw_buf_text(b, "\r\n");
}

/* The locale names neither day nor month here. */
static tw_err date(int64_t ms, struct tw_buf *b)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const time_t s = (time_t)(ms / 1000);
	struct tm t;

	if (!gmtime_r(&s, &t))
		return TW_RAISE(SYNTAX, "mail: the date is none");
	return tw_buf_format(b, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d +0000\r\n", days + (ptrdiff_t)t.tm_wday * 3, t.tm_mday,
		months + (ptrdiff_t)t.tm_mon * 3, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static tw_err headers(const struct tw_mailmessage *m, struct tw_buf *b)
{
	TW_TRY(date(m->date_ms, b));
	TW_TRY(from(m, b));
	TW_TRY(tw_buf_format(b, "To: <" TW_SLICE_FMT ">\r\n", TW_SLICE_ARG(m->to)));
	TW_TRY(subject(m, b));
	TW_TRY(tw_buf_format(b, "Message-ID: <" TW_SLICE_FMT "@" TW_SLICE_FMT ">\r\n", TW_SLICE_ARG(m->id),
		TW_SLICE_ARG(tw_mail_address_host(m->from))));
	/* RFC 3834: nobody's machine answers to it. */
	TW_TRY(tw_buf_text(b, "Auto-Submitted: auto-generated\r\n"));
	if (m->unsubscribe.size)
		TW_TRY(tw_buf_format(b, "List-Unsubscribe: <" TW_SLICE_FMT ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
			TW_SLICE_ARG(m->unsubscribe)));
	return tw_buf_text(b,
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

/* --- The text --- */

/* Beside what RFC 2045 wants: the dot that ends a message in SMTP and the "From " that begins one in a mailbox never begin a line. */
static bool must_encode(struct tw_slice line, size_t i, size_t column)
{
	const char c = line.at[i];

	if (c == '=' || c > '~' || (c < ' ' && c != '\t'))
		return true;
	if ((c == ' ' || c == '\t') && i + 1 == line.size)
		return true;
	return column == 0 && (c == '.' || (c == 'F' && line.size - i >= 5 && memcmp(line.at + i, "From ", 5) == 0));
}

static tw_err coded_line(struct tw_slice line, struct tw_buf *b)
{
	size_t column = 0;

	for (size_t i = 0; i < line.size; i++) {
		const size_t room = must_encode(line, i, column) ? 3 : 1;

		if (column + room > CODED_LINE_MAX - 1) {
			TW_TRY(tw_buf_text(b, "=\r\n"));
			column = 0;
		}
		const bool coded = must_encode(line, i, column);
		TW_TRY(coded ? tw_buf_format(b, "=%02X", (unsigned char)line.at[i]) : tw_buf_add(b, line.at + i, 1));
		column += coded ? 3 : 1;
	}
	return tw_buf_text(b, "\r\n");
}

tw_err tw_mailmessage_write(const struct tw_mailmessage *m, struct tw_buf *ret)
{
	struct tw_slice rest = m->text;

	TW_TRY(check(m));
	TW_TRY(headers(m, ret));
	while (rest.size) {
		const char *end = memchr(rest.at, '\n', rest.size);
		const struct tw_slice line = { rest.at, end ? (size_t)(end - rest.at) : rest.size };

		TW_TRY(coded_line(line, ret));
		rest.at += line.size + (end ? 1 : 0);
		rest.size -= line.size + (end ? 1 : 0);
	}
	return TW_OK;
}
