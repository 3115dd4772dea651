/* SPDX-License-Identifier: Apache-2.0 */
/* An authority of the harness's own: what it certifies, and its lists of revoked certificates, as requests bring them. */
#ifndef TW_TEST_UNIT_LISTS_H
#define TW_TEST_UNIT_LISTS_H
#include "crypto/crl.h"

struct tw_unit_authority {
	const struct tw_sys *sys;
	int64_t now_ms; /* all it makes counts from an hour before to ten years after */
	tw_key *key;
	tw_cert *cert;
};
tw_err tw_unit_authority_make(const struct tw_sys *sys, const char *name, int64_t now_ms, struct tw_unit_authority *ret);
void tw_unit_authority_done(struct tw_unit_authority *a);
tw_err tw_unit_authority_server(const struct tw_unit_authority *a, tw_cert **ret); /* a certificate for one */
/* Bodies: of peers.trust; of certificates.crl, where gone is what the list takes back (NULL: nothing); of certificates.check. */
tw_err tw_unit_authority_trust(const struct tw_unit_authority *a, struct tw_buf *ret);
tw_err tw_unit_authority_list(const struct tw_unit_authority *a, uint64_t number, const tw_cert *gone, struct tw_buf *ret);
tw_err tw_unit_authority_check(const struct tw_unit_authority *a, const tw_cert *server, struct tw_buf *ret);
#endif
