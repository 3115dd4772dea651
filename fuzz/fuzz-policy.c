/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which allocation fails (0: none). The rest: a gate's policy. Every problem has a place; what is without a problem judges
 * elements and changes, and each breach names its rule.
 */
#include "tool/compare.h"
#include "sys/fake.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* Whatever the policy says, the same two runs are held against it. */
static void judge(const json_t *policy)
{
	TW_CLEANUP(tw_jsonp)
	json_t *elements = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "element", "LA.X.1", "verdict", "fail", "reason", "seen",
		"element", "DI.IMS.1", "verdict", "not applicable", "reason", "looked");
	TW_CLEANUP(tw_jsonp)
	json_t *changes = json_pack("[{s:s, s:s, s:s, s:s, s:s}]", "element", "LA.X.1", "change", "worse", "before", "pass",
		"after", "fail", "reason", "seen");
	TW_CLEANUP(tw_jsonp) json_t *one = NULL, *two = NULL;
	size_t i;
	json_t *o;

	must(!tw_failed(tw_policy_judge(policy, elements, NULL, &one)) && !tw_failed(tw_policy_judge(policy, elements, changes, &two)));
	json_array_foreach(two, i, o)
		must(*tw_json_text(o, "rule") && *tw_json_text(o, "element") && *tw_json_text(o, "verdict") && *tw_json_text(o, "why"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	struct tw_problems p;
	json_t *policy = NULL, *problem;
	size_t i;

	if (size < 1)
		return 0;
	if (!f)
		f = tw_fake_new();
	if (tw_failed(tw_problems_init(&p, "f")))
		return 0;
	tw_fake_fail(f, data[0], ENOMEM, false);
	bool read = !tw_failed(tw_policy_read(tw_fake_sys(f), (struct tw_slice){ (const char *)data + 1, size - 1 }, &p, &policy));
	tw_fake_fail(f, 0, 0, false);
	json_array_foreach(p.list, i, problem)
		must(tw_json_int(problem, "line") > 0 && tw_json_int(problem, "column") > 0 && *tw_json_text(problem, "what"));
	must(!read || p.count || policy);
	if (read && !p.count)
		judge(policy);
	json_decref(policy);
	tw_problems_done(&p);
	return 0;
}
