/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/application.h"

#include "base/cursor.h"
#include "base/text.h"

const struct tw_channel_row tw_rows_device_from_app[] = {
	{ TW_APP_EVENT, 0, 6, 4 + TW_APP_NAME_MAX + TW_APP_FIELDS_MAX, "event" },
	{ TW_APP_HEALTH, 0, 6, 5 + TW_APP_NAME_MAX + TW_APP_TEXT_MAX, "health" },
	{ TW_APP_SETTING, 0, 3, 2 + TW_APP_NAME_MAX, "setting" },
	{ TW_APP_HASH, 0, 3, 2 + TW_APP_FUNCTION_MAX, "hash" },
	{ TW_APP_HASH_DATA, 0, 1, TW_APP_DATA_MAX, "hash data" },
	{ TW_APP_HASH_END, 0, 0, 0, "hash end" },
	{ TW_APP_HASH_CHECK, 0, 1, TW_APP_DIGEST_MAX, "hash check" },
	{ TW_APP_KEY_NEW, 0, 3, 2 + TW_APP_KEY_NAME_MAX, "key new" },
	{ TW_APP_KEY_PUBLIC, 0, 3, 2 + TW_APP_KEY_NAME_MAX, "key public" },
	{ TW_APP_KEY_SIGN, 0, 3 + TW_APP_SIGN_DIGEST, 2 + TW_APP_KEY_NAME_MAX + TW_APP_SIGN_DIGEST, "key sign" },
	{ TW_APP_SEAL, 0, 1, 1 + TW_APP_SEAL_MAX, "seal" },
	{ TW_APP_UNSEAL, 0, 1, 1 + TW_APP_SEAL_MAX + TW_APP_SEAL_MORE, "unseal" },
	{ TW_APP_HASH_VERIFY, 0, 6, 4 + TW_APP_KEY_MAX + TW_APP_SIGNATURE_MAX, "hash verify" },
	{ TW_APP_AUTHORIZE, 0, 5, 4 + TW_APP_NAME_MAX + TW_APP_PASS_MAX, "authorize" },
	{ TW_APP_PROVIDE, 0, 4, 3 + TW_APP_PROVIDER_MAX, "provide" },
	{ TW_APP_VERDICT, 0, TW_APP_CHALLENGE + 1, TW_APP_CHALLENGE + 1, "verdict" },
	{ TW_APP_PRESENT, 0, 12, 12, "present" },
	{ TW_APP_SCREEN, 0, 4, 4, "screen" },
	{ TW_APP_SHOWS, 0, TW_APP_NOTICE_ID + 1, TW_APP_NOTICE_ID + 1, "shows" },
	{ TW_APP_LINK, 0, 7, 5 + TW_APP_TECHNOLOGY_MAX + TW_APP_DRIVER_MAX, "link" },
	{ TW_APP_SERVICES, 0, 1, 1 + TW_APP_SERVICES_MAX, "services" },
	{ TW_APP_HOLDS, 0, 4, 4, "holds" },
	{ TW_APP_FAILED, 0, 1, TW_APP_WHY_MAX, "failed" },
	{ TW_APP_HELD, 0, 1, 160, "held" },
	{ 0 },
};
const struct tw_channel_row tw_rows_app_from_device[] = {
	{ TW_APP_ACK, 0, 0, 0, "ack" },
	{ TW_APP_SETTING_IS, 0, 2, 2 + TW_APP_VALUE_MAX, "setting is" },
	{ TW_APP_REFUSED, 0, 4, 4 + TW_APP_NAME_MAX + TW_DETAIL_MAX, "refused" },
	{ TW_APP_DIGEST, 0, 1, TW_APP_DIGEST_MAX, "digest" },
	{ TW_APP_RESULT, 0, 1, 1, "result" },
	{ TW_APP_KEY_IS, 0, TW_APP_POINT, TW_APP_POINT, "key is" },
	{ TW_APP_SIGNED, 0, TW_APP_SIGNATURE, TW_APP_SIGNATURE, "signed" },
	{ TW_APP_SEALED, 0, TW_APP_SEAL_MORE, TW_APP_SEAL_MAX + TW_APP_SEAL_MORE, "sealed" },
	{ TW_APP_UNSEALED, 0, 0, TW_APP_SEAL_MAX, "unsealed" },
	{ TW_APP_ALLOWED, 0, 2, 2 + TW_APP_ACCOUNT_MAX, "allowed" },
	{ TW_APP_ASKED, 0, TW_APP_CHALLENGE + 3, TW_APP_CHALLENGE + 2 + TW_APP_ACCOUNT_MAX, "asked" },
	{ TW_APP_OVER, 0, TW_APP_CHALLENGE, TW_APP_CHALLENGE, "over" },
	{ TW_APP_NOTICE, 0, TW_APP_NOTICE_ID, TW_APP_NOTICE_ID + TW_APP_NOTICE_MAX, "notice" },
	{ TW_APP_LINK_MAY, 0, 1, 1, "link may" },
	{ TW_APP_OFF, 0, 4, 4 + 2 * TW_APP_OFF_MAX, "off" },
	{ 0 },
};

tw_err tw_app_read_event(struct tw_slice payload, struct tw_app_event *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_event e;

	TW_TRY(tw_cursor_block16(&in, TW_APP_NAME_MAX, &e.id));
	TW_TRY(tw_cursor_block16(&in, TW_APP_FIELDS_MAX, &e.fields));
	TW_TRY(tw_cursor_end(&in));
	*ret = e;
	return TW_OK;
}

tw_err tw_app_read_health(struct tw_slice payload, struct tw_app_health *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_health h;
	uint8_t well = 0;

	TW_TRY(tw_cursor_block16(&in, TW_APP_NAME_MAX, &h.name));
	TW_TRY(tw_cursor_u8(&in, &well));
	TW_TRY(tw_cursor_block16(&in, TW_APP_TEXT_MAX, &h.text));
	TW_TRY(tw_cursor_end(&in));
	if (well > 1 || !tw_text_printable(h.name) || !tw_text_printable(h.text))
		return TW_RAISE(SYNTAX, "name and text must be printable, well 0 or 1");
	h.well = well == 1;
	*ret = h;
	return TW_OK;
}

static tw_err one_name(struct tw_slice payload, size_t max, struct tw_slice *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_slice name;

	TW_TRY(tw_cursor_block16(&in, max, &name));
	TW_TRY(tw_cursor_end(&in));
	*ret = name;
	return TW_OK;
}

tw_err tw_app_read_setting(struct tw_slice payload, struct tw_slice *ret_key)
{
	return one_name(payload, TW_APP_NAME_MAX, ret_key);
}

tw_err tw_app_read_hash(struct tw_slice payload, struct tw_slice *ret_function)
{
	return one_name(payload, TW_APP_FUNCTION_MAX, ret_function);
}

tw_err tw_app_read_verify(struct tw_slice payload, struct tw_slice *ret_key, struct tw_slice *ret_signature)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_slice key, signature;

	TW_TRY(tw_cursor_block16(&in, TW_APP_KEY_MAX, &key));
	TW_TRY(tw_cursor_block16(&in, TW_APP_SIGNATURE_MAX, &signature));
	TW_TRY(tw_cursor_end(&in));
	*ret_key = key;
	*ret_signature = signature;
	return TW_OK;
}

tw_err tw_app_read_authorize(struct tw_slice payload, struct tw_slice *ret_permission, struct tw_slice *ret_pass)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_slice permission, pass;

	TW_TRY(tw_cursor_block16(&in, TW_APP_NAME_MAX, &permission));
	TW_TRY(tw_cursor_block16(&in, TW_APP_PASS_MAX, &pass));
	TW_TRY(tw_cursor_end(&in));
	if (!permission.size || !tw_text_printable(permission) || !tw_text_printable(pass))
		return TW_RAISE(SYNTAX, "a permission and a pass must be printable");
	*ret_permission = permission;
	*ret_pass = pass;
	return TW_OK;
}

tw_err tw_app_read_key(struct tw_slice payload, bool signs, struct tw_app_key *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_key k = { .digest = { NULL, 0 } };

	TW_TRY(tw_cursor_block16(&in, TW_APP_KEY_NAME_MAX, &k.name));
	if (signs)
		TW_TRY(tw_cursor_slice(&in, TW_APP_SIGN_DIGEST, &k.digest));
	TW_TRY(tw_cursor_end(&in));
	if (!tw_text_printable(k.name))
		return TW_RAISE(SYNTAX, "a key's name must be printable");
	*ret = k;
	return TW_OK;
}

tw_err tw_app_read_sealing(struct tw_slice payload, enum tw_app_scope *ret_scope, struct tw_slice *ret_bytes)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	uint8_t scope = 0;

	TW_TRY(tw_cursor_u8(&in, &scope));
	if (scope >= TW_APP_SCOPES)
		return TW_RAISE(SYNTAX, "no scope %u", scope);
	*ret_scope = (enum tw_app_scope)scope;
	return tw_cursor_slice(&in, tw_cursor_left(&in), ret_bytes);
}

tw_err tw_app_read_provide(struct tw_slice payload, struct tw_app_provide *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_provide p;
	uint8_t simulated = 0;

	TW_TRY(tw_cursor_u8(&in, &simulated));
	TW_TRY(tw_cursor_block16(&in, TW_APP_PROVIDER_MAX, &p.name));
	TW_TRY(tw_cursor_end(&in));
	if (simulated > 1 || !p.name.size || !tw_text_printable(p.name))
		return TW_RAISE(SYNTAX, "a provider's name must be printable, simulated 0 or 1");
	p.simulated = simulated == 1;
	*ret = p;
	return TW_OK;
}

tw_err tw_app_read_verdict(struct tw_slice payload, struct tw_slice *ret_challenge, enum tw_app_verdict *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_slice challenge;
	uint8_t verdict = 0;

	TW_TRY(tw_cursor_slice(&in, TW_APP_CHALLENGE, &challenge));
	TW_TRY(tw_cursor_u8(&in, &verdict));
	TW_TRY(tw_cursor_end(&in));
	if (verdict >= TW_APP_VERDICTS)
		return TW_RAISE(SYNTAX, "no verdict %u", verdict);
	*ret_challenge = challenge;
	*ret = (enum tw_app_verdict)verdict;
	return TW_OK;
}

tw_err tw_app_read_present(struct tw_slice payload, struct tw_app_present *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	uint64_t down = 0;
	uint32_t held = 0;

	TW_TRY(tw_cursor_u64(&in, &down));
	TW_TRY(tw_cursor_u32(&in, &held));
	TW_TRY(tw_cursor_end(&in));
	if (down > INT64_MAX - UINT32_MAX)
		return TW_RAISE(SYNTAX, "no clock says %llu ms", (unsigned long long)down);
	*ret = (struct tw_app_present){ .down_ms = (int64_t)down, .held_ms = held };
	return TW_OK;
}

tw_err tw_app_read_screen(struct tw_slice payload, struct tw_app_screen *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_screen s = { 0, 0 };

	TW_TRY(tw_cursor_u16(&in, &s.columns));
	TW_TRY(tw_cursor_u16(&in, &s.lines));
	TW_TRY(tw_cursor_end(&in));
	*ret = s;
	return TW_OK;
}

tw_err tw_app_read_shows(struct tw_slice payload, struct tw_app_shows *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_shows s = { .accepted = false };
	uint8_t accepted = 0;

	TW_TRY(tw_cursor_slice(&in, TW_APP_NOTICE_ID, &s.notice));
	TW_TRY(tw_cursor_u8(&in, &accepted));
	TW_TRY(tw_cursor_end(&in));
	if (accepted > 1)
		return TW_RAISE(SYNTAX, "accepted must be 0 or 1");
	s.accepted = accepted == 1;
	*ret = s;
	return TW_OK;
}

tw_err tw_app_read_link(struct tw_slice payload, struct tw_app_link *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	struct tw_app_link l;
	uint8_t state = 0;

	TW_TRY(tw_cursor_u8(&in, &state));
	TW_TRY(tw_cursor_block16(&in, TW_APP_TECHNOLOGY_MAX, &l.technology));
	TW_TRY(tw_cursor_block16(&in, TW_APP_DRIVER_MAX, &l.driver));
	TW_TRY(tw_cursor_end(&in));
	if (state >= TW_APP_LINK_STATES)
		return TW_RAISE(SYNTAX, "no state %u of a link", state);
	if (!l.technology.size || !l.driver.size || !tw_text_printable(l.technology) || !tw_text_printable(l.driver))
		return TW_RAISE(SYNTAX, "a link's technology and driver must be printable, and not empty");
	l.state = (enum tw_app_link_state)state;
	*ret = l;
	return TW_OK;
}

tw_err tw_app_read_services(struct tw_slice payload, struct tw_app_part *ret)
{
	struct tw_cursor in = tw_cursor_of(payload.at, payload.size);
	uint8_t part = 0;

	TW_TRY(tw_cursor_u8(&in, &part));
	if (part > 7)
		return TW_RAISE(SYNTAX, "a part of services is %u", part);
	*ret = (struct tw_app_part){ .first = part & 1, .last = part & 2, .more = part & 4 };
	return tw_cursor_slice(&in, tw_cursor_left(&in), &ret->words);
}

bool tw_app_is_service(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
			    (s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] && strchr("._@-:\\", s.at[i]))))
			return false;
	return s.size > 0 && s.size <= TW_APP_SERVICE_MAX;
}

tw_err tw_app_next_service(struct tw_slice *rest, struct tw_app_service *ret)
{
	const char *blank = memchr(rest->at, ' ', rest->size);
	const struct tw_slice word = { rest->at, blank ? (size_t)(blank - rest->at) : rest->size };
	const char *equals = memchr(word.at, '=', word.size);
	const size_t size = equals ? (size_t)(equals - word.at) : word.size;
	const struct tw_app_service s = { { word.at, size }, { word.at + size + (equals != NULL), word.size - size - (equals != NULL) } };

	if (!tw_app_is_service(s.name) ||
		!(tw_slice_is(s.state, "running") || tw_slice_is(s.state, "stopped") || tw_slice_is(s.state, "off")))
		return TW_RAISE(SYNTAX, "'%.*s' is no service and its state", (int)(word.size < 80 ? word.size : 80), word.at);
	if (blank && word.size + 1 == rest->size)
		return TW_RAISE(SYNTAX, "a blank behind the last service");
	*rest = (struct tw_slice){ rest->at + word.size + (blank != NULL), rest->size - word.size - (blank != NULL) };
	*ret = s;
	return TW_OK;
}
