/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes from where nobody is anybody: a stranger in the network, and a user of the device itself without any right.
 *
 * The stranger looks at everything there is to see: the certificate, each path that the device publishes, and the three protocols by
 * which devices tell their names to whoever asks the network. What times tell is asked in timing.c.
 */
#include "tool/probes/probe.h"

#include "base/text.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

#define SILENT_MS 400

/* "{...}" at the end of a path becomes a name that is none. */
static void fill(const char *path, char ret[160])
{
	const char *brace = strchr(path, '{');

	(void)snprintf(ret, 160, "%.*s%s", brace ? (int)(brace - path) : 120, path, brace ? "nobody" : "");
}

/* One path as a stranger sees it, its certificate and its head too. A stream would not end, and is refused before it begins. */
static tw_err look(struct tw_probe_context *c, const struct tw_secrets *s, const char *path, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char filled[160];

	fill(path, filled);
	tw_err e = tw_ask(c, &tw_asker_stranger, "GET", filled, &answer);
	*ret_good = false;
	if (tw_failed(e))
		return tw_found_trouble(f, "What a stranger sees", e);
	if (tw_secrets_show(&answer.raw, s) || tw_secrets_show(&answer.head, s) || tw_secrets_show(&answer.certificate, s))
		return tw_found(f, TW_VERDICT_FAIL,
			"The identity shows to a stranger at %s, in the answer, its head, or the certificate.", filled);
	*ret_good = true;
	return TW_OK;
}

/* @nist DI.ABI.1.1: certificate, heads, pages and errors of every path the device has. */
static tw_err nothing_to_see(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer paths = { 0 };
	struct tw_secrets s;
	const char *path;
	json_t *row;
	size_t n = 0;
	bool good = true;

	TW_TRY(tw_secrets_gather(c, &c->target[0], &s));
	tw_err e = tw_ask(c, &tw_asker_stranger, "GET", "/api/v1/openapi.json", &paths);
	if (tw_failed(e))
		return tw_found_trouble(f, "The list of paths", e);
	if (tw_secrets_show(&paths.raw, &s))
		return tw_found(f, TW_VERDICT_FAIL, "The identity shows in the list of paths.");
	json_object_foreach(json_object_get(paths.body, "paths"), path, row) {
		n++;
		if (good)
			TW_TRY(look(c, &s, path, f, &good));
	}
	if (good)
		TW_TRY(look(c, &s, "/", f, &good));
	if (!good)
		return TW_OK;
	if (!n)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device publishes no list of its paths.");
	return tw_found(f, TW_VERDICT_PASS,
		"%zu paths and the front page, asked without credentials: neither certificate, heads, pages nor errors show the identity.",
		n);
}

#define BYTES(text) (text), sizeof(text) - 1
/* What each protocol's question looks like, sent to the device's own address. */
static const struct {
	const char *name, *port, *bytes;
	size_t size;
} announcers[] = {
	{ "mDNS", "5353", BYTES("\0\0\0\0\0\1\0\0\0\0\0\0\x9_services\x7_dns-sd\x4_udp\x5local\0\0\x0c\x80\1") },
	{ "LLMNR", "5355", BYTES("\1\2\0\0\0\1\0\0\0\0\0\0\x9thingward\0\0\1\0\1") },
	{ "SSDP", "1900",
		BYTES("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n") },
};

/* The bytes that came back; none when it is silent. */
static tw_err exchange(const struct tw_sys *sys, const struct addrinfo *to, size_t row, struct tw_buf *ret)
{
	char bytes[1500];
	struct iovec out = { (void *)(uintptr_t)announcers[row].bytes, announcers[row].size }, in = { bytes, sizeof bytes };
	struct msghdr question = { .msg_iov = &out, .msg_iovlen = 1 }, answer = { .msg_iov = &in, .msg_iovlen = 1 };
	int fd = sys->socket(sys, to->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return TW_RAISE_ERRNO("a datagram socket");
	bool sent = sys->connect(sys, fd, to->ai_addr, to->ai_addrlen) == 0 && sys->sendmsg(sys, fd, &question, 0) >= 0;
	ssize_t n = sent && sys->poll(sys, &p, 1, SILENT_MS) > 0 ? sys->recvmsg(sys, fd, &answer, 0) : 0;
	(void)sys->close(sys, fd);
	return n > 0 ? tw_buf_add(ret, bytes, (size_t)n) : TW_OK; /* refused by the kernel: nobody listens, as it should be */
}

static tw_err ask_announcer(struct tw_probe_context *c, const char *host, size_t row, struct tw_buf *ret)
{
	const struct addrinfo want = { .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found = NULL;

	if (getaddrinfo(host, announcers[row].port, &want, &found) != 0)
		return TW_RAISE(CLOSED, "%s has no address", host);
	tw_err e = exchange(c->sys, found, row, ret);
	freeaddrinfo(found);
	return e;
}

/* HOST of HOST:PORT, without the brackets of IPv6. */
static void host_of(const char *address, char ret[256])
{
	const char *end = strrchr(address, ':');
	size_t size = end ? (size_t)(end - address) : strlen(address);
	bool bracketed = size > 1 && address[0] == '[' && address[size - 1] == ']';

	(void)snprintf(ret, 256, "%.*s", (int)(bracketed ? size - 2 : size), address + bracketed);
}

/* @nist DI.ABI.1.1: it does not tell the network its name, even when asked. */
static tw_err no_announcement(struct tw_probe_context *c, struct tw_finding *f)
{
	struct tw_secrets s;
	char host[256];
	size_t answered = 0;

	host_of(c->target[0].session.device.address, host);
	TW_TRY(tw_secrets_gather(c, &c->target[0], &s));
	for (size_t i = 0; i < TW_COUNT(announcers); i++) {
		TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };

		tw_buf_init(&said, c->sys, 2048);
		tw_err e = ask_announcer(c, host, i, &said);
		if (tw_failed(e))
			return tw_found_trouble(f, "Asking by datagram", e);
		if (tw_secrets_show(&said, &s))
			return tw_found(f, TW_VERDICT_FAIL, "The answer by %s shows the identity.", announcers[i].name);
		answered += said.size > 0;
		TW_TRY(tw_saw(f, announcers[i].name, said.size ? "answered, without the identity" : "silent"));
	}
	return tw_found(f, TW_VERDICT_PASS, "Asked by mDNS, LLMNR and SSDP, %s.",
		answered ? "what answers there does not show the identity" : "it is silent");
}

/* Who we are, and who listens at the socket, as the kernel says. */
static tw_err uids(struct tw_probe_context *c, uid_t *ret_ours, uid_t *ret_theirs)
{
	const struct tw_sys *sys = c->sys;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int pair[2], fd = -1;
	pid_t pid;
	gid_t gid;

	if (sys->socketpair(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, pair))
		return TW_RAISE_ERRNO("a pair of sockets");
	int r = sys->peer(sys, pair[0], &pid, ret_ours, &gid);
	(void)sys->close(sys, pair[0]);
	(void)sys->close(sys, pair[1]);
	(void)snprintf(at.sun_path, sizeof at.sun_path, "%s", c->local_path);
	if (r == 0 && (fd = sys->socket(sys, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) >= 0 &&
		sys->connect(sys, fd, (const struct sockaddr *)&at, sizeof at) == 0)
		r = sys->peer(sys, fd, &pid, ret_theirs, &gid);
	else
		r = -1;
	tw_err e = r ? TW_RAISE_ERRNO("%.80s", c->local_path) : TW_OK;
	if (fd >= 0)
		(void)sys->close(sys, fd);
	return e;
}

/* What answers whoever is on the device, with no credential: that it is well, whether it has an owner, the use notice, and the list of paths. */
static bool on_list(const char *path)
{
	static const char *const open[] = { "/api/v1/health", "/api/v1/commissioning", "/api/v1/notice", "/api/v1/openapi.json" };

	for (size_t i = 0; i < TW_COUNT(open); i++)
		if (!strcmp(path, open[i]))
			return true;
	return false;
}

/* How the device is: where the organization permits that without login. */
static bool may_list(const char *path)
{
	return !strcmp(path, "/api/v1/capabilities");
}

static bool organization_lists(struct tw_probe_context *c)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	return !tw_failed(tw_order(c, "GET", "/api/v1/settings/logical-access.without-login", &answer)) &&
		strstr(tw_json_text(answer.body, "value"), "status.read");
}

static tw_err ask_local(struct tw_probe_context *c, const char *path, struct tw_finding *f, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };
	char filled[160];

	fill(path, filled);
	tw_err e = tw_ask(c, &tw_asker_local, "GET", filled, &answer);
	*ret_good = false;
	if (tw_failed(e))
		return tw_found_trouble(f, "The local socket", e);
	if (answer.status < 400 && !on_list(path) && !(may_list(path) && organization_lists(c)))
		return tw_found(f, TW_VERDICT_FAIL, "%s answers a user of the device without credentials with %ld.", filled, answer.status);
	*ret_good = true;
	return TW_OK;
}

static tw_err ask_all_local(struct tw_probe_context *c, const json_t *paths, struct tw_finding *f)
{
	const char *path;
	json_t *row;
	bool good = true;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)paths, path, row) {
		n++;
		if (good)
			TW_TRY(ask_local(c, path, f, &good));
	}
	if (!good)
		return TW_OK;
	if (!n)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "The device publishes no list of its paths.");
	return tw_found(f, TW_VERDICT_PASS,
		"%zu paths, asked at the local socket by a user without any right: only health, the state of ownership and the list of paths answered. "
		"The console is a person's to try: it knows help, status, confirm and recover.",
		n);
}

/* @nist DI.ABI.1.3: on the device, without credentials, only the functions on the list answer. */
static tw_err only_the_list(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer paths = { 0 };
	uid_t ours = 0, theirs = 0;

	if (!c->local)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"It takes a user of the device itself: assess there with --local, as one without rights.");
	tw_err e = uids(c, &ours, &theirs);
	if (tw_failed(e))
		return tw_found_trouble(f, "The local socket", e);
	if (ours == 0 || ours == theirs)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"This tool runs as root, or as the device's own user, who may look. Assess with --local as a user without rights.");
	e = tw_ask(c, &tw_asker_stranger, "GET", "/api/v1/openapi.json", &paths);
	if (tw_failed(e))
		return tw_found_trouble(f, "The list of paths", e);
	return ask_all_local(c, json_object_get(paths.body, "paths"), f);
}

const struct tw_probe tw_probes_concealment[] = {
	{ "DI.ABI.1.1", "nothing-to-see", TW_SOURCE_OUTSIDE, "Does every path keep the identity from a stranger?", nothing_to_see },
	{ "DI.ABI.1.1", "no-announcement", TW_SOURCE_OUTSIDE, "Does it keep its name when the network asks?", no_announcement },
	{ "DI.ABI.1.1", "times-tell-nothing", TW_SOURCE_OUTSIDE, "Do the times of its answers keep the identity?", tw_probe_times_tell_nothing },
	{ "DI.ABI.1.3", "only-the-list", TW_SOURCE_INSIDE, "Do only listed functions answer on the device itself?", only_the_list },
	{},
};
