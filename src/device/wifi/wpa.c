/* SPDX-License-Identifier: Apache-2.0 */
#include "device/wifi/wpa.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

/* --- What it says by itself --- */

bool tw_wpa_is_event(struct tw_slice s)
{
	return s.size >= 3 && s.at[0] == '<' && s.at[1] >= '0' && s.at[1] <= '9' && s.at[2] == '>';
}

static bool begins(struct tw_slice s, const char *text)
{
	const size_t size = strlen(text);

	return s.size >= size && memcmp(s.at, text, size) == 0;
}

/* The value behind "key=", to the next blank; empty: it is not there. What a network chooses stands between quotes, and is skipped. */
static struct tw_slice value_of(struct tw_slice s, const char *key)
{
	const size_t size = strlen(key);
	bool quoted = false;

	for (size_t i = 0; i < s.size; i++) {
		const bool starts = i == 0 || s.at[i - 1] == ' ';
		struct tw_slice v = { s.at + i + size + 1, 0 };

		if (s.at[i] == '"' || s.at[i] == '\'')
			quoted = !quoted;
		if (quoted || !starts || s.size - i <= size || memcmp(s.at + i, key, size) != 0 || s.at[i + size] != '=')
			continue;
		while (i + size + 1 + v.size < s.size && v.at[v.size] != ' ')
			v.size++;
		return v;
	}
	return (struct tw_slice){ NULL, 0 };
}

static void say(struct tw_wpa_event *e, enum tw_wifi_event event, const char *words, struct tw_slice more)
{
	e->event = event;
	(void)snprintf(e->words, sizeof e->words, "%s%.*s", words, (int)(more.size < 120 ? more.size : 120), more.size ? more.at : "");
	for (char *at = e->words; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

static void on_lost(struct tw_slice rest, struct tw_wpa_event *ret)
{
	const struct tw_slice reason = value_of(rest, "reason");

	say(ret, TW_WIFI_LOST,
		tw_slice_is(value_of(rest, "locally_generated"), "1") ? "this device left it, reason " : "the access point ended it, reason ",
		reason);
}

/* Its word for why it does not try again for a while. A wrong passphrase shows as this, of WPA2. */
static void on_disabled(struct tw_slice rest, struct tw_wpa_event *ret)
{
	const struct tw_slice reason = value_of(rest, "reason");

	if (tw_slice_is(reason, "WRONG_KEY"))
		say(ret, TW_WIFI_REFUSED, "the passphrase may be wrong", (struct tw_slice){ NULL, 0 });
	else
		say(ret, TW_WIFI_VAGUE, "it is not tried for a while: ", reason);
}

/* The second message of SAE fails where the two do not have the same passphrase: hostapd says 1 of it, and the standard 15. */
static void on_rejected(struct tw_slice rest, struct tw_wpa_event *ret)
{
	const struct tw_slice status = value_of(rest, "status_code");
	const bool confirms = tw_slice_is(value_of(rest, "auth_type"), "3") && tw_slice_is(value_of(rest, "auth_transaction"), "2");

	if (tw_slice_is(status, "15") || (confirms && tw_slice_is(status, "1")))
		say(ret, TW_WIFI_REFUSED, "the passphrase may be wrong", (struct tw_slice){ NULL, 0 });
	else
		say(ret, TW_WIFI_REFUSED, "the access point refused it, status ", status);
}

static void on_failure(struct tw_slice rest, struct tw_wpa_event *ret)
{
	say(ret, TW_WIFI_VAGUE, "EAP authentication failed", (struct tw_slice){ NULL, 0 });
}

/* "reason=1 depth=0 subject='/CN=x' err='y'": the subject is the server's choice, and stands before what we want. */
static void on_certificate(struct tw_slice rest, struct tw_wpa_event *ret)
{
	static const char *const reasons[] = { "unspecified", "no authority of its is trusted", "it is revoked", "it does not count yet",
		"it is over", "it has another subject", "it has another name", "it is a bad one", "it was only looked at",
		"it is for another domain", "it is for another domain", "its key is too short", "it has another subject" };
	const struct tw_slice reason = value_of(rest, "reason");
	uint64_t number = 0;

	if (tw_failed(tw_parse_u64(reason, TW_COUNT(reasons) - 1, &number)))
		say(ret, TW_WIFI_REFUSED, "the server's certificate was refused, reason ", reason);
	else
		say(ret, TW_WIFI_REFUSED, "the server's certificate was refused: ", tw_slice_of(reasons[number]));
}

static void on_absent(struct tw_slice rest, struct tw_wpa_event *ret)
{
	say(ret, TW_WIFI_VAGUE, "no such network is heard", (struct tw_slice){ NULL, 0 });
}

static void on_end(struct tw_slice rest, struct tw_wpa_event *ret)
{
	ret->event = TW_WIFI_ENDS;
}

tw_err tw_wpa_event_read(struct tw_slice s, struct tw_wpa_event *ret)
{
	static const struct {
		const char *word;
		void (*take)(struct tw_slice rest, struct tw_wpa_event *ret);
	} rows[] = {
		{ "CTRL-EVENT-DISCONNECTED ", on_lost },
		{ "CTRL-EVENT-SSID-TEMP-DISABLED ", on_disabled },
		{ "CTRL-EVENT-AUTH-REJECT ", on_rejected },
		{ "CTRL-EVENT-ASSOC-REJECT ", on_rejected },
		{ "CTRL-EVENT-EAP-TLS-CERT-ERROR ", on_certificate },
		{ "CTRL-EVENT-EAP-FAILURE ", on_failure },
		{ "CTRL-EVENT-NETWORK-NOT-FOUND", on_absent },
		{ "CTRL-EVENT-TERMINATING", on_end },
	};

	*ret = (struct tw_wpa_event){ .event = TW_WIFI_OTHER };
	if (!tw_wpa_is_event(s))
		return TW_RAISE(SYNTAX, "an event begins with its level, as <3>");
	const struct tw_slice said = { s.at + 3, s.size - 3 };
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const size_t size = strlen(rows[i].word);

		if (begins(said, rows[i].word)) {
			rows[i].take((struct tw_slice){ said.at + size, said.size - size }, ret);
			return TW_OK;
		}
	}
	return TW_OK;
}

/* --- What it answers --- */

static struct tw_slice line_of(struct tw_slice *rest)
{
	struct tw_slice line = { rest->at, 0 };

	while (line.size < rest->size && line.at[line.size] != '\n')
		line.size++;
	rest->at += line.size;
	rest->size -= line.size;
	if (rest->size) {
		rest->at++;
		rest->size--;
	}
	return line;
}

static bool is_bssid(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (i % 3 == 2 ? s.at[i] != ':' : tw_hex_value(s.at[i]) < 0)
			return false;
	return s.size == 17;
}

static bool is_plain(struct tw_slice s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.at[i] < ' ' || s.at[i] > '~')
			return false;
	return s.size > 0;
}

static tw_err take_number(struct tw_slice value, uint64_t max, size_t number, uint64_t *ret)
{
	return tw_failed(tw_parse_u64(value, max, ret))
		? TW_RAISE(SYNTAX, "line %zu of the state has no number to %llu", number, (unsigned long long)max)
		: TW_OK;
}

static tw_err take_text(struct tw_slice value, size_t number, char *ret, size_t size)
{
	if (ret[0] || !is_plain(value) || value.size >= size)
		return TW_RAISE(SYNTAX, "line %zu of the state has no text of %zu characters at most, or comes twice", number, size - 1);
	memcpy(ret, value.at, value.size);
	ret[value.size] = '\0';
	return TW_OK;
}

struct reading {
	struct tw_wifi_state s;
	const struct tw_wpa_ours *ours;
	bool has_mark, has_other;
};

/* By what wpa_supplicant says of the words that commands_of() lets it choose among: others mean that it has not joined by them. */
static bool fits(enum tw_wifi_kind kind, const char *authentication)
{
	static const char *const of[TW_WIFI_KINDS][2] = {
		[TW_WIFI_PSK] = { "WPA2-PSK", "WPA2-PSK-SHA256" },
		[TW_WIFI_SAE] = { "SAE", "SAE" },
		[TW_WIFI_EAP_TLS] = { "WPA2/IEEE 802.1X/EAP", "WPA2-EAP-SHA256" },
		[TW_WIFI_PEAP] = { "WPA2/IEEE 802.1X/EAP", "WPA2-EAP-SHA256" },
	};

	return kind >= TW_WIFI_PSK && kind < TW_WIFI_KINDS &&
		(strcmp(authentication, of[kind][0]) == 0 || strcmp(authentication, of[kind][1]) == 0);
}

static tw_err take_line(struct tw_slice line, size_t number, struct reading *r)
{
	struct tw_wifi_state *s = &r->s;
	const char *equals = memchr(line.at, '=', line.size);
	uint64_t value = 0;

	if (!equals)
		return TW_RAISE(SYNTAX, "line %zu of the state is no key=value", number);
	const struct tw_slice key = { line.at, (size_t)(equals - line.at) }, rest = { equals + 1, line.size - key.size - 1 };
	if (tw_slice_is(key, "id_str")) {
		const bool is_ours = tw_slice_is(rest, r->ours->mark);

		r->has_mark = r->has_mark || is_ours;
		r->has_other = r->has_other || !is_ours;
		return TW_OK;
	}
	if (tw_slice_is(key, "wpa_state"))
		return take_text(rest, number, s->state, sizeof s->state);
	if (tw_slice_is(key, "bssid"))
		return is_bssid(rest) ? take_text(rest, number, s->bssid, sizeof s->bssid)
				      : TW_RAISE(SYNTAX, "line %zu of the state has no BSSID", number);
	if (tw_slice_is(key, "key_mgmt"))
		return take_text(rest, number, s->authentication, sizeof s->authentication);
	if (tw_slice_is(key, "pairwise_cipher"))
		return take_text(rest, number, s->cipher, sizeof s->cipher);
	if (tw_slice_is(key, "pmf")) {
		TW_TRY(take_number(rest, 2, number, &value));
		s->protects = (uint8_t)value;
	} else if (tw_slice_is(key, "freq")) {
		TW_TRY(take_number(rest, UINT16_MAX, number, &value));
		s->mhz = (uint16_t)value;
	}
	return TW_OK;
}

tw_err tw_wpa_status_read(struct tw_slice s, const struct tw_wpa_ours *ours, struct tw_wifi_state *ret)
{
	struct reading r = { .ours = ours };
	size_t number = 1;

	for (struct tw_slice rest = s; rest.size; number++) {
		const struct tw_slice line = line_of(&rest);

		if (number > TW_WPA_LINES_MAX)
			return TW_RAISE(LIMIT, "the state has more than %d lines", TW_WPA_LINES_MAX);
		if (line.size)
			TW_TRY(take_line(line, number, &r));
	}
	if (!r.s.state[0])
		return TW_RAISE(SYNTAX, "the state does not say which it is");
	r.s.joined = strcmp(r.s.state, TW_WIFI_COMPLETED) == 0 && r.has_mark && !r.has_other && fits(ours->kind, r.s.authentication);
	*ret = r.s;
	return TW_OK;
}

tw_err tw_wpa_signal_read(struct tw_slice s, int16_t *ret)
{
	size_t number = 1;

	for (struct tw_slice rest = s; rest.size && number <= TW_WPA_LINES_MAX; number++) {
		const struct tw_slice line = line_of(&rest);
		uint64_t value = 0;

		if (!begins(line, "RSSI=-"))
			continue;
		TW_TRY(take_number((struct tw_slice){ line.at + 6, line.size - 6 }, 127, number, &value));
		*ret = (int16_t) - (int)value;
		return TW_OK;
	}
	return TW_RAISE(SYNTAX, "no signal is named");
}

tw_err tw_wpa_id_read(struct tw_slice s, unsigned *ret)
{
	struct tw_slice line = line_of(&s);
	uint64_t id = 0;

	if (s.size || tw_failed(tw_parse_u64(line, 9999, &id)))
		return TW_RAISE(SYNTAX, "it names no number of a network");
	*ret = (unsigned)id;
	return TW_OK;
}

/* --- What is said to it --- */

enum how { TEXT, QUOTED, HEX };
struct command {
	const char *key;
	enum how how;
	struct tw_slice value;
};
#define COMMANDS_MAX 20
#define NEW_TLS "tls_disable_tlsv1_0=1 tls_disable_tlsv1_1=1"

struct commands {
	struct command of[COMMANDS_MAX];
	size_t count;
};

static void add(struct commands *c, const char *key, enum how how, struct tw_slice value)
{
	c->of[c->count++] = (struct command){ key, how, value };
}

static void add_text(struct commands *c, const char *key, const char *text)
{
	add(c, key, TEXT, tw_slice_of(text));
}

/* @nist LA.IC.15: never without that the server is judged: by its authority, and by whom its certificate names */
static void add_eap(struct commands *c, const struct tw_wifi_network *n)
{
	add_text(c, "key_mgmt", "WPA-EAP WPA-EAP-SHA256");
	add_text(c, "ieee80211w", "1");
	add(c, "identity", QUOTED, n->identity);
	add_text(c, "ca_cert", "\"blob://tw-authority\"");
	add(c, "domain_match", QUOTED, n->domain);
	if (n->kind == TW_WIFI_EAP_TLS) {
		add_text(c, "eap", "TLS");
		add_text(c, "phase1", "\"" NEW_TLS "\"");
		add_text(c, "client_cert", "\"blob://tw-certificate\"");
		add_text(c, "private_key", "\"blob://tw-key\"");
		return;
	}
	add_text(c, "eap", "PEAP");
	add_text(c, "phase1", "\"" NEW_TLS "\"");
	add_text(c, "phase2", "\"auth=MSCHAPV2\"");
	if (n->outer.size)
		add(c, "anonymous_identity", QUOTED, n->outer);
	add(c, "password", HEX, n->secret);
}

/* @nist LA.IC.14.1: WPA3 by SAE, with management frames protected; nothing is joined that is open, or by WPA's first version */
static void commands_of(const struct tw_wifi_network *n, struct commands *c)
{
	add(c, "ssid", HEX, n->ssid);
	add_text(c, "scan_ssid", "1");
	add_text(c, "proto", "RSN");
	add_text(c, "pairwise", "CCMP GCMP GCMP-256 CCMP-256");
	add_text(c, "group", "CCMP GCMP GCMP-256 CCMP-256");
	if (n->kind == TW_WIFI_PSK) {
		add_text(c, "key_mgmt", "WPA-PSK WPA-PSK-SHA256");
		add_text(c, "ieee80211w", "1");
		add(c, "psk", QUOTED, n->secret);
	} else if (n->kind == TW_WIFI_SAE) {
		add_text(c, "key_mgmt", "SAE");
		add_text(c, "ieee80211w", "2");
		add(c, "sae_password", QUOTED, n->secret);
	} else {
		add_eap(c, n);
	}
	add(c, "id_str", QUOTED, n->mark); /* the last: what has it was told whole */
}

static tw_err write_command(const struct command *c, unsigned id, struct tw_buf *ret)
{
	TW_TRY(tw_buf_format(ret, "SET_NETWORK %u %s ", id, c->key));
	if (c->how == HEX)
		return tw_buf_hex(ret, c->value.at, c->value.size);
	if (c->how == QUOTED)
		TW_TRY(tw_buf_text(ret, "\""));
	TW_TRY(tw_buf_add(ret, c->value.at, c->value.size));
	return c->how == QUOTED ? tw_buf_text(ret, "\"") : TW_OK;
}

/* What it takes as a file otherwise: in its memory, and nowhere else. */
static tw_err write_blob(const char *name, struct tw_slice der, struct tw_buf *ret)
{
	TW_TRY(tw_buf_format(ret, "SET blob %s ", name));
	return tw_buf_hex(ret, der.at, der.size);
}

const char *const tw_wpa_blobs[TW_WPA_BLOBS] = { "tw-authority", "tw-certificate", "tw-key" };

tw_err tw_wpa_command(const struct tw_wifi_network *n, unsigned id, size_t place, struct tw_buf *ret, bool *ret_any)
{
	struct commands c = { .count = 0 };
	const struct tw_slice blobs[TW_WPA_BLOBS] = { n->authority, n->certificate, n->key };

	*ret_any = true;
	if (place < TW_COUNT(blobs) && !blobs[place].size)
		return TW_OK; /* an empty one is nothing to say */
	if (place < TW_COUNT(blobs))
		return write_blob(tw_wpa_blobs[place], blobs[place], ret);
	commands_of(n, &c);
	*ret_any = place - TW_COUNT(blobs) < c.count;
	return *ret_any ? write_command(&c.of[place - TW_COUNT(blobs)], id, ret) : TW_OK;
}
