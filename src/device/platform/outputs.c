/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/outputs.h"

#include "service/path/gate.h"
#include "service/path/path-match.h"

/* --- The words --- */

tw_err tw_outputs_read(struct tw_device *d, struct tw_withheld *ret)
{
	const struct tw_setting_row *row = tw_setting_find(&d->context, TW_OUTPUTS_WITHHELD);
	struct tw_outputs_seen *seen = &d->outputs;
	struct tw_setting_state state;

	if (!row)
		return TW_RAISE(INTERNAL, "no setting says what is withheld");
	TW_TRY(tw_setting_state(&d->context, row, &state));
	if (strcmp(state.value, seen->words) != 0) {
		*seen = (struct tw_outputs_seen){ .words = "" };
		memcpy(seen->words, state.value, sizeof seen->words);
	}
	return tw_withheld_read(tw_slice_of(seen->words), ret);
}

/* A stream of the log shows what log.read does. */
static const char *name_of(const struct tw_operation_row *o)
{
	return strcmp(o->name, "log.stream") == 0 ? "log.read" : o->name;
}

bool tw_outputs_of(const struct tw_context *c, const struct tw_operation_row *o)
{
	return !tw_gate_role_may(c->gate, TW_SUBJECT_ANYONE, o->permission) || tw_gate_may_be_free(c->gate, o->permission);
}

/* Blanks between. */
static bool has_word(const char *words, struct tw_slice word)
{
	for (const char *at = words; at && *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");

		if (size == word.size && memcmp(at, word.at, size) == 0)
			return true;
		at += size;
	}
	return false;
}

/* What the path writes into records (service/path/path-record.c), and what events of any row have. */
static bool is_of_records(const struct tw_context *c, struct tw_slice field)
{
	static const char of_requests[] =
		"door operation parameter subject account member session how source status intent result rule detail by event fields "
		"code place";

	if (has_word(of_requests, field))
		return true;
	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_event_row *e = (*p)->events; e && e->id; e++)
			for (const struct tw_shape *s = e->fields; s && s->key; s++)
				if (tw_slice_is(field, s->key))
					return true;
	return false;
}

bool tw_outputs_has(const struct tw_context *c, const struct tw_operation_row *o, struct tw_slice field)
{
	const bool records = strcmp(name_of(o), "log.read") == 0 || strcmp(o->name, "telemetry.read") == 0;

	return has_word(o->fields, field) || (records && is_of_records(c, field));
}

/* --- Whom they concern --- */

static int role_of(const struct tw_context *c, struct tw_slice who)
{
	char name[TW_WITHHELD_NAME_MAX + 1];

	(void)snprintf(name, sizeof name, TW_SLICE_FMT, TW_SLICE_ARG(who));
	return tw_gate_role(c->gate, name);
}

/* What whoever lists recipients and actions gives to roles: it makes none of them hold more than another. */
static bool is_given_apart(const char *permission)
{
	return strncmp(permission, "share.", strlen("share.")) == 0 || strncmp(permission, "action.", strlen("action.")) == 0;
}

/* Whoever has a role is somebody logged in, and may what they may. */
static bool may(const struct tw_context *c, int role, const char *permission)
{
	return tw_gate_role_may(c->gate, role, permission) || tw_gate_role_may(c->gate, TW_SUBJECT_ACCOUNT, permission);
}

static bool holds_no_more(const struct tw_context *c, int role, int than)
{
	const char *permission;

	for (size_t i = 0; (permission = tw_gate_permission_name(c->gate, i)); i++)
		if (!is_given_apart(permission) && tw_gate_role_may(c->gate, role, permission) && !may(c, than, permission))
			return false;
	return true;
}

/* Owners, and what is of the device itself. */
static bool is_spared(const struct tw_subject *s)
{
	switch (s->kind) {
	case TW_SUBJECT_OWNER:
	case TW_SUBJECT_DEVICE:
	case TW_SUBJECT_APPLICATION:
	case TW_SUBJECT_PROVIDER:
	case TW_SUBJECT_BUTTON:
		return true;
	case TW_SUBJECT_ANYONE:
	case TW_SUBJECT_LOCAL:
	case TW_SUBJECT_CONSOLE:
	case TW_SUBJECT_PEER:
	case TW_SUBJECT_ACCOUNT:
	case TW_SUBJECT_KINDS:
		break;
	}
	return false;
}

static bool concerns(const struct tw_context *c, const struct tw_withheld_word *w, const struct tw_subject *s)
{
	struct tw_role_set has = s->given;

	if (w->party || is_spared(s))
		return false;
	const int named = role_of(c, w->who);
	if (tw_slice_is(w->who, "*") || s->kind == TW_SUBJECT_ANYONE || named < 0 || named == (int)s->kind)
		return true;
	if (s->kind != TW_SUBJECT_ACCOUNT) {
		has = (struct tw_role_set){ 0 };
		tw_role_set_add(&has, (int)s->kind);
	}
	if (tw_role_set_has(&has, named))
		return true;
	for (int role = 0; role < (int)tw_gate_role_count(c->gate); role++)
		if (tw_role_set_has(&has, role) && !holds_no_more(c, role, named))
			return false;
	return true;
}

static bool concerns_party(const struct tw_withheld_word *w, const char *party)
{
	return tw_slice_is(w->who, "*") || (w->party && tw_slice_is(w->who, party));
}

tw_err tw_outputs_names(struct tw_context *c, const char *role, bool *ret)
{
	const int number = tw_gate_role(c->gate, role);
	struct tw_withheld all;

	*ret = false;
	TW_TRY(tw_outputs_read(tw_device_of(c), &all));
	for (size_t i = 0; i < all.count && !*ret; i++) {
		const struct tw_withheld_word *w = &all.words[i];
		const int named = w->party ? -1 : role_of(c, w->who);

		*ret = !w->party &&
			(tw_slice_is(w->who, role) || (number >= 0 && named >= 0 && tw_gate_role_within(c->gate, named, number)));
	}
	return TW_OK;
}

/* --- Taking out --- */

/* Which words count for one answer: a bit each. */
struct withholding {
	struct tw_device *device;
	struct tw_withheld all;
	unsigned here;   /* of all of it */
	unsigned within; /* of the results of tasks, which are other operations' */
};

static bool is_of_tasks(const struct tw_operation_row *o)
{
	return strncmp(o->name, "tasks.", strlen("tasks.")) == 0;
}

static tw_err look(struct tw_context *c, const struct tw_subject *s, const char *party, const struct tw_operation_row *o,
	struct withholding *ret)
{
	*ret = (struct withholding){ .device = tw_device_of(c) };
	TW_TRY(tw_outputs_read(ret->device, &ret->all));
	if (!ret->all.count || !tw_outputs_of(c, o))
		return TW_OK;
	for (size_t i = 0; i < ret->all.count; i++) {
		const struct tw_withheld_word *w = &ret->all.words[i];
		const bool meant = (s && concerns(c, w, s)) || (party && concerns_party(w, party));

		ret->here |= (unsigned)(meant && tw_withheld_about(w, name_of(o))) << i;
		ret->within |= (unsigned)(meant && is_of_tasks(o)) << i;
	}
	return TW_OK;
}

static void count_it(struct withholding *h, size_t i, bool refused)
{
	struct tw_outputs_count *n = &h->device->outputs.of[i];

	if (refused)
		n->refused++;
	else
		n->narrowed++;
	n->last_ms = tw_time_wall_ms(&h->device->time);
}

static tw_err take_from_results(json_t *body, struct tw_slice field, size_t *ret_taken)
{
	json_t *one;
	size_t i;

	TW_TRY(tw_withheld_take(json_object_get(body, "result"), field, ret_taken));
	json_array_foreach(json_object_get(body, "tasks"), i, one)
		TW_TRY(tw_withheld_take(json_object_get(one, "result"), field, ret_taken));
	return TW_OK;
}

static tw_err take_all(struct withholding *h, json_t *body)
{
	for (size_t i = 0; i < h->all.count; i++) {
		size_t taken = 0;

		if (h->here >> i & 1)
			TW_TRY(tw_withheld_take(body, h->all.words[i].field, &taken));
		else if (h->within >> i & 1)
			TW_TRY(take_from_results(body, h->all.words[i].field, &taken));
		if (taken)
			count_it(h, i, false);
	}
	return TW_OK;
}

/* Each name once, and whether or not there was such a member: that there was none is for nobody to learn who may not see it. */
static tw_err say_what(const struct withholding *h, json_t *body)
{
	TW_CLEANUP(tw_jsonp) json_t *names = json_array();

	for (size_t i = 0; i < h->all.count; i++) {
		const struct tw_slice field = h->all.words[i].field;
		bool told = false;

		for (size_t n = 0; n < json_array_size(names); n++)
			told = told || tw_slice_is(field, json_string_value(json_array_get(names, n)));
		if ((h->here >> i & 1) && !told)
			TW_TRY(tw_json_append(names, json_stringn(field.at, field.size)));
	}
	return json_array_size(names) ? tw_json_set(body, "withheld", TW_STEAL(names)) : TW_OK;
}

/* The answer may hold what somebody else keeps, so it is a copy that is made less. */
static tw_err narrow_by(struct withholding *h, json_t **body)
{
	TW_CLEANUP(tw_jsonp) json_t *copy = NULL;

	if (!h->here && !h->within)
		return TW_OK;
	copy = json_deep_copy(*body);
	if (!copy)
		return TW_RAISE(NOMEM, "an answer without what is withheld");
	TW_TRY(take_all(h, copy));
	if (json_is_object(copy))
		TW_TRY(say_what(h, copy));
	json_decref(*body);
	*body = TW_STEAL(copy);
	return TW_OK;
}

/* @nist LA.IC.12: behind every handler, whichever door the answer goes out by: what is withheld from whoever asked is not in it */
static tw_err narrow(struct tw_context *c, const struct tw_subject *s, const struct tw_operation_row *o, json_t **body)
{
	struct withholding h;

	TW_TRY(look(c, s, NULL, o, &h));
	return narrow_by(&h, body);
}

tw_err tw_outputs_for_party(
	struct tw_context *c, const struct tw_subject *s, const char *party, const struct tw_operation_row *o, json_t **body)
{
	struct withholding h;

	TW_TRY(look(c, s, party, o, &h));
	return narrow_by(&h, body);
}

/* --- What cannot be narrowed --- */

static bool holds_it(const struct tw_context *c, const char *operations, const struct tw_withheld_word *w)
{
	for (const char *at = operations; at && *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");
		const struct tw_operation_row *o = tw_operation_find(c->capabilities, (struct tw_slice){ at, size });

		if (o && tw_withheld_about(w, o->name) && tw_outputs_has(c, o, w->field))
			return true;
		at += size;
	}
	return false;
}

static tw_err refuse(struct withholding *h, size_t i, struct tw_reply *rp, const char *detail)
{
	const struct tw_slice field = h->all.words[i].field;

	count_it(h, i, true);
	return tw_reply_problem(rp, 403, "forbidden", TW_OUTPUTS_WITHHELD, "Something of this is withheld from you",
		"Ask an owner of the device.", "%s: " TW_SLICE_FMT ".", detail, TW_SLICE_ARG(field));
}

/* @nist LA.IC.12: what is signed, or a file, goes out whole or not at all; and nobody finds a field by asking for entries that have it */
static tw_err withholds(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_operation_row *o = rq->operation;
	struct withholding h;

	TW_TRY(look(c, &rq->subject, NULL, o, &h));
	for (size_t i = 0; i < h.all.count; i++) {
		const struct tw_withheld_word *w = &h.all.words[i];
		char field[TW_WITHHELD_NAME_MAX + 1];

		if (concerns(c, w, &rq->subject) && tw_outputs_of(c, o) && holds_it(c, o->carries, w))
			return refuse(&h, i, rp, "It is signed or a file, and cannot be given without a field that is withheld");
		(void)snprintf(field, sizeof field, TW_SLICE_FMT, TW_SLICE_ARG(w->field));
		if ((h.here >> i & 1) && o->query && rq->input && json_object_get(rq->input, field))
			return refuse(&h, i, rp, "Entries cannot be looked up by a field that is withheld");
	}
	return TW_OK;
}

void tw_outputs_start(struct tw_device *d)
{
	d->context.withholds = withholds;
	d->context.narrow = narrow;
}
