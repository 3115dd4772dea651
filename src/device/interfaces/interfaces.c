/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's line to the watch role: begun at the start and whenever it has ended, asked for a look when it says that something is other.
 *
 * A role that breaks the rules is ended (service/errand-line.c) and begun again like one that died; each time the pause is longer, to a
 * minute. As long as it is away, what is known is said to be of before.
 */
#include "device/interfaces/bluetooth.h"
#include "device/interfaces/wifi.h"
#include "device/interfaces/cellular.h"

#include "base/log.h"
#include "base/text.h"
#include "service/errand-line.h"
#include "sys/application.h"
#include "device/rows-interfaces.h"

#define PAUSE_MS 1000
#define PAUSE_MOST_MS 60000
#define LIVES_MS 60000 /* it has not died of its start */
#define WATCH "interfaces.watch"
#define PERIOD "interfaces.period"

static const char *unsettled(struct tw_context *c, const char *key)
{
	const char *why = tw_control_unsettled(c, key);

	if (!why)
		why = tw_wifi_unsettled(c, key);
	return why ? why : tw_cellular_unsettled(c, key);
}

tw_err tw_interfaces_start(struct tw_device *d)
{
	d->interfaces = TW_NEW(d->context.sys, struct tw_interfaces);
	if (!d->interfaces)
		return TW_RAISE(NOMEM, "the interfaces");
	d->interfaces->pause_ms = PAUSE_MS;
	tw_control_start(d);
	d->unsettled = unsettled;
	d->link_told = tw_own_told;
	d->services = tw_services_heard;
	tw_buf_init(&d->interfaces->services, d->context.sys, TW_APP_SERVICES_PARTS * TW_APP_SERVICES_MAX);
	TW_TRY(tw_wifi_start(d));
	TW_TRY(tw_cellular_start(d));
	return tw_bluetooth_start(d);
}

void tw_interfaces_stop(struct tw_device *d)
{
	for (size_t n = 0; d->interfaces && n < d->interfaces->count; n++)
		free(d->interfaces->of[n]);
	if (d->interfaces) {
		tw_control_stop(d);
		tw_wifi_stop(d);
		tw_cellular_stop(d);
		tw_bluetooth_stop(d);
		tw_buf_done(&d->interfaces->services);
	}
	d->services = NULL;
	free(d->interfaces);
	d->interfaces = NULL;
	d->link_told = NULL;
}

bool tw_interfaces_watched(const struct tw_device *d)
{
	return d->interfaces->role == TW_INTERFACES_HERE && d->interfaces->known;
}

static tw_err ask(struct tw_device *d)
{
	struct tw_interfaces *f = d->interfaces;
	TW_CLEANUP(tw_buf_done) struct tw_buf period = { 0 };
	uint64_t seconds = 0;

	tw_buf_init(&period, d->context.sys, 32);
	TW_TRY(tw_setting_get(&d->context, PERIOD, &period));
	TW_TRY(tw_parse_u64(tw_buf_slice(&period), TW_WATCH_PERIOD_MAX, &seconds));
	const uint8_t said[4] = { (uint8_t)(seconds >> 24), (uint8_t)(seconds >> 16), (uint8_t)(seconds >> 8), (uint8_t)seconds };
	TW_TRY(tw_channel_send(f->line, TW_WATCH_LOOK, 0, said, sizeof said, NULL, 0));
	f->asked = true;
	f->owed = false;
	return TW_OK;
}

/* What could not be asked now is asked by the job. A line that is closed is seen as such by whoever reads it. */
static void look(struct tw_device *d)
{
	d->interfaces->owed = true;
	tw_err e = ask(d);

	if (tw_failed(e) && !tw_is(e, TW_CODE_CLOSED))
		tw_log_err(e, "asking for the interfaces");
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_device *d = user;

	d->interfaces->role = TW_INTERFACES_HERE;
	d->interfaces->line = line;
	d->interfaces->known = false;
	d->interfaces->here_ms = tw_time_boot_ms(&d->time);
	look(d);
}

/* What is known is of before, or a half: the job asks again, after a pause. */
static void know_nothing(struct tw_device *d)
{
	d->interfaces->known = false;
	d->interfaces->again_ms = tw_time_boot_ms(&d->time) + PAUSE_MS;
}

static void lost(struct tw_device *d, const char *why)
{
	struct tw_interfaces *f = d->interfaces;
	tw_err e = TW_OK;

	if (f->role == TW_INTERFACES_HERE && tw_time_boot_ms(&d->time) - f->here_ms >= LIVES_MS)
		f->pause_ms = PAUSE_MS;
	f->role = TW_INTERFACES_AWAY;
	f->line = NULL;
	f->asked = f->owed = false;
	f->again_ms = tw_time_boot_ms(&d->time) + f->pause_ms;
	f->pause_ms = f->pause_ms * 2 < PAUSE_MOST_MS ? f->pause_ms * 2 : PAUSE_MOST_MS;
	if (strcmp(f->why, why) != 0)
		e = tw_event(&d->context, "interface.unwatched", json_pack("{s:s}", "why", why));
	(void)snprintf(f->why, sizeof f->why, "%s", why);
	if (tw_failed(e))
		tw_log_err(e, "recording that interfaces are not watched");
}

static void take(struct tw_device *d, struct tw_slice seen)
{
	struct tw_interfaces *f = d->interfaces;
	tw_err e = tw_interfaces_take(d, seen);

	f->asked = false;
	if (tw_is(e, TW_CODE_UNTRUSTED)) {
		tw_errand_finish(d->errands, TW_ERRAND_WATCH, true);
		lost(d, "It says what is no list of interfaces, and was ended.");
		return;
	}
	if (tw_failed(e))
		tw_log_err(e, "taking what interfaces there are");
	f->why[0] = '\0';
	if (!f->known)
		know_nothing(d);
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_device *d = user;

	if (m->type == TW_WATCH_SEEN && d->interfaces->asked) {
		take(d, m->payload);
	} else if (m->type == TW_WATCH_CHANGED && d->interfaces->asked) {
		d->interfaces->owed = true; /* one question at a time: behind two, the second answer would be nobody's */
	} else if (m->type == TW_WATCH_CHANGED) {
		look(d);
	} else if (m->type == TW_WATCH_FAILED) {
		d->interfaces->asked = false;
		know_nothing(d);
		(void)snprintf(d->interfaces->why, sizeof d->interfaces->why, "It cannot look: " TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		tw_utf8_mend(d->interfaces->why);
	}
}

static void on_gone(void *user, const char *why)
{
	lost(user, why);
}

static bool is_wanted(struct tw_device *d)
{
	return d->errands && tw_errand_listed(d->errands, TW_ERRAND_WATCH) && tw_setting_is(&d->context, WATCH, "on");
}

static void end(struct tw_device *d)
{
	struct tw_interfaces *f = d->interfaces;

	if (f->role != TW_INTERFACES_AWAY)
		tw_errand_finish(d->errands, TW_ERRAND_WATCH, true);
	f->role = TW_INTERFACES_AWAY;
	f->line = NULL;
	f->asked = f->owed = false;
	f->again_ms = 0;
}

static tw_err begin(struct tw_device *d)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, d };

	TW_TRY(tw_errand_begin(d->errands, TW_ERRAND_WATCH, tw_rows_core_from_watch, &user));
	d->interfaces->role = TW_INTERFACES_BEGUN;
	return TW_OK;
}

/* A new period counts from the next look on, which is now. */
tw_err tw_interfaces_apply(struct tw_context *c, const char *value)
{
	struct tw_interfaces *f = tw_device_of(c)->interfaces;

	if (f)
		f->owed = true;
	return TW_OK;
}

/* It is here, nobody has asked, and nothing is known: the time for that. */
static bool is_due(const struct tw_device *d)
{
	const struct tw_interfaces *f = d->interfaces;

	return f->role == TW_INTERFACES_HERE && !f->known && !f->asked && tw_time_boot_ms(&d->time) >= f->again_ms;
}

tw_err tw_interfaces_job(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	struct tw_interfaces *f = d->interfaces;

	const bool owed = !f->asked && (f->owed || is_due(d));
	f->owed = f->owed && f->asked;
	if (!is_wanted(d)) {
		end(d);
		f->why[0] = '\0';
	} else if (f->role == TW_INTERFACES_HERE && owed) {
		look(d);
		f->owed = false;
		if (!f->asked)
			know_nothing(d);
	} else if (f->role == TW_INTERFACES_AWAY && tw_time_boot_ms(&d->time) >= f->again_ms) {
		TW_TRY(begin(d));
	}
	return tw_interfaces_tell_more(d);
}

int64_t tw_interfaces_due_ms(struct tw_context *c)
{
	struct tw_device *d = tw_device_of(c);
	const struct tw_interfaces *f = d->interfaces;
	const int64_t left = f->again_ms - tw_time_boot_ms(&d->time);

	if (f->owed && (!f->asked || !is_wanted(d)))
		return 0;
	if (f->role == TW_INTERFACES_AWAY ? f->again_ms == 0 : f->role == TW_INTERFACES_BEGUN || f->known || f->asked)
		return -1;
	return left > 0 ? left : 0;
}

tw_err tw_interfaces_fact_present(struct tw_context *c, json_t **ret)
{
	const struct tw_device *d = tw_device_of(c);
	json_int_t count = 0;

	for (size_t n = 0; n < d->interfaces->count; n++)
		count += d->interfaces->of[n]->present;
	*ret = json_integer(tw_interfaces_watched(d) ? count : -1);
	return *ret ? TW_OK : TW_RAISE(NOMEM, "fact");
}
