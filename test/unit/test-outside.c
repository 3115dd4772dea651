/* SPDX-License-Identifier: Apache-2.0 */
/* What is demanded of systems outside, as it is written, read and put together, in a real device; what cannot be demanded; and where memory ends. */
#include "lacking.h"

#include "crypto/cert.h"
#include "device/platform/outside.h"

#define HERE "/api/v1/outside-systems"
#define KEY "00000000000000000000000000000000000000000000000000000000000000a1"

static char attester[1024]; /* PEM, as JSON has it */

static int begin(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, text = { 0 };

	if (world_make(&w))
		return -1;
	world_start_owned(&w);
	tw_buf_init(&pem, tw_sys_real(), sizeof attester);
	tw_buf_init(&text, tw_sys_real(), sizeof attester - 1);
	CHECK_OK(tw_cert_pem(device()->certificate, &pem));
	CHECK_OK(tw_buf_json_string(&text, tw_buf_slice(&pem)));
	(void)snprintf(attester, sizeof attester, "%s", tw_buf_cstr(&text));
	return 0;
}

static int end(void **state)
{
	return world_end(&w);
}

static int put(const char *name, const char *body)
{
	char path[128];

	(void)snprintf(path, sizeof path, HERE "/%s", name);
	return tw_unit_request(w.unit, "PUT", path, NULL, body);
}

static json_t *list(void)
{
	json_t *j = NULL;

	CHECK_INT(tw_unit_request(w.unit, "GET", HERE, NULL, NULL), 200);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), TW_REPLY_MAX, &j));
	return j;
}

/* "a b": their names, in the list's order. */
static void check_named(const char *want)
{
	TW_CLEANUP(tw_jsonp) json_t *j = list();
	char got[TW_OUTSIDE_MAX * (TW_OUTSIDE_NAME_MAX + 1) + 1] = "";
	size_t i;
	json_t *one;

	json_array_foreach(tw_json_get(j, "systems"), i, one)
		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? " " : "", tw_json_text(one, "name"));
	CHECK_TEXT(got, want);
}

static struct tw_outside demanded(const char *place)
{
	struct tw_outside o;

	CHECK_OK(tw_outside_at(device(), place, &o));
	return o;
}

static void set(const char *key, const char *value, int status)
{
	char path[96], body[256];

	(void)snprintf(path, sizeof path, "/api/v1/settings/%s", key);
	(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", value);
	CHECK_INT(tw_unit_request(w.unit, "GET", path, NULL, NULL), 200);
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), TW_REPLY_MAX, &j));
	char version[32];
	(void)snprintf(version, sizeof version, "\"%lld\"", (long long)tw_json_int(j, "version"));
	CHECK_INT(tw_unit_request(w.unit, "PUT", path, version, body), status);
}

/* @nist LA.EC.4: what is demanded of one system narrows what is demanded of all, and counts for its place alone */
static void test_demands(void **state)
{
	char body[2048];

	CHECK_INT(demanded("a.example:443").demand.tls, TW_DEMAND_TLS_1_2);
	CHECK_INT(demanded("a.example:443").demand.suites, TW_DEMAND_ALL_SUITES);
	(void)snprintf(body, sizeof body,
		"{\"place\":\"A.Example\",\"tls\":\"1.3\",\"suites\":\"TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256\",\"groups\":\"P-256\",\"keys\":\"" KEY
		" " KEY "\",\"posture\":\"/state\",\"attester\":%s,\"claims\":\"oemboot=true\"}",
		attester);
	CHECK_INT(put("a", body), 201);
	CHECK_INT(put("a", body), 200);
	struct tw_outside o = demanded("a.example:443");
	CHECK_INT(o.demand.tls, TW_DEMAND_TLS_1_3);
	CHECK_INT(o.demand.suites, 3);
	CHECK_INT(o.demand.groups, 2);
	CHECK_INT(o.demand.keys.size, 64);
	CHECK_INT((uint8_t)o.keys[63], 0xa1);
	CHECK_TEXT(o.posture, "/state");
	CHECK_TEXT(o.claims, "oemboot=true");
	CHECK_INT(o.attester[0], 4);
	CHECK_INT(demanded("a.example:8443").demand.tls, TW_DEMAND_TLS_1_2);
	set("outside.suites", "TLS_AES_256_GCM_SHA384 TLS_AES_128_GCM_SHA256", 200);
	set("outside.groups", "P-384 P-256", 200);
	CHECK_INT(demanded("a.example:443").demand.suites, 1);
	CHECK_INT(demanded("a.example:443").demand.groups, 2);
	CHECK_INT(demanded("b.example:443").demand.suites, 5);
	set("outside.tls", "1.3", 200);
	CHECK_INT(demanded("b.example:443").demand.tls, TW_DEMAND_TLS_1_3);
	set("outside.suites", "TLS_RSA_WITH_AES_128_CBC_SHA", 409);
	set("outside.groups", "P-256 ", 409);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", HERE "/a", NULL, NULL), 204);
	CHECK_INT(demanded("a.example:443").demand.suites, 5);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", HERE "/a", NULL, NULL), 404);
}

static void test_refused(void **state)
{
	static const struct {
		const char *name, *body, *rule;
		int status;
	} rows[] = {
		{ "A", "{\"place\":\"a.example\"}", "outside.name", 400 },
		{ "1a", "{\"place\":\"a.example\"}", "outside.name", 400 },
		{ "a", "{\"place\":\"a.example/x\"}", "outside.place", 400 },
		{ "a", "{\"place\":\"me@a.example\"}", "outside.place", 400 },
		{ "a", "{\"place\":\"a.example:0x\"}", "outside.place", 400 },
		{ "a", "{\"place\":\"a.example\",\"suites\":\"TLS_RSA_WITH_AES_128_CBC_SHA\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"tls\":\"1.1\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"groups\":\"x\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"keys\":\"a1\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"keys\":\"" KEY KEY "\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"posture\":\"/x\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"posture\":\"/x\",\"attester\":\"x\"}", "outside.form", 400 },
		{ "a", "{\"place\":\"a.example\",\"claims\":\"x=y\"}", "outside.form", 400 },
	};
	char body[2048];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const int status = put(rows[i].name, rows[i].body);

		if (status != rows[i].status || !strstr(tw_unit_body(w.unit), rows[i].rule))
			fail_msg("row %zu: %d %s", i, status, tw_unit_body(w.unit));
	}
	(void)snprintf(body, sizeof body, "{\"place\":\"a.example\",\"posture\":\"x\",\"attester\":%s}", attester);
	CHECK_INT(put("a", body), 400);
	(void)snprintf(body, sizeof body, "{\"place\":\"a.example\",\"posture\":\"/x?y\",\"attester\":%s}", attester);
	CHECK_INT(put("a", body), 400);
	(void)snprintf(body, sizeof body, "{\"place\":\"a.example\",\"posture\":\"/x\",\"attester\":%s,\"claims\":\"x\"}", attester);
	CHECK_INT(put("a", body), 400);
	CHECK(strstr(tw_unit_body(w.unit), "outside.form"));
	set("outside.suites", "TLS_AES_256_GCM_SHA384", 200);
	CHECK_INT(put("a", "{\"place\":\"a.example\",\"suites\":\"TLS_AES_128_GCM_SHA256\"}"), 400);
	CHECK(strstr(tw_unit_body(w.unit), "outside.nothing"));
	check_named("");
}

static void test_bounds_and_order(void **state)
{
	char name[16], body[64];

	for (int i = TW_OUTSIDE_MAX; i > 0; i--) {
		(void)snprintf(name, sizeof name, "s%02d", i);
		(void)snprintf(body, sizeof body, "{\"place\":\"s%02d.example\"}", i);
		CHECK_INT(put(name, body), 201);
	}
	check_named("s01 s02 s03 s04 s05 s06 s07 s08 s09 s10 s11 s12 s13 s14 s15 s16");
	CHECK_INT(put("t", "{\"place\":\"t.example\"}"), 409);
	CHECK(strstr(tw_unit_body(w.unit), "outside.full"));
	CHECK_INT(put("s01", "{\"place\":\"s02.example\"}"), 409);
	CHECK(strstr(tw_unit_body(w.unit), "outside.taken"));
	CHECK_INT(put("s01", "{\"place\":\"s00.example\"}"), 200);
	CHECK_INT(tw_unit_request(w.unit, "DELETE", HERE "/s02", NULL, NULL), 204);
	CHECK_INT(put("s1", "{\"place\":\"s02.example\"}"), 201);
	check_named("s01 s03 s04 s05 s06 s07 s08 s09 s1 s10 s11 s12 s13 s14 s15 s16");
}

static void test_who_was_refused(void **state)
{
	CHECK_OK(tw_outside_refused(device(), "a.example:443", "fetch.version", "It speaks no version of TLS that is new enough.", 1));
	TW_CLEANUP(tw_jsonp) json_t *j = list();
	CHECK_INT(tw_json_int(j, "refused"), 1);
	CHECK_TEXT(tw_json_text(j, "last_place"), "a.example:443");
	CHECK_TEXT(tw_json_text(j, "last_rule"), "fetch.version");
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=200", NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), "outside.refused"));
}

static void test_of_the_owner(void **state)
{
	CHECK_INT(put("a", "{\"place\":\"a.example\",\"tls\":\"1.3\"}"), 201);
	CHECK_OK(tw_device_forget_owner(device()));
	CHECK_INT(demanded("a.example:443").demand.tls, TW_DEMAND_TLS_1_2);
	check_named("");
}

static int ask_put(const void *what)
{
	return put("a", what);
}

static int ask_list(const void *what)
{
	return tw_unit_request(w.unit, "GET", HERE, NULL, NULL);
}

static void test_without_memory(void **state)
{
	static const char body[] = "{\"place\":\"a.example\",\"tls\":\"1.3\",\"keys\":\"" KEY "\"}";

	for (long n = 1; ask_without(ask_put, body, n) != 201 || memory.fired; n++) {
		CHECK(n < 2000);
		(void)tw_unit_request(w.unit, "DELETE", HERE "/a", NULL, NULL);
	}
	for (long n = 1; ask_without(ask_list, NULL, n) != 200 || memory.fired; n++)
		CHECK(n < 2000);
	check_named("a");
}

#define OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
CHECK_MAIN(OF(test_demands), OF(test_refused), OF(test_bounds_and_order), OF(test_who_was_refused), OF(test_of_the_owner),
	OF(test_without_memory))
