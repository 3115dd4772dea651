/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward triage decide`: what somebody decided of an item of the last import, with the hash of the facts it was decided on. It is
 * appended to decisions.yaml, whose other lines stay as their authors wrote them; what the program itself would not read is not written.
 */
#include "base/text.h"
#include "product/decisions.h"
#include "product/triage.h"
#include "tool/commands.h"
#include "tool/files.h"

const struct tw_option tw_options_triage_decide[] = {
	{ "status", "WORD", true, "not_affected, affected, fixed or under_investigation" },
	{ "justification", "WORD", false,
		"of not_affected: component_not_present, vulnerable_code_not_present, vulnerable_code_not_in_execute_path, "
		"vulnerable_code_cannot_be_controlled_by_adversary or inline_mitigations_already_exist" },
	{ "impact", "TEXT", false, "for customers: why it is not affected, or what it means for them" },
	{ "action", "TEXT", false, "for customers: what to do; affected needs it" },
	{ "by", "NAME", true, "who decided" },
	{ "date", "YYYY-MM-DD", false, "on which day; today unless given" },
	{ "reason", "TEXT", true, "why, for whoever comes after you" },
	{ "decisions", "FILE", false, "DIR/decisions.yaml unless given" },
	{},
};

struct deciding {
	struct tw_tool *t;
	const struct tw_args *a;
	char path[4096];
};

static tw_err read_items(const struct deciding *d, json_t **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *release = NULL;
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/" TW_TRIAGE_FILE, d->a->rest[0]);
	tw_buf_init(&text, d->t->sys, TW_TRIAGE_FILE_MAX);
	tw_err e = tw_file_read(d->t->sys, path, TW_TRIAGE_FILE_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return tw_fail(d->t, TW_EXIT_FAILED, "thingward triage import first: a decision stands on what it found", e);
	TW_TRY(e);
	return tw_file_named(path, tw_triage_state_read(d->t->sys, tw_buf_slice(&text), &release, ret));
}

static bool means(const struct deciding *d, const json_t *item)
{
	const char *component = d->a->rest[2];

	return !strcmp(tw_json_text(item, "vulnerability"), d->a->rest[1]) &&
		(!strcmp(tw_json_text(item, "component"), component) || !strcmp(tw_json_text(item, "name"), component));
}

static tw_err add_decision(const struct deciding *d, const json_t *item, struct tw_buf *ret)
{
	static const char *const options[] = { "status", "justification", "impact", "action", "by", "date", "reason" };
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s}", "vulnerability", tw_json_text(item, "vulnerability"), "component",
		tw_json_text(item, "component"), "facts", tw_json_text(item, "facts"));
	char today[TW_TIME_TEXT_MAX];

	if (!o)
		return TW_RAISE(NOMEM, "a decision");
	tw_time_text(tw_now_ms(d->t->sys), today);
	today[10] = '\0';
	for (size_t i = 0; i < TW_COUNT(options); i++) {
		const char *text = tw_arg(d->a, options[i]);

		if (!text && strcmp(options[i], "date") != 0)
			continue;
		text = text ? text : today;
		if (!tw_utf8_valid(tw_slice_of(text)))
			return tw_fail(d->t, TW_EXIT_USAGE, "text in UTF-8", TW_RAISE(SYNTAX, "--%s is no UTF-8", options[i]));
		TW_TRY(tw_json_set(o, options[i], json_string(text)));
	}
	return tw_decision_write(o, ret);
}

/* Whatever stood there before, with the new ones, has to be read without a mistake. */
static tw_err check(const struct deciding *d, const struct tw_buf *text)
{
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *decisions = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf words = { 0 };

	TW_TRY(tw_problems_init(&p, d->path));
	TW_TRY(tw_decisions_read(d->t->sys, tw_buf_slice(text), &p, &decisions));
	if (!p.count)
		return TW_OK;
	tw_buf_init(&words, d->t->sys, TW_FILE_MAX);
	TW_TRY(tw_problems_text(&p, &words));
	if (!d->t->json)
		TW_TRY(tw_print_text(d->t, tw_buf_cstr(&words)));
	return tw_fail(d->t, TW_EXIT_USAGE, "mend what is named; nothing was written", TW_RAISE(SYNTAX, "%s would not be read", d->path));
}

static tw_err add_all(const struct deciding *d, const json_t *items, struct tw_buf *text, size_t *ret)
{
	const char *key;
	json_t *item;

	json_object_foreach((json_t *)(uintptr_t)items, key, item)
		if (means(d, item)) {
			TW_TRY(add_decision(d, item, text));
			(*ret)++;
		}
	return TW_OK;
}

tw_err tw_cmd_triage_decide(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *items = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct deciding d = { .t = t, .a = a };
	size_t count = 0;

	(void)snprintf(d.path, sizeof d.path, tw_arg(a, "decisions") ? "%s" : "%s/" TW_DECISIONS_FILE,
		tw_arg(a, "decisions") ? tw_arg(a, "decisions") : a->rest[0]);
	TW_TRY(read_items(&d, &items));
	tw_buf_init(&text, t->sys, TW_DECISIONS_MAX);
	tw_err e = tw_file_read(t->sys, d.path, TW_DECISIONS_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		e = tw_buf_text(&text, "format: 1\ndecisions:\n");
	TW_TRY(e);
	if (text.size && text.data[text.size - 1] != '\n')
		TW_TRY(tw_buf_text(&text, "\n"));
	TW_TRY(add_all(&d, items, &text, &count));
	if (!count)
		return tw_fail(t, TW_EXIT_FAILED, "vulnerability and component as `thingward triage check --all` shows them",
			TW_RAISE(NOTFOUND, "the last import has no %.100s in %.200s", a->rest[1], a->rest[2]));
	TW_TRY(check(&d, &text));
	TW_TRY(tw_file_write(t->sys, d.path, text.data, text.size, 0644));
	return tw_print_done(t, d.path, "Wrote %s.\n", d.path);
}
