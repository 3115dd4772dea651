/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may leave the device to whom. The organization lists recipients, each with a certificate, and says for each kind of data which roles,
 * and which kinds of accounts, may give it to him; whatever is not said is refused. Each such right is a permission of the gate, "share.log.insurer".
 *
 * Nobody shares what he may not read himself. What is shared is signed by the device and sealed for the recipient's key, so that whoever carries it
 * cannot give it to anybody else.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_SHARING_H
#define TW_DEVICE_LOGICAL_ACCESS_SHARING_H
#include "service/path/gate.h"

#define TW_SHARED_KINDS 3
#define TW_RECIPIENTS_MAX 8 /* with every kind of data each, the gate has room for them beside all else */

struct tw_shared_kind {
	const char *word;      /* as recipients are given it */
	const char *operation; /* the reading whose answer it is */
};
extern const struct tw_shared_kind tw_shared_kinds[TW_SHARED_KINDS];
/* Its name in the gate. False: too long. */
bool tw_shared_permission(size_t kind, const char *recipient, char ret[TW_PERMISSION_NAME_MAX + 1]);
#endif
