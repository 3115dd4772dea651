/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a browser says an authenticator was asked (WebAuthn level 2, section 5.8.1): which of the two things, by which challenge, and for which page.
 * Members that are not known are left alone, as the standard wants it. Pure.
 */
#ifndef TW_FORMATS_CLIENTDATA_H
#define TW_FORMATS_CLIENTDATA_H
#include "base/json.h"

#define TW_CLIENT_DATA_MAX 1024 /* bytes; those of browsers have under 250, and the origin's name 253 more */
#define TW_CLIENT_CREATE "webauthn.create"
#define TW_CLIENT_GET "webauthn.get"

struct tw_client_data_want {
	const char *type;
	const char *challenge; /* base64url */
	const char *origin;    /* https://NAME or https://NAME:PORT */
};
/* SYNTAX, LIMIT: it is none. DENIED says what is not so: type, challenge, origin, or that a page of somebody else's framed it. NOMEM. */
tw_err tw_client_data_check(struct tw_slice text, const struct tw_client_data_want *want);
#endif
