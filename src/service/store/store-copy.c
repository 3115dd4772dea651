/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of the database while it is in use, by SQLite's own backup: pages go over in steps, and what is written between two steps through this connection,
 * the only one there is, goes into the copy as well. So the copy is what the database is at the moment of its last step.
 */
#include "service/store/store-inside.h"
#include "sys/durable.h"

struct tw_store_copy {
	tw_store *from;
	tw_vfs *vfs;
	sqlite3 *db;
	sqlite3_backup *backup;
};

static tw_err copy_error(tw_store_copy *c, int status, const char *what)
{
	const char *words = c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(status);

	switch (status & 0xff) {
	case SQLITE_NOMEM:
		return TW_RAISE(NOMEM, "a copy of the store: %s", what);
	case SQLITE_FULL:
		return TW_RAISE(LIMIT, "a copy of the store: %s: the disk is full", what);
	default:
		return TW_RAISE(IO, "a copy of the store: %s: %s", what, words);
	}
}

tw_store_copy *tw_store_copy_free(tw_store_copy *c)
{
	if (!c)
		return NULL;
	(void)sqlite3_backup_finish(c->backup);
	sqlite3_close(c->db);
	tw_vfs_free(c->vfs);
	free(c);
	return NULL;
}

/* Whoever takes the copy syncs it; cut before, it is none. */
static tw_err open_copy(tw_store_copy *c, const char *name)
{
	int status = sqlite3_open_v2(name, &c->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE, tw_vfs_name(c->vfs));

	if (status == SQLITE_OK)
		status = sqlite3_exec(c->db,
			"PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY",
			NULL, NULL, NULL);
	if (status == SQLITE_OK && !(c->backup = sqlite3_backup_init(c->db, "main", c->from->db, "main")))
		status = sqlite3_errcode(c->db);
	return status == SQLITE_OK ? TW_OK : copy_error(c, status, "begin");
}

tw_err tw_store_copy_begin(tw_store *s, const char *name, tw_store_copy **ret)
{
	TW_CLEANUP(tw_store_copy_freep) tw_store_copy *c = NULL;

	if (!s->db)
		return TW_RAISE(IO, "store: it could not be opened again and waits for a restart");
	TW_TRY(tw_durable_remove(s->sys, s->dir, name));
	c = TW_NEW(s->sys, tw_store_copy);
	if (!c)
		return TW_RAISE(NOMEM, "a copy of the store");
	c->from = s;
	TW_TRY(tw_vfs_new(s->sys, s->dir, &c->vfs));
	TW_TRY(open_copy(c, name));
	*ret = TW_STEAL(c);
	return TW_OK;
}

tw_err tw_store_copy_step(tw_store_copy *c, int pages, bool *ret_done)
{
	int status = c->backup ? sqlite3_backup_step(c->backup, pages) : SQLITE_MISUSE;

	*ret_done = status == SQLITE_DONE;
	if (status == SQLITE_OK)
		return TW_OK;
	if (status != SQLITE_DONE)
		return copy_error(c, status, "step");
	status = sqlite3_backup_finish(c->backup);
	c->backup = NULL;
	return status == SQLITE_OK ? TW_OK : copy_error(c, status, "end");
}
