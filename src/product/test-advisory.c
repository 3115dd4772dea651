/* SPDX-License-Identifier: Apache-2.0 */
/* Every profile's draft is a valid document, names every product, and could not be published as it is. */
#include "product/advisory.h"

#include "check.h"
#include "formats/csaf-site.h"
#include "formats/csaf.h"
#include "oom.h"
#include "product/product.h"

static const char *const two[] = { "CVE-2026-0001", "CVE-2026-0002", NULL }, *const none[] = { NULL };
static json_t *product;

static tw_err on_finding(void *user, const struct tw_csaf_finding *f)
{
	print_message("%s %s: %s\n", tw_csaf_test_id(f->test), f->path, f->message);
	return TW_OK;
}

static tw_err draft(const struct tw_sys *sys, void *user)
{
	const struct tw_advisory *a = user;
	TW_CLEANUP(tw_jsonp) json_t *made = NULL;

	return tw_advisory_draft(sys, product, a, &made);
}

/* Of the first version of the first model. */
static const json_t *helper_of(const json_t *vendor)
{
	const json_t *model = json_array_get(tw_json_get(vendor, "branches"), 0),
		     *version = json_array_get(tw_json_get(model, "branches"), 0);

	return tw_json_get(tw_json_get(version, "product"), "product_identification_helper");
}

static void test_each_profile_is_valid(void **state)
{
	const struct tw_csaf_check how = { .tell = on_finding, .strict = true };
	struct tw_csaf_counts counts;

	for (const char *const *p = tw_advisory_profiles; *p; p++) {
		const struct tw_advisory a = { .profile = *p, .id = "T-1", .title = "Heat", .now = "2026-11-23T05:00:00Z", .cves = two };
		TW_CLEANUP(tw_jsonp) json_t *made = NULL, *entry = NULL;

		CHECK_OK(tw_advisory_draft(tw_sys_real(), product, &a, &made));
		CHECK_OK(tw_csaf_check_json(tw_sys_real(), made, &how, &counts));
		CHECK_INT(counts.all, 0);
		CHECK_ERR(tw_csaf_entry(made, &entry), DENIED);
		const json_t *vendor = json_array_get(tw_json_get(tw_json_get(made, "product_tree"), "branches"), 0);
		CHECK_INT(json_array_size(tw_json_get(vendor, "branches")), json_array_size(tw_json_get(product, "models")));
		const json_t *helper = helper_of(vendor);
		CHECK_TEXT(tw_json_text(helper, "purl"), "pkg:generic/example-home-controls/thermostat@1.0.0");
		CHECK_TEXT(tw_json_text(helper, "cpe"), "cpe:2.3:o:example:thermostat:1.0.0:*:*:*:*:*:*:*");
		CHECK_INT(json_array_size(tw_json_get(helper, "model_numbers")), 1);
		CHECK_TEXT(json_string_value(json_array_get(tw_json_get(helper, "skus"), 0)), "EHC-4711");
		const json_t *status = tw_json_get(json_array_get(tw_json_get(made, "vulnerabilities"), 0), "product_status");
		if (status)
			CHECK_INT(json_array_size(tw_json_get(status, "under_investigation")),
				json_array_size(tw_json_get(product, "models")) * json_array_size(tw_json_get(product, "software")));
		CHECK_TEXT(tw_json_text(tw_json_get(tw_json_get(made, "document"), "publisher"), "namespace"), "https://example.com");
	}
}

static void test_refusals(void **state)
{
	struct tw_advisory a = { .profile = "csaf_vex", .id = "T-1", .title = "Heat", .now = "2026-11-23T05:00:00Z", .cves = none };

	CHECK_ERR(draft(tw_sys_real(), &a), SYNTAX);
	a.profile = "csaf_security_advisory";
	CHECK_OK(draft(tw_sys_real(), &a));
	a.profile = "vex";
	CHECK_ERR(draft(tw_sys_real(), &a), SYNTAX);
}

static void test_out_of_memory(void **state)
{
	struct tw_advisory a = { .profile = "csaf_vex", .id = "T-1", .title = "Heat", .now = "2026-11-23T05:00:00Z", .cves = two };

	CHECK(oom_sweep_with(ENOMEM, draft, &a) > 20);
}

static const struct tw_advisory_case about = { .publisher = "Maker",
	.namespace = "https://maker.example",
	.contact = "mailto:a@maker.example",
	.policy = "https://maker.example/policy",
	.product = "Lamp",
	.versions = "before 2.0",
	.text = "It burns." };

/* From a case to its first and second revision, and to its end: each is a valid document. */
static tw_err life(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	static const struct tw_csaf_check how = { .tell = on_finding, .strict = true };
	struct tw_csaf_counts counts;
	json_t *tracking;

	TW_TRY(tw_advisory_of_case(&about, user, &document));
	tracking = json_pack("{s:s, s:s}", "id", "L-1", "initial_release_date", "2026-11-23T05:00:00Z");
	TW_TRY(tw_json_set(tw_json_get(document, "document"), "tracking", tracking));
	TW_TRY(tw_advisory_revise(tracking, "2026-11-23T05:00:00Z", "interim", "First."));
	TW_TRY(tw_csaf_check_json(sys, document, &how, &counts));
	CHECK_INT(counts.all, 0);
	TW_TRY(tw_advisory_revise(tracking, "2026-11-23T06:00:00Z", "final", "More."));
	TW_TRY(tw_advisory_withdraw(document, "It was the lamp of another maker."));
	TW_TRY(tw_csaf_check_json(sys, document, &how, &counts));
	CHECK_INT(counts.all, 0);
	CHECK_TEXT(tw_json_text(tracking, "version"), "2");
	CHECK_INT(json_array_size(tw_json_get(tracking, "revision_history")), 2);
	CHECK(!tw_json_get(document, "product_tree"));
	return TW_OK;
}

static void test_of_a_case(void **state)
{
	for (const char *const *p = tw_advisory_profiles; *p; p++) {
		struct tw_advisory a = { .profile = *p, .title = "Heat", .cves = two };

		CHECK_OK(life(tw_sys_real(), &a));
		if (!strcmp(*p, "csaf_security_advisory"))
			CHECK(oom_sweep_with(ENOMEM, life, &a) > 20);
	}
	TW_CLEANUP(tw_jsonp) json_t *made = NULL, *tracking = json_pack("{s:s}", "version", "one");
	CHECK_ERR(tw_advisory_of_case(&about, &(struct tw_advisory){ .profile = "csaf_vex", .title = "Heat", .cves = none }, &made), SYNTAX);
	CHECK_ERR(tw_advisory_revise(tracking, "2026-11-23T05:00:00Z", "final", "First."), SYNTAX);
}

static int setup(void **state)
{
	struct tw_problems p = { 0 };

	tw_json_use(tw_sys_real());
	CHECK_OK(tw_problems_init(&p, "product.yaml"));
	CHECK_OK(tw_product_read(tw_sys_real(), tw_slice_of(tw_product_example), &p, &product));
	CHECK_INT(p.count, 0);
	tw_problems_done(&p);
	return 0;
}

static int teardown(void **state)
{
	tw_jsonp(&product);
	return 0;
}

#define WITH_PRODUCT(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

CHECK_MAIN(WITH_PRODUCT(test_each_profile_is_valid), WITH_PRODUCT(test_refusals), WITH_PRODUCT(test_out_of_memory),
	WITH_PRODUCT(test_of_a_case))
