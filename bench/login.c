/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a login pays for its hash being computed in another process: verifications by libargon2 at hand, and by the hash role over its
 * channel, in turn. `login PROGRAM UID`; prints milliseconds of processor time, ours and the role's together: bare, by the role, best of
 * seven rounds, and the role's start. `login bare`: a few at hand for each line of its input, and a line with what one took.
 */
#include "crypto/hash.h"
#include "service/role.h"
#include "service/hash/hash-wire.h"
#include "sys/real.h"

#include <argon2.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#define ROUNDS 7
#define VERIFICATIONS 5

static const struct tw_sys *sys;
static pid_t role_pid;

static void must(tw_err e)
{
	if (!tw_failed(e))
		return;
	fprintf(stderr, "%s: %s\n", tw_code_name(e.code), tw_err_detail());
	exit(1);
}

static double clock_ms(clockid_t id)
{
	struct timespec t;
	if (clock_gettime(id, &t))
		exit(1);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
	clockid_t of_role;
	if (!role_pid)
		return clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	if (clock_getcpuclockid(role_pid, &of_role))
		exit(1);
	return clock_ms(CLOCK_PROCESS_CPUTIME_ID) + clock_ms(of_role);
}

static tw_channel *start_role(const char *program, const char *uid)
{
	int hands[2], core[2];
	char told[64];
	tw_channel *channel = NULL;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, hands) || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, core))
		exit(1);
	role_pid = fork();
	if (role_pid == 0) {
		int null = open("/dev/null", O_RDWR), born[] = { null, null, 2, hands[1], core[1], null, null }, high[7];
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int i = 0; i < 7; i++)
			high[i] = fcntl(born[i], F_DUPFD, 50);
		for (int i = 0; i < 7; i++)
			dup2(high[i], i);
		execl(program, program, "hash", uid, uid, (char *)NULL);
		_exit(127);
	}
	if (recv(hands[0], told, sizeof told, 0) < TW_CHANNEL_HEAD) /* its sandbox stands */
		exit(1);
	must(tw_channel_new(sys, core[0], tw_rows_core_from_hash, &channel));
	return channel;
}

static double by_role(tw_channel *role, const struct tw_buf *question)
{
	struct tw_message m;
	double start = cpu_ms();

	for (int i = 0; i < VERIFICATIONS; i++) {
		must(tw_channel_call(role, TW_HASH_VERIFY, question->data, question->size, TW_HASH_VERIFIED, 20000, &m));
		if (m.payload.at[0] != 0)
			exit(1);
	}
	return (cpu_ms() - start) / VERIFICATIONS;
}

static double bare(void)
{
	uint8_t tag[TW_HASH_TAG_SIZE], salt[TW_HASH_SALT_SIZE] = { 1 };
	double start = cpu_ms();

	for (int i = 0; i < VERIFICATIONS; i++)
		if (argon2id_hash_raw(TW_HASH_PASSES_MIN, TW_HASH_KIB_MIN, 1, "open sesame", 11, salt, sizeof salt, tag, sizeof tag) != ARGON2_OK)
			exit(1);
	return (cpu_ms() - start) / VERIFICATIONS;
}

/* Beside something else that is measured in turn with it. */
static int bare_in_turn(void)
{
	char line[16];

	while (fgets(line, sizeof line, stdin)) {
		printf("%.3f\n", bare());
		(void)fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct tw_hash_verify v = { { { TW_HASH_KIB_MIN, TW_HASH_PASSES_MIN }, { 1 }, { 2 } }, TW_SLICE("open sesame") };
	double at_hand = 1e9, remote = 1e9, start;
	struct tw_buf question = { 0 };

	if (argc == 2 && !strcmp(argv[1], "bare"))
		return bare_in_turn();
	if (argc != 3)
		return 2;
	sys = tw_sys_real();
	tw_crypto_use(sys);
	tw_buf_init(&question, sys, TW_HASH_QUESTION_MAX);
	must(tw_hash_verify_write(&v, &question));
	tw_channel *role = start_role(argv[1], argv[2]);
	clockid_t of_role;
	start = clock_getcpuclockid(role_pid, &of_role) ? 0 : clock_ms(of_role);
	for (int i = 0; i < ROUNDS; i++) {
		double b = bare(), r = by_role(role, &question);
		at_hand = b < at_hand ? b : at_hand;
		remote = r < remote ? r : remote;
	}
	printf("%.3f %.3f %.3f\n", at_hand, remote, start);
	return 0;
}
