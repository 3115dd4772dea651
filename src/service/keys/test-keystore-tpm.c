/* SPDX-License-Identifier: Apache-2.0 */
/* The keystore on a TPM 2.0: swtpm keeps the contract; it is stopped, ended and exchanged as a TPM would be. */
#include "service/keys/test-keystore.h"

#include "crypto/hash.h"
#include "crypto/token.h"
#include "oom.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

static const struct tw_sys *sys;
static struct test_dir dir, tpms;
static struct tw_token_plan plan;
static tw_token *token;
static bool has_swtpm;
static pid_t swtpm;

static void end_swtpm(void)
{
	if (swtpm <= 0)
		return;
	CHECK_INT(kill(swtpm, SIGKILL), 0);
	CHECK(waitpid(swtpm, NULL, 0) == swtpm);
	swtpm = 0;
}

static int reach(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s/sock", tpms.path);
	for (int i = 0; i < 500; i++) { /* it makes its door when it is ready */
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(fd, (const struct sockaddr *)&at, sizeof at) == 0)
			return fd;
		close(fd);
		(void)nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
	}
	return -1;
}

/* Each name is a TPM of its own. */
static void start_swtpm(const char *name)
{
	char state[96], server[96];
	const char *const argv[] = { "swtpm", "socket", "--tpm2", "--server", server, "--tpmstate", state, "--flags",
		"not-need-init,startup-clear", NULL };
	char *envp[] = { NULL };
	end_swtpm();
	(void)unlinkat(tpms.fd, "sock", 0);
	CHECK(mkdirat(tpms.fd, name, 0700) == 0 || errno == EEXIST);
	(void)snprintf(state, sizeof state, "dir=%s/%s", tpms.path, name);
	(void)snprintf(server, sizeof server, "type=unixio,path=%s/sock", tpms.path);
	CHECK_INT(posix_spawnp(&swtpm, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, envp), 0);
	if (plan.fd >= 0)
		close(plan.fd);
	plan.fd = reach();
	CHECK(plan.fd >= 0);
}

static void restart(void)
{
	token = tw_token_free(token);
	CHECK_OK(tw_token_start(sys, &plan, &token));
}

static void use_tpm(const char *name)
{
	token = tw_token_free(token);
	start_swtpm(name);
	restart();
}

static int set_up(void **state)
{
	const char *const argv[] = { "swtpm", "--version", NULL };
	char *envp[] = { NULL };
	int status = -1;
	pid_t pid;
	sys = tw_sys_real();
	tw_crypto_use(sys);
	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR); /* as in a role */
	dir = test_dir_new();
	tpms = test_dir_new();
	CHECK_OK(tw_token_parse("tpm:swtpm:path=/sock", &plan));
	has_swtpm = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, envp) == 0 &&
		waitpid(pid, &status, 0) == pid && status == 0;
	if (has_swtpm)
		use_tpm("one");
	return 0;
}

static int tear_down(void **state)
{
	const char *const argv[] = { "rm", "-rf", tpms.path, NULL };
	char *envp[] = { NULL };
	pid_t pid;
	token = tw_token_free(token);
	end_swtpm();
	(void)close(plan.fd);
	test_dir_done(&dir);
	CHECK_INT(posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)(uintptr_t)argv, envp), 0);
	CHECK(waitpid(pid, NULL, 0) == pid);
	return 0;
}

static tw_err open_tpm_in(const struct tw_sys *s, int directory, tw_keystore **ret)
{
	return tw_keystore_token(s, directory, TW_TOKEN_TPM, token, -1, ret);
}

static tw_err open_tpm(tw_keystore **ret)
{
	return open_tpm_in(sys, dir.fd, ret);
}

static void need_swtpm(void)
{
	if (!has_swtpm) {
		print_message("swtpm is not installed\n");
		skip();
	}
	test_dir_empty(&dir);
}

static void test_contract(void **state)
{
	need_swtpm();
	keystore_makes_keys(open_tpm);
	keystore_refuses_names(open_tpm);
	test_dir_empty(&dir);
	keystore_rotates_keys(open_tpm);
	test_dir_empty(&dir);
	keystore_seals(open_tpm);
}

static void test_import(void **state)
{
	need_swtpm();
	keystore_imports(open_tpm);
}

/* One that sleeps is given up in time; the answer that comes late is nobody's, and the next one is its own. */
static void test_slow_tpm(void **state)
{
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	need_swtpm();
	CHECK_OK(open_tpm(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	CHECK_INT(kill(swtpm, SIGSTOP), 0);
	check_sign_is(k, TW_CODE_TIMEOUT);
	CHECK_INT(kill(swtpm, SIGCONT), 0);
	check_signs(k, "one", point);
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_TEXT(s.kind, "tpm");
	CHECK(!s.hardware && !s.outside && strstr(s.detail, "TPM 2.0") && strstr(s.detail, "software"));
	tw_keystore_close(k);
}

/* Ended in use; the same one again has the same keys, with what was loaded lost or not. */
static void test_tpm_removed_in_use(void **state)
{
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	need_swtpm();
	CHECK_OK(open_tpm(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	end_swtpm();
	check_sign_is(k, TW_CODE_CLOSED);
	check_sign_is(k, TW_CODE_CLOSED);
	CHECK_ERR(tw_keystore_state(k, &s), CLOSED);
	k = tw_keystore_close(k);
	CHECK_ERR(open_tpm(&k), CLOSED);
	use_tpm("one");
	CHECK_OK(open_tpm(&k));
	check_signs(k, "one", point);
	k = tw_keystore_close(k);
	for (int i = 0; i < 4; i++) { /* a TPM without a resource manager has room for three */
		restart();
		CHECK_OK(open_tpm(&k));
		check_signs(k, "one", point);
		k = tw_keystore_close(k);
	}
}

static void test_no_tpm(void **state)
{
	tw_keystore *k = NULL;
	int was = plan.fd;
	test_dir_empty(&dir);
	plan.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	restart();
	CHECK_ERR(open_tpm(&k), CLOSED);
	close(plan.fd);
	plan.fd = was;
	if (has_swtpm)
		use_tpm("one");
}

static tw_err ask(enum tw_token_op op, struct tw_slice handle, struct tw_slice in, struct tw_token_answer *ret)
{
	const struct tw_token_question q = { .op = (uint8_t)op, .handle = handle, .in = in };
	tw_token_answer_init(sys, ret);
	return tw_token_ask(token, &q, ret);
}

/* --- Locked --- */

/* TPM2_HierarchyChangeAuth of the owner hierarchy, byte by byte: nothing of ours has a call for it. */
static void set_owner_password(const char *from, const char *to)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 }, command = { 0 };
	uint8_t answer[64];
	tw_buf_init(&body, sys, 256);
	tw_buf_init(&command, sys, 256);
	CHECK_OK(tw_buf_u32(&body, 0x40000001)); /* TPM_RH_OWNER */
	CHECK_OK(tw_buf_u32(&body, 9 + (uint32_t)strlen(from)));
	CHECK_OK(tw_buf_u32(&body, 0x40000009)); /* TPM_RS_PW, without nonce or attributes */
	CHECK_OK(tw_buf_add(&body, "\0\0\0", 3));
	CHECK_OK(tw_buf_block16(&body, from, strlen(from)));
	CHECK_OK(tw_buf_block16(&body, to, strlen(to)));
	CHECK_OK(tw_buf_add(&command, "\x80\2", 2)); /* TPM_ST_SESSIONS */
	CHECK_OK(tw_buf_u32(&command, 10 + (uint32_t)body.size));
	CHECK_OK(tw_buf_u32(&command, 0x129));
	CHECK_OK(tw_buf_add(&command, body.data, body.size));
	CHECK(write(plan.fd, command.data, command.size) == (ssize_t)command.size);
	CHECK_INT(poll(&(struct pollfd){ .fd = plan.fd, .events = POLLIN }, 1, 10000), 1);
	CHECK(read(plan.fd, answer, sizeof answer) >= 10);
	CHECK_BYTES(answer + 6, "\0\0\0\0", 4);
}

/* @nist DP.CKM.2: the TPM's own wrong PIN. Nothing is made anew where it does not open, and the keys are there again with the right one. */
static void test_owner_has_a_password(void **state)
{
	struct tw_keystore_state s;
	tw_keystore *k = NULL;
	uint8_t point[TW_POINT_SIZE];
	need_swtpm();
	CHECK_OK(open_tpm(&k));
	CHECK_OK(tw_keystore_generate(k, "one", point));
	token = tw_token_free(token);
	start_swtpm("one"); /* begun anew, so that nobody else speaks on the way to it */
	set_owner_password("", "secret");
	restart();
	tw_keystore_close(k);
	CHECK_ERR(open_tpm(&k), STATE);
	CHECK(strstr(tw_err_detail(), "password") != NULL);
	CHECK_ERR(open_tpm(&k), STATE);
	token = tw_token_free(token);
	start_swtpm("one");
	set_owner_password("secret", "");
	restart();
	CHECK_OK(open_tpm(&k));
	check_signs(k, "one", point);
	CHECK_OK(tw_keystore_state(k, &s));
	CHECK_INT(s.generation, 1);
	tw_keystore_close(k);
}

/* A TPM that answers every command with one code. */
static pid_t start_refusing(uint32_t rc)
{
	const uint8_t answer[10] = { 0x80, 0x01, 0, 0, 0, 10, (uint8_t)(rc >> 24), (uint8_t)(rc >> 16), (uint8_t)(rc >> 8), (uint8_t)rc };
	uint8_t command[4096];
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fflush(NULL);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		close(pair[0]);
		while (read(pair[1], command, sizeof command) > 0 && write(pair[1], answer, sizeof answer) == (ssize_t)sizeof answer) {
		}
		_exit(0);
	}
	close(pair[1]);
	CHECK_INT(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	plan.fd = pair[0];
	return pid;
}

/* Each is told as what it is, and no vault is begun over it. */
static void test_refusing_tpm(void **state)
{
	static const struct {
		uint32_t rc;
		enum tw_code want;
		const char *words;
	} rows[] = {
		{ 0x921, TW_CODE_STATE, "locked" },      /* TPM_RC_LOCKOUT */
		{ 0x100, TW_CODE_STATE, "not started" }, /* TPM_RC_INITIALIZE */
		{ 0x9a2, TW_CODE_STATE, "password" },    /* TPM_RC_BAD_AUTH, of the first session */
		{ 0x98e, TW_CODE_STATE, "password" },    /* TPM_RC_AUTH_FAIL, likewise */
		{ 0x101, TW_CODE_CRYPTO, "0x101" },      /* TPM_RC_FAILURE */
	};
	tw_keystore *k = NULL;
	int was = plan.fd;
	need_swtpm();
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		token = tw_token_free(token);
		pid_t pid = start_refusing(rows[i].rc);
		restart();
		CHECK_INT(open_tpm(&k).code, rows[i].want);
		CHECK(strstr(tw_err_detail(), rows[i].words) != NULL);
		CHECK(faccessat(dir.fd, "tpm.a", F_OK, 0) != 0);
		token = tw_token_free(token);
		close(plan.fd);
		CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	}
	plan.fd = was;
	use_tpm("one");
}

/* @nist DP.CKM.2: what one TPM made opens in no other, neither the whole keystore nor a single blob */
static void test_another_tpm(void **state)
{
	static const char digest[32] = { 1 };
	const struct tw_slice nothing = { NULL, 0 }, secret = { digest, 32 };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer key = { 0 }, sealed = { 0 }, a = { 0 };
	tw_keystore *k = NULL;
	need_swtpm();
	CHECK_OK(open_tpm(&k));
	k = tw_keystore_close(k);
	CHECK_OK(ask(TW_TOKEN_MAKE, nothing, nothing, &key));
	CHECK_OK(ask(TW_TOKEN_WRAP, nothing, secret, &sealed));
	CHECK_OK(ask(TW_TOKEN_UNWRAP, tw_buf_slice(&sealed.out), nothing, &a));
	CHECK_BYTES(a.out.data, digest, 32);
	CHECK(memmem(sealed.out.data, sealed.out.size, digest, 32) == NULL);
	tw_token_answer_done(&a);
	use_tpm("two");
	CHECK_ERR(open_tpm(&k), UNTRUSTED);
	CHECK_ERR(ask(TW_TOKEN_SIGN, tw_buf_slice(&key.more), secret, &a), STATE);
	CHECK_ERR(ask(TW_TOKEN_UNWRAP, tw_buf_slice(&sealed.out), nothing, &a), STATE);
	use_tpm("one");
	CHECK_OK(ask(TW_TOKEN_SIGN, tw_buf_slice(&key.more), secret, &a));
	for (size_t n = 0; n < key.more.size; n += 7) {
		tw_token_answer_done(&a);
		tw_err e = ask(TW_TOKEN_SIGN, (struct tw_slice){ key.more.data, n }, secret, &a);
		CHECK(tw_is(e, TW_CODE_SYNTAX));
	}
	CHECK_OK(open_tpm(&k));
	tw_keystore_close(k);
}

/* --- A way that fails --- */

static int writes_left;

static ssize_t failing_write(const struct tw_sys *s, int fd, const void *data, size_t size)
{
	if (--writes_left == 0) {
		errno = EIO;
		return -1;
	}
	return tw_sys_real()->write(tw_sys_real(), fd, data, size);
}

/* One command that does not get through costs its own question, at most; libtss2 begins anew with the next. Here, without a process between. */
static void test_one_command_lost(void **state)
{
	static const char digest[32] = { 1 };
	const struct tw_slice secret = { digest, 32 };
	struct tw_token_question q = { .op = TW_TOKEN_MAKE };
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer key = { 0 };
	struct tw_sys odd = *tw_sys_real();
	need_swtpm();
	use_tpm("one");
	odd.write = failing_write;
	tw_token_answer_init(sys, &key);
	CHECK_OK(tw_token_tpm.ask(&odd, &plan, &q, &key));
	q = (struct tw_token_question){ .op = TW_TOKEN_SIGN, .handle = tw_buf_slice(&key.more), .in = secret };
	for (int n = 1; n <= 3; n++) { /* load, sign, flush */
		TW_CLEANUP(tw_token_answer_done) struct tw_token_answer lost = { 0 }, a = { 0 };
		tw_token_answer_init(sys, &lost);
		tw_token_answer_init(sys, &a);
		writes_left = n;
		tw_err e = tw_token_tpm.ask(&odd, &plan, &q, &lost);
		CHECK(writes_left == 0 && tw_failed(e) == (n < 3));
		CHECK_OK(tw_token_tpm.ask(&odd, &plan, &q, &a));
		CHECK_INT(a.out.size, TW_SIGNATURE_SIZE);
	}
}

/* @nist DP.CKM.3: what was made on the TPM stays there, whatever a cut leaves of the vault. */
static void test_power_cut(void **state)
{
	need_swtpm();
	keystore_survives_cuts(open_tpm_in, &dir, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contract), cmocka_unit_test(test_import), cmocka_unit_test(test_slow_tpm),
		cmocka_unit_test(test_tpm_removed_in_use), cmocka_unit_test(test_owner_has_a_password),
		cmocka_unit_test(test_refusing_tpm), cmocka_unit_test(test_no_tpm), cmocka_unit_test(test_another_tpm),
		cmocka_unit_test(test_power_cut), cmocka_unit_test(test_one_command_lost), /* the last: it leaves libtss2 loaded */
	};
	const char *filter = getenv("CMOCKA_TEST_FILTER");
	if (filter)
		cmocka_set_test_filter(filter);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
