/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages by which people of the staff come in and go: what a program says in JSON, a browser says in forms. The same handlers do it; here is what
 * is shown. The session goes into a cookie that no script can read, no other site's page sends, and no operation under /api/ takes.
 */
#include "base/mem.h"
#include "base/text.h"
#include "support/page/staff-frame.h"
#include "support/query-reception/field.h"
#include "support/rows-staff.h"
#include "support/staff/passkeys.h"

#include <string.h>

static const struct tw_field account_field = { "account", TW_W_ACCOUNT, TW_WORDS, TW_ACCOUNT_NAME_MAX, .needed = true,
	.remember = "username" };
static const struct tw_field password_field = { "password", TW_W_PASSWORD, TW_WORDS, 1024, .needed = true, .type = "password",
	.remember = "current-password" };
static const struct tw_field code_field = { "code", TW_W_CODE, TW_W_CODE_HINT, TW_TOTP_DIGITS, .needed = true, .remember = "one-time-code" };
static const struct tw_field code_or_passkey_field = { "code", TW_W_CODE, TW_W_CODE_OR_PASSKEY_HINT, TW_TOTP_DIGITS,
	.remember = "one-time-code" };
static const struct tw_field invitation_field = { "code", TW_W_INVITATION, TW_W_INVITATION_HINT, TW_TOKEN_TEXT, .needed = true,
	.plain = true };
static const struct tw_field new_field = { "password", TW_W_PASSWORD_NEW, TW_W_PASSWORD_HINT, 1024, .needed = true,
	.type = "password", .remember = "new-password" };
static const struct tw_field again_field = { "again", TW_W_PASSWORD_AGAIN, TW_WORDS, 1024, .needed = true, .type = "password",
	.remember = "new-password" };

/* --- Where it goes on --- */

/* Nothing but what our own addresses are made of, so that neither another server nor a line's end can be in it. */
bool tw_staff_own(const char *to)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/?&=.";
	const size_t desk = sizeof TW_STAFF_DESK - 1;

	if (strncmp(to, TW_STAFF_DESK, desk) != 0 || (to[desk] && to[desk] != '/' && to[desk] != '?'))
		return false;
	return strlen(to) <= TW_STAFF_TO_MAX && to[strspn(to, allowed)] == '\0' && !strstr(to, "//") && !strstr(to, "..");
}

static bool is_form(const struct tw_request *rq)
{
	return rq->operation && rq->operation->form;
}

struct tw_staff_page tw_staff_page_of(const struct tw_request *rq)
{
	struct tw_staff_page p = { .is = is_form(rq) };
	const char *to = tw_json_text(rq->input, "to");

	if (!p.is)
		return p;
	p.look = tw_look_of(rq);
	(void)snprintf(p.account, sizeof p.account, "%s", tw_json_text(rq->input, "account"));
	tw_utf8_mend(p.account);
	(void)snprintf(p.to, sizeof p.to, "%s", tw_staff_own(to) ? to : "");
	return p;
}

void tw_staff_page_on(const struct tw_staff_page *p, const char *to, struct tw_reply *rp)
{
	char address[TW_PAGE_ADDRESS_MAX];

	if (strstr(to, "lang="))
		(void)snprintf(address, sizeof address, "%s", to);
	else
		tw_page_address(p->look, to, address);
	rp->status = 303;
	(void)snprintf(rp->location, sizeof rp->location, "%.*s", (int)sizeof rp->location - 1,
		strlen(address) < sizeof rp->location ? address : TW_STAFF_DESK);
}

/* --- Logging in --- */

struct view {
	const struct tw_staff_page *page;
	const struct tw_reply *refused; /* NULL: nothing was */
	uint64_t reference;
	bool out; /* he has just logged out */
};

/* What somebody at a login can do something about, in his words. */
static const struct refusal {
	const char *problem; /* or the rule, where the problem says too little */
	enum tw_word word;
} refusals[] = {
	{ "login", TW_W_LOGIN_WRONG },
	{ "passkey", TW_W_PASSKEY_WRONG },
	{ "passkey-needed", TW_W_PASSKEY_NEEDED },
	{ "credential.label", TW_W_PASSKEY_LABEL_WRONG },
	{ "passkey.exists", TW_W_PASSKEY_EXISTS },
	{ "passkey.limit", TW_W_PASSKEY_FULL },
	{ "last-passkey", TW_W_PASSKEY_LAST },
	{ "throttled", TW_W_LOGIN_WAIT },
	{ "busy", TW_W_LOGIN_BUSY },
	{ "clock", TW_W_LOGIN_CLOCK },
	{ "invitation", TW_W_JOIN_NONE },
	{ "again", TW_W_JOIN_AGAIN },
	{ "password.rules", TW_W_JOIN_PASSWORD },
	{ "unauthenticated", TW_W_LOGIN_NEEDED },
	{ "step-up", TW_W_PROVE_NEEDED },
};

void tw_staff_page_refusal(struct tw_html *h, struct tw_look look, const struct tw_reply *rp, uint64_t reference)
{
	enum tw_word word = TW_WORDS;
	char text[256];

	for (size_t i = 0; i < TW_COUNT(refusals); i++)
		if (strcmp(refusals[i].problem, rp->problem) == 0 || strcmp(refusals[i].problem, rp->rule) == 0)
			word = refusals[i].word;
	tw_page_class(h, TW_E_SECTION, "notice");
	tw_html_attr(h, TW_AT_ROLE, word == TW_W_LOGIN_NEEDED || word == TW_W_PROVE_NEEDED ? TW_SLICE("status") : TW_SLICE("alert"));
	if (word == TW_WORDS) {
		tw_page_why(h, look, rp, reference);
	} else {
		tw_page_counted(tw_word(word, look.language), rp->retry_after_s, text, sizeof text);
		tw_html_put(h, TW_E_P, text);
	}
	tw_html_close(h);
}

static void write_refusal(struct tw_html *h, const struct view *v)
{
	if (v->refused)
		tw_staff_page_refusal(h, v->page->look, v->refused, v->reference);
}

static void write_status(struct tw_html *h, struct tw_look look, enum tw_word word)
{
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_ROLE, TW_SLICE("status"));
	tw_html_text(h, tw_slice_of(tw_word(word, look.language)));
	tw_html_close(h);
}

static tw_err login_page(struct tw_context *c, struct tw_buf *out, const struct view *v)
{
	const struct tw_staff_page *p = v->page;
	const struct tw_look look = p->look;
	struct tw_staff_site site;
	struct tw_html h;

	tw_page_open(&h, out, look, "/login", TW_W_LOG_IN);
	if (v->out)
		write_status(&h, look, TW_W_LOGGED_OUT);
	write_refusal(&h, v);
	tw_form_open(&h, look, "/login");
	tw_form_hidden(&h, "to", p->to);
	tw_field_write(&h, look, &account_field, p->account, TW_WORDS);
	tw_field_write(&h, look, &password_field, "", TW_WORDS);
	tw_field_write(&h, look, tw_staff_site(c, &site) ? &code_or_passkey_field : &code_field, "", TW_WORDS);
	tw_form_close(&h, look, TW_W_LOG_IN);
	tw_staff_passkey_link(c, &h, p, true);
	tw_html_open(&h, TW_E_P);
	tw_page_link(&h, look, "/join", TW_W_JOIN_LINK);
	tw_html_close(&h);
	if (p->to[0]) { /* a link of another site's came without the cookie, a link of ours brings it */
		tw_html_open(&h, TW_E_P);
		tw_page_link(&h, look, p->to, TW_W_LOGGED_IN_ALREADY);
		tw_html_close(&h);
	}
	return tw_page_close(&h);
}

static tw_err logged_in(struct tw_context *c, const struct tw_request *rq, struct tw_buf *out)
{
	const struct tw_look look = tw_look_of(rq);
	const struct tw_staff_frame f = { c, rq, "/login", tw_word(TW_W_LOGGED_IN, look.language) };
	struct tw_html h;

	tw_staff_frame_open(&f, &h, out);
	tw_html_open(&h, TW_E_P);
	tw_page_link(&h, look, TW_STAFF_DESK, TW_W_TO_DESK);
	tw_html_close(&h);
	return tw_page_close(&h);
}

tw_err tw_staff_login_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_staff_page p = { .is = true, .look = tw_look_of(rq) };
	const struct view v = { .page = &p, .out = *tw_json_text(rq->input, "out") != '\0' };
	struct tw_buf *out = tw_reply_text(rp, c->sys, TW_PAGE_TYPE);

	return rq->subject.kind == TW_SUBJECT_ACCOUNT ? logged_in(c, rq, out) : login_page(c, out, &v);
}

tw_err tw_staff_page_in(const struct tw_staff_page *p, const char *token, const char *client, struct tw_reply *rp)
{
	(void)snprintf(rp->session, sizeof rp->session, "%s", token);
	(void)snprintf(rp->client, sizeof rp->client, "%s", client);
	tw_staff_page_on(p, p->to[0] ? p->to : TW_STAFF_DESK, rp);
	return TW_OK;
}

tw_err tw_staff_logout(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_staff_page p = tw_staff_page_of(rq);
	struct tw_session *s = tw_access_session_of(c, tw_staff_token(rq));

	if (s)
		TW_TRY(tw_access_session_drop(c, s));
	(void)snprintf(rp->session, sizeof rp->session, "%s", TW_COOKIE_END);
	tw_staff_page_on(&p, "/login?out=1", rp);
	return TW_OK;
}

/* --- Joining --- */

static tw_err join_page(struct tw_buf *out, const struct view *v)
{
	const struct tw_look look = v->page->look;
	struct tw_html h;

	tw_page_open(&h, out, look, "/join", TW_W_JOIN);
	write_refusal(&h, v);
	tw_page_put(&h, look, TW_E_P, TW_W_JOIN_LEAD);
	tw_form_open(&h, look, "/join");
	tw_field_write(&h, look, &invitation_field, "", TW_WORDS);
	tw_field_write(&h, look, &new_field, "", TW_WORDS);
	tw_field_write(&h, look, &again_field, "", TW_WORDS);
	tw_form_close(&h, look, TW_W_JOIN);
	return tw_page_close(&h);
}

tw_err tw_staff_join_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_staff_page p = { .is = true, .look = tw_look_of(rq) };

	return join_page(tw_reply_text(rp, c->sys, TW_PAGE_TYPE), &(struct view){ .page = &p });
}

tw_err tw_staff_join_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	if (strcmp(tw_json_text(rq->input, "password"), tw_json_text(rq->input, "again")) == 0)
		return tw_staff_join(c, rq, rp);
	tw_app_of(c)->staff->proven = true; /* a slip is no guess */
	return tw_reply_problem(rp, 422, "again", "staff.again", "The two passwords differ", "Write the same twice.",
		"Nothing was changed, and the invitation is still good.");
}

void tw_staff_page_secret(struct tw_html *h, const char *uri)
{
	const char *secret = strstr(uri, "secret="), *at = secret ? secret + 7 : "";
	size_t size = strcspn(at, "&");

	tw_page_class(h, TW_E_P, "receipt");
	tw_html_open(h, TW_E_CODE);
	for (size_t i = 0; i < size; i += 4) {
		tw_html_text(h, tw_slice_of(i ? " " : ""));
		tw_html_text(h, (struct tw_slice){ at + i, size - i < 4 ? size - i : 4 });
	}
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_staff_page_joined(struct tw_context *c, const struct tw_staff_page *p, const char *name, const char *uri, struct tw_reply *rp)
{
	const struct tw_look look = p->look;
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/join", TW_W_JOINED);
	tw_page_put(&h, look, TW_E_P, TW_W_JOINED_ACCOUNT);
	tw_page_class(&h, TW_E_P, "receipt");
	tw_html_put(&h, TW_E_CODE, name);
	tw_html_close(&h);
	tw_page_put(&h, look, TW_E_P, TW_W_JOINED_SECRET);
	tw_staff_page_secret(&h, uri);
	tw_page_put(&h, look, TW_E_P, TW_W_JOINED_URI);
	tw_page_class(&h, TW_E_P, "quiet");
	tw_html_put(&h, TW_E_CODE, uri);
	tw_html_close(&h);
	tw_html_open(&h, TW_E_P);
	tw_page_link(&h, look, "/login", TW_W_JOINED_NEXT);
	tw_html_close(&h);
	return tw_page_close(&h);
}

/* --- What was refused --- */

static bool is_desk(const struct tw_request *rq)
{
	return strncmp(rq->operation->path, TW_STAFF_DESK, sizeof TW_STAFF_DESK - 1) == 0;
}

bool tw_staff_refused_here(const struct tw_request *rq, const struct tw_reply *rp)
{
	bool login;

	if (!rq->operation)
		return false;
	return tw_staff_own_refused_here(rq, rp) || (tw_staff_comes_in(rq, &login) && is_form(rq)) ||
		(rp->status == 401 && (is_desk(rq) || !strcmp(rq->operation->path, "/logout")));
}

/* Whoever has no session comes back to where he wanted; what he had sent there is not done. A form of the desk is at the address that it is sent to. */
void tw_staff_wanted_page(const struct tw_request *rq, struct tw_staff_page *p)
{
	const bool there = rq->head && (tw_slice_is(rq->head->method, "GET") || rq->subject.kind == TW_SUBJECT_ACCOUNT);
	char target[TW_STAFF_TO_MAX + 1] = "";

	if (there && rq->head->target.size < sizeof target)
		(void)snprintf(target, sizeof target, TW_SLICE_FMT, TW_SLICE_ARG(rq->head->target));
	(void)snprintf(p->to, sizeof p->to, "%s", tw_staff_own(target) ? target : "");
}

tw_err tw_staff_problem(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	const struct tw_staff *s = tw_app_of(c)->staff;
	struct tw_staff_page p = s && s->shown ? *s->shown : tw_staff_page_of(rq);
	const struct view v = { .page = &p, .refused = rp, .reference = reference };
	bool login;

	if (tw_staff_own_refused_here(rq, rp))
		return tw_staff_own_problem(c, rq, rp, reference, body);
	if (rq->subject.kind == TW_SUBJECT_ACCOUNT && rp->status == 403) /* he is in, and came again */
		return logged_in(c, rq, body);
	if (tw_staff_comes_in(rq, &login))
		return login ? login_page(c, body, &v) : join_page(body, &v);
	p.look = tw_look_of(rq);
	tw_staff_wanted_page(rq, &p);
	return login_page(c, body, &v);
}
