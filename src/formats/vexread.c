/* SPDX-License-Identifier: Apache-2.0 */
/* What others say of a vulnerability in a component: see vexread.h. */
#include "formats/vexread.h"

#include "base/mem.h"

#define DEEPEST 16 /* branches of a product tree; real ones have five */

static const char *const status_names[] = { "affected", "not_affected", "fixed", "under_investigation" };

const char *tw_vex_status_name(enum tw_vex_status s)
{
	return status_names[s];
}

enum tw_feed_kind tw_feed_kind_of(const json_t *d)
{
	if (json_is_string(json_object_get(d, "dataType")))
		return TW_FEED_CVE;
	if (json_is_string(json_object_get(json_object_get(d, "document"), "csaf_version")))
		return TW_FEED_CSAF;
	if (json_is_string(json_object_get(d, "catalogVersion")))
		return TW_FEED_KEV;
	if (strstr(tw_json_text(d, "@context"), "openvex"))
		return TW_FEED_OPENVEX;
	if (json_is_array(json_object_get(d, "package")))
		return TW_FEED_CVE_CHECK;
	if (json_is_string(json_object_get(d, "id")) && json_is_string(json_object_get(d, "modified")))
		return TW_FEED_OSV;
	return tw_bom_kind_of(d) == TW_BOM_UNKNOWN ? TW_FEED_UNKNOWN : TW_FEED_INVENTORY;
}

struct reading {
	const json_t *document;
	tw_vex_visit visit;
	void *user;
	size_t count;
	json_t *products; /* of CSAF: product_id -> {purl, cpe} */
	json_t *parts;    /* of CSAF: product_id of what is one by a relationship -> true */
	char place[160];
};

static tw_err say(struct reading *r, struct tw_vex_statement *s)
{
	if (r->count++ == TW_VEX_STATEMENTS_MAX)
		return TW_RAISE(LIMIT, "a document of more than %d statements", TW_VEX_STATEMENTS_MAX);
	s->place = r->place;
	return r->visit(r->user, s);
}

static tw_err list_in(const json_t *object, const char *key, const char *place, const json_t **ret)
{
	*ret = json_object_get(object, key);
	if (*ret && !json_is_array(*ret))
		return TW_RAISE(SYNTAX, "%s/%s: is no list", place, key);
	return TW_OK;
}

/* --- CSAF --- */

static tw_err keep_product(struct reading *r, const json_t *product, const char *reference)
{
	const json_t *helper = json_object_get(product, "product_identification_helper");
	const char *id = tw_json_text(product, "product_id");

	if (!helper && reference)
		helper = json_object_get(r->products, reference);
	if (*id && reference)
		TW_TRY(tw_json_set(r->parts, id, json_true()));
	if (!*id || !json_is_object(helper) || json_object_get(r->products, id))
		return TW_OK;
	return tw_json_set(r->products, id, json_incref((json_t *)(uintptr_t)helper));
}

/* Recursion ends at DEEPEST. */
static tw_err keep_branches(struct reading *r, const json_t *node, int depth)
{
	const json_t *list, *one;
	size_t i;

	if (depth == DEEPEST)
		return TW_RAISE(LIMIT, "/product_tree: branches within branches, more than %d", DEEPEST);
	TW_TRY(list_in(node, "branches", "/product_tree", &list));
	json_array_foreach(list, i, one) {
		TW_TRY(keep_product(r, json_object_get(one, "product"), NULL));
		TW_TRY(keep_branches(r, one, depth + 1));
	}
	return TW_OK;
}

static tw_err keep_products(struct reading *r)
{
	const json_t *tree = json_object_get(r->document, "product_tree"), *list, *one;
	size_t i;

	TW_TRY(keep_branches(r, tree, 0));
	TW_TRY(list_in(tree, "full_product_names", "/product_tree", &list));
	json_array_foreach(list, i, one)
		TW_TRY(keep_product(r, one, NULL));
	TW_TRY(list_in(tree, "relationships", "/product_tree", &list));
	json_array_foreach(list, i, one)
		TW_TRY(keep_product(r, json_object_get(one, "full_product_name"), tw_json_text(one, "product_reference")));
	return TW_OK;
}

static bool flagged(const json_t *flag, const char *id)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(flag, "product_ids"), i, one)
		if (json_is_string(one) && !strcmp(json_string_value(one), id))
			return true;
	return false;
}

static const char *justification_of(const json_t *vulnerability, const char *id)
{
	const json_t *flag;
	size_t i;

	json_array_foreach(json_object_get(vulnerability, "flags"), i, flag)
		if (flagged(flag, id))
			return tw_json_text(flag, "label");
	return "";
}

static tw_err read_status(struct reading *r, const json_t *vulnerability, size_t number, const char *key, enum tw_vex_status status)
{
	const json_t *list, *one;
	char place[64];
	size_t i;

	(void)snprintf(place, sizeof place, "/vulnerabilities/%zu/product_status", number);
	TW_TRY(list_in(json_object_get(vulnerability, "product_status"), key, place, &list));
	json_array_foreach(list, i, one) {
		const char *id = json_is_string(one) ? json_string_value(one) : "";
		const json_t *helper = json_object_get(r->products, id);
		struct tw_vex_statement s = { .vulnerability = tw_json_text(vulnerability, "cve"),
			.purl = tw_json_text(helper, "purl"),
			.cpe = tw_json_text(helper, "cpe"),
			.name = "",
			.version = "",
			.status = status,
			.part = json_object_get(r->parts, id) != NULL,
			.justification = status == TW_VEX_NOT_AFFECTED ? justification_of(vulnerability, id) : "" };

		(void)snprintf(r->place, sizeof r->place, "%s/%s/%zu", place, key, i);
		if (*s.vulnerability && (*s.purl || *s.cpe))
			TW_TRY(say(r, &s));
	}
	return TW_OK;
}

static tw_err read_csaf(struct reading *r)
{
	static const struct {
		const char *key;
		enum tw_vex_status status;
	} rows[] = {
		{ "known_affected", TW_VEX_AFFECTED },
		{ "first_affected", TW_VEX_AFFECTED },
		{ "last_affected", TW_VEX_AFFECTED },
		{ "known_not_affected", TW_VEX_NOT_AFFECTED },
		{ "fixed", TW_VEX_FIXED },
		{ "first_fixed", TW_VEX_FIXED },
		{ "under_investigation", TW_VEX_INVESTIGATED },
	};
	const json_t *list, *one;
	size_t i;

	TW_TRY(keep_products(r));
	TW_TRY(list_in(r->document, "vulnerabilities", "", &list));
	json_array_foreach(list, i, one)
		for (size_t k = 0; k < TW_COUNT(rows); k++)
			TW_TRY(read_status(r, one, i, rows[k].key, rows[k].status));
	return TW_OK;
}

/* --- OpenVEX --- */

static bool status_named(const char *name, enum tw_vex_status *ret)
{
	for (size_t i = 0; i < TW_COUNT(status_names); i++)
		if (!strcmp(name, status_names[i])) {
			*ret = (enum tw_vex_status)i;
			return true;
		}
	return false;
}

static tw_err say_component(struct reading *r, const json_t *component, struct tw_vex_statement *s)
{
	const json_t *identifiers = json_object_get(component, "identifiers");
	const char *id = tw_json_text(component, "@id"), *cpe = tw_json_text(identifiers, "cpe23");

	s->purl = tw_json_text(identifiers, "purl");
	s->cpe = *cpe ? cpe : tw_json_text(identifiers, "cpe22");
	if (!*s->purl && !strncmp(id, "pkg:", 4))
		s->purl = id;
	return *s->purl || *s->cpe ? say(r, s) : TW_OK;
}

/* Where a product has subcomponents, it is of these that something is said. */
static tw_err read_products(struct reading *r, const json_t *statement, const char *place, struct tw_vex_statement *s)
{
	const json_t *products, *product, *parts, *part;
	size_t i, k;

	TW_TRY(list_in(statement, "products", place, &products));
	json_array_foreach(products, i, product) {
		(void)snprintf(r->place, sizeof r->place, "%s/products/%zu", place, i);
		TW_TRY(list_in(product, "subcomponents", r->place, &parts));
		s->part = json_array_size(parts) > 0;
		if (!json_array_size(parts))
			TW_TRY(say_component(r, product, s));
		json_array_foreach(parts, k, part) {
			(void)snprintf(r->place, sizeof r->place, "%s/products/%zu/subcomponents/%zu", place, i, k);
			TW_TRY(say_component(r, part, s));
		}
	}
	return TW_OK;
}

static tw_err read_openvex(struct reading *r)
{
	const json_t *list, *one;
	char place[64];
	size_t i;

	TW_TRY(list_in(r->document, "statements", "", &list));
	json_array_foreach(list, i, one) {
		const json_t *vulnerability = json_object_get(one, "vulnerability");
		struct tw_vex_statement s = { .vulnerability = tw_json_text(vulnerability, "name"),
			.name = "",
			.version = "",
			.justification = tw_json_text(one, "justification") };

		(void)snprintf(place, sizeof place, "/statements/%zu", i);
		if (!*s.vulnerability)
			return TW_RAISE(SYNTAX, "%s/vulnerability: has no name", place);
		if (!status_named(tw_json_text(one, "status"), &s.status))
			return TW_RAISE(SYNTAX, "%s/status: '%.40s' is none of its words", place, tw_json_text(one, "status"));
		TW_TRY(read_products(r, one, place, &s));
	}
	return TW_OK;
}

/* --- cve-check --- */

/* False: it says nothing that takes a match away or brings one. */
static bool issue_status(const json_t *issue, enum tw_vex_status *ret)
{
	static const char *const facts[] = { "cpe-incorrect", "not-applicable-config", "not-applicable-platform" };
	const char *status = tw_json_text(issue, "status"), *detail = tw_json_text(issue, "detail");

	*ret = !strcmp(status, "Patched") ? TW_VEX_FIXED : TW_VEX_AFFECTED;
	if (!strcmp(status, "Patched") || !strcmp(status, "Unpatched"))
		return true;
	*ret = TW_VEX_NOT_AFFECTED;
	for (size_t i = 0; i < TW_COUNT(facts) && !strcmp(status, "Ignored"); i++)
		if (!strcmp(detail, facts[i]))
			return true;
	return false;
}

static tw_err read_package(struct reading *r, const json_t *package, size_t number)
{
	const json_t *list, *one;
	char place[64];
	size_t i;

	(void)snprintf(place, sizeof place, "/package/%zu", number);
	if (!*tw_json_text(package, "name"))
		return TW_RAISE(SYNTAX, "%s/name: is missing", place);
	TW_TRY(list_in(package, "issue", place, &list));
	json_array_foreach(list, i, one) {
		struct tw_vex_statement s = { .vulnerability = tw_json_text(one, "id"),
			.purl = "",
			.cpe = "",
			.name = tw_json_text(package, "name"),
			.version = tw_json_text(package, "version"),
			.justification = tw_json_text(one, "detail") };

		(void)snprintf(r->place, sizeof r->place, "%s/issue/%zu", place, i);
		if (!*s.vulnerability)
			return TW_RAISE(SYNTAX, "%s/id: is missing", r->place);
		if (issue_status(one, &s.status))
			TW_TRY(say(r, &s));
	}
	return TW_OK;
}

static tw_err read_cve_check(struct reading *r)
{
	const json_t *list, *one;
	size_t i;

	TW_TRY(list_in(r->document, "package", "", &list));
	json_array_foreach(list, i, one)
		TW_TRY(read_package(r, one, i));
	return TW_OK;
}

tw_err tw_vex_read(const json_t *document, tw_vex_visit visit, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *products = json_object(), *parts = json_object();
	struct reading r = { .document = document, .visit = visit, .user = user, .products = products, .parts = parts };

	if (!products || !parts)
		return TW_RAISE(NOMEM, "products");
	switch (tw_feed_kind_of(document)) {
	case TW_FEED_CSAF:
		return read_csaf(&r);
	case TW_FEED_OPENVEX:
		return read_openvex(&r);
	case TW_FEED_CVE_CHECK:
		return read_cve_check(&r);
	case TW_FEED_UNKNOWN:
	case TW_FEED_OSV:
	case TW_FEED_CVE:
	case TW_FEED_KEV:
	case TW_FEED_INVENTORY:
		break;
	}
	return TW_RAISE(UNSUPPORTED, "neither CSAF, OpenVEX nor the output of cve-check");
}
