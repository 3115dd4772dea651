/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/concerned.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/advisories/content.h"

#include <string.h>

#define TEXTS_MAX (TW_NOTICE_PRODUCTS_MAX * (TW_NOTICE_VERSIONS_MAX + 1))
#define EXACT "vers:generic/"
#define PASSES 8 /* of products that are made of products that are made of products ... */

/* What is said of a product id: bits. FROM and UP_TO: of the first and the last of those that are. */
enum { SAID = 1, FROM = 2, UP_TO = 4 };
static const struct {
	const char *key;
	int said;
} statuses[] = { { "known_affected", SAID }, { "under_investigation", SAID }, { "fixed", SAID }, { "first_affected", FROM },
	{ "first_fixed", FROM }, { "last_affected", UP_TO } };

struct collecting {
	const struct tw_sys *sys;
	struct tw_advisory_concerned *to;
	json_t *said; /* bits by product id */
	bool any;     /* the document says of some product what its status is */
	const json_t *products, *product;
	size_t first, most; /* rows of this product begin there, and end before that */
	size_t texts;       /* so much of the texts is of those before it */
	bool full;          /* there were more than can be told */
};
/* Of the branches that lead to a place in the tree. */
struct place {
	bool about;            /* one of them has the product in its name */
	const json_t *version; /* the branch that says it */
	size_t versions;       /* so many do */
};

/* --- Which products --- */

/* What goes on with a name: "lamp" is not in "lamp-pro", and is in "Lamp (TM)". Of UTF-8 the first byte: U+0080 to U+00BF and U+2000 to U+2FFF are signs. */
static bool goes_on(char first)
{
	const unsigned char c = (unsigned char)tw_advisory_letter(first);

	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || (c >= 0x80 && c != 0xc2 && c != 0xe2);
}

static bool begins_whole(const char *text, const char *at)
{
	const char *before = at;

	while (before > text && ((unsigned char)before[-1] & 0xc0) == 0x80)
		before--;
	return before == text || !goes_on(before[-1]);
}

/* Bytes of a name that stands whole at this place of the text, compared as names of products are (content.h); 0: it does not. */
static size_t whole(const char *text, const char *at, const char *name)
{
	size_t i = 0;

	if (!begins_whole(text, at))
		return 0;
	while (name[i] && tw_advisory_letter(at[i]) == tw_advisory_letter(name[i]))
		i++;
	return name[i] || goes_on(at[i]) ? 0 : i;
}

/* Whether what stands there is a part of the longer name of another product: of "Lamp Pro" where there is one. */
static bool is_part(const json_t *products, const json_t *product, const char *text, const char *at, size_t size)
{
	static const char *const keys[] = { "name", "title" };
	const json_t *one;
	size_t i;

	json_array_foreach(products, i, one)
		for (size_t k = 0; one != product && k < TW_COUNT(keys); k++) {
			const char *name = tw_json_text(one, keys[k]);
			const size_t longer = strlen(name);
			const char *from = longer > size && (size_t)(at - text) > longer - size ? at - (longer - size) : text;

			for (; longer > size && from <= at; from++)
				if (whole(text, from, name) && from + longer >= at + size)
					return true;
		}
	return false;
}

static bool has(const char *text, const json_t *products, const json_t *product, const char *key)
{
	const char *name = tw_json_text(product, key);

	for (const char *at = text; *name && *at; at++) {
		const size_t size = whole(text, at, name);

		if (size && !is_part(products, product, text, at, size))
			return true;
	}
	return false;
}

static bool is_about(const char *text, const json_t *products, const json_t *product)
{
	return has(text, products, product, "name") || has(text, products, product, "title");
}

/* --- What is said of an id --- */

static tw_err say(json_t *said, const char *id, int bits)
{
	return bits ? tw_json_set(said, id, json_integer(tw_json_int(said, id) | bits)) : TW_OK;
}

static tw_err read_statuses(struct collecting *w, const json_t *document)
{
	const json_t *vulnerability, *id;
	size_t i, k;

	json_array_foreach(tw_json_get(document, "vulnerabilities"), i, vulnerability) {
		const json_t *status = tw_json_get(vulnerability, "product_status");

		w->any = w->any || json_object_size(status);
		for (size_t n = 0; n < TW_COUNT(statuses); n++)
			json_array_foreach(tw_json_get(status, statuses[n].key), k, id)
				if (json_is_string(id))
					TW_TRY(say(w->said, json_string_value(id), statuses[n].said));
	}
	return TW_OK;
}

/* What is said of a product that is made of two is said of both. */
static tw_err spread(struct collecting *w, const json_t *document)
{
	static const char *const parts[] = { "product_reference", "relates_to_product_reference" };
	const json_t *one;
	size_t i;

	for (int pass = 0; pass < PASSES; pass++)
		json_array_foreach(tw_json_get(tw_json_get(document, "product_tree"), "relationships"), i, one) {
			const int bits = (int)tw_json_int(w->said, tw_json_text(tw_json_get(one, "full_product_name"), "product_id"));

			for (size_t n = 0; n < TW_COUNT(parts); n++)
				TW_TRY(say(w->said, tw_json_text(one, parts[n]), bits));
		}
	return TW_OK;
}

/* --- Rows --- */

/* Once each; whatever a message could not show is the text for versions that are not said. */
static tw_err add(struct collecting *w, const char *versions)
{
	struct tw_advisory_concerned *to = w->to;
	const struct tw_slice text = tw_slice_of(versions);
	const bool fits = text.size <= TW_NOTICE_VERSIONS_MAX && tw_text_printable(text);

	if (!fits)
		versions = TW_NOTICE_VERSIONS_UNSAID;
	if (w->full)
		return TW_OK;
	for (size_t i = w->first; i < to->count; i++)
		if (!strcmp(to->at[i].versions, versions))
			return TW_OK;
	w->full = to->count == w->most;
	if (w->full) { /* then it is not said at all */
		to->texts.size = w->texts;
		to->count = w->first;
		versions = TW_NOTICE_VERSIONS_UNSAID;
	}
	const char *kept = to->texts.data + to->texts.size;
	TW_TRY(tw_buf_add(&to->texts, versions, strlen(versions) + 1));
	to->at[to->count++] = (struct tw_notice_product){ tw_json_text(w->product, "name"), kept };
	return TW_OK;
}

static tw_err add_exact(struct collecting *w, const char *sign, const char *version)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, w->sys, TW_ADVISORY_MAX * 4);
	TW_TRY(tw_buf_format(&b, EXACT "%s", sign));
	TW_TRY(tw_buf_percent(&b, tw_slice_of(version)));
	return add(w, tw_buf_cstr(&b));
}

/* A range by vers, or, as CSAF 2.0 has it too, only what stands behind its scheme; else words, which nothing is compared with. */
static tw_err add_range(struct collecting *w, const char *range)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (!*range || !strchr("<>=!", *range))
		return add(w, range);
	tw_buf_init(&b, w->sys, TW_ADVISORY_MAX);
	TW_TRY(tw_buf_format(&b, EXACT "%s", range));
	return add(w, tw_buf_cstr(&b));
}

/* A product at the end of branches, or one that stands alone in its list. */
static tw_err add_leaf(struct collecting *w, const json_t *product, const char *category, const struct place *at)
{
	const int said = (int)tw_json_int(w->said, tw_json_text(product, "product_id"));
	const char *version = tw_json_text(at->version, "name");

	if (!said)
		return TW_OK;
	if (!at->versions)
		return add(w, !strcmp(category, "product_name") ? "" : tw_json_text(product, "name"));
	if (at->versions > 1)
		return add(w, TW_NOTICE_VERSIONS_UNSAID);
	if (!strcmp(tw_json_text(at->version, "category"), "product_version_range"))
		return said == SAID ? add_range(w, version) : add(w, TW_NOTICE_VERSIONS_UNSAID);
	if (said & SAID)
		TW_TRY(add_exact(w, "", version));
	if (said & FROM)
		TW_TRY(add_exact(w, ">=", version));
	return said & UP_TO ? add_exact(w, "<=", version) : TW_OK;
}

static bool leaf_is_about(const struct collecting *w, const json_t *product)
{
	return is_about(tw_json_text(product, "name"), w->products, w->product) ||
		is_about(tw_json_text(product, "product_id"), w->products, w->product);
}

/* Recursion as deep as the document was allowed to be. */
static tw_err add_branches(struct collecting *w, const json_t *of, const struct place *above)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(of, "branches"), i, one) {
		const char *category = tw_json_text(one, "category");
		const json_t *product = tw_json_get(one, "product");
		struct place here = *above;

		here.about = here.about || is_about(tw_json_text(one, "name"), w->products, w->product);
		if (!strcmp(category, "product_version") || !strcmp(category, "product_version_range")) {
			here.version = one;
			here.versions++;
		}
		if (product && (here.about || leaf_is_about(w, product)))
			TW_TRY(add_leaf(w, product, category, &here));
		TW_TRY(add_branches(w, one, &here));
	}
	return TW_OK;
}

static tw_err add_others(struct collecting *w, const json_t *list, const char *key)
{
	static const struct place nowhere = { .about = true };
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one) {
		const json_t *product = *key ? tw_json_get(one, key) : one;

		if (leaf_is_about(w, product))
			TW_TRY(add_leaf(w, product, "", &nowhere));
	}
	return TW_OK;
}

/* A product that is made of others by its name alone, when what it is made of has said nothing. */
static tw_err add_product(struct collecting *w, const json_t *document)
{
	static const struct place root = { .about = false };
	const json_t *tree = tw_json_get(document, "product_tree");

	if (!w->any)
		return add(w, "");
	TW_TRY(add_branches(w, tree, &root));
	TW_TRY(add_others(w, tw_json_get(tree, "full_product_names"), ""));
	if (w->to->count == w->first)
		TW_TRY(add_others(w, tw_json_get(tree, "relationships"), "full_product_name"));
	return w->to->count == w->first ? add(w, TW_NOTICE_VERSIONS_NONE) : TW_OK;
}

static tw_err collect(struct collecting *w, const json_t *document, const char *names, const json_t *products)
{
	const json_t *one;
	size_t i, left = 0;

	json_array_foreach(products, i, one)
		left += is_about(names, products, one);
	json_array_foreach(products, i, one) {
		if (!left || !is_about(names, products, one))
			continue;
		w->product = one;
		w->first = w->to->count;
		w->texts = w->to->texts.size;
		w->full = false;
		w->most = TW_NOTICE_PRODUCTS_MAX - --left; /* each of the others has room for one */
		TW_TRY(add_product(w, document));
	}
	return TW_OK;
}

tw_err tw_advisory_concerned(const struct tw_sys *sys, const json_t *document, const char *names, const json_t *products,
	struct tw_advisory_concerned *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *said = json_object();
	struct collecting w = { .sys = sys, .to = ret, .said = said, .products = products };

	ret->count = 0;
	tw_buf_init(&ret->texts, sys, TEXTS_MAX);
	if (!said)
		return TW_RAISE(NOMEM, "an advisory");
	if (names[0] == TW_ADVISORY_CUT)
		return TW_OK;
	TW_TRY(tw_buf_reserve(&ret->texts, TEXTS_MAX));
	TW_TRY(read_statuses(&w, document));
	TW_TRY(spread(&w, document));
	return collect(&w, document, names, products);
}

bool tw_advisory_is_for(const char *names, const json_t *products, const json_t *product)
{
	const json_t *one;
	size_t i;

	if (names[0] == TW_ADVISORY_CUT || is_about(names, products, product))
		return true;
	json_array_foreach(products, i, one)
		if (is_about(names, products, one))
			return false;
	return true;
}

void tw_advisory_concerned_done(struct tw_advisory_concerned *c)
{
	tw_buf_done(&c->texts);
	c->count = 0;
}
