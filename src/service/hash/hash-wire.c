/* SPDX-License-Identifier: Apache-2.0 */
#include "service/hash/hash-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "service/hash/passkey-wire.h"

const struct tw_channel_row tw_rows_hash_from_core[] = {
	{ TW_HASH_MAKE, 0, 4 + 4 + 2 + 1, 4 + 4 + 2 + TW_HASH_PASSWORD_MAX, "make" },
	{ TW_HASH_VERIFY, 0, 2 + TW_PHC_SIZE + 2 + 1, TW_HASH_QUESTION_MAX, "verify" },
	{ TW_HASH_ENROL, 0, 2 + 1 + 2 + TW_PASSKEY_DATA_MIN, TW_PASSKEY_QUESTION_MAX, "enrol" },
	{ TW_HASH_ASSERT, 0, 2 + 1 + 1 + 2 + 32 + 32 + 2 + TW_PASSKEY_DATA_MIN + 2 + 1, TW_PASSKEY_QUESTION_MAX, "assert" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_hash[] = {
	{ TW_HASH_MADE, 0, TW_PHC_SIZE, TW_PHC_SIZE, "made" },
	{ TW_HASH_VERIFIED, 0, 1, 1, "verified" },
	{ TW_HASH_FAILED, 0, 0, TW_HASH_WORDS_MAX, "failed" },
	{ TW_HASH_ENROLLED, 0, 1 + 2 + 32 + 2 + 1, TW_PASSKEY_ENROLLED_MAX, "enrolled" },
	{ 0 },
};

static tw_err read_password(struct tw_cursor *c, struct tw_slice *ret)
{
	TW_TRY(tw_cursor_block16(c, TW_HASH_PASSWORD_MAX, ret));
	TW_TRY(tw_cursor_end(c));
	return ret->size ? TW_OK : TW_RAISE(SYNTAX, "no password");
}

tw_err tw_hash_make_write(const struct tw_hash_make *m, struct tw_buf *ret)
{
	TW_TRY(tw_buf_u32(ret, m->cost.memory_kib));
	TW_TRY(tw_buf_u32(ret, m->cost.passes));
	return tw_buf_block16(ret, m->password.at, m->password.size);
}

tw_err tw_hash_make_read(struct tw_slice payload, struct tw_hash_make *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);

	TW_TRY(tw_cursor_u32(&c, &ret->cost.memory_kib));
	TW_TRY(tw_cursor_u32(&c, &ret->cost.passes));
	if (!tw_hash_cost_valid(ret->cost))
		return TW_RAISE(LIMIT, "a hash of %u KiB and %u passes", ret->cost.memory_kib, ret->cost.passes);
	return read_password(&c, &ret->password);
}

tw_err tw_hash_verify_write(const struct tw_hash_verify *v, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, ret->sys, TW_PHC_MAX);
	TW_TRY(tw_buf_reserve(&text, TW_PHC_MAX));
	TW_TRY(tw_phc_write(&v->hash, &text));
	TW_TRY(tw_buf_block16(ret, text.data, text.size));
	return tw_buf_block16(ret, v->password.at, v->password.size);
}

tw_err tw_hash_verify_read(struct tw_slice payload, struct tw_hash_verify *ret)
{
	struct tw_cursor c = tw_cursor_of(payload.at, payload.size);
	struct tw_slice text;

	TW_TRY(tw_cursor_block16(&c, TW_PHC_SIZE, &text));
	TW_TRY(tw_phc_read(text, &ret->hash));
	return read_password(&c, &ret->password);
}
