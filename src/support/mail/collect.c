/* SPDX-License-Identifier: Apache-2.0 */
#include "support/mail/collect.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/mail/imap.h"
#include "support/mail/public.h"
#include "sys/clock.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define PIECE 16384
#define COMMAND_MAX 600
#define SPANS_MAX 50 /* asked for in one job: half a million UIDs */

struct run {
	struct tw_collection *c;
	CURL *curl;
	struct curl_slist *addresses;
	curl_socket_t socket;
	struct tw_buf have; /* received, and not used yet */
	size_t used;        /* of it: the response before this one */
	char url[400], tag[8], trouble[CURL_ERROR_SIZE];
	unsigned commands;
	int64_t until_ms;
	bool forbidden, still_there;
	uint32_t next_uid;
};

/* --- The connection --- */

static curl_socket_t on_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct run *r = user;

	if (purpose != CURLSOCKTYPE_IPCXN || (r->c->config->tls == TW_MAIL_TLS_NONE && !tw_address_loopback(&to->addr))) {
		r->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return r->c->sys->socket(r->c->sys, to->family, to->socktype, to->protocol);
}

static CURLcode on_tls(CURL *curl, void *ssl_ctx, void *user)
{
	const struct run *r = user;
	SSL_CTX *ctx = ssl_ctx;

	X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(ctx), (time_t)(r->c->job.now_ms / 1000));
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

/* libcurl would resolve in a thread, which this process may not have. */
static tw_err resolve(struct run *r)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf found = { 0 };
	const struct tw_inmail_config *f = r->c->config;
	char line[300 + TW_ADDRESSES_MAX * 48];

	if (strchr(f->server, ':') || tw_host_is_number(f->server))
		return TW_OK;
	tw_buf_init(&found, r->c->sys, TW_ADDRESSES_MAX * 48);
	TW_TRY(tw_resolve(r->c->sys, r->c->servers, f->server, &found));
	(void)snprintf(line, sizeof line, "%s:%u:%s", f->server, f->port, tw_buf_cstr(&found));
	r->addresses = curl_slist_append(NULL, line);
	return r->addresses ? TW_OK : TW_RAISE(NOMEM, "an address");
}

#define SET(option, value) e = e ? e : curl_easy_setopt(c, option, value)
static CURLcode set_options(struct run *r)
{
	const struct tw_inmail_config *f = r->c->config;
	struct curl_blob anchors = { (void *)(uintptr_t)r->c->anchors.at, r->c->anchors.size, CURL_BLOB_NOCOPY };
	CURL *c = r->curl;
	CURLcode e = CURLE_OK;

	SET(CURLOPT_URL, r->url);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "imap,imaps");
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_CONNECTTIMEOUT, (long)TW_COLLECT_CONNECT_S);
	SET(CURLOPT_TIMEOUT, (long)TW_COLLECT_CONNECT_S);
	SET(CURLOPT_ERRORBUFFER, r->trouble);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, r);
	SET(CURLOPT_USE_SSL, f->tls == TW_MAIL_TLS_NONE ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	SET(CURLOPT_CAINFO, NULL);
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_CAINFO_BLOB, &anchors);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);
	SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(CURLOPT_SSL_CTX_DATA, r);
	SET(CURLOPT_USERNAME, f->user);
	SET(CURLOPT_PASSWORD, r->c->password.at);
	SET(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
	if (r->addresses)
		SET(CURLOPT_RESOLVE, r->addresses);
	return e;
}
#undef SET

static tw_err connect_it(struct run *r)
{
	const struct tw_inmail_config *f = r->c->config;
	const bool six = strchr(f->server, ':') != NULL;

	(void)snprintf(r->url, sizeof r->url, "%s://%s%s%s:%u/", f->tls == TW_MAIL_TLS_IMPLICIT ? "imaps" : "imap", six ? "[" : "",
		f->server, six ? "]" : "", f->port);
	TW_TRY(resolve(r));
	r->curl = curl_easy_init();
	if (!r->curl || set_options(r) != CURLE_OK)
		return TW_RAISE(NOMEM, "a connection to the mail server");
	const CURLcode e = curl_easy_perform(r->curl);
	if (r->forbidden)
		return TW_RAISE(DENIED, "without TLS mail is taken from this machine itself alone");
	if (e == CURLE_LOGIN_DENIED)
		return TW_RAISE(DENIED, "the mail server takes neither user nor password");
	if (e != CURLE_OK || curl_easy_getinfo(r->curl, CURLINFO_ACTIVESOCKET, &r->socket) != CURLE_OK || r->socket == CURL_SOCKET_BAD)
		return TW_RAISE(IO, "%s", *r->trouble ? r->trouble : curl_easy_strerror(e));
	return TW_OK;
}

static tw_err wait_for(const struct run *r, short what)
{
	struct pollfd p = { .fd = r->socket, .events = what };
	const int64_t left = r->until_ms - tw_boot_ms(r->c->sys);

	if (left <= 0 || r->c->sys->poll(r->c->sys, &p, 1, (int)left) == 0)
		return TW_RAISE(TIMEOUT, "the mail server does not answer in time");
	return TW_OK;
}

static tw_err receive(struct run *r)
{
	char piece[PIECE];
	size_t got = 0;
	CURLcode e;

	while ((e = curl_easy_recv(r->curl, piece, sizeof piece, &got)) == CURLE_AGAIN)
		TW_TRY(wait_for(r, POLLIN));
	if (e != CURLE_OK || got == 0)
		return TW_RAISE(IO, "the mail server ended the connection");
	return tw_buf_add(&r->have, piece, got);
}

static tw_err say(struct run *r, const char *command)
{
	char line[COMMAND_MAX + 16];
	size_t at = 0, sent = 0;

	(void)snprintf(r->tag, sizeof r->tag, "t%u", ++r->commands % 100000);
	const size_t size = (size_t)snprintf(line, sizeof line, "%s %s\r\n", r->tag, command);
	while (at < size) {
		const CURLcode e = curl_easy_send(r->curl, line + at, size - at, &sent);

		if (e == CURLE_AGAIN)
			TW_TRY(wait_for(r, POLLOUT));
		else if (e != CURLE_OK)
			return TW_RAISE(IO, "the mail server ended the connection");
		else
			at += sent;
	}
	return TW_OK;
}

/* The next response; what it points to is valid until the next call. */
static tw_err hear(struct run *r, struct tw_imap_response *ret)
{
	if (r->used)
		memmove(r->have.data, r->have.data + r->used, r->have.size - r->used);
	r->have.size -= r->used;
	r->used = 0;
	TW_TRY(tw_imap_response(tw_buf_slice(&r->have), TW_MAILREAD_MAX, ret));
	while (!ret->size) {
		TW_TRY(receive(r));
		TW_TRY(tw_imap_response(tw_buf_slice(&r->have), TW_MAILREAD_MAX, ret));
	}
	r->used = ret->size;
	return TW_OK;
}

/* One command and all that is said to it; each is looked at by take. */
static tw_err ask(struct run *r, const char *command, tw_err (*take)(struct run *r, const struct tw_imap_response *one),
	enum tw_imap_said *ret)
{
	struct tw_imap_response one;

	*ret = TW_IMAP_MORE;
	TW_TRY(say(r, command));
	while (*ret == TW_IMAP_MORE) {
		TW_TRY(hear(r, &one));
		TW_TRY(tw_imap_said(&one, r->tag, ret));
		if (take)
			TW_TRY(take(r, &one));
	}
	return TW_OK;
}

/* --- What is asked --- */

static tw_err take_numbers(struct run *r, const struct tw_imap_response *one)
{
	(void)tw_imap_code(one, "UIDVALIDITY", &r->c->validity);
	(void)tw_imap_code(one, "UIDNEXT", &r->next_uid);
	return TW_OK;
}

static tw_err open_mailbox(struct run *r)
{
	char command[COMMAND_MAX];
	enum tw_imap_said said;

	(void)snprintf(command, sizeof command, "SELECT \"%s\"", r->c->config->mailbox);
	TW_TRY(ask(r, command, take_numbers, &said));
	if (said != TW_IMAP_OK)
		return TW_RAISE(NOTFOUND, "the mail server does not open the mailbox %s", r->c->config->mailbox);
	if (!r->c->validity || !r->next_uid)
		return TW_RAISE(SYNTAX, "the mail server says neither UIDVALIDITY nor UIDNEXT of the mailbox");
	return TW_OK;
}

/* One that is read-only, or no longer there, is nothing to stop for: app knows what it has. */
static tw_err mark_seen(struct run *r)
{
	char command[COMMAND_MAX];
	enum tw_imap_said said;

	(void)snprintf(command, sizeof command, "UID STORE %u +FLAGS.SILENT (\\Seen)", r->c->job.after);
	return ask(r, command, NULL, &said);
}

static tw_err take_found(struct run *r, const struct tw_imap_response *one)
{
	(void)tw_imap_found(one, r->c->job.after, &r->c->uid);
	return TW_OK;
}

/* The lowest UID behind the one that app has; a server's numbers may lie far apart. *ret_last: up to where there is none. */
static tw_err find(struct run *r, bool *ret_found, uint32_t *ret_last)
{
	char command[COMMAND_MAX];
	enum tw_imap_said said;

	*ret_found = false;
	*ret_last = r->c->job.after;
	for (int i = 0; i < SPANS_MAX && !*ret_found && *ret_last + 1 < r->next_uid; i++) {
		const uint32_t end = r->next_uid - 1 - *ret_last > TW_IMAP_SPAN ? *ret_last + TW_IMAP_SPAN : r->next_uid - 1;

		r->c->uid = UINT32_MAX;
		(void)snprintf(command, sizeof command, "UID SEARCH UID %u:%u", *ret_last + 1, end);
		TW_TRY(ask(r, command, take_found, &said));
		if (said != TW_IMAP_OK)
			return TW_RAISE(IO, "the mail server does not search");
		*ret_found = r->c->uid <= end;
		*ret_last = end;
	}
	return TW_OK;
}

static tw_err take_message(struct run *r, const struct tw_imap_response *one)
{
	uint32_t size = 0;

	if (r->c->message.size || !tw_imap_fetched(one, r->c->uid, &size))
		return TW_OK;
	r->c->large = size > one->literal.size;
	return tw_buf_add(&r->c->message, one->literal.at, one->literal.size);
}

static tw_err fetch(struct run *r)
{
	char command[COMMAND_MAX];
	enum tw_imap_said said;

	(void)snprintf(command, sizeof command, "UID FETCH %u (UID RFC822.SIZE BODY.PEEK[]<0.%d>)", r->c->uid, TW_MAILREAD_MAX);
	TW_TRY(ask(r, command, take_message, &said));
	return said == TW_IMAP_OK ? TW_OK : TW_RAISE(IO, "the mail server does not hand out a message");
}

static tw_err take_again(struct run *r, const struct tw_imap_response *one)
{
	uint32_t uid = UINT32_MAX;

	r->still_there = r->still_there || (tw_imap_found(one, r->c->uid - 1, &uid) && uid == r->c->uid);
	return TW_OK;
}

/* Somebody may have deleted it just now. What is there and does not come would be passed over for ever. */
static tw_err check_gone(struct run *r)
{
	char command[COMMAND_MAX];
	enum tw_imap_said said;

	(void)snprintf(command, sizeof command, "UID SEARCH UID %u", r->c->uid);
	TW_TRY(ask(r, command, take_again, &said));
	if (said != TW_IMAP_OK)
		return TW_RAISE(IO, "the mail server does not search");
	return r->still_there ? TW_RAISE(IO, "the mail server has message %u and does not hand it out", r->c->uid) : TW_OK;
}

static tw_err collect(struct run *r)
{
	struct tw_collection *c = r->c;
	uint32_t last = 0;
	bool found = false;

	TW_TRY(connect_it(r));
	TW_TRY(open_mailbox(r));
	if (c->job.validity != c->validity)
		c->job.after = 0; /* it is another mailbox, or its numbers were given anew: app tells what it has by what it says */
	else if (c->job.seen && c->job.after)
		TW_TRY(mark_seen(r));
	TW_TRY(find(r, &found, &last));
	if (found)
		TW_TRY(fetch(r));
	if (found && !c->message.size)
		TW_TRY(check_gone(r));
	c->uid = found ? c->uid : last;
	c->end = c->message.size ? TW_COLLECT_MESSAGE : TW_COLLECT_NOTHING;
	return TW_OK;
}

static void run_done(struct run *r)
{
	curl_easy_cleanup(r->curl);
	curl_slist_free_all(r->addresses);
	tw_buf_done(&r->have);
}

void tw_collect(struct tw_collection *c)
{
	TW_CLEANUP(run_done) struct run r = { .c = c, .socket = CURL_SOCKET_BAD };

	r.until_ms = tw_boot_ms(r.c->sys) + (int64_t)TW_COLLECT_DEADLINE_S * 1000;
	tw_buf_init(&r.have, c->sys, TW_MAILREAD_MAX + 8 * TW_IMAP_LINE_MAX);
	tw_buf_init(&c->message, c->sys, TW_MAILREAD_MAX);
	c->end = TW_COLLECT_SERVER;
	if (!tw_failed(collect(&r)))
		return;
	tw_buf_clear(&c->message);
	(void)snprintf(c->words, sizeof c->words, "%.*s", TW_COLLECT_WORDS_MAX, tw_err_detail());
	(void)tw_text_mend(c->words, strlen(c->words));
}
