/* SPDX-License-Identifier: Apache-2.0 */
/* What of the accounts is so at this moment. */
#include "support/platform/app.h"
#include "support/query-reception/report.h"
#include "support/rows-customers.h"
#include "support/rows-subscriptions.h"
#include "support/staff/there.h"

#include <stdio.h>

/* @nist QR.2.a.4.4 */
tw_err tw_customers_status_portal(struct tw_context *c, struct tw_element_status *ret)
{
	static const char *const roles[] = { "analyst", "manager", NULL };
	int64_t count = 0;

	TW_TRY(tw_report_count(c->store, &count));
	if (count >= TW_REPORTS_MAX) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason, "No more reports and questions are taken: there are as many as may be.");
		return TW_OK;
	}
	return tw_staff_there(c, roles,
		"A customer's account at the portal has his questions and concerns, what was answered to each, his devices, and notices of these.",
		"Nobody can answer: no analyst and no manager has an account that is in use.", ret);
}

/* @nist IN.2.b.1.2 */
tw_err tw_subs_status_devices(struct tw_context *c, struct tw_element_status *ret)
{
	static const char *const roles[] = { "manager", NULL };

	if (!json_array_size(tw_app_of(c)->products)) {
		ret->status = TW_STATUS_NOT_PROVIDED;
		(void)snprintf(ret->reason, sizeof ret->reason, "There is no product in products.json whose devices customers could name.");
		return TW_OK;
	}
	return tw_staff_there(c, roles,
		"A notice of an incident goes to each customer's account who has one of its devices, with those of his and the facts.",
		"Nobody can tell of an incident: no manager has an account that is in use.", ret);
}
