/* SPDX-License-Identifier: Apache-2.0 */
/* Settings over the API. A change names the version it was made for (If-Match), so that two people cannot undo each other unseen. */
#include "service/path/operations.h"

#include "base/text.h"
#include "service/path/change.h"
#include "service/path/page.h"

tw_err tw_op_health(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	rp->body = json_object();
	return tw_json_set(rp->body, "state", json_string("ok"));
}

/* What a form needs to know to offer only what can be stored. */
static tw_err describe_range(const struct tw_setting_row *row, json_t *j)
{
	static const char *const types[] = { "bool", "int", "text", "choice" };

	TW_TRY(tw_json_set(j, "type", json_string(types[row->type])));
	if (row->choices)
		TW_TRY(tw_json_set(j, "choices", json_string(row->choices)));
	if (row->unit && row->unit[0])
		TW_TRY(tw_json_set(j, "unit", json_string(row->unit)));
	if (row->type != TW_SETTING_INT)
		return TW_OK;
	TW_TRY(tw_json_set(j, "min", json_integer(row->min)));
	return tw_json_set(j, "max", json_integer(row->max));
}

static tw_err describe(struct tw_context *c, const struct tw_setting_row *row, json_t **ret, int64_t *ret_version)
{
	struct tw_setting_state state;
	int64_t left = 0;
	TW_TRY(tw_setting_state(c, row, &state));
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();
	TW_TRY(tw_json_set(j, "key", json_string(row->key)));
	TW_TRY(tw_json_set(j, "value", json_string(state.value)));
	TW_TRY(tw_json_set(j, "default", json_string(row->default_value)));
	TW_TRY(tw_json_set(j, "baseline", json_string(row->baseline)));
	TW_TRY(tw_json_set(j, "version", json_integer(state.version)));
	TW_TRY(tw_json_set(j, "help", json_string(row->help ? row->help : "")));
	TW_TRY(describe_range(row, j));
	if (state.version > 0) {
		char when[TW_TIME_TEXT_MAX];
		tw_time_text(state.changed_ms, when);
		TW_TRY(tw_json_set(j, "changed", json_string(when)));
		TW_TRY(tw_json_set(j, "changed_by", json_string(state.changed_by)));
	}
	if (row->confirm && tw_change_waits(c, row->key, &left))
		TW_TRY(tw_json_set(j, "confirm_within", json_integer(left)));
	*ret_version = state.version;
	*ret = TW_STEAL(j);
	return TW_OK;
}

/* @nist LA.RSM.5.3: a setting that says who may do what is shown to whoever may read that, and to nobody else */
static tw_err may_read(struct tw_context *c, const struct tw_request *rq, const struct tw_setting_row *row, bool *ret)
{
	struct tw_decision d = { .verdict = TW_ALLOW };

	if (row->permission && (!strncmp(row->permission, "access.", strlen("access.")) || !strcmp(row->permission, "audit.change")))
		TW_TRY(tw_path_decide(c, &rq->subject, "access.read", TW_WHEN_ALWAYS, &d));
	*ret = d.verdict == TW_ALLOW;
	return TW_OK;
}

/* The first row behind the cursor's; a name that is none any more (another release) is refused. */
static tw_err list_from(struct tw_context *c, const struct tw_request *rq, struct tw_page *p, struct tw_reply *rp)
{
	bool skip = p->after[0] != '\0', shown = false;
	for (const struct tw_capability *const *q = c->capabilities; *q; q++) {
		for (const struct tw_setting_row *r = (*q)->settings; r && r->key; r++) {
			json_t *one = NULL;
			int64_t version = 0;
			if (skip) {
				skip = strcmp(r->key, p->after) != 0;
				continue;
			}
			TW_TRY(may_read(c, rq, r, &shown));
			if (!shown)
				continue;
			if (!tw_page_takes(p))
				return TW_OK;
			TW_TRY(describe(c, r, &one, &version));
			TW_TRY(tw_page_add(p, r->key, one));
		}
	}
	return skip ? tw_page_refuse(rp) : TW_OK;
}

tw_err tw_op_settings_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page p;
	TW_TRY(tw_page_begin(c, rq, rp, &p));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(list_from(c, rq, &p, rp));
	return rp->problem[0] ? TW_OK : tw_page_end(&p, rp);
}

static tw_err show(struct tw_context *c, const struct tw_setting_row *row, struct tw_reply *rp)
{
	int64_t version = 0;
	TW_TRY(describe(c, row, &rp->body, &version));
	snprintf(rp->etag, sizeof rp->etag, "\"%lld\"", (long long)version);
	return TW_OK;
}

static const struct tw_setting_row *row_of(struct tw_context *c, const struct tw_request *rq)
{
	char key[128];
	if (rq->parameter.size >= sizeof key)
		return NULL;
	memcpy(key, rq->parameter.at, rq->parameter.size);
	key[rq->parameter.size] = '\0';
	return tw_setting_find(c, key);
}

static tw_err no_such(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 404, "not-found", "setting.unknown", "There is no such setting",
		"List the settings to see their names.", "No setting has this name.");
}

static tw_err not_yours(struct tw_reply *rp)
{
	return tw_reply_problem(rp, 403, "forbidden", "gate.permission", "Not permitted", "Ask somebody who holds it.",
		"You do not hold the permission this setting needs.");
}

tw_err tw_op_settings_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_setting_row *row = row_of(c, rq);
	bool may = false;
	if (!row)
		return no_such(rp);
	TW_TRY(may_read(c, rq, row, &may));
	return may ? show(c, row, rp) : not_yours(rp);
}

/* One strong entity tag with a version of ours. "*" and lists say "whatever it is now", which is what If-Match is to prevent. */
static bool expected_version(struct tw_slice tag, int64_t *ret)
{
	uint64_t n = 0;
	if (tag.size < 3 || tag.at[0] != '"' || tag.at[tag.size - 1] != '"')
		return false;
	if (tw_failed(tw_parse_u64((struct tw_slice){ tag.at + 1, tag.size - 2 }, INT64_MAX, &n)))
		return false;
	*ret = (int64_t)n;
	return true;
}

static tw_err refuse_change(const struct tw_context *c, struct tw_reply *rp, tw_err e)
{
	if (tw_store_fault(c->store) != TW_STORE_WELL) /* the disk, and not the value, was the limit */
		return e;
	char why[TW_DETAIL_MAX];
	snprintf(why, sizeof why, "%s", tw_err_detail());
	switch ((int)e.code) {
	case TW_CODE_SYNTAX:
	case TW_CODE_LIMIT:
		return tw_reply_problem(rp, 400, "input", "setting.value", "This value is not allowed",
			"Read the setting to see what it takes.", "%s", why);
	case TW_CODE_STATE:
		return tw_reply_problem(rp, 412, "changed", "setting.version", "Somebody else changed it first",
			"Read it again, and decide again.", "%s", why);
	case TW_CODE_DENIED:
		return tw_reply_problem(
			rp, 409, "refused", "setting.apply", "The device cannot take this value now", "See the detail.", "%s", why);
	default:
		return e;
	}
}

/* A row may ask for more than the operation does. */
static tw_err may_change(struct tw_context *c, const struct tw_request *rq, const struct tw_setting_row *row, bool *ret)
{
	struct tw_decision d;

	TW_TRY(tw_change_decide(c, &rq->subject, row, &d));
	*ret = d.verdict == TW_ALLOW;
	return TW_OK;
}

static tw_err change(
	struct tw_context *c, const struct tw_request *rq, const struct tw_setting_row *row, int64_t version, struct tw_reply *rp)
{
	struct tw_setting_state before;
	const char *value = tw_json_text(rq->input, "value");
	TW_TRY(tw_setting_state(c, row, &before));
	TW_TRY(tw_change_setting(c, row, value, version, &rq->subject));
	snprintf(rp->note, sizeof rp->note, "%.60s: %.50s, was %.50s", row->key, value, before.value);
	return TW_OK;
}

tw_err tw_op_settings_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_setting_row *row = row_of(c, rq);
	const struct tw_http_field *tag = rq->head ? tw_http_find(rq->head, "If-Match") : NULL;
	int64_t version = -1;
	bool may = false;
	if (!row)
		return no_such(rp);
	TW_TRY(may_change(c, rq, row, &may));
	if (!may)
		return not_yours(rp);
	if (!tag)
		return tw_reply_problem(rp, 428, "precondition", "setting.if-match", "Say which version you mean to change",
			"Read the setting and send its ETag as If-Match.", "A change needs If-Match.");
	if (!expected_version(tag->value, &version))
		return tw_reply_problem(rp, 412, "changed", "setting.version", "This is not a version of the setting",
			"Read the setting and send its ETag as If-Match.", "If-Match takes one ETag of this setting.");
	tw_err e = change(c, rq, row, version, rp);
	return tw_failed(e) ? refuse_change(c, rp, e) : show(c, row, rp);
}
