/* SPDX-License-Identifier: Apache-2.0 */
/* What people decided and what the last run found: each mistake with its place; what is written is read again. */
#include "product/decisions.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define HEAD "format: 1\ndecisions:\n"
#define ONE(more) \
	"- vulnerability: CVE-2026-1\n  component: pkg:deb/debian/curl\n  by: Jane\n  date: 2026-01-02\n  reason: x\n" more
#define FACTS "  facts: 00112233445566778899aabbccddeeff\n"

static tw_err read_all(const struct tw_sys *sys, const char *text, struct tw_buf *problems, json_t **ret)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };

	TW_TRY(tw_problems_init(&p, "d.yaml"));
	TW_TRY(tw_decisions_read(sys, tw_slice_of(text), &p, ret));
	return tw_problems_text(&p, problems);
}

static const struct {
	const char *text, *problem; /* how its first line begins; "" for none */
} rows[] = {
	{ "format: 1\n", "" },
	{ HEAD ONE("  status: fixed\n" FACTS), "" },
	{ HEAD ONE("  status: not_affected\n  justification: component_not_present\n" FACTS), "" },
	{ HEAD ONE("  status: affected\n  action: Update.\n" FACTS), "" },
	{ "", "d.yaml:1:1: " },
	{ "format: [\n", "d.yaml:" },
	{ "- a\n", "d.yaml:1:1: the file must be a map" },
	{ "format: 2\n", "d.yaml:1:9: 'format' is out of range" },
	{ HEAD ONE("  status: not_affected\n" FACTS), "d.yaml:3:3: not_affected needs to say why" },
	{ HEAD ONE("  status: affected\n" FACTS), "d.yaml:3:3: affected needs an action" },
	{ HEAD ONE("  status: fixed\n  justification: component_not_present\n" FACTS), "d.yaml:3:3: only not_affected has a justification" },
	{ HEAD ONE("  status: good\n" FACTS), "d.yaml:8:11: 'status' must be one of" },
	{ HEAD ONE("  status: fixed\n"), "d.yaml:3:3: 'facts' is missing" },
	{ HEAD ONE("  status: fixed\n  facts: 00\n"), "d.yaml:9:10: 'facts' must have 32 to 32 characters" },
};

static void test_read(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
		TW_CLEANUP(tw_jsonp) json_t *decisions = NULL;

		tw_buf_init(&b, tw_sys_real(), 65536);
		CHECK_OK(read_all(tw_sys_real(), rows[i].text, &b, &decisions));
		if (*rows[i].problem ? strncmp(tw_buf_cstr(&b), rows[i].problem, strlen(rows[i].problem)) != 0 : b.size != 0)
			fail_msg("row %zu: %s", i, tw_buf_cstr(&b));
	}
}

static void test_written_is_read(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *decisions = NULL;
	TW_CLEANUP(tw_jsonp)
	json_t *one = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "vulnerability", "CVE-2026-1", "component", "no",
		"status", "not_affected", "impact", "\"a: b\" # c\nd\té", "by", "Jané \\ \"x\"", "date", "2026-01-02", "reason",
		"- [x", "facts", "00112233445566778899aabbccddeeff");

	json_object_del(one, "impact");
	json_object_set_new(one, "impact", json_string("\"a: b\" # c\nd é"));
	tw_buf_init(&text, tw_sys_real(), 65536);
	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(tw_buf_text(&text, HEAD));
	CHECK_OK(tw_decision_write(one, &text));
	CHECK_OK(read_all(tw_sys_real(), tw_buf_cstr(&text), &b, &decisions));
	CHECK_TEXT(tw_buf_cstr(&b), "");
	CHECK(json_equal(one, json_array_get(json_object_get(decisions, "CVE-2026-1"), 0)));
}

static json_t *items(void)
{
	return json_pack("[{s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s}]", "vulnerability", "CVE-2026-2", "component", "b",
		"version", "1", "state", "open", "facts", "00112233445566778899aabbccddeeff", "vulnerability", "CVE-2026-1",
		"component", "a", "version", "1", "state", "ruled", "facts", "00112233445566778899aabbccddeeff");
}

static tw_err write_and_read(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *state = NULL, *list = items(), *told = NULL;
	TW_CLEANUP(tw_jsonp)
	json_t *release = json_pack(
		"{s:s, s:s}", "version", "1.2", "sbom", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

	if (!list || !release)
		return TW_RAISE(NOMEM, "items");
	tw_buf_init(&text, sys, 65536);
	TW_TRY(tw_triage_state_write(sys, release, list, &text));
	TW_TRY(tw_triage_state_read(sys, tw_buf_slice(&text), &told, &state));
	CHECK(json_equal(told, release));
	CHECK(strstr(tw_buf_cstr(&text), "CVE-2026-1") < strstr(tw_buf_cstr(&text), "CVE-2026-2"));
	CHECK(json_equal(json_object_get(state, "CVE-2026-2 b 1"), json_array_get(list, 0)));
	return TW_OK;
}

static void test_state(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *map = NULL, *none = json_array(), *release = NULL;

	CHECK_OK(write_and_read(tw_sys_real(), NULL));
	(void)told_sweep(ENOMEM, write_and_read, NULL, "");
	tw_buf_init(&text, tw_sys_real(), 65536);
	CHECK_OK(tw_triage_state_write(tw_sys_real(), NULL, none, &text));
	CHECK_ERR(tw_triage_state_read(tw_sys_real(), TW_SLICE("format: 1\n"), &release, &map), SYNTAX);
	CHECK_OK(tw_buf_text(&text, "{}\n"));
	CHECK_ERR(tw_triage_state_read(tw_sys_real(), tw_buf_slice(&text), &release, &map), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "line 4: want '- {...}', as the program writes it");
	text.size -= 3;
	CHECK_OK(tw_buf_text(&text, "- {}\n"));
	CHECK_ERR(tw_triage_state_read(tw_sys_real(), tw_buf_slice(&text), &release, &map), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "line 4: 'vulnerability' is missing");
	const char *bad = strstr(tw_buf_cstr(&text), "items:");
	text.size = (size_t)(bad - text.data);
	CHECK_OK(tw_buf_text(&text, "release: {\"version\":\"1\",\"sbom\":\"12\"}\nitems:\n"));
	CHECK_ERR(tw_triage_state_read(tw_sys_real(), tw_buf_slice(&text), &release, &map), SYNTAX);
	CHECK(strstr(tw_err_detail(), "line 3: ") == tw_err_detail());
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *decisions = NULL;

	tw_buf_init(&b, sys, 65536);
	return read_all(sys, user, &b, &decisions);
}

static void test_out_of_memory(void **state)
{
	(void)loose_sweep_with(ENOMEM, sweep, (void *)(uintptr_t)(HEAD ONE("  status: fixed\n" FACTS)));
}

CHECK_MAIN(cmocka_unit_test(test_read), cmocka_unit_test(test_written_is_read), cmocka_unit_test(test_state),
	cmocka_unit_test(test_out_of_memory))
