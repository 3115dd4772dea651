/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logical identifier of a unit: a DEV URN of RFC 9039, urn:dev:ops:ORGANIZATION-PRODUCT-SERIAL.
 *
 * The organization is the manufacturer's Private Enterprise Number (IANA), so that no two makers can collide; product class and
 * serial are the maker's own. The text is compared byte by byte, so it is written one way only: no escapes, no components.
 */
#ifndef TW_FORMATS_IDENTIFIER_H
#define TW_FORMATS_IDENTIFIER_H
#include "base/buf.h"

#define TW_IDENTIFIER_MAX 255   /* bytes, so that it fits tw_statement.identifier with its NUL */
#define TW_PRODUCT_CLASS_MAX 64 /* letters, digits and dots: RFC 9039 ends the product at the first hyphen */
#define TW_SERIAL_MAX 64        /* X.520 serialNumber; letters, digits, dots and hyphens */

bool tw_product_class_valid(struct tw_slice s);
bool tw_serial_valid(struct tw_slice s);
/* SYNTAX unless class and serial are valid; pen 0 is refused (reserved by IANA). */
tw_err tw_identifier_write(uint32_t pen, const char *product_class, const char *serial, struct tw_buf *ret);
/* The parts of one; SYNTAX unless tw_identifier_write could have written it. Product and serial borrow from s. */
struct tw_identifier {
	uint32_t pen;
	struct tw_slice product_class, serial;
};
tw_err tw_identifier_read(struct tw_slice s, struct tw_identifier *ret);
#endif
