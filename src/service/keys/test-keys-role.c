/* SPDX-License-Identifier: Apache-2.0 */
/* The role as it runs, in a process of its own: its root secret, its peers, and how it ends. */
#include "service/keys/test-keys.h"

#include <poll.h>
#include <sys/mman.h>

struct running {
	pid_t pid;
	int hands, front, words_out;
	tw_keys_client *client;
};

/* What the next role is born with. */
static const struct tw_sys *its_sys;
static int its_root;
static bool its_root_counts;
static int its_beside; /* the way to a token; 0: none */
static tw_fake *its_fake;
static long its_nth;
static struct {
	bool fired;
	char call[32];
} * fate; /* of the call that was to fail there */

static int tear_down_role(void **state)
{
	its_sys = NULL;
	its_root = -1;
	its_root_counts = false;
	its_beside = 0;
	CHECK_INT(munmap(fate, sizeof *fate), 0);
	return tear_down(state);
}

static int set_up_role(void **state)
{
	its_root = -1;
	its_root_counts = false;
	int r = set_up(state);
	its_sys = sys;
	fate = mmap(NULL, sizeof *fate, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(fate != MAP_FAILED);
	return r;
}

/* The child. Its exit looks for leaks in the sanitizer build. */
static _Noreturn void be_the_role(const int born[5], int words_out)
{
	static char root_word[] = "root=outside";
	static char *const words[] = { root_word };
	int high[5];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 5; i++)
		high[i] = fcntl(born[i], F_DUPFD, 50);
	int beside = its_beside > 0 ? fcntl(its_beside, F_DUPFD, 60) : 0;
	dup2(words_out, STDERR_FILENO);
	for (int i = 0; i < 5; i++)
		dup2(high[i], TW_FD_HANDS + i);
	for (int fd = TW_FD_OWN + 2; fd < 60; fd++)
		close(fd);
	int status = tw_keys_run(its_sys,
		&(struct tw_role_start){ .fd_count = TW_FD_OWN + 2, .word_count = its_root_counts, .words = words, .beside_fd = beside });
	fate->fired = its_fake && tw_fake_fired(its_fake);
	if (fate->fired)
		(void)snprintf(fate->call, sizeof fate->call, "%s", tw_fake_name(its_fake, its_nth));
	exit(status);
}

static void start_role(struct running *r)
{
	int hands[2], core[2], front[2], out[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, hands), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, core), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, front), 0);
	CHECK_INT(pipe2(out, O_CLOEXEC), 0);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	fflush(NULL);
	r->pid = fork();
	CHECK(r->pid >= 0);
	if (r->pid == 0)
		be_the_role((const int[5]){ hands[1], core[1], front[1], dir.fd, its_root < 0 ? null : its_root }, out[1]);
	close(null);
	close(hands[1]);
	close(core[1]);
	close(front[1]);
	close(out[1]);
	r->hands = hands[0];
	r->front = front[0];
	r->words_out = out[0];
	CHECK_OK(tw_keys_client_new(sys, core[0], &r->client));
}

static int end_role(struct running *r, char *ret_words, size_t size)
{
	int status = -1;
	size_t at = 0;
	for (ssize_t n = 1; n > 0 && at<size - 1; at += n> 0 ? (size_t)n : 0)
		n = read(r->words_out, ret_words + at, size - 1 - at);
	ret_words[at] = '\0';
	CHECK_INT(waitpid(r->pid, &status, 0), r->pid);
	close(r->hands);
	close(r->front);
	close(r->words_out);
	tw_keys_client_free(r->client);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* It may have ended by itself. */
static void drain(struct running *r)
{
	static const uint8_t message[TW_CHANNEL_HEAD] = { TW_WIRE_HANDS_DRAIN >> 8, TW_WIRE_HANDS_DRAIN & 0xff };
	ssize_t n = send(r->hands, message, sizeof message, MSG_NOSIGNAL);
	CHECK(n == sizeof message || errno == EPIPE);
}

static int stop_role(struct running *r, bool drained)
{
	char words[4096];
	if (drained)
		drain(r);
	return end_role(r, words, sizeof words);
}

/* --- Its peers --- */

static tw_err sign_there(void *user, struct tw_slice input, uint8_t ret[TW_SIGNATURE_SIZE])
{
	return tw_keys_client_sign(user, TW_SIGN_STATEMENT, input, ret);
}

/* @nist DI.IMS.1 @nist DI.IMS.2 */
static void test_role_and_client(void **state)
{
	struct running r;
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *listener = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *next = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_statement s = { .identifier = ID, .nonce_size = 32, .issued_ms = NOW, .software = "1", .model = "T-1", .product_version = "1" },
			    got;
	uint8_t key[32], old[32], secret[16], mac[32], want[32], message[TW_TAKEOVER_MESSAGE];
	struct tw_takeover t = { 0 };
	tw_buf_init(&b, sys, TW_JWS_MAX);
	start_role(&r);
	CHECK_OK(tw_keys_client_identity(r.client, &device));
	struct tw_signer signer = { sign_there, r.client };
	CHECK_OK(tw_statement_sign(sys, &s, device, &signer, &b));
	CHECK_OK(tw_statement_verify(sys, tw_buf_slice(&b), ca, NOW, s.nonce, 32, NULL, &got));
	CHECK_OK(tw_keys_client_epoch(r.client, 1, key));
	CHECK_ERR(tw_keys_client_epoch(r.client, 1, key), STATE);
	CHECK(strncmp(tw_err_detail(), "keys: ", 6) == 0);
	CHECK_ERR(tw_keys_client_old_epoch(r.client, 1, old), DENIED);
	CHECK_OK(tw_keys_client_epoch(r.client, 2, mac));
	CHECK_OK(tw_keys_client_old_epoch(r.client, 1, old));
	CHECK_BYTES(old, key, 32);
	CHECK_OK(tw_keys_client_listener(r.client, false, &listener));
	CHECK_OK(tw_keys_client_listener(r.client, true, &next));
	CHECK_OK(tw_keys_client_secret_new(r.client, secret));
	tw_takeover_message(&t, message);
	CHECK_OK(tw_keys_client_secret_mac(r.client, (struct tw_slice){ (char *)message, sizeof message }, mac));
	CHECK_OK(tw_takeover_proof(&t, secret, want));
	CHECK_BYTES(mac, want, 32);
	CHECK_INT(stop_role(&r, true), 0);
}

/* A signature for a handshake of TLS, by the listener's key. */
static void test_front(void **state)
{
	struct running r;
	struct tw_message m;
	TW_CLEANUP(tw_cert_freep) tw_cert *listener = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	const uint8_t digest[32] = { 5 };
	uint8_t signature[TW_SIGNATURE_SIZE];
	tw_channel *front = NULL;
	start_role(&r);
	CHECK_OK(tw_channel_new(sys, dup(r.front), tw_rows_front_from_keys, &front));
	CHECK_OK(tw_channel_call(front, TW_WIRE_TLS_SIGN, digest, sizeof digest, TW_WIRE_TLS_SIGNED, 2000, &m));
	CHECK_OK(tw_keys_client_listener(r.client, false, &listener));
	CHECK_OK(tw_cert_key(listener, &key));
	CHECK_OK(tw_signature_of_der(m.payload, signature));
	CHECK_OK(tw_key_verify_digest(key, digest, signature));
	tw_channel_free(front);
	CHECK_INT(stop_role(&r, true), 0);
}

static void test_role_ends_on_attack(void **state)
{
	struct running r;
	char words[4096];
	uint8_t signature[TW_SIGNATURE_SIZE];
	start_role(&r);
	CHECK(tw_failed(tw_keys_client_sign(r.client, TW_SIGN_STATEMENT, TW_SLICE("anything"), signature)));
	CHECK_INT(end_role(&r, words, sizeof words), 70);
	CHECK(strstr(words, "core broke the rules") != NULL);
	start_role(&r);
	CHECK_INT(send(r.front, "x", 1, MSG_NOSIGNAL), 1);
	CHECK_INT(end_role(&r, words, sizeof words), 70);
	CHECK(strstr(words, "front broke the rules") != NULL);
}

/* Without front it serves on; without hands it ends, and not as if all were well. */
static void test_role_and_the_dead(void **state)
{
	struct running r;
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *again = NULL;
	start_role(&r);
	CHECK_INT(shutdown(r.front, SHUT_RDWR), 0);
	CHECK_OK(tw_keys_client_identity(r.client, &device));
	CHECK_OK(tw_keys_client_identity(r.client, &again)); /* asked when it has surely seen that front is gone */
	CHECK_INT(shutdown(r.hands, SHUT_RDWR), 0);
	CHECK_INT(stop_role(&r, false), 1);
}

/* --- What waiting may say --- */

static int polls, fail_poll_with, fail_poll_at;

static int poll_that_fails(const struct tw_sys *s, struct pollfd *p, nfds_t n, int timeout_ms)
{
	if (polls++ == fail_poll_at) {
		errno = fail_poll_with;
		return -1;
	}
	return tw_sys_real()->poll(s, p, n, timeout_ms);
}

static int poll_for_nothing(const struct tw_sys *s, struct pollfd *p, nfds_t n, int timeout_ms)
{
	return polls++ == 0 ? 0 : tw_sys_real()->poll(s, p, n, timeout_ms);
}

/* Says that everybody has something to say, once. */
static int poll_that_lies(const struct tw_sys *s, struct pollfd *p, nfds_t n, int timeout_ms)
{
	if (polls++)
		return tw_sys_real()->poll(s, p, n, timeout_ms);
	for (nfds_t i = 0; i < n; i++)
		p[i].revents = POLLIN;
	return (int)n;
}

/* Comes back when both hands and core have something to say. */
static int poll_for_both(const struct tw_sys *s, struct pollfd *p, nfds_t n, int timeout_ms)
{
	for (nfds_t i = 0; i < 2; i++)
		CHECK_INT(tw_sys_real()->poll(s, p + i, 1, -1), 1);
	return 2;
}

static ssize_t recvmsg_but_of_core(const struct tw_sys *s, int fd, struct msghdr *m, int flags)
{
	if (fd != TW_FD_PEER1)
		return tw_sys_real()->recvmsg(s, fd, m, flags);
	errno = EIO;
	return -1;
}

/* Told to end while something fails, it does not end as if all were well. */
static void test_fails_at_the_end(void **state)
{
	struct tw_sys other = *tw_sys_real();
	struct running r;
	its_sys = &other;
	other.poll = poll_for_both;
	other.recvmsg = recvmsg_but_of_core;
	start_role(&r);
	drain(&r);
	CHECK(tw_failed(tw_keys_client_purge(r.client)));
	CHECK_INT(stop_role(&r, false), 1);
}

static void test_waiting(void **state)
{
	struct tw_sys other = *tw_sys_real();
	struct running r;
	char words[4096];
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	its_sys = &other;
	other.poll = poll_that_fails;
	polls = fail_poll_at = 0;
	fail_poll_with = EINTR;
	start_role(&r);
	CHECK_OK(tw_keys_client_identity(r.client, &device));
	CHECK_INT(stop_role(&r, true), 0);
	fail_poll_with = EIO;
	start_role(&r);
	CHECK_INT(end_role(&r, words, sizeof words), 1);
	CHECK(strstr(words, "broke the rules") == NULL);
	other.poll = poll_for_nothing; /* woken for nobody */
	start_role(&r);
	CHECK_INT(stop_role(&r, true), 0);
	polls = 0;
	other.poll = poll_that_lies; /* for somebody who has nothing to say */
	start_role(&r);
	CHECK_INT(stop_role(&r, true), 0);
}

/* --- The root secret --- */

static int memory_of(const void *bytes, size_t size)
{
	int fd = memfd_create("root", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	return fd;
}

static void test_roots(void **state)
{
	static char bytes[4097];
	static const struct {
		size_t size;
		bool blank;
		int status;
	} rows[] = { { 0, false, 70 }, { 15, false, 70 }, { 16, false, 0 }, { 4096, false, 0 }, { 4097, false, 1 },
		{ 16, true, 70 }, { 4096, true, 70 } };
	struct running r;
	struct tw_keys_state s;
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		provision();
		memset(bytes, 0xff, sizeof bytes);
		if (!rows[i].blank && rows[i].size)
			bytes[rows[i].size - 1] = 1; /* the last byte makes the difference */
		its_root = memory_of(bytes, rows[i].size);
		its_root_counts = true;
		start_role(&r);
		if (rows[i].status == 0) {
			CHECK_OK(tw_keys_client_state(r.client, &s));
			CHECK(s.outside);
		}
		if (stop_role(&r, rows[i].status == 0) != rows[i].status)
			fail_msg("a root of %zu bytes", rows[i].size);
		close(its_root);
	}
	provision();
	its_root = dir.fd; /* cannot be read */
	start_role(&r);
	CHECK_INT(stop_role(&r, false), 1);
	its_root = memory_of(bytes, 1); /* is not read, because no word says that it counts */
	its_root_counts = false;
	start_role(&r);
	CHECK_OK(tw_keys_client_state(r.client, &s));
	CHECK(!s.outside);
	CHECK_INT(stop_role(&r, true), 0);
	close(its_root);
}

/* What it opened once, it opens with the same root and with no other. */
static void test_root_decides(void **state)
{
	struct running r;
	struct tw_keys_state s;
	start_role(&r);
	CHECK_INT(stop_role(&r, true), 0);
	CHECK(faccessat(dir.fd, "keystore.a", F_OK, 0) != 0); /* nobody configured one, and nobody needed it */
	its_root_counts = true;
	its_root = memory_of("0123456789abcdef", 16);
	start_role(&r);
	CHECK_INT(stop_role(&r, true), 0);
	CHECK(faccessat(dir.fd, "keystore.a", F_OK, 0) == 0); /* what is configured holds from the start */
	start_role(&r);
	CHECK_OK(tw_keys_client_adopt(r.client));
	CHECK_OK(tw_keys_client_state(r.client, &s));
	CHECK(s.outside && !s.plain);
	CHECK_INT(stop_role(&r, true), 0);
	close(its_root);
	its_root = memory_of("0123456789abcdeX", 16);
	start_role(&r);
	CHECK_INT(stop_role(&r, false), 70);
	close(its_root);
}

static int fail_fstat_of;

static int fstat_that_fails(const struct tw_sys *s, int fd, struct stat *ret)
{
	if (fd == fail_fstat_of) {
		errno = EIO;
		return -1;
	}
	return tw_sys_real()->fstat(s, fd, ret);
}

static void check_near(bool near)
{
	struct running r;
	struct tw_keys_state s;
	start_role(&r);
	CHECK_OK(tw_keys_client_state(r.client, &s));
	CHECK_INT(s.outside, !near);
	CHECK((strstr(s.detail, "same disk") != NULL) == near);
	CHECK_INT(stop_role(&r, true), 0);
}

/* @nist DP.CKM.2: a root on the same disk is none from outside, and where that cannot be told none is promised */
static void test_root_on_the_same_disk(void **state)
{
	struct tw_sys other = *tw_sys_real();
	struct test_dir elsewhere = test_dir_new();
	struct running r;
	struct tw_keys_state s;
	its_root_counts = true;
	CHECK_OK(tw_durable_replace(sys, elsewhere.fd, "root", "0123456789abcdef", 16, 0600));
	its_root = openat(elsewhere.fd, "root", O_RDONLY | O_CLOEXEC);
	check_near(true);
	its_root_counts = false; /* what is no root is not spoken of */
	provision();
	start_role(&r);
	CHECK_OK(tw_keys_client_state(r.client, &s));
	CHECK(strstr(s.detail, "beside") && !strstr(s.detail, "same disk"));
	CHECK_INT(stop_role(&r, true), 0);
	its_root_counts = true;
	close(its_root);
	provision();
	its_root = memory_of("0123456789abcdef", 16);
	check_near(false);
	other.fstat = fstat_that_fails;
	its_sys = &other;
	fail_fstat_of = TW_FD_OWN;
	check_near(true);
	fail_fstat_of = TW_FD_OWN + 1;
	check_near(true);
	close(its_root);
	test_dir_done(&elsewhere);
}

/* --- Beside it --- */

/* A process that speaks to a token is started for a token alone. */
static void test_nothing_beside(void **state)
{
	static const struct {
		const char *word;
		enum tw_code want;
	} rows[] = { { "root=outside", TW_CODE_OK }, { "keystore=file", TW_CODE_OK }, { "keystore=tpmx", TW_CODE_OK },
		{ "keystore=tpm:x", TW_CODE_SYNTAX }, { "keystore=pkcs11:", TW_CODE_SYNTAX } };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		char text[32], *words[] = { text };
		struct tw_role_start s = { .fd_count = 7, .word_count = 1, .words = words };
		(void)snprintf(text, sizeof text, "%s", rows[i].word);
		CHECK(tw_is(tw_keys_beside(sys, &s, getuid(), getgid()), rows[i].want));
		CHECK_INT(s.beside_fd, 0);
	}
}

/* What speaks to a token is begun before the sandbox: the role that has lost it ends, and begins anew with another. */
static void test_ends_with_what_is_beside(void **state)
{
	TW_CLEANUP(tw_cert_freep) tw_cert *device = NULL;
	struct running r;
	char words[4096];
	int pair[2];
	CHECK_INT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	its_beside = pair[1];
	start_role(&r);
	close(pair[1]);
	CHECK_OK(tw_keys_client_identity(r.client, &device));
	close(pair[0]);
	CHECK_INT(end_role(&r, words, sizeof words), 1);
	CHECK(strstr(words, "begins anew") != NULL);
}

/* --- Every failure is told --- */

/* A start that lacks something does not go on without it; what is only tidied up may wait for the next one, and says so. */
static void test_begins_whole_or_not_at_all(void **state)
{
	char words[4096];
	its_fake = tw_fake_new();
	its_sys = tw_fake_sys(its_fake);
	its_root_counts = true;
	its_root = memory_of("0123456789abcdef", 16);
	fate->fired = true;
	for (long n = 1; fate->fired; n++) {
		struct running r;
		provision();
		its_nth = n;
		tw_fake_fail(its_fake, n, EIO, false);
		start_role(&r);
		drain(&r);
		int status = end_role(&r, words, sizeof words);
		bool may_go_on = !fate->fired || strstr("close pin unlink fstat", fate->call) || strstr(words, "in one copy only");
		if (status != 1 && !(status == 0 && may_go_on))
			fail_msg("call %ld (%s): %d, %s", n, fate->call, status, words);
	}
	close(its_root);
	its_fake = tw_fake_free(its_fake);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_role, tear_down_role)
CHECK_MAIN(TEST(test_role_and_client), TEST(test_front), TEST(test_role_ends_on_attack), TEST(test_role_and_the_dead),
	TEST(test_waiting), TEST(test_roots), TEST(test_root_decides), TEST(test_root_on_the_same_disk), TEST(test_fails_at_the_end),
	TEST(test_nothing_beside), TEST(test_ends_with_what_is_beside), TEST(test_begins_whole_or_not_at_all))
