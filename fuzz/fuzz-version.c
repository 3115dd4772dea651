/* SPDX-License-Identifier: Apache-2.0 */
/* Three versions, a line each, after a byte that chooses the scheme: the order is one, also over what stands between two of them. */
#include "base/text.h"
#include "formats/version.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int order(enum tw_version_scheme s, const char *a, const char *b)
{
	int c, back, self;

	if (tw_failed(tw_version_compare(s, a, b, &c)) || tw_failed(tw_version_compare(s, b, a, &back)) || c != -back ||
		tw_failed(tw_version_compare(s, a, a, &self)) || self)
		abort();
	/* What is decided is decided in that order, and the other way round. */
	bool known = !tw_failed(tw_version_decide(s, a, b, &self));
	if ((known && self != c) || known == tw_failed(tw_version_decide(s, b, a, &self)))
		abort();
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[3][TW_VERSION_MAX + 2] = { "", "", "" };
	struct tw_slice rest = { (const char *)data + 1, size ? size - 1 : 0 };
	enum tw_version_scheme s = size ? data[0] % TW_VERSION_SCHEMES : 0;

	for (int i = 0; i < 3; i++) {
		const char *end = rest.size ? memchr(rest.at, '\n', rest.size) : NULL;
		size_t length = end ? (size_t)(end - rest.at) : rest.size, kept = length <= TW_VERSION_MAX ? length : TW_VERSION_MAX + 1;

		if (kept)
			memcpy(text[i], rest.at, kept);
		rest = (struct tw_slice){ rest.at + length + !!end, rest.size - length - !!end };
		if (tw_failed(tw_version_check(s, text[i])))
			return 0;
	}
	int ab = order(s, text[0], text[1]), bc = order(s, text[1], text[2]), ac = order(s, text[0], text[2]);
	if ((ab <= 0 && bc <= 0 && ac != (ab + bc < 0 ? -1 : 0)) || (ab >= 0 && bc >= 0 && ac != (ab + bc > 0 ? 1 : 0)))
		abort();
	return 0;
}
