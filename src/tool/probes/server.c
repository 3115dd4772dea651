/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe of passwords that the organization's server judges: this tool is that server for a moment, and says yes, no, nothing, and yes under
 * another secret. Somebody is made up whose password it judges. Where a server is named, or a secret is shared already, nothing is tried, since the
 * secret could not be put back.
 *
 * The server is a process of its own, because the device asks it while this one waits for the device.
 */
#include "tool/probes/moment.h"
#include "tool/probes/people.h"

#include "base/text.h"
#include "crypto/md5.h"
#include "sys/worker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define SERVER "logical-access.radius-server"
#define TIMEOUT "logical-access.radius-timeout"
#define WAIT_S "1" /* for silence, once the device has been seen to ask and to hear */
#define SECRET_SIZE 32
#define HEAD 20
#define MAC 18 /* a Message-Authenticator, with its head */
#define PORTS_FROM 20000
#define PORTS 40000
#define TRIES 32

/* What the server is to say, and what it has heard. */
enum says { SAYS_YES, SAYS_NO, SAYS_NOTHING, SAYS_FALSELY, SAYS_COUNT };
struct mock {
	const struct tw_sys *sys;
	int fd;
	char place[96], secret[SECRET_SIZE + 1], password[17];
	volatile enum says *says; /* these are shared with the process that answers */
	volatile unsigned *asked;
	pid_t pid;
	int line;
};

/* --- The server --- */

/* The password of 16 bytes, as it is hidden (RFC 2865 section 5.2), is the one that was typed. */
static bool is_asked_rightly(const struct mock *m, const uint8_t *packet, size_t size)
{
	const struct tw_slice secret = tw_slice_of(m->secret), asked = { (const char *)packet + 4, 16 };
	uint8_t mask[TW_MD5_SIZE];
	size_t at = HEAD;

	if (tw_failed(tw_md5_of((const struct tw_slice[]){ secret, asked }, 2, mask)))
		return false;
	for (; at + 2 <= size && packet[at + 1] >= 2 && packet[at] != 2; at += packet[at + 1])
		;
	if (at + 2 + sizeof mask > size || packet[at + 1] != 2 + sizeof mask)
		return false;
	for (size_t i = 0; i < sizeof mask; i++)
		mask[i] ^= packet[at + 2 + i];
	return tw_equal_secret(mask, m->password, sizeof mask);
}

/* Accept or reject, with both authenticators by that secret. */
static bool write_answer(const char *secret, const uint8_t *asked, bool yes, uint8_t ret[HEAD + MAC])
{
	const struct tw_slice all = { (const char *)ret, HEAD + MAC };
	uint8_t hash[TW_MD5_SIZE];

	memset(ret, 0, HEAD + MAC);
	ret[0] = yes ? 2 : 3;
	ret[1] = asked[1];
	ret[3] = HEAD + MAC;
	memcpy(ret + 4, asked + 4, 16);
	ret[HEAD] = 80;
	ret[HEAD + 1] = MAC;
	if (tw_failed(tw_hmac_md5(secret, strlen(secret), all, hash)))
		return false;
	memcpy(ret + HEAD + 2, hash, sizeof hash);
	if (tw_failed(tw_md5_of((const struct tw_slice[]){ all, tw_slice_of(secret) }, 2, hash)))
		return false;
	memcpy(ret + 4, hash, sizeof hash);
	return true;
}

static void answer_one(const struct mock *m)
{
	struct sockaddr_storage from;
	uint8_t asked[4096], answer[HEAD + MAC];
	struct iovec in = { asked, sizeof asked }, out = { answer, sizeof answer };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &in, .msg_iovlen = 1 };
	const ssize_t size = m->sys->recvmsg(m->sys, m->fd, &message, 0);
	const enum says says = *m->says;

	if (size < HEAD || !is_asked_rightly(m, asked, (size_t)size))
		return;
	(*m->asked)++;
	message.msg_iov = &out;
	if (says != SAYS_NOTHING &&
		write_answer(says == SAYS_FALSELY ? "another secret than the one shared" : m->secret, asked, says != SAYS_NO, answer))
		(void)m->sys->sendmsg(m->sys, m->fd, &message, 0);
}

static void serve(void *user, int fd)
{
	for (;;)
		answer_one(user);
}

/* --- Where it stands --- */

/* A free port at that address of this machine. DENIED: the address is not this machine's. */
static tw_err bind_at(struct mock *m, const char *address)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	const bool four = inet_pton(AF_INET, address, &v4.sin_addr) == 1;
	uint16_t random = 0;

	if (!four && inet_pton(AF_INET6, address, &v6.sin6_addr) != 1)
		return TW_RAISE(SYNTAX, "the device does not say from where it is asked");
	m->fd = m->sys->socket(m->sys, four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < TRIES && m->fd >= 0; i++) {
		if (m->sys->random(m->sys, &random, sizeof random))
			return TW_RAISE_ERRNO("randomness");
		const unsigned port = PORTS_FROM + random % PORTS;
		v4.sin_port = v6.sin6_port = htons((uint16_t)port);
		(void)snprintf(m->place, sizeof m->place, four ? "%s:%u" : "[%s]:%u", address, port);
		if (!m->sys->bind(m->sys, m->fd, four ? (const void *)&v4 : (const void *)&v6, four ? sizeof v4 : sizeof v6))
			return TW_OK;
	}
	return TW_RAISE(DENIED, "the device sees this machine at %s, and that is no address of its own", address);
}

static tw_err mock_begin(struct tw_probe_context *c, const char *address, struct mock *m)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 };
	uint8_t bytes[SECRET_SIZE / 2 + 8];
	void *shared = NULL;

	tw_buf_init(&hex, c->sys, 2 * sizeof bytes);
	if (c->sys->random(c->sys, bytes, sizeof bytes))
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_hex(&hex, bytes, sizeof bytes));
	(void)snprintf(m->secret, sizeof m->secret, "%s", tw_buf_cstr(&hex));
	(void)snprintf(m->password, sizeof m->password, "%s", tw_buf_cstr(&hex) + SECRET_SIZE);
	TW_TRY(bind_at(m, address));
	TW_TRY(tw_worker_shared(sizeof *m->says + sizeof *m->asked, &shared));
	m->says = shared;
	m->asked = (void *)((char *)shared + sizeof *m->says);
	return tw_worker_start(c->sys, serve, m, &m->pid, &m->line);
}

static void mock_done(struct mock *m)
{
	tw_worker_end(m->pid);
	if (m->line >= 0)
		(void)m->sys->close(m->sys, m->line);
	if (m->fd >= 0)
		(void)m->sys->close(m->sys, m->fd);
	tw_wipe(m->secret, sizeof m->secret);
	tw_wipe(m->password, sizeof m->password);
}

/* --- What the device is told --- */

struct trial {
	struct tw_person person;
	struct mock server;
	char address[64]; /* of this machine, as the device sees it */
	struct tw_moment moment;
	bool shared; /* its secret, which is to be taken back */
	long status[SAYS_COUNT];
	char rule[SAYS_COUNT][64];
	unsigned asked[SAYS_COUNT];
};

/* A server or secret of somebody's is left alone. */
static tw_err is_free(struct tw_probe_context *c, bool *ret)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer server = { 0 }, secret = { 0 };

	TW_TRY(tw_order(c, "GET", "/api/v1/settings/" SERVER, &server));
	TW_TRY(tw_order(c, "GET", "/api/v1/radius-secret", &secret));
	*ret = !*tw_json_text(server.body, "value") && !json_is_true(json_object_get(secret.body, "secret"));
	return TW_OK;
}

static tw_err begin(struct tw_probe_context *c, struct trial *t)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer account = { 0 };
	char path[96];

	TW_TRY(tw_person_make(c, "person", 0, &t->person));
	TW_TRY(tw_person_comes(c, &t->person));
	(void)snprintf(path, sizeof path, "/api/v1/accounts/%s", t->person.id);
	TW_TRY(tw_order(c, "GET", path, &account));
	(void)snprintf(t->address, sizeof t->address, "%s", tw_json_text(account.body, "login_from"));
	TW_TRY(mock_begin(c, t->address, &t->server));
	TW_TRY(tw_moment_set(&t->moment, SERVER, t->server.place));
	TW_TRY(tw_order_with(c, "PUT", "/api/v1/radius-secret", json_pack("{s:s}", "secret", t->server.secret), NULL));
	t->shared = true;
	(void)snprintf(path, sizeof path, "/api/v1/server-passwords/%s", t->person.id);
	return tw_order_with(c, "PUT", path, json_object(), NULL);
}

static tw_err log_in(struct tw_probe_context *c, struct trial *t, enum says says)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	TW_CLEANUP(tw_jsonp) json_t *body = json_pack("{s:s, s:s}", "account", t->person.name, "password", t->server.password);
	const struct tw_call call = { .method = "POST", .path = "/api/v1/logins", .body = body };
	const unsigned before = *t->server.asked;

	if (!body)
		return TW_RAISE(NOMEM, "a request");
	TW_TRY(tw_accept_in(c, body));
	if (says == SAYS_NOTHING)
		TW_TRY(tw_moment_set(&t->moment, TIMEOUT, WAIT_S));
	*t->server.says = says;
	TW_TRY(tw_person_call(c, NULL, &call, &answer));
	t->status[says] = answer.status;
	t->asked[says] = *t->server.asked - before;
	(void)snprintf(t->rule[says], sizeof t->rule[says], "%s", tw_json_text(answer.body, "rule"));
	return TW_OK;
}

/* --- What it makes of that --- */

static bool opened(const struct trial *t, enum says says)
{
	return t->status[says] == 200 || t->status[says] == 201;
}

static tw_err judge(const struct trial *t, struct tw_finding *f)
{
	static const char *const words[] = { "said yes", "said no", "said nothing", "said yes under another secret" };

	for (enum says i = SAYS_YES; i < SAYS_COUNT; i++) {
		char seen[96];

		(void)snprintf(seen, sizeof seen, "%ld %s, asked %u times", t->status[i], t->rule[i], t->asked[i]);
		TW_TRY(tw_saw(f, words[i], seen));
	}
	for (enum says i = SAYS_YES; i < SAYS_COUNT; i++)
		if (opened(t, i) && (i != SAYS_YES || !t->asked[i]))
			return tw_found(f, TW_VERDICT_FAIL, "The server %s%s, and the login was let in.", words[i],
				t->asked[i] ? "" : ", and was not even asked");
	if (!t->asked[SAYS_YES] && !t->asked[SAYS_NO])
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device's questions did not reach this machine at %s; a packet filter between them would do that.",
			t->server.place);
	if (!opened(t, SAYS_YES) && strcmp(t->rule[SAYS_YES], "access.login") != 0)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The server said yes, and the login was refused for another reason: %s.", t->rule[SAYS_YES]);
	if (!opened(t, SAYS_YES))
		return tw_found(f, TW_VERDICT_FAIL, "The server said yes, and the login was refused.");
	return tw_found(f, TW_VERDICT_PASS,
		"With this machine as its server, the device let a login in when it said yes, and refused it when it said no, nothing, and yes under "
		"another secret.");
}

static void end(struct tw_probe_context *c, struct tw_finding *f, struct trial *t)
{
	mock_done(&t->server);
	tw_moment_back(&t->moment);
	if (t->shared && tw_failed(tw_order(c, "DELETE", "/api/v1/radius-secret", NULL)))
		tw_found_left(f, "the secret of the probe's server could not be removed again: %s", tw_err_detail());
	tw_probe_take_back(c, f, "accounts", t->person.id);
	tw_moment_end(&t->moment);
}

/* @nist LA.AS.2.1.2: yes, no, and then it times out: let in, refused, refused */
static tw_err ask_server(struct tw_probe_context *c, struct tw_finding *f)
{
	struct trial t = { .server = { .sys = c->sys, .fd = -1, .line = -1 } };
	bool free_to = false;
	tw_err e = is_free(c, &free_to);

	if (tw_failed(e))
		return tw_found_trouble(f, "Which server judges passwords", e);
	if (!free_to)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"A server is named, or a secret shared with one; it could not be put back. Try a device of the same release that has none.");
	e = tw_moment_begin(&t.moment, c, f);
	if (!tw_failed(e))
		e = begin(c, &t);
	for (enum says i = SAYS_YES; i < SAYS_COUNT && !tw_failed(e); i++)
		e = log_in(c, &t, i);
	if (tw_is(e, TW_CODE_DENIED) && t.server.pid == 0)
		e = tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device cannot ask this machine: %s.", tw_err_detail());
	else
		e = tw_failed(e) ? tw_found_trouble(f, "What the probe needs", e) : judge(&t, f);
	end(c, f, &t);
	return e;
}

const struct tw_probe tw_probes_server[] = {
	{ "LA.AS.2.1.2", "server-judges", TW_SOURCE_OUTSIDE,
		"Does the organization's server decide who is let in, and nothing else?", ask_server, true, true },
	{ .element = NULL },
};
