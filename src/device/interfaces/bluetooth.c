/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's side of the bluetooth role. A job that is due whenever the role was told something else than the settings say, or one may pair that may not,
 * tells it, so that a change, a role and a controller that ended are all mended in one way.
 */
#include "device/interfaces/bluetooth.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"

#define KEPT "bluetooth.told" /* the controller that may be on by us: that is switched off before another is, or none */
#define ANSWER_MS 60000       /* twenty commands, on a machine that is busy */
#define ASK_MS 30000          /* as long as the kernel waits for an answer */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000

static struct tw_bluetooth *of(struct tw_context *c)
{
	return tw_device_of(c)->interfaces->bluetooth;
}

static int64_t now_ms(const struct tw_bluetooth *w)
{
	return tw_time_boot_ms(&tw_device_of(w->context)->time);
}

bool tw_bluetooth_is_listed(const struct tw_device *d)
{
	return d->own_uid != 0 && d->errands && tw_errand_listed(d->errands, TW_ERRAND_BLUETOOTH);
}

static bool is_told(struct tw_bluetooth *w)
{
	return w->told && tw_setting_is(w->context, TW_BLUETOOTH_SETTING, w->on ? "on" : "off") &&
		(!w->on || tw_setting_is(w->context, TW_BLUETOOTH_CONTROLLER_SETTING, w->controller));
}

/* Which controller may be on by us, since before this start too. */
static tw_err look(struct tw_bluetooth *w)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	if (w->looked)
		return TW_OK;
	tw_buf_init(&kept, w->context->sys, TW_BLUETOOTH_CONTROLLER_MAX + 1);
	tw_err e = tw_device_kept(tw_device_of(w->context), KEPT, &kept);
	if (tw_is(e, TW_CODE_NOTFOUND))
		kept.size = 0;
	else
		TW_TRY(e);
	(void)snprintf(w->had, sizeof w->had, TW_SLICE_FMT, TW_SLICE_ARG(tw_buf_slice(&kept)));
	w->looked = true;
	return TW_OK;
}

static bool at_rest(struct tw_bluetooth *w)
{
	return tw_setting_is(w->context, TW_BLUETOOTH_SETTING, "off") && !tw_failed(look(w)) && !w->had[0];
}

/* --- What became of it --- */

static void record(struct tw_bluetooth *w, const char *id, json_t *fields)
{
	tw_err e = tw_interfaces_tell(tw_device_of(w->context), id, fields);

	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

static void let_go(struct tw_bluetooth *w, bool at_once)
{
	if (w->begun)
		tw_errand_finish(tw_device_of(w->context)->errands, TW_ERRAND_BLUETOOTH, at_once);
	w->begun = w->asked = w->told = w->taken = false;
	w->line = NULL;
	w->state = (struct tw_bt_state){ 0 };
}

static void failed(struct tw_bluetooth *w, const char *why)
{
	(void)snprintf(w->why, sizeof w->why, "%s", why);
	tw_utf8_mend(w->why);
	w->asked = w->told = w->taken = w->held_said = false;
	w->state = (struct tw_bt_state){ 0 };
	w->ask = (struct tw_bluetooth_ask){ 0 };
	w->again_ms = w->again_ms ? w->again_ms * 2 : AGAIN_MIN_MS;
	if (w->again_ms > AGAIN_MAX_MS)
		w->again_ms = AGAIN_MAX_MS;
	w->again_at_ms = now_ms(w) + w->again_ms;
	if (strcmp(w->said, w->why) == 0)
		return;
	memcpy(w->said, w->why, sizeof w->said);
	record(w, "bluetooth.failed", json_pack("{s:s, s:s}", "controller", w->controller, "why", w->why));
}

static void it_is_taken(struct tw_bluetooth *w)
{
	w->asked = false;
	w->taken = true;
	if (w->on)
		return;
	w->again_ms = w->again_at_ms = 0;
	w->held_said = false;
	tw_err e = tw_device_forget(tw_device_of(w->context), KEPT);
	if (tw_failed(e))
		tw_log_err(e, "remembering that no controller is on; the next start has it switched off again");
	w->had[0] = '\0';
	if (tw_setting_is(w->context, TW_BLUETOOTH_SETTING, "off"))
		let_go(w, false);
}

static void on_state(struct tw_bluetooth *w, struct tw_slice said)
{
	struct tw_bt_state s;
	char address[TW_BLUETOOTH_ADDRESS_SIZE];

	if (!w->on || !w->taken || tw_failed(tw_bt_state_read(said, &s)))
		return;
	w->state = s;
	w->again_ms = w->again_at_ms = 0;
	w->why[0] = w->said[0] = '\0';
	if (!s.window)
		w->window_until_ms = 0;
	if (w->held_said)
		return;
	w->held_said = true;
	tw_bluetooth_text(s.address, address);
	record(w, "bluetooth.held", json_pack("{s:s, s:s}", "controller", w->controller, "address", address));
}

static void say_refused(struct tw_bluetooth *w, const struct tw_bt_address *a, const char *why)
{
	char address[TW_BLUETOOTH_ADDRESS_SIZE];

	tw_bluetooth_text(a->of, address);
	record(w, "bluetooth.refused", json_pack("{s:s, s:s, s:s}", "device", address, "kind", tw_bluetooth_kinds[a->kind], "why", why));
}

static void on_event(struct tw_bluetooth *w, struct tw_slice said)
{
	struct tw_bt_event e;

	if (tw_failed(tw_bt_event_read(said, &e)))
		return;
	const bool waits = e.event == TW_BT_ASKS || e.event == TW_BT_SHOWS;
	/* One at a time: another that comes while one waits could have its number taken for that one's. The kernel ends it by itself. */
	if (waits && (!tw_bluetooth_asks(w->context) || tw_bt_same(&w->ask.address, &e.address)))
		w->ask = (struct tw_bluetooth_ask){ e.event, e.address, e.number, now_ms(w) + ASK_MS };
	else if (!waits && tw_bt_same(&w->ask.address, &e.address))
		w->ask.event = TW_BT_OTHER;
	if (e.event == TW_BT_REFUSED)
		say_refused(w, &e.address, tw_bt_why(e.number));
}

/* Before it is kept nothing says that it is paired; what cannot be kept is paired no longer. */
static void on_paired(struct tw_bluetooth *w, struct tw_slice said)
{
	struct tw_bt_peer p;
	char address[TW_BLUETOOTH_ADDRESS_SIZE];

	if (tw_failed(tw_bt_peer_read(said, &p)))
		return;
	const bool may = w->on && w->taken && w->window_until_ms;
	tw_err e = may ? tw_bluetooth_keep_peer(tw_device_of(w->context), &p) : TW_RAISE(DENIED, "nobody may pair now");
	tw_wipe(p.key, sizeof p.key);
	tw_wipe(p.irk, sizeof p.irk);
	w->window_until_ms = 0;
	w->ask.event = TW_BT_OTHER;
	if (tw_failed(e)) {
		say_refused(w, &p.address, tw_err_detail());
		e = tw_bluetooth_drop(w->context, &p.address);
		if (tw_failed(e))
			tw_log_err(e, "forgetting who paired");
		return;
	}
	tw_bluetooth_text(p.address.of, address);
	record(w, "bluetooth.paired", json_pack("{s:s, s:s}", "device", address, "kind", tw_bluetooth_kinds[p.address.kind]));
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_bluetooth *w = user;
	char words[TW_BT_WORDS_MAX + 1];

	if (m->type == TW_BT_TAKEN && w->asked && m->tag == w->tag) {
		it_is_taken(w);
	} else if (m->type == TW_BT_FAILED && (w->asked ? m->tag == w->tag : m->tag == 0)) {
		(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		failed(w, words);
	} else if (m->type == TW_BT_STATE) {
		on_state(w, m->payload);
	} else if (m->type == TW_BT_EVENT) {
		on_event(w, m->payload);
	} else if (m->type == TW_BT_PAIRED) {
		on_paired(w, m->payload);
	}
}

/* --- Telling the role --- */

struct aim {
	bool on;
	char controller[TW_BLUETOOTH_CONTROLLER_MAX + 1];
};

/* What the role is to be told next: where another controller may still be on by us, first that it is to be off. */
static tw_err aim_at(struct tw_bluetooth *w, struct aim *ret)
{
	struct tw_setting_state controller;

	TW_TRY(look(w));
	TW_TRY(tw_setting_state(w->context, tw_setting_find(w->context, TW_BLUETOOTH_CONTROLLER_SETTING), &controller));
	const bool wanted = tw_setting_is(w->context, TW_BLUETOOTH_SETTING, "on");
	const bool leaves = w->had[0] && (!wanted || strcmp(w->had, controller.value) != 0);
	ret->on = wanted && !leaves;
	(void)snprintf(ret->controller, sizeof ret->controller, "%.*s", TW_BLUETOOTH_CONTROLLER_MAX, leaves ? w->had : controller.value);
	return TW_OK;
}

/* Before a controller can be on it is remembered which may be: nobody would else switch it off after a start. */
static tw_err remember(struct tw_bluetooth *w)
{
	if (!w->on || w->had[0])
		return TW_OK;
	TW_TRY(tw_device_keep(tw_device_of(w->context), KEPT, w->controller));
	memcpy(w->had, w->controller, sizeof w->had);
	return TW_OK;
}

static tw_err index_of(const char *controller, uint16_t *ret)
{
	uint64_t n = 0;

	if (strncmp(controller, "hci", 3) != 0 || tw_failed(tw_parse_u64(tw_slice_of(controller + 3), TW_BT_INDEX_MAX, &n)))
		return TW_RAISE(SYNTAX, "the name of a Bluetooth controller, as hci0");
	*ret = (uint16_t)n;
	return TW_OK;
}

static tw_err write_order(struct tw_bluetooth *w, struct tw_bt_order *o, struct tw_buf *ret)
{
	o->on = w->on;
	TW_TRY(index_of(w->controller, &o->index));
	if (w->on) {
		o->window_s = (uint16_t)tw_bluetooth_window_s(w->context);
		TW_TRY(tw_bluetooth_open_all(tw_device_of(w->context), o));
	}
	TW_TRY(tw_buf_reserve(ret, TW_BT_ORDER_MAX));
	return tw_bt_order_write(o, ret);
}

static tw_err tell(struct tw_bluetooth *w)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	struct tw_bt_order order = { 0 };
	struct aim to;

	TW_TRY(aim_at(w, &to));
	if (to.on != w->on || strcmp(to.controller, w->controller) != 0) {
		w->why[0] = w->said[0] = '\0'; /* of another */
		w->held_said = false;
		w->window_until_ms = w->on ? 0 : w->window_until_ms;
	}
	w->on = to.on;
	memcpy(w->controller, to.controller, sizeof w->controller);
	TW_TRY(remember(w));
	tw_buf_init(&b, w->context->sys, TW_BT_ORDER_MAX);
	const tw_err e = write_order(w, &order, &b);
	tw_wipe(&order, sizeof order);
	TW_TRY(e);
	return tw_channel_send(w->line, TW_BT_PUT, w->tag, b.data, b.size, NULL, 0);
}

static void put(struct tw_bluetooth *w)
{
	w->taken = false;
	w->asked = w->told = true;
	w->tag++;
	w->tag += w->tag == 0; /* that is what was not asked */
	w->until_ms = now_ms(w) + ANSWER_MS;
	w->state = (struct tw_bt_state){ 0 };
	w->ask = (struct tw_bluetooth_ask){ 0 };
	tw_err e = tell(w);
	if (tw_failed(e))
		failed(w, tw_err_detail());
}

static void on_here(void *user, tw_channel *line)
{
	struct tw_bluetooth *w = user;

	w->line = line;
	put(w);
}

/* Where it has said why, that says more than that it has ended. */
static void on_gone(void *user, const char *why)
{
	struct tw_bluetooth *w = user;
	const bool said = !w->told && w->why[0];

	w->begun = false;
	w->line = NULL;
	if (!said)
		failed(w, why);
}

static tw_err begin(struct tw_bluetooth *w)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, w };

	if (w->line) {
		put(w);
		return TW_OK;
	}
	TW_TRY(tw_errand_begin(tw_device_of(w->context)->errands, TW_ERRAND_BLUETOOTH, tw_rows_core_from_bluetooth, &user));
	w->begun = w->asked = true;
	w->until_ms = now_ms(w) + ANSWER_MS;
	return TW_OK;
}

int64_t tw_bluetooth_due_ms(struct tw_context *c)
{
	struct tw_bluetooth *w = of(c);
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

tw_err tw_bluetooth_job(struct tw_context *c)
{
	struct tw_bluetooth *w = of(c);

	if (tw_bluetooth_due_ms(c) != 0)
		return TW_OK;
	if (w->asked) {
		let_go(w, true);
		failed(w, "The role that speaks with the controller did not answer in time.");
		return TW_OK;
	}
	tw_err e = begin(w);
	if (tw_failed(e))
		failed(w, tw_err_detail());
	return TW_OK;
}

/* --- For others --- */

tw_err tw_bluetooth_apply_on(struct tw_context *c, const char *value)
{
	return strcmp(value, "on") != 0 || tw_bluetooth_is_listed(tw_device_of(c))
		? TW_OK
		: TW_RAISE(DENIED, "roles.tab has no line for bluetooth, so nobody could speak with a controller");
}

tw_err tw_bluetooth_apply_controller(struct tw_context *c, const char *value)
{
	uint16_t index;

	return index_of(value, &index);
}

const struct tw_bt_state *tw_bluetooth_holds(struct tw_context *c, const char **ret_why)
{
	struct tw_bluetooth *w = of(c);

	*ret_why = "";
	if (at_rest(w))
		return NULL;
	const bool on = tw_setting_is(c, TW_BLUETOOTH_SETTING, "on");
	if (w->on && on && w->taken && is_told(w) && w->held_said)
		return &w->state;
	*ret_why = w->why[0] ? w->why : on ? "The controller is being set." : "The controller is being switched off.";
	return NULL;
}

int tw_bluetooth_window_s(struct tw_context *c)
{
	const struct tw_bluetooth *w = of(c);
	const int64_t left = w->window_until_ms - now_ms(w);

	return w->window_until_ms && left > 0 ? (int)((left + 999) / 1000) : 0;
}

void tw_bluetooth_let_pair(struct tw_context *c, unsigned seconds)
{
	struct tw_bluetooth *w = of(c);

	w->window_until_ms = seconds ? now_ms(w) + 1000LL * seconds : 0;
	if (w->line)
		put(w);
}

const struct tw_bluetooth_ask *tw_bluetooth_asks(struct tw_context *c)
{
	const struct tw_bluetooth *w = of(c);

	return w->ask.event != TW_BT_OTHER && now_ms(w) < w->ask.until_ms ? &w->ask : NULL;
}

tw_err tw_bluetooth_answer(struct tw_context *c, bool yes)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_bluetooth *w = of(c);

	w->ask.event = TW_BT_OTHER;
	if (!w->line)
		return TW_RAISE(CLOSED, "the role that speaks with the controller has ended");
	tw_buf_init(&b, c->sys, 64);
	TW_TRY(tw_bt_address_write(&w->ask.address, &b));
	TW_TRY(tw_buf_u8(&b, yes));
	return tw_channel_send(w->line, TW_BT_ANSWER, 0, b.data, b.size, NULL, 0);
}

tw_err tw_bluetooth_drop(struct tw_context *c, const struct tw_bt_address *a)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	const struct tw_bluetooth *w = of(c);

	if (!w->line)
		return TW_OK; /* nobody has its key: it was not told yet, or is told all of them anew */
	tw_buf_init(&b, c->sys, 64);
	TW_TRY(tw_bt_address_write(a, &b));
	return tw_channel_send(w->line, TW_BT_DROP, 0, b.data, b.size, NULL, 0);
}

tw_err tw_bluetooth_start(struct tw_device *d)
{
	struct tw_bluetooth *w = TW_NEW(d->context.sys, struct tw_bluetooth);

	if (!w)
		return TW_RAISE(NOMEM, "Bluetooth");
	w->context = &d->context;
	d->interfaces->bluetooth = w;
	return TW_OK;
}

void tw_bluetooth_stop(struct tw_device *d)
{
	free(d->interfaces->bluetooth);
	d->interfaces->bluetooth = NULL;
}
