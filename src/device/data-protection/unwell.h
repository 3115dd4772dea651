/* SPDX-License-Identifier: Apache-2.0 */
/* A keystore that does not work answers by a rule of its own, and says what to do. */
#ifndef TW_DEVICE_UNWELL_H
#define TW_DEVICE_UNWELL_H
#include "service/path/request.h"

/*
 * 503, rule keys.keystore, where e is of the last question to keys: the role is gone or silent, the files do not open, the token is gone, locked,
 * slow or refuses its PIN. Every other error goes up.
 */
tw_err tw_keystore_unwell(struct tw_context *c, struct tw_reply *rp, tw_err e);
#endif
