/* SPDX-License-Identifier: Apache-2.0 */
#include "support/desk/advisories-find.h"

#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"

#include <string.h>

#define PAGES_MAX 10000
#define PEOPLE_MAX 500
#define STATE 6 /* of tw_advisory_filters */
enum { SORT, PAGE, FIRST };

/* --- The address --- */

static const char *sort_of(const char *typed)
{
	for (size_t i = 0; i < TW_ADVISORY_SORTS; i++)
		if (strcmp(tw_advisory_sorts[i], typed) == 0)
			return tw_advisory_sorts[i];
	return "";
}

static const char *key_of(size_t i)
{
	return i < TW_ADVISORY_FILTERS ? tw_advisory_filters[i] : tw_advisory_dates[i - TW_ADVISORY_FILTERS];
}

/* A form sends a blank as a plus. */
static void read_one(const struct tw_request *rq, struct tw_advisories_query *q, size_t i)
{
	(void)snprintf(q->typed[i], sizeof q->typed[i], "%s", tw_json_text(rq->input, key_of(i)));
	for (char *p = q->typed[i]; *p && i < TW_ADVISORY_FILTERS; p++)
		*p = *p == '+' ? ' ' : *p;
	q->any = q->any || (q->typed[i][0] && i != STATE);
	q->q.pairs[FIRST + i].key = key_of(i);
	q->q.pairs[FIRST + i].value = q->typed[i];
}

tw_err tw_advisories_query(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisories_query *ret)
{
	const char *sort = sort_of(tw_json_text(rq->input, "sort"));
	const int64_t page = tw_json_int(rq->input, "page");

	*ret = (struct tw_advisories_query){ .q = { TW_DESK_ADVISORIES, { [SORT] = { "sort", sort }, [PAGE] = { "page", "" } } } };
	ret->page = page < 1 ? 1 : page > PAGES_MAX ? PAGES_MAX : page;
	ret->place = (struct tw_advisory_place){ *sort ? sort : tw_advisory_sorts[0], TW_DESK_PAGE + 1, (ret->page - 1) * TW_DESK_PAGE };
	for (size_t i = 0; i < TW_COUNT(ret->typed); i++)
		read_one(rq, ret, i);
	return tw_advisory_search_of(c, rq, rp, &ret->search);
}

/* --- By state --- */

static void state_link(struct tw_html *h, struct tw_look look, const struct tw_desk_query *of, const char *state, int64_t number)
{
	static const enum tw_word words[TW_ADVISORY_STATES] = { TW_W_ADVISORY_DRAFT, TW_W_ADVISORY_REVIEW, TW_W_ADVISORY_APPROVED,
		TW_W_ADVISORY_PUBLISHING, TW_W_STATE_PUBLISHED };
	char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX], text[120];
	enum tw_advisory_state s = TW_ADVISORY_STATES;
	struct tw_desk_query q = *of;

	q.pairs[FIRST + STATE].value = state;
	tw_desk_address(&q, path);
	tw_page_address(look, path, address);
	(void)tw_advisory_state_find(tw_slice_of(state), &s);
	(void)snprintf(text, sizeof text, "%s: %lld", tw_word(s < TW_ADVISORY_STATES ? words[s] : TW_W_CASES_ALL, look.language),
		(long long)number);
	tw_html_open(h, TW_E_LI);
	tw_html_open(h, TW_E_A);
	if (strcmp(state, of->pairs[FIRST + STATE].value) == 0)
		tw_html_attr(h, TW_AT_CURRENT, TW_SLICE("true"));
	tw_html_link(h, tw_slice_of(address));
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
	tw_html_close(h);
}

tw_err tw_advisories_states(
	struct tw_context *c, struct tw_html *h, struct tw_look look, const struct tw_advisories_query *q, int64_t *ret_all)
{
	int64_t counts[TW_ADVISORY_STATES];

	*ret_all = 0;
	TW_TRY(tw_advisory_search_states(c, &q->search, counts));
	for (size_t i = 0; i < TW_ADVISORY_STATES; i++)
		*ret_all += counts[i];
	tw_page_class(h, TW_E_UL, "filters");
	state_link(h, look, &q->q, "", *ret_all);
	for (size_t i = 0; i < TW_ADVISORY_STATES; i++)
		if (counts[i] || strcmp(tw_advisory_states[i], q->typed[STATE]) == 0)
			state_link(h, look, &q->q, tw_advisory_states[i], counts[i]);
	tw_html_close(h);
	return TW_OK;
}

/* --- The form --- */

const char *const tw_advisories_severities[] = { "unrated", "none", "low", "medium", "high", "critical", NULL };
static const struct tw_choice severities[] = { { "", TW_W_RATING_ANY }, { "critical", TW_W_RATING_CRITICAL },
	{ "high", TW_W_RATING_HIGH }, { "medium", TW_W_RATING_MEDIUM }, { "low", TW_W_RATING_LOW }, { "none", TW_W_RATING_NONE },
	{ "unrated", TW_W_RATING_UNKNOWN }, { NULL, TW_WORDS } };
static const struct tw_choice categories[] = { { "", TW_W_FIND_ANY }, { "csaf_security_advisory", TW_W_PROFILE_ADVISORY },
	{ "csaf_security_incident_response", TW_W_PROFILE_INCIDENT }, { "csaf_informational_advisory", TW_W_PROFILE_INFORMATIONAL },
	{ "csaf_vex", TW_W_PROFILE_VEX }, { "csaf_base", TW_W_PROFILE_BASE }, { NULL, TW_WORDS } };
static const struct tw_choice statuses[] = { { "", TW_W_FIND_ANY }, { "draft", TW_W_ADVISORY_DRAFT },
	{ "interim", TW_W_STATUS_INTERIM }, { "final", TW_W_STATUS_FINAL }, { NULL, TW_WORDS } };
/* In the order of the form; those behind the first ones are folded away. Date: of a day. */
static const struct row {
	const char *key;
	enum tw_word label, hint;
	size_t most;
	const struct tw_choice *choices;
	const char *type;
} fields[] = {
	{ "text", TW_W_FIND_TEXT, TW_WORDS, 80, NULL, NULL },
	{ "product", TW_W_PRODUCT, TW_W_FIND_PRODUCT_HINT, 80, NULL, NULL },
	{ "cve", TW_W_CASE_CVE, TW_WORDS, 24, NULL, NULL },
	{ "severity", TW_W_RATING, TW_WORDS, 0, severities, NULL },
	{ "author", TW_W_ADVISORY_AUTHORS, TW_WORDS, 0, NULL, NULL },
	{ "title", TW_W_CASE_TITLE, TW_WORDS, 80, NULL, NULL },
	{ "id", TW_W_FIND_ID, TW_WORDS, 48, NULL, NULL },
	{ "category", TW_W_PROFILE, TW_WORDS, 0, categories, NULL },
	{ "publisher", TW_W_FIND_PUBLISHER, TW_WORDS, 80, NULL, NULL },
	{ "status", TW_W_FIND_STATUS, TW_WORDS, 0, statuses, NULL },
	{ "version", TW_W_VERSION_OF, TW_WORDS, 32, NULL, NULL },
	{ "product_id", TW_W_FIND_PRODUCT_ID, TW_WORDS, 80, NULL, NULL },
	{ "summary", TW_W_FIND_SUMMARY, TW_WORDS, 80, NULL, NULL },
	{ "revised", TW_W_FIND_REVISED, TW_W_FIND_REVISED_HINT, 40, NULL, NULL },
	{ "csaf_version", TW_W_FIND_CSAF, TW_WORDS, 8, NULL, NULL },
	{ "initial_from", TW_W_FIND_INITIAL_FROM, TW_WORDS, 0, NULL, "date" },
	{ "initial_to", TW_W_FIND_INITIAL_TO, TW_WORDS, 0, NULL, "date" },
	{ "current_from", TW_W_FIND_CURRENT_FROM, TW_WORDS, 0, NULL, "date" },
	{ "current_to", TW_W_FIND_CURRENT_TO, TW_WORDS, 0, NULL, "date" },
};
#define SHOWN 5 /* of them */

enum tw_word tw_advisories_severity(const char *severity)
{
	for (size_t i = 1; severities[i].value; i++)
		if (strcmp(severity, severities[i].value) == 0)
			return severities[i].word;
	return TW_W_RATING_UNKNOWN;
}

static const char *typed_of(const struct tw_advisories_query *q, const char *key)
{
	for (size_t i = 0; i < TW_COUNT(q->typed); i++)
		if (strcmp(key_of(i), key) == 0)
			return q->typed[i];
	return "";
}

struct choosing {
	struct tw_html *h;
	const char *chosen;
};

static tw_err choose(void *user, const struct tw_account *a)
{
	const struct choosing *g = user;
	char id[TW_ACCOUNT_ID_MAX + 2], text[TW_DESK_NAME_MAX];

	tw_account_id(a->id, id);
	(void)snprintf(text, sizeof text, "%s (%s)", a->name, id);
	tw_field_option(g->h, id, text, strcmp(id, g->chosen) == 0);
	return TW_OK;
}

static tw_err write_author(struct tw_context *c, struct tw_html *h, struct tw_look look, const struct row *r, const char *typed)
{
	const struct tw_field field = { .key = r->key, .label = r->label, .hint = TW_WORDS, .plain = true };
	struct choosing g = { h, typed };

	tw_field_choose(h, look, &field);
	tw_field_option(h, "", tw_word(TW_W_FIND_ANYBODY, look.language), !*typed);
	TW_TRY(tw_account_each(c, 0, PEOPLE_MAX, choose, &g));
	tw_html_close(h);
	return TW_OK;
}

static tw_err write_field(
	struct tw_context *c, struct tw_html *h, struct tw_look look, const struct row *r, const struct tw_advisories_query *q)
{
	const struct tw_field field = {
		.key = r->key, .label = r->label, .hint = r->hint, .most = r->most, .plain = true, .choices = r->choices, .type = r->type
	};
	const char *typed = typed_of(q, r->key);

	if (strcmp(r->key, "author") == 0)
		return write_author(c, h, look, r, typed);
	tw_field_write(h, look, &field, typed, TW_WORDS);
	return TW_OK;
}

static bool folded_is_used(const struct tw_advisories_query *q)
{
	for (size_t i = SHOWN; i < TW_COUNT(fields); i++)
		if (*typed_of(q, fields[i].key))
			return true;
	return false;
}

static tw_err write_fields(struct tw_context *c, struct tw_html *h, struct tw_look look, const struct tw_advisories_query *q)
{
	for (size_t i = 0; i < TW_COUNT(fields); i++) {
		if (i == SHOWN) {
			tw_html_open(h, TW_E_DETAILS);
			if (folded_is_used(q))
				tw_html_attr(h, TW_AT_OPEN, TW_SLICE(""));
			tw_page_put(h, look, TW_E_SUMMARY, TW_W_FIND_MORE);
		}
		TW_TRY(write_field(c, h, look, &fields[i], q));
	}
	tw_html_close(h);
	return TW_OK;
}

static void write_button(struct tw_html *h, struct tw_look look)
{
	tw_html_open(h, TW_E_BUTTON);
	tw_html_attr(h, TW_AT_TYPE, TW_SLICE("submit"));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_FILTER, look.language)));
	tw_html_close(h);
}

/* What is looked for now, so that the form can stay folded above what was found. */
static void write_sought(struct tw_html *h, struct tw_look look, const struct tw_advisories_query *q)
{
	bool first = true;

	if (!q->any)
		return;
	tw_html_open(h, TW_E_P);
	for (size_t i = 0; i < TW_COUNT(fields); i++) {
		const char *typed = typed_of(q, fields[i].key);

		if (!*typed)
			continue;
		tw_html_text(h, tw_slice_of(first ? "" : "; "));
		tw_html_text(h, tw_slice_of(tw_word(fields[i].label, look.language)));
		tw_html_text(h, TW_SLICE(": "));
		tw_html_put(h, TW_E_STRONG, typed);
		first = false;
	}
	tw_html_text(h, TW_SLICE(". "));
	tw_page_link(h, look, TW_DESK_ADVISORIES, TW_W_FIND_ALL);
	tw_html_close(h);
}

tw_err tw_advisories_form(struct tw_context *c, struct tw_html *h, struct tw_look look, const struct tw_advisories_query *q)
{
	write_sought(h, look, q);
	tw_html_open(h, TW_E_DETAILS);
	tw_page_put(h, look, TW_E_SUMMARY, TW_W_FIND);
	tw_html_open(h, TW_E_FORM);
	tw_html_attr(h, TW_AT_METHOD, TW_SLICE("get"));
	tw_html_link(h, TW_SLICE(TW_DESK_ADVISORIES));
	if (look.chosen)
		tw_form_hidden(h, "lang", tw_language_tag(look.language));
	if (*q->q.pairs[SORT].value)
		tw_form_hidden(h, "sort", q->q.pairs[SORT].value);
	if (*q->typed[STATE])
		tw_form_hidden(h, "state", q->typed[STATE]);
	TW_TRY(write_fields(c, h, look, q));
	write_button(h, look);
	tw_html_close(h);
	tw_html_close(h);
	return TW_OK;
}
