/* SPDX-License-Identifier: Apache-2.0 */
/* A version, a line's end and a vers string, or a range of an OSV record or a product of a CVE record: the answer is one, or there is a
   reason why there is none; and of a vers string it is the same for the same version again. */
#include "formats/range.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_vers(struct tw_slice text, const char *version)
{
	bool within = false, again = true;
	tw_err e = tw_range_vers(tw_sys_real(), text, version, &within);

	if (tw_failed(e) ? !*tw_err_detail() : tw_failed(tw_range_vers(tw_sys_real(), text, version, &again)) || within != again)
		abort();
}

static void judge_json(struct tw_slice text, const char *version)
{
	struct tw_range_found found;
	json_t *o = NULL;
	bool within;

	tw_json_use(tw_sys_real());
	if (tw_failed(tw_json_parse(text, 65536, &o)))
		return;
	for (int s = 0; s < TW_VERSION_SCHEMES; s++)
		tw_ignore(tw_range_osv(o, (enum tw_version_scheme)s, version, &within));
	if (!tw_failed(tw_range_cve(o, version, &found)) && found.entry != SIZE_MAX &&
		found.entry >= json_array_size(json_object_get(o, "versions")))
		abort();
	json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *end = size ? memchr(data, '\n', size) : NULL;
	char version[TW_VERSION_MAX + 2];

	if (!end || (size_t)(end - (const char *)data) > TW_VERSION_MAX)
		return 0;
	size_t length = (size_t)(end - (const char *)data);
	memcpy(version, data, length);
	version[length] = '\0';
	struct tw_slice text = { end + 1, size - length - 1 };
	if (text.size && *text.at == '{')
		judge_json(text, version);
	else
		judge_vers(text, version);
	return 0;
}
