/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward triage import|check`: what of all that is known of vulnerabilities somebody has to look at, for one release. import
 * remembers what it found in the product's directory, so that the next run shows what is new; check, for CI, writes nothing, and its
 * exit code says whether something waits for people or was not read.
 */
#include "tool/triage.h"

#include "base/text.h"
#include "product/decisions.h"
#include "tool/commands.h"
#include "tool/files.h"

#include <inttypes.h>

#define SHOWN_MAX 60 /* lines of one view; --all shows the rest */

#define OPTION_INPUTS                                                                                                                                    \
	{ "release", "SBOM", true,                                                                                                                       \
		"what is in the release: CycloneDX, SPDX or Buildroot's show-info, as JSON, Buildroot's legal-info, Yocto's .spdx.tar; packed or not" }, \
		{ "feeds", "DIR", true, "OSV and CVE records, KEV, EPSS, CSAF, OpenVEX, cve-check: unpacked, in folders as you like" },                  \
		{ "decisions", "FILE", false, "what people decided; DIR/decisions.yaml unless given" },                                                  \
		{ "kernel-config", "FILE", false, "the kernel's .config" },                                                                              \
		{ "kernel-source", "DIR", false, "its source, whose Makefiles say which files an option compiles" },                                     \
		{ "kernel", "NAME", false, "which component the kernel is, where it has another name than usual" },                                      \
		{ "build-files", "[COMPONENT=]FILE", false,                                                                                              \
			"source files that were built, a path a line; of the kernel unless named; again for more" },                                     \
		{ "installed", "FILE", false,                                                                                                            \
			"what is on the image, a name first in each line: components that are not there are left out" },                                 \
		{ "version", "VERSION", false, "of import: which version of the product it is; product.yaml's newest unless given" },                    \
		{ "all", NULL, false, "show all that waits for people, not only what is new" },                                                          \
	{                                                                                                                                                \
		"settled", NULL, false, "show also what rules and decisions took away, and why"                                                          \
	}

const struct tw_option tw_options_triage[] = { OPTION_INPUTS, {} };

struct run {
	struct tw_tool *t;
	const struct tw_args *a;
	struct tw_bom bom;
	tw_triage *triage;
	struct tw_feeds feeds;
	struct tw_triage_rules rules;
	json_t *installed, *decisions, *before, *release;
	size_t components, unnamed; /* by --installed */
};

static void run_done(struct run *r)
{
	(void)tw_triage_free(r->triage);
	tw_bom_done(&r->bom);
	for (size_t i = 0; i < r->rules.tree_count; i++)
		tw_built_done(&r->rules.trees[i].built);
	free(r->rules.trees);
	json_decref(r->feeds.unread);
	json_decref(r->installed);
	json_decref(r->decisions);
	json_decref(r->before);
	json_decref(r->release);
}

/* --- Inputs --- */

static tw_err read_text(const struct run *r, const char *path, size_t max, struct tw_buf *ret)
{
	tw_buf_init(ret, r->t->sys, max);
	return tw_file_named(path, tw_file_read(r->t->sys, path, max, ret));
}

/* The inventory's own faults, not this machine's. */
static bool blamed(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_NOTFOUND) ||
		tw_is(e, TW_CODE_UNTRUSTED);
}

static tw_err read_release(struct run *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	const char *path = tw_arg(r->a, "release");
	bool image = false;

	tw_buf_init(&text, r->t->sys, TW_BOM_MAX);
	tw_err e = tw_release_read(r->t, path, &text, &image, &document);
	if (!tw_failed(e))
		e = tw_file_named(path, tw_bom_of(r->t->sys, document, &r->bom));
	if (tw_failed(e))
		return blamed(e)
			? tw_fail(r->t, TW_EXIT_USAGE,
				  "CycloneDX 1.4 to 1.6, SPDX 2.2, 2.3 or 3.0, or Buildroot's show-info, in JSON; its legal-info; Yocto's .spdx.tar.zst",
				  e)
			: e;
	if (image && tw_arg(r->a, "installed"))
		return tw_fail(r->t, TW_EXIT_USAGE, "leave --installed out",
			TW_RAISE(SYNTAX, "the document of the image says itself what is on it, by recipes and not by the names of packages"));
	return tw_triage_release(r->t, r->a, tw_buf_slice(&text), &r->release);
}

static tw_err read_makefile(void *user, const char *dir, struct tw_buf *ret)
{
	static const char *const names[] = { "Kbuild", "Makefile" };
	const struct run *r = user;
	char path[4096];
	tw_err e = TW_OK;

	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s%s%s", tw_arg(r->a, "kernel-source"), dir, *dir ? "/" : "", names[i]);
		e = tw_file_read(r->t->sys, path, TW_KBUILD_MAX, ret);
		if (!tw_is(e, TW_CODE_NOTFOUND))
			return e;
	}
	return e;
}

static tw_err read_kernel(struct run *r, struct tw_built *b)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *path = tw_arg(r->a, "kernel-config");

	TW_TRY(read_text(r, path, TW_KCONFIG_MAX, &text));
	TW_TRY(tw_file_named(path, tw_built_config(tw_buf_slice(&text), b)));
	if (!tw_arg(r->a, "kernel-source"))
		return TW_OK;
	b->makefile = read_makefile;
	b->user = r;
	return TW_OK;
}

/* The tree of a component, the kernel's for NULL; made where there is none. */
static struct tw_triage_tree *tree_of(struct run *r, const char *component)
{
	for (size_t i = 0; i < r->rules.tree_count; i++) {
		const char *has = r->rules.trees[i].component;

		if (component == has || (component && has && !strcmp(component, has)))
			return &r->rules.trees[i];
	}
	r->rules.trees[r->rules.tree_count].component = component;
	return &r->rules.trees[r->rules.tree_count++];
}

static tw_err read_built(struct run *r, const char *word, char *name, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *equals = strchr(word, '='), *path = equals ? equals + 1 : word;

	if (equals)
		(void)snprintf(name, size, "%.*s", (int)(equals - word), word);
	TW_TRY(read_text(r, path, TW_BUILT_MAX, &text));
	return tw_file_named(path, tw_built_files(tw_buf_slice(&text), &tree_of(r, equals ? name : NULL)->built));
}

static tw_err read_installed(struct run *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	const char *path = tw_arg(r->a, "installed"), *at;

	if (!path)
		return TW_OK;
	TW_TRY(read_text(r, path, TW_FILE_MAX, &text));
	r->installed = json_object();
	if (!r->installed)
		return TW_RAISE(NOMEM, "names");
	for (at = tw_buf_cstr(&text); *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char name[256];

		(void)snprintf(name, sizeof name, "%.*s", (int)strcspn(at, " \t\r\n"), at);
		tw_utf8_mend(name);
		if (*name)
			TW_TRY(tw_json_set(r->installed, name, json_true()));
		name[strcspn(name, ":")] = '\0'; /* "libssl3:arm64" */
		if (*name)
			TW_TRY(tw_json_set(r->installed, name, json_true()));
	}
	if (!json_object_size(r->installed))
		return tw_file_named(path, TW_RAISE(SYNTAX, "names nothing, and so would leave out every component"));
	r->rules.installed = r->installed;
	return TW_OK;
}

static tw_err read_decisions(struct run *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf words = { 0 };
	TW_CLEANUP(tw_problems_done) struct tw_problems p = { 0 };
	const char *given = tw_arg(r->a, "decisions");
	char path[4096];

	(void)snprintf(path, sizeof path, given ? "%s" : "%s/" TW_DECISIONS_FILE, given ? given : r->a->rest[0]);
	tw_buf_init(&text, r->t->sys, TW_DECISIONS_MAX);
	tw_err e = tw_file_read(r->t->sys, path, TW_DECISIONS_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND) && !given)
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_problems_init(&p, path));
	TW_TRY(tw_decisions_read(r->t->sys, tw_buf_slice(&text), &p, &r->decisions));
	r->rules.decisions = r->decisions;
	if (!p.count)
		return TW_OK;
	tw_buf_init(&words, r->t->sys, TW_FILE_MAX);
	TW_TRY(tw_problems_text(&p, &words));
	if (r->t->json)
		TW_TRY(tw_print_value(r->t, p.list));
	else
		TW_TRY(tw_print_text(r->t, tw_buf_cstr(&words)));
	return tw_fail(r->t, TW_EXIT_USAGE, "mend what is named, then run it again",
		TW_RAISE(SYNTAX, "%s has %zu mistake%s", path, p.count, p.count == 1 ? "" : "s"));
}

static void state_path(const struct run *r, char ret[4096])
{
	(void)snprintf(ret, 4096, "%s/" TW_TRIAGE_FILE, r->a->rest[0]);
}

static tw_err read_before(struct run *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *was = NULL;
	char path[4096];

	state_path(r, path);
	tw_buf_init(&text, r->t->sys, TW_TRIAGE_FILE_MAX);
	tw_err e = tw_file_read(r->t->sys, path, TW_TRIAGE_FILE_MAX, &text);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	TW_TRY(tw_file_named(path, tw_triage_state_read(r->t->sys, tw_buf_slice(&text), &was, &r->before)));
	r->rules.before = r->before;
	return TW_OK;
}

/* --- The run --- */

static tw_err read_inputs(struct run *r, char names[][128])
{
	const char *word;

	if (tw_arg(r->a, "kernel-source") && !tw_arg(r->a, "kernel-config"))
		return tw_fail(r->t, TW_EXIT_USAGE, "--kernel-config FILE",
			TW_RAISE(SYNTAX, "--kernel-source says nothing without a configuration"));
	TW_TRY(read_release(r));
	TW_TRY(read_decisions(r));
	TW_TRY(read_before(r));
	TW_TRY(read_installed(r));
	r->rules.kernel = tw_arg(r->a, "kernel");
	r->rules.trees = tw_alloc_array(r->t->sys, TW_GIVEN_MAX + 1, sizeof *r->rules.trees);
	if (!r->rules.trees)
		return TW_RAISE(NOMEM, "what was built");
	if (tw_arg(r->a, "kernel-config"))
		TW_TRY(read_kernel(r, &tree_of(r, NULL)->built));
	for (size_t i = 0; (word = tw_arg_nth(r->a, "build-files", i)); i++)
		TW_TRY(read_built(r, word, names[i], sizeof names[i]));
	return TW_OK;
}

static tw_err check_installed(struct run *r)
{
	if (!r->installed)
		return TW_OK;
	r->unnamed = tw_triage_unnamed(r->triage, r->installed, &r->components);
	if (r->unnamed < r->components)
		return TW_OK;
	return tw_fail(r->t, TW_EXIT_USAGE, "the first word of each line is a component's name; the forms of `dpkg -l` and `rpm -qa` are not",
		TW_RAISE(SYNTAX, "%s names none of the %zu components", tw_arg(r->a, "installed"), r->components));
}

/* Before the lists of the feeds, which tell more of each vulnerability that is there. */
static tw_err read_said(struct run *r)
{
	const char *path = tw_arg(r->a, "release"), *slash;
	char name[256];
	size_t size = strlen(path);

	while (size > 1 && path[size - 1] == '/')
		size--;
	slash = memrchr(path, '/', size - 1);
	size -= slash ? (size_t)(slash + 1 - path) : 0;
	/* What is kept in git names no folder of this machine. */
	(void)snprintf(name, sizeof name, "%.*s", (int)(size < sizeof name ? size : sizeof name - 1), slash ? slash + 1 : path);
	tw_utf8_mend(name);
	tw_err e = tw_file_named(path, tw_triage_inventory(r->triage, &r->bom, name));

	return tw_is(e, TW_CODE_SYNTAX)
		? tw_fail(r->t, TW_EXIT_USAGE, "what the inventory says of vulnerabilities as its format has it", e)
		: e;
}

static tw_err work(struct run *r)
{
	TW_TRY(tw_triage_new(r->t->sys, &r->bom, &r->triage));
	TW_TRY(check_installed(r));
	TW_TRY(read_said(r));
	TW_TRY(tw_feeds_read(r->t, tw_arg(r->a, "feeds"), r->triage, &r->feeds));
	tw_err e = tw_triage_settle(r->triage, &r->rules);
	return tw_is(e, TW_CODE_SYNTAX) ? tw_fail(r->t, TW_EXIT_USAGE, "--build-files with the paths that records have", e) : e;
}

/* --- What is shown --- */

static bool is_shown(const struct run *r, const json_t *item)
{
	const char *state = tw_json_text(item, "state");
	bool waits = !strcmp(state, "open") || !strcmp(state, "again");

	if (!waits)
		return tw_arg(r->a, "settled") != NULL;
	return tw_arg(r->a, "all") || tw_arg(r->a, "settled") || json_is_true(json_object_get(item, "new"));
}

static void verdict_of(const json_t *item, char *ret, size_t size)
{
	const json_t *one;
	const char *word = json_object_get(item, "statements") ? "said to be affected" : "undecided";
	bool only_name = json_array_size(json_object_get(item, "records")) > 0;
	size_t i;

	json_array_foreach(json_object_get(item, "records"), i, one) {
		if (!strcmp(tw_json_text(one, "verdict"), "affected"))
			word = "affected";
		only_name = only_name && !strcmp(tw_json_text(one, "by"), "name");
	}
	if (!strcmp(tw_json_text(item, "state"), "again"))
		(void)snprintf(ret, size, "decided before on other facts");
	else if (!strcmp(tw_json_text(item, "state"), "ruled"))
		(void)snprintf(ret, size, "%s: %s", tw_json_text(item, "rule"), tw_json_text(item, "because"));
	else if (!strcmp(tw_json_text(item, "state"), "decided"))
		(void)snprintf(ret, size, "%s, decided by %.60s on %s", tw_json_text(json_object_get(item, "decision"), "status"),
			tw_json_text(json_object_get(item, "decision"), "by"), tw_json_text(json_object_get(item, "decision"), "date"));
	else
		(void)snprintf(ret, size, "%s%s", word, only_name ? ", name only" : "");
	tw_utf8_mend(ret);
}

static tw_err add_row(const json_t *item, json_t *rows)
{
	char words[256], epss[32] = "";
	const json_t *kev = json_object_get(item, "kev");
	int64_t millionths = tw_json_int(item, "epss");

	verdict_of(item, words, sizeof words);
	if (json_object_get(item, "epss"))
		(void)snprintf(epss, sizeof epss, "%" PRId64 ".%" PRId64 " %%", millionths / 10000, millionths / 1000 % 10);
	return tw_json_append(rows,
		json_pack("[s, s, s, s, s, s]", tw_json_text(item, "vulnerability"), tw_json_text(item, "name"), tw_json_text(item, "version"),
			!kev                                      ? ""
				: tw_json_bool(kev, "ransomware") ? "ransomware"
								  : "exploited",
			epss, words));
}

static tw_err print_queue(const struct run *r)
{
	static const char *const heads[] = { "VULNERABILITY", "COMPONENT", "VERSION", "KEV", "EPSS", "WHY", NULL };
	TW_CLEANUP(tw_jsonp) json_t *rows = json_array();
	bool whole = tw_arg(r->a, "all") || tw_arg(r->a, "settled");
	size_t i, more = 0;
	json_t *item;

	if (!rows)
		return TW_RAISE(NOMEM, "a table");
	json_array_foreach(tw_triage_items(r->triage), i, item) {
		if (!is_shown(r, item))
			continue;
		if (!whole && json_array_size(rows) == SHOWN_MAX)
			more++;
		else
			TW_TRY(add_row(item, rows));
	}
	if (json_array_size(rows)) {
		TW_TRY(tw_print(r->t, "\n"));
		TW_TRY(tw_print_table(r->t, heads, rows));
	}
	return more ? tw_print(r->t, "and %zu more; --all shows them\n", more) : TW_OK;
}

/* How many each rule took. */
static tw_err count_rules(const struct run *r, json_t *ret)
{
	size_t i;
	json_t *item;

	json_array_foreach(tw_triage_items(r->triage), i, item) {
		const char *rule = tw_json_text(item, "rule");

		if (*rule)
			TW_TRY(tw_json_set(ret, rule, json_integer(tw_json_int(ret, rule) + 1)));
	}
	return TW_OK;
}

static tw_err print_list(const struct run *r, const char *head, const json_t *list, size_t all)
{
	const json_t *one;
	size_t i;

	if (all)
		TW_TRY(tw_print(r->t, "%s\n", head));
	json_array_foreach(list, i, one)
		TW_TRY(tw_print(r->t, "  %s\n", json_string_value(one)));
	return all > json_array_size(list) ? tw_print(r->t, "  and %zu more\n", all - json_array_size(list)) : TW_OK;
}

static tw_err print_people(const struct run *r, const struct tw_triage_counts *c, const json_t *rules)
{
	const char *rule;
	json_t *n;

	TW_TRY(tw_print(r->t, "%zu components, %zu records: %zu matches.\n", c->components, c->records, c->all));
	if (r->bom.left_out)
		TW_TRY(tw_print(r->t, "%zu packages that builds took in (sources, patches, archives without package URL and CPE name) are no components.\n",
			r->bom.left_out));
	if (r->bom.of_host)
		TW_TRY(tw_print(r->t, TW_OF_HOST, r->bom.of_host));
	if (r->installed)
		TW_TRY(tw_print(r->t, "%zu of %zu components are not named as installed.\n", r->unnamed, r->components));
	json_object_foreach((json_t *)(uintptr_t)rules, rule, n)
		TW_TRY(tw_print(r->t, "  %6" PRId64 "  taken by the rule %s\n", (int64_t)json_integer_value(n), rule));
	if (c->decided)
		TW_TRY(tw_print(r->t, "  %6zu  decided\n", c->decided));
	TW_TRY(tw_print(r->t, "  %6zu  for people, %zu of them new", c->open + c->again, c->fresh));
	TW_TRY(tw_print(r->t, c->again ? ", %zu decided before on other facts\n" : "\n", c->again));
	TW_TRY(print_list(r, "Not read whole, of the inventory:", tw_triage_problems(r->triage),
		json_array_size(tw_triage_problems(r->triage))));
	TW_TRY(print_list(r, "Not read, of the feeds:", r->feeds.unread, r->feeds.unread_count));
	return print_queue(r);
}

static tw_err answer(const struct run *r, const struct tw_triage_counts *c, const json_t *rules)
{
	TW_CLEANUP(tw_jsonp) json_t *items = json_array();
	size_t i;
	json_t *item;

	if (!items)
		return TW_RAISE(NOMEM, "items");
	json_array_foreach(tw_triage_items(r->triage), i, item)
		if (is_shown(r, item))
			TW_TRY(tw_json_append(items, json_incref(item)));
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:O, s:O, s:O, s:O}", "counts",
		"components", (json_int_t)c->components, "left-out", (json_int_t)r->bom.left_out, "of-host",
		(json_int_t)r->bom.of_host, "records", (json_int_t)c->records, "matches", (json_int_t)c->all, "ruled",
		(json_int_t)c->ruled, "decided", (json_int_t)c->decided, "open", (json_int_t)c->open, "again", (json_int_t)c->again,
		"new", (json_int_t)c->fresh, "unread", (json_int_t)r->feeds.unread_count, "unnamed", (json_int_t)r->unnamed,
		"rules", rules, "items", items, "unread", r->feeds.unread, "problems", tw_triage_problems(r->triage));
	return o ? tw_print_value(r->t, o) : TW_RAISE(NOMEM, "an answer");
}

static tw_err show(const struct run *r, struct tw_triage_counts *c)
{
	TW_CLEANUP(tw_jsonp) json_t *rules = json_object();

	if (!rules)
		return TW_RAISE(NOMEM, "rules");
	tw_triage_count(r->triage, c);
	TW_TRY(count_rules(r, rules));
	return r->t->json ? answer(r, c, rules) : print_people(r, c, rules);
}

static tw_err run(struct run *r, struct tw_triage_counts *ret)
{
	char(*names)[128] = tw_alloc_array(r->t->sys, TW_GIVEN_MAX, sizeof *names);
	tw_err e = TW_RAISE(NOMEM, "names");

	r->feeds.unread = json_array();
	if (names && r->feeds.unread)
		e = read_inputs(r, names);
	if (!tw_failed(e))
		e = work(r);
	if (!tw_failed(e))
		e = show(r, ret);
	free(names);
	return e;
}

tw_err tw_cmd_triage_import(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(run_done) struct run r = { .t = t, .a = a };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	struct tw_triage_counts c;
	char path[4096];

	TW_TRY(run(&r, &c));
	state_path(&r, path);
	tw_buf_init(&text, t->sys, TW_TRIAGE_FILE_MAX);
	TW_TRY(tw_triage_state_write(t->sys, r.release, tw_triage_items(r.triage), &text));
	TW_TRY(tw_file_write(t->sys, path, text.data, text.size, 0644));
	return tw_print(t, "\nWrote %s.\n", path);
}

tw_err tw_cmd_triage_check(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(run_done) struct run r = { .t = t, .a = a };
	struct tw_triage_counts c;

	TW_TRY(run(&r, &c));
	if (r.feeds.unread_count)
		return tw_fail(t, TW_EXIT_FAILED, "mend or remove the files that are named, then check again",
			TW_RAISE(SYNTAX, "%zu files of the feeds were not read, so this is not all", r.feeds.unread_count));
	if (json_array_size(tw_triage_problems(r.triage)))
		return tw_fail(t, TW_EXIT_FAILED, "mend the package URLs and CPE names that are named, then check again",
			TW_RAISE(SYNTAX, "%zu names of components were not read, so this is not all",
				json_array_size(tw_triage_problems(r.triage))));
	size_t waits = tw_arg(a, "all") ? c.open + c.again : c.fresh;
	if (waits)
		return tw_fail(t, TW_EXIT_FAILED, "thingward triage decide, or an update of what is affected",
			TW_RAISE(UNTRUSTED, "%zu %s for people", waits, tw_arg(a, "all") ? "wait" : "are new"));
	return TW_OK;
}
