/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/find.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

void tw_advisory_found_done(struct tw_advisory_found *f)
{
	struct tw_buf *const all[] = { &f->title, &f->publisher, &f->summary, &f->exact, &f->marks, &f->products, &f->words };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		tw_buf_done(all[i]);
}

char tw_advisory_found_letter(char c)
{
	return (unsigned char)c < ' ' ? ' ' : tw_advisory_letter(c);
}

static tw_err add(struct tw_buf *b, const char *before, const char *text)
{
	if (!*text || b->data[0] == TW_ADVISORY_CUT)
		return TW_OK;
	if (b->size + strlen(before) + strlen(text) + 1 > b->max) {
		b->data[0] = TW_ADVISORY_CUT;
		return TW_OK;
	}
	TW_TRY(tw_buf_text(b, before));
	for (; *text; text++) {
		const char c = tw_advisory_found_letter(*text);

		TW_TRY(tw_buf_add(b, &c, 1));
	}
	return tw_buf_add(b, "\n", 1);
}

static tw_err add_line(struct tw_buf *b, const char *text)
{
	return add(b, "", text);
}

static tw_err add_exact(struct tw_advisory_found *f, char what, const char *text)
{
	const char before[] = { what, ':', '\0' };

	return add(what == TW_ADVISORY_BY_CVE || what == TW_ADVISORY_BY_PRODUCT_ID ? &f->marks : &f->exact, before, text);
}

static tw_err begin(const struct tw_sys *sys, struct tw_advisory_found *f)
{
	struct tw_buf *const all[] = { &f->title, &f->publisher, &f->summary, &f->exact, &f->marks, &f->products, &f->words };

	for (size_t i = 0; i < TW_COUNT(all); i++) {
		tw_buf_init(all[i], sys, TW_ADVISORY_FOUND_MAX);
		TW_TRY(tw_buf_text(all[i], "\n")); /* or the mark */
	}
	return TW_OK;
}

/* Every text beneath a value, with its key as the caller sees it. Recursion as deep as the document was allowed to be. */
struct walk {
	struct tw_advisory_found *f;
	tw_err (*take)(struct tw_advisory_found *f, const char *key, const char *text);
};

static tw_err each_text(const struct walk *w, const char *key, const json_t *value)
{
	const char *name;
	json_t *one;
	size_t i;

	if (json_is_string(value))
		return w->take(w->f, key, json_string_value(value));
	json_array_foreach(value, i, one)
		TW_TRY(each_text(w, key, one));
	json_object_foreach((json_t *)(uintptr_t)value, name, one)
		TW_TRY(each_text(w, name, one));
	return TW_OK;
}

static tw_err take_product(struct tw_advisory_found *f, const char *key, const char *text)
{
	TW_TRY(add_line(&f->products, text));
	return strcmp(key, "product_id") ? TW_OK : add_exact(f, TW_ADVISORY_BY_PRODUCT_ID, text);
}

static tw_err take_publisher(struct tw_advisory_found *f, const char *key, const char *text)
{
	return add_line(&f->publisher, text);
}

static tw_err take_word(struct tw_advisory_found *f, const char *key, const char *text)
{
	return add_line(&f->words, text);
}

static tw_err add_cves(struct tw_advisory_found *f, const json_t *document)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, one)
		TW_TRY(add_exact(f, TW_ADVISORY_BY_CVE, tw_json_text(one, "cve")));
	return TW_OK;
}

/* A time in the one form that sorts; "" of none. */
static void time_of(const json_t *tracking, const char *key, char ret[32])
{
	int64_t ms = 0;

	ret[0] = '\0';
	if (!tw_failed(tw_parse_time(tw_slice_of(tw_json_text(tracking, key)), &ms)))
		tw_time_text(ms, ret);
}

/* What is out has a version, dates and a history; what is written has the line about it. */
static tw_err add_tracking(struct tw_advisory_found *f, const struct tw_advisory_known *a)
{
	const json_t *tracking = tw_json_get(tw_json_get(a->published, "document"), "tracking"), *one;
	const bool out = a->state == TW_ADVISORY_PUBLISHED;
	size_t i;

	time_of(tracking, "initial_release_date", f->first);
	time_of(tracking, "current_release_date", f->last);
	TW_TRY(add_exact(f, TW_ADVISORY_BY_STATUS, out ? tw_json_text(a->content, "status") : "draft"));
	TW_TRY(add_exact(f, TW_ADVISORY_BY_VERSION, tw_json_text(tracking, "version")));
	json_array_foreach(tw_json_get(tracking, "revision_history"), i, one) {
		TW_TRY(add_line(&f->summary, tw_json_text(one, "summary")));
		TW_TRY(add_exact(f, TW_ADVISORY_BY_REVISED, tw_json_text(one, "date")));
	}
	return add_line(&f->summary, tw_json_text(a->content, "summary"));
}

static tw_err add_severity(struct tw_advisory_found *f, const json_t *document)
{
	static const char *const ratings[] = { "", "none", "low", "medium", "high", "critical" };
	const char *rating = tw_advisory_severity(document);

	f->rating = '0';
	for (size_t i = 1; i < TW_COUNT(ratings); i++)
		if (!strcmp(rating, ratings[i]))
			f->rating = (char)('0' + i);
	return add_exact(f, TW_ADVISORY_BY_SEVERITY, *rating ? rating : "unrated");
}

static tw_err add_head(struct tw_advisory_found *f, const struct tw_advisory_known *a, const json_t *head)
{
	const struct walk publisher = { f, take_publisher };
	const json_t *one;
	size_t i;

	TW_TRY(add_line(&f->title, tw_json_text(head, "title")));
	TW_TRY(add_exact(f, TW_ADVISORY_BY_ID, a->name));
	TW_TRY(add_exact(f, TW_ADVISORY_BY_STATE, tw_advisory_states[a->state]));
	TW_TRY(add_exact(f, TW_ADVISORY_BY_CATEGORY, tw_json_text(head, "category")));
	TW_TRY(add_exact(f, TW_ADVISORY_BY_CSAF, tw_json_text(head, "csaf_version")));
	json_array_foreach(a->authors, i, one)
		TW_TRY(add_exact(f, TW_ADVISORY_BY_AUTHOR, json_is_string(one) ? json_string_value(one) : ""));
	return each_text(&publisher, "", tw_json_get(head, "publisher"));
}

tw_err tw_advisory_find_by(const struct tw_sys *sys, const struct tw_advisory_known *a, struct tw_advisory_found *ret)
{
	const json_t *document = tw_json_get(a->content, "document");
	const struct walk products = { ret, take_product }, words = { ret, take_word };

	*ret = (struct tw_advisory_found){ .rating = '0' };
	TW_TRY(begin(sys, ret));
	TW_TRY(add_head(ret, a, tw_json_get(document, "document")));
	TW_TRY(add_tracking(ret, a));
	TW_TRY(add_severity(ret, document));
	TW_TRY(add_cves(ret, document));
	TW_TRY(each_text(&products, "", tw_json_get(document, "product_tree")));
	TW_TRY(add_line(&ret->words, a->name));
	return each_text(&words, "", document);
}
