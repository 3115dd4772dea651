/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds of vulnerabilities as their sources publish them, unpacked into a directory. One file is in memory at a time. What a file is, its content
 * says. A file that cannot be read is told and costs no other; whoever decides by the result has to know that it is not whole.
 */
#include "base/text.h"
#include "formats/vulnfeed.h"
#include "sys/durable.h"
#include "sys/walk.h"
#include "tool/files.h"
#include "tool/triage.h"

#define UNREAD_MAX 100               /* named of them; all are counted */
#define LATER_MAX (64 * 1024 * 1024) /* paths of what is read after the records */

struct feeds {
	struct tw_tool *t;
	tw_triage *triage;
	struct tw_feeds *told;
	struct tw_buf later; /* path NUL ... */
	int root;
};

static bool ends(const char *name, const char *end)
{
	size_t size = strlen(name), of = strlen(end);

	return size > of && !strcmp(name + size - of, end);
}

static tw_err unread(struct feeds *f, const char *path)
{
	char why[TW_DETAIL_MAX], name[TW_WALK_PATH_MAX + 1];

	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	(void)snprintf(name, sizeof name, "%s", path);
	tw_utf8_mend(name);
	tw_utf8_mend(why);
	if (f->told->unread_count++ >= UNREAD_MAX)
		return TW_OK;
	return tw_json_append(f->told->unread, json_sprintf("%s: %s", name, why));
}

/* The feed's fault, not this machine's. */
static bool blamed(tw_err e)
{
	return tw_is(e, TW_CODE_SYNTAX) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_UNSUPPORTED) || tw_is(e, TW_CODE_NOTFOUND);
}

/* Its components count for nothing but what is said of them, and that only where it brings something: they are another product's. */
static tw_err read_inventory(struct feeds *f, json_t *document, const char *path)
{
	TW_CLEANUP(tw_bom_done) struct tw_bom bom = { 0 };

	TW_TRY(tw_bom_of(f->t->sys, document, &bom));
	return tw_triage_inventory(f->triage, &bom, path);
}

static tw_err read_list(struct feeds *f, struct tw_slice text, json_t *document, const char *path)
{
	if (!document)
		return tw_triage_epss(f->triage, text);
	if (tw_feed_kind_of(document) == TW_FEED_KEV)
		return tw_triage_kev(f->triage, text);
	if (tw_feed_kind_of(document) == TW_FEED_INVENTORY)
		return read_inventory(f, document, path);
	return tw_triage_statements(f->triage, document, path);
}

/* Records now; the rest when all of them are there. */
static tw_err read_record(struct feeds *f, const json_t *document, const char *path)
{
	enum tw_feed_kind kind = tw_feed_kind_of(document);

	switch (kind) {
	case TW_FEED_OSV:
		TW_TRY(tw_osv_check(document));
		return tw_triage_record(f->triage, kind, document, path);
	case TW_FEED_CVE:
		TW_TRY(tw_cve_check(document));
		return tw_triage_record(f->triage, kind, document, path);
	case TW_FEED_KEV:
	case TW_FEED_CSAF:
	case TW_FEED_OPENVEX:
	case TW_FEED_CVE_CHECK:
	case TW_FEED_INVENTORY:
		return tw_buf_add(&f->later, path, strlen(path) + 1);
	case TW_FEED_UNKNOWN:
		break;
	}
	return TW_RAISE(UNSUPPORTED, "neither an OSV or CVE record, KEV, CSAF, OpenVEX, the output of cve-check nor an inventory");
}

static tw_err read_file(struct feeds *f, const char *path, bool later)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;
	size_t most = ends(path, ".csv") ? TW_EPSS_MAX : TW_VEX_MAX;

	tw_buf_init(&text, f->t->sys, most);
	TW_TRY(tw_durable_read(f->t->sys, f->root, path, most, &text));
	if (!ends(path, ".csv"))
		TW_TRY(tw_json_parse(tw_buf_slice(&text), most, &document));
	if (document && !later)
		tw_buf_done(&text); /* what was read is in the document */
	return later ? read_list(f, tw_buf_slice(&text), document, path) : read_record(f, document, path);
}

/* Its fault is its own; the machine's ends the run. */
static tw_err try_file(struct feeds *f, const char *path, bool later)
{
	char clean[TW_WALK_PATH_MAX + 1];

	(void)snprintf(clean, sizeof clean, "%s", path);
	tw_utf8_mend(clean);
	tw_err e = strcmp(clean, path) != 0 ? TW_RAISE(SYNTAX, "its name is no UTF-8") : read_file(f, path, later);
	if (!tw_failed(e)) {
		f->told->files++;
		return TW_OK;
	}
	return blamed(e) ? unread(f, path) : e;
}

static tw_err take(struct feeds *f, const struct tw_walk_entry *e)
{
	static const char *const packed[] = { ".gz", ".zip", ".zst", ".xz", ".bz2" };

	if (e->kind == TW_WALK_SKIPPED || e->kind == TW_WALK_LONG) {
		tw_ignore(TW_RAISE(DENIED, "%s",
			e->kind == TW_WALK_LONG ? "something in it has too long a path" : "it cannot be looked into"));
		return unread(f, e->path);
	}
	if (e->kind == TW_WALK_FOLDER || !strcmp(e->name, "delta.json") || !strcmp(e->name, "deltaLog.json"))
		return TW_OK; /* the CVE list's own notes of what changed */
	for (size_t i = 0; i < TW_COUNT(packed); i++)
		if (ends(e->name, packed[i])) {
			tw_ignore(TW_RAISE(UNSUPPORTED, "is packed: unpack it"));
			return unread(f, e->path);
		}
	if (!ends(e->name, ".json") && !ends(e->name, ".csv"))
		return TW_OK;
	if (e->kind != TW_WALK_FILE) {
		tw_ignore(TW_RAISE(UNSUPPORTED, "is a link or no file; links are not followed"));
		return unread(f, e->path);
	}
	return ends(e->name, ".csv") ? tw_buf_add(&f->later, e->path, strlen(e->path) + 1) : try_file(f, e->path, false);
}

static tw_err read_all(struct feeds *f)
{
	TW_CLEANUP(tw_walk_freep) tw_walk *w = NULL;
	struct tw_walk_entry e = { .kind = TW_WALK_FILE };

	TW_TRY(tw_walk_new(f->t->sys, f->root, "", &w));
	while (e.kind != TW_WALK_END) {
		TW_TRY(tw_walk_next(w, &e));
		if (e.kind != TW_WALK_END)
			TW_TRY(take(f, &e));
	}
	for (size_t at = 0; at < f->later.size; at += strlen(f->later.data + at) + 1)
		TW_TRY(try_file(f, f->later.data + at, true));
	return TW_OK;
}

tw_err tw_feeds_read(struct tw_tool *t, const char *dir, tw_triage *triage, struct tw_feeds *ret)
{
	TW_CLEANUP(tw_closep) int root = -1;
	struct feeds f = { .t = t, .triage = triage, .told = ret };

	TW_TRY(tw_dir_open(t->sys, dir, &root));
	f.root = root;
	tw_buf_init(&f.later, t->sys, LATER_MAX);
	tw_err e = read_all(&f);
	tw_buf_done(&f.later);
	return e;
}
