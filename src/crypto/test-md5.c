/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of RFC 1321 (appendix A.5) and of RFC 2202 (section 2). */
#include "crypto/md5.h"

#include "base/mem.h"
#include "base/text.h"
#include "check.h"
#include "oom.h"

static void check_hex(const uint8_t got[TW_MD5_SIZE], const char *want)
{
	char hex[2 * TW_MD5_SIZE + 1] = "";

	for (size_t i = 0; i < TW_MD5_SIZE; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", got[i]);
	CHECK(strcmp(hex, want) == 0);
}

static void test_examples(void **state)
{
	static const struct {
		struct tw_slice parts[2];
		const char *want;
	} rows[] = {
		{ { TW_SLICE(""), TW_SLICE("") }, "d41d8cd98f00b204e9800998ecf8427e" },
		{ { TW_SLICE("a"), TW_SLICE("bc") }, "900150983cd24fb0d6963f7d28e17f72" },
		{ { TW_SLICE("message "), TW_SLICE("digest") }, "f96b697d7cb7938d525a2f31aaf161d0" },
	};
	uint8_t got[TW_MD5_SIZE];

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_md5_of(rows[i].parts, 2, got));
		check_hex(got, rows[i].want);
	}
	CHECK_OK(tw_hmac_md5("Jefe", 4, TW_SLICE("what do ya want for nothing?"), got));
	check_hex(got, "750c783e6ab0b503eaa86e310a5db738");
}

static tw_err one(const struct tw_sys *sys, void *user)
{
	uint8_t got[TW_MD5_SIZE];

	TW_TRY(tw_md5_of((const struct tw_slice[]){ TW_SLICE("abc") }, 1, got));
	check_hex(got, "900150983cd24fb0d6963f7d28e17f72");
	TW_TRY(tw_hmac_md5("Jefe", 4, TW_SLICE("what do ya want for nothing?"), got));
	check_hex(got, "750c783e6ab0b503eaa86e310a5db738");
	return TW_OK;
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(one, NULL) > 0);
}

/* The first decides whose memory OpenSSL takes. */
CHECK_MAIN(cmocka_unit_test(test_without_memory), cmocka_unit_test(test_examples))
