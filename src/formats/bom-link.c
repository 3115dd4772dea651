/* SPDX-License-Identifier: Apache-2.0 */
/* BOM-Link: see bom-link.h. */
#include "formats/bom-link.h"

#include "base/mem.h"
#include "base/text.h"

#define BEGIN "urn:cdx:"
#define UUID_SIZE 36
#define VERSION_MAX 2147483647
#define PLACE_MAX 1200

static bool is_uuid(const char *text)
{
	for (size_t i = 0; i < UUID_SIZE; i++) {
		const bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : tw_hex_value(text[i]) < 0)
			return false;
	}
	return true;
}

bool tw_bom_is_link(const char *text)
{
	return !strncmp(text, BEGIN, sizeof BEGIN - 1);
}

tw_err tw_bom_link_parse(const char *text, struct tw_bom_link *ret)
{
	const char *at = text + sizeof BEGIN - 1;
	struct tw_bom_link l = { 0 };

	if (!tw_bom_is_link(text) || !is_uuid(at) || at[UUID_SIZE] != '/')
		return TW_RAISE(SYNTAX, "'%.100s' is no BOM-Link", text);
	l.serial = (struct tw_slice){ at, UUID_SIZE };
	at += UUID_SIZE + 1;
	const struct tw_slice number = { at, strcspn(at, "#") };
	if (tw_failed(tw_parse_u64(number, VERSION_MAX, &l.version)) || !l.version)
		return TW_RAISE(SYNTAX, "'%.100s' is no BOM-Link: its version is none", text);
	at += number.size;
	l.ref = tw_slice_of(*at ? at + 1 : "");
	if (*at && !l.ref.size)
		return TW_RAISE(SYNTAX, "'%.100s' is no BOM-Link: it names nothing behind '#'", text);
	*ret = l;
	return TW_OK;
}

bool tw_bom_link_means(const struct tw_bom_link *l, const json_t *document)
{
	const char *serial = tw_json_text(document, "serialNumber");
	const json_t *version = json_object_get(document, "version");
	char wanted[sizeof "urn:uuid:" + UUID_SIZE];

	(void)snprintf(wanted, sizeof wanted, "urn:uuid:" TW_SLICE_FMT, TW_SLICE_ARG(l->serial));
	return tw_slice_is_nocase(tw_slice_of(serial), wanted) && (uint64_t)(version ? json_integer_value(version) : 1) == l->version;
}

bool tw_bom_link_ref(const struct tw_bom_link *l, char ret[TW_BOM_REF_MAX + 1])
{
	size_t size = 0;

	for (size_t i = 0; i < l->ref.size; i++) {
		uint8_t byte = (uint8_t)l->ref.at[i];

		if (byte == '%') {
			if (i + 2 >= l->ref.size || tw_failed(tw_parse_hex((struct tw_slice){ l->ref.at + i + 1, 2 }, &byte, 1)))
				return false;
			i += 2;
		}
		if (size == TW_BOM_REF_MAX)
			return false;
		ret[size++] = (char)byte;
	}
	ret[size] = '\0';
	return tw_utf8_valid((struct tw_slice){ ret, size });
}

/* --- Those of a document --- */

struct walk {
	const json_t *document;
	tw_bom_link_visit visit;
	void *user;
};

static tw_err tell(const struct walk *w, const char *text, const char *place)
{
	struct tw_bom_link l;

	if (!tw_bom_is_link(text) || (!tw_failed(tw_bom_link_parse(text, &l)) && tw_bom_link_means(&l, w->document)))
		return TW_OK;
	return w->visit(w->user, place, text);
}

static tw_err tell_references(const struct walk *w, const json_t *object, const char *place)
{
	const json_t *one;
	char at[PLACE_MAX + 64];
	size_t i;

	json_array_foreach(json_object_get(object, "externalReferences"), i, one) {
		(void)snprintf(at, sizeof at, "%.*s/externalReferences/%zu", PLACE_MAX, place, i);
		if (!strcmp(tw_json_text(one, "type"), "bom"))
			TW_TRY(tell(w, tw_json_text(one, "url"), at));
	}
	return TW_OK;
}

static tw_err tell_affected(const struct walk *w)
{
	const json_t *vulnerability, *one;
	char at[128];
	size_t i, k;

	json_array_foreach(json_object_get(w->document, "vulnerabilities"), i, vulnerability)
		json_array_foreach(json_object_get(vulnerability, "affects"), k, one) {
			(void)snprintf(at, sizeof at, "/vulnerabilities/%zu/affects/%zu", i, k);
			TW_TRY(tell(w, tw_json_text(one, "ref"), at));
		}
	return TW_OK;
}

tw_err tw_bom_links(const struct tw_sys *sys, const struct tw_bom *bom, tw_bom_link_visit visit, void *user)
{
	const struct walk w = { bom->document, visit, user };

	if (bom->kind != TW_BOM_CYCLONEDX)
		return TW_OK;
	TW_TRY(tell_references(&w, bom->document, ""));
	TW_TRY(tell_references(&w, json_object_get(json_object_get(bom->document, "metadata"), "component"), "/metadata/component"));
	for (size_t i = 0; i < bom->count; i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf place = { 0 };

		tw_buf_init(&place, sys, PLACE_MAX);
		TW_TRY(tw_bom_place(bom, i, &place));
		TW_TRY(tell_references(&w, bom->of[i].object, tw_buf_cstr(&place)));
	}
	return tell_affected(&w);
}
