/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calculator of CVSS 3.1 and 4.0: what is chosen stands in the address, so that a score can be shown to somebody else as it is, and no script is needed.
 * The scores are those of formats/cvss. The names of metrics and values are the specification's, which is English.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/cvss.h"
#include "support/desk/forms.h"
#include "support/query-reception/field.h"
#include "support/rows-desk.h"

#include <ctype.h>
#include <string.h>

#define HERE "/desk/cvss"

struct view {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_html h;
	struct tw_look look;
	enum tw_cvss_version version;
	const json_t *doc; /* of the case that it is for; NULL: of none */
	struct tw_cvss cvss;
	struct tw_buf vector; /* canonical; empty: none is there yet */
	char wrong[TW_DETAIL_MAX];
	char typed[TW_CVSS_TEXT_MAX * 2];
};

static void view_done(struct view *v)
{
	tw_buf_done(&v->vector);
}

/* The parameter of a metric: its code in small letters. */
static void key_of(const struct tw_cvss_metric *m, char ret[8])
{
	size_t i = 0;

	for (; i < 7 && m->code[i]; i++)
		ret[i] = (char)tolower((unsigned char)m->code[i]);
	ret[i] = '\0';
}

/* --- What was chosen --- */

static void choose_version(struct view *v)
{
	const char *vector = v->typed, *version = tw_json_text(v->rq->input, "version");

	v->version = strncmp(vector, "CVSS:3.1/", 9) == 0 || (!*vector && !strcmp(version, "3.1")) ? TW_CVSS_31 : TW_CVSS_40;
}

/* From the boxes; what is not among a metric's values is refused by the reader of vectors. */
static void gather(struct view *v)
{
	size_t used = (size_t)snprintf(v->typed, sizeof v->typed, "CVSS:%s", tw_cvss_version_text(v->version));
	bool any = false;

	for (const struct tw_cvss_metric *m = tw_cvss_metrics(v->version); m->code; m++) {
		char key[8];

		key_of(m, key);
		const char *value = tw_json_text(v->rq->input, key);
		if (!*value || used >= sizeof v->typed)
			continue;
		any = true;
		used += (size_t)snprintf(v->typed + used, sizeof v->typed - used, "/%s:%.3s", m->code, value);
	}
	if (!any)
		v->typed[0] = '\0';
}

static tw_err read_choice(struct view *v)
{
	const char *vector = tw_json_text(v->rq->input, "vector");

	(void)snprintf(v->typed, sizeof v->typed, "%.*s", TW_CVSS_TEXT_MAX + 1, vector);
	tw_utf8_mend(v->typed);
	choose_version(v);
	if (!v->typed[0])
		gather(v);
	if (!v->typed[0]) {
		(void)snprintf(v->typed, sizeof v->typed, "%.*s", TW_CVSS_TEXT_MAX, tw_json_text(v->doc, "cvss"));
		if (v->typed[0] && !*tw_json_text(v->rq->input, "version"))
			choose_version(v);
		else
			v->typed[0] = '\0';
	}
	if (!v->typed[0])
		return TW_OK;
	tw_err e = tw_cvss_parse(tw_slice_of(v->typed), &v->cvss);
	if (!tw_failed(e) && (v->cvss.version == TW_CVSS_31 || v->cvss.version == TW_CVSS_40)) {
		v->version = v->cvss.version;
		return tw_cvss_write(&v->cvss, &v->vector);
	}
	if (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	(void)snprintf(v->wrong, sizeof v->wrong, "%s",
		tw_failed(e) ? tw_err_detail() : "CVSS 3.1 and 4.0 are calculated here, and no other version");
	v->cvss = (struct tw_cvss){ .version = v->version };
	return TW_OK;
}

/* What a box shows: also of a vector that is not whole. */
static const char *chosen(const struct view *v, size_t place, const struct tw_cvss_metric *m)
{
	char key[8];

	if (v->vector.size)
		return v->cvss.given[place] ? m->values[v->cvss.given[place] - 1].code : "";
	key_of(m, key);
	return tw_json_text(v->rq->input, key);
}

/* --- The page --- */

static void write_choices(struct view *v)
{
	static const enum tw_cvss_version versions[] = { TW_CVSS_40, TW_CVSS_31 };
	char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX], text[24];

	tw_page_class(&v->h, TW_E_UL, "filters");
	for (size_t i = 0; i < TW_COUNT(versions); i++) {
		const struct tw_desk_query q = { HERE,
			{ { "version", tw_cvss_version_text(versions[i]) }, { "case", tw_json_text(v->doc, "id") } } };

		tw_desk_address(&q, path);
		tw_page_address(v->look, path, address);
		(void)snprintf(text, sizeof text, "CVSS %s", tw_cvss_version_text(versions[i]));
		tw_html_open(&v->h, TW_E_LI);
		tw_html_open(&v->h, TW_E_A);
		if (v->version == versions[i])
			tw_html_attr(&v->h, TW_AT_CURRENT, TW_SLICE("true"));
		tw_html_link(&v->h, tw_slice_of(address));
		tw_html_text(&v->h, tw_slice_of(text));
		tw_html_close(&v->h);
		tw_html_close(&v->h);
	}
	tw_html_close(&v->h);
}

static void score(struct view *v, enum tw_word label, int tenths)
{
	static const struct {
		const char *name;
		enum tw_word word;
	} words[] = { { "NONE", TW_W_RATING_NONE }, { "LOW", TW_W_RATING_LOW }, { "MEDIUM", TW_W_RATING_MEDIUM },
		{ "HIGH", TW_W_RATING_HIGH }, { "CRITICAL", TW_W_RATING_CRITICAL } };
	const char *severity = tw_cvss_severity(tenths);
	char text[80];

	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (strcmp(words[i].name, severity) == 0)
			severity = tw_word(words[i].word, v->look.language);
	(void)snprintf(text, sizeof text, "%d.%d, %s", tenths / 10, tenths % 10, severity);
	tw_page_put(&v->h, v->look, TW_E_DT, label);
	tw_page_class(&v->h, TW_E_DD, "lead");
	tw_html_put(&v->h, TW_E_STRONG, text);
	tw_html_close(&v->h);
}

static void write_scores(struct view *v)
{
	struct tw_cvss_scores s;

	tw_cvss_score(&v->cvss, &s);
	tw_page_class(&v->h, TW_E_DL, "facts");
	score(v, v->version == TW_CVSS_40 ? TW_W_CASE_SCORE : TW_W_CVSS_SCORE_BASE, s.base);
	if (v->version == TW_CVSS_40)
		tw_desk_pair(&v->h, v->look, TW_W_CVSS_CALLED, tw_cvss_nomenclature(&v->cvss));
	if (v->version == TW_CVSS_31 && tw_cvss_defines(&v->cvss, TW_CVSS_TEMPORAL))
		score(v, TW_W_CVSS_SCORE_TEMPORAL, s.temporal);
	if (v->version == TW_CVSS_31 && tw_cvss_defines(&v->cvss, TW_CVSS_ENVIRONMENTAL))
		score(v, TW_W_CVSS_SCORE_ENVIRONMENTAL, s.environmental);
	tw_page_put(&v->h, v->look, TW_E_DT, TW_W_CASE_CVSS);
	tw_html_open(&v->h, TW_E_DD);
	tw_html_put(&v->h, TW_E_CODE, tw_buf_cstr(&v->vector));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static void write_lead(struct view *v)
{
	if (v->vector.size) {
		write_scores(v);
		return;
	}
	if (!v->wrong[0]) {
		tw_page_put(&v->h, v->look, TW_E_P, TW_W_CVSS_LEAD);
		return;
	}
	tw_html_open(&v->h, TW_E_SECTION);
	tw_html_attr(&v->h, TW_AT_ROLE, TW_SLICE("alert"));
	tw_page_put(&v->h, v->look, TW_E_H2, TW_W_CVSS_WRONG);
	tw_html_open(&v->h, TW_E_P);
	tw_html_attr(&v->h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_text(&v->h, tw_slice_of(v->wrong));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

/* "ADJACENT_NETWORK" as people read it. */
static void value_text(const struct tw_cvss_value *value, char *ret, size_t size)
{
	size_t used = 0;

	for (; value->name[used] && used + 1 < size; used++)
		ret[used] = value->name[used] == '_' ? ' ' : (char)tolower((unsigned char)value->name[used]);
	(void)snprintf(ret + used, size - used, " (%s)", value->code);
}

static void write_metric(struct view *v, size_t place, const struct tw_cvss_metric *m)
{
	const char *now = chosen(v, place, m);
	char key[8], id[24], text[96];

	key_of(m, key);
	(void)snprintf(id, sizeof id, "field-%s", key);
	(void)snprintf(text, sizeof text, "%s (%s)", m->words, m->code);
	text[0] = (char)toupper((unsigned char)text[0]);
	tw_html_open(&v->h, TW_E_LABEL);
	tw_html_attr(&v->h, TW_AT_FOR, tw_slice_of(id));
	tw_html_attr(&v->h, TW_AT_LANG, TW_SLICE("en"));
	tw_html_text(&v->h, tw_slice_of(text));
	tw_html_close(&v->h);
	tw_html_open(&v->h, TW_E_SELECT);
	tw_html_attr(&v->h, TW_AT_ID, tw_slice_of(id));
	tw_html_attr(&v->h, TW_AT_NAME, tw_slice_of(key));
	tw_html_attr(&v->h, TW_AT_LANG, TW_SLICE("en"));
	if (m->group == TW_CVSS_BASE)
		tw_field_option(&v->h, "", "\xe2\x80\x93", !*now);
	for (const struct tw_cvss_value *value = m->values; value->code; value++) {
		const bool undefined = m->group != TW_CVSS_BASE && value == m->values;

		value_text(value, text, sizeof text);
		tw_field_option(&v->h, undefined ? "" : value->code, text, undefined ? !*now : !strcmp(value->code, now));
	}
	tw_html_close(&v->h);
}

static void write_group(struct view *v, enum tw_cvss_group group, enum tw_word name)
{
	const struct tw_cvss_metric *list = tw_cvss_metrics(v->version);
	bool any = false;

	for (size_t i = 0; list[i].code; i++)
		any = any || list[i].group == group;
	if (!any)
		return;
	if (group != TW_CVSS_BASE) { /* most vectors have none of it */
		tw_html_open(&v->h, TW_E_DETAILS);
		if (v->vector.size && tw_cvss_defines(&v->cvss, group))
			tw_html_attr(&v->h, TW_AT_OPEN, TW_SLICE(""));
		tw_page_put(&v->h, v->look, TW_E_SUMMARY, name);
	}
	tw_page_class(&v->h, TW_E_FIELDSET, "metrics");
	tw_page_put(&v->h, v->look, TW_E_LEGEND, name);
	for (size_t i = 0; list[i].code; i++) {
		if (list[i].group != group)
			continue;
		tw_page_class(&v->h, TW_E_SPAN, "metric");
		write_metric(v, i, &list[i]);
		tw_html_close(&v->h);
	}
	tw_html_close(&v->h);
	if (group != TW_CVSS_BASE)
		tw_html_close(&v->h);
}

static void open_form(struct view *v)
{
	tw_html_open(&v->h, TW_E_FORM);
	tw_html_attr(&v->h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(&v->h, TW_SLICE(HERE));
	if (v->look.chosen)
		tw_form_hidden(&v->h, "lang", tw_language_tag(v->look.language));
	if (v->doc)
		tw_form_hidden(&v->h, "case", tw_json_text(v->doc, "id"));
}

static void button(struct view *v, enum tw_word w)
{
	tw_html_open(&v->h, TW_E_BUTTON);
	tw_html_attr(&v->h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(&v->h, tw_slice_of(tw_word(w, v->look.language)));
	tw_html_close(&v->h);
	tw_html_close(&v->h);
}

static void write_forms(struct view *v)
{
	static const struct tw_field vector = { "vector", TW_W_CVSS_VECTOR, TW_W_CVSS_VECTOR_HINT, TW_CVSS_TEXT_MAX, .plain = true };

	open_form(v);
	tw_form_hidden(&v->h, "version", tw_cvss_version_text(v->version));
	write_group(v, TW_CVSS_BASE, TW_W_CVSS_BASE);
	write_group(v, TW_CVSS_TEMPORAL, v->version == TW_CVSS_40 ? TW_W_CVSS_THREAT : TW_W_CVSS_TEMPORAL);
	write_group(v, TW_CVSS_ENVIRONMENTAL, TW_W_CVSS_ENVIRONMENTAL);
	write_group(v, TW_CVSS_SUPPLEMENTAL, TW_W_CVSS_SUPPLEMENTAL);
	button(v, TW_W_CVSS_CALCULATE);
	open_form(v);
	tw_field_write(&v->h, v->look, &vector, v->vector.size ? tw_buf_cstr(&v->vector) : tw_json_text(v->rq->input, "vector"), TW_WORDS);
	button(v, TW_W_CVSS_READ);
}

/* The vector goes into the case by the form of it, once, and over nothing that somebody else said meanwhile. */
static tw_err write_take(struct view *v)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf seen = { 0 }, key = { 0 };
	char path[TW_DESK_PATH_MAX];

	if (!v->vector.size || !v->doc || !tw_staff_may(v->c, v->rq, "cases.change"))
		return TW_OK;
	TW_TRY(tw_form_digest(v->c, v->doc, "cvss", &seen));
	TW_TRY(tw_form_new_key(v->c, &key));
	(void)snprintf(path, sizeof path, "/desk/change/%.24s", tw_json_text(v->doc, "id"));
	tw_form_open(&v->h, v->look, path);
	tw_form_hidden(&v->h, "once", tw_buf_cstr(&key));
	tw_form_hidden(&v->h, "seen", tw_buf_cstr(&seen));
	tw_form_hidden(&v->h, "member", "cvss");
	tw_form_hidden(&v->h, "text", tw_buf_cstr(&v->vector));
	tw_form_close(&v->h, v->look, TW_W_CVSS_TAKE);
	return TW_OK;
}

static void write_case(struct view *v)
{
	char path[TW_DESK_PATH_MAX], text[240];

	if (!v->doc)
		return;
	tw_desk_drill(&v->h, v->look, v->doc);
	(void)snprintf(path, sizeof path, TW_DESK_CASES "%.24s", tw_json_text(v->doc, "id"));
	(void)snprintf(text, sizeof text, "%.24s: %s", tw_json_text(v->doc, "id"), tw_json_text(v->doc, "title"));
	tw_utf8_mend(text);
	tw_html_open(&v->h, TW_E_P);
	tw_page_link_text(&v->h, v->look, path, text);
	tw_html_close(&v->h);
}

tw_err tw_desk_cvss(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(view_done) struct view v = { .c = c, .rq = rq, .look = tw_look_of(rq) };
	TW_CLEANUP(tw_jsonp) json_t *doc = NULL;
	char here[TW_DESK_PATH_MAX];
	int64_t id = 0;

	tw_buf_init(&v.vector, c->sys, TW_CVSS_TEXT_MAX);
	TW_TRY(tw_case_named(c, &rq->subject, tw_slice_of(tw_json_text(rq->input, "case")), &id, &doc));
	v.doc = doc;
	TW_TRY(read_choice(&v));
	const struct tw_desk_query q = { HERE,
		{ { "version", tw_cvss_version_text(v.version) }, { "case", tw_json_text(doc, "id") },
			{ "vector", v.vector.size ? tw_buf_cstr(&v.vector) : "" } } };
	tw_desk_address(&q, here);
	const struct tw_staff_frame f = { c, rq, here, tw_word(TW_W_CVSS, v.look.language) };
	tw_staff_frame_open(&f, &v.h, tw_reply_text(rp, c->sys, TW_PAGE_TYPE));
	write_case(&v);
	write_choices(&v);
	write_lead(&v);
	TW_TRY(write_take(&v));
	write_forms(&v);
	return tw_page_close(&v.h);
}
