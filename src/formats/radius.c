/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/radius.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"
#include "crypto/md5.h"

#include <string.h>

#define ACCESS_REQUEST 1
#define AUTHENTICATOR_AT 4
#define BLOCK TW_MD5_SIZE
#define ATTRIBUTE_HEAD 2
#define AUTHENTICATE_ONLY 8

enum attribute {
	USER_NAME = 1,
	USER_PASSWORD = 2,
	SERVICE_TYPE = 6,
	REPLY_MESSAGE = 18,
	STATE = 24,
	CALLING_STATION_ID = 31,
	NAS_IDENTIFIER = 32,
	MESSAGE_AUTHENTICATOR = 80,
};

static tw_err add(struct tw_buf *b, enum attribute what, const void *data, size_t size)
{
	TW_TRY(tw_buf_u8(b, (uint8_t)what));
	TW_TRY(tw_buf_u8(b, (uint8_t)(ATTRIBUTE_HEAD + size)));
	return tw_buf_add(b, data, size);
}

static tw_err add_if_any(struct tw_buf *b, enum attribute what, struct tw_slice text)
{
	return text.size ? add(b, what, text.at, text.size) : TW_OK;
}

/* Section 5.2: each block of it by the hash of the secret and of the hidden block before. */
static tw_err add_password(struct tw_buf *b, const struct tw_radius_question *q)
{
	uint8_t hidden[TW_RADIUS_PASSWORD_MAX] = { 0 }, mask[BLOCK] = { 0 };
	const size_t size = (q->password.size + BLOCK - 1) / BLOCK * BLOCK;
	struct tw_slice before = { (const char *)q->authenticator, BLOCK };
	tw_err e = TW_OK;

	memcpy(hidden, q->password.at, q->password.size);
	for (size_t at = 0; at < size && !tw_failed(e); at += BLOCK) {
		e = tw_md5_of((const struct tw_slice[]){ q->secret, before }, 2, mask);
		for (size_t i = 0; i < BLOCK; i++)
			hidden[at + i] ^= mask[i];
		before = (struct tw_slice){ (const char *)hidden + at, BLOCK };
	}
	if (!tw_failed(e))
		e = add(b, USER_PASSWORD, hidden, size);
	tw_wipe(hidden, sizeof hidden);
	tw_wipe(mask, sizeof mask);
	return e;
}

static tw_err check_question(const struct tw_radius_question *q)
{
	if (q->secret.size < TW_RADIUS_SECRET_MIN || q->secret.size > TW_RADIUS_SECRET_MAX)
		return TW_RAISE(LIMIT, "a shared secret of %zu bytes; %d to %d are wanted", q->secret.size, TW_RADIUS_SECRET_MIN,
			TW_RADIUS_SECRET_MAX);
	if (q->user.size == 0 || q->user.size > TW_RADIUS_TEXT_MAX || q->password.size == 0 || q->password.size > TW_RADIUS_PASSWORD_MAX)
		return TW_RAISE(LIMIT, "a name of %zu bytes and a password of %zu", q->user.size, q->password.size);
	if (q->device.size == 0 || q->device.size > TW_RADIUS_TEXT_MAX || q->station.size > TW_RADIUS_TEXT_MAX ||
		q->state.size > TW_RADIUS_TEXT_MAX)
		return TW_RAISE(LIMIT, "a text of the question is too long, or nobody asks it");
	return TW_OK;
}

tw_err tw_radius_ask(const struct tw_radius_question *q, struct tw_buf *ret)
{
	static const uint8_t none[TW_MD5_SIZE], service[] = { 0, 0, 0, AUTHENTICATE_ONLY };
	uint8_t mac[TW_MD5_SIZE];
	const size_t start = ret->size;

	TW_TRY(check_question(q));
	TW_TRY(tw_buf_reserve(ret, TW_RADIUS_PACKET_MAX));
	TW_TRY(tw_buf_u8(ret, ACCESS_REQUEST));
	TW_TRY(tw_buf_u8(ret, q->id));
	TW_TRY(tw_buf_u16(ret, 0));
	TW_TRY(tw_buf_add(ret, q->authenticator, sizeof q->authenticator));
	TW_TRY(add(ret, MESSAGE_AUTHENTICATOR, none, sizeof none));
	TW_TRY(add(ret, USER_NAME, q->user.at, q->user.size));
	TW_TRY(add_password(ret, q));
	TW_TRY(add(ret, NAS_IDENTIFIER, q->device.at, q->device.size));
	TW_TRY(add(ret, SERVICE_TYPE, service, sizeof service));
	TW_TRY(add_if_any(ret, CALLING_STATION_ID, q->station));
	TW_TRY(add_if_any(ret, STATE, q->state));
	const size_t size = ret->size - start;
	ret->data[start + 2] = (char)(size >> 8);
	ret->data[start + 3] = (char)size;
	TW_TRY(tw_hmac_md5(q->secret.at, q->secret.size, (struct tw_slice){ ret->data + start, size }, mac));
	memcpy(ret->data + start + TW_RADIUS_HEAD + ATTRIBUTE_HEAD, mac, sizeof mac);
	return TW_OK;
}

struct walked {
	size_t mac_at; /* where the Message-Authenticator's value begins */
	unsigned macs, states;
	struct tw_slice state, words;
};

static tw_err walk(struct tw_slice packet, struct walked *ret)
{
	struct tw_cursor c = tw_cursor_of(packet.at + TW_RADIUS_HEAD, packet.size - TW_RADIUS_HEAD);

	while (tw_cursor_left(&c)) {
		uint8_t what, size;
		struct tw_slice value;

		TW_TRY(tw_cursor_u8(&c, &what));
		TW_TRY(tw_cursor_u8(&c, &size));
		if (size < ATTRIBUTE_HEAD)
			return TW_RAISE(SYNTAX, "an attribute of %u bytes at %zu", size, TW_RADIUS_HEAD + tw_cursor_offset(&c));
		TW_TRY(tw_cursor_slice(&c, size - ATTRIBUTE_HEAD, &value));
		if (what == MESSAGE_AUTHENTICATOR) {
			ret->mac_at = (size_t)(value.at - packet.at);
			ret->macs += value.size == TW_MD5_SIZE ? 1 : 2; /* one of another size is no better than two */
		} else if (what == STATE) {                             /* of two, none counts */
			ret->states++;
			ret->state = value;
		} else if (what == REPLY_MESSAGE && ret->words.size == 0) {
			ret->words = value;
		}
	}
	return TW_OK;
}

/* Whose verdict it is, before anything of it is believed. */
static tw_err verify(const struct tw_radius_question *q, struct tw_slice packet, const struct walked *w)
{
	uint8_t copy[TW_RADIUS_PACKET_MAX], mac[TW_MD5_SIZE];
	const struct tw_slice asked = { (const char *)q->authenticator, sizeof q->authenticator };
	const struct tw_slice attributes = { packet.at + TW_RADIUS_HEAD, packet.size - TW_RADIUS_HEAD };

	if (w->macs != 1)
		return TW_RAISE(UNTRUSTED, "no Message-Authenticator, or more than one");
	memcpy(copy, packet.at, packet.size);
	memcpy(copy + AUTHENTICATOR_AT, asked.at, asked.size);
	memset(copy + w->mac_at, 0, sizeof mac);
	TW_TRY(tw_hmac_md5(q->secret.at, q->secret.size, (struct tw_slice){ (const char *)copy, packet.size }, mac));
	if (!tw_equal_secret(mac, packet.at + w->mac_at, sizeof mac))
		return TW_RAISE(UNTRUSTED, "the Message-Authenticator is not by this secret, or for another question");
	TW_TRY(tw_md5_of((const struct tw_slice[]){ { packet.at, AUTHENTICATOR_AT }, asked, attributes, q->secret }, 4, mac));
	if (!tw_equal_secret(mac, packet.at + AUTHENTICATOR_AT, sizeof mac))
		return TW_RAISE(UNTRUSTED, "the Response Authenticator does not hold");
	return TW_OK;
}

static bool is_shown(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if ((uint8_t)s.at[i] < ' ' || s.at[i] == 0x7f)
			return false;
	return tw_utf8_valid(s);
}

tw_err tw_radius_read(const struct tw_radius_question *q, struct tw_slice packet, struct tw_radius_answer *ret)
{
	struct tw_cursor c = tw_cursor_of(packet.at, packet.size);
	struct walked w = { 0 };
	uint8_t code, id;
	uint16_t size;

	TW_TRY(tw_cursor_u8(&c, &code));
	TW_TRY(tw_cursor_u8(&c, &id));
	TW_TRY(tw_cursor_u16(&c, &size));
	if (size < TW_RADIUS_HEAD || size > TW_RADIUS_PACKET_MAX || size > packet.size)
		return TW_RAISE(SYNTAX, "a packet of %zu bytes says that it has %u", packet.size, size);
	packet.size = size; /* what follows is padding: section 3 */
	if (id != q->id)
		return TW_RAISE(UNTRUSTED, "the answer to another question");
	TW_TRY(walk(packet, &w));
	TW_TRY(verify(q, packet, &w));
	if (code != TW_RADIUS_ACCEPT && code != TW_RADIUS_REJECT && code != TW_RADIUS_CHALLENGE)
		return TW_RAISE(SYNTAX, "an answer of kind %u", code);
	if (w.states > 1 || (code == TW_RADIUS_CHALLENGE && w.state.size == 0))
		return TW_RAISE(SYNTAX, "a challenge without State, or two of them");
	*ret = (struct tw_radius_answer){ (enum tw_radius_verdict)code, w.state, is_shown(w.words) ? w.words : (struct tw_slice){ 0 } };
	return TW_OK;
}
