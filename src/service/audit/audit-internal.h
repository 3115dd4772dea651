/* SPDX-License-Identifier: Apache-2.0 */
/* The writer's state, shared by audit*.c and nobody else. */
#ifndef TW_SERVICE_AUDIT_INTERNAL_H
#define TW_SERVICE_AUDIT_INTERNAL_H
#include "service/audit/audit.h"

#define TW_AUDIT_SUFFIX ".twlog"
#define TW_AUDIT_SPARE "spare"
#define TW_AUDIT_CLOSED "closed"
#define TW_AUDIT_NAME_SIZE 32               /* 20 digits, the suffix, a NUL */
#define TW_AUDIT_BATCH_MAX TW_LOG_BATCH_MAX /* one write: what a power cut can take, and what the verifier accepts as torn */
/* Kept free in the last segment when no spare can be made: for outcomes, events and the end of an epoch. */
#define TW_AUDIT_RESERVE (32 * 1024)

struct tw_audit_segment {
	uint64_t first_seq, epoch;
};
/* One source of refusals. */
struct tw_audit_source {
	char name[64];
	uint64_t suppressed;
	int64_t window_ms; /* boot time when its minute began */
	unsigned recorded; /* in this minute */
	bool used;
};
/* What an open may leave for later (audit-closed.c). */
struct tw_audit_look {
	bool on;       /* asked for */
	bool inside;   /* bytes are the segment `next`, part of which is behind the verifier */
	bool doubtful; /* it found something, or could not go on: no word is left */
	tw_key *device;
	tw_log_verifier *v; /* NULL: it begins with the first segment */
	size_t next;        /* the segments before are behind it */
	size_t state_at;    /* so many segments are behind `state` */
	struct tw_buf state, bytes;
};
#define TW_AUDIT_SOURCES 32
#define TW_AUDIT_OTHERS TW_AUDIT_SOURCES /* the common row, behind those of single sources */

struct tw_audit {
	const struct tw_sys *sys;
	struct tw_audit_options o;
	struct tw_audit_keys keys;
	struct tw_log_state state;
	uint64_t epoch;

	int fd;              /* the present segment */
	size_t written;      /* durable bytes in it */
	struct tw_buf batch; /* appended, not yet durable; belongs at `written` */
	bool fresh;          /* the batch begins a new segment: fd is still the spare, without its final name */
	int spare;           /* a segment of zeros, ready; -1: none */
	struct tw_audit_segment *segments;
	size_t segment_count, segment_room;

	uint64_t durable_seq;  /* the last record that is on disk */
	uint64_t checkpointed; /* sequence number of the last checkpoint record */
	uint8_t salts[32 * TW_LOG_SALT];
	size_t salts_left;
	char fault[TW_DETAIL_MAX], broken[TW_DETAIL_MAX];

	struct tw_audit_look look;

	struct tw_audit_source sources[TW_AUDIT_SOURCES + 1];
	int64_t total_window_ms;
	unsigned total_recorded;
};

void tw_audit_name(uint64_t first_seq, char ret[TW_AUDIT_NAME_SIZE]);
tw_err tw_audit_break(tw_audit *a, tw_err why); /* the log refuses from now on; returns why */
/* Segments (audit-segment.c). */
tw_err tw_audit_spare_ready(tw_audit *a); /* LIMIT: no room for one */
tw_err tw_audit_segment_note(tw_audit *a, uint64_t first_seq, uint64_t epoch);
tw_err tw_audit_segment_begin(tw_audit *a); /* the batch is empty; ends the present segment */
tw_err tw_audit_segment_name(tw_audit *a);  /* after the first sync of a fresh one */
tw_err tw_audit_segment_cut(tw_audit *a, uint64_t first_seq, size_t size);
/* Opening (audit-open.c). */
tw_err tw_audit_epoch_begin(tw_audit *a); /* next key and first segment; the caller appends TW_LOG_OPEN */
/* What the verifier lets pass, since a log may end so while it is written: UNTRUSTED. bytes are the segment that it has just ended. */
tw_err tw_audit_segment_sound(tw_log_verifier *v, struct tw_slice bytes, uint64_t first_seq, const char *name);
/* What a close left (audit-closed.c). */
tw_err tw_audit_look_new(tw_audit *a); /* while the device key is at hand */
void tw_audit_look_done(tw_audit *a);
/* Takes the word away. When it is to be believed, the segments that it lets an open pass over are noted, and *ret is a verifier that is behind them. */
tw_err tw_audit_word_take(tw_audit *a, const uint64_t *seqs, size_t count, tw_log_verifier **ret);
tw_err tw_audit_word_digest(tw_audit *a, struct tw_slice state, uint8_t ret[32]);
/* Once the log is open: *v has gone through what was read of the segments found, and may be taken. */
tw_err tw_audit_look_begin(tw_audit *a, tw_log_verifier **v, size_t passed_over, size_t segments);
#endif
