/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms by which a case is changed. One row for each: where it is, which operation of support/cases it does, and what it asks for. A form's input
 * becomes that operation's, is checked against that operation's shape, and goes to that operation's handler, so that a page can do nothing that a
 * program cannot, and the journal says the same of both. What was refused comes back with what was typed.
 */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "service/path/path-match.h"
#include "support/desk/desk.h"
#include "support/query-reception/field.h"
#include "support/rows-desk.h"
#include "support/staff/staff.h"
#include "support/triage/desk-report.h"

#include <string.h>

#define INPUTS_MAX 4
#define PEOPLE_MAX 500  /* in a list to choose from; who comes behind it is named by a program */
#define MOMENT_TYPED 16 /* "2026-11-21T09:30", as browsers send it */

enum control { LINE, BOX, MOMENT, YES_NO, MOVES, PEOPLE, KINDS, STEPS, ZONES, GROUNDS, MEMBERS };
struct input {
	const char *key; /* of the operation's input; NULL ends the list */
	enum tw_word label, hint;
	enum control control;
	size_t most;
	bool needed;
};
struct form {
	const char *path, *does; /* path without the case */
	enum tw_word title;
	bool starts; /* it is about no case yet */
	bool clocks; /* it is about a clock that somebody has started */
	bool report; /* it is about a report */
	struct input inputs[INPUTS_MAX + 1];
};
#define KIND_OF                                                         \
	{                                                               \
		"kind", TW_W_FIELD_KIND, TW_W_FIELD_KIND_HINT, KINDS, 0 \
	}
#define AT                                                         \
	{                                                          \
		"at", TW_W_FIELD_AT, TW_W_FIELD_AT_HINT, MOMENT, 0 \
	}
static const struct form forms[] = {
	{ "/desk/new", "case.create", TW_W_DO_NEW, .starts = true,
		.inputs = { { "title", TW_W_CASE_TITLE, TW_WORDS, LINE, 200, true },
			{ "product", TW_W_PRODUCT, TW_WORDS, LINE, 500 }, { "versions", TW_W_CASE_VERSIONS, TW_WORDS, LINE, 1000 },
			{ "description", TW_W_DESCRIPTION, TW_WORDS, BOX, 4000 } } },
	{ "/desk/drill", "article14.drill", TW_W_DO_DRILL, .starts = true,
		.inputs = { { "zone", TW_W_FIELD_ZONE, TW_W_FIELD_ZONE_HINT, ZONES, 0 } } },
	{ "/desk/move/", "case.move", TW_W_DO_MOVE,
		.inputs = { { "to", TW_W_FIELD_TO, TW_WORDS, MOVES, 0, true }, { "reason", TW_W_REASON, TW_W_FIELD_REASON_HINT, BOX, 2000 },
			{ "duplicate_of", TW_W_DUPLICATE_OF, TW_W_FIELD_DUPLICATE_HINT, LINE, 24 } } },
	{ "/desk/assign/", "case.assign", TW_W_DO_ASSIGN, .inputs = { { "who", TW_W_COLUMN_WHOSE, TW_WORDS, PEOPLE, 0, true } } },
	{ "/desk/change/", "case.change", TW_W_DO_CHANGE,
		.inputs = { { "member", TW_W_FIELD_MEMBER, TW_WORDS, MEMBERS, 0, true },
			{ "text", TW_W_FIELD_TEXT, TW_W_FIELD_TEXT_HINT, BOX, 4000, true } } },
	{ "/desk/embargo/", "case.embargo", TW_W_DO_EMBARGO,
		.inputs = { { "until", TW_W_EMBARGO_UNTIL, TW_W_FIELD_UNTIL_HINT, MOMENT, 0 },
			{ "access", TW_W_FIELD_ACCESS, TW_W_FIELD_ACCESS_HINT, LINE, 2000 } } },
	{ "/desk/told/", "case.tell", TW_W_DO_TELL,
		.inputs = { { "party", TW_W_FIELD_PARTY, TW_WORDS, LINE, 200, true },
			{ "what", TW_W_FIELD_TOLD, TW_WORDS, BOX, 1000, true }, AT } },
	{ "/desk/aware/", "article14.start", TW_W_DO_AWARE,
		.inputs = { { "kind", TW_W_FIELD_KIND, TW_WORDS, KINDS, 0, true },
			{ "aware", TW_W_FIELD_AWARE, TW_W_FIELD_AWARE_HINT, MOMENT, 0 },
			{ "zone", TW_W_FIELD_ZONE, TW_W_FIELD_ZONE_HINT, ZONES, 0 } } },
	{ "/desk/submitted/", "article14.submit", TW_W_DO_SUBMIT, .clocks = true,
		.inputs = { { "step", TW_W_COLUMN_STEP, TW_WORDS, STEPS, 0, true }, KIND_OF, AT,
			{ "reference", TW_W_FIELD_REFERENCE, TW_W_FIELD_REFERENCE_HINT, LINE, 500 } } },
	{ "/desk/measure/", "article14.measure", TW_W_DO_MEASURE, .clocks = true,
		.inputs = { { "what", TW_W_FIELD_MEASURE, TW_WORDS, BOX, 2000, true }, KIND_OF, AT } },
	{ "/desk/users/", "article14.users", TW_W_DO_USERS, .clocks = true,
		.inputs = { { "how", TW_W_FIELD_USERS, TW_WORDS, BOX, 2000, true }, KIND_OF, AT } },
	{ "/desk/asked/", "article14.asked", TW_W_DO_ASKED, .clocks = true,
		.inputs = { { "by", TW_W_FIELD_AUTHORITY, TW_WORDS, LINE, 200, true },
			{ "what", TW_W_FIELD_ASKED, TW_WORDS, BOX, 2000, true }, KIND_OF, AT } },
	{ "/desk/delay/", "article14.delay", TW_W_DO_DELAY, .clocks = true,
		.inputs = { { "ground", TW_W_FIELD_GROUND, TW_WORDS, GROUNDS, 0, true },
			{ "why", TW_W_FIELD_WHY, TW_W_FIELD_TEN_HINT, BOX, 2000, true }, KIND_OF } },
	{ "/desk/not-reportable/", "article14.not-reportable", TW_W_DO_NOT_REPORTABLE, .clocks = true,
		.inputs = { { "reason", TW_W_REASON, TW_W_FIELD_TEN_HINT, BOX, 2000, true }, KIND_OF } },
	{ "/desk/reply/", "report.reply", TW_W_DO_REPLY, .report = true,
		.inputs = { { "text", TW_W_FIELD_REPLY, TW_W_FIELD_REPLY_HINT, BOX, 4500, true } } },
	{ "/desk/take/", "report.case", TW_W_DO_TAKE, .report = true,
		.inputs = { { "title", TW_W_CASE_TITLE, TW_W_FIELD_TITLE_HINT, LINE, 200 },
			{ "reason", TW_W_REASON, TW_W_FIELD_TAKE_HINT, BOX, 1000 } } },
	{ "/desk/same/", "report.duplicate", TW_W_DO_SAME, .report = true,
		.inputs = { { "case", TW_W_DUPLICATE_OF, TW_W_FIELD_DUPLICATE_HINT, LINE, 24, true },
			{ "reason", TW_W_REASON, TW_WORDS, BOX, 1000, true } } },
	{ "/desk/reject/", "report.reject", TW_W_DO_REJECT, .report = true,
		.inputs = { { "reason", TW_W_REASON, TW_WORDS, BOX, 1000, true } } },
	{ "/desk/publish/", "report.publish", TW_W_DO_PUBLISH, .report = true,
		.inputs = { { "thanks", TW_W_FIELD_THANKS, TW_W_FIELD_THANKS_HINT, YES_NO, 0, true } } },
};

static const struct form *form_of(const struct tw_request *rq)
{
	const char *path = rq->operation->path;
	size_t size = strcspn(path, "{");

	for (size_t i = 0; i < TW_COUNT(forms); i++)
		if (strlen(forms[i].path) == size && strncmp(forms[i].path, path, size) == 0)
			return &forms[i];
	return NULL;
}

static const struct tw_operation_row *does(struct tw_context *c, const struct form *f)
{
	return tw_operation_find(c->capabilities, tw_slice_of(f->does));
}

/* --- What can be chosen --- */

struct choosing {
	struct tw_context *c;
	struct tw_html *h;
	struct tw_look look;
	const json_t *doc; /* NULL: of no case */
	const char *value;
};

static void option(const struct choosing *g, const char *value, const char *text)
{
	tw_field_option(g->h, value, text, strcmp(value, g->value) == 0);
}

static void write_moves(const struct choosing *g)
{
	enum tw_case_state from = TW_CASE_STATES;

	(void)tw_case_state_find(tw_slice_of(tw_json_text(g->doc, "state")), &from);
	for (const struct tw_case_move *m = tw_case_moves; m->what; m++)
		if (m->from == from)
			option(g, tw_case_states[m->to], tw_word(tw_desk_state_word(tw_case_states[m->to]), g->look.language));
}

static tw_err write_account(void *user, const struct tw_account *a)
{
	const struct choosing *g = user;
	char id[TW_ACCOUNT_ID_MAX + 2], text[TW_DESK_NAME_MAX];

	if (a->state != TW_ACCOUNT_ACTIVE || tw_account_has(a->roles, TW_ROLE_ADMINISTRATOR))
		return TW_OK;
	tw_account_id(a->id, id);
	(void)snprintf(text, sizeof text, "%s (%s)", a->name, id);
	option(g, id, text);
	return TW_OK;
}

static tw_err write_people(struct choosing *g)
{
	option(g, "-", tw_word(TW_W_WHOSE_NOBODY, g->look.language));
	return tw_account_each(g->c, 0, PEOPLE_MAX, write_account, g);
}

/* Of a form about a clock: those that somebody has started. */
static void write_kinds(const struct choosing *g, bool clocks)
{
	for (enum tw_a14_kind k = TW_A14_EXPLOITED; k < TW_A14_KINDS; k++)
		if (!clocks || tw_case_a14_of(g->doc, k))
			option(g, tw_a14_kinds[k], tw_word(tw_desk_kind_word(k), g->look.language));
}

static tw_err write_options(struct choosing *g, const struct form *f, enum control control)
{
	switch (control) {
	case MOVES:
		write_moves(g);
		break;
	case PEOPLE:
		return write_people(g);
	case KINDS:
		write_kinds(g, f->clocks);
		break;
	case STEPS:
		for (enum tw_a14_step s = TW_A14_WARNING; s < TW_A14_STEPS; s++)
			option(g, tw_a14_steps[s], tw_word(tw_desk_step_word(s), g->look.language));
		break;
	case ZONES:
		for (const struct tw_zone *z = tw_zones; z->name; z++)
			option(g, z->name, z->name);
		break;
	case GROUNDS:
		for (const struct tw_a14_ground *ground = tw_a14_grounds; ground->name; ground++)
			option(g, ground->name, ground->words);
		break;
	case MEMBERS:
		for (size_t i = 0; tw_desk_members[i]; i++)
			option(g, tw_desk_members[i], tw_word(tw_desk_member_word(tw_desk_members[i]), g->look.language));
		break;
	case YES_NO:
		option(g, "no", tw_word(TW_W_NO, g->look.language));
		option(g, "yes", tw_word(TW_W_YES, g->look.language));
		break;
	case LINE:
	case BOX:
	case MOMENT:
		break;
	}
	return TW_OK;
}

static tw_err write_input(struct choosing *g, const struct form *f, const struct input *in)
{
	const struct tw_field field = { .key = in->key,
		.label = in->label,
		.hint = in->hint,
		.most = in->most,
		.rows = in->control == BOX ? 5 : 0,
		.needed = in->needed,
		.plain = true,
		.type = in->control == MOMENT ? "datetime-local" : NULL };

	if (in->control == LINE || in->control == BOX || in->control == MOMENT) {
		tw_field_write(g->h, g->look, &field, g->value, TW_WORDS);
		return TW_OK;
	}
	tw_field_choose(g->h, g->look, &field);
	TW_TRY(write_options(g, f, in->control));
	tw_html_close(g->h);
	return TW_OK;
}

/* --- The page of a form --- */

struct shown {
	const struct form *form;
	json_t *doc; /* NULL: of no case */
	const json_t *typed;
	const struct tw_reply *refused; /* NULL: not yet sent */
	uint64_t reference;
};

/* Rules speak English, to whoever works with them. */
static void write_rule(struct tw_html *h, struct tw_look look, const struct tw_reply *rp)
{
	const char *const lines[] = { rp->title, rp->detail, rp->next };

	for (size_t i = 0; i < TW_COUNT(lines); i++) {
		tw_html_open(h, TW_E_P);
		tw_html_attr(h, TW_AT_LANG, TW_SLICE("en"));
		tw_html_text(h, tw_slice_of(lines[i]));
		tw_html_close(h);
	}
	tw_page_class(h, TW_E_P, "quiet");
	tw_html_text(h, tw_slice_of(tw_word(TW_W_RULE, look.language)));
	tw_html_put(h, TW_E_CODE, rp->rule);
	tw_html_close(h);
}

static void write_refusal(struct tw_html *h, struct tw_look look, const struct shown *s)
{
	if (!s->refused)
		return;
	tw_html_open(h, TW_E_SECTION);
	tw_html_attr(h, TW_AT_ROLE, TW_SLICE("alert"));
	if (s->refused->status >= 429) { /* it is not about what was typed */
		tw_page_put(h, look, TW_E_H2, TW_W_NOT_DONE);
		tw_page_why(h, look, s->refused, s->reference);
	} else {
		tw_page_put(h, look, TW_E_H2, TW_W_NOT_CHANGED);
		write_rule(h, look, s->refused);
	}
	tw_html_close(h);
}

/* To the case or the report that it is about, or to the board. */
static void write_back(struct tw_html *h, struct tw_look look, const struct shown *s)
{
	char path[TW_DESK_PATH_MAX], text[240];

	(void)snprintf(path, sizeof path, "%s%s%.24s", s->form->report ? TW_DESK_REPORTS : TW_DESK_BOARD, s->doc ? "/" : "",
		tw_json_text(s->doc, "id"));
	(void)snprintf(text, sizeof text, "%s: %s", tw_json_text(s->doc, "id"),
		tw_json_text(s->doc, s->form->report ? "product" : "title"));
	tw_utf8_mend(text);
	tw_html_open(h, TW_E_P);
	if (s->doc)
		tw_page_link_text(h, look, path, text);
	else
		tw_page_link(h, look, path, TW_W_BOARD);
	tw_html_close(h);
}

static tw_err form_page(struct tw_context *c, const struct tw_request *rq, const struct shown *s, struct tw_buf *out)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;
	char here[TW_DESK_PATH_MAX];

	(void)snprintf(here, sizeof here, "%s%.24s", s->form->path, s->doc ? tw_json_text(s->doc, "id") : "");
	const struct tw_staff_frame f = { c, rq, here, tw_word(s->form->title, look.language) };
	struct choosing g = { .c = c, .h = &h, .look = look, .doc = s->doc };
	tw_staff_frame_open(&f, &h, out);
	write_refusal(&h, look, s);
	write_back(&h, look, s);
	tw_form_open(&h, look, here);
	for (const struct input *in = s->form->inputs; in->key; in++) {
		g.value = tw_json_text(s->typed, in->key);
		TW_TRY(write_input(&g, s->form, in));
	}
	tw_form_close(&h, look, s->form->title);
	return tw_page_close(&h);
}

/* The case or the report that a form is about; a problem when there is none for whoever asks. */
static tw_err about(struct tw_context *c, const struct tw_request *rq, const struct form *f, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_desk_report_done) struct tw_desk_report r = { .id = 0 };
	int64_t id = 0;

	*ret = NULL;
	if (f->starts)
		return TW_OK;
	if (!f->report)
		return tw_case_load(c, rq, rp, &id, ret);
	TW_TRY(tw_desk_report_load(c, rq, rp, &r));
	*ret = TW_STEAL(r.shown);
	return TW_OK;
}

tw_err tw_desk_form(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	const struct form *f = form_of(rq);

	if (!f)
		return TW_RAISE(INTERNAL, "a form without a row");
	TW_TRY(about(c, rq, f, rp, &doc));
	if (rp->problem[0])
		return TW_OK;
	return form_page(c, rq, &(struct shown){ .form = f, .doc = doc }, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
}

/* --- What it does --- */

/* A browser's moment is the reader's to the minute; here it is said, and meant, in UTC. */
static tw_err put(json_t *to, const struct input *in, const char *text)
{
	char moment[MOMENT_TYPED + sizeof ":00Z"];

	if (in->control == YES_NO)
		return tw_json_set(to, in->key, json_boolean(!strcmp(text, "yes")));
	if (in->control != MOMENT || strlen(text) != MOMENT_TYPED)
		return tw_json_set(to, in->key, json_string(text));
	(void)snprintf(moment, sizeof moment, "%s:00Z", text);
	return tw_json_set(to, in->key, json_string(moment));
}

/* What was left empty is not said. */
static tw_err input_of(const struct form *f, const json_t *typed, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = json_object();

	if (!to)
		return TW_RAISE(NOMEM, "a form's input");
	if (f->inputs[0].control == MEMBERS)
		TW_TRY(tw_json_set(to, tw_json_text(typed, "member"), json_string(tw_json_text(typed, "text"))));
	else
		for (const struct input *in = f->inputs; in->key; in++)
			if (*tw_json_text(typed, in->key))
				TW_TRY(put(to, in, tw_json_text(typed, in->key)));
	if (!strcmp(f->does, "case.embargo") && !json_object_get(to, "until"))
		TW_TRY(tw_json_set(to, "until", json_string("now")));
	*ret = TW_STEAL(to);
	return TW_OK;
}

/* To what it was done with: the case, also one that has just been opened, or the report. */
static tw_err go_on(const struct tw_request *rq, struct tw_reply *rp)
{
	char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX];
	const char *id = tw_json_text(rp->body, "id");

	if (*id == 'c')
		(void)snprintf(path, sizeof path, TW_DESK_CASES "%.24s?done=1", id);
	else
		(void)snprintf(path, sizeof path, TW_DESK_REPORTS "/%.*s?done=1",
			(int)(rq->parameter.size < 24 ? rq->parameter.size : 24), rq->parameter.at);
	tw_page_address(tw_look_of(rq), path, address);
	json_decref(rp->body);
	rp->body = NULL;
	rp->status = 303;
	(void)snprintf(rp->location, sizeof rp->location, "%.*s", (int)sizeof rp->location - 1, address);
	return TW_OK;
}

tw_err tw_desk_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	const struct form *f = form_of(rq);
	const struct tw_operation_row *o = f ? does(c, f) : NULL;
	struct tw_request inner = *rq;

	if (!o)
		return TW_RAISE(INTERNAL, "a form that does nothing");
	if (strcmp(o->permission, rq->operation->permission) != 0)
		return TW_RAISE(INTERNAL, "the gate was asked for another permission than that of what the form does");
	TW_TRY(input_of(f, rq->input, &input));
	tw_err e = tw_json_check(input, o->input);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return tw_reply_problem(rp, 422, "input", "path.input", "Something is missing or too long",
			"Look at the fields, and send it again.", "%s", tw_err_detail());
	TW_TRY(e);
	inner.operation = o; /* by whose name the journal knows it */
	inner.input = input;
	TW_TRY(o->handler(c, &inner, rp));
	return rp->problem[0] ? TW_OK : go_on(rq, rp);
}

bool tw_desk_refused_here(const struct tw_request *rq, const struct tw_reply *rp)
{
	return rq->operation && rq->operation->form && rq->input && rp->status != 404 && form_of(rq);
}

tw_err tw_desk_problem(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	struct shown s = { .form = form_of(rq), .typed = rq->input, .refused = rp, .reference = reference };
	struct tw_reply aside = { 0 };
	tw_err e = about(c, rq, s.form, &aside, &doc);
	bool none = aside.problem[0] != '\0';

	tw_reply_done(&aside);
	TW_TRY(e);
	if (none)
		return tw_page_problem(c, rq, rp, reference, body);
	s.doc = doc;
	return form_page(c, rq, &s, body);
}

/* --- Where they are --- */

static bool fits(const struct form *f, const json_t *doc)
{
	if (f->starts != (doc == NULL) || (doc && f->report != (*tw_json_text(doc, "id") == 'r')))
		return false;
	return !f->clocks || tw_case_a14_of(doc, TW_A14_EXPLOITED) || tw_case_a14_of(doc, TW_A14_INCIDENT);
}

static void write_links(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	bool any = false;

	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		const struct tw_operation_row *o = does(c, &forms[i]);
		char path[TW_DESK_PATH_MAX];

		if (!o || !fits(&forms[i], doc) || !tw_staff_may(c, rq, o->permission))
			continue;
		if (!any)
			tw_page_class(h, TW_E_UL, "actions");
		any = true;
		(void)snprintf(path, sizeof path, "%s%.24s", forms[i].path, doc ? tw_json_text(doc, "id") : "");
		tw_html_open(h, TW_E_LI);
		tw_page_link(h, look, path, forms[i].title);
		tw_html_close(h);
	}
	if (any)
		tw_html_close(h);
}

void tw_desk_actions(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	tw_page_put(h, look, TW_E_H2, TW_W_ACTIONS);
	write_links(c, rq, h, look, doc);
}

void tw_desk_begin(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, struct tw_look look)
{
	write_links(c, rq, h, look, NULL);
}
