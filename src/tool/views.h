/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence as another scheme counts: for each provision, what speaks for it, what against, what is open. Never whether it is fulfilled. */
#ifndef TW_TOOL_VIEWS_H
#define TW_TOOL_VIEWS_H
#include "base/json.h"

extern const char tw_views_text[]; /* {NAME: {title, rows}} */
#define TW_VIEWS "8259a, en303645, cra"
/*
 * {view, title, rows: [{provision, text, pairs, for: [ids], against: [ids], open: [ids], missing: [ids]}]}; elements: as
 * tw_verdict_elements gives them. pairs: each element with the relation of the mapping. missing: elements that were not assessed; a
 * row without any ids is answered by documents alone. NOTFOUND: there is no such view.
 */
tw_err tw_view(const char *name, const json_t *elements, json_t **ret);
#endif
