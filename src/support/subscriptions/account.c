/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail to customers' accounts at the portal. An account keeps nothing of a person unless he gives an address here, which is a subscription like any other:
 * asked whether it wants that, confirmed, ended by one click. What is sent says that something waits and where; what it is stands behind the account's key.
 *
 * Whatever makes something wait marks it in its own transaction; messages follow in slices, so that a full outbox holds up no notice, and one that was cut
 * goes on with the start. An account that was told is not told again before it was looked at.
 */
#include "base/mem.h"
#include "base/text.h"
#include "support/sql-support.h"
#include "support/subscriptions/subscription.h"

#include <string.h>

#define STEP 16     /* messages of a slice: a millisecond or two */
#define ENDS_MAX 64 /* addresses of one account that are read at once */

tw_err tw_subscription_account_seen(struct tw_store *s, int64_t account)
{
	return tw_store_run(s, tw_sql_subscription_account_seen, &TW_V_INT(account), 1, NULL, NULL);
}

/* --- Addresses of an account --- */

struct listing {
	tw_err (*visit)(void *user, const char *recipient, bool confirmed);
	void *user;
};

static tw_err list_one(void *user, const tw_row *row)
{
	const struct listing *l = user;
	char recipient[TW_OUTBOX_TO_MAX + 1];

	(void)snprintf(recipient, sizeof recipient, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 2)));
	return l->visit(l->user, recipient, tw_slice_is(tw_row_bytes(row, 1), "active"));
}

tw_err tw_subscription_account_list(
	struct tw_store *s, int64_t account, tw_err (*visit)(void *user, const char *recipient, bool confirmed), void *user)
{
	struct listing l = { visit, user };
	const struct tw_value v[] = { TW_V_INT(account), TW_V_INT(TW_ACCOUNT_ADDRESSES_SHOWN) };

	return tw_store_run(s, tw_sql_subscription_account_list, v, TW_COUNT(v), list_one, &l);
}

struct ending {
	int64_t account, ids[ENDS_MAX];
	size_t count;
};

static tw_err take_id(void *user, const tw_row *row)
{
	struct ending *w = user;

	w->ids[w->count++] = tw_row_int(row, 0); /* the statement has the same limit */
	return TW_OK;
}

static tw_err end_step(tw_store *store, struct ending *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account), TW_V_INT(ENDS_MAX) };
	char key[TW_ASK_KEY_TEXT];

	w->count = 0;
	TW_TRY(tw_store_run(store, tw_sql_subscription_account_list, v, TW_COUNT(v), take_id, w));
	for (size_t i = 0; i < w->count; i++) {
		TW_TRY(tw_store_run(store, tw_sql_subscription_delete, &TW_V_INT(w->ids[i]), 1, NULL, NULL));
		TW_TRY(tw_outbox_withdraw(store, tw_subscription_ask_key(w->ids[i], key)));
	}
	return TW_OK;
}

/* What asked, and was not sent yet, goes too. An address for each host may have been asked, so there is no number that is enough. */
static tw_err end_body(tw_store *store, void *user)
{
	struct ending *w = user;

	do
		TW_TRY(end_step(store, w));
	while (w->count);
	return TW_OK;
}

tw_err tw_subscription_account_end(struct tw_store *s, int64_t account)
{
	struct ending w = { .account = account };

	return tw_store_transaction(s, end_body, &w);
}

/* --- Slices --- */

struct slice {
	const struct tw_subscriptions *of;
	int64_t id, times;
	char recipient[TW_OUTBOX_TO_MAX + 1];
	enum tw_language language;
	struct tw_buf text;
	enum tw_telling done;
};

static tw_err take_due(void *user, const tw_row *row)
{
	struct slice *w = user;

	w->id = tw_row_int(row, 0);
	(void)snprintf(w->recipient, sizeof w->recipient, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 1)));
	(void)tw_language_find(tw_row_bytes(row, 2), &w->language);
	w->times = tw_row_int(row, 3);
	return TW_OK;
}

static tw_err send_to(struct slice *w)
{
	const struct tw_subscription s = { .id = w->id, .language = w->language };
	char key[64], leave[TW_LEAVE_TEXT_MAX], address[TW_OUTBOX_TO_MAX];

	TW_TRY(tw_subscription_leave_text(w->of, w->id, leave));
	(void)snprintf(address, sizeof address, "%s/subscriptions/leave/%s", w->of->site, leave);
	(void)snprintf(key, sizeof key, "account-%lld-%lld", (long long)w->id, (long long)w->times);
	tw_buf_clear(&w->text);
	TW_TRY(tw_subscription_account_text(w->of, &s, address, &w->text));
	const struct tw_outbox_message m = { TW_OUTBOX_MAIL, w->recipient, tw_word(TW_W_CUSTOMER_MAIL_SUBJECT, w->language),
		tw_buf_cstr(&w->text), key, address, { "", 0 }, TW_OUTBOX_NOTICE };
	TW_TRY(tw_outbox_add(w->of->store, &m, w->of->now_ms));
	return tw_store_run(w->of->store, tw_sql_subscription_account_told, &TW_V_INT(w->id), 1, NULL, NULL);
}

static tw_err slice_body(tw_store *store, void *user)
{
	struct slice *w = user;

	for (int i = 0; i < STEP; i++) {
		w->id = 0;
		TW_TRY(tw_store_run(store, tw_sql_subscription_account_due, NULL, 0, take_due, w));
		w->done = !w->id ? TW_TOLD_ALL : *w->of->site ? TW_TOLD_SOME : TW_TOLD_WAIT;
		if (w->done != TW_TOLD_SOME)
			return TW_OK;
		const tw_err e = send_to(w);
		if (tw_is(e, TW_CODE_LIMIT) && tw_store_fault(store) == TW_STORE_WELL) {
			w->done = TW_TOLD_WAIT; /* the outbox takes no more: this one is next */
			return TW_OK;
		}
		TW_TRY(e);
	}
	return TW_OK;
}

tw_err tw_subscription_accounts_slice(const struct tw_subscriptions *of, enum tw_telling *ret)
{
	struct slice w = { .of = of, .done = TW_TOLD_ALL };

	*ret = TW_TOLD_ALL;
	tw_buf_init(&w.text, of->sys, TW_OUTBOX_TEXT_MAX);
	const tw_err e = tw_store_transaction(of->store, slice_body, &w);
	tw_buf_done(&w.text);
	if (!tw_failed(e))
		*ret = w.done;
	return e;
}
