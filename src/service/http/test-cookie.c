/* SPDX-License-Identifier: Apache-2.0 */
#include "service/http/cookie.h"

#include "base/mem.h"
#include "check.h"
#include "sys/fake.h"

#include <string.h>

#define V "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-_"
#define W "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

/* Each in memory of its own, so that a byte read behind its end is found. */
static void read_both(const char *field, const char *more, char *ret_session, char *ret_client)
{
	size_t size = strlen(field), size_more = strlen(more);
	char *one = malloc(size + 1), *two = malloc(size_more + 1);
	struct tw_http_head h = { .field_count = 2 };
	struct tw_cookies c;

	for (size_t i = 0; i < size; i++)
		one[i] = field[i];
	for (size_t i = 0; i < size_more; i++)
		two[i] = more[i];
	h.fields[0] = (struct tw_http_field){ TW_SLICE("cooKie"), { one, size } };
	h.fields[1] = (struct tw_http_field){ TW_SLICE("Cookie"), { two, size_more } };
	tw_cookies_read(&h, &c);
	(void)snprintf(ret_session, 64, TW_SLICE_FMT, TW_SLICE_ARG(c.session));
	(void)snprintf(ret_client, 64, TW_SLICE_FMT, TW_SLICE_ARG(c.client));
	free(one);
	free(two);
}

static void test_what_a_browser_sends(void **state)
{
	static const struct {
		const char *field, *more, *session, *client;
	} rows[] = {
		{ "", "", "", "" },
		{ "__Host-session=" V, "", V, "" },
		{ "__Host-client=" W "; __Host-session=" V, "", V, W },
		{ "a=b;__Host-session=" V " ; c", "x", V, "" },
		{ "__Host-session=" V, "__Host-client=" W, V, W },
		{ "__Host-session=" V "; __Host-session=" V, "", V, "" },
		{ "__Host-session=" V "; __Host-session=" W, "", "", "" },
		{ "__Host-session=" V, "__Host-session=" W, "", "" },
		{ "__Host-session=" V "; __Host-session=", "", "", "" },
		{ "__Host-session=; __Host-session=" V, "", "", "" },
		{ "__host-session=" V, "", "", "" },
		{ "session=" V, "", "", "" },
		{ "x__Host-session=" V, "", "", "" },
		{ "__Host-session =" V, "", "", "" },
		{ "__Host-session= " V, "", "", "" },
		{ "__Host-session=\"" V "\"", "", "", "" },
		{ "__Host-session=" V "A", "", "", "" },
		{ "__Host-session=AAAA", "", "", "" },
		{ "__Host-session", "", "", "" },
		{ "__Host-session=-", "", "", "" },
		{ ";;; ;", "=", "", "" },
		{ "__Host-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+/", "", "", "" },
	};
	char session[64], client[64];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		read_both(rows[i].field, rows[i].more, session, client);
		if (strcmp(session, rows[i].session) != 0 || strcmp(client, rows[i].client) != 0)
			fail_msg("'%s' '%s': '%s' '%s'", rows[i].field, rows[i].more, session, client);
	}
}

static void test_what_is_written(void **state)
{
	static const struct {
		const char *session, *client, *lines; /* lines NULL: refused */
	} rows[] = {
		{ "", "", "" },
		{ V, "", "Set-Cookie: __Host-session=" V "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n" },
		{ "-", "", "Set-Cookie: __Host-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict\r\n" },
		{ V, W,
			"Set-Cookie: __Host-session=" V "; Path=/; Secure; HttpOnly; SameSite=Strict\r\n"
			"Set-Cookie: __Host-client=" W "; Max-Age=31536000; Path=/; Secure; HttpOnly; SameSite=Strict\r\n" },
		{ "", "-", NULL },
		{ "short", "", NULL },
		{ V "A", "", NULL },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n", "", NULL },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; a", "", NULL },
		{ "", "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB,", NULL },
	};
	tw_fake *fake = tw_fake_new();
	struct tw_buf b;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_cookies c = { tw_slice_of(rows[i].session), tw_slice_of(rows[i].client) };

		tw_buf_init(&b, tw_fake_sys(fake), 1024);
		CHECK_INT(tw_cookies_valid(&c), rows[i].lines != NULL);
		if (rows[i].lines) {
			CHECK_OK(tw_cookies_write(&c, &b));
			CHECK_TEXT(tw_buf_cstr(&b), rows[i].lines);
		} else {
			CHECK_ERR(tw_cookies_write(&c, &b), INTERNAL);
		}
		tw_buf_done(&b);
	}
	tw_fake_free(fake);
}

CHECK_MAIN(cmocka_unit_test(test_what_a_browser_sends), cmocka_unit_test(test_what_is_written))
