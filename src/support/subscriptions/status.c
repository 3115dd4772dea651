/* SPDX-License-Identifier: Apache-2.0 */
/* What of telling customers is so at this moment. */
#include "support/advisories/advisories.h"
#include "support/platform/app.h"
#include "support/rows-subscriptions.h"
#include "support/staff/there.h"

#include <stdio.h>

static tw_err say(struct tw_element_status *ret, bool provided, const char *yes, const char *no)
{
	ret->status = provided ? TW_STATUS_PROVIDED : TW_STATUS_NOT_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", provided ? yes : no);
	return TW_OK;
}

/* Notices are of somebody who may publish, and go out from an address. */
static tw_err told(struct tw_context *c, struct tw_element_status *ret, const char *provided)
{
	static const char *const roles[] = { "publisher", NULL };

	if (!tw_app_of(c)->desk.site[0])
		return say(ret, false, "", "No " TW_DESK_FILE " names this site, so nobody is told anything.");
	return tw_staff_there(c, roles, provided, "Nobody can tell customers anything: no publisher has an account that is in use.", ret);
}

/* @nist IN.1.a.1.3 */
tw_err tw_subs_status_data(struct tw_context *c, struct tw_element_status *ret)
{
	return told(c, ret, "An update is announced with what it does to data on the device; a notice without that is refused.");
}

/* @nist IN.1.a.2.1 IN.1.a.2.2 */
tw_err tw_subs_status_tests(struct tw_context *c, struct tw_element_status *ret)
{
	return say(ret, tw_app_of(c)->desk.updates.fix_tests[0] != '\0',
		"The page /news says what to try before an update is installed, for its effects and for security and privacy.",
		TW_DESK_FILE " says nothing about tests before an update (updates).");
}

/* @nist IN.1.a.2.3 */
tw_err tw_subs_status_deadline(struct tw_context *c, struct tw_element_status *ret)
{
	return told(c, ret,
		"An update is announced with its severity, the day by which to install it and what it needs before; a notice without one is refused.");
}

static tw_err published(struct tw_context *c, struct tw_element_status *ret, const char *provided)
{
	static const char *const roles[] = { "publisher", NULL };

	if (!tw_advisories_there(c))
		return say(ret, false, "", "No advisory is published yet, so there is no feed.");
	return tw_staff_there(c, roles, provided, "Nobody can publish: no publisher has an account that is in use.", ret);
}

/* @nist IN.1.c.1.1 */
tw_err tw_subs_status_actions(struct tw_context *c, struct tw_element_status *ret)
{
	return published(c, ret,
		"Each advisory says for programs, of each affected product, what is to be done; one that does not is not published.");
}

/* @nist IN.1.c.1.2 */
tw_err tw_subs_status_review(struct tw_context *c, struct tw_element_status *ret)
{
	return published(c, ret, "Each advisory, and each update that is announced, makes a notice that says what customers should review.");
}

/* @nist IN.1.d.1.1 */
tw_err tw_subs_status_news(struct tw_context *c, struct tw_element_status *ret)
{
	return say(ret, tw_app_of(c)->desk.news.when[0] != '\0', "The page /news says how, when and from whom customers hear of security.",
		TW_DESK_FILE " does not say when and from whom customers hear of security (news).");
}

/* @nist IN.1.d.1.2 */
tw_err tw_subs_status_feeds(struct tw_context *c, struct tw_element_status *ret)
{
	return say(ret, tw_advisories_there(c),
		"The page /news leads to the provider's metadata, the feeds and the subscription, step by step.",
		"No advisory is published yet, so there are no provider's metadata and no feed.");
}

/* @nist IN.1.d.1.3 */
tw_err tw_subs_status_rules(struct tw_context *c, struct tw_element_status *ret)
{
	return published(c, ret,
		"An advisory that matches a product, and the end of its support coming near, each make a notice to whoever subscribed to that product.");
}

/* @nist IN.2.a.1.1 */
tw_err tw_subs_status_events(struct tw_context *c, struct tw_element_status *ret)
{
	return published(c, ret,
		"Vulnerabilities are announced as advisories with affected versions and what to do; changes of supplier, plans and services as notices.");
}

/* @nist IN.2.b.1.1 */
tw_err tw_subs_status_incidents(struct tw_context *c, struct tw_element_status *ret)
{
	static const char *const roles[] = { "manager", NULL };

	return tw_staff_there(c, roles,
		"The case of an incident has its deadlines of 24 hours, 72 hours and a month, and keeps when each report was sent.",
		"Nobody can run the clocks of an incident: no manager has an account that is in use.", ret);
}
