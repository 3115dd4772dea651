/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A load client for bench/http: one thread, TLS 1.3, each connection with one request under way.
 *
 *     load HOST PORT keep|cold CONNECTIONS REQUESTS PATH [CERTIFICATE_PEM]
 *
 * keep: the connections are made and used once, one after another, before the clock starts; then REQUESTS are spread over them.
 * It waits for a line on standard input after that warming ("warm" is printed), so that the caller can read the servers' clocks.
 * cold: every request has a connection of its own, closed by the server. Prints "REQUESTS NANOSECONDS"; any answer but 200 ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define ANSWER_MAX 65536

struct peer {
	SSL *ssl;
	int fd;
	size_t got, want; /* of the answer; want 0: the head is not complete */
	char answer[ANSWER_MAX];
};

static struct {
	SSL_CTX *tls;
	struct sockaddr_in to;
	char request[1024];
	size_t request_size;
	int epoll, cold;
	long left, done;
	struct peer *peers[CONNECTIONS_MAX];
} load;

static void die(const char *what)
{
	fprintf(stderr, "load: %s (errno %d)\n", what, errno);
	exit(1);
}

static void send_request(struct peer *p)
{
	p->got = p->want = 0;
	if (SSL_write(p->ssl, load.request, (int)load.request_size) != (int)load.request_size)
		die("sending");
	load.left--;
}

static void open_peer(struct peer *p)
{
	int on = 1;

	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&load.to, sizeof load.to) != 0)
		die("connecting");
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	p->ssl = SSL_new(load.tls);
	if (!p->ssl || SSL_set_fd(p->ssl, p->fd) != 1 || SSL_connect(p->ssl) != 1)
		die("handshake");
}

static void close_peer(struct peer *p)
{
	SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	close(p->fd);
}

/* Takes the head's word for the size of the whole answer. */
static void measure(struct peer *p)
{
	p->answer[p->got] = '\0';
	char *end = strstr(p->answer, "\r\n\r\n"), *length = strstr(p->answer, "ontent-Length: ");

	if (!end)
		return;
	if (strncmp(p->answer, "HTTP/1.1 200 ", 13) != 0 || !length || length > end) {
		fprintf(stderr, "%.400s\n", p->answer);
		die("not the answer wanted");
	}
	p->want = (size_t)(end - p->answer) + 4 + (size_t)strtoul(length + 15, NULL, 10);
}

/* 1: the answer is complete. */
static int take(struct peer *p)
{
	int n = SSL_read(p->ssl, p->answer + p->got, (int)(sizeof p->answer - 1 - p->got));

	if (n <= 0)
		die("closed in an answer");
	p->got += (size_t)n;
	if (!p->want)
		measure(p);
	return p->want && p->got >= p->want;
}

static void one_by_one(struct peer *p)
{
	send_request(p);
	while (!take(p))
		;
	load.done++;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void keep(int connections, long requests)
{
	struct epoll_event events[64];

	load.left = connections;
	for (int i = 0; i < connections; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = load.peers[i] = calloc(1, sizeof(struct peer)) };
		if (!load.peers[i])
			die("memory");
		open_peer(load.peers[i]);
		one_by_one(load.peers[i]);
		epoll_ctl(load.epoll, EPOLL_CTL_ADD, load.peers[i]->fd, &e);
	}
	printf("warm\n");
	fflush(stdout);
	if (getchar() == EOF)
		die("no word to go");
	load.left = requests;
	load.done = 0;
	for (int i = 0; i < connections; i++)
		send_request(load.peers[i]);
	while (load.done < requests) {
		int n = epoll_wait(load.epoll, events, 64, 10000);
		if (n <= 0)
			die("no answer in 10 s");
		for (int i = 0; i < n; i++) {
			if (!take(events[i].data.ptr))
				continue;
			load.done++;
			if (load.left > 0)
				send_request(events[i].data.ptr);
		}
	}
}

/* Blocking, in turn: what the client's own waiting costs is not asked. */
static void cold(long requests)
{
	struct peer *p = calloc(1, sizeof *p);

	printf("warm\n");
	fflush(stdout);
	if (!p || getchar() == EOF)
		die("no word to go");
	for (load.done = 0; load.done < requests;) {
		open_peer(p);
		one_by_one(p);
		close_peer(p);
	}
	free(p);
}

int main(int argc, char **argv)
{
	if (argc < 7)
		die("usage: load HOST PORT keep|cold CONNECTIONS REQUESTS PATH [CERTIFICATE_PEM]");
	int connections = (int)strtol(argv[4], NULL, 10);
	long requests = strtol(argv[5], NULL, 10);
	load.cold = strcmp(argv[3], "cold") == 0;
	load.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)strtol(argv[2], NULL, 10)) };
	load.epoll = epoll_create1(0);
	load.tls = SSL_CTX_new(TLS_client_method());
	if (inet_pton(AF_INET, argv[1], &load.to.sin_addr) != 1 || load.epoll < 0 || !load.tls || connections < 1 || connections > CONNECTIONS_MAX)
		die("setting up");
	SSL_CTX_set_min_proto_version(load.tls, TLS1_3_VERSION);
	if (argc > 7 &&
		(SSL_CTX_use_certificate_file(load.tls, argv[7], SSL_FILETYPE_PEM) != 1 ||
			SSL_CTX_use_PrivateKey_file(load.tls, argc > 8 ? argv[8] : argv[7], SSL_FILETYPE_PEM) != 1))
		die("client certificate");
	load.request_size = (size_t)snprintf(load.request, sizeof load.request, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", argv[6],
		argv[1], load.cold ? "Connection: close\r\n" : "");
	double begun = now_ns();
	if (load.cold)
		cold(requests);
	else
		keep(connections, requests);
	printf("%ld %.0f\n", load.done, now_ns() - begun);
	return 0;
}
