/* SPDX-License-Identifier: Apache-2.0 */
/* What a process holds: bytes of memory in use, and descriptors. Under a sanitizer memory is that one's business. */
#ifndef TW_TEST_BALANCE_H
#define TW_TEST_BALANCE_H
#include <stdbool.h>
#include <stddef.h>
struct balance {
	size_t bytes;
	int fds;
};
/* Starts the program anew with an allocator whose count is exact; returns when that has been done. */
void balance_begin(char **argv);
struct balance balance_now(void);
#endif
