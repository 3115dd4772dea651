/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl is asked for as little as it can be: no files, no threads (names are resolved here before it starts), no cookies, no
 * proxy, no authentication of its own, one connection that is not kept. What it follows is followed here: a redirect to the same
 * scheme, host and port.
 */
#include "device/fetch/transfer.h"

#include "base/mem.h"
#include "base/release.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "crypto/chain.h"
#include "device/fetch/secure.h"
#include "formats/posture.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <string.h>

#define REDIRECTS_MAX 3
#define RETRY_MAX_S (7 * 24 * 3600)

struct run {
	struct tw_transfer *t;
	CURL *curl;
	CURLU *place;
	struct curl_slist *headers, *addresses;
	tw_cert *cert;
	struct tw_secured secured;
	char trouble[CURL_ERROR_SIZE], url[TW_FETCH_URL_MAX + 1];
	int64_t until_ms;
	size_t most; /* bytes of an answer */
	bool too_large, asks_posture;
	bool is_plain_home; /* it would be no mutual TLS, with a home system */
};

void tw_transfer_init(struct tw_transfer *t, const struct tw_sys *sys)
{
	memset(t, 0, sizeof *t);
	t->sys = sys;
	tw_buf_init(&t->type, sys, TW_FETCH_TYPE_MAX);
	tw_buf_init(&t->answer, sys, TW_FETCH_ANSWER_MAX);
}

void tw_transfer_done(struct tw_transfer *t)
{
	tw_buf_done(&t->type);
	tw_buf_done(&t->answer);
}

static enum tw_fetch_failure fail(struct tw_transfer *t, enum tw_fetch_failure what, const char *words)
{
	(void)snprintf(t->words, sizeof t->words, "%.*s", TW_FETCH_WORDS_MAX, words);
	tw_utf8_mend(t->words);
	return what;
}

/* --- The address --- */

static bool part(CURLU *u, CURLUPart which, char *ret, size_t size)
{
	char *text = NULL;
	bool good = curl_url_get(u, which, &text, CURLU_DEFAULT_PORT) == CURLUE_OK && strlen(text) < size;

	if (good)
		(void)snprintf(ret, size, "%s", text);
	curl_free(text);
	return good;
}

static bool has_part(CURLU *u, CURLUPart which)
{
	char *text = NULL;
	bool has = curl_url_get(u, which, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

/* The host as libcurl understands it is the one that stands there: by another spelling (%61, 127.1) nobody gets round what is demanded of it. */
static bool is_spelt(const char *url, const char *host)
{
	const char *at = strstr(url, "://");

	if (!at || strncasecmp(at + 3, host, strlen(host)) != 0)
		return false;
	at += 3 + strlen(host);
	return *at == '\0' || strchr(":/?#", *at);
}

static CURLU *read_url(const char *url)
{
	CURLU *u = curl_url();
	char scheme[16], host[256], port[8], demanded[TW_DEMAND_PLACE_MAX + 1];

	if (u && tw_demand_place(tw_slice_of(url), demanded) && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
		part(u, CURLUPART_SCHEME, scheme, sizeof scheme) && strcmp(scheme, "https") == 0 &&
		part(u, CURLUPART_HOST, host, sizeof host) && is_spelt(url, host) && part(u, CURLUPART_PORT, port, sizeof port) &&
		!has_part(u, CURLUPART_USER) && !has_part(u, CURLUPART_PASSWORD))
		return u;
	curl_url_cleanup(u);
	return NULL;
}

static bool same_place(CURLU *a, CURLU *b)
{
	char x[256], y[256], p[8], q[8];

	return part(a, CURLUPART_HOST, x, sizeof x) && part(b, CURLUPART_HOST, y, sizeof y) && strcasecmp(x, y) == 0 &&
		part(a, CURLUPART_PORT, p, sizeof p) && part(b, CURLUPART_PORT, q, sizeof q) && strcmp(p, q) == 0;
}

/* libcurl would resolve in a thread, which a role may not have: it is told the addresses. */
static enum tw_fetch_failure find_host(struct run *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf list = { 0 };
	char host[256], port[8];
	struct curl_slist *made;
	size_t size;

	if (!part(r->place, CURLUPART_HOST, host, sizeof host) || !part(r->place, CURLUPART_PORT, port, sizeof port))
		return fail(r->t, TW_FETCH_URL, "The address has no host.");
	size = strlen(host);
	if (host[0] == '[' || tw_host_is_number(host))
		return TW_FETCH_NO_FAILURE;
	tw_buf_init(&list, r->t->sys, size + 16 + TW_ADDRESSES_MAX * 48);
	if (tw_failed(tw_buf_format(&list, "%s:%s:", host, port)))
		return fail(r->t, TW_FETCH_INTERNAL, "no memory");
	TW_CLEANUP(tw_buf_done) struct tw_buf addresses = { 0 };
	tw_buf_init(&addresses, r->t->sys, TW_ADDRESSES_MAX * 48);
	if (tw_failed(tw_resolve(r->t->sys, r->t->servers, host, &addresses)))
		return fail(r->t, TW_FETCH_UNRESOLVED, tw_err_detail());
	if (tw_failed(tw_buf_text(&list, tw_buf_cstr(&addresses))))
		return fail(r->t, TW_FETCH_INTERNAL, "no memory");
	made = curl_slist_append(NULL, tw_buf_cstr(&list));
	if (!made)
		return fail(r->t, TW_FETCH_INTERNAL, "no memory");
	r->addresses = made;
	return TW_FETCH_NO_FAILURE;
}

/* --- TLS --- */

static CURLcode on_tls(CURL *curl, void *ssl_ctx, void *user)
{
	struct run *r = user;

	return tw_secure_begin(&r->secured, ssl_ctx) ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* The leaf's public half, and a private one that is elsewhere. */
static tw_err open_certificate(struct run *r)
{
	static const char end[] = "-----END CERTIFICATE-----";
	struct tw_slice pem = r->t->job.certificate;
	TW_CLEANUP(tw_key_freep) tw_key *public_half = NULL;
	uint8_t point[TW_POINT_SIZE];

	if (pem.size == 0)
		return TW_OK;
	const char *first_end = memmem(pem.at, pem.size, end, sizeof end - 1);
	if (!first_end)
		return TW_RAISE(SYNTAX, "no certificate");
	pem.size = (size_t)(first_end - pem.at) + sizeof end - 1;
	TW_TRY(tw_cert_load(r->t->sys, pem, &r->cert));
	TW_TRY(tw_cert_key(r->cert, &public_half));
	TW_TRY(tw_key_point(public_half, point));
	return tw_remote_key(r->t->sys, &r->t->remote, point, &r->secured.key);
}

/* --- Home systems, of a device that is elsewhere --- */

static struct tw_network host_of(const struct sockaddr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct tw_network n = { .family = a->sa_family == AF_INET ? 4 : 6, .bits = a->sa_family == AF_INET ? 32 : 128 };
	const uint8_t *six = ((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr;

	if (n.family == 4)
		memcpy(n.address, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
	else if (memcmp(six, mapped, sizeof mapped) != 0)
		memcpy(n.address, six, 16);
	else
		n = (struct tw_network){ .family = 4, .bits = 32, .address = { six[12], six[13], six[14], six[15] } };
	return n;
}

/*
 * Whatever a name stood for, this is where it goes. A home system, to whom no certificate is to be shown, is not even connected to.
 */
static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct run *r = user;
	const struct tw_fetch_job *j = &r->t->job;
	const struct tw_network host = host_of(&to->addr);
	char link[TW_FETCH_LINK_MAX + 1];

	if (!j->certificate.size && tw_demand_is_home(j->demand.home, &host)) {
		r->is_plain_home = true;
		return CURL_SOCKET_BAD;
	}
	curl_socket_t fd = r->t->sys->socket(r->t->sys, to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	(void)snprintf(link, sizeof link, TW_SLICE_FMT, TW_SLICE_ARG(j->link));
	if (fd >= 0 && *link && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, link, (socklen_t)strlen(link) + 1)) {
		(void)r->t->sys->close(r->t->sys, fd);
		return CURL_SOCKET_BAD;
	}
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* @nist LA.EC.5: a home system is told nothing over TLS in which it did not ask who this is */
static int before_request(void *user, char *to, char *from, int to_port, int from_port)
{
	struct run *r = user;
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };
	const bool is_four = inet_pton(AF_INET, to, &four.sin_addr) == 1;

	if (!is_four && inet_pton(AF_INET6, to, &six.sin6_addr) != 1)
		return CURL_PREREQFUNC_ABORT;
	const struct tw_network host = host_of(is_four ? (const struct sockaddr *)&four : (const struct sockaddr *)&six);
	r->is_plain_home = !r->secured.was_asked && tw_demand_is_home(r->t->job.demand.home, &host);
	return r->is_plain_home ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static enum tw_fetch_failure fail_home(struct run *r)
{
	return fail(r->t, TW_FETCH_HOME,
		r->t->job.certificate.size ? "This device is not at home, and that home system does not ask who it is: it is told nothing."
					   : "This device is not at home, and speaks to home systems by mutual TLS alone.");
}

/* --- The transfer --- */

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	struct run *r = user;

	r->too_large = r->too_large || size > r->most - r->t->answer.size;
	return r->too_large || tw_failed(tw_buf_add(&r->t->answer, data, size)) ? 0 : size;
}

static bool add_header(struct run *r, const char *name, struct tw_slice value)
{
	char line[TW_FETCH_AUTHORIZATION_MAX + 64];
	struct curl_slist *more;

	(void)snprintf(line, sizeof line, "%s:%s" TW_SLICE_FMT, name, value.size ? " " : "", TW_SLICE_ARG(value));
	more = curl_slist_append(r->headers, line);
	if (more)
		r->headers = more;
	return more != NULL;
}

static bool add_headers(struct run *r)
{
	const struct tw_fetch_job *j = &r->t->job;

	/* A name alone keeps libcurl from sending a line of its own. */
	if (r->asks_posture)
		return add_header(r, "Expect", TW_SLICE("")) && add_header(r, "Accept", TW_SLICE("application/eat+jwt"));
	return add_header(r, "Expect", TW_SLICE("")) && add_header(r, "Accept", j->accept) && add_header(r, "Content-Type", j->type) &&
		(j->authorization.size == 0 || add_header(r, "Authorization", j->authorization));
}

#define SET(option, value) r = r ? r : curl_easy_setopt(c, option, value)
static CURLcode set_up(struct run *run)
{
	const struct tw_fetch_job *j = &run->t->job;
	struct curl_blob anchors = { (void *)(uintptr_t)j->anchors.at, j->anchors.size, CURL_BLOB_NOCOPY };
	CURL *c = run->curl;
	CURLcode r = CURLE_OK;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_FORBID_REUSE, run->asks_posture ? 0L : 1L);
	SET(CURLOPT_USERAGENT, "thingward/" TW_VERSION);
	SET(CURLOPT_ERRORBUFFER, run->trouble);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, run);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	if (!j->by_key) /* else there is nothing of libcurl's to judge: secure.c does */
		SET(CURLOPT_CAINFO_BLOB, &anchors);
	SET(CURLOPT_SSL_VERIFYPEER, j->by_key ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, j->by_key ? 0L : 2L);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, run);
	SET(CURLOPT_PREREQFUNCTION, before_request);
	SET(CURLOPT_PREREQDATA, run);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(CURLOPT_SSL_CTX_DATA, run);
	SET(CURLOPT_HTTPHEADER, run->headers);
	if (run->addresses)
		SET(CURLOPT_RESOLVE, run->addresses);
	if (j->method == TW_FETCH_POST && !run->asks_posture) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE, (long)run->t->body.size);
		SET(CURLOPT_POSTFIELDS, run->t->body.at ? run->t->body.at : "");
	}
	return r;
}
#undef SET

static enum tw_fetch_failure explain(const struct run *r, CURLcode code)
{
	static const struct {
		CURLcode code;
		enum tw_fetch_failure what;
	} rows[] = {
		{ CURLE_COULDNT_RESOLVE_HOST, TW_FETCH_UNRESOLVED },
		{ CURLE_COULDNT_CONNECT, TW_FETCH_UNREACHABLE },
		{ CURLE_OPERATION_TIMEDOUT, TW_FETCH_TIMEOUT },
		{ CURLE_PEER_FAILED_VERIFICATION, TW_FETCH_UNTRUSTED },
		{ CURLE_SSL_CACERT_BADFILE, TW_FETCH_UNTRUSTED },
		{ CURLE_SSL_CONNECT_ERROR, TW_FETCH_TLS },
		{ CURLE_SSL_CERTPROBLEM, TW_FETCH_TLS },
		{ CURLE_SSL_CIPHER, TW_FETCH_TLS },
		{ CURLE_RECV_ERROR, TW_FETCH_TLS }, /* with TLS 1.3 a refused client learns of it while it reads */
		{ CURLE_SEND_ERROR, TW_FETCH_TLS },
		{ CURLE_WEIRD_SERVER_REPLY, TW_FETCH_BAD_ANSWER },
		{ CURLE_UNSUPPORTED_PROTOCOL, TW_FETCH_BAD_ANSWER },
		{ CURLE_GOT_NOTHING, TW_FETCH_BAD_ANSWER },
		{ CURLE_PARTIAL_FILE, TW_FETCH_BAD_ANSWER },
		{ CURLE_BAD_CONTENT_ENCODING, TW_FETCH_BAD_ANSWER },
	};

	if (r->too_large)
		return TW_FETCH_TOO_LARGE;
	for (size_t i = 0; i < TW_COUNT(rows); i++)
		if (rows[i].code == code)
			return rows[i].what;
	return TW_FETCH_INTERNAL;
}

static enum tw_fetch_failure once(struct run *r)
{
	int64_t left = r->until_ms - tw_boot_ms(r->t->sys);
	CURLcode code = CURLE_OK;

	tw_buf_clear(&r->t->answer);
	if (left <= 0)
		return fail(r->t, TW_FETCH_TIMEOUT, "The time of the job is over.");
	code = code ? code : curl_easy_setopt(r->curl, CURLOPT_URL, r->url);
	code = code ? code : curl_easy_setopt(r->curl, CURLOPT_TIMEOUT_MS, (long)left);
	code = code ? code : curl_easy_setopt(r->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)left);
	code = code ? code : curl_easy_perform(r->curl);
	if (code == CURLE_OK)
		return TW_FETCH_NO_FAILURE;
	if (r->is_plain_home)
		return fail_home(r);
	const char *words = *r->trouble ? r->trouble : curl_easy_strerror(code);
	const enum tw_fetch_failure what = tw_secure_failure(&r->secured, explain(r, code), &words);
	return fail(r->t, what, words);
}

/* True: r->url is another one of the same place, to be tried. A POST is sent again only where the status says so. */
static bool redirected(struct run *r, long status, enum tw_fetch_failure *ret)
{
	char *to = NULL;
	bool moved = status == 307 || status == 308 || (r->t->job.method == TW_FETCH_GET && (status == 301 || status == 302));

	if (!moved || curl_easy_getinfo(r->curl, CURLINFO_REDIRECT_URL, &to) != CURLE_OK || !to)
		return false;
	CURLU *place = read_url(to);
	if (!place || !same_place(place, r->place) || strlen(to) > TW_FETCH_URL_MAX)
		*ret = fail(r->t, TW_FETCH_REDIRECTED, "It wants to send us elsewhere, and is not followed.");
	else
		(void)snprintf(r->url, sizeof r->url, "%s", to);
	curl_url_cleanup(place);
	return true;
}

static enum tw_fetch_failure take_head(struct run *r, long status)
{
	const char *type = NULL;
	curl_off_t retry = 0;

	if (status < 200 || status > 599)
		return fail(r->t, TW_FETCH_BAD_ANSWER, "The answer has no status that HTTP knows.");
	r->t->status = (unsigned)status;
	if (curl_easy_getinfo(r->curl, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type) {
		bool plain = strlen(type) <= TW_FETCH_TYPE_MAX;

		for (const char *c = type; plain && *c; c++)
			plain = *c >= ' ' && *c <= '~';
		if (!plain || tw_failed(tw_buf_text(&r->t->type, type)))
			return fail(r->t, TW_FETCH_BAD_ANSWER, "The answer's type is too long, or not plain.");
	}
	if (curl_easy_getinfo(r->curl, CURLINFO_RETRY_AFTER, &retry) == CURLE_OK && retry > 0)
		r->t->retry_after_s = retry < RETRY_MAX_S ? (uint32_t)retry : RETRY_MAX_S;
	return TW_FETCH_NO_FAILURE;
}

static enum tw_fetch_failure perform(struct run *r)
{
	enum tw_fetch_failure f = TW_FETCH_NO_FAILURE;
	long status = 0;

	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		f = once(r);
		if (f)
			return f;
		if (curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK)
			return fail(r->t, TW_FETCH_INTERNAL, "libcurl does not tell the status");
		if (!redirected(r, status, &f))
			return take_head(r, status);
		if (f)
			return f;
	}
	return fail(r->t, TW_FETCH_REDIRECTED, "It sends us in circles.");
}

/* --- What the other side says of its state, before it is told anything --- */

static tw_err posture_place(struct run *r, const char *nonce)
{
	const struct tw_slice url = r->t->job.url, path = r->t->job.demand.posture;
	const size_t scheme = strlen("https://");
	const size_t place = scheme + strcspn(r->url + scheme, "/?#");
	int n = snprintf(r->url, sizeof r->url, "%.*s" TW_SLICE_FMT "?nonce=%s", (int)place, url.at, TW_SLICE_ARG(path), nonce);

	return n > 0 && (size_t)n < sizeof r->url ? TW_OK : TW_RAISE(LIMIT, "the address at which it says its state is too long");
}

static tw_err make_nonce(struct run *r, char ret[TW_POSTURE_NONCE + 1])
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	uint8_t bytes[32];

	tw_buf_init(&text, r->t->sys, TW_POSTURE_NONCE);
	if (r->t->sys->random(r->t->sys, bytes, sizeof bytes) != 0)
		return TW_RAISE_ERRNO("randomness");
	TW_TRY(tw_buf_base64url(&text, bytes, sizeof bytes));
	(void)snprintf(ret, TW_POSTURE_NONCE + 1, "%s", tw_buf_cstr(&text));
	return TW_OK;
}

static enum tw_fetch_failure judge_posture(struct run *r, const char *nonce)
{
	const struct tw_fetch_demand *d = &r->t->job.demand;
	const struct tw_posture_expected x = { (const uint8_t *)d->attester.at, nonce, r->secured.certificate, d->claims,
		r->t->job.now_ms / 1000 };
	char words[TW_POSTURE_WORDS_MAX + 1];
	enum tw_posture_fault fault = TW_POSTURE_FORM;

	if (tw_failed(tw_posture_judge(r->t->sys, tw_buf_slice(&r->t->answer), &x, &fault, words)))
		return fail(r->t, TW_FETCH_INTERNAL, "no memory");
	return fault ? fail(r->t, TW_FETCH_POSTURE, *words ? words : tw_posture_faults[fault]) : TW_FETCH_NO_FAILURE;
}

/* The same libcurl handle, so that what follows goes over the same connection; if it does not, the certificate has to be the same. */
static void after_posture(struct run *r)
{
	r->secured.is_attested = true;
	memcpy(r->secured.attested, r->secured.certificate, sizeof r->secured.attested);
	(void)snprintf(r->url, sizeof r->url, TW_SLICE_FMT, TW_SLICE_ARG(r->t->job.url));
	tw_buf_clear(&r->t->answer);
	curl_easy_reset(r->curl);
	curl_slist_free_all(r->headers);
	r->headers = NULL;
	r->asks_posture = false;
}

/* @nist LA.EC.4: a peer that has to say what state it is in is told nothing before it has, and signed it for this question and this server */
static enum tw_fetch_failure ask_posture(struct run *r)
{
	char nonce[TW_POSTURE_NONCE + 1];
	enum tw_fetch_failure f;
	long status = 0;

	if (r->t->job.demand.posture.size == 0)
		return TW_FETCH_NO_FAILURE;
	r->asks_posture = true;
	r->most = TW_POSTURE_TOKEN_MAX;
	if (tw_failed(make_nonce(r, nonce)) || tw_failed(posture_place(r, nonce)))
		return fail(r->t, TW_FETCH_INTERNAL, tw_err_detail());
	if (!add_headers(r) || set_up(r) != CURLE_OK)
		return fail(r->t, TW_FETCH_INTERNAL, "libcurl lacks something that is needed");
	f = once(r);
	if (f)
		return f == TW_FETCH_TOO_LARGE ? fail(r->t, TW_FETCH_POSTURE, "What it says of its state is too long.") : f;
	if (curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
		return fail(r->t, TW_FETCH_POSTURE, "It does not say what state it is in.");
	f = judge_posture(r, nonce);
	if (!f)
		after_posture(r);
	return f;
}

static void run_done(struct run *r)
{
	curl_easy_cleanup(r->curl);
	curl_url_cleanup(r->place);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->addresses);
	(void)tw_key_free(r->secured.key);
	(void)tw_cert_free(r->cert);
}

enum tw_fetch_failure tw_transfer_run(struct tw_transfer *t)
{
	TW_CLEANUP(run_done)
	struct run r = { .t = t,
		.until_ms = tw_boot_ms(t->sys) + (int64_t)t->job.deadline_s * 1000,
		.secured = { .sys = t->sys, .job = &t->job } };
	enum tw_fetch_failure f;

	(void)snprintf(r.url, sizeof r.url, TW_SLICE_FMT, TW_SLICE_ARG(t->job.url));
	r.place = read_url(r.url);
	if (!r.place)
		return fail(t, TW_FETCH_URL, "Only https with a host, and nobody's name or password in it, is fetched.");
	if (tw_failed(open_certificate(&r)))
		return fail(t, TW_FETCH_INTERNAL, tw_err_detail());
	f = find_host(&r);
	if (f)
		return f;
	if (!tw_secure_can(&t->job))
		return fail(t, TW_FETCH_SUITE, "What is demanded of it leaves no suite, or no group, that could be spoken.");
	r.curl = curl_easy_init();
	if (!r.curl)
		return fail(t, TW_FETCH_INTERNAL, "no memory");
	f = ask_posture(&r);
	if (f)
		return f;
	r.most = t->job.answer_max;
	if (!add_headers(&r) || set_up(&r) != CURLE_OK)
		return fail(t, TW_FETCH_INTERNAL, "libcurl lacks something that is needed");
	return perform(&r);
}
