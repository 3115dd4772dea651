/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The permission matrix that a device publishes, walked: what each of its operations needs stands in its OpenAPI document, what each
 * role holds in its list of roles. An operation is asked with a query it does not know, so that the gate decides and nothing is done: a
 * refusal is the gate's, and the complaint about the form means that it let the request pass.
 */
#ifndef TW_TOOL_PROBES_MATRIX_H
#define TW_TOOL_PROBES_MATRIX_H
#include "tool/probes/people.h"

struct tw_matrix {
	struct tw_answer operations, roles;
};
void tw_matrix_done(struct tw_matrix *m);
tw_err tw_matrix_read(struct tw_probe_context *c, struct tw_matrix *ret);
const json_t *tw_matrix_role(const struct tw_matrix *m, const char *name); /* its row; NULL: there is no such role */
bool tw_matrix_holds(const struct tw_matrix *m, const char *role, const char *permission);
bool tw_matrix_word(const char *words, const char *word); /* is it one of these, with blanks between? */
/* Does one role hold whatever the other holds? */
bool tw_matrix_covers(const struct tw_matrix *m, const char *role, const char *other);

struct tw_walk {
	const char *token;      /* of whose session; NULL: the owner */
	const char *role;       /* what he holds beside what everybody logged in does: this, or */
	const char *permission; /* this alone, or neither */
	const char *free;       /* not NULL: a stranger, who may do what these words name */
	const char *who;        /* for words */
	char draw[65]; /* not "": only the pairs of `who` and operation that it draws are asked; the same draw the same again */
	size_t pairs, asked, let_pass; /* how many so far: there are, were asked, passed the gate */
	bool good;                     /* false: there is a finding, of what was not as published */
};
/* Where a sample is wanted, `draw` becomes fresh randomness: the device cannot know before what will be asked, and what was seen tells it afterwards. */
tw_err tw_matrix_draw(struct tw_probe_context *c, struct tw_walk *w, struct tw_finding *f);
/* Each operation an owned device has, or those that were drawn. A device that publishes nothing fails. */
tw_err tw_matrix_walk(struct tw_probe_context *c, const struct tw_matrix *m, struct tw_walk *w, struct tw_finding *f);
#endif
