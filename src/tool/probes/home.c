/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device that is not at home sends to home systems. This machine is one for a moment, by an address of its own: asked from there at a port where
 * nobody listens, the device's kernel would answer in plain, and does so before; then it must not. The device's own connections must not come without its
 * certificate, and have to come with it. The change waits to be confirmed and never is.
 */
#include "tool/probes/door.h"
#include "tool/probes/people.h"
#include "tool/probes/reach.h"

#include "base/text.h"
#include "tool/files.h"
#include "tool/wait.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <poll.h>

#define HERE "/api/v1/home"
#define DAY_MS (86400 * INT64_C(1000))
#define HOLDS_MS 8000
#define TURN_MS 200
#define COMES_MS 3000 /* a connection that must not come, would */
#define ASKED_MAX 4096

struct home {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_door door;
	tw_cert *cert; /* of the address */
	char host[256], port[8];
};

static void home_done(struct home *h)
{
	tw_door_done(&h->door);
	(void)tw_cert_free(h->cert);
}

/* --- This machine as a home system --- */

/* Whoever comes shows a certificate; whose it is, is the device's authority's business. */
static int take_any(int good, X509_STORE_CTX *store)
{
	return 1;
}

static tw_err open_door(struct home *h)
{
	const int64_t now = tw_now_ms(h->c->sys);
	const struct tw_cert_want want = {
		.common_name = h->c->home, .is_server = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS
	};

	TW_TRY(tw_door_make(h->c->sys, &h->door));
	TW_TRY(tw_cert_make(h->c->sys, &want, h->door.key, h->door.ca, h->door.ca_key, &h->cert));
	SSL_CTX *ctx = h->door.ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx || SSL_CTX_use_certificate(ctx, tw_cert_x509(h->cert)) != 1 || SSL_CTX_use_PrivateKey(ctx, tw_key_evp(h->door.key)) != 1)
		return TW_RAISE(CRYPTO, "a TLS server");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
	return tw_door_listen(&h->door);
}

static tw_err send_device(struct home *h, bool with_certificate, char ret_task[64])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer begun = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char url[96];

	tw_buf_init(&pem, h->c->sys, 8192);
	TW_TRY(tw_cert_pem(h->door.ca, &pem));
	(void)snprintf(url, sizeof url, "https://%s:%u/", h->c->home, h->door.port);
	TW_TRY(tw_order_with(h->c, "POST", "/api/v1/outside-trials",
		json_pack("{s:s, s:s, s:b}", "url", url, "anchors", tw_buf_cstr(&pem), "certificate", with_certificate), &begun));
	(void)snprintf(ret_task, 64, "%s", tw_json_text(begun.body, "task"));
	return *ret_task ? TW_OK : TW_RAISE(SYNTAX, "the answer names no task");
}

static tw_err verdict_of(struct home *h, const char *task, char ret[48])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer ended = { 0 };

	tw_answer_init(&ended, h->c->sys);
	TW_TRY(tw_task_wait(h->c->tool, h->c->target[0].session.client, task, true, &ended));
	(void)snprintf(ret, 48, "%s", tw_json_text(tw_json_get(ended.body, "result"), "verdict"));
	return TW_OK;
}

/* ret_in: it showed a certificate and asked for something. */
static tw_err receive(struct home *h, bool *ret_in)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	const int64_t until = tw_now_ms(h->c->sys) + TW_DOOR_WAIT_MS;
	char asked[ASKED_MAX];
	int size = 0;

	*ret_in = false;
	tw_err e = tw_door_take(&h->door, until);
	if (tw_is(e, TW_CODE_TIMEOUT))
		return TW_OK;
	TW_TRY(e);
	SSL *ssl = SSL_new(h->door.ctx);
	if (ssl && SSL_set_fd(ssl, h->door.guest) == 1 && !tw_failed(tw_door_shake(&h->door, ssl, until))) {
		while ((size = SSL_read(ssl, asked, sizeof asked)) <= 0)
			if (SSL_get_error(ssl, size) != SSL_ERROR_WANT_READ || !tw_door_wait(&h->door, h->door.guest, POLLIN, until))
				break;
		*ret_in = size > 0;
		(void)SSL_write(ssl, answer, sizeof answer - 1);
	}
	SSL_free(ssl);
	ERR_clear_error();
	tw_closep(&h->door.guest);
	return TW_OK;
}

/* --- What the device sends --- */

static tw_err is_answered_in_plain(struct home *h, enum tw_came *ret)
{
	return tw_reach_from(h->c->sys, h->c->home, h->host, TW_REACH_CLOSED_PORT, ret);
}

/* Until the device says that its kernel keeps to it. */
static tw_err becomes(struct home *h, struct tw_answer *ret, bool *ret_holds)
{
	const int64_t until = tw_probe_now_us(h->c->sys) + HOLDS_MS * INT64_C(1000);

	for (;;) {
		tw_answer_done(ret);
		TW_TRY(tw_order(h->c, "GET", HERE, ret));
		*ret_holds = tw_json_bool(ret->body, "holds") && strcmp(tw_json_text(ret->body, "at"), "unknown") != 0;
		if (*ret_holds || tw_probe_now_us(h->c->sys) > until)
			return TW_OK;
		(void)h->c->sys->poll(h->c->sys, NULL, 0, TURN_MS);
	}
}

/* ret_in: it came and was answered. */
static tw_err comes_by_mutual_tls(struct home *h, bool *ret_in)
{
	char task[64], verdict[48];

	TW_TRY(send_device(h, true, task));
	TW_TRY(receive(h, ret_in));
	TW_TRY(verdict_of(h, task, verdict));
	TW_TRY(tw_saw(h->f, "with its certificate", verdict));
	*ret_in = *ret_in && strcmp(verdict, "met") == 0;
	return TW_OK;
}

/* What is kept in by the packet filter is at it for as long as it may, for which nobody waits. */
static tw_err comes_at_all(struct home *h, bool with_certificate, bool *ret_came)
{
	const int64_t until = tw_now_ms(h->c->sys) + COMES_MS;
	char task[64];

	TW_TRY(send_device(h, with_certificate, task));
	*ret_came = tw_door_wait(&h->door, h->door.fd, POLLIN, until);
	if (!*ret_came)
		return TW_OK;
	TW_TRY(tw_door_take(&h->door, until));
	tw_closep(&h->door.guest);
	return TW_OK;
}

static tw_err judge_tunnel(struct home *h, bool holds)
{
	bool came = false;

	TW_TRY(comes_at_all(h, true, &came));
	return tw_found(h->f, came || !holds ? TW_VERDICT_FAIL : TW_VERDICT_PASS, "%s",
		came ? "There is a tunnel, and the device connects to a home system beside it."
			: holds ? "What was answered in plain before is not any more, and the device's own connections do not come beside its tunnel."
				: "Nothing comes, but the device does not say that its packet filter sees to it.");
}

static tw_err judge(struct home *h)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer now = { 0 };
	enum tw_came plain = TW_CAME_NOTHING;
	bool holds = false, came = false, in = false;

	TW_TRY(becomes(h, &now, &holds));
	TW_TRY(is_answered_in_plain(h, &plain));
	if (plain != TW_CAME_NOTHING)
		return tw_found(h->f, TW_VERDICT_FAIL, "%.60s counts as a home system, and the device sends to it in plain.", h->c->home);
	if (*tw_json_text(now.body, "tunnel"))
		return judge_tunnel(h, holds);
	TW_TRY(comes_at_all(h, false, &came));
	if (came)
		return tw_found(h->f, TW_VERDICT_FAIL, "The device connects to a home system without showing its certificate.");
	TW_TRY(comes_by_mutual_tls(h, &in));
	if (!in || !holds)
		return tw_found(h->f, TW_VERDICT_FAIL, "%s",
			in ? "Nothing comes in plain, but the device does not say that its packet filter sees to it."
			   : "Nothing comes in plain, and nothing as mutual TLS either.");
	return tw_found(h->f, TW_VERDICT_PASS,
		"What was answered in plain before is not any more; the device's own connections did not come without its certificate, and came with it.");
}

static void take_back(const struct home *h)
{
	struct tw_session *s = &h->c->target[0].session;
	TW_CLEANUP(tw_answer_done) struct tw_answer answer = { 0 };

	tw_answer_init(&answer, h->c->sys);
	if (tw_failed(tw_session_call(h->c->tool, s->client, &(struct tw_call){ .method = "DELETE", .path = "/api/v1/change" }, &answer)))
		tw_found_left(h->f, "home.systems could not be taken back, which the device does by itself: %s", tw_err_detail());
}

static tw_err try_it(struct home *h)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer before = { 0 };
	enum tw_came plain = TW_CAME_NOTHING;
	char systems[600];

	TW_TRY(tw_order(h->c, "GET", HERE, &before));
	const char *had = tw_json_text(before.body, "systems");
	if (strcmp(tw_json_text(before.body, "at"), "home") == 0)
		return tw_found(h->f, TW_VERDICT_INCONCLUSIVE,
			"The device is at home. Try it elsewhere, or where its witness does not answer.");
	TW_TRY(is_answered_in_plain(h, &plain));
	if (plain != TW_CAME_REFUSED)
		return tw_found(h->f, TW_VERDICT_INCONCLUSIVE,
			"%.60s is not answered in plain even before it counts as a home system, so that nothing can be told by that. Name an address "
			"to which there is a way, and that is in no network of home.systems.",
			h->c->home);
	TW_TRY(open_door(h));
	(void)snprintf(systems, sizeof systems, "%s%s%s", had, *had ? " " : "", h->c->home);
	TW_TRY(tw_probe_set(h->c, "home.systems", systems));
	tw_err e = judge(h);
	take_back(h);
	return e;
}

/* @nist LA.EC.5: from a home system's address, nothing in plain comes from the device, and by mutual TLS it does */
static tw_err keeps_from_home(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(home_done) struct home h = { .c = c, .f = f, .door = { .fd = -1, .guest = -1 } };

	if (!c->home || inet_pton(AF_INET, c->home, &h.door.address) != 1)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"What it sends to home systems is seen by one: name an IPv4 address of this machine, which is not the device's, with --home-from "
			"ADDRESS. It counts as one for a moment.");
	tw_reach_parts(c->target[0].session.device.address, h.host, h.port);
	tw_err e = try_it(&h);
	return tw_failed(e) ? tw_found_trouble(f, "What the device sends to a home system", e) : TW_OK;
}

const struct tw_probe tw_probes_home[] = {
	{ "LA.EC.5", "keeps-from-home", TW_SOURCE_OUTSIDE, "Does what is for home systems leave as mutual TLS or by the tunnel alone?",
		keeps_from_home, .intrusive = true, .waits = true },
	{},
};
