/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory fails at one place after another while a request is answered: each time the answer is the whole one, and what it leaves in
 * the log too, or it is refused. Never is a part of it left out.
 */
#include "lists.h"
#include "one-world.h"

#include "device/platform/device.h"
#include "service/audit/audit.h"

#include <ctype.h>
#include <errno.h>

#define CALLS_MAX 4000
#define RECORDS_MAX 8
#define TEXT_MAX (64 * 1024)
#define SETTING "/api/v1/settings/identification.remote-read"

static char body[64], token[64], cursor[300];

/* --- What is asked --- */

/* As long after the last time that what was made then is over. */
static void make_later(void)
{
	make_owned();
	world_at(&w, WORLD_WALL, tw_time_boot_ms(&device()->time) + TW_THROTTLE_MEMORY_MS);
}

static void make_code(void)
{
	make_later();
	world_code(&w, body);
}

static void make_session(void)
{
	make_owned();
	world_session(&w, token);
}

/* A place in the log behind which nothing is added any more. */
static void make_cursor(void)
{
	char next[150];

	make_owned();
	if (cursor[0])
		return;
	for (int i = 0; i < 10; i++)
		CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/identity", NULL, NULL), 200);
	CHECK_INT(tw_unit_request(w.unit, "GET", "/api/v1/log?limit=3", NULL, NULL), 200);
	world_text(&w, "next", next, sizeof next);
	(void)snprintf(cursor, sizeof cursor, "/api/v1/log?limit=4&cursor=%s", next);
}

/* --- A list of revoked certificates, and where it is kept --- */

#define LISTS "/api/v1/certificates/crls"

static struct tw_buf list;
static char kept_list[sizeof LISTS + 65]; /* its path; "": none is kept */

static int keep_list(void)
{
	return tw_unit_request(w.unit, "POST", LISTS, NULL, tw_buf_cstr(&list));
}

static void find_list(void)
{
	TW_CLEANUP(tw_jsonp) json_t *j = NULL;

	CHECK_INT(tw_unit_request(w.unit, "GET", LISTS, NULL, NULL), 200);
	CHECK_OK(tw_json_parse(tw_slice_of(tw_unit_body(w.unit)), 65536, &j));
	const json_t *first = json_array_get(tw_json_get(j, "lists"), 0);
	kept_list[0] = '\0';
	if (first)
		(void)snprintf(kept_list, sizeof kept_list, LISTS "/%.64s", tw_json_text(first, "fingerprint"));
}

static void make_list(void)
{
	struct tw_unit_authority a;

	make_owned();
	if (!list.size) {
		tw_buf_init(&list, tw_sys_real(), 16384);
		CHECK_OK(tw_unit_authority_make(tw_sys_real(), "authority", WORLD_WALL, &a));
		CHECK_OK(tw_unit_authority_list(&a, 1, NULL, &list));
		tw_unit_authority_done(&a);
	}
	find_list();
	if (kept_list[0])
		return;
	CHECK_INT(keep_list(), 201);
	find_list();
}

static void make_no_list(void)
{
	make_list();
	CHECK_INT(tw_unit_request(w.unit, "DELETE", kept_list, NULL, NULL), 204);
}

static int read_lists(void)
{
	return tw_unit_request(w.unit, "GET", LISTS, NULL, NULL);
}

static int remove_list(void)
{
	return tw_unit_request(w.unit, "DELETE", kept_list, NULL, NULL);
}

static int get(const char *target)
{
	return tw_unit_request(w.unit, "GET", target, NULL, NULL);
}

static int read_settings(void)
{
	return get("/api/v1/settings");
}

static int read_some_settings(void)
{
	return get("/api/v1/settings?limit=2");
}

static int read_setting(void)
{
	return get(SETTING);
}

static int change_setting(void)
{
	struct tw_setting_state state;
	char tag[32];

	CHECK_OK(tw_setting_state(&device()->context, tw_setting_find(&device()->context, "identification.remote-read"), &state));
	(void)snprintf(tag, sizeof tag, "\"%lld\"", (long long)state.version);
	return tw_unit_request(w.unit, "PUT", SETTING, tag, "{\"value\":\"off\"}");
}

static int change_an_old_version(void)
{
	return tw_unit_request(w.unit, "PUT", SETTING, "\"999\"", "{\"value\":\"off\"}");
}

static int read_log(void)
{
	return get(cursor);
}

static int read_segments(void)
{
	return get("/api/v1/log/segments?limit=1");
}

static int read_keys(void)
{
	return tw_unit_request(w.unit, "POST", "/api/v1/log/keys?limit=1", NULL, NULL);
}

static int read_nothing(void)
{
	return get("/api/v1/nothing");
}

static int read_as_nobody(void)
{
	return tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/log", NULL);
}

static int read_with_a_session(void)
{
	return world_reads(&w, token);
}

static int open_session(void)
{
	return world_open(&w, body);
}

static int close_session(void)
{
	return tw_unit_request_as(w.unit, token, "DELETE", "/api/v1/sessions/current", NULL);
}

static int read_commissioning(void)
{
	return tw_unit_request_as(w.unit, NULL, "GET", "/api/v1/commissioning", NULL);
}

struct scene {
	const char *name;
	void (*prepare)(void);
	int (*ask)(void);
	int status;
};
static const struct scene scenes[] = {
	{ "settings", make_owned, read_settings, 200 },
	{ "some-settings", make_owned, read_some_settings, 200 },
	{ "a-setting", make_owned, read_setting, 200 },
	{ "a-change", make_owned, change_setting, 200 },
	{ "a-change-of-what-has-changed", make_owned, change_an_old_version, 412 },
	{ "the-log", make_cursor, read_log, 200 },
	{ "segments-of-the-log", make_owned, read_segments, 200 },
	{ "keys-of-the-log", make_owned, read_keys, 200 },
	{ "nothing", make_owned, read_nothing, 404 },
	{ "nobody", make_owned, read_as_nobody, 401 },
	{ "by-a-session", make_session, read_with_a_session, 200 },
	{ "a-code", make_later, ask_for_a_code, 201 },
	{ "a-session", make_code, open_session, 201 },
	{ "the-end-of-a-session", make_session, close_session, 204 },
	{ "lists", make_list, read_lists, 200 },
	{ "a-list", make_no_list, keep_list, 201 },
	{ "a-list-removed", make_list, remove_list, 204 },
	{ "commissioning", make_owned, read_commissioning, 200 },
	{ "recovery", make_owned, recover, 200 },
	{ "a-challenge", make_unowned, read_commissioning, 200 },
	{ "a-take-over", make_offer, take, 201 },
	{ "a-browser", make_offer, begin_browser, 202 },
	{ "a-browser-that-waits", make_browser, claim, 202 },
	{ "a-browser-that-is-confirmed", make_browser, confirm, 200 },
	{ "a-session-collected", make_confirmed, claim, 201 },
	{ "a-session-collected-again", make_collected, claim, 201 },
};

/* --- What is answered --- */

/* A one-use code, which may have no digit. */
static bool is_code(const char *word, size_t size)
{
	bool is = size == 11 && word[5] == '-';

	for (size_t i = 0; i < size && is; i++)
		is = i == 5 || isdigit((unsigned char)word[i]) || isupper((unsigned char)word[i]);
	return is;
}

/* Numbers, times, tokens and codes differ from one time to the next: each becomes one sign. */
static void plain(const char *from, size_t size, char *to)
{
	for (size_t i = 0; i < size;) {
		size_t n = i;
		while (n < size && (isalnum((unsigned char)from[n]) || from[n] == '-' || from[n] == '_'))
			n++;
		bool counts = n - i >= 20 || is_code(from + i, n - i);
		for (size_t k = i; k < n && !counts; k++)
			counts = isdigit((unsigned char)from[k]);
		if (counts && to[-1] != '#')
			*to++ = '#';
		for (size_t k = i; k < n && !counts; k++)
			*to++ = from[k];
		if (n < size)
			*to++ = from[n];
		i = n + 1;
	}
	*to = '\0';
}

struct told {
	int status;
	char text[2 * TEXT_MAX], records[2 * TEXT_MAX];
	uint64_t after;
	size_t used;
};

static bool add_record(void *user, const struct tw_log_record *r)
{
	struct told *t = user;

	if (r->seq <= t->after)
		return false;
	plain(r->body.at, r->body.size, t->records + t->used);
	t->used += strlen(t->records + t->used);
	t->records[t->used++] = '\n';
	t->records[t->used] = '\0';
	return true;
}

/* Left and right of it memory is well; nth: of the calls of the seam, 0: all is well. False: there were fewer. */
static bool ask(const struct scene *s, long nth, struct told *ret)
{
	s->prepare();
	ret->after = tw_audit_last(device()->context.audit);
	tw_json_use(tw_fake_sys(w.fake));
	tw_fake_fail(w.fake, nth, ENOMEM, false);
	ret->status = s->ask();
	bool fired = tw_fake_fired(w.fake);
	ret->text[0] = ret->records[0] = '\n';
	ret->used = 1;
	if (nth)
		tw_fake_fail(w.fake, 0, 0, false);
	tw_json_use(tw_sys_real());
	/* The calls of one request are not quite those of the next (the store moves its log into its file when that has grown), so it may have
	   been the disk that failed. Core ends then, and starts again, or mends it. When it failed behind the commit, in that move, the answer
	   is the good one. */
	if (tw_audit_broken(device()->context.audit)[0] || tw_store_broken(device()->context.store)) {
		CHECK(ret->status >= 500 || ret->status == s->status);
		world_start(&w);
		return fired && ret->status >= 500;
	}
	plain(tw_unit_body(w.unit), strlen(tw_unit_body(w.unit)), ret->text + 1);
	CHECK_OK(tw_audit_recent(device()->context.audit, 0, RECORDS_MAX, add_record, ret));
	return fired;
}

static void run(void **state)
{
	static struct told whole, part;
	const struct scene *s = *state;
	static bool memory[CALLS_MAX];
	long count, told = 0;

	(void)ask(s, 0, &part); /* what is made once is made now */
	(void)ask(s, 0, &whole);
	CHECK_INT(whole.status, s->status);
	count = tw_fake_calls(w.fake);
	CHECK(count > 0 && count < CALLS_MAX);
	(void)ask(s, 0, &whole);
	for (long n = 1; n <= count; n++)
		memory[n] = strcmp(tw_fake_name(w.fake, n), "alloc") == 0;
	for (long n = 1; n <= count; n++) {
		if (!memory[n] || !ask(s, n, &part))
			continue;
		if (part.status >= 500 || part.status == 0) {
			told++;
			continue;
		}
		if (part.status != whole.status || strcmp(part.text, whole.text) != 0)
			fail_msg("call %ld: %d%s, want %d%s", n, part.status, part.text, whole.status, whole.text);
		if (part.status < 300 && strcmp(part.records, whole.records) != 0)
			fail_msg("call %ld leaves %s, want %s", n, part.records, whole.records);
	}
	CHECK(told > 0 || s->status >= 400);
}

static int set_up_scene(void **state)
{
	cursor[0] = '\0';
	return set_up_unowned(state);
}

static int tear_down_scene(void **state)
{
	tw_json_use(tw_sys_real());
	tw_buf_done(&list);
	return tear_down(state);
}

int main(void)
{
	static struct CMUnitTest tests[TW_COUNT(scenes)];
	const char *filter = getenv("CMOCKA_TEST_FILTER");

	for (size_t i = 0; i < TW_COUNT(scenes); i++)
		tests[i] = (struct CMUnitTest){ scenes[i].name, run, set_up_scene, tear_down_scene, (void *)(uintptr_t)&scenes[i] };
	if (filter)
		cmocka_set_test_filter(filter);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("answers", tests, TW_COUNT(tests), NULL, NULL);
}
