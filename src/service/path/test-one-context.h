/* SPDX-License-Identifier: Apache-2.0 */
/* The one context of a test program, made anew for each of its tests: a directory, and a seam that the test steers if it wants one. */
#ifndef TW_SERVICE_TEST_ONE_CONTEXT_H
#define TW_SERVICE_TEST_ONE_CONTEXT_H
#include "service/path/test-context.h"

#include "service/test-dir.h"
#include "sys/fake.h"

static struct test_dir dir;
static struct test_context t;
static tw_fake *fake; /* NULL: the real one */

static inline int tear_down_context(void **state)
{
	test_context_close(&t);
	t.key = tw_key_free(t.key);
	fake = tw_fake_free(fake);
	test_dir_done(&dir);
	return 0;
}

/* Durable records of 800 bytes and a bit: some 300 of them fill a segment. */
static inline void add_long_records(unsigned count)
{
	char body[900];
	(void)snprintf(body, sizeof body, "{\"a\":\"%0800d\"}", 0);
	for (unsigned i = 0; i < count; i++)
		CHECK_OK(tw_audit_append_text(t.c.audit, TW_LOG_READ, tw_slice_of(body), NULL));
	CHECK_OK(tw_audit_commit(t.c.audit));
}
#endif
