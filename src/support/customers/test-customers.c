/* SPDX-License-Identifier: Apache-2.0 */
/* Whose devices are named in whose notice, and that whatever fails leaves a notice to all or to nobody. */
#include "support/customers/customers.h"

#include "base/mem.h"
#include "check.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
#include "support/subscriptions/subscription.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <stdio.h>

#define CALLS_MAX 3000

static struct {
	tw_fake *fake;
	struct test_dir dir;
	tw_store *store;
} world;

static void reopen(void)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_reception_format_1 }, { 1, tw_sql_customers_format_1 },
		{ 1, tw_sql_outbox_format_1 }, { 1, tw_sql_subscriptions_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.store = tw_store_free(world.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "customers.db", &formats, &world.store));
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

static tw_err take_text(void *user, const tw_row *row)
{
	(void)snprintf(user, 4000, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 0)));
	return TW_OK;
}

static const char *stored(const char *sql)
{
	static char text[4000];

	text[0] = '\0';
	CHECK_OK(tw_store_run(world.store, sql, NULL, 0, take_text, text));
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

	CHECK_OK(tw_store_run(world.store, sql, NULL, 0, take_number, &n));
	return n;
}

static int64_t customer(void)
{
	struct tw_receipt key;
	int64_t id = 0, found = 0;

	CHECK_OK(tw_customer_make(world.store, tw_fake_sys(world.fake), 5, &key, &id));
	CHECK_OK(tw_customer_find(world.store, &key, &found));
	CHECK(id > 0 && found == id);
	return id;
}

static void has(int64_t who, const char *serial, int64_t device, bool confirmed)
{
	const struct tw_device_verdict v = { device, 7, confirmed, "a1", "by its invoice" };
	enum tw_device_judged said;
	bool added = false;

	CHECK_OK(tw_customer_device_add(world.store, who, "lamp", serial, 6, &added));
	CHECK(added);
	if (confirmed) {
		CHECK_OK(tw_customer_device_judge(world.store, &v, &said));
		CHECK_INT(said, TW_DEVICE_JUDGED);
	}
}

static struct tw_incident incident(const char *devices)
{
	return (struct tw_incident){ "lamp", "Keys read", "They were read on Monday.", "The keys of the radio.",
		"New ones are sent.", "Nothing.", "a2", devices, 9 };
}

/* @nist IN.2.b.1.2: to each customer with his own devices, and to nobody with another's */
static void test_each_is_told_of_his_own(void **state)
{
	const int64_t ann = customer(), bob = customer(), eve = customer();
	struct tw_incident n = incident("L-1, L-2\nL-9 L-4");
	struct tw_incident_told told;
	enum tw_device_judged said;

	has(ann, "L-1", 1, true);
	has(ann, "L-2", 2, true);
	has(ann, "L-3", 3, true);
	has(bob, "L-9", 4, true);
	has(eve, "L-1", 5, false); /* she only says so */
	has(eve, "L-4", 6, false);
	CHECK_OK(tw_incident_tell(world.store, &n, &told));
	CHECK(told.customers == 2 && told.devices == 3 && told.waiting == 2 && told.unknown == 0);
	CHECK_TEXT(stored("SELECT group_concat(customer || ':' || serial) FROM (SELECT customer, serial FROM incident_told ORDER BY customer, serial) AS t"),
		"1:L-1,1:L-2,2:L-9");
	const struct tw_device_verdict stolen = { 5, 8, true, "a1", "she says so" }, late = { 6, 8, true, "a1", "by its invoice" },
				       none = { 99, 8, true, "a1", "x" };
	CHECK_OK(tw_customer_device_judge(world.store, &stolen, &said));
	CHECK_INT(said, TW_DEVICE_OF_ANOTHER);
	CHECK_OK(tw_customer_device_judge(world.store, &none, &said));
	CHECK_INT(said, TW_DEVICE_UNKNOWN);
	CHECK_OK(tw_customer_device_judge(world.store, &late, &said)); /* and is told then */
	CHECK_TEXT(stored("SELECT customer || ':' || serial FROM incident_told WHERE customer = 3"), "3:L-4");
	n.devices = "L-7";
	CHECK_OK(tw_incident_tell(world.store, &n, &told));
	CHECK(told.customers == 0 && told.devices == 0 && told.waiting == 0 && told.unknown == 1);
	n.product = "fan"; /* the same number of another product is another device */
	n.devices = "L-1";
	CHECK_OK(tw_incident_tell(world.store, &n, &told));
	CHECK_INT(told.customers, 0);
}

/* A form that was pressed twice, or whose answer was lost: those who were told are not told again. */
static void test_sent_twice_is_told_once(void **state)
{
	const int64_t ann = customer();
	struct tw_incident n = incident("L-1, L-2");
	struct tw_incident_told told;

	has(ann, "L-1", 1, true);
	CHECK_OK(tw_incident_tell(world.store, &n, &told));
	CHECK_INT(told.id, 1);
	n.made_ms += 3000;
	n.devices = "L-2\nL-1 L-1";
	CHECK_OK(tw_incident_tell(world.store, &n, &told));
	CHECK(told.id == 1 && told.customers == 1 && told.devices == 1 && told.unknown == 1);
	CHECK_INT(number("SELECT count(*) FROM incident"), 1);
	const struct tw_incident others[] = { { "lamp", "Keys", n.happened, n.concerned, n.done, n.todo, n.by, "L-1 L-2", n.made_ms },
		{ "lamp", n.title, n.happened, n.concerned, n.done, n.todo, "a3", "L-1 L-2", n.made_ms },
		{ "lamp", n.title, n.happened, n.concerned, n.done, n.todo, n.by, "L-1 L-2 L-3", n.made_ms },
		{ "lamp", n.title, n.happened, n.concerned, n.done, n.todo, n.by, "L-1", n.made_ms },
		{ "lamp", n.title, n.happened, n.concerned, n.done, n.todo, n.by, "L-1 L-2", n.made_ms + 24LL * 3600 * 1000 } };
	for (size_t i = 0; i < TW_COUNT(others); i++) {
		CHECK_OK(tw_incident_tell(world.store, &others[i], &told));
		CHECK_INT(told.id, i + 2);
	}
}

static void test_what_is_no_device(void **state)
{
	static const char *const lists[] = { "", " ,\n", "L-1 <b>", "L-1 \xc3\xa4",
		"0123456789012345678901234567890123456789012345678901234567890123456789" };
	struct tw_incident_told told;

	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		const struct tw_incident n = incident(lists[i]);

		CHECK_ERR(tw_incident_tell(world.store, &n, &told), SYNTAX);
	}
	CHECK_INT(number("SELECT count(*) FROM incident"), 0);
}

static void test_bounds(void **state)
{
	const int64_t ann = customer();
	bool added = true;
	char serial[16];

	for (int i = 0; i < TW_CUSTOMER_DEVICES_MAX; i++) {
		(void)snprintf(serial, sizeof serial, "L-%d", i);
		CHECK_OK(tw_customer_device_add(world.store, ann, "lamp", serial, 6, &added));
		CHECK(added);
	}
	CHECK_OK(tw_customer_device_add(world.store, ann, "lamp", "L-x", 6, &added));
	CHECK(!added);
}

static void test_faults(void **state)
{
	struct tw_incident n = incident("L-1 L-2");
	const int64_t ann = customer();
	struct tw_incident_told told;
	bool fired = true;
	char title[16];
	long at = 1;

	n.title = title;

	has(ann, "L-1", 1, true);
	has(ann, "L-2", 2, true);
	for (; fired && at < CALLS_MAX; at++) {
		(void)snprintf(title, sizeof title, "%ld", at / 2); /* every second one is told twice */
		tw_fake_fail(world.fake, at, at % 2 ? ENOSPC : EIO, false);
		const tw_err e = tw_incident_tell(world.store, &n, &told);
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		if (tw_failed(e))
			reopen();
		CHECK_INT(number("SELECT count(*) FROM incident_told WHERE incident NOT IN (SELECT id FROM incident)"), 0);
		CHECK_INT(number("SELECT count(*) FROM incident i WHERE (SELECT count(*) FROM incident_told t WHERE t.incident = i.id) <> 2"),
			0);
	}
	CHECK(at > 3 && at < CALLS_MAX);
}

/* --- Mail --- */

#define NOW INT64_C(1790000000000)

static struct tw_subscriptions subscriptions(void)
{
	return (struct tw_subscriptions){ tw_fake_sys(world.fake), world.store, "https://security.example.com", NOW };
}

static void wants_mail(int64_t account, const char *recipient)
{
	const struct tw_subscriptions of = subscriptions();
	const struct tw_subscription s = { .channel = TW_OUTBOX_MAIL, .recipient = recipient, .product = "", .versions = "", .account = account };
	enum tw_asked asked;

	CHECK_OK(tw_subscription_ask(&of, &s, "192.0.2.1", &asked));
	CHECK_INT(asked, TW_ASKED);
}

static enum tw_confirmed answer(void)
{
	const struct tw_subscriptions of = subscriptions();
	const char *text = strstr(
		stored("SELECT text FROM outbox WHERE key LIKE 'subscription-%' ORDER BY number DESC LIMIT 1"), "/confirm/");
	enum tw_confirmed said;

	assert_non_null(text);
	CHECK_OK(tw_subscription_confirm(&of, (struct tw_slice){ text + 9, strcspn(text + 9, "?") }, &said));
	return said;
}

static void confirms(void)
{
	CHECK_INT(answer(), TW_CONFIRMED);
}

/* Each time another one. */
static void happens(void)
{
	struct tw_incident n = incident("L-1 L-9");
	static int64_t since;
	struct tw_incident_told told;

	n.made_ms += 48LL * 3600 * 1000 * ++since;
	CHECK_OK(tw_incident_tell(world.store, &n, &told));
}

static const char *mails(void)
{
	const struct tw_subscriptions of = subscriptions();
	enum tw_telling told;

	do
		CHECK_OK(tw_subscription_accounts_slice(&of, &told));
	while (told == TW_TOLD_SOME);
	CHECK_INT(told, TW_TOLD_ALL);
	return stored("SELECT coalesce(group_concat(recipient), '') FROM (SELECT recipient FROM outbox WHERE key LIKE 'account-%' ORDER BY number) AS m");
}

/* @nist IN.2.b.1.2: that something waits, once until he has looked; nothing of what it is */
static void test_mail_says_that_something_waits(void **state)
{
	const int64_t ann = customer(), bob = customer();

	has(ann, "L-1", 1, true);
	has(bob, "L-9", 2, true);
	wants_mail(ann, "ann@example.com");
	CHECK(strstr(stored("SELECT text FROM outbox"), "something waits in the account, without what it is") != NULL);
	happens();
	CHECK_TEXT(mails(), ""); /* nobody has confirmed it */
	confirms();
	CHECK_TEXT(mails(), "ann@example.com"); /* it waits still */
	CHECK_TEXT(stored("SELECT subject FROM outbox WHERE key LIKE 'account-%'"), "Something waits in your account");
	const char *text = stored("SELECT text FROM outbox WHERE key LIKE 'account-%'");
	CHECK(strstr(text, "\nhttps://security.example.com/account?lang=en\n") && !strstr(text, "Keys read") && !strstr(text, "L-1"));
	happens();
	happens();
	CHECK_TEXT(mails(), "ann@example.com"); /* he has not looked */
	CHECK_OK(tw_subscription_account_seen(world.store, bob));
	happens();
	CHECK_TEXT(mails(), "ann@example.com");
	CHECK_OK(tw_subscription_account_seen(world.store, ann));
	CHECK_TEXT(mails(), "ann@example.com");
	happens();
	reopen();
	CHECK_TEXT(mails(), "ann@example.com,ann@example.com");
	wants_mail(bob, "ann@example.com"); /* of two accounts */
	confirms();
	CHECK_OK(tw_subscription_account_seen(world.store, ann));
	happens();
	CHECK_TEXT(mails(), "ann@example.com,ann@example.com,ann@example.com,ann@example.com");
}

static tw_err take_address(void *user, const char *recipient, bool confirmed)
{
	char *text = user;

	(void)snprintf(text + strlen(text), 200 - strlen(text), "%s%s ", recipient, confirmed ? "" : "?");
	return TW_OK;
}

static void subscribed(const char *recipient, int count)
{
	const struct tw_value v[] = { TW_V_INT(count), TW_V_TEXT(recipient) };

	CHECK_OK(tw_store_run(world.store,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
		"INSERT INTO subscription (state, token, channel, recipient, secret, language, product, versions, lowest, kinds, asked_ms, expires_ms) "
		"SELECT 'active', CAST(substr('00000000000000000000000000000000', 1, 32 - length(CAST(i AS TEXT))) || i AS BLOB), 0, ?2, x'', 'en', CAST(i AS TEXT), '', 0, 15, 0, 0 FROM n",
		v, TW_COUNT(v), NULL, NULL));
}

static const char *addresses(int64_t account)
{
	static char list[200];

	list[0] = '\0';
	CHECK_OK(tw_subscription_account_list(world.store, account, take_address, list));
	return list;
}

/* What takes the place of an address takes what waits with it; what cannot, because there are too many, leaves the one there was. */
static void test_another_address(void **state)
{
	const int64_t ann = customer();

	has(ann, "L-1", 1, true);
	wants_mail(ann, "a@example.com");
	confirms();
	happens();
	wants_mail(ann, "b@example.com");
	confirms();
	CHECK_TEXT(mails(), "b@example.com"); /* it waited for the former one */
	happens();
	wants_mail(ann, "c@example.com");
	confirms();
	CHECK_TEXT(mails(), "b@example.com"); /* he was told, and has not looked */
	CHECK_OK(tw_subscription_account_seen(world.store, ann));
	subscribed("full@example.com", TW_SUBSCRIPTIONS_OF_ONE);
	wants_mail(ann, "full@example.com");
	CHECK_INT(answer(), TW_CONFIRM_MANY);
	CHECK_TEXT(addresses(ann), "c@example.com ");
	happens();
	CHECK_TEXT(mails(), "b@example.com,c@example.com");
	CHECK_OK(tw_store_run(world.store, "DELETE FROM subscription WHERE product = '1'", NULL, 0, NULL, NULL));
	for (int twice = 0; twice < 2; twice++) { /* the one that goes does not count */
		wants_mail(ann, "full@example.com");
		confirms();
		CHECK_TEXT(addresses(ann), "full@example.com ");
	}
}

/* However many were asked, none of them is mailed when he wants no more of it. */
static void test_all_addresses_end(void **state)
{
	const int64_t ann = customer(), bob = customer();
	char address[64];

	for (int i = 0; i < 130; i++) {
		(void)snprintf(address, sizeof address, "a@host-%d.example.com", i);
		wants_mail(i == 129 ? bob : ann, address);
	}
	CHECK_OK(tw_subscription_account_end(world.store, ann));
	CHECK_TEXT(stored("SELECT group_concat(recipient) FROM subscription"), "a@host-129.example.com");
	CHECK_TEXT(stored("SELECT group_concat(recipient) FROM outbox"), "a@host-129.example.com");
}

static void test_an_account_has_one_address(void **state)
{
	const struct tw_subscriptions of = subscriptions();
	const int64_t ann = customer();
	char list[200] = "";
	bool gone;

	has(ann, "L-1", 1, true);
	wants_mail(ann, "a@example.com");
	confirms();
	wants_mail(ann, "b@example.com");
	CHECK_OK(tw_subscription_account_list(world.store, ann, take_address, list));
	CHECK_TEXT(list, "a@example.com b@example.com? ");
	confirms();
	list[0] = '\0';
	CHECK_OK(tw_subscription_account_list(world.store, ann, take_address, list));
	CHECK_TEXT(list, "b@example.com ");
	happens();
	CHECK_TEXT(mails(), "b@example.com");
	const char *way = strrchr(stored("SELECT unsubscribe FROM outbox WHERE key LIKE 'account-%'"), '/') + 1;
	CHECK_OK(tw_subscription_leave(&of, tw_slice_of(way), &gone));
	CHECK(gone);
	CHECK_INT(number("SELECT count(*) FROM subscription_account"), 0);
	happens();
	CHECK_TEXT(mails(), "b@example.com");
	wants_mail(ann, "c@example.com");
	confirms();
	wants_mail(ann, "d@example.com");
	CHECK_OK(tw_subscription_account_end(world.store, ann));
	CHECK_INT(number("SELECT count(*) FROM subscription"), 0);
	CHECK_INT(number("SELECT count(*) FROM outbox WHERE key LIKE 'subscription-%'"), 0); /* and what asked */
	happens();
	CHECK_TEXT(mails(), "b@example.com");
}

/* A device that is confirmed later: mail where something was told of it before, and not otherwise. */
static void test_a_device_confirmed_later(void **state)
{
	const int64_t ann = customer();

	has(ann, "L-2", 1, false);
	has(ann, "L-1", 2, false);
	wants_mail(ann, "a@example.com");
	confirms();
	happens();
	CHECK_TEXT(mails(), "");
	has(ann, "L-2", 1, true);
	CHECK_TEXT(mails(), "");
	has(ann, "L-1", 2, true);
	CHECK_TEXT(mails(), "a@example.com");
}

/* Where the outbox is full, or the site's address unknown, it waits; nothing of the notice does. */
static void test_mail_waits(void **state)
{
	struct tw_subscriptions of = subscriptions();
	const struct tw_value v[] = { TW_V_INT(TW_OUTBOX_WAITING_MAX) };
	const int64_t ann = customer();
	enum tw_telling told;

	has(ann, "L-1", 1, true);
	wants_mail(ann, "a@example.com");
	confirms();
	CHECK_OK(tw_store_run(world.store,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
		"INSERT INTO outbox (key, kind, state, recipient, subject, text, unsubscribe, secret, added_ms, next_ms, since_ms, tries, reason, class) "
		"SELECT 'k' || i, 0, 'waiting', 'a@example.com', 's', 't', '', x'', 0, 0, 0, 0, '', 0 FROM n",
		v, 1, NULL, NULL));
	happens();
	CHECK_INT(number("SELECT count(*) FROM incident_told"), 1);
	CHECK_OK(tw_subscription_accounts_slice(&of, &told));
	CHECK_INT(told, TW_TOLD_WAIT);
	CHECK_OK(tw_store_run(world.store, "DELETE FROM outbox WHERE key LIKE 'k%'", NULL, 0, NULL, NULL));
	of.site = "";
	CHECK_OK(tw_subscription_accounts_slice(&of, &told));
	CHECK_INT(told, TW_TOLD_WAIT);
	CHECK_TEXT(mails(), "a@example.com");
}

/* Each call of the seam fails once: told once or not yet, and then told. */
static void test_mail_through_faults(void **state)
{
	const int64_t ann = customer();
	bool fired = true;
	long at = 1;

	has(ann, "L-1", 1, true);
	wants_mail(ann, "a@example.com");
	confirms();
	for (; fired && at < CALLS_MAX; at++) {
		enum tw_telling told;

		CHECK_OK(tw_store_run(world.store, "DELETE FROM outbox", NULL, 0, NULL, NULL));
		CHECK_OK(tw_subscription_account_seen(world.store, ann));
		happens();
		const struct tw_subscriptions of = subscriptions();
		tw_fake_fail(world.fake, at, at % 2 ? ENOSPC : EIO, false);
		const tw_err e = tw_subscription_accounts_slice(&of, &told);
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		if (tw_failed(e))
			reopen();
		CHECK_TEXT(mails(), "a@example.com");
	}
	CHECK(at > 3 && at < CALLS_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
CHECK_MAIN(TEST(test_each_is_told_of_his_own), TEST(test_sent_twice_is_told_once), TEST(test_what_is_no_device), TEST(test_bounds),
	TEST(test_faults), TEST(test_mail_says_that_something_waits), TEST(test_an_account_has_one_address), TEST(test_another_address),
	TEST(test_all_addresses_end), TEST(test_a_device_confirmed_later), TEST(test_mail_waits), TEST(test_mail_through_faults))
