/* SPDX-License-Identifier: Apache-2.0 */
/* CPE names, two of them with a line's end between: what is read is written, and read again it relates to others as before; the
   relation the other way round is its mirror. */
#include "base/text.h"
#include "formats/cpe.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct tw_cpe *c, const struct tw_cpe *other)
{
	struct tw_buf b;
	struct tw_cpe back;

	tw_buf_init(&b, tw_sys_real(), 4 * TW_CPE_MAX);
	if (tw_failed(tw_cpe_write(c, &b)) || !tw_text_printable(tw_buf_slice(&b)))
		abort();
	if (b.size <= TW_CPE_MAX &&
		(tw_failed(tw_cpe_parse(tw_buf_slice(&b), &back)) || tw_cpe_compare(&back, other) != tw_cpe_compare(c, other)))
		abort();
	tw_buf_done(&b);
}

static void judge_mirror(const struct tw_cpe *a, const struct tw_cpe *b)
{
	enum tw_cpe_relation there = tw_cpe_compare(a, b), back = tw_cpe_compare(b, a);

	if ((there == TW_CPE_EQUAL) != (back == TW_CPE_EQUAL) || (there == TW_CPE_SUPERSET && back == TW_CPE_SUPERSET) ||
		(there == TW_CPE_SUBSET && back == TW_CPE_SUBSET))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice first = { (const char *)data, size }, second = first;
	const char *end = size ? memchr(data, '\n', size) : NULL;
	struct tw_cpe a, b;

	if (end) {
		first.size = (size_t)(end - first.at);
		second = (struct tw_slice){ end + 1, size - first.size - 1 };
	}
	if (tw_failed(tw_cpe_parse(first, &a)) || tw_failed(tw_cpe_parse(second, &b)))
		return 0;
	judge(&a, &b);
	judge_mirror(&a, &b);
	return 0;
}
