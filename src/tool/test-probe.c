/* SPDX-License-Identifier: Apache-2.0 */
/* What every probe asks in the same way: a request whose body could not be made is never sent. */
#include "tool/probes/probe.h"

#include "check.h"
#include "sys/real.h"

/* There is no client: what went out here would end this program. */
static void test_nothing_is_sent_without_its_body(void **state)
{
	struct tw_tool tool = { .sys = tw_sys_real() };
	struct tw_probe_context c = { .tool = &tool, .sys = tw_sys_real() };
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	CHECK_ERR(tw_ask_post(&c, "/api/v1/keys", NULL, &answer), NOMEM);
	CHECK_ERR(tw_order_with(&c, "PUT", "/api/v1/keys", NULL, &answer), NOMEM);
	CHECK_ERR(tw_order_with(&c, "PUT", "/api/v1/keys", NULL, NULL), NOMEM);
}

/* Nor is it the device that is blamed. */
static void test_lack_of_memory_is_no_finding(void **state)
{
	struct tw_finding f = { .verdict = TW_VERDICT_NOT_APPLICABLE };

	CHECK_ERR(tw_found_trouble(&f, "A question", TW_RAISE(NOMEM, "a request")), NOMEM);
	CHECK_INT(f.verdict, TW_VERDICT_NOT_APPLICABLE);
	CHECK_OK(tw_found_trouble(&f, "A question", TW_RAISE(DENIED, "no")));
	CHECK_INT(f.verdict, TW_VERDICT_FAIL);
	CHECK_OK(tw_found_trouble(&f, "A question", TW_RAISE(CLOSED, "away")));
	CHECK_INT(f.verdict, TW_VERDICT_INCONCLUSIVE);
}

/* Whatever else was found, and when. */
static void test_what_is_left_is_told(void **state)
{
	struct tw_finding good = { .left = "" }, bad = { .left = "" }, clean = { .left = "" };

	CHECK_OK(tw_found(&clean, TW_VERDICT_PASS, "All is well."));
	tw_found_end(&clean);
	CHECK_INT(clean.verdict, TW_VERDICT_PASS);
	CHECK_TEXT(clean.reason, "All is well.");
	tw_found_left(&good, "accounts a%d could not be removed again: gone", 5);
	CHECK_OK(tw_found(&good, TW_VERDICT_PASS, "All is well."));
	tw_found_end(&good);
	CHECK_INT(good.verdict, TW_VERDICT_INCONCLUSIVE);
	CHECK(strstr(good.reason, "accounts a5 could not be removed again: gone."));
	CHECK_OK(tw_found(&bad, TW_VERDICT_FAIL, "It was opened."));
	tw_found_left(&bad, "one");
	tw_found_left(&bad, "two");
	tw_found_end(&bad);
	CHECK_INT(bad.verdict, TW_VERDICT_FAIL);
	CHECK_TEXT(bad.reason, "It was opened. one; two.");
	for (int i = 0; i < 200; i++)
		tw_found_left(&bad, "something that is long");
	tw_found_end(&bad);
	CHECK(strlen(bad.reason) < sizeof bad.reason && strstr(bad.reason, "It was opened."));
}

CHECK_MAIN(cmocka_unit_test(test_nothing_is_sent_without_its_body), cmocka_unit_test(test_lack_of_memory_is_no_finding),
	cmocka_unit_test(test_what_is_left_is_told))
