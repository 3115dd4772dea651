/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms by which a case is changed. One row for each: where it is, which operation of support/cases it does, and what it asks for. A form's input
 * becomes that operation's, is checked against that operation's shape, and goes to that operation's handler, so that a page can do nothing that a
 * program cannot, and the journal says the same of both. What was refused comes back with what was typed.
 */
#include "base/mem.h"
#include "base/text.h"
#include "service/path/path-match.h"
#include "support/desk/forms.h"
#include "support/query-reception/field.h"
#include "support/rows-desk.h"
#include "support/staff/staff.h"
#include "support/triage/desk-report.h"

#include <string.h>

#define KIND_OF                                                                 \
	{                                                                       \
		"kind", TW_W_FIELD_KIND, TW_W_FIELD_KIND_HINT, TW_FORM_KINDS, 0 \
	}
#define AT                                                                    \
	{                                                                     \
		"at", TW_W_FIELD_AT, TW_W_FIELD_AT_HINT, TW_FORM_MOMENT_OF, 0 \
	}
static const struct tw_form forms[] = {
	{ "/desk/new", "case.create", TW_W_DO_NEW, .starts = true,
		.inputs = { { "title", TW_W_CASE_TITLE, TW_WORDS, TW_FORM_LINE, 200, true },
			{ "product", TW_W_PRODUCT, TW_WORDS, TW_FORM_LINE, 500 },
			{ "versions", TW_W_CASE_VERSIONS, TW_WORDS, TW_FORM_LINE, 1000 },
			{ "description", TW_W_DESCRIPTION, TW_WORDS, TW_FORM_BOX, 4000 } } },
	{ "/desk/drill", "article14.drill", TW_W_DO_DRILL, .starts = true,
		.inputs = { { "zone", TW_W_FIELD_ZONE, TW_W_FIELD_ZONE_HINT, TW_FORM_ZONES, 0 } } },
	{ "/desk/move/", "case.move", TW_W_DO_MOVE,
		.inputs = { { "to", TW_W_FIELD_TO, TW_WORDS, TW_FORM_MOVES, 0, true },
			{ "reason", TW_W_REASON, TW_W_FIELD_REASON_HINT, TW_FORM_BOX, 2000 },
			{ "duplicate_of", TW_W_DUPLICATE_OF, TW_W_FIELD_DUPLICATE_HINT, TW_FORM_LINE, 24 } } },
	{ "/desk/assign/", "case.assign", TW_W_DO_ASSIGN, .inputs = { { "who", TW_W_COLUMN_WHOSE, TW_WORDS, TW_FORM_PEOPLE, 0, true } } },
	{ "/desk/change/", "case.change", TW_W_DO_CHANGE, .keeps = true,
		.inputs = { { "member", TW_W_FIELD_MEMBER, TW_WORDS, TW_FORM_MEMBERS, 0, true },
			{ "text", TW_W_FIELD_TEXT, TW_W_FIELD_TEXT_HINT, TW_FORM_MEMBER_BOX, 4000, true } } },
	{ "/desk/embargo/", "case.embargo", TW_W_DO_EMBARGO, .keeps = true,
		.inputs = { { "end", TW_W_FIELD_END, TW_WORDS, TW_FORM_YES_NO, 0, true },
			{ "until", TW_W_EMBARGO_UNTIL, TW_W_FIELD_UNTIL_HINT, TW_FORM_MOMENT_OF, 0 },
			{ "access", TW_W_FIELD_ACCESS, TW_W_FIELD_ACCESS_HINT, TW_FORM_LINE, 2000 } } },
	{ "/desk/told/", "case.tell", TW_W_DO_TELL,
		.inputs = { { "party", TW_W_FIELD_PARTY, TW_WORDS, TW_FORM_LINE, 200, true },
			{ "what", TW_W_FIELD_TOLD, TW_WORDS, TW_FORM_BOX, 1000, true }, AT } },
	{ "/desk/aware/", "article14.start", TW_W_DO_AWARE,
		.inputs = { { "kind", TW_W_FIELD_KIND, TW_WORDS, TW_FORM_KINDS, 0, true },
			{ "aware", TW_W_FIELD_AWARE, TW_W_FIELD_AWARE_HINT, TW_FORM_MOMENT_OF, 0 },
			{ "zone", TW_W_FIELD_ZONE, TW_W_FIELD_ZONE_HINT, TW_FORM_ZONES, 0 } } },
	{ "/desk/submitted/", "article14.submit", TW_W_DO_SUBMIT, .clocks = true,
		.inputs = { { "step", TW_W_COLUMN_STEP, TW_WORDS, TW_FORM_STEPS, 0, true }, KIND_OF, AT,
			{ "reference", TW_W_FIELD_REFERENCE, TW_W_FIELD_REFERENCE_HINT, TW_FORM_LINE, 500 },
			{ "who", TW_W_FIELD_SUBMITTER, TW_WORDS, TW_FORM_WHO, 0 } } },
	{ "/desk/measure/", "article14.measure", TW_W_DO_MEASURE, .clocks = true,
		.inputs = { { "what", TW_W_FIELD_MEASURE, TW_WORDS, TW_FORM_BOX, 2000, true }, KIND_OF, AT } },
	{ "/desk/users/", "article14.users", TW_W_DO_USERS, .clocks = true,
		.inputs = { { "how", TW_W_FIELD_USERS, TW_WORDS, TW_FORM_BOX, 2000, true }, KIND_OF, AT } },
	{ "/desk/asked/", "article14.asked", TW_W_DO_ASKED, .clocks = true,
		.inputs = { { "by", TW_W_FIELD_AUTHORITY, TW_WORDS, TW_FORM_LINE, 200, true },
			{ "what", TW_W_FIELD_ASKED, TW_WORDS, TW_FORM_BOX, 2000, true }, KIND_OF, AT } },
	{ "/desk/delay/", "article14.delay", TW_W_DO_DELAY, .clocks = true,
		.inputs = { { "ground", TW_W_FIELD_GROUND, TW_WORDS, TW_FORM_GROUNDS, 0, true },
			{ "why", TW_W_FIELD_WHY, TW_W_FIELD_TEN_HINT, TW_FORM_BOX, 2000, true }, KIND_OF } },
	{ "/desk/not-reportable/", "article14.not-reportable", TW_W_DO_NOT_REPORTABLE, .clocks = true,
		.inputs = { { "reason", TW_W_REASON, TW_W_FIELD_TEN_HINT, TW_FORM_BOX, 2000, true }, KIND_OF } },
	{ "/desk/reply/", "report.reply", TW_W_DO_REPLY, .report = true,
		.inputs = { { "text", TW_W_FIELD_REPLY, TW_W_FIELD_REPLY_HINT, TW_FORM_BOX, 4500, true } } },
	{ "/desk/take/", "report.case", TW_W_DO_TAKE, .report = true,
		.inputs = { { "title", TW_W_CASE_TITLE, TW_W_FIELD_TITLE_HINT, TW_FORM_LINE, 200 },
			{ "reason", TW_W_REASON, TW_W_FIELD_TAKE_HINT, TW_FORM_BOX, 1000 } } },
	{ "/desk/same/", "report.duplicate", TW_W_DO_SAME, .report = true,
		.inputs = { { "case", TW_W_DUPLICATE_OF, TW_W_FIELD_DUPLICATE_HINT, TW_FORM_LINE, 24, true },
			{ "reason", TW_W_REASON, TW_WORDS, TW_FORM_BOX, 1000, true } } },
	{ "/desk/reject/", "report.reject", TW_W_DO_REJECT, .report = true,
		.inputs = { { "reason", TW_W_REASON, TW_WORDS, TW_FORM_BOX, 1000, true } } },
	{ "/desk/destroy/", "report.destroy-files", TW_W_DO_DESTROY, .report = true,
		.inputs = { { "reason", TW_W_REASON, TW_W_DESTROY_HINT, TW_FORM_BOX, 1000, true } } },
	{ "/desk/publish/", "report.publish", TW_W_DO_PUBLISH, .report = true,
		.inputs = { { "thanks", TW_W_FIELD_THANKS, TW_W_FIELD_THANKS_HINT, TW_FORM_YES_NO, 0, true } } },
};

static const struct tw_form *form_of(const struct tw_request *rq)
{
	const char *path = rq->operation->path;
	size_t size = strcspn(path, "{");

	for (size_t i = 0; i < TW_COUNT(forms); i++)
		if (strlen(forms[i].path) == size && strncmp(forms[i].path, path, size) == 0)
			return &forms[i];
	return NULL;
}

static const struct tw_operation_row *does(struct tw_context *c, const struct tw_form *f)
{
	return tw_operation_find(c->capabilities, tw_slice_of(f->does));
}

/* --- The page of a form --- */

struct shown {
	const struct tw_form *form;
	json_t *doc; /* NULL: of no case */
	const json_t *typed;
	const json_t *present;
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

/* What somebody else said meanwhile. */
static void write_present(struct tw_html *h, struct tw_look look, const struct shown *s)
{
	if (strcmp(s->refused->rule, TW_FORM_CHANGED) != 0)
		return;
	tw_page_put(h, look, TW_E_H3, TW_W_PRESENT);
	tw_page_class(h, TW_E_DL, "facts");
	for (const struct tw_form_input *in = s->form->inputs; in->key; in++)
		if (in->control != TW_FORM_MEMBERS)
			tw_desk_pair(h, look, in->label, tw_json_text(s->present, in->key));
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
		tw_page_why_as(h, look, s->refused, s->reference, TW_W_PROBLEM_DESK);
	} else {
		tw_page_put(h, look, TW_E_H2, TW_W_NOT_CHANGED);
		write_rule(h, look, s->refused);
		write_present(h, look, s);
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

/* A form takes the place of one member: which, is chosen first, so that what it says now can stand in the form. */
static void write_members(struct tw_html *h, struct tw_look look, const char *here)
{
	tw_page_put(h, look, TW_E_P, TW_W_FIELD_MEMBER);
	tw_page_class(h, TW_E_UL, "actions");
	for (size_t i = 0; tw_desk_members[i]; i++) {
		char path[TW_DESK_PATH_MAX];

		(void)snprintf(path, sizeof path, "%.60s?member=%s", here, tw_desk_members[i]);
		tw_html_open(h, TW_E_LI);
		tw_page_link(h, look, path, tw_desk_member_word(tw_desk_members[i]));
		tw_html_close(h);
	}
	tw_html_close(h);
}

/* Hidden in the form: a key by which it does something once, and what it began with. Whoever is shown what it says now sends it as of now. */
static tw_err write_hidden(struct tw_context *c, struct tw_html *h, const struct shown *s)
{
	const char *seen = tw_json_text(s->typed, "seen"), *once = tw_json_text(s->typed, "once");
	TW_CLEANUP(tw_buf_done) struct tw_buf now = { 0 }, key = { 0 };

	if (!s->form->report) { /* what becomes of a report is said once by itself */
		TW_TRY(tw_form_new_key(c, &key));
		tw_form_hidden(h, "once", *once ? once : tw_buf_cstr(&key));
	}
	if (!s->form->keeps)
		return TW_OK;
	TW_TRY(tw_form_digest(c, s->doc, tw_form_member(s->form, s->typed), &now));
	tw_form_hidden(h, "seen", *seen && s->refused && strcmp(s->refused->rule, TW_FORM_CHANGED) != 0 ? seen : tw_buf_cstr(&now));
	return TW_OK;
}

static tw_err write_form(struct tw_context *c, struct tw_html *h, struct tw_look look, const struct shown *s, const char *here)
{
	struct tw_form_choosing g = { .c = c, .h = h, .look = look, .doc = s->doc, .member = tw_json_text(s->typed, "member") };
	bool bytes = false;

	tw_form_open(h, look, here);
	TW_TRY(write_hidden(c, h, s));
	for (const struct tw_form_input *in = s->form->inputs; in->key; in++) {
		g.value = tw_json_text(s->typed, in->key);
		TW_TRY(tw_form_input_write(&g, s->form, in));
		bytes = bytes || (in->most && strcmp(s->form->does, "report.reply") != 0); /* as operations count, where browsers count characters */
	}
	if (bytes) {
		tw_page_class(h, TW_E_P, "hint");
		tw_html_text(h, tw_slice_of(tw_word(TW_W_FIELD_BYTES, look.language)));
		tw_html_close(h);
	}
	tw_form_close(h, look, s->form->title);
	return TW_OK;
}

static tw_err form_page(struct tw_context *c, const struct tw_request *rq, struct shown *s, struct tw_buf *out)
{
	TW_CLEANUP(tw_jsonp) json_t *there = NULL;
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;
	char path[TW_DESK_PATH_MAX], here[TW_DESK_PATH_MAX];

	TW_TRY(tw_form_present(c, s->form, s->doc, rq->input, &there));
	s->present = there;
	s->typed = s->refused ? rq->input : there;
	const bool which = s->form->inputs[0].control == TW_FORM_MEMBERS && !tw_form_is_member(tw_json_text(s->typed, "member"));
	const char *member = which ? "" : tw_json_text(s->typed, "member");
	(void)snprintf(path, sizeof path, "%s%.24s", s->form->path, s->doc ? tw_json_text(s->doc, "id") : "");
	(void)snprintf(here, sizeof here, "%.60s%s%.40s", path, *member ? "?member=" : "", member);
	const struct tw_staff_frame f = { c, rq, here, tw_word(s->form->title, look.language) };
	tw_staff_frame_open(&f, &h, out);
	write_refusal(&h, look, s);
	write_back(&h, look, s);
	if (which)
		write_members(&h, look, path);
	else
		TW_TRY(write_form(c, &h, look, s, path));
	return tw_page_close(&h);
}

/* The case or the report that a form is about; a problem when there is none for whoever asks. */
static tw_err about(struct tw_context *c, const struct tw_request *rq, const struct tw_form *f, struct tw_reply *rp, json_t **ret)
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
	const struct tw_form *f = form_of(rq);

	if (!f)
		return TW_RAISE(INTERNAL, "a form without a row");
	TW_TRY(about(c, rq, f, rp, &doc));
	if (rp->problem[0])
		return TW_OK;
	return form_page(c, rq, &(struct shown){ .form = f, .doc = doc }, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
}

/* --- What it does --- */

/* A browser's moment is the reader's to the minute; here it is said, and meant, in UTC. */
static tw_err put(json_t *to, const struct tw_form_input *in, const char *text)
{
	char moment[TW_FORM_MOMENT + sizeof ":00Z"];

	if (in->control == TW_FORM_YES_NO)
		return tw_json_set(to, in->key, json_boolean(!strcmp(text, "yes")));
	if (in->control != TW_FORM_MOMENT_OF || strlen(text) != TW_FORM_MOMENT)
		return tw_json_set(to, in->key, json_string(text));
	(void)snprintf(moment, sizeof moment, "%s:00Z", text);
	return tw_json_set(to, in->key, json_string(moment));
}

/* Its end is a choice of its own; left empty, its time stays as it is. */
static tw_err embargo_of(const json_t *typed, const json_t *doc, json_t *to)
{
	const char *until = tw_json_text(tw_json_get(doc, "embargo"), "until");

	(void)json_object_del(to, "end");
	if (!strcmp(tw_json_text(typed, "end"), "yes"))
		return tw_json_set(to, "until", json_string("now"));
	const char *typed_until = tw_json_text(typed, "until");
	bool kept = *until && (!*typed_until || (strlen(typed_until) == TW_FORM_MOMENT && !strncmp(typed_until, until, TW_FORM_MOMENT)));
	return kept ? tw_json_set(to, "until", json_string(until)) : TW_OK; /* with the seconds that no form shows */
}

/* What was left empty is not said. */
static tw_err input_of(const struct tw_form *f, const json_t *typed, const json_t *doc, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = json_object();

	if (!to)
		return TW_RAISE(NOMEM, "a form's input");
	if (f->inputs[0].control == TW_FORM_MEMBERS)
		TW_TRY(tw_json_set(to, tw_json_text(typed, "member"), json_string(tw_json_text(typed, "text"))));
	else
		for (const struct tw_form_input *in = f->inputs; in->key; in++)
			if (*tw_json_text(typed, in->key))
				TW_TRY(put(to, in, tw_json_text(typed, in->key)));
	if (!strcmp(f->does, "case.embargo"))
		TW_TRY(embargo_of(typed, doc, to));
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

/* Sent twice: where the first led to, and nothing is done again. */
static tw_err again(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, bool *ret)
{
	int64_t id = 0;

	TW_TRY(tw_case_done_once(c, rq, &id));
	*ret = id > 0;
	if (!*ret)
		return TW_OK;
	rp->body = json_pack("{s:o}", "id", json_sprintf("c%lld", (long long)id));
	return rp->body ? go_on(rq, rp) : TW_RAISE(NOMEM, "a form");
}

/* The form's input as the operation's; a problem when its shape does not take it. */
static tw_err checked(
	struct tw_context *c, const struct tw_request *rq, const struct tw_operation_row *o, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	const struct tw_form *f = form_of(rq);

	if (f->keeps) {
		TW_TRY(about(c, rq, f, rp, &doc));
		if (!rp->problem[0])
			TW_TRY(tw_form_check_seen(c, rq, f, doc, rp));
		if (rp->problem[0])
			return TW_OK;
	}
	TW_TRY(input_of(f, rq->input, doc, ret));
	tw_err e = tw_json_check(*ret, o->input);
	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	return tw_reply_problem(rp, 422, "input", "path.input", "Something is missing or too long",
		"Look at the fields, and send it again.", "%s", tw_err_detail());
}

tw_err tw_desk_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	const struct tw_form *f = form_of(rq);
	const struct tw_operation_row *o = f ? does(c, f) : NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf once = { 0 };
	struct tw_request inner = *rq;
	bool done = false;

	if (!o)
		return TW_RAISE(INTERNAL, "a form that does nothing");
	if (strcmp(o->permission, rq->operation->permission) != 0)
		return TW_RAISE(INTERNAL, "the gate was asked for another permission than that of what the form does");
	TW_TRY(tw_form_once(c, f, rq->input, &once));
	inner.once = tw_buf_cstr(&once);
	TW_TRY(again(c, &inner, rp, &done));
	if (!done)
		TW_TRY(checked(c, rq, o, rp, &input));
	if (done || rp->problem[0])
		return TW_OK;
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
	struct shown s = { .form = form_of(rq), .refused = rp, .reference = reference };
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

static bool fits(const struct tw_form *f, const json_t *doc)
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
