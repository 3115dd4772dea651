/* SPDX-License-Identifier: Apache-2.0 */
/* `thingward csaf new`: the draft of an advisory from the product's registry, under the next free id. */
#include "base/text.h"
#include "formats/csaf-site.h"
#include "formats/csaf.h"
#include "product/advisory.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define CVES_MAX 64
#define NUMBER_MAX 9999

const struct tw_option tw_options_csaf_new[] = {
	{ "product", "DIR", true, "where product.yaml is" },
	{ "profile", "NAME", true,
		"csaf_security_advisory, csaf_vex, csaf_informational_advisory, csaf_security_incident_response or csaf_base" },
	{ "title", "TEXT", true, "the advisory's title" },
	{ "cve", "CVE", false, "a vulnerability it is about; again for more" },
	{ "tree", "TREE", false, "what is published: its ids are taken too" },
	{ "namespace", "URL", false, "of the publisher; else the site of contacts.policy-url" },
	{},
};

/* "thermostat-2026-0007.json": the highest number of those names. */
struct numbers {
	char before[TW_CSAF_NAME_MAX + 1];
	unsigned highest;
};

static bool look(void *user, const char *name)
{
	struct numbers *n = user;
	size_t size = strlen(n->before);
	unsigned number = 0;

	if (strncmp(name, n->before, size) != 0 || strspn(name + size, "0123456789") != 4 || strcmp(name + size + 4, ".json") != 0)
		return true;
	for (const char *c = name + size; *c != '.'; c++)
		number = number * 10 + (unsigned)(*c - '0');
	n->highest = number > n->highest ? number : n->highest;
	return true;
}

static tw_err look_in(const struct tw_sys *sys, const char *path, struct numbers *n)
{
	TW_CLEANUP(tw_closep) int dir = sys->open_path(sys, path, O_RDONLY | O_DIRECTORY, 0);

	if (dir < 0 && errno == ENOENT)
		return TW_OK;
	if (dir < 0 || sys->list(sys, dir, look, n) != 0)
		return TW_RAISE_ERRNO("looking into %s", path);
	return TW_OK;
}

/* PRODUCT-YEAR-NUMBER, in capitals. */
static tw_err next_id(struct tw_tool *t, const struct tw_args *a, const json_t *product, const char *now, char ret[160])
{
	struct numbers n = { .highest = 0 };
	char stem[128], folder[4096];

	(void)snprintf(stem, sizeof(stem), "%.100s-%.4s-", tw_json_text(tw_json_get(product, "product"), "code"), now);
	TW_TRY(tw_csaf_file_name(stem, n.before));
	n.before[strlen(n.before) - strlen(".json")] = '\0';
	TW_TRY(look_in(t->sys, a->rest[0], &n));
	(void)snprintf(folder, sizeof(folder), "%s/" TW_CSAF_FOLDER "/%.4s", tw_arg(a, "tree") ? tw_arg(a, "tree") : "", now);
	if (tw_arg(a, "tree"))
		TW_TRY(look_in(t->sys, folder, &n));
	if (n.highest == NUMBER_MAX)
		return TW_RAISE(LIMIT, "there are %d advisories of this year", NUMBER_MAX);
	(void)snprintf(ret, 160, "%s%04u", stem, n.highest + 1);
	for (char *c = ret; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	return TW_OK;
}

static tw_err make_draft(struct tw_tool *t, const struct tw_args *a, const json_t *product, const struct tw_advisory *like, json_t **ret)
{
	const char *cves[CVES_MAX + 1] = { NULL };
	struct tw_advisory wanted = *like;
	size_t count = 0;

	for (const char *cve; (cve = tw_arg_nth(a, "cve", count)); count++)
		if (count == CVES_MAX)
			return TW_RAISE(LIMIT, "more than %d vulnerabilities", CVES_MAX);
		else
			cves[count] = cve;
	wanted.cves = cves;
	return tw_advisory_draft(t->sys, product, &wanted, ret);
}

struct first_finding {
	char text[TW_DETAIL_MAX];
};

static tw_err keep_first(void *user, const struct tw_csaf_finding *f)
{
	struct first_finding *first = user;

	if (!*first->text)
		(void)snprintf(first->text, sizeof(first->text), "%s %s: %s", tw_csaf_test_id(f->test), f->path, f->message);
	return TW_OK;
}

/* What the command line gave (a CVE, a namespace) is judged as any document is. */
static tw_err check_draft(struct tw_tool *t, const json_t *draft)
{
	struct first_finding first = { "" };
	const struct tw_csaf_check how = { .tell = keep_first, .user = &first };
	struct tw_csaf_counts counts;

	TW_TRY(tw_csaf_check_json(t->sys, draft, &how, &counts));
	return counts.all ? TW_RAISE(SYNTAX, "the draft would be no valid CSAF 2.0 document: %s", first.text) : TW_OK;
}

tw_err tw_cmd_csaf_new(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(tw_jsonp) json_t *product = NULL, *draft = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_closep) int dir = -1;
	char id[160], name[TW_CSAF_NAME_MAX + 1], now[TW_TIME_TEXT_MAX], path[4096];

	tw_time_text(tw_now_ms(t->sys), now);
	TW_TRY(tw_product_load(t, tw_arg(a, "product"), &product));
	TW_TRY(next_id(t, a, product, now, id));
	const struct tw_advisory like = {
		.profile = tw_arg(a, "profile"), .id = id, .title = tw_arg(a, "title"), .now = now, .namespace = tw_arg(a, "namespace")
	};
	TW_TRY(make_draft(t, a, product, &like, &draft));
	TW_TRY(check_draft(t, draft));
	TW_TRY(tw_csaf_file_name(id, name));
	tw_buf_init(&text, t->sys, TW_CSAF_MAX);
	TW_TRY(tw_json_pretty(draft, &text));
	TW_TRY(tw_dir_make(t->sys, a->rest[0], 0755, &dir));
	TW_TRY(tw_durable_replace(t->sys, dir, name, text.data, text.size, 0644));
	(void)snprintf(path, sizeof(path), "%s/%s", a->rest[0], name);
	return tw_print_done(t, path,
		"Wrote %s, a draft under TLP:AMBER. To publish it: write what is to be written, set version, status, dates and the label.\n",
		path);
}
