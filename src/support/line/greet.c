/* SPDX-License-Identifier: Apache-2.0 */
#include "support/line/greet.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define VERSION_3 196608u
#define CLIENT_MAX 4096 /* libpq sends some hundred bytes */
#define PLUS "SCRAM-SHA-256-PLUS"

enum { AUTH_OK = 0, AUTH_SASL = 10, AUTH_SASL_CONTINUE = 11, AUTH_SASL_FINAL = 12 };

/* A text that ends with NUL. */
static tw_err text(struct tw_cursor *c, struct tw_slice *ret)
{
	const size_t left = tw_cursor_left(c);
	const uint8_t *end = left ? memchr(c->at, '\0', left) : NULL;

	if (!end)
		return TW_RAISE(SYNTAX, "PostgreSQL: a text of a message does not end");
	TW_TRY(tw_cursor_slice(c, (size_t)(end - c->at), ret));
	return tw_cursor_slice(c, 1, &(struct tw_slice){ 0 });
}

static tw_err read_methods(struct tw_cursor *c, struct tw_greet *ret)
{
	struct tw_slice method;

	ret->kind = TW_GREET_SASL;
	do {
		TW_TRY(text(c, &method));
		ret->bound = ret->bound || tw_slice_is(method, PLUS);
	} while (method.size);
	return tw_cursor_end(c);
}

static tw_err read_authentication(struct tw_cursor *c, struct tw_greet *ret)
{
	uint32_t what;

	TW_TRY(tw_cursor_u32(c, &what));
	switch (what) {
	case AUTH_OK:
		ret->kind = TW_GREET_IN;
		return tw_cursor_end(c);
	case AUTH_SASL:
		return read_methods(c, ret);
	case AUTH_SASL_CONTINUE:
	case AUTH_SASL_FINAL:
		ret->kind = what == AUTH_SASL_FINAL ? TW_GREET_FINAL : TW_GREET_CHALLENGE;
		return tw_cursor_slice(c, tw_cursor_left(c), &ret->data);
	default:
		return TW_RAISE(UNSUPPORTED,
			"store.binding: PostgreSQL asks for a login of kind %u; only SCRAM-SHA-256 bound to the channel is given: in pg_hba.conf say hostssl "
			"and scram-sha-256, and keep the password so (password_encryption)",
			what);
	}
}

/* Fields of a kind and a text each: of them the words for people. */
static tw_err read_refusal(struct tw_cursor *c, struct tw_greet *ret)
{
	uint8_t kind;
	struct tw_slice value;

	ret->kind = TW_GREET_REFUSED;
	for (;;) {
		TW_TRY(tw_cursor_u8(c, &kind));
		if (!kind)
			return TW_OK;
		TW_TRY(text(c, &value));
		if (kind != 'M')
			continue;
		(void)snprintf(ret->words, sizeof ret->words, TW_SLICE_FMT, TW_SLICE_ARG(value));
		(void)tw_text_mend(ret->words, strlen(ret->words));
	}
}

tw_err tw_greet_read(struct tw_slice at, struct tw_greet *ret, size_t *ret_size)
{
	struct tw_cursor c = tw_cursor_of(at.at, at.size);
	uint8_t kind;
	uint32_t size;

	*ret = (struct tw_greet){ .kind = TW_GREET_OTHER };
	*ret_size = 0;
	if (at.size < 5)
		return TW_OK;
	TW_TRY(tw_cursor_u8(&c, &kind));
	TW_TRY(tw_cursor_u32(&c, &size));
	if (size < 4 || size > TW_GREET_MAX)
		return TW_RAISE(LIMIT, "PostgreSQL: a message of %u bytes before it has let us in", size);
	if (at.size < 1 + (size_t)size)
		return TW_OK;
	c = tw_cursor_of(at.at + 5, size - 4);
	if (kind == 'R')
		TW_TRY(read_authentication(&c, ret));
	else if (kind == 'E')
		TW_TRY(read_refusal(&c, ret));
	else if (kind != 'N')
		return TW_RAISE(SYNTAX, "PostgreSQL: a message of kind 0x%02x before it has let us in", kind);
	*ret_size = 1 + (size_t)size;
	return TW_OK;
}

tw_err tw_greet_client(struct tw_slice at, size_t *ret_size)
{
	struct tw_cursor c = tw_cursor_of(at.at, at.size);
	uint32_t size, version;

	*ret_size = 0;
	if (at.size < 8)
		return TW_OK;
	TW_TRY(tw_cursor_u32(&c, &size));
	TW_TRY(tw_cursor_u32(&c, &version));
	if (size < 8 || size > CLIENT_MAX)
		return TW_RAISE(LIMIT, "a first message of %u bytes", size);
	if (version != VERSION_3)
		return TW_RAISE(UNSUPPORTED, "a first message of version %u", version);
	*ret_size = at.size < size ? 0 : size;
	return TW_OK;
}

/* A message with its length put in when it is whole. kind 0: it has none. */
static tw_err seal(char kind, const struct tw_buf *body, struct tw_buf *ret)
{
	if (kind)
		TW_TRY(tw_buf_u8(ret, (uint8_t)kind));
	TW_TRY(tw_buf_u32(ret, (uint32_t)body->size + 4));
	return tw_buf_add(ret, body->data, body->size);
}

static tw_err put_text(struct tw_buf *b, const char *value)
{
	return tw_buf_add(b, value, strlen(value) + 1);
}

tw_err tw_greet_begin(const char *user, const char *database, struct tw_buf *ret)
{
	const char *const pairs[] = { "user", user, "database", database, "application_name", "thingward-support",
		"client_encoding", "UTF8" };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, ret->sys, CLIENT_MAX);
	TW_TRY(tw_buf_u32(&b, VERSION_3));
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		TW_TRY(put_text(&b, pairs[i]));
	TW_TRY(tw_buf_u8(&b, 0));
	return seal('\0', &b, ret);
}

tw_err tw_greet_scram(struct tw_slice first, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, ret->sys, CLIENT_MAX);
	TW_TRY(put_text(&b, PLUS));
	TW_TRY(tw_buf_block32(&b, first.at, first.size));
	return seal('p', &b, ret);
}

tw_err tw_greet_answer(struct tw_slice last, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, ret->sys, CLIENT_MAX);
	TW_TRY(tw_buf_add(&b, last.at, last.size));
	return seal('p', &b, ret);
}

tw_err tw_greet_in(struct tw_buf *ret)
{
	return tw_buf_add(ret, "R\0\0\0\x08\0\0\0\0", 9);
}

tw_err tw_greet_refuse(const char *words, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	tw_buf_init(&b, ret->sys, CLIENT_MAX);
	TW_TRY(tw_buf_add(&b, "SFATAL\0VFATAL\0C08001\0M", 22));
	TW_TRY(put_text(&b, words));
	TW_TRY(tw_buf_u8(&b, 0));
	return seal('E', &b, ret);
}
