/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys role's directory: written by `thingward provision`, read and kept by the role. All files 0600, owned by the role.
 *
 * The listener's key and certificate share one file, so that no power cut can leave a pair that does not match. Its certificate
 * says nothing about the unit: random name, random serial, dates that are the same in all of them.
 */
#ifndef TW_FORMATS_KEYDIR_H
#define TW_FORMATS_KEYDIR_H
#include "crypto/sitechain.h"

#define TW_KEYS_IDENTITY_KEY "identity.key"  /* PKCS#8 PEM */
#define TW_KEYS_IDENTITY_CERT "identity.crt" /* PEM */
#define TW_KEYS_LISTENER "listener.pem"      /* PKCS#8 PEM, then the certificate's PEM, and of a server what vouches for it */
#define TW_KEYS_SECRET "takeover.secret"     /* 16 bytes */
#define TW_KEYS_LOG_MASTER "log.master"      /* 32 bytes */
#define TW_KEYS_EPOCH "log.epoch"            /* the highest epoch handed out, decimal and a newline; absent: none yet */
#define TW_KEYS_FILE_MAX 20480

tw_err tw_listener_make(const struct tw_sys *sys, tw_key **ret_key, tw_cert **ret_cert);
tw_err tw_listener_write(const tw_key *key, const tw_cert *cert, struct tw_buf *ret); /* the file's content; wipe it after use */
tw_err tw_listener_read(const struct tw_sys *sys, struct tw_slice text, tw_key **ret_key, tw_cert **ret_cert); /* UNTRUSTED: no pair */
/* The same of a server that an authority of others vouches for: more certificates may follow the first. */
tw_err tw_listener_write_chain(const tw_key *key, const struct tw_site_chain *chain, struct tw_buf *ret);
tw_err tw_listener_read_chain(const struct tw_sys *sys, struct tw_slice text, tw_key **ret_key, struct tw_site_chain *ret);
#endif
