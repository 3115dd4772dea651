/* SPDX-License-Identifier: Apache-2.0 */
/* Every value is an address of a known scheme without blanks or line ends, so no value makes a field of its own. */
#include "formats/securitytxt.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

enum scheme { WEB = 1, MAIL = 2, PHONE = 4, KEY = 8 };
static const struct {
	const char *text;
	unsigned bit;
} schemes[] = { { "https://", WEB }, { "mailto:", MAIL }, { "tel:", PHONE }, { "openpgp4fpr:", KEY }, { "dns:", KEY } };

static bool is_address(const char *value, unsigned allowed)
{
	for (const char *at = value; *at; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f)
			return false;
	for (size_t i = 0; i < TW_COUNT(schemes); i++)
		if (schemes[i].bit & allowed && !strncasecmp(value, schemes[i].text, strlen(schemes[i].text)))
			return value[strlen(schemes[i].text)] != '\0';
	return false;
}

static tw_err write_list(struct tw_buf *b, const char *field, const char *const *list, unsigned allowed)
{
	for (; list && *list; list++) {
		if (!is_address(*list, allowed))
			return TW_RAISE(SYNTAX, "RFC 9116: '%s' is no address for %s", *list, field);
		TW_TRY(tw_buf_format(b, "%s: %s\r\n", field, *list));
	}
	return TW_OK;
}

/* Tags of RFC 5646 and commas between them. */
static bool is_languages(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-, ") == strlen(text);
}

static tw_err write_expiry(const struct tw_securitytxt *s, int64_t now_ms, struct tw_buf *b)
{
	char text[TW_TIME_TEXT_MAX];

	if (s->expires_ms <= now_ms)
		return TW_RAISE(SYNTAX, "RFC 9116: Expires is not in the future");
	if (s->expires_ms - now_ms > TW_SECURITYTXT_LIFE_MAX_MS)
		return TW_RAISE(SYNTAX, "RFC 9116: Expires is more than a year ahead");
	tw_time_text(s->expires_ms, text);
	return tw_buf_format(b, "Expires: %s\r\n", text);
}

tw_err tw_securitytxt_write(const struct tw_securitytxt *s, int64_t now_ms, struct tw_buf *b)
{
	if (!s->contacts || !*s->contacts)
		return TW_RAISE(SYNTAX, "RFC 9116: there is no Contact");
	TW_TRY(write_list(b, "Contact", s->contacts, WEB | MAIL | PHONE));
	TW_TRY(write_expiry(s, now_ms, b));
	TW_TRY(write_list(b, "Canonical", s->canonical, WEB));
	TW_TRY(write_list(b, "CSAF", s->csaf, WEB));
	TW_TRY(write_list(b, "Encryption", s->encryption, WEB | KEY));
	TW_TRY(write_list(b, "Policy", s->policy, WEB));
	TW_TRY(write_list(b, "Acknowledgments", s->acknowledgments, WEB));
	TW_TRY(write_list(b, "Hiring", s->hiring, WEB));
	if (!s->languages)
		return TW_OK;
	if (!is_languages(s->languages))
		return TW_RAISE(SYNTAX, "RFC 9116: '%s' is no list of languages", s->languages);
	return tw_buf_format(b, "Preferred-Languages: %s\r\n", s->languages);
}
