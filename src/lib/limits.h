/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an input or output may be, and how often: the judgement alone, without the device. Pure.
 *
 * A rate is so many a minute; a tenth of that, and one more, may come at once. None can come at a rate of 0.
 */
#ifndef TW_LIB_LIMITS_H
#define TW_LIB_LIMITS_H
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define TW_LIMITS_MAX 32     /* inputs and outputs of a product */
#define TW_LIMIT_NAME_MAX 32 /* as product.yaml has them */
#define TW_LIMIT_AGE_MS 500  /* what the owner changes counts within a second */
#define TW_LIMIT_TELL_MS 60000

struct tw_limit {
	bool out;
	char name[TW_LIMIT_NAME_MAX + 1];
	bool known; /* what follows was asked for */
	int64_t asked_ms;
	int64_t min, max, per_minute;
	int64_t credit, counted_ms; /* a value costs 60000 of it, and each millisecond gives per_minute */
	int64_t refused, told_ms;   /* not told yet: so many, the last of which was value, by rule; told_ms 0: never */
	int64_t value;
	const char *rule;
};
/* SYNTAX, LIMIT: no name of an input or output. */
tw_err tw_limit_name(const char *name, char ret[TW_LIMIT_NAME_MAX + 1]);
/* As the device says it: "-40000". SYNTAX, LIMIT */
tw_err tw_limit_number(const char *text, int64_t *ret);
void tw_limit_learn(struct tw_limit *l, const int64_t now[3] /* min, max, per_minute */, int64_t at_ms);
/* NULL: let it through, which is counted; else "range" or "rate". */
const char *tw_limit_judge(struct tw_limit *l, int64_t value, int64_t at_ms);
bool tw_limit_tells(const struct tw_limit *l, int64_t at_ms); /* that it refused something is to be told now */
#endif
