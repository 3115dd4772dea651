/* SPDX-License-Identifier: Apache-2.0 */
/* What people write in the place of a version: see range-inside.h. */
#include "base/mem.h"
#include "formats/range-inside.h"
#include "formats/version-inside.h"

#define DIGITS "0123456789"
#define HEX DIGITS "abcdef"
#define COMMIT_MIN 7 /* characters: what git shows of an id unless asked for more */

static bool among(struct tw_slice word, const char *const *words)
{
	for (; *words; words++)
		if (tw_slice_is_nocase(word, *words))
			return true;
	return false;
}

/* --- Texts that are no single version --- */

/* "2.0to2.4", "2.4-and-earlier": a run of letters that makes a range of what stands beside it. */
static bool has_range_word(const char *text)
{
	static const char *const words[] = { "to", "upto", "through", "thru", "until", "till", "up", "and", "or", "before", "prior",
		"earlier", "below", "older", "lower", "less", "after", "later", "newer", "above", "higher", "greater", "onward",
		"onwards", "from", "since", "than", "all", "any", "every", "between", "version", "versions", "inclusive",
		"exclusive", "next", NULL };

	while (*text) {
		struct tw_slice word = { text, 0 };

		while (tw_version_letter(word.at[word.size]))
			word.size++;
		if (among(word, words))
			return true;
		text += word.size ? word.size : 1;
	}
	return false;
}

/* Digits and letters of a hexadecimal number alone, as no version has them: where it stands among others only the repository says. */
static bool is_commit(const char *text)
{
	const size_t size = strlen(text);

	return size >= COMMIT_MIN && strspn(text, HEX) == size && strspn(text, DIGITS) < size && strcspn(text, DIGITS) < size;
}

static bool is_odd(unsigned char c)
{
	return c <= ' ' || c > '~' || strchr("<>=,*;|&()[]/", c);
}

tw_err tw_range_plain(const char *text)
{
	const size_t size = strlen(text);
	bool digit = false, any = size && (strchr("~^!", *text) || text[size - 1] == '+');

	for (size_t i = 0; i < size; i++) {
		const bool first = !i || strchr("._-", text[i - 1]), last = !text[i + 1] || strchr("._-", text[i + 1]);

		digit = digit || tw_version_digit(text[i]);
		any = any || is_odd((unsigned char)text[i]) || (first && last && (text[i] == 'x' || text[i] == 'X'));
	}
	if (!digit || any || strstr(text, "..") || has_range_word(text))
		return TW_RAISE(SYNTAX, "'%.40s' is no single version", text);
	if (is_commit(text))
		return TW_RAISE(SYNTAX, "'%.64s' seems to be the id of a commit, which has no order", text);
	return TW_OK;
}

bool tw_range_from_anywhere(const char *text)
{
	static const char *const words[] = { "unspecified", "unknown", "n/a", "na", "none", "-", "*", "all", "any", "all versions", NULL };

	return among(tw_slice_of(text), words);
}

bool tw_range_is_zero(const char *text)
{
	return *text && !text[strspn(text, "0.")];
}

/* --- What may be the component's all the same --- */

/* "81-g4f9cf3b" behind a version, as `git describe` has it: the size of what stands before. 0: it is none. */
static size_t described(const char *version)
{
	const char *hash = strrchr(version, '-'), *at;

	if (!hash || hash[1] != 'g' || strlen(hash + 2) < COMMIT_MIN || hash[2 + strspn(hash + 2, HEX)])
		return 0;
	for (at = hash; at > version && tw_version_digit(at[-1]);)
		at--;
	return at == hash || at == version || at[-1] != '-' ? 0 : (size_t)(at - 1 - version);
}

tw_err tw_range_not_after(enum tw_version_scheme s, const char *version, const char *text)
{
	char base[TW_VERSION_MAX + 1];
	const size_t size = described(version);
	int c = 1;

	if (!size || size > TW_VERSION_MAX)
		return TW_OK;
	(void)snprintf(base, sizeof base, "%.*s", (int)size, version);
	TW_TRY(tw_version_decide(s, base, text, &c));
	return c ? TW_OK : TW_RAISE(SYNTAX, "'%.40s' is some commits after '%.40s', and may be like it", version, text);
}

static bool is_number(struct tw_slice s)
{
	bool digit = false;

	for (size_t i = 0; i < s.size; i++) {
		if (!tw_version_digit(s.at[i]) && s.at[i] != '.')
			return false;
		digit = digit || tw_version_digit(s.at[i]);
	}
	return digit;
}

/* "2.0-2.4", "2.3_7": two numbers with a sign between. */
static bool split(const char *text, char first[TW_VERSION_MAX + 1], char second[TW_VERSION_MAX + 1])
{
	const size_t size = strcspn(text, "-_~");

	if (!text[size] || strlen(text) > TW_VERSION_MAX || !is_number((struct tw_slice){ text, size }) ||
		!is_number(tw_slice_of(text + size + 1)))
		return false;
	(void)snprintf(first, TW_VERSION_MAX + 1, "%.*s", (int)size, text);
	(void)snprintf(second, TW_VERSION_MAX + 1, "%s", text + size + 1);
	return true;
}

tw_err tw_range_apart(enum tw_version_scheme s, const char *version, const char *text)
{
	char first[TW_VERSION_MAX + 1], second[TW_VERSION_MAX + 1];
	int c = 0, other = 0;

	TW_TRY(tw_range_not_after(s, version, text));
	if (s != TW_VERSION_GENERIC || !split(text, first, second))
		return TW_OK;
	TW_TRY(tw_version_decide(s, version, first, &c));
	TW_TRY(tw_version_decide(s, version, second, &other));
	if (!c)
		return TW_RAISE(SYNTAX, "'%.40s' may be a revision of '%.40s'", text, version);
	return c > 0 && other <= 0 ? TW_RAISE(SYNTAX, "'%.40s' may be a span of versions", text) : TW_OK;
}

/* A day since 1990 as one number. */
static bool is_day(const char *text)
{
	const size_t size = strspn(text, DIGITS);

	return size == 8 && (!strncmp(text, "19", 2) || !strncmp(text, "20", 2));
}

tw_err tw_range_same_kind(const char *version, const char *text)
{
	if (is_day(version) != is_day(text) && !tw_range_is_zero(version) && !tw_range_is_zero(text))
		return TW_RAISE(SYNTAX, "one of '%.40s' and '%.40s' is a day, and the other is not", version, text);
	return TW_OK;
}
