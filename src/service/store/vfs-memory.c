/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's settings for the process, and its memory from the seam.
 *
 * SQLite offers one allocator per process and hands its functions no context, so the seam has to stand in a variable here.
 * A block carries its size in front, because SQLite asks for it.
 */
#include "service/store/vfs-memory.h"

#include <sqlite3.h>

#define HEAD 16 /* keeps the alignment malloc promises */

static const struct tw_sys *seam;

static int memory_size(void *p)
{
	return (int)*(size_t *)(void *)((char *)p - HEAD);
}

static void *memory_alloc(int size)
{
	char *p = seam->alloc(seam, (size_t)size + HEAD);
	if (!p)
		return NULL;
	*(size_t *)(void *)p = (size_t)size;
	return p + HEAD;
}

static void memory_free(void *p)
{
	if (p)
		free((char *)p - HEAD);
}

static void *memory_resize(void *p, int size)
{
	char *n = seam->resize(seam, (char *)p - HEAD, (size_t)size + HEAD);
	if (!n)
		return NULL;
	*(size_t *)(void *)n = (size_t)size;
	return n + HEAD;
}

static int memory_round(int size)
{
	return (size + 7) & ~7;
}

static int memory_init(void *unused)
{
	return SQLITE_OK;
}

static void memory_done(void *unused)
{
}

static const sqlite3_mem_methods memory = { memory_alloc, memory_free, memory_resize, memory_size, memory_round, memory_init,
	memory_done, NULL };

tw_err tw_sqlite_use(const struct tw_sys *sys)
{
	static bool configured;
	seam = sys;
	if (configured)
		return TW_OK;
	int status = sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	if (status == SQLITE_OK)
		status = sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
	if (status == SQLITE_OK)
		status = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (status == SQLITE_OK)
		status = sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 512, 32); /* 16 KiB instead of 48: statements are few and kept */
	if (status != SQLITE_OK)
		return TW_RAISE(INTERNAL, "SQLite was in use before its settings were made: %s", sqlite3_errstr(status));
	configured = true;
	return TW_OK;
}
