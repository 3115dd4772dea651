/* SPDX-License-Identifier: Apache-2.0 */
/* ca.token has three lines: where the token is (crypto/token-words.h), the owner and the handle in hexadecimal digits. */
#include "tool/ca-token.h"

#include "base/text.h"
#include "crypto/remote.h"
#include "crypto/token.h"
#include "sys/durable.h"
#include "tool/files.h"
#include "tool/passphrase.h"

#include <string.h>

#define FILE_MAX 4096
#define HANDLE_MAX 64 /* bytes: a PKCS#11 handle has 16 */

struct tw_ca_token {
	struct tw_tool *t;
	char words[TW_TOKEN_WORDS_MAX + 1];
	uint8_t owner[TW_TOKEN_OWNER];
	struct tw_buf handle;
	tw_token *token;
	int pin;
	struct tw_remote remote;
};

tw_ca_token *tw_ca_token_free(tw_ca_token *c)
{
	if (!c)
		return NULL;
	tw_token_free(c->token);
	tw_closep(&c->pin);
	tw_buf_done(&c->handle);
	free(c);
	return NULL;
}

static tw_err token_new(struct tw_tool *t, tw_ca_token **ret)
{
	tw_ca_token *c = TW_NEW(t->sys, tw_ca_token);

	if (!c)
		return TW_RAISE(NOMEM, "the way to the token");
	c->t = t;
	c->pin = -1;
	tw_buf_init(&c->handle, t->sys, HANDLE_MAX);
	*ret = c;
	return TW_OK;
}

/* The PIN crosses to the token's process as memory that is in no file. */
static tw_err start(tw_ca_token *c, const char *pin_file)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *pin = NULL;
	struct tw_token_plan plan;
	char prompt[128];

	TW_TRY(tw_token_parse(c->words, &plan));
	(void)snprintf(prompt, sizeof(prompt), "PIN of the token '%s'", *plan.label ? plan.label : plan.serial);
	struct tw_passphrase_ask ask = { .file = pin_file, .prompt = prompt, .option = "--pin-file" };
	TW_TRY(tw_passphrase_get(c->t, &ask, &pin));
	c->pin = c->t->sys->memfd(c->t->sys, "pin", tw_secret_bytes(pin), tw_secret_size(pin));
	if (c->pin < 0)
		return TW_RAISE_ERRNO("handing on the PIN");
	plan.fd = c->pin;
	return tw_token_start(c->t->sys, &plan, &c->token);
}

/* What a person at a desk can do about it. */
static tw_err ask_token(tw_ca_token *c, const struct tw_token_question *q, struct tw_token_answer *a)
{
	tw_err e;

	tw_token_answer_init(c->t->sys, a);
	e = tw_token_ask(c->token, q, a);
	if (tw_is(e, TW_CODE_CLOSED))
		return tw_fail(c->t, TW_EXIT_FAILED, "put the token in", e);
	if (tw_is(e, TW_CODE_DENIED))
		return tw_fail(c->t, TW_EXIT_FAILED, "the right PIN; each wrong one is one of the few the token forgives", e);
	return e;
}

tw_err tw_ca_token_make(struct tw_tool *t, const char *words, const char *pin_file, tw_ca_token **ret, tw_key **ret_public)
{
	TW_CLEANUP(tw_ca_token_freep) tw_ca_token *c = NULL;
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	struct tw_token_question q = { .op = TW_TOKEN_MAKE };

	TW_TRY(token_new(t, &c));
	if (snprintf(c->words, sizeof(c->words), "pkcs11:%s", words) >= (int)sizeof(c->words))
		return TW_RAISE(LIMIT, "--pkcs11 has at most %zu characters", sizeof(c->words) - sizeof("pkcs11:"));
	if (t->sys->random(t->sys, c->owner, sizeof(c->owner)) < 0)
		return TW_RAISE_ERRNO("a name for the authority on the token");
	TW_TRY(start(c, pin_file));
	memcpy(q.owner, c->owner, sizeof(q.owner));
	TW_TRY(ask_token(c, &q, &a));
	if (a.out.size != TW_POINT_SIZE)
		return TW_RAISE(CRYPTO, "the token made a key with a public half of %zu bytes", a.out.size);
	TW_TRY(tw_buf_add(&c->handle, a.more.data, a.more.size));
	TW_TRY(tw_key_of_point(t->sys, (const uint8_t *)a.out.data, ret_public));
	*ret = TW_STEAL(c);
	return TW_OK;
}

tw_err tw_ca_token_write(const tw_ca_token *c, int ca)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, c->t->sys, FILE_MAX);
	TW_TRY(tw_buf_format(&b, "%s\n", c->words));
	TW_TRY(tw_buf_hex(&b, c->owner, sizeof(c->owner)));
	TW_TRY(tw_buf_u8(&b, '\n'));
	TW_TRY(tw_buf_hex(&b, c->handle.data, c->handle.size));
	TW_TRY(tw_buf_u8(&b, '\n'));
	return tw_durable_replace(c->t->sys, ca, TW_CA_TOKEN, b.data, b.size, 0644);
}

/* That it is there and takes the PIN is found out before anything is signed: OpenSSL, which asks for signatures, would only say that it failed. */
static tw_err look(tw_ca_token *c)
{
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	const struct tw_token_question q = { .op = TW_TOKEN_DESCRIBE };

	return ask_token(c, &q, &a);
}

/* Cuts one line off; SYNTAX when there is none. */
static tw_err cut_line(struct tw_slice *rest, int number, struct tw_slice *ret)
{
	const char *end = rest->size ? memchr(rest->at, '\n', rest->size) : NULL;

	if (!end)
		return TW_RAISE(SYNTAX, TW_CA_TOKEN ": line %d is missing", number);
	*ret = (struct tw_slice){ rest->at, (size_t)(end - rest->at) };
	rest->at += ret->size + 1;
	rest->size -= ret->size + 1;
	return TW_OK;
}

static tw_err parse(tw_ca_token *c, struct tw_slice text)
{
	struct tw_slice words, owner, handle;
	uint8_t bytes[HANDLE_MAX];

	TW_TRY(cut_line(&text, 1, &words));
	TW_TRY(cut_line(&text, 2, &owner));
	TW_TRY(cut_line(&text, 3, &handle));
	if (text.size)
		return TW_RAISE(SYNTAX, TW_CA_TOKEN ": something follows line 3");
	if (words.size > TW_TOKEN_WORDS_MAX || memchr(words.at, '\0', words.size))
		return TW_RAISE(SYNTAX, TW_CA_TOKEN ": line 1 names no token");
	memcpy(c->words, words.at, words.size);
	if (tw_failed(tw_parse_hex(owner, c->owner, sizeof(c->owner))))
		return TW_RAISE(SYNTAX, TW_CA_TOKEN ": line 2 has not %zu hexadecimal digits", 2 * sizeof(c->owner));
	if (handle.size == 0 || handle.size / 2 > sizeof(bytes) || tw_failed(tw_parse_hex(handle, bytes, handle.size / 2)))
		return TW_RAISE(SYNTAX, TW_CA_TOKEN ": line 3 is no handle");
	return tw_buf_add(&c->handle, bytes, handle.size / 2);
}

tw_err tw_ca_token_open(struct tw_tool *t, int ca, const char *pin_file, tw_ca_token **ret)
{
	TW_CLEANUP(tw_ca_token_freep) tw_ca_token *c = NULL;
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	TW_TRY(token_new(t, &c));
	tw_buf_init(&b, t->sys, FILE_MAX);
	TW_TRY(tw_durable_read(t->sys, ca, TW_CA_TOKEN, FILE_MAX, &b));
	TW_TRY(parse(c, tw_buf_slice(&b)));
	TW_TRY(start(c, pin_file));
	TW_TRY(look(c));
	*ret = TW_STEAL(c);
	return TW_OK;
}

static tw_err sign(void *user, const uint8_t digest[32], uint8_t *ret, size_t max, size_t *ret_size)
{
	tw_ca_token *c = user;
	TW_CLEANUP(tw_token_answer_done) struct tw_token_answer a = { 0 };
	struct tw_token_question q = { .op = TW_TOKEN_SIGN, .handle = tw_buf_slice(&c->handle), .in = { (const char *)digest, 32 } };
	uint8_t der[TW_SIGNATURE_DER_MAX];

	memcpy(q.owner, c->owner, sizeof(q.owner));
	TW_TRY(ask_token(c, &q, &a));
	if (a.out.size != TW_SIGNATURE_SIZE)
		return TW_RAISE(CRYPTO, "the token's signature has %zu bytes", a.out.size);
	size_t size = tw_signature_to_der((const uint8_t *)a.out.data, der);
	if (size > max)
		return TW_RAISE(CRYPTO, "the token's signature has no room");
	memcpy(ret, der, size);
	*ret_size = size;
	return TW_OK;
}

tw_err tw_ca_token_key(tw_ca_token *c, const tw_key *public, tw_key **ret)
{
	uint8_t point[TW_POINT_SIZE];

	c->remote = (struct tw_remote){ sign, c };
	TW_TRY(tw_key_point(public, point));
	return tw_remote_key(c->t->sys, &c->remote, point, ret);
}
