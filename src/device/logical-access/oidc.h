/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The organization's OpenID Connect provider: who it is, which account is whose there, and logins by its word.
 *
 * An owner names the provider; who may reach an account says which subject of that provider it belongs to. Nobody else of the provider's enters, and no
 * account is made because somebody came. Of what the provider says, only a token counts that was asked for by this login, from the browser that
 * began it: that one alone holds the handle, which stands in no address, and state, nonce and verifier are good once.
 *
 *     begin:  outside          -> a handle, and where to send the browser
 *     finish: handle, state, what the provider gave the browser -> as behind a right password
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_OIDC_H
#define TW_DEVICE_LOGICAL_ACCESS_OIDC_H
#include "device/logical-access/login.h"
#include "device/platform/fetch.h"

#define TW_OIDC_NAME_MAX 48
#define TW_OIDC_BEGUN_OWN 4        /* of one source; one more ends its oldest */
#define TW_OIDC_WAIT_MS 12000      /* for all that is asked of the provider for one step of a login */
#define TW_OIDC_QUESTION_S 6       /* for one of these questions */
#define TW_OIDC_BELIEVED_MS 600000 /* for how long its places and keys count without being asked for again */
#define TW_OIDC_DOWN_MS 10000      /* for how long one that did not answer is not asked again */

struct tw_oidc_config {
	char issuer[TW_OIDC_URL_MAX + 1], client[TW_OIDC_CLIENT_MAX + 1], back[TW_OIDC_URL_MAX + 2];
	char name[TW_OIDC_NAME_MAX + 1], claim[TW_OIDC_CLAIM_MAX + 1];
	struct tw_buf anchors;
};
void tw_oidc_config_done(struct tw_oidc_config *o);
tw_err tw_oidc_config_read(struct tw_device *d, struct tw_oidc_config *ret); /* NOTFOUND: none was named */
tw_err tw_oidc_secret(struct tw_device *d, struct tw_buf *ret); /* the client's; empty: it has none; wiped by the caller */
tw_err tw_oidc_name(struct tw_device *d, char ret[TW_OIDC_NAME_MAX + 1]); /* "": none was named */
tw_err tw_oidc_account(struct tw_device *d, const struct tw_oidc_config *o, const char *subject, int64_t *ret); /* 0: nobody's here */
/* As of a password, with who it is at the provider that counts now in the hash's place. NOTFOUND: nobody, or there is no provider. */
tw_err tw_oidc_first(struct tw_device *d, int64_t account, struct tw_password_kept *ret);

/* A login that went to the provider and has not come back. */
struct tw_oidc_begun {
	int64_t expires_ms, since_s; /* 0: free; when it began, by the wall clock */
	int64_t holder;              /* the source, as a number */
	uint8_t hash[32];            /* of the handle's text */
	struct tw_oidc_words words;
};
struct tw_oidc_state {
	struct tw_oidc_begun begun[TW_PLACES_MAX];
	uint64_t last_turn, epoch; /* epoch: of the provider that counts now */
	enum tw_oidc_question { TW_OIDC_NOTHING, TW_OIDC_PLACES, TW_OIDC_KEYS, TW_OIDC_TOKEN } asked;
	int64_t again_ms;                    /* boot clock: when the role is asked again that was busy with something else */
	int64_t places_ms, keys_ms, down_ms; /* likewise: until when these count */
	int down;                            /* why it was down */
	struct tw_oidc_places places;
	struct tw_oidc_keys keys;
	struct tw_buf token; /* of the login whose turn it is */
};
bool tw_oidc_is_begun(struct tw_device *d, struct tw_slice handle);
tw_err tw_oidc_login(struct tw_context *c, const struct tw_request *rq, const struct tw_login_who *who, struct tw_reply *rp);
void tw_oidc_forget(struct tw_device *d); /* the provider is another now, or none */
void tw_oidc_stop(struct tw_device *d);
#endif
