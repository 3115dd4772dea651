/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, kept to exactly what a device speaks: HTTP/1.1, TLS 1.3, one host, no proxy, no redirect, bounded answers. */
#include "tool/client.h"

#include "base/release.h"
#include "base/text.h"
#include "crypto/hash.h"
#include "tool/curl-late.h"
#include "tool/known.h"

#include <openssl/ssl.h>

#define CONNECT_MS 5000
#define WHOLE_MS 30000
#define EXPORTER_LABEL "EXPORTER-Channel-Binding"
#define CERTIFICATE_MAX 16384
#define UNKNOWN_BODY 4096 /* less than the device takes from somebody it has not answered yet, with a head of ours */
#define URL_MAX 1024
#define WAIT_MAX_S (7 * 24 * 3600) /* nothing here waits longer, so it would be no wait */

struct tw_client {
	const struct tw_sys *sys;
	CURL *curl;
	struct tw_answer *answer; /* while a call runs */
	const struct tw_call *call;
	char base[URL_MAX];
	char trouble[CURL_ERROR_SIZE], token[128];
	bool local, known, introduced; /* the device has answered: it knows whose certificate this is */
	void *beside;
	const void *seen; /* the TLS session that the next two are of; NULL: none yet */
	uint8_t exporter[32];
	struct tw_buf certificate;
};

void tw_answer_init(struct tw_answer *a, const struct tw_sys *sys)
{
	*a = (struct tw_answer){ 0 };
	tw_buf_init(&a->raw, sys, TW_ANSWER_MAX);
	tw_buf_init(&a->head, sys, TW_ANSWER_HEAD_MAX);
	tw_buf_init(&a->certificate, sys, CERTIFICATE_MAX);
}

void tw_answer_done(struct tw_answer *a)
{
	json_decref(a->body);
	a->body = NULL;
	tw_buf_done(&a->raw);
	tw_buf_done(&a->head);
	tw_buf_done(&a->certificate);
}

tw_client *tw_client_free(tw_client *c)
{
	if (!c)
		return NULL;
	if (c->curl)
		tw_curl()->easy_cleanup(c->curl);
	tw_buf_done(&c->certificate);
	tw_wipe(c->token, sizeof c->token);
	free(c);
	return NULL;
}

static tw_err keep_tls(tw_client *c, SSL *ssl)
{
	uint8_t *der = NULL;

	c->seen = NULL;
	c->certificate.size = 0;
	if (SSL_export_keying_material(ssl, c->exporter, sizeof(c->exporter), EXPORTER_LABEL, sizeof(EXPORTER_LABEL) - 1, NULL, 0, 1) != 1)
		return TW_RAISE(CRYPTO, "the TLS exporter");
	X509 *x = SSL_get0_peer_certificate(ssl);
	int size = x ? i2d_X509(x, &der) : 0;
	if (size <= 0)
		return TW_RAISE(CRYPTO, "the listener's certificate");
	tw_err e = tw_buf_add(&c->certificate, der, (size_t)size);
	OPENSSL_free(der);
	TW_TRY(e);
	c->seen = ssl;
	return TW_OK;
}

/*
 * The TLS session can be asked only while the transfer runs: at the first line of the answer. What it said holds for every later answer by the same
 * connection; a session in the place of one that is gone has a connection that was made since, in this transfer or one that asked then.
 */
static tw_err look_at_tls(tw_client *c)
{
	struct curl_tlssessioninfo *info = NULL;
	long made = 0;

	if (c->local || c->answer->has_exporter)
		return TW_OK;
	if (tw_curl()->easy_getinfo(c->curl, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
		info->backend != CURLSSLBACKEND_OPENSSL || !info->internals)
		return TW_RAISE(UNSUPPORTED, "this libcurl does not give its TLS session; one built on OpenSSL is needed");
	if (tw_curl()->easy_getinfo(c->curl, CURLINFO_NUM_CONNECTS, &made) != CURLE_OK || made > 0 || c->seen != info->internals)
		TW_TRY(keep_tls(c, info->internals));
	memcpy(c->answer->exporter, c->exporter, sizeof c->exporter);
	TW_TRY(tw_buf_add(&c->answer->certificate, c->certificate.data, c->certificate.size));
	c->answer->has_exporter = true;
	return TW_OK;
}

/* "" in ret: it is another field's line. */
static struct tw_slice value_of(struct tw_slice line, const char *name)
{
	size_t at = strlen(name);

	if (line.size < at || !tw_slice_is_nocase((struct tw_slice){ line.at, at }, name))
		return TW_SLICE("");
	while (at < line.size && line.at[at] == ' ')
		at++;
	while (line.size > at && (line.at[line.size - 1] == '\n' || line.at[line.size - 1] == '\r'))
		line.size--;
	return (struct tw_slice){ line.at + at, line.size - at };
}

static void take_field(struct tw_answer *a, struct tw_slice line)
{
	struct tw_slice etag = value_of(line, "etag:"), wait = value_of(line, "retry-after:");
	uint64_t seconds = 0;

	if (etag.size && etag.size < sizeof(a->etag))
		(void)snprintf(a->etag, sizeof(a->etag), TW_SLICE_FMT, TW_SLICE_ARG(etag));
	if (wait.size && !tw_failed(tw_parse_u64(wait, WAIT_MAX_S, &seconds)))
		a->wait_s = (int)seconds;
}

static size_t on_head(char *data, size_t one, size_t size, void *user)
{
	tw_client *c = user;

	if (tw_failed(look_at_tls(c)) || tw_failed(tw_buf_add(&c->answer->head, data, size)))
		return 0;
	take_field(c->answer, (struct tw_slice){ data, size });
	return size;
}

static size_t on_body(char *data, size_t one, size_t size, void *user)
{
	tw_client *c = user;
	long status = 0;

	if (c->call->take && tw_curl()->easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200)
		return tw_failed(c->call->take(c->call->user, (struct tw_slice){ data, size })) ? 0 : size;
	return tw_failed(tw_buf_add(&c->answer->raw, data, size)) ? 0 : size;
}

static bool address_valid(const char *address)
{
	const char *colon = strrchr(address, ':');
	uint64_t port;

	if (!colon || colon == address || strlen(address) > 300 || tw_failed(tw_parse_u64(tw_slice_of(colon + 1), 65535, &port)) ||
		port == 0)
		return false;
	for (const char *c = address; c < colon; c++)
		if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr(".-:[]%", *c)))
			return false;
	return true;
}

static CURLcode set_common(tw_client *c)
{
	CURLcode r = CURLE_OK;

	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_PROXY, "");
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, c->local ? "http" : "https");
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_USERAGENT, "thingward/" TW_VERSION);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_ERRORBUFFER, c->trouble);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, on_head);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_HEADERDATA, c);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_body);
	return r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
}

/*
 * Of a device no chain and no name is checked, because the device's listener certificate is made to say nothing. What identifies the
 * device is its key: libcurl compares the pin in the same step, before the request is sent, also with both checks off.
 * A TLS session is never resumed: each connection shows its key anew.
 */
static CURLcode set_tls(tw_client *c, const struct tw_place *p, const char *pin)
{
	CURLcode r = CURLE_OK;

	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, p->trust ? 1L : 0L);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, p->trust ? 2L : 0L);
	if (p->authorities)
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_CAINFO, p->authorities);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (p->has_pin)
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_PINNEDPUBLICKEY, pin);
	if (p->certificate) {
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_SSLCERT, p->certificate);
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_SSLKEY, p->key);
	}
	return r;
}

static tw_err pin_text(const struct tw_place *p, char *ret, size_t size)
{
	unsigned char base64[64];

	(void)EVP_EncodeBlock(base64, p->pin, sizeof(p->pin));
	(void)snprintf(ret, size, "sha256//%s", (const char *)base64);
	return TW_OK;
}

tw_err tw_client_new(const struct tw_sys *sys, const struct tw_place *place, tw_client **ret)
{
	TW_CLEANUP(tw_client_freep) tw_client *c = TW_NEW(sys, tw_client);
	char pin[96];
	CURLcode r;

	if (!c)
		return TW_RAISE(NOMEM, "client");
	c->sys = sys;
	tw_buf_init(&c->certificate, sys, CERTIFICATE_MAX);
	c->local = place->socket != NULL;
	c->known = place->certificate != NULL;
	(void)snprintf(c->token, sizeof c->token, "%s", place->token ? place->token : "");
	TW_TRY(tw_curl_load());
	c->curl = tw_curl()->easy_init();
	if (!c->curl)
		return TW_RAISE(NOMEM, "client");
	if (!c->local && !address_valid(place->address))
		return TW_RAISE(SYNTAX, "'%.80s' is no address; HOST:PORT or [IPV6]:PORT is wanted", place->address);
	(void)snprintf(c->base, sizeof(c->base), c->local ? "http://localhost" : "https://%s", place->address);
	TW_TRY(pin_text(place, pin, sizeof(pin)));
	r = set_common(c);
	if (c->local)
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, place->socket);
	else
		r = r ? r : set_tls(c, place, pin);
	if (r != CURLE_OK)
		return TW_RAISE(UNSUPPORTED, "libcurl: %s", tw_curl()->easy_strerror(r));
	*ret = TW_STEAL(c);
	return TW_OK;
}

static void slistp(struct curl_slist **s)
{
	tw_curl()->slist_free_all(*s);
}

static tw_err header(struct curl_slist **list, const char *name, const char *value)
{
	char line[320]; /* a DNS name has up to 253 */

	(void)snprintf(line, sizeof(line), "%s: %s", name, value);
	struct curl_slist *more = tw_curl()->slist_append(*list, line);
	if (!more)
		return TW_RAISE(NOMEM, "header");
	*list = more;
	return TW_OK;
}

static tw_err bearer(struct curl_slist **list, const char *token)
{
	char value[160];

	(void)snprintf(value, sizeof value, "Bearer %s", token);
	tw_err e = header(list, "Authorization", value);
	tw_wipe(value, sizeof value);
	return e;
}

/* "Name:" alone keeps libcurl from sending that header. */
static tw_err header_remove(struct curl_slist **list, const char *name)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "%s:", name);
	struct curl_slist *more = tw_curl()->slist_append(*list, line);
	if (!more)
		return TW_RAISE(NOMEM, "header");
	*list = more;
	return TW_OK;
}

static tw_err explain(tw_client *c, CURLcode r)
{
	const char *words = *c->trouble ? c->trouble : tw_curl()->easy_strerror(r);

	if (r == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
		return TW_RAISE(UNTRUSTED, "whoever answers at %s does not hold the key that was pinned", c->base);
	if (r == CURLE_WRITE_ERROR)
		return TW_RAISE(LIMIT, "the answer was too large or its connection not as it should be: %s", tw_err_detail());
	if (r == CURLE_OUT_OF_MEMORY)
		return TW_RAISE(NOMEM, "client");
	if (r == CURLE_UNSUPPORTED_PROTOCOL || r == CURLE_WEIRD_SERVER_REPLY || r == CURLE_HTTP2)
		return TW_RAISE(SYNTAX, "%s does not speak HTTP: %s", c->base, words);
	if (r == CURLE_PEER_FAILED_VERIFICATION)
		return TW_RAISE(UNTRUSTED, "the certificate of %s does not hold: %s", c->base, words);
	if (r == CURLE_SSL_CACERT_BADFILE)
		return TW_RAISE(IO, "the file of authorities: %s", words);
	if (r == CURLE_SSL_CERTPROBLEM)
		return TW_RAISE(IO, "the owner's certificate or key: %s", words);
	return TW_RAISE(CLOSED, "%s: %s", c->local ? "the local socket" : c->base, words);
}

static CURLcode set_call(tw_client *c, const struct tw_call *call, const char *url, const struct tw_buf *body, struct curl_slist *headers)
{
	CURLcode r = CURLE_OK;

	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_URL, url);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, call->quiet_s ? 0L : (long)WHOLE_MS);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_LOW_SPEED_LIMIT, call->quiet_s ? 1L : 0L);
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_LOW_SPEED_TIME, (long)call->quiet_s);
	if (strcmp(call->method, "GET") != 0) { /* without a body too, so that its length is stated */
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_POSTFIELDS, tw_buf_cstr(body));
		r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE, (long)body->size);
	}
	r = r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, call->method);
	return r ? r : tw_curl()->easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
}

static tw_err perform(tw_client *c, const struct tw_call *call, const char *url)
{
	TW_CLEANUP(slistp) struct curl_slist *headers = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf body = { 0 };

	tw_buf_init(&body, c->sys, TW_ANSWER_MAX);
	TW_TRY(header(&headers, "Accept", call->take || call->page ? "*/*" : "application/json"));
	if (call->host)
		TW_TRY(header(&headers, "Host", call->host));
	if (call->step_up)
		TW_TRY(header(&headers, "Thingward-Step-Up", call->step_up));
	if (call->last_id)
		TW_TRY(header(&headers, "Last-Event-ID", call->last_id));
	if (call->token || *c->token)
		TW_TRY(bearer(&headers, call->token ? call->token : c->token));
	if (call->if_match)
		TW_TRY(header(&headers, "If-Match", call->if_match));
	if (call->form) {
		TW_TRY(header(&headers, "Content-Type", "application/x-www-form-urlencoded"));
		TW_TRY(tw_buf_text(&body, call->form));
	} else if (call->body) {
		TW_TRY(header(&headers, "Content-Type", "application/json"));
		TW_TRY(tw_json_write(call->body, &body));
	} else {
		TW_TRY(header_remove(&headers, "Content-Type"));
	}
	c->trouble[0] = '\0';
	CURLcode r = set_call(c, call, url, &body, headers);
	r = r ? r : tw_curl()->easy_perform(c->curl);
	r = r ? r : tw_curl()->easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &c->answer->status);
	return r == CURLE_OK ? TW_OK : explain(c, r);
}

static struct {
	void (*tell)(void *user, const struct tw_heard *h);
	void *user;
} listener;

void tw_client_hear(void (*tell)(void *user, const struct tw_heard *h), void *user)
{
	listener.tell = tell;
	listener.user = user;
}

/* The words of the call's error are the last that were raised, and stay so. */
static tw_err tell_listener(const tw_client *c, const struct tw_call *call, const struct tw_answer *answer, tw_err e)
{
	const struct tw_heard h = { c->local, c->known || call->token || *c->token, call, answer, e };
	char words[TW_DETAIL_MAX];

	if (!listener.tell)
		return e;
	(void)snprintf(words, sizeof words, "%s", tw_failed(e) ? tw_err_detail() : "");
	listener.tell(listener.user, &h);
	return tw_failed(e) ? tw_sure(tw_raise(e.code, __func__, __LINE__, "%s", words)) : e;
}

static void parse(const struct tw_call *call, struct tw_answer *a)
{
	const struct tw_slice raw = tw_buf_slice(&a->raw);

	if (raw.size && tw_failed(call->known ? tw_known_parse(call->known, raw, &a->body) : tw_json_parse(raw, TW_ANSWER_MAX, &a->body)))
		a->body = NULL; /* not JSON: the caller decides whether that is wrong */
}

static tw_err call_once(tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	char url[URL_MAX + 512];

	if (strlen(call->path) > 500)
		return TW_RAISE(LIMIT, "the path is too long");
	(void)snprintf(url, sizeof(url), "%s%s", c->base, call->path);
	tw_answer_done(ret);
	tw_answer_init(ret, c->sys);
	c->answer = ret;
	c->call = call;
	tw_err e = perform(c, call, url);
	c->answer = NULL;
	c->call = NULL;
	if (tw_failed(e))
		return tell_listener(c, call, ret, e);
	c->introduced = true;
	parse(call, ret);
	return tell_listener(c, call, ret, TW_OK);
}

void tw_client_token(tw_client *c, const char *token)
{
	(void)snprintf(c->token, sizeof c->token, "%s", token);
}

void tw_client_keep(tw_client *c, void *beside)
{
	c->beside = beside;
}

void *tw_client_kept(const tw_client *c)
{
	return c->beside;
}

/* Who has not been answered yet may send little: a longer body waits for one answer, whatever it is. */
tw_err tw_client_call(tw_client *c, const struct tw_call *call, struct tw_answer *ret)
{
	static const struct tw_call introduction = { .method = "GET", .path = "/api/v1/health" };

	if (!c->local && !c->introduced && call->body && json_dumpb(call->body, NULL, 0, 0) > UNKNOWN_BODY)
		TW_TRY(call_once(c, &introduction, ret));
	return call_once(c, call, ret);
}

tw_err tw_answer_check(const struct tw_answer *a, char *hint, size_t hint_size)
{
	const char *title = "", *detail = "", *next = "";
	char wait[64] = "";

	if (a->status >= 200 && a->status < 300)
		return TW_OK;
	if (json_is_object(a->body)) {
		title = tw_json_text(a->body, "title");
		detail = tw_json_text(a->body, "detail");
		next = tw_json_text(a->body, "next");
	}
	if (*next)
		(void)snprintf(hint, hint_size, "%s", next);
	if (!*title && !*detail)
		return TW_RAISE(DENIED, "the device answered %ld", a->status);
	if (a->wait_s)
		(void)snprintf(wait, sizeof wait, "the device asks to wait %d s: ", a->wait_s);
	return TW_RAISE(DENIED, "%s%s%s%s (%ld%s%s)", wait, title, *title && *detail ? ": " : "", detail, a->status,
		*tw_json_text(a->body, "rule") ? ", " : "", tw_json_text(a->body, "rule"));
}
