/* SPDX-License-Identifier: Apache-2.0 */
/* Ownership and sessions where a statement of the store's is refused or memory is short: it is told, and nothing is done by halves. */
#include "lacking.h"

#include "device/logical-access/state.h"
#include "device/platform/device.h"
#include "device/sql-device.h"
#include "service/wire.h"

#include <errno.h>

#define REFUSE(when) "CREATE TRIGGER no BEFORE " when " BEGIN SELECT RAISE(ABORT, 'no'); END"
#define REFUSE_KEPT(what, name) REFUSE(what " ON kept WHEN " name)

static char token[64], code[64]; /* of an owner */
static struct tw_buf enrolment;  /* a body that enrols a certificate of his */

static int tear_down_afresh(void **state)
{
	tw_json_use(tw_sys_real());
	tw_buf_done(&enrolment);
	return tear_down(state);
}

static void sql(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

/* --- What is asked of the device: how it comes to that, and the question --- */

static void owner(void)
{
	make_offer();
	CHECK_INT(tw_unit_take(w.unit, &offer, "alice"), 201);
}

static void owner_with_a_session(void)
{
	owner();
	world_session(&w, token);
	world_code(&w, code);
}

static void browser_that_asks_again(void)
{
	make_collected();
	world_text(&w, "token", token, sizeof token);
}

static void all_places_taken(void)
{
	owner();
	world_session(&w, token);
	for (int i = 1; i < TW_SESSIONS_MAX; i++) { /* the one that is there would end before them */
		device()->access->guard.sessions[i] = device()->access->guard.sessions[0];
		device()->access->guard.sessions[i].hash[0] ^= (uint8_t)i;
		device()->access->guard.sessions[i].used_ms += i;
		device()->access->guard.sessions[i].expires_ms += i;
	}
	world_code(&w, code);
}

static void code_too_old(void)
{
	owner_with_a_session();
	sql("UPDATE session_code SET expires_boot_ms = 1");
}

static void setting_and_kept(void)
{
	owner_with_a_session();
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/identification.remote-read", "\"0\"", "{\"value\":\"off\"}"), 200);
	CHECK_OK(tw_device_keep(device(), "owner.test", "his"));
}

static void owner_with_a_code(void)
{
	owner();
	world_code(&w, code);
}

static void ask_well(const char *method, const char *target, const char *body)
{
	int status = tw_unit_request(w.unit, method, target, NULL, body);

	if (status >= 300)
		fail_msg("%s %s: %d, %s", method, target, status, tw_unit_body(w.unit));
}

#define NIGHT "{\"inherits\":\"guest\",\"permissions\":\"log.read\"}"
#define LOCK \
	"{\"effect\":\"deny\",\"permission\":\"log.read\",\"role\":\"guest\",\"fact\":\"time.trusted\",\"is\":\"equal\",\"value\":\"off\"}"

static void owner_with_rights(void)
{
	owner_with_a_session();
	ask_well("PUT", "/api/v1/roles/night", NIGHT);
	ask_well("PUT", "/api/v1/rules/lock", LOCK);
}

static void owner_with_a_new_key(void)
{
	const struct tw_cert_want want = { .common_name = "desk", .not_before_ms = WORLD_WALL, .not_after_ms = WORLD_WALL + 3600000 };
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	make_owned();
	sql("DELETE FROM credential WHERE label = 'desk'");
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	CHECK_OK(tw_cert_make(tw_sys_real(), &want, key, NULL, key, &cert));
	tw_buf_init(&pem, tw_sys_real(), 8192);
	CHECK_OK(tw_cert_pem(cert, &pem));
	tw_buf_done(&enrolment);
	tw_buf_init(&enrolment, tw_sys_real(), 8192);
	CHECK_OK(tw_buf_format(&enrolment,
		"{\"account\":\"a%lld\",\"label\":\"desk\",\"certificate\":", (long long)device()->access->owners.of[0].id));
	CHECK_OK(tw_buf_json_string(&enrolment, tw_buf_slice(&pem)));
	CHECK_OK(tw_buf_text(&enrolment, "}"));
}

static int enrol(void)
{
	return tw_unit_request(w.unit, "POST", "/api/v1/credentials", NULL, tw_buf_cstr(&enrolment));
}

static int put_role(void)
{
	return tw_unit_request(w.unit, "PUT", "/api/v1/roles/night", NULL, NIGHT);
}

static int put_rule(void)
{
	return tw_unit_request(w.unit, "PUT", "/api/v1/rules/lock", NULL, LOCK);
}

static int set_cap(void)
{
	return tw_unit_request(w.unit, "PUT", "/api/v1/session-caps/account.each", NULL, "{\"most\":100}");
}

static int explain(void)
{
	return tw_unit_request(w.unit, "GET", "/api/v1/access?operation=log.read", NULL, NULL);
}

static int list_roles(void)
{
	return tw_unit_request(w.unit, "GET", "/api/v1/roles?limit=2", NULL, NULL);
}

static int list_rules(void)
{
	return tw_unit_request(w.unit, "GET", "/api/v1/rules", NULL, NULL);
}

static int list_who_reaches(void)
{
	return tw_unit_request(w.unit, "GET", "/api/v1/access-list", NULL, NULL);
}

static int open_session(void)
{
	return world_open(&w, code);
}

static int close_session(void)
{
	return tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/sessions/current", NULL);
}

static int use_session(void)
{
	return world_reads(&w, token);
}

static int read_offer(void)
{
	return tw_unit_request(w.unit, "GET", "/api/v1/commissioning", NULL, NULL);
}

static int take_anew(void)
{
	return tw_unit_takeover(w.unit, "alice");
}

/* --- The store refuses --- */

/* Whose session is there, and what it may read, is as before; in the cache and in the store. */
static void check_owner(const char *when)
{
	for (int again = 0; again < 2; again++) {
		if (!tw_unit_owned(w.unit) || world_reads(&w, token) != 200)
			fail_msg("%s: the owner or his session is gone%s", when, again ? " from the store" : "");
		CHECK_OK(tw_access_load(device()));
	}
}

static void check_nobody(const char *when)
{
	for (int again = 0; again < 2; again++) {
		if (tw_unit_owned(w.unit))
			fail_msg("%s: there is an owner%s", when, again ? " in the store" : "");
		CHECK_OK(tw_access_load(device()));
	}
}

static void check_some_owner(const char *when)
{
	if (!tw_unit_owned(w.unit))
		fail_msg("%s: the owner is gone", when);
}

static void check_his_setting(const char *when)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	check_some_owner(when);
	tw_buf_init(&kept, tw_sys_real(), 64);
	CHECK_OK(tw_device_kept(device(), "owner.test", &kept));
	CHECK_OK(tw_settings_load(&device()->context));
	if (!tw_setting_is(&device()->context, "identification.remote-read", "off"))
		fail_msg("%s: his setting is gone", when);
}

struct step {
	void (*prepare)(void);
	int (*ask)(void);
	int want;
	void (*check)(const char *when); /* after a refusal */
	const char *refuse;              /* of the store's statements */
	const char *undo;                /* NULL: the trigger goes */
};

static void walk(const struct step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct step *s = &steps[i];
		s->prepare();
		sql(s->refuse);
		int status = s->ask();
		if (status != 500)
			fail_msg("step %zu (%s): %d", i, s->refuse, status);
		sql(s->undo ? s->undo : "DROP TRIGGER no");
		s->check(s->refuse);
		status = s->ask();
		if (status != s->want)
			fail_msg("step %zu (%s): %d once it can be done", i, s->refuse, status);
	}
}

static void test_sessions(void **state)
{
	static const struct step steps[] = {
		{ code_too_old, ask_for_a_code, 201, check_owner, REFUSE("DELETE ON session_code") },
		{ owner_with_a_session, ask_for_a_code, 201, check_owner, REFUSE("INSERT ON session_code") },
		{ owner_with_a_session, open_session, 201, check_owner, REFUSE("DELETE ON session_code") },
		{ owner_with_a_session, open_session, 201, check_owner, "ALTER TABLE session_code RENAME TO hidden",
			"ALTER TABLE hidden RENAME TO session_code" }, /* whether it opens cannot be found out: it is not called wrong */
		{ owner_with_a_session, open_session, 201, check_owner, REFUSE("INSERT ON session") },
		{ all_places_taken, open_session, 201, check_owner, REFUSE("DELETE ON session") },
		{ all_places_taken, open_session, 201, check_owner, REFUSE("INSERT ON session") },
		{ owner_with_a_session, close_session, 204, check_owner, REFUSE("DELETE ON session") },
	};

	walk(steps, TW_COUNT(steps));
}

static void test_taking_over(void **state)
{
	static const struct step steps[] = {
		{ make_offer, take_anew, 201, check_nobody, REFUSE("INSERT ON account") },
		{ make_offer, take_anew, 201, check_nobody, REFUSE_KEPT("INSERT", "NEW.name = 'ownership.listener'") },
		{ make_confirmed, claim, 201, check_nobody, REFUSE("INSERT ON account") },
		{ make_confirmed, claim, 201, check_nobody, REFUSE_KEPT("INSERT", "NEW.name = 'ownership.uncollected'") },
		{ make_confirmed, claim, 201, check_some_owner, REFUSE_KEPT("DELETE", "OLD.name = 'ownership.listener'") },
		{ make_confirmed, claim, 201, check_some_owner, REFUSE("INSERT ON session") },
		{ browser_that_asks_again, claim, 201, check_some_owner, REFUSE("DELETE ON session") },
		{ browser_that_asks_again, claim, 201, check_some_owner, REFUSE("INSERT ON session") },
		{ browser_that_asks_again, use_session, 200, check_some_owner, REFUSE_KEPT("DELETE", "OLD.name = 'ownership.uncollected'") },
	};

	walk(steps, TW_COUNT(steps));
}

static void test_recovery(void **state)
{
	static const struct step steps[] = {
		{ owner_with_a_session, recover, 200, check_owner, REFUSE("DELETE ON session_code") },
		{ owner_with_a_session, recover, 200, check_owner, REFUSE_KEPT("INSERT", "NEW.name = 'ownership.ended'") },
		{ browser_that_asks_again, recover, 200, check_some_owner, REFUSE_KEPT("DELETE", "OLD.name = 'ownership.uncollected'") },
		{ setting_and_kept, recover, 200, check_his_setting, REFUSE_KEPT("DELETE", "OLD.name = 'owner.test'") },
		{ setting_and_kept, recover, 200, check_his_setting, REFUSE("DELETE ON setting") },
		{ setting_and_kept, recover, 200, check_his_setting, REFUSE("DELETE ON setting_history") },
		{ owner_with_a_session, recover, 200, check_owner, REFUSE_KEPT("INSERT", "NEW.name = 'ownership.listener'") },
		{ owner_with_a_session, recover, 200, check_nobody, REFUSE_KEPT("DELETE", "OLD.name = 'ownership.listener'") },
	};

	walk(steps, TW_COUNT(steps));
}

/* An owner whom nobody has seen ends with a start, as a whole; a start that cannot end him is none. */
static void test_a_start_that_cannot_end_an_owner(void **state)
{
	static const char *const refuse[] = { REFUSE_KEPT("INSERT", "NEW.name = 'ownership.ended'"), REFUSE("DELETE ON account"),
		REFUSE_KEPT("DELETE", "OLD.name = 'ownership.uncollected'") };

	for (size_t i = 0; i < TW_COUNT(refuse); i++) {
		browser_that_asks_again();
		sql(refuse[i]);
		w.unit = tw_unit_stop(w.unit);
		if (!tw_failed(tw_unit_start(tw_fake_sys(w.fake), w.directory, &w.unit)))
			fail_msg("it starts: %s", refuse[i]);
		CHECK_INT(tear_down_afresh(NULL), 0);
		CHECK_INT(set_up_unowned(NULL), 0);
	}
}

/* --- Keys do not answer, or the log cannot be written --- */

static struct {
	struct tw_sys sys;
	long send, sync; /* that one fails, of those that core sends and of all syncs of data; 0: all are well */
	bool fired;
} seam;

static bool reached(long *left)
{
	bool now = *left > 0 && --*left == 0;

	seam.fired |= now;
	errno = EIO;
	return now;
}

static ssize_t send_or_not(const struct tw_sys *s, int fd, const struct msghdr *m, int flags)
{
	const struct tw_sys *under = tw_fake_sys(w.fake);

	return fd == TW_FD_PEER2 && reached(&seam.send) ? -1 : under->sendmsg(under, fd, m, flags);
}

static int sync_or_not(const struct tw_sys *s, int fd)
{
	const struct tw_sys *under = tw_fake_sys(w.fake);

	return reached(&seam.sync) ? -1 : under->fdatasync(under, fd);
}

/* Started anew on the seam that may fail, and brought to where it can be asked. */
static void begin(void (*prepare)(void))
{
	w.unit = tw_unit_stop(w.unit);
	seam.sys = *tw_fake_sys(w.fake);
	seam.sys.sendmsg = send_or_not;
	seam.sys.fdatasync = sync_or_not;
	seam.send = seam.sync = 0;
	seam.fired = false;
	CHECK_OK(tw_unit_start(&seam.sys, w.directory, &w.unit));
	prepare();
}

static void test_keys_that_do_not_answer(void **state)
{
	static const struct {
		void (*prepare)(void);
		int (*ask)(void);
		int want;
		long before; /* so many questions are asked before anything changes */
		void (*check)(const char *when);
	} rows[] = {
		{ make_offer, take, 201, 2, check_nobody },          /* is the proof right, and what is the device's own? */
		{ make_offer, begin_browser, 202, 1, check_nobody }, /* is it right? */
		{ owner_with_a_session, recover, 200, 2, check_owner },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		long nth = 0;
		do {
			begin(rows[i].prepare);
			seam.send = ++nth;
			int status = rows[i].ask();
			if (seam.fired ? status < 500 : status != rows[i].want)
				fail_msg("row %zu, question %ld: %d", i, nth, status);
			if (nth <= rows[i].before)
				rows[i].check("without an answer");
		} while (seam.fired);
		CHECK(nth > rows[i].before);
	}
}

/* Asking to collect leaves no record of its own, so what it does is not begun before its first one is on the disk. */
static void test_a_claim_that_cannot_be_recorded(void **state)
{
	begin(make_confirmed);
	seam.sync = 1;
	CHECK(claim() >= 500);
	CHECK(seam.fired);
	check_nobody("a record that is not there");
	begin(make_confirmed);
	CHECK_INT(claim(), 201);
	CHECK(!tw_audit_pending(device()->context.audit)); /* nor is it answered before its last one is */
}

/* --- Memory is short --- */

static int ask_row(const void *ask)
{
	return (*(int (*const *)(void))ask)();
}

static void test_memory(void **state)
{
	static const struct {
		void (*prepare)(void);
		int (*ask)(void);
		int want;
		bool anew;   /* for each: what is done half way stays */
		long spared; /* blocks that are not missed: of words for the console */
	} rows[] = {
		{ owner_with_a_session, ask_for_a_code, 201, true, 0 },
		{ owner_with_a_session, open_session, 201, true, 0 },
		{ all_places_taken, open_session, 201, true, 0 },
		{ owner_with_a_code, open_session, 201, true, 0 }, /* nothing is told of a login before */
		{ owner_with_a_session, close_session, 204, true, 0 },
		{ owner_with_a_new_key, enrol, 201, true, 0 },
		{ owner_with_rights, put_role, 200, false, 0 },
		{ owner_with_rights, put_rule, 200, false, 0 },
		{ owner_with_rights, set_cap, 200, false, 0 },
		{ owner_with_rights, explain, 200, false, 0 },
		{ owner_with_rights, list_roles, 200, false, 0 },
		{ owner_with_rights, list_rules, 200, false, 0 },
		{ owner_with_rights, list_who_reaches, 200, false, 0 },
		{ make_offer, read_offer, 200, false, 0 },
		{ make_offer, take, 201, true, 0 },
		{ make_offer, begin_browser, 202, true, 2 },
		{ make_browser, confirm, 200, true, 0 },
		{ make_browser, claim, 202, false, 0 },
		{ make_confirmed, claim, 201, true, 0 },
		{ owner_with_a_session, recover, 200, true, 0 },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		long nth = 0, spared = 0;
		do {
			if (rows[i].anew || nth == 0)
				rows[i].prepare();
			int status = ask_without(ask_row, &rows[i].ask, ++nth);
			spared += memory.fired && status == rows[i].want;
			bool own = status == 0 &&
				(strstr(tw_unit_body(w.unit), "\"request\":") || strstr(tw_unit_body(w.unit), "\"secret\":"));
			if (status != rows[i].want && !(memory.fired && (status >= 500 || own))) /* the harness's own, reading a whole answer */
				fail_msg("row %zu, block %ld: %d", i, nth, status);
		} while (memory.fired);
		if (nth < 3 || spared > rows[i].spared)
			fail_msg("row %zu: %ld blocks, %ld of them not missed", i, nth, spared);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_unowned, tear_down_afresh)
CHECK_MAIN(TEST(test_sessions), TEST(test_taking_over), TEST(test_recovery), TEST(test_a_start_that_cannot_end_an_owner),
	TEST(test_memory), TEST(test_keys_that_do_not_answer), TEST(test_a_claim_that_cannot_be_recorded))
