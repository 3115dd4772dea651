/* SPDX-License-Identifier: Apache-2.0 */
/* The platform's own operation and facts: what the device is able to do now, and how its parts are confined. */
#include "base/text.h"
#include "device/platform/device.h"
#include "device/platform/start.h"
#include "device/rows-platform.h"
#include "formats/catalog.h"
#include "service/path/page.h"

static const char *const words[] = TW_STATUS_WORDS;

/* A handler that fails is not left out: the element is then not provided, and why is said. */
static tw_err describe(struct tw_context *c, const struct tw_element_row *row, struct tw_page *p)
{
	const struct tw_catalog_row *in_catalog = tw_catalog_find(row->id);
	struct tw_element_status status = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	char since[TW_TIME_TEXT_MAX];

	tw_err e = row->status(c, &status);
	if (tw_failed(e)) {
		status = (struct tw_element_status){ .status = TW_STATUS_NOT_PROVIDED };
		(void)snprintf(status.reason, sizeof status.reason, "The check itself failed: %.200s.", tw_err_detail());
	}
	TW_TRY(tw_json_set(j, "id", json_string(row->id)));
	TW_TRY(tw_json_set(j, "text", json_string(in_catalog ? in_catalog->text : "")));
	TW_TRY(tw_json_set(j, "status", json_string(words[status.status])));
	TW_TRY(tw_json_set(j, "reason", json_string(status.reason)));
	if (status.since_ms) {
		tw_time_text(status.since_ms, since);
		TW_TRY(tw_json_set(j, "since", json_string(since)));
	}
	if (status.changed_by[0])
		TW_TRY(tw_json_set(j, "changed_by", json_string(status.changed_by)));
	if (status.setting[0])
		TW_TRY(tw_json_set(j, "setting", json_string(status.setting)));
	return tw_page_add(p, row->id, TW_STEAL(j));
}

static tw_err list_elements(struct tw_context *c, struct tw_page *page, struct tw_reply *rp)
{
	bool skip = page->after[0] != '\0';

	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_element_row *row = (*p)->elements; row && row->id; row++) {
			if (skip)
				skip = strcmp(row->id, page->after) != 0;
			else if (tw_page_takes(page))
				TW_TRY(describe(c, row, page));
		}
	return skip ? tw_page_refuse(rp) : tw_page_end(page, rp);
}

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
	return list_elements(c, &page, rp);
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
