/* SPDX-License-Identifier: Apache-2.0 */
/* DEV URNs of the kind "ops" (RFC 9039 section 4.4): see identifier.h. */
#include "formats/identifier.h"

#include "base/cursor.h"
#include "base/text.h"

#include <string.h>

static const char PREFIX[] = "urn:dev:ops:";

static bool unreserved(char c, bool hyphen)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || (hyphen && c == '-');
}

static bool all_unreserved(struct tw_slice s, size_t max, bool hyphen)
{
	if (s.size == 0 || s.size > max)
		return false;
	for (size_t i = 0; i < s.size; i++) {
		if (!unreserved(s.at[i], hyphen))
			return false;
	}
	return true;
}

bool tw_product_class_valid(struct tw_slice s)
{
	return all_unreserved(s, TW_PRODUCT_CLASS_MAX, false);
}

bool tw_serial_valid(struct tw_slice s)
{
	return all_unreserved(s, TW_SERIAL_MAX, true);
}

tw_err tw_identifier_write(uint32_t pen, const char *product_class, const char *serial, struct tw_buf *ret)
{
	if (pen == 0)
		return TW_RAISE(SYNTAX, "private enterprise number 0 is nobody's");
	if (!tw_product_class_valid(tw_slice_of(product_class)))
		return TW_RAISE(SYNTAX, "a product class has 1 to %d letters, digits and dots", TW_PRODUCT_CLASS_MAX);
	if (!tw_serial_valid(tw_slice_of(serial)))
		return TW_RAISE(SYNTAX, "a serial number has 1 to %d letters, digits, dots and hyphens", TW_SERIAL_MAX);
	return tw_buf_format(ret, "%s%u-%s-%s", PREFIX, pen, product_class, serial);
}

/* What stands before the next hyphen. */
static tw_err until_hyphen(struct tw_slice *rest, struct tw_slice *ret)
{
	const char *hyphen = rest->size ? memchr(rest->at, '-', rest->size) : NULL;
	if (!hyphen)
		return TW_RAISE(SYNTAX, "the identifier is not ORGANIZATION-PRODUCT-SERIAL");
	*ret = (struct tw_slice){ rest->at, (size_t)(hyphen - rest->at) };
	*rest = (struct tw_slice){ hyphen + 1, rest->size - ret->size - 1 };
	return TW_OK;
}

/* @nist DI.IMS.1: one spelling per unit, so that comparing bytes compares units */
tw_err tw_identifier_read(struct tw_slice s, struct tw_identifier *ret)
{
	struct tw_slice organization, product;
	uint64_t pen;
	if (s.size < sizeof PREFIX - 1 || s.size > TW_IDENTIFIER_MAX || memcmp(s.at, PREFIX, sizeof PREFIX - 1) != 0)
		return TW_RAISE(SYNTAX, "the identifier does not begin with %s", PREFIX);
	s = (struct tw_slice){ s.at + sizeof PREFIX - 1, s.size - (sizeof PREFIX - 1) };
	TW_TRY(until_hyphen(&s, &organization));
	TW_TRY(until_hyphen(&s, &product));
	TW_TRY(tw_parse_u64(organization, UINT32_MAX, &pen));
	if (pen == 0)
		return TW_RAISE(SYNTAX, "the identifier's organization is not a number from 1");
	if (!tw_product_class_valid(product) || !tw_serial_valid(s))
		return TW_RAISE(SYNTAX, "the identifier's product or serial has a character it must not have");
	*ret = (struct tw_identifier){ .pen = (uint32_t)pen, .product_class = product, .serial = s };
	return TW_OK;
}
