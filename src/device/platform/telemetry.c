/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the product's own program says of itself, in one answer: the health of its parts, its settings, and what it wrote into the log lately.
 * Only what the manifest declares is its; the rest of the log is told to whoever may read the log.
 */
#include "device/platform/application.h"
#include "device/rows-platform.h"
#include "service/path/operations.h"

#define EVENTS_MAX 100               /* in one answer */
#define EVENTS_BYTES_MAX (48 * 1024) /* likewise: it must fit into what a recipient is given */

struct telling {
	const tw_application_rows *application;
	json_t *list;
	size_t bytes;
	tw_err result;
};

static bool take_record(void *user, const struct tw_log_record *r)
{
	struct telling *t = user;
	TW_CLEANUP(tw_jsonp) json_t *record = NULL;

	if (r->type != TW_LOG_EVENT)
		return true;
	t->result = tw_op_log_record(r, &record);
	if (tw_failed(t->result))
		return false;
	if (!tw_application_event(t->application, tw_slice_of(tw_json_text(record, "event"))))
		return true;
	if (json_array_size(t->list) == EVENTS_MAX || t->bytes + r->body.size > EVENTS_BYTES_MAX)
		return false;
	t->bytes += r->body.size;
	t->result = tw_json_append(t->list, TW_STEAL(record));
	return !tw_failed(t->result);
}

static tw_err add_events(struct tw_context *c, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	struct telling t = { .application = tw_device_of(c)->application, .list = list, .result = TW_OK };

	TW_TRY(tw_audit_recent(c->audit, 0, TW_AUDIT_RECENT_MAX, take_record, &t));
	TW_TRY(t.result);
	return tw_json_set(body, "events", TW_STEAL(list));
}

static tw_err add_health(const struct tw_device *d, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const char *name, *word;

	for (size_t i = 0; (name = tw_application_health(d->application, i, &word)); i++)
		TW_TRY(tw_json_append(list, json_pack("{s:s, s:s}", "name", name, "state", word)));
	return tw_json_set(body, "health", TW_STEAL(list));
}

static tw_err add_settings(struct tw_context *c, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	for (const struct tw_setting_row *row = tw_application_capability(tw_device_of(c)->application)->settings; row->key; row++) {
		struct tw_setting_state state;

		TW_TRY(tw_setting_state(c, row, &state));
		TW_TRY(tw_json_append(list, json_pack("{s:s, s:s}", "key", row->key, "value", state.value)));
	}
	return tw_json_set(body, "settings", TW_STEAL(list));
}

tw_err tw_platform_telemetry(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->body = json_object();
	TW_TRY(add_health(tw_device_of(c), rp->body));
	TW_TRY(add_settings(c, rp->body));
	return add_events(c, rp->body);
}
