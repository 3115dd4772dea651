/* SPDX-License-Identifier: Apache-2.0 */
/* What the desk stores of releases: see entries.h. */
#include "product/entries.h"

#include "base/text.h"

#include <string.h>

#define CERTAINTY_MAX 3
#define EPSS_WHOLE 1000000

static const struct tw_shape component_shape[] = {
	{ "name", TW_JSON_TEXT, true, 1, TW_PART_NAME_MAX },
	{ "version", TW_JSON_TEXT, false, 0, TW_PART_VERSION_MAX },
	{ "purl", TW_JSON_TEXT, false, 0, TW_PART_PURL_MAX },
	{ "cpe", TW_JSON_TEXT, false, 0, TW_PART_CPE_MAX },
	{ "supplier", TW_JSON_TEXT, false, 0, TW_PART_SUPPLIER_MAX },
	{ .key = NULL },
};
static const struct tw_shape finding_shape[] = {
	{ "vulnerability", TW_JSON_TEXT, true, 1, TW_VULNERABILITY_MAX },
	{ "component", TW_JSON_TEXT, true, 1, TW_PART_PURL_MAX },
	{ "version", TW_JSON_TEXT, true, 0, TW_PART_VERSION_MAX },
	{ "name", TW_JSON_TEXT, false, 0, TW_PART_NAME_MAX },
	{ "purl", TW_JSON_TEXT, false, 0, TW_PART_PURL_MAX },
	{ "cpe", TW_JSON_TEXT, false, 0, TW_PART_CPE_MAX },
	{ "summary", TW_JSON_TEXT, false, 0, TW_FINDING_LINE_MAX },
	{ "state", TW_JSON_TEXT, true, 4, 8 },
	{ "facts", TW_JSON_TEXT, true, TW_FACTS_SIZE, TW_FACTS_SIZE },
	{ "rule", TW_JSON_TEXT, false, 0, 32 },
	{ "because", TW_JSON_TEXT, false, 0, TW_FINDING_LINE_MAX },
	{ "evidence", TW_JSON_ARRAY, false, 0, 0 },
	{ "records", TW_JSON_ARRAY, false, 0, 0 },
	{ "statements", TW_JSON_ARRAY, false, 0, 0 },
	{ "kev", TW_JSON_OBJECT, false, 0, 0 },
	{ "epss", TW_JSON_INT, false, 0, EPSS_WHOLE },
	{ "score", TW_JSON_INT, false, 0, 100 },
	{ "decision", TW_JSON_OBJECT, false, 0, 0 },
	{ .key = NULL },
};
static const struct tw_shape kev_shape[] = {
	{ "added", TW_JSON_TEXT, false, 0, 32 },
	{ "due", TW_JSON_TEXT, false, 0, 32 },
	{ "ransomware", TW_JSON_BOOL, false, 0, 0 },
	{ .key = NULL },
};
static const struct tw_shape record_shape[] = {
	{ "id", TW_JSON_TEXT, true, 1, TW_VULNERABILITY_MAX },
	{ "file", TW_JSON_TEXT, true, 0, TW_FINDING_LINE_MAX },
	{ "by", TW_JSON_TEXT, true, 1, 16 },
	{ "verdict", TW_JSON_TEXT, true, 1, 16 },
	{ "place", TW_JSON_TEXT, false, 0, TW_FINDING_LINE_MAX },
	{ "reason", TW_JSON_TEXT, false, 0, TW_FINDING_LINE_MAX },
	{ .key = NULL },
};
static const struct tw_shape statement_shape[] = {
	{ "status", TW_JSON_TEXT, true, 1, 32 },
	{ "justification", TW_JSON_TEXT, false, 0, 64 },
	{ "file", TW_JSON_TEXT, true, 0, TW_FINDING_LINE_MAX },
	{ "place", TW_JSON_TEXT, false, 0, TW_FINDING_LINE_MAX },
	{ .key = NULL },
};
/* As decisions.yaml has it; which vulnerability and component, the finding says. */
static const struct tw_shape decision_shape[] = {
	{ "status", TW_JSON_TEXT, true, 1, 32 },
	{ "justification", TW_JSON_TEXT, false, 0, 64 },
	{ "impact", TW_JSON_TEXT, false, 0, TW_DECISION_WORDS_MAX },
	{ "action", TW_JSON_TEXT, false, 0, TW_DECISION_WORDS_MAX },
	{ "by", TW_JSON_TEXT, true, 1, 128 },
	{ "date", TW_JSON_TEXT, true, 10, 10 },
	{ "reason", TW_JSON_TEXT, true, 1, TW_DECISION_WORDS_MAX },
	{ "facts", TW_JSON_TEXT, true, TW_FACTS_SIZE, TW_FACTS_SIZE },
	{ .key = NULL },
};

void tw_component_key(struct tw_slice name, char ret[TW_PART_NAME_MAX + 1])
{
	size_t size = name.size < TW_PART_NAME_MAX ? name.size : TW_PART_NAME_MAX;

	for (size_t i = 0; i < size; i++)
		ret[i] = name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char)(name.at[i] - 'A' + 'a') : name.at[i];
	ret[size] = '\0';
}

/* Which entry it is, before what is wrong with it. */
static tw_err blame(tw_err e, size_t entry)
{
	char why[TW_DETAIL_MAX];

	if (!tw_is(e, TW_CODE_SYNTAX) && !tw_is(e, TW_CODE_LIMIT))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return TW_RAISE(SYNTAX, "entry %zu: %s", entry, why);
}

static tw_err check_count(const json_t *entries)
{
	if (!json_is_array(entries))
		return TW_RAISE(SYNTAX, "entries is no array");
	if (json_array_size(entries) > TW_ENTRIES_MAX)
		return TW_RAISE(LIMIT, "more than %d entries in one piece", TW_ENTRIES_MAX);
	return TW_OK;
}

/* A control character in a name would be shown as something else than it is. */
static tw_err check_plain(const json_t *entry, const char *key)
{
	for (const char *at = tw_json_text(entry, key); *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return TW_RAISE(SYNTAX, "%s has a control character", key);
	return TW_OK;
}

static tw_err check_component(const json_t *entry)
{
	static const char *const plain[] = { "name", "version", "purl", "cpe", "supplier" };

	TW_TRY(tw_json_check(entry, component_shape));
	for (size_t i = 0; i < TW_COUNT(plain); i++)
		TW_TRY(check_plain(entry, plain[i]));
	return TW_OK;
}

tw_err tw_components_check(const json_t *entries)
{
	const json_t *entry;
	size_t i;

	TW_TRY(check_count(entries));
	json_array_foreach(entries, i, entry)
		TW_TRY(blame(check_component(entry), i));
	return TW_OK;
}

static tw_err check_texts(const json_t *list, const char *key)
{
	const json_t *one;
	size_t i;

	if (json_array_size(list) > TW_FINDING_EVIDENCE_MAX)
		return TW_RAISE(LIMIT, "%s has more than %d entries", key, TW_FINDING_EVIDENCE_MAX);
	json_array_foreach(list, i, one)
		if (!json_is_string(one) || json_string_length(one) > TW_FINDING_LINE_MAX)
			return TW_RAISE(SYNTAX, "%s[%zu] is no text of at most %d bytes", key, i, TW_FINDING_LINE_MAX);
	return TW_OK;
}

static bool is_facts(const char *text)
{
	return strlen(text) == TW_FACTS_SIZE && strspn(text, "0123456789abcdef") == TW_FACTS_SIZE;
}

const char *tw_decision_fault(const json_t *d)
{
	static const char *const statuses[] = { "not_affected", "affected", "fixed", "under_investigation" },
				 *const labels[] = { "", "component_not_present", "vulnerable_code_not_present",
					 "vulnerable_code_not_in_execute_path", "vulnerable_code_cannot_be_controlled_by_adversary",
					 "inline_mitigations_already_exist" };
	const char *status = tw_json_text(d, "status"), *label = tw_json_text(d, "justification");
	bool known = false, labelled = false;

	for (size_t i = 0; i < TW_COUNT(statuses); i++)
		known = known || !strcmp(statuses[i], status);
	for (size_t i = 0; i < TW_COUNT(labels); i++)
		labelled = labelled || !strcmp(labels[i], label);
	if (!known)
		return "status is not_affected, affected, fixed or under_investigation";
	if (!labelled)
		return "that is no justification";
	if (!strcmp(status, "not_affected") && !*label && !*tw_json_text(d, "impact"))
		return "not_affected needs a justification, or the impact in words";
	if (!strcmp(status, "affected") && !*tw_json_text(d, "action"))
		return "affected needs an action";
	if (strcmp(status, "not_affected") != 0 && *label)
		return "only not_affected has a justification";
	return NULL;
}

static tw_err check_decision(const json_t *d)
{
	if (!d)
		return TW_OK;
	TW_TRY(tw_json_check(d, decision_shape));
	if (!is_facts(tw_json_text(d, "facts")))
		return TW_RAISE(SYNTAX, "facts of the decision are no hash");
	const char *fault = tw_decision_fault(d);
	return fault ? TW_RAISE(SYNTAX, "decision: %s", fault) : TW_OK;
}

static bool is_state(const char *state)
{
	return !strcmp(state, "open") || !strcmp(state, "again") || !strcmp(state, "ruled") || !strcmp(state, "decided");
}

static tw_err check_size(const struct tw_sys *sys, const json_t *entry)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, TW_ENTRY_MAX);
	return tw_json_write(entry, &text);
}

static tw_err check_finding(const struct tw_sys *sys, const json_t *entry)
{
	static const char *const plain[] = { "vulnerability", "component", "version", "name", "purl", "cpe", "rule" };

	TW_TRY(tw_json_check(entry, finding_shape));
	for (size_t i = 0; i < TW_COUNT(plain); i++)
		TW_TRY(check_plain(entry, plain[i]));
	if (!is_state(tw_json_text(entry, "state")))
		return TW_RAISE(SYNTAX, "state is open, again, ruled or decided");
	if (!strcmp(tw_json_text(entry, "state"), "ruled") != !!*tw_json_text(entry, "rule"))
		return TW_RAISE(SYNTAX, "what is ruled has its rule, and nothing else has");
	if (!strcmp(tw_json_text(entry, "state"), "decided") && !json_object_get(entry, "decision"))
		return TW_RAISE(SYNTAX, "what is decided has its decision");
	if (!is_facts(tw_json_text(entry, "facts")))
		return TW_RAISE(SYNTAX, "facts are no hash");
	if (json_object_get(entry, "kev"))
		TW_TRY(tw_json_check(json_object_get(entry, "kev"), kev_shape));
	TW_TRY(check_texts(json_object_get(entry, "evidence"), "evidence"));
	TW_TRY(tw_json_check_each(json_object_get(entry, "records"), record_shape, TW_FINDING_RECORDS_MAX));
	TW_TRY(tw_json_check_each(json_object_get(entry, "statements"), statement_shape, TW_FINDING_RECORDS_MAX));
	TW_TRY(check_decision(json_object_get(entry, "decision")));
	return check_size(sys, entry);
}

tw_err tw_findings_check(const struct tw_sys *sys, const json_t *entries)
{
	const json_t *entry;
	size_t i;

	TW_TRY(check_count(entries));
	json_array_foreach(entries, i, entry)
		TW_TRY(blame(check_finding(sys, entry), i));
	return TW_OK;
}

/* --- What the tool sends --- */

static tw_err put(json_t *to, const char *key, const char *text)
{
	return *text ? tw_json_set(to, key, json_string(text)) : TW_OK;
}

/* CycloneDX: an object with a name; SPDX: "Organization: ACME (security@example.com)", or NOASSERTION. */
static tw_err put_supplier(json_t *to, const json_t *object)
{
	const json_t *supplier = json_object_get(object, "supplier");
	const char *name = json_is_object(supplier) ? tw_json_text(supplier, "name") : tw_json_text(object, "supplier");
	char cut[TW_PART_SUPPLIER_MAX + 1];

	if (!json_is_object(supplier) && strchr(name, ':'))
		name = strchr(name, ':') + 1;
	name += strspn(name, " ");
	if (!strcmp(name, "NOASSERTION"))
		return TW_OK;
	(void)snprintf(cut, sizeof cut, "%s", name);
	tw_utf8_mend(cut);
	for (char *at = cut; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = ' ';
	return put(to, "supplier", cut);
}

tw_err tw_component_entry(const struct tw_sys *sys, const struct tw_bom_part *part, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = json_object();
	struct tw_vuln_subject s = { 0 };

	if (!to)
		return TW_RAISE(NOMEM, "a component");
	/* A purl or CPE name that is none costs its version alone: it is stored as it stands. */
	tw_err e = tw_vuln_subject_init(sys, &part->c, &s);
	const bool read = !tw_failed(e);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		e = TW_OK;
	if (!tw_failed(e))
		e = put(to, "name", part->c.name && *part->c.name ? part->c.name : read ? s.name : "");
	if (!tw_failed(e))
		e = put(to, "version", part->c.version && *part->c.version ? part->c.version : read ? s.version : "");
	if (!tw_failed(e))
		e = put(to, "purl", part->c.purl ? part->c.purl : "");
	if (!tw_failed(e))
		e = put(to, "cpe", part->c.cpe ? part->c.cpe : "");
	if (!tw_failed(e))
		e = put_supplier(to, part->object);
	if (read)
		tw_vuln_subject_done(&s);
	TW_TRY(e);
	TW_TRY(check_component(to));
	*ret = TW_STEAL(to);
	return TW_OK;
}

/* As much of a text as has room, in whole characters. */
static tw_err put_cut(json_t *to, const char *key, const char *text)
{
	char cut[TW_FINDING_LINE_MAX + 1];

	(void)snprintf(cut, sizeof cut, "%s", text);
	tw_utf8_mend(cut);
	return put(to, key, cut);
}

static tw_err copy_texts(const json_t *from, json_t *to, const char *const *keys)
{
	for (; *keys; keys++)
		TW_TRY(put_cut(to, *keys, tw_json_text(from, *keys)));
	return TW_OK;
}

static tw_err copy_each(const json_t *item, const char *key, const char *const *members, size_t most, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const json_t *one;
	size_t i;

	if (!list)
		return TW_RAISE(NOMEM, "a finding");
	json_array_foreach(json_object_get(item, key), i, one) {
		json_t *copy = json_object();

		if (i == most) {
			json_decref(copy);
			break;
		}
		TW_TRY(tw_json_append(list, copy));
		TW_TRY(copy_texts(one, copy, members));
		if (!json_object_get(copy, "file"))
			TW_TRY(tw_json_set(copy, "file", json_string("")));
	}
	return json_array_size(list) ? tw_json_set(to, key, TW_STEAL(list)) : TW_OK;
}

static tw_err copy_evidence(const json_t *item, size_t most, json_t *to)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	const json_t *one;
	size_t i;

	if (!list)
		return TW_RAISE(NOMEM, "a finding");
	json_array_foreach(json_object_get(item, "evidence"), i, one) {
		char cut[TW_FINDING_LINE_MAX + 1];

		if (i == most || !json_is_string(one))
			break;
		(void)snprintf(cut, sizeof cut, "%s", json_string_value(one));
		tw_utf8_mend(cut);
		TW_TRY(tw_json_append(list, json_string(cut)));
	}
	return json_array_size(list) ? tw_json_set(to, "evidence", TW_STEAL(list)) : TW_OK;
}

/* A decision goes whole, since a part of one says something else. */
static tw_err copy_decision(const json_t *item, json_t *to)
{
	const json_t *d = json_object_get(item, "decision");
	json_t *copy = json_object();

	if (!d) {
		json_decref(copy);
		return TW_OK;
	}
	TW_TRY(tw_json_set(to, "decision", copy));
	for (const struct tw_shape *s = decision_shape; s->key; s++)
		TW_TRY(put(copy, s->key, tw_json_text(d, s->key)));
	return TW_OK;
}

static tw_err copy_standing(const json_t *item, json_t *to)
{
	const json_t *kev = json_object_get(item, "kev");

	if (kev)
		TW_TRY(tw_json_set(to, "kev",
			json_pack("{s:s, s:s, s:b}", "added", tw_json_text(kev, "added"), "due", tw_json_text(kev, "due"),
				"ransomware", tw_json_bool(kev, "ransomware"))));
	if (json_object_get(item, "epss"))
		TW_TRY(tw_json_set(to, "epss", json_integer(tw_json_int(item, "epss"))));
	return json_object_get(item, "score") ? tw_json_set(to, "score", json_integer(tw_json_int(item, "score"))) : TW_OK;
}

/* most: of records, statements and evidence, so that what has much of them still fits. */
static tw_err reduce(const json_t *item, size_t most, json_t **ret)
{
	static const char *const named[] = { "vulnerability", "component", "purl", "cpe", "state", "facts", "rule", NULL },
				 *const cut[] = { "name", "summary", "because", NULL },
				 *const record[] = { "id", "file", "by", "verdict", "place", "reason", NULL },
				 *const statement[] = { "status", "justification", "file", "place", NULL };
	TW_CLEANUP(tw_jsonp) json_t *to = json_object();

	if (!to)
		return TW_RAISE(NOMEM, "a finding");
	for (const char *const *key = named; *key; key++)
		TW_TRY(put(to, *key, tw_json_text(item, *key)));
	TW_TRY(tw_json_set(to, "version", json_string(tw_json_text(item, "version"))));
	TW_TRY(copy_texts(item, to, cut));
	TW_TRY(copy_each(item, "records", record, most, to));
	TW_TRY(copy_each(item, "statements", statement, most, to));
	TW_TRY(copy_evidence(item, most, to));
	TW_TRY(copy_decision(item, to));
	TW_TRY(copy_standing(item, to));
	*ret = TW_STEAL(to);
	return TW_OK;
}

tw_err tw_finding_entry(const struct tw_sys *sys, const json_t *item, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *to = NULL;
	tw_err e = TW_OK;

	for (size_t most = TW_FINDING_RECORDS_MAX; most; most /= 2) {
		tw_jsonp(&to);
		TW_TRY(reduce(item, most, &to));
		e = check_finding(sys, to);
		if (!tw_is(e, TW_CODE_LIMIT))
			break;
	}
	TW_TRY(e);
	*ret = TW_STEAL(to);
	return TW_OK;
}

/* --- Urgency --- */

/* As the tool's queue has it (product/triage-rules.c): the weakest ties last. */
static int certainty(const json_t *entry)
{
	const json_t *one;
	int best = 0;
	size_t i;

	if (json_array_size(json_object_get(entry, "statements")))
		return CERTAINTY_MAX;
	json_array_foreach(json_object_get(entry, "records"), i, one) {
		int is = !strcmp(tw_json_text(one, "verdict"), "affected") ? 2 : !strcmp(tw_json_text(one, "verdict"), "undecided");

		if (is && strcmp(tw_json_text(one, "by"), "name") != 0)
			is++;
		best = is > best ? is : best;
	}
	return best;
}

void tw_finding_urgency(const json_t *entry, struct tw_urgency *ret)
{
	*ret = (struct tw_urgency){ .exploited = json_object_get(entry, "kev") != NULL,
		.epss = json_object_get(entry, "epss") ? tw_json_int(entry, "epss") : -1,
		.score = json_object_get(entry, "score") ? tw_json_int(entry, "score") : -1,
		.certainty = certainty(entry) };
}

int64_t tw_urgency_number(const struct tw_urgency *u)
{
	return ((u->exploited ? 0 : 1) * (int64_t)(EPSS_WHOLE + 2) + EPSS_WHOLE - u->epss) * (CERTAINTY_MAX + 1) + CERTAINTY_MAX -
		u->certainty;
}
