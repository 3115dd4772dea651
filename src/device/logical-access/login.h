/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in by name and password, and passwords themselves.
 *
 * Whether there is such an account, whether it is active and whether it has a password, is told by neither words nor work: the same is computed and the
 * same is answered. Each hash is computed in a role of its own; core goes on meanwhile and answers later. So many are under way at a time; the
 * last places are kept for clients that are known at the account they ask for, so that a crowd of strangers keeps no owner out.
 */
#ifndef TW_DEVICE_LOGICAL_ACCESS_LOGIN_H
#define TW_DEVICE_LOGICAL_ACCESS_LOGIN_H
#include "device/logical-access/placed.h"
#include "service/access/login-who.h"
#include "service/access/password-store.h"
#include "service/access/places.h"
#include "service/hash/hashing.h"
#include "formats/oidc.h"
#include "formats/radius.h"

#define TW_LOGIN_WORKS 10            /* what the hash role takes at a time, waiting ones included */
#define TW_LOGIN_KEPT 4              /* of these, for clients that are known */
#define TW_LOGIN_STEPS TW_PLACES_MAX /* logins whose password was right and that want something more */
#define TW_LOGIN_STEPS_OWN 2         /* of one account; one more ends its oldest */
#define TW_LOGIN_STEP_MS 300000
#define TW_MESSAGE_DIGITS 8 /* of a code that is sent (message.h) */

struct tw_login_factor;
/* A password right, and something more is wanted. */
struct tw_login_step {
	int64_t expires_ms; /* boot clock; 0: free */
	int64_t account;
	uint64_t number;  /* in the order of their beginning */
	uint8_t hash[32]; /* of the handle's text */
	struct tw_login_who who;
	struct tw_placer by; /* through whose hands the password came */
	struct tw_phc began; /* the password's: the login ends with it */
	bool outside;        /* in its place, who it is at the organization's provider (oidc.h) */
	unsigned factors;    /* the kinds of second factor of which one is wanted (login-factor.h); 0: none, or none any more */
	const struct tw_login_factor *asked; /* the one that was asked for last; NULL: none */
	const char *how;                     /* by what the session will have been opened, as far as it has been shown */
	bool wants_new;
	char code[TW_MESSAGE_DIGITS + 1]; /* that was sent for it, while it may be tried */
	int tries;                        /* how often */
	char challenge[44];               /* that a passkey was asked for it, until it has answered; "": none (passkey.h) */
};
/* What an answer of the organization's server has to fit (radius.h). */
struct tw_radius_asked {
	uint8_t id, authenticator[TW_RADIUS_AUTHENTICATOR];
	bool forged; /* something came that is not by who knows the secret */
};
/* What an answer of the organization's provider has to fit, and how far it is asked (oidc.h). */
struct tw_oidc_asked {
	uint64_t turn, epoch; /* turn 0: this is nothing of the provider's */
	int64_t until_ms, since_s;
	struct tw_oidc_words words;
	bool begins, has_token, has_keys;
};
/* What the hash role is asked of a passkey: at an enrolment the new one, at a login the one that is to have signed. */
struct tw_passkey_work {
	int64_t id;
	uint32_t counter;
	char label[TW_ACCOUNT_NAME_MAX + 1], site[TW_PASSKEY_SITE_MAX + 1];
};
/* Something about a password or a passkey that the hash role computes, or another server judges. */
struct tw_login_work {
	tw_later *later; /* NULL: free */
	struct tw_device *d;
	void (*next)(struct tw_login_work *w, const struct tw_hash_answer *a);
	int64_t account; /* 0: there is no such */
	struct tw_login_who who;
	struct tw_placer by; /* through whose hands the password came, or comes */
	struct tw_phc began; /* what a password was compared with */
	bool too_short;      /* what was typed, by the rules of now */
	const char *how;     /* of the step it came of */
	uint64_t step;       /* whose new password or second factor it is; 0: nobody's */
	tw_secret *fresh; /* a new password that waits for something else to be computed first; of a provider's, the handle; or see radius.h */
	struct tw_radius_asked asked;
	bool outside; /* no password: the organization's provider says who it is */
	struct tw_oidc_asked oidc;
	const struct tw_login_factor *factor; /* that a provider is asked for (login-provider.h), or that the hash role judges */
	size_t provider;                      /* which */
	struct tw_passkey_work passkey;
};

tw_err tw_login_step_find(struct tw_device *d, struct tw_slice handle, struct tw_login_step **ret); /* NULL: there is none */
/* The path's admit asks here first. */
bool tw_login_is(const struct tw_request *rq);
tw_err tw_login_admit(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);

/* login-work.c */
/* A free place, and an answer that comes later; a problem: none to be had. */
/* A place for what is computed for who and account of want, and rp holds a problem when there is none. */
struct tw_login_want {
	const struct tw_login_who *who;
	int64_t account; /* 0: there is no such, or nobody knows yet */
};
tw_err tw_login_work(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, const struct tw_login_want *want,
	struct tw_login_work **ret);
tw_err tw_login_verify(struct tw_login_work *w, struct tw_slice password, struct tw_reply *rp);
tw_err tw_login_assert(struct tw_login_work *w, const struct tw_passkey_assert *q, struct tw_reply *rp);
tw_err tw_login_enrol(struct tw_login_work *w, const struct tw_passkey_enrol *q, struct tw_reply *rp);
tw_err tw_login_cannot(struct tw_login_work *w, tw_err e, struct tw_reply *rp); /* before it was begun: the place is free again */
tw_err tw_login_make(struct tw_login_work *w, struct tw_slice password, struct tw_reply *rp);
/* Behind something else that was computed: fresh, which is forgotten. */
void tw_login_then_make(struct tw_login_work *w, void (*next)(struct tw_login_work *w, const struct tw_hash_answer *a));
void tw_login_finish(struct tw_login_work *w, struct tw_reply *rp, tw_err e); /* answers, and the place is free */
void tw_login_finish_busy(struct tw_login_work *w, const char *why);
bool tw_login_still_may(struct tw_context *c, struct tw_request *rq); /* whoever asked for what is done now */
void tw_login_stop(struct tw_device *d);

/* login.c: what the password is found to be, and the answer. */
void tw_login_judged(struct tw_login_work *w, bool right);
void tw_login_shown(struct tw_login_work *w);                         /* its factor was, as somebody else found */
tw_err tw_login_passed(struct tw_login_work *w, struct tw_reply *rp); /* the same, where the answer is the asker's to finish */

/* passwords.c */
/* The account of the path's parameter, another's than whose asks, who reaches it; rp holds the problem otherwise. */
tw_err tw_password_wanted(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp, struct tw_account *ret);

tw_err tw_access_credential_last(struct tw_context *c, const struct tw_account *a, struct tw_reply *rp); /* a problem: nobody could come in without */

/* policy.c: what the organization asks for */
enum tw_strength { TW_STRENGTH_ANY, TW_STRENGTH_TWO, TW_STRENGTH_CERTIFICATE };
enum tw_strength tw_policy_strength(struct tw_device *d); /* of what comes over the network */
bool tw_policy_takes(struct tw_device *d, const char *how);
bool tw_policy_second(struct tw_device *d, const struct tw_account *a); /* does a password need a second factor there? */
tw_err tw_policy_refuse(struct tw_reply *rp);
#endif
