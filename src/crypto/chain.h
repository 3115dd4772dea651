/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One verdict over a certificate: chain, dates, names, purpose and revocation, each refusal by the name of its rule.
 *
 * The path is built and walked by OpenSSL (X509_verify_cert, at its strictest): order, signatures, path length, key usage of
 * authorities, name constraints and dates have been got wrong often enough by people who wrote them anew. Ours is what it lacks or
 * leaves to its caller: one spelling (der.h), P-256 with SHA-256 only, nothing in the chain that is not needed, an end entity that
 * is not itself the anchor, purposes that are stated, names without wildcards, lists of revoked ones and stapled answers (crl.h, ocsp.h).
 *
 * The time is the caller's: tw_time_wall_ms, which never falls below the latest time known to have passed, so that nothing that has
 * ended revives while the clock is not trusted.
 */
#ifndef TW_CRYPTO_CHAIN_H
#define TW_CRYPTO_CHAIN_H
#include "crypto/cert.h"
#include "crypto/crl.h"

#define TW_CHAIN_MAX 4   /* the certificate and three between it and an anchor */
#define TW_ANCHORS_MAX 8 /* more is somebody's whole web of trust */
#define TW_CRLS_MAX 8

struct tw_certs {
	tw_cert *of[TW_ANCHORS_MAX];
	size_t count;
};
/* One to most certificates in PEM, one after another, nothing between and around them. SYNTAX, UNSUPPORTED, LIMIT. */
tw_err tw_certs_read(const struct tw_sys *sys, struct tw_slice pem, size_t most, struct tw_certs *ret);
void tw_certs_done(struct tw_certs *c); /* frees them; {0} is fine */

enum tw_chain_purpose {
	TW_CHAIN_SERVER, /* TLS server: says so */
	TW_CHAIN_CLIENT, /* TLS client: says so */
	TW_CHAIN_DEVICE, /* a device's identity: names a urn:dev: and may stand for a TLS client, or limits its purposes not at all */
	TW_CHAIN_AUTHORITY, /* an authority itself */
	TW_CHAIN_SIGNER,    /* signs things: an end entity with any purpose */
};

struct tw_chain_ask {
	const struct tw_certs *chain;   /* [0] is the one that is asked about */
	const struct tw_certs *anchors; /* authorities trusted as they are, roots or not */
	enum tw_chain_purpose purpose;
	const char *uri, *dns; /* a name it must have; NULL: not asked */
	int64_t now_ms;
	const tw_crl *const *crls; /* those of other issuers are passed over */
	size_t crl_count;
	struct tw_slice ocsp;   /* a stapled answer about [0]; empty: none */
	bool must_be_unrevoked; /* without a list or an answer that says so it is refused */
};

struct tw_chain_verdict {
	const char *rule; /* NULL: it holds */
	size_t anchor;    /* held: which of the anchors vouches */
	size_t at;        /* refused: which certificate of the path, 0 the one that is asked about */
	bool unrevoked;   /* held: a list or an answer said that [0] is not revoked */
};
/* Fails only when nothing could be found out (NOMEM, CRYPTO). */
tw_err tw_chain_check(const struct tw_sys *sys, const struct tw_chain_ask *ask, struct tw_chain_verdict *ret);

/* Every rule, and what it says to a person. */
struct tw_chain_rule {
	const char *rule, *text;
};
extern const struct tw_chain_rule tw_chain_rules[]; /* ends with rule NULL */
const char *tw_chain_text(const char *rule);
#endif
