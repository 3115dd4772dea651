/* SPDX-License-Identifier: Apache-2.0 */
/* What fails while the identity is tried at a start says nothing about it: it is tried again. What is found wrong stays wrong. */
#include "as.h"

#include "device/identification/identity.h"
#include "device/rows-identification.h"
#include "service/store/store-inside.h"

#include <errno.h>

#define FORGET "DELETE FROM kept WHERE name = 'identity'"
#define ANOTHER "UPDATE kept SET value = 'urn:ietf:params:dev-id:another' WHERE name = 'identity'"

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
CHECK_MAIN(TEST(test_what_fails_once), TEST(test_what_is_wrong))
