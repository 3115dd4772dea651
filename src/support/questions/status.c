/* SPDX-License-Identifier: Apache-2.0 */
/* What of the questions is so at this moment: all of it is work of people, so without somebody who may do it there is none. */
#include "support/platform/app.h"
#include "support/query-reception/report.h"
#include "support/rows-questions.h"
#include "support/staff/there.h"
#include "support/subscriptions/products.h"

#include <stdio.h>

static tw_err answered(struct tw_context *c, struct tw_element_status *ret, const char *provided)
{
	static const char *const roles[] = { "analyst", "manager", NULL };

	return tw_staff_there(c, roles, provided, "Nobody can answer: no analyst and no manager has an account that is in use.", ret);
}

/* @nist QR.2.a.1.1 */
tw_err tw_questions_status_directives(struct tw_context *c, struct tw_element_status *ret)
{
	return answered(c, ret,
		"A question is noted with the directive that the customer has to carry out and with its due date, and its answers stand beside them.");
}

/* @nist QR.2.a.2.1 */
tw_err tw_questions_status_requests(struct tw_context *c, struct tw_element_status *ret)
{
	return answered(c, ret,
		"Requests for components and documents are a kind of question of their own, answered from a library of replies and closed with an outcome.");
}

/* @nist QR.2.a.4.2 */
tw_err tw_questions_status_identity(struct tw_context *c, struct tw_element_status *ret)
{
	return answered(c, ret,
		"What is kept of a customer is told and changed only within an hour of an identity check that was passed; each time is noted.");
}

/* @nist QR.2.a.4.3 */
tw_err tw_questions_status_calls(struct tw_context *c, struct tw_element_status *ret)
{
	return answered(c, ret,
		"A call is noted with who called, about what, what was answered, by whom and when, and what is still to be done.");
}

static tw_err not_provided(struct tw_element_status *ret, const char *why)
{
	ret->status = TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", why);
	return TW_OK;
}

static tw_err by_form(struct tw_context *c, struct tw_element_status *ret, const char *provided)
{
	int64_t count = 0;

	TW_TRY(tw_report_count(c->store, &count));
	if (count >= TW_REPORTS_MAX)
		return not_provided(ret, "No more reports and questions are taken by forms: there are as many as may be.");
	return answered(c, ret, provided);
}

/* @nist QR.2.a.2.2 */
tw_err tw_questions_status_views(struct tw_context *c, struct tw_element_status *ret)
{
	return by_form(c, ret,
		"Each document that is published here leads to a form for what its readers think of its breadth and depth; the desk has a list of that.");
}

/* @nist QR.2.a.3.1 */
tw_err tw_questions_status_settings(struct tw_context *c, struct tw_element_status *ret)
{
	const json_t *one;
	bool any = false;
	size_t i;

	json_array_foreach(tw_app_of(c)->products, i, one)
		any = any || *tw_product_document(one, TW_PRODUCT_SETTINGS);
	if (!any)
		return not_provided(ret, "No product in " TW_PRODUCTS_FILE " names a document of the kind settings.");
	return by_form(c, ret,
		"Questions about settings have a form and a list of their own, which lead to where its settings are explained.");
}
