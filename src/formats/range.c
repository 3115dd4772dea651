/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of versions in OSV and CVE records: see range.h. */
#include "formats/range.h"

#include "base/mem.h"
#include "formats/range-inside.h"

/* --- OSV --- */

enum event { INTRODUCED, FIXED, LAST_AFFECTED, LIMIT, EVENTS };
static const char *const events[EVENTS] = { "introduced", "fixed", "last_affected", "limit" };

static enum event event_of(const json_t *event, const char **ret_version)
{
	size_t kind = 0;

	while (kind < LIMIT && !json_object_get(event, events[kind]))
		kind++;
	*ret_version = json_string_value(json_object_get(event, events[kind]));
	*ret_version = *ret_version ? *ret_version : "";
	return (enum event)kind;
}

/* "0" is before everything. */
static tw_err compare_start(enum tw_version_scheme s, const char *version, const char *start, int *ret)
{
	*ret = 1;
	return strcmp(start, "0") ? tw_version_decide(s, version, start, ret) : tw_version_check(s, version);
}

static tw_err before_limits(const json_t *list, enum tw_version_scheme s, const char *version, bool *ret)
{
	const json_t *event;
	bool any = false;
	size_t i;
	int c;

	*ret = false;
	json_array_foreach(list, i, event) {
		const char *limit;

		if (event_of(event, &limit) != LIMIT)
			continue;
		any = true;
		c = -1;
		if (strcmp(limit, "*") != 0)
			TW_TRY(tw_version_decide(s, version, limit, &c));
		*ret = *ret || c < 0;
	}
	*ret = *ret || !any;
	return TW_OK;
}

/* At one version: what was fixed was fixed before it came again, and what ends with a version comes after what begins with it. */
static int turn(enum event kind)
{
	return kind == FIXED ? 0 : kind == INTRODUCED ? 1 : 2;
}

static tw_err comes_before(enum tw_version_scheme s, const json_t *a, const json_t *b, bool *ret)
{
	const char *x, *y;
	enum event kind = event_of(a, &x), other = event_of(b, &y);
	int c = 0;

	if (strcmp(x, "0") == 0 || strcmp(y, "0") == 0)
		c = (strcmp(y, "0") == 0) - (strcmp(x, "0") == 0);
	else
		TW_TRY(tw_version_decide(s, x, y, &c));
	*ret = c < 0 || (c == 0 && turn(kind) <= turn(other));
	return TW_OK;
}

/* The last event, in the order of versions, that is behind the version. What the algorithm of the schema ends with. */
tw_err tw_range_osv(const json_t *range, enum tw_version_scheme ecosystem, const char *version, bool *ret)
{
	const char *type = tw_json_text(range, "type"), *at;
	enum tw_version_scheme s = !strcmp(type, "SEMVER") ? TW_VERSION_SEMVER : ecosystem;
	const json_t *list = json_object_get(range, "events"), *event, *last = NULL;
	bool within, later = true;
	size_t i;
	int c;

	if (!strcmp(type, "GIT"))
		return TW_RAISE(UNSUPPORTED, "a range of commits can be told only by their repository");
	TW_TRY(before_limits(list, s, version, &within));
	json_array_foreach(list, i, event) {
		enum event kind = event_of(event, &at);

		if (kind == LIMIT)
			continue;
		TW_TRY(compare_start(s, version, at, &c));
		if (kind == LAST_AFFECTED ? c <= 0 : c < 0)
			continue;
		if (last)
			TW_TRY(comes_before(s, last, event, &later));
		last = later ? event : last;
	}
	*ret = within && last && event_of(last, &at) == INTRODUCED;
	return TW_OK;
}

/* --- CVE --- */

#define HUGE_NUMBER "99999999999999999999"
#define PADDED_MAX (TW_VERSION_MAX + sizeof ".0.0" + 1)

/* The kernel's records have "5.12" as a semantic version; one or two plain numbers mean 5.12.0. "0" alone is the first of all, and stays. */
static const char *padded(enum tw_version_scheme s, const char *text, char room[PADDED_MAX])
{
	size_t size = strnlen(text, TW_VERSION_MAX + 1), dots = 0;

	for (size_t i = 0; i < size; i++)
		dots += text[i] == '.';
	if (s != TW_VERSION_SEMVER || !size || size > TW_VERSION_MAX || strspn(text, "0123456789.") != size || dots > 1 ||
		text[size - 1] == '.' || !strcmp(text, "0"))
		return text;
	(void)snprintf(room, PADDED_MAX, "%s%s", text, dots ? ".0" : ".0.0");
	return room;
}

static tw_err compare_plain(enum tw_version_scheme s, const char *version, const char *text, int *ret)
{
	char room[PADDED_MAX];

	TW_TRY(tw_range_plain(text));
	if (s == TW_VERSION_GENERIC)
		TW_TRY(tw_range_same_kind(version, text));
	return tw_version_decide(s, version, padded(s, text, room), ret);
}

/* -1: the version is below the limit, which may end in '*'. */
static tw_err compare_limit(enum tw_version_scheme s, const char *version, const char *limit, int *ret)
{
	char text[TW_VERSION_MAX + sizeof HUGE_NUMBER + 8];
	size_t size = strnlen(limit, TW_VERSION_MAX + 1), dots = 0;

	if (size > TW_VERSION_MAX)
		return TW_RAISE(LIMIT, "a version has at most %d characters", TW_VERSION_MAX);
	if (!size || limit[size - 1] != '*')
		return compare_plain(s, version, limit, ret);
	if (size == 1) {
		*ret = -1;
		return tw_version_check(s, version);
	}
	(void)snprintf(text, sizeof text, "%.*s0", (int)size - 1, limit);
	TW_TRY(tw_range_plain(text));
	for (size_t i = 0; i < size; i++)
		dots += limit[i] == '.';
	/* A semantic version has three numbers. */
	(void)snprintf(text, sizeof text, "%.*s" HUGE_NUMBER "%s", (int)size - 1, limit,
		s != TW_VERSION_SEMVER || dots > 1 ? ""
			: dots                     ? ".0"
						   : ".0.0");
	return tw_version_decide(s, version, text, ret);
}

static enum tw_range_status status_of(const char *text)
{
	return !strcmp(text, "affected") ? TW_RANGE_AFFECTED : !strcmp(text, "unaffected") ? TW_RANGE_UNAFFECTED : TW_RANGE_UNKNOWN;
}

/* Of a version alone. */
static tw_err is_version(const json_t *entry, enum tw_version_scheme s, const char *version, bool *ret)
{
	const char *text = tw_json_text(entry, "version");
	int c;

	if (json_array_size(json_object_get(entry, "changes")))
		return TW_RAISE(SYNTAX, "changes after '%.40s', and no limit", text);
	TW_TRY(compare_plain(s, version, text, &c));
	*ret = c == 0;
	if (*ret)
		return TW_OK;
	if (tw_range_is_zero(text))
		return TW_RAISE(SYNTAX, "'%.40s' alone is no single version", text);
	return tw_range_apart(s, version, text);
}

struct bounds {
	const char *from, *limit;
	bool with; /* the limit is within */
};

/* "from 2.4 to below 2.0" means something, and not what it says. */
static tw_err check_bounds(enum tw_version_scheme s, const struct bounds *b)
{
	char room[PADDED_MAX];
	int c;

	if (!strcmp(b->from, "0") || tw_range_from_anywhere(b->from) || tw_failed(tw_range_plain(b->from)) ||
		tw_failed(compare_limit(s, padded(s, b->from, room), b->limit, &c)))
		return TW_OK; /* what cannot be compared is told where it decides */
	if (b->with ? c > 0 : c >= 0)
		return TW_RAISE(SYNTAX, "from '%.40s' to '%.40s' is no range", b->from, b->limit);
	return TW_OK;
}

static tw_err compare_from(enum tw_version_scheme s, const char *version, const char *from, int *ret)
{
	char room[PADDED_MAX];

	*ret = 1;
	if (!strcmp(from, "0") || tw_range_from_anywhere(from))
		return tw_version_check(s, version);
	TW_TRY(tw_range_plain(from));
	if (s == TW_VERSION_GENERIC)
		TW_TRY(tw_range_same_kind(version, from));
	return tw_version_decide(s, version, padded(s, from, room), ret);
}

/* Outside by one bound is outside, whatever the other says. */
static tw_err within_bounds(enum tw_version_scheme s, const struct bounds *b, const char *version, bool *ret)
{
	int from, limit;

	TW_TRY(check_bounds(s, b));
	const tw_err at_limit = compare_limit(s, version, b->limit, &limit);
	if (!tw_failed(at_limit) && (b->with ? limit > 0 : limit >= 0))
		return b->with ? tw_range_not_after(s, version, b->limit) : TW_OK;
	const tw_err at_start = compare_from(s, version, b->from, &from);
	if (!tw_failed(at_start) && from < 0)
		return tw_range_apart(s, version, b->from);
	TW_TRY(at_start);
	if (tw_failed(at_limit)) /* its words, and not those that came behind */
		return compare_limit(s, version, b->limit, &limit);
	*ret = true;
	return TW_OK;
}

/* Whether the entry is about the version. */
static tw_err within_entry(const json_t *entry, enum tw_version_scheme s, const char *version, bool *ret)
{
	const char *less = tw_json_text(entry, "lessThan"), *most = tw_json_text(entry, "lessThanOrEqual");
	const struct bounds b = { .from = tw_json_text(entry, "version"), .limit = *less ? less : most, .with = !*less };
	const bool commit = !strcmp(tw_json_text(entry, "versionType"), "git");

	*ret = false;
	if (!*b.from)
		return TW_RAISE(SYNTAX, "an entry has an empty version");
	/* Of the same words nobody knows whether they mean the same; of commits' ids, everybody. */
	if (!strcmp(b.from, version) && !*less && (commit || version[strcspn(version, "0123456789")])) {
		*ret = true;
		return TW_OK;
	}
	TW_TRY(tw_range_plain(version));
	if (!*b.limit)
		return is_version(entry, s, version, ret);
	TW_TRY(within_bounds(s, &b, version, ret));
	if (*ret && tw_range_from_anywhere(b.from) && status_of(tw_json_text(entry, "status")) != TW_RANGE_AFFECTED)
		return TW_RAISE(SYNTAX, "'%.40s': from where on the record does not say", b.from);
	return TW_OK;
}

/* The last change that is not after the version, in whatever order they stand. */
static tw_err changed(const json_t *entry, enum tw_version_scheme s, const char *version, enum tw_range_status *ret)
{
	char room[PADDED_MAX], last_room[PADDED_MAX];
	const char *last = NULL;
	const json_t *change;
	size_t i;
	int c;

	json_array_foreach(json_object_get(entry, "changes"), i, change) {
		const char *at = tw_json_text(change, "at");

		TW_TRY(compare_plain(s, version, at, &c));
		if (c < 0)
			continue;
		if (last)
			TW_TRY(tw_version_decide(s, padded(s, at, room), last, &c));
		if (c < 0)
			continue;
		last = padded(s, at, last_room);
		*ret = status_of(tw_json_text(change, "status"));
	}
	return TW_OK;
}

static bool is_exact(const json_t *entry)
{
	return !*tw_json_text(entry, "lessThan") && !*tw_json_text(entry, "lessThanOrEqual");
}

static tw_err scheme_of(const json_t *entry, const char *version, enum tw_version_scheme *ret)
{
	const char *type = tw_json_text(entry, "versionType");

	*ret = TW_VERSION_GENERIC;
	(void)tw_version_scheme_named(type, ret);
	if (!strcmp(type, "git") && !(is_exact(entry) && !strcmp(tw_json_text(entry, "version"), version)))
		return TW_RAISE(UNSUPPORTED, "a range of commits can be told only by their repository");
	return TW_OK;
}

tw_err tw_range_cve(const json_t *product, const char *version, struct tw_range_found *ret)
{
	struct tw_range_found found = { .entry = SIZE_MAX };
	const json_t *entry;
	char room[PADDED_MAX];
	bool within;
	size_t i;

	json_array_foreach(json_object_get(product, "versions"), i, entry) {
		TW_TRY(scheme_of(entry, version, &found.scheme));
		const char *own = padded(found.scheme, version, room);
		TW_TRY(within_entry(entry, found.scheme, own, &within));
		if (!within)
			continue;
		found.status = status_of(tw_json_text(entry, "status"));
		found.entry = i;
		if (!is_exact(entry))
			TW_TRY(changed(entry, found.scheme, own, &found.status));
		*ret = found;
		return TW_OK;
	}
	found.status = status_of(tw_json_text(product, "defaultStatus"));
	*ret = found;
	return TW_OK;
}

tw_err tw_range_cpe(const json_t *match, const char *version, bool *ret)
{
	static const struct {
		const char *key;
		int low, high; /* of the version against the limit */
	} rows[] = { { "versionStartIncluding", 0, 1 }, { "versionStartExcluding", 1, 1 }, { "versionEndIncluding", -1, 0 },
		{ "versionEndExcluding", -1, -1 } };
	bool within = true;
	int c;

	TW_TRY(tw_range_plain(version));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const char *limit = tw_json_text(match, rows[i].key);

		if (!*limit)
			continue;
		TW_TRY(compare_plain(TW_VERSION_GENERIC, version, limit, &c));
		within = within && c >= rows[i].low && c <= rows[i].high;
	}
	*ret = within;
	return TW_OK;
}
