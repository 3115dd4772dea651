/* SPDX-License-Identifier: Apache-2.0 */
/* From the results of single probes to one verdict for each element, and what it means for the claim. */
#ifndef TW_TOOL_VERDICT_H
#define TW_TOOL_VERDICT_H
#include "base/json.h"

/*
 * Array of {element, text, claim, verdict, status, reason, results: [...]} in the order of the evidence. One failure decides;
 * then what is inconclusive; then what passed. claim: "holds", "contradicted", "not decided", "not claimed".
 */
tw_err tw_verdict_elements(const json_t *evidence, json_t **ret);
json_t *tw_verdict_of(const json_t *elements, const char *id); /* its entry, borrowed; NULL: it was not assessed */
#endif
