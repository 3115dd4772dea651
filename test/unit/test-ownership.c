/* SPDX-License-Identifier: Apache-2.0 */
/* What a device believes about its owner when memory or storage fails under a request: never that it has none. */
#include "unit.h"

#include "base/text.h"
#include "check.h"
#include "device/platform/device.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#define CALLS_MAX 2000 /* of the seam in one request, far more than there are */

static int drop(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

static void new_code(tw_unit *u, char body[64])
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_INT(tw_unit_request(u, "POST", "/api/v1/session-codes", NULL, NULL), 201);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(u)), 65536, &j));
	(void)snprintf(body, 64, "{\"code\":\"%s\"}", tw_json_text(j, "code"));
}

/* From the nth call on everything fails, also what would read the owners anew. False: the request was over before the nth. */
static bool opens_badly(const char *directory, tw_fake *f, long nth, int number)
{
	tw_unit *u = NULL;
	char body[64];

	tw_fake_clock(f, true, 1900000000000, 1000000 + nth * 600000); /* so that codes not used are too old by the next time */
	CHECK_OK(tw_unit_start(tw_fake_sys(f), directory, &u));
	new_code(u, body);
	tw_fake_fail(f, nth, number, true);
	int status = tw_unit_request_as(u, NULL, "POST", "/api/v1/sessions", body);
	bool fired = tw_fake_fired(f);
	tw_fake_fail(f, 0, 0, false);
	CHECK(tw_unit_owned(u));
	CHECK(fired || status == 201);
	(void)tw_unit_stop(u);
	return fired;
}

static void sweep(int number)
{
	char directory[] = "/tmp/tw-ownership-XXXXXX";
	tw_fake *f = tw_fake_new();
	tw_unit *u = NULL;
	long nth = 1;

	assert_non_null(mkdtemp(directory));
	tw_unit_use(tw_sys_real());
	CHECK_OK(tw_unit_provision(directory));
	CHECK_OK(tw_unit_start(tw_fake_sys(f), directory, &u));
	CHECK_INT(tw_unit_takeover(u, "alice"), 201);
	(void)tw_unit_stop(u);
	while (nth < CALLS_MAX && opens_badly(directory, f, nth, number))
		nth++;
	CHECK(nth > 5);
	CHECK(nth < CALLS_MAX);
	(void)tw_fake_free(f);
	(void)nftw(directory, drop, 8, FTW_DEPTH | FTW_PHYS);
}

static void test_storage_fails_for_good(void **state)
{
	sweep(EIO);
}

CHECK_MAIN(cmocka_unit_test(test_storage_fails_for_good))
