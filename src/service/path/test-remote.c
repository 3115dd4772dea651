/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of access: a row for each way to write one, to refuse one, and to meet or miss one. */
#include "service/path/remote.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"
#include "sys/real.h"

static tw_err read_text(const struct tw_sys *sys, const char *text, tw_remote **ret)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	TW_TRY(tw_json_parse(tw_slice_of(text), 65536, &j));
	return tw_remote_read(sys, j, ret);
}

#define POLICY(who, session, connection, product) \
	"{\"who\":[" who "],\"session\":[" session "],\"connection\":[" connection "],\"product\":[" product "]}"
#define ANY "{\"name\":\"any\",\"doors\":[\"management\",\"elsewhere\"]}"
#define WHO(more) POLICY("{\"name\":\"a\",\"doors\":[\"elsewhere\"]" more "}", "", "", "")
#define SESSION(more) POLICY(ANY, "{\"name\":\"a\",\"doors\":[\"elsewhere\"]" more "}", "", "")
#define CONNECTION(more) POLICY(ANY, "", "{\"name\":\"a\",\"doors\":[\"elsewhere\"]" more "}", "")

/* @nist LA.IC.1: all four kinds, or none of it is taken */
static const struct {
	const char *text;
	enum tw_code code;
} forms[] = {
	{ POLICY("", "", "", ""), TW_CODE_OK },
	{ POLICY(ANY, "", "", "\"far\""), TW_CODE_OK },
	{ "{\"session\":[],\"connection\":[],\"product\":[]}", TW_CODE_SYNTAX },
	{ "{\"who\":[],\"connection\":[],\"product\":[]}", TW_CODE_SYNTAX },
	{ "{\"who\":[],\"session\":[],\"product\":[]}", TW_CODE_SYNTAX },
	{ "{\"who\":[],\"session\":[],\"connection\":[]}", TW_CODE_SYNTAX },
	{ "{\"who\":[],\"session\":[],\"connection\":[],\"product\":[],\"more\":[]}", TW_CODE_SYNTAX },
	{ "{\"who\":{},\"session\":[],\"connection\":[],\"product\":[]}", TW_CODE_SYNTAX },
	{ "[]", TW_CODE_SYNTAX },
	{ POLICY("7", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"doors\":[\"elsewhere\"]}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"name\":\"a\"}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"name\":\"a b\",\"doors\":[\"elsewhere\"]}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"name\":\"a\",\"doors\":[]}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"name\":\"a\",\"doors\":[\"window\"]}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"name\":\"a\",\"doors\":[7]}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY("{\"name\":\"a\",\"doors\":[\"local\",\"local\"]}", "", "", ""), TW_CODE_SYNTAX },
	{ POLICY(ANY "," ANY, "", "", ""), TW_CODE_SYNTAX },
	{ WHO(",\"roles\":[\"admin\"],\"permissions\":[\"settings.read\"],\"hours\":[\"08:00-17:00\"],\"zone\":\"+01:00\""), TW_CODE_OK },
	{ WHO(",\"roles\":[]"), TW_CODE_SYNTAX },
	{ WHO(",\"roles\":[\"a b\"]"), TW_CODE_SYNTAX },
	{ WHO(",\"roles\":[\"\"]"), TW_CODE_SYNTAX },
	{ WHO(",\"roles\":[null]"), TW_CODE_SYNTAX },
	{ WHO(",\"roles\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]"), TW_CODE_LIMIT },
	{ WHO(",\"roles\":[\"12345678901234567890123456789012345678901\"]"), TW_CODE_SYNTAX },
	{ WHO(",\"hours\":[\"8-17\"]"), TW_CODE_SYNTAX },
	{ WHO(",\"networks\":[\"10.0.0.0/8\"]"), TW_CODE_SYNTAX },
	{ WHO(",\"factors\":2"), TW_CODE_SYNTAX },
	{ SESSION(",\"suites\":[\"TLS_AES_256_GCM_SHA384\"],\"groups\":[\"X25519\"],\"certificate\":true"), TW_CODE_OK },
	{ SESSION(",\"methods\":[\"passkey\"],\"factors\":2"), TW_CODE_OK },
	{ SESSION(""), TW_CODE_SYNTAX },
	{ SESSION(",\"certificate\":false"), TW_CODE_SYNTAX },
	{ SESSION(",\"suites\":[]"), TW_CODE_SYNTAX },
	{ SESSION(",\"suites\":[\"TLS_RSA_WITH_AES_128_CBC_SHA\"]"), TW_CODE_SYNTAX },
	{ SESSION(",\"groups\":[\"X25519\",\"X25519\"]"), TW_CODE_SYNTAX },
	{ SESSION(",\"groups\":[7]"), TW_CODE_SYNTAX },
	{ SESSION(",\"groups\":[\"P-256\",\"X25519\",\"P-256\"]"), TW_CODE_LIMIT },
	{ SESSION(",\"factors\":4"), TW_CODE_SYNTAX },
	{ SESSION(",\"roles\":[\"admin\"]"), TW_CODE_SYNTAX },
	{ POLICY(ANY, "{\"name\":\"a\",\"doors\":[\"local\"],\"certificate\":true}", "", ""), TW_CODE_SYNTAX },
	{ CONNECTION(",\"networks\":[\"192.0.2.0/24\"]"), TW_CODE_OK },
	{ CONNECTION(",\"hosts\":[\"device.example:8443\"]"), TW_CODE_OK },
	{ CONNECTION(""), TW_CODE_SYNTAX },
	{ CONNECTION(",\"networks\":[\"192.0.2.1/24\"]"), TW_CODE_SYNTAX },
	{ CONNECTION(",\"hosts\":[\"1\",\"2\",\"3\",\"4\",\"5\"]"), TW_CODE_LIMIT },
	{ POLICY(ANY, "", "{\"name\":\"a\",\"doors\":[\"console\"],\"networks\":[\"192.0.2.0/24\"]}", ""), TW_CODE_SYNTAX },
	{ POLICY(ANY, "", "", "7"), TW_CODE_SYNTAX },
	{ POLICY(ANY, "", "", "\"\""), TW_CODE_SYNTAX },
	{ POLICY(ANY, "", "", "\"123456789012345678901234567890123\""), TW_CODE_SYNTAX },
};

static void test_forms(void **state)
{
	for (size_t i = 0; i < TW_COUNT(forms); i++) {
		TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;
		tw_err e = read_text(tw_sys_real(), forms[i].text, &p);

		if (e.code != forms[i].code)
			fail_msg("%s: code %d, %s", forms[i].text, (int)e.code, tw_failed(e) ? tw_err_detail() : "taken");
	}
}

static void test_what_is_wrong_is_said(void **state)
{
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;

	CHECK_ERR(read_text(tw_sys_real(), POLICY(ANY ",{\"name\":\"b\",\"doors\":[\"moon\"]}", "", "", ""), &p), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "who, row 2: 'doors': 'moon' is no door, or there twice");
}

static void test_too_many(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *list = json_array();
	struct tw_remote_rows rows = { .count = 0 };
	char name[8];

	for (int i = 0; i <= TW_REMOTE_ROWS; i++) {
		(void)snprintf(name, sizeof name, "r%d", i);
		CHECK_OK(tw_json_append(list, json_pack("{s:s, s:[s]}", "name", name, "doors", "local")));
	}
	CHECK_ERR(tw_remote_read_rows(tw_sys_real(), TW_REMOTE_WHO, list, &rows), LIMIT);
	CHECK_INT(json_array_remove(list, 0), 0);
	CHECK_OK(tw_remote_read_rows(tw_sys_real(), TW_REMOTE_WHO, list, &rows));
	CHECK_INT(rows.count, TW_REMOTE_ROWS);
	tw_remote_rows_done(&rows);
}

/* --- Judging --- */

enum { BOSS = TW_SUBJECT_KINDS, HAND };
static const struct tw_built_in_role built_in[] = { { "anyone" }, { "owner" }, { "local" }, { "console" }, { "application" },
	{ "device" }, { "peer" }, { "account" }, { "provider" }, { "button" }, { "boss", .assignable = true },
	{ "hand", .assignable = true }, { .name = NULL } };
static const struct tw_grant_row grants[] = { { "see", 1u << HAND }, { "do", 1u << BOSS }, { .permission = NULL } };

#define NINE INT64_C(1767258000000) /* 2026-01-01, a Thursday, 09:00 UTC */
#define HOUR INT64_C(3600000)

struct asked {
	const char *policy;
	enum tw_remote_door door;
	int role; /* -1: none */
	const char *permission, *from;
	int64_t wall_ms; /* 0: not trusted */
	uint16_t suite, group;
	bool certificate;
	unsigned methods;
	int factors;
	const char *host;
	const char *rule, *why; /* NULL: it is let pass */
};

static const char staff[] = POLICY("{\"name\":\"boss\",\"doors\":[\"management\"],\"roles\":[\"boss\"]},"
				   "{\"name\":\"hands\",\"doors\":[\"elsewhere\",\"local\"],\"roles\":[\"hand\"],\"permissions\":[\"see\"],"
				   "\"hours\":[\"08:00-17:00\"]}",
	"", "", "");
static const char strong[] = POLICY(ANY,
	"{\"name\":\"tls\",\"doors\":[\"elsewhere\"],\"suites\":[\"TLS_AES_256_GCM_SHA384\"],\"groups\":[\"X25519\"]},"
	"{\"name\":\"two\",\"doors\":[\"elsewhere\"],\"factors\":2,\"methods\":[\"passkey\"]},"
	"{\"name\":\"key\",\"doors\":[\"management\"],\"certificate\":true}",
	"", "");
static const char made[] = POLICY(ANY, "",
	"{\"name\":\"office\",\"doors\":[\"elsewhere\"],\"networks\":[\"192.0.2.0/24\"]},"
	"{\"name\":\"name\",\"doors\":[\"elsewhere\"],\"hosts\":[\"Device.example:8443\"]}",
	"");
static const char locals[] = POLICY(ANY ",{\"name\":\"root\",\"doors\":[\"local\",\"console\"],\"roles\":[\"local\"]}", "", "", "");

#define M TW_REMOTE_MANAGEMENT
#define E TW_REMOTE_ELSEWHERE
#define KEY (1u << TW_METHOD_PASSKEY)
static const struct asked asked[] = {
	/* @nist LA.IC.1.1: who, when and for what */
	{ staff, M, BOSS, "do", .wall_ms = NINE },
	{ staff, M, BOSS, "do" }, /* his row asks for no time */
	{ staff, M, HAND, "see", .wall_ms = NINE, .rule = "remote.who", .why = "role" },
	{ staff, E, BOSS, "see", .wall_ms = NINE, .rule = "remote.who", .why = "role" },
	{ staff, E, HAND, "see", .wall_ms = NINE },
	{ staff, E, HAND, NULL, .wall_ms = NINE },
	{ staff, E, HAND, "do", .wall_ms = NINE, .rule = "remote.who", .why = "permission" },
	{ staff, E, HAND, "see", .wall_ms = NINE + 8 * HOUR, .rule = "remote.who", .why = "condition.hours" },
	{ staff, E, HAND, NULL, .wall_ms = NINE + 8 * HOUR, .rule = "remote.who", .why = "condition.hours" },
	{ staff, E, HAND, "see", .rule = "remote.who", .why = "condition.time-untrusted" },
	{ staff, E, -1, "see", .wall_ms = NINE }, /* he has said nothing of himself yet */
	{ POLICY("", "", "", ""), M, BOSS, "do", .rule = "remote.who", .why = "role" },
	/* @nist LA.IC.7: the same at the device, where a door that no row names stays as it was */
	{ staff, TW_REMOTE_LOCAL, HAND, "see", .wall_ms = NINE },
	{ staff, TW_REMOTE_LOCAL, BOSS, "do", .wall_ms = NINE, .rule = "remote.who", .why = "role" },
	{ staff, TW_REMOTE_CONSOLE, BOSS, "do", .wall_ms = NINE },
	{ staff, TW_REMOTE_APPLICATION, HAND, "do", .wall_ms = NINE },
	{ locals, TW_REMOTE_LOCAL, TW_SUBJECT_LOCAL, "see" },
	{ locals, TW_REMOTE_CONSOLE, TW_SUBJECT_CONSOLE, "see", .rule = "remote.who", .why = "role" },
	/* @nist LA.IC.1.2: the connection's TLS, and how he logged in */
	{ strong, E, HAND, "see", .suite = 0x1302, .group = 0x1d, .methods = KEY, .factors = 2 },
	{ strong, E, HAND, "see", .suite = 0x1301, .group = 0x1d, .methods = KEY, .factors = 2, .rule = "remote.session:tls", .why = "suite" },
	{ strong, E, HAND, "see", .suite = 0x1302, .group = 0x17, .methods = KEY, .factors = 2, .rule = "remote.session:tls", .why = "group" },
	{ strong, E, HAND, "see", .group = 0x1d, .methods = KEY, .factors = 2, .rule = "remote.session:tls", .why = "suite" },
	{ strong, E, HAND, "see", .suite = 0x1302, .group = 0x1d, .methods = KEY, .factors = 1, .rule = "remote.session:two",
		.why = "condition.factors" },
	{ strong, E, HAND, "see", .suite = 0x1302, .group = 0x1d, .methods = 1, .factors = 2, .rule = "remote.session:two",
		.why = "condition.method" },
	{ strong, E, -1, "see", .suite = 0x1302, .group = 0x1d },
	{ strong, E, -1, "see", .suite = 0x1303, .group = 0x1d, .rule = "remote.session:tls", .why = "suite" },
	{ strong, M, HAND, "see", .certificate = true },
	{ strong, M, HAND, "see", .suite = 0x1302, .rule = "remote.session:key", .why = "certificate" },
	{ strong, M, -1, "see", .suite = 0x1302, .rule = "remote.session:key", .why = "certificate" },
	{ strong, TW_REMOTE_LOCAL, HAND, "see" },
	/* @nist LA.IC.1.3: from where, and under which name and port */
	{ made, E, HAND, "see", .from = "192.0.2.9", .host = "device.EXAMPLE:8443" },
	{ made, E, HAND, "see", .from = "192.0.3.9", .host = "device.example:8443", .rule = "remote.connection:office",
		.why = "condition.network" },
	{ made, E, HAND, "see", .host = "device.example:8443", .rule = "remote.connection:office", .why = "condition.network" },
	{ made, E, HAND, "see", .from = "192.0.2.9", .host = "device.example", .rule = "remote.connection:name", .why = "host" },
	{ made, E, HAND, "see", .from = "192.0.2.9", .rule = "remote.connection:name", .why = "host" },
	{ made, E, -1, "see", .from = "198.51.100.1", .host = "device.example:8443", .rule = "remote.connection:office",
		.why = "condition.network" },
	{ made, M, HAND, "see", .from = "198.51.100.1" },
};

static bool judge(const tw_gate *g, const struct asked *a, struct tw_remote_verdict *ret)
{
	TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;
	struct tw_role_set roles = { { 0 } };
	struct tw_moment moment = { .wall_ms = a->wall_ms, .time_trusted = a->wall_ms, .methods = a->methods, .factors = a->factors };

	CHECK_OK(read_text(tw_sys_real(), a->policy, &p));
	tw_role_set_add(&roles, a->role);
	if (a->from)
		CHECK_OK(tw_net_read(a->from, &moment.source));
	const struct tw_remote_ask ask = { .door = a->door,
		.gate = g,
		.roles = &roles,
		.proven = a->role >= 0,
		.permission = a->permission,
		.moment = &moment,
		.connected = true,
		.suite = a->suite,
		.group = a->group,
		.certificate = a->certificate,
		.host = tw_slice_of(a->host ? a->host : "") };
	return tw_remote_admits(p, &ask, ret) && tw_remote_holds(&p->kinds[TW_REMOTE_CONNECTION], TW_REMOTE_CONNECTION, &ask, ret) &&
		tw_remote_holds(&p->kinds[TW_REMOTE_SESSION], TW_REMOTE_SESSION, &ask, ret);
}

static void test_judging(void **state)
{
	TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;

	CHECK_OK(tw_gate_compile(tw_sys_real(), &(struct tw_gate_source){ .roles = built_in, .grants = grants }, &g));
	for (size_t i = 0; i < TW_COUNT(asked); i++) {
		struct tw_remote_verdict v = { .why = "" };
		bool passes = judge(g, &asked[i], &v);

		if (passes != !asked[i].rule || (!passes && (strcmp(v.rule, asked[i].rule) != 0 || strcmp(v.why, asked[i].why) != 0)))
			fail_msg("row %zu: %s, %s (%s)", i, passes ? "passes" : "refused", v.rule, v.why);
	}
}

/* @nist LA.IC.1.4: the manufacturer's: never, only with a certificate, only from a network; before the permissions that it names */
static void test_product(void **state)
{
	static const char text[] =
		"[{\"name\":\"never\",\"doors\":[\"elsewhere\"],\"permissions\":[\"application.a\"]},"
		"{\"name\":\"key\",\"doors\":[\"elsewhere\"],\"permissions\":[\"application.b\"],\"certificate\":true},"
		"{\"name\":\"net\",\"doors\":[\"elsewhere\"],\"permissions\":[\"application.c\"],\"networks\":[\"192.0.2.0/24\"]}]";
	static const struct {
		const char *permission, *from;
		bool certificate;
		enum tw_remote_door door;
		const char *rule;
	} rows[] = { { "application.a", "192.0.2.1", true, E, "remote.product:never" }, { "application.a", "192.0.2.1", false, M, NULL },
		{ "application.b", "192.0.2.1", false, E, "remote.product:key" }, { "application.b", "192.0.2.1", true, E, NULL },
		{ "application.c", "192.0.2.1", false, E, NULL }, { "application.c", "198.51.100.1", true, E, "remote.product:net" },
		{ "application.d", "198.51.100.1", false, E, NULL }, { NULL, "198.51.100.1", false, E, NULL } };
	TW_CLEANUP(tw_jsonp) json_t *list = NULL;
	TW_CLEANUP(tw_remote_rows_done) struct tw_remote_rows r = { .count = 0 };

	CHECK_OK(tw_json_parse(tw_slice_of(text), sizeof text, &list));
	CHECK_OK(tw_remote_read_rows(tw_sys_real(), TW_REMOTE_PRODUCT, list, &r));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_remote_verdict v = { .why = "" };
		struct tw_moment moment = { .wall_ms = 0 };

		CHECK_OK(tw_net_read(rows[i].from, &moment.source));
		const struct tw_remote_ask ask = {
			.door = rows[i].door, .permission = rows[i].permission, .moment = &moment, .certificate = rows[i].certificate
		};
		CHECK_INT(tw_remote_forbids(&r.of[0], rows[i].permission),
			!rows[i].permission || !strcmp(rows[i].permission, "application.a"));
		CHECK(!tw_remote_forbids(&r.of[1], "application.b") && !tw_remote_forbids(&r.of[2], "application.c"));
		bool holds = tw_remote_holds(&r, TW_REMOTE_PRODUCT, &ask, &v);
		if (holds != !rows[i].rule || (!holds && strcmp(v.rule, rows[i].rule) != 0))
			fail_msg("row %zu: %d, %s", i, holds, v.rule);
	}
}

/* A policy that leaves nobody who could take it back is known. */
static void test_leaves(void **state)
{
	static const struct {
		const char *policy;
		unsigned leaves;
	} rows[] = { { POLICY(ANY, "", "", ""), 1u << M | 1u << E }, { POLICY("", "", "", ""), 0 },
		{ WHO(",\"roles\":[\"owner\"]"), 1u << E }, { WHO(",\"roles\":[\"admin\"]"), 0 },
		{ WHO(",\"hours\":[\"08:00-17:00\"]"), 0 }, { WHO(",\"days\":[\"mon\"]"), 0 },
		{ WHO(",\"until\":\"2030-01-01T00:00:00Z\""), 0 }, { WHO(",\"modes\":[\"normal\"]"), 0 },
		{ WHO(",\"permissions\":[\"settings.read\"]"), 0 }, { POLICY("{\"name\":\"a\",\"doors\":[\"local\"]}", "", "", ""), 0 } };

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;

		CHECK_OK(read_text(tw_sys_real(), rows[i].policy, &p));
		if (tw_remote_leaves(p, "owner") != rows[i].leaves)
			fail_msg("%s", rows[i].policy);
	}
}

/* Each allocation of ours fails once: nothing leaks, and no half of a policy is taken. */
static void test_without_memory(void **state)
{
	tw_fake *fake = tw_fake_new();
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;
	int failed = 0;

	CHECK_OK(tw_json_parse(tw_slice_of(strong), sizeof strong, &j));
	for (long nth = 1; nth < 10; nth++) {
		TW_CLEANUP(tw_remote_freep) tw_remote *p = NULL;

		tw_fake_fail(fake, nth, 12, true);
		tw_err e = tw_remote_read(tw_fake_sys(fake), j, &p);
		failed += tw_is(e, TW_CODE_NOMEM);
		CHECK(tw_failed(e) == !p);
	}
	CHECK(failed > 2 && failed < 9);
	tw_fake_free(fake);
}

CHECK_MAIN(cmocka_unit_test(test_forms), cmocka_unit_test(test_what_is_wrong_is_said), cmocka_unit_test(test_too_many),
	cmocka_unit_test(test_judging), cmocka_unit_test(test_product), cmocka_unit_test(test_leaves),
	cmocka_unit_test(test_without_memory))
