/* SPDX-License-Identifier: Apache-2.0 */
/* What a document owes to the profile that its category names (6.1.26, 6.1.27.1 to 6.1.27.11), and to its languages (6.1.12, 6.1.15, 6.1.28). */
#include "base/mem.h"
#include "formats/csaf-inside.h"
#include "formats/csaf-text.h"

#include <string.h>
#include <strings.h>

enum { INCIDENT = 1, INFORMATION = 2, ADVISORY = 4, VEX = 8 };

static const struct tw_csaf_at the_document = { .key = "document" }, the_list = { .key = "vulnerabilities" };

static const json_t *document(const struct tw_csaf_run *r)
{
	return json_object_get(r->document, "document");
}

static bool is_profile(const struct tw_csaf_run *r, unsigned wanted)
{
	static const char *const names[] = { "csaf_security_incident_response", "csaf_informational_advisory",
		"csaf_security_advisory", "csaf_vex" };
	const char *category = tw_csaf_text(document(r), "category");

	for (size_t i = 0; category && i < TW_COUNT(names); i++)
		if (wanted & 1U << i && !strcmp(category, names[i]))
			return true;
	return false;
}

/* Small letters, and nothing of what people put between words. */
static void bare(const char *category, char *ret, size_t size)
{
	size_t used = 0, space;

	while (*category && used + 1 < size) {
		space = tw_csaf_space(category);
		if (space || *category == '_' || *category == '-') {
			category += space ? space : 1;
			continue;
		}
		ret[used++] = (char)(*category >= 'A' && *category <= 'Z' ? *category + 32 : *category);
		category++;
	}
	ret[used] = '\0';
}

tw_err tw_csaf_category(struct tw_csaf_run *r)
{
	static const char *const profiles[] = { "csaf_base", "csaf_security_incident_response", "csaf_informational_advisory",
		"csaf_security_advisory", "csaf_vex", NULL };
	static const char *const alike[] = { "securityincidentresponse", "informationaladvisory", "securityadvisory", "vex", NULL };
	const char *category = tw_csaf_text(document(r), "category");
	const struct tw_csaf_at *at = TW_CSAF_KEY(&the_document, "category");
	char letters[32]; /* longer ones are like none of them */

	if (!category || tw_csaf_one_of(category, profiles))
		return TW_OK;
	if (!strncasecmp(category, "csaf_", 5))
		return tw_csaf_tell_at(r, at, "'%.100s' begins as the standard's own profiles do, and is none of them", category);
	bare(category, letters, sizeof(letters));
	if (tw_csaf_one_of(letters, alike))
		return tw_csaf_tell_at(r, at, "'%.100s' could be taken for one of the standard's profiles", category);
	return TW_OK;
}

static bool any_of_category(const json_t *list, const char *const *categories)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (tw_csaf_one_of(tw_csaf_text(item, "category"), categories))
			return true;
	return false;
}

tw_err tw_csaf_profile_notes(struct tw_csaf_run *r)
{
	static const char *const wanted[] = { "description", "details", "general", "summary", NULL };

	if (!is_profile(r, INCIDENT | INFORMATION) || any_of_category(json_object_get(document(r), "notes"), wanted))
		return TW_OK;
	return tw_csaf_tell_at(r, TW_CSAF_KEY(&the_document, "notes"), "no note is a description, details, general or a summary");
}

tw_err tw_csaf_profile_references(struct tw_csaf_run *r)
{
	static const char *const wanted[] = { "external", NULL };

	if (!is_profile(r, INCIDENT | INFORMATION) || any_of_category(json_object_get(document(r), "references"), wanted))
		return TW_OK;
	return tw_csaf_tell_at(r, TW_CSAF_KEY(&the_document, "references"), "no reference is of category external");
}

tw_err tw_csaf_profile_no_vulnerabilities(struct tw_csaf_run *r)
{
	if (!is_profile(r, INFORMATION) || !tw_csaf_vulnerabilities(r))
		return TW_OK;
	return tw_csaf_tell_at(r, &the_list, "an informational advisory has no vulnerabilities");
}

tw_err tw_csaf_profile_products(struct tw_csaf_run *r)
{
	if (!is_profile(r, ADVISORY | VEX) || json_object_get(r->document, "product_tree"))
		return TW_OK;
	return tw_csaf_tell_at(r, NULL, "this profile wants a product_tree");
}

tw_err tw_csaf_profile_vulnerabilities(struct tw_csaf_run *r)
{
	if (!is_profile(r, ADVISORY | VEX) || tw_csaf_vulnerabilities(r))
		return TW_OK;
	return tw_csaf_tell_at(r, NULL, "this profile wants vulnerabilities");
}

/* Each vulnerability has one of the members, which end with NULL. */
static tw_err each_has(struct tw_csaf_run *r, const char *const *members, const char *what)
{
	const json_t *vulnerability;
	size_t i;

	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		const char *const *m = members;

		while (*m && !json_object_get(vulnerability, *m))
			m++;
		if (!*m)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(&the_list, i), "has no %s", what));
	}
	return TW_OK;
}

tw_err tw_csaf_profile_vulnerability_notes(struct tw_csaf_run *r)
{
	static const char *const members[] = { "notes", NULL };

	return is_profile(r, ADVISORY | VEX) ? each_has(r, members, "notes") : TW_OK;
}

tw_err tw_csaf_profile_status(struct tw_csaf_run *r)
{
	static const char *const members[] = { "product_status", NULL };

	return is_profile(r, ADVISORY) ? each_has(r, members, "product_status") : TW_OK;
}

tw_err tw_csaf_profile_vex_ids(struct tw_csaf_run *r)
{
	static const char *const members[] = { "cve", "ids", NULL };

	return is_profile(r, VEX) ? each_has(r, members, "cve and no ids") : TW_OK;
}

tw_err tw_csaf_profile_vex_status(struct tw_csaf_run *r)
{
	static const char *const lists[] = { "fixed", "known_affected", "known_not_affected", "under_investigation", NULL };
	const json_t *vulnerability;
	size_t i;

	if (!is_profile(r, VEX))
		return TW_OK;
	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		const json_t *status = json_object_get(vulnerability, "product_status");
		const struct tw_csaf_at *here = TW_CSAF_ITEM(&the_list, i);
		const char *const *l = lists;

		while (*l && !json_is_array(json_object_get(status, *l)))
			l++;
		if (!status)
			TW_TRY(tw_csaf_tell_at(r, here, "has no product_status"));
		else if (!*l)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(here, "product_status"),
				"has none of fixed, known_affected, known_not_affected, under_investigation"));
	}
	return TW_OK;
}

/* The products that the items of a list speak of; of_category: only items of this one. */
static tw_err covered(struct tw_csaf_run *r, const json_t *list, const char *of_category, const struct tw_csaf_names *groups,
	struct tw_csaf_names *ret)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *category = tw_csaf_text(item, "category");

		if (!of_category || (category && !strcmp(category, of_category)))
			TW_TRY(tw_csaf_expand(r, item, groups, i, ret));
	}
	return TW_OK;
}

static tw_err tell_uncovered(struct tw_csaf_run *r, const json_t *vulnerability, size_t index, const char *list,
	struct tw_csaf_names *names, const char *what)
{
	const struct tw_csaf_at *at = TW_CSAF_KEY(TW_CSAF_KEY(TW_CSAF_ITEM(&the_list, index), "product_status"), list);
	const json_t *item;
	size_t i;

	tw_csaf_names_sort(names);
	json_array_foreach(json_object_get(json_object_get(vulnerability, "product_status"), list), i, item)
		if (json_is_string(item) && !tw_csaf_names_find(names, json_string_value(item)))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_ITEM(at, i), "%s '%.200s'", what, json_string_value(item)));
	return TW_OK;
}

tw_err tw_csaf_profile_impact(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names groups = { .sys = r->sys };
	const json_t *vulnerability;
	size_t i;

	if (!is_profile(r, VEX))
		return TW_OK;
	TW_TRY(tw_csaf_groups(r, &groups));
	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };

		TW_TRY(covered(r, json_object_get(vulnerability, "threats"), "impact", &groups, &names));
		TW_TRY(covered(r, json_object_get(vulnerability, "flags"), NULL, &groups, &names));
		TW_TRY(tell_uncovered(r, vulnerability, i, "known_not_affected", &names, "nothing says why it is not affected:"));
	}
	return TW_OK;
}

tw_err tw_csaf_profile_action(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names groups = { .sys = r->sys };
	const json_t *vulnerability;
	size_t i;

	if (!is_profile(r, VEX))
		return TW_OK;
	TW_TRY(tw_csaf_groups(r, &groups));
	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability) {
		TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };

		TW_TRY(covered(r, json_object_get(vulnerability, "remediations"), NULL, &groups, &names));
		TW_TRY(tell_uncovered(r, vulnerability, i, "known_affected", &names, "nothing says what to do about it:"));
	}
	return TW_OK;
}

tw_err tw_csaf_languages(struct tw_csaf_run *r)
{
	static const char *const members[] = { "lang", "source_lang" };

	for (size_t i = 0; i < TW_COUNT(members); i++) {
		const char *tag = tw_csaf_text(document(r), members[i]);
		const char *fault = tag && tw_csaf_is_language(tag) ? tw_csaf_language_fault(tag) : NULL;

		if (fault)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(&the_document, members[i]), "'%.64s' %s", tag, fault));
	}
	return TW_OK;
}

tw_err tw_csaf_translator(struct tw_csaf_run *r)
{
	const char *category = tw_csaf_text(json_object_get(document(r), "publisher"), "category");

	if (!category || strcmp(category, "translator") != 0 || tw_csaf_text(document(r), "source_lang"))
		return TW_OK;
	return tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_KEY(&the_document, "publisher"), "category"), "a translation has no source_lang");
}

tw_err tw_csaf_translated(struct tw_csaf_run *r)
{
	const char *lang = tw_csaf_text(document(r), "lang"), *source = tw_csaf_text(document(r), "source_lang");

	if (!lang || !source || strcmp(lang, source) != 0)
		return TW_OK;
	TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(&the_document, "lang"), "is the language translated from, too"));
	return tw_csaf_tell_at(r, TW_CSAF_KEY(&the_document, "source_lang"), "is the language translated into, too");
}
