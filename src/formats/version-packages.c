/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of packages of Debian (policy 5.6.12) and of rpm: an epoch, a version and a revision, compared one after the other; and of apk. */
#include "base/mem.h"
#include "base/text.h"
#include "formats/version-inside.h"

#include <string.h>

struct parts {
	struct tw_slice epoch; /* digits; empty: 0 */
	struct tw_slice version, revision;
};

static struct parts split(const char *text)
{
	const char *colon = strchr(text, ':'), *from = colon ? colon + 1 : text, *dash = strrchr(from, '-');
	struct parts p = { .version = tw_slice_of(from) };

	if (colon)
		p.epoch = tw_version_number(&text);
	if (dash) {
		p.version.size = (size_t)(dash - from);
		p.revision = tw_slice_of(dash + 1);
	}
	return p;
}

static tw_err check_epoch(const char *text)
{
	const char *colon = strchr(text, ':');

	if (colon && (colon == text || strspn(text, "0123456789") != (size_t)(colon - text)))
		return TW_RAISE(SYNTAX, "'%.40s': what stands before ':' is no number", text);
	return TW_OK;
}

static tw_err check_characters(const char *text, struct tw_slice part, const char *also)
{
	for (size_t i = 0; i < part.size; i++)
		if (!tw_version_digit(part.at[i]) && !tw_version_letter(part.at[i]) && !strchr(also, part.at[i]))
			return TW_RAISE(SYNTAX, "'%.40s': character %zu is none of such a version", text, (size_t)(part.at - text) + i + 1);
	if (!part.size)
		return TW_RAISE(SYNTAX, "'%.40s': no version, or no revision behind '-'", text);
	return TW_OK;
}

static tw_err check(const char *text, const char *version, const char *revision)
{
	TW_TRY(check_epoch(text));
	struct parts p = split(text);
	TW_TRY(check_characters(text, p.version, version));
	return p.revision.at ? check_characters(text, p.revision, revision) : TW_OK;
}

static char at(struct tw_slice s)
{
	return s.size ? *s.at : '\0';
}

static void skip(struct tw_slice *s, size_t size)
{
	*s = (struct tw_slice){ s->at + size, s->size - size };
}

/* The digits that s begins with, without zeros in front. */
static struct tw_slice take_number(struct tw_slice *s)
{
	while (at(*s) == '0')
		skip(s, 1);
	struct tw_slice number = { s->at, 0 };
	while (tw_version_digit(at(*s))) {
		number.size++;
		skip(s, 1);
	}
	return number;
}

/* --- Debian --- */

tw_err tw_version_deb_check(const char *version)
{
	return check(version, "-.+~:", ".+~");
}

/* '~' before the end, the end before letters, letters before all else. */
static int weight(char c)
{
	if (!c || tw_version_digit(c))
		return 0;
	return c == '~' ? -1 : tw_version_letter(c) ? c : c + 256;
}

static int deb_part(struct tw_slice a, struct tw_slice b)
{
	while (a.size || b.size) {
		while ((a.size && !tw_version_digit(at(a))) || (b.size && !tw_version_digit(at(b)))) {
			int x = weight(at(a)), y = weight(at(b));

			if (x != y)
				return x < y ? -1 : 1;
			skip(&a, a.size > 0);
			skip(&b, b.size > 0);
		}
		int c = tw_version_numbers(take_number(&a), take_number(&b));
		if (c)
			return c;
	}
	return 0;
}

int tw_version_deb_compare(const char *a, const char *b)
{
	struct parts x = split(a), y = split(b);
	int c = tw_version_numbers(x.epoch, y.epoch);

	c = c ? c : deb_part(x.version, y.version);
	return c ? c : deb_part(x.revision, y.revision);
}

/* --- rpm --- */

tw_err tw_version_rpm_check(const char *version)
{
	return check(version, "._+~^", "._+~^");
}

static bool counts(char c)
{
	return tw_version_digit(c) || tw_version_letter(c) || c == '~' || c == '^';
}

/* Where '~' or '^' stands in one of both: 0 goes on behind them, else the result. */
static int rpm_sign(struct tw_slice *a, struct tw_slice *b, bool *went_on)
{
	char x = at(*a), y = at(*b);

	*went_on = false;
	if (x == '~' || y == '~') { /* before everything, the end too */
		if (x != y)
			return x == '~' ? -1 : 1;
	} else if (x == '^' || y == '^') { /* after the end, before everything else */
		if (x != y)
			return !x ? -1 : !y ? 1 : x == '^' ? -1 : 1;
	} else {
		return 0;
	}
	skip(a, 1);
	skip(b, 1);
	*went_on = true;
	return 0;
}

static struct tw_slice take_letters(struct tw_slice *s)
{
	struct tw_slice word = { s->at, 0 };

	while (tw_version_letter(at(*s))) {
		word.size++;
		skip(s, 1);
	}
	return word;
}

static int words(struct tw_slice a, struct tw_slice b)
{
	size_t size = a.size < b.size ? a.size : b.size;
	int c = memcmp(a.at, b.at, size);

	return c ? c : (a.size > b.size) - (a.size < b.size);
}

static int rpm_segment(struct tw_slice *a, struct tw_slice *b)
{
	bool x = tw_version_digit(at(*a)), y = tw_version_digit(at(*b));

	if (x != y)
		return x ? 1 : -1; /* a number comes after letters */
	if (x) {
		struct tw_slice left = take_number(a);

		return tw_version_numbers(left, take_number(b));
	}
	struct tw_slice left = take_letters(a);
	return words(left, take_letters(b));
}

static int rpm_part(struct tw_slice a, struct tw_slice b)
{
	bool went_on;
	int c;

	for (;;) {
		while (a.size && !counts(at(a)))
			skip(&a, 1);
		while (b.size && !counts(at(b)))
			skip(&b, 1);
		c = rpm_sign(&a, &b, &went_on);
		if (c)
			return c;
		if (went_on)
			continue;
		if (!a.size || !b.size)
			return (a.size > 0) - (b.size > 0);
		c = rpm_segment(&a, &b);
		if (c)
			return c;
	}
}

int tw_version_rpm_compare(const char *a, const char *b)
{
	struct parts x = split(a), y = split(b);
	int c = tw_version_numbers(x.epoch, y.epoch);

	c = c ? c : rpm_part(x.version, y.version);
	if (c || !x.revision.at || !y.revision.at)
		return c ? c : (x.revision.at != NULL) - (y.revision.at != NULL);
	return rpm_part(x.revision, y.revision);
}

/* --- apk: number{.number}...{letter}{_suffix{number}}...-rN (apk-package(5)) --- */

/* What a version goes on with; of two that are the same so far, the one with what stands further up comes first. */
enum apk_rank {
	APK_ALPHA,
	APK_BETA,
	APK_PRE,
	APK_RC,
	APK_END,
	APK_REVISION,
	APK_SUFFIX_NUMBER,
	APK_CVS,
	APK_SVN,
	APK_GIT,
	APK_HG,
	APK_P,
	APK_LETTER,
	APK_NUMBER,
};
static const struct {
	const char *word;
	enum apk_rank rank;
} apk_suffixes[] = { { "alpha", APK_ALPHA }, { "beta", APK_BETA }, { "pre", APK_PRE }, { "rc", APK_RC }, { "cvs", APK_CVS },
	{ "svn", APK_SVN }, { "git", APK_GIT }, { "hg", APK_HG }, { "p", APK_P } };

struct apk_token {
	enum apk_rank rank;
	struct tw_slice text; /* a number's digits, a letter; empty of all else */
};

static tw_err apk_refuse(const char *text, const char *at, const char *why)
{
	return TW_RAISE(SYNTAX, "'%.40s': character %zu: %s", text, (size_t)(at - text) + 1, why);
}

/* False: none of its suffixes. Moves on behind it. */
static bool apk_suffix(const char **at, enum apk_rank *ret)
{
	struct tw_slice word = { *at, 0 };

	while (tw_version_letter(word.at[word.size]))
		word.size++;
	for (size_t i = 0; i < TW_COUNT(apk_suffixes); i++)
		if (tw_slice_is(word, apk_suffixes[i].word)) {
			*at += word.size;
			*ret = apk_suffixes[i].rank;
			return true;
		}
	return false;
}

tw_err tw_version_apk_check(const char *version)
{
	const char *at = version;
	enum apk_rank rank;
	size_t size;

	for (;; at++) {
		size = strspn(at, "0123456789");
		if (!size)
			return apk_refuse(version, at, "want a number");
		at += size;
		if (*at != '.')
			break;
	}
	at += *at >= 'a' && *at <= 'z';
	while (*at == '_') {
		at++;
		if (!apk_suffix(&at, &rank))
			return apk_refuse(version, at, "is none of the suffixes of apk");
		at += strspn(at, "0123456789");
	}
	if (*at == '~')
		return apk_refuse(version, at, "the hash of a commit has no order");
	size = strncmp(at, "-r", 2) ? 0 : strspn(at + 2, "0123456789");
	return size && !at[2 + size] ? TW_OK : apk_refuse(version, at, "want '-r' with a number, and nothing behind it");
}

/* Of what the check took. */
static struct apk_token apk_take(const char **at)
{
	struct apk_token t = { APK_END, { *at, 0 } };

	if (!**at)
		return t;
	if (**at == '_') {
		++*at;
		(void)apk_suffix(at, &t.rank);
		return t;
	}
	t.rank = **at == '.' ? APK_NUMBER : **at == '-' ? APK_REVISION : tw_version_digit(**at) ? APK_SUFFIX_NUMBER : APK_LETTER;
	*at += t.rank == APK_NUMBER ? 1 : t.rank == APK_REVISION ? 2 : 0;
	t.text = (struct tw_slice){ *at, t.rank == APK_LETTER ? 1 : strspn(*at, "0123456789") };
	*at += t.text.size;
	return t;
}

/* A number behind '.' with a zero in front is a fraction: then both are compared as text. */
static int apk_values(enum apk_rank rank, struct tw_slice a, struct tw_slice b)
{
	if (rank == APK_LETTER || (rank == APK_NUMBER && (*a.at == '0' || *b.at == '0')))
		return words(a, b);
	struct tw_slice left = take_number(&a);
	return tw_version_numbers(left, take_number(&b));
}

int tw_version_apk_compare(const char *a, const char *b)
{
	struct tw_slice left = tw_version_number(&a), right = tw_version_number(&b);
	int c = tw_version_numbers(left, right);

	while (!c) {
		struct apk_token x = apk_take(&a), y = apk_take(&b);

		if (x.rank != y.rank)
			return x.rank < y.rank ? -1 : 1;
		if (x.rank == APK_END)
			return 0;
		c = apk_values(x.rank, x.text, y.text);
	}
	return c;
}
