/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a product manifest: see manifest.h and doc/spec/manifest.md. Writing one is in manifestwrite.c.
 *
 * The texts stay in the JSON document, which the result owns; the tables are arrays of rows that point into it. What a row of
 * the application may be is as narrow as what a row of the device's own may be: its keys begin with "application.", so that no
 * product can redefine a setting or an event of the device.
 */
#include "formats/manifest.h"

#include "base/text.h"
#include "formats/identifier.h"
#include "formats/manifest-inside.h"

#include <string.h>

#define NAME_MAX_BYTES 128
#define FLOOR_MAX 1000000000 /* no machine is faster */
#define HELP_MAX TW_MANIFEST_HELP_MAX

struct tw_manifest_doc {
	json_t *payload;
	struct tw_manifest m;
	struct tw_manifest_setting *settings;
	struct tw_manifest_event *events;
	const char **health, **claims;
	struct tw_manifest_access access;
	struct tw_manifest_provider providers[TW_MANIFEST_PROVIDERS];
	struct tw_manifest_surface surface;
};

tw_manifest_doc *tw_manifest_free(tw_manifest_doc *d)
{
	if (d) {
		json_decref(d->payload);
		free(d->settings);
		free(d->events);
		free(d->health);
		free(d->claims);
		free(d->access.permissions);
		free(d->access.roles);
		free(d->surface.interfaces);
		free(d->surface.flows);
	}
	free(d);
	return NULL;
}

const struct tw_manifest *tw_manifest_of(const tw_manifest_doc *d)
{
	return &d->m;
}

/* Lower case words, dots and hyphens between them. */
static bool is_name(const char *text)
{
	size_t n = strlen(text);
	if (n == 0 || n > NAME_MAX_BYTES || text[0] == '.' || text[0] == '-' || text[n - 1] == '.' || text[n - 1] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == n;
}

static tw_err application_name(const char *text)
{
	static const char prefix[] = "application.";
	if (strncmp(text, prefix, sizeof prefix - 1) != 0 || !is_name(text))
		return TW_RAISE(SYNTAX, "'%.80s' is not a name of the application: \"application.\" and lower case words", text);
	return TW_OK;
}

static tw_err printable(const json_t *o, const char *key)
{
	if (!tw_text_printable(tw_slice_of(tw_json_text(o, key))))
		return TW_RAISE(SYNTAX, "'%s' has characters that cannot be printed", key);
	return TW_OK;
}

/* A table of at most TW_MANIFEST_ROWS; an empty one has no array. */
static tw_err rows_of(const struct tw_sys *sys, const json_t *list, const char *what, size_t size, void *ret, size_t *ret_count)
{
	size_t count = json_array_size(list);
	void *rows = NULL;
	if (count > TW_MANIFEST_ROWS)
		return TW_RAISE(LIMIT, "%zu %s, limit %d", count, what, TW_MANIFEST_ROWS);
	if (count && !(rows = tw_alloc_array(sys, count, size)))
		return TW_RAISE(NOMEM, "%s of the manifest", what);
	memcpy(ret, &rows, sizeof rows);
	*ret_count = count;
	return TW_OK;
}

/* --- Settings --- */

static tw_err number(const char *text, int64_t *ret)
{
	uint64_t v;
	bool negative = text[0] == '-';
	struct tw_slice digits = tw_slice_of(text + negative);
	TW_TRY(tw_parse_u64(digits, INT64_MAX, &v));
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return TW_OK;
}

static bool among(const char *value, const char *choices)
{
	size_t n = strlen(value);
	for (const char *at = choices; n > 0;) {
		size_t length = strcspn(at, "|");
		if (length == n && memcmp(at, value, n) == 0)
			return true;
		if (at[length] == '\0')
			return false;
		at += length + 1;
	}
	return false;
}

static bool fits(const struct tw_manifest_setting *s, const char *value)
{
	int64_t v = 0;
	switch (s->type) {
	case TW_MANIFEST_BOOL:
		return strcmp(value, "on") == 0 || strcmp(value, "off") == 0;
	case TW_MANIFEST_INT:
		return !tw_failed(number(value, &v)) && v >= s->min && v <= s->max;
	case TW_MANIFEST_TEXT:
		return (int64_t)strlen(value) >= s->min && (int64_t)strlen(value) <= s->max && tw_text_printable(tw_slice_of(value));
	case TW_MANIFEST_CHOICE:
		return among(value, s->choices);
	}
	return false;
}

static tw_err setting_type(const char *word, enum tw_manifest_type *ret)
{
	static const char *const words[] = { "bool", "int", "text", "choice" };
	for (size_t i = 0; i < TW_COUNT(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret = (enum tw_manifest_type)i;
			return TW_OK;
		}
	}
	return TW_RAISE(SYNTAX, "'%.32s' is not a type of setting", word);
}

static tw_err setting_read(const json_t *o, struct tw_manifest_setting *s)
{
	static const struct tw_shape shape[] = { { "key", TW_JSON_TEXT, true, 1, NAME_MAX_BYTES }, { "type", TW_JSON_TEXT, true, 1, 16 },
		{ "unit", TW_JSON_TEXT, false, 0, 16 }, { "min", TW_JSON_INT, false, 0, 0 }, { "max", TW_JSON_INT, false, 0, 0 },
		{ "choices", TW_JSON_TEXT, false, 0, HELP_MAX }, { "default", TW_JSON_TEXT, true, 0, HELP_MAX },
		{ "baseline", TW_JSON_TEXT, true, 0, HELP_MAX }, { "help", TW_JSON_TEXT, true, 1, HELP_MAX }, { 0 } };
	TW_TRY(tw_json_check(o, shape));
	*s = (struct tw_manifest_setting){ .key = tw_json_text(o, "key"),
		.unit = tw_json_text(o, "unit"),
		.min = tw_json_int(o, "min"),
		.max = tw_json_int(o, "max"),
		.choices = tw_json_text(o, "choices"),
		.default_value = tw_json_text(o, "default"),
		.baseline = tw_json_text(o, "baseline"),
		.help = tw_json_text(o, "help") };
	TW_TRY(application_name(s->key));
	TW_TRY(setting_type(tw_json_text(o, "type"), &s->type));
	TW_TRY(printable(o, "unit"));
	TW_TRY(printable(o, "help"));
	if (!fits(s, s->default_value))
		return TW_RAISE(SYNTAX, "%s: its default is not a value it may have", s->key);
	if (!fits(s, s->baseline))
		return TW_RAISE(SYNTAX, "%s: its baseline is not a value it may have", s->key);
	return TW_OK;
}

static tw_err settings_read(const struct tw_sys *sys, const json_t *list, tw_manifest_doc *d)
{
	TW_TRY(rows_of(sys, list, "settings", sizeof *d->settings, &d->settings, &d->m.setting_count));
	d->m.settings = d->settings;
	for (size_t i = 0; i < d->m.setting_count; i++) {
		TW_TRY(setting_read(json_array_get(list, i), &d->settings[i]));
		for (size_t j = 0; j < i; j++) {
			if (strcmp(d->settings[i].key, d->settings[j].key) == 0)
				return TW_RAISE(SYNTAX, "setting %s is there twice", d->settings[i].key);
		}
	}
	return TW_OK;
}

/* --- Events --- */

static tw_err field_read(const json_t *o, struct tw_manifest_field *f)
{
	static const struct tw_shape shape[] = { { "key", TW_JSON_TEXT, true, 1, 64 }, { "kind", TW_JSON_TEXT, true, 1, 8 },
		{ "required", TW_JSON_BOOL, true, 0, 0 }, { 0 } };
	static const struct {
		const char *word;
		enum tw_json_kind kind;
	} kinds[] = { { "text", TW_JSON_TEXT }, { "int", TW_JSON_INT }, { "bool", TW_JSON_BOOL } };
	TW_TRY(tw_json_check(o, shape));
	*f = (struct tw_manifest_field){ .key = tw_json_text(o, "key"), .required = tw_json_bool(o, "required") };
	if (!is_name(f->key))
		return TW_RAISE(SYNTAX, "'%.64s' is not a name of a field", f->key);
	for (size_t i = 0; i < TW_COUNT(kinds); i++) {
		if (strcmp(tw_json_text(o, "kind"), kinds[i].word) == 0) {
			f->kind = kinds[i].kind;
			return TW_OK;
		}
	}
	return TW_RAISE(SYNTAX, "field '%s' is neither text, int nor bool", f->key);
}

static tw_err fields_read(const json_t *list, struct tw_manifest_event *e)
{
	if (json_array_size(list) > TW_MANIFEST_FIELDS)
		return TW_RAISE(LIMIT, "event %s has more than %d fields", e->id, TW_MANIFEST_FIELDS);
	e->field_count = json_array_size(list);
	for (size_t i = 0; i < e->field_count; i++) {
		TW_TRY(field_read(json_array_get(list, i), &e->fields[i]));
		for (size_t j = 0; j < i; j++) {
			if (strcmp(e->fields[i].key, e->fields[j].key) == 0)
				return TW_RAISE(SYNTAX, "event %s has field '%s' twice", e->id, e->fields[i].key);
		}
	}
	return TW_OK;
}

static tw_err event_read(const json_t *o, struct tw_manifest_event *e)
{
	static const struct tw_shape shape[] = { { "id", TW_JSON_TEXT, true, 1, NAME_MAX_BYTES },
		{ "severity", TW_JSON_TEXT, true, 1, 16 }, { "help", TW_JSON_TEXT, true, 1, HELP_MAX },
		{ "fields", TW_JSON_ARRAY, true, 0, 0 }, { 0 } };
	static const char severities[] = "debug|info|notice|warning|error|critical";
	TW_TRY(tw_json_check(o, shape));
	e->id = tw_json_text(o, "id");
	e->severity = tw_json_text(o, "severity");
	e->help = tw_json_text(o, "help");
	TW_TRY(application_name(e->id));
	TW_TRY(printable(o, "help"));
	if (!among(e->severity, severities))
		return TW_RAISE(SYNTAX, "event %s: '%s' is none of %s", e->id, e->severity, severities);
	return fields_read(tw_json_get(o, "fields"), e);
}

static tw_err events_read(const struct tw_sys *sys, const json_t *list, tw_manifest_doc *d)
{
	TW_TRY(rows_of(sys, list, "events", sizeof *d->events, &d->events, &d->m.event_count));
	d->m.events = d->events;
	for (size_t i = 0; i < d->m.event_count; i++) {
		TW_TRY(event_read(json_array_get(list, i), &d->events[i]));
		for (size_t j = 0; j < i; j++) {
			if (strcmp(d->events[i].id, d->events[j].id) == 0)
				return TW_RAISE(SYNTAX, "event %s is there twice", d->events[i].id);
		}
	}
	return TW_OK;
}

/* --- The rest --- */

/* Catalog ids: letters, digits and dots, "DI.IMS.1". */
static bool is_element(const char *text)
{
	size_t n = strlen(text);
	return n > 0 && n <= 64 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") == n;
}

static tw_err words_read(const struct tw_sys *sys, const json_t *list, const char *what, bool (*valid)(const char *),
	const char ***ret, size_t *ret_count)
{
	TW_TRY(rows_of(sys, list, what, sizeof **ret, ret, ret_count));
	for (size_t i = 0; i < *ret_count; i++) {
		const json_t *word = json_array_get(list, i);
		if (!json_is_string(word) || !valid(json_string_value(word)))
			return TW_RAISE(SYNTAX, "%s %zu is not a name", what, i + 1);
		(*ret)[i] = json_string_value(word);
		for (size_t j = 0; j < i; j++) {
			if (strcmp((*ret)[i], (*ret)[j]) == 0)
				return TW_RAISE(SYNTAX, "%s '%s' is there twice", what, (*ret)[i]);
		}
	}
	return TW_OK;
}

static tw_err who_read(const json_t *payload, struct tw_manifest *m)
{
	static const struct tw_shape organization_shape[] = { { "name", TW_JSON_TEXT, true, 1, NAME_MAX_BYTES },
		{ "pen", TW_JSON_INT, true, 1, UINT32_MAX }, { 0 } };
	static const struct tw_shape product_shape[] = { { "name", TW_JSON_TEXT, true, 1, NAME_MAX_BYTES },
		{ "class", TW_JSON_TEXT, true, 1, TW_PRODUCT_CLASS_MAX }, { "model", TW_JSON_TEXT, true, 1, 63 },
		{ "hardware", TW_JSON_TEXT, true, 0, NAME_MAX_BYTES }, { "version", TW_JSON_TEXT, true, 1, 63 }, { 0 } };
	static const char *const product_texts[] = { "name", "model", "hardware", "version" };
	const json_t *organization = tw_json_get(payload, "organization"), *product = tw_json_get(payload, "product");
	TW_TRY(tw_json_check(organization, organization_shape));
	TW_TRY(tw_json_check(product, product_shape));
	TW_TRY(printable(organization, "name"));
	for (size_t i = 0; i < TW_COUNT(product_texts); i++)
		TW_TRY(printable(product, product_texts[i]));
	m->organization = tw_json_text(organization, "name");
	m->pen = (uint32_t)tw_json_int(organization, "pen");
	m->product = tw_json_text(product, "name");
	m->product_class = tw_json_text(product, "class");
	m->model = tw_json_text(product, "model");
	m->hardware = tw_json_text(product, "hardware");
	m->version = tw_json_text(product, "version");
	if (!tw_product_class_valid(tw_slice_of(m->product_class)))
		return TW_RAISE(SYNTAX, "'class' has characters that an identifier must not have");
	return TW_OK;
}

static tw_err date_valid(const char *date)
{
	char text[] = "YYYY-MM-DDT00:00:00Z";
	int64_t ms;
	if (date[0] == '\0')
		return TW_OK;
	if (strlen(date) == 10) {
		memcpy(text, date, 10);
		if (!tw_failed(tw_parse_time(tw_slice_of(text), &ms)))
			return TW_OK;
	}
	return TW_RAISE(SYNTAX, "'%.32s' is not a date YYYY-MM-DD", date);
}

static tw_err support_read(const json_t *support, struct tw_manifest *m)
{
	static const struct tw_shape shape[] = { { "start", TW_JSON_TEXT, true, 0, 10 }, { "end", TW_JSON_TEXT, true, 0, 10 }, { 0 } };
	TW_TRY(tw_json_check(support, shape));
	m->support_start = tw_json_text(support, "start");
	m->support_end = tw_json_text(support, "end");
	TW_TRY(date_valid(m->support_start));
	return date_valid(m->support_end);
}

static tw_err contacts_read(const json_t *list, struct tw_manifest *m)
{
	static const struct tw_shape shape[] = { { "kind", TW_JSON_TEXT, true, 1, 32 }, { "address", TW_JSON_TEXT, true, 1, 512 }, { 0 } };
	if (json_array_size(list) > TW_COUNT(m->contacts))
		return TW_RAISE(LIMIT, "more than %zu contacts", TW_COUNT(m->contacts));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		TW_TRY(tw_json_check(o, shape));
		TW_TRY(printable(o, "address"));
		struct tw_manifest_contact *c = &m->contacts[m->contact_count++];
		*c = (struct tw_manifest_contact){ .kind = tw_json_text(o, "kind"), .address = tw_json_text(o, "address") };
		if (!among(c->kind, "security|support|documents|privacy"))
			return TW_RAISE(SYNTAX, "'%s' is no kind of contact", c->kind);
		/* Shown as links: no other scheme, above all no javascript. */
		if (strncmp(c->address, "https:", 6) != 0 && strncmp(c->address, "mailto:", 7) != 0 && strncmp(c->address, "tel:", 4) != 0)
			return TW_RAISE(SYNTAX, "contact '%s' is not an https, mailto or tel address", c->kind);
	}
	return TW_OK;
}

/* NULL: none declared. */
static tw_err floors_read(const json_t *floors, struct tw_manifest_floors *ret)
{
	static const struct tw_shape shape[] = { { "hash", TW_JSON_INT, true, 1, FLOOR_MAX }, { "seal", TW_JSON_INT, true, 1, FLOOR_MAX },
		{ "sign", TW_JSON_INT, true, 1, FLOOR_MAX }, { "verify", TW_JSON_INT, true, 1, FLOOR_MAX }, { 0 } };
	if (!floors)
		return TW_OK;
	TW_TRY(tw_json_check(floors, shape));
	*ret = (struct tw_manifest_floors){ tw_json_int(floors, "hash"), tw_json_int(floors, "seal"), tw_json_int(floors, "sign"),
		tw_json_int(floors, "verify") };
	return TW_OK;
}

static tw_err application_read(const struct tw_sys *sys, const json_t *application, tw_manifest_doc *d)
{
	static const struct tw_shape shape[] = { { "settings", TW_JSON_ARRAY, true, 0, 0 }, { "events", TW_JSON_ARRAY, true, 0, 0 },
		{ "health", TW_JSON_ARRAY, true, 0, 0 }, { "access", TW_JSON_OBJECT, false, 0, 0 },
		{ "providers", TW_JSON_ARRAY, false, 0, 0 }, { "remote-access", TW_JSON_ARRAY, false, 0, 0 }, { 0 } };
	TW_TRY(tw_json_check(application, shape));
	TW_TRY(settings_read(sys, tw_json_get(application, "settings"), d));
	TW_TRY(events_read(sys, tw_json_get(application, "events"), d));
	TW_TRY(words_read(sys, tw_json_get(application, "health"), "health name", is_name, &d->health, &d->m.health_count));
	d->m.health = d->health;
	TW_TRY(tw_manifest_access_read(sys, tw_json_get(application, "access"), &d->access));
	d->m.permissions = d->access.permissions;
	d->m.permission_count = d->access.permission_count;
	d->m.roles = d->access.roles;
	d->m.role_count = d->access.role_count;
	d->m.remote = json_object_get(application, "remote-access");
	TW_TRY(tw_manifest_remote_read(d->m.remote));
	d->m.providers = d->providers;
	return tw_manifest_providers_read(tw_json_get(application, "providers"), d->providers, &d->m.provider_count);
}

static tw_err surface_read(const struct tw_sys *sys, const json_t *payload, tw_manifest_doc *d)
{
	TW_TRY(tw_manifest_surface_read(sys, tw_json_get(payload, "interfaces"), tw_json_get(payload, "flows"), &d->surface));
	d->m.interfaces = d->surface.interfaces;
	d->m.interface_count = d->surface.interface_count;
	d->m.flows = d->surface.flows;
	d->m.flow_count = d->surface.flow_count;
	return TW_OK;
}

tw_err tw_manifest_read(const struct tw_sys *sys, json_t *payload, tw_manifest_doc **ret)
{
	static const struct tw_shape shape[] = { { "format", TW_JSON_INT, true, TW_MANIFEST_FORMAT, TW_MANIFEST_FORMAT },
		{ "organization", TW_JSON_OBJECT, true, 0, 0 }, { "product", TW_JSON_OBJECT, true, 0, 0 },
		{ "support", TW_JSON_OBJECT, true, 0, 0 }, { "contacts", TW_JSON_ARRAY, true, 0, 0 },
		{ "cryptography", TW_JSON_OBJECT, false, 0, 0 }, { "application", TW_JSON_OBJECT, true, 0, 0 },
		{ "interfaces", TW_JSON_ARRAY, false, 0, 0 }, { "flows", TW_JSON_ARRAY, false, 0, 0 },
		{ "claims", TW_JSON_ARRAY, true, 0, 0 }, { 0 } };
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *d = TW_NEW(sys, tw_manifest_doc);
	if (!d)
		return TW_RAISE(NOMEM, "a manifest");
	d->payload = json_incref(payload);
	TW_TRY(tw_json_check(payload, shape));
	TW_TRY(who_read(payload, &d->m));
	TW_TRY(support_read(tw_json_get(payload, "support"), &d->m));
	TW_TRY(contacts_read(tw_json_get(payload, "contacts"), &d->m));
	TW_TRY(floors_read(tw_json_get(payload, "cryptography"), &d->m.floors));
	TW_TRY(application_read(sys, tw_json_get(payload, "application"), d));
	TW_TRY(surface_read(sys, payload, d));
	TW_TRY(words_read(sys, tw_json_get(payload, "claims"), "claim", is_element, &d->claims, &d->m.claim_count));
	d->m.claims = d->claims;
	*ret = TW_STEAL(d);
	return TW_OK;
}

tw_err tw_manifest_verify(const struct tw_sys *sys, struct tw_slice text, const tw_cert *anchor, int64_t now_ms, tw_manifest_doc **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *signer = NULL;
	if (text.size > TW_MANIFEST_MAX)
		return TW_RAISE(LIMIT, "a manifest of %zu bytes, limit %d", text.size, TW_MANIFEST_MAX);
	TW_TRY(tw_jws_verify(sys, TW_JWS_MANIFEST, text, &payload, &signer));
	TW_TRY(tw_jws_desk(sys, signer, anchor, now_ms));
	return tw_manifest_read(sys, payload, ret);
}
