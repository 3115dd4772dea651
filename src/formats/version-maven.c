/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions of Maven, in the order of its ComparableVersion (the POM reference, "Version Order Specification"): numbers, then items, which are words with
 * or without a number, or numbers behind '-'. What the specification and the versions of that class see differently, or in no order at all, is refused: a
 * word in front, a word's number with a '.' behind, "final" with something behind. Where they differ in "1.rc1" and "1-rc1" alone, Maven 4 counts, for which
 * both are one.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/version-inside.h"

/* Of items at one place; of two that are the same so far, the one with what stands further up comes first. NONE: the end, and what means it. */
enum rank { ALPHA, BETA, MILESTONE, RC, SNAPSHOT, NONE, SP, WORD, NUMBERS };
struct item {
	enum rank rank;
	struct tw_slice word;    /* of a WORD */
	struct tw_slice numbers; /* digits, in NUMBERS with '.'; empty: none */
};

static const struct {
	const char *word;
	enum rank rank;
} known[] = { { "alpha", ALPHA }, { "beta", BETA }, { "milestone", MILESTONE }, { "rc", RC }, { "cr", RC },
	{ "snapshot", SNAPSHOT }, { "ga", NONE }, { "final", NONE }, { "release", NONE }, { "sp", SP } };
static const struct {
	const char *word;
	enum rank rank;
} letters[] = { { "a", ALPHA }, { "b", BETA }, { "m", MILESTONE } }; /* with a number right behind */

static enum rank rank_of(struct tw_slice word, bool number)
{
	for (size_t i = 0; i < TW_COUNT(known); i++)
		if (tw_slice_is_nocase(word, known[i].word))
			return known[i].rank;
	for (size_t i = 0; i < TW_COUNT(letters) && number; i++)
		if (tw_slice_is_nocase(word, letters[i].word))
			return letters[i].rank;
	return WORD;
}

static bool is_separator(char c)
{
	return c == '.' || c == '-';
}

/* Digits, and more of them behind each '.'. */
static struct tw_slice take_numbers(const char **at)
{
	struct tw_slice s = { *at, strspn(*at, "0123456789") };

	while (s.at[s.size] == '.' && tw_version_digit(s.at[s.size + 1]))
		s.size += 1 + strspn(s.at + s.size + 1, "0123456789");
	*at += s.size;
	return s;
}

static bool is_zero(struct tw_slice numbers)
{
	for (size_t i = 0; i < numbers.size; i++)
		if (numbers.at[i] != '0' && numbers.at[i] != '.')
			return false;
	return true;
}

static struct item take_item(const char **at)
{
	struct item i = { .rank = NONE };

	*at += is_separator(**at);
	if (!**at)
		return i;
	if (tw_version_digit(**at)) {
		i.numbers = take_numbers(at);
		i.rank = is_zero(i.numbers) ? NONE : NUMBERS;
		return i;
	}
	i.word.at = *at;
	while (tw_version_letter(**at))
		++*at;
	i.word.size = (size_t)(*at - i.word.at);
	i.rank = rank_of(i.word, tw_version_digit(**at));
	*at += is_separator(**at) && tw_version_digit((*at)[1]);
	if (tw_version_digit(**at))
		i.numbers = take_numbers(at);
	return i;
}

static tw_err check_item(const char *version, const char *from, const struct item *i, bool last)
{
	const size_t place = (size_t)(from - version) + 1;
	const bool letter = i->word.size == 1 && strchr("aAbBmM", *i->word.at) && i->numbers.size && is_separator(i->word.at[1]);

	if (i->word.size && i->numbers.size &&
		(i->rank == NONE || is_zero(i->numbers) || memchr(i->numbers.at, '.', i->numbers.size) || letter))
		return TW_RAISE(SYNTAX, "'%.40s': character %zu: a number that has no clear order there", version, place);
	if (i->rank == NONE && !last)
		return TW_RAISE(SYNTAX, "'%.40s': character %zu: what means nothing stands at the end", version, place);
	return TW_OK;
}

tw_err tw_version_maven_check(const char *version)
{
	const char *at = version;

	if (!tw_version_digit(*at))
		return TW_RAISE(SYNTAX, "'%.40s' does not begin with a number", version);
	(void)take_numbers(&at);
	while (*at) {
		const char *from = at;

		if (!tw_version_letter(at[is_separator(*at)]) && !tw_version_digit(at[is_separator(*at)]))
			return TW_RAISE(SYNTAX, "'%.40s': character %zu is none of such a version", version,
				(size_t)(at - version) + 1 + is_separator(*at));
		struct item i = take_item(&at);
		TW_TRY(check_item(version, from, &i, !*at));
	}
	return TW_OK;
}

/* What is missing is 0. */
static int compare_numbers(struct tw_slice a, struct tw_slice b)
{
	int c = 0;

	while (!c && (a.size || b.size)) {
		const char *x = a.size ? a.at : "0", *y = b.size ? b.at : "0";
		struct tw_slice left = tw_version_number(&x), right = tw_version_number(&y);
		size_t of_a = a.size ? (size_t)(x - a.at) : 0, of_b = b.size ? (size_t)(y - b.at) : 0;

		c = tw_version_numbers(left, right);
		of_a += of_a < a.size; /* the '.' */
		of_b += of_b < b.size;
		a = of_a ? (struct tw_slice){ a.at + of_a, a.size - of_a } : a;
		b = of_b ? (struct tw_slice){ b.at + of_b, b.size - of_b } : b;
	}
	return c;
}

static int compare_words(struct tw_slice a, struct tw_slice b)
{
	for (size_t i = 0; i < a.size && i < b.size; i++)
		if (tw_version_small(a.at[i]) != tw_version_small(b.at[i]))
			return tw_version_small(a.at[i]) < tw_version_small(b.at[i]) ? -1 : 1;
	return (a.size > b.size) - (a.size < b.size);
}

static int compare_items(const struct item *a, const struct item *b)
{
	int c = a->rank < b->rank ? -1 : a->rank > b->rank;

	if (c || a->rank == NONE)
		return c;
	c = a->rank == WORD ? compare_words(a->word, b->word) : 0;
	return c ? c : compare_numbers(a->numbers, b->numbers);
}

int tw_version_maven_compare(const char *a, const char *b)
{
	struct tw_slice x = take_numbers(&a);
	int c = compare_numbers(x, take_numbers(&b));

	while (!c && (*a || *b)) {
		struct item left = take_item(&a), right = take_item(&b);

		c = compare_items(&left, &right);
	}
	return c;
}
