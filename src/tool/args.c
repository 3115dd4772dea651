/* SPDX-License-Identifier: Apache-2.0 */
/* The one option parser and the one help text, both from the rows. */
#include "tool/tool.h"

#include <ctype.h>
#include <getopt.h>

static const struct tw_option common[] = {
	{ "json", NULL, false, "print JSON" },
	{ "help", NULL, false, "show this" },
	{},
};

const char *tw_arg_nth(const struct tw_args *a, const char *name, size_t i)
{
	for (size_t k = 0; k < a->given_count; k++)
		if (!strcmp(a->given[k].name, name) && i-- == 0)
			return a->given[k].value;
	return NULL;
}

const char *tw_arg(const struct tw_args *a, const char *name)
{
	const char *last = NULL;

	for (size_t k = 0; k < a->given_count; k++)
		if (!strcmp(a->given[k].name, name))
			last = a->given[k].value;
	return last;
}

tw_err tw_fail(struct tw_tool *t, enum tw_exit exit, const char *hint, tw_err e)
{
	t->exit = exit;
	(void)snprintf(t->hint, sizeof(t->hint), "%s", hint);
	return e;
}

static int word_count(const char *words)
{
	int n = 1;

	for (; *words; words++)
		n += *words == ' ';
	return n;
}

static tw_err usage(struct tw_tool *t, const struct tw_command *c, tw_err e)
{
	char hint[192];

	(void)snprintf(hint, sizeof(hint), "thingward %s --help", c->words);
	return tw_fail(t, TW_EXIT_USAGE, hint, e);
}

/* getopt_long wants its own table: ours, with the position in it as the value. */
struct long_options {
	struct option rows[TW_GIVEN_MAX + TW_COUNT(common) + 1];
	const struct tw_option *from[TW_GIVEN_MAX + TW_COUNT(common)];
	size_t count;
};

static void add_options(struct long_options *l, const struct tw_option *o)
{
	for (; o && o->name && l->count < TW_COUNT(l->from); o++) {
		l->from[l->count] = o;
		l->rows[l->count++] = (struct option){ o->name, o->argument ? required_argument : no_argument, NULL, 'o' };
	}
}

static tw_err take(struct tw_tool *t, const struct tw_command *c, const struct tw_option *o, const char *value, struct tw_args *a)
{
	if (!strcmp(o->name, "help")) {
		TW_TRY(tw_help_command(t, c));
		t->exit = TW_EXIT_OK;
		return TW_RAISE(STATE, "help was shown");
	}
	if (!strcmp(o->name, "json"))
		t->json = true;
	if (!strcmp(o->name, "accept-notice"))
		t->accept_notice = value;
	if (a->given_count >= TW_GIVEN_MAX)
		return usage(t, c, TW_RAISE(LIMIT, "too many options"));
	a->given[a->given_count].name = o->name;
	a->given[a->given_count++].value = value ? value : "";
	return TW_OK;
}

static tw_err check_complete(struct tw_tool *t, const struct tw_command *c, const struct tw_args *a)
{
	if (a->rest_count < c->min)
		return usage(t, c, TW_RAISE(SYNTAX, "%s needs %s", c->words, c->positional));
	if (a->rest_count > c->max)
		return usage(t, c, TW_RAISE(SYNTAX, "%s: '%.64s' is too much", c->words, a->rest[c->max]));
	for (const struct tw_option *o = c->options; o && o->name; o++)
		if (o->required && !tw_arg(a, o->name))
			return usage(t, c, TW_RAISE(SYNTAX, "%s needs --%s %s", c->words, o->name, o->argument));
	return TW_OK;
}

tw_err tw_args_parse(struct tw_tool *t, const struct tw_command *c, int argc, char **argv, struct tw_args *ret)
{
	struct long_options l = { .count = 0 };
	int skip = word_count(c->words), row = 0, got;

	*ret = (struct tw_args){ .command = c };
	add_options(&l, c->options);
	add_options(&l, common);
	opterr = 0;
	optind = 1;
	while ((got = getopt_long(argc - skip, argv + skip, "", l.rows, &row)) != -1) {
		if (got != 'o')
			return usage(t, c,
				TW_RAISE(SYNTAX, "%s: '%.64s' is no option here, or lacks its value", c->words, argv[skip + optind - 1]));
		TW_TRY(take(t, c, l.from[row], optarg, ret));
	}
	ret->rest = argv + skip + optind;
	ret->rest_count = argc - skip - optind;
	return check_complete(t, c, ret);
}

static tw_err help_rows(const struct tw_option *o, json_t *rows)
{
	for (; o && o->name; o++)
		TW_TRY(tw_json_append(rows,
			json_pack("[o, o]", json_sprintf("  --%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : ""),
				json_sprintf("%s%s", o->help, o->required ? " (needed)" : ""))));
	return TW_OK;
}

static tw_err option_rows(const struct tw_option *o, json_t *list)
{
	for (; o && o->name; o++)
		TW_TRY(tw_json_append(list,
			json_pack("{s:s, s:s?, s:b, s:s}", "name", o->name, "argument", o->argument, "required", o->required,
				"help", o->help)));
	return TW_OK;
}

tw_err tw_help_row(const struct tw_command *c, json_t *list)
{
	TW_CLEANUP(tw_jsonp) json_t *options = json_array();

	if (!options)
		return TW_RAISE(NOMEM, "help");
	TW_TRY(option_rows(c->options, options));
	TW_TRY(option_rows(common, options));
	return tw_json_append(list,
		json_pack("{s:s, s:s, s:s, s:s?, s:O}", "words", c->words, "positional", c->positional, "help", c->help, "example",
			c->example, "options", options));
}

tw_err tw_help_command(const struct tw_tool *t, const struct tw_command *c)
{
	const struct tw_tool people = { .sys = t->sys, .out = t->out };
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();

	if (!rows)
		return TW_RAISE(NOMEM, "help");
	bool sentence = *c->help && c->help[strlen(c->help) - 1] == '.';
	TW_TRY(tw_print(&people, "thingward %s%s%s [options]\n\n", c->words, *c->positional ? " " : "", c->positional));
	TW_CLEANUP(tw_jsonp)
	json_t *what = json_pack("[[o]]", json_sprintf("%c%s%s", toupper((unsigned char)c->help[0]), c->help + 1, sentence ? "" : "."));
	if (!what)
		return TW_RAISE(NOMEM, "help");
	TW_TRY(tw_print_table(&people, NULL, what));
	TW_TRY(tw_print(&people, "\n"));
	TW_TRY(help_rows(c->options, rows));
	TW_TRY(help_rows(common, rows));
	TW_TRY(tw_print_table(&people, NULL, rows));
	return c->example ? tw_print(&people, "\nExample:\n  %s\n", c->example) : TW_OK;
}
