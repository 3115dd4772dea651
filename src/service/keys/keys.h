/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys role and its client. The role signs and unwraps, nothing else; it holds the device key, the listener key, the
 * commissioning secret and the log's master secret, and gives out none of the private halves.
 */
#ifndef TW_SERVICE_KEYS_H
#define TW_SERVICE_KEYS_H
#include "crypto/cert.h"
#include "formats/keydir.h" /* the files */
#include "service/role.h"
#include "service/wire.h"

typedef struct tw_keys tw_keys; /* the role's state */
/* root: from outside the disk, NULL: none; words: hands' words, which name the kind of keystore, NULL: none. Both are borrowed. */
tw_err tw_keys_open(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words, tw_keys **ret);
void tw_keys_root_is_near(tw_keys *k); /* the root lies on the same disk, so it is none from outside */
tw_keys *tw_keys_free(tw_keys *k);
TW_DEFINE_FREEP(tw_keys, tw_keys_free)
/* Answers one message from core (or front) on its channel. UNTRUSTED: the peer broke the rules and is to be ended. */
tw_err tw_keys_serve_core(tw_keys *k, tw_channel *core, const struct tw_message *m);
tw_err tw_keys_serve_front(tw_keys *k, tw_channel *front, const struct tw_message *m);
int tw_keys_run(const struct tw_sys *sys, const struct tw_role_start *start); /* the row's run: thingward-role keys */
tw_err tw_keys_beside(const struct tw_sys *sys, struct tw_role_start *start, uid_t uid, gid_t gid); /* the row's beside */

/*
 * core's end: blocking, at most TW_KEYS_TIMEOUT_MS for an answer. With a slow token an answer may be that there is more to do; then it is
 * asked on, but no new turn begins after TW_KEYS_LONG_MS: core has others to serve, and a service manager that wants to hear of it.
 */
typedef struct tw_keys_client tw_keys_client;
#define TW_KEYS_TIMEOUT_MS 2000
#define TW_KEYS_LONG_MS 8000
/* Whose fault the last call's error was. */
enum tw_keys_fault {
	TW_KEYS_FAULT_ROLE,  /* the keys role did not answer, or not as it should */
	TW_KEYS_FAULT_STORE, /* it refused, with a keystore in files or before there was one */
	TW_KEYS_FAULT_TOKEN, /* it refused, and a token holds the keys */
	TW_KEYS_FAULT_LONG,  /* the token was not done in TW_KEYS_LONG_MS; asked again it goes on where it was */
};
enum tw_keys_fault tw_keys_client_fault(const tw_keys_client *k);
tw_err tw_keys_client_new(const struct tw_sys *sys, int fd, tw_keys_client **ret);
tw_keys_client *tw_keys_client_free(tw_keys_client *k);
tw_err tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err tw_keys_client_epoch(tw_keys_client *k, uint64_t epoch, uint8_t ret[32]);
tw_err tw_keys_client_old_epoch(tw_keys_client *k, uint64_t epoch, uint8_t ret[32]);
tw_err tw_keys_client_identity(tw_keys_client *k, tw_cert **ret);
tw_err tw_keys_client_listener(tw_keys_client *k, bool replace, tw_cert **ret);
/* The chain of a server; again: after the file was replaced, which is read first. Then, failed: the one before stays. */
tw_err tw_keys_client_listener_chain(tw_keys_client *k, bool again, struct tw_site_chain *ret);
tw_err tw_keys_client_secret_mac(tw_keys_client *k, struct tw_slice message, uint8_t ret[32]);
tw_err tw_keys_client_secret_new(tw_keys_client *k, uint8_t ret[16]);

/*
 * Keys that are made on the device for whoever asks core: under "owner.", "application." and "local.", at most TW_KEYS_SLOTS_MAX each. Names
 * are of tw_slot_valid, of at most TW_KEYS_SLOT_NAME_MAX. What signs is only a digest: such a key says what its holder wants
 * said, and the device's own identity is not among them.
 */
#define TW_KEYS_SLOTS_MAX 16
#define TW_KEYS_SLOT_NAME_MAX 44 /* with its prefix */
#define TW_KEYS_OWNER "owner."
#define TW_KEYS_APPLICATION "application."
#define TW_KEYS_LOCAL "local." /* of the local identity; core alone names them */
struct tw_keys_slot {
	char name[TW_KEYS_SLOT_NAME_MAX + 1];
	uint8_t point[TW_POINT_SIZE];
};
tw_err tw_keys_client_slot_new(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE]); /* EXISTS, LIMIT, SYNTAX */
/* A new key under the old name; the old one is destroyed. NOTFOUND */
tw_err tw_keys_client_slot_rotate(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE]);
tw_err tw_keys_client_slot_point(tw_keys_client *k, const char *slot, uint8_t ret[TW_POINT_SIZE]); /* NOTFOUND */
tw_err tw_keys_client_slot_remove(tw_keys_client *k, const char *slot);                            /* NOTFOUND */
/* point: the public half of the key that is meant; STATE when the slot has another one by now */
tw_err tw_keys_client_slot_sign(tw_keys_client *k, const char *slot, const uint8_t point[TW_POINT_SIZE], const uint8_t digest[32],
	uint8_t ret[TW_SIGNATURE_SIZE]);
/* Those that begin with the prefix, by name. */
tw_err tw_keys_client_slots(tw_keys_client *k, const char *prefix, struct tw_keys_slot ret[TW_KEYS_SLOTS_MAX], size_t *ret_count);
/*
 * Texts of at most TW_KEYS_SEAL_MAX bytes, encrypted and authenticated (AES-256-GCM) under a key that only the keys role has. whose: for
 * whom it is sealed; nobody else's opens. It is made from the unit's own secret, so it lasts as long as the unit, through rotations too.
 */
#define TW_KEYS_SEAL_MAX 1024
#define TW_KEYS_WHOSE_MAX 96
tw_err tw_keys_client_seal(tw_keys_client *k, const char *whose, struct tw_slice plain, struct tw_buf *ret); /* LIMIT */
/* SYNTAX: too short, changed, of another unit or somebody else's; then nothing of the text is handed out. */
tw_err tw_keys_client_unseal(tw_keys_client *k, const char *whose, struct tw_slice sealed, struct tw_buf *ret); /* wipe it */
struct tw_keys_state {
	bool hardware, outside, single; /* as in struct tw_keystore_state */
	bool plain;                     /* the device's own keys still lie in plain files */
	uint32_t generation, oldest;
	char kind[16], detail[TW_DETAIL_MAX];
};
tw_err tw_keys_client_state(tw_keys_client *k, struct tw_keys_state *ret);
/* An algorithm that keys uses gives what its standard says. ret_rate: when measured, as tw_algorithm_rate has it. CRYPTO: it does not. */
tw_err tw_keys_client_try(tw_keys_client *k, const char *algorithm, bool measure, uint64_t *ret_rate);
tw_err tw_keys_client_store_rotate(tw_keys_client *k); /* a new storage key; what it seals is sealed again, the old one is forgotten */
/* The plain files of a provisioned unit go into the keystore and are destroyed. Only for a boot that is confirmed. Done: OK. */
tw_err tw_keys_client_adopt(tw_keys_client *k);
tw_err tw_keys_client_purge(tw_keys_client *k); /* destroys all slots of owner, application and local identity; the device's own keys stay */
#endif
