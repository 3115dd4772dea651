/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures over what is published, where desk.json says who makes them: the sign role, or a person elsewhere. The role checks either by the
 * registered public key; only what it found good comes into the store, and only with that is anything exchanged.
 *
 * A role that is not there, slow, or killed keeps the advisory "publishing", and says why in advisory.signing; what waits is tried again by itself.
 */
#ifndef TW_SUPPORT_ADVISORIES_SIGNING_H
#define TW_SUPPORT_ADVISORIES_SIGNING_H
#include "support/advisories/advisories.h"

#define TW_SIGNING_FIRST_MS 5000 /* after a failure; doubling, to TW_SIGNING_AGAIN_MAX_MS */
#define TW_SIGNING_AGAIN_MAX_MS 600000

/* --- What the store says (signatures.c) --- */
tw_err tw_signing_needed(struct tw_context *c, bool *ret); /* nothing goes out without: desk.json says who signs, or something was signed before */
tw_err tw_signing_trusted(struct tw_context *c, bool *ret); /* there is a key, and nothing public lacks its signature */
tw_err tw_signing_digest(struct tw_slice bytes, char ret[65]);
/* Empty: there is none. */
tw_err tw_signing_signature(struct tw_context *c, struct tw_slice bytes, struct tw_buf *ret);
/* A signature that the role found good, with its key; what is public with these bytes has it from then on. */
struct tw_signing_found {
	const struct tw_advisory_row *row;
	const char *digest, *fingerprint;
	struct tw_slice signature, key;
	bool is_public; /* they are what is published, not what waits */
};
tw_err tw_signing_keep(struct tw_context *c, const struct tw_signing_found *f);
/* The bytes that lack a signature: what waits before what is published. Empty: nothing of it lacks one. */
tw_err tw_signing_lacks(struct tw_context *c, const struct tw_advisory_row *row, struct tw_buf *ret, bool *ret_public);
/* The name of the next that waits, or is public and lacks one; "": there is none. */
tw_err tw_signing_next(struct tw_context *c, char ret[TW_ADVISORY_NAME_MAX]);
tw_err tw_signing_unsigned(struct tw_context *c, int64_t *ret_public); /* how many are public without */

/* --- Who makes them (signing.c) --- */
struct tw_app;
struct tw_signing;
tw_err tw_signing_new(struct tw_app *a);
struct tw_signing *tw_signing_free(struct tw_signing *s);
/* The key's text as app/ has it now (it has another end, say), where something was signed by it before: the tree gets it with the next settling. */
tw_err tw_signing_renew(struct tw_app *a);
void tw_signing_due(struct tw_app *a);   /* after whatever may have left something to sign */
void tw_signing_hurry(struct tw_app *a); /* somebody asks for it: what failed is tried again now */
/* What a person signed, to be checked and then published. STATE: another is being looked at. */
tw_err tw_signing_offer(struct tw_app *a, const char *name, struct tw_slice signature);
const char *tw_signing_missing(const struct tw_app *a); /* why the last try failed, of whichever advisory; "": it did not */
/* Of one advisory, for people: "none", "waits", "signed". */
tw_err tw_signing_state(struct tw_context *c, const struct tw_advisory_row *row, const char **ret);
#endif
