/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest says what product.yaml says, and a device would take it. */
#include "product/compile.h"

#include "oom.h"
#include "product/product.h"

static json_t *example(const struct tw_sys *sys)
{
	struct tw_problems p;
	json_t *product = NULL;

	CHECK_OK(tw_problems_init(&p, "p"));
	CHECK_OK(tw_product_read(sys, tw_slice_of(tw_product_example), &p, &product));
	CHECK_INT(p.count, 0);
	tw_problems_done(&p);
	return product;
}

static size_t rows_of(const json_t *product, const char *table)
{
	return json_array_size(json_object_get(json_object_get(product, "application"), table));
}

static const struct tw_manifest_setting *setting_of(const struct tw_manifest *m, const char *key)
{
	for (size_t i = 0; i < m->setting_count; i++)
		if (!strcmp(m->settings[i].key, key))
			return &m->settings[i];
	fail_msg("no setting %s", key);
	return NULL;
}

/* Inputs and outputs are settings whose ends are what is declared. */
static void check_limits(const struct tw_manifest *m)
{
	static const struct {
		const char *key, *value, *unit;
		int64_t min, max;
	} rows[] = { { "application.input.wish.min", "5",
			     "\xc2\xb0"
			     "C",
			     5, 30 },
		{ "application.input.wish.max", "30",
			"\xc2\xb0"
			"C",
			5, 30 },
		{ "application.input.wish.rate", "60", "/min", 0, 60 }, { "application.output.heating.min", "0", "", 0, 1 },
		{ "application.output.heating.max", "1", "", 0, 1 }, { "application.output.heating.rate", "3000", "/min", 0, 3000 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_manifest_setting *s = setting_of(m, rows[i].key);

		CHECK(s->type == TW_MANIFEST_INT && s->min == rows[i].min && s->max == rows[i].max);
		CHECK_TEXT(s->default_value, rows[i].value);
		CHECK_TEXT(s->baseline, rows[i].value);
		CHECK_TEXT(s->unit, rows[i].unit);
	}
	CHECK_TEXT(setting_of(m, "application.output.heating.max")->help,
		"The greatest of the output heating: The heating circuit, 1 when it is switched on.");
	CHECK_TEXT(m->events[m->event_count - 1].id, "application.limit-refused");
	CHECK_INT(m->events[m->event_count - 1].field_count, 4);
}

static void test_example(void **state)
{
	const struct tw_sys *sys = tw_sys_real();
	TW_CLEANUP(tw_jsonp) json_t *product = example(sys), *payload = NULL;
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *doc = NULL;
	struct tw_product_choice choice = { .model = "TH-110" };

	CHECK_OK(tw_product_compile(sys, product, &choice, &payload));
	CHECK_OK(tw_manifest_read(sys, payload, &doc));
	const struct tw_manifest *m = tw_manifest_of(doc);
	CHECK_INT(m->pen, 32473);
	CHECK_TEXT(m->product_class, "thermostat");
	CHECK_TEXT(m->model, "TH-110");
	CHECK_TEXT(m->hardware, "B");
	CHECK_TEXT(m->version, "1.0.0");
	CHECK_TEXT(m->support_end, "2033-11-02");
	CHECK_INT(m->setting_count, rows_of(product, "settings") + 3 * (rows_of(product, "inputs") + rows_of(product, "outputs")));
	CHECK_INT(m->event_count, rows_of(product, "events") + 1); /* application.limit-refused */
	CHECK_INT(m->health_count, rows_of(product, "health"));
	CHECK_INT(m->permission_count, rows_of(product, "permissions"));
	CHECK_INT(m->role_count, rows_of(product, "roles"));
	CHECK_TEXT(m->permissions[1].name, "application.target.change");
	CHECK_TEXT(m->permissions[1].help, "Say how warm the room shall be.");
	CHECK_TEXT(m->permissions[1].roles[0], "application.resident");
	CHECK_TEXT(m->roles[1].name, "application.installer");
	CHECK_TEXT(m->roles[1].inherits[0], "application.resident");
	CHECK(*m->roles[1].help);
	CHECK_TEXT(m->settings[0].key, "application.target");
	CHECK_INT(m->settings[0].max, 30);
	CHECK(m->events[0].field_count > 0);
	CHECK_INT(m->claim_count, json_array_size(json_object_get(product, "claims")));
	CHECK_INT(m->contact_count, 5);
	CHECK_INT(m->floors.hash, 4096);
	CHECK_INT(m->floors.seal, 2048);
	CHECK_INT(m->floors.sign, 50);
	CHECK_INT(m->floors.verify, 25);
	CHECK_TEXT(m->contacts[0].address, "mailto:security@example.com");
	check_limits(m);
}

static void test_unknown_model(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *product = example(tw_sys_real()), *payload = NULL;
	struct tw_product_choice choice = { .model = "TH-999" };

	CHECK_ERR(tw_product_compile(tw_sys_real(), product, &choice, &payload), NOTFOUND);
	CHECK(payload == NULL);
}

/* What the gate of a device would not take is refused at the desk. */
static void test_roles_that_do_not_fit(void **state)
{
	static const struct {
		const char *inherits, *holder;
		enum tw_code code;
	} rows[] = { { "user", "application.more", TW_CODE_OK }, { "admin", "application.more", TW_CODE_SYNTAX },
		{ "application.more", "application.more", TW_CODE_SYNTAX }, { "user", "owner", TW_CODE_SYNTAX },
		{ "user", "nobody", TW_CODE_SYNTAX } };
	struct tw_product_choice choice = { 0 };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_jsonp) json_t *product = example(tw_sys_real()), *payload = NULL;
		json_t *application = json_object_get(product, "application");

		CHECK_INT(json_array_append_new(json_object_get(application, "roles"),
				  json_pack("{s:s, s:s, s:[s]}", "name", "application.more", "help", "x", "inherits", rows[i].inherits)),
			0);
		CHECK_INT(json_array_append_new(json_object_get(application, "permissions"),
				  json_pack("{s:s, s:s, s:[s]}", "name", "application.more.still", "help", "x", "roles", rows[i].holder)),
			0);
		tw_err e = tw_product_compile(tw_sys_real(), product, &choice, &payload);
		if (e.code != rows[i].code)
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
	}
}

static void check_names(const char *list, const char *key)
{
	TW_CLEANUP(tw_jsonp) json_t *product = example(tw_sys_real()), *payload = NULL;
	json_t *row = json_array_get(json_object_get(json_object_get(product, "application"), list), 0);
	struct tw_product_choice choice = { 0 };
	json_t *names = json_array();

	for (size_t i = 0; i <= TW_MANIFEST_NAMES; i++)
		CHECK_INT(json_array_append_new(names, json_string("user")), 0);
	CHECK_INT(json_object_set_new(row, key, names), 0);
	CHECK_ERR(tw_product_compile(tw_sys_real(), product, &choice, &payload), LIMIT);
}

static void test_too_many_names(void **state)
{
	check_names("permissions", "roles");
	check_names("roles", "inherits");
}

/* What the device can see of it, and the packet filter know, and no more; of the example nothing. */
static void add_surface(json_t *product)
{
	CHECK_INT(json_array_append_new(json_object_get(product, "interfaces"),
			  json_pack("{s:s, s:s, s:s, s:s}", "name", "lan", "kind", "ethernet", "kernel", "eth*", "purpose", "x")),
		0);
	CHECK_INT(json_array_append_new(json_object_get(product, "interfaces"),
			  json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "name", "names", "kind", "service", "transport", "udp",
				  "port", 5353, "purpose", "x", "default", "off")),
		0);
	CHECK_INT(json_array_append_new(json_object_get(product, "flows"),
			  json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s, s], s:[s], s:b}", "name", "readings", "interface", "lan",
				  "direction", "both", "data", "Readings.", "protocol", "tcp", "ports", "443", "5000-5010",
				  "networks", "10.0.0.0/8", "optional", 1)),
		0);
}

static void test_surface(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *product = example(tw_sys_real()), *payload = NULL, *without = NULL;
	TW_CLEANUP(tw_manifest_freep) tw_manifest_doc *doc = NULL;
	struct tw_product_choice choice = { 0 };

	CHECK_OK(tw_product_compile(tw_sys_real(), product, &choice, &without));
	CHECK(!json_object_get(without, "interfaces") && !json_object_get(without, "flows"));
	add_surface(product);
	CHECK_OK(tw_product_compile(tw_sys_real(), product, &choice, &payload));
	CHECK_OK(tw_manifest_read(tw_sys_real(), payload, &doc));
	const struct tw_manifest *m = tw_manifest_of(doc);
	CHECK_INT(m->interface_count, 2);
	CHECK_TEXT(m->interfaces[0].kernel, "eth*");
	CHECK(m->interfaces[0].on && !m->interfaces[1].on);
	CHECK_TEXT(m->interfaces[1].kernel, "udp 5353");
	CHECK_INT(m->flow_count, 1);
	CHECK(m->flows[0].in && m->flows[0].out && !m->flows[0].udp && m->flows[0].optional);
	CHECK_TEXT(m->flows[0].purpose, "Readings.");
	CHECK_INT(m->flows[0].port_count, 2);
	CHECK_INT(m->flows[0].networks[0].bits, 8);
	json_t *flow = json_array_get(json_object_get(product, "flows"), json_array_size(json_object_get(product, "flows")) - 1);
	CHECK_INT(json_object_set_new(flow, "interface", json_string("relay")), 0);
	CHECK_ERR(tw_product_compile(tw_sys_real(), product, &choice, &payload), SYNTAX);
}

static tw_err whole(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	struct tw_product_choice choice = { 0 };

	return tw_product_compile(sys, user, &choice, &payload);
}

static void test_out_of_memory(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *product = example(tw_sys_real());

	add_surface(product);
	CHECK(oom_sweep(whole, product) > 50);
}

CHECK_MAIN(cmocka_unit_test(test_example), cmocka_unit_test(test_unknown_model), cmocka_unit_test(test_roles_that_do_not_fit),
	cmocka_unit_test(test_too_many_names), cmocka_unit_test(test_surface), cmocka_unit_test(test_out_of_memory))
