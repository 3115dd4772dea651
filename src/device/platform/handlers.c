/* SPDX-License-Identifier: Apache-2.0 */
/* The platform's own operation and facts: what the device is able to do now, and how its parts are confined. */
#include "base/release.h"
#include "base/text.h"
#include "device/platform/device.h"
#include "device/platform/start.h"
#include "device/rows-platform.h"
#include "service/path/elements.h"

static tw_err list_roles(const struct tw_device *d, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (size_t i = 0; i < TW_DEVICE_ROLES; i++) {
		const struct tw_boxed_role *b = &d->boxed[i];

		if (b->role[0])
			TW_TRY(tw_json_append(list,
				json_pack("{s:s, s:i, s:b, s:b, s:b}", "role", b->role, "landlock_abi", b->box.landlock_abi, "seccomp",
					b->box.seccomp, "ids_dropped", b->box.ids_dropped, "not_dumpable", b->box.not_dumpable)));
	}
	*ret = TW_STEAL(list);
	return TW_OK;
}

tw_err tw_platform_capabilities(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	json_t *roles = NULL;
	struct tw_page page;
	char now[TW_TIME_TEXT_MAX];

	tw_time_text(tw_time_wall_ms(c->time), now);
	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(tw_json_set(rp->body, "software", json_string(TW_VERSION)));
	TW_TRY(tw_json_set(rp->body, "product", json_pack("{s:s, s:s}", "model", d->manifest->model, "version", d->manifest->version)));
	TW_TRY(tw_json_set(rp->body, "time", json_pack("{s:s, s:b}", "now", now, "trusted", tw_time_trusted(c->time))));
	TW_TRY(list_roles(d, &roles));
	TW_TRY(tw_json_set(rp->body, "sandbox", roles));
	return tw_elements_list(c, tw_catalog_find, &page, rp);
}

tw_err tw_platform_fact_time(struct tw_context *c, json_t **ret)
{
	*ret = json_boolean(tw_time_trusted(c->time));
	return TW_OK;
}

tw_err tw_platform_fact_confined(struct tw_context *c, json_t **ret)
{
	const struct tw_device *d = tw_device_of(c);
	bool all = true;

	for (size_t i = 0; i < TW_DEVICE_ROLES; i++)
		all = all && d->boxed[i].role[0] && d->boxed[i].box.ids_dropped && d->boxed[i].box.seccomp &&
			d->boxed[i].box.landlock_abi > 0;
	*ret = json_boolean(all);
	return TW_OK;
}

tw_err tw_platform_job_time(struct tw_context *c)
{
	return tw_start_keep_time(tw_device_of(c));
}
