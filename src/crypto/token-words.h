/* SPDX-License-Identifier: Apache-2.0 */
/* What `--keystore` says of a token. Read by hands, which opens the TPM, and by the keys role, which has the rest opened. */
#ifndef TW_CRYPTO_TOKEN_WORDS_H
#define TW_CRYPTO_TOKEN_WORDS_H
#include <stdint.h>

#include "base/err.h"

#define TW_TOKEN_PATH_MAX 255
#define TW_TOKEN_WORDS_MAX 1000

enum tw_token_kind { TW_TOKEN_TPM, TW_TOKEN_PKCS11 };
/* How far the PIN has come; a worker that ends leaves it as it was. */
enum tw_token_pin { TW_PIN_UNSAID, TW_PIN_TRYING, TW_PIN_TAKEN, TW_PIN_REFUSED };
/* What hands' word says, and what was opened for it. */
struct tw_token_plan {
	enum tw_token_kind kind;
	char path[TW_TOKEN_PATH_MAX + 1]; /* of the PKCS#11 module, or of the TPM's device or socket */
	bool is_socket;                   /* the TPM is a stand-in behind a local socket */
	char label[33], serial[17];       /* PKCS#11: which token; one of them at least */
	char files[TW_TOKEN_PATH_MAX + 1], reads[TW_TOKEN_PATH_MAX + 1]; /* PKCS#11: what the module may write beneath, and read; "": nothing */
	char env[TW_TOKEN_PATH_MAX + 1];                                 /* PKCS#11: NAME=VALUE for the module; "": nothing */
	int fd;                /* the open TPM, or the file with the PIN; -1: not opened yet */
	bool refused;          /* the token refused the PIN; it is not said again, since a few wrong ones lock a token for good */
	bool doubt;            /* a worker ended while it said the PIN, and none has got in since */
	volatile uint8_t *pin; /* an enum tw_token_pin between supervisor and worker */
};
/* tpm:device:PATH, tpm:swtpm:path=PATH or pkcs11:module=PATH;token=LABEL[;serial=S][;files=DIR][;reads=PATH][;env=NAME=VALUE]. SYNTAX */
tw_err tw_token_parse(const char *words, struct tw_token_plan *ret);
bool tw_token_is(const char *words); /* whether they begin as those of a token */
#endif
