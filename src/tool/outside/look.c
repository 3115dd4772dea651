/* SPDX-License-Identifier: Apache-2.0 */
/* A port that says something by itself is heard; to one that waits TLS is offered, each version alone, and then a page is asked for. */
#include "tool/outside/look.h"

#include "base/mem.h"
#include "base/release.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>
#include <strings.h>

#define OPEN_MS 3000
#define GREETING_MS 700
#define QUIET_MS 1500
#define WHOLE_MS 10000 /* however slowly it drips */
#define GREETING_MAX (4 * 1024)
#define ANSWER_MAX (16 * 1024)
/* No authentication, no encryption, and what else is weak as far as this OpenSSL still has it. */
#define WEAK "aNULL:eNULL:RC4:3DES:DES:MD5:EXPORT:LOW:@SECLEVEL=0"

const char *const tw_tls_words[TW_TLS_VERSIONS] = { "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3" };
static const int versions[TW_TLS_VERSIONS] = { TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION };

void tw_seen_init(struct tw_seen *s, const struct tw_sys *sys)
{
	*s = (struct tw_seen){ .log = json_array() };
	tw_buf_init(&s->told, sys, TW_TOLD_MAX);
}

void tw_seen_done(struct tw_seen *s)
{
	free(s->port);
	tw_buf_done(&s->told);
	json_decref(s->log);
}

tw_err tw_seen_log(struct tw_seen *s, const char *about, const char *method, unsigned port, const char *sent, struct tw_slice got)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 };
	TW_CLEANUP(tw_jsonp)
	json_t *o = json_pack("{s:s, s:s, s:s, s:o}", "about", about, "by", "as a stranger", "method", method, "path",
		json_sprintf("port %u", port));

	if (!o)
		return TW_RAISE(NOMEM, "transcript");
	tw_buf_init(&text, s->told.sys, TW_SHOWN_MAX * 4);
	got.size = got.size < TW_SHOWN_MAX ? got.size : TW_SHOWN_MAX;
	TW_TRY(tw_buf_terminal(&text, got));
	if (sent)
		TW_TRY(tw_json_set(o, "sent", json_string(sent)));
	TW_TRY(tw_json_set(o, "got", json_string(tw_buf_cstr(&text))));
	return tw_json_append(s->log, TW_STEAL(o));
}

static bool begins(struct tw_slice s, const char *with)
{
	size_t size = strlen(with);

	return s.size >= size && !strncasecmp(s.at, with, size);
}

static bool has_word(struct tw_slice s, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i + size <= s.size; i++)
		if (!strncasecmp(s.at + i, word, size))
			return true;
	return false;
}

enum tw_speech tw_speech_of(struct tw_slice said)
{
	if (!said.size)
		return TW_SPEECH_NONE;
	if (begins(said, "HTTP/"))
		return TW_SPEECH_HTTP;
	if ((begins(said, "SSH-2.0-") || begins(said, "SSH-1.99-")))
		return TW_SPEECH_SSH;
	if ((uint8_t)said.at[0] == 0xff || has_word(said, "login:") || has_word(said, "username:"))
		return TW_SPEECH_TELNET; /* 0xff: IAC of RFC 854 */
	if (begins(said, "220") && has_word(said, "ftp"))
		return TW_SPEECH_FTP;
	return TW_SPEECH_OTHER;
}

/* The value of a field of a head, or "" */
static struct tw_slice field_of(struct tw_slice head, const char *name)
{
	size_t size = strlen(name);

	for (size_t at = 0; at < head.size;) {
		const char *end = memchr(head.at + at, '\n', head.size - at);
		struct tw_slice line = { head.at + at, end ? (size_t)(end - head.at) - at : head.size - at };
		if (begins(line, name) && line.size > size && line.at[size] == ':')
			return (struct tw_slice){ line.at + size + 1, line.size - size - 1 };
		at += line.size + 1;
	}
	return TW_SLICE("");
}

static struct tw_slice trimmed(struct tw_slice s)
{
	while (s.size && (*s.at == ' ' || *s.at == '\t'))
		s = (struct tw_slice){ s.at + 1, s.size - 1 };
	return s;
}

static struct tw_slice head_of(struct tw_slice said)
{
	for (size_t i = 0; i + 1 < said.size; i++)
		if (said.at[i] == '\n' &&
			(said.at[i + 1] == '\n' || (said.at[i + 1] == '\r' && i + 2 < said.size && said.at[i + 2] == '\n')))
			return (struct tw_slice){ said.at, i + 1 };
	return said;
}

void tw_http_read(struct tw_slice said, struct tw_port_seen *ret)
{
	struct tw_slice head = head_of(said), body = { said.at + head.size, said.size - head.size };
	const char *space = memchr(said.at, ' ', said.size);
	uint64_t status = 0;

	if (space && said.size - (size_t)(space - said.at) > 3 && !tw_failed(tw_parse_u64((struct tw_slice){ space + 1, 3 }, 999, &status)))
		ret->status = (long)status;
	ret->basic = ret->status == 401 && has_word(field_of(head, "WWW-Authenticate"), "basic");
	ret->other_login = ret->status == 401 && !ret->basic;
	ret->form = has_word(body, "type=\"password\"") || has_word(body, "type='password'") || has_word(body, "type=password");
	ret->goes_to_https = ret->status >= 301 && ret->status <= 308 && begins(trimmed(field_of(head, "Location")), "https://");
}

struct tw_offer tw_offer_of(const struct tw_port_seen *p)
{
	struct tw_offer o = { .version = 0 };

	for (size_t v = 0; v < TW_TLS_VERSIONS; v++)
		if (p->tls.accepts[v])
			o.version = versions[v];
	return o;
}

static const char *words_of(const struct tw_offer *o)
{
	for (size_t v = 0; v < TW_TLS_VERSIONS; v++)
		if (versions[v] == o->version)
			return tw_tls_words[v];
	return "TCP";
}

static void keep_said(struct tw_port_seen *p, struct tw_slice said)
{
	size_t room = sizeof p->said - p->said_size, size = said.size < room ? said.size : room;

	if (size)
		memcpy(p->said + p->said_size, said.at, size);
	p->said_size += size;
	p->cut |= size < said.size;
}

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void print_certificate(X509 *x, struct tw_tls_seen *ret)
{
	BIO *b = BIO_new(BIO_s_mem());
	int size = b && X509_print_ex(b, x, XN_FLAG_ONELINE, X509_FLAG_NO_PUBKEY | X509_FLAG_NO_SIGDUMP) == 1
		? BIO_read(b, ret->certificate, sizeof ret->certificate - 1)
		: 0;

	ret->certificate[size > 0 ? size : 0] = '\0';
	BIO_free(b);
}

static void look_at_certificate(X509 *x, struct tw_tls_seen *ret)
{
	EVP_PKEY *key = x ? X509_get0_pubkey(x) : NULL;
	const char *name = x ? OBJ_nid2sn(X509_get_signature_nid(x)) : NULL;

	if (!x)
		return;
	ret->strength = key ? EVP_PKEY_get_security_bits(key) : 1;
	if (ret->strength <= 0)
		ret->strength = 1; /* shown, and of no strength that is known */
	(void)snprintf(ret->signature, sizeof ret->signature, "%s", name ? name : "unknown");
	print_certificate(x, ret);
	ret->not_before_s = seconds_of(X509_get0_notBefore(x));
	ret->not_after_s = seconds_of(X509_get0_notAfter(x));
}

enum agreed { REFUSES, AGREES, HANGS_UP, UNKNOWN };

/* Whether the port agrees to this one offer. Only want of memory or of a socket is an error. */
static tw_err agrees(const struct tw_sys *sys, struct tw_seen *s, struct tw_port_seen *p, const struct tw_offer *offer, enum agreed *ret)
{
	TW_CLEANUP(tw_line_freep) tw_line *l = NULL;
	tw_err e = tw_line_open(sys, &s->host, p->number, offer, OPEN_MS, &l);

	if (tw_is(e, TW_CODE_NOMEM) || tw_is(e, TW_CODE_LIMIT) || tw_is(e, TW_CODE_IO))
		return e;
	*ret = l ? AGREES : tw_is(e, TW_CODE_DENIED) ? REFUSES : tw_is(e, TW_CODE_CLOSED) ? HANGS_UP : UNKNOWN;
	if (l && !p->tls.strength)
		look_at_certificate(tw_line_certificate(l), &p->tls);
	if (l && offer->ciphers)
		(void)snprintf(p->tls.weak, sizeof p->tls.weak, "%s", *tw_line_cipher(l) ? tw_line_cipher(l) : "agreed to");
	const char *came = tw_failed(e) ? tw_err_detail() : tw_line_cipher(l);
	return tw_seen_log(s, "tls", words_of(offer), p->number, offer->ciphers, tw_slice_of(came));
}

/* Who hangs up on an offer without a word refuses it if a better one is taken right afterwards; otherwise nobody knows. */
static tw_err hung_up(const struct tw_sys *sys, struct tw_seen *s, struct tw_port_seen *p, enum agreed *io)
{
	struct tw_offer good = tw_offer_of(p);
	enum agreed now = UNKNOWN;

	if (*io != HANGS_UP)
		return TW_OK;
	if (good.version)
		TW_TRY(agrees(sys, s, p, &good, &now));
	*io = now == AGREES ? REFUSES : UNKNOWN;
	return TW_OK;
}

static tw_err offer_tls(const struct tw_sys *sys, struct tw_seen *s, struct tw_port_seen *p)
{
	struct tw_offer weak = { .version = TLS1_2_VERSION, .ciphers = WEAK };
	enum agreed a = UNKNOWN;

	for (size_t v = TW_TLS_VERSIONS; v-- > 0;) {
		struct tw_offer one = { .version = versions[v] };
		TW_TRY(agrees(sys, s, p, &one, &a));
		TW_TRY(hung_up(sys, s, p, &a));
		p->tls.accepts[v] = a == AGREES;
		p->tls.unknown[v] = a == UNKNOWN;
		p->tls.spoken |= p->tls.accepts[v];
	}
	return p->tls.accepts[2] ? agrees(sys, s, p, &weak, &a) : TW_OK;
}

static tw_err hear_greeting(const struct tw_sys *sys, struct tw_seen *s, struct tw_port_seen *p)
{
	static const struct tw_offer plain = { .version = 0 };
	TW_CLEANUP(tw_line_freep) tw_line *l = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	bool ended;

	tw_buf_init(&b, sys, GREETING_MAX);
	tw_err e = tw_line_open(sys, &s->host, p->number, &plain, OPEN_MS, &l);
	if (tw_is(e, TW_CODE_CLOSED) || tw_is(e, TW_CODE_TIMEOUT)) {
		p->gone = true;
		return tw_seen_log(s, "services", "TCP", p->number, NULL, tw_slice_of(tw_err_detail()));
	}
	TW_TRY(e);
	TW_TRY(tw_line_hear(l, GREETING_MS, WHOLE_MS, &b, &ended));
	keep_said(p, tw_buf_slice(&b));
	p->speech = tw_speech_of(tw_buf_slice(&b));
	return tw_seen_log(s, "services", "TCP", p->number, NULL, tw_buf_slice(&b));
}

static tw_err ask_page(const struct tw_sys *sys, struct tw_seen *s, struct tw_port_seen *p)
{
	struct tw_offer offer = tw_offer_of(p);
	TW_CLEANUP(tw_line_freep) tw_line *l = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 }, request = { 0 };
	bool ended;

	tw_buf_init(&b, sys, ANSWER_MAX);
	tw_buf_init(&request, sys, 1024);
	TW_TRY(tw_buf_format(&request,
		"GET / HTTP/1.1\r\nHost: %s\r\nUser-Agent: thingward/" TW_VERSION "\r\nConnection: close\r\n\r\n", s->host.text));
	tw_err e = tw_line_open(sys, &s->host, p->number, &offer, OPEN_MS, &l);
	if (!tw_failed(e))
		e = tw_line_send(l, tw_buf_slice(&request));
	if (tw_is(e, TW_CODE_CLOSED) || tw_is(e, TW_CODE_TIMEOUT))
		return TW_OK; /* it wants none of it: it stays what it was */
	TW_TRY(e);
	TW_TRY(tw_line_hear(l, QUIET_MS, WHOLE_MS, &b, &ended));
	p->cut |= b.size == b.max;
	p->speech = tw_speech_of(tw_buf_slice(&b));
	if (p->speech == TW_SPEECH_HTTP)
		tw_http_read(tw_buf_slice(&b), p);
	keep_said(p, tw_buf_slice(&b));
	return tw_seen_log(s, "services", p->tls.spoken ? "HTTPS" : "HTTP", p->number, "GET /", tw_buf_slice(&b));
}

static tw_err look_at(const struct tw_sys *sys, struct tw_seen *s, struct tw_port_seen *p)
{
	TW_TRY(hear_greeting(sys, s, p));
	if (p->gone || p->speech != TW_SPEECH_NONE)
		return TW_OK;
	TW_TRY(offer_tls(sys, s, p));
	return ask_page(sys, s, p);
}

tw_err tw_look_at_ports(const struct tw_sys *sys, struct tw_seen *s, void (*told)(void *user, int percent), void *user)
{
	size_t count = s->scan.opened < TW_LOOKED_MAX ? s->scan.opened : TW_LOOKED_MAX;

	if (!count)
		return TW_OK;
	s->port = tw_alloc_array(sys, count, sizeof *s->port);
	if (!s->port)
		return TW_RAISE(NOMEM, "ports");
	for (uint32_t n = 1; n < TW_PORTS && s->port_count < count; n++) {
		if (!tw_port_has(&s->scan.open, (uint16_t)n))
			continue;
		struct tw_port_seen *p = &s->port[s->port_count++];
		*p = (struct tw_port_seen){ .number = (uint16_t)n };
		TW_TRY(look_at(sys, s, p));
		if (told)
			told(user, (int)(s->port_count * 100 / count));
	}
	return TW_OK;
}
