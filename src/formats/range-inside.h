/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Among the files range*.c: what stands in the place of a version in CVE records. People write words, spans and ids of commits there; no order has a place
 * for these, and an order that has one all the same would decide by it.
 */
#ifndef TW_FORMATS_RANGE_INSIDE_H
#define TW_FORMATS_RANGE_INSIDE_H
#include "formats/range.h"

/* That the record does not say from where on: "unspecified", "n/a", "*" ... */
bool tw_range_from_anywhere(const char *text);
/* "0", "0.0": the first of all where a range begins, and no version by itself. */
bool tw_range_is_zero(const char *text);
/*
 * Of an entry for one version that is not the component's: SYNTAX: it may be all the same. "2.0-2.4" may be a span that has it, "2.3-7" a revision of 2.3;
 * and a component of some commits after 2.3 ("2.3-81-g4f9cf3b") may have what 2.3 has.
 */
tw_err tw_range_apart(enum tw_version_scheme s, const char *version, const char *text);
/* The last of these for "up to and with 2.3". */
tw_err tw_range_not_after(enum tw_version_scheme s, const char *version, const char *text);
/* SYNTAX: one has a day in the place of a number ("20240501"), and the other has not. */
tw_err tw_range_same_kind(const char *version, const char *text);
#endif
