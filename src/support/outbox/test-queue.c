/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: when a message is tried again and when it is given up, and that whatever fails leaves it waiting, being sent or done, with the event of it. */
#include "support/outbox/queue.h"

#include "base/text.h"
#include "check.h"
#include "crypto/hash.h"
#include "service/path/test-context.h"
#include "service/test-dir.h"
#include "support/rows-outbox.h"
#include "support/sql-support.h"
#include "sys/fake.h"

#include <errno.h>

#define NOW INT64_C(1790000000000)

static const struct tw_capability *const all[] = { &tw_capability_outbox, NULL };
static const struct tw_grant_row no_grants[] = { { NULL } };
static const char secret[] = "0123456789abcdef01234567";

static struct {
	tw_fake *fake;
	struct test_dir dir;
	struct test_context t;
	struct tw_buf job;
	int64_t number; /* of the one message that a test is about: one store gives a number again when its message is gone, the other never does */
} world;

static void reopen(void)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_outbox_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.t.c.store = tw_store_free(world.t.c.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "outbox.db", &formats, &world.t.c.store));
}

static int begin(void **state)
{
	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
	reopen();
	tw_buf_init(&world.job, tw_sys_real(), TW_MAIL_JOB_MAX);
	world.number = 1;
	return 0;
}

static int end(void **state)
{
	tw_buf_done(&world.job);
	test_context_close(&world.t);
	(void)tw_key_free(world.t.key);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static void add_class(enum tw_outbox_kind kind, enum tw_outbox_class class, const char *key)
{
	struct tw_outbox_message m = kind == TW_OUTBOX_MAIL
		? (struct tw_outbox_message){ kind, "ann@lamps.example", "Report", "Hello\n", key, "https://lamps.example/u", { NULL, 0 } }
		: (struct tw_outbox_message){ kind, "https://lamps.example/hook", "event", "{\"a\":1}", key, NULL,
			  { secret, sizeof secret - 1 } };

	m.class = class;
	CHECK_OK(tw_outbox_add(world.t.c.store, &m, NOW));
}

static void add(enum tw_outbox_kind kind, const char *key)
{
	add_class(kind, TW_OUTBOX_NOTICE, key);
}

static tw_err take_text(void *user, const tw_row *row)
{
	(void)snprintf(user, 400, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	return TW_OK;
}

/* Of the message: state, tries, when next, when begun, whether its text is there, the reason. */
static const char *shown(void)
{
	static char text[400];

	text[0] = '\0';
	CHECK_OK(tw_store_run(world.t.c.store,
		"SELECT state || ' ' || tries || ' ' || (next_ms - 1790000000000) || ' ' || CASE WHEN since_ms > 0 THEN 1 ELSE 0 END || ' ' || CASE WHEN text <> '' THEN 1 ELSE 0 END || ' ' || reason "
		"FROM outbox WHERE number = ?1",
		&TW_V_INT(world.number), 1, take_text, text));
	return text;
}

static tw_err finish(enum tw_mail_end how, int64_t now)
{
	const struct tw_mail_done d = { how, 0, TW_SLICE("why") };

	return tw_outbox_end(&world.t.c, world.number, &d, now);
}

static void test_longer_and_longer(void **state)
{
	static const struct {
		int64_t tries;
		uint8_t chance;
		int64_t ms;
	} rows[] = { { 1, 127, 60000 }, { 2, 127, 120000 }, { 3, 127, 240000 }, { 8, 127, 7680000 }, { 9, 127, 14400000 },
		{ 1000000, 127, 14400000 }, { 1, 0, 48094 }, { 1, 255, 72000 }, { 9, 255, 17280000 }, { 0, 127, 60000 },
		{ -5, 127, 60000 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		CHECK_INT(tw_outbox_backoff_ms(rows[i].tries, rows[i].chance), rows[i].ms);
}

static void test_taken_once(void **state)
{
	struct tw_mail_job j;
	int64_t number = 0, ms = 0;

	CHECK_OK(tw_outbox_next(world.t.c.store, TW_OUTBOX_MAIL, NOW, &number, &ms));
	CHECK_INT(number, 0);
	add(TW_OUTBOX_MAIL, "k1");
	CHECK_OK(tw_outbox_next(world.t.c.store, TW_OUTBOX_WEBHOOK, NOW, &number, &ms));
	CHECK_INT(number, 0);
	CHECK_OK(tw_outbox_next(world.t.c.store, TW_OUTBOX_MAIL, NOW, &number, &ms));
	CHECK(number == 1 && ms == 0);
	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW + 5, &world.job));
	CHECK_OK(tw_mail_job_read(tw_buf_slice(&world.job), &j));
	CHECK(j.kind == TW_MAIL_LETTER && j.now_ms == NOW + 5 && tw_slice_is(j.to, "ann@lamps.example") && tw_slice_is(j.subject, "Report"));
	CHECK(tw_slice_is(j.text, "Hello\n") && tw_slice_is(j.unsubscribe, "https://lamps.example/u") && j.id.size == 32);
	CHECK_TEXT(shown(), "sending 1 0 1 1 ");
	CHECK_OK(tw_outbox_next(world.t.c.store, TW_OUTBOX_MAIL, NOW, &number, &ms));
	CHECK_INT(number, 0);
	CHECK_ERR(tw_outbox_take(world.t.c.store, 2, NOW, &world.job), NOTFOUND);
	CHECK_OK(tw_outbox_untried(world.t.c.store, 1));
	CHECK_TEXT(shown(), "waiting 0 0 0 1 ");
}

static void id_of_try(char ret[33])
{
	struct tw_mail_job j;

	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW, &world.job));
	CHECK_OK(tw_mail_job_read(tw_buf_slice(&world.job), &j));
	(void)snprintf(ret, 33, TW_SLICE_FMT, TW_SLICE_ARG(j.id));
}

static void test_the_same_message_each_time(void **state)
{
	char first[33], second[33];

	add(TW_OUTBOX_MAIL, "k1");
	id_of_try(first);
	CHECK_OK(finish(TW_MAIL_LATER, NOW));
	id_of_try(second);
	CHECK_TEXT(second, first);
}

static void test_a_webhook_is_signed(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf want = { 0 };
	struct tw_mail_job j;
	uint8_t mac[TW_SHA256_SIZE];

	add(TW_OUTBOX_WEBHOOK, "k1");
	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW, &world.job));
	CHECK_OK(tw_mail_job_read(tw_buf_slice(&world.job), &j));
	const struct tw_slice parts[] = { j.id, TW_SLICE(".1790000000."), TW_SLICE("{\"a\":1}") };
	CHECK_OK(tw_hmac_sha256(secret, sizeof secret - 1, parts, 3, mac));
	tw_buf_init(&want, tw_sys_real(), 100);
	CHECK_OK(tw_buf_text(&want, "v1,"));
	CHECK_OK(tw_buf_base64(&want, mac, sizeof mac));
	CHECK(j.kind == TW_MAIL_HOOK && tw_slice_is(j.signature, tw_buf_cstr(&want)));
}

/* A new one, alone. */
static void add_anew(void)
{
	int64_t ms = 0;

	CHECK_OK(tw_store_run(world.t.c.store, "DELETE FROM outbox", NULL, 0, NULL, NULL));
	add(TW_OUTBOX_MAIL, "k1");
	CHECK_OK(tw_outbox_next(world.t.c.store, TW_OUTBOX_MAIL, NOW, &world.number, &ms));
}

static void test_what_comes_of_a_try(void **state)
{
	static const struct {
		enum tw_mail_end end;
		int64_t later; /* than the first try */
		const char *state;
	} rows[] = { { TW_MAIL_SENT, 0, "sent" }, { TW_MAIL_LATER, 0, "waiting" }, { TW_MAIL_SERVER, 0, "waiting" },
		{ TW_MAIL_REFUSED, 0, "failed" }, { TW_MAIL_LATER, TW_OUTBOX_GIVE_UP_MS, "waiting" } /* with too few tries */ };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		add_anew();
		CHECK_OK(tw_outbox_take(world.t.c.store, world.number, NOW, &world.job));
		CHECK_OK(finish(rows[i].end, NOW + rows[i].later));
		if (strncmp(shown(), rows[i].state, strlen(rows[i].state)) != 0)
			fail_msg("row %zu: %s", i, shown());
		CHECK_INT(strstr(shown(), " 1 1 why") != NULL, rows[i].end != TW_MAIL_SENT);
		CHECK_ERR(finish(rows[i].end, NOW), NOTFOUND); /* it is not being sent any more */
	}
}

static void test_given_up_after_days(void **state)
{
	add(TW_OUTBOX_MAIL, "k1");
	for (int i = 1; i < TW_OUTBOX_TRIES_MIN; i++) {
		CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW, &world.job));
		CHECK_OK(finish(TW_MAIL_LATER, NOW));
	}
	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW + 1, &world.job));
	CHECK_OK(finish(TW_MAIL_SERVER, NOW + TW_OUTBOX_GIVE_UP_MS - 1));
	CHECK(!strncmp(shown(), "waiting 12 ", 11));
	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW + 2, &world.job));
	CHECK_OK(finish(TW_MAIL_SERVER, NOW + TW_OUTBOX_GIVE_UP_MS));
	CHECK(!strncmp(shown(), "failed 13 ", 10));
}

static void test_after_a_kill(void **state)
{
	add(TW_OUTBOX_MAIL, "k1");
	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW, &world.job));
	reopen();
	CHECK_OK(tw_outbox_recover(world.t.c.store, NOW));
	CHECK_TEXT(shown(), "waiting 1 60000 1 1 What came of the last try is not known; it may have gone out already.");
}

static int64_t next_at(int64_t now, int64_t *ret_ms)
{
	int64_t number = 0;

	CHECK_OK(tw_outbox_next(world.t.c.store, TW_OUTBOX_MAIL, now, &number, ret_ms));
	return number;
}

static void test_alarms_go_first(void **state)
{
	int64_t ms = 0;

	add_class(TW_OUTBOX_MAIL, TW_OUTBOX_NOTICE, "notice-1-1");
	add_class(TW_OUTBOX_MAIL, TW_OUTBOX_ASK, "subscription-1");
	add_class(TW_OUTBOX_MAIL, TW_OUTBOX_ALARM, "alarm-1");
	CHECK(next_at(NOW, &ms) == 3 && ms == 0);
	CHECK_OK(tw_outbox_take(world.t.c.store, 3, NOW, &world.job));
	CHECK(next_at(NOW, &ms) == 2 && ms == 0);
	const struct tw_mail_done d = { TW_MAIL_LATER, 0, TW_SLICE("why") };
	CHECK_OK(tw_outbox_end(&world.t.c, 3, &d, NOW));
	CHECK_OK(tw_outbox_withdraw(world.t.c.store, "subscription-1"));
	CHECK(next_at(NOW, &ms) == 1 && ms == 0); /* an alarm that is not due keeps nobody waiting */
	CHECK(next_at(NOW + 2 * TW_OUTBOX_FIRST_MS, &ms) == 3 && ms == 0);
	CHECK_OK(tw_store_run(world.t.c.store, "DELETE FROM outbox WHERE number = 1", NULL, 0, NULL, NULL));
	CHECK(next_at(NOW, &ms) == 3 && ms > 0 && ms < 2 * TW_OUTBOX_FIRST_MS);
	CHECK(next_at(NOW - TW_OUTBOX_KEPT_MS, &ms) == 3 && ms == 0); /* the clock was put back */
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static void test_what_was_given_up_is_bounded(void **state)
{
	const struct tw_value v[] = { TW_V_INT(TW_OUTBOX_FAILED_MAX), TW_V_INT(NOW) };
	int64_t asks = 0, alarms = 0;

	add_class(TW_OUTBOX_MAIL, TW_OUTBOX_ASK, "subscription-1");
	CHECK_OK(tw_store_run(world.t.c.store,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO outbox (key, kind, state, recipient, "
		"subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason, class) SELECT c || 'k' || i, 0, 'failed', "
		"'a@b.example', 's', 't', '', x'', ?2 - i, ?2 - i, 1, 1, '', c FROM n, (SELECT 1 AS c UNION SELECT 2) AS two",
		v, TW_COUNT(v), NULL, NULL));
	CHECK_OK(tw_outbox_take(world.t.c.store, 1, NOW, &world.job));
	CHECK_OK(finish(TW_MAIL_REFUSED, NOW));
	CHECK_OK(tw_store_run(world.t.c.store, "SELECT count(*) FROM outbox WHERE class = 1 AND key <> '1k2000'", NULL, 0, take_int, &asks));
	CHECK_OK(tw_store_run(world.t.c.store, "SELECT count(*) FROM outbox WHERE class = 2", NULL, 0, take_int, &alarms));
	CHECK(asks == TW_OUTBOX_FAILED_MAX && alarms == TW_OUTBOX_FAILED_MAX); /* the oldest went, and no alarm */
	CHECK(!strncmp(shown(), "failed", 6));
}

/* Each call of the seam fails once. A failed take leaves it waiting, or being sent, which the next start finds; a failed end leaves it being sent. */
static void test_every_failure(void **state)
{
	static const enum tw_mail_end ends[] = { TW_MAIL_SENT, TW_MAIL_LATER, TW_MAIL_REFUSED };
	long points = 0, told = 0;

	for (size_t i = 0; i < TW_COUNT(ends); i++) {
		bool fired = true;

		for (long n = 1; fired; n++, points++) {
			add_anew();
			tw_fake_fail(world.fake, n, n % 2 ? ENOSPC : EIO, false);
			tw_err e = tw_outbox_take(world.t.c.store, world.number, NOW, &world.job);
			const bool taken = !tw_failed(e);
			if (taken)
				e = finish(ends[i], NOW);
			fired = tw_fake_fired(world.fake);
			tw_fake_fail(world.fake, 0, 0, false);
			reopen();
			const bool done = strncmp(shown(), "sending", 7) != 0 && (strncmp(shown(), "waiting 0", 9) != 0);
			CHECK(taken || !strncmp(shown(), "waiting 0", 9) || !strncmp(shown(), "sending 1", 9));
			CHECK(!taken || strncmp(shown(), "waiting 0", 9) != 0); /* who was told that it is being sent finds it so */
			CHECK(tw_failed(e) || done);
			CHECK(fired || (!tw_failed(e) && done));
			told += tw_failed(e);
		}
	}
	CHECK(points > 60 && told > 30);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(cmocka_unit_test(test_longer_and_longer), TEST(test_taken_once), TEST(test_the_same_message_each_time),
	TEST(test_a_webhook_is_signed), TEST(test_what_comes_of_a_try), TEST(test_given_up_after_days), TEST(test_after_a_kill),
	TEST(test_alarms_go_first), TEST(test_what_was_given_up_is_bounded), TEST(test_every_failure))
