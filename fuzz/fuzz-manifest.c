/* SPDX-License-Identifier: Apache-2.0 */
/* A manifest's payload. What is accepted must write, read again and write the same. */
#include "formats/manifest.h"
#include "signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_jsonp) json_t *once = NULL;
	TW_CLEANUP(tw_jsonp) json_t *twice = NULL;
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = NULL;
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *again = NULL;
	const struct tw_sys *sys = tw_sys_real();
	tw_json_use(sys);
	if (tw_failed(tw_json_parse((struct tw_slice){ (const char *)data, size }, TW_MANIFEST_MAX, &payload)))
		return 0;
	if (tw_failed(tw_manifest_read(sys, payload, &d)))
		return 0;
	fuzz_must(!tw_failed(tw_manifest_write(tw_manifest_of(d), &once)));
	fuzz_must(!tw_failed(tw_manifest_read(sys, once, &again)));
	fuzz_must(!tw_failed(tw_manifest_write(tw_manifest_of(again), &twice)));
	fuzz_must(json_equal(once, twice));
	return 0;
}
