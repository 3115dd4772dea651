/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The forms of the desk, and what they do. A form's input becomes that of the operation which its row names, is checked against that operation's shape,
 * and goes to that operation's handler, so that a page can do nothing that a program cannot, and the journal says the same of both. What was refused
 * comes back with what was typed.
 */
#include "base/mem.h"
#include "base/text.h"
#include "service/path/path-match.h"
#include "support/desk/forms.h"
#include "support/query-reception/field.h"
#include "support/questions/pages.h"
#include "support/rows-desk.h"
#include "support/staff/staff.h"
#include "support/subscriptions/desk.h"
#include "support/triage/desk-report.h"

#include <string.h>

static const struct tw_form *form_of(const struct tw_request *rq)
{
	const char *path = rq->operation->path;
	size_t size = strcspn(path, "{");

	for (const struct tw_form *f = tw_forms; f->path; f++)
		if (strlen(f->path) == size && strncmp(f->path, path, size) == 0)
			return f;
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
	if (s->form->about == TW_ABOUT_QUESTION) {
		tw_question_last(h, look, s->doc);
		return;
	}
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

	if (tw_form_does_once(s->form)) { /* the rest is said once by itself */
		TW_TRY(tw_form_new_key(c, &key));
		tw_form_hidden(h, "once", *once ? once : tw_buf_cstr(&key));
	}
	if (!s->form->keeps)
		return TW_OK;
	TW_TRY(tw_form_digest(c, s->doc, tw_form_member(s->form, s->typed), &now));
	tw_form_hidden(h, "seen", *seen && s->refused && strcmp(s->refused->rule, TW_FORM_CHANGED) != 0 ? seen : tw_buf_cstr(&now));
	return TW_OK;
}

/* What is said of accounts is short in any case. */
static bool counts_bytes(const struct tw_form *f)
{
	return (f->about <= TW_ABOUT_FINDING || f->about >= TW_ABOUT_ADVISORY) && strcmp(f->does, "report.reply") != 0;
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
		bytes = bytes || (in->most && counts_bytes(s->form)); /* as operations count, where browsers count characters */
	}
	if (bytes) {
		tw_page_class(h, TW_E_P, "hint");
		tw_html_text(h, tw_slice_of(tw_word(TW_W_FIELD_BYTES, look.language)));
		tw_html_close(h);
	}
	tw_form_close(h, look, s->form->title);
	return TW_OK;
}

/* Which one is meant: it has no page of its own. */
static void write_device(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *doc)
{
	tw_page_class(h, TW_E_DL, "facts");
	tw_desk_pair(h, look, TW_W_PRODUCT, tw_desk_product(c, tw_json_text(doc, "product")));
	tw_desk_pair(h, look, TW_W_CUSTOMER_SERIAL, tw_json_text(doc, "serial"));
	tw_html_close(h);
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
	(void)snprintf(path, sizeof path, "%s%.47s", s->form->path, s->doc ? tw_json_text(s->doc, "id") : "");
	(void)snprintf(here, sizeof here, "%.90s%s%.40s", path, *member ? "?member=" : "", member);
	const struct tw_staff_frame f = { c, rq, here, tw_word(s->form->title, look.language) };
	tw_staff_frame_open(&f, &h, out);
	write_refusal(&h, look, s);
	tw_form_back(&h, look, s->form, s->doc);
	if (s->form->warns)
		tw_page_put(&h, look, TW_E_P, s->form->warns);
	if (s->form->library)
		TW_TRY(tw_answers_offered(c, &h, look, s->doc));
	if (s->form->about == TW_ABOUT_DEVICE)
		write_device(c, &h, look, s->doc);
	if (which)
		write_members(&h, look, path);
	else
		TW_TRY(write_form(c, &h, look, s, path));
	if (s->form->shows && s->form->about == TW_ABOUT_NOTICE)
		TW_TRY(tw_notice_preview(c, &h, look, s->doc));
	else if (s->form->shows)
		TW_TRY(tw_desk_advisory_whole(c, &h, look, s->doc));
	return tw_page_close(&h);
}

tw_err tw_desk_form(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	const struct tw_form *f = form_of(rq);

	if (!f)
		return TW_RAISE(INTERNAL, "a form without a row");
	TW_TRY(tw_form_subject(c, rq, f, rp, &doc));
	if (rp->problem[0])
		return TW_OK;
	return form_page(c, rq, &(struct shown){ .form = f, .doc = doc }, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
}

/* --- What it does --- */

/* A browser's moment is the reader's to the minute; here it is said, and meant, in UTC. */
static tw_err put(json_t *to, const struct tw_form_input *in, const char *text)
{
	char moment[TW_FORM_MOMENT + sizeof ":00Z"];

	uint64_t number = 0;

	if (in->control == TW_FORM_NUMBER) {
		TW_TRY(tw_parse_u64(tw_slice_of(text), INT32_MAX, &number));
		return tw_json_set(to, in->key, json_integer((json_int_t)number));
	}
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
			if (f->whole || *tw_json_text(typed, in->key))
				TW_TRY(put(to, in, tw_json_text(typed, in->key)));
	if (!strcmp(f->does, "case.embargo"))
		TW_TRY(embargo_of(typed, doc, to));
	*ret = TW_STEAL(to);
	return TW_OK;
}

/* To what it was done with, also what has just been made. */
static tw_err go_on(const struct tw_form *f, const struct tw_request *rq, struct tw_reply *rp)
{
	char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX];

	tw_form_next(f, rq, rp->body, path);
	tw_page_address(tw_look_of(rq), path, address);
	json_decref(rp->body);
	rp->body = NULL;
	rp->status = 303;
	(void)snprintf(rp->location, sizeof rp->location, "%.*s", (int)sizeof rp->location - 1, address);
	return TW_OK;
}

/* What is told once stands in the answer itself, and in no address. */
static tw_err answer(struct tw_context *c, const struct tw_form *f, const struct tw_request *rq, struct tw_reply *rp)
{
	if (*tw_json_text(rp->body, "code"))
		return tw_desk_invited(c, rq, rp);
	if (*tw_json_text(rp->body, "uri"))
		return tw_desk_secret(c, rq, rp);
	if (strcmp(f->does, "question.disclose") == 0)
		return tw_question_disclosed(c, rq, rp);
	return go_on(f, rq, rp);
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
	return rp->body ? go_on(form_of(rq), rq, rp) : TW_RAISE(NOMEM, "a form");
}

/* What a page asks a person for, an operation may leave to a program. A member's text has another name there. */
static bool says_all(const struct tw_form *f, const json_t *input)
{
	for (const struct tw_form_input *in = f->inputs; in->key; in++)
		if (in->needed && (in->control == TW_FORM_LINE || in->control == TW_FORM_BOX) && !*tw_json_text(input, in->key))
			return false;
	return true;
}

/* The form's input as the operation's; a problem when its shape does not take it. */
static tw_err checked(
	struct tw_context *c, const struct tw_request *rq, const struct tw_operation_row *o, struct tw_reply *rp, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	const struct tw_form *f = form_of(rq);

	if (f->keeps) {
		TW_TRY(tw_form_subject(c, rq, f, rp, &doc));
		if (!rp->problem[0])
			TW_TRY(tw_form_check_seen(c, rq, f, doc, rp));
		if (rp->problem[0])
			return TW_OK;
	}
	if (!o->input)
		return TW_OK;
	tw_err e = input_of(f, rq->input, doc, ret);
	if (!tw_failed(e))
		e = says_all(f, *ret) ? tw_json_check(*ret, o->input) : TW_RAISE(SYNTAX, "a field that is needed is empty");
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
	return rp->problem[0] ? TW_OK : answer(c, f, rq, rp);
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
	tw_err e = tw_form_subject(c, rq, s.form, &aside, &doc);
	bool none = aside.problem[0] != '\0';

	tw_reply_done(&aside);
	TW_TRY(e);
	if (none)
		return tw_page_problem(c, rq, rp, reference, body);
	s.doc = doc;
	return form_page(c, rq, &s, body);
}

/* --- Where they are --- */

bool tw_desk_actions(struct tw_context *c, const struct tw_request *rq, struct tw_html *h, enum tw_form_about about, const json_t *doc)
{
	const struct tw_look look = tw_look_of(rq);
	bool any = false;

	for (const struct tw_form *f = tw_forms; f->path; f++) {
		const struct tw_operation_row *o = does(c, f);
		char path[TW_DESK_PATH_MAX];

		if (!o || !tw_form_fits(f, about, doc) || !tw_staff_may(c, rq, o->permission))
			continue;
		if (!any)
			tw_page_class(h, TW_E_UL, "actions");
		any = true;
		(void)snprintf(path, sizeof path, "%s%.47s", f->path, doc ? tw_json_text(doc, "id") : "");
		tw_html_open(h, TW_E_LI);
		tw_page_link(h, look, path, f->title);
		tw_html_close(h);
	}
	if (any)
		tw_html_close(h);
	return any;
}
