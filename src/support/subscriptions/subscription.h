/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subscriptions in the store, and how somebody comes in and goes out.
 *
 *   asked  --confirm, in time-->  active  --leave-->  gone
 *     '-- two days -->  gone
 *
 * Who asks is told the same whatever there is already; only whoever reads the recipient's mail, or runs the receiver, has the token that
 * confirms. What confirms is 130 random bits, of which the store has the SHA-256. What leaves is 160 bits of an HMAC of the subscription's number,
 * so that each message can carry it; it is found by its SHA-256 too, and does nothing but leave.
 *
 * Nobody can have a third party mailed at will: an address is asked thrice a day, a host TW_ASKS_NETWORK times for each network that asks and TW_ASKS_HOST
 * times in all, beside what each network may send (platform/admission.h).
 */
#ifndef TW_SUPPORT_SUBSCRIPTIONS_SUBSCRIPTION_H
#define TW_SUPPORT_SUBSCRIPTIONS_SUBSCRIPTION_H
#include "base/json.h"
#include "support/outbox/outbox.h"
#include "support/page/words.h"
#include "support/subscriptions/subscriptions.h"

#define TW_SUBSCRIPTIONS_MAX 100000     /* some 40 MiB */
#define TW_SUBSCRIPTIONS_OF_ONE 16      /* active, of one recipient */
#define TW_ASKS_RECIPIENT 3             /* a day: mail a slip of the pen and a lost mail cost */
#define TW_ASKS_NETWORK 50              /* a day, of mail to one host, or of webhooks there, by one network (of IPv6 a /64) */
#define TW_ASKS_HOST 4000               /* the same by all, near what all strangers may send: no network shuts a provider out */
#define TW_ASK_LIVES_MS 172800000       /* two days */
#define TW_ASK_COUNTS_MS 86400000       /* a day */
#define TW_SUBSCRIPTION_VERSIONS_MAX 10 /* that one subscription names */
#define TW_LEAVE_TEXT_MAX 64

/* What all of it stands on. */
struct tw_subscriptions {
	const struct tw_sys *sys;
	struct tw_store *store;
	const char *site; /* "https://security.example.com"; "": not known, so no link can be written */
	int64_t now_ms;   /* wall time */
};
struct tw_subscription {
	int64_t id;
	enum tw_outbox_kind channel;
	const char *recipient, *product, *versions; /* product "": all; versions: blank between, "": all */
	enum tw_language language;
	enum tw_notice_severity lowest; /* of advisories and updates: nothing else has a severity */
	unsigned kinds;                 /* bits of 1 << enum tw_notice_kind */
	struct tw_slice secret;         /* of a webhook */
	int64_t account;                /* whose it is, of a customer at the portal; then it has no kinds. 0: nobody's */
};
/* An https address of a host with a name, at no port but 443 and 8443: what is asked of a stranger's word reaches no machine of the network here by number. */
bool tw_subscription_hook_valid(struct tw_slice url);

enum tw_asked { TW_ASKED, TW_ASKED_HOST, TW_ASKED_FULL };
/* ASKED also when nothing is sent, because the recipient was asked often enough. HOST: too many were for that host today, by this network or by
   all. FULL: no more are taken. One transaction, with the message that asks. LIMIT: the outbox takes none. source: the address of whoever asks. */
tw_err tw_subscription_ask(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *source, enum tw_asked *ret);
enum tw_confirmed { TW_CONFIRMED, TW_CONFIRM_UNKNOWN, TW_CONFIRM_MANY };
/* CONFIRMED also when it was before. UNKNOWN: no token of ours, or out of date. MANY: the recipient has as many as one may have. */
tw_err tw_subscription_confirm(const struct tw_subscriptions *of, struct tw_slice token, enum tw_confirmed *ret);
/* ret_gone: there was one, and it is no more; false: there was none, or it was gone before. */
tw_err tw_subscription_leave(const struct tw_subscriptions *of, struct tw_slice token, bool *ret_gone);
/* Of a token that waits to confirm or could end a subscription now: whoever has it is nobody's stranger. */
tw_err tw_subscription_known(const struct tw_subscriptions *of, struct tw_slice token, bool *ret);
/* What a subscription that this token ends is of. visit is called when there is one; texts hold during the call, and there is no recipient. */
tw_err tw_subscription_of_way_out(const struct tw_subscriptions *of, struct tw_slice token,
	tw_err (*visit)(void *user, const struct tw_subscription *s), void *user);
tw_err tw_subscription_leave_text(const struct tw_subscriptions *of, int64_t id, char ret[TW_LEAVE_TEXT_MAX]);

#define TW_SUBSCRIPTION_VERSIONS_TEXT (TW_SUBSCRIPTION_VERSIONS_MAX * (TW_PRODUCT_VERSION_MAX + 1) + 1)
/*
 * Versions with blanks, commas or lines between; into ret with one blank between. False: too many, or what is none (version.c). They are printed in mail to
 * whomever a stranger named, and there must be no room for words of his own, nor for what a mail program makes a link of. known: of the product, as
 * products.json has them; these are its manufacturer's words, and always good. NULL: none are. Pure.
 */
bool tw_subscription_versions(const char *text, const json_t *known, char ret[TW_SUBSCRIPTION_VERSIONS_TEXT]);

/* A step of forgetting what is out of date, and subscriptions of webhooks that answered 410 to a notice. */
tw_err tw_subscriptions_forget(const struct tw_subscriptions *of);

#define TW_ASK_KEY_TEXT 48
const char *tw_subscription_ask_key(int64_t id, char into[TW_ASK_KEY_TEXT]); /* of the message that asks, in the outbox */

/* Messages. Pure, but for memory. */
tw_err tw_subscription_account_text(
	const struct tw_subscriptions *of, const struct tw_subscription *s, const char *leave, struct tw_buf *ret);
tw_err tw_subscription_ask_text(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *token, struct tw_buf *ret);
struct tw_notice_sent {
	const struct tw_notice *notice;
	int64_t at_ms;
	const char *leave;
	bool undecided; /* whether it concerns a version that he has */
};
/* Into ret alone. Of more products than it has room for, those that fit, of his own first, and where the rest stands. */
tw_err tw_notice_text(
	const struct tw_subscriptions *of, const struct tw_subscription *s, const struct tw_notice_sent *n, struct tw_buf *ret);
enum tw_concern { TW_CONCERNS_NOT, TW_CONCERNS, TW_CONCERN_UNDECIDED };
enum tw_concern tw_notice_concerns(const struct tw_sys *sys, const struct tw_notice *n, const struct tw_subscription *s);

/*
 * A customer's account at the portal may have an address (account.c): asked for with tw_subscription_ask, confirmed and left as any other. Mail says that
 * something waits there and where, and nothing of what; then nothing more until the account was looked at. What makes something wait marks it, by SQL
 * (customers/customers.sql).
 */
#define TW_ACCOUNT_ADDRESSES_SHOWN 8
tw_err tw_subscription_account_seen(struct tw_store *s, int64_t account); /* it was looked at */
tw_err tw_subscription_account_end(struct tw_store *s, int64_t account);  /* no address any more, confirmed or not */
tw_err tw_subscription_account_list(
	struct tw_store *s, int64_t account, tw_err (*visit)(void *user, const char *recipient, bool confirmed), void *user);

#define TW_SLICE_MS \
	4 /* after so long a slice ends; with the sync behind it app answers others within 8 ms on a disk that syncs within 4 */
#define TW_SLICE_WAITING_MAX (TW_OUTBOX_WAITING_MAX / 2) /* the rest of the outbox is left to everybody else */
enum tw_telling { TW_TOLD_ALL, TW_TOLD_SOME, TW_TOLD_WAIT };
/* One slice of what is to be told. SOME: there is more at once. WAIT: there is more, but the outbox has to be sent first, or the site is not known. */
tw_err tw_subscriptions_slice(const struct tw_subscriptions *of, enum tw_telling *ret);
/* The same of accounts for which something waits. */
tw_err tw_subscription_accounts_slice(const struct tw_subscriptions *of, enum tw_telling *ret);

tw_err tw_subscriptions_due(struct tw_store *s, bool *ret); /* is there anything to tell, to subscribers or accounts? */

/* What was published, the newest first; visit's texts hold during the call. product NULL: of all; before: only numbers below it. */
struct tw_notice_kept {
	struct tw_notice notice; /* without its products */
	int64_t number, at_ms;
	bool told;
	int64_t withdrawn_ms; /* 0: it holds */
	const char *withdrawn_why;
};
tw_err tw_notice_find(struct tw_store *s, const char *id, tw_err (*visit)(void *user, const struct tw_notice_kept *n), void *user);
tw_err tw_notices(struct tw_store *s, const char *product, int64_t before, int64_t most,
	tw_err (*visit)(void *user, const struct tw_notice_kept *n), void *user);
#endif
