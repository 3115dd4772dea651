/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/taken.h"

#include "base/mem.h"

#include <string.h>

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._:+-", c);
}

bool tw_taken_is_name(const char *name, size_t size)
{
	if (!size || size > TW_TAKEN_NAME_MAX || name[0] == '.')
		return false;
	for (size_t i = 0; i < size; i++)
		if (!name[i] || !is_plain(name[i]))
			return false;
	return true;
}

/* Up to the next end, which there must be but for the last; false: what stands there is no name. */
static bool cut(struct tw_slice *rest, char end, char ret[TW_TAKEN_NAME_MAX + 1])
{
	const char *at = end ? memchr(rest->at, end, rest->size) : rest->at + rest->size;
	const size_t size = at ? (size_t)(at - rest->at) : 0;

	if (!at || !tw_taken_is_name(rest->at, size))
		return false;
	memcpy(ret, rest->at, size);
	ret[size] = '\0';
	rest->at += size + (end != 0);
	rest->size -= size + (end != 0);
	return true;
}

/* "camera:video0=", "component:platform/vivid.0=" */
static bool cut_what(struct tw_slice *rest, struct tw_taken_word *w)
{
	const char *end = rest->size ? memchr(rest->at, '=', rest->size) : NULL;
	struct tw_off off;

	if (!end || tw_failed(tw_off_read((struct tw_slice){ rest->at, (size_t)(end - rest->at) }, &off)) || off.count != 1)
		return false;
	const struct tw_off_word *o = &off.words[0];

	if (o->any || o->kind < TW_OFF_SERIAL || o->name.size > TW_TAKEN_NAME_MAX)
		return false;
	w->kind = o->kind;
	memcpy(w->name, o->name.at, o->name.size);
	w->name[o->name.size] = '\0';
	rest->size -= (size_t)(end - rest->at) + 1;
	rest->at = end + 1;
	return true;
}

static tw_err read_word(struct tw_slice s, struct tw_taken_word *ret)
{
	struct tw_slice rest = s;

	*ret = (struct tw_taken_word){ .text = s };
	if (s.size > TW_TAKEN_WORD_MAX || !cut_what(&rest, ret) || !cut(&rest, '/', ret->bus) || !cut(&rest, '/', ret->driver) ||
		!cut(&rest, '\0', ret->device))
		return TW_RAISE(SYNTAX, "'%.*s' does not say whose driver is taken away", (int)(s.size < 60 ? s.size : 60), s.at);
	return TW_OK;
}

tw_err tw_taken_read(struct tw_slice text, struct tw_taken *ret)
{
	ret->count = 0;
	while (text.size) {
		struct tw_slice word;

		if (ret->count == TW_TAKEN_MAX)
			return TW_RAISE(LIMIT, "more than %d drivers would have to be taken away", TW_TAKEN_MAX);
		TW_TRY(tw_off_next(&text, &word));
		TW_TRY(read_word(word, &ret->words[ret->count++]));
	}
	return TW_OK;
}

const struct tw_taken_word *tw_taken_find(const struct tw_taken *t, struct tw_slice text)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->words[i].text.size == text.size && memcmp(t->words[i].text.at, text.at, text.size) == 0)
			return &t->words[i];
	return NULL;
}

void tw_taken_drop(struct tw_taken *t, size_t i)
{
	memmove(&t->words[i], &t->words[i + 1], (--t->count - i) * sizeof t->words[0]);
}
