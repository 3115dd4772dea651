/* SPDX-License-Identifier: Apache-2.0 */
#include "product/advisory.h"

#include "base/mem.h"
#include "base/release.h"
#include "base/text.h"
#include "product/identify.h"
#include "product/product.h"

#include <stdio.h>
#include <string.h>

#define VEX "csaf_vex"
#define ADVISORY "csaf_security_advisory"

const char *const tw_advisory_profiles[] = { "csaf_base", ADVISORY, "csaf_informational_advisory",
	"csaf_security_incident_response", VEX, NULL };

static const char *contact(const json_t *product, const char *key)
{
	return tw_json_text(tw_json_get(product, "contacts"), key);
}

/* Scheme and host of an address: whose it is. */
static json_t *site_of(const char *url)
{
	const char *host = strstr(url, "://");
	size_t size = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : strlen(url);

	return json_sprintf("%.*s", (int)size, url);
}

static json_t *publisher(const json_t *product, const struct tw_advisory *a)
{
	return json_pack("{s:s, s:s, s:o, s:s}", "category", "vendor", "name", tw_json_text(tw_json_get(product, "organization"), "name"),
		"namespace", a->namespace ? json_string(a->namespace) : site_of(contact(product, "policy-url")), "contact_details",
		contact(product, "security-email"));
}

static json_t *notes(const json_t *product)
{
	const json_t *support = tw_json_get(product, "support");

	return json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:o}]", "category", "summary", "title", "Summary", "text",
		TW_ADVISORY_UNWRITTEN, "category", "general", "title", "Support", "text",
		json_sprintf("Supported from %s to %s; security updates until %s. %s", tw_json_text(support, "start"),
			tw_json_text(support, "end"), tw_json_text(support, "security-updates-until"), tw_json_text(support, "terms")));
}

static json_t *tracking(const struct tw_advisory *a)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:{s:s, s:s}}, s:[{s:s, s:s, s:s}]}", "id", a->id, "status", "draft",
		"version", "0", "initial_release_date", a->now, "current_release_date", a->now, "generator", "engine", "name",
		"thingward", "version", TW_VERSION, "revision_history", "date", a->now, "number", "0", "summary", "Draft.");
}

struct drafting {
	const struct tw_sys *sys;
	const json_t *product;
	json_t *ids; /* of all products of the tree */
};

/* By what that version of that model is known. */
static tw_err identify(const struct drafting *w, const json_t *model, const json_t *software, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *of_product = NULL, *of_version = NULL;

	TW_TRY(tw_identifiers_of(tw_json_get(tw_json_get(w->product, "product"), "identifiers"), &of_product));
	TW_TRY(tw_identifiers_of(tw_json_get(software, "identifiers"), &of_version));
	return tw_identify(w->sys,
		&(const struct tw_identity){ of_product, of_version, tw_json_get(w->product, "models"),
			tw_json_text(model, "model"), tw_json_text(software, "version") },
		ret);
}

/* One product for each model and version of its software, in the order of the file. */
static tw_err version_branch(const struct drafting *w, const json_t *model, const json_t *software, json_t *list)
{
	const json_t *what = tw_json_get(w->product, "product");
	const char *number = tw_json_text(model, "model"), *version = tw_json_text(software, "version");
	json_t *id = json_sprintf("%s-%s-%s", tw_json_text(what, "code"), number, version);
	TW_CLEANUP(tw_jsonp) json_t *helper = NULL;

	TW_TRY(tw_json_append(w->ids, id));
	TW_TRY(identify(w, model, software, &helper));
	return tw_json_append(list,
		json_pack("{s:s, s:s, s:{s:o, s:O, s:O}}", "category", "product_version", "name", version, "product", "name",
			json_sprintf("%s %s %s", tw_json_text(what, "name"), number, version), "product_id", id,
			"product_identification_helper", helper));
}

static tw_err model_branch(const struct drafting *w, const json_t *model, json_t *list)
{
	json_t *versions = json_array();
	const json_t *software;
	size_t i;

	TW_TRY(tw_json_append(list,
		json_pack("{s:s, s:o, s:o}", "category", "product_name", "name",
			json_sprintf("%s %s", tw_json_text(tw_json_get(w->product, "product"), "name"), tw_json_text(model, "model")),
			"branches", versions)));
	json_array_foreach(tw_json_get(w->product, "software"), i, software)
		TW_TRY(version_branch(w, model, software, versions));
	return TW_OK;
}

static tw_err product_tree(const struct drafting *w, json_t *document)
{
	json_t *models = json_array();
	const json_t *model;
	size_t i;

	TW_TRY(tw_json_set(document, "product_tree",
		json_pack("{s:[{s:s, s:s, s:o}]}", "branches", "category", "vendor", "name",
			tw_json_text(tw_json_get(w->product, "organization"), "name"), "branches", models)));
	json_array_foreach(tw_json_get(w->product, "models"), i, model)
		TW_TRY(model_branch(w, model, models));
	return TW_OK;
}

static tw_err vulnerability(json_t *list, const char *cve, json_t *ids)
{
	json_t *v = json_pack("{s:[{s:s, s:s}], s:{s:O}}", "notes", "category", "description", "text", TW_ADVISORY_UNWRITTEN,
		"product_status", "under_investigation", ids);

	TW_TRY(tw_json_append(list, v));
	return cve ? tw_json_set(v, "cve", json_string(cve)) : TW_OK;
}

/* What is not known yet is under investigation, and said so of every product. */
static tw_err vulnerabilities(const struct tw_advisory *a, json_t *document, json_t *ids)
{
	json_t *list = json_array();

	TW_TRY(tw_json_set(document, "vulnerabilities", list));
	for (const char *const *cve = a->cves; *cve; cve++)
		TW_TRY(vulnerability(list, *cve, ids));
	return *a->cves ? TW_OK : vulnerability(list, NULL, ids);
}

static tw_err check_wish(const struct tw_advisory *a)
{
	const char *const *p = tw_advisory_profiles;

	while (*p && strcmp(*p, a->profile) != 0)
		p++;
	if (!*p)
		return TW_RAISE(SYNTAX, "'%s' is no profile of CSAF 2.0", a->profile);
	if (!strcmp(a->profile, VEX) && !*a->cves)
		return TW_RAISE(SYNTAX, "CSAF 2.0 test 6.1.27.8: a VEX document names its vulnerabilities");
	return TW_OK;
}

tw_err tw_advisory_draft(const struct tw_sys *sys, const json_t *product, const struct tw_advisory *a, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *ids = json_array();

	TW_TRY(check_wish(a));
	document = json_pack("{s:{s:s, s:s, s:s, s:s, s:o, s:o, s:{s:{s:s}}, s:[{s:s, s:s, s:s}], s:o}}", "document", "category",
		a->profile, "csaf_version", "2.0", "lang", "en", "title", a->title, "publisher", publisher(product, a), "notes",
		notes(product), "distribution", "tlp", "label", "AMBER", "references", "category", "external", "summary",
		"How we treat weaknesses", "url", contact(product, "policy-url"), "tracking", tracking(a));
	if (!document || !ids)
		return TW_RAISE(NOMEM, "a draft");
	TW_TRY(product_tree(&(const struct drafting){ sys, product, ids }, document));
	if (!strcmp(a->profile, VEX) || !strcmp(a->profile, ADVISORY))
		TW_TRY(vulnerabilities(a, document, ids));
	*ret = TW_STEAL(document);
	return TW_OK;
}

/* --- Of a case --- */

static tw_err put_note(json_t *list, const char *category, const char *title, const char *text)
{
	return *text ? tw_json_append(list, json_pack("{s:s, s:s, s:s}", "category", category, "title", title, "text", text)) : TW_OK;
}

static tw_err case_notes(const struct tw_advisory_case *about, json_t *head)
{
	json_t *list = json_array();

	TW_TRY(tw_json_set(head, "notes", list));
	TW_TRY(put_note(list, "summary", "Summary", *about->text ? about->text : TW_ADVISORY_UNWRITTEN));
	return put_note(list, "details", "Versions", about->versions);
}

/* What versions are concerned is said in words there, and a product's version is none; so the product stands alone until somebody writes more. */
static tw_err case_products(const struct tw_advisory_case *about, json_t *document, json_t *ids)
{
	const char *name = *about->product ? about->product : TW_ADVISORY_UNWRITTEN;

	TW_TRY(tw_json_append(ids, json_string("PRODUCT-1")));
	return tw_json_set(document, "product_tree",
		json_pack("{s:[{s:s, s:s, s:[{s:s, s:s, s:{s:s, s:s}}]}]}", "branches", "category", "vendor", "name", about->publisher,
			"branches", "category", "product_name", "name", name, "product", "name", name, "product_id", "PRODUCT-1"));
}

tw_err tw_advisory_of_case(const struct tw_advisory_case *about, const struct tw_advisory *a, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL, *ids = json_array();

	TW_TRY(check_wish(a));
	document = json_pack("{s:{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:{s:{s:s}}, s:[{s:s, s:s, s:s}]}}", "document",
		"category", a->profile, "csaf_version", "2.0", "lang", "en", "title", a->title, "publisher", "category", "vendor",
		"name", about->publisher, "namespace", about->namespace, "contact_details", about->contact, "distribution", "tlp",
		"label", "AMBER", "references", "category", "external", "summary", "How we treat weaknesses", "url", about->policy);
	if (!document || !ids)
		return TW_RAISE(NOMEM, "a draft");
	TW_TRY(case_notes(about, tw_json_get(document, "document")));
	if (!strcmp(a->profile, VEX) || !strcmp(a->profile, ADVISORY)) {
		TW_TRY(case_products(about, document, ids));
		TW_TRY(vulnerabilities(a, document, ids));
	}
	*ret = TW_STEAL(document);
	return TW_OK;
}

/* --- Revisions --- */

/* The next whole number, or the next major version. */
static tw_err next_version(const char *version, char ret[32])
{
	uint64_t number;
	size_t digits = strspn(version, "0123456789");

	TW_TRY(tw_parse_u64((struct tw_slice){ version, digits }, UINT32_MAX, &number));
	(void)snprintf(ret, 32, version[digits] ? "%llu.0.0" : "%llu", (unsigned long long)number + 1);
	return TW_OK;
}

tw_err tw_advisory_revise(json_t *tracking, const char *now, const char *status, const char *summary)
{
	const char *before = tw_json_text(tracking, "version");
	json_t *history = tw_json_get(tracking, "revision_history");
	char version[32];

	TW_TRY(next_version(*before ? before : "0", version));
	(void)json_object_del(tracking, "generator");
	TW_TRY(tw_json_set(tracking, "version", json_string(version)));
	TW_TRY(tw_json_set(tracking, "status", json_string(status)));
	TW_TRY(tw_json_set(tracking, "current_release_date", json_string(now)));
	if (!history) {
		history = json_array();
		TW_TRY(tw_json_set(tracking, "revision_history", history));
	}
	return tw_json_append(history, json_pack("{s:s, s:s, s:s}", "date", now, "number", version, "summary", summary));
}

tw_err tw_advisory_withdraw(json_t *document, const char *reason)
{
	json_t *head = tw_json_get(document, "document");

	(void)json_object_del(document, "product_tree");
	(void)json_object_del(document, "vulnerabilities");
	(void)json_object_del(head, "aggregate_severity");
	TW_TRY(tw_json_set(head, "category", json_string("csaf_base")));
	TW_TRY(tw_json_set(head, "title", json_sprintf("Withdrawn: %s", tw_json_text(head, "title"))));
	return tw_json_set(head, "notes",
		json_pack("[{s:s, s:s, s:s}]", "category", "description", "title", "Reason for Withdrawal", "text", reason));
}
