/* SPDX-License-Identifier: Apache-2.0 */
#include "device/hash/argon.h"

#include "base/mem.h"
#include "base/sys.h"

#include <argon2.h>

/* libargon2's callbacks have no word of the caller's; set for the time of one call. */
static struct tw_argon_room *room;

static int allocate(uint8_t **ret, size_t size)
{
	if (size == TW_ARGON_KEPT && !room->kept)
		room->kept = room->sys->alloc(room->sys, size);
	*ret = size == TW_ARGON_KEPT ? room->kept : room->sys->alloc(room->sys, size);
	return *ret ? ARGON2_OK : ARGON2_MEMORY_ALLOCATION_ERROR;
}

/* libargon2 has wiped it. */
static void release(uint8_t *p, size_t size)
{
	if (p != room->kept)
		free(p);
}

void tw_argon_room_done(struct tw_argon_room *r)
{
	free(r->kept);
	r->kept = NULL;
}

tw_err tw_argon(struct tw_argon_room *r, struct tw_slice password, struct tw_phc *h)
{
	argon2_context c = {
		.out = h->tag,
		.outlen = sizeof h->tag,
		.pwd = (uint8_t *)(uintptr_t)password.at, /* not written to without a flag that says so */
		.pwdlen = (uint32_t)password.size,
		.salt = h->salt,
		.saltlen = sizeof h->salt,
		.t_cost = h->cost.passes,
		.m_cost = h->cost.memory_kib,
		.lanes = 1,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = allocate,
		.free_cbk = release,
		.flags = ARGON2_DEFAULT_FLAGS,
	};

	if (!tw_hash_cost_valid(h->cost) || password.size > UINT32_MAX)
		return TW_RAISE(LIMIT, "a hash of %u KiB and %u passes", h->cost.memory_kib, h->cost.passes);
	room = r;
	int failed = argon2id_ctx(&c);
	room = NULL;
	if (failed == ARGON2_MEMORY_ALLOCATION_ERROR)
		return TW_RAISE(NOMEM, "%u KiB to hash a password", h->cost.memory_kib);
	return failed == ARGON2_OK ? TW_OK : TW_RAISE(CRYPTO, "Argon2id: %s", argon2_error_message(failed));
}
