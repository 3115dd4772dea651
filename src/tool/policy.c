/* SPDX-License-Identifier: Apache-2.0 */
/* A gate's policy: rows that describe the file, and the judgement, which names the rule that an element breaks. */
#include "tool/compare.h"
#include "tool/verdict.h"

#include "formats/catalog.h"

#include <string.h>

#define RULES_MAX 200

static const struct tw_field rule_fields[] = {
	{ "name", TW_FIELD_TEXT, true, 1, 200, NULL, NULL, "what a failure is called, as nobody may do more than his role says" },
	{ "elements", TW_FIELD_WORDS, true, 1, 64, ".*-", NULL, "ids of the catalog, as LA.X.1; LA.* stands for all that begin so" },
	{ "verdicts", TW_FIELD_WORDS, false, 1, 32, "-", NULL, "what each may be, of pass, fail, inconclusive, not-applicable" },
	{ "may-be-missing", TW_FIELD_YES, false, 0, 0, NULL, NULL, "yes: one that was not assessed breaks no rule" },
	{ "may-get-worse", TW_FIELD_YES, false, 0, 0, NULL, NULL, "no: two runs are compared, and none may be worse than before, or gone" },
	{},
};
static const struct tw_field policy_fields[] = {
	{ "format", TW_FIELD_INT, true, 1, 1, NULL, NULL, "1" },
	{ "may-be-partial", TW_FIELD_YES, false, 0, 0, NULL, NULL, "yes: a run may do, of which a part was tried" },
	{ "rules", TW_FIELD_LIST, true, 1, RULES_MAX, NULL, rule_fields, "what has to be so" },
	{},
};
static const char *const words[] = { "pass", "fail", "inconclusive", "not-applicable", NULL };

static bool is_verdict(const char *word)
{
	for (size_t i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return true;
	return false;
}

/* As its rule writes it: one word. */
static bool same_verdict(const char *word, const char *verdict)
{
	return !strcmp(word, verdict) || (!strcmp(word, "not-applicable") && !strcmp(verdict, "not applicable"));
}

static bool matches(const char *pattern, const char *id)
{
	size_t size = strcspn(pattern, "*");

	return !strncmp(pattern, id, size) && (pattern[size] == '*' || id[size] == '\0');
}

/* What matches nothing would hold for ever. */
static bool in_catalog(const char *pattern)
{
	const struct tw_catalog_row *const both[] = { tw_catalog, tw_supporting };

	for (size_t i = 0; i < TW_COUNT(both); i++)
		for (const struct tw_catalog_row *row = both[i]; row->id; row++)
			if (matches(pattern, row->id))
				return true;
	return false;
}

static tw_err check_elements(const tw_yaml *elements, struct tw_problems *p)
{
	for (size_t i = 0; elements && i < tw_yaml_count(elements); i++) {
		const tw_yaml *item = tw_yaml_item(elements, i);
		const char *text = tw_yaml_text(item), *star = text ? strchr(text, '*') : NULL;

		if (star && star[1])
			TW_TRY(tw_problem(p, item, "LA.*", "the star of '%.64s' is not at its end", text));
		else if (text && !in_catalog(text))
			TW_TRY(tw_problem(p, item, "an id of the catalog, as LA.X.1, or the beginning of some, as LA.*",
				star ? "no element's id begins as '%.64s' says" : "the catalog has no element '%.64s'", text));
	}
	return TW_OK;
}

static tw_err check_words(const tw_yaml *rule, struct tw_problems *p)
{
	const tw_yaml *verdicts = tw_yaml_find(rule, "verdicts"), *elements = tw_yaml_find(rule, "elements");

	for (size_t i = 0; verdicts && i < tw_yaml_count(verdicts); i++) {
		const tw_yaml *word = tw_yaml_item(verdicts, i);

		if (tw_yaml_text(word) && !is_verdict(tw_yaml_text(word)))
			TW_TRY(tw_problem(p, word, "pass, fail, inconclusive or not-applicable", "'%.32s' is no verdict",
				tw_yaml_text(word)));
	}
	TW_TRY(check_elements(elements, p));
	if ((elements && !tw_yaml_count(elements)) || (!verdicts && !tw_yaml_find(rule, "may-get-worse")))
		TW_TRY(tw_problem(p, rule, "verdicts: [pass], or may-get-worse: no", "the rule asks for nothing"));
	return TW_OK;
}

tw_err tw_policy_read(const struct tw_sys *sys, struct tw_slice text, struct tw_problems *p, json_t **ret)
{
	TW_CLEANUP(tw_yaml_freep) tw_yaml *root = NULL;
	tw_err e = tw_yaml_parse(sys, text, TW_POLICY_MAX, &root);

	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return tw_problem_at(p, 1, 1, tw_err_detail(), "a file as doc/spec/policy.md describes it");
	TW_TRY(e);
	if (tw_yaml_kind(root) != TW_YAML_MAP)
		return tw_problem(p, root, "start with 'format: 1'", "the file must be a map (key: value)");
	TW_TRY(tw_schema_read(root, policy_fields, p, ret));
	const tw_yaml *rules = tw_yaml_find(root, "rules");
	for (size_t i = 0; rules && tw_yaml_kind(rules) == TW_YAML_LIST && i < tw_yaml_count(rules); i++)
		if (tw_yaml_kind(tw_yaml_item(rules, i)) == TW_YAML_MAP)
			TW_TRY(check_words(tw_yaml_item(rules, i), p));
	return TW_OK;
}

static tw_err break_of(json_t *list, const json_t *rule, const char *element, const char *verdict, const char *why)
{
	return tw_json_append(list,
		json_pack("{s:s, s:s, s:s, s:s}", "rule", tw_json_text(rule, "name"), "element", element, "verdict", verdict, "why", why));
}

static bool allowed(const json_t *rule, const char *verdict)
{
	const json_t *verdicts = tw_json_get(rule, "verdicts");
	size_t i;
	json_t *word;

	json_array_foreach(verdicts, i, word)
		if (same_verdict(json_string_value(word), verdict))
			return true;
	return !verdicts;
}

static tw_err judge_verdicts(const json_t *rule, const char *pattern, const json_t *elements, json_t *list)
{
	bool any = false;
	size_t i;
	json_t *e;

	json_array_foreach(elements, i, e) {
		if (!matches(pattern, tw_json_text(e, "element")))
			continue;
		any = true;
		if (!allowed(rule, tw_json_text(e, "verdict")))
			TW_TRY(break_of(list, rule, tw_json_text(e, "element"), tw_json_text(e, "verdict"), tw_json_text(e, "reason")));
	}
	if (!any && tw_json_get(rule, "verdicts") && !tw_json_bool(rule, "may-be-missing"))
		TW_TRY(break_of(list, rule, pattern, "missing", "It was not assessed."));
	return TW_OK;
}

static bool worsened(const json_t *change)
{
	return !strcmp(tw_json_text(change, "change"), "worse") || !strcmp(tw_json_text(change, "change"), "gone");
}

static tw_err judge_changes(const json_t *rule, const char *pattern, const json_t *changes, json_t *list)
{
	const json_t *may = tw_json_get(rule, "may-get-worse");
	bool any = false;
	size_t i;
	json_t *c;

	if (!may || json_is_true(may))
		return TW_OK;
	if (!changes)
		return break_of(list, rule, pattern, "missing", "The rule compares two runs, and there is one.");
	json_array_foreach(changes, i, c) {
		if (!matches(pattern, tw_json_text(c, "element")))
			continue;
		any = true;
		if (worsened(c))
			TW_TRY(break_of(list, rule, tw_json_text(c, "element"),
				*tw_json_text(c, "after") ? tw_json_text(c, "after") : "gone", tw_json_text(c, "reason")));
	}
	if (!any && !tw_json_get(rule, "verdicts") && !tw_json_bool(rule, "may-be-missing")) /* with verdicts it is said already */
		TW_TRY(break_of(list, rule, pattern, "missing", "Neither run assessed it."));
	return TW_OK;
}

tw_err tw_policy_judge(const json_t *policy, const json_t *elements, const json_t *changes, json_t **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	size_t i, k;
	json_t *rule, *pattern;

	if (!list)
		return TW_RAISE(NOMEM, "judgement");
	json_array_foreach(tw_json_get(policy, "rules"), i, rule)
		json_array_foreach(tw_json_get(rule, "elements"), k, pattern) {
			TW_TRY(judge_verdicts(rule, json_string_value(pattern), elements, list));
			TW_TRY(judge_changes(rule, json_string_value(pattern), changes, list));
		}
	*ret = TW_STEAL(list);
	return TW_OK;
}

/* A run that was cut down passes what a whole one may not. */
tw_err tw_policy_whole(const json_t *policy, const json_t *payload, json_t *broken)
{
	size_t i;
	json_t *note;

	if (tw_json_bool(policy, "may-be-partial"))
		return TW_OK;
	json_array_foreach(tw_json_get(payload, "notes"), i, note)
		TW_TRY(tw_json_append(broken,
			json_pack("{s:s, s:s, s:s, s:s}", "rule", "may-be-partial", "element", "*", "verdict", "partial", "why",
				json_string_value(note))));
	return TW_OK;
}
