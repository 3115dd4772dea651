/* SPDX-License-Identifier: Apache-2.0 */
/* Matchers written by hand for what the schema says with patterns: each reads once, from left to right, and needs no more than the stack. */
#include "formats/csaf-text.h"

#include "base/text.h"

#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_alpha(c);
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

size_t tw_csaf_space(const char *at)
{
	static const char *const wide[] = { "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf",
		"\xe2\x81\x9f", "\xe3\x80\x80", "\xef\xbb\xbf" };

	if (is_in(*at, " \t\n\v\f\r"))
		return 1;
	for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++)
		if (!strncmp(at, wide[i], strlen(wide[i])))
			return strlen(wide[i]);
	return !strncmp(at, "\xe2\x80", 2) && (unsigned char)at[2] >= 0x80 && (unsigned char)at[2] <= 0x8a ? 3 : 0; /* U+2000 to U+200A */
}

static bool ends_line(const char *at)
{
	return *at == '\n' || *at == '\r' || !strncmp(at, "\xe2\x80\xa8", 3) || !strncmp(at, "\xe2\x80\xa9", 3);
}

bool tw_csaf_filled(const char *s)
{
	return *s != '\0';
}

/* First and last character are neither white space nor in also; no line ends between them. */
static bool bounded(const char *s, const char *also)
{
	const char *last = s;

	if (!*s)
		return false;
	for (const char *at = s; *at; at++) {
		if (ends_line(at))
			return false;
		if (((unsigned char)*at & 0xc0) != 0x80) /* the first byte of a character */
			last = at;
	}
	return !tw_csaf_space(s) && !is_in(*s, also) && !tw_csaf_space(last) && !is_in(*last, also);
}

bool tw_csaf_is_category(const char *s)
{
	return bounded(s, "-_.");
}

bool tw_csaf_is_id(const char *s)
{
	return bounded(s, "");
}

bool tw_csaf_is_hash(const char *s)
{
	size_t size = strspn(s, "0123456789abcdefABCDEF");

	return size >= 32 && !s[size];
}

bool tw_csaf_is_cve(const char *s)
{
	return !strncmp(s, "CVE-", 4) && digits(s + 4) == 4 && s[8] == '-' && digits(s + 9) >= 4 && !s[9 + digits(s + 9)];
}

bool tw_csaf_is_cwe(const char *s)
{
	size_t size = strncmp(s, "CWE-", 4) ? 0 : digits(s + 4);

	return size >= 1 && size <= 6 && s[4] != '0' && !s[4 + size];
}

/* Two digits at *s; moves on. */
static bool take_two(const char **s, int *ret)
{
	if (!is_digit((*s)[0]) || !is_digit((*s)[1]))
		return false;
	*ret = ((*s)[0] - '0') * 10 + (*s)[1] - '0';
	*s += 2;
	return true;
}

static bool take_char(const char **s, const char *set)
{
	if (!is_in(**s, set))
		return false;
	(*s)++;
	return true;
}

static bool take_date(const char **s, int64_t *ret_days)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int century, year, month, day;

	if (!take_two(s, &century) || !take_two(s, &year) || !take_char(s, "-") || !take_two(s, &month) || !take_char(s, "-") ||
		!take_two(s, &day))
		return false;
	year += 100 * century;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (month < 1 || month > 12 || day < 1 || day > month_days[month - 1] + (month == 2 && leap))
		return false;
	int64_t days = 365LL * year + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400; /* leap days of the years before */
	for (int m = 1; m < month; m++)
		days += month_days[m - 1] + (m == 2 && leap);
	*ret_days = days + day - 1;
	return true;
}

static bool take_fraction(const char **s, uint64_t *ret)
{
	*ret = 0;
	if (!take_char(s, "."))
		return true;
	size_t size = digits(*s);
	for (size_t i = 0; i < 18; i++)
		*ret = *ret * 10 + (i < size ? (uint64_t)((*s)[i] - '0') : 0);
	*s += size;
	return size > 0;
}

static bool take_offset(const char **s, int *ret_sign, int *ret_hours, int *ret_minutes)
{
	*ret_sign = 1;
	*ret_hours = *ret_minutes = 0;
	if (take_char(s, "zZ"))
		return true;
	*ret_sign = **s == '-' ? -1 : 1;
	if (!take_char(s, "+-") || !take_two(s, ret_hours))
		return false;
	bool colon = take_char(s, ":");
	if (!take_two(s, ret_minutes) && colon)
		return false;
	return *ret_hours <= 23 && *ret_minutes <= 59;
}

/* RFC 3339, and what validators in use let pass besides: a space between date and time, an offset without its colon or its minutes. */
bool tw_csaf_time_read(const char *s, struct tw_csaf_time *ret)
{
	int hour, minute, second, sign, hours, minutes;
	int64_t days;

	if (!take_date(&s, &days))
		return false;
	if (!take_char(&s, "tT")) {
		size_t space = tw_csaf_space(s);

		if (!space)
			return false;
		s += space;
	}
	if (!take_two(&s, &hour) || !take_char(&s, ":") || !take_two(&s, &minute) || !take_char(&s, ":") ||
		!take_two(&s, &second) || !take_fraction(&s, &ret->fraction) || !take_offset(&s, &sign, &hours, &minutes) || *s)
		return false;
	int utc_minute = minute - minutes * sign, utc_hour = hour - hours * sign - (utc_minute < 0);
	bool plain = hour <= 23 && minute <= 59 && second < 60;
	bool leap = (utc_hour == 23 || utc_hour == -1) && (utc_minute == 59 || utc_minute == -1) && second < 61; /* 23:59:60 in UTC */
	ret->seconds = days * 86400 + (hour - hours * sign) * 3600LL + (minute - minutes * sign) * 60LL + second;
	return plain || leap;
}

int tw_csaf_time_compare(const struct tw_csaf_time *a, const struct tw_csaf_time *b)
{
	if (a->seconds != b->seconds)
		return a->seconds < b->seconds ? -1 : 1;
	return (a->fraction > b->fraction) - (a->fraction < b->fraction);
}

bool tw_csaf_is_time(const char *s)
{
	struct tw_csaf_time unused;

	return tw_csaf_time_read(s, &unused);
}

/* One character of a URI that is unreserved, encoded, or in also. Moves on. */
static bool take_uri_char(const char **s, const char *also)
{
	if (**s == '%' && tw_hex_value((*s)[1]) >= 0 && tw_hex_value((*s)[2]) >= 0) {
		*s += 3;
		return true;
	}
	if (!is_alnum(**s) && !is_in(**s, "-._~!$&'()*+,;=") && !is_in(**s, also))
		return false;
	(*s)++;
	return true;
}

static bool take_octet(const char **s)
{
	size_t size = digits(*s);
	int value = 0;

	for (size_t i = 0; i < size && i < 4; i++)
		value = value * 10 + (*s)[i] - '0';
	*s += size;
	return size >= 1 && size <= 3 && value <= 255;
}

static bool take_ipv4(const char **s)
{
	for (int i = 0; i < 4; i++)
		if ((i && !take_char(s, ".")) || !take_octet(s))
			return false;
	return true;
}

/* Eight groups of hex digits, the last two perhaps as an IPv4 address; "::" once for one or more that are zero. */
static bool take_ipv6(const char **s)
{
	int groups = 0;
	bool gap = false;

	for (;;) {
		size_t hex = strspn(*s, "0123456789abcdefABCDEF");

		if (hex && (*s)[hex] == '.') {
			groups += 2;
			return take_ipv4(s) && (gap ? groups <= 7 : groups == 8);
		}
		if (hex > 4)
			return false;
		if (hex)
			groups++;
		*s += hex;
		if (!strncmp(*s, "::", 2)) {
			if (gap)
				return false;
			gap = true;
			*s += 2;
			if (!is_alnum(**s))
				break;
		} else if (**s != ':') {
			if (!hex)
				return false;
			break;
		} else {
			(*s)++;
			if (!hex || !is_alnum(**s))
				return false;
		}
	}
	return gap ? groups <= 7 : groups == 8;
}

static bool take_future(const char **s)
{
	size_t hex = strspn(*s + 1, "0123456789abcdefABCDEF");

	if (!is_in(**s, "vV") || !hex || (*s)[1 + hex] != '.')
		return false;
	*s += 2 + hex;
	const char *from = *s;
	while (**s != '%' && take_uri_char(s, ":"))
		;
	return *s > from;
}

/* [address] with what may stand before and behind it, up to the path. */
static bool take_literal(const char **s)
{
	if (**s != '[') {
		while (take_uri_char(s, ":"))
			;
		if (!take_char(s, "@"))
			return false;
	}
	if (!take_char(s, "[") || !(is_in(**s, "vV") ? take_future(s) : take_ipv6(s)) || !take_char(s, "]"))
		return false;
	if (take_char(s, ":"))
		*s += digits(*s);
	return !**s || is_in(**s, "/?#");
}

/* An authority's inside is not looked into: its characters are those of a path, brackets apart. */
bool tw_csaf_is_uri(const char *s)
{
	if (!is_alpha(*s))
		return false;
	while (is_alnum(*s) || is_in(*s, "+-."))
		s++;
	if (*s++ != ':' || !*s || is_in(*s, "?#"))
		return false;
	if (*s == '/') {
		size_t plain = strcspn(s, "?#[");
		const char *at = s + (s[1] == '/' ? 2 : 1);

		if (s[plain] == '[' && !take_literal(&at))
			return false;
		if (s[plain] == '[')
			s = at;
	}
	while (*s == '/' || take_uri_char(&s, ":@"))
		s += *s == '/';
	if (*s == '?')
		for (s++; take_uri_char(&s, ":@/?");)
			;
	if (*s == '#')
		for (s++; take_uri_char(&s, ":@/?");)
			;
	return !*s;
}

static bool take_wildcard(const char **s)
{
	if (**s == '*')
		(*s)++;
	else
		*s += strspn(*s, "?");
	return true;
}

/* A value of a CPE 2.3 name, up to the next colon. */
static bool take_cpe_value(const char **s)
{
	const char *from;

	if (is_in(**s, "*-") && (!(*s)[1] || (*s)[1] == ':')) {
		(*s)++;
		return true;
	}
	(void)take_wildcard(s);
	for (from = *s;; (*s)++) {
		if (**s == '\\' && is_in((*s)[1], "\\*?!\"#$%&'()+,/:;<=>@[]^`{|}~"))
			(*s)++;
		else if (!is_alnum(**s) && !is_in(**s, "-._"))
			break;
	}
	return *s > from && take_wildcard(s);
}

static bool take_cpe_language(const char **s)
{
	size_t size = 0;

	if (is_in(**s, "*-")) {
		(*s)++;
		return true;
	}
	while (is_alpha((*s)[size]))
		size++;
	*s += size;
	if (size < 2 || size > 3)
		return false;
	if (**s != '-')
		return true;
	(*s)++;
	size = is_alpha(**s) ? 2 : 3;
	for (size_t i = 0; i < size; i++)
		if (size == 2 ? !is_alpha((*s)[i]) : !is_digit((*s)[i]))
			return false;
	*s += size;
	return true;
}

static bool is_cpe23(const char *s)
{
	if (!is_in(*s, "aho*-"))
		return false;
	s++;
	for (int i = 0; i < 10; i++)
		if (!take_char(&s, ":") || !(i == 5 ? take_cpe_language(&s) : take_cpe_value(&s)))
			return false;
	return !*s;
}

bool tw_csaf_is_cpe(const char *s)
{
	int colons = 0;

	if (!strncmp(s, "cpe:2.3:", 8))
		return is_cpe23(s + 8);
	if (s[0] != 'c' || !is_in(s[1], "pP") || !is_in(s[2], "eE") || s[3] != ':' || s[4] != '/')
		return false;
	s += 5;
	(void)take_char(&s, "AHOaho");
	while (*s == ':' || (colons && (is_alnum(*s) || is_in(*s, "._-~%"))))
		colons += *s++ == ':';
	return !*s && colons <= 6;
}

bool tw_csaf_is_purl(const char *s)
{
	if (strncmp(s, "pkg:", 4) != 0 || is_digit(s[4]))
		return false;
	for (s += 4; is_alnum(*s) || is_in(*s, ".-+");)
		s++;
	return s[-1] != ':' && s[0] == '/' && s[1] && !ends_line(s + 1);
}

static bool take_number(const char **s, struct tw_slice *ret)
{
	*ret = (struct tw_slice){ *s, digits(*s) };
	*s += ret->size;
	return ret->size && (ret->size == 1 || ret->at[0] != '0');
}

/* Identifiers between dots; whole numbers among them have no zero in front where numbers count. */
static bool take_identifiers(const char **s, bool numbers_count)
{
	do {
		const char *from = *s;

		while (is_alnum(**s) || **s == '-')
			(*s)++;
		size_t size = (size_t)(*s - from);
		if (!size || (numbers_count && size > 1 && *from == '0' && digits(from) == size))
			return false;
	} while (take_char(s, "."));
	return true;
}

bool tw_csaf_version_read(const char *s, struct tw_csaf_version *ret)
{
	const char *from = s;

	*ret = (struct tw_csaf_version){ 0 };
	for (int i = 0; i < 3; i++)
		if ((i && !take_char(&s, ".")) || !take_number(&s, &ret->part[i]))
			return false;
	if (take_char(&s, "-")) {
		ret->prerelease.at = s;
		if (!take_identifiers(&s, true))
			return false;
		ret->prerelease.size = (size_t)(s - ret->prerelease.at);
	}
	ret->core = (struct tw_slice){ from, (size_t)(s - from) };
	return (!take_char(&s, "+") || take_identifiers(&s, false)) && !*s;
}

bool tw_csaf_is_version(const char *s)
{
	struct tw_csaf_version semantic;
	struct tw_slice number;
	const char *at = s;

	return (take_number(&at, &number) && !*at) || tw_csaf_version_read(s, &semantic);
}

int tw_csaf_digits_compare(struct tw_slice a, struct tw_slice b)
{
	if (a.size != b.size)
		return a.size < b.size ? -1 : 1;
	return memcmp(a.at, b.at, a.size);
}

static struct tw_slice take_identifier(struct tw_slice *s)
{
	const char *dot = memchr(s->at, '.', s->size);
	struct tw_slice one = { s->at, dot ? (size_t)(dot - s->at) : s->size };

	*s = (struct tw_slice){ s->at + one.size + !!dot, s->size - one.size - !!dot };
	return one;
}

static bool is_number(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (!is_digit(s.at[i]))
			return false;
	return true;
}

static int identifier_compare(struct tw_slice a, struct tw_slice b)
{
	bool na = is_number(a), nb = is_number(b);
	size_t size = a.size < b.size ? a.size : b.size;

	if (na && nb)
		return tw_csaf_digits_compare(a, b);
	if (na != nb)
		return na ? -1 : 1;
	int c = memcmp(a.at, b.at, size);
	return c ? c : (a.size > b.size) - (a.size < b.size);
}

int tw_csaf_version_compare(const struct tw_csaf_version *a, const struct tw_csaf_version *b)
{
	struct tw_slice left = a->prerelease, right = b->prerelease;
	int c = 0;

	for (int i = 0; i < 3 && !c; i++)
		c = tw_csaf_digits_compare(a->part[i], b->part[i]);
	if (c || (!left.size && !right.size))
		return c;
	if (!left.size || !right.size)
		return left.size ? -1 : 1; /* a release comes after what preceded it */
	while (!c && left.size && right.size)
		c = identifier_compare(take_identifier(&left), take_identifier(&right));
	return c ? c : (left.size > 0) - (right.size > 0);
}
