/* SPDX-License-Identifier: Apache-2.0 */
/* Among the files csaf*.c: one run over a document, the place in it, and lists of names that are sorted instead of hashed. */
#ifndef TW_FORMATS_CSAF_INSIDE_H
#define TW_FORMATS_CSAF_INSIDE_H

#include "formats/csaf.h"

/* Where in the document: a chain on the stack, spelled out only when there is something to tell. */
struct tw_csaf_at {
	const struct tw_csaf_at *up;
	const char *key; /* NULL: an item of an array */
	size_t index;
};
#define TW_CSAF_KEY(above, name) (&(const struct tw_csaf_at){ .up = (above), .key = (name) })
#define TW_CSAF_ITEM(above, i) (&(const struct tw_csaf_at){ .up = (above), .index = (i) })

struct tw_csaf_run {
	const struct tw_sys *sys;
	const json_t *document; /* the whole */
	const struct tw_csaf_check *how;
	struct tw_csaf_counts *counts;
	struct tw_buf path;
	enum tw_csaf_test test; /* that is running */
	size_t work;            /* items of groups taken apart so far */
	size_t cvss_faults[4]; /* that the schema's test met on its way, of each enum tw_cvss_fault: what is not there need not be looked for again */
};

typedef tw_err (*tw_csaf_test_run)(struct tw_csaf_run *r);

/* A finding of the test that runs. */
tw_err tw_csaf_tell_at(struct tw_csaf_run *r, const struct tw_csaf_at *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
tw_err tw_csaf_work(struct tw_csaf_run *r, size_t items); /* LIMIT: more than anybody needs */

/*
 * Names with what they stand for. Sorted, equal ones are neighbours, in the order of (a, b): no hash that a document could be made to hit.
 * The texts are the document's.
 */
struct tw_csaf_name {
	const char *text, *more; /* compared one after the other */
	size_t a, b;
	unsigned bits;
};
struct tw_csaf_names {
	const struct tw_sys *sys;
	struct tw_csaf_name *list;
	size_t count, capacity;
};
tw_err tw_csaf_names_add(struct tw_csaf_names *n, const struct tw_csaf_name *name); /* more: NULL is "" */
void tw_csaf_names_sort(struct tw_csaf_names *n);
const struct tw_csaf_name *tw_csaf_names_find(const struct tw_csaf_names *n, const char *text); /* the first, of sorted ones; NULL */
bool tw_csaf_names_repeat(const struct tw_csaf_names *n, size_t i); /* of sorted ones: the same as the one before */
void tw_csaf_names_done(struct tw_csaf_names *n);

/* Of any value: the member or item, NULL where there is none or the value is something else. What is borrowed lasts as the document does. */
const char *tw_csaf_text(const json_t *object, const char *key); /* NULL: no text, or an empty one */
static inline const json_t *tw_csaf_vulnerabilities(const struct tw_csaf_run *r)
{
	return json_object_get(r->document, "vulnerabilities");
}
bool tw_csaf_one_of(const char *text, const char *const *list); /* NULL ends the list; false for NULL */

/* Every product (name, id and helper) of the tree, those of branches and relationships among them. */
typedef tw_err (*tw_csaf_product_visit)(struct tw_csaf_run *r, const json_t *product, const struct tw_csaf_at *at, void *user);
tw_err tw_csaf_products(struct tw_csaf_run *r, tw_csaf_product_visit visit, void *user);

/* One row for each test but the schema's; the rows of one file after another. */
tw_err tw_csaf_schema(struct tw_csaf_run *r);
tw_err tw_csaf_cvss_shape(struct tw_csaf_run *r);          /* 6.1.8 */
tw_err tw_csaf_cvss_values(struct tw_csaf_run *r);         /* 6.1.9 */
tw_err tw_csaf_cvss_metrics(struct tw_csaf_run *r);        /* 6.1.10 */
tw_err tw_csaf_product_ids_defined(struct tw_csaf_run *r); /* 6.1.1 */
tw_err tw_csaf_product_ids_once(struct tw_csaf_run *r);    /* 6.1.2 */
tw_err tw_csaf_relationships_end(struct tw_csaf_run *r);   /* 6.1.3 */
tw_err tw_csaf_group_ids_defined(struct tw_csaf_run *r);   /* 6.1.4 */
tw_err tw_csaf_group_ids_once(struct tw_csaf_run *r);      /* 6.1.5 */
tw_err tw_csaf_purls(struct tw_csaf_run *r);               /* 6.1.13 */
tw_err tw_csaf_hash_algorithms(struct tw_csaf_run *r);     /* 6.1.25 */
/* Of one product_identification_helper: what the schema says, 6.1.13 and 6.1.25. */
tw_err tw_csaf_helper_shape(struct tw_csaf_run *r, const json_t *helper, const struct tw_csaf_at *at);
tw_err tw_csaf_helper_purl(struct tw_csaf_run *r, const json_t *helper, const struct tw_csaf_at *at);
tw_err tw_csaf_helper_hashes(struct tw_csaf_run *r, const json_t *helper, const struct tw_csaf_at *at);
tw_err tw_csaf_version_names(struct tw_csaf_run *r);               /* 6.1.31 */
tw_err tw_csaf_status_agrees(struct tw_csaf_run *r);               /* 6.1.6 */
tw_err tw_csaf_scores_once(struct tw_csaf_run *r);                 /* 6.1.7 */
tw_err tw_csaf_weaknesses(struct tw_csaf_run *r);                  /* 6.1.11 */
tw_err tw_csaf_cves_once(struct tw_csaf_run *r);                   /* 6.1.23 */
tw_err tw_csaf_involvements_once(struct tw_csaf_run *r);           /* 6.1.24 */
tw_err tw_csaf_remediations_of_products(struct tw_csaf_run *r);    /* 6.1.29 */
tw_err tw_csaf_flags_of_products(struct tw_csaf_run *r);           /* 6.1.32 */
tw_err tw_csaf_flags_once(struct tw_csaf_run *r);                  /* 6.1.33 */
tw_err tw_csaf_history_ascends(struct tw_csaf_run *r);             /* 6.1.14 */
tw_err tw_csaf_version_is_latest(struct tw_csaf_run *r);           /* 6.1.16 */
tw_err tw_csaf_version_fits_status(struct tw_csaf_run *r);         /* 6.1.17 */
tw_err tw_csaf_released_history(struct tw_csaf_run *r);            /* 6.1.18 */
tw_err tw_csaf_history_no_prerelease(struct tw_csaf_run *r);       /* 6.1.19 */
tw_err tw_csaf_version_no_prerelease(struct tw_csaf_run *r);       /* 6.1.20 */
tw_err tw_csaf_history_complete(struct tw_csaf_run *r);            /* 6.1.21 */
tw_err tw_csaf_history_once(struct tw_csaf_run *r);                /* 6.1.22 */
tw_err tw_csaf_one_versioning(struct tw_csaf_run *r);              /* 6.1.30 */
tw_err tw_csaf_languages(struct tw_csaf_run *r);                   /* 6.1.12 */
tw_err tw_csaf_translator(struct tw_csaf_run *r);                  /* 6.1.15 */
tw_err tw_csaf_translated(struct tw_csaf_run *r);                  /* 6.1.28 */
tw_err tw_csaf_category(struct tw_csaf_run *r);                    /* 6.1.26 */
tw_err tw_csaf_profile_notes(struct tw_csaf_run *r);               /* 6.1.27.1 */
tw_err tw_csaf_profile_references(struct tw_csaf_run *r);          /* 6.1.27.2 */
tw_err tw_csaf_profile_no_vulnerabilities(struct tw_csaf_run *r);  /* 6.1.27.3 */
tw_err tw_csaf_profile_products(struct tw_csaf_run *r);            /* 6.1.27.4 */
tw_err tw_csaf_profile_vulnerability_notes(struct tw_csaf_run *r); /* 6.1.27.5 */
tw_err tw_csaf_profile_status(struct tw_csaf_run *r);              /* 6.1.27.6 */
tw_err tw_csaf_profile_vex_status(struct tw_csaf_run *r);          /* 6.1.27.7 */
tw_err tw_csaf_profile_vex_ids(struct tw_csaf_run *r);             /* 6.1.27.8 */
tw_err tw_csaf_profile_impact(struct tw_csaf_run *r);              /* 6.1.27.9 */
tw_err tw_csaf_profile_action(struct tw_csaf_run *r);              /* 6.1.27.10 */
tw_err tw_csaf_profile_vulnerabilities(struct tw_csaf_run *r);     /* 6.1.27.11 */

/* Which products are named in product_ids and, through group_ids, in the tree's groups (each the first of its name); added to ret, a of
   each: mark. */
tw_err tw_csaf_expand(
	struct tw_csaf_run *r, const json_t *object, const struct tw_csaf_names *groups, size_t mark, struct tw_csaf_names *ret);
tw_err tw_csaf_groups(struct tw_csaf_run *r, struct tw_csaf_names *ret); /* by name, sorted; a: its index in the tree */

#endif
