/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The job that ends accounts: temporary, emergency and supporting ones are removed when their time is up, others are disabled when nobody
 * used them for too long; and roles that were given for a time (role-end.c) are taken away. What an account or a role counts as is judged
 * whenever it is read, so nobody comes in between the moment and the job.
 */
#include "device/logical-access/role-end.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "device/sql-device.h"
#include "service/sql-service.h"

#define AGAIN_MS 60000
#define AT_ONCE 32 /* of each kind in one transaction's reach: the next run, at once, takes the rest */

struct found {
	struct tw_account accounts[AT_ONCE];
	size_t count;
};

static bool to_end(const struct tw_account *a)
{
	return a->over || (a->state == TW_ACCOUNT_DISABLED && a->stored == TW_ACCOUNT_ACTIVE);
}

static tw_err find(void *user, const struct tw_account *a)
{
	struct found *f = user;

	if (f->count < AT_ONCE && to_end(a))
		f->accounts[f->count++] = *a;
	return TW_OK;
}

/* @nist LA.AC.1.4.2: the account itself goes, so nobody can resume it; its id is given to nobody */
static tw_err drop(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id) };

	return tw_store_run(w->c->store, tw_sql_account_drop, v, TW_COUNT(v), NULL, NULL);
}

static tw_err disable(struct tw_account_work *w)
{
	const struct tw_value v[] = { TW_V_INT(w->account.id), TW_V_TEXT("disabled") };

	return tw_store_run(w->c->store, tw_sql_account_state, v, TW_COUNT(v), NULL, NULL);
}

static tw_err end(struct tw_context *c, const struct tw_account *a)
{
	struct tw_account_work w = { .c = c, .account = *a, .act = a->over ? drop : disable, .ends_sessions = true };

	bool used_up = a->counts_uses && a->uses_left <= 0;

	(void)snprintf(w.what, sizeof w.what, "%s",
		!a->over          ? "disabled, for nobody used it"
			: used_up ? "removed, for it was used as often as it might be"
				  : "removed, for its time was up");
	TW_TRY(tw_account_do(&w));
	return tw_audit_commit(c->audit);
}

static tw_err take_end(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

tw_err tw_access_next_end(struct tw_device *d, int64_t *ret)
{
	const struct tw_value v[] = { TW_V_BLOB(d->boot_id, sizeof d->boot_id), TW_V_INT(tw_time_boot_ms(&d->time)) };

	return tw_store_run(d->context.store, tw_sql_account_next_end, v, TW_COUNT(v), take_end, ret);
}

static tw_err end_all(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_freep) struct found *f = TW_NEW(c->sys, struct found);

	if (!f)
		return TW_RAISE(NOMEM, "accounts that end");
	do {
		f->count = 0;
		TW_TRY(tw_account_each(&d->context, 0, TW_ACCOUNTS_MAX, find, f));
		for (size_t i = 0; i < f->count; i++)
			TW_TRY(end(c, &f->accounts[i]));
	} while (f->count == AT_ONCE);
	TW_TRY(tw_roles_end(c));
	return tw_access_next_end(d, &d->access->next_end_ms);
}

/* What cannot be removed now, for the disk is full, say, is tried again later and not at once. */
tw_err tw_access_job_accounts(struct tw_context *c)
{
	tw_err e = end_all(c);

	if (tw_failed(e))
		tw_device_of(c)->access->next_end_ms = tw_time_boot_ms(c->time) + AGAIN_MS;
	return e;
}

/* In how long the next one ends, by the clock of this boot; -1: none that this boot made, and the period has to do. */
int64_t tw_access_accounts_due_ms(struct tw_context *c)
{
	const struct tw_access *a = tw_device_of(c)->access;
	int64_t left = a->next_end_ms - tw_time_boot_ms(c->time);

	if (a->next_end_ms == 0)
		return -1;
	return left > 0 ? left : 0;
}
