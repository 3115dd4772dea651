/* SPDX-License-Identifier: Apache-2.0 */
#include "support/subscriptions/products.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/mailmessage.h"
#include "product/identify.h"
#include "support/outbox/outbox.h"
#include "support/subscriptions/subscriptions.h"
#include "sys/durable.h"

#include <string.h>

#define DAY_MS INT64_C(86400000)
#define BEFORE_DAYS 90
#define BEFORE_MAX 1000
#define NUMBER_MAX 64

static const struct tw_shape file_shape[] = {
	{ "format", TW_JSON_INT, true, 1, 1 },
	{ "products", TW_JSON_ARRAY, true, 0, 0 },
	{ .key = NULL },
};
static const struct tw_shape product_shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, TW_PRODUCT_NAME_MAX },
	{ "title", TW_JSON_TEXT, true, 1, 100 },
	{ "summary", TW_JSON_TEXT, false, 0, 1000 },
	{ "support", TW_JSON_OBJECT, true, 0, 0 },
	{ "contacts", TW_JSON_OBJECT, false, 0, 0 },
	{ "identifiers", TW_JSON_OBJECT, false, 0, 0 },
	{ "models", TW_JSON_ARRAY, false, 0, 0 },
	{ "versions", TW_JSON_ARRAY, false, 0, 0 },
	{ "documents", TW_JSON_ARRAY, false, 0, 0 },
	{ .key = NULL },
};
static const struct tw_shape document_shape[] = {
	{ "kind", TW_JSON_TEXT, true, 1, 20 },
	{ "title", TW_JSON_TEXT, true, 1, 100 },
	{ "url", TW_JSON_TEXT, true, 1, 200 },
	{ .key = NULL },
};
static const struct tw_shape support_shape[] = {
	{ "start", TW_JSON_TEXT, true, 10, 10 },
	{ "end", TW_JSON_TEXT, true, 10, 10 },
	{ "security-updates-until", TW_JSON_TEXT, true, 10, 10 },
	{ "terms", TW_JSON_TEXT, false, 0, 2000 },
	{ "tell-before-days", TW_JSON_INT, false, 1, BEFORE_MAX },
	{ .key = NULL },
};
static const struct tw_shape contacts_shape[] = {
	{ "security-email", TW_JSON_TEXT, false, 1, 254 },
	{ "security-url", TW_JSON_TEXT, false, 1, 500 },
	{ "support-email", TW_JSON_TEXT, false, 1, 254 },
	{ "support-url", TW_JSON_TEXT, false, 1, 500 },
	{ .key = NULL },
};
static const struct tw_shape version_shape[] = {
	{ "version", TW_JSON_TEXT, true, 1, TW_PRODUCT_VERSION_MAX },
	{ "released", TW_JSON_TEXT, true, 10, 10 },
	{ "supported-until", TW_JSON_TEXT, false, 10, 10 },
	{ "identifiers", TW_JSON_OBJECT, false, 0, 0 },
	{ .key = NULL },
};
static const struct tw_shape model_shape[] = {
	{ "model", TW_JSON_TEXT, true, 1, 32 },
	{ "skus", TW_JSON_ARRAY, false, 0, 0 },
	{ "serial-numbers", TW_JSON_ARRAY, false, 0, 0 },
	{ .key = NULL },
};

/* The first millisecond of a day, UTC. */
static tw_err day(const json_t *of, const char *key, int64_t *ret)
{
	char text[TW_TIME_TEXT_MAX];

	(void)snprintf(text, sizeof text, "%.10sT00:00:00Z", tw_json_text(of, key));
	if (tw_failed(tw_parse_time(tw_slice_of(text), ret)))
		return TW_RAISE(SYNTAX, "%s is no day, as in 2033-11-01", key);
	return TW_OK;
}

static bool text_lines(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' && *c != '\n')
			return false;
	return tw_utf8_valid(tw_slice_of(text));
}

static tw_err check_contacts(const json_t *contacts)
{
	const json_t *one;
	const char *key;

	TW_TRY(tw_json_check(contacts, contacts_shape));
	json_object_foreach((json_t *)contacts, key, one) {
		const struct tw_slice text = tw_slice_of(json_string_value(one));
		const bool mail = strstr(key, "email") != NULL;

		if (mail ? !tw_mail_address_valid(text) : !tw_outbox_url_valid(text))
			return TW_RAISE(SYNTAX, "%s is no %s", key, mail ? "mail address" : "https address");
	}
	return TW_OK;
}

static tw_err check_support(const json_t *support)
{
	int64_t start = 0, end = 0, until = 0;

	TW_TRY(tw_json_check(support, support_shape));
	TW_TRY(day(support, "start", &start));
	TW_TRY(day(support, "end", &end));
	TW_TRY(day(support, "security-updates-until", &until));
	if (end <= start || until <= start || until > end)
		return TW_RAISE(SYNTAX, "support starts, then security updates end, then support or both at once");
	return text_lines(tw_json_text(support, "terms")) ? TW_OK : TW_RAISE(SYNTAX, "terms are lines of text");
}

/* Where it is goes before what is wrong with it. */
static tw_err within(tw_err e, const char *what, size_t i)
{
	char why[TW_DETAIL_MAX];

	if (!tw_failed(e) || tw_is(e, TW_CODE_NOMEM))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return tw_raise(e.code, __func__, __LINE__, i ? "%s %zu: %s" : "%s%.0zu: %s", what, i, why);
}

/* What an advisory of this product says others know it by. */
static tw_err check_identifiers(const struct tw_sys *sys, const json_t *of)
{
	const json_t *identifiers = tw_json_get(of, "identifiers");

	return identifiers ? within(tw_identifiers_check(sys, identifiers), "identifiers", 0) : TW_OK;
}

static tw_err check_numbers(const json_t *model, const char *key)
{
	const json_t *list = tw_json_get(model, key), *one;
	size_t i;

	if (list && (!json_array_size(list) || json_array_size(list) > TW_IDENTIFIER_MODEL_MAX))
		return TW_RAISE(LIMIT, "%s has 1 to %d entries", key, TW_IDENTIFIER_MODEL_MAX);
	json_array_foreach(list, i, one) {
		const struct tw_slice text = { json_string_value(one), json_string_length(one) };

		if (!json_is_string(one) || !text.size || text.size > NUMBER_MAX || !tw_text_printable(text))
			return TW_RAISE(SYNTAX, "%s: entry %zu is no line of 1 to %d bytes", key, i + 1, NUMBER_MAX);
	}
	return TW_OK;
}

static tw_err check_model(const json_t *models, size_t i)
{
	const json_t *model = json_array_get(models, i);

	TW_TRY(tw_json_check(model, model_shape));
	if (!tw_text_printable(tw_slice_of(tw_json_text(model, "model"))))
		return TW_RAISE(SYNTAX, "a model is one line");
	for (size_t k = 0; k < i; k++)
		if (!strcmp(tw_json_text(json_array_get(models, k), "model"), tw_json_text(model, "model")))
			return TW_RAISE(SYNTAX, "it is there already, as model %zu", k + 1);
	TW_TRY(check_numbers(model, "skus"));
	return check_numbers(model, "serial-numbers");
}

static tw_err check_models(const json_t *models)
{
	if (json_array_size(models) > TW_PRODUCT_MODELS_MAX)
		return TW_RAISE(LIMIT, "more than %d models", TW_PRODUCT_MODELS_MAX);
	for (size_t i = 0; i < json_array_size(models); i++)
		TW_TRY(within(check_model(models, i), "model", i + 1));
	return TW_OK;
}

static tw_err check_version(const struct tw_sys *sys, const json_t *version)
{
	int64_t released = 0, until = 0;

	TW_TRY(tw_json_check(version, version_shape));
	TW_TRY(check_identifiers(sys, version));
	if (!tw_text_printable(tw_slice_of(tw_json_text(version, "version"))) || strpbrk(tw_json_text(version, "version"), " ,"))
		return TW_RAISE(SYNTAX, "a version has no blank and no comma");
	TW_TRY(day(version, "released", &released));
	return *tw_json_text(version, "supported-until") ? day(version, "supported-until", &until) : TW_OK;
}

static tw_err check_document(const json_t *document)
{
	static const char *const kinds[] = { TW_PRODUCT_SETTINGS, "manual", "service", "security", "other" };
	bool known = false;

	TW_TRY(tw_json_check(document, document_shape));
	for (size_t i = 0; i < TW_COUNT(kinds); i++)
		known = known || !strcmp(kinds[i], tw_json_text(document, "kind"));
	if (!known)
		return TW_RAISE(SYNTAX, "a document is of the kind settings, manual, service, security or other");
	if (!tw_text_printable(tw_slice_of(tw_json_text(document, "title"))))
		return TW_RAISE(SYNTAX, "a document's title is one line");
	return tw_outbox_url_valid(tw_slice_of(tw_json_text(document, "url")))
		? TW_OK
		: TW_RAISE(SYNTAX, "a document's url is no https address");
}

static tw_err check_documents(const json_t *documents)
{
	const json_t *one;
	size_t i;

	if (json_array_size(documents) > TW_PRODUCT_DOCUMENTS_MAX)
		return TW_RAISE(LIMIT, "more than %d documents", TW_PRODUCT_DOCUMENTS_MAX);
	json_array_foreach(documents, i, one)
		TW_TRY(check_document(one));
	return TW_OK;
}

const char *tw_product_document(const json_t *product, const char *kind)
{
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(product, "documents"), i, one)
		if (!strcmp(tw_json_text(one, "kind"), kind))
			return tw_json_text(one, "url");
	return "";
}

static tw_err check_product(const struct tw_sys *sys, const json_t *product)
{
	const json_t *versions, *one;
	const char *name;
	size_t i;

	TW_TRY(tw_json_check(product, product_shape));
	name = tw_json_text(product, "name");
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) || *name == '-')
		return TW_RAISE(SYNTAX, "its name is of a-z, 0-9 and hyphens");
	if (!tw_text_printable(tw_slice_of(tw_json_text(product, "title"))))
		return TW_RAISE(SYNTAX, "its title is one line");
	if (!text_lines(tw_json_text(product, "summary")))
		return TW_RAISE(SYNTAX, "its summary is lines of text");
	TW_TRY(check_support(tw_json_get(product, "support")));
	if (tw_json_get(product, "contacts"))
		TW_TRY(check_contacts(tw_json_get(product, "contacts")));
	TW_TRY(check_documents(tw_json_get(product, "documents")));
	TW_TRY(check_identifiers(sys, product));
	TW_TRY(check_models(tw_json_get(product, "models")));
	versions = tw_json_get(product, "versions");
	if (json_array_size(versions) > TW_PRODUCT_VERSIONS_MAX)
		return TW_RAISE(LIMIT, "more than %d versions", TW_PRODUCT_VERSIONS_MAX);
	json_array_foreach(versions, i, one)
		TW_TRY(within(check_version(sys, one), "version", i + 1));
	return TW_OK;
}

tw_err tw_products_parse(const struct tw_sys *sys, struct tw_slice text, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const json_t *one;
	json_t *products;
	size_t i;

	TW_TRY(tw_json_parse(text, TW_PRODUCTS_FILE_MAX, &j));
	TW_TRY(tw_json_check(j, file_shape));
	products = tw_json_get(j, "products");
	if (json_array_size(products) > TW_PRODUCTS_MAX)
		return TW_RAISE(LIMIT, "%s: more than %d products", TW_PRODUCTS_FILE, TW_PRODUCTS_MAX);
	json_array_foreach(products, i, one) {
		TW_TRY(within(check_product(sys, one), TW_PRODUCTS_FILE ": product", i + 1));
		if (tw_products_find(products, tw_slice_of(tw_json_text(one, "name"))) != one)
			return TW_RAISE(SYNTAX, "%s: product %zu: its name is another's", TW_PRODUCTS_FILE, i + 1);
	}
	*ret = json_incref(products);
	return TW_OK;
}

tw_err tw_products_read(const struct tw_sys *sys, int dir, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_PRODUCTS_FILE_MAX);
	tw_err e = tw_durable_read(sys, dir, TW_PRODUCTS_FILE, TW_PRODUCTS_FILE_MAX, &b);
	if (tw_is(e, TW_CODE_NOTFOUND)) {
		*ret = json_array();
		return *ret ? TW_OK : TW_RAISE(NOMEM, "products");
	}
	TW_TRY(e);
	return tw_products_parse(sys, tw_buf_slice(&b), ret);
}

const json_t *tw_products_find(const json_t *products, struct tw_slice name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(products, i, one)
		if (tw_slice_is(name, tw_json_text(one, "name")))
			return one;
	return NULL;
}

/* Of what was checked: the day is one. */
static int64_t over_ms(const json_t *of, const char *key)
{
	int64_t at = 0;

	return tw_failed(day(of, key, &at)) ? 0 : at + DAY_MS;
}

enum tw_support_state tw_product_state(const json_t *product, int64_t now_ms)
{
	const json_t *support = tw_json_get(product, "support");

	if (now_ms >= over_ms(support, "end"))
		return TW_UNSUPPORTED;
	if (now_ms < over_ms(support, "start") - DAY_MS)
		return TW_NOT_YET_SUPPORTED;
	return now_ms >= over_ms(support, "security-updates-until") ? TW_SUPPORTED_UNSAFE : TW_SUPPORTED;
}

bool tw_product_version_over(const json_t *version, int64_t now_ms)
{
	return *tw_json_text(version, "supported-until") && now_ms >= over_ms(version, "supported-until");
}

struct ending {
	const struct tw_sys *sys;
	const json_t *products;
	const char *site;
	int64_t now_ms;
};

/* A date that comes, or has come; a day that is over is told of by the page alone. */
static bool is_near(const struct ending *w, const json_t *support, const json_t *of, const char *key)
{
	const int64_t before = tw_json_int(support, "tell-before-days"), over = over_ms(of, key);

	return w->now_ms >= over - DAY_MS - (before ? before : BEFORE_DAYS) * DAY_MS && w->now_ms < over;
}

static tw_err tell_end(
	tw_store *s, const struct ending *w, const char *id, const char *head, const char *text, const struct tw_notice_product *of)
{
	char link[TW_NOTICE_LINK_MAX + 1] = "";

	if (*w->site)
		(void)snprintf(link, sizeof link, "%s/products/%s", w->site, of->name);
	return tw_subscriptions_tell(s, &(struct tw_notice){ id, TW_NOTICE_END, TW_NOTICE_UNRATED, head, text, link, of, 1 }, w->now_ms);
}

/* In both languages, as all of these: a notice has one text, and subscribers have two. */
static tw_err tell_product_end(tw_store *s, const struct ending *w, const json_t *product, const char *key)
{
	const json_t *support = tw_json_get(product, "support");
	const char *name = tw_json_text(product, "name"), *title = tw_json_text(product, "title"), *date = tw_json_text(support, key);
	const bool all = !strcmp(key, "end");
	const struct tw_notice_product of = { name, "" };
	char id[TW_NOTICE_ID_MAX + 1], head[TW_NOTICE_TITLE_MAX + 1], text[1024];

	if (!is_near(w, support, support, key))
		return TW_OK;
	(void)snprintf(id, sizeof id, "%s:%s:%s", all ? "support-end" : "security-updates-end", name, date);
	(void)snprintf(head, sizeof head, "%s: %s", title, date);
	(void)snprintf(text, sizeof text,
		all ? "Support of %s ends on %s. From then on there are no fixes, security updates neither.\n\n"
		      "Die Unterstützung für %s endet am %s. Danach gibt es keine Korrekturen mehr, auch keine Sicherheitsaktualisierungen."
		    : "Security updates for %s end on %s.\n\nSicherheitsaktualisierungen für %s enden am %s.",
		title, date, title, date);
	return tell_end(s, w, id, head, text, &of);
}

/* Of one version, to whoever has it; not where support of the whole product ends that day. */
static tw_err tell_version_end(tw_store *s, const struct ending *w, const json_t *product, const json_t *one)
{
	const json_t *support = tw_json_get(product, "support");
	const char *name = tw_json_text(product, "name"), *title = tw_json_text(product, "title"),
		   *version = tw_json_text(one, "version"), *date = tw_json_text(one, "supported-until");
	char id[TW_NOTICE_ID_MAX + 1], head[TW_NOTICE_TITLE_MAX + 1], text[1024];
	TW_CLEANUP(tw_buf_done) struct tw_buf versions = { 0 };

	if (!*date || !strcmp(date, tw_json_text(support, "end")) || !is_near(w, support, one, "supported-until"))
		return TW_OK;
	tw_buf_init(&versions, w->sys, TW_NOTICE_VERSIONS_MAX);
	TW_TRY(tw_buf_text(&versions, "vers:generic/"));
	TW_TRY(tw_buf_percent(&versions, tw_slice_of(version)));
	const struct tw_notice_product of = { name, tw_buf_cstr(&versions) };
	(void)snprintf(id, sizeof id, "version-end:%s:%s:%s", name, version, date);
	(void)snprintf(head, sizeof head, "%s %s: %s", strlen(title) <= TW_PRODUCT_NAME_MAX ? title : name, version, date);
	(void)snprintf(text, sizeof text,
		"Support of version %s of %s ends on %s. Install a later version.\n\n"
		"Die Unterstützung für Version %s von %s endet am %s. Danach braucht es eine neuere Version.",
		version, title, date, version, title, date);
	return tell_end(s, w, id, head, text, &of);
}

static tw_err tell_all(tw_store *s, void *user)
{
	const struct ending *w = user;
	const json_t *one, *version;
	size_t i, k;

	json_array_foreach(w->products, i, one) {
		const json_t *support = tw_json_get(one, "support");

		TW_TRY(tell_product_end(s, w, one, "end"));
		if (strcmp(tw_json_text(support, "end"), tw_json_text(support, "security-updates-until")) != 0)
			TW_TRY(tell_product_end(s, w, one, "security-updates-until"));
		json_array_foreach(tw_json_get(one, "versions"), k, version)
			TW_TRY(tell_version_end(s, w, one, version));
	}
	return TW_OK;
}

tw_err tw_products_tell(struct tw_store *s, const struct tw_sys *sys, const json_t *products, const char *site, int64_t now_ms)
{
	struct ending w = { sys, products, site, now_ms };

	return tw_store_transaction(s, tell_all, &w);
}
