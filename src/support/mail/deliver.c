/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl resolves nothing here, since it would do that in a thread: it is told the addresses, and asks for each socket, where the address is judged again.
 */
#include "support/mail/deliver.h"

#include "base/mem.h"
#include "base/release.h"
#include "base/text.h"
#include "support/mail/public.h"
#include "support/mail/run.h"
#include "support/mail/visit.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#define REPLY_MAX (64 * 1024) /* of a webhook's receiver; it is read and dropped */

/* --- What came of it --- */

void tw_mail_conclude(struct tw_delivery *d, enum tw_mail_end end, long code, const char *words)
{
	d->end = end;
	d->code = code > 0 && code <= 999 ? (unsigned)code : 0;
	(void)snprintf(d->words, sizeof d->words, "%.*s", TW_MAIL_WORDS_MAX, words);
	tw_utf8_mend(d->words);
	for (char *c = d->words; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	if (!tw_text_printable(tw_slice_of(d->words)))
		d->words[0] = '\0';
}

/*
 * For good is only what was said to this recipient and this message. A server that refuses us before, or our sender, refuses every message:
 * that is put right by whoever runs this, and until then they wait.
 */
enum tw_mail_end tw_deliver_judge_smtp(const char *command, long code)
{
	const bool own = !strcmp(command, "RCPT") || !strcmp(command, "DATA") || !strcmp(command, "body");

	if (code == 421 || code == 530 || code == 535) /* it closes, or wants a login that we do not have */
		return TW_MAIL_SERVER;
	if (own && code >= 500 && code <= 599)
		return TW_MAIL_REFUSED;
	return own && code >= 400 && code <= 499 ? TW_MAIL_LATER : TW_MAIL_SERVER;
}

/* Only 410 says for good that nobody wants it (Standard Webhooks); all else may be a fault that somebody mends. */
enum tw_mail_end tw_deliver_judge_http(long status)
{
	if (status >= 200 && status <= 299)
		return TW_MAIL_SENT;
	return status == 410 ? TW_MAIL_REFUSED : TW_MAIL_LATER;
}

/* --- Where to --- */

static bool by_https(const struct tw_mail_run *r)
{
	return r->d->job.kind == TW_MAIL_HOOK || r->d->job.kind == TW_MAIL_FORM;
}

static bool permitted(const struct tw_mail_run *r, const struct sockaddr *a)
{
	const struct tw_mail_config *c = r->d->config;

	if (by_https(r))
		return tw_address_public(a) || tw_address_within(a, c->networks, c->network_count);
	return c->tls != TW_MAIL_TLS_NONE || tw_address_loopback(a);
}

static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct tw_mail_run *r = user;

	if (purpose != CURLSOCKTYPE_IPCXN || !permitted(r, &to->addr)) {
		r->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return r->d->sys->socket(r->d->sys, to->family, to->socktype, to->protocol);
}

/* Those addresses that may be connected to. *ret_any: there were others. */
static tw_err keep_permitted(const struct tw_mail_run *r, char *list, struct tw_buf *ret, bool *ret_forbidden)
{
	char *rest = NULL;

	for (char *one = strtok_r(list, ",", &rest); one; one = strtok_r(NULL, ",", &rest)) {
		union {
			struct sockaddr any;
			struct sockaddr_in v4;
			struct sockaddr_in6 v6;
		} a = { .v6 = { .sin6_family = AF_INET6 } };

		if (inet_pton(AF_INET, one, &a.v4.sin_addr) == 1)
			a.any.sa_family = AF_INET;
		else if (inet_pton(AF_INET6, one, &a.v6.sin6_addr) != 1)
			continue;
		if (!permitted(r, &a.any)) {
			*ret_forbidden = true;
			continue;
		}
		TW_TRY(tw_buf_format(ret, "%s%s", ret->size ? "," : "", one));
	}
	return TW_OK;
}

/* For good only when the address itself says so: what a name leads to may be one bad answer, and another one tomorrow. */
void tw_mail_run_private(const struct tw_mail_run *r, enum tw_mail_end for_now)
{
	const bool number = r->host[0] == '[' || tw_host_is_number(r->host);

	tw_mail_conclude(r->d, number ? TW_MAIL_REFUSED : for_now, 0, "Its address is private, and no webhook_networks names it.");
}

/* False: it is concluded. */
bool tw_mail_run_host(struct tw_mail_run *r, enum tw_mail_end unresolved)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf found = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };
	char line[TW_MAIL_HOST_SIZE + 16 + TW_ADDRESSES_MAX * 48];

	if (r->host[0] == '[' || tw_host_is_number(r->host))
		return true;
	tw_buf_init(&found, r->d->sys, TW_ADDRESSES_MAX * 48);
	tw_buf_init(&kept, r->d->sys, TW_ADDRESSES_MAX * 48);
	tw_err e = tw_resolve(r->d->sys, r->d->servers, r->host, &found);
	if (!tw_failed(e))
		e = keep_permitted(r, found.data, &kept, &r->forbidden);
	if (tw_failed(e)) {
		tw_mail_conclude(r->d, unresolved, 0, tw_err_detail());
		return false;
	}
	if (kept.size == 0 && by_https(r)) {
		tw_mail_run_private(r, unresolved);
		return false;
	}
	if (kept.size == 0) {
		tw_mail_conclude(r->d, unresolved, 0, "Without TLS mail goes to this machine itself alone.");
		return false;
	}
	(void)snprintf(line, sizeof line, "%s:%u:%s", r->host, r->port, tw_buf_cstr(&kept));
	r->addresses = curl_slist_append(NULL, line);
	return r->addresses != NULL;
}

/* --- libcurl --- */

static size_t on_read(char *to, size_t one, size_t count, void *user)
{
	struct tw_mail_run *r = user;
	const size_t left = r->message.size - r->sent, take = left < one * count ? left : one * count;

	(void)snprintf(r->command, sizeof r->command, "body");
	memcpy(to, r->message.data + r->sent, take);
	r->sent += take;
	return take;
}

static size_t on_answer(char *data, size_t one, size_t size, void *user)
{
	struct tw_mail_run *r = user;

	r->answered += size;
	return r->answered > REPLY_MAX ? 0 : size;
}

static long status_of(struct tw_slice line)
{
	uint64_t status = 0;

	return line.size >= 3 && !tw_failed(tw_parse_u64((struct tw_slice){ line.at, 3 }, 999, &status)) ? (long)status : 0;
}

/* Which command was the last, and what was answered; never what a command holds, since one of them is the password. */
static int on_talk(CURL *curl, curl_infotype kind, char *data, size_t size, void *user)
{
	static const char *const commands[] = { "MAIL FROM:", "RCPT TO:", "DATA\r\n" };
	struct tw_mail_run *r = user;

	r->leaving = r->leaving || (kind == CURLINFO_HEADER_OUT && size >= 4 && !memcmp(data, "QUIT", 4));
	for (size_t i = 0; kind == CURLINFO_HEADER_OUT && i < TW_COUNT(commands); i++)
		if (size >= strlen(commands[i]) && !memcmp(data, commands[i], strlen(commands[i])))
			(void)snprintf(r->command, sizeof r->command, "%.4s", commands[i]);
	if (kind == CURLINFO_HEADER_IN && !r->leaving) {
		r->status = status_of((struct tw_slice){ data, size });
		while (size && (data[size - 1] == '\n' || data[size - 1] == '\r'))
			size--;
		(void)snprintf(r->reply, sizeof r->reply, "%.*s", (int)(size < TW_MAIL_WORDS_MAX ? size : TW_MAIL_WORDS_MAX), data);
	}
	return 0;
}

static CURLcode on_tls(CURL *curl, void *ssl_ctx, void *user)
{
	const struct tw_mail_run *r = user;
	SSL_CTX *ctx = ssl_ctx;

	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ctx), (time_t)(r->d->job.now_ms / 1000));
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

#define SET(option, value) e = e ? e : curl_easy_setopt(c, option, value)
CURLcode tw_mail_run_set(struct tw_mail_run *r, long connect_s, long deadline_s)
{
	struct curl_blob anchors = { (void *)(uintptr_t)r->d->anchors.at, r->d->anchors.size, CURL_BLOB_NOCOPY };
	CURL *c = r->curl;
	CURLcode e = CURLE_OK;

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_ERRORBUFFER, r->trouble);
	SET(CURLOPT_TIMEOUT, deadline_s);
	SET(CURLOPT_CONNECTTIMEOUT, connect_s);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, r);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, r);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO_BLOB, &anchors);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(CURLOPT_SSL_CTX_DATA, r);
	if (r->addresses)
		SET(CURLOPT_RESOLVE, r->addresses);
	return e;
}

static CURLcode set_mail(struct tw_mail_run *r, const char *from)
{
	const struct tw_mail_config *m = r->d->config;
	CURL *c = r->curl;
	CURLcode e = tw_mail_run_set(r, TW_MAIL_CONNECT_S, TW_MAIL_DEADLINE_S);

	SET(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	SET(CURLOPT_USE_SSL, m->tls == TW_MAIL_TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)TW_MAIL_DEADLINE_S); /* libcurl's own is two minutes */
	SET(CURLOPT_MAIL_FROM, from);
	SET(CURLOPT_MAIL_RCPT, r->recipients);
	SET(CURLOPT_UPLOAD, 1L);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, r);
	SET(CURLOPT_INFILESIZE, (long)r->message.size);
	SET(CURLOPT_VERBOSE, 1L); /* without it on_talk hears nothing */
	SET(CURLOPT_DEBUGFUNCTION, on_talk);
	SET(CURLOPT_DEBUGDATA, r);
	if (m->user[0]) {
		SET(CURLOPT_USERNAME, m->user);
		SET(CURLOPT_PASSWORD, r->d->password.at);
		SET(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN"); /* in TLS; what others hide from a server, it knows anyway */
	}
	return e;
}

static CURLcode set_hook(struct tw_mail_run *r)
{
	CURL *c = r->curl;
	CURLcode e = tw_mail_run_set(r, TW_MAIL_HOOK_DEADLINE_S, TW_MAIL_HOOK_DEADLINE_S);

	SET(CURLOPT_PROTOCOLS_STR, "https");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_USERAGENT, "thingward/" TW_VERSION);
	SET(CURLOPT_HTTPHEADER, r->headers);
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE, (long)r->d->job.text.size);
	SET(CURLOPT_POSTFIELDS, r->d->job.text.at);
	return e;
}
#undef SET

/* --- Mail --- */

bool tw_mail_run_add(struct curl_slist **list, const char *line)
{
	struct curl_slist *more = curl_slist_append(*list, line);

	if (more)
		*list = more;
	return more != NULL;
}

static tw_err compose(struct tw_mail_run *r)
{
	const struct tw_mail_config *c = r->d->config;
	const struct tw_mail_job *j = &r->d->job;
	const struct tw_mailmessage m = { tw_slice_of(c->from), j->to, tw_slice_of(c->name), j->subject, j->text, j->id,
		j->unsubscribe, j->now_ms };

	tw_buf_init(&r->message, r->d->sys, TW_MAIL_MAX);
	return tw_mailmessage_write(&m, &r->message);
}

static void judge_mail(struct tw_mail_run *r, CURLcode code)
{
	struct tw_delivery *d = r->d;

	if (code == CURLE_OK) {
		tw_mail_conclude(d, TW_MAIL_SENT, r->status, r->reply);
		return;
	}
	if (r->status >= 400 && code != CURLE_OPERATION_TIMEDOUT) {
		tw_mail_conclude(d, tw_deliver_judge_smtp(r->command, r->status), r->status, r->reply);
		return;
	}
	/* Cut off in the middle of it, this message may be the reason: the others are not kept waiting. */
	tw_mail_conclude(d, strcmp(r->command, "body") == 0 ? TW_MAIL_LATER : TW_MAIL_SERVER, 0,
		r->forbidden          ? "Without TLS mail goes to this machine itself alone."
			: *r->trouble ? r->trouble
				      : curl_easy_strerror(code));
}

static void send_mail(struct tw_mail_run *r)
{
	const struct tw_mail_config *c = r->d->config;
	const struct tw_slice to = r->d->job.to, ours = tw_mail_address_host(tw_slice_of(c->from));
	const bool six = strchr(c->server, ':') != NULL;
	char from[TW_MAIL_ADDRESS_MAX + 3], recipient[TW_MAIL_ADDRESS_MAX + 3];

	if (tw_failed(compose(r))) {
		tw_mail_conclude(r->d, TW_MAIL_REFUSED, 0, tw_err_detail());
		return;
	}
	(void)snprintf(r->host, sizeof r->host, "%s", c->server);
	r->port = c->port;
	(void)snprintf(r->url, sizeof r->url, "%s://%s%s%s:%u/" TW_SLICE_FMT, c->tls == TW_MAIL_TLS_IMPLICIT ? "smtps" : "smtp",
		six ? "[" : "", c->server, six ? "]" : "", c->port, TW_SLICE_ARG(ours));
	(void)snprintf(from, sizeof from, "<%s>", c->from);
	(void)snprintf(recipient, sizeof recipient, "<" TW_SLICE_FMT ">", TW_SLICE_ARG(to));
	tw_mail_conclude(r->d, TW_MAIL_SERVER, 0, "no memory");
	if (!tw_mail_run_host(r, TW_MAIL_SERVER) || !tw_mail_run_add(&r->recipients, recipient) || set_mail(r, from) != CURLE_OK)
		return;
	judge_mail(r, curl_easy_perform(r->curl));
}

/* --- Webhooks --- */

static bool url_part(CURLU *u, CURLUPart which, char *ret, size_t size)
{
	char *text = NULL;
	const bool good = curl_url_get(u, which, &text, CURLU_DEFAULT_PORT) == CURLUE_OK && strlen(text) < size;

	if (good)
		(void)snprintf(ret, size, "%s", text);
	curl_free(text);
	return good;
}

static bool has_part(CURLU *u, CURLUPart which)
{
	char *text = NULL;
	const bool has = curl_url_get(u, which, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

bool tw_mail_run_url(struct tw_mail_run *r)
{
	CURLU *u = curl_url();
	char scheme[8] = "", port[8] = "";
	uint64_t number = 0;

	(void)snprintf(r->url, sizeof r->url, TW_SLICE_FMT, TW_SLICE_ARG(r->d->job.to));
	bool good = u && curl_url_set(u, CURLUPART_URL, r->url, 0) == CURLUE_OK && url_part(u, CURLUPART_SCHEME, scheme, sizeof scheme) &&
		!strcmp(scheme, "https") && url_part(u, CURLUPART_HOST, r->host, sizeof r->host) &&
		url_part(u, CURLUPART_PORT, port, sizeof port) && !has_part(u, CURLUPART_USER) &&
		!has_part(u, CURLUPART_PASSWORD) && !tw_failed(tw_parse_u64(tw_slice_of(port), 65535, &number));
	r->port = (unsigned)number;
	curl_url_cleanup(u);
	return good;
}

/* Standard Webhooks: what the signature is over, and the signature. */
static bool hook_headers(struct tw_mail_run *r)
{
	const struct tw_mail_job *j = &r->d->job;
	char line[TW_MAIL_ID_MAX + TW_MAIL_SIGNATURE_MAX + 32];

	(void)snprintf(line, sizeof line, "webhook-id: " TW_SLICE_FMT, TW_SLICE_ARG(j->id));
	if (!tw_mail_run_add(&r->headers, line))
		return false;
	(void)snprintf(line, sizeof line, "webhook-timestamp: %lld", (long long)(j->now_ms / 1000));
	if (!tw_mail_run_add(&r->headers, line))
		return false;
	(void)snprintf(line, sizeof line, "webhook-signature: " TW_SLICE_FMT, TW_SLICE_ARG(j->signature));
	return tw_mail_run_add(&r->headers, line) && tw_mail_run_add(&r->headers, "Content-Type: application/json") &&
		tw_mail_run_add(&r->headers, "Accept:") && tw_mail_run_add(&r->headers, "Expect:");
}

static void send_hook(struct tw_mail_run *r)
{
	struct tw_delivery *d = r->d;
	char words[64];
	long status = 0;

	if (!tw_mail_run_url(r)) {
		tw_mail_conclude(d, TW_MAIL_REFUSED, 0, "Only https with a host, and nobody's name or password in it, is sent to.");
		return;
	}
	tw_mail_conclude(d, TW_MAIL_LATER, 0, "no memory");
	if (!tw_mail_run_host(r, TW_MAIL_LATER) || !hook_headers(r) || set_hook(r) != CURLE_OK)
		return;
	const CURLcode code = curl_easy_perform(r->curl);
	(void)curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	(void)snprintf(words, sizeof words, "HTTP status %ld%s", status,
		status >= 300 && status <= 399 ? "; redirects are not followed" : "");
	if (r->forbidden && code == CURLE_COULDNT_CONNECT)
		tw_mail_run_private(r, TW_MAIL_LATER);
	else if (status && (code == CURLE_OK || code == CURLE_WRITE_ERROR)) /* it says more than we want to hear */
		tw_mail_conclude(d, tw_deliver_judge_http(status), status, words);
	else
		tw_mail_conclude(d, TW_MAIL_LATER, 0, *r->trouble ? r->trouble : curl_easy_strerror(code));
}

static void run_done(struct tw_mail_run *r)
{
	curl_easy_cleanup(r->curl);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->addresses);
	curl_slist_free_all(r->recipients);
	tw_buf_done(&r->message);
}

void tw_deliver(struct tw_delivery *d)
{
	TW_CLEANUP(run_done) struct tw_mail_run r = { .d = d };

	if (!by_https(&r) && !d->config->server[0]) {
		tw_mail_conclude(d, TW_MAIL_UNCONFIGURED, 0, "no mail server named");
		return;
	}
	tw_mail_conclude(d, d->job.kind == TW_MAIL_CHECK ? TW_MAIL_SENT : TW_MAIL_LATER, 0, d->job.kind == TW_MAIL_CHECK ? "" : "no memory");
	tw_buf_init(&r.message, d->sys, TW_MAIL_MAX);
	if (d->job.kind == TW_MAIL_CHECK)
		return;
	r.curl = curl_easy_init();
	if (!r.curl)
		return;
	if (d->job.kind == TW_MAIL_HOOK)
		send_hook(&r);
	else if (d->job.kind == TW_MAIL_FORM)
		tw_visit(&r);
	else
		send_mail(&r);
}
