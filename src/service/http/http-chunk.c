/* SPDX-License-Identifier: Apache-2.0 */
/* The chunked coding (RFC 9112 7.1) without extensions or trailers: a byte at a time, so that any cut of the stream reads the same. */
#include "service/http/http-inside.h"

#include "base/text.h"

/* Chunked coding. left holds the size being read, then the data still to come; the digits are counted in the high half of state. */
enum { CHUNK_SIZE, CHUNK_SIZE_LF, CHUNK_DATA, CHUNK_DATA_CR, CHUNK_DATA_LF, CHUNK_LAST_CR, CHUNK_LAST_LF, CHUNK_DONE };
#define CHUNK_STATE 0xffu
#define CHUNK_DIGIT 0x100u
#define CHUNK_DIGITS_MAX 16 /* more are zeros without meaning, or an overflow */

static tw_err chunk_size_byte(struct tw_http_chunks *s, char c, enum tw_http_rule *ret_fault)
{
	int v = tw_hex_value(c);

	if (v >= 0 && s->state / CHUNK_DIGIT < CHUNK_DIGITS_MAX) {
		s->left = s->left * 16 + (unsigned)v;
		s->state += CHUNK_DIGIT;
		return TW_OK;
	}
	*ret_fault = TW_RULE_CHUNK_SIZE;
	if (s->state < CHUNK_DIGIT)
		return TW_RAISE(SYNTAX, "chunk-size");
	if (c == ';')
		*ret_fault = TW_RULE_CHUNK_EXTENSION;
	if (c != '\r')
		return TW_RAISE(SYNTAX, "chunk-size");
	s->state = CHUNK_SIZE_LF;
	return TW_OK;
}

/* One byte outside of chunk-data. A wrong byte names its fault. */
static tw_err chunk_byte(struct tw_http_chunks *s, char c, enum tw_http_rule *ret_fault)
{
	static const struct {
		char want;
		unsigned next;
		enum tw_http_rule fault;
	} steps[] = {
		[CHUNK_SIZE_LF] = { '\n', CHUNK_DATA, TW_RULE_CHUNK_SIZE },
		[CHUNK_DATA_CR] = { '\r', CHUNK_DATA_LF, TW_RULE_CHUNK_END },
		[CHUNK_DATA_LF] = { '\n', CHUNK_SIZE, TW_RULE_CHUNK_END },
		[CHUNK_LAST_CR] = { '\r', CHUNK_LAST_LF, TW_RULE_CHUNK_TRAILER },
		[CHUNK_LAST_LF] = { '\n', CHUNK_DONE, TW_RULE_CHUNK_TRAILER },
	};
	unsigned state = s->state & CHUNK_STATE;

	if (state == CHUNK_SIZE)
		return chunk_size_byte(s, c, ret_fault);
	*ret_fault = steps[state].fault;
	if (c != steps[state].want)
		return TW_RAISE(SYNTAX, "chunk");
	s->state = state == CHUNK_SIZE_LF && s->left == 0 ? CHUNK_LAST_CR : steps[state].next;
	return TW_OK;
}

static tw_err chunk_data(struct tw_http_chunks *s, struct tw_cursor *c, struct tw_buf *body)
{
	size_t here = tw_cursor_left(c);
	struct tw_slice data;

	if (here > s->left)
		here = (size_t)s->left;
	TW_TRY(tw_cursor_slice(c, here, &data));
	TW_TRY(tw_buf_add(body, data.at, data.size));
	s->left -= here;
	s->taken += here;
	if (s->left == 0)
		s->state = CHUNK_DATA_CR;
	return TW_OK;
}

tw_err tw_http_chunk(struct tw_http_chunks *s, struct tw_cursor *c, struct tw_buf *body, bool *ret_done, struct tw_http_fault *reterr_fault)
{
	uint8_t byte;

	while (s->state != CHUNK_DONE && tw_cursor_left(c) > 0) {
		if (s->state == CHUNK_DATA) {
			TW_TRY(chunk_data(s, c, body));
			continue;
		}
		enum tw_http_rule f = TW_RULE_CHUNK_SIZE;
		TW_TRY(tw_cursor_u8(c, &byte));
		if (tw_failed(chunk_byte(s, (char)byte, &f)))
			return tw_http_fault_at(reterr_fault, f, tw_cursor_offset(c) - 1);
		if (s->state == CHUNK_DATA && s->left > (s->most ? s->most - s->taken : body->max - body->size))
			return tw_http_fault_at(reterr_fault, TW_RULE_CHUNK_RANGE, tw_cursor_offset(c) - 1);
	}
	*ret_done = s->state == CHUNK_DONE;
	return TW_OK;
}
