/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/mailread.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/mailcharset.h"
#include "formats/mailcode.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 2000                      /* of a field, unfolded; what is behind says nothing to us */
#define BOUNDARY_MAX 70                     /* RFC 2046 section 5.1.1 */
#define TOKEN_MAX 80                        /* a type, an encoding, a character set */
#define LEAF_MAX (TW_MAILREAD_TEXT_MAX * 4) /* of one part's bytes, decoded: quoted HTML has that much around its text */

/* What the head of an entity says of it. */
struct head {
	char type[VALUE_MAX + 1], encoding[TOKEN_MAX + 1], disposition[TOKEN_MAX + 1];
};
struct reading {
	struct tw_mailread *m;
	struct tw_slice rest;
	struct head head;
	char boundaries[TW_MAILREAD_DEPTH][BOUNDARY_MAX + 1];
	bool digest[TW_MAILREAD_DEPTH]; /* parts without a type are messages */
	size_t depth;
	unsigned parts, senders;
	bool no_sender, returned, listed, answered, automatic;
	struct tw_buf html; /* the first part of it, decoded and as UTF-8 */
	struct tw_buf bytes;
};

static void reading_done(struct reading *r)
{
	tw_buf_done(&r->html);
	tw_buf_done(&r->bytes);
}

/* --- Lines --- */

static struct tw_slice line_of(struct tw_slice s)
{
	const char *end = s.size ? memchr(s.at, '\n', s.size) : NULL;

	return (struct tw_slice){ s.at, end ? (size_t)(end - s.at) + 1 : s.size };
}

static struct tw_slice behind(struct tw_slice s, size_t size)
{
	return (struct tw_slice){ s.at + size, s.size - size };
}

static struct tw_slice without_end(struct tw_slice line)
{
	while (line.size && (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r'))
		line.size--;
	return line;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct tw_slice trim(struct tw_slice s)
{
	while (s.size && is_space(s.at[0]))
		s = behind(s, 1);
	while (s.size && is_space(s.at[s.size - 1]))
		s.size--;
	return s;
}

/* --- Fields --- */

static void keep(struct tw_slice s, char *ret, size_t size)
{
	(void)snprintf(ret, size, TW_SLICE_FMT, TW_SLICE_ARG(s));
}

/* Folds become one blank each; control characters go. */
static void unfold(struct tw_slice raw, char ret[VALUE_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < raw.size && n < VALUE_MAX; i++) {
		const unsigned char c = (unsigned char)raw.at[i];

		if (c == '\t' || (c >= ' ' && c != 0x7f))
			ret[n++] = c == '\t' ? ' ' : (char)c;
	}
	ret[n] = '\0';
}

/* The parameter of a field like Content-Type, its quotes taken off; "" when there is none. */
static void parameter(const char *value, const char *name, char *ret, size_t size)
{
	const size_t length = strlen(name);
	bool quoted = false;
	size_t n = 0;

	ret[0] = '\0';
	for (const char *c = value; *c; c++) {
		if (*c == '"')
			quoted = !quoted;
		if (quoted || *c != ';')
			continue;
		struct tw_slice s = trim(tw_slice_of(c + 1));
		if (s.size <= length || !tw_slice_is_nocase((struct tw_slice){ s.at, length }, name))
			continue;
		s = trim(behind(s, length));
		if (!s.size || s.at[0] != '=')
			continue;
		s = trim(behind(s, 1));
		const bool open = s.size && s.at[0] == '"';
		for (size_t i = open ? 1 : 0; i < s.size && n + 1 < size && (open ? s.at[i] != '"' : !strchr("; \t", s.at[i])); i++) {
			i += open && s.at[i] == '\\' && i + 1 < s.size;
			ret[n++] = s.at[i];
		}
		ret[n] = '\0';
		return;
	}
}

static struct tw_slice token(const char *value)
{
	return trim((struct tw_slice){ value, strcspn(value, ";") });
}

static bool begins(struct tw_slice s, const char *with)
{
	const size_t size = strlen(with);

	return s.size >= size && tw_slice_is_nocase((struct tw_slice){ s.at, size }, with);
}

/* Quoted texts and comments are nothing of an address. */
static size_t bare(struct tw_slice value, char ret[VALUE_MAX + 1])
{
	unsigned comment = 0;
	bool quoted = false;
	size_t n = 0;

	for (size_t i = 0; i < value.size && n < VALUE_MAX; i++) {
		const char c = value.at[i];

		if (c == '\\') {
			i++;
		} else if (c == '"' && !comment) {
			quoted = !quoted;
		} else if (!quoted && c == '(') {
			comment++;
		} else if (!quoted && c == ')' && comment) {
			comment--;
		} else if (!quoted && !comment) {
			ret[n++] = c;
		}
	}
	ret[n] = '\0';
	return n;
}

void tw_mailread_address(struct tw_slice value, char ret[TW_MAIL_ADDRESS_MAX + 1])
{
	char plain[VALUE_MAX + 1];
	struct tw_slice s = { plain, bare(value, plain) };
	const char *open = strchr(plain, '<'), *close = open ? strchr(open, '>') : NULL;

	ret[0] = '\0';
	if (strchr(plain, ',') || (open && (!close || strchr(open + 1, '<'))))
		return; /* several, or none that is to be told from the others */
	if (open)
		s = (struct tw_slice){ open + 1, (size_t)(close - open) - 1 };
	s = trim(s);
	if (tw_mail_address_valid(s))
		keep(s, ret, TW_MAIL_ADDRESS_MAX + 1);
}

static void take_id(struct tw_mailread *m, const char *value)
{
	const struct tw_slice s = trim(tw_slice_of(value));
	size_t n = 0;

	if (m->id[0])
		return;
	for (size_t i = 0; i < s.size && n < TW_MAILREAD_ID_MAX; i++)
		if (s.at[i] > ' ' && s.at[i] <= '~' && s.at[i] != '<' && s.at[i] != '>')
			m->id[n++] = s.at[i];
}

static tw_err take_subject(const struct tw_sys *sys, struct tw_mailread *m, const char *value)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	bool cut = false;

	tw_buf_init(&b, sys, TW_MAILREAD_SUBJECT_MAX);
	TW_TRY(tw_mail_words(trim(tw_slice_of(value)), &b, &m->lossy, &cut));
	if (!m->subject[0])
		keep(tw_buf_slice(&b), m->subject, sizeof m->subject);
	return TW_OK;
}

static void take_from(struct reading *r, const char *value)
{
	tw_mailread_address(tw_slice_of(value), r->m->from);
	if (++r->senders > 1)
		r->m->from[0] = '\0'; /* which of them it is from, readers differ on */
}

/* What tells a program's mail from a person's (RFC 3834 section 2, RFC 2919, RFC 2369). */
static void take_mark(struct reading *r, struct tw_slice name, const char *value)
{
	const struct tw_slice word = token(value);

	if (tw_slice_is_nocase(name, "Return-Path"))
		r->no_sender = r->no_sender || tw_slice_is(word, "<>");
	else if (tw_slice_is_nocase(name, "Auto-Submitted"))
		r->automatic = r->automatic || !tw_slice_is_nocase(word, "no");
	else if (tw_slice_is_nocase(name, "Precedence"))
		r->listed = r->listed || tw_slice_is_nocase(word, "bulk") || tw_slice_is_nocase(word, "list") ||
			tw_slice_is_nocase(word, "junk");
	else if (begins(name, "List-"))
		r->listed = true;
	else if (tw_slice_is_nocase(name, "X-Failed-Recipients"))
		r->returned = true;
	if (tw_slice_is_nocase(name, "Auto-Submitted") && begins(word, "auto-replied"))
		r->answered = true;
	if (tw_slice_is_nocase(name, "X-Autoreply") || tw_slice_is_nocase(name, "X-Autorespond"))
		r->answered = true;
}

static void take_content(struct head *h, struct tw_slice name, const char *value)
{
	if (tw_slice_is_nocase(name, "Content-Type") && !h->type[0])
		keep(trim(tw_slice_of(value)), h->type, sizeof h->type);
	else if (tw_slice_is_nocase(name, "Content-Transfer-Encoding") && !h->encoding[0])
		keep(token(value), h->encoding, sizeof h->encoding);
	else if (tw_slice_is_nocase(name, "Content-Disposition") && !h->disposition[0])
		keep(token(value), h->disposition, sizeof h->disposition);
}

static tw_err take_field(struct reading *r, struct tw_slice name, struct tw_slice raw)
{
	char value[VALUE_MAX + 1];

	unfold(raw, value);
	take_content(&r->head, name, value);
	if (r->parts)
		return TW_OK;
	take_mark(r, name, value);
	if (tw_slice_is_nocase(name, "From"))
		take_from(r, value);
	else if (tw_slice_is_nocase(name, "Message-ID"))
		take_id(r->m, value);
	else if (tw_slice_is_nocase(name, "Subject"))
		return take_subject(r->bytes.sys, r->m, value);
	return TW_OK;
}

/* One field with its folds; false: the head is over, and its empty line taken. What is no field ends it too, and belongs to the body. */
static bool next_field(struct reading *r, struct tw_slice *ret_name, struct tw_slice *ret_value)
{
	const struct tw_slice line = line_of(r->rest);
	const char *colon = line.size ? memchr(line.at, ':', line.size) : NULL;
	size_t size = line.size;

	if (without_end(line).size == 0) {
		r->rest = behind(r->rest, size);
		return false;
	}
	if (!colon || colon == line.at || line.at[0] == '-')
		return false;
	while (size < r->rest.size && (r->rest.at[size] == ' ' || r->rest.at[size] == '\t'))
		size += line_of(behind(r->rest, size)).size;
	*ret_name = trim((struct tw_slice){ line.at, (size_t)(colon - line.at) });
	*ret_value = (struct tw_slice){ colon + 1, size - (size_t)(colon - line.at) - 1 };
	r->rest = behind(r->rest, size);
	return true;
}

static tw_err read_head(struct reading *r)
{
	struct tw_slice name, value;

	r->head = (struct head){ .type = "" };
	while (r->rest.size && next_field(r, &name, &value))
		TW_TRY(take_field(r, name, value));
	return TW_OK;
}

/* --- Parts --- */

/* The depth at which the line is a boundary, from 1; 0: it is none. *ret_last: nothing more comes there. */
static size_t boundary_at(const struct reading *r, struct tw_slice line, bool *ret_last)
{
	line = trim(line);
	if (line.size < 3 || line.at[0] != '-' || line.at[1] != '-')
		return 0;
	line = behind(line, 2);
	for (size_t i = r->depth; i > 0; i--) {
		const char *b = r->boundaries[i - 1];
		const size_t size = strlen(b);

		if (line.size < size || memcmp(line.at, b, size) != 0)
			continue;
		*ret_last = line.size == size + 2 && !memcmp(line.at + size, "--", 2);
		if (line.size == size || *ret_last)
			return i;
	}
	return 0;
}

/* What stands up to the next boundary, or the end; the line of the boundary is taken. *ret_depth 0: the end. */
static struct tw_slice body_of(struct reading *r, size_t *ret_depth, bool *ret_last)
{
	struct tw_slice body = { r->rest.at, 0 };

	*ret_depth = 0;
	while (r->rest.size && !*ret_depth) {
		const struct tw_slice line = line_of(r->rest);

		*ret_depth = boundary_at(r, line, ret_last);
		body.size += *ret_depth ? 0 : line.size;
		r->rest = behind(r->rest, line.size);
	}
	return body;
}

static bool armored(struct tw_slice text)
{
	static const char mark[] = "-----BEGIN PGP MESSAGE-----";
	const char *at = text.size ? memmem(text.at, text.size, mark, sizeof mark - 1) : NULL;

	return at && (at == text.at || at[-1] == '\n');
}

static tw_err add_text(struct reading *r)
{
	struct tw_mailread *m = r->m;
	char set[TOKEN_MAX + 1];
	bool cut = false;

	parameter(r->head.type, "charset", set, sizeof set);
	if (m->text.size && m->text.size < m->text.max && m->text.data[m->text.size - 1] != '\n')
		TW_TRY(tw_buf_text(&m->text, "\n"));
	TW_TRY(tw_mail_to_utf8(tw_slice_of(set), tw_buf_slice(&r->bytes), &m->text, &m->lossy, &cut));
	m->cut = m->cut || cut;
	return TW_OK;
}

static tw_err add_html(struct reading *r)
{
	char set[TOKEN_MAX + 1];
	bool lossy = false, cut = false;

	parameter(r->head.type, "charset", set, sizeof set);
	return r->html.size ? TW_OK : tw_mail_to_utf8(tw_slice_of(set), tw_buf_slice(&r->bytes), &r->html, &lossy, &cut);
}

/* Text of the message, or something that is sent along. */
static tw_err leaf(struct reading *r, struct tw_slice body)
{
	const struct tw_slice type = r->head.type[0] ? token(r->head.type) : TW_SLICE("text/plain");
	const bool plain = tw_slice_is_nocase(type, "text/plain"), html = tw_slice_is_nocase(type, "text/html");
	bool cut = false;

	r->m->sealed = r->m->sealed || tw_slice_is_nocase(type, "application/pgp-encrypted") ||
		tw_slice_is_nocase(type, "application/pkcs7-mime") || tw_slice_is_nocase(type, "application/x-pkcs7-mime");
	r->returned = r->returned || tw_slice_is_nocase(type, "message/delivery-status") ||
		tw_slice_is_nocase(type, "message/disposition-notification");
	if ((!plain && !html) || tw_slice_is_nocase(tw_slice_of(r->head.disposition), "attachment")) {
		r->m->files += !tw_slice_is_nocase(type, "application/pgp-signature") &&
			!tw_slice_is_nocase(type, "application/pkcs7-signature");
		return TW_OK;
	}
	tw_buf_clear(&r->bytes);
	TW_TRY(tw_mail_decode(tw_slice_of(r->head.encoding), body, &r->bytes, &cut));
	r->m->cut = r->m->cut || (plain && cut);
	r->m->sealed = r->m->sealed || armored(tw_buf_slice(&r->bytes));
	return plain ? add_text(r) : add_html(r);
}

/* True: the entity has parts, and its boundary is on the stack now. */
static bool enter(struct reading *r)
{
	const struct tw_slice type = token(r->head.type);
	char *b = r->boundaries[r->depth < TW_MAILREAD_DEPTH ? r->depth : 0];

	if (!begins(type, "multipart/") || r->depth == TW_MAILREAD_DEPTH)
		return false;
	r->m->sealed = r->m->sealed || tw_slice_is_nocase(type, "multipart/encrypted");
	r->returned = r->returned || (r->depth == 0 && tw_slice_is_nocase(type, "multipart/report"));
	parameter(r->head.type, "boundary", b, BOUNDARY_MAX + 1);
	if (!b[0])
		return false;
	r->digest[r->depth++] = tw_slice_is_nocase(type, "multipart/digest");
	return true;
}

/* One entity, and the boundary behind it. *ret_more: another part begins. */
static tw_err entity(struct reading *r, bool *ret_more)
{
	bool last = false;
	size_t depth = 0;

	TW_TRY(read_head(r));
	r->parts++;
	if (!r->head.type[0] && r->depth && r->digest[r->depth - 1])
		keep(TW_SLICE("message/rfc822"), r->head.type, sizeof r->head.type);
	const bool parts = enter(r);
	const struct tw_slice body = body_of(r, &depth, &last);
	if (!parts)
		TW_TRY(leaf(r, body));
	while (depth && last) { /* behind the last part of one comes the next of the one around it */
		r->depth = depth - 1;
		(void)body_of(r, &depth, &last);
	}
	if (depth)
		r->depth = depth;
	*ret_more = depth > 0;
	return TW_OK;
}

static enum tw_mailread_kind kind_of(const struct reading *r)
{
	if (r->returned || r->no_sender)
		return TW_MAILREAD_BOUNCE;
	if (r->answered)
		return TW_MAILREAD_REPLY;
	return r->automatic || r->listed ? TW_MAILREAD_AUTOMATIC : TW_MAILREAD_PERSON;
}

static tw_err read_all(struct reading *r)
{
	struct tw_mailread *m = r->m;
	bool more = true, cut = false;

	while (more && r->parts < TW_MAILREAD_PARTS)
		TW_TRY(entity(r, &more));
	if (m->text.size == 0 && r->html.size)
		TW_TRY(tw_mail_html_text(tw_buf_slice(&r->html), &m->text, &cut));
	m->cut = m->cut || more || cut;
	if (m->sealed)
		tw_buf_clear(&m->text);
	m->kind = kind_of(r);
	return TW_OK;
}

tw_err tw_mailread(const struct tw_sys *sys, struct tw_slice message, struct tw_mailread *ret)
{
	TW_CLEANUP(reading_done) struct reading r = { .m = ret, .rest = message };

	*ret = (struct tw_mailread){ .kind = TW_MAILREAD_PERSON };
	tw_buf_init(&ret->text, sys, TW_MAILREAD_TEXT_MAX);
	tw_buf_init(&r.html, sys, LEAF_MAX);
	tw_buf_init(&r.bytes, sys, LEAF_MAX);
	if (message.size > TW_MAILREAD_MAX) {
		r.rest.size = TW_MAILREAD_MAX;
		ret->cut = true;
	}
	return read_all(&r);
}

void tw_mailread_done(struct tw_mailread *m)
{
	tw_buf_done(&m->text);
}
