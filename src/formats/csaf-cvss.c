/* SPDX-License-Identifier: Apache-2.0 */
/* Sections 6.1.8 to 6.1.10: the CVSS objects of a document, which cvss.h knows, at their places. The schema's test comes first, and by
   all of them. */
#include "formats/csaf-shape.h"

struct asked {
	struct tw_csaf_run *run;
	const struct tw_csaf_at *at;
	enum tw_cvss_fault fault;
};

static tw_err on_finding(void *user, const struct tw_cvss_finding *f)
{
	const struct asked *a = user;

	if (a->run->test == TW_CSAF_SCHEMA)
		a->run->cvss_faults[f->fault]++;
	if (f->fault != a->fault)
		return TW_OK;
	return tw_csaf_tell_at(a->run, *f->member ? TW_CSAF_KEY(a->at, f->member) : a->at, "%s", f->detail);
}

tw_err tw_csaf_cvss(struct tw_csaf_run *r, unsigned versions, enum tw_cvss_fault fault, const json_t *value, const struct tw_csaf_at *at)
{
	struct asked a = { .run = r, .at = at, .fault = fault };
	/* The strict schema of CSAF leaves those of CVSS as they are. */
	const struct tw_cvss_check how = { .versions = versions, .found = on_finding, .user = &a };

	return tw_cvss_check_json(value, &how);
}

static tw_err check_scores(struct tw_csaf_run *r, enum tw_cvss_fault fault, const json_t *scores, const struct tw_csaf_at *at)
{
	const json_t *score, *value;
	size_t i;

	json_array_foreach(scores, i, score) {
		const struct tw_csaf_at *here = TW_CSAF_ITEM(at, i);

		value = json_object_get(score, "cvss_v2");
		if (value)
			TW_TRY(tw_csaf_cvss(r, TW_CSAF_CVSS_V2, fault, value, TW_CSAF_KEY(here, "cvss_v2")));
		value = json_object_get(score, "cvss_v3");
		if (value)
			TW_TRY(tw_csaf_cvss(r, TW_CSAF_CVSS_V3, fault, value, TW_CSAF_KEY(here, "cvss_v3")));
	}
	return TW_OK;
}

static tw_err check_all(struct tw_csaf_run *r, enum tw_cvss_fault fault)
{
	const struct tw_csaf_at *at = TW_CSAF_KEY(NULL, "vulnerabilities");
	const json_t *vulnerability;
	size_t i;

	if (!r->cvss_faults[fault])
		return TW_OK;
	json_array_foreach(tw_csaf_vulnerabilities(r), i, vulnerability)
		TW_TRY(check_scores(r, fault, json_object_get(vulnerability, "scores"), TW_CSAF_KEY(TW_CSAF_ITEM(at, i), "scores")));
	return TW_OK;
}

tw_err tw_csaf_cvss_shape(struct tw_csaf_run *r)
{
	return check_all(r, TW_CVSS_SCHEMA);
}

tw_err tw_csaf_cvss_values(struct tw_csaf_run *r)
{
	return check_all(r, TW_CVSS_SCORES);
}

tw_err tw_csaf_cvss_metrics(struct tw_csaf_run *r)
{
	return check_all(r, TW_CVSS_METRIC);
}
