/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one connection. Never blocking, so that a server that stands still costs a bounded time; it is waited for in the seam's poll.
 *
 * Who has the store holds an advisory lock of the session, as SQLite's exclusive locking has it: while the connection lives no other can be in, and
 * the server gives it up only when the session's last transaction has ended. So there is one writer, its transactions come one behind the
 * other, which is as serial as can be, and none of them can fail for another's sake.
 */
#include "service/store/postgresql/inside.h"

#include "base/mem.h"
#include "base/text.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Of pg_stat_activity: a process's number is given again, when it began is not. */
#define SESSION "(pid || '-' || extract(epoch FROM backend_start))"

int64_t tw_pg_now(const struct tw_store *s)
{
	return tw_boot_ms(s->sys);
}

void tw_pg_hang_up(struct tw_store *s)
{
	PQfinish(s->line);
	s->line = NULL;
	for (size_t i = 0; i < TW_COUNT(s->cache); i++) /* what was prepared has gone with the session */
		s->cache[i].prepared = false;
}

/* The server's words in one line. */
static void words_of(const char *text, char ret[TW_DETAIL_MAX])
{
	(void)snprintf(ret, TW_DETAIL_MAX, "%s", text ? text : "");
	for (char *c = ret; *c; c++)
		if (*c == '\n')
			*c = ' ';
	for (size_t n = strlen(ret); n && ret[n - 1] == ' ';)
		ret[--n] = '\0';
}

static tw_err lost(struct tw_store *s, const char *what, bool stood_still)
{
	char words[TW_DETAIL_MAX];

	s->stood_still = stood_still;
	words_of(s->line ? PQerrorMessage(s->line) : "", words);
	tw_pg_hang_up(s);
	s->fault = TW_STORE_FAILED;
	return TW_RAISE(IO, "store: %s: the connection to PostgreSQL was lost: %s", what, stood_still ? "no answer in time" : words);
}

static tw_err wait_ms(struct tw_store *s, short events, int64_t until)
{
	struct pollfd p = { .fd = PQsocket(s->line), .events = events };
	const int64_t left = until - tw_pg_now(s);
	int n = left > 0 ? s->sys->poll(s->sys, &p, 1, (int)left) : 0;

	if (n < 0 && errno == EINTR)
		return TW_OK;
	if (n < 0)
		return TW_RAISE_ERRNO("waiting for PostgreSQL");
	return n ? TW_OK : TW_RAISE(TIMEOUT, "no answer of PostgreSQL in time");
}

/* Until all is sent and an answer is there. */
static tw_err exchange(struct tw_store *s)
{
	const int64_t until = tw_pg_now(s) + TW_PG_ANSWER_MS;

	for (;;) {
		const int left = PQflush(s->line);

		if (left < 0)
			return TW_RAISE(CLOSED, "sending");
		if (!left && !PQisBusy(s->line))
			return TW_OK;
		TW_TRY(wait_ms(s, (short)(POLLIN | (left ? POLLOUT : 0)), until));
		if (!PQconsumeInput(s->line))
			return TW_RAISE(CLOSED, "reading");
	}
}

tw_err tw_pg_answer(struct tw_store *s, const char *what, PGresult **ret)
{
	TW_CLEANUP(tw_pg_clearp) PGresult *first = NULL;

	for (;;) {
		const tw_err e = exchange(s);

		if (tw_failed(e))
			return lost(s, what, tw_is(e, TW_CODE_TIMEOUT));
		PGresult *r = PQgetResult(s->line);

		if (!r)
			break;
		/* Of several statements the first that was refused tells why; else the last. */
		if (first && PQresultStatus(first) == PGRES_FATAL_ERROR) {
			PQclear(r);
		} else {
			PQclear(first);
			first = r;
		}
	}
	if (!first || PQstatus(s->line) != CONNECTION_OK)
		return lost(s, what, false);
	*ret = TW_STEAL(first);
	return TW_OK;
}

static bool of_class(const char *state, const char *class)
{
	return strncmp(state, class, strlen(class)) == 0;
}

static tw_err by_state(struct tw_store *s, const char *state, const char *what, const char *words)
{
	if (of_class(state, "23"))
		return TW_RAISE(EXISTS, "store: %s: %s", what, words);
	if (of_class(state, "53100")) {
		s->fault = TW_STORE_FULL;
		return TW_RAISE(LIMIT, "store: %s: PostgreSQL's disk is full", what);
	}
	if (of_class(state, "54"))
		return TW_RAISE(LIMIT, "store: %s: %s", what, words);
	if (of_class(state, "53200"))
		return TW_RAISE(NOMEM, "store: %s: PostgreSQL: %s", what, words);
	if (of_class(state, "XX001") || of_class(state, "XX002"))
		return TW_RAISE(UNTRUSTED, "store: %s: %s", what, words);
	/* What others hold, what the server ends, what its disk refuses: changes are refused, and it is no fault of ours. */
	if (of_class(state, "40") || of_class(state, "53") || of_class(state, "55") || of_class(state, "57") ||
		of_class(state, "58") || of_class(state, "08") || of_class(state, "25006")) {
		s->fault = TW_STORE_FAILED;
		return TW_RAISE(IO, "store: %s: PostgreSQL: %s", what, words);
	}
	return TW_RAISE(INTERNAL, "store: %s: PostgreSQL %s: %s", what, state, words);
}

tw_err tw_pg_judge(struct tw_store *s, const PGresult *r, const char *what)
{
	const ExecStatusType status = PQresultStatus(r);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	char words[TW_DETAIL_MAX];

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return TW_OK;
	if (!state)
		return lost(s, what, false);
	words_of(PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY), words);
	/* It ends the session; or a transaction that nobody knows of stands open and refuses everything. */
	if (of_class(state, "57P") || of_class(state, "08") || of_class(state, "25P02"))
		tw_pg_hang_up(s);
	return by_state(s, state, what, words);
}

static tw_err simple(struct tw_store *s, const char *sql, const char *what, PGresult **ret)
{
	if (!s->line)
		return TW_RAISE(IO, "store: %s: there is no connection to PostgreSQL", what);
	if (!PQsendQuery(s->line, sql))
		return lost(s, what, false);
	TW_TRY(tw_pg_answer(s, what, ret));
	return tw_pg_judge(s, *ret, what);
}

tw_err tw_pg_command(struct tw_store *s, const char *sql, const char *what)
{
	TW_CLEANUP(tw_pg_clearp) PGresult *r = NULL;

	return simple(s, sql, what, &r);
}

tw_err tw_pg_ask(struct tw_store *s, const char *sql, char *ret, size_t size)
{
	TW_CLEANUP(tw_pg_clearp) PGresult *r = NULL;

	TW_TRY(simple(s, sql, "question", &r));
	(void)snprintf(ret, size, "%s", PQntuples(r) && PQnfields(r) ? PQgetvalue(r, 0, 0) : "");
	return TW_OK;
}

static tw_err dial(struct tw_store *s)
{
	const char *const names[] = { "host", "port", "dbname", "user", "application_name", "client_encoding", "sslmode",
		"gssencmode", "passfile", NULL };
	char folder[32];
	(void)snprintf(folder, sizeof folder, "/proc/self/fd/%d", s->dir);
	const bool network = s->where.network; /* the role that holds that line listens in our folder, and knows the rest */
	const char *const values[] = { network ? folder : s->where.host, network ? "5432" : s->where.port, s->where.database,
		s->where.user, "thingward-support", "UTF8", "disable", "disable", "/dev/null/none", NULL };
	const int64_t until = tw_pg_now(s) + (network ? TW_PG_CONNECT_FAR_MS : TW_PG_CONNECT_MS);
	PostgresPollingStatusType next = PGRES_POLLING_WRITING;

	s->line = PQconnectStartParams(names, values, 0);
	if (!s->line)
		return TW_RAISE(NOMEM, "store: connecting");
	while (PQstatus(s->line) != CONNECTION_BAD && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED) {
		TW_TRY(wait_ms(s, next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until));
		next = PQconnectPoll(s->line);
	}
	return PQstatus(s->line) == CONNECTION_OK && !PQsetnonblocking(s->line, 1) ? TW_OK : TW_RAISE(CLOSED, "refused");
}

/* What an acknowledged change rests on, and what makes text compare as in the other store. */
static tw_err examine(struct tw_store *s)
{
	static const struct {
		const char *sql, *wanted, *otherwise;
	} rows[] = {
		{ "SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN 'yes' ELSE 'no' END", "yes",
			"PostgreSQL must be 15 or later" },
		{ "SHOW server_encoding", "UTF8", "make the database with: createdb --template=template0 --encoding=UTF8 --locale=C" },
		{ "SELECT CASE WHEN datlocprovider = 'c' AND datcollate IN ('C', 'POSIX') AND datctype IN ('C', 'POSIX') THEN 'C' ELSE datcollate END "
		  "FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()",
			"C", "make the database with: createdb --template=template0 --encoding=UTF8 --locale=C" },
		{ "SHOW fsync", "on", "without it a power cut takes acknowledged changes: set fsync = on" },
		{ "SHOW full_page_writes", "on", "without it a power cut damages the database: set full_page_writes = on" },
		{ "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby' ELSE 'primary' END", "primary",
			"this server is a standby and takes no changes" },
	};
	char got[64];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_TRY(tw_pg_ask(s, rows[i].sql, got, sizeof got));
		if (strcmp(got, rows[i].wanted) != 0)
			return TW_RAISE(UNSUPPORTED, "store: PostgreSQL answers \"%s\": %s", got, rows[i].otherwise);
	}
	return TW_OK;
}

/*
 * Our session before this one may still be there: a cable that was cut tells the server nothing, and it would keep the lock for as long. It is ended, unless
 * it waits for a standby: what that wait has promised is then worth more than being back soon.
 */
static tw_err end_session_before(struct tw_store *s)
{
	char sql[256], got[16];

	if (!*s->session)
		return TW_OK;
	(void)snprintf(sql, sizeof sql,
		"SELECT count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity WHERE " SESSION
		" = '%s' AND wait_event IS DISTINCT FROM 'SyncRep'",
		s->session);
	return tw_pg_ask(s, sql, got, sizeof got);
}

/* It is put into a statement, and comes from the server. */
static tw_err name_session(struct tw_store *s)
{
	TW_TRY(tw_pg_ask(s, "SELECT " SESSION " FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()",
		s->session, sizeof s->session));
	if (s->session[strspn(s->session, "0123456789.-")]) {
		s->session[0] = '\0';
		return TW_RAISE(UNTRUSTED, "store: PostgreSQL names a session with other signs than digits");
	}
	return TW_OK;
}

static tw_err own(struct tw_store *s)
{
	char sql[512], got[16];

	TW_TRY(tw_pg_command(s,
		"SET synchronous_commit = on; SET statement_timeout = '9s'; SET lock_timeout = '2s'; SET client_min_messages = warning;"
		"SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;"
		"SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 25000",
		"settings"));
	TW_TRY(end_session_before(s));
	TW_TRY(name_session(s));
	(void)snprintf(sql, sizeof sql, "SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended('thingward %s', 0))", s->schema);
	if (tw_failed(tw_pg_command(s, sql, "lock")))
		return s->line
			? TW_RAISE(STATE, "store: schema %s of database %s is in use by another process", s->schema, s->where.database)
			: TW_RAISE(IO, "store: the connection was lost while it waited for the lock");
	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '%s'", s->schema);
	TW_TRY(tw_pg_ask(s, sql, got, sizeof got));
	(void)snprintf(sql, sizeof sql, "CREATE SCHEMA \"%s\"", s->schema);
	if (strcmp(got, "0") == 0)
		TW_TRY(tw_pg_command(s, sql, "schema"));
	(void)snprintf(sql, sizeof sql, "SET search_path = \"%s\", pg_temp", s->schema);
	return tw_pg_command(s, sql, "search path");
}

static void say_nothing(void *user, const char *words)
{
}

static tw_err unreachable(struct tw_store *s)
{
	char words[TW_DETAIL_MAX];

	words_of(s->line ? PQerrorMessage(s->line) : "", words);
	return TW_RAISE(IO, "store: PostgreSQL cannot be reached at %s, port %s: %s", s->where.host, s->where.port, words);
}

tw_err tw_pg_connect(struct tw_store *s)
{
	const int64_t now = tw_pg_now(s);
	tw_err e;

	tw_pg_hang_up(s);
	s->stood_still = false;
	s->fault = TW_STORE_FAILED;
	if (now < s->try_ms)
		return TW_RAISE(IO, "%s", *s->why ? s->why : "store: PostgreSQL could not be reached a moment ago");
	s->hold_off_ms = s->hold_off_ms ? s->hold_off_ms * 2 : TW_PG_HOLD_OFF_MS;
	if (s->hold_off_ms > TW_PG_HOLD_OFF_MAX_MS)
		s->hold_off_ms = TW_PG_HOLD_OFF_MAX_MS;
	e = dial(s);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOMEM))
		e = unreachable(s);
	if (!tw_failed(e)) {
		(void)PQsetNoticeProcessor(s->line, say_nothing, NULL);
		e = examine(s);
	}
	if (!tw_failed(e))
		e = own(s);
	if (tw_failed(e)) {
		tw_pg_hang_up(s);
		s->try_ms = tw_pg_now(s) + s->hold_off_ms;
		return e;
	}
	s->try_ms = s->hold_off_ms = 0;
	s->fault = TW_STORE_WELL;
	return TW_OK;
}

tw_err tw_pg_begin(struct tw_store *s)
{
	const tw_err e = tw_pg_command(s, "BEGIN", "begin");

	if (tw_failed(e))
		tw_pg_undo(s); /* BEGIN may have been done, and what stands open would refuse all that comes */
	return e;
}

void tw_pg_undo(struct tw_store *s)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	if (s->line && tw_failed(tw_pg_command(s, "ROLLBACK", "rollback")))
		tw_pg_hang_up(s); /* the server undoes what has nobody */
	tw_ignore(tw_raise(TW_CODE_IO, __func__, __LINE__, "%s", why));
}

/* --- The end of a transaction --- */

tw_err tw_pg_marks(struct tw_store *s)
{
	TW_TRY(tw_pg_command(s,
		"CREATE TABLE IF NOT EXISTS store_mark (id uuid PRIMARY KEY, made timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp())",
		"marks"));
	/* Who left the others has ended, which the lock tells: nobody asks for them any more. In steps, should it ever be many. */
	s->mark[0] = '\0';
	return tw_pg_command(s, "DELETE FROM store_mark WHERE ctid = ANY (ARRAY(SELECT ctid FROM store_mark LIMIT 1000))", "marks");
}

static tw_err new_mark(struct tw_store *s, char ret[TW_PG_MARK])
{
	uint8_t bytes[(TW_PG_MARK - 1) / 2];

	if (s->sys->random(s->sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("store: a mark");
	for (size_t i = 0; i < sizeof bytes; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return TW_OK;
}

static tw_err ask_for(struct tw_store *s, const char *mark, char ret[4])
{
	char sql[96];

	(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM store_mark WHERE id = '%s'", mark);
	return tw_pg_ask(s, sql, ret, 4);
}

tw_err tw_pg_still_there(struct tw_store *s)
{
	char there[4] = "";

	if (!*s->mark)
		return TW_OK;
	TW_TRY(ask_for(s, s->mark, there));
	if (strcmp(there, "1") == 0)
		return TW_OK;
	tw_pg_hang_up(s);
	s->mark[0] = '\0'; /* said once; tw_store_try is to find a server that answers */
	s->broken = true;
	s->fault = TW_STORE_FAILED;
	return TW_RAISE(IO,
		"store: PostgreSQL has not what it acknowledged before the connection was lost: it was restored, or another server took over that "
		"lacks the end; nothing is changed before a restart");
}

/*
 * The lock tells that the session before has ended, and its transaction with it, so the answer is final: of whichever server answers now, also one that was
 * restored or has taken over, since the mark went the way of what it stands for. While the server starts again, or waits for the session's end, it is
 * asked until the time is over.
 */
static tw_err ask_after(struct tw_store *s, const char *mark, char ret[4])
{
	const int64_t until = tw_pg_now(s) + TW_PG_DOUBT_MS;
	tw_err e;

	do {
		s->try_ms = 0;
		e = tw_pg_connect(s);
		if (!tw_failed(e))
			e = ask_for(s, mark, ret);
		if (!tw_failed(e))
			return TW_OK;
	} while (tw_pg_now(s) < until && s->sys->poll(s->sys, NULL, 0, 50) == 0);
	return e;
}

/*
 * A commit whose answer did not come may have happened or not. When nobody can say, what this process holds in memory may be of another truth than
 * the store: nothing more is written until a restart has read it.
 */
static tw_err in_doubt(struct tw_store *s, const char *mark)
{
	char there[4] = "";
	tw_err e = ask_after(s, mark, there);

	if (!tw_failed(e) && strcmp(there, "1") == 0) {
		memcpy(s->mark, mark, sizeof s->mark);
		return TW_OK;
	}
	s->fault = TW_STORE_FAILED;
	if (!tw_failed(e))
		return TW_RAISE(IO, "store: commit: the connection to PostgreSQL was lost before it");
	s->broken = true;
	return TW_RAISE(IO, "store: commit: the connection to PostgreSQL was lost, and whether it was done nobody can say before a restart");
}

/* In one go with what it stands for. The mark before has been answered for, and goes with the same commit, so that one stays. */
tw_err tw_pg_finish(struct tw_store *s)
{
	TW_CLEANUP(tw_pg_clearp) PGresult *r = NULL;
	char mark[TW_PG_MARK], sql[224], before[80] = "";
	tw_err e = PQtransactionStatus(s->line) == PQTRANS_INERROR
		? TW_RAISE(INTERNAL, "store: commit: a statement had failed, so all of it is undone")
		: new_mark(s, mark);

	if (tw_failed(e)) {
		tw_pg_undo(s);
		return e;
	}
	if (*s->mark)
		(void)snprintf(before, sizeof before, "DELETE FROM store_mark WHERE id = '%s'; ", s->mark);
	(void)snprintf(sql, sizeof sql, "%sINSERT INTO store_mark (id) VALUES ('%s'); COMMIT", before, mark);
	e = simple(s, sql, "commit", &r);
	if (!s->line)
		return in_doubt(s, mark);
	if (tw_failed(e))
		tw_pg_undo(s);
	else
		memcpy(s->mark, mark, sizeof s->mark);
	return e;
}
