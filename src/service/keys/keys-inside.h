/* SPDX-License-Identifier: Apache-2.0 */
/* The keys role from inside: its state, and the questions about slots of the keystore. */
#ifndef TW_SERVICE_KEYS_INSIDE_H
#define TW_SERVICE_KEYS_INSIDE_H
#include "service/keys/keys.h"
#include "service/keys/keystore.h"

struct tw_keys {
	const struct tw_sys *sys;
	int dir;
	tw_key *identity;                   /* in plain layout; else it is in the keystore */
	tw_key *listener, *listener_before; /* before: until the handshakes that began with its certificate are over */
	tw_cert *identity_cert;
	struct tw_site_chain listener_chain;
	tw_secret *secret, *master;
	struct tw_buf statement_head; /* what every signing input of a statement begins with */
	struct tw_buf inventory_head; /* and of an inventory */
	struct tw_buf export_head;    /* and of an export */
	uint8_t device[32];
	uint64_t epoch;      /* the highest number used up, 0 for none */
	uint64_t given;      /* the one being written: its key was given out in this run; 0 for none */
	uint64_t signed_seq; /* of the last checkpoint */
	uint8_t signed_chain[32];
	uint64_t journal_size;             /* entries of the longest journal whose head was signed */
	const tw_secret *root;             /* from outside, or NULL */
	const struct tw_role_start *words; /* of hands, or NULL */
	bool root_near;                    /* it only seems to be from outside */
	bool plain;                        /* the files of `thingward provision` count, not the keystore (keys-layout.c) */
	bool unsure;                       /* ... or it does, after a cut: both are kept */
	tw_keystore *store;                /* opened when something first needs it */
	struct {
		uint16_t type; /* of the question; 0: none */
		struct tw_buf in;
		unsigned stage; /* for the question's own use; 0 in its first turn */
	} paused;               /* what MORE was said of */
};

/* Small secrets, each a file, sealed by the keystore or plain. */
enum tw_keys_secret { TW_KEYS_OF_LISTENER, TW_KEYS_OF_TAKEOVER, TW_KEYS_OF_LOG, TW_KEYS_SECRETS };
tw_err tw_keys_need_store(tw_keys *k);
tw_err tw_keys_ask_store(tw_keys *k); /* the same when core asks: never UNTRUSTED */
tw_err tw_keys_secret_read(tw_keys *k, enum tw_keys_secret which, tw_secret **ret);
tw_err tw_keys_secret_write(tw_keys *k, enum tw_keys_secret which, struct tw_slice content);
tw_err tw_keys_identity_open(tw_keys *k, uint8_t ret_point[TW_POINT_SIZE]); /* finds out which layout there is */
tw_err tw_keys_identity_sign(tw_keys *k, struct tw_slice text, uint8_t ret[TW_SIGNATURE_SIZE]);
void tw_keys_tidy(tw_keys *k);         /* goes on with what a cut left half done */
bool tw_keys_paused(const tw_keys *k); /* the turn is over, which an error has said, and it goes on in another one */

/* What a row of the channel runs: the question's payload in, the answer's out. UNTRUSTED: core broke the rules. */
typedef tw_err tw_keys_answer(tw_keys *k, struct tw_slice in, struct tw_buf *out);
tw_keys_answer tw_keys_slot_new, tw_keys_slot_rotate, tw_keys_slot_point, tw_keys_slot_remove, tw_keys_slot_sign, tw_keys_slots,
	tw_keys_state, tw_keys_store_rotate, tw_keys_adopt, tw_keys_purge;
#endif
