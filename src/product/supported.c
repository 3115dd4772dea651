/* SPDX-License-Identifier: Apache-2.0 */
#include "product/supported.h"

#include "base/text.h"
#include "formats/mailmessage.h"
#include "product/identify.h"

#include <string.h>

#define NAME_MAX_BYTES 60
#define SUMMARY_MAX 1000
#define TERMS_MAX 2000
#define EMAIL_MAX 254
#define URL_MAX_BYTES 500
#define DOCUMENT_URL_MAX 200
#define VERSIONS_MAX 40
#define DOCUMENTS_MAX 20

struct exporting {
	const struct tw_sys *sys;
	const tw_yaml *root;
	const json_t *product; /* as product.c hands it back */
	struct tw_problems *p;
	json_t *entry;
};

static const tw_yaml *place(const struct exporting *w, const char *map, const char *key)
{
	const tw_yaml *of = tw_yaml_find(w->root, map), *n = of && key ? tw_yaml_find(of, key) : NULL;

	return n ? n : of ? of : w->root;
}

/* Of a list's entry, its member. */
static const tw_yaml *place_in(const struct exporting *w, const char *list, size_t i, const char *key)
{
	const tw_yaml *n = tw_yaml_item(tw_yaml_find(w->root, list), i), *member = tw_yaml_find(n, key);

	return member ? member : n;
}

static const json_t *map_of(const struct exporting *w, const char *key)
{
	return tw_json_get(w->product, key);
}

static tw_err put(json_t *to, const char *key, const char *text)
{
	return *text ? tw_json_set(to, key, json_string(text)) : TW_OK;
}

/* Text of several lines, without those that end it and say nothing. */
static tw_err put_lines(struct exporting *w, json_t *to, const char *map, const char *key, size_t most)
{
	const char *text = tw_json_text(map_of(w, map), key);
	size_t size = strlen(text);

	while (size && text[size - 1] == '\n')
		size--;
	if (size > most)
		return tw_problem(w->p, place(w, map, key), "say it in fewer words, or leave it out where it may be",
			"'%s' has %zu bytes, of which the server's page takes %zu", key, size, most);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			return tw_problem(w->p, place(w, map, key), "use blanks", "'%s' has a tab or another control character", key);
	return size ? tw_json_set(to, key, json_stringn(text, size)) : TW_OK;
}

static tw_err add_name(struct exporting *w)
{
	const json_t *product = map_of(w, "product");
	const bool own = *tw_json_text(product, "page");
	const char *key = own ? "page" : "code", *name = tw_json_text(product, key);

	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) || *name == '-' || strlen(name) > NAME_MAX_BYTES)
		return tw_problem(w->p, place(w, "product", key),
			"name the page yourself, in small letters, digits and hyphens (page: thermostat)",
			"'%s' cannot be part of the address of the product's page", key);
	TW_TRY(put(w->entry, "name", name));
	TW_TRY(put(w->entry, "title", tw_json_text(product, "name")));
	return put_lines(w, w->entry, "product", "summary", SUMMARY_MAX);
}

static tw_err add_support(struct exporting *w)
{
	static const char *const dates[] = { "start", "end", "security-updates-until" };
	const json_t *support = map_of(w, "support");
	json_t *to = NULL;

	TW_TRY(tw_json_set(w->entry, "support", json_object()));
	to = tw_json_get(w->entry, "support");
	for (size_t i = 0; i < TW_COUNT(dates); i++)
		TW_TRY(put(to, dates[i], tw_json_text(support, dates[i])));
	if (tw_json_get(support, "tell-before-days"))
		TW_TRY(tw_json_set(to, "tell-before-days", json_integer(tw_json_int(support, "tell-before-days"))));
	return put_lines(w, to, "support", "terms", TERMS_MAX);
}

/* An address that can stand in a message: https, with a host, and no user or fragment. */
static bool is_url(const char *text, size_t most)
{
	const size_t size = strlen(text);

	if (size > most || strncmp(text, "https://", 8) != 0 || !text[8] || strchr("/:?", text[8]))
		return false;
	for (size_t i = 0; i < size; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"<>\\^`{|}#@", text[i]))
			return false;
	return true;
}

static tw_err add_contacts(struct exporting *w)
{
	static const char *const keys[] = { "security-email", "security-url", "support-email", "support-url" };
	const json_t *contacts = map_of(w, "contacts");

	TW_TRY(tw_json_set(w->entry, "contacts", json_object()));
	for (size_t i = 0; i < TW_COUNT(keys); i++) {
		const char *text = tw_json_text(contacts, keys[i]);
		const bool mail = strstr(keys[i], "email") != NULL;

		if (*text && (mail ? strlen(text) > EMAIL_MAX || !tw_mail_address_valid(tw_slice_of(text)) : !is_url(text, URL_MAX_BYTES)))
			TW_TRY(tw_problem(w->p, place(w, "contacts", keys[i]),
				mail ? "a mail address (security@example.com)" : "an https address without user and fragment, of at most 500 bytes",
				"the server can send nobody to this '%s'", keys[i]));
		TW_TRY(put(tw_json_get(w->entry, "contacts"), keys[i], text));
	}
	return TW_OK;
}

/* By what it is known, as CSAF 2.0 has it. */
static tw_err add_identifiers(struct exporting *w, const json_t *row, const tw_yaml *where, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *identifiers = NULL;

	TW_TRY(tw_identifiers_of(tw_json_get(row, "identifiers"), &identifiers));
	if (!identifiers)
		return TW_OK;
	tw_err e = tw_identifiers_check(w->sys, identifiers);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT)) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		return tw_problem(w->p, where, "shorten or correct them", "the server takes no such 'identifiers': %.200s", why);
	}
	TW_TRY(e);
	return tw_json_set(to, "identifiers", TW_STEAL(identifiers));
}

/* The numbers on labels and orders, of all models. */
static tw_err add_models(struct exporting *w)
{
	static const char *const lists[] = { "skus", "serial-numbers" };
	const json_t *row;
	size_t i;

	TW_TRY(tw_json_set(w->entry, "models", json_array()));
	json_array_foreach(map_of(w, "models"), i, row) {
		json_t *to = json_object();

		TW_TRY(tw_json_append(tw_json_get(w->entry, "models"), to));
		TW_TRY(put(to, "model", tw_json_text(row, "model")));
		for (size_t k = 0; k < TW_COUNT(lists); k++)
			if (tw_json_get(row, lists[k]))
				TW_TRY(tw_json_set(to, lists[k], json_incref(tw_json_get(row, lists[k]))));
	}
	return TW_OK;
}

static tw_err add_versions(struct exporting *w)
{
	static const char *const keys[] = { "version", "released", "supported-until" };
	const json_t *rows = map_of(w, "software"), *row;
	size_t i;

	if (json_array_size(rows) > VERSIONS_MAX)
		return tw_problem(w->p, place(w, "software", NULL), "leave out those that nobody has any more",
			"there are %zu versions, of which the server's page takes %d", json_array_size(rows), VERSIONS_MAX);
	TW_TRY(tw_json_set(w->entry, "versions", json_array()));
	json_array_foreach(rows, i, row) {
		const char *until = tw_json_text(row, "supported-until");
		json_t *to = json_object();

		TW_TRY(tw_json_append(tw_json_get(w->entry, "versions"), to));
		for (size_t k = 0; k < TW_COUNT(keys); k++)
			TW_TRY(put(to, keys[k], tw_json_text(row, keys[k])));
		TW_TRY(add_identifiers(w, row, place_in(w, "software", i, "identifiers"), to));
		if (*until && strcmp(until, tw_json_text(row, "released")) < 0)
			TW_TRY(tw_problem(w->p, place_in(w, "software", i, "supported-until"), "a day after its release",
				"support of %.40s ends before it was released", tw_json_text(row, "version")));
	}
	return TW_OK;
}

static tw_err add_documents(struct exporting *w)
{
	static const char *const keys[] = { "kind", "title", "url" };
	const json_t *rows = map_of(w, "documents"), *row;
	size_t i;

	if (!json_array_size(rows))
		return TW_OK;
	TW_TRY(tw_json_set(w->entry, "documents", json_array()));
	json_array_foreach(rows, i, row) {
		json_t *to = json_object();

		TW_TRY(tw_json_append(tw_json_get(w->entry, "documents"), to));
		for (size_t k = 0; k < TW_COUNT(keys); k++)
			TW_TRY(put(to, keys[k], tw_json_text(row, keys[k])));
		if (!is_url(tw_json_text(row, "url"), DOCUMENT_URL_MAX))
			TW_TRY(tw_problem(w->p, place_in(w, "documents", i, "url"),
				"an https address without user and fragment, of at most 200 bytes",
				"the server can send nobody to this 'url'"));
	}
	return TW_OK;
}

tw_err tw_supported_product(const struct tw_sys *sys, struct tw_slice yaml, struct tw_problems *p, json_t **ret)
{
	TW_CLEANUP(tw_yaml_freep) tw_yaml *root = NULL;
	TW_CLEANUP(tw_jsonp) json_t *product = NULL, *entry = NULL;

	TW_TRY(tw_product_read(sys, yaml, p, &product));
	if (p->count)
		return TW_OK;
	TW_TRY(tw_yaml_parse(sys, yaml, TW_PRODUCT_MAX, &root));
	entry = json_object();
	if (!entry)
		return TW_RAISE(NOMEM, "a product");
	struct exporting w = { sys, root, product, p, entry };
	TW_TRY(add_name(&w));
	TW_TRY(add_identifiers(&w, map_of(&w, "product"), place(&w, "product", "identifiers"), w.entry));
	TW_TRY(add_models(&w));
	TW_TRY(add_support(&w));
	TW_TRY(add_contacts(&w));
	TW_TRY(add_versions(&w));
	TW_TRY(add_documents(&w));
	if (!p->count)
		*ret = TW_STEAL(entry);
	return TW_OK;
}

tw_err tw_supported_missing(const json_t *entry, struct tw_buf *ret)
{
	static const struct {
		const char *map, *key;
	} rows[] = { { "support", "terms" }, { "contacts", "security-url" }, { "contacts", "support-email" },
		{ "contacts", "support-url" }, { NULL, "documents" } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const json_t *map = rows[i].map ? tw_json_get(entry, rows[i].map) : entry;

		if (tw_json_get(map, rows[i].key))
			continue;
		TW_TRY(tw_buf_format(ret, "%s%s%s%s", ret->size ? ", " : "", rows[i].map ? rows[i].map : "", rows[i].map ? "." : "",
			rows[i].key));
	}
	return TW_OK;
}

tw_err tw_supported_file(const json_t *entries, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *file = json_pack("{s:i, s:O}", "format", 1, "products", entries);

	if (!file)
		return TW_RAISE(NOMEM, "products");
	TW_TRY(tw_json_write(file, ret));
	return tw_buf_text(ret, "\n");
}
