/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How severe a record says that a vulnerability is: the highest base score of the vectors in it, computed here, since a number beside a vector is
 * anybody's word. It is shown and filtered by; no verdict and no decision rests on it. Ten times the score, so that it is a whole number.
 */
#include "formats/cvss.h"
#include "product/triage-inside.h"

/* What is no vector says nothing. */
static int score_of(const char *vector)
{
	struct tw_cvss_scores s = { 0 };
	struct tw_cvss c;

	if (!*vector || tw_failed(tw_cvss_parse(tw_slice_of(vector), &c)))
		return -1;
	tw_cvss_score(&c, &s);
	return s.base;
}

static void keep_higher(int score, int *highest)
{
	if (score > *highest)
		*highest = score;
}

/* CVE: what each container measures, in whichever version. */
static void of_container(const json_t *container, int *highest)
{
	static const char *const versions[] = { "cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0" };
	const json_t *metric;
	size_t i;

	json_array_foreach(json_object_get(container, "metrics"), i, metric)
		for (size_t v = 0; v < TW_COUNT(versions); v++)
			keep_higher(score_of(tw_json_text(json_object_get(metric, versions[v]), "vectorString")), highest);
}

/* OSV: of the record, or of what it calls affected. */
static void of_severity(const json_t *object, int *highest)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(object, "severity"), i, one)
		keep_higher(score_of(tw_json_text(one, "score")), highest);
}

tw_err tw_triage_score(const json_t *record, const json_t *entry, json_t *item)
{
	const json_t *containers = json_object_get(record, "containers"), *one;
	int highest = json_object_get(item, "score") ? (int)tw_json_int(item, "score") : -1;
	const int before = highest;
	size_t i;

	of_container(json_object_get(containers, "cna"), &highest);
	json_array_foreach(json_object_get(containers, "adp"), i, one)
		of_container(one, &highest);
	of_severity(record, &highest);
	of_severity(entry, &highest);
	return highest > before ? tw_json_set(item, "score", json_integer(highest)) : TW_OK;
}
