/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the cellular role: the settings say how the modem is to be, the role says how it is. A job that is due whenever the role was told something
 * else than they say tells it, so that a change, its taking back, a role and a bus that ended are all mended in one way.
 */
#include "device/interfaces/cellular.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"

#define ANSWER_MS 45000 /* an order to a modem may take 30 s, and another may be told meanwhile */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000

static struct tw_cellular *of(struct tw_context *c)
{
	return tw_device_of(c)->interfaces->cellular;
}

static int64_t now_ms(const struct tw_cellular *w)
{
	return tw_time_boot_ms(&tw_device_of(w->context)->time);
}

bool tw_cellular_is_listed(const struct tw_device *d)
{
	return d->own_uid != 0 && d->errands && tw_errand_listed(d->errands, TW_ERRAND_CELLULAR);
}

static unsigned choice(struct tw_context *c, const char *key, const char *const *words, unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (tw_setting_is(c, key, words[i]))
			return i;
	return 0;
}

static struct tw_cellular_wish wish_of(struct tw_context *c)
{
	return (struct tw_cellular_wish){
		.use = (enum tw_cellular_use)choice(c, TW_CELLULAR_SETTING, tw_cellular_uses, TW_CELLULAR_USES),
		.technologies = (enum tw_cellular_technologies)choice(
			c, TW_CELLULAR_TECHNOLOGIES_SETTING, tw_cellular_technologies, TW_CELLULAR_TECHNOLOGIES),
		.roaming = tw_setting_is(c, TW_CELLULAR_ROAMING_SETTING, "on"),
	};
}

static bool is_told(const struct tw_cellular *w)
{
	const struct tw_cellular_wish now = wish_of(w->context);

	return w->told && w->use == now.use && w->technologies == now.technologies && w->roaming == now.roaming;
}

static bool at_rest(const struct tw_cellular *w)
{
	return !w->begun && wish_of(w->context).use == TW_CELLULAR_LEFT;
}

/* --- What became of it --- */

static void record(struct tw_cellular *w, const char *id, json_t *fields)
{
	tw_err e = tw_interfaces_tell(tw_device_of(w->context), id, fields);

	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

static void let_go(struct tw_cellular *w, bool at_once)
{
	if (w->begun)
		tw_errand_finish(tw_device_of(w->context)->errands, TW_ERRAND_CELLULAR, at_once);
	w->begun = w->asked = w->told = w->known = w->registered_said = false;
	w->line = NULL;
	w->why[0] = w->said[0] = '\0';
}

/* Once for each reason. */
static void say_refused(struct tw_cellular *w, const char *why)
{
	if (strcmp(w->said, why) == 0)
		return;
	(void)snprintf(w->said, sizeof w->said, "%s", why);
	record(w, "cellular.refused", json_pack("{s:s}", "why", w->said));
}

static void say_lost(struct tw_cellular *w, const char *why)
{
	if (w->registered_said)
		record(w, "cellular.lost", json_pack("{s:s}", "why", why));
	w->registered_said = false;
}

static void failed(struct tw_cellular *w, const char *why)
{
	(void)snprintf(w->why, sizeof w->why, "%s", why);
	tw_utf8_mend(w->why);
	w->asked = w->told = w->known = false;
	w->again_ms = w->again_ms ? w->again_ms * 2 : AGAIN_MIN_MS;
	if (w->again_ms > AGAIN_MAX_MS)
		w->again_ms = AGAIN_MAX_MS;
	w->again_at_ms = now_ms(w) + w->again_ms;
	say_lost(w, w->why);
	say_refused(w, w->why);
}

static bool is_registered(const struct tw_cellular_state *s)
{
	return strcmp(s->state, "registered") == 0 || strcmp(s->state, "connected") == 0;
}

/* A SIM that is open has taken its PIN, or asks for none. */
static void note_pin(struct tw_cellular *w)
{
	const struct tw_cellular_state *s = &w->state;

	if (!s->present || !s->lock[0] || strcmp(s->lock, "sim-pin") == 0 || strcmp(s->lock, "sim-puk") == 0 ||
		strcmp(s->lock, "unknown") == 0)
		return;
	tw_err e = tw_cellular_pin_mark(tw_device_of(w->context), false);
	if (tw_failed(e))
		tw_log_err(e, "remembering that the SIM has taken its PIN");
}

static void on_state(struct tw_cellular *w, struct tw_slice said)
{
	struct tw_cellular_state s;

	if (tw_failed(tw_cellular_state_read(said, &s)))
		return;
	w->state = s;
	w->known = true;
	w->asked = false;
	w->why[0] = '\0';
	w->again_ms = w->again_at_ms = 0;
	note_pin(w);
	if (s.pin != TW_CELLULAR_PIN_UNASKED)
		say_refused(w, s.why);
	else if (s.settled)
		w->said[0] = '\0';
	if (!is_registered(&s)) {
		say_lost(w, s.why[0] ? s.why : "the modem was switched off");
	} else if (!w->registered_said) {
		w->registered_said = true;
		record(w, "cellular.registered",
			json_pack("{s:s, s:s, s:s, s:s}", "network", s.network, "code", s.code, "registration", s.registration,
				"technology", s.technology));
	}
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_cellular *w = user;
	char words[TW_CELLULAR_WORDS_MAX + 1];

	if (m->type == TW_CELLULAR_STATE) {
		on_state(w, m->payload);
	} else if (m->type == TW_CELLULAR_FAILED) {
		(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		failed(w, words);
	}
}

/* --- Telling the role --- */

/* @nist LA.IC.14: that a SIM may be told its PIN is kept before the role, which tells it, knows it */
static tw_err tell(struct tw_cellular *w)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 }, pin = { 0 };
	struct tw_device *d = tw_device_of(w->context);
	struct tw_cellular_wish wish = wish_of(w->context);

	tw_buf_init(&pin, w->context->sys, TW_KEYS_SEAL_MAX);
	tw_buf_init(&b, w->context->sys, 64);
	TW_TRY(tw_buf_reserve(&b, 64));
	if (wish.use == TW_CELLULAR_ON) {
		TW_TRY(tw_cellular_pin_open(d, &pin, &wish.tried));
		TW_TRY(tw_cellular_pin_mark(d, true));
	}
	wish.pin = tw_buf_slice(&pin);
	w->use = wish.use;
	w->technologies = wish.technologies;
	w->roaming = wish.roaming;
	TW_TRY(tw_cellular_wish_write(&wish, &b));
	return tw_channel_send(w->line, TW_CELLULAR_PUT, w->tag, b.data, b.size, NULL, 0);
}

static void put(struct tw_cellular *w)
{
	w->asked = w->told = true;
	w->known = false;
	w->tag++;
	w->until_ms = now_ms(w) + ANSWER_MS;
	tw_err e = tell(w);
	if (tw_failed(e))
		failed(w, tw_err_detail());
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_cellular *w = user;

	w->line = line;
	put(w);
}

/* Where it has said why, that says more than that it has ended. */
static void on_gone(void *user, const char *why)
{
	struct tw_cellular *w = user;
	const bool said = !w->told && w->why[0];

	w->begun = false;
	w->line = NULL;
	if (!said)
		failed(w, why);
}

static tw_err begin(struct tw_cellular *w)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, w };

	if (w->line) {
		put(w);
		return TW_OK;
	}
	if (w->begun)
		return TW_OK;
	TW_TRY(tw_errand_begin(tw_device_of(w->context)->errands, TW_ERRAND_CELLULAR, tw_rows_core_from_cellular, &user));
	w->begun = w->asked = true;
	w->until_ms = now_ms(w) + ANSWER_MS;
	return TW_OK;
}

int64_t tw_cellular_due_ms(struct tw_context *c)
{
	const struct tw_cellular *w = of(c);
	int64_t left;

	if (!tw_device_of(c)->errands || at_rest(w))
		return -1;
	if (wish_of(c).use == TW_CELLULAR_LEFT)
		return 0;
	if (w->asked && (is_told(w) || !w->told))
		left = w->until_ms - now_ms(w);
	else if (is_told(w))
		return -1;
	else
		left = w->again_at_ms - now_ms(w);
	return left > 0 ? left : 0;
}

tw_err tw_cellular_job(struct tw_context *c)
{
	struct tw_cellular *w = of(c);

	if (tw_cellular_due_ms(c) != 0)
		return TW_OK;
	if (wish_of(c).use == TW_CELLULAR_LEFT) {
		let_go(w, true);
		return TW_OK;
	}
	if (w->asked && now_ms(w) >= w->until_ms) {
		let_go(w, true);
		failed(w, "The role that speaks with ModemManager did not answer in time.");
		return TW_OK;
	}
	tw_err e = begin(w);
	if (tw_failed(e))
		failed(w, tw_err_detail());
	return TW_OK;
}

void tw_cellular_again(struct tw_context *c)
{
	struct tw_cellular *w = of(c);

	w->told = false;
	w->again_ms = w->again_at_ms = 0;
}

/* --- For others --- */

tw_err tw_cellular_apply(struct tw_context *c, const char *value)
{
	if (strcmp(value, tw_cellular_uses[TW_CELLULAR_LEFT]) == 0 || tw_cellular_is_listed(tw_device_of(c)))
		return TW_OK;
	return TW_RAISE(DENIED, "roles.tab has no line for cellular, so nobody could speak with ModemManager");
}

const char *tw_cellular_why(struct tw_context *c)
{
	const struct tw_cellular *w = of(c);

	if (wish_of(c).use == TW_CELLULAR_LEFT)
		return NULL;
	if (is_told(w) && w->known)
		return w->state.settled ? NULL : w->state.why;
	return w->why[0] ? w->why : "The modem is being told.";
}

const struct tw_cellular_state *tw_cellular_known(struct tw_context *c)
{
	const struct tw_cellular *w = of(c);

	return w->known ? &w->state : NULL;
}

const char *tw_cellular_unsettled(struct tw_context *c, const char *key)
{
	if (strcmp(key, TW_CELLULAR_SETTING) != 0 && strcmp(key, TW_CELLULAR_TECHNOLOGIES_SETTING) != 0 &&
		strcmp(key, TW_CELLULAR_ROAMING_SETTING) != 0)
		return NULL;
	return tw_cellular_why(c);
}

tw_err tw_cellular_start(struct tw_device *d)
{
	struct tw_cellular *w = TW_NEW(d->context.sys, struct tw_cellular);

	if (!w)
		return TW_RAISE(NOMEM, "the modem");
	w->context = &d->context;
	d->interfaces->cellular = w;
	return TW_OK;
}

void tw_cellular_stop(struct tw_device *d)
{
	free(d->interfaces->cellular);
	d->interfaces->cellular = NULL;
}
