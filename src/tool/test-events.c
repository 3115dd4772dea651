/* SPDX-License-Identifier: Apache-2.0 */
/* Streams in every cut, by any line end; and what is refused. */
#include "tool/events.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "check.h"

#include <errno.h>

static char seen[4096];

static tw_err note(void *user, const char *id, struct tw_slice data)
{
	size_t used = strlen(seen);

	(void)snprintf(seen + used, sizeof(seen) - used, "[%s|" TW_SLICE_FMT "]", id, TW_SLICE_ARG(data));
	return TW_OK;
}

static tw_err feed_in(const struct tw_sys *sys, const char *text, size_t step)
{
	struct tw_events e;
	tw_err r = TW_OK;

	seen[0] = '\0';
	tw_events_init(&e, sys, note, NULL);
	for (size_t at = 0; text[at] && !tw_failed(r); at += step) {
		size_t left = strlen(text + at);
		r = tw_events_feed(&e, (struct tw_slice){ text + at, left < step ? left : step });
		if (left < step)
			break;
	}
	tw_events_done(&e);
	return r;
}

static const struct {
	const char *text, *want;
} good[] = {
	{ "", "" },
	{ "id: 5\nevent: read\ndata: {}\n\n", "[5|{}]" },
	{ "id: 5\r\ndata: {}\r\n\r\n", "[5|{}]" },
	{ "id: 5\rdata: {}\r\r", "[5|{}]" },
	{ "id:5\ndata:{}\n\n", "[5|{}]" },
	{ "id: 1\ndata: a\n\nid: 2\ndata: b\n\n", "[1|a][2|b]" },
	{ ": so far\n\nid: 1\ndata: a\n\n: so far\n\n", "[1|a]" },
	{ "id: 1\ndata: a\ndata: b\n\n", "[1|a\nb]" },
	{ "id: 1\ndata: a: b\n\n", "[1|a: b]" },
	{ "retry: 10\nother\nid: 1\ndata: a\n\n", "[1|a]" },
	{ "id: 1\n\nid: 2\ndata: a\n\n", "[2|a]" }, /* an event without data is none */
	{ "id: 1\ndata: half", "" },
};

static void test_good(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		for (size_t step = 1; step < 9; step++) {
			CHECK_OK(feed_in(tw_sys_real(), good[i].text, step));
			CHECK_TEXT(seen, good[i].want);
		}
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "id: x\n", "id:\n", "id: -1\n", "id: 2\ndata: a\n\nid: 2\n", "id: 2\ndata: a\n\nid: 1\n",
		"id: 999999999999999999999\n", "id: 99999999999999999999\n" };
	static char line[TW_EVENT_LINE_MAX + 3];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_ERR(feed_in(tw_sys_real(), bad[i], 3), SYNTAX);
	memset(line, 'x', TW_EVENT_LINE_MAX + 1);
	CHECK_ERR(feed_in(tw_sys_real(), line, 100), LIMIT);
}

static void test_goes_on_with_the_id(void **state)
{
	struct tw_events e;

	seen[0] = '\0';
	tw_events_init(&e, tw_sys_real(), note, NULL);
	CHECK_OK(tw_events_feed(&e, TW_SLICE("id: 7\ndata: a\n\nid: 8\ndata: ha")));
	CHECK_TEXT(e.id, "7"); /* 8 has not been had */
	tw_events_reset(&e);
	CHECK_ERR(tw_events_feed(&e, TW_SLICE("id: 7\n")), SYNTAX);
	tw_events_reset(&e);
	CHECK_OK(tw_events_feed(&e, TW_SLICE("id: 8\ndata: whole\n\n")));
	CHECK_TEXT(seen, "[7|a][8|whole]");
	CHECK_TEXT(e.id, "8");
	tw_events_done(&e);
}

static void test_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	long nth = 0;

	do {
		tw_fake_fail(f, ++nth, ENOMEM, false);
		tw_err r = feed_in(tw_fake_sys(f), good[1].text, 7);
		if (tw_fake_fired(f))
			CHECK(tw_is(r, TW_CODE_NOMEM));
	} while (tw_fake_fired(f) && nth < 100);
	CHECK(nth > 1 && nth < 100);
	(void)tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_good), cmocka_unit_test(test_refused), cmocka_unit_test(test_goes_on_with_the_id),
	cmocka_unit_test(test_without_memory))
