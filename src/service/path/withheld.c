/* SPDX-License-Identifier: Apache-2.0 */
#include "service/path/withheld.h"

#include <string.h>

#define SHOWN 60 /* of a word that is wrong */

static const char of_names[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

static bool same(struct tw_slice a, struct tw_slice b)
{
	return a.size == b.size && memcmp(a.at, b.at, a.size) == 0;
}

static bool is_name(struct tw_slice s)
{
	if (s.size == 0 || s.size > TW_WITHHELD_NAME_MAX || s.at[0] < 'a' || s.at[0] > 'z')
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (!memchr(of_names, s.at[i], sizeof of_names - 1))
			return false;
	return true;
}

static bool is_name_or_all(struct tw_slice s)
{
	return tw_slice_is(s, "*") || is_name(s);
}

static struct tw_slice cut(struct tw_slice *rest)
{
	const char *colon = memchr(rest->at, ':', rest->size);
	const struct tw_slice part = { rest->at, colon ? (size_t)(colon - rest->at) : rest->size };
	const size_t size = part.size + (colon != NULL);

	*rest = (struct tw_slice){ rest->at + size, rest->size - size };
	return part;
}

static tw_err read_word(struct tw_slice text, struct tw_withheld_word *ret)
{
	struct tw_slice rest = text;

	*ret = (struct tw_withheld_word){ .text = text };
	ret->who = cut(&rest);
	ret->operations = cut(&rest);
	ret->field = rest;
	ret->party = ret->who.size > 0 && ret->who.at[0] == '@';
	if (ret->party)
		ret->who = (struct tw_slice){ ret->who.at + 1, ret->who.size - 1 };
	if (!is_name_or_all(ret->who) || !is_name_or_all(ret->operations) || !is_name(ret->field))
		return TW_RAISE(SYNTAX, "'%.*s' is not WHO:OPERATIONS:FIELD, as in operator:identity:physical_id",
			(int)(text.size < SHOWN ? text.size : SHOWN), text.at);
	return TW_OK;
}

static bool has(const struct tw_withheld *all, struct tw_slice text)
{
	for (size_t i = 0; i < all->count; i++)
		if (same(all->words[i].text, text))
			return true;
	return false;
}

tw_err tw_withheld_read(struct tw_slice text, struct tw_withheld *ret)
{
	*ret = (struct tw_withheld){ .count = 0 };
	while (text.size) {
		const char *blank = memchr(text.at, ' ', text.size);
		const struct tw_slice word = { text.at, blank ? (size_t)(blank - text.at) : text.size };

		if (ret->count == TW_WITHHELD_MAX)
			return TW_RAISE(LIMIT, "there are %d words at most", TW_WITHHELD_MAX);
		if (has(ret, word))
			return TW_RAISE(EXISTS, "'" TW_SLICE_FMT "' stands there twice", TW_SLICE_ARG(word));
		TW_TRY(read_word(word, &ret->words[ret->count]));
		ret->count++;
		if (blank && word.size + 1 == text.size)
			return TW_RAISE(SYNTAX, "there is a blank at the end");
		text = (struct tw_slice){ word.at + word.size + (blank != NULL), text.size - word.size - (blank != NULL) };
	}
	return TW_OK;
}

bool tw_withheld_about(const struct tw_withheld_word *w, const char *operation)
{
	const size_t first = strcspn(operation, ".");

	return tw_slice_is(w->operations, "*") || tw_slice_is(w->operations, operation) ||
		same(w->operations, (struct tw_slice){ operation, first });
}

/* As deep as an answer may be written (base/json-write.c), and no deeper. */
static tw_err take(json_t *j, const char *name, unsigned depth, size_t *ret_taken)
{
	const char *key;
	json_t *inside;
	size_t i;

	if (depth > TW_JSON_DEPTH_MAX)
		return TW_RAISE(LIMIT, "JSON deeper than %d levels", TW_JSON_DEPTH_MAX);
	if (json_is_object(j) && json_object_del(j, name) == 0)
		(*ret_taken)++;
	json_object_foreach(j, key, inside)
		TW_TRY(take(inside, name, depth + 1, ret_taken));
	json_array_foreach(j, i, inside)
		TW_TRY(take(inside, name, depth + 1, ret_taken));
	return TW_OK;
}

tw_err tw_withheld_take(json_t *j, struct tw_slice field, size_t *ret_taken)
{
	char name[TW_WITHHELD_NAME_MAX + 1];

	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(field));
	return take(j, name, 0, ret_taken);
}
