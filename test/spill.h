/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a secret leaves behind: in blocks that were given back, and on the stack below whoever used it.
 *
 * A test program that includes this is linked with --wrap for free, calloc and realloc (`'spills': true` in src), so every block that
 * our code or, through our allocator, OpenSSL gives back passes here while it is still readable. What a removed wipe leaves is seen.
 */
#ifndef TW_TEST_SPILL_H
#define TW_TEST_SPILL_H
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_realloc(void *p, size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_free(void *p);

static struct {
	const void *secret; /* NULL: nothing is watched for */
	size_t size;
	size_t seen;
	void *held[1024]; /* blocks of the seam that were made since the watch began, and that nobody has given back */
	size_t count;
} spill;

static inline void spill_watch(const void *secret, size_t size)
{
	spill.secret = secret;
	spill.size = size;
	spill.seen = spill.count = 0;
}

static inline bool spill_in(void *p)
{
	return memmem(p, malloc_usable_size(p), spill.secret, spill.size) != NULL;
}

/* How many blocks hold it that are still there, of those that came since: ours, and all of OpenSSL's. */
static inline size_t spill_held(void)
{
	size_t n = 0;
	for (size_t i = 0; i < spill.count; i++)
		n += spill_in(spill.held[i]);
	return n;
}

/* How many blocks held it when they were given back; ends the watch. */
static inline size_t spill_seen(void)
{
	spill.secret = NULL;
	return spill.seen;
}

static inline void *spill_note(void *p)
{
	if (p && spill.secret && spill.count < sizeof spill.held / sizeof *spill.held)
		spill.held[spill.count++] = p;
	return p;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return spill_note(__real_calloc(count, size));
}

void __wrap_free(void *p)
{
	if (p && spill.secret) {
		spill.seen += spill_in(p);
		for (size_t i = 0; i < spill.count; i++)
			spill.held[i] = spill.held[i] == p ? spill.held[--spill.count] : spill.held[i];
	}
	__real_free(p);
}

/* Always moves: growing in place is luck. */
void *__wrap_realloc(void *p, size_t size)
{
	if (!spill.secret)
		return __real_realloc(p, size);
	size_t had = p ? malloc_usable_size(p) : 0;
	void *moved = malloc(size);
	if (!moved)
		return NULL;
	if (p)
		memcpy(moved, p, had < size ? had : size);
	__wrap_free(p);
	return spill_note(moved);
}

/* Called right before what is tried: what others have left there is none of its doing. */
__attribute__((noinline, unused)) static void spill_clear_stack(void)
{
	char area[32 * 1024];
	memset(area, 0, sizeof area);
	__asm__ volatile("" : : "r"(area) : "memory");
}

/* Called right after what is tried: whether the stack it has left still holds the secret. */
__attribute__((noinline, unused, no_sanitize("address"))) static bool spill_on_stack(const void *secret, size_t size)
{
	char area[24 * 1024];
	__asm__ volatile("" : "=m"(area));
	return memmem(area, sizeof area, secret, size) != NULL;
}
#endif
