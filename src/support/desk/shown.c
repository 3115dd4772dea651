/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/text.h"
#include "service/access/account.h"
#include "support/desk/desk.h"
#include "support/platform/app.h"
#include "support/subscriptions/products.h"

#include <stdio.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define HOURS (60 * MINUTES)
#define DAYS (24 * HOURS)

static const enum tw_word states[TW_CASE_STATES] = {
	[TW_CASE_RECEIVED] = TW_W_CASE_RECEIVED,
	[TW_CASE_ACKNOWLEDGED] = TW_W_CASE_ACKNOWLEDGED,
	[TW_CASE_TRIAGE] = TW_W_CASE_TRIAGE,
	[TW_CASE_VERIFIED] = TW_W_CASE_VERIFIED,
	[TW_CASE_NOT_REPRODUCIBLE] = TW_W_CASE_NOT_REPRODUCIBLE,
	[TW_CASE_DUPLICATE] = TW_W_CASE_DUPLICATE,
	[TW_CASE_NOT_OURS] = TW_W_CASE_NOT_OURS,
	[TW_CASE_REMEDIATION] = TW_W_CASE_REMEDIATION,
	[TW_CASE_RELEASED] = TW_W_CASE_RELEASED,
	[TW_CASE_POST_RELEASE] = TW_W_CASE_POST_RELEASE,
	[TW_CASE_CLOSED] = TW_W_CASE_CLOSED,
};

enum tw_word tw_desk_state_word(const char *state)
{
	enum tw_case_state s = TW_CASE_STATES;

	return tw_case_state_find(tw_slice_of(state), &s) ? states[s] : TW_WORDS;
}

enum tw_word tw_desk_kind_word(enum tw_a14_kind k)
{
	return k == TW_A14_EXPLOITED ? TW_W_KIND_EXPLOITED : TW_W_KIND_INCIDENT;
}

enum tw_word tw_desk_step_word(enum tw_a14_step s)
{
	static const enum tw_word words[TW_A14_STEPS] = { TW_W_STEP_WARNING, TW_W_STEP_NOTIFICATION, TW_W_STEP_FINAL };

	return words[s];
}

const char *const tw_desk_members[] = { "title", "product", "versions", "description", "severity", "cvss", "cwe", "cve",
	"manufacturer", "contact", "member_states", "malicious", "nature", "exploit", "assessment", "measures_taken",
	"measures_users", "sensitivity", "impact", "actor", "remedy", "threat", "mitigations", NULL };

enum tw_word tw_desk_member_word(const char *member)
{
	static const enum tw_word words[] = { TW_W_CASE_TITLE, TW_W_PRODUCT, TW_W_CASE_VERSIONS, TW_W_DESCRIPTION,
		TW_W_CASE_SEVERITY, TW_W_CASE_CVSS, TW_W_CASE_CWE, TW_W_CASE_CVE, TW_W_CASE_MANUFACTURER, TW_W_CASE_CONTACT,
		TW_W_CASE_MEMBER_STATES, TW_W_CASE_MALICIOUS, TW_W_CASE_NATURE, TW_W_CASE_EXPLOIT, TW_W_CASE_ASSESSMENT,
		TW_W_CASE_MEASURES_TAKEN, TW_W_CASE_MEASURES_USERS, TW_W_CASE_SENSITIVITY, TW_W_CASE_IMPACT, TW_W_CASE_ACTOR,
		TW_W_CASE_REMEDY, TW_W_CASE_THREAT, TW_W_CASE_MITIGATIONS };

	_Static_assert(TW_COUNT(words) + 1 == TW_COUNT(tw_desk_members), "each member has its word");
	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (strcmp(tw_desk_members[i], member) == 0)
			return words[i];
	return TW_WORDS;
}

void tw_desk_mark(struct tw_html *h, const char *class, const char *text)
{
	char classes[48];

	(void)snprintf(classes, sizeof classes, "mark %s", class);
	tw_page_class(h, TW_E_SPAN, classes);
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

/* Which of them wait for somebody is what the mark tells. */
void tw_desk_state(struct tw_html *h, struct tw_look look, const char *state)
{
	enum tw_case_state s = TW_CASE_STATES;
	const char *class = "going";

	if (!tw_case_state_find(tw_slice_of(state), &s)) {
		tw_html_text(h, tw_slice_of(state));
		return;
	}
	if (s == TW_CASE_RECEIVED || s == TW_CASE_ACKNOWLEDGED)
		class = "fresh";
	else if (s == TW_CASE_CLOSED || s == TW_CASE_DUPLICATE || s == TW_CASE_NOT_OURS || s == TW_CASE_NOT_REPRODUCIBLE)
		class = "over";
	else if (s == TW_CASE_RELEASED || s == TW_CASE_POST_RELEASE)
		class = "done";
	tw_desk_mark(h, class, tw_word(states[s], look.language));
}

static void duration(int64_t ms, char *ret, size_t size)
{
	if (ms >= DAYS)
		(void)snprintf(ret, size, "%lld d %lld h", (long long)(ms / DAYS), (long long)(ms % DAYS / HOURS));
	else
		(void)snprintf(ret, size, "%lld h %lld min", (long long)(ms / HOURS), (long long)(ms % HOURS / MINUTES));
}

static void attr_number(struct tw_html *h, enum tw_html_attribute a, int number)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%d", number);
	tw_html_attr(h, a, tw_slice_of(text));
}

/* The part of its time that is gone. What is said beside it says the same, so the bar is for the eye. */
static void bar(struct tw_html *h, const struct tw_clock *c, int64_t now_ms, const char *text)
{
	const int64_t whole = c->due_ms - c->from_ms, gone = now_ms - c->from_ms;
	const int share = whole <= 0 || gone >= whole ? 100 : gone <= 0 ? 0 : (int)(gone * 100 / whole);

	tw_html_open(h, TW_E_METER);
	tw_html_attr(h, TW_AT_ARIA_LABEL, tw_slice_of(text));
	attr_number(h, TW_AT_MIN, 0);
	attr_number(h, TW_AT_MAX, 100);
	attr_number(h, TW_AT_LOW, 50);
	attr_number(h, TW_AT_HIGH, 80);
	attr_number(h, TW_AT_OPTIMUM, 0);
	attr_number(h, TW_AT_VALUE, share);
	tw_html_close(h);
}

void tw_desk_left(struct tw_html *h, struct tw_look look, const struct tw_clock *c, int64_t now_ms)
{
	static const struct {
		const char *class;
		enum tw_word word;
	} rows[] = {
		[TW_CLOCK_RUNNING] = { "going", TW_W_CLOCK_LEFT },
		[TW_CLOCK_WAITING] = { "waiting", TW_W_CLOCK_WAITING },
		[TW_CLOCK_MET] = { "done", TW_W_CLOCK_MET },
		[TW_CLOCK_MET_LATE] = { "done-late", TW_W_CLOCK_MET_LATE },
		[TW_CLOCK_LATE] = { "late", TW_W_CLOCK_LATE },
		[TW_CLOCK_OFF] = { "over", TW_W_CLOCK_OFF },
	};
	const char *word = tw_word(rows[c->state].word, look.language), *class = rows[c->state].class;
	const bool counts = c->state == TW_CLOCK_RUNNING || c->state == TW_CLOCK_LATE;
	char time[48], text[160];

	if (!counts) {
		tw_desk_mark(h, class, word);
		return;
	}
	duration(c->state == TW_CLOCK_LATE ? now_ms - c->due_ms : c->due_ms - now_ms, time, sizeof time);
	(void)snprintf(text, sizeof text, "%s %s", time, word);
	tw_desk_mark(h, c->state == TW_CLOCK_RUNNING && c->escalation ? "soon" : class, text);
	bar(h, c, now_ms, text);
}

tw_err tw_desk_person(struct tw_context *c, const char *id, char ret[TW_DESK_NAME_MAX])
{
	struct tw_account a;
	int64_t account = 0;

	(void)snprintf(ret, TW_DESK_NAME_MAX, "%s", id);
	if (!tw_account_id_read(tw_slice_of(id), &account))
		return TW_OK;
	tw_err e = tw_account_get(c, account, &a);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	(void)snprintf(ret, TW_DESK_NAME_MAX, "%s (%s)", a.name, id);
	return TW_OK;
}

void tw_desk_when(struct tw_html *h, const char *text)
{
	int64_t ms = 0;

	if (tw_failed(tw_parse_time(tw_slice_of(text), &ms)))
		tw_html_text(h, tw_slice_of(text));
	else
		tw_page_time(h, ms);
}

const char *tw_desk_product(struct tw_context *c, const char *name)
{
	const json_t *product = tw_products_find(tw_app_of(c)->products, tw_slice_of(name));

	return product ? tw_json_text(product, "title") : name;
}

void tw_desk_local(struct tw_html *h, const struct tw_zone *zone, int64_t ms)
{
	char there[TW_TIME_TEXT_MAX], text[80];

	if (!strcmp(zone->name, "UTC"))
		return;
	tw_zone_text(zone, ms, there);
	(void)snprintf(text, sizeof text, " (%.10s %.5s %s)", there, there + 11, zone->name);
	tw_page_class(h, TW_E_SPAN, "quiet");
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

void tw_desk_pair(struct tw_html *h, struct tw_look look, enum tw_word label, const char *value)
{
	if (!*value)
		return;
	tw_page_put(h, look, TW_E_DT, label);
	tw_page_class(h, TW_E_DD, "text");
	tw_html_text(h, tw_slice_of(value));
	tw_html_close(h);
}

void tw_desk_done(struct tw_html *h, const struct tw_request *rq, struct tw_look look)
{
	const char *done = tw_json_text(rq->input, "done");

	if (!*done)
		return;
	tw_page_class(h, TW_E_P, "notice");
	tw_html_attr(h, TW_AT_ROLE, TW_SLICE("status"));
	tw_html_text(h, tw_slice_of(tw_word(*done == '2' ? TW_W_DONE_HERE : TW_W_DONE, look.language)));
	tw_html_close(h);
}

/* shown: with its name over it, where it is not what the heading before it says. */
void tw_desk_table(struct tw_html *h, struct tw_look look, enum tw_word name, bool shown)
{
	tw_page_class(h, TW_E_TABLE, "cards");
	if (!shown)
		tw_html_attr(h, TW_AT_ARIA_LABEL, tw_slice_of(tw_word(name, look.language)));
	else
		tw_html_put(h, TW_E_CAPTION, tw_word(name, look.language));
	tw_html_open(h, TW_E_THEAD);
	tw_html_open(h, TW_E_TR);
}

void tw_desk_rows(struct tw_html *h)
{
	tw_html_close(h);
	tw_html_close(h);
	tw_html_open(h, TW_E_TBODY);
}

void tw_desk_cell(struct tw_html *h, struct tw_look look, enum tw_word w)
{
	tw_html_open(h, TW_E_TD);
	tw_page_class(h, TW_E_SPAN, "label");
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_text(h, TW_SLICE(": "));
	tw_html_close(h);
}

void tw_desk_head(struct tw_html *h, struct tw_look look, enum tw_word w)
{
	tw_html_open(h, TW_E_TH);
	tw_html_attr(h, TW_AT_SCOPE, TW_SLICE("col"));
	tw_html_text(h, tw_slice_of(tw_word(w, look.language)));
	tw_html_close(h);
}

/* Values are of our own lists, or numbers: nothing in them has to be escaped. */
/* Letters and digits as they are, and everything else as its bytes. */
static bool put_value(char *ret, size_t size, const char *text)
{
	size_t at = strlen(ret);

	for (; *text; text++) {
		const bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
			(*text >= '0' && *text <= '9') || strchr("-._:", *text);

		if (at + 4 > size)
			return false;
		at += (size_t)snprintf(ret + at, size - at, plain ? "%c" : "%%%02X", plain ? *text : (int)(unsigned char)*text);
	}
	return true;
}

void tw_desk_address(const struct tw_desk_query *q, char ret[TW_DESK_PATH_MAX])
{
	char mark = '?';

	(void)snprintf(ret, TW_DESK_PATH_MAX, "%s", q->path);
	for (size_t i = 0; i < TW_COUNT(q->pairs); i++) {
		const size_t before = strlen(ret);

		if (!q->pairs[i].key || !*q->pairs[i].value || before + strlen(q->pairs[i].key) + 3 > TW_DESK_PATH_MAX)
			continue;
		(void)snprintf(ret + before, TW_DESK_PATH_MAX - before, "%c%s=", mark, q->pairs[i].key);
		if (put_value(ret, TW_DESK_PATH_MAX, q->pairs[i].value))
			mark = '&';
		else
			ret[before] = '\0';
	}
}

static struct tw_desk_query with(const struct tw_desk_query *q, const char *key, const char *value)
{
	struct tw_desk_query other = *q;

	for (size_t i = 0; i < TW_COUNT(other.pairs); i++) {
		if (other.pairs[i].key && strcmp(other.pairs[i].key, "page") == 0)
			other.pairs[i].value = "";
		if (other.pairs[i].key && strcmp(other.pairs[i].key, key) == 0)
			other.pairs[i].value = value;
	}
	return other;
}

void tw_desk_sorted(struct tw_html *h, struct tw_look look, const struct tw_desk_query *q, const char *by, const char *now, enum tw_word w)
{
	const bool down = *now == '-', sorts = strcmp(now + down, by) == 0;
	char value[32], path[TW_DESK_PATH_MAX];

	(void)snprintf(value, sizeof value, "%s%s", sorts && !down ? "-" : "", by);
	const struct tw_desk_query other = with(q, "sort", value);
	tw_desk_address(&other, path);
	tw_html_open(h, TW_E_TH);
	tw_html_attr(h, TW_AT_SCOPE, TW_SLICE("col"));
	if (sorts)
		tw_html_attr(h, TW_AT_SORT, down ? TW_SLICE("descending") : TW_SLICE("ascending"));
	tw_page_link(h, look, path, w);
	tw_html_close(h);
}

void tw_desk_pages(struct tw_html *h, struct tw_look look, const struct tw_desk_query *q, int64_t page, bool more)
{
	char number[24], path[TW_DESK_PATH_MAX];

	if (page <= 1 && !more)
		return;
	tw_page_class(h, TW_E_P, "pages");
	if (page > 1) {
		(void)snprintf(number, sizeof number, "%lld", (long long)page - 1);
		const struct tw_desk_query before = with(q, "page", number);
		tw_desk_address(&before, path);
		tw_page_link(h, look, path, TW_W_PAGE_BEFORE);
	}
	tw_html_text(h, TW_SLICE(" "));
	if (more) {
		(void)snprintf(number, sizeof number, "%lld", (long long)page + 1);
		const struct tw_desk_query behind = with(q, "page", number);
		tw_desk_address(&behind, path);
		tw_page_link(h, look, path, TW_W_PAGE_BEHIND);
	}
	tw_html_close(h);
}

void tw_desk_filters(struct tw_html *h, struct tw_look look, const struct tw_desk_query *q, size_t which, const struct tw_choice *choices)
{
	tw_page_class(h, TW_E_UL, "filters");
	for (; choices->value; choices++) {
		const struct tw_desk_query other = with(q, q->pairs[which].key, choices->value);
		char path[TW_DESK_PATH_MAX], address[TW_PAGE_ADDRESS_MAX];

		tw_desk_address(&other, path);
		tw_page_address(look, path, address);
		tw_html_open(h, TW_E_LI);
		tw_html_open(h, TW_E_A);
		if (strcmp(choices->value, q->pairs[which].value) == 0)
			tw_html_attr(h, TW_AT_CURRENT, TW_SLICE("true"));
		tw_html_link(h, tw_slice_of(address));
		tw_html_text(h, tw_slice_of(tw_word(choices->word, look.language)));
		tw_html_close(h);
		tw_html_close(h);
	}
	tw_html_close(h);
}

void tw_desk_doing(struct tw_html *h, struct tw_look look)
{
	tw_page_class(h, TW_E_H2, "doing");
	tw_html_text(h, tw_slice_of(tw_word(TW_W_ACTIONS, look.language)));
	tw_html_close(h);
}

void tw_desk_drill(struct tw_html *h, struct tw_look look, const json_t *doc)
{
	if (!tw_json_bool(doc, "drill"))
		return;
	tw_page_class(h, TW_E_P, "notice drill");
	tw_desk_mark(h, "waiting", tw_word(TW_W_DRILL, look.language));
	tw_html_close(h);
}
