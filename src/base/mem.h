/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership in two macros, and secrets.
 *
 * TW_CLEANUP frees on every return; TW_STEAL hands over. A variable that has a cleanup is initialised where it is declared.
 */
#ifndef TW_BASE_MEM_H
#define TW_BASE_MEM_H

#include "base/err.h"
#include "base/sys.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define TW_CLEANUP(function) __attribute__((cleanup(function)))
#define TW_STEAL(pointer)                                   \
	({                                                  \
		__typeof__(pointer) *tw_from_ = &(pointer); \
		__typeof__(pointer) tw_got_ = *tw_from_;    \
		*tw_from_ = NULL;                           \
		tw_got_;                                    \
	})
/* Makes tw_thing_freep from tw_thing_free, for TW_CLEANUP. */
#define TW_DEFINE_FREEP(type, function)                                  \
	__attribute__((unused)) static inline void function##p(type **p) \
	{                                                                \
		(void)function(*p);                                      \
		*p = NULL;                                               \
	}

static inline void tw_freep(void *p)
{
	free(*(void **)p);
	*(void **)p = NULL;
}

static inline void tw_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define TW_COUNT(array) (sizeof(array) / sizeof *(array))

/* Bytes that must not leak: locked where the system allows it, wiped when freed, never printed. */
typedef struct tw_secret tw_secret;
tw_err tw_secret_new(const struct tw_sys *sys, const void *data, size_t size, tw_secret **ret); /* data NULL: zeroes */
tw_err tw_secret_random(const struct tw_sys *sys, size_t size, tw_secret **ret);
const uint8_t *tw_secret_bytes(const tw_secret *s);
uint8_t *tw_secret_mutable(tw_secret *s);
size_t tw_secret_size(const tw_secret *s);
tw_secret *tw_secret_free(tw_secret *s);
TW_DEFINE_FREEP(tw_secret, tw_secret_free)

void tw_wipe(void *p, size_t size); /* not optimised away */

#endif
