/* SPDX-License-Identifier: Apache-2.0 */
/* What a browser says an authenticator was asked, and what core and hash say to one another of passkeys, by the first byte. */
#include "formats/clientdata.h"
#include "service/hash/passkey-wire.h"

#include "base/mem.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

static void same(tw_err e, const struct tw_buf *b, struct tw_slice want)
{
	if (tw_failed(e) || b->size != want.size || (want.size && memcmp(b->data, want.at, want.size) != 0))
		abort();
}

static bool holds(struct tw_slice in, const char *text)
{
	return memmem(in.at, in.size, text, strlen(text)) != NULL;
}

/* A member of the whole: of an object in it, it says nothing. */
static bool names_top_origin(struct tw_slice in)
{
	return holds(in, "\"topOrigin\":") && !memchr(in.at + 1, '{', in.size - 1);
}

/* What is taken has the three words in it, somewhere; letters that are written as escapes are letters too, so only plain text is looked through. */
static void client(struct tw_slice in, struct tw_buf *b)
{
	static const struct tw_client_data_want want = { TW_CLIENT_GET, "abc", "https://pump.example" };

	if (tw_failed(tw_client_data_check(in, &want)) || memchr(in.at, '\\', in.size))
		return;
	if (!holds(in, "webauthn.get") || !holds(in, "abc") || !holds(in, "https://pump.example") || names_top_origin(in))
		abort();
}

static void enrol(struct tw_slice in, struct tw_buf *b)
{
	struct tw_passkey_enrol q;

	if (!tw_failed(tw_passkey_enrol_read(in, &q)))
		same(tw_passkey_enrol_write(&q, b), b, in);
}

static void assert_passkey(struct tw_slice in, struct tw_buf *b)
{
	struct tw_passkey_assert q;

	if (!tw_failed(tw_passkey_assert_read(in, &q)))
		same(tw_passkey_assert_write(&q, b), b, in);
}

static void enrolled(struct tw_slice in, struct tw_buf *b)
{
	struct tw_passkey_enrolled a;

	if (!tw_failed(tw_passkey_enrolled_read(in, &a)))
		same(tw_passkey_enrolled_write(&a, b), b, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(struct tw_slice, struct tw_buf *) = { client, enrol, assert_passkey, enrolled };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (size == 0)
		return 0;
	tw_buf_init(&b, tw_sys_real(), TW_PASSKEY_QUESTION_MAX);
	all[data[0] % TW_COUNT(all)]((struct tw_slice){ (const char *)data + 1, size - 1 }, &b);
	return 0;
}
