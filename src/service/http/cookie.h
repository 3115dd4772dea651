/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two cookies of a side that has pages, and there are no others: the session of whoever has logged in, and what his browser is known by. Pure.
 *
 * A value is TW_COOKIE_TEXT characters of base64url, so that nothing can be in it that ends a line or another attribute. Only tw_cookies_write makes
 * a line of Set-Cookie: `__Host-`, Secure, HttpOnly, SameSite=Strict and Path=/ are its, not the caller's.
 */
#ifndef TW_SERVICE_HTTP_COOKIE_H
#define TW_SERVICE_HTTP_COOKIE_H
#include "service/http/http.h"

#define TW_COOKIE_TEXT 43
#define TW_COOKIE_END "-" /* in place of a session's value: the browser is to forget it */

struct tw_cookies {
	struct tw_slice session, client; /* empty: none */
};
/* As a browser sends them. One that is not of our form is not there, and none is that came twice with two values. */
void tw_cookies_read(const struct tw_http_head *h, struct tw_cookies *ret);
/* What an answer may carry: nothing, a value, or of the session its end. */
bool tw_cookies_valid(const struct tw_cookies *c);
/* The lines of an answer's head; INTERNAL: they are not valid. */
tw_err tw_cookies_write(const struct tw_cookies *c, struct tw_buf *b);
#endif
