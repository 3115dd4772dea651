/* SPDX-License-Identifier: Apache-2.0 */
/* What the pages of triage and components share. */
#ifndef TW_SUPPORT_COMPONENTS_PAGES_H
#define TW_SUPPORT_COMPONENTS_PAGES_H
#include "support/components/components.h"
#include "support/desk/desk.h"

#define TW_DESK_TRIAGE "/desk/triage"
#define TW_DESK_COMPONENTS "/desk/components"

enum tw_word tw_finding_state_word(const char *state);
const char *tw_finding_state_class(const char *state); /* of a mark */
/* "9.8 Critical", or that it has none. */
void tw_finding_score(struct tw_html *h, struct tw_look look, int64_t score);
/* A form whose fields go into the address; closed by tw_html_close. */
void tw_parts_form(struct tw_html *h, struct tw_look look, const char *path);
void tw_parts_button(struct tw_html *h, struct tw_look look, enum tw_word w);
/* A select of all releases there are, "v1"; and the one for none. */
tw_err tw_parts_choose_release(struct tw_context *c, struct tw_html *h, struct tw_look look, int64_t chosen);
#endif
