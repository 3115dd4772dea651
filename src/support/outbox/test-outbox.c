/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out: there with its cause or not at all, once for each key, and nothing that could not be sent. */
#include "support/outbox/outbox.h"

#include "check.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
#include "sys/fake.h"

#include <errno.h>

#define NOW INT64_C(1790000000000)

static const char count[] = "SELECT count(*) FROM outbox";
static const char secret[] = "0123456789abcdef01234567";

static struct {
	tw_fake *fake;
	struct test_dir dir;
	tw_store *store;
} world;

static void reopen(void)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_outbox_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.store = tw_store_free(world.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "outbox.db", &formats, &world.store));
}

static int begin(void **state)
{
	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	reopen();
	return 0;
}

static int end(void **state)
{
	world.store = tw_store_free(world.store);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(world.store, sql, NULL, 0, take_int, &n));
	return n;
}

static struct tw_outbox_message mail(const char *key)
{
	return (struct tw_outbox_message){ TW_OUTBOX_MAIL, "ann@lamps.example", "Your report", "Hello\n", key, NULL, { NULL, 0 } };
}

static struct tw_outbox_message webhook(const char *key)
{
	return (struct tw_outbox_message){ TW_OUTBOX_WEBHOOK, "https://lamps.example/hook", "advisory.published", "{}", key, NULL,
		{ secret, sizeof secret - 1 } };
}

static void test_a_key_is_kept_once(void **state)
{
	struct tw_outbox_message m = mail("report-1-received");

	CHECK_OK(tw_outbox_add(world.store, &m, NOW));
	m.text = "Something else\n";
	CHECK_OK(tw_outbox_add(world.store, &m, NOW + 1));
	CHECK_INT(number(count), 1);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE text = 'Hello' || char(10) AND next_ms = 1790000000000"), 1);
	m = webhook("report-2");
	CHECK_OK(tw_outbox_add(world.store, &m, NOW));
	CHECK_INT(number(count), 2);
}

static void test_what_could_not_be_sent(void **state)
{
	static char long_key[TW_OUTBOX_KEY_MAX + 2], long_text[TW_OUTBOX_TEXT_MAX + 2], long_subject[TW_OUTBOX_SUBJECT_MAX + 2];
	struct tw_outbox_message m[20];
	size_t n = 0;

	memset(long_key, 'k', sizeof long_key - 1);
	memset(long_text, 't', sizeof long_text - 1);
	memset(long_subject, 's', sizeof long_subject - 1);
#define BAD(of, field, value)         \
	do {                          \
		m[n] = of("k");       \
		m[n++].field = value; \
	} while (0)
	BAD(mail, key, "");
	BAD(mail, key, "a b");
	BAD(mail, key, "a\r\nb");
	BAD(mail, key, long_key);
	BAD(mail, to, "ann");
	BAD(mail, to, "ann@lamps.example\r\nBcc: bob@lamps.example");
	BAD(mail, to, "https://lamps.example/hook");
	BAD(mail, subject, "");
	BAD(mail, subject, "a\nBcc: bob@lamps.example");
	BAD(mail, subject, long_subject);
	BAD(mail, text, "");
	BAD(mail, text, "a\rb");
	BAD(mail, text, "\xff");
	BAD(mail, text, long_text);
	BAD(mail, unsubscribe, "http://lamps.example/");
	BAD(mail, secret, ((struct tw_slice){ secret, sizeof secret - 1 }));
	BAD(webhook, to, "http://lamps.example/hook");
	BAD(webhook, unsubscribe, "https://lamps.example/");
	BAD(webhook, secret, ((struct tw_slice){ secret, TW_OUTBOX_SECRET_MIN - 1 }));
#undef BAD
	for (size_t i = 0; i < n; i++) {
		tw_err e = tw_outbox_add(world.store, &m[i], NOW);

		if (!tw_is(e, TW_CODE_SYNTAX))
			fail_msg("row %zu was not refused as it should be", i);
	}
	CHECK_INT(number(count), 0);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *url;
		bool valid;
	} rows[] = {
		{ "https://lamps.example", true },
		{ "https://lamps.example:8443/a?b=c%20d", true },
		{ "https://[2001:db8::1]/x", true },
		{ "https://", false },
		{ "https:///x", false },
		{ "https://:443/", false },
		{ "http://lamps.example/", false },
		{ "HTTPS://lamps.example/", false },
		{ "https://ann@lamps.example/", false },
		{ "https://lamps.example/#x", false },
		{ "https://lamps.example/a b", false },
		{ "https://lamps.example/\r\nX: y", false },
		{ "https://l\xc3\xa4mp.example/", false },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (tw_outbox_url_valid(tw_slice_of(rows[i].url)) != rows[i].valid)
			fail_msg("row %zu: %s", i, rows[i].url);
}

/* So many more of a class and a state, added at `now`. */
static void many(int count_, enum tw_outbox_class class, const char *state, int64_t now)
{
	const struct tw_value v[] = { TW_V_INT(count_), TW_V_INT(class), TW_V_TEXT(state), TW_V_INT(now) };

	CHECK_OK(tw_store_run(world.store,
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) INSERT INTO outbox (key, kind, state, recipient, "
		"subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason, class) SELECT ?3 || ?2 || i, 0, ?3, 'a@b.example', "
		"'s', 't', '', x'', ?4, ?4, 1, 0, '', ?2 FROM n",
		v, TW_COUNT(v), NULL, NULL));
}

static tw_err add(enum tw_outbox_class class, const char *key)
{
	struct tw_outbox_message m = mail(key);

	m.class = class;
	return tw_outbox_add(world.store, &m, NOW);
}

static void test_no_more_than_there_is_room_for(void **state)
{
	many(TW_OUTBOX_OTHERS_MAX, TW_OUTBOX_NOTICE, "waiting", NOW);
	CHECK_ERR(add(TW_OUTBOX_NOTICE, "more"), LIMIT);
	CHECK_ERR(add(TW_OUTBOX_ASK, "more"), LIMIT);
	CHECK_OK(add(TW_OUTBOX_NOTICE, "waiting07")); /* it is there */
	CHECK_OK(add(TW_OUTBOX_ALARM, "alarm"));
	CHECK_INT(number("UPDATE outbox SET state = 'failed' WHERE key IN ('waiting01', 'waiting02') RETURNING 1"), 1);
	CHECK_OK(add(TW_OUTBOX_NOTICE, "more")); /* what was given up takes nobody's room */
	many(TW_OUTBOX_WAITING_MAX - TW_OUTBOX_OTHERS_MAX, TW_OUTBOX_ALARM, "waiting", NOW);
	CHECK_ERR(add(TW_OUTBOX_ALARM, "alarm-2"), LIMIT);
}

static void test_strangers_have_a_share_and_no_more(void **state)
{
	many(TW_OUTBOX_ASKS_MAX, TW_OUTBOX_ASK, "waiting", NOW);
	CHECK_ERR(add(TW_OUTBOX_ASK, "ask"), LIMIT);
	CHECK_OK(add(TW_OUTBOX_NOTICE, "notice"));
	CHECK_OK(add(TW_OUTBOX_ALARM, "alarm"));
}

static void test_what_is_over_is_forgotten_in_steps(void **state)
{
	bool more = false;

	many(3, TW_OUTBOX_ASK, "waiting", NOW);
	many(3, TW_OUTBOX_ASK, "failed", NOW);
	many(3, TW_OUTBOX_ASK, "sending", NOW);
	many(3, TW_OUTBOX_ALARM, "failed", NOW);
	many(TW_OUTBOX_STEP + 1, TW_OUTBOX_NOTICE, "sent", NOW);
	many(3, TW_OUTBOX_ALARM, "dropped", NOW);
	many(1, TW_OUTBOX_NOTICE, "waiting", NOW);
	CHECK_OK(tw_outbox_forget(world.store, NOW + TW_OUTBOX_ASK_MS - 1, &more));
	CHECK(number(count) == 14 + TW_OUTBOX_STEP + 3 && !more);
	CHECK_OK(tw_outbox_forget(world.store, NOW + TW_OUTBOX_ASK_MS, &more));
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE class = 1"), 3); /* they are being sent */
	CHECK_OK(tw_outbox_forget(world.store, NOW + TW_OUTBOX_FAILED_MS + 1, &more));
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE state = 'failed'"), 0);
	CHECK_OK(tw_outbox_forget(world.store, NOW + TW_OUTBOX_KEPT_MS + 1, &more));
	CHECK(more && number("SELECT count(*) FROM outbox WHERE state IN ('sent', 'dropped')") == 4);
	CHECK_OK(tw_outbox_forget(world.store, NOW + TW_OUTBOX_KEPT_MS + 1, &more));
	CHECK(!more && number(count) == 4); /* what waits or is being sent stays */
}

static void test_what_asks_is_withdrawn(void **state)
{
	CHECK_OK(add(TW_OUTBOX_ASK, "subscription-1"));
	CHECK_OK(add(TW_OUTBOX_ASK, "subscription-11"));
	CHECK_OK(add(TW_OUTBOX_NOTICE, "notice-1"));
	CHECK_OK(tw_outbox_withdraw(world.store, "subscription-1"));
	CHECK_OK(tw_outbox_withdraw(world.store, "notice-1"));
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE key IN ('subscription-11', 'notice-1')"), 2);
	CHECK_INT(number(count), 2);
}

static tw_err cause(tw_store *s, void *user)
{
	const struct tw_outbox_message m = mail("cause-1");

	TW_TRY(tw_store_run(s, "INSERT INTO setting_dummy VALUES (1)", NULL, 0, NULL, NULL));
	return tw_outbox_add(s, &m, NOW);
}

static void test_with_its_cause_or_not_at_all(void **state)
{
	bool fired = true;
	long points = 0;

	CHECK_OK(tw_store_run(world.store, "CREATE TABLE setting_dummy (n INTEGER)", NULL, 0, NULL, NULL));
	for (long n = 1; fired; n++) {
		tw_fake_fail(world.fake, n, n % 2 ? ENOSPC : EIO, false);
		tw_err e = tw_store_transaction(world.store, cause, NULL);
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		reopen();
		const int64_t causes = number("SELECT count(*) FROM setting_dummy"), messages = number(count);
		CHECK_INT(causes, messages);
		CHECK(tw_failed(e) || messages == 1);
		if (fired) {
			CHECK_OK(tw_store_run(world.store, "DELETE FROM setting_dummy", NULL, 0, NULL, NULL));
			CHECK_OK(tw_store_run(world.store, "DELETE FROM outbox", NULL, 0, NULL, NULL));
		}
		points = n;
	}
	CHECK(points > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
CHECK_MAIN(TEST(test_a_key_is_kept_once), TEST(test_what_could_not_be_sent), TEST(test_addresses),
	TEST(test_no_more_than_there_is_room_for), TEST(test_strangers_have_a_share_and_no_more),
	TEST(test_what_is_over_is_forgotten_in_steps), TEST(test_what_asks_is_withdrawn), TEST(test_with_its_cause_or_not_at_all))
