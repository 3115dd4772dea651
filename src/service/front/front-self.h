/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-request: once, before core may call this boot healthy, front asks itself for the health operation through everything a
 * client passes: handshake with the key in keys, parser, core and back. No socket is involved, because the role may not make one.
 * For every later listener the handshake alone is tried: OpenSSL makes a context without some algorithms when memory ran out.
 */
#ifndef TW_SERVICE_FRONT_SELF_H
#define TW_SERVICE_FRONT_SELF_H
#include "service/front/front-conn.h"

tw_err tw_self_start(struct tw_front *f);
void tw_self_answered(struct tw_front *f); /* the answer is in the pair; tells core when it is 200 */
void tw_self_ended(struct tw_front *f);
#endif
