/* SPDX-License-Identifier: Apache-2.0 */
/* Subscribers of the products, and of the versions, that an advisory is about are told of it, in the transaction that makes it public. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-site.h"
#include "support/advisories/advisories.h"
#include "support/advisories/concerned.h"
#include "support/outbox/outbox.h"
#include "support/platform/app.h"
#include "support/subscriptions/subscriptions.h"

#include <stdio.h>
#include <string.h>

/* A rating of "none" is one, and the lowest there is. */
static enum tw_notice_severity severity_of(const char *rating)
{
	enum tw_notice_severity s = TW_NOTICE_UNRATED;

	if (tw_notice_severity_find(rating, &s))
		return s;
	return *rating ? TW_NOTICE_LOW : TW_NOTICE_UNRATED;
}

/* One line of what fits; a title that no line can show is left to the page. */
static void title_of(const struct tw_advisory_out *o, char ret[TW_NOTICE_TITLE_MAX + 1])
{
	(void)snprintf(ret, TW_NOTICE_TITLE_MAX + 1, "%s: %s", o->name, tw_json_text(o->entry, "title"));
	for (size_t size = strlen(ret); size && !tw_utf8_valid((struct tw_slice){ ret, size }); size--) /* not within a character */
		ret[size - 1] = '\0';
	if (!tw_text_printable(tw_slice_of(ret)))
		(void)snprintf(ret, TW_NOTICE_TITLE_MAX + 1, "%s", o->name);
}

/* @nist IN.1.c.1.2 IN.1.d.1.3: whoever has the product is told what to look at, and what to do */
static tw_err text_of(const struct tw_advisory_out *o, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, TW_NOTICE_REVIEW ": the systems and services in which the products of this advisory are used."));
	return tw_advisory_actions(o->document, ret);
}

tw_err tw_advisory_told(struct tw_context *c, const struct tw_advisory_out *o)
{
	char id[TW_NOTICE_ID_MAX + 1], title[TW_NOTICE_TITLE_MAX + 1], link[TW_NOTICE_LINK_MAX + 1];
	TW_CLEANUP(tw_advisory_concerned_done) struct tw_advisory_concerned of = { .count = 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, c->sys, TW_NOTICE_TEXT_MAX);
	TW_TRY(text_of(o, &text));
	TW_TRY(tw_advisory_concerned(c->sys, o->document, o->products, tw_app_of(c)->products, &of));
	(void)snprintf(id, sizeof id, "advisory-%s-%.32s", o->name, tw_json_text(o->entry, "version"));
	(void)snprintf(link, sizeof link, "%s/advisories/%s", tw_app_of(c)->desk.site, o->name);
	title_of(o, title);
	const struct tw_notice n = { .id = id,
		.kind = TW_NOTICE_ADVISORY,
		.severity = severity_of(tw_advisory_severity(o->document)),
		.title = title,
		.text = tw_buf_cstr(&text),
		.link = tw_outbox_url_valid(tw_slice_of(link)) ? link : NULL,
		.products = of.at,
		.product_count = of.count };
	return tw_subscriptions_tell(c->store, &n, tw_time_wall_ms(c->time));
}
