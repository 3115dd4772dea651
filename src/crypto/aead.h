/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encryption that authenticates: AES-256-GCM (NIST SP 800-38D, RFC 5116 AEAD_AES_256_GCM) and nothing else.
 *
 * The nonce is 96 random bits and travels in front of the text, so nobody has to keep a counter that a power cut could set
 * back; one key may therefore seal 2^32 messages at most (section 8.3), which is far above what a key of ours ever does.
 */
#ifndef TW_CRYPTO_AEAD_H
#define TW_CRYPTO_AEAD_H
#include "base/buf.h"
#include "base/mem.h"

#define TW_AEAD_KEY 32
#define TW_AEAD_NONCE 12
#define TW_AEAD_TAG 16
#define TW_AEAD_OVERHEAD (TW_AEAD_NONCE + TW_AEAD_TAG)

/* Appends nonce, ciphertext and tag. aad is authenticated and not stored: who opens has to know it. */
tw_err tw_aead_seal(const tw_secret *key, struct tw_slice aad, struct tw_slice plain, struct tw_buf *ret);
/* UNTRUSTED: another key, other aad, or a changed byte; then nothing of the text is handed out. SYNTAX: too short to be sealed. */
tw_err tw_aead_open(const struct tw_sys *sys, const tw_secret *key, struct tw_slice aad, struct tw_slice sealed, tw_secret **ret);
/* The same of what is longer than a secret may be, and none: appended. */
tw_err tw_aead_open_long(const tw_secret *key, struct tw_slice aad, struct tw_slice sealed, struct tw_buf *ret);
#endif
