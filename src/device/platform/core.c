/* SPDX-License-Identifier: Apache-2.0 */
#include "device/platform/core.h"

#include "base/log.h"
#include "base/text.h"
#include "device/platform/ask.h"
#include "service/errand-line.h"
#include "device/platform/fetch.h"
#include "device/platform/firewall.h"
#include "device/platform/listening.h"
#include "service/hash/hashing.h"
#include "device/platform/start.h"
#include "service/door/stream.h"
#include "service/task/task.h"

struct timeval tw_core_ms(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

struct event *tw_core_watch(struct tw_core *c, int fd, short what, event_callback_fn call, void *user)
{
	return event_new(c->loop, fd, what, call, user);
}

static void arm(struct event *timer, int64_t ms)
{
	struct timeval t = tw_core_ms(ms);

	if (ms < 0)
		t = tw_core_ms(0);
	if (!event_pending(timer, EV_TIMEOUT, NULL))
		(void)event_add(timer, &t);
}

/* A task that is due sooner than was thought moves the timer; one that is due later waits for it. */
static void arm_tasks(struct tw_core *c)
{
	int64_t wait = tw_tasks_due_ms(&c->device.context), at = tw_time_boot_ms(&c->device.time) + wait;
	struct timeval t = tw_core_ms(wait);

	if (wait < 0 || (event_pending(c->task_timer, EV_TIMEOUT, NULL) && c->task_at_ms <= at))
		return;
	c->task_at_ms = at;
	(void)event_add(c->task_timer, &t);
}

void tw_core_settle(struct tw_core *c)
{
	const tw_audit *audit = c->device.context.audit;

	if (tw_audit_pending(audit))
		arm(c->commit_timer, TW_COMMIT_MS);
	if (tw_audit_last(audit) != c->signed_seq)
		arm(c->checkpoint_timer, TW_CHECKPOINT_MS);
	if (tw_audit_refusals_due_ms(audit) >= 0)
		arm(c->refusal_timer, tw_audit_refusals_due_ms(audit) - tw_time_boot_ms(&c->device.time));
	tw_core_mend_due(c);
	arm_tasks(c);
	tw_core_jobs_arm(c);
	if (c->device.console_notice[0] && c->console)
		tw_door_console_notice(c->console);
	if (c->front)
		tw_door_front_announce(c->front);
	tw_streams_wake(c->device.context.streams);
}

/* A log that cannot be written refuses changes from there on; the path says so to whoever asks. */
static void commit(struct tw_core *c)
{
	tw_err e = tw_audit_commit(c->device.context.audit);

	if (tw_failed(e))
		tw_log_err(e, "writing the audit log; changes are refused until all roles have started again and verified it");
}

static void on_commit(int fd, short what, void *user)
{
	struct tw_core *c = user;

	commit(c);
	tw_streams_wake(c->device.context.streams);
}

static void checkpoint(struct tw_core *c)
{
	tw_err e = tw_audit_checkpoint(c->device.context.audit);

	if (tw_failed(e))
		tw_log_err(e, "signing the head of the audit log; it is tried again with the next record");
	c->signed_seq = tw_audit_last(c->device.context.audit);
}

static void on_checkpoint(int fd, short what, void *user)
{
	struct tw_core *c = user;

	checkpoint(c);
	tw_streams_wake(c->device.context.streams);
}

static void on_refusals(int fd, short what, void *user)
{
	struct tw_core *c = user;
	tw_err e = tw_audit_refusals_seal(c->device.context.audit, false);

	if (tw_failed(e))
		tw_log_err(e, "recording how many were refused");
	tw_core_settle(c);
}

static void on_task(int fd, short what, void *user)
{
	struct tw_core *c = user;

	tw_tasks_slice(&c->device.context);
	tw_core_settle(c);
}

/* Records what happened, durable before anything else does. fields is consumed. */
static void record(struct tw_core *c, const char *id, json_t *fields)
{
	tw_err e = tw_event(&c->device.context, id, fields);

	if (!tw_failed(e))
		e = tw_audit_commit(c->device.context.audit);
	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
	tw_core_settle(c);
}

void tw_core_fail(struct tw_core *c, const char *role, const char *what)
{
	tw_error("%s broke the rules of its channel: %s; all roles start again", role, what);
	record(c, "role.broke-rules", json_pack("{s:s, s:s}", "role", role, "what", what));
	c->status = 1;
	(void)event_base_loopbreak(c->loop);
}

static void say_ready(struct tw_core *c)
{
	const struct tw_manifest *m = c->device.manifest;
	char text[200];
	int n = snprintf(text, sizeof text, "%s %s: doors answer", m->product, m->version);

	c->said_ready = true;
	tw_ignore(tw_channel_send(c->hands, TW_WIRE_HANDS_READY, 0, text, n < 0 ? 0 : strlen(text), NULL, 0));
	record(c, "device.started", tw_start_record(&c->device));
	if (!c->confirmed)
		arm(c->confirm_timer, TW_CONFIRM_MS);
}

static void front_ready(void *user)
{
	struct tw_core *c = user;

	c->front_ready = true;
	if (!c->said_ready)
		say_ready(c);
	tw_core_check_health(c);
}

/* What must be well and is not; false when there is nothing. */
static bool unwell(const struct tw_core *c, char *ret, size_t size)
{
	if (tw_audit_fault(c->device.context.audit)[0]) {
		snprintf(ret, size, "the audit log of earlier starts");
		return true;
	}
	return tw_application_missing(c->device.application, ret, size);
}

/* That store and manifest are open and trusted is so once this runs at all; what is left is log, front and application. */
void tw_core_check_health(struct tw_core *c)
{
	char missing[TW_DETAIL_MAX];

	if (c->confirmed || !c->front_ready || unwell(c, missing, sizeof missing))
		return;
	c->confirmed = true;
	(void)event_del(c->confirm_timer);
	record(c, "device.confirmed", json_object());
	tw_core_confirm(c);
}

void tw_core_confirm(struct tw_core *c)
{
	tw_ignore(tw_channel_send(c->hands, TW_WIRE_HANDS_CONFIRM, 0, "\1well", 5, NULL, 0));
}

static void on_confirm_late(int fd, short what, void *user)
{
	struct tw_core *c = user;
	char missing[TW_DETAIL_MAX];

	if (c->confirmed || !unwell(c, missing, sizeof missing))
		return;
	tw_warn("not reported as well: %s; this boot stays unconfirmed until it is", missing);
	record(c, "device.unconfirmed", json_pack("{s:s}", "missing", missing));
}

/* Ends the loop at once: hands lets front end before us, so nobody waits for a reply any more. */
static void drain(struct tw_core *c)
{
	c->draining = true;
	(void)event_base_loopbreak(c->loop);
}

static void note_role(struct tw_core *c, struct tw_slice payload)
{
	for (size_t i = 0; i < TW_DEVICE_ROLES; i++) {
		struct tw_boxed_role *b = &c->device.boxed[i];

		if (b->role[0])
			continue;
		memcpy(b->role, payload.at + 2, payload.size - 2);
		b->box.landlock_abi = (uint8_t)payload.at[0];
		b->box.seccomp = payload.at[1] & TW_BOXED_SECCOMP;
		b->box.ids_dropped = payload.at[1] & TW_BOXED_IDS_DROPPED;
		b->box.not_dumpable = payload.at[1] & TW_BOXED_NOT_DUMPABLE;
		return;
	}
}

static void note_death(struct tw_core *c, struct tw_slice name)
{
	char role[TW_WIRE_ROLE_NAME_MAX + 1] = "";

	memcpy(role, name.at, name.size);
	record(c, "role.died", json_pack("{s:s}", "role", role));
}

/*
 * The boot's mark is on the disk, so no boot goes back to the release before any more, and what only this release reads may be
 * written. A store that changed its format and does not open again is opened by the next start of the roles.
 */
void tw_core_migrate(struct tw_core *c)
{
	tw_store *store = c->device.context.store;
	bool told = c->format_owed;
	tw_err e = tw_start_migrate(&c->device);

	c->format_owed = tw_failed(e);
	if (tw_failed(e) && !told) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		tw_log_err(e, "another format for the store; it has format %d, and it is tried again", tw_store_format(store));
		record(c, "store.not-migrated", json_pack("{s:i, s:s}", "format", tw_store_format(store), "why", why));
	}
	if (!tw_store_usable(store)) {
		c->status = 1;
		(void)event_base_loopbreak(c->loop);
	}
	tw_core_settle(c);
}

/* As long as it does not work the plain files serve on, and the statuses of the keys say so. */
void tw_core_adopt(struct tw_core *c)
{
	bool told = c->keys_owed;
	tw_err e = tw_start_adopt(&c->device);

	c->keys_owed = tw_failed(e);
	if (tw_failed(e) && !told) {
		char why[TW_DETAIL_MAX];

		(void)snprintf(why, sizeof why, "%s", tw_err_detail());
		tw_log_err(e, "taking the keys over into the keystore; it is tried again");
		record(c, "keys.not-taken-over", json_pack("{s:s}", "why", why));
	}
	tw_core_settle(c);
}

static void marked(struct tw_core *c)
{
	c->marked = true;
	c->device.boot_confirmed = true;
	tw_core_migrate(c);
	tw_core_adopt(c);
}

static void note_listening(struct tw_core *c, const struct tw_message *m)
{
	tw_err e = tw_listening_heard(c->device.listening, m);

	if (tw_failed(e))
		tw_log_err(e, "recording where HTTPS is offered");
	tw_core_settle(c);
}

static void on_hands(int fd, short what, void *user)
{
	struct tw_core *c = user;
	struct tw_message m;
	tw_err e;

	while (!tw_failed(e = tw_channel_receive(c->hands, &m))) {
		if (m.type == TW_WIRE_HANDS_ASK)
			tw_ignore(tw_channel_send(c->hands, TW_WIRE_HANDS_PING, m.tag, NULL, 0, NULL, 0));
		else if (m.type == TW_WIRE_HANDS_ROLE_IS)
			note_role(c, m.payload);
		else if (m.type == TW_WIRE_HANDS_ROLE_DIED)
			note_death(c, m.payload);
		else if (m.type == TW_WIRE_HANDS_CONFIRMED)
			marked(c);
		else if (m.type == TW_WIRE_HANDS_DRAIN)
			drain(c);
		else if (m.type == TW_WIRE_HANDS_ERRAND_IS || m.type == TW_WIRE_HANDS_ERRAND_NOT)
			tw_errands_from_hands(c->device.errands, &m);
		else if (m.type == TW_WIRE_HANDS_LISTENS)
			note_listening(c, &m);
	}
	if (tw_is(e, TW_CODE_TIMEOUT))
		return;
	/* Without hands there is nobody left to start or end us. */
	c->status = 1;
	(void)event_base_loopbreak(c->loop);
}

static tw_err make_loop(struct tw_core *c)
{
	struct event_config *config = event_config_new();

	/* The environment must not choose how we wait. */
	if (config && !event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) && !event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK))
		c->loop = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	if (!c->loop)
		return TW_RAISE(NOMEM, "event loop");
	c->commit_timer = tw_core_watch(c, -1, 0, on_commit, c);
	c->checkpoint_timer = tw_core_watch(c, -1, 0, on_checkpoint, c);
	c->confirm_timer = tw_core_watch(c, -1, 0, on_confirm_late, c);
	c->refusal_timer = tw_core_watch(c, -1, 0, on_refusals, c);
	c->task_timer = tw_core_watch(c, -1, 0, on_task, c);
	c->hands_event = tw_core_watch(c, TW_FD_HANDS, EV_READ | EV_PERSIST, on_hands, c);
	if (!c->commit_timer || !c->checkpoint_timer || !c->confirm_timer || !c->refusal_timer || !c->task_timer ||
		!c->hands_event || event_add(c->hands_event, NULL))
		return TW_RAISE(NOMEM, "event loop");
	return tw_core_mend_new(c);
}

static void front_broke(void *user, const char *what)
{
	tw_core_fail(user, "front", what);
}

static void front_lost(void *user)
{
	struct tw_core *c = user;

	c->status = 1;
	(void)event_base_loopbreak(c->loop);
}

static void door_settle(void *user)
{
	tw_core_settle(user);
}

static struct tw_front_shown front_shows(void *user)
{
	const struct tw_device *d = &((struct tw_core *)user)->device;

	if (!tw_firewall_ready((struct tw_device *)(uintptr_t)d) || !tw_listening_ready(d)) /* as if there were none yet: no door opens */
		return (struct tw_front_shown){ 0 };
	return (struct tw_front_shown){
		.listener = d->listener, .named = d->named, .listener_generation = d->listener_generation, .named_generation = d->named_generation
	};
}

static const struct tw_front_side front_side = { front_ready, front_broke, front_lost, door_settle, front_shows };

tw_err tw_core_open_front(struct tw_core *c, int fd)
{
	return tw_door_front_new(&c->device.context, c->loop, fd, &front_side, c, &c->front);
}

static tw_err open_doors(struct tw_core *c, const struct tw_role_start *start)
{
	const struct tw_local_side local = { &c->device.context, c->loop, c->device.own_uid, true, door_settle, c };

	TW_TRY(tw_core_open_front(c, TW_FD_PEER1));
	TW_TRY(tw_door_local_new(&local, TW_FD_OWN + 4, &c->local));
	TW_TRY(tw_door_event_new(c, TW_FD_OWN + 5, &c->events));
	if (tw_role_word(start, "console"))
		TW_TRY(tw_door_console_new(c, TW_FD_OWN + 6, &c->console));
	return TW_OK;
}

static void done(struct tw_core *c)
{
	struct event **const events[] = { &c->hands_event, &c->commit_timer, &c->checkpoint_timer, &c->confirm_timer,
		&c->refusal_timer, &c->task_timer, &c->mend_timer };

	c->local = tw_door_local_free(c->local);
	c->events = tw_door_event_free(c->events);
	c->console = tw_door_console_free(c->console);
	c->front = tw_door_front_free(c->front);
	for (size_t i = 0; i < TW_COUNT(events); i++)
		if (*events[i])
			event_free(*events[i]);
	tw_tasks_free(&c->device.context); /* what they had others do is let go, while there is whom to tell */
	c->device.fetch = tw_fetch_free(c->device.fetch);
	c->device.hashing = tw_hashing_free(c->device.hashing);
	c->device.asking = tw_asking_free(c->device.asking);
	c->device.firewall = tw_firewall_free(c->device.firewall);
	c->device.listening = tw_listening_free(c->device.listening);
	c->device.errands = tw_errands_free(c->device.errands);
	tw_core_jobs_end(c);
	if (c->loop)
		event_base_free(c->loop);
	tw_start_done(&c->device);
	(void)tw_channel_free(c->hands);
}

static void settle_for(void *user)
{
	tw_core_settle(user);
}

static tw_err begin(struct tw_core *c, const struct tw_role_start *start)
{
	const char *died = tw_role_word(start, "died");
	struct tw_errands_side side = { .sys = c->sys, .context = &c->device.context, .settle = settle_for, .user = c };

	TW_TRY(tw_channel_new(c->sys, TW_FD_HANDS, tw_rows_core_from_hands, &c->hands));
	TW_TRY(make_loop(c));
	side.loop = c->loop;
	side.hands = c->hands;
	TW_TRY(tw_errands_new(&side, tw_role_word(start, "errands"), &c->device.errands));
	TW_TRY(tw_fetch_new(c, &c->device.fetch));
	TW_TRY(tw_hashing_new(&side, c->device.errands, &c->device.hashing));
	TW_TRY(tw_asking_new(c, &c->device.asking));
	TW_TRY(tw_firewall_new(c, tw_role_word(start, "ports"), &c->device.firewall));
	TW_TRY(tw_listening_new(c, &c->device.listening));
	TW_TRY(tw_start(&c->device, c->sys, start));
	if (tw_audit_fault(c->device.context.audit)[0])
		tw_error("the audit log did not verify and was set aside, a new one begins: %s", tw_audit_fault(c->device.context.audit));
	if (died && *died)
		record(c, "role.died", json_pack("{s:s}", "role", died));
	TW_TRY(open_doors(c, start));
	return tw_core_jobs_start(c);
}

int tw_core_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	TW_CLEANUP(done) struct tw_core c = { .sys = sys };
	tw_err e = begin(&c, start);

	if (tw_failed(e)) {
		tw_log_err(e, "core cannot start");
		return 1;
	}
	tw_core_settle(&c);
	if (c.status == 0 && event_base_dispatch(c.loop) < 0)
		c.status = 1;
	if (c.draining) {
		tw_door_event_seal(c.events);
		tw_start_settle(&c.device);
	} else {
		commit(&c);
	}
	return c.status;
}
