/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a handshake pays for its key being in another process: signatures by a key at hand, and by the keys role over its channel,
 * in turn. `signing DIRECTORY` (the role's, as provision leaves it); prints microseconds of real time, the best of seven rounds.
 */
#include "crypto/hash.h"
#include "service/keys/keys.h"
#include "sys/real.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define ROUNDS 7
#define SIGNATURES 400

static const struct tw_sys *sys;

static void must(tw_err e)
{
	if (!tw_failed(e))
		return;
	fprintf(stderr, "%s: %s\n", tw_code_name(e.code), tw_err_detail());
	exit(1);
}

static double now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The role as a process; returns front's end. */
static int start_role(const char *directory)
{
	int hands[2], core[2], front[2], dir = open(directory, O_RDONLY | O_DIRECTORY);
	if (dir < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, hands) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, core) ||
		socketpair(AF_UNIX, SOCK_SEQPACKET, 0, front))
		exit(1);
	if (fork() == 0) {
		const int born[] = { hands[1], core[1], front[1], dir };
		int high[4];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 4; i++)
			high[i] = fcntl(born[i], F_DUPFD, 50);
		for (int i = 0; i < 4; i++)
			dup2(high[i], TW_FD_HANDS + i);
		_exit(tw_keys_run(sys, &(struct tw_role_start){ .fd_count = TW_FD_OWN + 1 }));
	}
	return front[0];
}

static double local_us(const tw_key *key)
{
	uint8_t digest[32] = { 1 }, der[80];
	size_t size;
	double start = now_us();
	for (int i = 0; i < SIGNATURES; i++)
		must(tw_key_sign_digest_der(key, digest, der, sizeof der, &size));
	return (now_us() - start) / SIGNATURES;
}

static double remote_us(tw_channel *keys)
{
	uint8_t digest[32] = { 1 };
	struct tw_message m;
	double start = now_us();
	for (int i = 0; i < SIGNATURES; i++)
		must(tw_channel_call(keys, TW_WIRE_TLS_SIGN, digest, sizeof digest, TW_WIRE_TLS_SIGNED, TW_KEYS_TIMEOUT_MS, &m));
	return (now_us() - start) / SIGNATURES;
}

int main(int argc, char **argv)
{
	tw_key *key = NULL;
	tw_channel *keys = NULL;
	double local = 1e9, remote = 1e9;
	if (argc != 2)
		return 2;
	sys = tw_sys_real();
	tw_crypto_use(sys);
	must(tw_key_generate(sys, &key));
	must(tw_channel_new(sys, start_role(argv[1]), tw_rows_front_from_keys, &keys));
	for (int i = 0; i < ROUNDS; i++) {
		double l = local_us(key), r = remote_us(keys);
		local = l < local ? l : local;
		remote = r < remote ? r : remote;
	}
	printf("%.1f %.1f\n", local, remote);
	return 0;
}
