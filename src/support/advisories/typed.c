/* SPDX-License-Identifier: Apache-2.0 */
#include "support/advisories/typed.h"

#include "formats/range.h"

#include <stdio.h>
#include <string.h>

#define VERS "vers:"
#define GENERIC VERS "generic/"
#define ONE_MAX 200 /* bytes */
#define COUNT_MAX 64

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct tw_slice tw_typed_trim(const char *at, size_t size)
{
	while (size && blank(*at))
		at++, size--;
	while (size && blank(at[size - 1]))
		size--;
	return (struct tw_slice){ at, size };
}

static bool has_scheme(struct tw_slice one)
{
	return one.size > strlen(VERS) && !memcmp(one.at, VERS, strlen(VERS));
}

bool tw_typed_is_range(struct tw_slice one)
{
	return has_scheme(one) || memchr(one.at, '<', one.size) || memchr(one.at, '>', one.size);
}

struct tw_slice tw_typed_said(struct tw_slice one)
{
	const size_t size = strlen(GENERIC);

	if (one.size <= size || memcmp(one.at, GENERIC, size) != 0)
		return one;
	const struct tw_slice rest = { one.at + size, one.size - size };

	return tw_typed_is_range(rest) ? rest : one;
}

/* One of ">=1.0", "<1.2", "!=1.1", "1.1" or "*". */
static bool is_constraint(struct tw_slice s)
{
	static const char *const signs[] = { "<=", ">=", "!=", "<", ">", "=" };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (s.size >= strlen(signs[i]) && !memcmp(s.at, signs[i], strlen(signs[i]))) {
			s = (struct tw_slice){ s.at + strlen(signs[i]), s.size - strlen(signs[i]) };
			break;
		}
	for (size_t i = 0; i < s.size; i++)
		if ((unsigned char)s.at[i] <= ' ' || strchr("<>=!,|", s.at[i]))
			return false;
	return s.size > 0;
}

static tw_err check(struct tw_slice range)
{
	const char *slash = memchr(range.at, '/', range.size), *at = slash ? slash + 1 : range.at + range.size;
	const char *const end = range.at + range.size;

	for (bool last = false; !last;) {
		const char *bar = memchr(at, '|', (size_t)(end - at));

		last = !bar;
		if (!is_constraint((struct tw_slice){ at, (size_t)((bar ? bar : end) - at) }))
			return TW_RAISE(SYNTAX, "'%.60s' is no range; one is written as vers:generic/>=1.0|<1.2", range.at);
		at = bar ? bar + 1 : end;
	}
	return TW_OK;
}

static bool sign(char c)
{
	return c && strchr("<>=!|", c);
}

/* Between two versions it counts, and is then wrong; beside a sign it is nothing. */
static bool counts(struct tw_slice s, size_t i)
{
	size_t next = i;

	while (next < s.size && blank(s.at[next]))
		next++;
	return i && next < s.size && !blank(s.at[i - 1]) && !sign(s.at[i - 1]) && !sign(s.at[next]);
}

tw_err tw_typed_range(struct tw_slice one, struct tw_buf *ret)
{
	const size_t from = ret->size;

	if (!has_scheme(one))
		TW_TRY(tw_buf_text(ret, GENERIC));
	for (size_t i = 0; i < one.size; i++)
		if (!blank(one.at[i]) || counts(one, i))
			TW_TRY(tw_buf_add(ret, one.at + i, 1));
	return check((struct tw_slice){ tw_buf_cstr(ret) + from, ret->size - from });
}

static bool is_known(const json_t *known, struct tw_slice one)
{
	const json_t *version;
	size_t i;

	json_array_foreach(known, i, version)
		if (tw_slice_is(one, tw_json_text(version, "version")))
			return true;
	return false;
}

static bool is_single(struct tw_slice one)
{
	char text[ONE_MAX + 1];

	(void)snprintf(text, sizeof text, "%.*s", (int)one.size, one.at);
	return strpbrk(text, "0123456789") && !tw_failed(tw_range_plain(text));
}

tw_err tw_typed_versions(const struct tw_sys *sys, const json_t *known, const char *text, struct tw_buf *ret, bool *ret_understood)
{
	size_t count = 0;

	*ret_understood = false;
	for (const char *next; *text; text = next) {
		const size_t size = strcspn(text, ",");
		const struct tw_slice one = tw_typed_trim(text, size);

		next = text + size + (text[size] == ',');
		if (!one.size || one.size > ONE_MAX || count++ == COUNT_MAX)
			return TW_OK;
		if (ret->size)
			TW_TRY(tw_buf_text(ret, ", "));
		if (!is_known(known, one) && tw_typed_is_range(one)) {
			tw_err e = tw_typed_range(one, ret);

			if (tw_is(e, TW_CODE_SYNTAX))
				return TW_OK;
			TW_TRY(e);
		} else if (is_known(known, one) || is_single(one)) {
			TW_TRY(tw_buf_add(ret, one.at, one.size));
		} else {
			return TW_OK;
		}
	}
	*ret_understood = count > 0;
	return TW_OK;
}
