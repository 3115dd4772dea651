/* SPDX-License-Identifier: Apache-2.0 */
/* What the mandatory tests ask of the product tree, and of those who refer to it: 6.1.1 to 6.1.5, 6.1.13, 6.1.25, 6.1.31. */
#include "base/mem.h"
#include "formats/csaf-inside.h"
#include "formats/csaf-text.h"

#include <string.h>
#include <strings.h>

static const json_t *tree_part(const struct tw_csaf_run *r, const char *key)
{
	return json_object_get(json_object_get(r->document, "product_tree"), key);
}

static const struct tw_csaf_at the_tree = { .key = "product_tree" };

static tw_err each_branch(struct tw_csaf_run *r, const json_t *branches, const struct tw_csaf_at *at, tw_csaf_product_visit visit, void *user)
{
	const json_t *branch;
	size_t i;

	json_array_foreach(branches, i, branch) {
		const struct tw_csaf_at *here = TW_CSAF_ITEM(at, i);
		const json_t *product = json_object_get(branch, "product");

		if (product)
			TW_TRY(visit(r, product, TW_CSAF_KEY(here, "product"), user));
		TW_TRY(each_branch(r, json_object_get(branch, "branches"), TW_CSAF_KEY(here, "branches"), visit, user));
	}
	return TW_OK;
}

tw_err tw_csaf_products(struct tw_csaf_run *r, tw_csaf_product_visit visit, void *user)
{
	const struct tw_csaf_at *names = TW_CSAF_KEY(&the_tree, "full_product_names"),
				*relations = TW_CSAF_KEY(&the_tree, "relationships");
	const json_t *item;
	size_t i;

	json_array_foreach(tree_part(r, "full_product_names"), i, item)
		TW_TRY(visit(r, item, TW_CSAF_ITEM(names, i), user));
	json_array_foreach(tree_part(r, "relationships"), i, item) {
		const json_t *product = json_object_get(item, "full_product_name");

		if (product)
			TW_TRY(visit(r, product, TW_CSAF_KEY(TW_CSAF_ITEM(relations, i), "full_product_name"), user));
	}
	return each_branch(r, tree_part(r, "branches"), TW_CSAF_KEY(&the_tree, "branches"), visit, user);
}

static tw_err take_id(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user)
{
	const char *id = tw_csaf_text(product, "product_id");
	struct tw_csaf_names *names = user;

	return id ? tw_csaf_names_add(names, &(const struct tw_csaf_name){ .text = id, .a = names->count }) : TW_OK;
}

static tw_err product_ids(struct tw_csaf_run *r, struct tw_csaf_names *ret)
{
	TW_TRY(tw_csaf_products(r, take_id, ret));
	tw_csaf_names_sort(ret);
	return TW_OK;
}

/* Each text of a list has to be among names. */
static tw_err defined(struct tw_csaf_run *r, const struct tw_csaf_names *names, const json_t *list, const struct tw_csaf_at *at)
{
	const char *what = r->test == TW_CSAF_6_1_1 ? "product" : "group";
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *text = json_string_value(item);

		if (text && *text && !tw_csaf_names_find(names, text))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(at, i), "no %s of the tree has the id '%.200s'", what, text));
	}
	return TW_OK;
}

/* The list under key of each item under part of each vulnerability. */
static tw_err defined_in(struct tw_csaf_run *r, const struct tw_csaf_names *names, const char *part, const char *key)
{
	const struct tw_csaf_at *at = TW_CSAF_KEY(NULL, "vulnerabilities");
	const json_t *vulnerability, *item;
	size_t i, j;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		const struct tw_csaf_at *here = TW_CSAF_KEY(TW_CSAF_ITEM(at, i), part);

		json_array_foreach(json_object_get(vulnerability, part), j, item)
			TW_TRY(defined(r, names, json_object_get(item, key), TW_CSAF_KEY(TW_CSAF_ITEM(here, j), key)));
	}
	return TW_OK;
}

static tw_err defined_in_status(struct tw_csaf_run *r, const struct tw_csaf_names *names)
{
	static const char *const lists[] = { "first_affected", "first_fixed", "fixed", "known_affected", "known_not_affected",
		"last_affected", "recommended", "under_investigation" };
	const struct tw_csaf_at *at = TW_CSAF_KEY(NULL, "vulnerabilities");
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		const struct tw_csaf_at *here = TW_CSAF_KEY(TW_CSAF_ITEM(at, i), "product_status");
		const json_t *status = json_object_get(vulnerability, "product_status");

		for (size_t j = 0; j < TW_COUNT(lists); j++)
			TW_TRY(defined(r, names, json_object_get(status, lists[j]), TW_CSAF_KEY(here, lists[j])));
	}
	return TW_OK;
}

static const char *const references[] = { "product_reference", "relates_to_product_reference" };

static tw_err defined_in_tree(struct tw_csaf_run *r, const struct tw_csaf_names *names)
{
	const struct tw_csaf_at *groups = TW_CSAF_KEY(&the_tree, "product_groups"), *relations = TW_CSAF_KEY(&the_tree, "relationships");
	const json_t *item;
	size_t i;

	json_array_foreach(tree_part(r, "product_groups"), i, item)
		TW_TRY(defined(r, names, json_object_get(item, "product_ids"), TW_CSAF_KEY(TW_CSAF_ITEM(groups, i), "product_ids")));
	json_array_foreach(tree_part(r, "relationships"), i, item)
		for (size_t j = 0; j < TW_COUNT(references); j++) {
			const char *id = tw_csaf_text(item, references[j]);

			if (id && !tw_csaf_names_find(names, id))
				TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(relations, i), references[j]),
					"no product of the tree has the id '%.200s'", id));
		}
	return TW_OK;
}

tw_err tw_csaf_product_ids_defined(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };

	TW_TRY(product_ids(r, &names));
	TW_TRY(defined_in_tree(r, &names));
	TW_TRY(defined_in_status(r, &names));
	TW_TRY(defined_in(r, &names, "remediations", "product_ids"));
	TW_TRY(defined_in(r, &names, "scores", "products"));
	TW_TRY(defined_in(r, &names, "threats", "product_ids"));
	return defined_in(r, &names, "flags", "product_ids");
}

static tw_err tell_repeated_id(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user)
{
	const char *id = tw_csaf_text(product, "product_id");
	const struct tw_csaf_names *names = user;
	const struct tw_csaf_name *found = id ? tw_csaf_names_find(names, id) : NULL;

	if (!found || !tw_csaf_names_repeat(names, (size_t)(found - names->list) + 1))
		return TW_OK;
	return tw_csaf_tell_at(r, TW_CSAF_KEY(at, "product_id"), "more than one product has the id '%.200s'", id);
}

tw_err tw_csaf_product_ids_once(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };

	TW_TRY(product_ids(r, &names));
	return tw_csaf_products(r, tell_repeated_id, &names);
}

/* Relationships as a graph: to which other ones the two references of each lead. */
struct graph {
	size_t count;
	size_t *to;      /* two for each; count: to none */
	size_t *from;    /* the references that lead to each: places in to, one list after another */
	size_t *begins;  /* where in from the list of each begins; one more at the end */
	unsigned *open;  /* references of each that lead to one not yet known to end */
	size_t *settled; /* those known to end, in the order found */
};

static void graph_done(struct graph *g)
{
	free(g->to);
	free(g->from);
	free(g->begins);
	free(g->open);
	free(g->settled);
}

static tw_err graph_make(const struct tw_csaf_run *r, size_t count, struct graph *g)
{
	g->count = count;
	g->to = tw_alloc_array(r->sys, 2 * count, sizeof(*g->to));
	g->from = tw_alloc_array(r->sys, 2 * count, sizeof(*g->from));
	g->begins = tw_alloc_array(r->sys, count + 2, sizeof(*g->begins));
	g->open = tw_alloc_array(r->sys, count, sizeof(*g->open));
	g->settled = tw_alloc_array(r->sys, count, sizeof(*g->settled));
	return g->to && g->from && g->begins && g->open && g->settled ? TW_OK : TW_RAISE(NOMEM, "relationships");
}

static tw_err graph_read(struct tw_csaf_run *r, const json_t *relationships, struct graph *g)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	const json_t *item;
	size_t i;

	json_array_foreach(relationships, i, item) {
		const char *id = tw_csaf_text(json_object_get(item, "full_product_name"), "product_id");

		if (id)
			TW_TRY(tw_csaf_names_add(&names, &(const struct tw_csaf_name){ .text = id, .a = i }));
	}
	tw_csaf_names_sort(&names);
	json_array_foreach(relationships, i, item)
		for (size_t j = 0; j < TW_COUNT(references); j++) {
			const char *id = tw_csaf_text(item, references[j]);
			const struct tw_csaf_name *found = id ? tw_csaf_names_find(&names, id) : NULL;

			g->to[2 * i + j] = found ? found->a : g->count;
			if (found) {
				g->open[i]++;
				g->begins[found->a + 2]++; /* counted here, summed below */
			}
		}
	for (i = 2; i < g->count + 2; i++)
		g->begins[i] += g->begins[i - 1];
	for (i = 0; i < 2 * g->count; i++)
		if (g->to[i] < g->count)
			g->from[g->begins[g->to[i] + 1]++] = i;
	return TW_OK;
}

/* From those that lead nowhere backwards: what is left leads into a circle. */
static void graph_settle(struct graph *g)
{
	size_t found = 0;

	for (size_t i = 0; i < g->count; i++)
		if (!g->open[i])
			g->settled[found++] = i;
	for (size_t next = 0; next < found; next++)
		for (size_t i = g->begins[g->settled[next]]; i < g->begins[g->settled[next] + 1]; i++)
			if (--g->open[g->from[i] / 2] == 0)
				g->settled[found++] = g->from[i] / 2;
}

tw_err tw_csaf_relationships_end(struct tw_csaf_run *r)
{
	const struct tw_csaf_at *at = TW_CSAF_KEY(&the_tree, "relationships");
	const json_t *relationships = tree_part(r, "relationships");
	TW_CLEANUP(graph_done) struct graph g = { 0 };

	if (!json_array_size(relationships))
		return TW_OK;
	TW_TRY(graph_make(r, json_array_size(relationships), &g));
	TW_TRY(graph_read(r, relationships, &g));
	graph_settle(&g);
	for (size_t i = 0; i < 2 * g.count; i++)
		if (g.to[i] < g.count && g.open[i / 2] && g.open[g.to[i]])
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(at, i / 2), references[i % 2]),
				"leads into a circle of relationships, by relationship %zu", g.to[i]));
	return TW_OK;
}

tw_err tw_csaf_groups(struct tw_csaf_run *r, struct tw_csaf_names *ret)
{
	const json_t *item;
	size_t i;

	json_array_foreach(tree_part(r, "product_groups"), i, item) {
		const char *id = tw_csaf_text(item, "group_id");

		if (id)
			TW_TRY(tw_csaf_names_add(ret, &(const struct tw_csaf_name){ .text = id, .a = i }));
	}
	tw_csaf_names_sort(ret);
	return TW_OK;
}

tw_err tw_csaf_group_ids_defined(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };

	TW_TRY(tw_csaf_groups(r, &names));
	TW_TRY(defined_in(r, &names, "remediations", "group_ids"));
	TW_TRY(defined_in(r, &names, "threats", "group_ids"));
	return defined_in(r, &names, "flags", "group_ids");
}

tw_err tw_csaf_group_ids_once(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	const struct tw_csaf_at *at = TW_CSAF_KEY(&the_tree, "product_groups");

	TW_TRY(tw_csaf_groups(r, &names));
	for (size_t i = 0; i < names.count; i++)
		if (tw_csaf_names_repeat(&names, i) || tw_csaf_names_repeat(&names, i + 1))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(at, names.list[i].a), "group_id"),
				"more than one group has the id '%.200s'", names.list[i].text));
	return TW_OK;
}

tw_err tw_csaf_expand(
	struct tw_csaf_run *r, const json_t *object, const struct tw_csaf_names *groups, size_t mark, struct tw_csaf_names *ret)
{
	const json_t *ids = json_object_get(object, "product_ids"), *item, *group;
	size_t i, j;

	json_array_foreach(ids, i, item)
		if (json_is_string(item))
			TW_TRY(tw_csaf_names_add(
				ret, &(const struct tw_csaf_name){ .text = json_string_value(item), .a = mark, .b = ret->count }));
	json_array_foreach(json_object_get(object, "group_ids"), i, group) {
		const char *id = json_string_value(group);
		const struct tw_csaf_name *found = id ? tw_csaf_names_find(groups, id) : NULL;

		ids = found ? json_object_get(json_array_get(tree_part(r, "product_groups"), found->a), "product_ids") : NULL;
		TW_TRY(tw_csaf_work(r, json_array_size(ids)));
		json_array_foreach(ids, j, item)
			if (json_is_string(item))
				TW_TRY(tw_csaf_names_add(ret,
					&(const struct tw_csaf_name){ .text = json_string_value(item), .a = mark, .b = ret->count }));
	}
	return TW_OK;
}

#define HELPER "product_identification_helper"

tw_err tw_csaf_helper_purl(struct tw_csaf_run *r, const json_t *helper, const struct tw_csaf_at *at)
{
	const char *purl = tw_csaf_text(helper, "purl"), *fault = NULL;

	if (!purl || !tw_csaf_is_uri(purl) || !tw_csaf_is_purl(purl))
		return TW_OK; /* the schema's test has told */
	TW_TRY(tw_csaf_purl_fault(r->sys, purl, &fault));
	return fault ? tw_csaf_tell_at(r, TW_CSAF_KEY(at, "purl"), "%s", fault) : TW_OK;
}

static tw_err check_purl(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user)
{
	return tw_csaf_helper_purl(r, json_object_get(product, HELPER), TW_CSAF_KEY(at, HELPER));
}

tw_err tw_csaf_purls(struct tw_csaf_run *r)
{
	return tw_csaf_products(r, check_purl, NULL);
}

static tw_err check_file(struct tw_csaf_run *r, const json_t *hashes, const struct tw_csaf_at *at)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	const json_t *hash;
	size_t i;

	json_array_foreach(hashes, i, hash) {
		const char *algorithm = tw_csaf_text(hash, "algorithm");

		if (algorithm)
			TW_TRY(tw_csaf_names_add(&names, &(const struct tw_csaf_name){ .text = algorithm, .a = i }));
	}
	tw_csaf_names_sort(&names);
	for (i = 0; i < names.count; i++)
		if (tw_csaf_names_repeat(&names, i))
			TW_TRY(tw_csaf_tell_at(
				r, TW_CSAF_ITEM(at, names.list[i].a), "the file has a hash of %.100s already", names.list[i].text));
	return TW_OK;
}

tw_err tw_csaf_helper_hashes(struct tw_csaf_run *r, const json_t *helper, const struct tw_csaf_at *at)
{
	const struct tw_csaf_at *here = TW_CSAF_KEY(at, "hashes");
	const json_t *file;
	size_t i;

	json_array_foreach(json_object_get(helper, "hashes"), i, file)
		TW_TRY(check_file(r, json_object_get(file, "file_hashes"), TW_CSAF_KEY(TW_CSAF_ITEM(here, i), "file_hashes")));
	return TW_OK;
}

static tw_err check_files(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user)
{
	return tw_csaf_helper_hashes(r, json_object_get(product, HELPER), TW_CSAF_KEY(at, HELPER));
}

tw_err tw_csaf_hash_algorithms(struct tw_csaf_run *r)
{
	return tw_csaf_products(r, check_files, NULL);
}

/* The word, sign or signs in a name that make it more than one version; NULL: none. */
static const char *range_in(const char *name)
{
	static const char *const words[] = { "after", "all", "before", "earlier", "later", "prior", "versions" };

	if (strpbrk(name, "<>"))
		return strchr(name, '<') ? "<" : ">";
	while (*name) {
		size_t size = 0;

		while (name[size] && !tw_csaf_space(name + size))
			size++;
		for (size_t i = 0; i < TW_COUNT(words); i++)
			if (size == strlen(words[i]) && !strncasecmp(name, words[i], size))
				return words[i];
		name += size;
		name += tw_csaf_space(name);
	}
	return NULL;
}

static tw_err check_versions(struct tw_csaf_run *r, const json_t *branches, const struct tw_csaf_at *at)
{
	const json_t *branch;
	size_t i;

	json_array_foreach(branches, i, branch) {
		const char *category = tw_csaf_text(branch, "category"), *name = tw_csaf_text(branch, "name");
		const char *sign = name && category && !strcmp(category, "product_version") ? range_in(name) : NULL;
		const struct tw_csaf_at *here = TW_CSAF_ITEM(at, i);

		if (sign)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(here, "name"),
				"'%s' makes a range of what has to be one version: '%.200s'", sign, name));
		TW_TRY(check_versions(r, json_object_get(branch, "branches"), TW_CSAF_KEY(here, "branches")));
	}
	return TW_OK;
}

tw_err tw_csaf_version_names(struct tw_csaf_run *r)
{
	return check_versions(r, tree_part(r, "branches"), TW_CSAF_KEY(&the_tree, "branches"));
}
