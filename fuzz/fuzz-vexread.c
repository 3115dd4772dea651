/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of others: whatever is told names a vulnerability, a component and a place. */
#include "base/text.h"
#include "formats/vexread.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_err on_statement(void *user, const struct tw_vex_statement *s)
{
	if (!*s->vulnerability || *s->place != '/' || !(*s->purl || *s->cpe || *s->name) || !s->version || !s->justification ||
		!*tw_vex_status_name(s->status))
		abort();
	return TW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *document = NULL;

	tw_json_use(tw_sys_real());
	if (!tw_failed(tw_json_parse((struct tw_slice){ (const char *)data, size }, TW_VEX_MAX, &document)) &&
		tw_failed(tw_vex_read(document, on_statement, NULL)) && !*tw_err_detail())
		abort();
	json_decref(document);
	return 0;
}
