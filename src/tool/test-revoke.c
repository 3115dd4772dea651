/* SPDX-License-Identifier: Apache-2.0 */
/* What the manufacturer takes back is refused by the verdict that devices use, and only that; numbers of lists rise, and are never given twice. */
#include "tool/test-desk.h"

#include "crypto/chain.h"
#include "sys/fake.h"

#include <errno.h>

static char base[64], ca_path[96], out[96];
static tw_key *root_key;
static tw_cert *root;

static tw_err take_back(const char *unit, const char *reason)
{
	const char *const options[][2] = { { "reason", reason }, { NULL, NULL } };

	return desk_run(tw_cmd_ca_revoke, tw_sys_real(), options, ca_path, unit);
}

static tw_err crl(const struct tw_sys *sys)
{
	const char *const options[][2] = { { "out", out }, { NULL, NULL } };

	return desk_run(tw_cmd_ca_crl, sys, options, ca_path, NULL);
}

static void write_registry(const char *text)
{
	desk_write(ca_path, "units.jsonl", text);
}

static tw_cert *unit_cert(const char *uri, const tw_key *key)
{
	struct tw_cert_want want = { .common_name = "Unit", .uri = uri, .is_client = true, .not_before_ms = tw_now_ms(tw_sys_real()) };
	tw_cert *c = NULL;

	CHECK_OK(tw_cert_make(tw_sys_real(), &want, key, root, root_key, &c));
	return c;
}

static void add_complete(struct tw_buf *b, const char *uri, const char *serial, const tw_cert *cert)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf number = { 0 };

	tw_buf_init(&number, tw_sys_real(), 64);
	if (cert)
		CHECK_OK(tw_cert_serial(cert, &number));
	CHECK_OK(tw_buf_format(b, "{\"identifier\":\"%s\",\"state\":\"complete\",\"serial\":\"%s\",\"certificate\":\"%s\"}\n", uri,
		serial, tw_buf_cstr(&number)));
}

static const char *rule_for(const tw_cert *cert, const tw_crl *list)
{
	struct tw_certs chain = { { (tw_cert *)cert }, 1 }, anchors = { { root }, 1 };
	struct tw_chain_ask ask = { .chain = &chain,
		.anchors = &anchors,
		.purpose = TW_CHAIN_DEVICE,
		.now_ms = tw_now_ms(tw_sys_real()),
		.crls = &list,
		.crl_count = 1,
		.must_be_unrevoked = true };
	struct tw_chain_verdict v;

	CHECK_OK(tw_chain_check(tw_sys_real(), &ask, &v));
	return v.rule;
}

static void read_list(tw_crl **ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_FILE_MAX);
	CHECK_OK(tw_file_read(tw_sys_real(), out, TW_FILE_MAX, &b));
	CHECK_OK(tw_crl_load(tw_sys_real(), tw_buf_slice(&b), ret));
}

#define A "urn:dev:ops:32473-thermostat-A"
#define B "urn:dev:ops:32473-thermostat-B"

static void test_revoked(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *first = NULL, *second = NULL;

	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	TW_CLEANUP(tw_cert_freep) tw_cert *a = unit_cert(A, key), *other = unit_cert(B, key);
	add_complete(&b, A, "A", a);
	add_complete(&b, B, "B", other);
	write_registry(tw_buf_cstr(&b));
	CHECK_OK(crl(tw_sys_real()));
	read_list(&first);
	CHECK_INT(tw_crl_entries(first), 0);
	CHECK_INT(tw_crl_number(first), 1);
	CHECK(!rule_for(a, first) && !rule_for(other, first));
	CHECK_OK(take_back(A, "keyCompromise"));
	CHECK_OK(crl(tw_sys_real()));
	read_list(&second);
	CHECK_INT(tw_crl_entries(second), 1);
	CHECK_INT(tw_crl_number(second), 2);
	CHECK(rule_for(a, second) != NULL && strstr(rule_for(a, second), "revoked") != NULL);
	CHECK(rule_for(other, second) == NULL);
	CHECK_INT(tw_crl_next_update_ms(second) - tw_crl_this_update_ms(second), 30LL * 86400000);
	CHECK_ERR(take_back("A", "superseded"), EXISTS);
}

static tw_err take_back_file(const char *unit, const tw_cert *cert)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char path[128];
	const char *const options[][2] = { { "reason", "superseded" }, { "certificate", path }, { NULL, NULL } };

	(void)snprintf(path, sizeof(path), "%s/unit.crt", base);
	tw_buf_init(&pem, tw_sys_real(), TW_FILE_MAX);
	CHECK_OK(tw_cert_pem(cert, &pem));
	CHECK_OK(tw_file_write(tw_sys_real(), path, pem.data, pem.size, 0644));
	return desk_run(tw_cmd_ca_revoke, tw_sys_real(), options, ca_path, unit);
}

/* `provision sign`, cut before "complete" and run again: the registry knows the second certificate, and the first one is good too. */
static void test_two_certificates_of_one_unit(void **state)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	TW_CLEANUP(tw_crl_freep) tw_crl *list = NULL;

	tw_buf_init(&b, tw_sys_real(), 65536);
	CHECK_OK(tw_key_generate(tw_sys_real(), &key));
	TW_CLEANUP(tw_cert_freep) tw_cert *cut = unit_cert(A, key), *last = unit_cert(A, key);
	add_complete(&b, A, "A", last);
	write_registry(tw_buf_cstr(&b));
	CHECK_OK(take_back("A", "superseded"));
	CHECK_OK(take_back_file("A", cut));
	CHECK_ERR(take_back_file("A", cut), EXISTS);
	CHECK_ERR(take_back_file("A", last), EXISTS);
	CHECK_ERR(take_back("A", "superseded"), EXISTS);
	CHECK_OK(crl(tw_sys_real()));
	read_list(&list);
	CHECK_INT(tw_crl_entries(list), 2);
	CHECK(rule_for(cut, list) && rule_for(last, list));
}

static void test_names(void **state)
{
	write_registry("{\"identifier\":\"u:1\",\"state\":\"complete\",\"serial\":\"1\",\"certificate\":\"41\"}\n"
		       "{\"identifier\":\"u:2\",\"state\":\"complete\",\"serial\":\"1\",\"certificate\":\"42\"}\n"
		       "{\"identifier\":\"u:3\",\"state\":\"begun\",\"serial\":\"3\"}\n"
		       "{\"identifier\":\"u:4\",\"state\":\"complete\",\"serial\":\"4\"}\n"
		       "{\"identifier\":\"u:4\",\"state\":\"labelled\",\"serial\":\"4\"}\n");
	CHECK_ERR(take_back("1", "superseded"), SYNTAX); /* of two products */
	CHECK_ERR(take_back("9", "superseded"), NOTFOUND);
	CHECK_ERR(take_back("3", "superseded"), NOTFOUND); /* no certificate is known */
	CHECK_ERR(take_back("4", "superseded"), NOTFOUND);
	CHECK_ERR(take_back("u:1", "certificateHold"), SYNTAX);
	CHECK_ERR(take_back("u:1", ""), SYNTAX);
	CHECK_OK(take_back("u:1", "superseded"));
	CHECK_OK(take_back("u:2", "unspecified"));
}

static const struct {
	const char *line, *why;
} bad[] = {
	{ "{\"identifier\":\"u\",\"state\":\"revoked\",\"reason\":\"superseded\",\"time\":\"2026-11-21T09:30:00Z\"}\n", "line 1: 'certificate'" },
	{ "{\"identifier\":\"u\",\"state\":\"revoked\",\"reason\":\"superseded\",\"time\":\"2026-11-21T09:30:00Z\",\"certificate\":\"4x\"}\n",
		"line 1: 'certificate'" },
	{ "{\"identifier\":\"u\",\"state\":\"revoked\",\"reason\":\"superseded\",\"time\":\"2026-11-21T09:30:00Z\",\"certificate\":"
	  "\"414141414141414141414141414141414141414141\"}\n",
		"line 1: 'certificate'" },
	{ "{\"identifier\":\"u\",\"state\":\"revoked\",\"reason\":7,\"time\":\"2026-11-21T09:30:00Z\",\"certificate\":\"41\"}\n",
		"line 1: 'reason'" },
	{ "{\"identifier\":\"u\",\"state\":\"revoked\",\"reason\":\"superseded\",\"time\":\"now\",\"certificate\":\"41\"}\n", "line 1: 'time'" },
	{ "{\"identifier\":\"crl\",\"state\":\"crl\",\"number\":\"1\"}\n", "'number'" },
	{ "{\"identifier\":\"crl\",\"state\":\"crl\",\"number\":0}\n", "'number'" },
	{ "{\"identifier\":\"u\",\"state\":\"revoked\",\"state\":\"x\"}\n", "line 1" },
};

static void test_damaged_lines(void **state)
{
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		write_registry(bad[i].line);
		tw_err e = crl(tw_sys_real());
		if (!tw_is(e, TW_CODE_SYNTAX) || !strstr(tw_err_detail(), bad[i].why))
			fail_msg("row %zu: %s %s", i, tw_code_name(e.code), tw_err_detail());
	}
}

static void test_more_than_devices_take(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 1024 * 1024);
	for (int i = 0; i <= TW_CRL_ENTRIES_MAX; i++)
		CHECK_OK(tw_buf_format(&b,
			"{\"identifier\":\"u:%d\",\"state\":\"revoked\",\"reason\":\"superseded\",\"time\":\"2026-11-21T09:30:00Z\",\"certificate\":\"41%030x\"}\n",
			i, i));
	write_registry(tw_buf_cstr(&b));
	CHECK_ERR(crl(tw_sys_real()), LIMIT);
}

/* Whichever call fails: no two lists that were written have one number. */
static void test_numbers_are_never_given_twice(void **state)
{
	tw_fake *f = tw_fake_new();
	uint64_t last = 0;
	bool fired = true;

	write_registry("");
	for (long k = 1; fired; k++) {
		TW_CLEANUP(tw_crl_freep) tw_crl *list = NULL;

		(void)unlink(out);
		tw_fake_fail(f, k, EIO, false);
		tw_err e = crl(tw_fake_sys(f));
		fired = tw_fake_fired(f);
		tw_fake_fail(f, 0, 0, false);
		CHECK(!tw_failed(e) || fired);
		if (access(out, F_OK) != 0)
			continue;
		read_list(&list);
		CHECK(tw_crl_number(list) > last);
		last = tw_crl_number(list);
	}
	CHECK(last > 1);
	tw_fake_free(f);
}

static int setup(void **state)
{
	TW_CLEANUP(tw_closep) int dir = -1;

	if (desk_open() || desk_place("revoke", base))
		return -1;
	(void)snprintf(ca_path, sizeof(ca_path), "%s/ca", base);
	(void)snprintf(out, sizeof(out), "%s/out.crl", base);
	desk_make_ca(ca_path);
	CHECK_OK(tw_dir_open(tw_sys_real(), ca_path, &dir));
	CHECK_OK(tw_key_fetch(tw_sys_real(), dir, TW_CA_KEY, &root_key));
	return tw_failed(tw_cert_fetch(tw_sys_real(), dir, TW_CA_CERT, &root));
}

static int teardown(void **state)
{
	tw_key_free(root_key);
	tw_cert_free(root);
	desk_remove(base);
	return desk_close();
}

CHECK_MAIN_IN(setup, teardown, cmocka_unit_test(test_revoked), cmocka_unit_test(test_two_certificates_of_one_unit),
	cmocka_unit_test(test_names), cmocka_unit_test(test_damaged_lines), cmocka_unit_test(test_more_than_devices_take),
	cmocka_unit_test(test_numbers_are_never_given_twice))
