/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libthingward: what a product's own application says to the device software on the same machine.
 *
 * An application logs events that its product manifest declares, reports the health of its parts, reads its own settings, holds what
 * comes in and what it gives out to their limits, and asks before it does something for somebody whether he may. A provider, a program of
 * its own, judges at logins who somebody is, says that somebody stands at the device, shows the use notice on the product's display, or
 * drives a link of the product's own.
 * Who it is the kernel says (its user id), so there is nothing to configure and no secret to keep.
 *
 * Ownership: everything passed in stays yours and is copied before the call returns; what thingward_open gives is freed by
 * thingward_close, and nothing else needs freeing. One connection is for one thread at a time; open several if you have more.
 *
 * Waiting: thingward_event, _health, _setting, _input, _output and _authorize wait for the answer, at most THINGWARD_WAIT_MS. An application with a loop of
 * its own uses thingward_post_* instead, which never wait, polls thingward_fd for reading, and calls thingward_dispatch when
 * there is something; each answer then comes to its callback under the ticket of its question.
 *
 * When the device software restarts, calls give THINGWARD_GONE. Close, and open again after a moment.
 */
#ifndef THINGWARD_THINGWARD_H
#define THINGWARD_THINGWARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define THINGWARD_SOCKET "/run/thingward/events.sock"
#define THINGWARD_WAIT_MS 5000
#define THINGWARD_VALUE_MAX 512 /* of a setting, with its NUL */
#define THINGWARD_DIGEST_MAX 64 /* bytes of the longest digest */
#define THINGWARD_POINT_SIZE 65
#define THINGWARD_SIGNATURE_SIZE 64
#define THINGWARD_SEAL_MAX 1024
#define THINGWARD_SEALED_MAX (THINGWARD_SEAL_MAX + 28) /* nonce and tag */
#define THINGWARD_ACCOUNT_MAX 25                       /* of an account's id, with its NUL */
#define THINGWARD_CHALLENGE_SIZE 16
#define THINGWARD_PENDING_MAX 64 /* questions without an answer at a time */

/* What every call returns. */
enum thingward_result {
	THINGWARD_OK = 0,
	THINGWARD_INVALID = -1, /* an argument is malformed or too long: mend the program */
	THINGWARD_NO_MEMORY = -2,
	THINGWARD_ABSENT = -3,   /* nothing listens at that socket */
	THINGWARD_GONE = -4,     /* the connection has ended: open a new one */
	THINGWARD_LATE = -5,     /* no answer in time; what was asked may have been done or not */
	THINGWARD_BUSY = -6,     /* too many questions wait: dispatch first */
	THINGWARD_MISMATCH = -8, /* asked and answered: it does not agree; the data is not what it should be */
	THINGWARD_REFUSED = -7,  /* the device said no; thingward_why tells, as in "application.budget: ..." for too many events */
};

typedef struct thingward thingward;

/* path NULL: THINGWARD_SOCKET. ABSENT, NO_MEMORY, INVALID. */
int thingward_open(const char *path, thingward **ret);
thingward *thingward_close(thingward *t); /* NULL is fine; always returns NULL */

/* The event is in the audit log, durably, when this returns OK. fields: a JSON object, "{}" when the event has none. */
int thingward_event(thingward *t, const char *id, const char *fields);
/* name: one that the product manifest asks for. well 0 or 1; text: one line for people, may be "". */
int thingward_health(thingward *t, const char *name, int well, const char *text);
/* The present value as text. size at least THINGWARD_VALUE_MAX always suffices; INVALID when it does not. */
int thingward_setting(thingward *t, const char *key, char *ret, size_t size);

/*
 * What comes into the product and what it gives out, as product.yaml declares it (application.inputs, application.outputs): each has a range and a
 * greatest rate. The device's owner may narrow both while it runs (settings application.input.NAME.min, .max and .rate, application.output.NAME...), and
 * widen neither beyond what you declared. Ask before you act on a value that came in, and before you give one out; a bool is 0 or 1.
 *
 * OK: go on. REFUSED: do not; thingward_why names the rule: "input.range" or "output.range" (outside what may be now), "input.rate" or "output.rate" (too
 * often: so many a minute; a tenth of that, and one more, at once), "input.unknown" or "output.unknown" (mend the manifest or the program). What is
 * refused is in the log, as application.limit-refused: at once, then once a minute for each, with how often; the last of them as you ask the next time.
 * What the owner changes counts within a second: limits are remembered for half of one, and asked for anew behind that, for which the call waits.
 * What is remembered for less than that is judged without the device. GONE and LATE: nobody can say what the owner wants; hold a value that came in
 * back, and an output where it does no harm. A rate counts for one connection and begins with it.
 */
int thingward_input(thingward *t, const char *name, int64_t value);
int thingward_output(thingward *t, const char *name, int64_t value);

/*
 * May this user do this with the product now? permission: one that the product manifest declares, as "application.target.change". pass: what
 * the user has shown you, who got it from the device (POST /api/v1/session-passes, thingward device session pass), or NULL for anyone
 * at all; never "". You never see his session or password, and need not know who he is.
 *
 * OK: yes. ret_account is then the id of his account, as "a17", for your events; "" where anyone may. NULL if you do not want it.
 * Whatever else comes is a no, LATE and GONE included: do nothing. REFUSED names the rule: "gate.permission" (he holds no role for
 * it), "gate.anonymous" (show a pass), "gate.rule" (the owner's rules say no for now), "access.pass" (the pass is over: ask him for a new
 * one), "application.permission-unknown" (mend the manifest or the program).
 *
 * Ask each time, just before you act, and keep no answer: a role may be taken away at any moment. A pass is good for five minutes and ends
 * with the session it was made in. Keep it no longer than you need it, and show it to nobody.
 */
int thingward_authorize(thingward *t, const char *pass, const char *permission, char ret_account[THINGWARD_ACCOUNT_MAX]);

/*
 * Hashing with an approved function: "sha-256", "sha-384" or "sha-512" (FIPS 180-4). Begin, add the data in as many pieces as you like, in
 * order, and end by one of the calls that say so. One hash runs on a connection at a time; beginning another forgets the first. Pieces
 * are sent in steps of 2 KiB while the device reads on: a megabyte takes some milliseconds. The data is not kept.
 * REFUSED from the call that ends it: the function is not approved (crypto.approved), or nothing was begun.
 */
int thingward_hash_begin(thingward *t, const char *function);
int thingward_hash_add(thingward *t, const void *data, size_t size_bytes); /* BUSY: the device did not read on for THINGWARD_WAIT_MS */
/* Ends it. ret: room for max bytes, THINGWARD_DIGEST_MAX always suffices; *ret_size_bytes: 32, 48 or 64. INVALID when it does not fit. */
int thingward_hash_end(thingward *t, void *ret, size_t max_bytes, size_t *ret_size_bytes);
/* Ends it. OK: the digest is this one. MISMATCH: it is not. REFUSED: a digest of that function has another length. */
int thingward_hash_check(thingward *t, const void *digest, size_t size_bytes);

/*
 * Ends a "sha-256". OK: the key signed the data. MISMATCH: it did not; do not use the data. Only the arithmetic is judged: whose key it is
 * you know. key: a P-256 public key or a certificate with one, PEM or DER, at most 1920 bytes. signature: ECDSA, DER as `openssl dgst
 * -sha256 -sign` writes it, or 64 bytes r and s. REFUSED: the key is none, or another function was begun.
 */
int thingward_hash_verify(thingward *t, const void *key, size_t key_bytes, const void *signature, size_t signature_bytes);

/*
 * Key pairs of the application's own, P-256, made in the device's keystore; the private half never leaves it. name: at most 32 of a-z, 0-9,
 * '.' and '-', beginning with a letter; nobody else's keys can be named. They last until ownership of the device ends, which destroys
 * them: REFUSED with "keys.unknown" tells to make a new one. REFUSED also: keys.exists, keys.name, keys.room (16 there may be).
 */
int thingward_key_create(thingward *t, const char *name, uint8_t ret_point[THINGWARD_POINT_SIZE]);
int thingward_key_public(thingward *t, const char *name, uint8_t ret_point[THINGWARD_POINT_SIZE]); /* uncompressed: 4, x, y */
/* ECDSA over a SHA-256 digest of yours; r and s, 32 bytes each. */
int thingward_key_sign(thingward *t, const char *name, const uint8_t digest[32], uint8_t ret_signature[THINGWARD_SIGNATURE_SIZE]);

/*
 * Short secrets of the application's, encrypted by AES-256-GCM under a key that only the device has: keep what comes back anywhere, it
 * opens on this unit only, and for this application's user only. Choose how long: as long as the unit (what belongs to it, as a
 * calibration), or until ownership ends (what belongs to the owner, as a password of his); sealed without an owner, the latter opens
 * until there is one. REFUSED with "crypto.sealed": it was changed, or is of another unit, user, scope or ownership; nothing comes out.
 */
enum thingward_scope { THINGWARD_UNIT = 0, THINGWARD_OWNERSHIP = 1 };
/* ret: what is sealed has size_bytes + 28; THINGWARD_SEALED_MAX is room for any. At most THINGWARD_SEAL_MAX are sealed at a time. */
int thingward_seal(thingward *t, enum thingward_scope scope, const void *data, size_t size_bytes, void *ret);
/* ret: the text has size_bytes - 28; THINGWARD_SEAL_MAX is room for any. Wipe it after use. */
int thingward_unseal(thingward *t, enum thingward_scope scope, const void *sealed, size_t size_bytes, void *ret);

/*
 * Being a provider: a reader of biometrics, or a method of the manufacturer's own (a key switch, a badge), which the device asks at a login whether it
 * is the person whose account it is. A process of its own, run as the user that the product manifest names for it and for nothing else
 * (application.providers: name, kind, uid), which the kernel tells the device. Each is there once: a second one is REFUSED.
 *
 * Connect, say who you are, then poll thingward_fd and call thingward_dispatch; each question comes to your callback, from there alone. Remember it,
 * and answer it when you know, by its challenge, on this connection. One question is asked at a time. The login waits for
 * logical-access.provider-timeout (20 s) and goes on by THINGWARD_YES alone: by _NO, _CANNOT and silence somebody has failed; a verdict
 * under another challenge and the end of your process or connection let nobody in. When somebody else begins a login of the same account meanwhile,
 * both end and you are told that nobody waits. The question has no word that you and the page could both show: say at your display for which
 * account you ask. How you know an account's person is yours to keep: the id of the account never changes and is never given again, so enrol
 * under it.
 *
 * simulated 1: you only pretend to judge, as in a test. The device then says so wherever it says that you are there.
 */
enum thingward_verdict { THINGWARD_NO = 0, THINGWARD_YES = 1, THINGWARD_CANNOT = 2 };
/* account: whose login it is, as "a17", valid during the call; NULL: nobody waits for the verdict of this challenge any more. */
typedef void thingward_question(void *user, const uint8_t challenge[THINGWARD_CHALLENGE_SIZE], const char *account);
/* REFUSED: "provider.unknown" (the manifest has none of that name), "provider.user" (it is another user's), "provider.taken" (it is there
   already), "gate.permission" (this user is no provider's). */
int thingward_provide(thingward *t, const char *name, int simulated, thingward_question *call, void *user);
/* OK: the device has it. REFUSED "provider.challenge": nobody waits for it; forget the question. Not from within the callback. */
int thingward_verdict(thingward *t, const uint8_t challenge[THINGWARD_CHALLENGE_SIZE], enum thingward_verdict verdict);

/*
 * Being the device's button, by which somebody shows that he stands at it: a process of its own, run as the user that the product manifest names
 * for it and for nothing else (application.providers with the kind button). Say who you are by thingward_provide (call NULL: nothing is asked of
 * a button), then say each press, at once, by thingward_present. A press confirms the one thing that waits for it, and nothing else: that a browser
 * takes the device over, or, held for THINGWARD_HOLD_MS, that ownership is ended as somebody asked for from a browser. It confirms nothing that was
 * asked for after the button went down or more than a minute before, and nothing after ten seconds. Say a press when it is let go, or when it has
 * been held for so long; never both.
 *
 * held_ms: for how long it was held; ago_ms: how long ago it was let go, 0 while it is held.
 * OK: it confirmed something. REFUSED: "presence.nothing" (nothing waits for it), "presence.before" (what waits was asked for later: press again),
 * "presence.hold" (hold it), "presence.several" (two browsers wait: the console tells them apart), "presence.old" (it was asked for more than a
 * minute before: ask again), "presence.console" (no console is connected that would tell a new secret), "presence.late", "presence.often" (wait; each
 * press for nothing doubles it, up to a minute, and a minute without any ends it), "presence.user" (this user is not the button's, or has not said
 * which it is).
 */
#define THINGWARD_HOLD_MS 5000
int thingward_present(thingward *t, uint32_t held_ms, uint32_t ago_ms);

/*
 * Being a display of the product's own, which shows the organization's use notice to whoever stands at the device: a process of its own, run as the user
 * that the product manifest names for it (application.providers with the kind display). Say who you are by thingward_provide (call NULL: nothing is asked
 * of a display), then by thingward_display how large you are, then poll thingward_fd and call thingward_dispatch.
 *
 * The notice comes to your callback, at once and whenever it changes or is taken back: from thingward_dispatch, and from every call on this connection that
 * waits, thingward_shows among them, so that another may have come when it returns. Put it on the screen within five seconds (an assessment waits no longer),
 * and then say so by thingward_shows, which is not for the callback: until then the device says of you that you show another. Keep its id beside what is on
 * the screen, accept that one alone, and take no key that was pressed before it was there. When your screen shows it no more, end the connection.
 * Where the product lets people do something at the device without a login, hold the notice on the screen until somebody accepts it by a key of
 * yours, and let him go on when thingward_shows with accepted 1 is OK: that he accepted it is in the log then, durably. Offer the key when the last
 * page has been shown. It opens nothing in the device: whoever logs in, by whatever way, accepts the notice for himself.
 */
#define THINGWARD_NOTICE_ID 32 /* bytes that tell one notice from another */
#define THINGWARD_COLUMNS_LEAST 16
#define THINGWARD_LINES_LEAST 2
/*
 * text: UTF-8, valid during the call: lines of at most so many columns with a line feed between, or a form feed where the next page begins; "": there is no
 * notice, take it from the screen. A character takes one column, or two if it has three bytes or more.
 */
typedef void thingward_notice(void *user, const uint8_t notice[THINGWARD_NOTICE_ID], const char *text);
/* REFUSED: "display.user" (this user is no display's, or has not said which it is), "display.size" (too small, or more than 1000). */
int thingward_display(thingward *t, unsigned columns, unsigned lines, thingward_notice *call, void *user);
/* accepted 0: the screen shows it, 1: somebody accepted it there. REFUSED: "display.former" (another one counts now, and comes to your callback),
   "display.often" (one in two seconds), "notice.none" (there is nothing to accept), "display.user", "display.size" (say how large you are), "audit.space"
   (the log has no room), "audit.broken" (it cannot be written now): that it was accepted is not recorded, so hold the notice and let nobody go on; the key
   may be pressed again. LATE with accepted 1: it may be in the log or not; hold the notice too, for twice in the log does no harm. */
int thingward_shows(thingward *t, const uint8_t notice[THINGWARD_NOTICE_ID], int accepted);

/*
 * Driving a link of the product's own, which the kernel does not know as a network interface (an acoustic modem, a proprietary radio): a process of its
 * own, run as the user that the product manifest names for it (application.providers with the kind link). The link's name is the provider's. Say who you
 * are by thingward_provide (call NULL: nothing is asked of it), give a callback by thingward_on_link_may, say by thingward_link what the link is and how it
 * is now, then poll thingward_fd and call thingward_dispatch; say it again by thingward_link whenever it has changed.
 *
 * The device lists it among its interfaces, with technology, driver and state, and records what becomes of it. After the first thingward_link, and whenever
 * that changes, your callback is told whether the link may be on, from thingward_dispatch and from every call on this connection that waits. may 0: switch
 * it off within THINGWARD_LINK_WAIT_MS, so that nothing goes over it, and say THINGWARD_LINK_OFF; do that after the callback has returned. Until you
 * say so the device tells its owner that the link is not off, and tells you again. may 1: it may be on; whether it is, is yours. When you cannot know any
 * more how it is, end the connection: the device then says of the link that nobody watches it, and so it does when you end for whatever reason. Start with
 * the link off, and switch it on when you were told that it may be: then it is not on before the device says so.
 */
#define THINGWARD_LINK_WAIT_MS 5000
enum thingward_link_state {
	THINGWARD_LINK_OFF = 0,
	THINGWARD_LINK_DOWN = 1,
	THINGWARD_LINK_UP = 2
}; /* DOWN: on, and nobody at the other end */
typedef void thingward_link_may(void *user, int may);
void thingward_on_link_may(thingward *t, thingward_link_may *call, void *user); /* before the first thingward_link */
/* technology, driver: for people, at most 32 and 64 bytes, neither empty: "acoustic modem", "sonar 1.2". Not from within the callback. REFUSED: "link.user"
   (this user drives no link, or has not said which it is), "link.often" (ten at once, then one in five seconds: the device says of the link that it does
   not know how it is until you say it again), "gate.permission". */
int thingward_link(thingward *t, const char *technology, const char *driver, enum thingward_link_state state);

/* Without waiting: OK means sent, and that an answer will come under *ret_ticket (which may be NULL). BUSY, GONE, INVALID. */
int thingward_post_event(thingward *t, const char *id, const char *fields, uint32_t *ret_ticket);
int thingward_post_health(thingward *t, const char *name, int well, const char *text, uint32_t *ret_ticket);
int thingward_post_setting(thingward *t, const char *key, uint32_t *ret_ticket);
int thingward_post_authorize(thingward *t, const char *pass, const char *permission, uint32_t *ret_ticket); /* value: the account's id */
/* result: OK or REFUSED. value: of a setting, else ""; why: of a refusal, else "". Both are valid during the call only. */
typedef void thingward_answer(void *user, uint32_t ticket, int result, const char *value, const char *why);
void thingward_on_answer(thingward *t, thingward_answer *call, void *user);
int thingward_fd(const thingward *t);           /* poll this for reading */
int thingward_dispatch(thingward *t);           /* takes what has come, waits for nothing; OK also when nothing had. GONE */
unsigned thingward_pending(const thingward *t); /* questions without an answer */

const char *thingward_why(const thingward *t); /* of the last call that did not give OK: one line, never NULL */
const char *thingward_version(void);

#ifdef __cplusplus
}
#endif
#endif
