/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom the owner trusts to vouch for others, and what those have taken back: authorities of other devices and lists of revoked
 * certificates. Two capabilities need it, the one that judges other devices and the one that checks certificates for the owner.
 *
 * All of it is kept by name in the store and goes with the owner. Lists of revoked certificates have a place each, so that one can
 * be replaced, or removed, in one step; none lies in memory while nobody is judged.
 */
#ifndef TW_DEVICE_PLATFORM_TRUST_H
#define TW_DEVICE_PLATFORM_TRUST_H
#include "crypto/chain.h"
#include "device/platform/device.h"

#define TW_KEPT_PEERS TW_KEPT_OF_OWNER "peers" /* goes when ownership ends */
#define TW_PEERS_DOCUMENT_MAX (48 * 1024)
#define TW_TRUST_LISTS_MAX 4 /* as many as authorities of other devices */

/* The document of other devices as it was kept; an empty one when nothing was. */
tw_err tw_trust_document(struct tw_context *c, json_t **ret);
struct tw_trust {
	struct tw_certs anchors;
	const char *names[TW_ANCHORS_MAX]; /* what the owner calls them; borrowed from the document */
};
/* Its authorities. One that is of no form that is taken any more vouches for nobody and is left out. */
tw_err tw_trust_anchors(struct tw_context *c, const json_t *document, struct tw_trust *ret);
static inline void tw_trust_done(struct tw_trust *t)
{
	tw_certs_done(&t->anchors);
}

struct tw_lists {
	tw_crl *of[TW_TRUST_LISTS_MAX];
	size_t place[TW_TRUST_LISTS_MAX]; /* where each is kept; rising */
	size_t count;
};
tw_err tw_trust_lists(struct tw_context *c, struct tw_lists *ret);
void tw_lists_done(struct tw_lists *l);
/*
 * In the place of its issuer's, or in a free one. issuer has signed it. A list there that issuer has not signed is somebody else's of the
 * same name: it gives way when the issuer is trusted, and else stays. EXISTS: the one there has this number or a higher one. UNTRUSTED: the
 * one there is not this issuer's. LIMIT: no place is free.
 */
tw_err tw_trust_list_keep(struct tw_context *c, const tw_crl *list, const tw_cert *issuer, bool trusted);
/* Frees the place of l->of[i], which stays the caller's. From the next judgement on nothing that it takes back is revoked by it. */
tw_err tw_trust_list_remove(struct tw_context *c, const struct tw_lists *l, size_t i);
#endif
