/* SPDX-License-Identifier: Apache-2.0 */
/* What of the reception is so at this moment. A status reads what the pages stand on, and never what they were meant to be. */
#include "base/text.h"
#include "support/platform/app.h"
#include "support/query-reception/report.h"
#include "support/rows-query-reception.h"

#include <stdio.h>

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
	if (count < TW_REPORTS_MAX)
		return say(ret, TW_STATUS_PROVIDED, provided);
	ret->status = TW_STATUS_NOT_PROVIDED;
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

/* @nist QR.1.a.1.5 */
tw_err tw_reception_status_bugs(struct tw_context *c, struct tw_element_status *ret)
{
	return taken(c, ret, "The policy page says where faults that are no security flaw are reported, and the report page takes them.");
}
