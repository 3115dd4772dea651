/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a product manifest from its rows: every member of doc/spec/manifest.md, always, so that readers need no defaults. */
#include "formats/manifest-inside.h"

#include <string.h>

static json_t *text(const char *t)
{
	return json_string(t ? t : "");
}

static tw_err setting_write(const struct tw_manifest_setting *s, json_t *list)
{
	static const char *const types[] = { "bool", "int", "text", "choice" };
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_TRY(tw_json_set(o, "key", text(s->key)));
	TW_TRY(tw_json_set(o, "type", text(types[s->type])));
	TW_TRY(tw_json_set(o, "unit", text(s->unit)));
	TW_TRY(tw_json_set(o, "min", json_integer(s->min)));
	TW_TRY(tw_json_set(o, "max", json_integer(s->max)));
	TW_TRY(tw_json_set(o, "choices", text(s->choices)));
	TW_TRY(tw_json_set(o, "default", text(s->default_value)));
	TW_TRY(tw_json_set(o, "baseline", text(s->baseline)));
	TW_TRY(tw_json_set(o, "help", text(s->help)));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err field_write(const struct tw_manifest_field *f, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	const char *kind = f->kind == TW_JSON_INT ? "int" : f->kind == TW_JSON_BOOL ? "bool" : "text";
	TW_TRY(tw_json_set(o, "key", text(f->key)));
	TW_TRY(tw_json_set(o, "kind", text(kind)));
	TW_TRY(tw_json_set(o, "required", json_boolean(f->required)));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err event_write(const struct tw_manifest_event *e, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_jsonp) json_t *fields = json_array();
	TW_TRY(tw_json_set(o, "id", text(e->id)));
	TW_TRY(tw_json_set(o, "severity", text(e->severity)));
	TW_TRY(tw_json_set(o, "help", text(e->help)));
	for (size_t i = 0; i < e->field_count; i++)
		TW_TRY(field_write(&e->fields[i], fields));
	TW_TRY(tw_json_set(o, "fields", TW_STEAL(fields)));
	return tw_json_append(list, TW_STEAL(o));
}

static tw_err words_write(const char *const *words, size_t count, json_t *o, const char *key)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		TW_TRY(tw_json_append(list, text(words[i])));
	return tw_json_set(o, key, TW_STEAL(list));
}

/* A row of a role or of a permission: their name, their help, and the roles they name. */
static tw_err holder_write(const char *name, const char *help, const char *key, const char *const *names, size_t count, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_TRY(tw_json_set(o, "name", text(name)));
	TW_TRY(tw_json_set(o, "help", text(help)));
	TW_TRY(words_write(names, count, o, key));
	return tw_json_append(list, TW_STEAL(o));
}

/* A product that has neither is one that releases before them read, too. */
static tw_err access_write(const struct tw_manifest *m, json_t *application)
{
	if (!m->permission_count && !m->role_count)
		return TW_OK;
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_jsonp) json_t *permissions = json_array();
	TW_CLEANUP(tw_jsonp) json_t *roles = json_array();
	for (size_t i = 0; i < m->permission_count; i++) {
		const struct tw_manifest_permission *p = &m->permissions[i];
		TW_TRY(holder_write(p->name, p->help, "roles", p->roles, p->role_count, permissions));
	}
	for (size_t i = 0; i < m->role_count; i++) {
		const struct tw_manifest_role *r = &m->roles[i];
		TW_TRY(holder_write(r->name, r->help, "inherits", r->inherits, r->inherit_count, roles));
	}
	TW_TRY(tw_json_set(o, "permissions", TW_STEAL(permissions)));
	TW_TRY(tw_json_set(o, "roles", TW_STEAL(roles)));
	return tw_json_set(application, "access", TW_STEAL(o));
}

/* Likewise one that has none. */
static tw_err providers_write(const struct tw_manifest *m, json_t *application)
{
	if (!m->provider_count)
		return TW_OK;
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	for (size_t i = 0; i < m->provider_count; i++) {
		const struct tw_manifest_provider *p = &m->providers[i];
		json_t *one = json_pack("{s:s, s:s, s:s, s:I}", "name", p->name, "help", p->help, "kind",
			tw_manifest_provider_kinds[p->kind], "uid", (json_int_t)p->uid);

		TW_TRY(tw_json_append(list, one));
		if (p->keeps && *p->keeps)
			TW_TRY(tw_json_set(one, "keeps", json_string(p->keeps)));
	}
	return tw_json_set(application, "providers", TW_STEAL(list));
}

/* Likewise. */
static tw_err remote_write(const struct tw_manifest *m, json_t *application)
{
	return json_array_size(m->remote) ? tw_json_set(application, "remote-access", json_deep_copy(m->remote)) : TW_OK;
}

static tw_err application_write(const struct tw_manifest *m, json_t *payload)
{
	TW_CLEANUP(tw_jsonp) json_t *o = json_object();
	TW_CLEANUP(tw_jsonp) json_t *settings = json_array();
	TW_CLEANUP(tw_jsonp) json_t *events = json_array();
	for (size_t i = 0; i < m->setting_count; i++)
		TW_TRY(setting_write(&m->settings[i], settings));
	for (size_t i = 0; i < m->event_count; i++)
		TW_TRY(event_write(&m->events[i], events));
	TW_TRY(tw_json_set(o, "settings", TW_STEAL(settings)));
	TW_TRY(tw_json_set(o, "events", TW_STEAL(events)));
	TW_TRY(words_write(m->health, m->health_count, o, "health"));
	TW_TRY(access_write(m, o));
	TW_TRY(providers_write(m, o));
	TW_TRY(remote_write(m, o));
	return tw_json_set(payload, "application", TW_STEAL(o));
}

static tw_err product_write(const struct tw_manifest *m, json_t *payload)
{
	TW_CLEANUP(tw_jsonp) json_t *organization = json_object();
	TW_CLEANUP(tw_jsonp) json_t *product = json_object();
	TW_TRY(tw_json_set(organization, "name", text(m->organization)));
	TW_TRY(tw_json_set(organization, "pen", json_integer(m->pen)));
	TW_TRY(tw_json_set(product, "name", text(m->product)));
	TW_TRY(tw_json_set(product, "class", text(m->product_class)));
	TW_TRY(tw_json_set(product, "model", text(m->model)));
	TW_TRY(tw_json_set(product, "hardware", text(m->hardware)));
	TW_TRY(tw_json_set(product, "version", text(m->version)));
	TW_TRY(tw_json_set(payload, "organization", TW_STEAL(organization)));
	return tw_json_set(payload, "product", TW_STEAL(product));
}

static tw_err care_write(const struct tw_manifest *m, json_t *payload)
{
	TW_CLEANUP(tw_jsonp) json_t *support = json_object();
	TW_CLEANUP(tw_jsonp) json_t *contacts = json_array();
	TW_TRY(tw_json_set(support, "start", text(m->support_start)));
	TW_TRY(tw_json_set(support, "end", text(m->support_end)));
	for (size_t i = 0; i < m->contact_count; i++) {
		TW_CLEANUP(tw_jsonp) json_t *o = json_object();
		TW_TRY(tw_json_set(o, "kind", text(m->contacts[i].kind)));
		TW_TRY(tw_json_set(o, "address", text(m->contacts[i].address)));
		TW_TRY(tw_json_append(contacts, TW_STEAL(o)));
	}
	TW_TRY(tw_json_set(payload, "support", TW_STEAL(support)));
	return tw_json_set(payload, "contacts", TW_STEAL(contacts));
}

static tw_err floors_write(const struct tw_manifest_floors *f, json_t *payload)
{
	TW_CLEANUP(tw_jsonp) json_t *o = NULL;
	if (!f->hash)
		return TW_OK;
	o = json_pack("{s:I, s:I, s:I, s:I}", "hash", (json_int_t)f->hash, "seal", (json_int_t)f->seal, "sign", (json_int_t)f->sign,
		"verify", (json_int_t)f->verify);
	return tw_json_set(payload, "cryptography", TW_STEAL(o));
}

tw_err tw_manifest_write(const struct tw_manifest *m, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = json_object();
	TW_TRY(tw_json_set(payload, "format", json_integer(TW_MANIFEST_FORMAT)));
	TW_TRY(product_write(m, payload));
	TW_TRY(care_write(m, payload));
	TW_TRY(floors_write(&m->floors, payload));
	TW_TRY(application_write(m, payload));
	TW_TRY(tw_manifest_surface_write(m, payload));
	TW_TRY(words_write(m->claims, m->claim_count, payload, "claims"));
	*ret = TW_STEAL(payload);
	return TW_OK;
}
