/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Versions and ranges of versions as people write them, as a product tree has them: a range as a version range specifier (CSAF 2.0 section 3.1.2.3.2), so that
 * programs can tell whose version is in it. Pure, but for memory.
 */
#ifndef TW_SUPPORT_ADVISORIES_TYPED_H
#define TW_SUPPORT_ADVISORIES_TYPED_H
#include "base/buf.h"
#include "base/json.h"

struct tw_slice tw_typed_trim(const char *at, size_t size);
struct tw_slice tw_typed_said(struct tw_slice one); /* as people write it: vers:generic/<1.2 as <1.2, which is read as the same */
bool tw_typed_is_range(struct tw_slice one);        /* "vers:...", or with '<' or '>' in it */
/* ">= 1.0 | < 1.2" becomes "vers:generic/>=1.0|<1.2". SYNTAX: why it is no range. */
tw_err tw_typed_range(struct tw_slice one, struct tw_buf *ret);
/*
 * What a case says of versions, with commas between them. *ret_understood: each is one of known (of products.json), one version, or a range; then they stand in
 * ret, with commas between. Words ("1.0 to 1.4", "all") are left to people.
 */
tw_err tw_typed_versions(const struct tw_sys *sys, const json_t *known, const char *text, struct tw_buf *ret, bool *ret_understood);
#endif
