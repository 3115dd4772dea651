/* SPDX-License-Identifier: Apache-2.0 */
/* A SoftHSM token of the test's own, and test/unit/odd-module.c before it, which does as the file "odd" says. */
#ifndef TW_SERVICE_TEST_SOFTHSM_H
#define TW_SERVICE_TEST_SOFTHSM_H
#include "crypto/token.h"
#include "service/test-dir.h"
#include "check.h"

#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define PIN "314159"

static struct test_dir tokens;

static inline void write_file(const struct test_dir *d, const char *name, const char *text)
{
	int fd = openat(d->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static inline int run(const char *const *argv)
{
	int status = -1;
	pid_t pid;
	char conf[128], *envp[] = { conf, NULL };
	(void)snprintf(conf, sizeof conf, "SOFTHSM2_CONF=%s/conf", tokens.path);
	CHECK_INT(posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, envp), 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static inline void make_token(const char *label)
{
	const char *const argv[] = { "softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "2718281", "--pin",
		PIN, NULL };
	CHECK_INT(run(argv), 0);
}

/* The folder with the token "unit", if SoftHSM is here. */
static inline bool tokens_new(void)
{
	char conf[256];
	bool has = access(SOFTHSM, R_OK) == 0;
	tokens = test_dir_new();
	CHECK_INT(mkdirat(tokens.fd, "t", 0700), 0);
	(void)snprintf(conf, sizeof conf, "directories.tokendir = %s/t\nobjectstore.backend = file\nlog.level = ERROR\n", tokens.path);
	write_file(&tokens, "conf", conf);
	if (has)
		make_token("unit");
	(void)snprintf(conf, sizeof conf, "%s/odd", tokens.path);
	CHECK_INT(setenv("ODD_MODULE", conf, 1), 0);
	return has;
}

static inline int tokens_done(void)
{
	const char *const argv[] = { "rm", "-rf", tokens.path, NULL };
	close(tokens.fd);
	return run(argv);
}

static inline void token_words(const char *module, const char *label, char ret[512])
{
	(void)snprintf(ret, 512, "pkcs11:module=%s;token=%s;env=SOFTHSM2_CONF=%s/conf", module, label, tokens.path);
}

static inline void odd(const char *what)
{
	write_file(&tokens, "odd", what);
}

/* How often the module was asked for what the log names. */
static inline int counted(const char *what)
{
	char line[32];
	int n = 0, fd = openat(tokens.fd, "odd.log", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	while (f && fgets(line, sizeof line, f))
		n += strncmp(line, what, strlen(what)) == 0;
	if (f)
		fclose(f);
	return n;
}
#endif
