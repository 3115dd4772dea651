/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward product init|check|compile|export-support`. */
#include "product/product.h"

#include "formats/jws.h"
#include "product/compile.h"
#include "product/supported.h"
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"

const struct tw_option tw_options_product_init[] = {
	{ "example", NULL, false, "a complete example, a smart thermostat" },
	{},
};
const struct tw_option tw_options_product_compile[] = {
	{ "ca", "DIR", true, "the directory made by `thingward ca init`" },
	TW_OPTION_PASSPHRASE,
	{ "out", "FILE", true, "where the manifest goes" },
	{ "model", "MODEL", false, "for this model; the first one unless given" },
	{ "version", "VERSION", false, "the product's software version; the newest unless given" },
	{},
};

const struct tw_option tw_options_product_export[] = {
	{ "out", "FILE", true, "where the server's products.json goes" },
	{},
};

tw_err tw_cmd_product_init(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	const char *text = tw_arg(a, "example") ? tw_product_example : tw_product_template;

	TW_TRY(tw_dir_make(t->sys, a->rest[0], 0755, &dir));
	if (tw_file_exists(t->sys, dir, TW_PRODUCT_FILE))
		return tw_fail(t, TW_EXIT_FAILED, "another directory, or move the old file away",
			TW_RAISE(EXISTS, "%s/%s is there already", a->rest[0], TW_PRODUCT_FILE));
	TW_TRY(tw_file_text(t->sys, dir, TW_PRODUCT_FILE, text, 0644));
	return tw_print_done(t, a->rest[0], "Wrote %s/%s. Fill it in, then: thingward product check %s\n", a->rest[0],
		TW_PRODUCT_FILE, a->rest[0]);
}

static tw_err show_problems(struct tw_tool *t, const struct tw_problems *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, t->sys, TW_FILE_MAX);
	if (t->json)
		return tw_print_value(t, p->list);
	TW_TRY(tw_problems_text(p, &text));
	return tw_print_text(t, tw_buf_cstr(&text));
}

static tw_err read_file(struct tw_tool *t, const char *path, struct tw_buf *ret)
{
	tw_buf_init(ret, t->sys, TW_PRODUCT_MAX);
	const tw_err e = tw_file_read(t->sys, path, TW_PRODUCT_MAX, ret);

	return tw_is(e, TW_CODE_NOTFOUND) ? tw_fail(t, TW_EXIT_FAILED, "thingward product init DIR", e) : e;
}

static tw_err refuse_mistakes(struct tw_tool *t, const struct tw_problems *p, const char *hint)
{
	TW_TRY(show_problems(t, p));
	return tw_fail(t, TW_EXIT_FAILED, hint, TW_RAISE(SYNTAX, "%s: %zu %s", p->file, p->count, p->count == 1 ? "mistake" : "mistakes"));
}

static tw_err read_product(struct tw_tool *t, const char *dir, struct tw_problems *p, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, TW_PRODUCT_FILE);
	TW_TRY(tw_problems_init(p, path));
	TW_TRY(read_file(t, path, &text));
	TW_TRY(tw_product_read(t->sys, tw_buf_slice(&text), p, ret));
	return p->count ? refuse_mistakes(t, p, "mend what is listed, then thingward product check DIR again") : TW_OK;
}

tw_err tw_product_load(struct tw_tool *t, const char *dir, json_t **ret)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;

	TW_TRY(read_product(t, dir, &p, &product));
	*ret = TW_STEAL(product);
	return TW_OK;
}

tw_err tw_cmd_product_check(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;

	TW_TRY(tw_product_load(t, a->rest[0], &product));
	if (t->json)
		return tw_print_value(t, product);
	return tw_print(t, "%s: %s is complete and consistent (%zu models, %zu claims).\n", TW_PRODUCT_FILE,
		tw_json_text(tw_json_get(product, "product"), "name"), json_array_size(tw_json_get(product, "models")),
		json_array_size(tw_json_get(product, "claims")));
}

tw_err tw_cmd_product_compile(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *product = NULL;
	struct tw_product_choice choice = { tw_arg(a, "model"), tw_arg(a, "version") };
	TW_CLEANUP(tw_closep) int ca = -1;
	TW_CLEANUP(tw_ca_keys_freep) tw_ca_keys *keys = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, t->sys, TW_JWS_MAX);
	TW_TRY(tw_product_load(t, a->rest[0], &product));
	TW_TRY(tw_ca_open(t, tw_arg(a, "ca"), &ca));
	TW_TRY(tw_ca_keys_new(t, a, ca, tw_arg(a, "ca"), &keys));
	TW_TRY(tw_ca_manifest(t, keys, product, &choice, &text));
	TW_TRY(tw_file_write(t->sys, tw_arg(a, "out"), text.data, text.size, 0644));
	return tw_print_done(t, tw_arg(a, "out"), "Wrote %s.\n", tw_arg(a, "out"));
}

/* --- For the manufacturer's server --- */

/* entries: those of the directories before. */
static tw_err check_name(struct tw_tool *t, const struct tw_args *a, const json_t *entries, const json_t *entry)
{
	const char *name = tw_json_text(entry, "name");
	const json_t *one;
	size_t i;

	json_array_foreach(entries, i, one)
		if (!strcmp(tw_json_text(one, "name"), name))
			return tw_fail(t, TW_EXIT_FAILED, "give one of them a page of its own (product: page) in its product.yaml",
				TW_RAISE(SYNTAX, "%s and %s are both the page '%s'", a->rest[i], a->rest[json_array_size(entries)], name));
	return TW_OK;
}

static tw_err export_one(struct tw_tool *t, const struct tw_args *a, int i, json_t *entries)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, missing = { 0 };
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *entry = NULL;
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", a->rest[i], TW_PRODUCT_FILE);
	TW_TRY(tw_problems_init(&p, path));
	TW_TRY(read_file(t, path, &text));
	TW_TRY(tw_supported_product(t->sys, tw_buf_slice(&text), &p, &entry));
	if (p.count)
		return refuse_mistakes(t, &p, "mend what is listed; nothing was written");
	TW_TRY(check_name(t, a, entries, entry));
	tw_buf_init(&missing, t->sys, 512);
	TW_TRY(tw_supported_missing(entry, &missing));
	if (missing.size)
		TW_TRY(tw_print(t, "%s does not say %s: the page will not either.\n", path, tw_buf_cstr(&missing)));
	return tw_json_append(entries, TW_STEAL(entry));
}

tw_err tw_cmd_product_export(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *entries = json_array();
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *out = tw_arg(a, "out");

	if (!entries)
		return TW_RAISE(NOMEM, "products");
	for (int i = 0; i < a->rest_count; i++)
		TW_TRY(export_one(t, a, i, entries));
	tw_buf_init(&text, t->sys, TW_SUPPORTED_FILE_MAX);
	TW_TRY(tw_supported_file(entries, &text));
	TW_TRY(tw_file_write(t->sys, out, text.data, text.size, 0644));
	return tw_print_done(t, out, "Wrote %s: %d %s. The server reads it when it starts.\n", out, a->rest_count,
		a->rest_count == 1 ? "product" : "products");
}
