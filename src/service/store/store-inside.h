/* SPDX-License-Identifier: Apache-2.0 */
/* What store.c and store-format.c share: the store from inside. */
#ifndef TW_SERVICE_STORE_INSIDE_H
#define TW_SERVICE_STORE_INSIDE_H
#include "service/store/store.h"
#include "service/store/vfs.h"

#include <sqlite3.h>

#define TW_STORE_STATEMENTS 48 /* more than the daemon has; the least recently used one gives way */
#define TW_STORE_NAME_MAX 32

struct tw_store_statement {
	const char *sql;
	sqlite3_stmt *stmt;
	uint64_t used;
};
struct tw_store {
	const struct tw_sys *sys;
	int dir;
	char name[TW_STORE_NAME_MAX];
	const struct tw_store_formats *formats;
	int format;
	tw_vfs *vfs;
	sqlite3 *db; /* NULL: it could not be opened again after a migration */
	struct tw_store_statement cache[TW_STORE_STATEMENTS];
	uint64_t ticks;
	bool in_transaction;
	bool keeps_word; /* opened by tw_store_open_closed */
	bool owes;       /* it has not been looked through since it was opened */
	bool doubtful;   /* a look found damage, or could not be ended: the next open looks first */
	char looked[64]; /* the last table that was, of those that are owed */
	enum tw_store_fault fault;
};

/* A store whose format has not been judged yet. */
tw_err tw_store_new(const struct tw_sys *sys, int dir, const char *name, const struct tw_store_formats *formats, tw_store **ret);
tw_err tw_store_connect(tw_store *s, const char *name);
void tw_store_disconnect(tw_store *s);
tw_err tw_store_script(tw_store *s, const char *sql, const char *what);
/* The first column of the first row, as text cut to size; "" without a row. */
tw_err tw_store_answer(tw_store *s, const char *sql, char *ret, size_t size);
tw_err tw_store_demand(tw_store *s, const char *sql, const char *wanted); /* UNSUPPORTED: another answer */

tw_err tw_store_take_word(tw_store *s); /* before it is opened; sets what it owes */
void tw_store_give_word(tw_store *s);   /* once it is closed */

tw_err tw_store_find_format(tw_store *s);
tw_err tw_store_check_format(const tw_store *s);
tw_err tw_store_advance(tw_store *s, int to); /* all steps up to that format, in one transaction */
#endif
