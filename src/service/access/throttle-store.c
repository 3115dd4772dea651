/* SPDX-License-Identifier: Apache-2.0 */
#include "service/access/throttle-store.h"

#include "base/mem.h"
#include "base/text.h"
#include "service/access/guard.h"
#include "service/sql-service.h"

#include <string.h>

#define WAIT_MAX_MS (24LL * 3600 * 1000) /* of the setting */
#define FAILURES_MAX 1000000

static tw_err take_throttled(void *user, const tw_row *row)
{
	struct tw_context *c = user;
	struct tw_slice who = tw_row_bytes(row, 1);
	int64_t kind = tw_row_int(row, 0), failures = tw_row_int(row, 2), wait_ms = tw_row_int(row, 3);
	char text[sizeof((struct tw_throttled *)NULL)->who];

	if (kind < 0 || kind >= TW_THROTTLE_KINDS || who.size == 0 || who.size >= sizeof text || !tw_text_printable(who))
		return TW_OK;
	if (failures < 1 || failures > FAILURES_MAX || wait_ms < 0 || wait_ms > WAIT_MAX_MS)
		return TW_OK;
	memcpy(text, who.at, who.size);
	text[who.size] = '\0';
	tw_throttle_put(&c->guard->throttle, (enum tw_throttle_kind)kind, text, (unsigned)failures, wait_ms, tw_time_boot_ms(c->time));
	return TW_OK;
}

tw_err tw_throttle_load(struct tw_context *c)
{
	c->guard->throttle_written_ms = INT64_MIN;
	return tw_store_run(c->store, tw_sql_throttle_all, NULL, 0, take_throttled, c);
}

/* All of it anew: few rows, and what is gone from memory goes here too. */
static tw_err write_all(tw_store *s, void *user)
{
	const struct tw_throttle *t = user;
	const struct tw_throttled *one;

	TW_TRY(tw_store_run(s, tw_sql_throttle_drop_all, NULL, 0, NULL, NULL));
	for (int kind = 0; kind < TW_THROTTLE_KINDS; kind++) {
		size_t at = 0;

		while ((one = tw_throttle_next(t, (enum tw_throttle_kind)kind, &at)) != NULL) {
			int64_t failures = one->failures < FAILURES_MAX ? one->failures : FAILURES_MAX,
				wait_ms = one->until_ms - one->last_ms;
			const struct tw_value v[] = { TW_V_INT(kind), TW_V_TEXT(one->who), TW_V_INT(failures), TW_V_INT(wait_ms) };

			TW_TRY(tw_store_run(s, tw_sql_throttle_put, v, TW_COUNT(v), NULL, NULL));
		}
	}
	return TW_OK;
}

int64_t tw_access_throttle_due_ms(struct tw_context *c)
{
	struct tw_guard *a = c->guard;
	int64_t now = tw_time_boot_ms(c->time), over = tw_throttle_forget(tw_access_throttle(c), now);

	if (!a->throttle.changed)
		return over;
	if (a->throttle_written_ms == INT64_MIN || now - a->throttle_written_ms >= TW_THROTTLE_WRITE_MS)
		return 0;
	return a->throttle_written_ms + TW_THROTTLE_WRITE_MS - now;
}

tw_err tw_access_job_throttle(struct tw_context *c)
{
	struct tw_guard *a = c->guard;

	if (tw_access_throttle_due_ms(c) != 0)
		return TW_OK;
	a->throttle_written_ms = tw_time_boot_ms(c->time); /* also when it fails: the disk is not asked more often for that */
	a->throttle.changed = false;
	tw_err e = tw_store_transaction(c->store, write_all, tw_access_throttle(c));
	a->throttle.changed = a->throttle.changed || tw_failed(e);
	return e;
}

/* A setting that cannot be read is as it comes: then, too, nobody may guess without end. */
static int64_t number(struct tw_context *c, const char *key, uint64_t otherwise)
{
	struct tw_setting_state state;
	uint64_t n = otherwise;

	if (!tw_failed(tw_setting_state(c, tw_setting_find(c, key), &state)))
		tw_ignore(tw_parse_u64(tw_slice_of(state.value), WAIT_MAX_MS / 1000, &n));
	return (int64_t)n;
}

/* @nist LA.AC.1: read anew at each try */
struct tw_throttle *tw_access_throttle(struct tw_context *c)
{
	struct tw_throttle *t = &c->guard->throttle;

	/* @nist LA.X.1: the switch is read anew too, so nobody waits from the moment when it is off, and whoever fails does when it is on */
	t->off = tw_setting_is(c, "logical-access.throttle", "off");
	t->limit = (unsigned)number(c, "logical-access.attempts", 5);
	t->first_ms = number(c, "logical-access.attempts-wait", 60) * 1000;
	t->most_ms = number(c, "logical-access.attempts-wait-most", 900) * 1000;
	return t;
}
