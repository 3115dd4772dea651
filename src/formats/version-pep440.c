/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of Python packages: the spellings of PEP 440's appendix B, and its order. */
#include "formats/version-inside.h"

#include "base/mem.h"

#include <string.h>

/* Places in the order where there is no number: what packaging calls infinities. */
enum presence { LOWEST, GIVEN, HIGHEST };
struct release {
	struct tw_slice epoch;
	const char *numbers, *numbers_end; /* between dots */
	char pre;                          /* 'a', 'b', 'r'; 0: none */
	bool post, dev;
	struct tw_slice pre_number, post_number, dev_number;
	const char *local; /* without '+'; NULL: none */
};

static bool is_separator(char c)
{
	return c && strchr("-_.", c);
}

static bool take_word(const char **at, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i < size; i++)
		if (tw_version_small((*at)[i]) != word[i])
			return false;
	*at += size;
	return true;
}

/* A separator, one of the words, a separator and a number, of which only the word must be there. */
static bool take_labelled(const char **at, const char *const *list, struct tw_slice *ret_number, char *ret_label)
{
	const char *from = *at + is_separator(**at);

	for (size_t i = 0; list[i]; i++) {
		const char *end = from;

		if (!take_word(&end, list[i]))
			continue;
		end += is_separator(*end);
		*ret_number = tw_version_number(&end);
		*ret_label = *list[i];
		*at = end;
		return true;
	}
	return false;
}

static void take_epoch(const char **at, struct release *ret)
{
	const char *end = *at;
	struct tw_slice number = tw_version_number(&end);

	if (*end == '!' && end > *at) {
		ret->epoch = number;
		*at = end + 1;
	}
}

static bool take_numbers(const char **at, struct release *ret)
{
	ret->numbers = *at;
	while (tw_version_digit(**at)) {
		*at += strspn(*at, "0123456789");
		if (**at != '.' || !tw_version_digit((*at)[1]))
			break;
		(*at)++;
	}
	ret->numbers_end = *at;
	return *at > ret->numbers;
}

static bool take_local(const char **at, struct release *ret)
{
	if (**at != '+')
		return true;
	ret->local = ++*at;
	for (;; (*at)++) {
		const char *from = *at;

		while (tw_version_digit(**at) || tw_version_letter(**at))
			(*at)++;
		if (*at == from)
			return false;
		if (!is_separator(**at))
			return true;
	}
}

static bool read_release(const char *at, struct release *ret)
{
	static const char *const pre[] = { "alpha", "beta", "preview", "pre", "rc", "a", "b", "c", NULL };
	static const char *const post[] = { "post", "rev", "r", NULL }, *const dev[] = { "dev", NULL };
	char label;

	*ret = (struct release){ 0 };
	at += *at == 'v' || *at == 'V';
	take_epoch(&at, ret);
	if (!take_numbers(&at, ret))
		return false;
	if (take_labelled(&at, pre, &ret->pre_number, &label))
		ret->pre = label == 'p' || label == 'c' ? 'r' : label; /* other words for a release candidate */
	if (*at == '-' && tw_version_digit(at[1])) {
		at++;
		ret->post = true;
		ret->post_number = tw_version_number(&at);
	} else {
		ret->post = take_labelled(&at, post, &ret->post_number, &label);
	}
	ret->dev = take_labelled(&at, dev, &ret->dev_number, &label);
	return take_local(&at, ret) && !*at;
}

tw_err tw_version_pep440_check(const char *version)
{
	struct release r;

	if (!read_release(version, &r))
		return TW_RAISE(SYNTAX, "'%.40s' is no version by PEP 440", version);
	return TW_OK;
}

/* What has fewer numbers has zeros. */
static int compare_numbers(const struct release *a, const struct release *b)
{
	const char *x = a->numbers, *y = b->numbers;
	int c = 0;

	while (!c && (x < a->numbers_end || y < b->numbers_end)) {
		struct tw_slice left = { 0 }, right = { 0 };

		if (x < a->numbers_end)
			left = tw_version_number(&x);
		if (y < b->numbers_end)
			right = tw_version_number(&y);
		x += x < a->numbers_end;
		y += y < b->numbers_end;
		c = tw_version_numbers(left, right);
	}
	return c;
}

static enum presence pre_presence(const struct release *r)
{
	return r->pre ? GIVEN : r->dev && !r->post ? LOWEST : HIGHEST; /* 1.dev1 comes before 1a1 */
}

static int compare_labelled(enum presence a, enum presence b, struct tw_slice x, struct tw_slice y)
{
	if (a != b)
		return a < b ? -1 : 1;
	return a == GIVEN ? tw_version_numbers(x, y) : 0;
}

struct segment {
	struct tw_slice text;
	bool number;
};

static struct segment take_segment(const char **at)
{
	struct segment s = { { *at, 0 }, true };

	while (tw_version_digit(**at) || tw_version_letter(**at)) {
		s.number = s.number && tw_version_digit(**at);
		s.text.size++;
		(*at)++;
	}
	if (s.number) {
		const char *digits = s.text.at;

		s.text = tw_version_number(&digits);
	}
	*at += **at != '\0';
	return s;
}

static int compare_words(struct tw_slice a, struct tw_slice b)
{
	for (size_t i = 0; i < a.size && i < b.size; i++)
		if (tw_version_small(a.at[i]) != tw_version_small(b.at[i]))
			return tw_version_small(a.at[i]) < tw_version_small(b.at[i]) ? -1 : 1;
	return (a.size > b.size) - (a.size < b.size);
}

static int compare_local(const char *a, const char *b)
{
	int c = 0;

	if (!a || !b)
		return (a != NULL) - (b != NULL);
	while (!c && *a && *b) {
		struct segment x = take_segment(&a), y = take_segment(&b);

		if (x.number != y.number)
			return x.number ? 1 : -1;
		c = x.number ? tw_version_numbers(x.text, y.text) : compare_words(x.text, y.text);
	}
	return c ? c : (*a != '\0') - (*b != '\0');
}

int tw_version_pep440_compare(const char *a, const char *b)
{
	struct release x, y;
	int c;

	(void)read_release(a, &x);
	(void)read_release(b, &y);
	c = tw_version_numbers(x.epoch, y.epoch);
	c = c ? c : compare_numbers(&x, &y);
	if (!c && x.pre && y.pre && x.pre != y.pre)
		return x.pre < y.pre ? -1 : 1;
	c = c ? c : compare_labelled(pre_presence(&x), pre_presence(&y), x.pre_number, y.pre_number);
	c = c ? c : compare_labelled(x.post ? GIVEN : LOWEST, y.post ? GIVEN : LOWEST, x.post_number, y.post_number);
	c = c ? c : compare_labelled(x.dev ? GIVEN : HIGHEST, y.dev ? GIVEN : HIGHEST, x.dev_number, y.dev_number);
	return c ? c : compare_local(x.local, y.local);
}
