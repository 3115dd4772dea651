/* SPDX-License-Identifier: Apache-2.0 */
/* The use notice on displays of the product's own: what they show. The displays themselves are the platform's (display.h). */
#include "device/platform/display.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"

_Static_assert(TW_NOTICE_MAX <= TW_DISPLAY_TEXT_MAX, "a display takes any notice");

void tw_notice_display(struct tw_device *d)
{
	tw_display_notice(d, d->access->notice.text, d->access->notice.digest);
}

tw_err tw_access_notice_displays(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		const struct tw_manifest_provider *p = &d->manifest->providers[i];
		const struct tw_display_seat *s = &d->providers.of[i].display;
		const bool there = d->providers.of[i].line != NULL; /* who has said no size has none */

		if (!tw_display_is(d, i))
			continue;
		TW_TRY(tw_json_append(list,
			json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:b}", "display", p->name, "help", p->help, "shows",
				tw_display_words[tw_display_state(d, i)], "columns", (json_int_t)(there ? s->screen.columns : 0),
				"lines", (json_int_t)(there ? s->screen.lines : 0), "pages", (json_int_t)(there ? s->pages : 0),
				"simulated", there && d->providers.of[i].simulated)));
	}
	rp->body = json_pack("{s:O}", "displays", list);
	return rp->body ? TW_OK : TW_RAISE(NOMEM, "reply");
}

/* Why what counts now is not on each display of the product's; NULL: it is, or the product has none. */
static const char *lacks(const struct tw_device *d, const char **ret_name)
{
	static const char *const why[TW_DISPLAY_STATES] = {
		[TW_DISPLAY_ABSENT] = "is not there",
		[TW_DISPLAY_SILENT] = "has not said what it shows",
		[TW_DISPLAY_FORMER] = "shows another notice than counts now",
	};

	for (size_t i = 0; i < d->manifest->provider_count; i++) {
		if (!tw_display_is(d, i))
			continue;
		*ret_name = d->manifest->providers[i].name;
		if (why[tw_display_state(d, i)])
			return why[tw_display_state(d, i)];
		if (d->providers.of[i].simulated)
			return "is simulated";
	}
	return NULL;
}

/* @nist LA.SUN.2.1: a display of the product's that does not show it is told of */
tw_err tw_access_status_notice_edit(struct tw_context *c, struct tw_element_status *ret)
{
	const char *name = NULL, *why = lacks(tw_device_of(c), &name);

	TW_TRY(tw_access_status_notice_change(c, ret));
	if (!why)
		return TW_OK;
	ret->status = TW_STATUS_NEEDS_PART;
	(void)snprintf(ret->reason, sizeof ret->reason, "The product's display %s %s.", name, why);
	return TW_OK;
}
