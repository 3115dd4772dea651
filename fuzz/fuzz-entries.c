/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of imports into the desk: what is taken as a finding is made into the same entry again, and has a place in the queue. */
#include "base/mem.h"
#include "product/entries.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(const json_t *entry)
{
	TW_CLEANUP(tw_jsonp) json_t *made = NULL;
	struct tw_urgency u;

	tw_finding_urgency(entry, &u);
	if (tw_urgency_number(&u) < 0 || u.score < -1 || u.score > 100)
		abort();
	/* What was taken is what is made of it, but for what is cut and empty. */
	if (tw_failed(tw_finding_entry(tw_sys_real(), entry, &made)))
		abort();
	if (strcmp(tw_json_text(made, "vulnerability"), tw_json_text(entry, "vulnerability")) != 0 ||
		strcmp(tw_json_text(made, "facts"), tw_json_text(entry, "facts")) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *entries = NULL;
	const json_t *one;
	size_t i;

	tw_json_use(tw_sys_real());
	if (tw_failed(tw_json_parse((struct tw_slice){ (const char *)data, size }, 65536, &entries)))
		return 0;
	if (tw_failed(tw_components_check(entries)) && !*tw_err_detail())
		abort();
	if (tw_failed(tw_findings_check(tw_sys_real(), entries))) {
		if (!*tw_err_detail())
			abort();
		return 0;
	}
	json_array_foreach(entries, i, one)
		again(one);
	return 0;
}
