/* SPDX-License-Identifier: Apache-2.0 */
/* The first start's keys: whole after any failure, made once, and never made over a log that has begun. */
#include "support/platform/keys.h"

#include "base/mem.h"
#include "check.h"
#include "formats/keydir.h"
#include "service/keys/keys.h"
#include "service/test-dir.h"
#include "sys/durable.h"
#include "sys/fake.h"

#include <errno.h>
#include <string.h>

#define CALLS_MAX 2000

static void identity_of(int dir, struct tw_buf *ret)
{
	tw_buf_init(ret, tw_sys_real(), TW_KEYS_FILE_MAX);
	CHECK_OK(tw_durable_read(tw_sys_real(), dir, TW_KEYS_IDENTITY_CERT, TW_KEYS_FILE_MAX, ret));
}

static void opens(int dir)
{
	TW_CLEANUP(tw_keys_freep) tw_keys *k = NULL;

	CHECK_OK(tw_keys_open(tw_sys_real(), dir, NULL, NULL, &k));
}

static void test_made_once(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf a = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct test_dir d = test_dir_new();

	CHECK_OK(tw_support_keys_make(tw_sys_real(), d.fd));
	identity_of(d.fd, &a);
	CHECK_OK(tw_support_keys_make(tw_sys_real(), d.fd));
	identity_of(d.fd, &b);
	CHECK(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
	opens(d.fd);
	test_dir_done(&d);
}

static void test_not_over_a_log_that_has_begun(void **state)
{
	struct test_dir d = test_dir_new();

	CHECK_OK(tw_support_keys_make(tw_sys_real(), d.fd));
	CHECK_OK(tw_durable_replace(tw_sys_real(), d.fd, TW_KEYS_EPOCH, "1\n", 2, 0600));
	CHECK_OK(tw_durable_remove(tw_sys_real(), d.fd, TW_KEYS_IDENTITY_KEY));
	CHECK_ERR(tw_support_keys_make(tw_sys_real(), d.fd), STATE);
	test_dir_done(&d);
}

/* Each call of the seam fails once: what is left is finished by the next start, and opens. */
static void test_every_failure_is_finished_by_the_next_start(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	long nth = 1;

	for (; fired && nth < CALLS_MAX; nth++) {
		struct test_dir d = test_dir_new();

		tw_fake_fail(f, nth, EIO, false);
		tw_err e = tw_support_keys_make(tw_fake_sys(f), d.fd);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (!fired)
			CHECK_OK(e);
		CHECK_OK(tw_support_keys_make(tw_sys_real(), d.fd));
		opens(d.fd);
		test_dir_done(&d);
	}
	CHECK(nth > 20 && nth < CALLS_MAX);
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_made_once), cmocka_unit_test(test_not_over_a_log_that_has_begun),
	cmocka_unit_test(test_every_failure_is_finished_by_the_next_start))
