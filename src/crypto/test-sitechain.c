/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule of a server's certificate, by a chain that breaks it and no other. */
#include "crypto/sitechain.h"

#include "check.h"
#include "oom.h"
#include "sys/real.h"

#include <string.h>

#define HOST "security.example.com"
#define FROM 1735689600000 /* 2025-01-01 */
#define NOW (FROM + 1000)
#define YEAR (365 * 24 * 3600 * 1000LL)

static tw_key *root_key, *middle_key, *key, *other;
static tw_cert *root, *middle, *leaf;

static tw_cert *make(struct tw_cert_want w, const tw_key *subject, const tw_cert *issuer, const tw_key *signer)
{
	tw_cert *c = NULL;

	w.not_before_ms = w.not_before_ms ? w.not_before_ms : FROM;
	w.not_after_ms = w.not_after_ms ? w.not_after_ms : FROM + YEAR;
	CHECK_OK(tw_cert_make(tw_sys_real(), &w, subject, issuer, signer, &c));
	return c;
}

static int begin(void **state)
{
	tw_key **all[] = { &root_key, &middle_key, &key, &other };

	for (size_t i = 0; i < TW_COUNT(all); i++)
		CHECK_OK(tw_key_generate(tw_sys_real(), all[i]));
	root = make((struct tw_cert_want){ .common_name = "root", .is_ca = true }, root_key, NULL, root_key);
	middle = make((struct tw_cert_want){ .common_name = "middle", .is_ca = true }, middle_key, root, root_key);
	leaf = make((struct tw_cert_want){ .common_name = HOST, .dns = HOST, .is_server = true }, key, middle, middle_key);
	return 0;
}

static int end(void **state)
{
	root_key = tw_key_free(root_key);
	middle_key = tw_key_free(middle_key);
	key = tw_key_free(key);
	other = tw_key_free(other);
	root = tw_cert_free(root);
	middle = tw_cert_free(middle);
	leaf = tw_cert_free(leaf);
	return 0;
}

static void write_pem(const tw_cert *const of[], struct tw_buf *ret)
{
	tw_buf_init(ret, tw_sys_real(), 65536);
	for (size_t i = 0; of[i]; i++)
		CHECK_OK(tw_cert_pem(of[i], ret));
}

static void read_chain(const tw_cert *const of[], struct tw_site_chain *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	write_pem(of, &pem);
	CHECK_OK(tw_site_chain_read(tw_sys_real(), tw_buf_slice(&pem), ret));
}

static void refuses(const tw_cert *const of[], const tw_key *with, const char *host, int64_t now_ms, const char *rule)
{
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };

	read_chain(of, &c);
	CHECK_ERR(tw_site_chain_check(&c, with, host, now_ms), UNTRUSTED);
	if (strncmp(tw_err_detail(), rule, strlen(rule)) != 0 || tw_err_detail()[strlen(rule)] != ':')
		fail_msg("not %s: %s", rule, tw_err_detail());
}

static void test_holds(void **state)
{
	const tw_cert *const chains[][4] = { { leaf }, { leaf, middle }, { leaf, middle, root } };

	for (size_t i = 0; i < TW_COUNT(chains); i++) {
		TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };

		read_chain(chains[i], &c);
		CHECK_INT(c.count, i + 1);
		CHECK_OK(tw_site_chain_check(&c, key, HOST, NOW));
		CHECK_OK(tw_site_chain_check(&c, key, "Security.Example.COM", NOW));
	}
}

static void test_rules(void **state)
{
	const struct tw_cert_want server = { .common_name = "s", .dns = HOST, .is_server = true };
	tw_cert *client = make((struct tw_cert_want){ .common_name = "c", .dns = HOST, .is_client = true }, key, middle, middle_key);
	tw_cert *nameless = make((struct tw_cert_want){ .common_name = HOST, .is_server = true }, key, middle, middle_key);
	tw_cert *not_ca = make(server, other, root, root_key), *below = make(server, key, not_ca, other);
	tw_cert *authority = make((struct tw_cert_want){ .common_name = "a", .is_ca = true }, key, root, root_key);
	tw_cert *old = make((struct tw_cert_want){ .common_name = "middle", .is_ca = true, .not_after_ms = NOW + 1000 }, middle_key,
		root, root_key);

	refuses((const tw_cert *const[]){ leaf, middle, NULL }, other, HOST, NOW, "listener.key");
	refuses((const tw_cert *const[]){ middle, leaf, NULL }, key, HOST, NOW, "listener.key");
	refuses((const tw_cert *const[]){ leaf, NULL }, key, HOST, FROM - 1000, "listener.dates");
	refuses((const tw_cert *const[]){ leaf, NULL }, key, HOST, FROM + YEAR + 1000, "listener.dates");
	refuses((const tw_cert *const[]){ leaf, old, NULL }, key, HOST, NOW + 5000, "listener.dates");
	refuses((const tw_cert *const[]){ client, middle, NULL }, key, HOST, NOW, "listener.purpose");
	refuses((const tw_cert *const[]){ authority, root, NULL }, key, HOST, NOW, "listener.purpose");
	refuses((const tw_cert *const[]){ nameless, middle, NULL }, key, HOST, NOW, "listener.name");
	refuses((const tw_cert *const[]){ leaf, middle, NULL }, key, "example.com", NOW, "listener.name");
	refuses((const tw_cert *const[]){ leaf, middle, NULL }, key, "192.0.2.1", NOW, "listener.name");
	refuses((const tw_cert *const[]){ leaf, root, NULL }, key, HOST, NOW, "listener.order");
	refuses((const tw_cert *const[]){ below, not_ca, NULL }, key, HOST, NOW, "listener.order");
	tw_cert *const made[] = { client, nameless, not_ca, below, authority, old };
	for (size_t i = 0; i < TW_COUNT(made); i++)
		(void)tw_cert_free(made[i]);
}

static void test_as_der_and_back(void **state)
{
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain again = { .count = 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem_again = { 0 };
	const tw_cert *const all[] = { leaf, middle, root, NULL };

	read_chain(all, &c);
	tw_buf_init(&der, tw_sys_real(), TW_SITE_DER_MAX);
	CHECK_OK(tw_site_chain_write(&c, &der));
	CHECK_OK(tw_site_chain_der(tw_sys_real(), tw_buf_slice(&der), &again));
	CHECK_INT(again.count, 3);
	write_pem(all, &pem);
	tw_buf_init(&pem_again, tw_sys_real(), TW_SITE_PEM_MAX);
	CHECK_OK(tw_site_chain_pem(&again, &pem_again));
	CHECK_TEXT(pem_again.data, pem.data);
	for (size_t i = 1; i < der.size; i++) { /* cut anywhere but behind a certificate, it is none */
		TW_CLEANUP(tw_site_chain_done) struct tw_site_chain cut = { .count = 0 };
		tw_err e = tw_site_chain_der(tw_sys_real(), (struct tw_slice){ der.data, i }, &cut);
		CHECK(tw_failed(e) ? tw_is(e, TW_CODE_SYNTAX) : cut.count < 3);
	}
}

static void test_form(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	struct tw_site_chain c;
	const tw_cert *const six[] = { leaf, middle, middle, middle, middle, middle, NULL };

	write_pem(six, &pem);
	CHECK_ERR(tw_site_chain_read(tw_sys_real(), tw_buf_slice(&pem), &c), LIMIT);
	CHECK_ERR(tw_site_chain_read(tw_sys_real(), (struct tw_slice){ pem.data, 0 }, &c), SYNTAX);
	CHECK_ERR(tw_site_chain_read(tw_sys_real(), (struct tw_slice){ pem.data, 200 }, &c), SYNTAX);
	CHECK_ERR(tw_site_chain_read(tw_sys_real(), TW_SLICE("\n\nhello\n"), &c), SYNTAX);
	CHECK_ERR(tw_site_chain_der(tw_sys_real(), TW_SLICE(""), &c), SYNTAX);
}

static tw_err both_ways(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain c = { .count = 0 };
	TW_CLEANUP(tw_site_chain_done) struct tw_site_chain again = { .count = 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 };
	const struct tw_buf *pem = user;

	TW_TRY(tw_site_chain_read(sys, tw_buf_slice(pem), &c));
	TW_TRY(tw_site_chain_check(&c, key, HOST, NOW));
	tw_buf_init(&der, sys, TW_SITE_DER_MAX);
	TW_TRY(tw_site_chain_write(&c, &der));
	return tw_site_chain_der(sys, tw_buf_slice(&der), &again);
}

static void test_without_memory(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };

	write_pem((const tw_cert *const[]){ leaf, middle, NULL }, &pem);
	CHECK(oom_sweep(both_ways, &pem) > 3);
}

CHECK_MAIN_IN(begin, end, cmocka_unit_test(test_holds), cmocka_unit_test(test_rules), cmocka_unit_test(test_as_der_and_back),
	cmocka_unit_test(test_form), cmocka_unit_test(test_without_memory))
