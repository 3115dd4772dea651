/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger's browser needs of the report page and of its answer: the receipt that the form brings along, and the one that is shown at the end. The page
 * comes from whatever answers at the site's name, which need not be this service. Pure.
 */
#ifndef TW_SUPPORT_MAIL_VISIT_PAGE_H
#define TW_SUPPORT_MAIL_VISIT_PAGE_H
#include "base/err.h"
#include "base/text.h"

#define TW_VISIT_PAGE_MAX (256 * 1024)
#define TW_VISIT_RECEIPT_MAX 64 /* letters, digits and hyphens */

/* The form that leads to /report with files, and the receipt that stands in it. NOTFOUND says what the page lacks; borrowed from the page. */
tw_err tw_visit_form(struct tw_slice page, struct tw_slice *ret_receipt);
/* An element code holds the receipt and nothing else. */
bool tw_visit_shows(struct tw_slice page, struct tw_slice receipt);
#endif
