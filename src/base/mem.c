/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation helpers, and secrets.
 *
 * A secret is one allocation: its size, then its bytes. Its pages are pinned where the system lets us and stay pinned after it is
 * freed: unpinning a page could expose another secret on the same page. Wiping is what ends a secret.
 */
#include "base/mem.h"

#include <string.h>

/* Keys and tokens are under 4 KiB; a larger "secret" is a mistake. */
#define SECRET_MAX (64 * 1024)

struct tw_secret {
	size_t size;
	uint8_t bytes[];
};

void *tw_alloc_array(const struct tw_sys *sys, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return sys->alloc(sys, total ? total : 1);
}

char *tw_strndup(const struct tw_sys *sys, const char *text, size_t length)
{
	size_t total;
	char *copy;

	if (__builtin_add_overflow(length, 1, &total))
		return NULL;
	copy = sys->alloc(sys, total);
	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

char *tw_strdup(const struct tw_sys *sys, const char *text)
{
	return tw_strndup(sys, text, strlen(text));
}

void tw_wipe(void *p, size_t size)
{
	if (size)
		explicit_bzero(p, size);
}

tw_err tw_secret_new(const struct tw_sys *sys, const void *data, size_t size, tw_secret **ret)
{
	tw_secret *s;

	if (size > SECRET_MAX)
		return TW_RAISE(LIMIT, "a secret of %zu bytes, limit %d", size, SECRET_MAX);
	s = sys->alloc(sys, sizeof *s + size);
	if (!s)
		return TW_RAISE(NOMEM, "secret of %zu bytes", size);
	(void)sys->pin(sys, s, sizeof *s + size); /* refused where the limit on locked memory is small: still wiped, never printed */
	s->size = size;
	if (data && size)
		memcpy(s->bytes, data, size);
	*ret = s;
	return TW_OK;
}

tw_err tw_secret_random(const struct tw_sys *sys, size_t size, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;

	TW_TRY(tw_secret_new(sys, NULL, size, &s));
	if (size && sys->random(sys, s->bytes, size) != 0)
		return TW_RAISE_ERRNO("random bytes for a secret");
	*ret = TW_STEAL(s);
	return TW_OK;
}

const uint8_t *tw_secret_bytes(const tw_secret *s)
{
	return s->bytes;
}

uint8_t *tw_secret_mutable(tw_secret *s)
{
	return s->bytes;
}

size_t tw_secret_size(const tw_secret *s)
{
	return s->size;
}

tw_secret *tw_secret_free(tw_secret *s)
{
	if (s)
		tw_wipe(s->bytes, s->size);
	free(s);
	return NULL;
}
