/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending ownership when every credential is lost, by whoever stands at the device. The log and the device's identity stay; what belonged to the
 * owner goes, and with it everything the former owner could use: secret, listener key, sessions, keys made for owner and application.
 *
 * The secret is replaced first. Cut short after that, the device still has its owner and the person starts again; the other way
 * round there would be a moment in which whoever kept a copy of the label could take the device over.
 */
#include "base/text.h"
#include "device/logical-access/recovery.h"
#include "device/logical-access/rights.h"
#include "device/logical-access/state.h"
#include "device/rows-logical-access.h"
#include "service/path/change.h"
#include "service/sql-service.h"
#include "service/task/task.h"

struct purge {
	struct tw_device *device;
	int64_t settings;
};

static tw_err purge(tw_store *s, void *user)
{
	struct purge *p = user;

	TW_TRY(tw_access_ownership_end(s)); /* every account, and what hangs on it */
	TW_TRY(tw_device_forget(p->device, TW_KEPT_UNCOLLECTED));
	TW_TRY(tw_device_forget_owner(p->device));
	TW_TRY(tw_settings_purge(&p->device->context, &p->settings));
	TW_TRY(tw_tasks_purge(&p->device->context));
	TW_TRY(tw_store_run(s, tw_sql_throttle_drop_all, NULL, 0, NULL, NULL)); /* who had to wait did at his accounts */
	return tw_device_keep(p->device, TW_KEPT_LISTENER, "owed");
}

static tw_err hex_of(const struct tw_sys *sys, const uint8_t *bytes, size_t size, char *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf text = { 0 };

	tw_buf_init(&text, sys, 2 * size);
	TW_TRY(tw_buf_reserve(&text, 2 * size)); /* so that no copy is left where it grew */
	TW_TRY(tw_buf_hex(&text, bytes, size));
	memcpy(ret, text.data, 2 * size);
	ret[2 * size] = '\0';
	return TW_OK;
}

tw_err tw_recover_secret(struct tw_device *d, char ret[TW_RECOVER_SECRET])
{
	uint8_t secret[16];

	TW_TRY(tw_keys_client_secret_new(d->context.keys, secret));
	tw_err e = hex_of(d->context.sys, secret, sizeof secret, ret);
	tw_wipe(secret, sizeof secret);
	return e;
}

/* What memory holds of the owner goes by steps that cannot fail: else a device without memory would go on by what he had set. Settings
   that cannot be read anew now are read by whoever asks next. */
static void forget(struct tw_device *d, tw_gate **plain)
{
	tw_tasks_drop(&d->context, "Ownership has ended.");
	tw_login_stop(d);                                         /* what is computed has nobody to answer */
	const struct tw_product_out out = d->access->product_out; /* which is no owner's */
	struct tw_recovery asked = d->access->recovery;           /* nor is this: whoever asked is told */
	const bool waited = tw_recovery_stands(d);
	tw_wipe(d->access, sizeof *d->access);
	d->access->product_out = out;
	asked.done |= waited;
	if (waited)
		asked.expires_ms = tw_time_boot_ms(&d->time) + TW_RECOVERY_MS;
	d->access->recovery = asked;
	tw_access_guard(d);
	tw_access_limits_default(&d->context, d->context.guard);
	for (const struct tw_part *p = tw_parts; p->capability; p++)
		if (p->forget)
			p->forget(d);
	tw_notice_display(d); /* there is none any more */
	tw_settings_free(&d->context);
	tw_change_drop(&d->context); /* what the owner left waiting */
	tw_rights_use(d, plain);
	d->listener_owed = true; /* if what follows fails, core makes up for it */
}

tw_err tw_recover_end(struct tw_device *d)
{
	TW_CLEANUP(tw_gate_freep) tw_gate *plain = NULL;
	struct tw_context *c = &d->context;
	struct purge p = { .device = d };
	size_t owners = d->access->owners.count;

	TW_TRY(tw_rights_plain(d, &plain));
	TW_TRY(tw_keys_client_purge(c->keys));
	TW_TRY(tw_store_transaction(c->store, purge, &p));
	forget(d, &plain);
	TW_TRY(tw_event(c, "ownership.ended", json_pack("{s:I, s:I}", "owners", (json_int_t)owners, "settings", (json_int_t)p.settings)));
	TW_TRY(tw_settings_load(c));
	return tw_access_listener(d);
}

tw_err tw_access_recover(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_device *d = tw_device_of(c);
	char secret[TW_RECOVER_SECRET], listener[2 * sizeof d->listener_key + 1];

	rp->body = json_object();
	TW_TRY(tw_recover_secret(d, secret));
	tw_err e = tw_json_set(rp->body, "secret", json_string(secret));
	tw_wipe(secret, sizeof secret);
	TW_TRY(e);
	TW_TRY(tw_recover_end(d));
	rp->close_connections = true;
	TW_TRY(hex_of(c->sys, d->listener_key, sizeof d->listener_key, listener));
	return tw_json_set(rp->body, "listener", json_string(listener));
}

/* A problem: why it ends nothing. A press counts for what was asked for shortly before it, and the button shows no code. */
static tw_err check_press(struct tw_device *d, int64_t down_ms, int64_t held_ms, struct tw_reply *rp)
{
	if (!tw_recovery_waits(d))
		return tw_reply_problem(rp, 409, "presence", "presence.nothing", "Nothing waits for the button",
			"Ask for recovery from a browser first.", "Nobody has asked to end ownership, or it has lapsed.");
	if (d->access->recovery.began_ms >= down_ms)
		return tw_reply_problem(rp, 409, "presence", "presence.before", "It was asked for after the button went down",
			"Press it again, now.", "A press counts for what waited before it.");
	if (d->access->recovery.began_ms <= down_ms - TW_PRESENT_WITHIN_MS)
		return tw_reply_problem(rp, 409, "presence", "presence.old", "It was asked for too long before the button went down",
			"Type recover at the console, or ask again when it has lapsed.",
			"A press counts for what was asked for within %d seconds.", TW_PRESENT_WITHIN_MS / 1000);
	if (held_ms < TW_HOLD_MS)
		return tw_reply_problem(rp, 409, "presence", "presence.hold", "The button was not held long enough",
			"Hold it for five seconds to end ownership.", "It was held for %lld ms.", (long long)held_ms);
	if (!d->console_there)
		return tw_reply_problem(rp, 409, "presence", "presence.console", "The device has no console connected",
			"Connect a terminal to the device's console.", "Its next owner needs a new secret, which recover tells there.");
	return TW_OK;
}

/* The label's secret stops working before anything ends, and nobody sees the one that takes its place. */
static tw_err end_unseen(struct tw_device *d)
{
	char unseen[TW_RECOVER_SECRET];

	TW_TRY(tw_recover_secret(d, unseen));
	tw_wipe(unseen, sizeof unseen);
	return tw_recover_end(d);
}

tw_err tw_recover_by_button(struct tw_device *d, int64_t down_ms, int64_t held_ms, struct tw_reply *rp)
{
	TW_TRY(check_press(d, down_ms, held_ms, rp));
	if (rp->problem[0])
		return TW_OK;
	(void)snprintf(rp->note, sizeof rp->note, "recovery asked for from %s", d->access->recovery.source);
	tw_err e = end_unseen(d);
	if (d->access->owners.count == 0) /* whatever failed behind it */
		(void)snprintf(d->console_notice, sizeof d->console_notice,
			"Ownership was ended by the button; type recover for a new secret.");
	rp->close_connections = true;
	return e;
}
