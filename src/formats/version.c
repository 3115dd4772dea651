/* SPDX-License-Identifier: Apache-2.0 */
/* Versions: see version.h. Here the names, semantic versions and the generic order. */
#include "formats/version.h"

#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-text.h"
#include "formats/version-inside.h"

struct tw_slice tw_version_number(const char **at)
{
	while (**at == '0')
		(*at)++;
	struct tw_slice number = { *at, strspn(*at, "0123456789") };
	*at += number.size;
	return number;
}

int tw_version_numbers(struct tw_slice a, struct tw_slice b)
{
	int c = a.size == b.size && a.size ? memcmp(a.at, b.at, a.size) : 0;

	return a.size == b.size ? (c > 0) - (c < 0) : a.size < b.size ? -1 : 1;
}

/* --- Semantic versions --- */

static tw_err semver_check(const char *version)
{
	struct tw_csaf_version v;

	if (!tw_csaf_version_read(version, &v))
		return TW_RAISE(SYNTAX, "'%.40s' is no semantic version", version);
	return TW_OK;
}

static int semver_compare(const char *a, const char *b)
{
	struct tw_csaf_version left, right;

	(void)tw_csaf_version_read(a, &left);
	(void)tw_csaf_version_read(b, &right);
	return tw_csaf_version_compare(&left, &right);
}

/* --- The generic order --- */

enum rank { BEFORE, ZERO, AFTER, NUMBER, SUFFIX };
struct component {
	enum rank rank;
	struct tw_slice text; /* a number's digits, a word's letters that count */
	struct tw_slice open; /* a word whose rank is a guess; else empty */
};

static bool is_commit(const char *version)
{
	size_t size = strspn(version, "0123456789abcdef");

	return !version[size] && (size == 40 || size == 64);
}

static tw_err generic_check(const char *version)
{
	bool any = false;

	for (const char *at = version; *at; at++)
		any = any || tw_version_digit(*at) || tw_version_letter(*at);
	if (!any)
		return TW_RAISE(SYNTAX, "'%.40s' has neither a digit nor a letter", version);
	if (is_commit(version))
		return TW_RAISE(SYNTAX, "'%.64s' is the id of a commit, which has no order", version);
	return TW_OK;
}

static bool among(struct tw_slice word, const char *const *words)
{
	for (; *words; words++)
		if (tw_slice_is_nocase(word, *words))
			return true;
	return false;
}

static enum rank rank_of(struct tw_slice word, bool after_digit, char next, bool *ret_open)
{
	static const char *const after[] = { "post", "patch", "pl", "errata", NULL };
	static const char *const early[] = { "alpha", "beta", "rc", "pre", "preview", "dev", "devel", "snapshot", NULL };
	static const char *const letters[] = { "a", "b", NULL }; /* before a number; else a suffix */

	*ret_open = false;
	if (among(word, after))
		return AFTER;
	if (among(word, early))
		return BEFORE;
	if (after_digit && !tw_version_digit(next))
		return SUFFIX;
	*ret_open = !among(word, letters);
	return BEFORE;
}

static struct component take_component(const char **at, const char *start)
{
	while (**at && !tw_version_digit(**at) && !tw_version_letter(**at))
		(*at)++;
	bool after_digit = *at > start && tw_version_digit((*at)[-1]);
	if (!tw_version_letter(**at)) { /* also the end: then 0 */
		struct tw_slice number = tw_version_number(at);

		return (struct component){ number.size ? NUMBER : ZERO, number, { "", 0 } };
	}
	struct tw_slice word = { *at, 0 };
	while (tw_version_letter(word.at[word.size]))
		word.size++;
	*at += word.size;
	bool open;
	enum rank rank = rank_of(word, after_digit, **at, &open);
	return (struct component){ rank, { word.at, rank == SUFFIX ? word.size : 1 }, { word.at, open ? word.size : 0 } };
}

static int words(struct tw_slice a, struct tw_slice b)
{
	for (size_t i = 0; i < a.size && i < b.size; i++)
		if (tw_version_small(a.at[i]) != tw_version_small(b.at[i]))
			return tw_version_small(a.at[i]) < tw_version_small(b.at[i]) ? -1 : 1;
	return (a.size > b.size) - (a.size < b.size);
}

static const char *without_v(const char *version)
{
	return version + (tw_version_small(*version) == 'v' && tw_version_digit(version[1]));
}

static int components(const struct component *x, const struct component *y)
{
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->rank == NUMBER ? tw_version_numbers(x->text, y->text) : words(x->text, y->text);
}

static int generic_compare(const char *a, const char *b)
{
	const char *left = without_v(a), *right = without_v(b);
	int c = 0;

	while (!c && (*left || *right)) {
		struct component x = take_component(&left, a), y = take_component(&right, b);

		c = components(&x, &y);
	}
	return c;
}

/* "release-2.3", "R5", "master": of what begins with a word nobody knows where among numbers it stands. */
static bool begins_with_word(const char *version)
{
	const char *at = without_v(version);

	while (!tw_version_digit(*at) && !tw_version_letter(*at))
		at++;
	return tw_version_letter(*at);
}

/* Does the order rest on what is known? The same word stands for the same, whatever that is, and behind a number every word is before a number. */
static bool generic_known(const char *a, const char *b)
{
	const char *left = without_v(a), *right = without_v(b);

	if (begins_with_word(a) != begins_with_word(b))
		return false;
	while (*left || *right) {
		struct component x = take_component(&left, a), y = take_component(&right, b);
		const struct component *other = x.open.size ? &y : &x;

		if (!x.open.size && !y.open.size && components(&x, &y))
			return true;
		if ((x.open.size || y.open.size) && (x.open.size != y.open.size || words(x.open, y.open) != 0))
			return other->rank == NUMBER || other->rank == SUFFIX;
	}
	return true;
}

/* --- All --- */

static const struct {
	const char *name;
	tw_err (*check)(const char *version);
	int (*compare)(const char *a, const char *b);
} schemes[TW_VERSION_SCHEMES] = {
	[TW_VERSION_GENERIC] = { "generic", generic_check, generic_compare },
	[TW_VERSION_SEMVER] = { "semver", semver_check, semver_compare },
	[TW_VERSION_DEB] = { "deb", tw_version_deb_check, tw_version_deb_compare },
	[TW_VERSION_RPM] = { "rpm", tw_version_rpm_check, tw_version_rpm_compare },
	[TW_VERSION_PEP440] = { "pep440", tw_version_pep440_check, tw_version_pep440_compare },
	[TW_VERSION_APK] = { "apk", tw_version_apk_check, tw_version_apk_compare },
	[TW_VERSION_MAVEN] = { "maven", tw_version_maven_check, tw_version_maven_compare },
};

const char *tw_version_scheme_name(enum tw_version_scheme s)
{
	return schemes[s].name;
}

bool tw_version_scheme_named(const char *name, enum tw_version_scheme *ret)
{
	static const struct {
		const char *name;
		enum tw_version_scheme scheme;
	} known[] = {
		{ "generic", TW_VERSION_GENERIC },
		{ "semver", TW_VERSION_SEMVER },
		{ "npm", TW_VERSION_SEMVER },
		{ "cargo", TW_VERSION_SEMVER },
		{ "golang", TW_VERSION_SEMVER },
		{ "hex", TW_VERSION_SEMVER },
		{ "pub", TW_VERSION_SEMVER },
		{ "swift", TW_VERSION_SEMVER },
		{ "deb", TW_VERSION_DEB },
		{ "dpkg", TW_VERSION_DEB },
		{ "debian", TW_VERSION_DEB },
		{ "rpm", TW_VERSION_RPM },
		{ "pypi", TW_VERSION_PEP440 },
		{ "python", TW_VERSION_PEP440 },
		{ "pep440", TW_VERSION_PEP440 },
		{ "apk", TW_VERSION_APK },
		{ "alpine", TW_VERSION_APK },
		{ "maven", TW_VERSION_MAVEN },
	};

	for (size_t i = 0; i < TW_COUNT(known); i++)
		if (tw_slice_is_nocase(tw_slice_of(name), known[i].name)) {
			*ret = known[i].scheme;
			return true;
		}
	return false;
}

tw_err tw_version_check(enum tw_version_scheme s, const char *version)
{
	if (strnlen(version, TW_VERSION_MAX + 1) > TW_VERSION_MAX)
		return TW_RAISE(LIMIT, "a version has at most %d characters", TW_VERSION_MAX);
	if (!tw_text_printable(tw_slice_of(version)))
		return TW_RAISE(SYNTAX, "a version that is not UTF-8, or has a control character");
	return schemes[s].check(version);
}

tw_err tw_version_compare(enum tw_version_scheme s, const char *a, const char *b, int *ret)
{
	TW_TRY(tw_version_check(s, a));
	TW_TRY(tw_version_check(s, b));
	int c = schemes[s].compare(a, b);
	*ret = (c > 0) - (c < 0);
	return TW_OK;
}

tw_err tw_version_decide(enum tw_version_scheme s, const char *a, const char *b, int *ret)
{
	TW_TRY(tw_version_compare(s, a, b, ret));
	if (s == TW_VERSION_GENERIC && !generic_known(a, b))
		return TW_RAISE(SYNTAX, "whether '%.40s' comes before or after '%.40s' is not known", a, b);
	return TW_OK;
}
