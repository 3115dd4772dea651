/* SPDX-License-Identifier: Apache-2.0 */
/* The forms that take a password of whoever is in: a new one, and the proof that is asked for before an account is changed. */
#include "base/text.h"
#include "support/page/staff-frame.h"
#include "support/query-reception/field.h"
#include "support/rows-staff.h"
#include "support/staff/passkeys.h"

#include <string.h>

static const struct tw_field now_field = { "password", TW_W_PASSWORD, TW_WORDS, 1024, .needed = true, .type = "password",
	.remember = "current-password" };
static const struct tw_field code_field = { "code", TW_W_CODE, TW_W_CODE_HINT, TW_TOTP_DIGITS, .needed = true, .remember = "one-time-code" };
static const struct tw_field new_field = { "password", TW_W_PASSWORD_NEW, TW_W_PASSWORD_HINT, 1024, .needed = true,
	.type = "password", .remember = "new-password" };
static const struct tw_field again_field = { "again", TW_W_PASSWORD_AGAIN, TW_WORDS, 1024, .needed = true, .type = "password",
	.remember = "new-password" };

struct view {
	struct tw_context *c;
	const struct tw_request *rq;
	const struct tw_reply *refused; /* NULL: nothing was */
	uint64_t reference;
	const struct tw_staff_page *page; /* of a proof: where it goes on */
};

static void back(struct tw_html *h, struct tw_look look)
{
	tw_html_open(h, TW_E_P);
	tw_page_link(h, look, TW_STAFF_ME, TW_W_ME);
	tw_html_close(h);
}

static tw_err password_page(const struct view *v, struct tw_buf *out)
{
	const struct tw_look look = tw_look_of(v->rq);
	const struct tw_staff_frame f = { v->c, v->rq, "/desk/password", tw_word(TW_W_DO_PASSWORD, look.language) };
	struct tw_html h;

	tw_staff_frame_open(&f, &h, out);
	if (v->refused)
		tw_staff_page_refusal(&h, look, v->refused, v->reference);
	back(&h, look);
	tw_page_put(&h, look, TW_E_P, TW_W_PASSWORD_LEAD);
	tw_form_open(&h, look, "/desk/password");
	tw_field_write(&h, look, &new_field, "", TW_WORDS);
	tw_field_write(&h, look, &again_field, "", TW_WORDS);
	tw_form_close(&h, look, TW_W_DO_PASSWORD);
	return tw_page_close(&h);
}

static tw_err prove_page(const struct view *v, struct tw_buf *out)
{
	const struct tw_look look = tw_look_of(v->rq);
	const char *to = v->page->to;
	const struct tw_staff_frame f = { v->c, v->rq, *to ? to : TW_STAFF_ME, tw_word(TW_W_PROVE, look.language) };
	struct tw_html h;

	tw_staff_frame_open(&f, &h, out);
	tw_staff_page_refusal(&h, look, v->refused, v->reference);
	tw_form_open(&h, look, "/desk/prove");
	tw_form_hidden(&h, "to", to);
	tw_field_write(&h, look, &now_field, "", TW_WORDS);
	tw_field_write(&h, look, &code_field, "", TW_WORDS);
	tw_form_close(&h, look, TW_W_PROVE);
	tw_staff_passkey_link(v->c, &h, v->page, false);
	return tw_page_close(&h);
}

tw_err tw_staff_password_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	return password_page(&(struct view){ .c = c, .rq = rq }, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
}

tw_err tw_staff_password_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (strcmp(tw_json_text(rq->input, "password"), tw_json_text(rq->input, "again")) == 0)
		return tw_staff_password(c, rq, rp);
	return tw_reply_problem(rp, 422, "again", "staff.again", "The two passwords differ", "Write the same twice.", "Nothing was changed.");
}

static bool is(const struct tw_request *rq, const char *name)
{
	return strcmp(rq->operation->name, name) == 0;
}

static bool proves(const struct tw_request *rq)
{
	return is(rq, "prove.send") || is(rq, "prove.passkey");
}

bool tw_staff_own_refused_here(const struct tw_request *rq, const struct tw_reply *rp)
{
	if (rq->subject.kind != TW_SUBJECT_ACCOUNT || strncmp(rq->operation->path, "/api/", 5) == 0 || rp->status == 404)
		return false;
	return !strcmp(rp->problem, "step-up") || proves(rq) || is(rq, "password.send") || tw_staff_passkey_refused_here(rq);
}

tw_err tw_staff_own_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	const struct tw_staff *s = tw_app_of(c)->staff;
	struct tw_staff_page p = s && s->shown ? *s->shown : tw_staff_page_of(rq);
	const bool fresh = !strcmp(rp->problem, "step-up");

	if (fresh)
		tw_staff_wanted_page(rq, &p);
	const struct view v = { c, rq, rp, reference, &p };
	if (!fresh && tw_staff_passkey_refused_here(rq))
		return tw_staff_passkey_problem(c, rq, rp, reference, body);
	return fresh || proves(rq) ? prove_page(&v, body) : password_page(&v, body);
}
