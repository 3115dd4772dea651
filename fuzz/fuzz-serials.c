/* SPDX-License-Identifier: Apache-2.0 */
/* The whole input: a list of serial numbers. What is accepted has as many valid ones as lines, and reads back as the same. */
#include "base/mem.h"
#include "sys/real.h"
#include "tool/serials.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TW_CLEANUP(tw_serials_done) struct tw_serials s = { 0 }, again = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (tw_failed(tw_serials_read(tw_sys_real(), (struct tw_slice){ (const char *)data, size }, &s)))
		return 0;
	tw_buf_init(&b, tw_sys_real(), TW_SERIALS_FILE_MAX);
	for (size_t i = 0; i < s.count; i++)
		if (!tw_serial_valid(tw_slice_of(s.row[i])) || tw_failed(tw_buf_format(&b, "%s\n", s.row[i])))
			abort();
	if (tw_failed(tw_serials_read(tw_sys_real(), tw_buf_slice(&b), &again)) || again.count != s.count)
		abort();
	for (size_t i = 0; i < s.count; i++)
		if (strcmp(s.row[i], again.row[i]) != 0)
			abort();
	return 0;
}
