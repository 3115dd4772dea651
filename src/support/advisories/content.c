/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/content.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "product/advisory.h"

#include <stdio.h>
#include <string.h>

#define VALUE_MAX 2000 /* of a value that a difference shows */
#define PATH_MAX_BYTES 512

tw_err tw_advisory_content_of(const json_t *document, const char *status, const char *summary, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *copy = json_deep_copy(document), *o = NULL;

	if (!json_equal(copy, document)) /* it leaves members out when memory runs out */
		return TW_RAISE(NOMEM, "an advisory");
	if (!json_is_object(tw_json_get(copy, "document")))
		return TW_RAISE(SYNTAX, "there is no /document");
	(void)json_object_del(tw_json_get(copy, "document"), "tracking");
	o = json_pack("{s:O, s:s, s:s}", "document", copy, "status", status, "summary", summary);
	if (!o)
		return TW_RAISE(NOMEM, "an advisory");
	*ret = TW_STEAL(o);
	return TW_OK;
}

tw_err tw_advisory_document_read(struct tw_slice text, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_json_parse_deep(text, TW_ADVISORY_MAX, TW_ADVISORY_DEEPEST, &document));
	if (!json_is_object(document))
		return TW_RAISE(SYNTAX, "it is no JSON object");
	*ret = TW_STEAL(document);
	return TW_OK;
}

tw_err tw_advisory_content_read(struct tw_slice text, const char *status, const char *summary, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	TW_TRY(tw_advisory_document_read(text, &document));
	return tw_advisory_content_of(document, status, summary, ret);
}

tw_err tw_advisory_content_hash(const struct tw_sys *sys, const char *name, const json_t *content, char ret[65])
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_pack("{s:s, s:O}", "id", name, "content", content);
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, hex = { 0 };
	uint8_t digest[TW_SHA256_SIZE];

	if (!o)
		return TW_RAISE(NOMEM, "an advisory");
	tw_buf_init(&text, sys, 2 * (size_t)TW_ADVISORY_MAX);
	tw_buf_init(&hex, sys, 2 * sizeof digest);
	TW_TRY(tw_json_write(o, &text));
	TW_TRY(tw_sha256(text.data, text.size, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	(void)snprintf(ret, 65, "%s", tw_buf_cstr(&hex));
	return TW_OK;
}

static tw_err tracking_of(const char *name, const json_t *published, const char *now, json_t **ret)
{
	const json_t *before = tw_json_get(tw_json_get(published, "document"), "tracking");
	TW_CLEANUP(tw_jsonp)
	json_t *t = before ? json_deep_copy(before) : json_pack("{s:s, s:s}", "id", name, "initial_release_date", now);

	if (!t || (before && !json_equal(t, before)))
		return TW_RAISE(NOMEM, "an advisory");
	*ret = TW_STEAL(t);
	return TW_OK;
}

tw_err tw_advisory_finish(const char *name, const json_t *content, const json_t *published, const char *now, json_t **ret)
{
	const json_t *document = tw_json_get(content, "document");
	TW_CLEANUP(tw_jsonp) json_t *copy = json_deep_copy(document);
	json_t *tracking = NULL;

	if (!json_equal(copy, document))
		return TW_RAISE(NOMEM, "an advisory");
	TW_TRY(tracking_of(name, published, now, &tracking));
	TW_TRY(tw_json_set(tw_json_get(copy, "document"), "tracking", tracking));
	TW_TRY(tw_advisory_revise(tracking, now, tw_json_text(content, "status"), tw_json_text(content, "summary")));
	*ret = TW_STEAL(copy);
	return TW_OK;
}

const char *tw_advisory_status_advised(const json_t *content, const json_t *published, bool is_out, int64_t now_ms)
{
	const json_t *tracking = tw_json_get(tw_json_get(published, "document"), "tracking");
	int64_t last_ms = 0;

	if (tw_failed(tw_parse_time(tw_slice_of(tw_json_text(tracking, "current_release_date")), &last_ms)))
		return "";
	if (!is_out && !strcmp(tw_json_text(content, "status"), "final") && now_ms - last_ms < TW_ADVISORY_OFTEN_MS)
		return "interim";
	if (!strcmp(tw_json_text(tracking, "status"), "interim") && now_ms - last_ms > TW_ADVISORY_QUIET_MS &&
		(is_out || strcmp(tw_json_text(content, "status"), "final") != 0))
		return "final";
	return "";
}

/* --- What lists say of it --- */

static const char *const ratings[] = { "", "none", "low", "medium", "high", "critical" };

static size_t rating_of(const json_t *score, const char *version, const char *key)
{
	const char *text = tw_json_text(tw_json_get(score, version), key);

	for (size_t i = TW_COUNT(ratings) - 1; i > 0; i--)
		if (!strcasecmp(text, ratings[i]))
			return i;
	return 0;
}

/* CVSS 2.0 has no ratings of its own; those of 3.x are what everybody calls its scores by. */
static size_t rating_of_2(const json_t *score)
{
	double base = json_number_value(tw_json_get(tw_json_get(score, "cvss_v2"), "baseScore"));

	return base >= 9 ? 5 : base >= 7 ? 4 : base >= 4 ? 3 : base > 0 ? 2 : 0;
}

const char *tw_advisory_severity(const json_t *document)
{
	const json_t *vulnerability, *score;
	size_t i, k, best = 0;

	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, vulnerability)
		json_array_foreach(tw_json_get(vulnerability, "scores"), k, score) {
			size_t three = rating_of(score, "cvss_v3", "baseSeverity");
			size_t one = three ? three : rating_of_2(score);

			best = one > best ? one : best;
		}
	return ratings[best];
}

static bool has_text(const json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), text))
			return true;
	return false;
}

static bool in_groups(const json_t *document, const json_t *groups, const char *product)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(tw_json_get(document, "product_tree"), "product_groups"), i, one)
		if (has_text(groups, tw_json_text(one, "group_id")) && has_text(tw_json_get(one, "product_ids"), product))
			return true;
	return false;
}

static bool is_answered(const json_t *document, const json_t *vulnerability, const char *product)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(vulnerability, "remediations"), i, one)
		if (has_text(tw_json_get(one, "product_ids"), product) || in_groups(document, tw_json_get(one, "group_ids"), product))
			return true;
	return false;
}

/* @nist IN.1.c.1.1 IN.2.a.1.1: of each affected product, what is to be done */
tw_err tw_advisory_unanswered(const json_t *document, json_t *paths)
{
	static const char *const affected[] = { "known_affected", "first_affected", "last_affected" };
	const json_t *vulnerability, *product;
	char path[96];
	size_t i, k;

	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, vulnerability)
		for (size_t n = 0; n < TW_COUNT(affected); n++)
			json_array_foreach(tw_json_get(tw_json_get(vulnerability, "product_status"), affected[n]), k, product) {
				if (!json_is_string(product) || is_answered(document, vulnerability, json_string_value(product)))
					continue;
				(void)snprintf(path, sizeof path, "/vulnerabilities/%zu/product_status/%s/%zu", i, affected[n], k);
				TW_TRY(tw_json_append(paths, json_string(path)));
			}
	return TW_OK;
}

static tw_err unwritten_notes(const json_t *of, const char *path, json_t *paths)
{
	const json_t *one;
	char at[96];
	size_t i;

	json_array_foreach(tw_json_get(of, "notes"), i, one) {
		if (strcmp(tw_json_text(one, "text"), TW_ADVISORY_UNWRITTEN) != 0)
			continue;
		(void)snprintf(at, sizeof at, "%s/notes/%zu/text", path, i);
		TW_TRY(tw_json_append(paths, json_string(at)));
	}
	return TW_OK;
}

/* The first branches alone: a draft has no others. */
static tw_err unwritten_product(const json_t *document, json_t *paths)
{
	const json_t *branch = tw_json_get(document, "product_tree");

	for (int depth = 0; depth < TW_ADVISORY_DEEPEST && branch; depth++) {
		if (!strcmp(tw_json_text(branch, "name"), TW_ADVISORY_UNWRITTEN))
			return tw_json_append(paths, json_string("/product_tree"));
		branch = json_array_get(tw_json_get(branch, "branches"), 0);
	}
	return TW_OK;
}

tw_err tw_advisory_unwritten(const json_t *document, json_t *paths)
{
	const json_t *vulnerability;
	char path[48];
	size_t i;

	TW_TRY(unwritten_notes(tw_json_get(document, "document"), "/document", paths));
	TW_TRY(unwritten_product(document, paths));
	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, vulnerability) {
		(void)snprintf(path, sizeof path, "/vulnerabilities/%zu", i);
		TW_TRY(unwritten_notes(vulnerability, path, paths));
	}
	return TW_OK;
}

/* A message has lines and no other controls. */
static bool can_be_sent(const char *text)
{
	for (; *text; text++)
		if (((unsigned char)*text < ' ' && *text != '\n' && *text != '\t') || *text == 0x7f)
			return false;
	return true;
}

tw_err tw_advisory_actions(const json_t *document, struct tw_buf *ret)
{
	const json_t *vulnerability, *one;
	size_t i, k;

	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, vulnerability)
		json_array_foreach(tw_json_get(vulnerability, "remediations"), k, one) {
			const char *category = tw_json_text(one, "category"), *details = tw_json_text(one, "details");

			if (ret->size + strlen(category) + strlen(details) + 8 <= ret->max && can_be_sent(details))
				TW_TRY(tw_buf_format(ret, "\n- %s: %s", category, details));
		}
	return TW_OK;
}

char tw_advisory_letter(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '+' ? ' ' : c;
}

static tw_err add_line(struct tw_buf *b, const char *text)
{
	if (!*text)
		return TW_OK;
	if (b->size + strlen(text) + 1 > b->max) {
		if (b->size)
			b->data[0] = TW_ADVISORY_CUT;
		return TW_OK;
	}
	for (; *text; text++) {
		char c = tw_advisory_letter(*text);

		TW_TRY(tw_buf_add(b, &c, 1));
	}
	return tw_buf_add(b, "\n", 1);
}

static tw_err add_product(struct tw_buf *b, const json_t *product)
{
	TW_TRY(add_line(b, tw_json_text(product, "name")));
	return add_line(b, tw_json_text(product, "product_id"));
}

/* Recursion as deep as the document was allowed to be. */
static tw_err add_branches(struct tw_buf *b, const json_t *at)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(at, "branches"), i, one) {
		TW_TRY(add_line(b, tw_json_text(one, "name")));
		TW_TRY(add_product(b, tw_json_get(one, "product")));
		TW_TRY(add_branches(b, one));
	}
	return TW_OK;
}

tw_err tw_advisory_products(const json_t *document, struct tw_buf *ret)
{
	const json_t *tree = tw_json_get(document, "product_tree"), *one;
	size_t i;

	TW_TRY(tw_buf_text(ret, "\n")); /* or the mark */
	TW_TRY(add_branches(ret, tree));
	json_array_foreach(tw_json_get(tree, "full_product_names"), i, one)
		TW_TRY(add_product(ret, one));
	json_array_foreach(tw_json_get(tree, "relationships"), i, one)
		TW_TRY(add_product(ret, tw_json_get(one, "full_product_name")));
	return TW_OK;
}

/* --- Differences --- */

struct diffing {
	const struct tw_sys *sys;
	json_t *list;
	bool cut;
	char path[PATH_MAX_BYTES];
};

static tw_err value_text(const struct diffing *d, const json_t *value, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, d->sys, 2 * (size_t)TW_ADVISORY_MAX);
	if (json_is_string(value))
		TW_TRY(tw_buf_json_string(&b, (struct tw_slice){ json_string_value(value), json_string_length(value) }));
	else if (value)
		TW_TRY(tw_json_write(value, &b));
	size_t size = b.size < VALUE_MAX ? b.size : VALUE_MAX;
	while (size < b.size && ((unsigned char)tw_buf_cstr(&b)[size] & 0xc0) == 0x80) /* not within a character */
		size--;
	*ret = json_stringn(tw_buf_cstr(&b), size);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "differences");
}

static tw_err tell(struct diffing *d, const json_t *before, const json_t *after)
{
	TW_CLEANUP(tw_jsonp) json_t *was = NULL, *is = NULL;

	if (json_array_size(d->list) >= TW_ADVISORY_DIFF_MAX) {
		d->cut = true;
		return TW_OK;
	}
	TW_TRY(value_text(d, before, &was));
	TW_TRY(value_text(d, after, &is));
	return tw_json_append(d->list, json_pack("{s:s, s:O, s:O}", "path", d->path, "before", was, "after", is));
}

static tw_err compare(struct diffing *d, const json_t *before, const json_t *after);

/* A JSON pointer's step; one that has no room any more is told of as a whole. */
static tw_err step(struct diffing *d, const char *key, const json_t *before, const json_t *after)
{
	size_t size = strlen(d->path), at = size;

	if (size + 2 * strlen(key) + 2 > sizeof d->path)
		return tell(d, before, after);
	d->path[at++] = '/';
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			d->path[at++] = '~';
		d->path[at++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
	}
	d->path[at] = '\0';
	tw_err e = compare(d, before, after);
	d->path[size] = '\0';
	return e;
}

static tw_err compare_objects(struct diffing *d, const json_t *before, const json_t *after)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)before, key, value)
		TW_TRY(step(d, key, value, json_object_get(after, key)));
	json_object_foreach((json_t *)(uintptr_t)after, key, value)
		if (!json_object_get(before, key))
			TW_TRY(step(d, key, NULL, value));
	return TW_OK;
}

/* By place: what is put in at the front makes all behind it another one. */
static tw_err compare_arrays(struct diffing *d, const json_t *before, const json_t *after)
{
	size_t was = json_array_size(before), is = json_array_size(after);

	for (size_t i = 0; i < was || i < is; i++) {
		char key[24];

		(void)snprintf(key, sizeof key, "%zu", i);
		TW_TRY(step(d, key, json_array_get(before, i), json_array_get(after, i)));
	}
	return TW_OK;
}

static tw_err compare(struct diffing *d, const json_t *before, const json_t *after)
{
	if (before && after && json_equal(before, after))
		return TW_OK;
	if (json_is_object(before) && json_is_object(after))
		return compare_objects(d, before, after);
	if (json_is_array(before) && json_is_array(after))
		return compare_arrays(d, before, after);
	return tell(d, before, after);
}

tw_err tw_advisory_diff(const struct tw_sys *sys, const json_t *before, const json_t *after, json_t *list, bool *ret_cut)
{
	struct diffing d = { .sys = sys, .list = list };
	tw_err e = compare(&d, before, after);

	*ret_cut = d.cut;
	return e;
}
