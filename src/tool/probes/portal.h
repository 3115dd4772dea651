/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the probes of the manufacturer's server have in common: its pages, asked and read as a stranger's browser would, and a report that says that it is a
 * test.
 */
#ifndef TW_TOOL_PROBES_PORTAL_H
#define TW_TOOL_PROBES_PORTAL_H
#include "tool/probes/probe.h"

#define TW_RECEIPT_TEXT 35

/* English, as a stranger. Any status is an answer; ret is begun here, zeroed before its first use. */
tw_err tw_portal_get(struct tw_probe_context *c, const char *path, struct tw_answer *ret);
tw_err tw_portal_send(struct tw_probe_context *c, const char *path, const struct tw_buf *form, struct tw_answer *ret);
/* The same where a page has to be there: the finding says why there is none. */
tw_err tw_portal_open(struct tw_probe_context *c, const char *path, struct tw_answer *ret, struct tw_finding *f, bool *ret_there);
tw_err tw_portal_put(struct tw_buf *form, const char *key, const char *value); /* one field more of a form */

/* A control of a form on that page. */
struct tw_portal_field {
	bool there, required;
	bool asked;      /* of whoever fills in the form: neither hidden nor disabled */
	char value[128]; /* of a choice: what is chosen; of a line: what stands in it */
};
struct tw_portal_field tw_portal_field(const struct tw_answer *page, const char *name);
bool tw_portal_offers(const struct tw_answer *page, const char *name, const char *value); /* among a choice's */
/* An a whose address is that, or that with more behind it ("?lang=en"; anything where begin ends in : / or =); ret: the whole address. */
bool tw_portal_links(const struct tw_answer *page, const char *begin, char *ret, size_t size);
size_t tw_portal_links_count(const struct tw_answer *page, const char *begin);
tw_err tw_portal_links_to(struct tw_probe_context *c, const struct tw_answer *page, const char *address, bool *ret); /* that address and no other */
/* The text of the element with that id, up to its end; "" where there is none. */
tw_err tw_portal_by_id(struct tw_probe_context *c, const struct tw_answer *page, const char *id, struct tw_buf *ret);
/* The text of the page, its references resolved, what is no text left out. */
tw_err tw_portal_text(struct tw_probe_context *c, const struct tw_answer *page, struct tw_buf *ret);
tw_err tw_portal_says(struct tw_probe_context *c, const struct tw_answer *page, const char *text, bool *ret);

tw_err tw_test_mark(struct tw_probe_context *c, char ret[17]); /* by which what a probe sends is found again */
/* The report that a probe sends: every field that it names holds a mark of its own, by which it is found again. */
struct tw_test_report {
	char mark[17];
	const char *kind, *flaw; /* NULL: not said */
	bool whole;              /* with product, version, traits and a fix */
	bool question;           /* by the page for questions, of that kind */
	const char *more[3][2];  /* other fields, each a key and its value */
	long status;
	char receipt[TW_RECEIPT_TEXT];
};
/* Sends it; status and receipt say what came of it. A body of its own is never sent without its words that it is a test. */
tw_err tw_test_report_send(struct tw_probe_context *c, struct tw_test_report *r);
/* The page that whoever has the receipt gets. */
tw_err tw_test_report_follow(struct tw_probe_context *c, const struct tw_test_report *r, struct tw_answer *ret);
/* Verdict when it was not taken: inconclusive where there was too much of it, fail otherwise. */
tw_err tw_test_report_refused(const struct tw_test_report *r, struct tw_finding *f);
#endif
