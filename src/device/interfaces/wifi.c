/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the wifi role: the settings say which network is to be joined, the role says how it goes. A job that is due whenever the role was told
 * something else than they say tells it, so that a change, its taking back, a role and a wpa_supplicant that ended are all mended in one way.
 */
#include "device/interfaces/wifi.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"

#define KEPT \
	"wifi.told" /* the link for which a network of ours may be in wpa_supplicant: that is taken out before another link, or none, is to have one */
#define ANSWER_MS 20000 /* a command each line of a network, on a machine that is busy */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000

static struct tw_wifi *of(struct tw_context *c)
{
	return tw_device_of(c)->interfaces->wifi;
}

static int64_t now_ms(const struct tw_wifi *w)
{
	return tw_time_boot_ms(&tw_device_of(w->context)->time);
}

bool tw_wifi_is_listed(const struct tw_device *d)
{
	return d->own_uid != 0 && d->errands && tw_errand_listed(d->errands, TW_ERRAND_WIFI);
}

const char *tw_wifi_name(struct tw_context *c)
{
	return of(c)->name;
}

static bool is_told(struct tw_wifi *w)
{
	return w->told && tw_setting_is(w->context, TW_WIFI_SETTING, w->name) &&
		(!w->name[0] || tw_setting_is(w->context, TW_WIFI_LINK_SETTING, w->link));
}

/* Which link may have a network of ours, since before this start too. */
static tw_err look(struct tw_wifi *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	if (w->looked)
		return TW_OK;
	tw_buf_init(&kept, w->context->sys, TW_WIFI_LINK_MAX + 1);
	tw_err e = tw_device_kept(tw_device_of(w->context), KEPT, &kept);
	if (tw_is(e, TW_CODE_NOTFOUND))
		kept.size = 0;
	else
		TW_TRY(e);
	(void)snprintf(w->had, sizeof w->had, TW_SLICE_FMT, TW_SLICE_ARG(tw_buf_slice(&kept)));
	w->looked = true;
	return TW_OK;
}

/* No network is to be joined, and none of ours can be. */
static bool at_rest(struct tw_wifi *w)
{
	return tw_setting_is(w->context, TW_WIFI_SETTING, "") && !tw_failed(look(w)) && !w->had[0];
}

/* --- What became of it --- */

static void record(struct tw_wifi *w, const char *id, json_t *fields)
{
	tw_err e = tw_interfaces_tell(tw_device_of(w->context), id, fields);

	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

static void let_go(struct tw_wifi *w, bool at_once)
{
	if (w->begun)
		tw_errand_finish(tw_device_of(w->context)->errands, TW_ERRAND_WIFI, at_once);
	w->begun = w->asked = w->told = w->taken = false;
	w->line = NULL;
	w->state = (struct tw_wifi_state){ 0 };
}

static void say_lost(struct tw_wifi *w, const char *why)
{
	if (w->joined_said)
		record(w, "wifi.lost", json_pack("{s:s, s:s, s:s}", "network", w->name, "link", w->link, "why", why));
	w->joined_said = false;
}

static void say_refused(struct tw_wifi *w)
{
	if (strcmp(w->said, w->why) == 0)
		return;
	memcpy(w->said, w->why, sizeof w->said);
	record(w, "wifi.refused", json_pack("{s:s, s:s, s:s}", "network", w->name, "link", w->link, "why", w->why));
}

static void failed(struct tw_wifi *w, const char *why)
{
	(void)snprintf(w->why, sizeof w->why, "%s", why);
	tw_utf8_mend(w->why);
	say_lost(w, w->why);
	w->asked = w->told = w->taken = false;
	w->state = (struct tw_wifi_state){ 0 };
	w->again_ms = w->again_ms ? w->again_ms * 2 : AGAIN_MIN_MS;
	if (w->again_ms > AGAIN_MAX_MS)
		w->again_ms = AGAIN_MAX_MS;
	w->again_at_ms = now_ms(w) + w->again_ms;
	say_refused(w);
}

static void it_is_taken(struct tw_wifi *w)
{
	w->asked = false;
	w->taken = true;
	w->again_ms = w->again_at_ms = 0;
	if (w->name[0])
		return;
	tw_err e = tw_device_forget(tw_device_of(w->context), KEPT);
	if (tw_failed(e))
		tw_log_err(e, "remembering that no network is joined; the next start has it left again");
	w->had[0] = '\0';
	if (tw_setting_is(w->context, TW_WIFI_SETTING, ""))
		let_go(w, false);
}

static void on_state(struct tw_wifi *w, struct tw_slice said)
{
	struct tw_wifi_state s;

	if (!w->name[0] || tw_failed(tw_wifi_state_read(said, &s)))
		return;
	w->state = s;
	if (!s.joined && strcmp(s.state, TW_WIFI_COMPLETED) == 0)
		(void)snprintf(w->why, sizeof w->why, "%.15s has joined another network than this, or in another way (%.23s).",
			w->link, s.authentication);
	if (!s.joined) {
		say_lost(w, w->why[0] ? w->why : "the link is down");
		return;
	}
	w->why[0] = w->said[0] = '\0';
	if (w->joined_said)
		return;
	w->joined_said = true;
	record(w, "wifi.joined",
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "network", w->name, "link", w->link, "bssid", s.bssid, "authentication",
			s.authentication, "cipher", s.cipher));
}

static void on_event(struct tw_wifi *w, struct tw_slice said)
{
	const uint8_t event = (uint8_t)said.at[0];
	char words[TW_WIFI_WORDS_MAX + 1];

	(void)snprintf(words, sizeof words, "%.*s", (int)(said.size - 1), said.at + 1);
	tw_utf8_mend(words);
	if (event == TW_WIFI_REFUSED) {
		(void)snprintf(w->why, sizeof w->why, "%s", words);
		say_refused(w);
	} else if (event == TW_WIFI_LOST) {
		if (!w->why[0] && w->state.joined) /* not where the network before this one was left for it */
			(void)snprintf(w->why, sizeof w->why, "%s", words);
		w->state.joined = false;
		say_lost(w, words);
	} else if (event == TW_WIFI_VAGUE && !w->why[0]) {
		(void)snprintf(w->why, sizeof w->why, "%s", words);
		say_refused(w);
	}
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_wifi *w = user;
	char words[TW_WIFI_WORDS_MAX + 1];

	if (m->type == TW_WIFI_TAKEN && w->asked && m->tag == w->tag) {
		it_is_taken(w);
	} else if (m->type == TW_WIFI_FAILED && (w->asked ? m->tag == w->tag : m->tag == 0)) {
		(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		failed(w, words);
	} else if (m->type == TW_WIFI_STATE) {
		on_state(w, m->payload);
	} else if (m->type == TW_WIFI_EVENT && w->name[0]) {
		on_event(w, m->payload);
	}
}

/* --- Telling the role --- */

static tw_err write_network(struct tw_wifi *w, struct tw_buf *ret)
{
	TW_CLEANUP(tw_wifi_opened_done) struct tw_wifi_opened o = { 0 };
	TW_CLEANUP(tw_buf_wipe) struct tw_buf network = { 0 };

	tw_buf_init(&network, w->context->sys, TW_WIFI_NETWORK_MAX);
	TW_TRY(tw_buf_reserve(&network, TW_WIFI_NETWORK_MAX));
	if (w->name[0]) {
		TW_TRY(tw_wifi_open(tw_device_of(w->context), w->name, &o));
		TW_TRY(tw_wifi_network_write(&o.network, &network));
	}
	return tw_buf_block16(ret, network.data, network.size);
}

struct aim {
	char name[TW_WIFI_NAME_MAX + 1], link[TW_WIFI_LINK_MAX + 1];
};

/* What the role is to be told next: where another link may still have a network of ours, first that it is to be left. */
static tw_err aim_at(struct tw_wifi *w, struct aim *ret)
{
	struct tw_setting_state name, link;

	TW_TRY(look(w));
	TW_TRY(tw_setting_state(w->context, tw_setting_find(w->context, TW_WIFI_SETTING), &name));
	TW_TRY(tw_setting_state(w->context, tw_setting_find(w->context, TW_WIFI_LINK_SETTING), &link));
	const bool leaves = w->had[0] && (!name.value[0] || strcmp(w->had, link.value) != 0);
	(void)snprintf(ret->name, sizeof ret->name, "%.*s", TW_WIFI_NAME_MAX, leaves ? "" : name.value);
	(void)snprintf(ret->link, sizeof ret->link, "%.*s", TW_WIFI_LINK_MAX, leaves ? w->had : link.value);
	return TW_OK;
}

static void take_aim(struct tw_wifi *w, const struct aim *to)
{
	if (strcmp(to->name, w->name) == 0 && strcmp(to->link, w->link) == 0)
		return;
	say_lost(w, "this device leaves it");
	w->why[0] = w->said[0] = '\0'; /* of another network */
	memcpy(w->name, to->name, sizeof w->name);
	memcpy(w->link, to->link, sizeof w->link);
}

/* Before wpa_supplicant can have a network it is remembered which link may: it would else be left by nobody after a start. */
static tw_err remember(struct tw_wifi *w)
{
	if (!w->name[0] || w->had[0])
		return TW_OK;
	TW_TRY(tw_device_keep(tw_device_of(w->context), KEPT, w->link));
	memcpy(w->had, w->link, sizeof w->had);
	return TW_OK;
}

static tw_err tell(struct tw_wifi *w)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct aim to;

	TW_TRY(aim_at(w, &to));
	take_aim(w, &to);
	TW_TRY(remember(w));
	tw_buf_init(&b, w->context->sys, 2 * TW_WIFI_NETWORK_MAX);
	TW_TRY(tw_buf_reserve(&b, 2 * TW_WIFI_NETWORK_MAX));
	TW_TRY(tw_buf_block16(&b, w->link, strlen(w->link)));
	TW_TRY(write_network(w, &b));
	return tw_channel_send(w->line, TW_WIFI_PUT, w->tag, b.data, b.size, NULL, 0);
}

static void put(struct tw_wifi *w)
{
	w->taken = false;
	w->asked = w->told = true;
	w->tag++;
	w->tag += w->tag == 0; /* that is what was not asked */
	w->until_ms = now_ms(w) + ANSWER_MS;
	w->state = (struct tw_wifi_state){ 0 };
	tw_err e = tell(w);
	if (tw_failed(e))
		failed(w, tw_err_detail());
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_wifi *w = user;

	w->line = line;
	put(w);
}

/* Where it has said why, that says more than that it has ended. */
static void on_gone(void *user, const char *why)
{
	struct tw_wifi *w = user;
	const bool said = !w->told && w->why[0];

	w->begun = false;
	w->line = NULL;
	if (!said)
		failed(w, why);
}

static tw_err begin(struct tw_wifi *w)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, w };

	if (w->line) {
		put(w);
		return TW_OK;
	}
	TW_TRY(tw_errand_begin(tw_device_of(w->context)->errands, TW_ERRAND_WIFI, tw_rows_core_from_wifi, &user));
	w->begun = w->asked = true;
	w->until_ms = now_ms(w) + ANSWER_MS;
	return TW_OK;
}

int64_t tw_wifi_due_ms(struct tw_context *c)
{
	struct tw_wifi *w = of(c);
	int64_t left;

	if (!tw_device_of(c)->errands || at_rest(w))
		return -1;
	if (w->asked)
		left = w->until_ms - now_ms(w);
	else if (w->taken && is_told(w))
		return -1;
	else
		left = w->again_at_ms - now_ms(w);
	return left > 0 ? left : 0;
}

tw_err tw_wifi_job(struct tw_context *c)
{
	struct tw_wifi *w = of(c);

	if (tw_wifi_due_ms(c) != 0)
		return TW_OK;
	if (w->asked) {
		let_go(w, true);
		failed(w, "The role that speaks with wpa_supplicant did not answer in time.");
		return TW_OK;
	}
	tw_err e = begin(w);
	if (tw_failed(e))
		failed(w, tw_err_detail());
	return TW_OK;
}

/* --- For others --- */

tw_err tw_wifi_apply_network(struct tw_context *c, const char *value)
{
	TW_CLEANUP(tw_jsonp) json_t *networks = NULL;

	if (!*value)
		return TW_OK;
	if (!tw_wifi_is_listed(tw_device_of(c)))
		return TW_RAISE(DENIED, "roles.tab has no line for wifi, so nobody could join a network");
	TW_TRY(tw_wifi_kept(tw_device_of(c), &networks));
	const json_t *one = tw_wifi_find(networks, value);
	if (!one)
		return TW_RAISE(DENIED, "there is no network of that name; wifi.add makes it known");
	return tw_wifi_is_whole(one) ? TW_OK : TW_RAISE(DENIED, "its certificate has not come yet; wifi.certify takes it");
}

tw_err tw_wifi_apply_link(struct tw_context *c, const char *value)
{
	for (const char *at = value; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '/')
			return TW_RAISE(SYNTAX, "the name of a network link");
	return *value && strcmp(value, ".") != 0 && strcmp(value, "..") != 0 ? TW_OK : TW_RAISE(SYNTAX, "the name of a network link");
}

const char *tw_wifi_unsettled(struct tw_context *c, const char *key)
{
	struct tw_wifi *w = of(c);

	if ((strcmp(key, TW_WIFI_SETTING) != 0 && strcmp(key, TW_WIFI_LINK_SETTING) != 0) || at_rest(w))
		return NULL;
	if (w->taken && is_told(w) && (!w->name[0] || w->state.joined))
		return NULL;
	if (w->why[0])
		return w->why;
	return tw_setting_is(c, TW_WIFI_SETTING, "") ? "The network is being left." : "The network is being joined.";
}

const struct tw_wifi_state *tw_wifi_joined(struct tw_context *c, const char *link)
{
	const struct tw_wifi *w = of(c);

	return w->name[0] && w->taken && w->state.joined && strcmp(w->link, link) == 0 ? &w->state : NULL;
}

tw_err tw_wifi_start(struct tw_device *d)
{
	struct tw_wifi *w = TW_NEW(d->context.sys, struct tw_wifi);

	if (!w)
		return TW_RAISE(NOMEM, "Wi-Fi");
	w->context = &d->context;
	d->interfaces->wifi = w;
	return TW_OK;
}

void tw_wifi_stop(struct tw_device *d)
{
	free(d->interfaces->wifi);
	d->interfaces->wifi = NULL;
}
