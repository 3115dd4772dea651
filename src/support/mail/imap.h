/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an IMAP server answers (RFC 3501), as far as taking mail needs it: one response at a time, its literal counted and never searched, so that nothing a
 * mail says can be taken for the server's word. Pure and bounded.
 */
#ifndef TW_SUPPORT_MAIL_IMAP_H
#define TW_SUPPORT_MAIL_IMAP_H
#include "base/buf.h"
#include "base/err.h"

#define TW_IMAP_LINE_MAX (128 * 1024) /* of a response without its literal: ten thousand numbers of ten digits fit */
#define TW_IMAP_SPAN 10000            /* UIDs asked for at once */

enum tw_imap_said { TW_IMAP_MORE /* untagged, or of another command */, TW_IMAP_OK, TW_IMAP_NO };
struct tw_imap_response {
	size_t size;                        /* of all of it; 0: it is not whole yet */
	struct tw_slice line, literal, end; /* before, within and behind the first literal; a line without one is all of it */
	bool has_literal;
};
/* The response at the beginning of what was received. LIMIT: longer than it may be. SYNTAX: none. */
tw_err tw_imap_response(struct tw_slice have, size_t literal_max, struct tw_imap_response *ret);
/* Whether it ends the command of that tag, and how. SYNTAX: it says that the server goes (BYE), or that the command was none (BAD). */
tw_err tw_imap_said(const struct tw_imap_response *r, const char *tag, enum tw_imap_said *ret);
bool tw_imap_code(const struct tw_imap_response *r, const char *name, uint32_t *ret); /* "* OK [NAME n]" */
bool tw_imap_found(const struct tw_imap_response *r, uint32_t after, uint32_t *ret); /* "* SEARCH n ...": the lowest above after, if lower than *ret */
bool tw_imap_fetched(const struct tw_imap_response *r, uint32_t uid, uint32_t *ret_size); /* "* n FETCH (...)" of that UID, with its size */
#endif
