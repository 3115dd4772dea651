/* SPDX-License-Identifier: Apache-2.0 */
/* What a device believes about its owner when memory or storage fails under a request: never that it has none. */
#include "world.h"

#include "device/platform/device.h"

#include <errno.h>

#define CALLS_MAX 2000 /* of the seam in one request, far more than there are */

/* From the nth call on everything fails, also what would read the owners anew. False: the request was over before the nth. */
static bool opens_badly(struct world *w, long nth, int number)
{
	char body[64];

	world_at(w, WORLD_WALL, WORLD_BOOT + nth * 600000); /* so that codes not used are too old by the next time */
	world_start(w);
	world_code(w, body);
	tw_fake_fail(w->fake, nth, number, true);
	int status = world_open(w, body);
	bool fired = tw_fake_fired(w->fake);
	tw_fake_fail(w->fake, 0, 0, false);
	CHECK(tw_unit_owned(w->unit));
	CHECK(fired || status == 201);
	return fired;
}

static void test_storage_fails_for_good(void **state)
{
	struct world w;
	long nth = 1;

	CHECK_INT(world_make(&w), 0);
	world_start_owned(&w);
	while (nth < CALLS_MAX && opens_badly(&w, nth, EIO))
		nth += 1 + nth / 16; /* some hundred calls: each of the first, and ever fewer; test/faults takes every one */
	CHECK(nth > 5);
	CHECK(nth < CALLS_MAX);
	CHECK_INT(world_end(&w), 0);
}

CHECK_MAIN(cmocka_unit_test(test_storage_fails_for_good))
