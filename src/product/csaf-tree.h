/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of published advisories (formats/csaf-site.h) on disk, and the one way to change it: a whole new tree is written beside it
 * (NAME.new), made durable, and exchanged with it in one step of the file system. Whoever reads sees the old tree or the new one; so does
 * whoever looks after a power cut. What a cut leaves beside it is removed by the next run.
 */
#ifndef TW_PRODUCT_CSAF_TREE_H
#define TW_PRODUCT_CSAF_TREE_H
#include "base/mem.h"
#include "formats/csaf-site.h"

/* A document that is to be published: its exact bytes. */
struct tw_csaf_draft {
	const char *name; /* as a person gave it, for what is said of it */
	struct tw_buf text, signature;
	json_t *document, *entry;
	bool unchanged; /* it stands in the tree as it is */
};
/* A public key that the tree has, or is to have. */
struct tw_csaf_key {
	char fingerprint[65];
	struct tw_buf text;
};
struct tw_csaf_tree {
	const struct tw_sys *sys;
	int parent, dir; /* both its own; dir -1: there is no tree yet */
	char name[200];
	struct tw_csaf_site site;
	struct tw_csaf_key keys[TW_CSAF_KEYS_MAX]; /* as site.keys */
};
/* Reads what is there, each document too. writing: nobody else writes beside it until it is done; STATE: somebody does. */
tw_err tw_csaf_tree_open(const struct tw_sys *sys, const char *path, bool writing, struct tw_csaf_tree *ret);
/* The same by the directory that it stands in, which stays the caller's. */
tw_err tw_csaf_tree_open_in(const struct tw_sys *sys, int parent, const char *name, bool writing, struct tw_csaf_tree *ret);
void tw_csaf_tree_done(struct tw_csaf_tree *t);
void tw_csaf_draft_done(struct tw_csaf_draft *d);
/* Bytes and document of what is published; file as in its entry. */
tw_err tw_csaf_tree_document(const struct tw_csaf_tree *t, const char *file, struct tw_buf *text, json_t **ret);
/* Nothing is added where there is none. */
tw_err tw_csaf_tree_signature(const struct tw_csaf_tree *t, const json_t *entry, struct tw_buf *ret);
/* A file of the tree. NOTFOUND. */
tw_err tw_csaf_tree_read(const struct tw_csaf_tree *t, const char *path, size_t max, struct tw_buf *ret);
const json_t *tw_csaf_tree_find(const struct tw_csaf_tree *t, const char *id); /* its entry; NULL */
/* Whether the draft may stand in this tree, and its entry in the tree's list; sets unchanged. DENIED names the rule. */
tw_err tw_csaf_tree_add(struct tw_csaf_tree *t, struct tw_csaf_draft *d);
/* A key in front of the others. One that is there gets this text, and ret_changed says whether it had another; NULL: it stays as it is. LIMIT */
tw_err tw_csaf_tree_key(struct tw_csaf_tree *t, const char *fingerprint, struct tw_slice text, bool *ret_changed);
/* The transaction. UNSUPPORTED: the file system cannot exchange names. */
tw_err tw_csaf_tree_publish(struct tw_csaf_tree *t, const struct tw_csaf_draft *drafts, size_t count);
#endif
