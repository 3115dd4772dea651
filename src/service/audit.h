/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer of the audit log. Format in formats/auditlog.h.
 *
 * Nothing acknowledged is ever unrecorded: an intent is on disk before the effect, an outcome before the reply. A full disk
 * refuses changes (rule audit.space) while reads go on from a reserve; a failed write or sync makes the log refuse from there
 * on, since what the kernel dropped cannot be known (fsyncgate), until a restart has verified what is there.
 */
#ifndef TW_SERVICE_AUDIT_H
#define TW_SERVICE_AUDIT_H
#include "formats/auditlog.h"
#include "base/json.h"
#include "sys/clock.h"

typedef struct tw_audit tw_audit;
struct tw_audit_keys { /* served by the keys role; by a plain key in tests */
	tw_err (*epoch_key)(void *user, uint64_t epoch, uint8_t ret[32]);
	tw_err (*sign)(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE]);
	void *user;
};
struct tw_audit_options {
	int dir;                       /* the log's directory */
	uint32_t segment_size;         /* preallocated; 256 KiB..16 MiB */
	uint8_t boot_id[16];
	uint64_t boot_count;
	uint8_t device[32];
	const tw_key *device_key;      /* public, to verify what is there */
	const struct tw_audit_keys *keys;
	const struct tw_time *time;
};
/* Verifies what is there, cuts a torn tail, closes open intents as "unknown", opens a new epoch and records all of that. */
tw_err tw_audit_open(const struct tw_sys *sys, const struct tw_audit_options *o, tw_audit **ret);
tw_audit *tw_audit_free(tw_audit *a);
TW_DEFINE_FREEP(tw_audit, tw_audit_free)
/* body is consumed. The record is in the batch; durable after tw_audit_commit. ret_seq may be NULL. */
tw_err tw_audit_append(tw_audit *a, enum tw_log_type type, json_t *body, uint64_t *ret_seq);
/* As append, but the body is JSON text already (the hot path of reads). */
tw_err tw_audit_append_text(tw_audit *a, enum tw_log_type type, struct tw_slice body, uint64_t *ret_seq);
tw_err tw_audit_commit(tw_audit *a);            /* writes and syncs the batch */
bool tw_audit_pending(const tw_audit *a);       /* something is appended and not yet committed */
tw_err tw_audit_checkpoint(tw_audit *a);        /* signs the head, commits; nothing when nothing was appended since the last */
uint64_t tw_audit_last(const tw_audit *a);
uint64_t tw_audit_epoch(const tw_audit *a);
/* Recent records for people, newest first: calls visit with the raw JSON body. */
tw_err tw_audit_recent(tw_audit *a, size_t count, bool (*visit)(void *user, const struct tw_log_record *r), void *user);
#endif
