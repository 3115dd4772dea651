/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of the organization's document, put or removed: the gate is compiled before anything is written, and what it refuses is not kept.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_RIGHTS_EDIT_H
#define TW_DEVICE_LOGICAL_ACCESS_RIGHTS_EDIT_H
#include "crypto/hash.h"
#include "device/logical-access/rights.h"
#include "service/path/page.h"

struct tw_rights_edit {
	struct tw_context *c;
	const struct tw_request *rq;
	struct tw_reply *rp;
	const char *list; /* "roles", "actions", "recipients", "rules" */
	json_t *document; /* owned */
	tw_gate *gate;    /* owned, until it is the device's */
	char name[TW_ROLE_NAME_MAX + 1];
	char key[2 * TW_SHA256_SIZE + 1]; /* of a recipient: the SHA-256 of his key; "": nothing to tell */
};
/* May answer with a problem. */
typedef tw_err tw_rights_check(struct tw_rights_edit *e);

/* What an owner has put is an owner's matter, by "owners" of the entry. What somebody else puts stands in no owner's way. */
tw_rights_check tw_rights_check_owners;
void tw_rights_edit_done(struct tw_rights_edit *e);
tw_err tw_rights_begin(struct tw_rights_edit *e);     /* reads the name and the document; a problem: it can be no name */
json_t *tw_rights_at(const struct tw_rights_edit *e); /* the entry of that name, borrowed; NULL: it is not there */
size_t tw_rights_count(const struct tw_rights_edit *e);
/* entry is consumed. check, which may be NULL, is asked with the new gate. */
tw_err tw_rights_put(struct tw_rights_edit *e, json_t *entry, tw_rights_check *check);
tw_err tw_rights_remove(struct tw_rights_edit *e, tw_rights_check *check); /* begins by itself; check may be NULL */
tw_err tw_rights_list(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const char *list);
tw_err tw_rights_list_add(struct tw_page *p, const json_t *list); /* entries by name, as many as the page takes */
#endif
