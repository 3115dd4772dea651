/* SPDX-License-Identifier: Apache-2.0 */
#include "product/identify.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/cpe.h"
#include "formats/csaf-text.h"
#include "formats/csaf.h"
#include "formats/purl.h"

#include <stdio.h>
#include <string.h>

#define ADDRESS_ALSO "-._~:/?#[]@!$&'()*+,;=%"
#define CPE_HELP "a CPE 2.3 name (cpe: 'cpe:2.3:o:example:thermostat:*:*:*:*:*:*:*:*')"
#define PURL_HELP "a package URL (purl: pkg:generic/example/thermostat)"
#define SBOM_HELP "addresses of bills of materials (sbom-urls: ['https://example.com/sbom.json'])"
#define URIS_HELP "other identifiers, at most 8: namespace and uri"

static const struct tw_field uri_fields[] = {
	{ "namespace", TW_FIELD_TEXT, true, 1, 500, NULL, NULL, "whose identifiers these are, a URI (namespace: 'https://spdx.org/rdf/terms/')" },
	{ "uri", TW_FIELD_TEXT, true, 1, 500, NULL, NULL, "the identifier, a URI (uri: 'urn:example:thermostat')" },
	{},
};
static const struct tw_field hash_fields[] = {
	{ "file", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "the file's name, as customers get it (file: thermostat-1.0.0.img)" },
	{ "algorithm", TW_FIELD_CHOICE, true, 0, 0, "sha256|sha384|sha512|sha3-256|sha3-384|sha3-512|blake2s256|blake2b512", NULL,
		"how it was hashed (algorithm: sha256)" },
	{ "value", TW_FIELD_WORD, true, 64, 128, "", NULL, "the hash, in hexadecimal digits" },
	{},
};
const struct tw_field tw_identify_product_fields[] = {
	{ "cpe", TW_FIELD_TEXT, false, 1, 500, NULL, NULL, CPE_HELP },
	{ "purl", TW_FIELD_TEXT, false, 1, 1000, NULL, NULL, PURL_HELP },
	{ "sbom-urls", TW_FIELD_WORDS, false, 1, 500, ADDRESS_ALSO, NULL, SBOM_HELP },
	{ "uris", TW_FIELD_LIST, false, 1, TW_IDENTIFIER_LISTS_MAX, NULL, uri_fields, URIS_HELP },
	{},
};
const struct tw_field tw_identify_version_fields[] = {
	{ "cpe", TW_FIELD_TEXT, false, 1, 500, NULL, NULL, CPE_HELP },
	{ "purl", TW_FIELD_TEXT, false, 1, 1000, NULL, NULL, PURL_HELP },
	{ "hashes", TW_FIELD_LIST, false, 1, TW_IDENTIFIER_LISTS_MAX, NULL, hash_fields,
		"hashes of its files, at most 8: file, algorithm, value" },
	{ "sbom-urls", TW_FIELD_WORDS, false, 1, 500, ADDRESS_ALSO, NULL, SBOM_HELP },
	{ "uris", TW_FIELD_LIST, false, 1, TW_IDENTIFIER_LISTS_MAX, NULL, uri_fields, URIS_HELP },
	{},
};

/* --- What is wrong in product.yaml --- */

static const char *text_of(const tw_yaml *map, const char *key, const tw_yaml **ret_node)
{
	*ret_node = tw_yaml_find(map, key);
	return *ret_node ? tw_yaml_text(*ret_node) : NULL;
}

static const tw_yaml *list_of(const tw_yaml *map, const char *key)
{
	const tw_yaml *n = tw_yaml_find(map, key);

	return n && tw_yaml_kind(n) == TW_YAML_LIST ? n : NULL;
}

struct checking {
	const struct tw_sys *sys;
	struct tw_problems *p;
	const char *version; /* of a version; NULL: of the product */
};

static tw_err check_cpe(const struct checking *w, const tw_yaml *map)
{
	const tw_yaml *n = NULL;
	const char *text = text_of(map, "cpe", &n);
	struct tw_cpe c;

	if (!text)
		return TW_OK;
	if (tw_failed(tw_cpe_parse(tw_slice_of(text), &c))) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return tw_problem(w->p, n, CPE_HELP, "'cpe' is no CPE name: %.200s", why);
	}
	if (!tw_csaf_is_cpe(text))
		return tw_problem(w->p, n, CPE_HELP, "'cpe' is no CPE name that CSAF 2.0 takes");
	if (!w->version && tw_cpe_kind(&c, TW_CPE_VERSION) != TW_CPE_ANY)
		return tw_problem(w->p, n, "leave its version open with '*': that of each version follows",
			"the product's 'cpe' names a version");
	if (w->version && tw_cpe_kind(&c, TW_CPE_VERSION) != TW_CPE_TEXT)
		return tw_problem(w->p, n, "write its version in, or leave 'cpe' out: it follows from the product's",
			"'cpe' of a version names none");
	return TW_OK;
}

static tw_err check_purl(const struct checking *w, const tw_yaml *map)
{
	TW_CLEANUP(tw_purl_done) struct tw_purl purl = { 0 };
	const tw_yaml *n = NULL;
	const char *text = text_of(map, "purl", &n), *fault = NULL;

	if (!text)
		return TW_OK;
	tw_err e = tw_purl_parse(w->sys, tw_slice_of(text), &purl);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT)) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return tw_problem(w->p, n, PURL_HELP, "'purl' is no package URL: %.200s", why);
	}
	TW_TRY(e);
	if (!tw_csaf_is_uri(text) || !tw_csaf_is_purl(text))
		return tw_problem(w->p, n, PURL_HELP, "'purl' is no package URL that CSAF 2.0 takes");
	TW_TRY(tw_csaf_purl_fault(w->sys, text, &fault));
	if (fault)
		return tw_problem(w->p, n, PURL_HELP, "'purl': %.200s", fault);
	if (!w->version && *purl.version)
		return tw_problem(w->p, n, "leave '@' and what follows out: that of each version follows",
			"the product's 'purl' names a version");
	if (w->version && !*purl.version)
		return tw_problem(w->p, n, "write '@' and the version, or leave 'purl' out: it follows from the product's",
			"'purl' of a version names none");
	return TW_OK;
}

static tw_err check_address(const struct checking *w, const tw_yaml *n, const char *key)
{
	const char *text = n ? tw_yaml_text(n) : NULL;

	return text && !tw_csaf_is_uri(text)
		? tw_problem(w->p, n, "begin it with its scheme (https://example.com/sbom.json)", "'%s' is no URI", key)
		: TW_OK;
}

static tw_err check_addresses(const struct checking *w, const tw_yaml *map)
{
	const tw_yaml *sboms = list_of(map, "sbom-urls"), *uris = list_of(map, "uris");

	if (sboms && (tw_yaml_count(sboms) == 0 || tw_yaml_count(sboms) > TW_IDENTIFIER_LISTS_MAX))
		TW_TRY(tw_problem(w->p, sboms, SBOM_HELP, "'sbom-urls' must have 1 to %d entries", TW_IDENTIFIER_LISTS_MAX));
	for (size_t i = 0; sboms && i < tw_yaml_count(sboms); i++)
		TW_TRY(check_address(w, tw_yaml_item(sboms, i), "sbom-urls"));
	for (size_t i = 0; uris && i < tw_yaml_count(uris); i++) {
		TW_TRY(check_address(w, tw_yaml_find(tw_yaml_item(uris, i), "namespace"), "namespace"));
		TW_TRY(check_address(w, tw_yaml_find(tw_yaml_item(uris, i), "uri"), "uri"));
	}
	return TW_OK;
}

/* Hexadecimal digits of each; 0: no such algorithm, which the rows say. */
static size_t digits_of(const char *algorithm)
{
	static const struct {
		const char *end;
		size_t digits;
	} rows[] = { { "256", 64 }, { "384", 96 }, { "512", 128 } };
	size_t size = algorithm ? strlen(algorithm) : 0;

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (size > 3 && !strcmp(algorithm + size - 3, rows[i].end))
			return rows[i].digits;
	return 0;
}

static bool same(const tw_yaml *a, const tw_yaml *b, const char *key)
{
	const tw_yaml *n = NULL;
	const char *x = text_of(a, key, &n), *y = text_of(b, key, &n);

	return x && y && !strcmp(x, y);
}

static tw_err check_hashes(const struct checking *w, const tw_yaml *map)
{
	const tw_yaml *list = list_of(map, "hashes");

	for (size_t i = 0; list && i < tw_yaml_count(list); i++) {
		const tw_yaml *row = tw_yaml_item(list, i), *n = NULL;
		const char *algorithm = text_of(row, "algorithm", &n), *value = text_of(row, "value", &n);
		const size_t digits = digits_of(algorithm);

		if (value && digits && (!tw_csaf_is_hash(value) || strlen(value) != digits))
			TW_TRY(tw_problem(w->p, n, "take what sha256sum and the like print",
				"a hash by %.20s has %zu hexadecimal digits", algorithm, digits));
		for (size_t k = 0; k < i; k++)
			if (same(row, tw_yaml_item(list, k), "file") && same(row, tw_yaml_item(list, k), "algorithm"))
				TW_TRY(tw_problem(w->p, row, "leave one of them", "this file has a hash by %.20s already", algorithm));
	}
	return TW_OK;
}

static tw_err check_map(const struct checking *w, const tw_yaml *map)
{
	if (!map || tw_yaml_kind(map) != TW_YAML_MAP)
		return TW_OK;
	if (tw_yaml_count(map) == 0)
		TW_TRY(tw_problem(w->p, map, "leave 'identifiers' out", "'identifiers' says nothing"));
	TW_TRY(check_cpe(w, map));
	TW_TRY(check_purl(w, map));
	TW_TRY(check_addresses(w, map));
	return check_hashes(w, map);
}

static tw_err check_models(const tw_yaml *models, struct tw_problems *p)
{
	static const char *const keys[] = { "skus", "serial-numbers" };

	for (size_t i = 0; models && i < tw_yaml_count(models); i++)
		for (size_t k = 0; k < TW_COUNT(keys); k++) {
			const tw_yaml *list = list_of(tw_yaml_item(models, i), keys[k]);

			if (list && (tw_yaml_count(list) == 0 || tw_yaml_count(list) > TW_IDENTIFIER_MODEL_MAX))
				TW_TRY(tw_problem(p, list, "leave it out, or name how they begin", "'%s' must have 1 to %d entries",
					keys[k], TW_IDENTIFIER_MODEL_MAX));
		}
	return TW_OK;
}

tw_err tw_identify_check(const struct tw_sys *sys, const tw_yaml *root, struct tw_problems *p)
{
	struct checking w = { sys, p, NULL };
	const tw_yaml *software = list_of(root, "software"), *product = tw_yaml_find(root, "product");

	TW_TRY(check_models(list_of(root, "models"), p));
	if (product && tw_yaml_kind(product) == TW_YAML_MAP)
		TW_TRY(check_map(&w, tw_yaml_find(product, "identifiers")));
	for (size_t i = 0; software && i < tw_yaml_count(software); i++) {
		const tw_yaml *row = tw_yaml_item(software, i), *n = NULL;

		if (tw_yaml_kind(row) != TW_YAML_MAP)
			continue;
		w.version = text_of(row, "version", &n);
		w.version = w.version ? w.version : "";
		TW_TRY(check_map(&w, tw_yaml_find(row, "identifiers")));
	}
	return TW_OK;
}

/* --- As CSAF has them --- */

static tw_err copy(const json_t *from, const char *key, json_t *to, const char *as)
{
	json_t *value = tw_json_get(from, key);

	return value ? tw_json_set(to, as, json_incref(value)) : TW_OK;
}

/* The list of that file's hashes. */
static tw_err hashes_of(json_t *files, const char *name, json_t **ret)
{
	json_t *one;
	size_t i;

	json_array_foreach(files, i, one)
		if (!strcmp(tw_json_text(one, "filename"), name)) {
			*ret = tw_json_get(one, "file_hashes");
			return TW_OK;
		}
	TW_TRY(tw_json_append(files, json_pack("{s:s, s:[]}", "filename", name, "file_hashes")));
	*ret = tw_json_get(json_array_get(files, json_array_size(files) - 1), "file_hashes");
	return TW_OK;
}

static tw_err copy_hashes(const json_t *from, json_t *to)
{
	const json_t *rows = tw_json_get(from, "hashes"), *one;
	json_t *files = NULL, *hashes = NULL;
	size_t i;

	if (!rows)
		return TW_OK;
	TW_TRY(tw_json_set(to, "hashes", json_array()));
	files = tw_json_get(to, "hashes");
	json_array_foreach(rows, i, one) {
		TW_TRY(hashes_of(files, tw_json_text(one, "file"), &hashes));
		TW_TRY(tw_json_append(hashes,
			json_pack("{s:s, s:s}", "algorithm", tw_json_text(one, "algorithm"), "value", tw_json_text(one, "value"))));
	}
	return TW_OK;
}

tw_err tw_identifiers_of(const json_t *written, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = NULL;

	if (!written)
		return TW_OK;
	to = json_object();
	if (!to)
		return TW_RAISE(NOMEM, "identifiers");
	TW_TRY(copy(written, "cpe", to, "cpe"));
	TW_TRY(copy(written, "purl", to, "purl"));
	TW_TRY(copy(written, "sbom-urls", to, "sbom_urls"));
	TW_TRY(copy(written, "uris", to, "x_generic_uris"));
	TW_TRY(copy_hashes(written, to));
	*ret = TW_STEAL(to);
	return TW_OK;
}

struct fault {
	char text[200];
};

static tw_err keep_first(void *user, const struct tw_csaf_finding *f)
{
	struct fault *first = user;

	if (!*first->text)
		(void)snprintf(first->text, sizeof first->text, "%.60s: %.120s", f->path, f->message);
	tw_utf8_mend(first->text);
	return TW_OK;
}

/* As deep as the form allows, which was looked at before. */
static bool printable(const json_t *value)
{
	const json_t *one;
	const char *key;
	size_t i;
	bool good = !json_is_string(value) || tw_text_printable((struct tw_slice){ json_string_value(value), json_string_length(value) });

	json_object_foreach((json_t *)value, key, one)
		good = good && printable(one);
	json_array_foreach(value, i, one)
		good = good && printable(one);
	return good;
}

tw_err tw_identifiers_check(const struct tw_sys *sys, const json_t *identifiers)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct fault first = { "" };
	const struct tw_csaf_check how = { .strict = true, .tell = keep_first, .user = &first };
	struct tw_csaf_counts counts;

	tw_buf_init(&text, sys, TW_IDENTIFIERS_MAX);
	tw_err e = tw_json_write(identifiers, &text);
	if (tw_is(e, TW_CODE_LIMIT))
		return TW_RAISE(LIMIT, "they have more than %d bytes", TW_IDENTIFIERS_MAX);
	TW_TRY(e);
	TW_TRY(tw_csaf_check_helper(sys, identifiers, &how, &counts));
	if (counts.all)
		return TW_RAISE(SYNTAX, "%s", first.text);
	return printable(identifiers) ? TW_OK : TW_RAISE(SYNTAX, "they have a control character");
}

/* --- What one is known by --- */

static tw_err copy_both(const struct tw_identity *i, const char *key, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const json_t *of_product = tw_json_get(i->product, key), *of_version = tw_json_get(i->version, key);

	if (!list || (of_product && json_array_extend(list, (json_t *)of_product)) ||
		(of_version && json_array_extend(list, (json_t *)of_version)))
		return TW_RAISE(NOMEM, "identifiers");
	return json_array_size(list) ? tw_json_set(to, key, TW_STEAL(list)) : TW_OK;
}

/* A formatted string has a backslash before most signs, and '-' alone is no version. False: it has no place in a name. */
static bool write_bound(const char *version, struct tw_buf *ret)
{
	static const char quoted[] = "\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~";

	if (!strcmp(version, "-"))
		return false;
	for (; *version; version++) {
		const bool plain = (*version >= 'a' && *version <= 'z') || (*version >= 'A' && *version <= 'Z') ||
			(*version >= '0' && *version <= '9') || strchr("-._", *version);

		if ((!plain && !strchr(quoted, *version)) || (!plain && tw_failed(tw_buf_text(ret, "\\"))) ||
			tw_failed(tw_buf_add(ret, version, 1)))
			return false;
	}
	return true;
}

/* The product's name with that version in it; nothing where the version has no place in a name. */
static tw_err derive_cpe(const struct tw_sys *sys, const char *of_product, const char *version, json_t *to)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf name = { 0 }, bound = { 0 }, whole = { 0 };
	struct tw_cpe c;

	tw_buf_init(&name, sys, TW_CPE_MAX);
	tw_buf_init(&bound, sys, TW_CPE_MAX);
	tw_buf_init(&whole, sys, TW_CPE_MAX);
	TW_TRY(tw_buf_reserve(&bound, TW_CPE_MAX / 2));
	if (tw_failed(tw_cpe_parse(tw_slice_of(of_product), &c)))
		return TW_OK;
	TW_TRY(tw_cpe_write(&c, &name)); /* of a URI too: then there is one way to write a version */
	if (tw_failed(tw_cpe_parse(tw_buf_slice(&name), &c)) || !write_bound(version, &bound))
		return TW_OK;
	c.of[TW_CPE_VERSION] = tw_buf_slice(&bound);
	tw_err e = tw_cpe_write(&c, &whole);
	if (tw_is(e, TW_CODE_LIMIT))
		return TW_OK;
	TW_TRY(e);
	return tw_csaf_is_cpe(tw_buf_cstr(&whole)) ? tw_json_set(to, "cpe", json_string(tw_buf_cstr(&whole))) : TW_OK;
}

static tw_err derive_purl(const struct tw_sys *sys, const char *of_product, const char *version, json_t *to)
{
	TW_CLEANUP(tw_purl_done) struct tw_purl purl = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *fault = NULL;

	tw_err e = tw_purl_parse(sys, tw_slice_of(of_product), &purl);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return TW_OK;
	TW_TRY(e);
	purl.version = version;
	tw_buf_init(&text, sys, TW_PURL_MAX);
	TW_TRY(tw_purl_write(&purl, &text));
	TW_TRY(tw_csaf_purl_fault(sys, tw_buf_cstr(&text), &fault));
	return fault ? TW_OK : tw_json_set(to, "purl", json_string(tw_buf_cstr(&text)));
}

static tw_err add_name(const struct tw_sys *sys, const struct tw_identity *i, const char *key,
	tw_err (*derive)(const struct tw_sys *sys, const char *of_product, const char *version, json_t *to), json_t *to)
{
	const char *of_product = tw_json_text(i->product, key), *of_version = tw_json_text(i->version, key);

	if (*of_version)
		return tw_json_set(to, key, json_string(of_version));
	if (!*of_product)
		return TW_OK;
	return *i->of ? derive(sys, of_product, i->of, to) : tw_json_set(to, key, json_string(of_product));
}

static tw_err add_number(json_t *list, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (!strcmp(json_string_value(one), text))
			return TW_OK;
	return *text ? tw_json_append(list, json_string(text)) : TW_OK;
}

/* Of the models that are meant. key: of a list that each has; NULL: the model itself. */
static tw_err add_numbers(const struct tw_identity *i, const char *key, json_t *to, const char *as)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const json_t *model, *one;
	size_t m, k;

	if (!list)
		return TW_RAISE(NOMEM, "identifiers");
	json_array_foreach(i->models, m, model) {
		if (*i->model && strcmp(i->model, tw_json_text(model, "model")) != 0)
			continue;
		if (!key)
			TW_TRY(add_number(list, tw_json_text(model, "model")));
		json_array_foreach(key ? tw_json_get(model, key) : NULL, k, one)
			TW_TRY(add_number(list, json_is_string(one) ? json_string_value(one) : ""));
	}
	if (!json_array_size(list) || json_array_size(list) > TW_IDENTIFIER_NUMBERS_MAX)
		return TW_OK;
	return tw_json_set(to, as, TW_STEAL(list));
}

tw_err tw_identify(const struct tw_sys *sys, const struct tw_identity *i, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = json_object();

	if (!to)
		return TW_RAISE(NOMEM, "identifiers");
	TW_TRY(add_name(sys, i, "cpe", derive_cpe, to));
	TW_TRY(add_name(sys, i, "purl", derive_purl, to));
	TW_TRY(copy(i->version, "hashes", to, "hashes"));
	TW_TRY(copy(tw_json_get(i->version, "sbom_urls") ? i->version : i->product, "sbom_urls", to, "sbom_urls"));
	TW_TRY(copy_both(i, "x_generic_uris", to));
	TW_TRY(add_numbers(i, NULL, to, "model_numbers"));
	TW_TRY(add_numbers(i, "skus", to, "skus"));
	TW_TRY(add_numbers(i, "serial-numbers", to, "serial_numbers"));
	if (json_object_size(to))
		*ret = TW_STEAL(to);
	return TW_OK;
}
