/* SPDX-License-Identifier: Apache-2.0 */
/* What stands around advisories: a provider's metadata, a security.txt, and documents, the first byte says which. What is read is written and read again
   the same; a page never holds a tag or an address that its writer does not know; lists are whole. */
#include "base/text.h"
#include "formats/csaf-site.h"
#include "formats/csaf.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static tw_err look(void *user, const char *path, struct tw_slice bytes)
{
	must(*path != '/' && !strstr(path, "..") && tw_utf8_valid(bytes));
	must(!memmem(bytes.at, bytes.size, "<script", 7) || strcmp(path + strlen(path) - 5, ".html") != 0);
	(*(size_t *)user)++;
	return TW_OK;
}

static void try_provider(struct tw_slice text)
{
	struct tw_csaf_site s = { 0 }, again = { 0 };
	struct tw_buf b;

	tw_buf_init(&b, tw_sys_real(), TW_CSAF_LIST_MAX);
	if (!tw_failed(tw_csaf_provider_read(tw_sys_real(), text, &s))) {
		must(!tw_failed(tw_csaf_provider(&s, &b)));
		must(!tw_failed(tw_csaf_provider_read(tw_sys_real(), tw_buf_slice(&b), &again)));
		must(!strcmp(s.url, again.url) && !strcmp(s.updated, again.updated) && s.keys.count == again.keys.count &&
			json_equal(s.publisher, again.publisher));
	}
	tw_buf_done(&b);
	tw_csaf_site_done(&s);
	tw_csaf_site_done(&again);
}

static void try_document(struct tw_slice text)
{
	struct tw_csaf_site s = { .url = "https://lamps.example/csaf", .updated = "2026-01-01T00:00:00Z" };
	json_t *document = NULL, *entry = NULL;
	size_t files = 0;

	if (!tw_failed(tw_json_parse_deep(text, TW_CSAF_MAX, TW_JSON_DEEPEST, &document)) && !tw_failed(tw_csaf_entry(document, &entry))) {
		const struct tw_csaf_published p = { entry, text, document };

		s.publisher = json_incref(json_object_get(json_object_get(document, "document"), "publisher"));
		s.entries = json_pack("[O]", entry);
		must(s.entries && !tw_failed(tw_csaf_beside(tw_sys_real(), &s, &p, look, &files)) && files == 3);
		must(s.publisher == NULL || !tw_failed(tw_csaf_site_write(tw_sys_real(), &s, look, &files)));
		must(tw_is(tw_csaf_follows(document, document), TW_CODE_DENIED));
	}
	tw_csaf_site_done(&s);
	json_decref(entry);
	json_decref(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice text = { (const char *)data + 1, size - 1 };
	struct tw_csaf_site s = { 0 };

	tw_json_use(tw_sys_real());
	if (!size)
		return 0;
	if (*data == 'p')
		try_provider(text);
	else if (*data == 's')
		tw_ignore(tw_csaf_securitytxt_read(text, &s));
	else
		try_document(text);
	return 0;
}
