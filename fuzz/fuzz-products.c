/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte: which allocation fails (0: none). The rest: a products.json. What the server takes it can say in an advisory: each product and version of it
 * is known by what CSAF 2.0 takes, and has a sentence about its support.
 */
#include "formats/csaf.h"
#include "support/advisories/registered.h"
#include "support/subscriptions/products.h"
#include "sys/fake.h"

#include <errno.h>

#define TRIED 8 /* of many versions and products the first ones: each is looked at in the same way */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void known_by(const struct tw_sys *sys, const struct tw_registered *r, const char *version)
{
	const struct tw_csaf_check how = { .strict = true };
	json_t *helper = NULL;
	struct tw_csaf_counts counts;

	if (tw_failed(tw_registered_identify(sys, r, version, &helper)))
		return;
	if (helper && !tw_failed(tw_csaf_check_helper(sys, helper, &how, &counts)))
		must(counts.all == 0);
	json_decref(helper);
}

static void judge(const struct tw_sys *sys, const json_t *products)
{
	const json_t *product, *version;
	size_t i, k;

	json_array_foreach(products, i, product) {
		struct tw_registered r = { product, "" };
		struct tw_buf text = { 0 };

		if (i == TRIED)
			break;
		must(tw_registered_find(products, tw_json_text(product, "name"), &r));
		r.product = product; /* another may have that for its title, and stand first */
		known_by(sys, &r, "");
		json_array_foreach(tw_json_get(product, "versions"), k, version)
			if (k < TRIED)
				known_by(sys, &r, tw_json_text(version, "version"));
		tw_buf_init(&text, sys, 8192);
		must(tw_failed(tw_registered_support(sys, &r, product, &text)) || text.size);
		tw_buf_done(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static tw_fake *f;
	json_t *products = NULL;

	if (size < 1)
		return 0;
	if (!f)
		f = tw_fake_new();
	tw_fake_fail(f, data[0], ENOMEM, false);
	if (!tw_failed(tw_products_parse(tw_fake_sys(f), (struct tw_slice){ (const char *)data + 1, size - 1 }, &products)))
		judge(tw_fake_sys(f), products);
	else
		must(*tw_err_detail());
	json_decref(products);
	return 0;
}
