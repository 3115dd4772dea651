/* SPDX-License-Identifier: Apache-2.0 */
/* How reports are handled, how else somebody can be reached, and who is thanked. */
#include "base/text.h"
#include "formats/csaf-site.h"
#include "support/advisories/advisories.h"
#include "support/page/page.h"
#include "support/platform/app.h"
#include "support/query-reception/report.h"
#include "support/rows-query-reception.h"

static void part(struct tw_html *h, struct tw_look look, enum tw_word title, enum tw_word text)
{
	tw_page_put(h, look, TW_E_H2, title);
	tw_page_put(h, look, TW_E_P, text);
}

/* A link to the form on which that kind is chosen. */
static void report_link(struct tw_html *h, struct tw_look look, const char *path, enum tw_word w)
{
	tw_html_open(h, TW_E_P);
	tw_page_link(h, look, path, w);
	tw_html_close(h);
}

static void term(struct tw_html *h, struct tw_look look, const char *id, enum tw_word w, int days)
{
	char text[16];

	tw_page_put(h, look, TW_E_DT, w);
	tw_html_open(h, TW_E_DD);
	tw_html_attr(h, TW_AT_ID, tw_slice_of(id));
	(void)snprintf(text, sizeof text, "%d ", days);
	tw_html_text(h, tw_slice_of(text));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_DAYS, look.language)));
	tw_html_close(h);
}

/* @nist QR.1.a.1.3: how reports are judged, chosen, scheduled and told of, and in what time. Only what whoever runs this has promised. */
static void terms(struct tw_html *h, struct tw_look look, const struct tw_desk_terms *t)
{
	if (!t->answer)
		return;
	part(h, look, TW_W_POLICY_TERMS, TW_W_POLICY_TERMS_TEXT);
	tw_html_open(h, TW_E_DL);
	term(h, look, "term-answer", TW_W_TERM_ANSWER, t->answer);
	term(h, look, "term-decide", TW_W_TERM_DECIDE, t->decide);
	term(h, look, "term-fix", TW_W_TERM_FIX, t->fix);
	term(h, look, "term-status", TW_W_TERM_STATUS, t->status);
	tw_html_close(h);
}

/* @nist QR.2.a.1.2: the route for questions that are no report of a fault */
static void questions(struct tw_html *h, struct tw_look look)
{
	part(h, look, TW_W_POLICY_QUESTIONS, TW_W_POLICY_QUESTIONS_TEXT);
	report_link(h, look, "/report?kind=event", TW_W_ASK_EVENT);
	report_link(h, look, "/report?kind=rules", TW_W_ASK_RULES);
	report_link(h, look, "/question", TW_W_ASK_ELSE);
}

/* @nist QR.2.a.4.1: the routes, and when somebody is there */
static void contacts(struct tw_html *h, struct tw_look look, const struct tw_desk *d)
{
	tw_page_put(h, look, TW_E_H2, TW_W_POLICY_CONTACT);
	if (!d->contact_count)
		tw_page_put(h, look, TW_E_P, TW_W_NO_CONTACT);
	else
		tw_html_open(h, TW_E_UL);
	for (size_t i = 0; i < d->contact_count; i++) {
		tw_html_open(h, TW_E_LI);
		tw_html_open(h, TW_E_A);
		tw_html_link(h, tw_slice_of(d->contacts[i]));
		tw_html_text(h, tw_slice_of(d->contacts[i]));
		tw_html_close(h);
		tw_html_close(h);
	}
	if (d->contact_count)
		tw_html_close(h);
	if (!d->hours[0])
		return;
	tw_page_put(h, look, TW_E_H3, TW_W_POLICY_HOURS);
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_ID, TW_SLICE("contact-hours"));
	tw_html_text(h, tw_slice_of(d->hours));
	tw_html_close(h);
}

/* @nist QR.1.a.1.2: how reports are sent, for people */
tw_err tw_reception_policy(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/policy", TW_W_POLICY);
	if (tw_app_of(c)->desk.name[0])
		tw_html_put(&h, TW_E_P, tw_app_of(c)->desk.name);
	part(&h, look, TW_W_POLICY_HOW, TW_W_POLICY_HOW_TEXT);
	report_link(&h, look, "/report?kind=flaw", TW_W_REPORT_FLAW);
	part(&h, look, TW_W_POLICY_BUGS, TW_W_POLICY_BUGS_TEXT); /* @nist QR.1.a.1.5 */
	report_link(&h, look, "/report?kind=bug", TW_W_REPORT_BUG);
	part(&h, look, TW_W_POLICY_THEN, TW_W_POLICY_THEN_TEXT);
	terms(&h, look, &tw_app_of(c)->desk.terms);
	questions(&h, look);
	part(&h, look, TW_W_POLICY_SAFE, TW_W_POLICY_SAFE_TEXT);
	contacts(&h, look, &tw_app_of(c)->desk);
	tw_page_feedback(&h, look, "/policy");
	return tw_page_close(&h);
}

struct thanks {
	struct tw_html h;
	size_t count;
};

static tw_err thank(void *user, struct tw_slice name, int64_t published_ms)
{
	struct thanks *t = user;

	if (t->count++ == 0)
		tw_html_open(&t->h, TW_E_UL);
	tw_html_open(&t->h, TW_E_LI);
	tw_html_text(&t->h, name);
	tw_html_text(&t->h, TW_SLICE(", "));
	tw_page_time(&t->h, published_ms);
	tw_html_close(&t->h);
	return TW_OK;
}

tw_err tw_reception_thanks(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	struct thanks t = { .count = 0 };

	tw_page_open(&t.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/thanks", TW_W_THANKS);
	tw_page_put(&t.h, look, TW_E_P, TW_W_THANKS_LEAD);
	TW_TRY(tw_report_thanks(c->store, thank, &t));
	if (t.count)
		tw_html_close(&t.h);
	else
		tw_page_put(&t.h, look, TW_E_P, TW_W_THANKS_NONE);
	return tw_page_close(&t.h);
}

/* @nist QR.1.a.1.2: the same for programs.
   RFC 9116. Without a whole desk.json, or behind its end, there is none: a contact that is out of date is worse than none. */
tw_err tw_reception_security_txt(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;
	char expires[TW_TIME_TEXT_MAX];
	struct tw_buf *b;

	if (!d->contact_count || d->expires_ms <= tw_time_wall_ms(c->time))
		return tw_reply_problem(rp, 404, "not-found", "RFC 9116 2.5.5", "There is no security.txt", "Use the report page.",
			"Whoever runs this site has not said how to be reached, or it is out of date.");
	b = tw_reply_text(rp, c->sys, "text/plain; charset=utf-8");
	tw_time_text(d->expires_ms, expires);
	TW_TRY(tw_buf_format(b, "Contact: %s/report\n", d->site));
	for (size_t i = 0; i < d->contact_count; i++)
		TW_TRY(tw_buf_format(b, "Contact: %s\n", d->contacts[i]));
	TW_TRY(tw_buf_format(b, "Expires: %s\nPreferred-Languages: en, de\n", expires));
	TW_TRY(tw_buf_format(b, "Canonical: %s/.well-known/security.txt\n", d->site));
	if (tw_advisories_there(c))
		TW_TRY(tw_buf_format(b, "CSAF: %s/.well-known/csaf/" TW_CSAF_PROVIDER "\n", d->site));
	return tw_buf_format(b, "Policy: %s/policy\nAcknowledgments: %s/thanks\n", d->site, d->site);
}
