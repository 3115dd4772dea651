/* SPDX-License-Identifier: Apache-2.0 */
/* A line to a server that is a thread here: it does what PostgreSQL does up to the login, or one thing that it must not. */
#include "support/line/dial.h"

#include "base/mem.h"
#include "check.h"
#include "crypto/hash.h"
#include "support/line/greet.h"
#include "support/line/scram.h"
#include "sys/fake.h"
#include "sys/real.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define PASSWORD "seven quiet owls ~"
#define BEHIND        \
	"S\0\0\0\x09" \
	"a\0b\0"
#define CALLS_MAX 200

enum {
	GOOD,
	SILENT,    /* takes the connection and says nothing */
	HANGS_UP,  /* when it is asked for TLS */
	PLAIN,     /* has no TLS */
	IN_CLEAR,  /* says something in the clear behind its word that there is TLS */
	REFUSES,   /* the login, with a word */
	TRUSTS,    /* asks for no login */
	UNBOUND,   /* for one that is not bound to the channel */
	UNASKED,   /* begins with a challenge */
	AGAIN,     /* asks for a login twice */
	TWICE,     /* challenges twice */
	ENDLESS,   /* tells of this and that without end */
	SLOW,      /* a message a byte at a time, each well in time */
	CUTS,      /* hangs up behind its challenge */
	NO_SECRET, /* lets in without having shown that it knows the password */
};

static struct {
	int fd;
	char port[8];
	int how;
	pthread_t thread;
	SSL_CTX *tls;
	char pem[4096];
	size_t pem_size;
	uint8_t digest[TW_SHA256_SIZE];
} server;

/* --- The server --- */

static bool put(SSL *s, const char *data, size_t size)
{
	return SSL_write(s, data, (int)size) == (int)size;
}

static bool say(SSL *s, uint32_t what, const char *data, size_t size)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, tw_sys_real(), 4096);
	return !tw_failed(tw_buf_u8(&b, 'R')) && !tw_failed(tw_buf_u32(&b, (uint32_t)size + 8)) &&
		!tw_failed(tw_buf_u32(&b, what)) && !tw_failed(tw_buf_add(&b, data, size)) && put(s, b.data, b.size);
}

/* One message of the client's, whose length is in four bytes behind head others. */
static bool hear(SSL *s, size_t head, char *ret, size_t max, size_t *ret_size)
{
	size_t have = 0, wanted = head + 4;

	while (have < wanted) {
		const int n = SSL_read(s, ret + have, (int)(wanted - have));

		if (n <= 0)
			return false;
		have += (size_t)n;
		if (have == head + 4) {
			uint32_t size;

			memcpy(&size, ret + head, sizeof size);
			wanted = head + ntohl(size);
			if (wanted > max)
				return false;
		}
	}
	*ret_size = have;
	return true;
}

static bool sasl(SSL *s)
{
	static const char both[] = "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0", plain[] = "SCRAM-SHA-256\0";

	return server.how == UNBOUND ? say(s, 10, plain, sizeof plain) : say(s, 10, both, sizeof both);
}

/* By our own part of SCRAM, whose numbers test-scram.c holds against another's. */
static void log_in(SSL *s)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_scram scram = { .sys = tw_sys_real(), .header = TW_SCRAM_BINDING };
	char m[4096], challenge[256];
	size_t size;

	if (!sasl(s) || !hear(s, 1, m, sizeof m - 1, &size))
		return;
	if (server.how == AGAIN) {
		(void)(sasl(s) && hear(s, 1, m, sizeof m, &size));
		return;
	}
	m[size] = '\0';
	const char *nonce = memmem(m, size, ",r=", 3);
	if (!nonce)
		return;
	(void)snprintf(scram.nonce, sizeof scram.nonce, "%s", nonce + 3);
	(void)snprintf(challenge, sizeof challenge, "r=%sx,s=W22Z,i=4096", scram.nonce);
	if (!say(s, 11, challenge, strlen(challenge)) || server.how == CUTS || !hear(s, 1, m, sizeof m, &size))
		return;
	if (server.how == TWICE) {
		(void)(say(s, 11, challenge, strlen(challenge)) && hear(s, 1, m, sizeof m, &size));
		return;
	}
	tw_buf_init(&b, tw_sys_real(), TW_SCRAM_MAX);
	if (tw_failed(tw_scram_answer(&scram, tw_slice_of(challenge), TW_SLICE(PASSWORD),
		    (struct tw_slice){ (const char *)server.digest, sizeof server.digest }, &b)) ||
		size != 5 + b.size || memcmp(m + 5, b.data, b.size) != 0)
		return;
	tw_buf_clear(&b);
	if (tw_failed(tw_buf_text(&b, "v=")) || tw_failed(tw_buf_base64(&b, scram.server, sizeof scram.server)))
		return;
	if (server.how != NO_SECRET && !say(s, 12, b.data, b.size))
		return;
	if (put(s, "R\0\0\0\x08\0\0\0\0" BEHIND, 9 + sizeof BEHIND - 1))
		(void)SSL_read(s, m, sizeof m);
}

static void speak(SSL *s)
{
	static const char refusal[] = "E\0\0\0\x15SFATAL\0Mno room\0", word[] = "N\0\0\0\x0bMword\0";
	char m[4096];
	size_t size;

	if (!hear(s, 0, m, sizeof m, &size))
		return;
	switch (server.how) {
	case REFUSES:
		(void)put(s, refusal, sizeof refusal);
		return;
	case TRUSTS:
		(void)say(s, 0, "", 0);
		return;
	case UNASKED:
		(void)say(s, 11, "r=x,s=W22Z,i=4096", 17);
		return;
	case ENDLESS:
		while (put(s, word, sizeof word))
			;
		return;
	case SLOW:
		for (size_t i = 0; put(s, i ? "" : "N\0\0\x20\0", i ? 1 : 5); i++)
			(void)usleep(20000);
		return;
	default:
		log_in(s);
	}
}

static void serve_one(int fd)
{
	char m[64];

	if (recv(fd, m, 8, MSG_WAITALL) != 8 || memcmp(m, TW_GREET_TLS, 8) != 0 || server.how == HANGS_UP)
		return;
	if (server.how == SILENT || server.how == PLAIN) {
		if (server.how == PLAIN)
			(void)send(fd, "N", 1, 0);
		(void)recv(fd, m, 1, 0);
		return;
	}
	(void)send(fd, "SR\0\0\0\x08\0\0\0\0", server.how == IN_CLEAR ? 10 : 1, 0);
	SSL *s = SSL_new(server.tls);
	if (s && SSL_set_fd(s, fd) == 1 && SSL_accept(s) == 1)
		speak(s);
	SSL_free(s);
}

static void *serve(void *user)
{
	const struct timeval long_enough = { .tv_sec = 8 };

	for (int fd; (fd = accept(server.fd, NULL, NULL)) >= 0; close(fd))
		if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &long_enough, sizeof long_enough) == 0)
			serve_one(fd);
	return NULL;
}

/* --- What it needs --- */

static void certify(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();
	BIO *pem = BIO_new(BIO_s_mem());
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost,DNS:store.example,IP:127.0.0.1");
	unsigned size = 0;

	CHECK(key && x && name && pem && names &&
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"s", -1, -1, 0) == 1);
	CHECK(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1);
	CHECK(X509_gmtime_adj(X509_getm_notBefore(x), -60) && X509_gmtime_adj(X509_getm_notAfter(x), 3600));
	CHECK(X509_set_subject_name(x, name) == 1 && X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1);
	CHECK(X509_add_ext(x, names, -1) == 1 && X509_sign(x, key, EVP_sha256()) > 0);
	CHECK(X509_digest(x, EVP_sha256(), server.digest, &size) == 1 && size == sizeof server.digest);
	CHECK(PEM_write_bio_X509(pem, x) == 1);
	server.pem_size = (size_t)BIO_read(pem, server.pem, sizeof server.pem);
	server.tls = SSL_CTX_new(TLS_server_method());
	CHECK(server.tls && SSL_CTX_use_certificate(server.tls, x) == 1 && SSL_CTX_use_PrivateKey(server.tls, key) == 1);
	X509_EXTENSION_free(names);
	BIO_free(pem);
	X509_NAME_free(name);
	X509_free(x);
	EVP_PKEY_free(key);
}

static int set_up(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t width = sizeof a;

	CHECK(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	certify();
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(server.fd >= 0 && bind(server.fd, (struct sockaddr *)&a, width) == 0 && listen(server.fd, 8) == 0);
	CHECK_INT(getsockname(server.fd, (struct sockaddr *)&a, &width), 0);
	(void)snprintf(server.port, sizeof server.port, "%u", ntohs(a.sin_port));
	return pthread_create(&server.thread, NULL, serve, NULL);
}

static int tear_down(void **state)
{
	CHECK_INT(shutdown(server.fd, SHUT_RDWR), 0);
	CHECK_INT(pthread_join(server.thread, NULL), 0);
	close(server.fd);
	SSL_CTX_free(server.tls);
	return 0;
}

static struct tw_line_plan plan_of(const struct tw_sys *sys, const char *host)
{
	struct tw_line_plan p = { .sys = sys,
		.where = { .network = true, .database = "d", .user = "u" },
		.password = TW_SLICE(PASSWORD "\n"),
		.trust = { server.pem, server.pem_size } };

	(void)snprintf(p.where.host, sizeof p.where.host, "%s", host);
	(void)snprintf(p.where.port, sizeof p.where.port, "%s", server.port);
	return p;
}

static tw_err dial(const struct tw_line_plan *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf early = { 0 };
	TW_CLEANUP(tw_line_done) struct tw_line line;

	tw_line_init(&line);
	tw_buf_init(&early, p->sys, 16384);
	const tw_err e = tw_line_dial(p, &line, &early);
	if (tw_failed(e))
		return e;
	CHECK_INT(early.size, sizeof BEHIND - 1); /* came with the word that lets us in, and is not lost */
	CHECK_BYTES(early.data, BEHIND, early.size);
	return TW_OK;
}

static int64_t now_ms(void)
{
	struct timespec t;

	CHECK_INT(clock_gettime(CLOCK_BOOTTIME, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- Tests --- */

static void test_comes_about(void **state)
{
	const char *const hosts[] = { "127.0.0.1", "localhost" };

	server.how = GOOD;
	for (size_t i = 0; i < TW_COUNT(hosts); i++) {
		const struct tw_line_plan p = plan_of(tw_sys_real(), hosts[i]);

		CHECK_OK(dial(&p));
	}
	struct tw_line_plan p = plan_of(tw_sys_real(), "127.0.0.2"); /* nobody listens there */
	CHECK_ERR(dial(&p), IO);
	p = plan_of(tw_sys_real(), "127.0.0.1");
	p.password = TW_SLICE("another");
	CHECK_ERR(dial(&p), CLOSED);
}

static void test_refuses_what_a_server_may_do(void **state)
{
	static const struct {
		int how;
		enum tw_code code;
		const char *why;
	} rows[] = {
		{ HANGS_UP, TW_CODE_CLOSED, "when it was asked for TLS" },
		{ PLAIN, TW_CODE_UNTRUSTED, "offers no TLS" },
		{ IN_CLEAR, TW_CODE_CLOSED, "did not come about" },
		{ REFUSES, TW_CODE_DENIED, "no room" },
		{ TRUSTS, TW_CODE_UNTRUSTED, "without having shown" },
		{ UNBOUND, TW_CODE_UNTRUSTED, "does not offer SCRAM-SHA-256-PLUS" },
		{ UNASKED, TW_CODE_UNTRUSTED, "nobody asked for" },
		{ AGAIN, TW_CODE_UNTRUSTED, "asks for a second login" },
		{ TWICE, TW_CODE_UNTRUSTED, "a second challenge" },
		{ ENDLESS, TW_CODE_LIMIT, "messages and no word" },
		{ CUTS, TW_CODE_CLOSED, "did not come about" },
		{ NO_SECRET, TW_CODE_UNTRUSTED, "without having shown" },
		{ SILENT, TW_CODE_TIMEOUT, "in time" },
		{ SLOW, TW_CODE_TIMEOUT, "in time" },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_line_plan p = plan_of(tw_sys_real(), "127.0.0.1");

		server.how = rows[i].how;
		const int64_t begun = now_ms();
		const tw_err e = dial(&p);
		if (e.code != rows[i].code || !strstr(tw_err_detail(), rows[i].why))
			fail_msg("row %zu: got %s: %s", i, tw_code_name(e.code), tw_err_detail());
		CHECK(now_ms() - begun < TW_LINE_DIAL_MS + 3000);
	}
}

/* Names are asked for before the line's own time begins; and who knew the server yesterday needs nobody to say where it is. */
static void test_does_without_name_servers(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t width = sizeof a;
	struct tw_line_known known = { .host = "other.example", .addresses = "127.0.0.1" };
	struct tw_line_plan p = plan_of(tw_sys_real(), "store.example");
	int silent = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	server.how = GOOD;
	p.known = &known;
	CHECK_ERR(dial(&p), NOTFOUND); /* it is known of another */
	(void)snprintf(known.host, sizeof known.host, "store.example");
	CHECK_OK(dial(&p));
	CHECK(silent >= 0 && bind(silent, (struct sockaddr *)&a, width) == 0 && getsockname(silent, (struct sockaddr *)&a, &width) == 0);
	for (p.servers.count = 0; p.servers.count < TW_NAME_SERVERS_MAX; p.servers.count++)
		memcpy(&p.servers.of[p.servers.count], &a, sizeof a);
	const int64_t begun = now_ms();
	CHECK_OK(dial(&p));
	CHECK(now_ms() - begun > TW_LINE_DIAL_MS && now_ms() - begun < TW_RESOLVE_MS + 3000);
	close(silent);
	known = (struct tw_line_known){ .host = "" };
	p = plan_of(tw_sys_real(), "localhost");
	p.known = &known;
	server.how = TRUSTS;
	CHECK_ERR(dial(&p), UNTRUSTED);
	CHECK_TEXT(known.host, ""); /* kept is only where we were let in */
	server.how = GOOD;
	CHECK_OK(dial(&p));
	CHECK_TEXT(known.host, "localhost");
	CHECK_TEXT(known.addresses, "127.0.0.1,::1");
}

static size_t descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	size_t count = 0;

	CHECK(all);
	while (all && readdir(all))
		count++;
	closedir(all);
	return count;
}

/* The server serves one line after the other: when it has hung up on this one, it has nothing open of those before. */
static void wait_for_the_server(void)
{
	struct sockaddr_in a;
	socklen_t width = sizeof a;
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	CHECK_INT(getsockname(server.fd, (struct sockaddr *)&a, &width), 0);
	CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0 && shutdown(fd, SHUT_WR) == 0);
	CHECK_INT(recv(fd, &byte, 1, 0), 0);
	close(fd);
}

/* A call that fails once leaves either no line, and nothing open, or the right one. */
static void every_call_fails(int number)
{
	bool fired = true;
	long k;

	server.how = GOOD;
	for (k = 1; fired && k < CALLS_MAX; k++) {
		tw_fake *f = tw_fake_new();
		const struct tw_line_plan p = plan_of(tw_fake_sys(f), "127.0.0.1");

		tw_fake_fail(f, k, number, false);
		const tw_err e = dial(&p);
		fired = tw_fake_fired(f);
		const char *name = fired ? tw_fake_name(f, k) : "";
		if (tw_failed(e) != fired && strcmp(name, "clock") != 0 && !(number == EINTR && strcmp(name, "poll") == 0))
			fail_msg("call %ld, %s: got %s", k, name, tw_failed(e) ? tw_err_detail() : "OK");
		tw_fake_free(f);
	}
	CHECK(k > 10 && k < CALLS_MAX);
}

static void test_every_call_may_fail(void **state)
{
	const int numbers[] = { EIO, EINTR };

	wait_for_the_server();
	const size_t before = descriptors();
	for (size_t i = 0; i < TW_COUNT(numbers); i++)
		every_call_fails(numbers[i]);
	wait_for_the_server();
	CHECK_INT(descriptors(), before);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_comes_about), cmocka_unit_test(test_refuses_what_a_server_may_do),
	cmocka_unit_test(test_does_without_name_servers), cmocka_unit_test(test_every_call_may_fail))
