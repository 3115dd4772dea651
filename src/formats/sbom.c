/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CycloneDX document of what packages.h read: https://cyclonedx.org/docs/1.6/json/. Only what the database says is stated; a
 * licence or a supplier that it does not know is left out and not guessed.
 */
#include "formats/sbom.h"

#include "formats/claim.h"

#include "base/text.h"
#include "crypto/hash.h"

#include <string.h>

#define PROFILE "urn:thingward:inventory:1"
#define IDENTIFIER_PROPERTY "thingward:device-identifier"
#define REF_MAX (TW_PACKAGE_NAME_MAX + TW_PACKAGE_ARCHITECTURE_MAX + 2)
#define PURL_MAX 1024
#define TYPE_MAX 63 /* a word of an enumeration, in all versions shorter */

static void serial_text(const uint8_t serial[16], char ret[TW_SBOM_SERIAL_MAX + 1])
{
	uint8_t u[16];
	memcpy(u, serial, sizeof u);
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40); /* RFC 9562: random */
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	(void)snprintf(ret, TW_SBOM_SERIAL_MAX + 1, "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static void ref_of(const struct tw_package *p, char ret[REF_MAX])
{
	(void)snprintf(ret, REF_MAX, TW_SLICE_FMT ":" TW_SLICE_FMT, TW_SLICE_ARG(p->name), TW_SLICE_ARG(p->architecture));
}

static json_t *text(struct tw_slice s)
{
	return json_stringn(s.at, s.size);
}

static json_t *property(const char *name, const char *value)
{
	return json_pack("{s:s, s:s}", "name", name, "value", value);
}

static tw_err add_property(json_t *list, const char *name, const char *value)
{
	return tw_json_append(list, property(name, value));
}

/* @nist DI.ABI.3: how what is installed stands to what is there */
static tw_err files_properties(const struct tw_sbom_files *f, json_t *list)
{
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = { { "thingward:files-checked", f->checked }, { "thingward:files-changed", f->changed },
		{ "thingward:files-missing", f->missing }, { "thingward:unknown-executables", f->unknown },
		{ "thingward:files-unread", f->unread }, { "thingward:folders-skipped", f->skipped },
		{ "thingward:files-broken", f->broken } };
	char text[TW_TIME_TEXT_MAX];
	tw_time_text(f->checked_ms, text);
	TW_TRY(add_property(list, "thingward:files-checked-at", text));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		(void)snprintf(text, sizeof text, "%llu", (unsigned long long)rows[i].n);
		TW_TRY(add_property(list, rows[i].name, text));
	}
	return TW_OK;
}

static tw_err properties(const struct tw_sbom *s, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	TW_TRY(add_property(list, IDENTIFIER_PROPERTY, s->identifier));
	TW_TRY(add_property(list, "thingward:package-database", s->system->word));
	TW_TRY(add_property(list, "thingward:time-trusted", s->time_trusted ? "yes" : "no"));
	TW_TRY(s->files ? files_properties(s->files, list) : add_property(list, "thingward:files-checked-at", "never"));
	*ret = TW_STEAL(list);
	return TW_OK;
}

static tw_err metadata(const struct tw_sbom *s, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	char made[TW_TIME_TEXT_MAX];
	tw_time_text(s->made_ms, made);
	TW_TRY(tw_json_set(o, "timestamp", json_string(made)));
	TW_TRY(tw_json_set(o, "lifecycles", json_pack("[{s:s}]", "phase", "operations")));
	TW_TRY(tw_json_set(o, "tools",
		json_pack("{s:[{s:s, s:s, s:s}]}", "components", "type", "application", "name", "thingward-device", "version", s->software)));
	TW_TRY(tw_json_set(o, "component",
		json_pack("{s:s, s:s, s:s, s:s, s:{s:s}, s:[o]}", "type", "firmware", "bom-ref", "product", "name", s->product, "version",
			s->version, "supplier", "name", s->organization, "properties", property("thingward:model", s->model))));
	json_t *list = NULL;
	TW_TRY(properties(s, &list));
	TW_TRY(tw_json_set(o, "properties", list));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static tw_err component(const struct tw_sys *sys, const struct tw_sbom *s, const struct tw_package *p, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_buf_done) struct tw_buf purl = { 0 };
	char ref[REF_MAX];
	ref_of(p, ref);
	tw_buf_init(&purl, sys, PURL_MAX);
	TW_TRY(tw_package_purl(s->system, p, &purl));
	TW_TRY(tw_json_set(o, "type", json_string("library")));
	TW_TRY(tw_json_set(o, "bom-ref", json_string(ref)));
	TW_TRY(tw_json_set(o, "name", text(p->name)));
	TW_TRY(tw_json_set(o, "version", text(p->version)));
	TW_TRY(tw_json_set(o, "purl", json_string(tw_buf_cstr(&purl))));
	if (p->supplier.size)
		TW_TRY(tw_json_set(o, "supplier", json_pack("{s:o}", "name", text(p->supplier))));
	if (p->licence.size)
		TW_TRY(tw_json_set(o, "licenses", json_pack("[{s:{s:o}}]", "license", "name", text(p->licence))));
	*ret = TW_STEAL(o);
	return TW_OK;
}

static bool among(const json_t *array, const char *ref)
{
	for (size_t i = 0; i < json_array_size(array); i++)
		if (strcmp(json_string_value(json_array_get(array, i)), ref) == 0)
			return true;
	return false;
}

static tw_err dependency(const struct tw_sbom *s, const struct tw_package *p, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *needs = json_array();
	const struct tw_package *n;
	char ref[REF_MAX];
	if (!needs)
		return TW_RAISE(NOMEM, "a list of dependencies");
	for (size_t at = 0; (n = tw_packages_needs(s->packages, p, &at));) {
		ref_of(n, ref);
		if (!among(needs, ref))
			TW_TRY(tw_json_append(needs, json_string(ref)));
	}
	if (json_array_size(needs) == 0)
		return TW_OK;
	ref_of(p, ref);
	return tw_json_append(list, json_pack("{s:s, s:O}", "ref", ref, "dependsOn", needs));
}

static tw_err lists(const struct tw_sys *sys, const struct tw_sbom *s, json_t *ret)
{
	json_t *components = json_array(), *dependencies = json_array();
	tw_err e = tw_json_set(ret, "components", components);
	if (!tw_failed(e))
		e = tw_json_set(ret, "dependencies", dependencies);
	else
		json_decref(dependencies);
	for (size_t i = 0; i < s->packages->count && !tw_failed(e); i++) {
		json_t *made = NULL;
		e = component(sys, s, &s->packages->of[i], &made);
		if (!tw_failed(e))
			e = tw_json_append(components, made);
		if (!tw_failed(e))
			e = dependency(s, &s->packages->of[i], dependencies);
	}
	return e;
}

tw_err tw_sbom_write(const struct tw_sys *sys, const struct tw_sbom *s, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	char serial[TW_SBOM_SERIAL_MAX + 1];
	json_t *about = NULL;
	serial_text(s->serial, serial);
	TW_TRY(tw_json_set(o, "bomFormat", json_string("CycloneDX")));
	TW_TRY(tw_json_set(o, "specVersion", json_string("1.6")));
	TW_TRY(tw_json_set(o, "serialNumber", json_string(serial)));
	TW_TRY(tw_json_set(o, "version", json_integer(1)));
	TW_TRY(metadata(s, &about));
	TW_TRY(tw_json_set(o, "metadata", about));
	TW_TRY(lists(sys, s, o));
	*ret = TW_STEAL(o);
	return TW_OK;
}

/* --- The device's word --- */

static tw_err digest_text(const struct tw_sys *sys, struct tw_slice document, char ret[2 * TW_SHA256_SIZE + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t digest[TW_SHA256_SIZE];
	tw_buf_init(&hex, sys, 2 * TW_SHA256_SIZE);
	TW_TRY(tw_sha256(document.at, document.size, digest));
	TW_TRY(tw_buf_hex(&hex, digest, sizeof digest));
	memcpy(ret, tw_buf_cstr(&hex), 2 * TW_SHA256_SIZE + 1);
	return TW_OK;
}

tw_err tw_sbom_sign(const struct tw_sys *sys, const struct tw_sbom *s, struct tw_slice document, const tw_cert *device,
	const struct tw_signer *signer, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	char digest[2 * TW_SHA256_SIZE + 1], serial[TW_SBOM_SERIAL_MAX + 1];
	if (document.size == 0 || document.size > TW_SBOM_MAX)
		return TW_RAISE(LIMIT, "an inventory of %zu bytes, at most %d can be signed", document.size, TW_SBOM_MAX);
	serial_text(s->serial, serial);
	TW_TRY(digest_text(sys, document, digest));
	TW_TRY(tw_json_set(o, "eat_profile", json_string(PROFILE)));
	TW_TRY(tw_json_set(o, "sub", json_string(s->identifier)));
	TW_TRY(tw_json_set(o, "iat", json_integer(s->made_ms / 1000)));
	TW_TRY(tw_json_set(o, "thingward_time_trusted", json_boolean(s->time_trusted)));
	TW_TRY(tw_json_set(o, "thingward_product_version", json_string(s->version)));
	TW_TRY(tw_json_set(o, "sbom_serial", json_string(serial)));
	TW_TRY(tw_json_set(o, "sbom_sha256", json_string(digest)));
	return tw_jws_sign(sys, TW_JWS_INVENTORY, device, o, signer, ret);
}

/*
 * What a unit writes, each member in its form; CycloneDX may add others to its objects, which are not read. Absent may be what the
 * package database does not say of a component: its supplier and its licence.
 */
static const struct tw_shape document_shape[] = { { "bomFormat", TW_JSON_TEXT, true, 9, 9 },
	{ "specVersion", TW_JSON_TEXT, true, 3, 3 }, { "serialNumber", TW_JSON_TEXT, true, TW_SBOM_SERIAL_MAX, TW_SBOM_SERIAL_MAX },
	{ "version", TW_JSON_INT, true, 1, 1 }, { "metadata", TW_JSON_OBJECT, true, 0, 0 },
	{ "components", TW_JSON_ARRAY, true, 0, 0 }, { "dependencies", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape metadata_shape[] = { { "timestamp", TW_JSON_TEXT, true, 20, TW_TIME_TEXT_MAX },
	{ "lifecycles", TW_JSON_ARRAY, true, 0, 0 }, { "tools", TW_JSON_OBJECT, true, 0, 0 },
	{ "component", TW_JSON_OBJECT, true, 0, 0 }, { "properties", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape lifecycle_shape[] = { { "phase", TW_JSON_TEXT, true, 1, TYPE_MAX }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape tools_shape[] = { { "components", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape tool_shape[] = { { "type", TW_JSON_TEXT, true, 1, TYPE_MAX }, { "name", TW_JSON_TEXT, true, 1, 255 },
	{ "version", TW_JSON_TEXT, true, 1, 63 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape product_shape[] = { { "type", TW_JSON_TEXT, true, 1, TYPE_MAX },
	{ "bom-ref", TW_JSON_TEXT, true, 1, REF_MAX - 1 }, { "name", TW_JSON_TEXT, true, 1, 255 },
	{ "version", TW_JSON_TEXT, true, 1, 63 }, { "supplier", TW_JSON_OBJECT, true, 0, 0 },
	{ "properties", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape property_shape[] = { { "name", TW_JSON_TEXT, true, 1, 255 }, { "value", TW_JSON_TEXT, true, 0, 255 }, { 0 } };
static const struct tw_shape component_shape[] = { { "type", TW_JSON_TEXT, true, 1, TYPE_MAX },
	{ "bom-ref", TW_JSON_TEXT, true, 1, REF_MAX - 1 }, { "name", TW_JSON_TEXT, true, 1, TW_PACKAGE_NAME_MAX },
	{ "version", TW_JSON_TEXT, true, 1, TW_PACKAGE_VERSION_MAX }, { "purl", TW_JSON_TEXT, true, 1, PURL_MAX },
	{ "supplier", TW_JSON_OBJECT, false, 0, 0 }, { "licenses", TW_JSON_ARRAY, false, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape named_shape[] = { { "name", TW_JSON_TEXT, true, 1, TW_PACKAGE_WORDS_MAX }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape choice_shape[] = { { "license", TW_JSON_OBJECT, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape dependency_shape[] = { { "ref", TW_JSON_TEXT, true, 1, REF_MAX - 1 },
	{ "dependsOn", TW_JSON_ARRAY, true, 0, 0 }, { "*", TW_JSON_ANY }, { 0 } };

/* The identifier that the document itself states, once. */
static tw_err stated_identifier(const json_t *properties, const char **ret)
{
	const json_t *p;
	size_t i;
	*ret = NULL;
	json_array_foreach(properties, i, p) {
		TW_TRY(tw_json_check(p, property_shape));
		if (strcmp(tw_json_text(p, "name"), IDENTIFIER_PROPERTY) != 0)
			continue;
		if (*ret)
			return TW_RAISE(SYNTAX, "the document names its unit twice");
		*ret = tw_json_text(p, "value");
	}
	return *ret ? TW_OK : TW_RAISE(UNTRUSTED, "the document names no unit");
}

static tw_err check_licences(const json_t *list)
{
	const json_t *one;
	size_t i;
	json_array_foreach(list, i, one) {
		TW_TRY(tw_json_check(one, choice_shape));
		TW_TRY(tw_json_check(tw_json_get(one, "license"), named_shape));
	}
	return TW_OK;
}

/* Each once: two of one name, and who compares them with a list may look at either. */
static tw_err check_components(const json_t *list, json_t *refs)
{
	const json_t *one;
	size_t i;
	json_array_foreach(list, i, one) {
		TW_TRY(tw_json_check(one, component_shape));
		const char *ref = tw_json_text(one, "bom-ref");
		if (json_object_get(refs, ref))
			return TW_RAISE(SYNTAX, "two components are '%.80s'", ref);
		TW_TRY(tw_json_set(refs, ref, json_true()));
		if (tw_json_get(one, "supplier"))
			TW_TRY(tw_json_check(tw_json_get(one, "supplier"), named_shape));
		TW_TRY(check_licences(tw_json_get(one, "licenses")));
	}
	return TW_OK;
}

static tw_err check_ref(const json_t *ref, const json_t *refs)
{
	if (!json_object_get(refs, json_string_value(ref))) /* nothing is there under what is no text */
		return TW_RAISE(SYNTAX, "a dependency is of no component");
	return TW_OK;
}

static tw_err check_dependencies(const json_t *list, const json_t *refs)
{
	const json_t *one, *need;
	size_t i, k;
	json_array_foreach(list, i, one) {
		TW_TRY(tw_json_check(one, dependency_shape));
		TW_TRY(check_ref(tw_json_get(one, "ref"), refs));
		json_array_foreach(tw_json_get(one, "dependsOn"), k, need)
			TW_TRY(check_ref(need, refs));
	}
	return TW_OK;
}

static tw_err check_metadata(const json_t *about)
{
	const json_t *tools = tw_json_get(about, "tools"), *product = tw_json_get(about, "component");
	TW_TRY(tw_json_check(about, metadata_shape));
	TW_TRY(tw_json_check_each(tw_json_get(about, "lifecycles"), lifecycle_shape, SIZE_MAX));
	TW_TRY(tw_json_check(tools, tools_shape));
	TW_TRY(tw_json_check_each(tw_json_get(tools, "components"), tool_shape, SIZE_MAX));
	TW_TRY(tw_json_check(product, product_shape));
	TW_TRY(tw_json_check(tw_json_get(product, "supplier"), named_shape));
	return tw_json_check_each(tw_json_get(product, "properties"), property_shape, SIZE_MAX);
}

static tw_err check_document(const json_t *o, const char **ret_identifier)
{
	TW_CLEANUP(tw_jsonp) json_t *refs = json_object();
	TW_TRY(tw_json_check(o, document_shape));
	if (strcmp(tw_json_text(o, "bomFormat"), "CycloneDX") != 0 || strcmp(tw_json_text(o, "specVersion"), "1.6") != 0)
		return TW_RAISE(SYNTAX, "not a document of CycloneDX 1.6");
	const json_t *about = tw_json_get(o, "metadata");
	TW_TRY(check_metadata(about));
	TW_TRY(stated_identifier(tw_json_get(about, "properties"), ret_identifier));
	TW_TRY(check_components(tw_json_get(o, "components"), refs));
	return check_dependencies(tw_json_get(o, "dependencies"), refs);
}

/* The document was made when its signature says. */
static tw_err same_time(const json_t *claims, const json_t *document)
{
	int64_t made_ms;
	TW_TRY(tw_parse_time(tw_slice_of(tw_json_text(tw_json_get(document, "metadata"), "timestamp")), &made_ms));
	if (made_ms / 1000 != tw_json_int(claims, "iat"))
		return TW_RAISE(UNTRUSTED, "the document's time is not the signed one");
	return TW_OK;
}

static tw_err same_unit(const struct tw_sys *sys, const json_t *claims, const json_t *document, const tw_cert *device)
{
	const char *subject = tw_json_text(claims, "sub"), *stated = "";
	const json_t *firmware = json_object_get(json_object_get(document, "metadata"), "component");
	TW_TRY(tw_claim_signer(sys, device, subject, "inventory"));
	TW_TRY(check_document(document, &stated));
	if (strcmp(stated, subject) != 0)
		return TW_RAISE(UNTRUSTED, "the document names another unit than its signature");
	if (strcmp(tw_json_text(document, "serialNumber"), tw_json_text(claims, "sbom_serial")) != 0 ||
		strcmp(tw_json_text(firmware, "version"), tw_json_text(claims, "thingward_product_version")) != 0)
		return TW_RAISE(UNTRUSTED, "the document's serial number or version is not the signed one");
	return same_time(claims, document);
}

static tw_err check_claims(const struct tw_sys *sys, const json_t *claims, struct tw_slice document)
{
	static const struct tw_shape shape[] = { { "eat_profile", TW_JSON_TEXT, true, 1, 64 },
		{ "sub", TW_JSON_TEXT, true, 1, TW_IDENTIFIER_MAX }, { "iat", TW_JSON_INT, true, 0, 253402300799 },
		{ "thingward_time_trusted", TW_JSON_BOOL, true, 0, 0 }, { "thingward_product_version", TW_JSON_TEXT, true, 1, 63 },
		{ "sbom_serial", TW_JSON_TEXT, true, TW_SBOM_SERIAL_MAX, TW_SBOM_SERIAL_MAX },
		{ "sbom_sha256", TW_JSON_TEXT, true, 64, 64 }, { 0 } };
	char digest[2 * TW_SHA256_SIZE + 1];
	TW_TRY(tw_json_check(claims, shape));
	if (strcmp(tw_json_text(claims, "eat_profile"), PROFILE) != 0)
		return TW_RAISE(SYNTAX, "not an inventory of this profile");
	TW_TRY(digest_text(sys, document, digest));
	if (strcmp(tw_json_text(claims, "sbom_sha256"), digest) != 0)
		return TW_RAISE(UNTRUSTED, "the document is not the one that was signed");
	return TW_OK;
}

/* Digest first: nothing of the document is parsed before it is known to be the signed one. */
tw_err tw_sbom_open(const struct tw_sys *sys, const struct tw_sbom_signed *it, const tw_cert *anchor, int64_t now_ms,
	struct tw_sbom_seen *ret, json_t **ret_document)
{
	TW_CLEANUP(tw_jsonp) json_t *claims = NULL;
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	TW_TRY(tw_jws_verify(sys, TW_JWS_INVENTORY, it->jws, &claims, &device));
	TW_TRY(tw_cert_verify(device, anchor, now_ms));
	TW_TRY(check_claims(sys, claims, it->document));
	TW_TRY(tw_json_parse(it->document, TW_SBOM_MAX, &o));
	TW_TRY(same_unit(sys, claims, o, device));
	(void)snprintf(ret->identifier, sizeof ret->identifier, "%s", tw_json_text(claims, "sub"));
	ret->made_ms = tw_json_int(claims, "iat") * 1000;
	ret->time_trusted = tw_json_bool(claims, "thingward_time_trusted");
	*ret_document = TW_STEAL(o);
	return TW_OK;
}

tw_err tw_sbom_verify(const struct tw_sys *sys, struct tw_slice document, struct tw_slice jws, const tw_cert *anchor,
	int64_t now_ms, struct tw_sbom_seen *ret)
{
	const struct tw_sbom_signed it = { document, jws };
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;

	return tw_sbom_open(sys, &it, anchor, now_ms, ret, &o);
}
