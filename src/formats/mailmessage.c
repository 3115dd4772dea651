/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/mailmessage.h"

#include <string.h>

#define LOCAL_MAX 64 /* RFC 5321 section 4.5.3.1.1 */
#define LABEL_MAX 63

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Runs of the characters that `also` and letters and digits make, with single dots between them. */
static bool dotted(struct tw_slice s, const char *also, size_t run_max)
{
	size_t run = 0;

	for (size_t i = 0; i < s.size; i++) {
		const char c = s.at[i];

		if (c == '.' && run == 0)
			return false;
		if (c != '.' && !is_alnum(c) && (c == '\0' || !strchr(also, c)))
			return false;
		run = c == '.' ? 0 : run + 1;
		if (run > run_max)
			return false;
	}
	return run > 0;
}

static bool host_valid(struct tw_slice host)
{
	bool letter = false, dot = false;

	if (!dotted(host, "-", LABEL_MAX))
		return false;
	for (size_t i = 0; i < host.size; i++) {
		const bool first = i == 0 || host.at[i - 1] == '.', last = i + 1 == host.size || host.at[i + 1] == '.';

		if (host.at[i] == '-' && (first || last))
			return false;
		dot = dot || host.at[i] == '.';
		letter = host.at[i] == '.' ? false : letter || host.at[i] < '0' || host.at[i] > '9';
	}
	return dot && letter; /* the last label is no number: "user@192.0.2.1" is no name */
}

bool tw_mail_address_valid(struct tw_slice address)
{
	const char *at = address.size ? memchr(address.at, '@', address.size) : NULL;

	if (!at || address.size > TW_MAIL_ADDRESS_MAX)
		return false;
	const struct tw_slice local = { address.at, (size_t)(at - address.at) };
	const struct tw_slice host = { at + 1, address.size - local.size - 1 };
	return local.size <= LOCAL_MAX && dotted(local, "!#$%&'*+-/=?^_`{|}~", LOCAL_MAX) && host_valid(host);
}
