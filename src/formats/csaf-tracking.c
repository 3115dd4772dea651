/* SPDX-License-Identifier: Apache-2.0 */
/* Versions and revisions: 6.1.14, 6.1.16 to 6.1.22, 6.1.30. The revisions are read once for each test; there are few. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-inside.h"
#include "formats/csaf-text.h"

#include <stdlib.h>
#include <string.h>

static const struct tw_csaf_at the_document = { .key = "document" }, the_tracking = { .up = &the_document, .key = "tracking" },
			       the_history = { .up = &the_tracking, .key = "revision_history" },
			       the_version = { .up = &the_tracking, .key = "version" },
			       the_status = { .up = &the_tracking, .key = "status" };

struct revision {
	size_t index;
	const char *number;
	struct tw_csaf_time date;
	bool semantic;
	struct tw_csaf_version version; /* of a whole number: n.0.0 */
};
struct history {
	struct revision *list;
	size_t count;
};

static void history_done(struct history *h)
{
	free(h->list);
}

static const char *tracking_text(const struct tw_csaf_run *r, const char *key)
{
	return tw_csaf_text(json_object_get(json_object_get(r->document, "document"), "tracking"), key);
}

static const json_t *revisions(const struct tw_csaf_run *r)
{
	return json_object_get(json_object_get(json_object_get(r->document, "document"), "tracking"), "revision_history");
}

static bool number_read(const char *number, struct revision *ret)
{
	size_t size = strspn(number, "0123456789");

	ret->number = number;
	ret->semantic = tw_csaf_version_read(number, &ret->version);
	if (ret->semantic)
		return true;
	ret->version = (struct tw_csaf_version){ .part = { { number, size }, TW_SLICE("0"), TW_SLICE("0") }, .core = { number, size } };
	return tw_csaf_is_version(number);
}

/* Of revisions that are not as the schema wants them nothing can be said: the list is empty. */
static tw_err history_read(const struct tw_csaf_run *r, struct history *ret)
{
	const json_t *list = revisions(r), *item;
	size_t i;

	if (!json_array_size(list))
		return TW_OK;
	ret->list = tw_alloc_array(r->sys, json_array_size(list), sizeof(*ret->list));
	if (!ret->list)
		return TW_RAISE(NOMEM, "revisions");
	json_array_foreach(list, i, item) {
		const char *date = tw_csaf_text(item, "date"), *number = tw_csaf_text(item, "number");
		struct revision *v = &ret->list[i];

		v->index = i;
		if (!date || !number || !tw_csaf_time_read(date, &v->date) || !number_read(number, v)) {
			ret->count = 0;
			return TW_OK;
		}
		ret->count++;
	}
	return TW_OK;
}

static int by_date(const void *left, const void *right)
{
	const struct revision *a = left, *b = right;
	int c = tw_csaf_time_compare(&a->date, &b->date);

	return c ? c : (a->index > b->index) - (a->index < b->index);
}

static int by_date_and_version(const void *left, const void *right)
{
	const struct revision *a = left, *b = right;
	int c = tw_csaf_time_compare(&a->date, &b->date);

	if (!c)
		c = tw_csaf_version_compare(&a->version, &b->version);
	return c ? c : (a->index > b->index) - (a->index < b->index);
}

static tw_err sorted(const struct tw_csaf_run *r, int (*order)(const void *, const void *), struct history *ret)
{
	TW_TRY(history_read(r, ret));
	if (ret->count)
		qsort(ret->list, ret->count, sizeof(*ret->list), order);
	return TW_OK;
}

static bool is_zero(struct tw_slice digits)
{
	return digits.size == 1 && digits.at[0] == '0';
}

static bool is_status(const struct tw_csaf_run *r, const char *one, const char *other)
{
	const char *status = tracking_text(r, "status");

	return status && (!strcmp(status, one) || !strcmp(status, other));
}

static int by_major(const void *left, const void *right)
{
	const struct revision *a = left, *b = right;
	int c = tw_csaf_digits_compare(a->version.part[0], b->version.part[0]);

	return c ? c : (a->index > b->index) - (a->index < b->index);
}

static int by_version(const void *left, const void *right)
{
	const struct revision *a = left, *b = right;
	int c = tw_csaf_version_compare(&a->version, &b->version);

	return c ? c : (a->index > b->index) - (a->index < b->index);
}

/* Leaves of those that are equal in the given order (whose last word is the index) the first, and all of them in the order they were in. */
static tw_err keep_firsts(const struct tw_csaf_run *r, int (*order)(const void *, const void *), struct history *h)
{
	TW_CLEANUP(tw_freep) struct revision *copy = NULL;
	size_t kept = 0;

	if (!h->count)
		return TW_OK;
	copy = tw_alloc_array(r->sys, h->count, sizeof(*copy));
	if (!copy)
		return TW_RAISE(NOMEM, "revisions");
	for (size_t i = 0; i < h->count; i++)
		h->list[i].index = i;
	memcpy(copy, h->list, h->count * sizeof(*copy));
	qsort(copy, h->count, sizeof(*copy), order);
	for (size_t i = 1; i < h->count; i++) {
		struct revision same = copy[i];

		same.index = copy[i - 1].index;
		if (order(&copy[i - 1], &same) == 0)
			h->list[copy[i].index].number = NULL;
	}
	for (size_t i = 0; i < h->count; i++)
		if (h->list[i].number)
			h->list[kept++] = h->list[i];
	h->count = kept;
	return TW_OK;
}

/* A version that came before (builds of one, say) does not count again. */
tw_err tw_csaf_history_ascends(struct tw_csaf_run *r)
{
	TW_CLEANUP(history_done) struct history h = { 0 };

	TW_TRY(sorted(r, by_date_and_version, &h));
	TW_TRY(keep_firsts(r, by_version, &h));
	for (size_t i = 1; i < h.count; i++)
		if (tw_csaf_version_compare(&h.list[i - 1].version, &h.list[i].version) >= 0)
			TW_TRY(tw_csaf_tell_at(
				r, &the_history, "version %.64s is dated after %.64s", h.list[i].number, h.list[i - 1].number));
	return TW_OK;
}

/* What counts of a version: not the build, and of a draft not the pre-release part either. */
static struct tw_slice counting(const struct tw_csaf_run *r, const char *version)
{
	return (struct tw_slice){ version, strcspn(version, is_status(r, "draft", "draft") ? "+-" : "+") };
}

tw_err tw_csaf_version_is_latest(struct tw_csaf_run *r)
{
	TW_CLEANUP(history_done) struct history h = { 0 };
	const char *version = tracking_text(r, "version");

	TW_TRY(sorted(r, by_date_and_version, &h));
	if (!h.count || !version || !tracking_text(r, "status"))
		return TW_OK;
	const char *latest = h.list[h.count - 1].number;
	struct tw_slice a = counting(r, version), b = counting(r, latest);
	if (a.size == b.size && !memcmp(a.at, b.at, a.size))
		return TW_OK;
	return tw_csaf_tell_at(r, &the_version, "the latest revision is %.64s, not %.64s", latest, version);
}

tw_err tw_csaf_version_fits_status(struct tw_csaf_run *r)
{
	const char *version = tracking_text(r, "version"), *status = tracking_text(r, "status");
	struct revision v;

	if (!version || !status || !strcmp(status, "draft") || !number_read(version, &v) ||
		(!is_zero(v.version.part[0]) && !v.version.prerelease.size))
		return TW_OK;
	return tw_csaf_tell_at(r, &the_status, "version %.64s is a draft's, and the status is %.32s", version, status);
}

tw_err tw_csaf_released_history(struct tw_csaf_run *r)
{
	TW_CLEANUP(history_done) struct history h = { 0 };

	TW_TRY(history_read(r, &h));
	if (!is_status(r, "final", "interim") || !tracking_text(r, "version"))
		return TW_OK;
	for (size_t i = 0; i < h.count; i++)
		if (is_zero(h.list[i].version.part[0]))
			return tw_csaf_tell_at(r, &the_status, "revision %.64s is a draft's, and the status is %.32s",
				h.list[i].number, tracking_text(r, "status"));
	return TW_OK;
}

tw_err tw_csaf_history_no_prerelease(struct tw_csaf_run *r)
{
	TW_CLEANUP(history_done) struct history h = { 0 };

	TW_TRY(history_read(r, &h));
	for (size_t i = 0; i < h.count; i++)
		if (h.list[i].version.prerelease.size)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(&the_history, i), "number"),
				"%.64s has a pre-release part", h.list[i].number));
	return TW_OK;
}

tw_err tw_csaf_version_no_prerelease(struct tw_csaf_run *r)
{
	const char *version = tracking_text(r, "version");
	struct revision v;

	if (!is_status(r, "final", "interim") || !version || !number_read(version, &v) || !v.version.prerelease.size)
		return TW_OK;
	return tw_csaf_tell_at(r, &the_version, "%.64s has a pre-release part, and the document is released", version);
}

/* Not above first by more than n. What has more than 18 digits is above everything. */
static bool within(struct tw_slice number, struct tw_slice first, size_t n)
{
	uint64_t a, b;

	return !tw_failed(tw_parse_u64(number, 1000000000000000000, &a)) &&
		!tw_failed(tw_parse_u64(first, 1000000000000000000, &b)) && a <= b + n;
}

/* The n-th major version that the dates bring is at most n above the first. */
tw_err tw_csaf_history_complete(struct tw_csaf_run *r)
{
	TW_CLEANUP(history_done) struct history h = { 0 };

	TW_TRY(sorted(r, by_date, &h));
	TW_TRY(keep_firsts(r, by_major, &h));
	if (!h.count)
		return TW_OK;
	struct tw_slice first = h.list[0].version.part[0];
	if (!is_zero(first) && !(first.size == 1 && first.at[0] == '1'))
		TW_TRY(tw_csaf_tell_at(r, &the_history, "the first revision is %.64s, not of version 0 or 1", h.list[0].number));
	for (size_t i = 1; i < h.count; i++)
		if (!within(h.list[i].version.part[0], first, i))
			TW_TRY(tw_csaf_tell_at(r, &the_history, "before version %.64s one is left out", h.list[i].number));
	return TW_OK;
}

tw_err tw_csaf_history_once(struct tw_csaf_run *r)
{
	TW_CLEANUP(tw_csaf_names_done) struct tw_csaf_names names = { .sys = r->sys };
	TW_CLEANUP(history_done) struct history h = { 0 };

	TW_TRY(history_read(r, &h));
	if (!tracking_text(r, "version") || !tracking_text(r, "status"))
		return TW_OK;
	for (size_t i = 0; i < h.count; i++)
		TW_TRY(tw_csaf_names_add(&names, &(const struct tw_csaf_name){ .text = h.list[i].number, .a = i }));
	tw_csaf_names_sort(&names);
	for (size_t i = 1; i < names.count; i++)
		if (tw_csaf_names_repeat(&names, i))
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(&the_history, names.list[i].a), "number"),
				"%.64s is revision %zu already", names.list[i].text, names.list[i - 1].a));
	return TW_OK;
}

tw_err tw_csaf_one_versioning(struct tw_csaf_run *r)
{
	const char *version = tracking_text(r, "version");
	struct revision first, other;
	const json_t *item;
	bool any = false;
	size_t i;

	json_array_foreach(revisions(r), i, item) {
		const char *number = tw_csaf_text(item, "number");

		if (!number || !number_read(number, any ? &other : &first))
			continue;
		if (any && other.semantic != first.semantic)
			TW_TRY(tw_csaf_tell_at(r, TW_CSAF_KEY(TW_CSAF_ITEM(&the_history, i), "number"),
				"%.64s is not of the kind of %.64s", other.number, first.number));
		any = true;
	}
	if (any && version && number_read(version, &other) && other.semantic != first.semantic)
		return tw_csaf_tell_at(r, &the_version, "%.64s is not of the kind of %.64s", version, first.number);
	return TW_OK;
}
