/* SPDX-License-Identifier: Apache-2.0 */
/* Records and lists of vulnerabilities, by the first byte: what is told is of its form, and what is refused has a reason. */
#include "base/text.h"
#include "formats/vulnfeed.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tw_err on_kev(void *user, const struct tw_kev *one)
{
	if (!tw_cve_id(tw_slice_of(one->cve)) || strlen(one->added) != 10 || strlen(one->due) != 10)
		abort();
	return TW_OK;
}

static tw_err on_epss(void *user, const struct tw_epss *one)
{
	if (!tw_cve_id(one->cve) || one->probability > 1000000 || one->percentile > 1000000)
		abort();
	return TW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice text = { (const char *)data + 1, size ? size - 1 : 0 };
	json_t *record = NULL;
	tw_err e = TW_OK;

	tw_json_use(tw_sys_real());
	if (!size)
		return 0;
	if (*data == 'o')
		e = tw_osv_read(text, &record);
	else if (*data == 'c')
		e = tw_cve_read(text, &record);
	else if (*data == 'k')
		e = tw_kev_read(text, on_kev, NULL);
	else
		e = tw_epss_read(text, on_epss, NULL);
	if (tw_failed(e) && (!*tw_err_detail() || record))
		abort();
	json_decref(record);
	return 0;
}
