/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h over libpq. A program has this or store.c in it, never both; what calls the store knows of neither.
 *
 * As SQLite has it, a statement that fails undoes itself and not its transaction: each that writes within one has a savepoint. A connection that was lost
 * is made anew by the next statement outside a transaction; what was in the transaction is gone, and was acknowledged to nobody.
 */
#include "service/store/postgresql/dialect.h"
#include "service/store/postgresql/inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "service/sql-postgresql.h"
#include "service/store/formats.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define SQL_MAX 65536
#define VALUE_MAX (1 << 20) /* as the limit that store.c gives SQLite */
#define TRIES 3             /* of one statement that others' locks had undone */

enum oid { BOOL = 16, BYTEA = 17, NAME = 19, INT8 = 20, INT2 = 21, INT4 = 23, TEXT = 25, UNKNOWN = 705, VARCHAR = 1043 };

struct tw_row {
	const PGresult *of;
	int at;
};

/* --- Statements --- */

struct bound {
	const char *values[TW_PG_VALUES];
	int sizes[TW_PG_VALUES], formats[TW_PG_VALUES];
	Oid types[TW_PG_VALUES];
	int64_t integers[TW_PG_VALUES];
	uint64_t kinds;
};

static tw_err bind_all(const struct tw_value *values, size_t count, struct bound *ret)
{
	static const Oid types[] = { [TW_VALUE_NULL] = 0, [TW_VALUE_INT] = INT8, [TW_VALUE_TEXT] = TEXT, [TW_VALUE_BLOB] = BYTEA };

	ret->kinds = 0;
	if (count > TW_PG_VALUES)
		return TW_RAISE(LIMIT, "store: %zu values for one statement", count);
	for (size_t i = 0; i < count; i++) {
		const struct tw_value *v = &values[i];

		if (v->bytes.size > VALUE_MAX)
			return TW_RAISE(LIMIT, "store: a value of %zu bytes", v->bytes.size);
		ret->kinds |= (uint64_t)v->kind << 2 * i;
		ret->types[i] = types[v->kind];
		ret->formats[i] = 1;
		ret->integers[i] = (int64_t)htobe64((uint64_t)v->integer);
		ret->values[i] = v->bytes.at ? v->bytes.at : "";
		ret->sizes[i] = (int)v->bytes.size;
		if (v->kind == TW_VALUE_INT) {
			ret->values[i] = (const char *)&ret->integers[i];
			ret->sizes[i] = sizeof ret->integers[i];
		} else if (v->kind == TW_VALUE_NULL) {
			ret->values[i] = NULL;
		}
	}
	return TW_OK;
}

static void name_of(const struct tw_store *s, const struct tw_pg_statement *c, char ret[24])
{
	(void)snprintf(ret, 24, "s%zu", (size_t)(c - s->cache));
}

static tw_err find_slot(tw_store *s, const char *sql, uint64_t kinds, struct tw_pg_statement **ret)
{
	struct tw_pg_statement *slot = NULL;

	for (size_t i = 0; i < TW_PG_STATEMENTS; i++) {
		struct tw_pg_statement *c = &s->cache[i];

		if (c->sql == sql && c->open)
			return TW_RAISE(STATE, "store: a statement was run again from its own visit");
		if (c->sql == sql && c->kinds == kinds) {
			slot = c;
			break;
		}
		if (!c->open && (!slot || c->used < slot->used))
			slot = c;
	}
	if (!slot)
		return TW_RAISE(LIMIT, "store: more than %d statements inside one another", TW_PG_STATEMENTS);
	*ret = slot;
	return TW_OK;
}

static tw_err give_way(tw_store *s, struct tw_pg_statement *c)
{
	char name[24], sql[40];

	name_of(s, c, name);
	(void)snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
	const bool was = c->prepared;
	*c = (struct tw_pg_statement){ 0 };
	return was ? tw_pg_command(s, sql, "statement") : TW_OK;
}

static tw_err prepare(tw_store *s, struct tw_pg_statement *c, const struct bound *b, size_t count)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_pg_clearp) PGresult *r = NULL;
	char name[24];

	name_of(s, c, name);
	tw_buf_init(&text, s->sys, SQL_MAX);
	TW_TRY(tw_pg_translate(c->sql, &text));
	if (!PQsendPrepare(s->line, name, tw_buf_cstr(&text), (int)count, b->types))
		return TW_RAISE(NOMEM, "store: prepare");
	TW_TRY(tw_pg_answer(s, "prepare", &r));
	TW_TRY(tw_pg_judge(s, r, "prepare"));
	c->prepared = true;
	return TW_OK;
}

static tw_err prepared(tw_store *s, const char *sql, const struct bound *b, size_t count, struct tw_pg_statement **ret)
{
	struct tw_pg_statement *c = s->cache; /* never NULL, for the analyzer */

	TW_TRY(find_slot(s, sql, b->kinds, &c));
	if (c->sql != sql || c->kinds != b->kinds) {
		TW_TRY(give_way(s, c));
		c->sql = sql;
		c->kinds = b->kinds;
	}
	c->used = ++s->ticks;
	if (!c->prepared)
		TW_TRY(prepare(s, c, b, count));
	*ret = c;
	return TW_OK;
}

static bool reads(const char *sql)
{
	return strncmp(sql, "SELECT", 6) == 0;
}

static tw_err send_once(tw_store *s, const struct tw_pg_statement *c, const struct bound *b, size_t count, PGresult **ret)
{
	char name[24];

	name_of(s, c, name);
	if (!PQsendQueryPrepared(s->line, name, (int)count, b->values, b->sizes, b->formats, 1))
		return TW_RAISE(NOMEM, "store: run");
	TW_TRY(tw_pg_answer(s, "run", ret));
	return tw_pg_judge(s, *ret, "run");
}

/* Undone as a whole by what others did, and alone in its transaction: it can be done again. */
static bool again(const tw_store *s, const PGresult *r)
{
	const char *state = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

	return s->line && state && (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0);
}

/* --- The line --- */

static tw_err reconnect(tw_store *s)
{
	char format[24];

	TW_TRY(tw_pg_connect(s));
	TW_TRY(tw_pg_ask(s, "SELECT format FROM store_format", format, sizeof format));
	char wanted[24];

	(void)snprintf(wanted, sizeof wanted, "%d", s->format);
	if (strcmp(format, wanted) == 0)
		return tw_pg_still_there(s);
	tw_pg_hang_up(s);
	s->broken = true;
	s->fault = TW_STORE_FAILED;
	return TW_RAISE(IO, "store: it has another format than before the connection was lost");
}

/* A server that has gone says so before anything is sent, so that what follows need not fail in doubt. */
static tw_err ready(tw_store *s, bool writes)
{
	if (s->line && !s->in_transaction && (!PQconsumeInput(s->line) || PQstatus(s->line) != CONNECTION_OK))
		tw_pg_hang_up(s);
	if (!s->in_transaction && writes && s->broken) {
		s->fault = TW_STORE_FAILED;
		return TW_RAISE(IO, "store: whether the last change was kept is not known, so nothing is changed until a restart");
	}
	if (s->line)
		return TW_OK;
	if (!s->in_transaction)
		return reconnect(s);
	s->fault = TW_STORE_FAILED;
	return TW_RAISE(IO, "store: the connection to PostgreSQL was lost within a transaction");
}

/* A line that had broken unnoticed, as behind a firewall that forgets: nothing was begun over it, so another one can begin. */
static tw_err begin(tw_store *s)
{
	tw_err e = tw_pg_begin(s);

	if (!tw_failed(e) || s->line || s->stood_still)
		return e;
	TW_TRY(ready(s, true));
	return tw_pg_begin(s);
}

/* --- One statement --- */

/* What writes has a transaction around it, so that its end can be asked for. */
static tw_err write_once(tw_store *s, struct tw_pg_statement *c, const struct bound *b, size_t count, PGresult **ret)
{
	TW_TRY(begin(s));
	if (!c->prepared) { /* the line is another one */
		tw_err e = prepare(s, c, b, count);

		if (tw_failed(e)) {
			tw_pg_undo(s);
			return e;
		}
	}
	tw_err e = send_once(s, c, b, count, ret);

	if (!tw_failed(e))
		return tw_pg_finish(s);
	tw_pg_undo(s);
	return e;
}

static tw_err run_alone(tw_store *s, struct tw_pg_statement *c, const struct bound *b, size_t count, PGresult **ret)
{
	for (int i = 0;; i++) {
		tw_err e = s->in_transaction || reads(c->sql) ? send_once(s, c, b, count, ret) : write_once(s, c, b, count, ret);

		if (!tw_failed(e) || i + 1 >= TRIES || s->in_transaction || !again(s, *ret))
			return e;
		tw_pg_clearp(ret);
		s->fault = TW_STORE_WELL;
	}
}

static tw_err run_within(tw_store *s, const struct tw_pg_statement *c, const struct bound *b, size_t count, PGresult **ret)
{
	TW_TRY(tw_pg_command(s, "SAVEPOINT one", "savepoint"));
	tw_err e = send_once(s, c, b, count, ret);

	if (!tw_failed(e))
		return tw_pg_command(s, "RELEASE one", "savepoint");
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	if (s->line)
		TW_TRY(tw_pg_command(s, "ROLLBACK TO one; RELEASE one", "savepoint"));
	return tw_raise(e.code, __func__, __LINE__, "%s", why);
}

/* --- Runs --- */

static tw_err visit_all(const PGresult *r, tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	for (struct tw_row row = { r, 0 }; visit && row.at < PQntuples(r); row.at++)
		TW_TRY(visit(user, &row));
	return TW_OK;
}

/* What a column may be; asked once for a result, so that a row cannot be taken for what it is not. */
static tw_err known_types(const PGresult *r)
{
	static const Oid known[] = { BOOL, BYTEA, NAME, INT8, INT2, INT4, TEXT, UNKNOWN, VARCHAR };

	for (int i = 0; i < PQnfields(r); i++) {
		size_t k = 0;

		while (k < TW_COUNT(known) && known[k] != PQftype(r, i))
			k++;
		if (k == TW_COUNT(known))
			return TW_RAISE(UNSUPPORTED, "store: column %d has type %u", i, PQftype(r, i));
	}
	return TW_OK;
}

static void count_changes(tw_store *s, const char *sql, PGresult *r)
{
	uint64_t n = 0;

	if (!reads(sql))
		s->changes = tw_failed(tw_parse_u64(tw_slice_of(PQcmdTuples(r)), INT64_MAX, &n)) ? 0 : (int64_t)n;
}

static tw_err run(tw_store *s, const char *sql, const struct bound *b, size_t count, struct tw_pg_statement **ret, PGresult **ret_rows)
{
	struct tw_pg_statement *c = s->cache; /* never NULL, for the analyzer */

	TW_TRY(ready(s, !reads(sql)));
	TW_TRY(prepared(s, sql, b, count, &c));
	*ret = c;
	return s->in_transaction && !reads(sql) ? run_within(s, c, b, count, ret_rows) : run_alone(s, c, b, count, ret_rows);
}

/* What only looks can look again: whoever has just committed is not told of a failure because the line broke behind that. */
static bool looks_again(const tw_store *s, const char *sql)
{
	return !s->line && !s->in_transaction && !s->stood_still && reads(sql);
}

/* Kept for whoever looks after it. */
static tw_err judged(tw_store *s, tw_err e)
{
	if (tw_failed(e) && s->fault != TW_STORE_WELL && !s->in_transaction)
		(void)snprintf(s->why, sizeof s->why, "%s", tw_err_detail());
	return e;
}

tw_err tw_store_run(tw_store *s, const char *sql, const struct tw_value *values, size_t count,
	tw_err (*visit)(void *user, const tw_row *row), void *user)
{
	TW_CLEANUP(tw_pg_clearp) PGresult *r = NULL;
	struct tw_pg_statement *c = s->cache; /* never NULL, for the analyzer */
	struct bound b;

	if (!s->in_transaction)
		s->fault = TW_STORE_WELL;
	TW_TRY(bind_all(values, count, &b));
	const bool had_line = s->line;
	tw_err ran = run(s, sql, &b, count, &c, &r);
	if (tw_failed(ran) && had_line && looks_again(s, sql)) {
		tw_pg_clearp(&r);
		ran = run(s, sql, &b, count, &c, &r);
	}
	TW_TRY(judged(s, ran));
	TW_TRY(known_types(r));
	count_changes(s, sql, r);
	c->open = true;
	tw_err e = visit_all(r, visit, user);
	c->open = false;
	return e;
}

int64_t tw_store_changes(const tw_store *s)
{
	return s->changes;
}

tw_err tw_store_transaction(tw_store *s, tw_err (*body)(tw_store *s, void *user), void *user)
{
	if (s->in_transaction)
		return TW_RAISE(STATE, "store: a transaction inside another");
	s->fault = TW_STORE_WELL;
	TW_TRY(judged(s, ready(s, true)));
	TW_TRY(judged(s, begin(s)));
	s->in_transaction = true;
	tw_err e = body(s, user);
	s->in_transaction = false;
	if (!tw_failed(e))
		return judged(s, s->line ? tw_pg_finish(s) : TW_RAISE(IO, "store: commit: the connection to PostgreSQL was lost"));
	tw_pg_undo(s);
	return judged(s, e);
}

/* --- Rows --- */

bool tw_row_null(const tw_row *r, int column)
{
	return PQgetisnull(r->of, r->at, column);
}

int64_t tw_row_int(const tw_row *r, int column)
{
	const char *at = PQgetvalue(r->of, r->at, column);
	const int size = PQgetlength(r->of, r->at, column);
	uint64_t v = 0;

	if (tw_row_null(r, column))
		return 0;
	switch (PQftype(r->of, column)) {
	case BOOL:
		return at[0] != 0;
	case INT2:
	case INT4:
	case INT8:
		v = size && (at[0] & 0x80) ? UINT64_MAX : 0;
		for (int i = 0; i < size; i++)
			v = v << 8 | (uint8_t)at[i];
		return (int64_t)v;
	default:
		return tw_failed(tw_parse_u64((struct tw_slice){ at, (size_t)size }, INT64_MAX, &v)) ? 0 : (int64_t)v;
	}
}

struct tw_slice tw_row_bytes(const tw_row *r, int column)
{
	if (tw_row_null(r, column))
		return TW_SLICE("");
	return (struct tw_slice){ PQgetvalue(r->of, r->at, column), (size_t)PQgetlength(r->of, r->at, column) };
}

/* --- Opening --- */

static tw_err read_where(tw_store *s, const struct tw_store_place *place)
{
	const char *name = place->name, *dot = strchr(name, '.');
	TW_CLEANUP(tw_closep) int other = s->sys->open_beneath(s->sys, s->dir, name, O_RDONLY | O_CLOEXEC, 0);

	if (other >= 0 || errno != ENOENT)
		return TW_RAISE(STATE, "store: there is %s of the other store already; what is in it is not moved to PostgreSQL", name);
	if (!place->address)
		return TW_RAISE(NOTFOUND, "store: nobody said where PostgreSQL is");
	TW_TRY(tw_pg_where_parse(tw_slice_of(place->address), &s->where));
	const size_t stem = dot ? (size_t)(dot - name) : strlen(name);
	if (stem >= sizeof s->schema - sizeof s->where.schema)
		return TW_RAISE(LIMIT, "store: a name of %zu bytes", stem);
	(void)snprintf(s->schema, sizeof s->schema, "%s_%.*s", s->where.schema, (int)stem, name);
	return TW_OK;
}

static tw_err find_format(tw_store *s)
{
	uint64_t format = 0;
	char text[24];

	TW_TRY(tw_pg_ask(s, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = pg_catalog.current_schema() AND tablename = 'store_format'",
		text, sizeof text));
	s->format = 0;
	if (strcmp(text, "0") == 0)
		return TW_OK;
	TW_TRY(tw_pg_ask(s, "SELECT format FROM store_format", text, sizeof text));
	if (tw_failed(tw_parse_u64(tw_slice_of(text), 100000, &format)) || !format)
		return TW_RAISE(UNTRUSTED, "store: %s says it has format %s", s->schema, text);
	s->format = (int)format;
	return TW_OK;
}

static tw_err script(tw_store *s, const char *sql)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, s->sys, SQL_MAX);
	TW_TRY(tw_pg_translate(sql, &text));
	return tw_pg_command(s, tw_buf_cstr(&text), "schema");
}

static tw_err advance(tw_store *s, void *user)
{
	const int to = *(const int *)user;
	char mark[160];

	TW_TRY(tw_pg_command(s, tw_sql_dialect_postgresql, "functions"));
	for (const struct tw_store_step *step = s->formats->steps; step->sql; step++)
		if (step->format > s->format && step->format <= to)
			TW_TRY(script(s, step->sql));
	(void)snprintf(mark, sizeof mark,
		"CREATE TABLE IF NOT EXISTS store_format (format bigint NOT NULL); DELETE FROM store_format; INSERT INTO store_format VALUES (%d)",
		to);
	return tw_pg_command(s, mark, "format");
}

static tw_err advance_to(tw_store *s, int to)
{
	if (s->format >= to)
		return TW_OK;
	TW_TRY(tw_store_transaction(s, advance, &to));
	s->format = to;
	return TW_OK;
}

tw_err tw_store_open_at(
	const struct tw_sys *sys, const struct tw_store_place *place, const struct tw_store_formats *formats, tw_store **ret)
{
	TW_CLEANUP(tw_store_freep) tw_store *s = TW_NEW(sys, tw_store);

	if (!s)
		return TW_RAISE(NOMEM, "store");
	s->sys = sys;
	s->dir = place->dir;
	s->formats = formats;
	TW_TRY(read_where(s, place));
	TW_TRY(tw_pg_connect(s));
	TW_TRY(find_format(s));
	TW_TRY(tw_store_judge_format(formats, s->schema, s->format));
	TW_TRY(tw_pg_marks(s));
	TW_TRY(advance_to(s, formats->oldest));
	*ret = TW_STEAL(s);
	return TW_OK;
}

/* A server looks after its files itself (README.md). */
bool tw_store_owes(const tw_store *s)
{
	return false;
}

tw_err tw_store_check_next(tw_store *s, bool *ret_more)
{
	*ret_more = false;
	return TW_OK;
}

tw_err tw_store_check(tw_store *s)
{
	return TW_OK;
}

/* What makes a table makes it within a transaction here, so the new format is there whole or not at all. */
tw_err tw_store_migrate(tw_store *s)
{
	if (s->in_transaction)
		return TW_RAISE(STATE, "store: it is in use and cannot change its format now");
	return advance_to(s, s->formats->newest);
}

tw_err tw_store_try(tw_store *s)
{
	return judged(s, ready(s, false));
}

int tw_store_format(const tw_store *s)
{
	return s->format;
}

bool tw_store_usable(const tw_store *s)
{
	return true;
}

enum tw_store_fault tw_store_fault(const tw_store *s)
{
	return s->fault;
}

const char *tw_store_why(const tw_store *s)
{
	return s->why;
}

bool tw_store_broken(const tw_store *s)
{
	return s->broken;
}

tw_store *tw_store_free(tw_store *s)
{
	if (!s)
		return NULL;
	tw_pg_hang_up(s);
	free(s);
	return NULL;
}

/* What is deleted stays in the server's files and its log until they are written over, and in its archive; nobody here could say otherwise. */
tw_err tw_store_wipe_begin(tw_store *s)
{
	return TW_RAISE(UNSUPPORTED, "store: PostgreSQL keeps what was deleted until its files and its log are written over");
}

tw_err tw_store_wipe_end(tw_store *s)
{
	return tw_store_wipe_begin(s);
}

/* Of one moment is what PostgreSQL's own tools make (pg_dump, or its archive); who runs it does that. */
tw_err tw_store_copy_begin(tw_store *s, const char *name, tw_store_copy **ret)
{
	return TW_RAISE(UNSUPPORTED, "store: a database of PostgreSQL is copied by PostgreSQL: pg_dump, or its archive");
}

tw_err tw_store_copy_step(tw_store_copy *c, int pages, bool *ret_done)
{
	return tw_store_copy_begin(NULL, "", NULL);
}

tw_store_copy *tw_store_copy_free(tw_store_copy *c)
{
	return NULL; /* there never is one */
}
