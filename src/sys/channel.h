/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between roles over a SOCK_SEQPACKET pair: one datagram, one row of a table.
 *
 * A message is { type u16, flags u16, tag u32, size u32 } big-endian, then size bytes, and at most TW_CHANNEL_FDS descriptors.
 * The receiver holds a table of rows; a message that no row permits in the present state, or whose size is outside the row's
 * bounds, is an attack: tw_channel_receive raises UNTRUSTED and the caller ends the peer.
 */
#ifndef TW_SYS_CHANNEL_H
#define TW_SYS_CHANNEL_H
#include "base/buf.h"
#include "base/err.h"
#include "base/sys.h"

#define TW_CHANNEL_HEAD 12
#define TW_CHANNEL_FDS 8 /* as many as a device has listeners */
/* 64 KiB of body and 16 KiB of head. What is larger crosses as a descriptor (sys/parcel.h). */
#define TW_CHANNEL_MAX (80 * 1024)

enum tw_channel_flag { TW_CHANNEL_ONCE = 1, TW_CHANNEL_AFTER_READY = 2 };
struct tw_channel_row {
	uint16_t type;
	uint16_t flags;    /* ONCE: a second one is an attack */
	uint32_t min, max; /* of the payload */
	const char *name;
	unsigned fds; /* it may carry so many descriptors; one more is an attack */
};
struct tw_message {
	uint16_t type;
	uint32_t tag;            /* pairs an answer with its question */
	struct tw_slice payload; /* points into the channel's buffer: valid until the next receive */
	int fds[TW_CHANNEL_FDS];
	size_t fd_count; /* the receiver owns them */
	bool fds_lost;   /* it carried some, as its row permits, and we have no place left for them: nobody's attack */
};
typedef struct tw_channel tw_channel;

/* rows: ended by type 0; what this side may receive. */
tw_err tw_channel_new(const struct tw_sys *sys, int fd, const struct tw_channel_row *rows, tw_channel **ret);
tw_channel *tw_channel_free(tw_channel *c); /* closes fd */
int tw_channel_fd(const tw_channel *c);
void tw_channel_ready(tw_channel *c); /* AFTER_READY rows are allowed from now on */
/* TIMEOUT: would block (a SEQPACKET send is whole or not at all). CLOSED: the peer has gone. */
tw_err tw_channel_send(tw_channel *c, uint16_t type, uint32_t tag, const void *payload, size_t size, const int *fds, size_t fd_count);
/* TIMEOUT: nothing there. CLOSED. UNTRUSTED: no row permits it. */
tw_err tw_channel_receive(tw_channel *c, struct tw_message *ret);
void tw_message_drop(const struct tw_sys *sys, struct tw_message *m); /* closes the descriptors nobody took */
/*
 * As many as are there, at most TW_CHANNEL_BATCH, in one call to the kernel; on channels whose rows carry no descriptors. What came
 * before an error is in ret all the same, *ret_count of them; OK: at least one. Payloads are valid until the next receive.
 */
#define TW_CHANNEL_BATCH 16
tw_err tw_channel_batch(tw_channel *c); /* makes room for it, before the first receive. NOMEM */
tw_err tw_channel_receive_batch(tw_channel *c, struct tw_message ret[TW_CHANNEL_BATCH], size_t *ret_count);
/*
 * Blocks up to timeout_ms for the answer to one question: for start-up and key operations only, on channels where the peer sends
 * nothing but answers (messages with another tag are late answers, and dropped).
 * TIMEOUT. CLOSED. DENIED: the peer answered with a permitted message of another type; ret holds it.
 */
tw_err tw_channel_call(
	tw_channel *c, uint16_t type, const void *payload, size_t size, uint16_t answer, int timeout_ms, struct tw_message *ret);
#endif
