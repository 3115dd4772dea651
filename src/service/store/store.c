/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection, opened exclusively; a small cache of prepared statements keyed by the address of their SQL; transactions
 * that are functions. SQLite's own messages are passed on as detail, its codes as ours: full is LIMIT, damaged is UNTRUSTED.
 */
#include "service/store/store-inside.h"

#define CACHE_KIB 256         /* pages kept in memory: the whole database of a device is not much larger */
#define CHECKPOINT_PAGES 64   /* the log is copied back at 256 KiB, so it never grows far beyond */
#define RECOVERY_LIMIT 262144 /* bytes of log kept after a checkpoint */

static enum tw_store_fault fault_of(int status)
{
	switch (status & 0xff) {
	case SQLITE_FULL:
		return TW_STORE_FULL;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return status == SQLITE_IOERR_NOMEM ? TW_STORE_WELL : TW_STORE_FAILED;
	default:
		return TW_STORE_WELL;
	}
}

static tw_err sql_error(tw_store *s, int status, const char *what)
{
	const char *words = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(status);
	s->fault = fault_of(status);
	switch (status & 0xff) {
	case SQLITE_NOMEM:
		return TW_RAISE(NOMEM, "store: %s", what);
	case SQLITE_FULL:
		return TW_RAISE(LIMIT, "store: %s: the disk is full", what);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return TW_RAISE(UNTRUSTED, "store: %s: %s", what, words);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return TW_RAISE(STATE, "store: %s: in use by another process", what);
	case SQLITE_CONSTRAINT:
		return TW_RAISE(EXISTS, "store: %s: %s", what, words);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return TW_RAISE(IO, "store: %s: %s", what, words);
	default:
		return TW_RAISE(INTERNAL, "store: %s: %s", what, words);
	}
}

tw_err tw_store_script(tw_store *s, const char *sql, const char *what)
{
	if (!s->db)
		return TW_RAISE(IO, "store: %s: it could not be opened again and waits for a restart", what);
	int status = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
	return status == SQLITE_OK ? TW_OK : sql_error(s, status, what);
}

tw_err tw_store_answer(tw_store *s, const char *sql, char *ret, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	int status = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
	if (status == SQLITE_OK)
		status = sqlite3_step(stmt);
	bool has_text = status == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL; /* asked first: without memory for the text it is NULL */
	const char *text = has_text ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
	snprintf(ret, size, "%s", text ? text : "");
	tw_err e = TW_OK;
	if (has_text && !text)
		e = sql_error(s, SQLITE_NOMEM, sql);
	else if (status != SQLITE_ROW && status != SQLITE_DONE)
		e = sql_error(s, status, sql);
	sqlite3_finalize(stmt);
	return e;
}

tw_err tw_store_demand(tw_store *s, const char *sql, const char *wanted)
{
	char got[64];
	TW_TRY(tw_store_answer(s, sql, got, sizeof got));
	if (strcmp(got, wanted) != 0)
		return TW_RAISE(UNSUPPORTED, "store: %s answered \"%s\"", sql, got);
	return TW_OK;
}

/* Exclusive locking comes first: without it, and without shared memory, SQLite would silently stay with a rollback journal. */
static tw_err configure(tw_store *s)
{
	char pragmas[320];
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, 1 << 20);
	TW_TRY(tw_store_demand(s, "PRAGMA locking_mode=EXCLUSIVE", "exclusive"));
	snprintf(pragmas, sizeof pragmas,
		"PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
		"PRAGMA cache_size=-%d; PRAGMA page_size=4096; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;",
		CACHE_KIB);
	TW_TRY(tw_store_script(s, pragmas, "pragmas"));
	TW_TRY(tw_store_demand(s, "PRAGMA journal_mode=WAL", "wal"));
	snprintf(pragmas, sizeof pragmas, "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=%d; PRAGMA journal_size_limit=%d;",
		CHECKPOINT_PAGES, RECOVERY_LIMIT);
	return tw_store_script(s, pragmas, "pragmas");
}

static tw_err verify(tw_store *s)
{
	char got[TW_DETAIL_MAX];
	TW_TRY(tw_store_answer(s, "PRAGMA integrity_check(1)", got, sizeof got));
	if (strcmp(got, "ok") != 0)
		return TW_RAISE(UNTRUSTED, "store: %s", got);
	TW_TRY(tw_store_answer(s, "PRAGMA foreign_key_check", got, sizeof got));
	if (got[0])
		return TW_RAISE(UNTRUSTED, "store: a row of %s refers to nothing", got);
	return TW_OK;
}

tw_err tw_store_connect(tw_store *s, const char *name)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE;
	int status = sqlite3_open_v2(name, &s->db, flags, tw_vfs_name(s->vfs));
	tw_err e = status == SQLITE_OK ? configure(s) : sql_error(s, status, "open");
	if (!tw_failed(e) && !s->owes)
		e = verify(s);
	if (!tw_failed(e))
		e = tw_store_find_format(s);
	if (tw_failed(e))
		tw_store_disconnect(s);
	return e;
}

void tw_store_disconnect(tw_store *s)
{
	for (size_t i = 0; i < TW_STORE_STATEMENTS; i++)
		sqlite3_finalize(s->cache[i].stmt);
	memset(s->cache, 0, sizeof s->cache);
	sqlite3_close(s->db);
	s->db = NULL;
}

static tw_err make(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, bool closed, tw_store **ret)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = TW_NEW(sys, tw_store);
	if (!s)
		return TW_RAISE(NOMEM, "store");
	s->sys = sys;
	s->dir = dir;
	s->formats = formats;
	if ((size_t)snprintf(s->name, sizeof s->name, "%s", name) >= sizeof s->name)
		return TW_RAISE(LIMIT, "store: a name of %zu bytes", strlen(name));
	TW_TRY(tw_vfs_new(sys, dir, &s->vfs));
	if (closed)
		TW_TRY(tw_store_take_word(s));
	TW_TRY(tw_store_connect(s, name));
	*ret = TW_STEAL(s);
	return TW_OK;
}

tw_err tw_store_new(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret)
{
	return make(sys, dir, name, formats, false, ret);
}

/* Takes what was made, and frees it where its format is not ours. */
static tw_err judge(tw_store *made, tw_store **ret)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = made;
	TW_TRY(tw_store_check_format(s));
	if (s->format < s->formats->oldest)
		TW_TRY(tw_store_advance(s, s->formats->oldest));
	*ret = TW_STEAL(s);
	return TW_OK;
}

tw_err tw_store_open(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret)
{
	tw_store *s = NULL;
	TW_TRY(make(sys, dir, name, formats, false, &s));
	return judge(s, ret);
}

tw_err tw_store_open_closed(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret)
{
	tw_store *s = NULL;
	TW_TRY(make(sys, dir, name, formats, true, &s));
	return judge(s, ret);
}

bool tw_store_owes(const tw_store *s)
{
	return s->owes;
}

enum tw_store_fault tw_store_fault(const tw_store *s)
{
	return s->fault;
}

const char *tw_store_why(const tw_store *s)
{
	return "";
}

tw_err tw_store_open_at(
	const struct tw_sys *sys, const struct tw_store_place *place, const struct tw_store_formats *formats, tw_store **ret)
{
	return tw_store_open_closed(sys, place->dir, place->name, formats, ret);
}

bool tw_store_broken(const tw_store *s)
{
	return tw_vfs_broken(s->vfs);
}

tw_err tw_store_try(tw_store *s)
{
	return TW_OK;
}

bool tw_store_usable(const tw_store *s)
{
	return s->db != NULL;
}

tw_store *tw_store_free(tw_store *s)
{
	if (!s)
		return NULL;
	const bool whole = s->keeps_word && s->db && !s->doubtful; /* what it owes still is the next one's, which is not kept waiting either */
	tw_store_disconnect(s);
	if (whole)
		tw_store_give_word(s);
	tw_vfs_free(s->vfs);
	free(s);
	return NULL;
}

static tw_err prepared(tw_store *s, const char *sql, sqlite3_stmt **ret)
{
	if (!s->db)
		return TW_RAISE(IO, "store: it could not be opened again and waits for a restart");
	struct tw_store_statement *slot = NULL; /* the one to give way: never one that somebody is reading from */
	for (size_t i = 0; i < TW_STORE_STATEMENTS; i++) {
		struct tw_store_statement *c = &s->cache[i];
		if (c->sql == sql) {
			if (sqlite3_stmt_busy(c->stmt))
				return TW_RAISE(STATE, "store: a statement was run again from its own visit");
			c->used = ++s->ticks;
			*ret = c->stmt;
			return TW_OK;
		}
		if ((!slot || c->used < slot->used) && !sqlite3_stmt_busy(c->stmt))
			slot = c;
	}
	if (!slot)
		return TW_RAISE(LIMIT, "store: more than %d statements inside one another", TW_STORE_STATEMENTS);
	sqlite3_finalize(slot->stmt);
	*slot = (struct tw_store_statement){ 0 };
	sqlite3_stmt *stmt = NULL;
	int status = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
	if (status != SQLITE_OK)
		return sql_error(s, status, "prepare");
	*slot = (struct tw_store_statement){ sql, stmt, ++s->ticks };
	*ret = stmt;
	return TW_OK;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct tw_value *v)
{
	switch (v->kind) {
	case TW_VALUE_INT:
		return sqlite3_bind_int64(stmt, at, v->integer);
	case TW_VALUE_TEXT:
		return sqlite3_bind_text64(stmt, at, v->bytes.at ? v->bytes.at : "", v->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
	case TW_VALUE_BLOB:
		return sqlite3_bind_blob64(stmt, at, v->bytes.at ? v->bytes.at : "", v->bytes.size, SQLITE_STATIC);
	case TW_VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}

static tw_err bind_all(tw_store *s, sqlite3_stmt *stmt, const struct tw_value *values, size_t count)
{
	if (sqlite3_bind_parameter_count(stmt) != (int)count)
		return TW_RAISE(INTERNAL, "store: %zu values for a statement of %d", count, sqlite3_bind_parameter_count(stmt));
	for (size_t i = 0; i < count; i++) {
		int status = bind_one(stmt, (int)i + 1, &values[i]);
		if (status != SQLITE_OK)
			return sql_error(s, status, "bind");
	}
	return TW_OK;
}

static tw_err step_all(tw_store *s, sqlite3_stmt *stmt, tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	for (;;) {
		int status = sqlite3_step(stmt);
		if (status == SQLITE_DONE)
			return TW_OK;
		if (status != SQLITE_ROW)
			return sql_error(s, status, "run");
		if (visit)
			TW_TRY(visit(user, (const tw_row *)stmt));
	}
}

tw_err tw_store_run(tw_store *s, const char *sql, const struct tw_value *values, size_t count,
	tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	sqlite3_stmt *stmt = NULL;
	if (!s->in_transaction)
		s->fault = TW_STORE_WELL;
	TW_TRY(prepared(s, sql, &stmt));
	tw_err e = bind_all(s, stmt, values, count);
	if (!tw_failed(e))
		e = step_all(s, stmt, visit, user);
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt); /* they point at the caller's bytes */
	return e;
}

static sqlite3_stmt *stmt_of(const tw_row *r)
{
	return (sqlite3_stmt *)(uintptr_t)r;
}

int64_t tw_row_int(const tw_row *r, int column)
{
	return sqlite3_column_int64(stmt_of(r), column);
}

struct tw_slice tw_row_bytes(const tw_row *r, int column)
{
	/* Texts end with NUL, also what substr() made, which SQLite ends when it is asked for as a text alone. Without memory for that the next step fails. */
	const bool text = sqlite3_column_type(stmt_of(r), column) == SQLITE_TEXT;
	const void *at = text ? (const void *)sqlite3_column_text(stmt_of(r), column) : sqlite3_column_blob(stmt_of(r), column);
	int size = at ? sqlite3_column_bytes(stmt_of(r), column) : 0;
	return (struct tw_slice){ at ? at : "", (size_t)size };
}

bool tw_row_null(const tw_row *r, int column)
{
	return sqlite3_column_type(stmt_of(r), column) == SQLITE_NULL;
}

int64_t tw_store_changes(const tw_store *s)
{
	return s->db ? sqlite3_changes64(s->db) : 0;
}

tw_err tw_store_transaction(tw_store *s, tw_err (*body)(tw_store *s, void *user), void *user)
{
	if (s->in_transaction)
		return TW_RAISE(STATE, "store: a transaction inside another");
	TW_TRY(tw_store_script(s, "BEGIN IMMEDIATE", "begin"));
	s->in_transaction = true;
	s->fault = TW_STORE_WELL;
	tw_err e = body(s, user);
	if (!tw_failed(e))
		e = tw_store_script(s, "COMMIT", "commit");
	if (!sqlite3_get_autocommit(s->db)) /* a failed body or commit; SQLite has undone some failures by itself */
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->in_transaction = false;
	return e;
}

/* Deleted content is emptied at all times (configure, and the gaps in vfs.c): what is to be wiped may have been moved about long before. */
tw_err tw_store_wipe_begin(tw_store *s)
{
	return tw_store_demand(s, "PRAGMA secure_delete", "1");
}

tw_err tw_store_wipe_end(tw_store *s)
{
	TW_TRY(tw_store_demand(s, "PRAGMA wal_checkpoint(TRUNCATE)", "0")); /* 1: somebody reads, and there is nobody else */
	return tw_store_script(s, "PRAGMA shrink_memory", "wipe");          /* pages as they were before they went to the file */
}
