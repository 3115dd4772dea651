/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscribing, confirming and leaving, for people without an account and without JavaScript. What a link in a mail leads to changes nothing: programs
 * follow links before people do. Only the button there does, and the POST of a mail program (RFC 8058).
 */
#include "base/mem.h"
#include "formats/csaf-site.h"
#include "formats/mailmessage.h"
#include "support/platform/app.h"
#include "support/query-reception/field.h"
#include "support/query-reception/receipt.h"
#include "support/query-reception/reception.h"
#include "support/rows-subscriptions.h"
#include "support/subscriptions/pages.h"
#include "support/subscriptions/products.h"
#include "support/subscriptions/subscription.h"

#include <string.h>

#define TREE "/.well-known/csaf/" /* of what is published (formats/csaf-site.h) */
#define FEED TREE TW_CSAF_FOLDER "/atom.xml"
#define VERSIONS_MAX TW_SUBSCRIPTION_VERSIONS_TEXT

static const struct tw_choice channels[] = { { "mail", TW_W_SUBS_BY_MAIL }, { "webhook", TW_W_SUBS_BY_HOOK }, { .value = NULL } };
static const struct tw_choice lowest[] = { { "", TW_W_SEVERITY_ANY }, { "low", TW_W_SEVERITY_LOW }, { "medium", TW_W_SEVERITY_MEDIUM },
	{ "high", TW_W_SEVERITY_HIGH }, { "critical", TW_W_SEVERITY_CRITICAL }, { .value = NULL } };
static const char *const kinds[TW_NOTICE_CHOICES] = { "advisory", "update", "maintenance", "end" };

enum { CHANNEL, RECIPIENT, PRODUCT, VERSIONS, LOWEST, KINDS, FIELDS };
/* Product and kinds are written here, because their choices are no words; the rows serve what is wrong with them. */
static const struct tw_field fields[FIELDS] = {
	{ "channel", TW_W_SUBS_CHANNEL, TW_WORDS, .choices = channels },
	{ "recipient", TW_W_SUBS_RECIPIENT, TW_W_SUBS_RECIPIENT_HINT, 400, .needed = true },
	{ "product", TW_W_PRODUCT, TW_WORDS, TW_PRODUCT_NAME_MAX },
	{ "versions", TW_W_SUBS_VERSIONS, TW_W_SUBS_VERSIONS_HINT, VERSIONS_MAX - 1, .plain = true },
	{ "lowest", TW_W_SUBS_LOWEST, TW_W_SUBS_LOWEST_HINT, .choices = lowest },
	{ "advisory", TW_W_SUBS_KINDS, TW_WORDS },
};

struct tw_subscriptions tw_subscriptions_of(struct tw_context *c)
{
	return (struct tw_subscriptions){ c->sys, c->store, tw_app_of(c)->desk.site, tw_time_wall_ms(c->time) };
}

static const char *typed(const json_t *input, const char *key)
{
	return input ? tw_json_text(input, key) : "";
}

/* --- The form --- */

static void option(struct tw_html *h, const char *value, const char *shown, const char *chosen)
{
	tw_html_open(h, TW_E_OPTION);
	tw_html_attr(h, TW_AT_VALUE, tw_slice_of(value));
	if (!strcmp(value, chosen))
		tw_html_attr(h, TW_AT_SELECTED, TW_SLICE(""));
	tw_html_text(h, tw_slice_of(shown));
	tw_html_close(h);
}

static void error(struct tw_html *h, struct tw_look look, const char *id, enum tw_word fault)
{
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("error"));
	tw_html_attr(h, TW_AT_ID, tw_slice_of(id));
	tw_html_text(h, tw_slice_of(tw_word(fault, look.language)));
	tw_html_close(h);
}

static void product_choice(struct tw_html *h, struct tw_look look, const json_t *products, const char *chosen, enum tw_word fault)
{
	const json_t *one;
	size_t i;

	tw_html_open(h, TW_E_LABEL);
	tw_html_attr(h, TW_AT_FOR, TW_SLICE("field-product"));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_PRODUCT, look.language)));
	tw_html_close(h);
	if (fault != TW_WORDS)
		error(h, look, "error-product", fault);
	tw_html_open(h, TW_E_SELECT);
	tw_html_attr(h, TW_AT_ID, TW_SLICE("field-product"));
	tw_html_attr(h, TW_AT_NAME, TW_SLICE("product"));
	if (fault != TW_WORDS) {
		tw_html_attr(h, TW_AT_DESCRIBEDBY, TW_SLICE("error-product"));
		tw_html_attr(h, TW_AT_INVALID, TW_SLICE("true"));
	}
	option(h, "", tw_word(TW_W_SUBS_ALL_PRODUCTS, look.language), chosen);
	json_array_foreach(products, i, one)
		option(h, tw_json_text(one, "name"), tw_json_text(one, "title"), chosen);
	tw_html_close(h);
}

/* Whoever comes for the first time wants all of it. */
static void kind_boxes(struct tw_html *h, struct tw_look look, const json_t *input, enum tw_word fault)
{
	char id[32];

	tw_html_open(h, TW_E_FIELDSET);
	tw_page_put(h, look, TW_E_LEGEND, TW_W_SUBS_KINDS);
	if (fault != TW_WORDS)
		error(h, look, "error-kinds", fault);
	for (size_t i = 0; i < TW_NOTICE_CHOICES; i++) {
		(void)snprintf(id, sizeof id, "field-%s", kinds[i]);
		tw_html_open(h, TW_E_P);
		tw_html_open(h, TW_E_INPUT);
		tw_html_attr(h, TW_AT_TYPE, TW_SLICE("checkbox"));
		tw_html_attr(h, TW_AT_ID, tw_slice_of(id));
		tw_html_attr(h, TW_AT_NAME, tw_slice_of(kinds[i]));
		tw_html_attr(h, TW_AT_VALUE, TW_SLICE("on"));
		if (!input || tw_json_bool(input, kinds[i]))
			tw_html_attr(h, TW_AT_CHECKED, TW_SLICE(""));
		if (fault != TW_WORDS)
			tw_html_attr(h, TW_AT_DESCRIBEDBY, TW_SLICE("error-kinds"));
		tw_html_close(h);
		tw_html_text(h, TW_SLICE(" "));
		tw_html_open(h, TW_E_LABEL);
		tw_html_attr(h, TW_AT_FOR, tw_slice_of(id));
		tw_html_text(h, tw_slice_of(tw_word((enum tw_word)(TW_W_NOTICE_ADVISORY + (int)i), look.language)));
		tw_html_close(h);
		tw_html_close(h);
	}
	tw_html_close(h);
}

/* input NULL: nothing was typed yet. */
static void write_form(struct tw_html *h, struct tw_look look, const json_t *products, const json_t *input,
	const enum tw_word *faults, const char *product)
{
	static const enum tw_word none[FIELDS] = { TW_WORDS, TW_WORDS, TW_WORDS, TW_WORDS, TW_WORDS, TW_WORDS };
	const enum tw_word *f = faults ? faults : none;

	tw_form_open(h, look, "/subscriptions");
	for (size_t i = CHANNEL; i <= RECIPIENT; i++)
		tw_field_write(h, look, &fields[i], typed(input, fields[i].key), f[i]);
	product_choice(h, look, products, product, f[PRODUCT]);
	for (size_t i = VERSIONS; i <= LOWEST; i++)
		tw_field_write(h, look, &fields[i], typed(input, fields[i].key), f[i]);
	kind_boxes(h, look, input, f[KINDS]);
	tw_form_close(h, look, TW_W_SUBS_SEND);
}

/* Only when this service publishes advisories. */
static void feed(struct tw_html *h, struct tw_look look, struct tw_context *c)
{
	bool there = false;

	for (const struct tw_capability *const *p = c->capabilities; *p; p++)
		for (const struct tw_operation_row *o = (*p)->operations; o && o->name; o++)
			there = there || !strncmp(o->path, TREE, sizeof TREE - 1);
	if (!there)
		return;
	tw_page_put(h, look, TW_E_H2, TW_W_SUBS_FEED);
	tw_page_put(h, look, TW_E_P, TW_W_SUBS_FEED_TEXT);
	tw_html_open(h, TW_E_P);
	tw_html_open(h, TW_E_A);
	tw_html_link(h, TW_SLICE(FEED));
	tw_html_text(h, TW_SLICE(FEED));
	tw_html_close(h);
	tw_html_close(h);
	tw_subs_feeds(h, look, tw_app_of(c)->products);
}

tw_err tw_subs_form(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/subscriptions", TW_W_SUBS);
	if (tw_app_of(c)->desk.site[0]) {
		tw_page_put(&h, look, TW_E_P, TW_W_SUBS_LEAD);
		write_form(&h, look, tw_app_of(c)->products, NULL, NULL, typed(rq->input, "product"));
	} else {
		tw_page_put(&h, look, TW_E_P, TW_W_SUBS_NO_SITE);
	}
	feed(&h, look, c);
	return tw_page_close(&h);
}

tw_err tw_subs_refused(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	const struct tw_look look = tw_look_of(rq);
	const struct tw_refusal refusal = { rp, reference };
	struct tw_html h;

	tw_page_open(&h, body, look, "/subscriptions", TW_W_SUBS);
	tw_reception_why(&h, look, &refusal);
	write_form(&h, look, tw_app_of(c)->products, rq->input, NULL, typed(rq->input, "product"));
	return tw_page_close(&h);
}

/* --- What was sent --- */

static enum tw_word recipient_fault(const struct tw_subscription *s)
{
	const struct tw_slice text = tw_slice_of(s->recipient);

	if (s->channel == TW_OUTBOX_MAIL)
		return tw_mail_address_valid(text) ? TW_WORDS : TW_W_SUBS_MAIL_WRONG;
	return tw_subscription_hook_valid(text) ? TW_WORDS : TW_W_SUBS_HOOK_WRONG;
}

static void judge(const json_t *products, const json_t *in, struct tw_subscription *s, char versions[VERSIONS_MAX],
	enum tw_word faults[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++)
		faults[i] = i == KINDS ? TW_WORDS : tw_field_fault(&fields[i], tw_json_text(in, fields[i].key));
	s->channel = strcmp(tw_json_text(in, "channel"), "webhook") ? TW_OUTBOX_MAIL : TW_OUTBOX_WEBHOOK;
	s->recipient = tw_json_text(in, "recipient");
	s->product = tw_json_text(in, "product");
	s->versions = versions;
	(void)tw_notice_severity_find(tw_json_text(in, "lowest"), &s->lowest);
	for (size_t i = 0; i < TW_NOTICE_CHOICES; i++)
		s->kinds |= tw_json_bool(in, kinds[i]) ? 1u << i : 0u;
	if (faults[RECIPIENT] == TW_WORDS)
		faults[RECIPIENT] = recipient_fault(s);
	const json_t *product = tw_products_find(products, tw_slice_of(s->product));
	if (faults[PRODUCT] == TW_WORDS && *s->product && !product)
		faults[PRODUCT] = TW_W_NOT_OFFERED;
	if (faults[VERSIONS] == TW_WORDS &&
		!tw_subscription_versions(tw_json_text(in, "versions"), tw_json_get(product, "versions"), versions))
		faults[VERSIONS] = TW_W_SUBS_VERSIONS_WRONG;
	if (faults[VERSIONS] == TW_WORDS && *versions && !*s->product)
		faults[VERSIONS] = TW_W_SUBS_VERSIONS_OF;
	if (!s->kinds)
		faults[KINDS] = TW_W_NEEDED;
}

static tw_err form_again(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const enum tw_word *faults)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/subscriptions", TW_W_SUBS);
	tw_field_summary(&h, look, fields, faults, FIELDS);
	write_form(&h, look, tw_app_of(c)->products, rq->input, faults, typed(rq->input, "product"));
	rp->status = 422;
	return tw_page_close(&h);
}

/* A page of a heading and a sentence. */
static tw_err say(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, enum tw_word title, enum tw_word text)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, "/subscriptions", title);
	tw_page_put(&h, look, TW_E_P, text);
	return tw_page_close(&h);
}

static tw_err full(struct tw_reply *rp, const char *rule, const char *why)
{
	TW_TRY(tw_reply_problem(rp, 503, "storage-full", rule, "No more subscriptions are taken now", "Try again later.", "%s", why));
	return TW_OK;
}

static tw_err answer(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, enum tw_asked asked)
{
	if (asked == TW_ASKED_FULL)
		return full(rp, "subscriptions.most", "There are as many as this service keeps.");
	if (asked == TW_ASKED_HOST) {
		TW_TRY(tw_reply_problem(rp, 429, "too-many", "subscriptions.host", "Too many were asked there today", "Try again tomorrow.",
			"So that nobody has others written to at will, addresses at one host are asked %d times a day for one network, %d times in all.",
			TW_ASKS_NETWORK, TW_ASKS_HOST));
		rp->retry_after_s = (int)(TW_ASK_COUNTS_MS / 1000);
		return TW_OK;
	}
	(void)snprintf(rp->note, sizeof rp->note, "asked");
	return say(c, rq, rp, TW_W_SUBS_ASKED, TW_W_SUBS_ASKED_TEXT);
}

tw_err tw_subs_ask(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_subscriptions of = tw_subscriptions_of(c);
	struct tw_subscription s = { .language = tw_look_of(rq).language };
	enum tw_word faults[FIELDS];
	enum tw_asked asked = TW_ASKED;
	char versions[VERSIONS_MAX];

	versions[0] = '\0';
	if (!*of.site)
		return full(rp, "subscriptions.site", "Whoever runs this site has not said its address, so no link to it can be sent.");
	judge(tw_app_of(c)->products, rq->input, &s, versions, faults);
	for (size_t i = 0; i < FIELDS; i++)
		if (faults[i] != TW_WORDS)
			return form_again(c, rq, rp, faults);
	tw_err e = tw_subscription_ask(&of, &s, rq->subject.source, &asked);
	if (tw_is(e, TW_CODE_LIMIT) && tw_store_fault(c->store) == TW_STORE_WELL)
		return full(rp, "subscriptions.outbox", "Too many messages wait to be sent.");
	TW_TRY(e);
	return answer(c, rq, rp, asked);
}

/* --- Confirming --- */

static void button(struct tw_html *h, struct tw_look look, enum tw_word word)
{
	tw_html_open(h, TW_E_BUTTON);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(h, tw_slice_of(tw_word(word, look.language)));
	tw_html_close(h);
}

/* The same whatever the token is: what it is worth is found when the button is pressed. */
tw_err tw_subs_look(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_look look = tw_look_of(rq);
	char token[TW_RECEIPT_TEXT + 1], here[96];
	struct tw_html h;

	(void)snprintf(token, sizeof token, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	(void)snprintf(here, sizeof here, "/subscriptions/confirm/%s",
		token[strspn(token, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-")] ? "0" : token);
	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, here, TW_W_SUBS_CONFIRM);
	tw_page_put(&h, look, TW_E_P, TW_W_SUBS_CONFIRM_LEAD);
	tw_form_open(&h, look, "/subscriptions/confirm");
	tw_form_hidden(&h, "token", token);
	tw_form_close(&h, look, TW_W_SUBS_CONFIRM);
	return tw_page_close(&h);
}

tw_err tw_subs_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_subscriptions of = tw_subscriptions_of(c);
	enum tw_confirmed confirmed;

	TW_TRY(tw_subscription_confirm(&of, tw_slice_of(tw_json_text(rq->input, "token")), &confirmed));
	rp->status = confirmed == TW_CONFIRMED ? 200 : 422;
	(void)snprintf(rp->note, sizeof rp->note, "%s", confirmed == TW_CONFIRMED ? "confirmed" : "not confirmed");
	if (confirmed == TW_CONFIRM_MANY)
		return say(c, rq, rp, TW_W_NOT_DONE, TW_W_SUBS_MANY);
	return confirmed == TW_CONFIRMED ? say(c, rq, rp, TW_W_SUBS_CONFIRMED, TW_W_SUBS_CONFIRMED_TEXT)
					 : say(c, rq, rp, TW_W_NOT_DONE, TW_W_SUBS_UNKNOWN);
}

/* --- Leaving --- */

/* The way out as it came, when it could be one of ours. */
static void way_out(const struct tw_request *rq, char ret[96])
{
	char token[TW_LEAVE_TEXT_MAX];

	(void)snprintf(token, sizeof token, TW_SLICE_FMT, TW_SLICE_ARG(rq->parameter));
	(void)snprintf(ret, 96, "/subscriptions/leave/%s", token[strspn(token, "0123456789abcdef-")] ? "0" : token);
}

struct leaving {
	struct tw_html *h;
	struct tw_look look;
	const json_t *products;
};

static void fact(struct leaving *l, enum tw_word label, const char *value)
{
	tw_page_put(l->h, l->look, TW_E_DT, label);
	tw_html_open(l->h, TW_E_DD);
	tw_html_text(l->h, tw_slice_of(value));
	tw_html_close(l->h);
}

/* Of which subscription it is, when the token is one's; whose it is stands nowhere. */
static tw_err write_ending(void *user, const struct tw_subscription *s)
{
	struct leaving *l = user;
	const json_t *product = tw_products_find(l->products, tw_slice_of(s->product));
	const char *all = tw_word(TW_W_SUBS_ALL_PRODUCTS, l->look.language);

	if (!s->kinds) { /* an account's: it says nothing of whose */
		tw_page_put(l->h, l->look, TW_E_P, TW_W_CUSTOMER_MAIL_WHAT);
		return TW_OK;
	}
	tw_html_open(l->h, TW_E_DL);
	fact(l, TW_W_PRODUCT, product ? tw_json_text(product, "title") : *s->product ? s->product : all);
	if (*s->versions)
		fact(l, TW_W_SUBS_VERSIONS, s->versions);
	tw_html_close(l->h);
	return TW_OK;
}

tw_err tw_subs_way_out(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_subscriptions of = tw_subscriptions_of(c);
	const struct tw_look look = tw_look_of(rq);
	char here[96], action[112];
	struct tw_html h;
	struct leaving l = { &h, look, tw_app_of(c)->products };

	way_out(rq, here);
	(void)snprintf(action, sizeof action, "%s?lang=%s", here, tw_language_tag(look.language));
	tw_page_open(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, here, TW_W_SUBS_LEAVE);
	tw_page_put(&h, look, TW_E_P, TW_W_SUBS_LEAVE_LEAD);
	TW_TRY(tw_subscription_of_way_out(&of, rq->parameter, write_ending, &l));
	tw_html_open(&h, TW_E_FORM);
	tw_html_attr(&h, TW_AT_METHOD, TW_SLICE("post"));
	tw_html_link(&h, tw_slice_of(action));
	button(&h, look, TW_W_SUBS_LEAVE);
	tw_html_close(&h);
	return tw_page_close(&h);
}

/* Who was not there, or has left before, gets the same answer: what he wants is so. */
tw_err tw_subs_leave(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_subscriptions of = tw_subscriptions_of(c);
	bool gone;

	TW_TRY(tw_subscription_leave(&of, rq->parameter, &gone));
	(void)snprintf(rp->note, sizeof rp->note, "%s", gone ? "left" : "was not there");
	return say(c, rq, rp, TW_W_SUBS_LEFT, TW_W_SUBS_LEFT_TEXT);
}

tw_err tw_subs_admit(struct tw_context *c, const struct tw_request *rq, bool *ret_known)
{
	const struct tw_subscriptions of = tw_subscriptions_of(c);

	*ret_known = false;
	if (rq->operation->handler == tw_subs_leave)
		return tw_subscription_known(&of, rq->parameter, ret_known);
	if (rq->operation->handler == tw_subs_confirm)
		return tw_subscription_known(&of, tw_slice_of(tw_json_text(rq->input, "token")), ret_known);
	return TW_OK;
}
