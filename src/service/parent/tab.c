/* SPDX-License-Identifier: Apache-2.0 */
#include "service/parent/tab.h"

#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>

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

static tw_err parse_line(struct tw_slice line_text, unsigned line, const struct tw_tab_names *n, struct tw_tab *tab)
{
	struct tw_slice name = cut(&line_text, ' '), uid = cut(&line_text, ' '), gid = line_text;
	size_t i = 0;

	while (i < n->count && !tw_slice_is(name, n->names[i]))
		i++;
	if (i == n->count)
		return TW_RAISE(SYNTAX, "line %u: not a role: '" TW_SLICE_FMT "'", line, TW_SLICE_ARG(name));
	if (tab->of[i].uid)
		return TW_RAISE(SYNTAX, "line %u: %s stands twice", line, n->names[i]);
	TW_TRY(parse_id(uid, line, "the user id", &tab->of[i].uid));
	return parse_id(gid, line, "the group id", &tab->of[i].gid);
}

static tw_err check(const struct tw_tab *tab, const struct tw_tab_names *n)
{
	for (size_t i = 0; i < n->needed; i++)
		if (!tab->of[i].uid)
			return TW_RAISE(SYNTAX, "no line for %s", n->names[i]);
	for (size_t i = 0; i < n->count; i++)
		for (size_t j = 0; j < i; j++)
			if (tab->of[i].uid && tab->of[i].uid == tab->of[j].uid)
				return TW_RAISE(SYNTAX, "%s and %s have the same user id", n->names[j], n->names[i]);
	return TW_OK;
}

tw_err tw_tab_parse(struct tw_slice text, const struct tw_tab_names *names, struct tw_tab *ret)
{
	struct tw_tab tab = { 0 };

	assert(names->count <= TW_TAB_NAMES_MAX);
	if (text.size > TW_TAB_MAX)
		return TW_RAISE(SYNTAX, "%zu bytes, at most %d make sense", text.size, TW_TAB_MAX);
	for (unsigned line = 1; text.size; line++)
		TW_TRY(parse_line(cut(&text, '\n'), line, names, &tab));
	TW_TRY(check(&tab, names));
	*ret = tab;
	return TW_OK;
}

tw_err tw_tab_read(const struct tw_sys *sys, const char *path, const struct tw_tab_names *names, struct tw_tab *ret)
{
	char text[TW_TAB_MAX + 1];
	TW_CLEANUP(tw_closep) int fd = sys->open_path(sys, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	struct stat st;
	ssize_t size;

	if (fd < 0 || sys->fstat(sys, fd, &st))
		return TW_RAISE_ERRNO("reading %s", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return TW_RAISE(DENIED, "%s must be a file of root's that nobody else can write", path);
	size = sys->pread(sys, fd, text, sizeof text, 0);
	if (size < 0)
		return TW_RAISE_ERRNO("reading %s", path);
	return tw_tab_parse((struct tw_slice){ text, (size_t)size }, names, ret);
}
