/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward assess compare` and `thingward assess gate`: two runs beside each other, and a policy that a build has to hold. */
#include "tool/commands.h"
#include "tool/compare.h"
#include "tool/evidence.h"
#include "tool/files.h"
#include "tool/verdict.h"

const struct tw_option tw_options_assess_compare[] = {
	{ "gate", "FILE", false, "a policy that the second run has to hold; wants --signer or --anchor" },
	{ "signer", "FILE", false, "the certificate that must have signed both (owner.crt)" },
	{ "anchor", "FILE", false, "the manufacturer's certificate (ca.crt): the device's statements in both have to hold" },
	{ "device", "IDENTIFIER", false, "the device that the second run must be of" },
	{ "other-device", NULL, false, "the first run may be of another device" },
	{},
};
const struct tw_option tw_options_assess_gate[] = {
	{ "policy", "FILE", true, "which elements must have which verdict (YAML)" },
	{ "before", "EVIDENCE", false, "an earlier run of the same device, for rules that nothing may get worse" },
	{ "signer", "FILE", false, "the certificate that must have signed it, and the earlier run (owner.crt); this or --anchor is needed" },
	{ "anchor", "FILE", false, "the manufacturer's certificate (ca.crt): the device's statement inside has to hold" },
	{ "device", "IDENTIFIER", false, "the device that it must be of" },
	{ "nonce", "TEXT", false, "the nonce of the run that it must be of" },
	{},
};

struct run {
	struct tw_evidence_file file;
	json_t *elements;
};

static void run_done(struct run *r)
{
	tw_evidence_file_done(&r->file);
	json_decref(r->elements);
}

static tw_err open_run(struct tw_tool *t, const struct tw_args *a, const char *path, struct run *ret)
{
	TW_TRY(tw_evidence_file_read(t, path, &ret->file));
	TW_TRY(tw_evidence_from(t, a, &ret->file));
	return tw_verdict_elements(ret->file.payload, &ret->elements);
}

static const char *device_of(const struct run *r)
{
	return tw_json_text(tw_json_get(r->file.payload, "device"), "identifier");
}

static tw_err check_same_device(struct tw_tool *t, const struct run *before, const struct run *after, const char *hint)
{
	if (!strcmp(device_of(before), device_of(after)))
		return TW_OK;
	return tw_fail(t, TW_EXIT_FAILED, hint,
		TW_RAISE(UNTRUSTED, "the earlier run is of another device, %.100s, not %.100s", device_of(before), device_of(after)));
}

/* A policy that anybody's evidence holds would open the gate to anybody. */
static tw_err check_asked(struct tw_tool *t, const struct tw_args *a)
{
	if (tw_arg(a, "signer") || tw_arg(a, "anchor"))
		return TW_OK;
	return tw_fail(t, TW_EXIT_USAGE, "--signer owner.crt, and --anchor ca.crt for the device's own statement",
		TW_RAISE(SYNTAX, "whose evidence has to hold the policy?"));
}

static tw_err open_policy(struct tw_tool *t, const char *path, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, told = { 0 };
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };

	tw_buf_init(&text, t->sys, TW_POLICY_MAX);
	tw_buf_init(&told, t->sys, TW_POLICY_MAX);
	TW_TRY(tw_file_read(t->sys, path, TW_POLICY_MAX, &text));
	TW_TRY(tw_problems_init(&p, path));
	TW_TRY(tw_policy_read(t->sys, tw_buf_slice(&text), &p, ret));
	if (!p.count)
		return TW_OK;
	TW_TRY(tw_problems_text(&p, &told));
	TW_TRY(tw_show(t, tw_buf_cstr(&told)));
	return tw_fail(t, TW_EXIT_USAGE, "what each line says is wanted", TW_RAISE(SYNTAX, "%s has %zu mistakes", path, p.count));
}

static tw_err print_rows(struct tw_tool *t, const char *const *heads, const char *const *members, const json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();
	size_t i;
	json_t *o;

	json_array_foreach(list, i, o) {
		TW_CLEANUP(tw_jsonp) json_t *row = json_array();

		for (size_t k = 0; members[k]; k++) {
			const char *text = tw_json_text(o, members[k]);

			TW_TRY(tw_json_append(row, json_string(*text ? text : "-")));
		}
		TW_TRY(tw_json_append(rows, TW_STEAL(row)));
	}
	return json_array_size(rows) ? tw_print_table(t, heads, rows) : TW_OK;
}

/* What is the same is counted, not listed. */
static tw_err differing(const json_t *changes, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t i;
	json_t *c;

	json_array_foreach(changes, i, c)
		if (strcmp(tw_json_text(c, "change"), "same") != 0)
			TW_TRY(tw_json_append(list, json_incref(c)));
	*ret = TW_STEAL(list);
	return TW_OK;
}

/* Both have to be whole: against an earlier run of a part, little can get worse. */
static tw_err judge(
	struct tw_tool *t, const char *path, const struct run *before, const struct run *run, const json_t *changes, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *policy = NULL;

	TW_TRY(open_policy(t, path, &policy));
	TW_TRY(tw_policy_judge(policy, run->elements, changes, ret));
	TW_TRY(tw_policy_whole(policy, before->file.payload, *ret));
	return tw_policy_whole(policy, run->file.payload, *ret);
}

static tw_err tell_broken(struct tw_tool *t, const json_t *broken)
{
	static const char *const heads[] = { "rule", "element", "verdict", "why", NULL };

	TW_TRY(print_rows(t, heads, heads, broken));
	if (!json_array_size(broken))
		return tw_print(t, "Every rule of the policy holds.\n");
	return tw_fail(t, TW_EXIT_FAILED, "the rules above",
		TW_RAISE(STATE, "the policy does not hold: %zu %s", json_array_size(broken),
			json_array_size(broken) == 1 ? "breach" : "breaches"));
}

static tw_err tell_changes(struct tw_tool *t, const struct run run[2], const json_t *changes)
{
	static const char *const heads[] = { "element", "change", "before", "after", "why", NULL };
	static const char *const members[] = { "element", "change", "before", "after", "reason", NULL };
	TW_CLEANUP(tw_jsonp) json_t *list = NULL;

	TW_TRY(differing(changes, &list));
	if (strcmp(device_of(&run[0]), device_of(&run[1])) != 0)
		TW_TRY(tw_print(t, "Two devices: %s and %s.\n", device_of(&run[0]), device_of(&run[1])));
	TW_TRY(print_rows(t, heads, members, list));
	return tw_print(t, "%zu of %zu elements are as they were.\n", json_array_size(changes) - json_array_size(list),
		json_array_size(changes));
}

tw_err tw_cmd_assess_compare(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(run_done) struct run before = { 0 };
	TW_CLEANUP(run_done) struct run after = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *changes = NULL, *broken = NULL;

	if (tw_arg(a, "gate"))
		TW_TRY(check_asked(t, a));
	TW_TRY(open_run(t, a, a->rest[0], &before));
	TW_TRY(open_run(t, a, a->rest[1], &after));
	TW_TRY(tw_evidence_wanted(a, &after.file));
	if (!tw_arg(a, "other-device"))
		TW_TRY(check_same_device(t, &before, &after, "--other-device compares them all the same"));
	TW_TRY(tw_compare(before.elements, after.elements, &changes));
	if (tw_arg(a, "gate"))
		TW_TRY(judge(t, tw_arg(a, "gate"), &before, &after, changes, &broken));
	if (t->json) {
		TW_CLEANUP(tw_jsonp)
		json_t *o = json_pack("{s:s, s:s, s:O, s:O*}", "device_before", device_of(&before), "device_after",
			device_of(&after), "changes", changes, "broken", broken);

		TW_TRY(o ? tw_print_value(t, o) : TW_RAISE(NOMEM, "comparison"));
	}
	const struct run both[2] = { before, after };
	TW_TRY(tell_changes(t, both, changes));
	return broken ? tell_broken(t, broken) : TW_OK;
}

tw_err tw_cmd_assess_gate(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(run_done) struct run run = { 0 };
	TW_CLEANUP(run_done) struct run before = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *changes = NULL, *broken = NULL;

	TW_TRY(check_asked(t, a));
	TW_TRY(open_run(t, a, a->rest[0], &run));
	TW_TRY(tw_evidence_wanted(a, &run.file));
	if (tw_arg(a, "before")) {
		TW_TRY(open_run(t, a, tw_arg(a, "before"), &before));
		TW_TRY(check_same_device(t, &before, &run, "an earlier run of the same device"));
		TW_TRY(tw_compare(before.elements, run.elements, &changes));
	}
	TW_TRY(judge(t, tw_arg(a, "policy"), &before, &run, changes, &broken));
	if (t->json)
		TW_TRY(tw_print_value(t, broken));
	return tell_broken(t, broken);
}
