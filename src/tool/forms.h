/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence in the forms that other programs read. Each says what was seen and what was not, and calls nothing compliant. */
#ifndef TW_TOOL_FORMS_H
#define TW_TOOL_FORMS_H
#include "tool/evidence.h"
#include "tool/owner.h"

/* The same evidence makes the same document. elements: as tw_verdict_elements gives them. STATE: there are no results. */
tw_err tw_form_oscal(const struct tw_sys *sys, const struct tw_evidence_file *f, const json_t *elements, json_t **ret);
/* Signed by owner's key (JSON Signature Format, ES256, over the whole document); owner NULL: not signed. */
tw_err tw_form_declarations(
	const struct tw_sys *sys, const struct tw_evidence_file *f, const json_t *elements, const tw_owner *owner, json_t **ret);

#define TW_UUID_TEXT 37
/* Drawn from the run's nonce and these two words, so that it is the same each time: of the form of type 4, which OSCAL wants. */
tw_err tw_form_uuid(const json_t *payload, const char *kind, const char *name, char ret[TW_UUID_TEXT]);
#endif
