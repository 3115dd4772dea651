/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: one SQLite database through a VFS of ours over the seam, so that faults and power cuts reach it too.
 *
 * Write-ahead log, exclusive locking, synchronous=FULL. SQL stands in src/service/sql and src/device/sql files, compiled in as
 * rows; a statement is named, prepared once, and bound by position. A transaction is one function, so it cannot be left open.
 *
 * The same calls over PostgreSQL are in postgresql/: a program links one of the two (README.md of src/service).
 *
 * A store has a format, a number in its file (SQLite's user_version). A release reads and writes two of them, its own and the one
 * before. It brings a store to the older of the two when it opens it, and to the newer only when it is told to: see
 * tw_store_migrate. What it may count on is therefore asked by tw_store_format(), and never by what software this is.
 */
#ifndef TW_SERVICE_STORE_H
#define TW_SERVICE_STORE_H
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

typedef struct tw_store tw_store;
typedef struct tw_row tw_row; /* a prepared statement, being stepped */
/* SQL that belongs to the way from format - 1 to format; format 0 is an empty file. In order. */
struct tw_store_step {
	int format;
	const char *sql; /* NULL ends the list */
};
struct tw_store_formats {
	const struct tw_store_step *steps;
	int oldest, newest; /* what this release reads and writes */
};
/* dir: an open directory; the database is NAME in it. An empty one is made, in the oldest format; formats is borrowed.
   UNTRUSTED: integrity check failed. STATE: of a format that this release does not read; nothing was changed. */
tw_err tw_store_open(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret);
/* The same, but a store that was closed whole and that nobody has touched since owes its integrity check, and is open before it: tw_store_check, soon,
   or else the next open owes it. Where NAME.closed does not say so, or a check failed, the next open checks first. */
tw_err tw_store_open_closed(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret);
bool tw_store_owes(const tw_store *s);
/* A table of what it owes, so that others are answered between them. After a failure the same table is the next one again. */
tw_err tw_store_check_next(tw_store *s, bool *ret_more);
tw_err tw_store_check(tw_store *s); /* what it owes. UNTRUSTED: damaged, and to be closed; the next open says so again */
/* As tw_store_open_closed, for a program that is linked with either store: address is where PostgreSQL is (postgresql/where.h), and of no meaning to files. */
struct tw_store_place {
	int dir;
	const char *name, *address;
};
tw_err tw_store_open_at(
	const struct tw_sys *sys, const struct tw_store_place *place, const struct tw_store_formats *formats, tw_store **ret);
tw_store *tw_store_free(tw_store *s);
TW_DEFINE_FREEP(tw_store, tw_store_free)

int tw_store_format(const tw_store *s);
/*
 * Brings the store to the newest format: on a copy, which takes the name in one step, so that whatever fails or is cut leaves
 * either the old store whole or the new one. Only for a boot that is confirmed: the release before does not read the result.
 * OK when it has that format already. On an error the store goes on in the format that tw_store_format() says, LIMIT: no room
 * for the copy. Should the store not open again afterwards, it is not usable, and a restart has to open it.
 */
tw_err tw_store_migrate(tw_store *s);
bool tw_store_usable(const tw_store *s);

/* What the disk did to the last run or transaction. */
enum tw_store_fault { TW_STORE_WELL, TW_STORE_FULL, TW_STORE_FAILED };
enum tw_store_fault tw_store_fault(const tw_store *s);
/* A sync has failed: nothing more is written until a restart has read what is there. */
bool tw_store_broken(const tw_store *s);
#define TW_STORE_RETRY_S 5 /* said to whoever is refused for its fault: it is tried again by itself */
/* Why the server of a store in PostgreSQL refused or was not there when it last was so, for whoever looks after it; of a file the fault says it all: "". */
const char *tw_store_why(const tw_store *s);
/* Whether a restart would find the store; of a file that is asked of the disk, so here nothing is. IO: a server that does not answer. */
tw_err tw_store_try(tw_store *s);

enum tw_value_kind { TW_VALUE_NULL, TW_VALUE_INT, TW_VALUE_TEXT, TW_VALUE_BLOB };
struct tw_value {
	enum tw_value_kind kind;
	int64_t integer;
	struct tw_slice bytes;
};
#define TW_V_INT(v) ((struct tw_value){ .kind = TW_VALUE_INT, .integer = (v) })
#define TW_V_TEXT(t) ((struct tw_value){ .kind = TW_VALUE_TEXT, .bytes = tw_slice_of(t) })
#define TW_V_SLICE(s) ((struct tw_value){ .kind = TW_VALUE_TEXT, .bytes = (s) })
#define TW_V_BLOB(p, n) ((struct tw_value){ .kind = TW_VALUE_BLOB, .bytes = { (const char *)(p), (n) } })
/* Runs one statement; visit sees each row until it fails. sql is a literal (it is the cache's key by address). */
tw_err tw_store_run(tw_store *s, const char *sql, const struct tw_value *values, size_t count,
	tw_err (*visit)(void *user, const tw_row *row), void *user);
int64_t tw_row_int(const tw_row *r, int column);
struct tw_slice tw_row_bytes(const tw_row *r, int column); /* text or blob, valid during visit; a text has NUL behind its end */
bool tw_row_null(const tw_row *r, int column);
int64_t tw_store_changes(const tw_store *s); /* rows changed by the last run */
/*
 * A copy of the database under another name beside it, in steps of so many pages, while it is in use: what it is at the last step. Not synced. One that is
 * not whole is removed by the next begin. LIMIT: the disk is full. Freed before the store.
 */
typedef struct tw_store_copy tw_store_copy;
tw_err tw_store_copy_begin(tw_store *s, const char *name, tw_store_copy **ret);
tw_err tw_store_copy_step(tw_store_copy *c, int pages, bool *ret_done);
tw_store_copy *tw_store_copy_free(tw_store_copy *c);
TW_DEFINE_FREEP(tw_store_copy, tw_store_copy_free)
/*
 * Whatever is deleted is overwritten in the database; after end, so is what was deleted between the two, and the write-ahead log, which may still hold it, is
 * empty: for what is deleted so that nobody reads it again. What the disk itself keeps of blocks it wrote before is beyond reach. Outside of transactions.
 * UNSUPPORTED: the store keeps what is deleted.
 */
tw_err tw_store_wipe_begin(tw_store *s);
tw_err tw_store_wipe_end(tw_store *s);
/* BEGIN IMMEDIATE, body, COMMIT; ROLLBACK when body fails. Durable when OK. */
tw_err tw_store_transaction(tw_store *s, tw_err (*body)(tw_store *s, void *user), void *user);
#endif
