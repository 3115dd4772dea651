/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of triage: what is new since one looked, in the order in which people should look at it. Filtered by its address, paged by the last row. */
#include "base/mem.h"
#include "base/text.h"
#include "support/components/pages.h"
#include "support/platform/app.h"
#include "support/rows-components.h"
#include "support/subscriptions/products.h"

#include <string.h>

#define AFTER_MAX 48

enum { VIEW, PRODUCT, RELEASE, SEVERITY, EXPLOITED, RULE };

struct list {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	struct tw_desk_query q;
	struct tw_queue of;
	char release[24], last[AFTER_MAX];
	int64_t fresh, newest, mark;
	size_t rows;
	bool more;
};

enum tw_word tw_finding_state_word(const char *state)
{
	return !strcmp(state, "open")     ? TW_W_FINDING_OPEN
		: !strcmp(state, "again") ? TW_W_FINDING_AGAIN
		: !strcmp(state, "ruled") ? TW_W_TRIAGE_RULED
					  : TW_W_TRIAGE_DECIDED;
}

const char *tw_finding_state_class(const char *state)
{
	return !strcmp(state, "open") ? "fresh" : !strcmp(state, "again") ? "soon" : !strcmp(state, "ruled") ? "over" : "done";
}

void tw_finding_score(struct tw_html *h, struct tw_look look, int64_t score)
{
	const enum tw_word word = score < 0 ? TW_W_RATING_UNKNOWN
		: score >= 90               ? TW_W_RATING_CRITICAL
		: score >= 70               ? TW_W_RATING_HIGH
		: score >= 40               ? TW_W_RATING_MEDIUM
		: score > 0                 ? TW_W_RATING_LOW
					    : TW_W_RATING_NONE;
	char text[32];

	if (score >= 0) {
		(void)snprintf(text, sizeof text, "%lld.%lld ", (long long)score / 10, (long long)score % 10);
		tw_html_text(h, tw_slice_of(text));
	}
	tw_html_text(h, tw_slice_of(tw_word(word, look.language)));
}

/* --- Its head --- */

static const char *one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, text) == 0)
			return *list;
	return "";
}

/* What is in no list counts for nothing, so that nothing of it comes back in a link. */
static void read_query(struct list *l)
{
	const json_t *in = l->rq->input,
		     *product = tw_products_find(tw_app_of(l->c)->products, tw_slice_of(tw_json_text(in, "product")));

	if (l->of.release)
		tw_components_id('v', l->of.release, l->release);
	l->q = (struct tw_desk_query){ TW_DESK_TRIAGE,
		{ [VIEW] = { "view", one_of(tw_json_text(in, "view"), tw_queue_views) },
			[PRODUCT] = { "product", l->of.release ? "" : tw_json_text(product, "name") },
			[RELEASE] = { "release", l->release },
			[SEVERITY] = { "severity", one_of(tw_json_text(in, "severity"), tw_queue_severities) },
			[EXPLOITED] = { "exploited", l->of.exploited ? "yes" : "" },
			[RULE] = { "rule", one_of(tw_json_text(in, "rule"), tw_queue_rules) } } };
	l->of.product = l->q.pairs[PRODUCT].value;
}

static void write_lead(struct list *l)
{
	char text[120];

	tw_page_counted(tw_word(l->fresh ? TW_W_TRIAGE_NEW : TW_W_TRIAGE_NEW_NONE, l->look.language),
		(int)(l->fresh > INT32_MAX ? INT32_MAX : l->fresh), text, sizeof text);
	tw_page_class(&l->h, TW_E_P, "lead");
	tw_desk_mark(&l->h, l->fresh ? "fresh" : "done", text);
	tw_html_close(&l->h);
	if (!l->newest && !l->fresh)
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_TRIAGE_EMPTY);
}

static void write_products(struct list *l)
{
	static const struct tw_field field = { .key = "product", .label = TW_W_PRODUCT, .hint = TW_WORDS, .plain = true };
	const json_t *one;
	size_t i;

	tw_field_choose(&l->h, l->look, &field);
	tw_field_option(&l->h, "", tw_word(TW_W_PRODUCT_ANY, l->look.language), false);
	json_array_foreach(tw_app_of(l->c)->products, i, one)
		tw_field_option(&l->h, tw_json_text(one, "name"), tw_json_text(one, "title"),
			!strcmp(tw_json_text(one, "name"), l->q.pairs[PRODUCT].value));
	tw_html_close(&l->h);
}

static void write_rules(struct list *l)
{
	static const struct tw_field field = { .key = "rule", .label = TW_W_RULE_NAME, .hint = TW_WORDS, .plain = true };

	tw_field_choose(&l->h, l->look, &field);
	tw_field_option(&l->h, "", tw_word(TW_W_RULE_ANY, l->look.language), false);
	for (const char *const *rule = tw_queue_rules; *rule; rule++)
		tw_field_option(&l->h, *rule, *rule, !strcmp(*rule, l->q.pairs[RULE].value));
	tw_html_close(&l->h);
}

void tw_parts_form(struct tw_html *h, struct tw_look look, const char *path)
{
	tw_html_open(h, TW_E_FORM);
	tw_html_attr(h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(h, tw_slice_of(path));
	if (look.chosen)
		tw_form_hidden(h, "lang", tw_language_tag(look.language));
}

void tw_parts_button(struct tw_html *h, struct tw_look look, enum tw_word w)
{
	tw_html_open(h, TW_E_BUTTON);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_close(h);
}

struct choosing {
	struct tw_html *h;
	int64_t chosen;
};

static tw_err choose(void *user, const struct tw_release_shown *r)
{
	const struct choosing *g = user;
	char id[24], text[200];

	tw_components_id('v', r->id, id);
	(void)snprintf(text, sizeof text, TW_SLICE_FMT " " TW_SLICE_FMT, TW_SLICE_ARG(r->product), TW_SLICE_ARG(r->version));
	tw_field_option(g->h, id, text, r->id == g->chosen);
	return TW_OK;
}

tw_err tw_parts_choose_release(struct tw_context *c, struct tw_html *h, struct tw_look look, int64_t chosen)
{
	static const struct tw_field field = { .key = "release", .label = TW_W_RELEASE, .hint = TW_WORDS, .plain = true };
	struct choosing g = { h, chosen };
	const struct tw_release_reader to = { choose, &g };

	tw_field_choose(h, look, &field);
	tw_field_option(h, "", tw_word(TW_W_RELEASE_ANY, look.language), false);
	TW_TRY(tw_release_names(c, &to));
	tw_html_close(h);
	return TW_OK;
}

static tw_err write_choices(struct list *l)
{
	tw_parts_form(&l->h, l->look, TW_DESK_TRIAGE);
	for (size_t i = 0; i < TW_COUNT(l->q.pairs); i++)
		if (l->q.pairs[i].key && i != PRODUCT && i != RELEASE && i != RULE && *l->q.pairs[i].value)
			tw_form_hidden(&l->h, l->q.pairs[i].key, l->q.pairs[i].value);
	write_products(l);
	TW_TRY(tw_parts_choose_release(l->c, &l->h, l->look, l->of.release));
	if (l->of.release)
		write_rules(l);
	tw_parts_button(&l->h, l->look, TW_W_FILTER);
	tw_html_close(&l->h);
	return TW_OK;
}

static tw_err write_filters(struct list *l)
{
	/* What rules took is a page of one release. */
	static const struct tw_choice all[] = { { "", TW_W_REPORTS_SINCE }, { "waiting", TW_W_TRIAGE_WAITING },
		{ "decided", TW_W_TRIAGE_DECIDED }, { .value = NULL } },
				      one[] = { { "", TW_W_REPORTS_SINCE }, { "waiting", TW_W_TRIAGE_WAITING },
					      { "decided", TW_W_TRIAGE_DECIDED }, { "ruled", TW_W_TRIAGE_RULED }, { .value = NULL } },
				      severities[] = { { "", TW_W_SEVERITY_ANY }, { "critical", TW_W_RATING_CRITICAL },
					      { "high", TW_W_RATING_HIGH }, { "medium", TW_W_RATING_MEDIUM },
					      { "low", TW_W_RATING_LOW }, { "unrated", TW_W_RATING_UNKNOWN }, { .value = NULL } },
				      exploited[] = { { "", TW_W_EXPLOITED_ALL }, { "yes", TW_W_EXPLOITED }, { .value = NULL } };

	tw_desk_filters(&l->h, l->look, &l->q, VIEW, l->of.release ? one : all);
	tw_desk_filters(&l->h, l->look, &l->q, SEVERITY, severities);
	tw_desk_filters(&l->h, l->look, &l->q, EXPLOITED, exploited);
	return write_choices(l);
}

/* --- Its rows --- */

static void begin_table(struct list *l)
{
	static const enum tw_word columns[] = { TW_W_COLUMN_NUMBER, TW_W_VULNERABILITY, TW_W_COMPONENT, TW_W_RELEASE, TW_W_RATING,
		TW_W_STATE };

	tw_desk_table(&l->h, l->look, TW_W_TRIAGE, false);
	for (size_t i = 0; i < TW_COUNT(columns); i++)
		tw_desk_head(&l->h, l->look, columns[i]);
	tw_desk_rows(&l->h);
}

static void write_what(struct list *l, const struct tw_queued *q, const json_t *entry)
{
	tw_desk_cell(&l->h, l->look, TW_W_VULNERABILITY);
	tw_html_text(&l->h, q->vulnerability);
	if (*tw_json_text(entry, "summary")) {
		tw_page_class(&l->h, TW_E_P, "quiet");
		tw_html_text(&l->h, tw_slice_of(tw_json_text(entry, "summary")));
		tw_html_close(&l->h);
	}
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_COMPONENT);
	tw_html_text(&l->h, *tw_json_text(entry, "name") ? tw_slice_of(tw_json_text(entry, "name")) : q->component);
	tw_html_text(&l->h, TW_SLICE(" "));
	tw_html_text(&l->h, q->version);
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_RELEASE);
	tw_html_text(&l->h, q->product);
	tw_html_text(&l->h, TW_SLICE(" "));
	tw_html_text(&l->h, q->release_version);
	tw_html_close(&l->h);
}

static void write_standing(struct list *l, const struct tw_queued *q)
{
	tw_desk_cell(&l->h, l->look, TW_W_RATING);
	tw_finding_score(&l->h, l->look, q->score);
	if (q->exploited) {
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_desk_mark(&l->h, "late", tw_word(TW_W_EXPLOITED, l->look.language));
	}
	tw_html_close(&l->h);
	tw_desk_cell(&l->h, l->look, TW_W_STATE);
	tw_desk_mark(&l->h, tw_finding_state_class(q->state), tw_word(tw_finding_state_word(q->state), l->look.language));
	if (q->rule.size) {
		tw_html_text(&l->h, TW_SLICE(" "));
		tw_html_open(&l->h, TW_E_CODE);
		tw_html_text(&l->h, q->rule);
		tw_html_close(&l->h);
	}
	tw_html_close(&l->h);
}

static tw_err take_row(void *user, const struct tw_queued *q)
{
	struct list *l = user;
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;
	char path[TW_DESK_PATH_MAX], name[24];

	if (l->rows == TW_DESK_PAGE) {
		l->more = true;
		return TW_OK;
	}
	if (l->rows++ == 0)
		begin_table(l);
	TW_TRY(tw_json_parse(q->entry, TW_ENTRY_MAX, &entry));
	(void)snprintf(l->last, sizeof l->last, "%lld-%lld", (long long)q->urgency, (long long)q->id);
	tw_components_id('t', q->id, name);
	(void)snprintf(path, sizeof path, TW_DESK_TRIAGE "/%s", name);
	tw_html_open(&l->h, TW_E_TR);
	tw_html_open(&l->h, TW_E_TH);
	tw_html_attr(&l->h, TW_AT_SCOPE, TW_SLICE("row"));
	tw_page_link_text(&l->h, l->look, path, name);
	tw_html_close(&l->h);
	write_what(l, q, entry);
	write_standing(l, q);
	tw_html_close(&l->h);
	return TW_OK;
}

/* Only the last page of all that is new has all that came before its newest; looking alone forgets nothing. */
static void write_seen(struct list *l)
{
	char name[24];

	for (size_t i = 0; i < TW_COUNT(l->q.pairs); i++)
		if (l->q.pairs[i].key && *l->q.pairs[i].value)
			return;
	if (l->more || l->newest <= l->mark || !*l->rq->subject.account)
		return;
	tw_components_id('i', l->newest, name);
	tw_form_open(&l->h, l->look, "/desk/triage-seen");
	tw_form_hidden(&l->h, "newest", name);
	tw_form_close(&l->h, l->look, TW_W_DO_SEEN);
}

static void write_next(struct list *l)
{
	char here[TW_DESK_PATH_MAX], path[TW_DESK_PATH_MAX + AFTER_MAX + 8];

	if (!l->more)
		return;
	tw_desk_address(&l->q, here);
	(void)snprintf(path, sizeof path, "%s%cafter=%s", here, strchr(here, '?') ? '&' : '?', l->last);
	tw_page_class(&l->h, TW_E_P, "pages");
	tw_page_link(&l->h, l->look, path, TW_W_PAGE_BEHIND);
	tw_html_close(&l->h);
}

static tw_err write_rows(struct list *l)
{
	const struct tw_queue_reader to = { take_row, l };

	l->of.limit = TW_DESK_PAGE + 1;
	TW_TRY(tw_queue_read(l->c, &l->of, &to));
	if (l->rows) {
		tw_html_close(&l->h);
		tw_html_close(&l->h);
	} else {
		tw_page_put(&l->h, l->look, TW_E_P, TW_W_TRIAGE_NONE);
	}
	write_next(l);
	write_seen(l);
	return TW_OK;
}

tw_err tw_desk_triage(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct list l = { .c = c, .rq = rq, .look = tw_look_of(rq) };
	char here[TW_DESK_PATH_MAX];

	TW_TRY(tw_queue_of(c, rq, rp, &l.of));
	if (rp->problem[0])
		return TW_OK;
	(void)tw_queue_place(tw_json_text(rq->input, "after"), &l.of); /* what is no place begins anew */
	read_query(&l);
	TW_TRY(tw_finding_mark(c, rq, &l.mark));
	TW_TRY(tw_finding_count_new(c, l.mark, &l.fresh, &l.newest));
	tw_desk_address(&l.q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_TRIAGE, l.look.language) };
	tw_staff_frame_open(&f, &l.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	tw_desk_done(&l.h, rq, l.look);
	write_lead(&l);
	TW_TRY(write_filters(&l));
	TW_TRY(write_rows(&l));
	return tw_page_close(&l.h);
}
