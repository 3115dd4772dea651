/* SPDX-License-Identifier: Apache-2.0 */
/* What of the questions is so at this moment: all of it is work of people, so without somebody who may do it there is none. */
#include "support/rows-questions.h"
#include "support/staff/there.h"

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
