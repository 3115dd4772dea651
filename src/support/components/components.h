/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Releases with their components, and what triage found of them (components.sql says how it lies in the store). An import comes in pieces, each a transaction
 * of its own; it counts from its end on, in one step, and until then what was there before counts whole.
 */
#ifndef TW_SUPPORT_COMPONENTS_COMPONENTS_H
#define TW_SUPPORT_COMPONENTS_COMPONENTS_H
#include "product/entries.h"
#include "support/cases/cases.h"

#define TW_RELEASES_MAX 1000
#define TW_RELEASE_VERSION_MAX 63        /* as products.json has versions */
#define TW_RELEASE_COMPONENTS_MAX 200000 /* a distribution's packages, as the tool reads them */
#define TW_RELEASE_FINDINGS_MAX 200000   /* as the tool makes them */

/* "v3", "i5", "t17" */
bool tw_components_id_read(struct tw_slice name, char letter, int64_t *ret);
void tw_components_id(char letter, int64_t id, char ret[24]);
tw_err tw_components_number(void *user, const tw_row *row); /* a visitor: the first column */

enum tw_waits { TW_WAITS_NOT, TW_WAITS_FOR_PEOPLE, TW_WAITS_DECIDED }; /* as stored: 0 a rule took it */

/* One of findings, as an import brings it, into the store: with what was decided, and since when it waits. Within the piece's transaction. */
struct tw_finding_load {
	struct tw_context *c;
	const char *product;
	int64_t release, import, now_ms;
};
tw_err tw_finding_store(tw_store *s, const struct tw_finding_load *l, const json_t *entry);

/* A finding as the newest import of its release saw it. */
struct tw_finding {
	int64_t id, release, case_id, first_ms, since, score, decision; /* id 0: there is none */
	bool exploited, same;                                           /* same: what was decided rests on the facts as they are */
	int waits;
	char facts[TW_FACTS_SIZE + 1], rule[40];
	char product[TW_PART_NAME_MAX + 1], release_version[TW_RELEASE_VERSION_MAX + 1], vulnerability[TW_VULNERABILITY_MAX + 1],
		component[TW_PART_PURL_MAX + 1], version[TW_PART_VERSION_MAX + 1];
	json_t *entry, *decided, *doc; /* owned; decided, doc: NULL none */
};
void tw_finding_done(struct tw_finding *f);
/* The finding of the request's parameter; a problem, and id 0, where there is none. */
tw_err tw_finding_load(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_finding *ret);
/* open, again, ruled or decided */
const char *tw_finding_state(int waits, int64_t decision, bool same);
/* As programs see it; doc: what the desk said of it has its hash. */
tw_err tw_finding_shown(struct tw_context *c, const struct tw_request *rq, const struct tw_finding *f, json_t **ret);

/* Which findings, in the order in which people should look at them. */
struct tw_queue {
	int waits;
	int64_t release, since, least, most; /* release 0: of all; least, most: score */
	const char *product, *rule;          /* "" any */
	bool exploited;
	int64_t after_urgency, after; /* behind which */
	size_t limit;
};
struct tw_queued {
	int64_t urgency, id, since, score;
	bool exploited;
	const char *state;
	struct tw_slice product, release_version, vulnerability, component, version, rule, entry;
};
struct tw_queue_reader {
	tw_err (*take)(void *user, const struct tw_queued *q);
	void *user;
};
bool tw_queue_place(const char *text, struct tw_queue *q); /* "urgency-number": behind which; false: it is none, and nothing is set */
tw_err tw_queue_read(struct tw_context *c, const struct tw_queue *q, const struct tw_queue_reader *to);
/* From words of an address or an input: view, product, release, severity, exploited, rule. What is none of ours: a problem. */
tw_err tw_queue_of(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_queue *ret);
extern const char *const tw_queue_views[], *const tw_queue_severities[], *const tw_queue_rules[]; /* each ends with NULL */

/* Up to which import an account has looked; 0: none, or no account. */
tw_err tw_finding_mark(struct tw_context *c, const struct tw_request *rq, int64_t *ret);
/* newest: up to which somebody may have looked: all before it that will count do. */
tw_err tw_finding_count_new(struct tw_context *c, int64_t mark, int64_t *ret_new, int64_t *ret_newest);

/* Components across releases, or of one. */
struct tw_component_search {
	const char *by, *text, *version; /* by: name, purl or cpe; version: of the whole name alone */
	int64_t release;                 /* 0: of all; by name alone */
	const char *after_key, *after_version;
	int64_t after;
	size_t limit;
};
struct tw_component_found {
	int64_t id, release;
	struct tw_slice key, name, version, purl, cpe, supplier, product, release_version;
};
struct tw_component_reader {
	tw_err (*take)(void *user, const struct tw_component_found *f);
	void *user;
};
/* Of an address or an input: by, text, version, release. What cannot be asked: a problem. */
tw_err tw_component_search_of(struct tw_context *c, const json_t *in, struct tw_reply *rp, struct tw_component_search *ret);
/* after: the number of the last one shown, 0: from the beginning. */
tw_err tw_component_search_after(
	struct tw_context *c, uint64_t after, const struct tw_component_search *q, const struct tw_component_reader *to);
tw_err tw_component_search(struct tw_context *c, const struct tw_component_search *q, const struct tw_component_reader *to);

struct tw_release_shown {
	int64_t id, components, components_ms, findings, findings_ms, waiting;
	struct tw_slice product, version;
};
struct tw_release_reader {
	tw_err (*take)(void *user, const struct tw_release_shown *r);
	void *user;
};
/* Only id, product and version of all of them, by these. */
tw_err tw_release_names(struct tw_context *c, const struct tw_release_reader *to);
tw_err tw_releases_read(struct tw_context *c, int64_t after, size_t limit, const struct tw_release_reader *to);

/* What does not count any more goes, a step at a time; more: another step is due. */
tw_err tw_components_forget(tw_store *s, int64_t now_ms, bool *ret_more);
#endif
