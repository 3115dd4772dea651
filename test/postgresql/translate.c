/* SPDX-License-Identifier: Apache-2.0 */
/* Our statements as the store sends them to PostgreSQL, for a test that asks it how it would go about them: statements that end with NUL in, the same out. */
#include "base/mem.h"
#include "service/store/postgresql/dialect.h"
#include "sys/real.h"

#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getdelim(&line, &size, '\0', stdin) > 0) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), 1 << 20);
		if (tw_failed(tw_pg_translate(line, &b)) || fwrite(tw_buf_cstr(&b), 1, b.size + 1, stdout) != b.size + 1)
			return 1;
	}
	free(line);
	return fflush(stdout) ? 1 : 0;
}
