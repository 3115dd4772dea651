/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What core and the fetch role say to one another: one job, one answer. Integers big-endian, blocks length-prefixed.
 *
 * core -> fetch  JOB, and BODY right behind it when the job has one. SIGNED: DER, empty when core would not.
 * fetch -> core  SIGN: what the TLS client has to sign, while a job with a certificate runs. HEAD and then its body in PIECEs; or
 *                FAILED instead of either.
 * Both sides read what the other writes as if it were hostile.
 */
#ifndef TW_SERVICE_FETCH_WIRE_H
#define TW_SERVICE_FETCH_WIRE_H
#include "base/buf.h"
#include "service/fetch/demand.h"
#include "sys/channel.h"

#define TW_FETCH_URL_MAX 1024
#define TW_FETCH_TYPE_MAX 96
#define TW_FETCH_AUTHORIZATION_MAX 512
#define TW_FETCH_ANCHORS_MAX (16 * 1024)    /* PEM; about twenty authorities */
#define TW_FETCH_CERTIFICATE_MAX (8 * 1024) /* PEM; a leaf and three intermediates */
#define TW_FETCH_BODY_MAX (64 * 1024)
#define TW_FETCH_ANSWER_MAX (256 * 1024)
#define TW_FETCH_PIECE_MAX (32 * 1024)
#define TW_FETCH_DEADLINE_MAX_S 60
#define TW_FETCH_WORDS_MAX 200
#define TW_FETCH_LINK_MAX 15

enum tw_fetch_wire {
	TW_FETCH_JOB = 0x0701,
	TW_FETCH_BODY,
	TW_FETCH_SIGNED,
	TW_FETCH_SIGN = 0x0711,
	TW_FETCH_HEAD,
	TW_FETCH_PIECE,
	TW_FETCH_FAILED, /* u8 enum tw_fetch_failure, then words */
};
extern const struct tw_channel_row tw_rows_fetch_from_core[], tw_rows_core_from_fetch[];

enum tw_fetch_method { TW_FETCH_GET = 1, TW_FETCH_POST };
enum tw_fetch_failure {
	TW_FETCH_NO_FAILURE,
	TW_FETCH_URL,         /* not https, or no address at all */
	TW_FETCH_UNRESOLVED,  /* no name server knows the name, or none answers */
	TW_FETCH_UNREACHABLE, /* nobody takes a connection there */
	TW_FETCH_TIMEOUT,
	TW_FETCH_UNTRUSTED, /* the other side is not who it should be, by the anchors given */
	TW_FETCH_TLS,       /* no TLS comes about, or the other side refuses us */
	TW_FETCH_TOO_LARGE,
	TW_FETCH_BAD_ANSWER,
	TW_FETCH_REDIRECTED, /* to another host, or in circles */
	/* It does not meet what is demanded of it, and was told nothing: */
	TW_FETCH_VERSION, /* it speaks no version of TLS that is new enough */
	TW_FETCH_SUITE,   /* nor any suite or group that is allowed */
	TW_FETCH_KEY,     /* it has none of the keys that are named */
	TW_FETCH_POSTURE, /* it does not say, signed, that it is in the state that is wanted */
	TW_FETCH_HOME,    /* it is a home system, this is not home, and it is no mutual TLS */
	TW_FETCH_INTERNAL,
	TW_FETCH_ENDED,       /* said by core: the role ended before it was done */
	TW_FETCH_UNAVAILABLE, /* likewise: it could not be started */
	TW_FETCH_FAILURES
};
extern const char *const tw_fetch_failure_names[TW_FETCH_FAILURES];

struct tw_fetch_job {
	enum tw_fetch_method method;
	unsigned deadline_s; /* 1 to TW_FETCH_DEADLINE_MAX_S */
	uint32_t answer_max; /* bytes of body; 1 to TW_FETCH_ANSWER_MAX */
	uint32_t body_size;  /* 0: none; BODY follows otherwise */
	int64_t now_ms;      /* by core's time, which knows what the clock is worth: certificates are judged by it */
	struct tw_slice url, type, accept, authorization; /* all but url may be empty */
	struct tw_slice anchors;                          /* PEM; nobody else is trusted */
	bool by_key; /* there are no anchors: trusted is who has one of the demanded keys himself, whatever his certificate says */
	struct tw_slice link;        /* by which alone it goes; empty: by whichever leads there */
	struct tw_slice certificate; /* PEM, the leaf first; empty: the client shows none */
	struct tw_fetch_demand demand;
};
#define TW_FETCH_JOB_MAX                                                                                     \
	(64 + TW_FETCH_URL_MAX + 2 * TW_FETCH_TYPE_MAX + TW_FETCH_AUTHORIZATION_MAX + TW_FETCH_ANCHORS_MAX + \
		TW_FETCH_CERTIFICATE_MAX + TW_FETCH_LINK_MAX + TW_DEMAND_HOME_MAX * TW_DEMAND_HOME_SIZE +    \
		TW_DEMAND_KEYS_MAX * TW_DEMAND_KEY_SIZE + TW_DEMAND_PATH_MAX + TW_DEMAND_ATTESTER_SIZE + TW_DEMAND_CLAIMS_MAX)
tw_err tw_fetch_job_write(const struct tw_fetch_job *j, struct tw_buf *b);
tw_err tw_fetch_job_read(struct tw_slice payload, struct tw_fetch_job *ret); /* SYNTAX, LIMIT; slices point into payload */

struct tw_fetch_head {
	unsigned status;
	uint32_t retry_after_s; /* 0: it said nothing of it */
	uint32_t size;          /* of the body */
	struct tw_slice type;
};
tw_err tw_fetch_head_write(const struct tw_fetch_head *h, struct tw_buf *b);
tw_err tw_fetch_head_read(struct tw_slice payload, struct tw_fetch_head *ret);

/*
 * The only text that a client's key signs for fetch: what a TLS 1.3 client signs (RFC 8446 section 4.4.3). A role that was taken
 * over can have nothing else signed with it, neither a request for a certificate nor a TLS 1.2 handshake.
 */
#define TW_FETCH_SIGN_MIN 130 /* with a transcript's hash by SHA-256 */
#define TW_FETCH_SIGN_MAX 146 /* by SHA-384 */
bool tw_fetch_sign_valid(struct tw_slice text);
#endif
