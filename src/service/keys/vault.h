/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small durable table of named secrets, kept twice: BASE.a and BASE.b, each whole, each with the generation of its content.
 *
 * A change writes a, then b; when the first is down the change has happened. So a power cut at any write, or one copy lost to a
 * worn block, leaves the table of before or after, and what is removed is gone from both copies before anybody is told. With
 * a root secret the content is sealed by AES-256-GCM under a key of it, bound to the name and generation; without one
 * it is only checked. A note stands before the seal, readable and bound to it: from it the owner of the table gets the root secret.
 *
 * What this cannot see: both copies set back together to an earlier pair. That takes a counter in hardware.
 */
#ifndef TW_SERVICE_VAULT_H
#define TW_SERVICE_VAULT_H
#include "base/buf.h"
#include "base/mem.h"

#define TW_VAULT_NAME_MAX 64
#define TW_VAULT_DATA_MAX 4096
#define TW_VAULT_MAX (48 * 1024) /* all entries together */
#define TW_VAULT_NOTE_MAX 2304

typedef struct tw_vault tw_vault;
/* NOTFOUND: there is neither copy. UNTRUSTED: there is one, and none opens under this root. A lost or older copy is mended. */
tw_err tw_vault_open(const struct tw_sys *sys, int dir, const char *base, const tw_secret *root /* NULL: not sealed */, tw_vault **ret);
tw_err tw_vault_create(const struct tw_sys *sys, int dir, const char *base, const tw_secret *root, tw_vault **ret); /* EXISTS; empty */
/* With a note. STATE, CRYPTO or CLOSED of root_of says that this copy's note opens nothing; anything else of it ends the opening. */
typedef tw_err tw_vault_root_of(void *user, struct tw_slice note, tw_secret **ret);
/* UNTRUSTED also where what is there is not sealed, or not with a note. */
tw_err tw_vault_open_noted(const struct tw_sys *sys, int dir, const char *base, tw_vault_root_of *root_of, void *user, tw_vault **ret);
tw_err tw_vault_create_noted(
	const struct tw_sys *sys, int dir, const char *base, const tw_secret *root, struct tw_slice note, tw_vault **ret);
struct tw_slice tw_vault_note(const tw_vault *v); /* borrowed until the next reroot */
tw_vault *tw_vault_free(tw_vault *v);
TW_DEFINE_FREEP(tw_vault, tw_vault_free)

/* Borrowed until the next change. */
struct tw_vault_entry {
	uint8_t kind;
	struct tw_slice name, data;
};
tw_err tw_vault_get(const tw_vault *v, uint8_t kind, const char *name, struct tw_slice *ret); /* NOTFOUND */
bool tw_vault_at(const tw_vault *v, size_t index, struct tw_vault_entry *ret);                /* false: no more */

struct tw_vault_edit {
	uint8_t kind;
	const char *name;
	struct tw_slice data; /* at NULL: the entry goes, and it is no fault when there is none */
};
/* All of the edits or none, durable when OK. After an error the table in memory is that of before; on the disk it may be
   either, so whoever cannot bear that starts anew. LIMIT: no room. */
tw_err tw_vault_change(tw_vault *v, const struct tw_vault_edit *edits, size_t count);
/* Seals both copies anew under another root, with another note. Cut in between, the first opens under the new root and mends the second. */
tw_err tw_vault_reroot(tw_vault *v, const tw_secret *root, struct tw_slice note);
uint64_t tw_vault_generation(const tw_vault *v);
/* True while only one copy holds the present content: the other could not be written. Tried again with every change. */
bool tw_vault_single(const tw_vault *v);
tw_err tw_vault_pair(tw_vault *v); /* tries the other copy again, if there is need. IO: it still holds what was before */

/* The file, for the parser's tests. SYNTAX, LIMIT. The payload is what was sealed, or the payload and its SHA-256. */
enum tw_vault_form { TW_VAULT_CHECKED, TW_VAULT_SEALED, TW_VAULT_NOTED };
struct tw_vault_file {
	enum tw_vault_form form;
	uint64_t generation;
	struct tw_slice id, note, head, body;
};
tw_err tw_vault_file_parse(struct tw_slice text, struct tw_vault_file *ret);
tw_err tw_vault_payload_check(struct tw_slice payload);
#endif
