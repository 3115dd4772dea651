/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "support/query-reception/receipt.h"
#include "support/sql-support.h"
#include "support/subscriptions/subscription.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define KEY 32
#define LEAVE_BYTES 20 /* 160 bits of the HMAC */
#define LEAVE_PURPOSE "thingward leave 1"
#define HOST_MAX 255
#define NETWORK 8 /* bytes of a /64 */

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* --- Recipients --- */

/* Of a mail address or an https address; small letters. */
static struct tw_slice host_of(const char *recipient, char into[HOST_MAX + 1])
{
	const char *at = strchr(recipient, '@'), *host = at ? at + 1 : strncmp(recipient, "https://", 8) ? "" : recipient + 8;
	size_t size = strcspn(host, "/:?");

	size = size > HOST_MAX ? HOST_MAX : size;
	for (size_t i = 0; i < size; i++)
		into[i] = (char)tolower((unsigned char)host[i]);
	into[size] = '\0';
	return (struct tw_slice){ into, size };
}

static bool label_valid(struct tw_slice s)
{
	if (s.size == 0 || s.size > 63 || s.at[0] == '-' || s.at[s.size - 1] == '-')
		return false;
	for (size_t i = 0; i < s.size; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", s.at[i]))
			return false;
	return true;
}

/* Two labels at least, and a last one that is no number. */
static bool host_valid(const char *host)
{
	size_t labels = 0, size = 0;

	for (const char *at = host;; at += size + 1) {
		size = strcspn(at, ".");
		if (!label_valid((struct tw_slice){ at, size }))
			return false;
		labels++;
		if (at[size] == '\0')
			return labels > 1 && at[strspn(at, "0123456789")] != '\0';
	}
}

bool tw_subscription_hook_valid(struct tw_slice url)
{
	char text[TW_OUTBOX_TO_MAX + 1], host[HOST_MAX + 1];
	const char *behind;

	if (!tw_outbox_url_valid(url))
		return false;
	(void)snprintf(text, sizeof text, TW_SLICE_FMT, TW_SLICE_ARG(url));
	if (!host_valid(host_of(text, host).at))
		return false;
	behind = text + 8 + strlen(host);
	if (*behind != ':')
		return true;
	size_t digits = strcspn(behind + 1, "/?");
	const struct tw_slice port = { behind + 1, digits };
	return tw_slice_is(port, "443") || tw_slice_is(port, "8443");
}

/* --- Who was asked already --- */

/* Hashes of whom an ask could annoy, and of the network that asks for something at that host. */
struct whom {
	uint8_t one[TW_SHA256_SIZE], host[TW_SHA256_SIZE], network[TW_SHA256_SIZE];
};

/* Mail to ANN+lamps@Example.COM lands where mail to ann@example.com does. */
static tw_err whom(const char *recipient, enum tw_outbox_kind channel, const char *source, struct whom *ret)
{
	char host[HOST_MAX + 1], local[TW_OUTBOX_TO_MAX + 1];
	struct in6_addr six;
	const bool is_six = inet_pton(AF_INET6, source, &six) == 1;
	const struct tw_slice network = is_six ? (struct tw_slice){ (const char *)six.s6_addr, NETWORK } : tw_slice_of(source);
	struct tw_slice parts[] = { TW_SLICE("h"), host_of(recipient, host), { "", 0 } };
	size_t size = channel == TW_OUTBOX_MAIL ? strcspn(recipient, "+@") : strlen(recipient);

	parts[0] = channel == TW_OUTBOX_MAIL ? TW_SLICE("mail@") : TW_SLICE("hook@");
	TW_TRY(tw_sha256_of(parts, 2, ret->host));
	TW_TRY(tw_sha256_of((struct tw_slice[]){ parts[0], parts[1], TW_SLICE(" by "), network }, 4, ret->network));
	size = size < sizeof local ? size : sizeof local - 1;
	for (size_t i = 0; i < size; i++)
		local[i] = channel == TW_OUTBOX_MAIL ? (char)tolower((unsigned char)recipient[i]) : recipient[i];
	parts[2] = (struct tw_slice){ local, size };
	return tw_sha256_of(parts, 3, ret->one);
}

static tw_err asks_of(struct tw_store *s, const uint8_t who[TW_SHA256_SIZE], int64_t *ret)
{
	return tw_store_run(s, tw_sql_subscription_asks, (struct tw_value[]){ TW_V_BLOB(who, TW_SHA256_SIZE) }, 1, take_number, ret);
}

static tw_err note_ask(struct tw_store *s, const uint8_t who[TW_SHA256_SIZE], int64_t now_ms)
{
	const struct tw_value v[] = { TW_V_BLOB(who, TW_SHA256_SIZE), TW_V_INT(now_ms) };

	return tw_store_run(s, tw_sql_subscription_ask_add, v, TW_COUNT(v), NULL, NULL);
}

/* --- Asking --- */

struct asking {
	const struct tw_subscriptions *of;
	const struct tw_subscription *s;
	const char *source;
	struct tw_receipt token;
	uint8_t secret[TW_OUTBOX_SECRET_MIN];
	struct tw_buf text;
	struct whom by;
	enum tw_asked asked;
};

static tw_err forget_old(const struct tw_subscriptions *of)
{
	const struct tw_value now = TW_V_INT(of->now_ms), day = TW_V_INT(of->now_ms - TW_ASK_COUNTS_MS);

	TW_TRY(tw_store_run(of->store, tw_sql_subscription_expired, &now, 1, NULL, NULL));
	TW_TRY(tw_outbox_forget_asks(of->store, of->now_ms));
	return tw_store_run(of->store, tw_sql_subscription_asks_forget, &day, 1, NULL, NULL);
}

/* ret_ask false: the answer is known, and nothing is to be sent. */
static tw_err may_ask(struct asking *a, bool *ret_ask)
{
	const uint8_t *const counted[] = { a->by.one, a->by.host, a->by.network };
	int64_t count = 0, asks[TW_COUNT(counted)] = { 0 };

	*ret_ask = false;
	TW_TRY(whom(a->s->recipient, a->s->channel, a->source, &a->by));
	TW_TRY(tw_store_run(a->of->store, tw_sql_subscription_count, NULL, 0, take_number, &count));
	for (size_t i = 0; i < TW_COUNT(counted); i++)
		TW_TRY(asks_of(a->of->store, counted[i], &asks[i]));
	a->asked = count >= TW_SUBSCRIPTIONS_MAX                        ? TW_ASKED_FULL
		: asks[1] >= TW_ASKS_HOST || asks[2] >= TW_ASKS_NETWORK ? TW_ASKED_HOST
									: TW_ASKED;
	if (a->asked != TW_ASKED || asks[0] >= TW_ASKS_RECIPIENT)
		return TW_OK;
	*ret_ask = true;
	for (size_t i = 0; i < TW_COUNT(counted); i++)
		TW_TRY(note_ask(a->of->store, counted[i], a->of->now_ms));
	return TW_OK;
}

const char *tw_subscription_ask_key(int64_t id, char into[TW_ASK_KEY_TEXT])
{
	(void)snprintf(into, TW_ASK_KEY_TEXT, "subscription-%lld", (long long)id);
	return into;
}

static tw_err ask_body(tw_store *store, void *user)
{
	struct asking *a = user;
	const struct tw_subscription *s = a->s;
	const bool hook = s->channel == TW_OUTBOX_WEBHOOK;
	const struct tw_slice secret = { (const char *)a->secret, hook ? sizeof a->secret : 0 };
	const struct tw_value v[] = { TW_V_BLOB(a->token.hash, TW_RECEIPT_HASH), TW_V_INT(s->channel), TW_V_TEXT(s->recipient),
		TW_V_BLOB(secret.at, secret.size), TW_V_TEXT(tw_language_tag(s->language)), TW_V_TEXT(s->product), TW_V_TEXT(s->versions),
		TW_V_INT(s->lowest), TW_V_INT(s->kinds), TW_V_INT(a->of->now_ms), TW_V_INT(a->of->now_ms + TW_ASK_LIVES_MS) };
	struct tw_outbox_message m = { s->channel, s->recipient,
		hook ? "subscription.confirm" : tw_word(TW_W_SUBS_ASK_SUBJECT, s->language), tw_buf_cstr(&a->text), NULL, NULL,
		secret, TW_OUTBOX_ASK };
	char key[TW_ASK_KEY_TEXT];
	int64_t id = 0;
	bool ask;

	TW_TRY(forget_old(a->of));
	TW_TRY(may_ask(a, &ask));
	if (!ask)
		return TW_OK;
	TW_TRY(tw_store_run(store, tw_sql_subscription_add, v, TW_COUNT(v), take_number, &id));
	if (s->account)
		TW_TRY(tw_store_run(store, tw_sql_subscription_account_add,
			(struct tw_value[]){ TW_V_INT(id), TW_V_INT(s->account) }, 2, NULL, NULL));
	m.key = tw_subscription_ask_key(id, key);
	return tw_outbox_add(store, &m, a->of->now_ms);
}

tw_err tw_subscription_ask(const struct tw_subscriptions *of, const struct tw_subscription *s, const char *source, enum tw_asked *ret)
{
	struct tw_subscription asked = *s;
	struct asking a = { .of = of, .s = &asked, .source = source };

	TW_TRY(tw_receipt_make(of->sys, &a.token));
	if (of->sys->random(of->sys, a.secret, sizeof a.secret) < 0)
		return TW_RAISE(IO, "no random numbers");
	asked.secret = (struct tw_slice){ (const char *)a.secret, sizeof a.secret };
	tw_buf_init(&a.text, of->sys, TW_OUTBOX_TEXT_MAX);
	tw_err e = tw_subscription_ask_text(of, &asked, a.token.text, &a.text);
	if (!tw_failed(e))
		e = tw_store_transaction(of->store, ask_body, &a);
	tw_buf_done(&a.text);
	if (!tw_failed(e))
		*ret = a.asked;
	return e;
}

/* --- Confirming --- */

struct confirming {
	const struct tw_subscriptions *of;
	uint8_t hash[TW_RECEIPT_HASH];
	int64_t id, expires_ms;
	bool active;
	char recipient[TW_OUTBOX_TO_MAX + 1];
	enum tw_confirmed confirmed;
};

static tw_err take_asked(void *user, const tw_row *row)
{
	struct confirming *w = user;

	w->id = tw_row_int(row, 0);
	w->active = tw_slice_is(tw_row_bytes(row, 1), "active");
	(void)snprintf(w->recipient, sizeof w->recipient, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 2)));
	w->expires_ms = tw_row_int(row, 3);
	return TW_OK;
}

static tw_err confirm_body(tw_store *store, void *user)
{
	struct confirming *w = user;
	int64_t active = 0;

	TW_TRY(tw_store_run(
		store, tw_sql_subscription_by_token, (struct tw_value[]){ TW_V_BLOB(w->hash, sizeof w->hash) }, 1, take_asked, w));
	w->confirmed = w->id && (w->active || w->expires_ms > w->of->now_ms) ? TW_CONFIRMED : TW_CONFIRM_UNKNOWN;
	if (w->confirmed != TW_CONFIRMED || w->active)
		return TW_OK;
	const struct tw_value v[] = { TW_V_INT(w->id), TW_V_TEXT(w->recipient) };
	char leave[TW_LEAVE_TEXT_MAX], key[TW_ASK_KEY_TEXT];
	uint8_t way_out[TW_SHA256_SIZE];
	TW_TRY(tw_outbox_withdraw(store, tw_subscription_ask_key(w->id, key)));
	TW_TRY(tw_store_run(store, tw_sql_subscription_same, v, 2, NULL, NULL));
	TW_TRY(tw_store_run(store, tw_sql_subscription_active, v, 2, take_number, &active));
	if (active >= TW_SUBSCRIPTIONS_OF_ONE) {
		w->confirmed = TW_CONFIRM_MANY; /* and the token, which stands outside of the strangers' allowance, goes */
		return tw_store_run(store, tw_sql_subscription_delete, v, 1, NULL, NULL);
	}
	TW_TRY(tw_store_run(store, tw_sql_subscription_account_carry, v, 1, NULL, NULL));
	TW_TRY(tw_store_run(store, tw_sql_subscription_account_one, v, 1, NULL, NULL));
	TW_TRY(tw_subscription_leave_text(w->of, w->id, leave));
	TW_TRY(tw_sha256(leave, strlen(leave), way_out));
	return tw_store_run(
		store, tw_sql_subscription_confirm, (struct tw_value[]){ v[0], TW_V_BLOB(way_out, sizeof way_out) }, 2, NULL, NULL);
}

tw_err tw_subscription_confirm(const struct tw_subscriptions *of, struct tw_slice token, enum tw_confirmed *ret)
{
	struct confirming w = { .of = of };
	struct tw_receipt r;
	tw_err e = tw_receipt_parse(token, &r);

	*ret = TW_CONFIRM_UNKNOWN;
	if (tw_is(e, TW_CODE_SYNTAX))
		return TW_OK;
	TW_TRY(e);
	memcpy(w.hash, r.hash, sizeof w.hash);
	TW_TRY(tw_store_transaction(of->store, confirm_body, &w));
	*ret = w.confirmed;
	return TW_OK;
}

/* --- Leaving --- */

struct leave_key {
	bool there;
	uint8_t key[KEY];
};

static tw_err take_key(void *user, const tw_row *row)
{
	struct leave_key *k = user;
	struct tw_slice s = tw_row_bytes(row, 0);

	k->there = s.size == sizeof k->key;
	if (k->there)
		memcpy(k->key, s.at, sizeof k->key);
	return TW_OK;
}

/* Made when it is asked for the first time; within a transaction or alone. */
static tw_err leave_key(const struct tw_subscriptions *of, struct leave_key *ret)
{
	*ret = (struct leave_key){ .there = false };
	TW_TRY(tw_store_run(of->store, tw_sql_subscription_key_read, NULL, 0, take_key, ret));
	if (ret->there)
		return TW_OK;
	if (of->sys->random(of->sys, ret->key, sizeof ret->key) < 0)
		return TW_RAISE(IO, "no random numbers");
	return tw_store_run(of->store, tw_sql_subscription_key_add, (struct tw_value[]){ TW_V_BLOB(ret->key, KEY) }, 1, NULL, NULL);
}

tw_err tw_subscription_leave_text(const struct tw_subscriptions *of, int64_t id, char ret[TW_LEAVE_TEXT_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[TW_SHA256_SIZE];
	struct leave_key k;
	char number[24];
	int n = snprintf(number, sizeof number, "%lld", (long long)id);
	const struct tw_slice parts[] = { TW_SLICE(LEAVE_PURPOSE), { number, (size_t)n } };

	TW_TRY(leave_key(of, &k));
	TW_TRY(tw_hmac_sha256(k.key, sizeof k.key, parts, TW_COUNT(parts), mac));
	n = snprintf(ret, TW_LEAVE_TEXT_MAX, "%s-", number);
	for (size_t i = 0; i < LEAVE_BYTES; i++) {
		ret[n++] = digits[mac[i] >> 4];
		ret[n++] = digits[mac[i] & 15];
	}
	ret[n] = '\0';
	return TW_OK;
}

struct leaving {
	uint8_t hash[TW_SHA256_SIZE];
	int64_t id;
};

/* Confirming has withdrawn what asked, unless that was being sent at the moment. */
static tw_err leave_body(tw_store *store, void *user)
{
	struct leaving *l = user;
	char key[TW_ASK_KEY_TEXT];

	TW_TRY(tw_store_run(store, tw_sql_subscription_leave, (struct tw_value[]){ TW_V_BLOB(l->hash, sizeof l->hash) }, 1,
		take_number, &l->id));
	return l->id ? tw_outbox_withdraw(store, tw_subscription_ask_key(l->id, key)) : TW_OK;
}

tw_err tw_subscription_leave(const struct tw_subscriptions *of, struct tw_slice token, bool *ret_gone)
{
	struct leaving l = { .id = 0 };

	TW_TRY(tw_sha256(token.at, token.size, l.hash));
	TW_TRY(tw_store_transaction(of->store, leave_body, &l));
	*ret_gone = l.id != 0;
	return TW_OK;
}

/* --- Forgetting --- */

static tw_err forget_body(tw_store *store, void *user)
{
	TW_TRY(forget_old(user));
	return tw_store_run(store, tw_sql_subscription_gone, NULL, 0, NULL, NULL);
}

tw_err tw_subscriptions_forget(const struct tw_subscriptions *of)
{
	struct tw_subscriptions own = *of;

	return tw_store_transaction(of->store, forget_body, &own);
}

/* --- Who has a token --- */

tw_err tw_subscription_known(const struct tw_subscriptions *of, struct tw_slice token, bool *ret)
{
	uint8_t hash[TW_SHA256_SIZE];
	struct tw_receipt r;
	int64_t count = 0;
	tw_err e = tw_receipt_parse(token, &r);

	*ret = false;
	if (tw_failed(e) && !tw_is(e, TW_CODE_SYNTAX))
		return e;
	if (tw_failed(e))
		TW_TRY(tw_sha256(token.at, token.size, hash));
	else
		memcpy(hash, r.hash, sizeof hash);
	TW_TRY(tw_store_run(
		of->store, tw_sql_subscription_known, (struct tw_value[]){ TW_V_BLOB(hash, sizeof hash) }, 1, take_number, &count));
	*ret = count > 0;
	return TW_OK;
}

/* --- What a way out ends --- */

struct looking {
	tw_err (*visit)(void *user, const struct tw_subscription *s);
	void *user;
};

static tw_err take_way_out(void *user, const tw_row *row)
{
	const struct looking *l = user;
	const struct tw_slice product = tw_row_bytes(row, 0), versions = tw_row_bytes(row, 1); /* the store ends its texts with NUL */

	return l->visit(l->user,
		&(struct tw_subscription){ .product = product.size ? product.at : "",
			.versions = versions.size ? versions.at : "",
			.kinds = (unsigned)tw_row_int(row, 2) });
}

tw_err tw_subscription_of_way_out(const struct tw_subscriptions *of, struct tw_slice token,
	tw_err (*visit)(void *user, const struct tw_subscription *s), void *user)
{
	struct looking l = { visit, user };
	uint8_t hash[TW_SHA256_SIZE];

	TW_TRY(tw_sha256(token.at, token.size, hash));
	return tw_store_run(of->store, tw_sql_subscription_of_way_out, (struct tw_value[]){ TW_V_BLOB(hash, sizeof hash) }, 1,
		take_way_out, &l);
}
