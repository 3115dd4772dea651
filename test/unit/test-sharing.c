/* SPDX-License-Identifier: Apache-2.0 */
/* What may be shared: by the right role and kind of account, what he may read himself, with a listed recipient; and everything else is refused. */
#include "as.h"
#include "not-p256.h"

#include "device/logical-access/rights.h"
#include "device/logical-access/sharing.h"
#include "device/rows-logical-access.h"
#include "formats/export.h"

#define INSURER "/api/v1/recipients/insurer"

static char bob[64], carol[64];
static tw_key *key;
static char certificate[2048]; /* of the recipient, as JSON text */

/* In time from..to; 0: without end. */
static void make_certificate(int64_t from, int64_t to)
{
	const struct tw_cert_want want = { .common_name = "insurer", .not_before_ms = from, .not_after_ms = to };
	TW_CLEANUP(tw_cert_freep) tw_cert *made = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, text = { 0 };

	key = tw_key_free(key);
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	CHECK_OK(tw_cert_make(tw_sys_real(), &want, key, NULL, key, &made));
	tw_buf_init(&pem, tw_sys_real(), sizeof certificate);
	tw_buf_init(&text, tw_sys_real(), sizeof certificate);
	CHECK_OK(tw_cert_pem(made, &pem));
	CHECK_OK(tw_buf_json_string(&text, tw_buf_slice(&pem)));
	(void)snprintf(certificate, sizeof certificate, "%s", tw_buf_cstr(&text));
}

static int set_up(void **state)
{
	if (set_up_owned(state))
		return -1;
	make_certificate(WORLD_WALL - 1000, 0);
	return 0;
}

static int done(void **state)
{
	key = tw_key_free(key);
	return tear_down(state);
}

static void put(const char *token, const char *target, const char *rest, int want, const char *says)
{
	char body[4096];

	(void)snprintf(body, sizeof body, "{\"certificate\":%s%s}", certificate, rest);
	check_as(token, "PUT", target, body, want, says);
}

/* bob (a2) is a guard, who may read telemetry and log; carol (a3) an admin. */
static void people(void)
{
	check_as(NULL, "PUT", "/api/v1/roles/guard", "{\"permissions\":\"telemetry.read log.read settings.read\"}", 201, NULL);
	make("bob", "guard");
	make("carol", "admin");
	open_as(NULL, "a2", bob);
	open_as(NULL, "a3", carol);
}

static void share(const char *token, const char *target, const char *data, int want, const char *says)
{
	char body[64];

	(void)snprintf(body, sizeof body, "{\"data\":\"%s\"}", data);
	check_as(token, "POST", target, body, want, says);
}

/* What was answered last, as the recipient opens it. */
static void opened(struct tw_export *ret, json_t **ret_content)
{
	TW_CLEANUP(tw_jsonp) json_t *answer = NULL;
	const struct tw_export_expect expect = { .own = key, .anchor = device()->manufacturer, .now_ms = WORLD_WALL };

	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), TW_REPLY_MAX, &answer));
	CHECK_OK(tw_export_open(tw_sys_real(), tw_slice_of(tw_json_text(answer, "sealed")), &expect, ret, ret_content));
}

static void check_opens(const char *data, const char *by, const char *holds)
{
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e;

	opened(&e, &content);
	CHECK_TEXT(e.recipient, "insurer");
	CHECK_TEXT(e.data, data);
	CHECK_TEXT(e.by, by);
	CHECK(e.made_ms == WORLD_WALL && e.time_trusted);
	CHECK(strstr(e.identifier, "urn:dev:") == e.identifier);
	CHECK(json_object_get(content, holds) != NULL);
}

/* @nist LA.RSM.8: role A may, role B may not; unlisted recipients are refused; the log says who gave what to whom */
static void test_by_role_to_whom_is_listed(void **state)
{
	people();
	share(bob, INSURER, "telemetry", 403, "sharing.recipient");
	put(NULL, INSURER, ",\"purpose\":\"p\",\"telemetry\":\"guard\"", 201, "\"telemetry\":\"guard\"");
	share(bob, INSURER, "telemetry", 200, "\"recipient\":\"insurer\"");
	check_opens("telemetry", "a2", "events");
	CHECK(world_log_says(&w, "telemetry for insurer, sealed: sha256 "));
	share(carol, INSURER, "telemetry", 403, "sharing.role");
	share(NULL, INSURER, "telemetry", 403, "sharing.role"); /* an owner neither, unless he is named */
	share(bob, INSURER, "log", 403, "sharing.role");
	share(bob, "/api/v1/recipients/insure", "telemetry", 403, "sharing.recipient");
	share(bob, INSURER, "secrets", 400, NULL);
	put(NULL, INSURER, ",\"telemetry\":\"owner admin\",\"log\":\"guard\"", 200, NULL);
	share(bob, INSURER, "telemetry", 403, "sharing.role");
	share(carol, INSURER, "telemetry", 200, NULL);
	share(NULL, INSURER, "telemetry", 200, NULL);
	share(bob, INSURER, "log", 200, NULL);
	check_opens("log", "a2", "records");
	world_start(&w);
	share(bob, INSURER, "log", 200, NULL);
	check_as(NULL, "GET", "/api/v1/recipients", NULL, 200, "\"log\":\"guard\"");
	check_as(NULL, "DELETE", INSURER, NULL, 204, NULL);
	share(bob, INSURER, "log", 403, "sharing.recipient");
	check_as(NULL, "DELETE", INSURER, NULL, 404, "rights.unknown");
}

/* Of the recipient's key as it is now: SHA-256, in hexadecimal. */
static void key_text(char ret[65])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t digest[32];

	tw_buf_init(&hex, tw_sys_real(), 64);
	CHECK_OK(tw_key_fingerprint(key, digest));
	CHECK_OK(tw_buf_hex(&hex, digest, sizeof digest));
	(void)snprintf(ret, 65, "%s", tw_buf_cstr(&hex));
}

/* Whom an owner has listed stays as the owner put him, and whose key counts is in the log and in the answer. */
static void test_an_owners_recipient(void **state)
{
	char first[65], says[96];

	people();
	key_text(first);
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, "\"owners\":true");
	(void)snprintf(says, sizeof says, "\"key\":\"%s\",\"list\":\"recipients\"", first);
	CHECK(world_log_says(&w, says));
	(void)snprintf(says, sizeof says, "added: insurer, key sha256 %s", first);
	CHECK(world_log_says(&w, says));
	make_certificate(WORLD_WALL - 1000, 0);
	put(carol, INSURER, ",\"telemetry\":\"guard\"", 403, "rights.owner");
	check_as(carol, "PUT", INSURER, "{\"certificate\":\"x\"}", 403, "rights.owner"); /* nor is he told what else is wrong with it */
	check_as(carol, "DELETE", INSURER, NULL, 403, "rights.owner");
	(void)snprintf(says, sizeof says, "\"key\":\"%s\"", first);
	share(bob, INSURER, "telemetry", 200, says);
	put(carol, "/api/v1/recipients/clinic", "", 201, "\"owners\":false");
	put(NULL, "/api/v1/recipients/clinic", "", 200, "\"owners\":true");
	check_as(carol, "DELETE", "/api/v1/recipients/clinic", NULL, 403, "rights.owner");
	check_as(NULL, "DELETE", INSURER, NULL, 204, NULL);
	put(carol, INSURER, "", 201, "\"owners\":false");
	put(carol, INSURER, ",\"kinds\":\"person\"", 200, NULL);
	check_as(carol, "DELETE", INSURER, NULL, 204, NULL);
}

/* Whoever may share it reads it himself, or does not share it. */
static void test_nobody_shares_what_he_may_not_read(void **state)
{
	people();
	put(NULL, INSURER, ",\"log\":\"guard admin\",\"identity\":\"guard admin\"", 201, NULL);
	share(carol, INSURER, "log", 403, "sharing.own");
	share(bob, INSURER, "identity", 403, "sharing.own");
	share(carol, INSURER, "identity", 200, NULL);
	check_opens("identity", "a3", "identifier");
	check_as(NULL, "PUT", "/api/v1/roles/guard", "{\"permissions\":\"settings.read\"}", 200, NULL);
	share(bob, INSURER, "log", 403, "sharing.own");
}

/* @nist LA.RSM.8: by the kind of the account that shares it */
static void test_by_kind_of_account(void **state)
{
	people();
	put(NULL, INSURER, ",\"telemetry\":\"guard owner\",\"kinds\":\"service temporary\"", 201, "\"kinds\":\"service temporary\"");
	share(bob, INSURER, "telemetry", 403, "sharing.kind");
	check_as(NULL, "POST", "/api/v1/accounts", "{\"name\":\"robot\",\"kind\":\"service\"}", 201, NULL);
	give("a4", "guard");
	char robot[64];
	open_as(NULL, "a4", robot);
	share(robot, INSURER, "telemetry", 200, NULL);
	check_opens("telemetry", "a4", "health");
	share(NULL, INSURER, "telemetry", 403, "sharing.kind");
	put(NULL, INSURER, ",\"telemetry\":\"guard owner\",\"kinds\":\"person\"", 200, NULL);
	share(robot, INSURER, "telemetry", 403, "sharing.kind");
	share(bob, INSURER, "telemetry", 200, NULL);
	share(NULL, INSURER, "telemetry", 200, NULL);
}

/* A rule of the organization stands before it, and keeps the recipient from being removed. */
static void test_with_a_rule(void **state)
{
	struct tw_context *c = &device()->context;

	people();
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, NULL);
	check_as(NULL, "PUT", "/api/v1/rules/calm",
		"{\"effect\":\"deny\",\"permission\":\"share.telemetry.insurer\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"emergency\"}",
		201, NULL);
	share(bob, INSURER, "telemetry", 200, NULL);
	CHECK_OK(tw_setting_set(c, tw_setting_find(c, "logical-access.mode"), "emergency", -1, "test"));
	share(bob, INSURER, "telemetry", 403, "gate.rule");
	check_as(NULL, "GET", "/api/v1/access?operation=share.telemetry.insurer&account=a2", NULL, 200, "\"by\":\"calm\"");
	check_as(NULL, "DELETE", INSURER, NULL, 409, "rights.missing");
	check_as(NULL, "DELETE", "/api/v1/rules/calm", NULL, 204, NULL);
	share(bob, INSURER, "telemetry", 200, NULL);
	check_as(NULL, "PUT", "/api/v1/rules/quiet",
		"{\"effect\":\"deny\",\"permission\":\"telemetry.read\",\"fact\":\"logical-access.mode\",\"is\":\"equal\",\"value\":\"emergency\"}",
		201, NULL);
	share(bob, INSURER, "telemetry", 403, "gate.rule");
}

static void test_certificates_that_are_over(void **state)
{
	people();
	make_certificate(WORLD_WALL - 2000, WORLD_WALL - 1000);
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, NULL);
	share(bob, INSURER, "telemetry", 409, "sharing.certificate");
	make_certificate(WORLD_WALL + 100000, 0);
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 200, NULL);
	share(bob, INSURER, "telemetry", 409, "sharing.certificate");
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *target, *rest;
		int want;
		const char *rule;
	} rows[] = {
		{ INSURER, ",\"telemetry\":\"nobody\"", 409, "rights.missing" },
		{ INSURER, ",\"telemetry\":\"account\"", 403, "rights.reserved" },
		{ INSURER, ",\"log\":\"anyone\"", 403, "rights.reserved" },
		{ INSURER, ",\"kinds\":\"robot\"", 400, "sharing.kind" },
		{ INSURER, ",\"kinds\":\"person robot\"", 400, "sharing.kind" },
		{ "/api/v1/recipients/Insurer", "", 400, "rights.form" },
		{ "/api/v1/recipients/insurEr", "", 400, "rights.form" },
		{ "/api/v1/recipients/in.surer", "", 400, "rights.form" },
		{ "/api/v1/recipients/9insurer", "", 400, "rights.form" },
		{ "/api/v1/recipients/insurer-", "", 400, "rights.form" },
		{ "/api/v1/recipients/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "", 400, "rights.name" },
	};
	char other[2048];

	people();
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		put(NULL, rows[i].target, rows[i].rest, rows[i].want, rows[i].rule);
	put(bob, INSURER, "", 403, "gate.permission");
	check_as(NULL, "PUT", INSURER, "{\"certificate\":\"x\"}", 400, "sharing.certificate");
	(void)snprintf(other, sizeof other, "{\"certificate\":\"%s\"}", not_p256);
	check_as(NULL, "PUT", INSURER, other, 400, "sharing.certificate");
	check_as(NULL, "PUT", "/api/v1/roles/clerk", "{\"permissions\":\"share.telemetry.insurer\"}", 409, "rights.missing");
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, NULL);
	check_as(NULL, "PUT", "/api/v1/roles/clerk", "{\"permissions\":\"share.telemetry.insurer\"}", 403, "rights.reserved");
	check_as(NULL, "DELETE", "/api/v1/accounts/a2", NULL, 204, NULL);
	check_as(NULL, "DELETE", "/api/v1/roles/guard", NULL, 409, "rights.missing");
}

/* A permission's name is never cut short, by which one recipient's would be another's; how long those are that he is not given does not matter. */
static void test_whole_names_alone(void **state)
{
	static const struct {
		const char *data;
		int size;
		enum tw_code want;
	} rows[] = {
		{ "telemetry", TW_PERMISSION_NAME_MAX - 16, TW_CODE_OK },
		{ "telemetry", TW_PERMISSION_NAME_MAX - 15, TW_CODE_SYNTAX },
		{ "log", TW_PERMISSION_NAME_MAX - 15, TW_CODE_OK },
		{ "log", TW_PERMISSION_NAME_MAX - 10, TW_CODE_OK },
		{ "log", TW_PERMISSION_NAME_MAX - 9, TW_CODE_SYNTAX },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_gate_freep) tw_gate *g = NULL;
		char name[TW_PERMISSION_NAME_MAX + 1] = "";

		memset(name, 'a', (size_t)rows[i].size);
		TW_CLEANUP(tw_jsonp)
		json_t *document = json_pack("{s:[{s:s, s:s}]}", "recipients", "name", name, rows[i].data, "admin");
		tw_err e = tw_rights_compile(device(), document, &g);
		if (!tw_is(e, rows[i].want))
			fail_msg("%s of %d: %s", rows[i].data, rows[i].size, tw_code_name(e.code));
	}
}

/* With every kind of data each, beside as many actions as there may be: the gate has room for all. */
static void test_no_more_than_8(void **state)
{
	char target[64];

	people();
	for (int i = 0; i < 32; i++) {
		(void)snprintf(target, sizeof target, "/api/v1/actions/n%d", i);
		check_as(NULL, "PUT", target, "{\"roles\":\"guard\"}", 201, NULL);
	}
	for (int i = 0; i < 8; i++) {
		(void)snprintf(target, sizeof target, "/api/v1/recipients/r%d", i);
		put(NULL, target, ",\"telemetry\":\"guard\",\"log\":\"guard\",\"identity\":\"guard\"", 201, NULL);
	}
	put(NULL, INSURER, "", 409, "rights.limit");
	put(NULL, "/api/v1/recipients/r7", ",\"telemetry\":\"admin\"", 200, NULL);
	check_as(NULL, "GET", "/api/v1/recipients?limit=8", NULL, 200, "\"r7\"");
}

/* Nobody's permission is another's because its name was cut short. */
static void test_how_long_a_name_may_be(void **state)
{
	char name[TW_PERMISSION_NAME_MAX], permission[TW_PERMISSION_NAME_MAX + 1];

	(void)snprintf(name, sizeof name, "%0*d", TW_PERMISSION_NAME_MAX - (int)strlen("share.log."), 0);
	CHECK(tw_shared_permission(1, name, permission));
	CHECK_INT(strlen(permission), TW_PERMISSION_NAME_MAX);
	CHECK(!tw_shared_permission(0, name, permission));
}

/* --- Asked of the handler, with what the way to it does not let happen --- */

/* bob's, as he shares telemetry; what is wrong with it, "" when nothing is. */
static tw_err ask_for(struct tw_request *rq, char ret_rule[64])
{
	TW_CLEANUP(tw_reply_done) struct tw_reply rp = { .status = 200 };
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s}", "data", "telemetry");

	rq->input = input;
	TW_TRY(tw_access_share(&device()->context, rq, &rp));
	CHECK(!rp.problem[0] == (rp.body != NULL));
	(void)snprintf(ret_rule, 64, "%s", rp.rule);
	return TW_OK;
}

static const char *asked(struct tw_request *rq)
{
	static char rule[64];

	CHECK_OK(ask_for(rq, rule));
	return rule;
}

static void ask_as_bob(struct tw_request *ret)
{
	*ret = (struct tw_request){ .subject = { .door = TW_DOOR_HTTPS }, .parameter = TW_SLICE("insurer") };
	CHECK_OK(tw_access_become(device(), &ret->subject, &(struct tw_proof){ .account = 2 }));
}

/* Whoever is of no kind is not of those that it is for. */
static void test_without_an_account(void **state)
{
	struct tw_request rq;

	people();
	put(NULL, INSURER, ",\"telemetry\":\"guard\",\"kinds\":\"person\"", 201, NULL);
	ask_as_bob(&rq);
	CHECK_TEXT(asked(&rq), "");
	rq.subject.account[0] = '\0';
	CHECK_TEXT(asked(&rq), "sharing.kind");
}

/* A recipient whose name is too long for a permission, which only another program can have written, is given nothing. */
static void test_a_name_that_is_too_long(void **state)
{
	static const char name[] = "insurer-of-all-the-houses-in-the-valley-and-of-those-on-the-hills";
	char statement[200], rule[64];
	struct tw_request rq;

	people();
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, NULL);
	ask_as_bob(&rq);
	rq.parameter = TW_SLICE(name);
	(void)snprintf(statement, sizeof statement,
		"UPDATE kept SET value = replace(value, '\"insurer\"', '\"%s\"') WHERE name = '%s'", name, TW_KEPT_RIGHTS);
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
	CHECK_ERR(ask_for(&rq, rule), INTERNAL);
}

/* More than there may be in any certificate is a recipient's mistake, too. */
static void test_a_certificate_that_is_too_long(void **state)
{
	TW_CLEANUP(tw_reply_done) struct tw_reply rp = { .status = 200 };
	char text[20000];

	(void)snprintf(text, sizeof text, "%0*d", (int)sizeof text - 1, 0);
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:s, s:s}", "certificate", text, "kinds", "");
	const struct tw_request rq = { .subject = { .kind = TW_SUBJECT_OWNER }, .input = input, .parameter = TW_SLICE("insurer") };
	CHECK_OK(tw_access_recipient_put(&device()->context, &rq, &rp));
	CHECK_TEXT(rp.rule, "sharing.certificate");
}

static tw_err refuse_to_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	CHECK(rq->input && json_object_size(rq->input) == 0);
	return tw_reply_problem(rp, 409, "busy", "test.busy", "Not now", "Wait.", "It is being changed.");
}

static int ask_without_memory(const void *what)
{
	struct tw_request rq = *(const struct tw_request *)what;
	char rule[64];

	return (int)ask_for(&rq, rule).code;
}

/* Where the operation that reads has a problem, that is the answer, and nothing is sealed; asked it is in its own form, or not at all. */
static void test_what_cannot_be_read_now(void **state)
{
	static const struct tw_operation_row operations[] = {
		{ .name = "telemetry.read", .permission = "telemetry.read", .handler = refuse_to_read },
		{ .name = NULL },
	};
	static const struct tw_capability refuses = { .operations = operations };
	static const struct tw_capability *const only[] = { &refuses, NULL };
	const struct tw_capability *const *all = device()->context.capabilities;
	struct tw_request rq;
	long nth = 0;

	people();
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, NULL);
	ask_as_bob(&rq);
	device()->context.capabilities = only;
	CHECK_TEXT(asked(&rq), "test.busy");
	do {
		int code = ask_without(ask_without_memory, &rq, ++nth);
		if (code != TW_CODE_OK && !(memory.fired && code == TW_CODE_NOMEM))
			fail_msg("block %ld: %s", nth, tw_code_name((enum tw_code)code));
	} while (memory.fired);
	CHECK(nth > 4);
	device()->context.capabilities = all;
	CHECK_TEXT(asked(&rq), "");
}

/* The product's own and nothing else: health, settings and its events, not those of the device. */
static void test_telemetry(void **state)
{
	struct tw_device *d = device();

	people();
	check_as(bob, "GET", "/api/v1/telemetry", NULL, 200, "\"events\":[]");
	CHECK_OK(tw_event(&d->context, "application.warm", json_object()));
	check_as(bob, "GET", "/api/v1/telemetry", NULL, 200, "\"event\":\"application.warm\"");
	check_as(bob, "GET", "/api/v1/telemetry", NULL, 200, "{\"key\":\"application.mode\",\"value\":\"comfort\"}");
	CHECK(!strstr(tw_unit_body(w.unit), "account.changed"));
	CHECK(!strstr(tw_unit_body(w.unit), "logical-access."));
	check_as(carol, "GET", "/api/v1/telemetry", NULL, 200, NULL);
	check_as(NULL, "PUT", "/api/v1/roles/guard", "{\"permissions\":\"log.read\"}", 200, NULL);
	check_as(bob, "GET", "/api/v1/telemetry", NULL, 403, "gate.permission");
}

static bool is_shared(const char *field)
{
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e;

	share(bob, INSURER, "telemetry", 200, NULL);
	opened(&e, &content);
	CHECK(json_object_get(content, "settings") != NULL);
	return json_object_get(content, field) != NULL;
}

/* @nist LA.IC.12: what is withheld from whoever shares it, or from the recipient, is not in what is sealed; from another it is */
static void test_without_what_is_withheld(void **state)
{
	static const struct {
		const char *etag, *words;
		bool want;
	} rows[] = { { "\"0\"", "guard:telemetry:health", false }, { "\"1\"", "@insurer:telemetry.read:health", false },
		{ "\"2\"", "@*:telemetry:health", false }, { "\"3\"", "@other:telemetry:health", true }, { "\"4\"", "", true } };

	people();
	put(NULL, INSURER, ",\"telemetry\":\"guard\"", 201, NULL);
	CHECK(is_shared("health"));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char body[96];

		(void)snprintf(body, sizeof body, "{\"value\":\"%s\"}", rows[i].words);
		CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/outputs.withheld", rows[i].etag, body), 200);
		CHECK_INT(is_shared("health"), rows[i].want);
		CHECK_INT(is_shared("withheld"), !rows[i].want);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, done)
CHECK_MAIN(TEST(test_by_role_to_whom_is_listed), TEST(test_an_owners_recipient), TEST(test_nobody_shares_what_he_may_not_read),
	TEST(test_by_kind_of_account), TEST(test_with_a_rule), TEST(test_certificates_that_are_over), TEST(test_what_is_none),
	TEST(test_whole_names_alone), TEST(test_no_more_than_8), TEST(test_how_long_a_name_may_be), TEST(test_without_an_account),
	TEST(test_a_name_that_is_too_long), TEST(test_a_certificate_that_is_too_long), TEST(test_what_cannot_be_read_now),
	TEST(test_telemetry), TEST(test_without_what_is_withheld))
