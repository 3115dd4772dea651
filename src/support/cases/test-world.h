/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the desk have in common: a context with a store and a log, some people, and operations as the path would call them. */
#ifndef TW_SUPPORT_CASES_TEST_WORLD_H
#define TW_SUPPORT_CASES_TEST_WORLD_H
#include "check.h"
#include "service/access/account.h"
#include "service/access/guard.h"
#include "service/path/test-context.h"
#include "service/test-dir.h"
#include "support/cases/cases.h"
#include "support/rows-cases.h"
#include "support/rows-components.h"
#include "support/rows-questions.h"
#include "support/rows-subscriptions.h"
#include "support/rows-triage.h"
#include "support/sql-support.h"
#include "sys/fake.h"

#include <errno.h>

static const struct tw_subject root = { .kind = TW_SUBJECT_LOCAL, .door = TW_DOOR_LOCAL, .name = "uid:0" };
static const struct tw_subject ann = { .kind = TW_SUBJECT_ACCOUNT, .name = "ann", .account = "a1" };
static const struct tw_subject bob = { .kind = TW_SUBJECT_ACCOUNT, .name = "bob", .account = "a2" };

static struct {
	tw_fake *fake;
	struct test_dir dir;
	struct test_context t;
	struct tw_guard guard; /* accounts that are never disabled */
	long fail_at;          /* the call of the seam, within the handler */
} world;

static inline void reopen(void)
{
	static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 1, tw_sql_access_format_1 },
		{ 1, tw_sql_reception_format_1 }, { 1, tw_sql_attachments_format_1 }, { 1, tw_sql_cases_format_1 },
		{ 1, tw_sql_alarms_format_1 }, { 1, tw_sql_triage_format_1 }, { 1, tw_sql_components_format_1 },
		{ 1, tw_sql_questions_format_1 }, { 1, tw_sql_outbox_format_1 }, { 1, tw_sql_subscriptions_format_1 },
		{ 1, tw_sql_staff_format_1 }, { 0, NULL } };
	static const struct tw_store_formats formats = { steps, 1, 1 };

	world.t.c.store = tw_store_free(world.t.c.store);
	CHECK_OK(tw_store_open(tw_fake_sys(world.fake), world.dir.fd, "cases.db", &formats, &world.t.c.store));
}

/* a1 to a9 */
static inline tw_err make_people(tw_store *s, void *user)
{
	char name[8];
	int64_t id = 0;

	for (int i = 1; i <= 9; i++) {
		(void)snprintf(name, sizeof name, "p%d", i);
		TW_TRY(tw_account_put(&world.t.c,
			&(struct tw_new_account){ .name = name, .made_by = "test", .kind = TW_ACCOUNT_PERSON, .made_ms = 1 }, &id));
		CHECK_INT(id, i);
	}
	return TW_OK;
}

static inline void open_world(void)
{
	static const struct tw_capability *const all[] = { &tw_capability_cases, &tw_capability_triage, &tw_capability_components,
		&tw_capability_questions, &tw_capability_subscriptions, NULL };
	static const struct tw_grant_row no_grants[] = { { NULL } };

	CHECK_OK(test_context_open(&world.t, tw_fake_sys(world.fake), world.dir.fd, all, no_grants));
	world.t.c.guard = &world.guard;
	reopen();
}

static inline int begin(void **state)
{
	memset(&world, 0, sizeof world);
	world.fake = tw_fake_new();
	world.dir = test_dir_new();
	open_world();
	CHECK_OK(tw_store_transaction(world.t.c.store, make_people, NULL));
	return 0;
}

static inline int end(void **state)
{
	test_context_close(&world.t);
	(void)tw_key_free(world.t.key);
	test_dir_done(&world.dir);
	tw_fake_free(world.fake);
	return 0;
}

static inline const struct tw_operation_row *row_named(const char *name)
{
	for (const struct tw_capability *const *c = world.t.c.capabilities; *c; c++)
		for (const struct tw_operation_row *r = (*c)->operations; r->name; r++)
			if (!strcmp(r->name, name))
				return r;
	fail_msg("no operation %s", name);
	abort(); /* for the analyzer: cmocka does not say that it never returns */
}

/* One operation's handler, as the path would call it once gate and shape have let it through. */
static inline tw_err try_ask(const struct tw_subject *s, const char *name, const char *parameter, const char *input, struct tw_reply *ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	const struct tw_operation_row *row = row_named(name);
	struct tw_request rq = { .subject = *s, .operation = row, .parameter = tw_slice_of(parameter) };

	if (*input) {
		CHECK_OK(tw_json_parse(tw_slice_of(input), 65536, &j));
		CHECK_OK(tw_json_check(j, row->input ? row->input : row->query));
	}
	rq.input = j;
	*ret = (struct tw_reply){ .status = 200 };
	tw_json_use(tw_fake_sys(world.fake));
	tw_fake_fail(world.fake, world.fail_at, world.fail_at % 2 ? ENOSPC : EIO, false);
	tw_err e = row->handler(&world.t.c, &rq, ret);
	tw_json_use(tw_sys_real());
	return e;
}

/* "" when it was done, else the rule that refused. */
static inline const char *rule_of(const struct tw_subject *s, const char *name, const char *parameter, const char *input)
{
	static char rule[64];
	struct tw_reply rp;

	CHECK_OK(try_ask(s, name, parameter, input, &rp));
	(void)snprintf(rule, sizeof rule, "%s", rp.problem[0] ? rp.rule : "");
	tw_reply_done(&rp);
	return rule;
}

static inline json_t *answer(const struct tw_subject *s, const char *name, const char *parameter, const char *input)
{
	struct tw_reply rp;
	json_t *body;

	CHECK_OK(try_ask(s, name, parameter, input, &rp));
	if (rp.problem[0])
		fail_msg("%s: %s: %s", name, rp.rule, rp.detail);
	body = json_incref(rp.body);
	tw_reply_done(&rp);
	return body;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#endif
