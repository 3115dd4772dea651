/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of somebody who is there while something is taken from him: a role, the account, its password. Asked of each way to be there: a session
 * and a client certificate over HTTPS, and what the application is shown of each, a pass. The local door and the console know no accounts.
 */
#include "as.h"
#include "played-hash.h"

#include "device/platform/app-authorize.h"

#define READS "/api/v1/settings?limit=1"
#define CHANGE "application.setpoint.change"

enum way { SESSION, CERTIFICATE, PASS_OF_SESSION, PASS_OF_CERTIFICATE, WAYS };

static const struct tw_unit_way by_key = { .has_key = true, .key = { 7 } };
static char token[64], passes[2][64];

static void passes_are_made(void)
{
	check_as(token, "POST", "/api/v1/session-passes", NULL, 201, NULL);
	world_text(&w, "pass", passes[0], sizeof passes[0]);
	tw_unit_by(w.unit, &by_key);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "POST", "/api/v1/session-passes", NULL), 201);
	world_text(&w, "pass", passes[1], sizeof passes[1]);
	tw_unit_by(w.unit, NULL);
}

/* bob, a2, is there in all ways, an operator of the device and at home with the product. */
static void bob_is_there(void)
{
	int64_t id = 0;

	make("bob", "operator");
	give("a2", "application.resident");
	CHECK_OK(tw_credential_put(device(), &(struct tw_new_credential){ 2, "bob's", by_key.key, NULL }, &id));
	open_as(NULL, "a2", token);
	passes_are_made();
}

static bool affords(void *user)
{
	return true;
}

/* By which rule he is refused; "": he is not. */
static const char *asked(enum way way)
{
	static char rule[64];
	static struct tw_app_told told;
	struct tw_app_answer answer = { .allowed = false };
	const struct tw_app_asking a = {
		.told = &told, .affords = affords, .permission = TW_SLICE(CHANGE), .pass = tw_slice_of(passes[way == PASS_OF_CERTIFICATE])
	};

	rule[0] = '\0';
	if (way == PASS_OF_SESSION || way == PASS_OF_CERTIFICATE) {
		CHECK_OK(tw_app_authorize(&device()->context, &a, &answer));
		(void)snprintf(rule, sizeof rule, "%s", answer.allowed ? "" : answer.rule);
		return rule;
	}
	tw_unit_by(w.unit, way == CERTIFICATE ? &by_key : NULL);
	if (tw_unit_request_as(w.unit, way == SESSION ? token : NULL, "GET", READS, NULL) != 200)
		world_text(&w, "rule", rule, sizeof rule);
	tw_unit_by(w.unit, NULL);
	return rule;
}

static void take_role(void)
{
	check_as(NULL, "DELETE", "/api/v1/role-assignments/a2.operator", NULL, 204, NULL);
	check_as(NULL, "DELETE", "/api/v1/role-assignments/a2.application.resident", NULL, 204, NULL);
}

static void remove_account(void)
{
	check_as(NULL, "DELETE", "/api/v1/accounts/a2", NULL, 204, NULL);
}

static void suspend(void)
{
	check_as(NULL, "PUT", "/api/v1/suspensions/a2", NULL, 204, NULL);
}

static void change_password(void)
{
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/passwords/a2", NULL, "{\"password\":\"nine quiet herons wade\"}"), 0);
	CHECK(played_step());
	CHECK_INT(tw_unit_later(w.unit), 204);
}

static void end_sessions(void)
{
	check_as(NULL, "DELETE", "/api/v1/account-sessions/a2", NULL, 204, NULL);
}

/* A certificate proves itself at each request: it loses what the account loses, and no password was ever a part of it. */
static const struct row {
	void (*happens)(void);
	const char *rules[WAYS];
} rows[] = {
	{ take_role, { "path.credentials", "gate.permission", "access.pass", "gate.permission" } },
	{ remove_account, { "path.credentials", "gate.anonymous", "access.pass", "access.pass" } },
	{ suspend, { "path.credentials", "path.credentials", "access.pass", "access.pass" } },
	{ change_password, { "path.credentials", "", "access.pass", "" } },
	{ end_sessions, { "path.credentials", "", "access.pass", "" } },
};

/* @nist LA.RSM.7.1 */
static void test_what_is_taken_is_gone_at_once(void **state)
{
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		bob_is_there();
		for (enum way way = SESSION; way < WAYS; way++)
			CHECK_TEXT(asked(way), "");
		rows[i].happens();
		for (enum way way = SESSION; way < WAYS; way++)
			CHECK_TEXT(asked(way), rows[i].rules[way]);
		CHECK_INT(tear_down(state), 0);
		CHECK_INT(set_up_owned(state), 0);
	}
}

CHECK_MAIN(cmocka_unit_test_setup_teardown(test_what_is_taken_is_gone_at_once, set_up_owned, tear_down))
