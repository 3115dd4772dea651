/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/registered.h"

#include "formats/range.h"
#include "product/identify.h"
#include "support/advisories/content.h"

#include <string.h>

/* Bytes of text that are the name; 0: it begins otherwise. */
static size_t begins(const char *text, const char *name)
{
	size_t i = 0;

	while (name[i] && tw_advisory_letter(text[i]) == tw_advisory_letter(name[i]))
		i++;
	return name[i] ? 0 : i;
}

static bool equal(const char *text, const char *name)
{
	const size_t size = begins(text, name);

	return size && !text[size];
}

static const char *model_of(const json_t *product, const char *text)
{
	const size_t size = begins(text, tw_json_text(product, "title"));
	const json_t *model;
	size_t i;

	if (!size || tw_advisory_letter(text[size]) != ' ')
		return NULL;
	json_array_foreach(tw_json_get(product, "models"), i, model)
		if (equal(text + size + 1, tw_json_text(model, "model")))
			return tw_json_text(model, "model");
	return NULL;
}

bool tw_registered_find(const json_t *products, const char *name, struct tw_registered *ret)
{
	const json_t *one;
	size_t i;

	json_array_foreach(products, i, one)
		if (equal(name, tw_json_text(one, "name")) || equal(name, tw_json_text(one, "title"))) {
			*ret = (struct tw_registered){ one, "" };
			return true;
		}
	json_array_foreach(products, i, one)
		if (model_of(one, name)) {
			*ret = (struct tw_registered){ one, model_of(one, name) };
			return true;
		}
	return false;
}

tw_err tw_registered_identify(const struct tw_sys *sys, const struct tw_registered *r, const char *version, json_t **ret)
{
	struct tw_identity identity = {
		.product = tw_json_get(r->product, "identifiers"), .models = tw_json_get(r->product, "models"), .model = r->model, .of = version
	};
	const json_t *one;
	size_t i;

	json_array_foreach(tw_json_get(r->product, "versions"), i, one)
		if (!strcmp(tw_json_text(one, "version"), version))
			identity.version = tw_json_get(one, "identifiers");
	return tw_identify(sys, &identity, ret);
}

/* Words in the place of a range are no reason to leave a day out, nor to name it. */
static tw_err covers(const struct tw_sys *sys, const json_t *branch, const char *version, bool *ret)
{
	const char *name = tw_json_text(branch, "name");

	*ret = !strcmp(name, version);
	if (*ret || strcmp(tw_json_text(branch, "category"), "product_version_range") != 0)
		return TW_OK;
	tw_err e = tw_range_vers(sys, tw_slice_of(name), version, ret);
	if (tw_is(e, TW_CODE_NOMEM))
		return e;
	*ret = *ret && !tw_failed(e);
	return TW_OK;
}

static tw_err is_named(const struct tw_sys *sys, const json_t *name, const char *version, bool *ret)
{
	const json_t *one;
	size_t i;

	*ret = tw_json_get(name, "product") != NULL;
	json_array_foreach(tw_json_get(name, "branches"), i, one) {
		if (*ret)
			return TW_OK;
		TW_TRY(covers(sys, one, version, ret));
	}
	return TW_OK;
}

tw_err tw_registered_support(const struct tw_sys *sys, const struct tw_registered *r, const json_t *branch, struct tw_buf *ret)
{
	const json_t *support = tw_json_get(r->product, "support"), *one;
	const char *end = tw_json_text(support, "end"), *until = tw_json_text(support, "security-updates-until");
	bool named = false;
	size_t i;

	TW_TRY(tw_buf_format(ret, "%s is supported from %s until %s, with security updates until %s.",
		tw_json_text(r->product, "title"), tw_json_text(support, "start"), end, until));
	json_array_foreach(tw_json_get(r->product, "versions"), i, one) {
		const char *day = tw_json_text(one, "supported-until"), *version = tw_json_text(one, "version");

		if (!*day || !strcmp(day, end))
			continue;
		TW_TRY(is_named(sys, branch, version, &named));
		if (named)
			TW_TRY(tw_buf_format(ret, " Version %s is supported until %s.", version, day));
	}
	return TW_OK;
}
