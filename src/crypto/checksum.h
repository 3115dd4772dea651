/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of files, as package databases hold them. MD5 and SHA-1 are here because those databases have nothing better, for noticing
 * that a file is not what was installed; neither stops anybody who means to deceive, and nothing of ours is signed over them.
 */
#ifndef TW_CRYPTO_CHECKSUM_H
#define TW_CRYPTO_CHECKSUM_H
#include "base/err.h"
#include "base/mem.h"

enum tw_checksum_kind { TW_CHECKSUM_NONE, TW_CHECKSUM_MD5, TW_CHECKSUM_SHA1, TW_CHECKSUM_SHA256, TW_CHECKSUMS };
extern const char *const tw_checksum_words[TW_CHECKSUMS];
extern const size_t tw_checksum_sizes[TW_CHECKSUMS];
#define TW_CHECKSUM_MAX 32

typedef struct tw_checksum tw_checksum;
tw_err tw_checksum_new(const struct tw_sys *sys, tw_checksum **ret);
tw_checksum *tw_checksum_free(tw_checksum *c);
TW_DEFINE_FREEP(tw_checksum, tw_checksum_free)
tw_err tw_checksum_begin(tw_checksum *c, enum tw_checksum_kind how); /* drops what was begun */
tw_err tw_checksum_add(tw_checksum *c, const void *data, size_t size);
tw_err tw_checksum_end(tw_checksum *c, uint8_t ret[TW_CHECKSUM_MAX]); /* tw_checksum_sizes[how] bytes */
#endif
