/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in pages: nothing twice, nothing missed, never more than an answer carries, and no cursor but our own. */
#include "service/path/elements.h"
#include "service/path/operations.h"
#include "service/path/page.h"
#include "service/path/test-one-context.h"
#include "oom.h"

#define BOOL(k)                                                                           \
	{                                                                                 \
		k, TW_SETTING_BOOL, NULL, 0, 0, NULL, "on", "on", "p", NULL, "help", NULL \
	}
static const struct tw_setting_row settings[] = { BOOL("a.one"), BOOL("a.two"), BOOL("a.three"), { .key = NULL } };
static const struct tw_setting_row more_settings[] = { BOOL("b.one"), BOOL("b.two"), { .key = NULL } };
static tw_err fails(struct tw_context *c, struct tw_element_status *ret)
{
	return TW_RAISE(IO, "/var/lib/secret/place");
}
static const struct tw_element_row elements[] = { { "X.1", fails, NULL }, { .id = NULL } };
static const struct tw_capability first = { .code = "A", .name = "A", .folder = "a", .settings = settings, .elements = elements };
static const struct tw_capability second = { .code = "B", .name = "B", .folder = "b", .settings = more_settings };
static const struct tw_capability *const capabilities[] = { &first, &second, NULL };
static const struct tw_grant_row grants[] = { { .permission = NULL } };
static const struct tw_operation_row log_read = { .name = "log.read", .handler = tw_op_log_read, .list = "records", .page = 5 };
static const struct tw_operation_row log_other = { .name = "log.other", .handler = tw_op_log_read, .list = "records", .page = 5 };
static const struct tw_operation_row list = { .name = "settings.list", .handler = tw_op_settings_list, .list = "settings", .page = 2 };

static int set_up(void **state)
{
	dir = test_dir_new();
	t = (struct test_context){ .owned = true };
	return tw_failed(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants)) ? -1 : 0;
}

static tw_err ask(const struct tw_operation_row *row, int limit, const char *cursor, struct tw_reply *rp)
{
	TW_CLEANUP(tw_jsonp) json_t *input = json_object();
	struct tw_request rq = { .operation = row, .input = input };
	tw_reply_done(rp);
	*rp = (struct tw_reply){ .status = 200 };
	if (limit)
		TW_TRY(tw_json_set(input, "limit", json_integer(limit)));
	if (*cursor)
		TW_TRY(tw_json_set(input, "cursor", json_string(cursor)));
	return row->handler(&t.c, &rq, rp);
}

static const char *next_of(const struct tw_reply *rp)
{
	return tw_json_text(rp->body, "next");
}

static void add_records(int n, size_t size)
{
	char body[4001];
	snprintf(body, sizeof body, "{\"a\":\"%0*d\"}", (int)size - 8, 0);
	for (int i = 0; i < n; i++)
		CHECK_OK(tw_audit_append_text(t.c.audit, TW_LOG_READ, tw_slice_of(body), NULL));
}

/* Goes through the whole log, adding records between the pages; each that was there at the beginning comes once, newest first. */
static void walk_log(int limit, size_t size)
{
	struct tw_reply rp = { 0 };
	char cursor[200] = "";
	uint64_t want = tw_audit_last(t.c.audit);
	do {
		size_t i;
		json_t *record;
		CHECK_OK(ask(&log_read, limit, cursor, &rp));
		CHECK_INT(rp.status, 200);
		json_array_foreach(json_object_get(rp.body, "records"), i, record)
			CHECK_INT(tw_json_int(record, "seq"), want--);
		CHECK(i > 0 && i <= (size_t)(limit ? limit : 5));
		snprintf(cursor, sizeof cursor, "%s", next_of(&rp));
		add_records(3, size);
	} while (*cursor);
	CHECK_INT(want, 0);
	tw_reply_done(&rp);
}

static void test_nothing_twice_nothing_missed(void **state)
{
	add_records(20, 100);
	walk_log(0, 100);
	walk_log(1, 100);
	walk_log(7, 100);
	walk_log(200, 100);
	CHECK_OK(tw_audit_epoch_next(t.c.audit, "another segment"));
	add_records(20, 100);
	walk_log(11, 100);
}

static void test_never_more_than_an_answer_carries(void **state)
{
	struct tw_reply rp = { 0 };
	struct tw_buf text;
	add_records(40, 4000);
	CHECK_OK(ask(&log_read, 200, "", &rp));
	size_t n = json_array_size(tw_json_get(rp.body, "records"));
	CHECK(n > 10 && n < 16); /* of 4 KB each */
	CHECK(*next_of(&rp));
	tw_buf_init(&text, tw_sys_real(), 1 << 20);
	CHECK_OK(tw_json_write(rp.body, &text));
	CHECK(text.size < TW_BODY_MAX);
	tw_buf_done(&text);
	tw_reply_done(&rp);
	walk_log(200, 100);
}

static void test_an_entry_alone_always_goes_through(void **state)
{
	struct tw_reply rp = { .status = 200 };
	struct tw_request rq = { .operation = &list };
	struct tw_page p;
	static char long_text[TW_PAGE_BYTES_MAX + 10];
	memset(long_text, 'x', TW_PAGE_BYTES_MAX + 9);
	CHECK_OK(tw_page_begin(&t.c, &rq, &rp, &p));
	CHECK_OK(tw_page_add(&p, "a", json_string(long_text)));
	CHECK(!p.more);
	CHECK_OK(tw_page_add(&p, "b", json_string("y")));
	CHECK(p.more && !tw_page_takes(&p));
	CHECK_INT(json_array_size(p.list), 1);
	CHECK_ERR(tw_page_add(&p, "c", NULL), NOMEM);
	CHECK_OK(tw_page_end(&p, &rp));
	CHECK(*next_of(&rp));
	tw_reply_done(&rp);
}

static void test_settings_across_capabilities(void **state)
{
	static const char *const want[] = { "a.one", "a.two", "a.three", "b.one", "b.two" };
	for (int limit = 0; limit <= 6; limit++) {
		struct tw_reply rp = { 0 };
		char cursor[200] = "";
		size_t seen = 0, i;
		json_t *one;
		do {
			CHECK_OK(ask(&list, limit, cursor, &rp));
			json_array_foreach(json_object_get(rp.body, "settings"), i, one)
				CHECK_TEXT(tw_json_text(one, "key"), want[seen++]);
			CHECK(i > 0 && i <= (size_t)(limit ? limit : 2));
			snprintf(cursor, sizeof cursor, "%s", next_of(&rp));
		} while (*cursor);
		CHECK_INT(seen, TW_COUNT(want));
		tw_reply_done(&rp);
	}
}

static void check_refused(const struct tw_operation_row *row, const char *cursor)
{
	struct tw_reply rp = { 0 };
	CHECK_OK(ask(row, 0, cursor, &rp));
	CHECK_INT(rp.status, 400);
	CHECK_TEXT(rp.rule, "page.cursor");
	CHECK(!rp.body);
	tw_reply_done(&rp);
}

static void test_foreign_cursors(void **state)
{
	struct tw_reply rp = { 0 };
	char ours[200], changed[200];
	static const char *const wrong[] = { "x", "AAAAAAAAAAA", "AAAAAAAAAAAA", "not*base64url", "=", "....", "AAAAAAAAAAAAAAAAAAAA" };
	add_records(20, 100);
	for (size_t i = 0; i < TW_COUNT(wrong); i++)
		check_refused(&log_read, wrong[i]);
	CHECK_OK(ask(&log_read, 1, "", &rp));
	snprintf(ours, sizeof ours, "%s", next_of(&rp));
	for (size_t i = 0; ours[i]; i++) { /* every letter of it counts */
		snprintf(changed, sizeof changed, "%s", ours);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		check_refused(&log_read, changed);
		changed[i] = '\0';
		if (i > 0)
			check_refused(&log_read, changed);
	}
	check_refused(&log_other, ours); /* of another operation */
	check_refused(&list, ours);
	test_context_close(&t); /* of another device */
	test_dir_done(&dir);
	tw_key *before = t.key;
	t = (struct test_context){ .owned = true };
	dir = test_dir_new();
	CHECK_OK(test_context_open(&t, tw_sys_real(), dir.fd, capabilities, grants));
	add_records(20, 100);
	check_refused(&log_read, ours);
	tw_key_free(before);
	tw_reply_done(&rp);
}

/* The place is good, and only what checks it is not: still nothing is listed from there. */
static void test_a_check_that_was_changed(void **state)
{
	struct tw_reply rp = { 0 };
	char cursor[200];
	CHECK_OK(ask(&list, 1, "", &rp));
	snprintf(cursor, sizeof cursor, "%s", next_of(&rp));
	cursor[0] = cursor[0] == 'A' ? 'B' : 'A';
	check_refused(&list, cursor);
	tw_reply_done(&rp);
}

/* A place with a good check that the list has not, or no more: made by this very code under the name of the operation. */
static void test_places_that_are_none(void **state)
{
	static const char *const places[] = { "c.gone", "-1", "1x", "18446744073709551616" };
	for (size_t i = 0; i < TW_COUNT(places); i++) {
		const struct tw_operation_row *row = i ? &log_read : &list;
		struct tw_request rq = { .operation = row };
		struct tw_reply rp = { .status = 200 };
		struct tw_page p;
		CHECK_OK(tw_page_begin(&t.c, &rq, &rp, &p));
		CHECK_OK(tw_page_add(&p, places[i], json_null()));
		p.more = true;
		CHECK_OK(tw_page_end(&p, &rp));
		check_refused(row, next_of(&rp));
		tw_reply_done(&rp);
	}
}

static tw_err two_pages(const struct tw_sys *sys, void *user)
{
	struct tw_context c = t.c;
	struct tw_reply rp = { .status = 200 };
	struct tw_page p;
	TW_CLEANUP(tw_jsonp) json_t *input = NULL;
	struct tw_request rq = { .operation = &list };
	c.sys = sys;
	tw_err e = tw_page_begin(&c, &rq, &rp, &p);
	for (uint64_t i = 0; i < 3 && !tw_failed(e) && tw_page_takes(&p); i++)
		e = tw_page_add_at(&p, i, json_pack("{s:s}", "key", "value"));
	if (!tw_failed(e))
		e = tw_page_end(&p, &rp);
	if (!tw_failed(e)) {
		CHECK(*next_of(&rp));
		input = json_pack("{s:O}", "cursor", json_object_get(rp.body, "next"));
		rq.input = input;
	}
	tw_reply_done(&rp);
	TW_TRY(e);
	e = input ? tw_page_begin(&c, &rq, &rp, &p) : TW_RAISE(NOMEM, "input");
	tw_reply_done(&rp);
	return e;
}

static void test_out_of_memory(void **state)
{
	CHECK(oom_sweep(two_pages, NULL) > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down_context)
static const struct tw_catalog_row *none(const char *id)
{
	return NULL;
}

static tw_err list_elements(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_page page;

	TW_TRY(tw_page_begin(c, rq, rp, &page));
	return tw_elements_list(c, none, &page, rp);
}

/* Anybody may ask: what stood against a check is nobody's but the log's. */
static void test_a_check_that_fails_tells_nothing(void **state)
{
	static const struct tw_operation_row row = { .name = "elements.list", .handler = list_elements, .list = "elements", .page = 5 };
	struct tw_reply rp = { 0 };

	CHECK_OK(ask(&row, 0, "", &rp));
	const json_t *one = json_array_get(tw_json_get(rp.body, "elements"), 0);
	CHECK_TEXT(tw_json_text(one, "status"), "not provided");
	CHECK(!strstr(tw_json_text(one, "reason"), "secret") && strstr(tw_json_text(one, "reason"), "failed"));
	tw_reply_done(&rp);
}

CHECK_MAIN(TEST(test_a_check_that_fails_tells_nothing), TEST(test_nothing_twice_nothing_missed),
	TEST(test_never_more_than_an_answer_carries), TEST(test_an_entry_alone_always_goes_through),
	TEST(test_settings_across_capabilities), TEST(test_foreign_cursors), TEST(test_a_check_that_was_changed),
	TEST(test_places_that_are_none), TEST(test_out_of_memory))
