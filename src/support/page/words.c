/* SPDX-License-Identifier: Apache-2.0 */
#include "support/page/words.h"

#include "base/mem.h"

#include <string.h>

static const char *const words[][TW_LANGUAGES] = {
#define X(name, english, german) { english, german },
#include "support/page/words.def"
#include "support/page/words-questions.def"
#undef X
};
static const char *const tags[] = { "en", "de" };

const char *tw_word(enum tw_word w, enum tw_language l)
{
	return words[w][l];
}

const char *tw_language_tag(enum tw_language l)
{
	return tags[l];
}

bool tw_language_find(struct tw_slice tag, enum tw_language *ret)
{
	for (size_t l = 0; l < TW_COUNT(tags); l++)
		if (tag.size >= 2 && strncasecmp(tag.at, tags[l], 2) == 0 && (tag.size == 2 || tag.at[2] == '-')) {
			*ret = (enum tw_language)l;
			return true;
		}
	return false;
}

static struct tw_slice trim(struct tw_slice s)
{
	while (s.size && (s.at[0] == ' ' || s.at[0] == '\t'))
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	while (s.size && (s.at[s.size - 1] == ' ' || s.at[s.size - 1] == '\t'))
		s.size--;
	return s;
}

/* Up to the mark, which is cut off what is left. */
static struct tw_slice cut(struct tw_slice *rest, char mark)
{
	const char *at = memchr(rest->at, mark, rest->size);
	struct tw_slice part = { rest->at, at ? (size_t)(at - rest->at) : rest->size };
	size_t used = part.size + (at != NULL);

	*rest = (struct tw_slice){ rest->at + used, rest->size - used };
	return trim(part);
}

/* "q=0.8" in thousandths; what is malformed is not wanted. */
static int weight(struct tw_slice s)
{
	int q = 0, unit = 1000;

	if (s.size == 0)
		return 1000;
	if (s.size < 3 || s.size > 7 || (s.at[0] != 'q' && s.at[0] != 'Q') || s.at[1] != '=')
		return 0;
	for (size_t i = 2; i < s.size; i++) {
		if (i == 3 && s.at[i] == '.')
			continue;
		if (s.at[i] < '0' || s.at[i] > '9' || (i == 2 && s.at[i] > '1'))
			return 0;
		q += (s.at[i] - '0') * unit;
		unit /= 10;
	}
	return q > 1000 ? 0 : q;
}

enum tw_language tw_language_wanted(struct tw_slice accepted)
{
	enum tw_language best = TW_ENGLISH, l;
	int most = 0;

	while (accepted.size > 0) {
		struct tw_slice entry = cut(&accepted, ','), tag = cut(&entry, ';');
		int q = weight(trim(entry));

		if (q > most && tw_language_find(tag, &l)) {
			most = q;
			best = l;
		}
	}
	return best;
}
