/* SPDX-License-Identifier: Apache-2.0 */
/* The code on a unit's label: see labelcode.h. */
#include "formats/labelcode.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/hash.h"

#define URN "urn:dev:ops:"
#define CHECK_BYTES 4 /* of SHA-256: against mistakes, not against people */
#define CHECK_TEXT (2 * CHECK_BYTES)
#define FIELDS_MAX 5 /* prefix, unit, key, secret, check */

static tw_err check_of(struct tw_slice text, char ret[CHECK_TEXT + 1])
{
	uint8_t digest[32];

	TW_TRY(tw_sha256(text.at, text.size, digest));
	for (size_t i = 0; i < CHECK_BYTES; i++)
		(void)snprintf(ret + 2 * i, 3, "%02X", digest[i]);
	return TW_OK;
}

tw_err tw_labelcode_write(const struct tw_labelcode *c, struct tw_buf *ret)
{
	struct tw_identifier id;
	char check[CHECK_TEXT + 1];
	size_t begin = ret->size;

	TW_TRY(tw_identifier_read(tw_slice_of(c->identifier), &id));
	if (c->has_secret && !c->has_listener)
		return TW_RAISE(SYNTAX, "a secret without the key it is meant for");
	TW_TRY(tw_buf_reserve(ret, TW_LABELCODE_MAX));
	TW_TRY(tw_buf_format(ret, TW_LABELCODE_PREFIX "%s:", c->identifier + strlen(URN)));
	if (c->has_listener) {
		TW_TRY(tw_buf_base64url(ret, c->listener, sizeof c->listener));
		TW_TRY(tw_buf_text(ret, ":"));
	}
	if (c->has_secret) {
		TW_TRY(tw_buf_base64url(ret, c->secret, sizeof c->secret));
		TW_TRY(tw_buf_text(ret, ":"));
	}
	TW_TRY(check_of((struct tw_slice){ ret->data + begin, ret->size - begin }, check));
	return tw_buf_text(ret, check);
}

/* What stands between colons. */
static tw_err split(struct tw_slice text, struct tw_slice ret[FIELDS_MAX], size_t *ret_count)
{
	size_t count = 0;

	for (;;) {
		const char *colon = text.size ? memchr(text.at, ':', text.size) : NULL;
		struct tw_slice field = { text.at, colon ? (size_t)(colon - text.at) : text.size };

		if (count == FIELDS_MAX)
			return TW_RAISE(SYNTAX, "the code has more than %d fields", FIELDS_MAX);
		ret[count++] = field;
		if (!colon)
			break;
		text = (struct tw_slice){ colon + 1, text.size - field.size - 1 };
	}
	*ret_count = count;
	return TW_OK;
}

static tw_err take_bytes(struct tw_slice field, const char *what, size_t size, uint8_t *ret)
{
	size_t got = 0;

	if (tw_failed(tw_parse_base64url(field, size, ret, &got)) || got != size)
		return TW_RAISE(SYNTAX, "the code's %s is not base64url of %zu bytes", what, size);
	return TW_OK;
}

static tw_err take_fields(const struct tw_slice *field, size_t count, struct tw_labelcode *c)
{
	struct tw_identifier id;

	if (field[1].size > TW_IDENTIFIER_MAX - strlen(URN))
		return TW_RAISE(SYNTAX, "the code's unit is too long");
	(void)snprintf(c->identifier, sizeof c->identifier, URN TW_SLICE_FMT, TW_SLICE_ARG(field[1]));
	TW_TRY(tw_identifier_read(tw_slice_of(c->identifier), &id));
	c->has_listener = count > 3;
	c->has_secret = count > 4;
	if (c->has_listener)
		TW_TRY(take_bytes(field[2], "key", sizeof c->listener, c->listener));
	if (c->has_secret)
		TW_TRY(take_bytes(field[3], "secret", sizeof c->secret, c->secret));
	return TW_OK;
}

tw_err tw_labelcode_read(struct tw_slice text, struct tw_labelcode *ret)
{
	struct tw_slice field[FIELDS_MAX];
	struct tw_labelcode c = { 0 };
	char check[CHECK_TEXT + 1];
	size_t count;

	if (text.size > TW_LABELCODE_MAX || text.size < CHECK_TEXT)
		return TW_RAISE(SYNTAX, "a code has %d to %d characters", CHECK_TEXT, TW_LABELCODE_MAX);
	TW_TRY(split(text, field, &count));
	if (count < 3 || !tw_slice_is(field[0], "TW1"))
		return TW_RAISE(SYNTAX, "this is no code of a label: it does not begin with " TW_LABELCODE_PREFIX);
	TW_TRY(check_of((struct tw_slice){ text.at, text.size - field[count - 1].size }, check));
	if (!tw_slice_is(field[count - 1], check))
		return TW_RAISE(UNTRUSTED, "the code's check does not fit: scan it again, and look at the scanner's keyboard layout");
	tw_err e = take_fields(field, count, &c);
	if (!tw_failed(e))
		*ret = c;
	tw_wipe(&c, sizeof c);
	return e;
}

/* ISO 7064, a hybrid system: the value of the characters so far; 18 before the first. */
static int add_character(int check, char ch)
{
	int value = ch >= '0' && ch <= '9' ? ch - '0'
		: ch >= 'a' && ch <= 'z'   ? ch - 'a' + 10
		: ch >= 'A' && ch <= 'Z'   ? ch - 'A' + 10
					   : -1;

	return value < 0 ? check : ((check ? check : 36) * 2 % 37 + value) % 36;
}

tw_err tw_physical_id(const char *identifier, char ret[TW_PHYSICAL_ID_MAX + 1])
{
	struct tw_identifier id;
	int check = 18;

	TW_TRY(tw_identifier_read(tw_slice_of(identifier), &id));
	for (const char *at = identifier + strlen(URN); *at; at++)
		check = add_character(check, *at);
	check = (37 - (check ? check : 36) * 2 % 37) % 36;
	(void)snprintf(ret, TW_PHYSICAL_ID_MAX + 1, TW_SLICE_FMT "/%c", TW_SLICE_ARG(id.serial),
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[check]);
	return TW_OK;
}
