/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/password.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define NAME_MIN 3
#define UNIT_MAX 4 /* what is repeated and no longer than this is simple, whatever it is */

static size_t count_characters(struct tw_slice s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.size; i++)
		n += ((unsigned char)s.at[i] & 0xc0) != 0x80;
	return n;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool in_list(struct tw_slice s)
{
	uint32_t print = 0x811c9dc5u;
	size_t low = 0, high = tw_common_passwords_count;

	for (size_t i = 0; i < s.size; i++)
		print = (print ^ (unsigned char)s.at[i]) * 0x01000193u;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tw_common_passwords[middle] < print)
			low = middle + 1;
		else
			high = middle;
	}
	return low < tw_common_passwords_count && tw_common_passwords[low] == print;
}

/* The least n of which s is a whole number of copies. */
static size_t period(struct tw_slice s)
{
	for (size_t n = 1; n < s.size; n++)
		if (s.size % n == 0 && memcmp(s.at, s.at + n, s.size - n) == 0)
			return n;
	return s.size;
}

/* As a row goes on: the next character, or after 9 the 0. */
static bool follows(char a, char b, int step)
{
	return b == a + step || (step == 1 && a == '9' && b == '0') || (step == -1 && a == '0' && b == '9');
}

static bool is_row(struct tw_slice s)
{
	for (int step = -1; step <= 1; step += 2) {
		size_t i = 1;

		while (i < s.size && follows(s.at[i - 1], s.at[i], step))
			i++;
		if (i >= s.size)
			return true;
	}
	return false;
}

/* password2026! and 1234password are password. */
static struct tw_slice bare(struct tw_slice s)
{
	while (s.size && !is_letter(s.at[s.size - 1]))
		s.size--;
	while (s.size && !is_letter(s.at[0])) {
		s.at++;
		s.size--;
	}
	return s;
}

/* Takes each copy of the name out of text; returns how many bytes are left. */
static size_t take_out(char *text, size_t size, const char *name, size_t name_size)
{
	for (size_t at = 0; at + name_size <= size;) {
		if (memcmp(text + at, name, name_size) == 0) {
			memmove(text + at, text + at + name_size, size - at - name_size);
			size -= name_size;
		} else {
			at++;
		}
	}
	return size;
}

static bool is_named(const struct tw_password_rules *r, char *text, size_t size)
{
	const size_t before = size;
	char name[256];

	for (size_t i = 0; i < r->name_count; i++) {
		size_t n = strlen(r->names[i]);

		if (n < NAME_MIN || n > sizeof name)
			continue;
		for (size_t k = 0; k < n; k++)
			name[k] = lower(r->names[i][k]);
		size = take_out(text, size, name, n);
	}
	return size < before && count_characters((struct tw_slice){ text, size }) < TW_PASSWORD_BESIDE;
}

static enum tw_password_fault judge_guessable(const struct tw_password_rules *r, char *text, size_t size)
{
	const struct tw_slice s = { text, size };
	const struct tw_slice unit = { text, period(s) }, word = bare(s);

	if (in_list(s) || in_list(unit) || (word.size && in_list(word)))
		return TW_PASSWORD_COMMON;
	if (is_row(s) || is_row(unit) || (unit.size < s.size && count_characters(unit) <= UNIT_MAX))
		return TW_PASSWORD_SIMPLE;
	return is_named(r, text, size) ? TW_PASSWORD_NAMED : TW_PASSWORD_GOOD;
}

enum tw_password_fault tw_password_judge(const struct tw_password_rules *r, struct tw_slice password)
{
	char text[TW_PASSWORD_MAX];

	if (password.size > sizeof text)
		return TW_PASSWORD_LONG;
	if (!tw_text_printable(password))
		return TW_PASSWORD_NOT_TEXT;
	for (size_t i = 0; i < password.size; i++)
		text[i] = lower(password.at[i]);
	enum tw_password_fault fault = password.size ? judge_guessable(r, text, password.size) : TW_PASSWORD_SHORT;
	tw_wipe(text, sizeof text);
	/* Of a short one it is said that it is short: a longer one need not be so common. */
	return count_characters(password) < r->min ? TW_PASSWORD_SHORT : fault;
}

const char *tw_password_advice(enum tw_password_fault fault)
{
	static const char *const words[TW_PASSWORD_FAULTS] = {
		[TW_PASSWORD_SHORT] = "It is too short; several words that do not belong together are long and easy to keep in mind.",
		[TW_PASSWORD_LONG] = "It has more than 1024 bytes.",
		[TW_PASSWORD_NOT_TEXT] = "It holds what is not a character that can be shown.",
		[TW_PASSWORD_COMMON] = "Many people have chosen it, so it is among the first that are tried.",
		[TW_PASSWORD_SIMPLE] = "It repeats one thing, or follows the alphabet or the digits.",
		[TW_PASSWORD_NAMED] = "It is little more than the name of the account or of the product.",
	};
	return words[fault];
}
