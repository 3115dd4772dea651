/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page for customers' questions: what it is about is chosen first, then the form asks what belongs to that and nothing else. What is sent is kept as a
 * report is, under a receipt, and is a question at the desk in the same transaction (questions/receive.c).
 */
#include "base/text.h"
#include "support/platform/app.h"
#include "support/query-reception/field.h"
#include "support/query-reception/reception.h"
#include "support/questions/questions.h"
#include "support/rows-query-reception.h"
#include "support/subscriptions/products.h"

#include <string.h>

enum { EVENT = 1, RULES = 2, SETTINGS = 4, PARTS = 8, TEXTS = 16, OTHER = 32, EACH = 63 };

/* In the order of the bits above. */
const struct tw_choice tw_question_kinds[] = { { "event", TW_W_KIND_EVENT }, { "rules", TW_W_KIND_RULES },
	{ "configuration", TW_W_KIND_CONFIGURATION }, { "component", TW_W_KIND_COMPONENT },
	{ "documentation", TW_W_KIND_DOCUMENTATION }, { "other", TW_W_KIND_OTHER }, { .value = NULL } };
/* @nist QR.2.a.2.2: how broad and how deep a document is, as its readers see it */
const struct tw_choice tw_question_breadths[] = { { "", TW_W_NOT_SAID }, { "enough", TW_W_BREADTH_ENOUGH },
	{ "missing", TW_W_BREADTH_MISSING }, { "too-much", TW_W_BREADTH_MUCH }, { .value = NULL } };
const struct tw_choice tw_question_depths[] = { { "", TW_W_NOT_SAID }, { "enough", TW_W_DEPTH_ENOUGH },
	{ "too-little", TW_W_DEPTH_LITTLE }, { "too-much", TW_W_DEPTH_MUCH }, { .value = NULL } };

/* Together, each character as nine bytes, they fit into what front takes from a stranger. */
static const struct tw_field fields[] = {
	{ "document", TW_W_DOCUMENT, TW_W_DOCUMENT_HINT, 200, .plain = true },
	{ "breadth", TW_W_BREADTH, TW_WORDS, .choices = tw_question_breadths },
	{ "depth", TW_W_DEPTH, TW_WORDS, .choices = tw_question_depths },
	{ "description", TW_W_QUESTION_NEEDED, TW_W_QUESTION_HINT, 4500, .rows = 8, .needed = true },
	{ "product", TW_W_PRODUCT, TW_W_PRODUCT_HINT, 100, .plain = true },
	{ "version", TW_W_VERSION, TW_W_VERSION_HINT, 60, .plain = true },
	{ "directive", TW_W_DIRECTIVE, TW_W_DIRECTIVE_HINT, 100, .plain = true },
	{ "due", TW_W_QUESTION_DUE, TW_W_QUESTION_DUE_HINT, 10, .plain = true, .type = "date" },
	{ "contact", TW_W_CONTACT, TW_W_CONTACT_HINT, 120 },
};
static const unsigned of_kinds[] = { TEXTS, TEXTS, TEXTS, EACH, EACH, EACH, EVENT | RULES, EVENT | RULES, EACH };
_Static_assert(TW_COUNT(fields) == TW_COUNT(of_kinds), "each field says with which kinds it is asked");

/* 0: none of them. */
static unsigned kind_of(const json_t *input)
{
	const char *kind = input ? tw_json_text(input, "kind") : "";

	for (unsigned i = 0; tw_question_kinds[i].value; i++)
		if (!strcmp(tw_question_kinds[i].value, kind))
			return 1u << i;
	return 0;
}

static enum tw_word title_of(unsigned kind)
{
	return kind ? tw_question_kinds[__builtin_ctz(kind)].word : TW_W_ASK;
}

/* Up to and with the heading of a form; the other language has the same. */
static void open_form(struct tw_html *h, struct tw_buf *out, struct tw_look look, const json_t *input)
{
	char here[64];

	(void)snprintf(here, sizeof here, "/question?kind=%.16s", tw_json_text(input, "kind"));
	tw_page_open(h, out, look, here, title_of(kind_of(input)));
}

static tw_err choose(struct tw_buf *out, struct tw_look look)
{
	struct tw_html h;
	char path[64];

	tw_page_open(&h, out, look, "/question", TW_W_ASK);
	tw_page_put(&h, look, TW_E_P, TW_W_ASK_LEAD);
	tw_html_open(&h, TW_E_UL);
	for (const struct tw_choice *k = tw_question_kinds; k->value; k++) {
		(void)snprintf(path, sizeof path, "/question?kind=%s", k->value);
		tw_html_open(&h, TW_E_LI);
		tw_page_link(&h, look, path, k->word);
		tw_html_close(&h);
	}
	tw_html_close(&h);
	return tw_page_close(&h);
}

/* @nist QR.2.a.3.1: whoever asks about settings finds the reference of them here first */
static void references(struct tw_html *h, struct tw_look look, const json_t *products)
{
	const json_t *one;
	bool any = false;
	size_t i;

	json_array_foreach(products, i, one) {
		const char *address = tw_product_document(one, TW_PRODUCT_SETTINGS), *title = tw_json_text(one, "title");

		if (!*address)
			continue;
		if (!any)
			tw_page_put(h, look, TW_E_P, TW_W_SETTINGS_FIRST);
		if (!any)
			tw_html_open(h, TW_E_UL);
		any = true;
		tw_html_open(h, TW_E_LI);
		tw_html_open(h, TW_E_A);
		tw_html_link(h, tw_slice_of(address));
		tw_html_text(h, tw_slice_of(title));
		tw_html_close(h);
		tw_html_close(h);
	}
	if (any)
		tw_html_close(h);
}

static void write_form(struct tw_html *h, struct tw_look look, const json_t *input, const enum tw_word *faults, const char *receipt)
{
	const unsigned kind = kind_of(input);

	tw_form_open(h, look, "/question");
	tw_form_hidden(h, "receipt", receipt);
	tw_form_hidden(h, "kind", tw_json_text(input, "kind"));
	for (size_t i = 0; i < TW_COUNT(fields); i++)
		if (of_kinds[i] & kind)
			tw_field_write(h, look, &fields[i], tw_json_text(input, fields[i].key), faults ? faults[i] : TW_WORDS);
	tw_form_close(h, look, TW_W_QUESTION_SEND);
}

tw_err tw_question_form(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_buf *out = tw_reply_text(rp, c->sys, TW_PAGE_TYPE);
	const unsigned kind = kind_of(rq->input);
	const struct tw_look look = tw_look_of(rq);
	struct tw_receipt receipt;
	struct tw_html h;

	if (!kind)
		return choose(out, look);
	TW_TRY(tw_receipt_make(c->sys, &receipt));
	open_form(&h, out, look, rq->input);
	tw_page_put(&h, look, TW_E_P, TW_W_QUESTION_LEAD);
	if (kind == SETTINGS)
		references(&h, look, tw_app_of(c)->products);
	write_form(&h, look, rq->input, NULL, receipt.text);
	return tw_page_close(&h);
}

tw_err tw_question_refused(const struct tw_request *rq, const struct tw_refusal *refusal, struct tw_buf *body)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	open_form(&h, body, look, rq->input);
	tw_reception_why(&h, look, refusal);
	write_form(&h, look, rq->input, NULL, tw_json_text(rq->input, "receipt"));
	return tw_page_close(&h);
}

/* What stands in a field as its reader sees it: the words of what was chosen. */
static const char *as_read(const struct tw_field *f, struct tw_look look, const char *value)
{
	for (const struct tw_choice *k = f->choices; k && k->value; k++)
		if (*value && !strcmp(k->value, value))
			return tw_word(k->word, look.language);
	return value;
}

tw_err tw_question_text(const struct tw_request *rq, struct tw_buf *ret)
{
	static const unsigned in_columns = EACH; /* what is asked with each kind has a place of its own */
	const struct tw_look look = tw_look_of(rq);

	TW_TRY(tw_buf_text(ret, tw_json_text(rq->input, "description")));
	for (size_t i = 0; i < TW_COUNT(fields); i++) {
		const char *value = tw_json_text(rq->input, fields[i].key);

		if (of_kinds[i] == in_columns || !(of_kinds[i] & kind_of(rq->input)) || !*value)
			continue;
		TW_TRY(tw_buf_format(ret, "\n\n%s: %s", tw_word(fields[i].label, look.language), as_read(&fields[i], look, value)));
	}
	return TW_OK;
}

/* What is wrong with each, also with what the kind does not ask for: no page sends that. False: something is. */
static bool judge(const json_t *input, enum tw_word *faults)
{
	bool good = true;
	int64_t due;

	for (size_t i = 0; i < TW_COUNT(fields); i++) {
		const char *value = tw_json_text(input, fields[i].key);

		faults[i] = tw_field_fault(&fields[i], value);
		if (!strcmp(fields[i].key, "due") && faults[i] == TW_WORDS && !tw_question_day(value, &due))
			faults[i] = TW_W_NO_DAY;
		good = good && faults[i] == TW_WORDS;
	}
	return good;
}

static tw_err form_again(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const enum tw_word *faults)
{
	const struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	open_form(&h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE), look, rq->input);
	tw_field_summary(&h, look, fields, faults, TW_COUNT(fields));
	write_form(&h, look, rq->input, faults, tw_json_text(rq->input, "receipt"));
	rp->status = 422;
	return tw_page_close(&h);
}

tw_err tw_question_send(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const unsigned kind = kind_of(rq->input);
	enum tw_word faults[TW_COUNT(fields)];

	if (!kind) {
		rp->status = 422;
		return choose(tw_reply_text(rp, c->sys, TW_PAGE_TYPE), tw_look_of(rq));
	}
	return judge(rq->input, faults) ? tw_reception_take(c, rq, rp) : form_again(c, rq, rp, faults);
}
