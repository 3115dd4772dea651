/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/otp.h"

#include "base/mem.h"
#include "crypto/internal.h"

#include <openssl/evp.h>

#define SHA1_SIZE 20
#define OFFSETS 16

static uint32_t load(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* RFC 4226 section 5.3, without looking where the secret says: all sixteen places are read, and one is kept. */
static uint32_t shorten(const uint8_t mac[SHA1_SIZE])
{
	const uint32_t wanted = mac[SHA1_SIZE - 1] & (OFFSETS - 1);
	uint32_t got = 0;

	for (uint32_t i = 0; i < OFFSETS; i++) {
		uint32_t same = ((i ^ wanted) - 1) >> 31; /* 1 or 0 */

		got |= (0 - same) & load(mac + i);
	}
	return got & 0x7fffffff;
}

tw_err tw_otp(const void *key, size_t key_size, uint64_t counter, unsigned digits, uint32_t *ret)
{
	uint8_t moving[8], mac[SHA1_SIZE] = { 0 };
	uint32_t modulus = 1;
	size_t size = 0;

	if (digits == 0 || digits > TW_OTP_DIGITS_MAX || key_size == 0)
		return TW_RAISE(LIMIT, "a code of %u digits, a key of %zu bytes", digits, key_size);
	for (size_t i = 0; i < sizeof moving; i++)
		moving[i] = (uint8_t)(counter >> (56 - 8 * i));
	for (unsigned i = 0; i < digits; i++)
		modulus *= 10;
	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA1", NULL, key, key_size, moving, sizeof moving, mac, sizeof mac, &size) || size != sizeof mac)
		return TW_RAISE_OPENSSL("HMAC with SHA-1");
	*ret = shorten(mac) % modulus;
	tw_wipe(mac, sizeof mac);
	return TW_OK;
}
