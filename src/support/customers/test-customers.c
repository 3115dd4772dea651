/* SPDX-License-Identifier: Apache-2.0 */
/* Whose devices are named in whose notice, and that whatever fails leaves a notice to all or to nobody. */
#include "support/customers/customers.h"

#include "base/mem.h"
#include "check.h"
#include "service/test-dir.h"
#include "support/sql-support.h"
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
	static const struct tw_store_step steps[] = { { 1, tw_sql_reception_format_1 }, { 1, tw_sql_customers_format_1 }, { 0, NULL } };
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

static void test_what_is_no_device(void **state)
{
	static const char *const lists[] = { "", " ,\n", "L-1 <b>", "L-1 \xc3\xa4",
		"0123456789012345678901234567890123456789012345678901234567890123456789" };
	struct tw_incident_told told;

	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		const struct tw_incident n = incident(lists[i]);

		CHECK_ERR(tw_incident_tell(world.store, &n, &told), SYNTAX);
	}
	CHECK_TEXT(stored("SELECT count(*) FROM incident"), "0");
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
	const struct tw_incident n = incident("L-1 L-2");
	const int64_t ann = customer();
	struct tw_incident_told told;
	bool fired = true;
	long at = 1;

	has(ann, "L-1", 1, true);
	has(ann, "L-2", 2, true);
	for (; fired && at < CALLS_MAX; at++) {
		tw_fake_fail(world.fake, at, at % 2 ? ENOSPC : EIO, false);
		const tw_err e = tw_incident_tell(world.store, &n, &told);
		fired = tw_fake_fired(world.fake);
		tw_fake_fail(world.fake, 0, 0, false);
		if (tw_failed(e))
			reopen();
		CHECK_TEXT(stored("SELECT count(*) FROM incident_told WHERE incident NOT IN (SELECT id FROM incident)"), "0");
		CHECK_TEXT(stored("SELECT count(*) FROM incident i WHERE (SELECT count(*) FROM incident_told t WHERE t.incident = i.id) <> 2"),
			"0");
	}
	CHECK(at > 3 && at < CALLS_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
CHECK_MAIN(TEST(test_each_is_told_of_his_own), TEST(test_what_is_no_device), TEST(test_bounds), TEST(test_faults))
