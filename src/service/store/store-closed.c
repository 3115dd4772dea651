/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that was closed whole says so in NAME.closed: which file it was and when that was last changed, as the file system has it. While it is
 * that file still, nobody has written to it since: so it is opened at once, and looked through when that keeps nobody waiting. The word is taken
 * away before anything is written, and given at a close, whether or not all was looked through by then: who ends a server waits for no look, and
 * the next open owes one. So after a kill, a power cut, a copy, an edit, or damage that was found, the next open looks first.
 */
#include "service/store/store-inside.h"
#include "sys/durable.h"

#include <fcntl.h>

#define WORD_MAX 160
#define MANY 50000 /* a fifth of a second, where they have three indexes */

static void beside(const tw_store *s, const char *what, char ret[TW_STORE_NAME_MAX + 16])
{
	(void)snprintf(ret, TW_STORE_NAME_MAX + 16, "%s%s", s->name, what);
}

/* "": there is no such file, or it cannot be asked. */
static void word_of(const tw_store *s, char ret[WORD_MAX])
{
	TW_CLEANUP(tw_closep) int fd = s->sys->open_beneath(s->sys, s->dir, s->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	struct stat st;

	ret[0] = '\0';
	if (fd < 0 || s->sys->fstat(s->sys, fd, &st) != 0)
		return;
	(void)snprintf(ret, WORD_MAX, "file %llu of %lld bytes changed %lld.%09ld %lld.%09ld\n", (unsigned long long)st.st_ino,
		(long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

/* What was not copied back yet is no part of the file. */
static bool has_log(const tw_store *s)
{
	char name[TW_STORE_NAME_MAX + 16];

	beside(s, "-wal", name);
	TW_CLEANUP(tw_closep) int fd = s->sys->open_beneath(s->sys, s->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	return fd >= 0;
}

tw_err tw_store_take_word(tw_store *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	char name[TW_STORE_NAME_MAX + 16], word[WORD_MAX];

	s->keeps_word = true;
	beside(s, ".closed", name);
	tw_buf_init(&said, s->sys, WORD_MAX);
	tw_err e = tw_durable_read(s->sys, s->dir, name, WORD_MAX - 1, &said);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	word_of(s, word);
	s->owes = !tw_failed(e) && *word && !has_log(s) && strcmp(tw_buf_cstr(&said), word) == 0;
	return tw_durable_remove(s->sys, s->dir, name);
}

/* One table: all of it, and that its rows refer to something. Of one with many rows only whether its pages and rows are whole: to ask whether each index says
   what the table says takes twenty times as long, and references grow with the rows; that is asked before a store that was not closed whole is opened. */
static tw_err look_at(tw_store *s, const char *table)
{
	char sql[sizeof s->looked + 96], got[TW_DETAIL_MAX];

	(void)snprintf(sql, sizeof sql, "SELECT count(*) = %d FROM (SELECT 1 FROM \"%s\" LIMIT %d)", MANY, table, MANY);
	TW_TRY(tw_store_answer(s, sql, got, sizeof got));
	const bool many = got[0] == '1';
	(void)snprintf(sql, sizeof sql, "PRAGMA %s_check(\"%s\")", many ? "quick" : "integrity", table);
	TW_TRY(tw_store_answer(s, sql, got, sizeof got));
	if (strcmp(got, "ok") != 0)
		return TW_RAISE(UNTRUSTED, "store: %s", got);
	if (many)
		return TW_OK;
	(void)snprintf(sql, sizeof sql, "PRAGMA foreign_key_check(\"%s\")", table);
	TW_TRY(tw_store_answer(s, sql, got, sizeof got));
	return got[0] ? TW_RAISE(UNTRUSTED, "store: a row of %s refers to nothing", got) : TW_OK;
}

static tw_err look_at_next(tw_store *s, bool *ret_more)
{
	char sql[sizeof s->looked + 80], table[sizeof s->looked];

	(void)snprintf(sql, sizeof sql, "SELECT min(name) FROM sqlite_schema WHERE type = 'table' AND name > '%s'", s->looked);
	TW_TRY(tw_store_answer(s, sql, table, sizeof table));
	if (strlen(table) + 1 == sizeof table || strpbrk(table, "'\""))
		return TW_RAISE(UNTRUSTED, "store: a table with a name that is none of ours");
	if (table[0])
		TW_TRY(look_at(s, table));
	(void)snprintf(s->looked, sizeof s->looked, "%s", table);
	s->owes = *ret_more = table[0] != '\0';
	return TW_OK;
}

tw_err tw_store_check_next(tw_store *s, bool *ret_more)
{
	*ret_more = false;
	if (!s->owes)
		return TW_OK;
	tw_err e = look_at_next(s, ret_more);
	s->doubtful = tw_failed(e);
	return e;
}

tw_err tw_store_check(tw_store *s)
{
	bool more = false;

	do
		TW_TRY(tw_store_check_next(s, &more));
	while (more);
	return TW_OK;
}

void tw_store_give_word(tw_store *s)
{
	char name[TW_STORE_NAME_MAX + 16], word[WORD_MAX];

	word_of(s, word);
	if (!*word || tw_vfs_broken(s->vfs) || has_log(s))
		return;
	beside(s, ".closed", name);
	tw_ignore(tw_durable_replace(s->sys, s->dir, name, word, strlen(word), 0600)); /* without it the next open looks first */
}
