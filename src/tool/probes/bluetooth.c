/* SPDX-License-Identifier: Apache-2.0 */
/* The probe of Bluetooth: by the controller that is on, and a device that has paired with it. Without a controller it does not say that it is good. */
#include "tool/probes/probe.h"

#define BLUETOOTH "/api/v1/bluetooth"
#define LIST "/api/v1/interfaces?limit=300"

static bool needs_part(const struct tw_probe_context *c)
{
	size_t i;
	json_t *one;

	json_array_foreach(json_object_get(c->target[0].capabilities.body, "elements"), i, one)
		if (strcmp(tw_json_text(one, "id"), "LA.IC.14.2") == 0)
			return strcmp(tw_json_text(one, "status"), "needs a part") == 0;
	return false;
}

static bool is_listed(const json_t *list, const char *controller)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		if (!strcmp(tw_json_text(one, "kind"), "bluetooth") && !strcmp(tw_json_text(one, "name"), controller))
			return tw_json_bool(one, "present");
	return false;
}

/* f has a verdict, unless it is on as it has to be. */
static tw_err judge_held(struct tw_probe_context *c, const json_t *is, bool *ret, struct tw_finding *f)
{
	*ret = false;
	if (needs_part(c))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"The device says that it has no Bluetooth controller. Attach one with its driver, and switch it on: bluetooth.on.");
	if (!tw_json_bool(is, "on"))
		return tw_found(f, TW_VERDICT_FAIL, "Bluetooth is not to be on (bluetooth.on).");
	if (!tw_json_bool(is, "held"))
		return tw_found(f, TW_VERDICT_FAIL, "%.6s is not on with Secure Connections alone: %.200s",
			tw_json_text(is, "controller"), tw_json_text(is, "why"));
	TW_TRY(tw_saw(f, "controller", tw_json_text(is, "controller")));
	TW_TRY(tw_saw(f, "address", tw_json_text(is, "address")));
	*ret = true;
	return TW_OK;
}

/* Likewise, unless the list has it and a stranger is refused. */
static tw_err judge_others(struct tw_probe_context *c, const json_t *is, bool *ret, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer list = { 0 }, stranger = { 0 };
	tw_err e = tw_order_all(c, LIST, "interfaces", &list);

	*ret = false;
	if (tw_failed(e))
		return tw_found_trouble(f, "The list of interfaces", e);
	if (!is_listed(json_object_get(list.body, "interfaces"), tw_json_text(is, "controller")))
		return tw_found(f, TW_VERDICT_FAIL, "The list of interfaces has no controller %.6s.", tw_json_text(is, "controller"));
	e = tw_ask(c, &tw_asker_stranger, "GET", BLUETOOTH, &stranger);
	if (tw_failed(e))
		return tw_found_trouble(f, "Asking as a stranger", e);
	if (stranger.status < 400)
		return tw_found(f, TW_VERDICT_FAIL, "A stranger reads which devices are paired: %ld.", (long)stranger.status);
	*ret = true;
	return TW_OK;
}

/* @nist LA.IC.14.2: it is on with Secure Connections alone, its controller is listed, a device is paired, and a stranger is refused */
static tw_err pairs_securely(struct tw_probe_context *c, struct tw_finding *f)
{
	TW_CLEANUP(tw_answer_done) struct tw_answer is = { 0 };
	bool good = false;
	tw_err e = tw_order(c, "GET", BLUETOOTH, &is);

	if (tw_failed(e))
		return tw_found_trouble(f, "The state of Bluetooth", e);
	TW_TRY(judge_held(c, is.body, &good, f));
	if (good)
		TW_TRY(judge_others(c, is.body, &good, f));
	if (!good)
		return TW_OK;
	const json_t *devices = json_object_get(is.body, "devices");
	const char *controller = tw_json_text(is.body, "controller"), *device = tw_json_text(json_array_get(devices, 0), "device");
	if (json_array_size(devices) == 0)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"%.6s is on with Secure Connections alone. Whether a device can pair is seen when one has: bluetooth.pair, "
			"bluetooth.confirm.",
			controller);
	TW_TRY(tw_saw(f, "device", device));
	return tw_found(f, TW_VERDICT_PASS,
		"%.6s is on with Secure Connections alone, and %.17s has paired so; the list of interfaces has it, and a stranger is refused.",
		controller, device);
}

const struct tw_probe tw_probes_bluetooth[] = {
	{ "LA.IC.14.2", "pairs-securely", TW_SOURCE_INSIDE,
		"Is Bluetooth on with Secure Connections alone, and has a device paired?", pairs_securely },
	{},
};
