/* SPDX-License-Identifier: Apache-2.0 */
/* The examples of RFC 4226 (appendix D) and of RFC 6238 (appendix B, SHA-1). */
#include "crypto/otp.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#define KEY "12345678901234567890"

static void test_examples(void **state)
{
	static const uint32_t of_4226[] = { 755224, 287082, 359152, 969429, 338314, 254676, 287922, 162583, 399871, 520489 };
	static const struct {
		int64_t second;
		uint32_t code;
	} of_6238[] = { { 59, 94287082 }, { 1111111109, 7081804 }, { 1111111111, 14050471 }, { 1234567890, 89005924 },
		{ 2000000000, 69279037 }, { 20000000000, 65353130 } };
	uint32_t code = 0;

	for (size_t i = 0; i < TW_COUNT(of_4226); i++) {
		CHECK_OK(tw_otp(KEY, strlen(KEY), i, 6, &code));
		CHECK_INT(code, of_4226[i]);
	}
	for (size_t i = 0; i < TW_COUNT(of_6238); i++) {
		CHECK_OK(tw_otp(KEY, strlen(KEY), (uint64_t)of_6238[i].second / 30, 8, &code));
		CHECK_INT(code, of_6238[i].code);
	}
}

static void test_refuses(void **state)
{
	uint32_t code = 0;

	CHECK_ERR(tw_otp(KEY, strlen(KEY), 0, 0, &code), LIMIT);
	CHECK_ERR(tw_otp(KEY, strlen(KEY), 0, TW_OTP_DIGITS_MAX + 1, &code), LIMIT);
	CHECK_ERR(tw_otp(KEY, 0, 0, 6, &code), LIMIT);
	CHECK_OK(tw_otp(KEY, strlen(KEY), 0, TW_OTP_DIGITS_MAX, &code));
	CHECK_INT(code, 284755224); /* appendix D: 1284755224 */
}

static tw_err one(const struct tw_sys *sys, void *user)
{
	uint32_t code = 0;

	TW_TRY(tw_otp(KEY, strlen(KEY), 0, 6, &code));
	CHECK_INT(code, 755224);
	return TW_OK;
}

static void test_without_memory(void **state)
{
	CHECK(oom_sweep(one, NULL) > 0);
}

/* The first decides whose memory OpenSSL takes. */
CHECK_MAIN(cmocka_unit_test(test_without_memory), cmocka_unit_test(test_examples), cmocka_unit_test(test_refuses))
