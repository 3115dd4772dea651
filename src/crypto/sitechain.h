/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate under which browsers and other people's programs know a server, with what stands between it and an authority. Whose
 * authority that is, is theirs to judge, and not looked at here.
 *
 * The server's own key is P-256 like all of ours; those who signed have keys of their own kinds (RSA, P-384), so what stands between is
 * only carried and tried, never used. Each refusal begins with the name of its rule and ends with what to do.
 */
#ifndef TW_CRYPTO_SITECHAIN_H
#define TW_CRYPTO_SITECHAIN_H
#include "crypto/cert.h"

#define TW_SITE_CHAIN_MAX 5   /* the server's and four more */
#define TW_SITE_DER_MAX 10240 /* of all together: each goes to every client in every handshake */
#define TW_SITE_PEM_MAX 16384

struct tw_site_chain {
	tw_cert *leaf;
	struct tw_buf between; /* DER of the others, one after another, in the order of who signed whom */
	size_t count;          /* with the leaf */
};
/* Of PEM, one after another with nothing but empty lines between. SYNTAX, LIMIT, UNSUPPORTED. Frees nothing of *ret on an error. */
tw_err tw_site_chain_read(const struct tw_sys *sys, struct tw_slice pem, struct tw_site_chain *ret);
tw_err tw_site_chain_der(const struct tw_sys *sys, struct tw_slice der, struct tw_site_chain *ret); /* the same, DER after DER */
tw_err tw_site_chain_write(const struct tw_site_chain *c, struct tw_buf *ret_der); /* as tw_site_chain_der reads it */
tw_err tw_site_chain_pem(const struct tw_site_chain *c, struct tw_buf *ret_pem);
void tw_site_chain_done(struct tw_site_chain *c); /* {0} is fine */

/* Whether it may stand for that host with that key now. host: a name without port. UNTRUSTED says which rule it breaks. */
tw_err tw_site_chain_check(const struct tw_site_chain *c, const tw_key *key, const char *host, int64_t now_ms);
#endif
