/* SPDX-License-Identifier: Apache-2.0 */
/* Which fields an owner withholds from whom: the judgement of the setting, what may be read of it, and how the element stands. */
#include "device/outgoing/shares.h"

#include "base/text.h"
#include "device/platform/firewall.h"
#include "device/platform/outputs.h"
#include "device/rows-outgoing.h"
#include "service/path/gate.h"
#include "service/path/page.h"

#define WHY_MAX 200

tw_err tw_outgoing_start(struct tw_device *d)
{
	tw_outputs_start(d);
	return TW_OK;
}

/* --- What may be said --- */

static void name_of(struct tw_slice s, char ret[TW_WITHHELD_NAME_MAX + 1])
{
	(void)snprintf(ret, TW_WITHHELD_NAME_MAX + 1, TW_SLICE_FMT, TW_SLICE_ARG(s));
}

static tw_err check_role(const struct tw_context *c, const struct tw_withheld_word *w)
{
	char name[TW_WITHHELD_NAME_MAX + 1];

	if (w->party || tw_slice_is(w->who, "*"))
		return TW_OK;
	name_of(w->who, name);
	const int role = tw_gate_role(c->gate, name);
	if (role < 0)
		return TW_RAISE(NOTFOUND, "there is no role '%s'", name);
	if (role == TW_SUBJECT_OWNER)
		return TW_RAISE(DENIED, "from owners nothing is withheld: they could not take it back");
	if (!tw_gate_assignable(c->gate, role) && role != TW_SUBJECT_LOCAL && role != TW_SUBJECT_CONSOLE &&
		role != TW_SUBJECT_PEER && role != TW_SUBJECT_ACCOUNT)
		return TW_RAISE(DENIED, "'%s' is nobody who is given answers with fields", name);
	return TW_OK;
}

static bool is_shared(const char *operation)
{
	static const char *const data[] = { "telemetry", "log", "identity" };

	for (size_t i = 0; i < TW_COUNT(data); i++)
		if (strcmp(tw_share_operation(data[i]), operation) == 0)
			return true;
	return false;
}

struct meant {
	size_t operations, with_field;
};

/* Operations from whose answers the word would take something. */
static struct meant find_meant(const struct tw_context *c, const struct tw_withheld_word *w)
{
	struct meant m = { 0 };

	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++) {
			if (!tw_withheld_about(w, o->name) || !tw_outputs_of(c, o) || (w->party && !is_shared(o->name)))
				continue;
			m.operations++;
			m.with_field += tw_outputs_has(c, o, w->field);
		}
	return m;
}

static tw_err check_word(const struct tw_context *c, const struct tw_withheld_word *w)
{
	TW_TRY(check_role(c, w));
	const struct meant m = find_meant(c, w);
	if (!m.operations)
		return TW_RAISE(NOTFOUND, "'" TW_SLICE_FMT "': there is no such operation, or nothing of its answers can be withheld so",
			TW_SLICE_ARG(w->text));
	if (!m.with_field)
		return TW_RAISE(NOTFOUND, "'" TW_SLICE_FMT "': no answer of these has a field of that name", TW_SLICE_ARG(w->text));
	return TW_OK;
}

/* What would withhold nothing is refused: whoever wrote it would believe that it does. */
tw_err tw_outgoing_apply_withheld(struct tw_context *c, const char *value)
{
	struct tw_withheld all;

	tw_err e = tw_withheld_read(tw_slice_of(value), &all);
	for (size_t i = 0; !tw_failed(e) && i < all.count; i++)
		e = check_word(c, &all.words[i]);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_EXISTS)) {
		char why[WHY_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return TW_RAISE(DENIED, "%s", why);
	}
	return e;
}

/* --- What may be read --- */

/* Answers with a field of that name that whoever has the role is given all the same. */
static tw_err add_elsewhere(const struct tw_context *c, const struct tw_withheld *all, const struct tw_withheld_word *w, json_t *entry)
{
	char name[TW_WITHHELD_NAME_MAX + 1];
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();

	name_of(w->who, name);
	const int role = w->party ? -1 : tw_gate_role(c->gate, name);
	for (const struct tw_capability *const *p = c->capabilities; role >= 0 && *p; p++)
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++) {
			bool withheld = !tw_gate_role_may(c->gate, role, o->permission) || !tw_outputs_of(c, o) ||
				!tw_outputs_has(c, o, w->field);

			for (size_t i = 0; i < all->count && !withheld; i++) {
				const struct tw_withheld_word *other = &all->words[i];

				withheld = !other->party && tw_withheld_about(other, o->name) && other->field.size == w->field.size &&
					memcmp(other->field.at, w->field.at, w->field.size) == 0 &&
					(tw_slice_is(other->who, "*") || tw_slice_is(other->who, name));
			}
			if (!withheld)
				TW_TRY(tw_json_append(list, json_string(o->name)));
		}
	return tw_json_set(entry, "elsewhere", TW_STEAL(list));
}

static tw_err describe(struct tw_context *c, const struct tw_withheld *all, size_t i, json_t **ret)
{
	const struct tw_withheld_word *w = &all->words[i];
	const struct tw_outputs_count *n = &tw_device_of(c)->outputs.of[i];
	TW_CLEANUP(tw_jsonp)
	json_t *entry = json_pack("{s:s%, s:s%, s:s%, s:i, s:i}", "who", w->who.at - w->party, w->who.size + w->party, "operations",
		w->operations.at, w->operations.size, "field", w->field.at, w->field.size, "narrowed", (int)n->narrowed, "refused",
		(int)n->refused);
	char name[TW_WITHHELD_NAME_MAX + 1], last[TW_TIME_TEXT_MAX];

	if (!entry)
		return TW_RAISE(NOMEM, "what is withheld");
	name_of(w->who, name);
	TW_TRY(tw_json_set(entry, "everybody", json_boolean(!w->party && (tw_slice_is(w->who, "*") || tw_gate_role(c->gate, name) < 0))));
	if (n->last_ms) {
		tw_time_text(n->last_ms, last);
		TW_TRY(tw_json_set(entry, "last", json_string(last)));
	}
	TW_TRY(add_elsewhere(c, all, w, entry));
	*ret = TW_STEAL(entry);
	return TW_OK;
}

tw_err tw_outgoing_outputs(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const char *why = tw_firewall_lets_out(c);
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	struct tw_withheld all;

	TW_TRY(tw_outputs_read(tw_device_of(c), &all));
	for (size_t i = 0; i < all.count; i++) {
		json_t *entry = NULL;

		TW_TRY(describe(c, &all, i, &entry));
		TW_TRY(tw_json_append(list, entry));
	}
	rp->body = json_pack("{s:b}", "destinations", !why);
	if (!rp->body)
		return TW_RAISE(NOMEM, "what goes out");
	if (why)
		TW_TRY(tw_json_set(rp->body, "why", json_string(why)));
	return tw_json_set(rp->body, "fields", TW_STEAL(list));
}

/* --- Status --- */

/* @nist LA.IC.12: what goes out is held to the product's destinations, and fields are withheld from whom the owner says; who that is, is for whoever may
   list it */
tw_err tw_outgoing_status_outputs(struct tw_context *c, struct tw_element_status *ret)
{
	const char *why = tw_firewall_lets_out(c);
	const bool off = !tw_setting_is(c, "firewall.egress", "enforce") || !tw_setting_is(c, "firewall.mode", "enforce");
	struct tw_withheld all;
	unsigned narrowed = 0, refused = 0;

	TW_TRY(tw_outputs_read(tw_device_of(c), &all));
	for (size_t i = 0; i < all.count; i++) {
		narrowed += tw_device_of(c)->outputs.of[i].narrowed;
		refused += tw_device_of(c)->outputs.of[i].refused;
	}
	(void)snprintf(ret->setting, sizeof ret->setting, "firewall.egress");
	ret->status = !why                                     ? TW_STATUS_PROVIDED
		: off && tw_device_of(c)->manifest->flow_count ? TW_STATUS_OFF
							       : TW_STATUS_NOT_PROVIDED;
	if (!tw_device_of(c)->manifest->flow_count)
		why = "The product declares no flows.";
	if (ret->status == TW_STATUS_OFF) {
		struct tw_setting_state state;

		TW_TRY(tw_setting_state(c, tw_setting_find(c, "firewall.egress"), &state));
		ret->since_ms = state.changed_ms;
		(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
	}
	(void)snprintf(ret->reason, sizeof ret->reason,
		"%s%.120s Fields withheld by outputs.withheld: %zu; answers without them %u, refused %u.",
		why ? "Destinations are not controlled: " : "What goes to a destination that no flow names is dropped.",
		why ? why : "", all.count, narrowed, refused);
	return TW_OK;
}
