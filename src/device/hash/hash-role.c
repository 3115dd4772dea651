/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thingward-hash: passwords, made slow to guess, and passkeys, in a process that can do nothing but compute. A program of its own, so that nothing
 * else of the device links libargon2 and libfido2.
 *
 * One question at a time, answered before the next is read; hands starts two of it at most, so that no number of logins takes the
 * device's memory. Idle for half a minute it ends: a person who mistyped, or has a second device, does not pay for a start again.
 */
#include "base/log.h"
#include "base/mem.h"
#include "device/hash/argon.h"
#include "device/hash/hash-row.h"
#include "device/hash/passkey.h"
#include "service/errand.h"
#include "service/hash/hash-wire.h"

#include <malloc.h>
#include <string.h>

#define IDLE_MS 30000
#define MAPPED_FROM (1024 * 1024) /* bytes */

static tw_err make(struct tw_argon_room *room, struct tw_slice payload, struct tw_buf *ret)
{
	struct tw_hash_make q;
	struct tw_phc h;

	if (tw_failed(tw_hash_make_read(payload, &q)))
		return TW_RAISE(UNTRUSTED, "core sends a question that is none: %s", tw_err_detail());
	h.cost = q.cost;
	if (room->sys->random(room->sys, h.salt, sizeof h.salt))
		return TW_RAISE_ERRNO("a salt");
	TW_TRY(tw_argon(room, q.password, &h));
	return tw_phc_write(&h, ret);
}

static tw_err verify(struct tw_argon_room *room, struct tw_slice payload, struct tw_buf *ret)
{
	struct tw_hash_verify q;
	struct tw_phc h;

	if (tw_failed(tw_hash_verify_read(payload, &q)))
		return TW_RAISE(UNTRUSTED, "core sends a question that is none: %s", tw_err_detail());
	h = q.hash;
	tw_err e = tw_argon(room, q.password, &h);
	if (!tw_failed(e))
		e = tw_buf_u8(ret, tw_phc_same(&h, &q.hash));
	tw_wipe(&h, sizeof h);
	tw_wipe(&q, sizeof q);
	return e;
}

/* What is no passkey of that site, or has not signed, is an answer. */
static tw_err judged(tw_err e, struct tw_buf *ret)
{
	if (!tw_is(e, TW_CODE_DENIED))
		return e;
	tw_buf_clear(ret);
	return tw_buf_u8(ret, 0);
}

static tw_err enrol(struct tw_slice payload, struct tw_buf *ret)
{
	struct tw_passkey_enrol q;

	if (tw_failed(tw_passkey_enrol_read(payload, &q)))
		return TW_RAISE(UNTRUSTED, "core sends a question that is none: %s", tw_err_detail());
	return judged(tw_passkey_enrol(&q, ret), ret);
}

static tw_err assert_passkey(struct tw_slice payload, struct tw_buf *ret)
{
	struct tw_passkey_assert q;

	if (tw_failed(tw_passkey_assert_read(payload, &q)))
		return TW_RAISE(UNTRUSTED, "core sends a question that is none: %s", tw_err_detail());
	tw_err e = tw_passkey_assert(&q);
	return tw_failed(e) ? judged(e, ret) : tw_buf_u8(ret, 1);
}

static tw_err answer(struct tw_argon_room *room, const struct tw_message *m, struct tw_buf *ret)
{
	switch (m->type) {
	case TW_HASH_MAKE:
		return make(room, m->payload, ret);
	case TW_HASH_VERIFY:
		return verify(room, m->payload, ret);
	case TW_HASH_ENROL:
		return enrol(m->payload, ret);
	default:
		return assert_passkey(m->payload, ret);
	}
}

static uint16_t type_of(uint16_t asked, const struct tw_buf *answer)
{
	if (asked == TW_HASH_MAKE)
		return TW_HASH_MADE;
	return asked == TW_HASH_ENROL && answer->size > 1 ? TW_HASH_ENROLLED : TW_HASH_VERIFIED;
}

static tw_err serve(void *user, tw_channel *core, const struct tw_message *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };
	struct tw_argon_room *room = user;
	char words[TW_HASH_WORDS_MAX];

	tw_buf_init(&said, room->sys, TW_PASSKEY_ENROLLED_MAX);
	tw_err e = answer(room, m, &said);
	tw_wipe((void *)(uintptr_t)m->payload.at, m->payload.size); /* the channel's own memory, used again for the next */
	if (!tw_failed(e))
		return tw_channel_send(core, type_of(m->type, &said), m->tag, said.data, said.size, NULL, 0);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	(void)snprintf(words, sizeof words, "%s: %s", tw_code_name(e.code), tw_err_detail());
	return tw_channel_send(core, TW_HASH_FAILED, m->tag, words, strlen(words), NULL, 0);
}

static int run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	struct tw_argon_room room = { .sys = sys };
	const struct tw_errand_work w = { tw_rows_hash_from_core, serve, &room, IDLE_MS };
	/* Said once, so that the C library does not learn to keep what a dear hash has taken. */
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	int status = tw_errand_run(sys, &w);

	tw_argon_room_done(&room);
	return status;
}

/* The second stands beside the first, and says so in lists of processes. */
static const struct tw_role_row rows[] = {
	{ "hash", TW_HASH_ROLE_MAY, run },
	{ "hash-2", TW_HASH_ROLE_MAY, run },
	{ .name = NULL },
};

int main(int argc, char **argv)
{
	return tw_role_main(rows, argc, argv);
}
