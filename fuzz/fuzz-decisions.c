/* SPDX-License-Identifier: Apache-2.0 */
/* decisions.yaml; and triage.yaml, which comes out as it went in when it is written anew. */
#include "base/mem.h"
#include "product/decisions.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void state(struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *map = NULL, *list = json_array(), *again = NULL, *release = NULL, *told = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char *key;
	json_t *one;

	if (tw_failed(tw_triage_state_read(tw_sys_real(), text, &release, &map)))
		return;
	json_object_foreach(map, key, one)
		json_array_append(list, one);
	tw_buf_init(&b, tw_sys_real(), TW_TRIAGE_FILE_MAX);
	if (tw_failed(tw_triage_state_write(tw_sys_real(), release, list, &b)))
		return; /* a number that is not written */
	if (tw_failed(tw_triage_state_read(tw_sys_real(), tw_buf_slice(&b), &told, &again)) ||
		json_object_size(again) != json_object_size(map) || !told != !release)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice text = { (const char *)data, size };
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *decisions = NULL;

	tw_json_use(tw_sys_real());
	if (!tw_failed(tw_problems_init(&p, "d")) && !tw_failed(tw_decisions_read(tw_sys_real(), text, &p, &decisions)) &&
		!p.count && !decisions)
		abort();
	state(text);
	return 0;
}
