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
#define TW_LOG_RECORD_MAX (TW_LOG_BODY_MAX + 256)

enum tw_log_type {
	TW_LOG_INTENT = 1,     /* what is about to be done; durable before it is */
	TW_LOG_OUTCOME = 2,    /* what became of an intent (field "intent" names its sequence number) */
	TW_LOG_EVENT = 3,
	TW_LOG_READ = 4,
	TW_LOG_REFUSALS = 5,   /* a sealed count of refusals beyond a source's budget */
	TW_LOG_CHECKPOINT = 6, /* head of the chain signed by the device key */
	TW_LOG_OPEN = 7,       /* start of an epoch: why, and what recovery found */
	TW_LOG_TYPE_USED = 8,  /* 8..63 are reserved (tombstone, anchor, compressed block) and refused */
};
struct tw_log_header {
	uint64_t epoch, boot_count, first_seq;
	uint8_t boot_id[16];
	uint8_t device[32];    /* fingerprint of the device key */
	uint8_t previous[32];  /* chain value before the first record */
	uint8_t key_check[32]; /* HMAC of the header under the segment's first key: proves a key belongs to it */
	uint32_t segment_size;
	int64_t created_ms;
};
struct tw_log_record {
	enum tw_log_type type;
	uint64_t seq;
	int64_t wall_ms, boot_ms;
	uint8_t salt[TW_LOG_SALT];
	struct tw_slice body;  /* JSON object, UTF-8 */
	uint8_t chain[32];     /* after this record */
	uint8_t mac[32];
	size_t size;           /* on disk */
};
/* What carries the chain forward: the last chain value and the current forward-secure key. Both change with every record. */
struct tw_log_state {
	uint64_t next_seq;
	uint8_t chain[32];
	uint8_t key[32];
	bool has_key;          /* a verifier without keys checks the chain and the signatures only */
};
tw_err tw_log_header_write(struct tw_log_header *h, const uint8_t key[32], uint8_t ret[TW_LOG_HEADER_SIZE]); /* fills key_check */
tw_err tw_log_header_read(struct tw_slice bytes, struct tw_log_header *ret); /* SYNTAX, UNSUPPORTED for another version */
tw_err tw_log_header_check(const struct tw_log_header *h, const uint8_t key[32]); /* UNTRUSTED */
/* Appends the record's bytes to b and moves the state on; r->seq, chain, mac and size are filled in. */
tw_err tw_log_record_write(struct tw_log_state *s, struct tw_log_record *r, struct tw_buf *b);
/* Reads and checks the record at the cursor and moves both on. NOTFOUND: zero fill (end of the written part).
   SYNTAX: torn or malformed. UNTRUSTED: chain, sequence or mac differ. */
tw_err tw_log_record_read(struct tw_log_state *s, struct tw_cursor *c, struct tw_log_record *ret);
/* What a checkpoint's signature covers, and its check. */
tw_err tw_log_checkpoint_message(const uint8_t device[32], uint64_t epoch, uint64_t seq, const uint8_t chain[32], struct tw_buf *ret);

struct tw_log_report {
	uint64_t first_seq, last_seq, records, segments, checkpoints;
	uint64_t proven_seq;   /* covered by the last good signature; later ones are "unproven since" */
	uint64_t open_intents;
	bool keys_used;
	char fault[TW_DETAIL_MAX]; /* "" when everything verifies: which segment, record, and rule */
};
/* Segments in order. device: the public key for checkpoints. epoch_key: first key of an epoch, NOTFOUND when not at hand; may be NULL. */
struct tw_log_verify {
	const tw_key *device;
	tw_err (*epoch_key)(void *user, uint64_t epoch, uint8_t ret[32]);
	void (*record)(void *user, const struct tw_log_header *h, const struct tw_log_record *r); /* each good record; may be NULL */
	void *user;
};
typedef struct tw_log_verifier tw_log_verifier;
tw_err tw_log_verifier_new(const struct tw_sys *sys, const struct tw_log_verify *how, tw_log_verifier **ret);
tw_log_verifier *tw_log_verifier_free(tw_log_verifier *v);
TW_DEFINE_FREEP(tw_log_verifier, tw_log_verifier_free)
tw_err tw_log_verifier_segment(tw_log_verifier *v, struct tw_slice bytes, const char *name); /* UNTRUSTED stops the run; report.fault says where */
void tw_log_verifier_report(const tw_log_verifier *v, struct tw_log_report *ret);
#endif
