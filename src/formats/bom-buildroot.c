/* SPDX-License-Identifier: Apache-2.0 */
/* What `make show-info` of Buildroot says: an object with a package, or a file system image, by each of its names. */
#include "base/mem.h"
#include "formats/bom-inside.h"

bool tw_bom_show_info(const json_t *document)
{
	static const char *const types[] = { "target", "host", "rootfs" };
	const char *name;
	json_t *one;

	if (!json_object_size(document))
		return false;
	json_object_foreach((json_t *)(uintptr_t)document, name, one) {
		bool known = false;

		for (size_t i = 0; i < TW_COUNT(types); i++)
			known = known || !strcmp(tw_json_text(one, "type"), types[i]);
		if (!known)
			return false;
	}
	return true;
}

static const struct tw_shape package_shape[] = { { "type", TW_JSON_TEXT, true, 1, 64 }, { "name", TW_JSON_TEXT, false, 0, 1024 },
	{ "version", TW_JSON_TEXT, false, 0, 1024 }, { "virtual", TW_JSON_BOOL, false, 0, 0 },
	{ "cpe-id", TW_JSON_TEXT, false, 0, TW_CPE_MAX }, { "*", TW_JSON_ANY }, { 0 } };

/* Behind its name, as a JSON pointer has it where that has no '/' and no '~': no package's has. */
static tw_err named(const char *name, tw_err e)
{
	char detail[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_SYNTAX))
		return e;
	(void)snprintf(detail, sizeof detail, "%s", tw_err_detail());
	return TW_RAISE(SYNTAX, "/%.80s: %s", name, detail);
}

tw_err tw_bom_buildroot(const struct tw_sys *sys, struct tw_bom *i)
{
	const char *name;
	json_t *one;
	size_t k = 0;

	json_object_foreach(i->document, name, one) {
		const char *own = tw_json_text(one, "name"), *cpe = tw_json_text(one, "cpe-id");

		TW_TRY(named(name, tw_json_check(one, package_shape)));
		struct tw_bom_part part = { .id = name, .kind = tw_json_text(one, "type"), .object = one, .up = TW_BOM_NOWHERE, .index = k++ };
		part.c = (struct tw_vuln_component){ *own ? own : name, tw_json_text(one, "version"), NULL, *cpe ? cpe : NULL };
		if (!strcmp(part.kind, "target") && !tw_json_bool(one, "virtual"))
			TW_TRY(tw_bom_add(sys, i, &part));
		i->of_host += !strcmp(part.kind, "host") && !tw_json_bool(one, "virtual");
	}
	return TW_OK;
}
