/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log's bytes: segments, records, the chain, the seals. Pure; src/service/audit writes, the tool verifies.
 * doc/spec/audit-log.md describes the format so that a stranger can write a verifier from the page. Version 1 is a draft.
 */
#ifndef TW_FORMATS_AUDITLOG_H
#define TW_FORMATS_AUDITLOG_H
#include "base/cursor.h"
#include "crypto/cert.h"

#define TW_LOG_HEADER_SIZE 512
#define TW_LOG_BODY_MAX 4096
#define TW_LOG_SALT 16
#define TW_LOG_RECORD_MIN 114 /* with the body {} */
#define TW_LOG_RECORD_MAX (TW_LOG_BODY_MAX + 256)
#define TW_LOG_BATCH_MAX (64 * 1024) /* a writer syncs before more than this is on its way: no power cut can tear more */

enum tw_log_type {
	TW_LOG_INTENT = 1,  /* what is about to be done; durable before it is */
	TW_LOG_OUTCOME = 2, /* what became of an intent (field "intent" names its sequence number) */
	TW_LOG_EVENT = 3,
	TW_LOG_READ = 4,
	TW_LOG_REFUSALS = 5,   /* a sealed count of refusals beyond a source's budget */
	TW_LOG_CHECKPOINT = 6, /* head of the chain signed by the device key */
	TW_LOG_OPEN = 7,       /* start of an epoch: why, and what recovery found */
	TW_LOG_TYPE_USED = 8,  /* 8..63 are reserved (tombstone, anchor, compressed block) and refused */
};
/* start = SHA-256("thingward-log-segment-1" NUL || the header's first 480 bytes): the chain's value before the first record, so
   that no word of a header can change without every later chain value and signature changing too. */
struct tw_log_header {
	uint64_t epoch, boot_count, first_seq;
	uint64_t key_index; /* records written under this epoch before this segment: how often its key has moved on */
	uint8_t boot_id[16];
	uint8_t device[32];    /* fingerprint of the device key */
	uint8_t previous[32];  /* chain value at the end of the segment before; zero in the very first */
	uint8_t key_check[32]; /* HMAC of the header under the segment's first key: proves a key belongs to it */
	uint8_t start[32];
	uint32_t segment_size;
	int64_t created_ms;
};
struct tw_log_record {
	enum tw_log_type type;
	uint64_t seq;
	int64_t wall_ms, boot_ms;
	uint8_t salt[TW_LOG_SALT];
	struct tw_slice body; /* JSON object, UTF-8 */
	uint8_t chain[32];    /* after this record */
	uint8_t mac[32];
	size_t size; /* on disk */
};
/* What carries the chain forward: the last chain value and the current forward-secure key. Both change with every record. */
struct tw_log_state {
	uint64_t next_seq;  /* the first record of a log has 1 */
	uint64_t key_index; /* records since the epoch's first key */
	uint8_t chain[32];
	uint8_t key[32];
	bool has_key; /* a verifier without keys checks the chain and the signatures only */
};
/* The first key of a new epoch. The caller wipes its copy. */
void tw_log_epoch_begin(struct tw_log_state *s, const uint8_t key[32]);
/* Starts a segment at s: the caller fills epoch, boot_count, boot_id, device, segment_size and created_ms; first_seq, key_index,
   previous, key_check and start are filled in here, and the chain moves on to start. STATE without a key. */
tw_err tw_log_segment_begin(struct tw_log_state *s, struct tw_log_header *h, uint8_t ret[TW_LOG_HEADER_SIZE]);
tw_err tw_log_header_read(struct tw_slice bytes, struct tw_log_header *ret); /* SYNTAX, UNSUPPORTED for another version, UNTRUSTED: start differs */
tw_err tw_log_header_check(const struct tw_log_header *h, const uint8_t key[32]); /* the segment's first key belongs to it: UNTRUSTED */
/* Appends the record's bytes to b and moves the state on; r->seq, chain, mac and size are filled in. The caller fills type, times,
   body and a random salt. SYNTAX: a reserved type. STATE: no key. */
tw_err tw_log_record_write(struct tw_log_state *s, struct tw_log_record *r, struct tw_buf *b);
/* Reads and checks the record at the cursor and moves both on. NOTFOUND: zero fill (end of the written part).
   SYNTAX: torn or malformed. UNTRUSTED: chain, sequence or mac differ. */
tw_err tw_log_record_read(struct tw_log_state *s, struct tw_cursor *c, struct tw_log_record *ret);
#define TW_LOG_CHECKPOINT_MESSAGE 103
/* What a checkpoint's signature covers: everything up to and with record seq, whose chain value it names. */
tw_err tw_log_checkpoint_message(const uint8_t device[32], uint64_t epoch, uint64_t seq, const uint8_t chain[32], struct tw_buf *ret);
struct tw_log_checkpoint {
	uint8_t device[32], chain[32];
	uint64_t epoch, seq;
};
tw_err tw_log_checkpoint_parse(struct tw_slice message, struct tw_log_checkpoint *ret); /* what keys reads before it signs. SYNTAX */
/* The body of the TW_LOG_CHECKPOINT record that follows record seq. */
tw_err tw_log_checkpoint_body(
	uint64_t epoch, uint64_t seq, const uint8_t chain[32], const uint8_t signature[TW_SIGNATURE_SIZE], struct tw_buf *ret);

/*
 * The verifier: segments in order, each record against the chain, the keys it is given and the rules:
 *  - sequence numbers have no gap, across segments too; every segment starts from the chain value the one before ended with;
 *  - one device; epochs rise strictly, boot counts never fall; an epoch's first record is TW_LOG_OPEN and no other is;
 *  - a segment's key is the epoch's own (a log sealed again with a later key is found here);
 *  - a checkpoint names the record before it and its signature holds;
 *  - an outcome names an intent that is open.
 * It stops at the first thing that is wrong and says where. What no signature covers yet is "unproven", not wrong.
 */
struct tw_log_report {
	uint64_t first_seq, last_seq, records, segments, checkpoints;
	uint64_t proven_seq; /* covered by the last good signature or anchor; later ones are "unproven since"; 0: none */
	uint64_t open_intents;
	uint64_t last_epoch, last_boot_count;
	uint8_t chain[32]; /* at last_seq: what the next segment names as previous */
	size_t tail;       /* offset behind the last good record of the last segment */
	size_t leftover;   /* bytes from tail to the last one that is not zero */
	bool torn;      /* the leftover is what a power cut may leave of an unfinished write; only the last segment may have one */
	bool keys_used; /* every segment's keys were at hand */
	char fault[TW_DETAIL_MAX]; /* "" when everything verifies: which segment, record, and rule */
};
/* Somebody outside remembers that record seq had this chain value. */
struct tw_log_anchor {
	uint64_t seq;
	uint8_t chain[32];
};
struct tw_log_verify {
	const tw_key *device; /* the public key for checkpoints; NULL: they are counted, and prove nothing */
	/* First key of an epoch, NOTFOUND when not at hand; may be NULL. */
	tw_err (*epoch_key)(void *user, uint64_t epoch, uint8_t ret[32]);
	void (*record)(void *user, const struct tw_log_header *h, const struct tw_log_record *r); /* each good record; may be NULL */
	void *user;
	const struct tw_log_anchor *anchors; /* outlive the verifier; rising by seq */
	size_t anchor_count;
};
#define TW_LOG_OPEN_INTENTS_MAX 4096 /* a device handles one change at a time: more is an attack on the verifier's memory */
typedef struct tw_log_verifier tw_log_verifier;
tw_err tw_log_verifier_new(const struct tw_sys *sys, const struct tw_log_verify *how, tw_log_verifier **ret);
tw_log_verifier *tw_log_verifier_free(tw_log_verifier *v);
TW_DEFINE_FREEP(tw_log_verifier, tw_log_verifier_free)
/* UNTRUSTED stops the run; report.fault says where. OK with a torn end: whether it may be there is seen by what follows. */
tw_err tw_log_verifier_segment(tw_log_verifier *v, struct tw_slice bytes, const char *name);
/*
 * The same in pieces, for a process that has other things to do. begin reads the header; some goes on by so many steps (a record each,
 * or a stretch of an epoch's keys) until *ret_end. bytes are the same whole segment each time.
 */
tw_err tw_log_verifier_begin(tw_log_verifier *v, struct tw_slice bytes, const char *name);
tw_err tw_log_verifier_some(tw_log_verifier *v, struct tw_slice bytes, unsigned steps, bool *ret_end);
size_t tw_log_verifier_at(const tw_log_verifier *v); /* bytes of the present segment that are behind it */
/*
 * Between two segments a run may be kept and taken up again by a verifier that was made the same way. What is kept holds no key:
 * the epoch's is asked for again. SYNTAX, LIMIT: these are no bytes of tw_log_verifier_save. STATE: within a segment, or stopped.
 */
#define TW_LOG_VERIFIER_SAVED_MAX (256 + 8 * TW_LOG_OPEN_INTENTS_MAX)
tw_err tw_log_verifier_save(const tw_log_verifier *v, struct tw_buf *ret);
tw_err tw_log_verifier_restore(tw_log_verifier *v, struct tw_slice saved);
/* After the last segment, for everybody but the writer that mends a torn end: UNTRUSTED when there is one, or an anchor beyond the end. */
tw_err tw_log_verifier_end(tw_log_verifier *v);
void tw_log_verifier_report(const tw_log_verifier *v, struct tw_log_report *ret);
bool tw_log_verifier_open_intent(const tw_log_verifier *v, size_t i, uint64_t *ret_seq); /* the i-th open intent; false past the last */
#endif
