/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a keystore does in a second: `keystore DIRECTORY WORDS FILE`. WORDS as for --keystore; FILE: with the PIN of a PKCS#11 token, or the
 * socket of a TPM, - for neither. Prints a line per operation: its name and how many a second, all of it as the keys role does it, durable
 * changes and the processes in front of a token included.
 */
#include "crypto/hash.h"
#include "service/keys/keystore.h"
#include "sys/real.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define FOR_S 0.6 /* per operation */

static const struct tw_sys *sys;
static tw_keystore *store;
static struct tw_buf sealed;

static void must(tw_err e)
{
	if (!tw_failed(e))
		return;
	fprintf(stderr, "%s: %s\n", tw_code_name(e.code), tw_err_detail());
	exit(1);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void make(void)
{
	uint8_t point[TW_POINT_SIZE];
	must(tw_keystore_generate(store, "made", point));
	must(tw_keystore_remove(store, "made"));
}

static void sign(void)
{
	static const uint8_t digest[32] = { 1 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	must(tw_keystore_sign_digest(store, "signs", digest, signature));
}

static void seal(void)
{
	tw_buf_clear(&sealed);
	must(tw_keystore_seal(store, TW_SLICE("use"), TW_SLICE("0123456789abcdef0123456789abcdef"), &sealed));
}

static void unseal(void)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *got = NULL;
	must(tw_keystore_unseal(store, TW_SLICE("use"), tw_buf_slice(&sealed), &got));
}

static void rotate(void)
{
	must(tw_keystore_rotate(store));
	must(tw_keystore_forget(store));
}

static const struct {
	const char *name;
	void (*run)(void);
} rows[] = { { "make and destroy a key", make }, { "sign", sign }, { "seal", seal }, { "unseal", unseal },
	{ "rotate the storage key", rotate } };

static int reach(const char *path, bool is_socket)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	if (!is_socket)
		return open(path, O_RDONLY | O_CLOEXEC);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	return connect(fd, (const struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static void open_store(int dir, const char *words, const char *file)
{
	struct tw_token_plan plan;
	tw_token *token = NULL;
	if (!tw_token_is(words)) {
		must(tw_keystore_file(sys, dir, NULL, &store));
		return;
	}
	must(tw_token_parse(words, &plan));
	plan.fd = reach(file, plan.kind == TW_TOKEN_TPM);
	must(tw_token_start(sys, &plan, &token));
	must(tw_keystore_token(sys, dir, plan.kind, token, plan.kind == TW_TOKEN_PKCS11 ? plan.fd : -1, &store));
}

int main(int argc, char **argv)
{
	uint8_t point[TW_POINT_SIZE];
	int dir = argc == 4 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	if (dir < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return 2;
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_buf_init(&sealed, sys, 4096);
	open_store(dir, argv[2], argv[3]);
	must(tw_keystore_generate(store, "signs", point));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		double start = now_s(), end = start;
		int n = 0;
		for (; end - start < FOR_S; end = now_s(), n++)
			rows[i].run();
		printf("%s\t%.1f\n", rows[i].name, n / (end - start));
	}
	(void)tw_keystore_close(store);
	return 0;
}
