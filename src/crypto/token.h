/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens: hardware with keys in it, a TPM 2.0 or a PKCS#11 token. Whoever has keys there (the device's keystore, a manufacturer's authority)
 * keeps public halves and handles, and asks a token for what only it can do; its own software (PKCS#11 modules, libtss2) runs in a process of its own.
 *
 * Two processes stand between: a supervisor, which loads nothing and never waits longer than TW_TOKEN_LIMIT_MS, and its worker, which loads
 * the software and may hang, crash or be killed for it; the next call gets a new worker. A process and not a thread, because a thread that
 * hangs cannot be ended and would share the memory with the device's secrets.
 */
#ifndef TW_CRYPTO_TOKEN_H
#define TW_CRYPTO_TOKEN_H
#include "base/buf.h"
#include "base/mem.h"
#include "crypto/key.h"
#include "crypto/token-words.h"

#define TW_TOKEN_TIMEOUT_MS 2000 /* for any question */
#define TW_TOKEN_LIMIT_MS 1700   /* of it, the supervisor waits so long for its worker */
#define TW_TOKEN_QUICK_MS 200    /* a turn that is older asks nothing more */
#define TW_TOKEN_SWEEP_MS 800    /* a sweep that destroys for so long pauses too */
#define TW_TOKEN_HANDLE_MAX 2048
#define TW_TOKEN_OWNER 8 /* random bytes that tell one holder's keys on a token from another's */
#define TW_TOKEN_PIN_MAX 64
#define TW_TOKEN_PIN_MIN 4

/* What a token is asked. HANDLE is what it gave for a key. */
enum tw_token_op {
	TW_TOKEN_MAKE = 1, /* in: nothing, or scalar (32) and point of a key to be taken in. out: point and handle */
	TW_TOKEN_SIGN,     /* handle, in: digest. out: signature */
	TW_TOKEN_DESTROY,  /* handle. OK when there is none such any more */
	TW_TOKEN_WRAP,     /* in: 32 bytes. out: handle of what opens to them again */
	TW_TOKEN_UNWRAP,   /* handle. out: the 32 bytes */
	TW_TOKEN_SWEEP, /* in: block16 of each handle that counts; every other key of the owner is destroyed. out: u8 1 when there are more, else nothing */
	TW_TOKEN_DESCRIBE, /* out: hardware (u8) and the token's name, the same for its life; text: maker and model */
	TW_TOKEN_OPS
};
struct tw_token_question {
	uint8_t op;
	uint8_t owner[TW_TOKEN_OWNER];
	struct tw_slice handle, in;
};
struct tw_token_answer {
	struct tw_buf out, more; /* more: the handle of MAKE, the text of DESCRIBE */
};
/*
 * One kind of token, inside the worker. ask opens what it needs when it needs it. CLOSED: the token is gone; the worker is then ended and the
 * next question finds a new one. DENIED: the PIN was refused, and plan->refused is set. STATE: it is locked, not made ready, or another one.
 * UNSUPPORTED: its library is missing, or it cannot.
 */
struct tw_token_kind_row {
	const char *name, *base; /* of the vault */
	tw_err (*ask)(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret);
};
extern const struct tw_token_kind_row tw_token_tpm, tw_token_pkcs11;
const struct tw_token_kind_row *tw_token_row(enum tw_token_kind kind);

/* The supervisor: returns when the other end of fd is closed. */
void tw_token_supervise(const struct tw_sys *sys, struct tw_token_plan *plan, int fd);
/* The keystore's end. */
typedef struct tw_token tw_token;
tw_err tw_token_start(const struct tw_sys *sys, const struct tw_token_plan *plan, tw_token **ret); /* a supervisor in no sandbox: at a desk, and in tests */
/*
 * Before the role's sandbox: the supervisor that the words ask for, in a sandbox of its own, as uid and gid. Of our descriptors it keeps plan's
 * alone. ret_fd is the channel, which the role's own sandbox has to leave open.
 */
tw_err tw_token_begin(const struct tw_sys *sys, const struct tw_token_plan *plan, uid_t uid, gid_t gid, int *ret_fd);
tw_err tw_token_new(const struct tw_sys *sys, int fd, tw_token **ret); /* takes fd when OK */
tw_token *tw_token_free(tw_token *t);
TW_DEFINE_FREEP(tw_token, tw_token_free)
int tw_token_fd(const tw_token *t); /* at its end once the supervisor has ended, which it does not by itself */
tw_err tw_token_ask(tw_token *t, const struct tw_token_question *q, struct tw_token_answer *ret);
/*
 * A turn: what is done for one message of somebody who waits TW_TOKEN_TIMEOUT_MS for all of it. Its first question is always asked, a further one
 * only while the longest that a question may take still fits. What does not fit pauses, and the holder begins another turn for the rest.
 * Outside a turn nothing pauses.
 */
void tw_token_turn(tw_token *t);
void tw_token_turn_end(tw_token *t);
bool tw_token_in_turn(const tw_token *t);
bool tw_token_fits(const tw_token *t);
tw_err tw_token_pause(tw_token *t); /* OK: another question fits. TIMEOUT: it does not, and the turn has paused */
bool tw_token_paused(const tw_token *t);
void tw_token_answer_init(const struct tw_sys *sys, struct tw_token_answer *a);
void tw_token_answer_done(struct tw_token_answer *a); /* wipes */

#endif
