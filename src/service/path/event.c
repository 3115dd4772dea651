/* SPDX-License-Identifier: Apache-2.0 */
/* Events and facts: found by name in the rows, never made up. */
#include "service/path/path.h"

static const char *const severities[] = { "debug", "info", "notice", "warning", "error", "critical" };

static const struct tw_event_row *find_event(const struct tw_context *c, const char *id)
{
	for (const struct tw_capability *const *p = c->capabilities; *p; p++) {
		for (const struct tw_event_row *r = (*p)->events; r && r->id; r++) {
			if (strcmp(r->id, id) == 0)
				return r;
		}
	}
	return NULL;
}

static tw_err record(struct tw_context *c, const struct tw_event_row *row, json_t *fields)
{
	if (tw_failed(tw_json_check(fields, row->fields))) {
		char why[128];
		snprintf(why, sizeof why, "%s", tw_err_detail());
		return TW_RAISE(INTERNAL, "event %s: %s", row->id, why);
	}
	TW_CLEANUP(tw_jsonp) json_t *body = json_object();
	TW_TRY(tw_json_set(body, "event", json_string(row->id)));
	TW_TRY(tw_json_set(body, "severity", json_string(severities[row->severity])));
	if (row->element)
		TW_TRY(tw_json_set(body, "element", json_string(row->element)));
	if (json_object_size(fields))
		TW_TRY(tw_json_set(body, "fields", json_incref(fields)));
	return tw_audit_append(c->audit, TW_LOG_EVENT, TW_STEAL(body), NULL);
}

tw_err tw_event(struct tw_context *c, const char *id, json_t *fields)
{
	TW_CLEANUP(tw_jsonp) json_t *owned = fields;
	const struct tw_event_row *row = find_event(c, id);
	if (!owned)
		return TW_RAISE(NOMEM, "event %s", id);
	if (!row)
		return TW_RAISE(INTERNAL, "no row declares the event %s", id);
	return record(c, row, owned);
}

tw_err tw_fact(struct tw_context *c, const char *name, json_t **ret)
{
	for (const struct tw_capability *const *p = c->capabilities; *p; p++) {
		for (const struct tw_fact_row *r = (*p)->facts; r && r->name; r++) {
			if (strcmp(r->name, name) == 0)
				return r->read(c, ret);
		}
	}
	return TW_RAISE(INTERNAL, "no row declares the fact %s", name);
}

tw_err tw_fact_int(struct tw_context *c, const char *name, int64_t *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *value = NULL;

	TW_TRY(tw_fact(c, name, &value));
	if (!json_is_integer(value))
		return TW_RAISE(INTERNAL, "the fact %s is no number", name);
	*ret = json_integer_value(value);
	return TW_OK;
}
