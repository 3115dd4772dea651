/* SPDX-License-Identifier: Apache-2.0 */
#include "service/firewall/wifi-wire.h"

#include "base/cursor.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define STATE_MAX (1 + 2 + 23 + 2 + 17 + 2 + 23 + 2 + 15 + 1 + 2 + 1)

const char *const tw_wifi_kinds[TW_WIFI_KINDS] = { "none", "wpa2-psk", "wpa3-sae", "eap-tls", "peap" };

const struct tw_channel_row tw_rows_wifi_from_core[] = {
	{ TW_WIFI_PUT, 0, 4, 4 + TW_WIFI_LINK_MAX + TW_WIFI_NETWORK_MAX, "put" },
	{ 0 },
};
const struct tw_channel_row tw_rows_core_from_wifi[] = {
	{ TW_WIFI_TAKEN, 0, 0, 0, "taken" },
	{ TW_WIFI_FAILED, 0, 1, TW_WIFI_WORDS_MAX, "failed" },
	{ TW_WIFI_STATE, 0, 12, STATE_MAX, "state" },
	{ TW_WIFI_EVENT, 0, 1, 1 + TW_WIFI_WORDS_MAX, "event" },
	{ 0 },
};

/* --- A network --- */

struct field {
	const char *name;
	struct tw_slice at;
	size_t min, max;
	bool plain; /* ASCII that can be seen, and blanks: it goes between quotes, and becomes part of a line */
};
#define FIELDS 9

static void fields_of(const struct tw_wifi_network *n, struct field ret[FIELDS])
{
	const bool eap = n->kind == TW_WIFI_EAP_TLS || n->kind == TW_WIFI_PEAP, tls = n->kind == TW_WIFI_EAP_TLS;
	const bool psk = n->kind == TW_WIFI_PSK, sae = n->kind == TW_WIFI_SAE, peap = n->kind == TW_WIFI_PEAP;
	const struct field all[FIELDS] = {
		{ "mark", n->mark, TW_WIFI_MARK_SIZE, TW_WIFI_MARK_SIZE, true },
		{ "name", n->ssid, 1, TW_WIFI_SSID_MAX, false },
		/* WPA2's own bounds; WPA3 has none, but a shorter one is guessed */
		{ "secret", n->secret,
			tls            ? 0
				: peap ? 1
				       : 8,
			tls           ? 0
				: psk ? 63
				      : TW_WIFI_SECRET_MAX,
			psk || sae },
		{ "identity", n->identity, eap, eap ? TW_WIFI_IDENTITY_MAX : 0, true },
		{ "outer identity", n->outer, 0, peap ? TW_WIFI_IDENTITY_MAX : 0, true },
		{ "domain", n->domain, eap, eap ? TW_WIFI_DOMAIN_MAX : 0, true },
		{ "authority", n->authority, eap, eap ? TW_WIFI_DER_MAX : 0, false },
		{ "certificate", n->certificate, tls, tls ? TW_WIFI_DER_MAX : 0, false },
		{ "key", n->key, tls, tls ? TW_WIFI_DER_MAX : 0, false },
	};

	memcpy(ret, all, sizeof all);
}

static bool is_plain(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return false;
	return true;
}

tw_err tw_wifi_network_check(const struct tw_wifi_network *n)
{
	struct field f[FIELDS];

	if (n->kind < TW_WIFI_PSK || n->kind >= TW_WIFI_KINDS)
		return TW_RAISE(SYNTAX, "there is no kind %d of network", (int)n->kind);
	fields_of(n, f);
	for (size_t i = 0; i < FIELDS; i++) {
		if (f[i].at.size < f[i].min || f[i].at.size > f[i].max)
			return TW_RAISE(SYNTAX, "%s has %zu bytes; %s takes %zu to %zu", f[i].name, f[i].at.size,
				tw_wifi_kinds[n->kind], f[i].min, f[i].max);
		if (f[i].plain && !is_plain(f[i].at))
			return TW_RAISE(SYNTAX, "%s has something else in it than letters, digits, signs and blanks of ASCII", f[i].name);
	}
	return TW_OK;
}

tw_err tw_wifi_network_write(const struct tw_wifi_network *n, struct tw_buf *ret)
{
	struct field f[FIELDS];

	fields_of(n, f);
	TW_TRY(tw_buf_u8(ret, (uint8_t)n->kind));
	for (size_t i = 0; i < FIELDS; i++)
		TW_TRY(tw_buf_block16(ret, f[i].at.at, f[i].at.size));
	return TW_OK;
}

tw_err tw_wifi_network_read(struct tw_slice s, struct tw_wifi_network *ret)
{
	struct tw_wifi_network n = { 0 };
	struct tw_slice *const all[FIELDS] = { &n.mark, &n.ssid, &n.secret, &n.identity, &n.outer, &n.domain, &n.authority,
		&n.certificate, &n.key };
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	uint8_t kind = 0;

	TW_TRY(tw_cursor_u8(&c, &kind));
	n.kind = (enum tw_wifi_kind)kind;
	for (size_t i = 0; i < FIELDS; i++)
		TW_TRY(tw_cursor_block16(&c, TW_WIFI_NETWORK_MAX, all[i]));
	TW_TRY(tw_cursor_end(&c));
	TW_TRY(tw_wifi_network_check(&n));
	*ret = n;
	return TW_OK;
}

/* --- A state --- */

tw_err tw_wifi_state_write(const struct tw_wifi_state *s, struct tw_buf *ret)
{
	const char *const texts[] = { s->state, s->bssid, s->authentication, s->cipher };

	TW_TRY(tw_buf_u8(ret, s->joined));
	for (size_t i = 0; i < TW_COUNT(texts); i++)
		TW_TRY(tw_buf_block16(ret, texts[i], strlen(texts[i])));
	TW_TRY(tw_buf_u8(ret, s->protects));
	TW_TRY(tw_buf_u16(ret, s->mhz));
	return tw_buf_u8(ret, (uint8_t)s->dbm);
}

tw_err tw_wifi_state_read(struct tw_slice s, struct tw_wifi_state *ret)
{
	struct tw_wifi_state v = { 0 };
	struct {
		char *at;
		size_t size;
	} const texts[] = { { v.state, sizeof v.state }, { v.bssid, sizeof v.bssid }, { v.authentication, sizeof v.authentication },
		{ v.cipher, sizeof v.cipher } };
	struct tw_cursor c = tw_cursor_of(s.at, s.size);
	uint8_t joined = 0, dbm = 0;

	TW_TRY(tw_cursor_u8(&c, &joined));
	for (size_t i = 0; i < TW_COUNT(texts); i++) {
		struct tw_slice t;

		TW_TRY(tw_cursor_block16(&c, texts[i].size - 1, &t));
		if (!is_plain(t))
			return TW_RAISE(SYNTAX, "a state whose text %zu cannot be shown", i);
		memcpy(texts[i].at, t.at, t.size);
	}
	TW_TRY(tw_cursor_u8(&c, &v.protects));
	TW_TRY(tw_cursor_u16(&c, &v.mhz));
	TW_TRY(tw_cursor_u8(&c, &dbm));
	TW_TRY(tw_cursor_end(&c));
	if (joined > 1 || v.protects > 2)
		return TW_RAISE(SYNTAX, "a state with a number beyond its range");
	v.joined = joined;
	v.dbm = (int16_t)(dbm < 128 ? dbm : dbm - 256); /* a signed byte on the wire; here what leaves no gap in the struct, which is compared whole */
	*ret = v;
	return TW_OK;
}
