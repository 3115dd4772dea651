/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/serials.h"

#include "base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void tw_serials_done(struct tw_serials *s)
{
	free(s->row);
	*s = (struct tw_serials){ 0 };
}

static tw_err room(const struct tw_sys *sys, uint64_t count, struct tw_serials *s)
{
	if (count > TW_SERIALS_MAX)
		return TW_RAISE(LIMIT, "more than %d serial numbers at once", TW_SERIALS_MAX);
	s->row = tw_alloc_array(sys, (size_t)count, sizeof(*s->row));
	return s->row ? TW_OK : TW_RAISE(NOMEM, "serial numbers");
}

/* What stands at the begin of the text up to the end of its line, which is taken off. */
static struct tw_slice take_line(struct tw_slice *text)
{
	const char *end = memchr(text->at, '\n', text->size);
	struct tw_slice line = { text->at, end ? (size_t)(end - text->at) : text->size };

	text->at += line.size + (end != NULL);
	text->size -= line.size + (end != NULL);
	if (line.size && line.at[line.size - 1] == '\r')
		line.size--;
	return line;
}

struct place {
	const char *serial;
	size_t line;
};

static int by_serial(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int r = strcmp(x->serial, y->serial);

	return r ? r : (x->line > y->line) - (x->line < y->line);
}

static tw_err none_twice(const struct tw_sys *sys, const struct tw_serials *s)
{
	TW_CLEANUP(tw_freep) struct place *places = tw_alloc_array(sys, s->count, sizeof(*places));

	if (!places)
		return TW_RAISE(NOMEM, "serial numbers");
	for (size_t i = 0; i < s->count; i++)
		places[i] = (struct place){ s->row[i], i + 1 };
	qsort(places, s->count, sizeof(*places), by_serial);
	for (size_t i = 1; i < s->count; i++)
		if (!strcmp(places[i].serial, places[i - 1].serial))
			return TW_RAISE(SYNTAX, "line %zu: serial number %s stands in line %zu already", places[i].line,
				places[i].serial, places[i - 1].line);
	return TW_OK;
}

tw_err tw_serials_read(const struct tw_sys *sys, struct tw_slice text, struct tw_serials *ret)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 };
	size_t lines = 0;

	for (size_t i = 0; i < text.size; i++)
		lines += text.at[i] == '\n';
	lines += text.size && text.at[text.size - 1] != '\n';
	if (!lines)
		return TW_RAISE(SYNTAX, "line 1: no serial number");
	TW_TRY(room(sys, lines, &s));
	while (text.size) {
		struct tw_slice line = take_line(&text);

		if (!tw_serial_valid(line))
			return TW_RAISE(SYNTAX, "line %zu: no serial number of 1 to %d letters, digits, '.' and '-'", s.count + 1,
				TW_SERIAL_MAX);
		(void)snprintf(s.row[s.count++], sizeof(*s.row), TW_SLICE_FMT, TW_SLICE_ARG(line));
	}
	TW_TRY(none_twice(sys, &s));
	*ret = s;
	s = (struct tw_serials){ 0 }; /* handed over: the cleanup finds nothing */
	return TW_OK;
}

/* The digits at the end, as a number one higher. False: they are all nines. */
static bool count_up(char *serial, size_t digits_at)
{
	for (size_t i = strlen(serial); i-- > digits_at;) {
		if (serial[i] != '9') {
			serial[i]++;
			return true;
		}
		serial[i] = '0';
	}
	return false;
}

tw_err tw_serials_count(const struct tw_sys *sys, const char *first, uint64_t count, struct tw_serials *ret)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 };
	char serial[TW_SERIAL_MAX + 1];
	size_t at = strlen(first);

	if (!tw_serial_valid(tw_slice_of(first)))
		return TW_RAISE(SYNTAX, "'%.64s' is no serial number of letters, digits, '.' and '-'", first);
	while (at && isdigit((unsigned char)first[at - 1]))
		at--;
	if (!first[at])
		return TW_RAISE(SYNTAX, "'%s' ends in no digits to count up", first);
	if (!count)
		return TW_RAISE(SYNTAX, "no units");
	TW_TRY(room(sys, count, &s));
	(void)snprintf(serial, sizeof(serial), "%s", first);
	do {
		memcpy(s.row[s.count++], serial, sizeof(serial));
	} while (s.count < count && count_up(serial, at));
	if (s.count < count)
		return TW_RAISE(LIMIT, "the digits of %s end after %zu units; begin with more of them", first, s.count);
	*ret = s;
	s = (struct tw_serials){ 0 }; /* handed over: the cleanup finds nothing */
	return TW_OK;
}
