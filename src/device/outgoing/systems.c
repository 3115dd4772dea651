/* SPDX-License-Identifier: Apache-2.0 */
/* What is demanded of systems outside, as it is read and written: of all by settings, of some more by entries of the organization's. */
#include "base/text.h"
#include "device/platform/outside.h"
#include "device/rows-outgoing.h"
#include "service/path/page.h"

tw_err tw_outgoing_apply_suites(struct tw_context *c, const char *value)
{
	uint16_t suites;

	return tw_failed(tw_demand_suites_read(value, &suites)) ? TW_RAISE(DENIED, "%.150s", tw_err_detail()) : TW_OK;
}

tw_err tw_outgoing_apply_groups(struct tw_context *c, const char *value)
{
	uint8_t groups;

	return tw_failed(tw_demand_groups_read(value, &groups)) ? TW_RAISE(DENIED, "%.150s", tw_err_detail()) : TW_OK;
}

/* --- Reading --- */

static tw_err add_word(struct tw_buf *b, const char *word)
{
	if (b->size)
		TW_TRY(tw_buf_u8(b, ' '));
	return tw_buf_text(b, word);
}

static tw_err add_all(struct tw_context *c, json_t *body)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf suites = { 0 }, groups = { 0 };
	struct tw_fetch_demand all;

	TW_TRY(tw_outside_least(c, &all));
	tw_buf_init(&suites, c->sys, 1024);
	tw_buf_init(&groups, c->sys, 128);
	for (size_t i = 0; i < TW_DEMAND_SUITES; i++)
		if (all.suites & (1u << i))
			TW_TRY(add_word(&suites, tw_demand_suites[i].name));
	for (size_t i = 0; i < TW_DEMAND_GROUPS; i++)
		if (all.groups & (1u << i))
			TW_TRY(add_word(&groups, tw_demand_groups[i]));
	TW_TRY(tw_json_set(body, "tls", json_string(all.tls == TW_DEMAND_TLS_1_3 ? "1.3" : "1.2")));
	TW_TRY(tw_json_set(body, "suites", json_string(tw_buf_cstr(&suites))));
	return tw_json_set(body, "groups", json_string(tw_buf_cstr(&groups)));
}

static tw_err add_refused(const struct tw_outside_seen *s, json_t *body)
{
	char when[TW_TIME_TEXT_MAX];

	TW_TRY(tw_json_set(body, "refused", json_integer(s->count)));
	if (!s->count)
		return TW_OK;
	tw_time_text(s->last_ms, when);
	TW_TRY(tw_json_set(body, "last", json_string(when)));
	TW_TRY(tw_json_set(body, "last_place", json_string(s->place)));
	return tw_json_set(body, "last_rule", json_string(s->rule));
}

tw_err tw_outgoing_systems(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	struct tw_page page;
	json_t *one;
	size_t i;

	TW_TRY(tw_page_begin(c, rq, rp, &page));
	if (rp->problem[0])
		return TW_OK;
	TW_TRY(add_all(c, rp->body));
	TW_TRY(add_refused(&tw_device_of(c)->outside, rp->body));
	TW_TRY(tw_outside_read(tw_device_of(c), &document));
	json_array_foreach(tw_json_get(document, "systems"), i, one) {
		if (strcmp(tw_json_text(one, "name"), page.after) <= 0)
			continue;
		if (!tw_page_takes(&page))
			break;
		TW_TRY(tw_page_add(&page, tw_json_text(one, "name"), json_incref(one)));
	}
	return tw_page_end(&page, rp);
}

/* --- Writing --- */

static bool is_name(struct tw_slice name)
{
	if (name.size == 0 || name.size > TW_OUTSIDE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (!((name.at[i] >= 'a' && name.at[i] <= 'z') || (i && ((name.at[i] >= '0' && name.at[i] <= '9') || name.at[i] == '-'))))
			return false;
	return true;
}

static tw_err refuse(struct tw_reply *rp, int status, const char *rule, const char *next, const char *why)
{
	return tw_reply_problem(rp, status,
		status == 400           ? "input"
			: status == 404 ? "unknown"
					: "full",
		rule, "This cannot be demanded of a system outside", next, "%s", why);
}

/* Where name stands among the entries, which are by name, or would have to. */
static size_t place_of(const json_t *systems, struct tw_slice name, bool *ret_is)
{
	size_t i = 0;

	for (; i < json_array_size(systems); i++) {
		const char *other = tw_json_text(json_array_get(systems, i), "name");
		const size_t size = strlen(other) < name.size ? strlen(other) : name.size;
		const int order = memcmp(other, name.at, size);

		*ret_is = order == 0 && strlen(other) == name.size;
		if (*ret_is || order > 0 || (order == 0 && strlen(other) > name.size))
			return i;
	}
	*ret_is = false;
	return i;
}

static tw_err make_entry(const struct tw_request *rq, const char *place, json_t **ret)
{
	static const char *const rest[] = { "suites", "groups", "keys", "posture", "attester", "claims" };
	TW_CLEANUP(tw_jsonp) json_t *entry = json_object();
	const char *tls = tw_json_text(rq->input, "tls");

	TW_TRY(tw_json_set(entry, "name", json_stringn(rq->parameter.at, rq->parameter.size)));
	TW_TRY(tw_json_set(entry, "place", json_string(place)));
	TW_TRY(tw_json_set(entry, "tls", json_string(*tls ? tls : "1.2")));
	for (size_t i = 0; i < TW_COUNT(rest); i++)
		TW_TRY(tw_json_set(entry, rest[i], json_string(tw_json_text(rq->input, rest[i]))));
	*ret = TW_STEAL(entry);
	return TW_OK;
}

static bool find_place(const struct tw_request *rq, char ret[TW_DEMAND_PLACE_MAX + 1])
{
	const char *said = tw_json_text(rq->input, "place");
	char url[300];

	(void)snprintf(url, sizeof url, "https://%s", said);
	return !said[strcspn(said, "/?#")] && tw_demand_place(tw_slice_of(url), ret);
}

/* What a place has already is said by another name: two that say something else of one place could not both count. */
static bool is_taken(const json_t *systems, size_t but, bool is_known, const char *place)
{
	for (size_t i = 0; i < json_array_size(systems); i++)
		if (!(is_known && i == but) && strcmp(tw_json_text(json_array_get(systems, i), "place"), place) == 0)
			return true;
	return false;
}

static tw_err judge(struct tw_context *c, const json_t *entry, struct tw_reply *rp)
{
	static const char next[] = "See /api/v1/openapi.json for the form.";
	struct tw_outside whole = { .demand = TW_FETCH_DEMAND_LEAST };

	TW_TRY(tw_outside_least(c, &whole.demand));
	tw_err e = tw_outside_add(tw_device_of(c), entry, &whole);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_UNTRUSTED) || tw_is(e, TW_CODE_LIMIT))
		return refuse(rp, 400, "outside.form", next, tw_err_detail());
	TW_TRY(e);
	if (!whole.demand.suites || !whole.demand.groups)
		return refuse(rp, 400, "outside.nothing", "Name a suite and a group that all may speak.",
			"Together with what is demanded of all, nothing is left that could be spoken.");
	return TW_OK;
}

tw_err tw_outgoing_system_put(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *entry = NULL;
	char place[TW_DEMAND_PLACE_MAX + 1];
	bool is_known = false;

	if (!is_name(rq->parameter))
		return refuse(rp, 400, "outside.name", "Begin with a letter.", "A name has small letters, digits and hyphens, 48 at most.");
	if (!find_place(rq, place))
		return refuse(rp, 400, "outside.place", "Say it as partner.example:443.", "A place is a host and a port.");
	TW_TRY(tw_outside_read(tw_device_of(c), &document));
	json_t *systems = tw_json_get(document, "systems");
	const size_t at = place_of(systems, rq->parameter, &is_known);
	if (is_taken(systems, at, is_known, place))
		return refuse(rp, 409, "outside.taken", "Change that one, or remove it.", "Another entry is about this place.");
	if (!is_known && json_array_size(systems) >= TW_OUTSIDE_MAX)
		return refuse(rp, 409, "outside.full", "Remove one that is not needed.", "There are 16 entries at most.");
	TW_TRY(make_entry(rq, place, &entry));
	TW_TRY(judge(c, entry, rp));
	if (rp->problem[0])
		return TW_OK;
	if (is_known ? json_array_set(systems, at, entry) : json_array_insert(systems, at, entry))
		return TW_RAISE(NOMEM, "systems outside");
	TW_TRY(tw_outside_write(tw_device_of(c), document));
	rp->status = is_known ? 200 : 201;
	rp->body = TW_STEAL(entry);
	return TW_OK;
}

tw_err tw_outgoing_system_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	bool is_known = false;

	TW_TRY(tw_outside_read(tw_device_of(c), &document));
	json_t *systems = tw_json_get(document, "systems");
	const size_t at = place_of(systems, rq->parameter, &is_known);
	if (!is_known)
		return refuse(rp, 404, "outside.unknown", "See outside.list for those there are.", "There is no entry of this name.");
	if (json_array_remove(systems, at))
		return TW_RAISE(NOMEM, "systems outside");
	return tw_outside_write(tw_device_of(c), document);
}
