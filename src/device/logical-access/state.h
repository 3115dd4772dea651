/* SPDX-License-Identifier: Apache-2.0 */
/* What logical access keeps in memory; shared by its own files only. */
#ifndef TW_DEVICE_LOGICAL_ACCESS_STATE_H
#define TW_DEVICE_LOGICAL_ACCESS_STATE_H
#include "device/logical-access/access.h"
#include "device/logical-access/throttle.h"

#define TW_OWNERS_MAX 16
#define TW_OWNER_NAME_MAX 48
#define TW_SESSIONS_MAX 16    /* of all owners; one more ends the one that would end first */
#define TW_SESSION_MS 1800000 /* 30 minutes of boot time */
#define TW_CODE_MS 300000
#define TW_CODES_MAX 8
#define TW_CODE_SIZE 10  /* Crockford base32: 50 bits, for five minutes, five tries a minute */
#define TW_TOKEN_TEXT 43 /* 32 bytes in base64url */
#define TW_CHALLENGES_MAX 16
#define TW_CHALLENGES_PER_SOURCE 4 /* so that one peer cannot use up all */
#define TW_CHALLENGE_MS 120000
#define TW_BROWSER_MAX 4
#define TW_BROWSER_MS 300000
#define TW_KEPT_UNCOLLECTED "ownership.uncollected" /* kept while nobody has used a session of an owner without a key */
#define TW_KEPT_LISTENER "ownership.listener"       /* kept while a change of ownership still owes a new listener key */

struct tw_owner {
	char name[TW_OWNER_NAME_MAX + 1];
	bool has_key;
	uint8_t key[32]; /* fingerprint of the client key */
};
struct tw_session {
	bool used;
	uint8_t hash[32]; /* of the token's text */
	char owner[TW_OWNER_NAME_MAX + 1];
	int64_t expires_ms; /* boot clock; 0 when not used */
};
struct tw_challenge {
	int64_t expires_ms; /* 0: free */
	uint8_t bytes[32];
	char source[64];
};
struct tw_browser {         /* a take-over that waits for the console, then for its session to be used */
	int64_t expires_ms; /* 0: free */
	bool confirmed, collected;
	uint8_t session[32]; /* the hash of the token last given; zeros before */
	uint8_t request[16], client_nonce[32];
	char code[7], owner[TW_OWNER_NAME_MAX + 1];
};
struct tw_access {
	struct tw_owner owners[TW_OWNERS_MAX];
	size_t owner_count;
	struct tw_session sessions[TW_SESSIONS_MAX];
	struct tw_challenge challenges[TW_CHALLENGES_MAX];
	struct tw_browser browsers[TW_BROWSER_MAX];
	struct tw_throttle throttle;
};

struct tw_new_owner {
	const char *name, *how;
	const uint8_t *key;      /* fingerprint, NULL for a browser */
	const char *certificate; /* PEM, NULL for a browser */
};
/* Makes the owner and gives the listener a new key. Cut short, the next start completes it. */
tw_err tw_access_own(struct tw_device *d, const struct tw_new_owner *o);
/* The second half alone: a new listener key, and nothing owed any more. */
tw_err tw_access_listener(struct tw_device *d);
/* Owners and sessions from the store. Failed, what was known stays: a device that cannot read who owns it is not ownerless. */
tw_err tw_access_load(struct tw_device *d);
/* Opens a session: stored hashed, in the cache, the token's text handed out once. */
tw_err tw_access_session(struct tw_device *d, const char *owner, char ret_token[TW_TOKEN_TEXT + 1]);
/* Ends the session whose token has this hash, if there is one. */
tw_err tw_access_session_end(struct tw_device *d, const uint8_t hash[32]);
/* The owner of a session token; NULL when there is no such session, or no longer. */
struct tw_session *tw_access_session_of(struct tw_device *d, struct tw_slice token);
struct tw_slice tw_access_bearer(const struct tw_request *rq);                        /* empty: none was sent */
tw_err tw_access_wait(const struct tw_request *rq, int seconds, struct tw_reply *rp); /* 429 */
/* Letters, digits and so on that people can read back, without blanks at the ends. */
bool tw_access_name_valid(const char *name);
#endif
