/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/claim.h"

#include "base/text.h"
#include "formats/identifier.h"

#include <string.h>

tw_err tw_claim_bytes(const json_t *o, const char *key, size_t min, size_t max, void *ret, size_t *ret_size)
{
	TW_TRY(tw_parse_base64url(tw_slice_of(tw_json_text(o, key)), max, ret, ret_size));
	if (*ret_size < min)
		return TW_RAISE(SYNTAX, "'%s' has %zu bytes, wanted %zu to %zu", key, *ret_size, min, max);
	return TW_OK;
}

tw_err tw_claim_text(const char *value, const char *key, char *ret, size_t size)
{
	struct tw_slice s = tw_slice_of(value);
	if (s.size == 0 || s.size >= size || !tw_text_printable(s))
		return TW_RAISE(SYNTAX, "'%s' is not a printable text of 1 to %zu bytes", key, size - 1);
	memcpy(ret, s.at, s.size);
	ret[s.size] = '\0';
	return TW_OK;
}

tw_err tw_claim_signer(const struct tw_sys *sys, const tw_cert *device, const char *identifier, const char *what)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf uri = { 0 };
	tw_buf_init(&uri, sys, TW_IDENTIFIER_MAX);
	tw_err e = tw_cert_uri(device, &uri);
	if (tw_is(e, TW_CODE_NOTFOUND) || tw_is(e, TW_CODE_LIMIT))
		return TW_RAISE(UNTRUSTED, "the %s's certificate names no device", what);
	TW_TRY(e);
	if (!tw_slice_is(tw_buf_slice(&uri), identifier))
		return TW_RAISE(UNTRUSTED, "the %s is of %.100s, its certificate of %.100s", what, identifier, tw_buf_cstr(&uri));
	return TW_OK;
}
