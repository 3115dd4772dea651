/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a device: HTTPS with its pinned listener key, or its local socket.
 *
 * The pin is the SHA-256 of the listener's public key, from the label or from the take-over. Whoever holds another key is not
 * the device, whatever a certificate says; so certificates and names are not asked, and nothing is sent before the pin fits.
 */
#ifndef TW_TOOL_CLIENT_H
#define TW_TOOL_CLIENT_H
#include "base/buf.h"
#include "base/json.h"

#define TW_ANSWER_MAX (1024 * 1024)
#define TW_ANSWER_HEAD_MAX (64 * 1024)

struct tw_place {
	const char *address; /* HOST:PORT; or NULL and socket */
	const char *socket;  /* path */
	bool has_pin;        /* false only for probes that ask what an anonymous stranger sees, and with trust */
	uint8_t pin[32];
	bool trust;              /* the manufacturer's server: its certificate and name have to hold, as they do for a browser */
	const char *authorities; /* with trust: a file of the certificates that may vouch; NULL: those that this machine trusts */
	const char *certificate; /* paths of the owner's; NULL: anonymous */
	const char *key;
	const char *token; /* of the session that every call without one of its own shows; NULL: none */
};
struct tw_known;
struct tw_call {
	const char *method, *path;
	const json_t *body;   /* NULL: none */
	const char *form;     /* a page's form in place of it, application/x-www-form-urlencoded; NULL: none */
	bool page;            /* a page for people is wanted, not JSON */
	const char *if_match; /* NULL: none */
	const char *token;    /* of a session; NULL: none */
	const char *last_id;  /* Last-Event-ID; NULL: none */
	const char *step_up;  /* a proof for this very call; NULL: none */
	const char *host;     /* the name and port that the device is asked under; NULL: its address */
	/* A body of status 200 goes here as it comes, not into the answer; NULL: into the answer. An error of it ends the call. */
	tw_err (*take)(void *user, struct tw_slice bytes);
	void *user;
	struct tw_known *known; /* what this is asked for gave before: the same bytes are not parsed again (known.h); NULL: it is not kept */
	int quiet_s;            /* the call has no end but this long without a byte; 0: it has a deadline */
};
struct tw_answer {
	long status;
	json_t *body;            /* NULL when it is not JSON */
	struct tw_buf raw, head; /* bytes as they came */
	char etag[80];
	int wait_s; /* Retry-After; 0: it says nothing of it */
	bool has_exporter;
	uint8_t exporter[32];      /* tls-exporter of the connection the answer came by (RFC 9266) */
	struct tw_buf certificate; /* the listener's, DER; empty on the local socket */
};
void tw_answer_init(struct tw_answer *a, const struct tw_sys *sys);
void tw_answer_done(struct tw_answer *a);

typedef struct tw_client tw_client;
tw_err tw_client_new(const struct tw_sys *sys, const struct tw_place *place, tw_client **ret);
tw_client *tw_client_free(tw_client *c);
TW_DEFINE_FREEP(tw_client, tw_client_free)
/* Another session from the next call on. */
void tw_client_token(tw_client *c, const char *token);
/* What whoever made the client keeps beside it: a session that can log in anew; NULL: none. */
void tw_client_keep(tw_client *c, void *beside);
void *tw_client_kept(const tw_client *c);
/* Any status is an answer. CLOSED: cannot be reached. UNTRUSTED: the pin does not fit. SYNTAX: that was no HTTP. Connections are kept. */
tw_err tw_client_call(tw_client *c, const struct tw_call *call, struct tw_answer *ret);
/* What every call was and came to, told to one listener at a time; NULL: nobody listens. Told before the caller knows. */
struct tw_heard {
	bool local, known; /* known: a certificate or a token was shown */
	const struct tw_call *call;
	const struct tw_answer *answer;
	tw_err result;
};
void tw_client_hear(void (*listener)(void *user, const struct tw_heard *h), void *user);
/* A refusal in the words of the device, as an error; OK for a status below 300. */
tw_err tw_answer_check(const struct tw_answer *a, char *hint, size_t hint_size);
#endif
