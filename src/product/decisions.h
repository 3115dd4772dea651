/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people decided in triage, and what the last run found: two files of text beside product.yaml, kept in git with it.
 *
 * decisions.yaml is written by people, or by `thingward triage decide`; triage.yaml by the program alone: a line for each item, sorted,
 * so that a difference shows what came, went and changed. Both are YAML; of the second only the program's own form is taken.
 */
#ifndef TW_PRODUCT_DECISIONS_H
#define TW_PRODUCT_DECISIONS_H
#include "product/schema.h"

#define TW_DECISIONS_FILE "decisions.yaml"
#define TW_DECISIONS_MAX (16 * 1024 * 1024) /* bytes; base/yaml.h takes some 3,000 decisions */
#define TW_TRIAGE_FILE "triage.yaml"
#define TW_TRIAGE_FILE_MAX (512 * 1024 * 1024)

extern const struct tw_field tw_decisions_fields[];
/* Vulnerability -> list of decisions, in the order of the file. p->count is 0 exactly when it may be used. */
tw_err tw_decisions_read(const struct tw_sys *sys, struct tw_slice text, struct tw_problems *p, json_t **ret);
/* One more, as the file has it: {vulnerability, component, status, justification, impact, action, by, date, reason, facts}. */
tw_err tw_decision_write(const json_t *decision, struct tw_buf *ret);

/* Items by tw_triage_key(). SYNTAX names the line. release: {version, sbom}, the product's version and the inventory's SHA-256; NULL: none. */
tw_err tw_triage_state_read(const struct tw_sys *sys, struct tw_slice text, json_t **ret_release, json_t **ret);
tw_err tw_triage_state_write(const struct tw_sys *sys, const json_t *release, const json_t *items, struct tw_buf *ret);
#endif
