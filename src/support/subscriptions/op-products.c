/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of products: is it supported, until when, and what was said about it. And the same for programs. */
#include "base/mem.h"
#include "base/text.h"
#include "support/platform/app.h"
#include "support/rows-subscriptions.h"
#include "support/subscriptions/pages.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define NEWS_MAX 20 /* on a product's page */

static const char *const state_names[] = { "supported", "without-security-updates", "ended", "not-yet" };

static void day(struct tw_html *h, const char *text)
{
	tw_html_open(h, TW_E_TIME);
	tw_html_attr(h, TW_AT_DATETIME, tw_slice_of(text));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

/* "Supported, until 2033-11-01": the question is answered in its first line. */
static void state_line(struct tw_html *h, struct tw_look look, const json_t *product, int64_t now_ms)
{
	static const struct {
		enum tw_word state, link;
		const char *date;
	} rows[] = {
		[TW_SUPPORTED] = { TW_W_SUPPORTED, TW_W_UNTIL, "end" },
		[TW_SUPPORTED_UNSAFE] = { TW_W_SUPPORTED_UNSAFE, TW_W_UNTIL, "end" },
		[TW_UNSUPPORTED] = { TW_W_UNSUPPORTED, TW_W_SINCE, "end" },
		[TW_NOT_YET_SUPPORTED] = { TW_W_NOT_YET, TW_W_FROM_DAY, "start" },
	};
	const json_t *support = tw_json_get(product, "support");
	enum tw_support_state state = tw_product_state(product, now_ms);

	tw_page_put(h, look, TW_E_STRONG, rows[state].state);
	tw_html_text(h, tw_slice_of(tw_word(rows[state].link, look.language)));
	day(h, tw_json_text(support, rows[state].date));
}

static void link_to(struct tw_html *h, struct tw_look look, const char *path, const char *shown)
{
	char address[160];

	(void)snprintf(address, sizeof address, look.chosen ? "%s?lang=%s" : "%s", path, tw_language_tag(look.language));
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(address));
	tw_html_text(h, tw_slice_of(shown));
	tw_html_close(h);
}

static void machine(struct tw_html *h, struct tw_look look)
{
	tw_html_open(h, TW_E_P);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, TW_SLICE("/api/v1/products"));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_MACHINE_PRODUCTS, look.language)));
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_subs_products(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	const json_t *products = tw_app_of(c)->products, *one;
	char path[TW_PRODUCT_NAME_MAX + 16];
	struct tw_html h;
	size_t i;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/products", TW_W_PRODUCTS);
	if (json_array_size(products))
		tw_html_open(&h, TW_E_DL);
	else
		tw_page_put(&h, look, TW_E_P, TW_W_PRODUCTS_NONE);
	json_array_foreach(products, i, one) {
		(void)snprintf(path, sizeof path, "/products/%s", tw_json_text(one, "name"));
		tw_html_open(&h, TW_E_DT);
		link_to(&h, look, path, tw_json_text(one, "title"));
		tw_html_close(&h);
		tw_html_open(&h, TW_E_DD);
		state_line(&h, look, one, tw_time_wall_ms(c->time));
		tw_html_close(&h);
	}
	if (json_array_size(products))
		tw_html_close(&h);
	machine(&h, look);
	return tw_page_close(&h);
}

static void pair(struct tw_html *h, struct tw_look look, enum tw_word label, const char *date)
{
	tw_page_put(h, look, TW_E_DT, label);
	tw_html_open(h, TW_E_DD);
	day(h, date);
	tw_html_close(h);
}

static void lines(struct tw_html *h, const char *text)
{
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("text"));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

static void support(struct tw_html *h, struct tw_look look, const json_t *product, int64_t now_ms)
{
	const json_t *s = tw_json_get(product, "support");
	enum tw_support_state state = tw_product_state(product, now_ms);

	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("lead"));
	state_line(h, look, product, now_ms);
	tw_html_close(h);
	if (state == TW_UNSUPPORTED || state == TW_SUPPORTED_UNSAFE)
		tw_page_put(h, look, TW_E_P, state == TW_UNSUPPORTED ? TW_W_SUPPORT_OVER_TEXT : TW_W_SUPPORT_UNSAFE_TEXT);
	if (*tw_json_text(product, "summary"))
		lines(h, tw_json_text(product, "summary"));
	tw_html_open(h, TW_E_DL);
	pair(h, look, TW_W_UPDATES_UNTIL, tw_json_text(s, "security-updates-until"));
	pair(h, look, TW_W_SUPPORT_END, tw_json_text(s, "end"));
	pair(h, look, TW_W_SUPPORT_START, tw_json_text(s, "start"));
	tw_html_close(h);
	if (*tw_json_text(s, "terms")) {
		tw_page_put(h, look, TW_E_H2, TW_W_SUPPORT_TERMS);
		lines(h, tw_json_text(s, "terms"));
	}
}

/* A list and no table: a table of three columns does not fit 320 pixels without breaking words. */
static void version(struct tw_html *h, struct tw_look look, const json_t *v, int64_t now_ms)
{
	const char *until = tw_json_text(v, "supported-until");

	tw_html_put(h, TW_E_DT, tw_json_text(v, "version"));
	tw_html_open(h, TW_E_DD);
	if (tw_product_version_over(v, now_ms)) {
		tw_page_put(h, look, TW_E_STRONG, TW_W_UNSUPPORTED);
		tw_html_text(h, tw_slice_of(tw_word(TW_W_SINCE, look.language)));
		day(h, until);
	} else {
		tw_html_text(h, tw_slice_of(tw_word(*until ? TW_W_SUPPORTED_UNTIL : TW_W_AS_PRODUCT, look.language)));
		if (*until)
			day(h, until);
	}
	tw_html_text(h, tw_slice_of(tw_word(TW_W_RELEASED, look.language)));
	day(h, tw_json_text(v, "released"));
	tw_html_close(h);
}

static void versions(struct tw_html *h, struct tw_look look, const json_t *product, int64_t now_ms)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(tw_json_get(product, "versions")))
		return;
	tw_page_put(h, look, TW_E_H2, TW_W_VERSION_LIST);
	tw_html_open(h, TW_E_DL);
	json_array_foreach(tw_json_get(product, "versions"), i, one)
		version(h, look, one, now_ms);
	tw_html_close(h);
}

struct news {
	struct tw_html *h;
	struct tw_look look;
	size_t count;
};

void tw_notice_head(struct tw_html *h, struct tw_look look, const struct tw_notice_kept *n)
{
	tw_page_put(h, look, TW_E_STRONG, (enum tw_word)(TW_W_NOTICE_ADVISORY + (int)n->notice.kind));
	tw_html_text(h, TW_SLICE(", "));
	if (n->notice.severity != TW_NOTICE_UNRATED) {
		tw_html_text(h, tw_slice_of(tw_word(TW_W_SEVERITY, look.language)));
		tw_html_text(h, TW_SLICE(": "));
		tw_html_text(h, tw_slice_of(tw_word((enum tw_word)(TW_W_SEVERITY_ANY + (int)n->notice.severity), look.language)));
		tw_html_text(h, TW_SLICE(", "));
	}
	tw_page_time(h, n->at_ms);
	if (n->withdrawn_ms) {
		tw_html_text(h, TW_SLICE(", "));
		tw_html_text(h, tw_slice_of(tw_word(TW_W_NOTICE_WITHDRAWN, look.language)));
	}
}

static tw_err news_one(void *user, const struct tw_notice_kept *n)
{
	struct news *w = user;
	char path[48];

	if (w->count++ == 0)
		tw_html_open(w->h, TW_E_UL);
	(void)snprintf(path, sizeof path, "/notices/%lld", (long long)n->number);
	tw_html_open(w->h, TW_E_LI);
	tw_notice_head(w->h, w->look, n);
	tw_html_text(w->h, TW_SLICE(": "));
	link_to(w->h, w->look, path, n->notice.title);
	tw_html_close(w->h);
	return TW_OK;
}

tw_err tw_subs_said(struct tw_html *h, struct tw_look look, struct tw_context *c, const char *product)
{
	struct news w = { h, look, 0 };

	tw_page_put(h, look, TW_E_H2, product ? TW_W_NEWS : TW_W_NEWS_ALL);
	TW_TRY(tw_notices(c->store, product, INT64_MAX, NEWS_MAX, news_one, &w));
	if (w.count)
		tw_html_close(h);
	else
		tw_page_put(h, look, TW_E_P, TW_W_NEWS_NONE);
	return TW_OK;
}

static void contact(struct tw_html *h, struct tw_look look, const json_t *contacts, const char *key, enum tw_word label)
{
	const char *text = tw_json_text(contacts, key);
	char address[520];

	if (!*text)
		return;
	(void)snprintf(address, sizeof address, "%s%s", strstr(key, "email") ? "mailto:" : "", text);
	tw_page_put(h, look, TW_E_DT, label);
	tw_html_open(h, TW_E_DD);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(address));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
	tw_html_close(h);
}

void tw_subs_feed_link(struct tw_html *h, const char *product, const char *text)
{
	char path[TW_PRODUCT_NAME_MAX + 40];

	(void)snprintf(path, sizeof path, "/advisory-feeds/%s", product);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(path));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

void tw_subs_feeds(struct tw_html *h, struct tw_look look, const json_t *products)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(products))
		return;
	tw_html_open(h, TW_E_DETAILS);
	tw_page_put(h, look, TW_E_SUMMARY, TW_W_FEEDS);
	tw_html_open(h, TW_E_UL);
	json_array_foreach(products, i, one) {
		tw_html_open(h, TW_E_LI);
		tw_subs_feed_link(h, tw_json_text(one, "name"), tw_json_text(one, "title"));
		tw_html_close(h);
	}
	tw_html_close(h);
	tw_html_close(h);
}

/* How to report goes first: whoever found a flaw should not have to look for it. */
static void contacts(struct tw_context *c, struct tw_html *h, struct tw_look look, const json_t *product)
{
	const json_t *of = tw_json_get(product, "contacts");
	char path[TW_PRODUCT_NAME_MAX + 40];

	tw_page_put(h, look, TW_E_H2, TW_W_CONTACTS);
	tw_html_open(h, TW_E_UL);
	tw_html_open(h, TW_E_LI);
	tw_page_link(h, look, "/report", TW_W_REPORT);
	tw_html_close(h);
	tw_html_open(h, TW_E_LI);
	tw_page_link(h, look, "/policy", TW_W_POLICY);
	tw_html_close(h);
	tw_html_open(h, TW_E_LI);
	tw_page_link(h, look, "/question", TW_W_ASK);
	tw_html_close(h);
	tw_html_open(h, TW_E_LI);
	(void)snprintf(path, sizeof path, look.chosen ? "/subscriptions?product=%s&lang=%s" : "/subscriptions?product=%s",
		tw_json_text(product, "name"), tw_language_tag(look.language));
	tw_html_open(h, TW_E_A);
	tw_html_link(h, tw_slice_of(path));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_SUBS, look.language)));
	tw_html_close(h);
	tw_html_close(h);
	if (tw_app_of(c)->desk.contact_count) {
		tw_html_open(h, TW_E_LI);
		tw_subs_feed_link(h, tw_json_text(product, "name"), tw_word(TW_W_FEED_OF, look.language));
		tw_html_close(h);
	}
	tw_html_close(h);
	if (!json_object_size(of))
		return;
	tw_html_open(h, TW_E_DL);
	contact(h, look, of, "security-email", TW_W_CONTACT_SECURITY);
	contact(h, look, of, "security-url", TW_W_CONTACT_SECURITY);
	contact(h, look, of, "support-email", TW_W_CONTACT_SUPPORT);
	contact(h, look, of, "support-url", TW_W_CONTACT_SUPPORT);
	tw_html_close(h);
}

/* What its maker has published about it, each with a way to say what it lacks. */
static void documents(struct tw_html *h, struct tw_look look, const json_t *product)
{
	const json_t *one;
	size_t i;

	if (!json_array_size(tw_json_get(product, "documents")))
		return;
	tw_page_put(h, look, TW_E_H2, TW_W_DOCUMENTS);
	tw_html_open(h, TW_E_UL);
	json_array_foreach(tw_json_get(product, "documents"), i, one) {
		tw_html_open(h, TW_E_LI);
		tw_html_open(h, TW_E_A);
		tw_html_link(h, tw_slice_of(tw_json_text(one, "url")));
		tw_html_text(h, tw_slice_of(tw_json_text(one, "title")));
		tw_html_close(h);
		tw_page_feedback(h, look, tw_json_text(one, "url"));
		tw_html_close(h);
	}
	tw_html_close(h);
}

static tw_err no_page(struct tw_reply *rp)
{
	return tw_reply_problem(
		rp, 404, "not-found", "path.unknown", "There is no such page", "Go to the first page.", "Nothing has this name.");
}

tw_err tw_subs_product(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const json_t *product = tw_products_find(tw_app_of(c)->products, rq->parameter);
	const struct tw_look look = tw_look_of(rq);
	const int64_t now_ms = tw_time_wall_ms(c->time);
	char here[TW_PRODUCT_NAME_MAX + 16];
	struct tw_html h;

	if (!product)
		return no_page(rp);
	(void)snprintf(here, sizeof here, "/products/%s", tw_json_text(product, "name"));
	tw_page_open_named(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, here, tw_json_text(product, "title"));
	support(&h, look, product, now_ms);
	contacts(c, &h, look, product);
	TW_TRY(tw_subs_said(&h, look, c, tw_json_text(product, "name")));
	versions(&h, look, product, now_ms);
	documents(&h, look, product);
	machine(&h, look);
	tw_page_feedback(&h, look, here);
	return tw_page_close(&h);
}

struct one_notice {
	struct tw_html h;
	struct tw_look look;
	struct tw_buf *out;
	int64_t number;
	bool there;
};

static tw_err notice_one(void *user, const struct tw_notice_kept *n)
{
	struct one_notice *w = user;
	char here[48];

	if (n->number != w->number)
		return TW_OK;
	w->there = true;
	(void)snprintf(here, sizeof here, "/notices/%lld", (long long)n->number);
	tw_page_open_named(&w->h, w->out, w->look, here, n->notice.title);
	tw_html_open(&w->h, TW_E_P);
	tw_notice_head(&w->h, w->look, n);
	tw_html_close(&w->h);
	if (n->withdrawn_ms) {
		tw_page_class(&w->h, TW_E_P, "notice");
		tw_html_text(&w->h, tw_slice_of(tw_word(TW_W_NOTICE_WITHDRAWN_ON, w->look.language)));
		tw_page_time(&w->h, n->withdrawn_ms);
		tw_html_text(&w->h, TW_SLICE(": "));
		tw_html_text(&w->h, tw_slice_of(n->withdrawn_why));
		tw_html_close(&w->h);
	}
	if (*n->notice.text)
		lines(&w->h, n->notice.text);
	if (*n->notice.link) {
		tw_html_open(&w->h, TW_E_P);
		tw_html_open(&w->h, TW_E_A);
		tw_html_link(&w->h, tw_slice_of(n->notice.link));
		tw_html_text(&w->h, tw_slice_of(n->notice.link));
		tw_html_close(&w->h);
		tw_html_close(&w->h);
	}
	tw_page_feedback(&w->h, w->look, here);
	return TW_OK;
}

tw_err tw_subs_notice(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct one_notice w = { .look = tw_look_of(rq) };
	uint64_t number = 0;

	if (tw_failed(tw_parse_u64(rq->parameter, INT64_MAX - 1, &number)))
		return no_page(rp);
	w.number = (int64_t)number;
	w.out = tw_reply_text(rp, c->sys, TW_PAGE_TYPE);
	TW_TRY(tw_notices(c->store, NULL, w.number + 1, 1, notice_one, &w));
	return w.there ? tw_page_close(&w.h) : no_page(rp);
}

tw_err tw_subs_products_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(tw_app_of(c)->products, i, one) {
		TW_CLEANUP(tw_jsonp) json_t *copy = json_copy((json_t *)one); /* the answer's own; what is in it stays as it is */

		if (!copy)
			return TW_RAISE(NOMEM, "products");
		TW_TRY(tw_json_set(copy, "state", json_string(state_names[tw_product_state(one, tw_time_wall_ms(c->time))])));
		TW_TRY(tw_json_append(list, TW_STEAL(copy)));
	}
	rp->body = json_object();
	return tw_json_set(rp->body, "products", TW_STEAL(list));
}
