/* SPDX-License-Identifier: Apache-2.0 */
#include "support/outbox/queue.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define ID_BYTES 16

const char *const tw_outbox_kinds[] = { "mail", "webhook" };

int64_t tw_outbox_backoff_ms(int64_t tries, uint8_t chance)
{
	int64_t ms = TW_OUTBOX_FIRST_MS;

	for (int64_t i = 1; i < tries && ms < TW_OUTBOX_MOST_MS; i++)
		ms *= 2;
	if (ms > TW_OUTBOX_MOST_MS)
		ms = TW_OUTBOX_MOST_MS;
	return ms + ms * (chance - 127) / 640;
}

tw_err tw_outbox_recover(tw_store *s, int64_t now_ms)
{
	const struct tw_value v[] = { TW_V_INT(now_ms + TW_OUTBOX_FIRST_MS),
		TW_V_TEXT("What came of the last try is not known; it may have gone out already.") };

	return tw_store_run(s, tw_sql_outbox_recover, v, TW_COUNT(v), NULL, NULL);
}

struct due {
	int64_t number, ms;
};

static tw_err take_due(void *user, const tw_row *row)
{
	*(struct due *)user = (struct due){ tw_row_int(row, 0), tw_row_int(row, 1) };
	return TW_OK;
}

tw_err tw_outbox_next(tw_store *s, enum tw_outbox_kind kind, int64_t now_ms, int64_t *ret_number, int64_t *ret_ms)
{
	*ret_number = 0;
	*ret_ms = INT64_MAX;
	for (int rank = TW_OUTBOX_CLASSES - 1; rank >= 0 && *ret_ms > 0; rank--) {
		struct due due = { 0 };

		TW_TRY(tw_store_run(s, tw_sql_outbox_next, (struct tw_value[]){ TW_V_INT(kind), TW_V_INT(rank) }, 2, take_due, &due));
		due.ms -= now_ms;
		if (due.ms < 0 || due.ms > TW_OUTBOX_MOST_MS + TW_OUTBOX_MOST_MS / 4)
			due.ms = 0;
		if (due.number && due.ms < *ret_ms) {
			*ret_number = due.number;
			*ret_ms = due.ms;
		}
	}
	return TW_OK;
}

/* --- Taking one --- */

struct taking {
	int64_t number, now_ms;
	struct tw_buf *job;
};

/* Standard Webhooks: HMAC-SHA-256 over id, seconds and body with dots between. */
static tw_err sign(struct tw_slice secret, const struct tw_mail_job *j, struct tw_buf *ret)
{
	char seconds[24];
	uint8_t mac[TW_SHA256_SIZE];

	(void)snprintf(seconds, sizeof seconds, ".%lld.", (long long)(j->now_ms / 1000));
	const struct tw_slice parts[] = { j->id, tw_slice_of(seconds), j->text };
	TW_TRY(tw_hmac_sha256(secret.at, secret.size, parts, TW_COUNT(parts), mac));
	TW_TRY(tw_buf_text(ret, "v1,"));
	return tw_buf_base64(ret, mac, sizeof mac);
}

/* The same row has the same id at every try, and no other row of any desk has it. */
static tw_err id_of(struct tw_slice key, int64_t added_ms, struct tw_buf *ret)
{
	uint8_t digest[TW_SHA256_SIZE];
	char added[24];

	(void)snprintf(added, sizeof added, "\n%lld", (long long)added_ms);
	const struct tw_slice parts[] = { key, tw_slice_of(added) };
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), digest));
	return tw_buf_hex(ret, digest, ID_BYTES);
}

static tw_err write_job(void *user, const tw_row *row)
{
	const struct taking *t = user;
	TW_CLEANUP(tw_buf_done) struct tw_buf id = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf signature = { 0 };
	const bool mail = tw_row_int(row, 0) == TW_OUTBOX_MAIL;

	tw_buf_init(&id, t->job->sys, TW_MAIL_ID_MAX);
	tw_buf_init(&signature, t->job->sys, TW_MAIL_SIGNATURE_MAX);
	TW_TRY(id_of(tw_row_bytes(row, 1), tw_row_int(row, 7), &id));
	struct tw_mail_job j = { .kind = mail ? TW_MAIL_LETTER : TW_MAIL_HOOK,
		.now_ms = t->now_ms,
		.to = tw_row_bytes(row, 2),
		.id = tw_buf_slice(&id),
		.text = tw_row_bytes(row, 4) };
	if (mail) {
		j.subject = tw_row_bytes(row, 3);
		j.unsubscribe = tw_row_bytes(row, 5);
	} else {
		TW_TRY(sign(tw_row_bytes(row, 6), &j, &signature));
		j.signature = tw_buf_slice(&signature);
	}
	return tw_mail_job_write(&j, t->job);
}

static tw_err take(tw_store *s, void *user)
{
	const struct taking *t = user;
	const struct tw_value v[] = { TW_V_INT(t->number), TW_V_INT(t->now_ms) };

	TW_TRY(tw_store_run(s, tw_sql_outbox_take, v, TW_COUNT(v), NULL, NULL));
	tw_buf_clear(t->job);
	TW_TRY(tw_store_run(s, tw_sql_outbox_one, v, 1, write_job, user));
	return t->job->size ? TW_OK : TW_RAISE(NOTFOUND, "outbox: message %lld does not wait", (long long)t->number);
}

tw_err tw_outbox_take(tw_store *s, int64_t number, int64_t now_ms, struct tw_buf *ret)
{
	struct taking t = { number, now_ms, ret };

	return tw_store_transaction(s, take, &t);
}

tw_err tw_outbox_untried(tw_store *s, int64_t number)
{
	const struct tw_value v[] = { TW_V_INT(number) };

	return tw_store_run(s, tw_sql_outbox_untried, v, TW_COUNT(v), NULL, NULL);
}

/* --- The end of a try --- */

struct ending {
	struct tw_context *c;
	const struct tw_mail_done *done;
	int64_t number, now_ms, kind, tries, since_ms, class;
	char key[TW_OUTBOX_KEY_MAX + 1], reason[TW_MAIL_WORDS_MAX + 16];
};

static tw_err take_tried(void *user, const tw_row *row)
{
	struct ending *e = user;

	e->kind = tw_row_int(row, 0);
	(void)snprintf(e->key, sizeof e->key, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 1)));
	e->tries = tw_row_int(row, 8);
	e->since_ms = tw_row_int(row, 9);
	e->class = tw_row_int(row, 10);
	return TW_OK;
}

static tw_err sent(struct ending *e)
{
	const struct tw_value v[] = { TW_V_INT(e->number), TW_V_TEXT("sent"), TW_V_INT(e->now_ms) };

	TW_TRY(tw_store_run(e->c->store, tw_sql_outbox_over, v, TW_COUNT(v), NULL, NULL));
	return tw_event(e->c, "outbox.sent",
		json_pack("{s:I, s:s, s:s}", "number", (json_int_t)e->number, "kind", tw_outbox_kinds[e->kind], "key", e->key));
}

static tw_err failed(struct ending *e)
{
	const struct tw_value v[] = { TW_V_INT(e->number), TW_V_INT(e->now_ms), TW_V_TEXT(e->reason) };
	const struct tw_value bound[] = { TW_V_INT(e->class), TW_V_INT(TW_OUTBOX_FAILED_MAX) };

	TW_TRY(tw_store_run(e->c->store, tw_sql_outbox_failed, v, TW_COUNT(v), NULL, NULL));
	TW_TRY(tw_store_run(e->c->store, tw_sql_outbox_bound_failed, bound, TW_COUNT(bound), NULL, NULL));
	return tw_event(e->c, "outbox.failed",
		json_pack("{s:I, s:s, s:s, s:s}", "number", (json_int_t)e->number, "kind", tw_outbox_kinds[e->kind], "key", e->key,
			"reason", e->reason));
}

static tw_err later(struct ending *e)
{
	uint8_t chance = 127;

	(void)e->c->sys->random(e->c->sys, &chance, sizeof chance); /* without it all are punctual */
	const struct tw_value v[] = { TW_V_INT(e->number), TW_V_INT(e->now_ms + tw_outbox_backoff_ms(e->tries, chance)),
		TW_V_TEXT(e->reason) };
	return tw_store_run(e->c->store, tw_sql_outbox_later, v, TW_COUNT(v), NULL, NULL);
}

static tw_err end(tw_store *s, void *user)
{
	struct ending *e = user;
	const struct tw_value v[] = { TW_V_INT(e->number) };

	TW_TRY(tw_store_run(s, tw_sql_outbox_one, v, TW_COUNT(v), take_tried, e));
	if (!e->key[0])
		return TW_RAISE(NOTFOUND, "outbox: message %lld is not being sent", (long long)e->number);
	(void)snprintf(e->reason, sizeof e->reason, TW_SLICE_FMT, TW_SLICE_ARG(e->done->words));
	if (e->done->end == TW_MAIL_SENT)
		return sent(e);
	const bool over = e->tries >= TW_OUTBOX_TRIES_MIN && e->now_ms - e->since_ms >= TW_OUTBOX_GIVE_UP_MS;
	return over || e->done->end == TW_MAIL_REFUSED ? failed(e) : later(e);
}

tw_err tw_outbox_end(struct tw_context *c, int64_t number, const struct tw_mail_done *d, int64_t now_ms)
{
	struct ending e = { .c = c, .done = d, .number = number, .now_ms = now_ms };

	return tw_store_transaction(c->store, end, &e);
}
