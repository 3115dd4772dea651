/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/describe.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-text.h"
#include "formats/cvss.h"
#include "support/advisories/registered.h"
#include "support/advisories/typed.h"

#include <stdio.h>
#include <string.h>

#define ALL "*"
#define PRODUCT_ID "PRODUCT-1"
#define VERSION_MAX 200
#define REMEDY_UNSAID "vendor_fix"
#define HELPER "product_identification_helper"
#define SUPPORT "Support" /* the title of the note that says until when, which is written from products.json */
#define SUPPORT_MAX 8192  /* bytes: of 40 versions, each a sentence */
#define RANGES_MAX 32768  /* bytes of versions, longer by the schemes of ranges than what was typed */

static const char *const remedies[] = { "vendor_fix", "workaround", "mitigation", "no_fix_planned", "none_available", NULL };
static const char *const labels[] = { "WHITE", "GREEN", "AMBER", "RED", NULL };
static const char *const keys_said[] = { "title", "about", "label", "product", "affected", "fixed", "cve", "cwe", "cvss",
	"description", "remedy", "action", "link", NULL };

/* --- What is there --- */

/* Of the document, borrowed; NULL: there is none. */
struct parts {
	json_t *head, *name, *vulnerability, *remediation, *score; /* name: the branch of the product's name */
};

static json_t *only(const json_t *list)
{
	return json_array_get(list, 0);
}

/* At most one. */
static tw_err take(const json_t *of, const char *key, json_t **ret)
{
	const json_t *list = tw_json_get(of, key);

	if (json_array_size(list) > 1)
		return TW_RAISE(UNSUPPORTED, "it has more than one of its %s", key);
	*ret = only(list);
	return TW_OK;
}

/* A vendor with one product, which stands for itself or has versions. */
static tw_err take_name(const json_t *document, json_t **ret)
{
	const json_t *tree = tw_json_get(document, "product_tree");
	json_t *vendor = NULL;

	if (!tree)
		return TW_OK;
	if (json_object_size(tree) != 1 || !tw_json_get(tree, "branches"))
		return TW_RAISE(UNSUPPORTED, "its product tree has more than a vendor, a product and versions");
	TW_TRY(take(tree, "branches", &vendor));
	TW_TRY(take(vendor, "branches", ret));
	if (!*ret || strcmp(tw_json_text(vendor, "category"), "vendor") != 0 || strcmp(tw_json_text(*ret, "category"), "product_name") != 0)
		return TW_RAISE(UNSUPPORTED, "its product tree has another shape than vendor, product, versions");
	return TW_OK;
}

/* What would come back as it was, written between commas. */
static bool is_version_name(const char *name)
{
	struct tw_slice t = tw_typed_trim(name, strlen(name));

	return t.size && t.at == name && t.size == strlen(name) && !strchr(name, ',') && strcmp(name, ALL) != 0;
}

static bool is_version(const json_t *branch)
{
	const char *category = tw_json_text(branch, "category");

	return (!strcmp(category, "product_version") || !strcmp(category, "product_version_range")) &&
		*tw_json_text(tw_json_get(branch, "product"), "product_id") && is_version_name(tw_json_text(branch, "name"));
}

static const json_t *branch_of(const json_t *name, struct tw_slice version)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(name, "branches"), i, one)
		if (tw_slice_is(version, tw_json_text(one, "name")))
			return one;
	return NULL;
}

static tw_err check_versions(const json_t *name)
{
	const json_t *branch;
	size_t i;

	if (!name)
		return TW_OK;
	if (!tw_json_get(name, "branches") == !tw_json_get(name, "product"))
		return TW_RAISE(UNSUPPORTED, "its product has versions and stands for itself too");
	json_array_foreach(tw_json_get(name, "branches"), i, branch) {
		if (!is_version(branch))
			return TW_RAISE(UNSUPPORTED, "its product has branches that are no versions");
		if (branch_of(name, tw_slice_of(tw_json_text(branch, "name"))) != branch)
			return TW_RAISE(UNSUPPORTED, "its product has the version %.40s twice", tw_json_text(branch, "name"));
	}
	return TW_OK;
}

/* Whatever else is said of products cannot be written again from versions. */
static tw_err check_status(const json_t *vulnerability)
{
	static const char *const known[] = { "known_affected", "fixed", "under_investigation" };
	json_t *status = tw_json_get(vulnerability, "product_status");
	const char *key;
	json_t *list;

	json_object_foreach(status, key, list) {
		bool is_known = false;

		for (size_t i = 0; i < TW_COUNT(known); i++)
			is_known = is_known || !strcmp(key, known[i]);
		if (!is_known)
			return TW_RAISE(UNSUPPORTED, "it says of products that they are %.40s", key);
	}
	return tw_json_get(vulnerability, "flags") ? TW_RAISE(UNSUPPORTED, "its vulnerability has flags of products") : TW_OK;
}

static bool names(const json_t *ids, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(ids, i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), id))
			return true;
	return false;
}

/* In how many of these lists. */
static size_t stands_in(const json_t *status, const char *const *keys, size_t count, const json_t *product)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += names(tw_json_get(status, keys[i]), tw_json_text(product, "product_id"));
	return n;
}

/* Each version is affected or fixed, the product as a whole affected or under investigation; and nothing else is. The rest would vanish, or grow. */
static tw_err check_products(const struct parts *p)
{
	static const char *const of_version[] = { "known_affected", "fixed" }, *const of_whole[] = { "known_affected", "under_investigation" };
	const json_t *status = tw_json_get(p->vulnerability, "product_status"), *whole = tw_json_get(p->name, "product"), *branch;
	size_t i, count = whole != NULL, said = 0;
	json_t *list;
	const char *key;

	if (whole && p->vulnerability && stands_in(status, of_whole, 2, whole) != 1)
		return TW_RAISE(UNSUPPORTED, "its product as a whole is neither affected nor under investigation, or both");
	json_array_foreach(tw_json_get(p->name, "branches"), i, branch) {
		if (stands_in(status, of_version, 2, tw_json_get(branch, "product")) != 1)
			return TW_RAISE(UNSUPPORTED, "the version %.40s is neither affected nor fixed, or both",
				tw_json_text(branch, "name"));
		count++;
	}
	json_object_foreach((json_t *)status, key, list)
		said += json_array_size(list);
	return !p->vulnerability || said == count
		? TW_OK
		: TW_RAISE(UNSUPPORTED, "it says more of products than which versions are affected or fixed");
}

static bool within(const json_t *some, const json_t *all)
{
	const json_t *one;
	size_t i;

	json_array_foreach(some, i, one)
		if (!json_is_string(one) || !names(all, json_string_value(one)))
			return false;
	return true;
}

/* What a score and a remediation are written for: those affected, else those fixed, else the product under investigation. */
static bool is_of_concerned(const struct parts *p, const json_t *ids)
{
	static const char *const keys[] = { "known_affected", "fixed", "under_investigation" };
	const json_t *status = tw_json_get(p->vulnerability, "product_status"), *concerned = NULL;

	for (size_t i = 0; i < TW_COUNT(keys) && !json_array_size(concerned); i++)
		concerned = tw_json_get(status, keys[i]);
	return within(ids, concerned) && within(concerned, ids);
}

static tw_err check_remediation(const struct parts *p)
{
	static const char *const more[] = { "group_ids", "restart_required", "entitlements", "date" };
	const json_t *r = p->remediation;

	if (!r)
		return TW_OK;
	for (size_t i = 0; i < TW_COUNT(more); i++)
		if (tw_json_get(r, more[i]))
			return TW_RAISE(UNSUPPORTED, "its remediation says more than what to do");
	return is_of_concerned(p, tw_json_get(r, "product_ids"))
		? TW_OK
		: TW_RAISE(UNSUPPORTED, "its remediation is not for all that is affected");
}

static tw_err check_score(const struct parts *p)
{
	if (!p->score)
		return TW_OK;
	if (!tw_json_get(p->score, "cvss_v2") == !tw_json_get(p->score, "cvss_v3"))
		return TW_RAISE(UNSUPPORTED, "its score has not one vector");
	return is_of_concerned(p, tw_json_get(p->score, "products"))
		? TW_OK
		: TW_RAISE(UNSUPPORTED, "its score is not for all that is affected");
}

static tw_err take_parts(const json_t *document, struct parts *p)
{
	*p = (struct parts){ .head = tw_json_get(document, "document") };
	TW_TRY(take_name(document, &p->name));
	TW_TRY(check_versions(p->name));
	TW_TRY(take(document, "vulnerabilities", &p->vulnerability));
	TW_TRY(check_status(p->vulnerability));
	TW_TRY(check_products(p));
	TW_TRY(take(p->vulnerability, "remediations", &p->remediation));
	TW_TRY(check_remediation(p));
	TW_TRY(take(p->vulnerability, "scores", &p->score));
	return check_score(p);
}

/* The first note of that kind. */
static json_t *note(const json_t *of, const char *category)
{
	json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(of, "notes"), i, one)
		if (!strcmp(tw_json_text(one, "category"), category))
			return one;
	return NULL;
}

/* The versions whose ids stand there, in the order of the tree; "*" for the product as a whole. */
static tw_err versions_of(const struct parts *p, const char *status, json_t *ret)
{
	const json_t *ids = tw_json_get(tw_json_get(p->vulnerability, "product_status"), status), *branch;
	json_t *text = json_string(names(ids, tw_json_text(tw_json_get(p->name, "product"), "product_id")) ? ALL : "");
	size_t i;

	json_array_foreach(tw_json_get(p->name, "branches"), i, branch) {
		if (!text || !names(ids, tw_json_text(tw_json_get(branch, "product"), "product_id")))
			continue;
		const struct tw_slice one = tw_typed_said(tw_slice_of(tw_json_text(branch, "name")));
		json_t *longer = json_sprintf(
			"%s%s%.*s", json_string_value(text), json_string_length(text) ? ", " : "", (int)one.size, one.at);
		json_decref(text);
		text = longer;
	}
	return tw_json_set(ret, !strcmp(status, "fixed") ? "fixed" : "affected", text);
}

static const char *vector_of(const json_t *score)
{
	const json_t *three = tw_json_get(score, "cvss_v3");

	return tw_json_text(three ? three : tw_json_get(score, "cvss_v2"), "vectorString");
}

tw_err tw_advisory_described(const json_t *document, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *said = json_object();
	struct parts p;

	TW_TRY(take_parts(document, &p));
	const struct {
		const char *key, *text;
	} rows[] = { { "title", tw_json_text(p.head, "title") }, { "about", tw_json_text(note(p.head, "summary"), "text") },
		{ "label", tw_json_text(tw_json_get(tw_json_get(p.head, "distribution"), "tlp"), "label") },
		{ "product", tw_json_text(p.name, "name") }, { "cve", tw_json_text(p.vulnerability, "cve") },
		{ "cwe", tw_json_text(tw_json_get(p.vulnerability, "cwe"), "id") }, { "cvss", vector_of(p.score) },
		{ "description", tw_json_text(note(p.vulnerability, "description"), "text") },
		{ "remedy", tw_json_text(p.remediation, "category") }, { "action", tw_json_text(p.remediation, "details") },
		{ "link", tw_json_text(p.remediation, "url") } };
	if (!said)
		return TW_RAISE(NOMEM, "an advisory");
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		TW_TRY(tw_json_set(said, rows[i].key, json_string(rows[i].text)));
	TW_TRY(versions_of(&p, "known_affected", said));
	TW_TRY(versions_of(&p, "fixed", said));
	*ret = TW_STEAL(said);
	return TW_OK;
}

/* --- What it is to say --- */

static tw_err put(json_t *o, const char *key, const char *text)
{
	if (*text)
		return tw_json_set(o, key, json_string(text));
	(void)json_object_del(o, key);
	return TW_OK;
}

/* A list of that name, made where there is none. */
static tw_err list_of(json_t *of, const char *key, json_t **ret)
{
	*ret = tw_json_get(of, key);
	if (*ret)
		return TW_OK;
	TW_TRY(tw_json_set(of, key, json_array()));
	*ret = tw_json_get(of, key);
	return TW_OK;
}

static tw_err remove_note(json_t *of, const json_t *one)
{
	json_t *list = tw_json_get(of, "notes");

	for (size_t i = 0; one && i < json_array_size(list); i++)
		if (json_array_get(list, i) == one)
			(void)json_array_remove(list, i--);
	if (list && json_array_size(list) == 0)
		(void)json_object_del(of, "notes");
	return TW_OK;
}

static tw_err put_note(json_t *of, const char *category, const char *title, const char *text)
{
	json_t *one = note(of, category), *list = NULL;

	if (!*text)
		return remove_note(of, one);
	if (one)
		return tw_json_set(one, "text", json_string(text));
	TW_TRY(list_of(of, "notes", &list));
	return tw_json_append(list, json_pack("{s:s, s:s, s:s}", "category", category, "title", title, "text", text));
}

static tw_err put_label(json_t *head, const char *label)
{
	for (const char *const *l = labels; *l; l++) {
		if (strcmp(*l, label) != 0)
			continue;
		if (!tw_json_get(head, "distribution"))
			TW_TRY(tw_json_set(head, "distribution", json_object()));
		json_t *distribution = tw_json_get(head, "distribution");
		if (!tw_json_get(distribution, "tlp"))
			TW_TRY(tw_json_set(distribution, "tlp", json_object()));
		return tw_json_set(tw_json_get(distribution, "tlp"), "label", json_string(label));
	}
	return TW_RAISE(SYNTAX, "label: '%.20s' is no label of TLP; WHITE, GREEN, AMBER or RED", label);
}

static tw_err put_head(json_t *head, const json_t *said)
{
	if (!*tw_json_text(said, "title"))
		return TW_RAISE(SYNTAX, "title: an advisory has one");
	TW_TRY(put(head, "title", tw_json_text(said, "title")));
	TW_TRY(put_note(head, "summary", "Summary", tw_json_text(said, "about")));
	return put_label(head, tw_json_text(said, "label"));
}

/* --- Its products --- */

struct versions {
	struct tw_slice at[2 * TW_DESCRIBE_VERSIONS_MAX];
	size_t count;
};

static bool holds(const struct versions *v, struct tw_slice name)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->at[i].size == name.size && memcmp(v->at[i].at, name.at, name.size) == 0)
			return true;
	return false;
}

static tw_err read_versions(const char *key, const char *text, struct versions *ret)
{
	*ret = (struct versions){ .count = 0 };
	for (const char *next; *text; text = next) {
		size_t size = strcspn(text, ",");
		struct tw_slice one = tw_typed_trim(text, size);

		next = text + size + (text[size] == ',');
		if (!one.size || one.size > VERSION_MAX)
			return TW_RAISE(SYNTAX, "%s: a version is empty or longer than %d bytes", key, VERSION_MAX);
		if (ret->count == TW_DESCRIBE_VERSIONS_MAX)
			return TW_RAISE(SYNTAX, "%s: more than %d versions", key, TW_DESCRIBE_VERSIONS_MAX);
		if (!holds(ret, one))
			ret->at[ret->count++] = one;
	}
	if (ret->count > 1 && holds(ret, TW_SLICE(ALL)))
		return TW_RAISE(SYNTAX, "%s: '" ALL "' is all versions, and stands alone", key);
	return TW_OK;
}

struct naming {
	const struct tw_sys *sys;
	const json_t *before; /* the branch as it was; NULL: there was none */
	const char *product;
	const struct tw_registered *registered; /* NULL: products.json does not name it */
};

/* As it was: json_deep_copy leaves members out when memory runs out. */
static tw_err copy_of(const json_t *there, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *copy = json_deep_copy(there);

	if (!copy || !json_equal(copy, there))
		return TW_RAISE(NOMEM, "an advisory");
	*ret = TW_STEAL(copy);
	return TW_OK;
}

/*
 * What identifies it stays as somebody wrote it; where nothing does, what the registry knows. Of a product that has another name now, nothing of the former one
 * but the id stays. version: "" of several.
 */
static tw_err identify(const struct naming *n, const char *version, json_t *name, json_t *product)
{
	TW_CLEANUP(tw_jsonp) json_t *helper = NULL;

	if (n->before && strcmp(n->product, tw_json_text(n->before, "name")) != 0) {
		TW_TRY(tw_json_set(product, "name", json_incref(name)));
		(void)json_object_del(product, HELPER);
	}
	if (!n->registered || tw_json_get(product, HELPER))
		return TW_OK;
	TW_TRY(tw_registered_identify(n->sys, n->registered, version, &helper));
	return helper ? tw_json_set(product, HELPER, TW_STEAL(helper)) : TW_OK;
}

/* A range is no version (CSAF 2.0 section 3.1.2.3.2). What is there already keeps its id. */
static tw_err add_branch(const struct naming *n, struct tw_slice version, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *branch = NULL, *name = NULL;
	const json_t *there = branch_of(n->before, version);
	const bool range = tw_typed_is_range(version);
	const struct tw_slice said = tw_typed_said(version);

	name = json_sprintf("%s %.*s", n->product, (int)said.size, said.at);
	if (there)
		TW_TRY(copy_of(there, &branch));
	else
		branch = json_pack("{s:s, s:o, s:{s:O, s:o}}", "category", range ? "product_version_range" : "product_version",
			"name", json_stringn(version.at, version.size), "product", "name", name, "product_id",
			json_sprintf(PRODUCT_ID ":%.*s", (int)version.size, version.at));
	if (!name || !branch)
		return TW_RAISE(NOMEM, "an advisory");
	TW_TRY(identify(n, range ? "" : tw_json_text(branch, "name"), name, tw_json_get(branch, "product")));
	return tw_json_append(list, TW_STEAL(branch));
}

static tw_err whole_product(const struct naming *n, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *product = NULL, *name = json_string(n->product);
	const json_t *whole = tw_json_get(n->before, "product");

	if (whole)
		TW_TRY(copy_of(whole, &product));
	else
		product = json_pack("{s:O, s:s}", "name", name, "product_id", PRODUCT_ID);
	if (!name || !product)
		return TW_RAISE(NOMEM, "an advisory");
	TW_TRY(identify(n, "", name, product));
	*ret = TW_STEAL(product);
	return TW_OK;
}

static tw_err name_branch(const struct naming *n, const struct versions *all, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *name = json_pack("{s:s, s:s}", "category", "product_name", "name", n->product), *whole = NULL;
	json_t *list = NULL;

	if (!name)
		return TW_RAISE(NOMEM, "an advisory");
	if (all->count == 0 || holds(all, TW_SLICE(ALL))) {
		TW_TRY(whole_product(n, &whole));
		TW_TRY(tw_json_set(name, "product", TW_STEAL(whole)));
	} else {
		TW_TRY(list_of(name, "branches", &list));
		for (size_t i = 0; i < all->count; i++)
			TW_TRY(add_branch(n, all->at[i], list));
	}
	*ret = TW_STEAL(name);
	return TW_OK;
}

static tw_err put_tree(json_t *document, const json_t *before, json_t *name)
{
	json_t *vendor = only(tw_json_get(tw_json_get(document, "product_tree"), "branches"));

	if (before)
		return tw_json_set(vendor, "branches", json_pack("[o]", name));
	return tw_json_set(document, "product_tree",
		json_pack("{s:[{s:s, s:s, s:[o]}]}", "branches", "category", "vendor", "name",
			tw_json_text(tw_json_get(tw_json_get(document, "document"), "publisher"), "name"), "branches", name));
}

/* The ids of these versions; of the product as a whole where none is named. */
static tw_err ids_of(const json_t *name, const struct versions *v, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *ids = json_array();
	const json_t *whole = tw_json_get(name, "product");

	if (!ids)
		return TW_RAISE(NOMEM, "an advisory");
	if (whole && v->count)
		TW_TRY(tw_json_append(ids, json_string(tw_json_text(whole, "product_id"))));
	for (size_t i = 0; !whole && i < v->count; i++)
		TW_TRY(tw_json_append(ids, json_string(tw_json_text(tw_json_get(branch_of(name, v->at[i]), "product"), "product_id"))));
	*ret = TW_STEAL(ids);
	return TW_OK;
}

struct said {
	const struct tw_sys *sys;
	const json_t *products; /* of products.json; NULL: none */
	json_t *texts;
	struct versions affected, fixed, all;
	json_t *concerned; /* ids: those affected, and where none is, all; owned */
};

static tw_err put_status(const struct parts *p, json_t *vulnerability, struct said *s)
{
	TW_CLEANUP(tw_jsonp) json_t *affected = NULL, *fixed = NULL, *status = json_object();

	TW_TRY(ids_of(p->name, &s->affected, &affected));
	TW_TRY(ids_of(p->name, &s->fixed, &fixed));
	if (!status)
		return TW_RAISE(NOMEM, "an advisory");
	if (s->affected.count)
		TW_TRY(tw_json_set(status, "known_affected", json_incref(affected)));
	if (s->fixed.count)
		TW_TRY(tw_json_set(status, "fixed", json_incref(fixed)));
	if (!s->affected.count && !s->fixed.count) {
		TW_TRY(tw_json_append(affected, json_string(tw_json_text(tw_json_get(p->name, "product"), "product_id"))));
		TW_TRY(tw_json_set(status, "under_investigation", json_incref(affected)));
	}
	s->concerned = json_incref(s->affected.count || !s->fixed.count ? affected : fixed);
	return tw_json_set(vulnerability, "product_status", TW_STEAL(status));
}

static json_t *support_note(const json_t *head)
{
	json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(head, "notes"), i, one)
		if (!strcmp(tw_json_text(one, "category"), "general") && !strcmp(tw_json_text(one, "title"), SUPPORT))
			return one;
	return NULL;
}

/* It is written anew each time, as dates and versions are now; of a product that is not known any more it goes. registered NULL: it is not known. */
static tw_err put_support(const struct said *s, const struct parts *p, const struct tw_registered *registered, bool was)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	json_t *one = support_note(p->head), *list = NULL;

	if (!registered)
		return was ? remove_note(p->head, one) : TW_OK;
	tw_buf_init(&text, s->sys, SUPPORT_MAX);
	TW_TRY(tw_registered_support(s->sys, registered, p->name, &text));
	if (one)
		return tw_json_set(one, "text", json_string(tw_buf_cstr(&text)));
	TW_TRY(list_of(p->head, "notes", &list));
	return tw_json_append(list, json_pack("{s:s, s:s, s:s}", "category", "general", "title", SUPPORT, "text", tw_buf_cstr(&text)));
}

static tw_err put_products(json_t *document, struct parts *p, struct said *s)
{
	const char *product = tw_json_text(s->texts, "product");
	struct tw_registered now, before;
	const bool is = tw_registered_find(s->products, product, &now),
		   was = tw_registered_find(s->products, tw_json_text(p->name, "name"), &before);
	json_t *name = NULL;

	if (!*product && (s->all.count || p->name))
		return TW_RAISE(SYNTAX, "product: its versions need its name");
	if (!*product)
		return TW_OK;
	if (holds(&s->affected, TW_SLICE(ALL)) != holds(&s->all, TW_SLICE(ALL)) || (holds(&s->all, TW_SLICE(ALL)) && s->fixed.count))
		return TW_RAISE(SYNTAX, "fixed: where all versions are affected none is fixed; name those that are affected");
	TW_TRY(name_branch(&(const struct naming){ s->sys, p->name, product, is ? &now : NULL }, &s->all, &name));
	TW_TRY(put_tree(document, p->name, name));
	TW_TRY(take_name(document, &p->name));
	return put_support(s, p, is ? &now : NULL, was);
}

/* --- Its vulnerability --- */

static tw_err score_object(const struct tw_sys *sys, const struct tw_cvss *c, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf vector = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *score = NULL;
	struct tw_cvss_scores scores;

	tw_buf_init(&vector, sys, TW_CVSS_TEXT_MAX);
	TW_TRY(tw_cvss_write(c, &vector));
	tw_cvss_score(c, &scores);
	score = json_pack("{s:s, s:s, s:f}", "version", tw_cvss_version_text(c->version), "vectorString", tw_buf_cstr(&vector),
		"baseScore", scores.base / 10.0);
	if (!score)
		return TW_RAISE(NOMEM, "a score");
	if (c->version != TW_CVSS_20)
		TW_TRY(tw_json_set(score, "baseSeverity", json_string(tw_cvss_severity(scores.base))));
	*ret = TW_STEAL(score);
	return TW_OK;
}

static tw_err put_score(json_t *vulnerability, const struct said *s)
{
	const char *text = tw_json_text(s->texts, "cvss");
	struct tw_cvss c;
	json_t *score = NULL, *there = only(tw_json_get(vulnerability, "scores"));

	if (!*text) {
		(void)json_object_del(vulnerability, "scores");
		return TW_OK;
	}
	tw_err e = tw_cvss_parse(tw_slice_of(text), &c);
	if (tw_failed(e)) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return TW_RAISE(SYNTAX, "cvss: %s", why);
	}
	if (c.version == TW_CVSS_40)
		return TW_RAISE(SYNTAX, "cvss: CSAF 2.0 has no place for CVSS 4.0; give a vector of 3.1");
	if (!strcmp(vector_of(there), text)) /* with whatever else it says beside its vector */
		return tw_json_set(there, "products", json_incref(s->concerned));
	TW_TRY(score_object(s->sys, &c, &score));
	return tw_json_set(vulnerability, "scores",
		json_pack("[{s:O, s:o}]", "products", s->concerned, c.version == TW_CVSS_20 ? "cvss_v2" : "cvss_v3", score));
}

static tw_err put_cwe(json_t *vulnerability, const char *id)
{
	struct tw_slice name = tw_csaf_cwe_name(id);

	if (!*id) {
		(void)json_object_del(vulnerability, "cwe");
		return TW_OK;
	}
	if (!name.size)
		return TW_RAISE(SYNTAX, "cwe: '%.20s' is no weakness of CWE; CWE-79, say", id);
	return tw_json_set(vulnerability, "cwe", json_pack("{s:s, s:o}", "id", id, "name", json_stringn(name.at, name.size)));
}

static bool is_remedy(const char *word)
{
	for (const char *const *r = remedies; *r; r++)
		if (!strcmp(*r, word))
			return true;
	return false;
}

static tw_err put_remediation(json_t *vulnerability, const struct said *s)
{
	const char *remedy = tw_json_text(s->texts, "remedy"), *action = tw_json_text(s->texts, "action"),
		   *link = tw_json_text(s->texts, "link");
	json_t *r = NULL;

	if (!*action && *link)
		return TW_RAISE(SYNTAX, "action: a link alone does not say what to do");
	if (!*action) {
		(void)json_object_del(vulnerability, "remediations");
		return TW_OK;
	}
	if (*remedy && !is_remedy(remedy))
		return TW_RAISE(SYNTAX, "remedy: '%.30s' is no category of CSAF 2.0", remedy);
	r = json_pack("{s:s, s:s, s:O}", "category", *remedy ? remedy : REMEDY_UNSAID, "details", action, "product_ids", s->concerned);
	TW_TRY(tw_json_set(vulnerability, "remediations", json_pack("[o]", r)));
	return put(r, "url", link);
}

/* Whether anything is said of one. */
static bool has_vulnerability(const struct said *s)
{
	static const char *const keys[] = { "affected", "fixed", "cve", "cwe", "cvss", "description", "action", "link" };

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (*tw_json_text(s->texts, keys[i]))
			return true;
	return false;
}

static tw_err put_vulnerability(json_t *document, struct parts *p, struct said *s)
{
	json_t *list = NULL;

	if (!p->vulnerability && !has_vulnerability(s))
		return TW_OK;
	if (!p->name)
		return TW_RAISE(SYNTAX, "product: whose vulnerability it is has to be said");
	if (!p->vulnerability) {
		TW_TRY(list_of(document, "vulnerabilities", &list));
		TW_TRY(tw_json_append(list, json_object()));
		p->vulnerability = only(list);
	}
	TW_TRY(put(p->vulnerability, "cve", tw_json_text(s->texts, "cve")));
	TW_TRY(put_cwe(p->vulnerability, tw_json_text(s->texts, "cwe")));
	TW_TRY(put_note(p->vulnerability, "description", "Description", tw_json_text(s->texts, "description")));
	TW_TRY(put_status(p, p->vulnerability, s));
	TW_TRY(put_score(p->vulnerability, s));
	return put_remediation(p->vulnerability, s);
}

/* --- All of it --- */

/* Ranges as the tree has them; what stands there already stays as it is written. */
static tw_err read_ranges(const struct parts *p, struct said *s, const char *key)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const char *text = tw_json_text(s->texts, key);
	bool changed = false;

	tw_buf_init(&b, s->sys, RANGES_MAX);
	for (const char *next; *text; text = next) {
		const size_t size = strcspn(text, ",");
		const struct tw_slice one = tw_typed_trim(text, size);

		next = text + size + (text[size] == ',');
		if (b.size)
			TW_TRY(tw_buf_text(&b, ","));
		if (!one.size || !tw_typed_is_range(one) || branch_of(p->name, one)) {
			TW_TRY(tw_buf_add(&b, text, size));
			continue;
		}
		tw_err e = tw_typed_range(one, &b);
		if (tw_is(e, TW_CODE_SYNTAX)) {
			char why[TW_DETAIL_MAX];

			(void)snprintf(why, sizeof why, "%s", tw_err_detail());
			return TW_RAISE(SYNTAX, "%s: %s", key, why);
		}
		TW_TRY(e);
		changed = true;
	}
	return changed ? tw_json_set(s->texts, key, json_stringn(b.data, b.size)) : TW_OK;
}

static tw_err read_said(const struct parts *p, struct said *s)
{
	TW_TRY(read_ranges(p, s, "affected"));
	TW_TRY(read_ranges(p, s, "fixed"));
	TW_TRY(read_versions("affected", tw_json_text(s->texts, "affected"), &s->affected));
	TW_TRY(read_versions("fixed", tw_json_text(s->texts, "fixed"), &s->fixed));
	s->all = s->affected;
	for (size_t i = 0; i < s->fixed.count; i++) {
		if (holds(&s->affected, s->fixed.at[i]))
			return TW_RAISE(SYNTAX, "fixed: a version is affected or fixed, not both");
		s->all.at[s->all.count++] = s->fixed.at[i];
	}
	return TW_OK;
}

static tw_err write_said(json_t *document, struct parts *p, struct said *s)
{
	TW_TRY(read_said(p, s));
	TW_TRY(put_head(p->head, s->texts));
	TW_TRY(put_products(document, p, s));
	return put_vulnerability(document, p, s);
}

tw_err tw_advisory_describe(const struct tw_sys *sys, json_t *document, const json_t *said, const json_t *products)
{
	TW_CLEANUP(tw_jsonp) json_t *texts = NULL;
	struct said s = { .sys = sys, .products = products };
	struct parts p;

	TW_TRY(tw_advisory_described(document, &texts));
	TW_TRY(take_parts(document, &p));
	for (const char *const *key = keys_said; *key; key++)
		if (json_is_string(json_object_get(said, *key)))
			TW_TRY(tw_json_set(texts, *key, json_string(tw_json_text(said, *key))));
	s.texts = texts;
	tw_err e = write_said(document, &p, &s);
	json_decref(s.concerned);
	return e;
}
