/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever is in, to himself: what mail he gets, where he is logged in, and the forms for his password and his authenticator. */
#include "base/mem.h"
#include "base/text.h"
#include "support/desk/desk.h"
#include "support/rows-desk.h"
#include "support/rows-staff.h"
#include "support/sql-support.h"
#include "support/staff/passkeys.h"
#include "support/staff/staff-mail.h"

#include <string.h>

struct view {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
};

static void yes_no(struct view *v, enum tw_word label, bool yes)
{
	tw_desk_pair(&v->h, v->look, label, tw_word(yes ? TW_W_YES : TW_W_NO, v->look.language));
}

static tw_err write_mail(struct view *v, int64_t account)
{
	struct tw_staff_mail m;

	TW_TRY(tw_staff_mail_of(v->c, account, &m));
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_MAIL);
	tw_page_class(&v->h, TW_E_DL, "facts");
	tw_desk_pair(&v->h, v->look, TW_W_FIELD_ADDRESS, m.address[0] ? m.address : tw_word(TW_W_MAIL_NONE, v->look.language));
	yes_no(v, TW_W_FIELD_ASSIGNED, m.assigned);
	yes_no(v, TW_W_FIELD_ALARMS, m.alarms);
	tw_html_close(&v->h);
	return TW_OK;
}

/* A button is a form of its own: there is nothing else to say. */
static void end_button(struct view *v, const char *which, enum tw_word w)
{
	char path[TW_DESK_PATH_MAX];

	(void)snprintf(path, sizeof path, "/desk/session-end/%.24s", which);
	tw_page_class(&v->h, TW_E_FORM, "inline");
	tw_html_attr(&v->h, TW_AT_METHOD, TW_SLICE("post"));
	tw_html_link(&v->h, tw_slice_of(path));
	tw_form_hidden(&v->h, "lang", v->look.chosen ? tw_language_tag(v->look.language) : "");
	tw_html_open(&v->h, TW_E_BUTTON);
	tw_html_attr(&v->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&v->h, tw_slice_of(tw_word(w, v->look.language)));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static void write_session(struct view *v, const json_t *one)
{
	const bool current = tw_json_bool(one, "current");

	tw_html_open(&v->h, TW_E_TR);
	tw_html_open(&v->h, TW_E_TH);
	tw_html_attr(&v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&v->h, tw_slice_of(tw_json_text(one, "from")));
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_OPENED);
	tw_desk_when(&v->h, tw_json_text(one, "opened"));
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_STATE);
	if (current)
		tw_desk_mark(&v->h, "done", tw_word(TW_W_SESSION_THIS, v->look.language));
	else
		end_button(v, tw_json_text(one, "session"), TW_W_SESSION_END);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static tw_err write_sessions(struct view *v)
{
	struct tw_reply answer = { .status = 200 };
	const json_t *one;
	tw_err e = tw_staff_sessions_own(v->c, v->rq, &answer);
	TW_CLEANUP(tw_jsonp) json_t *body = answer.body;
	const json_t *list = tw_json_get(body, "sessions");
	size_t i;

	answer.body = NULL;
	tw_reply_done(&answer);
	TW_TRY(e);
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_SESSIONS);
	tw_desk_table(&v->h, v->look, TW_W_SESSIONS, false);
	tw_desk_head(&v->h, v->look, TW_W_SESSION_FROM);
	tw_desk_head(&v->h, v->look, TW_W_OPENED);
	tw_desk_head(&v->h, v->look, TW_W_STATE);
	tw_desk_rows(&v->h);
	json_array_foreach(list, i, one)
		write_session(v, one);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	if (json_array_size(list) > 1)
		end_button(v, "others", TW_W_SESSIONS_END);
	return TW_OK;
}

static void write_passkey(struct view *v, const json_t *one)
{
	char path[TW_DESK_PATH_MAX];
	const char *used = tw_json_text(one, "used");

	(void)snprintf(path, sizeof path, "/desk/passkey-remove/%.24s", tw_json_text(one, "credential"));
	tw_html_open(&v->h, TW_E_TR);
	tw_html_open(&v->h, TW_E_TH);
	tw_html_attr(&v->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_html_text(&v->h, tw_slice_of(tw_json_text(one, "label")));
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_PASSKEY_MADE);
	tw_desk_when(&v->h, tw_json_text(one, "made"));
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_PASSKEY_USED);
	if (*used)
		tw_desk_when(&v->h, used);
	else
		tw_html_text(&v->h, tw_slice_of(tw_word(TW_W_NEVER, v->look.language)));
	tw_html_close(&v->h);
	tw_desk_cell(&v->h, v->look, TW_W_STATE);
	tw_page_link(&v->h, v->look, path, TW_W_PASSKEY_REMOVE);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static tw_err write_passkeys(struct view *v)
{
	struct tw_reply answer = { .status = 200 };
	const json_t *one;
	tw_err e = tw_staff_passkeys(v->c, v->rq, &answer);
	TW_CLEANUP(tw_jsonp) json_t *body = answer.body;
	const json_t *list = tw_json_get(body, "passkeys");
	size_t i;

	answer.body = NULL;
	tw_reply_done(&answer);
	TW_TRY(e);
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_PASSKEYS);
	if (json_array_size(list) == 0) {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_PASSKEYS_NONE);
		return TW_OK;
	}
	tw_desk_table(&v->h, v->look, TW_W_PASSKEYS, false);
	tw_desk_head(&v->h, v->look, TW_W_PASSKEY_LABEL);
	tw_desk_head(&v->h, v->look, TW_W_PASSKEY_MADE);
	tw_desk_head(&v->h, v->look, TW_W_PASSKEY_USED);
	tw_desk_head(&v->h, v->look, TW_W_STATE);
	tw_desk_rows(&v->h);
	json_array_foreach(list, i, one)
		write_passkey(v, one);
	tw_html_close(&v->h);
	tw_html_close(&v->h);
	return TW_OK;
}

tw_err tw_desk_me(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq) };
	const struct tw_staff_frame f = { c, rq, TW_DESK_ME, tw_word(TW_W_ME, v.look.language) };
	struct tw_account a;
	int64_t id = 0;

	if (!tw_account_id_read(tw_slice_of(rq->subject.account), &id))
		return TW_RAISE(INTERNAL, "whoever asks for himself has an account");
	TW_TRY(tw_account_get(c, id, &a));
	tw_staff_frame_open(&f, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&v.h, rq, v.look);
	tw_page_class(&v.h, TW_E_DL, "facts");
	tw_desk_pair(&v.h, v.look, TW_W_COLUMN_NAME, a.name);
	tw_desk_pair(&v.h, v.look, TW_W_COLUMN_ID, rq->subject.account);
	tw_desk_pair(&v.h, v.look, TW_W_COLUMN_ROLE, tw_staff_role_word(a.roles, v.look));
	tw_html_close(&v.h);
	tw_page_class(&v.h, TW_E_UL, "actions");
	static const struct {
		const char *path;
		enum tw_word word;
	} forms[] = { { "/desk/mail", TW_W_DO_MAIL }, { "/desk/password", TW_W_DO_PASSWORD },
		{ "/desk/authenticator", TW_W_DO_AUTHENTICATOR }, { TW_STAFF_PASSKEYS, TW_W_DO_PASSKEY } };
	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		tw_html_open(&v.h, TW_E_LI);
		tw_page_link(&v.h, v.look, forms[i].path, forms[i].word);
		tw_html_close(&v.h);
	}
	tw_html_close(&v.h);
	TW_TRY(write_passkeys(&v));
	TW_TRY(write_mail(&v, id));
	TW_TRY(write_sessions(&v));
	return tw_page_close(&v.h);
}

/* Shown once; the authenticator before counts until a code of this one comes. */
tw_err tw_desk_secret(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	static const struct tw_field code = { "code", TW_W_CODE, TW_W_CODE_HINT, 6, .needed = true, .remember = "one-time-code" };
	const struct tw_look look = tw_look_of(rq);
	const struct tw_staff_frame f = { c, rq, TW_DESK_ME, tw_word(TW_W_DO_AUTHENTICATOR, look.language) };
	TW_CLEANUP(tw_jsonp) json_t *body = rp->body;
	struct tw_html h;

	rp->body = NULL;
	rp->status = 200;
	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_page_put(&h, look, TW_E_P, TW_W_JOINED_SECRET);
	tw_staff_page_secret(&h, tw_json_text(body, "uri"));
	tw_page_put(&h, look, TW_E_P, TW_W_JOINED_URI);
	tw_page_class(&h, TW_E_P, "quiet");
	tw_html_put(&h, TW_E_CODE, tw_json_text(body, "uri"));
	tw_html_close(&h);
	tw_form_open(&h, look, "/desk/authenticator-code");
	tw_field_write(&h, look, &code, "", TW_WORDS);
	tw_form_close(&h, look, TW_W_DO_CONFIRM);
	return tw_page_close(&h);
}
