/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about CVSS share. */
#ifndef TW_FORMATS_CVSS_INSIDE_H
#define TW_FORMATS_CVSS_INSIDE_H
#include "formats/cvss.h"

#define TW_CVSS_PREFIX_MAX 9 /* "CVSS:3.1/" */

enum tw_cvss_rules {
	TW_CVSS_BY_SPECIFICATION,
	TW_CVSS_BY_SCHEMA, /* as the patterns of the official schemas: of 2.0 and 3.x in any order, again and again, without base metrics */
};
/* SYNTAX: the text has another version's prefix; as tw_cvss_parse(). */
tw_err tw_cvss_read(struct tw_slice text, enum tw_cvss_version version, enum tw_cvss_rules rules, struct tw_cvss *ret);
const char *tw_cvss_prefix(enum tw_cvss_version version); /* "" of 2.0 */
/* Takes what stands before the next '/' off the front. False at the end; a '/' at the end is followed by one empty field. */
bool tw_cvss_field(struct tw_slice *rest, bool *done, struct tw_slice *ret);
/* Of "AV:N"; false: no such metric, or no such value of it (then only the metric is set). */
bool tw_cvss_metric_at(const struct tw_cvss_metric *list, struct tw_slice code, size_t *ret);
bool tw_cvss_value_at(const struct tw_cvss_metric *m, struct tw_slice code, size_t *ret);

static inline bool tw_cvss_optional(const struct tw_cvss_metric *m)
{
	return m->group != TW_CVSS_BASE;
}

void tw_cvss2_score(const struct tw_cvss *c, struct tw_cvss_scores *ret);
/* Of 2.0, as calculators in binary floating point round halves that they have a little less of: see cvss.h. */
void tw_cvss2_score_low(const struct tw_cvss *c, struct tw_cvss_scores *ret);
void tw_cvss3_score(const struct tw_cvss *c, struct tw_cvss_scores *ret);
/* Of 3.0, as FIRST's own calculator rounds: see cvss.h. */
void tw_cvss3_score_calculator(const struct tw_cvss *c, struct tw_cvss_scores *ret);
int tw_cvss4_score(const struct tw_cvss *c);
/* Tenths, of the worst vector of each macro vector: by EQ1, EQ2, EQ3 with EQ6 (00, 01, 10, 11, 21), EQ4, EQ5. */
extern const uint8_t tw_cvss4_macro[3][2][5][3][3];

/* Places of the metrics in tw_cvss_metrics(). */
enum {
	TW_CVSS2_AV,
	TW_CVSS2_AC,
	TW_CVSS2_AU,
	TW_CVSS2_C,
	TW_CVSS2_I,
	TW_CVSS2_A,
	TW_CVSS2_E,
	TW_CVSS2_RL,
	TW_CVSS2_RC,
	TW_CVSS2_CDP,
	TW_CVSS2_TD,
	TW_CVSS2_CR,
	TW_CVSS2_IR,
	TW_CVSS2_AR
};
enum {
	TW_CVSS3_AV,
	TW_CVSS3_AC,
	TW_CVSS3_PR,
	TW_CVSS3_UI,
	TW_CVSS3_S,
	TW_CVSS3_C,
	TW_CVSS3_I,
	TW_CVSS3_A,
	TW_CVSS3_E,
	TW_CVSS3_RL,
	TW_CVSS3_RC,
	TW_CVSS3_CR,
	TW_CVSS3_IR,
	TW_CVSS3_AR,
	TW_CVSS3_MAV,
	TW_CVSS3_MAC,
	TW_CVSS3_MPR,
	TW_CVSS3_MUI,
	TW_CVSS3_MS,
	TW_CVSS3_MC,
	TW_CVSS3_MI,
	TW_CVSS3_MA
};
enum {
	TW_CVSS4_AV,
	TW_CVSS4_AC,
	TW_CVSS4_AT,
	TW_CVSS4_PR,
	TW_CVSS4_UI,
	TW_CVSS4_VC,
	TW_CVSS4_VI,
	TW_CVSS4_VA,
	TW_CVSS4_SC,
	TW_CVSS4_SI,
	TW_CVSS4_SA,
	TW_CVSS4_E,
	TW_CVSS4_CR,
	TW_CVSS4_IR,
	TW_CVSS4_AR,
	TW_CVSS4_MAV
};
#endif
