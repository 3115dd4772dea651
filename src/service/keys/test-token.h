/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token in the test's own memory: what the keystore asks is answered at once and in this process, as the test bends it. What a true token
 * would never say, and when, is said here.
 */
#ifndef TW_SERVICE_TEST_TOKEN_H
#define TW_SERVICE_TEST_TOKEN_H
#include "service/keys/keystore.h"

#include "base/cursor.h"
#include "sys/channel.h"
#include "sys/real.h"
#include "check.h"

#include <string.h>
#include <sys/socket.h>

#define PLAYED_ID 16 /* of a key; a wrapped secret has its 32 bytes behind, masked */
#define PLAYED_MASK 0x5a
#define PLAYED_MAX 64

static struct played {
	struct tw_sys sys; /* the keystore's end of the way to it */
	tw_token *token;
	tw_channel *channel;
	int asked[TW_TOKEN_OPS];
	struct {
		enum tw_token_op op; /* 0: none */
		enum tw_code code;   /* OK: answered, but of other sizes */
		int out, more;       /* so many bytes in all; -1: as they are */
		int after;           /* so many such questions go through before */
	} bend;
	const char *name; /* NULL: it does not say */
	uint8_t hardware;
	int64_t now_ms, lag_ms; /* each answer takes so long */
	uint8_t made;
	struct {
		tw_key *key; /* NULL: a wrapped secret */
		bool there;
	} of[PLAYED_MAX]; /* by the first byte of the id */
} played;

static inline struct tw_buf *played_sized(struct tw_buf *b, int size)
{
	while (size >= 0 && b->size < (size_t)size)
		CHECK_OK(tw_buf_u8(b, 0));
	if (size >= 0)
		b->size = (size_t)size;
	return b;
}

static inline enum tw_code played_make(struct tw_slice in, struct tw_token_answer *a)
{
	uint8_t id[PLAYED_ID] = { played.made, 7 }, point[TW_POINT_SIZE];
	if (in.size)
		return TW_CODE_UNSUPPORTED;
	CHECK(played.made < PLAYED_MAX);
	CHECK_OK(tw_key_generate(tw_sys_real(), &played.of[played.made].key));
	CHECK_OK(tw_key_point(played.of[played.made].key, point));
	played.of[played.made++].there = true;
	CHECK_OK(tw_buf_add(&a->out, point, sizeof point));
	CHECK_OK(tw_buf_add(&a->more, id, sizeof id));
	return TW_CODE_OK;
}

static inline void played_mask(struct tw_slice text, struct tw_buf *ret)
{
	for (size_t i = 0; i < text.size; i++)
		CHECK_OK(tw_buf_u8(ret, (uint8_t)text.at[i] ^ PLAYED_MASK));
}

static inline enum tw_code played_wrap(struct tw_slice in, struct tw_token_answer *a)
{
	const uint8_t id[PLAYED_ID] = { played.made, 8 };
	CHECK(played.made < PLAYED_MAX);
	played.of[played.made++].there = true;
	CHECK_OK(tw_buf_add(&a->out, id, sizeof id));
	played_mask(in, &a->out);
	return TW_CODE_OK;
}

static inline enum tw_code played_sweep(struct tw_slice in)
{
	bool known[PLAYED_MAX] = { false };
	struct tw_cursor c = tw_cursor_of(in.at, in.size);
	while (tw_cursor_left(&c)) {
		struct tw_slice handle;
		CHECK_OK(tw_cursor_block16(&c, TW_TOKEN_HANDLE_MAX, &handle));
		if (handle.size >= PLAYED_ID && (uint8_t)handle.at[0] < PLAYED_MAX)
			known[(uint8_t)handle.at[0]] = true;
	}
	for (size_t i = 0; i < PLAYED_MAX; i++)
		played.of[i].there = played.of[i].there && known[i];
	return TW_CODE_OK;
}

static inline enum tw_code played_describe(struct tw_token_answer *a)
{
	if (!played.name)
		return TW_CODE_CLOSED;
	CHECK_OK(tw_buf_u8(&a->out, played.hardware));
	CHECK_OK(tw_buf_text(&a->out, played.name));
	CHECK_OK(tw_buf_text(&a->more, "A token that is played"));
	return TW_CODE_OK;
}

static inline enum tw_code played_do(uint8_t op, struct tw_slice handle, struct tw_slice in, struct tw_token_answer *a)
{
	const size_t which = handle.size >= PLAYED_ID && (uint8_t)handle.at[0] < PLAYED_MAX ? (uint8_t)handle.at[0] : PLAYED_MAX - 1;
	uint8_t signature[TW_SIGNATURE_SIZE];
	switch (op) {
	case TW_TOKEN_MAKE:
		return played_make(in, a);
	case TW_TOKEN_SIGN:
		if (!played.of[which].there)
			return TW_CODE_STATE;
		CHECK_OK(tw_key_sign_digest(played.of[which].key, (const uint8_t *)in.at, signature));
		CHECK_OK(tw_buf_add(&a->out, signature, sizeof signature));
		return TW_CODE_OK;
	case TW_TOKEN_DESTROY:
		played.of[which].there = false;
		return TW_CODE_OK;
	case TW_TOKEN_WRAP:
		return played_wrap(in, a);
	case TW_TOKEN_UNWRAP: /* as a TPM, it opens what it ever made */
		played_mask((struct tw_slice){ handle.at + PLAYED_ID, handle.size - PLAYED_ID }, &a->out);
		return TW_CODE_OK;
	case TW_TOKEN_SWEEP:
		return played_sweep(in);
	default:
		return played_describe(a);
	}
}

static inline void played_answer(const struct tw_message *m)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct tw_cursor c = tw_cursor_of(m->payload.at, m->payload.size);
	struct tw_slice owner, handle, in;
	uint8_t op;
	CHECK_OK(tw_cursor_u8(&c, &op));
	CHECK_OK(tw_cursor_slice(&c, TW_TOKEN_OWNER, &owner));
	CHECK_OK(tw_cursor_block16(&c, TW_TOKEN_HANDLE_MAX, &handle));
	CHECK_OK(tw_cursor_block16(&c, 16 * 1024, &in));
	played.asked[op]++;
	tw_token_answer_init(tw_sys_real(), &a);
	tw_buf_init(&b, tw_sys_real(), 16 * 1024);
	const bool bent = played.bend.op == op && played.bend.after-- <= 0;
	const enum tw_code code = bent && played.bend.code ? played.bend.code : played_do(op, handle, in, &a);
	CHECK_OK(tw_buf_u8(&b, (uint8_t)code));
	if (code == TW_CODE_OK) {
		(void)played_sized(&a.out, bent ? played.bend.out : -1);
		(void)played_sized(&a.more, bent ? played.bend.more : -1);
		CHECK_OK(tw_buf_block16(&b, a.out.data, a.out.size));
		CHECK_OK(tw_buf_block16(&b, a.more.data, a.more.size));
	} else {
		CHECK_OK(tw_buf_text(&b, "played"));
	}
	CHECK_OK(tw_channel_send(played.channel, 2, m->tag, b.data, b.size, NULL, 0));
	played.now_ms += played.lag_ms;
}

static inline ssize_t played_sendmsg(const struct tw_sys *s, int fd, const struct msghdr *text, int flags)
{
	struct tw_message m;
	ssize_t n = tw_sys_real()->sendmsg(tw_sys_real(), fd, text, flags);
	if (n < 0)
		return n;
	CHECK_OK(tw_channel_receive(played.channel, &m));
	played_answer(&m);
	return n;
}

static inline int played_clock(const struct tw_sys *s, clockid_t id, struct timespec *ret)
{
	*ret = (struct timespec){ .tv_sec = played.now_ms / 1000, .tv_nsec = played.now_ms % 1000 * 1000000 };
	return 0;
}

static inline void played_end(void)
{
	played.token = tw_token_free(played.token);
	played.channel = tw_channel_free(played.channel);
	for (size_t i = 0; i < PLAYED_MAX; i++)
		(void)tw_key_free(played.of[i].key);
	played = (struct played){ 0 };
}

/* A fresh one. */
static inline void played_begin(void)
{
	static const struct tw_channel_row questions[] = { { 1, 0, 13, 16 * 1024, "question", 0 }, { 0 } };
	int pair[2];
	played_end();
	played.sys = *tw_sys_real();
	played.sys.sendmsg = played_sendmsg;
	played.sys.clock = played_clock;
	played.name = "one";
	played.now_ms = 1000;
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	CHECK_OK(tw_token_new(&played.sys, pair[0], &played.token));
	CHECK_OK(tw_channel_new(tw_sys_real(), pair[1], questions, &played.channel));
}

static inline void played_bend(enum tw_token_op op, enum tw_code code, int out, int more)
{
	played.bend.op = op;
	played.bend.code = code;
	played.bend.out = out;
	played.bend.more = more;
	played.bend.after = 0;
}

static inline void played_straight(void)
{
	played_bend(0, TW_CODE_OK, -1, -1);
}
#endif
