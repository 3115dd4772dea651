/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formats of the store: which this release reads, and the way from one to the next.
 *
 * A release reads and writes two, its own and the one before, so that an update can be taken back: until a boot is confirmed
 * nothing is written that the release before could not read. Then the store is brought to the new format as a copy:
 *
 *     copy the log back; copy NAME to NAME.new; change and check NAME.new; close NAME, and its log is gone for good;
 *     rename NAME.new to NAME; open it
 *
 * Everything up to the rename can fail or be cut and leaves the old store; the rename is the whole step. The old log must be
 * gone durably before it: found beside the new database, its frames would be taken for the new one's.
 */
#include "service/store/formats.h"
#include "service/store/store-inside.h"
#include "sys/durable.h"

static const char *const beside[] = { ".new-wal", ".new-journal", ".new" };

tw_err tw_store_find_format(tw_store *s)
{
	char text[24];
	TW_TRY(tw_store_answer(s, "PRAGMA user_version", text, sizeof text));
	s->format = 0;
	for (const char *c = text; *c; c++) {
		if (*c < '0' || *c > '9' || s->format > 100000)
			return TW_RAISE(UNTRUSTED, "store: %s says it has format %s", s->name, text);
		s->format = s->format * 10 + (*c - '0');
	}
	return TW_OK;
}

tw_err tw_store_check_format(const tw_store *s)
{
	return tw_store_judge_format(s->formats, s->name, s->format);
}

static tw_err advance(tw_store *s, void *user)
{
	int to = *(const int *)user;
	char mark[48];
	for (const struct tw_store_step *step = s->formats->steps; step->sql; step++)
		if (step->format > s->format && step->format <= to)
			TW_TRY(tw_store_script(s, step->sql, "schema"));
	snprintf(mark, sizeof mark, "PRAGMA user_version=%d", to);
	return tw_store_script(s, mark, "format");
}

tw_err tw_store_advance(tw_store *s, int to)
{
	if (s->format < to)
		TW_TRY(tw_store_transaction(s, advance, &to));
	s->format = to > s->format ? to : s->format;
	return TW_OK;
}

int tw_store_format(const tw_store *s)
{
	return s->format;
}

/* All of the log into the database, and the log empty. */
static tw_err settle(tw_store *s)
{
	return tw_store_demand(s, "PRAGMA wal_checkpoint(TRUNCATE)", "0");
}

static tw_err clear(const tw_store *s)
{
	char name[TW_STORE_NAME_MAX + 16];
	tw_err first = TW_OK;
	for (size_t i = 0; i < TW_COUNT(beside); i++) {
		snprintf(name, sizeof name, "%s%s", s->name, beside[i]);
		tw_err e = tw_durable_remove(s->sys, s->dir, name);
		if (!tw_failed(first))
			first = e;
	}
	return first;
}

/* Makes NAME.new: whole, checked, durable, with no log of its own. */
static tw_err make_new(const tw_store *s, const char *fresh)
{
	TW_CLEANUP(tw_store_freep) tw_store *n = NULL;
	char log[TW_STORE_NAME_MAX + 16];
	TW_TRY(clear(s));
	TW_TRY(tw_durable_copy(s->sys, s->dir, s->name, fresh, 0600));
	TW_TRY(tw_store_new(s->sys, s->dir, fresh, s->formats, &n));
	TW_TRY(tw_store_advance(n, s->formats->newest));
	TW_TRY(settle(n));
	n = tw_store_free(n);
	snprintf(log, sizeof log, "%s.new-wal", s->name);
	return tw_durable_remove(s->sys, s->dir, log);
}

static tw_err swap(tw_store *s, const char *fresh)
{
	char log[TW_STORE_NAME_MAX + 16];
	snprintf(log, sizeof log, "%s-wal", s->name);
	TW_TRY(tw_durable_remove(s->sys, s->dir, log));
	return tw_durable_rename(s->sys, s->dir, fresh, s->name);
}

static bool in_use(tw_store *s)
{
	for (sqlite3_stmt *stmt = sqlite3_next_stmt(s->db, NULL); stmt; stmt = sqlite3_next_stmt(s->db, stmt))
		if (sqlite3_stmt_busy(stmt))
			return true;
	return s->in_transaction;
}

/* Takes what is left of an attempt away, and says again why it failed. */
static tw_err give_up(const tw_store *s, tw_err e)
{
	char why[TW_DETAIL_MAX];
	snprintf(why, sizeof why, "%s", tw_err_detail());
	tw_ignore(clear(s)); /* what stays is taken away when it is tried again */
	return tw_raise(e.code, __func__, __LINE__, "%s", why);
}

tw_err tw_store_migrate(tw_store *s)
{
	char fresh[TW_STORE_NAME_MAX + 16];
	if (s->format >= s->formats->newest)
		return TW_OK;
	if (!s->db || in_use(s))
		return TW_RAISE(STATE, "store: it is in use and cannot change its format now");
	snprintf(fresh, sizeof fresh, "%s.new", s->name);
	tw_err e = settle(s);
	if (!tw_failed(e))
		e = make_new(s, fresh);
	if (tw_failed(e))
		return give_up(s, e);
	tw_store_disconnect(s);
	e = swap(s, fresh);
	if (tw_failed(e))
		e = give_up(s, e);
	tw_err opened = tw_store_connect(s, s->name); /* whichever now has the name */
	return tw_failed(opened) ? opened : e;
}
