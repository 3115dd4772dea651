/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/imap.h"

#include "base/text.h"

#include <string.h>

static struct tw_slice behind(struct tw_slice s, size_t size)
{
	return (struct tw_slice){ s.at + size, s.size - size };
}

/* Up to the end of a line and with it; size 0: it is not there yet. */
static tw_err line_of(struct tw_slice s, struct tw_slice *ret)
{
	const char *end = s.size ? memchr(s.at, '\n', s.size) : NULL;
	const size_t size = end ? (size_t)(end - s.at) + 1 : 0;

	if (size > TW_IMAP_LINE_MAX || (!end && s.size > TW_IMAP_LINE_MAX))
		return TW_RAISE(LIMIT, "the mail server's answer has a line of more than %d bytes", TW_IMAP_LINE_MAX);
	*ret = (struct tw_slice){ s.at, size };
	return TW_OK;
}

/* "...{123}\r\n" */
static bool literal_at(struct tw_slice line, size_t max, uint64_t *ret, tw_err *ret_error)
{
	size_t i = line.size;

	while (i && (line.at[i - 1] == '\n' || line.at[i - 1] == '\r'))
		i--;
	const size_t end = i;
	while (i && line.at[i - 1] != '{')
		i--;
	if (!i || !end || line.at[end - 1] != '}' || i == end)
		return false;
	*ret_error = tw_parse_u64((struct tw_slice){ line.at + i, end - i - 1 }, max, ret);
	if (tw_is(*ret_error, TW_CODE_SYNTAX))
		*ret_error = TW_OK; /* text in braces at the end of a line */
	else
		return true;
	return false;
}

/* A second literal is only counted. */
tw_err tw_imap_response(struct tw_slice have, size_t literal_max, struct tw_imap_response *ret)
{
	struct tw_imap_response r = { .size = 0 };
	struct tw_slice rest = have, line = { have.at, 0 };
	uint64_t size = 0;
	tw_err e = TW_OK;

	*ret = r;
	TW_TRY(line_of(rest, &line));
	r.line = line;
	for (int literals = 0; line.size && literal_at(line, literal_max, &size, &e) && literals < 8; literals++) {
		TW_TRY(e);
		rest = behind(rest, line.size);
		if (rest.size < size)
			return TW_OK;
		if (!r.has_literal)
			r.literal = (struct tw_slice){ rest.at, (size_t)size };
		r.has_literal = true;
		rest = behind(rest, (size_t)size);
		TW_TRY(line_of(rest, &line));
		r.end = line;
	}
	if (!line.size)
		return TW_OK;
	r.size = have.size - rest.size + line.size;
	*ret = r;
	return TW_OK;
}

static bool begins(struct tw_slice s, const char *with)
{
	const size_t size = strlen(with);

	return s.size >= size && tw_slice_is_nocase((struct tw_slice){ s.at, size }, with);
}

tw_err tw_imap_said(const struct tw_imap_response *r, const char *tag, enum tw_imap_said *ret)
{
	const size_t size = strlen(tag);

	*ret = TW_IMAP_MORE;
	if (begins(r->line, "* BYE"))
		return TW_RAISE(SYNTAX, "the mail server ends the connection");
	if (r->line.size <= size || memcmp(r->line.at, tag, size) != 0 || r->line.at[size] != ' ')
		return TW_OK;
	const struct tw_slice word = behind(r->line, size + 1);
	if (begins(word, "OK"))
		*ret = TW_IMAP_OK;
	else if (begins(word, "NO"))
		*ret = TW_IMAP_NO;
	else
		return TW_RAISE(SYNTAX, "the mail server does not know the command");
	return TW_OK;
}

static bool number(struct tw_slice s, uint32_t *ret)
{
	uint64_t n = 0;
	size_t digits = 0;

	while (digits < s.size && s.at[digits] >= '0' && s.at[digits] <= '9')
		digits++;
	if (!digits || tw_failed(tw_parse_u64((struct tw_slice){ s.at, digits }, UINT32_MAX, &n)))
		return false;
	*ret = (uint32_t)n;
	return true;
}

/* The number behind a name that stands on its own. */
static bool named(struct tw_slice s, const char *name, uint32_t *ret)
{
	const size_t size = strlen(name);

	for (size_t i = 0; i + size < s.size; i++)
		if (tw_slice_is_nocase((struct tw_slice){ s.at + i, size }, name) && s.at[i + size] == ' ' && i &&
			strchr(" ([", s.at[i - 1]))
			return number(behind(s, i + size + 1), ret);
	return false;
}

bool tw_imap_code(const struct tw_imap_response *r, const char *name, uint32_t *ret)
{
	return begins(r->line, "* OK [") &&
		tw_slice_is_nocase((struct tw_slice){ r->line.at + 6, strlen(name) < r->line.size - 6 ? strlen(name) : 0 }, name) &&
		named(r->line, name, ret);
}

bool tw_imap_found(const struct tw_imap_response *r, uint32_t after, uint32_t *ret)
{
	struct tw_slice s = r->line;
	bool found = false;

	if (!begins(s, "* SEARCH"))
		return false;
	for (size_t i = 8; i < s.size; i++) {
		uint32_t n = 0;

		if (s.at[i - 1] == ' ' && number(behind(s, i), &n) && n > after && n < *ret) {
			*ret = n;
			found = true;
		}
	}
	return found;
}

bool tw_imap_fetched(const struct tw_imap_response *r, uint32_t uid, uint32_t *ret_size)
{
	uint32_t n = 0, size = 0;

	if (!begins(r->line, "* ") || !r->has_literal || (!named(r->line, "UID", &n) && !named(r->end, "UID", &n)) || n != uid)
		return false;
	if (!named(r->line, "RFC822.SIZE", &size) && !named(r->end, "RFC822.SIZE", &size))
		size = 0;
	*ret_size = size;
	return true;
}
