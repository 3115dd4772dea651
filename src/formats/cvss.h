/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CVSS 2.0, 3.0, 3.1 and 4.0: vector strings, their scores, and what a JSON object says of them.
 *
 * A vector is read as its specification writes it: 3.x in any order, 2.0 and 4.0 in theirs, every base metric, none twice. Scores
 * are whole numbers of tenths from whole-number arithmetic, so that no machine's rounding decides one.
 *
 * Calculators in binary floating point go astray in two places, and an object that has a score of theirs is in agreement too: FIRST's
 * own of 3.0 rounds up what is a tenth already (10 times 0.92; the reason why 3.1 says how to round), and of 2.0, which does not say
 * where a half goes, some take 8.55 down. The scores here are the specification's, and halves go up.
 */
#ifndef TW_FORMATS_CVSS_H
#define TW_FORMATS_CVSS_H
#include "base/json.h"

#define TW_CVSS_TEXT_MAX 256   /* the longest vector, of 4.0 with all its metrics, has 178 characters */
#define TW_CVSS_METRICS_MAX 32 /* of 4.0 */

enum tw_cvss_version { TW_CVSS_20, TW_CVSS_30, TW_CVSS_31, TW_CVSS_40 };
enum tw_cvss_group {
	TW_CVSS_BASE,
	TW_CVSS_TEMPORAL,
	TW_CVSS_ENVIRONMENTAL,
	TW_CVSS_SUPPLEMENTAL
}; /* 4.0 calls the second "threat" */

struct tw_cvss_value {
	const char *code; /* "N"; NULL ends the list */
	const char *name; /* "NETWORK", as the official schemas spell it */
	int weight;       /* in the version's formulas: thousandths of 2.0, hundredths of 3.x, steps from the worst of 4.0 */
};
struct tw_cvss_metric {
	const char *code; /* "AV"; NULL ends the list */
	const char *name; /* "attackVector", as the official schemas spell it */
	const char *words;
	enum tw_cvss_group group;
	const struct tw_cvss_value *values; /* of a metric that may be left out, the first is the one for not defined */
};
const struct tw_cvss_metric *tw_cvss_metrics(enum tw_cvss_version version); /* in the order of the specification */
const char *tw_cvss_version_text(enum tw_cvss_version version);             /* "3.1" */

struct tw_cvss {
	enum tw_cvss_version version;
	uint8_t given[TW_CVSS_METRICS_MAX]; /* by the metric's place in its list: 0 not in the vector, else 1 + the value's place */
};
/* SYNTAX says what is wrong, and where: the metric, and the character counted from 1. LIMIT: longer than any vector. */
tw_err tw_cvss_parse(struct tw_slice text, struct tw_cvss *ret);
/* The one canonical form: the specification's order, and nothing that is not defined. */
tw_err tw_cvss_write(const struct tw_cvss *c, struct tw_buf *ret);
/* Of the metric at that place of tw_cvss_metrics(); the one for not defined where the vector leaves it out. */
const struct tw_cvss_value *tw_cvss_value(const struct tw_cvss *c, size_t metric);
bool tw_cvss_defines(const struct tw_cvss *c, enum tw_cvss_group group); /* any metric of it */

/* In tenths, 0..100. 4.0 has one score, which stands in all three. */
struct tw_cvss_scores {
	int base, temporal, environmental;
};
void tw_cvss_score(const struct tw_cvss *c, struct tw_cvss_scores *ret);
/* What the number is called: "CVSS-BTE" of 4.0, by the groups that the vector defines; "" of others. */
const char *tw_cvss_nomenclature(const struct tw_cvss *c);
/* "CRITICAL", as the schemas of 3.x and 4.0 spell it; 2.0 has no ratings of its own. */
const char *tw_cvss_severity(int tenths);

/*
 * What is wrong with a CVSS object of a CSAF document, by the test of CSAF 2.0 section 6.1 that it fails. All faults are told, each
 * by itself; a test that cannot be made of what is there (scores, of a vector that has none) is left to the one before it.
 */
enum tw_cvss_fault {
	TW_CVSS_SCHEMA, /* 6.1.8: it does not follow the official schema of its version */
	TW_CVSS_SCORES, /* 6.1.9: a score or severity is not the vector's */
	TW_CVSS_METRIC, /* 6.1.10: a metric beside the vector is not the vector's */
	/* Nothing that CSAF asks for, but no vector of CVSS's own specification: an order, a metric twice or missing, which the schema's
	   pattern lets through; a value beside the vector for a metric that the vector leaves undefined. */
	TW_CVSS_SPECIFICATION,
};
struct tw_cvss_finding {
	enum tw_cvss_fault fault;
	const char *member; /* "baseScore"; "" the object itself */
	const char *detail; /* one line; borrowed for the call */
};
struct tw_cvss_check {
	unsigned versions; /* bits (1U << TW_CVSS_31): which the place in the document takes; CSAF's cvss_v2 one, cvss_v3 two */
	bool strict;       /* members that the schema does not name are a fault too, as in the strict schemas of CSAF */
	tw_err (*found)(void *user, const struct tw_cvss_finding *f); /* an error ends the check and comes out of it */
	void *user;
};
/* Any JSON value; OK also when faults were told. */
tw_err tw_cvss_check_json(const json_t *object, const struct tw_cvss_check *how);
#endif
