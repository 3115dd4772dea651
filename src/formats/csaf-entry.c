/* SPDX-License-Identifier: Apache-2.0 */
/* One document among others: its file name, what lists say of it, and whether it may take another's place. */
#include "formats/csaf-site.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-inside.h"
#include "formats/csaf-text.h"

#include <stdlib.h>
#include <string.h>

static bool kept(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

/* Small letters, and each run of anything else but digits, '+' and '-' becomes one '_'. Only ASCII has letters here: the others are in such a run. */
tw_err tw_csaf_file_name(const char *id, char ret[TW_CSAF_NAME_MAX + 1])
{
	size_t size = 0;

	for (bool run = false; *id; id++) {
		char c = *id >= 'A' && *id <= 'Z' ? (char)(*id - 'A' + 'a') : *id;

		if (!kept(c) && run)
			continue;
		run = !kept(c);
		if (size == TW_CSAF_NAME_MAX - strlen(".json"))
			return TW_RAISE(LIMIT, "an id with more than %zu characters has no file name", TW_CSAF_NAME_MAX - strlen(".json"));
		ret[size++] = run ? '_' : c;
	}
	if (!size)
		return TW_RAISE(SYNTAX, "an empty id has no file name");
	(void)snprintf(ret + size, strlen(".json") + 1, ".json");
	return TW_OK;
}

static const json_t *part(const json_t *document, const char *key)
{
	return json_object_get(json_object_get(document, "document"), key);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = tw_csaf_text(object, key);

	return text ? text : "";
}

static tw_err may_be_public(const json_t *document)
{
	const char *label = text_of(json_object_get(part(document, "distribution"), "tlp"), "label");
	const char *status = text_of(part(document, "tracking"), "status");

	if (!*label)
		return TW_RAISE(DENIED, "CSAF 2.0 section 7.1.4: /document/distribution/tlp/label is missing; only WHITE is for everybody");
	if (strcmp(label, "WHITE") != 0)
		return TW_RAISE(DENIED,
			"CSAF 2.0 section 7.1.4: /document/distribution/tlp/label is %s; only WHITE is for everybody", label);
	if (strcmp(status, "final") != 0 && strcmp(status, "interim") != 0)
		return TW_RAISE(DENIED, "CSAF 2.0 section 3.2.1.12.7: /document/tracking/status is %s; only interim and final are published",
			*status ? status : "missing");
	return TW_OK;
}

/* The first note that says what it is about. */
static const char *summary_of(const json_t *document)
{
	const json_t *note;
	size_t i;

	json_array_foreach(part(document, "notes"), i, note) {
		const char *category = text_of(note, "category");

		if (!strcmp(category, "summary") || !strcmp(category, "description"))
			return text_of(note, "text");
	}
	return "";
}

/* Where the year of a date is: with its own offset, as it is written. */
static tw_err check_date(const char *what, const char *text)
{
	int64_t ms;

	if (strlen(text) < 4 || tw_failed(tw_parse_time(tw_slice_of(text), &ms)))
		return TW_RAISE(DENIED, "RFC 3339: /document/tracking/%s has no form that all readers of feeds take", what);
	return TW_OK;
}

tw_err tw_csaf_entry(const json_t *document, json_t **ret)
{
	const json_t *tracking = part(document, "tracking");
	const char *first = text_of(tracking, "initial_release_date"), *now = text_of(tracking, "current_release_date"),
		   *id = text_of(tracking, "id");
	char name[TW_CSAF_NAME_MAX + 1];

	TW_TRY(may_be_public(document));
	TW_TRY(check_date("initial_release_date", first));
	TW_TRY(check_date("current_release_date", now));
	TW_TRY(tw_csaf_file_name(id, name));
	if (!strcmp(name, "index.json")) /* its page would be index.html */
		return TW_RAISE(DENIED, "/document/tracking/id is '%s': the page of that name is the list of its year", id);
	if (!*text_of(json_object_get(document, "document"), "title"))
		return TW_RAISE(DENIED, "/document/title is missing");
	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", id, "title",
		text_of(json_object_get(document, "document"), "title"), "summary", summary_of(document), "version",
		text_of(tracking, "version"), "status", text_of(tracking, "status"), "published", first, "updated", now, "file",
		json_sprintf("%.4s/%s", first, name));
	return *ret ? TW_OK : TW_RAISE(NOMEM, "an advisory's entry");
}

static int compare_versions(const char *a, const char *b, bool *ret_same_kind)
{
	struct tw_csaf_version of_a, of_b;
	bool semantic_a = tw_csaf_version_read(a, &of_a), semantic_b = tw_csaf_version_read(b, &of_b);

	*ret_same_kind = semantic_a == semantic_b;
	if (semantic_a && semantic_b)
		return tw_csaf_version_compare(&of_a, &of_b);
	return tw_csaf_digits_compare(tw_slice_of(a), tw_slice_of(b));
}

static bool has_revision(const json_t *tracking, const char *number)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(tracking, "revision_history"), i, item)
		if (!strcmp(text_of(item, "number"), number))
			return true;
	return false;
}

static tw_err follows_in_time(const json_t *before, const json_t *now)
{
	struct tw_csaf_time was, is;

	if (strcmp(text_of(before, "initial_release_date"), text_of(now, "initial_release_date")) != 0)
		return TW_RAISE(DENIED, "CSAF 2.0 section 3.2.1.12.5: /document/tracking/initial_release_date was %s",
			text_of(before, "initial_release_date"));
	if (tw_csaf_time_read(text_of(before, "current_release_date"), &was) &&
		tw_csaf_time_read(text_of(now, "current_release_date"), &is) && tw_csaf_time_compare(&is, &was) < 0)
		return TW_RAISE(DENIED,
			"CSAF 2.0 section 3.2.1.12.2: /document/tracking/current_release_date is before the published one, %s",
			text_of(before, "current_release_date"));
	return TW_OK;
}

tw_err tw_csaf_follows(const json_t *published, const json_t *next)
{
	const json_t *before = part(published, "tracking"), *now = part(next, "tracking");
	const char *was = text_of(before, "version"), *is = text_of(now, "version");
	bool same_kind;

	if (strcmp(text_of(before, "id"), text_of(now, "id")) != 0)
		return TW_RAISE(DENIED, "CSAF 2.0 section 5.1: '%s' and '%s' have the same file name", text_of(before, "id"),
			text_of(now, "id"));
	int order = compare_versions(was, is, &same_kind);
	if (!same_kind)
		return TW_RAISE(DENIED,
			"CSAF 2.0 section 3.1.11: /document/tracking/version was %s: the two kinds of versions do not mix", was);
	if (order >= 0)
		return TW_RAISE(DENIED,
			"CSAF 2.0 section 3.1.11: /document/tracking/version is %s, and %s is published: a revision has a higher one",
			is, was);
	if (!has_revision(now, was))
		return TW_RAISE(DENIED,
			"CSAF 2.0 section 3.2.1.12.6: /document/tracking/revision_history lacks the published revision %s", was);
	return follows_in_time(before, now);
}

/* --- In order --- */

struct item {
	json_t *entry;
	struct tw_csaf_time time;
};

static int newest_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int order = tw_csaf_time_compare(&y->time, &x->time);

	return order ? order : strcmp(tw_json_text(x->entry, "file"), tw_json_text(y->entry, "file"));
}

tw_err tw_csaf_entries_sort(const struct tw_sys *sys, json_t *entries)
{
	size_t count = json_array_size(entries), i;
	json_t *entry;

	if (count < 2)
		return TW_OK;
	TW_CLEANUP(tw_freep) struct item *items = tw_alloc_array(sys, count, sizeof(*items));
	if (!items)
		return TW_RAISE(NOMEM, "a list of advisories");
	json_array_foreach(entries, i, entry) {
		items[i].entry = entry;
		(void)tw_csaf_time_read(tw_json_text(entry, "updated"), &items[i].time);
		json_incref(entry);
	}
	qsort(items, count, sizeof(*items), newest_first);
	for (i = 0; i < count; i++)
		(void)json_array_set_new(entries, i, items[i].entry); /* in the place of another: nothing is allocated */
	return TW_OK;
}
