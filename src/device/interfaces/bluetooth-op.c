/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator does with Bluetooth: sees how it is, lets a device pair, says which number that shows, forgets one. And what may be promised of it. */
#include "device/interfaces/bluetooth.h"

#include "base/text.h"
#include "device/rows-interfaces.h"

/* --- Seeing --- */

static tw_err say_devices(struct tw_context *c, json_t *o)
{
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL, *all = json_array();
	size_t i;
	json_t *one;

	TW_TRY(tw_bluetooth_kept(tw_device_of(c), &kept));
	json_array_foreach(kept, i, one)
		TW_TRY(tw_json_append(all,
			json_pack("{s:s, s:s, s:s}", "device", tw_json_text(one, "address"), "kind", tw_json_text(one, "kind"),
				"paired", tw_json_text(one, "paired"))));
	return tw_json_set(o, "devices", TW_STEAL(all));
}

/* The number is not shown where it is to be compared: whoever answers has to read it from the other device. */
static tw_err say_ask(struct tw_context *c, json_t *o)
{
	const struct tw_bluetooth_ask *ask = tw_bluetooth_asks(c);
	char address[TW_BLUETOOTH_ADDRESS_SIZE], number[8];

	if (!ask)
		return TW_OK;
	tw_bluetooth_text(ask->address.of, address);
	TW_TRY(tw_json_set(o, "asks", json_string(address)));
	if (ask->event != TW_BT_SHOWS)
		return TW_OK;
	(void)snprintf(number, sizeof number, "%06u", ask->number % (TW_BT_NUMBER_MAX + 1));
	return tw_json_set(o, "type", json_string(number));
}

static tw_err say_state(struct tw_context *c, json_t *o)
{
	const char *why;
	const struct tw_bt_state *s = tw_bluetooth_holds(c, &why);
	char address[TW_BLUETOOTH_ADDRESS_SIZE];

	TW_TRY(tw_json_set(o, "held", json_boolean(s != NULL)));
	TW_TRY(tw_json_set(o, "pairable", json_integer(s ? tw_bluetooth_window_s(c) : 0)));
	if (!s)
		return *why ? tw_json_set(o, "why", json_string(why)) : TW_OK;
	tw_bluetooth_text(s->address, address);
	TW_TRY(tw_json_set(o, "address", json_string(address)));
	return say_ask(c, o);
}

tw_err tw_bluetooth_read(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_setting_state controller;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_BLUETOOTH_CONTROLLER_SETTING), &controller));
	rp->body = json_object();
	TW_TRY(tw_json_set(rp->body, "on", json_boolean(tw_setting_is(c, TW_BLUETOOTH_SETTING, "on"))));
	TW_TRY(tw_json_set(rp->body, "controller", json_string(controller.value)));
	TW_TRY(say_state(c, rp->body));
	return say_devices(c, rp->body);
}

/* --- Pairing --- */

tw_err tw_bluetooth_pair(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const int64_t seconds = tw_json_int(rq->input, "seconds");
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	const char *why;

	if (!tw_bluetooth_holds(c, &why))
		return tw_reply_problem(rp, 409, "state", "bluetooth.off", "Bluetooth is not on",
			"Switch it on by the setting bluetooth.on.", "%s", *why ? why : "Nobody can pair.");
	TW_TRY(tw_bluetooth_kept(tw_device_of(c), &kept));
	if (seconds && json_array_size(kept) >= TW_BT_PEERS_MAX)
		return tw_reply_problem(rp, 409, "state", "bluetooth.full", "There are as many paired devices as this one keeps",
			"Remove one.", "It keeps %d.", TW_BT_PEERS_MAX);
	tw_bluetooth_let_pair(c, (unsigned)seconds);
	rp->body = json_object();
	return tw_json_set(rp->body, "pairable", json_integer(seconds));
}

/* @nist LA.IC.14.2: whoever is between the two devices shows another number, and is refused */
tw_err tw_bluetooth_confirm(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	const struct tw_bluetooth_ask *ask = tw_bluetooth_asks(c);
	const char *number = tw_json_text(rq->input, "number");
	char wanted[8], address[TW_BLUETOOTH_ADDRESS_SIZE];

	if (!ask || ask->event != TW_BT_ASKS)
		return tw_reply_problem(rp, 409, "state", "bluetooth.none", "No pairing waits for a number",
			"Let a device pair (bluetooth.pair), begin at that device, and send the number it shows within 30 seconds.",
			"None has asked, or its time is over.");
	(void)snprintf(wanted, sizeof wanted, "%06u", ask->number % (TW_BT_NUMBER_MAX + 1));
	tw_bluetooth_text(ask->address.of, address);
	const bool right = strcmp(number, wanted) == 0;
	TW_TRY(tw_bluetooth_answer(c, right));
	if (!right)
		return tw_reply_problem(rp, 409, "state", "bluetooth.number", "This is not the number",
			"Begin again. Where it is never the right one, somebody is between the two devices.",
			"The pairing with %s was refused.", address);
	rp->body = json_object();
	return tw_json_set(rp->body, "device", json_string(address));
}

/* An address of each kind may be the same: both go. */
tw_err tw_bluetooth_remove(struct tw_context *c, const struct tw_request *rq, struct tw_reply *rp)
{
	struct tw_bt_address a = { .kind = TW_BT_PUBLIC };
	bool any = false;

	tw_err e = tw_bluetooth_parse(rq->parameter, a.of);
	for (; !tw_failed(e) && a.kind < TW_BT_KINDS; a.kind++) {
		tw_err gone = tw_bluetooth_forget_peer(tw_device_of(c), &a);

		if (tw_is(gone, TW_CODE_NOTFOUND))
			continue;
		TW_TRY(gone);
		any = true;
		TW_TRY(tw_bluetooth_drop(c, &a));
	}
	if (!any)
		return tw_reply_problem(rp, 404, "not-found", "bluetooth.unknown", "There is no such device",
			"List them to see what there is.", "No device of this address is paired.");
	rp->status = 204;
	return TW_OK;
}

/* --- What may be promised --- */

static bool has_controller(const struct tw_device *d, const char *name)
{
	const struct tw_interfaces *f = d->interfaces;

	for (size_t n = 0; n < f->count; n++)
		if (f->of[n]->kind == TW_WATCH_BLUETOOTH && f->of[n]->present && strcmp(f->of[n]->name, name) == 0)
			return true;
	return false;
}

static tw_err say_off(struct tw_context *c, struct tw_element_status *ret)
{
	struct tw_setting_state state;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_BLUETOOTH_SETTING), &state));
	ret->status = TW_STATUS_OFF;
	ret->since_ms = state.changed_ms;
	(void)snprintf(ret->changed_by, sizeof ret->changed_by, "%s", state.changed_by);
	(void)snprintf(ret->reason, sizeof ret->reason, "Bluetooth is not to be on (bluetooth.on).");
	return TW_OK;
}

/* @nist LA.IC.14.2: by what the kernel says of the controller now */
tw_err tw_bluetooth_status(struct tw_context *c, struct tw_element_status *ret)
{
	const struct tw_device *d = tw_device_of(c);
	TW_CLEANUP(tw_jsonp) json_t *kept = NULL;
	struct tw_setting_state controller;
	const char *why;

	TW_TRY(tw_setting_state(c, tw_setting_find(c, TW_BLUETOOTH_CONTROLLER_SETTING), &controller));
	(void)snprintf(ret->setting, sizeof ret->setting, TW_BLUETOOTH_SETTING);
	ret->status = TW_STATUS_NOT_PROVIDED;
	if (!tw_bluetooth_is_listed(d)) {
		(void)snprintf(ret->reason, sizeof ret->reason, "roles.tab has no line for bluetooth, whose user speaks with controllers.");
		return TW_OK;
	}
	if (tw_interfaces_watched(d) && !has_controller(d, controller.value)) {
		ret->status = TW_STATUS_NEEDS_PART;
		(void)snprintf(ret->reason, sizeof ret->reason,
			"There is no Bluetooth controller %.6s (bluetooth.controller), or it has no driver.", controller.value);
		return TW_OK;
	}
	const bool holds = tw_bluetooth_holds(c, &why) != NULL;
	if (tw_setting_is(c, TW_BLUETOOTH_SETTING, "off"))
		return say_off(c, ret);
	if (!holds) {
		(void)snprintf(ret->reason, sizeof ret->reason, "%.6s is not as it is to be: %.200s", controller.value, why);
		return TW_OK;
	}
	TW_TRY(tw_bluetooth_kept(tw_device_of(c), &kept));
	ret->status = TW_STATUS_PROVIDED;
	(void)snprintf(ret->reason, sizeof ret->reason,
		"%.6s is on, and pairs by Secure Connections alone. %s pair now; %zu devices are paired.", controller.value,
		tw_bluetooth_window_s(c) ? "A device may" : "None may", json_array_size(kept));
	return TW_OK;
}
