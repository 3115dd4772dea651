/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which weaknesses CWE has, and which subtags a language tag is made of (RFC 5646): sorted lines, searched where they lie, so that starting costs
 * nothing. Of language tags no more is let pass than BSI's library does: a variant stands behind one of its registered prefixes, and extensions
 * are t and u.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-lists.h"
#include "formats/csaf-text.h"

#include <string.h>
#include <strings.h>

typedef int (*line_order)(struct tw_slice line, struct tw_slice key); /* of the line to the key */

/* The line that is equal to the key; its size 0: none. */
static struct tw_slice find_line(const char *list, line_order order, struct tw_slice key)
{
	const char *low = list, *high = list + strlen(list);

	while (low < high) {
		const char *from = low + (high - low) / 2;

		while (from > low && from[-1] != '\n')
			from--;
		struct tw_slice line = { from, strcspn(from, "\n") };
		int c = order(line, key);

		if (c == 0)
			return line;
		if (c < 0)
			low = from + line.size + 1;
		else
			high = from;
	}
	return (struct tw_slice){ 0 };
}

static int by_number(struct tw_slice line, struct tw_slice key)
{
	const char *tab = memchr(line.at, '\t', line.size);

	return tab ? tw_csaf_digits_compare((struct tw_slice){ line.at, (size_t)(tab - line.at) }, key) : -1; /* the head has none */
}

struct tw_slice tw_csaf_cwe_name(const char *id)
{
	struct tw_slice key = { id + 4, 0 };

	if (!tw_csaf_is_cwe(id))
		return (struct tw_slice){ 0 };
	key.size = strlen(key.at);
	struct tw_slice line = find_line(tw_csaf_cwe, by_number, key);
	return line.size ? (struct tw_slice){ line.at + key.size + 1, line.size - key.size - 1 } : line;
}

/* The first two words of the line: kind and subtag. */
static int by_words(struct tw_slice line, struct tw_slice key)
{
	size_t words = line.size > 2 ? 2 + strcspn(line.at + 2, " \n") : line.size;
	int c = memcmp(line.at, key.at, words < key.size ? words : key.size);

	return c ? c : (words > key.size) - (words < key.size);
}

/* The prefixes of a registered subtag, with commas between them; at NULL: not registered. */
static struct tw_slice subtag_prefixes(char kind, struct tw_slice subtag)
{
	char key[2 + 8] = { kind, ' ' };

	if (subtag.size > 8)
		return (struct tw_slice){ 0 };
	for (size_t i = 0; i < subtag.size; i++)
		key[2 + i] = (char)(subtag.at[i] >= 'A' && subtag.at[i] <= 'Z' ? subtag.at[i] + 32 : subtag.at[i]);
	struct tw_slice line = find_line(tw_csaf_subtags, by_words, (struct tw_slice){ key, 2 + subtag.size });
	if (!line.size)
		return line;
	size_t words = 2 + subtag.size;
	return line.size > words ? (struct tw_slice){ line.at + words + 1, line.size - words - 1 } : (struct tw_slice){ "", 0 };
}

/* A language tag in parts. Those of which there may be several are whole: "1901-1996". */
struct tag {
	struct tw_slice language, extended, script, region, variants, extensions;
	size_t extended_count;
	bool whole; /* private use, or from before the registry: nothing to look up */
};

static struct tw_slice next_part(const char *at)
{
	return (struct tw_slice){ at, strcspn(at, "-") };
}

/* How many of the part's characters are in a class; equal to its size: all of them. */
static bool all_of(struct tw_slice part, bool letters, bool digits)
{
	for (size_t i = 0; i < part.size; i++) {
		char c = part.at[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), digit = c >= '0' && c <= '9';

		if (!(letters && letter) && !(digits && digit))
			return false;
	}
	return true;
}

static bool is_letters(struct tw_slice part, size_t least, size_t most)
{
	return part.size >= least && part.size <= most && all_of(part, true, false);
}

static bool is_word(struct tw_slice part, size_t least, size_t most)
{
	return part.size >= least && part.size <= most && all_of(part, true, true);
}

static bool is_region(struct tw_slice part)
{
	return is_letters(part, 2, 2) || (part.size == 3 && all_of(part, false, true));
}

static bool is_variant(struct tw_slice part)
{
	return is_word(part, 5, 8) || (is_word(part, 4, 4) && part.at[0] >= '0' && part.at[0] <= '9');
}

/* Takes the part into whole, which grows; moves on to the part behind it. */
static void take_part(const char **at, struct tw_slice part, struct tw_slice *whole)
{
	if (!whole->at)
		whole->at = part.at;
	whole->size = (size_t)(part.at + part.size - whole->at);
	*at = part.at + part.size + (part.at[part.size] == '-');
}

/* Parts of least to most characters; at least one of them. */
static bool take_words(const char **at, size_t least, size_t most, struct tw_slice *whole)
{
	bool any = false;

	while (is_word(next_part(*at), least, most)) {
		take_part(at, next_part(*at), whole);
		any = true;
	}
	return any;
}

static bool take_extensions(const char **at, struct tag *t)
{
	struct tw_slice unused = { 0 };

	while (is_word(next_part(*at), 1, 1) && !strchr("xX", **at)) {
		take_part(at, next_part(*at), &t->extensions);
		if (!take_words(at, 2, 8, &t->extensions))
			return false;
	}
	if (!is_letters(next_part(*at), 1, 1))
		return true;
	take_part(at, next_part(*at), &unused); /* x */
	return take_words(at, 1, 8, &unused);
}

static bool is_old(const char *s)
{
	static const char *const old[] = { "i-default", "i-mingo", "art-lojban", "cel-gaulish", "no-bok", "no-nyn", "zh-guoyu",
		"zh-hakka", "zh-min", "zh-min-nan", "zh-xiang" };

	for (size_t i = 0; i < TW_COUNT(old); i++)
		if (!strcasecmp(s, old[i]))
			return true;
	return false;
}

static bool tag_read(const char *s, struct tag *ret)
{
	const char *at = s;

	*ret = (struct tag){ .whole = is_old(s) || ((*s == 'x' || *s == 'X') && s[1] == '-') };
	if (ret->whole && is_old(s))
		return true;
	if (s[0] && s[strlen(s) - 1] == '-')
		return false;
	if (ret->whole)
		return take_extensions(&at, ret) && !*at;
	if (!is_letters(next_part(at), 2, 8))
		return false;
	take_part(&at, next_part(at), &ret->language);
	while (ret->language.size <= 3 && ret->extended_count < 3 && is_letters(next_part(at), 3, 3)) {
		take_part(&at, next_part(at), &ret->extended);
		ret->extended_count++;
	}
	if (is_letters(next_part(at), 4, 4))
		take_part(&at, next_part(at), &ret->script);
	if (is_region(next_part(at)))
		take_part(&at, next_part(at), &ret->region);
	while (is_variant(next_part(at)))
		take_part(&at, next_part(at), &ret->variants);
	return take_extensions(&at, ret) && !*at;
}

bool tw_csaf_is_language(const char *s)
{
	struct tag unused;

	return tag_read(s, &unused);
}

/* The tag up to here begins with one of the prefixes, and is at the end of a part behind it. */
static bool has_prefix(struct tw_slice before, struct tw_slice prefixes)
{
	while (prefixes.size) {
		const char *comma = memchr(prefixes.at, ',', prefixes.size);
		size_t size = comma ? (size_t)(comma - prefixes.at) : prefixes.size;

		if (before.size >= size && !strncasecmp(before.at, prefixes.at, size) && (before.size == size || before.at[size] == '-'))
			return true;
		prefixes = (struct tw_slice){ prefixes.at + size + !!comma, prefixes.size - size - !!comma };
	}
	return false;
}

static bool stands_in(struct tw_slice part, struct tw_slice before)
{
	while (before.size) {
		struct tw_slice one = { before.at, 0 };

		while (one.size < before.size && one.at[one.size] != '-')
			one.size++;
		if (one.size == part.size && !strncasecmp(one.at, part.at, part.size))
			return true;
		size_t step = one.size + (one.size < before.size);
		before = (struct tw_slice){ before.at + step, before.size - step };
	}
	return false;
}

static const char *variants_fault(const char *tag, struct tw_slice variants)
{
	const char *at = variants.at, *end = variants.at + variants.size;

	while (at < end) {
		struct tw_slice part = next_part(at), prefixes = subtag_prefixes('v', part);

		if (!prefixes.at)
			return "has a variant that is not registered";
		if (!has_prefix((struct tw_slice){ tag, (size_t)(at - tag - 1) }, prefixes))
			return "has a variant that does not belong to what stands before it";
		if (at > variants.at && stands_in(part, (struct tw_slice){ variants.at, (size_t)(at - variants.at - 1) }))
			return "has a variant twice";
		at += part.size + 1;
	}
	return NULL;
}

static const char *extensions_fault(struct tw_slice extensions)
{
	const char *at = extensions.at, *end = extensions.at + extensions.size;
	bool t = false, u = false;

	while (at < end) {
		struct tw_slice part = next_part(at);

		if (part.size == 1) {
			if (*at != 't' && *at != 'u')
				return "has an extension other than t and u";
			if (*at == 't' ? t : u)
				return "has an extension twice";
			t = t || *at == 't';
			u = u || *at == 'u';
		}
		at += part.size + 1;
	}
	return NULL;
}

const char *tw_csaf_language_fault(const char *s)
{
	struct tag t;

	if (!tag_read(s, &t))
		return "is no language tag";
	if (t.whole)
		return NULL;
	if (!subtag_prefixes('l', t.language).at)
		return "begins with a language that is not registered";
	if (t.extended_count > 1)
		return "has more than one extended language";
	if (t.extended_count && !has_prefix(t.language, subtag_prefixes('x', t.extended)))
		return "has an extended language that is not registered for its language";
	if (t.script.size && !subtag_prefixes('s', t.script).at)
		return "has a script that is not registered";
	if (t.region.size && !subtag_prefixes('r', t.region).at)
		return "has a region that is not registered";
	const char *fault = t.variants.size ? variants_fault(s, t.variants) : NULL;
	return fault || !t.extensions.size ? fault : extensions_fault(t.extensions);
}
