/* SPDX-License-Identifier: Apache-2.0 */
#include "support/page/page.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static void meta(struct tw_html *h, const char *name, const char *content)
{
	tw_html_open(h, TW_E_META);
	tw_html_attr(h, TW_AT_NAME, tw_slice_of(name));
	tw_html_attr(h, TW_AT_CONTENT, tw_slice_of(content));
	tw_html_close(h);
}

static void head(struct tw_html *h, const char *title)
{
	tw_html_open(h, TW_E_HEAD);
	tw_html_open(h, TW_E_META);
	tw_html_attr(h, TW_AT_CHARSET, TW_SLICE("utf-8"));
	tw_html_close(h);
	meta(h, "viewport", "width=device-width, initial-scale=1");
	tw_html_title(h, tw_slice_of(title));
	tw_html_open(h, TW_E_LINK);
	tw_html_attr(h, TW_AT_REL, TW_SLICE("stylesheet"));
	tw_html_link(h, TW_SLICE("/portal.css"));
	tw_html_close(h);
	tw_html_close(h);
}

/* The first thing a keyboard reaches leads past what every page begins with. */
static void skip(struct tw_html *h, struct tw_look look)
{
	tw_html_open(h, TW_E_A);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("skip"));
	tw_html_link(h, TW_SLICE("#main"));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_SKIP, look.language)));
	tw_html_close(h);
}

/* Of a request that was refused before anything of it was read: its query's word for the language. */
static struct tw_slice asked(const struct tw_request *rq)
{
	static const char key[] = "lang=";
	struct tw_slice rest = rq->head ? rq->head->query : TW_SLICE("");

	while (rest.size > 0) {
		const char *end = memchr(rest.at, '&', rest.size);
		struct tw_slice pair = { rest.at, end ? (size_t)(end - rest.at) : rest.size };

		if (pair.size >= sizeof key - 1 && memcmp(pair.at, key, sizeof key - 1) == 0)
			return (struct tw_slice){ pair.at + sizeof key - 1, pair.size - (sizeof key - 1) };
		rest = (struct tw_slice){ rest.at + pair.size + (end != NULL), rest.size - pair.size - (end != NULL) };
	}
	return rest;
}

struct tw_look tw_look_of(const struct tw_request *rq)
{
	struct tw_look look = { .language = TW_ENGLISH };
	const struct tw_http_field *accepts = rq->head ? tw_http_find(rq->head, "accept-language") : NULL;
	struct tw_slice chosen = rq->input ? tw_slice_of(tw_json_text(rq->input, "lang")) : asked(rq);

	if (tw_language_find(chosen, &look.language))
		look.chosen = true;
	else if (accepts)
		look.language = tw_language_wanted(accepts->value);
	return look;
}

void tw_page_address(struct tw_look look, const char *path, char ret[TW_PAGE_ADDRESS_MAX])
{
	size_t more = look.chosen ? sizeof "?lang=" - 1 + strlen(tw_language_tag(look.language)) : 0;

	if (strlen(path) + more < TW_PAGE_ADDRESS_MAX)
		(void)snprintf(ret, TW_PAGE_ADDRESS_MAX, "%s%s%s%s", path,
			look.chosen && strchr(path, '?') ? "&"
				: look.chosen            ? "?"
							 : "",
			look.chosen ? "lang=" : "", look.chosen ? tw_language_tag(look.language) : "");
	else
		(void)snprintf(ret, TW_PAGE_ADDRESS_MAX, "%.*s", (int)strcspn(path, "?"), path);
}

static void link_to(struct tw_html *h, struct tw_look look, const char *path)
{
	char text[TW_PAGE_ADDRESS_MAX];

	tw_page_address(look, path, text);
	tw_html_link(h, tw_slice_of(text));
}

void tw_page_link_text(struct tw_html *h, struct tw_look look, const char *path, const char *text)
{
	tw_html_open(h, TW_E_A);
	link_to(h, look, path);
	tw_html_text(h, tw_slice_of(text));
	tw_html_close(h);
}

void tw_page_link(struct tw_html *h, struct tw_look look, const char *path, enum tw_word w)
{
	tw_page_link_text(h, look, path, tw_word(w, look.language));
}

/* @nist QR.2.a.2.2: each document that is published here leads there */
void tw_page_feedback(struct tw_html *h, struct tw_look look, const char *document)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:";
	char path[TW_PAGE_ADDRESS_MAX] = "/question?kind=documentation&document=";
	size_t n = strlen(path);

	for (const char *c = document; *c && n + 4 < sizeof path; c++)
		n += (size_t)snprintf(path + n, sizeof path - n, strchr(plain, *c) ? "%c" : "%%%02X", (unsigned char)*c);
	tw_page_class(h, TW_E_P, "quiet");
	tw_page_link(h, look, path, TW_W_FEEDBACK);
	tw_html_close(h);
}

void tw_page_class(struct tw_html *h, enum tw_html_element e, const char *class)
{
	tw_html_open(h, e);
	tw_html_attr(h, TW_AT_CLASS, tw_slice_of(class));
}

void tw_page_put(struct tw_html *h, struct tw_look look, enum tw_html_element e, enum tw_word w)
{
	tw_html_put(h, e, tw_word(w, look.language));
}

/* Its name is in the language it leads to. */
static void other_language(struct tw_html *h, struct tw_look look, const char *here)
{
	enum tw_language other = look.language == TW_ENGLISH ? TW_GERMAN : TW_ENGLISH;

	tw_html_open(h, TW_E_A);
	link_to(h, (struct tw_look){ other, true }, here);
	tw_html_attr(h, TW_AT_LANG, tw_slice_of(tw_language_tag(other)));
	tw_html_attr(h, TW_AT_HREFLANG, tw_slice_of(tw_language_tag(other)));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_OTHER_LANGUAGE, look.language)));
	tw_html_close(h);
}

void tw_page_begin_head(struct tw_html *h, struct tw_buf *out, const struct tw_page_head *p)
{
	tw_html_begin(h, out);
	tw_html_open(h, TW_E_HTML);
	tw_html_attr(h, TW_AT_LANG, tw_slice_of(tw_language_tag(p->look.language)));
	head(h, p->title);
	tw_html_open(h, TW_E_BODY);
	if (p->class[0])
		tw_html_attr(h, TW_AT_CLASS, tw_slice_of(p->class));
	skip(h, p->look);
	tw_html_open(h, TW_E_HEADER);
	tw_page_link(h, p->look, "/", TW_W_PORTAL);
	tw_html_text(h, TW_SLICE(" "));
	other_language(h, p->look, p->here);
	tw_html_close(h);
}

void tw_page_begin_main(struct tw_html *h, const char *title)
{
	tw_html_open(h, TW_E_MAIN);
	tw_html_attr(h, TW_AT_ID, TW_SLICE("main"));
	tw_html_put(h, TW_E_H1, title);
}

void tw_page_open_named(struct tw_html *h, struct tw_buf *out, struct tw_look look, const char *here, const char *title)
{
	const struct tw_page_head p = { look, here, title, "" };

	tw_page_begin_head(h, out, &p);
	tw_page_begin_main(h, p.title);
}

void tw_page_open(struct tw_html *h, struct tw_buf *out, struct tw_look look, const char *here, enum tw_word title)
{
	tw_page_open_named(h, out, look, here, tw_word(title, look.language));
}

tw_err tw_page_close(struct tw_html *h)
{
	tw_html_close(h);
	tw_html_close(h);
	tw_html_close(h);
	return tw_html_finish(h);
}

void tw_page_time(struct tw_html *h, int64_t ms)
{
	char text[TW_TIME_TEXT_MAX], shown[24];

	tw_time_text(ms, text);
	(void)snprintf(shown, sizeof shown, "%.10s %.5s UTC", text, text + 11);
	tw_html_open(h, TW_E_TIME);
	tw_html_attr(h, TW_AT_DATETIME, tw_slice_of(text));
	tw_html_text(h, tw_slice_of(shown));
	tw_html_close(h);
}

/* The path's own words are for who writes programs or looks after the machine; a person here gets these. */
static const struct kind {
	const char *problem;
	enum tw_word word;
} kinds[] = {
	{ "storage-full", TW_W_PROBLEM_FULL },
	{ "log-full", TW_W_PROBLEM_FULL },
	{ "storage-broken", TW_W_PROBLEM_LATER },
	{ "log-broken", TW_W_PROBLEM_LATER },
	{ "busy", TW_W_PROBLEM_LATER },
	{ "internal", TW_W_PROBLEM_LATER },
	{ "too-many", TW_W_PROBLEM_WAIT },
};

void tw_page_counted(const char *row, int number, char *ret, size_t size)
{
	const char *mark = strstr(row, "%d");

	if (mark)
		(void)snprintf(ret, size, "%.*s%d%s", (int)(mark - row), row, number, mark + 2);
	else
		(void)snprintf(ret, size, "%s", row);
}

/* Why it was refused: what matters to whoever reads it, in his language, and the rule for whom he asks. */
void tw_page_why_as(struct tw_html *h, struct tw_look look, const struct tw_reply *rp, uint64_t reference, enum tw_word uncertain)
{
	enum tw_word word = TW_W_PROBLEM_REQUEST;
	char text[256], number[24];

	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		if (strcmp(kinds[i].problem, rp->problem) == 0)
			word = kinds[i].word == TW_W_PROBLEM_LATER ? uncertain : kinds[i].word;
	tw_page_counted(tw_word(word, look.language), rp->retry_after_s, text, sizeof text);
	tw_html_put(h, TW_E_P, text);
	if (word == TW_W_PROBLEM_REQUEST) {
		tw_html_open(h, TW_E_P);
		tw_html_attr(h, TW_AT_LANG, TW_SLICE("en"));
		tw_html_text(h, tw_slice_of(rp->detail));
		tw_html_close(h);
	}
	tw_html_open(h, TW_E_P);
	tw_html_attr(h, TW_AT_CLASS, TW_SLICE("quiet"));
	tw_html_text(h, tw_slice_of(tw_word(TW_W_RULE, look.language)));
	tw_html_put(h, TW_E_CODE, rp->rule);
	if (reference) {
		(void)snprintf(number, sizeof number, "%llu", (unsigned long long)reference);
		tw_html_text(h, tw_slice_of(tw_word(TW_W_REFERENCE, look.language)));
		tw_html_put(h, TW_E_CODE, number);
	}
	tw_html_close(h);
}

void tw_page_why(struct tw_html *h, struct tw_look look, const struct tw_reply *rp, uint64_t reference)
{
	tw_page_why_as(h, look, rp, reference, TW_W_PROBLEM_LATER);
}

tw_err tw_page_problem(struct tw_context *c, const struct tw_request *rq, const struct tw_reply *rp, uint64_t reference, struct tw_buf *body)
{
	struct tw_look look = tw_look_of(rq);
	struct tw_html h;

	if (rp->status == 404) {
		tw_page_open(&h, body, look, "/", TW_W_NO_PAGE);
		tw_html_open(&h, TW_E_P);
		tw_html_text(&h, tw_slice_of(tw_word(TW_W_NO_PAGE_WHY, look.language)));
		tw_page_link(&h, look, "/", TW_W_TO_FIRST);
		tw_html_close(&h);
		return tw_page_close(&h);
	}
	tw_page_open(&h, body, look, "/", TW_W_NOT_DONE);
	tw_page_why(&h, look, rp, reference);
	return tw_page_close(&h);
}
