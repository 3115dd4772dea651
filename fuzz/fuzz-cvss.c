/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS vectors: what is read is written, and what was written is read again as the same, with scores from 0.0 to 10.0. What begins
 * with '{' is a CVSS object, held against each version: whatever is told of it is text, and of a member.
 */
#include "base/text.h"
#include "formats/cvss.h"
#include "sys/real.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_scores(const struct tw_cvss *c, struct tw_cvss_scores *ret)
{
	tw_cvss_score(c, ret);
	if (ret->base < 0 || ret->base > 100 || ret->temporal < 0 || ret->temporal > ret->base || ret->environmental < 0 ||
		ret->environmental > 100)
		abort();
}

static void judge_vector(struct tw_slice text)
{
	struct tw_cvss_scores before, after;
	struct tw_buf written, again;
	struct tw_cvss c, back;

	if (tw_failed(tw_cvss_parse(text, &c)))
		return;
	tw_buf_init(&written, tw_sys_real(), TW_CVSS_TEXT_MAX);
	tw_buf_init(&again, tw_sys_real(), TW_CVSS_TEXT_MAX);
	if (tw_failed(tw_cvss_write(&c, &written)) || tw_failed(tw_cvss_parse(tw_buf_slice(&written), &back)) ||
		tw_failed(tw_cvss_write(&back, &again)) || strcmp(tw_buf_cstr(&written), tw_buf_cstr(&again)) != 0)
		abort();
	judge_scores(&c, &before);
	judge_scores(&back, &after);
	if (before.base != after.base || before.temporal != after.temporal || before.environmental != after.environmental ||
		strcmp(tw_cvss_nomenclature(&c), tw_cvss_nomenclature(&back)) != 0)
		abort();
	tw_buf_done(&written);
	tw_buf_done(&again);
}

static tw_err judge_finding(void *user, const struct tw_cvss_finding *f)
{
	if (!*f->detail || !tw_utf8_valid(tw_slice_of(f->detail)) ||
		(*f->member && f->fault != TW_CVSS_SCHEMA && !json_object_get(user, f->member)))
		abort();
	return TW_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tw_slice text = { (const char *)data, size };
	json_t *o = NULL;

	judge_vector(text);
	if (!size || *data != '{' || tw_failed(tw_json_parse(text, 65536, &o)))
		return 0;
	for (unsigned versions = 1; versions < 1U << (TW_CVSS_40 + 1); versions++) {
		struct tw_cvss_check how = { versions, versions % 2 != 0, judge_finding, o };

		if (tw_failed(tw_cvss_check_json(o, &how)))
			abort();
	}
	json_decref(o);
	return 0;
}
