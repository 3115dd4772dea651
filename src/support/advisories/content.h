/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an advisory says, apart from when it says it: the CSAF document without /document/tracking, the status it is to have and a line about
 * the revision. Pure. Tracking (id, version, dates, history) is made from what is published already, when it is published.
 */
#ifndef TW_SUPPORT_ADVISORIES_CONTENT_H
#define TW_SUPPORT_ADVISORIES_CONTENT_H
#include "base/buf.h"
#include "base/json.h"

#define TW_ADVISORY_MAX (256 * 1024) /* of a document's text: answers carry it whole */
#define TW_ADVISORY_DEEPEST 96       /* of branches CSAF 2.0 allows 30, each two levels of JSON */
#define TW_ADVISORY_NAME_MAX 48
#define TW_ADVISORY_DIFF_MAX 200

tw_err tw_advisory_document_read(struct tw_slice text, json_t **ret); /* SYNTAX, LIMIT */
/* A document that somebody sends: its tracking is left out. SYNTAX, LIMIT. status: "final" or "interim"; summary: of this revision. */
tw_err tw_advisory_content_read(struct tw_slice text, const char *status, const char *summary, json_t **ret);
tw_err tw_advisory_content_of(const json_t *document, const char *status, const char *summary, json_t **ret); /* the same of an object; it is copied */
/* SHA-256 of name and content, as hexadecimal digits: what an approval holds for. */
tw_err tw_advisory_content_hash(const struct tw_sys *sys, const char *name, const json_t *content, char ret[65]);
/* The document as it is published at that time. published: the one that is out, NULL none. */
tw_err tw_advisory_finish(const char *name, const json_t *content, const json_t *published, const char *now, json_t **ret);

/* CSAF 2.0 section 9.1.6: "interim" of what is to be final and was published so short a time ago; "final" of what is out as interim for so long; else "". */
#define TW_ADVISORY_OFTEN_MS (INT64_C(21) * 86400000)
#define TW_ADVISORY_QUIET_MS (INT64_C(42) * 86400000)
const char *tw_advisory_status_advised(const json_t *content, const json_t *published, bool is_out, int64_t now_ms);

/* The highest rating of its CVSS objects, in small letters: "critical"; "" when there is none. */
const char *tw_advisory_severity(const json_t *document);
/* As names of products are compared: small letters of ASCII; a form sends a blank as a plus, so they are one. */
char tw_advisory_letter(char c);
/* Names and ids of its products, a line each; what does not fit is left out, and the first byte is then TW_ADVISORY_CUT. */
#define TW_ADVISORY_CUT '\1'
tw_err tw_advisory_products(const json_t *document, struct tw_buf *ret);
/* Where products are said to be affected of which no remediation says what to do: JSON pointers, as texts, appended to paths. */
tw_err tw_advisory_unanswered(const json_t *document, json_t *paths);
/* Texts that a draft leaves to whoever writes it, and nobody has: JSON pointers, likewise. */
tw_err tw_advisory_unwritten(const json_t *document, json_t *paths);
/* What its remediations say, a line each, of what can stand in a message; what does not fit whole is left out. */
tw_err tw_advisory_actions(const json_t *document, struct tw_buf *ret);
/* Members that differ: [{"path", "before", "after"}], values as JSON text; "" is not there. More than TW_ADVISORY_DIFF_MAX: the rest is cut, *ret_cut. */
tw_err tw_advisory_diff(const struct tw_sys *sys, const json_t *before, const json_t *after, json_t *list, bool *ret_cut);
#endif
