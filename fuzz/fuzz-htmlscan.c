/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of a page: each is a part of the page behind the one before, its attributes lie within it, and what is resolved is never longer. */
#include "base/text.h"
#include "formats/htmlscan.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *begin, struct tw_slice part, const char *end)
{
	if (part.size && (part.at < begin || part.at + part.size > end))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "name", "href", "value", "required" };
	const char *page = (const char *)data, *end = page + size;
	struct tw_htmlscan s = tw_htmlscan_of((struct tw_slice){ page, size });
	struct tw_htmltag t;
	struct tw_slice value;
	struct tw_buf text;

	tw_buf_init(&text, tw_sys_real(), size + 1);
	while (tw_htmlscan_next(&s, &t)) {
		check(page, t.before, t.name.at);
		check(page, t.name, end);
		check(page, t.attributes, end);
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (tw_htmltag_attribute(&t, names[i], &value))
				check(t.attributes.at, value, t.attributes.at + t.attributes.size);
		page = s.rest.at;
	}
	if (tw_failed(tw_html_resolve((struct tw_slice){ (const char *)data, size }, &text)) || text.size > size)
		abort();
	tw_buf_done(&text);
	return 0;
}
