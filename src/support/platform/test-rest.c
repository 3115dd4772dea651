/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that was freed goes back once nobody wants anything. */
#include "support/platform/app.h"

#include "base/text.h"
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCKS 4096
#define BLOCK 4000 /* no mapping of its own, and so many that the heap grows by 16 MB */

/* The sanitizer's allocator keeps what it has. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

static size_t resident(void)
{
	char text[128] = "";
	uint64_t pages = 0;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strchr(text, ' '));
	(void)close(fd);
	const char *second = strchr(text, ' ') + 1;
	CHECK_OK(tw_parse_u64((struct tw_slice){ second, strcspn(second, " ") }, UINT64_MAX, &pages));
	return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void test_gives_back_what_was_freed(void **state)
{
	static char *blocks[BLOCKS];
	struct tw_app a = { .loop = event_base_new() };

	CHECK(a.loop != NULL);
	CHECK_OK(tw_app_rest_new(&a));
	CHECK(!event_pending(a.rest_timer, EV_TIMEOUT, NULL)); /* nobody wakes while nothing has happened */
	for (size_t i = 0; i < BLOCKS; i++) {
		blocks[i] = malloc(BLOCK);
		CHECK(blocks[i] != NULL);
		memset(blocks[i], (int)i, BLOCK);
	}
	for (size_t i = 0; i + 1 < BLOCKS; i++) /* the last one keeps the heap's end where it is */
		free(blocks[i]);
	const size_t before = resident();
	tw_app_rest_due(&a);
	tw_app_rest_due(&a);
	CHECK(event_pending(a.rest_timer, EV_TIMEOUT, NULL));
	event_active(a.rest_timer, EV_TIMEOUT, 1);              /* else the test would wait */
	CHECK_INT(event_base_loop(a.loop, EVLOOP_NONBLOCK), 1); /* nothing is left to wait for */
	const size_t after = resident();
	if (!IS_SANITIZED && after + BLOCKS * (size_t)BLOCK / 2 > before)
		fail_msg("%zu bytes before, %zu after", before, after);
	free(blocks[BLOCKS - 1]);
	event_free(a.rest_timer);
	event_base_free(a.loop);
}

CHECK_MAIN(cmocka_unit_test(test_gives_back_what_was_freed))
