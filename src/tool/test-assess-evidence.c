/* SPDX-License-Identifier: Apache-2.0 */
/* A run's evidence, its part and what is taken over from an earlier run: with each call failing in turn, and with what is not ours refused. */
#include "tool/assess-inside.h"
#include "tool/test-desk.h"

#include "formats/evidence.h"
#include "oom.h"

#include <errno.h>

static char base[64], out[96], earlier[96];
static tw_owner *owner;

#define EARLIER_NAME "earlier.json"

static json_t *result(const char *verdict)
{
	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "element", "LA.X.1", "probe", "p", "claimed", 1, "verdict", verdict,
		"source", "observed outside", "reason", "seen", "time", "2026-11-21T12:00:00Z");
}

/* One run from its beginning; the device is known by name only, as one that signs nothing. */
static void begin(struct assessment *a, struct tw_tool *t, const struct tw_sys *sys, const struct tw_args *args)
{
	*a = (struct assessment){ .t = t, .sys = sys, .args = args };
	t->sys = sys;
	t->out = desk_nowhere;
	t->json = true;
	tw_transcript_init(&a->transcript, sys);
	tw_buf_init(&a->earlier_lines, sys, TW_TRANSCRIPT_MAX);
	a->c.target[0].session.owner = owner;
	(void)snprintf(a->c.target[0].session.device.identifier, sizeof a->c.target[0].session.device.identifier, "urn:x");
	(void)snprintf(a->created, sizeof a->created, "2026-11-21T12:00:00Z");
}

static void end(struct assessment *a)
{
	json_decref(a->results);
	json_decref(a->into);
	json_decref(a->about);
	tw_transcript_done(&a->transcript);
	tw_buf_done(&a->earlier_lines);
}

/* The program's own digest is no part of this test, and half a second of each of its runs. */
static tw_err prepare(struct assessment *a)
{
	a->results = json_array();
	a->about = json_pack("{s:s, s:s, s:s}", "name", "thingward", "version", "1", "sha256",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	return a->results && a->about ? TW_OK : TW_RAISE(NOMEM, "run");
}

static tw_err run_with(const struct tw_sys *sys, const struct tw_args *args)
{
	struct tw_tool t = { 0 };
	TW_CLEANUP(end) struct assessment a;
	TW_CLEANUP(tw_jsonp) json_t *evidence = NULL;

	begin(&a, &t, sys, args);
	TW_TRY(prepare(&a));
	TW_TRY(tw_assess_into(&a));
	if (tw_assess_kept(&a, "LA.X.1", "p"))
		TW_TRY(tw_assess_keep(&a, tw_assess_kept(&a, "LA.X.1", "p")));
	else
		TW_TRY(tw_json_append(a.results, result("pass")));
	TW_TRY(tw_assess_part(&a));
	return tw_assess_finish(&a, &evidence);
}

static const struct tw_args first = { .given = { { "out", earlier }, { "sample", "S-7" }, { "setup", "a desk" } }, .given_count = 3 };
static const struct tw_args second = { .given = { { "out", out }, { "into", earlier }, { "element", "LA.X.1" } }, .given_count = 3 };

static tw_err run_first(const struct tw_sys *sys, void *user)
{
	return run_with(sys, &first);
}

static tw_err run_second(const struct tw_sys *sys, void *user)
{
	return run_with(sys, &second);
}

static int set_up(void **state)
{
	struct tw_tool t = { .sys = tw_sys_real(), .json = true };

	CHECK(desk_open() == 0 && desk_place("assess", base) == 0);
	t.out = desk_nowhere;
	(void)snprintf(out, sizeof out, "%s/out.json", base);
	(void)snprintf(earlier, sizeof earlier, "%s/" EARLIER_NAME, base);
	CHECK_OK(tw_owner_make(&t, base, "alice", &owner));
	CHECK_OK(run_first(tw_sys_real(), NULL));
	return 0;
}

static int tear_down(void **state)
{
	owner = tw_owner_free(owner);
	desk_remove(base);
	return desk_close();
}

static json_t *payload_of(const char *path)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_cert_freep) tw_cert *by = NULL;
	json_t *payload = NULL;

	tw_buf_init(&b, tw_sys_real(), TW_EVIDENCE_MAX);
	CHECK_OK(tw_file_read(tw_sys_real(), path, TW_EVIDENCE_MAX, &b));
	CHECK_OK(tw_evidence_verify(tw_sys_real(), (struct tw_slice){ b.data, b.size - 1 }, &payload, &by));
	return payload;
}

static void test_a_result_stays(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *before = payload_of(earlier), *after = NULL;
	char part[128];

	CHECK_OK(run_second(tw_sys_real(), NULL));
	after = payload_of(out);
	const json_t *one = json_array_get(tw_json_get(after, "results"), 0), *run = json_array_get(tw_json_get(after, "earlier"), 0);
	CHECK_TEXT(tw_json_text(one, "run"), tw_json_text(before, "nonce"));
	CHECK_TEXT(tw_json_text(run, "nonce"), tw_json_text(before, "nonce"));
	CHECK_TEXT(tw_json_text(tw_json_get(after, "setup"), "sample"), "S-7");
	CHECK_TEXT(tw_json_text(tw_json_get(after, "setup"), "source"), "stated by person");
	CHECK(strcmp(tw_json_text(before, "nonce"), tw_json_text(after, "nonce")) != 0);
	(void)snprintf(part, sizeof part, "%s" ASSESS_PART, out);
	CHECK(access(part, F_OK) != 0);
}

static tw_err cut_off(const struct tw_args *args)
{
	struct tw_tool t = { 0 };
	TW_CLEANUP(end) struct assessment a;

	begin(&a, &t, tw_sys_real(), args);
	TW_TRY(prepare(&a));
	TW_TRY(tw_json_append(a.results, result("inconclusive")));
	return tw_assess_part(&a);
}

/* Its results stay, so what was not allowed to it is still not tried. */
static void test_what_was_not_allowed_stays_said(void **state)
{
	static const struct tw_args begun = { .given = { { "out", out }, { "not-intrusive", "" } }, .given_count = 2 };
	static const struct tw_args resumed = { .given = { { "out", out }, { "resume", "" } }, .given_count = 2 };
	TW_CLEANUP(tw_jsonp) json_t *after = NULL;

	CHECK_OK(cut_off(&begun));
	CHECK_OK(run_with(tw_sys_real(), &resumed));
	after = payload_of(out);
	CHECK_INT(json_array_size(tw_json_get(after, "notes")), 1);
	CHECK(strstr(json_string_value(json_array_get(tw_json_get(after, "notes"), 0)), "were not allowed"));
}

/* Whatever fails is told, and the evidence that stood there before is whole, or the new is. */
static void each_call(int error_number, tw_err (*body)(const struct tw_sys *sys, void *user), const char *path)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;

	for (long n = 1; fired; n = next_call(n)) {
		tw_json_use(tw_fake_sys(f));
		tw_fake_fail(f, n, error_number, false);
		tw_err e = body(tw_fake_sys(f), NULL);
		const char *failed = tw_fake_name(f, n);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		tw_json_use(tw_sys_real());
		if (fired && !tw_failed(e) && !strstr("close unlink clock pin", failed))
			fail_msg("call %ld (%s) failed and nobody was told", n, failed);
		if (fired && (tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_SYNTAX)))
			fail_msg("call %ld (%s) failed, and the input was blamed: %s", n, failed, tw_err_detail());
		if (strcmp(failed, "alloc") != 0)
			json_decref(payload_of(path));
	}
	tw_fake_free(f);
}

static void test_calls_that_fail(void **state)
{
	each_call(ENOMEM, run_second, out);
	each_call(ENOSPC, run_first, earlier);
}

static void refused(const struct tw_args *args, const char *why)
{
	CHECK_ERR(run_with(tw_sys_real(), args), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), why));
}

static tw_err other_device(void)
{
	struct tw_tool t = { 0 };
	TW_CLEANUP(end) struct assessment a;

	begin(&a, &t, tw_sys_real(), &second);
	a.c.target[0].session.device.identifier[0] = 'v';
	TW_TRY(prepare(&a));
	return tw_assess_into(&a);
}

static void test_what_is_not_ours(void **state)
{
	struct tw_tool t = { .sys = tw_sys_real(), .json = true };
	tw_owner *ours = owner;
	char place[64];

	CHECK_ERR(other_device(), UNTRUSTED);
	CHECK(strstr(tw_err_detail(), "of another device"));
	t.out = desk_nowhere;
	CHECK(desk_place("assess-other", place) == 0);
	CHECK_OK(tw_owner_make(&t, place, "bob", &owner));
	refused(&second, "by another key");
	owner = tw_owner_free(owner);
	owner = ours;
	desk_remove(place);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_a_result_stays), cmocka_unit_test(test_what_was_not_allowed_stays_said),
	cmocka_unit_test(test_calls_that_fail), cmocka_unit_test(test_what_is_not_ours))
