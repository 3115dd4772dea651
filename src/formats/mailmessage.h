/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that this program sends: addresses.
 */
#ifndef TW_FORMATS_MAILMESSAGE_H
#define TW_FORMATS_MAILMESSAGE_H
#include "base/buf.h"
#include "base/err.h"

#define TW_MAIL_ADDRESS_MAX 254 /* RFC 5321 section 4.5.3.1.3, without the angle brackets */

/*
 * One address as it may stand in a header and in an SMTP command without a quote: dot-atom@host.name, ASCII, the local part of at most 64 bytes. Quoted local
 * parts, address literals and names beyond ASCII (RFC 6531) are refused: hardly anybody has one, and each is a way to say more than an address.
 */
bool tw_mail_address_valid(struct tw_slice address);
#endif
