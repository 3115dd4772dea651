/* SPDX-License-Identifier: Apache-2.0 */
/* What of the reception is so at this moment. A status reads what the pages stand on, and never what they were meant to be. */
#include "base/text.h"
#include "support/advisories/advisories.h"
#include "support/platform/app.h"
#include "support/query-reception/report.h"
#include "support/rows-query-reception.h"
#include "support/staff/there.h"

#include <stdio.h>
#include <string.h>

static tw_err say(struct tw_element_status *ret, enum tw_status status, const char *reason)
{
	ret->status = status;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", reason);
	return TW_OK;
}

/* Where no more is taken, nothing of it is provided. */
static tw_err taken(struct tw_context *c, struct tw_element_status *ret, const char *provided)
{
	int64_t count = 0;

	TW_TRY(tw_report_count(c->store, &count));
	ret->status = count < TW_REPORTS_MAX ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	if (count < TW_REPORTS_MAX) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%s There is room for %lld more.", provided,
			(long long)(TW_REPORTS_MAX - count));
		return TW_OK;
	}
	(void)snprintf(ret->reason, sizeof ret->reason, "No more reports are taken: there are %d, which is the most.", TW_REPORTS_MAX);
	return TW_OK;
}

/* @nist QR.1.a.1.1 */
tw_err tw_reception_status_asked(struct tw_context *c, struct tw_element_status *ret)
{
	return taken(c, ret,
		"The report page asks for the type of the flaw, what an attacker needs and gains, and an idea for a fix. Only a description is "
		"needed, and no account.");
}

/* @nist QR.1.a.1.2 */
tw_err tw_reception_status_published(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;
	char expires[TW_TIME_TEXT_MAX];

	if (!d->contact_count)
		return say(ret, TW_STATUS_NOT_PROVIDED,
			"There is no " TW_DESK_FILE ", so there is no security.txt; the policy page names no contact.");
	tw_time_text(d->expires_ms, expires);
	ret->status = d->expires_ms > tw_time_wall_ms(c->time) ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		ret->status == TW_STATUS_PROVIDED ? "security.txt and the policy page say how to report; what they say is good until %s."
						  : "What " TW_DESK_FILE " says was good until %s, so there is no security.txt.",
		expires);
	return TW_OK;
}

/* @nist QR.1.a.1.4 */
tw_err tw_reception_status_progress(struct tw_context *c, struct tw_element_status *ret)
{
	static const char *const roles[] = { "analyst", "manager", NULL };

	if (!tw_advisories_there(c))
		return say(ret, TW_STATUS_NOT_PROVIDED,
			"Whoever reported sees each state of it; no advisory is published yet, so there is no feed.");
	return tw_staff_there(c, roles,
		"The page behind a receipt says each state of the report's case, and the feed each advisory and when it changed.",
		"Nothing moves on: no analyst and no manager has an account that is in use.", ret);
}

/* @nist QR.1.a.1.5 */
tw_err tw_reception_status_bugs(struct tw_context *c, struct tw_element_status *ret)
{
	return taken(c, ret, "The policy page says where faults that are no security flaw are reported, and the report page takes them.");
}

/* @nist QR.1.a.1.3 */
tw_err tw_reception_status_terms(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_desk_terms *t = &tw_app_of(c)->desk.terms;

	if (!t->answer)
		return say(ret, TW_STATUS_NOT_PROVIDED, TW_DESK_FILE " promises no terms, so the policy page names none.");
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"The policy page says how reports are judged and put in order, and promises an answer in %d days, a decision in %d, a fix in %d "
		"and news every %d.",
		t->answer, t->decide, t->fix, t->status);
	return TW_OK;
}

static bool has_contact(const struct tw_desk *d, const char *scheme)
{
	for (size_t i = 0; i < d->contact_count; i++)
		if (!strncmp(d->contacts[i], scheme, strlen(scheme)))
			return true;
	return false;
}

/* @nist QR.2.a.1.2 */
tw_err tw_reception_status_questions(struct tw_context *c, struct tw_element_status *ret)
{
	if (!has_contact(&tw_app_of(c)->desk, "mailto:"))
		return say(ret, TW_STATUS_NOT_PROVIDED, "Questions are taken by the form, and " TW_DESK_FILE " names no address for mail.");
	return taken(c, ret, "Questions about security events and about requirements that are not met are taken by the form, and by mail.");
}

/* @nist QR.2.a.4.1 */
tw_err tw_reception_status_phone(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;

	if (!has_contact(d, "tel:") || !d->hours[0])
		return say(ret, TW_STATUS_NOT_PROVIDED, TW_DESK_FILE " names no phone (a contact that begins with tel:) with its hours.");
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "The policy page says how to call, and when: %s.", d->hours);
	return TW_OK;
}
