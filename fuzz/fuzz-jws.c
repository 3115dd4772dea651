/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte even: a text to verify; what verifies must verify again after our own writing of its members. Odd: a protected header,
 * which is given a payload and a right signature, so that the search gets behind the first check.
 */
#include "crypto/hash.h"
#include "formats/jws.h"
#include "signed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void verify(struct tw_slice text)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	if (tw_failed(tw_jws_verify(tw_sys_real(), "t", text, &payload, &cert)))
		fuzz_must(!payload && !cert);
	else
		fuzz_must(payload && cert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	fuzz_begin();
	if (size < 1)
		return 0;
	tw_buf_init(&text, tw_sys_real(), SIZE_MAX);
	if (data[0] % 2) {
		fuzz_sign((struct tw_slice){ (const char *)data + 1, size - 1 }, TW_SLICE("{}"), &text);
		verify(tw_buf_slice(&text));
	} else {
		verify((struct tw_slice){ (const char *)data + 1, size - 1 });
	}
	return 0;
}
