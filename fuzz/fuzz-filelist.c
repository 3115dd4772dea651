/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of files; the first byte chooses whose. A path that is accepted never leaves its directory. */
#include "formats/filelist.h"
#include "signed.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct tw_filelist_entry *entry)
{
	char around[TW_FILELIST_PATH_MAX + 3];

	fuzz_must(strlen(entry->path) <= TW_FILELIST_PATH_MAX && entry->how < TW_CHECKSUMS);
	(void)snprintf(around, sizeof around, "/%s/", entry->path);
	fuzz_must(!strstr(around, "//") && !strstr(around, "/./") && !strstr(around, "/../"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum tw_filelist_form forms[] = { TW_FILELIST_PATHS, TW_FILELIST_MD5SUMS, TW_FILELIST_APK, TW_FILELIST_SHA256 };
	struct tw_filelist list = { 0 };
	size_t at = 1;

	while (at < size) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t length = end ? (size_t)(end - data) - at : size - at;
		struct tw_filelist_entry entry;

		if (tw_failed(tw_filelist_line(&list, forms[data[0] % 4], (struct tw_slice){ (const char *)data + at, length }, &entry)))
			return 0;
		if (entry.is)
			look_at(&entry);
		at += length + 1;
	}
	return 0;
}
