/* SPDX-License-Identifier: Apache-2.0 */
/* Who says which provider it is, and whose an account is there; and all of that without memory. */
#include "not-p256.h"
#include "played-oidc.h"

/* --- Who says so --- */

static void test_forms(void **unused)
{
	static const struct {
		const char *key, *value, *rule;
	} rows[] = {
		{ "issuer", "http://login.example", "oidc.form" },
		{ "issuer", "https://login.example/?a", "oidc.form" },
		{ "issuer", "https://u@login.example", "oidc.form" },
		{ "address", "http://device.example", "oidc.address" },
		{ "address", "https://device.example/", "oidc.address" },
		{ "address", "https://device.example?a", "oidc.address" },
		{ "client", "a\\u0007", "oidc.client" },
		{ "secret", "a\\n", "oidc.client" },
		{ "claim", "a\\n", "oidc.client" },
		{ "name", " a", "oidc.name" },
		{ "anchors", "x", "oidc.anchors" },
	};
	static const char *const keys[] = { "issuer", ISSUER, "client", "device-7", "address", "https://device.example", "name",
		"Example", "anchors", anchors };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char body[6000] = "{", *at = body + 1;

		for (size_t k = 0; k < TW_COUNT(keys); k += 2)
			if (strcmp(keys[k], rows[i].key) != 0)
				at += snprintf(at, sizeof body - (size_t)(at - body), "\"%s\":\"%s\",", keys[k], keys[k + 1]);
		(void)snprintf(at, sizeof body - (size_t)(at - body), "\"%s\":\"%s\"}", rows[i].key, rows[i].value);
		CHECK_INT(ask("PUT", OIDC, body), 400);
		SAYS(rows[i].rule);
	}
	CHECK_INT(ask("GET", OIDC, NULL), 200);
	SAYS("\"set\":true");
	SAYS("\"issuer\":\"" ISSUER "\"");
	SAYS("\"claim\":\"sub\"");
	SAYS("\"secret\":true");
	CHECK(!strstr(tw_unit_body(w.unit), "s3cret!"));
	CHECK_INT(ask("DELETE", OIDC, NULL), 204);
	CHECK_INT(ask("GET", OIDC, NULL), 200);
	SAYS("{\"set\":false}");
}

/* Who may do less names nobody who may come in to more; what he said ends when the account comes to do more. */
static void test_through_whose_hands(void **unused)
{
	char admin[64];

	tw_unit_from(w.unit, NULL);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a2\",\"role\":\"admin\"}"), 201);
	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"kim\",\"kind\":\"person\"}"), 201);
	CHECK_INT(come(), 201);
	memcpy(admin, token, sizeof admin);
	set("logical-access.step-up", "\"0\"", "off", 200);
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/oidc-subjects/a1", "{\"subject\":\"u-bob2\"}"), 403);
	SAYS("account.owner");
	CHECK_INT(ask_as(admin, "DELETE", "/api/v1/oidc-subjects/a1", NULL), 403);
	CHECK_INT(ask_as(admin, "GET", OIDC, NULL), 403);
	CHECK_INT(ask_as(admin, "DELETE", OIDC, NULL), 403);
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/oidc-subjects/a3", "{\"subject\":\"u-kim\"}"), 204);
	idp.subject = "u-kim";
	CHECK_INT(come(), 201);
	CHECK_INT(ask("POST", "/api/v1/role-assignments", "{\"account\":\"a3\",\"role\":\"auditor\"}"), 201);
	CHECK_INT(come(), 403);
	SAYS("oidc.stranger");
	CHECK_INT(ask_as(admin, "PUT", "/api/v1/oidc-subjects/a3", "{\"subject\":\"u-kim\"}"), 403);
	SAYS("account.cover");
	bind_to("/api/v1/oidc-subjects/a3", "u-kim", 204);
	CHECK_INT(come(), 201);
}

static void set_with(const char *address, const char *pem, int times, const char *rule)
{
	static char body[16000];
	size_t at = (size_t)snprintf(body, sizeof body,
		"{\"issuer\":\"" ISSUER "\",\"client\":\"device-7\",\"name\":\"E\",\"address\":\"%s\",\"anchors\":\"", address);

	for (int i = 0; i < times; i++)
		at += (size_t)snprintf(body + at, sizeof body - at, "%s", pem);
	(void)snprintf(body + at, sizeof body - at, "\"}");
	CHECK_INT(ask("PUT", OIDC, body), 400);
	SAYS(rule);
}

/* Certificates that are none for this device; and of several faults the first is told. */
static void test_anchors(void **unused)
{
	set_with("https://device.example", not_p256, 1, "oidc.anchors");
	set_with("https://device.example", anchors, 9, "oidc.anchors");
	set_with("https://device.example/", "x", 1, "oidc.address");
}

static void check_status(enum tw_status want)
{
	struct tw_element_status s = { .status = TW_STATUS_NOT_PROVIDED };

	CHECK_OK(tw_access_status_server(&device()->context, &s));
	CHECK_INT(s.status, want);
}

static void test_status(void **unused)
{
	CHECK_INT(ask("GET", "/api/v1/capabilities", NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), "OpenID Connect provider says who comes in"));
	fetched.missing = true;
	CHECK_INT(ask("GET", "/api/v1/capabilities", NULL), 200);
	CHECK(!strstr(tw_unit_body(w.unit), "OpenID Connect provider says who comes in"));
	check_status(TW_STATUS_NEEDS_PART);
	fetched.missing = false;
	check_status(TW_STATUS_PROVIDED);
}

/* --- Without memory --- */

static int do_set(const void *what)
{
	char body[6000];

	(void)snprintf(body, sizeof body,
		"{\"issuer\":\"" ISSUER
		"\",\"client\":\"device-7\",\"secret\":\"s3cret!\",\"address\":\"https://device.example\",\"name\":\"E\",\"anchors\":\"%s\"}",
		anchors);
	return ask("PUT", OIDC, body);
}

static int do_read(const void *what)
{
	int status = ask("GET", OIDC, NULL);

	return status == 200 && !strstr(tw_unit_body(w.unit), "\"claim\":") ? 1 : status; /* all of it, or nothing */
}

static int do_bind(const void *what)
{
	return ask("PUT", HIS, "{\"subject\":\"u-bob\"}");
}

static int do_begin(const void *what)
{
	device()->access->oidc.places_ms = device()->access->oidc.keys_ms = device()->access->oidc.down_ms = 0;
	int status = ask_begin();

	return status ? status : serve();
}

static int do_finish(const void *what)
{
	int status = ask_finish(handle, state, "");

	return status ? status : serve();
}

static void test_without_memory(void **unused)
{
	static int (*const rows[])(const void *what) = { do_set, do_bind, do_begin, do_read };
	static const int wanted[] = { 204, 204, 200, 200 };

	tw_unit_from(w.unit, NULL);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		int failed = 0;

		for (long nth = 1; nth == 1 || memory.fired; nth++) {
			int status = ask_without(rows[i], NULL, nth);

			if (status != wanted[i] && status < 500)
				fail_msg("row %zu, block %ld: %d %s", i, nth, status, tw_unit_body(w.unit));
			failed += status >= 500;
		}
		CHECK(failed > 1);
		CHECK_INT(rows[i](NULL), wanted[i]);
	}
	for (long nth = 1; nth == 1 || memory.fired; nth++) {
		CHECK_INT(begin(), 200);
		device()->access->oidc.keys_ms = 0;
		int status = ask_without(do_finish, NULL, nth);

		if (status != 201 && status < 500)
			fail_msg("block %ld: %d %s", nth, status, tw_unit_body(w.unit));
		CHECK_INT(due(), -1);
		CHECK(!fetched.running);
		device()->access->oidc.down_ms = 0;
	}
}

CHECK_MAIN(OUTSIDE(test_forms), OUTSIDE(test_through_whose_hands), OUTSIDE(test_anchors), OUTSIDE(test_status), OUTSIDE(test_without_memory))
