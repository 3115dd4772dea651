/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scoring by macro vectors, as the CVSS 4.0 specification has it in section 8: a vector falls into one of 270 sets; each set's worst
 * vector has a score (cvss4-macro.c), and the others have less, by how far they are on the way to the next lower set.
 *
 * Weights are steps from the worst value of a metric, so every question of the specification ("is VC high?") is one of steps. All is
 * in whole numbers: the denominators of the depths below have few factors.
 */
#include "formats/cvss-inside.h"

#include "base/mem.h"

/* The depths of all sets of an equivalence, in steps: how far its least severe vector is from its worst. */
static const int depth1[] = { 1, 4, 5 }, depth2[] = { 1, 2 }, depth36[] = { 7, 6, 8, 8, 10 }, depth4[] = { 6, 5, 4 };
#define COMMON 840 /* the least common multiple of all depths */

/* The worst vectors of the sets that have more than one, as steps; the first that nothing of the vector exceeds is what counts. */
struct worst {
	uint8_t steps[6];
};
static const struct worst worst1[][3] = {
	/* AV PR UI */
	{ { { 0, 0, 0 } } },
	{ { { 1, 0, 0 } }, { { 0, 1, 0 } }, { { 0, 0, 1 } } },
	{ { { 3, 0, 0 } }, { { 1, 1, 1 } } },
};
static const struct worst worst2[][2] = {
	/* AC AT */
	{ { { 0, 0 } } },
	{ { { 1, 0 } }, { { 0, 1 } } },
};
static const struct worst worst36[][5] = {
	/* VC VI VA CR IR AR */
	{ { { 0, 0, 0, 0, 0, 0 } } },
	{ { { 0, 0, 1, 1, 1, 0 } }, { { 0, 0, 0, 1, 1, 1 } } },
	{ { { 1, 0, 0, 0, 0, 0 } }, { { 0, 1, 0, 0, 0, 0 } } },
	{ { { 1, 0, 1, 0, 1, 0 } }, { { 1, 0, 0, 0, 1, 1 } }, { { 0, 1, 0, 1, 0, 1 } }, { { 0, 1, 1, 1, 0, 0 } }, { { 1, 1, 0, 0, 0, 1 } } },
	{ { { 1, 1, 1, 0, 0, 0 } } },
};
static const struct worst worst4[] = { { { 1, 0, 0 } }, { { 1, 1, 1 } }, { { 2, 2, 2 } } }; /* SC SI SA */

/* Effective steps, by the place of the metric; modified metrics stand in for their own. */
struct vector {
	int at[TW_CVSS4_AR + 1];
};

static struct vector effective(const struct tw_cvss *c)
{
	struct vector v;

	for (size_t i = 0; i <= TW_CVSS4_AR; i++) {
		size_t modified = i + TW_CVSS4_MAV;

		v.at[i] = tw_cvss_value(c, i <= TW_CVSS4_SA && c->given[modified] > 1 ? modified : i)->weight;
	}
	return v;
}

/* The set of a vector, by equivalence; the third and sixth are one, in the order of the table. */
struct set {
	int eq1, eq2, eq36, eq4, eq5;
};

static int set1(const int *s)
{
	bool vector = !s[TW_CVSS4_AV], privileges = !s[TW_CVSS4_PR], interaction = !s[TW_CVSS4_UI];

	if (vector && privileges && interaction)
		return 0;
	return s[TW_CVSS4_AV] < 3 && (vector || privileges || interaction) ? 1 : 2;
}

static int set36(const int *s)
{
	bool c = !s[TW_CVSS4_VC], i = !s[TW_CVSS4_VI], a = !s[TW_CVSS4_VA];
	int eq3 = c && i ? 0 : c || i || a ? 1 : 2;
	bool needed = (c && !s[TW_CVSS4_CR]) || (i && !s[TW_CVSS4_IR]) || (a && !s[TW_CVSS4_AR]);

	return eq3 == 2 ? 4 : 2 * eq3 + !needed;
}

static int set4(const int *s)
{
	if (!s[TW_CVSS4_SI] || !s[TW_CVSS4_SA])
		return 0;
	return s[TW_CVSS4_SC] == 1 || s[TW_CVSS4_SI] == 1 || s[TW_CVSS4_SA] == 1 ? 1 : 2;
}

/* Steps of the metrics at those places from the first worst vector that fits. */
static int distance(const int *s, const size_t *places, size_t count, const struct worst *list, size_t rows)
{
	for (size_t r = 0; r < rows; r++) {
		int sum = 0;
		bool fits = true;

		for (size_t i = 0; i < count; i++) {
			int steps = s[places[i]] - list[r].steps[i];

			fits = fits && steps >= 0;
			sum += steps;
		}
		if (fits)
			return sum;
	}
	return 0; /* each set's worst vectors have one for each of its vectors */
}

/* What is gone through of the way to the next lower sets: the sum of those parts, times COMMON, and how many ways there are. */
struct ways {
	int sum, count;
};

static void go(struct ways *w, int available, int steps, int depth)
{
	w->sum += available * steps * (COMMON / depth);
	w->count++;
}

#define SCORE(a, b, c, d, e) (int)tw_cvss4_macro[a][b][c][d][e]
/* The third with the sixth: 00 has two lower sets, of which the higher counts; 01 and 10 go to 11, 11 to 21. */
static int lower36(const struct set *m)
{
	static const int next[] = { 1, 3, 3, 4 };
	int lower = SCORE(m->eq1, m->eq2, next[m->eq36], m->eq4, m->eq5), other;

	if (m->eq36)
		return lower;
	other = SCORE(m->eq1, m->eq2, 2, m->eq4, m->eq5);
	return other > lower ? other : lower;
}

static struct ways walk(const int *s, const struct set *m, int score)
{
	static const size_t of1[] = { TW_CVSS4_AV, TW_CVSS4_PR, TW_CVSS4_UI }, of2[] = { TW_CVSS4_AC, TW_CVSS4_AT },
			    of36[] = { TW_CVSS4_VC, TW_CVSS4_VI, TW_CVSS4_VA, TW_CVSS4_CR, TW_CVSS4_IR, TW_CVSS4_AR },
			    of4[] = { TW_CVSS4_SC, TW_CVSS4_SI, TW_CVSS4_SA };
	static const size_t rows1[] = { 1, 3, 2 }, rows2[] = { 1, 2 }, rows36[] = { 1, 2, 2, 5, 1 };
	struct ways w = { 0 };

	if (m->eq1 < 2)
		go(&w, score - SCORE(m->eq1 + 1, m->eq2, m->eq36, m->eq4, m->eq5),
			distance(s, of1, TW_COUNT(of1), worst1[m->eq1], rows1[m->eq1]), depth1[m->eq1]);
	if (m->eq2 < 1)
		go(&w, score - SCORE(m->eq1, m->eq2 + 1, m->eq36, m->eq4, m->eq5),
			distance(s, of2, TW_COUNT(of2), worst2[m->eq2], rows2[m->eq2]), depth2[m->eq2]);
	if (m->eq36 < 4)
		go(&w, score - lower36(m), distance(s, of36, TW_COUNT(of36), worst36[m->eq36], rows36[m->eq36]), depth36[m->eq36]);
	if (m->eq4 < 2)
		go(&w, score - SCORE(m->eq1, m->eq2, m->eq36, m->eq4 + 1, m->eq5),
			distance(s, of4, TW_COUNT(of4), &worst4[m->eq4], 1), depth4[m->eq4]);
	w.count += m->eq5 < 2; /* a way on which no vector has gone a step */
	return w;
}

int tw_cvss4_score(const struct tw_cvss *c)
{
	struct vector v = effective(c);
	const int *s = v.at;
	struct set m = { set1(s), s[TW_CVSS4_AC] || s[TW_CVSS4_AT], set36(s), set4(s), s[TW_CVSS4_E] };
	int score = SCORE(m.eq1, m.eq2, m.eq36, m.eq4, m.eq5), whole;

	if (s[TW_CVSS4_VC] == 2 && s[TW_CVSS4_VI] == 2 && s[TW_CVSS4_VA] == 2 && s[TW_CVSS4_SC] == 3 && s[TW_CVSS4_SI] == 3 &&
		s[TW_CVSS4_SA] == 3)
		return 0; /* where nothing is hit, nothing is vulnerable */
	struct ways w = walk(s, &m, score);
	if (!w.count)
		return score;
	whole = COMMON * w.count; /* one tenth, in the unit of the sum; halves are rounded up */
	return (2 * (score * whole - w.sum) + whole) / (2 * whole);
}
