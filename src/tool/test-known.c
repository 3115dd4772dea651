/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes give the same object, others another, and what is no JSON is never kept. */
#include "tool/known.h"

#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>

static void test_the_same_bytes_are_parsed_once(void **state)
{
	TW_CLEANUP(tw_known_done) struct tw_known k;
	TW_CLEANUP(tw_jsonp) json_t *first = NULL, *again = NULL, *other = NULL, *back = NULL;

	tw_known_init(&k, 64, NULL);
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":1}"), &first));
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":1}"), &again));
	CHECK(first == again);
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":2}"), &other)); /* of the same length */
	CHECK(other != first);
	CHECK_INT(tw_json_int(other, "a"), 2);
	CHECK_INT(tw_json_int(first, "a"), 1); /* whoever has it keeps it */
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":1}"), &back));
	CHECK(back != other);
	CHECK_INT(tw_json_int(back, "a"), 1);
}

static void test_what_is_no_json_is_not_kept(void **state)
{
	TW_CLEANUP(tw_known_done) struct tw_known k;
	TW_CLEANUP(tw_jsonp) json_t *body = NULL, *again = NULL;

	tw_known_init(&k, 8, NULL);
	CHECK_ERR(tw_known_parse(&k, TW_SLICE("{\"a\":"), &body), SYNTAX);
	CHECK_ERR(tw_known_parse(&k, TW_SLICE("{\"a\":"), &body), SYNTAX);
	CHECK_ERR(tw_known_parse(&k, TW_SLICE(""), &body), SYNTAX);
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":1}"), &body));
	CHECK_ERR(tw_known_parse(&k, TW_SLICE("{\"a\":1 }  "), &again), LIMIT);
	CHECK(!again && !k.body);
	CHECK_ERR(tw_known_parse(&k, TW_SLICE(""), &again), SYNTAX);
}

static void without_a(json_t *body)
{
	(void)json_object_del(body, "a");
}

static void test_what_nobody_reads_is_not_kept(void **state)
{
	TW_CLEANUP(tw_known_done) struct tw_known k;
	TW_CLEANUP(tw_jsonp) json_t *body = NULL, *again = NULL, *other = NULL;

	tw_known_init(&k, 64, without_a);
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":1,\"b\":2}"), &body));
	CHECK(!tw_json_get(body, "a") && tw_json_int(body, "b") == 2);
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":1,\"b\":2}"), &again));
	CHECK(again == body);
	CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":2,\"b\":2}"), &other)); /* what is not kept tells them apart all the same */
	CHECK(other != body);
}

static void test_without_memory_it_is_parsed_the_next_time(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	tw_json_use(tw_fake_sys(f));
	for (long n = 1; fired; n++) {
		TW_CLEANUP(tw_known_done) struct tw_known k;
		TW_CLEANUP(tw_jsonp) json_t *body = NULL, *next = NULL;

		tw_known_init(&k, 64, NULL);
		tw_fake_fail(f, n, ENOMEM, false);
		tw_err e = tw_known_parse(&k, TW_SLICE("{\"a\":[1,2]}"), &body);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		CHECK(fired ? tw_is(e, TW_CODE_NOMEM) && !body && !k.body : !tw_failed(e));
		CHECK_OK(tw_known_parse(&k, TW_SLICE("{\"a\":[1,2]}"), &next));
		CHECK(json_is_object(next));
	}
	tw_json_use(tw_sys_real());
	tw_fake_free(f);
}

CHECK_MAIN(cmocka_unit_test(test_the_same_bytes_are_parsed_once), cmocka_unit_test(test_what_is_no_json_is_not_kept),
	cmocka_unit_test(test_what_nobody_reads_is_not_kept), cmocka_unit_test(test_without_memory_it_is_parsed_the_next_time))
