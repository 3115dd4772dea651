/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a unit carries on its housing: the code to scan and the short text to read or type. doc/spec/label.md is the page.
 *
 * Scanners that pretend to be keyboards mistake keyboard layouts, and people mistake digits: both forms end in a check, and one
 * that does not fit is refused instead of naming another unit.
 */
#ifndef TW_FORMATS_LABELCODE_H
#define TW_FORMATS_LABELCODE_H
#include "formats/identifier.h"

#define TW_LABELCODE_SECRET 16
#define TW_LABELCODE_PREFIX "TW1:"
#define TW_LABELCODE_MAX 400                       /* identifier, key, secret, check; a QR code of it is still readable at 30 mm */
#define TW_PHYSICAL_ID_MAX (TW_SERIAL_MAX + 1 + 1) /* serial, '/', check character */

struct tw_labelcode {
	char identifier[TW_IDENTIFIER_MAX + 1];
	bool has_listener, has_secret; /* a secret never goes without the key it is meant for */
	uint8_t listener[32];          /* SHA-256 of the listener key's SubjectPublicKeyInfo */
	uint8_t secret[TW_LABELCODE_SECRET];
};
/* SYNTAX: the identifier is none, or a secret without a listener. Whoever puts a secret in wipes the buffer. */
tw_err tw_labelcode_write(const struct tw_labelcode *c, struct tw_buf *ret);
/* One text for each code: SYNTAX for what tw_labelcode_write would have written otherwise, UNTRUSTED when its check does not fit. */
tw_err tw_labelcode_read(struct tw_slice text, struct tw_labelcode *ret);

/* SERIAL/C: what a person reads off the housing. C is of ISO 7064 MOD 37,36 over the letters and digits of organization, product
   and serial, so that one wrong or two exchanged characters, or the serial number on another product, are noticed. */
tw_err tw_physical_id(const char *identifier, char ret[TW_PHYSICAL_ID_MAX + 1]);
#endif
