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
	CHECK_INT(m->setting_count, rows_of(product, "settings"));
	CHECK_INT(m->event_count, rows_of(product, "events"));
	CHECK_INT(m->health_count, rows_of(product, "health"));
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
}

static void test_unknown_model(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *product = example(tw_sys_real()), *payload = NULL;
	struct tw_product_choice choice = { .model = "TH-999" };

	CHECK_ERR(tw_product_compile(tw_sys_real(), product, &choice, &payload), NOTFOUND);
	CHECK(payload == NULL);
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

	CHECK(oom_sweep(whole, product) > 50);
}

CHECK_MAIN(cmocka_unit_test(test_example), cmocka_unit_test(test_unknown_model), cmocka_unit_test(test_out_of_memory))
