/* SPDX-License-Identifier: Apache-2.0 */
/* CSAF 2.0 as rows: which members an object has, which of them it must have, and what each may hold. From the inside out. */
#include "formats/csaf-shape.h"
#include "formats/csaf-text.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define FIELDS(...) ((const struct tw_csaf_field[]){ __VA_ARGS__, {} })
#define TEXT_OF(matcher, words)                                                \
	{                                                                      \
		.kind = TW_CSAF_IS_TEXT, .match = (matcher), .wanted = (words) \
	}
#define ONE_OF(...)                                                   \
	{                                                             \
		.kind = TW_CSAF_IS_TEXT, .one_of = WORDS(__VA_ARGS__) \
	}
#define LIST_OF(type, least)                                           \
	{                                                              \
		.kind = TW_CSAF_IS_LIST, .of = &(type), .min = (least) \
	}
#define SET_OF(type, least)                                                            \
	{                                                                              \
		.kind = TW_CSAF_IS_LIST, .of = &(type), .min = (least), .unique = true \
	}
#define OBJECT_OF(least, ...)                                                            \
	{                                                                                \
		.kind = TW_CSAF_IS_OBJECT, .min = (least), .fields = FIELDS(__VA_ARGS__) \
	}
#define NEEDED true

typedef const struct tw_csaf_type type;

static type text = TEXT_OF(tw_csaf_filled, "a text");
static type uri = TEXT_OF(tw_csaf_is_uri, "a URI with its scheme, such as https://example.com/");
static type moment = TEXT_OF(tw_csaf_is_time, "a date and time with its zone, such as 2026-11-22T09:30:00Z");
static type version = TEXT_OF(tw_csaf_is_version, "a version: a whole number or a semantic version, such as 3 or 1.2.0");
static type language = TEXT_OF(tw_csaf_is_language, "a language tag, such as en or de-CH");
static type texts = LIST_OF(text, 1);
static type text_set = SET_OF(text, 1);
static type uris = LIST_OF(uri, 1);

static type acknowledgment = OBJECT_OF(1, { "names", &texts }, { "organization", &text }, { "summary", &text }, { "urls", &uris });
static type acknowledgments = LIST_OF(acknowledgment, 1);

static type note_category = ONE_OF("description", "details", "faq", "general", "legal_disclaimer", "other", "summary");
static type note = OBJECT_OF(
	0, { "category", &note_category, NEEDED }, { "text", &text, NEEDED }, { "audience", &text }, { "title", &text });
static type notes = LIST_OF(note, 1);

static type reference_category = ONE_OF("external", "self");
static type reference = OBJECT_OF(0, { "summary", &text, NEEDED }, { "url", &uri, NEEDED }, { "category", &reference_category });
static type references = LIST_OF(reference, 1);

static type hash_value = TEXT_OF(tw_csaf_is_hash, "a hash: 32 hexadecimal digits or more");
static type file_hash = OBJECT_OF(0, { "algorithm", &text, NEEDED }, { "value", &hash_value, NEEDED });
static type file_hashes = LIST_OF(file_hash, 1);
static type hash = OBJECT_OF(0, { "file_hashes", &file_hashes, NEEDED }, { "filename", &text, NEEDED });
static type hashes = LIST_OF(hash, 1);
static type generic_uri = OBJECT_OF(0, { "namespace", &uri, NEEDED }, { "uri", &uri, NEEDED });
static type generic_uris = LIST_OF(generic_uri, 1);
static type cpe = TEXT_OF(tw_csaf_is_cpe, "a CPE, such as cpe:2.3:h:example:lamp:1:*:*:*:*:*:*:*");
static bool is_purl(const char *s)
{
	return tw_csaf_is_uri(s) && tw_csaf_is_purl(s);
}
static type purl = TEXT_OF(is_purl, "a package URL, such as pkg:deb/debian/curl@8.0-1");
static type helper = OBJECT_OF(1, { "cpe", &cpe }, { "hashes", &hashes }, { "model_numbers", &text_set }, { "purl", &purl },
	{ "sbom_urls", &uris }, { "serial_numbers", &text_set }, { "skus", &texts }, { "x_generic_uris", &generic_uris });
static type product = OBJECT_OF(
	0, { "name", &text, NEEDED }, { "product_id", &text, NEEDED }, { "product_identification_helper", &helper });
static type products = LIST_OF(product, 1);

static type branch_category = ONE_OF("architecture", "host_name", "language", "legacy", "patch_level", "product_family",
	"product_name", "product_version", "product_version_range", "service_pack", "specification", "vendor");
static type branches;
static type branch = { .kind = TW_CSAF_IS_OBJECT,
	.min = 3,
	.max = 3,
	.fields = FIELDS({ "category", &branch_category, NEEDED }, { "name", &text, NEEDED }, { "branches", &branches },
		{ "product", &product }) };
static type branches = LIST_OF(branch, 1);

static type two_texts = SET_OF(text, 2);
static type group = OBJECT_OF(0, { "group_id", &text, NEEDED }, { "product_ids", &two_texts, NEEDED }, { "summary", &text });
static type groups = LIST_OF(group, 1);
static type relationship_category = ONE_OF(
	"default_component_of", "external_component_of", "installed_on", "installed_with", "optional_component_of");
static type relationship = OBJECT_OF(0, { "category", &relationship_category, NEEDED }, { "full_product_name", &product, NEEDED },
	{ "product_reference", &text, NEEDED }, { "relates_to_product_reference", &text, NEEDED });
static type relationships = LIST_OF(relationship, 1);
static type tree = OBJECT_OF(1, { "branches", &branches }, { "full_product_names", &products }, { "product_groups", &groups },
	{ "relationships", &relationships });

static type severity = OBJECT_OF(0, { "text", &text, NEEDED }, { "namespace", &uri });
static type category = TEXT_OF(tw_csaf_is_category, "a category: no space, '-', '_' or '.' first or last, and one line");
static type csaf_version = ONE_OF("2.0");
static type tlp_label = ONE_OF("AMBER", "GREEN", "RED", "WHITE");
static type tlp = OBJECT_OF(0, { "label", &tlp_label, NEEDED }, { "url", &uri });
static type distribution = OBJECT_OF(1, { "text", &text }, { "tlp", &tlp });
static type publisher_category = ONE_OF("coordinator", "discoverer", "other", "translator", "user", "vendor");
static type publisher = OBJECT_OF(0, { "category", &publisher_category, NEEDED }, { "name", &text, NEEDED },
	{ "namespace", &uri, NEEDED }, { "contact_details", &text }, { "issuing_authority", &text });
static type engine = OBJECT_OF(0, { "name", &text, NEEDED }, { "version", &text });
static type generator = OBJECT_OF(0, { "engine", &engine, NEEDED }, { "date", &moment });
static type document_id = TEXT_OF(tw_csaf_is_id, "an id: no space first or last, and one line");
static type revision = OBJECT_OF(
	0, { "date", &moment, NEEDED }, { "number", &version, NEEDED }, { "summary", &text, NEEDED }, { "legacy_version", &text });
static type revisions = LIST_OF(revision, 1);
static type document_status = ONE_OF("draft", "final", "interim");
static type tracking = OBJECT_OF(0, { "current_release_date", &moment, NEEDED }, { "id", &document_id, NEEDED },
	{ "initial_release_date", &moment, NEEDED }, { "revision_history", &revisions, NEEDED }, { "status", &document_status, NEEDED },
	{ "version", &version, NEEDED }, { "aliases", &text_set }, { "generator", &generator });
static type document = OBJECT_OF(0, { "category", &category, NEEDED }, { "csaf_version", &csaf_version, NEEDED },
	{ "publisher", &publisher, NEEDED }, { "title", &text, NEEDED }, { "tracking", &tracking, NEEDED },
	{ "acknowledgments", &acknowledgments }, { "aggregate_severity", &severity }, { "distribution", &distribution },
	{ "lang", &language }, { "notes", &notes }, { "references", &references }, { "source_lang", &language });

static type cve = TEXT_OF(tw_csaf_is_cve, "a CVE, such as CVE-2026-12345");
static type cwe_id = TEXT_OF(tw_csaf_is_cwe, "the id of a weakness, such as CWE-79");
static type cwe = OBJECT_OF(0, { "id", &cwe_id, NEEDED }, { "name", &text, NEEDED });
static type flag_label = ONE_OF("component_not_present", "inline_mitigations_already_exist",
	"vulnerable_code_cannot_be_controlled_by_adversary", "vulnerable_code_not_in_execute_path", "vulnerable_code_not_present");
static type flag = OBJECT_OF(
	0, { "label", &flag_label, NEEDED }, { "date", &moment }, { "group_ids", &text_set }, { "product_ids", &text_set });
static type flags = SET_OF(flag, 1);
static type other_id = OBJECT_OF(0, { "system_name", &text, NEEDED }, { "text", &text, NEEDED });
static type other_ids = SET_OF(other_id, 1);
static type party = ONE_OF("coordinator", "discoverer", "other", "user", "vendor");
static type party_status = ONE_OF("completed", "contact_attempted", "disputed", "in_progress", "not_contacted", "open");
static type involvement = OBJECT_OF(
	0, { "party", &party, NEEDED }, { "status", &party_status, NEEDED }, { "date", &moment }, { "summary", &text });
static type involvements = SET_OF(involvement, 1);
static type product_status = OBJECT_OF(1, { "first_affected", &text_set }, { "first_fixed", &text_set }, { "fixed", &text_set },
	{ "known_affected", &text_set }, { "known_not_affected", &text_set }, { "last_affected", &text_set },
	{ "recommended", &text_set }, { "under_investigation", &text_set });
static type remediation_category = ONE_OF("mitigation", "no_fix_planned", "none_available", "vendor_fix", "workaround");
static type restart_category = ONE_OF(
	"connected", "dependencies", "machine", "none", "parent", "service", "system", "vulnerable_component", "zone");
static type restart = OBJECT_OF(0, { "category", &restart_category, NEEDED }, { "details", &text });
static type remediation = OBJECT_OF(0, { "category", &remediation_category, NEEDED }, { "details", &text, NEEDED },
	{ "date", &moment }, { "entitlements", &texts }, { "group_ids", &text_set }, { "product_ids", &text_set },
	{ "restart_required", &restart }, { "url", &uri });
static type remediations = LIST_OF(remediation, 1);
static type cvss2 = { .kind = TW_CSAF_IS_CVSS, .versions = TW_CSAF_CVSS_V2 };
static type cvss3 = { .kind = TW_CSAF_IS_CVSS, .versions = TW_CSAF_CVSS_V3 };
static type score = OBJECT_OF(2, { "products", &text_set, NEEDED }, { "cvss_v2", &cvss2 }, { "cvss_v3", &cvss3 });
static type scores = LIST_OF(score, 1);
static type threat_category = ONE_OF("exploit_status", "impact", "target_set");
static type threat = OBJECT_OF(0, { "category", &threat_category, NEEDED }, { "details", &text, NEEDED }, { "date", &moment },
	{ "group_ids", &text_set }, { "product_ids", &text_set });
static type threats = LIST_OF(threat, 1);
static type vulnerability = OBJECT_OF(1, { "acknowledgments", &acknowledgments }, { "cve", &cve }, { "cwe", &cwe },
	{ "discovery_date", &moment }, { "flags", &flags }, { "ids", &other_ids }, { "involvements", &involvements },
	{ "notes", &notes }, { "product_status", &product_status }, { "references", &references }, { "release_date", &moment },
	{ "remediations", &remediations }, { "scores", &scores }, { "threats", &threats }, { "title", &text });
static type vulnerabilities = LIST_OF(vulnerability, 1);

static type whole = OBJECT_OF(0, { "document", &document, NEEDED }, { "product_tree", &tree }, { "vulnerabilities", &vulnerabilities });

tw_err tw_csaf_schema(struct tw_csaf_run *r)
{
	return tw_csaf_shape(r, &whole, r->document, NULL);
}

tw_err tw_csaf_helper_shape(struct tw_csaf_run *r, const json_t *value, const struct tw_csaf_at *at)
{
	return tw_csaf_shape(r, &helper, value, at);
}
