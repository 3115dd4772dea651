/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the desk keeps is documents: JSON objects with a name. Each change of one goes with an entry of the journal, which has the hash before and after and
 * the names of the members that are another, never what they hold.
 */
#ifndef TW_SUPPORT_CASES_DOCUMENT_H
#define TW_SUPPORT_CASES_DOCUMENT_H
#include "service/path/path.h"

#define TW_CASE_DOC_MAX (56 * 1024) /* with what stands beside it, it fits into one answer */

struct tw_document {
	struct tw_context *c;
	int64_t now_ms;
	const char *by, *what, *name;
	const json_t *before; /* NULL: it is new */
	json_t *after;        /* gets `changed` */
	/* Made by tw_document_prepare. */
	json_t *entry;
	struct tw_buf text; /* what is stored */
};
tw_err tw_document_prepare(struct tw_document *d); /* then tw_document_done, whatever it said */
void tw_document_done(struct tw_document *d);
tw_err tw_document_salt(struct tw_context *c, json_t *doc);                /* keeps a short one from being guessed by its hash */
tw_err tw_document_shown(struct tw_context *c, json_t *doc, json_t **ret); /* with its hash; doc is borrowed */
#endif
