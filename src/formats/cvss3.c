/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The equations of the CVSS 3.0 and 3.1 specifications, sections 8 and 7, in whole numbers of 1e-11. What the two do not share is
 * the term that takes a little from a changed scope's modified impact. The powers of that term lose less than 1e-7 on the way, and no
 * vector's score lies nearer than 4e-6 to the place where it would be rounded up.
 */
#include "formats/cvss-inside.h"

#define ONE9 ((int64_t)1000000000)    /* 1, in 1e-9 */
#define ONE11 ((int64_t)100000000000) /* 1, in 1e-11 */

/* The modified metric where it is defined. */
static const struct tw_cvss_value *effective(const struct tw_cvss *c, size_t metric, bool modified)
{
	size_t other = metric - TW_CVSS3_AV + TW_CVSS3_MAV;

	return tw_cvss_value(c, modified && c->given[other] > 1 ? other : metric);
}

static int64_t weight(const struct tw_cvss *c, size_t metric, bool modified)
{
	return effective(c, metric, modified)->weight;
}

static bool scope_changes(const struct tw_cvss *c, bool modified)
{
	return *effective(c, TW_CVSS3_S, modified)->code == 'C';
}

static int64_t privileges(const struct tw_cvss *c, bool modified)
{
	int64_t v = weight(c, TW_CVSS3_PR, modified);

	if (!scope_changes(c, modified))
		return v;
	return v == 62 ? 68 : v == 27 ? 50 : v; /* who gets out of the scope needs privileges less */
}

static int64_t power(int64_t x, int n)
{
	int64_t v = ONE9;

	while (n--)
		v = v * x / ONE9;
	return v;
}

static int64_t impact(const struct tw_cvss *c, bool modified)
{
	int64_t left = 1, hit;

	for (size_t i = 0; i < 3; i++) {
		int64_t required = modified ? tw_cvss_value(c, TW_CVSS3_CR + i)->weight : 100;

		left *= 1000 - weight(c, TW_CVSS3_C + i, modified) * required / 10;
	}
	hit = ONE9 - left;
	if (modified && hit > 915000000)
		hit = 915000000;
	if (!scope_changes(c, modified))
		return 642 * hit;
	int64_t taken = modified && c->version == TW_CVSS_31 ? power((hit * 9731 + 5000) / 10000 - 20000000, 13)
							     : power(hit - 20000000, 15);
	return 752 * (hit - 29000000) - 325 * taken;
}

/* To the next tenth. That 3.1 rounds to five decimals before (its appendix A) is for arithmetic that is not exact. */
static int rounded_up(int64_t v)
{
	return (int)((v + ONE11 / 10 - 1) / (ONE11 / 10));
}

static int base(const struct tw_cvss *c, bool modified)
{
	int64_t hit = impact(c, modified);
	int64_t reach = 822 * weight(c, TW_CVSS3_AV, modified) * weight(c, TW_CVSS3_AC, modified) * privileges(c, modified) *
		weight(c, TW_CVSS3_UI, modified); /* 1e-10 */
	int64_t sum = hit + reach * 10;

	if (hit <= 0)
		return 0;
	if (scope_changes(c, modified))
		sum = sum / 100 * 108;
	return rounded_up(sum > 10 * ONE11 ? 10 * ONE11 : sum);
}

static int timely(const struct tw_cvss *c, int tenths)
{
	int64_t v = tenths;

	for (size_t i = 0; i < 3; i++)
		v *= tw_cvss_value(c, TW_CVSS3_E + i)->weight; /* 1e-7 */
	return rounded_up(v * 10000);
}

/* In binary floating point, as FIRST's calculator of 3.0 has it: 10 * 0.92 is a little more than 9.2 there, and becomes 9.3. */
static int timely_binary(const struct tw_cvss *c, int tenths)
{
	double v = tenths / 10.0;
	int whole;

	for (size_t i = 0; i < 3; i++)
		v *= tw_cvss_value(c, TW_CVSS3_E + i)->weight / 100.0;
	v *= 10;
	whole = (int)v;
	return v > whole ? whole + 1 : whole;
}

static void score(const struct tw_cvss *c, int (*later)(const struct tw_cvss *, int), struct tw_cvss_scores *ret)
{
	ret->base = base(c, false);
	ret->temporal = later(c, ret->base);
	ret->environmental = later(c, base(c, true));
}

void tw_cvss3_score(const struct tw_cvss *c, struct tw_cvss_scores *ret)
{
	score(c, timely, ret);
}

void tw_cvss3_score_calculator(const struct tw_cvss *c, struct tw_cvss_scores *ret)
{
	score(c, timely_binary, ret);
}
