/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hands/tab.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static const char *const names[TW_TAB_NAMES] = { "core", "front", "keys", "application", "fetch", "scan", "hash" };

/* Cuts the text before the next end (or the end of all) off rest. */
static struct tw_slice cut(struct tw_slice *rest, char end)
{
	const char *at = rest->size ? memchr(rest->at, end, rest->size) : NULL;
	struct tw_slice piece = { rest->at, at ? (size_t)(at - rest->at) : rest->size };

	rest->at += at ? piece.size + 1 : piece.size;
	rest->size -= at ? piece.size + 1 : piece.size;
	return piece;
}

static tw_err parse_id(struct tw_slice word, unsigned line, const char *what, uint32_t *ret)
{
	uint64_t id = 0;

	/* 4294967295 means "leave it" to setresuid, 0 is root. */
	if (tw_failed(tw_parse_u64(word, UINT32_MAX - 1, &id)) || id == 0)
		return TW_RAISE(SYNTAX, "line %u: %s must be a number from 1 to 4294967294", line, what);
	*ret = (uint32_t)id;
	return TW_OK;
}

static tw_err parse_line(struct tw_slice line_text, unsigned line, bool seen[TW_TAB_NAMES], struct tw_tab *tab)
{
	struct tw_slice name = cut(&line_text, ' '), uid = cut(&line_text, ' '), gid = line_text;
	size_t i = 0;

	while (i < TW_TAB_NAMES && !tw_slice_is(name, names[i]))
		i++;
	if (i == TW_TAB_NAMES)
		return TW_RAISE(SYNTAX, "line %u: not a role: '" TW_SLICE_FMT "'", line, TW_SLICE_ARG(name));
	if (seen[i])
		return TW_RAISE(SYNTAX, "line %u: %s stands twice", line, names[i]);
	seen[i] = true;
	TW_TRY(parse_id(uid, line, "the user id", &tab->of[i].uid));
	return parse_id(gid, line, "the group id", &tab->of[i].gid);
}

tw_err tw_tab_parse(struct tw_slice text, struct tw_tab *ret)
{
	struct tw_tab tab = { 0 };
	bool seen[TW_TAB_NAMES] = { false };

	if (text.size > TW_TAB_MAX)
		return TW_RAISE(SYNTAX, "%zu bytes, at most %d make sense", text.size, TW_TAB_MAX);
	for (unsigned line = 1; text.size; line++)
		TW_TRY(parse_line(cut(&text, '\n'), line, seen, &tab));
	for (size_t i = 0; i < TW_TAB_NEEDED; i++)
		if (!seen[i])
			return TW_RAISE(SYNTAX, "no line for %s", names[i]);
	for (size_t i = 0; i < TW_TAB_NAMES; i++)
		for (size_t j = 0; j < i; j++)
			if (seen[i] && tab.of[i].uid == tab.of[j].uid)
				return TW_RAISE(SYNTAX, "%s and %s have the same user id", names[j], names[i]);
	*ret = tab;
	return TW_OK;
}
