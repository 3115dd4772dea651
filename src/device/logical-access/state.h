/* SPDX-License-Identifier: Apache-2.0 */
/* What logical access keeps in memory; shared by its own files only. */
#ifndef TW_DEVICE_LOGICAL_ACCESS_STATE_H
#define TW_DEVICE_LOGICAL_ACCESS_STATE_H
#include "device/logical-access/access.h"
#include "device/logical-access/accounts.h"
#include "device/logical-access/login.h"
#include "device/logical-access/notice.h"
#include "device/logical-access/passkey.h"
#include "device/logical-access/message.h"
#include "device/logical-access/oidc.h"
#include "device/logical-access/placed.h"
#include "device/logical-access/recovery.h"
#include "device/logical-access/step-up.h"
#include "device/logical-access/support.h"

#define TW_OWNERS_MAX 16
#define TW_PASSES_MAX 128 /* likewise; one more is refused, so that nobody ends another's */
#define TW_SUPPORTS_MAX (2 * TW_SESSIONS_MAX)
#define TW_CODE_MS 300000
#define TW_CODES_MAX 8
#define TW_CODE_SIZE 10 /* Crockford base32: 50 bits, for five minutes, five tries a minute */
#define TW_CHALLENGES_MAX 16
#define TW_CHALLENGES_PER_SOURCE 4 /* so that one peer cannot use up all */
#define TW_CHALLENGE_MS 120000
#define TW_BROWSER_MAX 4
#define TW_BROWSER_MS 300000
#define TW_KEPT_UNCOLLECTED "ownership.uncollected" /* kept while nobody has used a session of an owner without a key */
#define TW_KEPT_LISTENER "ownership.listener"       /* kept while a change of ownership still owes a new listener key */

/* What a session was opened by, as it is kept and shown. */
#define TW_HOW_CODE "code"
#define TW_HOW_OUTSIDE_PASSKEY "outside+passkey"
#define TW_HOW_CERTIFICATE "client-certificate"
#define TW_HOW_PASSWORD_MESSAGE "password+message"
#define TW_HOW_OUTSIDE "outside" /* the organization's provider said so */
#define TW_HOW_OUTSIDE_TOTP "outside+totp"
#define TW_HOW_OUTSIDE_MESSAGE "outside+message"
#define TW_HOW_PASSWORD_BIOMETRIC "password+biometric"
#define TW_HOW_PASSWORD_PLUGIN "password+auth-plugin"
#define TW_HOW_OUTSIDE_BIOMETRIC "outside+biometric"
#define TW_HOW_OUTSIDE_PLUGIN "outside+auth-plugin"
#define TW_HOW_BROWSER "console" /* the label's secret, and somebody at the console */
#define TW_HOW_BUTTON "button"   /* the same, and somebody at the button */

struct tw_owner {
	int64_t id; /* of the account */
	char name[TW_ACCOUNT_NAME_MAX + 1];
	bool has_key, enrolled; /* enrolled: there is a credential that lets him in, of whatever kind */
	uint8_t key[32];        /* fingerprint of the client key */
	struct tw_ending end;   /* of the role */
};
struct tw_owners {
	struct tw_owner of[TW_OWNERS_MAX];
	size_t count;
};
struct tw_support {      /* a supporting party's session whose end has to be told */
	int64_t account; /* 0: free */
	uint8_t hash[32];
};
/* What somebody shows to the application. Bound to what he had proven, and to be asked about at each use. */
struct tw_pass {
	int64_t expires_ms; /* boot clock; past: free */
	uint8_t hash[32];   /* of its text */
	int64_t account;
	enum tw_door door; /* where he came in */
	char source[64];
	bool of_session;
	uint8_t proven_by[32]; /* the hash of his session, or the fingerprint of his client key */
};
struct tw_challenge {
	int64_t expires_ms; /* 0: free */
	uint8_t bytes[32];
	char source[64];
};
struct tw_browser {         /* a take-over that waits for console or button, then for its session to be used */
	int64_t expires_ms; /* 0: free */
	int64_t began_ms;
	int64_t pressed_until_ms; /* by the button: until when that counts; 0: the console confirmed it, or nobody yet */
	bool confirmed, collected;
	uint8_t session[32]; /* the hash of the token last given; zeros before */
	uint8_t request[16], client_nonce[32];
	char code[7], owner[TW_ACCOUNT_NAME_MAX + 1];
};
struct tw_product_out { /* by their place in the manifest: what of the product's does not fit this release */
	bool roles[TW_MANIFEST_ROLES], permissions[TW_MANIFEST_PERMISSIONS];
};
struct tw_access {
	struct tw_product_out product_out;
	struct tw_guard guard;   /* the context's */
	struct tw_owners owners; /* those whose accounts are active */
	struct tw_support supports[TW_SUPPORTS_MAX];
	int64_t support_again_ms; /* boot clock */
	struct tw_pass passes[TW_PASSES_MAX];
	const char *refused; /* why who showed something good is not let in: the rule; NULL: by none that could be named */
	bool proven;         /* the request under way showed a good code: that it is refused for another reason is no guess */
	int64_t next_end_ms; /* boot clock: when the next account ends whose end this boot knows; 0: none does */
	int64_t owner_kept;  /* of which it was told that he stays an owner, for there is no other; 0: of none */
	struct tw_step_up step_ups[TW_STEP_UPS_MAX];
	struct tw_challenge challenges[TW_CHALLENGES_MAX];
	struct tw_browser browsers[TW_BROWSER_MAX];
	struct tw_recovery recovery;
	struct tw_passkey_offer passkey_offers[TW_PLACES_MAX];
	struct tw_login_step steps[TW_LOGIN_STEPS];
	uint64_t last_step;
	struct tw_login_work works[TW_LOGIN_WORKS];
	struct tw_messages messages;
	struct tw_oidc_state oidc;
	struct tw_notice notice; /* the one that counts now */
	struct tw_accepted accepted[TW_ACCEPTED_MAX];
	size_t accepted_next; /* the place that the next one takes */
};

struct tw_new_owner {
	const char *name, *how;
	const uint8_t *key;      /* fingerprint, NULL for a browser */
	const char *certificate; /* PEM, NULL for a browser */
};
void tw_access_guard(struct tw_device *d); /* what the gate's general part needs of this side; again when access was wiped */
bool tw_audit_unrecorded(struct tw_context *c, const struct tw_request *rq); /* the path's */
/* Makes the owner and gives the listener a new key. Cut short, the next start completes it. */
tw_err tw_access_own(struct tw_device *d, const struct tw_new_owner *o);
tw_err tw_access_ownership_end(tw_store *s); /* every account and what hangs on it; inside the caller's transaction */
/* The second half alone: a new listener key, and nothing owed any more. */
tw_err tw_access_listener(struct tw_device *d);
/* Owners and sessions from the store. Failed, what was known stays: a device that cannot read who owns it is not ownerless. */
tw_err tw_access_load(struct tw_device *d);
/* Who somebody has proven to be, and by what. */
struct tw_proof {
	int64_t account;
	unsigned methods; /* bits of 1 << enum tw_method */
	int factors;
	int64_t member; /* of a shared account: the account of whoever uses it */
};
/* Makes the subject of the door an owner or an account with the roles that count now. DENIED: the account is not active, or gone. */
tw_err tw_access_become(struct tw_device *d, struct tw_subject *s, const struct tw_proof *p);
/* The same when nobody has come: it does not count as use of the account. */
tw_err tw_access_would_be(struct tw_device *d, struct tw_subject *s, const struct tw_proof *p);
void tw_access_become_owner(struct tw_subject *s, const struct tw_owner *o);
bool tw_access_known(struct tw_context *c, struct tw_subject *s); /* the path's; an account's roles are set anew */
struct tw_condition;
tw_err tw_access_conditions_read(struct tw_slice text, struct tw_condition *ret);       /* "": none */
tw_err tw_access_caps_check(struct tw_device *d, int64_t account, struct tw_reply *rp); /* a problem: it may not open one more session */
/* It has more than it may: what it came to be has a cap that is full. */
tw_err tw_access_caps_exceeded(struct tw_device *d, int64_t account, bool *ret);
/*
 * What every operation that opens a session for somebody who has proven who he is asks first: whether he accepts the notice ("notice" of
 * rq's input), and whether there is room. A problem: not now. tw_access_session opens none without the notice, whoever forgets to ask here.
 */
tw_err tw_access_may_open(struct tw_device *d, int64_t account, const struct tw_request *rq, struct tw_reply *rp);
tw_err tw_access_next_end(struct tw_device *d, int64_t *ret);
tw_err tw_access_owners_read(struct tw_device *d, struct tw_owners *ret);           /* LIMIT: more than there may be */
bool tw_access_other_owner(const struct tw_device *d, int64_t account);             /* is there one, and can he come in? */
bool tw_access_owner_stays(const struct tw_device *d, const struct tw_owner *o);    /* his role never ends, or is the last to */
const struct tw_owner *tw_access_owner(const struct tw_device *d, int64_t account); /* NULL: it is none, or not now */

/* The one way in for whoever logs in: use, in the same transaction, uses up what opened it. Refused (a cap): rp holds the problem. */
struct tw_entering {
	const struct tw_account *account; /* as it was before */
	const char *how;
	const struct tw_request *rq;
	struct tw_placer by;
	tw_err (*use)(tw_store *s, void *user); /* NULL: nothing */
	void *user;
	int64_t idle_ms;             /* what the session asks for itself; 0: nothing */
	int64_t member;              /* of a shared account: who opens it */
	int64_t proven_ms;           /* when that one proved who he is */
	const struct tw_session *in; /* as the opening's */
};
tw_err tw_access_enter(struct tw_device *d, const struct tw_entering *e, struct tw_reply *rp);
/* What its session has proven of an account: asked at each use of the session, and of a pass that hangs on it. */
tw_err tw_access_session_prove(struct tw_device *d, const struct tw_session *s, struct tw_proof *ret);
tw_err tw_access_account_of_key(struct tw_device *d, const struct tw_request *rq, int64_t *ret); /* 0: nobody's */
tw_err tw_access_by_pass(struct tw_device *d, struct tw_request *rq); /* DENIED: it is good for nothing */
const char *tw_access_where(const struct tw_request *rq); /* an address, or at the local socket a user, before he is anybody else */
void tw_access_source(const struct tw_request *rq, char ret[64]); /* who has to wait for what he does */
#endif
