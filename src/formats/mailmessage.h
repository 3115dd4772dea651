/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that a program sends by itself: one plain text to one recipient, in bytes that any reader of RFC 5322 understands alike.
 *
 * Pure and bounded. Every field is judged before a byte is written, and none can become anything but what it is: a line break, another
 * control character or a byte that is no UTF-8 is refused, an address has a form of its own, and the text's own lines can be neither a
 * header nor the end of the message. What is beyond ASCII goes into encoded words (RFC 2047) and quoted-printable; nothing here is a
 * parameter, so RFC 2231 has nothing to do. The fields are in one order, so the same message is the same bytes.
 */
#ifndef TW_FORMATS_MAILMESSAGE_H
#define TW_FORMATS_MAILMESSAGE_H
#include "base/buf.h"
#include "base/err.h"

#define TW_MAIL_ADDRESS_MAX 254 /* RFC 5321 section 4.5.3.1.3, without the angle brackets */
#define TW_MAIL_NAME_MAX 100
#define TW_MAIL_SUBJECT_MAX 200
#define TW_MAIL_TEXT_MAX 32768
#define TW_MAIL_URL_MAX 500
#define TW_MAIL_ID_MAX 64                            /* left of the @ */
#define TW_MAIL_MAX (4096 + 4 * TW_MAIL_TEXT_MAX)    /* quoted-printable makes three bytes of one, and breaks lines */
#define TW_MAIL_DATE_MAX_MS INT64_C(253402300799999) /* the end of 9999 */

/*
 * One address as it may stand in a header and in an SMTP command without a quote: dot-atom@host.name, ASCII, the local part of at most 64
 * bytes. Quoted local parts, address literals and names beyond ASCII (RFC 6531) are refused: hardly anybody has one, and each is a way to say
 * more than an address.
 */
bool tw_mail_address_valid(struct tw_slice address);
struct tw_slice tw_mail_address_host(struct tw_slice address); /* behind the @ of a valid one */

struct tw_mailmessage {
	struct tw_slice from, to;    /* addresses */
	struct tw_slice name;        /* of whom it is from; may be empty */
	struct tw_slice subject;     /* one line, not empty */
	struct tw_slice text;        /* lines end in \n */
	struct tw_slice id;          /* of Message-ID, left of the @: letters, digits and - . _; the host is from's */
	struct tw_slice unsubscribe; /* https address for List-Unsubscribe and its one click (RFC 2369, RFC 8058); may be empty */
	int64_t date_ms;
};
/* SYNTAX, and the detail says which field; ret may hold a part then. */
tw_err tw_mailmessage_write(const struct tw_mailmessage *m, struct tw_buf *ret);
#endif
