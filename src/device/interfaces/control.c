/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interfaces are to be off: the mode's list, put by the links role, read back from the kernel, and put again when that is lost.
 *
 * A change of mode or list waits to be confirmed (service/path/change.h), so that it must be possible to go back after any end of this process:
 * before the role is told to switch something off, what that is is kept in the store. What is kept and is to be off no more is switched on again.
 */
#include "device/interfaces/interfaces.h"

#include "base/log.h"
#include "base/text.h"
#include "device/rows-interfaces.h"
#include "service/errand-line.h"
#include "service/firewall/links-wire.h"
#include "service/firewall/off.h"
#include "service/path/change.h"

#define MODE "interfaces.mode"
#define OFF_IN "interfaces.off-"
#define KEPT "interfaces.off"
#define ANSWER_MS 10000 /* two questions to the kernel and an answer for each link: milliseconds */
#define AGAIN_MIN_MS 1000
#define AGAIN_MAX_MS 60000
#define STEADY_MS 60000 /* it holds, and does not only come and go */

static struct tw_control *of(struct tw_context *c)
{
	return &tw_device_of(c)->interfaces->control;
}

static int64_t now_ms(struct tw_context *c)
{
	return tw_time_boot_ms(&tw_device_of(c)->time);
}

static bool is_listed(const struct tw_device *d)
{
	return d->own_uid != 0 && d->errands && tw_errand_listed(d->errands, TW_ERRAND_LINKS);
}

/* --- Settings --- */

tw_err tw_control_apply_off(struct tw_context *c, const char *value)
{
	struct tw_off off;

	TW_TRY(tw_off_read(tw_slice_of(value), &off));
	if (off.count > TW_OFF_SETTING_MAX)
		return TW_RAISE(LIMIT, "more than %d interfaces", TW_OFF_SETTING_MAX);
	if (off.count && !is_listed(tw_device_of(c)))
		return TW_RAISE(DENIED, "roles.tab has no line for firewall, so nobody could switch an interface off");
	return TW_OK;
}

tw_err tw_control_wanted(struct tw_context *c, char ret[TW_CONTROL_OFF_MAX + 1])
{
	struct tw_setting_state mode, off;
	char key[64];

	TW_TRY(tw_setting_state(c, tw_setting_find(c, MODE), &mode));
	(void)snprintf(key, sizeof key, OFF_IN "%.32s", mode.value);
	TW_TRY(tw_setting_state(c, tw_setting_find(c, key), &off));
	(void)snprintf(ret, TW_CONTROL_OFF_MAX + 1, "%s", off.value);
	return TW_OK;
}

/* --- What is kept --- */

static void look_up(struct tw_context *c)
{
	struct tw_control *f = of(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf kept = { 0 };

	if (f->looked)
		return;
	tw_buf_init(&kept, c->sys, TW_CONTROL_OFF_MAX);
	tw_err e = tw_device_kept(tw_device_of(c), KEPT, &kept);
	if (tw_failed(e) && !tw_is(e, TW_CODE_NOTFOUND))
		tw_log_err(e, "what was switched off before");
	f->looked = !tw_failed(e) || tw_is(e, TW_CODE_NOTFOUND);
	(void)snprintf(f->was, sizeof f->was, "%s", tw_failed(e) ? "" : tw_buf_cstr(&kept));
}

static tw_err keep(struct tw_context *c, const char *words)
{
	struct tw_control *f = of(c);

	if (strcmp(f->was, words) == 0)
		return TW_OK;
	TW_TRY(words[0] ? tw_device_keep(tw_device_of(c), KEPT, words) : tw_device_forget(tw_device_of(c), KEPT));
	(void)snprintf(f->was, sizeof f->was, "%s", words);
	return TW_OK;
}

static bool has_word(const char *words, struct tw_slice word)
{
	for (const char *at = words; *at; at += strspn(at, " ")) {
		const size_t size = strcspn(at, " ");

		if (word.size == size && memcmp(word.at, at, size) == 0)
			return true;
		at += size;
	}
	return false;
}

/* The list before and the one that is tried fit; a third that comes while the second does not hold may not, and then does not hold either. */
static tw_err keep_both(struct tw_context *c, const char *more)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf both = { 0 };
	struct tw_off off;

	tw_buf_init(&both, c->sys, TW_CONTROL_OFF_MAX);
	TW_TRY(tw_buf_text(&both, of(c)->was));
	for (const char *at = more; *at; at += strspn(at, " ")) {
		const struct tw_slice word = { at, strcspn(at, " ") };

		at += word.size;
		if (!has_word(of(c)->was, word))
			TW_TRY(tw_buf_format(&both, "%s" TW_SLICE_FMT, both.size ? " " : "", TW_SLICE_ARG(word)));
	}
	TW_TRY(tw_off_read(tw_buf_slice(&both), &off));
	return keep(c, tw_buf_cstr(&both));
}

/* --- The role --- */

static bool at_rest(struct tw_context *c, const char *wanted)
{
	look_up(c);
	return !wanted[0] && !of(c)->was[0];
}

static bool is_told(struct tw_context *c)
{
	const struct tw_control *f = of(c);
	char wanted[TW_CONTROL_OFF_MAX + 1];

	return !tw_failed(tw_control_wanted(c, wanted)) && f->told && strcmp(f->off, wanted) == 0;
}

static void let_go(struct tw_context *c, bool at_once)
{
	struct tw_control *f = of(c);

	if (f->begun)
		tw_errand_finish(tw_device_of(c)->errands, TW_ERRAND_LINKS, at_once);
	f->begun = f->asked = f->told = false;
	f->line = NULL;
}

static void record(struct tw_context *c, const char *id, json_t *fields)
{
	tw_err e = tw_event(c, id, fields);

	if (tw_failed(e))
		tw_log_err(e, "recording %s", id);
}

static void failed(struct tw_context *c, const char *why)
{
	struct tw_control *f = of(c);

	(void)snprintf(f->why, sizeof f->why, "%s", why);
	tw_utf8_mend(f->why);
	f->holds = f->asked = f->told = false;
	f->again_ms = f->again_ms ? f->again_ms * 2 : AGAIN_MIN_MS;
	if (f->again_ms > AGAIN_MAX_MS)
		f->again_ms = AGAIN_MAX_MS;
	f->again_at_ms = now_ms(c) + f->again_ms;
	if (strcmp(f->said, f->why) == 0)
		return;
	memcpy(f->said, f->why, sizeof f->said);
	record(c, "interface.unheld", json_pack("{s:s}", "why", f->why));
}

/* A change may still go back: that must be possible without a write, so what was off before it stays kept. */
static bool may_go_back(struct tw_context *c)
{
	static const char *const keys[] = { MODE, OFF_IN "normal", OFF_IN "maintenance", OFF_IN "lockdown" };
	int64_t left;

	for (size_t i = 0; i < TW_COUNT(keys); i++)
		if (tw_change_waits(c, keys[i], &left))
			return true;
	return false;
}

/* What is kept is more than what is off, and nothing needs it any more. */
static bool is_to_forget(struct tw_context *c)
{
	const struct tw_control *f = of(c);

	return f->holds && strcmp(f->was, f->off) != 0 && !may_go_back(c);
}

static void forget(struct tw_context *c)
{
	struct tw_control *f = of(c);
	tw_err e = keep(c, f->off);

	f->again_at_ms = tw_failed(e) ? now_ms(c) + AGAIN_MAX_MS : 0;
	if (tw_failed(e))
		tw_log_err(e, "remembering what is off; the next start switches it on once more");
}

static void in_force(struct tw_context *c)
{
	struct tw_control *f = of(c);
	struct tw_setting_state mode;

	f->is_recorded = true;
	f->said[0] = '\0';
	tw_err e = tw_setting_state(c, tw_setting_find(c, MODE), &mode);
	if (!tw_failed(e))
		record(c, "interface.policy",
			json_pack("{s:s, s:s, s:I}", "mode", mode.value, "off", f->off, "count", (json_int_t)f->count));
}

/* It did not hold, which is recorded, and does again: that is recorded when it has held for a minute, and comes and goes no more. */
static bool is_recovering(const struct tw_control *f)
{
	return f->holds && f->is_recorded && f->said[0] && f->off[0];
}

static void they_hold(struct tw_context *c, struct tw_slice count)
{
	struct tw_control *f = of(c);

	f->asked = false;
	f->again_ms = f->again_at_ms = 0;
	f->why[0] = '\0';
	f->count = 0;
	for (size_t i = 0; i < count.size; i++)
		f->count = f->count << 8 | (uint8_t)count.at[i];
	f->holds = is_told(c);
	if (!f->holds)
		return; /* the settings have become others meanwhile, and the job puts these */
	if (is_to_forget(c))
		forget(c);
	f->held_ms = now_ms(c);
	if (!f->is_recorded || !f->off[0])
		in_force(c);
	if (f->off[0])
		return;
	let_go(c, false);
	f->told = true; /* there is nothing to hold, and what it was told is so */
}

/* "link eth1" */
static void was_on(struct tw_context *c, struct tw_slice said)
{
	char words[65];

	(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(said));
	tw_utf8_mend(words);
	char *blank = strchr(words, ' ');
	if (!blank)
		return;
	*blank = '\0';
	tw_err e = tw_interfaces_tell(tw_device_of(c), "interface.held", json_pack("{s:s, s:s}", "kind", words, "name", blank + 1));
	if (tw_failed(e))
		tw_log_err(e, "recording interface.held");
}

static void on_heard(void *user, tw_channel *line, const struct tw_message *m)
{
	struct tw_context *c = user;
	struct tw_control *f = of(c);
	char words[TW_LINKS_WORDS_MAX + 1];

	if (m->type == TW_LINKS_HELD) {
		was_on(c, m->payload);
	} else if (m->type == TW_LINKS_HOLDS && f->asked && m->tag == f->tag) {
		they_hold(c, m->payload);
	} else if (m->type == TW_LINKS_FAILED && (m->tag == 0 || (f->asked && m->tag == f->tag))) {
		(void)snprintf(words, sizeof words, TW_SLICE_FMT, TW_SLICE_ARG(m->payload));
		failed(c, words);
	}
}

static tw_err tell(struct tw_context *c)
{
	struct tw_control *f = of(c);
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	char before[TW_CONTROL_OFF_MAX + 1];

	memcpy(before, f->off, sizeof before);
	tw_buf_init(&b, c->sys, 4 + 2 * TW_LINKS_OFF_MAX);
	TW_TRY(tw_control_wanted(c, f->off));
	f->is_recorded = f->is_recorded && strcmp(before, f->off) == 0;
	TW_TRY(keep_both(c, f->off));
	TW_TRY(tw_buf_block16(&b, f->off, strlen(f->off)));
	TW_TRY(tw_buf_block16(&b, f->was, strlen(f->was)));
	return tw_channel_send(f->line, TW_LINKS_PUT, f->tag, b.data, b.size, NULL, 0);
}

static void put(struct tw_context *c)
{
	struct tw_control *f = of(c);

	f->holds = false;
	f->asked = f->told = true;
	f->tag++;
	f->tag += f->tag == 0; /* that is what was not asked */
	f->until_ms = now_ms(c) + ANSWER_MS;
	tw_err e = tell(c);
	if (tw_failed(e))
		failed(c, tw_err_detail());
}

static void on_here(void *user, tw_channel *line)
{
	of(user)->line = line;
	put(user);
}

static void on_gone(void *user, const char *why)
{
	struct tw_control *f = of(user);

	f->begun = false;
	f->line = NULL;
	failed(user, why);
}

static tw_err begin(struct tw_context *c)
{
	const struct tw_errand_user user = { on_here, on_heard, on_gone, c };
	struct tw_control *f = of(c);

	if (f->line) {
		put(c);
		return TW_OK;
	}
	TW_TRY(tw_errand_begin(tw_device_of(c)->errands, TW_ERRAND_LINKS, tw_rows_core_from_links, &user));
	f->begun = f->asked = true;
	f->until_ms = now_ms(c) + ANSWER_MS;
	return TW_OK;
}

int64_t tw_control_due_ms(struct tw_context *c)
{
	const struct tw_control *f = of(c);
	char wanted[TW_CONTROL_OFF_MAX + 1];
	int64_t left;

	if (!tw_device_of(c)->errands || tw_failed(tw_control_wanted(c, wanted)) || at_rest(c, wanted))
		return -1;
	if (f->asked)
		left = f->until_ms - now_ms(c);
	else if (f->holds && is_told(c) && !is_to_forget(c) && !is_recovering(f))
		return -1;
	else if (f->holds && is_told(c) && !is_to_forget(c))
		left = f->held_ms + STEADY_MS - now_ms(c);
	else
		left = f->again_at_ms - now_ms(c);
	return left > 0 ? left : 0;
}

tw_err tw_control_job(struct tw_context *c)
{
	struct tw_control *f = of(c);

	if (tw_control_due_ms(c) != 0)
		return TW_OK;
	if (f->asked) {
		let_go(c, true);
		failed(c, "The role that switches interfaces did not answer in time.");
		return TW_OK;
	}
	if (f->holds && is_told(c)) {
		if (is_to_forget(c))
			forget(c);
		else
			in_force(c);
		return TW_OK;
	}
	tw_err e = begin(c);
	if (tw_failed(e))
		failed(c, tw_err_detail());
	return TW_OK;
}

/* --- For others --- */

const char *tw_control_unsettled(struct tw_context *c, const char *key)
{
	const struct tw_control *f = of(c);
	char wanted[TW_CONTROL_OFF_MAX + 1];

	if (strcmp(key, MODE) != 0 && strncmp(key, OFF_IN, strlen(OFF_IN)) != 0)
		return NULL;
	if (tw_failed(tw_control_wanted(c, wanted)))
		return "What is to be off could not be read.";
	if (at_rest(c, wanted) || (f->holds && is_told(c)))
		return NULL;
	return f->why[0] ? f->why : "The interfaces are being switched.";
}

bool tw_control_holds(struct tw_context *c)
{
	return tw_control_unsettled(c, MODE) == NULL;
}

bool tw_control_has_off(struct tw_context *c, const struct tw_interface *i)
{
	char wanted[TW_CONTROL_OFF_MAX + 1];
	struct tw_off off;

	if (tw_failed(tw_control_wanted(c, wanted)) || tw_failed(tw_off_read(tw_slice_of(wanted), &off)))
		return false;
	if (i->kind == TW_WATCH_LINK)
		return strcmp(i->what, "loopback") != 0 && tw_off_has(&off, TW_OFF_LINK, i->name);
	return i->kind == TW_WATCH_RADIO && tw_off_has(&off, TW_OFF_RADIO, i->what);
}

tw_err tw_control_say(struct tw_context *c, json_t *o)
{
	struct tw_setting_state mode;
	char wanted[TW_CONTROL_OFF_MAX + 1];
	const char *why = tw_control_unsettled(c, MODE);

	TW_TRY(tw_setting_state(c, tw_setting_find(c, MODE), &mode));
	TW_TRY(tw_control_wanted(c, wanted));
	TW_TRY(tw_json_set(o, "mode", json_string(mode.value)));
	TW_TRY(tw_json_set(o, "policy", json_string(wanted)));
	TW_TRY(tw_json_set(o, "held", json_boolean(!why)));
	return why ? tw_json_set(o, "unheld", json_string(why)) : TW_OK;
}
