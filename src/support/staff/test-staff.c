/* SPDX-License-Identifier: Apache-2.0 */
/* The first invitation, whatever becomes of a start: the one in the file is the one that counts, and there is no other. */
#include "support/staff/staff.h"
#include "support/staff/staff-mail.h"
#include "support/staff/there.h"

#include "check.h"
#include "crypto/hash.h"
#include "service/sql-service.h"
#include "service/test-dir.h"
#include "support/cases/alarms.h"
#include "support/grants.h"
#include "support/rows-platform.h"
#include "support/rows-staff.h"
#include "support/sql-support.h"
#include "sys/durable.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <errno.h>

#define CALLS_MAX 2000
#define STRIDE 7 /* of some 900, most of them allocations: enough of each, and short */

static const char codes[] = "SELECT count(*) FROM session_code";
static const char administrators[] =
	"SELECT count(*) FROM account a JOIN account_role r ON r.account = a.id WHERE a.name = 'administrator' AND r.role = 'administrator'";
static const char password[] =
	"INSERT INTO credential (account, kind, label, data, made_ms) SELECT id, 'password', 'password', 'own x', 1 FROM account";
static const char secret[] =
	"INSERT INTO credential (account, kind, label, data, made_ms) SELECT id, 'totp-new', 'authenticator', 'x', 1 FROM account";
static const char confirmed[] = "UPDATE credential SET kind = 'totp' WHERE kind = 'totp-new'";

static const struct tw_capability *const capabilities[] = { &tw_capability_platform, &tw_capability_staff, NULL };
static const struct tw_store_step steps[] = { { 1, tw_sql_settings_format_1 }, { 1, tw_sql_access_format_1 },
	{ 1, tw_sql_staff_format_1 }, { 1, tw_sql_outbox_format_1 }, { 0, NULL } };
static const struct tw_store_formats formats = { steps, 1, 1 };

/* What a start of it stands on. */
static void open_ground(struct tw_app *a, const struct tw_sys *sys, int dir)
{
	struct tw_context *c = &a->context;

	*a = (struct tw_app){ .sys = sys, .dir = dir, .context = { .sys = sys, .time = &a->time, .capabilities = capabilities, .side = a } };
	tw_time_init(&a->time, sys, 0);
	CHECK_OK(tw_store_open(sys, dir, "t.db", &formats, &c->store));
	CHECK_OK(tw_gate_compile(sys, &(struct tw_gate_source){ .roles = tw_built_in_roles, .grants = tw_grants }, &c->gate));
	CHECK_OK(tw_settings_load(c));
}

static tw_err open_app(struct tw_app *a, const struct tw_sys *sys, int dir)
{
	open_ground(a, sys, dir);
	return tw_staff_start(a, dir);
}

static void close_app(struct tw_app *a)
{
	tw_staff_stop(a);
	tw_settings_free(&a->context);
	a->context.gate = tw_gate_free(a->context.gate);
	a->context.store = tw_store_free(a->context.store);
}

static tw_err take_int(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

static int64_t number(const struct tw_app *a, const char *sql)
{
	int64_t n = -1;

	CHECK_OK(tw_store_run(a->context.store, sql, NULL, 0, take_int, &n));
	return n;
}

/* Whose the text in the file is; 0: nobody's. */
static int64_t invited_by_file(const struct tw_app *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t hash[32];
	int64_t account = 0;

	tw_buf_init(&text, tw_sys_real(), 256);
	CHECK_OK(tw_durable_read(tw_sys_real(), a->dir, TW_STAFF_SETUP, 256, &text));
	CHECK(text.size == TW_TOKEN_TEXT);
	CHECK_OK(tw_sha256(text.data, text.size, hash));
	const struct tw_value v[] = { TW_V_BLOB(hash, sizeof hash), TW_V_BLOB(a->boot_id, sizeof a->boot_id),
		TW_V_INT(tw_time_boot_ms(&a->time)) };
	CHECK_OK(tw_store_run(a->context.store, tw_sql_code_get, v, TW_COUNT(v), take_int, &account));
	return account;
}

static void check_invited(const struct tw_app *a)
{
	CHECK(invited_by_file(a) > 0);
	CHECK_INT(number(a, codes), 1);
	CHECK_INT(number(a, administrators), 1);
}

/* Who joined and gave no code yet may have lost the answer that held the authenticator's secret: he is invited anew. */
static void test_each_start_invites_anew_until_somebody_came(void **state)
{
	static const char *const before[][2] = { { NULL, NULL }, { password, secret }, { NULL, NULL } };
	struct test_dir d = test_dir_new();
	struct tw_app a;

	for (size_t i = 0; i < TW_COUNT(before); i++) {
		CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
		check_invited(&a);
		CHECK_INT(number(&a, "SELECT count(*) FROM credential"), 0);
		for (size_t k = 0; k < 2 && before[i][k]; k++)
			CHECK_OK(tw_store_run(a.context.store, before[i][k], NULL, 0, NULL, NULL));
		if (before[i][0])
			CHECK_OK(tw_durable_remove(tw_sys_real(), d.fd, TW_STAFF_SETUP));
		close_app(&a);
	}
	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	CHECK_OK(tw_store_run(a.context.store, password, NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(a.context.store, secret, NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(a.context.store, confirmed, NULL, 0, NULL, NULL));
	close_app(&a);
	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	tw_buf_init(&text, tw_sys_real(), 256);
	CHECK_ERR(tw_durable_read(tw_sys_real(), d.fd, TW_STAFF_SETUP, 256, &text), NOTFOUND);
	close_app(&a);
	test_dir_done(&d);
}

/* A call of the seam fails, and the next start puts right what was left. */
static void test_every_failure_is_put_right_by_the_next_start(void **state)
{
	tw_fake *f = tw_fake_new();
	bool fired = true;
	long nth = 1;

	for (; fired && nth < CALLS_MAX; nth += STRIDE) {
		struct test_dir d = test_dir_new();
		struct tw_app a;

		open_ground(&a, tw_fake_sys(f), d.fd);
		tw_fake_fail(f, nth, EIO, false);
		tw_err e = tw_staff_start(&a, d.fd);
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		if (!fired)
			CHECK_OK(e);
		close_app(&a);
		CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
		check_invited(&a);
		close_app(&a);
		test_dir_done(&d);
	}
	CHECK(nth > 100 && nth < CALLS_MAX);
	(void)tw_fake_free(f);
}

/* Where a login leads: to a page of the desk's, and to nothing else whatever is asked for. */
static void test_nobody_is_sent_elsewhere(void **state)
{
	static const char *const good[] = { "/desk", "/desk/", "/desk?lang=de", "/desk/cases/c12?done=1&lang=en", "/desk/cases?sort=-title" };
	static const char *const bad[] = { "", "/", "desk", "//evil.example/desk", "https://evil.example/", "/\\evil.example",
		"/deskx", "/report", "/desk//evil.example", "/desk/../report", "/desk/%2e%2e/report", "/desk\r\nSet-Cookie: a=b",
		"/desk/ x", "/desk/#x", "/desk@evil", "/desk/\"", "/desk/\xc3\xa4", "javascript:alert(1)" };
	char lengthy[TW_STAFF_TO_MAX + 2] = "/desk/";

	memset(lengthy + 6, 'a', sizeof lengthy - 7);
	CHECK(!tw_staff_own(lengthy));
	lengthy[TW_STAFF_TO_MAX] = '\0';
	CHECK(tw_staff_own(lengthy));
	for (size_t i = 0; i < TW_COUNT(good); i++)
		if (!tw_staff_own(good[i]))
			fail_msg("'%s' is refused", good[i]);
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		if (tw_staff_own(bad[i]))
			fail_msg("'%s' is taken", bad[i]);
}

static int64_t person(struct tw_app *a, const char *name, const char *role, int64_t active_ms)
{
	const struct tw_value active[] = { TW_V_INT(0), TW_V_INT(active_ms) };
	struct tw_value own[] = { TW_V_INT(0), TW_V_TEXT("ann@example.com"), TW_V_TEXT("en"), TW_V_INT(0), TW_V_INT(1) };
	struct tw_value resume[] = { active[0], active[1] };
	int64_t id = 0;

	CHECK_OK(tw_account_put(&a->context,
		&(struct tw_new_account){ .name = name, .made_by = "test", .kind = TW_ACCOUNT_PERSON, .made_ms = 1 }, &id));
	CHECK_OK(tw_account_role_put(&a->context, id, role, NULL, "test"));
	own[0] = resume[0] = TW_V_INT(id);
	CHECK_OK(tw_store_run(a->context.store, tw_sql_account_resume, resume, TW_COUNT(resume), NULL, NULL));
	CHECK_OK(tw_store_run(a->context.store, tw_sql_staff_mail_put, own, TW_COUNT(own), NULL, NULL));
	return id;
}

/* Whoever did not come for too long, and whoever may read no cases, is not on call, whatever he once said. */
static void test_who_is_on_call_is_judged_as_of_now(void **state)
{
	struct test_dir d = test_dir_new();
	struct tw_app a;
	int64_t people = 0, ann;
	bool last = false;

	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	const int64_t now = tw_time_wall_ms(&a.time);
	(void)person(&a, "gone", "manager", now - 1000 * INT64_C(86400000));
	(void)person(&a, "boss", TW_ROLE_ADMINISTRATOR, now);
	CHECK_OK(tw_staff_mail_on_call(&a.context, &people));
	CHECK_INT(people, 0);
	ann = person(&a, "ann", "analyst", now);
	CHECK_OK(tw_staff_mail_on_call(&a.context, &people));
	CHECK_INT(people, 1);
	CHECK_OK(tw_staff_mail_last(&a.context, ann, &last));
	CHECK(last);
	(void)person(&a, "bob", "manager", now);
	CHECK_OK(tw_staff_mail_last(&a.context, ann, &last));
	CHECK(!last);
	close_app(&a);
	test_dir_done(&d);
}

/* What is under embargo is told to whoever may see it, and to the addresses of desk.json without what it is. */
static void test_an_embargo_holds_for_alarms(void **state)
{
	static const char address[] = "psirt@example.com";
	TW_CLEANUP(tw_jsonp)
	json_t *doc = json_pack("{s:s, s:{s:s, s:[s]}}", "id", "c1", "embargo", "until", "2999-01-01T00:00:00Z", "access", "a2");
	struct test_dir d = test_dir_new();
	struct tw_alarm n = { .case_id = 1, .kind = TW_A14_EXPLOITED, .step = TW_A14_WARNING, .point = 1, .doc = doc };
	struct tw_app a;

	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	n.raised_ms = n.at_ms = n.due_ms = tw_time_wall_ms(&a.time);
	CHECK_INT(person(&a, "ann", "analyst", n.raised_ms), 2);
	(void)person(&a, "bob", "manager", n.raised_ms);
	a.desk.alarm_count = 1;
	(void)snprintf(a.desk.alarms[0], sizeof a.desk.alarms[0], "%s", address);
	CHECK_OK(tw_app_alarm_mail(&a.context, &n, &a));
	CHECK_INT(number(&a, "SELECT count(*) FROM outbox WHERE recipient = 'ann@example.com'"), 1);
	CHECK_INT(number(&a, "SELECT count(*) FROM outbox WHERE recipient = 'psirt@example.com' AND subject LIKE '%case c1%'"), 1);
	CHECK_INT(number(&a, "SELECT count(*) FROM outbox WHERE recipient = 'psirt@example.com' AND (text LIKE '%exploited%' OR text LIKE '%warning%')"),
		0);
	CHECK_INT(number(&a, "SELECT count(*) FROM outbox WHERE recipient = 'psirt@example.com' AND subject LIKE '%warning%'"), 0);
	(void)json_object_del(doc, "embargo");
	n.case_id = 2;
	CHECK_OK(tw_app_alarm_mail(&a.context, &n, &a));
	CHECK_INT(number(&a, "SELECT count(*) FROM outbox WHERE recipient = 'ann@example.com'"), 3); /* and bob, who has the same */
	CHECK_INT(number(&a, "SELECT count(*) FROM outbox WHERE recipient = 'psirt@example.com' AND text LIKE '%exploited%'"), 1);
	close_app(&a);
	test_dir_done(&d);
}

static enum tw_status there(struct tw_app *a)
{
	static const char *const roles[] = { "analyst", NULL };
	struct tw_element_status s;

	CHECK_OK(tw_staff_there(&a->context, roles, "yes", "no", &s));
	return s.status;
}

/* Who was invited is not there before he has both a password and an authenticator. */
static void test_who_cannot_come_in_is_not_there(void **state)
{
	struct test_dir d = test_dir_new();
	struct tw_app a;

	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	(void)person(&a, "ann", "analyst", tw_time_wall_ms(&a.time));
	CHECK(there(&a) == TW_STATUS_NOT_PROVIDED);
	CHECK_OK(tw_store_run(a.context.store, password, NULL, 0, NULL, NULL));
	CHECK_OK(tw_store_run(a.context.store, secret, NULL, 0, NULL, NULL));
	CHECK(there(&a) == TW_STATUS_NOT_PROVIDED);
	CHECK_OK(tw_store_run(a.context.store, confirmed, NULL, 0, NULL, NULL));
	CHECK(there(&a) == TW_STATUS_PROVIDED);
	close_app(&a);
	test_dir_done(&d);
}

/* The session ended while the hash role worked: the password stays as it was. */
static void test_a_session_that_ended_changes_no_password(void **state)
{
	struct test_dir d = test_dir_new();
	struct tw_reply rp = { .status = 200 };
	struct tw_app a;

	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	CHECK_OK(tw_store_run(a.context.store, password, NULL, 0, NULL, NULL));
	struct tw_staff_work w = { .why = TW_STAFF_CHANGES, .app = &a, .account = 1 };
	CHECK_OK(tw_staff_password_made(&w, TW_SLICE("own y"), &rp));
	CHECK_INT(rp.status, 401);
	CHECK_INT(number(&a, "SELECT count(*) FROM credential WHERE data = 'own x'"), 1);
	tw_reply_done(&rp);
	close_app(&a);
	test_dir_done(&d);
}

static bool is_analyst(const struct tw_app *a, const struct tw_role_set *roles)
{
	return tw_role_set_has(roles, tw_gate_role(a->context.gate, "analyst"));
}

/* Nor is anything more done for whose role comes in by a passkey alone: how he came in cannot be said any more. */
static void test_a_session_that_ended_has_no_role_that_wants_a_passkey(void **state)
{
	struct test_dir d = test_dir_new();
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT, .door = TW_DOOR_HTTPS };
	struct tw_app a;

	CHECK_OK(open_app(&a, tw_sys_real(), d.fd));
	tw_account_id(person(&a, "ann", "analyst", tw_time_wall_ms(&a.time)), s.account);
	CHECK(a.context.known(&a.context, &s));
	CHECK(is_analyst(&a, &s.roles));
	CHECK(is_analyst(&a, &s.given));
	a.desk.passkey_role_count = 1;
	(void)snprintf(a.desk.passkey_roles[0], sizeof a.desk.passkey_roles[0], "manager");
	CHECK(a.context.known(&a.context, &s));
	CHECK(is_analyst(&a, &s.roles));
	(void)snprintf(a.desk.passkey_roles[0], sizeof a.desk.passkey_roles[0], "analyst");
	CHECK(a.context.known(&a.context, &s));
	CHECK(!is_analyst(&a, &s.roles));
	CHECK(!is_analyst(&a, &s.given));
	close_app(&a);
	test_dir_done(&d);
}

CHECK_MAIN(cmocka_unit_test(test_a_session_that_ended_has_no_role_that_wants_a_passkey),
	cmocka_unit_test(test_who_cannot_come_in_is_not_there), cmocka_unit_test(test_a_session_that_ended_changes_no_password),
	cmocka_unit_test(test_who_is_on_call_is_judged_as_of_now), cmocka_unit_test(test_an_embargo_holds_for_alarms),
	cmocka_unit_test(test_each_start_invites_anew_until_somebody_came),
	cmocka_unit_test(test_every_failure_is_put_right_by_the_next_start), cmocka_unit_test(test_nobody_is_sent_elsewhere))
