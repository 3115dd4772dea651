/* SPDX-License-Identifier: Apache-2.0 */
/* What a login leaves is read again as it was written, by its owner alone; a session's end takes the session and nothing else. */
#include "tool/kept-login.h"
#include "tool/label-draw.h"

#include "oom.h"
#include "test-desk.h"

#include <fcntl.h>

static char place[64];

static tw_err enter(const struct tw_sys *sys, tw_owner **ret)
{
	struct tw_tool t = { .sys = sys, .out = desk_nowhere };

	return tw_owner_enter(&t, place, ret);
}

static json_t *answer(const char *name, const char *client)
{
	json_t *j = json_pack("{s:s, s:s, s:s}", "name", name, "token", "of the session", "client", client);

	CHECK(j != NULL);
	return j;
}

static void take(json_t *kept, const char *name, const char *client)
{
	TW_CLEANUP(tw_jsonp) json_t *j = answer(name, client);

	CHECK_OK(tw_kept_login_take(kept, j));
}

static void test_read_as_written(void **state)
{
	TW_CLEANUP(tw_owner_freep) tw_owner *o = NULL;
	TW_CLEANUP(tw_jsonp) json_t *none = NULL, *kept = NULL;
	char path[DESK_PATH];
	struct stat st;

	CHECK_OK(enter(tw_sys_real(), &o));
	CHECK(!tw_owner_has_key(o));
	CHECK_OK(tw_kept_login_read(o, "lamp", &none));
	CHECK_INT(json_object_size(none), 0);
	take(none, "bob", "known by this");
	CHECK_OK(tw_kept_login_write(o, "lamp", none));
	(void)snprintf(path, sizeof path, "%s/logins/lamp.json", place);
	CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK_OK(tw_kept_login_read(o, "lamp", &kept));
	CHECK(json_equal(none, kept));
	CHECK_TEXT(tw_json_text(kept, "token"), "of the session");
	CHECK_TEXT(tw_kept_login_client(kept, "BOB"), "known by this");
	CHECK(tw_kept_login_client(kept, "bo") == NULL);
	tw_kept_login_forget(kept);
	CHECK_INT(json_object_size(kept), 1);
	CHECK_TEXT(tw_kept_login_client(kept, "bob"), "known by this");
}

static void test_clients(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = json_pack("{s:s}", "clients", "none at all");
	char name[24];

	take(kept, "bob", "1");
	take(kept, "Bob", "2");
	CHECK_INT(json_object_size(json_object_get(kept, "clients")), 1);
	CHECK_TEXT(tw_kept_login_client(kept, "bob"), "2");
	take(kept, "bob", ""); /* the device knows this one still, and gives none */
	CHECK_TEXT(tw_kept_login_client(kept, "bob"), "2");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(name, sizeof name, "account-%d", i);
		take(kept, name, "3");
	}
	CHECK_INT(json_object_size(json_object_get(kept, "clients")), 32);
	CHECK_TEXT(tw_kept_login_client(kept, "account-39"), "3");
}

/* A session in the place of another keeps that one beside it, some of them; the end of all leaves the clients alone. */
static void test_in_the_place_of_another(void **state)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = json_object();
	const json_t *before;
	char token[24];

	take(kept, "bob", "1");
	CHECK_OK(tw_json_set(kept, "token", json_string("token-0")));
	for (int i = 1; i <= 10; i++) {
		(void)snprintf(token, sizeof token, "token-%d", i);
		TW_CLEANUP(tw_jsonp) json_t *answer = json_pack("{s:s, s:s}", "name", "bob", "token", token);
		TW_CLEANUP(tw_jsonp) json_t *out = NULL;
		CHECK_OK(tw_kept_login_renew(kept, answer, &out));
		CHECK_INT(out != NULL, i > 8); /* and whoever asked ends that one at the device */
		if (out)
			CHECK_TEXT(json_string_value(out), i == 9 ? "token-0" : "token-1");
		CHECK_TEXT(tw_json_text(kept, "token"), token);
	}
	before = json_object_get(kept, "before");
	CHECK_INT(json_array_size(before), 8);
	CHECK_TEXT(json_string_value(json_array_get(before, 0)), "token-2");
	CHECK_TEXT(json_string_value(json_array_get(before, 7)), "token-9");
	tw_kept_login_forget(kept);
	CHECK(!json_object_get(kept, "before") && !json_object_get(kept, "token"));
	CHECK_TEXT(tw_kept_login_client(kept, "bob"), "1");
}

static void test_what_is_none(void **state)
{
	static const char *const texts[] = { "", "[]", "{", "{\"token\": 1}", "{\"tokens\": \"x\"}", "{\"token\": \"\"}" };
	TW_CLEANUP(tw_owner_freep) tw_owner *o = NULL;
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	CHECK_OK(enter(tw_sys_real(), &o));
	kept = json_object();
	CHECK_OK(tw_kept_login_write(o, "odd", kept));
	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		TW_CLEANUP(tw_jsonp) json_t *got = NULL;

		desk_write(place, "logins/odd.json", texts[i]);
		CHECK_ERR(tw_kept_login_read(o, "odd", &got), SYNTAX);
		CHECK(got == NULL);
	}
}

static tw_err body(const struct tw_sys *sys, void *user)
{
	struct tw_tool t = { .sys = sys, .out = desk_nowhere };
	TW_CLEANUP(tw_owner_freep) tw_owner *o = NULL;
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;

	TW_TRY(tw_owner_open(&t, place, &o));
	TW_TRY(tw_kept_login_read(o, "lamp", &kept));
	return tw_kept_login_write(o, "lamp", kept);
}

static void test_out_of_memory(void **state)
{
	oom_sweep(body, NULL);
}

/* --- The code of an authenticator --- */

static tw_err draw(struct tw_buf *b, void *user)
{
	return tw_label_terminal("otpauth://totp/x", b);
}

/* Version 1 is 21 modules a side: 29 with the quiet zone, in 15 lines of characters. */
static void test_a_code_for_a_terminal(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	size_t lines = 0;

	tw_buf_init(&b, tw_sys_real(), 1 << 16);
	CHECK_OK(draw(&b, NULL));
	for (size_t i = 0; i < b.size; i++)
		lines += b.data[i] == '\n';
	CHECK_INT(lines, 15);
	CHECK(!strncmp(b.data, "\033[30;107m      ", 13));
	write_sweep(draw, NULL);
}

static int set_up(void **state)
{
	return desk_open() || desk_place("kept-login", place);
}

static int tear_down(void **state)
{
	desk_remove(place);
	return desk_close();
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_read_as_written), cmocka_unit_test(test_clients),
	cmocka_unit_test(test_in_the_place_of_another), cmocka_unit_test(test_what_is_none), cmocka_unit_test(test_out_of_memory),
	cmocka_unit_test(test_a_code_for_a_terminal))
