/* SPDX-License-Identifier: Apache-2.0 */
/* What is permitted without login: the way in, what the organization lists of what may be listed, and nothing else. */
#include "lacking.h"

#include "device/rows-logical-access.h"

#define KEY "logical-access.without-login"

static int version;

static int set_with(const char *value)
{
	char body[128], at[16];

	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	(void)snprintf(at, sizeof at, "\"%d\"", version);
	int status = tw_unit_request(w.unit, "PUT", "/api/v1/settings/" KEY, at, body);
	version += status == 200;
	return status;
}

static int stranger(const char *path)
{
	return tw_unit_request_as(w.unit, NULL, "GET", path, NULL);
}

/* By what is listed: health, and how the device is. */
static void check_open(bool health, bool status)
{
	CHECK_INT(stranger("/api/v1/health"), health ? 200 : 401);
	CHECK_INT(stranger("/api/v1/capabilities"), status ? 200 : 401);
}

static int set_up(void **state)
{
	version = 0;
	return set_up_owned(state);
}

static const char *const way_in[] = { "commissioning.read", "commissioning.take", "commissioning.claim", "session.open",
	"notice.read", "recovery.ask" };

static bool is_way_in(const char *permission)
{
	for (size_t i = 0; i < TW_COUNT(way_in); i++)
		if (!strcmp(permission, way_in[i]))
			return true;
	return false;
}

/* Every operation there is, of an owned device. */
static void check_all(const char *list)
{
	const struct tw_subject s = { .door = TW_DOOR_HTTPS, .kind = TW_SUBJECT_ANYONE };
	size_t allowed = 0;

	for (const struct tw_capability *const *c = device()->context.capabilities; *c; c++)
		for (const struct tw_operation_row *o = (*c)->operations; o && o->name; o++) {
			const struct tw_ask ask = { .subject = &s, .permission = o->permission, .when = TW_WHEN_ALWAYS, .owned = true };
			bool may = tw_gate_authorize(device()->context.gate, &ask).verdict == TW_ALLOW;

			if (may != (is_way_in(o->permission) || tw_account_has(list, o->permission)))
				fail_msg("%s with '%s' listed: %d", o->name, list, may);
			allowed += may;
		}
	CHECK(allowed >= TW_COUNT(way_in));
}

/* @nist LA.AIM.1 LA.AS.1: what is listed and the way in; of all operations nothing else */
static void test_what_is_listed(void **state)
{
	static const struct {
		const char *list;
		bool health, status;
	} rows[] = { { "", false, false }, { "status.read", false, true }, { "health.read status.read", true, true },
		{ "status.read health.read", true, true }, { "health.read", true, false } };

	check_open(true, false);
	check_all("health.read");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_INT(set_with(rows[i].list), 200);
		check_open(rows[i].health, rows[i].status);
		check_all(rows[i].list);
	}
}

/* @nist LA.IC.5: how the elements stand is told to nobody who is nobody, and its own status says when that was changed */
static void test_the_state_is_for_few(void **state)
{
	struct tw_element_status s = { .reason = "" };
	char token[64];

	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"eve\",\"kind\":\"person\"}", 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/capabilities", NULL, 403, "gate.permission");
	check_as(NULL, "POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"guest\"}", 201, NULL);
	check_as(token, "GET", "/api/v1/capabilities", NULL, 200, "LA.IC.5");
	check_open(true, false);
	CHECK_OK(tw_access_status_indicator(&tw_unit_device(w.unit)->context, &s));
	CHECK_INT(s.status, TW_STATUS_PROVIDED);
	CHECK_INT(set_with("status.read"), 200);
	CHECK_OK(tw_access_status_indicator(&tw_unit_device(w.unit)->context, &s));
	CHECK_INT(s.status, TW_STATUS_OFF);
}

/* @nist LA.AIM.1: what changes something, what is an owner's, and what there is not, is not listed */
static void test_what_may_not_be_listed(void **state)
{
	static const char *const lists[] = { "log.read", "settings.change", "health.read ownership.recover", "identity.read",
		"health", "*", "no.such", "health.read,status.read", "session.open" };

	for (size_t i = 0; i < TW_COUNT(lists); i++) {
		CHECK_INT(set_with(lists[i]), 409);
		check_open(true, false);
	}
	check_all("health.read");
}

/* Nobody may less for having said who he is, and everybody who may without the list still does. */
static void test_others(void **state)
{
	char token[64];

	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"bob\",\"kind\":\"person\"}", 201, NULL);
	CHECK_INT(open_for("a2", token), 201);
	check_as(token, "GET", "/api/v1/capabilities", NULL, 403, NULL);
	CHECK_INT(set_with("status.read"), 200);
	check_as(token, "GET", "/api/v1/capabilities", NULL, 200, NULL);
	check_as(token, "GET", "/api/v1/health", NULL, 200, NULL);
	check_as(NULL, "GET", "/api/v1/health", NULL, 200, NULL);
	check_as(token, "PUT", "/api/v1/settings/" KEY, "{\"value\":\"\"}", 403, NULL);
}

/* It stands beside roles and rules that change, lasts over a start and goes with the ownership. */
static void test_how_long(void **state)
{
	CHECK_INT(set_with("status.read"), 200);
	check_as(NULL, "PUT", "/api/v1/roles/night", "{\"purpose\":\"x\",\"permissions\":\"log.read\"}", 201, NULL);
	check_open(false, true);
	world_start(&w);
	check_open(false, true);
	make_unowned();
	CHECK_INT(stranger("/api/v1/health"), 200);
	CHECK(stranger("/api/v1/capabilities") != 200);
	make_owned();
	check_open(true, false);
}

static void read_version(void)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 65536, &j));
	version = (int)tw_json_int(j, "version");
}

static int set_both(const void *what)
{
	return set_with("health.read status.read");
}

/* Whatever block is missing: it counts as it is stored. */
static void test_without_memory(void **state)
{
	int failed = 0, undone = 0;

	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		failed += ask_without(set_both, NULL, nth) != 200;
		check_as(NULL, "GET", "/api/v1/settings/" KEY, NULL, 200, NULL);
		bool stored = strstr(tw_unit_body(w.unit), "\"health.read status.read\"") != NULL;
		read_version();
		undone += !stored;
		check_open(true, stored);
		if (stored)
			CHECK_INT(set_with("health.read"), 200);
	}
	CHECK(failed > 1 && undone > 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_what_is_listed), TEST(test_what_may_not_be_listed), TEST(test_the_state_is_for_few), TEST(test_others),
	TEST(test_how_long), TEST(test_without_memory))
