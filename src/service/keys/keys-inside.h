/* SPDX-License-Identifier: Apache-2.0 */
/* The keys role from inside: its state, and the questions about slots of the keystore. */
#ifndef TW_SERVICE_KEYS_INSIDE_H
#define TW_SERVICE_KEYS_INSIDE_H
#include "service/keys/keys.h"
#include "service/keys/keystore.h"

struct tw_keys {
	const struct tw_sys *sys;
	int dir;
	tw_key *identity, *listener;
	tw_cert *identity_cert, *listener_cert;
	tw_secret *secret, *master;
	struct tw_buf statement_head; /* what every signing input of a statement begins with */
	uint8_t device[32];
	uint64_t epoch;      /* the highest number used up, 0 for none */
	uint64_t given;      /* the one being written: its key was given out in this run; 0 for none */
	uint64_t signed_seq; /* of the last checkpoint */
	uint8_t signed_chain[32];
	const struct tw_role_start *words; /* of hands, or NULL */
	tw_keystore *store;                /* opened when something first needs it */
};

/* What a row of the channel runs: the question's payload in, the answer's out. UNTRUSTED: core broke the rules. */
typedef tw_err tw_keys_answer(tw_keys *k, struct tw_slice in, struct tw_buf *out);
tw_keys_answer tw_keys_slot_new, tw_keys_slot_rotate, tw_keys_slot_point, tw_keys_slot_remove, tw_keys_slot_sign, tw_keys_slots,
	tw_keys_state;
#endif
