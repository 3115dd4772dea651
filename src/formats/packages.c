/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All three databases are paragraphs of "name: value" lines with an empty line between, so there is one reader and a row per field.
 * Only these rows know what a value may be; whatever passes them is printable and bounded, and can go into JSON and URLs as it is.
 */
#include "formats/packages.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define STATUS_MAX 63
#define DEPENDS_MAX (64 * 1024) /* of a package that is nothing but its dependencies */

const struct tw_package_system tw_package_systems[] = {
	{ "debian", "status", "pkg:deb/debian/", false, false },
	{ "ubuntu", "status", "pkg:deb/ubuntu/", false, false },
	{ "opkg", "status", "pkg:opkg/", false, false },
	{ "alpine", "installed", "pkg:apk/alpine/", true, true },
	{ TW_PACKAGES_IMAGE, TW_PACKAGES_IMAGE_LIST, "pkg:generic/", false, true },
	{ NULL, NULL, NULL, false, false },
};

const struct tw_package_system *tw_package_system(const char *word)
{
	for (const struct tw_package_system *s = tw_package_systems; s->word; s++)
		if (strcmp(s->word, word) == 0)
			return s;
	return NULL;
}

/* --- What a value may be --- */

static bool among(struct tw_slice s, const char *beside)
{
	for (size_t i = 0; i < s.size; i++) {
		char c = s.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!plain && (c == '\0' || !strchr(beside, c)))
			return false;
	}
	return true;
}

static bool is_name(struct tw_slice s)
{
	return among((struct tw_slice){ s.at, 1 }, "_.") && among(s, "+-._");
}

static bool is_version(struct tw_slice s)
{
	return among(s, "+-._~:");
}

static bool is_architecture(struct tw_slice s)
{
	return among(s, "-_");
}

/* A package URL has neither blanks nor what would need quotes in it. */
static bool is_purl(struct tw_slice s)
{
	return s.size > 4 && memcmp(s.at, "pkg:", 4) == 0 && among(s, "+-._~:/@?=&%#");
}

enum field { NAME, VERSION, ARCHITECTURE, SUPPLIER, LICENCE, DEPENDS, PURL, STATUS, FIELDS };
struct paragraph {
	struct tw_slice of[FIELDS]; /* at NULL: not there */
	size_t line;                /* its first */
};
static const struct field_row {
	const char *deb, *apk;
	size_t max;
	bool (*valid)(struct tw_slice s);
} field_rows[FIELDS] = {
	[NAME] = { "Package", "P", TW_PACKAGE_NAME_MAX, is_name },
	[VERSION] = { "Version", "V", TW_PACKAGE_VERSION_MAX, is_version },
	[ARCHITECTURE] = { "Architecture", "A", TW_PACKAGE_ARCHITECTURE_MAX, is_architecture },
	[SUPPLIER] = { "Maintainer", "m", TW_PACKAGE_WORDS_MAX, tw_text_printable },
	[LICENCE] = { "License", "L", TW_PACKAGE_WORDS_MAX, tw_text_printable },
	[DEPENDS] = { "Depends", "D", DEPENDS_MAX, tw_text_printable },
	[PURL] = { "Purl", NULL, TW_PACKAGE_WORDS_MAX, is_purl },
	[STATUS] = { "Status", NULL, STATUS_MAX, tw_text_printable },
};

struct reader {
	const struct tw_sys *sys;
	const struct tw_package_system *system;
	struct tw_slice text;
	size_t at, line, capacity;
	int last; /* the field that a continuation would belong to; FIELDS: one that is not read, -1: none */
	struct paragraph p;
	struct tw_packages list;
};

static struct tw_slice trimmed(struct tw_slice s)
{
	while (s.size > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	while (s.size > 0 && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
		s.size--;
	return s;
}

static int field_of(const struct reader *r, struct tw_slice name)
{
	for (int f = 0; f < FIELDS; f++) {
		const char *want = r->system->apk ? field_rows[f].apk : field_rows[f].deb;
		if (want && (r->system->apk ? tw_slice_is(name, want) : tw_slice_is_nocase(name, want)))
			return f;
	}
	return FIELDS;
}

static tw_err take_field(struct reader *r, struct tw_slice line, const char *colon)
{
	struct tw_slice name = { line.at, (size_t)(colon - line.at) };
	struct tw_slice value = trimmed((struct tw_slice){ colon + 1, line.size - name.size - 1 });
	r->last = field_of(r, name);
	if (r->last == FIELDS)
		return TW_OK;
	const struct field_row *row = &field_rows[r->last];
	if (r->p.of[r->last].at)
		return TW_RAISE(SYNTAX, "line %zu: %s stands twice in one paragraph", r->line, row->deb);
	if (value.size > row->max)
		return TW_RAISE(LIMIT, "line %zu: %s has %zu bytes, at most %zu are read", r->line, row->deb, value.size, row->max);
	if ((value.size == 0 && r->last < SUPPLIER) || (value.size > 0 && !row->valid(value)))
		return TW_RAISE(SYNTAX, "line %zu: %s is not of its form", r->line, row->deb);
	r->p.of[r->last] = value;
	return TW_OK;
}

static tw_err take_line(struct reader *r, struct tw_slice line)
{
	if (line.at[0] == ' ' || line.at[0] == '\t') {
		if (r->last == FIELDS && !r->system->apk)
			return TW_OK;
		return TW_RAISE(SYNTAX, "line %zu: continues what stands on one line, or nothing", r->line);
	}
	const char *colon = memchr(line.at, ':', line.size);
	if (!colon || colon == line.at)
		return TW_RAISE(SYNTAX, "line %zu: no field", r->line);
	return take_field(r, line, colon);
}

/* --- Paragraphs to packages --- */

/* "want flag state". What is only removed or has left its configuration behind is not installed; everything between is there. */
static tw_err is_there(const struct reader *r, bool *ret)
{
	static const char *const gone[] = { "not-installed", "config-files" };
	static const char *const there[] = { "installed", "unpacked", "half-installed", "half-configured", "triggers-awaited",
		"triggers-pending" };
	struct tw_slice s = r->p.of[STATUS];
	*ret = r->system->stateless;
	if (*ret)
		return TW_OK;
	const char *blank = s.size ? memrchr(s.at, ' ', s.size) : NULL;
	struct tw_slice state = { blank ? blank + 1 : "", blank ? s.size - (size_t)(blank + 1 - s.at) : 0 };
	for (size_t i = 0; i < TW_COUNT(there); i++)
		if (tw_slice_is(state, there[i])) {
			*ret = true;
			return TW_OK;
		}
	for (size_t i = 0; i < TW_COUNT(gone); i++)
		if (tw_slice_is(state, gone[i]))
			return TW_OK;
	return TW_RAISE(SYNTAX, "line %zu: a package without a state that is known", r->p.line);
}

/* The name alone of "Name <address>"; an address alone stays. */
static struct tw_slice without_address(struct tw_slice s)
{
	const char *angle = s.size ? memchr(s.at + 1, '<', s.size - 1) : NULL;
	if (angle)
		s.size = (size_t)(angle - s.at);
	return trimmed(s);
}

static tw_err grow(struct reader *r)
{
	if (r->list.count == TW_PACKAGES_MAX)
		return TW_RAISE(LIMIT, "more than %d packages", TW_PACKAGES_MAX);
	if (r->list.count < r->capacity)
		return TW_OK;
	size_t wanted = r->capacity ? 2 * r->capacity : 64;
	void *p = r->sys->resize(r->sys, r->list.of, wanted * sizeof *r->list.of);
	if (!p)
		return TW_RAISE(NOMEM, "a list of packages");
	r->list.of = p;
	r->capacity = wanted;
	return TW_OK;
}

static tw_err end_paragraph(struct reader *r)
{
	const struct tw_slice *of = r->p.of;
	bool there = false;
	if (r->last < 0)
		return TW_OK; /* several empty lines */
	TW_TRY(is_there(r, &there));
	if (!of[NAME].at || (there && (!of[VERSION].at || !of[ARCHITECTURE].at)))
		return TW_RAISE(SYNTAX, "line %zu: a package without name, version or architecture", r->p.line);
	if (there) {
		TW_TRY(grow(r));
		r->list.of[r->list.count++] = (struct tw_package){ of[NAME], of[VERSION], of[ARCHITECTURE],
			without_address(of[SUPPLIER]), of[LICENCE], of[DEPENDS], of[PURL] };
	}
	r->p = (struct paragraph){ .line = 0 };
	r->last = -1;
	return TW_OK;
}

static tw_err read_lines(struct reader *r)
{
	while (r->at < r->text.size) {
		const char *start = r->text.at + r->at, *end = memchr(start, '\n', r->text.size - r->at);
		r->line++;
		if (!end)
			return TW_RAISE(SYNTAX, "line %zu has no end: the file was cut", r->line);
		r->at += (size_t)(end - start) + 1;
		if (end == start) {
			TW_TRY(end_paragraph(r));
			continue;
		}
		if (r->last < 0)
			r->p.line = r->line;
		TW_TRY(take_line(r, (struct tw_slice){ start, (size_t)(end - start) }));
	}
	return end_paragraph(r);
}

static int compare_slices(struct tw_slice a, struct tw_slice b)
{
	int c = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);
	return c ? c : (a.size > b.size) - (a.size < b.size);
}

int tw_package_compare(const struct tw_package *a, const struct tw_package *b)
{
	int c = compare_slices(a->name, b->name);
	return c ? c : compare_slices(a->architecture, b->architecture);
}

static int compare(const void *a, const void *b)
{
	return tw_package_compare(a, b);
}

static tw_err sort(struct tw_packages *list)
{
	if (list->count > 1)
		qsort(list->of, list->count, sizeof *list->of, compare);
	for (size_t i = 1; i < list->count; i++)
		if (tw_package_compare(&list->of[i - 1], &list->of[i]) == 0)
			return TW_RAISE(SYNTAX, "the package " TW_SLICE_FMT " is there twice", TW_SLICE_ARG(list->of[i].name));
	return TW_OK;
}

tw_err tw_packages_read(const struct tw_sys *sys, const struct tw_package_system *system, struct tw_slice text, struct tw_packages *ret)
{
	struct reader r = { .sys = sys, .system = system, .text = text, .last = -1, .list = { .blanks = system->apk } };
	*ret = (struct tw_packages){ .of = NULL };
	if (text.size > TW_PACKAGES_TEXT_MAX)
		return TW_RAISE(LIMIT, "the package database has %zu bytes, at most %d are read", text.size, TW_PACKAGES_TEXT_MAX);
	tw_err e = read_lines(&r);
	if (!tw_failed(e))
		e = sort(&r.list);
	if (tw_failed(e))
		tw_packages_done(&r.list);
	else
		*ret = r.list;
	return e;
}

void tw_packages_done(struct tw_packages *p)
{
	free(p->of);
	*p = (struct tw_packages){ .of = NULL };
}

/* --- What needs what --- */

/* The first of that name: where several architectures are installed together, their versions are the same. */
static const struct tw_package *find(const struct tw_packages *all, struct tw_slice name)
{
	size_t low = 0, high = all->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_slices(all->of[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < all->count && compare_slices(all->of[low].name, name) == 0 ? &all->of[low] : NULL;
}

/* Names stand where a clause or an alternative begins, or in apk's list after any blank; what follows up to the next is a condition. */
const struct tw_package *tw_packages_needs(const struct tw_packages *all, const struct tw_package *p, size_t *at)
{
	struct tw_slice s = p->depends;
	while (*at < s.size) {
		size_t start = *at, end;
		while (start < s.size && strchr(" ,|", s.at[start]))
			start++;
		for (end = start; end < s.size && among((struct tw_slice){ s.at + end, 1 }, "+-._"); end++)
			continue;
		for (*at = end; *at < s.size && s.at[*at] != ',' && s.at[*at] != '|' && !(all->blanks && s.at[*at] == ' ');)
			++*at;
		const struct tw_package *found = end > start ? find(all, (struct tw_slice){ s.at + start, end - start }) : NULL;
		if (found && found != p)
			return found;
	}
	return NULL;
}

/* --- Package URLs --- */

static tw_err escaped(struct tw_slice s, struct tw_buf *ret)
{
	for (size_t i = 0; i < s.size; i++)
		TW_TRY(s.at[i] == '+' ? tw_buf_text(ret, "%2B") : tw_buf_u8(ret, (uint8_t)s.at[i]));
	return TW_OK;
}

tw_err tw_package_purl(const struct tw_package_system *system, const struct tw_package *p, struct tw_buf *ret)
{
	if (p->purl.size)
		return tw_buf_add(ret, p->purl.at, p->purl.size);
	TW_TRY(tw_buf_text(ret, system->purl));
	TW_TRY(escaped(p->name, ret));
	TW_TRY(tw_buf_text(ret, "@"));
	TW_TRY(escaped(p->version, ret));
	TW_TRY(tw_buf_text(ret, "?arch="));
	return escaped(p->architecture, ret);
}
