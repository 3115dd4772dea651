/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions that a subscriber says he has. They stand in the mail that asks, which goes to whomever a stranger named, so what he can write there is narrow:
 * letters, digits and . + ~ _ -, with a digit in it, and nothing that a mail program would make a link of. Such are
 *
 *   names of hosts: so behind each dot comes a digit, or letters with a digit right behind them, as no top-level domain has them; and no "www"
 *   addresses of hosts: so no four numbers up to 255 with dots between, unless a letter is right before them
 *   telephone numbers: so no more than nine digits without a letter among them, and no '+' in front
 *
 * Each is judged alone, so each stands on a line of its own there, behind a label (message.c).
 */
#include "support/subscriptions/subscription.h"

#include <ctype.h>
#include <string.h>

#define BETWEEN " ,\n\t"
#define DIGITS_MAX 9
#define TYPED_MAX 32 /* bytes of one that products.json does not have */

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_host_name(const char *text)
{
	for (const char *at = text; *at; at++) {
		const char *behind = at + 1;

		if (!strncasecmp(at, "www", 3))
			return true;
		if (*at != '.')
			continue;
		while (letter(*behind))
			behind++;
		if (!digit(*behind))
			return true;
	}
	return false;
}

/* Does it begin with four numbers of an address, and no fifth? */
static bool begins_address(const char *at)
{
	for (int numbers = 1;; numbers++) {
		int value = 0;

		if (!digit(*at))
			return false;
		for (; digit(*at); at++)
			value = value > 255 ? value : value * 10 + (*at - '0');
		if (value > 255)
			return false;
		if (numbers == 4)
			return *at != '.';
		if (*at++ != '.')
			return false;
	}
}

static bool is_host_address(const char *text)
{
	for (const char *at = text; *at; at++) {
		const bool begins = at == text || (!letter(at[-1]) && !digit(at[-1]) && at[-1] != '.');

		if (begins && begins_address(at))
			return true;
	}
	return false;
}

static bool is_telephone(const char *text)
{
	size_t digits = 0;

	if (*text == '+')
		return true;
	for (; *text; text++) {
		digits = letter(*text) ? 0 : digits + digit(*text);
		if (digits > DIGITS_MAX)
			return true;
	}
	return false;
}

static bool is_version(const char *text)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~_-";

	return strlen(text) <= TYPED_MAX && strcspn(text, "0123456789") < strlen(text) && text[strspn(text, good)] == '\0' &&
		!is_host_name(text) && !is_host_address(text) && !is_telephone(text);
}

static bool is_known(const json_t *known, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach(known, i, one)
		if (!strcmp(tw_json_text(one, "version"), text))
			return true;
	return false;
}

bool tw_subscription_versions(const char *text, const json_t *known, char ret[TW_SUBSCRIPTION_VERSIONS_TEXT])
{
	char one[TW_PRODUCT_VERSION_MAX + 1];
	size_t used = 0, count = 0;

	ret[0] = '\0';
	for (text += strspn(text, BETWEEN); *text; text += strspn(text, BETWEEN)) {
		const size_t size = strcspn(text, BETWEEN);

		if (count == TW_SUBSCRIPTION_VERSIONS_MAX || size >= sizeof one)
			return false;
		(void)snprintf(one, sizeof one, "%.*s", (int)size, text);
		if (!is_known(known, one) && !is_version(one))
			return false;
		used += (size_t)snprintf(ret + used, TW_SUBSCRIPTION_VERSIONS_TEXT - used, "%s%s", count++ ? " " : "", one);
		text += size;
	}
	return true;
}
