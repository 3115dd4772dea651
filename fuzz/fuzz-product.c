/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which allocation fails (0: none). The rest: a product.yaml. Every problem has a place; what is without a problem
 * compiles to a manifest that a device would read, or is refused with a reason; and either the server gets an entry that names it by what CSAF 2.0 takes, or
 * the author a place.
 */
#include "product/compile.h"
#include "product/identify.h"
#include "product/product.h"
#include "product/supported.h"
#include "sys/fake.h"

#include <errno.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void judge(const struct tw_sys *sys, const struct tw_problems *p, const json_t *product)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *payload = NULL;
	struct tw_product_choice choice = { 0 };
	size_t i;
	json_t *o;

	json_array_foreach(p->list, i, o)
		must(tw_json_int(o, "line") > 0 && tw_json_int(o, "column") > 0 && *tw_json_text(o, "what") && *tw_json_text(o, "wanted"));
	tw_buf_init(&text, sys, 1024 * 1024);
	(void)tw_is(tw_problems_text(p, &text), TW_CODE_OK);
	if (p->count == 0 && product)
		must(!tw_failed(tw_product_compile(sys, product, &choice, &payload)) || *tw_err_detail());
}

static void export(const struct tw_sys *sys, struct tw_slice yaml)
{
	struct tw_problems p;
	json_t *entry = NULL, *version;
	size_t i;

	if (tw_failed(tw_problems_init(&p, "f")))
		return;
	if (!tw_failed(tw_supported_product(sys, yaml, &p, &entry))) {
		must(!entry == (p.count > 0));
		if (tw_json_get(entry, "identifiers"))
			must(!tw_is(tw_identifiers_check(sys, tw_json_get(entry, "identifiers")), TW_CODE_SYNTAX));
		json_array_foreach(tw_json_get(entry, "versions"), i, version)
			if (tw_json_get(version, "identifiers"))
				must(!tw_is(tw_identifiers_check(sys, tw_json_get(version, "identifiers")), TW_CODE_SYNTAX));
	}
	json_decref(entry);
	tw_problems_done(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	struct tw_problems p;
	json_t *product = NULL;

	if (size < 1)
		return 0;
	if (!f)
		f = tw_fake_new();
	if (tw_failed(tw_problems_init(&p, "f")))
		return 0;
	tw_fake_fail(f, data[0], ENOMEM, false);
	if (!tw_failed(tw_product_read(tw_fake_sys(f), (struct tw_slice){ (const char *)data + 1, size - 1 }, &p, &product)))
		judge(tw_fake_sys(f), &p, product);
	json_decref(product);
	tw_problems_done(&p);
	export(tw_fake_sys(f), (struct tw_slice){ (const char *)data + 1, size - 1 });
	return 0;
}
