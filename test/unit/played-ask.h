/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role that asks, and a RADIUS server behind it, played: one question at a time waits until the test answers it. Linked with
 * --wrap=tw_ask_begin,--wrap=tw_ask_cancel,--wrap=tw_ask_missing.
 */
#ifndef TW_TEST_UNIT_PLAYED_ASK_H
#define TW_TEST_UNIT_PLAYED_ASK_H
#include "check.h"
#include "crypto/md5.h"
#include "device/platform/ask.h"
#include "formats/radius.h"

static struct {
	struct tw_ask_want want; /* heard NULL: nobody asks */
	uint8_t packet[TW_RADIUS_PACKET_MAX];
	size_t size;
	unsigned asked, cancelled;
	bool missing, full;
} played_ask_is;

const char *__wrap_tw_ask_missing(const struct tw_device *d);
const char *__wrap_tw_ask_missing(const struct tw_device *d)
{
	return played_ask_is.missing ? "There is no role." : NULL;
}

tw_err __wrap_tw_ask_begin(struct tw_device *d, const struct tw_ask_want *want);
tw_err __wrap_tw_ask_begin(struct tw_device *d, const struct tw_ask_want *want)
{
	if (played_ask_is.missing || played_ask_is.full)
		return played_ask_is.missing ? TW_RAISE(STATE, "no role") : TW_RAISE(LIMIT, "too many");
	CHECK(!played_ask_is.want.heard && want->ask.packet.size <= sizeof played_ask_is.packet);
	played_ask_is.want = *want;
	memcpy(played_ask_is.packet, want->ask.packet.at, want->ask.packet.size);
	played_ask_is.size = want->ask.packet.size;
	played_ask_is.asked++;
	return TW_OK;
}

void __wrap_tw_ask_cancel(struct tw_device *d, const void *user);
void __wrap_tw_ask_cancel(struct tw_device *d, const void *user)
{
	if (!played_ask_is.want.heard || played_ask_is.want.user != user)
		return;
	played_ask_is.want = (struct tw_ask_want){ .heard = NULL };
	played_ask_is.cancelled++;
}

/* An attribute of what was asked; "": there is none. */
static inline struct tw_slice played_attribute(uint8_t what)
{
	for (size_t at = TW_RADIUS_HEAD; at + 2 <= played_ask_is.size; at += played_ask_is.packet[at + 1])
		if (played_ask_is.packet[at] == what)
			return (struct tw_slice){ (const char *)played_ask_is.packet + at + 2, (size_t)played_ask_is.packet[at + 1] - 2 };
	return TW_SLICE("");
}

/* What the server answers, by whichever secret; a challenge has a State. */
static inline size_t played_reply(uint8_t code, const char *secret, uint8_t ret[64])
{
	static const uint8_t state[] = { 24, 4, 'x', 'y' };
	const size_t size = TW_RADIUS_HEAD + 18 + (code == TW_RADIUS_CHALLENGE ? sizeof state : 0);
	const struct tw_slice all = { (const char *)ret, size };
	uint8_t hash[TW_MD5_SIZE];

	memset(ret, 0, 64);
	ret[0] = code;
	ret[1] = played_ask_is.packet[1];
	ret[3] = (uint8_t)size;
	memcpy(ret + 4, played_ask_is.packet + 4, 16);
	ret[TW_RADIUS_HEAD] = 80;
	ret[TW_RADIUS_HEAD + 1] = 18;
	if (code == TW_RADIUS_CHALLENGE)
		memcpy(ret + TW_RADIUS_HEAD + 18, state, sizeof state);
	CHECK_OK(tw_hmac_md5(secret, strlen(secret), all, hash));
	memcpy(ret + TW_RADIUS_HEAD + 2, hash, sizeof hash);
	CHECK_OK(tw_md5_of((const struct tw_slice[]){ all, tw_slice_of(secret) }, 2, hash));
	memcpy(ret + 4, hash, sizeof hash);
	return size;
}

/* Whether it was taken for the answer. */
static inline bool played_says(uint8_t code, const char *secret)
{
	const struct tw_ask_want want = played_ask_is.want;
	uint8_t bytes[64];

	CHECK(want.heard != NULL);
	const size_t size = played_reply(code, secret, bytes);
	played_ask_is.want.heard = NULL; /* whoever hears it may ask anew */
	const bool taken = want.heard(want.user, (struct tw_slice){ (const char *)bytes, size });
	if (!taken)
		played_ask_is.want = want;
	return taken;
}

static inline void played_ends(enum tw_ask_end how)
{
	const struct tw_ask_want want = played_ask_is.want;

	CHECK(want.ended != NULL);
	played_ask_is.want = (struct tw_ask_want){ .heard = NULL };
	want.ended(want.user, how);
}
#endif
