/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What mail is wrapped in: transfer encodings (RFC 2045), encoded words (RFC 2047) and HTML. Pure, bounded by the buffer they write to: what has no room is
 * left out, and *cut says so. Nothing is refused: a stranger's mail is read as far as it can be.
 */
#ifndef TW_FORMATS_MAILCODE_H
#define TW_FORMATS_MAILCODE_H
#include "base/buf.h"
#include "base/err.h"

/* encoding: "base64", "quoted-printable"; anything else: the bytes as they are. */
tw_err tw_mail_decode(struct tw_slice encoding, struct tw_slice bytes, struct tw_buf *ret, bool *cut);
/* A header's value, unfolded: one line that can be shown (tw_text_printable), its encoded words read. */
tw_err tw_mail_words(struct tw_slice value, struct tw_buf *ret, bool *lossy, bool *cut);
/* What HTML says without its tags, scripts and styles: UTF-8 in and out. */
tw_err tw_mail_html_text(struct tw_slice html, struct tw_buf *ret, bool *cut);
#endif
