/* SPDX-License-Identifier: Apache-2.0 */
/* What the keys role cannot open itself once it has dropped its rights: the TPM, and the file with a token's PIN. */
#ifndef TW_DEVICE_HANDS_TOKEN_H
#define TW_DEVICE_HANDS_TOKEN_H
#include "device/hands/options.h"

#include "base/sys.h"

/* One descriptor for what --keystore names, /dev/null when it names no token. SYNTAX; DENIED: others could read the PIN. */
tw_err tw_hands_token_open(const struct tw_sys *sys, const struct tw_hands_options *o, int *ret_fd);
#endif
