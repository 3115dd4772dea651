/* SPDX-License-Identifier: Apache-2.0 */
/* How customers hear from us, when and from whom, and what to try before an update is installed. What is the manufacturer's to say is in desk.json. */
#include "formats/csaf-site.h"
#include "support/advisories/advisories.h"
#include "support/platform/app.h"
#include "support/rows-subscriptions.h"
#include "support/subscriptions/pages.h"

static void part(struct tw_html *h, struct tw_look look, enum tw_word title, enum tw_word text)
{
	tw_page_put(h, look, TW_E_H2, title);
	tw_page_put(h, look, TW_E_P, text);
}

/* What the manufacturer says of it, found again by its id. */
static void said(struct tw_html *h, const char *id, const char *text)
{
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("text"));
	tw_html_attr(h, TW_AT_ID, tw_slice_of(id));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

static void item(struct tw_html *h, struct tw_look look, enum tw_word w)
{
	tw_html_open(h, TW_E_LI);
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_close(h);
}

static void file(struct tw_html *h, struct tw_look look, const char *path, enum tw_word w)
{
	tw_html_open(h, TW_E_LI);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(path));
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_close(h);
	tw_html_close(h);
}

/* @nist IN.1.d.1.2: step by step, and the addresses that programs want */
static void steps(struct tw_html *h, struct tw_look look, bool tree)
{
	tw_page_put(h, look, TW_E_H2, TW_W_TELL_STEPS);
	tw_html_open(h, TW_E_OL);
	item(h, look, TW_W_TELL_STEP_1);
	item(h, look, TW_W_TELL_STEP_2);
	item(h, look, TW_W_TELL_STEP_3);
	tw_html_close(h);
	tw_html_open(h, TW_E_P);
	tw_page_link(h, look, "/subscriptions", TW_W_SUBS);
	tw_html_close(h);
	part(h, look, TW_W_FOR_PROGRAMS, tree ? TW_W_TELL_PROGRAMS : TW_W_TELL_NO_TREE);
	if (!tree)
		return;
	tw_html_open(h, TW_E_UL);
	file(h, look, "/.well-known/csaf/" TW_CSAF_PROVIDER, TW_W_CSAF);
	file(h, look, "/.well-known/csaf/" TW_CSAF_FOLDER "/csaf-feed-tlp-white.json", TW_W_TELL_ROLIE);
	file(h, look, "/.well-known/csaf/" TW_CSAF_FOLDER "/atom.xml", TW_W_ATOM);
	tw_html_close(h);
}

/* @nist IN.1.d.1.1: how, when and from whom */
static void when(struct tw_html *h, struct tw_look look, const struct tw_desk *d)
{
	part(h, look, TW_W_TELL_HOW, TW_W_TELL_HOW_TEXT);
	part(h, look, TW_W_TELL_RULES, TW_W_TELL_RULES_TEXT);
	if (!d->news.when[0])
		return;
	tw_page_put(h, look, TW_E_H2, TW_W_TELL_WHEN);
	said(h, "news-when", d->news.when);
	tw_page_put(h, look, TW_E_H2, TW_W_TELL_FROM);
	said(h, "news-from", d->news.from);
}

/* @nist IN.1.a.2.1 IN.1.a.2.2: what to try before a fix is installed, for its effects and for security and privacy */
static void tests(struct tw_html *h, struct tw_look look, const struct tw_desk *d)
{
	if (!d->updates.fix_tests[0])
		return;
	part(h, look, TW_W_TELL_TESTS, TW_W_TELL_TESTS_TEXT);
	tw_page_put(h, look, TW_E_H3, TW_W_TELL_FIX_TESTS);
	said(h, "update-fix-tests", d->updates.fix_tests);
	tw_page_put(h, look, TW_E_H3, TW_W_TELL_SECURITY_TESTS);
	said(h, "update-security-tests", d->updates.security_tests);
}

tw_err tw_subs_news(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_desk *d = &tw_app_of(c)->desk;
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/news", TW_W_TELL);
	when(&h, look, d);
	steps(&h, look, tw_advisories_there(c));
	tests(&h, look, d);
	TW_TRY(tw_subs_said(&h, look, c, NULL));
	tw_page_feedback(&h, look, "/news");
	return tw_page_close(&h);
}
