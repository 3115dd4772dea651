/* SPDX-License-Identifier: Apache-2.0 */
#include "support/setup/setup.h"

#include "check.h"
#include "service/test-dir.h"
#include "sys/durable.h"
#include "sys/fake.h"

#include <errno.h>
#include <string.h>

#define MAX 10
static tw_err parse(const char *const words[MAX], struct tw_setup *ret, tw_setup_run **ret_run)
{
	char *argv[MAX + 1] = { NULL };
	int argc = 0;

	for (; argc < MAX && words[argc]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc];
	*ret = (struct tw_setup){ .sys = tw_sys_real() };
	return tw_setup_parse(argc, argv, ret, ret_run);
}

static void test_command_lines(void **state)
{
	static const char *const wrong[][MAX] = { { "s" }, { "s", "init" }, { "s", "init", "--dir" },
		{ "s", "certificate", "--dir", "d" }, { "s", "certificate", "sell", "--dir", "d" },
		{ "s", "certificate", "import", "--dir", "d", "--chain", "c" }, { "s", "check", "--dir", "d", "--listen", "x" },
		{ "s", "check", "--dir", "" }, { "s", "check", "--dir", "d", "--store", "postgresql:///a?host=/b&user=c" } };
	struct tw_setup s;
	tw_setup_run *run = NULL;

	CHECK_OK(parse((const char *const[MAX]){ "s", "init", "--dir", "d", "--from", "f" }, &s, &run));
	CHECK(run == tw_setup_init);
	CHECK_TEXT(s.from, "f");
	CHECK_OK(parse((const char *const[MAX]){ "s", "init", "--store", "postgresql:///a?host=/b&user=c", "--dir", "d" }, &s, &run));
	CHECK_TEXT(s.store, "postgresql:///a?host=/b&user=c");
	CHECK_OK(parse((const char *const[MAX]){ "s", "certificate", "import", "--chain", "c", "--key", "k", "--dir", "d" }, &s, &run));
	CHECK(run == tw_setup_import);
	CHECK_TEXT(s.key, "k");
	for (size_t i = 0; i < TW_COUNT(wrong); i++)
		CHECK_ERR(parse(wrong[i], &s, &run), SYNTAX);
}

static void test_hosts(void **state)
{
	static const struct {
		const char *site, *host;
		bool name;
	} rows[] = {
		{ "https://security.example.com", "security.example.com", true },
		{ "https://security.example.com:8443", "security.example.com", true },
		{ "https://localhost:8443", "localhost", false },
		{ "https://192.0.2.1", "192.0.2.1", false },
		{ "https://[2001:db8::1]:8443", "2001:db8::1", false },
		{ "https://desk", "desk", true },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char host[TW_SETUP_HOST_MAX];

		tw_setup_host(rows[i].site, host);
		CHECK_TEXT(host, rows[i].host);
		CHECK_INT(tw_setup_is_name(host), rows[i].name);
	}
}

static tw_err answer(const char *text, struct tw_buf *b)
{
	tw_buf_done(b);
	tw_buf_init(b, tw_sys_real(), 1000);
	return tw_setup_answer(tw_slice_of(text), b);
}

static void test_answers(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	static const char *const none[] = { "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
		"\r\n\r\n", "HTTP/1.1 2\r\n\r\n" };

	CHECK_OK(answer("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{}", &b));
	CHECK_TEXT(b.data, "{}");
	for (size_t i = 0; i < TW_COUNT(none); i++)
		CHECK_ERR(answer(none[i], &b), SYNTAX);
	CHECK_ERR(answer("HTTP/1.1 409 Conflict\r\n\r\n{\"title\":\"No\",\"detail\":\"Because.\"}", &b), STATE);
	CHECK(strstr(tw_err_detail(), "No. Because."));
	CHECK_ERR(answer("HTTP/1.1 500 x\r\n\r\nhello", &b), STATE);
}

/* Whichever call fails, there is the old pair or the new one, and whoever asked for the new one knows which. */
static void test_old_or_new(void **state)
{
	tw_fake *f = tw_fake_new();
	struct test_dir dir = test_dir_new();
	struct tw_setup s = { .sys = tw_sys_real(), .now_ms = 1767225600000, .places = { .keys = dir.fd } };
	bool fired = true;

	CHECK_OK(tw_setup_make_listener(&s, "old.example.com"));
	for (long n = 1; fired; n++) {
		TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
		TW_CLEANUP(tw_site_chain_done) struct tw_site_chain chain = { .count = 0 };
		struct tw_setup failing = s;

		failing.sys = tw_fake_sys(f);
		tw_fake_fail(f, n, EIO, false);
		tw_err e = tw_setup_make_listener(&failing, "new.example.com");
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		CHECK_OK(tw_setup_listener(&s, &key, &chain));
		const char *is = tw_failed(tw_site_chain_check(&chain, key, "new.example.com", s.now_ms)) ? "old.example.com"
													  : "new.example.com";
		CHECK_OK(tw_site_chain_check(&chain, key, is, s.now_ms));
		CHECK(tw_failed(e) || strcmp(is, "new.example.com") == 0);
		if (!fired)
			CHECK_OK(e);
	}
	test_dir_done(&dir);
	tw_fake_free(f);
}

static void test_operators_files(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct test_dir dir = test_dir_new();
	char path[96];

	tw_buf_init(&b, tw_sys_real(), 100);
	(void)snprintf(path, sizeof path, "%s/a", dir.path);
	CHECK_ERR(tw_setup_read(tw_sys_real(), path, 10, &b), NOTFOUND);
	CHECK_INT(symlinkat("b", dir.fd, "a"), 0); /* as certbot has them */
	CHECK_OK(tw_durable_replace(tw_sys_real(), dir.fd, "b", "0123456789", 10, 0600));
	CHECK_OK(tw_setup_read(tw_sys_real(), path, 10, &b));
	CHECK_TEXT(b.data, "0123456789");
	CHECK_ERR(tw_setup_read(tw_sys_real(), path, 9, &b), LIMIT);
	CHECK_ERR(tw_setup_read(tw_sys_real(), dir.path, 10, &b), LIMIT);
	test_dir_done(&dir);
}

CHECK_MAIN(cmocka_unit_test(test_command_lines), cmocka_unit_test(test_hosts), cmocka_unit_test(test_answers),
	cmocka_unit_test(test_old_or_new), cmocka_unit_test(test_operators_files))
