/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail that strangers send (RFC 5322, RFC 2045 to 2047): from whom, which, what it says, and what kind of thing it is. Pure and bounded.
 *
 * Nothing is refused: what is not right is read as far as it goes, and what was left out is said. Each line is looked at once, entities are kept on a stack of
 * ten, and no more than a hundred parts are looked into. Mail that is encrypted for somebody is told as sealed, and nothing of it is read but its header.
 *
 * Why not a library: GMime brings GLib, libgpgme and gpg-error into the process that reads what strangers write, reads far more than is needed here, and ends
 * the process when memory runs out.
 */
#ifndef TW_FORMATS_MAILREAD_H
#define TW_FORMATS_MAILREAD_H
#include "base/buf.h"
#include "base/err.h"
#include "formats/mailmessage.h"

#define TW_MAILREAD_MAX (900 * 1024) /* of one message; what is behind is not looked at */
#define TW_MAILREAD_SUBJECT_MAX 300
#define TW_MAILREAD_ID_MAX 250 /* of Message-ID; a longer one is cut, and names no less for it */
#define TW_MAILREAD_TEXT_MAX 24576
#define TW_MAILREAD_DEPTH 10
#define TW_MAILREAD_PARTS 100

enum tw_mailread_kind {
	TW_MAILREAD_PERSON,
	TW_MAILREAD_AUTOMATIC, /* a program's or a list's: nobody answers it (RFC 3834) */
	TW_MAILREAD_REPLY,     /* what a program answered by itself: somebody is away, something was received */
	TW_MAILREAD_BOUNCE,    /* a report of a mail server, or of a reader's program, on mail of ours; or without a sender */
	TW_MAILREAD_KINDS
};
struct tw_mailread {
	enum tw_mailread_kind kind;
	bool sealed;    /* encrypted: OpenPGP, S/MIME */
	bool cut;       /* something of the text was left out */
	bool lossy;     /* something of it has no meaning in the character set it names, or that set is not read here */
	unsigned files; /* parts that are no text of the message */
	char from[TW_MAIL_ADDRESS_MAX + 1]; /* the one address of From; "": there is none that could be written to */
	char subject[TW_MAILREAD_SUBJECT_MAX + 1];
	char id[TW_MAILREAD_ID_MAX + 1]; /* of Message-ID, printable ASCII; "": it has none */
	struct tw_buf text;              /* UTF-8; of a sealed one empty */
};
/* NOMEM alone fails. tw_mailread_done in any case. */
tw_err tw_mailread(const struct tw_sys *sys, struct tw_slice message, struct tw_mailread *ret);
void tw_mailread_done(struct tw_mailread *m);
/* The one address of a From field, judged by tw_mail_address_valid; "" otherwise. */
void tw_mailread_address(struct tw_slice value, char ret[TW_MAIL_ADDRESS_MAX + 1]);
#endif
