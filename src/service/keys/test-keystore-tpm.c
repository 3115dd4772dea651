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
#include <sys/resource.h>
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

/* --- A way that is bent: in a process of its own, where libtss2 begins anew --- */

enum { LOAD = 0x157, SIGN = 0x15d, CREATE_PRIMARY = 0x131, GET_CAPABILITY = 0x17a, PROPERTIES = 6, BAD_STEP = 100 };

static struct way {
	const char *polls, *reads; /* what each is to do in turn; '.' and what follows the last: as it would */
	uint32_t replaced;         /* the answer to this command */
	struct tw_slice by;
	uint32_t command; /* the last one */
	int writes, primaries, reads_before;
	uint8_t rest[4096]; /* of an answer that comes in pieces */
	size_t rest_size;
} way;

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static ssize_t way_write(const struct tw_sys *s, int fd, const void *data, size_t size)
{
	const uint8_t *command = data;
	way.command = be32(command + 6);
	if (way.command == GET_CAPABILITY && be32(command + 10) != PROPERTIES)
		way.command = 0;
	way.writes++;
	way.primaries += way.command == CREATE_PRIMARY;
	return tw_sys_real()->write(tw_sys_real(), fd, data, size);
}

static char next_step(const char **steps)
{
	return *steps && **steps ? *(*steps)++ : '.';
}

static int way_poll(const struct tw_sys *s, struct pollfd *p, nfds_t n, int timeout_ms)
{
	const char step = timeout_ms ? next_step(&way.polls) : '.';
	p->revents = p->events;
	errno = step == 'e' ? EIO : EINTR;
	if (step == 'e' || step == 'i')
		return -1;
	if (step == 'h') { /* although an answer is there */
		(void)tw_sys_real()->poll(tw_sys_real(), p, n, timeout_ms);
		errno = EINTR;
		p->revents = POLLERR;
		return 1;
	}
	if (step == '0')
		return 0;
	return way.rest_size && p->events == POLLIN ? 1 : tw_sys_real()->poll(tw_sys_real(), p, n, timeout_ms);
}

static ssize_t way_read(const struct tw_sys *s, int fd, void *to, size_t size)
{
	uint8_t *bytes = to;
	way.reads_before += way.writes == 0;
	const char step = next_step(&way.reads);
	errno = step == 'e' ? EIO : step == 'a' ? EAGAIN : EINTR;
	if (step == 'z')
		return 0;
	if (strchr("eia", step))
		return -1;
	if (way.rest_size) {
		const size_t got = size < way.rest_size ? size : way.rest_size;
		memcpy(bytes, way.rest, got);
		way.rest_size = 0;
		return (ssize_t)got;
	}
	ssize_t n = tw_sys_real()->read(tw_sys_real(), fd, to, size);
	if (n > 0 && way.command && way.command == way.replaced) {
		memcpy(bytes, way.by.at, way.by.size);
		return (ssize_t)way.by.size;
	}
	if (step != 'p' || n <= 12)
		return n;
	way.rest_size = (size_t)n - 12;
	memcpy(way.rest, bytes + 12, way.rest_size);
	return 12;
}

/* What the body comes to in a process of its own: a code of tw_err, or BAD_STEP and more. */
static int apart(int (*body)(const void *row), const void *row)
{
	int status = -1;
	token = tw_token_free(token); /* else two would speak at once */
	fflush(NULL);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0)
		_exit(body(row));
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static struct tw_sys bent;

static tw_err ask_here(enum tw_token_op op, struct tw_slice handle, struct tw_slice in, struct tw_token_answer *ret)
{
	const struct tw_token_question q = { .op = (uint8_t)op, .handle = handle, .in = in };
	bent = *tw_sys_real();
	bent.poll = way_poll;
	bent.read = way_read;
	bent.write = way_write;
	tw_token_answer_init(tw_sys_real(), ret);
	return tw_token_tpm.ask(&bent, &plan, &q, ret);
}

static const char some_digest[33] = { 1 };
static const struct tw_slice nobody = { NULL, 0 }, digest_of_some = { some_digest, 32 };

struct bent_row {
	const char *polls, *reads, *reads_again;
	enum tw_code want, then;
	bool unwritten;    /* nothing was */
	const char *bytes; /* the answer to Load, in place of the true one */
	size_t size;
};

/* A signature over a way that is bent, and two more: the first over one that may be bent once more. */
static int sign_bent(const void *user)
{
	const struct bent_row *row = user;
	struct tw_token_answer key, a;
	if (tw_failed(ask_here(TW_TOKEN_MAKE, nobody, nobody, &key)))
		return BAD_STEP;
	way = (struct way){ .polls = row->polls, .reads = row->reads, .replaced = row->bytes ? LOAD : 0, .by = { row->bytes, row->size } };
	tw_err e = ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a);
	if (!tw_is(e, row->want))
		return (int)e.code;
	if (row->unwritten && way.writes)
		return BAD_STEP + 1;
	way = (struct way){ .reads = row->reads_again, .writes = 1 };
	e = ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a);
	if (!tw_is(e, row->then))
		return BAD_STEP + 2;
	way = (struct way){ .writes = 1 };
	if (tw_failed(e) && tw_failed(ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a)))
		return BAD_STEP + 3;
	return (int)row->want;
}

/* Whatever the way does to one command, the question is told as what it came to, and the one after it is answered. */
static void test_bent_way(void **state)
{
	static const struct bent_row rows[] = {
		{ .want = TW_CODE_OK }, { .polls = ".i", .want = TW_CODE_OK }, { .polls = ".e", .want = TW_CODE_CLOSED },
		{ .polls = ".h", .want = TW_CODE_CLOSED }, { .polls = ".0", .want = TW_CODE_TIMEOUT },
		{ .polls = "0", .want = TW_CODE_TIMEOUT, .unwritten = true }, { .reads = "pr", .want = TW_CODE_OK },
		{ .reads = "pir", .want = TW_CODE_OK }, { .reads = "par", .want = TW_CODE_OK },
		{ .bytes = "\x80\1\0\0\0\xa\0\0\0\0", .size = 10, .want = TW_CODE_CRYPTO }, /* says that all is well, and no more */
		{ .polls = ".0", .reads_again = "e", .want = TW_CODE_TIMEOUT, .then = TW_CODE_CLOSED }, /* the answer that is owed does not come */
	};
	need_swtpm();
	use_tpm("one");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const int got = apart(sign_bent, &rows[i]);
		if (got != (int)rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
	use_tpm("one");
}

static int sign_once(const void *user)
{
	const struct bent_row *row = user;
	struct tw_token_answer key, a;
	if (tw_failed(ask_here(TW_TOKEN_MAKE, nobody, nobody, &key)))
		return BAD_STEP;
	way = (struct way){ .polls = row->polls, .reads = row->reads, .replaced = row->bytes ? LOAD : 0, .by = { row->bytes, row->size } };
	return (int)ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a).code;
}

/* An answer that is broken off is one of a TPM that has gone, at once. */
static void test_broken_answers(void **state)
{
	static const struct bent_row rows[] = {
		{ .reads = "z", .want = TW_CODE_CLOSED }, { .reads = "e", .want = TW_CODE_CLOSED },
		{ .polls = "..0", .reads = "p", .want = TW_CODE_TIMEOUT }, { .reads = "pz", .want = TW_CODE_CLOSED },
		{ .reads = "pe", .want = TW_CODE_CLOSED },
		{ .bytes = "\x80\1\0\0\0\x9\0\0\0\0", .size = 10, .want = TW_CODE_CLOSED },  /* says that it is shorter */
		{ .bytes = "\x80\1\0\0\x10\1\0\0\0\0", .size = 10, .want = TW_CODE_CLOSED }, /* longer than any */
		{ .bytes = "\x80\1\0\0\0\x9\0\0\0", .size = 9, .want = TW_CODE_CLOSED },     /* no head */
		{ .bytes = "\x80\1\0\0\0\xa\0\0\1\x1", .size = 10, .want = TW_CODE_CRYPTO }, /* TPM_RC_FAILURE */
		{ .bytes = "\x80\1\0\0\0\xa\0\0\0\x9f", .size = 10, .want = TW_CODE_STATE }, /* TPM_RC_INTEGRITY */
		{ .bytes = "\x80\1\0\0\0\xa\0\0\1\xdf", .size = 10, .want = TW_CODE_STATE }, /* of the first parameter */
	};
	need_swtpm();
	use_tpm("one");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const int got = apart(sign_once, &rows[i]);
		if (got != (int)rows[i].want)
			fail_msg("row %zu: %d", i, got);
	}
	use_tpm("one");
}

/* What the TPM itself refused was answered, so nothing is begun anew; and before the first command nothing is read where nothing waits. */
static int refused_and_on(const void *user)
{
	struct tw_token_answer key, a;
	way = (struct way){ 0 };
	if (tw_failed(ask_here(TW_TOKEN_MAKE, nobody, nobody, &key)) || way.reads_before != 0 || way.primaries != 1)
		return BAD_STEP;
	key.more.data[key.more.size - 1] ^= 1;
	if (!tw_is(ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a), TW_CODE_STATE))
		return BAD_STEP + 1;
	key.more.data[key.more.size - 1] ^= 1;
	if (tw_failed(ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a)) || way.primaries != 1)
		return BAD_STEP + 2;
	return TW_CODE_OK;
}

static void test_refusal_costs_nothing_more(void **state)
{
	need_swtpm();
	use_tpm("one");
	CHECK_INT(apart(refused_and_on, NULL), TW_CODE_OK);
	use_tpm("one");
}

/* --- What it says of itself --- */

struct made_by {
	const char *values; /* four bytes each */
	size_t count;
	bool is_socket, hardware;
	const char *text;
};

static int describe_bent(const void *user)
{
	const struct made_by *row = user;
	uint8_t answer[512] = { 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, PROPERTIES, 0, 0, 0, (uint8_t)row->count };
	struct tw_token_answer a;
	size_t n = 19;
	for (size_t i = 0; i < row->count; i++, n += 8) {
		answer[n + 2] = 1;
		answer[n + 3] = (uint8_t)(5 + i);
		memcpy(answer + n + 4, row->values + 4 * i, 4);
	}
	answer[4] = (uint8_t)(n >> 8);
	answer[5] = (uint8_t)n;
	way = (struct way){ .replaced = GET_CAPABILITY, .by = { (const char *)answer, n } };
	plan.is_socket = row->is_socket;
	for (int i = 0; i < 2; i++) /* again as at first */
		if (tw_failed(ask_here(TW_TOKEN_DESCRIBE, nobody, nobody, &a)))
			return BAD_STEP;
	if ((a.out.data[0] == 1) != row->hardware)
		return BAD_STEP + 1;
	return strcmp(tw_buf_cstr(&a.more), row->text) == 0 ? TW_CODE_OK : BAD_STEP + 2;
}

/* Letters as the TPM has them, whatever else stands between; a simulator and what lies behind a socket are software. */
static void test_who_made_it(void **state)
{
	static const struct made_by rows[] = {
		{ "ACME", 1, false, true, "A TPM 2.0 (ACME)" },
		{ "ACME", 1, true, false, "A TPM 2.0 (ACME)" },
		{ "ACMESW  ", 2, false, false, "A TPM 2.0 (ACMESW)" },
		{ "A\x7f\x80 B\0\1C", 2, false, true, "A TPM 2.0 (ABC)" },
		{ "", 0, false, true, "A TPM 2.0 ()" },
		{ "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", 10, false, true, "A TPM 2.0 (XXXXXXXXXXXXXXXXXXXX)" },
	};
	need_swtpm();
	use_tpm("one");
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const int got = apart(describe_bent, &rows[i]);
		if (got != TW_CODE_OK)
			fail_msg("row %zu: %d", i, got);
	}
	use_tpm("one");
}

/* --- What has no form --- */

static int sign_with_long_number(const void *user)
{
	uint8_t answer[10 + 4 + 4 + 2 + 33 + 2 + 32 + 5] = { 0x80, 2, 0, 0, 0, sizeof answer, 0, 0, 0, 0, 0, 0, 0,
		4 + 2 + 33 + 2 + 32, 0, 0x18, 0, 0xb, 0, 33 };
	struct tw_token_answer key, a;
	answer[20 + 33 + 1] = 32;
	answer[sizeof answer - 3] = 1;
	if (tw_failed(ask_here(TW_TOKEN_MAKE, nobody, nobody, &key)))
		return BAD_STEP;
	way = (struct way){ .replaced = SIGN, .by = { (const char *)answer, sizeof answer } };
	tw_err e = ask_here(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a);
	return strstr(tw_err_detail(), "a number of 33 bytes") ? (int)e.code : BAD_STEP + 1;
}

static void test_questions_have_a_form(void **state)
{
	static const char bytes[200] = { 4 };
	static const struct {
		unsigned op;
		enum tw_code want;
		size_t in;
	} rows[] = {
		{ 0, TW_CODE_INTERNAL, 0 },
		{ TW_TOKEN_OPS, TW_CODE_INTERNAL, 0 },
		{ 255, TW_CODE_INTERNAL, 0 },
		{ TW_TOKEN_MAKE, TW_CODE_INTERNAL, 96 },
		{ TW_TOKEN_MAKE, TW_CODE_CRYPTO, 97 }, /* on no curve: the TPM refuses it */
		{ TW_TOKEN_MAKE, TW_CODE_INTERNAL, 98 },
		{ TW_TOKEN_WRAP, TW_CODE_INTERNAL, 31 },
		{ TW_TOKEN_WRAP, TW_CODE_INTERNAL, 33 },
		{ TW_TOKEN_SIGN, TW_CODE_INTERNAL, 31 },
		{ TW_TOKEN_SIGN, TW_CODE_INTERNAL, 33 },
	};
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer key = { 0 }, a = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf more = { 0 };
	need_swtpm();
	use_tpm("one");
	CHECK_OK(ask(TW_TOKEN_MAKE, nobody, nobody, &key));
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		tw_token_answer_done(&a);
		tw_err e = ask((enum tw_token_op)rows[i].op, tw_buf_slice(&key.more), (struct tw_slice){ bytes, rows[i].in }, &a);
		if (!tw_is(e, rows[i].want))
			fail_msg("row %zu: %s", i, tw_code_name(e.code));
		if (rows[i].want == TW_CODE_CRYPTO)
			CHECK(strstr(tw_err_detail(), "Import failed") != NULL);
	}
	tw_buf_init(&more, sys, 4096);
	CHECK_OK(tw_buf_add(&more, key.more.data, key.more.size));
	CHECK_OK(tw_buf_u8(&more, 0));
	const size_t public = 2 + ((size_t)(uint8_t)more.data[0] << 8 | (uint8_t)more.data[1]);
	const struct tw_slice blobs[] = { tw_buf_slice(&more), { more.data, public }, TW_SLICE("\0\4abcd"), TW_SLICE("\0\0"),
		{ more.data + public, key.more.size - public } };
	for (size_t i = 0; i < TW_COUNT(blobs); i++) { /* a byte too many; a public half alone; a private half alone */
		tw_token_answer_done(&a);
		CHECK_ERR(ask(TW_TOKEN_SIGN, blobs[i], digest_of_some, &a), SYNTAX);
	}
	tw_token_answer_done(&a);
	CHECK_OK(ask(TW_TOKEN_SIGN, tw_buf_slice(&key.more), digest_of_some, &a));
	CHECK_INT(apart(sign_with_long_number, NULL), TW_CODE_CRYPTO);
	use_tpm("one");
}

static int without_descriptors(const void *user)
{
	const struct rlimit none = { 3, 3 };
	struct tw_token_answer a;
	if (setrlimit(RLIMIT_NOFILE, &none))
		return BAD_STEP;
	tw_err e = ask_here(TW_TOKEN_DESCRIBE, nobody, nobody, &a);
	return strstr(tw_err_detail(), "does not load") ? (int)e.code : BAD_STEP + 1;
}

/* Where libtss2 cannot be loaded it says what to install. */
static void test_no_library(void **state)
{
	need_swtpm();
	CHECK_INT(apart(without_descriptors, NULL), TW_CODE_UNSUPPORTED);
	use_tpm("one");
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
		cmocka_unit_test(test_power_cut), cmocka_unit_test(test_bent_way), cmocka_unit_test(test_broken_answers),
		cmocka_unit_test(test_refusal_costs_nothing_more), cmocka_unit_test(test_who_made_it),
		cmocka_unit_test(test_questions_have_a_form), cmocka_unit_test(test_no_library),
		cmocka_unit_test(test_one_command_lost), /* the last: it leaves libtss2 loaded */
	};
	const char *filter = getenv("CMOCKA_TEST_FILTER");
	if (filter)
		cmocka_set_test_filter(filter);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
