/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where private keys live: one interface, several backends (a sealed file, a TPM 2.0, a PKCS#11 token). Only the keys role
 * opens one. A private half never comes out; small secrets are sealed to the backend and may lie anywhere.
 *
 * Every question to a token is bounded in time (TW_KEYSTORE_TIMEOUT_MS), and within a turn (token.h) so is every call: what asks several times
 * pauses with TIMEOUT where the next question would not fit, and called again in another turn it goes on where it was. One exception: the first
 * opening of all asks two questions in one turn (what the token is, and to wrap the vault's root), as before the vault is there is nothing to go on from.
 * A backend that is gone is never replaced by another one in silence.
 * What may be wrong has one code each: NOTFOUND no such key; CLOSED the token is absent or was taken out; DENIED the PIN is
 * wrong; STATE the token is locked, or not made ready; TIMEOUT it does not answer in time. The detail says which token.
 */
#ifndef TW_SERVICE_KEYSTORE_H
#define TW_SERVICE_KEYSTORE_H
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/key.h"
#include "crypto/token.h"

#define TW_SLOT_MAX 48 /* a key's name: a-z, 0-9, '.' and '-', beginning with a letter */
#define TW_SEALED_SECRET_MAX 2048
#define TW_KEYSTORE_TIMEOUT_MS TW_TOKEN_TIMEOUT_MS

struct tw_keystore_state {
	const char *kind;           /* "file", "tpm", "pkcs11" */
	bool hardware;              /* keys are made and used inside hardware, as far as the backend can tell */
	bool outside;               /* what opens it does not lie on the same disk: a copy of the disk opens nothing */
	bool single;                /* only one of two copies could be written */
	uint32_t generation;        /* of the storage key; rotation raises it */
	uint32_t oldest;            /* the oldest generation that still unseals */
	char detail[TW_DETAIL_MAX]; /* for a person: maker and model, or the reason of the above */
};

typedef struct tw_keystore tw_keystore;
/* A backend. ret points at a keystore that begins with struct tw_keystore; slot names have been checked. */
struct tw_keystore_ops {
	tw_err (*generate)(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE]); /* P-256. EXISTS */
	tw_err (*import)(tw_keystore *k, const char *slot, const tw_key *key); /* EXISTS; UNSUPPORTED: only makes its own */
	tw_err (*point)(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE]); /* NOTFOUND */
	tw_err (*sign)(tw_keystore *k, const char *slot, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE]);
	tw_err (*rename)(tw_keystore *k, const char *from, const char *to); /* in one step; what `to` was is destroyed: how a rotation commits */
	tw_err (*remove)(tw_keystore *k, const char *slot);                 /* destroyed when OK. NOTFOUND */
	tw_err (*list)(tw_keystore *k, struct tw_buf *ret);                 /* names, a newline after each */
	/* Authenticated encryption under the newest storage key. aad says what it is for and has to be said again. */
	tw_err (*seal)(tw_keystore *k, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret);
	tw_err (*unseal)(tw_keystore *k, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret); /* UNTRUSTED */
	/* Rotation of the storage key without decrypting data: rotate, seal again each of the few wrapped secrets, forget. */
	tw_err (*rotate)(tw_keystore *k);
	tw_err (*forget)(tw_keystore *k); /* all generations but the newest */
	tw_err (*settle)(tw_keystore *k); /* destroys what a call before could not destroy to the end */
	void (*generations)(const tw_keystore *k, uint32_t *ret_oldest, uint32_t *ret_newest); /* of the storage key; 0, 0: none is made yet */
	void (*rest)(tw_keystore *k); /* a call that paused does not go on: forgets what was kept for it */
	tw_err (*state)(tw_keystore *k, struct tw_keystore_state *ret);
	void (*close)(tw_keystore *k); /* and frees */
};
struct tw_keystore {
	const struct tw_keystore_ops *ops;
	const struct tw_sys *sys;
};

/* The sealed file: KEYSTORE.a and .b in dir. root NULL: a root secret of its own beside them (state.outside is false). */
tw_err tw_keystore_file(const struct tw_sys *sys, int dir, const tw_secret *root, tw_keystore **ret);

/* On a token: names and public halves in a vault in dir. token is borrowed, so is pin, the file with the PIN; -1: none. */
tw_err tw_keystore_token(const struct tw_sys *sys, int dir, enum tw_token_kind kind, tw_token *token, int pin, tw_keystore **ret);

struct tw_role_start;
/*
 * The backend that hands' words name: keystore=file, which is also what no word means; keystore=tpm:... and keystore=pkcs11:... (token.h), for
 * which the role has started what speaks to the token. UNSUPPORTED: one that is not built in, or whose library is not installed.
 */
tw_err tw_keystore_open(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words /* or NULL */,
	tw_keystore **ret);

tw_keystore *tw_keystore_close(tw_keystore *k);
TW_DEFINE_FREEP(tw_keystore, tw_keystore_close)
tw_err tw_keystore_generate(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE]);
tw_err tw_keystore_import(tw_keystore *k, const char *slot, const tw_key *key);
tw_err tw_keystore_point(tw_keystore *k, const char *slot, uint8_t ret_point[TW_POINT_SIZE]);
tw_err tw_keystore_sign(tw_keystore *k, const char *slot, const struct tw_slice *parts, size_t count, uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err tw_keystore_sign_digest(tw_keystore *k, const char *slot, const uint8_t digest[32], uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err tw_keystore_rename(tw_keystore *k, const char *from, const char *to);
tw_err tw_keystore_remove(tw_keystore *k, const char *slot);
tw_err tw_keystore_list(tw_keystore *k, struct tw_buf *ret);
tw_err tw_keystore_seal(tw_keystore *k, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret);
tw_err tw_keystore_unseal(tw_keystore *k, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret);
uint32_t tw_keystore_sealed_generation(struct tw_slice sealed); /* of a sealed secret; 0: not one of ours */
tw_err tw_keystore_rotate(tw_keystore *k);
tw_err tw_keystore_forget(tw_keystore *k);
tw_err tw_keystore_settle(tw_keystore *k);
void tw_keystore_generations(const tw_keystore *k, uint32_t *ret_oldest, uint32_t *ret_newest);
void tw_keystore_rest(tw_keystore *k);
tw_err tw_keystore_state(tw_keystore *k, struct tw_keystore_state *ret);
bool tw_slot_valid(const char *slot);

/* What every backend writes in front of a sealed secret: u8 version, u32 generation. */
#define TW_SEALED_HEAD 5
#define TW_SEALED_VERSION 1
tw_err tw_sealed_write(const struct tw_sys *sys, const tw_secret *storage_key, uint32_t generation, struct tw_slice aad,
	struct tw_slice plain, struct tw_buf *ret);
tw_err tw_sealed_read(const struct tw_sys *sys, const tw_secret *storage_key, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret);
#endif
