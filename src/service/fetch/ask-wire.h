/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the ask role say to one another: a question is one datagram to one place, sent again while nobody answers, and what comes
 * back from that place alone. Several at a time; a tag says which. Integers big-endian, blocks length-prefixed.
 *
 * core -> ask  ASK. ENOUGH: the question of this tag needs no more answers.
 * ask -> core  HEARD: one datagram that came, which core judges; more may follow. ENDED: its time is over, or it could not be asked.
 * Both sides read what the other writes as if it were hostile.
 */
#ifndef TW_SERVICE_ASK_WIRE_H
#define TW_SERVICE_ASK_WIRE_H
#include "formats/network.h"
#include "base/buf.h"
#include "sys/channel.h"

#define TW_ASK_AT_ONCE 8
#define TW_ASK_PACKET_MAX 4096 /* the largest that RADIUS knows */
#define TW_ASK_DEADLINE_MAX_MS 30000
#define TW_ASK_ANSWERS_MAX 64 /* to one question: whoever sends more than that only disturbs */

enum tw_ask_wire {
	TW_ASK_ASK = 0x0a01,
	TW_ASK_ENOUGH,
	TW_ASK_HEARD = 0x0a11,
	TW_ASK_ENDED, /* u8 enum tw_ask_end */
};
extern const struct tw_channel_row tw_rows_ask_from_core[], tw_rows_core_from_ask[];

enum tw_ask_end {
	TW_ASK_SILENT = 1,  /* nobody answered in time, or nobody with what core took for an answer */
	TW_ASK_UNREACHABLE, /* likewise, and the network said that nobody is there */
	TW_ASK_FAILED,      /* it could not be sent at all; said by core: the role died, or could not be started */
	TW_ASK_ENDS
};

struct tw_place {            /* an address and a port, as numbers: whoever asks a name server first asks two */
	uint8_t address[16]; /* IPv6, or IPv4 mapped into it */
	uint16_t port;
};
/* "192.0.2.1:1812", "[2001:db8::1]:1812": one host that can answer. SYNTAX */
tw_err tw_place_read(const char *text, struct tw_place *ret);
struct tw_network tw_place_network(const struct tw_place *place); /* its host */

struct tw_ask_job {
	struct tw_place to;
	uint16_t deadline_ms; /* 1 to TW_ASK_DEADLINE_MAX_MS */
	uint16_t again_ms; /* after which it is sent again, and then ever more seldom (RFC 5080 section 2.2.1); 1 to deadline_ms */
	struct tw_slice packet;
};
#define TW_ASK_MAX (16 + 2 + 2 + 2 + 2 + TW_ASK_PACKET_MAX)
tw_err tw_ask_job_write(const struct tw_ask_job *a, struct tw_buf *b);
tw_err tw_ask_job_read(struct tw_slice payload, struct tw_ask_job *ret); /* SYNTAX, LIMIT; the packet points into payload */
#endif
