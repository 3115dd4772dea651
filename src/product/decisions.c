/* SPDX-License-Identifier: Apache-2.0 */
/* What people decided, and what the last run found: see decisions.h. */
#include "product/decisions.h"

#include "base/text.h"
#include "product/triage.h"

static const struct tw_field decision_fields[] = {
	{ "vulnerability", TW_FIELD_WORD, true, 1, 256, "-._:", NULL, "which one (vulnerability: CVE-2026-12345)" },
	{ "component", TW_FIELD_TEXT, true, 1, 4096, NULL, NULL,
		"in which component: its purl without a version, or its name (component: pkg:deb/debian/curl)" },
	{ "status", TW_FIELD_CHOICE, true, 0, 0, "not_affected|affected|fixed|under_investigation", NULL,
		"how it stands (status: not_affected)" },
	{ "justification", TW_FIELD_CHOICE, false, 0, 0,
		"component_not_present|vulnerable_code_not_present|vulnerable_code_not_in_execute_path|"
		"vulnerable_code_cannot_be_controlled_by_adversary|inline_mitigations_already_exist",
		NULL, "why it is not affected (justification: vulnerable_code_not_in_execute_path)" },
	{ "impact", TW_FIELD_PROSE, false, 1, 4000, NULL, NULL, "for customers: why it is not affected, or what it means for them" },
	{ "action", TW_FIELD_PROSE, false, 1, 4000, NULL, NULL, "for customers: what to do about it (action: Update to 1.2.)" },
	{ "by", TW_FIELD_TEXT, true, 1, 128, NULL, NULL, "who decided (by: Jane Doe)" },
	{ "date", TW_FIELD_DATE, true, 0, 0, NULL, NULL, "on which day (date: 2026-11-02)" },
	{ "reason", TW_FIELD_PROSE, true, 1, 4000, NULL, NULL, "why, for whoever comes after you" },
	{ "facts", TW_FIELD_WORD, true, 32, 32, NULL, NULL,
		"the hash of what you decided on, as the queue shows it; `thingward triage decide` writes it" },
	{},
};
const struct tw_field tw_decisions_fields[] = {
	{ "format", TW_FIELD_INT, true, 1, 1, NULL, NULL, "the version of this file's format (format: 1)" },
	{ "decisions", TW_FIELD_LIST, false, 0, 100000, NULL, decision_fields, "what was decided, one entry each" },
	{},
};

/* What an advisory has to say of each status. */
static tw_err check_meaning(const tw_yaml *where, const json_t *d, struct tw_problems *p)
{
	const char *status = tw_json_text(d, "status");

	if (!strcmp(status, "not_affected") && !json_object_get(d, "justification") && !json_object_get(d, "impact"))
		return tw_problem(p, where, "give a justification, or the impact in words", "not_affected needs to say why");
	if (!strcmp(status, "affected") && !json_object_get(d, "action"))
		return tw_problem(p, where, "say what customers can do (action: ...)", "affected needs an action");
	if (strcmp(status, "not_affected") != 0 && json_object_get(d, "justification"))
		return tw_problem(p, where, "leave it out", "only not_affected has a justification");
	return TW_OK;
}

static tw_err by_vulnerability(const tw_yaml *root, const json_t *file, struct tw_problems *p, json_t *map)
{
	const tw_yaml *list = tw_yaml_find(root, "decisions");
	const json_t *d;
	size_t i;

	json_array_foreach(json_object_get(file, "decisions"), i, d) {
		const char *id = tw_json_text(d, "vulnerability");
		json_t *of = json_object_get(map, id);

		if (tw_yaml_count(list) == json_array_size(json_object_get(file, "decisions")))
			TW_TRY(check_meaning(tw_yaml_item(list, i), d, p));
		if (!*id)
			continue;
		if (!of) {
			of = json_array();
			TW_TRY(tw_json_set(map, id, of));
		}
		TW_TRY(tw_json_append(of, json_incref((json_t *)(uintptr_t)d)));
	}
	return TW_OK;
}

static tw_err not_yaml(struct tw_problems *p)
{
	char why[TW_DETAIL_MAX];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return tw_problem_at(p, 1, 1, why, "mend this first, the rest cannot be read without it");
}

tw_err tw_decisions_read(const struct tw_sys *sys, struct tw_slice text, struct tw_problems *p, json_t **ret)
{
	TW_CLEANUP(tw_yaml_freep) tw_yaml *root = NULL;
	TW_CLEANUP(tw_jsonp) json_t *file = NULL, *map = json_object();
	tw_err e;

	if (!map)
		return TW_RAISE(NOMEM, "decisions");
	e = tw_yaml_parse(sys, text, TW_DECISIONS_MAX, &root);
	if (tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT))
		return not_yaml(p);
	TW_TRY(e);
	if (tw_yaml_kind(root) != TW_YAML_MAP)
		return tw_problem(p, root, "start with 'format: 1' and 'decisions:'", "the file must be a map (key: value)");
	TW_TRY(tw_schema_read(root, tw_decisions_fields, p, &file));
	TW_TRY(by_vulnerability(root, file, p, map));
	*ret = TW_STEAL(map);
	return TW_OK;
}

tw_err tw_decision_write(const json_t *decision, struct tw_buf *ret)
{
	bool first = true;

	for (const struct tw_field *f = decision_fields; f->key; f++) {
		const char *text = tw_json_text(decision, f->key);

		if (!*text)
			continue;
		TW_TRY(tw_buf_format(ret, "%s%s: ", first ? "- " : "  ", f->key));
		TW_TRY(tw_buf_json_string(ret, tw_slice_of(text))); /* is a text in YAML too */
		TW_TRY(tw_buf_text(ret, "\n"));
		first = false;
	}
	return TW_OK;
}

/* --- The last run --- */

static const char head[] =
	"# Written by `thingward triage import`: what was found, and where it went. Keep it in git beside product.yaml.\nformat: 1\n";

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static tw_err write_lines(const json_t *release, const json_t *by_key, const char **keys, struct tw_buf *ret)
{
	TW_TRY(tw_buf_text(ret, head));
	if (release) {
		TW_TRY(tw_buf_text(ret, "release: "));
		TW_TRY(tw_json_write(release, ret));
		TW_TRY(tw_buf_text(ret, "\n"));
	}
	TW_TRY(tw_buf_text(ret, "items:\n"));
	for (size_t i = 0; i < json_object_size(by_key); i++) {
		TW_TRY(tw_buf_text(ret, "- "));
		TW_TRY(tw_json_write(json_object_get(by_key, keys[i]), ret));
		TW_TRY(tw_buf_text(ret, "\n"));
	}
	return TW_OK;
}

tw_err tw_triage_state_write(const struct tw_sys *sys, const json_t *release, const json_t *items, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *by_key = json_object();
	TW_CLEANUP(tw_freep) const char **keys = tw_alloc_array(sys, json_array_size(items) + 1, sizeof *keys);
	size_t i, n = 0;
	const char *key;
	json_t *one;

	if (!by_key || !keys)
		return TW_RAISE(NOMEM, "items");
	json_array_foreach(items, i, one) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, sys, 65536);
		TW_TRY(tw_triage_key(one, &b));
		TW_TRY(tw_json_set(by_key, tw_buf_cstr(&b), json_incref(one)));
	}
	json_object_foreach(by_key, key, one)
		keys[n++] = key;
	if (n)
		qsort(keys, n, sizeof *keys, by_text);
	return write_lines(release, by_key, keys, ret);
}

static tw_err read_line(struct tw_slice line, size_t begins, size_t number, const struct tw_shape *shape, json_t **ret)
{
	char why[TW_DETAIL_MAX];
	tw_err e = tw_json_parse((struct tw_slice){ line.at + begins, line.size - begins }, TW_TRIAGE_FILE_MAX, ret);

	if (!tw_failed(e))
		e = tw_json_check(*ret, shape);
	if (!tw_is(e, TW_CODE_SYNTAX))
		return e;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return TW_RAISE(SYNTAX, "line %zu: %s", number, why);
}

static struct tw_slice take_line(struct tw_slice *rest)
{
	const char *end = memchr(rest->at, '\n', rest->size);
	struct tw_slice line = { rest->at, end ? (size_t)(end - rest->at) : rest->size };

	*rest = (struct tw_slice){ line.at + line.size + !!end, rest->size - line.size - !!end };
	return line;
}

static tw_err read_item(const struct tw_sys *sys, struct tw_slice line, size_t number, json_t *map)
{
	static const struct tw_shape shape[] = { { "vulnerability", TW_JSON_TEXT, true, 1, 256 },
		{ "component", TW_JSON_TEXT, true, 0, 16384 }, { "version", TW_JSON_TEXT, true, 0, 8192 },
		{ "state", TW_JSON_TEXT, true, 1, 16 }, { "facts", TW_JSON_TEXT, true, 32, 32 }, { "*", TW_JSON_ANY }, { 0 } };
	TW_CLEANUP(tw_jsonp) json_t *item = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (line.size < 2 || memcmp(line.at, "- ", 2) != 0)
		return TW_RAISE(SYNTAX, "line %zu: want '- {...}', as the program writes it", number);
	TW_TRY(read_line(line, 2, number, shape, &item));
	tw_buf_init(&b, sys, 65536);
	TW_TRY(tw_triage_key(item, &b));
	return tw_json_set(map, tw_buf_cstr(&b), TW_STEAL(item));
}

tw_err tw_triage_state_read(const struct tw_sys *sys, struct tw_slice text, json_t **ret_release, json_t **ret)
{
	static const struct tw_shape shape[] = { { "version", TW_JSON_TEXT, true, 0, 1024 }, { "sbom", TW_JSON_TEXT, true, 64, 64 },
		{ 0 } };
	static const char begins[] = "release: ";
	TW_CLEANUP(tw_jsonp) json_t *map = json_object(), *release = NULL;
	size_t size = sizeof head - 1, number = 3;

	if (!map)
		return TW_RAISE(NOMEM, "items");
	if (text.size < size || memcmp(text.at, head, size) != 0)
		return TW_RAISE(SYNTAX, "line 1: this is no file of a triage, or of another version");
	struct tw_slice rest = { text.at + size, text.size - size }, line = take_line(&rest);
	if (line.size >= sizeof begins && !memcmp(line.at, begins, sizeof begins - 1)) {
		TW_TRY(read_line(line, sizeof begins - 1, number++, shape, &release));
		line = take_line(&rest);
	}
	if (!tw_slice_is(line, "items:"))
		return TW_RAISE(SYNTAX, "line %zu: want 'items:'", number);
	while (rest.size) {
		line = take_line(&rest);
		TW_TRY(read_item(sys, line, ++number, map));
	}
	*ret_release = TW_STEAL(release);
	*ret = TW_STEAL(map);
	return TW_OK;
}
