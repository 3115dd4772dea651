/* SPDX-License-Identifier: Apache-2.0 */
/* A whole context over a directory: store, log with a key of its own, rows of the test's choice. The fuzzer of the path has one too. */
#ifndef TW_SERVICE_TEST_CONTEXT_H
#define TW_SERVICE_TEST_CONTEXT_H
#include "service/path/path.h"
#include "service/sql-service.h"
#include "service/task/task.h"
#include "sys/real.h"

struct test_context {
	struct tw_context c;
	struct tw_time time;
	tw_key *key;
	bool owned;
	uint64_t epoch;
};

static inline tw_err test_epoch_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	struct test_context *t = user;
	if (epoch <= t->epoch)
		return TW_RAISE(STATE, "epoch %llu is past", (unsigned long long)epoch);
	t->epoch = epoch;
	memset(ret, (int)(epoch & 0xff) + 1, 32);
	return TW_OK;
}

static inline tw_err test_old_key(void *user, uint64_t epoch, uint8_t ret[32])
{
	struct test_context *t = user;
	memset(ret, (int)(epoch & 0xff) + 1, 32);
	return epoch < t->epoch ? TW_OK : TW_RAISE(DENIED, "not closed");
}

static inline tw_err test_sign(void *user, struct tw_slice message, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_key_sign(((struct test_context *)user)->key, &message, 1, ret);
}

static inline tw_err test_owned(struct tw_context *c, bool *ret)
{
	*ret = ((struct test_context *)c->side)->owned;
	return TW_OK;
}

static inline tw_err test_context_open(struct test_context *t, const struct tw_sys *sys, int dir,
	const struct tw_capability *const *capabilities, const struct tw_grant_row *grants)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 2, tw_sql_task_format_2 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 2, 2 };
	const struct tw_audit_keys keys = { test_epoch_key, test_sign, t, test_old_key };
	struct tw_audit_options o = { .dir = dir, .segment_size = TW_AUDIT_SEGMENT_MIN, .boot_count = 1, .keys = &keys, .time = &t->time };
	tw_time_init(&t->time, sys, 0);
	o.keeps = tw_tasks_keep;
	o.keeps_user = &t->c;
	t->c.sys = sys;
	t->c.time = &t->time;
	t->c.capabilities = capabilities;
	TW_TRY(tw_gate_compile(sys, &(struct tw_gate_source){ .grants = grants }, &t->c.gate));
	t->c.owned = test_owned;
	t->c.side = t;
	if (!t->key)
		TW_TRY(tw_key_generate(tw_sys_real(), &t->key));
	o.device_key = t->key;
	TW_TRY(tw_key_fingerprint(t->key, o.device));
	TW_TRY(tw_store_open(sys, dir, "t.db", &formats, &t->c.store));
	TW_TRY(tw_audit_open(sys, &o, &t->c.audit));
	TW_TRY(tw_settings_load(&t->c));
	return tw_tasks_start(&t->c);
}

/* Keeps the key: the same device may be opened again. */
static inline void test_context_close(struct test_context *t)
{
	tw_tasks_free(&t->c);
	t->c.store = tw_store_free(t->c.store);
	t->c.audit = tw_audit_free(t->c.audit);
	tw_settings_free(&t->c);
	t->c.gate = tw_gate_free(t->c.gate);
}
#endif
