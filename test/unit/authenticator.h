/* SPDX-License-Identifier: Apache-2.0 */
/* An authenticator, as a person has it: it takes the secret out of the otpauth URI it is shown, and says the code of a step. */
#ifndef TW_TEST_UNIT_AUTHENTICATOR_H
#define TW_TEST_UNIT_AUTHENTICATOR_H
#include "check.h"
#include "crypto/otp.h"
#include "service/access/totp.h"

#include <string.h>

static inline void secret_in(const char *uri, uint8_t ret[TW_TOTP_SECRET])
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	const char *at = strstr(uri, "?secret=");
	uint64_t bits = 0;

	CHECK(at != NULL);
	for (size_t i = 0; i < 32; i++) {
		bits = bits << 5 | (uint64_t)(strchr(letters, at[8 + i]) - letters);
		if (i % 8 == 7)
			for (size_t k = 0; k < 5; k++)
				ret[i / 8 * 5 + k] = (uint8_t)(bits >> (32 - 8 * k));
	}
}

static inline const char *code_at(const uint8_t secret[TW_TOTP_SECRET], int64_t step)
{
	static char text[8];
	uint32_t code = 0;

	CHECK_OK(tw_otp(secret, TW_TOTP_SECRET, (uint64_t)step, TW_TOTP_DIGITS, &code));
	(void)snprintf(text, sizeof text, "%06u", code % 1000000);
	return text;
}
#endif
