/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a RADIUS server, with the first byte's lowest bit set sealed as one would be who knows the secret, so that what is behind the
 * authenticators is reached too. Without it no answer is believed.
 */
#include "formats/radius.h"

#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/md5.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "a secret shared with the server"

static bool within(struct tw_slice part, struct tw_slice whole)
{
	return part.size == 0 || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size);
}

/* A Message-Authenticator first, then what came; both authenticators over it. */
static size_t seal(const struct tw_radius_question *q, const uint8_t *data, size_t size, uint8_t *ret)
{
	const size_t all = TW_RADIUS_HEAD + 18 + size;
	struct tw_slice packet = { (const char *)ret, all };
	uint8_t hash[TW_MD5_SIZE];

	memset(ret, 0, TW_RADIUS_HEAD + 18);
	ret[0] = (uint8_t)(data[0] >> 1 & 15);
	ret[1] = q->id;
	ret[2] = (uint8_t)(all >> 8);
	ret[3] = (uint8_t)all;
	memcpy(ret + 4, q->authenticator, sizeof q->authenticator);
	ret[TW_RADIUS_HEAD] = 80;
	ret[TW_RADIUS_HEAD + 1] = 18;
	memcpy(ret + TW_RADIUS_HEAD + 18, data + 1, size);
	if (tw_failed(tw_hmac_md5(SECRET, strlen(SECRET), packet, hash)))
		abort();
	memcpy(ret + TW_RADIUS_HEAD + 2, hash, sizeof hash);
	if (tw_failed(tw_md5_of((const struct tw_slice[]){ packet, q->secret }, 2, hash)))
		abort();
	memcpy(ret + 4, hash, sizeof hash);
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t sealed[TW_RADIUS_PACKET_MAX];
	const struct tw_radius_question q = { .id = 7, .authenticator = { 1, 2, 3 }, .secret = TW_SLICE(SECRET) };
	struct tw_slice packet = { (const char *)data + 1, size - 1 };
	struct tw_radius_answer a;

	if (size == 0 || size > TW_RADIUS_PACKET_MAX - TW_RADIUS_HEAD - 18)
		return 0;
	tw_crypto_use(tw_sys_real());
	const bool by_the_server = data[0] & 1;
	if (by_the_server)
		packet = (struct tw_slice){ (const char *)sealed, seal(&q, data, size - 1, sealed) };
	if (tw_failed(tw_radius_read(&q, packet, &a)))
		return 0;
	if (!by_the_server || !within(a.state, packet) || !within(a.words, packet) ||
		(a.verdict == TW_RADIUS_CHALLENGE && a.state.size == 0))
		abort();
	return 0;
}
