/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that belong to a report, in the store and encrypted there (AES-256-GCM) under a key of the report's own, which the keys role seals. Name, kind and
 * SHA-256 are encrypted with them. Whoever has the database alone reads nothing; without the report's key nobody does, so destroying it destroys them.
 *
 * What is bound together cannot be exchanged: each sealed piece names its report, its file and its place, and a file that is read is whole and has the
 * SHA-256 that it came with, or it is refused.
 */
#ifndef TW_SUPPORT_ATTACHMENTS_H
#define TW_SUPPORT_ATTACHMENTS_H
#include "service/path/path.h"
#include "sys/parcel.h"

#define TW_ATTACHMENTS_MAX 20                  /* of one report: its page stays one page */
#define TW_ATTACHMENTS_SIZE (32 * 1024 * 1024) /* of one report, all together: four sendings of the longest form */
/* Of all reports; strangers send them, and the start reads the whole store. Each way has a share of its own: a flood by one leaves the other its room. */
#define TW_ATTACHMENTS_FORM (640LL * 1024 * 1024)
#define TW_ATTACHMENTS_MAIL (384LL * 1024 * 1024)
#define TW_ATTACHMENT_SIZE (8 * 1024 * 1024) /* of one: what a form can carry */
#define TW_ATTACHMENT_NAME 120               /* bytes of a name as it is kept */
#define TW_ATTACHMENT_TYPE 80

struct tw_attachment {
	struct tw_slice name, type; /* as whoever sent it says; kept as tw_attachment_name and tw_attachment_type make them */
	struct tw_slice bytes;
};
/* What seals the keys of reports: the keys role, or a test's. */
struct tw_attachment_keys {
	tw_err (*seal)(void *user, const char *whose, struct tw_slice plain, struct tw_buf *ret);
	tw_err (*unseal)(void *user, const char *whose, struct tw_slice sealed, struct tw_buf *ret); /* wipe it */
	void *user;
};
enum tw_attachment_way { TW_ATTACHMENT_FORM, TW_ATTACHMENT_MAIL, TW_ATTACHMENT_WAYS };
struct tw_attachments {
	const struct tw_sys *sys;
	tw_store *store;
	struct tw_attachment_keys keys;
	enum tw_attachment_way way; /* of what is put */
};
struct tw_attachments tw_attachments_of(const struct tw_context *c); /* those of the service, by its keys role; by the form */

/* FULL: no more are taken of anybody by this way. Each but ATTACHED says that none of them was stored. */
enum tw_attached { TW_ATTACHED, TW_ATTACHED_MANY, TW_ATTACHED_LARGE, TW_ATTACHED_FULL };
/*
 * All of them or none, durable when it says ATTACHED. A file of the same name and bytes that the report has already is not stored again, so who
 * had no answer may send once more. put is for within a transaction of the caller's, which is undone by an error alone.
 */
tw_err tw_attachments_add(const struct tw_attachments *a, int64_t report, const struct tw_attachment *files, size_t count,
	int64_t now_ms, enum tw_attached *ret);
tw_err tw_attachments_put(const struct tw_attachments *a, int64_t report, const struct tw_attachment *files, size_t count,
	int64_t now_ms, enum tw_attached *ret);

/* How much of its share a way has used up. */
extern const int64_t tw_attachments_shares[TW_ATTACHMENT_WAYS];
tw_err tw_attachments_used(tw_store *s, enum tw_attachment_way way, int64_t *ret);

struct tw_attachment_about {
	int64_t id, report, at_ms;
	uint64_t size;
	char name[TW_ATTACHMENT_NAME + 1], type[TW_ATTACHMENT_TYPE + 1], sha256[65];
};
/* In the order they came; never called when there is none. UNTRUSTED: somebody has changed the store. */
tw_err tw_attachments_list(const struct tw_attachments *a, int64_t report,
	tw_err (*visit)(void *user, const struct tw_attachment_about *about), void *user);
/* ret->id 0: there is none. */
tw_err tw_attachment_find(const struct tw_attachments *a, int64_t id, struct tw_attachment_about *ret);
/* Its bytes. UNTRUSTED: they are not those that came; into then holds what is not to be handed on. */
tw_err tw_attachment_read(const struct tw_attachments *a, const struct tw_attachment_about *about, struct tw_parcel *into);
/* One piece of it, for who takes it in pieces: NOTFOUND behind the last one. Nothing but what came is handed out; that all came, the SHA-256 says. */
#define TW_ATTACHMENT_PIECE (256 * 1024)
tw_err tw_attachment_piece(const struct tw_attachments *a, const struct tw_attachment_about *about, uint32_t piece, struct tw_buf *ret);
/* The key of the report's files and all of them, for ever; within a transaction of the caller's, between tw_store_wipe_begin and tw_store_wipe_end. */
tw_err tw_attachments_destroy(tw_store *s, int64_t report);

/* A name that can be shown and written into a folder: no path, nothing that turns text round or cannot be seen, never empty. */
void tw_attachment_name(struct tw_slice sent, char ret[TW_ATTACHMENT_NAME + 1]);
/* type/subtype, in small letters; application/octet-stream when it is none. */
void tw_attachment_type(struct tw_slice sent, char ret[TW_ATTACHMENT_TYPE + 1]);
#endif
