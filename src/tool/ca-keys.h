/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a certificate authority, opened when they are first needed. Where a key lies is decided here alone: in a file under a
 * passphrase, in a plain file of before, or, the root's, in a token. Whoever signs holds a tw_key, whose private half may be elsewhere (crypto/remote.h).
 */
#ifndef TW_TOOL_CA_KEYS_H
#define TW_TOOL_CA_KEYS_H
#include "crypto/cert.h"
#include "tool/ca-token.h"
#include "tool/tool.h"

/* Rows for the option tables of commands that open a CA, and for `ca protect`. */
#define TW_OPTION_PASSPHRASE                                                                                            \
	{                                                                                                               \
		"passphrase-file", "FILE", false, "the passphrase of the CA's keys; asked at the terminal unless given" \
	}

typedef struct tw_ca_keys tw_ca_keys;
/* ca outlives it; path is for questions and messages. The options --passphrase-file and --pin-file are taken from a. */
tw_err tw_ca_keys_new(struct tw_tool *t, const struct tw_args *a, int ca, const char *path, tw_ca_keys **ret);
tw_ca_keys *tw_ca_keys_free(tw_ca_keys *k);
TW_DEFINE_FREEP(tw_ca_keys, tw_ca_keys_free)
/* Borrowed. UNTRUSTED: another passphrase, or not the key of the certificate beside it. */
tw_err tw_ca_keys_root(tw_ca_keys *k, const tw_key **ret_key, const tw_cert **ret_cert);
tw_err tw_ca_keys_manifest(tw_ca_keys *k, const tw_key **ret_key, const tw_cert **ret_cert);
/* Under a passphrase, or plain without one; replaces a file of that name. */
tw_err tw_ca_keys_write(struct tw_tool *t, int ca, const char *name, const tw_key *key, const tw_secret *passphrase);
/* One key's file, under any of the two passphrases or none. */
struct tw_ca_key_try {
	const tw_secret *passphrase[2]; /* NULL: not tried */
};
tw_err tw_ca_keys_read(struct tw_tool *t, int ca, const char *name, const struct tw_ca_key_try *with, tw_key **ret, bool *ret_plain);
#endif
