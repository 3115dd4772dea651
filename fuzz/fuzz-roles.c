/* SPDX-License-Identifier: Apache-2.0 */
/* The whole input: a roles.tab. What is accepted reads back as the same. */
#include "tool/roles.h"
#include "base/mem.h"
#include "sys/real.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_roles r, again;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (tw_failed(tw_roles_read((struct tw_slice){ (const char *)data, size }, &r)))
		return 0;
	tw_buf_init(&b, tw_sys_real(), TW_ROLES_MAX);
	if (tw_failed(tw_roles_write(&r, &b)) || tw_failed(tw_roles_read(tw_buf_slice(&b), &again)))
		abort();
	for (size_t i = 0; i < TW_ROLE_COUNT; i++)
		if (r.row[i].uid != again.row[i].uid || r.row[i].gid != again.row[i].gid)
			abort();
	return 0;
}
