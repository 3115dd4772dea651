/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the mandatory tests ask of each vulnerability: 6.1.6, 6.1.7, 6.1.11, 6.1.23, 6.1.24, 6.1.29, 6.1.32, 6.1.33. Each is looked at by itself, also
 * where another one has no flags, remediations or involvements.
 */
#include "base/mem.h"
#include "formats/csaf-inside.h"
#include "formats/csaf-text.h"

#include <string.h>

static const struct tw_csaf_at the_list = { .key = "vulnerabilities" };

static tw_err add_status(struct tw_csaf_names *names, const json_t *list, size_t group)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_is_string(item))
			TW_TRY(tw_csaf_names_add(names, &(const struct tw_csaf_name){ .text = json_string_value(item), .a = group }));
	return TW_OK;
}

static tw_err check_status(struct tw_csaf_run *r, const json_t *status, const struct tw_csaf_at *at)
{
	static const struct {
		const char *list;
		size_t group;
	} rows[] = { { "first_affected", 0 }, { "known_affected", 0 }, { "last_affected", 0 }, { "known_not_affected", 1 },
		{ "first_fixed", 2 }, { "fixed", 2 }, { "under_investigation", 3 } };
	static const char *const names_of[] = { "affected", "not affected", "fixed", "under investigation" };
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };

	for (size_t i = 0; i < TW_COUNT(rows); i++)
		TW_TRY(add_status(&names, json_object_get(status, rows[i].list), rows[i].group));
	tw_csaf_names_sort(&names);
	for (size_t i = 1; i < names.count; i++)
		if (tw_csaf_names_repeat(&names, i) && names.list[i].a != names.list[i - 1].a)
			TW_TRY(tw_csaf_tell_at(r, at, "product '%.200s' is %s and %s at once", names.list[i].text,
				names_of[names.list[i - 1].a], names_of[names.list[i].a]));
	return TW_OK;
}

tw_err tw_csaf_status_agrees(struct tw_csaf_run *r)
{
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability)
		TW_TRY(check_status(r, json_object_get(vulnerability, "product_status"),
			TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, i), "product_status")));
	return TW_OK;
}

static unsigned version_bit(const json_t *score, const char *member)
{
	static const char *const versions[] = { "2.0", "3.0", "3.1" };
	const char *version = tw_csaf_text(json_object_get(score, member), "version");

	for (size_t i = 0; version && i < TW_COUNT(versions); i++)
		if (!strcmp(version, versions[i]))
			return 1U << i;
	return 0;
}

static tw_err check_scores(struct tw_csaf_run *r, const json_t *scores, const struct tw_csaf_at *at)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	const json_t *score, *product;
	unsigned had = 0;
	size_t i, j;

	json_array_foreach(scores, i, score)
		json_array_foreach(json_object_get(score, "products"), j, product)
			if (json_is_string(product))
				TW_TRY(tw_csaf_names_add(&names,
					&(const struct tw_csaf_name){ .text = json_string_value(product),
						.a = i,
						.b = j,
						.bits = version_bit(score, "cvss_v2") | version_bit(score, "cvss_v3") }));
	tw_csaf_names_sort(&names);
	for (i = 0; i < names.count; i++) {
		const struct tw_csaf_name *n = &names.list[i];

		had = tw_csaf_names_repeat(&names, i) ? had : 0;
		if (had & n->bits)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(TW_CSAF_KEY(TW_CSAF_ITEM(at, n->a), "products"), n->b),
				"product '%.200s' has a score of this CVSS version already", n->text));
		had |= n->bits;
	}
	return TW_OK;
}

tw_err tw_csaf_scores_once(struct tw_csaf_run *r)
{
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability)
		TW_TRY(check_scores(r, json_object_get(vulnerability, "scores"), TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, i), "scores")));
	return TW_OK;
}

static tw_err check_weakness(struct tw_csaf_run *r, const json_t *cwe, const struct tw_csaf_at *at)
{
	const char *id = tw_csaf_text(cwe, "id"), *name = tw_csaf_text(cwe, "name");
	struct tw_slice known = id ? tw_csaf_cwe_name(id) : (struct tw_slice){ 0 };

	if (!id || !name)
		return TW_OK;
	if (!known.size)
		return tw_csaf_tell_at(r, TW_CSAF_KEY(at, "id"), "CWE knows no weakness '%.64s'", id);
	if (!tw_slice_is(known, name))
		return tw_csaf_tell_at(
			r, TW_CSAF_KEY(at, "name"), "%s is called '" TW_SLICE_FMT "', not '%.200s'", id, TW_SLICE_ARG(known), name);
	return TW_OK;
}

tw_err tw_csaf_weaknesses(struct tw_csaf_run *r)
{
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability)
		TW_TRY(check_weakness(r, json_object_get(vulnerability, "cwe"), TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, i), "cwe")));
	return TW_OK;
}

tw_err tw_csaf_cves_once(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		const char *cve = tw_csaf_text(vulnerability, "cve");

		if (cve)
			TW_TRY(tw_csaf_names_add(&names, &(const struct tw_csaf_name){ .text = cve, .a = i }));
	}
	tw_csaf_names_sort(&names);
	for (i = 1; i < names.count; i++)
		if (tw_csaf_names_repeat(&names, i))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, names.list[i].a), "cve"),
				"%.64s is vulnerability %zu already", names.list[i].text, names.list[i - 1].a));
	return TW_OK;
}

static tw_err check_involvements(struct tw_csaf_run *r, const json_t *list, const struct tw_csaf_at *at)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *date = tw_csaf_text(item, "date"), *party = tw_csaf_text(item, "party");

		if (date && party)
			TW_TRY(tw_csaf_names_add(&names, &(const struct tw_csaf_name){ .text = date, .more = party, .a = i }));
	}
	tw_csaf_names_sort(&names);
	for (i = 1; i < names.count; i++)
		if (tw_csaf_names_repeat(&names, i))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(at, names.list[i].a),
				"the %.64s has an involvement of this date already", names.list[i].more));
	return TW_OK;
}

tw_err tw_csaf_involvements_once(struct tw_csaf_run *r)
{
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability)
		TW_TRY(check_involvements(r, json_object_get(vulnerability, "involvements"),
			TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, i), "involvements")));
	return TW_OK;
}

static tw_err of_products(struct tw_csaf_run *r, const char *part)
{
	const json_t *vulnerability, *item;
	size_t i, j;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability)
		json_array_foreach(json_object_get(vulnerability, part), j, item)
			if (json_is_object(item) && !json_object_get(item, "product_ids") && !json_object_get(item, "group_ids"))
				TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, i), part), j),
					"names no product and no group"));
	return TW_OK;
}

tw_err tw_csaf_remediations_of_products(struct tw_csaf_run *r)
{
	return of_products(r, "remediations");
}

tw_err tw_csaf_flags_of_products(struct tw_csaf_run *r)
{
	return of_products(r, "flags");
}

/* In the order of the flags, whatever products they meet in. */
static tw_err tell_flags(struct tw_csaf_run *r, struct tw_csaf_names *names, size_t flags, const struct tw_csaf_at *at)
{
	TW_CLEANUP(tw_freep) const char **met = tw_alloc_array(r->sys, flags, sizeof(*met));

	if (!met)
		return TW_RAISE(NOMEM, "flags");
	tw_csaf_names_sort(names);
	for (size_t i = 1; i < names->count; i++)
		if (tw_csaf_names_repeat(names, i))
			met[names->list[i].a] = names->list[i].text;
	for (size_t i = 0; i < flags; i++)
		if (met[i])
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(at, i), "product '%.200s' has a flag already", met[i]));
	return TW_OK;
}

tw_err tw_csaf_flags_once(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names groups = { .sys = r->sys };
	const json_t *vulnerability, *flag;
	size_t i, j;

	TW_TRY(tw_csaf_groups(r, &groups));
	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
		const json_t *flags = json_object_get(vulnerability, "flags");

		json_array_foreach(flags, j, flag)
			TW_TRY(tw_csaf_expand(r, flag, &groups, j, &names));
		if (names.count > 1)
			TW_TRY(tell_flags(r, &names, json_array_size(flags), TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, i), "flags")));
	}
	return TW_OK;
}
