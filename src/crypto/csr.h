/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PKCS#10 (RFC 2986): asking an authority for a certificate, and reading what a device asks for.
 *
 * A request says a key and names, and proves by its signature that whoever made it holds the private half. What else a certificate
 * says (dates, purposes, whether it is an authority) is the issuer's to decide, so a request that wants to have a say in it is refused.
 * P-256 with SHA-256 and nothing else; one spelling (der.h).
 */
#ifndef TW_CRYPTO_CSR_H
#define TW_CRYPTO_CSR_H
#include "crypto/cert.h"
#include "crypto/signer.h"

#define TW_CSR_MAX 4096     /* bytes of DER, and of PEM; one of ours has 400 */
#define TW_CSR_NAME_MAX 256 /* bytes of one name: 64 characters (RFC 5280 appendix A.1), or a URI */

struct tw_csr_names {
	const char *common_name, *organization, *serial_number; /* subject */
	const char *uri, *dns;                                  /* subjectAltName, by an extensionRequest (RFC 2985) */
};
typedef struct tw_csr tw_csr;

/* The public half of subject and signer's private one must belong together: UNTRUSTED when what was made does not hold. A name
   that is NULL is left out; at least one is there. SYNTAX: a name that no request may have. */
tw_err tw_csr_make(const struct tw_sys *sys, const struct tw_csr_names *names, const tw_key *subject,
	const struct tw_digest_signer *signer, struct tw_buf *ret_der);
tw_err tw_csr_pem(struct tw_slice der, struct tw_buf *ret_pem); /* the same bytes as text; looks at nothing */
/* SYNTAX, UNSUPPORTED, LIMIT: not a request of ours to read; UNTRUSTED: its signature is not by its key. */
tw_err tw_csr_load(const struct tw_sys *sys, struct tw_slice pem_or_der, tw_csr **ret);
tw_csr *tw_csr_free(tw_csr *c);
TW_DEFINE_FREEP(tw_csr, tw_csr_free)
struct tw_csr_names tw_csr_get_names(const tw_csr *c); /* borrowed; NULL where it names none */
tw_err tw_csr_key(const tw_csr *c, tw_key **ret);      /* public key */
#endif
