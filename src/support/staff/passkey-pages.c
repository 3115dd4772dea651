/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages on which a passkey is shown or made. A browser asks for one by a script alone, so these three are the only ones of the server that may run
 * any: web/portal/passkey.js, which fills the form and sends it. Without it each says what else there is.
 */
#include "base/text.h"
#include "support/page/staff-frame.h"
#include "support/query-reception/field.h"
#include "support/rows-staff.h"
#include "support/staff/passkeys.h"

#include <string.h>

#define LOGIN "/login/passkey"
#define PROVE "/desk/prove/passkey"
#define REMOVE "/desk/passkey-remove/"
#define KNOWN_MAX (TW_PASSKEYS_OWN * 700)

static const struct tw_field password_field = { "password", TW_W_PASSWORD, TW_WORDS, 1024, .type = "password",
	.remember = "current-password" };
static const struct tw_field label_field = { "label", TW_W_PASSKEY_LABEL, TW_W_PASSKEY_LABEL_HINT, TW_ACCOUNT_NAME_MAX,
	.needed = true, .plain = true };

/* One of the three, as it is shown. */
struct ask {
	struct tw_context *c;
	const struct tw_request *rq;
	enum tw_staff_why why;
	const char *path, *to;
	int64_t account; /* whose passkeys are known: of a login that begins with one 0 */
	enum tw_word lead, without, button;
	struct tw_look look;
	struct tw_staff_site site;
	struct tw_staff_passkey passkey;
	struct tw_html h;
};

/* What the script reads and nobody sends. */
static void tell(struct tw_html *h, const char *id, const char *value)
{
	tw_html_open(h, TW_E_INPUT);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("hidden"));
	tw_html_attr(h, TW_AT_ID, tw_slice_of(id));
	tw_html_attr(h, TW_AT_VALUE, tw_slice_of(value));
	tw_html_close(h);
}

/* Those that he has: of a new one the authenticator makes none twice, and a proof is by one of them. */
static tw_err tell_known(struct ask *a)
{
	TW_CLEANUP(tw_jsonp) json_t *known = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const json_t *one;
	size_t i;

	if (!known)
		return TW_RAISE(NOMEM, "passkeys");
	TW_TRY(tw_passkey_handles(a->c, a->account, a->site.name, known));
	tw_buf_init(&text, a->c->sys, KNOWN_MAX);
	json_array_foreach(known, i, one)
		TW_TRY(tw_buf_format(&text, "%s%s", i ? " " : "", json_string_value(one)));
	tell(&a->h, "passkey-known", tw_buf_cstr(&text));
	return TW_OK;
}

static tw_err write_new(struct ask *a)
{
	struct tw_account self;

	TW_TRY(tw_account_get(a->c, a->account, &self));
	tell(&a->h, "passkey-user", a->rq->subject.account);
	tell(&a->h, "passkey-name", self.name);
	tw_field_write(&a->h, a->look, &label_field, "", TW_WORDS);
	return TW_OK;
}

/* Whose authenticator sees nobody shows the password too; at a login that comes before. */
static void write_password(struct ask *a)
{
	tw_html_open(&a->h, TW_E_DETAILS);
	tw_page_put(&a->h, a->look, TW_E_SUMMARY, TW_W_PASSKEY_BLIND);
	tw_page_put(&a->h, a->look, TW_E_P, TW_W_PASSKEY_BLIND_LEAD);
	tw_field_write(&a->h, a->look, &password_field, "", TW_WORDS);
	tw_html_close(&a->h);
}

static tw_err write_form(struct ask *a)
{
	static const char *const said[] = { "client_data", "authenticator_data", "credential", "signature" };
	const size_t count = a->why == TW_STAFF_CHANGES ? 2 : TW_COUNT(said);
	char id[TW_ACCOUNT_ID_MAX + 2];

	tw_form_open(&a->h, a->look, a->path);
	tw_form_hidden(&a->h, "challenge", a->passkey.challenge);
	for (size_t i = 0; i < count; i++)
		tw_form_hidden(&a->h, said[i], "");
	tell(&a->h, "passkey-site", a->site.name);
	if (a->why != TW_STAFF_CHANGES)
		tw_form_hidden(&a->h, "to", a->to);
	if (a->passkey.second) {
		tw_account_id(a->account, id);
		tw_form_hidden(&a->h, "second", id);
	}
	if (a->account)
		TW_TRY(tell_known(a));
	if (a->why == TW_STAFF_CHANGES)
		TW_TRY(write_new(a));
	if (a->why == TW_STAFF_PROVES)
		write_password(a);
	tw_form_close(&a->h, a->look, a->button);
	return TW_OK;
}

static void hidden(struct tw_html *h, enum tw_html_element e, const char *id)
{
	tw_html_open(h, e);
	tw_html_attr(h, TW_AT_ID, tw_slice_of(id));
	tw_html_attr(h, TW_AT_HIDDEN, TW_SLICE("hidden"));
}

static tw_err write_page(struct ask *a)
{
	tw_page_put(&a->h, a->look, TW_E_P, a->lead);
	tw_html_open(&a->h, TW_E_P);
	tw_html_attr(&a->h, TW_AT_ID, TW_SLICE("passkey-without"));
	tw_html_text(&a->h, tw_slice_of(tw_word(a->without, a->look.language)));
	tw_html_close(&a->h);
	hidden(&a->h, TW_E_SECTION, "passkey");
	hidden(&a->h, TW_E_P, "passkey-failed");
	tw_html_attr(&a->h, TW_AT_ROLE, TW_SLICE("alert"));
	tw_html_text(&a->h, tw_slice_of(tw_word(TW_W_PASSKEY_FAILED, a->look.language)));
	tw_html_close(&a->h);
	TW_TRY(write_form(a));
	tw_html_close(&a->h);
	tw_html_script(&a->h, TW_SLICE("/passkey.js"));
	return tw_page_close(&a->h);
}

/* Whether there are any here; where not, the page says so. */
static tw_err begin(struct ask *a, struct tw_reply *rp)
{
	if (!tw_staff_site(a->c, &a->site)) {
		a->site.name[0] = '\0';
		return TW_OK;
	}
	rp->script = true;
	return tw_challenge_make(&tw_app_of(a->c)->staff->challenges, a->c->sys, tw_time_boot_ms(a->c->time), a->passkey.purpose,
		a->passkey.challenge);
}

/* The same, of whoever is in. */
static tw_err begin_own(struct ask *a, struct tw_reply *rp)
{
	struct tw_account self;

	TW_TRY(tw_staff_self_account(a->c, a->rq, &self));
	a->account = self.id;
	tw_staff_purpose(&a->passkey, a->why, a->rq->subject.session, "");
	return begin(a, rp);
}

static tw_err end(struct ask *a)
{
	if (a->site.name[0])
		return write_page(a);
	tw_page_put(&a->h, a->look, TW_E_P, TW_W_PASSKEY_NOWHERE);
	return tw_page_close(&a->h);
}

static const char *wanted(const struct tw_request *rq)
{
	const char *to = tw_json_text(rq->input, "to");

	return tw_staff_own(to) ? to : "";
}

static tw_err login_page(struct ask *a, struct tw_reply *rp)
{
	TW_TRY(begin(a, rp));
	tw_page_open(&a->h, tw_reply_text(rp, a->c->sys, TW_PAGE_TYPE), a->look, LOGIN, TW_W_PASSKEY_LOGIN);
	tw_html_open(&a->h, TW_E_P);
	tw_page_link(&a->h, a->look, "/login", TW_W_PASSKEY_CODE_LOGIN);
	tw_html_close(&a->h);
	return end(a);
}

tw_err tw_staff_passkey_login_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct ask a = { c, rq, TW_STAFF_LOGS_IN, LOGIN, wanted(rq), 0, TW_W_PASSKEY_LOGIN_LEAD, TW_W_PASSKEY_WITHOUT,
		TW_W_PASSKEY_SHOW, .look = tw_look_of(rq) };

	tw_staff_purpose(&a.passkey, a.why, "", "");
	return login_page(&a, rp);
}

tw_err tw_staff_second(struct tw_staff_work *w, const struct tw_account *of, struct tw_reply *rp, bool *ret)
{
	struct tw_context *c = &w->app->context;
	struct ask a = { c, tw_later_request(w->later), TW_STAFF_LOGS_IN, LOGIN, w->page.to, of->id, TW_W_PASSKEY_SECOND_LEAD,
		TW_W_PASSKEY_WITHOUT, TW_W_PASSKEY_SHOW, .look = w->page.look };
	char id[TW_ACCOUNT_ID_MAX + 2];
	int usable = 0;

	TW_TRY(tw_staff_usable_passkeys(c, of->id, &usable));
	if (!usable || !tw_staff_site(c, &a.site))
		return TW_OK;
	*ret = true;
	tw_account_id(of->id, id);
	tw_staff_purpose(&a.passkey, a.why, "", id);
	return login_page(&a, rp);
}

tw_err tw_staff_passkey_prove_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct ask a = { c, rq, TW_STAFF_PROVES, PROVE, wanted(rq), 0, TW_W_PASSKEY_PROVE_LEAD, TW_W_PASSKEY_WITHOUT,
		TW_W_PASSKEY_SHOW, .look = tw_look_of(rq) };
	const struct tw_staff_frame f = { c, rq, PROVE, tw_word(TW_W_PROVE, a.look.language) };

	TW_TRY(begin_own(&a, rp));
	tw_staff_frame_open(&f, &a.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	return end(&a);
}

/* His role wants one, and he came in without: nothing else of the desk is his until he comes by it. */
static tw_err say_needed(struct ask *a)
{
	const struct tw_session *s = tw_staff_session(a->c, &a->rq->subject);
	struct tw_account self;

	TW_TRY(tw_staff_self_account(a->c, a->rq, &self));
	if (!s || tw_staff_by_passkey(s) || !tw_staff_wants_passkey(a->c, self.roles))
		return TW_OK;
	tw_page_class(&a->h, TW_E_SECTION, "notice");
	tw_html_attr(&a->h, TW_AT_ROLE, TW_SLICE("status"));
	tw_page_put(&a->h, a->look, TW_E_P, TW_W_PASSKEY_WANTED);
	tw_html_close(&a->h);
	return TW_OK;
}

tw_err tw_staff_passkey_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct ask a = { c, rq, TW_STAFF_CHANGES, TW_STAFF_PASSKEYS, "", 0, TW_W_PASSKEY_NEW_LEAD, TW_W_PASSKEY_NEW_WITHOUT,
		TW_W_PASSKEY_MAKE, .look = tw_look_of(rq) };
	const struct tw_staff_frame f = { c, rq, TW_STAFF_PASSKEYS, tw_word(TW_W_DO_PASSKEY, a.look.language) };

	TW_TRY(begin_own(&a, rp));
	tw_staff_frame_open(&f, &a.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_html_open(&a.h, TW_E_P);
	tw_page_link(&a.h, a.look, TW_STAFF_ME, TW_W_ME);
	tw_html_close(&a.h);
	TW_TRY(say_needed(&a));
	return end(&a);
}

/* --- Removed --- */

tw_err tw_staff_passkey_remove_page(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	char here[64];
	struct tw_passkey p;
	struct tw_html h;

	TW_TRY(tw_staff_passkey_wanted(c, rq, rp, &p));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(here, sizeof here, REMOVE "c%lld", (long long)p.id);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_DO_PASSKEY_REMOVE, look.language) };
	tw_staff_frame_open(&f, &h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_html_open(&h, TW_E_P);
	tw_page_link(&h, look, TW_STAFF_ME, TW_W_ME);
	tw_html_close(&h);
	tw_html_open(&h, TW_E_P);
	tw_html_put(&h, TW_E_STRONG, p.label);
	tw_html_close(&h);
	tw_page_put(&h, look, TW_E_P, TW_W_WARN_PASSKEY_REMOVE);
	tw_form_open(&h, look, here);
	tw_form_close(&h, look, TW_W_PASSKEY_REMOVE);
	return tw_page_close(&h);
}

tw_err tw_staff_passkey_remove_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_staff_page p = tw_staff_page_of(rq);

	TW_TRY(tw_staff_passkey_remove(c, rq, rp));
	if (!rp->problem[0])
		tw_staff_page_on(&p, TW_STAFF_ME "?done=2", rp);
	return TW_OK;
}

/* --- What was refused --- */

bool tw_staff_passkey_refused_here(const struct tw_request *rq)
{
	return strcmp(rq->operation->name, "passkey.send") == 0 || strcmp(rq->operation->name, "passkey.remove") == 0;
}

tw_err tw_staff_passkey_problem(
	struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	const struct tw_staff *s = tw_app_of(c)->staff;
	const struct tw_look look = s && s->shown ? s->shown->look : tw_look_of(rq);
	const struct tw_staff_frame f = { c, rq, TW_STAFF_PASSKEYS, tw_word(TW_W_DO_PASSKEY, look.language) };
	struct tw_html h;

	tw_staff_frame_open(&f, &h, body);
	tw_staff_page_refusal(&h, look, rp, reference);
	tw_html_open(&h, TW_E_P);
	tw_page_link(&h, look, strcmp(rq->operation->name, "passkey.send") ? TW_STAFF_ME : TW_STAFF_PASSKEYS,
		strcmp(rq->operation->name, "passkey.send") ? TW_W_ME : TW_W_PASSKEY_AGAIN);
	tw_html_close(&h);
	return tw_page_close(&h);
}

void tw_staff_passkey_link(struct tw_context *c, struct tw_html *h, const struct tw_staff_page *p, bool login)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf path = { 0 };
	struct tw_staff_site site;

	if (!tw_staff_site(c, &site))
		return;
	tw_buf_init(&path, c->sys, TW_PAGE_ADDRESS_MAX / 2);
	tw_err e = tw_buf_text(&path, login ? LOGIN : PROVE);
	if (!tw_failed(e) && p->to[0])
		e = tw_buf_text(&path, "?to=");
	if (!tw_failed(e))
		e = tw_buf_percent(&path, tw_slice_of(p->to));
	if (tw_failed(e)) /* to where he wanted it is a line more */
		return;
	tw_html_open(h, TW_E_P);
	tw_page_link(h, p->look, tw_buf_cstr(&path), login ? TW_W_PASSKEY_LOGIN : TW_W_PASSKEY_PROVE);
	tw_html_close(h);
}
