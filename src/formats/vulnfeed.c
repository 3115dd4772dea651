/* SPDX-License-Identifier: Apache-2.0 */
/* OSV and CVE records: what of them triage needs. The place of a fault is put before it on the way out. */
#include "formats/vulnfeed.h"

#include "base/text.h"
#include "formats/csaf-text.h"

#include <stdarg.h>

/* What was wrong, with its place before it. */
static tw_err at(tw_err e, const char *format, ...) __attribute__((format(printf, 2, 3)));
static tw_err at(tw_err e, const char *format, ...)
{
	char place[128], detail[TW_DETAIL_MAX];
	va_list list;

	if (!tw_is(e, TW_CODE_SYNTAX))
		return e;
	va_start(list, format);
	(void)vsnprintf(place, sizeof place, format, list);
	va_end(list);
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	return TW_RAISE(SYNTAX, "%s%s%s", place, *detail == '/' ? "" : ": ", detail);
}

bool tw_cve_id(struct tw_slice text)
{
	char id[TW_CVE_ID_MAX + 1];

	if (text.size > TW_CVE_ID_MAX || (text.size && memchr(text.at, '\0', text.size)))
		return false;
	(void)snprintf(id, sizeof id, TW_SLICE_FMT, TW_SLICE_ARG(text));
	return tw_csaf_is_cve(id);
}

/* A list that may be null or absent. */
static tw_err list_of(const json_t *object, const char *key, json_t **ret)
{
	*ret = json_object_get(object, key);
	if (json_is_null(*ret))
		*ret = NULL;
	if (*ret && !json_is_array(*ret))
		return TW_RAISE(SYNTAX, "/%s: is no list", key);
	return TW_OK;
}

static tw_err check_texts(const json_t *object, const char *key)
{
	json_t *list;
	const json_t *one;
	size_t i;

	TW_TRY(list_of(object, key, &list));
	json_array_foreach(list, i, one)
		if (!json_is_string(one) || json_string_length(one) > 4096)
			return TW_RAISE(SYNTAX, "/%s/%zu: is no text of up to 4096 bytes", key, i);
	return TW_OK;
}

typedef tw_err (*check_item)(const json_t *item);
static tw_err check_each(const json_t *object, const char *key, check_item check)
{
	json_t *list;
	const json_t *one;
	size_t i;

	TW_TRY(list_of(object, key, &list));
	json_array_foreach(list, i, one)
		TW_TRY(at(check(one), "/%s/%zu", key, i));
	return TW_OK;
}

static tw_err check_time(const json_t *object, const char *key)
{
	const char *text = tw_json_text(object, key);
	int64_t ms;

	return *text ? at(tw_parse_time(tw_slice_of(text), &ms), "/%s", key) : TW_OK;
}

static tw_err check_word(const json_t *object, const char *key, const char *const *words)
{
	const char *text = tw_json_text(object, key);

	for (size_t i = 0; words[i]; i++)
		if (!strcmp(text, words[i]))
			return TW_OK;
	return TW_RAISE(SYNTAX, "/%s: '%.40s' is none of its words", key, text);
}

/* --- OSV --- */

static tw_err check_event(const json_t *event)
{
	static const struct tw_shape shape[] = { { "introduced", TW_JSON_TEXT, false, 0, 0 }, { "fixed", TW_JSON_TEXT, false, 0, 0 },
		{ "last_affected", TW_JSON_TEXT, false, 0, 0 }, { "limit", TW_JSON_TEXT, false, 0, 0 }, { 0 } };

	TW_TRY(tw_json_check(event, shape));
	if (json_object_size(event) != 1)
		return TW_RAISE(SYNTAX, "an event says one thing, not %zu", json_object_size(event));
	return TW_OK;
}

static tw_err check_range(const json_t *range)
{
	static const struct tw_shape shape[] = { { "type", TW_JSON_TEXT, true, 1, 16 }, { "events", TW_JSON_ARRAY, true, 0, 0 },
		{ "repo", TW_JSON_TEXT, false, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
	static const char *const types[] = { "SEMVER", "ECOSYSTEM", "GIT", NULL };
	const json_t *event;
	bool introduced = false;
	size_t i;

	TW_TRY(tw_json_check(range, shape));
	TW_TRY(check_word(range, "type", types));
	TW_TRY(check_each(range, "events", check_event));
	json_array_foreach(json_object_get(range, "events"), i, event)
		introduced = introduced || json_object_get(event, "introduced");
	return introduced ? TW_OK : TW_RAISE(SYNTAX, "/events: nothing is introduced");
}

static tw_err check_package(const json_t *package)
{
	static const struct tw_shape shape[] = { { "ecosystem", TW_JSON_TEXT, true, 1, 256 },
		{ "name", TW_JSON_TEXT, true, 1, 1024 }, { "purl", TW_JSON_TEXT, false, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };

	return package ? at(tw_json_check(package, shape), "/package") : TW_OK;
}

static tw_err check_affected(const json_t *one)
{
	static const struct tw_shape shape[] = { { "package", TW_JSON_OBJECT, false, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(one, shape));
	TW_TRY(check_package(json_object_get(one, "package")));
	TW_TRY(check_each(one, "ranges", check_range));
	return check_texts(one, "versions");
}

tw_err tw_osv_check(const json_t *record)
{
	static const struct tw_shape shape[] = { { "id", TW_JSON_TEXT, true, 1, 256 }, { "modified", TW_JSON_TEXT, true, 1, 64 },
		{ "published", TW_JSON_TEXT, false, 1, 64 }, { "withdrawn", TW_JSON_TEXT, false, 1, 64 },
		{ "schema_version", TW_JSON_TEXT, false, 1, 32 }, { "*", TW_JSON_ANY }, { 0 } };
	const char *version;

	TW_TRY(tw_json_check(record, shape));
	version = tw_json_text(record, "schema_version");
	if (*version && strncmp(version, "1.", 2) != 0)
		return TW_RAISE(UNSUPPORTED, "/schema_version: OSV %.20s, known is 1", version);
	TW_TRY(check_time(record, "modified"));
	TW_TRY(check_time(record, "published"));
	TW_TRY(check_time(record, "withdrawn"));
	TW_TRY(check_texts(record, "aliases"));
	return check_each(record, "affected", check_affected);
}

/* --- CVE --- */

static const char *const statuses[] = { "affected", "unaffected", "unknown", NULL };

static tw_err check_change(const json_t *change)
{
	static const struct tw_shape shape[] = { { "at", TW_JSON_TEXT, true, 1, 1024 }, { "status", TW_JSON_TEXT, true, 1, 16 },
		{ "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(change, shape));
	return check_word(change, "status", statuses);
}

static tw_err check_version(const json_t *version)
{
	/* An empty version is met in published records; what the entry means is undecided (range.h), and the rest of the record counts. */
	static const struct tw_shape shape[] = { { "version", TW_JSON_TEXT, true, 0, 1024 }, { "status", TW_JSON_TEXT, true, 1, 16 },
		{ "versionType", TW_JSON_TEXT, false, 1, 128 }, { "lessThan", TW_JSON_TEXT, false, 1, 1024 },
		{ "lessThanOrEqual", TW_JSON_TEXT, false, 1, 1024 }, { "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(version, shape));
	TW_TRY(check_word(version, "status", statuses));
	if (json_object_get(version, "lessThan") && json_object_get(version, "lessThanOrEqual"))
		return TW_RAISE(SYNTAX, "/lessThanOrEqual: beside lessThan");
	return check_each(version, "changes", check_change);
}

static tw_err check_product(const json_t *product)
{
	static const struct tw_shape shape[] = { { "vendor", TW_JSON_TEXT, false, 1, 512 }, { "product", TW_JSON_TEXT, false, 1, 2048 },
		{ "packageName", TW_JSON_TEXT, false, 1, 2048 }, { "packageURL", TW_JSON_TEXT, false, 1, 2048 },
		{ "defaultStatus", TW_JSON_TEXT, false, 1, 16 }, { "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(product, shape));
	if (json_object_get(product, "defaultStatus"))
		TW_TRY(check_word(product, "defaultStatus", statuses));
	TW_TRY(check_texts(product, "cpes"));
	return check_each(product, "versions", check_version);
}

static const char *const operators[] = { "AND", "OR", NULL };

static tw_err check_criteria(const json_t *match)
{
	static const struct tw_shape shape[] = { { "vulnerable", TW_JSON_BOOL, true, 0, 0 },
		{ "criteria", TW_JSON_TEXT, true, 1, 2048 }, { "versionStartExcluding", TW_JSON_TEXT, false, 1, 1024 },
		{ "versionStartIncluding", TW_JSON_TEXT, false, 1, 1024 }, { "versionEndExcluding", TW_JSON_TEXT, false, 1, 1024 },
		{ "versionEndIncluding", TW_JSON_TEXT, false, 1, 1024 }, { "*", TW_JSON_ANY }, { 0 } };

	return tw_json_check(match, shape);
}

static tw_err check_node(const json_t *node)
{
	static const struct tw_shape shape[] = { { "operator", TW_JSON_TEXT, true, 1, 16 }, { "negate", TW_JSON_BOOL, false, 0, 0 },
		{ "cpeMatch", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(node, shape));
	TW_TRY(check_word(node, "operator", operators));
	return check_each(node, "cpeMatch", check_criteria);
}

static tw_err check_applicability(const json_t *one)
{
	static const struct tw_shape shape[] = { { "operator", TW_JSON_TEXT, false, 1, 16 },
		{ "negate", TW_JSON_BOOL, false, 0, 0 }, { "nodes", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(one, shape));
	if (json_object_get(one, "operator"))
		TW_TRY(check_word(one, "operator", operators));
	return check_each(one, "nodes", check_node);
}

static tw_err check_container(const json_t *container)
{
	static const struct tw_shape shape[] = { { "*", TW_JSON_ANY }, { 0 } };

	TW_TRY(tw_json_check(container, shape));
	TW_TRY(check_each(container, "cpeApplicability", check_applicability));
	return check_each(container, "affected", check_product);
}

static tw_err check_metadata(const json_t *metadata)
{
	static const struct tw_shape shape[] = { { "cveId", TW_JSON_TEXT, true, 1, TW_CVE_ID_MAX },
		{ "state", TW_JSON_TEXT, true, 1, 16 }, { "*", TW_JSON_ANY }, { 0 } };
	static const char *const states[] = { "PUBLISHED", "REJECTED", NULL };

	TW_TRY(tw_json_check(metadata, shape));
	if (!tw_cve_id(tw_slice_of(tw_json_text(metadata, "cveId"))))
		return TW_RAISE(SYNTAX, "/cveId: is no id of a CVE");
	return check_word(metadata, "state", states);
}

tw_err tw_cve_check(const json_t *record)
{
	static const struct tw_shape shape[] = { { "dataType", TW_JSON_TEXT, true, 1, 32 },
		{ "dataVersion", TW_JSON_TEXT, true, 1, 32 }, { "cveMetadata", TW_JSON_OBJECT, true, 0, 0 },
		{ "containers", TW_JSON_OBJECT, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
	static const struct tw_shape containers[] = { { "cna", TW_JSON_OBJECT, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
	static const char *const types[] = { "CVE_RECORD", NULL };

	TW_TRY(tw_json_check(record, shape));
	TW_TRY(check_word(record, "dataType", types));
	if (strncmp(tw_json_text(record, "dataVersion"), "5.", 2) != 0)
		return TW_RAISE(UNSUPPORTED, "/dataVersion: CVE JSON %.20s, known is 5", tw_json_text(record, "dataVersion"));
	TW_TRY(at(check_metadata(json_object_get(record, "cveMetadata")), "/cveMetadata"));
	const json_t *of = json_object_get(record, "containers");
	TW_TRY(at(tw_json_check(of, containers), "/containers"));
	TW_TRY(at(check_container(json_object_get(of, "cna")), "/containers/cna"));
	return at(check_each(of, "adp", check_container), "/containers");
}

/* --- Both --- */

static tw_err read_checked(struct tw_slice text, check_item check, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *record = NULL;

	TW_TRY(tw_json_parse(text, TW_VULN_RECORD_MAX, &record));
	if (!json_is_object(record))
		return TW_RAISE(SYNTAX, "the record is no object");
	TW_TRY(check(record));
	*ret = TW_STEAL(record);
	return TW_OK;
}

tw_err tw_osv_read(struct tw_slice text, json_t **ret)
{
	return read_checked(text, tw_osv_check, ret);
}

tw_err tw_cve_read(struct tw_slice text, json_t **ret)
{
	return read_checked(text, tw_cve_check, ret);
}
