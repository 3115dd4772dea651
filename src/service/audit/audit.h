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

#define TW_AUDIT_SEGMENT_MIN (256 * 1024)
#define TW_AUDIT_SEGMENT_MAX (16 * 1024 * 1024)
typedef struct tw_audit tw_audit;
struct tw_audit_keys {                                                    /* served by the keys role; by a plain key in tests */
	tw_err (*epoch_key)(void *user, uint64_t epoch, uint8_t ret[32]); /* each epoch once, rising; STATE: not above the last */
	tw_err (*sign)(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE]);
	void *user;
	/* Of any epoch below the last one given; DENIED: not below. Finds how far the keys are ahead of a log that lost its end. */
	tw_err (*old_key)(void *user, uint64_t epoch, uint8_t ret[32]);
};
struct tw_audit_options {
	int dir;               /* the log's directory */
	uint32_t segment_size; /* preallocated; TW_AUDIT_SEGMENT_MIN..MAX */
	uint8_t boot_id[16];
	uint64_t boot_count;
	uint8_t device[32];
	const tw_key *device_key; /* public, to verify what is there */
	const struct tw_audit_keys *keys;
	const struct tw_time *time;
	/* A log that was closed whole and that nobody has touched since is read from where the last start or look left off, and owes the look through what
	   lies before. For a side where nothing hangs on the start's word of the whole log: a device confirms its boot by that, and reads it all. */
	bool later;
	/* Does this open intent belong to something that outlives a restart and will record its outcome itself? NULL: none does. */
	bool (*keeps)(void *user, uint64_t intent);
	void *keeps_user;
};
/* Verifies what is there, cuts a torn tail, closes open intents as "unknown", those apart that somebody keeps, opens a new epoch and records all of that. */
tw_err tw_audit_open(const struct tw_sys *sys, const struct tw_audit_options *o, tw_audit **ret);
/* With `later`: at the end, after the last checkpoint, so that the next open may read less. Does nothing where that would not be true. */
tw_err tw_audit_close(tw_audit *a);
bool tw_audit_owes(const tw_audit *a); /* segments that have ended were not looked through yet since the open */
/* So long of what it owes. UNTRUSTED: the log does not verify and is to be freed; the next open reads it all, finds the same, and sets it aside. After
   another failure it begins anew. */
tw_err tw_audit_look(tw_audit *a, unsigned ms, bool *ret_more);
tw_audit *tw_audit_free(tw_audit *a);
TW_DEFINE_FREEP(tw_audit, tw_audit_free)
/* body is consumed. The record is in the batch; durable after tw_audit_commit. ret_seq may be NULL. */
tw_err tw_audit_append(tw_audit *a, enum tw_log_type type, json_t *body, uint64_t *ret_seq);
/* As append, but the body is JSON text already (the hot path of reads). */
tw_err tw_audit_append_text(tw_audit *a, enum tw_log_type type, struct tw_slice body, uint64_t *ret_seq);
tw_err tw_audit_commit(tw_audit *a);      /* writes and syncs the batch */
bool tw_audit_pending(const tw_audit *a); /* something is appended and not yet committed */
tw_err tw_audit_checkpoint(tw_audit *a);  /* signs the head, commits; nothing when nothing was appended since the last */
uint64_t tw_audit_last(const tw_audit *a);
uint64_t tw_audit_epoch(const tw_audit *a);
/* The log's end as it is on the disk: commits what is pending first. */
struct tw_audit_head {
	uint64_t epoch, seq, checkpoint; /* checkpoint: the last signed record; 0: none yet */
	uint8_t chain[32];               /* of record seq */
};
tw_err tw_audit_head(tw_audit *a, struct tw_audit_head *ret);
/* Recent records for people, newest first, those before a sequence number (0: from the end): calls visit with the raw JSON body. */
tw_err tw_audit_recent(tw_audit *a, uint64_t before, size_t count, bool (*visit)(void *user, const struct tw_log_record *r), void *user);
#define TW_AUDIT_RECENT_MAX 1000
/* Ends the epoch (signed) and begins the next with a fresh key: the owner may then be given the keys of all earlier ones. */
tw_err tw_audit_epoch_next(tw_audit *a, const char *why);
/* The first epoch above this one that segments on this device belong to; 0: none. The present one is the last. */
uint64_t tw_audit_epoch_after(const tw_audit *a, uint64_t epoch);
const uint8_t *tw_audit_device(const tw_audit *a); /* the device key's fingerprint, 32 bytes */

/* A reader that goes along with the log, in steps. After: the last record it has. NOTFOUND: the log does not go on from there. */
struct tw_audit_follow {
	struct tw_log_state state; /* where offset is; without a key */
	uint64_t segment, after;
	size_t offset; /* 0: the segment is not begun yet */
};
uint64_t tw_audit_durable(const tw_audit *a);
tw_err tw_audit_follow(const tw_audit *a, uint64_t after, struct tw_audit_follow *ret);
bool tw_audit_follow_behind(const tw_audit *a, const struct tw_audit_follow *f); /* a step may find something */
/* Gives durable records in their order until visit returns false (that one comes again) or a little is read. NOTFOUND: the log was
   begun anew. UNTRUSTED: somebody changed it under us. */
tw_err tw_audit_follow_step(tw_audit *a, struct tw_audit_follow *f, bool (*visit)(void *user, const struct tw_log_record *r), void *user);

/* Segments as they lie on this device, oldest first: those from first_seq `from` on, at most max. */
struct tw_audit_part {
	uint64_t first_seq, epoch;
	bool open; /* records are still added */
};
size_t tw_audit_parts(const tw_audit *a, uint64_t from, size_t max, struct tw_audit_part *ret);
/* The bytes of one segment, to be handed on: a closed one as its file, opened for reading only (it never changes again); the open
   one as a sealed copy, since its descriptor would show whoever holds it all that is written later. NOTFOUND. */
tw_err tw_audit_part_file(tw_audit *a, uint64_t first_seq, int *ret_fd, uint64_t *ret_size);
/* For going through the whole log beside its writing. Segments are only ever added; the last one is written on, and ends for the
   reader where it was durable when asked. */
size_t tw_audit_segments(const tw_audit *a);
bool tw_audit_segment(const tw_audit *a, size_t i, char ret_name[32], uint64_t *ret_first_seq,
	uint64_t *ret_written);                                                 /* false: no such. written: 0 for all of the file */
tw_err tw_audit_segment_open(const tw_audit *a, size_t i, int *ret_fd);         /* NOTFOUND: the file is gone */
tw_err tw_audit_closed_key(const tw_audit *a, uint64_t epoch, uint8_t ret[32]); /* of an epoch that has ended. NOTFOUND: not at hand */

/* What recovery found wrong with the log of earlier starts, "" when it verified. Such a log is set aside, never mended. */
const char *tw_audit_fault(const tw_audit *a);
/* "" while records can be made durable; else why not, until a restart. */
const char *tw_audit_broken(const tw_audit *a);

/* Records that a peer was refused, within its budget; beyond it only counts, so that a flood fills no log. source names the
   peer ("192.0.2.7"), body as for tw_audit_append. Counts are sealed as TW_LOG_REFUSALS when their minute is over. */
tw_err tw_audit_refused(tw_audit *a, const char *source, struct tw_slice body);
int64_t tw_audit_refusals_due_ms(const tw_audit *a);  /* boot time when a count is to be sealed; -1: nothing waits, arm no timer */
tw_err tw_audit_refusals_seal(tw_audit *a, bool all); /* those due, or all (at the end) */
#endif
