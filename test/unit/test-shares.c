/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to approved parties, with the role that connects played: when, under what number, what is not acknowledged, and where memory ends. */
#include "lacking.h"
#include "played-fetch.h"

#include "crypto/cert.h"
#include "device/outgoing/shares.h"
#include "device/rows-outgoing.h"

#define HERE "/api/v1/approved-shares"

static char approval[4096];

static int begin(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 }, text = { 0 };

	memset(&fetched, 0, sizeof fetched);
	if (world_make(&w))
		return -1;
	world_start_owned(&w);
	tw_buf_init(&pem, tw_sys_real(), 2048);
	tw_buf_init(&text, tw_sys_real(), 2048);
	CHECK_OK(tw_cert_pem(device()->manufacturer, &pem));
	CHECK_OK(tw_buf_json_string(&text, tw_buf_slice(&pem)));
	(void)snprintf(approval, sizeof approval,
		"{\"url\":\"https://a.example/\",\"anchors\":%s,\"certificate\":%s,\"data\":\"identity\",\"every\":60}",
		tw_buf_cstr(&text), tw_buf_cstr(&text));
	return 0;
}

static int end(void **state)
{
	return world_end(&w);
}

static int ask_approve(const void *what)
{
	return tw_unit_request(w.unit, "PUT", HERE "/a", NULL, approval);
}

static int ask_withdraw(const void *what)
{
	return tw_unit_request(w.unit, "DELETE", HERE "/a", NULL, NULL);
}

static int ask_list(const void *what)
{
	return tw_unit_request(w.unit, "GET", HERE, NULL, NULL);
}

static void check_told(const char *what)
{
	CHECK_INT(ask_list(NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), what));
}

/* A failure is tried again later, under the same number; without an approval nothing is due. */
static void test_numbers(void **state)
{
	struct tw_context *c = &device()->context;
	TW_CLEANUP(tw_jsonp) json_t *document = NULL;

	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK_INT(tw_outgoing_shares_due_ms(c), -1);
	CHECK_INT(ask_approve(NULL), 201);
	CHECK_INT(tw_outgoing_shares_due_ms(c), 0);
	fetched.refuses = TW_CODE_STATE;
	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK(tw_outgoing_shares_due_ms(c) > 0 && !device()->shares->sending[0]);
	fetched.refuses = TW_CODE_LIMIT;
	device()->shares->next_ms = 0;
	CHECK_OK(tw_outgoing_job_shares(c));
	check_told("\"waits\":\"share.size\"");
	CHECK_OK(tw_shares_read(device(), &document));
	CHECK_INT(tw_json_int(tw_shares_find(document, "a"), "acknowledged"), 0);
	CHECK_INT(ask_withdraw(NULL), 204);
	device()->shares->next_ms = 0;
	CHECK_OK(tw_outgoing_job_shares(c));
	CHECK_INT(tw_outgoing_shares_due_ms(c), -1);
	CHECK_INT(fetched.begun, 0);
}

static void test_owner_goes(void **state)
{
	CHECK_INT(ask_approve(NULL), 201);
	CHECK_OK(tw_device_forget_owner(device()));
	CHECK_OK(tw_outgoing_job_shares(&device()->context));
	CHECK_INT(tw_outgoing_shares_due_ms(&device()->context), -1);
	CHECK_INT(fetched.begun, 0);
}

static void test_without_memory(void **state)
{
	for (long n = 1; ask_without(ask_approve, NULL, n) != 201 || memory.fired; n++) {
		CHECK(n < 3000);
		(void)ask_withdraw(NULL);
	}
	for (long n = 1; ask_without(ask_list, NULL, n) != 200 || memory.fired; n++)
		CHECK(n < 3000);
	for (long n = 1; ask_without(ask_withdraw, NULL, n) != 204 || memory.fired; n++) {
		CHECK(n < 3000);
		(void)ask_approve(NULL);
	}
}

#define OF(f) cmocka_unit_test_setup_teardown(f, begin, end)
CHECK_MAIN(OF(test_numbers), OF(test_owner_goes), OF(test_without_memory))
