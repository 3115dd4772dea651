/* SPDX-License-Identifier: Apache-2.0 */
/* The clients that an account knows: listed by whoever is logged in, for himself alone, and forgotten, one or all. */
#include "lacking.h"
#include "logins.h"

#include "device/rows-logical-access.h"

#define CLIENTS "/api/v1/known-clients"

static int set_up(void **state)
{
	return set_up_logins(state);
}

/* Logs in from a place as a client that is not known yet. */
static void come_from(const char *source)
{
	client[0] = '\0';
	tw_unit_from(w.unit, source);
	CHECK_INT(login("alice", GOOD), 201);
	world_text(&w, "client", client, sizeof client);
}

static int count(void)
{
	int n = 0;

	for (const char *at = tw_unit_body(w.unit); (at = strstr(at, "\"client\":")) != NULL; at++)
		n++;
	return n;
}

/* The id of the first that is listed. */
static void first(char ret[TW_SESSION_ID + 1])
{
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	SAYS("\"client\":\"");
	(void)snprintf(ret, TW_SESSION_ID + 1, "%.16s", strstr(tw_unit_body(w.unit), "\"client\":\"") + 10);
}

static void test_listed(void **state)
{
	come_from("192.0.2.1");
	world_at(&w, WORLD_WALL + 60000, WORLD_BOOT + 60000);
	come_from("192.0.2.2");
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	CHECK_INT(count(), 2);
	CHECK(strstr(tw_unit_body(w.unit), "192.0.2.2") < strstr(tw_unit_body(w.unit), "192.0.2.1")); /* who came last is first */
	CHECK(!strstr(tw_unit_body(w.unit), client));
	tw_unit_from(w.unit, "192.0.2.3");
	CHECK_INT(login("alice", GOOD), 201); /* the second, from elsewhere */
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	CHECK_INT(count(), 2);
	SAYS("192.0.2.3");
	CHECK(!strstr(tw_unit_body(w.unit), "192.0.2.2"));
}

static void test_one_is_forgotten(void **state)
{
	char id[TW_SESSION_ID + 1], target[64], gone[64];

	come_from("192.0.2.1");
	come_from("192.0.2.2");
	memcpy(gone, client, sizeof gone);
	world_at(&w, WORLD_WALL + 1000, WORLD_BOOT + 1000);
	CHECK_INT(login("alice", GOOD), 201);
	first(id);
	(void)snprintf(target, sizeof target, CLIENTS "/%s", id);
	CHECK_INT(ask_as(token, "DELETE", target, NULL), 204);
	CHECK(world_log_says(&w, "1 clients of a1 alice are known no more"));
	CHECK_INT(world_reads(&w, token), 200); /* the session stays */
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	CHECK_INT(count(), 1);
	CHECK_INT(ask_as(token, "DELETE", target, NULL), 404);
	SAYS("client.unknown");
	memcpy(client, gone, sizeof client);
	CHECK_INT(login("alice", GOOD), 201);
	SAYS("\"client\":\""); /* a stranger, who is given a new one */
}

static void test_all_are_forgotten(void **state)
{
	come_from("192.0.2.1");
	come_from("192.0.2.2");
	CHECK_INT(ask_as(token, "DELETE", CLIENTS, NULL), 204);
	CHECK(world_log_says(&w, "2 clients of a1 alice are known no more"));
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	CHECK_INT(count(), 0);
}

/* Another's are neither seen nor forgotten, whoever asks. */
static void test_of_others(void **state)
{
	static const char *const ids[] = { "0123456789abcdef", "0123", "", "zz23456789abcdef", "0123456789abcdef00" };
	char id[TW_SESSION_ID + 1], target[64], own[64];

	come_from("192.0.2.1");
	first(id);
	memcpy(own, token, sizeof own);
	CHECK_INT(ask("PUT", "/api/v1/passwords/a2", "{\"password\":\"" BETTER "\"}"), 204);
	client[0] = '\0';
	CHECK_INT(login("bob", BETTER), 200);
	CHECK_INT(go_on("new_password", GOOD), 201);
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	CHECK_INT(count(), 1);
	CHECK(!strstr(tw_unit_body(w.unit), id));
	(void)snprintf(target, sizeof target, CLIENTS "/%s", id);
	CHECK_INT(ask_as(token, "DELETE", target, NULL), 404);
	for (size_t i = 0; i < TW_COUNT(ids); i++) {
		(void)snprintf(target, sizeof target, CLIENTS "/%s", ids[i]);
		CHECK_INT(ask_as(token, "DELETE", target, NULL), 404);
	}
	CHECK_INT(ask_as(token, "DELETE", CLIENTS, NULL), 204);
	CHECK_INT(ask_as(own, "GET", CLIENTS, NULL), 200);
	SAYS(id);
	CHECK_INT(tw_unit_request_as(w.unit, NULL, "GET", CLIENTS, NULL), 401);
}

static void sql(const char *statement)
{
	CHECK_OK(tw_store_run(device()->context.store, statement, NULL, 0, NULL, NULL));
}

static tw_err add(void *user, const tw_row *row)
{
	*(int64_t *)user += tw_row_int(row, 0);
	return TW_OK;
}

/* A shared account has no way in of its own, so nobody knows it: whoever uses it is told so, and changes nothing. */
static void test_of_a_shared_account(void **state)
{
	static const struct {
		tw_err (*handler)(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp);
		struct tw_slice parameter;
	} rows[] = {
		{ tw_access_clients, { NULL, 0 } },
		{ tw_access_client_forget, TW_SLICE("0101010101010101") },
		{ tw_access_clients_forget, { NULL, 0 } },
	};
	int64_t left = 0;

	CHECK_INT(ask("POST", "/api/v1/accounts", "{\"name\":\"night\",\"kind\":\"shared\"}"), 201);
	struct tw_request rq = { .subject = { .kind = TW_SUBJECT_ACCOUNT } };
	world_text(&w, "account", rq.subject.account, sizeof rq.subject.account);
	sql("INSERT INTO login_client SELECT x'0101010101010101', id, 1, 1, '192.0.2.1' FROM account WHERE kind = 'shared'");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		TW_CLEANUP(tw_reply_done) struct tw_reply rp = { .status = 200 };

		rq.parameter = rows[i].parameter;
		CHECK_OK(rows[i].handler(&device()->context, &rq, &rp));
		CHECK_TEXT(rp.rule, "shared.own-proof");
		CHECK_INT(rp.status, 409);
		CHECK(!rp.body);
	}
	CHECK_OK(tw_store_run(device()->context.store, "SELECT count(*) FROM login_client", NULL, 0, add, &left));
	CHECK_INT(left, 1);
}

/* What is no digest in the store is none of a client's. */
static void test_what_is_no_digest(void **state)
{
	come_from("192.0.2.1");
	sql("INSERT INTO login_client VALUES (x'0101010101010101', 1, 1, 1, '192.0.2.2')");
	sql("INSERT INTO login_client VALUES (zeroblob(33), 1, 1, 1, '192.0.2.3')");
	CHECK_INT(ask_as(token, "GET", CLIENTS, NULL), 200);
	CHECK_INT(count(), 1);
	SAYS("192.0.2.1");
}

static int list_them(const void *what)
{
	return tw_unit_request_as(w.unit, token, "GET", CLIENTS, NULL);
}

static void test_without_memory(void **state)
{
	long nth = 0;
	int status;

	come_from("192.0.2.1");
	do {
		status = ask_without(list_them, NULL, ++nth);
		if (status != 200 && !(memory.fired && (status >= 500 || status == 0)))
			fail_msg("block %ld: %d", nth, status);
	} while (memory.fired);
	CHECK(nth > 3);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
CHECK_MAIN(TEST(test_listed), TEST(test_one_is_forgotten), TEST(test_all_are_forgotten), TEST(test_of_others),
	TEST(test_of_a_shared_account), TEST(test_what_is_no_digest), TEST(test_without_memory))
