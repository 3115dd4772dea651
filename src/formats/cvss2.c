/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The equations of "A Complete Guide to the Common Vulnerability Scoring System Version 2.0", section 3.2, in whole numbers. Each
 * comment names the unit: 1e-13 is a tenth of a millionth of a millionth. Nothing is cut off before the last digit but in the
 * adjusted impact, where of all vectors none comes near enough to a half for it to count.
 *
 * An adjusted base score may be negative on the way (requirements LOW); the guide lets it be, and a score is never below 0. A
 * vector that defines nothing of the environment is not adjusted: its score there is the temporal one.
 */
#include "formats/cvss-inside.h"

static int64_t weight(const struct tw_cvss *c, size_t metric)
{
	return tw_cvss_value(c, metric)->weight; /* 1e-3 */
}

/* A half goes away from zero, as people round. */
static int64_t rounded(int64_t v, int64_t unit)
{
	return v < 0 ? -((-v + unit / 2) / unit) : (v + unit / 2) / unit;
}

/* A half goes down; none is below zero. */
static int64_t rounded_low(int64_t v, int64_t unit)
{
	return v < 0 ? rounded(v, unit) : (v + unit / 2 - 1) / unit;
}

typedef int64_t (*rounding)(int64_t v, int64_t unit);

/* 1 minus the part of it that is hit; required: 1e-3. Returns 1e-5: requirements have two decimals, impacts three. */
static int64_t spared(int64_t impact, int64_t required)
{
	return 100000 - impact * required / 10;
}

/* Of an impact in 1e-13 and the vector's exploitability; tenths. */
static int64_t base(const struct tw_cvss *c, int64_t impact, rounding round)
{
	int64_t exploitability = 20 * weight(c, TW_CVSS2_AV) * weight(c, TW_CVSS2_AC) * weight(c, TW_CVSS2_AU); /* 1e-9 */
	int64_t sum = 6 * impact + 4 * exploitability * 10000 - 150000000000000;                                /* 1e-14 */

	return impact ? round(sum * 1176, 10000000000000000) : 0; /* 1e-17, in tenths */
}

static int64_t impact(const struct tw_cvss *c, bool adjusted)
{
	int64_t left = 1;

	for (size_t i = 0; i < 3; i++)
		left *= spared(weight(c, TW_CVSS2_C + i), adjusted ? weight(c, TW_CVSS2_CR + i) : 1000);
	int64_t v = 1041 * (1000000000000000 - left); /* 1e-17 */
	if (adjusted && v > 1000000000000000000)
		v = 1000000000000000000;
	return rounded(v, 10000);
}

static int64_t temporal(const struct tw_cvss *c, int64_t tenths, rounding round)
{
	return round(tenths * weight(c, TW_CVSS2_E) * weight(c, TW_CVSS2_RL) * weight(c, TW_CVSS2_RC), 1000000000);
}

static void score(const struct tw_cvss *c, rounding round, struct tw_cvss_scores *ret)
{
	int64_t plain = base(c, impact(c, false), round), adjusted = temporal(c, base(c, impact(c, true), round), round);
	int64_t damaged = adjusted * 1000 + (100 - adjusted) * weight(c, TW_CVSS2_CDP); /* 1e-4 */
	int64_t environmental = round(damaged * weight(c, TW_CVSS2_TD), 1000000);

	ret->base = (int)plain;
	ret->temporal = (int)temporal(c, plain, round);
	ret->environmental = environmental < 0 ? 0 : (int)environmental;
	if (!tw_cvss_defines(c, TW_CVSS_ENVIRONMENTAL))
		ret->environmental = ret->temporal;
}

void tw_cvss2_score(const struct tw_cvss *c, struct tw_cvss_scores *ret)
{
	score(c, rounded, ret);
}

void tw_cvss2_score_low(const struct tw_cvss *c, struct tw_cvss_scores *ret)
{
	score(c, rounded_low, ret);
}
