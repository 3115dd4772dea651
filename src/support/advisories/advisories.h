/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Advisories in the store (CSAF 2.0 section 9.1.6). What is said is a content (content.h), each revision of which stays; who approves
 * a content has written none of it, and the approval holds for that content alone.
 */
#ifndef TW_SUPPORT_ADVISORIES_ADVISORIES_H
#define TW_SUPPORT_ADVISORIES_ADVISORIES_H
#include "service/path/path.h"
#include "service/path/request.h"
#include "support/advisories/content.h"
#include "support/advisories/states.h"

#define TW_ADVISORIES_MAX 5000
#define TW_ADVISORY_REVISIONS_MAX 500
#define TW_ADVISORY_WHO_MAX 64

/* One of them, and the last revision of what it says. */
struct tw_advisory_row {
	int64_t id, case_id, revision, released, changed_ms; /* case_id 0: none; released 0: nothing is published */
	char name[TW_ADVISORY_NAME_MAX];
	enum tw_advisory_state state;
	char approved_by[TW_ADVISORY_WHO_MAX], approved_hash[65], hash[65];
	char comment[1001];
	json_t *content, *published; /* published: the document that is out; NULL none */
	struct tw_buf pending;       /* the bytes that are on their way out; empty: none */
};
void tw_advisory_row_done(struct tw_advisory_row *r);
/* By the request's parameter. 404, and false in *ret_there, for whoever may not see it either. */
tw_err tw_advisory_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *ret, bool *ret_there);
/* An advisory is seen as its case is. */
tw_err tw_advisory_seen(struct tw_context *c, const struct tw_subject *s, int64_t case_id, bool *ret);
tw_err tw_advisory_load_name(struct tw_context *c, const char *name, struct tw_advisory_row *ret); /* NOTFOUND; sees all */

/* Who wrote what is not published yet. */
tw_err tw_advisory_authors(struct tw_context *c, const struct tw_advisory_row *r, json_t *list);

/* A change of an advisory: its row, as it is to be, a line of its history and, with content, a revision. One transaction. */
struct tw_advisory_change {
	struct tw_context *c;
	struct tw_advisory_row *row;
	const char *by, *what, *text;              /* what: "review"; text: of a return */
	const json_t *content;                     /* of the new revision, which row->revision and row->hash become; NULL: none */
	const json_t *out;                         /* the document that is published with it; NULL: row->published stays */
	tw_err (*beside)(tw_store *s, void *user); /* in the same transaction; NULL: nothing */
	void *user;
};
tw_err tw_advisory_write(struct tw_advisory_change *h);
/* A line of its history alone; within the caller's transaction. */
tw_err tw_advisory_step(struct tw_context *c, struct tw_advisory_row *row, const char *by, const char *what, const char *text);
/* A new one under the next id of this year, with its first revision. LIMIT: there are as many as may be. */
tw_err tw_advisory_new(struct tw_context *c, const char *by, int64_t case_id, const json_t *content, struct tw_advisory_row *ret);
tw_err tw_advisory_short(const struct tw_advisory_row *r, json_t **ret); /* what answers to changes say */
tw_err tw_advisory_refuse(struct tw_reply *rp, int status, const char *rule, const char *title, const char *next, const char *detail);

tw_err tw_advisory_refuse_input(struct tw_reply *rp, tw_err e); /* SYNTAX and LIMIT are a problem, with their detail; other codes go up */
/* For an operation with revision, status and summary: the advisory, moved; a problem when it cannot be changed so. */
tw_err tw_advisory_to_change(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row);
/* Its next revision says that. */
tw_err tw_advisory_changed(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_advisory_row *row,
	const json_t *document);
tw_err tw_advisory_not_now(struct tw_reply *rp, const struct tw_advisory_row *row); /* its state does not let it */

/* Whether what it says could be published now: every finding of the validator, and what the tree would refuse. */
tw_err tw_advisory_findings(struct tw_context *c, const struct tw_advisory_row *r, json_t *list);
tw_err tw_advisory_document(struct tw_context *c, const struct tw_advisory_row *r, json_t **ret); /* as it would be published now */

/*
 * The tree, NAME in app's directory: store and tree agree behind each publishing. The bytes are in the store (pending) before the
 * tree is touched, and the store says that they are out when the tree has them; whatever is cut in between, the start does again.
 */
#define TW_ADVISORY_TREE "csaf"
/* The bytes of row->pending become part of the tree, then of what is published. */
tw_err tw_advisory_release(struct tw_context *c, struct tw_advisory_row *row, const char *by);
/* What is asked of it before it is public: its approval, the embargo of its case, and that what waits is what was approved. */
tw_err tw_advisory_may_go(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row);
/* The same of what waits, as long as the tree does not have it: with a problem it is approved again, and waits no longer. */
tw_err tw_advisory_ask_again(struct tw_context *c, struct tw_reply *rp, struct tw_advisory_row *row, const char *by);
/* The way out of what is approved or on its way: a problem, or row as it is then, which is "publishing" as long as its signature is not there. */
struct tw_advisory_by {
	const char *who, *text; /* for its history; text NULL: none */
};
tw_err tw_advisory_publish(struct tw_context *c, struct tw_reply *rp, struct tw_advisory_row *row, const struct tw_advisory_by *by);
/* A problem when what it says now could not go that way, at that time as far as that is known. */
tw_err tw_advisory_could_go(struct tw_context *c, struct tw_reply *rp, const struct tw_advisory_row *row, int64_t at_ms);
/* DENIED, with the rule: the tree does not take this document. */
tw_err tw_advisory_tree_takes(struct tw_context *c, struct tw_slice text);
/* At the start: what was cut goes on, what the tree lacks comes into it, and what is about to expire is written anew. */
tw_err tw_advisories_settle(struct tw_context *c);
/* Whether that cannot wait until those are answered who waited for the start: something is on its way, or there is no tree. */
tw_err tw_advisories_press(struct tw_context *c, bool *ret);
bool tw_advisories_there(struct tw_context *c); /* something was published */
/* Told in the transaction that makes it public (tell.c). */
struct tw_advisory_out {
	const char *name;
	const json_t *document, *entry; /* entry: as lists have it (formats/csaf-site.h) */
	const char *products;           /* tw_advisory_products */
};
tw_err tw_advisory_told(struct tw_context *c, const struct tw_advisory_out *o);
#endif
