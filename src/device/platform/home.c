/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asked is as often as home.period says, and at once when something is other with the link. One proof that fails closes; one that nobody could ask for
 * closes when the one before has run out, here and, should this process be gone, in the kernel (service/firewall/home-rules.c).
 *
 * An attacker can have the names, addresses and gateway of a home network, and pass the proof on to the real witness where he reaches it: the README of
 * src/device/outgoing says what holds against that.
 */
#include "device/platform/home.h"

#include "base/log.h"
#include "base/text.h"
#include "device/platform/core.h"
#include "device/platform/fetch.h"
#include "device/platform/firewall.h"
#include "device/rows-platform.h"
#include "service/fetch/ask-wire.h"

#define DEADLINE_S 5
#define BUSY_MS 500    /* something else is being fetched */
#define SOON_MS 1000   /* behind a change of the link or a failure; twice as long after each failure more, up to the period */
#define SLACK_S 10     /* a proof counts for two periods and this: one that comes late costs nothing */
#define SELDOM_MS 2000 /* a link that changes all the time has it asked so often at most */
#define ANSWER_MAX TW_FETCH_ANSWER_MAX /* what it answers is nobody's business: that it does is the proof */
#define CERTIFICATE_MAX TW_FETCH_CERTIFICATE_MAX

const char *const tw_home_words[] = { [TW_HOME_UNKNOWN] = "unknown", [TW_HOME_ABROAD] = "abroad", [TW_HOME_HERE] = "home" };

static int64_t now_of(const struct tw_device *d)
{
	return tw_time_boot_ms(&d->time);
}

static tw_err setting(struct tw_context *c, const char *key, struct tw_setting_state *ret)
{
	return tw_setting_state(c, tw_setting_find(c, key), ret);
}

/* --- What the settings say --- */

tw_err tw_home_link_read(const char *text, char ret[TW_MANIFEST_LINK_MAX + 1])
{
	const size_t size = strlen(text);

	if (!size || size > TW_MANIFEST_LINK_MAX || strcmp(text, "lo") == 0 ||
		strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:") != size)
		return TW_RAISE(SYNTAX, "'%.20s' names no network link", text);
	memcpy(ret, text, size + 1);
	return TW_OK;
}

/* The next of words with one blank between each; "" behind the last. */
static bool next_word(const char **at, char *ret, size_t size)
{
	const size_t n = strcspn(*at, " ");

	if (!n || n >= size)
		return false;
	memcpy(ret, *at, n);
	ret[n] = '\0';
	*at += n + ((*at)[n] == ' ' && (*at)[n + 1]);
	return true;
}

tw_err tw_home_witness_read(const char *text, struct tw_home_witness *ret)
{
	struct tw_home_witness w = { .port = 0 };
	char link[32], key[80];
	const char *at = text;
	struct tw_place place;

	*ret = w;
	if (!*text)
		return TW_OK;
	if (!next_word(&at, link, sizeof link) || !next_word(&at, w.place, sizeof w.place) || !next_word(&at, key, sizeof key) || *at)
		return TW_RAISE(SYNTAX, "a witness is LINK ADDRESS:PORT KEY, with one blank between each");
	TW_TRY(tw_home_link_read(link, w.link));
	TW_TRY(tw_place_read(w.place, &place));
	if (strlen(key) != 2 * TW_DEMAND_KEY_SIZE || tw_failed(tw_parse_hex(tw_slice_of(key), w.key, sizeof w.key)))
		return TW_RAISE(SYNTAX, "a key is named by 64 hexadecimal digits, the SHA-256 of its SubjectPublicKeyInfo");
	w.host = tw_place_network(&place);
	w.port = place.port;
	*ret = w;
	return TW_OK;
}

tw_err tw_home_systems_read(const char *text, struct tw_home_rules *ret)
{
	struct tw_ruleset r = { 0 };

	TW_TRY(tw_networks_read(text, &r));
	if (r.network_count > TW_RULESET_HOME)
		return TW_RAISE(LIMIT, "more than %d networks of home systems", TW_RULESET_HOME);
	memcpy(ret->systems, r.networks, r.network_count * sizeof r.networks[0]);
	ret->count = r.network_count;
	return TW_OK;
}

bool tw_home_is_declared(struct tw_context *c)
{
	return !tw_setting_is(c, TW_HOME_SYSTEMS, "");
}

bool tw_home_is_here(const struct tw_device *d)
{
	return d->home.at == TW_HOME_HERE;
}

int64_t tw_home_lease_s(struct tw_context *c)
{
	struct tw_setting_state period;
	uint64_t s = 0;

	if (tw_failed(setting(c, TW_HOME_PERIOD, &period)) || tw_failed(tw_parse_u64(tw_slice_of(period.value), UINT16_MAX, &s)))
		return SLACK_S;
	return 2 * (int64_t)s + SLACK_S;
}

tw_err tw_home_rules(struct tw_device *d, const char *systems, const char *tunnel, const char *witness, struct tw_home_rules *ret)
{
	struct tw_home_witness w;

	*ret = (struct tw_home_rules){ 0 };
	TW_TRY(tw_home_systems_read(systems, ret));
	if (!ret->count)
		return TW_OK;
	TW_TRY(tw_home_witness_read(witness, &w));
	if (*tunnel)
		TW_TRY(tw_home_link_read(tunnel, ret->tunnel));
	memcpy(ret->link, w.link, sizeof ret->link);
	ret->witness = w.host;
	ret->witness_port = w.port;
	ret->fetch_uid = d->fetch_uid;
	ret->open = tw_home_is_here(d) && w.link[0];
	ret->lease_s = ret->open ? (uint16_t)tw_home_lease_s(&d->context) : 0;
	return TW_OK;
}

static bool has_tunnel(struct tw_context *c)
{
	return !tw_setting_is(c, TW_HOME_TUNNEL, "");
}

/* Where there is a tunnel the packet filter keeps all else of the device's own in it, too; the witness alone is asked beside it. */
tw_err tw_home_demand(struct tw_context *c, char *room, struct tw_slice *ret)
{
	struct tw_setting_state systems, witness;
	struct tw_home_rules h = { 0 };
	struct tw_home_witness w;

	*ret = (struct tw_slice){ 0 };
	TW_TRY(setting(c, TW_HOME_SYSTEMS, &systems));
	TW_TRY(setting(c, TW_HOME_WITNESS, &witness));
	TW_TRY(tw_home_systems_read(systems.value, &h));
	if (!h.count || tw_home_is_here(tw_device_of(c)))
		return TW_OK;
	TW_TRY(tw_home_witness_read(witness.value, &w));
	if (has_tunnel(c))
		return w.link[0] ? tw_demand_home_add(ret, room, &w.host) : TW_OK;
	for (size_t i = 0; i < h.count; i++)
		TW_TRY(tw_demand_home_add(ret, room, &h.systems[i]));
	return TW_OK;
}

/* --- Where this is --- */

static void record(struct tw_device *d, const char *id, json_t *fields)
{
	tw_err e = tw_event(&d->context, id, fields);

	if (!tw_failed(e))
		e = tw_audit_commit(d->context.audit);
	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

/* What was begun where it was allowed does not go on where it is not; then the rules. */
static void become(struct tw_device *d, enum tw_home_at at, const char *why)
{
	struct tw_home *h = &d->home;
	const bool is_here = at == TW_HOME_HERE, was_here = h->at == TW_HOME_HERE;

	if (at != h->at)
		h->since_ms = tw_time_wall_ms(&d->time);
	h->at = at;
	(void)snprintf(h->why, sizeof h->why, "%s", why);
	tw_utf8_mend(h->why);
	if (was_here && !is_here)
		tw_fetch_drop_plain(d);
	if (at == TW_HOME_UNKNOWN && !was_here)
		return; /* no news yet */
	if (h->said && h->said_here == is_here)
		return;
	h->said = true;
	h->said_here = is_here;
	record(d, is_here ? "home.arrived" : "home.left", json_pack("{s:s}", "why", h->why));
}

static int64_t period_ms(struct tw_context *c)
{
	return (tw_home_lease_s(c) - SLACK_S) * 500;
}

static void again(struct tw_device *d)
{
	struct tw_home *h = &d->home;
	const int64_t most = period_ms(&d->context);

	h->pause_ms = h->pause_ms ? h->pause_ms * 2 : SOON_MS;
	if (h->pause_ms > most)
		h->pause_ms = most;
	h->next_ms = now_of(d) + h->pause_ms;
}

static void stop_asking(struct tw_device *d)
{
	if (d->home.asking)
		tw_fetch_end(d);
	d->home.asking = false;
}

void tw_home_shaken(struct tw_device *d, const char *link)
{
	struct tw_home_witness w;
	struct tw_home *h = &d->home;

	if (tw_failed(tw_home_witness_read(h->by, &w)) || strcmp(w.link, link) != 0)
		return;
	stop_asking(d);
	h->shaken = true;
	h->pause_ms = 0;
	h->next_ms = h->asked_ms + SELDOM_MS > now_of(d) ? h->asked_ms + SELDOM_MS : now_of(d);
}

void tw_home_forget(struct tw_device *d)
{
	stop_asking(d);
	d->home = (struct tw_home){ 0 };
}

static tw_err ask(struct tw_device *d, const struct tw_home_witness *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf own = { 0 };
	char url[96];

	tw_buf_init(&own, d->context.sys, CERTIFICATE_MAX);
	TW_TRY(tw_cert_pem(d->certificate, &own));
	(void)snprintf(url, sizeof url, "https://%s/", w->place);
	const struct tw_fetch_want want = { .yields = true,
		.as_unit = true,
		.home_key = { w->key, sizeof w->key },
		.job = { .method = TW_FETCH_GET,
			.deadline_s = DEADLINE_S,
			.answer_max = ANSWER_MAX,
			.url = tw_slice_of(url),
			.by_key = true,
			.link = tw_slice_of(w->link),
			.certificate = tw_buf_slice(&own) } };
	return tw_fetch_begin(d, &want);
}

static void begin(struct tw_device *d)
{
	struct tw_home *h = &d->home;
	const char *missing = tw_fetch_missing(d);
	struct tw_home_witness w;

	if (missing || !d->certificate) {
		become(d, TW_HOME_ABROAD, missing ? missing : "This unit has no certificate to show to the witness.");
		h->next_ms = now_of(d) + period_ms(&d->context);
		return;
	}
	tw_err e = tw_home_witness_read(h->by, &w);
	h->asked_ms = now_of(d);
	if (!tw_failed(e))
		e = ask(d, &w);
	h->asking = !tw_failed(e);
	if (tw_is(e, TW_CODE_STATE)) {
		h->next_ms = now_of(d) + BUSY_MS;
	} else if (tw_failed(e)) {
		become(d, TW_HOME_UNKNOWN, tw_err_detail());
		again(d);
	}
}

/* @nist LA.EC.5: home is where a home system proves it, by its own key and for this device, asked for over the link that is home */
static void take(struct tw_device *d, const struct tw_fetch_answer *a)
{
	char why[TW_HOME_WHY_MAX + 1];
	struct tw_home *h = &d->home;
	const bool is_proven = !a->failure && a->signed_with_key;

	if (a->gave_way) {
		h->next_ms = now_of(d) + SOON_MS;
		return;
	}
	if (!is_proven) {
		(void)snprintf(why, sizeof why, "The witness does not prove it: %.150s",
			a->failure ? a->words : "it does not ask who this device is.");
		become(d, TW_HOME_ABROAD, why);
		again(d);
		return;
	}
	h->pause_ms = 0;
	h->shaken = false;
	h->next_ms = now_of(d) + period_ms(&d->context);
	h->until_ms = now_of(d) + tw_home_lease_s(&d->context) * 1000;
	if (h->at == TW_HOME_HERE)
		tw_firewall_renew_home(d);
	become(d, TW_HOME_HERE, "The witness has proven it by its key, in mutual TLS.");
}

/* What is known is about other settings than there are now: then nothing is. Settings that cannot be read are no reason to stay open. */
static bool is_of_before(struct tw_context *c)
{
	const struct tw_home *h = &tw_device_of(c)->home;
	const bool is_fresh = !h->by[0] && h->at == TW_HOME_UNKNOWN;

	return tw_home_is_declared(c) ? is_fresh || !tw_setting_is(c, TW_HOME_WITNESS, h->by) : !is_fresh;
}

static void begin_anew(struct tw_device *d)
{
	struct tw_setting_state witness;
	struct tw_home *h = &d->home;

	stop_asking(d);
	if (h->by[0] || h->at != TW_HOME_UNKNOWN)
		become(d, TW_HOME_UNKNOWN, "What proves it is another one now, and was not asked yet.");
	h->by[0] = '\0';
	if (!tw_home_is_declared(&d->context)) {
		h->at = TW_HOME_UNKNOWN;
		h->said = false;
		return;
	}
	if (!tw_failed(setting(&d->context, TW_HOME_WITNESS, &witness)))
		(void)snprintf(h->by, sizeof h->by, "%.*s", TW_HOME_WITNESS_MAX, witness.value);
	h->next_ms = now_of(d);
	h->pause_ms = 0;
	if (!h->by[0])
		become(d, TW_HOME_ABROAD, "No home system is named that could prove it (home.witness), so it counts as abroad everywhere.");
}

static void look(struct tw_device *d)
{
	struct tw_home *h = &d->home;
	struct tw_fetch_answer a;

	if (h->shaken && h->at == TW_HOME_HERE)
		become(d, TW_HOME_UNKNOWN, "Something is other with the link, and the witness was not asked since.");
	if (h->at == TW_HOME_HERE && now_of(d) >= h->until_ms)
		become(d, TW_HOME_UNKNOWN, "The witness could not be asked for too long.");
	if (h->asking && tw_fetch_ended(d, &a)) {
		h->asking = false;
		take(d, &a);
		tw_fetch_end(d);
	} else if (!h->asking && now_of(d) >= h->next_ms) {
		begin(d);
	}
}

tw_err tw_home_job(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);

	if (is_of_before(c))
		begin_anew(d);
	if (d->home.by[0])
		look(d);
	return TW_OK;
}

int64_t tw_home_due_ms(struct tw_context *c)
{
	const struct tw_device *d = tw_device_of(c);
	const struct tw_home *h = &d->home;
	struct tw_fetch_answer a;
	int64_t at = h->next_ms;

	if (is_of_before(c))
		return 0;
	if (!h->by[0])
		return -1;
	if (h->asking && tw_fetch_ended((struct tw_device *)(uintptr_t)d, &a))
		return 0;
	if (h->shaken && h->at == TW_HOME_HERE)
		return 0;
	if (h->asking)
		at = h->at == TW_HOME_HERE ? h->until_ms : INT64_MAX;
	else if (h->at == TW_HOME_HERE && h->until_ms < at)
		at = h->until_ms;
	if (at == INT64_MAX)
		return -1; /* the role's answer, or its deadline, is an event of the loop */
	return at > now_of(d) ? at - now_of(d) : 0;
}
