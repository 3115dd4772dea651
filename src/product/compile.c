/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the product's description to the manifest that one model's devices read. The rows are handed to formats/manifest,
 * which alone knows the members of the payload; what it would refuse on the device is refused here, at the desk.
 */
#include "product/compile.h"

#include "product/product.h"

#include <string.h>

/* Everything lives until the payload is written: texts that had to be composed in `texts`, rows in arrays of their own. */
struct compiler {
	const struct tw_sys *sys;
	const json_t *product;
	json_t *texts;
	struct tw_manifest_setting *settings;
	struct tw_manifest_event *events;
	const char **health, **claims;
	struct tw_manifest_permission *permissions;
	struct tw_manifest_role *roles;
	struct tw_manifest_provider providers[TW_MANIFEST_PROVIDERS];
	struct tw_manifest_interface *interfaces;
	struct tw_manifest_flow *flows;
	struct tw_manifest m;
};

static void compiler_done(struct compiler *c)
{
	json_decref(c->texts);
	free(c->settings);
	free(c->events);
	free(c->health);
	free(c->claims);
	free(c->permissions);
	free(c->roles);
	free(c->interfaces);
	free(c->flows);
}

static tw_err keep(struct compiler *c, json_t *text, const char **ret)
{
	if (!text)
		return TW_RAISE(NOMEM, "manifest text");
	*ret = json_string_value(text);
	return tw_json_append(c->texts, text);
}

/* An empty table has no array; the count says so. */
static tw_err array_new(struct compiler *c, size_t count, size_t size, void *ret)
{
	void *p = count ? tw_alloc_array(c->sys, count, size) : NULL;

	if (count && !p)
		return TW_RAISE(NOMEM, "manifest rows");
	memcpy(ret, &p, sizeof(p));
	return TW_OK;
}

static tw_err join(struct compiler *c, const json_t *words, const char *between, const char **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	size_t i;
	json_t *word;

	tw_buf_init(&b, c->sys, 4096);
	json_array_foreach(words, i, word) {
		if (i)
			TW_TRY(tw_buf_text(&b, between));
		TW_TRY(tw_buf_text(&b, json_string_value(word)));
	}
	return keep(c, json_string(tw_buf_cstr(&b)), ret);
}

static enum tw_manifest_type setting_type(const char *word)
{
	static const char *const words[] = {
		[TW_MANIFEST_BOOL] = "bool",
		[TW_MANIFEST_INT] = "int",
		[TW_MANIFEST_TEXT] = "text",
		[TW_MANIFEST_CHOICE] = "choice",
	};

	for (size_t i = 0; i < TW_COUNT(words); i++)
		if (!strcmp(words[i], word))
			return (enum tw_manifest_type)i;
	return TW_MANIFEST_TEXT;
}

static tw_err settings(struct compiler *c, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		struct tw_manifest_setting *s = &c->settings[c->m.setting_count++];

		s->key = tw_json_text(row, "key");
		s->type = setting_type(tw_json_text(row, "type"));
		s->unit = tw_json_text(row, "unit");
		s->min = tw_json_int(row, "min");
		s->max = json_object_get(row, "max") ? tw_json_int(row, "max") : s->type == TW_MANIFEST_TEXT ? 256 : 0;
		s->default_value = tw_json_text(row, "default");
		s->baseline = tw_json_text(row, "baseline");
		s->help = tw_json_text(row, "help");
		TW_TRY(join(c, json_object_get(row, "choices"), "|", &s->choices));
	}
	return TW_OK;
}

/* --- Inputs and outputs --- */

struct limit {
	const char *kind, *end, *what;
	const char *unit;
	int64_t min, max, value;
};

/*
 * The owner narrows an input by settings of which each is a number between the ends that are declared: beyond them none can be set, by the
 * check that each setting has, and history and taking back are theirs.
 */
static tw_err add_limit(struct compiler *c, const json_t *row, const struct limit *l)
{
	struct tw_manifest_setting *s = &c->settings[c->m.setting_count++];

	*s = (struct tw_manifest_setting){ .type = TW_MANIFEST_INT, .unit = l->unit, .min = l->min, .max = l->max, .choices = "" };
	TW_TRY(keep(c, json_sprintf("application.%s.%s.%s", l->kind, tw_json_text(row, "name"), l->end), &s->key));
	TW_TRY(keep(c, json_sprintf("%" JSON_INTEGER_FORMAT, (json_int_t)l->value), &s->default_value));
	s->baseline = s->default_value;
	return keep(c, json_sprintf("%s %s: %s", l->what, tw_json_text(row, "name"), tw_json_text(row, "help")), &s->help);
}

static tw_err limits(struct compiler *c, const char *kind, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		const bool is_bool = !strcmp(tw_json_text(row, "type"), "bool");
		const char *unit = tw_json_text(row, "unit");
		const int64_t min = is_bool ? 0 : tw_json_int(row, "min"), max = is_bool ? 1 : tw_json_int(row, "max");
		const int64_t rate = tw_json_int(row, "per-minute");
		const struct limit three[] = {
			{ kind, "min", !strcmp(kind, "input") ? "The least of the input" : "The least of the output", unit, min, max, min },
			{ kind, "max", !strcmp(kind, "input") ? "The greatest of the input" : "The greatest of the output", unit,
				min, max, max },
			{ kind, "rate", !strcmp(kind, "input") ? "How often at most comes the input" : "How often at most goes the output",
				"/min", 0, rate, rate },
		};

		for (size_t k = 0; k < TW_COUNT(three); k++)
			TW_TRY(add_limit(c, row, &three[k]));
	}
	return TW_OK;
}

static tw_err all_settings(struct compiler *c, const json_t *application)
{
	const json_t *rows = json_object_get(application, "settings"), *in = json_object_get(application, "inputs"),
		     *out = json_object_get(application, "outputs");

	TW_TRY(array_new(c, json_array_size(rows) + 3 * (json_array_size(in) + json_array_size(out)), sizeof(*c->settings), &c->settings));
	c->m.settings = c->settings;
	TW_TRY(settings(c, rows));
	TW_TRY(limits(c, "input", in));
	return limits(c, "output", out);
}

/* What libthingward says of a value that it refused. */
static const struct tw_manifest_event refused = {
	.id = "application.limit-refused",
	.severity = "warning",
	.help = "A value that came in or was to go out was outside its limits, or came too often, and was refused.",
	.fields = { { "name", TW_JSON_TEXT, true }, { "rule", TW_JSON_TEXT, true }, { "value", TW_JSON_INT, true },
		{ "count", TW_JSON_INT, true } },
	.field_count = 4,
};

static enum tw_json_kind field_kind(const char *word)
{
	if (!strcmp(word, "int"))
		return TW_JSON_INT;
	return !strcmp(word, "bool") ? TW_JSON_BOOL : TW_JSON_TEXT;
}

static tw_err events(struct compiler *c, const json_t *rows)
{
	size_t i, k;
	json_t *row, *field;

	const json_t *application = json_object_get(c->product, "application");
	const bool is_limited = json_array_size(json_object_get(application, "inputs")) ||
		json_array_size(json_object_get(application, "outputs"));

	TW_TRY(array_new(c, json_array_size(rows) + is_limited, sizeof(*c->events), &c->events));
	json_array_foreach(rows, i, row) {
		struct tw_manifest_event *e = &c->events[i];

		e->id = tw_json_text(row, "id");
		e->severity = tw_json_text(row, "severity");
		e->help = tw_json_text(row, "help");
		json_array_foreach(json_object_get(row, "fields"), k, field) {
			if (e->field_count >= TW_MANIFEST_FIELDS)
				return TW_RAISE(LIMIT, "event %s has more than %d fields", e->id, TW_MANIFEST_FIELDS);
			e->fields[e->field_count++] = (struct tw_manifest_field){
				.key = tw_json_text(field, "key"),
				.kind = field_kind(tw_json_text(field, "kind")),
				.required = tw_json_bool(field, "required"),
			};
		}
	}
	c->m.events = c->events;
	c->m.event_count = json_array_size(rows) + is_limited;
	if (is_limited)
		c->events[json_array_size(rows)] = refused;
	return TW_OK;
}

static tw_err health_and_claims(struct compiler *c)
{
	const json_t *health = json_object_get(json_object_get(c->product, "application"), "health");
	const json_t *claims = json_object_get(c->product, "claims");
	size_t i;
	json_t *row;

	TW_TRY(array_new(c, json_array_size(health), sizeof(*c->health), &c->health));
	TW_TRY(array_new(c, json_array_size(claims), sizeof(*c->claims), &c->claims));
	json_array_foreach(health, i, row)
		c->health[i] = tw_json_text(row, "name");
	json_array_foreach(claims, i, row)
		c->claims[i] = json_string_value(row);
	c->m.health = c->health;
	c->m.health_count = json_array_size(health);
	c->m.claims = c->claims;
	c->m.claim_count = json_array_size(claims);
	return TW_OK;
}

static tw_err names(const json_t *row, const char *key, const char **ret, size_t *ret_count)
{
	const json_t *list = json_object_get(row, key);
	size_t i;
	json_t *name;

	if (json_array_size(list) > TW_MANIFEST_NAMES)
		return TW_RAISE(LIMIT, "'%s' of %s has more than %d entries", key, tw_json_text(row, "name"), TW_MANIFEST_NAMES);
	json_array_foreach(list, i, name)
		ret[i] = json_string_value(name);
	*ret_count = json_array_size(list);
	return TW_OK;
}

static tw_err permissions_and_roles(struct compiler *c)
{
	const json_t *application = json_object_get(c->product, "application");
	const json_t *permissions = json_object_get(application, "permissions"), *roles = json_object_get(application, "roles");
	size_t i;
	json_t *row;

	TW_TRY(array_new(c, json_array_size(permissions), sizeof(*c->permissions), &c->permissions));
	TW_TRY(array_new(c, json_array_size(roles), sizeof(*c->roles), &c->roles));
	json_array_foreach(permissions, i, row) {
		c->permissions[i].name = tw_json_text(row, "name");
		c->permissions[i].help = tw_json_text(row, "help");
		TW_TRY(names(row, "roles", c->permissions[i].roles, &c->permissions[i].role_count));
	}
	json_array_foreach(roles, i, row) {
		c->roles[i].name = tw_json_text(row, "name");
		c->roles[i].help = tw_json_text(row, "help");
		TW_TRY(names(row, "inherits", c->roles[i].inherits, &c->roles[i].inherit_count));
	}
	c->m.permissions = c->permissions;
	c->m.permission_count = json_array_size(permissions);
	c->m.roles = c->roles;
	c->m.role_count = json_array_size(roles);
	return TW_OK;
}

static tw_err providers(struct compiler *c, const json_t *rows)
{
	size_t i;
	json_t *row;

	if (json_array_size(rows) > TW_MANIFEST_PROVIDERS)
		return TW_RAISE(LIMIT, "%zu providers, limit %d", json_array_size(rows), TW_MANIFEST_PROVIDERS);
	json_array_foreach(rows, i, row) {
		struct tw_manifest_provider *p = &c->providers[i];

		p->name = tw_json_text(row, "name");
		p->help = tw_json_text(row, "help");
		p->uid = (uint32_t)tw_json_int(row, "uid");
		p->keeps = tw_json_text(row, "keeps");
		for (size_t k = 0; k < TW_MANIFEST_PROVIDER_KINDS; k++)
			if (!strcmp(tw_json_text(row, "kind"), tw_manifest_provider_kinds[k]))
				p->kind = (enum tw_manifest_provider_kind)k;
	}
	c->m.providers = c->providers;
	c->m.provider_count = json_array_size(rows);
	return TW_OK;
}

static tw_err contacts(struct compiler *c)
{
	static const struct {
		const char *key, *kind, *scheme;
	} rows[] = {
		{ "security-email", "security", "mailto:" },
		{ "security-url", "security", "" },
		{ "policy-url", "documents", "" },
		{ "support-email", "support", "mailto:" },
		{ "support-url", "support", "" },
	};
	const json_t *o = json_object_get(c->product, "contacts");

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *value = tw_json_text(o, rows[i].key);
		struct tw_manifest_contact *contact = &c->m.contacts[c->m.contact_count];

		if (!*value)
			continue;
		contact->kind = rows[i].kind;
		TW_TRY(keep(c, json_sprintf("%s%s", rows[i].scheme, value), &contact->address));
		c->m.contact_count++;
	}
	return TW_OK;
}

static void floors(struct compiler *c)
{
	const json_t *o = json_object_get(c->product, "cryptography");

	c->m.floors = (struct tw_manifest_floors){
		.hash = tw_json_int(o, "hash-kib-per-second"),
		.seal = tw_json_int(o, "seal-kib-per-second"),
		.sign = tw_json_int(o, "signatures-per-second"),
		.verify = tw_json_int(o, "verifications-per-second"),
	};
}

static tw_err identity(struct compiler *c, const struct tw_product_choice *choice)
{
	const json_t *organization = json_object_get(c->product, "organization");
	const json_t *product = json_object_get(c->product, "product");
	const json_t *support = json_object_get(c->product, "support");
	const json_t *model = choice->model ? tw_product_model(c->product, choice->model)
					    : json_array_get(json_object_get(c->product, "models"), 0);

	if (!model)
		return TW_RAISE(NOTFOUND, "the product has no model '%s'", choice->model);
	c->m.organization = tw_json_text(organization, "name");
	c->m.pen = (uint32_t)tw_json_int(organization, "pen");
	c->m.product = tw_json_text(product, "name");
	c->m.product_class = tw_json_text(product, "code");
	c->m.model = tw_json_text(model, "model");
	c->m.version = choice->version ? choice->version : tw_product_version(c->product);
	c->m.support_start = tw_json_text(support, "start");
	c->m.support_end = tw_json_text(support, "end");
	return join(c, json_object_get(model, "hardware"), ", ", &c->m.hardware);
}

/* --- What the device can see of interfaces, and the packet filter of flows --- */

static bool kind_of(const json_t *row, enum tw_manifest_interface_kind *ret)
{
	for (size_t i = 0; i < TW_MANIFEST_INTERFACE_KINDS; i++) {
		if (!strcmp(tw_json_text(row, "kind"), tw_manifest_interface_kinds[i])) {
			*ret = (enum tw_manifest_interface_kind)i;
			return true;
		}
	}
	return false;
}

/* An entry that the device cannot see is for people alone. */
static tw_err interface(struct compiler *c, const json_t *row)
{
	struct tw_manifest_interface *i = &c->interfaces[c->m.interface_count];

	if (!kind_of(row, &i->kind))
		return TW_OK;
	i->name = tw_json_text(row, "name");
	i->purpose = tw_json_text(row, "purpose");
	i->on = strcmp(tw_json_text(row, "default"), "off") != 0;
	i->kernel = tw_json_text(row, "kernel");
	if (i->kind == TW_MANIFEST_SERVICE)
		TW_TRY(keep(c, json_sprintf("%s %d", tw_json_text(row, "transport"), (int)tw_json_int(row, "port")), &i->kernel));
	c->m.interface_count += i->kernel[0] != '\0';
	return TW_OK;
}

static tw_err interfaces(struct compiler *c, const json_t *rows)
{
	size_t i;
	json_t *row;

	TW_TRY(array_new(c, json_array_size(rows), sizeof(*c->interfaces), &c->interfaces));
	json_array_foreach(rows, i, row)
		TW_TRY(interface(c, row));
	c->m.interfaces = c->interfaces;
	return TW_OK;
}

static tw_err flow_numbers(struct tw_manifest_flow *f, const json_t *row)
{
	size_t i;
	json_t *word;

	if (json_array_size(json_object_get(row, "ports")) > TW_MANIFEST_FLOW_PORTS ||
		json_array_size(json_object_get(row, "networks")) > TW_MANIFEST_FLOW_NETWORKS)
		return TW_RAISE(LIMIT, "flow %s has too many ports or networks", f->name);
	json_array_foreach(json_object_get(row, "ports"), i, word)
		TW_TRY(tw_manifest_ports_read(json_string_value(word), &f->ports[f->port_count++]));
	json_array_foreach(json_object_get(row, "networks"), i, word)
		TW_TRY(tw_network_read(json_string_value(word), &f->networks[f->network_count++]));
	return TW_OK;
}

static tw_err flow(struct compiler *c, const json_t *row)
{
	struct tw_manifest_flow *f = &c->flows[c->m.flow_count];
	const char *direction = tw_json_text(row, "direction");

	if (!*tw_json_text(row, "protocol"))
		return TW_OK;
	f->name = tw_json_text(row, "name");
	f->purpose = tw_json_text(row, "data");
	f->in = strcmp(direction, "out") != 0;
	f->out = strcmp(direction, "in") != 0;
	f->udp = !strcmp(tw_json_text(row, "protocol"), "udp");
	f->optional = tw_json_bool(row, "optional");
	while (f->interface < c->m.interface_count && strcmp(c->interfaces[f->interface].name, tw_json_text(row, "interface")) != 0)
		f->interface++;
	if (f->interface == c->m.interface_count)
		return TW_RAISE(SYNTAX, "flow %s goes by '%s', which the kernel does not name", f->name, tw_json_text(row, "interface"));
	c->m.flow_count++;
	return flow_numbers(f, row);
}

static tw_err flows(struct compiler *c, const json_t *rows)
{
	size_t i;
	json_t *row;

	TW_TRY(array_new(c, json_array_size(rows), sizeof(*c->flows), &c->flows));
	json_array_foreach(rows, i, row)
		TW_TRY(flow(c, row));
	c->m.flows = c->flows;
	return TW_OK;
}

tw_err tw_product_compile(const struct tw_sys *sys, const json_t *product, const struct tw_product_choice *choice, json_t **ret_payload)
{
	TW_CLEANUP(compiler_done) struct compiler c = { .sys = sys, .product = product, .texts = json_array() };
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *doc = NULL;
	const json_t *application = json_object_get(product, "application");

	if (!c.texts)
		return TW_RAISE(NOMEM, "manifest texts");
	TW_TRY(identity(&c, choice));
	TW_TRY(contacts(&c));
	floors(&c);
	TW_TRY(all_settings(&c, application));
	TW_TRY(events(&c, json_object_get(application, "events")));
	TW_TRY(health_and_claims(&c));
	TW_TRY(permissions_and_roles(&c));
	TW_TRY(providers(&c, json_object_get(application, "providers")));
	c.m.remote = json_object_get(application, "remote-access");
	TW_TRY(interfaces(&c, json_object_get(product, "interfaces")));
	TW_TRY(flows(&c, json_object_get(product, "flows")));
	TW_TRY(tw_manifest_write(&c.m, &payload));
	TW_TRY(tw_manifest_read(sys, payload, &doc)); /* the device's own judgement, before anything is signed */
	*ret_payload = TW_STEAL(payload);
	return TW_OK;
}
