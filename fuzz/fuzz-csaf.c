/* SPDX-License-Identifier: Apache-2.0 */
/* CSAF documents, the first byte odd for the strict form: every finding has a pointer and a line of text, what is told is what is
   counted, and twice the same. */
#include "base/text.h"
#include "formats/csaf.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_err on_finding(void *user, const struct tw_csaf_finding *f)
{
	size_t *told = user;

	if ((*f->path && *f->path != '/') || !*f->message || !tw_utf8_valid(tw_slice_of(f->message)) ||
		!tw_utf8_valid(tw_slice_of(f->path)))
		abort();
	told[f->test]++;
	return TW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t told[TW_CSAF_TESTS] = { 0 }, all = 0;
	struct tw_csaf_check how = { .tell = on_finding, .user = told, .strict = size && *data & 1 };
	struct tw_csaf_counts first, again;
	struct tw_slice text = { (const char *)data + 1, size - 1 };

	tw_json_use(tw_sys_real());
	if (!size || tw_failed(tw_csaf_check(tw_sys_real(), text, &how, &first)))
		return 0;
	for (size_t i = 0; i < TW_CSAF_TESTS; i++) {
		if (told[i] != (first.of[i] < TW_CSAF_FINDINGS_MAX ? first.of[i] : TW_CSAF_FINDINGS_MAX))
			abort();
		all += first.of[i];
	}
	how.tell = NULL;
	if (all != first.all || tw_failed(tw_csaf_check(tw_sys_real(), text, &how, &again)) || memcmp(&first, &again, sizeof(first)) != 0)
		abort();
	return 0;
}
