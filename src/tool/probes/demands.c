/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe of what is demanded of systems outside: this tool is one. It has the device come to a door of its own, which misses one requirement after
 * another, and hears whether the device says anything to it then; at last it misses none.
 */
#include "tool/probes/door.h"
#include "tool/probes/people.h"

#include "base/text.h"
#include "crypto/hash.h"
#include "tool/files.h"
#include "tool/wait.h"

#include <openssl/err.h>
#include <poll.h>

#define HERE "/api/v1/outside-systems"
#define SUITE "TLS_AES_256_GCM_SHA384"
#define OTHER_SUITE "TLS_AES_128_GCM_SHA256"
#define DAY_MS (86400 * INT64_C(1000))
#define ASKED_MAX 4096

/* What the door does not meet. */
enum missing { VERSION, SUITES, KEY, STATE, NOTHING, ROWS };
static const struct {
	const char *what, *verdict;
	bool comes_in; /* it shakes hands, so that the device could speak to it */
} rows[ROWS] = {
	[VERSION] = { "the version", "fetch.version", false },
	[SUITES] = { "the suite", "fetch.suite", false },
	[KEY] = { "the key", "fetch.key", false },
	[STATE] = { "the state", "fetch.posture", true },
	[NOTHING] = { "nothing", "met", true },
};

struct outside {
	struct tw_probe_context *c;
	struct tw_finding *f;
	struct tw_door door;
	tw_key *other_key;
	tw_cert *other_cert;
	enum missing missing;
	char name[32];
	bool is_put;
	unsigned told; /* requests other than for its state */
};

static void outside_done(struct outside *o)
{
	tw_door_done(&o->door);
	(void)tw_key_free(o->other_key);
	(void)tw_cert_free(o->other_cert);
}

/* --- The door --- */

static tw_err make(struct outside *o)
{
	const int64_t now = tw_now_ms(o->c->sys);
	const struct tw_cert_want want = {
		.common_name = "probe", .dns = "localhost", .is_server = true, .not_before_ms = now - DAY_MS, .not_after_ms = now + DAY_MS
	};

	TW_TRY(tw_door_make(o->c->sys, &o->door));
	TW_TRY(tw_key_generate(o->c->sys, &o->other_key));
	TW_TRY(tw_cert_make(o->c->sys, &want, o->other_key, o->door.ca, o->door.ca_key, &o->other_cert));
	return tw_door_listen(&o->door);
}

static const tw_cert *shown(const struct outside *o)
{
	return o->missing == KEY ? o->other_cert : o->door.cert;
}

static tw_err make_tls(struct outside *o)
{
	SSL_CTX_free(o->door.ctx);
	o->door.ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX *ctx = o->door.ctx;
	bool good = ctx && SSL_CTX_set_max_proto_version(ctx, o->missing == VERSION ? TLS1_2_VERSION : TLS1_3_VERSION) == 1 &&
		SSL_CTX_set_ciphersuites(ctx, o->missing == SUITES ? OTHER_SUITE : SUITE) == 1 &&
		SSL_CTX_use_certificate(ctx, tw_cert_x509(shown(o))) == 1 &&
		SSL_CTX_use_PrivateKey(ctx, tw_key_evp(o->missing == KEY ? o->other_key : o->door.key)) == 1;

	return good ? TW_OK : TW_RAISE(CRYPTO, "a TLS server");
}

/* An entity attestation token (RFC 9711) that says how the system started: as is demanded, or not. */
static tw_err write_state(struct outside *o, struct tw_slice nonce, struct tw_buf *ret)
{
	static const char header[] = "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\"}";
	TW_CLEANUP(tw_buf_done) struct tw_buf der = { 0 }, claims = { 0 };
	uint8_t digest[TW_SHA256_SIZE], signature[TW_SIGNATURE_SIZE];

	tw_buf_init(&der, o->c->sys, 8192);
	tw_buf_init(&claims, o->c->sys, 1024);
	TW_TRY(tw_cert_der(shown(o), &der));
	TW_TRY(tw_sha256(der.data, der.size, digest));
	TW_TRY(tw_buf_format(&claims, "{\"eat_nonce\":\"" TW_SLICE_FMT "\",\"oemboot\":%s,\"cnf\":{\"x5t#S256\":\"",
		TW_SLICE_ARG(nonce), o->missing == STATE ? "false" : "true"));
	TW_TRY(tw_buf_base64url(&claims, digest, sizeof digest));
	TW_TRY(tw_buf_text(&claims, "\"}}"));
	TW_TRY(tw_buf_base64url(ret, header, strlen(header)));
	TW_TRY(tw_buf_u8(ret, '.'));
	TW_TRY(tw_buf_base64url(ret, claims.data, claims.size));
	const struct tw_slice said = tw_buf_slice(ret);
	TW_TRY(tw_key_sign(o->door.ca_key, &said, 1, signature));
	TW_TRY(tw_buf_u8(ret, '.'));
	return tw_buf_base64url(ret, signature, sizeof signature);
}

static tw_err answer(struct outside *o, SSL *ssl, const char *asked)
{
	static const char state[] = "GET /state?nonce=";
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, token = { 0 };

	tw_buf_init(&text, o->c->sys, ASKED_MAX);
	tw_buf_init(&token, o->c->sys, 2048);
	if (strncmp(asked, state, strlen(state)) == 0) {
		const char *nonce = asked + strlen(state);

		TW_TRY(write_state(o, (struct tw_slice){ nonce, strcspn(nonce, " \r\"\\") }, &token));
		TW_TRY(tw_buf_format(&text, "HTTP/1.1 200 OK\r\nContent-Type: application/eat+jwt\r\nContent-Length: %zu\r\n\r\n%s",
			token.size, tw_buf_cstr(&token)));
	} else {
		o->told++;
		TW_TRY(tw_buf_text(&text, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
	}
	(void)SSL_write(ssl, text.data, (int)text.size);
	return TW_OK;
}

/* 0: it has gone, or fell silent. */
static int hear(const struct outside *o, SSL *ssl, char ret[ASKED_MAX], int64_t until)
{
	int size;

	while ((size = SSL_read(ssl, ret, ASKED_MAX - 1)) <= 0)
		if (SSL_get_error(ssl, size) != SSL_ERROR_WANT_READ || !tw_door_wait(&o->door, o->door.guest, POLLIN, until))
			return 0;
	ret[size] = '\0';
	return size;
}

/* Whatever the device asks, until it goes. ret_in: it shook hands. TIMEOUT: it did not come. */
static tw_err take_guest(struct outside *o, bool *ret_in)
{
	const int64_t until = tw_now_ms(o->c->sys) + TW_DOOR_WAIT_MS;
	char asked[ASKED_MAX];

	*ret_in = false;
	TW_TRY(tw_door_take(&o->door, until));
	SSL *ssl = SSL_new(o->door.ctx);
	tw_err e = ssl && SSL_set_fd(ssl, o->door.guest) == 1 ? TW_OK : TW_RAISE(CRYPTO, "a TLS connection");
	if (!tw_failed(e)) {
		*ret_in = !tw_failed(tw_door_shake(&o->door, ssl, until));
		while (*ret_in && !tw_failed(e) && hear(o, ssl, asked, until))
			e = answer(o, ssl, asked);
	}
	SSL_free(ssl);
	ERR_clear_error();
	tw_closep(&o->door.guest);
	return e;
}

/* --- The device --- */

static tw_err demand(struct outside *o)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf hex = { 0 }, pem = { 0 };
	uint8_t key[TW_SHA256_SIZE];
	char path[96], place[32];

	tw_buf_init(&hex, o->c->sys, 2 * sizeof key);
	tw_buf_init(&pem, o->c->sys, 8192);
	TW_TRY(tw_cert_fingerprint(o->door.cert, key));
	TW_TRY(tw_buf_hex(&hex, key, sizeof key));
	TW_TRY(tw_cert_pem(o->door.ca, &pem));
	(void)snprintf(o->name, sizeof o->name, "probe-%u", o->door.port);
	(void)snprintf(path, sizeof path, HERE "/%s", o->name);
	(void)snprintf(place, sizeof place, "localhost:%u", o->door.port);
	o->is_put = true;
	return tw_order_with(o->c, "PUT", path,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "place", place, "tls", "1.3", "suites", SUITE, "keys",
			tw_buf_cstr(&hex), "posture", "/state", "attester", tw_buf_cstr(&pem), "claims", "oemboot=true"),
		NULL);
}

static tw_err send_device(struct outside *o, char ret_task[64])
{
	TW_CLEANUP(tw_answer_done) struct tw_answer begun = { 0 };
	TW_CLEANUP(tw_buf_done) struct tw_buf pem = { 0 };
	char url[64];

	tw_buf_init(&pem, o->c->sys, 8192);
	TW_TRY(tw_cert_pem(o->door.ca, &pem));
	(void)snprintf(url, sizeof url, "https://localhost:%u/", o->door.port);
	TW_TRY(tw_order_with(
		o->c, "POST", "/api/v1/outside-trials", json_pack("{s:s, s:s}", "url", url, "anchors", tw_buf_cstr(&pem)), &begun));
	(void)snprintf(ret_task, 64, "%s", tw_json_text(begun.body, "task"));
	return *ret_task ? TW_OK : TW_RAISE(SYNTAX, "the answer names no task");
}

/* ret_good false: the finding has been told. */
static tw_err try_row(struct outside *o, bool *ret_good)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer ended = { 0 };
	char task[64];
	bool in = false;

	*ret_good = false;
	o->told = 0;
	tw_answer_init(&ended, o->c->sys);
	TW_TRY(make_tls(o));
	TW_TRY(send_device(o, task));
	tw_err e = take_guest(o, &in);
	if (tw_is(e, TW_CODE_TIMEOUT))
		return tw_found(o->f, TW_VERDICT_INCONCLUSIVE,
			"The device did not come to this desk; run the assessment on the machine it runs on.");
	TW_TRY(e);
	TW_TRY(tw_task_wait(o->c->tool, o->c->target[0].session.client, task, true, &ended));
	const char *verdict = tw_json_text(tw_json_get(ended.body, "result"), "verdict");
	TW_TRY(tw_saw(o->f, rows[o->missing].what, verdict));
	if (o->missing != NOTHING && o->told)
		return tw_found(o->f, TW_VERDICT_FAIL, "A system outside that does not meet %s was spoken to.", rows[o->missing].what);
	if (strcmp(verdict, rows[o->missing].verdict) != 0 || (o->missing == NOTHING && o->told != 1) || (in && !rows[o->missing].comes_in))
		return tw_found(o->f, TW_VERDICT_FAIL, "A system outside that misses %s was answered with the verdict '%.40s', not '%s'.",
			rows[o->missing].what, verdict, rows[o->missing].verdict);
	*ret_good = true;
	return TW_OK;
}

static tw_err try_all(struct outside *o)
{
	bool good = true;

	TW_TRY(make(o));
	TW_TRY(demand(o));
	for (o->missing = VERSION; good && o->missing < ROWS; o->missing++)
		TW_TRY(try_row(o, &good));
	return good ? tw_found(o->f, TW_VERDICT_PASS,
			      "A system outside that misses the version of TLS, the suite, the key or the attested state was refused by that name "
			      "and told nothing; one that meets all was connected to.")
		    : TW_OK;
}

/* @nist LA.EC.4: a peer that misses one requirement is refused, and one that meets all is connected to */
static tw_err ask_demands(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(outside_done) struct outside o = { .c = c, .f = f, .door = { .fd = -1, .guest = -1 } };

	tw_err e = try_all(&o);
	if (tw_failed(e))
		e = tw_found_trouble(f, "Having the device come to a system outside", e);
	tw_probe_take_back(c, f, "outside-systems", o.is_put ? o.name : "");
	return e;
}

const struct tw_probe tw_probes_demands[] = {
	{ "LA.EC.4", "outside-demands", TW_SOURCE_OUTSIDE, "Is a system outside that misses one requirement told nothing?",
		ask_demands, true },
	{ .element = NULL },
};
