/* SPDX-License-Identifier: Apache-2.0 */
/* The table of tests, and what they share: telling, and lists of names. */
#include "formats/csaf-inside.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define WORK_MAX 10000000 /* less than a second; a real document comes to thousands */
#define PATH_MAX_BYTES 65536
#define MESSAGE_MAX 4096 /* longer ones are cut: a message quotes the document */

static const struct {
	const char *id;
	tw_csaf_test_run run;
	const char *advice;
} tests[TW_CSAF_TESTS] = {
	[TW_CSAF_SCHEMA] = { "schema", tw_csaf_schema, "Give the member the form that the CSAF 2.0 schema wants there." },
	[TW_CSAF_6_1_1] = { "6.1.1", tw_csaf_product_ids_defined, "Define the product in product_tree, or correct the reference." },
	[TW_CSAF_6_1_2] = { "6.1.2", tw_csaf_product_ids_once, "Give each product an id of its own." },
	[TW_CSAF_6_1_3] = { "6.1.3", tw_csaf_relationships_end, "Let the relationship refer to products that do not contain it." },
	[TW_CSAF_6_1_4] = { "6.1.4", tw_csaf_group_ids_defined, "Define the group in product_tree/product_groups, or correct the reference." },
	[TW_CSAF_6_1_5] = { "6.1.5", tw_csaf_group_ids_once, "Give each group an id of its own." },
	[TW_CSAF_6_1_6] = { "6.1.6", tw_csaf_status_agrees, "Leave each product in one of: affected, not affected, fixed, under investigation." },
	[TW_CSAF_6_1_7] = { "6.1.7", tw_csaf_scores_once, "Leave each product one score of each CVSS version." },
	[TW_CSAF_6_1_8] = { "6.1.8", tw_csaf_cvss_shape, "Give the CVSS object the form that its version's schema wants." },
	[TW_CSAF_6_1_9] = { "6.1.9", tw_csaf_cvss_values, "Take score and severity from the vector string: thingward cvss VECTOR." },
	[TW_CSAF_6_1_10] = { "6.1.10", tw_csaf_cvss_metrics, "Take the metric from the vector string, or leave it out." },
	[TW_CSAF_6_1_11] = { "6.1.11", tw_csaf_weaknesses, "Take id and name of the weakness from CWE as they are there." },
	[TW_CSAF_6_1_12] = { "6.1.12", tw_csaf_languages, "Use a language tag whose parts are registered, such as en or de-CH." },
	[TW_CSAF_6_1_13] = { "6.1.13", tw_csaf_purls, "Correct the package URL." },
	[TW_CSAF_6_1_14] = { "6.1.14", tw_csaf_history_ascends, "Give later versions later dates." },
	[TW_CSAF_6_1_15] = { "6.1.15", tw_csaf_translator, "Say in document/source_lang what was translated from." },
	[TW_CSAF_6_1_16] = { "6.1.16", tw_csaf_version_is_latest, "Let tracking/version be the number of the latest revision." },
	[TW_CSAF_6_1_17] = { "6.1.17", tw_csaf_version_fits_status, "Set the status to draft, or the version to 1 or 1.0.0 and above." },
	[TW_CSAF_6_1_18] = { "6.1.18", tw_csaf_released_history, "Take revisions of drafts (0, 0.y.z) out of a released document." },
	[TW_CSAF_6_1_19] = { "6.1.19", tw_csaf_history_no_prerelease, "Leave pre-release parts out of the revision history." },
	[TW_CSAF_6_1_20] = { "6.1.20", tw_csaf_version_no_prerelease, "Leave the pre-release part out, or set the status to draft." },
	[TW_CSAF_6_1_21] = { "6.1.21", tw_csaf_history_complete, "Add the missing revision; the first one is 0 or 1." },
	[TW_CSAF_6_1_22] = { "6.1.22", tw_csaf_history_once, "Give each revision a number of its own." },
	[TW_CSAF_6_1_23] = { "6.1.23", tw_csaf_cves_once, "Join the vulnerabilities that have the same CVE." },
	[TW_CSAF_6_1_24] = { "6.1.24", tw_csaf_involvements_once, "Leave one involvement for each party and date." },
	[TW_CSAF_6_1_25] = { "6.1.25", tw_csaf_hash_algorithms, "Leave one value for each hash algorithm of a file." },
	[TW_CSAF_6_1_26] = { "6.1.26", tw_csaf_category, "Use a profile's own name, or one unlike all of them." },
	[TW_CSAF_6_1_27_1] = { "6.1.27.1", tw_csaf_profile_notes, "Add a note of category description, details, general or summary." },
	[TW_CSAF_6_1_27_2] = { "6.1.27.2", tw_csaf_profile_references, "Add a reference of category external." },
	[TW_CSAF_6_1_27_3] = { "6.1.27.3", tw_csaf_profile_no_vulnerabilities, "Leave vulnerabilities out, or choose another category." },
	[TW_CSAF_6_1_27_4] = { "6.1.27.4", tw_csaf_profile_products, "Add a product_tree." },
	[TW_CSAF_6_1_27_5] = { "6.1.27.5", tw_csaf_profile_vulnerability_notes, "Give the vulnerability a note." },
	[TW_CSAF_6_1_27_6] = { "6.1.27.6", tw_csaf_profile_status, "Say in product_status which products are concerned." },
	[TW_CSAF_6_1_27_7] = { "6.1.27.7", tw_csaf_profile_vex_status,
		"Say which products are fixed, known_affected, known_not_affected or under_investigation." },
	[TW_CSAF_6_1_27_8] = { "6.1.27.8", tw_csaf_profile_vex_ids, "Give the vulnerability its cve, or ids of another system." },
	[TW_CSAF_6_1_27_9] = { "6.1.27.9", tw_csaf_profile_impact, "Add a flag, or a threat of category impact, for the product or its group." },
	[TW_CSAF_6_1_27_10] = { "6.1.27.10", tw_csaf_profile_action, "Add a remediation for the product or its group." },
	[TW_CSAF_6_1_27_11] = { "6.1.27.11", tw_csaf_profile_vulnerabilities, "Add vulnerabilities." },
	[TW_CSAF_6_1_28] = { "6.1.28", tw_csaf_translated, "Let lang and source_lang differ, or leave source_lang out." },
	[TW_CSAF_6_1_29] = { "6.1.29", tw_csaf_remediations_of_products, "Say in product_ids or group_ids what the remediation is for." },
	[TW_CSAF_6_1_30] = { "6.1.30", tw_csaf_one_versioning, "Keep to whole numbers or to semantic versions in the whole document." },
	[TW_CSAF_6_1_31] = { "6.1.31", tw_csaf_version_names, "Name one version, or use the category product_version_range." },
	[TW_CSAF_6_1_32] = { "6.1.32", tw_csaf_flags_of_products, "Say in product_ids or group_ids what the flag is for." },
	[TW_CSAF_6_1_33] = { "6.1.33", tw_csaf_flags_once, "Leave each product one flag." },
};

const char *tw_csaf_test_id(enum tw_csaf_test t)
{
	return tests[t].id;
}

const char *tw_csaf_test_advice(enum tw_csaf_test t)
{
	return tests[t].advice;
}

static tw_err add_key(struct tw_buf *b, const char *key)
{
	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			TW_TRY(tw_buf_text(b, *key == '~' ? "~0" : "~1"));
		else
			TW_TRY(tw_buf_add(b, key, 1));
	}
	return TW_OK;
}

/* As deep as the document: no recursion, the parts are put before what is there already. */
static tw_err spell(struct tw_csaf_run *r, const struct tw_csaf_at *at)
{
	const struct tw_csaf_at *parts[TW_JSON_DEEPEST + 4];
	size_t count = 0;

	tw_buf_clear(&r->path);
	for (; at && count < TW_COUNT(parts); at = at->up)
		parts[count++] = at;
	while (count--) {
		TW_TRY(tw_buf_text(&r->path, "/"));
		if (parts[count]->key)
			TW_TRY(add_key(&r->path, parts[count]->key));
		else
			TW_TRY(tw_buf_format(&r->path, "%zu", parts[count]->index));
	}
	return TW_OK;
}

tw_err tw_csaf_tell_at(struct tw_csaf_run *r, const struct tw_csaf_at *at, const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list list;

	r->counts->all++;
	if (r->counts->of[r->test]++ >= TW_CSAF_FINDINGS_MAX)
		return TW_OK;
	tw_err e = spell(r, at);
	if (tw_is(e, TW_CODE_LIMIT))
		tw_buf_clear(&r->path); /* a key of 64 KiB: the document is named instead */
	else
		TW_TRY(e);
	va_start(list, format);
	(void)vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	tw_utf8_mend(message);
	const struct tw_csaf_finding f = { .test = r->test, .path = tw_buf_cstr(&r->path), .message = message };
	return r->how->tell ? r->how->tell(r->how->user, &f) : TW_OK;
}

tw_err tw_csaf_work(struct tw_csaf_run *r, size_t items)
{
	r->work += items;
	if (r->work > WORK_MAX)
		return TW_RAISE(LIMIT, "its groups, taken apart for each vulnerability, have more than %d products", WORK_MAX);
	return TW_OK;
}

tw_err tw_csaf_names_add(struct tw_csaf_names *n, const struct tw_csaf_name *name)
{
	if (n->count == n->capacity) {
		size_t capacity = n->capacity ? 2 * n->capacity : 16;
		struct tw_csaf_name *list = n->sys->resize(n->sys, n->list, capacity * sizeof(*list));

		if (!list)
			return TW_RAISE(NOMEM, "names");
		n->list = list;
		n->capacity = capacity;
	}
	n->list[n->count] = *name;
	if (!name->more)
		n->list[n->count].more = "";
	n->count++;
	return TW_OK;
}

static int by_text(const struct tw_csaf_name *a, const struct tw_csaf_name *b)
{
	int c = strcmp(a->text, b->text);

	return c ? c : strcmp(a->more, b->more);
}

static int by_text_and_place(const void *left, const void *right)
{
	const struct tw_csaf_name *a = left, *b = right;
	int c = by_text(a, b);

	if (!c)
		c = (a->a > b->a) - (a->a < b->a);
	return c ? c : (a->b > b->b) - (a->b < b->b);
}

void tw_csaf_names_sort(struct tw_csaf_names *n)
{
	if (n->count > 1)
		qsort(n->list, n->count, sizeof(*n->list), by_text_and_place);
}

const struct tw_csaf_name *tw_csaf_names_find(const struct tw_csaf_names *n, const char *text)
{
	size_t low = 0, high = n->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(n->list[middle].text, text) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n->count && !strcmp(n->list[low].text, text) ? &n->list[low] : NULL;
}

bool tw_csaf_names_repeat(const struct tw_csaf_names *n, size_t i)
{
	return i > 0 && i < n->count && !by_text(&n->list[i - 1], &n->list[i]);
}

void tw_csaf_names_done(struct tw_csaf_names *n)
{
	free(n->list);
	*n = (struct tw_csaf_names){ .sys = n->sys };
}

const char *tw_csaf_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && *text ? text : NULL;
}

bool tw_csaf_one_of(const char *text, const char *const *list)
{
	for (; text && *list; list++)
		if (!strcmp(text, *list))
			return true;
	return false;
}

tw_err tw_csaf_check_json(const struct tw_sys *sys, const json_t *document, const struct tw_csaf_check *how, struct tw_csaf_counts *ret)
{
	struct tw_csaf_run r = { .sys = sys, .document = document, .how = how, .counts = ret };
	tw_err e = TW_OK;

	*ret = (struct tw_csaf_counts){ 0 };
	tw_buf_init(&r.path, sys, PATH_MAX_BYTES);
	for (size_t i = 0; i < TW_COUNT(tests) && !tw_failed(e); i++) {
		r.test = (enum tw_csaf_test)i;
		e = tests[i].run(&r);
	}
	tw_buf_done(&r.path);
	return e;
}

tw_err tw_csaf_check_helper(const struct tw_sys *sys, const json_t *helper, const struct tw_csaf_check *how, struct tw_csaf_counts *ret)
{
	static const struct {
		enum tw_csaf_test test;
		tw_err (*run)(struct tw_csaf_run *r, const json_t *helper, const struct tw_csaf_at *at);
	} rows[] = { { TW_CSAF_SCHEMA, tw_csaf_helper_shape }, { TW_CSAF_6_1_13, tw_csaf_helper_purl },
		{ TW_CSAF_6_1_25, tw_csaf_helper_hashes } };
	struct tw_csaf_run r = { .sys = sys, .how = how, .counts = ret };
	tw_err e = TW_OK;

	*ret = (struct tw_csaf_counts){ 0 };
	tw_buf_init(&r.path, sys, PATH_MAX_BYTES);
	for (size_t i = 0; i < TW_COUNT(rows) && !tw_failed(e); i++) {
		r.test = rows[i].test;
		e = rows[i].run(&r, helper, NULL);
	}
	tw_buf_done(&r.path);
	return e;
}

tw_err tw_csaf_check(const struct tw_sys *sys, struct tw_slice text, const struct tw_csaf_check *how, struct tw_csaf_counts *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	*ret = (struct tw_csaf_counts){ 0 };
	TW_TRY(tw_json_parse_deep(text, TW_CSAF_MAX, TW_JSON_DEEPEST, &document));
	return tw_csaf_check_json(sys, document, how, ret);
}
