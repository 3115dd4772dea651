/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes as a store may hold them, and what core and hash say to one another, by the first byte: what is accepted has one form and is bounded. */
#include "service/hash/hash-wire.h"

#include "base/mem.h"
#include "sys/real.h"

#include <stdlib.h>
#include <string.h>

static void same(tw_err e, const struct tw_buf *b, struct tw_slice want)
{
	if (tw_failed(e) || b->size != want.size || (want.size && memcmp(b->data, want.at, want.size) != 0))
		abort();
}

static void bounded(struct tw_hash_cost c)
{
	if (c.memory_kib < 19456 || c.memory_kib > 65536 || c.passes < 2 || c.passes > 8)
		abort();
}

static void phc(struct tw_slice in, struct tw_buf *b)
{
	struct tw_phc h;

	if (tw_failed(tw_phc_read(in, &h)))
		return;
	bounded(h.cost);
	same(tw_phc_write(&h, b), b, in);
}

static void make(struct tw_slice in, struct tw_buf *b)
{
	struct tw_hash_make m;

	if (tw_failed(tw_hash_make_read(in, &m)))
		return;
	bounded(m.cost);
	same(tw_hash_make_write(&m, b), b, in);
}

static void verify(struct tw_slice in, struct tw_buf *b)
{
	struct tw_hash_verify v;

	if (tw_failed(tw_hash_verify_read(in, &v)))
		return;
	bounded(v.hash.cost);
	if (v.password.size == 0 || v.password.size > TW_HASH_PASSWORD_MAX)
		abort();
	same(tw_hash_verify_write(&v, b), b, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(struct tw_slice, struct tw_buf *) = { phc, make, verify };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	if (size == 0)
		return 0;
	tw_buf_init(&b, tw_sys_real(), TW_HASH_QUESTION_MAX);
	all[data[0] % TW_COUNT(all)]((struct tw_slice){ (const char *)data + 1, size - 1 }, &b);
	return 0;
}
