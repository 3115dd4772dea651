/* SPDX-License-Identifier: Apache-2.0 */
/* Shared accounts: used by their members alone, each in his own name, under conditions that count at each request. */
#include "as.h"

#include "base/text.h"
#include "device/logical-access/shared.h"
#include "device/rows-logical-access.h"

#define SHARED "/api/v1/shared-accounts/a4"
#define OPEN "/api/v1/shared-sessions"
#define NIGHT "{\"account\":\"a4\"}"
#define NOON INT64_C(1900065600000) /* 2030-03-18T12:00:00Z, a Monday */

static char bob[64], carol[64];

/* alice owns it; bob (a2) and carol (a3) have accounts; a4 is shared and an operator. */
static void people(void)
{
	make("bob", NULL);
	make("carol", NULL);
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}", 201, "\"a4\"");
	give("a4", "operator");
	open_as(NULL, "a2", bob);
	open_as(NULL, "a3", carol);
}

static void say(const char *members, const char *conditions)
{
	char body[256];

	(void)snprintf(body, sizeof body, "{\"members\":\"%s\",\"conditions\":%s}", members, conditions);
	check_as(NULL, "PUT", SHARED, body, 200, NULL);
}

static void store(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

static void enter(const char *token, char ret[64])
{
	check_as(token, "POST", OPEN, NIGHT, 201, "\"name\":\"night\"");
	world_text(&w, "token", ret, 64);
}

/* By the owner's certificate, with a session's token beside it. */
static int beside(const char *token, const char *method, const char *target)
{
	char match[128];

	(void)snprintf(match, sizeof match, "\"0\"\r\nAuthorization: Bearer %s", token);
	return tw_unit_request(w.unit, method, target, match, NULL);
}

static void reads(const char *token, int want, const char *says)
{
	check_as(token, "GET", "/api/v1/settings?limit=1", NULL, want, says);
}

/* @nist LA.RSM.6.4: members, hours and limits read back as they were said; without any nobody comes in */
static void test_what_is_said_reads_back(void **state)
{
	people();
	check_as(NULL, "GET", SHARED, NULL, 404, "shared.none");
	check_as(NULL, "GET", "/api/v1/shared-accounts/a9", NULL, 404, "shared.none");
	check_as(NULL, "GET", "/api/v1/shared-accounts/x", NULL, 404, "shared.none");
	check_as(bob, "POST", OPEN, NIGHT, 403, "shared.conditions");
	check_as(NULL, "PUT", SHARED, "{\"members\":\"a2 a3 a2\",\"conditions\":{\"hours\":[\"08:00-17:30\"],\"sessions\":2}}", 200, NULL);
	world_start(&w);
	check_as(NULL, "GET", SHARED, NULL, 200,
		"\"by\":\"owner:alice\",\"conditions\":{\"hours\":[\"08:00-17:30\"],\"sessions\":2},\"members\":[\"a2\",\"a3\"]");
	check_as(NULL, "DELETE", SHARED, NULL, 204, NULL);
	check_as(NULL, "GET", SHARED, NULL, 404, "shared.none");
}

static void test_what_cannot_be_said(void **state)
{
	static const struct {
		const char *target, *body;
		int want;
		const char *rule;
	} rows[] = {
		{ SHARED, "{\"members\":\"a4\"}", 400, "none that is shared itself" },
		{ SHARED, "{\"members\":\"a9\"}", 400, "an account that there is" },
		{ SHARED, "{\"members\":\"bob\"}", 400, "Members are ids" },
		{ SHARED, "{\"members\":\"a2 a9\"}", 400, "shared.member" },
		{ SHARED, "{\"members\":\"bob a9\"}", 400, "Members are ids" }, /* the first that is wrong */
		{ SHARED, "{\"members\":\"  \"}", 400, "has 1 to 32 members" },
		{ SHARED, "{\"members\":\"a2\",\"conditions\":{\"hours\":[\"25:00-26:00\"]}}", 400, "shared.conditions" },
		{ SHARED, "{\"members\":\"a2\",\"conditions\":{\"moon\":1}}", 400, "shared.conditions" },
		{ SHARED, "{\"members\":\"a2\",\"conditions\":{\"places\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}}", 400, "shared.conditions" },
		{ "/api/v1/shared-accounts/a2", "{\"members\":\"a3\"}", 409, "shared.kind" },
		{ "/api/v1/shared-accounts/a9", "{\"members\":\"a3\"}", 404, "account.unknown" },
	};

	people();
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(NULL, "PUT", rows[i].target, rows[i].body, rows[i].want, rows[i].rule);
	check_as(NULL, "DELETE", "/api/v1/shared-accounts/a2", NULL, 409, "shared.kind");
	check_as(NULL, "GET", SHARED, NULL, 404, NULL);
}

static void test_no_more_than_32_members(void **state)
{
	char body[256] = "{\"members\":\"", name[16];
	size_t size = strlen(body);

	people();
	for (int i = 5; i < 5 + TW_SHARED_MEMBERS_MAX; i++) {
		(void)snprintf(name, sizeof name, "p%d", i);
		make(name, NULL);
		size += (size_t)snprintf(body + size, sizeof body - size, "%sa%d", i > 5 ? " " : "", i);
	}
	(void)snprintf(body + size, sizeof body - size, "\"}");
	check_as(NULL, "PUT", SHARED, body, 200, "\"a36\"");
	(void)snprintf(body + size, sizeof body - size, " a2\"}");
	check_as(NULL, "PUT", SHARED, body, 400, "shared.member");
}

/* Nobody lets others into more than he may do, nor himself; one who is a member already stays one. */
static void test_who_may_say_it(void **state)
{
	char admin[64];

	people();
	check_as(bob, "PUT", SHARED, "{\"members\":\"a2\"}", 403, "gate.permission");
	give("a3", "admin");
	open_as(NULL, "a3", admin);
	check_as(admin, "PUT", SHARED, "{\"members\":\"a2 a3\"}", 403, "account.self");
	check_as(admin, "PUT", SHARED, "{\"members\":\"a2\"}", 200, "\"by\":\"account:carol\"");
	say("a2 a3", "{}");
	check_as(admin, "PUT", SHARED, "{\"members\":\"a3\"}", 200, NULL);
	give("a4", "auditor");
	check_as(admin, "PUT", SHARED, "{\"members\":\"a2\"}", 403, "account.cover");
	check_as(admin, "DELETE", SHARED, NULL, 403, "account.cover");
	make("eve", "auditor");
	check_as(admin, "PUT", "/api/v1/shared-accounts/a5", "{\"members\":\"a2\"}", 409, "shared.kind"); /* whatever else she may */
}

/* What cannot be read is a failure, and neither a member that there is not nor an account that is no shared one. */
static void test_a_store_that_cannot_be_read(void **state)
{
	char shared[64];

	people();
	say("a2", "{}");
	enter(bob, shared);
	store("UPDATE account SET kind = 'odd' WHERE id = 3");
	check_as(NULL, "PUT", SHARED, "{\"members\":\"a2 a3\"}", 500, NULL);
	store("UPDATE account SET kind = 'person' WHERE id = 3");
	store("UPDATE account SET kind = 'odd' WHERE id = 2");
	reads(shared, 401, "path.credentials"); /* by no rule */
	store("UPDATE account SET kind = 'person' WHERE id = 2");
	reads(shared, 200, NULL);
	store("UPDATE account SET kind = 'odd' WHERE id = 4");
	check_as(bob, "POST", OPEN, NIGHT, 500, NULL);
}

/* Whatever stands in the store: a personal account is used by nobody else, and a shared one opens none. */
static void test_what_was_never_said_through_us(void **state)
{
	char shared[64];

	people();
	say("a2", "{}");
	store("INSERT INTO shared_account SELECT 3, members, conditions, said_ms, said_by, placed_by FROM shared_account");
	check_as(bob, "POST", OPEN, "{\"account\":\"a3\"}", 403, "shared.conditions");
	enter(bob, shared);
	store("UPDATE shared_account SET members = 'a2 a4'");
	check_as(shared, "POST", OPEN, NIGHT, 403, "shared.members");
}

/* @nist LA.RSM.6.6: who is no member, and nobody outside the hours, is let in; the record names the account and the member */
static void test_each_use_is_asked(void **state)
{
	char shared[64], again[64];

	people();
	world_at(&w, NOON, WORLD_BOOT);
	say("a2", "{\"hours\":[\"11:00-13:00\"]}");
	check_as(carol, "POST", OPEN, NIGHT, 403, "shared.members");
	check_as(bob, "POST", OPEN, "{\"account\":\"a9\"}", 403, "shared.conditions");
	check_as(bob, "POST", OPEN, "{\"account\":\"a3\"}", 403, "shared.conditions");
	check_as(NULL, "POST", OPEN, NIGHT, 403, "shared.members");
	enter(bob, shared);
	reads(bob, 403, "gate.permission");
	reads(shared, 200, NULL);
	check_as(shared, "POST", OPEN, NIGHT, 403, "shared.members"); /* it opens no other */
	CHECK(world_log_says(
		&w, "\"account\":\"a4\",\"door\":\"https\",\"how\":\"session\",\"member\":\"a2\",\"operation\":\"settings.list\""));
	check_as(NULL, "GET", "/api/v1/sessions", NULL, 200, "\"member\":\"a2\"");
	world_at(&w, NOON + 60 * MINUTE - 1, WORLD_BOOT);
	reads(shared, 200, NULL);
	world_at(&w, NOON + 60 * MINUTE, WORLD_BOOT);
	reads(shared, 401, "condition.hours");
	check_as(bob, "POST", OPEN, NIGHT, 403, "condition.hours");
	CHECK(world_log_says(&w,
		"\"event\":\"request.refused\",\"member\":\"a2\",\"operation\":\"settings.list\",\"rule\":\"condition.hours\""));
	world_at(&w, NOON, WORLD_BOOT);
	reads(shared, 200, NULL);
	check_as(NULL, "PUT", "/api/v1/suspensions/a4", NULL, 204, NULL);
	check_as(bob, "POST", OPEN, NIGHT, 403, "shared.conditions");
	check_as(NULL, "DELETE", "/api/v1/suspensions/a4", NULL, 204, NULL);
	enter(bob, again);
	world_start(&w);
	reads(again, 200, NULL);
}

/* Only so many at a time, and a session ends with the one it was opened in. */
static void test_limits(void **state)
{
	char first[64], second[64], third[64];

	people();
	say("a2 a3", "{\"sessions\":2}");
	enter(bob, first);
	enter(carol, second);
	check_as(bob, "POST", OPEN, NIGHT, 403, "condition.sessions");
	say("a2 a3", "{\"sessions\":2}"); /* no more are open than there may be */
	reads(first, 200, NULL);
	reads(second, 200, NULL);
	say("a2 a3", "{\"sessions\":1}");
	reads(first, 401, NULL);
	reads(second, 401, NULL);
	enter(bob, third);
	later(20 * MINUTE);
	reads(third, 200, NULL);
	check_as(bob, "GET", "/api/v1/health", NULL, 200, NULL);
	later(29 * MINUTE);
	reads(third, 200, NULL);
	later(30 * MINUTE);
	reads(third, 401, NULL);
}

/* Whatever ends the session that it was opened in ends it too: closed, ended by others, not used for too long, and across a start. */
static void test_it_ends_with_the_session_it_was_opened_in(void **state)
{
	char other[64], first[64], second[64];

	people();
	say("a2", "{}");
	enter(bob, first);
	open_as(NULL, "a2", other);
	enter(other, second);
	check_as(bob, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	reads(first, 401, NULL);
	reads(second, 200, NULL);
	check_as(NULL, "GET", "/api/v1/sessions", NULL, 200, NULL);
	CHECK(!strstr(strstr(tw_unit_body(w.unit), "\"member\"") + 1, "\"member\""));
	world_start(&w);
	reads(second, 200, NULL);
	reads(first, 401, NULL);
	check_as(other, "DELETE", "/api/v1/sessions/current", NULL, 204, NULL);
	world_start(&w);
	reads(second, 401, NULL);
	open_as(NULL, "a2", other);
	enter(other, second);
	CHECK_OK(tw_setting_set(&device()->context, tw_setting_find(&device()->context, "logical-access.session-idle"), "120", -1, "test"));
	later(MINUTE);
	reads(second, 200, NULL);
	later(2 * MINUTE - 1);
	reads(second, 200, NULL);
	later(2 * MINUTE);
	reads(second, 401, NULL);
}

/* @nist LA.RSM.6.5: members and conditions change at once, and the report and the log say so */
static void test_changes_count_at_once(void **state)
{
	char first[64], second[64];

	people();
	world_at(&w, NOON, WORLD_BOOT);
	say("a2 a3", "{}");
	enter(bob, first);
	enter(carol, second);
	say("a2 a3", "{\"hours\":[\"13:00-14:00\"]}");
	reads(first, 401, "condition.hours");
	say("a2 a3", "{\"hours\":[\"12:00-14:00\"]}");
	reads(first, 200, NULL);
	reads(second, 200, NULL);
	say("a3", "{}");
	reads(first, 401, NULL);
	reads(second, 401, NULL); /* with one of the sessions all of them end */
	check_as(bob, "POST", OPEN, NIGHT, 403, "shared.members");
	enter(carol, second);
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200, "shared by a2 a3, under {\\\"hours\\\":[\\\"13:00-14:00\\\"]}");
	CHECK(strstr(tw_unit_body(w.unit), "shared by a3, under {}"));
	CHECK(world_log_says(&w, "\"operation\":\"shared.set\""));
	check_as(NULL, "DELETE", SHARED, NULL, 204, NULL);
	reads(second, 401, NULL);
	check_as(carol, "POST", OPEN, NIGHT, 403, "shared.conditions");
}

/* A session that nobody used for too long is none any more: whose it was ends no other. */
static void test_one_that_is_over_ends_no_other(void **state)
{
	struct tw_context *c = &device()->context;
	char first[64], second[64];

	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.session-limit"), "86400", -1, "test"));
	people();
	say("a2 a3", "{}");
	enter(bob, first);
	later(20 * MINUTE);
	reads(carol, 403, NULL);
	enter(carol, second);
	later(31 * MINUTE);
	say("a3", "{}");
	reads(second, 200, NULL);
}

/* What is taken from the member's own account is taken from what he opened by it. */
static void test_the_members_own_account(void **state)
{
	char shared[64];

	people();
	say("a2", "{}");
	enter(bob, shared);
	check_as(NULL, "DELETE", "/api/v1/account-sessions/a2", NULL, 204, NULL);
	reads(shared, 401, NULL);
	open_as(NULL, "a2", bob);
	enter(bob, shared);
	store("UPDATE account SET state = 'suspended' WHERE id = 2");
	reads(shared, 401, "shared.members");
	store("UPDATE account SET state = 'active' WHERE id = 2");
	reads(shared, 200, NULL);
	store("UPDATE shared_account SET conditions = '{\"moon\":1}'");
	reads(shared, 401, "shared.conditions");
	store("DELETE FROM account WHERE id = 2");
	reads(shared, 401, "shared.members");
}

/* There is nothing of its own that could go from hand to hand. */
static void test_no_way_in_of_its_own(void **state)
{
	static const uint8_t key[32] = { 7 };
	struct tw_subject s = { .door = TW_DOOR_HTTPS };
	const struct tw_proof by_key = { .account = 4, .methods = 1U << TW_METHOD_CERTIFICATE, .factors = 1 };
	struct tw_account a;
	struct tw_reply rp = { .status = 200 };
	const struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS } };
	int64_t id = 0;
	char shared[64];

	people();
	say("a2", "{}");
	check_as(NULL, "POST", CODES, NIGHT, 409, "shared.own-proof");
	check_as(NULL, "POST", "/api/v1/credentials", "{\"account\":\"a4\",\"label\":\"x\",\"certificate\":\"y\"}", 409, "shared.own-proof");
	check_as(NULL, "PUT", "/api/v1/passwords/a4", "{\"password\":\"nine quiet herons wade\"}", 409, "shared.own-proof");
	enter(bob, shared);
	check_as(shared, "PUT", "/api/v1/password", "{\"password\":\"nine quiet herons wade\"}", 409, "shared.own-proof");
	check_as(shared, "POST", "/api/v1/authenticator", NULL, 409, "shared.own-proof");
	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ 4, "old", key, "none" }, &id));
	CHECK_ERR(tw_access_become(device(), &s, &by_key), DENIED);
	CHECK_TEXT(device()->access->refused, "shared.members");
	CHECK_OK(tw_account_get(&device()->context, 4, &a));
	CHECK_OK(tw_access_enter(device(), &(struct tw_entering){ .account = &a, .how = "code", .rq = &rq }, &rp));
	CHECK_TEXT(rp.rule, "shared.own-proof");
	tw_reply_done(&rp);
}

/* What is noted of it has room for so much, and is text to its end. */
static void test_what_is_long_is_cut_between_characters(void **state)
{
	char conditions[128] = "";

	people();
	for (int i = 0; i < 2; i++) {
		(void)snprintf(conditions, sizeof conditions,
			"{\"places\":[\"%s\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244"
			"\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\303\244\"]}",
			i ? "x" : "");
		say("a2", conditions);
	}
	check_as(NULL, "GET", "/api/v1/account-changes", NULL, 200, "under {\\\"places");
	CHECK(tw_utf8_valid(tw_slice_of(tw_unit_body(w.unit))));
}

/* Of what goes on after its request the member is asked too. */
static void test_known_later(void **state)
{
	struct tw_subject s = { .kind = TW_SUBJECT_ACCOUNT, .name = "account:night", .account = "a4", .member = "a2" };
	struct tw_context *c = &device()->context;

	people();
	say("a2", "{}");
	CHECK(tw_access_known(c, &s));
	(void)snprintf(s.member, sizeof s.member, "a3");
	CHECK(!tw_access_known(c, &s));
	(void)snprintf(s.member, sizeof s.member, "x");
	CHECK(!tw_access_known(c, &s));
	(void)snprintf(s.account, sizeof s.account, "a2"); /* nor of an account that asks for no member */
	CHECK(!tw_access_known(c, &s));
	(void)snprintf(s.account, sizeof s.account, "a4");
	s.member[0] = '\0';
	CHECK(!tw_access_known(c, &s));
}

/* By a certificate of his own: the session is bound to it, and is as strong. */
static void test_by_certificate(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .source = "192.0.2.1", .how = TW_HOW_CERTIFICATE, .account = "a2" },
		.has_client_key = true };
	struct tw_reply rp = { .status = 200 };
	struct tw_proof p;

	people();
	say("a2", "{\"methods\":[\"client-certificate\"]}");
	check_as(bob, "POST", OPEN, NIGHT, 403, "condition.method");
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "account", "a4");
	rq.input = input;
	CHECK_OK(tw_access_shared_open(&device()->context, &rq, &rp));
	CHECK_INT(rp.status, 201);
	struct tw_session *s = tw_access_session_of(&device()->context, tw_slice_of(tw_json_text(rp.body, "token")));
	CHECK(s && s->has_key && s->member == 2);
	CHECK_TEXT(s->how, TW_HOW_CERTIFICATE);
	tw_reply_done(&rp);
	CHECK_OK(tw_setting_set(&device()->context, tw_setting_find(&device()->context, "logical-access.network-methods"),
		"certificate", -1, "test"));
	CHECK_OK(tw_access_session_prove(device(), s, &p));
	CHECK_INT(p.methods, 1U << TW_METHOD_CERTIFICATE);
	CHECK_INT(p.member, 2);
	check_as(NULL, "DELETE", "/api/v1/account-sessions/a2", NULL, 204, NULL);
	CHECK(!s->used); /* it was opened in no session with which it could end */
}

/* Who comes without an account is no member, whichever account he asks for. */
static void test_without_an_account(void **state)
{
	static const char *const asked[] = { "a4", "a9" };
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .how = TW_HOW_CERTIFICATE }, .has_client_key = true };

	people();
	say("a2", "{}");
	for (size_t i = 0; i < TW_COUNT(asked); i++) {
		TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "account", asked[i]);
		struct tw_reply rp = { .status = 200 };

		rq.input = input;
		CHECK_OK(tw_access_shared_open(&device()->context, &rq, &rp));
		CHECK_TEXT(rp.rule, "shared.members");
		tw_reply_done(&rp);
	}
}

/* Where there is a use notice, who may not come in anyway is not asked to accept it. */
static void test_before_the_notice(void **state)
{
	people();
	say("a2", "{}");
	check_as(NULL, "PUT", "/api/v1/notice", "{\"text\":\"Staff alone.\"}", 200, NULL);
	check_as(bob, "POST", OPEN, NIGHT, 409, "LA.SUN.3");
	check_as(carol, "POST", OPEN, NIGHT, 403, "shared.members");
}

/* The owner's certificate, and a session of a shared account on the same connection: then it is that session's request. Another's is not asked for. */
static void test_a_session_beside_a_certificate(void **state)
{
	char shared[64];

	people();
	say("a1 a2", "{}");
	check_as(NULL, "POST", OPEN, NIGHT, 201, NULL);
	world_text(&w, "token", shared, sizeof shared);
	CHECK_INT(beside(shared, "GET", "/api/v1/accounts"), 403);
	CHECK_INT(beside(shared, "GET", "/api/v1/settings"), 200);
	CHECK(world_log_says(&w, "\"account\":\"a4\",\"door\":\"https\",\"how\":\"session\",\"member\":\"a1\""));
	CHECK_INT(beside(bob, "GET", "/api/v1/accounts"), 200);
}

/* Who lets a member in may have kept what he gave him: it opens no more than he could let others into himself, by whatever way it came. */
static void test_by_whose_hands_a_member_comes(void **state)
{
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .how = TW_HOW_CERTIFICATE, .account = "a2" }, .has_client_key = true };
	const struct tw_new_credential key = { .account = 2, .label = "laptop", .key = rq.client_key, .certificate = "none", .hands = "3" };
	struct tw_reply rp = { .status = 200 };
	char admin[64], planted[64], shared[64];
	int64_t id = 0;

	people();
	give("a3", "admin");
	open_as(NULL, "a3", admin);
	open_as(admin, "a2", planted);
	say("a2", "{}");
	enter(planted, shared); /* an operator is what an admin may make of others */
	give("a4", "auditor");
	check_as(planted, "POST", OPEN, NIGHT, 403, "shared.hands");
	CHECK_OK(tw_credential_put(device(), &key, &id));
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "account", "a4");
	rq.input = input;
	CHECK_OK(tw_access_shared_open(&device()->context, &rq, &rp));
	CHECK_INT(rp.status, 403);
	CHECK_TEXT(rp.rule, "shared.hands");
	tw_reply_done(&rp);
	enter(bob, shared);
	for (size_t i = 0; i < TW_SESSIONS_MAX; i++)
		if (device()->access->guard.sessions[i].account == 2)
			(void)snprintf(device()->access->guard.sessions[i].by.hands, TW_HANDS_MAX, "%070d 7777777", 0);
	check_as(bob, "POST", OPEN, NIGHT, 409, "access.hands"); /* through too many */
	check_as(shared, "GET", "/api/v1/log", NULL, 200, NULL);
}

/* What an admin said of it counts no more when it comes to do what he may not. */
static void test_it_grows_beyond_who_said_it(void **state)
{
	char admin[64], shared[64];

	people();
	give("a3", "admin");
	open_as(NULL, "a3", admin);
	check_as(admin, "PUT", SHARED, "{\"members\":\"a2\"}", 200, NULL);
	enter(bob, shared);
	give("a4", "user");
	enter(bob, shared);
	give("a4", "auditor");
	reads(shared, 401, NULL);
	check_as(NULL, "GET", SHARED, NULL, 404, "shared.none");
	check_as(bob, "POST", OPEN, NIGHT, 403, "shared.conditions");
	world_start(&w);
	check_as(NULL, "GET", SHARED, NULL, 404, "shared.none");
	say("a2", "{}");
	give("a4", "admin");
	check_as(NULL, "GET", SHARED, NULL, 200, "\"by\":\"owner:alice\"");
	enter(bob, shared);
}

/* Nothing is done in a session of it that would outlast the session, the membership and the conditions. */
static void test_nobody_is_let_in_from_it(void **state)
{
	static const struct {
		const char *method, *target, *body;
	} rows[] = { { "POST", ROLES, "{\"account\":\"a2\",\"role\":\"operator\"}" },
		{ "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\"}" }, { "PUT", "/api/v1/actions/ring", "{\"roles\":\"user\"}" },
		{ "POST", CODES, "{\"account\":\"a2\"}" }, { "PUT", "/api/v1/passwords/a2", "{\"password\":\"nine quiet herons wade\"}" },
		{ "PUT", SHARED, "{\"members\":\"a2 a3\"}" }, { "POST", "/api/v1/peers", "{}" }, { "POST", "/api/v1/policies", "{}" },
		{ "PUT", "/api/v1/settings/logical-access.mode", "{\"value\":\"emergency\"}" } };
	char shared[64], match[128];

	people();
	check_as(NULL, "GET", "/api/v1/access?operation=accounts.make&account=a4", NULL, 200, "\"rule\":\"gate.permission\"");
	give("a4", "admin");
	check_as(NULL, "GET", "/api/v1/access?operation=accounts.make&account=a4", NULL, 200, "\"allowed\":false");
	check_as(NULL, "GET", "/api/v1/access?operation=accounts.make&account=a4", NULL, 200, "\"rule\":\"shared.session\"");
	check_as(NULL, "GET", "/api/v1/access?operation=settings.list&account=a4", NULL, 200, "\"allowed\":true");
	say("a2", "{\"sessions\":1}");
	enter(bob, shared);
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		check_as(shared, rows[i].method, rows[i].target, rows[i].body, 403, "shared.session");
	check_as(shared, "GET", "/api/v1/access?operation=accounts.make", NULL, 200, "\"rule\":\"shared.session\"");
	check_as(shared, "GET", "/api/v1/access?operation=accounts.make&kind=local", NULL, 200, "\"rule\":\"gate.permission\"");
	(void)snprintf(match, sizeof match, "%s\r\nIf-Match: \"0\"", shared);
	check_as(match, "PUT", "/api/v1/settings/identification.remote-read", "{\"value\":\"off\"}", 200, NULL);
	check_as(shared, "GET", "/api/v1/settings/logical-access.mode", NULL, 200, NULL);
	check_as(shared, "GET", "/api/v1/accounts", NULL, 200, NULL);
	give("a2", "admin"); /* in his own name he may */
	check_as(bob, "PUT", "/api/v1/roles/night", "{\"inherits\":\"user\"}", 201, NULL);
}

/* Where its roles ask for a second factor, one alone does not do, whichever it is; a certificate does. */
static void test_one_factor_where_two_are_asked_for(void **state)
{
	struct tw_context *c = &device()->context;
	struct tw_request rq = { .subject = { .door = TW_DOOR_HTTPS, .how = TW_HOW_CERTIFICATE, .account = "a2" }, .has_client_key = true };
	struct tw_reply rp = { .status = 200 };

	people();
	say("a2", "{}");
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.second-factor"), "operator", -1, "test"));
	check_as(bob, "POST", OPEN, NIGHT, 403, "LA.AS.2.1");        /* by a code */
	check_as(carol, "POST", OPEN, NIGHT, 403, "shared.members"); /* who learns nothing of it */
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "account", "a4");
	rq.input = input;
	CHECK_OK(tw_access_shared_open(c, &rq, &rp));
	CHECK_INT(rp.status, 201);
	tw_reply_done(&rp);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_what_is_said_reads_back), TEST(test_what_cannot_be_said), TEST(test_no_more_than_32_members),
	TEST(test_who_may_say_it), TEST(test_a_store_that_cannot_be_read), TEST(test_what_was_never_said_through_us),
	TEST(test_each_use_is_asked), TEST(test_limits), TEST(test_changes_count_at_once),
	TEST(test_one_that_is_over_ends_no_other), TEST(test_the_members_own_account), TEST(test_no_way_in_of_its_own),
	TEST(test_known_later), TEST(test_by_certificate), TEST(test_without_an_account), TEST(test_before_the_notice),
	TEST(test_a_session_beside_a_certificate), TEST(test_it_ends_with_the_session_it_was_opened_in),
	TEST(test_what_is_long_is_cut_between_characters), TEST(test_by_whose_hands_a_member_comes),
	TEST(test_it_grows_beyond_who_said_it), TEST(test_nobody_is_let_in_from_it), TEST(test_one_factor_where_two_are_asked_for))
