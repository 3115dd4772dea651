/* SPDX-License-Identifier: Apache-2.0 */
/* What line.c and store-pg.c share: the store in PostgreSQL from inside. */
#ifndef TW_SERVICE_STORE_POSTGRESQL_INSIDE_H
#define TW_SERVICE_STORE_POSTGRESQL_INSIDE_H
#include "service/store/postgresql/where.h"
#include "service/store/store.h"

#include <libpq-fe.h>

#define TW_PG_STATEMENTS 64
#define TW_PG_VALUES 32
#define TW_PG_ANSWER_MS 10000 /* then the server counts as gone */
#define TW_PG_CONNECT_MS 5000
#define TW_PG_CONNECT_FAR_MS 10500 /* over the network: a name (TW_RESOLVE_MS), the line (TW_LINE_DIAL_MS), and a second */
#define TW_PG_HOLD_OFF_MS 500      /* between two tries to connect, twice as long each time, */
#define TW_PG_HOLD_OFF_MAX_MS 8000 /* to this: a try may hold everybody up for TW_PG_CONNECT_MS, or the other */
#define TW_PG_DOUBT_MS 3000        /* how long a commit without answer is asked after */
#define TW_PG_MARK 33              /* 128 random bits in hex: nobody else's, on whatever server is asked */

struct tw_pg_statement {
	const char *sql; /* NULL: free. With kinds it is the key: the server plans by the types of the values */
	uint64_t kinds, used;
	bool prepared; /* on the present line */
	bool open;     /* a run of it is in its visit */
};
struct tw_store {
	const struct tw_sys *sys;
	int dir;
	struct tw_pg_where where;
	char schema[2 * TW_PG_NAME_MAX];
	const struct tw_store_formats *formats;
	int format;
	PGconn *line;   /* NULL: none; the next statement that may makes one */
	int64_t try_ms; /* not before, by the boot clock */
	int64_t hold_off_ms;
	struct tw_pg_statement cache[TW_PG_STATEMENTS];
	uint64_t ticks;
	int64_t changes;
	char mark[TW_PG_MARK]; /* what the last commit left in store_mark; "": none yet */
	char session[48];      /* the server's name of the last line's session: process and when it began; "": not known */
	bool in_transaction, broken;
	bool stood_still; /* the last line was given up since no answer came in time, not since it had broken */
	enum tw_store_fault fault;
	char why[TW_DETAIL_MAX]; /* the last fault's */
};

int64_t tw_pg_now(const struct tw_store *s);
/* A line that is ours alone, with the schema in its path. STATE: another has the store; UNSUPPORTED: a server as it must not be. */
tw_err tw_pg_connect(struct tw_store *s);
void tw_pg_hang_up(struct tw_store *s);
/* What the server answers to what was sent, in whole; owned by the caller. Fails when the line has broken, and has hung up then. */
tw_err tw_pg_answer(struct tw_store *s, const char *what, PGresult **ret);
/* TW_OK when r is no refusal. A server that goes away has the line hung up. */
tw_err tw_pg_judge(struct tw_store *s, const PGresult *r, const char *what);
/* Statements without values, in one go. */
tw_err tw_pg_command(struct tw_store *s, const char *sql, const char *what);
/* The first column of the first row as text, cut to size; "" when there is none. */
tw_err tw_pg_ask(struct tw_store *s, const char *sql, char *ret, size_t size);
tw_err tw_pg_begin(struct tw_store *s);
/* Where commits leave their marks: made where it is missing, and what others left there is removed. */
tw_err tw_pg_marks(struct tw_store *s);
/* Behind a new line: what was committed over the one before is there. Sets broken when it is not. */
tw_err tw_pg_still_there(struct tw_store *s);
/* COMMIT, with a mark. When its answer does not come, another connection asks for the mark; sets broken when nobody can say. */
tw_err tw_pg_finish(struct tw_store *s);
void tw_pg_undo(struct tw_store *s); /* ROLLBACK; keeps the last error's words */

static inline void tw_pg_clearp(PGresult **r)
{
	PQclear(*r);
	*r = NULL;
}
#endif
