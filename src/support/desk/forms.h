/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of the staff's pages: a row for each (forms-rows.c), what is shown and done (forms.c), what it is about and where it leads back to
   (about.c), what its inputs let one choose (choices.c), and what stands in it (present.c). */
#ifndef TW_SUPPORT_DESK_FORMS_H
#define TW_SUPPORT_DESK_FORMS_H
#include "support/desk/desk.h"

#define TW_FORM_INPUTS_MAX 16
#define TW_FORM_MOMENT 16 /* "2026-11-21T09:30", as browsers send it */

enum tw_form_control {
	TW_FORM_LINE,
	TW_FORM_BOX,
	TW_FORM_MEMBER_BOX, /* labelled by the member it is of */
	TW_FORM_MOMENT_OF,
	TW_FORM_YES_NO,
	TW_FORM_MOVES,
	TW_FORM_PEOPLE,
	TW_FORM_WHO, /* one of them, or whoever sends it */
	TW_FORM_KINDS,
	TW_FORM_STEPS,
	TW_FORM_ZONES,
	TW_FORM_GROUNDS,
	TW_FORM_ROLES,
	TW_FORM_LANGUAGES,
	TW_FORM_PROFILES,
	TW_FORM_LABELS,
	TW_FORM_REMEDIES,
	TW_FORM_STATUSES,
	TW_FORM_DOCUMENT,       /* a box for all of it */
	TW_FORM_HIDDEN,         /* what it is about, as it was when it was shown */
	TW_FORM_NUMBER,         /* likewise, a number */
	TW_FORM_DECISIONS,      /* what is decided in triage */
	TW_FORM_JUSTIFICATIONS, /* why something is not affected */
	TW_FORM_VIAS,           /* how a question came */
	TW_FORM_SORTS,          /* what a question is about */
	TW_FORM_SORTS_OR_ALL,   /* the same, or everything */
	TW_FORM_NOTICES,        /* what a notice tells of */
	TW_FORM_SEVERITIES,     /* of what it tells of */
	TW_FORM_VERDICTS,       /* on whose a device is */
	TW_FORM_PRODUCT,        /* one of products.json */
	TW_FORM_PRODUCTS,       /* one of products.json, or all */
	TW_FORM_RESULTS,        /* of a check of who asks */
	TW_FORM_PARTS,          /* what of a report is erased */
	TW_FORM_ANSWERERS,      /* who may answer a question, or nobody */
	TW_FORM_MEMBERS         /* chosen on a page before */
};
struct tw_form_input {
	const char *key; /* of the operation's input; NULL ends the list */
	enum tw_word label, hint;
	enum tw_form_control control;
	size_t most;
	bool needed;
};
struct tw_form {
	const char *path, *does; /* path without the case */
	enum tw_word title;
	enum tw_form_about about;
	bool clocks;        /* it is about a clock that somebody has started */
	bool drill;         /* it is about an invented case alone */
	enum tw_word warns; /* what will be gone; 0 (TW_W_PORTAL): nothing */
	bool whole;         /* what is there stands in it, and what is left empty is taken away */
	bool library;       /* it begins with an answer of the library, where somebody wants that */
	bool shows;         /* what it is about stands beneath it, whole */
	bool keeps;         /* what is there already stands in it, and what somebody else said meanwhile is not overwritten */
	struct tw_form_input inputs[TW_FORM_INPUTS_MAX + 1];
};
extern const struct tw_form tw_forms[]; /* ends with path NULL */

/* What a form is about, with its id; NULL: nothing that is there yet. A problem when there is no such thing for whoever asks (about.c). */
tw_err tw_form_subject(struct tw_context *c, const struct tw_request *rq, const struct tw_form *f, struct tw_reply *rp, json_t **ret);
void tw_form_back(struct tw_html *h, struct tw_look look, const struct tw_form *f, const json_t *doc); /* a link to it */
/* Where it goes on when it is done; body: what the operation answered. */
void tw_form_next(const struct tw_form *f, const struct tw_request *rq, const json_t *body, char ret[TW_DESK_PATH_MAX]);
/* Whether the page of such a thing leads to it, as the thing is now; doc NULL: there is none. */
bool tw_form_fits(const struct tw_form *f, enum tw_form_about about, const json_t *doc);
bool tw_form_does_once(const struct tw_form *f); /* by its key */

struct tw_form_choosing {
	struct tw_context *c;
	struct tw_html *h;
	struct tw_look look;
	const json_t *doc; /* NULL: of no case */
	const char *value, *member;
};
/* One input, with its value or what can be chosen. */
tw_err tw_form_input_write(struct tw_form_choosing *g, const struct tw_form *f, const struct tw_form_input *in);
tw_err tw_form_new_key(struct tw_context *c, struct tw_buf *hex); /* nobody guesses it; hex is set up here */
/* By which what was sent is known again: the form's key together with all that was typed, so that the form of a page that somebody went back to
   can say something else. Empty: it has no key. */
tw_err tw_form_once(struct tw_context *c, const struct tw_form *f, const json_t *input, struct tw_buf *hex);

/* Of a form that takes the place of one member of the case's document (present.c). */
#define TW_FORM_CHANGED "desk.changed" /* the rule */
bool tw_form_is_member(const char *name);
const char *tw_form_member(const struct tw_form *f, const json_t *input); /* which */
tw_err tw_form_present(struct tw_context *c, const struct tw_form *f, const json_t *doc, const json_t *input, json_t **ret);
/* Of that member as it is now, in hexadecimal; hex is set up here. */
tw_err tw_form_digest(struct tw_context *c, const json_t *doc, const char *member, struct tw_buf *hex);
/* A problem when the form began with another. */
tw_err tw_form_check_seen(
	struct tw_context *c, const struct tw_request *rq, const struct tw_form *f, const json_t *doc, struct tw_reply *rp);
#endif
