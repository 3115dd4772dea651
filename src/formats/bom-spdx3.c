/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SPDX 3.0 as JSON-LD (https://spdx.github.io/spdx-spec/v3.0.1/serializations/), in the flat form that its schema describes: elements stand in @graph
 * and name one another by spdxId. JSON-LD of any other form is not read.
 */
#include "base/mem.h"
#include "formats/bom-inside.h"

#define CONTEXT "https://spdx.org/rdf/" /* and the version */

static const char *context_of(const json_t *value)
{
	return json_is_string(value) && !strncmp(json_string_value(value), CONTEXT, sizeof CONTEXT - 1) ? json_string_value(value) : "";
}

const char *tw_bom_spdx3_context(const json_t *document)
{
	const json_t *value = json_object_get(document, "@context"), *one;
	const char *found = context_of(value);
	size_t i;

	json_array_foreach(value, i, one)
		found = *found ? found : context_of(one);
	return found;
}

static bool among(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

/* --- What builds took in --- */

static tw_err check_links(const json_t *element)
{
	const json_t *list, *one;
	size_t i;

	TW_TRY(tw_bom_array(element, "to", &list));
	json_array_foreach(list, i, one)
		if (!json_is_string(one))
			return TW_RAISE(UNSUPPORTED, "/to/%zu: an element within another; only those of @graph are read", i);
	if (json_is_object(json_object_get(element, "from")))
		return TW_RAISE(UNSUPPORTED, "/from: an element within another; only those of @graph are read");
	return TW_OK;
}

static tw_err add_inputs(const json_t *element, json_t *inputs)
{
	const json_t *one;
	size_t i;

	TW_TRY(check_links(element));
	if (strcmp(tw_json_text(element, "relationshipType"), "hasInput") != 0)
		return TW_OK;
	json_array_foreach(json_object_get(element, "to"), i, one)
		TW_TRY(tw_json_set(inputs, json_string_value(one), json_true()));
	return TW_OK;
}

/* --- Packages --- */

static const struct tw_shape package_shape[] = { { "spdxId", TW_JSON_TEXT, true, 1, 4096 }, { "name", TW_JSON_TEXT, false, 0, 1024 },
	{ "software_packageVersion", TW_JSON_TEXT, false, 0, 1024 }, { "software_packageUrl", TW_JSON_TEXT, false, 0, TW_PURL_MAX },
	{ "software_primaryPurpose", TW_JSON_TEXT, false, 0, 64 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape identifier_shape[] = { { "externalIdentifierType", TW_JSON_TEXT, true, 1, 64 },
	{ "identifier", TW_JSON_TEXT, true, 0, 4096 }, { "*", TW_JSON_ANY }, { 0 } };

static tw_err add_identifiers(const struct tw_sys *sys, struct tw_bom *i, const json_t *package, size_t first)
{
	static const char *const cpes[] = { "cpe23", "cpe22", NULL };
	const json_t *list, *one;
	char detail[TW_DETAIL_MAX];
	size_t k;

	TW_TRY(tw_bom_array(package, "externalIdentifier", &list));
	json_array_foreach(list, k, one) {
		tw_err e = tw_json_check(one, identifier_shape);
		const char *type = tw_json_text(one, "externalIdentifierType"), *text = tw_json_text(one, "identifier");

		if (tw_failed(e)) {
			(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
			return TW_RAISE(SYNTAX, "/externalIdentifier/%zu: %s", k, detail);
		}
		if (among(type, cpes))
			TW_TRY(tw_bom_identify(sys, i, first, NULL, text));
		else if (!strcmp(type, "packageUrl") && strcmp(text, tw_json_text(package, "software_packageUrl")) != 0)
			TW_TRY(tw_bom_identify(sys, i, first, text, NULL));
	}
	return TW_OK;
}

/* A name that vulnerabilities may be known by: then it is a component, whatever it was to a build. */
static bool is_named(const json_t *package)
{
	static const char *const types[] = { "cpe23", "cpe22", "packageUrl", NULL };
	const json_t *one;
	size_t k;

	json_array_foreach(json_object_get(package, "externalIdentifier"), k, one)
		if (among(tw_json_text(one, "externalIdentifierType"), types))
			return true;
	return *tw_json_text(package, "software_packageUrl");
}

static tw_err add_package(const struct tw_sys *sys, struct tw_bom *i, const json_t *package, size_t index, const json_t *inputs)
{
	static const char *const built_from[] = { "source", "patch", "archive", NULL };
	const char *purl = tw_json_text(package, "software_packageUrl"), *purpose = tw_json_text(package, "software_primaryPurpose");
	size_t first = i->count;

	TW_TRY(tw_json_check(package, package_shape));
	if (among(purpose, built_from) && json_object_get(inputs, tw_json_text(package, "spdxId")) && !is_named(package)) {
		i->left_out++;
		return TW_OK;
	}
	struct tw_bom_part part = {
		.id = tw_json_text(package, "spdxId"), .kind = purpose, .object = package, .up = TW_BOM_NOWHERE, .index = index
	};
	part.c = (struct tw_vuln_component){ tw_json_text(package, "name"), tw_json_text(package, "software_packageVersion"),
		*purl ? purl : NULL, NULL };
	TW_TRY(tw_bom_add(sys, i, &part));
	return add_identifiers(sys, i, package, first);
}

/* All that something takes from or gives to packages: their order in the graph is nobody's. */
static tw_err collect_inputs(const struct tw_sys *sys, const struct tw_bom *i, const json_t *graph, json_t *inputs)
{
	const json_t *one;
	size_t k;

	json_array_foreach(graph, k, one) {
		tw_err e = json_is_object(one) ? add_inputs(one, inputs) : TW_RAISE(SYNTAX, "an object is wanted");

		if (tw_failed(e))
			return tw_bom_wrong(sys, i, TW_BOM_NOWHERE, k, e);
	}
	return TW_OK;
}

tw_err tw_bom_spdx3(const struct tw_sys *sys, struct tw_bom *i)
{
	TW_CLEANUP(tw_jsonp) json_t *inputs = json_object();
	const char *version = tw_bom_spdx3_context(i->document) + sizeof CONTEXT - 1;
	const json_t *graph = json_object_get(i->document, "@graph"), *one;
	size_t k;

	if (!inputs)
		return TW_RAISE(NOMEM, "what builds took in");
	if (strncmp(version, "3.0.", 4) != 0)
		return TW_RAISE(UNSUPPORTED, "/@context: SPDX '%.*s', read is 3.0",
			(int)(strcspn(version, "/") < 20 ? strcspn(version, "/") : 20), version);
	if (!json_is_array(graph))
		return TW_RAISE(SYNTAX, "/@graph: is no list");
	TW_TRY(collect_inputs(sys, i, graph, inputs));
	json_array_foreach(graph, k, one) {
		if (strcmp(tw_json_text(one, "type"), "software_Package") != 0)
			continue;
		tw_err e = add_package(sys, i, one, k, inputs);
		if (tw_failed(e))
			return tw_bom_wrong(sys, i, TW_BOM_NOWHERE, k, e);
	}
	return TW_OK;
}
