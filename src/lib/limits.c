/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/limits.h"

#include "base/text.h"

#include <string.h>

#define COST 60000 /* a minute in milliseconds */

tw_err tw_limit_name(const char *name, char ret[TW_LIMIT_NAME_MAX + 1])
{
	const size_t size = name ? strnlen(name, TW_LIMIT_NAME_MAX + 1) : 0;

	if (!size || size > TW_LIMIT_NAME_MAX)
		return TW_RAISE(LIMIT, "an input or output has a name of 1 to %d bytes", TW_LIMIT_NAME_MAX);
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != size)
		return TW_RAISE(SYNTAX, "the name of an input or output has letters, digits and '-'");
	memcpy(ret, name, size + 1);
	return TW_OK;
}

tw_err tw_limit_number(const char *text, int64_t *ret)
{
	const bool negative = text[0] == '-';
	uint64_t n = 0;

	TW_TRY(tw_parse_u64(tw_slice_of(text + negative), INT32_MAX + (uint64_t)1, &n));
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return TW_OK;
}

static int64_t most(const struct tw_limit *l)
{
	return l->per_minute ? (1 + l->per_minute / 10) * COST : 0;
}

/* By what counted until now; after that another rate may. */
static void earn(struct tw_limit *l, int64_t at_ms)
{
	const int64_t past = at_ms - l->counted_ms, missing = most(l) - l->credit;

	l->counted_ms = at_ms;
	if (past > 0 && l->per_minute && missing > 0)
		l->credit += past >= missing / l->per_minute + 1 ? missing : past * l->per_minute;
	if (l->credit > most(l))
		l->credit = most(l);
}

void tw_limit_learn(struct tw_limit *l, const int64_t now[3], int64_t at_ms)
{
	if (l->known)
		earn(l, at_ms);
	l->min = now[0];
	l->max = now[1];
	l->per_minute = now[2];
	if (!l->known) {
		l->credit = most(l);
		l->counted_ms = at_ms;
	}
	l->known = true;
	l->asked_ms = at_ms;
	earn(l, at_ms);
}

static const char *judge(struct tw_limit *l, int64_t value, int64_t at_ms)
{
	if (value < l->min || value > l->max)
		return "range";
	earn(l, at_ms);
	if (l->credit < COST)
		return "rate";
	l->credit -= COST;
	return NULL;
}

const char *tw_limit_judge(struct tw_limit *l, int64_t value, int64_t at_ms)
{
	const char *rule = judge(l, value, at_ms);

	if (!rule)
		return NULL;
	l->refused++;
	l->value = value;
	l->rule = rule;
	return rule;
}

bool tw_limit_tells(const struct tw_limit *l, int64_t at_ms)
{
	return l->refused && (!l->told_ms || at_ms - l->told_ms >= TW_LIMIT_TELL_MS);
}
