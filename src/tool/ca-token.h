/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root key of a certificate authority in a PKCS#11 token: made there, never outside. The directory has ca.token instead of ca.key: which
 * token, and the key's handle in it; nothing secret. The manifest's key stays a file, so that products are signed without the token.
 */
#ifndef TW_TOOL_CA_TOKEN_H
#define TW_TOOL_CA_TOKEN_H
#include "crypto/key.h"
#include "tool/tool.h"

#define TW_CA_TOKEN "ca.token"

/* A row for the option tables of commands that open a CA. */
#define TW_OPTION_PIN                                                                                           \
	{                                                                                                       \
		"pin-file", "FILE", false, "the PIN of the CA's token; asked at the terminal when it is needed" \
	}

typedef struct tw_ca_token tw_ca_token;
tw_ca_token *tw_ca_token_free(tw_ca_token *c);
TW_DEFINE_FREEP(tw_ca_token, tw_ca_token_free)
/* Makes the root key. words: module=PATH;token=LABEL. ret_public is its public half. */
tw_err tw_ca_token_make(struct tw_tool *t, const char *words, const char *pin_file, tw_ca_token **ret, tw_key **ret_public);
/* ca.token: written before ca.crt is. */
tw_err tw_ca_token_write(const tw_ca_token *c, int ca);
tw_err tw_ca_token_open(struct tw_tool *t, int ca, const char *pin_file, tw_ca_token **ret);
/* Signs in the token. c outlives the key. */
tw_err tw_ca_token_key(tw_ca_token *c, const tw_key *public, tw_key **ret);
#endif
