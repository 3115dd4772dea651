/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: which allocation fails (0: none). Up to the first NUL: a product's name; after it: Markdown. No script gets into the page. */
#include "product/document.h"
#include "base/text.h"
#include "sys/fake.h"

#include <errno.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	const uint8_t *nul = size > 1 ? memchr(data + 1, '\0', size - 1) : NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (!nul || !tw_utf8_valid((struct tw_slice){ (const char *)data + 1, (size_t)(nul - data) - 1 }))
		return 0;
	if (!f)
		f = tw_fake_new();
	TW_CLEANUP(tw_jsonp) json_t *product = json_pack("{s:{s:s}}", "product", "name", (const char *)data + 1);
	struct tw_document d = { .product = product };
	tw_fake_fail(f, data[0], ENOMEM, false);
	tw_buf_init(&b, tw_fake_sys(f), 1024 * 1024);
	if (!tw_failed(tw_document_render(
		    tw_fake_sys(f), &d, (struct tw_slice){ (const char *)nul + 1, size - (size_t)(nul + 1 - data) }, &b)) &&
		strstr(tw_buf_cstr(&b), "<script"))
		abort();
	return 0;
}
