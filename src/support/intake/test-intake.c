/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a message, that it becomes it once, whose answers are believed and who is answered; and that whatever fails leaves all of it or nothing. */
#include "support/intake/intake.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "crypto/aead.h"
#include "service/path/test-context.h"
#include "service/test-dir.h"
#include "support/intake/canary.h"
#include "support/intake/room.h"
#include "support/outbox/outbox.h"
#include "support/query-reception/report.h"
#include "support/rows-intake.h"
#include "support/sql-support.h"
#include "sys/fake.h"

#include <errno.h>
#include <stdio.h>

#define NOW INT64_C(1790000000000)
#define CALLS_MAX 3000

static const struct tw_capability *const all[] = { &tw_capability_intake, NULL };
static const struct tw_grant_row no_grants[] = { { NULL } };
static struct {
	tw_fake *fake;
	struct test_dir dir;
	struct test_context t;
	tw_secret *master;
} world;

static tw_err seal(void *user, const char *whose, struct tw_slice plain, struct tw_buf *ret)
{
	return tw_aead_seal(world.master, tw_slice_of(whose), plain, ret);
}

static tw_err unseal(void *user, const char *whose, struct tw_slice sealed, struct tw_buf *ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;

	TW_TRY(tw_aead_open(tw_sys_real(), world.master, tw_slice_of(whose), sealed, &plain));
	return tw_buf_add(ret, tw_secret_bytes(plain), tw_secret_size(plain));
}

static void reopen(void)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_reception_format_1 }, { 1, tw_sql_attachments_format_1 },
		{ 1, tw_sql_outbox_format_1 }, { 1, tw_sql_intake_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.t.c.store = tw_store_free(world.t.c.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "intake.db", &formats, &world.t.c.store));
}

static int begin(void **state)
{
	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	CHECK_OK(tw_secret_random(tw_sys_real(), TW_AEAD_KEY, &world.master));
	CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
	reopen();
	return 0;
}

static int end(void **state)
{
	test_context_close(&world.t);
	(void)tw_key_free(world.t.key);
	world.master = tw_secret_free(world.master);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static struct tw_collected mail(uint32_t uid, const char *subject, const char *text)
{
	return (struct tw_collected){ .end = TW_COLLECT_MESSAGE,
		.validity = 5,
		.uid = uid,
		.from = TW_SLICE("Ann@lamps.example"),
		.id = TW_SLICE("1@lamps.example"),
		.subject = tw_slice_of(subject),
		.text = tw_slice_of(text),
		.words = TW_SLICE(""),
		.address = TW_SLICE("r@lamps.example") };
}

static const char alarms[1][201] = { "boss@lamps.example" };

static tw_err take_at(const struct tw_collected *m, int64_t now, struct tw_intake_done *ret)
{
	const struct tw_intake in = { &world.t.c, { tw_fake_sys(world.fake), world.t.c.store, { seal, unseal, NULL } },
		"https://desk.example", now, { alarms, 1 } };

	return tw_intake_take(&in, m, TW_SLICE("From: as it came\r\n"), ret);
}

static struct tw_intake_done took(const struct tw_collected *m)
{
	struct tw_intake_done d;

	CHECK_OK(take_at(m, NOW, &d));
	return d;
}

static tw_err take_text(void *user, const tw_row *row)
{
	(void)snprintf(user, 8000, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	return TW_OK;
}

static const char *stored(const char *sql)
{
	static char text[8000];

	text[0] = '\0';
	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, take_text, text));
	return text;
}

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(world.t.c.store, sql, NULL, 0, take_number, &n));
	return n;
}

/* reports, messages, files, receipts, keys, UID */
static const char *counts(void)
{
	return stored("SELECT concat FROM (SELECT (SELECT count(*) FROM report) || ' ' || (SELECT count(*) FROM report_message) || ' ' || "
		      "(SELECT count(*) FROM attachment) || ' ' || (SELECT count(*) FROM outbox) || ' ' || (SELECT count(*) FROM intake_mail) || ' ' || "
		      "coalesce((SELECT uid FROM intake_box), 0) AS concat) AS c");
}

static void test_a_message_becomes_a_report_once(void **state)
{
	struct tw_collected m = mail(3, "Broken lamp", "It burns.\n");
	struct tw_intake_done d = took(&m);

	CHECK(d.end == TW_INTAKE_REPORT && d.report == 1 && d.kept);
	CHECK_TEXT(counts(), "1 0 1 1 1 3");
	CHECK_TEXT(stored("SELECT description FROM report"), "Broken lamp\n\nIt burns.\n");
	CHECK_TEXT(stored("SELECT contact FROM report"), "Ann@lamps.example");
	CHECK_INT(took(&m).end, TW_INTAKE_BEFORE); /* the same number */
	m.validity = 6;
	m.uid = 1;
	CHECK_INT(took(&m).end, TW_INTAKE_BEFORE); /* another numbering: known by what it says */
	CHECK_TEXT(counts(), "1 0 1 1 1 1");
	m.uid = 2;
	m.text = TW_SLICE("Another text under a Message-ID that somebody knew.");
	CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	CHECK_TEXT(counts(), "2 0 2 2 2 2");
}

static void test_what_is_said_of_it(void **state)
{
	static char text[10001];
	struct tw_collected m = mail(1, "", "");

	m.flags = TW_COLLECT_SEALED | TW_COLLECT_LARGE;
	m.files = 2;
	CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	const char *said = stored("SELECT description FROM report");
	CHECK(strstr(said, "(no subject)") == said && strstr(said, "encrypted") && strstr(said, "mailbox alone") &&
		strstr(said, "2 files were"));
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = (char)('a' + i % 23);
	m = mail(2, "Long", text);
	CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	CHECK_TEXT(stored("SELECT group_concat(CAST(length(text) AS TEXT)) FROM report_message"), "4500,1006");
	CHECK_INT(number("SELECT length(description) FROM report WHERE id = 2"), 4500);
}

static void test_what_becomes_nothing(void **state)
{
	struct tw_collected m[] = { mail(1, "a", "x"), mail(2, "b", "x"), mail(3, "c", "x") };

	m[0].kind = TW_MAILREAD_BOUNCE;
	m[1].kind = TW_MAILREAD_REPLY;
	m[2].flags = TW_COLLECT_OWN;
	for (size_t i = 0; i < TW_COUNT(m); i++)
		CHECK_INT(took(&m[i]).end, TW_INTAKE_DROPPED);
	CHECK_TEXT(counts(), "0 0 0 0 3 3");
	CHECK_OK(tw_intake_forget(world.t.c.store, NOW + TW_INTAKE_DROPPED_MS + 1));
	CHECK_TEXT(counts(), "0 0 0 0 0 3");
}

static void test_who_is_answered(void **state)
{
	static const struct {
		const char *from;
		enum tw_mailread_kind kind;
		int receipts;
	} rows[] = { { "", TW_MAILREAD_PERSON, 0 }, { "noreply@lamps.example", TW_MAILREAD_PERSON, 0 },
		{ "Mailer-Daemon@a.example", TW_MAILREAD_PERSON, 0 }, { "b@lamps.example", TW_MAILREAD_AUTOMATIC, 0 },
		{ "c@lamps.example", TW_MAILREAD_PERSON, 1 } };
	char subject[16];

	for (uint32_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(subject, sizeof subject, "s%u", i);
		struct tw_collected m = mail(i + 1, subject, "x");
		m.from = tw_slice_of(rows[i].from);
		m.kind = rows[i].kind;
		CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
		CHECK_INT(number("SELECT count(*) FROM outbox"), rows[i].receipts);
	}
	/* One address gets five a day, however it is written; the reports are taken all the same. */
	for (uint32_t i = 0; i < 7; i++) {
		(void)snprintf(subject, sizeof subject, "t%u", i);
		struct tw_collected m = mail(i + 10, subject, "x");
		m.from = i % 2 ? TW_SLICE("ann@lamps.example") : TW_SLICE("ANN@LAMPS.example");
		CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	}
	CHECK_INT(number("SELECT count(*) FROM outbox"), 6);
	struct tw_collected m = mail(30, "tomorrow", "x");
	struct tw_intake_done d;
	CHECK_OK(take_at(&m, NOW + TW_INTAKE_DAY_MS + 1, &d));
	CHECK_INT(number("SELECT count(*) FROM outbox"), 7);
}

static void test_a_flood_waits(void **state)
{
	const struct tw_value v[] = { TW_V_INT(TW_INTAKE_DAY_MAX), TW_V_INT(NOW) };
	struct tw_collected m = mail(1, "one more", "x");
	struct tw_intake_done d;

	CHECK_OK(tw_store_run(world.t.c.store,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO intake_mail SELECT CAST('k' || i AS BLOB), ?2, 'report', i, x'', 0 FROM n",
		v, 2, NULL, NULL));
	CHECK_INT(took(&m).end, TW_INTAKE_WAIT);
	CHECK_TEXT(counts(), "0 0 0 0 500 0");
	CHECK_OK(take_at(&m, NOW + TW_INTAKE_DAY_MS + 1, &d));
	CHECK_INT(d.end, TW_INTAKE_REPORT);
}

static void test_answers_by_the_code(void **state)
{
	struct tw_collected m = mail(1, "Lamp", "It burns.");
	char subject[300], code[TW_INTAKE_CODE + 1];
	int64_t report = 0;

	CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	(void)snprintf(subject, sizeof subject, "Re: %s", stored("SELECT subject FROM outbox"));
	CHECK(tw_intake_tag(subject, &report, code) && report == 1);
	m = mail(2, subject, "And smokes.");
	m.from = TW_SLICE("other@else.example");
	CHECK_INT(took(&m).end, TW_INTAKE_ADDED);
	CHECK_TEXT(counts(), "1 1 1 1 2 2"); /* the same bytes are one file */
	/* One letter of the code is another one. */
	char *end_of = strchr(subject, ']');
	CHECK(end_of != NULL);
	if (end_of)
		end_of[-1] = end_of[-1] == '0' ? '1' : '0';
	m = mail(3, subject, "Not mine.");
	CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	static const char *const none[] = { "", "[r", "[r1]", "[r1 ABCD]", "[r 0123-4567-89AB-CDEF]",
		"[r99999999999999999999 0123-4567-89AB-CDEF]", "[r1 0123-4567-89AB-CDEF", "[r1 0123-4567-89AB-CDEFG]",
		"[r1 u123-4567-89AB-CDEF]" };
	for (size_t i = 0; i < TW_COUNT(none); i++)
		CHECK(!tw_intake_tag(none[i], &report, code));
	/* A report that is not there has a code too, which nobody was sent. */
	m = mail(4, "[r77 0123-4567-89AB-CDEF]", "x");
	CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
}

/* Files of a report that somebody changed are no reason to take no mail any more. */
static void test_a_report_whose_files_were_changed(void **state)
{
	static const char nothing[80];
	struct tw_collected m = mail(1, "Lamp", "It burns.");
	char subject[300];

	CHECK(took(&m).kept);
	(void)snprintf(subject, sizeof subject, "Re: %s", stored("SELECT subject FROM outbox"));
	CHECK_OK(tw_store_run(world.t.c.store, "UPDATE attachment SET about = ?1", &TW_V_BLOB(nothing, sizeof nothing), 1, NULL, NULL));
	m = mail(2, subject, "And smokes.");
	const struct tw_intake_done d = took(&m);
	CHECK(d.end == TW_INTAKE_ADDED && d.report == 1 && !d.kept);
	CHECK_TEXT(counts(), "1 1 1 1 2 2");
}

static struct tw_canary_plan by_mail(void)
{
	return (struct tw_canary_plan){ TW_WAY_MAIL, "r@lamps.example", 86400000, { alarms, 1 }, "Nothing came." };
}

/* What the last one says, as a forwarded mail would. */
static struct tw_collected canary_mail(uint32_t uid, char subject[200])
{
	(void)snprintf(subject, 200, "Fwd: %s",
		stored("SELECT subject FROM outbox WHERE key LIKE 'canary-%' ORDER BY number DESC LIMIT 1"));
	return mail(uid, subject, "x");
}

static void test_canary(void **state)
{
	struct tw_canary_plan plan = by_mail();
	struct tw_canary k;
	char subject[200];

	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW));
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW + 1));
	CHECK_INT(number("SELECT count(*) FROM outbox"), 1);
	struct tw_collected m = canary_mail(1, subject);
	CHECK_INT(took(&m).end, TW_INTAKE_CANARY);
	CHECK_INT(number("SELECT count(*) FROM report"), 0);
	CHECK_OK(tw_canary_read(world.t.c.store, TW_WAY_MAIL, &k));
	CHECK(k.arrived_ms == NOW && k.came_ms == NOW && !k.open_ms);
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW + plan.every_ms - 1));
	CHECK_INT(number("SELECT count(*) FROM outbox"), 1);
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW + plan.every_ms));
	CHECK_INT(number("SELECT count(*) FROM outbox"), 2);
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW + plan.every_ms + TW_CANARY_WAIT_MS - 1));
	CHECK_INT(number("SELECT count(*) FROM outbox"), 2);
	for (int i = 0; i < 2; i++) { /* told once, and the next one goes out at once */
		CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW + plan.every_ms + TW_CANARY_WAIT_MS + i));
		CHECK_INT(number("SELECT count(*) FROM outbox WHERE recipient = 'boss@lamps.example'"), 1);
		CHECK_INT(number("SELECT count(*) FROM outbox"), 4);
	}
	CHECK_TEXT(stored("SELECT channel || ' ' || what || ' ' || seen || ' ' || over_ms FROM intake_alarm"), "mail canary Nothing came. 0");
	plan.every_ms = 0; /* nobody is told for ever of what is switched off */
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW + 10 * 86400000LL));
	CHECK_TEXT(stored("SELECT seen FROM intake_alarm WHERE over_ms <> 0"), "Test reports by this way were switched off.");
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE recipient = 'boss@lamps.example'"), 2);
}

/* What a server or a program says of a canary carries its code, and is no arrival: the code is still good for the canary itself. */
static void test_a_canary_that_bounced(void **state)
{
	static const enum tw_mailread_kind kinds[] = { TW_MAILREAD_BOUNCE, TW_MAILREAD_REPLY };
	const struct tw_canary_plan plan = by_mail();
	struct tw_canary k;
	char subject[200];

	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW));
	for (uint32_t i = 0; i < TW_COUNT(kinds); i++) {
		struct tw_collected m = canary_mail(i + 1, subject);

		m.kind = kinds[i];
		m.id = i ? TW_SLICE("2@lamps.example") : TW_SLICE("1@lamps.example");
		CHECK_INT(took(&m).end, TW_INTAKE_DROPPED);
	}
	CHECK_OK(tw_canary_read(world.t.c.store, TW_WAY_MAIL, &k));
	CHECK(!k.arrived_ms && !k.came_ms);
	struct tw_collected own = canary_mail(3, subject);
	own.kind = TW_MAILREAD_AUTOMATIC;
	own.flags = TW_COLLECT_OWN;
	own.id = TW_SLICE("3@lamps.example");
	CHECK_INT(took(&own).end, TW_INTAKE_CANARY);
}

/* One that comes behind its alarm is no report, and the alarm says so; it is over when one comes in time. */
static void test_a_late_canary(void **state)
{
	const struct tw_canary_plan plan = by_mail();
	const int64_t late = NOW + TW_CANARY_WAIT_MS, again = late + TW_CANARY_WAIT_MS;
	char first[200], second[200];
	struct tw_intake_done d;

	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW));
	struct tw_collected m = canary_mail(1, first);
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, late)); /* the alarm, and the next one */
	CHECK_OK(take_at(&m, late + 5, &d));
	CHECK_INT(d.end, TW_INTAKE_CANARY);
	CHECK_INT(number("SELECT count(*) FROM report"), 0);
	CHECK(strstr(stored("SELECT late FROM intake_alarm WHERE over_ms = 0"), "came late"));
	struct tw_collected n = canary_mail(2, second);
	CHECK(strcmp(first, second) != 0);
	CHECK_OK(take_at(&n, late + 6, &d));
	CHECK_INT(d.end, TW_INTAKE_CANARY);
	CHECK_INT(number("SELECT count(*) FROM intake_alarm WHERE over_ms = 0"), 0);
	CHECK(strstr(stored("SELECT seen FROM intake_alarm"), "came at"));
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, again)); /* all is well: the next one goes at its time, a day on */
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE key LIKE 'canary-%'"), 2);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE key LIKE 'way-%'"), 2);
}

/* A code counts once and by its own way; what says one that never was is a report like any other. */
static void test_nobody_pretends_to_be_one(void **state)
{
	static const char *const wrong[] = { "Test of the way of reports: canary 0123456789abcdef0123456789abcdef", "canary ",
		"canary 0123456789abcdef", "canary 0123456789ABCDEF0123456789ABCDE canary" };
	const struct tw_canary_plan plan = by_mail();
	char subject[200];
	bool known = true;

	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW));
	struct tw_collected m = canary_mail(1, subject);
	CHECK_OK(tw_canary_known(world.t.c.store, TW_WAY_FORM, tw_slice_of(subject), &known));
	CHECK(!known);
	CHECK_OK(tw_canary_known(world.t.c.store, TW_WAY_MAIL, tw_slice_of(subject), &known));
	CHECK(known);
	CHECK_INT(took(&m).end, TW_INTAKE_CANARY);
	for (size_t i = 0; i < TW_COUNT(wrong); i++) {
		struct tw_collected o = mail((uint32_t)i + 2, wrong[i], "said by somebody");

		CHECK_INT(took(&o).end, TW_INTAKE_REPORT);
	}
	struct tw_collected again = mail(9, subject, "said by whoever read it on its way");
	CHECK_INT(took(&again).end, TW_INTAKE_REPORT);
}

/* Each way has its share of the room for files, and an alarm before it is used up. */
static void test_room(void **state)
{
	const struct tw_way_receivers to = { alarms, 1 };
	struct tw_collected m = mail(1, "Lamp", "It burns.");
	struct tw_intake_done d = took(&m);

	CHECK(d.kept);
	CHECK_INT(number("SELECT way FROM attachment"), 1);
	CHECK_OK(tw_room_look(&world.t.c, &to, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm"), 0);
	stored("UPDATE attachment SET size = 384 * 1048576 * 4 / 5 + 1");
	for (int i = 0; i < 2; i++)
		CHECK_OK(tw_room_look(&world.t.c, &to, NOW));
	CHECK_TEXT(stored("SELECT channel || ' ' || what || ' ' || seen FROM intake_alarm"),
		"mail room 307 MiB of 384 MiB are used, 80 percent.");
	CHECK_TEXT(stored("SELECT subject FROM outbox WHERE key LIKE 'way-%'"), "The room for files by mail is nearly full");
	stored("UPDATE attachment SET size = 384 * 1048576 / 4 * 3");
	CHECK_OK(tw_room_look(&world.t.c, &to, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm WHERE over_ms = 0"), 1); /* a little less is not enough */
	stored("UPDATE attachment SET size = 1");
	CHECK_OK(tw_room_look(&world.t.c, &to, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm WHERE over_ms = 0"), 0);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE key LIKE 'way-%'"), 2);
}

struct range {
	int from, to;
};

static tw_err add_many(tw_store *s, void *user)
{
	const struct range *r = user;

	for (int i = r->from; i < r->to; i++) {
		char receipt[TW_RECEIPT_HASH + 1];
		const struct tw_value none = TW_V_TEXT("");

		(void)snprintf(receipt, sizeof receipt, "%032d", i);
		const struct tw_value v[] = { TW_V_BLOB(receipt, TW_RECEIPT_HASH), TW_V_INT(NOW), TW_V_TEXT("en"),
			TW_V_TEXT("flaw"), TW_V_TEXT("x"), none, none, none, none, none, none, none };
		TW_TRY(tw_store_run(s, tw_sql_report_add, v, TW_COUNT(v), NULL, NULL));
	}
	return TW_OK;
}

static void many_reports(int from, int to)
{
	CHECK_OK(tw_store_transaction(world.t.c.store, add_many, &(struct range){ from, to }));
}

/* That for reports has its alarm too, and what is erased makes room. */
static void test_room_for_reports(void **state)
{
	const struct tw_way_receivers to = { alarms, 1 };
	int64_t count = 0;

	many_reports(0, TW_REPORTS_MAX / 10 * 9 - 1);
	CHECK_OK(tw_room_look_at_reports(&world.t.c, &to, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm"), 0);
	many_reports(TW_REPORTS_MAX / 10 * 9 - 1, TW_REPORTS_MAX / 10 * 9);
	for (int i = 0; i < 2; i++)
		CHECK_OK(tw_room_look_at_reports(&world.t.c, &to, NOW));
	CHECK_TEXT(stored("SELECT channel || ' ' || what || ' ' || seen FROM intake_alarm"),
		"both reports 18000 of 20000 reports are there, 90 percent.");
	CHECK_TEXT(stored("SELECT subject FROM outbox WHERE key LIKE 'way-%'"), "The room for reports is nearly full");
	stored("UPDATE report SET description = '', contact_erased_ms = 5, erased_ms = 5, erased = 1 WHERE id > 17000");
	CHECK_OK(tw_report_count(world.t.c.store, &count));
	CHECK_INT(count, 17000);
	CHECK_OK(tw_room_look_at_reports(&world.t.c, &to, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm WHERE over_ms = 0"), 1); /* a little less is not enough */
	stored("UPDATE report SET description = '', contact_erased_ms = 5, erased_ms = 5, erased = 1 WHERE id = 17000");
	CHECK_OK(tw_room_look_at_reports(&world.t.c, &to, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm WHERE over_ms = 0"), 0);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE subject = 'There is room for reports again'"), 1);
}

/* What strangers may send together: when they have used it up for an hour, and when they do no more. */
static void test_room_for_others(void **state)
{
	const struct tw_way_receivers to = { alarms, 1 };

	CHECK_OK(tw_room_look_at_sends(&world.t.c, &to, TW_ROOM_BUSY_MS - 1, NOW));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm"), 0);
	for (int i = 0; i < 2; i++)
		CHECK_OK(tw_room_look_at_sends(&world.t.c, &to, TW_ROOM_BUSY_MS + i, NOW + i));
	CHECK_TEXT(stored("SELECT channel || ' ' || what FROM intake_alarm"), "form busy");
	CHECK_INT(number("SELECT raised_ms - since_ms FROM intake_alarm"), TW_ROOM_BUSY_MS);
	CHECK_TEXT(stored("SELECT subject FROM outbox WHERE key LIKE 'way-%'"), "Strangers use up what all may send together");
	CHECK_OK(tw_room_look_at_sends(&world.t.c, &to, 0, NOW + 9));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm WHERE over_ms = 0"), 0);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE subject = 'Everybody may send by the form again'"), 1);
	CHECK_OK(tw_room_look_at_sends(&world.t.c, &to, 0, NOW + 10));
	CHECK_INT(number("SELECT count(*) FROM intake_alarm"), 1);
}

/* What is no report takes nothing of the day's allowance: bounces, answers of programs, our own mail, canaries. */
static void test_what_is_none_counts_for_nothing(void **state)
{
	const struct tw_canary_plan plan = by_mail();
	char subject[200];

	for (uint32_t i = 1; i <= TW_INTAKE_DAY_MAX + 5; i++) {
		struct tw_collected m = mail(i, "Undelivered", "sorry");
		char id[16];

		(void)snprintf(id, sizeof id, "%u", i);
		m.id = tw_slice_of(id);
		m.kind = i % 3 == 0 ? TW_MAILREAD_BOUNCE : i % 3 == 1 ? TW_MAILREAD_REPLY : TW_MAILREAD_PERSON;
		m.flags = i % 3 == 2 ? TW_COLLECT_OWN : 0;
		CHECK_INT(took(&m).end, TW_INTAKE_DROPPED);
	}
	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW));
	struct tw_collected canary = canary_mail(TW_INTAKE_DAY_MAX + 6, subject);
	CHECK_INT(took(&canary).end, TW_INTAKE_CANARY);
	for (uint32_t i = 0; i < TW_INTAKE_DAY_MAX; i++) {
		char text[32];

		(void)snprintf(text, sizeof text, "lamp %u", i);
		struct tw_collected m = mail(TW_INTAKE_DAY_MAX + 7 + i, "Lamp", text);
		CHECK_INT(took(&m).end, TW_INTAKE_REPORT);
	}
	struct tw_collected more = mail(2 * TW_INTAKE_DAY_MAX + 7, "Lamp", "more");
	CHECK_INT(took(&more).end, TW_INTAKE_WAIT);
}

static void test_canary_faults(void **state)
{
	const struct tw_canary_plan plan = by_mail();
	bool fired = true;
	long n = 1;

	CHECK_OK(tw_canary_turn(&world.t.c, &plan, NOW));
	for (; fired && n < CALLS_MAX; n++) { /* the alarm and its mail, or neither */
		tw_fake_fail(world.fake, n, n % 2 ? ENOSPC : EIO, false);
		const tw_err e = tw_canary_watch(&world.t.c, &plan, NOW + TW_CANARY_WAIT_MS, false);
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		if (tw_failed(e))
			reopen();
		const char *raised = stored(
			"SELECT (SELECT count(*) FROM intake_alarm) || ' ' || (SELECT count(*) FROM outbox WHERE key LIKE 'way-%')");
		CHECK(!strcmp(raised, "1 1") || (tw_failed(e) && !strcmp(raised, "0 0")));
	}
	CHECK(n > 2 && n < CALLS_MAX);
	CHECK_INT(number("SELECT count(*) FROM intake_alarm"), 1);
}

/* Whichever call fails: all of it is there, or nothing; and asked again it is there once. */
static void test_faults(void **state)
{
	bool fired = true;
	long n = 1;

	for (; fired && n < CALLS_MAX; n++) {
		char subject[32], nothing[64], whole[64];
		struct tw_intake_done d = { .end = TW_INTAKE_WAIT };

		(void)snprintf(subject, sizeof subject, "Lamp %ld", n);
		(void)snprintf(nothing, sizeof nothing, "%ld 0 %ld %ld %ld %ld", n - 1, n - 1, n - 1, n - 1, n - 1);
		(void)snprintf(whole, sizeof whole, "%ld 0 %ld %ld %ld %ld", n, n, n, n, n);
		struct tw_collected m = mail((uint32_t)n, subject, "It burns.");
		const int64_t now = NOW + n * TW_INTAKE_DAY_MS; /* each has the day to itself */
		tw_fake_fail(world.fake, n, n % 2 ? ENOSPC : EIO, false);
		const tw_err e = take_at(&m, now, &d);
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		if (tw_failed(e))
			reopen();
		const char *there = counts();
		if (strcmp(there, whole) != 0 && (strcmp(there, nothing) != 0 || !tw_failed(e)))
			fail_msg("call %ld: %s, %s", n, tw_failed(e) ? "failed" : "OK", there);
		if (tw_failed(e) && tw_failed(take_at(&m, now, &d))) { /* the log takes no more once a write failed, until it is opened anew */
			test_context_close(&world.t);
			CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
			reopen();
			CHECK_OK(take_at(&m, now, &d));
		}
		CHECK_TEXT(counts(), whole);
	}
	CHECK(!fired && n > 50);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
CHECK_MAIN(TEST(test_a_message_becomes_a_report_once), TEST(test_what_is_said_of_it), TEST(test_what_becomes_nothing),
	TEST(test_who_is_answered), TEST(test_a_flood_waits), TEST(test_answers_by_the_code),
	TEST(test_a_report_whose_files_were_changed), TEST(test_canary), TEST(test_a_canary_that_bounced), TEST(test_a_late_canary),
	TEST(test_nobody_pretends_to_be_one), TEST(test_canary_faults), TEST(test_room), TEST(test_room_for_reports),
	TEST(test_room_for_others), TEST(test_what_is_none_counts_for_nothing), TEST(test_faults))
