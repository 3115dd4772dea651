/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling subscribers. Whoever publishes something says it here, within the transaction that publishes: a notice is there exactly when what it tells of
 * is. Messages to subscribers follow from it in slices (tw_subscriptions_slice), through restarts and power cuts, one for each subscription and
 * notice however often something is done again.
 *
 * A subscriber is told rather than not: where a version cannot be compared, or a severity is not known, the notice concerns him, and says that his version
 * could not be decided.
 */
#ifndef TW_SUPPORT_SUBSCRIPTIONS_SUBSCRIPTIONS_H
#define TW_SUPPORT_SUBSCRIPTIONS_SUBSCRIPTIONS_H
#include "service/store/store.h"

enum tw_notice_kind {
	TW_NOTICE_ADVISORY,
	TW_NOTICE_UPDATE,
	TW_NOTICE_MAINTENANCE,
	TW_NOTICE_END,
	TW_NOTICE_CHANGE, /* of supplier, plans or services: for whoever wants to hear of maintenance */
	TW_NOTICE_KINDS
};
#define TW_NOTICE_CHOICES TW_NOTICE_CHANGE /* that a subscriber chooses among: those before it */
enum tw_notice_severity {
	TW_NOTICE_UNRATED,
	TW_NOTICE_LOW,
	TW_NOTICE_MEDIUM,
	TW_NOTICE_HIGH,
	TW_NOTICE_CRITICAL,
	TW_NOTICE_SEVERITIES
};
const char *tw_notice_kind_name(enum tw_notice_kind k); /* "advisory", "update", "maintenance", "end-of-support", "change" */
const char *tw_notice_severity_name(enum tw_notice_severity s); /* "", "low" .. "critical" */
bool tw_notice_kind_find(const char *name, enum tw_notice_kind *ret);
bool tw_notice_severity_find(const char *name, enum tw_notice_severity *ret);

#define TW_PRODUCT_VERSION_MAX 63         /* bytes: of a product, as products.json has it; product.yaml has 32 */
#define TW_NOTICE_REVIEW "To be reviewed" /* begins the line that says what: programs find it by that */
#define TW_NOTICE_PRODUCTS_MAX 64
#define TW_NOTICE_ID_MAX 160       /* bytes */
#define TW_NOTICE_TITLE_MAX 150    /* with the kind's name before it, it is a subject */
#define TW_NOTICE_TEXT_MAX 4000    /* bytes */
#define TW_NOTICE_LINK_MAX 500     /* bytes */
#define TW_NOTICE_VERSIONS_MAX 300 /* bytes */
struct tw_notice_product {
	const char *name; /* as DIR/app/products.json has it; "": whatever there is */
	const char *versions; /* "vers:semver/<1.2.0" (formats/range.h); "" or NULL: all; what is neither can be compared with nothing */
};
#define TW_NOTICE_VERSIONS_NONE "vers:none/*" /* whoever says no version is told, and nobody else */
#define TW_NOTICE_VERSIONS_UNSAID "..."       /* of some, and it is not said of which */
struct tw_notice {
	const char *id; /* of what is told: "advisory-EX-2026-1-2". The same id again: OK, and nobody is told twice */
	enum tw_notice_kind kind;
	enum tw_notice_severity severity;
	const char *title; /* one line */
	const char *text;  /* what to do; lines end in \n; "" or NULL: nothing */
	const char *link;  /* https; "" or NULL: none */
	const struct tw_notice_product *products;
	size_t product_count; /* 0: it concerns every product */
};
/* Within the caller's transaction; durable with it. now_ms: wall time. SYNTAX: something of it could not be sent, the detail says what. */
tw_err tw_subscriptions_tell(struct tw_store *s, const struct tw_notice *n, int64_t now_ms);
#endif
