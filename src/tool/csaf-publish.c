/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `thingward csaf publish` and `csaf withdraw`: documents become part of a provider's tree, all of them or none. What is refused is refused before
 * anything is written. Who signs elsewhere runs publish twice: --unsigned leaves what is to be signed, --signatures takes what was signed.
 */
#include "base/text.h"
#include "formats/csaf.h"
#include "formats/securitytxt.h"
#include "product/advisory.h"
#include "product/csaf-tree.h"
#include "sys/durable.h"
#include "tool/commands.h"
#include "tool/files.h"
#include "tool/openpgp.h"

#include <fcntl.h>
#include <string.h>

#define SIGNING                                                                                                      \
	{ "key", "FINGERPRINT", false, "sign with this key of your gpg" },                                           \
		{ "unsigned", "DIR", false, "publish nothing: leave there what is to be signed" },                   \
		{ "signatures", "DIR", false, "take NAME.json.asc for each document from there, and check it" },     \
		{ "public-key", "FILE", false, "the key of these signatures, where the tree does not have it yet" }, \
	{                                                                                                            \
		"openpgp-program", "FILE", false, "the signer's program, where it is not installed"                  \
	}

const struct tw_option tw_options_csaf_publish[] = {
	{ "url", "URL", false, "the first time: where the tree will be found, https://.../.well-known/csaf" },
	{ "contact", "ADDRESS", false, "for security.txt: mailto:, https: or tel:" },
	{ "unlisted", NULL, false, "ask aggregators neither to list nor to mirror" },
	SIGNING,
	{},
};
const struct tw_option tw_options_csaf_withdraw[] = {
	{ "reason", "TEXT", true, "why, for everybody who used the advisory" },
	SIGNING,
	{},
};

struct job {
	struct tw_tool *t;
	const struct tw_args *a;
	struct tw_openpgp openpgp;
	struct tw_csaf_tree tree;
	struct tw_csaf_draft *drafts;
	size_t count, changed;
	struct tw_buf public_key, keys; /* the one that was given; that one and all of the tree */
};

static void job_done(struct job *j)
{
	for (size_t i = 0; i < j->count; i++)
		tw_csaf_draft_done(&j->drafts[i]);
	free(j->drafts);
	tw_csaf_tree_done(&j->tree);
	tw_buf_done(&j->public_key);
	tw_buf_done(&j->keys);
}

/* --- What is published --- */

static tw_err check_document(struct job *j, const struct tw_csaf_draft *d)
{
	const struct tw_csaf_check how = { 0 };
	struct tw_csaf_counts counts;

	TW_TRY(tw_csaf_check_json(j->t->sys, d->document, &how, &counts));
	return counts.all ? tw_fail(j->t, TW_EXIT_FAILED, "thingward csaf validate FILE says what is wrong with it",
				    TW_RAISE(UNTRUSTED, "it is no valid CSAF 2.0 document"))
			  : TW_OK;
}

static tw_err read_draft(struct job *j, struct tw_csaf_draft *d)
{
	TW_TRY(tw_file_read(j->t->sys, d->name, TW_CSAF_MAX, &d->text));
	TW_TRY(tw_json_parse_deep(tw_buf_slice(&d->text), TW_CSAF_MAX, TW_JSON_DEEPEST, &d->document));
	TW_TRY(check_document(j, d));
	return tw_csaf_tree_add(&j->tree, d);
}

static tw_err make_drafts(struct job *j, size_t count)
{
	j->drafts = count ? tw_alloc_array(j->t->sys, count, sizeof(*j->drafts)) : NULL;
	if (count && !j->drafts)
		return TW_RAISE(NOMEM, "a list of documents");
	j->count = count;
	for (size_t i = 0; i < count; i++) {
		tw_buf_init(&j->drafts[i].text, j->t->sys, TW_CSAF_MAX);
		tw_buf_init(&j->drafts[i].signature, j->t->sys, TW_OPENPGP_MAX);
	}
	return TW_OK;
}

static tw_err read_drafts(struct job *j)
{
	TW_TRY(make_drafts(j, (size_t)j->a->rest_count - 1));
	for (size_t i = 0; i < j->count; i++) {
		struct tw_csaf_draft *d = &j->drafts[i];

		d->name = j->a->rest[i + 1];
		TW_TRY(tw_file_named(d->name, read_draft(j, d)));
		j->changed += !d->unchanged;
	}
	return TW_OK;
}

/* --- Signatures --- */

static tw_err add_public_key(struct job *j, const char *path)
{
	TW_TRY(tw_file_read(j->t->sys, path, TW_OPENPGP_MAX, &j->public_key));
	if (strstr(tw_buf_cstr(&j->public_key), "PRIVATE KEY"))
		return TW_RAISE(DENIED, "%s holds a private key: gpg --armor --export makes a public one", path);
	return TW_OK;
}

static tw_err gather_keys(struct job *j)
{
	const char *given = tw_arg(j->a, "public-key"), *own = tw_arg(j->a, "key");

	tw_buf_init(&j->public_key, j->t->sys, TW_OPENPGP_MAX);
	tw_buf_init(&j->keys, j->t->sys, (TW_CSAF_KEYS_MAX + 1) * (size_t)TW_OPENPGP_MAX);
	if (given)
		TW_TRY(add_public_key(j, given));
	if (own)
		TW_TRY(tw_openpgp_export(&j->openpgp, own, &j->public_key));
	for (size_t i = 0; i < j->tree.site.keys.count; i++)
		TW_TRY(tw_buf_add(&j->keys, j->tree.keys[i].text.data, j->tree.keys[i].text.size));
	return tw_buf_add(&j->keys, tw_buf_cstr(&j->public_key), j->public_key.size);
}

static tw_err read_signature(struct job *j, const struct tw_csaf_draft *d, struct tw_buf *ret)
{
	TW_CLEANUP(tw_closep) int dir = -1;
	char name[TW_CSAF_PATH_MAX];

	(void)snprintf(name, sizeof(name), "%s.asc", strchr(tw_json_text(d->entry, "file"), '/') + 1);
	TW_TRY(tw_dir_open(j->t->sys, tw_arg(j->a, "signatures"), &dir));
	TW_CLEANUP(tw_closep) int file = j->t->sys->open_beneath(j->t->sys, dir, name, O_RDONLY, 0);
	if (file < 0)
		return TW_RAISE(NOTFOUND, "there is no %s in %s", name, tw_arg(j->a, "signatures"));
	return tw_durable_read(j->t->sys, dir, name, TW_OPENPGP_MAX, ret);
}

/* Whoever signed: what is published verifies with a key that is published. */
static tw_err sign_one(struct job *j, struct tw_csaf_draft *d)
{
	char fingerprint[65];

	if (d->unchanged)
		TW_TRY(tw_csaf_tree_signature(&j->tree, d->entry, &d->signature));
	if (d->signature.size)
		return TW_OK;
	if (tw_arg(j->a, "signatures"))
		TW_TRY(read_signature(j, d, &d->signature));
	else
		TW_TRY(tw_openpgp_sign(&j->openpgp, tw_arg(j->a, "key"), tw_buf_slice(&d->text), &d->signature));
	TW_TRY(tw_openpgp_verify(&j->openpgp, tw_buf_slice(&d->text), tw_buf_slice(&d->signature), tw_buf_slice(&j->keys), fingerprint));
	return tw_csaf_tree_key(&j->tree, fingerprint, tw_buf_slice(&j->public_key), NULL);
}

static tw_err sign_all(struct job *j)
{
	if (!tw_arg(j->a, "key") && !tw_arg(j->a, "signatures")) {
		if (!j->tree.site.keys.count || !j->changed)
			return TW_OK;
		return tw_fail(j->t, TW_EXIT_FAILED, "--key FINGERPRINT, or --unsigned DIR and then --signatures DIR",
			TW_RAISE(DENIED, "CSAF 2.0 section 7.1.19: this provider's documents are signed"));
	}
	TW_TRY(gather_keys(j));
	for (size_t i = 0; i < j->count; i++)
		TW_TRY(tw_file_named(j->drafts[i].name, sign_one(j, &j->drafts[i])));
	return TW_OK;
}

static tw_err leave_unsigned(struct job *j, const char *where)
{
	TW_CLEANUP(tw_closep) int dir = -1;

	TW_TRY(tw_dir_make(j->t->sys, where, 0755, &dir));
	for (size_t i = 0; i < j->count; i++) {
		const struct tw_csaf_draft *d = &j->drafts[i];
		const char *name = strchr(tw_json_text(d->entry, "file"), '/') + 1;

		if (d->unchanged)
			continue;
		TW_TRY(tw_durable_replace(j->t->sys, dir, name, d->text.data, d->text.size, 0644));
		TW_TRY(tw_print(j->t, "gpg --armor --detach-sign %s/%s\n", where, name));
	}
	return tw_print_done(j->t, where, "Nothing is published yet. After signing: thingward csaf publish %s --signatures %s %s/*.json\n",
		j->a->rest[0], where, where);
}

/* --- The whole --- */

static tw_err set_site(struct job *j)
{
	struct tw_csaf_site *s = &j->tree.site;
	const char *url = tw_arg(j->a, "url"), *contact = tw_arg(j->a, "contact");
	int64_t now = tw_now_ms(j->t->sys);

	if (!*s->url && !url)
		return tw_fail(j->t, TW_EXIT_USAGE, "--url https://example.com/.well-known/csaf",
			TW_RAISE(SYNTAX, "there is no tree %s yet, and --url does not say where it will be found", j->a->rest[0]));
	if (url)
		TW_TRY(tw_csaf_site_url(s, url));
	if (contact && strlen(contact) >= sizeof(s->contact))
		return TW_RAISE(LIMIT, "--contact is too long");
	if (contact)
		(void)snprintf(s->contact, sizeof(s->contact), "%s", contact);
	if (tw_arg(j->a, "unlisted"))
		s->listed = s->mirrored = false;
	tw_time_text(now, s->updated);
	tw_time_text(now + TW_SECURITYTXT_LIFE_MAX_MS, s->expires);
	return TW_OK;
}

static tw_err check_usage(struct tw_tool *t, const struct tw_args *a)
{
	int ways = (tw_arg(a, "key") != NULL) + (tw_arg(a, "unsigned") != NULL) + (tw_arg(a, "signatures") != NULL);

	if (ways > 1 || (tw_arg(a, "public-key") && !tw_arg(a, "signatures")))
		return tw_fail(t, TW_EXIT_USAGE, "one of --key, --unsigned, --signatures (with --public-key)",
			TW_RAISE(SYNTAX, "these options do not go together"));
	if (tw_arg(a, "key") && !tw_csaf_fingerprint(tw_slice_of(tw_arg(a, "key"))))
		return tw_fail(t, TW_EXIT_USAGE, "gpg --list-secret-keys shows it", TW_RAISE(SYNTAX, "--key wants a whole fingerprint"));
	return TW_OK;
}

static tw_err open_job(struct job *j)
{
	j->openpgp = (struct tw_openpgp){ j->t->sys, tw_arg(j->a, "openpgp-program") };
	TW_TRY(check_usage(j->t, j->a));
	TW_TRY(tw_csaf_tree_open(j->t->sys, j->a->rest[0], true, &j->tree));
	return set_site(j);
}

static tw_err finish(struct job *j)
{
	if (tw_arg(j->a, "unsigned"))
		return leave_unsigned(j, tw_arg(j->a, "unsigned"));
	TW_TRY(sign_all(j));
	TW_TRY(tw_csaf_tree_publish(&j->tree, j->drafts, j->count));
	return tw_print_done(j->t, j->a->rest[0], "Published %zu of %zu advisories in %s; it has %zu.\n", j->changed, j->count,
		j->a->rest[0], json_array_size(j->tree.site.entries));
}

tw_err tw_cmd_csaf_publish(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(job_done) struct job j = { .t = t, .a = a, .tree = { .parent = -1, .dir = -1 } };

	TW_TRY(open_job(&j));
	TW_TRY(read_drafts(&j));
	return finish(&j);
}

/* --- Taking back --- */

static tw_err make_withdrawal(struct job *j, const char *id, struct tw_csaf_draft *d)
{
	const json_t *entry = tw_csaf_tree_find(&j->tree, id);
	TW_CLEANUP(tw_buf_done) struct tw_buf published = { 0 };

	if (!entry)
		return TW_RAISE(NOTFOUND, "there is no advisory %s in %s", id, j->a->rest[0]);
	d->name = id;
	tw_buf_init(&published, j->t->sys, TW_CSAF_MAX);
	TW_TRY(tw_csaf_tree_document(&j->tree, tw_json_text(entry, "file"), &published, &d->document));
	TW_TRY(tw_advisory_withdraw(d->document, tw_arg(j->a, "reason")));
	TW_CLEANUP(tw_jsonp) json_t *why = json_sprintf("Withdrawn: %s", tw_arg(j->a, "reason"));
	TW_TRY(tw_advisory_revise(tw_json_get(tw_json_get(d->document, "document"), "tracking"), j->tree.site.updated, "final",
		why ? json_string_value(why) : tw_arg(j->a, "reason")));
	TW_TRY(tw_json_pretty(d->document, &d->text));
	TW_TRY(check_document(j, d));
	j->changed = 1;
	return tw_csaf_tree_add(&j->tree, d);
}

tw_err tw_cmd_csaf_withdraw(struct tw_tool *t, const struct tw_args *a)
{
	TW_CLEANUP(job_done) struct job j = { .t = t, .a = a, .tree = { .parent = -1, .dir = -1 } };

	TW_TRY(open_job(&j));
	TW_TRY(make_drafts(&j, 1));
	TW_TRY(tw_file_named(a->rest[1], make_withdrawal(&j, a->rest[1], &j.drafts[0])));
	return finish(&j);
}
