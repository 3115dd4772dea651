/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manufacturer's desk for tests: commands as the command line runs them, places of their own, and desks laid out from one CA and
 * product that are made once. In memory where there is some: what a cut leaves is computed from the journal, and a real disk would
 * only be slow.
 */
#ifndef TW_TOOL_TEST_DESK_H
#define TW_TOOL_TEST_DESK_H
#include "tool/ca.h"
#include "tool/commands.h"
#include "tool/files.h"

#include "check.h"
#include "crypto/hash.h"
#include "product/product.h"
#include "sys/real.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define DESK_PATH 128

static FILE *desk_nowhere; /* where the commands print */

/* Nonzero: it cannot be had. */
static inline int desk_open(void)
{
	desk_nowhere = fopen("/dev/null", "w");
	tw_crypto_use(tw_sys_real());
	tw_json_use(tw_sys_real());
	return desk_nowhere ? 0 : -1;
}

static inline int desk_close(void)
{
	return fclose(desk_nowhere);
}

/* A new directory. Nonzero: it cannot be had. */
static inline int desk_place(const char *name, char ret[64])
{
	(void)snprintf(ret, 64, "%s/tw-%s-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", name);
	return mkdtemp(ret) ? 0 : -1;
}

static inline int desk_remove_one(const char *path, const struct stat *st, int kind, struct FTW *f)
{
	return remove(path);
}

static inline void desk_remove(const char *path)
{
	(void)nftw(path, desk_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

typedef tw_err (*desk_command)(struct tw_tool *t, const struct tw_args *a);

/* Options end with a NULL name, or are NULL; a word that is NULL is not there. */
static inline tw_err desk_run(
	desk_command run, const struct tw_sys *sys, const char *const (*options)[2], const char *first, const char *second)
{
	struct tw_tool t = { .sys = sys, .out = desk_nowhere, .json = true };
	struct tw_args a = { .given_count = 0 };
	char *words[] = { (char *)first, (char *)second, NULL };

	for (; options && (*options)[0]; options++) {
		a.given[a.given_count].name = (*options)[0];
		a.given[a.given_count++].value = (*options)[1];
	}
	a.rest = words;
	a.rest_count = !first ? 0 : !second ? 1 : 2;
	return run(&t, &a);
}

static inline void desk_write(const char *base, const char *name, const char *text)
{
	char path[DESK_PATH];

	(void)snprintf(path, sizeof path, "%s/%s", base, name);
	CHECK_OK(tw_file_write(tw_sys_real(), path, text, strlen(text), 0600));
}

/* A CA whose keys no passphrase protects. */
static inline void desk_make_ca(const char *path)
{
	static const char *const plain[][2] = { { "unprotected", "" }, { NULL, NULL } };

	CHECK_OK(desk_run(tw_cmd_ca_init, tw_sys_real(), plain, path, NULL));
}

/* What desks are laid out from: a CA, the example product, and the ids of the roles. */
static inline void desk_seed(const char *seed, const char *roles)
{
	char path[DESK_PATH];

	(void)snprintf(path, sizeof path, "%s/ca", seed);
	desk_make_ca(path);
	desk_write(seed, TW_PRODUCT_FILE, tw_product_example);
	desk_write(seed, "roles", roles);
}

/* An empty desk with the seed's CA on it. */
static inline void desk_lay(const char *seed, const char *base)
{
	static const char *const files[] = { "ca.key", "ca.crt", "manifest.key", "manifest.crt" };
	char from[DESK_PATH], to[DESK_PATH];

	desk_remove(base);
	CHECK(mkdir(base, 0755) == 0);
	(void)snprintf(to, sizeof to, "%s/ca", base);
	CHECK(mkdir(to, 0700) == 0);
	for (size_t i = 0; i < TW_COUNT(files); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

		tw_buf_init(&b, tw_sys_real(), TW_FILE_MAX);
		(void)snprintf(from, sizeof from, "%s/ca/%s", seed, files[i]);
		(void)snprintf(to, sizeof to, "%s/ca/%s", base, files[i]);
		CHECK_OK(tw_file_read(tw_sys_real(), from, TW_FILE_MAX, &b));
		CHECK_OK(tw_file_write(tw_sys_real(), to, tw_buf_cstr(&b), b.size, 0600));
	}
}

/* What the registry on this desk knows. */
static inline void desk_registry(const char *base, tw_registry **ret)
{
	TW_CLEANUP(tw_closep) int ca = -1;
	char path[DESK_PATH];

	(void)snprintf(path, sizeof path, "%s/ca", base);
	CHECK_OK(tw_dir_open(tw_sys_real(), path, &ca));
	CHECK_OK(tw_registry_open(tw_sys_real(), ca, ret));
}
#endif
