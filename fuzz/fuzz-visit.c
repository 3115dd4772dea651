/* SPDX-License-Identifier: Apache-2.0 */
/* A report page from whatever answers at the site's name: what is found of it is a receipt and lies within the page. */
#include "support/mail/visit-page.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tw_slice page = { (const char *)data, size };
	struct tw_slice receipt;

	if (size > TW_VISIT_PAGE_MAX || tw_failed(tw_visit_form(page, &receipt)))
		return 0;
	if (receipt.size == 0 || receipt.size > TW_VISIT_RECEIPT_MAX || receipt.at < page.at ||
		receipt.at + receipt.size > page.at + page.size)
		abort();
	(void)tw_visit_shows(page, receipt);
	return 0;
}
