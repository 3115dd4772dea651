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
tw_err tw_keys_open(const struct tw_sys *sys, int dir, tw_keys **ret);
tw_keys *tw_keys_free(tw_keys *k);
TW_DEFINE_FREEP(tw_keys, tw_keys_free)
/* Answers one message from core (or front) on its channel. UNTRUSTED: the peer broke the rules and is to be ended. */
tw_err tw_keys_serve_core(tw_keys *k, tw_channel *core, const struct tw_message *m);
tw_err tw_keys_serve_front(tw_keys *k, tw_channel *front, const struct tw_message *m);
int tw_keys_run(const struct tw_sys *sys, const struct tw_role_start *start); /* the row's run: thingward-role keys */

typedef struct tw_keys_client tw_keys_client; /* core's end: blocking, at most TW_KEYS_TIMEOUT_MS */
#define TW_KEYS_TIMEOUT_MS 2000
tw_err tw_keys_client_new(const struct tw_sys *sys, int fd, tw_keys_client **ret);
tw_keys_client *tw_keys_client_free(tw_keys_client *k);
tw_err tw_keys_client_sign(tw_keys_client *k, enum tw_sign_purpose purpose, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE]);
tw_err tw_keys_client_epoch(tw_keys_client *k, uint64_t epoch, uint8_t ret[32]);
tw_err tw_keys_client_old_epoch(tw_keys_client *k, uint64_t epoch, uint8_t ret[32]);
tw_err tw_keys_client_identity(tw_keys_client *k, tw_cert **ret);
tw_err tw_keys_client_listener(tw_keys_client *k, bool replace, tw_cert **ret);
tw_err tw_keys_client_secret_mac(tw_keys_client *k, struct tw_slice message, uint8_t ret[32]);
tw_err tw_keys_client_secret_new(tw_keys_client *k, uint8_t ret[16]);
#endif
