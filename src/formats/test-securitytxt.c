/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9116: the fields in their form, and nothing that could make a field of its own. */
#include "formats/securitytxt.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define NOW INT64_C(1790000000000)
#define DAY INT64_C(86400000)

static const char *const contacts[] = { "mailto:psirt@lamps.example", "https://lamps.example/report", NULL };
static const char *const csaf[] = { "https://lamps.example/.well-known/csaf/provider-metadata.json", NULL };

static tw_err write_it(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, sys, TW_SECURITYTXT_MAX);
	return tw_securitytxt_write(user, NOW, &b);
}

static void test_fields(void **state)
{
	const struct tw_securitytxt s = { .contacts = contacts,
		.expires_ms = NOW + 90 * DAY,
		.csaf = csaf,
		.policy = (const char *const[]){ "https://lamps.example/p", NULL },
		.languages = "en, de" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), TW_SECURITYTXT_MAX);
	CHECK_OK(tw_securitytxt_write(&s, NOW, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		"Contact: mailto:psirt@lamps.example\r\nContact: https://lamps.example/report\r\nExpires: 2026-12-20T14:13:20.000Z\r\n"
		"CSAF: https://lamps.example/.well-known/csaf/provider-metadata.json\r\nPolicy: https://lamps.example/p\r\n"
		"Preferred-Languages: en, de\r\n");
}

static void test_refusals(void **state)
{
	static const char *const bad[] = { "psirt@lamps.example", "http://lamps.example/", "mailto:", "https://a b",
		"https://a\r\nPolicy: https://b", "javascript:x", "https://l\xc3\xa4mp.example" };
	struct tw_securitytxt s = { .expires_ms = NOW + DAY };

	CHECK_ERR(write_it(tw_sys_real(), &s), SYNTAX); /* no contact */
	for (size_t i = 0; i < TW_COUNT(bad); i++) {
		const char *const list[] = { bad[i], NULL };

		s.contacts = list;
		CHECK_ERR(write_it(tw_sys_real(), &s), SYNTAX);
	}
	s.contacts = contacts;
	CHECK_OK(write_it(tw_sys_real(), &s));
	s.csaf = (const char *const[]){ "mailto:a@b.example", NULL };
	CHECK_ERR(write_it(tw_sys_real(), &s), SYNTAX);
	s.csaf = NULL;
	s.languages = "en\r\nHiring: x";
	CHECK_ERR(write_it(tw_sys_real(), &s), SYNTAX);
	s.languages = NULL;
	s.expires_ms = NOW;
	CHECK_ERR(write_it(tw_sys_real(), &s), SYNTAX);
	s.expires_ms = NOW + 366 * DAY;
	CHECK_ERR(write_it(tw_sys_real(), &s), SYNTAX);
}

static void test_out_of_memory(void **state)
{
	struct tw_securitytxt s = { .contacts = contacts, .expires_ms = NOW + DAY, .csaf = csaf };

	CHECK(oom_sweep_with(ENOMEM, write_it, &s) > 0);
}

CHECK_MAIN(cmocka_unit_test(test_fields), cmocka_unit_test(test_refusals), cmocka_unit_test(test_out_of_memory))
