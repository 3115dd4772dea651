/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the log's ended epochs, as an owner gets them; and a device whose store refuses one statement after another. */
#include "one-world.h"

#include "base/text.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/operations.h"
#include "service/path/page.h"

#include <errno.h>

/* --- Keys --- */

static json_t *ask_keys(const char *query, int status)
{
	char target[300];
	json_t *j = NULL;

	(void)snprintf(target, sizeof target, "/api/v1/log/keys?%s", query);
	CHECK_INT(tw_unit_request(w.unit, "POST", target, NULL, NULL), status);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 1 << 20, &j));
	return j;
}

static uint64_t present(void)
{
	return tw_audit_epoch(device()->context.audit);
}

/* One after the other from `first` on, each with the key that keys has for it. */
static void check_keys(const json_t *answer, uint64_t first, size_t count)
{
	const json_t *list = tw_json_get(answer, "epochs");

	CHECK_INT(json_array_size(list), count);
	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(list, i);
		uint8_t key[32], given[32];
		CHECK_INT(tw_json_int(one, "epoch"), first + i);
		CHECK_OK(tw_keys_client_old_epoch(device()->context.keys, first + i, key));
		CHECK_OK(tw_parse_hex(tw_slice_of(tw_json_text(one, "key")), given, sizeof given));
		CHECK_BYTES(given, key, sizeof key);
	}
}

static void test_keys_of_all_ended_epochs(void **state)
{
	for (uint64_t before = 1; before < 4; before++) {
		CHECK_INT(present(), before);
		TW_CLEANUP(tw_jsonp) json_t *answer = ask_keys("limit=100", 200);
		CHECK_INT(present(), before + 1); /* what was the present one has ended */
		check_keys(answer, 1, before);
		CHECK(!tw_json_get(answer, "next"));
	}
	CHECK(world_log_says(&w, "keys of 3 epochs"));
	CHECK(world_log_says(&w, "the owner was given the keys"));
}

static void test_keys_in_pages(void **state)
{
	char query[200];
	uint64_t last;

	for (int i = 0; i < 4; i++)
		json_decref(ask_keys("limit=1", 200));
	TW_CLEANUP(tw_jsonp) json_t *page = ask_keys("limit=2", 200);
	last = present();
	CHECK_INT(last, 6);
	for (uint64_t first = 1; first < last; first += 2) {
		check_keys(page, first, first + 2 < last ? 2 : last - first);
		const char *next = tw_json_text(page, "next");
		CHECK((*next != '\0') == (first + 2 < last));
		if (!*next)
			break;
		(void)snprintf(query, sizeof query, "limit=2&cursor=%s", next);
		json_decref(page);
		page = ask_keys(query, 200);
		CHECK_INT(present(), last); /* the pages that follow end nothing */
	}
	json_decref(ask_keys("cursor=AAAAAAAAAAAAAAAA", 400));
	CHECK(strstr(tw_unit_body(w.unit), "page.cursor"));
	CHECK_INT(present(), last);
}

static int no_room(const struct tw_sys *s, int fd, off_t offset, off_t size)
{
	errno = ENOSPC;
	return -1;
}

/* The epoch cannot end where no segment can begin: it is said what to do, and no key is handed out. */
static void test_keys_on_a_full_disk(void **state)
{
	struct tw_sys *sys = (struct tw_sys *)(uintptr_t)device()->context.sys;
	struct tw_operation_row row = { .name = "log.keys", .list = "epochs", .page = 10 };
	const struct tw_request rq = { .operation = &row };
	struct tw_reply rp = { .status = 200 };
	struct tw_context *c = &device()->context;
	int (*allocate)(const struct tw_sys *, int, off_t, off_t) = sys->allocate;

	sys->allocate = no_room;
	CHECK_OK(tw_audit_epoch_next(c->audit, "takes what was ready"));
	uint64_t before = present();
	CHECK_OK(tw_op_log_keys(c, &rq, &rp));
	CHECK_INT(rp.status, 503);
	CHECK_TEXT(rp.rule, "audit.space");
	CHECK_INT(present(), before);
	tw_reply_done(&rp);
	sys->allocate = allocate;
	rp = (struct tw_reply){ .status = 200 };
	CHECK_OK(tw_op_log_keys(c, &rq, &rp));
	CHECK_INT(rp.status, 200);
	check_keys(rp.body, 1, before);
	CHECK_TEXT(rp.note, "keys of 2 epochs");
	tw_reply_done(&rp);
}

static ssize_t no_space(const struct tw_sys *s, int fd, const void *bytes, size_t size, off_t offset)
{
	errno = ENOSPC;
	return -1;
}

/* A log that a write broke is no full one: freeing space would not help. */
static void test_keys_of_a_broken_log(void **state)
{
	struct tw_sys *sys = (struct tw_sys *)(uintptr_t)device()->context.sys;
	struct tw_operation_row row = { .name = "log.keys", .list = "epochs", .page = 10 };
	const struct tw_request rq = { .operation = &row };
	struct tw_reply rp = { .status = 200 };

	sys->pwrite = no_space;
	CHECK_ERR(tw_op_log_keys(&device()->context, &rq, &rp), LIMIT);
	CHECK(tw_audit_broken(device()->context.audit)[0]);
	CHECK_TEXT(rp.rule, "");
	tw_reply_done(&rp);
}

/* Behind the present epoch there is none, so a cursor there is the end. */
static void test_keys_behind_the_last(void **state)
{
	struct tw_operation_row row = { .name = "log.keys", .list = "epochs", .page = 10 };
	struct tw_request rq = { .operation = &row };
	struct tw_reply rp = { .status = 200 };
	struct tw_context *c = &device()->context;
	struct tw_page p;

	CHECK_OK(tw_audit_epoch_next(c->audit, "another"));
	CHECK_OK(tw_page_begin(c, &rq, &rp, &p));
	CHECK_OK(tw_page_add_at(&p, present(), json_null()));
	p.more = true;
	CHECK_OK(tw_page_end(&p, &rp));
	TW_CLEANUP(tw_jsonp) json_t *input = json_pack("{s:O}", "cursor", tw_json_get(rp.body, "next"));
	tw_reply_done(&rp);
	rp = (struct tw_reply){ .status = 200 };
	rq.input = input;
	CHECK_OK(tw_op_log_keys(c, &rq, &rp));
	CHECK_INT(json_array_size(tw_json_get(rp.body, "epochs")), 0);
	tw_reply_done(&rp);
}

/* --- A store that refuses --- */

static char body[64], token[64];

static void have_collected(void)
{
	make_collected();
	world_text(&w, "token", token, sizeof token);
}

static void have_code(void)
{
	make_owned();
	world_code(&w, body);
}

static void have_session(void)
{
	make_owned();
	world_session(&w, token);
}

static void have_all_sessions(void)
{
	make_owned();
	for (int i = 0; i < TW_SESSIONS_MAX; i++) {
		world_at(&w, WORLD_WALL, WORLD_BOOT + i);
		world_session(&w, token);
	}
	world_code(&w, body);
}

static void have_setting(void)
{
	make_owned();
	CHECK_INT(tw_unit_request(w.unit, "PUT", "/api/v1/settings/identification.remote-read", "\"0\"", "{\"value\":\"off\"}"), 200);
}

static int code(void)
{
	return tw_unit_request(w.unit, "POST", "/api/v1/session-codes", NULL, NULL);
}

static int open_it(void)
{
	return world_open(&w, body);
}

static int use_it(void)
{
	return world_reads(&w, token);
}

static int close_it(void)
{
	return tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/sessions/current", NULL);
}

static int change(void)
{
	return tw_unit_request(w.unit, "PUT", "/api/v1/settings/identification.remote-read", "\"1\"", "{\"value\":\"on\"}");
}

#define REFUSE(what, table, when) \
	"CREATE TEMP TRIGGER no BEFORE " what " ON main." table " " when " BEGIN SELECT RAISE(ABORT, 'no'); END"
#define HIDE(table) "ALTER TABLE " table " RENAME TO hidden"
#define AND_SHOW(table) "ALTER TABLE hidden RENAME TO " table
#define ALLOW "DROP TRIGGER no"

static const struct {
	const char *spoil, *mend;
	void (*prepare)(void);
	int (*ask)(void);
	int well; /* what is answered when nothing is refused */
} refusals[] = {
	{ REFUSE("INSERT", "account", ""), ALLOW, make_offer, take, 201 },
	{ REFUSE("INSERT", "kept", "WHEN new.name = 'ownership.listener'"), ALLOW, make_offer, take, 201 },
	{ REFUSE("INSERT", "account", ""), ALLOW, make_confirmed, claim, 201 },
	{ REFUSE("INSERT", "kept", "WHEN new.name = 'ownership.uncollected'"), ALLOW, make_confirmed, claim, 201 },
	{ REFUSE("DELETE", "kept", "WHEN old.name = 'ownership.listener'"), ALLOW, make_confirmed, claim, 201 },
	{ REFUSE("INSERT", "session", ""), ALLOW, make_confirmed, claim, 201 },
	{ REFUSE("DELETE", "session", ""), ALLOW, have_collected, claim, 201 },
	{ REFUSE("DELETE", "kept", "WHEN old.name = 'ownership.uncollected'"), ALLOW, have_collected, use_it, 200 },
	{ REFUSE("INSERT", "session_code", ""), ALLOW, make_owned, code, 201 },
	{ HIDE("session_code"), AND_SHOW("session_code"), make_owned, code, 201 },
	{ REFUSE("DELETE", "session_code", ""), ALLOW, have_code, open_it, 201 },
	{ REFUSE("INSERT", "session", ""), ALLOW, have_code, open_it, 201 },
	{ HIDE("session_code"), AND_SHOW("session_code"), have_code, open_it, 201 },
	{ REFUSE("DELETE", "session", ""), ALLOW, have_all_sessions, open_it, 201 },
	{ REFUSE("DELETE", "session", ""), ALLOW, have_session, close_it, 204 },
	{ REFUSE("DELETE", "session", ""), ALLOW, have_session, recover, 200 },
	{ REFUSE("DELETE", "session_code", ""), ALLOW, have_code, recover, 200 },
	{ REFUSE("DELETE", "account", ""), ALLOW, make_owned, recover, 200 },
	{ REFUSE("DELETE", "kept", "WHEN old.name = 'ownership.uncollected'"), ALLOW, have_collected, recover, 200 },
	{ REFUSE("INSERT", "kept", "WHEN new.name = 'ownership.listener'"), ALLOW, make_owned, recover, 200 },
	{ REFUSE("DELETE", "setting", ""), ALLOW, have_setting, recover, 200 },
	{ REFUSE("DELETE", "setting_history", ""), ALLOW, have_setting, recover, 200 },
	{ REFUSE("INSERT", "setting", ""), ALLOW, have_setting, change, 200 },
	{ REFUSE("INSERT", "setting_history", ""), ALLOW, have_setting, change, 200 },
};

static void run(const char *sql)
{
	CHECK_OK(tw_store_run(device()->context.store, sql, NULL, 0, NULL, NULL));
}

static void begin_anew(void)
{
	CHECK_INT(tear_down(NULL), 0);
	CHECK_INT(set_up_owned(NULL), 0);
}

/* Whatever statement the store refuses: the answer says that it failed, and the same is possible as soon as the store is well. */
static void test_each_refused_statement_is_told(void **state)
{
	for (size_t i = 0; i < TW_COUNT(refusals); i++) {
		begin_anew();
		refusals[i].prepare();
		run(refusals[i].spoil);
		int status = refusals[i].ask();
		run(refusals[i].mend);
		if (status != 500)
			fail_msg("row %zu, %s: %d", i, refusals[i].spoil, status);
		if (tw_unit_owned(w.unit) && refusals[i].prepare == make_offer)
			fail_msg("row %zu, %s: somebody owns the device by it", i, refusals[i].spoil);
		begin_anew();
		refusals[i].prepare();
		if (refusals[i].ask() != refusals[i].well)
			fail_msg("row %zu, %s: not even when nothing is refused", i, refusals[i].spoil);
	}
}

/* Where the oldest part was taken away the list ends with what is left. */
static void test_a_log_without_its_beginning(void **state)
{
	char path[96];

	json_decref(ask_keys("limit=1", 200));
	(void)snprintf(path, sizeof path, "%s/log/00000000000000000001.twlog", w.directory);
	CHECK_INT(unlink(path), 0);
	world_start(&w);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=200", NULL, NULL), 200);
	CHECK(strstr(tw_unit_body(w.unit), "the owner was given the keys") && !strstr(tw_unit_body(w.unit), "\"next\""));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up_owned, tear_down)
CHECK_MAIN(TEST(test_keys_of_all_ended_epochs), TEST(test_keys_in_pages), TEST(test_keys_on_a_full_disk), TEST(test_keys_of_a_broken_log),
	TEST(test_keys_behind_the_last), TEST(test_a_log_without_its_beginning), TEST(test_each_refused_statement_is_told))
