/* SPDX-License-Identifier: Apache-2.0 */
#include "device/identification/files.h"

#include "base/text.h"
#include "device/identification/identity.h"
#include "service/errand-line.h"
#include "device/rows-identification.h"
#include "service/path/page.h"

#include <string.h>

#define KEPT_FILES TW_KEPT_OF_OWNER "inventory.files"
#define KEPT_SUMMARY TW_KEPT_OF_OWNER "inventory.summary"
#define SUMMARY_MAX 1024

tw_err tw_files_new(const struct tw_sys *sys, struct tw_files *ret)
{
	*ret = (struct tw_files){ .sys = sys, .list = json_array() };
	return ret->list ? TW_OK : TW_RAISE(NOMEM, "a list of files");
}

void tw_files_done(struct tw_files *f)
{
	json_decref(f->list);
	f->list = NULL;
}

/* --- One finding --- */

tw_err tw_files_add(struct tw_files *f, enum tw_scan_kind kind, enum tw_scan_how how, struct tw_slice path, struct tw_buf *ret_shown)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf entry = { 0 };

	TW_TRY(tw_buf_text(ret_shown, "/"));
	TW_TRY(tw_buf_terminal(ret_shown, path));
	if (f->listed[kind] == TW_FILES_LISTED_MAX || f->bytes[kind] + ret_shown->size > TW_FILES_LISTED_BYTES)
		return TW_OK;
	f->listed[kind]++;
	f->bytes[kind] += ret_shown->size;
	tw_buf_init(&entry, f->sys, ret_shown->size + 8);
	TW_TRY(tw_buf_format(&entry, "%d %d %s", (int)kind, (int)how, tw_buf_cstr(ret_shown)));
	return tw_json_append(f->list, json_string(tw_buf_cstr(&entry)));
}

tw_err tw_files_entry(const json_t *entry, enum tw_scan_kind *ret_kind, enum tw_scan_how *ret_how, const char **ret_path)
{
	const char *text = json_string_value(entry);

	if (!text || strlen(text) < 5 || text[1] != ' ' || text[3] != ' ' || text[4] != '/' || text[0] < '0' + TW_SCAN_CHANGED ||
		text[0] > '0' + TW_SCAN_UNKNOWN || text[2] < '0' || text[2] >= '0' + TW_SCAN_HOWS)
		return TW_RAISE(SYNTAX, "a kept finding is not of its form");
	*ret_kind = (enum tw_scan_kind)(text[0] - '0');
	*ret_how = (enum tw_scan_how)(text[2] - '0');
	*ret_path = text + 4;
	return TW_OK;
}

/* --- All of them, as text --- */

static tw_err counts_of(const struct tw_files *f, json_t *j)
{
	for (size_t i = 0; i < TW_SCAN_COUNTS; i++)
		TW_TRY(tw_json_set(j, tw_scan_count_names[i], json_integer((json_int_t)f->counts[i])));
	return TW_OK;
}

static tw_err write_with(const struct tw_files *f, bool list, struct tw_buf *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = json_object();

	TW_TRY(counts_of(f, j));
	TW_TRY(tw_json_set(j, "ended", json_integer((json_int_t)f->ended_ms)));
	if (list)
		TW_TRY(tw_json_set(j, "list", json_incref(f->list)));
	return tw_json_write(j, ret);
}

tw_err tw_files_write(const struct tw_files *f, struct tw_buf *ret)
{
	return write_with(f, true, ret);
}

static tw_err read_counts(const json_t *j, struct tw_files *ret)
{
	for (size_t i = 0; i < TW_SCAN_COUNTS; i++) {
		int64_t n = tw_json_int(j, tw_scan_count_names[i]);

		if (n < 0)
			return TW_RAISE(SYNTAX, "a kept count is below 0");
		ret->counts[i] = (uint64_t)n;
	}
	ret->ended_ms = tw_json_int(j, "ended");
	return TW_OK;
}

tw_err tw_files_read(const struct tw_sys *sys, struct tw_slice text, struct tw_files *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	TW_CLEANUP(tw_files_done) struct tw_files f = { .sys = sys };
	json_t *entry;
	size_t i;

	TW_TRY(tw_json_parse(text, TW_FILES_STATE_MAX, &j));
	TW_TRY(read_counts(j, &f));
	json_array_foreach(json_object_get(j, "list"), i, entry) {
		enum tw_scan_kind kind;
		enum tw_scan_how how;
		const char *path;

		TW_TRY(tw_files_entry(entry, &kind, &how, &path));
		f.listed[kind]++;
		f.bytes[kind] += strlen(path);
	}
	f.list = json_incref(json_object_get(j, "list"));
	if (!json_is_array(f.list))
		return TW_RAISE(SYNTAX, "kept findings are not of their form");
	*ret = f;
	f.list = NULL;
	return TW_OK;
}

/* --- What is kept --- */

static tw_err keep_one(struct tw_device *d, const char *name, const struct tw_files *f, bool list)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, TW_FILES_STATE_MAX);
	TW_TRY(write_with(f, list, &text));
	return tw_device_keep(d, name, tw_buf_cstr(&text));
}

/* The whole first: a summary without its findings is never seen, and each has the counts it goes with. */
tw_err tw_files_keep(struct tw_device *d, const struct tw_files *f)
{
	TW_TRY(keep_one(d, KEPT_FILES, f, true));
	return keep_one(d, KEPT_SUMMARY, f, false);
}

tw_err tw_files_kept(struct tw_device *d, struct tw_files *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };

	tw_buf_init(&text, d->context.sys, TW_FILES_STATE_MAX);
	TW_TRY(tw_device_kept(d, KEPT_FILES, &text));
	return tw_files_read(d->context.sys, tw_buf_slice(&text), ret);
}

tw_err tw_files_summary(struct tw_device *d, struct tw_sbom_files *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	struct tw_files f = { .sys = d->context.sys };

	tw_buf_init(&text, d->context.sys, SUMMARY_MAX);
	TW_TRY(tw_device_kept(d, KEPT_SUMMARY, &text));
	TW_TRY(tw_json_parse(tw_buf_slice(&text), SUMMARY_MAX, &j));
	TW_TRY(read_counts(j, &f));
	*ret = (struct tw_sbom_files){ .checked_ms = f.ended_ms,
		.checked = f.counts[TW_FILES_CHECKED],
		.changed = f.counts[TW_FILES_CHANGED],
		.missing = f.counts[TW_FILES_MISSING],
		.unknown = f.counts[TW_FILES_UNKNOWN],
		.unread = f.counts[TW_FILES_UNREAD],
		.skipped = f.counts[TW_FILES_SKIPPED],
		.broken = f.counts[TW_FILES_BROKEN] };
	return TW_OK;
}

const char *tw_files_verdict(const struct tw_files *f)
{
	if (f->counts[TW_FILES_CHANGED] || f->counts[TW_FILES_MISSING] || f->counts[TW_FILES_UNKNOWN])
		return "differs";
	return f->counts[TW_FILES_BROKEN] ? "incomplete" : "as-installed";
}

const char *tw_files_unavailable(struct tw_device *d)
{
	if (!d->packages || !tw_package_system(d->packages))
		return "There is no package database to hold files against.";
	if (!d->errands || !tw_errand_listed(d->errands, TW_ERRAND_SCAN))
		return "Files cannot be held against it: roles.tab has no line for scan.";
	return "";
}

/* --- Reading them --- */

static tw_err describe(const json_t *entry, json_t **ret)
{
	enum tw_scan_kind kind;
	enum tw_scan_how how;
	const char *path;

	TW_TRY(tw_files_entry(entry, &kind, &how, &path));
	*ret = json_pack("{s:s, s:s, s:s}", "kind", tw_scan_kinds[kind], "by", tw_scan_hows[how], "path", path);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "a finding");
}

static tw_err set_summary(const struct tw_files *f, json_t *body)
{
	char ended[TW_TIME_TEXT_MAX];

	TW_TRY(tw_json_set(body, "checked_before", json_boolean(f->ended_ms != 0)));
	if (f->ended_ms) {
		tw_time_text(f->ended_ms, ended);
		TW_TRY(tw_json_set(body, "ended", json_string(ended)));
	}
	TW_TRY(tw_json_set(body, "listed", json_integer((json_int_t)json_array_size(f->list))));
	return counts_of(f, body);
}

/* Each entry's place is its number among the listed: a check that ends between two pages begins another list. */
static tw_err add_page(struct tw_page *page, struct tw_reply *rp, const struct tw_files *f)
{
	uint64_t after = 0;

	TW_TRY(tw_page_after(page, rp, &after));
	for (size_t i = after; !rp->problem[0] && i < json_array_size(f->list); i++) {
		json_t *one = NULL;

		if (!tw_page_takes(page))
			break;
		TW_TRY(describe(json_array_get(f->list, i), &one));
		TW_TRY(tw_page_add_at(page, i + 1, one));
	}
	return rp->problem[0] ? TW_OK : tw_page_end(page, rp);
}

/* @nist DI.ABI.3: what the disk holds beside what is installed */
tw_err tw_inventory_findings(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	TW_CLEANUP(tw_files_done) struct tw_files f = { 0 };
	struct tw_device *d = tw_device_of(c);
	struct tw_page page;

	TW_TRY(tw_identity_refuse(c, rq, rp));
	if (rp->problem[0])
		return TW_OK;
	tw_err e = tw_files_kept(d, &f);
	if (tw_is(e, TW_CODE_NOTFOUND))
		e = tw_files_new(c->sys, &f);
	TW_TRY(e);
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "identifier", json_string(tw_identity_own(d))));
	TW_TRY(set_summary(&f, rp->body));
	TW_TRY(tw_page_begin(c, rq, rp, &page));
	return rp->problem[0] ? TW_OK : add_page(&page, rp, &f);
}

static tw_err apply(const char *value, size_t max)
{
	tw_err e = tw_scan_paths_check(tw_slice_of(value), max);
	char why[TW_DETAIL_MAX];

	if (!tw_failed(e))
		return TW_OK;
	(void)snprintf(why, sizeof why, "%s", tw_err_detail());
	return TW_RAISE(DENIED, "%s", why);
}

tw_err tw_inventory_folders_apply(struct tw_context *c, const char *value)
{
	return apply(value, TW_SCAN_FOLDERS_MAX);
}

tw_err tw_inventory_ignored_apply(struct tw_context *c, const char *value)
{
	return apply(value, TW_SCAN_IGNORED_MAX);
}
