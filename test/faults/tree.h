/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a small directory tree, made and removed many times a second. */
#ifndef TW_TEST_TREE_H
#define TW_TEST_TREE_H
#include <stdbool.h>
bool tree_copy(const char *from, const char *to);   /* to is made */
bool tree_same(const char *one, const char *other); /* names and bytes; false also when it cannot be told */
void tree_remove(const char *path);
#endif
