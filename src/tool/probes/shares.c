/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of what goes to approved parties by itself: this tool is one. It has itself approved, takes what the device brings, opens it and acknowledges it.
 * Approved anew it is brought more, and while that waits for its answer the approval is withdrawn: the device has to break off, sooner than it gives up by
 * itself, and nobody may come any more.
 */
#include "tool/probes/door.h"
#include "tool/probes/people.h"

#include "base/text.h"
#include "formats/export.h"
#include "tool/files.h"

#include <openssl/err.h>
#include <poll.h>

#define HERE "/api/v1/approved-shares"
#define DAY_MS (86400 * INT64_C(1000))
#define EVERY_S 60
#define BREAK_MS 4000 /* by itself the device gives up after 8 s */
#define SILENCE_MS 3000
#define TAKEN_MAX (96 * 1024)

struct party {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_door door;
	tw_key *key;
	tw_cert *certificate;
	char name[32];
	bool is_put;
	struct tw_buf taken; /* one request */
};

static void party_done(struct party *p)
{
	tw_door_done(&p->door);
	(void)tw_key_free(p->key);
	(void)tw_cert_free(p->certificate);
	tw_buf_done(&p->taken);
}

static tw_err make(struct party *p)
{
	const struct tw_cert_want want = { .common_name = "made by a probe", .not_before_ms = tw_now_ms(p->c->sys) - DAY_MS };

	tw_buf_init(&p->taken, p->c->sys, TAKEN_MAX);
	TW_TRY(tw_door_make(p->c->sys, &p->door));
	TW_TRY(tw_key_generate(p->c->sys, &p->key));
	TW_TRY(tw_cert_make(p->c->sys, &want, p->key, NULL, p->key, &p->certificate));
	p->door.ctx = SSL_CTX_new(TLS_server_method());
	if (!p->door.ctx || SSL_CTX_use_certificate(p->door.ctx, tw_cert_x509(p->door.cert)) != 1 ||
		SSL_CTX_use_PrivateKey(p->door.ctx, tw_key_evp(p->door.key)) != 1)
		return TW_RAISE(CRYPTO, "a TLS server");
	return tw_door_listen(&p->door);
}

static tw_err approve(struct party *p)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf anchors = { 0 }, certificate = { 0 };
	char path[96], url[64];

	tw_buf_init(&anchors, p->c->sys, 8192);
	tw_buf_init(&certificate, p->c->sys, 8192);
	TW_TRY(tw_cert_pem(p->door.ca, &anchors));
	TW_TRY(tw_cert_pem(p->certificate, &certificate));
	(void)snprintf(p->name, sizeof p->name, "probe-%u", p->door.port);
	(void)snprintf(path, sizeof path, HERE "/%s", p->name);
	(void)snprintf(url, sizeof url, "https://localhost:%u/take", p->door.port);
	p->is_put = true;
	return tw_order_with(p->c, "PUT", path,
		json_pack("{s:s, s:s, s:s, s:s, s:i}", "url", url, "anchors", tw_buf_cstr(&anchors), "certificate",
			tw_buf_cstr(&certificate), "data", "identity", "every", EVERY_S),
		NULL);
}

/* The body of a whole request; NULL: it is not whole yet. */
static const char *body_of(const struct tw_buf *b, size_t *ret_size)
{
	const char *text = tw_buf_cstr(b), *end = strstr(text, "\r\n\r\n"), *said = strcasestr(text, "\r\nContent-Length: ");
	uint64_t size = 0;

	if (!end || !said || said > end)
		return NULL;
	said += strlen("\r\nContent-Length: ");
	if (tw_failed(tw_parse_u64((struct tw_slice){ said, strcspn(said, "\r") }, TAKEN_MAX, &size)) || strlen(end + 4) < size)
		return NULL;
	*ret_size = (size_t)size;
	return end + 4;
}

static tw_err hear(struct party *p, SSL *ssl, int64_t until, json_t **ret)
{
	char piece[4096];
	size_t size = 0;
	const char *body;

	while (!(body = body_of(&p->taken, &size))) {
		const int got = SSL_read(ssl, piece, sizeof piece);

		if (got > 0)
			TW_TRY(tw_buf_add(&p->taken, piece, (size_t)got));
		else if (SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ || !tw_door_wait(&p->door, p->door.guest, POLLIN, until))
			return TW_RAISE(CLOSED, "the device came, and broke off");
	}
	return tw_json_parse((struct tw_slice){ body, size }, TAKEN_MAX, ret);
}

/* TIMEOUT: nobody came. The connection stands and waits for its answer. */
static tw_err take(struct party *p, SSL **ret_ssl, json_t **ret)
{
	const int64_t until = tw_now_ms(p->c->sys) + TW_DOOR_WAIT_MS;

	tw_buf_clear(&p->taken);
	TW_TRY(tw_door_take(&p->door, until));
	SSL *ssl = SSL_new(p->door.ctx);
	*ret_ssl = ssl;
	TW_TRY(ssl && SSL_set_fd(ssl, p->door.guest) == 1 ? tw_door_shake(&p->door, ssl, until) : TW_RAISE(CRYPTO, "a TLS connection"));
	return hear(p, ssl, until, ret);
}

static void part(struct party *p, SSL *ssl)
{
	SSL_free(ssl);
	ERR_clear_error();
	tw_closep(&p->door.guest);
}

static tw_err acknowledge(struct party *p, json_t **ret)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
	SSL *ssl = NULL;
	tw_err e = take(p, &ssl, ret);

	if (!tw_failed(e)) {
		(void)SSL_write(ssl, answer, sizeof answer - 1);
		(void)SSL_shutdown(ssl);
	}
	part(p, ssl);
	return e;
}

/* What it brings gets no answer until the approval is withdrawn, and that ends it. */
static tw_err withdraw_from_under_it(struct party *p, bool *ret_broke_off)
{
	TW_CLEANUP(tw_jsonp) json_t *taken = NULL;
	SSL *ssl = NULL;
	char more;
	tw_err e = take(p, &ssl, &taken);

	if (!tw_failed(e))
		e = tw_probe_at(p->c, "DELETE", "approved-shares", p->name);
	if (!tw_failed(e)) {
		p->is_put = false;
		*ret_broke_off = tw_door_wait(&p->door, p->door.guest, POLLIN, tw_now_ms(p->c->sys) + BREAK_MS) &&
			SSL_read(ssl, &more, 1) <= 0;
	}
	part(p, ssl);
	return e;
}

/* Does it open for this party alone, and is it this unit's, about this? */
static bool opens(struct party *p, const json_t *taken)
{
	const struct tw_export_expect expect = { .own = p->key, .anchor = p->c->target[0].anchor, .now_ms = tw_now_ms(p->c->sys) };
	TW_CLEANUP(tw_jsonp) json_t *content = NULL;
	struct tw_export e;

	return !tw_failed(tw_export_open(p->c->sys, tw_slice_of(tw_json_text(taken, "sealed")), &expect, &e, &content)) &&
		!strcmp(e.identifier, p->c->target[0].session.device.identifier) && !strcmp(e.recipient, p->name) &&
		!strcmp(e.data, "identity");
}

static tw_err silent(struct party *p)
{
	tw_err e = tw_door_take(&p->door, tw_now_ms(p->c->sys) + SILENCE_MS);
	if (tw_is(e, TW_CODE_TIMEOUT))
		return tw_found(p->f, TW_VERDICT_PASS,
			"An approved party was brought this unit's data, signed and sealed for its key; after its approval was withdrawn nobody came.");
	TW_TRY(e);
	return tw_found(p->f, TW_VERDICT_FAIL, "The device came again after the party's approval had been withdrawn.");
}

static tw_err play(struct party *p)
{
	static const char nothing[] = "An approved party was brought nothing. If the device is on another machine than this desk, assess it there.";
	TW_CLEANUP(tw_jsonp) json_t *taken = NULL;
	bool broke_off = false;

	TW_TRY(make(p));
	TW_TRY(approve(p));
	tw_err e = acknowledge(p, &taken);
	if (tw_is(e, TW_CODE_TIMEOUT))
		return tw_found(p->f, TW_VERDICT_FAIL, nothing);
	TW_TRY(e);
	if (tw_json_int(taken, "sequence") != 1 || !opens(p, taken))
		return tw_found(p->f, TW_VERDICT_FAIL,
			"What an approved party was brought does not open as this unit's for its key, as number 1.");
	TW_TRY(approve(p));
	e = withdraw_from_under_it(p, &broke_off);
	if (tw_is(e, TW_CODE_TIMEOUT))
		return tw_found(p->f, TW_VERDICT_FAIL, "A party that was approved anew was brought nothing more.");
	TW_TRY(e);
	if (!broke_off)
		return tw_found(p->f, TW_VERDICT_FAIL, "The device went on sending to a party after the approval had been withdrawn.");
	return silent(p);
}

/* @nist LA.EC.3: an approved party is brought data by itself, and nothing once the approval is withdrawn */
static tw_err ask_shares(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(party_done) struct party p = { .c = c, .f = f, .door = { .fd = -1, .guest = -1 } };

	if (!c->target[0].anchor)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "Whose unit it is cannot be known without the manufacturer's certificate.");
	tw_err e = play(&p);
	if (tw_failed(e))
		e = tw_found_trouble(f, "Having the device send data to an approved party", e);
	tw_probe_take_back(c, f, "approved-shares", p.is_put ? p.name : "");
	return e;
}

const struct tw_probe tw_probes_shares[] = {
	{ "LA.EC.3", "approved-share", TW_SOURCE_OUTSIDE,
		"Is data sent to an approved party, and to it no more when that is withdrawn?", ask_shares, true, true },
	{ .element = NULL },
};
