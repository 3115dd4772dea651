/* SPDX-License-Identifier: Apache-2.0 */
/* What fails while the identity is tried at a start says nothing about it: it is tried again. What is found wrong stays wrong. */
#include "as.h"

#include "device/identification/identity.h"
#include "device/rows-identification.h"
#include "service/store/store-inside.h"

#include <errno.h>

#define FORGET "DELETE FROM kept WHERE name = 'identity'"
#define ANOTHER "UPDATE kept SET value = 'urn:ietf:params:dev-id:another' WHERE name = 'identity'"

static bool locked;

tw_err __real_tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err __wrap_tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err __wrap_tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return locked ? TW_RAISE(STATE, "TPM: locked, after wrong authorizations by others")
		      : __real_tw_keys_client_sign(k, purpose, message, ret);
}

static void sql(const char *statement)
{
	CHECK_OK(tw_store_script(device()->context.store, statement, "a test's"));
}

static int64_t due(void)
{
	return tw_identity_due_ms(&device()->context);
}

/* Identification begins anew, as at a first start, with that call of the system failing once. NULL: it makes fewer calls. */
static const char *begin(long nth, int error_number)
{
	tw_identity_stop(device());
	sql(FORGET);
	tw_fake_fail(w.fake, nth, error_number, false);
	tw_err e = tw_identity_start(device());
	const char *called = tw_fake_fired(w.fake) ? tw_fake_name(w.fake, nth) : NULL;

	tw_fake_fail(w.fake, 0, 0, false);
	CHECK(called || !tw_failed(e));
	if (!tw_failed(e))
		return called;
	tw_identity_stop(device()); /* core ends and is started again */
	CHECK_OK(tw_identity_start(device()));
	CHECK_INT(due(), -1);
	return called;
}

/* True: it could not be tried at first. */
static bool is_proven_a_second_later(void)
{
	static int64_t now;
	bool waits = due() >= 0;

	if (waits) {
		CHECK_INT(due(), 1000);
		CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 503);
		CHECK(strstr(tw_unit_body(w.unit), "identity.untried") != NULL);
		CHECK_OK(tw_identity_job_prove(&device()->context));
		CHECK_TEXT(tw_identity_own(device()), "");
		if (tw_store_broken(device()->context.store)) /* a sync failed: core ends, and is started again */
			world_start(&w);
		later(now += 1000);
		CHECK_OK(tw_identity_job_prove(&device()->context));
	}
	CHECK_INT(due(), -1);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 200);
	return waits;
}

/* @nist DI.IMS.1: whichever call fails once, the identifier is given out at the latest a second later */
static void test_what_fails_once(void **state)
{
	int failed = 0, full = 0;
	const char *called;

	for (long nth = 1; (called = begin(nth, EIO)); nth++) {
		bool writes = strstr(called, "write") != NULL;

		failed += is_proven_a_second_later();
		if (writes && begin(nth, ENOSPC))
			full += is_proven_a_second_later();
	}
	CHECK(failed > 0);
	CHECK(full > 0);
	CHECK(!world_log_says(&w, "identity.inconsistent"));
}

/* How often the log says that it could not be tried. */
static int told(void)
{
	int n = 0;

	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=100", NULL, NULL), 200);
	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, "\"identity.untried\"")); at++)
		n++;
	return n;
}

/* Until it passes: neither battery nor flash is worn by it, and it is told once. */
static void test_what_fails_for_long(void **state)
{
	int64_t now = 0, pause = 1000;

	sql("CREATE TRIGGER no_more BEFORE INSERT ON kept BEGIN SELECT raise(ABORT, 'never'); END");
	sql(FORGET);
	tw_identity_stop(device());
	CHECK_OK(tw_identity_start(device()));
	for (int i = 0; i < 12; i++) {
		CHECK_INT(due(), pause);
		later(now += pause);
		CHECK_OK(tw_identity_job_prove(&device()->context));
		pause = pause < 150000 ? pause * 2 : 300000;
	}
	CHECK(!world_log_says(&w, "identity.inconsistent"));
	CHECK_INT(told(), 1);
	sql("DROP TRIGGER no_more");
	later(now += pause);
	CHECK_OK(tw_identity_job_prove(&device()->context));
	CHECK_INT(due(), -1);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 200);
}

/* Whatever word the keys have for it. */
static void test_keys_that_do_not_sign(void **state)
{
	tw_identity_stop(device());
	locked = true;
	CHECK_OK(tw_identity_start(device()));
	locked = false;
	CHECK_INT(due(), 1000);
	CHECK_INT(told(), 1);
	later(1000);
	CHECK_OK(tw_identity_job_prove(&device()->context));
	CHECK(*tw_identity_own(device()) != '\0');
}

/* What was found is not asked again until somebody does it on purpose. */
static void test_what_is_wrong(void **state)
{
	sql(ANOTHER);
	tw_identity_stop(device());
	CHECK_OK(tw_identity_start(device()));
	CHECK_INT(due(), -1);
	CHECK(world_log_says(&w, "identity.inconsistent"));
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 503);
	CHECK(strstr(tw_unit_body(w.unit), "\"DI.IMS.1\"") != NULL);
	sql(FORGET);
	later(60000);
	CHECK_OK(tw_identity_job_prove(&device()->context));
	CHECK_TEXT(tw_identity_own(device()), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_what_fails_once), TEST(test_what_fails_for_long), TEST(test_keys_that_do_not_sign), TEST(test_what_is_wrong))
