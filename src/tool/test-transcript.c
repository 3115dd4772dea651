/* SPDX-License-Identifier: Apache-2.0 */
/* A transcript that was changed, shortened or exchanged is found; what opens something is not in it. */
#include "tool/transcript.h"

#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"
#include "tool/client.h"

#include <errno.h>

static json_t *body_with(const char *password)
{
	return json_pack("{s:s, s:s, s:[{s:s}]}", "password", password, "name", "alice", "list", "token", password);
}

/* Nothing listens there: the call is heard all the same. */
static tw_err call_with(json_t *body)
{
	const struct tw_place place = { .socket = "/nonexistent/admin.sock" };
	TW_CLEANUP(tw_client_freep) tw_client *client = NULL;
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	const struct tw_call one = { .method = "POST", .path = "/api/v1/accounts", .body = body };

	tw_answer_init(&answer, tw_sys_real());
	CHECK_OK(tw_client_new(tw_sys_real(), &place, &client));
	return tw_client_call(client, &one, &answer);
}

static void call(const char *password)
{
	TW_CLEANUP(tw_jsonp) json_t *body = body_with(password);

	CHECK_ERR(call_with(body), CLOSED);
	CHECK(strstr(tw_err_detail(), "the local socket"));
}

static json_t *result(const char *probe)
{
	return json_pack("{s:s, s:s, s:s}", "element", "LA.X.1", "probe", probe, "time", "2026-01-01T00:00:00.000Z");
}

static void begin(struct tw_transcript *t, json_t *results)
{
	tw_transcript_init(t, tw_sys_real());
	for (int i = 0; i < 2; i++) {
		json_t *r = result(i ? "second" : "first");

		CHECK_OK(tw_transcript_begin(t));
		call("hunter2-hunter2");
		CHECK_OK(tw_transcript_end(t, r));
		CHECK_INT(tw_json_int(r, "calls"), 1);
		CHECK_INT(strlen(tw_json_text(r, "transcript")), 64);
		CHECK_OK(tw_json_append(results, r));
	}
}

static void test_what_opens_is_left_out(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *results = json_array();
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;

	begin(&t, results);
	CHECK(strstr(tw_buf_cstr(&t.lines), "alice") && strstr(tw_buf_cstr(&t.lines), "/api/v1/accounts"));
	CHECK(strstr(tw_buf_cstr(&t.lines), "(left out)") && !strstr(tw_buf_cstr(&t.lines), "hunter2"));
}

/* What is sent because it is too long is known by its beginning, its length and its digest; a letter is not cut in two. */
static void test_what_is_too_long_is_shortened(void **state)
{
	static const char shown[] = "x\xc3\xa4\xc3\xa4";
	TW_CLEANUP(tw_jsonp) json_t *r = result("first"), *body = NULL;
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;
	char text[9002] = "x";

	for (size_t i = 1; i < 9001; i++)
		text[i] = i % 2 ? '\xc3' : '\xa4';
	body = json_pack("{s:s, s:[s, s]}", "name", text, "list", "short", text);
	tw_transcript_init(&t, tw_sys_real());
	CHECK_OK(tw_transcript_begin(&t));
	CHECK_ERR(call_with(body), CLOSED);
	CHECK_OK(tw_transcript_end(&t, r));
	CHECK(t.lines.size < 1000 && strstr(tw_buf_cstr(&t.lines), shown) && strstr(tw_buf_cstr(&t.lines), "\"short\""));
	const char *first = strstr(tw_buf_cstr(&t.lines), "\xc3\xa4 (9001 bytes, SHA-256 "),
		   *second = first ? strstr(first + 1, " (9001 bytes, SHA-256 ") : NULL;
	CHECK(first && second);
	CHECK_INT(json_string_length(json_object_get(body, "name")), 9001); /* what is sent stays as it is */
}

/* Where memory lacks while a call is written down, the check says so: never is a secret kept for it. */
static void test_what_opens_stays_out_without_memory(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	long told = 0;

	tw_json_use(tw_fake_sys(f));
	for (long n = 1; fired; n++) {
		TW_CLEANUP(tw_jsonp) json_t *r = result("first"), *body = body_with("hunter2-hunter2");
		TW_CLEANUP(tw_transcript_done) struct tw_transcript t;

		tw_transcript_init(&t, tw_sys_real());
		CHECK_OK(tw_transcript_begin(&t));
		tw_fake_fail(f, n, ENOMEM, false);
		CHECK(tw_failed(call_with(body)));
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		tw_err e = tw_transcript_end(&t, r);
		CHECK(!tw_failed(e) || (fired && tw_is(e, TW_CODE_NOMEM)));
		CHECK(!t.lines.size || !strstr(tw_buf_cstr(&t.lines), "hunter2"));
		told += tw_failed(e);
	}
	CHECK(told > 0);
	tw_json_use(tw_sys_real());
	tw_fake_free(f);
}

static void test_nothing_is_heard_between_checks(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *r = result("none");
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;

	tw_transcript_init(&t, tw_sys_real());
	call("x");
	CHECK_OK(tw_transcript_end(&t, r));
	CHECK(!tw_json_get(r, "transcript") && !t.lines.size);
}

/* Any byte of it, and any line more or less. */
static void test_every_change_is_found(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *results = json_array();
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;

	begin(&t, results);
	struct tw_slice whole = tw_buf_slice(&t.lines);
	CHECK_OK(tw_transcript_check(tw_sys_real(), whole, results));
	for (size_t i = 0; i < whole.size; i++) {
		t.lines.data[i] ^= 1;
		CHECK_ERR(tw_transcript_check(tw_sys_real(), whole, results), UNTRUSTED);
		t.lines.data[i] ^= 1;
		CHECK_ERR(tw_transcript_check(tw_sys_real(), (struct tw_slice){ whole.at, i }, results), UNTRUSTED);
	}
	CHECK_INT(json_array_remove(results, 0), 0);
	CHECK_ERR(tw_transcript_check(tw_sys_real(), whole, results), UNTRUSTED);
}

/* As many lines as results name, and one of them missing. */
static void test_a_line_in_anothers_place_is_found(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *results = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf twice = { 0 };
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;
	struct tw_transcript other;

	begin(&t, results);
	size_t first = (size_t)(strchr(tw_buf_cstr(&t.lines), '\n') + 1 - tw_buf_cstr(&t.lines));
	tw_buf_init(&twice, tw_sys_real(), TW_TRANSCRIPT_MAX);
	CHECK_OK(tw_buf_add(&twice, t.lines.data, first));
	CHECK_OK(tw_buf_add(&twice, t.lines.data, first));
	CHECK_ERR(tw_transcript_check(tw_sys_real(), tw_buf_slice(&twice), results), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "line 2"));
	tw_transcript_init(&other, tw_sys_real());
	CHECK_OK(tw_transcript_keep(&other, tw_buf_slice(&twice), results));
	CHECK_INT(other.lines.size, first);
	tw_transcript_done(&other);
}

static void test_what_stays_is_kept(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *results = json_array();
	TW_CLEANUP(tw_transcript_done) struct tw_transcript t;
	struct tw_transcript other;

	begin(&t, results);
	tw_transcript_init(&other, tw_sys_real());
	CHECK_INT(json_array_remove(results, 0), 0);
	CHECK_OK(tw_transcript_keep(&other, tw_buf_slice(&t.lines), results));
	CHECK_OK(tw_transcript_check(tw_sys_real(), tw_buf_slice(&other.lines), results));
	tw_transcript_done(&other);
}

CHECK_MAIN(cmocka_unit_test(test_what_is_too_long_is_shortened), cmocka_unit_test(test_what_opens_is_left_out),
	cmocka_unit_test(test_what_opens_stays_out_without_memory), cmocka_unit_test(test_nothing_is_heard_between_checks),
	cmocka_unit_test(test_every_change_is_found), cmocka_unit_test(test_a_line_in_anothers_place_is_found),
	cmocka_unit_test(test_what_stays_is_kept))
