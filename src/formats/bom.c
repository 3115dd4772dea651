/* SPDX-License-Identifier: Apache-2.0 */
/* Inventories: see bom.h. The list is its own queue: what is inside a component comes behind all that came before. */
#include "formats/bom.h"

#include "base/mem.h"
#include "formats/bom-inside.h"

#define NOWHERE TW_BOM_NOWHERE
#define PLACE_MAX 1024 /* of JSON no deeper than TW_JSON_DEPTH_MAX */

/* --- The list --- */

tw_err tw_bom_add(const struct tw_sys *sys, struct tw_bom *i, const struct tw_bom_part *part)
{
	if (i->count == TW_BOM_PARTS_MAX)
		return TW_RAISE(LIMIT, "an inventory of more than %d components", TW_BOM_PARTS_MAX);
	if (i->count == i->capacity) {
		size_t capacity = i->capacity ? 2 * i->capacity : 64;
		struct tw_bom_part *more = sys->resize(sys, i->of, capacity * sizeof *more);

		if (!more)
			return TW_RAISE(NOMEM, "%zu components", capacity);
		i->of = more;
		i->capacity = capacity;
	}
	i->of[i->count++] = *part;
	return TW_OK;
}

/* What the list is called that parts stand in. */
static const char *list_of(const struct tw_bom *i)
{
	static const char *const names[] = { "", "components", "packages", "@graph", "" };

	return names[i->kind];
}

/* RFC 6901, 3: a name that may have any sign. */
static tw_err place_by_name(const char *name, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, "/"));
	for (; *name; name++) {
		const char sign[2] = { *name, '\0' };

		TW_TRY(tw_buf_text(ret, *name == '~' ? "~0" : *name == '/' ? "~1" : sign));
	}
	return TW_OK;
}

tw_err tw_bom_place(const struct tw_bom *i, size_t part, struct tw_buf *ret)
{
	size_t chain[TW_JSON_DEPTH_MAX], count = 0;

	if (i->kind == TW_BOM_BUILDROOT)
		return place_by_name(i->of[part].id, ret);
	for (size_t at = part; at != NOWHERE && count < TW_COUNT(chain); at = i->of[at].up)
		chain[count++] = i->of[at].index;
	while (count)
		TW_TRY(tw_buf_format(ret, "/%s/%zu", list_of(i), chain[--count]));
	return TW_OK;
}

tw_err tw_bom_wrong(const struct tw_sys *sys, const struct tw_bom *i, size_t up, size_t index, tw_err e)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char detail[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_UNSUPPORTED))
		return e;
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	tw_buf_init(&b, sys, PLACE_MAX);
	if (up != NOWHERE)
		TW_TRY(tw_bom_place(i, up, &b));
	TW_TRY(tw_buf_format(&b, "/%s/%zu", list_of(i), index));
	const char *sign = *detail == '/' ? "" : ": ";
	return tw_is(e, TW_CODE_SYNTAX) ? TW_RAISE(SYNTAX, "%s%s%s", tw_buf_cstr(&b), sign, detail)
					: TW_RAISE(UNSUPPORTED, "%s%s%s", tw_buf_cstr(&b), sign, detail);
}

tw_err tw_bom_array(const json_t *object, const char *key, const json_t **ret)
{
	*ret = json_object_get(object, key);
	if (*ret && !json_is_array(*ret))
		return TW_RAISE(SYNTAX, "/%s: is no list", key);
	return TW_OK;
}

/* --- CycloneDX --- */

static const struct tw_shape component_shape[] = { { "type", TW_JSON_TEXT, true, 1, 64 }, { "name", TW_JSON_TEXT, true, 0, 1024 },
	{ "version", TW_JSON_TEXT, false, 0, 1024 }, { "purl", TW_JSON_TEXT, false, 0, TW_PURL_MAX },
	{ "cpe", TW_JSON_TEXT, false, 0, TW_CPE_MAX }, { "bom-ref", TW_JSON_TEXT, false, 0, TW_BOM_REF_MAX }, { "*", TW_JSON_ANY },
	{ 0 } };

/* Built by Buildroot for the machine that builds, and on no device. */
static bool of_builder(const json_t *component)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(component, "properties"), i, one)
		if (!strcmp(tw_json_text(one, "name"), "BR_TYPE") && !strcmp(tw_json_text(one, "value"), "host"))
			return true;
	return false;
}

static tw_err add_components(const struct tw_sys *sys, struct tw_bom *i, const json_t *object, size_t up)
{
	const json_t *list, *one;
	tw_err e = tw_bom_array(object, "components", &list);
	size_t k;

	if (tw_failed(e))
		return up == NOWHERE ? e : tw_bom_wrong(sys, i, i->of[up].up, i->of[up].index, e);
	json_array_foreach(list, k, one) {
		e = tw_json_check(one, component_shape);
		if (tw_failed(e))
			return tw_bom_wrong(sys, i, up, k, e);
		if (of_builder(one)) {
			i->of_host++;
			continue;
		}
		struct tw_bom_part part = {
			.id = tw_json_text(one, "bom-ref"), .kind = tw_json_text(one, "type"), .object = one, .up = up, .index = k
		};

		part.c = (struct tw_vuln_component){ tw_json_text(one, "name"), tw_json_text(one, "version"),
			tw_json_text(one, "purl"), tw_json_text(one, "cpe") };
		TW_TRY(tw_bom_add(sys, i, &part));
	}
	return TW_OK;
}

static tw_err read_cyclonedx(const struct tw_sys *sys, struct tw_bom *i)
{
	const char *version = tw_json_text(i->document, "specVersion");

	if (strcmp(version, "1.4") != 0 && strcmp(version, "1.5") != 0 && strcmp(version, "1.6") != 0)
		return TW_RAISE(UNSUPPORTED, "/specVersion: CycloneDX '%.20s', read are 1.4, 1.5 and 1.6", version);
	TW_TRY(add_components(sys, i, i->document, NOWHERE));
	for (size_t k = 0; k < i->count; k++)
		TW_TRY(add_components(sys, i, i->of[k].object, k));
	return TW_OK;
}

/* --- SPDX --- */

static const struct tw_shape package_shape[] = { { "SPDXID", TW_JSON_TEXT, true, 1, 1024 }, { "name", TW_JSON_TEXT, true, 0, 1024 },
	{ "versionInfo", TW_JSON_TEXT, false, 0, 1024 }, { "primaryPackagePurpose", TW_JSON_TEXT, false, 0, 64 },
	{ "*", TW_JSON_ANY }, { 0 } };
static const struct tw_shape reference_shape[] = { { "referenceType", TW_JSON_TEXT, true, 0, 1024 },
	{ "referenceLocator", TW_JSON_TEXT, true, 0, 4096 }, { "*", TW_JSON_ANY }, { 0 } };

tw_err tw_bom_identify(const struct tw_sys *sys, struct tw_bom *i, size_t first, const char *purl, const char *cpe)
{
	const size_t places[] = { first, i->count - 1 };
	struct tw_bom_part more = i->of[first];

	for (size_t k = 0; k < TW_COUNT(places); k++) {
		const char **at = purl ? &i->of[places[k]].c.purl : &i->of[places[k]].c.cpe;

		if (!*at) {
			*at = purl ? purl : cpe;
			return TW_OK;
		}
	}
	more.c.purl = purl;
	more.c.cpe = cpe;
	more.again = true;
	return tw_bom_add(sys, i, &more);
}

static tw_err add_references(const struct tw_sys *sys, struct tw_bom *i, const json_t *package, size_t first)
{
	const json_t *list, *one;
	char detail[TW_DETAIL_MAX];
	size_t k;

	TW_TRY(tw_bom_array(package, "externalRefs", &list));
	json_array_foreach(list, k, one) {
		tw_err e = tw_json_check(one, reference_shape);
		const char *type = tw_json_text(one, "referenceType"), *text = tw_json_text(one, "referenceLocator");

		if (tw_failed(e)) {
			(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
			return TW_RAISE(SYNTAX, "/externalRefs/%zu: %s", k, detail);
		}
		type = strrchr(type, '/') ? strrchr(type, '/') + 1 : type; /* Yocto writes the whole address of a type */
		if (!strcmp(type, "purl"))
			TW_TRY(tw_bom_identify(sys, i, first, text, NULL));
		else if (!strcmp(type, "cpe23Type") || !strcmp(type, "cpe22Type"))
			TW_TRY(tw_bom_identify(sys, i, first, NULL, text));
	}
	return TW_OK;
}

static tw_err add_package(const struct tw_sys *sys, struct tw_bom *i, const json_t *package, size_t index)
{
	size_t first = i->count;

	TW_TRY(tw_json_check(package, package_shape));
	struct tw_bom_part part = { .id = tw_json_text(package, "SPDXID"),
		.kind = tw_json_text(package, "primaryPackagePurpose"),
		.object = package,
		.up = NOWHERE,
		.index = index };
	part.c = (struct tw_vuln_component){ tw_json_text(package, "name"), tw_json_text(package, "versionInfo"), NULL, NULL };
	TW_TRY(tw_bom_add(sys, i, &part));
	return add_references(sys, i, package, first);
}

static tw_err read_spdx(const struct tw_sys *sys, struct tw_bom *i)
{
	const char *version = tw_json_text(i->document, "spdxVersion");
	const json_t *list, *one;
	size_t k;

	if (strcmp(version, "SPDX-2.2") != 0 && strcmp(version, "SPDX-2.3") != 0)
		return TW_RAISE(UNSUPPORTED, "/spdxVersion: '%.20s', read are SPDX-2.2 and SPDX-2.3", version);
	TW_TRY(tw_bom_array(i->document, "packages", &list));
	json_array_foreach(list, k, one) {
		tw_err e = add_package(sys, i, one, k);

		if (tw_failed(e))
			return tw_bom_wrong(sys, i, NOWHERE, k, e);
	}
	return TW_OK;
}

/* --- All --- */

enum tw_bom_kind tw_bom_kind_of(const json_t *document)
{
	if (!strcmp(tw_json_text(document, "bomFormat"), "CycloneDX"))
		return TW_BOM_CYCLONEDX;
	if (*tw_json_text(document, "spdxVersion"))
		return TW_BOM_SPDX2;
	if (*tw_bom_spdx3_context(document))
		return TW_BOM_SPDX3;
	return tw_bom_show_info(document) ? TW_BOM_BUILDROOT : TW_BOM_UNKNOWN;
}

static tw_err read_kind(const struct tw_sys *sys, struct tw_bom *i)
{
	i->kind = tw_bom_kind_of(i->document);
	switch (i->kind) {
	case TW_BOM_CYCLONEDX:
		return read_cyclonedx(sys, i);
	case TW_BOM_SPDX2:
		return read_spdx(sys, i);
	case TW_BOM_SPDX3:
		return tw_bom_spdx3(sys, i);
	case TW_BOM_BUILDROOT:
		return tw_bom_buildroot(sys, i);
	case TW_BOM_UNKNOWN:
		break;
	}
	return TW_RAISE(UNSUPPORTED, "neither CycloneDX (bomFormat), SPDX 2 (spdxVersion), SPDX 3 (@context) nor Buildroot's show-info");
}

tw_err tw_bom_of(const struct tw_sys *sys, json_t *document, struct tw_bom *ret)
{
	*ret = (struct tw_bom){ .document = json_incref(document) };
	tw_err e = read_kind(sys, ret);
	if (tw_failed(e))
		tw_bom_done(ret);
	return e;
}

tw_err tw_bom_read(const struct tw_sys *sys, struct tw_slice text, struct tw_bom *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	*ret = (struct tw_bom){ 0 };
	TW_TRY(tw_json_parse(text, TW_BOM_MAX, &document));
	return tw_bom_of(sys, document, ret);
}

void tw_bom_done(struct tw_bom *i)
{
	free(i->of);
	json_decref(i->document);
	*i = (struct tw_bom){ 0 };
}
