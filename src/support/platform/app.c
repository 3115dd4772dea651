/* SPDX-License-Identifier: Apache-2.0 */
#include "support/platform/app.h"

#include "base/log.h"
#include "base/release.h"
#include "base/text.h"
#include "service/access/throttle-store.h"
#include "support/intake/collector.h"
#include "support/intake/room.h"
#include "support/intake/stranger.h"
#include "support/advisories/signing.h"
#include "support/outbox/sender.h"
#include "support/staff/staff.h"

#include <string.h>

#define DESK_FD (TW_FD_OWN + 2) /* desk.sock */

static void arm(struct event *timer, int64_t ms)
{
	struct timeval t = { .tv_sec = ms < 0 ? 0 : ms / 1000, .tv_usec = ms < 0 ? 0 : ms % 1000 * 1000 };

	if (!event_pending(timer, EV_TIMEOUT, NULL))
		(void)event_add(timer, &t);
}

/* False: it failed, and that is said. */
static bool report(tw_err e, const char *what)
{
	if (tw_failed(e))
		tw_log_err(e, "%s", what);
	return !tw_failed(e);
}

static void look_at_room(struct tw_app *a)
{
	const struct tw_way_receivers to = { a->desk.alarms, a->desk.alarm_count };
	const int64_t now = tw_time_wall_ms(&a->time), used_up = tw_admission_used_up_ms(&a->admission, tw_time_boot_ms(&a->time));
	const bool busy = used_up >= TW_ROOM_BUSY_MS, files = a->files_changed, reports = a->reports_changed,
		   sends = !a->sends_looked || busy != a->sends_used_up;

	if (!(files || reports || sends) || tw_store_broken(a->context.store) || !tw_time_trusted(&a->time))
		return;
	a->files_changed = a->reports_changed = false;
	if (files)
		(void)report(tw_room_look(&a->context, &to, now), "looking at the room for files");
	if (reports)
		(void)report(tw_room_look_at_reports(&a->context, &to, now), "looking at the room for reports");
	if (sends)
		a->sends_looked = report(tw_room_look_at_sends(&a->context, &to, busy ? used_up : 0, now),
			"looking at what strangers may send together");
	a->sends_used_up = busy;
}

/* Timers exist only while something is due. */
static void settle(struct tw_app *a)
{
	const tw_audit *audit = a->context.audit;

	if (!audit) /* the line to the store is asked for before anything is open */
		return;
	int64_t refusals = tw_audit_refusals_due_ms(audit), waits = tw_access_throttle_due_ms(&a->context);

	look_at_room(a);
	if (tw_audit_pending(audit))
		arm(a->commit_timer, TW_APP_COMMIT_MS);
	if (tw_audit_last(audit) != a->signed_seq)
		arm(a->checkpoint_timer, TW_APP_CHECKPOINT_MS);
	if (refusals >= 0)
		arm(a->refusal_timer, refusals - tw_time_boot_ms(&a->time));
	tw_app_mend_due(a);
	tw_app_alarms_due(a);
	tw_app_plans_due(a);
	tw_sender_due(a);
	tw_collector_due(a);
	tw_stranger_due(a);
	tw_signing_due(a);
	tw_app_tell_due(a);
	tw_app_look_due(a);
	tw_app_rest_due(a);
	if (waits >= 0) { /* a failure makes it due earlier than the last one did */
		(void)event_del(a->throttle_timer);
		arm(a->throttle_timer, waits);
	}
}

void tw_app_settle(struct tw_app *a)
{
	settle(a);
}

static void on_commit(int fd, short what, void *user)
{
	struct tw_app *a = user;

	report(tw_audit_commit(a->context.audit), "writing the audit log; changes are refused until a restart has verified it");
	tw_app_mend_due(a);
}

static void checkpoint(struct tw_app *a)
{
	report(tw_audit_checkpoint(a->context.audit), "signing the head of the audit log");
	a->signed_seq = tw_audit_last(a->context.audit);
	tw_app_mend_due(a);
}

static void on_checkpoint(int fd, short what, void *user)
{
	checkpoint(user);
}

static void on_refusals(int fd, short what, void *user)
{
	struct tw_app *a = user;

	report(tw_audit_refusals_seal(a->context.audit, false), "recording how many were refused");
	settle(a);
}

static void on_throttle(int fd, short what, void *user)
{
	struct tw_app *a = user;

	report(tw_access_job_throttle(&a->context), "keeping who has to wait");
	settle(a);
}

/* Durable before anything else happens. fields is consumed. */
static void record(struct tw_app *a, const char *id, json_t *fields)
{
	tw_err e = tw_event(&a->context, id, fields);

	if (!tw_failed(e))
		e = tw_audit_commit(a->context.audit);
	report(e, id);
	settle(a);
}

static void leave(struct tw_app *a, int status)
{
	a->status = status;
	(void)event_base_loopbreak(a->loop);
}

/* What front asks of its side. */

static void front_ready(void *user)
{
	static const char text[] = "support service " TW_VERSION ": doors answer";
	struct tw_app *a = user;

	if (a->said_ready)
		return;
	a->said_ready = true;
	tw_ignore(tw_channel_send(a->hands, TW_WIRE_HANDS_READY, 0, text, sizeof text - 1, NULL, 0));
	tw_app_look_due(a);
	record(a, "service.started", json_pack("{s:s}", "software", TW_VERSION));
}

static void front_broke(void *user, const char *what)
{
	tw_error("front broke the rules of its channel: %s; all roles start again", what);
	record(user, "role.broke-rules", json_pack("{s:s, s:s}", "role", "front", "what", what));
	leave(user, 1);
}

static void front_lost(void *user)
{
	leave(user, 1);
}

static void door_settle(void *user)
{
	settle(user);
}

static struct tw_front_shown front_shows(void *user)
{
	const struct tw_app *a = user;

	return (struct tw_front_shown){ .listener = a->listener.leaf,
		.between = tw_buf_slice(&a->listener.between),
		.listener_generation = a->listener_generation };
}

static const struct tw_front_side front_side = { front_ready, front_broke, front_lost, door_settle, front_shows };

/* What a role's own word says it lacks; an operator reads it in the service manager's journal. */
static void say_confinement(const char *role, int landlock, unsigned boxed)
{
	if (!(boxed & TW_BOXED_IDS_DROPPED))
		tw_warn("%s has no user of its own: what another role has is kept from it by its sandbox alone", role);
	if (!(boxed & TW_BOXED_SECCOMP))
		tw_warn("%s runs without its table of system calls", role);
	if (landlock == 0)
		tw_warn("%s is not kept to its own directories: this kernel has no Landlock", role);
	if (!(boxed & TW_BOXED_NOT_DUMPABLE))
		tw_warn("%s can be read by others of its user", role);
}

static void role_is(struct tw_slice payload)
{
	char role[TW_WIRE_ROLE_NAME_MAX + 1] = "";

	memcpy(role, payload.at + 2, payload.size - 2);
	say_confinement(role, (uint8_t)payload.at[0], (uint8_t)payload.at[1]);
}

static void died(struct tw_app *a, struct tw_slice name)
{
	char role[TW_WIRE_ROLE_NAME_MAX + 1] = "";

	memcpy(role, name.at, name.size);
	record(a, "role.died", json_pack("{s:s}", "role", role));
}

static void on_hands(int fd, short what, void *user)
{
	struct tw_app *a = user;
	struct tw_message m;
	tw_err e;

	while (!tw_failed(e = tw_channel_receive(a->hands, &m))) {
		if (m.type == TW_WIRE_HANDS_ASK) {
			tw_ignore(tw_channel_send(a->hands, TW_WIRE_HANDS_PING, m.tag, NULL, 0, NULL, 0));
		} else if (m.type == TW_WIRE_HANDS_ROLE_IS) {
			role_is(m.payload);
		} else if (m.type == TW_WIRE_HANDS_ROLE_DIED) {
			died(a, m.payload);
		} else if (m.type == TW_WIRE_HANDS_ERRAND_IS || m.type == TW_WIRE_HANDS_ERRAND_NOT) {
			tw_errands_from_hands(a->errands, &m);
		} else if (m.type == TW_WIRE_HANDS_DRAIN) {
			a->draining = true; /* front has ended before us: nobody waits for an answer */
			leave(a, a->status);
		}
	}
	if (!tw_is(e, TW_CODE_TIMEOUT))
		leave(a, 1); /* without the parent there is nobody left to start or end us */
}

static tw_err make_loop(struct tw_app *a)
{
	struct event_config *config = event_config_new();

	/* The environment must not choose how we wait. */
	if (config && !event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV) && !event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK))
		a->loop = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	if (!a->loop)
		return TW_RAISE(NOMEM, "event loop");
	a->commit_timer = event_new(a->loop, -1, 0, on_commit, a);
	a->checkpoint_timer = event_new(a->loop, -1, 0, on_checkpoint, a);
	a->refusal_timer = event_new(a->loop, -1, 0, on_refusals, a);
	a->throttle_timer = event_new(a->loop, -1, 0, on_throttle, a);
	a->hands_event = event_new(a->loop, TW_FD_HANDS, EV_READ | EV_PERSIST, on_hands, a);
	if (!a->commit_timer || !a->checkpoint_timer || !a->refusal_timer || !a->throttle_timer || !a->hands_event ||
		event_add(a->hands_event, NULL))
		return TW_RAISE(NOMEM, "event loop");
	TW_TRY(tw_app_mend_new(a));
	TW_TRY(tw_app_look_new(a));
	TW_TRY(tw_app_plans_new(a));
	TW_TRY(tw_app_rest_new(a));
	TW_TRY(tw_app_listener_new(a));
	return tw_app_tell_new(a);
}

static tw_err begin(struct tw_app *a, const struct tw_role_start *start)
{
	const char *before = tw_role_word(start, "died");

	TW_TRY(tw_channel_new(a->sys, TW_FD_HANDS, tw_rows_core_from_hands, &a->hands));
	TW_TRY(make_loop(a));
	const struct tw_errands_side side = { a->sys, a->loop, a->hands, &a->context, door_settle, a };
	TW_TRY(tw_errands_new(&side, tw_role_word(start, "errands"), &a->errands));
	TW_TRY(tw_hashing_new(&side, a->errands, &a->hashing));
	TW_TRY(tw_app_line_new(a, tw_role_word(start, TW_APP_STORE_WORD)));
	TW_TRY(tw_app_open(a, start));
	tw_app_days_begin(a);
	TW_TRY(tw_app_alarms_new(a));
	a->errand_settle = door_settle;
	TW_TRY(tw_sender_new(a));
	TW_TRY(tw_collector_new(a));
	TW_TRY(tw_stranger_new(a));
	TW_TRY(tw_signing_new(a));
	if (tw_audit_fault(a->context.audit)[0])
		tw_error("the audit log did not verify and was set aside, a new one begins: %s", tw_audit_fault(a->context.audit));
	say_confinement("app", start->box.landlock_abi,
		(start->box.seccomp ? TW_BOXED_SECCOMP : 0u) | (start->box.ids_dropped ? TW_BOXED_IDS_DROPPED : 0u) |
			(start->box.not_dumpable ? TW_BOXED_NOT_DUMPABLE : 0u));
	if (before && *before)
		record(a, "role.died", json_pack("{s:s}", "role", before));
	const struct tw_local_side desk = { &a->context, a->loop, getuid(), false, door_settle, a };
	TW_TRY(tw_door_local_new(&desk, DESK_FD, &a->local));
	return tw_door_front_new(&a->context, a->loop, TW_FD_PEER1, &front_side, a, &a->front);
}

static void done(struct tw_app *a)
{
	struct event *const events[] = { a->hands_event, a->commit_timer, a->checkpoint_timer, a->refusal_timer, a->throttle_timer,
		a->mend_timer, a->alarm_timer, a->tell_timer, a->days_timer, a->listener_timer, a->look_timer, a->plan_timer,
		a->line_timer, a->rest_timer };

	a->local = tw_door_local_free(a->local);
	tw_staff_stop(a);
	a->front = tw_door_front_free(a->front);
	for (size_t i = 0; i < TW_COUNT(events); i++)
		if (events[i])
			event_free(events[i]);
	a->collector = tw_collector_free(a->collector);
	a->stranger = tw_stranger_free(a->stranger);
	a->signing = tw_signing_free(a->signing);
	a->sender = tw_sender_free(a->sender);
	a->hashing = tw_hashing_free(a->hashing);
	a->errands = tw_errands_free(a->errands);
	if (a->loop)
		event_base_free(a->loop);
	tw_app_close(a);
	(void)tw_channel_free(a->hands);
}

int tw_app_run(const struct tw_sys *sys, const struct tw_role_start *start)
{
	TW_CLEANUP(done) struct tw_app a = { .sys = sys };
	tw_err e = begin(&a, start);

	if (tw_failed(e)) {
		tw_log_err(e, "app cannot start");
		return 1;
	}
	a.files_changed = a.reports_changed = true;
	tw_app_listener_due(&a);
	settle(&a);
	if (a.status == 0 && !a.draining && event_base_dispatch(a.loop) < 0)
		a.status = 1;
	if (a.draining)
		report(tw_audit_refusals_seal(a.context.audit, true), "recording how many were refused");
	report(tw_audit_commit(a.context.audit), "writing the audit log at the end");
	if (a.draining) {
		checkpoint(&a);
		report(tw_audit_close(a.context.audit), "leaving word that the audit log was closed whole; the next start reads all of it");
	}
	return a.status;
}
